// foreach over an array.
// expect: red
// expect: green
// expect: blue
// expect: 6
package .programs;

class foreach_array {
    void main() {
        var colours = new string[]();
        colours[0] = "red";
        colours[1] = "green";
        colours[2] = "blue";
        foreach (colour in colours) println(colour);
        var numbers = new int[]();
        numbers[0] = 1;
        numbers[1] = 2;
        numbers[2] = 3;
        var sum = 0;
        foreach (n in numbers) sum += n;
        println(sum);
    }
};
