// A key-value server over HTTP whose database is a HashMap: no file, no transaction, nothing of Phantom in it.
// What it has answered it keeps, whatever happens, for --durable holds each answer until a snapshot has its cause.
//   phantom run --durable --allow-net examples/WebStore.java 8080        then, from another terminal:
//   curl -X PUT -d 'New York' localhost:8080/city       curl localhost:8080/city       curl -X POST localhost:8080/visits
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;

public class WebStore {
    private static final int THREADS = 8;

    private final Map<String, String> values = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        int port = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8080;
        WebStore store = new WebStore();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", store::serve);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.start();
        System.out.println("listening on port " + port);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String key = exchange.getRequestURI().getPath().substring(1);
        String given = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        switch (exchange.getRequestMethod()) {
            case "GET":
                String value = get(key);
                answer(exchange, value == null ? 404 : 200, value == null ? "nothing" : value);
                break;
            case "PUT":
                put(key, given);
                answer(exchange, 204, "");
                break;
            case "POST":
                try {
                    answer(exchange, 200, addOne(key));
                } catch (NumberFormatException notANumber) {
                    answer(exchange, 409, "not a number");
                }
                break;
            default:
                answer(exchange, 405, "GET, PUT and POST are known");
        }
    }

    private synchronized String get(String key) {
        return values.get(key);
    }

    private synchronized void put(String key, String value) {
        values.put(key, value);
    }

    private synchronized String addOne(String key) {
        return values.merge(key, "1", (old, one) -> Long.toString(Long.parseLong(old) + 1));
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
