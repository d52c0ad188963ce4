// Numbers of any kind in untyped variables.
package .lib;

class number {
    // Whether an object is an int, a long, a float or a double.
    static int is(var x) {
        return x instanceof .internal.int || x instanceof .internal.long || x instanceof .internal.double
            || x instanceof .internal.float;
    }

    // Whether an object is an int or a long.
    static int isWhole(var x) { return x instanceof .internal.int || x instanceof .internal.long; }

    static int toInt(var x) {
        if (x instanceof .internal.int) {
            int n = x;
            return n;
        }
        return (int)toLong(x);
    }

    static long toLong(var x) {
        if (x instanceof .internal.int) {
            int n = x;
            return n;
        }
        if (x instanceof .internal.double) {
            double d = x;
            return (long)d;
        }
        if (x instanceof .internal.float) {
            float f = x;
            return (long)f;
        }
        long l = x;
        return l;
    }

    static double toDouble(var x) {
        if (x instanceof .internal.double) {
            double d = x;
            return d;
        }
        if (x instanceof .internal.float) {
            float f = x;
            return f;
        }
        return toLong(x);
    }

    // -1, 0 or 1 by value, whatever the kinds.
    static int compare(var a, var b) {
        if (isWhole(a) && isWhole(b)) {
            long x = toLong(a);
            long y = toLong(b);
            return x < y ? -1 : (x > y ? 1 : 0);
        }
        double x = toDouble(a);
        double y = toDouble(b);
        return x < y ? -1 : (x > y ? 1 : 0);
    }

    // The bits of a number of 64 bits in lower-case hexadecimal digits, without leading zeros.
    static string hex(var n : long) {
        var digits = "";
        do {
            digits = "0123456789abcdef".substring((int)(n & 15L), 1) + digits;
            n = n >>> 4;
        } while (n != 0L);
        return digits;
    }

    // The digits of a number in a base from 2 to 36.
    static string inBase(var n : long, var base : int) {
        if (base < 2 || base > 36) throw new .lib.error("number.inBase: a base is 2 to 36, not " + base);
        if (n == 0L) return "0";
        var digits = "";
        int negative = n < 0L;
        while (n != 0L) {
            int digit = (int)(n % base);
            if (digit < 0) digit = -digit;
            digits = "0123456789abcdefghijklmnopqrstuvwxyz".substring(digit, 1) + digits;
            n = n / base;
        }
        return negative ? "-" + digits : digits;
    }

    // The number that a text holds in a base from 2 to 36; throws when there is anything else in it.
    static long parse(var text : string, var base : int) {
        int at = 0;
        int negative = text.startsWith("-");
        if (negative || text.startsWith("+")) at = 1;
        if (at == text.length()) throw new .lib.error("number.parse: there is no digit in \"" + text + "\"");
        long value = 0L;
        for (; at < text.length(); at++) {
            int digit = digitOf(text.charAt(at));
            if (digit < 0 || digit >= base)
                throw new .lib.error("number.parse: no digit of base " + base + " at " + at + " in \"" + text + "\"");
            value = value * base + digit;
        }
        return negative ? -value : value;
    }

    // What a byte is worth as a digit, or -1.
    static int digitOf(var c : int) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'z') return c - 'a' + 10;
        if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
        return -1;
    }

    // A number with so many digits behind the point, rounded to the nearest, a half away from zero.
    static string fixed(var x : double, var digits : int) {
        if (x != x) return "NaN";
        if (digits < 0 || digits > 15) throw new .lib.error("number.fixed: 0 to 15 digits, not " + digits);
        int negative = x < 0.0;
        double size = negative ? -x : x;
        double scale = 1.0;
        for (int i = 0; i < digits; i++) scale *= 10.0;
        if (size * scale >= 9.0e18) return x.toString();
        long scaled = (long)(size * scale + 0.5);
        string all = scaled.toString();
        while (all.length() <= digits) all = "0" + all;
        string sign = negative && scaled != 0L ? "-" : "";
        if (digits == 0) return sign + all;
        int point = all.length() - digits;
        return sign + all.substring(0, point) + "." + all.substring(point, digits);
    }

    // The digits in groups of three: 1,234,567.
    static string grouped(var n : long, var separator : string) {
        string digits = n.toString();
        int first = n < 0L;
        var out = "";
        int count = 0;
        for (int i = digits.length() - 1; i >= first; i--) {
            if (count > 0 && count % 3 == 0) out = separator + out;
            out = digits.substring(i, 1) + out;
            count++;
        }
        return first ? "-" + out : out;
    }

    static int min(var a : int, var b : int) { return a < b ? a : b; }
    static int max(var a : int, var b : int) { return a > b ? a : b; }
    static long min(var a : long, var b : long) { return a < b ? a : b; }
    static long max(var a : long, var b : long) { return a > b ? a : b; }
    static int abs(var a : int) { return a < 0 ? -a : a; }
    static long abs(var a : long) { return a < 0L ? -a : a; }
    static double abs(var a : double) { return a < 0.0 ? -a : a; }
};
