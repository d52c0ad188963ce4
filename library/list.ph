// A list: elements by their index, in an array that grows.
package .lib;

class list {
    var items : void[];

    void list() { items = new void[](); }

    // The elements of anything that `foreach` takes.
    void list(var from) {
        items = new void[]();
        addAll(from);
    }

    // Adds an element at the end; returns the list, so that calls can be chained.
    list add(var x) {
        items.add(x);
        return this;
    }

    // Adds the elements of anything that `foreach` takes.
    list addAll(var from) {
        foreach (x in from) items.add(x);
        return this;
    }

    .internal.object get(var index : int) {
        check(index, items.size(), "get");
        return items[index];
    }

    // Replaces an element; returns the one that was there.
    .internal.object set(var index : int, var x) {
        check(index, items.size(), "set");
        var old;
        old = items[index];
        items[index] = x;
        return old;
    }

    // Inserts before an index, or at the end.
    void insert(var index : int, var x) {
        check(index, items.size() + 1, "insert");
        items.insert(index, x);
    }

    // Removes the element at an index and returns it.
    .internal.object removeAt(var index : int) {
        check(index, items.size(), "removeAt");
        return items.removeAt(index);
    }

    // Removes the first element that is equal to `x`; whether there was one.
    int remove(var x) {
        int at = indexOf(x);
        if (at < 0) return false;
        items.removeAt(at);
        return true;
    }

    .internal.object removeLast() {
        check(0, items.size(), "removeLast");
        return items.removeLast();
    }

    .internal.object first() { return get(0); }
    .internal.object last() { return get(items.size() - 1); }
    int size() { return items.size(); }
    int isEmpty() { return items.size() == 0; }
    void clear() { items.clear(); }

    // Where the first element that is equal to `x` stands, or -1.
    int indexOf(var x) {
        int size = items.size();
        for (int i = 0; i < size; i++) if (items[i] == x) return i;
        return -1;
    }

    int contains(var x) { return indexOf(x) >= 0; }

    // A new list of the elements from an index up to, and without, another.
    list slice(var from : int, var to : int) {
        if (from < 0 || to > items.size() || from > to)
            throw new .lib.error("list.slice: " + from + " to " + to + " of " + items.size() + " elements");
        var part = new list();
        for (int i = from; i < to; i++) part.items.add(items[i]);
        return part;
    }

    // Turns the order around; returns the list.
    list reverse() {
        int j = items.size() - 1;
        for (int i = 0; i < j; i++) {
            var x;
            x = items[i];
            items[i] = items[j];
            items[j] = x;
            j--;
        }
        return this;
    }

    // Sorts by the natural order; equal elements stay as they stand to each other. Returns the list.
    list sort() { return sort(new .lib.order.natural()); }

    // Sorts by an order; equal elements stay as they stand to each other. Returns the list.
    list sort(var by : .lib.order) {
        .lib.sorting.sort(items, by);
        return this;
    }

    // Where `x` stands in a list sorted by the natural order; -1 - (where it belongs) when it is not there.
    int search(var x) { return .lib.sorting.search(items, x, new .lib.order.natural()); }
    int search(var x, var by : .lib.order) { return .lib.sorting.search(items, x, by); }

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

    .lib.list.iterator iterator() [8] { return new .lib.list.iterator(this); }

    // Equal to a list of equal elements in the same order.
    int equals(var other) {
        if (!(other instanceof .lib.list)) return false;
        list that = (list)other;
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
class list.iterator {
    var of : .lib.list;
    var at : int;

    void iterator(var l : .lib.list) { of = l; }
    int hasNext() { return at < of.items.size(); }
    .internal.object next() { return of.get(at++); }
};
