//! What the worker and the snapshotter tell each other: a few words, no lock across work.

use alloc::string::String;
use alloc::sync::Arc;
use base::Epoch;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use platform::Waiter;
use vm::{Request, Requests};

/// What the worker can be asked for at its next safepoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Ask {
    /// Collect what is young: a flip is near.
    Prepare = 1,
    /// Flip.
    Flip = 2,
    /// Return to the caller, for good.
    Stop = 4,
    /// Return to the caller, who has something to do to the world.
    Command = 8,
}

/// State shared by the two halves of a running world.
pub struct Shared {
    asked: AtomicU32,
    requests: Requests,
    worker: Arc<dyn Waiter>,
    snapshotter: Arc<dyn Waiter>,
    flipped: AtomicU64,
    committed: AtomicU64,
    wanted: AtomicU64,
    /// Threads that wait for a commit since the last flip; that did when it was made; and both together when that commit
    /// was done: so many will soon wait if all who were answered ask again.
    waiting: AtomicU32,
    waited: AtomicU32,
    soon: AtomicU32,
    active: AtomicBool,
    /// The snapshotter waits for the world to become active.
    resting: AtomicBool,
    ended: AtomicBool,
    failure: spin::Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn new(
        requests: Requests,
        worker: Arc<dyn Waiter>,
        snapshotter: Arc<dyn Waiter>,
        last: Epoch,
    ) -> Shared {
        Shared {
            asked: AtomicU32::new(0),
            requests,
            worker,
            snapshotter,
            flipped: AtomicU64::new(last.0),
            committed: AtomicU64::new(last.0),
            wanted: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            waited: AtomicU32::new(0),
            soon: AtomicU32::new(0),
            active: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            failure: spin::Mutex::new(None),
        }
    }

    /// Asks the worker for something, waking it when it is idle.
    pub fn ask(&self, what: Ask) {
        self.asked.fetch_or(what as u32, Ordering::AcqRel);
        self.requests.ask(Request::Stop);
        self.worker.notify();
    }
    pub(crate) fn take_asked(&self, what: Ask) -> bool {
        self.asked.fetch_and(!(what as u32), Ordering::AcqRel) & what as u32 != 0
    }

    /// The newest epoch that a flip has ended.
    pub fn flipped(&self) -> Epoch {
        Epoch(self.flipped.load(Ordering::Acquire))
    }
    pub(crate) fn set_flipped(&self, epoch: Epoch) {
        self.active.store(false, Ordering::SeqCst);
        self.waited.store(self.waiting.swap(0, Ordering::AcqRel), Ordering::Release);
        self.flipped.store(epoch.0, Ordering::Release);
    }
    /// Has the snapshotter look at what there is to do.
    pub fn hurry(&self) {
        self.snapshotter.notify();
    }

    /// The newest durable epoch.
    pub fn committed(&self) -> Epoch {
        Epoch(self.committed.load(Ordering::Acquire))
    }
    pub(crate) fn set_committed(&self, epoch: Epoch) {
        let waiting = self.waiting();
        self.soon.store(waiting + self.waited.swap(0, Ordering::AcqRel), Ordering::Release);
        self.committed.store(epoch.0, Ordering::Release);
        self.requests.ask(Request::Stop);
        self.worker.notify();
    }

    /// Memory is short: the worker comes back from the interpreter, to make room or wait for a snapshot.
    pub(crate) fn press(&self) {
        self.requests.ask(Request::Stop);
        self.worker.notify();
    }

    /// The newest epoch that somebody waits for.
    pub fn wanted(&self) -> Epoch {
        Epoch(self.wanted.load(Ordering::Acquire))
    }
    /// Asks that this epoch be made durable at once.
    pub fn want(&self, epoch: Epoch) {
        if self.wanted.fetch_max(epoch.0, Ordering::AcqRel) < epoch.0 {
            self.snapshotter.notify();
        }
    }

    /// As [`Shared::want`], for so many threads.
    pub(crate) fn want_for(&self, epoch: Epoch, threads: u32) {
        if self.is_news(epoch, threads) {
            self.snapshotter.notify();
        }
    }
    /// As [`Shared::want_for`], without telling the snapshotter; whether that is to be told.
    pub(crate) fn is_news(&self, epoch: Epoch, threads: u32) -> bool {
        self.waiting.fetch_add(threads, Ordering::AcqRel);
        let complete = threads > 0 && self.all_wait_again();
        self.wanted.fetch_max(epoch.0, Ordering::AcqRel) < epoch.0 || complete
    }
    /// How many threads wait for a commit since the last flip.
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Acquire)
    }
    /// Whether those whom the last commit answered wait for the next one, with those who waited already: all can share it.
    pub fn all_wait_again(&self) -> bool {
        self.waiting() >= self.soon.load(Ordering::Acquire)
    }

    /// Whether anything ran since the last flip.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::SeqCst)
    }
    pub(crate) fn set_active(&self) {
        if !self.active.swap(true, Ordering::SeqCst) && self.resting.load(Ordering::SeqCst) {
            self.snapshotter.notify();
        }
    }
    /// Waits, as the snapshotter, until something runs or there is other news, at most so long.
    pub fn rest(&self, timeout_ns: Option<u64>) {
        self.resting.store(true, Ordering::SeqCst);
        // Whoever became active before has told nobody.
        if !self.is_active() {
            self.snapshotter.wait(timeout_ns);
        }
        self.resting.store(false, Ordering::SeqCst);
    }

    /// Whether further workers are to retire.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
    pub(crate) fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// The world must stop: why. The first reason stays.
    pub fn fail(&self, reason: String) {
        self.failure.lock().get_or_insert(reason);
        self.ask(Ask::Stop);
        self.snapshotter.notify();
    }
    /// Why the world must stop, if it must.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }
}
