// Fills the world with so many MiB of objects that live on, says so, and waits for a line.
package .benches;

import .internal.binary;
import .internal.boot;
import .internal.console;

class large {
    int main(string[] args) {
        int mib = args[0].toInt();
        .internal.boot boot = new .internal.boot();
        .internal.binary[] blocks = new .internal.binary[]();
        for (int i = 0; i < mib; i++) {
            .internal.binary block = boot.createBinary(1048576);
            for (int page = 0; page < 256; page++)
                block.setInt(page * 4096, i * 256 + page + 1);
            blocks[i] = block;
        }
        println("ready");
        new .internal.console().readLine();
        // What was written is still there.
        for (int i = 0; i < mib; i++)
            for (int page = 0; page < 256; page++)
                if (blocks[i].getInt(page * 4096) != i * 256 + page + 1) throw "lost";
        return 0;
    }
};
