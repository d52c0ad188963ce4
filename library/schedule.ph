// When something is due again and again, in UTC: every so often, daily, weekly, monthly.
package .lib;

class schedule {
    var period : long;
    var weekday : int;
    var monthday : int;
    var ofDay : long;

    // Every 10m, 1h, 1d from the beginning of time.
    static schedule every(var s : string) {
        var made = new schedule();
        made.period = .lib.duration.parse(s);
        if (made.period <= 0L) throw new .lib.error("schedule.every: " + s + " never comes again");
        return made;
    }
    // At a time of the day such as 09:30.
    static schedule daily(var time : string) {
        var made = new schedule();
        made.ofDay = .lib.datetime.parse("1970-01-01T" + time).ms;
        return made;
    }
    // On a weekday, 1 for Monday to 7 for Sunday.
    static schedule weekly(var day : int, var time : string) {
        if (day < 1 || day > 7) throw new .lib.error("schedule.weekly: a weekday is 1 to 7, not " + day);
        var made = daily(time);
        made.weekday = day;
        return made;
    }
    // On a day of the month; on the last one in months that are shorter.
    static schedule monthly(var day : int, var time : string) {
        if (day < 1 || day > 31) throw new .lib.error("schedule.monthly: a day is 1 to 31, not " + day);
        var made = daily(time);
        made.monthday = day;
        return made;
    }

    // The first instant after this one at which it is due.
    .lib.datetime next(var after : .lib.datetime) {
        if (period > 0L) {
            long n = after.ms / period;
            if (after.ms < 0L && after.ms % period != 0L) n -= 1L;
            return new .lib.datetime((n + 1L) * period);
        }
        var day = after.day();
        while (true) {
            long at = (long)day.days() * 86400000L + ofDay;
            if (at > after.ms && isDay(day)) return new .lib.datetime(at);
            day = day.plusDays(1);
        }
        return null;
    }

    int isDay(var d : .lib.date) {
        if (weekday > 0) return d.weekday() == weekday;
        if (monthday == 0) return true;
        int last = .lib.date.lengthOf(d.year, d.month);
        return d.day == (monthday < last ? monthday : last);
    }

    // Sleeps until it is due for the first time after an instant, and returns the instant at which it was due. A loop
    // that hands on what it got misses nothing while the machine is off: what was due meanwhile comes at once.
    .lib.datetime await(var after : .lib.datetime) {
        var due = next(after);
        var clock = new .internal.time();
        while (true) {
            long left = due.ms - clock.unixTimeMsec();
            if (left <= 0L) return due;
            // The wall clock may be set: look again from time to time.
            clock.sleepMsec(left > 60000L ? 60000 : (int)left);
        }
        return due;
    }
};
