// Any object is thrown; catch by class; through frames.
// expect: caught oops!
// expect: caught 42
// expect: deep bottom
// expect: inner ignored, outer: text
// expect: a failure
// expect: after
package .programs;

class failure { string toString() { return "a failure"; } };
class exceptions {
    void guard() { try { throw "oops"; } catch (string e) { throw e.concat("!"); } }
    void deep(var n : int) { if (n == 0) throw "bottom"; deep(n - 1); }
    void main() {
        try { guard(); } catch (string e) { println("caught " + e); }
        try { throw 42; } catch (int n) { println("caught " + n); }
        try { deep(4); } catch (string e) { println("deep " + e); }
        try {
            try { throw "text"; } catch (int n) { println("wrong"); }
        } catch (string e) { println("inner ignored, outer: " + e); }
        try { throw new failure(); } catch (failure f) { println(f); }
        println("after");
    }
};
