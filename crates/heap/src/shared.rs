//! What the workers of a machine share of its heap: the old space, the chunks of the nursery, what a collection needs.
//!
//! It is one box, which travels: whoever holds the lock of the machine has it in its [`Heap`](crate::Heap), and all
//! others have none. So everything here is written as for one thread.

use crate::cells::Cells;
use crate::format::{STATE, state};
use crate::grey::MarkBounds;
use crate::heap::{Collection, OutOfMemory};
use crate::large::Large;
use crate::nursery::{Nursery, Young};
use crate::shape::Shapes;
use crate::slots::Slots;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use base::limits::OBJECT_BYTES_MAX;
use core::ops::{Deref, DerefMut};
use memory::Memory;

/// The old space may grow by so much, in bytes, before a full collection is asked for, however small it is.
const GROWTH_BYTES_MIN: u64 = 64 << 20;

/// The part of a heap that its workers share.
pub struct Shared {
    pub(crate) memory: Arc<Memory>,
    pub(crate) nursery: Nursery,
    pub(crate) cells: Cells,
    pub(crate) large: Large,
    pub(crate) shapes: Shapes,
    /// Slots of old objects that hold, or held, references into the nursery, as far as they were handed over.
    pub(crate) remembered: Slots,
    /// Old objects all of whose slots are to be looked at, as far as they were handed over.
    pub(crate) remembered_objects: Vec<Addr>,
    /// Objects whose references a running collection has still to visit.
    pub(crate) pending: Vec<Addr>,
    pub(crate) wanted: Option<Collection>,
    pub(crate) limit_bytes: u64,
    /// Bounds of marking, where they do not follow from the memory's limit.
    pub(crate) mark_bounds: Option<MarkBounds>,
    /// Counts collections: what a worker has of the nursery is good for one.
    pub(crate) generation: u64,
}

impl Shared {
    pub(crate) fn new(memory: Arc<Memory>) -> Shared {
        Shared {
            nursery: Nursery::new(),
            cells: Cells::new(memory.clone()),
            large: Large::new(memory.clone()),
            shapes: Shapes::new(),
            remembered: Slots::default(),
            remembered_objects: Vec::new(),
            pending: Vec::new(),
            wanted: None,
            limit_bytes: u64::MAX,
            mark_bounds: None,
            generation: 0,
            memory,
        }
    }

    /// Bytes of the old space in use.
    pub(crate) fn old_bytes(&self) -> u64 {
        self.cells.bytes() + self.large.bytes()
    }

    /// Bytes of the objects of the nursery; `young` is the part of it that the asker fills.
    pub(crate) fn nursery_bytes(&self, young: &Young) -> u64 {
        self.nursery.used() - young.room()
    }

    pub(crate) fn check_limit(&self, young: &Young, bytes: u64) -> Result<(), OutOfMemory> {
        let used = self.nursery_bytes(young) + self.old_bytes();
        if bytes > OBJECT_BYTES_MAX || used.saturating_add(bytes) > self.limit_bytes {
            return Err(OutOfMemory { bytes });
        }
        Ok(())
    }

    /// Asks for a full collection when the old space has doubled, or grown by 64 MiB if that is more.
    pub(crate) fn note_growth(&mut self) {
        let after_full = self.memory.load_u64(STATE.add(state::BYTES_AFTER_FULL));
        if self.old_bytes().saturating_sub(after_full) > after_full.max(GROWTH_BYTES_MIN) {
            self.want(Collection::Full);
        }
    }

    pub(crate) fn want(&mut self, collection: Collection) {
        self.wanted = self.wanted.max(Some(collection));
    }
}

/// The place of the shared part in a worker's heap; empty as long as another worker has it.
pub(crate) struct Held(pub(crate) Option<Box<Shared>>);

#[cold]
#[inline(never)]
fn elsewhere() -> ! {
    panic!("the shared part of the heap is used by a worker that does not have it")
}

impl Deref for Held {
    type Target = Shared;
    #[inline(always)]
    fn deref(&self) -> &Shared {
        match &self.0 {
            Some(shared) => shared,
            None => elsewhere(),
        }
    }
}

impl DerefMut for Held {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Shared {
        match &mut self.0 {
            Some(shared) => shared,
            None => elsewhere(),
        }
    }
}
