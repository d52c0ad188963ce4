// `==` calls `equals` of the class.
// expect: 1
// expect: 0
// expect: 1
package .programs;

class money {
    var cents : int;
    void money(var c : int) { cents = c; }
    int equals(var other) [4] {
        if (!(other instanceof money)) return 0;
        return ((money)other).cents == cents;
    }
};
class own_equals {
    void main() {
        println(new money(5) == new money(5));
        println(new money(5) == new money(6));
        println(new money(5) != "five");
    }
};
