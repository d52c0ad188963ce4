// A ring buffer: keeps the newest elements, so many at most.
package .lib;

class ring<T> {
    var items : T[];
    var start : int;
    var count : int;
    var limit : int;

    void ring(var capacity : int) {
        if (capacity < 1) throw new .lib.error("ring: a ring holds at least 1 element, not " + capacity);
        limit = capacity;
        items = new T[]();
    }

    // Adds an element; returns the one that had to go for it, or null.
    T add(T x) {
        if (count < limit) {
            items[(start + count) % limit] = x;
            count++;
            return null;
        }
        T old = items[start];
        items[start] = x;
        start = (start + 1) % limit;
        return old;
    }

    // The element at an index; the oldest has 0.
    T get(var index : int) {
        if (index < 0 || index >= count)
            throw new .lib.error("ring.get: index " + index + " is out of bounds, the size is " + count);
        return items[(start + index) % limit];
    }

    int size() { return count; }
    int isFull() { return count == limit; }
    int capacity() { return limit; }
    void clear() {
        items = new T[]();
        start = 0;
        count = 0;
    }

    .lib.ring.iterator<T> iterator() [8] { return new .lib.ring.iterator<T>(this); }
    .lib.list<T> toList() { return new .lib.list<T>(this); }
    string toString() { return toList().toString(); }
};

class ring.iterator<T> {
    var of : .lib.ring<T>;
    var at : int;

    void iterator(.lib.ring<T> r) { of = r; }
    int hasNext() { return at < of.size(); }
    T next() { return of.get(at++); }
};
