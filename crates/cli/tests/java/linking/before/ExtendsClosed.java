package q; public class ExtendsClosed extends p.ClosedAbove { }
