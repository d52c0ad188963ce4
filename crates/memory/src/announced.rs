//! Which pages were announced in an epoch: a byte for each page of the world, once for the open epoch and once for the one
//! before, so that a store costs one load and one test.
//!
//! *Invariant:* the byte of a page is set in the open epoch only when the page may be written without more: it is in the
//! open dirty set, and what the closing snapshot needs of it is secured. When an epoch opens, none of its bytes is set but
//! those of scratch pages.

use base::{Addr, PAGE_SHIFT, PageIndex, WORLD_BASE, WORLD_SIZE};
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU8, AtomicUsize};

/// Pages of a world, and so bytes of an epoch.
const PAGES: usize = (WORLD_SIZE >> PAGE_SHIFT) as usize;
/// The number of the first page when pages are counted from address zero.
const FIRST: usize = (WORLD_BASE >> PAGE_SHIFT) as usize;

const _: () = assert!(2 * PAGES as u64 == platform::ANNOUNCED_BYTES);

/// The bytes of two epochs.
pub(crate) struct Announced {
    /// Host address of the first one.
    start: usize,
    /// What to add (wrapping) to the number of a page, counted from address zero, to get the host address of its byte in
    /// the open epoch.
    open: AtomicUsize,
}

impl Announced {
    /// Over [`platform::ANNOUNCED_BYTES`] zeros at a host address; the first epoch has this sequence number.
    pub(crate) fn new(start: usize, sequence: u32) -> Announced {
        Announced { start, open: AtomicUsize::new(Self::of(start, sequence)) }
    }

    fn of(start: usize, sequence: u32) -> usize {
        start.wrapping_add((sequence & 1) as usize * PAGES).wrapping_sub(FIRST)
    }

    /// The byte of page `number`, which is one of the world's.
    #[inline(always)]
    fn byte(epoch: usize, number: usize) -> &'static AtomicU8 {
        let at: *mut u8 = ptr::with_exposed_provenance_mut(epoch.wrapping_add(number));
        // SAFETY: `epoch` is one of two stretches of bytes that the mapper keeps for as long as this value lives, that are
        // touched here only, and that have one for each page of the world; the reference does not outlive the call.
        unsafe { AtomicU8::from_ptr(at) }
    }

    /// Whether the page of this address, which lies in the world, was announced in the open epoch.
    #[inline(always)]
    pub(crate) fn has(&self, addr: Addr) -> bool {
        Self::byte(self.open.load(Relaxed), (addr.0 >> PAGE_SHIFT) as usize).load(Acquire) != 0
    }

    /// The page was announced: whoever sees this may write to it.
    pub(crate) fn note(&self, page: PageIndex) {
        Self::byte(self.open.load(Relaxed), FIRST + page.0 as usize).store(1, Release);
    }

    /// The page is not announced any more. Nobody writes to it meanwhile.
    pub(crate) fn forget(&self, page: PageIndex) {
        Self::byte(self.open.load(Relaxed), FIRST + page.0 as usize).store(0, Relaxed);
    }

    /// A page of the epoch with this number, which has ended, was secured: its byte is ready for the next epoch but one.
    pub(crate) fn clear(&self, sequence: u32, page: PageIndex) {
        Self::byte(Self::of(self.start, sequence), FIRST + page.0 as usize).store(0, Relaxed);
    }

    /// The epoch with this sequence number opens. Nobody writes meanwhile, and all pages of the one before the last were
    /// cleared.
    pub(crate) fn flip(&self, sequence: u32) {
        self.open.store(Self::of(self.start, sequence), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::PageMapper;

    #[test]
    fn what_is_announced_counts_until_the_flip_and_its_byte_is_used_again_after_another() {
        let mapper = sim::SimMapper::new().unwrap_or_else(|error| panic!("{error}"));
        let all = Announced::new(mapper.announced(), 1);
        let pages = [PageIndex(0), PageIndex(7), PageIndex(u32::MAX)];
        let seen = |all: &Announced| pages.map(|page| all.has(page.addr()));
        all.note(pages[0]);
        all.note(pages[2]);
        assert_eq!(seen(&all), [true, false, true]);
        all.flip(2);
        all.note(pages[1]);
        assert_eq!(seen(&all), [false, true, false]);
        all.forget(pages[1]);
        all.clear(1, pages[0]);
        assert_eq!(seen(&all), [false; 3]);
        all.flip(3);
        assert_eq!(seen(&all), [false, false, true], "nobody cleared the last one");
    }
}
