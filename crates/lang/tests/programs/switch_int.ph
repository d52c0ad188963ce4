// switch on numbers, with fall-through.
// expect: zero
// expect: one two
// expect: two
// expect: many
// expect: sparse
// expect: negative
package .programs;

class switch_int {
    void show(var n : int) {
        switch (n) {
            case 0: println("zero"); break;
            case 1: print("one ");
            case 2: println("two"); break;
            case 1000000: println("sparse"); break;
            case -5: println("negative"); break;
            default: println("many");
        }
    }
    void main() {
        show(0);
        show(1);
        show(2);
        show(3);
        show(1000000);
        show(-5);
    }
};
