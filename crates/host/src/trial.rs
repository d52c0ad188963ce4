//! [`Trial`]: which pages have shown that they are worth keeping.
//!
//! A page that comes in is on trial, in a queue: when more than its share of memory is on trial, the first of the queue is
//! taken out. If it is touched while it is in limbo, or comes in again not long after it was dropped, it is proven, and
//! goes only when the clock hand takes it. A scan, however long, so passes through the share of the trial, and what is
//! touched again and again stays. Johnson and Shasha, *2Q*, 1994.

use base::{PAGE_SIZE, PageIndex, PageRange};
use memory::PageSet;
use std::collections::VecDeque;

/// One part in so many of memory is for pages on trial.
const SHARE: u64 = 4;
/// The last dropped pages are remembered, as many as one part in so many of memory has.
const REMEMBERED_SHARE: u64 = 2;
/// Entries of the queue that may be stale besides as many as there are pages.
const STALE_MAX: usize = 1024;

/// Pages on trial, and those dropped last.
pub(crate) struct Trial {
    queue: VecDeque<PageIndex>,
    pages: PageSet,
    pages_max: u64,
    dropped: VecDeque<PageIndex>,
    remembered: PageSet,
    remembered_max: usize,
}

impl Default for Trial {
    fn default() -> Trial {
        Trial {
            queue: VecDeque::new(),
            pages: PageSet::new(),
            pages_max: u64::MAX,
            dropped: VecDeque::new(),
            remembered: PageSet::new(),
            remembered_max: 0,
        }
    }
}

impl Trial {
    /// Says how much may be in memory.
    pub(crate) fn bound(&mut self, resident_bytes_max: u64) {
        let pages = resident_bytes_max / PAGE_SIZE as u64;
        self.pages_max = pages / SHARE;
        self.remembered_max = (pages / REMEMBERED_SHARE).min(u64::from(u32::MAX)) as usize;
    }

    /// Whether nothing bounds memory.
    pub(crate) fn is_unbounded(&self) -> bool {
        self.remembered_max == 0
    }

    /// Whether more is on trial than its share.
    pub(crate) fn is_over(&self) -> bool {
        self.pages.len() > self.pages_max
    }

    pub(crate) fn contains(&self, page: PageIndex) -> bool {
        self.pages.contains(page)
    }

    /// A page has come in, `proven` when it was touched in limbo.
    pub(crate) fn came_in(&mut self, page: PageIndex, proven: bool) {
        if proven || self.remembered.remove(page) {
            self.pages.remove(page);
        } else {
            self.queue_up(page);
        }
    }

    /// Puts a page at the end of the queue.
    pub(crate) fn queue_up(&mut self, page: PageIndex) {
        if self.pages.insert(page) {
            self.queue.push_back(page);
            if self.queue.len() as u64 > self.pages.len() * 2 + STALE_MAX as u64 {
                let mut seen = PageSet::new();
                self.queue.retain(|page| self.pages.contains(*page) && seen.insert(*page));
            }
        }
    }

    /// Takes up to `count` pages from the head of the queue, in the order of their addresses.
    pub(crate) fn next(&mut self, count: usize) -> Vec<PageIndex> {
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(page) = self.queue.pop_front()
        {
            // Else it was discarded since.
            if self.pages.remove(page) {
                taken.push(page);
            }
        }
        taken.sort_unstable_by_key(|page| page.0);
        taken
    }

    /// A page is away, by whatever way.
    pub(crate) fn went(&mut self, page: PageIndex) {
        self.pages.remove(page);
    }

    /// A page is no longer in memory, nor in limbo.
    pub(crate) fn dropped(&mut self, page: PageIndex) {
        if self.remembered_max == 0 {
            return;
        }
        if self.remembered.insert(page) {
            self.dropped.push_back(page);
        }
        while self.dropped.len() > self.remembered_max
            && let Some(oldest) = self.dropped.pop_front()
        {
            self.remembered.remove(oldest);
        }
    }

    /// Pages that are dead.
    pub(crate) fn forget(&mut self, pages: PageRange) {
        self.pages.remove_range(pages);
        self.remembered.remove_range(pages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_is_proven_and_what_comes_once_goes_first() {
        let mut trial = Trial::default();
        trial.bound(40 * PAGE_SIZE as u64);
        for page in 0..11 {
            trial.came_in(PageIndex(page), false);
        }
        assert!(trial.is_over() && trial.contains(PageIndex(0)));
        assert_eq!(trial.next(2), [PageIndex(0), PageIndex(1)]);
        assert!(!trial.is_over());
        trial.came_in(PageIndex(0), true);
        trial.dropped(PageIndex(1));
        trial.came_in(PageIndex(1), false);
        assert!(!trial.contains(PageIndex(0)) && !trial.contains(PageIndex(1)));
        trial.forget(PageRange { first: PageIndex(2), count: 3 });
        assert_eq!(trial.next(2), [PageIndex(5), PageIndex(6)]);
        // Only so many dropped pages are remembered.
        (100..121).for_each(|page| trial.dropped(PageIndex(page)));
        trial.came_in(PageIndex(100), false);
        trial.came_in(PageIndex(120), false);
        assert!(trial.contains(PageIndex(100)) && !trial.contains(PageIndex(120)));
    }
}
