// The choice of values.
// expect: yes
// expect: no
// expect: 7
// expect: 2.5
// expect: second
// expect: positive
// expect: zero
package .programs;

class ternary {
    string sign(var n : int) { return n > 0 ? "positive" : n < 0 ? "negative" : "zero"; }
    void main() {
        println(1 ? "yes" : "no");
        println(0 ? "yes" : "no");
        var n = 3 > 2 ? 7 : 8;
        println(n);
        println(0 ? 1 : 2.5);
        var s : string;
        s = null;
        println(s == null ? "second" : s);
        println(sign(4));
        println(sign(0));
    }
};
