//! Which regions of the world were written in an epoch: where the search for written pages has to look.
//!
//! Whoever writes announces it, so a region without a mark holds no page that was written since the last flip. The table
//! is small: regions far apart share a mark, and are then looked through for each other's sake. There is one for the open
//! epoch and one for the epoch before, whose pages are being searched for.

use alloc::boxed::Box;
use base::{PAGE_SHIFT, PageRange, WORLD_SIZE};
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU8, AtomicUsize};
use platform::SCANNED_PAGES;

/// `log2` of the bytes of a region.
const REGION_SHIFT: u32 = SCANNED_PAGES.trailing_zeros() + PAGE_SHIFT;
/// Marks of an epoch: 16 GiB without two regions that share one.
const MARKS: usize = 1 << 13;

const _: () = assert!(WORLD_SIZE >> REGION_SHIFT >= MARKS as u64 && SCANNED_PAGES.is_power_of_two());

/// The marks of two epochs.
pub(crate) struct Touched {
    marks: Box<[AtomicU8; 2 * MARKS]>,
    /// Where the marks of the open epoch begin: 0 or [`MARKS`].
    open: AtomicUsize,
}

impl Touched {
    pub(crate) fn new() -> Touched {
        let marks: Box<[AtomicU8]> = (0..2 * MARKS).map(|_| AtomicU8::new(0)).collect();
        let Ok(marks) = marks.try_into() else { unreachable!("as many as there are") };
        Touched { marks, open: AtomicUsize::new(0) }
    }

    #[inline(always)]
    fn mark(&self, epoch: usize, region: u64) -> &AtomicU8 {
        // The mask says to the compiler what holds anyway.
        &self.marks[(epoch | region as usize & (MARKS - 1)) & (2 * MARKS - 1)]
    }

    /// The region of this byte of the world is about to be written to.
    #[inline(always)]
    pub(crate) fn note(&self, offset: u64) {
        self.mark(self.open.load(Relaxed), offset >> REGION_SHIFT).store(1, Relaxed);
    }

    /// So many bytes from this one on are about to be written to.
    #[inline(always)]
    pub(crate) fn note_range(&self, offset: u64, len: u64) {
        if len > 0 {
            let (first, last) = (offset >> REGION_SHIFT, (offset + len - 1) >> REGION_SHIFT);
            let open = self.open.load(Relaxed);
            (first..=last).for_each(|region| self.mark(open, region).store(1, Relaxed));
        }
    }

    /// The open epoch ends. Nobody writes meanwhile, and all that was written and written to is seen by whoever calls.
    pub(crate) fn flip(&self) {
        self.open.store(self.open.load(Relaxed) ^ MARKS, Relaxed);
    }

    /// Whether a region may hold pages that were written in the epoch that ended last.
    pub(crate) fn was_touched(&self, pages: PageRange) -> bool {
        let closed = self.open.load(Relaxed) ^ MARKS;
        self.mark(closed, u64::from(pages.first.0) / SCANNED_PAGES).load(Relaxed) != 0
    }

    /// The pages of the epoch that ended last were found: its marks are those of the next epoch but one.
    pub(crate) fn clear(&self) {
        let closed = self.open.load(Relaxed) ^ MARKS;
        for mark in &self.marks[closed..closed + MARKS] {
            if mark.load(Relaxed) != 0 {
                mark.store(0, Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{PAGE_SIZE, PageIndex};

    const REGION_BYTES: u64 = SCANNED_PAGES * PAGE_SIZE as u64;

    fn touched(all: &Touched, region: u64) -> bool {
        all.was_touched(PageRange { first: PageIndex((region * SCANNED_PAGES) as u32), count: SCANNED_PAGES })
    }

    #[test]
    fn what_is_noted_counts_from_the_next_flip_to_the_end_of_its_search() {
        let all = Touched::new();
        all.note(3 * REGION_BYTES + 17);
        assert!(!touched(&all, 3), "the epoch is open");
        all.flip();
        // Written between the flip and the end of the search: of the next epoch.
        all.note(4 * REGION_BYTES);
        assert_eq!([2, 3, 4].map(|region| touched(&all, region)), [false, true, false]);
        all.clear();
        assert!(!touched(&all, 3));
        all.flip();
        assert_eq!([3, 4].map(|region| touched(&all, region)), [false, true]);
    }

    #[test]
    fn a_range_touches_each_region_that_it_reaches_and_an_empty_one_none() {
        let all = Touched::new();
        all.note_range(REGION_BYTES - 1, 2);
        all.note_range(5 * REGION_BYTES, 2 * REGION_BYTES);
        all.note_range(9 * REGION_BYTES, 0);
        all.flip();
        let regions: alloc::vec::Vec<u64> = (0..12).filter(|region| touched(&all, *region)).collect();
        assert_eq!(regions, [0, 1, 5, 6]);
    }

    #[test]
    fn regions_that_share_a_mark_are_looked_through_for_each_other() {
        let all = Touched::new();
        all.note(WORLD_SIZE - 1);
        all.flip();
        assert!(touched(&all, (WORLD_SIZE - 1) / REGION_BYTES) && touched(&all, MARKS as u64 - 1));
    }
}
