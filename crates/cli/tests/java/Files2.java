import java.io.File;
import java.net.*;
import java.nio.file.*;
import java.nio.file.attribute.*;
import java.util.*;

/** Hard links, names of users, room of file systems, interfaces of the network. */
public class Files2 {
    public static void main(String[] arguments) throws Exception {
        links();
        users();
        stores();
        interfaces();
    }

    static void links() throws Exception {
        Path one = Files.writeString(Path.of("one.txt"), "shared");
        Path two = Files.createLink(Path.of("two.txt"), one);
        Files.writeString(two, " and changed", StandardOpenOption.APPEND);
        System.out.println(Files.readString(one) + " " + Files.isSameFile(one, two) + " " + Files.getAttribute(one, "unix:nlink"));
        Files.delete(one);
        System.out.println(Files.readString(two) + " " + Files.exists(one));
        try {
            Files.createLink(two, Path.of("not-there.txt"));
        } catch (FileSystemException e) {
            System.out.println(e.getClass().getSimpleName() + " " + e.getMessage());
        }
    }

    static void users() throws Exception {
        Path file = Path.of("two.txt");
        System.out.println(Files.getOwner(file).getName());
        System.out.println(Files.readAttributes(file, PosixFileAttributes.class).group().getName());
        UserPrincipalLookupService service = FileSystems.getDefault().getUserPrincipalLookupService();
        System.out.println(service.lookupPrincipalByName("root") + " " + service.lookupPrincipalByGroupName("root"));
        try {
            service.lookupPrincipalByName("nobody-has-this-name");
        } catch (UserPrincipalNotFoundException e) {
            System.out.println(e.getName());
        }
    }

    static void stores() throws Exception {
        File here = new File(".").getAbsoluteFile();
        System.out.println((here.getTotalSpace() > 0) + " " + (here.getUsableSpace() <= here.getTotalSpace()) + " "
            + new File("not-there").getTotalSpace());
        FileStore store = Files.getFileStore(Path.of("two.txt"));
        System.out.println(store.name() + " " + store.type() + " " + (store.getTotalSpace() == here.getTotalSpace()) + " "
            + store.isReadOnly() + " " + store.supportsFileAttributeView(BasicFileAttributeView.class));
    }

    static void interfaces() throws Exception {
        NetworkInterface loopback = NetworkInterface.getByName("lo");
        System.out.println(loopback.isLoopback() + " " + loopback.isUp() + " " + loopback.getMTU() + " " + loopback.getIndex()
            + " " + loopback.isVirtual() + " " + Arrays.toString(loopback.getHardwareAddress()));
        List<String> addresses = new ArrayList<>();
        for (InterfaceAddress address : loopback.getInterfaceAddresses()) {
            if (address.getAddress() instanceof Inet4Address) {
                addresses.add(address.getAddress().getHostAddress() + "/" + address.getNetworkPrefixLength());
            }
        }
        System.out.println(addresses);
        System.out.println(NetworkInterface.getByInetAddress(InetAddress.getByName("127.0.0.1")).getName());
        List<String> all = new ArrayList<>();
        NetworkInterface.networkInterfaces().forEach(one -> all.add(one.getName()));
        Collections.sort(all);
        System.out.println(all + " " + NetworkInterface.getByName("not-there"));
    }
}
