// Sorting an array in place.
// expect: 1 2 3 5 8 9
package .programs;

class bubble_sort {
    void main() {
        var a = new int[]();
        a.add(5); a.add(2); a.add(9); a.add(1); a.add(8); a.add(3);
        for (var i = 0; i < a.size(); i++) {
            for (var j = 0; j + 1 < a.size() - i; j++) {
                if (a[j] > a[j + 1]) {
                    var t = a[j];
                    a[j] = a[j + 1];
                    a[j + 1] = t;
                }
            }
        }
        var line = "";
        foreach (n in a) line += (line == "" ? "" : " ") + n;
        println(line);
    }
};
