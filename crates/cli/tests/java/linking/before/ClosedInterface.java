package p; public interface ClosedInterface { }
