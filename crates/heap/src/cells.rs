//! The old space: regions of 256 KiB, each of cells of one size. Objects here never move.
//!
//! The truth is the record of each region in the world ([`crate::format::record`]): its size class and a bit for each
//! cell in use. Allocation takes *runs* of free cells, lowest address first, from the first region of its class's list of
//! regions with room, so survivors of one collection lie together. A run's cells are entered in the bit map when the run
//! is left or [`Cells::flush`] is called; between two calls into the heap nothing is pending.
//!
//! Cells become free only in the sweep, which builds the lists anew. So an allocation never looks back, and a region that
//! is taken off its list stays off until then.
//!
//! Costs: a few ns for a cell out of a run; a run costs one or two reads of the bit map for each 64 cells.

use crate::format::{
    CELL_BYTES, REGION_BYTES, REGION_RECORD_BYTES, REGION_SHIFT, REGIONS_MAX, SIZE_CLASSES, STATE, cells_of,
    record, region_of, region_record, region_start, size_class, state,
};
use crate::mark::Marks;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Addr, PAGE_SIZE, PageRange};
use layout::area::OBJECTS;
use memory::{Memory, MemoryError};

/// A region is allocated from again when a sweep finds at least one cell in so many free: in fuller ones the survivors
/// of a collection would be scattered over many pages, each of which the next snapshot has to store.
const WORTH_ONE_IN: u32 = 4;
/// Runs of so many pages without a live cell are given back.
const DISCARD_PAGES_MIN: u64 = 4;

/// Free cells of one class that are being handed out.
#[derive(Clone, Copy, Default)]
struct Run {
    /// First cell not yet entered in the bit map.
    first: u64,
    /// Next cell to hand out.
    next: u64,
    /// One past the last cell.
    end: u64,
}

/// What a sweep found.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Swept {
    pub(crate) objects_freed: u64,
    pub(crate) bytes_freed: u64,
    pub(crate) regions_freed: u64,
}

/// Allocator and sweeper of the cells.
pub(crate) struct Cells {
    memory: Arc<Memory>,
    runs: [Run; SIZE_CLASSES],
}

impl Cells {
    pub(crate) fn new(memory: Arc<Memory>) -> Cells {
        Cells { memory, runs: [Run::default(); SIZE_CLASSES] }
    }

    /// Bytes of all cells in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.memory.load_u64(STATE.add(state::CELL_BYTES))
    }
    /// Regions ever used.
    pub(crate) fn regions_used(&self) -> u64 {
        self.memory.load_u64(STATE.add(state::REGIONS_USED))
    }

    /// A cell for `bytes`; its content is undefined. `None` when the area is full.
    #[inline(always)]
    pub(crate) fn allocate(&mut self, bytes: u64) -> Option<Addr> {
        let class = size_class(bytes);
        let run = &mut self.runs[class];
        if run.next == run.end {
            self.next_run(class)?;
        }
        let run = &mut self.runs[class];
        let at = run.next;
        run.next += u64::from(CELL_BYTES[class]);
        Some(Addr(at))
    }

    /// Enters all cells handed out so far in the bit maps.
    pub(crate) fn flush(&mut self) {
        for class in 0..SIZE_CLASSES {
            self.flush_run(class);
        }
    }

    /// Enters the cells of the class's run in the bit map.
    pub(crate) fn flush_run(&mut self, class: usize) {
        let run = self.runs[class];
        if run.first == run.next {
            return;
        }
        let size = u64::from(CELL_BYTES[class]);
        let region = region_of(Addr(run.first));
        let start = region_start(region).0;
        let (from, to) = ((run.first - start) / size, (run.next - start) / size);
        let table = region_record(region);
        let mut cell = from;
        while cell < to {
            let in_word = (64 - cell % 64).min(to - cell);
            let mask = (u64::MAX >> (64 - in_word)) << (cell % 64);
            let at = table.add(record::BITS + cell / 64 * 8);
            let word = self.memory.load_u64(at);
            assert!(word & mask == 0, "a cell in use was handed out again");
            self.memory.store_u64(at, word | mask);
            cell += in_word;
        }
        let free = self.memory.load_u32(table.add(record::FREE));
        assert!(u64::from(free) >= to - from, "a region has fewer free cells than were handed out");
        self.memory.store_u32(table.add(record::FREE), free - (to - from) as u32);
        self.memory.store_u64(STATE.add(state::CELL_BYTES), self.bytes() + (to - from) * size);
        self.runs[class].first = run.next;
    }

    /// Enters the class's cells and finds the next run of free ones.
    #[cold]
    fn next_run(&mut self, class: usize) -> Option<()> {
        self.flush_run(class);
        let list = STATE.add(state::PARTIAL + class as u64 * 4);
        let size = u64::from(CELL_BYTES[class]);
        // Cells before the end of the last run are known to be in use.
        let mut after = self.runs[class].end;
        loop {
            let head = self.memory.load_u32(list);
            let region = if head == 0 { self.open_region(class)? } else { u64::from(head) - 1 };
            let start = region_start(region).0;
            let from =
                if after > start && after <= start + REGION_BYTES { (after - start) / size } else { 0 };
            if let Some((first, end)) = self.free_run(region, class, from) {
                let first = start + first * size;
                self.runs[class] = Run { first, next: first, end: start + end * size };
                return Some(());
            }
            let table = region_record(region);
            self.memory.store_u32(list, self.memory.load_u32(table.add(record::NEXT)));
            self.memory.store_u32(table.add(record::NEXT), 0);
            after = 0;
        }
    }

    /// The first run of free cells at or after cell `from`.
    fn free_run(&self, region: u64, class: usize, from: u64) -> Option<(u64, u64)> {
        let cells = u64::from(cells_of(class));
        let bits = region_record(region).add(record::BITS);
        let mut first = None;
        let mut cell = from;
        while cell < cells {
            let word = self.memory.load_u64(bits.add(cell / 64 * 8)) >> (cell % 64);
            let left = 64 - cell % 64;
            match first {
                None => {
                    let used = u64::from((!word).trailing_zeros()).min(left);
                    cell += used;
                    if used < left && cell < cells {
                        first = Some(cell);
                    }
                }
                Some(start) => {
                    let free = u64::from(word.trailing_zeros()).min(left);
                    cell += free;
                    if free < left {
                        return Some((start, cell.min(cells)));
                    }
                }
            }
        }
        first.map(|start| (start, cells))
    }

    /// Makes a wholly free region the first of the class's list.
    fn open_region(&mut self, class: usize) -> Option<u64> {
        let memory = &self.memory;
        let free = memory.load_u32(STATE.add(state::FREE_REGION));
        let region = if free != 0 {
            let region = u64::from(free) - 1;
            let next = memory.load_u32(region_record(region).add(record::NEXT));
            memory.store_u32(STATE.add(state::FREE_REGION), next);
            region
        } else {
            let used = self.regions_used();
            if used == REGIONS_MAX {
                return None;
            }
            memory.store_u64(STATE.add(state::REGIONS_USED), used + 1);
            used
        };
        let table = region_record(region);
        memory.store_u32(table.add(record::CLASS), class as u32 + 1);
        memory.store_u32(table.add(record::FREE), cells_of(class));
        memory.store_u32(table.add(record::NEXT), 0);
        memory.store_u32(STATE.add(state::PARTIAL + class as u64 * 4), region as u32 + 1);
        Some(region)
    }

    /// Class of the cells of a region, `None` for a free one or a damaged record.
    pub(crate) fn class_of(&self, region: u64) -> Option<usize> {
        let class = self.memory.load_u32(region_record(region).add(record::CLASS)) as usize;
        if class == 0 || class > SIZE_CLASSES { None } else { Some(class - 1) }
    }

    /// Whether a cell in use begins at `addr` (of the area of objects); its size.
    pub(crate) fn cell_at(&self, addr: Addr) -> Option<u64> {
        let region = region_of(addr);
        if region >= self.regions_used() {
            return None;
        }
        let class = self.class_of(region)?;
        let size = u64::from(CELL_BYTES[class]);
        let offset = addr.0 - region_start(region).0;
        let cell = offset / size;
        if !offset.is_multiple_of(size) || cell >= u64::from(cells_of(class)) {
            return None;
        }
        let word = self.memory.load_u64(region_record(region).add(record::BITS + cell / 64 * 8));
        (word >> (cell % 64) & 1 != 0).then_some(size)
    }

    /// Calls `found` with each cell in use of a region.
    pub(crate) fn for_each(&self, region: u64, found: &mut dyn FnMut(Addr, u64)) {
        let Some(class) = self.class_of(region) else { return };
        let size = u64::from(CELL_BYTES[class]);
        for word in 0..u64::from(cells_of(class)).div_ceil(64) {
            let mut bits = self.memory.load_u64(region_record(region).add(record::BITS + word * 8));
            while bits != 0 {
                let cell = word * 64 + u64::from(bits.trailing_zeros());
                bits &= bits - 1;
                found(region_start(region).add(cell * size), size);
            }
        }
    }

    /// Frees every cell without a mark, and builds the lists anew.
    pub(crate) fn sweep(&mut self, marks: &Marks) -> Result<Swept, MemoryError> {
        self.flush();
        self.runs = [Run::default(); SIZE_CLASSES];
        let mut swept = Swept::default();
        let mut partial: Vec<Vec<u32>> = alloc::vec![Vec::new(); SIZE_CLASSES];
        let mut free = Vec::new();
        let mut used = 0;
        for region in 0..self.regions_used() {
            let Some(class) = self.class_of(region) else {
                free.push(region as u32);
                continue;
            };
            let left = self.sweep_region(region, class, marks, &mut swept)?;
            if left == cells_of(class) {
                self.free_region(region)?;
                swept.regions_freed += 1;
                free.push(region as u32);
                continue;
            }
            used = region + 1;
            if left > 0 && left * WORTH_ONE_IN >= cells_of(class) {
                partial[class].push(region as u32);
            } else {
                self.store_changed(region_record(region).add(record::NEXT), 0);
            }
        }
        while free.last().is_some_and(|last| u64::from(*last) >= used) {
            free.pop();
        }
        let dropped = used..self.regions_used();
        self.memory.store_u64(STATE.add(state::REGIONS_USED), used);
        for region in dropped {
            self.store_changed(region_record(region).add(record::NEXT), 0);
        }
        self.link(STATE.add(state::FREE_REGION), &free);
        for (class, regions) in partial.iter().enumerate() {
            self.link(STATE.add(state::PARTIAL + class as u64 * 4), regions);
        }
        self.memory.store_u64(STATE.add(state::CELL_BYTES), self.bytes() - swept.bytes_freed);
        Ok(swept)
    }

    /// Frees the region's cells without a mark; how many cells are free then.
    fn sweep_region(
        &self,
        region: u64,
        class: usize,
        marks: &Marks,
        swept: &mut Swept,
    ) -> Result<u32, MemoryError> {
        let memory = &*self.memory;
        let table = region_record(region);
        let start = region_start(region);
        let size = u64::from(CELL_BYTES[class]);
        let mut dead: Vec<u64> = Vec::new();
        let mut live = 0;
        for word in 0..u64::from(cells_of(class)).div_ceil(64) {
            let at = table.add(record::BITS + word * 8);
            let used = memory.load_u64(at);
            let mut kept = used;
            let mut bits = used;
            while bits != 0 {
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                let cell = word * 64 + u64::from(bit);
                if !marks.cell(start.add(cell * size)) {
                    kept &= !(1 << bit);
                    dead.push(cell);
                }
            }
            live += kept.count_ones();
            if kept != used {
                memory.store_u64(at, kept);
            }
        }
        let free = cells_of(class) - live;
        if !dead.is_empty() {
            swept.objects_freed += dead.len() as u64;
            swept.bytes_freed += dead.len() as u64 * size;
            memory.store_u32(table.add(record::FREE), free);
            if live != 0 {
                self.discard_dead(region, size, &dead)?;
            }
        }
        Ok(free)
    }

    /// Discards the pages that only free cells lie on, as far as some of them died just now. Dead cells that share a page
    /// with live ones are left as they are: to clear them would bring their page in and have it stored for nothing.
    fn discard_dead(&self, region: u64, size: u64, dead: &[u64]) -> Result<(), MemoryError> {
        const PAGE: u64 = PAGE_SIZE as u64;
        let memory = &*self.memory;
        let start = region_start(region);
        let cells = u64::from(cells_of(size_class(size)));
        let bits = region_record(region).add(record::BITS);
        let is_free = |cell: u64| memory.load_u64(bits.add(cell / 64 * 8)) >> (cell % 64) & 1 == 0;
        let mut index = 0;
        while index < dead.len() {
            // The longest stretch of free cells around this one: pages inside it are dead.
            let mut last = dead[index];
            while last + 1 < cells && is_free(last + 1) {
                last += 1;
            }
            let mut first = dead[index];
            while first > 0 && is_free(first - 1) {
                first -= 1;
            }
            let from = (first * size).next_multiple_of(PAGE);
            let to = if last + 1 == cells { REGION_BYTES } else { (last + 1) * size / PAGE * PAGE };
            if to >= from + DISCARD_PAGES_MIN * PAGE {
                memory.discard(PageRange::covering(start.add(from), to - from))?;
            }
            while index < dead.len() && dead[index] <= last {
                index += 1;
            }
        }
        Ok(())
    }

    /// Gives all memory of a region without live cells back.
    fn free_region(&self, region: u64) -> Result<(), MemoryError> {
        let memory = &*self.memory;
        memory.discard(PageRange::covering(region_start(region), REGION_BYTES))?;
        let table = region_record(region);
        memory.store_u32(table.add(record::CLASS), 0);
        memory.store_u32(table.add(record::FREE), 0);
        Ok(())
    }

    /// Makes a list of these regions in this order.
    fn link(&self, head: Addr, regions: &[u32]) {
        let mut at = head;
        for region in regions {
            self.store_changed(at, region + 1);
            at = region_record(u64::from(*region)).add(record::NEXT);
        }
        self.store_changed(at, 0);
    }

    /// Stores only what changes, so that lists that stay as they are dirty no page.
    fn store_changed(&self, at: Addr, value: u32) {
        if self.memory.load_u32(at) != value {
            self.memory.store_u32(at, value);
        }
    }
}

const _: () = assert!(REGION_BYTES == 1 << REGION_SHIFT && REGION_RECORD_BYTES.is_multiple_of(8));
const _: () = assert!(OBJECTS.len().is_multiple_of(REGION_BYTES));
