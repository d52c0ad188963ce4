//! Checkpoints: the changed nodes of the page map and the segment table go to the log, then a superblock names them.
//!
//! Order: nodes and table, flush, superblock into the older slot, flush. Only after the last flush may anything be
//! reused that the slot before needed.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::PAGE_SIZE;
use base::checksum::checksum;
use core::sync::atomic::Ordering;

use crate::error::CommitError;
use crate::format::{
    BLOCK, Entry, Kind, NODE_ENTRIES, RecordEntry, RecordKind, SLOT_BLOCKS, Superblock, set_node_entry,
};
use crate::history::{Kept, Now, encode_table, thin};
use crate::log::{GroupHead, LogWriter, write_failed};
use crate::map::{self, Change, Rebuild, Turnover};
use crate::mutants::{self, Mutant};
use crate::segments::Segments;
use crate::store::{Shared, Store, WriterState, count};

/// Where the numbers of the pages of the table of kept checkpoints begin; those of the segment table begin at 0.
const KEPT_KEY: u32 = 1 << 31;

/// The tree and the tables of a checkpoint as they stand in the log.
struct Written {
    root: Entry,
    table: Entry,
    segments: Segments,
    kept: Vec<Kept>,
    kept_root: Entry,
    whole_from: u64,
}

impl Store {
    /// Writes a checkpoint if anything was committed since the last one, so that the next opening reads little.
    /// `Ok(false)` when there was nothing to do.
    ///
    /// # Errors
    /// As a commit; the committed snapshots are unharmed.
    pub fn checkpoint(&self) -> Result<bool, CommitError> {
        let mut writer = self.shared.take_writer()?;
        let done = self.shared.checkpoint(&mut writer);
        self.shared.put_back(writer);
        done
    }

    /// Ends work with the world in good order: a checkpoint, if one is needed. Other handles stay usable.
    ///
    /// # Errors
    /// As [`Store::checkpoint`]; nothing committed is lost, the next opening only reads more.
    pub fn close(self) -> Result<(), CommitError> {
        match self.checkpoint() {
            Ok(_) | Err(CommitError::ReadOnly) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Shared {
    /// Takes a checkpoint when scanning from the last one would take long, garbage waits for one, or history wants one.
    pub(crate) fn checkpoint_if_due(
        &self,
        writer: &mut WriterState,
        wall_ns: u64,
    ) -> Result<bool, CommitError> {
        let long = writer.record_bytes > self.options.checkpoint_record_bytes;
        let large = writer.log_blocks > writer.checkpoint_blocks_max();
        let (last_ns, finest_ns) = {
            let read = self.read.lock();
            (read.checkpoint.wall_ns, read.checkpoint.policy.finest_ns())
        };
        let old = finest_ns > 0 && wall_ns.saturating_sub(last_ns) >= finest_ns;
        if long || large || old { self.checkpoint(writer) } else { Ok(false) }
    }

    /// Takes a checkpoint if anything happened since the last one.
    pub(crate) fn checkpoint(&self, writer: &mut WriterState) -> Result<bool, CommitError> {
        let asked = writer.policy.is_some() || !writer.renamed.is_empty();
        if writer.commits_since == 0 && !writer.unpublished && !asked {
            return Ok(false);
        }
        let (epoch, wall_ns) = {
            let read = self.read.lock();
            writer.log.keep = read.keep();
            (read.epoch, read.wall_ns)
        };
        writer.log.begin(GroupHead { kind: RecordKind::Checkpoint, epoch, wall_ns });
        let written = self.write_checkpoint(writer).inspect_err(|error| {
            writer.log.abandon();
            self.poison_on(error);
        })?;
        let superblock = self.adopt(writer, written);
        self.publish(writer, superblock).inspect_err(|error| self.poison_on(error))?;
        Ok(true)
    }

    /// Writes nodes and table and flushes them.
    fn write_checkpoint(&self, writer: &mut WriterState) -> Result<Written, CommitError> {
        let changes = self.changes(writer);
        let old_root = self.read.lock().root;
        let mut work = Rebuild {
            disk: &self.disk,
            nodes: &self.nodes,
            log: &mut writer.log,
            turnover: Turnover::default(),
        };
        let root = map::rebuild(&mut work, old_root, &changes)?;
        let turnover = work.turnover;
        count(&self.counters.node_bytes, (turnover.added.len() * PAGE_SIZE) as u64);
        let (kept, whole_from) = self.kept_after(writer);
        let kept_root = match kept.as_slice() {
            [] => Entry::NONE,
            kept => self.append_table(&mut writer.log, KEPT_KEY, encode_table(kept))?,
        };
        let (table, segments) = self.write_table(&mut writer.log, &turnover)?;
        writer.log.complete(&self.disk)?;
        assert_eq!(writer.log.segments.list.len(), segments.list.len(), "the plan was followed");
        if !mutants::on(Mutant::SuperblockBeforeMap) {
            self.disk.flush().map_err(CommitError::Device)?;
        }
        Ok(Written { root, table, segments, kept, kept_root, whole_from })
    }

    /// The checkpoints that are kept from this one on, ascending, and the group from which every epoch can be read.
    fn kept_after(&self, writer: &mut WriterState) -> (Vec<Kept>, u64) {
        let (mut all, last, epoch, wall_ns) = {
            let read = self.read.lock();
            (read.kept.to_vec(), read.checkpoint.clone(), read.epoch, read.wall_ns)
        };
        let policy = writer.policy.unwrap_or(last.policy);
        match all.last_mut() {
            // The same snapshot; but only the later one surely leads to what follows: the log may have been left for damage.
            Some(same) if same.epoch == last.epoch => {
                *same = Kept { tag: core::mem::take(&mut same.tag), ..Kept::of(&last) };
            }
            _ => all.push(Kept::of(&last)),
        }
        for (epoch, tag) in &writer.renamed {
            if let Some(kept) = all.iter_mut().rfind(|kept| kept.epoch == *epoch) {
                kept.tag.clone_from(tag);
            }
        }
        let reusable = writer.reusable() as u64;
        writer.pressure.measure(&policy, &writer.log.segments, reusable);
        let now = Now { wall_ns, epoch, whole_from: last.whole_from, last_group: last.log.group };
        thin(&all, &policy, writer.pressure, now)
    }

    /// All that changed since the tree was written, ascending; copied a slice at a time so that readers wait for short.
    fn changes(&self, writer: &WriterState) -> Vec<Change> {
        let mut changes: Vec<Change> = writer.forced.iter().map(|&page| (page, None)).collect();
        let mut from = Some(0u32);
        while let Some(first) = from {
            let read = self.read.lock();
            let slice = read.overlay.range(first..).take(1024);
            let before = changes.len();
            changes.extend(slice.map(|(&page, &entry)| (page, Some(entry))));
            let whole = changes.len() - before == 1024;
            from = changes.last().filter(|_| whole).and_then(|last| last.0.checked_add(1));
        }
        changes.sort_by_key(|change| change.0);
        changes
    }

    /// Appends the segment table as it will be when this checkpoint is complete: the places of its own pages are
    /// planned first.
    fn write_table(
        &self,
        log: &mut LogWriter,
        turnover: &Turnover,
    ) -> Result<(Entry, Segments), CommitError> {
        let group = log.group();
        log.ensure_room(&self.disk, table_blocks(log.segments.table_pages()) * 2 + 2)?;
        let mut plan = log.plan();
        let pages = log.segments.table_pages();
        for key in 0..table_blocks(pages) as u32 {
            plan.append(&self.disk, table_entry(key, &[0; BLOCK]), None)?;
        }
        plan.complete(&self.disk)?;
        let mut segments = plan.segments;
        turnover.added.iter().for_each(|&block| segments.add_live(block));
        turnover.superseded.iter().for_each(|&block| segments.drop_live(block, group));
        let encoded = segments.encode();
        count(&self.counters.table_bytes, table_blocks(pages) * PAGE_SIZE as u64);
        Ok((self.append_table(log, 0, encoded)?, segments))
    }

    /// Appends the pages of the table and the nodes above them, level by level up to one root.
    fn append_table(
        &self,
        log: &mut LogWriter,
        mut key: u32,
        mut pages: Vec<Box<[u8; BLOCK]>>,
    ) -> Result<Entry, CommitError> {
        loop {
            let mut entries = Vec::new();
            for page in &pages {
                let placed = log.append(&self.disk, table_entry(key, page), Some(page))?;
                entries.push(placed.to_entry());
                key += 1;
            }
            if entries.len() == 1 {
                return Ok(entries[0]);
            }
            pages = entries.chunks(NODE_ENTRIES).map(table_node).collect();
        }
    }

    /// Makes the new tree the one that the overlay lies over; returns the superblock that names it.
    fn adopt(&self, writer: &mut WriterState, written: Written) -> Superblock {
        writer.log.accept();
        writer.cleaned.clear();
        count(&self.counters.record_bytes, writer.log.group_records * PAGE_SIZE as u64);
        writer.record_bytes += writer.log.group_records * PAGE_SIZE as u64;
        writer.log_blocks += writer.log.group_blocks;
        let next_generation = writer.log.segments.next_generation;
        writer.log.segments = written.segments;
        assert_eq!(writer.log.segments.next_generation, next_generation, "the plan was followed");
        writer.forced.clear();
        writer.dirty_leaves.clear();
        writer.commits_since = 0;
        writer.unpublished = true;
        let mut read = self.read.lock();
        read.root = written.root;
        let overlay = core::mem::take(&mut read.overlay);
        let superblock = self.next_superblock(&read.checkpoint, &writer.log, written.root, written.table);
        let last = read.history.last();
        let policy = writer.policy.unwrap_or(read.checkpoint.policy);
        let superblock = Superblock {
            kept: written.kept_root,
            kept_count: written.kept.len() as u32,
            whole_from: written.whole_from,
            policy,
            epoch: read.epoch,
            wall_ns: read.wall_ns,
            pages: last.map_or(read.checkpoint.pages, |d| d.entries.len() as u64),
            bytes: last.map_or(read.checkpoint.bytes, |d| d.bytes),
            ..superblock
        };
        drop(read);
        drop(overlay);
        writer.kept = written.kept;
        superblock
    }

    fn next_superblock(&self, last: &Superblock, log: &LogWriter, root: Entry, table: Entry) -> Superblock {
        Superblock {
            checkpoint: last.checkpoint + 1,
            root,
            table,
            segment_count: log.segments.count(),
            next_generation: log.segments.next_generation,
            log: log.cursor,
            ..last.clone()
        }
    }

    /// Writes the superblock into the older slot and makes it the newest durable one.
    fn publish(&self, writer: &mut WriterState, superblock: Superblock) -> Result<(), CommitError> {
        let mut slot = (superblock.checkpoint - 1) as usize % 2;
        if mutants::on(Mutant::SuperblockOverNewest) {
            slot = 0;
        }
        let block = superblock.encode();
        self.disk.write(SLOT_BLOCKS[slot], block.as_slice()).map_err(write_failed)?;
        count(&self.counters.superblock_bytes, PAGE_SIZE as u64);
        self.disk.flush().map_err(CommitError::Device)?;
        self.counters.checkpoints.fetch_add(1, Ordering::Relaxed);
        writer.unpublished = false;
        writer.policy = None;
        writer.renamed.clear();
        writer.pressure.shed = false;
        writer.record_bytes = 0;
        writer.log_blocks = 0;
        let mut read = self.read.lock();
        let previous = core::mem::replace(&mut read.checkpoint, superblock);
        // What was committed between the two is known if all of it happened while the store was open.
        let from = previous.log.group;
        read.history.retain(|delta| delta.group > from);
        read.history_whole = true;
        read.previous = Some(previous);
        read.kept_before = core::mem::replace(&mut read.kept, Arc::new(core::mem::take(&mut writer.kept)));
        writer.log.keep = read.keep();
        Ok(())
    }
}

fn table_entry(key: u32, page: &[u8; BLOCK]) -> RecordEntry {
    RecordEntry { key, kind: Kind::Table, level: 0, block: 0, checksum: checksum(page) }
}

fn table_node(entries: &[Entry]) -> Box<[u8; BLOCK]> {
    let mut node = Box::new([0u8; BLOCK]);
    for (i, entry) in entries.iter().enumerate() {
        set_node_entry(&mut node, i, *entry);
    }
    node
}

/// Blocks that a table of `pages` pages takes, with the nodes above them.
fn table_blocks(pages: usize) -> u64 {
    let (mut level, mut total) = (pages, pages);
    while level > 1 {
        level = level.div_ceil(NODE_ENTRIES);
        total += level;
    }
    total as u64
}
