package p; public abstract class WasConcrete { }
