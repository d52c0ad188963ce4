// float and double: arithmetic, comparison, conversion.
// expect: 3.5
// expect: 3
// expect: 1.5
// expect: 0.25
// expect: 1
// expect: 7.0
// expect: 2.5
// expect: -3
package .programs;

class floats {
    void main() {
        var d : double = 3.5;
        println(d);
        var whole : long = (long)d;
        println(whole);
        var f = 1.5f;
        println(f);
        println(1.0 / 4);
        println(d > f);
        println(d * 2);
        println(5.5 % 3);
        println((int)-3.9);
    }
};
