// Character literals are ints; strings give bytes.
// expect: 97
// expect: 10
// expect: 128512
// expect: 101
// expect: 1
package .programs;

class char_literals {
    void main() {
        println('a');
        println('\n');
        println('\u{1F600}');
        println("hello".charAt(1));
        println("hello".charAt(0) == 'h');
    }
};
