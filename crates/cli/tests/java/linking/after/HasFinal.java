package p; public class HasFinal { public final String fixed(int a) { return "final"; } }
