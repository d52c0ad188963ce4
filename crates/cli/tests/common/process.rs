//! Worlds that run in processes of their own, and commands that talk to them.
#![allow(clippy::disallowed_methods, reason = "measures time, to give up")]

use super::{Ran, Scratch, ran};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// Whoever waits longer gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Counts for ever, ten lines a second.
pub(crate) const TICK: &str = "package .t; class tick { void main() { var t = new .internal.time();
    for (int n = 1; ; n++) { println(\"tick \" + n); t.sleepMsec(100); } } };";
/// Asks for lines and says them, until the end of the input.
pub(crate) const ECHO: &str = "package .t; import .internal.console; class echo { int main(string[] args) {
    var c = new .internal.console(); println(\"ready \" + args.size());
    for (;;) { string line = c.readLine(); if (line :== null) return 5; println(\"said \" + line); } } };";
/// Ends at once.
pub(crate) const QUICK: &str =
    "package .t; class quick { int main(string[] args) { println(\"quick\"); return 3; } };";

/// A command that runs.
pub(crate) struct Process {
    /// Taken when it has ended.
    child: Option<Child>,
    pub(crate) out: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(s: &Scratch, arguments: &[&str]) -> Process {
        let mut child = s.command(arguments).stdin(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("output"));
        Process { child: Some(child), out }
    }
    /// Reads until a line holds this.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        // Reads block: whoever waits too long is killed, which ends them.
        let id = self.child().id().to_string();
        let (done, waits) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = std::process::Command::new("kill").args(["-9", &id]).status();
            }
        });
        loop {
            let mut line = String::new();
            if self.out.read_line(&mut line).expect("output can be read") == 0 {
                break;
            }
            if line.contains(text) {
                drop(done);
                return line.trim_end().to_string();
            }
            seen.push(line);
        }
        let _ = self.child().kill();
        let mut err = String::new();
        let _ = self.child().stderr.take().map(|mut pipe| pipe.read_to_string(&mut err));
        panic!("{text:?} never came: {seen:?} {err}");
    }
    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.child().stdin.as_mut().expect("input"), "{line}").expect("it reads");
    }
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        let status = std::process::Command::new("kill").args([name, &id]).status();
        assert!(status.expect("kill runs").success());
    }
    pub(crate) fn kill(mut self) -> Ran {
        self.child().kill().expect("it can be killed");
        self.ends()
    }
    /// Waits for the end; there is no more input.
    pub(crate) fn end(mut self) -> Ran {
        drop(self.child().stdin.take());
        self.ends()
    }
    /// Waits for the end, which comes although there could be input.
    pub(crate) fn ends(mut self) -> Ran {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("the rest");
        let input = self.child().stdin.take();
        let mut ran = ran(self.child.take().expect("it is there"));
        drop(input);
        ran.out = rest;
        ran
    }
    pub(crate) fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it is there")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What a failed test leaves behind.
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
}

pub(crate) fn ps(s: &Scratch, world: &str) -> Value {
    json(&s.phantom(&["ps", "--json", world]).status(0))
}

/// The state of a program as `ps` says it.
pub(crate) fn state(s: &Scratch, world: &str, name: &str) -> String {
    let shown = ps(s, world);
    let of = |p: &&Value| p["name"] == name;
    let found = shown["programs"].as_array().and_then(|all| all.iter().find(of)).cloned();
    found.and_then(|p| p["state"].as_str().map(ToString::to_string)).unwrap_or_default()
}

/// Waits until a program is in this state.
#[track_caller]
pub(crate) fn wait_for(s: &Scratch, world: &str, name: &str, wanted: &str) {
    let start = Instant::now();
    while state(s, world, name) != wanted {
        assert!(start.elapsed() < PATIENCE, "{name} is {}", state(s, world, name));
        std::thread::sleep(Duration::from_millis(30));
    }
}

pub(crate) fn number(line: &str) -> u64 {
    line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

pub(crate) fn scratch() -> Scratch {
    let s = Scratch::new();
    for (name, text) in [("tick.ph", TICK), ("echo.ph", ECHO), ("quick.ph", QUICK)] {
        s.file(name, text);
    }
    s
}

/// A scratch folder and a process that runs `tick` in `w.world`.
pub(crate) fn ticking() -> (Scratch, Process) {
    let s = scratch();
    let mut world = Process::start(&s, &["run", "--world", "w.world", "tick.ph"]);
    world.until("tick 2");
    (s, world)
}
