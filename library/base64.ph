// Bytes as text of 64 letters (RFC 4648), and back.
package .lib;

class base64 {
    static string encode(var s : string) { return encode(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true); }

    // With letters that are safe in URLs, and without padding.
    static string encodeUrl(var s : string) { return encode(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false); }

    static string encode(var s : string, var letters : string, var pad : int) {
        int size = s.length();
        var out = new .internal.binary();
        out.resize((size + 2) / 3 * 4);
        int to = 0;
        for (int at = 0; at < size; at += 3) {
            int left = size - at;
            int three = s.charAt(at) << 16;
            if (left > 1) three |= s.charAt(at + 1) << 8;
            if (left > 2) three |= s.charAt(at + 2);
            out.setByte(to, letters.charAt(three >> 18));
            out.setByte(to + 1, letters.charAt(three >> 12 & 63));
            out.setByte(to + 2, left > 1 ? letters.charAt(three >> 6 & 63) : '=');
            out.setByte(to + 3, left > 2 ? letters.charAt(three & 63) : '=');
            to += 4;
        }
        if (!pad && size % 3 > 0) to -= 3 - size % 3;
        return out.text(0, to);
    }

    // Takes both kinds of letters, with and without padding; throws for anything else.
    static string decode(var s : string) {
        int size = s.length();
        int padding = 0;
        while (size > 0 && padding < 2 && s.charAt(size - 1) == '=') {
            size--;
            padding++;
        }
        if (size % 4 == 1 || padding > 0 && (size + padding) % 4 != 0)
            throw new .lib.error("base64.decode: " + s.length() + " letters are not a whole text");
        var out = new .internal.binary();
        out.resize(size / 4 * 3 + 3);
        int to = 0;
        int bits = 0;
        int count = 0;
        for (int at = 0; at < size; at++) {
            int value = valueOf(s.charAt(at));
            if (value < 0) throw new .lib.error("base64.decode: no letter of base64 at " + at);
            bits = bits << 6 | value;
            count += 6;
            if (count >= 8) {
                count -= 8;
                out.setByte(to++, bits >> count & 255);
                bits &= (1 << count) - 1;
            }
        }
        if (bits != 0) throw new .lib.error("base64.decode: the last letter holds bits that belong to no byte");
        return out.text(0, to);
    }

    static int valueOf(var c : int) {
        if (c >= 'A' && c <= 'Z') return c - 'A';
        if (c >= 'a' && c <= 'z') return c - 'a' + 26;
        if (c >= '0' && c <= '9') return c - '0' + 52;
        if (c == '+' || c == '-') return 62;
        if (c == '/' || c == '_') return 63;
        return -1;
    }
};
