// A mutex: exclusion, reentrance, limits of time, hand-over in order.
// expect: counted 400
// expect: held twice: 1
// expect: tried elsewhere: 0
// expect: timed elsewhere: 0 after 50 ms
// expect: free: 1
// expect: not owner: mutex unlock - not owner
// expect: in order: 12345
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.time;

class counter {
    var m : .internal.mutex;
    var n : int;
    void counter() { m = new .internal.mutex(); }
    void run() {
        for (int i = 0; i < 40; i++) {
            m.lock();
            int seen = n;
            if (i % 10 == 0) new .internal.time().sleepMsec(1);
            n = seen + 1;
            m.unlock();
        }
    }
};
class trier {
    var m : .internal.mutex;
    var ms : int;
    void trier(var mutex : .internal.mutex, var msec : int) { m = mutex; ms = msec; }
    int run() { return ms > 0 ? m.tryLockMsec(ms) : m.tryLock(); }
};
class taker {
    var m : .internal.mutex;
    var order : string[];
    var name : string;
    void taker(var mutex : .internal.mutex, var list : string[], var n : string) { m = mutex; order = list; name = n; }
    void run() { m.lock(); order.add(name); m.unlock(); }
};

class mutexes {
    void main() {
        var time = new .internal.time();
        var c = new counter();
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 10; i++) all[i] = new .internal.thread().start(c);
        for (int i = 0; i < 10; i++) all[i].join();
        println("counted " + c.n);
        var m = new .internal.mutex();
        m.lock();
        m.lock();
        m.unlock();
        println("held twice: " + (m.getOwner() != null));
        println("tried elsewhere: " + new .internal.thread().start(new trier(m, 0)).join());
        long before = time.monotonicMsec();
        int timed = new .internal.thread().start(new trier(m, 50)).join();
        int late = time.monotonicMsec() - before >= 50;
        println("timed elsewhere: " + timed + (late ? " after 50 ms" : " too early"));
        m.unlock();
        println("free: " + new .internal.thread().start(new trier(m, 50)).join());
        try { m.unlock(); } catch (string e) { println("not owner: " + e); }
        // Whoever waits longest has it first, and nobody who comes later is faster.
        m = new .internal.mutex();
        m.lock();
        string[] order = new string[]();
        for (int i = 0; i < 4; i++) {
            all[i] = new .internal.thread().start(new taker(m, order, "" + (i + 1)));
            while (all[i].getState() != "waiting for a mutex") time.sleepMsec(1);
        }
        m.unlock();
        m.lock();
        order.add("5");
        m.unlock();
        string text = "";
        foreach (name in order) text = text + name;
        println("in order: " + text);
    }
};
