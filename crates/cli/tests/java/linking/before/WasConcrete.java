package p; public class WasConcrete { }
