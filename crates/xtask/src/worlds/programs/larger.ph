// Goes over a table that is larger than the memory it is given, from one end to the other and here and there, and proves
// that each row is as it was left.
package .worlds;

class larger {
    var rows : int[][];
    var versions : int[];
    var wrong : int;

    // A row is a function of its number and its version alone.
    int[] row(var number : int, var version : int) {
        int[] made = new int[]();
        for (int j = 0; j < 480; j++) made[j] = number * 1000 + version * 7 + j;
        return made;
    }
    int sum(var number : int) {
        int[] r = rows[number];
        int s = 0;
        for (int j = 0; j < 480; j += 16) s += r[j] - j;
        int should = 30 * (number * 1000 + versions[number] * 7);
        if (s != should) {
            wrong++;
            println("WRONG row " + number + ": " + s);
        }
        return s;
    }
    int main(string[] args) {
        int count = 56;
        rows = new int[][]();
        versions = new int[]();
        for (int i = 0; i < count; i++) {
            rows[i] = row(i, 0);
            versions[i] = 0;
        }
        println("made " + count);
        int at = 1;
        for (int round = 0; round < 30; round++) {
            for (int k = 0; k < 5; k++) {
                at = (at * 79 + 13) % count;
                sum(at);
                versions[at] = versions[at] + 1;
                if (k == 0) {
                    rows[at] = row(at, versions[at]);
                } else {
                    int[] r = rows[at];
                    for (int j = 0; j < 480; j += 16) r[j] = r[j] + 7;
                }
            }
            int all = 0;
            for (int i = 0; i < count; i++) all = (all + sum(i)) % 1000003;
            println("round " + round + ": " + all);
        }
        println("wrong " + wrong);
        return 0;
    }
};
