//! Every planted bug of the store and of memory is found by the crash enumeration within a known number of images: else it
//! proves nothing.

use sim::crash::{Enumeration, Report, bare_lives};
use sim::mutants::{POINTS_MAX, Planted};
use std::collections::BTreeSet;

fn plant(planted: Option<Planted>) {
    let (of_store, of_memory) = match planted {
        Some(Planted::Store(mutant)) => (Some(mutant), None),
        Some(Planted::Memory(mutant)) => (None, Some(mutant)),
        None => (None, None),
    };
    store::mutants::activate(of_store);
    memory::mutants::activate(of_memory);
}

fn try_points((workload, one_in): (&str, u64)) -> Report {
    let lives = bare_lives().into_iter().filter(|lives| lives.name() == workload).collect();
    let enumeration = Enumeration::new(lives, 1, POINTS_MAX).sparse(one_in);
    enumeration.work();
    enumeration.report()
}

#[test]
fn names_are_unique() {
    let all: Vec<Planted> = Planted::all().collect();
    let names: BTreeSet<String> = all.iter().map(|one| one.name()).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.iter().all(|one| Planted::from_name(&one.name()) == Some(*one)) && all.len() >= 41);
}

/// One test for all: the planted bug is a switch of the whole process.
#[test]
fn every_mutant_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    let mut places = BTreeSet::new();
    for planted in Planted::all() {
        places.insert(planted.where_met());
        plant(Some(planted));
        let report = try_points(planted.where_met());
        plant(None);
        match report.failure {
            Some(failure) => println!("{planted:?} found at image {}: {}", failure.point, failure.what),
            None => missed.push(planted),
        }
    }
    for place in places {
        if let Some(failure) = try_points(place).failure {
            drop(std::panic::take_hook());
            panic!("without a planted bug: {failure}");
        }
    }
    drop(std::panic::take_hook());
    assert!(missed.is_empty(), "not found within {POINTS_MAX} images: {missed:?}");
}
