//! Time and chance from a seed: [`SimClock`], [`SimEntropy`].

use base::prng::Prng;
use platform::{Clock, Entropy};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

/// 2030-01-01 00:00:00 UTC, where the wall clock starts.
const WALL_START_NS: u64 = 1_893_456_000_000_000_000;

/// Two clocks that stand still until they are moved.
#[derive(Debug, Default)]
pub struct SimClock {
    monotonic_ns: AtomicU64,
    wall_skew_ns: AtomicI64,
}

impl SimClock {
    /// Both clocks at their start: zero, and 2030-01-01 UTC.
    pub fn new() -> SimClock {
        SimClock::default()
    }
    /// Moves both clocks on by `ns` nanoseconds.
    pub fn advance(&self, ns: u64) {
        self.monotonic_ns.fetch_add(ns, SeqCst);
    }
    /// Moves both clocks on to `monotonic_ns`, if they are not past it.
    pub fn advance_to(&self, monotonic_ns: u64) {
        self.monotonic_ns.fetch_max(monotonic_ns, SeqCst);
    }
    /// Lets the wall clock jump by `ns` nanoseconds, forth or back.
    pub fn jump_wall(&self, ns: i64) {
        self.wall_skew_ns.fetch_add(ns, SeqCst);
    }
}

impl Clock for SimClock {
    fn monotonic_ns(&self) -> u64 {
        self.monotonic_ns.load(SeqCst)
    }
    fn wall_ns(&self) -> u64 {
        let straight = WALL_START_NS + self.monotonic_ns.load(SeqCst);
        straight.saturating_add_signed(self.wall_skew_ns.load(SeqCst))
    }
}

/// Bits that only look unpredictable.
#[derive(Debug)]
pub struct SimEntropy(Mutex<Prng>);

impl SimEntropy {
    /// The bits that belong to `seed`.
    pub fn new(seed: u64) -> SimEntropy {
        SimEntropy(Mutex::new(Prng::new(seed)))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}
