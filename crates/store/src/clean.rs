//! Cleaning: a commit moves a few live pages out of a segment that is mostly garbage, so that the file stays small.
//!
//! A moved page is an ordinary entry of the commit with the content it had. Map nodes in the segment are written anew
//! by the next checkpoint. The segment is free when the rules of [`crate::segments`] say so, not earlier.
//! To empty a segment that a kept tree refers to frees nothing until that tree is given up, so this is done only where
//! little in it is live.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use base::{PAGE_SIZE, PageIndex};

use crate::error::CommitError;
use crate::format::{Cursor, Kind, RecordEntry, Segment};
use crate::history::HistoryPolicy;
use crate::log::{LogReader, Written};
use crate::map;
use crate::mutants::{self, Mutant};
use crate::segments::Census;
use crate::store::{Shared, WriterState};

/// The least that is moved at a time, in pages.
const MOVED_MIN: u64 = 8;
/// So many of what was written into a segment are looked at for each page that may be moved: most of them are not live.
const LOOKS_PER_PAGE: u64 = 64;
/// A page that is owed.
const PAGE_OWED: u64 = 256;
/// The most that is moved for each page of a commit: four pages.
const RATE_MAX: u64 = 4 * PAGE_OWED;
/// What is moved for each page of a commit while history takes a good part of its budget: a quarter of a page.
const RATE_PREPARING: u64 = PAGE_OWED / 4;
/// The cleaner aims for a file that is smaller by an eighth of the live data, or so many segments, than twice the live data:
/// what it empties is free a while later.
const MARGIN_SEGMENTS: u64 = 6;
/// Segments that a small world may have beside what is live; a larger one may have as much again as is live.
const SPARE_SEGMENTS: u64 = 16;

/// A segment that is being emptied, and what was written into it that may still be live.
pub(crate) struct Victim {
    segment: u32,
    generation: u64,
    /// Taken from the end.
    left: Vec<Written>,
}

/// Moves as many live pages as a commit of `pages` pages should; those that `own` tells of are in the commit already. Returns
/// the new entries.
pub(crate) fn clean(
    shared: &Shared,
    writer: &mut WriterState,
    own: impl FnOnce() -> BTreeSet<u32>,
    pages: u64,
) -> Result<Vec<RecordEntry>, CommitError> {
    let rate = rate(writer);
    writer.owed = if rate == 0 { 0 } else { writer.owed + pages * rate };
    let moved = writer.owed / PAGE_OWED;
    if moved < MOVED_MIN || !has_room(writer) {
        return Ok(Vec::new());
    }
    writer.owed = 0;
    move_pages(shared, writer, &own(), moved)
}

/// Moves up to `budget` live pages, those in `own` left out. Returns the new entries.
pub(crate) fn move_pages(
    shared: &Shared,
    writer: &mut WriterState,
    own: &BTreeSet<u32>,
    mut budget: u64,
) -> Result<Vec<RecordEntry>, CommitError> {
    let mut moved = Vec::new();
    let mut looks = budget * LOOKS_PER_PAGE;
    while budget > 0 && looks > 0 {
        looks -= 1;
        let Some(mut victim) = writer.victim.take().or_else(|| choose(shared, writer)) else { break };
        let is_same = writer.log.segments.list[victim.segment as usize].generation == victim.generation;
        let Some(entry) = victim.left.pop().filter(|_| is_same) else {
            writer.cleaned.insert(victim.segment);
            set_free_early(writer, victim.segment);
            continue;
        };
        let generation = victim.generation;
        writer.victim = Some(victim);
        match move_one(shared, writer, own, &entry) {
            Ok(Some(placed)) => {
                moved.push(placed);
                budget -= 1;
            }
            Ok(None) => {}
            Err(CommitError::Read(_)) => {
                // What cannot be read cannot be moved; it stays where it is, and `check` will tell of it.
                writer.uncleanable.insert(generation);
                writer.victim = None;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}

/// Moves up to `budget` live pages out of one segment. Returns the new entries.
pub(crate) fn empty(
    shared: &Shared,
    writer: &mut WriterState,
    segment: u32,
    budget: u64,
) -> Result<Vec<RecordEntry>, CommitError> {
    let generation = writer.log.segments.list[segment as usize].generation;
    let mut moved = Vec::new();
    let Some(written) = written_in(shared, writer, segment, generation) else {
        writer.uncleanable.insert(generation);
        return Ok(moved);
    };
    for entry in written {
        match move_one(shared, writer, &BTreeSet::new(), &entry) {
            Ok(placed) => moved.extend(placed),
            Err(CommitError::Read(_)) => {
                writer.uncleanable.insert(generation);
                break;
            }
            Err(error) => return Err(error),
        }
        if moved.len() as u64 >= budget {
            break;
        }
    }
    Ok(moved)
}

/// Whether pages may be moved. After a failure for lack of space none are, to leave room for the commit.
fn has_room(writer: &WriterState) -> bool {
    let segments = &writer.log.segments;
    let needed = writer.checkpoint_segments() + 1;
    let free = segments.reusable(writer.log.cursor.segment, &writer.log.keep).take(needed).count();
    // A file that still grows has no free segments, and may grow for this too.
    let grows = writer.prepares || segments.count() < segments.wanted;
    !writer.was_full && (free == needed || grows)
}

/// How many 256ths of a page to move for each page of a commit: the more, the less there is left to write into until the
/// file is larger than it should be.
///
/// What is emptied is free three checkpoints later, so what is written in three intervals must be there. What history holds
/// besides is free when the snapshots up to its emptying are given up: it is emptied long before the budget is used up.
fn rate(writer: &WriterState) -> u64 {
    let segments = &writer.log.segments;
    let pool = writer.census.reusable + writer.census.emptied + u64::from(segments.wanted);
    let pool = pool.saturating_sub(u64::from(segments.count()));
    let wanted = writer.pool_blocks(&writer.census) / u64::from(segments.blocks);
    let short = RATE_MAX * wanted.saturating_sub(pool) / wanted;
    if writer.prepares { short.max(RATE_PREPARING) } else { short }
}

impl WriterState {
    /// Counts what the segments hold and how many there should be at most: for what is live, as much garbage, and what history
    /// takes within its budget.
    pub(crate) fn take_census(&mut self, policy: &HistoryPolicy) {
        let census = self.log.segments.census(self.log.cursor.segment, &self.log.keep);
        let (budget, garbage) = (self.history_blocks_max(policy, &census), self.garbage_blocks(&census));
        let history = census.history_blocks.saturating_sub(garbage).min(budget);
        let wanted = (census.live_blocks + garbage + history) / u64::from(self.log.segments.blocks);
        let limit = self.log.segments.limit.unwrap_or(u32::MAX);
        self.log.segments.wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(limit);
        self.prepares = history > budget / 4;
        self.census = census;
    }

    /// Blocks that history may take: its budget, or what a device that cannot grow leaves it.
    pub(crate) fn history_blocks_max(&self, policy: &HistoryPolicy, census: &Census) -> u64 {
        let budget = policy.budget(census.live_blocks * PAGE_SIZE as u64) / PAGE_SIZE as u64;
        let all = self.log.segments.limit.map(|limit| u64::from(limit) * u64::from(self.log.segments.blocks));
        let others = census.live_blocks + self.garbage_blocks(census);
        all.map_or(budget, |all| budget.min(all.saturating_sub(others)))
    }

    /// Blocks that may be garbage or free beside what is live and what history takes.
    pub(crate) fn garbage_blocks(&self, census: &Census) -> u64 {
        let (live, segment) = (census.live_blocks, u64::from(self.log.segments.blocks));
        let margin = (live / 8).max(MARGIN_SEGMENTS * segment);
        live.saturating_sub(margin).max(SPARE_SEGMENTS * segment)
    }

    /// Blocks to write into that the cleaner wants to be free, or to be so soon.
    pub(crate) fn pool_blocks(&self, census: &Census) -> u64 {
        let blocks = u64::from(self.log.segments.blocks);
        4 * (census.live_blocks / 12).max(blocks) + (2 * self.checkpoint_segments() as u64 + 3) * blocks
    }

    /// Blocks of log after which a checkpoint is due in any case, so that the file does not grow by much more before what was
    /// superseded is free.
    pub(crate) fn checkpoint_blocks_max(&self) -> u64 {
        let blocks = u64::from(self.log.segments.blocks);
        if rate(self) > 0 {
            (self.census.live_blocks / 12).max(blocks)
        } else {
            (self.census.live_blocks / 5).max(4 * blocks)
        }
    }
}

/// The segment with the fewest live blocks, if at most three quarters of it are live, and what was written into it.
fn choose(shared: &Shared, writer: &mut WriterState) -> Option<Victim> {
    let log = &writer.log;
    // One that a kept tree refers to is free when that tree is given up, so moving is to be cheap.
    let most = |s: &Segment| {
        let is_held = log.keep.pins(s.first_group, log.keep.recent);
        if is_held && !writer.was_full { log.segments.blocks / 8 } else { log.segments.blocks / 4 * 3 }
    };
    let may = |s: &u32| {
        let segment = &log.segments.list[*s as usize];
        *s != log.cursor.segment
            && segment.live > 0
            && segment.live <= most(segment)
            && segment.written_group <= log.keep.group
            && !writer.cleaned.contains(s)
            && !writer.uncleanable.contains(&segment.generation)
    };
    let segment =
        (0..log.segments.count()).filter(may).min_by_key(|&s| log.segments.list[s as usize].live)?;
    let generation = log.segments.list[segment as usize].generation;
    match written_in(shared, writer, segment, generation) {
        Some(left) => Some(Victim { segment, generation, left }),
        None => {
            writer.uncleanable.insert(generation);
            None
        }
    }
}

/// Every page and map node that was written into the segment in its present use; `None` when it cannot be read.
fn written_in(
    shared: &Shared,
    writer: &mut WriterState,
    segment: u32,
    generation: u64,
) -> Option<Vec<Written>> {
    if let Some(written) = writer.log.take_written(generation) {
        return Some(written);
    }
    let segments = &writer.log.segments;
    let reader = LogReader {
        disk: &shared.disk,
        world_id: shared.info.world_id,
        segment_blocks: segments.blocks,
        segment_count: segments.count(),
    };
    let mut cursor = Cursor { segment, generation, ..Cursor::default() };
    let mut written = Vec::new();
    let mut chain = None;
    while !reader.must_jump(&cursor) {
        let Some(record) = reader.record_at(reader.next_at(&cursor), generation).ok()? else { break };
        if chain.is_some_and(|chain| record.header.chain != chain) {
            break;
        }
        chain = Some(record.checksum);
        written.extend(record.entries.iter().filter_map(Written::of));
        reader.step_over(&record, &mut cursor);
    }
    Some(written)
}

/// Moves what `entry` names if the newest state still refers to it; a node is left to the checkpoint.
fn move_one(
    shared: &Shared,
    writer: &mut WriterState,
    own: &BTreeSet<u32>,
    entry: &Written,
) -> Result<Option<RecordEntry>, CommitError> {
    if entry.kind == Kind::Node {
        let root = shared.read.lock().root;
        let page = map::prefix_page(entry.key, entry.level);
        let node = map::node_on_way(&shared.disk, &shared.nodes, root, page, entry.level)?;
        if !node.is_none() && node.block() == entry.block {
            let leaf = map::first_leaf_page(&shared.disk, &shared.nodes, node, entry.level, entry.key)?;
            writer.forced.insert(leaf);
        }
        return Ok(None);
    }
    if own.contains(&entry.key) && !mutants::on(Mutant::CleanerOverwritesNewer) {
        return Ok(None);
    }
    let current = shared.lookup(entry.key)?;
    if !current.entry.is(Kind::Full) || current.entry.block() != entry.block {
        return Ok(None);
    }
    let mut bytes = [0u8; PAGE_SIZE];
    shared.read_stored(PageIndex(entry.key), current, &mut bytes)?;
    let (key, checksum) = (entry.key, current.entry.checksum);
    let moved = RecordEntry { key, kind: Kind::Full, checksum, ..RecordEntry::default() };
    writer.log.append(&shared.disk, moved, Some(&bytes)).map(Some)
}

/// The planted bug: the segment counts as free while the map on the device still refers to it.
fn set_free_early(writer: &mut WriterState, segment: u32) {
    if mutants::on(Mutant::CleanerAheadOfCheckpoint) {
        let segment = writer.log.segments.get(segment);
        segment.written_group = 0;
        segment.superseded_group = 0;
        segment.live = 0;
    }
}
