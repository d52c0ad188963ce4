// switch on strings and on values computed at run time.
// expect: apple
// expect: other
// expect: fall
// expect: pear
// expect: null
// expect: computed
package .programs;

class switch_string {
    void show(var s : string) {
        switch (s) {
            case "apple": println("apple"); break;
            case "fig": println("fall");
            case "pear": println("pear"); break;
            case null: println("null"); break;
            default: println("other");
        }
    }
    void main() {
        show("apple");
        show("plum");
        show("fig");
        show(null);
        var limit = 7;
        switch (3 + 4) {
            case limit: println("computed"); break;
            case limit + 1: println("wrong");
        }
    }
};
