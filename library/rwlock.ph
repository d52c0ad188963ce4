// A lock that many readers share or one writer has alone. A writer that waits goes before readers that come later.
package .lib;

class rwlock {
    var lock : .internal.mutex;
    var changed : .internal.cond;
    var readers : int;
    var writing : int;
    var writersWaiting : int;

    void rwlock() {
        lock = new .internal.mutex();
        changed = new .internal.cond();
    }

    void lockRead() {
        lock.lock();
        try {
            while (writing || writersWaiting > 0) changed.wait(lock);
            readers++;
        } finally { lock.unlock(); }
    }
    void unlockRead() {
        lock.lock();
        try {
            if (readers == 0) throw new .lib.error("rwlock.unlockRead: nobody reads");
            readers--;
            if (readers == 0) changed.broadcast();
        } finally { lock.unlock(); }
    }

    void lockWrite() {
        lock.lock();
        try {
            writersWaiting++;
            try { while (writing || readers > 0) changed.wait(lock); } finally { writersWaiting--; }
            writing = true;
        } finally { lock.unlock(); }
    }
    void unlockWrite() {
        lock.lock();
        try {
            if (!writing) throw new .lib.error("rwlock.unlockWrite: nobody writes");
            writing = false;
            changed.broadcast();
        } finally { lock.unlock(); }
    }
};
