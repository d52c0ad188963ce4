// A URL in its parts (RFC 3986): scheme://user@host:port/path?query#fragment.
package .lib;

class url {
    var scheme : string;
    var user : string;
    var host : string;
    var port : int;
    var path : string;
    var query : string;
    var fragment : string;

    // Takes an absolute URL apart; throws for anything else. What is not there is "", a port 0 unless the scheme has one.
    void url(var s : string) {
        int colon = s.strstr(":");
        if (colon < 1) throw new .lib.error("url: there is no scheme in \"" + s + "\"");
        scheme = s.substring(0, colon).toLower();
        for (int i = 0; i < colon; i++) {
            int c = scheme.charAt(i);
            int fits = .lib.text.isLetter(c) || i > 0 && (.lib.text.isDigit(c) || c == '+' || c == '-' || c == '.');
            if (!fits) throw new .lib.error("url: there is no scheme in \"" + s + "\"");
        }
        string rest = .lib.text.part(s, colon + 1, s.length());
        for (int i = 0; i < rest.length(); i++) if (rest.charAt(i) <= ' ')
            throw new .lib.error("url: a space or a control character at " + (colon + 1 + i));
        fragment = .lib.text.behind(rest, "#");
        rest = .lib.text.before(rest, "#");
        query = .lib.text.behind(rest, "?");
        rest = .lib.text.before(rest, "?");
        user = "";
        host = "";
        path = rest;
        if (rest.startsWith("//")) {
            rest = .lib.text.part(rest, 2, rest.length());
            int slash = rest.strstr("/");
            path = slash < 0 ? "" : .lib.text.part(rest, slash, rest.length());
            authority(slash < 0 ? rest : .lib.text.part(rest, 0, slash), s);
        }
        if (port == 0) port = scheme == "http" ? 80 : (scheme == "https" ? 443 : 0);
    }

    void authority(var s : string, var whole : string) {
        int at = .lib.text.lastIndexOf(s, "@");
        if (at >= 0) {
            user = decode(.lib.text.part(s, 0, at));
            s = .lib.text.part(s, at + 1, s.length());
        }
        // An IPv6 address stands in brackets and has colons of its own.
        int bracket = .lib.text.lastIndexOf(s, "]");
        int colon = .lib.text.lastIndexOf(s, ":");
        if (colon > bracket) {
            string digits = .lib.text.part(s, colon + 1, s.length());
            if (digits.length() > 0) {
                long number = .lib.number.parse(digits, 10);
                if (number < 1L || number > 65535L) throw new .lib.error("url: no port: " + digits + " in \"" + whole + "\"");
                port = (int)number;
            }
            s = .lib.text.part(s, 0, colon);
        }
        if (s.startsWith("[") && s.endsWith("]")) s = .lib.text.part(s, 1, s.length() - 1);
        host = decode(s).toLower();
    }

    // The pairs of the query, decoded; a name without `=` has the value "".
    .lib.map parameters() { return parameters(query); }

    static .lib.map parameters(var query : string) {
        var all = new .lib.map();
        if (query.length() == 0) return all;
        foreach (pair in query.split("&")) {
            string s = pair;
            if (s.length() > 0)
                all.put(decode(.lib.text.before(s, "=").replace("+", " ")), decode(.lib.text.behind(s, "=").replace("+", " ")));
        }
        return all;
    }

    // A query of pairs, encoded.
    static string queryOf(var pairs : .lib.map) {
        var parts = new .lib.list();
        foreach (e in pairs) parts.add(encode("" + e.key()) + "=" + encode("" + e.value()));
        return parts.join("&");
    }

    // With everything but letters, digits and `-._~` as `%` and two digits.
    static string encode(var s : string) {
        var out = new .internal.stringbuilder();
        int size = s.length();
        for (int i = 0; i < size; i++) {
            int c = s.charAt(i);
            int plain = .lib.text.isLetter(c) || .lib.text.isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
            if (plain) out.appendString(s.substring(i, 1));
            else {
                out.appendString("%");
                out.appendString(.lib.hex.encode(s.substring(i, 1)).toUpper());
            }
        }
        return out.toString();
    }

    static string decode(var s : string) {
        var out = new .internal.stringbuilder();
        int size = s.length();
        int from = 0;
        for (int i = 0; i < size; i++) {
            if (s.charAt(i) != '%') continue;
            if (i + 2 >= size) throw new .lib.error("url.decode: the text ends in a %");
            out.appendString(.lib.text.part(s, from, i));
            out.appendString(.lib.hex.decode(s.substring(i + 1, 2)));
            i += 2;
            from = i + 1;
        }
        return out.appendString(.lib.text.part(s, from, size)).toString();
    }

    string toString() {
        string s = scheme + ":";
        if (host.length() > 0) {
            s += "//";
            if (user.length() > 0) s += encode(user).replace("%3A", ":") + "@";
            s += host.contains(":") ? "[" + host + "]" : host;
            int usual = scheme == "http" && port == 80 || scheme == "https" && port == 443;
            if (port > 0 && !usual) s += ":" + port;
        }
        s += path;
        if (query.length() > 0) s += "?" + query;
        if (fragment.length() > 0) s += "#" + fragment;
        return s;
    }
};
