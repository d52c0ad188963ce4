// A ring buffer: keeps the newest elements, so many at most.
package .lib;

class ring {
    var items : void[];
    var start : int;
    var count : int;
    var limit : int;

    void ring(var capacity : int) {
        if (capacity < 1) throw new .lib.error("ring: a ring holds at least 1 element, not " + capacity);
        limit = capacity;
        items = new void[]();
    }

    // Adds an element; returns the one that had to go for it, or null.
    .internal.object add(var x) {
        var old;
        if (count < limit) {
            items[(start + count) % limit] = x;
            count++;
            return null;
        }
        old = items[start];
        items[start] = x;
        start = (start + 1) % limit;
        return old;
    }

    // The element at an index; the oldest has 0.
    .internal.object get(var index : int) {
        if (index < 0 || index >= count)
            throw new .lib.error("ring.get: index " + index + " is out of bounds, the size is " + count);
        return items[(start + index) % limit];
    }

    int size() { return count; }
    int isFull() { return count == limit; }
    int capacity() { return limit; }
    void clear() {
        items = new void[]();
        start = 0;
        count = 0;
    }

    .lib.ring.iterator iterator() [8] { return new .lib.ring.iterator(this); }
    .lib.list toList() { return new .lib.list(this); }
    string toString() { return toList().toString(); }
};

class ring.iterator {
    var of : .lib.ring;
    var at : int;

    void iterator(var r : .lib.ring) { of = r; }
    int hasNext() { return at < of.size(); }
    .internal.object next() { return of.get(at++); }
};
