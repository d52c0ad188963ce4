//! The block device as numbered blocks of 4 KiB, with counters of what went over it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use platform::{BlockDevice, DeviceError};

use crate::format::BLOCK;

/// A gap of so many blocks between two that are wanted is read through.
pub(crate) const READ_GAP_MAX: u64 = 16;

/// A device and its counters.
pub(crate) struct Disk {
    device: Arc<dyn BlockDevice>,
    pub(crate) read_bytes: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    pub(crate) flushes: AtomicU64,
}

impl Disk {
    pub(crate) fn new(device: Arc<dyn BlockDevice>) -> Disk {
        let zero = || AtomicU64::new(0);
        Disk { device, read_bytes: zero(), written_bytes: zero(), flushes: zero() }
    }
    /// Size in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.device.len()
    }
    /// Size in whole blocks.
    pub(crate) fn blocks(&self) -> u64 {
        self.len() / BLOCK as u64
    }
    /// Reads whole blocks from `block` on.
    pub(crate) fn read(&self, block: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.read_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.device.read(block * BLOCK as u64, bytes)
    }
    /// Says that these blocks will be read soon, in any order; those that stand near each other are asked for at once.
    pub(crate) fn will_read(&self, mut blocks: Vec<u64>) {
        blocks.sort_unstable();
        for near in blocks.chunk_by(|a, b| *b <= a + READ_GAP_MAX) {
            let (first, last) = (near[0], near[near.len() - 1]);
            self.device.will_read(first * BLOCK as u64, (last + 1 - first) * BLOCK as u64);
        }
    }
    /// Writes whole blocks from `block` on.
    pub(crate) fn write(&self, block: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        self.written_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.device.write(block * BLOCK as u64, bytes)
    }
    pub(crate) fn flush(&self) -> Result<(), DeviceError> {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        self.device.flush()
    }
    /// Cuts the device to `blocks` blocks, if it is longer.
    pub(crate) fn shrink(&self, blocks: u64) -> Result<(), DeviceError> {
        self.device.shrink(blocks * BLOCK as u64)
    }
    /// Makes the device at least `blocks` blocks long.
    pub(crate) fn grow(&self, blocks: u64) -> Result<(), DeviceError> {
        self.device.grow(blocks * BLOCK as u64)
    }
}
