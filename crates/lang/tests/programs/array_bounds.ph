// Reading behind the end throws.
// expect: array get - index is out of bounds
// expect: string.substring index is out of bounds
// expect: goes on
package .programs;

class array_bounds {
    void main() {
        var a = new int[]();
        a[0] = 1;
        try { println(a[5]); }
        catch (string e) { println(e); }
        try { println("abc".substring(7, 1)); }
        catch (string e) { println(e); }
        println("goes on");
    }
};
