//! Defining modules: layout of instances, method tables, interfaces, first values; initialising classes.
//!
//! Layout: the superclass's part first, then own references, then numbers, wide ones first. Method table: explicit
//! ordinals; an override keeps its parent's; new methods take the next free number from 16 up. An occupied ordinal may
//! only be taken by a method with the same descriptor, for typed calls go by ordinal.

use crate::Vm;
use crate::bootstrap::ORDINALS_FIXED;
use crate::calls::Flow;
use crate::interpreter::Exit;
use crate::java::Prepared;
use crate::link::innermost;
use crate::waiting::{Ring, Wait};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{ClassDef, Const, Descriptor, Elem, Flags, Kind, MethodDef, Module, TypeDesc};
use core::sync::atomic::{Ordering, fence};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{
    FIELD_REF, NO_ORDINAL, Shape, array, class, field, frame, header, method, module, on_return, wait,
};

/// `INIT_STATE`: the initialiser has not run.
pub(crate) const LINKED: u8 = 0;
/// A thread runs the initialiser.
pub(crate) const INITIALISING: u8 = 1;
/// There is nothing left to run.
pub(crate) const INITIALISED: u8 = 2;
/// The initialiser threw.
pub(crate) const FAILED: u8 = 3;
/// Of Java: a thread initialises classes above, and this one then.
pub(crate) const PREPARING: u8 = 4;

/// So many classes that were found and not used are kept.
const FOUND_MAX: usize = 4096;
/// Deepest chain of modules that wait for each other's classes.
const DEFINE_DEPTH_MAX: u32 = 200;

/// Why a module was not defined. Nothing of it is in the world then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefineError {
    /// The bytes are no module.
    #[error("the bytes are no module: {reason}")]
    Decode {
        /// What the decoder says.
        reason: String,
    },
    /// The verifier refuses it.
    #[error("the verifier refuses the module: {}", .errors.join("; "))]
    Verify {
        /// Each error.
        errors: Vec<String>,
    },
    /// It does not fit to the classes that are there.
    #[error("class `{class}`: {what}")]
    Linkage {
        /// The class.
        class: String,
        /// What is wrong.
        what: String,
    },
    /// A class file is refused, or does not fit to the classes above it.
    #[error("{what}")]
    Java {
        /// Name of the class of what is thrown.
        thrown: &'static str,
        /// The message.
        what: String,
    },
    /// A class above it could not be loaded.
    #[error("{what}")]
    Thrown {
        /// What is thrown; good until the next collection.
        thrown: Value,
        /// It in words.
        what: String,
    },
}

/// The kind of slot of a field's storage kind.
pub(crate) fn storage_kind(storage: u8) -> Kind {
    Elem::from_value(storage).map_or(Kind::Ref, Elem::kind)
}

fn storage_of(desc: &str) -> u8 {
    match TypeDesc::parse(desc) {
        Ok(TypeDesc::Prim(elem)) => elem as u8,
        _ => FIELD_REF,
    }
}

fn storage_bytes(storage: u8) -> u32 {
    match Elem::from_value(storage) {
        Some(Elem::Bool | Elem::I8) => 1,
        Some(Elem::U16 | Elem::I16) => 2,
        Some(Elem::I32 | Elem::F32) => 4,
        _ => 8,
    }
}

/// A module that was decoded and verified: all that there is to do before a world is touched.
#[derive(Clone, Debug)]
pub struct CheckedModule {
    decoded: Arc<Module>,
    bytes: Arc<[u8]>,
}

impl CheckedModule {
    /// Decodes and verifies an encoded module.
    ///
    /// # Errors
    /// When it is not a module, or does not verify.
    pub fn new(bytes: &[u8]) -> Result<CheckedModule, DefineError> {
        let decoded = bytecode::file::decode(bytes)
            .map_err(|error| DefineError::Decode { reason: format!("{error}") })?;
        bytecode::verify::verify_module(&decoded).map_err(|errors| DefineError::Verify {
            errors: errors.iter().map(|error| format!("{error}")).collect(),
        })?;
        Ok(CheckedModule { decoded: Arc::new(decoded), bytes: bytes.into() })
    }

    /// The module.
    pub fn decoded(&self) -> Arc<Module> {
        self.decoded.clone()
    }
    /// The encoded module.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names of the classes that its code names; of arrays that of the elements.
    pub fn named(&self) -> impl Iterator<Item = String> + '_ {
        self.decoded.pool.iter().filter_map(|constant| match constant {
            Const::Class(class) | Const::Field { class, .. } | Const::Method { class, .. } => {
                innermost(class)
            }
            _ => None,
        })
    }
}

/// What a class needs before it can be made.
struct Above {
    parent: Addr,
    interfaces: Vec<Addr>,
}

/// Where the methods of a class go in its table.
struct Table {
    /// For each declared method its ordinal.
    ordinals: Vec<u32>,
    /// Further places that methods take: the declared method and the ordinal.
    further: Vec<(usize, u32)>,
    len: u32,
}

/// Who defines a class, as far as what it overrides depends on that.
#[derive(Clone, Copy)]
pub(crate) enum Definer {
    /// The system, a class that is not Java's.
    System,
    /// Java's library for itself, or a class loader of a program.
    Java(Option<Addr>),
}

impl Vm {
    /// Registers a source of classes; the first that knows a class is taken.
    pub fn add_class_source(&mut self, source: alloc::boxed::Box<dyn crate::ClassSource>) {
        self.common.sources.push(source.into());
    }

    /// Defines the classes of an encoded module, as [`Vm::define_checked`] does.
    ///
    /// # Errors
    /// When it is not a module, does not verify, or does not fit to the classes that are there; nothing of it is then in
    /// the world (superclasses that had to be loaded stay).
    pub fn define_module(&mut self, bytes: &[u8]) -> Result<Addr, DefineError> {
        self.define_checked(&CheckedModule::new(bytes)?)
    }

    /// Defines the classes of a module: the module object.
    ///
    /// A module whose classes are all there already, with the same structure and from the same bytes, is the one that is
    /// there.
    ///
    /// # Errors
    /// When it does not fit to the classes that are there; nothing of it is then in the world (superclasses that had to be
    /// loaded stay).
    pub fn define_checked(&mut self, module: &CheckedModule) -> Result<Addr, DefineError> {
        if let Some(there) = self.defined_already(&module.decoded, &module.bytes)? {
            return Ok(there);
        }
        self.common.define_depth += 1;
        let result = self.define_decoded(module.decoded.clone(), &module.bytes);
        self.common.define_depth -= 1;
        if result.is_ok() {
            self.define_named(module);
        }
        result
    }

    /// Loads the classes that a module names and early sources know, and those that these name.
    fn define_named(&mut self, module: &CheckedModule) {
        if !self.common.sources.iter().any(|source| source.is_early()) {
            return;
        }
        self.common.named.extend(module.named());
        // Modules that were loaded on behalf of another one leave what they name to the outermost.
        if self.common.define_depth > 0 {
            return;
        }
        self.common.define_depth = 1;
        while let Some(name) = self.common.named.pop() {
            if self.known_class(&name).is_some() {
                continue;
            }
            let found = self.common.found.remove(&name).unwrap_or_else(|| {
                let mut early = self.common.sources.iter().filter(|source| source.is_early());
                early.find_map(|source| source.find(&name))
            });
            if let Some(Ok(found)) = found {
                // A class that does not fit into this world is reported where it is used.
                let _ = self.define_checked(&found);
            }
        }
        self.common.define_depth = 0;
    }

    /// A module that defines a class, if a source knows one.
    pub(crate) fn source_of(&mut self, name: &str) -> Option<Result<CheckedModule, DefineError>> {
        let found = match self.common.found.remove(name) {
            Some(found) => found,
            None => self.common.sources.iter().find_map(|source| source.find(name)),
        };
        if !self.common.library_noted
            && let Some(library) = self.common.sources.iter().find_map(|source| source.library())
        {
            self.note_library(library);
            self.common.library_noted = true;
        }
        found
    }

    /// Has a class that is not known be looked for while nothing is mounted; whether that is still to be done. The thread
    /// takes another turn meanwhile.
    pub(crate) fn wants_class(&mut self, name: &str) -> bool {
        let known = self.known_class(name).is_some() || self.common.found.contains_key(name);
        if known || self.common.sources.is_empty() || name.starts_with('[') {
            return false;
        }
        self.common.wanted.push(name.into());
        true
    }

    /// Looks for the classes that are wanted, and for those that will be loaded with them. The other workers run on meanwhile,
    /// and may stop the world. Nothing is mounted.
    pub(crate) fn find_wanted(&mut self) {
        let Some(name) = self.common.wanted.pop() else { return };
        let sources = self.common.sources.clone();
        let found = self.aside(|| sources.iter().find_map(|source| source.find(&name)));
        let mut named: Vec<String> = found.iter().flatten().flat_map(CheckedModule::named).collect();
        self.keep_found(name, found);
        while let Some(name) = named.pop() {
            if self.known_class(&name).is_some() || self.common.found.contains_key(&name) {
                continue;
            }
            let early = || sources.iter().filter(|source| source.is_early());
            let found = self.aside(|| early().find_map(|source| source.find(&name)));
            if let Some(Ok(module)) = &found {
                named.extend(module.named());
                self.keep_found(name, found);
            }
        }
    }

    /// Defines one of the modules that were found with a class, which would be loaded with it all at once: whether there was
    /// one.
    pub(crate) fn define_found(&mut self, but: &str) -> bool {
        let mut found = self.common.found.iter();
        let next = found.find(|(name, found)| *name != but && matches!(found, Some(Ok(_))));
        let Some(name) = next.map(|(name, _)| name.clone()) else { return false };
        if let Some(Some(Ok(module))) = self.common.found.remove(&name)
            && self.known_class(&name).is_none()
        {
            // What it names is among the others. If it does not fit into this world, that is reported where it is used.
            self.common.define_depth += 1;
            let _ = self.define_checked(&module);
            self.common.define_depth -= 1;
        }
        true
    }

    fn keep_found(&mut self, name: String, found: Option<Result<CheckedModule, DefineError>>) {
        if self.common.found.len() >= FOUND_MAX {
            self.common.found.clear();
        }
        self.common.found.insert(name, found);
    }

    fn defined_already(&mut self, decoded: &Module, bytes: &[u8]) -> Result<Option<Addr>, DefineError> {
        let mut found = None;
        for definition in &decoded.classes {
            let Some(there) = self.known_class(&definition.name) else { continue };
            let same = self.get_u64(there, class::HASH) == definition.structural_hash();
            let owner = self.ref_field(there, class::MODULE);
            if !same || owner.is_null() {
                return Err(linkage(
                    definition,
                    "a class of this name and another structure is there already".into(),
                ));
            }
            let stored = self.ref_field(owner, module::BYTES);
            if self.bytes(stored) != bytes {
                return Err(linkage(
                    definition,
                    "a class of this name and other code is there already".into(),
                ));
            }
            found = Some(owner);
        }
        Ok(found)
    }

    fn define_decoded(&mut self, decoded: Arc<Module>, bytes: &[u8]) -> Result<Addr, DefineError> {
        let order = definition_order(&decoded)?;
        // Everything that can fail comes first: superclasses from outside, layouts, method tables.
        let mut outside = Vec::new();
        for index in &order {
            outside.push(self.check_class(&decoded, *index)?);
        }
        let object = self.make_module(&decoded, bytes);
        self.maps.add_module(object, decoded.clone());
        let classes = self.ref_field(object, module::CLASSES);
        let before = self.common.unfinished.len();
        for index in order {
            let definer = match decoded.language {
                bytecode::module::Language::Java => Definer::Java(None),
                _ => Definer::System,
            };
            let made = self.make_class(&decoded, object, index, definer, &mut Vm::class_by_name);
            let made = made.and_then(|made| match definer {
                Definer::System => Ok(made),
                Definer::Java(_) => self.check_above(made).map(|()| made),
            });
            match made {
                Ok(made) => {
                    self.array_set(classes, index as u64, Value::object(made));
                    self.common.unfinished.push((decoded.classes[index].name.clone(), made));
                }
                Err(error) => {
                    self.common.unfinished.truncate(before);
                    return Err(error);
                }
            }
        }
        for (_, made) in self.common.unfinished.split_off(before) {
            self.set_add(crate::names::CLASSES, made);
        }
        for (index, definition) in decoded.classes.iter().enumerate() {
            let made = Addr(self.array_get(classes, index as u64).0);
            self.first_values(&decoded, definition, made);
        }
        Ok(object)
    }

    /// Loads what a class needs from outside its module.
    fn check_class(&mut self, decoded: &Module, index: usize) -> Result<(), DefineError> {
        let definition = &decoded.classes[index];
        if self.common.define_depth > DEFINE_DEPTH_MAX {
            return Err(linkage(definition, "the chain of classes to be loaded first is too long".into()));
        }
        for name in definition.super_name.iter().chain(&definition.interfaces) {
            if decoded.class(name).is_none() {
                let found = self.class_by_name(name);
                found.map_err(|thrown| self.not_above(decoded, definition, name, thrown))?;
            }
        }
        Ok(())
    }

    fn above(
        &mut self,
        definition: &ClassDef,
        definer: Definer,
        find: &mut dyn FnMut(&mut Vm, &str) -> Result<Addr, Value>,
    ) -> Result<Above, DefineError> {
        // Of Java classes that is proved when they are made (`Vm::check_above`).
        let java = matches!(definer, Definer::Java(_));
        let parent = match &definition.super_name {
            None => self.kernel_class(ClassId::Object),
            Some(name) => find(self, name).map_err(|thrown| linkage(definition, self.describe(thrown)))?,
        };
        let shape = Shape::from_u8(self.get_u8(parent, class::SHAPE));
        let flags = Flags(self.get_u32(parent, class::FLAGS));
        let closed = flags.has(Flags::FINAL) || flags.has(Flags::INTERFACE);
        if shape != Some(Shape::Instance) || closed && !java {
            let what = format!("{} cannot be extended", self.text(parent, class::NAME));
            return Err(linkage(definition, what));
        }
        let mut interfaces = Vec::new();
        let inherited = self.ref_field(parent, class::INTERFACES);
        for index in 0..self.array_len(inherited) {
            interfaces.push(Addr(self.array_get(inherited, index).0));
        }
        for name in &definition.interfaces {
            let direct = find(self, name).map_err(|thrown| linkage(definition, self.describe(thrown)))?;
            if !java && !Flags(self.get_u32(direct, class::FLAGS)).has(Flags::INTERFACE) {
                return Err(linkage(definition, format!("{name} is no interface")));
            }
            let further = self.ref_field(direct, class::INTERFACES);
            let further = (0..self.array_len(further)).map(|index| Addr(self.array_get(further, index).0));
            for interface in core::iter::once(direct).chain(further.collect::<Vec<_>>()) {
                if !interfaces.contains(&interface) {
                    interfaces.push(interface);
                }
            }
        }
        Ok(Above { parent, interfaces })
    }

    fn table(&mut self, definition: &ClassDef, parent: Addr, definer: Definer) -> Result<Table, DefineError> {
        let inherited = self.ref_field(parent, class::VTABLE);
        let inherited_len = self.array_len(inherited) as u32;
        let mut ordinals = alloc::vec![NO_ORDINAL; definition.methods.len()];
        let interface = definition.flags.has(Flags::INTERFACE);
        let (mut taken, mut further) = (Vec::new(), Vec::new());
        for (index, declared) in definition.methods.iter().enumerate() {
            let own = declared.flags.has(Flags::STATIC)
                || declared.flags.has(Flags::PRIVATE)
                || interface
                || (declared.name == "<init>" && declared.desc != "()V");
            let explicit = declared.ordinal.map(u32::from);
            let kept =
                if own { Vec::new() } else { self.overridden(definition, inherited, declared, definer)? };
            further.extend(kept.iter().skip(1).map(|ordinal| (index, *ordinal)));
            let kept = kept.first().copied();
            ordinals[index] = match (explicit, kept) {
                (Some(ordinal), _) if !declared.flags.has(Flags::STATIC) => {
                    self.check_override(definition, declared, inherited, ordinal)?;
                    ordinal
                }
                (None, Some(ordinal)) => ordinal,
                _ => continue,
            };
            taken.push(ordinals[index]);
        }
        let mut next = inherited_len.max(ORDINALS_FIXED);
        for (index, declared) in definition.methods.iter().enumerate() {
            let own = declared.flags.has(Flags::STATIC)
                || declared.flags.has(Flags::PRIVATE)
                || interface
                || declared.name.starts_with('<');
            if ordinals[index] != NO_ORDINAL || own {
                continue;
            }
            while taken.contains(&next) {
                next += 1;
            }
            ordinals[index] = next;
            next += 1;
        }
        let highest =
            ordinals.iter().filter(|ordinal| **ordinal != NO_ORDINAL).max().map_or(0, |most| most + 1);
        Ok(Table { ordinals, further, len: highest.max(inherited_len).max(ORDINALS_FIXED) })
    }

    /// The places in a table of methods that a method which may override takes. In Java a method of the package only is
    /// overridden in its run-time package, so that one method may override several (JVMS 5.4.5).
    fn overridden(
        &mut self,
        definition: &ClassDef,
        inherited: Addr,
        declared: &MethodDef,
        definer: Definer,
    ) -> Result<Vec<u32>, DefineError> {
        let (name, desc) = (self.intern(declared.name.as_bytes()), self.intern(declared.desc.as_bytes()));
        let mut found = Vec::new();
        for ordinal in 0..self.array_len(inherited) {
            let Some(above) = self.array_get(inherited, ordinal).as_object() else { continue };
            if self.ref_field(above, method::NAME) != name
                || self.ref_field(above, method::DESCRIPTOR) != desc
            {
                continue;
            }
            let Definer::Java(loader) = definer else { return Ok(alloc::vec![ordinal as u32]) };
            let (flags, owner) = (self.method_flags(above), self.ref_field(above, method::CLASS));
            let shared = flags.has(Flags::PUBLIC) || flags.has(Flags::PROTECTED);
            if shared || self.is_in_package(owner, &definition.name, loader) {
                if flags.has(Flags::FINAL) {
                    let (class, owner) = (definition.name.replace('/', "."), self.java_class_name(owner));
                    let what = format!(
                        "class {class} overrides final method {owner}.{}{}",
                        declared.name, declared.desc
                    );
                    return Err(DefineError::Java { thrown: "java/lang/IncompatibleClassChangeError", what });
                }
                found.push(ordinal as u32);
            }
        }
        Ok(found)
    }

    /// Why a class above another is not there.
    fn not_above(
        &mut self,
        decoded: &Module,
        definition: &ClassDef,
        name: &str,
        thrown: Value,
    ) -> DefineError {
        let what = self.describe(thrown);
        if decoded.language != bytecode::module::Language::Java {
            return linkage(definition, what);
        }
        if self.is_kernel(thrown, ClassId::ClassNotFound) {
            return DefineError::Java { thrown: "java/lang/NoClassDefFoundError", what: name.into() };
        }
        DefineError::Thrown { thrown, what }
    }

    fn check_override(
        &mut self,
        definition: &ClassDef,
        declared: &MethodDef,
        inherited: Addr,
        ordinal: u32,
    ) -> Result<(), DefineError> {
        if u64::from(ordinal) >= self.array_len(inherited) {
            return Ok(());
        }
        let Some(above) = self.array_get(inherited, u64::from(ordinal)).as_object() else { return Ok(()) };
        if self.text(above, method::DESCRIPTOR) == declared.desc {
            return Ok(());
        }
        let what = format!(
            "the method `{}{}` has the ordinal {ordinal} of {}, whose type differs; give it another ordinal or the same type",
            declared.name,
            declared.desc,
            self.method_text(above)
        );
        Err(linkage(definition, what))
    }

    pub(crate) fn make_module(&mut self, decoded: &Module, bytes: &[u8]) -> Addr {
        let object = self.new_old(self.kernel_class(ClassId::Module));
        let name = self.intern(decoded.name.as_bytes());
        self.set_ref(object, module::NAME, Value::object(name));
        if let Some(source) = &decoded.source {
            let source = self.intern(source.as_bytes());
            self.set_ref(object, module::SOURCE, Value::object(source));
        }
        let stored = self.make_bytes_old(bytes);
        self.set_ref(object, module::BYTES, Value::object(stored));
        let resolved = self.make_ref_array_old(decoded.pool.len() as u64);
        self.set_ref(object, module::RESOLVED, Value::object(resolved));
        let classes = self.make_ref_array_old(decoded.classes.len() as u64);
        self.set_ref(object, module::CLASSES, Value::object(classes));
        self.set_u64(object, module::SOURCE_HASH, decoded.source_hash);
        self.set_u32(object, module::LANGUAGE, decoded.language as u32);
        object
    }

    /// Makes a class of a module; `find` finds those above it. Nothing leads to it yet.
    pub(crate) fn make_class(
        &mut self,
        decoded: &Module,
        owner: Addr,
        index: usize,
        definer: Definer,
        find: &mut dyn FnMut(&mut Vm, &str) -> Result<Addr, Value>,
    ) -> Result<Addr, DefineError> {
        let definition = &decoded.classes[index];
        let Above { parent, interfaces } = self.above(definition, definer, find)?;
        let table = self.table(definition, parent, definer)?;
        let object = self.new_old(self.kernel_class(ClassId::Class));
        let name = self.intern(definition.name.as_bytes());
        self.set_ref(object, class::NAME, Value::object(name));
        self.set_ref(object, class::MODULE, Value::object(owner));
        self.set_u32(object, class::INDEX, index as u32);
        self.set_u32(object, class::FLAGS, definition.flags.0 & !Flags::APART.0);
        self.set_u32(object, class::VERSION, definition.version);
        self.set_u64(object, class::HASH, definition.structural_hash());
        self.set_u8(object, class::SHAPE, Shape::Instance as u8);
        let kernel_id = self.get_u32(parent, class::KERNEL_ID);
        self.set_u32(object, class::KERNEL_ID, kernel_id);
        let list = self.make_ref_array_old(interfaces.len() as u64);
        for (at, interface) in interfaces.iter().enumerate() {
            self.array_set(list, at as u64, Value::object(*interface));
        }
        self.set_ref(object, class::INTERFACES, Value::object(list));
        self.make_fields(definition, object, parent);
        self.make_methods(definition, object, parent, &table);
        let strength = self.strength_of(&definition.name, parent);
        self.set_u8(object, class::ELEMENT_KIND, strength);
        let initialiser = definition.methods.iter().any(|declared| declared.name == "<clinit>");
        let above_done = self.get_u8(parent, class::INIT_STATE) == INITIALISED;
        // Of Java, linking may fail and interfaces may have to be initialised, which is seen at the first use.
        let java = decoded.language == bytecode::module::Language::Java;
        let state = if initialiser || !above_done || java { LINKED } else { INITIALISED };
        self.set_u8(object, class::INIT_STATE, state);
        Ok(object)
    }

    fn make_fields(&mut self, definition: &ClassDef, object: Addr, parent: Addr) {
        let fields = self.make_ref_array_old(definition.fields.len() as u64);
        self.set_ref(object, class::FIELDS, Value::object(fields));
        let mut end = self.get_u32(parent, class::FIELDS_END);
        let (mut static_refs, mut static_prims) = (0u32, 0u32);
        let mut offsets = alloc::vec![0; definition.fields.len()];
        let mut own = (end.next_multiple_of(8), 0u32);
        // References first, then numbers by width.
        for width in [None, Some(8), Some(4), Some(2), Some(1)] {
            for (index, declared) in definition.fields.iter().enumerate() {
                let storage = storage_of(&declared.desc);
                let statically = declared.flags.has(Flags::STATIC);
                let here = match width {
                    None => storage == FIELD_REF,
                    Some(bytes) => storage != FIELD_REF && storage_bytes(storage) == bytes,
                };
                if !here {
                    continue;
                }
                offsets[index] = if statically {
                    let count = if storage == FIELD_REF { &mut static_refs } else { &mut static_prims };
                    *count += 1;
                    *count - 1
                } else {
                    let bytes = storage_bytes(storage);
                    let offset = end.next_multiple_of(bytes);
                    end = offset + bytes;
                    if storage == FIELD_REF {
                        own.1 += 1;
                    }
                    offset
                };
            }
        }
        for (index, declared) in definition.fields.iter().enumerate() {
            let made = self.new_old(self.kernel_class(ClassId::Field));
            let (name, desc) = (self.intern(declared.name.as_bytes()), self.intern(declared.desc.as_bytes()));
            self.set_ref(made, field::NAME, Value::object(name));
            self.set_ref(made, field::DESCRIPTOR, Value::object(desc));
            self.set_ref(made, field::CLASS, Value::object(object));
            self.set_u32(made, field::FLAGS, declared.flags.0);
            self.set_u32(made, field::OFFSET, offsets[index]);
            self.set_u8(made, field::KIND, storage_of(&declared.desc));
            self.array_set(fields, index as u64, Value::object(made));
        }
        let refs = self.make_ref_array_old(u64::from(static_refs));
        self.set_ref(object, class::STATIC_REFS, Value::object(refs));
        let prims = self.make_bytes_old(&alloc::vec![0; 8 * static_prims as usize]);
        self.set_ref(object, class::STATIC_PRIMS, Value::object(prims));
        self.set_u32(object, class::FIELDS_END, end);
        self.set_u32(object, class::INSTANCE_SIZE, end.next_multiple_of(header::ALIGN as u32));
        self.fill_hierarchy(object, parent, &[own]);
    }

    fn make_methods(&mut self, definition: &ClassDef, object: Addr, parent: Addr, table: &Table) {
        let methods = self.make_ref_array_old(definition.methods.len() as u64);
        self.set_ref(object, class::METHODS, Value::object(methods));
        let vtable = self.make_ref_array_old(u64::from(table.len));
        let inherited = self.ref_field(parent, class::VTABLE);
        for ordinal in 0..self.array_len(inherited) {
            let above = self.array_get(inherited, ordinal);
            self.array_set(vtable, ordinal, above);
        }
        for (index, declared) in definition.methods.iter().enumerate() {
            let made = self.new_old(self.kernel_class(ClassId::Method));
            let (name, desc) = (self.intern(declared.name.as_bytes()), self.intern(declared.desc.as_bytes()));
            self.set_ref(made, method::NAME, Value::object(name));
            self.set_ref(made, method::DESCRIPTOR, Value::object(desc));
            self.set_ref(made, method::CLASS, Value::object(object));
            self.set_u32(made, method::FLAGS, declared.flags.0);
            self.set_u32(made, method::INDEX, index as u32);
            self.set_u32(made, method::ORDINAL, table.ordinals[index]);
            let (locals, stack) =
                declared.code.as_ref().map_or((0, 0), |code| (code.max_locals, code.max_stack));
            let parsed = Descriptor::parse(&declared.desc);
            let (params, result) = match &parsed {
                Ok(desc) => (desc.params.len() as u16, desc.result_kind().map_or(0, |kind| kind as u8)),
                Err(error) => unreachable!("the verifier read this descriptor: {error}"),
            };
            let args = params + u16::from(!declared.flags.has(Flags::STATIC));
            let native = declared.flags.has(Flags::NATIVE);
            let state = if native { crate::internal::STATE_SLOTS as u16 } else { 0 };
            self.memory.store_u16(made.add(method::ARG_SLOTS), args);
            self.memory.store_u16(made.add(method::MAX_LOCALS), locals.max(args) + state);
            self.memory.store_u16(made.add(method::MAX_STACK), stack.max(1));
            self.set_u8(made, method::RESULT_KIND, result);
            self.array_set(methods, index as u64, Value::object(made));
            if table.ordinals[index] != NO_ORDINAL {
                self.array_set(vtable, u64::from(table.ordinals[index]), Value::object(made));
            }
        }
        for (index, ordinal) in &table.further {
            let made = self.array_get(methods, *index as u64);
            self.array_set(vtable, u64::from(*ordinal), made);
        }
        self.set_ref(object, class::VTABLE, Value::object(vtable));
    }

    /// First values of static fields that stand in the module.
    pub(crate) fn first_values(&mut self, decoded: &Module, definition: &ClassDef, object: Addr) {
        let fields = self.ref_field(object, class::FIELDS);
        for (index, declared) in definition.fields.iter().enumerate() {
            let Some(constant) = declared.value.and_then(|value| decoded.constant(value)) else { continue };
            let bits = match constant {
                Const::I32(number) => u64::from(*number as u32),
                Const::I64(number) => *number as u64,
                Const::F32(bits) => u64::from(*bits),
                Const::F64(bits) => *bits,
                Const::Str(text) => self.intern(text.as_bytes()).0,
                // Classes, handles and computed constants are for the initialiser.
                _ => continue,
            };
            let target = Addr(self.array_get(fields, index as u64).0);
            self.store_field(Addr::NULL, target, bits);
        }
    }

    /// Where a static field stands: the array that holds it and the address of its cell.
    pub fn static_cell(&self, target: Addr) -> (Addr, Addr) {
        let owner = self.ref_field(target, field::CLASS);
        let list = if self.get_u8(target, field::KIND) == FIELD_REF {
            class::STATIC_REFS
        } else {
            class::STATIC_PRIMS
        };
        let cells = self.ref_field(owner, list);
        (cells, cells.add(array::DATA + 8 * u64::from(self.get_u32(target, field::OFFSET))))
    }

    /// Reads a field; `object` is null for static ones.
    pub fn load_field(&self, object: Addr, target: Addr) -> u64 {
        self.order_if_volatile(target);
        let bits = self.load_field_plainly(object, target);
        self.order_if_volatile(target);
        bits
    }

    /// Around each access of a volatile field: they have one order, and order what stands before and behind them.
    fn order_if_volatile(&self, target: Addr) {
        if self.get_u32(target, field::FLAGS) & Flags::VOLATILE.0 != 0 {
            fence(Ordering::SeqCst);
        }
    }

    fn load_field_plainly(&self, object: Addr, target: Addr) -> u64 {
        let storage = self.get_u8(target, field::KIND);
        if object.is_null() {
            return self.memory.load_u64(self.static_cell(target).1);
        }
        let at = object.add(u64::from(self.get_u32(target, field::OFFSET)));
        match Elem::from_value(storage) {
            Some(Elem::Bool) => u64::from(self.memory.load_u8(at)),
            Some(Elem::I8) => u64::from(i32::from(self.memory.load_i8(at)) as u32),
            Some(Elem::U16) => u64::from(self.memory.load_u16(at)),
            Some(Elem::I16) => u64::from(i32::from(self.memory.load_i16(at)) as u32),
            Some(Elem::I32 | Elem::F32) => u64::from(self.memory.load_u32(at)),
            Some(Elem::I64 | Elem::F64) | None => self.memory.load_u64(at),
        }
    }

    /// Writes a field; `object` is null for static ones.
    pub fn store_field(&mut self, object: Addr, target: Addr, bits: u64) {
        self.order_if_volatile(target);
        self.store_field_plainly(object, target, bits);
        self.order_if_volatile(target);
    }

    fn store_field_plainly(&mut self, object: Addr, target: Addr, bits: u64) {
        let storage = self.get_u8(target, field::KIND);
        if object.is_null() {
            let (cells, cell) = self.static_cell(target);
            if storage == FIELD_REF {
                self.heap.write_ref(cells, cell, Value(bits));
            } else {
                self.memory.store_u64(cell, narrowed(storage, bits));
            }
            return;
        }
        let at = object.add(u64::from(self.get_u32(target, field::OFFSET)));
        match storage_bytes(storage) {
            _ if storage == FIELD_REF => self.heap.write_ref(object, at, Value(bits)),
            1 => self.memory.store_u8(at, narrowed(storage, bits) as u8),
            2 => self.memory.store_u16(at, bits as u16),
            4 => self.memory.store_u32(at, bits as u32),
            _ => self.memory.store_u64(at, bits),
        }
    }

    /// Sees to it that a class is initialised: `None` when it is, else how to go on before the instruction at the top
    /// frame's `PC` is run again.
    pub(crate) fn initialise(&mut self, object: Addr) -> Option<Flow> {
        match self.get_u8(object, class::INIT_STATE) {
            INITIALISED => return None,
            FAILED => return Some(self.raise_failed_class(object)),
            INITIALISING => {
                if self.ref_field(object, class::INIT_THREAD) == self.running.thread {
                    return None;
                }
                self.block(Wait::at(wait::CLASS, object));
                return Some(Flow::Exit(Exit::Blocked));
            }
            _ => {}
        }
        let java = self.is_java_class(object);
        if java && let Some(flow) = self.link_java_class(object) {
            return Some(flow);
        }
        let parent = self.ref_field(object, class::SUPER);
        let interface = Flags(self.get_u32(object, class::FLAGS)).has(Flags::INTERFACE);
        if java {
            match self.prepare_java_class(object) {
                Prepared::Ready => {}
                Prepared::Wait(flow) => return Some(flow),
                Prepared::InProgress => return None,
            }
        } else if !parent.is_null()
            && !interface
            && let Some(flow) = self.initialise(parent)
        {
            return Some(flow);
        }
        let methods = self.ref_field(object, class::METHODS);
        let initialiser = (0..self.array_len(methods))
            .map(|index| Addr(self.array_get(methods, index).0))
            .find(|target| self.text(*target, method::NAME) == "<clinit>");
        let Some(initialiser) = initialiser else {
            self.initialised(object, INITIALISED);
            return None;
        };
        let top = self.top();
        let at = self.operand_end(&top);
        if !self.push_frame(initialiser, at, on_return::INITIALISED) {
            return Some(self.stack_overflow());
        }
        self.set_u8(object, class::INIT_STATE, INITIALISING);
        let thread = self.running.thread;
        self.set_ref(object, class::INIT_THREAD, Value::object(thread));
        Some(Flow::Go)
    }

    /// The initialiser of a class has come to an end.
    pub(crate) fn initialised(&mut self, object: Addr, state: u8) {
        self.set_u8(object, class::INIT_STATE, state);
        self.set_ref(object, class::INIT_THREAD, Value::NULL);
        self.wake_all(Ring::Field(object, class::INIT_WAITERS));
    }
}

/// The value of a field as a slot holds it after a write and a read.
pub(crate) fn narrowed(storage: u8, bits: u64) -> u64 {
    match Elem::from_value(storage) {
        Some(Elem::Bool) => bits & 1,
        Some(Elem::I8) => u64::from(i32::from(bits as i8) as u32),
        Some(Elem::U16) => u64::from(bits as u16),
        Some(Elem::I16) => u64::from(i32::from(bits as i16) as u32),
        _ => bits,
    }
}

fn linkage(definition: &ClassDef, what: String) -> DefineError {
    DefineError::Linkage { class: definition.name.clone(), what }
}

/// The classes of a module with those above before those below.
fn definition_order(decoded: &Module) -> Result<Vec<usize>, DefineError> {
    let mut order = Vec::new();
    let mut done = alloc::vec![false; decoded.classes.len()];
    while order.len() < decoded.classes.len() {
        let before = order.len();
        for (index, definition) in decoded.classes.iter().enumerate() {
            let ready = definition.super_name.iter().chain(&definition.interfaces).all(|name| {
                decoded.classes.iter().position(|other| other.name == *name).is_none_or(|other| done[other])
            });
            if !done[index] && ready {
                done[index] = true;
                order.push(index);
            }
        }
        if order.len() == before {
            let stuck = done.iter().position(|done| !done).unwrap_or(0);
            return Err(linkage(&decoded.classes[stuck], "the class is above itself".into()));
        }
    }
    Ok(order)
}

const _: () = assert!(frame::SIZE == 32);
