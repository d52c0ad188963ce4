//! An older snapshot becomes the newest state again, and a copy of a world becomes another world.
//!
//! A restore is a commit like any other: its entries are the pages that differ, and where an older block still holds the
//! content they refer to it instead of writing it again. History stays linear: the state before stays in it.

use alloc::boxed::Box;
use alloc::string::String;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};

use crate::commit::CommitInfo;
use crate::diff::Walk;
use crate::error::{CommitError, ReadError};
use crate::format::{Kind, RecordEntry, SLOT_BLOCKS, Superblock};
use crate::log::write_failed;
use crate::store::Store;

/// A snapshot could not be restored. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The snapshot cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The commit could not be made.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Store {
    /// Commits the state of `epoch` as the newest one, under the epoch after the last, with the pages of `instead` in place of
    /// what they were. Durable when this returns; what it costs follows the difference. The state before stays in history.
    ///
    /// # Errors
    /// When the snapshot is not kept, a page that differs cannot be read, or the commit cannot be made.
    pub fn restore(
        &self,
        epoch: Epoch,
        wall_ns: u64,
        instead: &[(PageIndex, &PageBytes)],
    ) -> Result<CommitInfo, RestoreError> {
        let last = self.last_epoch();
        let (newest, wanted) = (self.reader_at(last)?, self.reader_at(epoch)?);
        let mut writer = self.begin_commit(Epoch(last.0 + 1), wall_ns)?;
        let mut walk = Walk::new(&newest, &wanted);
        let mut bytes = Box::new([0u8; PAGE_SIZE]);
        while let Some(found) = walk.next(&newest, &wanted) {
            let (page, _, stored) = found?;
            if stored.entry.is_zeros() {
                writer.put_zero(page)?;
            } else if stored.entry.is(Kind::Full) {
                writer.put_again(RecordEntry {
                    key: page.0,
                    kind: Kind::Again,
                    block: stored.entry.block(),
                    checksum: stored.entry.checksum,
                    ..RecordEntry::default()
                })?;
            } else {
                wanted.read_page(page, &mut bytes)?;
                writer.put(page, &bytes)?;
            }
        }
        for &(page, bytes) in instead {
            writer.put(page, bytes)?;
        }
        Ok(writer.finish()?)
    }

    /// Makes a copy of a world, byte by byte, a world of its own: under another id, created at `created_ns` (nanoseconds since
    /// 1970), with its newest state, and of its history the kept snapshots. The handle commits no more: open the world again. To be done before the copy gets its name: a
    /// crash in between may leave a file that does not open.
    ///
    /// # Errors
    /// As a commit; the copy is then to be thrown away.
    pub fn become_another(self, world_id: WorldId, created_ns: u64) -> Result<(), CommitError> {
        let shared = &self.shared;
        let mut writer = shared.take_writer()?;
        writer.commits_since += 1;
        let done = shared.checkpoint(&mut writer).and_then(|_| {
            let newest = shared.read.lock().checkpoint.clone();
            for more in 1..=2 {
                // The log before bears the old id: only what has a tree can be read.
                let whole_from = newest.log.group;
                let checkpoint = newest.checkpoint + more;
                let superblock =
                    Superblock { world_id, created_ns, checkpoint, whole_from, ..newest.clone() };
                let slot = SLOT_BLOCKS[(checkpoint - 1) as usize % 2];
                shared.disk.write(slot, superblock.encode().as_slice()).map_err(write_failed)?;
            }
            shared.disk.flush().map_err(CommitError::Device)
        });
        shared.read.lock().poison = Some(String::from("the world has another identity now"));
        shared.put_back(writer);
        done
    }
}
