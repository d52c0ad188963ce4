import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.stream.*;

/** Processes of the host: pipes, redirection, environment, status, ends. */
public class Processes {
    public static void main(String[] arguments) throws Exception {
        pipes();
        statuses();
        redirections();
        environment();
        ends();
        handles();
        failures();
    }

    static String all(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    static void pipes() throws Exception {
        Process cat = new ProcessBuilder("cat").start();
        try (Writer out = new OutputStreamWriter(cat.getOutputStream(), StandardCharsets.UTF_8)) {
            for (int i = 0; i < 20000; i++) {
                out.write("line " + i + "\n");
                if (i == 100) {
                    out.flush();
                    System.out.println(new BufferedReader(new InputStreamReader(cat.getInputStream())).readLine());
                    break;
                }
            }
        }
        System.out.println("cat " + cat.waitFor());
        Process count = Runtime.getRuntime().exec(new String[] {"wc", "-c"});
        byte[] much = new byte[300000];
        count.getOutputStream().write(much);
        count.getOutputStream().close();
        System.out.println("wc " + all(count.getInputStream()).trim() + " " + count.waitFor());
        Process big = new ProcessBuilder("sh", "-c", "head -c 200000 /dev/zero").start();
        System.out.println("zeros " + big.getInputStream().readAllBytes().length + " " + big.waitFor());
        // What it has written is there after its end.
        Process late = new ProcessBuilder("echo", "late").start();
        late.waitFor();
        System.out.println("after its end: " + all(late.getInputStream()).trim());
    }

    static void statuses() throws Exception {
        System.out.println(new ProcessBuilder("true").start().waitFor());
        System.out.println(new ProcessBuilder("false").start().waitFor());
        Process seven = new ProcessBuilder("sh", "-c", "echo out; echo err >&2; exit 7").start();
        System.out.println(all(seven.getInputStream()) + all(seven.getErrorStream()) + seven.waitFor() + " "
            + seven.exitValue() + " " + seven.isAlive());
        Process joined = new ProcessBuilder("sh", "-c", "echo one; echo two >&2; echo three").redirectErrorStream(true).start();
        System.out.println(all(joined.getInputStream()) + all(joined.getErrorStream()).length() + " " + joined.waitFor());
    }

    static void redirections() throws Exception {
        Path in = Files.writeString(Path.of("in.txt"), "c\na\nb\n");
        File out = new File("out.txt");
        Process sort = new ProcessBuilder("sort").redirectInput(in.toFile()).redirectOutput(out).start();
        System.out.println("sort " + sort.waitFor() + " " + Files.readAllLines(out.toPath()));
        for (int i = 0; i < 2; i++) {
            new ProcessBuilder("echo", "more " + i).redirectOutput(ProcessBuilder.Redirect.appendTo(out)).start().waitFor();
        }
        System.out.println(Files.readAllLines(out.toPath()));
        Process quiet = new ProcessBuilder("sh", "-c", "echo lost; exit 3")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        System.out.println("discarded " + all(quiet.getInputStream()).length() + " " + quiet.waitFor());
        Process own = new ProcessBuilder("echo", "straight to the output").inheritIO().start();
        System.out.flush();
        System.out.println("own " + own.waitFor());
        Files.createDirectories(Path.of("folder"));
        Process where = new ProcessBuilder("sh", "-c", "basename $(pwd)").directory(new File("folder")).start();
        System.out.println(all(where.getInputStream()).trim());
    }

    static void environment() throws Exception {
        System.out.println(System.getenv("PATH") != null);
        System.out.println(System.getenv().containsKey("PATH") + " " + System.getenv("NOBODY_SET_THIS"));
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "echo $GREETING $NOBODY_SET_THIS");
        builder.environment().put("GREETING", "hello");
        builder.environment().remove("NOBODY_SET_THIS");
        System.out.println(all(builder.start().getInputStream()).trim());
        ProcessBuilder bare = new ProcessBuilder("/usr/bin/env");
        bare.environment().clear();
        bare.environment().put("ONLY", "this");
        System.out.println(all(bare.start().getInputStream()).trim());
    }

    static void ends() throws Exception {
        Process sleeper = new ProcessBuilder("sleep", "1000").start();
        System.out.println(sleeper.isAlive() + " " + sleeper.waitFor(50, TimeUnit.MILLISECONDS));
        try {
            sleeper.exitValue();
        } catch (IllegalThreadStateException e) {
            System.out.println(e.getMessage());
        }
        sleeper.destroy();
        System.out.println(sleeper.waitFor() + " " + sleeper.isAlive());
        Process stubborn = new ProcessBuilder("sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done").start();
        new BufferedReader(new InputStreamReader(stubborn.getInputStream())).readLine();
        stubborn.destroyForcibly();
        System.out.println(stubborn.waitFor());
        Process later = new ProcessBuilder("sh", "-c", "exit 5").start();
        System.out.println("then " + later.onExit().thenApply(Process::exitValue).get());
    }

    static void handles() throws Exception {
        ProcessHandle self = ProcessHandle.current();
        System.out.println(self.pid() > 0);
        System.out.println(self.isAlive() + " " + self.equals(ProcessHandle.current()));
        Process cat = new ProcessBuilder("cat").start();
        System.out.println((cat.pid() > 0) + " " + (cat.pid() != self.pid()) + " " + cat.toHandle().isAlive());
        cat.getOutputStream().close();
        System.out.println(cat.waitFor() + " " + cat.toHandle().isAlive() + " " + cat.toHandle().destroy());
    }

    static void failures() {
        try {
            new ProcessBuilder("no-such-program-anywhere").start();
        } catch (IOException e) {
            System.out.println(e.getMessage());
        }
        try {
            new ProcessBuilder("cat").redirectInput(new File("not-there.txt")).start();
        } catch (IOException e) {
            System.out.println(e.getClass().getName() + " " + e.getMessage());
        }
    }
}
