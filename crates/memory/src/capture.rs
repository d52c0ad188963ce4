//! [`Capture`]: the way of the pages of one epoch from the world to the store, as a state machine that a caller steps.
//!
//! ```text
//!   flip ── begin_capture ── step … step ── step … step ── committed
//!                             copy to staging  hand to the sink
//! ```
//!
//! *Invariant:* until [`Capture::committed`] the world can take every page back ([`Capture::abandon`]): it is in the
//! closing set, in staging, or in the list of those already handed over.

use crate::memory::Memory;
use crate::mutants::{self, Mutant};
use crate::protocol::{self, Claim};
use crate::raw;
use crate::table::{Entry, Leaf, WORDS, slot};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::limits::STAGING_PAGES_MAX;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex};
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;

/// Buffers kept between captures: fresh ones cost a page fault each.
const POOL_PAGES_MAX: usize = STAGING_PAGES_MAX;

static ZERO_PAGE: PageBytes = [0; PAGE_SIZE];

/// The content of a page outside the world.
pub(crate) enum Content {
    /// All zero.
    Zero,
    /// These bytes.
    Bytes(Box<PageBytes>),
}

impl Content {
    fn bytes(&self) -> &PageBytes {
        match self {
            Content::Zero => &ZERO_PAGE,
            Content::Bytes(bytes) => bytes,
        }
    }
}

/// Pages that mutators saved in the open capture.
#[derive(Default)]
pub(crate) struct Saved {
    open: bool,
    pages: BTreeMap<u32, Content>,
}

impl Saved {
    pub(crate) fn open(&mut self) {
        assert!(self.pages.is_empty(), "saved pages outlived their capture");
        self.open = true;
    }
    /// What nobody took.
    pub(crate) fn close(&mut self) -> BTreeMap<u32, Content> {
        self.open = false;
        core::mem::take(&mut self.pages)
    }
    /// Keeps a page; one that comes after the end of its capture is of no use and is given back.
    pub(crate) fn insert(&mut self, page: PageIndex, content: Content) -> Option<Content> {
        if self.open { self.pages.insert(page.0, content) } else { Some(content) }
    }
    fn take(&mut self, page: PageIndex) -> Option<Content> {
        self.pages.remove(&page.0)
    }
    pub(crate) fn len(&self) -> u64 {
        self.pages.len() as u64
    }
}

/// Page buffers: those that wait for the next capture, and the number of all that there are.
#[derive(Default)]
pub(crate) struct Pool {
    free: spin::Mutex<Vec<Box<PageBytes>>>,
    buffers: AtomicU64,
}

impl Pool {
    fn take(&self) -> Option<Box<PageBytes>> {
        self.free.lock().pop()
    }
    pub(crate) fn give(&self, content: Content) {
        if let Content::Bytes(bytes) = content {
            let mut free = self.free.lock();
            if free.len() < POOL_PAGES_MAX {
                free.push(bytes);
            } else {
                self.buffers.fetch_sub(1, Relaxed);
            }
        }
    }
    /// Bytes of all buffers, those in staging and saved by mutators included.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.buffers.load(Relaxed) * PAGE_SIZE as u64
    }
}

/// How far a capture has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Pages are being copied; mutators save those that they come to first.
    Copying,
    /// Every page is secured; pages are being handed to the sink.
    Draining,
    /// The sink has every page: commit, then call [`Capture::committed`].
    Done,
}

/// The capture of one epoch. Dropping it without [`Capture::committed`] is [`Capture::abandon`].
pub struct Capture {
    memory: Arc<Memory>,
    epoch: Epoch,
    /// The sequence number of the epoch after it.
    sequence: u32,
    /// The first pages of the leaves that may hold pages of the closing set, ascending,
    leaves: Vec<PageIndex>,
    /// how many of them are done,
    done: usize,
    /// and where the walk over the closing set stands: every page below it is secured.
    cursor: u64,
    copying: bool,
    staged: Vec<(PageIndex, Content)>,
    /// How many of the staged pages the sink has.
    drained: usize,
    /// Pages that the sink got while others were still to be copied; their content is gone from staging.
    spilled: Vec<PageIndex>,
    ended: bool,
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("epoch", &self.epoch)
            .field("pages", &self.pages())
            .finish_non_exhaustive()
    }
}

impl Memory {
    /// Begins the capture of the epoch that the last [`Memory::flip`] ended. Mutators run meanwhile.
    ///
    /// # Panics
    /// When no flip waits for its capture.
    pub fn begin_capture(self: &Arc<Self>) -> Capture {
        assert!(self.capture_pending(), "a capture begins after a flip");
        let sequence = self.sequence();
        if mutants::on(Mutant::WindowEndedEarly) {
            self.end_window();
        }
        Capture {
            memory: self.clone(),
            epoch: Epoch(self.epoch().0 - 1),
            sequence,
            leaves: self.ledger.table.take_marked(sequence.wrapping_sub(1)),
            done: 0,
            cursor: 0,
            copying: true,
            staged: Vec::new(),
            drained: 0,
            spilled: Vec::new(),
            ended: false,
        }
    }

    /// Copies a page that the protocol has claimed.
    pub(crate) fn read_content(&self, page: PageIndex) -> Content {
        let from = self.host_address(page.addr()) as *mut u8;
        let mut fresh = match self.pool.take() {
            Some(bytes) => uninit(bytes),
            None => {
                self.pool.buffers.fetch_add(1, Relaxed);
                Box::new_uninit()
            }
        };
        // SAFETY: the start of a page of the world, which is mapped as long as `self` holds the mapper.
        let zero = unsafe { raw::copy_page(from, &mut fresh) };
        // SAFETY: `copy_page` wrote every byte.
        let content = Content::Bytes(unsafe { fresh.assume_init() });
        if zero {
            self.pool.give(content);
            return Content::Zero;
        }
        content
    }
}

fn uninit(bytes: Box<PageBytes>) -> Box<MaybeUninit<PageBytes>> {
    // SAFETY: same layout and allocator, and any bytes are a `MaybeUninit`.
    unsafe { Box::from_raw(Box::into_raw(bytes).cast()) }
}

impl Capture {
    /// The epoch that is captured.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Number of pages secured so far.
    pub fn pages(&self) -> usize {
        self.spilled.len() + self.staged.len()
    }

    /// Whether pages are still being copied.
    pub fn is_copying(&self) -> bool {
        self.copying
    }

    /// Goes on by at most `pages_max` pages: first copies the closing set to staging, then hands it to `sink` in ascending
    /// order, pages that are all zero as zeros. When staging is full, the sink gets pages before all are copied.
    ///
    /// # Errors
    /// What the sink said. The page that it refused is still staged: step again, or [`Capture::restart_drain`], or
    /// [`Capture::abandon`].
    pub fn step<E>(
        &mut self,
        pages_max: usize,
        sink: &mut dyn FnMut(PageIndex, &PageBytes) -> Result<(), E>,
    ) -> Result<Progress, E> {
        let mut budget = pages_max;
        while self.copying {
            if budget == 0 {
                return Ok(Progress::Copying);
            }
            if self.staged.len() as u64 >= self.memory.staging_max.load(Relaxed) {
                self.spill(sink)?;
            }
            budget -= 1;
            if !self.secure_next() {
                self.copying = false;
                self.memory.end_window();
            }
        }
        while let Some((page, content)) = self.staged.get(self.drained) {
            if budget == 0 {
                return Ok(Progress::Draining);
            }
            sink(*page, content.bytes())?;
            self.drained += 1;
            budget -= 1;
        }
        Ok(Progress::Done)
    }

    /// Lets the next [`Capture::step`] hand every page to the sink again, for a commit that is tried anew; false when pages
    /// are gone from staging and only [`Capture::abandon`] is left.
    pub fn restart_drain(&mut self) -> bool {
        self.drained = 0;
        self.spilled.is_empty()
    }

    /// The snapshot is durable: the next flip may come.
    ///
    /// # Panics
    /// When the sink does not have every page.
    pub fn committed(mut self) {
        assert!(!self.copying && self.drained == self.staged.len(), "committed with pages still in staging");
        self.recycle();
        self.ended = true;
        self.memory.end_capture();
    }

    /// The epoch cannot be committed: its pages go back into the dirty set, so that the next epoch takes them along with
    /// what the world holds then. The number of this one stays unused.
    pub fn abandon(self) {
        drop(self);
    }

    /// The next page of the closing set that is not secured.
    fn find(&mut self) -> Option<(PageIndex, &Leaf)> {
        let closing = self.sequence.wrapping_sub(1);
        while let Some(&page) = self.leaves.get(self.done) {
            let (first, leaf) = (u64::from(page.0), self.memory.ledger.table.leaf_or_new(page));
            self.cursor = self.cursor.max(first);
            while self.cursor < first + WORDS as u64 * 64 {
                let word = ((self.cursor - first) / 64) as usize;
                let left = leaf.set(closing).word(word) & (u64::MAX << (self.cursor % 64));
                if left != 0 {
                    self.cursor = first + word as u64 * 64 + u64::from(left.trailing_zeros());
                    return Some((PageIndex(self.cursor as u32), leaf));
                }
                leaf.set(closing).clear_word(word);
                self.cursor = first + (word as u64 + 1) * 64;
            }
            leaf.set(closing).clear_any();
            self.done += 1;
        }
        None
    }

    /// Secures one page; false when none is left.
    fn secure_next(&mut self) -> bool {
        let (memory, sequence) = (self.memory.clone(), self.sequence);
        let Some((page, leaf)) = self.find() else { return false };
        let site = memory.site(page, leaf);
        let content = match protocol::claim(&site, sequence) {
            Claim::Copy => {
                let content = match leaf.set(sequence.wrapping_sub(1)).entry(slot(page)) {
                    Entry::Content => memory.read_content(page),
                    Entry::Zero => Content::Zero,
                };
                protocol::finish_copy(&site, sequence);
                Some(content)
            }
            Claim::Saved => memory.saved.lock().take(page),
        };
        self.pass();
        if let Some(content) = content {
            self.reuse_early(&content);
            memory.counters.captured.fetch_add(1, Relaxed);
            memory.counters.zero.fetch_add(u64::from(matches!(content, Content::Zero)), Relaxed);
            self.staged.push((page, content));
        }
        true
    }

    /// A planted bug: the buffer of the page before is used for this one as well.
    fn reuse_early(&mut self, content: &Content) {
        if mutants::on(Mutant::StagingReusedEarly)
            && let Some((_, before)) = self.staged.last_mut()
        {
            *before = Content::Bytes(Box::new(*content.bytes()));
        }
    }

    /// Moves past the page at the cursor. Its word stays in the closing set until all pages of it are secured.
    fn pass(&mut self) {
        let closing = self.sequence.wrapping_sub(1);
        let page = PageIndex(self.cursor as u32);
        if !mutants::on(Mutant::AnnouncedForEver) {
            self.memory.announced.clear(closing, page);
        }
        self.cursor += 1;
        if (self.cursor.is_multiple_of(64) || mutants::on(Mutant::ClosingSetClearedEarly))
            && let Some(leaf) = self.memory.ledger.table.leaf(page)
        {
            leaf.set(closing).clear_word(slot(page) / 64);
        }
    }

    /// Hands staging to the sink while pages are still to be copied, and forgets it.
    fn spill<E>(&mut self, sink: &mut dyn FnMut(PageIndex, &PageBytes) -> Result<(), E>) -> Result<(), E> {
        while let Some((page, content)) = self.staged.get(self.drained) {
            sink(*page, content.bytes())?;
            self.drained += 1;
        }
        self.memory.counters.spilled.fetch_add(self.staged.len() as u64, Relaxed);
        self.spilled.extend(self.staged.iter().map(|(page, _)| *page));
        self.recycle();
        self.drained = 0;
        Ok(())
    }

    fn recycle(&mut self) {
        for (_, content) in self.staged.drain(..) {
            self.memory.pool.give(content);
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let memory = self.memory.clone();
        // Back as content, never as zero: a page that was zero may have been written since.
        let back = |page: PageIndex| {
            let table = &memory.ledger.table;
            table.mark(page, table.leaf_or_new(page), self.sequence);
        };
        self.spilled.iter().for_each(|page| back(*page));
        if !mutants::on(Mutant::StagedForgottenOnAbandon) {
            self.staged.iter().for_each(|(page, _)| back(*page));
        }
        if self.copying {
            let sequence = self.sequence;
            while let Some((page, leaf)) = self.find() {
                if !mutants::on(Mutant::RestForgottenOnAbandon) {
                    memory.ledger.table.mark(page, leaf, sequence);
                }
                self.pass();
            }
            memory.end_window();
        }
        self.recycle();
        memory.counters.abandoned.fetch_add(1, Relaxed);
        memory.end_capture();
    }
}
