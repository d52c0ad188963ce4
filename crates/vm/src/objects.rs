//! Objects as Rust code sees them: fields, strings, arrays, boxed numbers.
//!
//! *Invariant:* nothing here collects; an address stays good until the next safepoint.

use crate::Vm;
use crate::calls::Flow;
use crate::interpreter::Exit;
use crate::scheduler::Request;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use base::checksum::checksum;
use bytecode::Flags;
use heap::{Heap, OutOfMemory};
use layout::Value;
use layout::internal::{CLASSES, ClassId};
use layout::schema::{Shape, array, boxed, class, exception, header};
use layout::value::Unpacked;

/// A field of the root page.
pub(crate) const fn root_field(offset: u64) -> Addr {
    Addr(layout::area::ROOT.0 + offset)
}

/// Arrays of fewer elements are made in the nursery without another look, if they fit there.
const YOUNG_ARRAY_MAX: u64 = 4096;
/// So often an instruction is run again, each time after a full collection, before it throws for want of room.
const REFUSALS_MAX: u32 = 2;
/// Bytes at each end of a long text that its hash depends on.
const HASHED_BYTES: u64 = 32 << 10;
/// Number of elements to begin with when a list grows.
const LIST_FIRST: u64 = 16;

impl Vm {
    /// The class object of a kernel class.
    pub fn kernel_class(&self, id: ClassId) -> Addr {
        self.kernel[id as usize]
    }

    /// The class of a value; of null it is `.internal.void`.
    pub fn class_of(&self, value: Value) -> Addr {
        match value.unpack() {
            Unpacked::Null => self.kernel_class(ClassId::Void),
            Unpacked::Object(addr) => Addr(self.memory.load_u64(addr.add(header::CLASS))),
            Unpacked::Int(_) => self.kernel_class(ClassId::Int),
            Unpacked::Long(_) => self.kernel_class(ClassId::Long),
            Unpacked::Float(_) | Unpacked::Reserved(_) => self.kernel_class(ClassId::Float),
        }
    }

    /// The nearest kernel class of a value; a user class that extends `.internal.thread` gives that.
    pub fn kernel_id(&self, value: Value) -> ClassId {
        let class = self.class_of(value);
        self.kernel_id_of_class(class)
    }

    pub(crate) fn kernel_id_of_class(&self, class: Addr) -> ClassId {
        match self.get_u32(class, class::KERNEL_ID) {
            0 => ClassId::Object,
            number => CLASSES[number as usize - 1].id,
        }
    }

    /// Whether programs may make instances of a class.
    pub(crate) fn is_instantiable(&self, class: Addr) -> bool {
        let flags = Flags(self.get_u32(class, class::FLAGS));
        self.get_u8(class, class::SHAPE) == Shape::Instance as u8
            && !flags.has(Flags::ABSTRACT)
            && !flags.has(Flags::INTERFACE)
            && self.kernel_id_of_class(class).can_be_created()
    }

    /// Whether a value is an instance of a kernel class or of a class that extends it; null is of none.
    pub fn is_kernel(&self, value: Value, id: ClassId) -> bool {
        !value.is_null() && self.is_subclass(self.class_of(value), self.kernel_class(id))
    }

    /// Whether `class` is `ancestor` or has it above it as a superclass, an interface or (arrays) by its elements.
    pub fn is_subclass(&self, class: Addr, ancestor: Addr) -> bool {
        if class == ancestor {
            return true;
        }
        let depth = u64::from(self.get_u32(ancestor, class::DEPTH));
        if depth <= u64::from(self.get_u32(class, class::DEPTH)) {
            let display = self.ref_field(class, class::DISPLAY);
            if self.array_get(display, depth) == Value::object(ancestor) {
                return true;
            }
        }
        let interfaces = self.ref_field(class, class::INTERFACES);
        if !interfaces.is_null()
            && (0..self.array_len(interfaces)).any(|i| self.array_get(interfaces, i).0 == ancestor.0)
        {
            return true;
        }
        let (element, wanted) =
            (self.ref_field(class, class::ELEMENT), self.ref_field(ancestor, class::ELEMENT));
        if !element.is_null() && !wanted.is_null() {
            return self.is_subclass(element, wanted);
        }
        self.is_array_class(class) && Flags(self.get_u32(ancestor, class::FLAGS)).has(Flags::OF_ARRAYS)
            || self.is_root(ancestor)
    }

    /// Whether instances of a class are arrays.
    pub fn is_array_class(&self, class: Addr) -> bool {
        let shape = self.get_u8(class, class::SHAPE);
        (shape == Shape::RefArray as u8 || shape == Shape::PrimArray as u8)
            && self.get_u32(class, class::KERNEL_ID) == 0
    }

    /// Whether a value may stand where an instance of `class` is wanted; null is an instance of nothing.
    pub fn is_instance(&self, value: Value, class: Addr) -> bool {
        !value.is_null() && self.is_subclass(self.class_of(value), class)
    }

    /// Reads a reference field.
    pub fn get_ref(&self, object: Addr, offset: u64) -> Value {
        Value(self.memory.load_u64(object.add(offset)))
    }
    /// Reads a reference field that holds an object or null.
    pub fn ref_field(&self, object: Addr, offset: u64) -> Addr {
        Addr(self.memory.load_u64(object.add(offset)))
    }
    /// Writes a reference field.
    pub fn set_ref(&mut self, object: Addr, offset: u64, value: Value) {
        self.heap.write_ref(object, object.add(offset), value);
    }
    /// Reads a field of 64 bits.
    pub fn get_u64(&self, object: Addr, offset: u64) -> u64 {
        self.memory.load_u64(object.add(offset))
    }
    /// Writes a field of 64 bits.
    pub fn set_u64(&mut self, object: Addr, offset: u64, value: u64) {
        self.memory.store_u64(object.add(offset), value);
    }
    /// Reads a field of 32 bits.
    pub fn get_u32(&self, object: Addr, offset: u64) -> u32 {
        self.memory.load_u32(object.add(offset))
    }
    /// Writes a field of 32 bits.
    pub fn set_u32(&mut self, object: Addr, offset: u64, value: u32) {
        self.memory.store_u32(object.add(offset), value);
    }
    /// Reads a field of 16 bits.
    pub fn get_u16(&self, object: Addr, offset: u64) -> u16 {
        self.memory.load_u16(object.add(offset))
    }
    /// Reads a field of 8 bits.
    pub fn get_u8(&self, object: Addr, offset: u64) -> u8 {
        self.memory.load_u8(object.add(offset))
    }
    /// Writes a field of 8 bits.
    pub fn set_u8(&mut self, object: Addr, offset: u64, value: u8) {
        self.memory.store_u8(object.add(offset), value);
    }

    /// Reads a reference of the root page.
    pub(crate) fn root_ref(&self, offset: u64) -> Addr {
        Addr(self.memory.load_u64(root_field(offset)))
    }
    /// Writes a reference of the root page.
    pub fn set_root_ref(&mut self, offset: u64, value: Value) {
        // The slots of the root page are roots of every collection.
        self.memory.store_u64(root_field(offset), value.0);
    }
    /// Reads a reference of the root page.
    pub fn get_root_ref(&self, offset: u64) -> Value {
        Value(self.memory.load_u64(root_field(offset)))
    }
    /// Reads a number of the root page.
    pub fn root_u64(&self, offset: u64) -> u64 {
        self.memory.load_u64(root_field(offset))
    }
    /// Writes a number of the root page.
    pub fn set_root_u64(&mut self, offset: u64, value: u64) {
        self.memory.store_u64(root_field(offset), value);
    }

    /// Allocates what the kernel needs, beyond the limit if it must; the thread is then told at its next safepoint.
    fn allocate(&mut self, class: Addr, bytes: u64) -> Addr {
        match self.heap.alloc(class, bytes) {
            Ok(object) => object,
            Err(_) => self.allocate_beyond(|heap| heap.alloc(class, bytes)),
        }
    }
    /// As [`Heap::alloc`], for the interpreter, which does not hold the kernel lock.
    ///
    /// # Errors
    /// When there is no room.
    #[cold]
    #[inline(never)]
    pub(crate) fn alloc_locked(&mut self, class: Addr, bytes: u64) -> Result<Addr, OutOfMemory> {
        self.enter();
        let made = self.heap.alloc(class, bytes);
        if self.heap.collection_wanted().is_some() {
            self.ask_attention();
        }
        if made.is_ok() {
            self.common.refusals.remove(&self.running.thread.0);
        }
        self.leave();
        made
    }

    /// What becomes of an instruction for whose object there is no room: it is run again after a full collection, and once
    /// more after one that clears soft references; then it throws.
    pub(crate) fn refuse(&mut self, what: &str) -> Flow {
        let thread = self.running.thread.0;
        let before = self.common.refusals.remove(&thread).unwrap_or(0);
        if before == REFUSALS_MAX {
            return self.raise_kernel(ClassId::OutOfMemory, &alloc::format!("no room for {what}"));
        }
        self.common.refusals.insert(thread, before + 1);
        self.common.clears_soft |= before + 1 == REFUSALS_MAX;
        self.heap.want_full();
        self.ask_attention();
        Flow::Exit(Exit::Safepoint)
    }

    /// A new array as a program asks for it, for the interpreter, which does not hold the kernel lock.
    ///
    /// `None` when there is no room.
    pub(crate) fn new_array_locked(&mut self, class: Addr, len: u64) -> Option<Addr> {
        if len < YOUNG_ARRAY_MAX
            && let Some(array) = self.heap.bump(class, self.array_bytes(class, len))
        {
            self.memory.store_u64(array.add(array::LENGTH), len);
            return Some(array);
        }
        self.enter();
        let made = self.array_if_room(class, len);
        // Long arrays reach a quota long before the slice is over.
        if self.heap.collection_wanted().is_some() || self.quota_reached() {
            self.ask_attention();
        }
        if made.is_some() {
            self.common.refusals.remove(&self.running.thread.0);
        }
        self.leave();
        made
    }

    /// A number of 64 bits as an object of its kernel class, for the interpreter, which does not hold the kernel lock.
    pub(crate) fn box_locked(&mut self, id: ClassId, bits: u64) -> Value {
        let class = self.kernel_class(id);
        if let Some(object) = self.heap.bump(class, boxed::SIZE) {
            self.memory.store_u64(object.add(boxed::BITS), bits);
            return Value::object(object);
        }
        self.enter();
        let value = self.box_bits(id, bits);
        if self.heap.collection_wanted().is_some() {
            self.ask_attention();
        }
        self.leave();
        value
    }

    pub(crate) fn allocate_old(&mut self, class: Addr, bytes: u64) -> Addr {
        match self.heap.alloc_old(class, bytes) {
            Ok(object) => object,
            Err(_) => self.allocate_beyond(|heap| heap.alloc_old(class, bytes)),
        }
    }
    /// Allocates what a thread that does not run has elsewhere already, whatever the limit says: who runs now is not to
    /// blame for it.
    pub(crate) fn allocate_uncharged(&mut self, class: Addr, bytes: u64) -> Addr {
        self.heap.set_limit(u64::MAX);
        let object = self.heap.alloc(class, bytes);
        self.heap.set_limit(self.common.heap_limit);
        object.unwrap_or_else(|error| panic!("the address space of the world is full: {error}"))
    }
    #[cold]
    fn allocate_beyond(&mut self, mut alloc: impl FnMut(&mut Heap) -> Result<Addr, OutOfMemory>) -> Addr {
        self.heap.set_limit(u64::MAX);
        let object = alloc(&mut self.heap);
        self.heap.set_limit(self.common.heap_limit);
        self.exhausted = true;
        self.requests.ask(Request::Attention);
        object.unwrap_or_else(|error| panic!("the address space of the world is full: {error}"))
    }

    /// How many bytes objects may take.
    pub fn memory_limit(&self) -> u64 {
        self.common.heap_limit
    }

    /// Sets how many bytes objects may take; what a program asks for beyond throws `out_of_memory`.
    pub fn set_memory_limit(&mut self, bytes: u64) {
        self.common.heap_limit = bytes;
        self.heap.set_limit(bytes);
    }

    /// Whether an array of so many elements may be made: neither too long nor beyond the limit.
    pub fn array_fits(&self, class: Addr, len: u64) -> bool {
        len < base::limits::OBJECT_BYTES_MAX / 16 && {
            let used = self.heap.usage();
            let bytes = self.array_bytes(class, len);
            let used = used.nursery_bytes + used.cell_bytes + used.large_bytes;
            used.saturating_add(bytes) <= self.common.heap_limit
                && bytes <= base::limits::OBJECT_BYTES_MAX
                && self.quota_admits(bytes)
        }
    }

    /// Whether instances of a class are those of a kernel class, or of one that extends it.
    pub(crate) fn is_kernel_class(&self, class: Addr, id: ClassId) -> bool {
        self.get_u32(class, class::KERNEL_ID) == id as u32 + 1
    }

    /// A new object of a class, zeroed. Threads never move.
    pub fn new_object(&mut self, class: Addr) -> Addr {
        if self.is_kernel_class(class, ClassId::Thread) {
            return self.new_thread_object(class);
        }
        let bytes = u64::from(self.get_u32(class, class::INSTANCE_SIZE));
        self.allocate(class, bytes)
    }
    /// A new object that never moves.
    pub fn new_old(&mut self, class: Addr) -> Addr {
        let bytes = u64::from(self.get_u32(class, class::INSTANCE_SIZE));
        self.allocate_old(class, bytes)
    }
    /// A new object of a kernel class, zeroed.
    pub fn new_kernel(&mut self, id: ClassId) -> Addr {
        self.new_object(self.kernel_class(id))
    }

    /// Number of elements of an array, or of bytes of a string.
    pub fn array_len(&self, array: Addr) -> u64 {
        self.memory.load_u64(array.add(array::LENGTH))
    }
    /// Element of a ref array.
    ///
    /// # Panics
    /// When the index is outside.
    pub fn array_get(&self, array: Addr, index: u64) -> Value {
        assert!(index < self.array_len(array), "element {index} of a ref array is outside");
        Value(self.memory.load_u64(array.add(array::DATA + 8 * index)))
    }
    /// Writes an element of a ref array.
    ///
    /// # Panics
    /// When the index is outside.
    pub fn array_set(&mut self, array: Addr, index: u64, value: Value) {
        assert!(index < self.array_len(array), "element {index} of a ref array is outside");
        self.heap.write_ref(array, array.add(array::DATA + 8 * index), value);
    }
    /// A new array of a class (also a string), zeroed.
    pub fn new_array(&mut self, class: Addr, len: u64) -> Addr {
        let bytes = self.array_bytes(class, len);
        let array = self.allocate(class, bytes);
        self.memory.store_u64(array.add(array::LENGTH), len);
        array
    }
    /// A new array of a class, as a program asks for it.
    ///
    /// # Errors
    /// What to throw when there is no room.
    pub fn try_new_array(&mut self, class: Addr, len: u64) -> Result<Addr, Value> {
        if let Some(array) = self.array_if_room(class, len) {
            return Ok(array);
        }
        let text = alloc::format!("no room for an array of {len} elements");
        Err(Value::object(self.make_exception(ClassId::OutOfMemory, &text)))
    }
    fn array_if_room(&mut self, class: Addr, len: u64) -> Option<Addr> {
        if !self.array_fits(class, len) {
            return None;
        }
        let array = self.heap.alloc(class, self.array_bytes(class, len)).ok()?;
        self.memory.store_u64(array.add(array::LENGTH), len);
        Some(array)
    }
    pub(crate) fn new_array_old(&mut self, class: Addr, len: u64) -> Addr {
        let bytes = self.array_bytes(class, len);
        let array = self.allocate_old(class, bytes);
        self.memory.store_u64(array.add(array::LENGTH), len);
        array
    }
    /// Size in bytes of an array, rounded up.
    pub(crate) fn array_bytes(&self, class: Addr, len: u64) -> u64 {
        let log2 = match Shape::from_u8(self.get_u8(class, class::SHAPE)) {
            Some(Shape::PrimArray | Shape::FrozenStack) => u32::from(self.get_u8(class, class::ELEMENT_LOG2)),
            _ => 3,
        };
        (array::DATA + (len << log2)).next_multiple_of(header::ALIGN)
    }
    /// A new array of references (`[L.internal.object;`), all null.
    pub fn make_ref_array(&mut self, len: u64) -> Addr {
        self.new_array(self.object_array, len)
    }
    pub(crate) fn make_ref_array_old(&mut self, len: u64) -> Addr {
        self.new_array_old(self.object_array, len)
    }
    /// A new byte array, zeroed.
    pub fn make_bytes(&mut self, len: u64) -> Addr {
        self.new_array(self.prim_arrays[bytecode::Elem::I8 as usize], len)
    }
    pub(crate) fn make_bytes_old(&mut self, bytes: &[u8]) -> Addr {
        let array = self.new_array_old(self.prim_arrays[bytecode::Elem::I8 as usize], bytes.len() as u64);
        self.memory.write_bytes(array.add(array::DATA), bytes);
        array
    }
    /// All bytes of a byte array or string.
    pub fn bytes(&self, array: Addr) -> Vec<u8> {
        let mut bytes = vec![0; self.array_len(array) as usize];
        self.memory.read_bytes(array.add(array::DATA), &mut bytes);
        bytes
    }
    /// Some bytes of a byte array or string.
    ///
    /// # Panics
    /// When the range is outside.
    pub fn read_bytes(&self, array: Addr, from: u64, bytes: &mut [u8]) {
        assert!(from + bytes.len() as u64 <= self.array_len(array), "bytes of an array are outside");
        self.memory.read_bytes(array.add(array::DATA + from), bytes);
    }
    /// Writes some bytes of a byte array.
    ///
    /// # Panics
    /// When the range is outside.
    pub fn write_bytes(&mut self, array: Addr, from: u64, bytes: &[u8]) {
        assert!(from + bytes.len() as u64 <= self.array_len(array), "bytes of an array are outside");
        self.memory.write_bytes(array.add(array::DATA + from), bytes);
    }
    /// Copies bytes between byte arrays or strings.
    ///
    /// # Panics
    /// When a range is outside.
    pub fn copy_bytes(&mut self, from: Addr, from_at: u64, to: Addr, to_at: u64, len: u64) {
        assert!(
            from_at + len <= self.array_len(from) && to_at + len <= self.array_len(to),
            "bytes are outside"
        );
        self.memory.copy(from.add(array::DATA + from_at), to.add(array::DATA + to_at), len);
    }

    /// A new string.
    pub fn make_string(&mut self, text: &[u8]) -> Addr {
        let string = self.make_string_room(text.len() as u64);
        self.memory.write_bytes(string.add(array::DATA), text);
        string
    }
    /// A new string of zeros, to be filled at once with [`Vm::copy_bytes`] or [`Vm::write_bytes`].
    pub fn make_string_room(&mut self, len: u64) -> Addr {
        self.new_array(self.kernel_class(ClassId::String), len)
    }
    /// Whether the value is a string.
    pub fn is_string(&self, value: Value) -> bool {
        value
            .as_object()
            .is_some_and(|addr| self.memory.load_u64(addr) == self.kernel_class(ClassId::String).0)
    }
    /// The bytes of a value that is a string.
    pub fn string_bytes_of(&self, value: Value) -> Option<Vec<u8>> {
        if self.is_string(value) { Some(self.bytes(Addr(value.0))) } else { None }
    }
    /// The text of a string field, empty when it is null.
    pub fn text(&self, object: Addr, offset: u64) -> alloc::string::String {
        let bytes = self.string_bytes_of(self.get_ref(object, offset)).unwrap_or_default();
        alloc::string::String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A boxed i64: immediate where it fits.
    pub fn box_i64(&mut self, value: i64) -> Value {
        Value::long(value).unwrap_or_else(|| self.box_bits(ClassId::Long, value as u64))
    }
    /// A boxed f64.
    pub fn box_f64(&mut self, value: f64) -> Value {
        self.box_bits(ClassId::Double, value.to_bits())
    }
    fn box_bits(&mut self, id: ClassId, bits: u64) -> Value {
        let object = self.new_kernel(id);
        self.memory.store_u64(object.add(boxed::BITS), bits);
        Value::object(object)
    }
    /// The number in an `.internal.long`.
    pub fn as_long(&self, value: Value) -> Option<i64> {
        match value.unpack() {
            Unpacked::Long(number) => Some(number),
            Unpacked::Object(addr) if self.class_of(value) == self.kernel_class(ClassId::Long) => {
                Some(self.get_u64(addr, boxed::BITS) as i64)
            }
            _ => None,
        }
    }
    /// The number in an `.internal.float`.
    pub fn as_float(&self, value: Value) -> Option<f32> {
        match value.unpack() {
            Unpacked::Float(number) => Some(number),
            _ => None,
        }
    }
    /// The number in an `.internal.double`.
    pub fn as_double(&self, value: Value) -> Option<f64> {
        let addr = value.as_object()?;
        (self.class_of(value) == self.kernel_class(ClassId::Double))
            .then(|| f64::from_bits(self.get_u64(addr, boxed::BITS)))
    }

    /// An exception of a kernel class with a message and the stack trace of the running thread.
    pub fn make_exception(&mut self, id: ClassId, message: &str) -> Addr {
        let object = self.new_kernel(id);
        let message = self.make_string(message.as_bytes());
        self.set_ref(object, exception::MESSAGE, Value::object(message));
        let trace = self.running_trace();
        let trace = self.make_string(trace.as_bytes());
        self.set_ref(object, exception::TRACE, Value::object(trace));
        object
    }

    /// Hash of the first `len` bytes of a string or byte array; of many those in the middle do not count, so that it takes no
    /// longer.
    pub(crate) fn hash_of_bytes(&self, array: Addr, len: u64) -> u64 {
        let ends = len.min(2 * HASHED_BYTES);
        let mut bytes = vec![0; ends as usize];
        let (first, last) = bytes.split_at_mut((ends - ends / 2) as usize);
        if len > 0 {
            self.read_bytes(array, 0, first);
            self.read_bytes(array, len - ends / 2, last);
        }
        if len > ends {
            bytes.extend_from_slice(&len.to_le_bytes());
        }
        checksum(&bytes)
    }

    /// Hash of an object's identity, or of the value of an immediate, number or string; drawn at first use.
    pub fn identity_hash(&mut self, value: Value) -> u32 {
        let Some(object) = value.as_object() else {
            return checksum(&value.0.to_le_bytes()) as u32 & !header::IMMUTABLE;
        };
        let word = self.memory.load_u32(object.add(header::HASH));
        if word & !header::IMMUTABLE != 0 {
            return word & !header::IMMUTABLE;
        }
        let hash = match self.kernel_id(value) {
            ClassId::String => self.hash_of_bytes(object, self.array_len(object)),
            ClassId::Long | ClassId::Double => checksum(&self.get_u64(object, boxed::BITS).to_le_bytes()),
            _ => return self.heap.identity_hash(object),
        };
        let hash = (hash as u32 & !header::IMMUTABLE).max(1);
        self.memory.store_u32(object.add(header::HASH), word | hash);
        hash
    }

    /// A copy of an object, shallow; none of what has an identity in the kernel (classes, threads, ...).
    pub fn clone_object(&mut self, value: Value) -> Option<Value> {
        let Some(from) = value.as_object() else { return Some(value) };
        let class = self.class_of(value);
        let kernel = self.kernel_id_of_class(class);
        let shared = [ClassId::Class, ClassId::Method, ClassId::Field, ClassId::Module, ClassId::Thread];
        if shared.contains(&kernel)
            || [ClassId::Program, ClassId::Monitor, ClassId::FrozenStack].contains(&kernel)
            || [ClassId::Mutex, ClassId::Cond, ClassId::Sema, ClassId::Handle].contains(&kernel)
            || self.is_kernel(value, ClassId::Connector)
        {
            return None;
        }
        let (to, from_at, len) = match Shape::from_u8(self.get_u8(class, class::SHAPE))? {
            Shape::RefArray => {
                let len = self.array_len(from);
                let to = self.new_array(class, len);
                for index in 0..len {
                    let element = self.array_get(from, index);
                    self.array_set(to, index, element);
                }
                return Some(Value::object(to));
            }
            Shape::PrimArray => {
                let len = self.array_len(from);
                (self.new_array(class, len), array::DATA, self.array_bytes(class, len) - array::DATA)
            }
            Shape::Instance => {
                let to = self.new_object(class);
                let size = u64::from(self.get_u32(class, class::INSTANCE_SIZE));
                for offset in self.reference_offsets(class) {
                    let value = self.get_ref(from, offset);
                    self.set_ref(to, offset, value);
                }
                let numbers = self.number_runs(class, size);
                for (offset, len) in numbers {
                    self.memory.copy(from.add(offset), to.add(offset), len);
                }
                return Some(Value::object(to));
            }
            Shape::Weak | Shape::FrozenStack => return None,
        };
        self.memory.copy(from.add(from_at), to.add(from_at), len);
        Some(Value::object(to))
    }

    /// Offsets of the references in an instance of a class.
    pub fn reference_offsets(&self, class: Addr) -> Vec<u64> {
        let map = self.ref_field(class, class::REF_MAP);
        let mut offsets = Vec::new();
        if map.is_null() {
            return offsets;
        }
        for run in self.bytes(map).chunks_exact(8) {
            let word =
                |at: usize| u64::from(u32::from_le_bytes([run[at], run[at + 1], run[at + 2], run[at + 3]]));
            offsets.extend((0..word(4)).map(|i| word(0) + 8 * i));
        }
        offsets
    }

    /// The bytes of an instance behind its header that are no references: offset and length.
    fn number_runs(&self, class: Addr, size: u64) -> Vec<(u64, u64)> {
        let mut runs = Vec::new();
        let mut at = header::SIZE;
        for offset in self.reference_offsets(class) {
            if offset > at {
                runs.push((at, offset - at));
            }
            at = offset + 8;
        }
        if size > at {
            runs.push((at, size - at));
        }
        runs
    }

    /// Appends to a list that is a ref array in a field of the root page, `count` of it in use.
    pub(crate) fn list_push(&mut self, list: u64, count: u64, value: Value) -> u64 {
        let (array, used) = (self.root_ref(list), self.root_u64(count));
        let array = if array.is_null() || used == self.array_len(array) {
            let grown = self.make_ref_array_old((2 * used).max(LIST_FIRST));
            if used > 0 {
                self.heap.copy_refs(grown, array.add(array::DATA), grown.add(array::DATA), used);
            }
            self.set_root_ref(list, Value::object(grown));
            grown
        } else {
            array
        };
        self.array_set(array, used, value);
        self.set_root_u64(count, used + 1);
        used
    }
}
