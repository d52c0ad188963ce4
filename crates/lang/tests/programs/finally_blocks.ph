// finally runs however the block is left.
// expect: body
// expect: always
// expect: always
// expect: caught x
// expect: always
// expect: returned 1
// expect: 0 out
// expect: 1 out
// expect: always
// expect: inner
// expect: outer
// expect: result 2
// expect: cleanup
// expect: thrown through
package .programs;

class finally_blocks {
    int early() {
        try { return 1; }
        finally { println("always"); }
    }
    int nested() {
        var n = 2;
        try {
            try { return n; }
            finally { println("inner"); n = 99; }
        }
        finally { println("outer"); }
    }
    void thrower() {
        try { throw "thrown through"; }
        finally { println("cleanup"); }
    }
    void main() {
        try { println("body"); } finally { println("always"); }
        try { throw "x"; } catch (string e) { println("always"); println("caught " + e); } finally { }
        println("returned " + early());
        for (var i = 0; i < 5; i++) {
            try { if (i == 2) break; if (i < 5) continue; println("never"); }
            finally { if (i < 2) println(i + " out"); else println("always"); }
        }
        println("result " + nested());
        try { thrower(); } catch (string e) { println(e); }
    }
};
