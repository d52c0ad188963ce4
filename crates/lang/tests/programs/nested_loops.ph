// break and continue leave the innermost loop.
// expect: 0:0
// expect: 1:0 1:1
// expect: 2:0 2:1 2:2
package .programs;

class nested_loops {
    void main() {
        for (var i = 0; i < 3; i++) {
            var line = "";
            for (var j = 0; ; j++) {
                if (j > i) break;
                if (j) line += " ";
                line += i + ":" + j;
            }
            println(line);
        }
    }
};
