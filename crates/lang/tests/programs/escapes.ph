// Escapes in strings.
// expect: quote " backslash \ tab	end
// expect: é😀A
// expect: two
// expect: lines
package .programs;

class escapes {
    void main() {
        println("quote \" backslash \\ tab\tend");
        println("\u{e9}\u{1F600}\x41");
        println("two\nlines");
    }
};
