import java.io.*;
import java.lang.annotation.*;
import java.lang.reflect.*;
import java.lang.reflect.Proxy;
import java.net.*;
import java.util.*;
import java.util.logging.*;
import javax.xml.parsers.*;
import javax.xml.stream.*;
import javax.xml.transform.*;
import javax.xml.transform.dom.*;
import javax.xml.transform.stream.*;
import javax.xml.xpath.*;
import org.w3c.dom.*;
import org.xml.sax.*;
import org.xml.sax.helpers.*;

/** XML, addresses, logging, serialization, proxies. */
public class Documents {
    static final String XML = "<?xml version='1.0'?><!DOCTYPE shop [<!ENTITY co 'Company'>]><shop name='a &amp; b'><item id='1'>pear &co;</item><!-- none --><item id='2'><![CDATA[<b>]]></item></shop>";

    static class Node implements Serializable {
        private static final long serialVersionUID = 1;
        String name;
        transient int secret = 5;
        Node next;
        List<Object> rest = new ArrayList<>(List.of(1, "two", 3.0));
        Day day = Day.TUE;
        Point point = new Point(1, 2);

        Node(String name) {
            this.name = name;
        }

        private void writeObject(ObjectOutputStream out) throws IOException {
            out.defaultWriteObject();
            out.writeInt(42);
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            secret = in.readInt();
        }
    }

    enum Day {
        MON,
        TUE
    }

    record Point(int x, int y) implements Serializable {}

    static class Single implements Serializable {
        static final Single ONE = new Single();

        private Object readResolve() {
            return ONE;
        }
    }

    static class External implements Externalizable {
        int value;

        public External() {}

        public void writeExternal(ObjectOutput out) throws IOException {
            out.writeInt(value * 2);
        }

        public void readExternal(ObjectInput in) throws IOException {
            value = in.readInt();
        }
    }

    static class Bad implements Serializable {
        Object held = new Object();
    }

    @SuppressWarnings("unchecked")
    static <T> T copy(T object) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return (T) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    }

    static void serialization() throws Exception {
        Node node = new Node("first");
        node.next = new Node("second");
        node.next.next = node;
        Node other = copy(node);
        System.out.println(other.name + other.secret + other.next.name + (other.next.next == other) + other.rest + other.day + (other.day == Day.TUE) + other.point);
        External external = new External();
        external.value = 21;
        int[][] array = copy(new int[][] {{1}, {2, 3}});
        System.out.println((copy(Single.ONE) == Single.ONE) + " " + copy(external).value + Arrays.deepToString(array) + copy(new TreeMap<>(Map.of("k", List.of(1)))) + copy(new Date(0)).getTime() + copy(new java.math.BigDecimal("1.50")) + copy(new LinkedHashSet<>(List.of(3, 1))) + copy(java.time.LocalDate.EPOCH) + copy((Runnable & Serializable) () -> System.out.print("run ")).getClass().isSynthetic());
        try {
            copy(new Bad());
        } catch (NotSerializableException e) {
            System.out.println(e.getMessage());
        }
        ObjectStreamClass desc = ObjectStreamClass.lookup(Node.class);
        System.out.println(desc.getSerialVersionUID() + " " + Arrays.toString(desc.getFields()) + ObjectStreamClass.lookup(Day.class).getSerialVersionUID());
    }

    static void xml() throws Exception {
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(XML)));
        NodeList items = document.getElementsByTagName("item");
        for (int i = 0; i < items.getLength(); i++) System.out.print(((Element) items.item(i)).getAttribute("id") + items.item(i).getTextContent() + " ");
        System.out.println(document.getDocumentElement().getAttribute("name") + XPathFactory.newInstance().newXPath().evaluate("count(//item[@id>1])", document));
        Element added = document.createElement("item");
        added.setAttribute("id", "3");
        document.getDocumentElement().appendChild(added);
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter out = new StringWriter();
        transformer.transform(new DOMSource(document.getDocumentElement()), new StreamResult(out));
        System.out.println(out);
        StringBuilder events = new StringBuilder();
        SAXParserFactory.newInstance().newSAXParser().parse(new InputSource(new StringReader(XML)), new DefaultHandler() {
            @Override
            public void startElement(String uri, String local, String name, Attributes attributes) {
                events.append('<').append(name).append(attributes.getLength());
            }

            @Override
            public void characters(char[] ch, int start, int length) {
                events.append(ch, start, length);
            }

            @Override
            public void endElement(String uri, String local, String name) {
                events.append('>');
            }
        });
        System.out.println(events);
        try {
            DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
            builder.setErrorHandler(null);
            builder.parse(new InputSource(new StringReader("<a><b></a>")));
        } catch (SAXParseException e) {
            System.out.println(e.getLineNumber() + ":" + e.getColumnNumber() + " " + e.getMessage());
        }
        XMLStreamReader reader = XMLInputFactory.newInstance().createXMLStreamReader(new StringReader("<a x='1'>t<b/></a>"));
        StringBuilder codes = new StringBuilder();
        while (reader.hasNext()) codes.append(reader.next()).append(reader.hasName() ? reader.getLocalName() : "").append(' ');
        System.out.println(codes);
        StringWriter written = new StringWriter();
        XMLStreamWriter writer = XMLOutputFactory.newInstance().createXMLStreamWriter(written);
        writer.writeStartElement("r");
        writer.writeAttribute("q", "<\">");
        writer.writeCharacters("a<b");
        writer.writeEndElement();
        writer.close();
        System.out.println(written);
        String xsl = "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:output method='text'/><xsl:template match='/'><xsl:for-each select='//item'><xsl:sort select='@id' order='descending'/><xsl:value-of select='concat(@id,\".\")'/></xsl:for-each></xsl:template></xsl:stylesheet>";
        StringWriter text = new StringWriter();
        TransformerFactory.newInstance().newTransformer(new StreamSource(new StringReader(xsl))).transform(new DOMSource(document), new StreamResult(text));
        System.out.println(text);
    }

    static void addresses() throws Exception {
        URI uri = new URI("http://user@host.example:8080/a/b/../c%20d?q=1&r=%C3%A9#frag");
        System.out.println(uri.getHost() + uri.getPort() + uri.getPath() + uri.getRawQuery() + uri.getQuery() + uri.getFragment() + uri.normalize() + uri.resolve("../x/y") + URI.create("a/b").isAbsolute() + URI.create("http://h/a/").relativize(URI.create("http://h/a/b/c")));
        try {
            new URI("http://a b");
        } catch (URISyntaxException e) {
            System.out.println(e.getMessage());
        }
        URL url = new URL("https://example.org:443/p?q#r");
        System.out.println(url.getProtocol() + url.getDefaultPort() + url.getFile() + url.getRef() + new URL(url, "other").getPath() + URLEncoder.encode("a b&c=é", "UTF-8") + URLDecoder.decode("a+b%26", "UTF-8") + InetAddress.getByAddress(new byte[] {127, 0, 0, 1}).isLoopbackAddress());
        try {
            new URL("nope://x");
        } catch (MalformedURLException e) {
            System.out.println(e.getMessage());
        }
    }

    static void logging() throws Exception {
        Logger logger = Logger.getLogger("documents.test");
        logger.setUseParentHandlers(false);
        List<String> records = new ArrayList<>();
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                records.add(record.getLevel() + " " + new SimpleFormatter().formatMessage(record) + (record.getThrown() == null ? "" : " " + record.getThrown().getMessage()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        logger.info("hello");
        logger.fine("hidden");
        logger.log(Level.WARNING, "{0} and {1}", new Object[] {"a", 2});
        logger.log(Level.SEVERE, "failed", new RuntimeException("why"));
        logger.setLevel(Level.ALL);
        logger.finest(() -> "supplied");
        System.out.println(records + " " + Logger.getLogger("documents").isLoggable(Level.FINE) + logger.getParent().getName().isEmpty() + Level.parse("800"));
    }

    interface Greeter {
        String greet(String name);

        default String twice(String name) {
            return greet(name) + greet(name);
        }
    }

    @Retention(RetentionPolicy.RUNTIME)
    @interface Marked {
        String value() default "none";

        int[] numbers() default {1, 2};

        Class<?> type() default Object.class;
    }

    @Marked(value = "here", numbers = {3})
    public static class Target<T extends Comparable<T>> {
        protected T field;

        @Marked
        public <E extends Exception> List<? super T> method(T t, int... more) throws E, IOException {
            return null;
        }
    }

    static void reflection() throws Exception {
        Greeter greeter = (Greeter) Proxy.newProxyInstance(Documents.class.getClassLoader(), new Class<?>[] {Greeter.class}, (proxy, method, arguments) -> {
            if (method.isDefault()) return InvocationHandler.invokeDefault(proxy, method, arguments);
            return switch (method.getName()) {
                case "greet" -> "hi " + arguments[0] + " ";
                case "toString" -> "the proxy";
                case "hashCode" -> 7;
                default -> throw new UnsupportedOperationException(method.getName());
            };
        });
        System.out.println(greeter.greet("a") + greeter.twice("b") + greeter + greeter.hashCode() + Proxy.isProxyClass(greeter.getClass()));
        Method method = Target.class.getDeclaredMethods()[0];
        System.out.println(method.toGenericString() + " " + method.isVarArgs() + method.getAnnotation(Marked.class).value() + method.getAnnotation(Marked.class).type() + Arrays.toString(method.getExceptionTypes()));
        System.out.println(Target.class.getAnnotation(Marked.class).value() + Arrays.toString(Target.class.getAnnotation(Marked.class).numbers()) + Target.class.getTypeParameters()[0].getBounds()[0] + Modifier.toString(Target.class.getModifiers()) + Target.class.getDeclaredField("field").getGenericType() + Target.class.getEnclosingClass().getSimpleName());
        Constructor<Node> constructor = Node.class.getDeclaredConstructor(String.class);
        Field secret = Node.class.getDeclaredField("secret");
        Node node = constructor.newInstance("made");
        secret.setInt(node, 99);
        System.out.println(node.name + secret.get(node) + secret.getType() + int[][].class.getName() + String[].class.getSimpleName() + Map.Entry.class.getCanonicalName() + Point.class.getRecordComponents()[1].getName() + Day.class.getEnumConstants().length + void.class + Array.getLength(Array.newInstance(int.class, 2, 3)));
        try {
            Documents.class.getDeclaredMethod("copy", Object.class).invoke(null, new Bad());
        } catch (InvocationTargetException e) {
            System.out.println(e.getCause().getClass().getName());
        }
        try {
            String.class.getDeclaredField("value").setAccessible(true);
        } catch (RuntimeException e) {
            System.out.println(e.getMessage().split(": ")[0]);
        }
    }

    public static void main(String[] args) throws Exception {
        serialization();
        xml();
        addresses();
        logging();
        reflection();
    }
}
