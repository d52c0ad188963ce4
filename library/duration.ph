// Lengths of time in milliseconds, as texts: 1h30m.
package .lib;

class duration {
    static long SECOND = 1000L;
    static long MINUTE = 60000L;
    static long HOUR = 3600000L;
    static long DAY = 86400000L;

    // The milliseconds of a text: numbers, each with a unit, the largest first: d, h, m, s, ms. A minus in front turns it.
    static long parse(var s : string) {
        int at = s.startsWith("-");
        int negative = at;
        long total = 0L;
        int last = 5;
        if (at == s.length()) wrong(s);
        while (at < s.length()) {
            int from = at;
            while (at < s.length() && .lib.text.isDigit(s.charAt(at))) at++;
            if (at == from || at - from > 15) wrong(s);
            long number = s.substring(from, at - from).toLong();
            from = at;
            while (at < s.length() && .lib.text.isLetter(s.charAt(at))) at++;
            string unit = .lib.text.part(s, from, at);
            int rank = unit == "d" ? 4 : (unit == "h" ? 3 : (unit == "m" ? 2 : (unit == "s" ? 1 : (unit == "ms" ? 0 : 9))));
            if (rank >= last) wrong(s);
            last = rank;
            total += number * (rank == 4 ? DAY : (rank == 3 ? HOUR : (rank == 2 ? MINUTE : (rank == 1 ? SECOND : 1L))));
        }
        return negative ? -total : total;
    }

    static void wrong(var s : string) {
        throw new .lib.error("duration.parse: \"" + s + "\" is no length of time; write 2d, 1h30m, 5s, 250ms");
    }

    // The text that `parse` reads; no time at all is 0s.
    static string write(var ms : long) {
        if (ms == 0L) return "0s";
        if (ms < 0L) return "-" + write(-ms);
        string s = "";
        if (ms >= DAY) s += ms / DAY + "d";
        if (ms / HOUR % 24L > 0L) s += ms / HOUR % 24L + "h";
        if (ms / MINUTE % 60L > 0L) s += ms / MINUTE % 60L + "m";
        if (ms / SECOND % 60L > 0L) s += ms / SECOND % 60L + "s";
        if (ms % SECOND > 0L) s += ms % SECOND + "ms";
        return s;
    }

    // Sleeps for a time given as a text, or in milliseconds; a restart does not make it longer.
    static void sleep(var s : string) { sleep(parse(s)); }
    static void sleep(var ms : long) {
        var clock = new .internal.time();
        long until = clock.monotonicMsec() + ms;
        while (true) {
            long left = until - clock.monotonicMsec();
            if (left <= 0L) return;
            clock.sleepMsec(left > DAY ? (int)DAY : (int)left);
        }
    }
};
