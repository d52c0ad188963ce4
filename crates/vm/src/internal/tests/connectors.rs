//! Connectors on a simulated outside: good and bad arguments, and restarts in the middle.

use super::bench::check;
use expect_test::expect;

#[test]
fn tcp_as_a_server() {
    check(&expect![[r#"
        s = new tcp
        s accept -> throws .internal.exception.io "the socket does not listen: call `listen` first"
        s listen "127.0.0.1:7000" -> throws .internal.exception.not_granted 104 bytes
        grant net=127.0.0.1
        s listen null -> throws "tcp.listen address is not a string host:port"
        s listen "nonsense" -> throws .internal.exception.not_granted "the program may not use nonsense; start it with --allow-net=nonsense, or --allow-net for all"
        s listen "127.0.0.1:7000" -> 7000
        s isOpen -> 1
        s address -> "127.0.0.1:7000"
        t = new tcp
        t listen "127.0.0.1:7000" -> throws .internal.exception.io 117 bytes
        t clone -> throws "clone is not possible: what is outside exists once"
        c = s accept -> waits for what is outside
        peer connect 127.0.0.1:7000
        again -> (.internal.tcp)
        c peer -> "127.0.0.1:40001"
        peer send hello
        c recv -> "hello"
        d = c recv -> waits for what is outside
        peer send more
        again -> "more"
        c send 5 -> throws "tcp.send data is neither a string nor a binary"
        c send "answer"
        peer receive -> "answer"
        c recvBinary 0 -> throws "tcp.recvBinary size is not positive: 0"
        c recvBinary -1 -> throws "tcp.recvBinary size is not positive: -1"
        peer send bytes
        b = c recvBinary 3 -> (.internal.binary)
        b text 0 3 -> "byt"
        c recvBinary 1000000000 -> (.internal.binary)
        c recv -> waits for what is outside
        peer close
        again -> null
        c send "too late" -> throws .internal.exception.connection_reset "cannot send 8 bytes to 127.0.0.1:40001: Broken pipe; connect again"
        c send "again" -> throws .internal.exception.io "the socket is not connected: call `connect` first"
        c disconnect
        c disconnect
        open -> 1
    "#]]);
}

#[test]
fn a_listening_socket_after_a_restart() {
    check(&expect![[r#"
        grant net
        s = new tcp
        s listen "127.0.0.1:0" -> 40001
        s address -> "127.0.0.1:40001"
        c = s accept -> waits for what is outside
        restart
        peer connect 127.0.0.1:40001
        again -> (.internal.tcp)
        c isOpen -> 1
        c peer -> "127.0.0.1:40002"
        restart
        s accept -> waits for what is outside
        grant net=elsewhere
        restart
        again -> throws .internal.exception.not_granted 106 bytes
        peer listen 127.0.0.1:40001
        grant net
        s accept -> throws .internal.exception.io 118 bytes
    "#]]);
}

#[test]
fn a_connection_after_a_restart() {
    check(&expect![[r#"
        grant net=127.0.0.1:80
        c = new tcp
        c connect "127.0.0.1:80" -> throws .internal.exception.io "cannot connect to 127.0.0.1:80: Connection refused; nobody listens there"
        c connect "127.0.0.1:81" -> throws .internal.exception.not_granted "the program may not use 127.0.0.1:81; start it with --allow-net=127.0.0.1:81, or --allow-net for all"
        c connect 7 -> throws "tcp.connect address is not a string host:port"
        c send "x" -> throws .internal.exception.io "the socket is not connected: call `connect` first"
        peer listen 127.0.0.1:80
        c connect "127.0.0.1:80"
        peer accept
        c recv -> waits for what is outside
        restart
        again -> throws .internal.exception.connection_reset "connection reset: the world was restarted, and the connection to 127.0.0.1:80 is gone; connect again"
        c recv -> throws .internal.exception.io "the socket is not connected: call `connect` first"
        c isOpen -> 0
        peer receive -> Reset
        c connect "127.0.0.1:80"
        peer accept
        c shutdown
        peer receive -> ""
        restart
        c send "unsent" -> throws .internal.exception.connection_reset "connection reset: the world was restarted, and the connection to 127.0.0.1:80 is gone; connect again"
        c send "unsent" -> throws .internal.exception.io "the socket is not connected: call `connect` first"
    "#]]);
}

#[test]
fn what_is_held_leaves_when_a_snapshot_holds_its_cause() {
    check(&expect![[r#"
        grant net
        peer listen 127.0.0.1:80
        c = new tcp
        c connect "127.0.0.1:80"
        peer accept
        c setDurable 1
        c send "held" -> waits for epoch 1
        peer receive -> nothing
        commit
        again
        peer receive -> "held"
        c send "unknown" -> waits for epoch 1
        restart
        again -> throws .internal.exception.unknown_outcome 111 bytes
        c send "closed" -> throws .internal.exception.io "the socket is not connected: call `connect` first"
    "#]]);
}

#[test]
fn documents() {
    check(&expect![[r#"
        t = new tcp
        t curl "http://example.org/x" null -> throws .internal.exception.not_granted 104 bytes
        grant net=example.org:80
        t curl "http://example.org/x" null -> throws .internal.exception.io 152 bytes
        t curl "http://example.org:8080/x" null -> throws .internal.exception.not_granted 108 bytes
        t curl "https://example.org/x" null -> throws .internal.exception.io 111 bytes
        t curl "http:///x" null -> throws .internal.exception.io "cannot fetch http:///x: the address must begin with http:// and name a host (https is not built in)"
        t curl "http://example.org" "no header" -> throws "tcp.curl header line is not of the form `name: value`"
        t curl "http://example.org" 7 -> throws "tcp.curl header is not a string"
        t curl null null -> throws "tcp.curl address is not a string"
    "#]]);
}

#[test]
fn datagrams() {
    check(&expect![[r#"
        u = new udp
        u recvFrom -> throws .internal.exception.io "the socket is not bound: call `bind` first"
        u bind 5000 -> throws .internal.exception.not_granted "the program may not use 0.0.0.0:5000; start it with --allow-net=0.0.0.0:5000, or --allow-net for all"
        grant net
        u bind -1 -> throws .internal.exception.io "cannot bind to 0.0.0.0:-1: an address is written host:port"
        u bind 5000
        v = new udp
        v bindAddress "127.0.0.1:0" -> 40001
        v bindAddress "127.0.0.1:99999" -> throws .internal.exception.io "cannot bind to 127.0.0.1:99999: an address is written host:port"
        v bindAddress "" -> throws "udp.bindAddress address is not a string host:port"
        u recvFrom -> waits for what is outside
        peer bind 127.0.0.1:6000
        peer to 127.0.0.1:5000 hello
        again -> "hello"
        u peer -> "127.0.0.1:6000"
        u sendTo "back" "127.0.0.1" 6000
        peer datagram -> "back"
        u sendTo "x" "nowhere" 6000 -> throws .internal.exception.io 154 bytes
        u sendTo null "127.0.0.1" 6000 -> throws "udp.sendTo data is neither a string nor a binary"
        u recvFrom -> waits for what is outside
        restart
        again -> waits for what is outside
        peer to 127.0.0.1:5000 after
        again -> "after"
        restart
        u sendTo "rebound" "127.0.0.1" 6000
        peer datagram -> "rebound"
        u disconnect
        u recvFrom -> throws .internal.exception.io "the socket is not bound: call `bind` first"
    "#]]);
}

#[test]
fn files() {
    check(&expect![[r#"
        f = new io
        f read 10 -> throws .internal.exception.io "the file is not open: call `open` first"
        f open "/data/a" -> throws .internal.exception.not_granted "the program may not read /data/a; start it with --allow-read=/data"
        grant read=/data write=/data in=/data
        folder /data
        f open "/data/../etc/passwd" -> throws .internal.exception.not_granted "the program may not read /etc/passwd; start it with --allow-read=/etc"
        f open "/data/none/a" -> throws .internal.exception.not_found "cannot open /data/none/a: No such file or directory"
        f openRead "/data/a" -> throws .internal.exception.not_found "cannot open /data/a: No such file or directory"
        f open null -> throws "io path is not a string"
        f open "a"
        f address -> "/data/a"
        f write "hello world"
        content /data/a -> Some("hello world")
        f position -> 11L
        f seek 6L 0 -> 6L
        f read 3 -> "wor"
        f read 1000000000 -> "ld"
        f read 10 -> null
        f read 0 -> throws "io.read size is not positive: 0"
        f seek -2L 2 -> 9L
        f seek -100L 1 -> throws "io.seek leads before the start or too far: -100"
        f seek 0L 7 -> throws "io.seek whence is not 0, 1 or 2: 7"
        f write 5 -> throws "io.write data is neither a string nor a binary"
        disk-full
        f write "!!" -> throws .internal.exception.io 106 bytes
        disk-free
        f position -> 9L
        f write "!!"
        f size -> 11L
        f resize 5L
        f resize -1L -> throws "io.resize size is negative: -1"
        f sync
        content /data/a -> Some("hello")
        f seek 0L 0 -> 0L
        b = f readBinary 4 -> (.internal.binary)
        b size -> 4
        r = new io
        r openRead "a"
        r write "x" -> throws .internal.exception.io "cannot write 1 bytes to /data/a: it was opened for reading only; open it with `open`"
        r close
        r read 1 -> throws .internal.exception.io "the file is not open: call `open` first"
        f open "/data" -> throws .internal.exception.io "cannot open /data: it is a folder"
        f isOpen -> 0
    "#]]);
}

#[test]
fn folders() {
    check(&expect![[r#"
        f = new io
        folder /data
        file /data/a text
        grant read=/data in=/data
        f exists "a" -> 1
        f exists "b" -> 0
        f exists "/etc" -> throws .internal.exception.not_granted "the program may not read /etc; start it with --allow-read=/"
        f list "." -> ["a"]
        f list "a" -> throws .internal.exception.io "cannot list /data/a: Not a directory"
        f list "b" -> throws .internal.exception.not_found "cannot list /data/b: No such file or directory"
        f isDirectory "." -> 1
        f isDirectory "a" -> 0
        f isDirectory "b" -> throws .internal.exception.not_found "cannot look at /data/b: No such file or directory"
        f sizeOf "a" -> 4L
        f modified "a" -> 0L
        f makeDirectory "inner" -> throws .internal.exception.not_granted "the program may not write /data/inner; start it with --allow-write=/data"
        f remove "a" -> throws .internal.exception.not_granted "the program may not write /data/a; start it with --allow-write=/data"
        grant read=/data write=/data in=/data
        f makeDirectory "inner"
        f makeDirectory "inner" -> throws .internal.exception.io "cannot make /data/inner: File exists"
        f rename "a" "inner/b"
        f rename "a" "c" -> throws .internal.exception.not_found "cannot rename /data/a to /data/c: No such file or directory"
        f list "/data/inner" -> ["b"]
        f remove "inner" -> throws .internal.exception.io "cannot remove /data/inner: Directory not empty"
        f remove "inner/b"
        f remove "inner"
        f list "." -> []
        f list null -> throws "io path is not a string"
    "#]]);
}

#[test]
fn a_file_after_a_restart() {
    check(&expect![[r#"
        folder /data
        file /data/a one two three
        grant read=/data write=/data
        f = new io
        f open "/data/a"
        f read 4 -> "one "
        restart
        f read 4 -> "two "
        f write "THREE"
        content /data/a -> Some("one two THREE")
        restart
        file /data/a another
        f read 1 -> throws .internal.exception.io "cannot read /data/a: since the world was restarted another file stands there; open it again"
        f read 1 -> throws .internal.exception.io "the file is not open: call `open` first"
        f open "/data/a"
        f seek 3L 0 -> 3L
        unfile /data/a
        restart
        f write "x" -> throws .internal.exception.not_found "cannot write 1 bytes to /data/a: No such file or directory"
        f isOpen -> 0
        open -> 0
    "#]]);
}

#[test]
fn processes() {
    check(&expect![[r#"
        p = new process
        a = new container.array
        p start "cat" a -> throws .internal.exception.not_granted "the program may not run cat; start it with --allow-run=cat, or --allow-run for all"
        p read -> throws .internal.exception.io "no process was started: call `start` first"
        grant run=cat run=none
        p start "true" null -> throws .internal.exception.not_granted "the program may not run true; start it with --allow-run=true, or --allow-run for all"
        p start "none" null -> throws .internal.exception.not_found "cannot start none: No such file or directory"
        p start null null -> throws "process.start program is not a string"
        p start "cat" "x" -> throws "process.start arguments are no array"
        a add 5 -> 0
        p start "cat" a -> throws "process.start argument 0 is not a string"
        p start "cat" null
        p write "through"
        p read -> "through"
        p closeInput
        p read -> null
        p wait -> 0
        p wait -> 0
        p start "cat" null
        p wait -> waits for what is outside
        restart
        again -> 137
        p wait -> 137
        p read -> null
        p readError -> null
        p write "x" -> throws .internal.exception.connection_reset "cannot write 1 bytes to cat: the process has ended"
        p start "cat" null
        p kill
        p wait -> 137
        p isOpen -> 0
        p address -> "cat"
    "#]]);
}

#[test]
fn what_nothing_refers_to_is_closed() {
    check(&expect![[r#"
        grant net
        c = new tcp
        c listen "127.0.0.1:1" -> 1
        c = new tcp
        c listen "127.0.0.1:2" -> 2
        open -> 2
        collect
        open -> 1
        c isOpen -> 1
    "#]]);
}

#[test]
fn random_numbers() {
    check(&expect![[r#"
        r = new random
        r seed 1L
        r nextInt -> 1949917470
        r nextLong -> -8730512010378760701L
        r below 10 -> 7
        r nextDouble -> 0.6924455848746632
        restart
        r nextInt -> -1744495261
        r seed 1L
        r nextInt -> 1949917470
        r below 0 -> throws "random.below limit is not above 0: 0"
        r below -5 -> throws "random.below limit is not above 0: -5"
        b = r bytes 16 -> (.internal.binary)
        b size -> 16
        r bytes -1 -> throws "random.bytes count is not in 0..1048576: -1"
        r bytes 2000000 -> throws "random.bytes count is not in 0..1048576: 2000000"
        q = new random
        b = q bytes 3 -> (.internal.binary)
        b size -> 3
    "#]]);
}

#[test]
fn counters() {
    check(&expect![[r#"
        s = new stat
        s getStat 0 4 -> 0L
        s getStat 1 4 -> 0L
        grant net
        peer bind 127.0.0.1:6000
        u = new udp
        u bind 5000
        u sendTo "12345" "127.0.0.1" 6000
        s getStat 9 2 -> 5L
        s getStat 9 3 -> 0L
        restart
        s getStat 0 4 -> 1L
        s getStat 9 2 -> 0L
        s getStat 9 3 -> 5L
        s getStat 9 4 -> 5L
        s getStat 9 1 -> 0L
        s getStat 1 3 -> 1L
        s getStat 6 4 -> 0L
        s getStat 99 4 -> throws "stat.getStat counter is not kept: 99"
        s getStat 0 0 -> throws "stat.getStat kind is not 1, 2, 3 or 4: 0"
        s getIdle -> -1
    "#]]);
}

#[test]
fn once() {
    check(&expect![[r#"
        o = new once
        o begin -> waits for epoch 1
        commit
        again -> 0
        o begin -> 1
        o end "paid" -> waits for epoch 1
        commit
        again
        o begin -> 2
        o result -> "paid"
        p = new once
        p begin -> waits for epoch 1
        restart
        again -> 1
        p begin -> 1
        p end null -> waits for epoch 2
        restart
        again
        p begin -> 2
        p result -> null
    "#]]);
}

#[test]
fn output_that_waits_for_its_cause() {
    check(&expect![[r#"
        c = new console
        c println "at once"
        c setDurable 1
        c println "held" -> waits for epoch 1
        output -> "at once\n" and ""
        commit
        again
        output -> "at once\nheld\n" and ""
        c print "held over a restart" -> waits for epoch 1
        restart
        again
        output -> "at once\nheld\nheld over a restart" and ""
        c setDurable 0
        c println "at once"
    "#]]);
}
