//! Programs that reach outside their world, through the real binary: grants, and what a kill does to what is open.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use common::{Scratch, ran};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

/// Counts the connections that it has answered, over all restarts.
const SERVER: &str = "package .t; class server { void main() {
    var s = new .internal.tcp();
    println(s.listen(\"127.0.0.1:0\"));
    for (var n = 1; ; n++) {
        .internal.tcp c = s.accept();
        try { c.send(\"answer \" + n + \" to \" + c.recv()); }
        catch (.internal.exception.io e) { println(e.getMessage()); }
        c.disconnect();
    } } };";

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
    line.trim().to_string()
}

/// Asks until it is answered, for half a minute at most.
fn ask(port: &str, question: &str) -> String {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let answered = TcpStream::connect(format!("127.0.0.1:{port}")).and_then(|mut stream| {
            stream.write_all(question.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        match answered {
            Ok(answer) if !answer.is_empty() => return answer,
            other => assert!(Instant::now() < patience, "nobody answers: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_is_killed_answers_again_at_the_same_port() {
    let s = Scratch::new();
    s.file("server.ph", SERVER);
    let run = ["run", "--every", "20ms", "--allow-net=127.0.0.1", "server.ph"];
    let mut child = s.command(&run).spawn().expect("it starts");
    let port = first_line(&mut child);
    assert_eq!(ask(&port, "one"), "answer 1 to one");
    // Time for a snapshot in which it waits for the next one.
    std::thread::sleep(Duration::from_millis(500));
    child.kill().expect("it can be killed");
    ran(child);
    // The grants are in the world.
    let mut child = s.command(&["resume", "server.world"]).spawn().expect("it starts");
    let answer = ask(&port, "two");
    assert!(answer == "answer 2 to two" || answer == "answer 1 to two", "{answer}");
    child.kill().expect("it can be killed");
    let ended = ran(child);
    assert!(ended.err.contains("goes on from snapshot"), "{ended:#?}");
    // Given again they replace what it had.
    let denied = s.phantom(&["resume", "--allow-read=.", "server.world"]).status(1);
    denied.says(&[&format!("--allow-net=127.0.0.1:{port}"), "not_granted"]);
}

#[test]
fn a_port_in_use_and_what_was_not_granted() {
    let s = Scratch::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    s.file(
        "taken.ph",
        format!(
            "package .t; class taken {{ void main() {{
            var s = new .internal.tcp();
            try {{ s.listen(\"127.0.0.1:{port}\"); }}
            catch (.internal.exception.not_granted e) {{ println(\"not granted\"); }}
            catch (.internal.exception.io e) {{ println(e.getMessage()); }} }} }};"
        ),
    );
    s.phantom(&["run", "--world", "a", "taken.ph"]).status(0).out("not granted\n");
    let inuse = s.phantom(&["run", "--world", "b", "--allow-net", "taken.ph"]).status(0);
    assert!(inuse.out.contains("Address already in use; stop the program"), "{inuse:#?}");
    s.phantom(&["run", "--world", "c", "--allow-read=nowhere", "taken.ph"]).status(2).says(&["nowhere"]);
}

#[test]
fn files_and_processes_of_the_machine() {
    let s = Scratch::new();
    s.file("input.txt", "some text");
    std::os::unix::fs::symlink("/etc", s.path("link")).expect("a link");
    s.file(
        "files.ph",
        "package .t; class files { void main() {
        var f = new .internal.io();
        f.openRead(\"input.txt\");
        println(f.read(100));
        try { f.openRead(\"link/passwd\"); }
        catch (.internal.exception.not_granted e) { println(\"not out of the folder\"); }
        f.open(\"output.txt\");
        f.write(\"written\");
        f.close();
        var p = new .internal.process();
        p.start(\"cat\", null);
        p.write(\"through a process\");
        p.closeInput();
        println(p.read());
        println(p.wait());
    } };",
    );
    s.phantom(&["run", "--allow-read=.", "--allow-write=.", "--allow-run=cat", "files.ph"])
        .status(0)
        .out("some text\nnot out of the folder\nthrough a process\n0\n");
    assert_eq!(std::fs::read_to_string(s.path("output.txt")).expect("a file"), "written");
}

/// Listens, and accepts nobody before a line is typed.
const SLOW: &str = "package .t; class slow { void main() {
    var s = new .internal.tcp();
    println(s.listen(\"127.0.0.1:0\"));
    var clock = new .internal.time();
    clock.sleepMsec(1500);
    .internal.tcp c = s.accept();
    c.send(\"at last\");
    c.disconnect();
    } };";

#[test]
fn a_listening_socket_is_bound_again_before_anybody_accepts() {
    let s = Scratch::new();
    s.file("slow.ph", SLOW);
    let mut child =
        s.command(&["run", "--every", "20ms", "--allow-net", "slow.ph"]).spawn().expect("it starts");
    let port = first_line(&mut child);
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("it can be killed");
    ran(child);
    // However often it is killed meanwhile.
    for _ in 0..3 {
        let mut child = s.command(&["resume", "slow.world"]).spawn().expect("it starts");
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            assert!(Instant::now() < patience, "it does not listen");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it can be killed");
        ran(child);
    }
    let child = s.command(&["resume", "slow.world"]).spawn().expect("it starts");
    assert_eq!(ask(&port, ""), "at last");
    assert_eq!(ran(child).status, Some(0));
    // Its past over again, with the port taken meanwhile.
    let mut child = s
        .command(&["run", "--fresh", "--every", "20ms", "--allow-net", "slow.ph"])
        .spawn()
        .expect("it starts");
    let port = first_line(&mut child);
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("it can be killed");
    ran(child);
    let _taken = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free now");
    let refused = s.phantom(&["resume", "slow.world"]).status(1);
    refused.says(&["Address already in use", "stop the program that uses the address", &port]);
}

#[test]
fn with_durable_what_was_answered_stays() {
    let s = Scratch::new();
    s.file("server.ph", SERVER);
    let run = ["run", "--every", "10s", "--durable", "--allow-net", "server.ph"];
    let mut child = s.command(&run).spawn().expect("it starts");
    let port = first_line(&mut child);
    for n in 1..=6 {
        assert_eq!(ask(&port, "you"), format!("answer {n} to you"));
        if n % 2 == 0 {
            child.kill().expect("it can be killed");
            ran(child);
            child = s.command(&["resume", "--every", "10s", "server.world"]).spawn().expect("it starts");
        }
    }
    // Its switch is in the world, and can be seen and turned.
    let shown = s.phantom(&["ps", "server.world"]).status(0);
    assert!(shown.out.contains("running, durable"), "{shown:#?}");
    let shown = s.phantom(&["info", "server.world"]).status(0);
    assert!(shown.out.contains("durable    server"), "{shown:#?}");
    child.kill().expect("it can be killed");
    ran(child);
    let run = ["resume", "--durable=no", "server.world"];
    let mut child = s.command(&run).spawn().expect("it starts");
    assert_eq!(ask(&port, "me"), "answer 7 to me");
    s.phantom(&["snap", "server.world"]).status(0);
    child.kill().expect("it can be killed");
    ran(child);
    let shown = s.phantom(&["ps", "--json", "server.world"]).status(0);
    assert!(
        shown.out.contains("\"durable\":false") || shown.out.contains("\"durable\": false"),
        "{shown:#?}"
    );
    s.phantom(&["resume", "--durable=perhaps", "server.world"]).status(2).says(&["yes or no"]);
}

#[test]
fn a_name_without_an_address_and_a_peer_that_resets_while_it_is_sent_to() {
    let s = Scratch::new();
    let peer = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = peer.local_addr().expect("its address").port();
    s.file(
        "client.ph",
        format!(
            "package .t; class client {{ void main() {{
            var s = new .internal.tcp();
            try {{ s.connect(\"no-such-host.invalid:80\"); }}
            catch (.internal.exception.io e) {{ println(e.getMessage()); }}
            s.connect(\"127.0.0.1:{port}\");
            string text = \"0123456789abcdef\";
            for (int n = 0; n < 20; n += 1) text += text;
            int sent = 0;
            try {{ while (1) {{ s.send(text); sent += 1; }} }}
            catch (.internal.exception.connection_reset e) {{ println(e.getMessage()); }}
            println(s.isOpen());
            try {{ s.send(text); }} catch (.internal.exception.io e) {{ println(e.getMessage()); }} }} }};"
        ),
    );
    let rude = std::thread::spawn(move || {
        let (mut stream, _) = peer.accept().expect("a connection");
        let mut some = [0; 1000];
        stream.read_exact(&mut some).expect("some bytes");
        // Unread bytes make the end of it a reset.
    });
    let said = s.phantom(&["run", "--allow-net", "client.ph"]).status(0);
    rude.join().expect("the peer");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 4, "{said:#?}");
    assert!(lines[0].contains("no-such-host.invalid:80") && lines[0].contains("check the name"), "{said:#?}");
    assert!(lines[1].starts_with("cannot send 16777216 bytes to 127.0.0.1:"), "{said:#?}");
    assert!(lines[1].ends_with("; connect again"), "{said:#?}");
    assert_eq!(lines[2], "0");
    assert!(lines[3].contains("not connected: call `connect` first"), "{said:#?}");
}

#[test]
fn a_file_that_vanishes_or_is_another_one() {
    let s = Scratch::new();
    s.file("a.txt", "first");
    s.file("b.txt", "second");
    s.file(
        "reader.ph",
        "package .t; class reader {
        void tell(var f : .internal.io) {
            try { println(f.read(1)); } catch (.internal.exception.io e) { println(e.getMessage()); }
        }
        void main() {
            var a = new .internal.io();
            var b = new .internal.io();
            a.openRead(\"a.txt\");
            b.openRead(\"b.txt\");
            tell(a); tell(b);
            new .internal.console().readLine();
            tell(a); tell(b);
            try { a.openRead(\"a.txt\"); } catch (.internal.exception.not_found e) { println(e.getMessage()); }
        } };",
    );
    let run = ["run", "--every", "20ms", "--allow-read=.", "reader.ph"];
    let mut child = s.command(&run).stdin(std::process::Stdio::piped()).spawn().expect("it starts");
    assert_eq!(first_line(&mut child), "f");
    std::thread::sleep(Duration::from_millis(500));
    child.kill().expect("it can be killed");
    ran(child);
    std::fs::remove_file(s.path("a.txt")).expect("the file is there");
    std::fs::remove_file(s.path("b.txt")).expect("the file is there");
    s.file("other", "another");
    std::fs::rename(s.path("other"), s.path("b.txt")).expect("it can be moved");
    let said = s.phantom_with_input(&run, "go on\n").status(0);
    let lines: Vec<&str> = said.out.lines().collect();
    let end = &lines[lines.len().saturating_sub(3)..];
    assert!(end[0].contains("a.txt") && end[0].contains("No such file"), "{said:#?}");
    assert!(end[1].contains("b.txt") && end[1].contains("another file"), "{said:#?}");
    assert!(end[2].contains("cannot open") && end[2].contains("a.txt"), "{said:#?}");
}
