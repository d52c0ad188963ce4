// A result that comes later: one thread completes it, others wait for it.
package .lib;

class future<T> {
    var lock : .internal.mutex;
    var come : .internal.cond;
    // 0 when nothing came, 1 with a value, 2 with what was thrown.
    var state : int;
    var held;

    void future() {
        lock = new .internal.mutex();
        come = new .internal.cond();
    }

    // Gives the result; whether it was the first.
    int complete(T value) { return end(1, value); }
    // Gives what `get` throws in its place; whether it was the first.
    int fail(var thrown) { return end(2, thrown); }

    int end(var how : int, var value) {
        lock.lock();
        try {
            if (state) return false;
            state = how;
            held = value;
            come.broadcast();
            return true;
        } finally { lock.unlock(); }
    }

    // Waits for the result; throws what was thrown.
    T get() {
        lock.lock();
        try { while (!state) come.wait(lock); } finally { lock.unlock(); }
        if (state == 2) throw held;
        T value = held;
        return value;
    }

    // As `get`, no longer than so many milliseconds; another value when the time is over.
    T getWithin(int msec, T other) {
        var clock = new .internal.time();
        long until = clock.monotonicMsec() + msec;
        lock.lock();
        try {
            while (!state) {
                long left = until - clock.monotonicMsec();
                if (left <= 0L) return other;
                come.twait(lock, (int)left);
            }
        } finally { lock.unlock(); }
        if (state == 2) throw held;
        T value = held;
        return value;
    }

    int isDone() { return state != 0; }
};
