package q; public class ImplementsClass implements p.ToClass { }
