// The locks of objects: exclusion, reentrance, notifications.
// expect: counted 200
// expect: one at a time: first second third
// expect: notified: 1
// expect: not notified: 0
// expect: held twice after it: 1 1 0
// expect: not held: .internal.exception.illegal_monitor
// expect: cannot wait: .internal.exception.illegal_monitor
// expect: cannot notify: .internal.exception.illegal_monitor
// expect: null: .internal.exception.null_pointer
// expect: a number: .internal.exception.illegal_monitor
package .programs;

import .internal."thread";
import .internal.sync;
import .internal.time;
import .internal.exception;

class cell {
    var n : int;
    void run() {
        var sync = new .internal.sync();
        for (int i = 0; i < 40; i++) {
            sync.lock(this);
            int seen = n;
            if (i % 10 == 0) new .internal.time().sleepMsec(1);
            n = seen + 1;
            sync.unlock(this);
        }
    }
};
class waiter {
    var on;
    var log : string[];
    var name : string;
    void waiter(var object, var list : string[], var n : string) { on = object; log = list; name = n; }
    int run() {
        var sync = new .internal.sync();
        sync.lock(on);
        int got = sync.waitMsec(on, 1000000);
        log.add(name);
        sync.unlock(on);
        return got;
    }
};

class monitors {
    void until(var t : .internal.thread, var state : string) {
        while (t.getState() != state) new .internal.time().sleepMsec(1);
    }
    void main() {
        var sync = new .internal.sync();
        var c = new cell();
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 5; i++) all[i] = new .internal.thread().start(c);
        for (int i = 0; i < 5; i++) all[i].join();
        println("counted " + c.n);
        string[] log = new string[]();
        string[] names = new string[]();
        names.add("first");
        names.add("second");
        names.add("third");
        for (int i = 0; i < 3; i++) {
            all[i] = new .internal.thread().start(new waiter(c, log, names[i]));
            until(all[i], "waiting for a notification");
        }
        int got = 0;
        for (int i = 0; i < 3; i++) {
            sync.lock(c);
            if (i < 2) sync.notify(c); else sync.notifyAll(c);
            sync.unlock(c);
            got = all[i].join();
        }
        println("one at a time: " + log[0] + " " + log[1] + " " + log[2]);
        println("notified: " + got);
        sync.lock(c);
        sync.lock(c);
        println("not notified: " + sync.waitMsec(c, 5));
        string held = "" + sync.holdsLock(c);
        sync.unlock(c);
        held = held + " " + sync.holdsLock(c);
        sync.unlock(c);
        println("held twice after it: " + held + " " + sync.holdsLock(c));
        try { sync.unlock(c); } catch (.internal.exception e) { println("not held: " + e.getClass().getName()); }
        try { sync.wait(c); } catch (.internal.exception e) { println("cannot wait: " + e.getClass().getName()); }
        try { sync.notify(c); } catch (.internal.exception e) { println("cannot notify: " + e.getClass().getName()); }
        try { sync.lock(null); } catch (.internal.exception e) { println("null: " + e.getClass().getName()); }
        try { sync.lock(5); } catch (.internal.exception e) { println("a number: " + e.getClass().getName()); }
    }
};
