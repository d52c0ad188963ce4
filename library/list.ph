// A list: elements by their index, in an array that grows.
package .lib;

class list<T> {
    var items : T[];

    void list() { items = new T[](); }

    // The elements of anything that `foreach` takes.
    void list(var from) {
        items = new T[]();
        addAll(from);
    }

    // Adds an element at the end; returns the list, so that calls can be chained.
    list<T> add(T x) {
        items.add(x);
        return this;
    }

    // Adds the elements of anything that `foreach` takes.
    list<T> addAll(var from) {
        foreach (x in from) items.add(x);
        return this;
    }

    T get(var index : int) {
        check(index, items.size(), "get");
        return items[index];
    }

    // Replaces an element; returns the one that was there.
    T set(var index : int, T x) {
        check(index, items.size(), "set");
        T old = items[index];
        items[index] = x;
        return old;
    }

    // Inserts before an index, or at the end.
    void insert(var index : int, T x) {
        check(index, items.size() + 1, "insert");
        items.insert(index, x);
    }

    // Removes the element at an index and returns it.
    T removeAt(var index : int) {
        check(index, items.size(), "removeAt");
        return items.removeAt(index);
    }

    // Removes the first element that is equal to `x`; whether there was one.
    int remove(T x) {
        int at = indexOf(x);
        if (at < 0) return false;
        items.removeAt(at);
        return true;
    }

    T removeLast() {
        check(0, items.size(), "removeLast");
        return items.removeLast();
    }

    T first() { return get(0); }
    T last() { return get(items.size() - 1); }
    int size() { return items.size(); }
    int isEmpty() { return items.size() == 0; }
    void clear() { items.clear(); }

    // Where the first element that is equal to `x` stands, or -1.
    int indexOf(T x) {
        int size = items.size();
        for (int i = 0; i < size; i++) if (items[i] == x) return i;
        return -1;
    }

    int contains(T x) { return indexOf(x) >= 0; }

    // A new list of the elements from an index up to, and without, another.
    list<T> slice(var from : int, var to : int) {
        if (from < 0 || to > items.size() || from > to)
            throw new .lib.error("list.slice: " + from + " to " + to + " of " + items.size() + " elements");
        var part = new list<T>();
        for (int i = from; i < to; i++) part.items.add(items[i]);
        return part;
    }

    // Turns the order around; returns the list.
    list<T> reverse() {
        int j = items.size() - 1;
        for (int i = 0; i < j; i++) {
            T x = items[i];
            items[i] = items[j];
            items[j] = x;
            j--;
        }
        return this;
    }

    // Sorts by the natural order; equal elements stay as they stand to each other. Returns the list.
    list<T> sort() { return sort(new .lib.order.natural()); }

    // Sorts by an order; equal elements stay as they stand to each other. Returns the list.
    list<T> sort(var by : .lib.order) {
        .lib.sorting.sort(items, by);
        return this;
    }

    // Where `x` stands in a list sorted by the natural order; -1 - (where it belongs) when it is not there.
    int search(T x) { return .lib.sorting.search(items, x, new .lib.order.natural()); }
    int search(T x, var by : .lib.order) { return .lib.sorting.search(items, x, by); }

    // The texts of all elements, with a separator between them.
    string join(var separator : string) {
        var out = new .internal.stringbuilder();
        int size = items.size();
        for (int i = 0; i < size; i++) {
            if (i > 0) out.appendString(separator);
            out.append(items[i]);
        }
        return out.toString();
    }

    .lib.list.iterator<T> iterator() [8] { return new .lib.list.iterator<T>(this); }

    // Equal to a list of equal elements in the same order.
    int equals(var other) {
        if (!(other instanceof .lib.list)) return false;
        list<T> that = (list<T>)other;
        int size = items.size();
        if (that.items.size() != size) return false;
        for (int i = 0; i < size; i++) if (items[i] != that.items[i]) return false;
        return true;
    }

    int hashCode() {
        int hash = 1;
        int size = items.size();
        for (int i = 0; i < size; i++) hash = hash * 31 + (items[i] == null ? 0 : items[i].hashCode());
        return hash;
    }

    string toString() { return "[" + join(", ") + "]"; }

    // A new list of what a function makes of each element.
    list<R> map<R>((T) => R f) {
        var made = new list<R>();
        foreach (x in items) made.add(f(x));
        return made;
    }
    // A new list of the elements for which a function gives no 0.
    list<T> filter((T) => int f) {
        var kept = new list<T>();
        foreach (x in items) if (f(x)) kept.add(x);
        return kept;
    }
    // What a function makes of a first value and the first element, of that and the second, and so on.
    R fold<R>(R first, (R, T) => R f) {
        R made = first;
        foreach (x in items) made = f(made, x);
        return made;
    }
    void each((T) => void f) { foreach (x in items) f(x); }
    // Whether a function gives no 0 for some element, for all of them; for how many it does.
    int any((T) => int f) {
        foreach (x in items) if (f(x)) return true;
        return false;
    }
    int all((T) => int f) {
        foreach (x in items) if (!f(x)) return false;
        return true;
    }
    int count((T) => int f) {
        int n = 0;
        foreach (x in items) if (f(x)) n++;
        return n;
    }
    // The elements by what a function makes of them: lists in a map.
    .lib.map<K, list<T>> groupBy<K>((T) => K f) {
        var groups = new .lib.map<K, list<T>>();
        foreach (x in items) {
            K key = f(x);
            list<T> group = groups.get(key);
            if (group == null) {
                group = new list<T>();
                groups.put(key, group);
            }
            group.add(x);
        }
        return groups;
    }
    // Sorts by what a function says of two elements: negative when the first comes before the second. Returns the list.
    list<T> sortBy((T, T) => int f) {
        .lib.sorting.sort(items, new .lib.order.function(f));
        return this;
    }

    // An array of the machine with the same elements.
    .internal.object[] toArray() {
        var copy = new .internal.object[]();
        foreach (x in items) copy.add(x);
        return copy;
    }

    void check(var index : int, var size : int, var what : string) {
        if (index < 0 || index >= size)
            throw new .lib.error("list." + what + ": index " + index + " is out of bounds, the size is " + items.size());
    }
};

// Walks a list; sees what is changed meanwhile.
class list.iterator<T> {
    var of : .lib.list<T>;
    var at : int;

    void iterator(var l : .lib.list<T>) { of = l; }
    int hasNext() { return at < of.items.size(); }
    T next() { return of.get(at++); }
};
