// Overriding in generic classes, bridges of interfaces, numbers in the place of type parameters, arrays of them.
// expect: 5 5
// expect: 10
// expect: -1 1
// expect: 3 c
// expect: 6.5
// expect: text 4
// expect: a stands where
// expect: null pointer
// expect: 2 x
// expect: 9
// expect: true
// expect: hi!? 11
package .programs;

class source<T> {
    T last;
    T get() { return last; }
    void put(T x) { last = x; }
    T both(T x) { put(x); return get(); }
};
class ints extends source<int> {
    int get() { return last + 1; }
    void put(int x) { last = x * 2; }
};
interface comparing<T> { int compareTo(T other); };
class point { int x; void point(int n) { x = n; } int compareTo(point p) { return x - p.x; } };
class ordered_point extends point implements comparing<point> {
    void ordered_point(int n) { super(n); }
};
interface shaper<A, B> { B shape(A a); };
class lengths implements shaper<string, int> { int shape(string s) { return s.length(); } };
class halves implements shaper<int, double> { double shape(int n) { return n / 2.0; } };
class base<T> { T go(T x) { return x; } };
class loud extends base<string> { string go(string x) { return super.go(x) + "!"; } };
class asking extends loud { string go(string x) { return super.go(x) + "?"; } };
class more extends base<int> { int go(int x) { return super.go(x) + 1; } };
class entry<K, V> {
    final K key;
    V value;
    void entry(K k, V v) { key = k; value = v; }
    entry<K, W> with<W>((V) => W f) { return new entry<K, W>(key, f(value)); }
};
class generics_deep {
    static B run<A, B>(shaper<A, B> s, A a) { return s.shape(a); }
    static T pick<T>(int first, T a, T b) { if (first) return a; return b; }
    static int total(source<int>[] all) { int sum = 0; foreach (s in all) sum += s.get(); return sum; }
    void main() {
        source<int> s = new ints();
        s.put(2);
        println(s.get() + " " + new ints().both(2));
        var all = new source<int>[]();
        all.add(s);
        all.add(new ints());
        all[1].put(2);
        println(total(all));
        comparing<point> c = new ordered_point(3);
        println(c.compareTo(new point(4)) + " " + c.compareTo(new point(2)));
        var e = new entry("c", 3);
        println(e.value + " " + e.key);
        println(run(new lengths(), "abc") + run(new halves(), 7));
        entry<string, string> f = e.with(n => "text " + (n + 1));
        println(f.value);
        entry raw = f;
        raw.value = 5;
        try { string t = f.value; println(t); }
        catch (.internal.exception.class_cast x) { println("a stands where"); }
        var empty = new source<int>();
        try { int n = empty.get(); println(n); }
        catch (.internal.exception.null_pointer x) { println("null pointer"); }
        println(pick(1, 2, 3) + " " + pick(0, "y", "x"));
        source<source<int>> nested = new source<source<int>>();
        nested.put(new source<int>());
        nested.get().put(4);
        nested.last.last += 5;
        println(nested.get().get());
        println(pick(1, nested, null).get().last == 9 ? "true" : "false");
        base<string> b = new asking();
        println(b.go("hi") + " " + new more().go(10));
    }
};
