package p; public class Base { String mine() { return "base"; } public String ask() { return mine(); } public static String askOf(Base of) { return of.mine(); } }
