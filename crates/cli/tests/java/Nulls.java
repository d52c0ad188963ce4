import java.util.*;

/** What is said of null: each use of it, and each way to come by it. */
public class Nulls {
    static class Node { Node next; int value; long wide; String name; Node[] all; static Node first; static int[] numbers;
        Node step() { return next; } static Node none(String a, int[] b) { return null; } Integer boxed() { return null; } }
    interface Body { void run() throws Throwable; }
    static void show(Body body) {
        try { body.run(); System.out.println("nothing"); } catch (NullPointerException thrown) { System.out.println(thrown.getMessage()); }
        catch (Throwable thrown) { System.out.println(thrown); }
    }
    Node held; Node[][] grid = new Node[2][2];
    static int sink;
    static void parameters(Node a, long b, Node c) { sink = c.value; }
    static void overwritten(Node a, long b, Node c) { c = a; c.value = 1; }
    static void locals(long a, double b) { Node one = null; long two = a; Node three = one; if (three.value > two) sink++; }
    static void joined(boolean which, Node a, Node b) { sink = (which ? a : b).value; }
    void own() { sink = held.next.value; }
    void all() {
        show(() -> sink = held.value); show(() -> grid[1][0].value = 3); show(() -> grid[sink - sink][1].next.step());
        show(() -> this.held.step()); show(this::own);
    }
    public static void main(String[] args) {
        Node node = new Node(); Node[] nodes = null; String text = null; Object object = null; int[][] twice = new int[3][]; List<String> list = new ArrayList<>(); list.add(null);
        show(() -> parameters(null, 1, null)); show(() -> overwritten(null, 2, node)); show(() -> locals(1, 2)); show(() -> joined(true, null, node)); show(() -> joined(false, node, null));
        show(() -> node.next.next = null); show(() -> sink = node.next.next.value); show(() -> node.next.wide++); show(() -> node.step().step()); show(() -> Node.none("a", null).step());
        show(() -> sink = Node.first.value); show(() -> sink = Node.numbers[2]); show(() -> Node.numbers[1] = 4); show(() -> sink = node.all.length); show(() -> sink = node.all[1].value);
        show(() -> sink = twice[1][2]); show(() -> twice[2][1] = 3); show(() -> sink = twice[node.value][node.value]); show(() -> sink = twice[node.step() == null ? 1 : 0][0]);
        show(() -> { throw node.boxed() == null ? null : new Exception(); }); show(() -> { throw null; });
        show(() -> { synchronized (node.next) { sink++; } }); show(() -> sink = node.boxed()); show(() -> list.get(0).length()); show(() -> list.get(list.size() - 1).concat("x"));
        show(() -> sink = text.length()); show(() -> sink = nodes.length); show(() -> object.toString()); show(() -> object.getClass()); show(() -> ((String) object).length());
        show(() -> { byte[] bytes = null; bytes[0] = 1; }); show(() -> { boolean[] bits = null; bits[0] = true; }); show(() -> { char[] chars = null; sink = chars[1]; }); show(() -> { long[] longs = null; longs[2]++; });
        show(() -> { short[] s = null; s[0] = 2; }); show(() -> { float[] s = null; s[0] = 2; }); show(() -> { double[] s = null; s[0] += 2; }); show(() -> { Object[] s = null; s[0] = ""; });
        show(() -> { throw new NullPointerException(); }); show(() -> { throw new NullPointerException("said"); }); show(() -> Objects.requireNonNull(text)); show(() -> Objects.requireNonNull(text, "wanted"));
        show(() -> new TreeMap<String, String>().put(null, "")); show(() -> "a".contains(null)); show(() -> List.of((Object) null)); show(() -> "a".compareTo(null)); show(() -> System.arraycopy(null, 0, null, 0, 0));
        show(() -> { switch (text) { case "a": sink++; } }); show(() -> { for (String each : (List<String>) null) sink++; }); show(() -> { java.util.function.IntSupplier run = text::length; run.getAsInt(); });
        show(() -> new int[] { 1 }.clone()[0]++); show(() -> { Node[] made = new Node[1]; made[0].value++; }); show(() -> { int i = 0; Node[] made = new Node[3]; made[i + 1].step(); }); show(() -> { Node[] made = new Node[300]; made[299].step(); });
        new Nulls().all();
        Object last = null;
        last.hashCode();
    }
}
