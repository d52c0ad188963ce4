// Overridden methods, also when a parent's method calls them.
// expect: A A
// expect: B B
// expect: B then A
// expect: parent-const
// expect: child field 5
package .programs;

class first {
    var n : int;
    string name() { return "A"; }
    string twice() { return name() + " " + name(); }
    string constant() { return "parent-const"; }
};
class second extends first {
    string name() { return "B"; }
    string both() { return name() + " then " + super.name(); }
    string other() { return "child-const"; }
    void set() { n = 5; }
};
class inheritance {
    void main() {
        println(new first().twice());
        var s = new second();
        println(s.twice());
        println(s.both());
        println(s.constant());
        s.set();
        println("child field " + s.n);
    }
};
