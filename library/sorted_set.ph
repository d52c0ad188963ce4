// A set whose elements stand in their order.
package .lib;

class sorted_set<T> {
    var inside : .lib.sorted_map<T, T>;

    // In the natural order.
    void sorted_set() { inside = new .lib.sorted_map<T, T>(); }
    void sorted_set(var by : .lib.order) { inside = new .lib.sorted_map<T, T>(by); }

    // Adds an element; whether it is new.
    int add(T x) {
        int before = inside.size();
        inside.put(x, x);
        return inside.size() > before;
    }
    void addAll(var from) { foreach (x in from) add(x); }

    // Removes an element; whether it was there.
    int remove(T x) {
        int before = inside.size();
        inside.remove(x);
        return inside.size() < before;
    }

    int contains(T x) { return inside.contains(x); }
    int size() { return inside.size(); }
    int isEmpty() { return inside.size() == 0; }
    void clear() { inside.clear(); }

    // The least and the greatest element, or null.
    T first() { return keyOf(inside.first()); }
    T last() { return keyOf(inside.last()); }
    // The least element that is greater, the greatest that is not greater, or null.
    T above(T x) { return keyOf(inside.above(x)); }
    T upTo(T x) { return keyOf(inside.upTo(x)); }

    .lib.list<T> toList() { return inside.keys(); }
    .lib.sorted_set.iterator<T> iterator() [8] { return new .lib.sorted_set.iterator<T>(inside.iterator()); }
    string toString() { return "{" + inside.keys().join(", ") + "}"; }

    T keyOf(.lib.sorted_map.node<T, T> n) {
        if (n == null) return null;
        return n.key();
    }
};

class sorted_set.iterator<T> {
    var entries : .lib.sorted_map.iterator<T, T>;

    void iterator(.lib.sorted_map.iterator<T, T> e) { entries = e; }
    int hasNext() { return entries.hasNext(); }
    T next() { return entries.next().key(); }
};
