//! Figures of a run for `cargo xtask bench` (hidden option `--figures`): one line of JSON on standard error at the end.

use serde_json::json;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use store::Store;
use world::{Phase, World};

/// Longest list of samples that is kept.
const SAMPLES_MAX: usize = 1 << 20;

/// Collects what happens in a run.
pub(crate) struct Figures {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    first_tick: Option<(u64, u64)>,
    flip_began_ns: u64,
    flips_ns: Vec<u64>,
    commits: u64,
}

impl Figures {
    /// Nothing collected yet.
    pub(crate) fn new() -> Figures {
        Figures { started: Instant::now(), state: Mutex::new(State::default()) }
    }

    /// A phase of a snapshot is passed.
    pub(crate) fn phase(&self, phase: Phase) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match phase {
            Phase::BeforeFlip => state.flip_began_ns = thread_cpu_ns(),
            Phase::AfterFlip if state.flips_ns.len() < SAMPLES_MAX => {
                let took = thread_cpu_ns() - state.flip_began_ns;
                state.flips_ns.push(took);
            }
            Phase::Committed => state.commits += 1,
            _ => {}
        }
    }

    /// The worker is between two pieces of work.
    pub(crate) fn tick(&self, store: &Store, _: &World) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.first_tick.is_none() {
            state.first_tick = Some((process_cpu_ns(), store.stats().read_bytes));
        }
    }

    /// Prints them.
    pub(crate) fn print(&self, store: &Store, world: &World) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.flips_ns.sort_unstable();
        let flips = &state.flips_ns;
        let stats = store.stats();
        let memory = world.memory().stats();
        let line = json!({
            "wall_ns": self.started.elapsed().as_nanos() as u64,
            "cpu_ns": process_cpu_ns(),
            "commits": state.commits,
            "flips": flips.len(),
            "flip_cpu_ns_median": flips.get(flips.len() / 2),
            "flip_cpu_ns_max": flips.last(),
            "first_cpu_ns": state.first_tick.map(|t| t.0),
            "first_read_bytes": state.first_tick.map(|t| t.1),
            "captured_pages": memory.captured_pages,
            "saved_pages": memory.saved_pages,
            "read_bytes": stats.read_bytes,
            "resident_bytes": world.memory().mapper().resident_bytes(),
        });
        eprintln!("{line}");
    }
}

/// CPU time of this thread, nanoseconds.
fn thread_cpu_ns() -> u64 {
    nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))
}

/// CPU time of this process, nanoseconds.
fn process_cpu_ns() -> u64 {
    nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime))
}

fn nanoseconds(time: rustix::time::Timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
