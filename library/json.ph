// JSON both ways (RFC 8259).
// Objects are maps, arrays lists, texts strings, true and false `.lib.bool`; a whole number is an int, or a long when it
// needs to be, any other number a double.
package .lib;

class json {
    // Deepest nesting that is read and written.
    static int DEPTH = 500;

    // The value that a text holds; throws a `.lib.json.error` with the place of what is wrong.
    static .internal.object parse(var s : string) {
        var reader = new .lib.json.reader(s);
        return reader.whole();
    }

    // The text of a value: strings, numbers, null, truth values, maps (also `.internal.directory`), what `foreach` takes;
    // any other object by its method `toJson`, which gives one of these.
    static string write(var value) { return new .lib.json.writer("").text(value); }

    // With a line for each element, those inside of something indented by two spaces.
    static string pretty(var value) { return new .lib.json.writer("  ").text(value); }

    // A string in quotes, with what needs it escaped.
    static string quote(var s : string) {
        var out = new .lib.json.writer("");
        out.string(s);
        return out.out.toString();
    }
};

// What is wrong with a text, and where.
class json.error extends .lib.error {
    var line : int;
    var column : int;
    var position : int;

    void error(var what : string, var s : string, var at : int) {
        super(what);
        position = at;
        line = 1;
        int from = 0;
        for (int i = 0; i < at; i++) if (s.charAt(i) == '\n') {
            line++;
            from = i + 1;
        }
        column = at - from + 1;
        setMessage(what + " at line " + line + ", column " + column);
    }
};

// Reads a text from its beginning to its end.
class json.reader {
    var s : string;
    var at : int;
    var size : int;

    void reader(var t : string) {
        s = t;
        size = t.length();
    }

    .internal.object whole() {
        var value;
        value = read(0);
        skip();
        if (at < size) wrong("there is more behind the value");
        return value;
    }

    void wrong(var what : string) { throw new .lib.json.error("JSON: " + what, s, at); }

    void skip() {
        while (at < size) {
            int c = s.charAt(at);
            if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
            at++;
        }
    }

    // The byte that is next, or -1 at the end.
    int peek() {
        skip();
        return at < size ? s.charAt(at) : -1;
    }

    .internal.object read(var depth : int) {
        if (depth > json.DEPTH) wrong("nested more than " + json.DEPTH + " deep");
        int c = peek();
        if (c == '{') return object(depth);
        if (c == '[') return array(depth);
        if (c == '"') return string();
        if (c == '-' || c >= '0' && c <= '9') return number();
        if (word("true")) return bool.yes;
        if (word("false")) return bool.no;
        if (word("null")) return null;
        wrong(c < 0 ? "the text ends where a value is needed" : "no value");
        return null;
    }

    int word(var w : string) {
        if (s.indexOf(w, at) != at) return false;
        at += w.length();
        return true;
    }

    .internal.object object(var depth : int) {
        var all = new .lib.map();
        at++;
        if (peek() == '}') {
            at++;
            return all;
        }
        while (true) {
            if (peek() != '"') wrong("a key in quotes is needed");
            string key = string();
            if (peek() != ':') wrong("`:` is needed behind a key");
            at++;
            all.put(key, read(depth + 1));
            int c = peek();
            if (c != ',' && c != '}') wrong("`,` or `}` is needed");
            at++;
            if (c == '}') return all;
        }
        return all;
    }

    .internal.object array(var depth : int) {
        var all = new .lib.list();
        at++;
        if (peek() == ']') {
            at++;
            return all;
        }
        while (true) {
            all.add(read(depth + 1));
            int c = peek();
            if (c != ',' && c != ']') wrong("`,` or `]` is needed");
            at++;
            if (c == ']') return all;
        }
        return all;
    }

    string string() {
        int opened = at;
        at++;
        int from = at;
        .internal.stringbuilder out = null;
        while (at < size) {
            int c = s.charAt(at);
            if (c == '"') {
                string last = .lib.text.part(s, from, at);
                at++;
                return out == null ? last : out.appendString(last).toString();
            }
            if (c < 32) wrong("a control character in a string: write it as an escape");
            if (c != '\\') {
                at++;
                continue;
            }
            if (out == null) out = new .internal.stringbuilder();
            out.appendString(.lib.text.part(s, from, at));
            at++;
            out.appendString(escape());
            from = at;
        }
        at = opened;
        wrong("the string is not closed");
        return "";
    }

    // What a backslash begins; stands behind it afterwards.
    string escape() {
        int c = at < size ? s.charAt(at) : -1;
        at++;
        switch (c) {
            case '"': return "\"";
            case '\\': return "\\";
            case '/': return "/";
            case 'n': return "\n";
            case 't': return "\t";
            case 'r': return "\r";
            case 'b': return "\x08";
            case 'f': return "\f";
            case 'u': return .lib.text.ofCode(unicode());
        }
        at--;
        wrong("no such escape");
        return "";
    }

    // Four digits, or two times four: a pair of surrogates. One that stands alone becomes U+FFFD.
    int unicode() {
        int code = digits();
        if (code < 0xD800 || code > 0xDFFF) return code;
        if (code < 0xDC00 && s.indexOf("\\u", at) == at) {
            int before = at;
            at += 2;
            int low = digits();
            if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF);
            at = before;
        }
        return 0xFFFD;
    }

    int digits() {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = at < size ? .lib.number.digitOf(s.charAt(at)) : -1;
            if (digit < 0 || digit > 15) wrong("four hexadecimal digits are needed");
            code = code << 4 | digit;
            at++;
        }
        return code;
    }

    int decimals() {
        int from = at;
        while (at < size && .lib.text.isDigit(s.charAt(at))) at++;
        if (at == from) wrong("a digit is needed");
        return at - from;
    }

    .internal.object number() {
        int from = at;
        if (s.charAt(at) == '-') at++;
        int zero = at < size && s.charAt(at) == '0';
        int count = decimals();
        if (zero && count > 1) {
            at = from;
            wrong("a number begins with a 0");
        }
        int whole = true;
        if (at < size && s.charAt(at) == '.') {
            whole = false;
            at++;
            decimals();
        }
        if (at < size && (s.charAt(at) | 32) == 'e') {
            whole = false;
            at++;
            if (at < size && (s.charAt(at) == '+' || s.charAt(at) == '-')) at++;
            decimals();
        }
        string literal = s.substring(from, at - from);
        if (whole && count <= 19 && literal != "-0") {
            long value = literal.toLong();
            // `toLong` gives the nearest long: one that does not read back is no long.
            if (value.toString() == literal) {
                if (value == (int)value) {
                    int small = (int)value;
                    return small;
                }
                return value;
            }
        }
        return literal.toDouble();
    }
};

// Writes values one behind the other.
class json.writer {
    var out : .internal.stringbuilder;
    var indent : string;

    void writer(var step : string) {
        out = new .internal.stringbuilder();
        indent = step;
    }

    string text(var value) {
        write(value, 0);
        return out.toString();
    }

    void write(var x, var depth : int) {
        if (depth > json.DEPTH)
            throw new .lib.error("json.write: nested more than " + json.DEPTH + " deep; does it hold itself?");
        if (x == null) out.appendString("null");
        else if (x instanceof .internal.string) string((string)x);
        else if (.lib.number.is(x)) number(x);
        else if (x instanceof .lib.bool) out.append(x);
        else if (x instanceof .lib.map) {
            int several = false;
            foreach (e in (.lib.map)x) several = pair(several, e.key(), e.value(), depth);
            close(several, "{", "}", depth);
        } else if (x instanceof .lib.sorted_map) {
            int several = false;
            foreach (e in (.lib.sorted_map)x) several = pair(several, e.key(), e.value(), depth);
            close(several, "{", "}", depth);
        } else if (x instanceof .internal.directory) {
            .internal.directory d = (.internal.directory)x;
            int several = false;
            foreach (key in d.keys()) several = pair(several, key, d.get(key), depth);
            close(several, "{", "}", depth);
        } else if (x instanceof .internal.container.array || x instanceof .lib.list || x instanceof .lib.set
                || x instanceof .lib.sorted_set || x instanceof .lib.deque || x instanceof .lib.ring) {
            int several = false;
            foreach (element in x) {
                item(several, "[", depth);
                several = true;
                write(element, depth + 1);
            }
            close(several, "[", "]", depth);
        } else write(x.toJson(), depth + 1);
    }

    void item(var several : int, var opening : string, var depth : int) {
        out.appendString(several ? "," : opening);
        line(depth + 1);
    }

    void close(var several : int, var opening : string, var closing : string, var depth : int) {
        if (several) line(depth);
        else out.appendString(opening);
        out.appendString(closing);
    }

    int pair(var several : int, var key, var value, var depth : int) {
        item(several, "{", depth);
        string("" + key);
        out.appendString(indent.length() > 0 ? ": " : ":");
        write(value, depth + 1);
        return true;
    }

    void line(var depth : int) {
        if (indent.length() == 0) return;
        out.appendString("\n");
        for (int i = 0; i < depth; i++) out.appendString(indent);
    }

    void number(var x) {
        if (!.lib.number.isWhole(x)) {
            double d = .lib.number.toDouble(x);
            if (d != d || d - d != 0.0) throw new .lib.error("json.write: JSON has no " + x);
        }
        out.append(x);
    }

    void string(var s : string) {
        out.appendString("\"");
        int from = 0;
        int size = s.length();
        for (int i = 0; i < size; i++) {
            int c = s.charAt(i);
            if (c >= 32 && c != '"' && c != '\\') continue;
            out.appendString(.lib.text.part(s, from, i));
            from = i + 1;
            switch (c) {
                case '"': out.appendString("\\\""); break;
                case '\\': out.appendString("\\\\"); break;
                case '\n': out.appendString("\\n"); break;
                case '\r': out.appendString("\\r"); break;
                case '\t': out.appendString("\\t"); break;
                default: out.appendString("\\u00" + .lib.hex.encode(s.substring(i, 1)));
            }
        }
        out.appendString(.lib.text.part(s, from, size));
        out.appendString("\"");
    }
};
