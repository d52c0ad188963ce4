//! [`Trial`]: which pages have shown that they are worth keeping.
//!
//! A page that comes in is on trial, in a queue: when more than its share of memory is on trial, the first of the queue is
//! taken out. If it is touched while it is in limbo, or comes in again not long after it was dropped, it is proven, and
//! goes only when the clock hand takes it. What is touched again and again so stays. Johnson and Shasha, *2Q*, 1994.
//!
//! Pages that were read ahead of a sequence of touches stand in a queue of their own, with a smaller share, which goes
//! first: a scan, however long, passes through that.

use base::{PAGE_SIZE, PageIndex, PageRange};
use memory::PageSet;
use std::collections::VecDeque;

/// One part in so many of memory is for pages on trial.
const SHARE: u64 = 4;
/// One part in so many of memory is for pages read in sequence.
const SEQUENCE_SHARE: u64 = 16;
/// The last dropped pages are remembered, so many times as many as memory has.
const REMEMBERED_TIMES: u64 = 2;
/// Entries of the queue that may be stale besides as many as there are pages.
const STALE_MAX: u64 = 1024;

/// Why a page came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CameIn {
    /// It was touched while it was in limbo.
    FromLimbo,
    /// It was touched, or stands beside one that was.
    Alone,
    /// It was read ahead of touches in sequence.
    InSequence,
}

/// Pages in the order in which they came.
#[derive(Default)]
struct Queue {
    order: VecDeque<PageIndex>,
    /// Those of them that are still meant.
    pages: PageSet,
}

impl Queue {
    fn add(&mut self, page: PageIndex) {
        if self.pages.insert(page) {
            self.order.push_back(page);
            if self.order.len() as u64 > self.pages.len() * 2 + STALE_MAX {
                let mut seen = PageSet::new();
                self.order.retain(|page| self.pages.contains(*page) && seen.insert(*page));
            }
        }
    }

    /// Takes up to `count` pages from the head, in the order of their addresses.
    fn take(&mut self, count: usize) -> Vec<PageIndex> {
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(page) = self.order.pop_front()
        {
            // Else it was discarded since.
            if self.pages.remove(page) {
                taken.push(page);
            }
        }
        taken.sort_unstable_by_key(|page| page.0);
        taken
    }
}

/// Pages on trial, and those dropped last.
pub(crate) struct Trial {
    single: Queue,
    single_max: u64,
    sequence: Queue,
    sequence_max: u64,
    dropped: VecDeque<PageIndex>,
    remembered: PageSet,
    remembered_max: usize,
}

impl Default for Trial {
    fn default() -> Trial {
        Trial {
            single: Queue::default(),
            single_max: u64::MAX,
            sequence: Queue::default(),
            sequence_max: u64::MAX,
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
        self.single_max = pages / SHARE;
        self.sequence_max = pages / SEQUENCE_SHARE;
        self.remembered_max = (pages * REMEMBERED_TIMES).min(u64::from(u32::MAX)) as usize;
    }

    /// Whether nothing bounds memory.
    pub(crate) fn is_unbounded(&self) -> bool {
        self.remembered_max == 0
    }

    /// Whether more is on trial than its share.
    pub(crate) fn is_over(&self) -> bool {
        self.is_sequence_over() || self.single.pages.len() > self.single_max
    }

    fn is_sequence_over(&self) -> bool {
        self.sequence.pages.len() > self.sequence_max
    }

    pub(crate) fn contains(&self, page: PageIndex) -> bool {
        self.single.pages.contains(page) || self.sequence.pages.contains(page)
    }

    /// A page has come in.
    pub(crate) fn came_in(&mut self, page: PageIndex, how: CameIn) {
        let remembered = self.remembered.remove(page);
        match how {
            CameIn::FromLimbo => self.went(page),
            _ if remembered => self.went(page),
            CameIn::Alone => self.single.add(page),
            CameIn::InSequence => self.sequence.add(page),
        }
    }

    /// A page could not be taken out: it waits for its turn anew.
    pub(crate) fn queue_up(&mut self, page: PageIndex) {
        self.single.add(page);
    }

    /// Takes up to `count` pages whose turn it is, in the order of their addresses.
    pub(crate) fn next(&mut self, count: usize) -> Vec<PageIndex> {
        if self.is_sequence_over() { self.sequence.take(count) } else { self.single.take(count) }
    }

    /// A page is away, by whatever way, or proven.
    pub(crate) fn went(&mut self, page: PageIndex) {
        self.single.pages.remove(page);
        self.sequence.pages.remove(page);
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
        self.single.pages.remove_range(pages);
        self.sequence.pages.remove_range(pages);
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
            trial.came_in(PageIndex(page), CameIn::Alone);
        }
        assert!(trial.is_over() && trial.contains(PageIndex(0)));
        assert_eq!(trial.next(2), [PageIndex(0), PageIndex(1)]);
        assert!(!trial.is_over());
        trial.came_in(PageIndex(0), CameIn::FromLimbo);
        trial.dropped(PageIndex(1));
        trial.came_in(PageIndex(1), CameIn::Alone);
        assert!(!trial.contains(PageIndex(0)) && !trial.contains(PageIndex(1)));
        trial.forget(PageRange { first: PageIndex(2), count: 3 });
        assert_eq!(trial.next(2), [PageIndex(5), PageIndex(6)]);
        // Only so many dropped pages are remembered.
        (100..181).for_each(|page| trial.dropped(PageIndex(page)));
        trial.came_in(PageIndex(100), CameIn::Alone);
        trial.came_in(PageIndex(180), CameIn::Alone);
        assert!(trial.contains(PageIndex(100)) && !trial.contains(PageIndex(180)));
    }

    #[test]
    fn what_is_read_in_sequence_goes_before_all_else() {
        let mut trial = Trial::default();
        trial.bound(40 * PAGE_SIZE as u64);
        (0..20).for_each(|page| trial.came_in(PageIndex(page), CameIn::Alone));
        (50..53).for_each(|page| trial.came_in(PageIndex(page), CameIn::InSequence));
        assert_eq!(trial.next(2), [PageIndex(50), PageIndex(51)]);
        assert_eq!(trial.next(2), [PageIndex(0), PageIndex(1)]);
    }
}
