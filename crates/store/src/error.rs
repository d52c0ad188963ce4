//! What can go wrong, one enum per operation: what failed, where, and what to do about it.

use alloc::string::String;
use alloc::vec::Vec;
use base::{Epoch, PageIndex, WorldId};
use core::fmt;
use platform::DeviceError;

/// Part of the file that a [`Damage`] lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A superblock slot.
    Superblock,
    /// A record of the log.
    Record,
    /// A node of the page map.
    MapNode,
    /// A page of the segment table.
    SegmentTable,
    /// A page of the table of kept snapshots.
    History,
    /// The content of a page.
    Page,
    /// The counts of live blocks per segment.
    Accounting,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Superblock => "superblock",
            Part::Record => "log record",
            Part::MapNode => "page map node",
            Part::SegmentTable => "segment table page",
            Part::History => "page of the table of kept snapshots",
            Part::Page => "page",
            Part::Accounting => "segment accounting",
        })
    }
}

/// Something on the device is not what was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What kind of thing is damaged.
    pub part: Part,
    /// Where: number of the 4 KiB block on the device.
    pub block: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in block {} (byte {}): {}", self.part, self.block, self.block * 4096, self.what)
    }
}

/// Why a world could not be created. The device may hold parts of a world afterwards that do not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The device holds a world already.
    #[error("the device holds the world {world_id} already; remove it first or choose another file")]
    AlreadyAWorld {
        /// Its id.
        world_id: WorldId,
    },
    /// The options make no sense.
    #[error("bad store options: {what}")]
    BadOptions {
        /// Which, and what is allowed.
        what: &'static str,
    },
    /// The device failed.
    #[error("the world could not be created: {0}")]
    Device(#[from] DeviceError),
}

/// Why a world could not be opened. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file has no byte, or only zeros where the superblocks belong.
    #[error("the file is empty: no world was ever created in it")]
    Empty,
    /// The file is something else.
    #[error("not a Phantom world: neither superblock slot bears the magic number")]
    NotAWorld,
    /// A later Phantom wrote it.
    #[error("the world has format version {found}, this Phantom knows up to {known}; use a newer Phantom")]
    NewerFormat {
        /// Version in the file.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// Its objects follow another schema.
    #[error(
        "the world has schema {found:016x}, this Phantom has {expected:016x}; it must be converted first"
    )]
    OtherSchema {
        /// Hash in the file.
        found: u64,
        /// Hash asked for.
        expected: u64,
    },
    /// Neither superblock can be used.
    #[error("both superblocks are damaged (blocks 0 and 4); restore the file from a copy")]
    SuperblocksDamaged,
    /// The file ends before the world does.
    #[error("the file is cut: it has {len} bytes and the world needs {needed}; restore the missing end")]
    Truncated {
        /// Size of the device in bytes.
        len: u64,
        /// Size that the newest superblock asks for, in bytes.
        needed: u64,
    },
    /// An acknowledged commit cannot be read. With `accept_older` the world opens at `readable`.
    #[error(
        "damage found, acknowledged snapshots are lost: {}; {}",
        damage.first().map_or_else(String::new, alloc::string::ToString::to_string),
        readable.map_or_else(|| String::from("no snapshot can be read"),
            |e| alloc::format!("snapshot {e} can be read: open with accept_older, or restore a copy"))
    )]
    Damaged {
        /// What was found.
        damage: Vec<Damage>,
        /// The newest snapshot that can be read.
        readable: Option<Epoch>,
    },
    /// The device failed; the world may be whole.
    #[error("the world could not be read: {0}")]
    Device(#[from] DeviceError),
}

/// Why a page or a snapshot could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// What stands on the device is not what was written.
    #[error("damage: {0}; the world must not go on with it, restore a copy or an older snapshot")]
    Damaged(Damage),
    /// An entry of a kind that this version does not read.
    #[error(
        "page {page:?} is stored in a form that this version cannot read (kind {kind}); use a newer Phantom"
    )]
    UnknownKind {
        /// The page, if it is one.
        page: PageIndex,
        /// Kind byte of its entry.
        kind: u8,
    },
    /// The snapshot is not kept (any more).
    #[error("snapshot {epoch} is not kept; `snapshots` lists those that are")]
    NoSuchEpoch {
        /// The epoch asked for.
        epoch: Epoch,
    },
    /// The device failed.
    #[error("the world could not be read: {0}")]
    Device(#[from] DeviceError),
}

/// Why a commit or a checkpoint did not happen. What was committed before is unharmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// No room; the commit was abandoned and can be tried again when there is some.
    #[error("no room for the snapshot ({0}); free some space and try again")]
    NoSpace(DeviceError),
    /// A write or a flush failed; the store commits no more.
    #[error("the snapshot could not be written ({0}); no further snapshot will be taken, reopen the world")]
    Device(DeviceError),
    /// An earlier write or flush failed.
    #[error("no snapshot is taken any more since a write failed earlier ({reason}); reopen the world")]
    Poisoned {
        /// What failed then.
        reason: String,
    },
    /// Another commit or checkpoint is under way.
    #[error("another commit is under way; one at a time")]
    Busy,
    /// The store was opened for reading only.
    #[error("the world is open for reading only")]
    ReadOnly,
    /// The epoch is not later than the last one.
    #[error("epoch {epoch} is not later than the last one, {last}")]
    NotLater {
        /// The epoch asked for.
        epoch: Epoch,
        /// The last epoch.
        last: Epoch,
    },
    /// A node of the page map could not be read, so no checkpoint is possible.
    #[error("the page map could not be read: {0}")]
    Read(#[from] ReadError),
}
