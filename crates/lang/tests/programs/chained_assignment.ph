// An assignment has a value.
// expect: 3 3
// expect: 4
// expect: 9 9
package .programs;

class chained_assignment {
    var f : int;
    void main() {
        var a : int;
        var b : int;
        a = b = 3;
        println(a + " " + b);
        println(f = 4);
        var list = new int[]();
        a = list[2] = 9;
        println(a + " " + list[2]);
    }
};
