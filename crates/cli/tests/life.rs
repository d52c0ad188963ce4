//! The main job through the real binary: run, be killed, go on, end; what the user is told on the way.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use common::{Scratch, ran, root};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

const HELLO: &str = "package .t; class hello { int main(string[] args) {
    println(\"hello \" + args.size()); return 7; } };";

/// Reads lines until one holds `until`, or a minute is over.
fn read_until(out: &mut impl BufRead, until: impl Fn(&str) -> bool) -> Vec<String> {
    let patience = Instant::now() + Duration::from_secs(60);
    let mut lines = Vec::new();
    while Instant::now() < patience {
        let mut line = String::new();
        if out.read_line(&mut line).expect("output can be read") == 0 {
            break;
        }
        lines.push(line.trim_end().to_string());
        if until(line.trim_end()) {
            return lines;
        }
    }
    panic!("it never came: {lines:?}");
}

#[test]
fn a_program_runs_once_and_keeps_its_status() {
    let s = Scratch::new();
    s.file("hello.ph", HELLO);
    s.phantom(&["run", "hello.ph", "a", "b"]).status(7).out("hello 2\n");
    assert!(s.path("hello.world").exists());
    s.phantom(&["run", "hello.ph", "a", "b"]).status(7).out("").says(&["has ended before", "--fresh"]);
    s.phantom(&["run", "hello.ph"])
        .status(2)
        .out("")
        .says(&["started in hello.world with the arguments", "--fresh"]);
    s.phantom(&["run", "--fresh", "hello.ph", "a"]).status(7).out("hello 1\n");
    s.file("hello.ph", HELLO.replace("return 7", "return 8"));
    s.phantom(&["run", "hello.ph", "a"]).status(7).says(&["has changed since"]);
    s.phantom(&["resume", "hello.world"]).status(7).says(&["has ended before"]);
    s.phantom(&["check", "hello.world"]).status(0);
}

#[test]
fn the_counter_of_the_readme_goes_on_after_kill() {
    let s = Scratch::new();
    let counter = root().join("examples/counter.ph");
    let counter = counter.to_str().expect("a path in UTF-8");
    let mut reached = 0;
    for round in 0..3 {
        let mut child = s.command(&["run", counter]).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("output"));
        let goal = reached + 8;
        let lines = read_until(&mut out, |line| line.parse().is_ok_and(|n: u64| n >= goal));
        child.kill().expect("it can be killed");
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("the rest");
        let numbers: Vec<u64> = lines.iter().map(|line| line.parse().expect("a number")).collect();
        assert!(numbers[0] <= reached + 1, "round {round} begins at {} after {reached}", numbers[0]);
        assert!(round == 0 || numbers[0] > 1, "round {round} began anew");
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        reached = *numbers.last().expect("some number");
        let ended = ran(child);
        if round > 0 {
            assert!(ended.err.contains("counter goes on from snapshot"), "{ended:#?}");
        }
    }
    s.phantom(&["check", "counter.world"]).status(0);
    let ps = s.phantom(&["ps", "--stacks", "counter.world"]).status(0);
    assert!(
        ps.out.contains("counter") && ps.out.contains("sleepMsec") && ps.out.contains("counter.main ("),
        "{ps:#?}"
    );
    let log = s.phantom(&["log", "--json", "counter.world"]).status(0);
    let snapshots: serde_json::Value = serde_json::from_str(&log.out).expect("JSON");
    assert!(snapshots.as_array().expect("a list").len() >= 2, "{log:#?}");
    s.phantom(&["info", "counter.world"]).status(0);
}

#[test]
fn a_question_survives() {
    let s = Scratch::new();
    s.file(
        "ask.ph",
        "package .t; import .internal.console; class ask { void main() {
            var c = new .internal.console(); print(\"name? \"); string n = c.readLine();
            println(\"hello \" + n); string end = c.readLine(); println(end :== null ? \"end\" : \"more\"); } };",
    );
    let mut child =
        s.command(&["run", "--every", "20ms", "ask.ph"]).stdin(Stdio::piped()).spawn().expect("it starts");
    let mut prompt = [0; 6];
    child.stdout.as_mut().expect("output").read_exact(&mut prompt).expect("the prompt");
    assert_eq!(&prompt, b"name? ");
    std::thread::sleep(Duration::from_millis(600));
    child.kill().expect("it can be killed");
    child.wait().expect("it ended");
    s.phantom_with_input(&["run", "ask.ph"], "Ada\n").status(0).out("hello Ada\nend\n");
}

#[test]
fn an_uncaught_exception_shows_where() {
    let s = Scratch::new();
    s.file(
        "dies.ph",
        "package .t;\nclass dies {\n    int half(int n) {\n        return 100 / n;\n    }\n    void main() {\n        println(half(5));\n        println(half(0));\n    }\n};\n",
    );
    let ran = s.phantom(&["run", "dies.ph"]).status(1).out("20\n");
    ran.says(&[".internal.exception.arithmetic", ".t.dies.half (dies.ph:4)", ".t.dies.main (dies.ph:8)"]);
    s.phantom(&["run", "dies.ph"]).status(1).out("").says(&["died before", "dies.ph:4"]);
    s.file("thrower.ph", "package .t; class thrower { void main() { throw \"on purpose\"; } };");
    s.phantom(&["run", "thrower.ph"]).status(1).says(&["on purpose"]);
}

#[test]
fn modules_go_through_text_and_back() {
    let s = Scratch::new();
    s.file("hello.ph", HELLO);
    s.phantom(&["compile", "hello.ph"]).status(0);
    let text = s.phantom(&["disasm", "hello.phm"]).status(0).out;
    s.file("hello.phs", &text);
    s.phantom(&["asm", "hello.phs", "-o", "again.phm"]).status(0);
    let (first, second) = (std::fs::read(s.path("hello.phm")), std::fs::read(s.path("again.phm")));
    assert_eq!(first.expect("a module"), second.expect("a module"));
    s.phantom(&["run", "hello.phm"]).status(7).out("hello 0\n");
}

#[test]
fn a_folder_is_a_program() {
    let s = Scratch::new();
    std::fs::create_dir(s.path("greet")).expect("a folder");
    s.file(
        "greet/greet.ph",
        "package .t; import .t.words; class greet { void main() { println(new .t.words().hi()); } };",
    );
    s.file("greet/words.ph", "package .t; class words { string hi() { return \"hi\"; } };");
    s.phantom(&["run", "greet"]).status(0).out("hi\n");
    // The same by import, from the file alone.
    s.phantom(&["run", "--world", "other.world", "greet/greet.ph"]).status(0).out("hi\n");
}

#[test]
fn all_mappers_run_the_same() {
    for mapper in ["userfaultfd", "software"] {
        let s = Scratch::new();
        s.file("hello.ph", HELLO);
        s.phantom(&["run", "--mapper", mapper, "hello.ph"]).status(7).out("hello 0\n");
    }
}

#[test]
fn one_world_one_process() {
    let s = Scratch::new();
    s.file("wait.ph", "package .t; import .internal.console; class wait { void main() { println(1); new .internal.console().readLine(); } };");
    let mut child = s.command(&["run", "wait.ph"]).stdin(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("output"));
    read_until(&mut out, |line| line == "1");
    s.phantom(&["run", "wait.ph"]).status(122).says(&["in use by process", "phantom attach"]);
    s.phantom(&["resume", "wait.world"]).status(122).says(&["in use by process", "one world, one process"]);
    let mut stdin = child.stdin.take().expect("input");
    writeln!(stdin, "go").expect("it reads");
    drop(stdin);
    assert_eq!(ran(child).status, Some(0));
}

#[test]
fn a_kill_while_the_world_is_made_leaves_nothing_half_made() {
    for phase in ["write", "before-flush", "after-flush", "before-flip", "after-flip", "capture", "committed"]
    {
        for count in 1..=3 {
            let s = Scratch::new();
            s.file("hello.ph", HELLO);
            let at = format!("{phase}:{count}");
            let killed = s.phantom(&["run", "--kill-at", &at, "hello.ph"]);
            assert!(killed.status.is_none() || killed.status == Some(7), "{at}: {killed:#?}");
            let again = s.phantom(&["run", "hello.ph"]).status(7);
            assert!(killed.out == "hello 0\n" || again.out == "hello 0\n", "{at}: {killed:#?} {again:#?}");
            assert!(!s.path("hello.world.new").exists());
        }
    }
}
