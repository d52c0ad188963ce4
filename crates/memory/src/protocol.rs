//! The capture protocol of one page: who may copy it, who must save it, who must carry it.
//!
//! Written against two small traits, so that `tests/protocol.rs` explores all its interleavings with `loom` atomics while
//! [`crate::Memory`] runs the very same code.
//!
//! After a flip the pages of the epoch that ended (the *closing* set) must reach the store as they were at the flip.
//! A page is in one of four phases in the sequence number of the current epoch; a word of an older number means [`OPEN`].
//!
//! ```text
//!            snapshotter: claim           snapshotter: finish_copy
//!   OPEN ──────────────────────► CLAIMED ──────────────────────────► CAPTURED
//!    │                              ▲                                    │
//!    │ mutator: announce            │ (announce waits)                   │ mutator: announce
//!    ▼                                                                   ▼
//!   CLAIMED ── save the content, enter the page into the new dirty set ─► CARRIED
//! ```
//!
//! A mutator announces a page at its first write in an epoch, and so enters it into the dirty set of that epoch, which is
//! the closing set after the next flip.
//!
//! *Eviction* takes a page away, so that a touch of it waits; asks [`may_drop`]; compares the content with what is durable;
//! then drops the page or puts it back. `tests/eviction.rs` explores that against writers, a flip, a capture, its commit, and
//! page-in.

use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// The page was not touched by the protocol in this epoch.
pub const OPEN: u32 = 0;
/// Someone is copying the page: its content must not change.
pub const CLAIMED: u32 = 1;
/// The content at the flip is secured; the page is not in the new dirty set.
pub const CAPTURED: u32 = 2;
/// The content at the flip is secured or was not wanted, and the page is in the new dirty set.
pub const CARRIED: u32 = 3;

/// How many bits of a state word the phase takes; the sequence number has the rest.
pub const PHASE_BITS: u32 = 2;
/// The highest sequence number; past it the table of states is cleared and counting starts again.
pub const SEQUENCE_MAX: u32 = (1 << (32 - PHASE_BITS)) - 1;

/// A 32-bit atomic word: `core`'s or `loom`'s.
pub trait Word {
    /// Reads the word.
    fn load(&self, order: Ordering) -> u32;
    /// Writes the word.
    fn store(&self, value: u32, order: Ordering);
    /// Replaces `current` by `new`; whether it did.
    fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool;
}

impl Word for core::sync::atomic::AtomicU32 {
    #[inline(always)]
    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }
    #[inline(always)]
    fn store(&self, value: u32, order: Ordering) {
        self.store(value, order);
    }
    #[inline(always)]
    fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool {
        self.compare_exchange(current, new, success, failure).is_ok()
    }
}

/// Where the capture of the last flip stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// No capture: whatever is written belongs to the open epoch alone.
    Idle,
    /// Pages of the closing set are being copied.
    Copying,
}

/// One page, as the evictor sees it.
pub trait Place {
    /// The type of its state word.
    type Word: Word;
    /// Its state word.
    fn word(&self) -> &Self::Word;
    /// The stage of the capture, read with acquire order.
    fn stage(&self) -> Stage;
    /// Whether the closing set has the page, read with acquire order. Asked only while [`Stage::Copying`].
    fn in_closing_set(&self) -> bool;
    /// Whether a flip has happened whose snapshot is neither durable nor given up, read with acquire order.
    fn pending(&self) -> bool;
    /// The number of the open epoch, read with acquire order.
    fn sequence(&self) -> u32;
}

/// One page, as mutators and the snapshotter see it.
pub trait Site: Place {
    /// Copies the content to where [`claim`]'s caller finds it.
    fn save(&self);
    /// Enters the page into the dirty set of the open epoch.
    fn mark_dirty(&self);
    /// Passes a moment of waiting.
    fn relax(&self);
}

const fn state(sequence: u32, phase: u32) -> u32 {
    sequence << PHASE_BITS | phase
}

/// A mutator is about to write to the page: secures the content of the closing epoch and enters the page into the open
/// dirty set.
///
/// `sequence` is the number of the open epoch. A flip cannot happen meanwhile.
#[inline]
pub fn announce<S: Site>(site: &S, sequence: u32) {
    loop {
        let seen = site.word().load(Acquire);
        if seen == state(sequence, CARRIED) {
            return;
        }
        if seen == state(sequence, CLAIMED) {
            site.relax();
            continue;
        }
        let captured = seen == state(sequence, CAPTURED);
        if !captured && site.stage() == Stage::Copying && site.in_closing_set() {
            if site.word().replace(seen, state(sequence, CLAIMED), AcqRel, Relaxed) {
                site.save();
                site.mark_dirty();
                site.word().store(state(sequence, CARRIED), Release);
                return;
            }
        } else {
            // Marked first: whoever sees CARRIED may rely on the mark.
            site.mark_dirty();
            if site.word().replace(seen, state(sequence, CARRIED), AcqRel, Relaxed) {
                return;
            }
        }
    }
}

/// What the snapshotter found at a page of the closing set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// Copy it from the world, then call [`finish_copy`].
    Copy,
    /// A mutator has saved it: take it from there.
    Saved,
}

/// The snapshotter wants the content of a page in the closing set.
#[inline]
pub fn claim<S: Site>(site: &S, sequence: u32) -> Claim {
    loop {
        let seen = site.word().load(Acquire);
        if seen == state(sequence, CARRIED) || seen == state(sequence, CAPTURED) {
            // Each page is visited once, so CAPTURED is the work of a discard, which saves first.
            return Claim::Saved;
        }
        if seen == state(sequence, CLAIMED) {
            site.relax();
            continue;
        }
        if site.word().replace(seen, state(sequence, CLAIMED), AcqRel, Relaxed) {
            return Claim::Copy;
        }
    }
}

/// The snapshotter has copied a page that it had claimed.
#[inline]
pub fn finish_copy<S: Site>(site: &S, sequence: u32) {
    site.word().store(state(sequence, CAPTURED), Release);
}

/// Whether the evictor may drop a page if its content is what is durable: no snapshot that is still to become durable
/// holds it otherwise.
///
/// The page was *taken away before* this is asked, so nobody can write to it, and whoever copies it for a capture waits until
/// it is back or dropped; a flip may happen meanwhile. That the content is what is durable is not enough: written, flipped,
/// and written back to what it was, the page would be read again after the commit, which made its content at the flip
/// durable.
#[inline]
pub fn may_drop<P: Place>(place: &P) -> bool {
    if !place.pending() {
        return true;
    }
    // Asked before the word: whoever takes a page out of the closing set has changed its word before.
    if place.stage() == Stage::Copying && place.in_closing_set() {
        return false;
    }
    place.word().load(Acquire) >> PHASE_BITS != place.sequence()
}

/// The page was announced, and is now discarded: a later [`announce`] marks it again, none saves it.
#[inline]
pub fn forget<S: Site>(site: &S, sequence: u32) {
    site.word().store(state(sequence, CAPTURED), Release);
}
