//! The heap's own bytes in the world: state in the root page, a record for each region, a table of large pages.
//!
//! All integers are little-endian. Everything here is read where it is needed; nothing is scanned when a world opens.
//!
//! | where | what |
//! |---|---|
//! | root page, from [`HEAP_STATE_OFFSET`] | [`state`]: high-water marks, list heads, counters |
//! | [`REGION_TABLE`], [`REGION_RECORD_BYTES`] each | [`record`]: size class, free cells, next in list, bit map of cells in use |
//! | [`LARGE_TABLE`], 8 bytes for each page of the area | [`Extent`]: at the first page of each extent its state, length and next in list |
//!
//! Records are small enough that four regions share a page: promoting into many size classes dirties few pages.

use base::{Addr, PAGE_SHIFT, PAGE_SIZE, WORLD_BASE};
use layout::area::{LARGE, METADATA, OBJECTS, ROOT};
use layout::schema::{HEAP_STATE_OFFSET, header};

/// `log2(REGION_BYTES)`.
pub(crate) const REGION_SHIFT: u32 = 18;
/// Bytes of a region: cells of one size.
pub(crate) const REGION_BYTES: u64 = 1 << REGION_SHIFT;
/// How many regions the area of objects has.
pub(crate) const REGIONS_MAX: u64 = OBJECTS.len() / REGION_BYTES;
/// The smallest cell, in bytes: a mark bit stands for so many bytes.
pub(crate) const CELL_BYTES_MIN: u64 = 32;
/// The largest cell, in bytes: a larger object lives on pages of its own.
pub(crate) const CELL_BYTES_MAX: u64 = 32 << 10;

/// Fields of the heap's state, offsets from [`STATE`].
pub(crate) mod state {
    /// [`super::STATE_MAGIC`].
    pub(crate) const MAGIC: u64 = 0;
    /// Regions ever used, wholly free ones included (u64).
    pub(crate) const REGIONS_USED: u64 = 8;
    /// First wholly free region plus one (u32).
    pub(crate) const FREE_REGION: u64 = 16;
    /// Pages of the large area ever used, free ones included (u64).
    pub(crate) const LARGE_PAGES_USED: u64 = 24;
    /// Bytes of all cells in use (u64).
    pub(crate) const CELL_BYTES: u64 = 32;
    /// Bytes of all large pages in use (u64).
    pub(crate) const LARGE_BYTES: u64 = 40;
    /// Sum of both after the last full collection (u64).
    pub(crate) const BYTES_AFTER_FULL: u64 = 48;
    /// Full collections since the world was made (u64).
    pub(crate) const FULL_COLLECTIONS: u64 = 56;
    /// For each size class the first region with room, plus one (u32 each).
    pub(crate) const PARTIAL: u64 = 64;
    /// For each `log2` of the length in pages the first free extent, plus one (u32 each).
    pub(crate) const FREE_EXTENTS: u64 = PARTIAL + 4 * super::SIZE_CLASSES_ROOM as u64;
    /// Size in bytes.
    pub(crate) const SIZE: u64 = FREE_EXTENTS + 4 * super::EXTENT_BUCKETS as u64;
}

/// Fields of a region's record.
pub(crate) mod record {
    /// Size class plus one; zero for a wholly free region (u32).
    pub(crate) const CLASS: u64 = 0;
    /// Free cells (u32).
    pub(crate) const FREE: u64 = 4;
    /// Next region in its list, plus one (u32).
    pub(crate) const NEXT: u64 = 8;
    /// Bit map of the cells in use, in words of 64 bits.
    pub(crate) const BITS: u64 = 64;
}

/// Where the heap's state stands.
pub(crate) const STATE: Addr = Addr(ROOT.0 + HEAP_STATE_OFFSET);
/// [`state::MAGIC`]: name and version of these formats.
pub(crate) const STATE_MAGIC: u64 = u64::from_le_bytes(*b"PhHeap01");
/// Bytes of a region's record.
pub(crate) const REGION_RECORD_BYTES: u64 = 1024;
/// The records of all regions.
pub(crate) const REGION_TABLE: Addr = Addr(WORLD_BASE + (1 << 30));
/// The words of all large pages.
pub(crate) const LARGE_TABLE: Addr = Addr(WORLD_BASE + (32 << 30));
/// Pages of the large area.
pub(crate) const LARGE_PAGES_MAX: u64 = LARGE.len() >> PAGE_SHIFT;
/// Size classes that the state has room for.
const SIZE_CLASSES_ROOM: usize = 64;
/// Lists of free extents: one for each `log2` of a length.
pub(crate) const EXTENT_BUCKETS: usize = 32;

const LINEAR_CLASSES: usize = 7;
const LINEAR_MAX: u32 = 128;
const STEPS: usize = 4;
/// How many sizes of cells there are.
pub(crate) const SIZE_CLASSES: usize = LINEAR_CLASSES + STEPS * 8;

/// Bytes of the cells of each class: steps of 16 up to 128, then four to a doubling (so at most a fifth is lost).
pub(crate) const CELL_BYTES: [u32; SIZE_CLASSES] = {
    let mut sizes = [0; SIZE_CLASSES];
    let mut class = 0;
    while class < LINEAR_CLASSES {
        sizes[class] = CELL_BYTES_MIN as u32 + 16 * class as u32;
        class += 1;
    }
    let mut base = LINEAR_MAX;
    while class < SIZE_CLASSES {
        let step = (class - LINEAR_CLASSES) % STEPS + 1;
        sizes[class] = base + base / STEPS as u32 * step as u32;
        if step == STEPS {
            base *= 2;
        }
        class += 1;
    }
    sizes
};

/// Class by size in units of 16 bytes.
const CLASS_BY_UNITS: [u8; (CELL_BYTES_MAX / 16) as usize + 1] = {
    let mut table = [0; (CELL_BYTES_MAX / 16) as usize + 1];
    let mut class = 0;
    let mut units = 0;
    while units < table.len() {
        if units as u32 * 16 > CELL_BYTES[class] {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
};

const _: () = assert!(CELL_BYTES[SIZE_CLASSES - 1] as u64 == CELL_BYTES_MAX);
const _: () = assert!(SIZE_CLASSES <= SIZE_CLASSES_ROOM);
const _: () = assert!(HEAP_STATE_OFFSET + state::SIZE <= PAGE_SIZE as u64);
const _: () = assert!(REGION_TABLE.0 > METADATA.start.0);
const _: () = assert!(REGION_TABLE.0 + REGIONS_MAX * REGION_RECORD_BYTES <= LARGE_TABLE.0);
const _: () = assert!(LARGE_TABLE.0 + LARGE_PAGES_MAX * 8 <= METADATA.end.0);
const _: () = assert!(REGIONS_MAX < u32::MAX as u64 && LARGE_PAGES_MAX <= 1 << 30);
const _: () =
    assert!(OBJECTS.start.0.is_multiple_of(REGION_BYTES) && LARGE.start.0.is_multiple_of(PAGE_SIZE as u64));
const _: () = assert!(CELL_BYTES_MIN >= header::SIZE && CELL_BYTES_MIN.is_multiple_of(header::ALIGN));

/// The class of cells for objects of `bytes`, at most [`CELL_BYTES_MAX`].
#[inline(always)]
pub(crate) fn size_class(bytes: u64) -> usize {
    CLASS_BY_UNITS[bytes.div_ceil(16) as usize] as usize
}

/// How many cells a region of this class has: as many as fit, and as the record has bits for.
pub(crate) fn cells_of(class: usize) -> u32 {
    let fit = REGION_BYTES / u64::from(CELL_BYTES[class]);
    let bits = (REGION_RECORD_BYTES - record::BITS) * 8;
    fit.min(bits) as u32
}

/// The region that holds an address of the area of objects.
#[inline(always)]
pub(crate) fn region_of(addr: Addr) -> u64 {
    (addr.0 - OBJECTS.start.0) >> REGION_SHIFT
}
/// The first address of a region.
pub(crate) fn region_start(region: u64) -> Addr {
    OBJECTS.start.add(region << REGION_SHIFT)
}
/// The record of a region.
pub(crate) fn region_record(region: u64) -> Addr {
    REGION_TABLE.add(region * REGION_RECORD_BYTES)
}
/// The large page that holds an address.
#[inline(always)]
pub(crate) fn large_page_of(addr: Addr) -> u64 {
    (addr.0 - LARGE.start.0) >> PAGE_SHIFT
}
/// The first address of a large page.
pub(crate) fn large_page_start(page: u64) -> Addr {
    LARGE.start.add(page << PAGE_SHIFT)
}

/// Whether an extent of large pages is in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Holds one object.
    Taken,
    /// Free; its pages read as zero.
    Free,
}

/// The word at an extent's first page; the words of its other pages are zero.
///
/// Bits 0..2 the use (1 taken, 2 free), 2..32 the length in pages, 32..64 the next free extent of its list plus one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    pub(crate) usage: Use,
    pub(crate) pages: u64,
    /// First page of the next free extent, plus one.
    pub(crate) next: u32,
}

impl Extent {
    pub(crate) fn encode(self) -> u64 {
        let usage = match self.usage {
            Use::Taken => 1,
            Use::Free => 2,
        };
        usage | self.pages << 2 | u64::from(self.next) << 32
    }
    pub(crate) fn decode(word: u64) -> Option<Extent> {
        let usage = match word & 3 {
            1 => Use::Taken,
            2 => Use::Free,
            _ => return None,
        };
        Some(Extent { usage, pages: (word & 0xffff_ffff) >> 2, next: (word >> 32) as u32 })
    }
    /// The list that a free extent of this length stands in.
    pub(crate) fn bucket(pages: u64) -> usize {
        pages.ilog2() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_cell_that_holds_it() {
        for bytes in 1..=CELL_BYTES_MAX {
            let class = size_class(bytes);
            assert!(u64::from(CELL_BYTES[class]) >= bytes);
            assert!(class == 0 || u64::from(CELL_BYTES[class - 1]) < bytes, "{bytes}");
        }
        for (class, size) in CELL_BYTES.iter().enumerate() {
            assert_eq!(size % 16, 0);
            assert!(u64::from(*size) * u64::from(cells_of(class)) <= REGION_BYTES);
            assert!(class == 0 || size * 4 <= CELL_BYTES[class - 1] * 6, "{size}");
        }
    }

    #[test]
    fn extents_come_back() {
        for usage in [Use::Taken, Use::Free] {
            for (pages, next) in [(1, 0), (9, 77), (1 << 28, 1 << 30), ((1 << 30) - 1, u32::MAX)] {
                let extent = Extent { usage, pages, next };
                assert_eq!(Extent::decode(extent.encode()), Some(extent));
            }
        }
        assert_eq!(Extent::decode(0), None);
    }
}
