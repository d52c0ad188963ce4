package q; public class ImplementsClosed implements p.ClosedInterface { }
