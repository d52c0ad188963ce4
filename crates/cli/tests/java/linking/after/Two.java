package p; public interface Two { default String same() { return "two"; } }
