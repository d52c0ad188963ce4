package p;
public class Closed { public static int count() { return 1; } }
