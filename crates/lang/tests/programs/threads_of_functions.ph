// A thread runs a function; synchronized statements and methods exclude each other and the locks of `.internal.sync`.
// expect: a function: 42
// expect: with an argument: 10
// expect: counted 300
// expect: handed over: ready
package .programs;

import .internal."thread";
import .internal.sync;
import .internal.time;

class account {
    var sum : int;
    var note : string;
    synchronized void add(int n) {
        int seen = sum;
        if (seen % 16 == 0) new .internal.time().sleepMsec(1);
        sum = seen + n;
    }
};
class threads_of_functions {
    void main() {
        var base = 40;
        println("a function: " + new .internal.thread().start(() => base + 2).join());
        println("with an argument: " + new .internal.thread().startWith((int n) => 2 * n, 5).join());
        var a = new account();
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 3; i++) all[i] = new .internal.thread().start(() => {
            for (int k = 0; k < 50; k++) a.add(1);
            for (int k = 0; k < 50; k++) synchronized (a) { a.sum++; }
        });
        for (int i = 0; i < 3; i++) all[i].join();
        println("counted " + a.sum);
        var sync = new .internal.sync();
        var t = new .internal.thread().start(() => {
            synchronized (a) {
                while (a.note == null) sync.wait(a);
                return a.note;
            }
        });
        while (t.getState() != "waiting for a notification") new .internal.time().sleepMsec(1);
        synchronized (a) {
            a.note = "ready";
            sync.notifyAll(a);
        }
        println("handed over: " + t.join());
    }
};
