// A channel between threads: what one sends another receives, in order. With a bound, senders wait when it is full.
package .lib;

class channel<T> {
    var lock : .internal.mutex;
    var filled : .internal.cond;
    var emptied : .internal.cond;
    var items : .lib.deque<T>;
    var bound : int;
    var closed : int;
    // Those who wait for several channels.
    var watchers : .lib.list;

    // Without a bound: senders never wait.
    void channel() { make(0); }

    // Holds so many elements, at least 1.
    void channel(var capacity : int) {
        if (capacity < 1) throw new .lib.error("channel: a channel holds at least 1 element, not " + capacity);
        make(capacity);
    }

    void make(var capacity : int) {
        lock = new .internal.mutex();
        filled = new .internal.cond();
        emptied = new .internal.cond();
        items = new .lib.deque<T>();
        watchers = new .lib.list();
        bound = capacity;
    }

    // Sends, waiting while the channel is full; throws when it is closed.
    void send(T x) {
        lock.lock();
        try {
            while (bound > 0 && items.size() >= bound && !closed) emptied.wait(lock);
            if (closed) throw new .lib.channel.closed("channel.send: the channel is closed");
            enter(x);
        } finally { lock.unlock(); }
    }

    // Sends if there is room; whether there was.
    int trySend(T x) {
        lock.lock();
        try {
            if (closed) throw new .lib.channel.closed("channel.trySend: the channel is closed");
            if (bound > 0 && items.size() >= bound) return false;
            enter(x);
            return true;
        } finally { lock.unlock(); }
    }

    void enter(T x) {
        items.addLast(x);
        filled.signal();
        foreach (w in watchers) ((.lib.channel.watcher)w).wake();
    }

    // Receives, waiting while there is nothing; throws when the channel is closed and empty.
    T receive() {
        lock.lock();
        try {
            while (items.isEmpty() && !closed) filled.wait(lock);
            if (items.isEmpty()) throw new .lib.channel.closed("channel.receive: the channel is closed and empty");
            return leave();
        } finally { lock.unlock(); }
    }

    // As `receive`, no longer than so many milliseconds; another value when the time is over.
    T receiveWithin(int msec, T other) {
        var clock = new .internal.time();
        long until = clock.monotonicMsec() + msec;
        lock.lock();
        try {
            while (items.isEmpty() && !closed) {
                long left = until - clock.monotonicMsec();
                if (left <= 0L) return other;
                filled.twait(lock, (int)left);
            }
            if (items.isEmpty()) throw new .lib.channel.closed("channel.receive: the channel is closed and empty");
            return leave();
        } finally { lock.unlock(); }
    }

    // What is there now, or another value.
    T tryReceive(T other) {
        lock.lock();
        try {
            if (items.isEmpty()) return other;
            return leave();
        } finally { lock.unlock(); }
    }

    T leave() {
        T x = items.removeFirst();
        emptied.signal();
        return x;
    }

    // Nothing more can be sent; what is in it can still be received.
    void close() {
        lock.lock();
        try {
            closed = true;
            filled.broadcast();
            emptied.broadcast();
            foreach (w in watchers) ((.lib.channel.watcher)w).wake();
        } finally { lock.unlock(); }
    }

    int isClosed() { return closed; }
    int size() {
        lock.lock();
        int n = items.size();
        lock.unlock();
        return n;
    }

    // Waits for several channels: receives from the first in the list that has something. Throws when all are closed and
    // empty.
    static .lib.channel.received select(var channels : .lib.list) {
        var nothing = new .internal.object();
        var watcher = new .lib.channel.watcher();
        foreach (c in channels) ((channel)c).watch(watcher, true);
        try {
            while (true) {
                int open = false;
                foreach (x in channels) {
                    channel c = (channel)x;
                    // Asked first: who closes it meanwhile wakes the watcher.
                    open = open || !c.isClosed();
                    var found;
                    found = c.tryReceive(nothing);
                    if (found :!= nothing) return new .lib.channel.received(c, found);
                }
                if (!open) throw new .lib.channel.closed("channel.select: all channels are closed and empty");
                watcher.await();
            }
        } finally { foreach (c in channels) ((channel)c).watch(watcher, false); }
        return null;
    }

    void watch(var w : .lib.channel.watcher, var on : int) {
        lock.lock();
        try {
            if (on) watchers.add(w);
            else watchers.remove(w);
        } finally { lock.unlock(); }
    }

    // Receives until the channel is closed and empty; with one receiver only.
    .lib.channel.iterator<T> iterator() [8] { return new .lib.channel.iterator<T>(this); }
};

// The channel is closed.
class channel.closed extends .lib.error {
    void closed(var what : string) { super(what); }
};

// What `select` received, and from where.
class channel.received {
    var from : .lib.channel;
    var held;

    void received(var c : .lib.channel, var x) {
        from = c;
        held = x;
    }
    .lib.channel channel() { return from; }
    .internal.object value() { return held; }
};

class channel.watcher {
    var lock : .internal.mutex;
    var woken : .internal.cond;
    var called : int;

    void watcher() {
        lock = new .internal.mutex();
        woken = new .internal.cond();
    }
    void wake() {
        lock.lock();
        called = true;
        woken.signal();
        lock.unlock();
    }
    void await() {
        lock.lock();
        try {
            while (!called) woken.wait(lock);
            called = false;
        } finally { lock.unlock(); }
    }
};

class channel.iterator<T> {
    var of : .lib.channel<T>;

    void iterator(.lib.channel<T> c) { of = c; }
    // Waits until there is an element or there will be none.
    int hasNext() {
        of.lock.lock();
        try {
            while (of.items.isEmpty() && !of.closed) of.filled.wait(of.lock);
            return !of.items.isEmpty();
        } finally { of.lock.unlock(); }
    }
    T next() { return of.receive(); }
};
