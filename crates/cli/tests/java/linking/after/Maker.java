package p; public class Maker { public static WasInterface make() { return new WasInterface(); } public static String call(Object[] all) { return ((Called) all[0]).call(); } }
