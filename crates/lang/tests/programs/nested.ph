// Classes in classes: by their short name in their file, by that of the outer one and a dot elsewhere.
// expect: 1 2 3
// expect: red
// expect: deep
// expect: 6
package .programs;

class nested {
    class node {
        int value;
        node next;
        void node(int v, node n) {
            value = v;
            next = n;
        }
    };
    enum colour { red, green }
    interface summing { int sum(); }
    class outer {
        class inner { string toString() { return "deep"; } };
        string show() { return new inner().toString(); }
    };
    class chain implements summing {
        nested.node first;
        int sum() {
            int all = 0;
            for (node n = first; n != null; n = n.next) all += n.value;
            return all;
        }
    };

    void main() {
        var c = new chain();
        c.first = new node(1, new .programs.nested.node(2, new nested.node(3, null)));
        println(c.first.value + " " + c.first.next.value + " " + c.first.next.next.value);
        println(colour.red);
        println(new nested.outer().show());
        println(((summing)c).sum());
    }
};
