import com.sun.net.httpserver.*;
import java.net.*;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;

/** The JDK's HTTP server, asked by its client and by a URL. */
public class Http {
    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        Map<String, String> store = new ConcurrentHashMap<>();
        server.createContext("/store/", exchange -> {
            String key = exchange.getRequestURI().getPath().substring("/store/".length());
            byte[] answer = new byte[0];
            int status = 200;
            switch (exchange.getRequestMethod()) {
                case "PUT" -> store.put(key, new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                case "GET" -> {
                    String value = store.get(key);
                    status = value == null ? 404 : 200;
                    answer = (value == null ? "no " + key : value).getBytes(StandardCharsets.UTF_8);
                }
                default -> status = 405;
            }
            exchange.getResponseHeaders().set("X-Count", String.valueOf(store.size()));
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.createContext("/chunks", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (var out = exchange.getResponseBody()) {
                for (int i = 0; i < 1000; i++) out.write(("line " + i + "\n").getBytes());
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(2, r -> {
            Thread t = new Thread(r);
            t.setDaemon(true);
            return t;
        }));
        server.start();
        String base = "http://127.0.0.1:" + server.getAddress().getPort();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (int i = 0; i < 3; i++) {
            HttpRequest put = HttpRequest.newBuilder(URI.create(base + "/store/k" + i)).PUT(HttpRequest.BodyPublishers.ofString("välue " + i)).build();
            HttpResponse<Void> done = client.send(put, HttpResponse.BodyHandlers.discarding());
            System.out.println(done.statusCode() + " " + done.headers().firstValue("x-count").orElse("?"));
        }
        HttpResponse<String> got = client.send(HttpRequest.newBuilder(URI.create(base + "/store/k1")).build(), HttpResponse.BodyHandlers.ofString());
        System.out.println(got.statusCode() + " " + got.body().length() + " " + got.version());
        System.out.println(client.sendAsync(HttpRequest.newBuilder(URI.create(base + "/store/none")).build(), HttpResponse.BodyHandlers.ofString()).thenApply(r -> r.statusCode() + " " + r.body()).get(20, TimeUnit.SECONDS));
        System.out.println(client.send(HttpRequest.newBuilder(URI.create(base + "/chunks")).build(), HttpResponse.BodyHandlers.ofLines()).body().filter(line -> line.endsWith("9")).count());
        HttpURLConnection connection = (HttpURLConnection) new URL(base + "/store/k2").openConnection();
        System.out.println(connection.getResponseCode() + " " + connection.getHeaderField("X-count") + " " + connection.getInputStream().readAllBytes().length);
        connection = (HttpURLConnection) new URL(base + "/store/k2").openConnection();
        connection.setRequestMethod("DELETE");
        System.out.println(connection.getResponseCode() + " " + connection.getResponseMessage());
        server.stop(0);
        System.exit(0);
    }
}
