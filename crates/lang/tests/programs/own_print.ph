// A class with its own print is asked first.
// expect: <hello>
// expect: <bye>
package .programs;

import .internal.console;

class own_print {
    void print(var s : string) { new .internal.console().println("<" + s + ">"); }
    void main() {
        print("hello");
        this.print("bye");
    }
};
