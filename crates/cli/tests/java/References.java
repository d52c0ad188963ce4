import java.lang.ref.*;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.concurrent.*;

/** References, queues, cleaners and finalizers: what is cleared, and in which order. */
public class References {
    static final List<String> log = Collections.synchronizedList(new ArrayList<>());
    static Object saved;

    static void gcUntil(BooleanSupplier0 done) throws Exception {
        for (int i = 0; i < 200; i++) {
            if (done.get()) return;
            System.gc();
            System.runFinalization();
            Thread.sleep(5);
        }
        System.out.println("not reached");
    }

    interface BooleanSupplier0 { boolean get() throws Exception; }

    public static void main(String[] args) throws Exception {
        weak();
        queues();
        strengths();
        finalizers();
        cleaners();
        maps();
        locals();
        buffers();
        memory();
    }

    static void weak() throws Exception {
        Object kept = new Object();
        WeakReference<Object> a = new WeakReference<>(kept), b = new WeakReference<>(new Object());
        while (b.get() != null) System.gc();
        System.out.println("weak " + (a.get() == kept) + " " + a.refersTo(kept) + " " + b.refersTo(null));
        a.clear();
        System.out.println("cleared " + a.get() + " " + a.refersTo(null) + " " + a.enqueue());
        Reference.reachabilityFence(kept);
        // A chain that only weak references hold falls at once.
        WeakReference<Object[]> outer = new WeakReference<>(new Object[] { new WeakReference<>(new Object()) });
        gcUntil(() -> outer.get() == null);
        System.out.println("chain " + outer.get());
    }

    static class Named extends WeakReference<Object> {
        final String name;
        Named(String name, Object of, ReferenceQueue<Object> queue) {
            super(of, queue);
            this.name = name;
        }
    }

    static void queues() throws Exception {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        Object kept = new Object();
        List<Named> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) all.add(new Named("n" + i, i == 3 ? kept : new Object(), queue));
        TreeSet<String> names = new TreeSet<>();
        gcUntil(() -> {
            for (Reference<?> r; (r = queue.poll()) != null;) names.add(((Named) r).name + " " + r.get());
            return names.size() == 4;
        });
        System.out.println("queue " + names + " " + (all.get(3).get() == kept));
        System.out.println("timed " + queue.remove(20));
        System.out.println("by hand " + all.get(3).enqueue() + " " + (queue.remove() == all.get(3)) + " " + all.get(3).get());
        System.out.println("again " + all.get(3).enqueue() + " " + all.get(0).enqueue());
        // A thread waits in the queue.
        ReferenceQueue<Object> second = new ReferenceQueue<>();
        FutureTask<String> task = new FutureTask<>(() -> ((Named) second.remove()).name);
        new Thread(task).start();
        Named late = new Named("late", new Object(), second);
        gcUntil(task::isDone);
        System.out.println("waited for " + task.get() + " " + late.get());
    }

    static void strengths() throws Exception {
        SoftReference<Object> soft = new SoftReference<>(new Object());
        PhantomReference<Object> phantom = new PhantomReference<>(new Object(), new ReferenceQueue<>());
        WeakReference<Object> weak = new WeakReference<>(new Object());
        gcUntil(() -> weak.get() == null && phantom.refersTo(null));
        System.out.println("soft stays " + (soft.get() != null) + ", phantom gives " + phantom.get());
        // What a soft reference holds, a weak one finds.
        WeakReference<Object> through = new WeakReference<>(soft.get());
        System.gc();
        System.out.println("through soft " + (through.get() != null));
        soft.clear();
        gcUntil(() -> through.get() == null);
        System.out.println("then " + through.get());
    }

    static class Finalized {
        final String name;
        final Object other;
        Finalized(String name, Object other) {
            this.name = name;
            this.other = other;
        }
        @Override protected void finalize() throws Throwable {
            log.add("finalize " + name + (other == null ? "" : " with " + other));
            if (name.equals("saved")) saved = this;
            if (name.equals("throws")) throw new IllegalStateException("ignored");
        }
        @Override public String toString() { return name; }
    }

    static class Sub extends Finalized {
        Sub() { super("sub", null); }
    }

    static class Empty extends Finalized {
        Empty() { super("empty", null); }
        @Override protected void finalize() {}
    }

    static class Fails extends Finalized {
        Fails() {
            super("fails", null);
            throw new RuntimeException("in the constructor");
        }
    }

    static void make(List<Reference<?>> refs, ReferenceQueue<Object> queue) {
        Finalized plain = new Finalized("plain", new StringBuilder("part"));
        refs.add(new WeakReference<>(plain));
        refs.add(new PhantomReference<>(plain, queue));
        new Finalized("saved", null);
        new Finalized("throws", null);
        new Sub();
        new Empty();
        try {
            new Fails();
        } catch (RuntimeException e) {
            System.out.println(e.getMessage());
        }
        try {
            new Finalized(String.valueOf(List.of().get(0)), null);
        } catch (IndexOutOfBoundsException e) {
            System.out.println("no argument");
        }
    }

    static void finalizers() throws Exception {
        List<Reference<?>> refs = new ArrayList<>();
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        make(refs, queue);
        gcUntil(() -> log.size() == 5);
        System.out.println(new TreeSet<>(log));
        gcUntil(() -> queue.poll() != null);
        System.out.println("weak " + refs.get(0).get() + ", phantom gone " + refs.get(1).refersTo(null));
        System.out.println("resurrected " + saved);
        WeakReference<Object> weak = new WeakReference<>(saved);
        saved = null;
        gcUntil(() -> weak.get() == null);
        // Once in a life.
        System.out.println("not again " + log.size() + " " + saved);
    }

    static void cleaners() throws Exception {
        Cleaner cleaner = Cleaner.create();
        List<String> done = Collections.synchronizedList(new ArrayList<>());
        Object kept = new Object();
        Cleaner.Cleanable explicit = cleaner.register(kept, () -> done.add("by hand"));
        for (int i = 0; i < 3; i++) {
            int number = i;
            cleaner.register(new Object(), () -> done.add("cleaned " + number));
        }
        gcUntil(() -> done.size() == 3);
        explicit.clean();
        explicit.clean();
        System.out.println(new TreeSet<>(done));
        Reference.reachabilityFence(kept);
    }

    static void maps() throws Exception {
        WeakHashMap<Object, String> map = new WeakHashMap<>();
        List<Object> keys = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Object key = new Object();
            if (i % 3 == 0) keys.add(key);
            map.put(key, "v" + i);
        }
        gcUntil(() -> map.size() == keys.size());
        System.out.println("map " + map.size() + " " + new TreeSet<>(map.values()));
        Map<String, Integer> cached = new WeakHashMap<>();
        cached.put(new String("gone"), 1);
        cached.put("literal", 2);
        gcUntil(() -> cached.size() == 1);
        System.out.println("map " + cached);
    }

    static void locals() throws Exception {
        WeakReference<Object>[] seen = newArray();
        Thread thread = new Thread(() -> {
            ThreadLocal<Object> local = ThreadLocal.withInitial(Object::new);
            seen[0] = new WeakReference<>(local.get());
            seen[1] = new WeakReference<>(local);
        });
        thread.start();
        thread.join();
        gcUntil(() -> seen[0].get() == null && seen[1].get() == null);
        System.out.println("thread locals " + seen[0].get() + " " + seen[1].get());
    }

    @SuppressWarnings("unchecked")
    static WeakReference<Object>[] newArray() {
        return new WeakReference[2];
    }

    static void buffers() throws Exception {
        // More than there is room for at once, if dead ones were kept.
        long sum = 0;
        for (int i = 0; i < 2000; i++) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
            buffer.putInt(1000, i);
            sum += buffer.getInt(1000);
        }
        System.out.println("buffers " + sum);
    }

    static void memory() {
        Runtime runtime = Runtime.getRuntime();
        long used = 0;
        for (int i = 0; i < 20; i++) {
            byte[] much = new byte[1 << 24];
            much[i] = 1;
            used += much[i];
        }
        System.gc();
        long free = runtime.freeMemory(), total = runtime.totalMemory(), max = runtime.maxMemory();
        System.out.println("memory " + used + " " + (free > 0) + " " + (free <= total) + " " + (total <= max));
        byte[] much = new byte[1 << 26];
        System.out.println("less " + (runtime.totalMemory() - runtime.freeMemory() >= much.length));
    }
}
