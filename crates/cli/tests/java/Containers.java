import java.util.*;
import java.util.function.*;
import java.util.stream.*;

/** Collections and streams, sequential and parallel. */
public class Containers {
    record Person(String name, int age, String city) {}

    static final List<Person> PEOPLE = List.of(new Person("Ann", 31, "Rome"), new Person("Bob", 25, "Oslo"), new Person("Cid", 42, "Rome"), new Person("Dora", 25, "Bern"), new Person("Eve", 19, "Oslo"));

    static void lists() {
        List<Integer> list = new ArrayList<>(List.of(5, 3, 8, 1, 9, 2));
        list.remove(Integer.valueOf(8));
        list.remove(0);
        list.add(2, 77);
        ListIterator<Integer> it = list.listIterator();
        while (it.hasNext()) {
            int at = it.nextIndex();
            int x = it.next();
            if (x == 77) it.set(78);
            if (x == 1) it.remove();
            if (at == 0) it.add(-1);
        }
        System.out.println(list + " " + list.subList(1, 3) + " " + list.indexOf(78) + list.contains(4));
        list.subList(1, 3).clear();
        list.replaceAll(x -> x * 10);
        list.removeIf(x -> x > 50);
        System.out.println(list + " " + Collections.max(List.of(3, 7, 5)) + Collections.frequency(List.of(1, 2, 1), 1));
        List<Integer> numbers = IntStream.range(0, 20).boxed().collect(Collectors.toList());
        Collections.rotate(numbers, 3);
        Collections.shuffle(numbers, new Random(42));
        System.out.println(numbers);
        Collections.sort(numbers, Comparator.comparing((Integer x) -> x % 3).thenComparing(Comparator.reverseOrder()));
        System.out.println(numbers + " " + Collections.binarySearch(List.of(1, 3, 5, 7), 5) + Collections.binarySearch(List.of(1, 3, 5, 7), 4));
        try {
            for (Integer x : list) list.add(x);
        } catch (ConcurrentModificationException e) {
            System.out.println("concurrent modification");
        }
        for (Runnable bad : new Runnable[] {() -> List.of(1).add(2), () -> List.of(1, null), () -> new ArrayList<>().iterator().next(), () -> Collections.unmodifiableList(list).clear(), () -> List.of(1).get(1), () -> new ArrayDeque<>().add(null)}) {
            try {
                bad.run();
            } catch (RuntimeException e) {
                System.out.print(e.getClass().getSimpleName() + " ");
            }
        }
        System.out.println();
        LinkedList<String> linked = new LinkedList<>(List.of("a", "b", "c"));
        linked.addFirst("z");
        linked.addLast("y");
        System.out.println(linked.pollLast() + linked.peek() + linked.descendingIterator().next() + linked);
        Deque<Integer> deque = new ArrayDeque<>();
        for (int i = 0; i < 40; i++) if (i % 3 == 0) deque.push(i); else deque.offer(i);
        while (deque.size() > 5) {
            deque.pollFirst();
            if (deque.size() > 5) deque.pollLast();
        }
        System.out.println(deque);
        PriorityQueue<String> queue = new PriorityQueue<>(Comparator.comparing(String::length).thenComparing(Comparator.naturalOrder()));
        Collections.addAll(queue, "pear", "fig", "apple", "kiwi", "date", "plum");
        StringBuilder out = new StringBuilder();
        while (!queue.isEmpty()) out.append(queue.poll()).append(' ');
        System.out.println(out);
        BitSet bits = new BitSet();
        for (int i = 2; i < 50; i++) bits.set(i);
        for (int i = 2; i < 8; i++) for (int j = 2 * i; j < 50; j += i) bits.clear(j);
        System.out.println(bits + " " + bits.cardinality() + " " + bits.nextClearBit(2));
        int[] array = {9, 4, 7, 1};
        Arrays.sort(array);
        Arrays.fill(array, 1, 2, 100);
        System.out.println(Arrays.toString(array) + Arrays.hashCode(array) + Arrays.equals(array, array.clone()) + Arrays.mismatch(array, new int[] {1, 100, 3}) + Arrays.toString(Arrays.copyOfRange(array, 2, 6)) + Arrays.compare(array, new int[] {1, 99}));
    }

    static void maps() {
        Map<String, Integer> map = new HashMap<>();
        for (String word : "the quick brown fox jumps over the lazy dog the end".split(" ")) map.merge(word, 1, Integer::sum);
        System.out.println(new TreeMap<>(map) + " " + map.hashCode());
        map.compute("fox", (k, v) -> v == null ? 1 : null);
        map.computeIfAbsent("cat", String::length);
        map.computeIfPresent("the", (k, v) -> v * 100);
        map.putIfAbsent("the", 5);
        map.replaceAll((k, v) -> v + k.length());
        System.out.println(new TreeMap<>(map) + " " + map.getOrDefault("none", -1));
        TreeMap<Integer, String> tree = new TreeMap<>();
        for (int i = 0; i < 50; i += 5) tree.put(i, "v" + i);
        System.out.println(tree.floorKey(12) + " " + tree.ceilingEntry(12) + tree.headMap(15) + tree.tailMap(40, false) + tree.subMap(10, true, 20, true).descendingMap() + tree.firstEntry() + tree.pollLastEntry());
        LinkedHashMap<Integer, Integer> lru = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Integer> eldest) {
                return size() > 3;
            }
        };
        for (int i = 0; i < 6; i++) {
            lru.put(i, i);
            lru.get(3);
        }
        System.out.println(lru);
        IdentityHashMap<String, Integer> identity = new IdentityHashMap<>();
        identity.put(new String("k"), 1);
        identity.put(new String("k"), 2);
        System.out.println(identity.size() + " " + new TreeSet<>(Set.of(3, 1, 2)).higher(1) + Map.of().isEmpty());
        HashMap<Object, Integer> clash = new HashMap<>();
        record Bad(int n) implements Comparable<Bad> {
            public int hashCode() {
                return 1;
            }

            public int compareTo(Bad other) {
                return Integer.compare(n, other.n);
            }
        }
        for (int i = 0; i < 100; i++) clash.put(new Bad(i), i);
        for (int i = 0; i < 90; i++) clash.remove(new Bad(i));
        System.out.println(clash.size() + " " + clash.get(new Bad(95)) + clash.get(new Bad(5)));
        Iterator<Map.Entry<Integer, String>> it = tree.entrySet().iterator();
        while (it.hasNext()) {
            Map.Entry<Integer, String> entry = it.next();
            if (entry.getKey() % 2 == 0) it.remove();
            else entry.setValue("odd" + entry.getKey());
        }
        System.out.println(tree + " " + tree.navigableKeySet().first());
        WeakHashMap<Object, String> weak = new WeakHashMap<>();
        Object held = new Object();
        weak.put(held, "held");
        System.out.println(weak.get(held) + new Hashtable<>(Map.of("a", 1)) + new Properties() {
            {
                setProperty("p", "q");
            }
        }.getProperty("p"));
        Set<String> set = new LinkedHashSet<>(List.of("x", "y", "z"));
        set.retainAll(Set.of("z", "x"));
        System.out.println(set + " " + set.equals(Set.of("x", "z")) + Collections.disjoint(set, List.of("y")));
    }

    static void show(Object what) {
        System.out.println(what);
    }

    static void streams() {
        show(PEOPLE.stream().collect(Collectors.groupingBy(Person::city, TreeMap::new, Collectors.mapping(Person::name, Collectors.joining("+", "<", ">")))));
        show(PEOPLE.stream().sorted(Comparator.comparingInt(Person::age).thenComparing(Person::name, Comparator.reverseOrder())).map(Person::name).toList());
        show(PEOPLE.stream().collect(Collectors.partitioningBy(p -> p.age() > 25, Collectors.averagingInt(Person::age))));
        show(PEOPLE.stream().mapToInt(Person::age).summaryStatistics());
        show(PEOPLE.stream().collect(Collectors.teeing(Collectors.counting(), Collectors.summingInt(Person::age), (n, sum) -> sum + "/" + n)));
        show(PEOPLE.stream().collect(Collectors.toMap(Person::city, Person::age, Math::max, TreeMap::new)));
        show(Stream.iterate(1, x -> x * 3).limit(8).reduce(0, Integer::sum) + " " + Stream.iterate(1, x -> x < 50, x -> x * 2).map(String::valueOf).collect(Collectors.joining(",")));
        show(IntStream.rangeClosed(1, 30).filter(x -> IntStream.range(2, x).noneMatch(d -> x % d == 0)).boxed().collect(Collectors.toList()));
        show(Stream.of("a,b", "c", "", "d,e,f").flatMap(s -> Arrays.stream(s.split(","))).filter(Predicate.not(String::isEmpty)).toList());
        show(Stream.of(5, 3, 5, 1, 3).distinct().sorted().map(Object::toString).collect(Collectors.collectingAndThen(Collectors.toList(), Collections::unmodifiableList)));
        show(IntStream.range(0, 100).boxed().takeWhile(x -> x < 5).toList() + "" + Stream.of(1, 2, 3, 4, 1).dropWhile(x -> x < 3).toList());
        show(Stream.<Object>of(1, "a", 2.0).<String>mapMulti((o, sink) -> {
            if (o instanceof Integer i) for (int k = 0; k <= i; k++) sink.accept("i" + k);
            else sink.accept(String.valueOf(o));
        }).toList());
        List<String> seen = new ArrayList<>();
        Optional<Integer> found = Stream.of(1, 2, 3, 4).peek(x -> seen.add("p" + x)).filter(x -> x % 2 == 0).findFirst();
        show(found + " " + seen + " " + Stream.empty().findAny() + Stream.of(1).anyMatch(x -> x > 1));
        show(DoubleStream.of(1.5, 2.5, 3.5).map(Math::ceil).sum() + " " + LongStream.rangeClosed(1, 20).reduce(1, (a, b) -> a * b) + " " + "hello".chars().mapToObj(c -> (char) c).map(String::valueOf).collect(Collectors.joining("-")));
        long sum = LongStream.range(0, 100_000).parallel().filter(x -> x % 7 == 0).map(x -> x * x).sum();
        show(sum + " " + IntStream.range(0, 1000).parallel().boxed().map(x -> x * 2).collect(Collectors.toList()).subList(995, 1000));
        show(Arrays.asList(5, 2, 9, 1, 7, 3).parallelStream().sorted(Comparator.reverseOrder()).map(String::valueOf).collect(Collectors.joining()) + " " + IntStream.range(0, 500).parallel().mapToObj(i -> "x" + i % 5).collect(Collectors.groupingByConcurrent(Function.identity(), Collectors.counting())).entrySet().stream().sorted(Map.Entry.comparingByKey()).toList());
        int[] prefix = {1, 2, 3, 4, 5};
        Arrays.parallelPrefix(prefix, Integer::sum);
        int[] big = new Random(1).ints(10_000, 0, 1000).toArray();
        Arrays.parallelSort(big);
        show(Arrays.toString(prefix) + big[0] + " " + big[5000] + " " + big[9999]);
        Spliterator<Integer> split = List.of(1, 2, 3, 4, 5, 6).spliterator();
        Spliterator<Integer> half = split.trySplit();
        show(half.estimateSize() + " " + split.estimateSize() + " " + split.hasCharacteristics(Spliterator.SIZED));
        Iterator<Integer> fibonacci = new Iterator<>() {
            int a = 0, b = 1;

            public boolean hasNext() {
                return true;
            }

            public Integer next() {
                int r = a;
                a = b;
                b += r;
                return r;
            }
        };
        show(StreamSupport.stream(Spliterators.spliteratorUnknownSize(fibonacci, Spliterator.ORDERED), false).limit(12).toList());
        show(Stream.concat(Stream.of(1), Stream.of(2, 3)).skip(1).mapToInt(Integer::intValue).average().getAsDouble() + " " + Collections.nCopies(3, "ab") + Optional.of(5).map(x -> x + 1).filter(x -> x > 10).or(() -> Optional.of(0)).get());
        try {
            Stream<Integer> once = Stream.of(1);
            once.count();
            once.count();
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
        try {
            Stream.of("a", "a").collect(Collectors.toMap(x -> x, x -> 1));
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
    }

    public static void main(String[] args) {
        lists();
        maps();
        streams();
    }
}
