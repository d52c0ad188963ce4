// Tables as text (RFC 4180): rows in lines, fields between commas, quotes where a field needs them.
package .lib;

class csv {
    // A list of rows, each a list of strings.
    static .lib.list parse(var s : string) { return parse(s, ","); }

    static .lib.list parse(var s : string, var separator : string) {
        if (separator.length() != 1) throw new .lib.error("csv.parse: one byte separates, not \"" + separator + "\"");
        int comma = separator.charAt(0);
        var rows = new .lib.list();
        var row = new .lib.list();
        int size = s.length();
        int at = 0;
        while (at < size) {
            // One field, and what ends it.
            string field = "";
            if (s.charAt(at) == '"') {
                int opened = at;
                at++;
                while (true) {
                    int quote = s.indexOf("\"", at);
                    if (quote < 0) throw new .lib.error("csv.parse: the quote at " + opened + " is not closed");
                    field += .lib.text.part(s, at, quote);
                    at = quote + 1;
                    if (at == size || s.charAt(at) != '"') break;
                    field += "\"";
                    at++;
                }
                if (at < size && s.charAt(at) != comma && s.charAt(at) != '\n' && s.charAt(at) != '\r')
                    throw new .lib.error("csv.parse: a field goes on behind its closing quote, at " + at);
            } else {
                int from = at;
                while (at < size && s.charAt(at) != comma && s.charAt(at) != '\n' && s.charAt(at) != '\r') at++;
                field = .lib.text.part(s, from, at);
            }
            row.add(field);
            if (at < size && s.charAt(at) == comma) {
                at++;
                if (at == size) row.add("");
                continue;
            }
            if (at < size && s.charAt(at) == '\r') at++;
            if (at < size && s.charAt(at) == '\n') at++;
            rows.add(row);
            row = new .lib.list();
        }
        if (row.size() > 0) rows.add(row);
        return rows;
    }

    // The text of rows, each a line.
    static string write(var rows) { return write(rows, ","); }

    static string write(var rows, var separator : string) {
        var out = new .internal.stringbuilder();
        foreach (row in rows) {
            int several = false;
            foreach (field in row) {
                if (several) out.appendString(separator);
                several = true;
                string s = "" + field;
                int quoted = s.contains(separator) || s.contains("\"") || s.contains("\n") || s.contains("\r");
                out.appendString(quoted ? "\"" + s.replace("\"", "\"\"") + "\"" : s);
            }
            out.appendString("\n");
        }
        return out.toString();
    }
};
