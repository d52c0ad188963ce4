//! Compaction: live data moves to the front of the device, and the end is given back.
//!
//! Key types: [`Compaction`] (made in steps, each of which leaves a whole world), [`CompactProgress`].
//!
//! What history that has no name holds cannot move, so it is given up first, unless it is to stay; then only what nobody needs
//! at the end is given back. What a named snapshot holds stays where it is.
//!
//! *Invariant:* the device is cut only when both superblocks, durable, say that the world ends before.

use alloc::collections::BTreeSet;

use crate::clean;
use crate::error::CommitError;
use crate::format::HEADER_BLOCKS;
use crate::mutants::{self, Mutant};
use crate::store::{Shared, Store, WriterState};

/// Segments that are put together at least, so that this frees more than it takes.
const SPARSE_MIN: usize = 3;
/// Pages that a step moves at most.
const STEP_PAGES_MAX: u64 = 8192;

/// How far a compaction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactProgress {
    /// Pages that were moved.
    pub moved_pages: u64,
    /// Pages that are still to be moved, as far as is known; they may stay where history holds them.
    pub left_pages: u64,
    /// Size of the device in bytes.
    pub device_bytes: u64,
    /// Everything is done.
    pub is_done: bool,
}

/// A compaction under way. Left before its end it has done what its steps did; nothing is lost.
pub struct Compaction {
    store: Store,
    keep_history: bool,
    progress: CompactProgress,
    /// Segments that were emptied and are not free: something holds them.
    held: BTreeSet<u64>,
    /// The fewest segments that held live data when sparse ones were put together.
    fewest: usize,
    begun: bool,
}

impl Store {
    /// Begins to move all live data to the front of the device. No commit may be under way between its steps.
    pub fn compaction(&self, keep_history: bool) -> Compaction {
        let progress = CompactProgress::default();
        let held = BTreeSet::new();
        Compaction { store: self.clone(), keep_history, progress, held, fewest: usize::MAX, begun: false }
    }
}

impl Compaction {
    /// Goes on by one step.
    ///
    /// # Errors
    /// As a commit. What was committed is unharmed.
    pub fn step(&mut self) -> Result<CompactProgress, CommitError> {
        let shared = self.store.shared.clone();
        let mut writer = shared.take_writer()?;
        let done = self.step_with(&shared, &mut writer);
        shared.put_back(writer);
        self.progress.is_done = done?;
        self.progress.device_bytes = shared.disk.len();
        Ok(self.progress)
    }

    fn step_with(&mut self, shared: &Shared, writer: &mut WriterState) -> Result<bool, CommitError> {
        writer.bases.clear();
        writer.victim = None;
        if !self.begun {
            self.begun = true;
            self.recycle(shared, writer)?;
            return Ok(false);
        }
        if self.keep_history {
            cut(shared, writer)?;
            return Ok(true);
        }
        leave_end(shared, writer)?;
        // Where all before it is full, what is behind moves a little less far; where nothing is free before it, segments that
        // are almost empty are put together first, wherever there is room.
        let first = front(writer);
        let wanted = self.victims(writer, first);
        self.progress.left_pages = wanted.iter().map(|&segment| live(writer, segment)).sum();
        let mut front = first;
        let (victims, budget) = loop {
            let victims = self.victims(writer, front);
            match (budget(writer, front), victims.is_empty()) {
                (Some(budget), false) => break (victims, budget),
                (None, false) => front += 1,
                (_, true) => {
                    let sparse = self.sparse(writer);
                    // Of small segments the checkpoints fill as many as are put together: it must get better each time.
                    let used = writer.log.segments.list.iter().filter(|segment| segment.live > 0).count();
                    if sparse.len() < SPARSE_MIN || wanted.is_empty() || used >= self.fewest {
                        cut(shared, writer)?;
                        return Ok(true);
                    }
                    self.fewest = used;
                    break (sparse, u64::from(writer.log.segments.blocks));
                }
            }
        };
        let mut moved = 0;
        for segment in victims {
            if moved > 0 && moved + live(writer, segment) > budget {
                break;
            }
            let generation = writer.log.segments.list[segment as usize].generation;
            moved += shared.commit_again(writer, |writer| clean::empty(shared, writer, segment, budget))?;
            if moved < budget {
                self.held.insert(generation);
            }
            if moved >= budget {
                break;
            }
        }
        self.progress.moved_pages += moved;
        self.progress.left_pages = self.progress.left_pages.saturating_sub(moved);
        self.recycle(shared, writer)?;
        Ok(false)
    }

    /// Lets what was superseded become free.
    fn recycle(&self, shared: &Shared, writer: &mut WriterState) -> Result<(), CommitError> {
        recycle(shared, writer, !self.keep_history)
    }

    /// Segments with the least in them, as many as fit half a segment.
    fn sparse(&self, writer: &WriterState) -> alloc::vec::Vec<u32> {
        let log = &writer.log;
        let mut all: alloc::vec::Vec<u32> =
            (0..log.segments.count()).filter(|segment| self.may_move(writer, *segment)).collect();
        all.sort_by_key(|&segment| live(writer, segment));
        let mut room = u64::from(log.segments.blocks / 2);
        all.retain(|&segment| {
            let fits = live(writer, segment) <= room;
            room -= if fits { live(writer, segment) } else { room };
            fits
        });
        all
    }

    fn may_move(&self, writer: &WriterState, segment: u32) -> bool {
        let log = &writer.log;
        let s = &log.segments.list[segment as usize];
        let is_known = self.held.contains(&s.generation) || writer.uncleanable.contains(&s.generation);
        segment != log.cursor.segment && s.live > 0 && !is_known && !log.keep.pins(s.first_group, u64::MAX)
    }

    /// Segments behind the front that hold live data, the last first; and those in front that are mostly garbage, where all
    /// in front would not do.
    fn victims(&self, writer: &WriterState, front: u32) -> alloc::vec::Vec<u32> {
        let log = &writer.log;
        let may = |segment: &u32| self.may_move(writer, *segment);
        let mut victims: alloc::vec::Vec<u32> = (front..log.segments.count()).rev().filter(may).collect();
        if !victims.is_empty() {
            let sparse = |segment: &u32| log.segments.list[*segment as usize].live < log.segments.blocks / 2;
            victims.extend((0..front).filter(|segment| may(segment) && sparse(segment)));
        }
        victims
    }
}

fn live(writer: &WriterState, segment: u32) -> u64 {
    u64::from(writer.log.segments.list[segment as usize].live)
}

/// Segments that all live data takes when there is no garbage between, and two to write into.
fn front(writer: &WriterState) -> u32 {
    let segments = &writer.log.segments;
    let live = segments.live_blocks();
    let needed = (live + live / 200).div_ceil(u64::from(segments.blocks).saturating_sub(3).max(1));
    (needed as u32).saturating_add(2).min(segments.count())
}

/// Pages that may be moved into what is free before `front`; `None` when that is nothing.
fn budget(writer: &WriterState, front: u32) -> Option<u64> {
    let log = &writer.log;
    let free =
        log.segments.reusable(log.cursor.segment, &log.keep).filter(|&segment| segment < front).count();
    let spare = free.saturating_sub(writer.checkpoint_segments()) as u64;
    let pages = spare * u64::from(log.segments.blocks.saturating_sub(2)) * 3 / 4;
    (pages > 0).then(|| pages.min(STEP_PAGES_MAX))
}

/// Lets the log go on in the first free segment, if it is far behind that.
fn leave_end(shared: &Shared, writer: &mut WriterState) -> Result<(), CommitError> {
    let log = &writer.log;
    let first = log.segments.reusable(log.cursor.segment, &log.keep).next();
    let is_before = first.is_some_and(|first| first < log.cursor.segment);
    if !is_before || log.cursor.segment < front(writer) {
        return Ok(());
    }
    writer.log.leaves = true;
    // The first writes the jump into the segment that is left.
    recycle(shared, writer, true)
}

/// Takes as many checkpoints as it takes until nothing needs what was superseded by now: the older slot and the epochs that
/// it says can be read lag behind by one each.
fn recycle(shared: &Shared, writer: &mut WriterState, sheds: bool) -> Result<(), CommitError> {
    for _ in 0..2 {
        writer.pressure.shed = sheds;
        shared.checkpoint_twice(writer)?;
    }
    Ok(())
}

/// Gives back the segments at the end that nobody needs.
fn cut(shared: &Shared, writer: &mut WriterState) -> Result<(), CommitError> {
    let log = &writer.log;
    let needed = writer.checkpoint_segments();
    let mut free: BTreeSet<u32> = log.segments.reusable(log.cursor.segment, &log.keep).collect();
    let mut count = log.segments.count();
    while count > 2 && free.len() > needed && free.remove(&(count - 1)) {
        count -= 1;
    }
    if count == log.segments.count() {
        return Ok(());
    }
    let early = mutants::on(Mutant::CutBeforeDurable);
    if early {
        shared.disk.shrink(blocks_of(writer, count)).map_err(CommitError::Device)?;
    }
    writer.log.segments.list.truncate(count as usize);
    writer.cleaned.retain(|&segment| segment < count);
    shared.checkpoint_twice(writer)?;
    // The checkpoints may have needed more after all.
    let count = writer.log.segments.count();
    shared.disk.shrink(blocks_of(writer, count)).map_err(CommitError::Device)?;
    shared.disk.flush().map_err(CommitError::Device)
}

fn blocks_of(writer: &WriterState, count: u32) -> u64 {
    HEADER_BLOCKS + u64::from(count) * u64::from(writer.log.segments.blocks)
}
