// 64-bit integers.
// expect: 5000000000000
// expect: 9223372036854775807
// expect: -9223372036854775808
// expect: -9223372036854775808
// expect: 1
// expect: 4294967296
// expect: 7
package .programs;

class longs {
    void main() {
        var a : long = 5000000;
        var b : long;
        b = 1000000;
        println(a * b);
        var most = 9223372036854775807L;
        println(most);
        println(-9223372036854775808L);
        println(most + 1);
        println(a > b);
        println(1L << 32);
        var i : int;
        i = (int)7L;
        println(i);
    }
};
