// A graph larger than memory, then, when a line comes, all at once: two threads that walk it and write to objects of their
// own, and a client that exchanges messages with a server over TCP.
package .benches;

import .internal.binary;
import .internal.boot;
import .internal.console;
import .internal.tcp;
import .internal."thread";

class cell {
    var value : int;
    void cell(int v) { value = v; }
};

class walker {
    var nodes : .internal.binary[];
    var own : cell[];
    var seed : int;
    var steps : int;

    void walker(.internal.binary[] all, int first, int many) {
        nodes = all;
        seed = first;
        steps = many;
        own = new cell[]();
        for (int i = 0; i < 4000; i++) own[i] = new cell(i);
    }
    void run(var nothing) [8] {
        int count = nodes.size();
        for (int step = 0; step < steps; step++) {
            seed = seed * 1103515245 + 12345;
            // Mostly what it met lately, now and then anything.
            int near = (seed >>> 8) % 4000;
            if (step % 400 == 0) near = (seed >>> 8) % count;
            int met = nodes[near].getInt(8);
            int at = (seed >>> 12) % 4000;
            own[at].value = own[at].value + met;
            if (step % 20 == 0) own[at] = new cell(met);
        }
    }
};

class server {
    var listener : .internal.tcp;
    void server(.internal.tcp l) { listener = l; }
    void run(var nothing) [8] {
        .internal.tcp peer = listener.accept();
        while (1) {
            string came = peer.recv();
            if (came :== null) break;
            peer.send(came);
        }
        peer.disconnect();
    }
};

class client {
    var port : int;
    var trips : int;
    void client(int p, int many) {
        port = p;
        trips = many;
    }
    void run(var nothing) [8] {
        var line = new .internal.tcp();
        line.connect("127.0.0.1:" + port);
        for (int i = 0; i < trips; i++) {
            line.send("sixteen bytes...");
            if (line.recv() == null) throw "the server is gone";
        }
        line.disconnect();
    }
};

class busy {
    int main(string[] args) {
        int count = args[0].toInt() * 960;
        int steps = args[1].toInt();
        int trips = args[2].toInt();
        .internal.boot boot = new .internal.boot();
        .internal.binary[] nodes = new .internal.binary[]();
        for (int i = 0; i < count; i++) {
            .internal.binary payload = boot.createBinary(1000);
            payload.setInt(8, i * 3);
            nodes[i] = payload;
        }
        println("ready");
        new .internal.console().readLine();
        var listener = new .internal.tcp();
        int port = listener.listen("127.0.0.1:0");
        var all = new .internal."thread"[]();
        all[0] = new .internal."thread"();
        all[0].start(new server(listener));
        all[1] = new .internal."thread"();
        all[1].start(new client(port, trips));
        all[2] = new .internal."thread"();
        all[2].start(new walker(nodes, 1, steps));
        all[3] = new .internal."thread"();
        all[3].start(new walker(nodes, 2, steps));
        for (int i = 0; i < 4; i++) all[i].join();
        println("done");
        return 0;
    }
};
