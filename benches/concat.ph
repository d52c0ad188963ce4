// 10 million concatenations of two short strings.
package .benches;

class concat {
    int main(string[] args) {
        string left = "snap";
        string right = "shot";
        int n = 0;
        for (int i = 0; i < 10000000; i++)
            n = n + left.concat(right).length();
        println(n);
        return 0;
    }
};
