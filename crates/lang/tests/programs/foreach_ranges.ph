// foreach over ranges, arrays with indexes, directories, entries; `for (x in y)`.
// expect: 0 1 2 3 4
// expect: 12
// expect: 0=a 1=b 2=c
// expect: one two
// expect: one->1 two->2
// expect: 1+2
// expect: 5000000000 5000000001
// expect: done 3
// expect: a c
// expect: one two
package .programs;

class foreach_ranges {
    void main() {
        string line = "";
        foreach (i in 0..5) line += i + " ";
        println(line.trim());
        int total = 0;
        for (i in 3..6) { total += i; }
        println(total);
        string[] names = new string[]();
        names.add("a");
        names.add("b");
        names.add("c");
        line = "";
        foreach (i, name in names) line += "${i}=${name} ";
        println(line.trim());
        var d = new .internal.directory();
        d.put("one", 1);
        d.put("two", 2);
        line = "";
        foreach (key in d) line += key + " ";
        println(line.trim());
        line = "";
        foreach (key, value in d) line += "${key}->${value} ";
        println(line.trim());
        line = "";
        foreach (value in d.values()) line += (line == "" ? "" : "+") + value;
        println(line);
        line = "";
        for (long n in 5000000000L..5000000002L) line += n + " ";
        println(line.trim());
        int last = 0;
        foreach (last in 1..100) if (last == 3) break;
        println("done " + last);
        line = "";
        for (string name in names) {
            if (name == "b") continue;
            line += name + " ";
        }
        println(line.trim());
        var anything;
        anything = d;
        line = "";
        foreach (key in anything) line += key + " ";
        println(line.trim());
    }
};
