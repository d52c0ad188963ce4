import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.util.*;
import java.util.jar.*;
import java.util.zip.*;

public class Zip {
    static byte[] data(int n) { byte[] b = new byte[n]; Random r = new Random(5); for (int i = 0; i < n; i++) b[i] = (byte) (i % 7 == 0 ? r.nextInt() : i / 50); return b; }
    public static void main(String[] args) throws Exception {
        byte[] all = data(300000);
        CRC32 crc = new CRC32(); crc.update(all); Adler32 ad = new Adler32(); ad.update(all); ad.update(3); crc.update(3);
        System.out.println(crc.getValue() + " " + ad.getValue());
        for (boolean raw : new boolean[] { false, true }) {
            Deflater d = new Deflater(9, raw); d.setInput(all); d.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream(); byte[] buf = new byte[1000];
            while (!d.finished()) out.write(buf, 0, d.deflate(buf));
            System.out.println(d.getTotalIn() + " " + (d.getTotalOut() == out.size()) + " " + (out.size() < 250000) + " " + (raw ? 0 : d.getAdler()));
            d.end();
            Inflater i = new Inflater(raw); byte[] z = out.toByteArray(); byte[] back = new byte[300000]; int n = 0, at = 0;
            while (!i.finished()) { if (i.needsInput()) { int c = Math.min(777, z.length - at); i.setInput(z, at, c); at += c; } n += i.inflate(back, n, Math.min(1234, back.length - n)); }
            System.out.println(n + " " + Arrays.equals(all, back) + " " + i.getRemaining() + " " + i.getTotalIn() / z.length + " " + (raw ? 0 : i.getAdler())); i.end();
        }
        try (GZIPOutputStream g = new GZIPOutputStream(new FileOutputStream("x.gz"))) { g.write(all); }
        try (GZIPInputStream g = new GZIPInputStream(new FileInputStream("x.gz"))) { System.out.println(Arrays.equals(all, g.readAllBytes())); }
        try (ZipOutputStream zo = new ZipOutputStream(new FileOutputStream("x.zip"))) { for (String s : List.of("a", "dir/b")) { zo.putNextEntry(new ZipEntry(s)); zo.write((s + s).repeat(500).getBytes()); zo.closeEntry(); } }
        try (ZipFile zf = new ZipFile("x.zip")) { zf.stream().forEach(e -> { try { System.out.println(e.getName() + " " + e.getSize() + " " + new String(zf.getInputStream(e).readAllBytes()).length()); } catch (IOException x) { throw new UncheckedIOException(x); } }); }
        try (ZipInputStream zi = new ZipInputStream(new FileInputStream("x.zip"))) { for (ZipEntry e; (e = zi.getNextEntry()) != null; ) System.out.println(e + " " + zi.readAllBytes().length); }
        try (FileSystem fs = FileSystems.newFileSystem(Path.of("x.zip"))) { System.out.println(Files.readString(fs.getPath("dir/b")).length()); }
        try { new Inflater().inflate(new byte[3]); Inflater i = new Inflater(); i.setInput(new byte[] { 9, 9, 9, 9 }); i.inflate(new byte[9]); } catch (DataFormatException e) { System.out.println(e.getMessage()); }
        Manifest m = new Manifest(); m.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0"); m.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "x.Y");
        try (JarOutputStream j = new JarOutputStream(new FileOutputStream("x.jar"), m)) { j.putNextEntry(new ZipEntry("res.txt")); j.write("resource".getBytes()); j.closeEntry(); }
        try (JarFile j = new JarFile("x.jar")) { System.out.println(j.getManifest().getMainAttributes().getValue("Main-Class")); }
        try (URLClassLoader l = new URLClassLoader(new URL[] { new File("x.jar").toURI().toURL() })) { System.out.println(new String(l.getResourceAsStream("res.txt").readAllBytes())); }
        if (args.length > 0) try (URLClassLoader l = new URLClassLoader(new URL[] { new File(args[0]).toURI().toURL() })) {
            Class<?> c = l.loadClass("org.apache.commons.cli.Options"); System.out.println(c.getConstructor().newInstance().toString());
        }
    }
}
