//! The crash enumeration in small: enough to catch what is plainly wrong. `cargo xtask crash` runs it long.

use sim::crash::{At, Enumeration, Workload, bare_lives, run};

#[test]
fn thirteen_thousand_crash_images_recover() {
    let report = run(13_000, 1, None);
    if let Some(failure) = &report.failure {
        panic!("{failure}");
    }
    assert!(report.points >= 13_000);
    assert!(
        report.second_lives > 0 && report.lying_reported > 0 && report.damaged_reported > 0,
        "{report:?}"
    );
    println!("{report:?}");
}

#[test]
fn one_seed_is_one_run() {
    let [a, b] = [(); 2].map(|()| format!("{:?}", run(3_000, 7, Some(Workload::Mixed))));
    assert_eq!(a, b);
}

#[test]
fn a_replay_ends_at_its_image() {
    let lives = bare_lives().into_iter().filter(|lives| lives.name() == "small").collect();
    let enumeration = Enumeration::new(lives, 1, u64::MAX);
    enumeration.replay("0.100".parse::<At>().expect("an image"));
    let report = enumeration.report();
    assert!(report.failure.is_none() && report.images > 100, "{report:?}");
    assert!("12".parse::<At>().is_err() && "a.b".parse::<At>().is_err());
}
