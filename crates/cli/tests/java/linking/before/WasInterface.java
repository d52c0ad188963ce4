package p; public interface WasInterface { String call(); }
