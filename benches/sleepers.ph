// So many threads sleep; when they are to wake, they do so in the order of their times. Says when all of them sleep.
package .benches;

import .internal."thread";
import .internal.time;
import .internal.console;
import .internal.atomic;

class shared {
    var last : long;
    var woken : int;
    var wrong : int;
};
class sleeper {
    var all : shared;
    var until : long;
    void sleeper(var s : shared, var ms : long) { all = s; until = ms; }
    void run() {
        new .internal.time().sleepUntil(until);
        if (until < all.last) all.wrong++;
        all.last = until;
        all.woken++;
    }
};
class sleepers {
    int main(string[] args) {
        int count = args[0].toInt();
        int ms = args[1].toInt();
        var all = new shared();
        var time = new .internal.time();
        long start = time.monotonicMsec() + ms;
        // Their times come in another order than they are started in.
        int at = 0;
        for (int i = 0; i < count; i++) {
            at = (at + 61031) % count;
            new .internal.thread().start(new sleeper(all, start + at / 100));
        }
        time.sleepMsec(1);
        println("ready");
        new .internal.console().readLine();
        while (all.woken < count) time.sleepMsec(100);
        println("woken " + all.woken + ", out of order " + all.wrong);
        return all.wrong > 0;
    }
};
