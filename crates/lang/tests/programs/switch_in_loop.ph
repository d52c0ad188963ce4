// continue inside of a switch goes on with the loop.
// expect: 0
// expect: 2
// expect: done
package .programs;

class switch_in_loop {
    void main() {
        for (var i = 0; i < 3; i++) {
            switch (i) {
                case 1: continue;
                default: break;
            }
            println(i);
        }
        println("done");
    }
};
