//! Pages and snapshots on a block device: a log of commits, a persistent page map, recovery, reclamation.
//!
//! Key types: [`Store`] (an open world), [`CommitWriter`] (a snapshot on its way to the device),
//! [`PageReader`] (a view of an older snapshot), [`OpenReport`], [`CheckReport`].
//! The bytes are stated in `docs/formats/world.md`.
//!
//! *Invariants:* at every instant the device holds a complete snapshot, whatever part of the writes since the last
//! flush has reached it; one flush per commit; what is read is verified by its checksum; no lock is held while the
//! device works; nothing here knows of objects.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod check;
mod checkpoint;
mod clean;
mod commit;
mod compact;
mod delta;
mod diff;
mod disk;
mod error;
mod format;
mod history;
mod log;
mod map;
pub mod mutants;
mod reader;
mod recovery;
mod restore;
mod segments;
mod store;

pub use check::CheckReport;
pub use commit::{CommitInfo, CommitWriter};
pub use compact::{CompactProgress, Compaction};
pub use diff::{PageChange, PageDiff};
pub use error::{CommitError, CreateError, Damage, OpenError, Part, ReadError};
pub use format::FORMAT_VERSION;
pub use history::{HISTORY_LEVELS_MAX, HistoryLevel, HistoryPolicy, PolicyError, TAG_BYTES_MAX, TagError};
pub use reader::{PageReader, SnapshotInfo};
pub use recovery::{OpenOptions, OpenReport, SlotReport};
pub use restore::RestoreError;
pub use store::{Store, StoreOptions, StoreStats, WorldInfo, WorldParams};
