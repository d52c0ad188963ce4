// Answers each connection with what it sends, one thread for each; prints the port.
package .benches;

import .internal.tcp;
import .internal.world;

class serving {
    var connection : .internal.tcp;

    void serving(.internal.tcp accepted) {
        connection = accepted;
    }

    void run(var nothing) [8] {
        try {
            while (1) {
                string came = connection.recv();
                if (came :== null) break;
                connection.send(came);
            }
        }
        catch (.internal.exception.io gone) { }
        connection.disconnect();
    }
};

class echo {
    void main() {
        var world = new .internal.world();
        var server = new .internal.tcp();
        println(server.listen("127.0.0.1:0"));
        while (1) {
            .internal.tcp accepted = server.accept();
            world.startThread(new serving(accepted), null);
        }
    }
};
