// A day of the Gregorian calendar, carried on before 1582 as well (ISO 8601). Never changes.
package .lib;

class date {
    var year : int;
    // 1 to 12.
    var month : int;
    // 1 to 31.
    var day : int;

    void date(var y : int, var m : int, var d : int) {
        if (m < 1 || m > 12 || d < 1 || d > lengthOf(y, m))
            throw new .lib.error("date: there is no day " + y + "-" + m + "-" + d);
        year = y;
        month = m;
        day = d;
    }

    // The day so many days after 1970-01-01 (before it when negative).
    static date ofDays(var days : int) {
        // Years begin in March, so that the leap day is the last of its year; 400 years have 146097 days.
        long z = (long)days + 719468L;
        long era = (z >= 0L ? z : z - 146096L) / 146097L;
        long inEra = z - era * 146097L;
        long yearOfEra = (inEra - inEra / 1460L + inEra / 36524L - inEra / 146096L) / 365L;
        long inYear = inEra - (365L * yearOfEra + yearOfEra / 4L - yearOfEra / 100L);
        long m = (5L * inYear + 2L) / 153L;
        int d = (int)(inYear - (153L * m + 2L) / 5L) + 1;
        int month = (int)(m < 10L ? m + 3L : m - 9L);
        int year = (int)(yearOfEra + era * 400L) + (month <= 2);
        return new date(year, month, d);
    }

    // Reads 2026-11-23.
    static date parse(var s : string) {
        int minus = s.startsWith("-");
        var parts = .lib.text.part(s, minus, s.length()).split("-");
        if (parts.size() != 3) wrong(s);
        string y = parts[0];
        string m = parts[1];
        string d = parts[2];
        if (y.length() < 4 || y.length() > 6 || m.length() != 2 || d.length() != 2) wrong(s);
        foreach (part in parts) {
            string digits = part;
            for (int i = 0; i < digits.length(); i++) if (!.lib.text.isDigit(digits.charAt(i))) wrong(s);
        }
        return new date(minus ? -y.toInt() : y.toInt(), m.toInt(), d.toInt());
    }

    static void wrong(var s : string) { throw new .lib.error("date.parse: \"" + s + "\" is no date like 2026-11-23"); }

    // Today by the wall clock, in UTC.
    static date today() { return .lib.datetime.now().day(); }

    static int isLeap(var year : int) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

    // Number of days of a month.
    static int lengthOf(var year : int, var month : int) {
        if (month == 2) return isLeap(year) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    // Days since 1970-01-01.
    int days() {
        int y = month <= 2 ? year - 1 : year;
        int era = (y >= 0 ? y : y - 399) / 400;
        int yearOfEra = y - era * 400;
        int inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + inYear - 719468;
    }

    // 1 for Monday to 7 for Sunday.
    int weekday() {
        int n = (days() + 3) % 7;
        return (n < 0 ? n + 7 : n) + 1;
    }
    // 1 for the first of January.
    int dayOfYear() { return days() - new date(year, 1, 1).days() + 1; }

    date plusDays(var n : int) { return ofDays(days() + n); }

    // The same day so many months later; the last of the month when it has no such day.
    date plusMonths(var n : int) {
        int all = year * 12 + month - 1 + n;
        int y = all >= 0 ? all / 12 : (all - 11) / 12;
        int m = all - y * 12 + 1;
        int last = lengthOf(y, m);
        return new date(y, m, day < last ? day : last);
    }
    date plusYears(var n : int) { return plusMonths(12 * n); }

    // Days from this one to another.
    int daysTo(var other : .lib.date) { return other.days() - days(); }

    int compareTo(var other) { return days() - ((date)other).days(); }
    int equals(var other) { return other instanceof .lib.date && ((date)other).days() == days(); }
    int hashCode() { return days(); }
    string toString() {
        string y = .lib.text.padStart("" + (year < 0 ? -year : year), 4, "0");
        return (year < 0 ? "-" : "") + y + "-" + .lib.text.padStart("" + month, 2, "0") + "-"
            + .lib.text.padStart("" + day, 2, "0");
    }
    .internal.object toJson() { return toString(); }
};
