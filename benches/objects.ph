// Object workload with garbage: a table of linked cells, mostly rewritten in a hot part, now and then anywhere.
package .benches;

class cell {
    var value : int;
    var next : cell;

    void cell(int v, cell n) {
        value = v;
        next = n;
    }
    int sum() {
        if (next == null) return value;
        return value + next.first();
    }
    int first() {
        return value;
    }
};

class objects {
    int main(string[] args) {
        int rounds = 20;
        if (args.size() > 0) rounds = args[0].toInt();
        int size = 200000;
        cell[] table = new cell[]();
        for (int i = 0; i < size; i++)
            table[i] = new cell(i, null);
        int seed = 12345;
        int total = 0;
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < 500000; i++) {
                seed = seed * 1103515245 + 12345;
                int at = (seed >>> 8) % 20000;
                if ((seed & 15) == 0) at = (seed >>> 8) % size;
                cell old = table[at];
                total = total + old.sum();
                table[at] = new cell(old.first() + 1, new cell(i, null));
            }
        }
        println(total);
        return 0;
    }
};
