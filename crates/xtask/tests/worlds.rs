//! Whole worlds under the crash enumeration, in small. `cargo xtask crash` runs it long.

use sim::crash::{Enumeration, Report};
use xtask::worlds::ordeal::{Failing, endure};
use xtask::worlds::{simulate, world_lives, world_names};

/// Images of each workload.
const POINTS: u64 = 1_000;
/// Failures of each kind.
const RUNS_OF_A_KIND: usize = 8;

#[test]
fn ten_thousand_images_of_whole_worlds_recover() {
    let workloads = world_lives();
    let tried: Vec<Report> = std::thread::scope(|scope| {
        let works: Vec<_> = [0, 1]
            .map(|half| {
                let own: Vec<_> = workloads.iter().skip(half).step_by(2).copied().collect();
                scope.spawn(move || {
                    let each = own.into_iter().map(|lives| {
                        let enumeration = Enumeration::new(vec![lives], 1, POINTS);
                        enumeration.work();
                        enumeration.report()
                    });
                    each.collect::<Vec<Report>>()
                })
            })
            .into();
        works.into_iter().flat_map(|work| work.join().expect("no panic leaves a round")).collect()
    });
    for report in &tried {
        if let Some(failure) = &report.failure {
            panic!("{failure}");
        }
        assert!(report.heaps > 20 && report.resumed > 0, "{report:?}");
    }
    assert!(tried.iter().any(|report| report.evicted > 1_000 && report.paged_in > 1_000), "{tried:?}");
    assert!(tried.iter().any(|report| report.resets > 0), "{tried:?}");
    let points: u64 = tried.iter().map(|report| report.points).sum();
    assert!(points >= 10_000 && tried.iter().any(|report| report.cleaned_pages > 0), "{tried:?}");
}

#[test]
fn one_seed_is_one_run_of_a_world() {
    let lives = world_lives()[1];
    let [a, b] = [(); 2].map(|()| {
        let enumeration = Enumeration::new(vec![lives], 5, 300);
        enumeration.work();
        format!("{:?}", enumeration.report())
    });
    assert_eq!(a, b);
}

#[test]
fn the_same_seed_is_the_same_world() {
    for name in world_names() {
        let [a, b] = [(); 2].map(|()| simulate(name, 11).unwrap_or_else(|what| panic!("{name}: {what}")));
        assert_eq!(a, b, "{name}");
        assert!(a.flips > 2 && a.commits > 2, "{name}: {a:?}");
        let other = simulate(name, 12).unwrap_or_else(|what| panic!("{name}: {what}"));
        assert_ne!(a.hash, other.hash, "{name}");
    }
}

#[test]
fn a_world_endures_every_failure_of_its_machine() {
    for failing in Failing::all() {
        // Some calls of each kind; `cargo xtask faults` tries all of them.
        let mut calls = 0;
        endure(failing, 1, usize::MAX, &mut |_, all| calls = all).unwrap_or_else(|what| panic!("{what}"));
        let every = (calls as usize / RUNS_OF_A_KIND).max(1);
        let endured = endure(failing, 1, every, &mut |_, _| {}).unwrap_or_else(|what| panic!("{what}"));
        println!("{}: {calls} calls, {endured:?}", failing.name());
        assert!(endured.runs > 0 && endured.reported > 0, "{failing:?}: {endured:?}");
    }
}
