// Lines with time and level, on standard error and in the log of the world, which keeps the newest.
package .lib;

class log {
    static int DEBUG = 0;
    static int INFO = 1;
    static int WARNING = 2;
    static int ERROR = 3;

    var about : string;
    var least : int;
    var console : .internal.console;
    var world : .internal.world;

    // A log whose lines name what they are about; shows them from INFO on.
    void log(var name : string) {
        about = name;
        least = INFO;
        console = new .internal.console();
        world = new .internal.world();
    }

    // Lines below this level are left out.
    void setLevel(var level : int) { least = level; }

    void debug(var x) { line(DEBUG, "debug", x); }
    void info(var x) { line(INFO, "info", x); }
    void warning(var x) { line(WARNING, "warning", x); }
    void error(var x) { line(ERROR, "error", x); }

    void line(var level : int, var name : string, var x) {
        if (level < least) return;
        string s = .lib.datetime.now().toString() + " " + name + " " + about + ": " + x;
        console.printlnError(s);
        world.log(s);
    }
};
