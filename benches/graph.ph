// A graph of objects at random, of so many MiB, walked at random for so many steps: each step meets a page that was not
// touched for long. Now and then a node is written. Prints a checksum that depends on every node met and every write.
package .benches;

import .internal.binary;
import .internal.boot;

class node {
    var value : int;
    var visits : int;
    var left : node;
    var right : node;
    var payload : .internal.binary;

    void node(int v, .internal.binary p) {
        value = v;
        visits = 0;
        payload = p;
    }
    void link(node l, node r) {
        left = l;
        right = r;
    }
    node go(int side) {
        if (side == 0) return left;
        return right;
    }
    int visit(int step) {
        if ((step & 7) == 0) visits = visits + 1;
        return value + visits * 7 + payload.getInt(996);
    }
};

class graph {
    int main(string[] args) {
        int mib = 16;
        int steps = 20000;
        if (args.size() > 0) mib = args[0].toInt();
        if (args.size() > 1) steps = args[1].toInt();
        int count = mib * 960;
        .internal.boot boot = new .internal.boot();
        node[] nodes = new node[]();
        for (int i = 0; i < count; i++) {
            .internal.binary payload = boot.createBinary(1000);
            payload.setInt(996, i * 3);
            nodes[i] = new node(i, payload);
        }
        int seed = 12345;
        for (int i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            int one = (seed >>> 8) % count;
            seed = seed * 1103515245 + 12345;
            nodes[i].link(nodes[one], nodes[(seed >>> 8) % count]);
        }
        println("built");
        node at = nodes[0];
        int sum = 0;
        for (int step = 0; step < steps; step++) {
            seed = seed * 1103515245 + 12345;
            sum = sum * 31 + at.visit(step);
            at = at.go((seed >>> 16) & 1);
        }
        println(sum);
        return 0;
    }
};
