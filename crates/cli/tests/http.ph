// The HTTP server and client of the library, talking to each other.
package .t;
import .lib.http;
import .lib.map;
import .lib.test;
import .lib.error;
import .lib.text;

class site implements http.handler {
    var hits : int;
    .internal.object handle(var r : http.request) {
        hits++;
        switch (r.path) {
            case "/": return "hello";
            case "/sum":
                var p = r.parameters();
                int a = ((string)p.get("a")).toInt();
                int b = ((string)p.get("b")).toInt();
                return new map().with("sum", a + b);
            case "/echo": return new http.response(201, r.body).with("X-Method", r.method).with("X-Was", r.field("x-mine"));
            case "/bad": throw new error("broken on purpose");
            case "/big": return text.times("0123456789", 30000);
        }
        return new http.response(404, "no " + r.path + "\n");
    }
};
class site_test {
    string raw(var port : int, var what : string) {
        var c = new .internal.tcp();
        c.connect("127.0.0.1:" + port);
        c.send(what);
        c.shutdown();
        string all = "";
        while (true) {
            string part = c.recv();
            if (part == null) break;
            all += part;
        }
        c.disconnect();
        return all;
    }
    void main() {
        var t = new test("http");
        var s = new site();
        var server = new http.server("127.0.0.1:0", s);
        var thread = new .internal.thread();
        thread.setDaemon(true);
        thread.start(server);
        string base = "http://127.0.0.1:" + server.port;
        t.equal("text", http.get(base).body, "hello");
        t.equal("type", http.get(base + "/").field("Content-Type"), "text/plain; charset=utf-8");
        var sum;
        sum = http.get(base + "/sum?a=4&b=38").json();
        t.equal("json", sum.get("sum"), 42);
        var echo = http.request("PUT", base + "/echo", new map().with("X-Mine", "yes"), "line\nline");
        t.equal("echo", echo.status + echo.body + echo.field("x-method") + echo.field("x-was"), "201line\nlinePUTyes");
        t.equal("post", http.post(base + "/echo", "").body, "");
        t.equal("not found", http.get(base + "/no%20such").toString() + http.get(base + "/no%20such").body, "404 Not Foundno /no such\n");
        t.equal("thrown", http.get(base + "/bad").status, 500);
        t.equal("big", http.get(base + "/big").body.length(), 300000);
        t.equal("head", http.request("HEAD", base + "/", null, null).body, "");
        t.holds("two on one connection", raw(server.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n").contains("helloHTTP/1.1 200 OK"));
        t.holds("chunks", raw(server.port, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").contains("\r\n\r\nabcde"));
        foreach (bad in "nonsense\r\n\r\n|GET / HTTP/2\r\n\r\n|GET x HTTP/1.1\r\n\r\n|GET / HTTP/1.1\r\nno colon\r\n\r\n|GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n|GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc|POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n|GET /%zz HTTP/1.1\r\n\r\n|GET / HTTP/1.1\r\n: x\r\n\r\n".split("|"))
            t.holds(bad, raw(server.port, (string)bad).startsWith("HTTP/1.1 400 Bad Request"));
        t.holds("too long", raw(server.port, "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").startsWith("HTTP/1.1 413"));
        t.holds("long head", raw(server.port, "GET /" + text.times("x", 70000)).startsWith("HTTP/1.1 413"));
        t.holds("coding", raw(server.port, "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n").startsWith("HTTP/1.1 501"));
        try { http.get("https://x/"); t.fail("https", "no error"); } catch (error e) { t.says("https", e, "only http:"); }
        try { http.request("GET", base, new map().with("a", "b\r\nc: d"), null); t.fail("fields", "no error"); } catch (error e) { t.says("fields", e, "a line break"); }
        t.done();
    }
};
