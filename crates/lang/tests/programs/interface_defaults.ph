// Interfaces with bodies, constants, several at once, in hierarchies; instanceof and casts; private helpers.
// expect: duck says quack twice: quack quack
// expect: duck swims at 3
// expect: robot says beep twice: BEEP
// expect: 1 1 0
// expect: 3
// expect: cast: quack
// expect: not a swimmer: a .programs.robot is no .programs.swimmer
// expect: quack
package .programs;

interface sounding {
    const int LIMIT = 3;
    string sound();
    string name();
    string twice() { return decorated(sound() + " " + sound()); }
    private string decorated(string text) { return name() + " says " + sound() + " twice: " + text; }
};
interface swimmer {
    int speed() { return sounding.LIMIT; }
};
interface animal extends sounding, swimmer { };
class duck implements animal {
    string sound() { return "quack"; }
    string name() { return "duck"; }
};
class robot implements sounding {
    string sound() { return "beep"; }
    string name() { return "robot"; }
    string twice() { return "robot says beep twice: " + sound().toUpper(); }
};
class interface_defaults {
    void main() {
        var d = new duck();
        var r = new robot();
        var list = new sounding[]();
        list.add(d);
        println(list[0].twice());
        swimmer s = d;
        println(d.name() + " swims at " + s.speed());
        list.add(r);
        println(list[1].twice());
        println((d instanceof swimmer) + " " + (d instanceof sounding) + " " + (r instanceof swimmer));
        println(duck.LIMIT);
        var anything;
        anything = d;
        println("cast: " + ((sounding)anything).sound());
        anything = r;
        try { swimmer w = (swimmer)anything; println(w.speed()); }
        catch (.internal.exception.class_cast e) { println("not a swimmer: " + e.getMessage()); }
        anything = d;
        println(anything.sound());
    }
};
