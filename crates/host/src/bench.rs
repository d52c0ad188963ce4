//! What a flip and its capture cost, measured on this machine.
//!
//! Times of the calling thread are processor time, for other work on the machine must not count; the longest stall is wall
//! time of a mutator that writes without a pause while snapshots are taken, and holds what the scheduler adds.

mod scan;

pub use scan::{ScanFigures, scan};

use crate::fatal::Fatal;
use crate::sys::Placement;
use crate::uffd::UffdMapper;
use base::limits::STAGING_PAGES_MAX;
use base::prng::Prng;
use base::{Addr, Epoch, PAGE_SIZE, PageBytes, PageIndex, PageRange};
use memory::{Memory, MemoryConfig, MemoryError, Progress};
use platform::{PageMapper, PageSource};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, RwLock};
use std::time::Instant;

/// Where the measured pages begin.
const START: u64 = 2 << 40;

/// What [`flip`] found; medians, and the highest of each where it says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlipFigures {
    /// Bytes of the world in memory.
    pub resident_bytes: u64,
    /// Bytes written before each flip.
    pub dirty_bytes: u64,
    /// Bringing a page in when it is first touched, in clusters, wall time.
    pub page_in_ns: u64,
    /// The first write to a page after a flip.
    pub first_write_ns: u64,
    /// A later write to it.
    pub later_write_ns: u64,
    /// The flip: while everyone stands still.
    pub flip_ns: u64,
    /// The longest flip.
    pub flip_ns_max: u64,
    /// From the flip to the end of the capture window: copying the pages.
    pub capture_ns: u64,
    /// The first write to a page that is not captured yet: saved first.
    pub saving_write_ns: u64,
    /// The longest time that a mutator of another thread took for one write, wall time.
    pub stall_ns_max: u64,
}

/// A world in which nothing is stored.
struct Nothing;

impl PageSource for Nothing {
    fn read_page(&self, _page: PageIndex, _bytes: &mut PageBytes) -> Result<bool, String> {
        Ok(false)
    }
}

/// Takes `rounds` snapshots of a world of `resident_bytes`, `dirty_bytes` of it written at random places before each.
///
/// # Errors
/// When this machine does not grant a world, or memory fails.
///
/// # Panics
/// When more is to be dirty than resident, or than staging holds.
pub fn flip(
    mapper: Arc<dyn PageMapper>,
    resident_bytes: u64,
    dirty_bytes: u64,
    rounds: usize,
) -> Result<FlipFigures, MemoryError> {
    let (pages, dirty) = (resident_bytes / PAGE_SIZE as u64, dirty_bytes / PAGE_SIZE as u64);
    assert!(dirty <= pages && dirty <= STAGING_PAGES_MAX as u64, "more dirty than there is room for");
    let config = MemoryConfig::new(PageRange { first: PageIndex(1 << 24), count: 0 });
    let memory = Memory::new(mapper, Arc::new(Nothing), config, Epoch(0))?;
    let page = |number: u64| Addr::BASE.add(START + number * PAGE_SIZE as u64);
    let started = Instant::now();
    for number in 0..pages {
        memory.store_u64(page(number), number + 1);
    }
    let page_in_ns = started.elapsed().as_nanos() as u64 / pages.max(1);
    // What was touched now is all dirty; it is captured before anything is measured.
    snapshot(&memory);

    let mut prng = Prng::new(1);
    let mut lists = [const { Vec::new() }; 5];
    for round in 0..rounds as u64 {
        let chosen = choose(&mut prng, pages, dirty);
        let [first, later, flips, captures, saving] = &mut lists;
        let write = |value: u64| chosen.iter().for_each(|number| memory.store_u64(page(*number), value));
        let per_page = |ns: u64| ns / dirty.max(1);
        first.push(per_page(cpu_ns_of(|| write(round))));
        later.push(per_page(cpu_ns_of(|| write(round + 1))));
        flips.push(cpu_ns_of(|| _ = memory.flip()));
        let saved = &chosen[..chosen.len() / 16];
        let saving_ns =
            cpu_ns_of(|| saved.iter().for_each(|number| memory.store_u64(page(*number), round + 2)));
        saving.push(saving_ns / saved.len().max(1) as u64);
        let mut capture = None;
        captures.push(cpu_ns_of(|| {
            let capture = capture.insert(memory.begin_capture());
            while capture.is_copying() {
                let _: Result<Progress, Infallible> = capture.step(1, &mut |_, _| Ok(()));
            }
        }));
        let mut capture = capture.expect("set above");
        while capture.step(usize::MAX, &mut |_, _| Ok::<_, Infallible>(())) != Ok(Progress::Done) {}
        capture.committed();
    }
    let stall_ns_max = stall(&memory, pages, dirty, rounds);
    let flip_ns_max = lists[2].iter().copied().max().unwrap_or(0);
    let [first_write_ns, later_write_ns, flip_ns, capture_ns, saving_write_ns] = lists.map(median);
    Ok(FlipFigures {
        resident_bytes,
        dirty_bytes,
        page_in_ns,
        first_write_ns,
        later_write_ns,
        flip_ns,
        flip_ns_max,
        capture_ns,
        saving_write_ns,
        stall_ns_max,
    })
}

/// As [`flip`], in a world of its own, mapped with `userfaultfd`.
///
/// # Errors
/// As [`flip`].
pub fn flip_by_userfaultfd(
    resident_bytes: u64,
    dirty_bytes: u64,
    rounds: usize,
) -> Result<FlipFigures, MemoryError> {
    flip(Arc::new(UffdMapper::new(Placement::Anywhere, Fatal::exit())?), resident_bytes, dirty_bytes, rounds)
}

/// The longest time of one write by another thread, while snapshots are taken.
fn stall(memory: &Arc<Memory>, pages: u64, dirty: u64, rounds: usize) -> u64 {
    let (safepoint, stop) = (RwLock::new(()), AtomicBool::new(false));
    let write = || {
        let (mut prng, mut longest) = (Prng::new(2), 0);
        while !stop.load(SeqCst) {
            let started = Instant::now();
            let running = safepoint.read();
            let number = prng.below(pages.min(dirty));
            memory.store_u64(
                Addr::BASE.add(START + number * PAGE_SIZE as u64),
                started.elapsed().as_nanos() as u64,
            );
            drop(running);
            longest = longest.max(started.elapsed().as_nanos() as u64);
        }
        longest
    };
    std::thread::scope(|scope| {
        let mutator = scope.spawn(write);
        for _ in 0..rounds {
            std::thread::sleep(std::time::Duration::from_millis(20));
            let stopped = safepoint.write();
            memory.flip();
            drop(stopped);
            finish(memory);
        }
        stop.store(true, SeqCst);
        mutator.join().unwrap_or_default()
    })
}

fn snapshot(memory: &Arc<Memory>) {
    memory.flip();
    finish(memory);
}

fn finish(memory: &Arc<Memory>) {
    let mut capture = memory.begin_capture();
    while capture.step(usize::MAX, &mut |_, _| Ok::<_, Infallible>(())) != Ok(Progress::Done) {}
    capture.committed();
}

/// `count` different numbers below `bound`, in random order.
fn choose(prng: &mut Prng, bound: u64, count: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (0..bound).collect();
    for at in 0..count {
        let other = at + prng.below(bound - at);
        all.swap(at as usize, other as usize);
    }
    all.truncate(count as usize);
    all
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Processor time of this thread that `work` took, in nanoseconds.
fn cpu_ns_of(work: impl FnOnce()) -> u64 {
    let started = cpu_ns();
    work();
    cpu_ns() - started
}

fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock that every Linux has, and a live struct of the right type.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
