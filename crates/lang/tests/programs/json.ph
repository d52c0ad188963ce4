// Strings are parsed as JSON.
// expect: 1
// expect: 2
// expect: 3
// expect: 0
package .programs;

import .internal.directory;

class json {
    void main() {
        var d : .internal.directory;
        d = "{\"a\": 1, \"b\": [2, 3], \"c\": {}}".parseJson();
        println(d.get("a"));
        var list;
        list = d.get("b");
        println(list.get(0));
        println(list.get(1));
        println(d.get("c").size());
    }
};
