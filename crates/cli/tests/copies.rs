//! Copies of worlds through the real binary: compared with what they were copied from, kept up, and made where there is no room.
#![allow(clippy::disallowed_methods, reason = "waits for another process")]

mod common;

use common::{Ran, Scratch};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Adds a note all the time, and says how many there are.
const NOTES: &str = "package .t; import .lib.list; import .internal.time;
class note { var number : int; void note(var n : int) { number = n; } };
class notes {
    static list written;
    int main(string[] args) {
        written = new list();
        int n = 0;
        while (true) { n = n + 1; written.add(new note(n)); println(n); new .internal.time().sleepMsec(5); }
        return 0;
    }
};
";

fn json(ran: Ran) -> Value {
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

/// Lets a world run until its program has written so many notes.
fn run_until(s: &Scratch, arguments: &[&str], world: &str, goal: u64) {
    let mut child: Child = s.command(arguments).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let reached =
        lines.by_ref().filter_map(|line| line.trim().parse::<u64>().ok()).find(|number| *number >= goal);
    assert!(reached.is_some(), "it ended before {goal}");
    s.phantom(&["stop", world]).status(0);
    child.wait().expect("it ends");
    drop(lines);
}

fn world_of_notes() -> Scratch {
    let s = Scratch::new();
    s.file("notes.ph", NOTES);
    run_until(&s, &["run", "notes.ph"], "notes.world", 20);
    s
}

fn class_delta(diff: &Value, class: &str, what: &str) -> u64 {
    let classes = diff["classes"].as_array().expect("classes");
    classes.iter().find(|one| one["name"] == class).and_then(|one| one[what].as_u64()).unwrap_or(0)
}

#[test]
fn a_fork_is_compared_with_its_origin() {
    let s = world_of_notes();
    s.phantom(&["tag", "notes.world", "forked"]).status(0);
    s.phantom(&["fork", "notes.world", "fork.world"]).status(0);
    let same = json(s.phantom(&["diff", "--json", "notes.world", "fork.world"]));
    assert_eq!((same["pages"].as_u64(), &same["objects"]), (Some(1), &serde_json::json!([])), "{same}");

    run_until(&s, &["resume", "fork.world"], "fork.world", 40);
    let diff = json(s.phantom(&["diff", "--json", "--limit", "1000", "notes.world", "fork.world"]));
    let added = class_delta(&diff, ".t.note", "added");
    assert!(added >= 15, "{diff}");
    assert_eq!(class_delta(&diff, ".t.note", "removed"), 0);
    assert_eq!(
        (diff["from_world"].as_str(), diff["to_world"].as_str()),
        (Some("notes.world"), Some("fork.world"))
    );
    let objects = diff["objects"].as_array().expect("objects");
    let note = objects.iter().find(|one| one["class"] == ".t.note" && one["fate"] == "added");
    let path = note.and_then(|one| one["path"].as_str()).expect("a path from a root");
    assert!(path.starts_with(".t.notes.written"), "{path}");
    let list = objects.iter().find(|one| one["path"] == ".t.notes.written.items" && one["fate"] == "changed");
    assert!(list.is_some(), "{diff}");
    // The other way round what came has gone, and a snapshot of either can be named.
    let back = json(s.phantom(&["diff", "--json", "fork.world", "notes.world@forked"]));
    assert_eq!(class_delta(&back, ".t.note", "removed"), added);
    let text = s.phantom(&["diff", "notes.world@forked", "fork.world@0s"]).status(0).out;
    assert!(text.contains("of notes.world -> ") && text.contains(" of fork.world: "), "{text}");
    // Two forks of one world are kin as well.
    s.phantom(&["fork", "notes.world", "second.world"]).status(0);
    let kin = json(s.phantom(&["diff", "--json", "second.world", "fork.world"]));
    assert_eq!(class_delta(&kin, ".t.note", "added"), added);
    // So is a plain copy of the file.
    std::fs::copy(s.path("notes.world"), s.path("backup.world")).expect("a copy");
    let plain = json(s.phantom(&["diff", "--json", "backup.world", "notes.world"]));
    assert_eq!(plain["pages"], 0, "{plain}");
}

#[test]
fn worlds_without_anything_in_common_are_not_compared() {
    let s = world_of_notes();
    s.file("other.ph", NOTES.replace("class notes", "class other"));
    run_until(&s, &["run", "other.ph"], "other.world", 3);
    s.phantom(&["diff", "notes.world", "other.world"]).status(2).says(&["nothing in common", "phantom show"]);
    s.phantom(&["diff", "notes.world", "no.world@3"]).status(120).says(&["no.world"]);
    s.phantom(&["diff", "notes.world@nowhere", "other.world"]).status(2).says(&["notes.world", "no tag"]);
}

#[test]
fn a_replica_is_used_by_way_of_a_fork() {
    let s = world_of_notes();
    let epoch = |world: &str| {
        json(s.phantom(&["export", "--json", "-o", "any.stream", world]))["epoch"].as_u64().expect("an epoch")
    };
    s.phantom(&["export", "notes.world", "-o", "whole.stream"]).status(0);
    let imported = s.phantom(&["import", "whole.stream", "--into", "replica.world"]).status(0).out;
    let first = epoch("notes.world");
    assert!(imported.contains(&format!("export --since {first}")) && imported.contains("fork"), "{imported}");
    // Looked at by a fork, it stays a replica.
    s.phantom(&["fork", "replica.world", "look.world"]).status(0);
    run_until(&s, &["resume", "look.world"], "look.world", 25);
    run_until(&s, &["resume", "notes.world"], "notes.world", 30);
    let since = first.to_string();
    s.phantom(&["export", "notes.world", "--since", &since, "-o", "more.stream"]).status(0);
    s.phantom(&["import", "more.stream", "--into", "replica.world"]).status(0);
    let same = json(s.phantom(&["diff", "--json", "notes.world", "replica.world"]));
    assert_eq!(same["objects"], serde_json::json!([]), "{same}");

    // Run, it is none any more: said with the reason and the way, and nothing changes.
    let second = epoch("notes.world").to_string();
    run_until(&s, &["resume", "replica.world"], "replica.world", 40);
    run_until(&s, &["resume", "notes.world"], "notes.world", 40);
    s.phantom(&["export", "notes.world", "--since", &second, "-o", "third.stream"]).status(0);
    let before = std::fs::read(s.path("replica.world")).expect("the replica");
    s.phantom(&["import", "third.stream", "--into", "replica.world"]).status(120).says(&[
        &format!("took snapshot {second} and went on by itself since"),
        "fork it and run",
        "is as it was",
    ]);
    assert!(before == std::fs::read(s.path("replica.world")).expect("the replica"), "it was written to");
    s.phantom(&["import", "third.stream", "--into", "look.world"])
        .status(120)
        .says(&["look.world is as it was"]);
}

/// The binary under a limit on the size of files, which stands for a disk that is full.
fn limited(s: &Scratch, kib: u64, arguments: &str) -> Ran {
    let shell = format!("ulimit -f {kib}; trap '' XFSZ; exec {} {arguments}", env!("CARGO_BIN_EXE_phantom"));
    let mut command = Command::new("bash");
    command.args(["-c", &shell]).current_dir(s.path("")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    common::ran(command.spawn().expect("bash starts"))
}

#[test]
fn without_room_nothing_is_half_there() {
    let s = world_of_notes();
    let before = std::fs::read(s.path("notes.world")).expect("the world");
    // A device that takes no byte, as standard output.
    let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut command = s.command(&["export", "notes.world"]);
    common::ran(command.stdout(full).spawn().expect("it starts"))
        .status(120)
        .says(&["standard output", "No space left"]);
    limited(&s, 8, "export notes.world -o small.stream").status(120).says(&["small.stream", "too large"]);
    s.phantom(&["export", "notes.world", "-o", "whole.stream"]).status(0);
    limited(&s, 64, "import whole.stream --into copy.world").status(120).says(&["copy.world is as it was"]);
    let forked = limited(&s, 64, "fork notes.world fork.world");
    assert!(
        forked.status.is_some_and(|status| status >= 120) && forked.err.contains("fork.world"),
        "{forked:#?}"
    );
    for name in ["small.stream", "copy.world", "fork.world"] {
        assert!(!s.path(name).exists() && !s.path(&format!("{name}.new")).exists(), "{name} was left behind");
    }
    assert!(before == std::fs::read(s.path("notes.world")).expect("the world"), "it was written to");
    // With room it is done.
    s.phantom(&["import", "whole.stream", "--into", "copy.world"]).status(0);
    s.phantom(&["check", "--objects", "copy.world"]).status(0);
}

#[test]
fn a_difference_that_finds_no_room_leaves_the_replica_as_it_was() {
    let s = world_of_notes();
    s.phantom(&["tag", "notes.world", "first"]).status(0);
    s.phantom(&["export", "notes.world", "-o", "whole.stream"]).status(0);
    s.phantom(&["import", "whole.stream", "--into", "copy.world"]).status(0);
    s.file(
        "bulk.ph",
        "package .t; import .internal.boot; import .internal.binary; import .internal.world;
        class bulk { static .internal.binary[] all; int main(string[] args) { .internal.boot boot = new .internal.boot();
            all = new .internal.binary[]();
            for (int i = 0; i < 400; i++) { .internal.binary b = boot.createBinary(100000);
                for (int p = 0; p < 24; p++) b.setInt(p * 4096, i * p + 1); all[i] = b; }
            new .internal.world().snapSync(); println(1000000); while (true) new .internal.world().snapSync(); return 0; } };",
    );
    run_until(&s, &["run", "--world", "notes.world", "bulk.ph"], "notes.world", 1_000_000);
    s.phantom(&["export", "notes.world", "--since", "first", "-o", "more.stream"]).status(0);
    let held = json(s.phantom(&["show", "--json", "copy.world"]));
    let kib = std::fs::metadata(s.path("copy.world")).expect("the copy").len() / 1024;
    limited(&s, kib, "import more.stream --into copy.world")
        .status(120)
        .says(&["room", "copy.world is as it was"]);
    assert_eq!(json(s.phantom(&["show", "--json", "copy.world"])), held);
    s.phantom(&["check", "--objects", "copy.world"]).status(0);
    s.phantom(&["import", "more.stream", "--into", "copy.world"]).status(0);
    let same = json(s.phantom(&["diff", "--json", "notes.world", "copy.world"]));
    assert!(same["pages"].as_u64().is_some(), "{same}");
}
