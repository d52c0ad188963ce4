// The containers of the library.
// expect: list: 24 checks hold
// expect: deque and ring: 13 checks hold
// expect: map: 27 checks hold
// expect: sorted: 23 checks hold
// expect: own keys: 7 checks hold
package .programs;

import .lib.list;
import .lib.deque;
import .lib.ring;
import .lib.map;
import .lib.set;
import .lib.sorted_map;
import .lib.sorted_set;
import .lib.priority_queue;
import .lib.order;
import .lib.test;
import .lib.error;

class colour {
    var name : string;
    var depth : int;
    void colour(var n : string, var d : int) { name = n; depth = d; }
    int hashCode() { return depth; }
    int equals(var other) {
        if (!(other instanceof colour)) return false;
        colour that = (colour)other;
        return that.name == name && that.depth == depth;
    }
    int compareTo(var other) {
        colour that = (colour)other;
        return depth == that.depth ? name.compareTo(that.name) : depth - that.depth;
    }
    string toString() { return name + depth; }
};

class by_length implements order {
    int compare(var a, var b) { return ((string)a).length() - ((string)b).length(); }
};

class lib_containers {
    void main() {
        lists();
        ends();
        maps();
        sorted();
        own();
    }

    void lists() {
        var t = new test("list");
        var l = new list();
        for (int i = 0; i < 100; i++) l.add(i * 37 % 101);
        t.equal("size", l.size(), 100);
        var copy = new list(l);
        t.equal("copies are equal", copy, l);
        t.equal("and have one hash", copy.hashCode(), l.hashCode());
        l.sort();
        int ordered = true;
        for (int i = 1; i < 100; i++) {
            int a = l.get(i - 1);
            int b = l.get(i);
            ordered = ordered && a < b;
        }
        t.holds("sorted", ordered);
        t.holds("not equal any more", l != copy);
        t.equal("search", l.search(50), l.indexOf(50));
        t.equal("search for what is above all", l.search(1000), -101);
        t.equal("search for what is below all", l.search(-5), -1);
        // Stable: words of one length keep their order.
        var words = new list();
        foreach (w in "the quick brown fox jumps over the lazy dog and a cat sat on mats".split(" ")) words.add(w);
        words.sort(new by_length());
        t.equal("stable sort", words.join(" "), "a on the fox the dog and cat sat over lazy mats quick brown jumps");
        words.sort(new order.reversed(new by_length()));
        t.equal("reversed, stable", words.join(" "), "quick brown jumps over lazy mats the fox the dog and cat sat on a");
        var s = new list().add("a").add("b").add("c");
        t.equal("toString", s.toString(), "[a, b, c]");
        s.insert(1, "x");
        s.insert(4, "end");
        t.equal("insert", s.toString(), "[a, x, b, c, end]");
        t.equal("removeAt", s.removeAt(0), "a");
        t.equal("remove", s.remove("b"), true);
        t.equal("remove what is not there", s.remove("b"), false);
        t.equal("set", s.set(0, "y"), "x");
        t.equal("first, last", s.first() + " " + s.last(), "y end");
        t.equal("slice", s.slice(1, 3).toString(), "[c, end]");
        t.equal("reverse", s.reverse().toString(), "[end, c, y]");
        t.equal("removeLast", s.removeLast(), "y");
        var kept = s;
        try { s.get(2); t.fail("get", "no error"); } catch (error e) { t.says("get", e, "index 2 is out of bounds"); }
        try { s.slice(1, 9); t.fail("slice", "no error"); } catch (error e) { t.says("slice", e, "1 to 9 of 2"); }
        s.clear();
        t.holds("clear", s.isEmpty() && kept.isEmpty());
        try { s.removeLast(); t.fail("empty", "no error"); } catch (error e) { t.says("empty", e, "out of bounds"); }
        t.done();
    }

    void ends() {
        var t = new test("deque and ring");
        var d = new deque();
        for (int i = 0; i < 20; i++) {
            d.addLast(i);
            d.addFirst(-i);
        }
        t.equal("size", d.size(), 40);
        t.equal("first", d.first(), -19);
        t.equal("last", d.last(), 19);
        t.equal("removeFirst", d.removeFirst(), -19);
        t.equal("removeLast", d.removeLast(), 19);
        int sum = 0;
        foreach (x in d) {
            int n = x;
            sum += n;
        }
        t.equal("sum", sum, 0);
        t.equal("get", d.get(18), 0);
        while (d.size() > 3) d.removeFirst();
        t.equal("rest", d.toString(), "[16, 17, 18]");
        d.clear();
        try { d.removeFirst(); t.fail("empty", "no error"); } catch (error e) { t.says("empty", e, "the deque is empty"); }
        var r = new ring(3);
        for (int i = 0; i < 5; i++) r.add(i);
        t.equal("newest", r.toString(), "[2, 3, 4]");
        t.equal("what goes", r.add(5), 2);
        t.holds("full", r.isFull());
        try { var none = new ring(0); t.fail("no room", "no error"); } catch (error e) { t.says("no room", e, "at least 1"); }
        t.done();
    }

    void maps() {
        var t = new test("map");
        var m = new map();
        for (int i = 0; i < 200; i++) m.put("k" + i, i);
        t.equal("size", m.size(), 200);
        t.equal("get", m.get("k77"), 77);
        t.equal("nothing", m.get("nobody"), null);
        t.equal("getOr", m.getOr("nobody", 5), 5);
        t.equal("put again gives the old value", m.put("k77", "new"), 77);
        t.equal("and keeps the size", m.size(), 200);
        for (int i = 0; i < 200; i += 2) m.remove("k" + i);
        t.equal("removed", m.size(), 100);
        t.holds("gone", !m.contains("k4"));
        t.holds("there", m.contains("k5"));
        t.equal("remove what is not there", m.remove("k4"), null);
        t.equal("order of coming", m.keys().slice(0, 3).toString(), "[k1, k3, k5]");
        int odd = 0;
        foreach (e in m) if (!e.key().equals("k77")) {
            int n = e.value();
            odd += n;
        }
        t.equal("sum of values", odd, 9923);
        // Numbers of several kinds, null, and strings are keys of their own.
        var mixed = new map().with(1, "int").with(1L, "long").with("1", "string").with(null, "null").with(1.0, "double");
        t.equal("five keys", mixed.size(), 5);
        t.equal("null is a key", mixed.get(null), "null");
        t.equal("int", mixed.get(1), "int");
        t.equal("long", mixed.get(1L), "long");
        t.equal("text", mixed.toString(), "{1: int, 1: long, 1: string, (void): null, 1.0: double}");
        // Maps are equal whatever the order.
        var a = new map().with("x", 1).with("y", new list().add(2));
        var b = new map().with("y", new list().add(2)).with("x", 1);
        t.equal("equal", a, b);
        t.equal("one hash", a.hashCode(), b.hashCode());
        b.put("x", 2);
        t.holds("not equal", a != b);
        // Removing while walking.
        var w = new map();
        for (int i = 0; i < 10; i++) w.put(i, i);
        var seen = new list();
        foreach (e in w) {
            seen.add(e.key());
            int k = e.key();
            w.remove(k);
            w.remove(k + 1);
        }
        t.equal("removing while walking", seen.toString(), "[0, 2, 4, 6, 8]");
        var counts = new map();
        foreach (c in "b a b c b a".split(" ")) counts.addTo(c, 1);
        t.equal("counting", counts.toString(), "{b: 3, a: 2, c: 1}");
        var s = new set("a b a c".split(" "));
        t.equal("set", s.toString(), "{a, b, c}");
        var other = new set("c d".split(" "));
        t.equal("union", s.union(other).toString(), "{a, b, c, d}");
        t.equal("intersection", s.intersection(other).toString(), "{c}");
        t.equal("difference", s.difference(other).toString(), "{a, b}");
        t.equal("equal sets", new set("c b a".split(" ")), s);
        t.done();
    }

    void sorted() {
        var t = new test("sorted");
        var m = new sorted_map();
        for (int i = 0; i < 300; i++) m.put(i * 8 % 301, i);
        t.equal("size", m.size(), 300);
        t.equal("least", m.first().key(), 0);
        t.equal("greatest", m.last().key(), 300);
        t.holds("balanced", m.root.height <= 12);
        int last = -1;
        int ordered = true;
        foreach (e in m) {
            int k = e.key();
            ordered = ordered && k > last;
            last = k;
        }
        t.holds("in order", ordered);
        for (int i = 0; i <= 300; i++) if (i % 3 > 0) m.remove(i);
        t.equal("after removals", m.size(), 101);
        t.holds("still balanced", m.root.height <= 10);
        t.equal("above", m.above(9).key(), 12);
        t.equal("up to", m.upTo(11).key(), 9);
        t.equal("above all", m.above(300), null);
        t.equal("below all", m.upTo(-1), null);
        t.equal("get", m.get(7), null);
        t.equal("put again", m.put(9, "nine") == null, 0);
        t.equal("new value", m.get(9), "nine");
        var r = new sorted_map(new order.reversed(new order.natural()));
        foreach (w in "m c x a".split(" ")) r.put(w, w.length());
        t.equal("another order", r.toString(), "{x: 1, m: 1, c: 1, a: 1}");
        var s = new sorted_set();
        s.addAll("q w e r t y q".split(" "));
        t.equal("sorted set", s.toString(), "{e, q, r, t, w, y}");
        t.equal("set above", s.above("f"), "q");
        t.equal("set up to", s.upTo("s"), "r");
        var q = new priority_queue();
        for (int i = 0; i < 50; i++) q.add(i * 31 % 53);
        t.equal("least first", q.first(), 0);
        int increasing = true;
        last = -1;
        while (!q.isEmpty()) {
            int x = q.removeFirst();
            increasing = increasing && x > last;
            last = x;
        }
        t.holds("in order", increasing);
        try { q.removeFirst(); t.fail("empty", "no error"); } catch (error e) { t.says("empty", e, "the queue is empty"); }
        var turns = new priority_queue(new by_length());
        foreach (w in "ccc a bbb dd e aaa".split(" ")) turns.add(w);
        t.equal("equal ones in turn", turns.toString(), "[a, e, dd, ccc, bbb, aaa]");
        try {
            new list().add("a").add(new map()).sort();
            t.fail("no order", "no error");
        } catch (var e) { t.says("no order", e, "class_cast"); }
        t.done();
    }

    void own() {
        var t = new test("own keys");
        var m = new map();
        m.put(new colour("red", 1), "r");
        m.put(new colour("green", 1), "g");
        t.equal("equal objects are one key", m.get(new colour("red", 1)), "r");
        t.equal("one hash, two keys", m.get(new colour("green", 1)), "g");
        t.equal("another hash", m.get(new colour("red", 2)), null);
        t.equal("list by equals", new list(m.keys()).indexOf(new colour("green", 1)), 1);
        var l = new list().add(new colour("b", 3)).add(new colour("z", 1)).add(new colour("a", 3));
        t.equal("own order", l.sort().toString(), "[z1, a3, b3]");
        var s = new sorted_set();
        s.addAll(l);
        t.equal("own order in a set", s.upTo(new colour("zz", 2)).toString(), "z1");
        t.equal("set by equals", new set(l).contains(new colour("z", 1)), true);
        t.done();
    }
};
