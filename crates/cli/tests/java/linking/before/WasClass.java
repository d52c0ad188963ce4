package p; public class WasClass { public String call() { return "class"; } public static String help() { return "help"; } }
