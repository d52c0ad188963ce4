package q; public class Fails { static { if (true) throw new IllegalStateException("failed on purpose"); } public static int value() { return 1; } }
