// Threads of the library: channels, futures, executors, locks, timers.
// expect: channel: 17 checks hold
// expect: executor: 9 checks hold
// expect: locks: 6 checks hold
// expect: timer: 5 checks hold
package .programs;

import .lib.channel;
import .lib.executor;
import .lib.future;
import .lib.latch;
import .lib.list;
import .lib.rwlock;
import .lib.set;
import .lib.timer;
import .lib.test;
import .lib.error;

class sender {
    var to : channel;
    var first : int;
    var count : int;
    void sender(var c : channel, var f : int, var n : int) { to = c; first = f; count = n; }
    .internal.object run() {
        for (int i = 0; i < count; i++) to.send(first + i);
        return count;
    }
};

class closer {
    var of : channel;
    void closer(var c : channel) { of = c; }
    .internal.object run() { new .internal.time().sleepMsec(5); of.close(); return null; }
};

class square {
    var n : int;
    void square(var x : int) { n = x; }
    .internal.object run() {
        if (n < 0) throw new error("no square of " + n);
        return n * n;
    }
};

class account {
    var guard : rwlock;
    var left : int;
    var right : int;
    var torn : int;
    void account() { guard = new rwlock(); }
};
class mover {
    var of : account;
    var done : latch;
    void mover(var a : account, var l : latch) { of = a; done = l; }
    .internal.object run() {
        for (int i = 0; i < 50; i++) {
            of.guard.lockWrite();
            of.left++;
            if (i % 7 == 0) new .internal.world().getMyThread().yield();
            of.right++;
            of.guard.unlockWrite();
        }
        done.countDown();
        return null;
    }
};
class looker {
    var of : account;
    var done : latch;
    void looker(var a : account, var l : latch) { of = a; done = l; }
    .internal.object run() {
        for (int i = 0; i < 50; i++) {
            of.guard.lockRead();
            int before = of.left;
            if (i % 5 == 0) new .internal.world().getMyThread().yield();
            if (of.right != before || of.left != before) of.torn++;
            of.guard.unlockRead();
        }
        done.countDown();
        return null;
    }
};

class beat {
    var times : int;
    .internal.object run() { times++; return times; }
};

class lib_threads {
    .internal.thread started(var what) { return new .internal.thread().start(what); }

    void main() {
        channels();
        pools();
        locks();
        timers();
    }

    void channels() {
        var t = new test("channel");
        var c = new channel(3);
        var a = started(new sender(c, 0, 100));
        var b = started(new sender(c, 1000, 100));
        var seen = new set();
        int lastA = -1;
        int lastB = 999;
        int ordered = true;
        for (int i = 0; i < 200; i++) {
            int x = c.receive();
            seen.add(x);
            if (x < 1000) { ordered = ordered && x == lastA + 1; lastA = x; }
            else { ordered = ordered && x == lastB + 1; lastB = x; }
        }
        t.equal("all came", seen.size(), 200);
        t.holds("each in order", ordered);
        t.equal("result of a sender", a.join(), 100);
        b.join();
        t.equal("nothing is left", c.tryReceive("none"), "none");
        t.equal("nothing within a time", c.receiveWithin(5, "late"), "late");
        c.send(1);
        c.send(2);
        c.send(3);
        t.equal("full", c.trySend(4), false);
        t.equal("size", c.size(), 3);
        started(new closer(c));
        int sum = 0;
        foreach (x in c) {
            int n = x;
            sum += n;
        }
        t.equal("until it is closed", sum, 6);
        try { c.receive(); t.fail("closed", "no error"); } catch (channel.closed e) { t.says("closed", e, "closed and empty"); }
        try { c.send(1); t.fail("send", "no error"); } catch (channel.closed e) { t.says("send", e, "the channel is closed"); }
        // One that waits for room is told when the channel is closed.
        var full = new channel(1);
        full.send(0);
        started(new closer(full));
        try { full.send(1); t.fail("waiting", "no error"); } catch (channel.closed e) { t.says("waiting", e, "is closed"); }
        t.equal("what is in it stays", full.receive(), 0);
        // Several at once.
        var p = new channel();
        var q = new channel(2);
        var both = new list().add(p).add(q);
        started(new sender(p, 1, 10));
        started(new sender(q, 100, 10));
        int fromP = 0;
        int fromQ = 0;
        for (int i = 0; i < 20; i++) {
            var got = channel.select(both);
            if (got.channel() :== p) fromP++;
            else fromQ++;
        }
        t.equal("from both", fromP + " " + fromQ, "10 10");
        p.close();
        started(new closer(q));
        try { channel.select(both); t.fail("select", "no error"); } catch (channel.closed e) { t.says("select", e, "all channels"); }
        t.equal("nobody watches any more", p.watchers.size() + q.watchers.size(), 0);
        try { var none = new channel(0); t.fail("room", "no error"); } catch (error e) { t.says("room", e, "at least 1"); }
        t.holds("unbounded", new channel().trySend(1));
        t.done();
    }

    void pools() {
        var t = new test("executor");
        var pool = new executor(3);
        var tasks = new list();
        int expected = 0;
        for (int i = 0; i < 20; i++) {
            tasks.add(new square(i));
            expected += i * i;
        }
        int sum = 0;
        foreach (r in pool.all(tasks)) {
            int n = r;
            sum += n;
        }
        t.equal("results", sum, expected);
        var bad = pool.submit(new square(-1));
        try { bad.get(); t.fail("thrown", "no error"); } catch (error e) { t.says("thrown", e, "no square of -1"); }
        t.equal("goes on", pool.submit(new square(9)).get(), 81);
        pool.close();
        try { pool.submit(new square(1)); t.fail("after", "no error"); } catch (channel.closed e) { t.says("after", e, "closed"); }
        var f = new future();
        t.equal("not yet", f.getWithin(3, "later"), "later");
        t.holds("first", f.complete(5));
        t.holds("not the first", !f.fail("too late"));
        t.equal("value", f.get(), 5);
        try { var none = new executor(0); t.fail("none", "no error"); } catch (error e) { t.says("none", e, "at least 1"); }
        t.done();
    }

    void locks() {
        var t = new test("locks");
        var a = new account();
        var done = new latch(6);
        for (int i = 0; i < 3; i++) {
            started(new mover(a, done));
            started(new looker(a, done));
        }
        done.await();
        t.equal("all moved", a.left + " " + a.right, "150 150");
        t.equal("nothing was seen half done", a.torn, 0);
        t.equal("latch", done.left(), 0);
        done.await();
        try { a.guard.unlockRead(); t.fail("read", "no error"); } catch (error e) { t.says("read", e, "nobody reads"); }
        try { a.guard.unlockWrite(); t.fail("write", "no error"); } catch (error e) { t.says("write", e, "nobody writes"); }
        try { var none = new latch(-1); t.fail("count", "no error"); } catch (error e) { t.says("count", e, "not negative"); }
        t.done();
    }

    void timers() {
        var t = new test("timer");
        var b = new beat();
        timer.after(10L, b).join();
        t.equal("once", b.times, 1);
        var again = timer.every(5L, b);
        while (b.times < 4) new .internal.time().sleepMsec(3);
        again.cancel();
        again.join();
        int times = b.times;
        t.holds("again and again", times >= 4);
        new .internal.time().sleepMsec(30);
        t.equal("not any more", b.times, times);
        var never = timer.after(1000000000L, b);
        never.cancel();
        never.join();
        t.equal("never", b.times, times);
        try { timer.every(0L, b); t.fail("period", "no error"); } catch (error e) { t.says("period", e, "at least 1"); }
        t.done();
    }
};
