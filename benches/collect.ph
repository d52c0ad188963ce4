// A graph of objects at random, of so many MiB; when a line comes, a full collection, asked for, and what still stands.
package .benches;

import .internal.binary;
import .internal.boot;
import .internal.console;
import .internal.world;

class node {
    var value : int;
    var left : node;
    var right : node;
    var payload : .internal.binary;

    void node(int v, .internal.binary p) {
        value = v;
        payload = p;
    }
    void link(node l, node r) {
        left = l;
        right = r;
    }
};

class collect {
    int main(string[] args) {
        int count = args[0].toInt() * 3600;
        .internal.boot boot = new .internal.boot();
        node[] nodes = new node[]();
        for (int i = 0; i < count; i++) {
            .internal.binary payload = boot.createBinary(160);
            payload.setInt(8, i);
            nodes[i] = new node(i, payload);
        }
        int seed = 12345;
        for (int i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            int one = (seed >>> 8) % count;
            seed = seed * 1103515245 + 12345;
            nodes[i].link(nodes[one], nodes[(seed >>> 8) % count]);
        }
        // Every fourth node is reached by others only, or not at all.
        for (int i = 0; i < count; i = i + 4) nodes[i] = null;
        println("ready");
        new .internal.console().readLine();
        new .internal.world().collect();
        println("collected");
        return 0;
    }
};
