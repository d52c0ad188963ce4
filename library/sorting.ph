// Sorting and searching arrays of the machine.
package .lib;

class sorting {
    // Merge sort, stable: runs of 8 by insertion, then merged from the bottom up. The order may be a user's own code:
    // all of this is bytecode, and goes on after a kill where it was.
    static void sort(var items : void[], var by : .lib.order) {
        int size = items.size();
        for (int from = 0; from < size; from += 8) insertion(items, from, from + 8 < size ? from + 8 : size, by);
        if (size <= 8) return;
        var other = new void[]();
        other[size - 1] = null;
        var source = items;
        var target = other;
        for (int width = 8; width < size; width *= 2) {
            for (int from = 0; from < size; from += 2 * width) {
                int middle = from + width < size ? from + width : size;
                int to = from + 2 * width < size ? from + 2 * width : size;
                merge(source, target, from, middle, to, by);
            }
            var swap = source;
            source = target;
            target = swap;
        }
        if (source :!= items) for (int i = 0; i < size; i++) items[i] = source[i];
    }

    static void insertion(var items : void[], var from : int, var to : int, var by : .lib.order) {
        for (int i = from + 1; i < to; i++) {
            var x;
            x = items[i];
            int j = i;
            while (j > from && by.compare(items[j - 1], x) > 0) {
                items[j] = items[j - 1];
                j--;
            }
            items[j] = x;
        }
    }

    static void merge(var source : void[], var target : void[], var from : int, var middle : int, var to : int,
            var by : .lib.order) {
        int left = from;
        int right = middle;
        for (int at = from; at < to; at++) {
            if (left < middle && (right >= to || by.compare(source[left], source[right]) <= 0)) {
                target[at] = source[left];
                left++;
            } else {
                target[at] = source[right];
                right++;
            }
        }
    }

    // Where `x` stands in a sorted array (any place, when several are equal); -1 - (where it belongs) when it does not.
    static int search(var items : void[], var x, var by : .lib.order) {
        int low = 0;
        int high = items.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int found = by.compare(items[middle], x);
            if (found == 0) return middle;
            if (found < 0) low = middle + 1;
            else high = middle - 1;
        }
        return -1 - low;
    }
};
