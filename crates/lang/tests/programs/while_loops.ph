// while, break, continue.
// expect: 3 2 1
// expect: 1 3 5
// expect: 0
package .programs;

class while_loops {
    void main() {
        var i = 3;
        var line = "";
        while (i) {
            line = line + i;
            i = i - 1;
            if (i) line = line + " ";
        }
        println(line);
        var odd = "";
        i = 0;
        while (1) {
            i++;
            if (i > 5) break;
            if (i % 2 == 0) continue;
            odd += (odd == "" ? "" : " ") + i;
        }
        println(odd);
        while (0) println("never");
        println(0);
    }
};
