//! Minor and full collections.

use crate::cells;
use crate::format::{CELL_BYTES_MAX, REGION_BYTES, STATE, state};
use crate::grey::{Grey, MarkBounds};
use crate::heap::{Collection, Survivors, is_old};
use crate::large;
use crate::mark::Marks;
use crate::nursery::{self, Nursery, Young};
use crate::references::Discovered;
use crate::shape::{ClassInfo, Shapes};
use crate::shared::Shared;
use alloc::vec::Vec;
use base::Addr;
use core::mem;
use layout::Value;
use layout::schema::{Shape, array, header, reference};
use memory::MemoryError;

/// The owner of frames and other roots.
///
/// `visit` returns the value that the slot is to hold from now on; where it differs from the old one the implementor
/// writes it back (announced), and only there, so that a collection or a verification dirties nothing in vain.
pub trait Roots {
    /// Visits every root slot that may hold a reference into the nursery. Slots that are known not to have changed since
    /// the last minor collection may be left out, unless what `visit` returned then [is young](crate::is_young).
    fn visit_young(&mut self, visit: &mut dyn FnMut(Value) -> Value);
    /// Visits every root slot.
    fn visit_all(&mut self, visit: &mut dyn FnMut(Value) -> Value);
    /// Visits every reference slot inside an object of the shape [`Shape::FrozenStack`].
    fn visit_frozen(&mut self, object: Addr, visit: &mut dyn FnMut(Value) -> Value);
    /// Objects that stand for owners of others (programs), each with those that belong to it (threads). What is reached from
    /// one of them first is charged to it; reaching one of them from elsewhere charges nothing. Full collections only.
    fn owners(&mut self) -> Vec<Vec<Addr>> {
        Vec::new()
    }
    /// Visits every root slot of an owner, by its number; once [`Roots::owners`] was asked, [`Roots::visit_all`] leaves
    /// those out.
    fn visit_owner(&mut self, _number: usize, _visit: &mut dyn FnMut(Value) -> Value) {}
    /// Says how many bytes were charged to an owner.
    fn charged(&mut self, _number: usize, _bytes: u64) {}
    /// Whether a soft reference of Java keeps its referent in this collection. Full collections only.
    fn keeps_soft(&mut self, _reference: Addr) -> bool {
        true
    }
    /// Takes the references of Java that a full collection has cleared, or whose referents are to be finalized, to be handed
    /// to the program: in no particular order, but always the same.
    fn enqueue(&mut self, _references: Vec<Addr>) {}
    /// Called at the end of a full collection, before freed memory is used again: caches keyed by addresses drop those
    /// that are not live.
    fn swept(&mut self, is_live: &dyn Fn(Addr) -> bool);
}

/// What a collection did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CollectStats {
    /// Which kind it was.
    pub kind: Collection,
    /// Bytes that the nursery held.
    pub nursery_bytes: u64,
    /// Objects that stayed in the nursery.
    pub kept_objects: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Objects moved to the old space.
    pub promoted_objects: u64,
    /// Their bytes.
    pub promoted_bytes: u64,
    /// Remembered slots and objects.
    pub remembered: u64,
    /// Objects found live in the old space (full collections only).
    pub marked_objects: u64,
    /// Objects freed in the old space (full collections only).
    pub freed_objects: u64,
    /// Bytes of cells and pages freed (full collections only).
    pub freed_bytes: u64,
    /// Regions that became wholly free (full collections only).
    pub freed_regions: u64,
    /// Bytes of cells and pages in use afterwards.
    pub old_bytes: u64,
}

impl Shared {
    /// See [`Heap::collect_minor`](crate::Heap::collect_minor).
    pub(crate) fn collect_minor(
        &mut self,
        young: &Young,
        roots: &mut dyn Roots,
        survivors: Survivors,
    ) -> Result<CollectStats, MemoryError> {
        let mut stats = CollectStats {
            kind: Collection::Minor(survivors),
            nursery_bytes: self.nursery_bytes(young),
            kept_objects: 0,
            kept_bytes: 0,
            promoted_objects: 0,
            promoted_bytes: 0,
            remembered: (self.remembered.len() + self.remembered_objects.len()) as u64,
            marked_objects: 0,
            freed_objects: 0,
            freed_bytes: 0,
            freed_regions: 0,
            old_bytes: 0,
        };
        let mut minor = Minor { heap: self, survivors, kept: (0, 0), promoted: (0, 0) };
        minor.run(roots);
        (stats.kept_objects, stats.kept_bytes) = minor.kept;
        (stats.promoted_objects, stats.promoted_bytes) = minor.promoted;
        self.cells.flush();
        self.nursery.reset(&self.memory)?;
        if matches!(self.wanted, Some(Collection::Minor(_))) {
            self.wanted = None;
        }
        self.note_growth();
        stats.old_bytes = self.old_bytes();
        Ok(stats)
    }

    /// See [`Heap::collect_full`](crate::Heap::collect_full).
    pub(crate) fn collect_full(
        &mut self,
        young: &Young,
        roots: &mut dyn Roots,
    ) -> Result<CollectStats, MemoryError> {
        let minor = self.collect_minor(young, roots, Survivors::Promote)?;
        let (regions, large_pages) = (self.cells.regions_used(), self.large.pages_used());
        let _charge = self.memory.charge(Marks::bytes(regions, large_pages) + Grey::bytes_max(regions));
        let resident_max = self.memory.resident_max();
        let bounds = self.mark_bounds.unwrap_or(MarkBounds::for_memory(resident_max));
        let fits = self.mark_bounds.is_none() && regions * REGION_BYTES <= resident_max / 2;
        let mut full = Full {
            marks: Marks::new(regions, large_pages),
            grey: Grey::new(regions, fits, bounds),
            heap: self,
            weak: Vec::new(),
            discovered: Some(Discovered::default()),
            objects: 0,
            bytes: 0,
        };
        full.mark(roots);
        full.process_references(roots);
        full.clear_weak();
        let (marks, marked_objects) = (full.marks, full.objects);
        let cells::Swept { objects_freed, bytes_freed, regions_freed } = self.cells.sweep(&marks)?;
        let large: large::Swept = self.large.sweep(&marks)?;
        self.shapes.clear();
        roots.swept(&|object| marks.contains(object));
        let old_bytes = self.old_bytes();
        self.memory.store_u64(STATE.add(state::BYTES_AFTER_FULL), old_bytes);
        let count = self.memory.load_u64(STATE.add(state::FULL_COLLECTIONS));
        self.memory.store_u64(STATE.add(state::FULL_COLLECTIONS), count + 1);
        self.wanted = None;
        Ok(CollectStats {
            kind: Collection::Full,
            marked_objects,
            freed_objects: objects_freed + large.objects_freed,
            freed_bytes: bytes_freed + large.bytes_freed,
            freed_regions: regions_freed,
            old_bytes,
            ..minor
        })
    }
}

/// A running minor collection.
///
/// An old slot that still leads into the nursery afterwards is noted by whoever moved the object and so changes the slot.
/// A slot that leads to a kept object when it is met was therefore noted before, and is not noted twice.
struct Minor<'h> {
    heap: &'h mut Shared,
    survivors: Survivors,
    /// Objects and bytes.
    kept: (u64, u64),
    /// Objects and bytes.
    promoted: (u64, u64),
}

impl Minor<'_> {
    fn run(&mut self, roots: &mut dyn Roots) {
        let mut slots = mem::take(&mut self.heap.remembered);
        slots.retain(|slot| {
            let old = self.heap.memory.load_u64(slot);
            let new = self.moved(Value(old)).0;
            if new != old {
                self.heap.memory.store_u64(slot, new);
            }
            new != old && nursery::holds(new)
        });
        self.heap.remembered = slots;
        let mut objects = mem::take(&mut self.heap.remembered_objects);
        objects.retain(|object| self.scan(*object, roots));
        self.heap.remembered_objects = objects;
        roots.visit_young(&mut |value| self.moved(value));
        while let Some(object) = self.heap.pending.pop() {
            if self.scan(object, roots) {
                self.heap.remembered_objects.push(object);
            }
        }
    }

    /// The value, or where its object is now if it was in the nursery.
    #[inline(always)]
    fn moved(&mut self, value: Value) -> Value {
        if nursery::holds(value.0) { self.evacuate(Addr(value.0)) } else { value }
    }

    fn evacuate(&mut self, object: Addr) -> Value {
        let heap = &mut *self.heap;
        let class = heap.memory.load_u64(object);
        if let Some(to) = nursery::forwarded(class) {
            return Value::object(to);
        }
        if heap.nursery.is_kept(object) {
            return Value::object(object);
        }
        let info = heap.shapes.get(&heap.memory, Addr(class));
        let bytes = info.object_bytes(&heap.memory, object);
        assert!(bytes <= heap.nursery.room_at(object), "the object at {object} ends beyond the nursery");
        let keep = self.survivors == Survivors::Keep && Nursery::is_new(object);
        let kept = if keep { heap.nursery.keep(bytes) } else { None };
        let to = if let Some(to) = kept {
            heap.memory.copy_unannounced(object, to, bytes);
            self.kept = (self.kept.0 + 1, self.kept.1 + bytes);
            to
        } else {
            let to =
                if bytes <= CELL_BYTES_MAX { heap.cells.allocate(bytes) } else { heap.large.allocate(bytes) };
            let Some(to) = to else { panic!("the old space is full") };
            heap.memory.copy(object, to, bytes);
            self.promoted = (self.promoted.0 + 1, self.promoted.1 + bytes);
            to
        };
        nursery::forward(&heap.memory, object, to);
        if info.has_references() {
            heap.pending.push(to);
        }
        Value::object(to)
    }

    /// Visits the slots of an old or kept object, and notes those of an old one that lead to kept ones; whether the object
    /// itself is to be remembered because its slots cannot be.
    ///
    /// They are written unannounced: the object was copied here just now, or what leads into the nursery was stored since
    /// the last flip, at which the nursery was empty, and announced then.
    fn scan(&mut self, object: Addr, roots: &mut dyn Roots) -> bool {
        let class = Addr(self.heap.memory.load_u64(object.add(header::CLASS)));
        let info = self.heap.shapes.get(&self.heap.memory, class);
        let is_old = is_old(object);
        match info.shape {
            Shape::Instance => {
                for run in 0..Shapes::run_count(&info) {
                    let (offset, count) = self.heap.shapes.run(&info, run);
                    self.scan_slots(object.add(u64::from(offset)), u64::from(count), is_old);
                }
            }
            Shape::RefArray | Shape::Weak => {
                let length = self.heap.memory.load_u64(object.add(array::LENGTH));
                self.scan_slots(object.add(array::DATA), length, is_old);
            }
            Shape::FrozenStack => {
                let mut young = false;
                roots.visit_frozen(object, &mut |value| {
                    let new = self.moved(value);
                    young |= new != value && nursery::holds(new.0);
                    new
                });
                return is_old && young;
            }
            Shape::PrimArray => {}
        }
        false
    }

    #[inline(always)]
    fn scan_slots(&mut self, first: Addr, count: u64, is_old: bool) {
        for index in 0..count {
            let slot = first.add(index * 8);
            let old = self.heap.memory.load_u64(slot);
            if nursery::holds(old) {
                let new = self.evacuate(Addr(old)).0;
                self.heap.memory.store_unannounced_u64(slot, new);
                if is_old && new != old && nursery::holds(new) {
                    self.heap.remembered.push(slot);
                }
            }
        }
    }
}

/// A running full collection, with the nursery empty.
pub(crate) struct Full<'h> {
    pub(crate) heap: &'h mut Shared,
    pub(crate) marks: Marks,
    grey: Grey,
    /// Weak arrays reached.
    weak: Vec<Addr>,
    /// References of Java reached whose referents were not; `None` once it is decided which referents go.
    pub(crate) discovered: Option<Discovered>,
    objects: u64,
    bytes: u64,
}

impl Full<'_> {
    fn mark(&mut self, roots: &mut dyn Roots) {
        let owners = roots.owners();
        for object in owners.iter().flatten() {
            // Met from elsewhere they are what they are, and are not gone into: that is done in their turn.
            self.marks.set(*object);
        }
        roots.visit_all(&mut |value| {
            self.reach(value.0);
            value
        });
        self.follow(roots);
        self.keep_soft(roots);
        for (number, objects) in owners.iter().enumerate() {
            let before = self.bytes;
            for object in objects {
                self.grey.push(*object);
            }
            roots.visit_owner(number, &mut |value| {
                self.reach(value.0);
                value
            });
            self.follow(roots);
            self.keep_soft(roots);
            roots.charged(number, self.bytes - before);
        }
    }

    /// Goes into all that was reached.
    pub(crate) fn follow(&mut self, roots: &mut dyn Roots) {
        while let Some(object) = self.grey.pop() {
            self.objects += 1;
            self.bytes +=
                self.heap.cells.cell_at(object).or_else(|| self.heap.large.object_at(object)).unwrap_or(0);
            let class = self.heap.memory.load_u64(object.add(header::CLASS));
            self.reach(class);
            let info = self.heap.shapes.get(&self.heap.memory, Addr(class));
            self.scan(object, info, roots);
        }
    }

    /// Marks the object that a slot leads to, if any.
    #[inline(always)]
    pub(crate) fn reach(&mut self, word: u64) {
        if Value(word).is_object() && self.marks.set(Addr(word)) {
            self.grey.push(Addr(word));
        }
    }

    fn scan(&mut self, object: Addr, info: ClassInfo, roots: &mut dyn Roots) {
        match info.shape {
            Shape::Instance => {
                let hides = info.strength.is_some_and(|strength| self.discover(object, strength));
                for run in 0..Shapes::run_count(&info) {
                    let (offset, count) = self.heap.shapes.run(&info, run);
                    let skipped = u64::from(hides && u64::from(offset) == reference::REFERENT);
                    self.scan_slots(object.add(u64::from(offset) + 8 * skipped), u64::from(count) - skipped);
                }
            }
            Shape::RefArray => {
                let length = self.heap.memory.load_u64(object.add(array::LENGTH));
                self.scan_slots(object.add(array::DATA), length);
            }
            Shape::Weak => self.weak.push(object),
            Shape::FrozenStack => roots.visit_frozen(object, &mut |value| {
                self.reach(value.0);
                value
            }),
            Shape::PrimArray => {}
        }
    }

    #[inline(always)]
    fn scan_slots(&mut self, first: Addr, count: u64) {
        for index in 0..count {
            self.reach(self.heap.memory.load_u64(first.add(index * 8)));
        }
    }

    /// Nulls the slots of weak arrays whose objects nothing else reached.
    fn clear_weak(&mut self) {
        let memory = &self.heap.memory;
        for array in &self.weak {
            for index in 0..memory.load_u64(array.add(array::LENGTH)) {
                let slot = array.add(array::DATA + index * 8);
                let value = Value(memory.load_u64(slot));
                if value.as_object().is_some_and(|object| !self.marks.contains(object)) {
                    memory.store_u64(slot, Value::NULL.0);
                }
            }
        }
    }
}
