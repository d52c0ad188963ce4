// A hash map: values by keys, in the order in which the keys came. Keys are found by their `hashCode` and `equals`.
package .lib;

class map<K, V> {
    var buckets : void[];
    var count : int;
    var head : .lib.map.entry<K, V>;
    var tail : .lib.map.entry<K, V>;

    void map() { clear(); }

    // A map of the same pairs.
    void map(.lib.map<K, V> from) {
        clear();
        putAll(from);
    }

    // Sets the value of a key; returns the value that it had, or null.
    V put(K key, V value) {
        int hash = hashOf(key);
        .lib.map.entry<K, V> e = find(key, hash);
        if (e != null) {
            V old = e.held;
            e.held = value;
            return old;
        }
        if (count >= buckets.size()) grow();
        int at = hash & (buckets.size() - 1);
        e = new .lib.map.entry<K, V>(key, value, hash);
        e.chain = (.lib.map.entry<K, V>)buckets[at];
        buckets[at] = e;
        e.before = tail;
        if (tail == null) head = e;
        else tail.after = e;
        tail = e;
        count++;
        return null;
    }

    // Sets the value of a key; returns the map, so that calls can be chained.
    map<K, V> with(K key, V value) {
        put(key, value);
        return this;
    }

    void putAll(.lib.map<K, V> from) {
        for (.lib.map.entry<K, V> e = from.head; e != null; e = e.after) put(e.named, e.held);
    }

    // The value of a key, or null.
    V get(K key) {
        .lib.map.entry<K, V> e = find(key, hashOf(key));
        if (e == null) return null;
        return e.held;
    }

    // The value of a key, or another one when the key is not there.
    V getOr(K key, V other) {
        .lib.map.entry<K, V> e = find(key, hashOf(key));
        if (e == null) return other;
        return e.held;
    }

    int contains(K key) { return find(key, hashOf(key)) != null; }

    // Removes a key; returns the value that it had, or null.
    V remove(K key) {
        int hash = hashOf(key);
        .lib.map.entry<K, V> e = find(key, hash);
        if (e == null) return null;
        int at = hash & (buckets.size() - 1);
        .lib.map.entry<K, V> link = (.lib.map.entry<K, V>)buckets[at];
        if (link :== e) buckets[at] = e.chain;
        else {
            while (link.chain :!= e) link = link.chain;
            link.chain = e.chain;
        }
        if (e.before == null) head = e.after;
        else e.before.after = e.after;
        if (e.after == null) tail = e.before;
        else e.after.before = e.before;
        e.gone = true;
        count--;
        return e.held;
    }

    // Adds to the number that a key has, 0 when it is new; returns the sum.
    int addTo(K key, int n) {
        int sum = n;
        .lib.map.entry<K, V> e = find(key, hashOf(key));
        if (e != null) {
            var there;
            there = e.held;
            sum += (int)there;
        }
        var boxed;
        boxed = sum;
        put(key, boxed);
        return sum;
    }

    int size() { return count; }
    int isEmpty() { return count == 0; }

    void clear() {
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) e.gone = true;
        buckets = new void[]();
        buckets[7] = null;
        count = 0;
        head = null;
        tail = null;
    }

    // The keys, the values, and the pairs, as they are now.
    .lib.list<K> keys() {
        var all = new .lib.list<K>();
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) all.add(e.named);
        return all;
    }
    .lib.list<V> values() {
        var all = new .lib.list<V>();
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) all.add(e.held);
        return all;
    }
    .lib.list<.lib.map.entry<K, V>> entries() {
        var all = new .lib.list<.lib.map.entry<K, V>>();
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) all.add(e);
        return all;
    }

    // Walks the pairs, each a `.lib.map.entry`; sees what is added meanwhile.
    .lib.map.iterator<K, V> iterator() [8] { return new .lib.map.iterator<K, V>(this); }

    // Equal to a map of equal pairs, in any order.
    int equals(var other) {
        if (!(other instanceof .lib.map)) return false;
        map<K, V> that = (map<K, V>)other;
        if (that.count != count) return false;
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) {
            .lib.map.entry<K, V> same = that.find(e.named, e.hash);
            if (same == null) return false;
            if (same.held != e.held) return false;
        }
        return true;
    }

    int hashCode() {
        int hash = count;
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) hash += e.hash * 31 + hashOf(e.held);
        return hash;
    }

    string toString() {
        var out = new .internal.stringbuilder();
        out.appendString("{");
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) {
            if (e :!= head) out.appendString(", ");
            out.append(e.named);
            out.appendString(": ");
            out.append(e.held);
        }
        out.appendString("}");
        return out.toString();
    }

    // The hash of a key, its bits mixed so that the low ones count.
    static int hashOf(var key) {
        if (key == null) return 0;
        int hash = key.hashCode();
        hash ^= hash >>> 16;
        hash *= 0x45d9f3b;
        return hash ^ hash >>> 16;
    }

    .lib.map.entry<K, V> find(var key, var hash : int) {
        .lib.map.entry<K, V> e = (.lib.map.entry<K, V>)buckets[hash & (buckets.size() - 1)];
        while (e :!= null) {
            if (e.hash == hash && e.named == key) return e;
            e = e.chain;
        }
        return null;
    }

    // Doubles the buckets. They are replaced when they are complete.
    void grow() {
        int size = buckets.size() * 2;
        var wider = new void[]();
        wider[size - 1] = null;
        for (.lib.map.entry<K, V> e = head; e != null; e = e.after) {
            int at = e.hash & (size - 1);
            e.chain = (.lib.map.entry<K, V>)wider[at];
            wider[at] = e;
        }
        buckets = wider;
    }
};

// A key with its value.
class map.entry<K, V> {
    var named : K;
    var held : V;
    var hash : int;
    var gone : int;
    var chain : .lib.map.entry<K, V>;
    var before : .lib.map.entry<K, V>;
    var after : .lib.map.entry<K, V>;

    void entry(K key, V value, int h) {
        named = key;
        held = value;
        hash = h;
    }
    K key() { return named; }
    V value() { return held; }
    void setValue(V x) { held = x; }
    int equals(var other) { return this :== other; }
    string toString() { return named + ": " + held; }
};

// Walks the pairs of a map in their order; a pair that is removed meanwhile is not given any more.
class map.iterator<K, V> {
    var of : .lib.map<K, V>;
    var last : .lib.map.entry<K, V>;

    void iterator(.lib.map<K, V> m) { of = m; }
    .lib.map.entry<K, V> following() {
        // From a pair that was removed go back to one that was not.
        while (last != null) {
            if (!last.gone) break;
            last = last.before;
        }
        return last == null ? of.head : last.after;
    }
    int hasNext() { return following() != null; }
    .lib.map.entry<K, V> next() {
        .lib.map.entry<K, V> e = following();
        if (e == null) throw new .lib.error("map.iterator: there is no further pair");
        last = e;
        return e;
    }
};
