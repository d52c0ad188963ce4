package p; public interface Two { String toString(); }
