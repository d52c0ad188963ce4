//! The crash enumeration in small: enough to catch what is plainly wrong. `cargo xtask crash` runs it long.

use sim::crash::{At, Enumeration, Workload, bare_lives, run};

/// Distinct images of each workload: of all in turn a short run would see the first ones only, since a life leaves thousands.
const POINTS: u64 = 1_500;

#[test]
fn fifteen_thousand_crash_images_recover() {
    let (mut points, mut second_lives, mut lying, mut damaged) = (0, 0, 0, 0);
    for lives in bare_lives() {
        // Some of the images of each life, so that there are several lives.
        let enumeration = Enumeration::new(vec![lives], 1, POINTS).sparse(3);
        enumeration.work();
        let report = enumeration.report();
        if let Some(failure) = &report.failure {
            panic!("{failure}");
        }
        points += report.points;
        second_lives += report.second_lives;
        lying += report.lying_reported;
        damaged += report.damaged_reported;
        println!("{}: {report:?}", lives.name());
    }
    assert!(points >= 15_000 && second_lives > 0 && lying > 0 && damaged > 0, "{points} images");
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
