// Primes below 50.
// expect: 2 3 5 7 11 13 17 19 23 29 31 37 41 43 47
package .programs;

class sieve {
    void main() {
        var limit = 50;
        var composite = new int[]();
        for (var i = 0; i < limit; i++) composite[i] = 0;
        var line = "";
        for (var i = 2; i < limit; i++) {
            if (composite[i]) continue;
            line += (line == "" ? "" : " ") + i;
            for (var j = i * i; j < limit; j += i) composite[j] = 1;
        }
        println(line);
    }
};
