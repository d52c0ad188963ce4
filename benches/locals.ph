// 40 million times s = s + i; i = i + 1 with locals.
package .benches;

class locals {
    int main(string[] args) {
        int s = 0;
        int i = 0;
        while (i < 40000000) {
            s = s + i;
            i = i + 1;
        }
        println(s);
        return 0;
    }
};
