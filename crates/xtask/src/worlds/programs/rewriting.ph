// Rewrites a table all the time, here and there and over and over, and proves that it is as it was left.
package .worlds;

class rewriting {
    int main(string[] args) {
        int count = 20000;
        int[] table = new int[]();
        for (int i = 0; i < count; i++) table[i] = i;
        int at = 1;
        for (int round = 0; round < 90; round++) {
            for (int i = 0; i < 40; i++) {
                at = (at * 7919 + 13) % count;
                if (table[at] % count != at) println("WRONG at " + at);
                table[at] = table[at] + count;
            }
            println("round " + round + ": " + table[at]);
        }
        int sum = 0;
        for (int i = 0; i < count; i++) {
            if (table[i] % count != i) println("WRONG at " + i);
            sum = sum + table[i] / count;
        }
        println("rewritten " + sum);
        return 0;
    }
};
