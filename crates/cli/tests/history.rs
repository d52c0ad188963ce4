//! Snapshots as history: named, looked into, compared, forked, restored, carried elsewhere; what is bad changes nothing.
#![allow(clippy::disallowed_methods, reason = "waits for another process")]

mod common;

use common::{Ran, Scratch, ran, root};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const NOTES: &str = r#"package .t;
import .lib.list;
import .internal.time;

class note {
    var number : int;
    var text : string;
    void note(var n : int, var t : string) { number = n; text = t; }
};

class notes {
    static list written;

    int main(string[] args) {
        written = new list();
        int n = 0;
        while (true) {
            n = n + 1;
            written.add(new note(n, "note " + n));
            println(n);
            new .internal.time().sleepMsec(10);
        }
        return 0;
    }
};
"#;

/// A program that runs, and its output.
struct Runs {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Drop for Runs {
    fn drop(&mut self) {
        // Nothing of a test that failed goes on; what was stopped has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Runs {
    fn start(s: &Scratch, arguments: &[&str]) -> Runs {
        let mut child = s.command(arguments).stderr(Stdio::inherit()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("output"));
        Runs { child, out }
    }
    /// The number in the next line.
    fn number(&mut self) -> u64 {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("output can be read");
        line.trim_end().parse().unwrap_or_else(|_| panic!("a number, not {line:?}"))
    }
    /// Reads until that number.
    fn until(&mut self, goal: u64) -> u64 {
        loop {
            let number = self.number();
            if number >= goal {
                return number;
            }
        }
    }
    /// Stops the world.
    fn stop(mut self, s: &Scratch, world: &str) {
        s.phantom(&["stop", world]).status(0);
        self.child.wait().expect("it ends");
    }
}

fn json(ran: Ran) -> Value {
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn bytes(s: &Scratch, name: &str) -> Vec<u8> {
    std::fs::read(s.path(name)).expect("the file can be read")
}

/// A world of notes with the tags `early` and `late` some notes apart, stopped.
fn world_of_notes(s: &Scratch) {
    s.file("notes.ph", NOTES);
    let mut runs = Runs::start(s, &["run", "--every", "20ms", "notes.ph"]);
    runs.until(10);
    s.phantom(&["tag", "notes.world", "early"]).status(0);
    runs.until(40);
    s.phantom(&["tag", "notes.world", "late"]).status(0);
    runs.until(50);
    runs.stop(s, "notes.world");
}

/// How many notes there are in a snapshot.
fn notes(s: &Scratch, name: &str) -> u64 {
    let shown = json(s.phantom(&["show", "--json", name]));
    let classes = shown["classes"].as_array().expect("classes");
    let class = classes.iter().find(|one| one["name"] == ".t.note").expect("the class of notes");
    class["objects"].as_u64().expect("a count")
}

#[test]
fn snapshots_are_named_shown_and_compared() {
    let s = Scratch::new();
    world_of_notes(&s);
    let log = json(s.phantom(&["log", "--json", "notes.world"]));
    let tags: Vec<&str> =
        log.as_array().expect("a list").iter().filter_map(|one| one["tag"].as_str()).collect();
    assert!(tags.contains(&"early") && tags.contains(&"late"), "{tags:?}");
    assert!(
        log[0]["epoch"].as_u64().is_some_and(|first| first > 0),
        "what was before the first is listed: {log}"
    );
    let (early, late) = (notes(&s, "notes.world@early"), notes(&s, "notes.world@late"));
    assert!((10..40).contains(&early) && late >= 40, "{early} {late}");
    let newest =
        log.as_array().and_then(|log| log.last()).and_then(|one| one["epoch"].as_u64()).expect("an epoch");
    assert!(notes(&s, &format!("notes.world@{newest}")) >= 50);
    assert!(notes(&s, "notes.world@2100-01-01T00:00") >= 50, "the newest by then");
    assert_eq!(notes(&s, "notes.world@0s"), notes(&s, "notes.world"));
    s.phantom(&["ps", "notes.world@early"]).status(0);
    s.phantom(&["info", "notes.world@late"]).status(0);
    let check = json(s.phantom(&["check", "--objects", "--json", "notes.world@early"]));
    assert!(check["objects"].as_u64().is_some_and(|objects| objects > 1000), "{check}");
    assert_eq!(check["damage"], serde_json::json!([]));

    let diff = json(s.phantom(&["diff", "--json", "--limit", "1000", "notes.world", "early", "late"]));
    let class = diff["classes"].as_array().expect("classes").iter().find(|one| one["name"] == ".t.note");
    assert_eq!(class.expect("notes differ")["added"].as_u64(), Some(late - early), "{diff}");
    let objects = diff["objects"].as_array().expect("objects");
    let added =
        objects.iter().find(|one| one["class"] == ".t.note" && one["fate"] == "added").expect("a note");
    assert!(added["path"].as_str().is_some_and(|path| path.starts_with(".t.notes.written")), "{added}");
    let list = objects.iter().find(|one| one["path"] == ".t.notes.written.items" && one["fate"] == "changed");
    let change = &list.expect("the list has changed")["changes"][0];
    assert!(change["place"].is_string() && change["old"] != change["new"], "{change}");
    let text = s.phantom(&["diff", "notes.world@early", "notes.world@late"]).status(0).out;
    assert!(
        text.contains(".t.notes.written") && text.contains("pages differ") && text.contains(" -> "),
        "{text}"
    );
    let bounded = s.phantom(&["diff", "--limit", "1", "notes.world@early"]).status(0).out;
    assert!(bounded.contains("more objects"), "{bounded}");
}

#[test]
fn what_cannot_be_named_is_told_and_nothing_changes() {
    let s = Scratch::new();
    world_of_notes(&s);
    let before = bytes(&s, "notes.world");
    let long = "x".repeat(40);
    for (arguments, says) in [
        (vec!["show", "notes.world@999999"], "not made yet; the nearest"),
        (vec!["ps", "notes.world@1970-01-02T00:00"], "the oldest is"),
        (vec!["info", "notes.world@nowhere"], "late"),
        (vec!["tag", "notes.world@early", "late"], "is the tag of snapshot"),
        (vec!["tag", "notes.world@early", "second"], "a snapshot has one"),
        (vec!["tag", "notes.world", "a@b"], "holds '@'"),
        (vec!["tag", "notes.world", "a\nb"], "cannot be a tag"),
        (vec!["tag", "notes.world", "17"], "reads as a number"),
        (vec!["tag", "notes.world", &long], "40 bytes long"),
        (vec!["tag", "--delete", "notes.world", "nowhere"], "no tag"),
        (vec!["keep", "notes.world", "--all", "0", "--one-per", "none"], "keep nothing"),
        (vec!["keep", "notes.world", "--one-per", "1h:1d", "--one-per", "1m:2d"], "each level"),
        (vec!["restore", "notes.world"], "say which snapshot"),
        (vec!["restore", "notes.world@nowhere"], "no tag"),
        (vec!["restore", "notes.world@0"], "no snapshot yet"),
        (vec!["fork", "notes.world@999999", "new.world"], "not made yet"),
        (vec!["fork", "notes.world", "notes.ph"], "there already"),
        (vec!["diff", "notes.world", "early", "other.world@3"], "name the snapshot of each"),
        (vec!["export", "notes.world@early", "--since", "late", "-o", "a.stream"], "is not before"),
    ] {
        s.phantom(&arguments).status(2).says(&[says]);
    }
    assert!(
        !s.path("new.world").exists() && !s.path("a.stream").exists() && !s.path("a.stream.new").exists()
    );
    assert!(before == bytes(&s, "notes.world"), "the world was changed");
}

#[test]
fn a_policy_and_tags_change_on_a_world_that_runs_and_one_that_does_not() {
    let s = Scratch::new();
    s.file("notes.ph", NOTES);
    let mut runs = Runs::start(&s, &["run", "--every", "10ms", "notes.ph"]);
    runs.until(5);
    let kept = json(s.phantom(&["keep", "--json", "notes.world", "--all", "1h", "--budget", "2G"]));
    assert_eq!(
        (kept["all_ns"].as_u64(), kept["budget_bytes"].as_u64()),
        (Some(3_600_000_000_000), Some(2 << 30))
    );
    s.phantom(&["keep", "notes.world", "--all", "0", "--one-per", "none"])
        .status(2)
        .says(&["nothing was changed"]);
    for round in 0..10 {
        // Something has happened since the last one, so there is another snapshot.
        runs.number();
        let read = runs.number();
        runs.until(read + 1);
        s.phantom(&["tag", "notes.world", &format!("tag-{round}")]).status(0);
    }
    s.phantom(&["tag", "--delete", "notes.world", "tag-3"]).status(0);
    let before = runs.number();
    runs.until(before + 5);
    runs.stop(&s, "notes.world");
    let log = s.phantom(&["log", "notes.world"]).status(0).out;
    assert!(log.contains("tag-2") && !log.contains("tag-3") && log.contains("tag-9"), "{log}");
    let kept = s.phantom(&["keep", "notes.world", "--one-per", "30s:2h", "--one-per", "1h:7d"]).status(0).out;
    assert!(kept.contains("age of 1 h") && kept.contains("one in 30 s up to 2 h"), "{kept}");
    let shown = s.phantom(&["keep", "notes.world", "--show"]).status(0).out;
    assert_eq!(shown, kept);
    s.phantom(&["keep", "notes.world", "--default"]).status(0);
    s.phantom(&["check", "notes.world"]).status(0);
}

#[test]
fn a_restored_world_goes_on_from_then_and_the_past_stays() {
    let s = Scratch::new();
    s.file("notes.ph", NOTES);
    let mut runs = Runs::start(&s, &["run", "--every", "20ms", "notes.ph"]);
    runs.until(10);
    s.phantom(&["tag", "notes.world", "early"]).status(0);
    runs.until(40);
    s.phantom(&["restore", "notes.world@early"]).status(122).says(&["nothing was changed", "phantom stop"]);
    runs.until(50);
    runs.stop(&s, "notes.world");
    let (early, last) = (notes(&s, "notes.world@early"), notes(&s, "notes.world"));
    let restored = json(s.phantom(&["restore", "--json", "notes.world@early", "--keep-as", "undone"]));
    assert_eq!(restored["tag"], "undone");
    assert_eq!(notes(&s, "notes.world"), early);
    assert_eq!(notes(&s, "notes.world@undone"), last);
    s.phantom(&["check", "--objects", "notes.world"]).status(0);
    assert!(s.phantom(&["show", "notes.world"]).status(0).out.contains("detached"));
    let mut runs = Runs::start(&s, &["resume", "notes.world"]);
    let first = runs.number();
    assert!(first == early || first == early + 1, "it went on with {first} after {early}");
    runs.stop(&s, "notes.world");
    s.phantom(&["restore", "notes.world@undone"]).status(0);
    assert_eq!(notes(&s, "notes.world"), last);
}

#[test]
fn a_fork_is_a_world_of_its_own_also_of_one_that_runs() {
    let s = Scratch::new();
    s.file("notes.ph", NOTES);
    let mut runs = Runs::start(&s, &["run", "--every", "20ms", "notes.ph"]);
    runs.until(10);
    s.phantom(&["tag", "notes.world", "early"]).status(0);
    runs.until(30);
    s.phantom(&["fork", "notes.world@early", "early.world"]).status(0);
    let live = json(s.phantom(&["fork", "--json", "notes.world", "live.world"]));
    assert!(live["epoch"].is_u64(), "{live}");
    runs.until(60);
    runs.stop(&s, "notes.world");
    let early = notes(&s, "notes.world@early");
    assert_eq!(notes(&s, "early.world"), early);
    assert!(notes(&s, "live.world") >= 25);
    let ids: Vec<Value> = ["notes.world", "early.world", "live.world"]
        .iter()
        .map(|world| json(s.phantom(&["info", "--json", world]))["world"].clone())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    let last = notes(&s, "notes.world");
    let mut fork = Runs::start(&s, &["resume", "early.world"]);
    fork.until(early + 20);
    fork.stop(&s, "early.world");
    assert_eq!(notes(&s, "notes.world"), last, "the fork has changed its origin");
    s.phantom(&["fork", "notes.world@late", "late.world"]).status(2).says(&["no tag"]);
    s.phantom(&["fork", "notes.world@early", "stopped.world"]).status(0);
    assert_eq!(notes(&s, "stopped.world"), early);
    for world in ["notes.world", "early.world", "live.world", "stopped.world"] {
        s.phantom(&["check", "--objects", world]).status(0);
    }
}

#[test]
fn a_world_is_replicated_by_streams() {
    let s = Scratch::new();
    world_of_notes(&s);
    s.phantom(&["export", "notes.world@early", "-o", "whole.stream"]).status(0);
    s.phantom(&["export", "notes.world@late", "--since", "early", "-o", "more.stream"]).status(0);
    let (whole, more) = (bytes(&s, "whole.stream"), bytes(&s, "more.stream"));
    assert!(more.len() < whole.len() / 2, "{} {}", more.len(), whole.len());
    s.phantom(&["import", "more.stream", "--into", "copy.world"]).status(120).says(&["without --since"]);
    assert!(!s.path("copy.world").exists() && !s.path("copy.world.new").exists());
    s.phantom(&["import", "whole.stream", "--into", "copy.world"]).status(0);
    assert_eq!(notes(&s, "copy.world"), notes(&s, "notes.world@early"));

    // What is bad changes nothing.
    let mut altered = more.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let mut newer = more.clone();
    newer[8] = 9;
    let doubled = [more.clone(), more.clone()].concat();
    for (stream, says) in [
        (more[..more.len() / 2].to_vec(), "ends early"),
        (more[..more.len() - 1].to_vec(), "ends early"),
        (more[..130].to_vec(), "ends early"),
        (altered, "is damaged"),
        (reordered(&more), "is damaged"),
        (doubled, "is damaged"),
        (newer, "version 9"),
        (b"PK".to_vec(), "no stream"),
        (Vec::new(), "no stream"),
        (whole.clone(), "makes a new world"),
    ] {
        s.file("bad.stream", stream);
        s.phantom(&["import", "bad.stream", "--into", "copy.world"])
            .status(120)
            .says(&[says, "is as it was"]);
        assert!(json(s.phantom(&["info", "--json", "copy.world"]))["snapshots"].is_u64());
        assert_eq!(notes(&s, "copy.world"), notes(&s, "notes.world@early"), "{says}");
    }
    let old = json(s.phantom(&["log", "--json", "copy.world"]));

    s.phantom(&["import", "more.stream", "--into", "copy.world"]).status(0);
    assert_eq!(notes(&s, "copy.world"), notes(&s, "notes.world@late"));
    s.phantom(&["check", "--objects", "copy.world"]).status(0);
    let count = |log: &Value| log.as_array().map_or(0, Vec::len);
    assert!(count(&json(s.phantom(&["log", "--json", "copy.world"]))) > count(&old));
    // Twice is once too often.
    s.phantom(&["import", "more.stream", "--into", "copy.world"]).status(120).says(&["continues snapshot"]);
    // Another world.
    s.file("other.ph", NOTES.replace("class notes", "class other"));
    let mut runs = Runs::start(&s, &["run", "other.ph"]);
    runs.until(3);
    runs.stop(&s, "other.world");
    s.phantom(&["import", "more.stream", "--into", "other.world"]).status(120).says(&["continues world"]);

    // From a world that runs, through a pipe, into one that then runs.
    let mut runs = Runs::start(&s, &["resume", "notes.world"]);
    runs.until(60);
    s.phantom(&["snap", "notes.world"]).status(0);
    pipe(&s, &["export", "notes.world", "--since", "late"], &["import", "--into", "copy.world"]);
    runs.until(70);
    runs.stop(&s, "notes.world");
    let copied = notes(&s, "copy.world");
    assert!(copied > 50 && copied <= notes(&s, "notes.world"), "{copied}");
    let mut copy = Runs::start(&s, &["resume", "copy.world"]);
    assert!(copy.number().abs_diff(copied) <= 1);
    copy.stop(&s, "copy.world");
    // It has gone on by itself.
    let log = json(s.phantom(&["export", "notes.world", "--since", "late", "-o", "again.stream", "--json"]));
    assert!(log["pages"].as_u64() > Some(0));
    s.phantom(&["import", "again.stream", "--into", "copy.world"]).status(120).says(&[
        "went on by itself since",
        "phantom fork REPLICA FORK",
        "is as it was",
    ]);
    s.phantom(&["check", "copy.world"]).status(0);
}

/// The stream with its first two frames exchanged.
fn reordered(stream: &[u8]) -> Vec<u8> {
    let length = |at: usize| {
        24 + u32::from_le_bytes([stream[at + 8], stream[at + 9], stream[at + 10], stream[at + 11]]) as usize
    };
    let (first, second) = (128, 128 + length(128));
    let end = second + length(second);
    [&stream[..first], &stream[second..end], &stream[first..second], &stream[end..]].concat()
}

fn pipe(s: &Scratch, from: &[&str], to: &[&str]) {
    let mut sender = s.command(from).spawn().expect("it starts");
    let stream = sender.stdout.take().expect("its output");
    let receiver = s.command(to).stdin(stream).spawn().expect("it starts");
    ran(receiver).status(0);
    ran(sender).status(0);
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// What a key-value server answers, as soon as it listens.
fn ask(port: u16, line: &str) -> String {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(mut stream) => {
                stream.write_all(format!("{line}\n").as_bytes()).expect("it reads");
                let mut answer = String::new();
                BufReader::new(stream).read_line(&mut answer).expect("it answers");
                return answer.trim_end().to_string();
            }
            Err(error) if Instant::now() > patience => panic!("nobody listens on {port}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn a_fork_of_a_server_binds_no_port_until_it_is_attached() {
    let s = Scratch::new();
    let port = free_port();
    let kv = root().join("examples/kv.ph");
    let kv = kv.to_str().expect("a path in UTF-8");
    let mut server = s.command(&["run", "--allow-net", kv, &port.to_string()]).spawn().expect("it starts");
    let stored = ask(port, "set color red");
    assert!(!stored.is_empty());
    let answer = ask(port, "get color");
    assert!(answer.contains("red"), "{answer}");
    s.phantom(&["snap", "kv.world"]).status(0);
    s.phantom(&["fork", "kv.world", "fork.world"]).status(0);
    s.phantom(&["stop", "kv.world"]).status(0);
    server.wait().expect("it ends");

    let mut fork = s.command(&["resume", "fork.world"]).stderr(Stdio::inherit()).spawn().expect("it starts");
    wait_for(&s, "fork.world", "detached: waits for --attach");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "a detached fork listens");
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "a detached fork holds the port");
    s.phantom(&["go", "--attach", "fork.world"]).status(0);
    assert_eq!(ask(port, "get color"), answer);
    s.phantom(&["stop", "fork.world"]).status(0);
    fork.wait().expect("it ends");

    // Attached once, it stays so.
    let mut fork = s.command(&["resume", "fork.world"]).spawn().expect("it starts");
    assert_eq!(ask(port, "get color"), answer);
    s.phantom(&["stop", "fork.world"]).status(0);
    fork.wait().expect("it ends");

    s.phantom(&["fork", "kv.world", "second.world"]).status(0);
    let mut second = s.command(&["resume", "--attach", "second.world"]).spawn().expect("it starts");
    assert_eq!(ask(port, "get color"), answer);
    s.phantom(&["stop", "second.world"]).status(0);
    second.wait().expect("it ends");
    s.phantom(&["go", "--attach", "second.world"]).status(0).out("second.world was not detached\n");
}

/// Waits until `ps` of a world shows something.
fn wait_for(s: &Scratch, world: &str, text: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let shown = s.phantom(&["ps", world]);
        if shown.out.contains(text) {
            return;
        }
        assert!(Instant::now() < patience, "{text} never came: {shown:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The commands of the guide do what it says, in its order.
#[test]
fn the_guide_is_true() {
    let s = Scratch::new();
    world_of_notes(&s);
    let guide = std::fs::read_to_string(root().join("docs/history.md")).expect("the guide can be read");
    let mut done = 0;
    for line in guide.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut shell = std::process::Command::new("sh");
        let binary = Path::new(env!("CARGO_BIN_EXE_phantom")).parent().expect("a folder");
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
        shell.args(["-c", line]).env("PATH", path).current_dir(s.path(""));
        let output = shell.stdin(Stdio::null()).output().expect("a shell");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        done += 1;
    }
    assert!(done > 12, "{done} commands");
}
