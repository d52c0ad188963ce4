// A method that ends without return gives null or 0.
// expect: 0
// expect: (void)
// expect: 1
// warns: two methods can end without return
// warns: and the second
package .programs;

class falls_off {
    int number() { }
    string text() { }
    void main() {
        println(number());
        println(text());
        println(text() == null);
    }
};
