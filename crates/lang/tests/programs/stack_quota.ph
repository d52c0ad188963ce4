// Recursion without end is an exception that can be caught; the stack is good again afterwards.
// expect: caught .internal.exception.stack_overflow, deep: 1
// expect: again .internal.exception.stack_overflow
// expect: still good: 5050
// expect: inside of a kernel method .internal.exception.stack_overflow
// expect: still good: 5050
// expect: inherited: 256
// expect: a small stack is less deep: 1
// expect: died of it: .internal.exception.stack_overflow
// expect: impossible: thread.setStackSize: 16 to 8192 KiB are possible
// expect: impossible: thread.setStackSize: it was started before
package .programs;

import .internal."thread";
import .internal.stringbuilder;
import .internal.exception;
import .internal.exception.stack_overflow;

class endless { string toString() { return "x" + this; } };
class recursion {
    var depth : int;
    int down() { depth++; return 1 + down(); }
    int sum(var n : int) { if (n == 0) return 0; return n + sum(n - 1); }
    int run() {
        depth = 0;
        try { down(); } catch (.internal.exception.stack_overflow e) { return depth; }
        return 0;
    }
};
class dying { int run() { return new recursion().down(); } };

class tests {
    void run() {
        var r = new recursion();
        int most = 0;
        try { r.down(); }
        catch (.internal.exception e) {
            most = r.depth;
            println("caught " + e.getClass().getName() + ", deep: " + (most > 1000));
        }
        try { r.down(); } catch (.internal.exception e) { println("again " + e.getClass().getName()); }
        println("still good: " + r.sum(100));
        var text = new .internal.stringbuilder();
        try { text.append(new endless()); }
        catch (.internal.exception e) { println("inside of a kernel method " + e.getClass().getName()); }
        println("still good: " + r.sum(100));
        var t = new .internal.thread();
        println("inherited: " + t.getStackSize());
        t.setStackSize(32);
        t.start(r);
        int less = t.join();
        println("a small stack is less deep: " + (less > 50 && less < most / 4));
        t = new .internal.thread();
        t.setStackSize(16);
        t.start(new dying());
        try { t.join(); } catch (.internal.exception e) { println("died of it: " + e.getCause().getClass().getName()); }
        try { new .internal.thread().setStackSize(9000); } catch (string e) { println("impossible: " + e); }
        try { t.setStackSize(64); } catch (string e) { println("impossible: " + e); }
    }
};

class stack_quota {
    void main() {
        var t = new .internal.thread();
        t.setStackSize(256);
        t.start(new tests()).join();
    }
};
