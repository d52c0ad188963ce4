//! Java programs and the world outside: files and compression as on HotSpot, grants, and files over `kill -9`.
//! Without a JDK 17 every test here says that it was skipped.

mod common;

use common::jdk::{jdk, source};
use common::{Scratch, ran, root};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Kills of the program that is killed.
const KILLS: u32 = 3;

/// Compiles a source to the folder `classes`.
fn compile(jdk: &Path, scratch: &Scratch, source: &Path) -> PathBuf {
    let classes = scratch.path("classes");
    let compiled = Command::new(jdk.join("bin/javac"))
        .args(["-nowarn", "-d"])
        .arg(&classes)
        .arg(source)
        .stderr(Stdio::null())
        .status()
        .expect("javac runs");
    assert!(compiled.success(), "{} compiles", source.display());
    classes
}

/// What HotSpot prints, in a folder of its own.
fn expected(jdk: &Path, name: &str) -> String {
    let scratch = Scratch::new();
    let folder = scratch.path("run");
    std::fs::create_dir(&folder).expect("a folder");
    let classes = compile(jdk, &scratch, &source(name));
    let mut command = Command::new(jdk.join("bin/java"));
    let ran = command.arg("-cp").arg(&classes).arg(name).current_dir(folder).output().expect("java runs");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn check(name: &str, options: &[&str]) {
    let Some(jdk) = jdk() else { return };
    let out = expected(&jdk, name);
    assert!(out.lines().count() >= 5, "{name} has something to say");
    let scratch = Scratch::new();
    let path = source(name);
    let mut arguments = vec!["run", "--world", "w"];
    arguments.extend(options);
    arguments.push(path.to_str().expect("a path of text"));
    let ran = scratch.phantom(&arguments);
    assert_eq!(ran.out, out, "{}", ran.err);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}

#[test]
fn streams_files_and_channels() {
    check("Files1", &[]);
}

#[test]
fn compression_and_jars() {
    check("Zip", &[]);
}

#[test]
fn sockets_selectors_and_http() {
    check("Sockets", &["--allow-net"]);
}

#[test]
fn an_http_server_and_its_clients() {
    check("Http", &["--allow-net"]);
}

#[test]
fn settings_limits_and_datagrams() {
    check("Network", &["--allow-net"]);
}

#[test]
fn links_users_room_and_interfaces() {
    check("Files2", &[]);
}

#[test]
fn processes() {
    check("Processes", &["--allow-run"]);
}

/// Runs a source until it has said something and a snapshot has it, kills it, and runs it again: what it says then.
fn killed_and_again(name: &str, text: &str, option: &str) -> Option<String> {
    jdk()?;
    let scratch = Scratch::new();
    let source = scratch.file(&format!("{name}.java"), text);
    let run = ["run", "--every", "20ms", "--world", "w", option, source.to_str().expect("a path of text")];
    let mut child = scratch.command(&run).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
    std::thread::sleep(Duration::from_secs(1));
    child.kill().expect("it can be killed");
    ran(child);
    Some(scratch.phantom(&run).status(0).out)
}

#[test]
fn a_process_is_gone_after_a_kill() {
    let text = "public class Gone { public static void main(String[] a) throws Exception {
        Process cat = new ProcessBuilder(\"cat\").start();
        System.out.println(\"started\");
        System.out.println(\"read \" + cat.getInputStream().read());
        System.out.println(\"status \" + cat.waitFor() + \" \" + cat.isAlive());
        System.out.println(new ProcessBuilder(\"true\").start().waitFor()); } }";
    let Some(out) = killed_and_again("Gone", text, "--allow-run") else { return };
    assert!(out.ends_with("read -1\nstatus 137 false\n0\n"), "{out}");
}

#[test]
fn what_may_not_run_is_refused() {
    if jdk().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let text = "public class Denied { public static void main(String[] a) throws Exception {
        try { new ProcessBuilder(\"false\").start(); } catch (java.io.IOException e) { System.out.println(e.getMessage()); }
        System.out.println(new ProcessBuilder(\"true\").start().waitFor()); } }";
    let source = scratch.file("Denied.java", text);
    let ran =
        scratch.phantom(&["run", "--allow-run=true", source.to_str().expect("a path of text")]).status(0);
    let why = "the program may not run false; start it with --allow-run=false, or --allow-run for all";
    assert_eq!(ran.out, format!("Cannot run program \"false\": error=13, Permission denied: {why}\n0\n"));
}

#[test]
fn datagrams_come_to_the_same_port_after_a_kill() {
    if jdk().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let text = "import java.net.*; public class Echo { public static void main(String[] a) throws Exception {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setReceiveBufferSize(20000);
        System.out.println(socket.getLocalPort());
        for (int n = 1; ; n++) {
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            socket.receive(packet);
            byte[] answer = (n + \" \" + socket.getReceiveBufferSize()).getBytes();
            socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        } } }";
    let source = scratch.file("Echo.java", text);
    let run = ["run", "--every", "20ms", "--allow-net", source.to_str().expect("a path of text")];
    let mut child = scratch.command(&run).spawn().expect("it starts");
    let mut port = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut port).expect("a line");
    let port: u16 = port.trim().parse().expect("a port");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a limit can be set");
    for answer in 1..=3 {
        let mut room = [0; 100];
        let got = (0..120).find_map(|_| {
            socket.send_to(b"?", ("127.0.0.1", port)).ok()?;
            socket.recv(&mut room).ok()
        });
        let got = String::from_utf8_lossy(&room[..got.expect("an answer")]).into_owned();
        assert_eq!(got, format!("{answer} 20000"));
        std::thread::sleep(Duration::from_secs(1));
        child.kill().expect("it can be killed");
        ran(child);
        child = scratch.command(&run).spawn().expect("it starts");
    }
    child.kill().expect("it can be killed");
    ran(child);
}

#[test]
fn what_is_not_granted_is_refused_with_the_option_that_grants_it() {
    if jdk().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let text = "public class Refused { public static void main(String[] a) throws Exception {
        try { new java.io.FileOutputStream(\"/etc/x\"); } catch (java.io.FileNotFoundException e) { System.out.println(e.getMessage()); }
        try { java.nio.file.Files.createDirectory(java.nio.file.Path.of(\"/etc/x\")); } catch (java.nio.file.AccessDeniedException e) { System.out.println(e.getMessage()); }
        System.out.println(new java.io.File(\"/etc\").canWrite()); } }";
    let source = scratch.file("Refused.java", text);
    let ran = scratch.phantom(&["run", source.to_str().expect("a path of text")]).status(0);
    let why = "the program may not write /etc/x; start it with --allow-write=/etc";
    assert_eq!(ran.out, format!("/etc/x (Permission denied: {why})\n/etc/x: {why}\nfalse\n"));
}

#[test]
fn files_are_written_once_over_kills() {
    if jdk().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let path = source("Appender");
    let run = ["run", "--every", "20ms", "--world", "w", path.to_str().expect("a path of text")];
    for _ in 0..KILLS {
        let mut child = scratch.command(&run).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(2500));
        child.kill().expect("it can be killed");
        ran(child);
    }
    let last = scratch.phantom(&run).status(0);
    assert!(last.out.ends_with("end\n") || last.err.contains("has ended"), "{last:?}");
    let expected: String = (0..60).map(|number| format!("{number}\n")).collect();
    let numbers = std::fs::read_to_string(scratch.path("numbers.txt")).expect("it was written");
    assert_eq!(numbers, expected);
    // Appended lines may be there twice, those written since the last snapshot, and never lost.
    let log = std::fs::read_to_string(scratch.path("log.txt")).expect("it was written");
    let mut next = 0;
    for line in log.lines() {
        let number: u32 = line.parse().expect("a number");
        assert!(number <= next, "{number} is missing before");
        next = next.max(number + 1);
    }
    assert_eq!(next, 60);
}

/// Counts what it has answered; says its port.
const SERVER: &str = "import com.sun.net.httpserver.HttpServer; import java.net.*;
    public class Server { static int n; public static void main(String[] a) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(\"127.0.0.1\", 0), 0);
        server.createContext(\"/\", x -> { byte[] b = (\"answer \" + ++n).getBytes(); x.sendResponseHeaders(200, b.length); x.getResponseBody().write(b); x.close(); });
        server.start(); System.out.println(server.getAddress().getPort()); } }";

/// Asks until it is answered, for half a minute at most.
fn ask(port: &str) -> String {
    for _ in 0..150 {
        let answered = TcpStream::connect(format!("127.0.0.1:{port}")).and_then(|mut stream| {
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        if let Ok(answer) = answered
            && let Some((_, body)) = answer.split_once("\r\n\r\n")
            && !body.is_empty()
        {
            return body.into();
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("nobody answers at {port}");
}

#[test]
fn a_web_server_that_is_killed_answers_again_at_the_same_port() {
    if jdk().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let source = scratch.file("Server.java", SERVER);
    let source = source.to_str().expect("a path of text");
    let run = ["run", "--every", "20ms", "--allow-net=127.0.0.1", source];
    let mut child = scratch.command(&run).spawn().expect("it starts");
    let mut port = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut port).expect("a line");
    let port = port.trim();
    for answer in 1..=3 {
        assert_eq!(ask(port), format!("answer {answer}"));
        // Time for a snapshot in which it waits for the next one.
        std::thread::sleep(Duration::from_millis(700));
        child.kill().expect("it can be killed");
        ran(child);
        child = scratch.command(&run).spawn().expect("it starts");
    }
    child.kill().expect("it can be killed");
    ran(child);
}

/// A connection as soon as somebody listens, for three minutes at most: the library has to start.
fn connect(port: u16) -> Option<TcpStream> {
    (0..1800).find_map(|_| {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok();
        if stream.is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
        stream
    })
}

/// What a request to the store is answered; none when the store is killed meanwhile.
fn request(mut stream: TcpStream, request: &str) -> Option<String> {
    let head = "Host: test\r\nContent-Length: 0\r\nConnection: close\r\n";
    stream.write_all(format!("{request} HTTP/1.1\r\n{head}\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_string()).filter(|body| !body.is_empty())
}

#[test]
fn what_a_store_in_java_answered_survives_kills() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let classes = compile(&jdk, &scratch, &root().join("examples/WebStore.java"));
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let (classes, own_port) = (classes.to_string_lossy().into_owned(), port.to_string());
    let run = [
        "run",
        "--durable",
        "--every",
        "20ms",
        "--allow-net",
        "--world",
        "w",
        "--cp",
        &*classes,
        "WebStore",
        &*own_port,
    ];
    let (mut answered, mut asked) = (0_u64, 0_u64);
    for round in 0..5 {
        let mut server = scratch.command(&run).spawn().expect("it starts");
        let ask = |what| request(connect(port).expect("it listens"), what).expect("an answer");
        let there = ask("GET /n");
        let there = if round == 0 { 0 } else { there.parse().expect("a number") };
        assert!((answered..=asked).contains(&there), "{there} after {answered} answers to {asked} requests");
        (answered, asked) = (there, there);
        for _ in 0..5 {
            asked += 1;
            answered += 1;
            assert_eq!(ask("POST /n"), answered.to_string());
        }
        // One more, whose answer the kill may overtake.
        asked += 1;
        let stream = connect(port).expect("it listens");
        let last = std::thread::scope(|threads| {
            let last = threads.spawn(move || request(stream, "POST /n"));
            std::thread::sleep(Duration::from_millis(7 * round));
            server.kill().expect("it can be killed");
            let ended = ran(server);
            assert_eq!(ended.status, None, "{}", ended.err);
            last.join().expect("it asks")
        });
        if last.is_some() {
            answered += 1;
        }
    }
}
