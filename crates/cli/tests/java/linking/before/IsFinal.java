package p; public class IsFinal { }
