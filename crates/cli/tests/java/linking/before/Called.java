package p; public interface Called { String call(); default String more(int times) { return "more"; } }
