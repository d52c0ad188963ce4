// One client whose every write is durable before the next: 64 MiB of records, one of them replaced, then `snapSync`.
// Prints the number of writes and the milliseconds that they took.
package .benches;

import .internal.world;

class durable {
    int main(string[] args) {
        var records = new .internal.container.array();
        var world = new .internal.world();
        var clock = new .internal.time();
        string zeros = "0000000000";
        string filler = zeros + zeros + zeros + zeros + zeros + zeros + zeros + zeros + zeros + zeros;
        filler = filler + filler + filler + filler + filler + filler + filler + filler + filler;
        for (int n = 0; n < 65536; n += 1) records.add(filler + (n + 10000000) + zeros);
        world.snapSync();
        long span = 3000L;
        if (args.size() > 0) span = args[0].toLong();
        long began = clock.monotonicMsec();
        int writes = 0;
        while (clock.monotonicMsec() - began < span) {
            records.set(filler + (writes + 20000000) + zeros, writes * 40503 & 65535);
            world.snapSync();
            writes += 1;
        }
        println(writes + " " + (clock.monotonicMsec() - began));
        return 0;
    }
};
