//! A new world: root page, kernel classes, lists; and opening one that is there.

use crate::frames::{Maps, Running};
use crate::kernel::{Common, Held, Machine};
use crate::names::CLASSES as CLASS_SET;
use crate::scheduler::{Requests, WorldClock};
use crate::{Vm, decode};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Descriptor, Elem, Flags, Kind};
use heap::Heap;
use layout::Value;
use layout::internal::{CLASSES, ClassId, InternalClass, InternalMethod, Restart};
use layout::schema::{
    NO_ORDINAL, ROOT_MAGIC, Shape, array, atomic, binary, boxed, class, closure, cond, connector, container,
    directory, exception, field, handle, header, iterator, method, module, monitor, mutex, once, program,
    random, root, sema, stringbuilder, thread, weakref,
};
use memory::Memory;
use platform::Platform;

/// Why a world could not be opened or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The root page is not that of a world.
    #[error("the root page holds no world (its first number is {found:#018x})")]
    NoWorld {
        /// What stands there.
        found: u64,
    },
    /// The heap could not be opened.
    #[error("the heap: {reason}")]
    Heap {
        /// What it says.
        reason: String,
    },
}

/// How many bytes a world's objects may take unless [`Vm::set_memory_limit`] says otherwise (8 GiB): as long as pages
/// are not evicted, all of them are in memory.
const HEAP_BYTES_DEFAULT: u64 = 8 << 30;
/// Ordinals below this are those of every object.
pub(crate) const ORDINALS_FIXED: u32 = 16;
const ACC_PUBLIC: u32 = Flags::PUBLIC.0;

/// Shape of the instances of a kernel class of its own kind: shape, size in bytes, references.
fn kernel_shape(id: ClassId) -> Option<(Shape, u64, u64)> {
    let instance = |size, refs| Some((Shape::Instance, size, refs));
    match id {
        ClassId::Object => instance(header::SIZE, 0),
        ClassId::Class => instance(class::SIZE, class::REFS),
        ClassId::Method => instance(method::SIZE, method::REFS),
        ClassId::Field => instance(field::SIZE, field::REFS),
        ClassId::Module => instance(module::SIZE, module::REFS),
        ClassId::Long | ClassId::Double => instance(boxed::SIZE, boxed::REFS),
        ClassId::String => Some((Shape::PrimArray, 0, 0)),
        ClassId::FrozenStack => Some((Shape::FrozenStack, 0, 0)),
        ClassId::StringBuilder => instance(stringbuilder::SIZE, stringbuilder::REFS),
        ClassId::Container => instance(container::SIZE, container::REFS),
        ClassId::Iterator => instance(iterator::SIZE, iterator::REFS),
        ClassId::Binary => instance(binary::SIZE, binary::REFS),
        ClassId::Directory => instance(directory::SIZE, directory::REFS),
        ClassId::Closure => instance(closure::SIZE, closure::REFS),
        ClassId::Thread => instance(thread::SIZE, thread::REFS),
        ClassId::Program => instance(program::SIZE, program::REFS),
        ClassId::Exception => instance(exception::SIZE, exception::REFS),
        ClassId::Monitor => instance(monitor::SIZE, monitor::REFS),
        ClassId::Connector => instance(connector::SIZE, connector::REFS),
        ClassId::Handle => instance(handle::SIZE, handle::REFS),
        ClassId::Random => instance(random::SIZE, random::REFS),
        ClassId::Once => instance(once::SIZE, once::REFS),
        ClassId::Mutex => instance(mutex::SIZE, mutex::REFS),
        ClassId::Cond => instance(cond::SIZE, cond::REFS),
        ClassId::Sema => instance(sema::SIZE, sema::REFS),
        ClassId::Atomic => instance(atomic::SIZE, atomic::REFS),
        ClassId::Weakref => instance(weakref::SIZE, weakref::REFS),
        ClassId::WeakArray => Some((Shape::Weak, 0, 0)),
        // As the parent.
        _ => None,
    }
}

/// `RESTART` of a divided method: it has a frame only when it has much to do.
pub(crate) const DIVIDED: u8 = 4;

impl Vm {
    fn new(memory: Arc<Memory>, heap: Heap, platform: Platform) -> Vm {
        let clock = WorldClock::new(&platform);
        let mut heap = heap;
        let requests = Requests::default();
        let machine = Machine::new(&requests, &platform);
        heap.set_limit(HEAP_BYTES_DEFAULT);
        Vm {
            memory,
            heap,
            platform,
            kernel: Vec::new(),
            prim_arrays: [Addr::NULL; 8],
            object_array: Addr::NULL,
            codes: decode::Codes::default(),
            maps: Maps::default(),
            requests,
            running: Running::default(),
            chaos: None,
            chaos_rarity: 1,
            common: Held(Some(Box::new(Common::new(clock, HEAP_BYTES_DEFAULT)))),
            charged: 0,
            work: crate::internal::steps::Work::default(),
            stretches: None,
            machine,
            number: 0,
            is_active: true,
            has_stopped: false,
            sweeps: 0,
            helping: false,
            chores: 0,
            exhausted: false,
        }
    }

    /// Makes a new world in an empty memory.
    pub fn format(memory: Arc<Memory>, platform: Platform) -> Vm {
        let heap = Heap::format(memory.clone());
        let mut vm = Vm::new(memory, heap, platform);
        vm.seed_generator();
        vm.set_root_u64(root::NEXT_ID, 1);
        vm.make_kernel_classes();
        vm.set_root_u64(root::WALL_NS, vm.platform.clock.wall_ns());
        let boot = vm.new_old(vm.kernel_class(ClassId::Boot));
        vm.set_root_ref(root::BOOT, Value::object(boot));
        vm.set_root_u64(root::MAGIC, ROOT_MAGIC);
        vm.restart_clock();
        vm.start_outside();
        vm
    }

    /// Has the world's generator begin anew.
    pub(crate) fn seed_generator(&mut self) {
        let mut seed = [0u8; 8];
        self.platform.entropy.fill(&mut seed);
        self.set_root_u64(root::PRNG, u64::from_le_bytes(seed));
    }

    /// Opens the world in a memory. Touches the root page and the array of kernel classes only.
    ///
    /// # Errors
    /// When the memory holds no world.
    pub fn open(memory: Arc<Memory>, platform: Platform) -> Result<Vm, OpenError> {
        let found = memory.load_u64(crate::objects::root_field(root::MAGIC));
        if found != ROOT_MAGIC {
            return Err(OpenError::NoWorld { found });
        }
        let heap =
            Heap::open(memory.clone()).map_err(|error| OpenError::Heap { reason: format!("{error}") })?;
        let mut vm = Vm::new(memory, heap, platform);
        let kernel = vm.root_ref(root::KERNEL_CLASSES);
        vm.kernel = (0..vm.array_len(kernel)).map(|i| Addr(vm.array_get(kernel, i).0)).collect();
        let arrays = vm.root_ref(root::ARRAY_CLASSES);
        for kind in 0..vm.prim_arrays.len() {
            vm.prim_arrays[kind] = Addr(vm.array_get(arrays, kind as u64).0);
        }
        vm.object_array = Addr(vm.array_get(arrays, 8).0);
        vm.common.committed = vm.root_u64(root::EPOCH);
        vm.restart_clock();
        vm.start_outside();
        Ok(vm)
    }

    fn make_kernel_classes(&mut self) {
        // The class of classes does not exist yet: the class word of these is set below.
        let placeholder = Addr::NULL;
        let kernel = (0..CLASSES.len()).map(|_| self.allocate_old(placeholder, class::SIZE)).collect();
        self.kernel = kernel;
        self.prim_arrays = core::array::from_fn(|_| self.allocate_old(placeholder, class::SIZE));
        self.object_array = self.allocate_old(placeholder, class::SIZE);
        let of_classes = self.kernel_class(ClassId::Class);
        let mut all: Vec<Addr> = self.kernel.clone();
        all.extend(self.prim_arrays);
        all.push(self.object_array);
        for object in &all {
            self.heap.set_class(*object, of_classes);
        }
        for definition in CLASSES {
            self.fill_shape(definition);
        }
        for (index, elem) in Elem::ALL.iter().enumerate() {
            let log2 = match elem {
                Elem::Bool | Elem::I8 => 0,
                Elem::U16 | Elem::I16 => 1,
                Elem::I32 | Elem::F32 => 2,
                Elem::I64 | Elem::F64 => 3,
            };
            let object = self.prim_arrays[index];
            self.set_u8(object, class::SHAPE, Shape::PrimArray as u8);
            self.set_u8(object, class::ELEMENT_LOG2, log2);
            self.set_u8(object, class::ELEMENT_KIND, *elem as u8);
        }
        self.set_u8(self.object_array, class::SHAPE, Shape::RefArray as u8);
        // From here on strings and arrays can be made.
        for definition in CLASSES {
            self.fill_class(definition);
        }
        for (index, elem) in Elem::ALL.iter().enumerate() {
            let name = format!("[{}", bytecode::desc::letter(*elem));
            self.finish_array_class(self.prim_arrays[index], &name, Addr::NULL);
        }
        let element = self.kernel_class(ClassId::Object);
        self.finish_array_class(self.object_array, "[L.internal.object;", element);
        let kernel = self.make_ref_array_old(CLASSES.len() as u64);
        for index in 0..CLASSES.len() {
            self.array_set(kernel, index as u64, Value::object(self.kernel[index]));
        }
        self.set_root_ref(root::KERNEL_CLASSES, Value::object(kernel));
        let arrays = self.make_ref_array_old(9);
        for index in 0..8 {
            self.array_set(arrays, index as u64, Value::object(self.prim_arrays[index]));
        }
        self.array_set(arrays, 8, Value::object(self.object_array));
        self.set_root_ref(root::ARRAY_CLASSES, Value::object(arrays));
    }

    /// What allocation and collection need to know of a class.
    fn fill_shape(&mut self, definition: &InternalClass) {
        let object = self.kernel_class(definition.id);
        let own = kernel_shape(definition.id);
        let parent = definition.parent_class().map(|parent| self.kernel_class(parent.id));
        let (shape, size) = match (own, parent) {
            (Some((shape, size, _)), _) => (shape as u8, size as u32),
            (None, Some(parent)) => {
                (self.get_u8(parent, class::SHAPE), self.get_u32(parent, class::INSTANCE_SIZE))
            }
            (None, None) => unreachable!("the root class has a shape"),
        };
        self.set_u8(object, class::SHAPE, shape);
        self.set_u32(object, class::INSTANCE_SIZE, size);
        self.set_u32(object, class::FIELDS_END, size);
        self.set_u32(object, class::KERNEL_ID, definition.id as u32 + 1);
        self.set_u32(object, class::FLAGS, ACC_PUBLIC);
        self.set_u32(object, class::VERSION, 1);
        self.set_u8(object, class::INIT_STATE, crate::classes::INITIALISED);
    }

    fn fill_class(&mut self, definition: &InternalClass) {
        let object = self.kernel_class(definition.id);
        let parent = definition.parent_class().map(|parent| self.kernel_class(parent.id));
        let name = self.intern(definition.name.as_bytes());
        self.set_ref(object, class::NAME, Value::object(name));
        let refs = match kernel_shape(definition.id) {
            Some((_, _, refs)) => vec![(header::SIZE as u32, refs as u32)],
            None => Vec::new(),
        };
        self.fill_hierarchy(object, parent.unwrap_or(Addr::NULL), &refs);
        let methods = self.make_ref_array_old(definition.methods.len() as u64);
        self.set_ref(object, class::METHODS, Value::object(methods));
        let fields = self.make_ref_array_old(0);
        self.set_ref(object, class::FIELDS, Value::object(fields));
        let interfaces = self.make_ref_array_old(0);
        self.set_ref(object, class::INTERFACES, Value::object(interfaces));
        let inherited = parent.map(|parent| self.ref_field(parent, class::VTABLE));
        let inherited_len = inherited.map_or(0, |table| self.array_len(table));
        let highest = definition.methods.iter().map(|m| u64::from(m.ordinal) + 1).max().unwrap_or(0);
        let vtable = self.make_ref_array_old(inherited_len.max(highest).max(u64::from(ORDINALS_FIXED)));
        if let Some(table) = inherited {
            for index in 0..inherited_len {
                let entry = self.array_get(table, index);
                self.array_set(vtable, index, entry);
            }
        }
        for (index, declared) in definition.methods.iter().enumerate() {
            let entry = self.make_kernel_method(object, index, declared);
            self.array_set(methods, index as u64, Value::object(entry));
            self.array_set(vtable, u64::from(declared.ordinal), Value::object(entry));
        }
        self.set_ref(object, class::VTABLE, Value::object(vtable));
        self.set_add(CLASS_SET, object);
    }

    fn make_kernel_method(&mut self, class: Addr, index: usize, declared: &InternalMethod) -> Addr {
        let entry = self.new_old(self.kernel_class(ClassId::Method));
        let name = self.intern(declared.name.as_bytes());
        self.set_ref(entry, method::NAME, Value::object(name));
        let text = self.intern(declared.descriptor.as_bytes());
        self.set_ref(entry, method::DESCRIPTOR, Value::object(text));
        self.set_ref(entry, method::CLASS, Value::object(class));
        let desc = Descriptor::parse(declared.descriptor).unwrap_or_else(|error| panic!("{error}"));
        let varargs = declared.descriptor.contains("[L.internal.object;)");
        let flags = Flags::PUBLIC | Flags::INTERNAL | if varargs { Flags::VARARGS } else { Flags::NONE };
        self.set_u32(entry, method::FLAGS, flags.0);
        self.set_u32(entry, method::INDEX, index as u32);
        self.set_u32(entry, method::ORDINAL, u32::from(declared.ordinal));
        let slots = desc.params.len() as u16 + 1;
        let restart = match declared.restart {
            Restart::Short => 0,
            Restart::Idempotent => 1,
            Restart::Resumable => 2,
            Restart::Once => 3,
            Restart::Divided => DIVIDED,
        };
        let state = if restart == 0 { 0 } else { crate::internal::STATE_SLOTS as u16 };
        self.memory.store_u16(entry.add(method::ARG_SLOTS), slots);
        self.memory.store_u16(entry.add(method::MAX_LOCALS), slots + state);
        self.memory.store_u16(entry.add(method::MAX_STACK), 1);
        self.set_u8(entry, method::RESULT_KIND, desc.result_kind().map_or(0, |kind: Kind| kind as u8));
        self.set_u8(entry, method::RESTART, restart);
        const { assert!(NO_ORDINAL > u16::MAX as u32) };
        entry
    }

    /// Display, depth and reference map of a class from its parent's; `own` are its own runs of references.
    pub(crate) fn fill_hierarchy(&mut self, object: Addr, parent: Addr, own: &[(u32, u32)]) {
        let depth = if parent.is_null() { 0 } else { self.get_u32(parent, class::DEPTH) + 1 };
        let display = self.make_ref_array_old(u64::from(depth) + 1);
        let mut runs = Vec::new();
        if !parent.is_null() {
            let above = self.ref_field(parent, class::DISPLAY);
            for index in 0..u64::from(depth) {
                let entry = self.array_get(above, index);
                self.array_set(display, index, entry);
            }
            let map = self.ref_field(parent, class::REF_MAP);
            if !map.is_null() {
                runs = self.bytes(map);
            }
            self.set_ref(object, class::SUPER, Value::object(parent));
        }
        self.array_set(display, u64::from(depth), Value::object(object));
        self.set_ref(object, class::DISPLAY, Value::object(display));
        self.set_u32(object, class::DEPTH, depth);
        for (offset, count) in own.iter().filter(|(_, count)| *count > 0) {
            runs.extend_from_slice(&offset.to_le_bytes());
            runs.extend_from_slice(&count.to_le_bytes());
        }
        let map = self.make_bytes_old(&runs);
        self.set_ref(object, class::REF_MAP, Value::object(map));
    }

    /// Name, hierarchy and methods of an array class whose shape is set.
    pub(crate) fn finish_array_class(&mut self, object: Addr, name: &str, element: Addr) {
        let root_class = self.kernel_class(ClassId::Object);
        let name = self.intern(name.as_bytes());
        self.set_ref(object, class::NAME, Value::object(name));
        self.fill_hierarchy(object, root_class, &[]);
        let vtable = self.get_ref(root_class, class::VTABLE);
        self.set_ref(object, class::VTABLE, vtable);
        for list in [class::METHODS, class::FIELDS, class::INTERFACES] {
            let empty = self.make_ref_array_old(0);
            self.set_ref(object, list, Value::object(empty));
        }
        if !element.is_null() {
            self.set_ref(object, class::ELEMENT, Value::object(element));
            self.set_ref(element, class::ARRAY, Value::object(object));
        }
        self.set_u32(object, class::FLAGS, ACC_PUBLIC);
        self.set_u32(object, class::VERSION, 1);
        self.set_u8(object, class::INIT_STATE, crate::classes::INITIALISED);
        if element.is_null() || !self.is_apart(element) {
            self.set_add(CLASS_SET, object);
        }
        const { assert!(array::DATA == 24) };
    }
}
