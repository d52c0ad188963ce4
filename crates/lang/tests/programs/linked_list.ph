// Objects that refer to each other.
// expect: 3 2 1
// expect: 6
// expect: 1 2 3
package .programs;

class node {
    var value : int;
    var next : node;
    void node(var v : int, var n : node) { value = v; next = n; }
};
class linked_list {
    var head : node;
    void add(var v : int) { head = new node(v, head); }
    string text() {
        var line = "";
        for (var n = head; n :!= null; n = n.next) line += (line == "" ? "" : " ") + n.value;
        return line;
    }
    void reverse() {
        var result : node;
        while (head :!= null) {
            var next = head.next;
            head.next = result;
            result = head;
            head = next;
        }
        head = result;
    }
    void main() {
        for (var i = 1; i <= 3; i++) add(i);
        println(text());
        var sum = 0;
        for (var n = head; n :!= null; n = n.next) sum += n.value;
        println(sum);
        reverse();
        println(text());
    }
};
