//! Commits: pages go to the log as they come, one flush makes them a snapshot.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex};

use crate::clean;
use crate::delta::Advice;
use crate::error::CommitError;
use crate::format::{FORMAT_VERSION, Kind, RecordEntry, RecordKind, Stored};
use crate::history::KEPT_PER_PAGE;
use crate::log::{GroupHead, zero_entry};
use crate::mutants::{self, Mutant};
use crate::store::{Commit, Shared, Store, WriterState, count};

/// A commit under way. Dropped without [`CommitWriter::finish`] it leaves nothing behind.
pub struct CommitWriter {
    shared: Arc<Shared>,
    /// Present until the commit ends.
    writer: Option<Box<WriterState>>,
    epoch: Epoch,
    wall_ns: u64,
    entries: Vec<RecordEntry>,
    /// Bytes of records that hold changes.
    delta_bytes: u64,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its epoch.
    pub epoch: Epoch,
    /// Pages that the caller put, zero pages included.
    pub pages: u64,
    /// Bytes that it took in the log, records included, checkpoint not.
    pub bytes: u64,
    /// Pages that were moved to free segments.
    pub cleaned_pages: u64,
    /// Whether a checkpoint of the page map followed; its failure does not undo the commit and is tried again.
    pub checkpoint: Result<bool, CommitError>,
}

impl Store {
    /// Begins the commit of `epoch`; only one may be under way.
    ///
    /// # Errors
    /// When another one is under way, the epoch is not later than the last, the store is open for reading only,
    /// or an earlier write failed.
    pub fn begin_commit(&self, epoch: Epoch, wall_ns: u64) -> Result<CommitWriter, CommitError> {
        let last = self.last_epoch();
        if epoch <= last {
            return Err(CommitError::NotLater { epoch, last });
        }
        let mut writer = self.shared.take_writer()?;
        if self.shared.read.lock().checkpoint.version < FORMAT_VERSION {
            // From here on an older Phantom is told that the world is too new for it.
            writer.commits_since += 1;
            if let Err(error) = self.shared.checkpoint(&mut writer) {
                self.shared.put_back(writer);
                return Err(error);
            }
        }
        if writer.was_full {
            // That there is no room for this either is no reason not to try the commit; that the device fails is.
            if let Err(error @ CommitError::Device(_)) = self.shared.make_room(&mut writer) {
                self.shared.put_back(writer);
                return Err(error);
            }
        }
        writer.log.keep = self.shared.read.lock().keep();
        // Two: what history held is free when two checkpoints have given it up.
        writer.log.reserve = 2 * writer.checkpoint_segments();
        // Also where the commit would fit beside them: each checkpoint takes some, and what is left must do for those that give
        // up history.
        if let Err(error) = writer.log.ensure_reserve(&self.shared.disk) {
            note_failure(&self.shared, &mut writer, &error);
            self.shared.put_back(writer);
            return Err(error);
        }
        writer.log.gather = self.shared.options.gathered_pages;
        writer.log.begin(GroupHead { kind: RecordKind::Commit, epoch, wall_ns });
        Ok(CommitWriter {
            shared: self.shared.clone(),
            writer: Some(writer),
            epoch,
            wall_ns,
            entries: Vec::new(),
            delta_bytes: 0,
        })
    }
}

impl CommitWriter {
    /// Adds a page with its content; a page of zeros takes no room. A page that is put again replaces the first.
    ///
    /// # Errors
    /// When there is no room or the device fails; the commit cannot be finished then and is to be dropped.
    pub fn put(&mut self, page: PageIndex, bytes: &PageBytes) -> Result<(), CommitError> {
        if base::is_zero(bytes) {
            return self.put_zero(page);
        }
        let checksum = checksum(bytes);
        let shared = self.shared.clone();
        let writer = self.writer()?;
        // A map that cannot be read is told of when the next checkpoint reads it; the page is written in full.
        let full_copy = || shared.lookup(page.0).ok().and_then(Stored::full_copy);
        let advice = writer.bases.advise(page.0, bytes, full_copy);
        if let Advice::Changes(base) = advice {
            let changes = core::mem::take(&mut writer.bases.changes);
            let done = self.append_changes(page, base, checksum, &changes);
            self.writer()?.bases.changes = changes;
            return done;
        }
        let entry = RecordEntry { key: page.0, kind: Kind::Full, checksum, ..RecordEntry::default() };
        let placed = self.append(entry, Some(bytes))?;
        let bases = &mut self.writer()?.bases;
        match advice {
            Advice::FullAndKeep => bases.keep(page.0, placed.block, bytes),
            _ => bases.forget(page.0),
        }
        count(&self.shared.counters.page_bytes, PAGE_SIZE as u64);
        Ok(())
    }

    /// Adds a page that is all zeros now.
    ///
    /// # Errors
    /// As [`CommitWriter::put`].
    pub fn put_zero(&mut self, page: PageIndex) -> Result<(), CommitError> {
        self.writer()?.bases.forget(page.0);
        self.append(zero_entry(page.0), None).map(drop)
    }

    /// Adds a page whose content stands in a block that an earlier commit wrote and a reader holds.
    pub(crate) fn put_again(&mut self, entry: RecordEntry) -> Result<(), CommitError> {
        self.writer()?.bases.forget(entry.key);
        self.append(entry, None).map(drop)
    }

    /// Completes the commit: when this returns `Ok` the snapshot is durable. One flush; a checkpoint may follow.
    ///
    /// # Errors
    /// When there is no room: the commit is abandoned and may be tried again. When the device fails: the store
    /// commits no more; whether this snapshot is durable shows when the world is opened again.
    pub fn finish(mut self) -> Result<CommitInfo, CommitError> {
        let pages = self.entries.len() as u64;
        let cleaned_pages = self.clean(pages)?;
        let shared = self.shared.clone();
        let Some(writer) = self.writer.as_deref_mut() else { return Err(CommitError::Busy) };
        writer.log.complete(&shared.disk).inspect_err(|e| note_failure(&shared, writer, e))?;
        let restores = || self.entries.iter().any(|entry| entry.kind == Kind::Again);
        let left_out =
            mutants::on(Mutant::CommitFlushLeftOut) || mutants::on(Mutant::RestoreFlushLeftOut) && restores();
        if !left_out {
            let flushed = shared.disk.flush().map_err(CommitError::Device);
            flushed.inspect_err(|e| note_failure(&shared, writer, e))?;
        }
        let bytes = writer.log.group_blocks * PAGE_SIZE as u64;
        count(&shared.counters.record_bytes, writer.log.group_records * PAGE_SIZE as u64);
        count(&shared.counters.cleaned_bytes, cleaned_pages * PAGE_SIZE as u64);
        count(&shared.counters.commits, 1);
        let mut writer = self.writer.take().ok_or(CommitError::Busy)?;
        let delta = Commit::new(writer.log.group(), self.epoch, self.wall_ns, bytes, &self.entries);
        writer.note_group();
        shared.apply(&mut writer, &self.entries, delta);
        writer.delta_bytes += self.delta_bytes;
        writer.bases.committed();
        let checkpoint = shared.checkpoint_if_due(&mut writer, self.wall_ns);
        shared.put_back(writer);
        Ok(CommitInfo { epoch: self.epoch, pages, bytes, cleaned_pages, checkpoint })
    }

    fn writer(&mut self) -> Result<&mut WriterState, CommitError> {
        self.writer.as_deref_mut().ok_or(CommitError::Busy)
    }

    fn append(
        &mut self,
        entry: RecordEntry,
        payload: Option<&PageBytes>,
    ) -> Result<RecordEntry, CommitError> {
        let shared = self.shared.clone();
        let writer = self.writer()?;
        let placed = writer.log.append(&shared.disk, entry, payload);
        let placed = placed.inspect_err(|e| note_failure(&shared, writer, e))?;
        self.entries.push(placed);
        Ok(placed)
    }

    fn append_changes(
        &mut self,
        page: PageIndex,
        base: u64,
        checksum: u64,
        changes: &[u8],
    ) -> Result<(), CommitError> {
        let shared = self.shared.clone();
        let writer = self.writer()?;
        let base = if mutants::on(Mutant::ChangesOfWrongBase) { base - 1 } else { base };
        let placed = writer.log.append_changes(&shared.disk, page.0, base, checksum, changes);
        let placed = placed.inspect_err(|e| note_failure(&shared, writer, e))?;
        self.entries.push(placed);
        let bytes = placed.packed_bytes(changes) as u64;
        self.delta_bytes += bytes;
        count(&shared.counters.delta_pages, 1);
        count(&shared.counters.delta_bytes, bytes);
        Ok(())
    }

    /// Moves some live pages out of a segment that is mostly garbage; returns how many.
    fn clean(&mut self, pages: u64) -> Result<u64, CommitError> {
        let shared = self.shared.clone();
        let Some(writer) = self.writer.as_deref_mut() else { return Ok(0) };
        let own = || self.entries.iter().map(|e| e.key).collect();
        let moved = clean::clean(&shared, writer, own, pages);
        let moved = moved.inspect_err(|e| note_failure(&shared, writer, e))?;
        // Their full copies are the same elsewhere; what is kept of them in memory is taken again when it is wanted.
        moved.iter().for_each(|entry| writer.bases.forget(entry.key));
        self.entries.extend_from_slice(&moved);
        Ok(moved.len() as u64)
    }
}

impl Drop for CommitWriter {
    fn drop(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.log.abandon();
            if mutants::on(Mutant::BaseCopyStale) {
                writer.bases.committed();
            }
            writer.bases.abandoned();
            self.shared.put_back(writer);
        }
    }
}

fn note_failure(shared: &Shared, writer: &mut WriterState, error: &CommitError) {
    writer.was_full = matches!(error, CommitError::NoSpace(_));
    shared.poison_on(error);
}

impl Commit {
    /// The changes of a commit from its entries in the order in which they were written.
    pub(crate) fn new(
        group: u64,
        epoch: Epoch,
        wall_ns: u64,
        bytes: u64,
        entries: &[RecordEntry],
    ) -> Arc<Commit> {
        let mut sorted: Vec<(u32, Stored)> = entries.iter().map(|e| (e.key, e.to_stored())).collect();
        // Stable, so the last of equal pages is the one written last.
        sorted.sort_by_key(|e| e.0);
        sorted.reverse();
        sorted.dedup_by_key(|e| e.0);
        sorted.reverse();
        Arc::new(Commit { group, epoch, wall_ns, bytes, entries: sorted })
    }
}

impl WriterState {
    /// Counts the completed group towards the next checkpoint.
    pub(crate) fn note_group(&mut self) {
        self.was_full = false;
        self.record_bytes += self.log.group_records * PAGE_SIZE as u64;
        self.log_blocks += self.log.group_blocks;
        self.commits_since += 1;
    }

    /// Whether the file would grow beyond what the cleaner keeps it to, and a checkpoint brings the time closer at which what
    /// was superseded is free.
    pub(crate) fn waits_for_checkpoint(&self) -> bool {
        let segments = &self.log.segments;
        if segments.count() < segments.wanted || self.census.emptied == 0 {
            return false;
        }
        let least = (self.census.live_blocks / 32).max(u64::from(segments.blocks) / 2);
        let low = self.log.reserve + 2;
        let free = segments.reusable(self.log.cursor.segment, &self.log.keep).take(low);
        self.log_blocks > least && free.count() < low
    }

    /// Segments that may be overwritten now.
    pub(crate) fn reusable(&self) -> usize {
        self.log.segments.reusable(self.log.cursor.segment, &self.log.keep).count()
    }

    /// Segments that the next checkpoint may need.
    pub(crate) fn checkpoint_segments(&self) -> usize {
        let leaves = (self.dirty_leaves.len() + self.forced.len()) as u64;
        let nodes = leaves + leaves.div_ceil(16) + 4;
        let tables = self.log.segments.table_pages() + self.log.keep.pins.len() / KEPT_PER_PAGE + 2;
        let settled = self.changed_pages.len() as u64;
        let blocks = nodes + tables as u64 + settled + settled / 128 + 2;
        let per_segment = u64::from(self.log.segments.blocks - 1).div_ceil(2);
        blocks.div_ceil(per_segment) as usize + 1
    }
}

impl Shared {
    /// Gives up history that has no name and empties the segments with the least in them, round by round, while that frees
    /// any. For a device that is full.
    fn make_room(&self, writer: &mut WriterState) -> Result<(), CommitError> {
        writer.pressure.shed = true;
        self.checkpoint_twice(writer)?;
        loop {
            let free = writer.reusable();
            let spare = free.saturating_sub(writer.checkpoint_segments());
            if free as u32 > writer.log.segments.count() / 8 || spare == 0 {
                break;
            }
            let budget = spare as u64 * u64::from(writer.log.segments.blocks / 2);
            self.commit_again(writer, |writer| clean::move_pages(self, writer, &BTreeSet::new(), budget))?;
            writer.pressure.shed = true;
            self.checkpoint_twice(writer)?;
            if writer.reusable() <= free {
                break;
            }
        }
        Ok(())
    }

    /// What a superblock names is given up when no superblock names it any more.
    pub(crate) fn checkpoint_twice(&self, writer: &mut WriterState) -> Result<(), CommitError> {
        let shed = writer.pressure.shed;
        for _ in 0..2 {
            writer.pressure.shed = shed;
            writer.commits_since += 1;
            self.checkpoint(writer)?;
        }
        Ok(())
    }

    /// Commits the newest snapshot once more, with the pages that `work` moves to free segments; returns how many.
    pub(crate) fn commit_again(
        &self,
        writer: &mut WriterState,
        work: impl FnOnce(&mut WriterState) -> Result<Vec<RecordEntry>, CommitError>,
    ) -> Result<u64, CommitError> {
        writer.bases.clear();
        let (epoch, wall_ns) = {
            let read = self.read.lock();
            (read.epoch, read.wall_ns)
        };
        writer.log.reserve = writer.checkpoint_segments();
        writer.log.begin(GroupHead { kind: RecordKind::Commit, epoch, wall_ns });
        let done = work(writer).and_then(|moved| {
            writer.log.complete(&self.disk)?;
            self.disk.flush().map_err(CommitError::Device)?;
            Ok(moved)
        });
        let moved = done.inspect_err(|error| {
            writer.log.abandon();
            self.poison_on(error);
        })?;
        count(&self.counters.record_bytes, writer.log.group_records * PAGE_SIZE as u64);
        count(&self.counters.cleaned_bytes, moved.len() as u64 * PAGE_SIZE as u64);
        let bytes = writer.log.group_blocks * PAGE_SIZE as u64;
        let delta = Commit::new(writer.log.group(), epoch, wall_ns, bytes, &moved);
        writer.note_group();
        self.apply(writer, &moved, delta);
        Ok(moved.len() as u64)
    }

    /// Makes a durable commit the newest state, a slice at a time so that readers wait for short.
    fn apply(&self, writer: &mut WriterState, entries: &[RecordEntry], delta: Arc<Commit>) {
        let group = writer.log.group();
        for slice in entries.chunks(1024) {
            let mut read = self.read.lock();
            crate::store::apply_entries(&mut writer.log.segments, &mut read.overlay, slice, group);
        }
        writer.dirty_leaves.extend(entries.iter().map(|e| e.key >> 8));
        for entry in entries {
            if entry.kind == Kind::Delta {
                writer.changed_pages.insert(entry.key);
            } else if !writer.changed_pages.is_empty() {
                writer.changed_pages.remove(&entry.key);
            }
        }
        writer.log.accept();
        let mut read = self.read.lock();
        read.epoch = delta.epoch;
        read.wall_ns = delta.wall_ns;
        read.history.push(delta);
    }
}
