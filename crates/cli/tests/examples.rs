//! The examples that talk to the world outside, killed while they do: what a client was answered stays, a customer is
//! charged once, who comes back to the chat reads what was said.
#![allow(clippy::disallowed_methods, reason = "waits for sockets of another process")]

mod common;

use base::prng::Prng;
use common::{Scratch, root};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

fn example(name: &str) -> String {
    root().join("examples").join(name).to_str().expect("a path in UTF-8").to_string()
}

/// A port that nobody uses right now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// A connection to a server, as soon as it listens.
struct Client {
    input: BufReader<TcpStream>,
}

impl Client {
    fn connect(port: u16) -> Client {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit can be set");
                    return Client { input: BufReader::new(stream) };
                }
                Err(error) if Instant::now() > patience => panic!("nobody listens on {port}: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    fn say(&mut self, line: &str) {
        // A server that was killed is noticed by the answer that does not come.
        let _ = self.input.get_mut().write_all(format!("{line}\n").as_bytes());
    }
    /// The next line; none when the connection is gone.
    fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.input.read_line(&mut line).unwrap_or(0);
        (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_string())
    }
    fn ask(&mut self, line: &str) -> Option<String> {
        self.say(line);
        self.hear()
    }
}

fn serve(s: &Scratch, program: &str, port: u16) -> Child {
    let port = port.to_string();
    s.command(&["run", "--allow-net", "--every", "20ms", &example(program), &port])
        .spawn()
        .expect("it starts")
}

fn kill(mut server: Child) {
    server.kill().expect("it can be killed");
    server.wait().expect("it ends");
}

#[test]
fn what_the_key_value_server_answered_survives_kills() {
    let s = Scratch::new();
    let port = free_port();
    let mut answered = 0;
    let mut asked = 0;
    for round in 0..4 {
        let server = serve(&s, "kv.ph", port);
        let mut client = Client::connect(port);
        if round == 0 {
            assert_eq!(client.ask("set city New York").as_deref(), Some("ok"));
        }
        assert_eq!(client.ask("get city").as_deref(), Some("value New York"), "round {round}");
        let there = client.ask("get n").expect("an answer");
        let there: u64 = there.strip_prefix("value ").map_or(0, |n| n.parse().expect("a number"));
        assert!((answered..=asked).contains(&there), "{there} after {answered} answers to {asked} requests");
        answered = there;
        asked = there;
        for _ in 0..10 {
            asked += 1;
            let answer = client.ask("incr n").expect("an answer");
            answered += 1;
            assert_eq!(answer, format!("value {answered}"));
        }
        // One more, whose answer the kill may overtake.
        asked += 1;
        client.say("incr n");
        kill(server);
        if client.hear().is_some() {
            answered += 1;
        }
    }
    let server = serve(&s, "kv.ph", port);
    let mut client = Client::connect(port);
    assert_eq!(client.ask("nonsense").map(|answer| answer.starts_with("error:")), Some(true));
    assert_eq!(client.ask("count").as_deref(), Some("value 2"));
    assert_eq!(client.ask("del city").as_deref(), Some("ok"));
    assert_eq!(client.ask("get city").as_deref(), Some("nothing"));
    kill(server);
}

#[test]
fn the_store_speaks_the_protocol_of_redis_and_keeps_what_it_answered() {
    let s = Scratch::new();
    let port = free_port();
    let server = serve(&s, "store.ph", port);
    let mut client = Client::connect(port);
    let mut ask = |request: &str, answers: &[&str]| {
        client.say(&format!("{request}\r"));
        for answer in answers {
            assert_eq!(client.hear().as_deref(), Some(*answer), "{request}");
        }
    };
    ask("PING", &["+PONG"]);
    ask("*2\r\n$4\r\necho\r\n$5\r\na\r\nbc", &["$5", "a", "bc"]);
    ask("set city Rome", &["+OK"]);
    ask("set city Paris nx", &["$-1"]);
    ask("set k v ex 1000 nx", &["+OK"]);
    ask("ttl k", &[":1000"]);
    ask("set brief v px 1", &["+OK"]);
    ask("set k v ex never", &["-ERR invalid expire time in 'set' command"]);
    ask("set k v bold", &["-ERR syntax error"]);
    ask("incr n\r\nincr n\r\nget n", &[":1", ":2", "$1", "2"]);
    ask("incr city", &["-ERR value is not an integer or out of range"]);
    ask("mget city nothing", &["*2", "$4", "Rome", "$-1"]);
    ask("keys c?t*", &["*1", "$4", "city"]);
    ask("exists city n nothing", &[":2"]);
    ask("del k nothing", &[":1"]);
    ask("incr", &["-ERR wrong number of arguments for 'incr' command"]);
    ask("fly", &["-ERR unknown command 'fly'"]);
    ask("select 1", &["-ERR DB index is out of range"]);
    kill(server);
    let server = serve(&s, "store.ph", port);
    let mut client = Client::connect(port);
    assert_eq!(client.ask("dbsize").as_deref(), Some(":2"));
    assert_eq!(client.ask("get city").as_deref(), Some("$4"));
    assert_eq!(client.hear().as_deref(), Some("Rome"));
    assert_eq!(client.ask("*1\r\n?").as_deref(), Some("-ERR Protocol error: expected '$'"));
    assert_eq!(client.hear(), None);
    kill(server);
}

#[test]
fn the_chat_remembers_what_was_said_before_a_kill() {
    let s = Scratch::new();
    let port = free_port();
    let server = serve(&s, "chat.ph", port);
    let mut ann = Client::connect(port);
    assert_eq!(ann.hear().as_deref(), Some("Your name?"));
    assert_eq!(ann.ask("Ann").as_deref(), Some("* Ann comes in"));
    let mut bob = Client::connect(port);
    bob.hear();
    bob.say("Bob");
    assert_eq!(bob.hear().as_deref(), Some("* Ann comes in"));
    assert_eq!(bob.hear().as_deref(), Some("* Bob comes in"));
    assert_eq!(ann.hear().as_deref(), Some("* Bob comes in"));
    assert_eq!(ann.ask("hello").as_deref(), Some("Ann: hello"));
    assert_eq!(bob.hear().as_deref(), Some("Ann: hello"));
    kill(server);
    let server = serve(&s, "chat.ph", port);
    let mut carol = Client::connect(port);
    carol.hear();
    carol.say("Carol");
    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some("* Carol comes in") {
        heard.push(carol.hear().expect("a line"));
    }
    assert!(heard.contains(&"Ann: hello".to_string()), "{heard:?}");
    kill(server);
}

#[test]
fn a_customer_is_charged_once_however_often_it_is_killed() {
    let s = Scratch::new();
    let arguments = ["run", "--allow-read=.", "--allow-write=.", "--every", "10ms"];
    let workflow = example("workflow.ph");
    let mut kills = 0;
    loop {
        let all = [&arguments[..], &[&*workflow, "payments.txt", "2ms"]].concat();
        let mut run = s.command(&all).spawn().expect("it starts");
        let deadline = Instant::now() + Duration::from_millis(30 + 17 * kills);
        let ended = loop {
            if let Some(status) = run.try_wait().expect("it can be asked") {
                break Some(status);
            }
            if Instant::now() > deadline {
                break None;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        match ended {
            Some(status) => {
                assert_eq!(status.code(), Some(0));
                break;
            }
            None => kill(run),
        }
        kills += 1;
        assert!(kills < 200, "it does not end");
    }
    let payments = std::fs::read_to_string(s.path("payments.txt")).expect("somebody paid");
    let lines: Vec<&str> = payments.lines().collect();
    assert!(lines.len() == 1 && lines[0].ends_with(" Ann 1999"), "after {kills} kills: {payments}");
}

#[test]
fn a_workflow_says_what_it_was_not_granted() {
    let s = Scratch::new();
    let workflow = example("workflow.ph");
    s.phantom(&["run", &workflow, "payments.txt", "1ms"]).status(1).says(&["--allow-"]);
}

#[test]
fn http_both_ways() {
    let s = Scratch::new();
    s.file("site.ph", include_str!("http.ph"));
    s.phantom(&["run", "--allow-net", "site.ph"]).status(0).out("http: 25 checks hold\n");
}

#[test]
fn a_till_in_java_and_its_prices_in_phantom_survive_kills() {
    if common::jdk::jdk().is_none() {
        return;
    }
    const OUT: &str = "Java says: cannot sell brick (.examples.unknown: nobody knows what brick costs)\n \
                       95 of apple\n 54 of pear\n 31 of plum\nby length: [apple, pear, plum]\nin all 563 EUR\n";
    let s = Scratch::new();
    let arguments = ["run", "--every", "20ms", "--world", "w", &example("till")];
    let mut prng = Prng::new(11);
    for _ in 0..20 {
        let mut child = s.command(&arguments).spawn().expect("the binary starts");
        std::thread::sleep(Duration::from_millis(20 + prng.below(400)));
        let _gone = child.kill();
        child.wait().expect("a child");
    }
    let ran = s.phantom(&arguments);
    assert_eq!(ran.out, OUT, "{}", ran.err);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}
