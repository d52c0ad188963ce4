//! The snapshotter: takes a flipped epoch from memory to the store, in steps that a caller makes.
//!
//! On a host a thread of its own steps it; the simulator steps it between the slices of the worker.

use crate::shared::Shared;
use alloc::string::ToString;
use alloc::sync::Arc;
use base::Epoch;
use memory::{Capture, Memory, MemoryError, Progress};
use platform::Clock;
use store::{CommitError, CommitInfo, CommitWriter, Store};

/// Pages that one step copies or writes.
const STEP_PAGES: usize = 1024;

/// Where a snapshot is on its way; shown to whoever watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The worker stands at the safepoint, the flip comes next.
    BeforeFlip,
    /// The flip is done, the worker goes on.
    AfterFlip,
    /// Pages are being copied.
    Capturing,
    /// Every page is secured in memory.
    Captured,
    /// Pages are being written.
    Writing,
    /// The snapshot is durable.
    Committed,
}

/// What a step came to.
#[derive(Clone, Debug)]
pub enum Step {
    /// No flip waits.
    Idle,
    /// There is more to do.
    More(Phase),
    /// A snapshot is durable.
    Committed(CommitInfo),
}

/// Why a snapshot could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Memory could not be given back: the world must stop.
    #[error("the memory of the world fails: {0}")]
    Memory(#[from] MemoryError),
    /// The store could not take it.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl SnapshotError {
    /// Whether the disk had no room: nothing is lost, and the next flip may find some.
    pub fn is_no_space(&self) -> bool {
        matches!(self, SnapshotError::Commit(CommitError::NoSpace(_)))
    }
}

/// The half of a running world that makes snapshots durable.
pub struct Snapshotter {
    memory: Arc<Memory>,
    store: Arc<Store>,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    capture: Capture,
    writer: CommitWriter,
}

impl Snapshotter {
    pub(crate) fn new(
        memory: Arc<Memory>,
        store: Arc<Store>,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Snapshotter { memory, store, shared, clock, under_way: None }
    }

    /// What the two halves share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The store, for figures and checkpoints.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether a flip waits for its capture or a capture for its commit.
    pub fn has_work(&self) -> bool {
        self.under_way.is_some() || self.memory.capture_pending()
    }

    /// Goes on by one step.
    ///
    /// # Errors
    /// When the snapshot cannot be made. Nothing that was committed is harmed; the pages of this one are dirty again and
    /// the next flip takes them along, unless the error says that the world must stop.
    pub fn step(&mut self) -> Result<Step, SnapshotError> {
        let Some(mut under_way) = self.under_way.take() else { return self.begin() };
        let writer = &mut under_way.writer;
        let was_copying = under_way.capture.is_copying();
        match under_way.capture.step(STEP_PAGES, &mut |page, bytes| writer.put(page, bytes)) {
            Ok(Progress::Done) => self.finish(under_way),
            Ok(progress) => {
                self.under_way = Some(under_way);
                Ok(Step::More(match progress {
                    Progress::Copying => Phase::Capturing,
                    _ if was_copying => Phase::Captured,
                    _ => Phase::Writing,
                }))
            }
            Err(error) => {
                under_way.capture.abandon();
                Err(error.into())
            }
        }
    }

    /// Makes all steps that are left, telling `watch` each phase.
    ///
    /// # Errors
    /// As [`Snapshotter::step`].
    pub fn complete(&mut self, watch: &dyn Fn(Phase)) -> Result<Option<CommitInfo>, SnapshotError> {
        loop {
            match self.step()? {
                Step::Idle => return Ok(None),
                Step::More(phase) => watch(phase),
                Step::Committed(info) => {
                    watch(Phase::Committed);
                    return Ok(Some(info));
                }
            }
        }
    }

    fn begin(&mut self) -> Result<Step, SnapshotError> {
        if !self.memory.capture_pending() {
            return Ok(Step::Idle);
        }
        let capture = self.memory.begin_capture();
        match self.store.begin_commit(capture.epoch(), self.clock.wall_ns()) {
            Ok(writer) => self.under_way = Some(UnderWay { capture, writer }),
            Err(error) => {
                capture.abandon();
                return Err(error.into());
            }
        }
        Ok(Step::More(Phase::Capturing))
    }

    fn finish(&mut self, under_way: UnderWay) -> Result<Step, SnapshotError> {
        let UnderWay { mut capture, writer } = under_way;
        match writer.finish() {
            Ok(info) => {
                capture.committed();
                self.shared.set_committed(info.epoch);
                Ok(Step::Committed(info))
            }
            Err(error) => {
                capture.restart_drain();
                capture.abandon();
                Err(error.into())
            }
        }
    }

    /// Reports a snapshot that failed: the world stops with this message.
    pub fn give_up(&self, error: &SnapshotError) {
        self.shared.fail(error.to_string());
    }

    /// The newest durable epoch.
    pub fn committed(&self) -> Epoch {
        self.shared.committed()
    }
}
