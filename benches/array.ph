// 20 million reads of an array of integer objects, added up.
package .benches;

class array {
    int main(string[] args) {
        int[] numbers = new int[]();
        for (int i = 0; i < 1000; i++)
            numbers[i] = i;
        int s = 0;
        for (int round = 0; round < 20000; round++)
            for (int i = 0; i < 1000; i++)
                s = s + numbers[i];
        println(s);
        return 0;
    }
};
