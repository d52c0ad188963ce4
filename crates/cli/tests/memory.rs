//! A world larger than the memory it may take, and a disk without room, through the real binary.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use common::{Scratch, root};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn graph() -> String {
    root().join("benches/graph.ph").to_str().expect("a path in UTF-8").to_string()
}

#[test]
fn a_world_four_times_the_limit_computes_the_same() {
    let s = Scratch::new();
    let graph = graph();
    let whole = s.phantom(&["run", "--world", "a.world", &graph, "64", "300"]).status(0).out;
    assert!(whole.starts_with("built\n"));
    for mapper in ["userfaultfd", "software"] {
        let world = format!("{mapper}.world");
        let bounded = [
            "run",
            "--memory",
            "16M",
            "--mapper",
            mapper,
            "--figures",
            "--world",
            &world,
            &graph,
            "64",
            "300",
        ];
        let ran = s.phantom(&bounded).status(0);
        assert_eq!(ran.out, whole, "{mapper}");
        let figures: serde_json::Value =
            serde_json::from_str(ran.err.lines().last().expect("figures")).expect("JSON");
        assert!(figures["evicted"].as_u64().is_some_and(|pages| pages > 2000), "{mapper}: {figures}");
        assert!(
            figures["held_bytes_max"].as_u64().is_some_and(|bytes| bytes < 48 << 20),
            "{mapper}: {figures}"
        );
        s.phantom(&["check", &world]).status(0);
    }
}

#[test]
fn an_array_larger_than_the_limit_is_filled_and_copied() {
    let s = Scratch::new();
    let arrays = root().join("benches/arrays.ph").to_str().expect("a path in UTF-8").to_string();
    for copies in ["0", "1"] {
        let whole = s.phantom(&["run", "--fresh", "--world", "a.world", &arrays, "48", copies]).status(0).out;
        for mapper in ["userfaultfd", "software"] {
            let bounded = ["run", "--fresh", "--memory", "16M", "--figures", "--mapper", mapper];
            let program = ["--world", "b.world", &arrays, "48", copies];
            let ran = s.phantom(&[&bounded[..], &program].concat()).status(0);
            assert_eq!(ran.out, whole, "{mapper}");
            let last = ran.err.lines().last().expect("figures");
            let figures: serde_json::Value = serde_json::from_str(last).expect("JSON");
            let held = figures["held_bytes_max"].as_u64().expect("a number");
            // A copy is not divided by safepoints everywhere; what is filled piece by piece is held to the limit.
            assert!(copies == "1" || held < 40 << 20, "{mapper}: {figures}");
            s.phantom(&["check", "b.world"]).status(0);
        }
    }
}

#[test]
fn a_bounded_world_survives_kills() {
    let s = Scratch::new();
    let graph = graph();
    let whole = s.phantom(&["run", "--world", "a.world", &graph, "40", "30000"]).status(0).out;
    let mut output = String::new();
    for round in 0..40 {
        let mut child = s.command(&["run", "--memory", "16M", "--world", "b.world", &graph, "40", "30000"]);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let patience = Instant::now() + Duration::from_millis(150 + 61 * round);
        let ended = loop {
            if child.try_wait().expect("it can be asked").is_some() {
                break true;
            }
            if Instant::now() > patience {
                break false;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !ended {
            child.kill().expect("it can be killed");
        }
        let lines = BufReader::new(child.stdout.take().expect("output")).lines();
        output.extend(lines.map_while(Result::ok).map(|line| line + "\n"));
        child.wait().expect("it ends");
        if ended {
            break;
        }
    }
    // A line may be repeated after a kill, and the last one is the checksum.
    assert_eq!(output.lines().last(), whole.lines().last(), "{output}");
}

#[test]
fn a_full_disk_pauses_the_world_until_there_is_room() {
    let s = Scratch::new();
    let phantom = env!("CARGO_BIN_EXE_phantom");
    // A file system of 40 MiB of which a filler takes most, in a name space of its own.
    let script = format!(
        "set -e; mkdir disk; mount -t tmpfs -o size=120m none disk; \
         dd if=/dev/zero of=disk/filler bs=1M count=100 status=none; \
         {phantom} run --memory 64M --world disk/g.world {} 40 20000 2>err & \
         n=0; until grep -q 'no room' err; do sleep 0.05; n=$((n+1)); test $n -lt 1200; done; \
         sleep 1; rm disk/filler; wait $!; {phantom} check disk/g.world",
        graph()
    );
    let run = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .current_dir(s.path("."))
            .output()
    };
    if !run("mkdir -p try && mount -t tmpfs none try").is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: a file system cannot be mounted here");
        return;
    }
    let whole = s.phantom(&["run", "--world", "a.world", &graph(), "40", "20000"]).status(0).out;
    let ran = run(&script).expect("a shell");
    let said = std::fs::read_to_string(s.path("err")).unwrap_or_default();
    assert!(ran.status.success(), "{ran:?} {said}");
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with(&whole), "{ran:?} {said}");
    assert_eq!(said.matches("no room").count(), 1, "{said}");
    assert!(said.contains("g.world") && said.contains("there is room again"), "{said}");
}
