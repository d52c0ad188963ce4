//! Figures of a run for `cargo xtask bench` (hidden option `--figures`): one line of JSON on standard error at the end.

use serde_json::json;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use store::Store;
use world::{Event, NOTED_NS, Phase, Stretches, World};

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
    /// CPU time of the worker at the end of each whole slice; a slice is so many polls, so about the same work.
    slices_ns: Vec<u64>,
    /// Slices in which a full collection stopped the world; it is no part of a snapshot.
    full: Vec<usize>,
    full_collections: u64,
    /// Most memory that the world was seen to take between two pieces of work.
    held_bytes_max: u64,
}

/// Utilisation is looked at in windows of so much CPU time of the worker.
const WINDOW_NS: u64 = 20_000_000;
/// The speed of the machine at a window is the median slice of the window and so much CPU time before and after it.
///
/// A virtual machine's processor gets faster and slower by a factor of two within some hundred milliseconds, with or
/// without snapshots; a flip and its capture are over within a few.
const AROUND_NS: u64 = 50_000_000;
/// The start of a program, which does other work, is left out of it.
const WARM_UP_NS: u64 = 500_000_000;

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
    pub(crate) fn tick(&self, store: &Store, world: &World, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = world.vm.heap.usage().full_collections;
        if full != state.full_collections {
            state.full_collections = full;
            let at = state.slices_ns.len();
            state.full.push(at);
        }
        if *event == Event::Paused && state.slices_ns.len() < SAMPLES_MAX {
            state.slices_ns.push(thread_cpu_ns());
        }
        state.held_bytes_max = state.held_bytes_max.max(world.memory().held_bytes());
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
        let traffic = world.memory().mapper().traffic();
        let line = json!({
            "wall_ns": self.started.elapsed().as_nanos() as u64,
            "cpu_ns": process_cpu_ns(),
            "commits": state.commits,
            "flips": flips.len(),
            "flip_cpu_ns_median": flips.get(flips.len() / 2),
            "flip_cpu_ns_max": flips.last(),
            "utilisation_min": utilisation_min(&state.slices_ns, &state.full),
            "full_collections": state.full_collections,
            "slice_ns_median": slice_median(&state.slices_ns),
            "first_cpu_ns": state.first_tick.map(|t| t.0),
            "first_read_bytes": state.first_tick.map(|t| t.1),
            "captured_pages": memory.captured_pages,
            "saved_pages": memory.saved_pages,
            "read_bytes": stats.read_bytes,
            "resident_bytes": world.memory().mapper().resident_bytes(),
            "held_bytes": world.memory().held_bytes(),
            "limit_bytes": world.memory().limit_bytes(),
            "held_bytes_max": state.held_bytes_max,
            "faults": traffic.faults,
            "paged_in": traffic.paged_in,
            "rescued": traffic.rescued,
            "evicted": traffic.evicted,
            "put_back": traffic.put_back,
        });
        eprintln!("{line}");
    }
}

/// Prints how long threads ran between two polls.
pub(crate) fn print_stretches(seen: &Stretches, longest_work: u64) {
    let line = json!({
        "polls": seen.polls,
        "long": seen.long,
        "longest_ns": seen.longest_ns,
        "from": seen.from,
        "to": seen.to,
        "by_method": seen.by_method,
        "noted_ns": NOTED_NS,
        "longest_work": longest_work,
    });
    eprintln!("{line}");
}

/// Median time of a slice, nanoseconds.
fn slice_median(ends: &[u64]) -> Option<u64> {
    let mut lengths: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = lengths.len() / 2;
    (!lengths.is_empty()).then(|| *lengths.select_nth_unstable(middle).1)
}

/// The smallest share of any window that went into slices at the speed that the machine had around it: what is missing
/// went into collections, flips, saving pages and page faults. Slices cut short by a flip count as nothing.
///
/// `ends`: when each slice ended. Windows with a full collection (`full`: indices of slices) are left out.
fn utilisation_min(ends: &[u64], full: &[usize]) -> Option<f64> {
    let warm = ends.partition_point(|&end| end < ends.first().map_or(0, |first| first + WARM_UP_NS));
    let ends = &ends[warm..];
    let mut from = 0;
    let mut least = None;
    for (to, &end) in ends.iter().enumerate() {
        while end - ends[from] > WINDOW_NS {
            from += 1;
            // The window that ends here and begins at the slice before is the first longer than it must be.
            if full.iter().any(|&at| at >= from + warm && at <= to + warm) {
                continue;
            }
            let (begin, length) = (ends[from - 1], end - ends[from - 1]);
            if begin < ends[0] + AROUND_NS || end + AROUND_NS > ends[ends.len() - 1] {
                continue;
            }
            let around = ends.partition_point(|&at| at < begin - AROUND_NS)
                ..ends.partition_point(|&at| at <= end + AROUND_NS);
            let Some(slice) = slice_median(&ends[around]) else { continue };
            let share = ((to - from + 1) as u64 * slice) as f64 / length as f64;
            least = Some(least.map_or(share, |known: f64| known.min(share)));
        }
    }
    least
}

/// CPU time of this thread, nanoseconds.
pub(crate) fn thread_cpu_ns() -> u64 {
    nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))
}

/// CPU time of this process, nanoseconds.
fn process_cpu_ns() -> u64 {
    nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime))
}

fn nanoseconds(time: rustix::time::Timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
