import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.lang.reflect.*;
import java.lang.annotation.*;
public class Machine {
  @Retention(RetentionPolicy.RUNTIME) @interface An { String v() default "d"; int n() default 3; }
  @An(v = "x") public static class P { private int f = 4; public static final String K = "k"; public P() {} public P(int f) { this.f = f; } @Deprecated public int get(int a) { return f + a; } private static String st(String s, long l) { return s + l; } void boom() { throw new IllegalArgumentException("boom"); } }
  static class Init { static int x; static { System.out.println("init Init"); x = 5; } }
  static class Bad { static int v = 1 / Integer.parseInt("0"); }
  interface Def { default int d() { return 1; } }
  static class D1 implements Def {} 
  static void f(String n, Runnable r) { try { r.run(); } catch (Throwable t) { System.out.println(n + ": " + t.getClass().getName() + ": " + t.getMessage() + (t.getCause() != null ? " <- " + t.getCause() : "")); } }
  public static void main(String[] a) throws Exception {
    Class<?> c = P.class; System.out.println(c.getName() + " " + c.getSimpleName() + " " + Modifier.toString(c.getModifiers()) + " " + c.getDeclaringClass() + " " + c.isMemberClass());
    Object p = c.getConstructor(int.class).newInstance(10); Method m = c.getMethod("get", int.class); System.out.println(m.invoke(p, 5) + " " + m + " " + m.isAnnotationPresent(Deprecated.class));
    Field fl = c.getDeclaredField("f"); fl.setAccessible(true); System.out.println(fl.getInt(p)); fl.set(p, 77); System.out.println(fl.get(p));
    Method st = c.getDeclaredMethod("st", String.class, long.class); st.setAccessible(true); System.out.println(st.invoke(null, "s", 9L));
    try { Method b = c.getDeclaredMethod("boom"); b.setAccessible(true); b.invoke(p); } catch (InvocationTargetException e) { System.out.println(e.getCause()); }
    An an = c.getAnnotation(An.class); System.out.println(an.v() + an.n());
    f("init", () -> System.out.println(Init.x)); f("bad", () -> System.out.println(Bad.v));
    f("cnf", () -> { try { Class.forName("no.Such"); } catch (ClassNotFoundException e) { System.out.println(e); } });
    f("cast", () -> { Object o = "a"; System.out.println((Integer) o); });
   
    System.out.println(new D1().d() + " " + Def.class.isInterface() + " " + int[].class.getComponentType() + " " + Arrays.toString(D1.class.getInterfaces()));
    ConcurrentHashMap<String, Integer> ch = new ConcurrentHashMap<>(); for (int i = 0; i < 100; i++) ch.merge("k" + i % 7, 1, Integer::sum); System.out.println(new TreeMap<>(ch));
    AtomicInteger ai = new AtomicInteger(); AtomicLong al = new AtomicLong(5); System.out.println(ai.incrementAndGet() + " " + al.getAndAdd(3) + " " + al);
    int[] src = {1, 2, 3, 4, 5}; System.arraycopy(src, 0, src, 1, 4); System.out.println(Arrays.toString(src) + Arrays.toString(src.clone()) + Arrays.equals(src, src.clone()));
    ThreadLocal<Integer> tl = ThreadLocal.withInitial(() -> 8); System.out.println(tl.get());
    StringBuilder sb = new StringBuilder(); for (StackTraceElement e : new Throwable().getStackTrace()) sb.append(e).append('|'); System.out.println(sb);
    System.out.println(Thread.currentThread().getName() + " " + Thread.currentThread().getPriority() + " " + Thread.currentThread().getThreadGroup().getName());
    Object lock = new Object(); boolean[] flag = new boolean[1];
    Thread t = new Thread(() -> { synchronized (lock) { flag[0] = true; lock.notifyAll(); } });
    synchronized (lock) { t.start(); while (!flag[0]) lock.wait(); } System.out.println("notified");
    Thread s = new Thread(() -> { try { Thread.sleep(100000); } catch (InterruptedException e) { System.out.println("interrupted " + Thread.currentThread().isInterrupted()); } }); s.start(); Thread.sleep(30); s.interrupt(); s.join();
    Thread u = new Thread(() -> { throw new RuntimeException("uncaught"); }, "w1"); u.setUncaughtExceptionHandler((th, e) -> System.out.println(th.getName() + " " + e)); u.start(); u.join();
    Proxy: { Comparable<String> px = null; }
    System.out.println(((Object) new int[0]).equals(null) + " " + new Object().equals(1) + " " + Integer.valueOf(127).equals(127) + (Integer.valueOf(127) == Integer.valueOf(127)));
    String i1 = "lit", i2 = new String("lit"); System.out.println((i1 == i2) + " " + (i1 == i2.intern()));
    System.out.println(String.valueOf(new char[]{'a', 'b'}) + "a\tb".strip() + " Straße".toUpperCase() + "İ".length() + "ABC".toLowerCase().chars().sum());
    System.out.println(Math.sqrt(2) + " " + Math.sin(1) + " " + Math.pow(2, 0.5) + " " + Math.floorMod(-7, 3) + " " + Math.round(2.5) + " " + StrictMath.log(10) + " " + Math.cbrt(27));
    List<Object> objs = List.of(1, 2L, 3f, 4d, 'c', (byte) 1, true, "s"); for (Object o : objs) System.out.print(o.getClass().getSimpleName() + " "); System.out.println();
    System.exit(3);
  }
}
