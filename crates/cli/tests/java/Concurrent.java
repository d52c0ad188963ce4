import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;
public class Concurrent { public static void main(String[] a) throws Exception {
  AtomicReference<String> r = new AtomicReference<>("a"); System.out.println(r.compareAndSet("a", "b") + r.get());
  AtomicBoolean b = new AtomicBoolean(); System.out.println(b.getAndSet(true) + " " + b);
  ReentrantLock l = new ReentrantLock(); l.lock(); System.out.println(l.isHeldByCurrentThread()); l.unlock();
  CountDownLatch c = new CountDownLatch(2); for (int i = 0; i < 2; i++) new Thread(c::countDown).start(); c.await(); System.out.println("latched");
  ExecutorService ex = Executors.newFixedThreadPool(3); Future<Integer> f = ex.submit(() -> 6 * 7); System.out.println(f.get()); ex.shutdown(); System.out.println(ex.awaitTermination(5, TimeUnit.SECONDS));
  System.out.println(CompletableFuture.supplyAsync(() -> 5).thenApply(x -> x * 2).get());
  LinkedBlockingQueue<Integer> q = new LinkedBlockingQueue<>(); new Thread(() -> q.add(9)).start(); System.out.println(q.take());
} }
