// Functions as values: captured variables, recursion, methods as functions, fields, arrays, arguments.
// expect: 3
// expect: 15
// expect: 1 2 3
// expect: 120
// expect: 0 1 2
// expect: 0 1 2
// expect: hello you
// expect: HELLO
// expect: 10
// expect: 7.5
// expect: count 2
// expect: 24
// expect: 11
// expect: 9
// expect: x1 y2
// expect: caught 5
// expect: 8
// expect: untyped 3
// expect: the function does not take 2 arguments
// expect: nothing
// expect: 6
package .programs;

class counter {
    var n : int;
    () => int next() { return () => ++n; }
    int add(int x) { n += x; return n; }
};
class closures {
    var suffix = "!";
    (string) => string handler;
    int apply((int, int) => int f, int a, int b) { return f(a, b); }
    (int) => int adder(int n) { return x => x + n; }
    string greet(string who) { return "hello " + who; }
    static int twice(int n) { return n * 2; }
    static R with<T, R>(T value, (T) => R f) { return f(value); }
    static void each(int[] list, (int) => void f) { foreach (x in list) f(x); }
    void main() {
        println(apply((a, b) => a + b, 1, 2));
        println(adder(5)(10));
        var count = 0;
        var next = () => { count++; return count; };
        println(next() + " " + next() + " " + next());
        (int) => int factorial = n => n < 2 ? 1 : n * factorial(n - 1);
        println(factorial(5));
        var made = new (() => int)[]();
        for (int i = 0; i < 3; i++) made.add(() => i);
        println(made[0]() + " " + made[1]() + " " + made[2]());
        var others = new (() => int)[]();
        foreach (i in 0..3) others.add(() => i);
        println(others[0]() + " " + others[1]() + " " + others[2]());
        (string) => string g = greet;
        println(g("you"));
        string word = "hello";
        () => string upper = word.toUpper;
        println(upper());
        (int) => int t = closures.twice;
        println(t(5));
        (double, double) => double product = (double a, double b) => a * b;
        println(product(2.5, 3));
        var c = new counter();
        var f = c.next();
        f();
        f();
        println("count " + c.n);
        println(with(12, n => n * 2));
        println(with("hello world", s => s.length()));
        var sum = 0;
        var list = new int[]();
        list.add(4);
        list.add(5);
        each(list, x => { sum += x; });
        println(sum);
        handler = s => s + "1 y2";
        println(handler("x"));
        var thrower = (int n) => { throw "caught " + n; };
        try { thrower(5); } catch (string e) { println(e); }
        var compose = ((int) => int a, (int) => int b) => x => a(b(x));
        println(compose(closures.twice, x => x + 1)(3));
        var anything;
        anything = x => "untyped " + x;
        println(anything(3));
        try { anything(1, 2); } catch (.internal.exception.no_such_method e) { println(e.getMessage()); }
        (int) => void quiet = n => n + 1;
        quiet(1);
        (string) => string nobody = null;
        println(nobody == null ? "nothing" : "something");
        var deep = () => () => { sum -= 3; return sum; };
        println(deep()());
    }
};
