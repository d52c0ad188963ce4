package q; public class OverridesFinal extends p.HasFinal { public String fixed(int a) { return "own"; } }
