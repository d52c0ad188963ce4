import java.io.*;

public class Appender {
    public static void main(String[] args) throws Exception {
        try (RandomAccessFile numbers = new RandomAccessFile("numbers.txt", "rw"); FileOutputStream log = new FileOutputStream("log.txt", true)) {
            for (int i = 0; i < 60; i++) {
                byte[] line = (i + "\n").getBytes();
                numbers.write(line);
                log.write(line);
                Thread.sleep(20);
            }
        }
        System.out.println("end");
    }
}
