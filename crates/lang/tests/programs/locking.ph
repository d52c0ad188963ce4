// synchronized statements and methods, given back on every exit; assert; final; ?. and ??; computed names.
// expect: 2000
// expect: 7
// expect: thrown inside
// expect: free again
// expect: 3
// expect: assertion: `n > 5` does not hold
// expect: assertion: n is 3
// expect: none 5 null
// expect: a b
// expect: added 9
// expect: sum 3
// expect: 4
package .programs;

class account {
    var sum : int;
    synchronized void add(int n) { sum += n; }
    int guarded(int n) {
        synchronized (this) {
            if (n > 5) return n;
            if (n < 0) throw "thrown inside";
        }
        return 0;
    }
};
class worker {
    void run(var a) [8] {
        account acc = a;
        for (int i = 0; i < 1000; i++) {
            synchronized (acc) { acc.sum = acc.sum + 1; }
        }
        synchronized (locking.finished) { locking.finished.sum++; }
    }
};
class text {
    var next : text;
    string name;
    void text(string n) { name = n; }
    string getName() { return name; }
};
class locking {
    static var finished : account = new account();
    int plus(int a, int b) { return a + b; }
    string one(string s) { return "added " + s; }
    void main() {
        var a = new account();
        var world = new .internal.world();
        world.startThread(new worker(), a);
        world.startThread(new worker(), a);
        var clock = new .internal.time();
        while (finished.sum < 2) clock.sleepMsec(1);
        println(a.sum);
        println(a.guarded(7));
        try { a.guarded(-1); } catch (string e) { println(e); }
        synchronized (a) { println("free again"); }
        a.sum = 0;
        while (1) { synchronized (a) { a.add(1); if (a.sum == 3) break; } }
        println(a.sum);
        final int n = 3;
        try { assert n > 5; } catch (.internal.exception.assertion e) { println("assertion: " + e.getMessage()); }
        try { assert n > 5 : "n is " + n; } catch (.internal.exception e) { println("assertion: " + e.getMessage()); }
        text t = null;
        println((t?.getName() ?? "none") + " " + (t?.name?.length() ?? 5) + " " + (t?.next?.next == null ? "null" : "?"));
        t = new text("a");
        t.next = new text("b");
        println(t?.name + " " + t?.next?.getName());
        string method = "one";
        println(this.*(method)("9"));
        method = "plus";
        println("sum " + this.*(method)(1, 2));
        int ordinal = 11;
        println("four".*(ordinal)());
    }
};
