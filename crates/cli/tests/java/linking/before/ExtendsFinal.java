package q; public class ExtendsFinal extends p.IsFinal { }
