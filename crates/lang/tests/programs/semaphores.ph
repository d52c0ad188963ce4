// Semaphores: permits are handed over in order; limits of time.
// expect: ping pong ping pong ping pong
// expect: none: 0
// expect: timed: 0
// expect: three: 3
// expect: two left: 2
// expect: zero: 0
// expect: at most 2 at once
// expect: negative: semaphore release - the number is negative
// expect: too many: semaphore release - there are too many permits
package .programs;

import .internal."thread";
import .internal.sema;
import .internal.time;
import .internal.atomic;

class player {
    var mine : .internal.sema;
    var other : .internal.sema;
    var log : string[];
    var word : string;
    void player(var a : .internal.sema, var b : .internal.sema, var l : string[], var w : string) { mine = a; other = b; log = l; word = w; }
    void run() {
        for (int i = 0; i < 3; i++) { mine.acquire(); log.add(word); other.release(); }
    }
};
class guest {
    var door : .internal.sema;
    var inside : .internal.atomic;
    var most : .internal.atomic;
    void guest(var s : .internal.sema, var i : .internal.atomic, var m : .internal.atomic) { door = s; inside = i; most = m; }
    void run() {
        for (int i = 0; i < 5; i++) {
            door.acquire();
            long now = inside.add(1);
            if (now > most.get()) most.set(now);
            new .internal.time().sleepMsec(1);
            inside.add(-1);
            door.release();
        }
    }
};

class semaphores {
    void main() {
        var ping = new .internal.sema();
        var pong = new .internal.sema();
        string[] log = new string[]();
        var a = new .internal.thread().start(new player(ping, pong, log, "ping"));
        var b = new .internal.thread().start(new player(pong, ping, log, "pong"));
        ping.release();
        a.join();
        b.join();
        string text = "";
        foreach (word in log) text = text + (text.length() > 0 ? " " : "") + word;
        println(text);
        var s = new .internal.sema();
        println("none: " + s.tryAcquire());
        println("timed: " + s.tacquire(20));
        s.releaseMany(3);
        println("three: " + s.available());
        s.acquire();
        println("two left: " + s.available());
        s.zero();
        println("zero: " + s.available());
        s.releaseMany(2);
        var inside = new .internal.atomic();
        var most = new .internal.atomic();
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 6; i++) all[i] = new .internal.thread().start(new guest(s, inside, most));
        for (int i = 0; i < 6; i++) all[i].join();
        println(most.get() <= 2 ? "at most 2 at once" : "too many at once");
        try { s.releaseMany(-1); } catch (string e) { println("negative: " + e); }
        try { s.releaseMany(2147483647); } catch (string e) { println("too many: " + e); }
    }
};
