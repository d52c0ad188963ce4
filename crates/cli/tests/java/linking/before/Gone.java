package p; public class Gone { }
