// Type parameters of classes, interfaces and methods.
// expect: 1 2 3
// expect: 6
// expect: hello 5
// expect: b
// expect: 7
// expect: 42 answer
// expect: answer 42
// expect: 9
// expect: zwei
// expect: pair: one 1
// expect: 3.5
// expect: 5
// expect: null default
package .programs;

interface walker<T> {
    int hasNext();
    T next();
};
interface ordered<T> {
    int compareTo(T other);
};
class node<T> {
    var value : T;
    var next : node<T>;
    void node(T v) { value = v; }
};
class chain_walker<T> implements walker<T> {
    private var at : node<T>;
    void chain_walker(node<T> first) { at = first; }
    int hasNext() { return at != null; }
    T next() {
        T value = at.value;
        at = at.next;
        return value;
    }
};
class chain<T> {
    private var first : node<T>;
    private var last : node<T>;
    private var count : int;
    void add(T value) {
        var made = new node<T>(value);
        if (last == null) first = made; else last.next = made;
        last = made;
        count++;
    }
    T get(int index) {
        var at = first;
        for (int i = 0; i < index; i++) at = at.next;
        return at.value;
    }
    int size() { return count; }
    walker<T> iterator() { return new chain_walker<T>(first); }
};
class pair<A, B> {
    var a : A;
    var b : B;
    void pair(A x, B y) { a = x; b = y; }
    pair<B, A> swapped() { return new pair<B, A>(b, a); }
    string toString() { return "pair: " + a + " " + b; }
};
class weight implements ordered<weight> {
    var grams : int;
    void weight(int g) { grams = g; }
    int compareTo(weight other) { return grams - other.grams; }
};
class number implements ordered<int> {
    var n : int;
    void number(int x) { n = x; }
    int compareTo(int other) { return n - other; }
};
class tools {
    static T max<T extends ordered<T>>(T a, T b) { return a.compareTo(b) >= 0 ? a : b; }
    static T firstOf<T>(chain<T> list, T otherwise) { return list.size() > 0 ? list.get(0) : otherwise; }
    static pair<A, B> both<A, B>(A a, B b) { return new pair<A, B>(a, b); }
};
class named_chain extends chain<string> {
    string joined() { return get(0) + " " + get(1).length(); }
};
class generics {
    void main() {
        var list = new chain<int>();
        list.add(1);
        list.add(2);
        list.add(3);
        println(list.get(0) + " " + list.get(1) + " " + list.get(2));
        int sum = 0;
        foreach (n in list) sum += n;
        println(sum);
        var words = new named_chain();
        words.add("hello");
        words.add("world");
        println(words.joined());
        chain<chain<string>> nested = new chain<chain<string>>();
        var inner = new chain<string>();
        inner.add("a");
        inner.add("b");
        nested.add(inner);
        println(nested.get(0).get(1));
        println(tools.max(new weight(3), new weight(7)).grams);
        var p = new pair(42, "answer");
        println(p.a + " " + p.b);
        var q = p.swapped();
        string text = q.a;
        int value = q.b;
        println(text + " " + value);
        p.a = 4;
        p.a += 5;
        println(p.a);
        var empty = new chain<string>();
        println(tools.firstOf(empty, "zwei"));
        println(tools.both("one", 1));
        var mixed = tools.both(1.5, 2);
        println(mixed.a + mixed.b);
        ordered<int> o = new number(12);
        println(o.compareTo(7));
        chain<string> nothing = null;
        println(nothing == null ? "null default" : "?");
    }
};
