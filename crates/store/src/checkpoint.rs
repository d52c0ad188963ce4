//! Checkpoints: the changed nodes of the page map and the segment table go to the log, then a superblock names them.
//!
//! Order: nodes and table, flush, superblock into the older slot, flush. Only after the last flush may anything be
//! reused that the slot before needed.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{PAGE_SIZE, PageBytes, PageIndex};
use core::sync::atomic::Ordering;

use crate::error::CommitError;
use crate::format::{
    BLOCK, Entry, FORMAT_VERSION, Kind, NODE_ENTRIES, RecordEntry, RecordKind, SLOT_BLOCKS, Stored,
    Superblock, set_node_entry,
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
    /// Pages that were changes and are full copies now, for the cache of those.
    settled: Vec<Settled>,
}

/// A page that was stored as changes and is stored in full now.
struct Settled {
    page: u32,
    entry: Entry,
    bytes: Box<PageBytes>,
}

/// An older snapshot that is to be kept: its state, and what is known of it.
pub(crate) struct Aside {
    pub(crate) root: Entry,
    /// What was committed over that tree by then, ascending.
    pub(crate) pages: Vec<(u32, Stored)>,
    pub(crate) kept: Kept,
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
        // Changes save so much that four times the records of them may be read by an opening.
        let counted = writer.record_bytes.saturating_sub(writer.delta_bytes / 4 * 3);
        let long = counted > self.options.checkpoint_record_bytes;
        let large = writer.log_blocks > writer.checkpoint_blocks_max() || writer.waits_for_checkpoint();
        let (last_ns, finest_ns) = {
            let read = self.read.lock();
            (read.checkpoint.wall_ns, read.checkpoint.policy.finest_ns(self.options.checkpoint_distance_ns))
        };
        let old = finest_ns > 0 && wall_ns.saturating_sub(last_ns) >= finest_ns;
        if long || large || old { self.checkpoint(writer) } else { Ok(false) }
    }

    /// Takes a checkpoint if anything happened since the last one.
    pub(crate) fn checkpoint(&self, writer: &mut WriterState) -> Result<bool, CommitError> {
        let asked = writer.policy.is_some() || writer.aside.is_some() || !writer.renamed.is_empty();
        if writer.commits_since == 0 && !writer.unpublished && !asked {
            return Ok(false);
        }
        let (epoch, wall_ns) = {
            let mut read = self.read.lock();
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
        let pages = self.overlaid();
        let (mut changes, mut turnover, settled) = self.settle(writer, &pages)?;
        changes.extend(writer.forced.iter().map(|&page| (page, None)));
        changes.sort_by_key(|change| change.0);
        let old_root = self.read.lock().root;
        let mut work = Rebuild { disk: &self.disk, nodes: &self.nodes, log: &mut writer.log, turnover };
        let settled_pages = work.turnover.added.len();
        let root = map::rebuild(&mut work, old_root, &changes)?;
        turnover = work.turnover;
        count(&self.counters.node_bytes, ((turnover.added.len() - settled_pages) * PAGE_SIZE) as u64);
        let held = self.write_aside(writer)?;
        let (kept, whole_from) = self.kept_after(writer);
        let kept_root = match kept.as_slice() {
            [] => Entry::NONE,
            kept => self.append_table(&mut writer.log, KEPT_KEY, encode_table(kept))?,
        };
        let (table, segments) = self.write_table(&mut writer.log, &turnover, &held)?;
        writer.log.complete(&self.disk)?;
        assert_eq!(writer.log.segments.list.len(), segments.list.len(), "the plan was followed");
        if !mutants::on(Mutant::SuperblockBeforeMap) {
            self.disk.flush().map_err(CommitError::Device)?;
        }
        Ok(Written { root, table, segments, kept, kept_root, whole_from, settled })
    }

    /// Writes every page that is stored as changes in full, so that the map never refers to changes: the changes that it
    /// takes then, the blocks it adds and supersedes, and the full copies.
    fn settle(
        &self,
        writer: &mut WriterState,
        pages: &[(u32, Stored)],
    ) -> Result<(Vec<Change>, Turnover, Vec<Settled>), CommitError> {
        let mut changes = Vec::with_capacity(pages.len());
        let mut turnover = Turnover::default();
        let mut settled = Vec::new();
        for &(page, stored) in pages {
            if !stored.entry.is(Kind::Delta) {
                changes.push((page, Some(stored.entry)));
                continue;
            }
            let (entry, bytes) = self.write_in_full(writer, page, stored)?;
            turnover.added.push(entry.block());
            turnover.superseded.extend(stored.blocks());
            changes.push((page, Some(entry)));
            settled.push(Settled { page, entry, bytes });
        }
        Ok((changes, turnover, settled))
    }

    fn write_in_full(
        &self,
        writer: &mut WriterState,
        page: u32,
        stored: Stored,
    ) -> Result<(Entry, Box<PageBytes>), CommitError> {
        let mut bytes = Box::new([0u8; PAGE_SIZE]);
        let index = PageIndex(page);
        self.read_stored(index, stored, &mut bytes).map_err(|error| map::page_damage(index, error))?;
        if mutants::on(Mutant::SettledAsBase) {
            self.disk.read(stored.base, bytes.as_mut_slice()).map_err(CommitError::Device)?;
        }
        let checksum = checksum(bytes.as_slice());
        let entry = RecordEntry { key: page, kind: Kind::Full, checksum, ..RecordEntry::default() };
        let placed = writer.log.append(&self.disk, entry, Some(&bytes))?;
        count(&self.counters.settled_bytes, PAGE_SIZE as u64);
        Ok((placed.to_entry(), bytes))
    }

    /// Writes the tree of an older snapshot that is to be kept; returns the blocks that only it refers to.
    fn write_aside(&self, writer: &mut WriterState) -> Result<Vec<u64>, CommitError> {
        let Some(mut aside) = writer.aside.take() else { return Ok(Vec::new()) };
        let (changes, turnover, _) = self.settle(writer, &aside.pages)?;
        let turnover = Turnover { added: turnover.added, superseded: Vec::new() };
        let mut work = Rebuild { disk: &self.disk, nodes: &self.nodes, log: &mut writer.log, turnover };
        aside.kept.root = map::rebuild(&mut work, aside.root, &changes)?;
        let held = work.turnover.added;
        count(&self.counters.node_bytes, (held.len() * PAGE_SIZE) as u64);
        let group = writer.log.group();
        aside.kept.later = u32::try_from(group - aside.kept.log.group).unwrap_or(u32::MAX);
        aside.pages = Vec::new();
        writer.aside = Some(aside);
        Ok(held)
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
        if let Some(aside) = &writer.aside {
            let at = all.partition_point(|kept| kept.epoch < aside.kept.epoch);
            all.insert(at, aside.kept.clone());
        }
        for (epoch, tag) in &writer.renamed {
            if let Some(kept) = all.iter_mut().rfind(|kept| kept.epoch == *epoch) {
                kept.tag.clone_from(tag);
            }
        }
        let census = writer.log.segments.census(writer.log.cursor.segment, &writer.log.keep);
        let garbage = writer.garbage_blocks(&census).saturating_sub(writer.pool_blocks(&census));
        let budget = writer.history_blocks_max(&policy, &census);
        writer.pressure.measure(&census, budget, garbage);
        let now = Now {
            wall_ns,
            epoch,
            whole_from: last.whole_from,
            last_group: last.log.group,
            least_ns: self.options.checkpoint_distance_ns,
        };
        thin(&all, &policy, writer.pressure, now)
    }

    /// All that was committed since the tree was written, ascending; copied a slice at a time so that readers wait for short.
    fn overlaid(&self) -> Vec<(u32, Stored)> {
        let mut pages: Vec<(u32, Stored)> = Vec::new();
        let mut from = Some(0u32);
        while let Some(first) = from {
            let read = self.read.lock();
            let before = pages.len();
            pages.extend(read.overlay.range(first..).take(1024).map(|(&page, &stored)| (page, stored)));
            let whole = pages.len() - before == 1024;
            from = pages.last().filter(|_| whole).and_then(|last| last.0.checked_add(1));
        }
        pages
    }

    /// Appends the segment table as it will be when this checkpoint is complete: the places of its own pages are
    /// planned first.
    fn write_table(
        &self,
        log: &mut LogWriter,
        turnover: &Turnover,
        held: &[u64],
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
        held.iter().for_each(|&block| segments.hold(block, group));
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
        for Settled { page, entry, bytes } in &written.settled {
            writer.bases.moved(*page, entry.block(), bytes);
        }
        count(&self.counters.record_bytes, writer.log.group_records * PAGE_SIZE as u64);
        writer.record_bytes += writer.log.group_records * PAGE_SIZE as u64;
        writer.log_blocks += writer.log.group_blocks;
        let next_generation = writer.log.segments.next_generation;
        writer.log.segments = written.segments;
        assert_eq!(writer.log.segments.next_generation, next_generation, "the plan was followed");
        writer.forced.clear();
        writer.dirty_leaves.clear();
        writer.changed_pages.clear();
        writer.commits_since = 0;
        writer.unpublished = true;
        let mut read = self.read.lock();
        read.root = written.root;
        let overlay = core::mem::take(&mut read.overlay);
        let superblock = self.next_superblock(&read.checkpoint, &writer.log, written.root, written.table);
        let last = read.history.last();
        let policy = writer.policy.unwrap_or(read.checkpoint.policy);
        let superblock = Superblock {
            version: FORMAT_VERSION,
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
        writer.aside = None;
        writer.renamed.clear();
        writer.pressure.shed = false;
        writer.record_bytes = 0;
        writer.delta_bytes = 0;
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
    RecordEntry { key, kind: Kind::Table, checksum: checksum(page), ..RecordEntry::default() }
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
