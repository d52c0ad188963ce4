// Threads that hand numbers on through a bounded buffer, count under a lock, and sleep.
package .worlds;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.time;

class buffer {
    var lock : mutex;
    var changed : cond;
    var items : int[];
    var count : int;
    var first : int;

    void buffer() {
        lock = new mutex();
        changed = new cond();
        items = new int[]();
        for (int i = 0; i < 4; i++) items[i] = 0;
    }
    void put(var x : int) {
        lock.lock();
        while (count == 4) changed.wait(lock);
        items[(first + count) % 4] = x;
        count = count + 1;
        changed.broadcast();
        lock.unlock();
    }
    int take() {
        lock.lock();
        while (count == 0) changed.wait(lock);
        int x = items[first];
        first = (first + 1) % 4;
        count = count - 1;
        changed.broadcast();
        lock.unlock();
        return x;
    }
};

class maker {
    var to : buffer;
    var from : int;
    void maker(var b : buffer, var f : int) { to = b; from = f; }
    void run() {
        for (int i = 0; i < 25; i++) {
            to.put(from + i);
            if (i % 8 == 7) new time().sleepMsec(20);
        }
        to.put(-1);
    }
};

class threads {
    int main(string[] args) {
        var shared = new buffer();
        for (int i = 0; i < 4; i++) new .internal.thread().start(new maker(shared, i * 100));
        int ended = 0;
        int sum = 0;
        int taken = 0;
        while (ended < 4) {
            int x = shared.take();
            if (x < 0) { ended = ended + 1; }
            else {
                sum = sum + x;
                taken = taken + 1;
                if (taken % 10 == 0) println("taken " + taken);
            }
        }
        println("sum " + sum);
        return 0;
    }
};
