//! How long threads run between two polls, measured: for `cargo xtask bench polls`.
//!
//! Each poll comes out of the interpreter then, and each step of an internal method, and the clock is read on both sides; so
//! it is slow, but complete, and what is measured does not contain the reading.

use crate::Vm;
use alloc::collections::BTreeMap;
use alloc::string::String;
use base::Addr;
use layout::schema::class;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Stretches {
    /// The CPU time of the host thread that steps this worker, nanoseconds.
    clock: fn() -> u64,
    /// When the stretch began that lasts, and in which method.
    began: (u64, Addr),
    /// Polls seen.
    pub polls: u64,
    /// Stretches that were longer than a millisecond.
    pub long: u64,
    /// The longest stretch, nanoseconds,
    pub longest_ns: u64,
    /// the method in which it began,
    pub from: String,
    /// and that in which it ended.
    pub to: String,
    /// The longest stretch by the method in which it began, where it is worth a note, nanoseconds.
    pub by_method: BTreeMap<String, u64>,
}

/// Above it a stretch is counted as long.
const LONG_NS: u64 = 1_000_000;
/// Above it a stretch is noted by its method, nanoseconds.
pub const NOTED_NS: u64 = LONG_NS / 4;

impl Vm {
    /// Measures from now on, by a clock that gives the CPU time of this worker's thread.
    pub fn measure_polls(&mut self, clock: fn() -> u64) {
        self.stretches = Some(Stretches {
            clock,
            began: (0, Addr::NULL),
            polls: 0,
            long: 0,
            longest_ns: 0,
            from: String::new(),
            to: String::new(),
            by_method: BTreeMap::new(),
        });
    }

    /// What was measured so far.
    pub fn stretches(&self) -> Option<&Stretches> {
        self.stretches.as_ref()
    }

    /// Whether every poll has to come out.
    pub(crate) fn is_measured(&self) -> bool {
        self.stretches.is_some()
    }

    pub(crate) fn stretch_begins(&mut self) {
        let Some(seen) = &mut self.stretches else { return };
        // Between slices there is none.
        let method = match self.running.frame {
            Addr::NULL => Addr::NULL,
            top => Addr(self.memory.load_u64(top.add(layout::schema::frame::METHOD))),
        };
        seen.began = ((seen.clock)(), method);
    }

    pub(crate) fn stretch_ends(&mut self) {
        let Some(mut seen) = self.stretches.take() else { return };
        let took = (seen.clock)().saturating_sub(seen.began.0);
        seen.polls += 1;
        if took > seen.longest_ns {
            seen.longest_ns = took;
            seen.from = self.short_text(seen.began.1);
            let to = if self.running.thread.is_null() { Addr::NULL } else { self.top().method };
            seen.to = self.short_text(to);
        }
        seen.long += u64::from(took > LONG_NS);
        if took > NOTED_NS {
            let longest = seen.by_method.entry(self.short_text(seen.began.1)).or_default();
            *longest = took.max(*longest);
        }
        self.stretches = Some(seen);
    }

    fn short_text(&self, method: Addr) -> String {
        if method.is_null() {
            return String::from("the run loop");
        }
        let owner = self.ref_field(method, layout::schema::method::CLASS);
        let (class, name) = (self.text(owner, class::NAME), self.text(method, layout::schema::method::NAME));
        alloc::format!("{class}.{name}")
    }
}
