import p.*;
import q.*;

/** Uses of classes that were compiled against other forms of them: what linking refuses, and how (JVMS 5.4). */
public class Linking {
    interface Body { Object run() throws Throwable; }
    static void show(String what, Body body) {
        try { System.out.println(what + ": " + body.run()); }
        catch (Throwable thrown) {
            System.out.println(what + " threw " + thrown);
            for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) System.out.println("  of " + cause);
        }
    }
    static class Callee implements Called { public String call() { return "called"; } }
    static class Late { static int number = 1 / Integer.parseInt("0"); }

    public static void main(String[] args) {
        show("class", () -> new Closed().toString());
        show("class of an array", () -> new Closed[1].length);
        show("constant", () -> Closed.class);
        show("instance of", () -> (Object) "" instanceof Closed);
        show("static of it", () -> Closed.count());
        Open open = new Open();
        show("private field", () -> open.privateField);
        show("package field", () -> open.packageField);
        show("protected field", () -> open.protectedField);
        show("private static field", () -> Open.privateStatic);
        show("final field", () -> { open.finalField = 2; return open.finalField; });
        show("final static field", () -> { Open.finalStatic = 2; return Open.finalStatic; });
        show("private method", () -> open.privateMethod(1, "a"));
        show("package method", () -> open.packageMethod(new int[1][], 2L));
        show("protected method", () -> open.protectedMethod());
        show("private constructor", () -> new Open(3).packageField);
        show("static now", () -> open.becameStatic());
        show("static no more", () -> Open.becameInstance());
        show("static field now", () -> open.staticNow);
        show("static field no more", () -> Open.instanceNow);
        show("no method", () -> open.gone(new String[0], 1.0f));
        show("no constructor", () -> new Open("x", 'c'));
        show("no field", () -> open.goneField);
        show("of another type", () -> open.retyped);
        show("again", () -> open.gone(new String[0], 1.0f));
        show("no class", () -> new Gone());
        show("array of no class", () -> new Gone[2][2].length);
        show("interface now", () -> new WasClass().call());
        show("static on an interface now", () -> WasClass.help());
        WasInterface was = Maker.make();
        show("class now", () -> was.call());
        show("abstract now", () -> new WasConcrete());
        show("without a body", () -> { Called it = new Callee(); return it.more(3) + it.call(); });
        show("a body less", () -> new Lacks().hole());
        show("two bodies", () -> new Both().same());
        show("final method", () -> new OverridesFinal());
        show("final class", () -> new ExtendsFinal());
        show("interface above", () -> new ExtendsInterface());
        show("class among interfaces", () -> new ImplementsClass());
        show("superclass closed", () -> new ExtendsClosed());
        show("superinterface closed", () -> new ImplementsClosed());
        show("not an instance", () -> Maker.call(new Object[] { "text" }));
        show("run-time package", () -> new Other().ask() + " " + Base.askOf(new Other()) + " " + Base.askOf(new Same()));
        show("protected of a superclass", () -> new Heir().all());
        show("nest", () -> new Host().all());
        for (int times = 0; times < 2; times++) show("initialiser", () -> Late.number);
        show("through an initialiser", () -> Fails.value());
        show("and again", () -> new Fails());
    }
}
