//! The pages in which two snapshots differ, found through the page map: what both share is not looked at.
//!
//! Key types: [`PageDiff`] (an iterator that holds a reader at either end), [`PageChange`].
//!
//! *Invariant:* the cost follows the difference: equal nodes are skipped, so two snapshots of a large world that differ in
//! one page take a few nodes to compare.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Epoch, PageBytes, PageIndex};

use crate::error::ReadError;
use crate::format::{BLOCK, Entry, NODE_ENTRIES, ROOT_LEVEL, Stored, node_entry};
use crate::reader::PageReader;
use crate::store::Store;

/// A page that two snapshots hold with different content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageChange {
    /// Which page.
    pub page: PageIndex,
    /// Checksum of its content in the first snapshot; `None` for zeros or never stored.
    pub before: Option<u64>,
    /// The same in the second.
    pub after: Option<u64>,
}

/// Pages in which two snapshots differ, ascending; after an error it ends.
pub struct PageDiff {
    before: PageReader,
    after: PageReader,
    walk: Walk,
}

/// Where a comparison stands.
pub(crate) struct Walk {
    /// Nodes still to be compared, the next one last.
    stack: Vec<Pair>,
    ready: VecDeque<(PageIndex, Stored, Stored)>,
}

#[derive(Clone, Copy)]
struct Pair {
    before: Entry,
    after: Entry,
    level: u8,
    first_page: u32,
}

impl Store {
    /// The pages whose content differs between two of [`Store::snapshots`]. Both stay readable as long as it lives.
    ///
    /// # Errors
    /// When a snapshot is not kept, or the log that leads to it cannot be read.
    pub fn diff_pages(&self, before: Epoch, after: Epoch) -> Result<PageDiff, ReadError> {
        self.diff_pages_with(before, self, after)
    }

    /// As [`Store::diff_pages`], to a snapshot of another store: a fork, a copy. Nodes of the map that are the same block by block
    /// are skipped, as in a file that shares its blocks; otherwise all nodes are read, and no page.
    ///
    /// # Errors
    /// As [`Store::diff_pages`].
    pub fn diff_pages_with(&self, before: Epoch, other: &Store, after: Epoch) -> Result<PageDiff, ReadError> {
        let (before, after) = (self.reader_at(before)?, other.reader_at(after)?);
        let walk = Walk::new(&before, &after);
        Ok(PageDiff { before, after, walk })
    }
}

impl PageDiff {
    /// The first snapshot.
    pub fn before(&self) -> &PageReader {
        &self.before
    }
    /// The second snapshot.
    pub fn after(&self) -> &PageReader {
        &self.after
    }
}

impl Iterator for PageDiff {
    type Item = Result<PageChange, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let content = |stored: Stored| (!stored.entry.is_zeros()).then_some(stored.entry.checksum);
        Some(match self.walk.next(&self.before, &self.after)? {
            Ok((page, before, after)) => {
                Ok(PageChange { page, before: content(before), after: content(after) })
            }
            Err(error) => Err(error),
        })
    }
}

impl Walk {
    pub(crate) fn new(before: &PageReader, after: &PageReader) -> Walk {
        let pair = Pair { before: before.root, after: after.root, level: ROOT_LEVEL, first_page: 0 };
        Walk { stack: alloc::vec![pair], ready: VecDeque::new() }
    }

    /// The next page that differs, with where it stands on either side.
    pub(crate) fn next(
        &mut self,
        before: &PageReader,
        after: &PageReader,
    ) -> Option<Result<(PageIndex, Stored, Stored), ReadError>> {
        loop {
            if let Some(found) = self.ready.pop_front() {
                return Some(Ok(found));
            }
            let pair = self.stack.pop()?;
            if let Err(error) = self.compare(pair, before, after) {
                self.stack.clear();
                self.ready.clear();
                return Some(Err(error));
            }
        }
    }

    fn compare(&mut self, pair: Pair, before: &PageReader, after: &PageReader) -> Result<(), ReadError> {
        let last_page = pair.first_page | ((1u64 << (8 * (u32::from(pair.level) + 1))) - 1) as u32;
        let has_any =
            |reader: &PageReader| reader.overlay.range(pair.first_page..=last_page).next().is_some();
        if is_same(pair.before, pair.after) && !has_any(before) && !has_any(after) {
            return Ok(());
        }
        let (old, new) = (before.node(pair.before)?, after.node(pair.after)?);
        let children =
            |i: usize| (node_of(&old, i), node_of(&new, i), pair.first_page | (i as u32) << (8 * pair.level));
        if pair.level > 0 {
            for i in (0..NODE_ENTRIES).rev() {
                let (before, after, first_page) = children(i);
                self.stack.push(Pair { before, after, level: pair.level - 1, first_page });
            }
            return Ok(());
        }
        for i in 0..NODE_ENTRIES {
            let (old, new, page) = children(i);
            let old = before.overlay.get(&page).copied().unwrap_or(old.into());
            let new = after.overlay.get(&page).copied().unwrap_or(new.into());
            let differs = match (old.entry.is_zeros(), new.entry.is_zeros()) {
                (true, true) => false,
                (false, false) => old.entry.checksum != new.entry.checksum,
                _ => true,
            };
            if differs {
                self.ready.push_back((PageIndex(page), old, new));
            }
        }
        Ok(())
    }
}

/// Whether two entries stand for the same content, wherever it lies.
fn is_same(a: Entry, b: Entry) -> bool {
    a == b || !a.is_none() && !b.is_none() && a.checksum == b.checksum
}

fn node_of(node: &Option<Arc<PageBytes>>, index: usize) -> Entry {
    const { assert!(NODE_ENTRIES * 16 == BLOCK) };
    node.as_ref().map_or(Entry::NONE, |node| node_entry(node, index))
}
