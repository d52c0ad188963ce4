// for in its forms.
// expect: 0 1 2 3 4
// expect: 45
// expect: 10 9
// expect: 3
package .programs;

class for_loops {
    void main() {
        var line = "";
        for (var i = 0; i < 5; i++) line += (i ? " " : "") + i;
        println(line);
        int sum = 0;
        for (int i = 0; i < 10; i++) sum += i;
        println(sum);
        var a : int;
        var b : int;
        for (a = 10, b = 0; b < 1; a--, b++) print(a + " ");
        println(a);
        var n = 0;
        for (;;) {
            if (++n < 3) continue;
            break;
        }
        println(n);
    }
};
