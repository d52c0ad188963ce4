import java.io.*;
import java.net.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.locks.*;

/** Threads at their edges: groups, priorities, handlers, interrupts of all that waits, hooks at the end. */
public class Threads {
    interface Wait { void run() throws Exception; }

    public static void main(String[] args) throws Exception {
        groups();
        priorities();
        handlers();
        interrupts();
        joins();
        locks();
        ThreadLocal<Integer> local = new InheritableThreadLocal<>();
        local.set(7);
        run("heir", () -> System.out.println("inherited " + local.get()));
        hooks();
        System.exit(3);
    }

    static Thread run(String name, Runnable what) throws InterruptedException {
        Thread thread = new Thread(what, name);
        thread.start();
        thread.join();
        return thread;
    }

    static void groups() throws Exception {
        ThreadGroup main = Thread.currentThread().getThreadGroup(), above = main.getParent();
        System.out.println(main + " " + above + " " + above.getParent());
        ThreadGroup group = new ThreadGroup(main, "ours"), inner = new ThreadGroup(group, "inner");
        CountDownLatch stop = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Thread thread = new Thread(i == 2 ? inner : group, () -> {
                try {
                    stop.await();
                } catch (InterruptedException e) {
                    System.out.println("interrupted as a group");
                }
            }, "member-" + i);
            threads.add(thread);
            thread.start();
        }
        Thread[] found = new Thread[10];
        int count = group.enumerate(found);
        System.out.println(group.activeCount() + " " + count + " " + group.activeGroupCount() + " " + Arrays.toString(Arrays.copyOf(found, count)));
        System.out.println(group.enumerate(found, false) + " " + group.parentOf(inner) + " " + inner.parentOf(group) + " " + group.getMaxPriority());
        group.setMaxPriority(3);
        threads.get(0).setPriority(9);
        System.out.println(threads.get(0).getPriority() + " " + inner.getMaxPriority());
        stop.countDown();
        for (Thread thread : threads) thread.join();
        System.out.println(group.activeCount() + " " + threads.get(0).getThreadGroup() + " " + threads.get(1));
        System.out.println(Thread.currentThread() + " " + Thread.activeCount());
    }

    static void priorities() throws Exception {
        Thread thread = new Thread(() -> {});
        System.out.println(thread.getPriority() + " " + thread.isDaemon() + " " + thread.isAlive() + " " + thread.isInterrupted());
        thread.setPriority(Thread.MAX_PRIORITY);
        System.out.println(thread.getPriority());
        for (int bad : new int[] { 0, 11 }) {
            try {
                thread.setPriority(bad);
            } catch (IllegalArgumentException e) {
                System.out.println(e);
            }
        }
        thread.setDaemon(true);
        thread.start();
        thread.join();
        try {
            thread.start();
        } catch (IllegalThreadStateException e) {
            System.out.println(e);
        }
        Thread running = Thread.currentThread();
        try {
            running.setDaemon(true);
        } catch (IllegalThreadStateException e) {
            System.out.println(e);
        }
        Thread child = new Thread(() -> System.out.println("of a daemon " + Thread.currentThread().isDaemon()));
        Thread daemon = new Thread(() -> {
            try {
                run("child", () -> System.out.println("daemon " + Thread.currentThread().isDaemon()));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        daemon.setDaemon(true);
        daemon.start();
        daemon.join();
        child.start();
        child.join();
    }

    static void handlers() throws Exception {
        Thread.UncaughtExceptionHandler said = (t, e) -> System.out.println(t.getName() + " died of " + e);
        Thread own = new Thread(() -> { throw new IllegalStateException("own"); }, "own");
        own.setUncaughtExceptionHandler(said);
        own.start();
        own.join();
        ThreadGroup group = new ThreadGroup("handling") {
            @Override public void uncaughtException(Thread t, Throwable e) {
                System.out.println("group " + t.getName() + " " + e.getMessage());
            }
        };
        Thread grouped = new Thread(group, () -> { throw new RuntimeException("grouped"); }, "grouped");
        grouped.start();
        grouped.join();
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> System.out.println("default " + t.getName() + " " + e));
        run("plain", () -> { throw new Error("plain"); });
        Thread failing = new Thread(() -> { throw new Error("first"); }, "failing");
        failing.setUncaughtExceptionHandler((t, e) -> { throw new Error("second"); });
        failing.start();
        failing.join();
        System.out.println(failing.getState() + " " + (failing.getUncaughtExceptionHandler() == null));
        Thread.setDefaultUncaughtExceptionHandler(null);
        FutureTask<Integer> task = new FutureTask<>(() -> { throw new IOException("in a task"); });
        run("task", task);
        try {
            task.get();
        } catch (ExecutionException e) {
            System.out.println(e.getMessage());
        }
    }

    /** Interrupts something that waits, and says how it ends. */
    static void interrupt(String name, Wait wait) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            begun.countDown();
            String how;
            try {
                wait.run();
                how = "returned";
            } catch (Throwable e) {
                how = e.getClass().getName() + " " + e.getMessage();
            }
            System.out.println(name + ": " + how + " " + Thread.currentThread().isInterrupted());
        });
        thread.start();
        begun.await();
        Thread.sleep(30);
        thread.interrupt();
        thread.join(20_000);
        if (thread.isAlive()) System.out.println(name + " still waits");
        // Interrupted before it begins.
        Thread early = new Thread(() -> {
            Thread.currentThread().interrupt();
            String how;
            try {
                wait.run();
                how = "returned";
            } catch (Throwable e) {
                how = e.getClass().getName();
            }
            System.out.println(name + " early: " + how + " " + Thread.interrupted() + " " + Thread.interrupted());
        });
        early.start();
        early.join(20_000);
        if (early.isAlive()) System.out.println(name + " still waits");
    }

    static void interrupts() throws Exception {
        Object lock = new Object();
        ReentrantLock reentrant = new ReentrantLock();
        Condition condition = reentrant.newCondition();
        interrupt("sleep", () -> Thread.sleep(100_000));
        interrupt("wait", () -> { synchronized (lock) { lock.wait(); } });
        interrupt("timed wait", () -> { synchronized (lock) { lock.wait(100_000, 5); } });
        interrupt("join", Thread.currentThread()::join);
        interrupt("park", LockSupport::park);
        interrupt("park of a time", () -> LockSupport.parkNanos(100_000_000_000L));
        interrupt("condition", () -> {
            reentrant.lock();
            try {
                condition.await();
            } finally {
                reentrant.unlock();
            }
        });
        reentrant.lock();
        interrupt("lock", reentrant::lockInterruptibly);
        interrupt("try lock", () -> reentrant.tryLock(100, TimeUnit.SECONDS));
        reentrant.unlock();
        interrupt("latch", new CountDownLatch(1)::await);
        interrupt("semaphore", new Semaphore(0)::acquire);
        interrupt("queue", new LinkedBlockingQueue<>()::take);
        interrupt("exchanger", () -> new Exchanger<>().exchange(1));
        interrupt("future", new CompletableFuture<>()::get);
        interrupt("barrier", new CyclicBarrier(2)::await);
        interrupt("poll", () -> new SynchronousQueue<>().poll(100, TimeUnit.SECONDS));
        Thread none = new Thread(() -> {});
        none.interrupt();
        System.out.println("before it starts " + none.isInterrupted());
        // A monitor is waited for on; the interrupt stays.
        Thread stubborn = new Thread(() -> {
            synchronized (lock) {
                System.out.println("stubborn " + Thread.currentThread().isInterrupted());
            }
        });
        synchronized (lock) {
            stubborn.start();
            while (stubborn.getState() != Thread.State.BLOCKED) Thread.sleep(1);
            stubborn.interrupt();
            Thread.sleep(10);
            System.out.println(stubborn.getState());
        }
        stubborn.join();
    }

    static void joins() throws Exception {
        Thread sleeper = new Thread(() -> {
            try {
                Thread.sleep(100_000);
            } catch (InterruptedException e) {
                System.out.println(e.getMessage());
            }
        });
        sleeper.start();
        sleeper.join(20);
        System.out.println("joined " + sleeper.isAlive());
        sleeper.interrupt();
        sleeper.join();
        System.out.println("joined " + sleeper.isAlive() + " " + sleeper.getState());
        Timer timer = new Timer(true);
        CountDownLatch ticks = new CountDownLatch(3);
        timer.schedule(new TimerTask() {
            @Override public void run() {
                ticks.countDown();
            }
        }, 5, 5);
        ticks.await();
        timer.cancel();
        System.out.println("ticks " + ticks.getCount());
        for (Wait bad : List.<Wait>of(() -> Thread.sleep(-1), () -> new Object().wait(), () -> new Object().notify(), () -> Thread.currentThread().join(-1))) {
            try {
                bad.run();
            } catch (IllegalArgumentException | IllegalMonitorStateException e) {
                System.out.println(e);
            }
        }
    }

    synchronized native void none();
    static synchronized native int noneOfTheClass(long n);

    static void locks() throws Exception {
        Threads object = new Threads();
        try {
            object.none();
        } catch (UnsatisfiedLinkError e) {
            System.out.println("none " + Thread.holdsLock(object));
        }
        try {
            noneOfTheClass(3);
        } catch (UnsatisfiedLinkError e) {
            System.out.println("none " + Thread.holdsLock(Threads.class));
        }
    }

    static void hooks() throws Exception {
        Runtime runtime = Runtime.getRuntime();
        Thread hook = new Thread(() -> System.out.println("hook"));
        runtime.addShutdownHook(hook);
        try {
            runtime.addShutdownHook(hook);
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
        Thread removed = new Thread(() -> System.out.println("never"));
        runtime.addShutdownHook(removed);
        System.out.println(runtime.removeShutdownHook(removed) + " " + runtime.removeShutdownHook(removed));
        new Thread(() -> {
            try {
                Thread.sleep(100_000);
            } catch (InterruptedException e) {
                System.out.println("never");
            }
        }).start();
    }
}
