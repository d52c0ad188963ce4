import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Threads move money between accounts in a HashMap, and wait for each other: what is there at the end is always the same. */
public class Accounts {
    static final int WORKERS = 3;
    static final int MOVES = 12;
    static final Map<String, Integer> accounts = new HashMap<>();
    static int turn;

    static synchronized void move(String from, String to, int amount) {
        accounts.merge(from, -amount, Integer::sum);
        accounts.merge(to, amount, Integer::sum);
    }

    // Each in its turn.
    static synchronized void say(int worker) throws InterruptedException {
        while (turn != worker) {
            Accounts.class.wait();
        }
        System.out.println("worker " + worker + " is done");
        turn++;
        Accounts.class.notifyAll();
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("begins");
        List<Thread> threads = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            int number = worker;
            Thread thread = new Thread(() -> {
                try {
                    for (int step = 1; step <= MOVES; step++) {
                        move("account " + (number + step) % 5, "account " + number * step % 7, step);
                        if (step % 4 == 0) {
                            Thread.sleep(1);
                        }
                    }
                    say(number);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        int sum = 0;
        for (Thread thread : threads) {
            thread.join();
        }
        for (int value : accounts.values()) {
            sum += value;
        }
        List<String> names = new ArrayList<>(accounts.keySet());
        names.sort(null);
        for (String name : names) {
            System.out.println(name + ": " + accounts.get(name));
        }
        System.out.println("sum " + sum);
    }
}
