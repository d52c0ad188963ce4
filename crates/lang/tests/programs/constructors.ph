// Constructors: parents first, overloads, super.
// expect: base
// expect: middle
// expect: leaf
// expect: named x 1
// expect: named y 2
// expect: over z!
package .programs;

class base { void base() { println("base"); } };
class middle extends base { void middle() { println("middle"); } };
class leaf extends middle { void leaf() { println("leaf"); } };
class named {
    var name : string;
    var count : int;
    void named(var n : string) { name = n; count = 1; }
    void named(var n : string, var c : int) { name = n; count = c; }
    string toString() { return "named " + name + " " + count; }
};
class over extends named {
    void over(var n : string) { super(n + "!", 0); }
    string toString() { return "over " + name; }
};
class constructors {
    void main() {
        var l = new leaf();
        println(new named("x"));
        println(new named("y", 2));
        println(new over("z"));
    }
};
