// Classes of the library that are loaded by name at run time.
// expect: found .lib.regex
// expect: class .lib.nonsense is not found
// expect: class .nowhere.x is not found
// expect: found [L.lib.list;
package .programs;
import .internal.boot;
class load_classes {
    void main() { boot boot = new boot();
        var c : .internal.object;
        c = boot.loadClass(".lib.regex");
        var k : .internal.class;
        k = c;
        println("found " + k.getName());
        try { boot.loadClass(".lib.nonsense"); } catch(string s) { println(s); }
        try { boot.loadClass(".nowhere.x"); } catch(string s) { println(s); }
        k = boot.loadClass("[L.lib.list;");
        println("found " + k.getName());
    }
};
