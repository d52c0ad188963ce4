// Calls by ordinal; overrides keep the parent's.
// expect: eight
// expect: sixteen 1
// expect: seventeen
// expect: child sixteen 2
// expect: fixed
package .programs;

class numbered {
    string run(var x) [8] { return "eight"; }
    string a(var n : int) { return "sixteen " + n; }
    string b() { return "seventeen"; }
    string fixed() [20] { return "fixed"; }
};
class renumbered extends numbered {
    string c() { return "twenty-one"; }
    string a(var n : int) { return "child sixteen " + n; }
};
class ordinals {
    void main() {
        var o;
        o = new numbered();
        println(o.8(null));
        println(o.16(1));
        println(o.17());
        o = new renumbered();
        println(o.16(2));
        println(o.20());
    }
};
