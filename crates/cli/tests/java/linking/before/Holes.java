package p; public class Holes { public String hole() { return "filled"; } }
