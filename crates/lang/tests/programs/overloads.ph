// Methods of one name are chosen by their arguments.
// expect: int 1
// expect: string x
// expect: double 2.5
// expect: long 5
// expect: object (void)
// expect: two 1 2
// expect: double 7.0
package .programs;

class overloads {
    void show(var n : int) { println("int " + n); }
    void show(var n : long) { println("long " + n); }
    void show(var n : double) { println("double " + n); }
    void show(var s : string) { println("string " + s); }
    void show(var o) { println("object " + o); }
    void show(var a : int, var b : int) { println("two " + a + " " + b); }
    void main() {
        show(1);
        show("x");
        show(2.5);
        show(5L);
        var nothing;
        show(nothing);
        show(1, 2);
        show(7.0f);
    }
};
