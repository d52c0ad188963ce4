// Working with strings: positions and lengths count bytes, except where characters are named.
package .lib;

class text {
    // The texts of the elements of anything that `foreach` takes, with a separator between them.
    static string join(var parts, var separator : string) {
        var out = new .internal.stringbuilder();
        int several = false;
        foreach (part in parts) {
            if (several) out.appendString(separator);
            several = true;
            out.append(part);
        }
        return out.toString();
    }

    // The parts between the separators as a list.
    static .lib.list split(var s : string, var separator : string) { return new .lib.list(s.split(separator)); }

    // The words: what stands between spaces, tabs and line ends.
    static .lib.list words(var s : string) {
        var all = new .lib.list();
        int size = s.length();
        int from = 0;
        for (int i = 0; i <= size; i++) {
            if (i == size || isSpace(s.charAt(i))) {
                if (i > from) all.add(s.substring(from, i - from));
                from = i + 1;
            }
        }
        return all;
    }

    // The lines, without their ends (a line feed, or carriage return and line feed).
    static .lib.list lines(var s : string) {
        var all = new .lib.list();
        int from = 0;
        int size = s.length();
        while (from < size) {
            int at = s.indexOf("\n", from);
            int end = at < 0 ? size : at;
            int to = end > from && s.charAt(end - 1) == '\r' && at >= 0 ? end - 1 : end;
            all.add(part(s, from, to));
            from = end + 1;
        }
        return all;
    }

    // The bytes from an index up to, and without, another; what lies outside is left out.
    static string part(var s : string, var from : int, var to : int) {
        if (from < 0) from = 0;
        if (to > s.length()) to = s.length();
        if (from >= to) return "";
        return s.substring(from, to - from);
    }

    // What stands before the first separator, behind it; the whole and "" when there is none.
    static string before(var s : string, var separator : string) {
        int at = s.strstr(separator);
        return at < 0 ? s : part(s, 0, at);
    }
    static string behind(var s : string, var separator : string) {
        int at = s.strstr(separator);
        return at < 0 ? "" : part(s, at + separator.length(), s.length());
    }

    // A text so many times.
    static string times(var s : string, var count : int) {
        var out = new .internal.stringbuilder();
        for (int i = 0; i < count; i++) out.appendString(s);
        return out.toString();
    }

    // At least so many characters wide, filled up on the left, on the right, on both sides.
    static string padStart(var s : string, var width : int, var fill : string) {
        return padding(s, width, fill) + s;
    }
    static string padEnd(var s : string, var width : int, var fill : string) {
        return s + padding(s, width, fill);
    }
    static string center(var s : string, var width : int, var fill : string) {
        int left = (width - length(s)) / 2;
        return left > 0 ? padEnd(times(fill, left) + s, width, fill) : padEnd(s, width, fill);
    }
    static string padding(var s : string, var width : int, var fill : string) {
        if (length(fill) != 1) throw new .lib.error("text: fill up with one character, not with \"" + fill + "\"");
        return times(fill, width - length(s));
    }

    // Without a beginning, an end, if it is there.
    static string withoutPrefix(var s : string, var prefix : string) {
        return s.startsWith(prefix) ? part(s, prefix.length(), s.length()) : s;
    }
    static string withoutSuffix(var s : string, var suffix : string) {
        return s.endsWith(suffix) ? part(s, 0, s.length() - suffix.length()) : s;
    }

    // How often a text stands in another, not overlapping.
    static int count(var s : string, var what : string) {
        if (what.length() == 0) throw new .lib.error("text.count: nothing is searched for");
        int found = 0;
        int at = s.indexOf(what, 0);
        while (at >= 0) {
            found++;
            at = s.indexOf(what, at + what.length());
        }
        return found;
    }

    // Where the last place of a text is in another, or -1.
    static int lastIndexOf(var s : string, var what : string) {
        for (int at = s.length() - what.length(); at >= 0; at--)
            if (s.indexOf(what, at) == at) return at;
        return -1;
    }

    // With `{}` replaced by the values in turn; `{{` is a brace. The values are the elements of anything that
    // `foreach` takes.
    static string format(var pattern : string, var values) {
        var all = new .lib.list(values);
        var out = new .internal.stringbuilder();
        int next = 0;
        int size = pattern.length();
        int from = 0;
        for (int i = 0; i < size; i++) {
            if (pattern.charAt(i) != '{' || i + 1 == size) continue;
            int c = pattern.charAt(i + 1);
            if (c == '{') {
                out.appendString(part(pattern, from, i + 1));
            } else if (c == '}') {
                out.appendString(part(pattern, from, i));
                if (next == all.size())
                    throw new .lib.error("text.format: " + next + " values are too few for \"" + pattern + "\"");
                out.append(all.get(next++));
            } else continue;
            i++;
            from = i + 1;
        }
        if (next < all.size())
            throw new .lib.error("text.format: " + all.size() + " values are too many for \"" + pattern + "\"");
        return out.appendString(part(pattern, from, size)).toString();
    }

    static int isSpace(var c : int) { return c == ' ' || c >= 9 && c <= 13; }
    static int isDigit(var c : int) { return c >= '0' && c <= '9'; }
    static int isLetter(var c : int) { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'; }

    // Number of characters: what UTF-8 begins.
    static int length(var s : string) {
        int count = 0;
        int size = s.length();
        for (int i = 0; i < size; i++) if ((s.charAt(i) & 0xC0) != 0x80) count++;
        return count;
    }

    // The code point of the character that begins at a byte; U+FFFD when none does.
    static int codeAt(var s : string, var at : int) {
        int c = s.charAt(at);
        if (c < 0x80) return c;
        int more = c >= 0xF0 && c < 0xF8 ? 3 : (c >= 0xE0 ? 2 : 1);
        if (c < 0xC2 || c >= 0xF8 || at + more >= s.length()) return 0xFFFD;
        int code = c & (0x3F >> more);
        for (int i = 1; i <= more; i++) {
            int next = s.charAt(at + i);
            if ((next & 0xC0) != 0x80) return 0xFFFD;
            code = code << 6 | next & 0x3F;
        }
        return code;
    }

    // Number of bytes of the character that begins at a byte.
    static int widthAt(var s : string, var at : int) {
        int c = s.charAt(at);
        int width = c < 0xC0 ? 1 : (c < 0xE0 ? 2 : (c < 0xF0 ? 3 : 4));
        return at + width > s.length() ? s.length() - at : width;
    }

    // The characters, each as a string.
    static .lib.list characters(var s : string) {
        var all = new .lib.list();
        int at = 0;
        while (at < s.length()) {
            int width = widthAt(s, at);
            all.add(s.substring(at, width));
            at += width;
        }
        return all;
    }

    // The string of one code point.
    static string ofCode(var code : int) {
        if (code < 0 || code > 0x10FFFF) throw new .lib.error("text.ofCode: there is no code point " + code);
        var bytes = new .internal.binary();
        bytes.resize(4);
        if (code < 0x80) {
            bytes.setByte(0, code);
            return bytes.text(0, 1);
        }
        if (code < 0x800) {
            bytes.setByte(0, 0xC0 | code >> 6);
            bytes.setByte(1, 0x80 | code & 0x3F);
            return bytes.text(0, 2);
        }
        if (code < 0x10000) {
            bytes.setByte(0, 0xE0 | code >> 12);
            bytes.setByte(1, 0x80 | code >> 6 & 0x3F);
            bytes.setByte(2, 0x80 | code & 0x3F);
            return bytes.text(0, 3);
        }
        bytes.setByte(0, 0xF0 | code >> 18);
        bytes.setByte(1, 0x80 | code >> 12 & 0x3F);
        bytes.setByte(2, 0x80 | code >> 6 & 0x3F);
        bytes.setByte(3, 0x80 | code & 0x3F);
        return bytes.text(0, 4);
    }

    // The bytes of a string, and back.
    static .internal.binary bytes(var s : string) {
        var all = new .internal.binary();
        all.resize(s.length());
        all.setText(0, s);
        return all;
    }
    static string ofBytes(var bytes : .internal.binary) { return bytes.text(0, bytes.size()); }
};
