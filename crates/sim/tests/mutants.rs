//! Every planted bug is found by the crash enumeration within a known number of points: else it proves nothing.

use sim::crash::{Options, run};
use store::mutants::{Mutant, activate};

/// Images within which each mutant must be found.
const POINTS_MAX: u64 = 2_000;

/// One test for all: the planted bug is a switch of the whole process.
#[test]
fn every_mutant_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for &mutant in Mutant::ALL {
        activate(Some(mutant));
        let report = run(Options { points: POINTS_MAX, seed: 1, workload: None, progress: &mut |_| {} });
        activate(None);
        match report.failure {
            Some(failure) => println!("{mutant:?} found at point {}: {}", failure.point, failure.what),
            None => missed.push(mutant),
        }
    }
    assert!(missed.is_empty(), "not found within {POINTS_MAX} points: {missed:?}");
    let plain = run(Options { points: POINTS_MAX, seed: 1, workload: None, progress: &mut |_| {} });
    assert!(plain.failure.is_none(), "without a planted bug: {:?}", plain.failure);
}
