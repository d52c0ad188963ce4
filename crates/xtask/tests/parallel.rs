//! Language programs on several workers, beside threads that disturb them, with snapshots and power cuts: their output is
//! that of a quiet run on one worker.

use std::path::Path;
use std::time::Duration;
use xtask::chaos::{Script, Unkindness, all_programs, plain};
use xtask::parallel::{Rough, rough};

#[test]
fn workers_do_not_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    let mut programs = all_programs(root).expect("the programs can be listed");
    // The number that the game thinks of is drawn from the clock, which is the host's here; the workflow sleeps for days of
    // it, and there is no outside for its payments.
    programs.retain(|path| !path.ends_with("guess.ph") && !path.ends_with("workflow.ph"));
    let mut seen = Unkindness::default();
    for (number, path) in programs.iter().enumerate() {
        let script = Script::compile(path, &[]).expect("it compiles");
        let expected = plain(&script).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let how = Rough {
            workers: 2 + number % 3,
            seed: number as u64,
            cuts_max: 3,
            time_max: Duration::from_secs(300),
        };
        let (found, unkindness) =
            rough(&script, &how).unwrap_or_else(|error| panic!("{} {how:?}: {error}", path.display()));
        assert_eq!(found, expected, "{} {how:?}", path.display());
        seen.snapshots += unkindness.snapshots;
        seen.cuts += unkindness.cuts;
    }
    assert!(seen.cuts > 3 && seen.snapshots > 50, "not enough happened to prove anything: {seen:?}");
}
