// foreach where nothing is known before the run.
// expect: a
// expect: b
// expect: 2
// expect: 1
package .programs;

class pair_iterator {
    var n : int;
    int hasNext() [8] { return n < 2; }
    .internal.object next() [9] { n++; return 3 - n; }
};
class pair {
    .internal.object elements() [8] { return new pair_iterator(); }
};
class foreach_dynamic {
    void main() {
        var list = new string[]();
        list[0] = "a";
        list[1] = "b";
        var anything;
        anything = list;
        foreach (x in anything) println(x);
        anything = new pair();
        foreach (x in anything) println(x);
    }
};
