// Runs a task, a function or an object with a method `run()`, later or again and again, in a thread of its own.
package .lib;

class timer {
    var task;
    var next : long;
    var period : long;
    var thread : .internal.thread;
    var cancelled : int;

    // Once, after so many milliseconds.
    static timer after(var msec : long, var task) { return begin(task, msec, 0L); }
    // Every so many milliseconds, for the first time after as many; the program need not wait for it to end.
    static timer every(var msec : long, var task) {
        if (msec < 1L) throw new .lib.error("timer.every: at least 1 millisecond, not " + msec);
        return begin(task, msec, msec);
    }

    static timer begin(var task, var delay : long, var period : long) {
        var made = new timer();
        made.task = task;
        made.period = period;
        made.next = new .internal.time().monotonicMsec() + delay;
        made.thread = new .internal.thread();
        made.thread.setName("timer");
        if (period > 0L) made.thread.setDaemon(true);
        made.thread.start(made);
        return made;
    }

    // The task is not begun any more; one that runs goes on to its end.
    void cancel() {
        cancelled = true;
        thread.interrupt();
    }

    // Waits until it has run for the last time.
    void join() { thread.join(); }

    .internal.object run() {
        var clock = new .internal.time();
        while (!cancelled) {
            long left = next - clock.monotonicMsec();
            try { if (left > 0L) .lib.duration.sleep(left); } catch (.internal.exception.interrupted e) { }
            if (cancelled) return null;
            if (task instanceof .internal.function) task();
            else task.run();
            if (period == 0L) return null;
            // Rounds that were missed are left out, the beat is kept.
            long now = clock.monotonicMsec();
            next += period;
            if (next <= now) next += (now - next) / period * period + period;
        }
        return null;
    }
};
