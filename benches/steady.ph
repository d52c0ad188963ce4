// Objects that live on (a million, or the second argument), all of them or each so many-th (third argument) updated at
// random, with garbage at each step: their pages get dirty as fast as they can.
package .benches;

class counter {
    var value : int;

    int bump(counter other) {
        value = value + other.get();
        return value;
    }
    int get() {
        return value;
    }
    void set(int to) {
        value = to;
    }
};

class steady {
    int main(string[] args) {
        int millions = 20;
        if (args.size() > 0) millions = args[0].toInt();
        int size = 1000000;
        if (args.size() > 1) size = args[1].toInt();
        int stride = 1;
        if (args.size() > 2) stride = args[2].toInt();
        counter[] table = new counter[]();
        for (int i = 0; i < size; i++)
            table[i] = new counter();
        int chosen = size / stride;
        int seed = 12345;
        int total = 0;
        for (int round = 0; round < millions; round++) {
            for (int i = 0; i < 1000000; i++) {
                seed = seed * 1103515245 + 12345;
                counter step = new counter();
                step.set(i);
                total = total + table[(seed >>> 8) % chosen * stride].bump(step);
            }
        }
        println(total);
        return 0;
    }
};
