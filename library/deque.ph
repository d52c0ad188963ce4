// A queue with two ends: elements go in and out at both in constant time. As a queue: `addLast` and `removeFirst`.
package .lib;

class deque<T> {
    var items : T[];
    var start : int;
    var count : int;

    void deque() { clear(); }

    void addLast(T x) {
        if (count == items.size()) grow();
        items[start + count & (items.size() - 1)] = x;
        count++;
    }
    void addFirst(T x) {
        if (count == items.size()) grow();
        start = start - 1 & (items.size() - 1);
        items[start] = x;
        count++;
    }

    T removeFirst() {
        need("removeFirst");
        T x = items[start];
        items[start] = null;
        start = start + 1 & (items.size() - 1);
        count--;
        return x;
    }
    T removeLast() {
        need("removeLast");
        int at = start + count - 1 & (items.size() - 1);
        T x = items[at];
        items[at] = null;
        count--;
        return x;
    }

    T first() {
        need("first");
        return items[start];
    }
    T last() {
        need("last");
        return get(count - 1);
    }
    // The element at an index, counted from the first.
    T get(var index : int) {
        if (index < 0 || index >= count)
            throw new .lib.error("deque.get: index " + index + " is out of bounds, the size is " + count);
        return items[start + index & (items.size() - 1)];
    }

    int size() { return count; }
    int isEmpty() { return count == 0; }
    void clear() {
        items = new T[]();
        items[7] = null;
        start = 0;
        count = 0;
    }

    .lib.deque.iterator<T> iterator() [8] { return new .lib.deque.iterator<T>(this); }
    .lib.list<T> toList() { return new .lib.list<T>(this); }
    string toString() { return toList().toString(); }

    void need(var what : string) {
        if (count == 0) throw new .lib.error("deque." + what + ": the deque is empty");
    }
    // The size stays a power of two, so that an index wraps by a mask.
    void grow() {
        int size = items.size() * 2;
        var wider = new T[]();
        wider[size - 1] = null;
        for (int i = 0; i < count; i++) wider[i] = get(i);
        items = wider;
        start = 0;
    }
};

class deque.iterator<T> {
    var of : .lib.deque<T>;
    var at : int;

    void iterator(.lib.deque<T> d) { of = d; }
    int hasNext() { return at < of.size(); }
    T next() { return of.get(at++); }
};
