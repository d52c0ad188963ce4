package p;
class Closed { public Closed() { } public static int count() { return 1; } }
