//! [`Grey`]: which of the marked objects a full collection looks at next.
//!
//! A heap that fits in memory is marked by a stack: a child mostly lies near its parent, and was touched not long ago.
//! In one that does not, a stack would jump from page to page at random and read most of them again for every object.
//! So only references into *hot* regions, those looked at last, go to the stack; what lies elsewhere is noted in a bit map
//! of its region. When the stack is empty the region with the most notes becomes hot, and all of them are looked at in the
//! order of their addresses. Where references are spread evenly a page is so read a few times, not once for each object.
//!
//! The stack is bounded: what does not fit is noted in the same way. All of it together takes a bit for
//! each 16 bytes of the regions with notes, two words for each region, and the stack.

use crate::format::{REGION_BYTES, region_of, region_start};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use layout::area::OBJECTS;
use layout::schema::header;

/// Objects that the stack holds at most (512 KiB).
const STACK_MAX: usize = 64 << 10;
/// Objects begin at multiples of this.
const PLACE_BYTES: u64 = header::ALIGN;
/// Words of the notes of a region.
const WORDS: usize = (REGION_BYTES / PLACE_BYTES / 64) as usize;

/// Objects noted in one region: a bit for each place where one may begin.
type Notes = Box<[u64; WORDS]>;

/// Bounds of what a full collection keeps in mind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkBounds {
    /// Regions that are taken for being in memory; all of them when there are no more.
    pub hot_regions: u64,
    /// Objects on the stack.
    pub stack: usize,
}

impl MarkBounds {
    /// Bounds for a heap of which so many bytes may be in memory at once.
    pub(crate) fn for_memory(resident_bytes_max: u64) -> MarkBounds {
        // What comes in once goes again after a quarter of the memory has come in after it.
        MarkBounds { hot_regions: (resident_bytes_max / 4 / REGION_BYTES).max(1), stack: STACK_MAX }
    }
}

/// Marked objects that are still to be looked at.
pub(crate) struct Grey {
    stack: Vec<Addr>,
    stack_max: usize,
    /// Whether every region counts as hot.
    all_hot: bool,
    is_hot: Vec<bool>,
    /// Hot regions, the one that became so first in front.
    hot: VecDeque<u32>,
    hot_max: usize,
    notes: Vec<Option<Notes>>,
    /// How many objects are noted in each region.
    counts: Vec<u32>,
    noted: u64,
    /// Large objects, which are few.
    large: Vec<Addr>,
}

impl Grey {
    pub(crate) fn new(regions: u64, fits: bool, bounds: MarkBounds) -> Grey {
        let regions = regions as usize;
        Grey {
            stack: Vec::new(),
            // A region's notes must fit.
            stack_max: bounds.stack,
            all_hot: fits || bounds.hot_regions >= regions as u64,
            is_hot: vec![false; regions],
            hot: VecDeque::new(),
            hot_max: bounds.hot_regions as usize,
            notes: core::iter::repeat_with(|| None).take(regions).collect(),
            counts: vec![0; regions],
            noted: 0,
            large: Vec::new(),
        }
    }

    /// Bytes that it may take for a heap of so many regions.
    pub(crate) fn bytes_max(regions: u64) -> u64 {
        regions * (WORDS as u64 * 8 + 16) + (STACK_MAX * size_of::<Addr>()) as u64
    }

    /// Adds an object that was marked just now.
    #[inline(always)]
    pub(crate) fn push(&mut self, object: Addr) {
        if self.all_hot && self.stack.len() < self.stack_max {
            self.stack.push(object);
        } else {
            self.push_slow(object);
        }
    }

    #[inline(never)]
    fn push_slow(&mut self, object: Addr) {
        if !OBJECTS.contains(object) {
            self.large.push(object);
            return;
        }
        let region = region_of(object) as usize;
        if self.is_hot[region] && self.stack.len() < self.stack_max {
            self.stack.push(object);
            return;
        }
        let bit = (object.0 - region_start(region as u64).0) / PLACE_BYTES;
        let notes = self.notes[region].get_or_insert_with(|| Box::new([0; WORDS]));
        notes[(bit / 64) as usize] |= 1 << (bit % 64);
        self.counts[region] += 1;
        self.noted += 1;
    }

    /// The object to look at next; none when all were.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Addr> {
        match self.stack.pop() {
            Some(object) => Some(object),
            None => self.pop_slow(),
        }
    }

    #[inline(never)]
    fn pop_slow(&mut self) -> Option<Addr> {
        if let Some(object) = self.large.pop() {
            return Some(object);
        }
        if self.noted == 0 {
            return None;
        }
        let fullest = self.counts.iter().enumerate().max_by_key(|(_, count)| **count);
        let region = fullest.map_or(0, |(region, _)| region);
        self.warm(region);
        self.noted -= u64::from(core::mem::take(&mut self.counts[region]));
        let notes = self.notes[region].take()?;
        // The lowest address on top.
        for (word, bits) in notes.iter().enumerate().rev() {
            let mut bits = *bits;
            while bits != 0 {
                let bit = 63 - bits.leading_zeros();
                bits &= !(1 << bit);
                let place = (word as u64 * 64 + u64::from(bit)) * PLACE_BYTES;
                self.stack.push(region_start(region as u64).add(place));
            }
        }
        self.stack.pop()
    }

    /// Makes a region hot, and the one that has been hot for longest cold.
    fn warm(&mut self, region: usize) {
        if self.all_hot || self.is_hot[region] {
            return;
        }
        if self.hot.len() >= self.hot_max
            && let Some(cold) = self.hot.pop_front()
        {
            self.is_hot[cold as usize] = false;
        }
        self.is_hot[region] = true;
        self.hot.push_back(region as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::region_start;

    #[test]
    fn every_object_comes_out_once_however_tight_the_bounds() {
        for (hot_regions, stack) in [(1, 1), (1, 10), (3, 2), (100, 1), (100, 1000)] {
            let mut grey = Grey::new(8, false, MarkBounds { hot_regions, stack });
            let mut wanted = Vec::new();
            for number in 0..500 {
                let object = region_start(number * 7 % 8).add(number * 48);
                wanted.push(object);
                grey.push(object);
            }
            let large = layout::area::LARGE.start;
            wanted.push(large);
            grey.push(large);
            let mut found: Vec<Addr> = core::iter::from_fn(|| grey.pop()).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{hot_regions} {stack}");
        }
    }
}
