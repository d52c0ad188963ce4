// What internal methods do in steps when it is much: the size is small here, and given as an argument elsewhere.
// expect: texts: 29 checks hold
// expect: builders: 9 checks hold
// expect: binaries: 8 checks hold
// expect: arrays: 13 checks hold
// expect: directories: 14 checks hold
// expect: json: 14 checks hold
// expect: stacks: 4 checks hold
// expect: waiters: 2 checks hold
package .programs;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.binary;
import .internal.directory;
import .internal.stringbuilder;
import .internal.container."array";

class counted {
    var name : string;
    var held : int;
    void counted(var n : string) { name = n; held = 0; }
    void check(var truth : int, var what : string) {
        if (truth) held++; else println(name + ": wrong: " + what);
    }
    void done() { println(name + ": " + held + " checks hold"); }
};

class deep {
    // A frame for each call, and a tail behind it.
    int sum(int n) {
        if (n == 0) return 0;
        int below = sum(n - 1);
        return below + 1;
    }
    int fail(int n) {
        if (n == 0) throw "the bottom";
        int below = fail(n - 1);
        return below + 1;
    }
};

class waiter {
    var m : mutex;
    var c : cond;
    var waiting : int;
    var woken : int;
    var open : int;
    void waiter() { m = new mutex(); c = new cond(); waiting = 0; woken = 0; open = 0; }
    void run() {
        m.lock();
        waiting++;
        while (open == 0) c.wait(m);
        woken++;
        m.unlock();
    }
};

class in_steps {
    string long_text(var piece : string, int size) {
        stringbuilder b = new stringbuilder();
        while (b.length() < size) b.concat(piece);
        return b.toString();
    }

    void texts(int size) {
        counted t = new counted("texts");
        string a = long_text("abcdefghij", size);
        string b = long_text("abcdefghij", size);
        int len = a.length();
        t.check(a.equals(b), "equals");
        t.check(a.equals(b.concat("x")) == 0, "equals of another length");
        t.check(a.compareTo(b) == 0, "compareTo of equal texts");
        t.check(a.compareTo(b.concat("x")) == 0 - 1, "compareTo of a longer one");
        t.check(a.concat("z").compareTo(a.concat("y")) == 1, "compareTo that differs at the end");
        string both = a.concat(b);
        t.check(both.length() == 2 * len, "concat");
        t.check(both.charAt(len) == 97, "the second part of concat");
        t.check(both.substring(len, len).equals(b), "substring");
        t.check(both.startsWith(a), "startsWith");
        t.check(both.endsWith(b), "endsWith");
        t.check(both.endsWith("z" + b) == 0, "endsWith what is not there");
        t.check(a.concat("needle").strstr("needle") == len, "strstr");
        t.check(a.contains("needle") == 0, "contains what is not there");
        t.check(a.concat("end").contains(a.substring(5, len - 5).concat("end")), "a long text in a longer one");
        t.check(both.indexOf("abc", len - 5) == len, "indexOf");
        string upper = a.toUpper();
        t.check(upper.charAt(len - 1) == 74, "toUpper");
        t.check(upper.toLower().equals(a), "toLower");
        string spaces = long_text("    ", size);
        t.check(spaces.concat("x").concat(spaces).trim().equals("x"), "trim");
        t.check(spaces.concat(a).trim().equals(a), "trim of a long text");
        array parts = a.split("j");
        t.check(parts.size() == len / 10 + 1, "split");
        t.check(a.concat(",").concat(b).split(",").size() == 2, "split into long parts");
        string commas = long_text(",", 2500 + size / 8);
        t.check(commas.split(",").size() == commas.length() + 1, "split into empty parts");
        t.check(commas.replace(",", "ab").length() == 2 * commas.length(), "replace of every byte");
        t.check(a.replace("j", "JJ").length() == len + len / 10, "replace");
        t.check(a.replace("e", a.substring(0, 20)).length() == len + 19 * (len / 10), "replace by more");
        t.check(a.hashCode() == b.hashCode(), "hashCode");
        t.check(spaces.concat("42 more").toInt() == 42, "toInt behind white space");
        t.check(spaces.concat("-7").toLong() == 0 - 7, "toLong behind white space");
        t.check(spaces.toInt() == 0, "toInt of white space");
        t.done();
    }

    void builders(int size) {
        counted t = new counted("builders");
        string a = long_text("0123456789", size);
        stringbuilder b = new stringbuilder();
        b.appendString(a);
        b.append(a);
        t.check(b.length() == 2 * a.length(), "append");
        t.check(b.toString().equals(a.concat(a)), "toString");
        stringbuilder c = b.clone();
        t.check(c.equals(b), "clone");
        c.appendInt(7);
        t.check(c.equals(b) == 0, "a clone of its own");
        t.check(b.length() == 2 * a.length(), "the first after the clone changed");
        t.check(c.substring(a.length(), a.length()).equals(a), "substring");
        t.check(c.strstr("97") == 2 * a.length() - 1, "strstr");
        t.check(b.hashCode() != c.hashCode(), "hashCode");
        c.clear();
        t.check(c.length() == 0, "clear");
        t.done();
    }

    void binaries(int size) {
        counted t = new counted("binaries");
        binary a = new binary();
        a.resize(size);
        for (int i = 0; i < size; i += 97) a.setByte(i, i % 251);
        binary b = a.clone();
        t.check(b.equals(a), "clone");
        b.setByte(size - 1, 77);
        t.check(b.equals(a) == 0, "a clone of its own");
        b.setRange(b, 1, 0, size - 1);
        t.check(b.getByte(98) == a.getByte(97), "setRange upwards over itself");
        b.setRange(b, 0, 1, size - 1);
        t.check(b.getByte(97) == a.getByte(97), "setRange downwards over itself");
        b.resize(2 * size);
        t.check(b.getByte(2 * size - 1) == 0, "new bytes");
        b.resize(size / 2);
        b.resize(size);
        t.check(b.getByte(size - 2) == 0, "bytes that were cut off");
        string text = long_text("xyz", size / 2).substring(0, size / 2);
        b.setText(3, text);
        t.check(b.text(3, size / 2).equals(text), "setText and text");
        t.check(b.size() == size, "size");
        t.done();
    }

    void arrays(int size) {
        counted t = new counted("arrays");
        int count = size / 8;
        array a = new array();
        for (int i = 0; i < count; i++) a.add(i);
        t.check(a.size() == count, "add");
        a.insert(0, 4711);
        int first = a.get(0);
        int second = a.get(1);
        int last = a.get(count);
        t.check(first == 4711, "insert");
        t.check(second == 0, "insert moved the first");
        t.check(last == count - 1, "insert moved the last");
        int taken = a.removeAt(0);
        first = a.get(0);
        last = a.get(count - 1);
        t.check(taken == 4711, "removeAt");
        t.check(first == 0, "removeAt moved the first");
        t.check(last == count - 1, "removeAt moved the last");
        array b = a.clone();
        last = b.get(count - 1);
        t.check(last == count - 1, "clone");
        b.add(5);
        t.check(a.size() == count, "a clone of its own");
        array c = a.subarray(1, count - 2);
        first = c.get(0);
        t.check(c.size() == count - 2, "subarray");
        t.check(first == 1, "the first of a subarray");
        a.set(8, count * 3);
        t.check(a.size() == count * 3 + 1, "set behind the end");
        last = a.get(count * 3);
        t.check(last == 8, "what was set");
        t.done();
    }

    void directories(int size) {
        counted t = new counted("directories");
        int count = size / 64;
        directory d = new directory();
        for (int i = 0; i < count; i++) d.put(i, i + 1);
        t.check(d.size() == count, "put");
        int value = d.get(count - 1);
        t.check(value == count, "get");
        for (int i = 0; i < count; i += 2) d.remove(i);
        t.check(d.size() == count - (count + 1) / 2, "remove");
        directory e = d.clone();
        t.check(e.size() == d.size(), "clone");
        e.set("more", 1);
        t.check(d.contains("more") == 0, "a clone of its own");
        array keys = e.keys();
        int first = keys.get(0);
        t.check(keys.size() == e.size(), "keys");
        t.check(first == 1, "the first key");
        // Their hashes are equal: what is in the middle of a long text does not count.
        string half = long_text("klmnopqrst", size / 2);
        string a = half.concat("this").concat(half);
        string b = half.concat("that").concat(half);
        e.set(a, "a");
        e.set(b, "b");
        string of_a = e.get(half.concat("this").concat(half));
        string of_b = e.get(half.concat("that").concat(half));
        t.check(of_a.equals("a"), "get by a long key");
        t.check(of_b.equals("b"), "get by another one");
        t.check(e.put(half.concat("that").concat(half), 1) == 17, "put of a long key that is there");
        t.check(e.contains(half.concat("then").concat(half)) == 0, "a long key that is not there");
        t.check(e.remove(half.concat("this").concat(half)) == 0, "remove by a long key");
        t.check(e.contains(a) == 0, "a long key that was removed");
        t.check(e.values().size() == e.size(), "values");
        t.done();
    }

    // A text with a long array, a large object and a long string.
    string json_text(int count, var piece : string) {
        stringbuilder b = new stringbuilder();
        b.concat("{\"numbers\": [");
        for (int i = 0; i < count; i++) { b.appendInt(i); b.concat(".5,"); }
        b.concat("7],\n\"pairs\": {");
        for (int i = 0; i < count / 4; i++) {
            b.concat("\"k");
            b.appendInt(i);
            b.concat("\": [");
            b.appendInt(i);
            b.concat("],\n");
        }
        b.concat("\"k0\": \"again\"},");
        b.concat(long_text("\n", count * 4));
        b.concat("\"text\": \"");
        b.concat(long_text(piece, count * 16));
        b.concat("\"}");
        return b.toString();
    }

    string error_of(var text : string) {
        try { text.parseJson(); } catch(string s) { return s; }
        return "none";
    }

    void json(int size) {
        counted t = new counted("json");
        int count = size / 64 + 8;
        string text = json_text(count, "a\\n\\u00fc\\ud83d\\ude00 ");
        directory all = text.parseJson();
        t.check(all.size() == 3, "the parts");
        array numbers = all.get("numbers");
        t.check(numbers.size() == count + 1, "an array");
        double middle = numbers.get(count / 2);
        long last = numbers.get(count);
        int half = middle.toInt();
        t.check(half == count / 2, "a number in the middle");
        t.check(last.toInt() == 7, "the last number");
        directory pairs = all.get("pairs");
        t.check(pairs.size() == count / 4, "an object");
        string first = pairs.get("k0");
        t.check(first.equals("again"), "the last value of a key");
        array one = pairs.get("k1");
        long value = one.get(0);
        t.check(value.toInt() == 1, "a value");
        string long_one = all.get("text");
        t.check(long_one.equals(long_text("a\nü😀 ", long_one.length())), "a long string");
        t.check(long_one.length() >= count * 16 / 22 * 9, "its length");
        string lines = long_text("\n", size);
        long five = lines.concat("5").concat(lines).parseJson();
        t.check(five.toInt() == 5, "white space");
        string place = " at line " + (lines.length() + 1) + " column 1";
        t.check(error_of(lines.concat("x")).equals("string.parseJson: expected value" + place), "an error");
        t.check(error_of(text.concat("x")).startsWith("string.parseJson: trailing characters at line "), "the end");
        t.check(error_of(text.substring(0, text.length() - 2)).strstr("EOF while parsing a string") > 0, "no end");
        t.check(error_of(long_text("[", size)).endsWith("recursion limit exceeded at line 1 column 128"), "nesting");
        t.done();
    }

    void stacks(int size) {
        counted t = new counted("stacks");
        deep d = new deep();
        int depth = size / 64;
        if (depth > 60000) depth = 60000;
        t.check(d.sum(depth) == depth, "returns");
        int caught = 0;
        try { d.fail(depth); } catch(string s) { caught = s.equals("the bottom"); }
        t.check(caught, "a text thrown through many frames");
        caught = 0;
        try { d.sum(100000000); } catch(.internal.exception.stack_overflow e) { caught = 1; }
        t.check(caught, "the end of the stack");
        t.check(d.sum(depth) == depth, "returns again");
        t.done();
    }

    void waiters(int size) {
        counted t = new counted("waiters");
        int count = size / 500;
        if (count > 2000) count = 2000;
        waiter w = new waiter();
        array all = new array();
        for (int i = 0; i < count; i++) all.add(new .internal."thread"().start(w));
        while (w.waiting < count) new .internal.world().getMyThread().yield();
        w.m.lock();
        w.open = 1;
        w.c.broadcast();
        w.m.unlock();
        for (int i = 0; i < count; i++) { .internal."thread" one = all.get(i); one.join(); }
        t.check(w.woken == count, "all were woken");
        t.check(w.waiting == count, "all had waited");
        t.done();
    }

    int main(string[] args) {
        int size = 3000;
        if (args.size() > 0) size = args[0].toInt();
        texts(size);
        builders(size);
        binaries(size);
        arrays(size);
        directories(size);
        json(size);
        stacks(size);
        waiters(size);
        return 0;
    }
};
