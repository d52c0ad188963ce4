//! [`Memory`]: one mapped world, its dirty sets and its epochs.

use crate::announced::Announced;
use crate::capture::{Content, Pool, Saved};
use crate::evict::{Guarded, Ledger, STAGE_COPYING, STAGE_IDLE};
use crate::mutants::{self, Mutant};
use crate::protocol::{self, Place, SEQUENCE_MAX, Site, Stage};
use crate::table::{Leaf, slot};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::limits::STAGING_PAGES_MAX;
use base::{Addr, Epoch, PAGE_SIZE, PageIndex, PageRange, WORLD_BASE};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU32, AtomicU64};
use platform::{MapperError, PageMapper, PageSource, Paging};

/// How a world is to be mapped.
#[derive(Clone, Debug)]
pub struct MemoryConfig {
    /// Plain zeroed memory that no snapshot holds (the nursery). May be empty.
    pub scratch: PageRange,
    /// Every page that the source holds; read at once with [`Paging::Eager`], unused otherwise.
    pub stored_pages: Vec<PageIndex>,
    /// Passes a moment of waiting for another thread, such as `std::thread::yield_now`.
    pub relax: fn(),
}

impl MemoryConfig {
    /// A configuration with nothing stored that waits by spinning.
    pub fn new(scratch: PageRange) -> MemoryConfig {
        MemoryConfig { scratch, stored_pages: Vec::new(), relax: core::hint::spin_loop }
    }
}

/// Why a world could not be mapped, or memory not be given back. The world must stop without committing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The mapper refused.
    #[error(transparent)]
    Mapper(#[from] MapperError),
    /// A stored page could not be read.
    #[error("page {} of the world cannot be read: {reason}", page.0)]
    Source {
        /// Which page.
        page: PageIndex,
        /// What the source said.
        reason: String,
    },
}

/// What happened since the world was mapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Flips.
    pub flips: u64,
    /// Pages that captures secured, those saved by mutators included.
    pub captured_pages: u64,
    /// Captured pages that were all zero.
    pub zero_pages: u64,
    /// Pages that mutators saved before writing to them.
    pub saved_pages: u64,
    /// Pages entered into the dirty set of the new epoch because their mark would be lost.
    pub carried_pages: u64,
    /// Pages handed to the store before all were copied, for want of room.
    pub spilled_pages: u64,
    /// Pages discarded.
    pub discarded_pages: u64,
    /// Captures given up.
    pub abandoned: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) flips: AtomicU64,
    pub(crate) captured: AtomicU64,
    pub(crate) zero: AtomicU64,
    pub(crate) saved: AtomicU64,
    pub(crate) carried: AtomicU64,
    pub(crate) spilled: AtomicU64,
    pub(crate) discarded: AtomicU64,
    pub(crate) abandoned: AtomicU64,
}

/// The persistent memory of one world.
///
/// Typed access is in the methods `load_*`, `store_*` and their kin; addresses outside the world, and addresses not
/// aligned to the width of the access, panic: whoever calls is wrong then, not the world.
pub struct Memory {
    /// What to add to an [`Addr`] to get the host address.
    pub(crate) delta: usize,
    pub(crate) announced: Announced,
    pub(crate) ledger: Arc<Ledger>,
    relax: fn(),
    /// The open epoch.
    epoch: AtomicU64,
    /// What the world may take of the machine's memory, in bytes.
    pub(crate) limit: AtomicU64,
    /// Bytes of Rust memory outside this crate that count as the world's.
    pub(crate) charged: AtomicU64,
    /// Pages that a capture may stage, and that mutators may save, before they wait.
    pub(crate) staging_max: AtomicU64,
    pub(crate) saved: spin::Mutex<Saved>,
    pub(crate) pool: Pool,
    pub(crate) counters: Counters,
    mapper: Arc<dyn PageMapper>,
}

impl Memory {
    /// Starts `mapper` over `source` and maps the world as `last_epoch` left it. The open epoch is the one after it.
    ///
    /// # Errors
    /// When the mapper refuses, or a stored page cannot be read (with [`Paging::Eager`] only; otherwise that comes later,
    /// and stops the world).
    pub fn new(
        mapper: Arc<dyn PageMapper>,
        source: Arc<dyn PageSource>,
        config: MemoryConfig,
        last_epoch: Epoch,
    ) -> Result<Arc<Memory>, MemoryError> {
        let ledger = Arc::new(Ledger::new(config.scratch));
        let guarded = Guarded { source: source.clone(), ledger: ledger.clone() };
        mapper.start(Arc::new(guarded), config.scratch)?;
        if mapper.paging() == Paging::Eager {
            let mut bytes = Box::new([0; PAGE_SIZE]);
            for page in config.stored_pages {
                let stored = source
                    .read_page(page, &mut bytes)
                    .map_err(|reason| MemoryError::Source { page, reason })?;
                if stored {
                    mapper.install(page, &bytes)?;
                }
            }
        }
        Ok(Arc::new(Memory {
            delta: mapper.host_base().wrapping_sub(WORLD_BASE as usize),
            announced: Announced::new(mapper.announced(), ledger.sequence.load(Relaxed)),
            ledger,
            relax: config.relax,
            epoch: AtomicU64::new(last_epoch.next().0),
            limit: AtomicU64::new(u64::MAX),
            charged: AtomicU64::new(0),
            staging_max: AtomicU64::new(STAGING_PAGES_MAX as u64),
            saved: spin::Mutex::new(Saved::default()),
            pool: Pool::default(),
            counters: Counters::default(),
            mapper,
        }))
    }

    /// The mapper below.
    pub fn mapper(&self) -> &Arc<dyn PageMapper> {
        &self.mapper
    }

    /// The open epoch: what is written now is committed with this number at the earliest. It changes with each flip and
    /// never goes back; epochs whose capture was abandoned are missing among the committed ones.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Acquire))
    }

    /// Passes a moment of waiting for another thread, in the way of [`MemoryConfig::relax`].
    pub fn relax(&self) {
        (self.relax)();
    }

    /// The pages that no snapshot holds.
    pub fn scratch(&self) -> PageRange {
        self.ledger.scratch
    }

    /// What happened since the world was mapped.
    pub fn stats(&self) -> Stats {
        let c = &self.counters;
        Stats {
            flips: c.flips.load(Relaxed),
            captured_pages: c.captured.load(Relaxed),
            zero_pages: c.zero.load(Relaxed),
            saved_pages: c.saved.load(Relaxed),
            carried_pages: c.carried.load(Relaxed),
            spilled_pages: c.spilled.load(Relaxed),
            discarded_pages: c.discarded.load(Relaxed),
            abandoned: c.abandoned.load(Relaxed),
        }
    }

    /// Stretches of pages that hold every page announced or discarded since the start, and many that were not: what an
    /// oracle compares with the store.
    pub fn touched(&self) -> Vec<PageRange> {
        self.ledger.table.leaves()
    }

    /// Whether a flip has happened whose capture is neither committed nor abandoned: the next flip has to wait.
    pub fn capture_pending(&self) -> bool {
        self.ledger.pending.load(Acquire)
    }

    /// Whether mutators should wait at their next safepoint: too many pages were saved in this capture, or resident pages
    /// exceed the limit and what is left of them is not durable yet.
    pub fn wants_pause(&self) -> bool {
        let saved = self.ledger.stage.load(Relaxed) != STAGE_IDLE
            && self.saved.lock().len() >= self.staging_max.load(Relaxed);
        saved || self.is_full()
    }

    /// Ends the open epoch and returns it: what the world holds now is to be committed under this number, by the
    /// [`Capture`](crate::Capture) that [`Memory::begin_capture`] gives. Costs the same whatever the world holds.
    ///
    /// All mutators stand at safepoints, and what they go on with happens after this call.
    ///
    /// # Panics
    /// When the capture of the last flip is still pending.
    pub fn flip(&self) -> Epoch {
        assert!(!self.ledger.pending.swap(true, AcqRel), "a flip waits for the capture before it");
        let ended = self.epoch.load(Relaxed);
        self.epoch.store(ended + 1, Relaxed);
        let sequence = self.ledger.sequence.load(Relaxed);
        let next = if sequence == SEQUENCE_MAX { self.restart_sequence(sequence) } else { sequence + 1 };
        self.ledger.sequence.store(next, Release);
        self.saved.lock().open();
        if !mutants::on(Mutant::AnnouncedAcrossFlip) {
            self.announced.flip(next);
        }
        self.ledger.stage.store(STAGE_COPYING, Release);
        self.counters.flips.fetch_add(1, Relaxed);
        self.bound_mapper();
        Epoch(ended)
    }

    /// After 2^30 flips (three years at ten a second) state words start again; the parity of the dirty sets goes on.
    #[cold]
    fn restart_sequence(&self, sequence: u32) -> u32 {
        self.ledger.table.clear_states();
        2 - (sequence & 1)
    }

    pub(crate) fn sequence(&self) -> u32 {
        self.ledger.sequence.load(Relaxed)
    }

    /// Every page of the closing set is secured, or the capture is given up.
    pub(crate) fn end_window(&self) {
        self.ledger.stage.store(STAGE_IDLE, Release);
        let left = self.saved.lock().close();
        for content in left.into_values() {
            self.pool.give(content);
        }
    }

    /// The capture is committed or abandoned: the next flip may come.
    pub(crate) fn end_capture(&self) {
        self.ledger.pending.store(false, Release);
    }

    pub(crate) fn site<'m>(&'m self, page: PageIndex, leaf: &'m Leaf) -> PageSite<'m> {
        PageSite { memory: self, leaf, page, slot: slot(page), sequence: self.sequence() }
    }

    /// Says that a byte is about to change, for the first time in this epoch on its page.
    #[cold]
    #[inline(never)]
    pub(crate) fn announce_first(&self, addr: Addr) {
        self.announce_page(addr.page());
    }

    /// As [`Memory::announce_first`], of a page.
    #[cold]
    #[inline(never)]
    pub(crate) fn announce_page(&self, page: PageIndex) {
        // No capture holds pages of scratch: they are announced once for each of the two tables, for ever.
        if !self.ledger.scratch.contains(page) {
            let leaf = self.ledger.table.leaf_or_new(page);
            protocol::announce(&self.site(page, leaf), self.sequence());
        }
        self.announced.note(page);
    }

    /// Says that these pages are dead: they read as zero from now on, their memory is given back, and the next snapshot
    /// holds them as zero. They count as not announced. No other thread touches them meanwhile.
    ///
    /// # Errors
    /// When the mapper fails; the world must then stop without committing.
    ///
    /// # Panics
    /// When the range lies partly in the scratch pages.
    pub fn discard(&self, pages: PageRange) -> Result<(), MemoryError> {
        if pages.count == 0 {
            return Ok(());
        }
        let last = PageIndex((u64::from(pages.first.0) + pages.count - 1) as u32);
        let scratch = self.ledger.scratch.contains(pages.first);
        let around = self.ledger.scratch.count > 0 && pages.contains(self.ledger.scratch.first) && !scratch;
        assert!(
            scratch == self.ledger.scratch.contains(last) && !around,
            "scratch pages are discarded by themselves"
        );
        if !scratch {
            let sequence = self.sequence();
            for page in pages.iter() {
                let leaf = self.ledger.table.leaf_or_new(page);
                let site = self.site(page, leaf);
                if !mutants::on(Mutant::DiscardNotSaved) {
                    protocol::announce(&site, sequence);
                }
                self.ledger.table.mark_zero(page, leaf, sequence);
                if !mutants::on(Mutant::DiscardStillAnnounced) {
                    protocol::forget(&site, sequence);
                    self.announced.forget(page);
                }
            }
            self.counters.discarded.fetch_add(pages.count, Relaxed);
        }
        self.mapper.discard(pages)?;
        Ok(())
    }
}

/// A page as [`protocol`] sees it.
pub(crate) struct PageSite<'m> {
    memory: &'m Memory,
    leaf: &'m Leaf,
    page: PageIndex,
    slot: usize,
    sequence: u32,
}

impl Place for PageSite<'_> {
    type Word = AtomicU32;
    #[inline(always)]
    fn word(&self) -> &AtomicU32 {
        self.leaf.state(self.slot)
    }
    #[inline(always)]
    fn stage(&self) -> Stage {
        self.memory.ledger.stage()
    }
    #[inline(always)]
    fn in_closing_set(&self) -> bool {
        if mutants::on(Mutant::PreImageSkipped) {
            return false;
        }
        self.leaf.set(self.sequence.wrapping_sub(1)).has(self.slot)
    }
    fn pending(&self) -> bool {
        self.memory.ledger.pending.load(Acquire)
    }
    fn sequence(&self) -> u32 {
        self.sequence
    }
}

impl Site for PageSite<'_> {
    fn save(&self) {
        let content: Content = self.memory.read_content(self.page);
        self.memory.counters.saved.fetch_add(1, Relaxed);
        self.memory.counters.carried.fetch_add(1, Relaxed);
        let useless = self.memory.saved.lock().insert(self.page, content);
        if let Some(content) = useless {
            self.memory.pool.give(content);
        }
    }
    fn mark_dirty(&self) {
        if mutants::on(Mutant::CarryForgotten) && self.memory.ledger.stage() == Stage::Copying {
            return;
        }
        self.memory.ledger.table.mark(self.page, self.leaf, self.sequence);
    }
    fn relax(&self) {
        (self.memory.relax)();
    }
}
