// A set whose elements stand in their order.
package .lib;

class sorted_set {
    var inside : .lib.sorted_map;

    // In the natural order.
    void sorted_set() { inside = new .lib.sorted_map(); }
    void sorted_set(var by : .lib.order) { inside = new .lib.sorted_map(by); }

    // Adds an element; whether it is new.
    int add(var x) {
        int before = inside.size();
        inside.put(x, x);
        return inside.size() > before;
    }
    void addAll(var from) { foreach (x in from) add(x); }

    // Removes an element; whether it was there.
    int remove(var x) {
        int before = inside.size();
        inside.remove(x);
        return inside.size() < before;
    }

    int contains(var x) { return inside.contains(x); }
    int size() { return inside.size(); }
    int isEmpty() { return inside.size() == 0; }
    void clear() { inside.clear(); }

    // The least and the greatest element, or null.
    .internal.object first() { return keyOf(inside.first()); }
    .internal.object last() { return keyOf(inside.last()); }
    // The least element that is greater, the greatest that is not greater, or null.
    .internal.object above(var x) { return keyOf(inside.above(x)); }
    .internal.object upTo(var x) { return keyOf(inside.upTo(x)); }

    .lib.list toList() { return inside.keys(); }
    .lib.sorted_set.iterator iterator() [8] { return new .lib.sorted_set.iterator(inside.iterator()); }
    string toString() { return "{" + inside.keys().join(", ") + "}"; }

    static .internal.object keyOf(var n : .lib.sorted_map.node) {
        if (n == null) return null;
        return n.key();
    }
};

class sorted_set.iterator {
    var entries : .lib.sorted_map.iterator;

    void iterator(var e : .lib.sorted_map.iterator) { entries = e; }
    int hasNext() { return entries.hasNext(); }
    .internal.object next() { return entries.next().key(); }
};
