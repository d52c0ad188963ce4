//! Planted bugs: each must be found by the crash enumeration of `sim`, or the enumeration proves nothing.
//!
//! Without the feature `mutants` the switch is a constant and costs nothing; with it, one relaxed load.
//! *Invariant:* no build that a user gets has the feature.

#[cfg(feature = "mutants")]
use core::sync::atomic::{AtomicU32, Ordering};

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mutant {
    /// A commit is acknowledged without its flush.
    CommitFlushLeftOut = 1,
    /// The superblock is written before the map that it names is flushed.
    SuperblockBeforeMap,
    /// The superblock is written over the newest slot instead of the older one.
    SuperblockOverNewest,
    /// The checksum of a record leaves out its entries.
    RecordChecksumWithoutEntries,
    /// The payload of the last commit is believed without being read.
    LastPayloadNotVerified,
    /// A commit counts although its last chunk is missing.
    FinalIgnored,
    /// A segment is reused although the previous checkpoint still needs it.
    ReuseOneCheckpointEarly,
    /// A cleaned segment is free at once, before a checkpoint says so.
    CleanerAheadOfCheckpoint,
    /// The generation of a segment is not compared.
    GenerationNotChecked,
    /// The chain from record to record is not compared.
    ChainNotChecked,
    /// The checksum of a page is not verified when it is read.
    PageChecksumNotVerified,
    /// A commit abandoned for lack of space leaves the log position behind its chunks.
    NoSpaceLeavesHalf,
    /// Of two good superblocks the older one is believed, and the log is not scanned.
    WrongFallback,
    /// The log behind a broken record is not searched for acknowledged commits.
    NoLookAhead,
    /// What an earlier process wrote is not flushed before the log goes on.
    OpenWithoutFlush,
    /// A zero page is forgotten when the log is scanned.
    ZeroEntryForgotten,
    /// A page that the cleaner moves takes the place of a newer one in the same commit.
    CleanerOverwritesNewer,
    /// A segment is reused although a kept tree refers to blocks in it.
    KeptTreeForgotten,
    /// Epochs of the whole stretch are promised whose log may be overwritten.
    WholeStretchForgotten,
    /// A restored page does not count as a reference to its block.
    RestoredNotCounted,
    /// A restore is acknowledged without its flush, as it writes no page.
    RestoreFlushLeftOut,
    /// A compaction cuts the device before the superblocks that say so are durable.
    CutBeforeDurable,
    /// Changes are made against a copy in memory although it is not the page's full copy on the device: that of a commit that
    /// was given up, or an older one.
    BaseCopyStale,
    /// Changes name another block than that of the full copy that they were made against.
    ChangesOfWrongBase,
    /// A checkpoint takes the full copy of a page that is stored as changes for the page.
    SettledAsBase,
    /// The tree that a named older snapshot was given is not held: only its own group is.
    AsideTreeForgotten,
}

impl Mutant {
    /// Every mutant, in order.
    pub const ALL: &'static [Mutant] = &[
        Mutant::CommitFlushLeftOut,
        Mutant::SuperblockBeforeMap,
        Mutant::SuperblockOverNewest,
        Mutant::RecordChecksumWithoutEntries,
        Mutant::LastPayloadNotVerified,
        Mutant::FinalIgnored,
        Mutant::ReuseOneCheckpointEarly,
        Mutant::CleanerAheadOfCheckpoint,
        Mutant::GenerationNotChecked,
        Mutant::ChainNotChecked,
        Mutant::PageChecksumNotVerified,
        Mutant::NoSpaceLeavesHalf,
        Mutant::WrongFallback,
        Mutant::NoLookAhead,
        Mutant::OpenWithoutFlush,
        Mutant::ZeroEntryForgotten,
        Mutant::CleanerOverwritesNewer,
        Mutant::KeptTreeForgotten,
        Mutant::WholeStretchForgotten,
        Mutant::RestoredNotCounted,
        Mutant::RestoreFlushLeftOut,
        Mutant::AsideTreeForgotten,
        Mutant::CutBeforeDurable,
        Mutant::BaseCopyStale,
        Mutant::ChangesOfWrongBase,
        Mutant::SettledAsBase,
    ];
}

#[cfg(feature = "mutants")]
static ACTIVE: AtomicU32 = AtomicU32::new(0);

/// Plants `mutant` in every store of this process, or none.
#[cfg(feature = "mutants")]
pub fn activate(mutant: Option<Mutant>) {
    ACTIVE.store(mutant.map_or(0, |m| m as u32), Ordering::SeqCst);
}

/// Whether `mutant` is planted.
#[cfg(feature = "mutants")]
pub(crate) fn on(mutant: Mutant) -> bool {
    ACTIVE.load(Ordering::Relaxed) == mutant as u32
}

/// Whether `mutant` is planted: never, in this build.
#[cfg(not(feature = "mutants"))]
pub(crate) const fn on(_: Mutant) -> bool {
    false
}
