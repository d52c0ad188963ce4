package p; public abstract class Holes { public abstract String hole(); }
