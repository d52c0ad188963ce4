import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;
import java.util.stream.*;

/** Executors, futures, fork and join, locks, barriers, queues, timers. */
public class Parallel {
    static class Sum extends RecursiveTask<Long> {
        final int from, to;

        Sum(int from, int to) {
            this.from = from;
            this.to = to;
        }

        @Override
        protected Long compute() {
            if (to - from < 100) return LongStream.range(from, to).sum();
            Sum left = new Sum(from, (from + to) / 2), right = new Sum((from + to) / 2, to);
            left.fork();
            return right.compute() + left.join();
        }
    }

    static class Walk extends CountedCompleter<Integer> {
        static final AtomicInteger LEAVES = new AtomicInteger();
        final int depth;

        Walk(CountedCompleter<?> parent, int depth) {
            super(parent);
            this.depth = depth;
        }

        @Override
        public void compute() {
            if (depth == 0) {
                LEAVES.incrementAndGet();
            } else {
                setPendingCount(2);
                new Walk(this, depth - 1).fork();
                new Walk(this, depth - 1).fork();
            }
            tryComplete();
        }
    }

    static void executors() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(3, r -> new Thread(r, "worker"));
        List<Future<Integer>> futures = pool.invokeAll(IntStream.range(0, 10).<Callable<Integer>>mapToObj(i -> () -> i * i).toList());
        int sum = 0;
        for (Future<Integer> future : futures) sum += future.get();
        System.out.println(sum + " " + pool.submit(() -> Thread.currentThread().getName()).get() + " " + pool.invokeAny(List.of(() -> "any")));
        try {
            pool.submit(() -> {
                throw new IllegalStateException("inside");
            }).get();
        } catch (ExecutionException e) {
            System.out.println(e.getMessage());
        }
        CountDownLatch never = new CountDownLatch(1);
        Future<?> stuck = pool.submit(() -> {
            never.await();
            return null;
        });
        try {
            stuck.get(20, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            System.out.println("timeout " + stuck.cancel(true) + stuck.isCancelled());
        }
        pool.shutdown();
        System.out.println(pool.awaitTermination(5, TimeUnit.SECONDS) + " " + pool.isTerminated());
        try {
            pool.execute(() -> {});
        } catch (RejectedExecutionException e) {
            System.out.println("rejected");
        }
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
        CountDownLatch ticks = new CountDownLatch(3);
        ScheduledFuture<?> ticking = timer.scheduleAtFixedRate(ticks::countDown, 1, 5, TimeUnit.MILLISECONDS);
        ticks.await();
        ticking.cancel(false);
        System.out.println(timer.schedule(() -> "later", 5, TimeUnit.MILLISECONDS).get() + " " + timer.shutdownNow().size());
        ThreadPoolExecutor own = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1), new ThreadPoolExecutor.CallerRunsPolicy());
        AtomicInteger ran = new AtomicInteger();
        for (int i = 0; i < 20; i++) own.execute(ran::incrementAndGet);
        own.shutdown();
        own.awaitTermination(5, TimeUnit.SECONDS);
        System.out.println(ran + " " + new ForkJoinPool(3).invoke(new Sum(0, 10_000)) + " " + ForkJoinPool.commonPool().submit(() -> 5).get());
        new Walk(null, 8).invoke();
        System.out.println(Walk.LEAVES);
        CompletionService<Integer> done = new ExecutorCompletionService<>(Executors.newCachedThreadPool(r -> {
            Thread t = new Thread(r);
            t.setDaemon(true);
            return t;
        }));
        for (int i = 1; i <= 3; i++) {
            int delay = i * 15;
            done.submit(() -> {
                Thread.sleep(delay);
                return delay;
            });
        }
        System.out.println(done.take().get() + " " + done.take().get() + " " + done.take().get());
    }

    static void futures() throws Exception {
        CompletableFuture<Integer> a = CompletableFuture.supplyAsync(() -> 20), b = CompletableFuture.supplyAsync(() -> 22);
        System.out.println(a.thenCombine(b, Integer::sum).thenApply(x -> "sum " + x).get());
        System.out.println(CompletableFuture.supplyAsync(() -> {
            if (true) throw new IllegalArgumentException("bad");
            return 1;
        }).thenApply(x -> x + 1).exceptionally(e -> -1).thenCompose(x -> CompletableFuture.completedFuture(x * 2)).join());
        System.out.println(CompletableFuture.allOf(a, b).thenApply(v -> a.join() * b.join()).handle((v, e) -> v + ":" + e).get());
        CompletableFuture<String> late = new CompletableFuture<>();
        System.out.println(late.completeOnTimeout("gave up", 10, TimeUnit.MILLISECONDS).get() + " " + CompletableFuture.anyOf(new CompletableFuture<>(), CompletableFuture.completedFuture("first")).get());
        try {
            new CompletableFuture<>().orTimeout(10, TimeUnit.MILLISECONDS).join();
        } catch (CompletionException e) {
            System.out.println(e.getCause().getClass().getSimpleName());
        }
        StringBuffer trail = new StringBuffer();
        CompletableFuture.runAsync(() -> trail.append("run ")).thenRun(() -> trail.append("then ")).whenComplete((v, e) -> trail.append("done")).get();
        System.out.println(trail + " " + CompletableFuture.failedFuture(new Error("x")).isCompletedExceptionally());
    }

    static void locks() throws Exception {
        ReentrantReadWriteLock lock = new ReentrantReadWriteLock(true);
        int[] value = {0};
        Thread[] threads = new Thread[4];
        for (int i = 0; i < 4; i++) {
            threads[i] = new Thread(() -> {
                for (int j = 0; j < 500; j++) {
                    lock.writeLock().lock();
                    try {
                        value[0]++;
                    } finally {
                        lock.writeLock().unlock();
                    }
                    lock.readLock().lock();
                    lock.readLock().unlock();
                }
            });
            threads[i].start();
        }
        for (Thread t : threads) t.join();
        System.out.println(value[0] + " " + lock.getReadLockCount() + lock.isWriteLocked());
        ReentrantLock own = new ReentrantLock();
        Condition ready = own.newCondition();
        boolean[] set = {false};
        Thread waiter = new Thread(() -> {
            own.lock();
            try {
                while (!set[0]) ready.awaitUninterruptibly();
                set[0] = false;
            } finally {
                own.unlock();
            }
        });
        waiter.start();
        own.lock();
        set[0] = true;
        ready.signalAll();
        own.unlock();
        waiter.join();
        System.out.println(set[0] + " " + own.tryLock(1, TimeUnit.MILLISECONDS) + own.getHoldCount());
        own.unlock();
        try {
            own.unlock();
        } catch (IllegalMonitorStateException e) {
            System.out.println("not held");
        }
        StampedLock stamped = new StampedLock();
        long stamp = stamped.tryOptimisticRead();
        long write = stamped.writeLock();
        System.out.println(stamped.validate(stamp));
        stamped.unlockWrite(write);
        Semaphore permits = new Semaphore(2);
        permits.acquire();
        System.out.println(permits.tryAcquire(2) + " " + permits.availablePermits());
        CyclicBarrier barrier = new CyclicBarrier(3, () -> System.out.println("all there"));
        for (int i = 0; i < 2; i++) new Thread(() -> {
            try {
                barrier.await();
            } catch (Exception e) {
                System.out.println(e);
            }
        }).start();
        barrier.await();
        Phaser phaser = new Phaser(1);
        AtomicInteger arrived = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            phaser.register();
            new Thread(() -> {
                arrived.incrementAndGet();
                phaser.arriveAndAwaitAdvance();
                arrived.incrementAndGet();
                phaser.arriveAndDeregister();
            }).start();
        }
        phaser.arriveAndAwaitAdvance();
        System.out.println(arrived.get() >= 3);
        phaser.arriveAndAwaitAdvance();
        System.out.println(arrived + " " + phaser.arriveAndDeregister() + phaser.isTerminated());
        Exchanger<String> exchanger = new Exchanger<>();
        Thread other = new Thread(() -> {
            try {
                System.out.println("got " + exchanger.exchange("from other"));
            } catch (InterruptedException e) {
                System.out.println(e);
            }
        });
        other.start();
        String mine = exchanger.exchange("from main");
        other.join();
        System.out.println("got " + mine);
    }

    static void queues() throws Exception {
        BlockingQueue<Integer> queue = new LinkedBlockingQueue<>(2);
        Thread producer = new Thread(() -> {
            try {
                for (int i = 0; i < 10; i++) queue.put(i);
                queue.put(-1);
            } catch (InterruptedException e) {
                System.out.println(e);
            }
        });
        producer.start();
        List<Integer> got = new ArrayList<>();
        for (int x; (x = queue.take()) >= 0; ) got.add(x);
        System.out.println(got + " " + queue.poll(5, TimeUnit.MILLISECONDS) + queue.remainingCapacity());
        SynchronousQueue<String> hand = new SynchronousQueue<>();
        new Thread() {
            @Override
            public void run() {
                try {
                    hand.put("handed");
                } catch (InterruptedException e) {
                    System.out.println(e);
                }
            }
        }.start();
        System.out.println(hand.take());
        record Late(String name, long at) implements Delayed {
            public long getDelay(TimeUnit unit) {
                return unit.convert(at - System.nanoTime(), TimeUnit.NANOSECONDS);
            }

            public int compareTo(Delayed o) {
                return Long.compare(at, ((Late) o).at);
            }
        }
        DelayQueue<Late> delayed = new DelayQueue<>();
        delayed.add(new Late("second", System.nanoTime() + 20_000_000));
        delayed.add(new Late("first", System.nanoTime() + 5_000_000));
        System.out.println(delayed.take().name() + delayed.take().name());
        ConcurrentSkipListMap<Integer, String> skip = new ConcurrentSkipListMap<>();
        for (int i = 20; i > 0; i--) skip.put(i * 7 % 23, "v" + i);
        System.out.println(skip.headMap(5) + " " + skip.lastKey());
        CopyOnWriteArrayList<Integer> cow = new CopyOnWriteArrayList<>(List.of(1, 2, 3));
        for (Integer x : cow) cow.add(x * 10);
        ConcurrentHashMap<String, LongAdder> counts = new ConcurrentHashMap<>();
        IntStream.range(0, 1000).parallel().forEach(i -> counts.computeIfAbsent("k" + i % 3, k -> new LongAdder()).increment());
        System.out.println(cow + " " + new TreeMap<>(counts) + counts.reduceValuesToLong(1, LongAdder::sum, 0, Long::sum));
        AtomicReferenceArray<String> refs = new AtomicReferenceArray<>(2);
        AtomicStampedReference<String> stamped = new AtomicStampedReference<>("a", 1);
        LongAccumulator max = new LongAccumulator(Math::max, 0);
        for (long x : new long[] {3, 9, 4}) max.accumulate(x);
        System.out.println(refs.compareAndSet(0, null, "x") + refs.toString() + stamped.compareAndSet("a", "b", 1, 2) + stamped.getStamp() + max + new AtomicInteger(5).updateAndGet(x -> x * 3) + new AtomicLong(1).getAndAccumulate(5, Long::sum) + new AtomicBoolean().compareAndExchange(false, true));
    }

    static void threads() throws Exception {
        ThreadLocal<Integer> local = ThreadLocal.withInitial(() -> 7);
        InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
        inherited.set("from parent");
        local.set(8);
        Thread t = new Thread(() -> System.out.println(local.get() + inherited.get()));
        t.start();
        t.join();
        Thread sleeper = new Thread(() -> {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                System.out.println("interrupted " + Thread.currentThread().isInterrupted());
            }
        });
        sleeper.start();
        sleeper.interrupt();
        sleeper.join();
        Thread failing = new Thread(() -> {
            throw new IllegalStateException("uncaught");
        }, "failing");
        failing.setUncaughtExceptionHandler((thread, e) -> System.out.println(thread.getName() + " " + e.getMessage()));
        failing.start();
        failing.join();
        System.out.println(sleeper.getState() + " " + new Thread().getState() + " " + Thread.currentThread().getThreadGroup().getName() + failing.isAlive());
        Timer timer = new Timer(true);
        CountDownLatch twice = new CountDownLatch(2);
        timer.schedule(new TimerTask() {
            @Override
            public void run() {
                twice.countDown();
                if (twice.getCount() == 0) cancel();
            }
        }, 1, 2);
        twice.await();
        timer.cancel();
        Object monitor = new Object();
        int[] turn = {0};
        StringBuffer out = new StringBuffer();
        Thread[] all = new Thread[3];
        for (int i = 0; i < 3; i++) {
            int me = i;
            all[i] = new Thread(() -> {
                for (int round = 0; round < 3; round++) {
                    synchronized (monitor) {
                        while (turn[0] % 3 != me) {
                            try {
                                monitor.wait();
                            } catch (InterruptedException e) {
                                return;
                            }
                        }
                        out.append(me);
                        turn[0]++;
                        monitor.notifyAll();
                    }
                }
            });
            all[i].start();
        }
        for (Thread thread : all) thread.join();
        System.out.println(out);
        SubmissionPublisher<Integer> publisher = new SubmissionPublisher<>();
        CompletableFuture<Void> consumed = publisher.consume(x -> out.append(x));
        for (int i = 5; i < 8; i++) publisher.submit(i);
        publisher.close();
        consumed.get();
        System.out.println(out);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
    }

    public static void main(String[] args) throws Exception {
        executors();
        futures();
        locks();
        queues();
        threads();
    }
}
