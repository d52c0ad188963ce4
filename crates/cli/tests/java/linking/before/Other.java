package q; public class Other extends p.Base { String mine() { return "other"; } public String ask() { return super.ask() + mine(); } }
