//! A small world for tests and figures: a simulated memory, a store of pages, a handful of classes, roots in a vector.

#![allow(dead_code, reason = "each test and example uses a part of it")]

use base::{Addr, Epoch, PageBytes, PageIndex, PageRange};
use heap::{Heap, Roots, Survivors};
use layout::Value;
use layout::area::NURSERY;
use layout::schema::{Shape, array, class, header};
use memory::{Capture, Memory, MemoryConfig, Progress};
use platform::PageSource;
use sim::SimMapper;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// What a store would hold.
#[derive(Default, Clone)]
pub(crate) struct Stored(pub(crate) BTreeMap<PageIndex, Arc<PageBytes>>);

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        match self.0.get(&page) {
            Some(stored) => bytes.copy_from_slice(&**stored),
            None => bytes.fill(0),
        }
        Ok(self.0.contains_key(&page))
    }
}

impl Stored {
    /// A new memory that holds these pages.
    pub(crate) fn open(&self, last: Epoch) -> Arc<Memory> {
        let mapper = SimMapper::new().expect("address space for a simulated world");
        let mut config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
        config.stored_pages = self.0.keys().copied().collect();
        Memory::new(Arc::new(mapper), Arc::new(self.clone()), config, last).expect("a simulated world opens")
    }

    /// Takes in up to `pages_max` pages of a capture; whether it is done.
    pub(crate) fn step(&mut self, capture: &mut Capture, pages_max: usize) -> bool {
        let mut keep = |page, bytes: &PageBytes| -> Result<(), Infallible> {
            if bytes.iter().any(|byte| *byte != 0) {
                self.0.insert(page, Arc::new(*bytes));
            } else {
                self.0.remove(&page);
            }
            Ok(())
        };
        match capture.step(pages_max, &mut keep) {
            Ok(progress) => progress == Progress::Done,
            Err(never) => match never {},
        }
    }
}

/// Roots in a vector; classes are kept by it too.
pub(crate) struct TestRoots {
    pub(crate) memory: Arc<Memory>,
    pub(crate) slots: Vec<Value>,
    pub(crate) classes: Vec<Value>,
    /// Addresses that the last full collection is asked about, and its answers.
    pub(crate) asked: Vec<(Addr, bool)>,
    /// Whether soft references keep nothing.
    pub(crate) clears_soft: bool,
    /// References of Java that the last full collection handed over.
    pub(crate) handed: Vec<Addr>,
}

impl TestRoots {
    fn new(memory: Arc<Memory>, slots: Vec<Value>, classes: Vec<Value>) -> TestRoots {
        TestRoots { memory, slots, classes, asked: Vec::new(), clears_soft: false, handed: Vec::new() }
    }
}

impl Roots for TestRoots {
    fn visit_young(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        for slot in &mut self.slots {
            *slot = visit(*slot);
        }
    }
    fn visit_all(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        for slot in self.slots.iter_mut().chain(&mut self.classes) {
            *slot = visit(*slot);
        }
    }
    /// Every second word of a frozen stack is a reference, beginning with the second.
    fn visit_frozen(&mut self, object: Addr, visit: &mut dyn FnMut(Value) -> Value) {
        for index in (1..self.memory.load_u64(object.add(array::LENGTH))).step_by(2) {
            let slot = object.add(array::DATA + index * 8);
            let old = Value(self.memory.load_u64(slot));
            let new = visit(old);
            if new != old {
                self.memory.store_u64(slot, new.0);
            }
        }
    }
    fn keeps_soft(&mut self, _reference: Addr) -> bool {
        !self.clears_soft
    }
    fn enqueue(&mut self, references: Vec<Addr>) {
        self.handed = references;
    }
    fn swept(&mut self, is_live: &dyn Fn(Addr) -> bool) {
        for (addr, live) in &mut self.asked {
            *live = is_live(*addr);
        }
    }
}

/// A class of the test world.
#[derive(Clone, Debug)]
pub(crate) struct TestClass {
    pub(crate) addr: Addr,
    pub(crate) shape: Shape,
    pub(crate) instance_bytes: u64,
    /// Offsets of the references of an instance.
    pub(crate) refs: Vec<u64>,
}

/// Indexes into [`World::classes`].
pub(crate) const BYTES: usize = 0;
pub(crate) const REFS: usize = 1;
pub(crate) const FROZEN: usize = 2;
pub(crate) const WEAK: usize = 3;
pub(crate) const FIRST_INSTANCE: usize = 4;
/// Classes of instances: bytes, and runs of references (offset, count).
pub(crate) const INSTANCES: &[(u32, &[(u32, u32)])] = &[
    (32, &[(24, 1)]),
    (48, &[]),
    (48, &[(24, 3)]),
    (96, &[(24, 1), (40, 2), (64, 3)]),
    (400, &[(24, 20), (0x18 + 21 * 8, 1), (392, 1)]),
    (3008, &[(64, 2), (3000, 1)]),
];

pub(crate) struct World {
    pub(crate) memory: Arc<Memory>,
    pub(crate) heap: Heap,
    pub(crate) classes: Vec<TestClass>,
    pub(crate) roots: TestRoots,
}

impl World {
    pub(crate) fn new() -> World {
        let memory = Stored::default().open(Epoch(0));
        World::format(memory)
    }

    /// Makes classes in an empty world, as a bootstrap does: the class of classes first, its own class.
    pub(crate) fn format(memory: Arc<Memory>) -> World {
        let mut heap = Heap::format(memory.clone());
        let metaclass = heap.alloc_old(Addr::NULL, class::SIZE).expect("room");
        heap.set_class(metaclass, metaclass);
        let make = |heap: &mut Heap, shape: Shape, log2: u8, bytes: u32| {
            let addr = heap.alloc_old(metaclass, class::SIZE).expect("room");
            memory.store_u8(addr.add(class::SHAPE), shape as u8);
            memory.store_u8(addr.add(class::ELEMENT_LOG2), log2);
            memory.store_u32(addr.add(class::INSTANCE_SIZE), bytes);
            addr
        };
        let bytes = make(&mut heap, Shape::PrimArray, 0, 0);
        let map = |heap: &mut Heap, class: Addr, runs: &[(u32, u32)]| {
            let length = runs.len() as u64 * 8;
            let map = heap.alloc_old(bytes, array::DATA + length).expect("room");
            memory.store_u64(map.add(array::LENGTH), length);
            for (index, (offset, count)) in runs.iter().enumerate() {
                memory.store_u32(map.add(array::DATA + index as u64 * 8), *offset);
                memory.store_u32(map.add(array::DATA + index as u64 * 8 + 4), *count);
            }
            heap.write_ref(class, class.add(class::REF_MAP), Value::object(map));
        };
        memory.store_u8(metaclass.add(class::SHAPE), Shape::Instance as u8);
        memory.store_u32(metaclass.add(class::INSTANCE_SIZE), class::SIZE as u32);
        map(&mut heap, metaclass, &[(header::SIZE as u32, class::REFS as u32)]);

        let plain = |addr, shape| TestClass { addr, shape, instance_bytes: 0, refs: Vec::new() };
        let mut classes = vec![plain(bytes, Shape::PrimArray)];
        classes.push(plain(make(&mut heap, Shape::RefArray, 3, 0), Shape::RefArray));
        classes.push(plain(make(&mut heap, Shape::FrozenStack, 3, 0), Shape::FrozenStack));
        classes.push(plain(make(&mut heap, Shape::Weak, 3, 0), Shape::Weak));
        for (size, runs) in INSTANCES {
            let addr = make(&mut heap, Shape::Instance, 0, *size);
            if !runs.is_empty() {
                map(&mut heap, addr, runs);
            }
            let refs =
                runs.iter().flat_map(|(offset, count)| (0..*count).map(move |i| u64::from(offset + i * 8)));
            let (refs, instance_bytes) = (refs.collect(), u64::from(*size));
            classes.push(TestClass { addr, shape: Shape::Instance, instance_bytes, refs });
        }
        let kept = classes.iter().map(|class| Value::object(class.addr)).collect();
        let roots = TestRoots::new(memory.clone(), Vec::new(), kept);
        World { memory, heap, classes, roots }
    }

    /// The same world over another memory.
    pub(crate) fn reopen(memory: Arc<Memory>, classes: Vec<TestClass>, slots: Vec<Value>) -> World {
        let heap = Heap::open(memory.clone()).expect("a heap");
        let kept = classes.iter().map(|class| Value::object(class.addr)).collect();
        let roots = TestRoots::new(memory.clone(), slots, kept);
        World { memory, heap, classes, roots }
    }

    /// A new object of a class, with `length` elements if it is an array.
    pub(crate) fn new_object(&mut self, class: usize, length: u64, old: bool) -> Addr {
        let TestClass { addr, shape, instance_bytes, .. } = self.classes[class];
        let bytes = match shape {
            Shape::Instance => instance_bytes,
            Shape::PrimArray => array::DATA + length,
            _ => array::DATA + length * 8,
        };
        let object = if old { self.heap.alloc_old(addr, bytes) } else { self.heap.alloc(addr, bytes) };
        let object = object.expect("room");
        if shape != Shape::Instance {
            self.memory.store_u64(object.add(array::LENGTH), length);
        }
        object
    }

    /// A minor collection that empties the nursery.
    pub(crate) fn minor(&mut self) -> heap::CollectStats {
        self.collect_minor(Survivors::Promote)
    }
    pub(crate) fn collect_minor(&mut self, survivors: Survivors) -> heap::CollectStats {
        self.heap.collect_minor(&mut self.roots, survivors).expect("memory works")
    }
    pub(crate) fn full(&mut self) -> heap::CollectStats {
        self.heap.collect_full(&mut self.roots).expect("memory works")
    }
    pub(crate) fn old_objects(&self) -> u64 {
        let mut count = 0;
        self.heap.for_each_object(&mut |_| count += 1);
        count
    }
}
