// A till written in Java that asks a price list written in Phantom: both in one world, killed as often as you like.
package .examples;

import Till;
import Till.Pricing;
import java.lang.IllegalArgumentException;
import java.util.Random;

class unknown extends .internal.exception {
    void unknown(string item) { setMessage("nobody knows what ${item} costs"); }
};

// Java calls it by its interface.
class prices implements Pricing {
    private .internal.directory list = new .internal.directory();
    void prices() {
        list.put("apple", 3);
        list.put("pear", 4);
        list.put("plum", 2);
    }
    long price(string item, int count) {
        if (!list.contains(item)) throw new unknown(item);
        int one = list.get(item);
        return one * count;
    }
};

class till {
    void main() {
        var items = "apple pear plum".split(" ");
        var till = new Till(new prices());
        var random = new Random(7L);
        var clock = new .internal.time();
        foreach (round in 0..60) {
            string item = items[random.nextInt(3)];
            till.sell(item, round % 5 + 1);
            clock.sleepMsec(10);
        }
        try { till.sell("brick", 1); }
        catch (IllegalArgumentException e) { println("Java says: ${e.getMessage()}"); }
        foreach (item, count in till.sold()) println("${count:3} of ${item}");
        // A function where Java wants a Comparator.
        println("by length: ${till.items((a, b) => b.length() - a.length())}");
        println("in all ${till.total()}");
    }
};
