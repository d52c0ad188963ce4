// Untyped variables: methods by name, numbers boxed and unboxed.
// expect: 5
// expect: 5
// expect: 12
// expect: 15
// expect: woof
// expect: meow
// expect: HELLO
// expect: 12
package .programs;

class dog { string sound() { return "woof"; } };
class cat { string sound() { return "meow"; } };
class dynamic {
    var field;
    .internal.object id(var x) { return x; }
    void main() {
        var x;
        x = 5;
        println(x);
        int n = x;
        println(n);
        println(x + 7);
        field = x;
        field += 10;
        println(field);
        x = new dog();
        println(x.sound());
        x = new cat();
        println(x.sound());
        x = "hello";
        println(x.toUpper());
        n = id(12);
        println(n);
    }
};
