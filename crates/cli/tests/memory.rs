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
    let whole = s.phantom(&["run", "--world", "a.world", &graph(), "40", "20000"]).status(0).out;
    let full = runs_on_after_a_full_disk(&s, "--memory 64M", &format!("{} 40 20000", graph()), &whole);
    assert!(full.is_none_or(|times| times == 1), "full {full:?} times");
}

/// Each of its snapshots is one that the only thread waits for, so the worker makes them itself, until the disk is full.
const SYNCING: &str = r#"
package .t;
import .internal.world;
class syncing {
    int main(string[] args) {
        var all = new .internal.container.array();
        var world = new .internal.world();
        string filler = "0123456789";
        for (int n = 0; n < 8; n += 1) filler = filler + filler;
        for (int n = 0; n < 4000; n += 1) {
            all.add(filler + n);
            world.snapSync();
        }
        long sum = 0L;
        for (int n = 0; n < 4000; n += 1) {
            string one = all.get(n);
            sum = sum * 31L + one.substring(2560, one.length() - 2560).toLong();
        }
        println("" + all.size() + " " + sum);
        return 0;
    }
};
"#;

#[test]
fn a_full_disk_pauses_a_program_whose_snapshots_its_own_worker_makes() {
    let s = Scratch::new();
    std::fs::write(s.path("syncing.ph"), SYNCING).expect("it is written");
    let whole = s.phantom(&["run", "--world", "a.world", "syncing.ph"]).status(0).out;
    assert!(whole.starts_with("4000 "), "{whole}");
    runs_on_after_a_full_disk(&s, "--workers 1", "syncing.ph", &whole);
}

/// Runs a program on a disk that is almost full until there is no room, then makes room; how often the disk was said to be
/// full, `None` where this cannot be tried.
fn runs_on_after_a_full_disk(s: &Scratch, options: &str, program: &str, whole: &str) -> Option<usize> {
    let phantom = env!("CARGO_BIN_EXE_phantom");
    // A file system of 120 MiB of which a filler takes most, in a name space of its own.
    let script = format!(
        "set -e; mkdir disk; mount -t tmpfs -o size=120m none disk; \
         dd if=/dev/zero of=disk/filler bs=1M count=100 status=none; \
         {phantom} run {options} --world disk/g.world {program} 2>err & \
         n=0; until grep -q 'no room' err; do sleep 0.05; n=$((n+1)); test $n -lt 1200; done; \
         sleep 1; rm disk/filler; wait $!; {phantom} check disk/g.world"
    );
    let run = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .current_dir(s.path("."))
            .output()
    };
    if !run("mkdir -p try && mount -t tmpfs none try").is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: a file system cannot be mounted here");
        return None;
    }
    let ran = run(&script).expect("a shell");
    let said = std::fs::read_to_string(s.path("err")).unwrap_or_default();
    assert!(ran.status.success(), "{ran:?} {said}");
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with(whole), "{ran:?} {said}");
    // Giving up history may make room by itself, for a while: then it is full again.
    let (full, again) = (said.matches("no room").count(), said.matches("there is room again").count());
    assert!(full >= 1 && full == again && said.contains("growing disk/g.world)"), "{said}");
    Some(full)
}
