// A queue with two ends: elements go in and out at both in constant time. As a queue: `addLast` and `removeFirst`.
package .lib;

class deque {
    var items : void[];
    var start : int;
    var count : int;

    void deque() { clear(); }

    void addLast(var x) {
        if (count == items.size()) grow();
        items[start + count & (items.size() - 1)] = x;
        count++;
    }
    void addFirst(var x) {
        if (count == items.size()) grow();
        start = start - 1 & (items.size() - 1);
        items[start] = x;
        count++;
    }

    .internal.object removeFirst() {
        need("removeFirst");
        var x;
        x = items[start];
        items[start] = null;
        start = start + 1 & (items.size() - 1);
        count--;
        return x;
    }
    .internal.object removeLast() {
        need("removeLast");
        int at = start + count - 1 & (items.size() - 1);
        var x;
        x = items[at];
        items[at] = null;
        count--;
        return x;
    }

    .internal.object first() {
        need("first");
        return items[start];
    }
    .internal.object last() {
        need("last");
        return get(count - 1);
    }
    // The element at an index, counted from the first.
    .internal.object get(var index : int) {
        if (index < 0 || index >= count)
            throw new .lib.error("deque.get: index " + index + " is out of bounds, the size is " + count);
        return items[start + index & (items.size() - 1)];
    }

    int size() { return count; }
    int isEmpty() { return count == 0; }
    void clear() {
        items = new void[]();
        items[7] = null;
        start = 0;
        count = 0;
    }

    .lib.deque.iterator iterator() [8] { return new .lib.deque.iterator(this); }
    .lib.list toList() { return new .lib.list(this); }
    string toString() { return toList().toString(); }

    void need(var what : string) {
        if (count == 0) throw new .lib.error("deque." + what + ": the deque is empty");
    }
    // The size stays a power of two, so that an index wraps by a mask.
    void grow() {
        int size = items.size() * 2;
        var wider = new void[]();
        wider[size - 1] = null;
        for (int i = 0; i < count; i++) wider[i] = get(i);
        items = wider;
        start = 0;
    }
};

class deque.iterator {
    var of : .lib.deque;
    var at : int;

    void iterator(var d : .lib.deque) { of = d; }
    int hasNext() { return at < of.size(); }
    .internal.object next() { return of.get(at++); }
};
