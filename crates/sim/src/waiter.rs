//! [`SimWaiter`]: waiting that moves the virtual clock.

use crate::clock::SimClock;
use platform::{Clock, Waiter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Nobody waits in a simulation: a wait with a time moves the clock to its end and returns.
#[derive(Debug)]
pub struct SimWaiter {
    clock: Arc<SimClock>,
    notified: AtomicBool,
    stuck: AtomicU64,
}

impl SimWaiter {
    /// A waiter that moves `clock`.
    pub fn new(clock: Arc<SimClock>) -> SimWaiter {
        SimWaiter { clock, notified: AtomicBool::new(false), stuck: AtomicU64::new(0) }
    }
    /// How often someone waited without a time and without a notify: in one thread, for ever.
    pub fn stuck_count(&self) -> u64 {
        self.stuck.load(SeqCst)
    }
}

impl Waiter for SimWaiter {
    fn wait(&self, timeout_ns: Option<u64>) {
        if self.notified.swap(false, SeqCst) {
            return;
        }
        match timeout_ns {
            Some(ns) => self.clock.advance_to(self.clock.monotonic_ns().saturating_add(ns)),
            None => {
                self.stuck.fetch_add(1, SeqCst);
            }
        }
    }
    fn notify(&self) {
        self.notified.store(true, SeqCst);
    }
}
