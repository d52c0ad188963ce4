//! Reading older snapshots: everything from the previous checkpoint on is kept and can be read at any of its epochs.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Epoch, PageBytes, PageIndex};

use crate::error::{Part, ReadError};
use crate::format::{Entry, Kind, RecordKind, Superblock};
use crate::log::LogReader;
use crate::map;
use crate::recovery::Scan;
use crate::store::{Delta, Shared, Store};

/// One kept snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its epoch.
    pub epoch: Epoch,
    /// Wall time of its commit in nanoseconds since 1970.
    pub wall_time_ns: u64,
    /// Pages that it changed.
    pub pages: u64,
    /// Bytes that its commit took in the log.
    pub bytes: u64,
}

/// A view of the world at one epoch; what it needs is not overwritten as long as it lives.
pub struct PageReader {
    shared: Arc<Shared>,
    epoch: Epoch,
    wall_ns: u64,
    root: Entry,
    overlay: BTreeMap<u32, Entry>,
    lease: u64,
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
        let read = self.shared.read.lock();
        let older = read.previous.iter().filter(|_| read.history_whole);
        let mut all: Vec<SnapshotInfo> =
            older.chain([&read.checkpoint]).map(SnapshotInfo::of_checkpoint).collect();
        all.extend(read.history.iter().map(|delta| delta.info()));
        all.sort_by_key(|s| s.epoch);
        all.dedup_by_key(|s| s.epoch);
        Ok(all)
    }

    /// A view at `epoch`, one of [`Store::snapshots`].
    ///
    /// # Errors
    /// When the snapshot is not kept, or the log that leads to it cannot be read.
    pub fn reader_at(&self, epoch: Epoch) -> Result<PageReader, ReadError> {
        if epoch < self.shared.read.lock().checkpoint.epoch {
            self.shared.load_history()?;
        }
        let (base, deltas) = self.shared.lease(epoch)?;
        let mut reader = PageReader {
            shared: self.shared.clone(),
            epoch,
            wall_ns: deltas.last().map_or(base.wall_ns, |d| d.wall_ns),
            root: base.root,
            overlay: BTreeMap::new(),
            lease: base.log.group,
        };
        for delta in deltas {
            reader.overlay.extend(delta.entries.iter().copied());
        }
        Ok(reader)
    }
}

impl SnapshotInfo {
    fn of_checkpoint(superblock: &Superblock) -> SnapshotInfo {
        SnapshotInfo {
            epoch: superblock.epoch,
            wall_time_ns: superblock.wall_ns,
            pages: superblock.pages,
            bytes: superblock.bytes,
        }
    }
}

impl Delta {
    fn info(&self) -> SnapshotInfo {
        SnapshotInfo {
            epoch: self.epoch,
            wall_time_ns: self.wall_ns,
            pages: self.entries.len() as u64,
            bytes: self.bytes,
        }
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
        let entry = match self.overlay.get(&page.0) {
            Some(entry) => *entry,
            None => map::lookup(&self.shared.disk, &self.shared.nodes, self.root, page.0)?,
        };
        let found = self.shared.read_entry(page, entry, bytes);
        found.map_err(|e| map::page_damage(page, e))
    }

    /// All pages that hold anything but zeros at this epoch, ascending.
    ///
    /// # Errors
    /// When the map cannot be read.
    pub fn pages(&self) -> Result<Vec<PageIndex>, ReadError> {
        let mut entries = BTreeMap::new();
        let mut failure = None;
        let mut visit = |level: u8, page: u32, entry: Entry| {
            if level == 0 {
                entries.insert(page, entry);
            }
        };
        map::walk(&self.shared.disk, self.root, &mut visit, &mut |error| failure = Some(error));
        if let Some(error) = failure {
            return Err(error);
        }
        entries.extend(self.overlay.iter().map(|(&page, &entry)| (page, entry)));
        Ok(entries.into_iter().filter(|(_, e)| !e.is(Kind::Zero)).map(|(page, _)| PageIndex(page)).collect())
    }
}

impl Drop for PageReader {
    fn drop(&mut self) {
        let mut read = self.shared.read.lock();
        if let Some(readers) = read.leases.get_mut(&self.lease) {
            *readers -= 1;
            if *readers == 0 {
                read.leases.remove(&self.lease);
            }
        }
    }
}

impl Shared {
    /// The checkpoint that `epoch` is built on and the commits from there to it; holds what it needs.
    fn lease(&self, epoch: Epoch) -> Result<(Superblock, Vec<Arc<Delta>>), ReadError> {
        let mut read = self.read.lock();
        let older = read.previous.as_ref().filter(|_| read.history_whole);
        let base = [Some(&read.checkpoint), older].into_iter().flatten().find(|s| s.epoch <= epoch).cloned();
        let base = base.ok_or(ReadError::NoSuchEpoch { epoch })?;
        let from_base = |d: &&Arc<Delta>| d.group > base.log.group && d.epoch <= epoch;
        let deltas: Vec<Arc<Delta>> = read.history.iter().filter(from_base).cloned().collect();
        if deltas.last().map_or(base.epoch, |d| d.epoch) != epoch {
            return Err(ReadError::NoSuchEpoch { epoch });
        }
        *read.leases.entry(base.log.group).or_insert(0) += 1;
        Ok((base, deltas))
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
        let reader = LogReader {
            disk: &self.disk,
            world_id: previous.world_id,
            segment_blocks: previous.segment_blocks,
            segment_count: last.segment_count,
        };
        let mut scan = Scan::new(previous.log);
        let mut deltas = Vec::new();
        let mut reached = previous.log.group;
        while reached < last.log.group {
            let Some(group) = scan.next_group(&reader)? else {
                let what = "the log breaks off between the last two checkpoints".into();
                return Err(map::damaged(Part::Record, reader.next_at(&scan.position()), what));
            };
            reached = group.number;
            if group.kind == RecordKind::Commit {
                deltas.push(group.delta());
            }
        }
        let mut read = self.read.lock();
        if !read.history_whole && read.checkpoint.checkpoint == last.checkpoint {
            deltas.append(&mut read.history);
            read.history = deltas;
            read.history_whole = true;
        }
        Ok(())
    }
}
