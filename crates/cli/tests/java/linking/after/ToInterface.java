package p; public interface ToInterface { }
