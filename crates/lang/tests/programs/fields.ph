// Fields: defaults, initialisers, fields of other objects.
// expect: 0 (void) 0.0 0
// expect: 3 text 9
// expect: 12
// expect: inner 4
package .programs;

class inner {
    var n : int = 4;
    string toString() { return "inner " + n; }
};
class fields {
    var i : int;
    var s : string;
    var d : double;
    var l : long;
    var three : int = 3;
    string text = "text";
    int squared = 3 * 3;
    inner part = new inner();
    void main() {
        println(i + " " + s + " " + d + " " + l);
        println(three + " " + text + " " + squared);
        this.i = 12;
        println(this.i);
        println(part);
    }
};
