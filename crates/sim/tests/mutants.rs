//! Every planted bug is found by the crash enumeration within a known number of points: else it proves nothing.

use sim::crash::{Options, Report, Workload, run};
use store::mutants::{Mutant, activate};

/// Distinct images within which each mutant must be found.
const POINTS_MAX: u64 = 2_000;

/// The seed and workload that meet the mutant: those of the smoke test, unless it takes something rarer.
fn where_met(mutant: Mutant) -> (u64, Option<Workload>) {
    match mutant {
        // Needs a stale chunk of a long commit right behind a new one.
        Mutant::ChainNotChecked => (2, None),
        // Needs a segment that is used again soon.
        Mutant::ReuseOneCheckpointEarly => (1, Some(Workload::Cleaning)),
        Mutant::RestoredNotCounted | Mutant::RestoreFlushLeftOut => (1, Some(Workload::Restore)),
        Mutant::AsideTreeForgotten => (1, Some(Workload::History)),
        // Needs damage in the middle of the log, and the lost records in a segment that is used again.
        Mutant::GenerationNotChecked => (1, Some(Workload::Small)),
        // Need a kept snapshot whose segments are reused.
        Mutant::KeptTreeForgotten => (2, Some(Workload::History)),
        Mutant::WholeStretchForgotten => (25, Some(Workload::History)),
        _ => (1, None),
    }
}

fn try_points((seed, workload): (u64, Option<Workload>)) -> Report {
    run(Options { points: POINTS_MAX, seed, workload, progress: &mut |_| {} })
}

/// One test for all: the planted bug is a switch of the whole process.
#[test]
fn every_mutant_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for &mutant in Mutant::ALL {
        activate(Some(mutant));
        let report = try_points(where_met(mutant));
        activate(None);
        match report.failure {
            Some(failure) => println!("{mutant:?} found at point {}: {}", failure.point, failure.what),
            None => missed.push(mutant),
        }
        let plain = try_points(where_met(mutant));
        if let Some(failure) = plain.failure {
            eprintln!("without a planted bug: {failure}");
            missed.push(mutant);
        }
    }
    drop(std::panic::take_hook());
    assert!(
        missed.is_empty(),
        "not found within {POINTS_MAX} points, or found without being there: {missed:?}"
    );
}
