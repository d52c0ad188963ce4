//! [`Limbo`]: pages that were taken out of a world and may be dropped, kept for a while in case they are touched again.
//!
//! A ring of pages in address space of its own: the oldest ones make room for new ones and are given back then.

use crate::sys::{Mapping, Uffd};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange};
use platform::MapperError;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most pages of the ring (64 MiB).
const SLOTS_MAX: usize = 16 << 10;
/// Fewest, where pages are kept at all: what is taken away together.
const SLOTS_MIN: usize = 128;
/// Slots that are given back together, as each call of the system costs as much as a page.
const GIVEN_BACK: usize = 16;
/// One part in so many of what may be in memory.
const SHARE: u64 = 16;

/// The ring.
pub(crate) struct Limbo {
    area: Mapping,
    /// The page in each slot of the ring.
    pages: Vec<Option<PageIndex>>,
    slots: BTreeMap<u32, usize>,
    next: usize,
    /// Slots from `next` on that hold nothing.
    ahead: usize,
    /// Pages that are gone for good since the last [`Limbo::take_dropped`].
    dropped: Vec<PageIndex>,
    /// Slots just filled that are to be given back at once, because nothing is kept.
    passing: Option<Range<usize>>,
}

impl Limbo {
    /// An empty ring that keeps nothing until [`Limbo::keep`].
    pub(crate) fn new(uffd: &Uffd) -> Result<Limbo, MapperError> {
        let area = Mapping::anonymous(SLOTS_MAX * PAGE_SIZE)?;
        area.keep_small_and_private()?;
        // What is moved needs a registered target.
        uffd.register(area.start(), SLOTS_MAX * PAGE_SIZE)?;
        Ok(Limbo {
            area,
            pages: Vec::new(),
            slots: BTreeMap::new(),
            next: 0,
            ahead: 0,
            dropped: Vec::new(),
            passing: None,
        })
    }

    /// Sets how large the ring is, when `resident_max` pages may be in memory. It does not shrink.
    pub(crate) fn keep(&mut self, resident_max: u64) {
        let wanted = (resident_max / SHARE).min(SLOTS_MAX as u64) as usize;
        if wanted.max(SLOTS_MIN) > self.pages.len() && wanted > 0 {
            self.pages.resize(wanted.max(SLOTS_MIN), None);
        }
    }

    /// Number of pages in it.
    pub(crate) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Free slots one behind the other, at most `count` and at least one.
    pub(crate) fn make_room(&mut self, count: u64) -> Result<Range<usize>, MapperError> {
        if self.pages.is_empty() {
            let slots = 0..(count as usize).min(SLOTS_MIN);
            self.passing = Some(slots.clone());
            return Ok(slots);
        }
        if self.ahead == 0 {
            let most = (count as usize).max(GIVEN_BACK);
            let cleared = self.next..self.pages.len().min(self.next + most);
            for slot in cleared.clone() {
                if let Some(page) = self.pages[slot].take() {
                    self.slots.remove(&page.0);
                    self.dropped.push(page);
                }
            }
            self.ahead = cleared.len();
            self.give_back(cleared)?;
        }
        let slots = self.next..self.next + self.ahead.min(count as usize);
        self.ahead -= slots.len();
        self.next = if slots.end == self.pages.len() { 0 } else { slots.end };
        Ok(slots)
    }

    /// The pages that made room since this was asked last.
    pub(crate) fn take_dropped(&mut self) -> Vec<PageIndex> {
        std::mem::take(&mut self.dropped)
    }

    /// Where a slot stands.
    pub(crate) fn place(&self, slot: usize) -> usize {
        self.area.start() + slot * PAGE_SIZE
    }

    /// What was moved to a slot.
    pub(crate) fn bytes(&self, slot: usize) -> &PageBytes {
        self.area.page_bytes(slot)
    }

    /// Says which page was moved to a slot.
    pub(crate) fn insert(&mut self, page: PageIndex, slot: usize) {
        if let Some(place) = self.pages.get_mut(slot) {
            *place = Some(page);
            self.slots.insert(page.0, slot);
        }
    }

    /// What was moved in the last round may go.
    pub(crate) fn settle(&mut self) -> Result<(), MapperError> {
        match self.passing.take() {
            Some(slots) => self.give_back(slots),
            None => Ok(()),
        }
    }

    /// The slot that holds a page.
    pub(crate) fn slot_of(&self, page: PageIndex) -> Option<usize> {
        self.slots.get(&page.0).copied()
    }

    /// Pages that came back, or are dead.
    pub(crate) fn forget(&mut self, pages: PageRange) {
        let end = u64::from(pages.first.0) + pages.count;
        loop {
            let from = pages.first.0;
            let Some((&page, &slot)) =
                self.slots.range(from..).next().filter(|(page, _)| u64::from(**page) < end)
            else {
                return;
            };
            self.slots.remove(&page);
            // The memory is given back when the ring comes round.
            self.pages[slot] = None;
        }
    }

    fn give_back(&self, slots: Range<usize>) -> Result<(), MapperError> {
        let first = PageIndex(slots.start as u32);
        let pages = PageRange { first, count: slots.len() as u64 };
        self.area.advise(pages, libc::MADV_DONTNEED, "giving pages back")
    }
}
