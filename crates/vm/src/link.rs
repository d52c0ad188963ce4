//! Resolving what code names: classes, fields, methods, constants, call sites, at their first use.
//!
//! What an entry of a module's pool was resolved to stands in the module's `RESOLVED`: a class, field, method, string,
//! binary or closure; for call sites and computed constants a ref array of one element, because that may be null.

use crate::Vm;
use crate::calls::Flow;
use crate::classes::DefineError;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::module::Language;
use bytecode::{Const, Elem, Flags, HandleKind, Kind, Module, TypeDesc};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, binary, class, closure, field, frame, header, method, module, on_return, root};

/// Why something is not resolved.
pub(crate) enum Unresolved {
    /// What to throw.
    Throw(Value),
    /// The program's class loader has to be asked for the class of this name; the instruction is run again afterwards.
    AskLoader(String),
    /// The same of a class loader of Java.
    AskJava {
        /// The `java.lang.ClassLoader`.
        loader: Addr,
        /// The name, with slashes.
        name: String,
    },
}

/// Ordinal of `loadClass` of `.internal.boot`.
const LOAD_CLASS: u32 = 8;

/// The class without which there is no class of this name: of arrays that of the elements.
pub(crate) fn innermost(name: &str) -> Option<String> {
    let mut name = name;
    while let Some(element) = name.strip_prefix('[') {
        match TypeDesc::parse(element) {
            Ok(TypeDesc::Class(name)) => return Some(name),
            Ok(TypeDesc::Array { .. }) => name = element,
            _ => return None,
        }
    }
    Some(name.into())
}

impl From<Value> for Unresolved {
    fn from(thrown: Value) -> Unresolved {
        Unresolved::Throw(thrown)
    }
}

/// A constant, or what has to happen before it is there.
pub(crate) enum Loaded {
    /// Its slot.
    Ready(u64),
    /// A bootstrap runs first; the instruction is run again afterwards.
    Wait(Flow),
}

impl Vm {
    /// The module object and decoded module of a class's method.
    pub(crate) fn module_of(&mut self, target: Addr) -> (Addr, Arc<Module>) {
        let class = self.ref_field(target, method::CLASS);
        let object = self.ref_field(class, class::MODULE);
        (object, self.maps.module(&self.memory, object))
    }

    pub(crate) fn resolved(&self, module: Addr, index: u32) -> Value {
        self.array_get(self.ref_field(module, module::RESOLVED), u64::from(index))
    }
    pub(crate) fn set_resolved(&mut self, module: Addr, index: u32, value: Value) {
        let cells = self.ref_field(module, module::RESOLVED);
        self.array_set(cells, u64::from(index), value);
    }
    /// An exception of a kernel class with a message.
    pub fn exception_value(&mut self, id: ClassId, text: &str) -> Value {
        Value::object(self.make_exception(id, text))
    }

    /// A class that the world already has.
    pub fn known_class(&self, name: &str) -> Option<Addr> {
        let unfinished =
            self.common.unfinished.iter().find(|(other, _)| other == name).map(|(_, class)| *class);
        unfinished.or_else(|| self.set_find(crate::names::CLASSES, name.as_bytes()))
    }

    /// A class by name (arrays by descriptor), loaded from the registered sources if need be. What only the class loader
    /// of a program knows is found once that was asked for it.
    ///
    /// # Errors
    /// What to throw.
    pub fn class_by_name(&mut self, name: &str) -> Result<Addr, Value> {
        if let Some(found) = self.known_class(name) {
            return Ok(found);
        }
        if let Some(element) = name.strip_prefix('[') {
            let element = match TypeDesc::parse(element) {
                Ok(TypeDesc::Class(name)) => self.class_by_name(&name)?,
                Ok(TypeDesc::Array { .. }) => self.class_by_name(element)?,
                _ => return Err(self.exception_value(ClassId::ClassNotFound, &format!("no class {name}"))),
            };
            return Ok(self.array_class(element));
        }
        if let Some(found) = self.loaded_class(name) {
            return Ok(found);
        }
        let Some(found) = self.source_of(name) else {
            return Err(self.exception_value(ClassId::ClassNotFound, &format!("there is no class {name}")));
        };
        if let Err(error) = found.and_then(|module| self.define_checked(&module)) {
            return Err(match error {
                DefineError::Java { .. } | DefineError::Thrown { .. } => self.define_error(&error),
                error => self.exception_value(ClassId::Linkage, &format!("{error}")),
            });
        }
        match self.known_class(name) {
            Some(found) => Ok(found),
            None => {
                let text = format!("the module found for {name} does not define it");
                Err(self.exception_value(ClassId::ClassNotFound, &text))
            }
        }
    }

    /// The class of arrays whose elements are of a class.
    pub fn array_class(&mut self, element: Addr) -> Addr {
        let there = self.ref_field(element, class::ARRAY);
        if !there.is_null() {
            return there;
        }
        let name = self.text(element, class::NAME);
        let name = if name.starts_with('[') { format!("[{name}") } else { format!("[L{name};") };
        let made = self.new_old(self.kernel_class(ClassId::Class));
        self.set_u8(made, class::SHAPE, layout::schema::Shape::RefArray as u8);
        self.finish_array_class(made, &name, element);
        made
    }
    /// The class of arrays of a primitive kind.
    pub fn primitive_array_class(&self, elem: Elem) -> Addr {
        self.prim_arrays[elem as usize]
    }

    /// A class that code of a module names: asks the class loader of the program for one that nobody else knows.
    fn class_for_code(&mut self, object: Addr, pool: &Module, name: &str) -> Result<Addr, Unresolved> {
        if pool.language == Language::Java {
            return self.class_from(self.first_class(object), name);
        }
        let thrown = match self.class_by_name(name) {
            Ok(found) => return Ok(found),
            Err(thrown) => thrown,
        };
        let asked = self.is_kernel(thrown, ClassId::ClassNotFound)
            && !self.get_root_ref(root::CLASS_LOADER).is_null();
        match innermost(name) {
            Some(name) if asked => Err(Unresolved::AskLoader(name)),
            _ => Err(Unresolved::Throw(thrown)),
        }
    }

    /// How to go on when something was not resolved.
    pub(crate) fn or_unresolved(&mut self, result: Result<Flow, Unresolved>) -> Flow {
        match result {
            Ok(flow) => flow,
            Err(Unresolved::Throw(thrown)) => self.raise(thrown),
            Err(Unresolved::AskLoader(name)) => self.ask_loader(&name),
            Err(Unresolved::AskJava { loader, name }) => self.ask_java_loader(loader, &name),
        }
    }

    /// Calls `.internal.boot.loadClass`, which asks the program's class loader, then runs the top frame's instruction
    /// again: the class is known by then, or `class_not_found` was thrown.
    fn ask_loader(&mut self, name: &str) -> Flow {
        let boot = self.get_root_ref(root::BOOT);
        let target = match self.method_by_ordinal(self.kernel_class(ClassId::Boot), LOAD_CLASS) {
            Ok(target) => target,
            Err(thrown) => return self.raise(thrown),
        };
        let name = self.intern(name.as_bytes());
        let top = self.top();
        let at = self.operand_end(&top);
        let args = u64::from(self.get_u16(target, method::ARG_SLOTS));
        let end = at.0 + 8 * args;
        if end > self.running.limit && !self.announce_ahead(end) {
            return self.stack_overflow();
        }
        self.memory.store_unannounced_u64(at, boot.0);
        self.memory.store_unannounced_u64(at.add(8), name.0);
        if !self.push_frame(target, at, on_return::AGAIN) {
            return self.stack_overflow();
        }
        self.memory.store_unannounced_u64(at.add(8 * args), crate::internal::FOR_CODE);
        self.settle()
    }

    /// The class of a pool entry.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn resolve_class(
        &mut self,
        object: Addr,
        pool: &Module,
        index: u32,
    ) -> Result<Addr, Unresolved> {
        // Of a Java class the entry may hold its mirror: the constant is one, and the class leads to it.
        if let Some(there) = self.resolved(object, index).as_object() {
            let class = self.class_of_mirror(Value::object(there));
            return Ok(if class.is_null() { there } else { class });
        }
        let found = self.class_for_entry(object, pool, index)?;
        self.set_resolved(object, index, Value::object(found));
        Ok(found)
    }

    fn class_for_entry(&mut self, object: Addr, pool: &Module, index: u32) -> Result<Addr, Unresolved> {
        let Some(Const::Class(name)) = pool.constant(index) else {
            unreachable!("the verifier saw a class at {index}")
        };
        let found = match self.class_for_code(object, pool, name) {
            // An array that is named is the array that is not found.
            Err(Unresolved::Throw(thrown))
                if name.starts_with('[') && self.is_kernel(thrown, ClassId::ClassNotFound) =>
            {
                let text = format!("there is no class {name}");
                return Err(self.exception_value(ClassId::ClassNotFound, &text).into());
            }
            found => found?,
        };
        if pool.language == Language::Java {
            let from = self.first_class(object);
            self.check_class_access(from, found)?;
        }
        Ok(found)
    }

    /// The first class of a module: for what its classes may use, they count as one.
    fn first_class(&self, object: Addr) -> Addr {
        Addr(self.array_get(self.ref_field(object, module::CLASSES), 0).0)
    }

    /// The field of a pool entry, static or not as `wanted` says.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn resolve_field(
        &mut self,
        object: Addr,
        pool: &Module,
        index: u32,
        wanted: Flags,
    ) -> Result<Addr, Unresolved> {
        let found = match self.resolved(object, index).as_object() {
            Some(there) => there,
            None => {
                let Some(Const::Field { class, name, desc }) = pool.constant(index) else {
                    unreachable!("the verifier saw a field at {index}")
                };
                let owner = self.class_for_code(object, pool, class)?;
                let (key, text) = (self.intern(name.as_bytes()), self.intern(desc.as_bytes()));
                let java = pool.language == Language::Java;
                let Some(found) = self.find_field(owner, key, text) else {
                    let text = if java {
                        name.clone()
                    } else {
                        format!("{class} has no field {name} of type {desc}")
                    };
                    return Err(self.exception_value(ClassId::NoSuchField, &text).into());
                };
                if java {
                    let from = self.first_class(object);
                    self.check_class_access(from, owner)?;
                    self.check_field_access(from, owner, found)?;
                }
                self.set_resolved(object, index, Value::object(found));
                found
            }
        };
        if self.get_u32(found, field::FLAGS) & Flags::STATIC.0 != wanted.0 {
            if let (Language::Java, Some(Const::Field { class, name, .. })) =
                (pool.language, pool.constant(index))
            {
                let kind = if wanted == Flags::STATIC { "static" } else { "non-static" };
                let text = format!("Expected {kind} field {}.{name}", class.replace('/', "."));
                return Err(self.exception_value(ClassId::Linkage, &text).into());
            }
            let text = format!(
                "the field {} is {}static",
                self.text(found, field::NAME),
                match wanted {
                    Flags::STATIC => "not ",
                    _ => "",
                }
            );
            return Err(self.exception_value(ClassId::Linkage, &text).into());
        }
        Ok(found)
    }

    /// A field by interned name and descriptor: of the class, those above it, its interfaces.
    pub fn find_field(&self, owner: Addr, name: Addr, desc: Addr) -> Option<Addr> {
        let mut at = owner;
        while !at.is_null() {
            if let Some(found) = self.declared_field(at, name, desc) {
                return Some(found);
            }
            at = self.ref_field(at, class::SUPER);
        }
        let interfaces = self.ref_field(owner, class::INTERFACES);
        (0..self.array_len(interfaces))
            .find_map(|index| self.declared_field(Addr(self.array_get(interfaces, index).0), name, desc))
    }
    fn declared_field(&self, class: Addr, name: Addr, desc: Addr) -> Option<Addr> {
        let fields = self.ref_field(class, class::FIELDS);
        (0..self.array_len(fields)).map(|index| Addr(self.array_get(fields, index).0)).find(|found| {
            self.ref_field(*found, field::NAME) == name && self.ref_field(*found, field::DESCRIPTOR) == desc
        })
    }

    /// The method of a pool entry, static or not as `wanted` says.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn resolve_method(
        &mut self,
        object: Addr,
        pool: &Module,
        index: u32,
        wanted: Flags,
    ) -> Result<Addr, Unresolved> {
        let found = match self.resolved(object, index).as_object() {
            Some(there) => there,
            None => {
                let Some(Const::Method { class, name, desc, interface }) = pool.constant(index) else {
                    unreachable!("the verifier saw a method at {index}")
                };
                let owner = self.class_for_code(object, pool, class)?;
                let java = pool.language == Language::Java;
                if java {
                    let from = self.first_class(object);
                    self.check_class_access(from, owner)?;
                    self.check_kind_of_owner(owner, (name, desc), *interface, wanted)?;
                }
                let (key, text) = (self.intern(name.as_bytes()), self.intern(desc.as_bytes()));
                // Interfaces and arrays have the methods of every object.
                let root = if java {
                    self.class_by_name("java/lang/Object")?
                } else {
                    self.kernel_class(ClassId::Object)
                };
                let found = self.find_method(owner, key, text).or_else(|| self.find_method(root, key, text));
                let Some(found) = found else {
                    let text = if java {
                        let owner = format!("{}.", self.java_class_name(owner));
                        format!("'{}'", crate::java::signature(&owner, name, desc))
                    } else {
                        format!("{class} has no method {name}{desc}")
                    };
                    return Err(self.exception_value(ClassId::NoSuchMethod, &text).into());
                };
                if java {
                    let from = self.first_class(object);
                    self.check_method_access(from, owner, found)?;
                }
                self.set_resolved(object, index, Value::object(found));
                found
            }
        };
        if self.get_u32(found, method::FLAGS) & Flags::STATIC.0 != wanted.0 {
            if pool.language == Language::Java {
                let kind = if wanted == Flags::STATIC { "Expected static" } else { "Expecting non-static" };
                let text = format!("{kind} method '{}'", self.method_signature(found));
                return Err(self.exception_value(ClassId::Linkage, &text).into());
            }
            let text = format!(
                "the method {} is {}static",
                self.method_text(found),
                match wanted {
                    Flags::STATIC => "not ",
                    _ => "",
                }
            );
            return Err(self.exception_value(ClassId::Linkage, &text).into());
        }
        Ok(found)
    }

    /// A constant that code pushes.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn constant(&mut self, object: Addr, pool: &Module, index: u32) -> Result<Loaded, Unresolved> {
        let there = self.resolved(object, index);
        let constant = &pool.pool[index as usize];
        let made_by_library =
            matches!(constant, Const::Dynamic { .. } | Const::Handle { .. } | Const::MethodType(_));
        if made_by_library && pool.language == Language::Java {
            return self.java_constant(object, pool, index);
        }
        if let Const::Dynamic { desc, .. } = constant {
            return self.dynamic_constant(object, pool, index, desc);
        }
        // A class of Java that code has named otherwise stands there as itself.
        let class = matches!(constant, Const::Class(_)) && pool.language == Language::Java;
        if class && self.is_kernel(there, ClassId::Class) {
            return Ok(Loaded::Ready(self.mirror_of(Addr(there.0)).0));
        }
        if !there.is_null() {
            return Ok(Loaded::Ready(there.0));
        }
        let made = match constant {
            Const::I32(number) => return Ok(Loaded::Ready(u64::from(*number as u32))),
            Const::I64(number) => return Ok(Loaded::Ready(*number as u64)),
            Const::F32(bits) => return Ok(Loaded::Ready(u64::from(*bits))),
            Const::F64(bits) => return Ok(Loaded::Ready(*bits)),
            Const::Str(text) if pool.language == Language::Java => {
                let made = self.java_literal(text);
                match made.as_object() {
                    Some(made) => made,
                    None => return Err(self.no_java_library().into()),
                }
            }
            Const::Class(_) if pool.language == Language::Java => {
                let class = self.class_for_entry(object, pool, index)?;
                match self.mirror_of(class).as_object() {
                    Some(made) => made,
                    None => return Err(self.no_java_library().into()),
                }
            }
            Const::Str(text) | Const::MethodType(text) => self.intern(text.as_bytes()),
            Const::Class(_) => self.resolve_class(object, pool, index)?,
            Const::Handle { kind, target } => self.make_handle(object, pool, *kind, *target)?,
            Const::Binary(bytes) => {
                let made = self.new_old(self.kernel_class(ClassId::Binary));
                let data = self.make_bytes_old(bytes);
                self.set_ref(made, binary::BYTES, Value::object(data));
                self.set_u64(made, binary::USED, bytes.len() as u64);
                made
            }
            other => unreachable!("the verifier lets nobody push a {}", other.sort()),
        };
        self.set_resolved(object, index, Value::object(made));
        Ok(Loaded::Ready(made.0))
    }

    fn dynamic_constant(
        &mut self,
        object: Addr,
        pool: &Module,
        index: u32,
        desc: &str,
    ) -> Result<Loaded, Unresolved> {
        let Some(cell) = self.resolved(object, index).as_object() else {
            return self.bootstrap(object, pool, index).map(Loaded::Wait);
        };
        let value = self.array_get(cell, 0);
        let kind = TypeDesc::parse(desc).map_or(Kind::Ref, |desc| desc.kind());
        Ok(Loaded::Ready(self.unbox(value, kind)?))
    }

    fn make_handle(
        &mut self,
        object: Addr,
        pool: &Module,
        kind: HandleKind,
        target: u32,
    ) -> Result<Addr, Unresolved> {
        use HandleKind::{CallStatic, GetStatic, PutStatic};
        let wanted =
            if matches!(kind, CallStatic | GetStatic | PutStatic) { Flags::STATIC } else { Flags::NONE };
        let found = if kind.is_field() {
            self.resolve_field(object, pool, target, wanted)?
        } else {
            self.resolve_method(object, pool, target, wanted)?
        };
        if kind == HandleKind::NewSpecial {
            self.check_constructor(pool, target, found)?;
        }
        let made = self.new_old(self.kernel_class(ClassId::Closure));
        self.set_ref(made, closure::METHOD, Value::object(found));
        self.set_u64(made, closure::KIND, kind as u64);
        Ok(made)
    }

    /// Of a handle that makes objects: the class itself declares the constructor, and has objects that programs make.
    fn check_constructor(&mut self, pool: &Module, target: u32, found: Addr) -> Result<(), Value> {
        let owner = self.ref_field(found, method::CLASS);
        if let Some(Const::Method { class, name, desc, .. }) = pool.constant(target)
            && self.text(owner, class::NAME) != *class
        {
            let text = format!("{class} declares no {name}{desc}");
            return Err(self.exception_value(ClassId::NoSuchMethod, &text));
        }
        self.check_instantiable(owner)
    }

    /// Calls the bootstrap method of a call site or computed constant: caller's class, name, type, then the static
    /// arguments, all objects. Its result goes to [`Vm::linked`], then the instruction is run again.
    fn bootstrap(&mut self, object: Addr, pool: &Module, index: u32) -> Result<Flow, Unresolved> {
        let (Const::CallSite { bootstrap, name, desc, args }
        | Const::Dynamic { bootstrap, name, desc, args }) = &pool.pool[index as usize]
        else {
            unreachable!("only call sites and computed constants have bootstraps")
        };
        let Const::Handle { target, .. } = &pool.pool[*bootstrap as usize] else {
            unreachable!("the verifier saw a handle at {bootstrap}")
        };
        let target = self.resolve_method(object, pool, *target, Flags::STATIC)?;
        let caller = self.ref_field(self.top().method, method::CLASS);
        let mut values =
            alloc::vec![caller.0, self.intern(name.as_bytes()).0, self.intern(desc.as_bytes()).0];
        for arg in args {
            match self.constant(object, pool, *arg)? {
                Loaded::Ready(bits) => {
                    let kind = bytecode::effect::loadable_kind(&pool.pool[*arg as usize]);
                    let value = self.box_slot(bits, kind.map_or(0, |kind| kind as u8));
                    values.push(value.0);
                }
                Loaded::Wait(flow) => return Ok(flow),
            }
        }
        let top = self.top();
        let at = self.operand_end(&top);
        let end = at.0 + 8 * values.len() as u64;
        if end > self.running.limit && !self.announce_ahead(end) {
            return Ok(self.stack_overflow());
        }
        for (position, bits) in values.iter().enumerate() {
            self.memory.store_unannounced_u64(at.add(8 * position as u64), *bits);
        }
        self.adapt_args(target, at.sub(8), values.len() as u64)?;
        if self.is_kernel_method(target) || self.method_flags(target).has(Flags::SYNCHRONIZED) {
            return Err(self
                .exception_value(ClassId::Linkage, "a bootstrap method is plain bytecode")
                .into());
        }
        let before = self.running.frame;
        let flow = self.invoke(target, at, on_return::LINK);
        if self.running.frame != before && !self.running.thread.is_null() && flow == Flow::Go {
            let made = self.running.frame;
            self.set_frame_u32(made, frame::PHASE, index);
        }
        Ok(flow)
    }

    /// A bootstrap called for the top frame's instruction has returned.
    pub(crate) fn linked(&mut self, index: u32, value: Value) {
        let (object, _) = self.module_of(self.top().method);
        let cell = self.make_ref_array(1);
        self.array_set(cell, 0, value);
        if self.resolved(object, index).is_null() {
            self.set_resolved(object, index, Value::object(cell));
        }
    }

    /// `call_site`: links it first, then calls what it is linked to on `count` arguments, the topmost operands.
    pub(crate) fn call_site(&mut self, object: Addr, pool: &Module, index: u32) -> Flow {
        if pool.language == Language::Java {
            let called = self.java_call_site(object, pool, index);
            return self.or_unresolved(called);
        }
        let Some(cell) = self.resolved(object, index).as_object() else {
            let begun = self.bootstrap(object, pool, index);
            return self.or_unresolved(begun);
        };
        let Const::CallSite { desc, .. } = &pool.pool[index as usize] else {
            unreachable!("the verifier saw a call site at {index}")
        };
        let function = self.array_get(cell, 0);
        if let Some(flow) = self.initialise_target(function) {
            return flow;
        }
        // The function goes below the arguments, where `call_ref` wants it.
        let count = self.kinds_of(desc).0.len() as u64;
        let top = self.top();
        let end = self.operand_end(&top);
        if end.0 + 8 > self.running.limit && !self.announce_ahead(end.0 + 8) {
            return self.stack_overflow();
        }
        let first = end.sub(8 * count);
        self.memory.copy_unannounced(first, first.add(8), 8 * count);
        self.memory.store_unannounced_u64(first, function.0);
        self.call_function_object(first, desc, count)
    }

    /// Parameter kinds and result kind (zero for none) of a method type.
    fn kinds_of(&self, desc: &str) -> (Vec<Kind>, u8) {
        match bytecode::Descriptor::parse(desc) {
            Ok(desc) => (desc.param_kinds().collect(), desc.result_kind().map_or(0, |kind| kind as u8)),
            Err(error) => unreachable!("the verifier read this descriptor: {error}"),
        }
    }

    /// Sees to it that the class is initialised that a handle's call needs; the operands are as before the instruction.
    pub(crate) fn initialise_target(&mut self, function: Value) -> Option<Flow> {
        use HandleKind::{CallStatic, GetStatic, NewSpecial, PutStatic};
        let object = function.as_object().filter(|_| self.is_kernel(function, ClassId::Closure))?;
        let kind = HandleKind::from_value(self.get_u64(object, closure::KIND) as u8)?;
        let member = self.ref_field(object, closure::METHOD);
        let owner = match kind {
            CallStatic | NewSpecial => self.ref_field(member, method::CLASS),
            GetStatic | PutStatic => self.ref_field(member, field::CLASS),
            _ => return None,
        };
        self.initialise(owner)
    }

    /// `call_ref`: the function object stands at `at`, its `count` arguments behind it; both are still counted as
    /// operands.
    pub(crate) fn call_function_object(&mut self, at: Addr, desc: &str, count: u64) -> Flow {
        let top = self.top();
        let left = (at.0 - top.operands().0) / 8;
        self.set_frame_u32(top.at, frame::DEPTH, left as u32);
        let function = Value(self.memory.load_u64(at));
        if function.is_null() {
            return self.raise_kernel(ClassId::NullPointer, "a call of null");
        }
        if !self.is_kernel(function, ClassId::Closure) {
            let text = format!("a {} is no function", self.text(self.class_of(function), class::NAME));
            return self.raise_kernel(ClassId::ClassCast, &text);
        }
        let (params, result) = self.kinds_of(desc);
        let object = Addr(function.0);
        let kind = self.get_u64(object, closure::KIND) as u8;
        let Some(kind) = HandleKind::from_value(kind) else {
            return self.call_bound(object, at, &params, result, count);
        };
        let target = self.ref_field(object, closure::METHOD);
        if kind.is_field() {
            return self.call_field(kind, target, at, &params, result);
        }
        let mut wanted: Vec<Kind> = self.param_kinds(target).to_vec();
        let on_receiver =
            matches!(kind, HandleKind::CallVirtual | HandleKind::CallInterface | HandleKind::CallSpecial);
        if on_receiver {
            wanted.insert(0, Kind::Ref);
        }
        let gives = if kind == HandleKind::NewSpecial {
            Kind::Ref as u8
        } else {
            self.get_u8(target, method::RESULT_KIND)
        };
        if wanted != params || gives != result {
            return self.wrong_type(target, desc);
        }
        match kind {
            HandleKind::NewSpecial => {
                let class = self.ref_field(target, method::CLASS);
                let made = self.new_object(class);
                if self.is_kernel_method(target) {
                    // That of the root, which does nothing.
                    return self.finish_instruction(made.0, Kind::Ref as u8);
                }
                self.memory.store_unannounced_u64(at, made.0);
                self.invoke(target, at, on_return::NEW)
            }
            HandleKind::CallSpecial => {
                let receiver = Value(self.memory.load_u64(at.add(8)));
                let owner = self.ref_field(target, method::CLASS);
                if receiver.is_null() {
                    return self.raise_kernel(ClassId::NullPointer, "a call on null");
                }
                if !self.is_instance(receiver, owner) {
                    return self
                        .raise_kernel(ClassId::ClassCast, "a method's handle is called on another object");
                }
                self.invoke(target, at.add(8), on_return::PUSH)
            }
            HandleKind::CallVirtual | HandleKind::CallInterface => {
                let receiver = Value(self.memory.load_u64(at.add(8)));
                if receiver.is_null() {
                    return self.raise_kernel(ClassId::NullPointer, "a call on null");
                }
                let class = self.class_of(receiver);
                match self.select(class, target) {
                    Ok(target) => self.invoke(target, at.add(8), on_return::PUSH),
                    Err(thrown) => self.raise(thrown),
                }
            }
            _ => self.invoke(target, at.add(8), on_return::PUSH),
        }
    }

    fn wrong_type(&mut self, target: Addr, desc: &str) -> Flow {
        let text = format!("the function {} is called as {desc}", self.method_text(target));
        self.raise_kernel(ClassId::ClassCast, &text)
    }

    /// A method bound to its receiver: takes the place of the closure on the stack.
    fn call_bound(&mut self, object: Addr, at: Addr, params: &[Kind], result: u8, count: u64) -> Flow {
        let receiver = self.get_ref(object, closure::OBJECT);
        let class = self.class_of(receiver);
        let target = match self.ref_field(object, closure::METHOD) {
            Addr::NULL => {
                let ordinal = self.get_u64(object, closure::ORDINAL) as u32;
                match self.method_by_ordinal(class, ordinal) {
                    Ok(target) => target,
                    Err(thrown) => return self.raise(thrown),
                }
            }
            target => target,
        };
        self.memory.store_unannounced_u64(at, receiver.0);
        if *self.param_kinds(target) == *params && self.get_u8(target, method::RESULT_KIND) == result {
            return self.invoke(target, at, on_return::PUSH);
        }
        // Kinds differ: through objects.
        for (index, kind) in params.iter().enumerate() {
            let slot = at.add(8 * (1 + index as u64));
            let bits = self.memory.load_u64(slot);
            let value = self.box_slot(bits, *kind as u8);
            self.memory.store_unannounced_u64(slot, value.0);
        }
        match self.adapt_args(target, at, count) {
            Ok(()) => self.invoke(target, at, on_return::UNBOX | u32::from(result) << 8),
            Err(thrown) => self.raise(thrown),
        }
    }

    /// A handle that reads or writes a field; arguments behind the closure.
    fn call_field(&mut self, kind: HandleKind, target: Addr, at: Addr, params: &[Kind], result: u8) -> Flow {
        use HandleKind::{GetField, GetStatic, PutField};
        let storage = self.get_u8(target, field::KIND);
        let of = crate::classes::storage_kind(storage);
        let (wanted, gives): (&[Kind], u8) = match kind {
            GetField => (&[Kind::Ref], of as u8),
            GetStatic => (&[], of as u8),
            PutField => (&[Kind::Ref, of], 0),
            _ => (&[of], 0),
        };
        if wanted != params || gives != result {
            return self.raise_kernel(ClassId::ClassCast, "a field's handle is called with another type");
        }
        let owner = self.ref_field(target, field::CLASS);
        let statically =
            wanted.first() != Some(&Kind::Ref) || matches!(kind, GetStatic | HandleKind::PutStatic);
        let object = if statically { Addr::NULL } else { Addr(self.memory.load_u64(at.add(8))) };
        if !statically && !self.is_instance(Value(object.0), owner) {
            let id = if object.is_null() { ClassId::NullPointer } else { ClassId::ClassCast };
            return self.raise_kernel(id, "a field's handle is called on another object");
        }
        if kind == PutField && self.get_u32(object, header::HASH) & header::IMMUTABLE != 0 {
            return self.raise_kernel(ClassId::Immutable, "the object is immutable");
        }
        let bits = match kind {
            GetField | GetStatic => self.load_field(object, target),
            PutField => {
                let bits = self.memory.load_u64(at.add(16));
                self.store_field(object, target, bits);
                0
            }
            _ => {
                let bits = self.memory.load_u64(at.add(8));
                self.store_field(object, target, bits);
                0
            }
        };
        self.finish_instruction(bits, result)
    }

    /// Binary constants for `mem.init`.
    pub(crate) fn binary_constant<'m>(&self, pool: &'m Module, index: u32) -> &'m [u8] {
        match &pool.pool[index as usize] {
            Const::Binary(bytes) => bytes,
            other => unreachable!("the verifier saw bytes, not a {}", other.sort()),
        }
    }
}

const _: () = assert!(array::DATA == 24);
