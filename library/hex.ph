// Bytes as hexadecimal digits, and back.
package .lib;

class hex {
    static string encode(var s : string) {
        int size = s.length();
        var out = new .internal.binary();
        out.resize(size * 2);
        for (int i = 0; i < size; i++) {
            int c = s.charAt(i);
            out.setByte(i * 2, "0123456789abcdef".charAt(c >> 4));
            out.setByte(i * 2 + 1, "0123456789abcdef".charAt(c & 15));
        }
        return out.text(0, size * 2);
    }

    // Takes digits in upper and lower case; throws for anything else.
    static string decode(var s : string) {
        int size = s.length();
        if (size % 2 > 0) throw new .lib.error("hex.decode: " + size + " digits are not whole bytes");
        var out = new .internal.binary();
        out.resize(size / 2);
        for (int i = 0; i < size; i += 2) {
            int high = .lib.number.digitOf(s.charAt(i));
            int low = .lib.number.digitOf(s.charAt(i + 1));
            if (high < 0 || low < 0 || high > 15 || low > 15) throw new .lib.error("hex.decode: no digit at " + i);
            out.setByte(i / 2, high << 4 | low);
        }
        return out.text(0, size / 2);
    }
};
