// instanceof and casts.
// expect: 1 1 0
// expect: 0
// expect: down 5
// expect: no cast
package .programs;

class animal { };
class bird extends animal { var wings : int = 5; };
class stone { };
class instance_of {
    void main() {
        var a : animal = new bird();
        var o;
        o = a;
        println((a instanceof animal) + " " + (a instanceof bird) + " " + (o instanceof stone));
        println(null instanceof animal);
        println("down " + ((bird)a).wings);
        try { var s = (stone)o; println("wrong"); }
        catch (.internal.exception.class_cast e) { println("no cast"); }
    }
};
