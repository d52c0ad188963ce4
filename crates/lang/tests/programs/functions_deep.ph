// Functions in every place: nested, in constructors, fields, statics, handlers, with finally, super and private members.
// expect: 3 3
// expect: 11 12
// expect: 42
// expect: parent child
// expect: secret 5
// expect: static 9
// expect: finally ran
// expect: 7
// expect: caught: boom
// expect: 10000000001 2.5
// expect: 4
// expect: a-b-
// expect: locked 2
// expect: 5
// expect: 2 1 0
// expect: none
// expect: 1 2
package .programs;

class parent {
    string name() { return "parent"; }
};
class child extends parent {
    private int code = 5;
    var late : () => string;
    void child() { late = () => super.name() + " child"; }
    private string secret() { return "secret " + code; }
    string name() { return "child"; }
    () => string opener() { return () => secret(); }
    () => () => int setter(int n) { return () => { code = n; return () => code; }; }
};
class keeper {
    static (int) => int square = x => x * x;
    const (int) => int NEXT = x => x + 1;
    (string) => string shout = s => s.toUpper();
    static var log = "";
};
class functions_deep {
    (int) => int finishing() {
        return n => {
            try { if (n > 5) return n; throw "small"; }
            catch (string e) { return -1; }
            finally { println("finally ran"); }
        };
    }
    int locked(() => int f) { synchronized (this) { return f(); } }
    void main() {
        // A parameter of a function, assigned after a function inside of it was made.
        var outer = (int x) => { var get = () => x; x++; return get() + " " + x; };
        println(outer(2));
        (int) => (() => int) counting = start => { return () => ++start; };
        var next = counting(10);
        println(next() + " " + next());
        var c = new child();
        println(c.setter(42)()());
        println(c.late());
        c = new child();
        println(c.opener()());
        println("static " + keeper.square(3));
        println(finishing()(7));
        var handler = () => { };
        try { throw "boom"; }
        catch (string e) { handler = () => { println("caught: " + e); }; }
        handler();
        long big = 10000000000L;
        double half = 2.0;
        var grow = () => { big++; half += 0.5; };
        grow();
        println(big + " " + half);
        println(keeper.NEXT(3));
        var list = "a b".split(" ");
        var each = (string s) => { keeper.log += s + "-"; };
        foreach (s in list) each(s.toString());
        println(keeper.log);
        var count = 1;
        println("locked " + locked(() => { count++; return count; }));
        println(((int) => int)(x => x + 1)(4));
        var made = new (() => int)[]();
        var i = 0;
        while (i < 3) { var mine = i; made.add(() => mine); i++; }
        string line = "";
        for (int k = 2; k >= 0; k--) line += made[k]() + " ";
        println(line.trim());
        (string) => int size = null;
        println(size == null ? "none" : "some");
        int a = 0;
        var bump = () => { var inner = () => { a++; }; inner(); return a; };
        println(bump() + " " + bump());
    }
};
