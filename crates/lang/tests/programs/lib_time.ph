// Dates, times, durations and schedules of the library.
// expect: duration: 12 checks hold
// expect: date: 26 checks hold
// expect: datetime: 27 checks hold
// expect: schedule: 12 checks hold
package .programs;

import .lib.date;
import .lib.datetime;
import .lib.duration;
import .lib.schedule;
import .lib.list;
import .lib.json;
import .lib.test;
import .lib.error;

class lib_time {
    void main() {
        durations();
        dates();
        times();
        schedules();
    }

    void durations() {
        var t = new test("duration");
        t.equal("all units", duration.parse("1d2h3m4s5ms"), 93784005L);
        t.equal("one", duration.parse("90m"), 5400000L);
        t.equal("negative", duration.parse("-1h"), -3600000L);
        t.equal("write", duration.write(93784005L), "1d2h3m4s5ms");
        t.equal("write some", duration.write(5400000L), "1h30m");
        t.equal("write negative", duration.write(-61000L), "-1m1s");
        t.equal("nothing", duration.write(0L), "0s");
        foreach (bad in "|5|h|1x|1m1h".split("|")) {
            string b = bad;
            try { duration.parse(b); t.fail(b, "no error"); } catch (error e) { t.says(b, e, "is no length of time"); }
        }
        t.done();
    }

    void dates() {
        var t = new test("date");
        t.equal("the beginning", date.ofDays(0).toString(), "1970-01-01");
        t.equal("Thursday", date.ofDays(0).weekday(), 4);
        t.equal("a day before", date.ofDays(-1).toString(), "1969-12-31");
        t.equal("its weekday", date.ofDays(-1).weekday(), 3);
        t.equal("year 0", date.parse("0000-03-01").days(), -719468);
        t.equal("before it", date.ofDays(-719469).toString(), "0000-02-29");
        t.equal("further", date.parse("-0001-12-31").toString(), "-0001-12-31");
        t.equal("leap day", date.parse("2000-02-28").plusDays(1).toString(), "2000-02-29");
        t.equal("no leap day", date.parse("1900-02-28").plusDays(1).toString(), "1900-03-01");
        int right = true;
        for (int n = -150000; n < 150000; n += 97) right = right && date.ofDays(n).days() == n;
        t.holds("there and back", right);
        // The lengths of months agree with the calendar.
        int steps = 0;
        for (int y = 1999; y <= 2005; y++) for (int m = 1; m <= 12; m++) {
            if (new date(y, m, 1).plusDays(date.lengthOf(y, m) - 1).month == m) steps++;
            if (new date(y, m, 1).plusDays(date.lengthOf(y, m)).day == 1) steps++;
        }
        t.equal("lengths of months", steps, 168);
        t.equal("plus a month", date.parse("2026-01-31").plusMonths(1).toString(), "2026-02-28");
        t.equal("minus months", date.parse("2026-01-31").plusMonths(-14).toString(), "2024-11-30");
        t.equal("plus years", date.parse("2024-02-29").plusYears(1).toString(), "2025-02-28");
        t.equal("day of the year", date.parse("2024-12-31").dayOfYear(), 366);
        t.equal("days between", date.parse("2026-11-23").daysTo(date.parse("2026-12-24")), 31);
        t.equal("weekday", date.parse("2026-11-23").weekday(), 1);
        t.holds("equal", date.parse("2026-11-23") == new date(2026, 11, 23));
        t.equal("sorted", new list().add(new date(2026, 2, 1)).add(new date(2025, 12, 1)).sort().toString(),
            "[2025-12-01, 2026-02-01]");
        t.equal("far", date.ofDays(2932896).toString(), "9999-12-31");
        foreach (bad in "2026-02-29|2026-13-01|2026-1-1|26-01-01|2026-01-0x|today".split("|")) {
            string b = bad;
            try { date.parse(b); t.fail(b, "no error"); } catch (error e) { t.says(b, e, "date"); }
        }
        t.done();
    }

    void times() {
        var t = new test("datetime");
        var x = datetime.parse("2026-11-23T15:40:35.123Z");
        t.equal("msec", x.ms, 1795448435123L);
        t.equal("again", x.toString(), "2026-11-23T15:40:35.123Z");
        t.equal("parts", x.hour() + " " + x.minute() + " " + x.second() + " " + x.msec(), "15 40 35 123");
        t.equal("east", datetime.parse("2026-11-23T17:40:35.123+02:00"), x);
        t.equal("west", datetime.parse("2026-11-23T10:10:35.123-05:30"), x);
        t.equal("without zone", datetime.parse("2026-11-23 15:40").toString(), "2026-11-23T15:40:00Z");
        t.equal("a date alone", datetime.parse("2026-11-23").toString(), "2026-11-23T00:00:00Z");
        t.equal("digits", datetime.parse("2026-11-23T00:00:00.5Z").msec(), 500);
        t.equal("more digits", datetime.parse("2026-11-23T00:00:00.123456789Z").msec(), 123);
        t.equal("before 1970", new datetime(-1L).toString(), "1969-12-31T23:59:59.999Z");
        t.equal("beginning", new datetime(0L).toString(), "1970-01-01T00:00:00Z");
        t.equal("plus", x.plus("1d20m").toString(), "2026-11-24T16:00:35.123Z");
        t.equal("plus months", datetime.parse("2026-12-31T10:00Z").plusMonths(2).toString(), "2027-02-28T10:00:00Z");
        t.equal("to", x.to(x.plusDays(2)), 172800000L);
        t.equal("format", x.format("dd.MM.yyyy HH:mm:ss,SSS"), "23.11.2026 15:40:35,123");
        t.holds("order", x.compareTo(x.plus(1L)) < 0 && x.plus(1L).compareTo(x) > 0 && x.compareTo(x) == 0);
        t.equal("json", json.write(x), "\"2026-11-23T15:40:35.123Z\"");
        t.holds("now", datetime.now().ms >= 0L);
        foreach (bad in "2026-11-23T|2026-11-23T24:00|2026-11-23T12:60|2026-11-23T12|2026-11-23T12:00:0Z|2026-11-23T12:00:00.Z|2026-11-23T12:00+2|2026-11-23T12:00:00x|x".split("|")) {
            string b = bad;
            try { datetime.parse(b); t.fail(b, "no error"); } catch (error e) { t.says(b, e, "date"); }
        }
        t.done();
    }

    void schedules() {
        var t = new test("schedule");
        var x = datetime.parse("2026-11-23T15:40:35Z");
        t.equal("every hour", schedule.every("1h").next(x).toString(), "2026-11-23T16:00:00Z");
        t.equal("exactly now is past", schedule.every("5s").next(x).toString(), "2026-11-23T15:40:40Z");
        t.equal("before 1970", schedule.every("1h").next(new datetime(-1L)).ms, 0L);
        t.equal("today", schedule.daily("18:00").next(x).toString(), "2026-11-23T18:00:00Z");
        t.equal("tomorrow", schedule.daily("09:30").next(x).toString(), "2026-11-24T09:30:00Z");
        t.equal("next Monday", schedule.weekly(1, "09:30").next(x).toString(), "2026-11-30T09:30:00Z");
        t.equal("Sunday", schedule.weekly(7, "00:00").next(x).toString(), "2026-11-29T00:00:00Z");
        t.equal("last of the month", schedule.monthly(31, "12:00").next(x).toString(), "2026-11-30T12:00:00Z");
        t.equal("and of the next", schedule.monthly(31, "12:00").next(datetime.parse("2027-01-31T12:00Z")).toString(), "2027-02-28T12:00:00Z");
        var clock = new .internal.time();
        var now = datetime.now();
        var due = schedule.every("50ms").await(now);
        t.holds("it was waited for", clock.unixTimeMsec() >= due.ms);
        try { schedule.every("0s"); t.fail("never", "no error"); } catch (error e) { t.says("never", e, "never comes again"); }
        try { schedule.weekly(8, "00:00"); t.fail("day", "no error"); } catch (error e) { t.says("day", e, "1 to 7"); }
        t.done();
    }
};
