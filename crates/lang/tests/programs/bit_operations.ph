// Bits: and, or, exclusive or, complement, shifts.
// expect: 3
// expect: 14
// expect: 5
// expect: -6
// expect: 40
// expect: -1
// expect: 1073741823
// expect: 255
package .programs;

class bit_operations {
    void main() {
        println(7 & 3);
        println(6 | 8);
        println(6 ^ 3);
        println(~5);
        println(5 << 3);
        println(-4 >> 2);
        println(-4 >>> 2);
        println(0xFF);
    }
};
