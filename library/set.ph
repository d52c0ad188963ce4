// A hash set: each element once, in the order in which they came.
package .lib;

class set {
    var inside : .lib.map;

    void set() { inside = new .lib.map(); }

    // The elements of anything that `foreach` takes.
    void set(var from) {
        inside = new .lib.map();
        addAll(from);
    }

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

    // A new set of what is in this one, in the other, in both, in this one alone.
    set union(var other : .lib.set) {
        var all = new set(this);
        all.addAll(other);
        return all;
    }
    set intersection(var other : .lib.set) {
        var both = new set();
        foreach (x in this) if (other.contains(x)) both.add(x);
        return both;
    }
    set difference(var other : .lib.set) {
        var rest = new set();
        foreach (x in this) if (!other.contains(x)) rest.add(x);
        return rest;
    }

    .lib.list toList() { return inside.keys(); }
    .lib.set.iterator iterator() [8] { return new .lib.set.iterator(inside.iterator()); }

    int equals(var other) {
        if (!(other instanceof .lib.set)) return false;
        set that = (set)other;
        if (that.size() != size()) return false;
        foreach (x in this) if (!that.contains(x)) return false;
        return true;
    }
    int hashCode() {
        int hash = 0;
        foreach (x in this) hash += .lib.map.hashOf(x);
        return hash;
    }
    string toString() { return "{" + inside.keys().join(", ") + "}"; }
};

class set.iterator {
    var entries : .lib.map.iterator;

    void iterator(var e : .lib.map.iterator) { entries = e; }
    int hasNext() { return entries.hasNext(); }
    .internal.object next() { return entries.next().key(); }
};
