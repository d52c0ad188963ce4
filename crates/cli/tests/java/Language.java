import java.util.*;
import java.util.function.*;
public class Language {
  interface Shape { double area(); default String d() { return "area " + area(); } }
  record Circle(double r) implements Shape { public double area() { return Math.PI * r * r; } }
  record Sq(double s, String name) implements Shape { public double area() { return s * s; } }
  enum Color { RED, GREEN, BLUE; Color next() { return values()[(ordinal() + 1) % values().length]; } }
  static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  static class Node<T extends Comparable<T>> { T v; Node<T> l, r; Node(T v) { this.v = v; }
    void add(T x) { if (x.compareTo(v) < 0) { if (l == null) l = new Node<>(x); else l.add(x); } else { if (r == null) r = new Node<>(x); else r.add(x); } }
    void walk(Consumer<T> c) { if (l != null) l.walk(c); c.accept(v); if (r != null) r.walk(c); } }
  public static void main(String[] a) {
    System.out.println(fib(20));
    System.out.println(new Circle(2).d() + " " + new Sq(3, "q") + " " + new Sq(3, "q").equals(new Sq(3, "q")) + " " + new Sq(3,"q").hashCode());
    System.out.println(Color.BLUE.next() + " " + Color.valueOf("GREEN").ordinal());
    int[] k = {5, 3, 9, 1}; Arrays.sort(k); System.out.println(Arrays.toString(k));
    List<String> l = new ArrayList<>(List.of("z", "b", "a")); Collections.sort(l); System.out.println(l);
    Map<String, Integer> m = new HashMap<>(); for (String s : "a b a c b a".split(" ")) m.merge(s, 1, Integer::sum); System.out.println(new TreeMap<>(m));
    Node<Integer> n = new Node<>(5); for (int x : new int[]{2, 8, 1, 9, 3}) n.add(x); StringBuilder sb = new StringBuilder(); n.walk(x -> sb.append(x).append(' ')); System.out.println(sb);
    try { Object o = "s"; Integer i = (Integer) o; } catch (ClassCastException e) { System.out.println("CCE"); }
    try { int[] z = new int[2]; z[2] = 1; } catch (ArrayIndexOutOfBoundsException e) { System.out.println(e.getMessage()); }
    try { int z = 0; System.out.println(1 / z); } catch (ArithmeticException e) { System.out.println(e); }
    try { String s = null; s.length(); } catch (NullPointerException e) { System.out.println("NPE"); }
    try { Object[] o = new String[1]; o[0] = 1; } catch (ArrayStoreException e) { System.out.println("ASE"); }
    try { new int[-1].clone(); } catch (NegativeArraySizeException e) { System.out.println(e.getMessage()); }
    try { rec(0); } catch (StackOverflowError e) { System.out.println("SOE"); }
    try { throw new IllegalStateException("x", new RuntimeException("cause")); } catch (IllegalStateException e) { System.out.println(e + " " + e.getCause()); } finally { System.out.println("fin"); }
    System.out.println(1.0f / 3 + " " + 1e300 * 1e10 + " " + (int) Double.NaN + " " + (long) 1e30 + " " + Long.MIN_VALUE / -1 + " " + (byte) 200 + " " + (char) 65 + " " + 7 % -3 + " " + -7 / 2 + " " + (-7 >>> 28) + " " + 5.5 % 2);
    long s = 0; for (int i = 0; i < 1000; i++) for (int j = 0; j < 100; j++) s += i * j ^ (i << 3); System.out.println(s);
    String sw = "two"; switch (sw) { case "one": System.out.println(1); break; case "two": System.out.println(2); break; default: System.out.println(0); }
    Function<Integer, Function<Integer, Integer>> add = x -> y -> x + y; System.out.println(add.apply(3).apply(4));
    Supplier<List<String>> sup = ArrayList::new; System.out.println(sup.get());
    Object o = new int[][]{{1, 2}, {3}}; System.out.println(o instanceof Object[] ? ((int[][]) o)[1][0] : -1);
    System.out.println(new int[3][4][5][2].length + " " + int[].class.getName() + " " + String[].class.getSimpleName());
    StringBuilder t = new StringBuilder("abc"); t.insert(1, 42L).reverse(); System.out.println(t);
    System.out.println(String.join(",", "a", "b") + "x".repeat(3) + " é漢\uD83D\uDE00".length());
    Iterator<Integer> it = new Iterator<>() { int i = 0; public boolean hasNext() { return i < 3; } public Integer next() { return i++; } }; while (it.hasNext()) System.out.print(it.next() + ";"); System.out.println();
    System.out.println(Objects.hash(1, 2, 3) + " " + "hello".hashCode() + " " + List.of(1, 2).hashCode());
    char c = 'a'; c += 1; System.out.println(c); int ii = 10; ii += 3.7; System.out.println(ii);
    System.out.println(Integer.toBinaryString(42) + " " + Long.toHexString(-1L) + " " + Integer.parseInt("-123") + " " + Double.parseDouble("3.25") + " " + Integer.MAX_VALUE + 1);
  }
  static int rec(int n) { return rec(n + 1) + 1; }
}
