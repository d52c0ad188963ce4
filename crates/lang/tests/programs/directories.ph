// The directory: keys and values.
// expect: 0
// expect: 17
// expect: 1
// expect: world
// expect: (void)
// expect: 0
// expect: 2
// expect: 0
package .programs;

import .internal.directory;

class directories {
    void main() {
        var d = new .internal.directory();
        println(d.put("hello", "world"));
        println(d.put("hello", "again"));
        println(d.size());
        println(d.get("hello"));
        println(d.get("nobody"));
        println(d.remove("hello"));
        println(d.remove("hello"));
        println(d.size());
    }
};
