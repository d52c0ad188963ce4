//! The block device as numbered blocks of 4 KiB, with counters of what went over it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use platform::{BlockDevice, DeviceError};

use crate::format::BLOCK;

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
    /// Says that so many blocks from `block` on will be read soon.
    pub(crate) fn will_read(&self, block: u64, blocks: u64) {
        self.device.will_read(block * BLOCK as u64, blocks * BLOCK as u64);
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
