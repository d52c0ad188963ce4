package p;
public class Open {
    public int privateField = 1, packageField = 2, protectedField = 3, finalField = 4, goneField = 5, staticNow = 6;
    public static int privateStatic = 7, finalStatic = 8, instanceNow = 9;
    public long retyped = 10;
    public Open() { }
    public Open(int number) { packageField = number; }
    public Open(String text, char sign) { }
    public String privateMethod(int a, String b) { return "private"; }
    public int packageMethod(int[][] a, long b) { return 1; }
    public void protectedVoid() { }
    public Object protectedMethod() { return "protected"; }
    public String becameStatic() { return "static now"; }
    public static String becameInstance() { return "static no more"; }
    public double gone(String[] a, float b) { return b; }
}
