// Many threads wait for what ends or comes at once: a thread, mutexes with their owner, permits. How many may be given as an argument.
// expect: joined: all
// expect: abandoned: all
// expect: abandoned one by one: all
// expect: permits: all, 7 left
// expect: recovered in between: all
// expect: an environment for each: all
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.sema;
import .internal.directory;
import .internal.container."array";
import .internal.exception;

class gate {
    var m : mutex;
    var waiting : int;
    var through : int;
    var open : int;
    void gate() { m = new mutex(); waiting = 0; through = 0; open = 0; }
    void comes() { m.lock(); waiting++; m.unlock(); }
    void passes() { m.lock(); through++; m.unlock(); }
    void wait_for(var count : int) {
        while (1) {
            m.lock();
            int now = waiting;
            m.unlock();
            if (now >= count) return;
            new .internal.world().getMyThread().yield();
        }
    }
};

class owner {
    var g : gate;
    var held : array;
    var done : int;
    void owner(var x : gate, var a : array) { g = x; held = a; done = 0; }
    .internal.object run() {
        for (int i = 0; i < held.size(); i++) { mutex one = held.get(i); one.lock(); }
        done = 1;
        while (g.open == 0) new .internal.world().getMyThread().yield();
        throw "this thread dies";
    }
};

class joiner {
    var g : gate;
    var t : .internal.thread;
    void joiner(var x : gate, var y : .internal.thread) { g = x; t = y; }
    .internal.object run() {
        g.comes();
        try { t.join(); } catch(.internal.exception.thread_died e) { g.passes(); }
        return null;
    }
};

class locker {
    var g : gate;
    var m : mutex;
    var recovers : int;
    void locker(var x : gate, var y : mutex, var r : int) { g = x; m = y; recovers = r; }
    .internal.object run() {
        g.comes();
        try { m.lock(); } catch(.internal.exception.abandoned e) {
            if (recovers && m.recover()) m.unlock();
            g.passes();
            return null;
        }
        m.unlock();
        if (recovers) g.passes();
        return null;
    }
};

class taker {
    var g : gate;
    var s : sema;
    void taker(var x : gate, var y : sema) { g = x; s = y; }
    .internal.object run() {
        g.comes();
        s.acquire();
        g.passes();
        return null;
    }
};

class looker {
    var g : gate;
    void looker(var x : gate) { g = x; }
    .internal.object run() {
        directory d = new .internal.world().getMyThread().getEnvironment();
        int there = d.get("last");
        d.set("last", 0);
        if (there == 1) g.passes();
        return null;
    }
};

class many_end {
    array all;

    void start(var o : .internal.object) { all.add(new .internal."thread"().start(o)); }
    void end_all() {
        for (int i = 0; i < all.size(); i++) {
            .internal."thread" one = all.get(i);
            try { one.join(); } catch(.internal.exception.thread_died e) { }
        }
        all.clear();
    }
    void tell(var what : string, var g : gate, int count) {
        if (g.through == count) println(what + ": all"); else println(what + ": " + g.through + " of " + count);
    }

    .internal.thread dying(var g : gate, var held : array) {
        owner o = new owner(g, held);
        .internal."thread" t = new .internal."thread"().start(o);
        while (o.done == 0) new .internal.world().getMyThread().yield();
        all.add(t);
        return t;
    }

    void joined(int count) {
        gate g = new gate();
        .internal."thread" t = dying(g, new array());
        for (int i = 0; i < count; i++) start(new joiner(g, t));
        g.wait_for(count);
        g.open = 1;
        end_all();
        tell("joined", g, count);
    }

    // Each of `mutexes` mutexes has `count` threads that want it.
    void abandoned(var what : string, int mutexes, int count, int recovers) {
        gate g = new gate();
        array held = new array();
        for (int i = 0; i < mutexes; i++) held.add(new mutex());
        dying(g, held);
        for (int i = 0; i < mutexes; i++) {
            mutex one = held.get(i);
            for (int j = 0; j < count; j++) start(new locker(g, one, recovers));
        }
        g.wait_for(mutexes * count);
        g.open = 1;
        end_all();
        tell(what, g, mutexes * count);
    }

    void permits(int count) {
        gate g = new gate();
        sema s = new sema();
        for (int i = 0; i < count; i++) start(new taker(g, s));
        g.wait_for(count);
        s.releaseMany(count + 7);
        end_all();
        if (g.through == count) println("permits: all, " + s.available() + " left");
        else println("permits: " + g.through);
    }

    void environments(int count) {
        gate g = new gate();
        directory d = new .internal.world().getMyThread().getEnvironment();
        for (int i = 0; i < count; i++) d.set(i, i);
        d.set("last", 1);
        for (int i = 0; i < 5; i++) start(new looker(g));
        end_all();
        d.clear();
        tell("an environment for each", g, 5);
    }

    int main(string[] args) {
        all = new array();
        int count = 600;
        if (args.size() > 0) count = args[0].toInt();
        joined(count);
        abandoned("abandoned", 1, count, 0);
        abandoned("abandoned one by one", count, 1, 0);
        permits(count);
        abandoned("recovered in between", 1, count, 1);
        environments(count * 5);
        return 0;
    }
};
