import java.lang.ref.SoftReference;
import java.util.*;

/** What happens at the limits: deep recursion, exhausted memory; both are errors that a program survives. Run with 64 MiB. */
public class Limits {
    static int depth;
    static List<Object> hoard = new ArrayList<>();

    static void sink() {
        depth++;
        sink();
    }

    static long sum(long n) {
        return n == 0 ? 0 : n + sum(n - 1);
    }

    static int unwound;

    static void guarded(int n) {
        try {
            guarded(n + 1);
        } finally {
            unwound++;
        }
    }

    static synchronized void locked() {
        locked();
    }

    public static void main(String[] args) throws Exception {
        stack();
        arrays();
        heap();
        soft();
        threads();
    }

    static void stack() throws Exception {
        for (int round = 0; round < 3; round++) {
            depth = 0;
            try {
                sink();
            } catch (StackOverflowError e) {
                StackTraceElement[] trace = e.getStackTrace();
                System.out.println(e + " " + (depth > 5000) + " " + trace[0].getMethodName() + " "
                    + trace[trace.length - 1].getMethodName() + " " + trace.length);
            }
        }
        System.out.println(sum(5000));
        try {
            sum(1_000_000);
        } catch (StackOverflowError e) {
            System.out.println("too deep " + e.getMessage());
        }
        try {
            guarded(0);
        } catch (StackOverflowError e) {
            System.out.println("unwound " + (unwound > 2000));
        }
        try {
            locked();
        } catch (StackOverflowError e) {
            System.out.println("unlocked " + !Thread.holdsLock(Limits.class));
        }
        Thread other = new Thread(() -> { synchronized (Limits.class) { System.out.println("locked by another"); } });
        other.start();
        other.join();
        // In a thread of its own, with an uncaught handler.
        Thread thread = new Thread(null, Limits::sink, "deep", 256 << 10);
        thread.setUncaughtExceptionHandler((t, e) -> System.out.println(t.getName() + " died of " + e));
        thread.start();
        thread.join();
    }

    static void arrays() {
        for (int length : new int[] { Integer.MAX_VALUE, 50_000_000 }) {
            try {
                hoard.add(new long[length]);
                System.out.println("there is room");
            } catch (OutOfMemoryError e) {
                System.out.println(e + " " + e.getStackTrace()[0].getMethodName());
            }
        }
        try {
            hoard.add(new int[1 << 15][1 << 15]);
        } catch (OutOfMemoryError e) {
            System.out.println(e.getMessage());
        }
        try {
            Object none = new byte[depth > 0 ? -5 : 0];
        } catch (NegativeArraySizeException e) {
            System.out.println(e);
        }
    }

    static void heap() {
        for (int round = 0; round < 3; round++) {
            int before = hoard.size();
            try {
                for (;;) hoard.add(new byte[1 << 20]);
            } catch (OutOfMemoryError e) {
                int mebibytes = hoard.size() - before;
                hoard = new ArrayList<>();
                System.out.println(e + " " + (mebibytes > 20 && mebibytes < 70));
            }
        }
        try {
            Map<String, Object> map = new HashMap<>();
            for (int i = 0;; i++) map.put("key" + i, new Object[10]);
        } catch (OutOfMemoryError e) {
            System.out.println("small ones " + e.getMessage());
        }
        // Garbage is no reason.
        long sum = 0;
        for (int i = 0; i < 1000; i++) {
            byte[] much = new byte[8 << 20];
            much[i] = 1;
            sum += much[i];
        }
        System.out.println("garbage " + sum);
    }

    static void soft() {
        List<SoftReference<byte[]>> soft = new ArrayList<>();
        for (int i = 0; i < 200; i++) soft.add(new SoftReference<>(new byte[1 << 20]));
        long there = soft.stream().filter(r -> r.get() != null).count();
        System.out.println("soft " + (there < 64));
        SoftReference<Object> last = new SoftReference<>(new Object());
        try {
            hoard.add(new byte[100 << 20]);
        } catch (OutOfMemoryError e) {
            System.out.println("cleared before " + last.get());
        }
        hoard.clear();
    }

    static void threads() throws Exception {
        // Only the thread that asks for too much dies.
        Thread thread = new Thread(() -> {
            List<byte[]> all = new ArrayList<>();
            for (;;) all.add(new byte[1 << 20]);
        });
        thread.setUncaughtExceptionHandler((t, e) -> System.out.println("another " + e));
        thread.start();
        thread.join();
        System.out.println("goes on");
    }
}
