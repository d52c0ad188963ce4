// A hundred thousand threads that sleep, each until a time of its own; they take some memory and nothing else.
// Killed and run again, those that are not due sleep on, and those that were due meanwhile wake at once.
package .examples;

import .lib.latch;

class sleeper {
    // When it is to wake, by the clock of the world.
    var due : long;
    var all : latch;
    static var early : .internal.atomic;

    void sleeper(var d : long, var l : latch) {
        due = d;
        all = l;
    }
    void run() {
        var clock = new .internal.time();
        long left = due - clock.monotonicMsec();
        if (left > 0L) clock.sleepMsec((int)left);
        if (clock.monotonicMsec() < due) early.add(1L);
        all.countDown();
    }
};

class sleepers {
    int main(string[] args) {
        int count = 100000;
        if (args.size() > 0) count = args[0].toInt();
        // The last one sleeps so many seconds.
        int seconds = 60;
        if (args.size() > 1) seconds = args[1].toInt();
        sleeper.early = new .internal.atomic();
        var all = new latch(count);
        long start = new .internal.time().monotonicMsec();
        for (int i = 1; i <= count; i++)
            new .internal.thread().start(new sleeper(start + (long)seconds * 1000L * i / count, all));
        println(count + " threads sleep");
        all.await();
        println(count + " threads woke, " + sleeper.early.get() + " of them too early");
        return 0;
    }
};
