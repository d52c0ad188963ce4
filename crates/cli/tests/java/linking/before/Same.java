package p; public class Same extends q.Other { String mine() { return "same"; } }
