// Threads: start, arguments, join, results, death, names, environment, daemons.
// expect: not started: new 0
// expect: adds 7
// expect: ended: ended 0
// expect: with an argument: 12
// expect: by ordinal: 1
// expect: started twice: thread.start: it was started before
// expect: not started: thread.join: it was not started
// expect: itself: thread.join: a thread cannot wait for its own end
// expect: died: .internal.exception.thread_died because of no way out
// expect: others live: died no way out
// expect: times: 0 1
// expect: named: worker bee
// expect: inherited: red, mine is still red
// expect: a hundred: 4950
// expect: nothing to run: thread.start: there is nothing to run
// expect: cannot run: .internal.exception.no_such_method
package .programs;

import .internal."thread";
import .internal.world;
import .internal.time;
import .internal.directory;
import .internal.exception;

class adder {
    var a : int;
    var b : int;
    void adder(var x : int, var y : int) { a = x; b = y; }
    int run() { return a + b; }
};
class doubler { int run(var x : int) { return 2 * x; } };
class activity { int go(var x) [8] { return x == null; } };
class dying { void run() { throw "no way out"; } };
class sleeper { void run() { new .internal.time().sleepSec(5); } };
class endless { void run() { while (true) new .internal.time().sleepSec(1000); } };
class painter {
    string run() {
        .internal.directory mine = new .internal.world().getMyThread().getEnvironment();
        string there = mine.get("colour");
        mine.set("colour", "blue");
        return there;
    }
};

class threads {
    void main() {
        var t = new .internal.thread();
        println("not started: " + t.getState() + " " + t.isAlive());
        t.start(new adder(3, 4));
        println("adds " + t.join());
        println("ended: " + t.getState() + " " + t.isAlive());
        println("with an argument: " + new .internal.thread().startWith(new doubler(), 6).join());
        println("by ordinal: " + new .internal.thread().start(new activity()).join());
        try { t.start(new adder(1, 1)); } catch (string e) { println("started twice: " + e); }
        try { new .internal.thread().join(); } catch (string e) { println("not started: " + e); }
        try { new .internal.world().getMyThread().join(); } catch (string e) { println("itself: " + e); }
        var d = new .internal.thread().start(new dying());
        try { d.join(); }
        catch (.internal.exception e) { println("died: " + e.getClass().getName() + " because of " + e.getCause()); }
        println("others live: " + d.getState() + " " + d.getFailure());
        var s = new .internal.thread().start(new sleeper());
        println("times: " + s.joinMsec(10) + " " + s.joinMsec(100000));
        s = new .internal.thread();
        s.setName("worker bee");
        println("named: " + s.getName());
        .internal.directory mine = new .internal.world().getMyThread().getEnvironment();
        mine.set("colour", "red");
        println("inherited: " + new .internal.thread().start(new painter()).join() + ", mine is still " + mine.get("colour"));
        .internal.thread[] all = new .internal.thread[]();
        for (int i = 0; i < 100; i++) all[i] = new .internal.thread().start(new adder(i, 0));
        int sum = 0;
        for (int i = 0; i < 100; i++) { int n = all[i].join(); sum += n; }
        println("a hundred: " + sum);
        try { new .internal.thread().start(null); } catch (string e) { println("nothing to run: " + e); }
        try { new .internal.thread().start("text"); }
        catch (.internal.exception e) { println("cannot run: " + e.getClass().getName()); }
        var daemon = new .internal.thread();
        daemon.setDaemon(1);
        daemon.start(new endless());
    }
};
