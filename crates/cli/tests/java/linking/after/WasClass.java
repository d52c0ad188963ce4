package p; public interface WasClass { String call(); static String help() { return "help"; } }
