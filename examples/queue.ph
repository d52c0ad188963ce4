// Producers and consumers: three threads make numbers, two take them from a channel that holds ten, and one adds up.
// Kill it whenever you like and run it again: no number is lost, none comes twice.
package .examples;

import .lib.channel;
import .lib.list;

class producer {
    var to : channel;
    var from : int;
    var count : int;

    void producer(var c : channel, var first : int, var n : int) {
        to = c;
        from = first;
        count = n;
    }
    void run() {
        for (int i = 0; i < count; i++) to.send(from + i);
    }
};

class consumer {
    var from : channel;
    var to : channel;

    void consumer(var c : channel, var results : channel) {
        from = c;
        to = results;
    }
    void run() {
        while (true) {
            int n = 0;
            try { n = from.receive(); } catch (channel.closed e) { return; }
            // Some work, so that there is something to interrupt.
            for (int i = 0; i < 2000; i++) n ^= 1;
            to.send(n);
        }
    }
};

class queue {
    int main(string[] args) {
        int each = 1000;
        if (args.size() > 0) each = args[0].toInt();
        var numbers = new channel(10);
        var results = new channel(10);
        for (int p = 0; p < 3; p++) new .internal.thread().start(new producer(numbers, p * each, each));
        for (int c = 0; c < 2; c++) new .internal.thread().start(new consumer(numbers, results));
        int all = 3 * each;
        long sum = 0L;
        for (int n = 1; n <= all; n++) {
            int x = results.receive();
            sum += x;
            if (n % (all / 10) == 0) println(n + " of " + all + " came");
        }
        numbers.close();
        println("their sum is " + sum + (sum == (long)all * (all - 1) / 2 ? ", as it must be" : ", which is wrong"));
        return 0;
    }
};
