//! Several programs in a world that runs: into it, out of it, and what happens when somebody is killed in between.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use common::process::{PATIENCE, Process, json, number, ps, scratch, state, ticking, wait_for};
use common::ran;
use serde_json::Value;
use std::io::{BufRead, Read, Write};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn a_program_runs_in_a_running_world_with_its_console_here() {
    let (s, mut world) = ticking();
    s.phantom(&["run", "--world", "w.world", "quick.ph"])
        .status(3)
        .out("quick\n")
        .says(&["quick runs in w.world"]);
    // Like a program of its own world, it ends once.
    s.phantom(&["run", "--world", "w.world", "quick.ph"]).status(3).out("").says(&["has ended before"]);
    s.phantom(&["run", "--world", "w.world", "quick.ph", "more"])
        .status(2)
        .says(&["started with the arguments"]);
    s.phantom(&["run", "--fresh", "--world", "w.world", "quick.ph", "more"]).status(3).out("quick\n");
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph", "a"]);
    echo.until("ready 1");
    echo.types("one");
    echo.until("said one");
    s.phantom(&["run", "--world", "w.world", "echo.ph", "a"])
        .status(122)
        .says(&["in use by process", "attach"]);
    s.phantom(&["attach", "w.world", "echo"]).status(122).says(&["attached to echo already"]);
    s.phantom(&["attach", "w.world", "nothing"]).status(2).says(&["no program nothing", "phantom ps"]);
    assert_eq!(echo.end().status(5).out, "");
    world.until("tick");
    s.phantom(&["stop", "w.world"]).status(0).says(&[]);
    let left = world.end().status(124);
    assert!(!left.out.contains("quick") && !left.out.contains("said"), "{left:#?}");
    s.phantom(&["check", "w.world"]).status(0);
}

#[test]
fn what_does_not_compile_or_fit_is_refused_and_the_world_goes_on() {
    let (s, mut world) = ticking();
    s.file("wrong.ph", "package .t; class wrong { void main() { nope(); } };");
    s.phantom(&["run", "--world", "w.world", "wrong.ph"]).status(120).says(&["wrong.ph", "nope"]);
    std::fs::create_dir(s.path("other")).expect("a folder");
    s.file("other/tick.ph", "package .t; class tick { int field; void main() { } };");
    s.phantom(&["run", "--fresh", "--world", "w.world", "other/tick.ph"])
        .status(120)
        .says(&["structure", "--world"]);
    assert_eq!(state(&s, "w.world", "tick"), "running");
    world.until("tick");
    world.kill();
}

#[test]
fn stop_and_resume() {
    let (s, world) = ticking();
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    echo.until("ready");
    let stopped = json(&s.phantom(&["stop", "--json", "w.world"]).status(0));
    let epoch = stopped["epoch"].as_u64().expect("an epoch");
    assert!(!s.path("w.world.sock").exists());
    echo.end().status(124).says(&["stopped at snapshot", "phantom resume"]);
    let last = world.end().status(124).says(&["stopped at snapshot"]);
    let before = last.out.lines().last().map_or(2, number);
    s.phantom(&["stop", "w.world"]).status(119).says(&["nobody runs it"]);
    s.phantom(&["go", "w.world"]).status(119);
    s.phantom(&["attach", "w.world", "echo"]).status(119).says(&["phantom resume"]);
    s.phantom(&["top", "--once", "w.world"]).status(119);
    assert_eq!(json(&s.phantom(&["snap", "--json", "w.world"]).status(0))["epoch"], epoch);
    // Both go on, each where it was.
    let mut world = Process::start(&s, &["resume", "w.world"]);
    assert_eq!(number(&world.until("tick")), before + 1);
    let mut echo = Process::start(&s, &["attach", "w.world", "echo"]);
    echo.types("here again");
    echo.until("said here again");
    assert_eq!(echo.end().status, Some(5));
    world.kill();
}

#[test]
fn a_killed_program_is_over_for_ever() {
    let (s, mut world) = ticking();
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    echo.until("ready");
    s.phantom(&["kill", "w.world", "echo"]).status(0).out("echo is killed\n");
    echo.end().status(137).says(&["echo was killed"]);
    s.phantom(&["kill", "w.world", "echo"]).status(0).out("echo had ended before\n");
    s.phantom(&["kill", "w.world", "nothing"]).status(2).says(&["no program nothing"]);
    world.until("tick");
    // What is answered is durable.
    world.kill();
    assert_eq!(state(&s, "w.world", "echo"), "killed");
    // Also in a world that nobody runs.
    s.phantom(&["kill", "w.world", "nothing"]).status(2).says(&["no program nothing"]);
    s.phantom(&["kill", "w.world", "tick"]).status(0).out("tick is killed\n");
    assert_eq!(state(&s, "w.world", "tick"), "killed");
    s.phantom(&["run", "--world", "w.world", "tick.ph"]).status(137).says(&["was killed before", "--fresh"]);
    // Started over, it is another one in the same world.
    let mut world = Process::start(&s, &["run", "--fresh", "--world", "w.world", "tick.ph"]);
    assert_eq!(world.until("tick"), "tick 1");
    wait_for(&s, "w.world", "tick", "running");
    assert_eq!(state(&s, "w.world", "echo"), "killed");
    world.kill();
    s.phantom(&["check", "w.world"]).status(0);
}

#[test]
fn a_snapshot_on_demand_is_durable() {
    let s = scratch();
    let every = ["run", "--every", "1h", "--world", "w.world", "tick.ph"];
    let mut world = Process::start(&s, &every);
    world.until("tick 3");
    let before = ps(&s, "w.world")["epoch"].as_u64().expect("an epoch");
    let epoch =
        json(&s.phantom(&["snap", "--json", "w.world"]).status(0))["epoch"].as_u64().expect("an epoch");
    assert!(epoch > before);
    world.until("tick");
    world.kill();
    assert_eq!(ps(&s, "w.world")["epoch"].as_u64(), Some(epoch));
    let mut world = Process::start(&s, &every);
    assert!(number(&world.until("tick")) > 3, "the snapshot is behind what was printed before it");
    world.kill();
}

#[test]
fn a_paused_world_waits_for_go() {
    let (s, world) = ticking();
    world.kill();
    let mut world = Process::start(&s, &["resume", "--paused", "w.world"]);
    let start = Instant::now();
    while !s.path("w.world.sock").exists() || !s.phantom(&["info", "w.world"]).out.contains("runs in") {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    // It is there for inspection and commands, and nothing runs.
    let top = json(&s.phantom(&["top", "--once", "--json", "w.world"]).status(0));
    assert_eq!(top["paused"], true);
    assert_eq!(ps(&s, "w.world")["paused"], true);
    let cpu = |shown: &Value| shown["programs"][0]["cpu_ns"].as_u64();
    let before = cpu(&ps(&s, "w.world"));
    let mut quick = Process::start(&s, &["run", "--world", "w.world", "quick.ph"]);
    wait_for(&s, "w.world", "quick", "running");
    s.phantom(&["snap", "w.world"]).status(0);
    assert_eq!(cpu(&ps(&s, "w.world")), before);
    s.phantom(&["go", "w.world"]).status(0).out("the world goes on\n");
    s.phantom(&["go", "w.world"]).status(0).out("the world was not held\n");
    quick.until("quick");
    quick.end().status(3).says(&["it is held"]);
    world.until("tick");
    world.kill();
}

#[test]
fn a_killed_command_does_not_harm_its_program() {
    let (s, mut world) = ticking();
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    echo.until("ready");
    echo.types("before");
    echo.until("said before");
    echo.kill();
    // Its console is that of the world's process now.
    world.types("after");
    world.until("said after");
    let mut echo = Process::start(&s, &["attach", "w.world", "echo"]);
    echo.types("attached");
    echo.until("said attached");
    // Ctrl-C says how to come back.
    echo.signal("-INT");
    echo.ends().status(125).says(&[
        "echo goes on",
        "phantom attach w.world echo",
        "phantom kill w.world echo",
    ]);
    assert_eq!(state(&s, "w.world", "echo"), "running");
    world.kill();
}

#[test]
fn a_world_that_is_killed_takes_nothing_with_it() {
    let (s, world) = ticking();
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    echo.until("ready");
    world.kill();
    echo.end().status(121).says(&["is gone", "phantom resume w.world"]);
    // The socket that it left behind is no obstacle; what was said to have started is there.
    assert!(s.path("w.world.sock").exists());
    assert_eq!(state(&s, "w.world", "echo"), "running");
    s.phantom(&["stop", "w.world"]).status(119);
    let mut world = Process::start(&s, &["run", "--world", "w.world", "tick.ph"]);
    world.until("tick");
    s.phantom(&["snap", "w.world"]).status(0);
    s.phantom(&["stop", "w.world"]).status(0);
    world.end().status(124).says(&["in the same world go on: echo"]);
}

#[test]
fn a_thread_that_fails_on_every_resume_is_quarantined() {
    let (s, world) = ticking();
    let mut echo = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    echo.until("ready");
    world.kill();
    echo.end();
    let failing = || Process::start(&s, &["resume", "--fail-in", "tick", "w.world"]).ends();
    failing().status(121).says(&["failed in thread", "of tick", "next start tries again"]);
    // A kill in between counts neither way.
    let mut world = Process::start(&s, &["resume", "w.world"]);
    world.until("tick");
    world.kill();
    failing().status(121).says(&["quarantined at the next start"]);
    // The world starts, and the other program goes on.
    let mut world = Process::start(&s, &["resume", "--fail-in", "tick", "w.world"]);
    world.types("still here");
    world.until("said still here");
    wait_for(&s, "w.world", "tick", "quarantined");
    world.kill();
    assert_eq!(state(&s, "w.world", "tick"), "quarantined");
    let mut world = Process::start(&s, &["resume", "w.world"]);
    world.types("and here");
    world.until("said and here");
    s.phantom(&["go", "w.world", "tick"]).status(0).out("tick goes on\n");
    world.until("tick");
    s.phantom(&["stop", "w.world"]).status(0);
    world.end().status(124).says(&["tick is quarantined", "phantom go w.world tick"]);
    // It is forgiven for good.
    failing().status(121).says(&["next start tries again"]);
    failing().status(121).says(&["quarantined at the next start"]);
    s.phantom(&["go", "w.world", "tick"]).status(0);
    let mut world = Process::start(&s, &["resume", "w.world"]);
    world.until("tick");
    world.kill();
}

#[test]
fn several_programs_start_in_a_world_that_nobody_runs() {
    let (s, world) = ticking();
    world.kill();
    let mut both = Process::start(&s, &["run", "--world", "w.world", "echo.ph"]);
    let start = Instant::now();
    let mut seen = (false, false);
    while seen != (true, true) {
        assert!(start.elapsed() < PATIENCE, "{seen:?}");
        let mut line = String::new();
        both.out.read_line(&mut line).expect("output can be read");
        seen = (seen.0 | line.contains("tick"), seen.1 | line.contains("ready"));
    }
    let both = both.kill();
    both.says(&["in the same world go on: tick"]);
    // Over again, but for the other one.
    let mut both = Process::start(&s, &["run", "--fresh", "--world", "w.world", "echo.ph", "x"]);
    both.until("ready 1");
    assert!(number(&both.until("tick")) > 1, "tick begins anew, too");
    both.kill();
}

#[test]
fn variables_reach_the_program() {
    let s = scratch();
    s.file(
        "env.ph",
        "package .t; import .internal.world; import .internal.directory; class env { void main() {
            .internal.directory d = (new .internal.world()).getMyThread().getEnvironment();
            println(d.get(\"NAME\")); } };",
    );
    s.phantom(&["run", "--env", "NAME=a=b", "env.ph"]).status(0).out("a=b\n");
    s.phantom(&["run", "--env", "NAME", "env.ph"]).status(2).says(&["NAME=VALUE"]);
    let (s2, world) = ticking();
    std::fs::copy(s.path("env.ph"), s2.path("env.ph")).expect("a copy");
    s2.phantom(&["run", "--world", "w.world", "--env", "NAME=there", "env.ph"]).status(0).out("there\n");
    world.kill();
}

/// Two threads that lock two objects in turn, each in its own order.
const DEADLOCK: &str = "module dead
entry Main
class Shared super .internal.object flags public {
    field a L.internal.object; flags public static
    field b L.internal.object; flags public static
}
class Other super .internal.object flags public {
    method work (L.internal.object;)V flags public ordinal 8 {
        get_static Shared b L.internal.object;
        monitor_enter
        new .internal.time
        i32.const8 50
        call_virtual .internal.time sleepMsec (I)V
        get_static Shared a L.internal.object;
        monitor_enter
        return
    }
}
class Main super .internal.object flags public {
    method main ()I flags public static {
        new Shared
        put_static Shared a L.internal.object;
        new Shared
        put_static Shared b L.internal.object;
        new .internal.world
        new Other
        null
        call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
        pop
        get_static Shared a L.internal.object;
        monitor_enter
        new .internal.time
        i32.const8 50
        call_virtual .internal.time sleepMsec (I)V
        get_static Shared b L.internal.object;
        monitor_enter
        i32.const8 0
        return
    }
}
";

#[test]
fn a_deadlock_is_named() {
    let s = scratch();
    s.file("dead.phs", DEADLOCK);
    s.phantom(&["asm", "dead.phs"]).status(0);
    let world = Process::start(&s, &["run", "dead.phm"]);
    let start = Instant::now();
    let deadlocked = |shown: &Value| shown["deadlocks"].as_array().is_some_and(|circles| !circles.is_empty());
    while !s.path("dead.world").exists() || !deadlocked(&ps(&s, "dead.world")) {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(30));
    }
    let shown = s.phantom(&["ps", "--stacks", "dead.world"]).status(0);
    assert!(
        shown.out.contains("deadlock: thread") && shown.out.contains("waiting for a lock of"),
        "{shown:#?}"
    );
    // The other program that is needed to get out of it.
    s.phantom(&["kill", "dead.world", "dead"]).status(0);
    world.end().status(137);
    assert_eq!(ps(&s, "dead.world")["deadlocks"], serde_json::json!([]));
}

#[test]
fn a_stuck_world_says_so_and_can_be_looked_at() {
    let s = scratch();
    s.file(
        "flood.ph",
        "package .t; class flood { void main() { for (;;) println(\"0123456789012345678901234567890\"); } };",
    );
    let mut world = Process::start(&s, &["run", "--world", "w.world", "tick.ph"]);
    world.until("tick");
    // A command that is stopped does not stop the world: its program waits for it.
    let mut flood = Process::start(&s, &["run", "--world", "w.world", "flood.ph"]);
    flood.until("0");
    flood.signal("-STOP");
    let start = Instant::now();
    while !s.phantom(&["ps", "w.world"]).out.contains("waiting for room in its output") {
        assert!(start.elapsed() < PATIENCE);
    }
    world.until("tick");
    flood.signal("-CONT");
    flood.until("0");
    s.phantom(&["kill", "w.world", "flood"]).status(0);
    flood.end().status(137);
    // A process that is stopped does not answer.
    world.signal("-STOP");
    s.phantom(&["snap", "w.world"]).status(122).says(&["does not answer", "nothing was done"]);
    let file = s.phantom(&["ps", "w.world"]).status(0);
    assert!(file.out.contains("killed"), "{file:#?}");
    world.signal("-CONT");
    s.phantom(&["snap", "w.world"]).status(0);
    world.kill();
}

#[test]
fn a_worker_that_does_not_come_back_gets_its_command_withdrawn() {
    let s = scratch();
    s.file(
        "flood.ph",
        "package .t; class flood { void main() { for (;;) println(\"0123456789012345678901234567890\"); } };",
    );
    // Nobody reads its output, so the worker waits in the middle of a write.
    let mut world = Process::start(&s, &["run", "--world", "w.world", "flood.ph"]);
    world.until("0");
    std::thread::sleep(Duration::from_millis(300));
    s.phantom(&["kill", "w.world", "flood"]).status(122).says(&["stuck", "nothing was done"]);
    assert_eq!(state(&s, "w.world", "flood"), "running");
    world.kill();
    assert_eq!(state(&s, "w.world", "flood"), "running");
}

#[test]
fn a_command_that_meets_the_end_of_the_world_is_done_or_refused() {
    // `quick` ends at once, and the world with it: commands come at all instants of that.
    for round in 0..12 {
        let s = scratch();
        let world = Process::start(&s, &["run", "--world", "w.world", "quick.ph"]);
        let start = Instant::now();
        while !s.path("w.world").exists() {
            assert!(start.elapsed() < PATIENCE);
        }
        std::thread::sleep(Duration::from_millis(round));
        let echo = s.phantom_with_input(&["run", "--world", "w.world", "echo.ph"], "line\n").status(5);
        assert_eq!(echo.out, "ready 0\nsaid line\n", "{echo:#?}");
        world.end().status(3);
        assert_eq!(
            (state(&s, "w.world", "quick"), state(&s, "w.world", "echo")),
            ("ended".into(), "ended".into())
        );
    }
}

/// Somebody who listens at the socket of a world and says this.
fn impostor(world: &Path, says: &'static [u8]) {
    let mut path = world.as_os_str().to_owned();
    path.push(".sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.write_all(says);
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        }
    });
}

#[test]
fn another_version_or_no_phantom_at_all_is_recognised() {
    for (says, expected) in [
        (
            &b"\x48\0\0\0J{\"phantom\":\"9.9.9\",\"protocol\":99,\"pid\":1,\"world\":\"w\",\"and\":\"more of it\"}"[..],
            "Phantom 9.9.9",
        ),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no Phantom"),
        (b"\x02\0\0\0J{}", "no Phantom"),
    ] {
        let s = scratch();
        s.phantom(&["run", "--world", "w.world", "quick.ph"]).status(3);
        impostor(&s.path("w.world"), says);
        let ran = s.phantom(&["snap", "w.world"]).status(122);
        assert!(ran.err.contains(expected), "{ran:#?}");
        // What can be read can be read.
        s.phantom(&["ps", "w.world"]).status(0);
    }
}

#[test]
fn a_connection_that_says_nonsense_harms_nothing() {
    let (s, mut world) = ticking();
    for says in [
        &b""[..],
        b"nonsense",
        b"\x02\0\0\0J{}",
        b"\xff\xff\xff\xffJ",
        b"\x1d\0\0\0J{\"protocol\":1,\"do\":\"nothing\"}",
    ] {
        let mut stream =
            std::os::unix::net::UnixStream::connect(s.path("w.world.sock")).expect("the world listens");
        stream.write_all(says).expect("it reads");
        stream.shutdown(std::net::Shutdown::Write).expect("half of it");
        let mut answer = Vec::new();
        // An answer, or the end, or a reset where it did not read everything.
        let _ = stream.read_to_end(&mut answer);
    }
    let mut stream = std::os::unix::net::UnixStream::connect(s.path("w.world.sock")).expect("it listens");
    stream.write_all(b"\x1a\0\0\0J{\"protocol\":9,\"do\":\"stop\"}").expect("it reads");
    let mut answer = Vec::new();
    stream.shutdown(std::net::Shutdown::Write).expect("half of it");
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("\"version\"") && answer.contains("nothing was done"), "{answer}");
    world.until("tick");
    world.kill();
}

#[test]
fn other_users_are_kept_out() {
    let (s, mut world) = ticking();
    if rustix::process::geteuid().is_root() {
        for path in [s.path("w.world.sock").parent().expect("a folder"), &s.path("w.world")] {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
            std::fs::set_permissions(path, open).expect("they can be set");
        }
        let mut command = s.command(&["stop", "w.world"]);
        let stranger = ran(command.uid(65534).gid(65534).spawn().expect("it starts"));
        // Where the binary itself cannot be read by others there is nothing to see.
        stranger.status(122).says(&["only the user who runs the world, and root"]);
    } else {
        eprintln!("skipped: only root can be somebody else");
    }
    world.until("tick");
    world.kill();
}
