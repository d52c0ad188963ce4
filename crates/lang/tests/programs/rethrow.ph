// A throw in a handler leaves it.
// expect: 1
// expect: outer again
// expect: many: int 7
// expect: many: string s
// expect: many: something
package .programs;

class other { };
class rethrow {
    void many(var x) {
        try { throw x; }
        catch (int n) { println("many: int " + n); }
        catch (string s) { println("many: string " + s); }
        catch (var o) { println("many: something"); }
    }
    void main() {
        var n = 0;
        try {
            try { throw "again"; }
            catch (string e) { n++; println(n); throw e; }
        }
        catch (string e) { println("outer " + e); }
        many(7);
        many("s");
        many(new other());
    }
};
