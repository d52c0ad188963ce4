//! Every planted bug, of `store` and of `memory`, and where the crash enumeration meets it.
//!
//! *Invariant:* each is found within [`POINTS_MAX`] images with seed 1, the same for all (`tests/mutants.rs`).

use crate::crash::Workload;
use memory::mutants::Mutant as OfMemory;
use store::mutants::Mutant as OfStore;

/// Distinct images within which each must be found.
pub const POINTS_MAX: u64 = 2_000;
/// The workload that memory's bugs are met in.
const PAGING: &str = "paging";

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Of the store.
    Store(OfStore),
    /// Of persistent memory.
    Memory(OfMemory),
}

impl Planted {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Planted> {
        let of_store = OfStore::ALL.iter().copied().map(Planted::Store);
        of_store.chain(OfMemory::ALL.iter().copied().map(Planted::Memory))
    }

    /// Its name, which no other has.
    pub fn name(self) -> String {
        match self {
            Planted::Store(mutant) => format!("{mutant:?}"),
            Planted::Memory(mutant) => format!("{mutant:?}"),
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Planted> {
        Planted::all().find(|one| one.name() == name)
    }

    /// The crate that it is planted in.
    pub fn crate_name(self) -> &'static str {
        match self {
            Planted::Store(_) => "store",
            Planted::Memory(_) => "memory",
        }
    }

    /// The workload that meets it, and which part of the images of a life is tried: all of few lives, or some of many.
    pub fn where_met(self) -> (&'static str, u64) {
        let Planted::Store(mutant) = self else { return (PAGING, 16) };
        let (workload, one_in) = match mutant {
            // Needs a stale chunk of a long commit right behind a new one.
            OfStore::ChainNotChecked => (Workload::Mixed, 2),
            // Needs damage in the middle of the log, and the lost records in a segment that is used again.
            OfStore::GenerationNotChecked => (Workload::Small, 16),
            // Needs a kept snapshot whose segments are reused.
            OfStore::KeptTreeForgotten => (Workload::History, 3),
            // Needs a table of kept snapshots that fell back with its slot.
            OfStore::WholeStretchForgotten => (Workload::Restore, 8),
            OfStore::RecordChecksumWithoutEntries => (Workload::Small, 16),
            OfStore::OpenWithoutFlush => (Workload::Cleaning, 16),
            OfStore::RestoredNotCounted | OfStore::RestoreFlushLeftOut => (Workload::Restore, 3),
            OfStore::AsideTreeForgotten => (Workload::History, 6),
            OfStore::SuperblockBeforeMap => (Workload::History, 16),
            OfStore::ReuseOneCheckpointEarly => (Workload::Cleaning, 16),
            OfStore::CutBeforeDurable => (Workload::Compact, 3),
            OfStore::ChangesOfWrongBase | OfStore::SettledAsBase => (Workload::Deltas, 3),
            _ => (Workload::Mixed, 16),
        };
        (workload.name(), one_in)
    }
}
