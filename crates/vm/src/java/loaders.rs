//! Class loaders of programs (JVMS 5.3): each has a directory of its own, so two may have two classes of one name.
//!
//! The directory hangs on the `java.lang.ClassLoader`, in the field that the converter adds, and holds the classes that
//! the loader defined and those that it gave when the machine asked it. So it goes with the loader: when nothing refers
//! to the loader, its classes and their objects any more, a collection frees them all.
//! The library's three loaders share the system's directory; which of them has a class follows from its package.
//! A class that is not in the system's directory has the flag `apart`, also when it is hidden; its loader is that of the
//! mirror of its module's first class.
//!
//! Asking a loader is a call in bytecode (`phantom/java/Boot.loadClass`) under the instruction or native method that needs
//! the class, which is run again afterwards and finds the class in the directory.

use crate::Vm;
use crate::calls::Flow;
use crate::classes::{CheckedModule, DefineError, Definer};
use crate::internal::{Call, Outcome};
use crate::link::{Unresolved, innermost};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Flags, Module, TypeDesc};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, class, java_state, method, module, on_return};

/// Name of the field that leads from a class loader to its directory (`java::LOADER_FIELD`).
const DIRECTORY: &str = "$loader";
/// The loaders of the library are the instances of classes whose names begin so.
const LIBRARY_LOADERS: &str = "jdk/internal/loader/ClassLoaders$";
/// The class whose method asks a loader, and the method.
const ASKING: (&str, &str) = ("phantom/java/Boot", "loadClass");
/// So many frames are looked through for a class that is being defined.
const DEFINING_FRAMES: usize = 1 << 16;

/// A class that is about to be defined and waits for those above it: a ref array in the first reference of the frame of
/// the native method that defines it.
pub mod defining {
    /// The loader.
    pub const LOADER: u64 = 0;
    /// The name, an interned string.
    pub const NAME: u64 = 1;
    /// The encoded module, a byte array.
    pub const MODULE: u64 = 2;
    /// Number of elements.
    pub const COUNT: u64 = 3;
}

impl Vm {
    /// The class of the elements of an array's elements and so on; other classes themselves.
    pub fn innermost_class(&self, of: Addr) -> Addr {
        let mut at = of;
        while self.is_array_class(at) && !self.ref_field(at, class::ELEMENT).is_null() {
            at = self.ref_field(at, class::ELEMENT);
        }
        at
    }

    /// Whether a class is not in the system's directory.
    pub(crate) fn is_apart(&self, of: Addr) -> bool {
        Flags(self.get_u32(self.innermost_class(of), class::FLAGS)).has(Flags::APART)
    }

    /// The class loader of a program that has defined a class; `None` for the library's loaders.
    pub fn loader_of(&self, of: Addr) -> Option<Addr> {
        let of = self.innermost_class(of);
        if !Flags(self.get_u32(of, class::FLAGS)).has(Flags::APART) {
            return None;
        }
        let classes = self.ref_field(self.ref_field(of, class::MODULE), module::CLASSES);
        let first = self.array_get(classes, 0).as_object()?;
        let mirror = self.get_ref(first, class::MIRROR).as_object()?;
        let loader =
            self.get_ref(mirror, self.offset_named(self.class_of(Value::object(mirror)), "classLoader"));
        self.program_loader(loader)
    }

    /// The loader, when it is one of a program; `None` for null and for those of the library.
    pub fn program_loader(&self, loader: Value) -> Option<Addr> {
        let object = loader.as_object()?;
        let of = self.class_of(loader);
        let own = !self.is_apart(of) && self.text(of, class::NAME).starts_with(LIBRARY_LOADERS);
        (!own).then_some(object)
    }

    /// The class that a program's loader has defined or given under a name.
    pub fn class_known_to(&self, loader: Addr, name: &str) -> Option<Addr> {
        let place = self.offset_named(self.class_of(Value::object(loader)), DIRECTORY);
        let directory = self.get_ref(loader, place).as_object()?;
        self.directory_find(directory, name)
    }

    /// Notes that a program's loader has defined or given a class under a name; of two the first stays.
    pub fn note_class_of(&mut self, loader: Addr, name: &str, found: Addr) {
        if self.class_known_to(loader, name).is_some() {
            return;
        }
        let place = self.offset_named(self.class_of(Value::object(loader)), DIRECTORY);
        let directory = match self.get_ref(loader, place).as_object() {
            Some(directory) => directory,
            None => {
                let made = self.make_ref_array_old(2);
                self.set_ref(loader, place, Value::object(made));
                made
            }
        };
        self.directory_add(directory, name, found);
    }

    /// Whether one of the library's loaders (null is that of the boot classes) finds classes of a name with slashes; it
    /// does not say whether there is such a class.
    pub fn library_loader_finds(&mut self, loader: Value, name: &str) -> bool {
        let Some(name) = innermost(name) else { return true };
        let package = name.rsplit_once('/').map_or("", |(package, _)| package);
        if self.java_state(java_state::PACKAGES).is_null() {
            return true;
        }
        let app = self.app_loader();
        if loader.as_object() == app && app.is_some() {
            return true;
        }
        let Some(owner) = self.module_of_package(package, None) else { return name == ASKING.0 };
        // The loader of the platform hands on to that of the application what a module of that has.
        !loader.is_null()
            || self.get_ref(owner, self.offset_named(self.class_of(Value::object(owner)), "loader")).is_null()
    }

    /// The named module that has a package for one of the library's loaders (`None`) or a program's.
    pub(crate) fn module_of_package(&mut self, package: &str, loader: Option<Addr>) -> Option<Addr> {
        let packages = self.java_state(java_state::PACKAGES).as_object()?;
        let package = Value::object(self.intern(package.as_bytes()));
        (0..self.array_len(packages) / 2).find_map(|pair| {
            if self.array_get(packages, 2 * pair) != package {
                return None;
            }
            let owner = self.array_get(packages, 2 * pair + 1).as_object()?;
            let of = self.class_of(Value::object(owner));
            let its = self.get_ref(owner, self.offset_named(of, "loader"));
            (self.program_loader(its) == loader).then_some(owner)
        })
    }

    /// The class that the code of a class means by a name (of arrays a descriptor).
    pub(crate) fn class_from(&mut self, from: Addr, name: &str) -> Result<Addr, Unresolved> {
        if !self.is_apart(from) {
            return Ok(self.class_by_name(name)?);
        }
        if let Some(element) = name.strip_prefix('[') {
            let element = match TypeDesc::parse(element) {
                Ok(TypeDesc::Class(name)) => self.class_from(from, &name)?,
                Ok(TypeDesc::Array { .. }) => self.class_from(from, element)?,
                _ => return Ok(self.class_by_name(name)?),
            };
            return Ok(self.array_class(element));
        }
        if let Some(found) = self.class_beside(from, name)? {
            return Ok(found);
        }
        match self.loader_of(from) {
            None => Ok(self.class_by_name(name)?),
            Some(loader) => match self.class_known_to(loader, name) {
                Some(found) => Ok(found),
                None => Err(Unresolved::AskJava { loader, name: name.into() }),
            },
        }
    }

    /// The class that the code of a class means by a name, if it is known already. Whatever loader is asked, classes of
    /// `java` are the library's (JVMS 5.3.5, `ClassLoader.defineClass`), and so are those that the library's own code means.
    pub(crate) fn class_known_from(&self, from: Addr, name: &str) -> Option<Addr> {
        match self.loader_of(from) {
            Some(loader) if !name.starts_with("java/") => {
                let known = self.class_known_to(loader, name);
                known.or_else(|| self.known_class(name).filter(|_| self.is_trusted(from)))
            }
            _ => self.known_class(name),
        }
    }

    /// A class that the module of a class has under a name: that is not in any directory when it is hidden. Those behind
    /// the first are made when they are first needed.
    fn class_beside(&mut self, from: Addr, name: &str) -> Result<Option<Addr>, Unresolved> {
        let object = self.ref_field(from, class::MODULE);
        let decoded = self.maps.module(&self.memory, object);
        let Some(index) = decoded.classes.iter().position(|definition| definition.name == name) else {
            return Ok(None);
        };
        let classes = self.ref_field(object, module::CLASSES);
        if let Some(there) = self.array_get(classes, index as u64).as_object() {
            return Ok(Some(there));
        }
        let made = self.make_class_apart(object, &decoded, index, self.loader_of(from))?;
        Ok(Some(made))
    }

    /// Makes a class of a module whose classes are apart. Nothing of it is there after an error.
    fn make_class_apart(
        &mut self,
        object: Addr,
        decoded: &Module,
        index: usize,
        loader: Option<Addr>,
    ) -> Result<Addr, Unresolved> {
        let definition = &decoded.classes[index];
        let classes = self.ref_field(object, module::CLASSES);
        let mut found = Vec::new();
        for name in definition.super_name.iter().chain(&definition.interfaces) {
            let beside = decoded.classes.iter().position(|other| other.name == *name);
            let there = beside.and_then(|index| self.array_get(classes, index as u64).as_object());
            let above = match (there, loader) {
                (Some(there), _) => there,
                (None, None) => self.class_by_name(name)?,
                (None, Some(loader)) => match self.class_known_to(loader, name) {
                    Some(above) => above,
                    None => return Err(Unresolved::AskJava { loader, name: name.clone() }),
                },
            };
            found.push((name.clone(), above));
        }
        let made = self.make_class(decoded, object, index, Definer::Java(loader), &mut |_, name| {
            let above = found.iter().find(|(known, _)| known == name);
            above.map(|(_, above)| *above).ok_or(Value::NULL)
        });
        let made = match made {
            Ok(made) => made,
            Err(error) => return Err(self.define_error(&error).into()),
        };
        let flags = Flags(self.get_u32(made, class::FLAGS));
        self.set_u32(made, class::FLAGS, (flags | Flags::APART).0);
        self.array_set(classes, index as u64, Value::object(made));
        self.first_values(decoded, definition, made);
        Ok(made)
    }

    /// What to throw for a class file whose module does not fit to the classes that are there.
    pub fn define_error(&mut self, error: &DefineError) -> Value {
        let (class, text) = match error {
            DefineError::Java { thrown, what } => (*thrown, what.clone()),
            DefineError::Thrown { thrown, .. } => return *thrown,
            DefineError::Linkage { .. } => ("java/lang/NoClassDefFoundError", format!("{error}")),
            _ => ("java/lang/LinkageError", format!("{error}")),
        };
        let made = self.java_error(class, &text);
        if matches!(error, DefineError::Java { .. }) && class == "java/lang/NoClassDefFoundError" {
            self.add_cause(made, &text);
        }
        made
    }

    /// Defines the first class of a class file's module for a program's loader, or for one of the library's as a hidden
    /// class. Its mirror leads to the loader and its module; it is in no directory yet.
    ///
    /// # Errors
    /// What to throw, or the loader that has to be asked for a class above it; nothing of the class is there then.
    pub(crate) fn define_apart(
        &mut self,
        checked: &CheckedModule,
        loader: Value,
    ) -> Result<Addr, Unresolved> {
        let decoded = checked.decoded();
        let object = self.make_module(&decoded, checked.bytes());
        self.maps.add_module(object, decoded.clone());
        let own = self.program_loader(loader);
        let made = self.make_class_apart(object, &decoded, 0, own)?;
        let mirror = self.mirror_of(made);
        if let Some(mirror) = mirror.as_object() {
            let of = self.class_of(Value::object(mirror));
            self.set_ref(mirror, self.offset_named(of, "classLoader"), loader);
            let owner = self.java_module_of(made);
            self.set_ref(mirror, self.offset_named(of, "module"), owner);
        }
        match self.check_above(made) {
            Ok(()) => Ok(made),
            Err(error) => Err(self.define_error(&error).into()),
        }
    }

    /// Whether the running thread is in the middle of defining a class of this name for a loader, below its top frame.
    pub(crate) fn is_defining(&self, loader: Addr, name: Addr) -> bool {
        self.frames_of(self.running.thread, DEFINING_FRAMES).iter().skip(1).any(|frame| {
            if !self.method_flags(frame.method).has(Flags::NATIVE)
                || !self.text(frame.method, method::NAME).starts_with("defineClass")
            {
                return false;
            }
            let slots = u64::from(self.get_u16(frame.method, method::ARG_SLOTS));
            let state = frame.locals(&self.memory).add(8 * (slots + crate::internal::STATE_NUMBERS));
            let Some(task) = Value(self.memory.load_u64(state)).as_object() else { return false };
            let all = self.class_of(Value::object(task)) == self.object_array
                && self.memory.load_u64(task.add(array::LENGTH)) == defining::COUNT;
            all && self.array_get(task, defining::LOADER) == Value::object(loader)
                && self.array_get(task, defining::NAME) == Value::object(name)
        })
    }

    /// Asks a program's loader for a class, then runs the top frame's instruction or native method again: the class is in
    /// the loader's directory by then, or what the loader threw goes on, a `ClassNotFoundException` as the cause of a
    /// `NoClassDefFoundError` (JVMS 5.3.2, 5.4.3.1).
    pub(crate) fn ask_java_loader(&mut self, loader: Addr, name: &str) -> Flow {
        let owner = match self.class_by_name(ASKING.0) {
            Ok(owner) => owner,
            Err(thrown) => return self.raise(thrown),
        };
        if let Some(flow) = self.initialise(owner) {
            return flow;
        }
        let Some(target) = self.method_named(owner, ASKING.1) else {
            return self.raise_kernel(ClassId::NoSuchMethod, ASKING.1);
        };
        let name = self.java_string(&name.replace('/', "."));
        let at = self.operand_end(&self.top());
        let end = at.0 + 16;
        if end > self.running.limit && !self.announce_ahead(end) {
            return self.stack_overflow();
        }
        self.memory.store_unannounced_u64(at, loader.0);
        self.memory.store_unannounced_u64(at.add(8), name.0);
        self.invoke(target, at, on_return::AGAIN)
    }

    /// Name of a loader in messages: that which it has, or its class, with its identity (`ClassLoaderData::loader_name_and_id`).
    pub fn loader_text(&mut self, loader: Value) -> String {
        let Some(object) = loader.as_object() else { return "'bootstrap'".into() };
        let of = self.class_of(loader);
        let text = self.get_ref(object, self.offset_named(of, "nameAndId"));
        match self.java_text(text) {
            Some(text) => text,
            None => self.text(of, class::NAME).replace('/', "."),
        }
    }
}

impl Call<'_> {
    /// The class that the code of a class means by a name with slashes (of arrays a descriptor); for methods with a frame,
    /// which are invoked again when a loader has to be asked first.
    ///
    /// # Errors
    /// The outcome to return.
    pub fn class_from(&mut self, of: Addr, name: &str) -> Result<Addr, Outcome> {
        let found = self.vm.class_from(of, name);
        found.map_err(|unresolved| self.unresolved(unresolved))
    }

    /// Defines the first class of a class file's module for a loader, hidden or for a program's; for methods with a frame,
    /// which are invoked again when the loader has to be asked for a class above it first.
    ///
    /// # Errors
    /// The outcome to return; nothing of the class is there then.
    pub fn define_apart(&mut self, checked: &CheckedModule, loader: Value) -> Result<Addr, Outcome> {
        let made = self.vm.define_apart(checked, loader);
        made.map_err(|unresolved| match unresolved {
            Unresolved::AskJava { loader, name } => {
                let key = self.vm.intern(name.as_bytes());
                if self.vm.is_defining(loader, key) {
                    return self.throw_java("java/lang/ClassCircularityError", Some(&name));
                }
                Outcome::Load(loader, name)
            }
            other => self.unresolved(other),
        })
    }

    fn unresolved(&mut self, unresolved: Unresolved) -> Outcome {
        match unresolved {
            Unresolved::Throw(thrown) => Outcome::Throw(thrown),
            Unresolved::AskJava { loader, name } => Outcome::Load(loader, name),
            Unresolved::AskLoader(name) => {
                self.throw_kernel(ClassId::ClassNotFound, &format!("there is no class {name}"))
            }
        }
    }
}
