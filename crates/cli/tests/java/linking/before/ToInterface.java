package p; public class ToInterface { }
