// `+` joins strings with anything.
// expect: n = 5
// expect: 1 and 2.5 and x
// expect: 3x
// expect: x12
// expect: (void)!
// expect: a point
// expect: more and more
package .programs;

class point {
    string toString() { return "a point"; }
};
class string_join {
    void main() {
        println("n = " + 5);
        println(1 + " and " + 2.5 + " and " + "x");
        println(1 + 2 + "x");
        println("x" + 1 + 2);
        var nothing;
        println(nothing + "!");
        println("" + new point());
        var s = "more";
        s += " and ";
        s += s.substring(0, 4);
        println(s);
    }
};
