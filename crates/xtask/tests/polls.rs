//! Internal methods that have much to do come to safepoints: by a count of their work, on a program that is written to have
//! much to do.

use std::path::Path;
use xtask::chaos::{Script, plain, plain_work};

/// Most units of work between two looks for requests; a unit is about a byte that is copied.
const UNITS_MAX: u64 = 160 << 10;

#[test]
fn long_work_is_divided() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    let path = root.join("crates/lang/tests/programs/in_steps.ph");
    let mut script = Script::compile(&path, &[]).expect("it compiles");
    let small = plain(&script).expect("it ends");
    script.arguments = vec!["1500000".to_string()];
    let (large, longest) = plain_work(&script).expect("it ends");
    assert_eq!(large, small, "the result does not depend on how much there is to do");
    assert!(longest <= UNITS_MAX, "{longest} units of work between two polls");
    // Otherwise nothing was counted, or nothing had much to do.
    assert!(longest >= 64 << 10, "{longest} units");
}
