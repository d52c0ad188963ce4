//! Mark bits: one for each smallest cell of the regions in use, one for each large page. In Rust memory, never in the
//! world: a collection dirties no page by marking.

use crate::format::{CELL_BYTES_MIN, REGION_BYTES, large_page_of};
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use layout::area::{LARGE, OBJECTS};

/// Set of marked objects.
pub(crate) struct Marks {
    cells: Vec<u64>,
    large: Vec<u64>,
}

impl Marks {
    /// Bytes that it takes.
    pub(crate) fn bytes(regions: u64, large_pages: u64) -> u64 {
        regions * (REGION_BYTES / CELL_BYTES_MIN / 8) + large_pages / 8
    }

    pub(crate) fn new(regions: u64, large_pages: u64) -> Marks {
        let cell_bits = regions * (REGION_BYTES / CELL_BYTES_MIN);
        Marks {
            cells: vec![0; cell_bits.div_ceil(64) as usize],
            large: vec![0; large_pages.div_ceil(64) as usize],
        }
    }

    /// Marks an object of the old space; whether it was not marked before.
    ///
    /// # Panics
    /// When no object can stand there: a reference is damaged, and to go on would spread the damage.
    #[inline(always)]
    pub(crate) fn set(&mut self, object: Addr) -> bool {
        let (words, bit) = if OBJECTS.contains(object) {
            (&mut self.cells, (object.0 - OBJECTS.start.0) / CELL_BYTES_MIN)
        } else {
            assert!(LARGE.contains(object), "a reference to {object} leads out of the heap");
            (&mut self.large, large_page_of(object))
        };
        let Some(word) = words.get_mut((bit / 64) as usize) else {
            panic!("a reference to {object} leads out of the used part of the heap");
        };
        let mask = 1 << (bit % 64);
        let fresh = *word & mask == 0;
        *word |= mask;
        fresh
    }
    /// Whether the cell is marked.
    #[inline(always)]
    pub(crate) fn cell(&self, cell: Addr) -> bool {
        let bit = (cell.0 - OBJECTS.start.0) / CELL_BYTES_MIN;
        self.cells[(bit / 64) as usize] >> (bit % 64) & 1 != 0
    }
    /// Whether the object that begins at this large page is marked.
    pub(crate) fn large(&self, page: u64) -> bool {
        self.large[(page / 64) as usize] >> (page % 64) & 1 != 0
    }
    /// Whether the address is that of a marked object.
    pub(crate) fn contains(&self, object: Addr) -> bool {
        let (words, bit) = if OBJECTS.contains(object) {
            (&self.cells, (object.0 - OBJECTS.start.0) / CELL_BYTES_MIN)
        } else if LARGE.contains(object) {
            (&self.large, large_page_of(object))
        } else {
            return false;
        };
        words.get((bit / 64) as usize).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }
}
