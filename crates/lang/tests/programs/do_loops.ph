// do … while, and the body behind the test.
// expect: 1 2 3
// expect: 4
// expect: once
package .programs;

class do_loops {
    void main() {
        var i = 1;
        var line = "";
        do {
            line += i;
            if (i < 3) line += " ";
            i++;
        } while (i <= 3);
        println(line);
        i = 3;
        var j = 0;
        do { j = j + 1; } while (i) i = i - 1;
        println(j);
        do println("once"); while (0);
    }
};
