import java.io.*;
import java.lang.invoke.*;
import java.lang.reflect.*;
import java.nio.*;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.util.*;
import java.util.zip.*;

/** Edges of the library's native methods: alignment, parts of words, widths, ranges, whole reads, serialised lambdas. */
public class Edges {
    interface Case {
        Object call() throws Throwable;
    }

    interface Op extends Serializable {
        String f(int x);
    }

    static byte sb;
    static short ss;
    static char sc;
    static boolean sz;

    static void t(String name, Case c) {
        try {
            System.out.println(name + ": " + c.call());
        } catch (Throwable e) {
            System.out.println(name + ": !" + e);
        }
    }

    static Object field(String name) throws Exception {
        return Edges.class.getDeclaredField(name).get(null);
    }

    public static void main(String[] args) throws Exception {
        statics();
        arrays();
        words();
        copies();
        math();
        files();
        lambdas();
        t("no name", () -> System.mapLibraryName(null));
        t("name", () -> System.mapLibraryName("z"));
        t("no lock", () -> Thread.holdsLock(null));
        t("level", () -> new Deflater(10));
    }

    /** A static field is as narrow as its type says, whoever writes it. */
    static void statics() throws Exception {
        Edges.class.getDeclaredField("sb").setByte(null, (byte) -5);
        Edges.class.getDeclaredField("ss").setShort(null, (short) -6);
        Edges.class.getDeclaredField("sc").setChar(null, '\uffff');
        int b = sb, s = ss, c = sc;
        System.out.println(b + " " + s + " " + c + " " + field("sb") + " " + field("ss") + " " + (int) (char) field("sc"));
        MethodHandles.Lookup own = MethodHandles.lookup();
        VarHandle vb = own.findStaticVarHandle(Edges.class, "sb", byte.class);
        VarHandle vc = own.findStaticVarHandle(Edges.class, "sc", char.class);
        VarHandle vz = own.findStaticVarHandle(Edges.class, "sz", boolean.class);
        System.out.println(vb.compareAndSet((byte) -5, (byte) 4) + " " + (byte) vb.getAndAdd((byte) 127) + " " + sb);
        System.out.println(vc.compareAndSet('\uffff', '\u8000') + " " + (int) sc + " " + (int) (char) vc.getAndSet('a') + " " + sc);
        System.out.println(vz.compareAndSet(false, true) + " " + (boolean) vz.getAndBitwiseXor(true) + " " + sz);
    }

    static void arrays() {
        Object[] all = {new int[2], new byte[2], new String[2], new boolean[1], new long[0], new Object[1][2], "no", new char[1]};
        for (Object a : all) {
            t("get", () -> Array.getLong(a, 0) + " " + Array.getDouble(a, 0));
            t("getInt", () -> Array.getInt(a, 0));
            t("getBoolean", () -> Array.getBoolean(a, 0));
            t("setInt", () -> {
                Array.setInt(a, 0, 7);
                return Array.getFloat(a, 0);
            });
            t("setByte", () -> {
                Array.setByte(a, 0, (byte) -7);
                return Array.getShort(a, 0);
            });
            t("setChar", () -> {
                Array.setChar(a, 0, 'c');
                return Array.getChar(a, 0);
            });
            t("far", () -> Array.getByte(a, 5));
        }
        t("null", () -> Array.getInt(null, 0));
        t("three", () -> Arrays.deepToString((Object[]) Array.newInstance(int.class, 2, 0, 3)) + Array.newInstance(String[].class, 1, 2).getClass());
        t("none", () -> Array.newInstance(int.class, new int[0]));
        t("negative", () -> Array.newInstance(String.class, 1, -1));
        t("void", () -> Array.newInstance(void.class, 1, 1));
        t("deep", () -> Array.newInstance(int[].class, new int[255]));
        t("nothing", () -> Array.newInstance(null, 1, 2));
    }

    static void words() throws Exception {
        for (int n : new int[] {1, 2, 3, 5}) {
            byte[] b = new byte[n];
            char[] c = new char[n];
            boolean[] z = new boolean[n];
            VarHandle vb = MethodHandles.arrayElementVarHandle(byte[].class);
            VarHandle vc = MethodHandles.arrayElementVarHandle(char[].class);
            VarHandle vz = MethodHandles.arrayElementVarHandle(boolean[].class);
            for (int i = 0; i < n; i++) {
                System.out.print(vb.compareAndSet(b, i, (byte) 0, (byte) ~i) + " " + vc.compareAndSet(c, i, '\0', (char) ('a' + i)) + " ");
                System.out.print(vz.compareAndSet(z, i, true, true) + " ");
            }
            System.out.println(Arrays.toString(b) + Arrays.toString(c) + Arrays.toString(z) + vb.getAndAdd(b, n - 1, (byte) 100));
        }
        ByteBuffer direct = ByteBuffer.allocateDirect(64);
        for (int i = 0; i < 64; i++) {
            direct.put(i, (byte) (i * 7));
        }
        LongBuffer longs = ((ByteBuffer) direct.position(1)).asLongBuffer();
        longs.put(1, 0x0102030405060708L);
        System.out.println(longs.get(0) + " " + longs.get(1) + " " + direct.getInt(3) + " " + direct.getDouble(9) + " " + direct.getChar(5));
        Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        sun.misc.Unsafe unsafe = (sun.misc.Unsafe) field.get(null);
        byte[] bytes = new byte[24];
        long base = sun.misc.Unsafe.ARRAY_BYTE_BASE_OFFSET;
        unsafe.putLong(bytes, base + 3, -2L);
        unsafe.putInt(bytes, base + 13, 0x01020304);
        System.out.println(Arrays.toString(bytes) + unsafe.getLong(bytes, base + 1) + " " + unsafe.getShort(bytes, base + 13));
        System.out.println(unsafe.compareAndSwapInt(bytes, base + 13, 0x01020304, 5) + " " + unsafe.getInt(bytes, base + 13));
    }

    static void copies() {
        int[] ints = {1, 2, 3, 4, 5};
        Object[] objects = {"a", 1, "b"};
        String[] strings = new String[3];
        Object[][] all = {
            {ints, 0, ints, 1, 4}, {objects, 0, strings, 0, 3}, {ints, 0, new long[5], 0, 1}, {"s", 0, ints, 0, 1},
            {ints, 0, "d", 0, 1}, {ints, 0, objects, 0, 1}, {objects, 0, ints, 0, 0}, {ints, -1, ints, 0, 1},
            {ints, 0, ints, -2, 1}, {ints, 0, ints, 0, -3}, {ints, 4, ints, 0, 3}, {ints, 0, ints, 4, 3},
            {objects, 0, strings, 2, 3}, {null, 0, strings, 2, 3},
            {objects, Integer.MAX_VALUE, strings, 2, Integer.MAX_VALUE}, {new Integer[] {1}, 0, strings, 0, 1},
            {new int[3][], 1, new Object[3], 3, 1}, {new Object[] {new int[0]}, 0, new int[1][], 0, 1},
        };
        for (Object[] c : all) {
            t("copy", () -> {
                System.arraycopy(c[0], (int) c[1], c[2], (int) c[3], (int) c[4]);
                return "done";
            });
        }
        System.out.println(Arrays.toString(ints) + Arrays.toString(strings));
    }

    /** Bits of results, of numbers all over. */
    static void math() {
        Random random = new Random(42);
        long[] sums = new long[9];
        for (int i = 0; i < 4000; i++) {
            double x = switch (i % 4) {
                case 0 -> (random.nextDouble() - .5) * 10;
                case 1 -> (random.nextDouble() - .5) * 2;
                case 2 -> Double.longBitsToDouble(random.nextLong());
                default -> (random.nextDouble() - .5) * 1e6;
            };
            double[] results = {
                StrictMath.sin(x), StrictMath.cos(x), StrictMath.log(x), StrictMath.log10(x), StrictMath.sinh(x),
                StrictMath.cosh(x), StrictMath.tanh(x), StrictMath.log1p(x), StrictMath.atan2(1e-3, x),
            };
            for (int f = 0; f < results.length; f++) {
                sums[f] = sums[f] * 31 + Double.doubleToLongBits(results[f]);
            }
        }
        System.out.println(Arrays.toString(sums));
        for (double x : new double[] {0.0, -0.0, 1, -1, 710, -710.4, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, 1 / 0.0, -1 / 0.0, 22, 1e22}) {
            System.out.println(StrictMath.sin(x) + " " + StrictMath.cos(x) + " " + StrictMath.log(x) + " " + StrictMath.log10(x) + " "
                + StrictMath.sinh(x) + " " + StrictMath.cosh(x) + " " + StrictMath.tanh(x) + " " + StrictMath.log1p(x) + " "
                + StrictMath.atan2(x, -1) + " " + StrictMath.atan2(-0.0, x) + " " + StrictMath.atan2(x, 1 / 0.0));
        }
    }

    static void files() throws Exception {
        Path path = Files.createTempFile("edges", null);
        byte[] content = new byte[300_007];
        new Random(5).nextBytes(content);
        Files.write(path, content);
        byte[] part = new byte[200_000];
        try (InputStream in = new FileInputStream(path.toFile())) {
            System.out.println(in.read(part) + " " + in.read(part) + " " + in.read(part) + " " + (part[0] == content[200_000]));
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer all = ByteBuffer.allocate(400_000);
            System.out.println(channel.read(all) + " " + Arrays.equals(Arrays.copyOf(all.array(), content.length), content));
            channel.position(0);
            ByteBuffer[] pieces = {ByteBuffer.allocate(3), ByteBuffer.allocate(0), ByteBuffer.allocateDirect(100_000), ByteBuffer.allocate(5)};
            System.out.println(channel.read(pieces) + " " + pieces[2].position() + " " + (pieces[3].get(4) == content[100_007]));
            for (ByteBuffer piece : pieces) {
                piece.flip();
            }
            channel.position(1);
            System.out.println(channel.write(pieces) + " " + channel.position());
            channel.position(300_005);
            ByteBuffer[] ends = {ByteBuffer.allocate(1), ByteBuffer.allocate(9)};
            System.out.println(channel.read(ends) + " " + channel.read(ends));
        }
        byte[] now = Files.readAllBytes(path);
        System.out.println(Arrays.equals(now, 1, 100_009, content, 0, 100_008) + " " + now.length);
        Files.delete(path);
    }

    static Object again(Object o) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ObjectOutputStream(bytes).writeObject(o);
        return new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    }

    static void lambdas() throws Exception {
        int i = 5;
        long l = 6;
        String s = "text";
        Op op = x -> x + i + " " + l + s;
        Op bound = s::substring;
        System.out.println(((Op) again(op)).f(3) + " " + ((Op) again(bound)).f(1));
        List<String> names = new ArrayList<>();
        for (Method method : op.getClass().getDeclaredMethods()) {
            names.add(method.getReturnType().getSimpleName() + " " + method.getName());
        }
        Collections.sort(names);
        System.out.println(names);
    }
}
