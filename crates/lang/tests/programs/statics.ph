// Static fields and methods.
// expect: 3
// expect: 7
// expect: 10
// expect: 12
package .programs;

class registry {
    static int count = 3;
    static int next() { count += 4; return count; }
};
class statics {
    static int base = 10;
    static int twice(var n : int) { return n * 2; }
    void main() {
        println(registry.count);
        println(registry.next());
        println(base);
        println(.programs.statics.twice(6));
    }
};
