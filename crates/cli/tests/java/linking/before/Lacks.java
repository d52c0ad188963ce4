package q; public class Lacks extends p.Holes { }
