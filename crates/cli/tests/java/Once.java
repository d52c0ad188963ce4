import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Changes names in a folder: each change succeeds once, also when the machine is killed in between. */
public class Once {
    private static final int ROUNDS = 40;

    static void need(boolean done, String what) {
        if (!done) {
            throw new IllegalStateException(what);
        }
    }

    public static void main(String[] args) throws IOException {
        Path home = Path.of(args[0]);
        for (int n = 0; n < ROUNDS; n++) {
            Path folder = Files.createDirectory(home.resolve("folder" + n));
            File made = folder.resolve("made").toFile();
            need(made.createNewFile(), "made");
            try (RandomAccessFile open = new RandomAccessFile(made, "rw")) {
                open.writeBytes("begun ");
                // What is open moves with its name.
                File moved = folder.resolve("moved").toFile();
                need(made.renameTo(moved), "moved");
                open.writeBytes("and moved " + n);
                need(!made.exists() && moved.length() == open.length(), "length");
            }
            Path last = home.resolve("last" + n);
            Files.move(folder.resolve("moved"), last);
            Path part = Files.write(folder.resolve("part"), new byte[100], StandardOpenOption.CREATE_NEW);
            Files.delete(part);
            need(new File(folder.toFile(), "sub").mkdir(), "sub");
            need(new File(folder.toFile(), "sub").delete(), "no sub");
            Files.delete(folder);
            System.out.println(Files.readString(last));
            Files.delete(last);
        }
        try (var left = Files.list(home)) {
            System.out.println("left " + left.count());
        }
    }
}
