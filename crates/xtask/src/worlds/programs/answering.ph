// Answers over TCP, each answer only when the snapshot that holds its cause is durable.
//   add N: adds to the sum, answers it        sum: answers the sum
package .worlds;

class client {
    var of : answering;
    var wire : .internal.tcp;

    void client(var server : answering, var c : .internal.tcp) {
        of = server;
        wire = c;
    }
    void run() {
        try {
            wire.setDurable(1);
            string rest = "";
            while (true) {
                int at = rest.strstr("\n");
                if (at < 0) {
                    string more = wire.recv();
                    if (more == null) break;
                    rest = rest + more;
                } else {
                    string line = rest.substring(0, at);
                    rest = at + 1 < rest.length() ? rest.substring(at + 1, rest.length() - at - 1) : "";
                    wire.send(of.answer(line) + "\n");
                }
            }
        }
        catch (.internal.exception.io e) { }
        wire.disconnect();
    }
};

class answering {
    var sum : int;
    var lock : .internal.mutex;

    string answer(var line : string) {
        lock.lock();
        if (line != "sum") sum = sum + line.toInt();
        string text = sum.toString();
        lock.unlock();
        return text;
    }
    int main(string[] args) {
        lock = new .internal.mutex();
        var socket = new .internal.tcp();
        println("listening on " + socket.listen("127.0.0.1:7000"));
        while (true) {
            var c = socket.accept();
            new .internal.thread().start(new client(this, c));
        }
        return 0;
    }
};
