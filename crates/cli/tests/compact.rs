//! `phantom compact` through the real binary: the file becomes small, what is in it stays, whatever comes in between.
#![allow(clippy::disallowed_methods, reason = "kills another process after a while")]

mod common;

use common::{Ran, Scratch};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Fills 24 MB again and again, each time with a snapshot, then names what they hold.
const FILL: &str = "package .t; import .internal.world; import .internal.boot; import .internal.binary;
class fill {
    static .internal.binary[] all;
    int main(string[] args) {
        .internal.boot boot = new .internal.boot();
        .internal.world world = new .internal.world();
        all = new .internal.binary[]();
        for (int i = 0; i < 240; i++) all[i] = boot.createBinary(100000);
        for (int round = 1; round <= 6; round++) {
            for (int i = 0; i < 240; i++) {
                .internal.binary b = all[i];
                for (int p = 0; p < 24; p++) {
                    for (int q = 0; q < 20; q++) b.setInt(p * 4096 + q * 200, round * i * 31 + p + q * 7);
                }
            }
            world.snapSync();
        }
        int sum = 0;
        for (int i = 0; i < 240; i++) sum = sum + all[i].getInt(4096);
        println(sum);
        return 0;
    }
};
";

/// A folder with a world in which much has been superseded, and a copy of what it holds.
fn filled() -> Scratch {
    let s = Scratch::new();
    s.file("fill.ph", FILL);
    let sum: u32 = (0..240).map(|i| 6 * i * 31 + 1).sum();
    s.phantom(&["run", "fill.ph"]).status(0).out(&format!("{sum}\n"));
    s.phantom(&["fork", "fill.world", "before.world"]).status(0);
    s
}

fn json(ran: Ran) -> Value {
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn len(s: &Scratch, name: &str) -> u64 {
    std::fs::metadata(s.path(name)).expect("the file").len()
}

/// Asserts that nothing is damaged and that every object is as it was.
#[track_caller]
fn assert_same(s: &Scratch) {
    s.phantom(&["check", "--objects", "fill.world"]).status(0);
    let diff = json(s.phantom(&["diff", "--json", "before.world", "fill.world"]));
    assert_eq!(diff["objects"], serde_json::json!([]), "{diff}");
    // The copy says in its root page where it comes from.
    assert_eq!(diff["pages"], 1, "{diff}");
}

#[test]
fn the_file_shrinks_and_what_it_holds_stays() {
    let s = filled();
    let before = len(&s, "fill.world");
    let done = json(s.phantom(&["compact", "--json", "fill.world"]));
    let after = len(&s, "fill.world");
    let live = done["live_bytes"].as_u64().expect("a size");
    assert_eq!((done["before_bytes"].as_u64(), done["after_bytes"].as_u64()), (Some(before), Some(after)));
    assert!(done["moved_pages"].as_u64() > Some(0), "{done}");
    assert!(before > 2 * live && after >= live && after < before, "{done}");
    assert_same(&s);
    s.phantom(&["run", "fill.ph"]).status(0).says(&["has ended before"]);
    // A second time there is little to do, and nothing goes wrong.
    let text = s.phantom(&["compact", "fill.world"]).status(0).out;
    assert!(text.contains("fill.world: ") && text.contains("before"), "{text}");
    assert_same(&s);
    // What was given up is told, and nothing is done.
    for arguments in [vec!["show", "fill.world@1"], vec!["export", "fill.world", "--since", "1", "-o", "a"]] {
        s.phantom(&arguments).status(2).says(&["snapshot 1 is not kept; the nearest"]);
    }
    s.phantom(&["restore", "fill.world@1"]).status(2).says(&["snapshot 1 is not kept"]);
    s.phantom(&["fork", "fill.world@1", "none.world"]).status(2).says(&["snapshot 1 is not kept"]);
    assert!(!s.path("a").exists() && !s.path("none.world").exists());
}

#[test]
fn what_has_a_name_stays_and_history_stays_if_it_is_to() {
    let s = filled();
    let log = json(s.phantom(&["log", "--json", "fill.world"]));
    let log = log.as_array().expect("a list");
    let count = log.len();
    let middle = log[count / 2]["epoch"].as_u64().expect("an epoch");
    s.phantom(&["tag", &format!("fill.world@{middle}"), "middle"]).status(0);
    let shown = s.phantom(&["show", "--json", "fill.world@middle"]).status(0).out;
    s.phantom(&["compact", "--keep-history", "fill.world"]).status(0);
    let kept = json(s.phantom(&["log", "--json", "fill.world"]));
    assert!(kept.as_array().is_some_and(|kept| kept.len() >= count - 1), "{kept}");
    s.phantom(&["compact", "fill.world"]).status(0);
    assert_eq!(s.phantom(&["show", "--json", "fill.world@middle"]).status(0).out, shown);
    s.phantom(&["check", "--objects", "fill.world@middle"]).status(0);
    assert_same(&s);
}

#[test]
fn killed_in_between_it_leaves_a_whole_world() {
    let s = filled();
    let mut killed = 0;
    for wait_ms in [0, 5, 10, 20, 30, 40, 60, 80, 120, 160, 240, 400, 800] {
        let mut child = s.command(&["compact", "fill.world"]).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().expect("it can be killed");
        let ended = child.wait().expect("it ends");
        killed += u32::from(ended.code().is_none());
        assert_same(&s);
    }
    assert!(killed > 0, "each had ended before it was killed");
    s.phantom(&["compact", "fill.world"]).status(0);
    assert_same(&s);
}

#[test]
fn a_world_that_runs_is_left_alone() {
    let s = Scratch::new();
    s.file(
        "waits.ph",
        "package .t; import .internal.time; class waits { void main() { println(\"here\");
            while (true) new .internal.time().sleepMsec(5); } };",
    );
    let mut child = s.command(&["run", "waits.ph"]).spawn().expect("it starts");
    let mut out = std::io::BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
    s.phantom(&["compact", "waits.world"])
        .status(122)
        .says(&["nothing was changed", "phantom stop waits.world"]);
    s.phantom(&["stop", "waits.world"]).status(0);
    child.wait().expect("it ends");
    s.phantom(&["compact", "waits.world"]).status(0);
    s.phantom(&["check", "--objects", "waits.world"]).status(0);
}

/// Somebody who may not do everything, as root may.
const NOBODY: u32 = 65_534;

#[test]
fn files_that_cannot_be_compacted_are_named_and_left() {
    let s = filled();
    s.phantom(&["compact", "nothing.world"]).status(120).says(&["nothing.world"]);
    s.file("text.world", "no world at all");
    s.phantom(&["compact", "text.world"]).status(121).says(&["text.world"]);
    let help = s.phantom(&["compact", "--help"]).status(0).out;
    assert!(help.contains("Examples") && help.contains("--keep-history"), "{help}");

    let before = std::fs::read(s.path("fill.world")).expect("the world");
    let allow = |name: &str, mode: u32| {
        std::fs::set_permissions(s.path(name), std::fs::Permissions::from_mode(mode)).expect("permissions");
    };
    allow("fill.world", 0o444);
    allow("", 0o755);
    // A copy, as others may not look into the folder that the binary stands in.
    std::fs::copy(env!("CARGO_BIN_EXE_phantom"), s.path("phantom")).expect("a copy");
    let mut command = Command::new(s.path("phantom"));
    command.args(["compact", "fill.world"]).current_dir(s.path("")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
    }
    let refused = common::ran(command.spawn().expect("it starts"));
    refused.status(120).says(&["fill.world", "ermission denied"]);
    assert!(before == std::fs::read(s.path("fill.world")).expect("the world"), "it was written to");
}

#[test]
fn people_see_how_far_it_is() {
    let s = filled();
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} compact fill.world", env!("CARGO_BIN_EXE_phantom")), "/dev/null"]);
    command.current_dir(s.path("")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(child) = command.spawn() else {
        eprintln!("NOT TESTED: there is no `script` here to make a terminal");
        return;
    };
    let seen = common::ran(child).status(0).out;
    assert!(seen.contains("pages moved") && seen.contains("left"), "{seen:?}");
    assert_same(&s);
}
