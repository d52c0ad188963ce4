// 20 million calls of a method with one argument that returns it.
package .benches;

class calls {
    int same(int value) {
        return value;
    }

    int main(string[] args) {
        int s = 0;
        for (int i = 0; i < 20000000; i++)
            s = s + same(i);
        println(s);
        return 0;
    }
};
