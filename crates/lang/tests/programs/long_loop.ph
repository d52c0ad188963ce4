// Work enough to be interrupted by many snapshots.
// expect: 704982704
// expect: 200000
package .programs;

class long_loop {
    int count;
    void step() { count++; }
    void main() {
        var sum = 0;
        for (var i = 0; i < 100000; i++) { sum += i; step(); step(); }
        println(sum);
        println(count);
    }
};
