// Interfaces as types of receivers.
// expect: circle 3
// expect: square 4
// expect: 7
// expect: 1 0
package .programs;

interface shape {
    string name();
    int size();
};
class circle implements shape {
    string name() { return "circle"; }
    int size() { return 3; }
};
class square implements shape {
    string name() { return "square"; }
    int size() { return 4; }
};
class interfaces {
    int show(var s : shape) {
        println(s.name() + " " + s.size());
        return s.size();
    }
    void main() {
        println(show(new circle()) + show(new square()));
        var o;
        o = new circle();
        println((o instanceof shape) + " " + ("x" instanceof shape));
    }
};
