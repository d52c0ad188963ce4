//! State words and dirty sets of the 2^32 pages of a world: a table of three levels, allocated where it is touched.
//!
//! Reads take no lock: a level that is not there reads as zero. A leaf costs 4.6 KiB for 4 MiB of world.
//! *Invariant:* a level, once there, stays until the table is dropped.

use crate::mutants::{self, Mutant};
use alloc::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use alloc::boxed::Box;
use alloc::vec::Vec;
use base::{PageIndex, PageRange};
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

const LEAF_BITS: u32 = 10;
const MIDDLE_BITS: u32 = 10;
const ROOT_BITS: u32 = 32 - LEAF_BITS - MIDDLE_BITS;
const LEAF_WORDS: usize = 1 << (LEAF_BITS - 6);

/// A type whose all-zero bytes are a value.
///
/// # Safety
/// That claim is all that the implementor makes.
unsafe trait Zeroed {}

/// A pointer to a `T` that is allocated, all zero, by the first who needs it.
struct Lazy<T: Zeroed> {
    at: AtomicPtr<T>,
    owns: PhantomData<Box<T>>,
}

impl<T: Zeroed> Lazy<T> {
    #[inline(always)]
    fn get(&self) -> Option<&T> {
        // SAFETY: null or a live allocation that is freed only when `self` is dropped; published with release order.
        unsafe { self.at.load(Acquire).as_ref() }
    }

    #[inline(always)]
    fn get_or_allocate(&self) -> &T {
        match self.get() {
            Some(there) => there,
            None => self.allocate(),
        }
    }

    #[cold]
    fn allocate(&self) -> &T {
        let layout = Layout::new::<T>();
        // SAFETY: no `Zeroed` type here has size zero.
        let fresh = unsafe { alloc_zeroed(layout) }.cast::<T>();
        if fresh.is_null() {
            handle_alloc_error(layout);
        }
        let winner = match self.at.compare_exchange(ptr::null_mut(), fresh, AcqRel, Acquire) {
            Ok(_) => fresh,
            Err(theirs) => {
                // SAFETY: allocated above with this layout by the global allocator, a valid `T`, and not published.
                drop(unsafe { Box::from_raw(fresh) });
                theirs
            }
        };
        // SAFETY: as in `get`.
        unsafe { &*winner }
    }
}

impl<T: Zeroed> Drop for Lazy<T> {
    fn drop(&mut self) {
        let at = *self.at.get_mut();
        if !at.is_null() {
            // SAFETY: allocated by `allocate`, owned by `self`, and nobody else can hold `&self` now.
            drop(unsafe { Box::from_raw(at) });
        }
    }
}

/// A set of the pages of one leaf.
pub(crate) struct Bits {
    words: [AtomicU64; LEAF_WORDS],
}

impl Bits {
    #[inline(always)]
    fn has(&self, slot: usize) -> bool {
        self.words[slot / 64].load(Acquire) >> (slot % 64) & 1 != 0
    }
    #[inline(always)]
    fn set(&self, slot: usize) {
        self.words[slot / 64].fetch_or(1 << (slot % 64), Relaxed);
    }
    #[inline(always)]
    fn unset(&self, slot: usize) {
        self.words[slot / 64].fetch_and(!(1 << (slot % 64)), Relaxed);
    }
}

/// What an epoch has to store of a leaf.
pub(crate) struct DirtySet {
    /// Not zero when the leaf stands in [`Table::marked`] for this set.
    any: AtomicU32,
    /// Pages to be copied.
    dirty: Bits,
    /// Pages discarded and not known to be written since.
    zero: Bits,
}

/// A page that a dirty set holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// Its content must be copied.
    Content,
    /// It is all zero.
    Zero,
}

impl DirtySet {
    #[inline(always)]
    pub(crate) fn has(&self, slot: usize) -> bool {
        self.dirty.has(slot) || self.zero.has(slot)
    }
    /// The pages of the 64 from `word * 64` that are in the set.
    pub(crate) fn word(&self, word: usize) -> u64 {
        self.dirty.words[word].load(Relaxed) | self.zero.words[word].load(Relaxed)
    }
    pub(crate) fn entry(&self, slot: usize) -> Entry {
        let zero = mutants::on(Mutant::ZeroThoughWritten) && self.zero.has(slot);
        if self.dirty.has(slot) && !zero { Entry::Content } else { Entry::Zero }
    }
    /// Takes 64 pages out, all of them secured: whoever sees them gone may write to them.
    pub(crate) fn clear_word(&self, word: usize) {
        self.dirty.words[word].store(0, Release);
        self.zero.words[word].store(0, Release);
    }
    /// All words were cleared.
    pub(crate) fn clear_any(&self) {
        self.any.store(0, Relaxed);
    }
}

/// Number of words of 64 pages in a leaf.
pub(crate) const WORDS: usize = LEAF_WORDS;

/// State words and dirty sets of 1024 pages.
pub(crate) struct Leaf {
    states: [AtomicU32; 1 << LEAF_BITS],
    sets: [DirtySet; 2],
}

impl Leaf {
    #[inline(always)]
    pub(crate) fn state(&self, slot: usize) -> &AtomicU32 {
        &self.states[slot]
    }
    /// The dirty set of the epochs whose sequence number has this parity.
    #[inline(always)]
    pub(crate) fn set(&self, sequence: u32) -> &DirtySet {
        &self.sets[(sequence & 1) as usize]
    }
}

struct Middle {
    leaves: [Lazy<Leaf>; 1 << MIDDLE_BITS],
}
struct Root {
    middles: [Lazy<Middle>; 1 << ROOT_BITS],
}

// SAFETY: atomics of integers only, for which zero is a value.
unsafe impl Zeroed for Leaf {}
// SAFETY: null pointers only, which `Lazy` takes for "not there".
unsafe impl Zeroed for Middle {}
// SAFETY: as for `Middle`.
unsafe impl Zeroed for Root {}

/// The table.
pub(crate) struct Table {
    root: Lazy<Root>,
    /// By the parity of the sequence number: the numbers of the leaves whose set may hold a page.
    marked: [spin::Mutex<Vec<u32>>; 2],
    /// Bytes of its levels.
    bytes: AtomicU64,
}

/// The place of a page in its leaf.
#[inline(always)]
pub(crate) const fn slot(page: PageIndex) -> usize {
    page.0 as usize & ((1 << LEAF_BITS) - 1)
}

impl Table {
    pub(crate) fn new() -> Table {
        let root = Lazy { at: AtomicPtr::new(ptr::null_mut()), owns: PhantomData };
        root.get_or_allocate();
        Table { root, marked: Default::default(), bytes: AtomicU64::new(size_of::<Root>() as u64) }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    #[inline(always)]
    fn middle_slot(page: u64) -> usize {
        (page >> (LEAF_BITS + MIDDLE_BITS)) as usize
    }
    #[inline(always)]
    fn leaf_slot(page: u64) -> usize {
        (page >> LEAF_BITS) as usize & ((1 << MIDDLE_BITS) - 1)
    }

    /// The leaf of a page, if it is there.
    #[inline]
    pub(crate) fn leaf(&self, page: PageIndex) -> Option<&Leaf> {
        let page = u64::from(page.0);
        let middle = self.root.get_or_allocate().middles[Self::middle_slot(page)].get()?;
        middle.leaves[Self::leaf_slot(page)].get()
    }

    /// The leaf of a page, allocated if need be.
    #[inline]
    pub(crate) fn leaf_or_new(&self, page: PageIndex) -> &Leaf {
        let number = u64::from(page.0);
        let middle = self.root.get_or_allocate().middles[Self::middle_slot(number)].get_or_allocate();
        match middle.leaves[Self::leaf_slot(number)].get() {
            Some(leaf) => leaf,
            None => self.new_leaf(middle, number),
        }
    }

    #[cold]
    fn new_leaf<'t>(&'t self, middle: &'t Middle, page: u64) -> &'t Leaf {
        // Two threads that make the same leaf count it twice, which does no harm.
        self.bytes.fetch_add(size_of::<Leaf>() as u64, Relaxed);
        middle.leaves[Self::leaf_slot(page)].get_or_allocate()
    }

    /// Enters a page, of this leaf, into the set of the epoch with this number: its content must be copied.
    pub(crate) fn mark(&self, page: PageIndex, leaf: &Leaf, sequence: u32) {
        let set = leaf.set(sequence);
        set.dirty.set(slot(page));
        self.note(page, set, sequence);
    }

    /// The same, of a page that was discarded.
    pub(crate) fn mark_zero(&self, page: PageIndex, leaf: &Leaf, sequence: u32) {
        let set = leaf.set(sequence);
        set.dirty.unset(slot(page));
        if !mutants::on(Mutant::DiscardNotStored) {
            set.zero.set(slot(page));
        }
        self.note(page, set, sequence);
    }

    fn note(&self, page: PageIndex, set: &DirtySet, sequence: u32) {
        if set.any.load(Relaxed) == 0 && set.any.swap(1, Relaxed) == 0 {
            self.marked[(sequence & 1) as usize].lock().push(page.0 >> LEAF_BITS);
        }
    }

    /// Takes the list of the leaves whose set of the epoch with this number may hold a page: the first page of each,
    /// ascending. Nobody marks in it any more.
    pub(crate) fn take_marked(&self, sequence: u32) -> Vec<PageIndex> {
        let mut marked = core::mem::take(&mut *self.marked[(sequence & 1) as usize].lock());
        marked.sort_unstable();
        marked.into_iter().map(|leaf| PageIndex(leaf << LEAF_BITS)).collect()
    }

    /// The pages of each leaf that is there, ascending.
    pub(crate) fn leaves(&self) -> Vec<PageRange> {
        let root = self.root.get_or_allocate();
        let mut ranges = Vec::new();
        for (i, middle) in root.middles.iter().enumerate() {
            let Some(middle) = middle.get() else { continue };
            for j in (0..1 << MIDDLE_BITS).filter(|&j| middle.leaves[j].get().is_some()) {
                let first = PageIndex(((i << MIDDLE_BITS | j) << LEAF_BITS) as u32);
                ranges.push(PageRange { first, count: 1 << LEAF_BITS });
            }
        }
        ranges
    }

    /// Sets every state word to zero. No mutator may run.
    pub(crate) fn clear_states(&self) {
        for middle in &self.root.get_or_allocate().middles {
            let Some(middle) = middle.get() else { continue };
            for leaf in middle.leaves.iter().filter_map(Lazy::get) {
                for state in &leaf.states {
                    state.store(0, Relaxed);
                }
            }
        }
    }
}
