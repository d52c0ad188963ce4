//! Kills the own process at a chosen phase of a commit, as `kill -9` would: for the kill tests.

use platform::{BlockDevice, DeviceError};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use world::Phase;

/// Names of the phases, as the option `--kill-at` takes them.
pub(crate) const PHASES: &[&str] = &[
    "before-flip",
    "after-flip",
    "capture",
    "captured",
    "write",
    "before-flush",
    "after-flush",
    "committed",
];

/// A phase, and how often it is still passed alive.
pub(crate) struct KillPoint {
    phase: &'static str,
    left: AtomicI64,
}

impl KillPoint {
    /// Parses `PHASE:COUNT`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<KillPoint, String> {
        let wrong = || format!("--kill-at takes PHASE:COUNT, PHASE one of {}", PHASES.join(", "));
        let (phase, count) = text.split_once(':').ok_or_else(wrong)?;
        let phase = PHASES.iter().find(|known| **known == phase).ok_or_else(wrong)?;
        let count: i64 = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        Ok(KillPoint { phase, left: AtomicI64::new(count) })
    }

    /// Whether this passage is the last one.
    fn is_due(&self, phase: &str) -> bool {
        phase == self.phase && self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }

    fn pass(&self, phase: &str) {
        if self.is_due(phase) {
            die();
        }
    }

    /// Passes a phase of a snapshot.
    pub(crate) fn pass_phase(&self, phase: Phase) {
        self.pass(match phase {
            Phase::BeforeFlip => "before-flip",
            Phase::AfterFlip => "after-flip",
            Phase::Capturing => "capture",
            Phase::Captured => "captured",
            Phase::Writing => return,
            Phase::Committed => "committed",
        });
    }
}

/// Ends the process by the signal that no program can catch.
fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// A device that dies in the middle of a write, before a flush or after it.
pub(crate) struct KillDevice {
    inner: Arc<dyn BlockDevice>,
    point: Arc<KillPoint>,
}

impl KillDevice {
    /// Wraps `inner`.
    pub(crate) fn new(inner: Arc<dyn BlockDevice>, point: Arc<KillPoint>) -> KillDevice {
        KillDevice { inner, point }
    }
}

impl BlockDevice for KillDevice {
    fn len(&self) -> u64 {
        self.inner.len()
    }
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.inner.read(offset, bytes)
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        if self.point.is_due("write") {
            // Half of it, cut at a sector.
            self.inner.write(offset, &bytes[..bytes.len() / 2 / 512 * 512])?;
            die();
        }
        self.inner.write(offset, bytes)
    }
    fn flush(&self) -> Result<(), DeviceError> {
        self.point.pass("before-flush");
        self.inner.flush()?;
        self.point.pass("after-flush");
        Ok(())
    }
    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        self.inner.grow(len)
    }
    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        self.inner.shrink(len)
    }
}
