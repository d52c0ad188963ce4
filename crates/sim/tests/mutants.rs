//! Every planted bug of the store is found by the crash enumeration within a known number of images: else it proves nothing.

use sim::crash::{Enumeration, Report, Workload};
use store::mutants::{Mutant, activate};

/// Distinct images within which each mutant must be found.
const POINTS_MAX: u64 = 2_000;

/// The workload that meets the mutant, and which part of the images of a life is tried: all of few lives, or some of many.
/// The seed is the same for all.
fn where_met(mutant: Mutant) -> (Workload, u64) {
    match mutant {
        // Needs a stale chunk of a long commit right behind a new one.
        Mutant::ChainNotChecked => (Workload::Small, 6),
        // Needs damage in the middle of the log, and the lost records in a segment that is used again.
        Mutant::GenerationNotChecked => (Workload::Mixed, 2),
        // Needs a kept snapshot whose segments are reused.
        Mutant::KeptTreeForgotten => (Workload::History, 3),
        // Needs a table of kept snapshots that fell back with its slot.
        Mutant::WholeStretchForgotten => (Workload::Small, 16),
        Mutant::RecordChecksumWithoutEntries => (Workload::Small, 16),
        Mutant::OpenWithoutFlush => (Workload::Cleaning, 16),
        Mutant::RestoredNotCounted | Mutant::RestoreFlushLeftOut => (Workload::Restore, 3),
        Mutant::AsideTreeForgotten => (Workload::History, 16),
        Mutant::ReuseOneCheckpointEarly => (Workload::Cleaning, 16),
        Mutant::CutBeforeDurable => (Workload::Compact, 3),
        Mutant::BaseCopyStale | Mutant::ChangesOfWrongBase | Mutant::SettledAsBase => (Workload::Deltas, 3),
        _ => (Workload::Mixed, 16),
    }
}

fn try_points((workload, one_in): (Workload, u64)) -> Report {
    let enumeration = Enumeration::new(vec![&workload], 1, POINTS_MAX).sparse(one_in);
    enumeration.work();
    enumeration.report()
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
            Some(failure) => println!("{mutant:?} found at image {}: {}", failure.point, failure.what),
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
        "not found within {POINTS_MAX} images, or found without being there: {missed:?}"
    );
}
