//! Large objects: each on pages of its own, none ever moves.
//!
//! The area is a row of extents, each in use or free; the word at an extent's first page in [`LARGE_TABLE`] says which,
//! and how long it is ([`Extent`]). Free extents stand in one list for each `log2` of their length. Allocation looks
//! through a few of the list where some fit and some do not, then takes the first of a longer one; the sweep joins
//! neighbours and builds the lists anew. Pages of free extents are discarded, so new objects are zero without being
//! touched.

use crate::format::{
    EXTENT_BUCKETS, Extent, LARGE_PAGES_MAX, LARGE_TABLE, STATE, Use, large_page_of, large_page_start, state,
};
use crate::mark::Marks;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Addr, PAGE_SHIFT, PAGE_SIZE, PageRange};
use memory::{Memory, MemoryError};

/// How many extents of the list where not every one fits are looked at.
const TRIES: usize = 32;

/// What a sweep found.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Swept {
    pub(crate) objects_freed: u64,
    pub(crate) bytes_freed: u64,
}

/// Allocator and sweeper of the large pages.
pub(crate) struct Large {
    memory: Arc<Memory>,
}

impl Large {
    pub(crate) fn new(memory: Arc<Memory>) -> Large {
        Large { memory }
    }

    /// Bytes of all pages in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.memory.load_u64(STATE.add(state::LARGE_BYTES))
    }
    /// Pages ever used.
    pub(crate) fn pages_used(&self) -> u64 {
        self.memory.load_u64(STATE.add(state::LARGE_PAGES_USED))
    }
    /// The extent that begins at `page`.
    pub(crate) fn extent(&self, page: u64) -> Option<Extent> {
        Extent::decode(self.memory.load_u64(LARGE_TABLE.add(page * 8)))
    }
    fn set_extent(&self, page: u64, extent: Extent) {
        let at = LARGE_TABLE.add(page * 8);
        if self.memory.load_u64(at) != extent.encode() {
            self.memory.store_u64(at, extent.encode());
        }
    }

    /// Zeroed pages for `bytes`. `None` when the area is full.
    pub(crate) fn allocate(&mut self, bytes: u64) -> Option<Addr> {
        let pages = bytes.div_ceil(PAGE_SIZE as u64);
        let page = match self.take_free(pages) {
            Some(page) => page,
            None => {
                let used = self.pages_used();
                if pages > LARGE_PAGES_MAX - used {
                    return None;
                }
                self.memory.store_u64(STATE.add(state::LARGE_PAGES_USED), used + pages);
                used
            }
        };
        self.set_extent(page, Extent { usage: Use::Taken, pages, next: 0 });
        self.memory.store_u64(STATE.add(state::LARGE_BYTES), self.bytes() + (pages << PAGE_SHIFT));
        Some(large_page_start(page))
    }

    /// Takes the first `pages` of a free extent out of its list.
    fn take_free(&self, pages: u64) -> Option<u64> {
        for bucket in Extent::bucket(pages)..EXTENT_BUCKETS {
            let mut from = STATE.add(state::FREE_EXTENTS + bucket as u64 * 4);
            for _ in 0..TRIES {
                let link = self.memory.load_u32(from);
                if link == 0 {
                    break;
                }
                let page = u64::from(link) - 1;
                let Some(free) = self.extent(page) else {
                    panic!("large page {page} is listed as free and is not")
                };
                if free.pages < pages {
                    // The link is the upper half of the word.
                    from = LARGE_TABLE.add(page * 8 + 4);
                    continue;
                }
                self.memory.store_u32(from, free.next);
                if free.pages > pages {
                    let list = STATE.add(state::FREE_EXTENTS + Extent::bucket(free.pages - pages) as u64 * 4);
                    let next = self.memory.load_u32(list);
                    self.set_extent(
                        page + pages,
                        Extent { usage: Use::Free, pages: free.pages - pages, next },
                    );
                    self.memory.store_u32(list, (page + pages) as u32 + 1);
                }
                return Some(page);
            }
        }
        None
    }

    /// Whether an object in use begins at `addr` (of the large area); the bytes of its pages.
    pub(crate) fn object_at(&self, addr: Addr) -> Option<u64> {
        let page = large_page_of(addr);
        if large_page_start(page) != addr || page >= self.pages_used() {
            return None;
        }
        let extent = self.extent(page)?;
        (extent.usage == Use::Taken).then_some(extent.pages << PAGE_SHIFT)
    }

    /// Calls `found` with each object and the bytes of its pages, as far as the table is sound.
    pub(crate) fn for_each_object(&self, found: &mut dyn FnMut(Addr, u64)) {
        // `verify` reports where the table breaks off.
        let _ = self.for_each(&mut |page, extent| {
            if extent.usage == Use::Taken {
                found(large_page_start(page), extent.pages << PAGE_SHIFT);
            }
        });
    }

    /// Calls `found` with each extent in order.
    ///
    /// # Errors
    /// The page at which the table is damaged.
    pub(crate) fn for_each(&self, found: &mut dyn FnMut(u64, Extent)) -> Result<(), u64> {
        let used = self.pages_used();
        let mut page = 0;
        while page < used {
            let extent = self.extent(page).filter(|e| e.pages > 0 && e.pages <= used - page).ok_or(page)?;
            found(page, extent);
            page += extent.pages;
        }
        Ok(())
    }

    /// Frees every object without a mark, and builds the lists anew.
    pub(crate) fn sweep(&mut self, marks: &Marks) -> Result<Swept, MemoryError> {
        let mut swept = Swept::default();
        let mut free: Vec<(u64, u64)> = Vec::new();
        let mut dead: Vec<(u64, u64)> = Vec::new();
        let walked = self.for_each(&mut |page, extent| {
            if extent.usage == Use::Taken {
                if marks.large(page) {
                    return;
                }
                dead.push((page, extent.pages));
            }
            match free.last_mut() {
                Some((start, pages)) if *start + *pages == page => *pages += extent.pages,
                _ => free.push((page, extent.pages)),
            }
        });
        if let Err(page) = walked {
            panic!("the table of large objects is damaged at page {page}");
        }
        for &(page, pages) in &dead {
            swept.objects_freed += 1;
            swept.bytes_freed += pages << PAGE_SHIFT;
            self.memory.discard(PageRange::covering(large_page_start(page), pages << PAGE_SHIFT))?;
        }
        self.memory.store_u64(STATE.add(state::LARGE_BYTES), self.bytes() - swept.bytes_freed);
        self.rebuild(&free);
        Ok(swept)
    }

    /// Writes the free extents (joined, in order) and their lists.
    fn rebuild(&self, free: &[(u64, u64)]) {
        let used = self.pages_used();
        let mut lists: [Vec<(u64, u64)>; EXTENT_BUCKETS] = core::array::from_fn(|_| Vec::new());
        for &(start, pages) in free {
            self.clear_words(start, pages);
            if start + pages == used {
                self.memory.store_u64(LARGE_TABLE.add(start * 8), 0);
                self.memory.store_u64(STATE.add(state::LARGE_PAGES_USED), start);
            } else {
                lists[Extent::bucket(pages)].push((start, pages));
            }
        }
        for (bucket, list) in lists.iter().enumerate() {
            let mut next = 0;
            for &(start, pages) in list.iter().rev() {
                self.set_extent(start, Extent { usage: Use::Free, pages, next });
                next = start as u32 + 1;
            }
            let head = STATE.add(state::FREE_EXTENTS + bucket as u64 * 4);
            if self.memory.load_u32(head) != next {
                self.memory.store_u32(head, next);
            }
        }
    }

    /// Clears the words of extents that were joined to the one at `start`.
    fn clear_words(&self, start: u64, pages: u64) {
        let mut page = start;
        while page < start + pages {
            let Some(old) = self.extent(page) else { break };
            if page != start {
                self.memory.store_u64(LARGE_TABLE.add(page * 8), 0);
            }
            page += old.pages;
        }
    }
}
