// Variables live in their block; inner ones may hide outer ones and fields.
// expect: inner
// expect: outer
// expect: 1
// expect: field
// expect: 2
package .programs;

class scopes {
    var name : string = "field";
    void main() {
        println_all();
        println(name);
        { var n = 2; println(n); }
    }
    void println_all() {
        var name = "outer";
        { var name = "inner"; println(name); }
        println(name);
        { int n = 1; println(n); }
    }
};
