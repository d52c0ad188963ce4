// Counts for ever. Kill it with kill -9 and run it again: it goes on where it was.
package .examples;

import .internal.time;

class counter {
    void main() {
        var clock = new .internal.time();
        for (var n = 1; ; n++) {
            println(n);
            clock.sleepMsec(100);
        }
    }
};
