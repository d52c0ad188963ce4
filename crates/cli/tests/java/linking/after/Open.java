package p;
public class Open {
    private int privateField = 1;
    int packageField = 2;
    protected int protectedField = 3;
    public final int finalField;
    public static int staticNow = 6;
    private static int privateStatic = 7;
    public static final int finalStatic = Integer.parseInt("8");
    public int instanceNow = 9;
    public int retyped = 10;
    public Open() { finalField = 4; }
    private Open(int number) { this(); packageField = number; }
    private String privateMethod(int a, String b) { return "private"; }
    int packageMethod(int[][] a, long b) { return 1; }
    protected Object protectedMethod() { return "protected"; }
    public static String becameStatic() { return "static now"; }
    public String becameInstance() { return "static no more"; }
}
