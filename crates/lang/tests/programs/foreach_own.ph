// foreach over an object with an iterator of its own.
// expect: 3
// expect: 2
// expect: 1
// expect: lift-off
package .programs;

class steps {
    var left : int;
    void steps(var n : int) { left = n; }
    int hasNext() { return left > 0; }
    int next() { return left--; }
};
class countdown {
    var from : int;
    void countdown(var n : int) { from = n; }
    steps iterator() [8] { return new steps(from); }
};
class foreach_own {
    void main() {
        foreach (n in new countdown(3)) println(n);
        println("lift-off");
    }
};
