// HTTP/1.1, small: a server that hands requests to a handler, and a client. Needs the grant --allow-net.
package .lib;

// What answers requests: gives a `.lib.http.response`, a string, or anything that JSON can write.
interface http.handler {
    .internal.object handle(var request : .lib.http.request);
};

class http {
    // A head has at most 64 KiB, a body 16 MiB.

    // Serves at `host:port` for ever, each connection in a thread of its own.
    // After a restart it listens again, and open connections are gone.
    static void serve(var address : string, var by : .lib.http.handler) {
        new .lib.http.server(address, by).run();
    }

    static .lib.http.response get(var address : string) { return request("GET", address, null, null); }
    static .lib.http.response post(var address : string, var body : string) { return request("POST", address, null, body); }

    // Sends a request and waits for its answer. `fields` is a map of header fields or null, `body` a string or null.
    // Throws `.internal.exception.io` when the other side cannot be reached or goes away; a restart on the way does that too,
    // and whether the request took effect is then not known: send a key with it, or use `.lib.workflow`.
    static .lib.http.response request(var method : string, var address : string, var fields : .lib.map, var body : string) {
        return new .lib.http.client(address).request(method, fields, body);
    }

    // A header field as a line; a line break in it would begin another one.
    static string field(var name, var value) {
        string line = name + ": " + value;
        if (line.contains("\r") || line.contains("\n")) throw new .lib.error("http: a line break in the field " + name);
        return line + "\r\n";
    }

    static string reason(var status : int) {
        switch (status) {
            case 200: return "OK";
            case 201: return "Created";
            case 204: return "No Content";
            case 301: return "Moved Permanently";
            case 302: return "Found";
            case 304: return "Not Modified";
            case 400: return "Bad Request";
            case 401: return "Unauthorized";
            case 403: return "Forbidden";
            case 404: return "Not Found";
            case 405: return "Method Not Allowed";
            case 409: return "Conflict";
            case 413: return "Content Too Large";
            case 500: return "Internal Server Error";
            case 501: return "Not Implemented";
        }
        return "Status " + status;
    }
};

// A connection for one request, which is made before: a restart in between is noticed, because the connection is gone.
class http.client {
    var to : .lib.url;
    var wire : .internal.tcp;

    // Connects to where an address points.
    void client(var address : string) {
        to = new .lib.url(address);
        if (to.scheme != "http") throw new .lib.error("http: only http: is spoken here, not " + to.scheme + ":");
        wire = new .internal.tcp();
        wire.connect((to.host.contains(":") ? "[" + to.host + "]" : to.host) + ":" + to.port);
    }

    // Sends the request, waits for its answer, and closes the connection.
    .lib.http.response request(var method : string, var fields : .lib.map, var body : string) {
        var out = new .internal.stringbuilder();
        string path = to.path == "" ? "/" : to.path;
        out.appendString(method + " " + path + (to.query == "" ? "" : "?" + to.query) + " HTTP/1.1\r\n");
        out.appendString("Host: " + to.host + ":" + to.port + "\r\nConnection: close\r\n");
        try {
            if (fields != null) foreach (f in fields) out.appendString(.lib.http.field(f.key(), f.value()));
            if (body != null) out.appendString("Content-Length: " + body.length() + "\r\n");
            out.appendString("\r\n");
            if (body != null) out.appendString(body);
            wire.send(out.toString());
            return new .lib.http.reader(wire).response(method);
        } finally { wire.disconnect(); }
    }
};

class http.request {
    var method : string;
    var path : string;
    var query : string;
    // Header fields by their names in lower case.
    var fields : .lib.map;
    var body : string;

    void request() { fields = new .lib.map(); }

    // A header field, whatever the case of its name, or null.
    string field(var name : string) { return (string)fields.get(name.toLower()); }
    // The pairs of the query.
    .lib.map parameters() { return .lib.url.parameters(query); }
    .internal.object json() { return .lib.json.parse(body); }
    string toString() { return method + " " + path; }
};

class http.response {
    var status : int;
    var fields : .lib.map;
    var body : string;

    void response(var s : int, var text : string) {
        status = s;
        body = text;
        fields = new .lib.map();
    }

    // What a handler gave as a response: a string is text, anything else JSON.
    static .lib.http.response of(var x) {
        if (x instanceof .lib.http.response) return (.lib.http.response)x;
        if (x instanceof .internal.string) return new .lib.http.response(200, (string)x).with("content-type", "text/plain; charset=utf-8");
        return new .lib.http.response(200, .lib.json.write(x)).with("content-type", "application/json");
    }

    // Sets a header field; returns the response.
    .lib.http.response with(var name : string, var value) {
        fields.put(name.toLower(), "" + value);
        return this;
    }
    string field(var name : string) { return (string)fields.get(name.toLower()); }
    .internal.object json() { return .lib.json.parse(body); }
    string toString() { return status + " " + .lib.http.reason(status); }
};

// What the other side sent cannot be understood; `status` is what to answer.
class http.error extends .lib.error {
    var status : int;

    void error(var s : int, var what : string) {
        super("http: " + what);
        status = s;
    }
};

// Takes apart what comes in on a connection.
class http.reader {
    var wire : .internal.tcp;
    var rest : string;

    void reader(var c : .internal.tcp) {
        wire = c;
        rest = "";
    }

    // More bytes; whether there are any.
    int more() {
        string part = wire.recv();
        if (part == null) return false;
        rest += part;
        return true;
    }

    // The next line without its end; null when the other side has ended before it.
    string line() {
        while (true) {
            int at = rest.strstr("\n");
            if (at >= 0) {
                string found = .lib.text.part(rest, 0, at);
                rest = .lib.text.part(rest, at + 1, rest.length());
                return .lib.text.withoutSuffix(found, "\r");
            }
            if (rest.length() > 65536) throw new .lib.http.error(413, "the head is too long");
            if (!more()) {
                if (rest.length() > 0) throw new .lib.http.error(400, "the other side ended in the middle of a line");
                return null;
            }
        }
        return null;
    }

    string bytes(var count : long) {
        if (count > 16777216L) throw new .lib.http.error(413, "the body is too long");
        while (rest.length() < (int)count)
            if (!more()) throw new .lib.http.error(400, "the other side ended in the middle of a body");
        string found = .lib.text.part(rest, 0, (int)count);
        rest = .lib.text.part(rest, (int)count, rest.length());
        return found;
    }

    .lib.map head() {
        var fields = new .lib.map();
        while (true) {
            string s = line();
            if (s == null) throw new .lib.http.error(400, "the head does not end");
            if (s == "") return fields;
            if (!s.contains(":")) throw new .lib.http.error(400, "a header field without a colon");
            string name = .lib.text.before(s, ":").toLower();
            if (name.trim() != name || name == "") throw new .lib.http.error(400, "a header field without a name");
            string value = .lib.text.behind(s, ":").trim();
            var there;
            there = fields.get(name);
            fields.put(name, there == null ? value : there + ", " + value);
            if (fields.size() > 200) throw new .lib.http.error(413, "too many header fields");
        }
        return fields;
    }

    string body(var fields : .lib.map, var toTheEnd : int) {
        string coding = (string)fields.get("transfer-encoding");
        string length = (string)fields.get("content-length");
        if (coding != null) {
            if (coding.toLower() != "chunked" || length != null) throw new .lib.http.error(501, "the body is coded as " + coding);
            return chunks();
        }
        if (length != null) {
            for (int i = 0; i < length.length(); i++)
                if (!.lib.text.isDigit(length.charAt(i))) throw new .lib.http.error(400, "no length: " + length);
            if (length.length() == 0 || length.length() > 9) throw new .lib.http.error(413, "no length: " + length);
            return bytes(length.toLong());
        }
        if (!toTheEnd) return "";
        while (more()) if (rest.length() > 16777216) throw new .lib.http.error(413, "the body is too long");
        string all = rest;
        rest = "";
        return all;
    }

    string chunks() {
        var out = new .internal.stringbuilder();
        while (true) {
            string size = line();
            if (size == null) throw new .lib.http.error(400, "the body does not end");
            size = .lib.text.before(size, ";").trim();
            if (size == "" || size.length() > 7 || size.startsWith("-") || size.startsWith("+"))
                throw new .lib.http.error(400, "no size of a chunk: " + size);
            long count = .lib.number.parse(size, 16);
            if (count == 0L) break;
            if (out.length() + (int)count > 16777216) throw new .lib.http.error(413, "the body is too long");
            out.appendString(bytes(count));
            if (line() != "") throw new .lib.http.error(400, "a chunk does not end");
        }
        head();
        return out.toString();
    }

    // The next request, or null when no more come.
    .lib.http.request request() {
        string first = line();
        if (first == null) return null;
        var words = .lib.text.words(first);
        if (words.size() != 3) throw new .lib.http.error(400, "no request line");
        string version = (string)words.get(2);
        if (!version.startsWith("HTTP/1.")) throw new .lib.http.error(400, "another version: " + version);
        var made = new .lib.http.request();
        made.method = (string)words.get(0);
        string target = (string)words.get(1);
        if (!target.startsWith("/")) throw new .lib.http.error(400, "no path: " + target);
        made.path = .lib.url.decode(.lib.text.before(target, "?"));
        made.query = .lib.text.behind(target, "?");
        made.fields = head();
        // Who waits for leave to send a body gets it.
        if (made.field("expect") != null) wire.send("HTTP/1.1 100 Continue\r\n\r\n");
        made.body = body(made.fields, false);
        if (version == "HTTP/1.0" && made.field("connection") == null) made.fields.put("connection", "close");
        return made;
    }

    .lib.http.response response(var method : string) {
        while (true) {
            string first = line();
            if (first == null) throw new .lib.http.error(400, "no answer came");
            if (!first.startsWith("HTTP/1.") || first.length() < 12) throw new .lib.http.error(400, "no status line: " + first);
            int status = first.substring(9, 3).toInt();
            var fields = head();
            if (status >= 100 && status < 200) continue;
            int none = method == "HEAD" || status == 204 || status == 304;
            var made = new .lib.http.response(status, none ? "" : body(fields, true));
            made.fields = fields;
            return made;
        }
        return null;
    }
};

class http.server {
    var socket : .internal.tcp;
    var by : .lib.http.handler;
    var port : int;
    // Whether an answer leaves only when it can be relied on for ever.
    var durable : int;

    // Listens at `host:port`; port 0 takes a free one, which `port` then says.
    void server(var address : string, var handler : .lib.http.handler) {
        by = handler;
        socket = new .internal.tcp();
        port = socket.listen(address);
    }

    void setDurable(var on : int) { durable = on; }

    // Takes connections until the server is closed.
    void run() {
        while (true) {
            .internal.tcp c = null;
            try { c = socket.accept(); }
            catch (.internal.exception.io e) { return; }
            if (durable) c.setDurable(1);
            new .internal.thread().start(new .lib.http.connection(c, by));
        }
    }

    void close() { socket.disconnect(); }
};

class http.connection {
    var wire : .internal.tcp;
    var by : .lib.http.handler;

    void connection(var c : .internal.tcp, var handler : .lib.http.handler) {
        wire = c;
        by = handler;
    }

    void run() {
        try { serve(); }
        // The other side went away, or the world was started again.
        catch (.internal.exception.io e) { }
        wire.disconnect();
    }

    void serve() {
        var input = new .lib.http.reader(wire);
        while (true) {
            .lib.http.request asked = null;
            try { asked = input.request(); }
            catch (.lib.http.error e) {
                answer(new .lib.http.response(e.status, e.getMessage() + "\n"), true, false);
                return;
            }
            catch (.lib.error e) {
                answer(new .lib.http.response(400, e.getMessage() + "\n"), true, false);
                return;
            }
            if (asked == null) return;
            .lib.http.response made = null;
            try { made = .lib.http.response.of(by.handle(asked)); }
            catch (var e) {
                new .lib.log("http").error(asked + " threw " + e);
                made = new .lib.http.response(500, "the request could not be answered\n");
            }
            string wish = asked.field("connection");
            int last = wish != null && wish.toLower() == "close";
            answer(made, last, asked.method == "HEAD");
            if (last) return;
        }
    }

    void answer(var made : .lib.http.response, var last : int, var headOnly : int) {
        var out = new .internal.stringbuilder();
        out.appendString("HTTP/1.1 " + made.status + " " + .lib.http.reason(made.status) + "\r\n");
        foreach (f in made.fields) out.appendString(.lib.http.field(f.key(), f.value()));
        out.appendString("Content-Length: " + made.body.length() + "\r\n");
        if (last) out.appendString("Connection: close\r\n");
        out.appendString("\r\n");
        if (!headOnly) out.appendString(made.body);
        wire.send(out.toString());
    }
};
