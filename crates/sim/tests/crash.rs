//! The crash enumeration in small: enough to catch what is plainly wrong. `cargo xtask crash` runs it long.

use sim::crash::{Options, run};

#[test]
fn five_thousand_crash_images_recover() {
    let report = run(Options { points: 5_000, seed: 1, workload: None, progress: &mut |_| {} });
    if let Some(failure) = &report.failure {
        panic!("{failure}");
    }
    assert!(report.points >= 5_000);
    assert!(
        report.second_lives > 0 && report.lying_reported > 0 && report.damaged_reported > 0,
        "{report:?}"
    );
    println!("{report:?}");
}
