// Holds more and more: the world grows, and with it its device.
package .worlds;

class growing {
    int main(string[] args) {
        int[][] all = new int[][]();
        for (int round = 0; round < 60; round++) {
            int[] more = new int[]();
            for (int i = 0; i < 1500; i++) more[i] = round * i;
            all[round] = more;
            int probe = round / 2;
            if (all[probe][700] != probe * 700) println("WRONG at " + probe);
            println("round " + round + ": " + all[probe][1499]);
        }
        return 0;
    }
};
