//! A world that nobody runs, read through page readers: nothing is mapped and nothing written.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Addr, Epoch, PAGE_SIZE, PageBytes, PageIndex};
use layout::{SCHEMA_HASH, View, ViewError};
use platform::BlockDevice;
use store::{OpenError, OpenOptions, OpenReport, PageReader, ReadError, Store};

/// Pages that a view keeps.
const CACHED_PAGES_MAX: usize = 16_384;

/// A world opened for reading only.
pub struct WorldFile {
    /// The store, for snapshots, figures and checks.
    pub store: Store,
    /// What opening it found.
    pub report: OpenReport,
}

impl WorldFile {
    /// Opens the world on `device` for reading.
    ///
    /// # Errors
    /// When there is no world, it is of another version, or damaged.
    pub fn open(device: Arc<dyn BlockDevice>) -> Result<WorldFile, OpenError> {
        let how = OpenOptions {
            read_only: true,
            accept_older: true,
            schema_hash: Some(SCHEMA_HASH),
            ..OpenOptions::default()
        };
        let (store, report) = Store::open(device, how)?;
        Ok(WorldFile { store, report })
    }

    /// A view at an epoch.
    ///
    /// # Errors
    /// When the snapshot is not kept or the log that leads to it cannot be read.
    pub fn view(&self, epoch: Epoch) -> Result<FileView, ReadError> {
        FileView::new(&self.store, epoch)
    }
}

/// Objects of a snapshot in a file.
pub struct FileView {
    reader: PageReader,
    pages: spin::Mutex<BTreeMap<u32, alloc::boxed::Box<PageBytes>>>,
}

impl FileView {
    /// A view of a store, also of one that somebody writes to.
    ///
    /// # Errors
    /// When the snapshot is not kept or the log that leads to it cannot be read.
    pub fn new(store: &Store, epoch: Epoch) -> Result<FileView, ReadError> {
        Ok(FileView { reader: store.reader_at(epoch)?, pages: spin::Mutex::new(BTreeMap::new()) })
    }
}

impl View for FileView {
    fn read(&self, addr: Addr, bytes: &mut [u8]) -> Result<(), ViewError> {
        let mut done = 0;
        while done < bytes.len() {
            let at = addr.add(done as u64);
            if !at.in_world() {
                return Err(ViewError::Damaged { addr: at, expected: "address of the world" });
            }
            let within = at.offset() as usize % PAGE_SIZE;
            let count = (PAGE_SIZE - within).min(bytes.len() - done);
            let mut pages = self.pages.lock();
            if !pages.contains_key(&at.page().0) {
                let mut page = alloc::boxed::Box::new([0u8; PAGE_SIZE]);
                self.reader
                    .read_page(at.page(), &mut page)
                    .map_err(|error| ViewError::Page { addr: at, reason: error.to_string() })?;
                if pages.len() >= CACHED_PAGES_MAX {
                    pages.clear();
                }
                pages.insert(at.page().0, page);
            }
            bytes[done..done + count].copy_from_slice(&pages[&at.page().0][within..within + count]);
            done += count;
        }
        Ok(())
    }
}

/// The pages that differ between two snapshots, ascending.
///
/// # Errors
/// When a snapshot is not kept or cannot be read.
pub fn changed_pages(store: &Store, from: Epoch, to: Epoch) -> Result<Vec<PageIndex>, ReadError> {
    changed_pages_between(store, from, store, to)
}

/// The pages that differ between snapshots of two worlds, one of which was copied from the other, ascending.
///
/// # Errors
/// When a snapshot is not kept or cannot be read.
pub fn changed_pages_between(
    old: &Store,
    from: Epoch,
    new: &Store,
    to: Epoch,
) -> Result<Vec<PageIndex>, ReadError> {
    old.diff_pages_with(from, new, to)?.map(|change| change.map(|change| change.page)).collect()
}
