package p; public interface One { default String same() { return "one"; } }
