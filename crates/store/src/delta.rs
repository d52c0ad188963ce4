//! Page deltas: a page as the bytes in which it differs from its last full copy.
//!
//! Changes are runs, ascending: offset in the page (2 bytes), length (2 bytes), then the new bytes. They stand within the
//! record itself. There is no chain: changes apply to a full copy, and a checkpoint writes the page in full again, so the
//! map never refers to changes and a page is put together from two blocks at most.
//!
//! Key types: [`Bases`] (full copies of pages that are written again and again, bounded), [`encode_changes`], [`apply_changes`].
//!
//! *Invariant:* changes are made only against the full copy that the newest durable state of the page refers to; a wrong one
//! would show in the checksum of the page put together, but then the page would be lost.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use base::{PAGE_SIZE, PageBytes};

use crate::mutants::{self, Mutant};

/// Bytes of changes up to which a page is stored as changes.
pub(crate) const CHANGES_MAX: usize = 1024;
/// Equal bytes up to which two runs are joined: as many as a run's head takes.
const JOINED_MAX: usize = RUN_HEAD;
const RUN_HEAD: usize = 4;
/// Bytes in which differences are looked for.
const WORD: usize = 8;
/// Bytes that are compared at once where pages are equal, as they are for the most part.
const LINE: usize = 64;

/// Replaces `changes` by those that make `new` of `base`; `None` when they are so many that a full copy is better.
pub(crate) fn encode_changes(base: &PageBytes, new: &PageBytes, changes: &mut Vec<u8>) -> Option<()> {
    changes.clear();
    changes.reserve(CHANGES_MAX);
    // Start and end of the run that is being gathered.
    let mut run: Option<(usize, usize)> = None;
    let finish = |run: Option<(usize, usize)>, changes: &mut Vec<u8>| {
        let Some((start, end)) = run else { return Some(()) };
        if changes.len() + RUN_HEAD + end - start > CHANGES_MAX {
            return None;
        }
        changes.extend_from_slice(&(start as u16).to_le_bytes());
        changes.extend_from_slice(&((end - start) as u16).to_le_bytes());
        changes.extend_from_slice(&new[start..end]);
        Some(())
    };
    for (line, (a, b)) in base.as_chunks::<LINE>().0.iter().zip(new.as_chunks::<LINE>().0).enumerate() {
        let words = || a.as_chunks::<WORD>().0.iter().zip(b.as_chunks().0);
        let differences = || {
            words().map(|(a, b): (&[u8; WORD], &[u8; WORD])| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b))
        };
        // One look at all words, which the processor takes several of at a time; a comparison of slices is a call.
        if differences().fold(0, |any, differ| any | differ) == 0 {
            continue;
        }
        for (word, differ) in differences().enumerate() {
            if differ == 0 {
                continue;
            }
            // From the first byte of the word that differs to the last: a gap inside is seldom, and costs six bytes at most.
            let at = line * LINE + word * WORD;
            let start = at + differ.trailing_zeros() as usize / 8;
            let end = at + WORD - differ.leading_zeros() as usize / 8;
            run = match run {
                Some((first, last)) if start - last <= JOINED_MAX => Some((first, end)),
                other => {
                    finish(other, changes)?;
                    Some((start, end))
                }
            };
        }
    }
    finish(run, changes)
}

/// Makes the page of its full copy; `None`, with the page in part changed, when the changes make no sense.
pub(crate) fn apply_changes(page: &mut PageBytes, mut changes: &[u8]) -> Option<()> {
    while !changes.is_empty() {
        let (head, rest) = changes.split_at_checked(RUN_HEAD)?;
        let start = usize::from(u16::from_le_bytes([head[0], head[1]]));
        let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (bytes, rest) = rest.split_at_checked(len)?;
        page.get_mut(start..start + len)?.copy_from_slice(bytes);
        changes = rest;
    }
    Some(())
}

/// Commits within which a page must be written again for changes to pay: each checkpoint writes the page in full, so one
/// that is written once or twice in between saves nothing.
const AGAIN_WITHIN: u32 = 4;
/// Pages whose last write is remembered.
const REMEMBERED: usize = 1 << 13;
/// A copy that was not used for so many commits may make room for another.
const IDLE_COMMITS: u32 = 64;
/// Writes for which a page is left alone after its changes were too many: doubled each time, up to this.
const LEFT_ALONE_MAX: u8 = 64;

/// When a page was written last, and for how long it is left alone.
#[derive(Clone, Copy, Default)]
struct Remembered {
    page: u32,
    commit: u32,
    left_alone: u8,
    next_left_alone: u8,
}

/// A full copy and where it stands on the device.
struct Base {
    block: u64,
    used: u32,
    bytes: Box<PageBytes>,
}

/// Full copies of pages that are written again and again. Bounded; only a cache.
pub(crate) struct Bases {
    remembered: Vec<Remembered>,
    bases: BTreeMap<u32, Base>,
    order: VecDeque<u32>,
    pages_max: usize,
    commit: u32,
    /// Copies that count once their commit is durable.
    pending: Vec<(u32, u64, Box<PageBytes>)>,
    /// The changes of the page that was asked about last.
    pub(crate) changes: Vec<u8>,
}

/// What is to be done with a page that is put.
pub(crate) enum Advice {
    /// Write it in full.
    Full,
    /// Write it in full and keep a copy: it is written again and again.
    FullAndKeep,
    /// Write [`Bases::changes`] to the full copy in this block.
    Changes(u64),
}

impl Bases {
    /// A cache of at most `pages_max` copies; of 0, and no page is stored as changes.
    pub(crate) fn new(pages_max: usize) -> Bases {
        Bases {
            remembered: Vec::new(),
            bases: BTreeMap::new(),
            order: VecDeque::new(),
            pages_max,
            commit: 1,
            pending: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Bytes that the copies take.
    pub(crate) fn bytes(&self) -> usize {
        (self.bases.len() + self.pending.len()) * PAGE_SIZE
    }

    /// How to write `page`, whose newest durable content has a full copy in the block that `full_copy` tells.
    pub(crate) fn advise(
        &mut self,
        page: u32,
        bytes: &PageBytes,
        full_copy: impl FnOnce() -> Option<u64>,
    ) -> Advice {
        if self.pages_max == 0 {
            return Advice::Full;
        }
        if self.remembered.is_empty() {
            self.remembered.resize(REMEMBERED, Remembered::default());
        }
        let slot = page.wrapping_mul(0x9e37_79b1) as usize >> 19 & (REMEMBERED - 1);
        let slot = &mut self.remembered[slot];
        if slot.page != page || slot.commit == 0 {
            *slot = Remembered { page, commit: self.commit, left_alone: 0, next_left_alone: 1 };
            return Advice::Full;
        }
        let is_soon = self.commit.wrapping_sub(slot.commit) <= AGAIN_WITHIN;
        slot.commit = self.commit;
        if slot.left_alone > 0 {
            slot.left_alone -= 1;
            return Advice::Full;
        }
        if !is_soon {
            self.bases.remove(&page);
        }
        let Some(base) = self.bases.get_mut(&page) else {
            let keep = is_soon && self.pending.len() < self.pages_max;
            return if keep { Advice::FullAndKeep } else { Advice::Full };
        };
        if full_copy() == Some(base.block) || mutants::on(Mutant::BaseCopyStale) {
            if encode_changes(&base.bytes, bytes, &mut self.changes).is_some() {
                slot.next_left_alone = 1;
                base.used = self.commit;
                return Advice::Changes(base.block);
            }
            // Changed in most places once; if the next copy is of no use either, it is left alone for longer and longer.
            if slot.next_left_alone > 1 {
                slot.left_alone = slot.next_left_alone;
                self.bases.remove(&page);
            }
            slot.next_left_alone = (slot.next_left_alone * 2).min(LEFT_ALONE_MAX);
            if slot.left_alone > 0 {
                return Advice::Full;
            }
        }
        Advice::FullAndKeep
    }

    /// Keeps a copy of a page that stands in `block` once the commit is durable.
    pub(crate) fn keep(&mut self, page: u32, block: u64, bytes: &PageBytes) {
        self.pending.push((page, block, Box::new(*bytes)));
    }

    /// The full copy stands in `block` now, with this content.
    pub(crate) fn moved(&mut self, page: u32, block: u64, bytes: &PageBytes) {
        if let Some(base) = self.bases.get_mut(&page).filter(|_| !mutants::on(Mutant::BaseCopyStale)) {
            base.block = block;
            base.bytes.copy_from_slice(bytes);
        }
    }

    /// The page has another full copy now, or none.
    pub(crate) fn forget(&mut self, page: u32) {
        if !mutants::on(Mutant::BaseCopyStale) {
            self.bases.remove(&page);
        }
    }

    /// Nothing is known of any page any more.
    pub(crate) fn clear(&mut self) {
        self.bases.clear();
        self.order.clear();
        self.pending.clear();
    }

    /// The commit is durable: the copies count.
    pub(crate) fn committed(&mut self) {
        self.commit = self.commit.wrapping_add(1).max(1);
        for (page, block, bytes) in core::mem::take(&mut self.pending) {
            let used = self.commit;
            if let Some(base) = self.bases.get_mut(&page) {
                *base = Base { block, used, bytes };
            } else if self.has_room() {
                self.bases.insert(page, Base { block, used, bytes });
                self.order.push_back(page);
            }
        }
    }

    /// The commit was given up.
    pub(crate) fn abandoned(&mut self) {
        self.pending.clear();
    }

    /// Makes room for one more copy, if one of the oldest few was not used for long.
    fn has_room(&mut self) -> bool {
        for _ in 0..8 {
            if self.bases.len() < self.pages_max && self.order.len() < 2 * self.pages_max {
                return true;
            }
            let Some(oldest) = self.order.pop_front() else { return self.bases.len() < self.pages_max };
            let idle = |base: &Base| self.commit.wrapping_sub(base.used) > IDLE_COMMITS;
            match self.bases.get(&oldest) {
                Some(base) if !idle(base) => self.order.push_back(oldest),
                Some(_) => drop(self.bases.remove(&oldest)),
                None => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::prng::Prng;

    #[test]
    fn changes_make_the_page_of_its_full_copy() {
        let mut rng = Prng::new(3);
        for round in 0..2000u64 {
            let mut base = [0u8; PAGE_SIZE];
            rng.fill(&mut base);
            let mut new = base;
            for _ in 0..rng.below(60) {
                let at = rng.below(PAGE_SIZE as u64) as usize;
                let len = (1 + rng.below(24) as usize).min(PAGE_SIZE - at);
                new[at..at + len].iter_mut().for_each(|byte| *byte ^= round as u8 | 1);
            }
            let mut changes = alloc::vec![1; 9];
            if encode_changes(&base, &new, &mut changes).is_some() {
                assert!(changes.len() <= CHANGES_MAX);
                apply_changes(&mut base, &changes).unwrap();
                assert!(base == new);
            } else {
                assert!(base.iter().zip(&new).filter(|(a, b)| a != b).count() > CHANGES_MAX / 8);
            }
        }
    }

    #[test]
    fn five_changed_words_take_sixty_bytes_and_nonsense_is_refused() {
        let base = [7u8; PAGE_SIZE];
        let mut new = base;
        (0..5).for_each(|word| new[word * 800..word * 800 + 8].fill(1));
        let mut changes = Vec::new();
        assert_eq!(encode_changes(&base, &new, &mut changes).map(|()| changes.len()), Some(60));
        let mut page = base;
        assert_eq!(apply_changes(&mut page, &[1]), None);
        assert_eq!(apply_changes(&mut page, &[0xff, 0x0f, 2, 0, 1, 1]), None, "beyond the end of the page");
        assert_eq!(apply_changes(&mut page, &[0, 0, 2, 0, 1]), None);
    }

    #[test]
    fn a_page_written_again_and_again_becomes_changes_and_one_changed_wholly_is_left_alone() {
        let mut bases = Bases::new(4);
        let mut block = 100;
        let mut full = 0;
        for round in 0..100u8 {
            let mut page = [1u8; PAGE_SIZE];
            page[9] = round;
            match bases.advise(5, &page, || Some(block)) {
                Advice::Changes(base) => assert_eq!((base, bases.changes.len() <= 5), (block, true)),
                Advice::FullAndKeep => {
                    block += 1;
                    full += 1;
                    bases.keep(5, block, &page);
                }
                Advice::Full => {
                    block += 1;
                    full += 1;
                    bases.forget(5);
                }
            }
            bases.committed();
        }
        assert_eq!(full, 2, "the first two are full copies");
        let mut copies = 0;
        for round in 0..200u8 {
            let page = [round; PAGE_SIZE];
            match bases.advise(6, &page, || Some(7)) {
                Advice::Changes(..) => assert_eq!(round, 0, "nothing is equal"),
                Advice::FullAndKeep => {
                    copies += 1;
                    bases.keep(6, 7, &page);
                }
                Advice::Full => bases.forget(6),
            }
            bases.committed();
        }
        assert!(copies < 20, "{copies}");
        assert!(bases.bytes() <= 4 * PAGE_SIZE);
    }
}
