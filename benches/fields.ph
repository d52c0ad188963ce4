// 40 million times s = s + i; i = i + 1 with fields.
package .benches;

class fields {
    var s : int;
    var i : int;

    int main(string[] args) {
        s = 0;
        i = 0;
        while (i < 40000000) {
            s = s + i;
            i = i + 1;
        }
        println(s);
        return 0;
    }
};
