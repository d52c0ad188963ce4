// new *: an object of a class known at run time.
// expect: made
// expect: made typed
package .programs;

class product { string name() { return "made"; } };
class dynamic_new {
    void main() {
        var sample = new product();
        var kind = sample.getClass();
        var a;
        a = new *(kind)();
        println(a.name());
        var b = new *(kind) : product ();
        println(b.name() + " typed");
    }
};
