import java.util.*;

/** What the machine does below the library, at its edges; says all at its end, the same whenever it is killed. */
public class Core {
    static final StringBuffer said = new StringBuffer();

    static void say(Object text) {
        said.append(text).append('\n');
    }

    static int init(String name) {
        say("begin " + name);
        pause(40);
        return name.length();
    }

    static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    interface Action {
        void run() throws Throwable;
    }

    static void attempt(String name, Action action) {
        try {
            action.run();
            say(name + " ok");
        } catch (Throwable e) {
            say(name + " " + e + ", cause " + e.getCause());
        }
    }

    // A superclass whose initialiser uses the class on whose behalf it runs.
    static class Above {
        static {
            init("Above");
            say("sees " + Below.number + " " + new Below().own);
            init("Above again");
        }
    }

    static class Below extends Above {
        static int number = init("Below");
        int own = number + 1;
    }

    // The same over two steps, with interfaces between.
    static class Root {
        static {
            init("Root");
            say("leaf " + Leaf.number + ", middle " + Middle.number);
        }
    }

    static class Middle extends Root implements Third {
        static int number = init("Middle");
    }

    static class Leaf extends Middle implements Second {
        static int number = init("Leaf");
    }

    interface First {
        int CONSTANT = init("First");

        default void first() {}
    }

    interface Without extends First {
        int CONSTANT = init("Without");
    }

    interface Second extends Without {
        int CONSTANT = init("Second");

        default void second() {}
    }

    interface Third {
        int CONSTANT = init("Third");

        private void third() {}
    }

    // What fails above fails below.
    static int zero = 0;

    static class Broken {
        static int value = 1 / zero;
    }

    static class BelowBroken extends Broken {
        static int value = 2;
    }

    interface BrokenInterface {
        int VALUE = 1 / zero;

        default void body() {}
    }

    static class WithBroken implements BrokenInterface {
        static int value = 3;
    }

    static class Error1 extends Error {}

    static class Erring {
        static {
            if (zero == 0) throw new Error1();
        }
    }

    static class BelowErring extends Erring {
        static int value = 4;
    }

    static void initialisers() throws InterruptedException {
        new Below();
        say(Leaf.number);
        say(Without.CONSTANT);
        for (int round = 0; round < 2; round++) {
            attempt("broken interface", () -> say(WithBroken.value));
            attempt("below erring", () -> say(BelowErring.value));
            attempt("broken", () -> say(Broken.value));
            attempt("below broken", () -> say(BelowBroken.value));
        }
        // Whoever comes while another thread initialises what is above waits.
        int[] sum = {0};
        Thread[] threads = new Thread[4];
        for (int index = 0; index < threads.length; index++) {
            threads[index] = new Thread(() -> {
                int seen = SlowBelow.value;
                synchronized (sum) {
                    sum[0] += seen;
                }
            });
            threads[index].start();
        }
        for (Thread thread : threads) thread.join();
        say("sum " + sum[0]);
    }

    static class Slow {
        static int above;

        static {
            pause(200);
            above = 10;
        }
    }

    static class SlowBelow extends Slow {
        static int value = above + 1;
    }

    static void copies() {
        Object strings = new Object[] {"a", 1, "b"};
        attempt("copy 1", () -> System.arraycopy(new int[3], 1, new int[5], 3, 3));
        attempt("copy 2", () -> System.arraycopy(new int[3], 1, new long[5], 3, 1));
        attempt("copy 3", () -> System.arraycopy("s", 1, new long[5], 3, 1));
        attempt("copy 4", () -> System.arraycopy(new boolean[1], 1, new Integer(3), 3, 1));
        attempt("copy 5", () -> System.arraycopy(strings, 0, new String[5], 3, 3));
        String[] target = new String[3];
        attempt("copy 6", () -> System.arraycopy(strings, 0, target, 0, 3));
        say(Arrays.toString(target));
        attempt("copy 7", () -> System.arraycopy(new Object[3], -1, new String[3], 0, 3));
        attempt("copy 8", () -> System.arraycopy(new Object[3], 0, new String[3], 0, -3));
        attempt("copy 9", () -> System.arraycopy(new Object[3], 2147483647, new String[3], 2, 2147483647));
        attempt("copy 10", () -> System.arraycopy(new Object[3], 0, new int[3], 0, 1));
        attempt("copy 11", () -> System.arraycopy(new int[3][1], 0, new String[3], 0, 1));
        attempt("copy 12", () -> System.arraycopy(new Integer[] {5}, 0, new Runnable[3], 0, 1));
        attempt("copy 13", () -> System.arraycopy(new char[2], 0, new char[2], -1, 1));
        attempt("copy 14", () -> System.arraycopy(null, 0, new char[2], -1, 1));
        // So large that they are done in steps, up and down in one array.
        long[] numbers = new long[100_000];
        Object[] objects = new Object[50_000];
        for (int index = 0; index < numbers.length; index++) numbers[index] = index;
        for (int index = 0; index < objects.length; index++) objects[index] = index;
        System.arraycopy(numbers, 0, numbers, 3, numbers.length - 3);
        System.arraycopy(numbers, 5, numbers, 0, numbers.length - 5);
        System.arraycopy(objects, 0, objects, 1, objects.length - 1);
        Integer[] integers = new Integer[objects.length];
        System.arraycopy(objects, 0, integers, 0, objects.length);
        say(Arrays.hashCode(numbers) + " " + Arrays.hashCode(objects) + " " + Arrays.hashCode(integers));
        attempt("store 1", () -> ((Object[]) new Integer[1])[0] = "s");
        attempt("store 2", () -> ((Object[]) new Integer[1][1])[0] = new String[1]);
        attempt("store 3", () -> ((Object[]) new int[1][1])[0] = new long[1]);
    }

    static class Own extends RuntimeException {
        Own(String text) {
            super(text);
        }
    }

    static int trace(int depth) {
        return depth == 0 ? new Own("deep").getStackTrace().length : trace(depth - 1);
    }

    static void threads() throws InterruptedException {
        attempt("wait 1", () -> {
            synchronized (said) {
                said.wait(-1);
            }
        });
        attempt("wait 2", () -> said.wait(1));
        for (Action action : new Action[] {() -> Thread.sleep(10), () -> {
            synchronized (said) {
                said.wait(1);
            }
        }}) {
            Thread.currentThread().interrupt();
            attempt("interrupted", action);
        }
        // A notification is not lost to an interrupt that comes behind it.
        Object lock = new Object();
        int[] counts = {0, 0};
        Thread[] waiting = new Thread[2];
        for (int index = 0; index < 2; index++) {
            waiting[index] = new Thread(() -> {
                synchronized (lock) {
                    counts[1]++;
                    try {
                        lock.wait();
                        counts[0]++;
                    } catch (InterruptedException e) {
                        say("lost");
                    }
                    lock.notifyAll();
                }
            });
            waiting[index].start();
            while (true) {
                // Who has the lock and sees the count knows that the other waits.
                synchronized (lock) {
                    if (counts[1] > index) break;
                }
                Thread.yield();
            }
        }
        synchronized (lock) {
            lock.notify();
            waiting[0].interrupt();
        }
        waiting[1].join();
        synchronized (lock) {
            say("notified " + (counts[0] > 0));
        }
        // Handlers that throw themselves.
        Thread failing = new Thread(() -> {
            throw new Own("of a thread");
        });
        failing.setUncaughtExceptionHandler((thread, thrown) -> {
            say("handler of " + thrown);
            throw new Own("of a handler");
        });
        failing.start();
        failing.join();
        say(failing.getState());
        // Output goes on though the thread is interrupted.
        Thread.currentThread().interrupt();
        System.err.println("interrupted");
        say(Thread.interrupted());
        say("trace " + trace(1500) + " " + trace(10));
    }

    public static void main(String[] args) throws Exception {
        initialisers();
        copies();
        threads();
        Thread main = Thread.currentThread();
        new Thread(() -> {
            try {
                main.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            say("main is " + main.getState());
        }).start();
        // When all threads but daemons have ended.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print(said)));
    }
}
