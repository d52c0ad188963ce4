// Comparisons give 0 or 1; `!` binds tightly.
// expect: 1
// expect: 0
// expect: 1
// expect: 0
// expect: 1
// expect: 0
// expect: 1
package .programs;

class comparisons {
    void main() {
        println(1 < 2);
        println(!(1 < 2));
        println(3 >= 3);
        println(3 != 3);
        var a = 5;
        println(a == 5);
        println(!a == 5);
        println(!a == 0);
    }
};
