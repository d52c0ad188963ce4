import java.util.*;

/** Counts slowly, with threads, locks and a growing map, and says at the end what it has: the same whenever it is killed. */
public class Counter {
    static final Map<Integer, List<String>> seen = new TreeMap<>();
    static int total;

    static synchronized void add(int worker, int step) {
        seen.computeIfAbsent(step % 10, key -> new ArrayList<>()).add(worker + ":" + step);
        total += worker * step;
    }

    public static void main(String[] args) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int worker = 1; worker <= 3; worker++) {
            int number = worker;
            Thread thread = new Thread(() -> {
                for (int step = 0; step < 400; step++) {
                    add(number, step);
                    try {
                        Thread.sleep(10);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) thread.join();
        int count = 0;
        for (Map.Entry<Integer, List<String>> entry : seen.entrySet()) {
            Collections.sort(entry.getValue());
            count += entry.getValue().size();
        }
        System.out.println(total + " " + count + " " + seen.get(7));
    }
}
