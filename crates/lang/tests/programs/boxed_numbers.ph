// Numbers are objects: methods on them, equality across variables.
// expect: 5
// expect: 5
// expect: 1
// expect: 0
// expect: 3.5
// expect: 7
package .programs;

class boxed_numbers {
    void main() {
        println(5.toString());
        var n = 5;
        println(n.toString());
        var a;
        var b;
        a = 1000000;
        b = 1000000;
        println(a == b);
        println(a == 7);
        println(3.5.toString());
        a = 7;
        println(a.toString());
    }
};
