//! The checksum of pages, records and modules: XXH3 with 64 bits (xxHash specification 0.8).
//!
//! It finds damage and torn writes; it does not authenticate.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64, xxh3_64_with_seed, xxh3_128};

/// Checksum of `bytes`.
pub fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// Checksum of `bytes` that also depends on `seed`, for chains of records.
pub fn checksum_seeded(bytes: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(bytes, seed)
}

/// XXH3 with 128 bits of `bytes`: wide enough to stand for contents.
pub fn digest(bytes: &[u8]) -> u128 {
    xxh3_128(bytes)
}

/// A checksum fed piece by piece.
#[derive(Clone, Default)]
pub struct Checksum(Xxh3Default);

impl Checksum {
    /// Nothing fed yet.
    pub fn new() -> Self {
        Checksum(Xxh3Default::new())
    }
    /// Feeds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// The checksum of all that was fed.
    pub fn finish(&self) -> u64 {
        self.0.digest()
    }
}
