// Methods that call themselves.
// expect: 120
// expect: 3628800
// expect: 55
// expect: 61
package .programs;

class recursion {
    int fact(var n : int) { if (n < 2) return 1; return n * fact(n - 1); }
    int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    int ackermann(int m, int n) {
        if (m == 0) return n + 1;
        if (n == 0) return ackermann(m - 1, 1);
        return ackermann(m - 1, ackermann(m, n - 1));
    }
    void main() {
        println(fact(5));
        println(fact(10));
        println(fib(10));
        println(ackermann(3, 3));
    }
};
