// A full collection that a program asks for clears weak references to what nothing else leads to, and nothing else.
// expect: before: 1
// expect: after: 1
// expect: kept: kept
// expect: again: 1
// expect: sum: 124750
package .programs;

import .internal.weakref;
import .internal.world;

class link {
    var value : int;
    var next : link;
    void link(int v, link n) {
        value = v;
        next = n;
    }
};

class collect {
    .internal.weakref drop() {
        var w = new .internal.weakref();
        // Held until it has been looked at: a collection may come at any time.
        var text = "drop".concat("ped");
        w.set(text);
        println("before: " + (w.get() == text));
        return w;
    }
    void main() {
        var world = new .internal.world();
        var kept = "ke".concat("pt");
        var other = new .internal.weakref();
        other.set(kept);
        link first = null;
        for (int i = 0; i < 500; i++) first = new link(i, first);
        var w = drop();
        world.collect();
        println("after: " + (w.get() == null));
        println("kept: " + other.get());
        if (other.get() != kept) println("lost");
        w.set("drop".concat("ped"));
        world.collect();
        println("again: " + (w.get() == null));
        int sum = 0;
        for (link at = first; at != null; at = at.next) sum = sum + at.value;
        println("sum: " + sum);
    }
};
