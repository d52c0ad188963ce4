// Statics by the full path of their class, read, written and called, and what stands behind them.
// expect: 5 8
// expect: 11 12
// expect: 3 of inner
// expect: inner 7
package .programs;

class full_paths {
    static int n = 5;
    static full_paths.holder held = new full_paths.holder();
    int own = 7;

    class holder {
        int count;
        string name = "inner";
        string show() { return count + " of " + name; }
    };

    static int add(int x) { return x + n; }

    void main() {
        println(.programs.full_paths.n + " " + .programs.full_paths.add(3));
        .programs.full_paths.n = 9;
        .programs.full_paths.n += 2;
        print(.programs.full_paths.n++ + " ");
        println(n);
        .programs.full_paths.held.count = 3;
        println(.programs.full_paths.held.show());
        println(.programs.full_paths.held.name + " " + own);
    }
};
