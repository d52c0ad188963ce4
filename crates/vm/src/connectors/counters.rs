//! What `.internal.stat` counts, in the world.
//!
//! A byte array of u64 at `COUNTERS` of the root page: the boot to which the newer counts belong, nanoseconds of the world
//! clock at its start, then for each counter the count before this boot and the count since.

use crate::Vm;
use layout::Value;
use layout::schema::{array, root};

/// A counter that the world keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counter {
    /// Bytes received by TCP.
    TcpIn,
    /// Bytes sent by TCP.
    TcpOut,
    /// Bytes received by UDP.
    UdpIn,
    /// Bytes sent by UDP.
    UdpOut,
    /// Snapshots.
    Snapshots,
}

const COUNTERS: u64 = 5;
const BOOT: u64 = 0;
const STARTED_NS: u64 = 8;
const FIRST: u64 = 16;

impl Vm {
    fn counter_get(&self, offset: u64) -> u64 {
        self.get_u64(self.root_ref(root::COUNTERS), array::DATA + offset)
    }
    fn counter_set(&mut self, offset: u64, value: u64) {
        let counters = self.root_ref(root::COUNTERS);
        self.set_u64(counters, array::DATA + offset, value);
    }

    /// Begins to count for this boot, if nothing was counted in it yet.
    fn counters_current(&mut self) {
        if self.root_ref(root::COUNTERS).is_null() {
            let counters = self.make_bytes_old(&[0; (FIRST + 16 * COUNTERS) as usize]);
            self.set_root_ref(root::COUNTERS, Value::object(counters));
        }
        let boot = self.boot_number();
        if self.counter_get(BOOT) != boot {
            for counter in 0..COUNTERS {
                let at = FIRST + 16 * counter;
                let all = self.counter_get(at) + self.counter_get(at + 8);
                self.counter_set(at, all);
                self.counter_set(at + 8, 0);
            }
            let epochs = self.epoch() - 1;
            self.counter_set(FIRST + 16 * Counter::Snapshots as u64, epochs);
            let now = self.clock_ns();
            self.counter_set(BOOT, boot);
            self.counter_set(STARTED_NS, now);
        }
    }

    /// Adds to a counter.
    pub(crate) fn count(&mut self, counter: Counter, more: u64) {
        self.counters_current();
        let at = FIRST + 16 * counter as u64 + 8;
        let sum = self.counter_get(at) + more;
        self.counter_set(at, sum);
    }

    /// A counter before this boot, and since.
    pub(crate) fn counted(&mut self, counter: Counter) -> (u64, u64) {
        self.counters_current();
        let before = self.counter_get(FIRST + 16 * counter as u64);
        if counter == Counter::Snapshots {
            return (before, (self.epoch() - 1).saturating_sub(before));
        }
        (before, self.counter_get(FIRST + 16 * counter as u64 + 8))
    }

    /// Seconds by the world clock since something was first counted in this boot.
    pub(crate) fn counted_seconds(&mut self) -> u64 {
        self.counters_current();
        self.clock_ns().saturating_sub(self.counter_get(STARTED_NS)) / 1_000_000_000
    }
}
