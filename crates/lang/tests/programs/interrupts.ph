// An interrupt ends a wait, or the next one; not the wait for a lock.
// expect: sleeping: interrupted
// expect: joining: interrupted
// expect: waiting for a permit: interrupted
// expect: waiting for a signal: interrupted, the mutex held 1
// expect: waiting for a notification: interrupted, the lock held 1
// expect: running: told 1, then interrupted, then told 0
// expect: waiting for a mutex: got it, then interrupted
// expect: the signal first: 1
// expect: an ended one: 0
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.sema;
import .internal.sync;
import .internal.time;
import .internal.world;
import .internal.exception.interrupted;

class victim {
    var kind : int;
    var m : .internal.mutex;
    var c : .internal.cond;
    var s : .internal.sema;
    var go : int;
    void victim(var k : int) { kind = k; m = new .internal.mutex(); c = new .internal.cond(); s = new .internal.sema(); }
    string run() {
        var me = new .internal.world().getMyThread();
        var time = new .internal.time();
        var sync = new .internal.sync();
        try {
            switch (kind) {
                case 0: time.sleepSec(1000000); break;
                case 1: new .internal.thread().start(new victim(7)).join(); break;
                case 2: s.acquire(); break;
                case 3:
                    m.lock();
                    try { c.wait(m); }
                    catch (.internal.exception.interrupted e) { return "interrupted, the mutex held " + (m.getOwner() :== me); }
                    break;
                case 4:
                    sync.lock(this);
                    try { sync.wait(this); }
                    catch (.internal.exception.interrupted e) { return "interrupted, the lock held " + sync.holdsLock(this); }
                    break;
                case 5:
                    while (!go) me.yield();
                    int told = me.isInterrupted();
                    try { time.sleepSec(1000); }
                    catch (.internal.exception.interrupted e) { return "told " + told + ", then interrupted, then told " + me.isInterrupted(); }
                    break;
                case 6:
                    m.lock();
                    string got = "got it, ";
                    m.unlock();
                    try { s.acquire(); }
                    catch (.internal.exception.interrupted e) { return got + "then interrupted"; }
                    break;
                case 7: return "";
                case 8:
                    m.lock();
                    int signalled = c.twait(m, 1000000);
                    m.unlock();
                    return "" + signalled;
            }
        }
        catch (.internal.exception.interrupted e) { return "interrupted"; }
        return "went on";
    }
};
class endless { void run() { while (true) new .internal.time().sleepSec(1000000); } };

class interrupts {
    void until(var t : .internal.thread, var state : string) {
        while (t.getState() != state) new .internal.time().sleepMsec(1);
    }
    string outcome(var kind : int, var state : string) {
        var t = new .internal.thread().start(new victim(kind));
        until(t, state);
        t.interrupt();
        return t.join();
    }
    void main() {
        println("sleeping: " + outcome(0, "sleeping"));
        // Who joins waits for a thread that waits for ever.
        var endless = new .internal.thread();
        endless.setDaemon(1);
        endless.start(new endless());
        var j = new .internal.thread().start(new joiner(endless));
        until(j, "waiting for a thread");
        j.interrupt();
        println("joining: " + j.join());
        println("waiting for a permit: " + outcome(2, "waiting for a permit"));
        println("waiting for a signal: " + outcome(3, "waiting for a signal"));
        println("waiting for a notification: " + outcome(4, "waiting for a notification"));
        var v = new victim(5);
        var t = new .internal.thread().start(v);
        t.interrupt();
        v.go = 1;
        println("running: " + t.join());
        v = new victim(6);
        v.m.lock();
        t = new .internal.thread().start(v);
        until(t, "waiting for a mutex");
        t.interrupt();
        v.m.unlock();
        println("waiting for a mutex: " + t.join());
        v = new victim(8);
        t = new .internal.thread().start(v);
        until(t, "waiting for a signal");
        v.m.lock();
        v.c.signal();
        t.interrupt();
        v.m.unlock();
        println("the signal first: " + t.join());
        t.interrupt();
        println("an ended one: " + t.isAlive());
    }
};
class joiner {
    var of : .internal.thread;
    void joiner(var t : .internal.thread) { of = t; }
    string run() {
        try { of.join(); } catch (.internal.exception.interrupted e) { return "interrupted"; }
        return "went on";
    }
};
