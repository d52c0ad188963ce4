// Methods of strings, also on literals.
// expect: 5
// expect: ell
// expect: 101
// expect: hello world
// expect: 2
// expect: -1
// expect: 42
// expect: -17
// expect: bc
// expect:
// expect: 1
package .programs;

class strings {
    void main() {
        var s : string;
        s = "hello";
        println(s.length());
        println(s.substring(1, 3));
        println(s.charAt(1));
        println(s.concat(" world"));
        println("abcabc".strstr("ca"));
        println("abc".strstr("y"));
        println("42z".toInt());
        println("-17".toInt());
        println("abc".substring(1, 100));
        println("abc".substring(0, 0));
        println("" == "abc".substring(0, 0));
    }
};
