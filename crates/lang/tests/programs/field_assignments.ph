// Compound assignments on fields and elements.
// expect: 7
// expect: 8
// expect: 9
// expect: 9
// expect: 14
// expect: 30
// expect: 5 6
package .programs;

class field_assignments {
    var n : int;
    var list : int[];
    void main() {
        n = 4;
        n += 3;
        println(n);
        println(++n);
        n++;
        println(n);
        println(n--);
        list = new int[]();
        list[0] = 4;
        list[0] += 10;
        println(list[0]);
        list[1] = 10;
        list[1] *= 3;
        println(list[1]);
        var i = 0;
        list[i++] = 5;
        list[i++] = 6;
        println(list[0] + " " + list[1]);
    }
};
