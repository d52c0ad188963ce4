import java.io.*;
import java.lang.annotation.*;
import java.lang.invoke.*;
import java.lang.reflect.*;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.function.*;
import java.util.jar.*;

/** What loaders of a program define, each for itself. */
class Parts {
    public static class Base {
        static int made;
        protected int number = ++made;
        public String toString() { return "base " + number; }
    }

    @Retention(RetentionPolicy.RUNTIME) public @interface Mark { Class<?> of(); String text() default "none"; }

    public enum Colour { RED, GREEN }
    public record Pair(Colour colour, Base base) { }

    @Mark(of = Base.class)
    public static class Plugin extends Base implements Loaders.Greeter {
        static final String VERSION = "version-1";
        int count;
        public Base base;
        public Pair[] pairs;
        class Inner { int twice() { return 2 * ++count; } }
        public String greet(String name) {
            Function<String, String> shout = text -> text.toUpperCase() + new Inner().twice();
            Supplier<Base> make = Base::new;
            Runnable all = () -> { Loaders.Greeter nested = other -> other + number; name.concat(nested.greet("x")); };
            all.run();
            return VERSION + " " + shout.apply(name) + " " + make.get() + " " + new Pair(Colour.GREEN, null) + " " + colour(Colour.RED);
        }
        static int colour(Colour colour) {
            switch (colour.name()) { case "RED": return 1; default: return 2; }
        }
        public static class Failure extends RuntimeException { Failure(String text) { super(text); } }
        public String fails() {
            try { throw new Failure("caught by name"); } catch (Failure caught) { return caught.getMessage(); }
        }
        public void throwsOut() { throw new Failure("out of the loader"); }
        public Object missing() { return new Missing(); }
        public Object[] arrays() { return new Object[] { new Base[2], new Base[1][1], Base[].class }; }
        public <T extends Base> List<T> generic(Map<String, T> in) throws IOException { return null; }
    }
    public static class Missing { }
    public static class Hider {
        public static Class<?> hide(byte[] of) throws IllegalAccessException { return MethodHandles.lookup().defineHiddenClass(of, false).lookupClass(); }
    }
}

/** Class loaders of a program: two classes of one name, loading in turn, hidden classes, what goes wrong. */
public class Loaders {
    public interface Greeter extends Serializable { String greet(String name); }

    public static class Above extends Below { }
    public static class Below { }

    /** Defines the classes of a set itself, and asks the application's loader for all others. */
    static class ChildFirst extends ClassLoader {
        final Set<String> own; final List<String> asked = new ArrayList<>(); final Map<String, String> changes = new HashMap<>();
        ChildFirst(String name, String... own) { super(name, Loaders.class.getClassLoader()); this.own = new HashSet<>(List.of(own)); }
        @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            asked.add(name);
            if (name.endsWith("Missing")) throw new ClassNotFoundException(name);
            boolean mine = own.stream().anyMatch(start -> name.equals(start) || name.startsWith(start + "$"));
            if (!mine) return super.loadClass(name, resolve);
            Class<?> there = findLoadedClass(name);
            if (there != null) return there;
            byte[] bytes = bytes(name, changes);
            return defineClass(name, bytes, 0, bytes.length);
        }
        Class<?> again(String name) { byte[] bytes = bytes(name, changes); return defineClass(name, bytes, 0, bytes.length); }
        Class<?> found(String name) { return findLoadedClass(name); }
    }

    static byte[] bytes(String name, Map<String, String> changes) {
        try (InputStream in = Loaders.class.getClassLoader().getResourceAsStream(name.replace('.', '/') + ".class")) {
            String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            for (var change : changes.entrySet()) text = text.replace(change.getKey(), change.getValue());
            return text.getBytes(StandardCharsets.ISO_8859_1);
        } catch (IOException e) { throw new UncheckedIOException(e); }
    }

    static final String ALL = "Parts";

    static String plain(Object of) { return String.valueOf(of).replaceAll("@[0-9a-f]+", "@").replaceAll("0x[0-9a-f]+", "0x"); }
    interface Body { Object run() throws Throwable; }
    static void show(String what, Body body) {
        try { System.out.println(what + ": " + plain(body.run())); }
        catch (Throwable thrown) {
            System.out.println(what + " threw " + plain(thrown));
            for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) System.out.println("  of " + plain(cause));
        }
    }

    public static void main(String[] args) throws Throwable {
        names(); insides(); failures(); reflecting(); hidden(); jars(); parents(); unloading();
    }

    static void names() throws Exception {
        ChildFirst one = new ChildFirst("one", ALL), two = new ChildFirst("two", ALL);
        two.changes.put("version-1", "version-2");
        Greeter a = (Greeter) one.loadClass("Parts$Plugin").getConstructor().newInstance();
        Greeter b = (Greeter) two.loadClass("Parts$Plugin").getConstructor().newInstance();
        Greeter c = (Greeter) two.loadClass("Parts$Plugin").getConstructor().newInstance();
        show("first", () -> a.greet("ann")); show("second", () -> b.greet("bob")); show("third", () -> c);
        show("same name", () -> a.getClass().getName().equals(b.getClass().getName()));
        show("same class", () -> a.getClass() == b.getClass());
        show("same base", () -> a.getClass().getSuperclass() == Parts.Base.class);
        show("of the application", () -> Parts.Base.made + " " + new Parts.Plugin().greet("eve"));
        show("cast", () -> (Parts.Plugin) (Object) a);
        show("loaders", () -> a.getClass().getClassLoader() == one && b.getClass().getClassLoader() == two);
        show("found", () -> one.found("Parts$Plugin") == a.getClass());
        show("not found", () -> one.found("Loaders$Above"));
        show("module", () -> a.getClass().getModule() == one.getUnnamedModule());
        show("package", () -> a.getClass().getPackage() + "|" + a.getClass().getPackageName());
        show("asked by the machine", () -> one.asked.contains("java.lang.Object") + " " + one.asked.contains("Loaders$Greeter"));
        List<String> versions = new ArrayList<>();
        for (int version = 1; version <= 5; version++) {
            ChildFirst next = new ChildFirst(null, ALL);
            next.changes.put("version-1", "version-" + version);
            versions.add(((Greeter) next.loadClass("Parts$Plugin").getConstructor().newInstance()).greet("r").substring(0, 9));
        }
        show("reloaded", () -> versions);
    }

    static void insides() throws Exception {
        ChildFirst one = new ChildFirst("in", ALL);
        Class<?> plugin = one.loadClass("Parts$Plugin");
        Object it = plugin.getConstructor().newInstance();
        show("exceptions", () -> plugin.getMethod("fails").invoke(it));
        show("exception goes out", () -> {
            try { return plugin.getMethod("throwsOut").invoke(it); }
            catch (InvocationTargetException thrown) { return thrown.getCause() + " " + (thrown.getCause().getClass().getClassLoader() == one); }
        });
        show("arrays", () -> {
            Object[] all = (Object[]) plugin.getMethod("arrays").invoke(it);
            Class<?> base = one.loadClass("Parts$Base");
            return (all[0].getClass().getComponentType() == base) + " " + all[1].getClass().getName() + " " + (all[2] == all[0].getClass())
                + " " + (all[0].getClass().getClassLoader() == one) + " " + (all[0] instanceof Parts.Base[]);
        });
        show("by name", () -> Class.forName("[[LParts$Base;", false, one).getComponentType() == Class.forName("[LParts$Base;", false, one));
        show("of primitives", () -> Class.forName("[[I", false, one));
        show("another", () -> Class.forName("Parts$Base", true, one) == Parts.Base.class);
        show("nobody", () -> Class.forName("no.such.Thing", false, one));
        show("slashes", () -> Class.forName("java/lang/String", false, one));
        Object copy = java.lang.reflect.Proxy.newProxyInstance(one, new Class<?>[] { Greeter.class, one.loadClass("java.lang.Runnable") }, (proxy, method, arguments) -> method.getName());
        show("proxy", () -> ((Greeter) copy).greet("") + " " + (copy.getClass().getClassLoader() == one));
        show("stream", () -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (ObjectOutputStream objects = new ObjectOutputStream(out)) { objects.writeObject(it); }
            ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(out.toByteArray())) {
                @Override protected Class<?> resolveClass(ObjectStreamClass of) throws IOException, ClassNotFoundException { return Class.forName(of.getName(), false, one); }
            };
            return in.readObject().getClass() == plugin;
        });
        MethodHandle greet = MethodHandles.lookup().findVirtual(plugin, "greet", MethodType.methodType(String.class, String.class));
        show("handle", () -> (String) greet.invoke(it, "mh"));
        show("accessors", () -> {
            Method method = plugin.getMethod("fails");
            Object last = null;
            for (int times = 0; times < 40; times++) last = method.invoke(it);
            return last;
        });
    }

    static void failures() throws Exception {
        ChildFirst one = new ChildFirst("fails", ALL);
        Object it = one.loadClass("Parts$Plugin").getConstructor().newInstance();
        for (int times = 0; times < 2; times++) show("missing", () -> {
            try { return it.getClass().getMethod("missing").invoke(it); } catch (InvocationTargetException thrown) { throw thrown.getCause(); }
        });
        show("twice", () -> one.again("Parts$Plugin"));
        show("in a system package", () -> new ClassLoader() { Class<?> make() { return defineClass("java.lang.Fake", new byte[4], 0, 4); } }.make());
        show("wrong name", () -> new ClassLoader() { Class<?> make() { byte[] of = bytes("Parts$Base", Map.of()); return defineClass("Parts$Basis", of, 0, of.length); } }.make());
        show("no class file", () -> new ClassLoader() { Class<?> make() { return defineClass("Nothing", new byte[40], 0, 40); } }.make());
        show("circular", () -> {
            ClassLoader circle = new ClassLoader(Loaders.class.getClassLoader()) {
                @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                    if (!name.equals("Loaders$Above") && !name.equals("Loaders$Below")) return super.loadClass(name, resolve);
                    // The superclass of Above is Below, and here also the other way round.
                    byte[] of = name.equals("Loaders$Above") ? bytes(name, Map.of()) : swapped();
                    return defineClass(name, of, 0, of.length);
                }
            };
            return circle.loadClass("Loaders$Above");
        });
        show("gives another class", () -> {
            ClassLoader liar = new ClassLoader(Loaders.class.getClassLoader()) {
                @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                    if (name.equals("Parts$Base")) return String.class;
                    if (!name.equals("Parts$Plugin")) return super.loadClass(name, resolve);
                    byte[] of = bytes(name, Map.of());
                    return defineClass(name, of, 0, of.length);
                }
            };
            return liar.loadClass("Parts$Plugin");
        });
        show("throws what it likes", () -> {
            ClassLoader angry = new ClassLoader(Loaders.class.getClassLoader()) {
                @Override protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                    if (name.equals("Parts$Base")) throw new IllegalStateException("not today");
                    if (!name.equals("Parts$Plugin")) return super.loadClass(name, resolve);
                    byte[] of = bytes(name, Map.of());
                    return defineClass(name, of, 0, of.length);
                }
            };
            return angry.loadClass("Parts$Plugin");
        });
    }

    static byte[] swapped() {
        byte[] of = bytes("Loaders$Above", Map.of("Loaders$Above", "Loaders$Other"));
        return new String(of, StandardCharsets.ISO_8859_1).replace("Loaders$Below", "Loaders$Above").replace("Loaders$Other", "Loaders$Below").getBytes(StandardCharsets.ISO_8859_1);
    }

    static void reflecting() throws Exception {
        ChildFirst one = new ChildFirst("mirror", ALL);
        Class<?> plugin = one.loadClass("Parts$Plugin"), base = one.loadClass("Parts$Base");
        show("field", () -> plugin.getField("base").getType() == base);
        show("array field", () -> plugin.getField("pairs").getType().getComponentType().getClassLoader() == one);
        show("generic", () -> { Method m = plugin.getMethod("generic", Map.class); return m.toGenericString() + " " + (m.getTypeParameters()[0].getBounds()[0] == base); });
        show("interfaces", () -> plugin.getInterfaces()[0] == Greeter.class);
        show("member classes", () -> { Set<String> all = new TreeSet<>(); for (Class<?> c : plugin.getDeclaredClasses()) all.add(c.getSimpleName() + (c.getClassLoader() == one)); return all; });
        show("declaring", () -> one.loadClass("Parts$Plugin$Failure").getDeclaringClass() == plugin);
        show("host", () -> plugin.getNestHost() == one.loadClass("Parts"));
        show("annotation", () -> { Annotation[] all = plugin.getAnnotations(); Object of = all[0].annotationType().getMethod("of").invoke(all[0]); return all.length + " " + (of == base) + " " + (all[0].annotationType().getClassLoader() == one); });
        show("record", () -> one.loadClass("Parts$Pair").getRecordComponents()[1].getType() == base);
        show("constants", () -> Arrays.toString(one.loadClass("Parts$Colour").getEnumConstants()));
    }

    private static String secret() { return "a secret"; }
    public static class Veiled implements Supplier<String> { public String get() { return getClass().isHidden() + " " + secret(); } }
    public static class Late { public static String text() { return "late"; } static { System.out.println("late initialised"); } }

    static void hidden() throws Throwable {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        byte[] of = bytes("Loaders$Veiled", Map.of());
        MethodHandles.Lookup made = lookup.defineHiddenClass(of, true, MethodHandles.Lookup.ClassOption.NESTMATE);
        Class<?> veiled = made.lookupClass();
        show("hidden", () -> ((Supplier<?>) made.findConstructor(veiled, MethodType.methodType(void.class)).invoke()).get());
        show("its name", () -> veiled.getName() + " " + veiled.descriptorString() + " " + veiled.getPackageName().isEmpty());
        show("by its name", () -> Class.forName(veiled.getName()));
        show("another one", () -> lookup.defineHiddenClass(of, false).lookupClass() != veiled);
        show("its host", () -> veiled.getNestHost() == Loaders.class);
        ChildFirst one = new ChildFirst("looked up", "Loaders$Late", "Parts$Plugin");
        Class<?> late = one.loadClass("Loaders$Late");
        show("in a loader", () -> {
            ChildFirst hides = new ChildFirst("hides", ALL);
            Class<?> its = (Class<?>) hides.loadClass("Parts$Hider").getMethod("hide", byte[].class).invoke(null, bytes("Parts$Base", Map.of()));
            return (its.getClassLoader() == hides) + " " + (its != hides.loadClass("Parts$Base")) + " " + its.isHidden();
        });
        show("defined by a lookup", () -> {
            Class<?> its = MethodHandles.privateLookupIn(late, lookup).defineClass(bytes("Parts$Plugin", Map.of()));
            return (its.getClassLoader() == one) + " " + (one.found("Parts$Plugin") == its);
        });
        show("called", () -> late.getMethod("text").invoke(null));
    }

    static void jar(Path to, Map<String, byte[]> files) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(to))) {
            for (var file : new TreeMap<>(files).entrySet()) { out.putNextEntry(new JarEntry(file.getKey())); out.write(file.getValue()); out.closeEntry(); }
        }
    }
    static void jars() throws Exception {
        Path dir = Files.createTempDirectory("loaders");
        String service = "META-INF/services/Loaders$Greeter";
        for (String name : List.of("a", "b")) {
            Map<String, byte[]> files = new HashMap<>(Map.of(service, "Parts$Plugin\n".getBytes()));
            for (String of : List.of("", "$Base", "$Colour", "$Pair", "$Plugin", "$Plugin$Failure", "$Plugin$Inner"))
                files.put("Parts" + of + ".class", bytes("Parts" + of, Map.of("version-1", "version-" + name)));
            jar(dir.resolve(name + ".jar"), files);
        }
        for (String name : List.of("a.jar", "b.jar")) {
            try (URLClassLoader loader = new URLClassLoader(name, new URL[] { dir.resolve(name).toUri().toURL() }, Loaders.class.getClassLoader()) {
                @Override protected Class<?> loadClass(String of, boolean resolve) throws ClassNotFoundException {
                    if (of.startsWith("Parts")) { Class<?> there = findLoadedClass(of); return there != null ? there : findClass(of); }
                    return super.loadClass(of, resolve);
                }
            }) {
                show(name, () -> { StringBuilder all = new StringBuilder(); for (Greeter it : ServiceLoader.load(Greeter.class, loader)) all.append(it.greet("s"), 0, 9); return all + " " + loader.getResource(service).toString().replaceAll(".*/", ""); });
            }
        }
        for (String name : List.of("a.jar", "b.jar")) Files.delete(dir.resolve(name));
        Files.delete(dir);
    }

    static void parents() throws Exception {
        URLClassLoader alone = new URLClassLoader(new URL[0], null);
        show("boot classes", () -> alone.loadClass("java.util.ArrayList"));
        show("not the application's", () -> alone.loadClass("Loaders"));
        show("not the platform's", () -> alone.loadClass("java.sql.Connection"));
        ClassLoader platform = ClassLoader.getPlatformClassLoader();
        show("the platform's", () -> platform.loadClass("java.sql.Connection").getClassLoader() == platform);
        show("not for the platform", () -> platform.loadClass("Loaders"));
        show("by the boot loader", () -> Class.forName("Loaders", false, null));
        show("loader of the application", () -> Loaders.class.getClassLoader() == ClassLoader.getSystemClassLoader());
    }

    public static class Heavy { public static byte[] big = new byte[1 << 20]; public int size() { return big.length; } }

    static void unloading() throws Exception {
        long before = used();
        for (int times = 0; times < 100; times++) {
            ChildFirst one = new ChildFirst("heavy", "Loaders$Heavy");
            one.loadClass("Loaders$Heavy").getMethod("size").invoke(one.loadClass("Loaders$Heavy").getConstructor().newInstance());
            if (times % 20 == 19) System.gc();
        }
        long grown = used() - before;
        show("classes go with their loader", () -> grown < 50_000_000);
    }
    static long used() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
