// Numbers widen to the larger type; narrowing wants a cast.
// expect: 3.5
// expect: 10000000001
// expect: 6.0
// expect: 2
// expect: 2.5
package .programs;

class promotion {
    double half(var x : double) { return x / 2; }
    void main() {
        println(1 + 2.5);
        println(1 + 10000000000L);
        println(half(12));
        println(5 / 2);
        println(5 / 2.0);
    }
};
