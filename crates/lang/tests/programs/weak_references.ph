// A weak reference leads to its object as long as something else does.
// expect: nothing yet: 1
// expect: there: kept
// expect: after much garbage: kept
// expect: a thread begins with it: kept
// expect: set anew: other
// expect: set to nothing: 1
package .programs;

import .internal.weakref;
import .internal."thread";

class weak_references {
    void main() {
        var w = new .internal.weakref();
        println("nothing yet: " + (w.get() == null));
        var object = "ke".concat("pt");
        w.set(object);
        println("there: " + w.get());
        string[] garbage = new string[]();
        for (int i = 0; i < 2000; i++) garbage[i % 10] = "garbage " + i;
        println("after much garbage: " + w.get());
        if (w.get() != object) println("lost");
        var t = new .internal.thread();
        t.start(w);
        for (int i = 0; i < 50; i++) garbage[i % 10] = "garbage " + i;
        println("a thread begins with it: " + t.join());
        var other = "ot".concat("her");
        w.set(other);
        println("set anew: " + w.get());
        w.set(null);
        println("set to nothing: " + (w.get() == null));
        if (other != "other") println("lost");
    }
};
