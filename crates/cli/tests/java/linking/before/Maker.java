package p; public class Maker { public static WasInterface make() { return () -> "made"; } public static String call(Object[] all) { return ((Called) all[0]).call(); } }
