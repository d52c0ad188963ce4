//! Reading older snapshots: every epoch of the whole stretch, and kept checkpoints before it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Epoch, PageBytes, PageIndex};

use crate::checkpoint::Aside;
use crate::error::{Part, ReadError};
use crate::format::{BLOCK, Cursor, Entry, HEADER_BLOCKS, Kind, RecordKind, Stored};
use crate::history::Kept;
use crate::log::LogReader;
use crate::map;
use crate::recovery::Scan;
use crate::store::{Commit, ReadState, Shared, Store};

/// One kept snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its epoch.
    pub epoch: Epoch,
    /// Wall time of its commit in nanoseconds since 1970.
    pub wall_time_ns: u64,
    /// Pages that it changed.
    pub pages: u64,
    /// Bytes that its commit took in the log.
    pub bytes: u64,
    /// Its name, or nothing.
    pub tag: String,
    /// Whether it has a map of its own and outlasts the log; the newest has one from the next checkpoint on.
    pub is_kept: bool,
}

/// What a reader holds on to.
#[derive(Clone, Copy)]
enum Lease {
    /// Everything from this group on.
    Log(u64),
    /// The tree of this group, and that of the group that wrote it.
    Tree([u64; 2]),
}

/// A view of the world at one epoch; what it needs is not overwritten as long as it lives.
pub struct PageReader {
    shared: Arc<Shared>,
    epoch: Epoch,
    wall_ns: u64,
    pub(crate) root: Entry,
    pub(crate) overlay: BTreeMap<u32, Stored>,
    lease: Lease,
}

impl Store {
    /// The snapshots that can be read, oldest first; the last one is the newest durable one.
    ///
    /// # Errors
    /// When the device fails. Snapshots behind damage are left out.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>, ReadError> {
        let whole = self.shared.load_history();
        if let Err(ReadError::Device(error)) = whole {
            return Err(error.into());
        }
        let (mut all, bases) = {
            let read = self.shared.read.lock();
            let mut all: Vec<SnapshotInfo> = read.kept.iter().map(SnapshotInfo::of_kept).collect();
            let newest = read.kept.last().map(|kept| kept.epoch);
            let older = read.previous.iter().filter(|_| read.history_whole);
            let slots = older.chain([&read.checkpoint]).filter(|s| newest.is_none_or(|kept| s.epoch > kept));
            all.extend(slots.map(|superblock| SnapshotInfo::of_kept(&Kept::of(superblock))));
            all.extend(read.history.iter().map(|delta| delta.info()));
            (all, read.whole_bases())
        };
        for pair in bases.windows(2) {
            match self.shared.commits_between(&pair[0].log, pair[1].log.group, Epoch(u64::MAX)) {
                Ok(deltas) => all.extend(deltas.iter().map(|delta| delta.info())),
                Err(ReadError::Device(error)) => return Err(error.into()),
                // Behind damage, or meanwhile given up.
                Err(_) => {}
            }
        }
        // Of a checkpoint and the commit that it holds the first is left: it may have a name.
        all.sort_by_key(|s| s.epoch);
        all.dedup_by_key(|s| s.epoch);
        Ok(all)
    }

    /// The snapshot with that epoch, if it can be read.
    ///
    /// # Errors
    /// When the device fails.
    pub fn snapshot(&self, epoch: Epoch) -> Result<Option<SnapshotInfo>, ReadError> {
        Ok(self.snapshots()?.into_iter().find(|one| one.epoch == epoch))
    }

    /// The snapshot of that name, if there is one.
    ///
    /// # Errors
    /// When the device fails.
    pub fn snapshot_named(&self, tag: &str) -> Result<Option<SnapshotInfo>, ReadError> {
        // What has a name is kept, with a map of its own.
        let read = self.shared.read.lock();
        Ok(read.kept.iter().find(|kept| !tag.is_empty() && kept.tag == tag).map(SnapshotInfo::of_kept))
    }

    /// The state of the world at a time, as far as it is kept: the newest snapshot up to `wall_ns`, nanoseconds since 1970.
    ///
    /// # Errors
    /// When the device fails.
    pub fn snapshot_at_time(&self, wall_ns: u64) -> Result<Option<SnapshotInfo>, ReadError> {
        Ok(self.snapshots()?.into_iter().rfind(|one| one.wall_time_ns <= wall_ns))
    }

    /// A view at `epoch`, one of [`Store::snapshots`].
    ///
    /// # Errors
    /// When the snapshot is not kept, or the log that leads to it cannot be read.
    pub fn reader_at(&self, epoch: Epoch) -> Result<PageReader, ReadError> {
        if epoch < self.shared.read.lock().checkpoint.epoch {
            self.shared.load_history()?;
        }
        let (base, lease, in_memory) = self.shared.lease(epoch)?;
        let mut reader = self.holding(&base, lease, epoch);
        if base.epoch == epoch {
            return Ok(reader);
        }
        let deltas = match in_memory {
            Some(deltas) => deltas,
            None => self.shared.commits_between(&base.log, u64::MAX, epoch)?,
        };
        let Some(last) = deltas.last().filter(|last| last.epoch == epoch) else {
            return Err(ReadError::NoSuchEpoch { epoch });
        };
        reader.wall_ns = last.wall_ns;
        for delta in &deltas {
            reader.overlay.extend(delta.entries.iter().copied());
        }
        Ok(reader)
    }
}

impl Store {
    /// A reader at `base` whose end ends the lease.
    fn holding(&self, base: &Kept, lease: Lease, epoch: Epoch) -> PageReader {
        PageReader {
            shared: self.shared.clone(),
            epoch,
            wall_ns: base.wall_ns,
            root: base.root,
            overlay: BTreeMap::new(),
            lease,
        }
    }

    /// A readable epoch as it can be kept: the tree before it, what was committed over that, and where its log ends; and what
    /// holds all that. Followed in the log, which tells the exact place: the newest snapshot may have been committed again
    /// with pages moved.
    pub(crate) fn aside(&self, epoch: Epoch) -> Result<(Aside, PageReader), ReadError> {
        let (base, lease, _) = self.shared.lease(epoch)?;
        let held = self.holding(&base, lease, epoch);
        let log = self.shared.log_reader();
        let mut scan = Scan::new(base.log);
        let mut pages = BTreeMap::new();
        while let Some(group) = scan.next_group(&log)? {
            if group.kind != RecordKind::Commit {
                continue;
            }
            let commit = group.delta();
            pages.extend(commit.entries.iter().copied());
            if group.epoch == epoch {
                let kept = Kept {
                    epoch,
                    wall_ns: group.wall_ns,
                    pages: commit.entries.len() as u64,
                    bytes: commit.bytes,
                    log: group.after,
                    tag: String::new(),
                    ..base
                };
                return Ok((Aside { root: kept.root, pages: pages.into_iter().collect(), kept }, held));
            }
        }
        Err(ReadError::NoSuchEpoch { epoch })
    }
}

impl SnapshotInfo {
    fn of_kept(kept: &Kept) -> SnapshotInfo {
        SnapshotInfo {
            epoch: kept.epoch,
            wall_time_ns: kept.wall_ns,
            pages: kept.pages,
            bytes: kept.bytes,
            tag: kept.tag.clone(),
            is_kept: true,
        }
    }
}

impl Commit {
    fn info(&self) -> SnapshotInfo {
        SnapshotInfo {
            epoch: self.epoch,
            wall_time_ns: self.wall_ns,
            pages: self.entries.len() as u64,
            bytes: self.bytes,
            tag: String::new(),
            is_kept: false,
        }
    }
}

impl ReadState {
    /// The kept checkpoints of the whole stretch before the last two, and the one behind them, ascending: between two
    /// neighbours the log can be followed.
    fn whole_bases(&self) -> Vec<Kept> {
        let end = self.previous.as_ref().filter(|_| self.history_whole).unwrap_or(&self.checkpoint);
        let from = self.checkpoint.whole_from;
        let kept = self.kept.iter().filter(|kept| (from..end.log.group).contains(&kept.log.group));
        kept.cloned().chain([Kept::of(end)]).collect()
    }
}

impl PageReader {
    /// The epoch that is read.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Wall time of its commit in nanoseconds since 1970.
    pub fn wall_ns(&self) -> u64 {
        self.wall_ns
    }

    /// Fills `bytes` with `page` as of this epoch; `Ok(false)` and zeros when it was never stored by then.
    ///
    /// # Errors
    /// When the device fails or the content is damaged; `bytes` is then unspecified.
    pub fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, ReadError> {
        let found = self.shared.read_stored(page, self.stored(page)?, bytes);
        found.map_err(|e| map::page_damage(page, e))
    }

    /// Says that these pages will be read soon, so that a device that can may fetch them meanwhile. A place that cannot be
    /// found now is told of when the page is read.
    pub fn will_read(&self, pages: &[PageIndex]) {
        let blocks = pages.iter().filter_map(|page| self.stored(*page).ok()?.full_copy());
        self.shared.disk.will_read(blocks.collect());
    }

    /// Where `page` stands at this epoch.
    pub(crate) fn stored(&self, page: PageIndex) -> Result<Stored, ReadError> {
        match self.overlay.get(&page.0) {
            Some(stored) => Ok(*stored),
            None => map::lookup(&self.shared.disk, &self.shared.nodes, self.root, page.0).map(Stored::from),
        }
    }

    /// A node of the map, if the entry names one.
    pub(crate) fn node(&self, entry: Entry) -> Result<Option<Arc<PageBytes>>, ReadError> {
        if entry.is_none() {
            return Ok(None);
        }
        self.shared.nodes.load(&self.shared.disk, entry).map(Some)
    }

    /// All pages that hold anything but zeros at this epoch, ascending.
    ///
    /// # Errors
    /// When the map cannot be read.
    pub fn pages(&self) -> Result<Vec<PageIndex>, ReadError> {
        Ok(self.checksums()?.into_iter().map(|(page, _)| page).collect())
    }

    /// All pages that hold anything but zeros at this epoch, ascending, with the checksums of their contents as the map
    /// has them: no page is read.
    ///
    /// # Errors
    /// When the map cannot be read.
    pub fn checksums(&self) -> Result<Vec<(PageIndex, u64)>, ReadError> {
        let mut entries = Vec::new();
        let mut failure = None;
        let mut visit = |level: u8, page: u32, entry: Entry| {
            if level == 0 && !self.overlay.contains_key(&page) {
                entries.push((page, entry));
            }
            true
        };
        map::walk(&self.shared.disk, self.root, &mut visit, &mut |error| failure = Some(error));
        if let Some(error) = failure {
            return Err(error);
        }
        entries.extend(self.overlay.iter().map(|(&page, &stored)| (page, stored.entry)));
        entries.sort_unstable_by_key(|(page, _)| *page);
        let stored = entries.into_iter().filter(|(_, e)| !e.is(Kind::Zero));
        Ok(stored.map(|(page, e)| (PageIndex(page), e.checksum)).collect())
    }
}

impl Drop for PageReader {
    fn drop(&mut self) {
        let mut read = self.shared.read.lock();
        match self.lease {
            Lease::Log(group) => end_lease(&mut read.leases, group),
            Lease::Tree(groups) => groups.iter().for_each(|&group| end_lease(&mut read.tree_leases, group)),
        }
    }
}

fn end_lease(leases: &mut BTreeMap<u64, usize>, group: u64) {
    if let Some(readers) = leases.get_mut(&group) {
        *readers -= 1;
        if *readers == 0 {
            leases.remove(&group);
        }
    }
}

impl Shared {
    /// The newest checkpoint up to `epoch`, which is held from now on with what leads to the epoch; and the commits from
    /// there on where they are in memory.
    #[expect(clippy::type_complexity, reason = "three things that belong to one moment")]
    fn lease(&self, epoch: Epoch) -> Result<(Kept, Lease, Option<Vec<Arc<Commit>>>), ReadError> {
        let mut read = self.read.lock();
        let older = read.previous.as_ref().filter(|_| read.history_whole);
        let slot = [Some(&read.checkpoint), older].into_iter().flatten().find(|s| s.epoch <= epoch);
        let kept = read.kept.iter().rfind(|kept| kept.epoch <= epoch);
        let base = slot.map(Kept::of).or_else(|| kept.cloned()).ok_or(ReadError::NoSuchEpoch { epoch })?;
        let group = base.log.group;
        if base.epoch == epoch {
            let groups = base.pins();
            groups.iter().for_each(|&group| *read.tree_leases.entry(group).or_insert(0) += 1);
            return Ok((base, Lease::Tree(groups), None));
        }
        let in_memory = slot.is_some().then(|| {
            let from_base = |d: &&Arc<Commit>| d.group > group && d.epoch <= epoch;
            read.history.iter().filter(from_base).cloned().collect()
        });
        if slot.is_none() && group < read.checkpoint.whole_from || epoch > read.epoch {
            return Err(ReadError::NoSuchEpoch { epoch });
        }
        *read.leases.entry(group).or_insert(0) += 1;
        Ok((base, Lease::Log(group), in_memory))
    }

    fn log_reader(&self) -> LogReader<'_> {
        let segment_count = self.read.lock().checkpoint.segment_count;
        let segment_blocks = (self.info.segment_bytes / BLOCK as u64) as u32;
        // The log may have grown since the checkpoint.
        let on_device = (self.disk.blocks().saturating_sub(HEADER_BLOCKS)) / u64::from(segment_blocks);
        LogReader {
            disk: &self.disk,
            world_id: self.info.world_id,
            segment_blocks,
            segment_count: segment_count.max(on_device as u32),
        }
    }

    /// The commits behind `from` up to group `to` or `epoch`, whichever is first, from the log.
    fn commits_between(&self, from: &Cursor, to: u64, epoch: Epoch) -> Result<Vec<Arc<Commit>>, ReadError> {
        let reader = self.log_reader();
        let mut scan = Scan::new(*from);
        let mut deltas: Vec<Arc<Commit>> = Vec::new();
        let mut reached = from.group;
        while reached < to && deltas.last().is_none_or(|last| last.epoch < epoch) {
            let Some(group) = scan.next_group(&reader)? else {
                let what = "the log breaks off between two checkpoints".into();
                return Err(map::damaged(Part::Record, reader.next_at(&scan.position()), what));
            };
            reached = group.number;
            if group.kind == RecordKind::Commit && group.epoch <= epoch {
                deltas.push(group.delta());
            }
        }
        Ok(deltas)
    }

    /// Reads the commits between the previous checkpoint and the last one, if they are not in memory.
    pub(crate) fn load_history(&self) -> Result<(), ReadError> {
        let (previous, last) = {
            let read = self.read.lock();
            match &read.previous {
                Some(previous) if !read.history_whole => (previous.clone(), read.checkpoint.clone()),
                _ => return Ok(()),
            }
        };
        let mut deltas = self.commits_between(&previous.log, last.log.group, Epoch(u64::MAX))?;
        let mut read = self.read.lock();
        if !read.history_whole && read.checkpoint.checkpoint == last.checkpoint {
            deltas.append(&mut read.history);
            read.history = deltas;
            read.history_whole = true;
        }
        Ok(())
    }
}
