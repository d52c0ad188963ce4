import java.lang.invoke.*;
public class Handles { static int add(int a, int b) { return a + b; } String s = "f";  int v(int x) { return x + 1; }
 public static void main(String[] a) throws Throwable {
  MethodHandles.Lookup l = MethodHandles.lookup();
  MethodHandle m = l.findStatic(Handles.class, "add", MethodType.methodType(int.class, int.class, int.class));
  System.out.println((int) m.invokeExact(3, 4));
  System.out.println(m.type());
  MethodHandle v = l.findVirtual(Handles.class, "v", MethodType.methodType(int.class, int.class)); System.out.println((int) v.invoke(new Handles(), 8));
  MethodHandle b = MethodHandles.insertArguments(m, 0, 10); System.out.println((int) b.invokeExact(5));
  VarHandle vh = l.findVarHandle(Handles.class, "s", String.class); Handles t = new Handles(); System.out.println(vh.compareAndSet(t, "f", "g") + t.s);
 } }
