package p; public class ClosedAbove { }
