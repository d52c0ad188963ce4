//! Bad input: what is said, the exit status, and that nothing is lost.

mod common;

use common::Scratch;
use std::os::unix::fs::PermissionsExt;

const COUNT: &str = "package .t; import .internal.world; class count { int main(string[] args) {
    for (int i = 0; i < 3; i++) { println(i); new .internal.world().snapSync(); } return 0; } };";

/// A folder with a finished program and its world.
fn finished() -> Scratch {
    let s = Scratch::new();
    s.file("count.ph", COUNT);
    s.phantom(&["run", "count.ph"]).status(0).out("0\n1\n2\n");
    s
}

fn world(s: &Scratch) -> Vec<u8> {
    std::fs::read(s.path("count.world")).expect("the world")
}

#[test]
fn what_is_not_there() {
    let s = Scratch::new();
    s.phantom(&["run", "nothing.ph"]).status(120).says(&["nothing.ph", "No such file"]);
    s.phantom(&["resume", "nothing.world"]).status(120).says(&["no such world", "phantom run"]);
    for verb in ["info", "log", "ps", "check", "stop", "snap", "go", "top"] {
        s.phantom(&[verb, "nothing.world"]).status(120).says(&["nothing.world", "No such file"]);
    }
    s.phantom(&["disasm", "nothing.phm"]).status(120).says(&["nothing.phm"]);
    s.phantom(&["asm", "nothing.phs"]).status(120).says(&["nothing.phs"]);
    std::fs::create_dir(s.path("empty")).expect("a folder");
    s.phantom(&["run", "empty"]).status(120).says(&["no source file"]);
}

#[test]
fn arguments_that_make_no_sense() {
    let s = finished();
    s.phantom(&[]).status(2);
    s.phantom(&["fly"]).status(2).says(&["fly"]);
    s.phantom(&["run", "--every", "soon", "count.ph"]).status(2).says(&["--every", "50ms"]);
    s.phantom(&["run", "--mapper", "magic", "count.ph"]).status(2).says(&["magic", "userfaultfd"]);
    s.phantom(&["compile", "count.world"]).status(2).says(&["only sources"]);
    for verb in [
        "run", "resume", "attach", "stop", "snap", "kill", "go", "top", "info", "log", "ps", "check",
        "compile", "disasm", "asm",
    ] {
        let help = s.phantom(&[verb, "--help"]).status(0);
        assert!(help.out.contains("Example"), "{help:#?}");
    }
}

#[test]
fn sources_with_errors_show_all_of_them_and_leave_no_world() {
    let s = Scratch::new();
    s.file("wrong.ph", "package .t;\nclass wrong {\n    void main() {\n        int x = nope;\n        alsoNot(3);\n    }\n};\n");
    let ran = s.phantom(&["run", "wrong.ph"]).status(120);
    ran.says(&["wrong.ph:4", "nope", "alsoNot", "not compiled, 2 errors"]);
    assert!(!s.path("wrong.world").exists());
    s.file("binary.ph", [0xff, 0xfe, 0, 1]);
    s.phantom(&["run", "binary.ph"]).status(120).says(&["not UTF-8"]);
    s.file("library.ph", "package .t; class library { int twice(int n) { return 2 * n; } };");
    s.phantom(&["run", "library.ph"]).status(120).says(&["nothing to run"]);
    s.file("broken.phs", "this is no module");
    s.phantom(&["asm", "broken.phs"]).status(120).says(&["broken.phs:1"]);
}

#[test]
fn modules_that_are_cut_or_changed() {
    let s = finished();
    s.phantom(&["compile", "count.ph"]).status(0);
    let module = std::fs::read(s.path("count.phm")).expect("a module");
    for cut in [0, 3, 20, module.len() / 2, module.len() - 1] {
        s.file("cut.phm", &module[..cut]);
        s.phantom(&["run", "cut.phm"]).status(120).says(&["cut.phm"]);
        assert!(!s.path("cut.world").exists());
    }
    let mut changed = module.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x40;
    s.file("changed.phm", &changed);
    s.phantom(&["run", "changed.phm"]).status(120).says(&["changed.phm", "checksum"]);
}

#[test]
fn worlds_that_are_none() {
    let s = finished();
    let good = world(&s);
    s.file("count.world", b"");
    s.phantom(&["run", "count.ph"]).status(121).says(&["count.world", "empty"]);
    s.file("count.world", b"just some text that is no world at all");
    s.phantom(&["run", "count.ph"]).status(121).says(&["count.world"]);
    s.phantom(&["check", "count.world"]).status(121);
    // Half of it is gone.
    s.file("count.world", &good[..good.len() / 4096 / 2 * 4096]);
    s.phantom(&["run", "count.ph"]).status(121).says(&["count.world"]);
    s.file("count.world", &good);
    s.phantom(&["run", "count.ph"]).status(0).says(&["has ended before"]);
}

#[test]
fn a_damaged_superblock_loses_nothing() {
    let s = finished();
    let good = world(&s);
    // Slot A is block 0, slot B block 4.
    for slot in [0, 4] {
        let mut bad = good.clone();
        bad[slot * 4096 + 100] ^= 1;
        s.file("count.world", &bad);
        s.phantom(&["run", "count.ph"]).status(0).says(&["has ended before"]);
    }
    let mut bad = good;
    bad[100] ^= 1;
    bad[4 * 4096 + 100] ^= 1;
    s.file("count.world", &bad);
    s.phantom(&["run", "count.ph"]).status(121).says(&["superblocks"]);
}

#[test]
fn a_newer_world_is_left_alone() {
    let s = finished();
    let mut newer = world(&s);
    for slot in [0usize, 4] {
        // The format version stands behind the magic number and the checksum of the rest, 8 bytes each.
        let block = &mut newer[slot * 4096..(slot + 1) * 4096];
        block[16] = 0xfe;
        let seal = base::checksum::checksum(&block[16..]);
        block[8..16].copy_from_slice(&seal.to_le_bytes());
    }
    s.file("count.world", &newer);
    let ran = s.phantom(&["run", "count.ph"]).status(121);
    assert!(ran.err.contains("newer Phantom"), "{ran:#?}");
    assert_eq!(world(&s), newer, "it was written to");
}

#[test]
fn damage_is_found_wherever_it_is() {
    let s = finished();
    let good = world(&s);
    let mut found = 0;
    let mut harmless = 0;
    for block in 8..good.len() / 4096 {
        if good[block * 4096..(block + 1) * 4096].iter().all(|byte| *byte == 0) {
            continue;
        }
        let mut bad = good.clone();
        bad[block * 4096 + 77] ^= 0x10;
        s.file("count.world", &bad);
        let ran = s.phantom(&["check", "count.world"]);
        match ran.status {
            Some(121) => found += 1,
            // A block that no kept snapshot needs any more.
            Some(0) => harmless += 1,
            _ => panic!("block {block}: {ran:#?}"),
        }
    }
    assert!(found > harmless, "{found} found, {harmless} harmless");
}

#[test]
fn what_cannot_be_written() {
    let s = finished();
    let mut permissions = std::fs::metadata(s.path("count.world")).expect("metadata").permissions();
    permissions.set_mode(0o444);
    std::fs::set_permissions(s.path("count.world"), permissions).expect("permissions");
    // Root may write anything; for everybody else it is an error that names the file.
    let ran = s.phantom(&["run", "count.ph"]);
    assert!(ran.status == Some(120) && ran.err.contains("count.world") || ran.status == Some(0), "{ran:#?}");
    s.phantom(&["compile", "count.ph", "-o", "no/such/folder/x.phm"]).status(120).says(&["no/such/folder"]);
    s.phantom(&["run", "--world", "no/such/folder/x.world", "count.ph"])
        .status(120)
        .says(&["no/such/folder"]);
}

#[test]
fn a_full_disk_loses_nothing() {
    // /dev/full takes no byte; as a raw device it is refused, with its name.
    let s = finished();
    let ran = s.phantom(&["run", "--world", "/dev/full", "count.ph"]);
    assert!(ran.status.is_some_and(|status| status >= 120), "{ran:#?}");
    assert!(ran.err.contains("/dev/full"), "{ran:#?}");
    // A limit on the size of files stands for a disk that fills up while the program runs.
    s.file(
        "grow.ph",
        "package .t; import .internal.boot; import .internal.binary; class grow { void main() {
            .internal.boot boot = new .internal.boot(); .internal.binary[] all = new .internal.binary[]();
            for (int i = 0; i < 4000; i++) { .internal.binary b = boot.createBinary(100000);
                for (int p = 0; p < 24; p++) b.setInt(p * 4096, i + 1); all[i] = b; } println(\"whole\"); } };",
    );
    let shell = format!(
        "ulimit -f 40000; trap '' XFSZ; exec timeout -s KILL 8 {} run --every 20ms grow.ph",
        env!("CARGO_BIN_EXE_phantom")
    );
    let mut limited = std::process::Command::new("bash");
    limited.args(["-c", &shell]).current_dir(s.path("")).stdin(std::process::Stdio::null());
    limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let full = common::ran(limited.spawn().expect("bash starts"));
    // It waits for room until it is killed, and says so once.
    assert_eq!(full.err.matches("no room").count(), 1, "{full:#?}");
    s.phantom(&["check", "grow.world"]).status(0);
    // With room again it goes on and ends.
    s.phantom(&["run", "grow.ph"]).status(0).out("whole\n");
}
