// Arrays grow; elements are typed.
// expect: 3
// expect: zero one two
// expect: 30
// expect: 0
// expect: last x
// expect: 4 4
package .programs;

class arrays {
    void main() {
        var a : string[];
        a = new string[]();
        a[0] = "zero";
        a[2] = "two";
        a[1] = "one";
        println(a.size());
        println(a[0] + " " + a[1] + " " + a[2]);
        var n = new int[]();
        n[0] = 10;
        n[1] = n[0] * 2;
        println(n[0] + n[1]);
        println(new int[]().size());
        a.add("x");
        println("last " + a[a.size() - 1]);
        var grid = new int[][]();
        grid[0] = new int[]();
        grid[0][0] = 4;
        println(grid[0][0] + " " + grid.get(0).get(0));
    }
};
