// Allocates trees, keeps some for a while, and proves each time that what it kept is whole.
package .worlds;

class node {
    var left : node;
    var right : node;
    var value : int;

    void node(var depth : int, var seed : int) {
        value = seed;
        if (depth > 0) {
            left = new node(depth - 1, seed * 2 + 1);
            right = new node(depth - 1, seed * 2 + 2);
        }
    }
    int sum() {
        if (left == null) return value % 1000;
        return value % 1000 + left.sum() + right.sum();
    }
};

class allocation {
    int main(string[] args) {
        node[] kept = new node[]();
        int[] sums = new int[]();
        for (int i = 0; i < 12; i++) { kept[i] = null; sums[i] = 0; }
        for (int round = 0; round < 70; round++) {
            int slot = round * 7 % 12;
            kept[slot] = new node(4 + round % 3, round);
            sums[slot] = kept[slot].sum();
            int all = 0;
            for (int i = 0; i < 12; i++) {
                if (kept[i] != null) {
                    if (kept[i].sum() != sums[i]) println("WRONG tree " + i);
                    all = (all + sums[i]) % 100000;
                }
            }
            println("round " + round + ": " + all);
        }
        return 0;
    }
};
