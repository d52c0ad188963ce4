// `==` compares by value, `:==` by identity.
// expect: 1
// expect: 0
// expect: 1
// expect: 1
// expect: 0
// expect: 1
// expect: 1
// expect: 0
package .programs;

class equality {
    void main() {
        var a = "hel".concat("lo");
        var b = "hello";
        println(a == b);
        println(a :== b);
        println(a :!= b);
        println(b :== b);
        println(a == null);
        var nothing : string;
        println(nothing == null);
        println(nothing :== null);
        println(nothing == a);
    }
};
