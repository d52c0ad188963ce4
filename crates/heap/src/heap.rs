//! [`Heap`]: allocation, the write barrier for references, questions about objects.

use crate::collect::{CollectStats, Roots};
use crate::format::{CELL_BYTES_MAX, STATE, STATE_MAGIC, size_class, state};
use crate::grey::MarkBounds;
use crate::nursery::{self, Young};
use crate::shared::{Held, Shared};
use crate::slots::Slots;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use base::prng::Prng;
use layout::Value;
use layout::area::{LARGE, NURSERY, OBJECTS, ROOT};
use layout::schema::{header, root};
use memory::{Memory, MemoryError};

/// Remembered slots at which a minor collection is asked for.
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

/// Whether an object lies in the old space.
#[inline(always)]
pub(crate) fn is_old(object: Addr) -> bool {
    const { assert!(NURSERY.end.0 <= OBJECTS.start.0 && OBJECTS.end.0 <= LARGE.start.0) };
    object.0 >= OBJECTS.start.0
}

/// The heap of one world as one worker sees it; see the crate's description. Everything in here but the memory is a cache
/// or scratch.
///
/// What stands in here is the worker's own: the part of the nursery that it fills, and the slots that it has noted. The
/// [`Shared`] part goes from worker to worker ([`Heap::attach`]). With it everything may be called; without it only
/// [`Heap::bump`], [`Heap::write_ref`], [`Heap::remember`], [`Heap::copy_refs`] and the questions about addresses.
pub struct Heap {
    pub(crate) memory: Arc<Memory>,
    pub(crate) young: Young,
    /// Slots of old objects that hold, or held, references into the nursery.
    pub(crate) remembered: Slots,
    /// Old objects all of whose slots are to be looked at.
    pub(crate) remembered_objects: Vec<Addr>,
    wanted: Option<Collection>,
    /// Bytes allocated by this worker, but for those that `young` knows.
    allocated: u64,
    /// The generation that `young` is of.
    generation: u64,
    pub(crate) shared: Held,
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
        let shared = Box::new(Shared::new(memory.clone()));
        Heap::with(memory, Held(Some(shared)))
    }

    fn with(memory: Arc<Memory>, shared: Held) -> Heap {
        Heap {
            memory,
            young: Young::default(),
            remembered: Slots::default(),
            remembered_objects: Vec::new(),
            wanted: None,
            allocated: 0,
            generation: 0,
            shared,
        }
    }

    /// The heap as a further worker sees it, without the shared part.
    pub fn worker(&self) -> Heap {
        Heap::with(self.memory.clone(), Held(None))
    }

    /// Takes the shared part from another worker of the same heap.
    #[inline]
    pub fn attach(&mut self, shared: Box<Shared>) {
        if shared.generation != self.generation {
            self.generation = shared.generation;
            self.forget_young();
        }
        self.shared = Held(Some(shared));
    }

    fn forget_young(&mut self) {
        self.allocated += self.young.filled();
        self.young = Young::default();
    }

    /// Bytes that this worker has allocated, ever.
    pub fn allocated(&self) -> u64 {
        self.allocated + self.young.filled()
    }

    /// Gives the shared part away.
    #[inline]
    pub fn detach(&mut self) -> Option<Box<Shared>> {
        self.shared.0.take()
    }

    /// Hands over what the next collection has to know of this worker. To be called, with the shared part, before
    /// another worker may collect.
    pub fn hand_over(&mut self) {
        self.shared.remembered.append(&mut self.remembered);
        self.shared.remembered_objects.append(&mut self.remembered_objects);
    }

    /// The memory that the heap lies in.
    #[inline(always)]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Sets how many bytes nursery and old space together may use; an allocation beyond fails.
    /// It is looked at when the nursery takes its next chunk and for objects of the old space, not for survivors.
    pub fn set_limit(&mut self, bytes: u64) {
        self.shared.limit_bytes = bytes;
    }

    /// Asks for a full collection at the next safepoint.
    pub fn want_full(&mut self) {
        self.want(Collection::Full);
    }

    /// Sets what a full collection keeps in mind while it marks, which otherwise follows from the memory's limit.
    pub fn set_mark_bounds(&mut self, bounds: MarkBounds) {
        self.shared.mark_bounds = Some(bounds);
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
        match self.bump(class, bytes) {
            Some(at) => Ok(at),
            None => self.alloc_slow(class, bytes),
        }
    }

    /// As [`Heap::alloc`], if there is room in what the worker has of the nursery. Needs no shared part.
    #[inline(always)]
    pub fn bump(&mut self, class: Addr, bytes: u64) -> Option<Addr> {
        let at = self.young.bump(bytes)?;
        self.memory.store_unannounced_u64(at, class.0);
        Some(at)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        if bytes > nursery::OBJECT_BYTES_MAX {
            return self.alloc_old(class, bytes);
        }
        if self.shared.nursery.is_full(&self.young) {
            self.want(Collection::Minor(Survivors::Keep));
        }
        self.shared.check_limit(&self.young, bytes)?;
        let filled = self.young.filled();
        let room = self.shared.nursery.extend(&self.memory, &mut self.young, bytes);
        if room {
            self.allocated += filled;
        }
        let at = if room { self.bump(class, bytes) } else { None };
        at.ok_or(OutOfMemory { bytes })
    }

    /// A new object that never moves, otherwise as [`Heap::alloc`]: for classes, code, interned strings, threads.
    /// `class` may be null when [`Heap::set_class`] follows before the next collection.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    pub fn alloc_old(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        debug_assert!(bytes >= header::SIZE, "an object without a header");
        let shared = &mut *self.shared;
        shared.check_limit(&self.young, bytes)?;
        let bytes = bytes.next_multiple_of(header::ALIGN);
        let at = if bytes <= CELL_BYTES_MAX {
            let at = shared.cells.allocate(bytes).ok_or(OutOfMemory { bytes })?;
            shared.cells.flush_run(size_class(bytes));
            self.memory.fill(at, bytes, 0);
            at
        } else {
            shared.large.allocate(bytes).ok_or(OutOfMemory { bytes })?
        };
        self.memory.store_u64(at.add(header::CLASS), class.0);
        shared.note_growth();
        self.allocated += bytes;
        self.wanted = self.wanted.max(shared.wanted);
        Ok(at)
    }

    fn want(&mut self, collection: Collection) {
        self.wanted = self.wanted.max(Some(collection));
        if let Some(shared) = &mut self.shared.0 {
            shared.want(collection);
        }
    }

    /// Whether this worker has found a collection due, and which; to be asked at safepoints.
    #[inline(always)]
    pub fn collection_wanted(&self) -> Option<Collection> {
        self.wanted
    }

    /// Whether any worker has found a collection due, and which.
    pub fn collection_due(&self) -> Option<Collection> {
        self.wanted.max(self.shared.wanted)
    }

    /// Frees what is dead in the nursery. Of what is reached, `survivors` says whether all goes to the old space, or
    /// only what has survived a minor collection before. No other worker runs, and all have handed over.
    ///
    /// # Errors
    /// When memory beyond the nursery's usual size cannot be given back: the world must then stop without committing.
    ///
    /// # Panics
    /// When the old space's area is full, or a reference or class is damaged.
    pub fn collect_minor(
        &mut self,
        roots: &mut dyn Roots,
        survivors: Survivors,
    ) -> Result<CollectStats, MemoryError> {
        self.collect(|shared, young| shared.collect_minor(young, roots, survivors))
    }

    /// A minor collection that promotes all, then frees everything in the old space that is not reached.
    /// No other worker runs, and all have handed over.
    ///
    /// # Errors
    /// When freed memory cannot be given back: the world must then stop without committing.
    ///
    /// # Panics
    /// As [`Heap::collect_minor`].
    pub fn collect_full(&mut self, roots: &mut dyn Roots) -> Result<CollectStats, MemoryError> {
        self.collect(|shared, young| shared.collect_full(young, roots))
    }

    fn collect(
        &mut self,
        how: impl FnOnce(&mut Shared, &Young) -> Result<CollectStats, MemoryError>,
    ) -> Result<CollectStats, MemoryError> {
        self.hand_over();
        let shared = &mut *self.shared;
        let stats = how(shared, &self.young);
        shared.generation += 1;
        self.generation = shared.generation;
        self.wanted = shared.wanted;
        self.forget_young();
        stats
    }

    /// Gives an object its class, where [`Heap::alloc_old`] could not.
    pub fn set_class(&mut self, object: Addr, class: Addr) {
        debug_assert!(!class.is_null() && !nursery::holds(class.0), "classes never move");
        self.memory.store_u64(object.add(header::CLASS), class.0);
    }

    /// Says that shape, size or reference map of a class has changed since it first had instances.
    pub fn class_changed(&mut self, class: Addr) {
        self.shared.shapes.forget(class);
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

    /// Replaces the reference `current` in the slot at address `slot` of `object` by `new`, as one step.
    ///
    /// # Errors
    /// What was found, when it was another; nothing is changed then.
    pub fn exchange_ref(
        &mut self,
        object: Addr,
        slot: Addr,
        current: Value,
        new: Value,
    ) -> Result<(), Value> {
        if nursery::holds(new.0) && self.is_old(object) {
            self.remember_slot(slot);
        }
        self.memory.compare_exchange_u64(slot, current.0, new.0).map(|_| ()).map_err(Value)
    }

    /// Notes a slot of an old object that is about to hold a reference into the nursery.
    #[inline(always)]
    fn remember_slot(&mut self, slot: Addr) {
        // What led into the nursery already is noted already.
        if nursery::holds(self.memory.load_u64(slot)) {
            return;
        }
        if self.remembered.is_piece_full() {
            self.thin_remembered();
        }
        self.remembered.push(slot);
    }

    #[cold]
    #[inline(never)]
    fn thin_remembered(&mut self) {
        self.remembered.thin_piece();
        if self.remembered.len() >= REMEMBERED_MAX {
            self.want(Collection::Minor(Survivors::Keep));
        }
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
        is_old(object)
    }
    /// Whether the object lies in the nursery.
    #[inline(always)]
    pub fn is_nursery(&self, object: Addr) -> bool {
        NURSERY.contains(object)
    }
    /// Whether the nursery holds no object, as it must at every flip.
    pub fn is_nursery_empty(&self) -> bool {
        self.shared.nursery_bytes(&self.young) == 0
    }

    /// Size of an object in bytes, from its class and length; a multiple of 16.
    ///
    /// # Panics
    /// When the object's class is damaged.
    pub fn object_size(&mut self, object: Addr) -> u64 {
        let class = Addr(self.memory.load_u64(object.add(header::CLASS)));
        self.shared.shapes.get(&self.memory, class).object_bytes(&self.memory, object)
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
            nursery_bytes: self.shared.nursery_bytes(&self.young),
            cell_bytes: self.shared.cells.bytes(),
            large_bytes: self.shared.large.bytes(),
            full_collections: self.memory.load_u64(STATE.add(state::FULL_COLLECTIONS)),
        }
    }

    /// Calls `found` with each object of the old space, dead ones not yet swept included, in the order of addresses.
    pub fn for_each_object(&self, found: &mut dyn FnMut(Object)) {
        let mut found = |addr: Addr, cell_bytes| {
            let class = Addr(self.memory.load_u64(addr.add(header::CLASS)));
            found(Object { addr, class, cell_bytes });
        };
        for region in 0..self.shared.cells.regions_used() {
            self.shared.cells.for_each(region, &mut found);
        }
        self.shared.large.for_each_object(&mut found);
    }
}
