import java.util.*;
import java.util.function.*;

/** The corners of the language: order of initialisation, switches, arithmetic, inner classes, resources, generics. */
public class Syntax {
    static final StringBuilder ORDER = new StringBuilder();

    static int note(String text) {
        ORDER.append(text).append(' ');
        return ORDER.length();
    }

    static class Base {
        static int s = note("Base.static");
        int f = note("Base.field");

        Base() {
            note("Base()");
            hook();
        }

        void hook() {
            note("Base.hook");
        }
    }

    static class Derived extends Base {
        static int s = note("Derived.static");
        int f = note("Derived.field");
        String late = "set";

        {
            note("Derived.block");
        }

        Derived() {
            super();
            note("Derived()");
        }

        @Override
        void hook() {
            note("Derived.hook:" + late);
        }

        static class Lazy {
            static {
                note("Lazy.static");
            }
            static final int CONSTANT = 7;
            static final Integer BOXED = 8;
        }
    }

    interface Shape {
        double area();

        default String describe() {
            return name() + " " + String.format(Locale.ROOT, "%.2f", area());
        }

        private String name() {
            return getClass().getSimpleName();
        }

        static Shape unit() {
            return () -> 1;
        }
    }

    record Circle(double r) implements Shape {
        Circle {
            if (r < 0) throw new IllegalArgumentException("negative: " + r);
        }

        public double area() {
            return Math.PI * r * r;
        }
    }

    record Pair<A, B>(A first, B second) {
        static <T> Pair<T, T> twin(T t) {
            return new Pair<>(t, t);
        }
    }

    sealed interface Expr permits Num, Add, Mul {}

    record Num(int value) implements Expr {}

    record Add(Expr left, Expr right) implements Expr {}

    record Mul(Expr left, Expr right) implements Expr {}

    static int eval(Expr e) {
        if (e instanceof Num n) return n.value();
        if (e instanceof Add a && a.left() instanceof Num l && l.value() == 0) return eval(a.right());
        if (e instanceof Add a) return eval(a.left()) + eval(a.right());
        if (e instanceof Mul m) return eval(m.left()) * eval(m.right());
        throw new AssertionError();
    }

    enum Op implements IntBinaryOperator {
        PLUS("+") {
            public int applyAsInt(int a, int b) {
                return a + b;
            }
        },
        MINUS("-") {
            public int applyAsInt(int a, int b) {
                return a - b;
            }
        },
        TIMES("*") {
            public int applyAsInt(int a, int b) {
                return a * b;
            }

            @Override
            boolean binds() {
                return true;
            }
        };

        final String sign;

        Op(String sign) {
            this.sign = sign;
        }

        boolean binds() {
            return false;
        }
    }

    static class Resource implements AutoCloseable {
        final String name;

        Resource(String name) {
            this.name = name;
            System.out.println("open " + name);
        }

        @Override
        public void close() {
            System.out.println("close " + name);
            throw new IllegalStateException("closing " + name);
        }
    }

    class Inner {
        int x = base * 2;

        class Deeper {
            int y = x + base + Syntax.this.base;
        }
    }

    int base = 5;

    static String varargs(Object... all) {
        return all == null ? "null" : all.length + Arrays.toString(all);
    }

    static String pick(long x) {
        return "long";
    }

    static String pick(Integer x) {
        return "Integer";
    }

    static String pick(Object x) {
        return "Object";
    }

    static String pick(int... x) {
        return "int...";
    }

    static <T extends Comparable<? super T>> T most(Collection<? extends T> all) {
        Iterator<? extends T> it = all.iterator();
        T best = it.next();
        while (it.hasNext()) {
            T next = it.next();
            if (next.compareTo(best) > 0) best = next;
        }
        return best;
    }

    @SuppressWarnings("finally")
    static int finals() {
        int x = 1;
        try {
            x = 2;
            return x;
        } finally {
            x = 3;
        }
    }

    static String day(String name) {
        switch (name) {
            case "Aa":
            case "BB":
                return "same hash";
            case "sat":
            case "sun":
                return "weekend";
            case "":
                return "empty";
            default:
                return "other";
        }
    }

    static int yields(Object o) {
        return switch (String.valueOf(o)) {
            case "one", "uno" -> 1;
            case "two" -> {
                int x = 1;
                yield x + 1;
            }
            default -> o == null ? -1 : 0;
        };
    }

    static Object[] collatz(int n) {
        int steps = 0, top = n;
        while (n != 1) {
            n = (n & 1) == 0 ? n >> 1 : 3 * n + 1;
            top = Math.max(top, n);
            steps++;
        }
        return new Object[] {steps, top};
    }

    public static void main(String[] args) throws Exception {
        new Derived();
        System.out.println(ORDER);
        ORDER.setLength(0);
        System.out.println(Derived.Lazy.CONSTANT + ORDER.toString() + Derived.Lazy.BOXED + ORDER);

        System.out.println(new Circle(2).describe() + " " + new Circle(2) + " " + new Circle(2).equals(new Circle(2.0)));
        try {
            new Circle(-1);
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
        System.out.println(Shape.unit().area() + " " + Pair.twin("x") + " " + new Pair<>(1, null).hashCode());
        System.out.println(eval(new Add(new Num(0), new Mul(new Num(6), new Add(new Num(3), new Num(4))))));

        for (Op op : Op.values()) System.out.print(op + op.sign + op.applyAsInt(7, 3) + op.binds() + op.getDeclaringClass().getSimpleName() + (op.getClass() == Op.class) + " ");
        EnumMap<Op, Integer> byOp = new EnumMap<>(Op.class);
        byOp.put(Op.TIMES, 1);
        byOp.put(Op.PLUS, 2);
        System.out.println(byOp + " " + EnumSet.complementOf(EnumSet.of(Op.MINUS)) + " " + Op.valueOf("MINUS").compareTo(Op.PLUS));
        try {
            Op.valueOf("DIV");
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }

        try (Resource a = new Resource("a"); Resource b = new Resource("b")) {
            throw new RuntimeException("body");
        } catch (RuntimeException e) {
            System.out.println(e.getMessage() + " suppressed " + Arrays.toString(e.getSuppressed()));
        }

        Syntax outer = new Syntax();
        Syntax.Inner.Deeper deeper = outer.new Inner().new Deeper();
        System.out.println(deeper.y);
        int captured = 10;
        class Local {
            int get() {
                return captured + outer.base;
            }
        }
        System.out.println(new Local().get() + new Object() {
            int twice(int x) {
                return 2 * x;
            }
        }.twice(4));

        System.out.println(varargs() + varargs(1) + varargs(1, "a") + varargs((Object[]) null) + varargs((Object) null) + varargs(new int[0].length, new String[] {"s"}.length));
        byte small = 3;
        System.out.println(pick(small) + pick(3) + pick('c') + pick(3L) + pick(3f) + pick(Integer.valueOf(3)) + pick() + pick(1, 2));
        System.out.println(most(List.of(3, 9, 4)) + most(Arrays.asList("b", "z", "y")));
        System.out.println(finals() + day("Aa") + day("BB") + day("sun") + day("") + day("mon"));
        System.out.println(yields("uno") + yields("two") + yields(null) + yields(5));

        outer:
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                if (j == 2) continue outer;
                if (i == 2) break outer;
                System.out.print(i + "" + j + " ");
            }
        }
        block:
        {
            if (args.length == 0) break block;
            System.out.print("never");
        }
        System.out.println();

        int max = Integer.MAX_VALUE;
        System.out.println((max + 1) + " " + (-Integer.MIN_VALUE) + " " + (Integer.MIN_VALUE / -1) + " " + (Long.MIN_VALUE / -1) + " " + Math.abs(Integer.MIN_VALUE) + " " + (-7 / 2) + (-7 % 2) + (7 % -2) + " " + Math.floorMod(-7, 2) + Math.floorDiv(-7, 2));
        System.out.println((1 << 33) + " " + (1L << 33) + " " + (-1 >>> 28) + " " + (-1L >>> 60) + " " + (-17 >> 2) + " " + ((byte) 200) + " " + ((char) 65601) + " " + ((short) 70000) + " " + (int) 3e10 + " " + (long) Double.NaN + " " + (int) -0.9f + " " + (char) ('a' + 1) + ('a' + 1) + " " + (byte) -129);
        byte b = 10;
        b += 300;
        b >>>= 1;
        char c = 'x';
        c++;
        c += 1.7;
        short s = (short) 40000;
        s /= 2;
        int i = 5;
        i = i++ + ++i;
        i ^= i << 3;
        System.out.println(b + " " + c + " " + s + " " + i);
        System.out.println(0.1 + 0.2 + " " + 1.0 / 3 + " " + 100.0f / 3 + " " + 1e21 + " " + 1e-5 + " " + 1.0e7 + " " + 123456789.0 + " " + Double.MIN_VALUE + " " + Float.MAX_VALUE + " " + (0.0 == -0.0) + Double.valueOf(0.0).equals(-0.0) + " " + 0.0 / 0 + " " + -1 / 0.0 + " " + 5 % 0.3 + " " + 2e-3f);
        System.out.println(0x1.8p1 + " " + 0b1010_1010 + " " + 0777 + " " + 1_000_000L + " " + '\u0041' + "\t|\s|\101");
        Integer x = 127, y = 127, z = 1000, w = 1000;
        System.out.println((x == y) + " " + (z == w) + " " + z.equals(w) + " " + (z <= w && z >= w));
        String text = """
            A "block"
              of text \
            joined
            tab\tend
            """;
        System.out.print(text);
        int[][] jagged = {{1}, {2, 3}, {}};
        int[][][] cube = new int[2][3][];
        System.out.println(Arrays.deepToString(jagged) + Arrays.deepToString(cube) + jagged[1].clone()[1]);
        try {
            Object[] objects = new String[1];
            objects[0] = 1;
        } catch (ArrayStoreException e) {
            System.out.println(e);
        }
        try {
            Object o = "s";
            Integer bad = (Integer) o;
        } catch (ClassCastException e) {
            System.out.println(e.getMessage());
        }
        try {
            int[] none = new int[-1];
        } catch (NegativeArraySizeException e) {
            System.out.println(e);
        }
        try {
            int[] two = new int[2];
            two[2] = 1;
        } catch (ArrayIndexOutOfBoundsException e) {
            System.out.println(e.getMessage());
        }
        try {
            List<Integer> raw = new ArrayList<>();
            ((List) raw).add("text");
            int bad = raw.get(0);
        } catch (ClassCastException e) {
            System.out.println("heap pollution");
        }
        System.out.println(Arrays.toString(collatz(27)));
        Function<Integer, Function<Integer, Integer>> add = p -> q -> p + q;
        BinaryOperator<Integer> mul = (p, q) -> p * q;
        Supplier<Supplier<String>> nested = () -> () -> "nested";
        Function<String, Integer> length = String::length;
        Function<Integer, int[]> array = int[]::new;
        Supplier<ArrayList<String>> make = ArrayList::new;
        System.out.println(add.apply(3).apply(4) + mul.andThen(v -> v + 1).apply(3, 4) + nested.get().get() + length.compose(Object::toString).apply(12345) + array.apply(3).length + make.get());
        StringBuilder trail = new StringBuilder();
        try {
            try {
                throw new Exception("first");
            } catch (Exception e) {
                trail.append("c1 ");
                throw new RuntimeException("second", e);
            } finally {
                trail.append("f1 ");
            }
        } catch (RuntimeException e) {
            trail.append(e.getMessage()).append(" because of ").append(e.getCause().getMessage());
        }
        System.out.println(trail);
        var list = new ArrayList<Map<String, ? extends Number>>();
        list.add(Map.of("a", 1));
        list.add(Map.of("b", 2.5));
        double sum = 0;
        for (var map : list) for (var number : map.values()) sum += number.doubleValue();
        System.out.println(sum);
        int total = 0;
        for (int p = 0, q = 10; p < q; p += 2, q--) total += p * q;
        do total--; while (total > 100);
        System.out.println(total + (total > 50 ? "big" : total > 10 ? "middle" : "small"));
        synchronized (ORDER) {
            System.out.println(Thread.holdsLock(ORDER));
        }
        System.out.println(ternary(true) + " " + ternary(false) + " " + (Object) (true ? 1 : 2.0) + " " + (false ? 'a' : 98) + (char) (true ? 98 : 'a'));
    }

    static Object ternary(boolean which) {
        return which ? (Integer) 1 : "text";
    }
}
