// A chat over TCP: everybody reads what everybody writes, and who comes in reads the last twenty lines first, also those
// from before the machine was killed. What somebody has read stays: lines leave when a snapshot holds them.
//   phantom run --allow-net examples/chat.ph 7001        then, from other terminals:  nc localhost 7001
package .examples;

import .lib.channel;
import .lib.ring;
import .lib.set;
import .lib.text;

// Sends a guest what comes for it, so that one who reads slowly keeps nobody waiting.
class speaker {
    var to : guest;

    void speaker(var g : guest) { to = g; }
    void run() {
        try {
            foreach (line in to.letters) {
                // What is there already goes along.
                string all = "";
                var more = line;
                while (more != null) {
                    all += more + "\n";
                    more = to.letters.tryReceive(null);
                }
                to.wire.send(all);
            }
        }
        catch (.internal.exception.io e) { to.letters.close(); }
        to.wire.disconnect();
    }
};

// One who is there.
class guest {
    var of : chat;
    var wire : .internal.tcp;
    var letters : channel;
    var name : string;

    void guest(var room : chat, var c : .internal.tcp) {
        of = room;
        wire = c;
        letters = new channel(1000);
    }

    // Whether the line could be left; who has not read the last thousand is gone.
    void tell(var line : string) {
        try { if (!letters.trySend(line)) letters.close(); } catch (channel.closed e) { }
    }

    void run() {
        new .internal.thread().start(new speaker(this));
        string rest = "";
        try {
            tell("Your name?");
            while (true) {
                string more = wire.recv();
                if (more == null || rest.length() > 10000) break;
                rest += more;
                while (rest.contains("\n")) {
                    string line = text.before(rest, "\n").trim();
                    rest = text.behind(rest, "\n");
                    if (line.length() == 0) continue;
                    if (name == null) {
                        name = line;
                        of.enter(this);
                    } else of.say(name + ": " + line);
                }
            }
        }
        // Gone, or the machine was started again.
        catch (.internal.exception.io e) { }
        of.leave(this);
    }
};

class chat {
    var lock : .internal.mutex;
    var guests : set;
    var last : ring;

    int main(string[] args) {
        string port = "7001";
        if (args.size() > 0) port = args[0];
        lock = new .internal.mutex();
        guests = new set();
        last = new ring(20);
        var socket = new .internal.tcp();
        // Those that come in by it are so too.
        socket.setDurable(1);
        println("listening on port " + socket.listen("127.0.0.1:" + port));
        while (true) {
            var c = socket.accept();
            new .internal.thread().start(new guest(this, c));
        }
        return 0;
    }

    void enter(var g : guest) {
        lock.lock();
        foreach (line in last) g.tell((string)line);
        guests.add(g);
        lock.unlock();
        say("* " + g.name + " comes in");
    }

    void leave(var g : guest) {
        lock.lock();
        int was = guests.remove(g);
        lock.unlock();
        g.letters.close();
        if (was) say("* " + g.name + " goes");
    }

    void say(var line : string) {
        lock.lock();
        last.add(line);
        foreach (g in guests) ((guest)g).tell(line);
        lock.unlock();
    }
};
