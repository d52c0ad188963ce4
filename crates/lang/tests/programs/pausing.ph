// A paused thread runs no further until it is unpaused, wherever it stood.
// expect: paused: 0
// expect: goes on: 1
// expect: itself: paused
// expect: and ends: 5
// expect: its wait went on: ended
package .programs;

import .internal."thread";
import .internal.time;
import .internal.world;

class counter {
    var n : int;
    var stop : int;
    void run() { while (!stop) { n++; new .internal.time().sleepMsec(1); } }
};
class self {
    int run() { new .internal.world().getMyThread().pause(); return 5; }
};
class sleeper { void run() { new .internal.time().sleepMsec(50); } };

class pausing {
    void main() {
        var time = new .internal.time();
        var c = new counter();
        var t = new .internal.thread().start(c);
        while (c.n == 0) time.sleepMsec(1);
        t.pause();
        while (t.getState() != "paused") time.sleepMsec(1);
        int seen = c.n;
        time.sleepMsec(100);
        println("paused: " + (c.n - seen));
        t.unpause();
        while (c.n == seen) time.sleepMsec(1);
        println("goes on: " + (c.n > seen));
        c.stop = 1;
        t.join();
        t = new .internal.thread().start(new self());
        while (t.getState() != "paused") time.sleepMsec(1);
        println("itself: " + t.getState());
        t.unpause();
        println("and ends: " + t.join());
        t = new .internal.thread();
        t.pause();
        t.start(new sleeper());
        while (t.getState() != "paused") time.sleepMsec(1);
        t.unpause();
        t.joinMsec(100000);
        println("its wait went on: " + t.getState());
    }
};
