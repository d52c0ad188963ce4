//! Paging under torture, in one thread, with each mapper. That it finds what it is for is for `mutants.rs` to prove.

use sim::paging::{Seen, run};

/// Contents that are compared, and the seeds that they are divided among: each mapper has its turn.
const IMAGES: u64 = 2_000;
const SEEDS: u64 = 8;

#[test]
fn nothing_is_lost() {
    let mut all = Seen::default();
    for seed in 0..SEEDS {
        let seen = run(seed, IMAGES / SEEDS).unwrap_or_else(|what| panic!("{what}"));
        all.images += seen.images;
        all.cuts += seen.cuts;
        all.abandoned += seen.abandoned;
        all.evicted += seen.evicted;
        all.paged_in += seen.paged_in;
    }
    assert!(all.cuts > 50 && all.abandoned > 50, "not enough happened to prove anything: {all:?}");
    assert!(all.evicted > 5_000 && all.paged_in > 5_000, "not enough happened to prove anything: {all:?}");
}
