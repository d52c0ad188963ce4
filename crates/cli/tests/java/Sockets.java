import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.net.*;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.util.*;

public class Sockets {
    static void plain() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread t = new Thread(() -> {
                try (Socket s = server.accept(); BufferedReader in = new BufferedReader(new InputStreamReader(s.getInputStream())); PrintWriter out = new PrintWriter(s.getOutputStream(), true)) {
                    for (String line; (line = in.readLine()) != null; ) out.println("echo " + line);
                } catch (IOException e) { e.printStackTrace(); }
            });
            t.start();
            try (Socket s = new Socket("localhost", server.getLocalPort())) {
                PrintWriter out = new PrintWriter(s.getOutputStream(), true);
                BufferedReader in = new BufferedReader(new InputStreamReader(s.getInputStream()));
                for (String w : List.of("a", "bb")) { out.println(w); System.out.println(in.readLine()); }
                s.setSoTimeout(50);
                try { in.read(); } catch (SocketTimeoutException e) { System.out.println(e.getMessage()); }
                s.shutdownOutput();
                System.out.println(s.isConnected() + " " + in.readLine() + " " + (s.getPort() == server.getLocalPort()));
            }
            t.join();
            server.setSoTimeout(50);
            try { server.accept(); } catch (SocketTimeoutException e) { System.out.println(e.getMessage()); }
        }
        try { new Socket("127.0.0.1", 1).close(); } catch (ConnectException e) { System.out.println(e.getMessage()); }
        ServerSocket closing = new ServerSocket(0);
        Thread t = new Thread(() -> { try { closing.accept(); } catch (SocketException e) { System.out.println(e.getMessage()); } catch (IOException e) { e.printStackTrace(); } });
        t.start(); Thread.sleep(100); closing.close(); t.join();
    }
    static void selector() throws Exception {
        Selector sel = Selector.open();
        ServerSocketChannel ss = ServerSocketChannel.open(); ss.bind(new InetSocketAddress("127.0.0.1", 0)); ss.configureBlocking(false); ss.register(sel, SelectionKey.OP_ACCEPT);
        System.out.println(ss.accept() + " " + sel.selectNow());
        int port = ((InetSocketAddress) ss.getLocalAddress()).getPort();
        Thread c = new Thread(() -> {
            try (SocketChannel s = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
                s.write(ByteBuffer.wrap("hello".getBytes())); ByteBuffer b = ByteBuffer.allocate(5); while (b.hasRemaining() && s.read(b) >= 0) { }
                System.out.println("client " + new String(b.array()));
            } catch (IOException e) { e.printStackTrace(); }
        });
        c.start();
        boolean done = false;
        while (!done) {
            sel.select(5000);
            for (Iterator<SelectionKey> it = sel.selectedKeys().iterator(); it.hasNext(); ) {
                SelectionKey k = it.next(); it.remove();
                if (k.isAcceptable()) { SocketChannel s = ss.accept(); s.configureBlocking(false); s.register(sel, SelectionKey.OP_READ); }
                else if (k.isReadable()) {
                    SocketChannel s = (SocketChannel) k.channel(); ByteBuffer b = ByteBuffer.allocate(100); int n = s.read(b);
                    if (n < 0) { s.close(); done = true; } else { b.flip(); System.out.println("server " + n); while (b.hasRemaining()) s.write(b); }
                }
            }
        }
        c.join();
        new Thread(() -> { try { Thread.sleep(100); } catch (InterruptedException e) { } sel.wakeup(); }).start();
        System.out.println("woken " + sel.select()); sel.close(); ss.close();
    }
    static void http() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", x -> { byte[] b = ("you asked " + x.getRequestURI() + " " + new String(x.getRequestBody().readAllBytes())).getBytes(); x.sendResponseHeaders(200, b.length); x.getResponseBody().write(b); x.close(); });
        server.start();
        String base = "http://127.0.0.1:" + server.getAddress().getPort();
        URLConnection u = new URL(base + "/one").openConnection();
        System.out.println(new String(u.getInputStream().readAllBytes()));
        HttpClient client = HttpClient.newHttpClient();
        HttpResponse<String> r = client.send(HttpRequest.newBuilder(URI.create(base + "/two")).POST(HttpRequest.BodyPublishers.ofString("body")).build(), HttpResponse.BodyHandlers.ofString());
        System.out.println(r.statusCode() + " " + r.body());
        server.stop(0);
    }
    public static void main(String[] args) throws Exception {
        plain(); selector();
        if (args.length == 0) http();
        System.exit(0);
    }
}
