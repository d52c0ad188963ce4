// The order of any two objects: numbers by value, everything else by its method `compareTo`.
package .lib;

// Says which of two objects comes first.
interface order {
    // Negative when `a` comes before `b`, 0 when neither comes first, positive when `b` comes before `a`.
    int compare(var a, var b);
};

// The order that objects have by themselves: numbers and strings, and what has a method `compareTo`.
class order.natural implements order {
    int compare(var a, var b) {
        if (a instanceof .internal.string) return ((string)a).compareTo((string)b);
        if (a instanceof .internal.int && b instanceof .internal.int) {
            int x = a;
            int y = b;
            return x < y ? -1 : (x > y ? 1 : 0);
        }
        if (.lib.number.is(a) && .lib.number.is(b)) return .lib.number.compare(a, b);
        int found = a.compareTo(b);
        return found;
    }
};

// The order that a function says.
class order.function implements order {
    var says;

    void function(var f) { says = f; }
    int compare(var a, var b) {
        int found = says(a, b);
        return found;
    }
};

// Another order, backwards.
class order.reversed implements order {
    var inner : order;

    void reversed(var of : order) { inner = of; }
    int compare(var a, var b) { return inner.compare(b, a); }
};
