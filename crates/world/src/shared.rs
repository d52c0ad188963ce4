//! What the worker and the snapshotter tell each other: a few words, no locks across work.

use alloc::string::String;
use alloc::sync::Arc;
use base::Epoch;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Bits of the request word that the interpreter polls.
pub mod request {
    /// Collect what is young, a flip is near.
    pub const PREPARE: u32 = 1;
    /// Flip.
    pub const FLIP: u32 = 2;
    /// Return to the caller.
    pub const STOP: u32 = 4;
}

/// State shared by the two halves of a running world.
pub struct Shared {
    /// Polled by the interpreter; see [`request`].
    pub request: Arc<AtomicU32>,
    flipped: AtomicU64,
    committed: AtomicU64,
    wanted: AtomicU64,
    active: AtomicBool,
    failure: spin::Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn new(request: Arc<AtomicU32>, last: Epoch) -> Shared {
        Shared {
            request,
            flipped: AtomicU64::new(last.0),
            committed: AtomicU64::new(last.0),
            wanted: AtomicU64::new(0),
            active: AtomicBool::new(true),
            failure: spin::Mutex::new(None),
        }
    }

    /// The newest epoch that a flip has ended.
    pub fn flipped(&self) -> Epoch {
        Epoch(self.flipped.load(Ordering::Acquire))
    }
    pub(crate) fn set_flipped(&self, epoch: Epoch) {
        self.flipped.store(epoch.0, Ordering::Release);
    }
    /// The newest durable epoch.
    pub fn committed(&self) -> Epoch {
        Epoch(self.committed.load(Ordering::Acquire))
    }
    pub(crate) fn set_committed(&self, epoch: Epoch) {
        self.committed.store(epoch.0, Ordering::Release);
    }
    /// The epoch that somebody waits for.
    pub fn wanted(&self) -> Epoch {
        Epoch(self.wanted.load(Ordering::Acquire))
    }
    /// Asks that this epoch be made durable at once.
    pub fn want(&self, epoch: Epoch) {
        self.wanted.fetch_max(epoch.0, Ordering::AcqRel);
    }
    /// Whether anything ran since the last flip.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }
    pub(crate) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
    }
    /// Asks the worker for something at its next safepoint; wake its waiter as well, it may be idle.
    pub fn ask(&self, bits: u32) {
        self.request.fetch_or(bits, Ordering::AcqRel);
    }
    /// The world must stop: why. The first reason stays.
    pub fn fail(&self, reason: String) {
        self.failure.lock().get_or_insert(reason);
        self.ask(request::STOP);
    }
    /// Why the world must stop, if it must.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }
}
