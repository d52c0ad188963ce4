//! [`Heap`]: allocation, the write barrier for references, questions about objects.

use crate::cells::Cells;
use crate::format::{CELL_BYTES_MAX, STATE, STATE_MAGIC, size_class, state};
use crate::large::Large;
use crate::nursery::{self, Nursery};
use crate::shape::Shapes;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use base::limits::OBJECT_BYTES_MAX;
use base::prng::Prng;
use layout::Value;
use layout::area::{LARGE, NURSERY, OBJECTS, ROOT};
use layout::schema::{header, root};
use memory::Memory;

/// The old space may grow by so much, in bytes, before a full collection is asked for, however small it is.
const GROWTH_BYTES_MIN: u64 = 64 << 20;
/// Remembered slots at which repeated ones are dropped and a minor collection is asked for.
pub(crate) const REMEMBERED_MAX: usize = 64 << 10;

/// There is no room for an object; nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("out of memory: no room for an object of {bytes} bytes")]
pub struct OutOfMemory {
    /// Size of the object in bytes.
    pub bytes: u64,
}

/// A heap could not be opened; nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeapError {
    /// The root page holds no heap, or one of another version.
    #[error("the world's heap has the unknown format {magic:#x}")]
    Format {
        /// What stands where the format's name should.
        magic: u64,
    },
}

/// What becomes of the objects that a minor collection reaches in the nursery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Survivors {
    /// Those that survive for the first time stay in the nursery, as far as there is room for them: most will be garbage
    /// by the next collection, and to promote them would dirty pages for nothing.
    Keep,
    /// All are promoted, and the nursery is empty then, as it must be at a flip.
    Promote,
}

/// A kind of collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Collection {
    /// Frees what is dead in the nursery.
    Minor(Survivors),
    /// Empties the nursery and frees what is dead in the old space.
    Full,
}

/// An object of the old space, as a walk finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its address.
    pub addr: Addr,
    /// Its class; null while the bootstrap has not set it.
    pub class: Addr,
    /// Bytes of its cell or pages; the object may be smaller.
    pub cell_bytes: u64,
}

/// How much memory a heap uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HeapUse {
    /// Bytes of the nursery's objects, dead ones not yet collected included.
    pub nursery_bytes: u64,
    /// Bytes of cells in use, dead objects not yet swept included.
    pub cell_bytes: u64,
    /// Bytes of large objects' pages, dead objects not yet swept included.
    pub large_bytes: u64,
    /// Full collections since the world was made.
    pub full_collections: u64,
}

/// Whether a value is a reference into the nursery. In a collection: whether an object has stayed there.
#[inline(always)]
pub fn is_young(value: Value) -> bool {
    nursery::holds(value.0)
}

/// The heap of one world; see the crate's description. Everything in here but the memory is a cache or scratch.
pub struct Heap {
    pub(crate) memory: Arc<Memory>,
    pub(crate) nursery: Nursery,
    pub(crate) cells: Cells,
    pub(crate) large: Large,
    pub(crate) shapes: Shapes,
    /// Slots of old objects that hold, or held, references into the nursery.
    pub(crate) remembered: Vec<Addr>,
    /// Old objects all of whose slots are to be looked at.
    pub(crate) remembered_objects: Vec<Addr>,
    pub(crate) remembered_max: usize,
    /// Objects whose references a running collection has still to visit.
    pub(crate) pending: Vec<Addr>,
    pub(crate) wanted: Option<Collection>,
    limit_bytes: u64,
}

impl Heap {
    /// Writes the state of an empty heap into a new world, whose memory is zero.
    pub fn format(memory: Arc<Memory>) -> Heap {
        memory.store_u64(STATE.add(state::MAGIC), STATE_MAGIC);
        Heap::new(memory)
    }

    /// Takes up the heap of an existing world. Reads only the root page.
    ///
    /// # Errors
    /// When the root page holds no heap that this version knows.
    pub fn open(memory: Arc<Memory>) -> Result<Heap, HeapError> {
        let magic = memory.load_u64(STATE.add(state::MAGIC));
        if magic == STATE_MAGIC { Ok(Heap::new(memory)) } else { Err(HeapError::Format { magic }) }
    }

    fn new(memory: Arc<Memory>) -> Heap {
        Heap {
            nursery: Nursery::new(),
            cells: Cells::new(memory.clone()),
            large: Large::new(memory.clone()),
            shapes: Shapes::new(),
            remembered: Vec::new(),
            remembered_objects: Vec::new(),
            remembered_max: REMEMBERED_MAX,
            pending: Vec::new(),
            wanted: None,
            limit_bytes: u64::MAX,
            memory,
        }
    }

    /// The memory that the heap lies in.
    #[inline(always)]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Sets how many bytes nursery and old space together may use; an allocation beyond fails.
    /// It is looked at when the nursery takes its next chunk and for objects of the old space, not for survivors.
    pub fn set_limit(&mut self, bytes: u64) {
        self.limit_bytes = bytes;
    }

    /// A new object of `bytes` with its header; all else is zero. Never collects, so no address changes.
    ///
    /// An array's length must be stored before the next collection.
    ///
    /// # Errors
    /// When the object is larger than [`OBJECT_BYTES_MAX`] or the heap would exceed its limit or its areas.
    #[inline(always)]
    pub fn alloc(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        debug_assert!(bytes >= header::SIZE, "an object without a header");
        let at = match self.nursery.bump(bytes) {
            Some(at) => at,
            None => return self.alloc_slow(class, bytes),
        };
        self.memory.store_unannounced_u64(at, class.0);
        Ok(at)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        if bytes > nursery::OBJECT_BYTES_MAX {
            return self.alloc_old(class, bytes);
        }
        if self.nursery.is_full() {
            self.want(Collection::Minor(Survivors::Keep));
        }
        self.check_limit(bytes)?;
        let room = self.nursery.extend(&self.memory, bytes);
        let at = if room { self.nursery.bump(bytes) } else { None };
        let at = at.ok_or(OutOfMemory { bytes })?;
        self.memory.store_unannounced_u64(at, class.0);
        Ok(at)
    }

    /// A new object that never moves, otherwise as [`Heap::alloc`]: for classes, code, interned strings, threads.
    /// `class` may be null when [`Heap::set_class`] follows before the next collection.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    pub fn alloc_old(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        debug_assert!(bytes >= header::SIZE, "an object without a header");
        self.check_limit(bytes)?;
        let bytes = bytes.next_multiple_of(header::ALIGN);
        let at = if bytes <= CELL_BYTES_MAX {
            let at = self.cells.allocate(bytes).ok_or(OutOfMemory { bytes })?;
            self.cells.flush_run(size_class(bytes));
            self.memory.fill(at, bytes, 0);
            at
        } else {
            self.large.allocate(bytes).ok_or(OutOfMemory { bytes })?
        };
        self.memory.store_u64(at.add(header::CLASS), class.0);
        self.note_growth();
        Ok(at)
    }

    fn check_limit(&self, bytes: u64) -> Result<(), OutOfMemory> {
        let used = self.nursery.used() + self.old_bytes();
        if bytes > OBJECT_BYTES_MAX || used.saturating_add(bytes) > self.limit_bytes {
            return Err(OutOfMemory { bytes });
        }
        Ok(())
    }

    /// Bytes of the old space in use.
    pub(crate) fn old_bytes(&self) -> u64 {
        self.cells.bytes() + self.large.bytes()
    }

    /// Asks for a full collection when the old space has doubled, or grown by 64 MiB if that is more.
    pub(crate) fn note_growth(&mut self) {
        let after_full = self.memory.load_u64(STATE.add(state::BYTES_AFTER_FULL));
        if self.old_bytes().saturating_sub(after_full) > after_full.max(GROWTH_BYTES_MIN) {
            self.want(Collection::Full);
        }
    }

    fn want(&mut self, collection: Collection) {
        self.wanted = self.wanted.max(Some(collection));
    }

    /// Whether a collection is due, and which; to be asked at safepoints.
    #[inline(always)]
    pub fn collection_wanted(&self) -> Option<Collection> {
        self.wanted
    }

    /// Gives an object its class, where [`Heap::alloc_old`] could not.
    pub fn set_class(&mut self, object: Addr, class: Addr) {
        debug_assert!(!class.is_null() && !nursery::holds(class.0), "classes never move");
        self.memory.store_u64(object.add(header::CLASS), class.0);
    }

    /// Says that shape, size or reference map of a class has changed since it first had instances.
    pub fn class_changed(&mut self, class: Addr) {
        self.shapes.forget(class);
    }

    /// Stores a reference into the slot at address `slot` of `object`.
    #[inline(always)]
    pub fn write_ref(&mut self, object: Addr, slot: Addr, value: Value) {
        debug_assert!(slot.0 >= object.0 + header::SIZE, "a slot lies behind its object's header");
        if nursery::holds(value.0) && self.is_old(object) {
            self.remember_slot(slot);
        }
        self.memory.store_u64(slot, value.0);
    }

    /// Notes a slot of an old object that is about to hold a reference into the nursery.
    #[inline(always)]
    fn remember_slot(&mut self, slot: Addr) {
        // What led into the nursery already is noted already.
        if nursery::holds(self.memory.load_u64(slot)) {
            return;
        }
        if self.remembered.len() >= self.remembered_max {
            self.thin_remembered();
        }
        self.remembered.push(slot);
    }

    #[cold]
    #[inline(never)]
    fn thin_remembered(&mut self) {
        self.remembered.sort_unstable();
        self.remembered.dedup();
        self.remembered_max = (self.remembered.len() * 2).max(REMEMBERED_MAX);
        self.want(Collection::Minor(Survivors::Keep));
    }

    /// Notes an object whose slots were, or will be until the next collection, written otherwise than by
    /// [`Heap::write_ref`], such as a frozen stack. Does nothing for objects of the nursery.
    pub fn remember(&mut self, object: Addr) {
        if self.is_old(object) && self.remembered_objects.last() != Some(&object) {
            self.remembered_objects.push(object);
        }
    }

    /// Moves `count` references from the slots at `from` to those at `to` of `object`; the ranges may overlap.
    pub fn copy_refs(&mut self, object: Addr, from: Addr, to: Addr, count: u64) {
        if self.is_old(object) {
            // Forwards or backwards makes no difference to which slots are noted, but the slots written first must not
            // be read as sources.
            let backwards = to > from;
            for step in 0..count {
                let index = if backwards { count - 1 - step } else { step };
                let value = Value(self.memory.load_u64(from.add(index * 8)));
                self.write_ref(object, to.add(index * 8), value);
            }
        } else {
            self.memory.copy_unannounced(from, to, count * 8);
        }
    }

    /// Whether the object lies in the old space (and so never moves).
    #[inline(always)]
    pub fn is_old(&self, object: Addr) -> bool {
        const { assert!(NURSERY.end.0 <= OBJECTS.start.0 && OBJECTS.end.0 <= LARGE.start.0) };
        object.0 >= OBJECTS.start.0
    }
    /// Whether the object lies in the nursery.
    #[inline(always)]
    pub fn is_nursery(&self, object: Addr) -> bool {
        NURSERY.contains(object)
    }
    /// Whether the nursery holds no object, as it must at every flip.
    pub fn is_nursery_empty(&self) -> bool {
        self.nursery.used() == 0
    }

    /// Size of an object in bytes, from its class and length; a multiple of 16.
    ///
    /// # Panics
    /// When the object's class is damaged.
    pub fn object_size(&mut self, object: Addr) -> u64 {
        let class = Addr(self.memory.load_u64(object.add(header::CLASS)));
        self.shapes.get(&self.memory, class).object_bytes(&self.memory, object)
    }

    /// The identity hash of an object: 31 bits, never zero, drawn when it is first asked for.
    pub fn identity_hash(&mut self, object: Addr) -> u32 {
        let at = object.add(header::HASH);
        let word = self.memory.load_u32(at);
        if word & !header::IMMUTABLE != 0 {
            return word & !header::IMMUTABLE;
        }
        let state = ROOT.add(root::PRNG);
        loop {
            // The generator's finisher over a counter: one store keeps it going.
            let count = self.memory.load_u64(state);
            self.memory.store_u64(state, count.wrapping_add(1));
            let hash = Prng::new(count).next_u64() as u32 & !header::IMMUTABLE;
            if hash != 0 {
                self.memory.store_u32(at, word | hash);
                return hash;
            }
        }
    }

    /// How much memory is in use.
    pub fn usage(&self) -> HeapUse {
        HeapUse {
            nursery_bytes: self.nursery.used(),
            cell_bytes: self.cells.bytes(),
            large_bytes: self.large.bytes(),
            full_collections: self.memory.load_u64(STATE.add(state::FULL_COLLECTIONS)),
        }
    }

    /// Calls `found` with each object of the old space, dead ones not yet swept included, in the order of addresses.
    pub fn for_each_object(&self, found: &mut dyn FnMut(Object)) {
        let mut found = |addr: Addr, cell_bytes| {
            let class = Addr(self.memory.load_u64(addr.add(header::CLASS)));
            found(Object { addr, class, cell_bytes });
        };
        for region in 0..self.cells.regions_used() {
            self.cells.for_each(region, &mut found);
        }
        self.large.for_each_object(&mut found);
    }
}
