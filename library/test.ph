// Tests of a program: checks that count, print what fails, and throw at the end when something did.
package .lib;

class test {
    var about : string;
    var checks : int;
    var failures : int;

    void test(var name : string) { about = name; }

    // That two things are equal.
    void equal(var what : string, var found, var wanted) {
        checks++;
        if (found == wanted) return;
        // Numbers of several kinds are equal by value.
        if (.lib.number.is(found) && .lib.number.is(wanted) && .lib.number.compare(found, wanted) == 0) return;
        fail(what, "found " + shown(found) + " instead of " + shown(wanted));
    }
    // That a condition holds.
    void holds(var what : string, var condition : int) {
        checks++;
        if (!condition) fail(what, "does not hold");
    }
    // That something thrown has a text in it.
    void says(var what : string, var thrown, var text : string) {
        checks++;
        if (thrown == null) {
            fail(what, "nothing was thrown");
            return;
        }
        string said = thrown.toString();
        if (!said.contains(text)) fail(what, "threw " + shown(said) + ", without " + shown(text));
    }
    void fail(var what : string, var why : string) {
        failures++;
        println(about + ": " + what + ": " + why);
    }

    // Prints how it went; throws when a check failed.
    void done() {
        if (failures == 0) {
            println(about + ": " + checks + " checks hold");
            return;
        }
        throw new .lib.error(about + ": " + failures + " of " + checks + " checks failed");
    }

    static string shown(var x) {
        if (x instanceof .internal.string) return "\"" + x + "\"";
        return "" + x;
    }
};
