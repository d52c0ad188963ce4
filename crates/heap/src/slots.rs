//! Lists of slots that no single step copies as a whole: a thread notes a slot between any two of its polls, and a list
//! in one piece, which grows by being copied, would now and then take longer than the time between two polls may.

use alloc::vec::Vec;
use base::Addr;
use core::mem;

/// Slots in a piece of a list.
pub(crate) const PIECE_SLOTS: usize = 4096;

/// A list of slots, in pieces.
#[derive(Default)]
pub(crate) struct Slots {
    /// The last piece, with room for [`PIECE_SLOTS`] or none.
    last: Vec<Addr>,
    /// The others; none has more than [`PIECE_SLOTS`].
    others: Vec<Vec<Addr>>,
}

impl Slots {
    #[inline(always)]
    pub(crate) fn push(&mut self, slot: Addr) {
        if self.last.len() == self.last.capacity() {
            self.next_piece();
        }
        self.last.push(slot);
    }

    /// Whether the next slot does not fit into the last piece.
    #[inline(always)]
    pub(crate) fn is_piece_full(&self) -> bool {
        self.last.len() == PIECE_SLOTS
    }

    #[cold]
    #[inline(never)]
    fn next_piece(&mut self) {
        let full = mem::replace(&mut self.last, Vec::with_capacity(PIECE_SLOTS));
        if !full.is_empty() {
            self.others.push(full);
        }
    }

    /// Drops what is more than once in the last piece, and begins another when that does not make much room.
    pub(crate) fn thin_piece(&mut self) {
        self.last.sort_unstable();
        self.last.dedup();
        if self.last.len() > PIECE_SLOTS / 2 {
            self.next_piece();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.last.len() + self.others.iter().map(Vec::len).sum::<usize>()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Addr> + '_ {
        self.others.iter().chain([&self.last]).flatten().copied()
    }

    /// Takes all of another list.
    pub(crate) fn append(&mut self, other: &mut Slots) {
        self.others.append(&mut other.others);
        if self.last.len() + other.last.len() <= self.last.capacity() {
            self.last.append(&mut other.last);
        } else {
            self.others.push(mem::take(&mut other.last));
        }
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Addr) -> bool) {
        for piece in self.others.iter_mut().chain([&mut self.last]) {
            piece.retain(|slot| keep(*slot));
        }
        self.others.retain(|piece| !piece.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(slots: &Slots) -> Vec<u64> {
        slots.iter().map(|slot| slot.0).collect()
    }

    #[test]
    fn a_list_of_several_pieces_keeps_all_in_order() {
        let (mut a, mut b) = (Slots::default(), Slots::default());
        let many = 3 * PIECE_SLOTS as u64 + 5;
        (0..many).for_each(|at| a.push(Addr(at)));
        (many..many + 7).for_each(|at| b.push(Addr(at)));
        assert_eq!((a.len() as u64, numbers(&a)), (many, (0..many).collect()));
        a.append(&mut b);
        assert_eq!((b.len(), numbers(&a)), (0, (0..many + 7).collect::<Vec<_>>()));
        b.append(&mut a);
        assert_eq!((a.len(), b.len() as u64), (0, many + 7));
        b.retain(|slot| slot.0 % 1000 == 3);
        let mut left = numbers(&b);
        left.sort_unstable();
        assert_eq!(left, (0..many + 7).filter(|at| at % 1000 == 3).collect::<Vec<_>>());
        b.retain(|_| false);
        assert_eq!((b.len(), b.others.len()), (0, 0));
    }

    #[test]
    fn only_the_last_piece_is_thinned() {
        let mut slots = Slots::default();
        for at in 0..PIECE_SLOTS as u64 {
            assert!(!slots.is_piece_full());
            slots.push(Addr(at % 3));
        }
        assert!(slots.is_piece_full());
        slots.thin_piece();
        assert_eq!(numbers(&slots), [0, 1, 2]);
        for at in 3..PIECE_SLOTS as u64 {
            slots.push(Addr(at));
        }
        slots.thin_piece();
        assert_eq!((slots.len(), slots.others.len()), (PIECE_SLOTS, 1));
    }
}
