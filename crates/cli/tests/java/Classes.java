import java.util.*;
import java.util.stream.*;
import java.math.*;
public class Classes { public static void main(String[] a) throws Exception {
  System.out.println(IntStream.rangeClosed(1, 10).filter(x -> x % 2 == 0).mapToObj(Integer::toString).collect(Collectors.joining(",")));
  System.out.println(Stream.of("pear", "fig", "apple").sorted(Comparator.comparing(String::length).thenComparing(Comparator.naturalOrder())).toList());
  Map<Integer, Long> g = Stream.of("a","bb","cc","ddd").collect(Collectors.groupingBy(String::length, Collectors.counting())); System.out.println(g);
  System.out.println(new BigInteger("123456789012345678901234567890").pow(5).mod(BigInteger.valueOf(1000007)));
  System.out.println(new BigDecimal("1.10").add(new BigDecimal("2.205")).setScale(2, RoundingMode.HALF_UP));
  System.out.println(String.format("%5d|%-5s|%05.2f|%x|%c|%b|%,d", 42, "ab", 3.14159, 255, 'q', true, 1234567));
  Thread[] ts = new Thread[4]; int[] sum = new int[1]; Object lock = new Object();
  for (int i = 0; i < 4; i++) { int k = i; ts[i] = new Thread(() -> { for (int j = 0; j < 100; j++) synchronized (lock) { sum[0] += k; } }); ts[i].start(); }
  for (Thread t : ts) t.join(); System.out.println(sum[0]);
  Thread.sleep(20);
  Deque<Integer> dq = new ArrayDeque<>(); dq.push(1); dq.addLast(2); System.out.println(dq);
  PriorityQueue<String> pq = new PriorityQueue<>(List.of("c","a","b")); System.out.println(pq.poll() + pq.poll());
  System.out.println("a1b22c".replaceAll("[0-9]+", "#") + " " + "x,y;z".split("[,;]").length);
  Optional<String> o = Optional.of("v").map(s -> s + "!"); System.out.println(o);
  var list = new LinkedList<Integer>(); for (int i = 0; i < 5; i++) list.add(i); list.removeIf(x -> x % 2 == 1); System.out.println(list);
  sealed(new B());
  String tb = """
    text
      block""";
  System.out.println(tb);
}
sealed interface S permits A, B {} static final class A implements S {} static final class B implements S {}
static void sealed(S s) { if (s instanceof B b) System.out.println("B"); }
}
