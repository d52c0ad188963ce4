//! The oracle of whole worlds finds bugs that are planted below them: what it allows is not too much.

use memory::mutants::Mutant as OfMemory;
use sim::crash::{Enumeration, Report};
use store::mutants::Mutant as OfStore;
use xtask::worlds::world_lives;

/// Distinct images within which each must be found, one of so many of a life's.
const POINTS: u64 = 2_000;
const ONE_IN: u64 = 4;

fn try_points(workload: &str) -> Report {
    let lives: Vec<_> = world_lives().into_iter().filter(|lives| lives.name() == workload).collect();
    assert_eq!(lives.len(), 1, "{workload}");
    let enumeration = Enumeration::new(lives, 1, POINTS).sparse(ONE_IN);
    enumeration.work();
    enumeration.report()
}

/// One test for all: the planted bug is a switch of the whole process.
#[test]
fn bugs_planted_below_whole_worlds_are_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let of_store = [
        (OfStore::CommitFlushLeftOut, "world-cleaning"),
        (OfStore::CommitFlushLeftOut, "world-restore"),
        (OfStore::LastPayloadNotVerified, "world-cleaning"),
    ];
    let of_memory = [
        (OfMemory::CarryForgotten, "world-threads"),
        (OfMemory::PreImageSkipped, "world-eviction"),
        (OfMemory::DroppedBeforeDurable, "world-eviction"),
        (OfMemory::AnnouncedAcrossFlip, "world-threads"),
        (OfMemory::StagingReusedEarly, "world-threads"),
    ];
    let mut missed = Vec::new();
    let mut judge = |planted: String, report: Report| match report.failure {
        Some(failure) => println!("{planted} found at image {}: {}", failure.point, failure.what),
        None => missed.push(planted),
    };
    for (mutant, workload) in of_store {
        store::mutants::activate(Some(mutant));
        judge(format!("{mutant:?} in {workload}"), try_points(workload));
        store::mutants::activate(None);
    }
    for (mutant, workload) in of_memory {
        memory::mutants::activate(Some(mutant));
        judge(format!("{mutant:?} in {workload}"), try_points(workload));
        memory::mutants::activate(None);
    }
    drop(std::panic::take_hook());
    assert!(missed.is_empty(), "not found within {POINTS} images: {missed:?}");
}
