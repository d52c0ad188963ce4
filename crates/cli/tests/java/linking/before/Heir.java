package q; public class Heir extends p.Guarded { public String all() { Runnable r = () -> field++; r.run(); return field + shared + method() + help() + super.method() + new Nested(); } }
