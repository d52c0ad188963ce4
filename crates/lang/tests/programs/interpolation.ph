// Strings with expressions in them, formats.
// expect: 3 apples cost 4.50
// expect: [   42] [42   ] [ 42  ] [00042] [+42]
// expect: ff FF 101 17 fffffffe
// expect: 3.14 3 3.1416e0    3.142
// expect: [ab   ] [   ab] [ ab  ]
// expect: nested inner 2 end
// expect: ${not} $5 {x}
// expect: yes no
// expect: shape(2) and (void)
// expect: 9000000000 -0000000007
// expect: 7
package .programs;

class shape {
    var n : int;
    void shape(int x) { n = x; }
    string toString() { return "shape(${n})"; }
};
class interpolation {
    void main() {
        int count = 3;
        double price = 4.5;
        println("${count} apples cost ${price:.2}");
        int n = 42;
        println("[${n:5}] [${n:<5}] [${n:^5}] [${n:05}] [${n:+}]");
        println("${255:x} ${255:X} ${5:b} ${15:o} ${-2:x}");
        double pi = 3.14159;
        println("${pi:.2} ${pi:.0} ${pi:.4e} ${pi:8.3f}");
        string s = "ab";
        println("[${s:5}] [${s:>5}] [${s:^5}]");
        println("nested ${"inner ${1 + 1}"} end");
        println("\${not} $5 {x}");
        println("${count > 2 ? "yes" : "no"} ${(count > 5 ? "yes" : "no")}");
        var nothing;
        println("${new shape(2)} and ${nothing}");
        println("${9000000000L:d} ${-7:011}");
        var any;
        any = 7;
        println("${any:d}");
    }
};
