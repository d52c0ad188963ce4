// Static fields, constants and initialisers: run once, at the first use, in the order of the source.
// expect: main
// expect: table is made
// expect: 16
// expect: 1 4 9
// expect: 3.5 limit
// expect: made: 1
// expect: 1
// expect: first
// expect: second 5
package .programs;

class squares {
    const int COUNT = 4;
    static int[] table = new int[]();
    static var made : int;
    static {
        println("table is made");
        for (int i = 0; i < COUNT; i++) table.add((i + 1) * (i + 1));
        made++;
    }
    static int at(int i) { return table[i]; }
};
class limits {
    public static final double MAX = 3.5;
    const NAME = "limit";
};
class counter {
    private static var current : counter;
    private static var count : int;
    private void counter() { count++; }
    static counter instance() {
        if (current == null) current = new counter();
        return current;
    }
    static int instances() { return count; }
};
class order {
    static var a : int = order.say("first", 5);
    static { println("second " + a); }
    static int say(string text, int value) { println(text); return value; }
    static void touch() { }
};
class static_initialisers {
    void main() {
        println("main");
        println(squares.at(3));
        println(squares.at(0) + " " + squares.table[1] + " " + squares.table[2]);
        println(limits.MAX + " " + limits.NAME);
        println("made: " + squares.made);
        counter.instance();
        counter.instance();
        println(counter.instances());
        order.touch();
    }
};
