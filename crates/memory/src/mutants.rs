//! Planted bugs: each must be found by `sim::paging`, or that proves nothing.
//!
//! Without the feature `mutants` the switch is a constant and costs nothing; with it, one relaxed load. Further bugs are
//! planted in the models of `tests/protocol.rs` and `tests/eviction.rs`, for which the interleaving of threads matters.
//! *Invariant:* no build that a user gets has the feature.

#[cfg(feature = "mutants")]
use core::sync::atomic::{AtomicU32, Ordering};

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mutant {
    /// A page is dropped as clean, whatever it holds.
    DroppedUnseen = 1,
    /// A page is dropped although a snapshot is under way that makes another content durable.
    DroppedBeforeDurable,
    /// The evictor forgets that a page was saved and written again since the flip.
    DroppedAfterSaving,
    /// A page that the closing snapshot still needs is written without being saved.
    PreImageSkipped,
    /// A page that was saved is not entered into the dirty set of the new epoch.
    CarryForgotten,
    /// The old content of a page that is discarded after a flip is not saved.
    DiscardNotSaved,
    /// A discarded page is taken out of the dirty set.
    DiscardNotStored,
    /// A discarded page still counts as announced.
    DiscardStillAnnounced,
    /// A page that was discarded and then written is stored as zeros.
    ZeroThoughWritten,
    /// A staging buffer is used again before the store has its page.
    StagingReusedEarly,
    /// The capture is called over before the last page is secured.
    WindowEndedEarly,
    /// Sixty-four pages leave the closing set when the first of them is secured.
    ClosingSetClearedEarly,
    /// A capture that is given up does not take its staged pages back.
    StagedForgottenOnAbandon,
    /// A capture that is given up does not take back what it had not yet copied.
    RestForgottenOnAbandon,
    /// A page that was captured still counts as announced in the epoch after the next flip but one.
    AnnouncedForEver,
    /// What was announced before a flip counts as announced after it.
    AnnouncedAcrossFlip,
}

impl Mutant {
    /// Every mutant, in order.
    pub const ALL: &'static [Mutant] = &[
        Mutant::DroppedUnseen,
        Mutant::DroppedBeforeDurable,
        Mutant::DroppedAfterSaving,
        Mutant::PreImageSkipped,
        Mutant::CarryForgotten,
        Mutant::DiscardNotSaved,
        Mutant::DiscardNotStored,
        Mutant::DiscardStillAnnounced,
        Mutant::ZeroThoughWritten,
        Mutant::StagingReusedEarly,
        Mutant::WindowEndedEarly,
        Mutant::ClosingSetClearedEarly,
        Mutant::StagedForgottenOnAbandon,
        Mutant::RestForgottenOnAbandon,
        Mutant::AnnouncedForEver,
        Mutant::AnnouncedAcrossFlip,
    ];
}

#[cfg(feature = "mutants")]
static ACTIVE: AtomicU32 = AtomicU32::new(0);

/// Plants `mutant` in every world of this process, or none.
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
#[inline(always)]
pub(crate) const fn on(_: Mutant) -> bool {
    false
}
