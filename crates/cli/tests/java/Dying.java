import java.lang.ref.*;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;

/** Lets objects die all the time and counts what is heard of each: once, whenever it is killed. */
public class Dying {
    static final int ROUNDS = 60, OBJECTS = 20;
    static final Map<String, Integer> heard = new ConcurrentHashMap<>();
    static final Map<String, Reference<?>> held = new HashMap<>();
    static final ReferenceQueue<Object> queue = new ReferenceQueue<>();
    static final Cleaner cleaner = Cleaner.create();

    static void hear(String what) {
        heard.merge(what, 1, Integer::sum);
    }

    static class Weak extends WeakReference<Object> {
        final String name;
        Weak(String name, Object of) {
            super(of, queue);
            this.name = name;
        }
    }

    static class Phantom extends PhantomReference<Object> {
        final String name;
        Phantom(String name, Object of) {
            super(of, queue);
            this.name = name;
        }
    }

    static class Finalized {
        final String name;
        Finalized(String name) {
            this.name = name;
        }
        @Override protected void finalize() {
            hear("finalized " + name);
        }
    }

    static void make(int round) {
        for (int i = 0; i < OBJECTS; i++) {
            String name = round + "." + i;
            Object object = i % 2 == 0 ? new Finalized(name) : new StringBuilder(name);
            held.put("weak " + name, new Weak(name, object));
            held.put("phantom " + name, new Phantom(name, object));
            cleaner.register(object, () -> hear("cleaned " + name));
        }
    }

    static void poll() {
        for (Reference<?> r; (r = queue.poll()) != null;) {
            String name = r instanceof Weak w ? "weak " + w.name : "phantom " + ((Phantom) r).name;
            if (held.remove(name) != r || r.get() != null) hear("wrong " + name);
            hear(name);
        }
    }

    public static void main(String[] args) throws InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            make(round);
            if (round % 3 == 0) System.gc();
            poll();
            Thread.sleep(30);
        }
        int wanted = ROUNDS * OBJECTS * 3 + ROUNDS * OBJECTS / 2;
        for (int i = 0; i < 1000 && heard.size() < wanted; i++) {
            System.gc();
            poll();
            Thread.sleep(10);
        }
        Map<String, Integer> kinds = new TreeMap<>();
        heard.forEach((what, count) -> kinds.merge(what.split(" ")[0] + " " + count, 1, Integer::sum));
        System.out.println(kinds + " " + held.size());
    }
}
