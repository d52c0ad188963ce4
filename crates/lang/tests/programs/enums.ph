// Enums: values, fields, methods, interfaces, switch.
// expect: RED 0 #f00
// expect: GREEN 1 #0f0
// expect: BLUE 2 #00f
// expect: stop
// expect: go
// expect: wait
// expect: 1 0
// expect: GREEN
// expect: the enum color has no value PINK
// expect: EAST
// expect: 3
package .programs;

interface coded { string code(); };
enum color implements coded {
    RED("#f00"), GREEN("#0f0"), BLUE("#00f");
    private final string hex;
    void color(string h) { hex = h; }
    string code() { return hex; }
};
enum direction { NORTH, EAST, SOUTH, WEST }
class enums {
    string means(color c) {
        switch (c) {
            case RED: return "stop";
            case color.GREEN: return "go";
            case BLUE: break;
        }
        return "wait";
    }
    void main() {
        foreach (c in color.values()) println(c.name() + " " + c.ordinal() + " " + c.code());
        println(means(color.RED));
        println(means(color.GREEN));
        println(means(color.BLUE));
        println((color.RED == color.RED) + " " + (color.RED == color.BLUE));
        coded any = color.valueOf("GREEN");
        println(any);
        try { color.valueOf("PINK"); } catch (string e) { println(e); }
        println(direction.EAST);
        println(direction.values()[3].ordinal());
    }
};
