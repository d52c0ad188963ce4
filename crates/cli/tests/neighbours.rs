//! Programs of one world beside one that fails, exhausts what it may have, or is killed in a bad moment.
#![allow(clippy::disallowed_methods, reason = "measures time, to give up")]

mod common;

use common::process::{PATIENCE, Process, state, ticking};
use std::time::{Duration, Instant};

#[test]
fn one_program_fails_and_the_others_live() {
    let (s, mut world) = ticking();
    for (name, body, report) in [
        ("deep", "int f(int n) { return f(n + 1) + 1; } void main() { f(1); }", "stack"),
        ("throws", "void main() { throw \"on purpose\"; }", "on purpose"),
        ("divides", "int f(int n) { return 1 / n; } void main() { f(0); }", "arithmetic"),
        (
            "hoards",
            "var all : string[]; void main() { all = new string[](); for (int n = 0; ; n++) all.add(\"text \" + n); }",
            "holds more than the 4194304 bytes that it may (--max-memory)",
        ),
        (
            "asks",
            "void main() { string text = \"0123456789abcdef\"; while (1) text += text; }",
            "out_of_memory",
        ),
    ] {
        s.file(&format!("{name}.ph"), format!("package .t; class {name} {{ {body} }};"));
        let file = format!("{name}.ph");
        let most = if name == "deep" { "1G" } else { "4M" };
        s.phantom(&["run", "--max-memory", most, "--world", "w.world", &file])
            .status(1)
            .says(&[report, &file]);
        assert_eq!(state(&s, "w.world", name), "died");
    }
    world.until("tick");
    assert_eq!(state(&s, "w.world", "tick"), "running");
    world.kill();
    // They have died for good.
    let mut world = Process::start(&s, &["resume", "w.world"]);
    world.until("tick");
    assert_eq!(state(&s, "w.world", "hoards"), "died");
    world.kill();
    s.phantom(&["check", "w.world"]).status(0);
}

#[test]
fn a_mutex_of_a_killed_program_is_abandoned_to_another() {
    let (s, mut world) = ticking();
    s.file(
        "both.ph",
        "package .t; class both { static var lock : .internal.mutex = new .internal.mutex();
        int main(string[] args) {
            println(\"comes\");
            try { both.lock.lock(); }
            catch (.internal.exception.abandoned e) {
                println(\"abandoned, recovered \" + both.lock.recover());
                both.lock.unlock();
                both.lock.lock();
                return 7;
            }
            println(\"holds\");
            new .internal.time().sleepSec(1000);
            return 0;
        } };",
    );
    // The same classes, run as two programs.
    s.phantom(&["compile", "both.ph", "-o", "owner.phm"]).status(0);
    std::fs::copy(s.path("owner.phm"), s.path("waiter.phm")).expect("a copy");
    let mut owner = Process::start(&s, &["run", "--world", "w.world", "owner.phm"]);
    owner.until("holds");
    let mut waiter = Process::start(&s, &["run", "--world", "w.world", "waiter.phm"]);
    waiter.until("comes");
    let start = Instant::now();
    while !s.phantom(&["ps", "--stacks", "w.world"]).out.contains("waiting for a mutex of") {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(30));
    }
    s.phantom(&["kill", "w.world", "owner"]).status(0).out("owner is killed\n");
    owner.end().status(137);
    assert_eq!(waiter.until("abandoned"), "abandoned, recovered 1");
    waiter.end().status(7);
    world.until("tick");
    world.kill();
    s.phantom(&["check", "w.world"]).status(0);
}
