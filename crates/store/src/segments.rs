//! The segment table: which part of the device holds how much that is still needed, and which may be reused.
//!
//! A segment is reused only when nothing lies in it that can be reached from the group on that everything is kept of
//! ([`Keep`]): no live block, nothing superseded later, and no record of a later group; and when no kept tree can refer to
//! a block in it. The latter is judged for the segment as a whole, by when it was first written and last superseded.

use alloc::boxed::Box;
use alloc::vec::Vec;
use base::PageBytes;
use base::codec::Writer;
use platform::DeviceError;

use crate::disk::Disk;
use crate::format::{BLOCK, HEADER_BLOCKS, SEGMENT_ENTRY_BYTES, Segment, TABLE_PAGE_SEGMENTS};
use crate::history::Keep;

/// What all segments hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Blocks that the map refers to.
    pub(crate) live_blocks: u64,
    /// Blocks that are not live, in segments that history needs.
    pub(crate) history_blocks: u64,
    /// As many of them as the whole stretch needs.
    pub(crate) log_blocks: u64,
    /// Segments that may be overwritten.
    pub(crate) reusable: u64,
    /// Segments without anything live that may be overwritten once some more checkpoints are durable.
    pub(crate) emptied: u64,
}

/// All segments of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segments {
    pub(crate) list: Vec<Segment>,
    /// Blocks per segment; the last one is kept for the jump.
    pub(crate) blocks: u32,
    pub(crate) next_generation: u64,
    /// How many there may be before the device grows by single ones.
    pub(crate) wanted: u32,
    /// How many there were when the device could not grow, until it can.
    pub(crate) limit: Option<u32>,
}

impl Segments {
    /// First block of a segment on the device.
    pub(crate) fn start(&self, segment: u32) -> u64 {
        HEADER_BLOCKS + u64::from(segment) * u64::from(self.blocks)
    }
    /// The segment that holds `block`.
    pub(crate) fn of_block(&self, block: u64) -> u32 {
        ((block - HEADER_BLOCKS) / u64::from(self.blocks)) as u32
    }
    pub(crate) fn count(&self) -> u32 {
        self.list.len() as u32
    }
    pub(crate) fn get(&mut self, segment: u32) -> &mut Segment {
        &mut self.list[segment as usize]
    }
    /// Notes that the map refers to `block` now. Between checkpoints a block may count more than once: as a page of the tree
    /// and as the full copy that changes apply to, or for several pages whose changes it holds.
    pub(crate) fn add_live(&mut self, block: u64) {
        let segment = self.of_block(block);
        self.get(segment).live += 1;
    }
    /// Notes that a kept tree refers to `block`, which `group` writes, and the newest state does not.
    pub(crate) fn hold(&mut self, block: u64, group: u64) {
        let segment = self.of_block(block);
        let segment = self.get(segment);
        segment.superseded_group = segment.superseded_group.max(group + 1);
    }
    /// Notes that the map refers to `block` no more since `group`.
    pub(crate) fn drop_live(&mut self, block: u64, group: u64) {
        let segment = self.of_block(block);
        let segment = self.get(segment);
        assert!(segment.live > 0, "a block was superseded twice");
        segment.live -= 1;
        segment.superseded_group = segment.superseded_group.max(group);
    }
    /// Whether the segment may be overwritten while `keep` must stay readable.
    pub(crate) fn is_reusable(&self, segment: u32, active: u32, keep: &Keep) -> bool {
        let s = &self.list[segment as usize];
        segment != active
            && s.live == 0
            && s.superseded_group <= keep.group
            // A checkpoint's own tables are no live blocks, and stand in the group that it is.
            && (s.written_group < keep.group || s.generation == 0)
            && !keep.pins(s.first_group, s.superseded_group)
    }
    /// Segments that may be overwritten, lowest first.
    pub(crate) fn reusable<'a>(&'a self, active: u32, keep: &'a Keep) -> impl Iterator<Item = u32> + 'a {
        (0..self.count()).filter(move |&s| self.is_reusable(s, active, keep))
    }
    /// Blocks that the map refers to, over all segments.
    pub(crate) fn live_blocks(&self) -> u64 {
        self.list.iter().map(|s| u64::from(s.live)).sum()
    }
    /// Counts what the segments hold, the one that is written left out of all but the live blocks.
    pub(crate) fn census(&self, active: u32, keep: &Keep) -> Census {
        let mut census = Census::default();
        for (at, s) in self.list.iter().enumerate() {
            census.live_blocks += u64::from(s.live);
            if at as u32 == active {
                continue;
            }
            if self.is_reusable(at as u32, active, keep) {
                census.reusable += 1;
            } else if keep.is_history(s) {
                let blocks = u64::from(self.blocks.saturating_sub(s.live));
                census.history_blocks += blocks;
                census.log_blocks += if keep.is_in_log(s) { blocks } else { 0 };
            } else if s.live == 0 {
                census.emptied += 1;
            }
        }
        census
    }
    /// Takes a segment into use under a new generation.
    pub(crate) fn open(&mut self, segment: u32, group: u64) -> u64 {
        let generation = self.next_generation;
        self.next_generation += 1;
        *self.get(segment) =
            Segment { generation, live: 0, superseded_group: 0, first_group: group, written_group: group };
        generation
    }
    /// Makes the device longer by an eighth, but not by more than is wanted, and at least by `least` segments.
    pub(crate) fn grow(&mut self, disk: &Disk, least: u32) -> Result<(), DeviceError> {
        let more = (self.count() / 8).min(8).min(self.wanted.saturating_sub(self.count())).max(least);
        let mut grown = self.grow_by(disk, more);
        if grown.is_err() && more > least {
            grown = self.grow_by(disk, least);
        }
        self.limit = grown.is_err().then(|| self.count());
        grown
    }
    fn grow_by(&mut self, disk: &Disk, more: u32) -> Result<(), DeviceError> {
        let count = self.count() + more;
        disk.grow(HEADER_BLOCKS + u64::from(count) * u64::from(self.blocks))?;
        self.list.resize(count as usize, Segment::default());
        Ok(())
    }
    /// Pages that the table takes on the device.
    pub(crate) fn table_pages(&self) -> usize {
        self.list.len().div_ceil(TABLE_PAGE_SEGMENTS)
    }
    /// The table as pages.
    pub(crate) fn encode(&self) -> Vec<Box<PageBytes>> {
        let encode_page = |segments: &[Segment]| {
            let mut w = Writer::new();
            segments.iter().for_each(|s| s.encode(&mut w));
            let mut page = Box::new([0u8; BLOCK]);
            page[..w.bytes.len()].copy_from_slice(&w.bytes);
            page
        };
        self.list.chunks(TABLE_PAGE_SEGMENTS).map(encode_page).collect()
    }
    /// Appends the segments of one page of the table, up to `count` in all.
    pub(crate) fn decode_page(list: &mut Vec<Segment>, page: &PageBytes, count: u32) {
        for raw in page.chunks(SEGMENT_ENTRY_BYTES) {
            if list.len() < count as usize {
                list.push(Segment::decode(raw));
            }
        }
    }
}
