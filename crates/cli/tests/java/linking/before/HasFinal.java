package p; public class HasFinal { public String fixed(int a) { return "not yet"; } }
