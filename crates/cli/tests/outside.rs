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
