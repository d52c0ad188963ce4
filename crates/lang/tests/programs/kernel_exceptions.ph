// Errors of the machine are objects that can be caught.
// expect: arithmetic
// expect: cast
// expect: null
// expect: arithmetic again
package .programs;

class kernel_exceptions {
    var nothing : string;
    void main() {
        var zero = 0;
        try { println(1 / zero); }
        catch (.internal.exception.arithmetic e) { println("arithmetic"); }
        var x;
        x = "text";
        try { int n = x; println(n); }
        catch (.internal.exception.class_cast e) { println("cast"); }
        try { println(nothing.length()); }
        catch (.internal.exception.null_pointer e) { println("null"); }
        try { println(5L % zero); }
        catch (.internal.exception e) { println("arithmetic again"); }
    }
};
