//! Eviction and the bound on what a world takes of the machine's memory.
//!
//! The mapper chooses victims and takes them away; [`Guarded`], which stands between it and the store, says which of them
//! may be dropped. Whoever brings pages in keeps within the mapper's bound; what cannot be dropped, because it is not
//! durable yet, is why [`Memory::wants_pause`] then asks mutators to wait for a commit.
//!
//! *Invariant:* a page leaves memory only when [`protocol::may_drop`] says so and its content is what is durable.

use crate::memory::{Memory, MemoryError};
use crate::mutants::{self, Mutant};
use crate::protocol::{self, Place, Stage};
use crate::table::{Leaf, Table, slot};
use alloc::string::String;
use alloc::sync::Arc;
use base::limits::{MEMORY_BYTES_MIN, STAGING_PAGES_MAX, STAGING_PAGES_MIN};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange};
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use core::sync::atomic::{AtomicBool, AtomicU32};
use platform::{Evicted, PageSource};

/// One part in so many of the limit is for staging, and as much for pages that mutators save.
const STAGING_SHARE: u64 = 16;

/// What is known of each page: state words, dirty sets, and where the capture stands. Mutators, the snapshotter and,
/// through [`Guarded`], the evictor share it.
pub(crate) struct Ledger {
    pub(crate) stage: AtomicU32,
    /// Number of the open epoch in this run: what state words hold.
    pub(crate) sequence: AtomicU32,
    /// From a flip until its capture is committed or abandoned.
    pub(crate) pending: AtomicBool,
    pub(crate) scratch: PageRange,
    pub(crate) table: Table,
    /// Told when the mapper cannot keep within its bound.
    pub(crate) pressure: spin::Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
}

pub(crate) const STAGE_IDLE: u32 = 0;
pub(crate) const STAGE_COPYING: u32 = 1;

impl Ledger {
    pub(crate) fn new(scratch: PageRange) -> Ledger {
        Ledger {
            stage: AtomicU32::new(STAGE_IDLE),
            sequence: AtomicU32::new(1),
            pending: AtomicBool::new(false),
            scratch,
            table: Table::new(),
            pressure: spin::Mutex::new(None),
        }
    }

    #[inline(always)]
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Acquire) {
            STAGE_IDLE => Stage::Idle,
            _ => Stage::Copying,
        }
    }

    /// A page that nothing is known of was never captured and is in no dirty set.
    fn may_drop(&self, page: PageIndex) -> bool {
        if mutants::on(Mutant::DroppedBeforeDurable) {
            return true;
        }
        self.table
            .leaf(page)
            .is_none_or(|leaf| protocol::may_drop(&LedgerPlace { ledger: self, leaf, slot: slot(page) }))
    }

    fn is_dirty(&self, page: PageIndex) -> bool {
        self.table.leaf(page).is_some_and(|leaf| leaf.set(self.sequence.load(Acquire)).has(slot(page)))
    }
}

/// A page as the evictor sees it.
struct LedgerPlace<'l> {
    ledger: &'l Ledger,
    leaf: &'l Leaf,
    slot: usize,
}

impl Place for LedgerPlace<'_> {
    type Word = AtomicU32;
    fn word(&self) -> &AtomicU32 {
        self.leaf.state(self.slot)
    }
    fn stage(&self) -> Stage {
        self.ledger.stage()
    }
    fn in_closing_set(&self) -> bool {
        self.leaf.set(self.sequence().wrapping_sub(1)).has(self.slot)
    }
    fn pending(&self) -> bool {
        self.ledger.pending.load(Acquire)
    }
    fn sequence(&self) -> u32 {
        let forgets = mutants::on(Mutant::DroppedAfterSaving) && self.ledger.stage() == Stage::Idle;
        if forgets { 0 } else { self.ledger.sequence.load(Acquire) }
    }
}

/// The store as the mapper sees it: what may be dropped is for [`Ledger`] to say as well.
pub(crate) struct Guarded {
    pub(crate) source: Arc<dyn PageSource>,
    pub(crate) ledger: Arc<Ledger>,
}

impl PageSource for Guarded {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        self.source.read_page(page, bytes)
    }
    fn holds(&self, page: PageIndex, bytes: &PageBytes) -> Result<bool, String> {
        let unseen = mutants::on(Mutant::DroppedUnseen);
        Ok(self.ledger.may_drop(page) && (unseen || self.source.holds(page, bytes)?))
    }
    fn is_settled(&self, page: PageIndex) -> bool {
        self.ledger.may_drop(page) && !self.ledger.is_dirty(page)
    }
    fn pressed(&self) {
        let told = self.ledger.pressure.lock().clone();
        if let Some(tell) = told {
            tell();
        }
    }
}

/// Rust memory that counts as the world's; see [`Memory::charge`].
pub struct Charge {
    memory: Arc<Memory>,
    bytes: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.charged.fetch_sub(self.bytes, Relaxed);
        self.memory.bound_mapper();
    }
}

impl Memory {
    /// Bounds what the world takes of the machine's memory: resident pages, staging, saved contents, page tables. At least
    /// [`MEMORY_BYTES_MIN`]. What is dirty stays in memory until it is durable, so the bound holds as far as mutators
    /// wait when [`Memory::wants_pause`] says so.
    pub fn set_limit(&self, bytes: u64) {
        let bytes = bytes.max(MEMORY_BYTES_MIN);
        let staging = bytes / STAGING_SHARE / PAGE_SIZE as u64;
        self.staging_max.store(staging.clamp(STAGING_PAGES_MIN, STAGING_PAGES_MAX as u64), Relaxed);
        self.limit.store(bytes, Relaxed);
        self.bound_mapper();
    }

    /// The bound, in bytes; `u64::MAX` without one.
    pub fn limit_bytes(&self) -> u64 {
        self.limit.load(Relaxed)
    }

    /// Tells `tell` when memory runs short because what is in it is not durable: mutators are then to come to a
    /// safepoint and wait, and a commit is wanted at once. It may be called by any thread that touches the world, in the
    /// middle of that touch, so it takes no lock that is held over one.
    pub fn on_pressure(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        *self.ledger.pressure.lock() = Some(tell);
    }

    /// Bytes of the machine's memory that the world takes now: resident pages, staging, saved contents, page tables, and
    /// what was charged.
    pub fn held_bytes(&self) -> u64 {
        let tables = self.ledger.table.bytes() + self.charged.load(Relaxed);
        self.mapper().resident_bytes() + self.pool.held_bytes() + tables
    }

    /// Counts `bytes` of Rust memory that the caller is about to take, as long as the result lives: there is less room for
    /// pages meanwhile.
    pub fn charge(self: &Arc<Self>, bytes: u64) -> Charge {
        self.charged.fetch_add(bytes, Relaxed);
        self.bound_mapper();
        Charge { memory: self.clone(), bytes }
    }

    /// Drops up to `pages_max` pages that are durable, those not touched for a while first.
    ///
    /// # Errors
    /// When the mapper fails; the world must then stop without committing.
    pub fn evict(&self, pages_max: u64) -> Result<Evicted, MemoryError> {
        Ok(self.mapper().evict(pages_max)?)
    }

    /// Whether resident pages exceed their share of the limit.
    pub fn is_full(&self) -> bool {
        let limit = self.limit.load(Relaxed);
        limit != u64::MAX && self.mapper().resident_bytes() > self.resident_max()
    }

    /// What is left of the limit for resident pages, in bytes; `u64::MAX` without one.
    pub fn resident_max(&self) -> u64 {
        let limit = self.limit.load(Relaxed);
        if limit == u64::MAX {
            return limit;
        }
        let buffers = 2 * self.staging_max.load(Relaxed) * PAGE_SIZE as u64;
        // However much the tables take, a quarter is for pages, or nothing could run.
        limit.saturating_sub(buffers + self.ledger.table.bytes() + self.charged.load(Relaxed)).max(limit / 4)
    }

    /// Tells the mapper its bound: tables grow, so it is told at each flip.
    pub(crate) fn bound_mapper(&self) {
        if self.limit.load(Relaxed) != u64::MAX {
            self.mapper().set_resident_max(self.resident_max());
        }
    }
}
