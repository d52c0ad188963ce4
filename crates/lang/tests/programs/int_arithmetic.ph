// Integers: four operations, remainder, precedence, wrapping.
// expect: -2
// expect: 10
// expect: -21
// expect: 14
// expect: 14
// expect: 5
// expect: -2147483648
// expect: 1
// expect: -1
// expect: 14
package .programs;

class int_arithmetic {
    void main() {
        println(7 / -3);
        println(7 - (-3));
        println(7 * -3);
        println(2 + 3 * 4);
        println(6 | 1 * 2 | 8);
        println(10 - 3 - 2);
        println(2147483647 + 1);
        println(7 % 3);
        println(-7 % 3);
        println(100 / 7);
    }
};
