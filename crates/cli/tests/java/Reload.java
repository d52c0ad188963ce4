import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.function.*;

/** What each loader defines anew. */
class Parts {
    public static class Shape { public int sides() { return 1; } }
    public static class Square extends Shape implements IntSupplier {
        static int made;
        final int number = ++made;
        public int sides() { return 4; }
        public int getAsInt() {
            IntSupplier by = () -> sides() * version().length() + number;
            return by.getAsInt();
        }
        static String version() { return "version-1"; }
        public String toString() { return version() + "/" + number + "/" + sides(); }
    }
}

/** Loads the same classes again and again, each time by a new loader, in three threads; says at the end what it has. */
public class Reload {
    static class Own extends ClassLoader {
        final int version;
        Own(int version) { super(Reload.class.getClassLoader()); this.version = version; }
        @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("Parts")) return super.loadClass(name, resolve);
            synchronized (getClassLoadingLock(name)) {
                Class<?> there = findLoadedClass(name);
                if (there != null) return there;
                pause(1);
                byte[] of = bytes(name, version);
                return defineClass(name, of, 0, of.length);
            }
        }
    }

    static byte[] bytes(String name, int version) {
        try (InputStream in = Reload.class.getClassLoader().getResourceAsStream(name + ".class")) {
            String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            return text.replace("version-1", "version-" + version).getBytes(StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void pause(int millis) {
        try { Thread.sleep(millis); } catch (InterruptedException e) { throw new IllegalStateException(e); }
    }

    public static void main(String[] args) throws Exception {
        Map<Integer, List<IntSupplier>> all = new TreeMap<>();
        List<Thread> threads = new ArrayList<>();
        for (int worker = 0; worker < 3; worker++) {
            List<IntSupplier> mine = new ArrayList<>();
            all.put(worker, mine);
            int first = worker;
            Thread thread = new Thread(() -> {
                for (int step = 0; step < 40; step++) {
                    try {
                        Class<?> square = new Own((first + step) % 10).loadClass("Parts$Square");
                        mine.add((IntSupplier) square.getConstructor().newInstance());
                        mine.add((IntSupplier) square.getConstructor().newInstance());
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException(e);
                    }
                    pause(20);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) thread.join();
        Set<Class<?>> classes = new HashSet<>();
        long sum = 0;
        for (List<IntSupplier> of : all.values()) {
            for (IntSupplier each : of) {
                classes.add(each.getClass());
                sum = sum * 31 + each.getAsInt();
            }
        }
        System.out.println(classes.size() + " classes of the name " + all.get(0).get(0).getClass().getName() + ", sum " + sum);
        System.out.println(all.get(2));
        Parts.Square own = new Parts.Square();
        System.out.println(own + " " + classes.contains(own.getClass()));
    }
}
