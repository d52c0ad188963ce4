// A map whose keys stand in their order: a balanced tree (AVL), every operation in logarithmic time.
package .lib;

class sorted_map<K, V> {
    var root : .lib.sorted_map.node<K, V>;
    var by : .lib.order;
    var count : int;
    var found : V;

    // In the natural order of the keys.
    void sorted_map() { by = new .lib.order.natural(); }
    void sorted_map(var o : .lib.order) { by = o; }

    // Sets the value of a key; returns the value that it had, or null.
    V put(K key, V value) {
        found = null;
        root = inserted(root, key, value);
        return found;
    }

    // The value of a key, or null.
    V get(K key) {
        .lib.sorted_map.node<K, V> n = find(key);
        if (n == null) return null;
        return n.held;
    }

    int contains(K key) { return find(key) != null; }

    // Removes a key; returns the value that it had, or null.
    V remove(K key) {
        found = null;
        root = removed(root, key);
        return found;
    }

    int size() { return count; }
    int isEmpty() { return count == 0; }
    void clear() {
        root = null;
        count = 0;
    }

    // The pair with the least key, the greatest one, or null when the map is empty.
    .lib.sorted_map.node<K, V> first() {
        .lib.sorted_map.node<K, V> n = root;
        if (n != null) while (n.left != null) n = n.left;
        return n;
    }
    .lib.sorted_map.node<K, V> last() {
        .lib.sorted_map.node<K, V> n = root;
        if (n != null) while (n.right != null) n = n.right;
        return n;
    }

    // The pair with the least key that is greater than this one, or null.
    .lib.sorted_map.node<K, V> above(K key) {
        .lib.sorted_map.node<K, V> best = null;
        .lib.sorted_map.node<K, V> n = root;
        while (n != null) {
            if (by.compare(n.named, key) > 0) {
                best = n;
                n = n.left;
            } else n = n.right;
        }
        return best;
    }

    // The pair with the greatest key that is not greater than this one, or null.
    .lib.sorted_map.node<K, V> upTo(K key) {
        .lib.sorted_map.node<K, V> best = null;
        .lib.sorted_map.node<K, V> n = root;
        while (n != null) {
            if (by.compare(n.named, key) <= 0) {
                best = n;
                n = n.right;
            } else n = n.left;
        }
        return best;
    }

    // The keys and the values in the order of the keys.
    .lib.list<K> keys() {
        var all = new .lib.list<K>();
        foreach (e in this) all.add(e.key());
        return all;
    }
    .lib.list<V> values() {
        var all = new .lib.list<V>();
        foreach (e in this) all.add(e.value());
        return all;
    }

    // Walks the pairs in the order of the keys; sees what is changed meanwhile behind where it stands.
    .lib.sorted_map.iterator<K, V> iterator() [8] { return new .lib.sorted_map.iterator<K, V>(this); }

    string toString() {
        var out = new .internal.stringbuilder();
        out.appendString("{");
        int several = false;
        foreach (e in this) {
            if (several) out.appendString(", ");
            several = true;
            out.append(e);
        }
        return out.appendString("}").toString();
    }

    .lib.sorted_map.node<K, V> find(K key) {
        .lib.sorted_map.node<K, V> n = root;
        while (n != null) {
            int side = by.compare(key, n.named);
            if (side == 0) return n;
            n = side < 0 ? n.left : n.right;
        }
        return null;
    }

    .lib.sorted_map.node<K, V> inserted(var n : .lib.sorted_map.node<K, V>, K key, V value) {
        if (n == null) {
            count++;
            return new .lib.sorted_map.node<K, V>(key, value);
        }
        int side = by.compare(key, n.named);
        if (side == 0) {
            found = n.held;
            n.held = value;
            return n;
        }
        if (side < 0) n.left = inserted(n.left, key, value);
        else n.right = inserted(n.right, key, value);
        return n.balanced();
    }

    .lib.sorted_map.node<K, V> removed(var n : .lib.sorted_map.node<K, V>, K key) {
        if (n == null) return null;
        int side = by.compare(key, n.named);
        if (side < 0) n.left = removed(n.left, key);
        else if (side > 0) n.right = removed(n.right, key);
        else {
            found = n.held;
            count--;
            if (n.left == null) return n.right;
            if (n.right == null) return n.left;
            .lib.sorted_map.node<K, V> least = n.right;
            while (least.left != null) least = least.left;
            least.right = n.right.withoutLeast();
            least.left = n.left;
            return least.balanced();
        }
        return n.balanced();
    }
};

// A key with its value, in the tree.
class sorted_map.node<K, V> {
    var named : K;
    var held : V;
    var left : .lib.sorted_map.node<K, V>;
    var right : .lib.sorted_map.node<K, V>;
    var height : int;

    void node(K key, V value) {
        named = key;
        held = value;
        height = 1;
    }
    K key() { return named; }
    V value() { return held; }
    void setValue(V x) { held = x; }
    int equals(var other) { return this :== other; }
    string toString() { return named + ": " + held; }

    int leftHeight() { return left == null ? 0 : left.height; }
    int rightHeight() { return right == null ? 0 : right.height; }
    void measure() {
        int l = leftHeight();
        int r = rightHeight();
        height = 1 + (l > r ? l : r);
    }

    .lib.sorted_map.node<K, V> balanced() {
        measure();
        int lean = leftHeight() - rightHeight();
        if (lean > 1) {
            if (left.leftHeight() < left.rightHeight()) left = left.turnedLeft();
            return turnedRight();
        }
        if (lean < -1) {
            if (right.rightHeight() < right.leftHeight()) right = right.turnedRight();
            return turnedLeft();
        }
        return this;
    }
    .lib.sorted_map.node<K, V> turnedRight() {
        .lib.sorted_map.node<K, V> up = left;
        left = up.right;
        up.right = this;
        measure();
        up.measure();
        return up;
    }
    .lib.sorted_map.node<K, V> turnedLeft() {
        .lib.sorted_map.node<K, V> up = right;
        right = up.left;
        up.left = this;
        measure();
        up.measure();
        return up;
    }
    .lib.sorted_map.node<K, V> withoutLeast() {
        if (left == null) return right;
        left = left.withoutLeast();
        return balanced();
    }
};

// Walks a sorted map: looks for the next greater key each time, so that changes do not confuse it.
class sorted_map.iterator<K, V> {
    var of : .lib.sorted_map<K, V>;
    var last : .lib.sorted_map.node<K, V>;

    void iterator(.lib.sorted_map<K, V> m) { of = m; }
    .lib.sorted_map.node<K, V> following() { return last == null ? of.first() : of.above(last.named); }
    int hasNext() { return following() != null; }
    .lib.sorted_map.node<K, V> next() {
        .lib.sorted_map.node<K, V> n = following();
        if (n == null) throw new .lib.error("sorted_map.iterator: there is no further pair");
        last = n;
        return n;
    }
};
