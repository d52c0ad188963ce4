// `&&` and `||` leave out what cannot matter.
// expect: left
// expect: 0
// expect: left
// expect: right
// expect: 0
// expect: left
// expect: 1
// expect: right
// expect: left
// expect: 1
// expect: calls 6
package .programs;

class short_circuit {
    var calls : int;
    int left(var result : int) { calls++; println("left"); return result; }
    int right(var result : int) { calls++; println("right"); return result; }
    void main() {
        println(left(0) && right(1));
        println(left(1) && right(0));
        println(left(1) || right(0));
        println(right(0) || left(1));
        println("calls " + calls);
    }
};
