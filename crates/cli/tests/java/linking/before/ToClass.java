package p; public interface ToClass { }
