// An instant, as milliseconds since 1970-01-01, shown as date and time in UTC (ISO 8601). Never changes.
package .lib;

class datetime {
    var ms : long;

    void datetime(var unixMsec : long) { ms = unixMsec; }

    static datetime now() { return new datetime(new .internal.time().unixTimeMsec()); }

    static datetime of(var day : .lib.date, var hour : int, var minute : int, var second : int) {
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
            throw new .lib.error("datetime: there is no time " + hour + ":" + minute + ":" + second);
        return new datetime((long)day.days() * 86400000L + ((hour * 60 + minute) * 60 + second) * 1000L);
    }

    // Reads 2026-11-23T15:40:35.123Z; seconds and what follows may be missing, a space may stand for the T, an offset
    // (+02:00) for the Z, which may be missing too: then it is UTC.
    static datetime parse(var s : string) {
        int at = s.strstr("T");
        if (at < 0) at = s.strstr(" ");
        if (at < 0) return of(.lib.date.parse(s), 0, 0, 0);
        var day = .lib.date.parse(s.substring(0, at));
        string rest = .lib.text.part(s, at + 1, s.length());
        int offset = 0;
        if (rest.endsWith("Z")) rest = .lib.text.part(rest, 0, rest.length() - 1);
        else {
            int sign = .lib.text.lastIndexOf(rest, "+");
            if (sign < 0) sign = .lib.text.lastIndexOf(rest, "-");
            if (sign >= 0) {
                if (rest.length() != sign + 6 || rest.charAt(sign + 3) != ':') wrong(s);
                offset = two(rest, sign + 1, 23, s) * 60 + two(rest, sign + 4, 59, s);
                if (rest.charAt(sign) == '-') offset = -offset;
                rest = .lib.text.part(rest, 0, sign);
            }
        }
        int size = rest.length();
        if (size < 5 || rest.charAt(2) != ':' || size > 5 && (size < 8 || rest.charAt(5) != ':')) wrong(s);
        int hour = two(rest, 0, 23, s);
        int minute = two(rest, 3, 59, s);
        int second = size > 5 ? two(rest, 6, 59, s) : 0;
        int msec = 0;
        if (size > 8) {
            if (rest.charAt(8) != '.' || size == 9) wrong(s);
            for (int i = 9; i < 12; i++) {
                int digit = i < size ? rest.charAt(i) : '0';
                msec = msec * 10 + digit - '0';
            }
            for (int i = 9; i < size; i++) if (!.lib.text.isDigit(rest.charAt(i))) wrong(s);
        }
        return new datetime(of(day, hour, minute, second).ms + msec - offset * 60000L);
    }

    static int two(var s : string, var at : int, var most : int, var whole : string) {
        int a = s.charAt(at);
        int b = s.charAt(at + 1);
        if (!.lib.text.isDigit(a) || !.lib.text.isDigit(b)) wrong(whole);
        int n = (a - '0') * 10 + b - '0';
        if (n > most) wrong(whole);
        return n;
    }

    static void wrong(var s : string) {
        throw new .lib.error("datetime.parse: \"" + s + "\" is no time like 2026-11-23T15:40:35Z");
    }

    // Milliseconds since midnight, 0 to 86399999.
    int ofDay() {
        int n = (int)(ms % 86400000L);
        return n < 0 ? n + 86400000 : n;
    }
    .lib.date day() { return .lib.date.ofDays((int)((ms - ofDay()) / 86400000L)); }
    int hour() { return ofDay() / 3600000; }
    int minute() { return ofDay() / 60000 % 60; }
    int second() { return ofDay() / 1000 % 60; }
    int msec() { return ofDay() % 1000; }

    datetime plus(var msec : long) { return new datetime(ms + msec); }
    // A time given as a text: 1h30m.
    datetime plus(var s : string) { return new datetime(ms + .lib.duration.parse(s)); }
    datetime plusDays(var n : int) { return new datetime(ms + n * 86400000L); }
    datetime plusMonths(var n : int) {
        return new datetime((long)day().plusMonths(n).days() * 86400000L + ofDay());
    }

    // Milliseconds from this instant to another.
    long to(var other : .lib.datetime) { return other.ms - ms; }

    // By a pattern: yyyy MM dd HH mm ss SSS stand for what they say, everything else for itself.
    string format(var pattern : string) {
        var d = day();
        return pattern.replace("yyyy", .lib.text.padStart("" + d.year, 4, "0")).replace("MM", two(d.month))
            .replace("dd", two(d.day)).replace("HH", two(hour())).replace("mm", two(minute())).replace("ss", two(second()))
            .replace("SSS", .lib.text.padStart("" + msec(), 3, "0"));
    }
    static string two(var n : int) { return n < 10 ? "0" + n : "" + n; }

    int compareTo(var other) {
        long that = ((datetime)other).ms;
        return ms < that ? -1 : (ms > that ? 1 : 0);
    }
    int equals(var other) { return other instanceof .lib.datetime && ((datetime)other).ms == ms; }
    int hashCode() { return (int)(ms ^ ms >>> 32); }
    string toString() {
        string s = day() + "T" + two(hour()) + ":" + two(minute()) + ":" + two(second());
        if (msec() > 0) s += "." + .lib.text.padStart("" + msec(), 3, "0");
        return s + "Z";
    }
    .internal.object toJson() { return toString(); }
};
