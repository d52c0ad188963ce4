// Classes that extend .internal.exception.
// expect: lost: no map
// expect: general no fuel
package .programs;

class trouble extends .internal.exception {
    var what : string;
    void trouble(var w : string) { what = w; setMessage(w); }
};
class lost extends trouble {
    void lost(var w : string) { super(w); }
};
class own_exceptions {
    void main() {
        try { throw new lost("no map"); }
        catch (lost e) { println("lost: " + e.what); }
        try { throw new trouble("no fuel"); }
        catch (lost e) { println("wrong"); }
        catch (.internal.exception e) { println("general " + e.getMessage()); }
    }
};
