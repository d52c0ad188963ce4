import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Settings of sockets, connecting with a limit and without waiting, halves that are closed, datagrams, names. */
public class Network {
    static final InetAddress HERE = InetAddress.getLoopbackAddress();

    public static void main(String[] arguments) throws Exception {
        options();
        limits();
        halves();
        channels();
        datagrams();
        datagramChannels();
        names();
    }

    static void options() throws Exception {
        try (ServerSocket server = new ServerSocket()) {
            System.out.println(server.getReuseAddress());
            server.setReceiveBufferSize(20000);
            server.setSoTimeout(1234);
            server.bind(new InetSocketAddress(HERE, 0));
            System.out.println(server.getSoTimeout() + " " + server.getReceiveBufferSize());
            try (Socket client = new Socket()) {
                System.out.println(client.getTcpNoDelay() + " " + client.getKeepAlive() + " " + client.getSoLinger() + " "
                    + client.getReuseAddress());
                client.setTcpNoDelay(true);
                client.setKeepAlive(true);
                client.setSoLinger(true, 7);
                client.setSendBufferSize(30000);
                client.connect(server.getLocalSocketAddress(), 2000);
                System.out.println(client.getTcpNoDelay() + " " + client.getKeepAlive() + " " + client.getSoLinger() + " "
                    + client.getSendBufferSize());
                client.setTcpNoDelay(false);
                client.setKeepAlive(false);
                client.setSoLinger(false, 0);
                client.setReuseAddress(true);
                client.setTrafficClass(16);
                System.out.println(client.getTcpNoDelay() + " " + client.getKeepAlive() + " " + client.getSoLinger() + " "
                    + client.getReuseAddress() + " " + client.getTrafficClass());
                client.setOption(StandardSocketOptions.SO_RCVBUF, 15000);
                System.out.println(client.getOption(StandardSocketOptions.SO_RCVBUF));
                try (Socket other = server.accept()) {
                    other.getOutputStream().write(new byte[] {1, 2, 3});
                    other.getOutputStream().flush();
                    InputStream in = client.getInputStream();
                    System.out.println(in.read());
                    System.out.println(in.available());
                }
            }
        }
    }

    static void limits() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, HERE)) {
            server.setSoTimeout(50);
            try {
                server.accept();
            } catch (SocketTimeoutException e) {
                System.out.println(e.getMessage());
            }
            try (Socket client = new Socket(HERE, server.getLocalPort()); Socket other = server.accept()) {
                client.setSoTimeout(50);
                try {
                    client.getInputStream().read();
                } catch (SocketTimeoutException e) {
                    System.out.println(e.getMessage());
                }
                other.getOutputStream().write(9);
                System.out.println(client.getInputStream().read());
            }
        }
        int free;
        try (ServerSocket server = new ServerSocket(0, 5, HERE)) {
            free = server.getLocalPort();
        }
        try (Socket client = new Socket()) {
            client.connect(new InetSocketAddress(HERE, free), 2000);
        } catch (ConnectException e) {
            System.out.println(e.getMessage());
        }
    }

    static void halves() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, HERE);
                Socket client = new Socket(HERE, server.getLocalPort());
                Socket other = server.accept()) {
            client.getOutputStream().write("question".getBytes());
            client.shutdownOutput();
            System.out.println(new String(other.getInputStream().readAllBytes()));
            other.getOutputStream().write("answer".getBytes());
            other.shutdownOutput();
            System.out.println(new String(client.getInputStream().readAllBytes()));
            System.out.println(client.isOutputShutdown() + " " + client.isInputShutdown());
            try {
                client.getOutputStream().write(1);
            } catch (SocketException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    static void channels() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress(HERE, 0));
                SocketChannel client = SocketChannel.open()) {
            client.configureBlocking(false);
            boolean made = client.connect(server.getLocalAddress());
            try (Selector selector = Selector.open()) {
                if (!made) {
                    client.register(selector, SelectionKey.OP_CONNECT);
                    while (!made) {
                        selector.select();
                        selector.selectedKeys().clear();
                        made = client.finishConnect();
                    }
                }
            }
            System.out.println(client.isConnected() + " " + client.getRemoteAddress().equals(server.getLocalAddress()));
            try (SocketChannel other = server.accept()) {
                ByteBuffer room = ByteBuffer.allocate(100);
                System.out.println(client.read(room));
                other.write(ByteBuffer.wrap("over a channel".getBytes()));
                while (room.position() < 14) {
                    client.read(room);
                }
                System.out.println(new String(room.array(), 0, room.position()));
            }
        }
        int free;
        try (ServerSocket server = new ServerSocket(0, 5, HERE)) {
            free = server.getLocalPort();
        }
        try (SocketChannel client = SocketChannel.open()) {
            client.configureBlocking(false);
            boolean made = client.connect(new InetSocketAddress(HERE, free));
            while (!made) {
                made = client.finishConnect();
                Thread.sleep(1);
            }
        } catch (ConnectException e) {
            System.out.println(e.getMessage());
        }
    }

    static void datagrams() throws Exception {
        try (DatagramSocket one = new DatagramSocket(0, HERE); DatagramSocket two = new DatagramSocket(0, HERE)) {
            byte[] hello = "hello".getBytes();
            one.send(new DatagramPacket(hello, hello.length, HERE, two.getLocalPort()));
            DatagramPacket room = new DatagramPacket(new byte[3], 3);
            two.setSoTimeout(5000);
            two.receive(room);
            System.out.println(new String(room.getData(), 0, room.getLength()) + " " + (room.getPort() == one.getLocalPort())
                + " " + room.getAddress().getHostAddress());
            two.setSoTimeout(50);
            try {
                two.receive(room);
            } catch (SocketTimeoutException e) {
                System.out.println(e.getMessage());
            }
            two.connect(HERE, one.getLocalPort());
            two.send(new DatagramPacket(hello, 2));
            byte[] got = new byte[10];
            DatagramPacket back = new DatagramPacket(got, got.length);
            one.receive(back);
            System.out.println(back.getLength() + " " + two.isConnected() + " " + (two.getPort() == one.getLocalPort()));
            two.disconnect();
            System.out.println(two.isConnected() + " " + two.getBroadcast());
            two.setReceiveBufferSize(30000);
            System.out.println(two.getReceiveBufferSize());
        }
    }

    static void datagramChannels() throws Exception {
        try (DatagramChannel one = DatagramChannel.open().bind(new InetSocketAddress(HERE, 0));
                DatagramChannel two = DatagramChannel.open().bind(new InetSocketAddress(HERE, 0));
                Selector selector = Selector.open()) {
            two.configureBlocking(false);
            ByteBuffer room = ByteBuffer.allocateDirect(100);
            System.out.println(two.receive(room));
            two.register(selector, SelectionKey.OP_READ);
            one.send(ByteBuffer.wrap("a datagram".getBytes()), two.getLocalAddress());
            System.out.println(selector.select(5000));
            SocketAddress from = two.receive(room);
            room.flip();
            System.out.println(StandardCharsets.UTF_8.decode(room) + " " + from.equals(one.getLocalAddress()));
            one.connect(two.getLocalAddress());
            one.write(ByteBuffer.wrap("written".getBytes()));
            selector.selectedKeys().clear();
            selector.select(5000);
            room.clear();
            two.receive(room);
            room.flip();
            System.out.println(StandardCharsets.UTF_8.decode(room));
        }
    }

    static void names() throws Exception {
        System.out.println(InetAddress.getByName("localhost").isLoopbackAddress());
        System.out.println(InetAddress.getByName("127.0.0.1").getHostAddress());
        System.out.println(!InetAddress.getLocalHost().getHostName().isEmpty());
        try {
            InetAddress.getByName("no-such-name.invalid");
        } catch (UnknownHostException e) {
            System.out.println(e.getMessage());
        }
    }
}
