//! The nursery: young objects, in scratch memory that no snapshot holds.
//!
//! New objects stand one behind the other. Before them lie two *survivor spaces*, of which one is empty but in the middle
//! of a collection: that one is where a collection copies the new objects that it reaches, and those that stand in the
//! other have survived one before. So an object's age is where it stands, and needs no bits in its header.
//!
//! Memory handed out to the program is zero. It is handed out to workers ([`Young`]) and zeroed by the chunk, so that the
//! writes of the program that follow hit the cache, not all at once after a collection.

use crate::format::CELL_BYTES_MAX;
use base::limits::NURSERY_BYTES;
use base::{Addr, PAGE_SIZE, PageRange};
use core::mem;
use layout::Value;
use layout::area::NURSERY;
use layout::schema::header;
use memory::{Memory, MemoryError};

/// What a worker gets at a time, in bytes.
const CHUNK_BYTES: u64 = 32 << 10;
/// The largest object that begins its life here; larger ones are large objects at once.
///
/// More than a cell holds: a buffer of this size that dies young costs neither pages nor a full collection.
pub(crate) const OBJECT_BYTES_MAX: u64 = 256 << 10;
/// Size of a survivor space in bytes; what does not fit is promoted early.
pub(crate) const SURVIVOR_BYTES: u64 = NURSERY_BYTES / 4;
/// Where new objects begin.
const NEW_START: u64 = NURSERY.start.0 + 2 * SURVIVOR_BYTES;
/// What a collection leaves mapped for new objects, in bytes: the usual size and what allocation takes more until it is
/// collected.
const KEPT_BYTES: u64 = NURSERY_BYTES + NURSERY_BYTES / 8;
/// Set in the class word of an object that has moved; the rest of the word is its new address.
const FORWARDED: u64 = 1;

const _: () = assert!(OBJECT_BYTES_MAX >= CELL_BYTES_MAX && OBJECT_BYTES_MAX < NURSERY_BYTES);
const _: () =
    assert!(SURVIVOR_BYTES.is_multiple_of(PAGE_SIZE as u64) && NEW_START.is_multiple_of(CHUNK_BYTES));
const _: () = assert!(CHUNK_BYTES.is_multiple_of(header::ALIGN) && NURSERY_BYTES.is_multiple_of(CHUNK_BYTES));

/// Whether the word is a reference into the nursery: one comparison, immediates included (their low bits are set, and
/// the rotation makes them the top ones).
#[inline(always)]
pub(crate) fn holds(word: u64) -> bool {
    const { assert!(NURSERY.len().is_multiple_of(8) && NURSERY.start.0.is_multiple_of(8)) };
    word.wrapping_sub(NURSERY.start.0).rotate_right(3) < NURSERY.len() >> 3
}

/// Where a moved object went, if it has moved.
#[inline(always)]
pub(crate) fn forwarded(class_word: u64) -> Option<Addr> {
    if class_word & FORWARDED != 0 { Some(Addr(class_word & !FORWARDED)) } else { None }
}

/// Leaves the new address in an object that has moved.
#[inline(always)]
pub(crate) fn forward(memory: &Memory, object: Addr, to: Addr) {
    memory.store_unannounced_u64(object, to.0 | FORWARDED);
}

/// The reference, or where its object has moved to.
pub(crate) fn resolve(memory: &Memory, value: Value) -> Value {
    if !holds(value.0) {
        return value;
    }
    forwarded(memory.load_u64(Addr(value.0))).map_or(value, Value::object)
}

/// A survivor space.
#[derive(Clone, Copy)]
struct Space {
    start: u64,
    /// One past its last object.
    next: u64,
}

impl Space {
    fn empty(start: u64) -> Space {
        Space { start, next: start }
    }
    #[inline(always)]
    fn holds(&self, object: Addr) -> bool {
        object.0.wrapping_sub(self.start) < SURVIVOR_BYTES
    }
}

/// The part of the nursery that one worker fills.
#[derive(Clone, Copy, Default)]
pub(crate) struct Young {
    /// What was given out from here on is not yet counted.
    start: u64,
    /// Next free address.
    next: u64,
    /// Memory is zero, and the worker's own, from `next` to here.
    limit: u64,
}

impl Young {
    /// Room for `bytes`, if there is any.
    #[inline(always)]
    pub(crate) fn bump(&mut self, bytes: u64) -> Option<Addr> {
        // `limit - next` is a multiple of the alignment, so what fits also fits rounded up, and nothing overflows.
        if bytes > self.limit - self.next {
            return None;
        }
        let at = self.next;
        self.next += (bytes + header::ALIGN - 1) & !(header::ALIGN - 1);
        Some(Addr(at))
    }
    /// Bytes given out since the worker got the chunk.
    #[inline(always)]
    pub(crate) fn filled(&self) -> u64 {
        self.next - self.start
    }
    /// Bytes that are left.
    #[inline(always)]
    pub(crate) fn room(&self) -> u64 {
        self.limit - self.next
    }
}

/// The nursery's chunks and survivor spaces.
pub(crate) struct Nursery {
    /// One past the chunks that workers fill or have filled. What they left of them is zero.
    next: u64,
    /// Memory at and above this was not written since it was mapped or discarded.
    clean: u64,
    /// Objects that have survived one collection.
    survivors: Space,
    /// Where the running collection copies to; empty otherwise.
    target: Space,
}

impl Nursery {
    pub(crate) fn new() -> Nursery {
        Nursery {
            next: NEW_START,
            clean: NEW_START,
            survivors: Space::empty(NURSERY.start.0),
            target: Space::empty(NURSERY.start.0 + SURVIVOR_BYTES),
        }
    }

    /// Gives a worker zeroed chunks so that `bytes` fit; false when the area is full. What the worker has left is kept
    /// when the next chunk follows it, and stays a hole otherwise.
    #[must_use]
    pub(crate) fn extend(&mut self, memory: &Memory, young: &mut Young, bytes: u64) -> bool {
        let start = if young.limit == self.next { young.next } else { self.next };
        let wanted = (start + bytes).next_multiple_of(CHUNK_BYTES);
        if wanted > NURSERY.end.0 {
            return false;
        }
        if self.next < self.clean {
            let end = wanted.min(self.clean);
            memory.fill_unannounced(Addr(self.next), end - self.next, 0);
        }
        *young = Young { start, next: start, limit: wanted };
        self.next = wanted;
        self.clean = self.clean.max(wanted);
        true
    }

    /// Room for a survivor of `bytes`, a multiple of the alignment, if there is any; its content is undefined.
    #[inline(always)]
    pub(crate) fn keep(&mut self, bytes: u64) -> Option<Addr> {
        let at = self.target.next;
        if bytes > self.target.start + SURVIVOR_BYTES - at {
            return None;
        }
        self.target.next += bytes;
        Some(Addr(at))
    }
    /// Whether the object (of the nursery) has survived no collection.
    #[inline(always)]
    pub(crate) fn is_new(object: Addr) -> bool {
        object.0 >= NEW_START
    }
    /// Whether the running collection has put the object where it is.
    #[inline(always)]
    pub(crate) fn is_kept(&self, object: Addr) -> bool {
        self.target.holds(object)
    }

    /// Bytes of all objects and of what is left of the workers' chunks.
    #[inline(always)]
    pub(crate) fn used(&self) -> u64 {
        self.next - NEW_START + (self.survivors.next - self.survivors.start)
    }
    /// Whether a collection is due.
    #[inline(always)]
    pub(crate) fn is_full(&self, young: &Young) -> bool {
        self.next - NEW_START - young.room() >= NURSERY_BYTES
    }
    /// Where the objects behind a hole at this address begin at the earliest: a word that is zero where a class should be
    /// is one that nobody has filled.
    pub(crate) fn behind_hole(at: Addr) -> Addr {
        Addr((at.0 + 1).next_multiple_of(CHUNK_BYTES))
    }
    /// From where to where objects and holes stand, ascending; not for the middle of a collection.
    pub(crate) fn filled(&self) -> [(Addr, Addr); 2] {
        [(Addr(self.survivors.start), Addr(self.survivors.next)), (Addr(NEW_START), Addr(self.next))]
    }
    /// How many bytes an object at this address can have at most, zero if none can stand there.
    #[inline(always)]
    pub(crate) fn room_at(&self, object: Addr) -> u64 {
        let end = if Nursery::is_new(object) {
            self.next
        } else if self.survivors.holds(object) {
            self.survivors.next
        } else {
            0
        };
        end.saturating_sub(object.0)
    }

    /// Ends a collection: forgets all objects but those kept; gives back what was far beyond the usual size.
    ///
    /// # Errors
    /// When the mapper fails; the world must then stop without committing.
    pub(crate) fn reset(&mut self, memory: &Memory) -> Result<(), MemoryError> {
        let kept = NEW_START + KEPT_BYTES;
        if self.clean > kept {
            memory.discard(PageRange::covering(Addr(kept), self.clean - kept))?;
            self.clean = kept;
        }
        self.next = NEW_START;
        mem::swap(&mut self.survivors, &mut self.target);
        self.target.next = self.target.start;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediates_are_never_in_the_nursery() {
        let high = (NURSERY.start.0 >> 32) as u32;
        for word in [
            Value::int(high as i32).0,
            Value::float(f32::from_bits(high)).0,
            Value::long((NURSERY.start.0 >> 3) as i64).map_or(0, |value| value.0),
            0,
            NURSERY.start.0 - 16,
            NURSERY.end.0,
        ] {
            assert!(!holds(word), "{word:x}");
        }
        assert!(holds(NURSERY.start.0) && holds(NURSERY.end.0 - 16));
    }
}
