//! The heap verifier: does everything in the world that the heap wrote fit together?
//!
//! It trusts nothing but the memory's own bounds and never panics on damage. It reads every object and writes nothing.

use crate::Roots;
use crate::format::{
    EXTENT_BUCKETS, Extent, LARGE_PAGES_MAX, LARGE_TABLE, REGION_RECORD_BYTES, REGIONS_MAX, SIZE_CLASSES,
    STATE, STATE_MAGIC, Use, cells_of, record, region_record, state,
};
use crate::heap::{Heap, Object};
use crate::nursery::{self, Nursery};
use crate::shape::{Shapes, read_class};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use base::{Addr, PAGE_SHIFT};
use layout::Value;
use layout::area::{LARGE, OBJECTS};
use layout::schema::{Shape, array, class};
use layout::value::Unpacked;

/// Damages reported at most; where one thing is wrong, many follow.
const DAMAGES_MAX: usize = 100;

/// When a heap is verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// At any safepoint: the nursery may hold objects.
    Safepoint,
    /// At a flip or in a snapshot: nothing may lead into the nursery.
    Flip,
}

/// What a sound heap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HeapReport {
    /// Objects of the old space in cells.
    pub objects: u64,
    /// Their own bytes.
    pub object_bytes: u64,
    /// Bytes of their cells.
    pub cell_bytes: u64,
    /// Objects on pages of their own.
    pub large_objects: u64,
    /// Bytes of their pages.
    pub large_bytes: u64,
    /// Objects in the nursery.
    pub nursery_objects: u64,
    /// Slots that lead to an object, roots included.
    pub references: u64,
    /// Classes that have instances.
    pub classes: u64,
    /// Regions ever used.
    pub regions: u64,
    /// Those of them that are wholly free.
    pub free_regions: u64,
}

/// Something that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The heap's state in the root page.
    #[error("the heap's state is damaged: {what}")]
    State {
        /// What is wrong.
        what: &'static str,
    },
    /// The record of a region.
    #[error("region {region} is damaged: {what}")]
    Region {
        /// Number of the region.
        region: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The table of large pages.
    #[error("the table of large pages is damaged at page {page}: {what}")]
    Large {
        /// Number of the page.
        page: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The class word of an object.
    #[error("the object at {object} has no sound class at {class}: {what}")]
    Class {
        /// The object.
        object: Addr,
        /// Its class word.
        class: Addr,
        /// What is wrong.
        what: &'static str,
    },
    /// The size of an object.
    #[error("the object at {object} is {bytes} bytes long and has room for {room}")]
    Size {
        /// The object.
        object: Addr,
        /// What its class and length say.
        bytes: u64,
        /// Bytes of its cell or pages.
        room: u64,
    },
    /// A reference in an object, or in a root when `object` is null.
    #[error("a slot of {object} holds {value:#x}: {what}")]
    Reference {
        /// The object, or null for a root.
        object: Addr,
        /// What the slot holds.
        value: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The nursery is not empty at a flip.
    #[error("the nursery holds {bytes} bytes at a flip")]
    Nursery {
        /// Bytes of objects.
        bytes: u64,
    },
}

impl Heap {
    /// Checks every object, reference, class and table of the heap.
    ///
    /// # Errors
    /// What was found, the first hundred.
    pub fn verify(&self, roots: &mut dyn Roots, moment: Moment) -> Result<HeapReport, Vec<Damage>> {
        let mut verifier = Verifier {
            heap: self,
            moment,
            shapes: Shapes::new(),
            classes: BTreeMap::new(),
            metaclass: None,
            nursery: Vec::new(),
            slots: self.remembered.iter().chain(self.shared.remembered.iter()).collect(),
            objects: self.remembered_objects.iter().chain(&self.shared.remembered_objects).copied().collect(),
            report: HeapReport::default(),
            damages: Vec::new(),
        };
        verifier.run(roots);
        if verifier.damages.is_empty() { Ok(verifier.report) } else { Err(verifier.damages) }
    }
}

struct Verifier<'h> {
    heap: &'h Heap,
    moment: Moment,
    shapes: Shapes,
    /// What was found of each class word met.
    classes: BTreeMap<Addr, Result<(), &'static str>>,
    /// The class of classes, which is its own.
    metaclass: Option<Addr>,
    /// Starts of the nursery's objects, ascending.
    nursery: Vec<Addr>,
    slots: BTreeSet<Addr>,
    objects: BTreeSet<Addr>,
    report: HeapReport,
    damages: Vec<Damage>,
}

impl Verifier<'_> {
    fn damage(&mut self, damage: Damage) {
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push(damage);
        }
    }

    fn u32(&self, at: Addr) -> u32 {
        self.heap.memory.load_u32(at)
    }
    fn u64(&self, at: Addr) -> u64 {
        self.heap.memory.load_u64(at)
    }

    fn run(&mut self, roots: &mut dyn Roots) {
        self.check_state();
        if !self.damages.is_empty() {
            return;
        }
        self.check_regions();
        self.check_large();
        self.walk_nursery();
        let mut old: Vec<Object> = Vec::new();
        self.heap.for_each_object(&mut |object| old.push(object));
        for object in old {
            self.check_object(object, roots);
        }
        for at in 0..self.nursery.len() {
            let object = self.nursery[at];
            let class = Addr(self.u64(object));
            self.check_slots(object, class, roots);
        }
        let mut values = Vec::new();
        let mut note = |value| {
            values.push(value);
            value
        };
        let owners = roots.owners();
        roots.visit_all(&mut note);
        for number in 0..owners.len() {
            roots.visit_owner(number, &mut note);
        }
        for object in owners.iter().flatten() {
            note(Value::object(*object));
        }
        for value in &values {
            self.check_value(Addr::NULL, None, *value);
        }
        self.check_young_roots(values, roots);
        self.report.classes = self.classes.len() as u64;
    }

    /// Whether a minor collection will visit all root slots that lead into the nursery.
    fn check_young_roots(&mut self, all: Vec<Value>, roots: &mut dyn Roots) {
        let mut unvisited: BTreeMap<u64, u64> = BTreeMap::new();
        for value in all {
            if nursery::holds(value.0) {
                *unvisited.entry(value.0).or_default() += 1;
            }
        }
        roots.visit_young(&mut |value| {
            if let Some(slots) = unvisited.get_mut(&value.0) {
                *slots = slots.saturating_sub(1);
            }
            value
        });
        for (value, slots) in unvisited {
            if slots > 0 {
                let what = "it leads into the nursery and a minor collection will not visit it";
                self.damage(Damage::Reference { object: Addr::NULL, value, what });
            }
        }
    }

    fn check_state(&mut self) {
        if self.u64(STATE.add(state::MAGIC)) != STATE_MAGIC {
            self.damage(Damage::State { what: "unknown format" });
        }
        if self.heap.shared.cells.regions_used() > REGIONS_MAX {
            self.damage(Damage::State { what: "more regions than the area has" });
        }
        if self.heap.shared.large.pages_used() > LARGE_PAGES_MAX {
            self.damage(Damage::State { what: "more large pages than the area has" });
        }
        if self.moment == Moment::Flip && !self.heap.is_nursery_empty() {
            self.damage(Damage::Nursery { bytes: self.heap.usage().nursery_bytes });
        }
    }

    fn check_regions(&mut self) {
        let used = self.heap.shared.cells.regions_used();
        let mut free = 0;
        let mut bytes = 0;
        for region in 0..used {
            let table = region_record(region);
            let number = self.u32(table.add(record::CLASS));
            let class = self.heap.shared.cells.class_of(region);
            if class.is_none() && number != 0 {
                self.damage(Damage::Region { region, what: "unknown size class" });
                continue;
            }
            let cells = class.map_or(0, cells_of);
            let mut taken = 0;
            for word in 0..(REGION_RECORD_BYTES - record::BITS) / 8 {
                let bits = self.u64(table.add(record::BITS + word * 8));
                let valid = match u64::from(cells).saturating_sub(word * 64) {
                    0 => 0,
                    left if left >= 64 => u64::MAX,
                    left => (1 << left) - 1,
                };
                if bits & !valid != 0 {
                    self.damage(Damage::Region { region, what: "a cell in use beyond the last" });
                    break;
                }
                taken += bits.count_ones();
            }
            if self.u32(table.add(record::FREE)) != cells.saturating_sub(taken) {
                self.damage(Damage::Region { region, what: "wrong count of free cells" });
            }
            match class {
                Some(class) => {
                    bytes += u64::from(taken) * u64::from(crate::format::CELL_BYTES[class]);
                }
                None => free += 1,
            }
        }
        self.report.regions = used;
        self.report.free_regions = free;
        self.report.cell_bytes = bytes;
        if bytes != self.heap.shared.cells.bytes() {
            self.damage(Damage::State { what: "wrong sum of the cells' bytes" });
        }
        let listed = self.check_region_list(STATE.add(state::FREE_REGION), None);
        if listed != free {
            self.damage(Damage::State { what: "a free region is not in the list" });
        }
        for class in 0..SIZE_CLASSES {
            self.check_region_list(STATE.add(state::PARTIAL + class as u64 * 4), Some(class));
        }
    }

    /// Walks a list of regions, all of which must have the class; its length.
    fn check_region_list(&mut self, head: Addr, class: Option<usize>) -> u64 {
        let used = self.heap.shared.cells.regions_used();
        let mut length = 0;
        let mut link = self.u32(head);
        while link != 0 {
            let region = u64::from(link) - 1;
            if region >= used || length >= used {
                self.damage(Damage::Region {
                    region,
                    what: "a list leads out of the used regions, or in a circle",
                });
                break;
            }
            if self.heap.shared.cells.class_of(region) != class {
                self.damage(Damage::Region { region, what: "it stands in another class's list" });
            }
            length += 1;
            link = self.u32(region_record(region).add(record::NEXT));
        }
        length
    }

    fn check_large(&mut self) {
        let mut extents = Vec::new();
        if let Err(page) = self.heap.shared.large.for_each(&mut |page, extent| extents.push((page, extent))) {
            self.damage(Damage::Large { page, what: "no extent begins here" });
            return;
        }
        let (mut bytes, mut free) = (0, 0);
        for (page, extent) in extents {
            match extent.usage {
                Use::Taken => bytes += extent.pages << PAGE_SHIFT,
                Use::Free => free += 1,
            }
            if (page + 1..page + extent.pages).any(|inner| self.u64(LARGE_TABLE.add(inner * 8)) != 0) {
                self.damage(Damage::Large { page, what: "another extent begins inside this one" });
            }
        }
        self.report.large_bytes = bytes;
        if bytes != self.heap.shared.large.bytes() {
            self.damage(Damage::State { what: "wrong sum of the large objects' bytes" });
        }
        let mut listed = 0;
        for bucket in 0..EXTENT_BUCKETS {
            listed += self.check_extent_list(bucket, free);
        }
        if listed != free {
            self.damage(Damage::State { what: "a free extent is not in a list" });
        }
    }

    /// Walks a list of free extents; its length.
    fn check_extent_list(&mut self, bucket: usize, length_max: u64) -> u64 {
        let mut length = 0;
        let mut link = self.u32(STATE.add(state::FREE_EXTENTS + bucket as u64 * 4));
        while link != 0 {
            let page = u64::from(link) - 1;
            let extent = if page < self.heap.shared.large.pages_used() {
                self.heap.shared.large.extent(page)
            } else {
                None
            };
            let fits = |e: &Extent| e.usage == Use::Free && e.pages > 0 && Extent::bucket(e.pages) == bucket;
            let Some(extent) = extent.filter(fits) else {
                self.damage(Damage::Large {
                    page,
                    what: "it stands in a list of free extents and is none of them",
                });
                break;
            };
            if length >= length_max {
                self.damage(Damage::Large { page, what: "a list of free extents leads in a circle" });
                break;
            }
            length += 1;
            link = extent.next;
        }
        length
    }

    /// Notes the starts of the nursery's objects.
    fn walk_nursery(&mut self) {
        for (start, end) in self.heap.shared.nursery.filled() {
            self.walk(start, end);
        }
    }

    fn walk(&mut self, start: Addr, end: Addr) {
        let mut at = start;
        while at < end {
            let class = Addr(self.u64(at));
            if class.is_null() && Nursery::is_new(at) {
                at = Nursery::behind_hole(at);
                continue;
            }
            if let Err(what) = self.check_class(class) {
                self.damage(Damage::Class { object: at, class, what });
                return;
            }
            let info = self.shapes.get(&self.heap.memory, class);
            let bytes = info.object_bytes(&self.heap.memory, at);
            if bytes > end.0 - at.0 {
                self.damage(Damage::Size { object: at, bytes, room: end.0 - at.0 });
                return;
            }
            self.nursery.push(at);
            self.report.nursery_objects += 1;
            at = at.add(bytes);
        }
    }

    /// Whether an object of the old space begins at `addr`; the bytes of its cell or pages.
    fn old_object_at(&self, addr: Addr) -> Option<u64> {
        if OBJECTS.contains(addr) {
            self.heap.shared.cells.cell_at(addr)
        } else if LARGE.contains(addr) {
            self.heap.shared.large.object_at(addr)
        } else {
            None
        }
    }

    fn check_class(&mut self, class: Addr) -> Result<(), &'static str> {
        if let Some(known) = self.classes.get(&class) {
            return *known;
        }
        let found = self.examine_class(class);
        self.classes.insert(class, found);
        found
    }

    fn examine_class(&mut self, class: Addr) -> Result<(), &'static str> {
        if class.is_null() {
            return Err("it is null");
        }
        match self.old_object_at(class) {
            None => return Err("no old object begins there"),
            Some(room) if room < class::SIZE => return Err("it has no room for a class"),
            Some(_) => {}
        }
        let metaclass = Addr(self.u64(class));
        if self.old_object_at(metaclass).is_none() || Addr(self.u64(metaclass)) != metaclass {
            return Err("it is not a class");
        }
        if *self.metaclass.get_or_insert(metaclass) != metaclass {
            return Err("its class is not the class of the other classes");
        }
        if let Some(map) = Value(self.u64(class.add(class::REF_MAP))).as_object() {
            // In the nursery its start cannot be told before the nursery is walked, for which classes are needed.
            let room = match self.old_object_at(map) {
                Some(room) => room,
                None if nursery::holds(map.0) => self.heap.shared.nursery.room_at(map),
                None => 0,
            };
            if room < array::DATA || self.u64(map.add(array::LENGTH)) > room - array::DATA {
                return Err("its reference map is no byte array");
            }
        }
        read_class(&self.heap.memory, class, &mut Vec::new())
            .map_err(|_| "its shape, size or reference map makes no sense")?;
        Ok(())
    }

    fn check_object(&mut self, object: Object, roots: &mut dyn Roots) {
        let Object { addr, class, cell_bytes } = object;
        if let Err(what) = self.check_class(class) {
            self.damage(Damage::Class { object: addr, class, what });
            return;
        }
        let info = self.shapes.get(&self.heap.memory, class);
        let bytes = info.object_bytes(&self.heap.memory, addr);
        if bytes > cell_bytes {
            self.damage(Damage::Size { object: addr, bytes, room: cell_bytes });
            return;
        }
        if LARGE.contains(addr) {
            self.report.large_objects += 1;
        } else {
            self.report.objects += 1;
            self.report.object_bytes += bytes;
        }
        self.check_slots(addr, class, roots);
    }

    /// Checks the references of an object whose class and size are sound.
    fn check_slots(&mut self, object: Addr, class: Addr, roots: &mut dyn Roots) {
        let info = self.shapes.get(&self.heap.memory, class);
        match info.shape {
            Shape::Instance => {
                for run in 0..Shapes::run_count(&info) {
                    let (offset, count) = self.shapes.run(&info, run);
                    for index in 0..u64::from(count) {
                        self.check_slot(object, object.add(u64::from(offset) + index * 8));
                    }
                }
            }
            Shape::RefArray | Shape::Weak => {
                for index in 0..self.u64(object.add(array::LENGTH)) {
                    self.check_slot(object, object.add(array::DATA + index * 8));
                }
            }
            Shape::FrozenStack => {
                let mut values = Vec::new();
                roots.visit_frozen(object, &mut |value| {
                    values.push(value);
                    value
                });
                for value in values {
                    self.check_value(object, None, value);
                }
            }
            Shape::PrimArray => {}
        }
    }

    fn check_slot(&mut self, object: Addr, slot: Addr) {
        let value = Value(self.u64(slot));
        self.check_value(object, Some(slot), value);
    }

    /// Checks what a slot of `object` (null for a root) holds.
    fn check_value(&mut self, object: Addr, slot: Option<Addr>, value: Value) {
        let what = match value.unpack() {
            Unpacked::Null | Unpacked::Long(_) => return,
            Unpacked::Int(number) if Value::int(number) == value => return,
            Unpacked::Float(number) if Value::float(number) == value => return,
            Unpacked::Int(_) | Unpacked::Float(_) | Unpacked::Reserved(_) => "no legal immediate",
            Unpacked::Object(to) => {
                self.report.references += 1;
                if !nursery::holds(to.0) {
                    if self.old_object_at(to).is_some() {
                        return;
                    }
                    "no object begins there"
                } else if self.moment == Moment::Flip {
                    "it leads into the nursery at a flip"
                } else if self.nursery.binary_search(&to).is_err() {
                    "no object begins there in the nursery"
                } else if self.is_remembered(object, slot) {
                    return;
                } else {
                    "it leads into the nursery and is not remembered"
                }
            }
        };
        self.damage(Damage::Reference { object, value: value.0, what });
    }

    /// Whether a minor collection will look at the slot.
    fn is_remembered(&self, object: Addr, slot: Option<Addr>) -> bool {
        object.is_null()
            || nursery::holds(object.0)
            || self.objects.contains(&object)
            || slot.is_some_and(|slot| self.slots.contains(&slot))
    }
}
