// Compound assignments and counting.
// expect: 8
// expect: 6
// expect: 18
// expect: 4
// expect: 1
// expect: 5
// expect: 5
// expect: 7
// expect: 7
// expect: 6
// expect: 24
// expect: 3
package .programs;

class assignments {
    void main() {
        var x = 5;
        x += 3; println(x);
        x -= 2; println(x);
        x *= 3; println(x);
        x /= 4; println(x);
        x %= 3; println(x);
        x |= 4; println(x);
        println(x++);
        println(++x);
        println(x--);
        println(x);
        x <<= 2; println(x);
        x >>= 3; println(x);
    }
};
