import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What was sold, and for how much: the prices are somebody else's business. */
public class Till {
    /** Knows what things cost. */
    public interface Pricing {
        long price(String item, int count);

        default String currency() {
            return "EUR";
        }
    }

    private final Pricing pricing;
    private final Map<String, Integer> sold = new TreeMap<>();
    private long total;

    public Till(Pricing pricing) {
        this.pricing = pricing;
    }

    public synchronized long sell(String item, int count) {
        long price;
        try {
            price = pricing.price(item, count);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("cannot sell " + item + " (" + e.getMessage() + ")", e);
        }
        sold.merge(item, count, Integer::sum);
        total += price;
        return price;
    }

    public Map<String, Integer> sold() {
        return sold;
    }

    public List<String> items(Comparator<String> order) {
        List<String> items = new ArrayList<>(sold.keySet());
        items.sort(order);
        return items;
    }

    public String total() {
        return String.format("%,d %s", total, pricing.currency());
    }
}
