// Conditions.
// expect: small
// expect: medium
// expect: large
// expect: zero
// expect: not zero
package .programs;

class if_else {
    string size(var n : int) {
        if (n < 10) return "small";
        else if (n < 100) return "medium";
        else return "large";
    }
    void main() {
        println(size(5));
        println(size(50));
        println(size(500));
        var n = 0;
        if (n) println("not zero"); else println("zero");
        n = 3;
        if (n) println("not zero");
    }
};
