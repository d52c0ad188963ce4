// A mutex whose owner has ended with it: whoever waits for it or wants it learns that, and can recover it.
// expect: waited: abandoned
// expect: waited: abandoned
// expect: tried: abandoned
// expect: unlocked: mutex unlock - not owner
// expect: in a condition: abandoned
// expect: recovered 1, then 0
// expect: held by me: 1
// expect: locked by another: 0
// expect: free again: 1
// expect: nobody waited: abandoned
// expect: of a thread that returned: abandoned
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.time;
import .internal.exception;

class dying {
    var m : mutex;
    var waiters : int;
    void dying(var x : mutex, var n : int) { m = x; waiters = n; }
    .internal.object run() {
        m.lock();
        if (waiters == 0) return null;
        new .internal.time().sleepMsec(30);
        throw "this thread dies";
    }
};
class waiting {
    var m : mutex;
    void waiting(var x : mutex) { m = x; }
    .internal.object run() {
        try { m.lock(); } catch(.internal.exception.abandoned e) { return "abandoned"; }
        m.unlock();
        return "locked";
    }
};
class in_condition {
    var m : mutex;
    var c : cond;
    void in_condition(var x : mutex, var y : cond) { m = x; c = y; }
    .internal.object run() {
        m.lock();
        try { c.wait(m); } catch(.internal.exception.abandoned e) { return "abandoned"; }
        return "signalled";
    }
};
class trying {
    var m : mutex;
    void trying(var x : mutex) { m = x; }
    .internal.object run() { return m.tryLock(); }
};

class abandoned_mutexes {
    void die(var t : .internal.thread) {
        try { t.join(); } catch(.internal.exception.thread_died e) { }
    }
    void until_locked(var m : mutex) {
        while (m.getOwner() == null) new .internal.time().sleepMsec(1);
    }
    void main() {
        var m = new mutex();
        var c = new cond();
        var cond_waiter = new .internal.thread().start(new in_condition(m, c));
        while (cond_waiter.getState() != "waiting for a signal") new .internal.time().sleepMsec(1);
        var owner = new .internal.thread().start(new dying(m, 2));
        until_locked(m);
        var one = new .internal.thread().start(new waiting(m));
        var two = new .internal.thread().start(new waiting(m));
        c.signal();
        println("waited: " + one.join());
        println("waited: " + two.join());
        die(owner);
        try { m.tryLock(); println("tried: locked"); } catch(.internal.exception.abandoned e) { println("tried: abandoned"); }
        try { m.unlock(); } catch(string s) { println("unlocked: " + s); }
        println("in a condition: " + cond_waiter.join());
        int first = m.recover();
        println("recovered " + first + ", then " + m.recover());
        println("held by me: " + (m.getOwner() == new .internal.world().getMyThread()));
        println("locked by another: " + new .internal.thread().start(new trying(m)).join());
        m.unlock();
        println("free again: " + m.tryLock());
        m.unlock();
        die(new .internal.thread().start(new dying(m, 1)));
        try { m.lock(); } catch(.internal.exception.abandoned e) { println("nobody waited: abandoned"); }
        m.recover();
        m.unlock();
        new .internal.thread().start(new dying(m, 0)).join();
        try { m.lock(); } catch(.internal.exception.abandoned e) { println("of a thread that returned: abandoned"); }
    }
};
