//! Paging under torture, and the proof that it finds what it is for.

use memory::mutants::{Mutant, activate};
use sim::paging::{Seen, run};
use std::panic::catch_unwind;

/// Contents within which each planted bug must be found.
const IMAGES_MAX: u64 = 2_000;
/// Seeds that these are divided among: each mapper has its turn.
const SEEDS: u64 = 8;

fn torture(images: u64) -> Result<Seen, String> {
    let mut all = Seen::default();
    for seed in 0..SEEDS {
        let caught = catch_unwind(|| run(seed, images / SEEDS));
        let seen = caught.unwrap_or_else(|_| Err(format!("seed {seed}: it panicked")))?;
        all.images += seen.images;
        all.cuts += seen.cuts;
        all.abandoned += seen.abandoned;
        all.evicted += seen.evicted;
        all.paged_in += seen.paged_in;
    }
    Ok(all)
}

/// One test for all: a planted bug is a switch of the whole process.
#[test]
fn nothing_is_lost_and_every_mutant_is_found() {
    let seen = torture(IMAGES_MAX).expect("nothing is lost");
    assert!(seen.cuts > 50 && seen.abandoned > 50, "not enough happened to prove anything: {seen:?}");
    assert!(seen.evicted > 5_000 && seen.paged_in > 5_000, "not enough happened to prove anything: {seen:?}");
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for &mutant in Mutant::ALL {
        activate(Some(mutant));
        let found = torture(IMAGES_MAX);
        activate(None);
        match found {
            Err(what) => println!("{mutant:?}: {what}"),
            Ok(_) => missed.push(mutant),
        }
    }
    drop(std::panic::take_hook());
    assert!(missed.is_empty(), "not found within {IMAGES_MAX} images: {missed:?}");
}
