// A priority queue: the least element comes out first; equal ones in the order in which they went in.
package .lib;

class priority_queue<T> {
    var heap : void[];
    var by : .lib.order;
    var added : long;

    // In the natural order.
    void priority_queue() {
        heap = new void[]();
        by = new .lib.order.natural();
    }
    void priority_queue(var o : .lib.order) {
        heap = new void[]();
        by = o;
    }

    void add(T x) {
        int at = heap.size();
        var fresh = new .lib.priority_queue.item<T>(x, added);
        added += 1L;
        heap.add(fresh);
        while (at > 0) {
            int up = (at - 1) / 2;
            if (!before(fresh, item(up))) break;
            heap[at] = heap[up];
            at = up;
        }
        heap[at] = fresh;
    }

    // The least element, which stays; throws when there is none.
    T first() {
        need("first");
        return item(0).held;
    }

    // Removes the least element and returns it; throws when there is none.
    T removeFirst() {
        need("removeFirst");
        .lib.priority_queue.item<T> least = item(0);
        .lib.priority_queue.item<T> last = (.lib.priority_queue.item<T>)heap.removeLast();
        int size = heap.size();
        if (size == 0) return least.held;
        int at = 0;
        while (true) {
            int down = 2 * at + 1;
            if (down >= size) break;
            if (down + 1 < size && before(item(down + 1), item(down))) down++;
            if (!before(item(down), last)) break;
            heap[at] = heap[down];
            at = down;
        }
        heap[at] = last;
        return least.held;
    }

    int size() { return heap.size(); }
    int isEmpty() { return heap.size() == 0; }
    void clear() { heap.clear(); }

    // The elements in their order, which stay where they are.
    .lib.list<T> toList() {
        var copy = new .lib.priority_queue<T>(by);
        copy.heap = new void[]();
        foreach (x in heap) copy.heap.add(x);
        var all = new .lib.list<T>();
        while (!copy.isEmpty()) all.add(copy.removeFirst());
        return all;
    }
    .lib.list.iterator<T> iterator() [8] { return toList().iterator(); }
    string toString() { return toList().toString(); }

    .lib.priority_queue.item<T> item(var at : int) { return (.lib.priority_queue.item<T>)heap[at]; }
    int before(var a : .lib.priority_queue.item<T>, var b : .lib.priority_queue.item<T>) {
        int found = by.compare(a.held, b.held);
        return found < 0 || found == 0 && a.turn < b.turn;
    }
    void need(var what : string) {
        if (heap.size() == 0) throw new .lib.error("priority_queue." + what + ": the queue is empty");
    }
};

class priority_queue.item<T> {
    var held : T;
    var turn : long;

    void item(T x, long t) {
        held = x;
        turn = t;
    }
};
