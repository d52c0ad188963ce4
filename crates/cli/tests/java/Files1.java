import java.io.*;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.*;
import java.util.stream.*;

public class Files1 {
    static void streams() throws Exception {
        try (FileOutputStream out = new FileOutputStream("a.txt")) {
            out.write("eins\nzwei\n".getBytes());
            out.write('x');
        }
        try (FileOutputStream out = new FileOutputStream("a.txt", true)) { out.write("drei\n".getBytes()); }
        try (BufferedReader in = new BufferedReader(new FileReader("a.txt"))) {
            for (String line; (line = in.readLine()) != null; ) System.out.println("line " + line);
        }
        try (FileInputStream in = new FileInputStream("a.txt")) {
            System.out.println(in.available() + " " + in.read() + " " + in.skip(3) + " " + in.available() + " " + in.readAllBytes().length + " " + in.read());
        }
        try (PrintWriter w = new PrintWriter("big.txt")) { for (int i = 0; i < 20000; i++) w.println("row " + i); }
        System.out.println(new File("big.txt").length());
        try { new FileInputStream("missing.txt"); } catch (FileNotFoundException e) { System.out.println(e.getMessage()); }
        try { new FileInputStream("."); } catch (FileNotFoundException e) { System.out.println(e.getMessage()); }
    }
    static void random() throws Exception {
        try (RandomAccessFile f = new RandomAccessFile("r.bin", "rw")) {
            f.writeInt(42); f.writeUTF("hallo"); f.seek(0);
            System.out.println(f.readInt() + " " + f.readUTF() + " " + f.getFilePointer() + " " + f.length());
            f.setLength(4); System.out.println(f.length() + " " + f.getFilePointer());
            f.seek(2); f.write(7); f.seek(0); System.out.println(f.readInt());
        }
    }
    static void file() throws Exception {
        File d = new File("dir"); System.out.println(d.mkdir() + " " + d.mkdir() + " " + d.isDirectory() + " " + d.exists());
        File n = new File(d, "n.txt"); System.out.println(n.createNewFile() + " " + n.createNewFile() + " " + n.isFile() + " " + n.length() + " " + n.canRead() + n.canWrite() + n.canExecute());
        System.out.println(n.renameTo(new File(d, "m.txt")) + " " + Arrays.toString(d.list()));
        System.out.println(new File(d, "m.txt").setLastModified(1000000000000L) + " " + new File(d, "m.txt").lastModified());
        System.out.println(new File("dir/../dir/m.txt").getCanonicalPath().endsWith("/dir/m.txt") + " " + d.delete() + " " + new File(d, "m.txt").delete() + " " + d.delete());
        File t = File.createTempFile("abc", ".tmp"); System.out.println(t.exists() + " " + t.delete());
    }
    static void nio() throws Exception {
        Path p = Path.of("n.txt");
        Files.writeString(p, "ä line\nb line\n");
        System.out.println(Files.readString(p) + Files.size(p) + " " + Files.readAllLines(p));
        Files.write(p, List.of("c"), StandardOpenOption.APPEND);
        try (Stream<String> lines = Files.lines(p)) { System.out.println(lines.collect(Collectors.toList())); }
        try (BufferedWriter w = Files.newBufferedWriter(Path.of("w.txt"))) { w.write("hi"); }
        System.out.println(Files.exists(p) + " " + Files.notExists(p) + " " + Files.isDirectory(Path.of(".")) + " " + Files.isRegularFile(p) + " " + Files.isReadable(p) + Files.isWritable(p) + Files.isExecutable(p));
        Files.createDirectories(Path.of("t/u/v")); Files.writeString(Path.of("t/u/x"), "x"); Files.copy(p, Path.of("t/copy")); Files.copy(Path.of("big.txt"), Path.of("t/big"));
        Files.move(Path.of("w.txt"), Path.of("t/w")); Files.createSymbolicLink(Path.of("t/link"), Path.of("w"));
        System.out.println(Files.readSymbolicLink(Path.of("t/link")) + " " + Files.isSymbolicLink(Path.of("t/link")) + " " + Files.readString(Path.of("t/link")) + " " + Files.size(Path.of("t/big")));
        try (Stream<Path> walk = Files.walk(Path.of("t"))) { System.out.println(walk.sorted().collect(Collectors.toList())); }
        try (DirectoryStream<Path> s = Files.newDirectoryStream(Path.of("t"), "*i*")) { List<String> l = new ArrayList<>(); for (Path x : s) l.add(x.toString()); Collections.sort(l); System.out.println(l); }
        BasicFileAttributes a = Files.readAttributes(p, BasicFileAttributes.class);
        System.out.println(a.size() + " " + a.isRegularFile() + " " + a.isDirectory() + " " + (a.lastModifiedTime().toMillis() > 1600000000000L));
        System.out.println(Files.getPosixFilePermissions(Path.of("t")).contains(java.nio.file.attribute.PosixFilePermission.OWNER_WRITE));
        try { Files.readString(Path.of("nope")); } catch (NoSuchFileException e) { System.out.println("none " + e.getMessage()); }
        try { Files.createDirectory(Path.of("t")); } catch (FileAlreadyExistsException e) { System.out.println("there " + e.getMessage()); }
        try { Files.delete(Path.of("t")); } catch (DirectoryNotEmptyException e) { System.out.println("full " + e.getMessage()); }
        try (Stream<Path> walk = Files.walk(Path.of("t"))) { walk.sorted(Comparator.reverseOrder()).forEach(x -> x.toFile().delete()); }
        System.out.println(Files.exists(Path.of("t")));
        Path tmp = Files.createTempDirectory("pt"); Files.delete(tmp);
    }
    static void channel() throws Exception {
        try (FileChannel c = FileChannel.open(Path.of("c.bin"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer b = ByteBuffer.allocateDirect(16); b.putLong(77).putInt(5).flip();
            System.out.println(c.write(b) + " " + c.position() + " " + c.size());
            c.write(ByteBuffer.wrap("xyz".getBytes()), 4);
            ByteBuffer r = ByteBuffer.allocate(12); System.out.println(c.read(r, 0) + " " + new String(r.array(), 4, 3, StandardCharsets.US_ASCII));
            System.out.println(c.write(new ByteBuffer[] { ByteBuffer.wrap("ab".getBytes()), ByteBuffer.wrap("cd".getBytes()) }) > 0);
            c.truncate(4); System.out.println(c.size() + " " + c.position()); c.force(true);
        }
        try (FileChannel c = FileChannel.open(Path.of("big.txt"))) { System.out.println(c.map(FileChannel.MapMode.READ_ONLY, 4, 3).get(0)); }
    }
    public static void main(String[] args) throws Exception { streams(); random(); file(); nio(); channel(); }
}
