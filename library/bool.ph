// The two truth values as objects, where `true` must be told from 1: in JSON.
package .lib;

class bool {
    static bool yes = new bool(true);
    static bool no = new bool(false);
    var held : int;

    void bool(var value : int) { held = value; }

    static bool of(var value : int) { return value ? yes : no; }

    // Whether an object stands for true: the truth value, or a number that is not 0.
    static int isTrue(var x) {
        if (x instanceof .lib.bool) return ((bool)x).held;
        return .lib.number.is(x) && .lib.number.toDouble(x) != 0.0;
    }

    int value() { return held; }
    int equals(var other) { return other instanceof .lib.bool && ((bool)other).held == held; }
    int hashCode() { return held; }
    string toString() { return held ? "true" : "false"; }
};
