// A key-value server over TCP. Its data are a map in memory, which is all that there is: no file, no log, no loading.
// What it has answered it keeps, whatever happens: answers leave when the snapshot that holds their cause is durable.
//   phantom run --allow-net examples/kv.ph 7000          then, from another terminal:  nc localhost 7000
//   set NAME VALUE | get NAME | del NAME | incr NAME | count | quit
package .examples;

import .lib.sorted_map;
import .lib.text;

// Bytes that come in, line by line.
class lines {
    var from : .internal.tcp;
    var rest : string;

    void lines(var c : .internal.tcp) {
        from = c;
        rest = "";
    }
    // The next line, or null at the end.
    string next() {
        while (true) {
            int at = rest.strstr("\n");
            if (at >= 0) {
                string line = text.part(rest, 0, at);
                rest = text.part(rest, at + 1, rest.length());
                return line.trim();
            }
            if (rest.length() > 100000) return null;
            string more = from.recv();
            if (more == null) return null;
            rest += more;
        }
        return null;
    }
};

// One connection.
class client {
    var of : kv;
    var wire : .internal.tcp;

    void client(var server : kv, var c : .internal.tcp) {
        of = server;
        wire = c;
    }

    void run() {
        try {
            wire.setDurable(1);
            var input = new lines(wire);
            while (true) {
                string line = input.next();
                if (line == null || line == "quit") break;
                wire.send(of.answer(line) + "\n");
            }
        }
        // The other side went away, or the machine was started again: the client comes back when it wants to.
        catch (.internal.exception.io e) { }
        wire.disconnect();
    }
};

class kv {
    var data : sorted_map;
    var lock : .internal.mutex;

    int main(string[] args) {
        string port = "7000";
        if (args.size() > 0) port = args[0];
        data = new sorted_map();
        lock = new .internal.mutex();
        var socket = new .internal.tcp();
        println("listening on port " + socket.listen("127.0.0.1:" + port));
        while (true) {
            var c = socket.accept();
            new .internal.thread().start(new client(this, c));
        }
        return 0;
    }

    string answer(var line : string) {
        lock.lock();
        try {
            string word = text.before(line, " ");
            string rest = text.behind(line, " ");
            string name = text.before(rest, " ");
            var there;
            there = data.get(name);
            switch (word) {
                case "set":
                    data.put(name, text.behind(rest, " "));
                    return "ok";
                case "get":
                    return there == null ? "nothing" : "value " + there;
                case "del":
                    data.remove(name);
                    return there == null ? "nothing" : "ok";
                case "incr":
                    long n = there == null ? 0L : ((string)there).toLong();
                    n += 1L;
                    data.put(name, n.toString());
                    return "value " + n;
                case "count":
                    return "value " + data.size();
            }
            return "error: set NAME VALUE, get NAME, del NAME, incr NAME, count or quit";
        } finally { lock.unlock(); }
    }
};
