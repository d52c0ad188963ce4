// Threads wait until others have counted it down to 0.
package .lib;

class latch {
    var lock : .internal.mutex;
    var open : .internal.cond;
    var count : int;

    void latch(var n : int) {
        if (n < 0) throw new .lib.error("latch: a count is not negative: " + n);
        lock = new .internal.mutex();
        open = new .internal.cond();
        count = n;
    }

    void countDown() {
        lock.lock();
        if (count > 0) count--;
        if (count == 0) open.broadcast();
        lock.unlock();
    }

    // Waits until the count is 0.
    void await() {
        lock.lock();
        try { while (count > 0) open.wait(lock); } finally { lock.unlock(); }
    }

    int left() { return count; }
};
