//! A device in memory that counts, and small worlds on it.

#![allow(dead_code, reason = "each test binary uses its part")]

use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use platform::{BlockDevice, DeviceError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::{CommitError, CommitInfo, OpenOptions, Store, StoreOptions, WorldParams};

/// A sparse device in memory.
#[derive(Default)]
pub(crate) struct MemoryDevice {
    pages: Mutex<BTreeMap<u64, PageBytes>>,
    len: AtomicU64,
    pub(crate) read_bytes: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    pub(crate) flushes: AtomicU64,
    /// The device refuses to be longer than this, if it is not 0.
    pub(crate) len_max: AtomicU64,
}

impl MemoryDevice {
    pub(crate) fn new() -> Arc<MemoryDevice> {
        Arc::default()
    }
    /// Changes one byte behind the store's back.
    pub(crate) fn damage(&self, at: u64) {
        let mut pages = self.pages.lock().expect("no panic under the lock");
        pages.entry(at / PAGE_SIZE as u64).or_insert([0; PAGE_SIZE])[at as usize % PAGE_SIZE] ^= 0x10;
    }
    /// Cuts the device.
    pub(crate) fn truncate(&self, len: u64) {
        self.len.store(len, Ordering::SeqCst);
    }
}

impl BlockDevice for MemoryDevice {
    fn len(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        if offset + bytes.len() as u64 > self.len() {
            return Err(DeviceError::OutOfRange { offset, count: bytes.len() as u64, len: self.len() });
        }
        self.read_bytes.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        let pages = self.pages.lock().expect("no panic under the lock");
        for (i, page) in bytes.chunks_mut(PAGE_SIZE).enumerate() {
            let stored = pages.get(&(offset / PAGE_SIZE as u64 + i as u64));
            page.copy_from_slice(stored.unwrap_or(&[0; PAGE_SIZE]));
        }
        Ok(())
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        if offset + bytes.len() as u64 > self.len() {
            return Err(DeviceError::OutOfRange { offset, count: bytes.len() as u64, len: self.len() });
        }
        self.written_bytes.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        let mut pages = self.pages.lock().expect("no panic under the lock");
        for (i, page) in bytes.chunks(PAGE_SIZE).enumerate() {
            pages.insert(offset / PAGE_SIZE as u64 + i as u64, page.try_into().expect("whole pages"));
        }
        Ok(())
    }
    fn flush(&self) -> Result<(), DeviceError> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        let max = self.len_max.load(Ordering::SeqCst);
        if max != 0 && len > max {
            return Err(DeviceError::NoSpace { what: "grow".into() });
        }
        self.len.fetch_max(len, Ordering::SeqCst);
        Ok(())
    }
    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        self.len.fetch_min(len, Ordering::SeqCst);
        self.pages.lock().expect("no panic under the lock").retain(|&page, _| page < len / PAGE_SIZE as u64);
        Ok(())
    }
}

/// A page that says which it is and which version.
pub(crate) fn page(index: u32, version: u64) -> PageBytes {
    let mut bytes = [0; PAGE_SIZE];
    bytes[..4].copy_from_slice(&index.to_le_bytes());
    bytes[8..16].copy_from_slice(&version.to_le_bytes());
    bytes[16] = 1;
    bytes
}

pub(crate) fn create(device: &Arc<MemoryDevice>, options: StoreOptions) -> Store {
    let params = WorldParams { world_id: WorldId([9; 16]), schema_hash: 42, created_ns: 1, options };
    Store::create(device.clone(), params).expect("a new world")
}

pub(crate) fn open(device: &Arc<MemoryDevice>) -> Store {
    Store::open(device.clone(), OpenOptions::default()).expect("a world").0
}

/// Commits `pages` with the epoch as their version.
pub(crate) fn commit(store: &Store, epoch: u64, pages: impl IntoIterator<Item = u32>) {
    let pages: Vec<u32> = pages.into_iter().collect();
    assert_eq!(try_commit(store, epoch, &pages).expect("a commit").checkpoint.err(), None);
}

/// As [`commit`], and says how it went.
pub(crate) fn try_commit(store: &Store, epoch: u64, pages: &[u32]) -> Result<CommitInfo, CommitError> {
    let mut writer = store.begin_commit(Epoch(epoch), epoch * 1000)?;
    for &index in pages {
        writer.put(PageIndex(index), &page(index, epoch))?;
    }
    writer.finish()
}

pub(crate) fn assert_page(store: &Store, index: u32, version: u64) {
    let mut bytes = [0; PAGE_SIZE];
    assert_eq!(store.read_page(PageIndex(index), &mut bytes), Ok(true));
    assert!(bytes == page(index, version), "page {index} has version {}", bytes[8]);
}
