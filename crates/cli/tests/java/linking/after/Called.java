package p; public interface Called { String call(); String more(int times); }
