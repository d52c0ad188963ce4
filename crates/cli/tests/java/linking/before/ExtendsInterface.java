package q; public class ExtendsInterface extends p.ToInterface { }
