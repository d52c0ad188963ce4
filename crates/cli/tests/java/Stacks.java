import java.lang.StackWalker.*;
import java.lang.invoke.*;
import java.lang.reflect.*;
import java.util.*;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.*;
import java.util.function.*;
import java.util.stream.*;

/** Stack walking, traces of this and other threads, what threads are doing. */
public class Stacks {
    static String show(StackFrame f) {
        return f.getClassName() + "." + f.getMethodName() + f.getDescriptor() + ":" + f.getLineNumber() + " "
            + f.getFileName() + " " + f.isNativeMethod();
    }

    static void say(Object what) {
        System.out.println(what);
    }

    static boolean ours(StackFrame f) {
        return f.getClassName().startsWith("Stacks");
    }

    public static void main(String[] args) throws Throwable {
        walks();
        callers();
        deep();
        traces();
        threads();
        states();
        hidden();
    }

    static void walks() throws Exception {
        System.out.println("== walks");
        StackWalker plain = StackWalker.getInstance();
        plain.forEach(f -> System.out.println(show(f)));
        say(first(3, () -> plain.walk(s -> s.map(Stacks::show).collect(Collectors.toList()))));
        say(plain.walk(s -> s.map(StackFrame::toString).collect(Collectors.joining(" | "))));
        try {
            plain.walk(Stream::findFirst).get().getDeclaringClass();
        } catch (UnsupportedOperationException e) {
            System.out.println(e.getMessage());
        }
        try {
            plain.getCallerClass();
        } catch (UnsupportedOperationException e) {
            System.out.println(e.getMessage());
        }
        StackWalker full = StackWalker.getInstance(Option.RETAIN_CLASS_REFERENCE);
        StackFrame top = full.walk(Stream::findFirst).get();
        System.out.println(top.getDeclaringClass() + " " + top.getMethodType() + " " + top.toStackTraceElement());
        // Through reflection, whose frames show on request.
        Method m = Stacks.class.getDeclaredMethod("reflected", StackWalker.class);
        for (Set<Option> options : List.of(Set.<Option>of(), Set.of(Option.SHOW_REFLECT_FRAMES), Set.of(Option.SHOW_HIDDEN_FRAMES))) {
            List<String> names = (List<String>) m.invoke(null, StackWalker.getInstance(options));
            System.out.println(options + " " + names.stream().filter(n -> !n.contains("Lambda") && !n.contains("Accessor")).toList());
        }
        // A stream that ends early, a walk in a walk, a failing function.
        say(plain.walk(s -> s.skip(1).limit(1).map(StackFrame::getMethodName).toList()));
        say(plain.walk(s -> s.map(f -> plain.walk(t -> t.filter(Stacks::ours).count())).toList()).get(0));
        try {
            plain.walk(s -> { throw new IllegalStateException("in a walk"); });
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
        Stream<StackFrame> leaked = plain.walk(s -> s);
        try {
            leaked.count();
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
        new Thread(() -> say(plain.walk(s -> s.map(StackFrame::getMethodName).filter(n -> !n.startsWith("lambda")).toList()))) {{
            start();
            join();
        }};
    }

    static List<String> reflected(StackWalker walker) {
        return walker.walk(s -> s.map(f -> f.getClassName() + "." + f.getMethodName()).toList());
    }

    static <T> T first(int depth, Supplier<T> what) {
        return depth == 0 ? what.get() : first(depth - 1, what);
    }

    static class Callee {
        static Class<?> caller() {
            return StackWalker.getInstance(Option.RETAIN_CLASS_REFERENCE).getCallerClass();
        }
    }

    static void callers() throws Throwable {
        System.out.println("== callers");
        System.out.println(Callee.caller());
        say(Callee.class.getDeclaredMethod("caller").invoke(null));
        Supplier<Class<?>> reference = Callee::caller;
        System.out.println(reference.get());
        MethodHandle handle = MethodHandles.lookup().findStatic(Callee.class, "caller", MethodType.methodType(Class.class));
        System.out.println((Class<?>) handle.invokeExact());
        System.out.println(MethodHandles.lookup().lookupClass());
        Method lookup = MethodHandles.class.getMethod("lookup");
        System.out.println(((MethodHandles.Lookup) lookup.invoke(null)).lookupClass());
    }

    static int dive(int depth, Function<StackWalker, Integer> what) {
        return depth == 0 ? what.apply(StackWalker.getInstance(Set.of(), 64)) : dive(depth - 1, what);
    }

    static void deep() {
        System.out.println("== deep");
        for (int depth : new int[] { 0, 1, 7, 8, 9, 100, 1000 }) {
            int all = dive(depth, w -> w.walk(s -> s.filter(f -> f.getMethodName().equals("dive")).toList()).size());
            int lines = dive(depth, w -> w.walk(s -> s.limit(5).mapToInt(StackFrame::getLineNumber).sum()));
            System.out.println(depth + " " + all + " " + (lines > 0));
        }
    }

    static void traces() {
        System.out.println("== traces");
        for (StackTraceElement e : new Throwable().getStackTrace()) System.out.println(e);
        for (StackTraceElement e : Thread.currentThread().getStackTrace()) System.out.println(e);
        try {
            List.of(3, 1, 2).stream().map(n -> 6 / (n - 1)).toList();
        } catch (ArithmeticException e) {
            StackTraceElement[] all = e.getStackTrace();
            System.out.println(all[0]);
            System.out.println(all[1]);
            System.out.println(all[1].getModuleName() + " " + all[1].getClassLoaderName() + " " + all[0].getClassLoaderName());
            System.out.println(all[all.length - 1]);
        }
        try {
            Integer.parseInt("no");
        } catch (NumberFormatException e) {
            for (StackTraceElement at : e.getStackTrace()) System.out.println(at);
        }
        try {
            Stacks.class.getDeclaredMethod("fails").invoke(null);
        } catch (ReflectiveOperationException e) {
            System.out.println(e.getCause() + " " + e.getCause().getStackTrace()[0]);
        }
        try {
            MethodHandles.lookup().findStatic(Stacks.class, "fails", MethodType.methodType(void.class)).invokeExact();
        } catch (Throwable e) {
            for (StackTraceElement at : e.getStackTrace()) System.out.println(at);
        }
    }

    static void fails() {
        throw new UnsupportedOperationException("fails");
    }

    static void threads() throws Exception {
        System.out.println("== threads");
        CountDownLatch in = new CountDownLatch(1), out = new CountDownLatch(1);
        Thread thread = new Thread(() -> first(2, () -> {
            in.countDown();
            try {
                out.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return null;
        }), "waiter");
        System.out.println("before " + thread.getStackTrace().length);
        thread.start();
        in.await();
        while (thread.getState() != Thread.State.WAITING) Thread.sleep(1);
        for (StackTraceElement e : visible(thread)) System.out.println(e);
        Map<Thread, StackTraceElement[]> all = Thread.getAllStackTraces();
        System.out.println(all.get(thread).length == thread.getStackTrace().length);
        System.out.println(all.get(Thread.currentThread())[0]);
        Set<String> names = all.keySet().stream().map(Thread::getName).collect(Collectors.toCollection(TreeSet::new));
        names.retainAll(Set.of("main", "waiter", "Reference Handler", "Finalizer"));
        System.out.println(names);
        out.countDown();
        thread.join();
        System.out.println("after " + thread.getStackTrace().length + " " + Thread.getAllStackTraces().containsKey(thread));
    }

    /** The trace but for the classes of lambdas, which have no names that stay. */
    static List<StackTraceElement> visible(Thread thread) {
        return Arrays.stream(thread.getStackTrace()).filter(e -> !e.getClassName().contains("$$Lambda")).toList();
    }

    static void await(Thread thread, Thread.State state) throws InterruptedException {
        for (int i = 0; i < 2000 && thread.getState() != state; i++) Thread.sleep(1);
        System.out.println(thread.getName() + " " + thread.getState() + " " + thread.isAlive());
    }

    static void states() throws Exception {
        System.out.println("== states");
        Object lock = new Object();
        Thread blocked = new Thread(() -> {
            synchronized (lock) { lock.notifyAll(); }
        }, "blocked");
        await(blocked, Thread.State.NEW);
        synchronized (lock) {
            blocked.start();
            await(blocked, Thread.State.BLOCKED);
            System.out.println(visible(blocked));
            // While it waits the other has its turn.
            lock.wait();
        }
        await(blocked, Thread.State.TERMINATED);
        Thread sleeps = new Thread(() -> {
            try {
                Thread.sleep(100_000);
            } catch (InterruptedException e) {
                System.out.println("woken");
            }
        }, "sleeps");
        sleeps.start();
        await(sleeps, Thread.State.TIMED_WAITING);
        System.out.println(sleeps.getStackTrace()[0]);
        Thread joins = new Thread(() -> {
            try {
                sleeps.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }, "joins");
        joins.start();
        await(joins, Thread.State.WAITING);
        System.out.println(joins.getStackTrace()[0]);
        Thread parks = new Thread(() -> LockSupport.parkNanos(100_000_000_000L), "parks");
        parks.start();
        await(parks, Thread.State.TIMED_WAITING);
        System.out.println(parks.getStackTrace()[0]);
        LockSupport.unpark(parks);
        sleeps.interrupt();
        // It says that it was woken before anything is said of the others.
        sleeps.join();
        for (Thread t : List.of(parks, sleeps, joins)) {
            t.join();
            await(t, Thread.State.TERMINATED);
        }
        await(Thread.currentThread(), Thread.State.RUNNABLE);
    }

    static void hidden() {
        System.out.println("== hidden");
        // Neither the class of a lambda nor a proxy's machinery is in a trace.
        Runnable r = () -> {
            StackTraceElement[] all = new Throwable().getStackTrace();
            System.out.println(all[0].getMethodName().startsWith("lambda") + " " + all[1]);
        };
        r.run();
        Runnable proxy = (Runnable) Proxy.newProxyInstance(Stacks.class.getClassLoader(), new Class<?>[] { Runnable.class }, (p, m, a) -> {
            System.out.println(new Throwable().getStackTrace()[1].getClassName().contains("$Proxy"));
            return null;
        });
        proxy.run();
    }
}
