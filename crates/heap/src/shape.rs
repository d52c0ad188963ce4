//! What the collector knows of a class: size and reference slots of its instances, read once and kept in Rust.
//!
//! A cache: dropped after each full collection, and for one class by [`Shapes::forget`].

use crate::nursery;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::{Shape, Strength, array, class, header, reference};
use memory::Memory;

/// How to find size and references of the instances of one class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassInfo {
    pub(crate) shape: Shape,
    element_log2: u8,
    /// Bytes of an instance, header included.
    instance_bytes: u32,
    /// Of references of Java: how far their first slot keeps what it leads to.
    pub(crate) strength: Option<Strength>,
    /// First run of references: offset in bytes and count.
    first_run: (u32, u32),
    /// Further runs: range in [`Shapes::runs`].
    more: (u32, u32),
}

impl ClassInfo {
    /// Size of the object in bytes, a multiple of 16.
    #[inline(always)]
    pub(crate) fn object_bytes(&self, memory: &Memory, object: Addr) -> u64 {
        match self.shape {
            Shape::Instance => u64::from(self.instance_bytes),
            Shape::RefArray | Shape::Weak => array_bytes(memory.load_u64(object.add(array::LENGTH)), 3),
            Shape::PrimArray | Shape::FrozenStack => {
                array_bytes(memory.load_u64(object.add(array::LENGTH)), self.element_log2)
            }
        }
    }
    /// Whether an instance may hold references besides its class.
    #[inline(always)]
    pub(crate) fn has_references(&self) -> bool {
        match self.shape {
            Shape::Instance => self.first_run.1 != 0,
            Shape::RefArray | Shape::Weak | Shape::FrozenStack => true,
            Shape::PrimArray => false,
        }
    }
}

/// Bytes of an array of `length` elements of `1 << element_log2` bytes; saturates, so that damage shows as too large.
#[inline(always)]
fn array_bytes(length: u64, element_log2: u8) -> u64 {
    let bytes = length.saturating_mul(1 << (element_log2 & 7)).saturating_add(array::DATA);
    bytes.saturating_add(header::ALIGN - 1) & !(header::ALIGN - 1)
}

/// Why a class does not describe its instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BadClass {
    Shape(u8),
    InstanceSize(u32),
    Strength(u8),
    ReferenceMap,
}

const SLOTS: usize = 1024;

/// The cache.
pub(crate) struct Shapes {
    /// Direct-mapped: class address and what is known of it.
    recent: Vec<(u64, u32)>,
    known: BTreeMap<u64, u32>,
    infos: Vec<ClassInfo>,
    runs: Vec<(u32, u32)>,
}

impl Shapes {
    pub(crate) fn new() -> Shapes {
        Shapes {
            recent: alloc::vec![(0, 0); SLOTS],
            known: BTreeMap::new(),
            infos: Vec::new(),
            runs: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.recent.fill((0, 0));
        self.known.clear();
        self.infos.clear();
        self.runs.clear();
    }

    /// Reads the class again when it is asked for next.
    pub(crate) fn forget(&mut self, class: Addr) {
        self.known.remove(&class.0);
        self.recent[slot(class)] = (0, 0);
    }

    /// What is known of `class`.
    ///
    /// # Panics
    /// When the class is damaged: to go on would spread the damage.
    #[inline(always)]
    pub(crate) fn get(&mut self, memory: &Memory, class: Addr) -> ClassInfo {
        let (key, index) = self.recent[slot(class)];
        if key == class.0 { self.infos[index as usize] } else { self.get_slow(memory, class) }
    }

    #[cold]
    fn get_slow(&mut self, memory: &Memory, class: Addr) -> ClassInfo {
        assert!(!class.is_null(), "an object without a class reached the collector");
        let index = match self.known.get(&class.0) {
            Some(index) => *index,
            None => {
                let first = self.runs.len();
                let read = read_class(memory, class, &mut self.runs);
                let mut info = read.unwrap_or_else(|bad| panic!("class at {class} is damaged: {bad:?}"));
                if self.runs.len() > first {
                    info.first_run = self.runs[first];
                    info.more = (first as u32 + 1, self.runs.len() as u32);
                }
                self.infos.push(info);
                self.known.insert(class.0, self.infos.len() as u32 - 1);
                self.infos.len() as u32 - 1
            }
        };
        self.recent[slot(class)] = (class.0, index);
        self.infos[index as usize]
    }

    /// How many runs of references an instance has.
    #[inline(always)]
    pub(crate) fn run_count(info: &ClassInfo) -> u32 {
        if info.first_run.1 == 0 { 0 } else { 1 + (info.more.1 - info.more.0) }
    }
    /// A run of references: offset in bytes and count.
    #[inline(always)]
    pub(crate) fn run(&self, info: &ClassInfo, number: u32) -> (u32, u32) {
        if number == 0 { info.first_run } else { self.runs[(info.more.0 + number - 1) as usize] }
    }
}

#[inline(always)]
fn slot(class: Addr) -> usize {
    // Classes are a few hundred bytes long, so the low bits say little.
    ((class.0 >> 5) ^ (class.0 >> 15)) as usize % SLOTS
}

/// Reads what a class says of its instances; appends the runs of references (empty ones left out).
///
/// # Errors
/// When it makes no sense; `runs` may then have grown.
pub(crate) fn read_class(
    memory: &Memory,
    class: Addr,
    runs: &mut Vec<(u32, u32)>,
) -> Result<ClassInfo, BadClass> {
    let number = memory.load_u8(class.add(class::SHAPE));
    let shape = Shape::from_u8(number).ok_or(BadClass::Shape(number))?;
    let element_log2 = memory.load_u8(class.add(class::ELEMENT_LOG2));
    let instance_bytes = memory.load_u32(class.add(class::INSTANCE_SIZE));
    let mut info =
        ClassInfo { shape, element_log2, instance_bytes, strength: None, first_run: (0, 0), more: (0, 0) };
    if element_log2 > 3 {
        return Err(BadClass::Shape(number));
    }
    if shape != Shape::Instance {
        return Ok(info);
    }
    if u64::from(instance_bytes) < header::SIZE || !u64::from(instance_bytes).is_multiple_of(header::ALIGN) {
        return Err(BadClass::InstanceSize(instance_bytes));
    }
    let map = nursery::resolve(memory, Value(memory.load_u64(class.add(class::REF_MAP))));
    if map.is_null() {
        return Ok(info);
    }
    let map = map.as_object().filter(|map| map.in_world()).ok_or(BadClass::ReferenceMap)?;
    let pairs = memory.load_u64(map.add(array::LENGTH)) / 8;
    if pairs > u64::from(instance_bytes) / 8 {
        return Err(BadClass::ReferenceMap);
    }
    for pair in 0..pairs {
        let at = map.add(array::DATA + pair * 8);
        let (offset, count) = (memory.load_u32(at), memory.load_u32(at.add(4)));
        let end = u64::from(offset) + u64::from(count) * 8;
        if u64::from(offset) < header::SIZE || !offset.is_multiple_of(8) || end > u64::from(instance_bytes) {
            return Err(BadClass::ReferenceMap);
        }
        if count != 0 {
            runs.push((offset, count));
        }
    }
    let number = memory.load_u8(class.add(class::ELEMENT_KIND));
    if number != 0 {
        info.strength = Strength::from_u8(number);
        if info.strength.is_none() || u64::from(instance_bytes) < reference::DISCOVERED + 8 {
            return Err(BadClass::Strength(number));
        }
    }
    Ok(info)
}
