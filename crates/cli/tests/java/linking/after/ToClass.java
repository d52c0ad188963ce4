package p; public class ToClass { }
