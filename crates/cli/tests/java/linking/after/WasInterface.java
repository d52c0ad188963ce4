package p; public class WasInterface { public String call() { return "class"; } }
