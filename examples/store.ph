// A key-value server that speaks the protocol of Redis (RESP2, the commands below), so redis-cli and redis-benchmark talk
// to it. Its data are a directory in memory, which is all that there is. What it has answered it keeps, whatever happens:
// answers leave when a snapshot holds their cause, and many clients share one snapshot.
//   phantom run --allow-net examples/store.ph 6379       then, from another terminal:  redis-cli -p 6379
package .examples;

// Requests that come in, one behind the other.
class requests {
    var from : .internal.tcp;
    var bytes : string;
    var at : int;

    void requests(var c : .internal.tcp) {
        from = c;
        bytes = "";
    }

    // The words of the next request; null at the end. Waits only when there is no whole one.
    .internal.container.array next() {
        while (true) {
            .internal.container.array words = parsed();
            if (words != null) return words;
            string more = from.recv();
            if (more == null) return null;
            bytes = at < bytes.length() ? bytes.substring(at, bytes.length() - at) + more : more;
            at = 0;
            if (bytes.length() > 67108864) throw new protocol("too big request");
        }
        return null;
    }

    // Whether a request is there already, so that its answer can leave with those before it.
    int hasMore() { return at < bytes.length() && bytes.indexOf("\n", at) >= 0; }

    // The words of the request that begins at `at`, if all of it is there.
    .internal.container.array parsed() {
        int end = bytes.indexOf("\n", at);
        if (end < 0) return null;
        string line = bytes.substring(at, end - at).trim();
        int next = end + 1;
        if (!line.startsWith("*")) {
            at = next;
            return wordsOf(line);
        }
        int count = numberOf(line);
        if (count > 1048576) throw new protocol("invalid multibulk length");
        var words = new .internal.container.array();
        for (int n = 0; n < count; n += 1) {
            end = bytes.indexOf("\n", next);
            if (end < 0) return null;
            line = bytes.substring(next, end - next).trim();
            if (!line.startsWith("$")) throw new protocol("expected '$'");
            int size = numberOf(line);
            if (size < 0 || size > 16777216) throw new protocol("invalid bulk length");
            next = end + 1;
            if (bytes.length() < next + size + 2) return null;
            words.add(bytes.substring(next, size));
            next += size + 2;
        }
        at = next;
        return words;
    }

    // A request as a person types it.
    static .internal.container.array wordsOf(var line : string) {
        var words = new .internal.container.array();
        foreach (word in line.split(" ")) if (((string)word).length() > 0) words.add(word);
        return words;
    }

    static int numberOf(var line : string) {
        string digits = line.substring(1, line.length() - 1);
        int number = digits.toInt();
        if (number.toString() != digits) throw new protocol("expected a number, got '" + digits + "'");
        return number;
    }
};

// What is no request.
class protocol {
    var reason : string;
    void protocol(var what : string) { reason = what; }
};

// One connection.
class client {
    var of : store;
    var wire : .internal.tcp;

    void client(var server : store, var c : .internal.tcp) {
        of = server;
        wire = c;
    }

    void run() {
        try {
            var input = new requests(wire);
            int open = 1;
            while (open) {
                .internal.container.array words = input.next();
                if (words == null) break;
                // What came in together is answered together.
                var answers = new .internal.stringbuilder();
                of.lock.lock();
                try {
                    while (true) {
                        if (words.size() > 0) {
                            string name = ((string)words.get(0)).toUpper();
                            of.answer(name, words, answers);
                            if (name == "QUIT") open = 0;
                        }
                        words = null;
                        if (!open || !input.hasMore() || answers.length() > 1048576) break;
                        words = input.parsed();
                        if (words == null) break;
                    }
                } finally { of.lock.unlock(); }
                wire.send(answers.toString());
            }
        }
        catch (protocol e) { refuse("-ERR Protocol error: " + e.reason + "\r\n"); }
        // The other side went away, or the machine was started again: the client comes back when it wants to.
        catch (.internal.exception.io e) { }
        finally { wire.disconnect(); }
    }

    void refuse(var text : string) {
        try { wire.send(text); } catch (.internal.exception.io e) { }
    }
};

// What a key holds: a text, until a time on the world's clock if it is not negative.
class entry {
    var text : string;
    var until : long;

    void entry(var t : string, var end : long) {
        text = t;
        until = end;
    }
};

class store {
    var data : .internal.directory;
    var lock : .internal.mutex;
    var clock : .internal.time;
    // How many keys have a time at which they end.
    var ending : int;

    int main(string[] args) {
        string port = "6379";
        if (args.size() > 0) port = args[0];
        data = new .internal.directory();
        lock = new .internal.mutex();
        clock = new .internal.time();
        var socket = new .internal.tcp();
        // Those that come in by it are so too.
        socket.setDurable(1);
        println("listening on port " + socket.listen("127.0.0.1:" + port));
        while (true) {
            var c = socket.accept();
            new .internal.thread().start(new client(this, c));
        }
        return 0;
    }

    // The entry of a key, unless its time is over.
    entry at(var key) {
        entry e = data.get(key);
        if (e == null || e.until < 0L || clock.monotonicMsec() < e.until) return e;
        drop(key);
        return null;
    }
    void enter(var key, var text : string, var until : long) {
        drop(key);
        if (until >= 0L) ending += 1;
        data.set(key, new entry(text, until));
    }
    int drop(var key) {
        entry e = data.get(key);
        if (e == null) return 0;
        if (e.until >= 0L) ending -= 1;
        data.remove(key);
        return 1;
    }
    // Forgets all keys whose time is over.
    void sweep() {
        if (ending > 0) foreach (key in data.keys()) at(key);
    }

    static void bulk(var out : .internal.stringbuilder, var text : string) {
        out.appendString("$").appendInt(text.length()).appendString("\r\n").appendString(text).appendString("\r\n");
    }
    static void number(var out : .internal.stringbuilder, var n : long) {
        out.appendString(":").appendLong(n).appendString("\r\n");
    }
    static void fail(var out : .internal.stringbuilder, var why : string) {
        out.appendString("-ERR ").appendString(why).appendString("\r\n");
    }

    // Whether a command has so many words, -1 for no limit.
    static int takes(var words : .internal.container.array, var least : int, var most : int) {
        return words.size() >= least && (most < 0 || words.size() <= most);
    }

    void answer(var name : string, var words : .internal.container.array, var out : .internal.stringbuilder) {
        int known = 1;
        int fits = 0;
        string key = "";
        if (words.size() > 1) key = words.get(1);
        switch (name) {
            case "PING":
                fits = takes(words, 1, 2);
                if (words.size() == 2) bulk(out, key);
                else if (fits) out.appendString("+PONG\r\n");
                break;
            case "ECHO":
                fits = takes(words, 2, 2);
                if (fits) bulk(out, key);
                break;
            case "GET":
                fits = takes(words, 2, 2);
                if (fits) get(key, out);
                break;
            case "SET":
                fits = takes(words, 3, -1);
                if (fits) set(key, words, out);
                break;
            case "DEL":
                fits = takes(words, 2, -1);
                if (fits) each(words, 1, out);
                break;
            case "EXISTS":
                fits = takes(words, 2, -1);
                if (fits) each(words, 0, out);
                break;
            case "INCR":
                fits = takes(words, 2, 2);
                if (fits) add(key, 1L, out);
                break;
            case "DECR":
                fits = takes(words, 2, 2);
                if (fits) add(key, -1L, out);
                break;
            case "INCRBY":
                fits = takes(words, 3, 3);
                if (fits) add(key, ((string)words.get(2)).toLong(), out);
                break;
            case "TTL":
                fits = takes(words, 2, 2);
                if (fits) ttl(key, out);
                break;
            case "MGET":
                fits = takes(words, 2, -1);
                if (fits) {
                    out.appendString("*").appendInt(words.size() - 1).appendString("\r\n");
                    for (int n = 1; n < words.size(); n += 1) get(words.get(n), out);
                }
                break;
            case "MSET":
                fits = words.size() >= 3 && words.size() % 2 == 1;
                if (fits) {
                    for (int n = 1; n < words.size(); n += 2) enter(words.get(n), words.get(n + 1), -1L);
                    out.appendString("+OK\r\n");
                }
                break;
            case "KEYS":
                fits = takes(words, 2, 2);
                if (fits) keys(key, out);
                break;
            case "DBSIZE":
                fits = takes(words, 1, 1);
                if (fits) {
                    sweep();
                    number(out, (long)data.size());
                }
                break;
            case "FLUSHALL":
            case "FLUSHDB":
                fits = takes(words, 1, 2);
                if (fits) {
                    data.clear();
                    ending = 0;
                    out.appendString("+OK\r\n");
                }
                break;
            case "CONFIG":
                fits = takes(words, 3, 3);
                if (fits) {
                    // Nothing can be configured: each setting is empty.
                    out.appendString("*2\r\n");
                    bulk(out, words.get(2));
                    bulk(out, "");
                }
                break;
            case "COMMAND":
                fits = 1;
                out.appendString("*0\r\n");
                break;
            case "SELECT":
                fits = takes(words, 2, 2);
                if (fits) {
                    if (key == "0") out.appendString("+OK\r\n");
                    else fail(out, "DB index is out of range");
                }
                break;
            case "QUIT":
                fits = takes(words, 1, 1);
                out.appendString("+OK\r\n");
                break;
            default:
                known = 0;
                fail(out, "unknown command '" + words.get(0) + "'");
        }
        if (known && !fits) fail(out, "wrong number of arguments for '" + name.toLower() + "' command");
    }

    void get(var key, var out : .internal.stringbuilder) {
        entry e = at(key);
        if (e == null) out.appendString("$-1\r\n");
        else bulk(out, e.text);
    }

    // SET key text [NX | XX] [EX seconds | PX milliseconds]
    void set(var key, var words : .internal.container.array, var out : .internal.stringbuilder) {
        long until = -1L;
        int wanted = -1;
        for (int n = 3; n < words.size(); n += 1) {
            string option = ((string)words.get(n)).toUpper();
            if (option == "NX" && wanted < 0) wanted = 0;
            else if (option == "XX" && wanted < 0) wanted = 1;
            else if ((option == "EX" || option == "PX") && n + 1 < words.size() && until < 0L) {
                n += 1;
                string text = words.get(n);
                long time = text.toLong();
                if (time.toString() != text || time <= 0L || time > 1000000000000L) {
                    fail(out, "invalid expire time in 'set' command");
                    return;
                }
                if (option == "EX") time *= 1000L;
                until = clock.monotonicMsec() + time;
            } else {
                fail(out, "syntax error");
                return;
            }
        }
        if (wanted >= 0) {
            int there = at(key) != null;
            if (there != wanted) {
                out.appendString("$-1\r\n");
                return;
            }
        }
        enter(key, words.get(2), until);
        out.appendString("+OK\r\n");
    }

    // Counts the keys that are there, and removes them if that is wanted.
    void each(var words : .internal.container.array, var remove : int, var out : .internal.stringbuilder) {
        long count = 0L;
        for (int n = 1; n < words.size(); n += 1) {
            var key = words.get(n);
            if (at(key) == null) continue;
            count += 1L;
            if (remove) drop(key);
        }
        number(out, count);
    }

    void add(var key, var change : long, var out : .internal.stringbuilder) {
        entry e = at(key);
        string text = "0";
        long until = -1L;
        if (e != null) {
            text = e.text;
            until = e.until;
        }
        long before = text.toLong();
        long after = before + change;
        // A number, written as one, that does not overflow.
        if (before.toString() != text || (change > 0L) != (after > before)) {
            fail(out, "value is not an integer or out of range");
            return;
        }
        enter(key, after.toString(), until);
        number(out, after);
    }

    // Seconds that a key has left; -1 without an end, -2 without a key.
    void ttl(var key, var out : .internal.stringbuilder) {
        entry e = at(key);
        if (e == null) number(out, -2L);
        else if (e.until < 0L) number(out, -1L);
        else number(out, (e.until - clock.monotonicMsec() + 500L) / 1000L);
    }

    void keys(var pattern : string, var out : .internal.stringbuilder) {
        sweep();
        var found = new .internal.container.array();
        foreach (key in data.keys()) if (matches(pattern, 0, key, 0)) found.add(key);
        out.appendString("*").appendInt(found.size()).appendString("\r\n");
        foreach (key in found) bulk(out, key);
    }

    // Whether a text from `at` on is what a pattern from `p` on means: `*` any bytes, `?` any byte.
    static int matches(var pattern : string, var p : int, var text : string, var at : int) {
        // Where the last star stands, and how far it reaches.
        int star = -1;
        int reach = 0;
        while (at < text.length()) {
            int c = -1;
            if (p < pattern.length()) c = pattern.charAt(p);
            if (c == '*') {
                star = p;
                reach = at;
                p += 1;
            } else if (c == '?' || c == text.charAt(at)) {
                p += 1;
                at += 1;
            } else if (star >= 0) {
                reach += 1;
                p = star + 1;
                at = reach;
            } else return 0;
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') p += 1;
        return p == pattern.length();
    }
};
