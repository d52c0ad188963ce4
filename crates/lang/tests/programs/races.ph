// What threads do together, each with a sum that a lost or doubled step would change.
// expect: added 1200
// expect: set 600
// expect: exchanged: none lost
// expect: initialised 1 time for 6 threads
// expect: notified 150 of 150
// expect: weak: 6 of 6 alive, all right
// expect: started 40 joined 40 sum 780
// expect: shared array: 900 elements, no index twice
// expect: shared directory: 300 keys
// expect: shared text: 2700 bytes
package .programs;

import .internal."thread";
import .internal.atomic;
import .internal.mutex;
import .internal.sync;
import .internal.weakref;
import .internal.directory;
import .internal.stringbuilder;
import .internal.container."array";

class once {
    static var times : atomic = new atomic();
    static var ready : int = once.make();
    static int make() {
        // Long enough for others to come meanwhile.
        int seen = (int) times.add(1);
        for (int i = 0; i < 3000; i++) seen = seen + i - i;
        return seen;
    }
};

class adder {
    var total : atomic;
    var swaps : atomic;
    var last : atomic;
    var taken : atomic;
    var put : atomic;
    void adder() {
        total = new atomic(); swaps = new atomic(); last = new atomic(); taken = new atomic(); put = new atomic();
    }
    void run() {
        for (int i = 0; i < 200; i++) total.add(1);
        for (int i = 0; i < 100; i++) {
            long seen = swaps.get();
            while (swaps.compareAndSet(seen, seen + 1) == 0) seen = swaps.get();
        }
        for (int i = 1; i <= 50; i++) {
            put.add(i);
            taken.add(last.exchange(i));
        }
    }
};

class first_user {
    var seen : int;
    void run() { seen = once.ready; }
};

class ball {
    var turn : int;
    var turns : int;
};
class player {
    var b : ball;
    var me : int;
    void player(var x : ball, var n : int) { b = x; me = n; }
    void run() {
        var s = new sync();
        for (int i = 0; i < 50; i++) {
            s.lock(b);
            while (b.turn != me) s.wait(b);
            b.turn = (me + 1) % 3;
            b.turns++;
            s.notifyAll(b);
            s.unlock(b);
        }
    }
};

class holder {
    var name : string;
    var weak : weakref;
    var held : string;
    var wrong : int;
    void holder(var n : string) { name = n; weak = new weakref(); }
    void run() {
        held = "object of ".concat(name);
        weak.set(held);
        string[] garbage = new string[]();
        for (int i = 0; i < 300; i++) {
            garbage[i % 7] = "garbage " + i;
            if (weak.get() != held) wrong++;
        }
    }
};

class number {
    var n : int;
    void number(var x : int) { n = x; }
    .internal.object run() { return n; }
};

// Without a lock: what is laid out anew in steps must not lose what others did meanwhile.
class sharer {
    var all : array;
    var names : directory;
    var text : stringbuilder;
    var me : int;
    void sharer(var a : array, var d : directory, var t : stringbuilder, var n : int) {
        all = a; names = d; text = t; me = n;
    }
    void run() {
        for (int i = 0; i < 150; i++) {
            all.add(me * 1000 + i);
            if (i % 3 == 0) names.put(me * 1000 + i, me);
            text.appendString("abc");
        }
    }
};

class races {
    .internal.thread[] begin(.internal.object[] what) {
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < what.size(); i++) all[i] = new .internal.thread().start(what[i]);
        return all;
    }
    void end(.internal.thread[] all) {
        for (int i = 0; i < all.size(); i++) all[i].join();
    }

    void atomics() {
        var a = new adder();
        .internal.object[] six = new .internal.object[]();
        for (int i = 0; i < 6; i++) six.add(a);
        end(begin(six));
        println("added " + a.total.get());
        println("set " + a.swaps.get());
        long lost = a.put.get() - a.taken.get() - a.last.get();
        if (lost == 0) println("exchanged: none lost"); else println("exchanged: lost " + lost);
    }
    void initialisers() {
        .internal.object[] six = new .internal.object[]();
        for (int i = 0; i < 6; i++) six.add(new first_user());
        end(begin(six));
        int right = 0;
        for (int i = 0; i < 6; i++) {
            first_user u = six[i];
            if (u.seen == 1) right++;
        }
        println("initialised " + once.times.get() + " time for " + right + " threads");
    }
    void notifications() {
        var b = new ball();
        .internal.object[] three = new .internal.object[]();
        for (int i = 0; i < 3; i++) three.add(new player(b, i));
        end(begin(three));
        println("notified " + b.turns + " of 150");
    }
    void weak() {
        .internal.object[] six = new .internal.object[]();
        for (int i = 0; i < 6; i++) six.add(new holder("thread " + i));
        end(begin(six));
        int alive = 0;
        int wrong = 0;
        for (int i = 0; i < 6; i++) {
            holder h = six[i];
            if (h.weak.get() == h.held && h.held == "object of thread " + i) alive++;
            wrong = wrong + h.wrong;
        }
        if (wrong == 0) println("weak: " + alive + " of 6 alive, all right"); else println("weak: " + wrong + " wrong");
    }
    void starts() {
        .internal.object[] many = new .internal.object[]();
        for (int i = 0; i < 40; i++) many.add(new number(i));
        .internal.thread[] all = begin(many);
        int sum = 0;
        int joined = 0;
        for (int i = 0; i < 40; i++) {
            int n = all[i].join();
            sum = sum + n;
            joined++;
        }
        println("started " + all.size() + " joined " + joined + " sum " + sum);
    }
    void sharing() {
        array a = new array();
        directory d = new directory();
        stringbuilder t = new stringbuilder();
        .internal.object[] six = new .internal.object[]();
        for (int i = 0; i < 6; i++) six.add(new sharer(a, d, t, i));
        end(begin(six));
        directory once = new directory();
        int twice = 0;
        for (int i = 0; i < a.size(); i++) twice = twice + once.put(a.get(i), 1);
        if (twice == 0) println("shared array: " + once.size() + " elements, no index twice");
        else println("shared array: " + once.size() + " elements, some twice");
        println("shared directory: " + d.size() + " keys");
        println("shared text: " + t.length() + " bytes");
    }
    void main() {
        atomics();
        initialisers();
        notifications();
        weak();
        starts();
        sharing();
    }
};
