// Conditions: a bounded queue, limits of time, the mutex held as often as before.
// expect: sum 4950 of 100
// expect: nobody signals: 0
// expect: signalled: 1
// expect: still held: 1
// expect: all woken: 5
// expect: not owner: cond wait - not owner
// expect: no mutex: cond wait - the argument is no mutex
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.time;

class queue {
    var m : .internal.mutex;
    var filled : .internal.cond;
    var emptied : .internal.cond;
    var items : .internal.object[];
    void queue() {
        m = new .internal.mutex();
        filled = new .internal.cond();
        emptied = new .internal.cond();
        items = new .internal.object[]();
    }
    void put(var item) {
        m.lock();
        while (items.size() >= 3) emptied.wait(m);
        items.add(item);
        filled.signal();
        m.unlock();
    }
    .internal.object take() {
        m.lock();
        while (items.size() == 0) filled.wait(m);
        var item = items.removeAt(0);
        emptied.signal();
        m.unlock();
        return item;
    }
};
class producer {
    var q : queue;
    var from : int;
    void producer(var to : queue, var first : int) { q = to; from = first; }
    void run() { for (int i = from; i < 100; i += 4) q.put(i); }
};
class consumer {
    var q : queue;
    var count : int;
    void consumer(var of : queue) { q = of; }
    int run() {
        int sum = 0;
        for (int i = 0; i < 50; i++) { int n = q.take(); sum += n; count++; }
        return sum;
    }
};
class signaller {
    var m : .internal.mutex;
    var c : .internal.cond;
    void signaller(var mutex : .internal.mutex, var cond : .internal.cond) { m = mutex; c = cond; }
    void run() { m.lock(); c.signal(); m.unlock(); }
};
class waiter {
    var m : .internal.mutex;
    var c : .internal.cond;
    var list : .internal.object[];
    void waiter(var mutex : .internal.mutex, var cond : .internal.cond, var all : .internal.object[]) { m = mutex; c = cond; list = all; }
    void run() { m.lock(); c.wait(m); list.add(1); m.unlock(); }
};

class conditions {
    void main() {
        var q = new queue();
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 4; i++) all[i] = new .internal.thread().start(new producer(q, i));
        var one = new consumer(q);
        var two = new consumer(q);
        var first = new .internal.thread().start(one);
        var second = new .internal.thread().start(two);
        int a = first.join();
        int b = second.join();
        println("sum " + (a + b) + " of " + (one.count + two.count));
        var m = new .internal.mutex();
        var c = new .internal.cond();
        m.lock();
        m.lock();
        println("nobody signals: " + c.twait(m, 20));
        var s = new .internal.thread().start(new signaller(m, c));
        println("signalled: " + c.twait(m, 1000000));
        m.unlock();
        println("still held: " + (m.getOwner() != null));
        m.unlock();
        var list = new .internal.object[]();
        for (int i = 0; i < 5; i++) {
            all[i] = new .internal.thread().start(new waiter(m, c, list));
            while (all[i].getState() != "waiting for a signal") new .internal.time().sleepMsec(1);
        }
        c.broadcast();
        for (int i = 0; i < 5; i++) all[i].join();
        println("all woken: " + list.size());
        try { c.wait(m); } catch (string e) { println("not owner: " + e); }
        var nothing;
        try { c.wait(nothing); } catch (string e) { println("no mutex: " + e); }
    }
};
