//! Cleaning: a commit moves a few live pages out of a segment that is mostly garbage, so that the file stays small.
//!
//! A moved page is an ordinary entry of the commit with the content it had. Map nodes in the segment are written anew
//! by the next checkpoint. The segment is free when the rules of [`crate::segments`] say so, not earlier.
//! To empty a segment that a kept tree refers to frees nothing until that tree is given up, so this is done only when
//! history takes more than its budget, which makes kept trees go.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use base::{PAGE_SIZE, PageIndex};

use crate::error::CommitError;
use crate::format::{Cursor, Kind, RecordEntry};
use crate::log::LogReader;
use crate::map;
use crate::mutants::{self, Mutant};
use crate::store::{Shared, WriterState};

/// The least that a commit may move, in pages.
const MOVED_MIN: u64 = 8;

/// A segment that is being emptied, and what was written into it that may still be live.
pub(crate) struct Victim {
    segment: u32,
    generation: u64,
    queue: VecDeque<RecordEntry>,
}

/// Moves up to a quarter of `pages` live pages; those in `own` are in the commit already. Returns the new entries.
pub(crate) fn clean(
    shared: &Shared,
    writer: &mut WriterState,
    own: &BTreeSet<u32>,
    pages: u64,
) -> Result<Vec<RecordEntry>, CommitError> {
    if is_due(writer) { move_pages(shared, writer, own, (pages / 4).max(MOVED_MIN)) } else { Ok(Vec::new()) }
}

/// Moves up to `budget` live pages, those in `own` left out. Returns the new entries.
pub(crate) fn move_pages(
    shared: &Shared,
    writer: &mut WriterState,
    own: &BTreeSet<u32>,
    mut budget: u64,
) -> Result<Vec<RecordEntry>, CommitError> {
    let mut moved = Vec::new();
    while budget > 0 {
        let Some(mut victim) = writer.victim.take().or_else(|| choose(shared, writer)) else { break };
        let is_same = writer.log.segments.list[victim.segment as usize].generation == victim.generation;
        let Some(entry) = victim.queue.pop_front().filter(|_| is_same) else {
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
    let Some(queue) = written_in(shared, writer, segment, generation) else {
        writer.uncleanable.insert(generation);
        return Ok(moved);
    };
    for entry in queue {
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

/// Whether fewer segments are free than are written in three intervals between checkpoints: what is cleaned now is
/// free two checkpoints later.
/// After a failure for lack of space nothing is moved, to leave room for the commit.
fn is_due(writer: &WriterState) -> bool {
    let segments = &writer.log.segments;
    let interval = writer.checkpoint_blocks_max() / u64::from(segments.blocks);
    let low = writer.checkpoint_segments() + 3 * interval as usize + 1;
    let mut reusable = segments.reusable(writer.log.cursor.segment, &writer.log.keep);
    let free = reusable.by_ref().take(low).count();
    !writer.was_full && free < low && free > writer.checkpoint_segments()
}

/// The segment with the fewest live blocks, if at most half of it is live, and what was written into it.
fn choose(shared: &Shared, writer: &mut WriterState) -> Option<Victim> {
    let log = &writer.log;
    let half = log.segments.blocks / 2;
    let may = |s: &u32| {
        let segment = &log.segments.list[*s as usize];
        *s != log.cursor.segment
            && segment.live > 0
            && segment.live <= half
            && segment.written_group <= log.keep.group
            && (writer.pressure.is_over || writer.was_full || segment.first_group > log.keep.newest_pin())
            && !writer.cleaned.contains(s)
            && !writer.uncleanable.contains(&segment.generation)
    };
    let segment =
        (0..log.segments.count()).filter(may).min_by_key(|&s| log.segments.list[s as usize].live)?;
    let generation = log.segments.list[segment as usize].generation;
    match written_in(shared, writer, segment, generation) {
        Some(queue) => Some(Victim { segment, generation, queue }),
        None => {
            writer.uncleanable.insert(generation);
            None
        }
    }
}

/// Every page and map node that was written into the segment in its present use; `None` when it cannot be read.
fn written_in(
    shared: &Shared,
    writer: &WriterState,
    segment: u32,
    generation: u64,
) -> Option<VecDeque<RecordEntry>> {
    let segments = &writer.log.segments;
    let reader = LogReader {
        disk: &shared.disk,
        world_id: shared.info.world_id,
        segment_blocks: segments.blocks,
        segment_count: segments.count(),
    };
    let mut cursor = Cursor { segment, generation, ..Cursor::default() };
    let mut queue = VecDeque::new();
    let mut chain = None;
    while !reader.must_jump(&cursor) {
        let Some(record) = reader.record_at(reader.next_at(&cursor), generation).ok()? else { break };
        if chain.is_some_and(|chain| record.header.chain != chain) {
            break;
        }
        chain = Some(record.checksum);
        queue.extend(record.entries.iter().filter(|e| matches!(e.kind, Kind::Full | Kind::Node)));
        reader.step_over(&record, &mut cursor);
    }
    Some(queue)
}

/// Moves what `entry` names if the newest state still refers to it; a node is left to the checkpoint.
fn move_one(
    shared: &Shared,
    writer: &mut WriterState,
    own: &BTreeSet<u32>,
    entry: &RecordEntry,
) -> Result<Option<RecordEntry>, CommitError> {
    if entry.kind == Kind::Node {
        let root = shared.read.lock().root;
        let page = map::first_page_of(entry);
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
    let moved = RecordEntry { block: 0, checksum: current.entry.checksum, ..*entry };
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
