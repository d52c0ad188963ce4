// A hash set: each element once, in the order in which they came.
package .lib;

class set<T> {
    var inside : .lib.map<T, T>;

    void set() { inside = new .lib.map<T, T>(); }

    // The elements of anything that `foreach` takes.
    void set(var from) {
        inside = new .lib.map<T, T>();
        addAll(from);
    }

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

    // A new set of what is in this one, in the other, in both, in this one alone.
    set<T> union(.lib.set<T> other) {
        var all = new set<T>(this);
        all.addAll(other);
        return all;
    }
    set<T> intersection(.lib.set<T> other) {
        var both = new set<T>();
        foreach (x in this) if (other.contains(x)) both.add(x);
        return both;
    }
    set<T> difference(.lib.set<T> other) {
        var rest = new set<T>();
        foreach (x in this) if (!other.contains(x)) rest.add(x);
        return rest;
    }

    .lib.list<T> toList() { return inside.keys(); }
    .lib.set.iterator<T> iterator() [8] { return new .lib.set.iterator<T>(inside.iterator()); }

    int equals(var other) {
        if (!(other instanceof .lib.set)) return false;
        set<T> that = (set<T>)other;
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

class set.iterator<T> {
    var entries : .lib.map.iterator<T, T>;

    void iterator(.lib.map.iterator<T, T> e) { entries = e; }
    int hasNext() { return entries.hasNext(); }
    T next() { return entries.next().key(); }
};
