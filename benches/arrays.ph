// An array of so many MiB, written and read page by page; with a second argument of 1 it is copied as well.
package .benches;

import .internal.binary;
import .internal.boot;

class arrays {
    int sum(.internal.binary from) {
        int sum = 0;
        for (int page = 0; page < from.size() / 4096; page++) sum = sum * 31 + from.getInt(page * 4096);
        return sum;
    }
    int main(string[] args) {
        int pages = args[0].toInt() * 256;
        .internal.boot boot = new .internal.boot();
        .internal.binary one = boot.createBinary(pages * 4096);
        for (int page = 0; page < pages; page++) one.setInt(page * 4096, page * 7);
        println("filled");
        println(sum(one));
        if (args[1].toInt() == 1) {
            .internal.binary two = boot.createBinary(pages * 4096);
            two.setRange(one, 0, 0, pages * 4096);
            // Again, over itself.
            two.setRange(two, 4096, 0, (pages - 1) * 4096);
            println(sum(two));
        }
        return 0;
    }
};
