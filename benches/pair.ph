// Two threads that compute, each for itself.
package .benches;

import .internal."thread";

class adder {
    var sum : int;
    void run() {
        int s = 0;
        for (int i = 0; i < 40000000; i++)
            s = s + i;
        sum = s;
    }
};

class pair {
    int main(string[] args) {
        var one = new adder();
        var two = new adder();
        var first = new .internal."thread"().start(one);
        var second = new .internal."thread"().start(two);
        first.join();
        second.join();
        println(one.sum - two.sum);
        return 0;
    }
};
