package q; public class Both implements p.One, p.Two { }
