//! Linking and initialising classes as JVMS 5.4 and 5.5 want it.

use crate::Vm;
use crate::calls::Flow;
use crate::classes::LINKED;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Flags, Module};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, method};

/// Attribute of a class: linking throws (`java::VERIFY_ERROR`).
const VERIFY_ERROR: &str = "java.verify_error";
/// Attribute of a class: pairs of classes, the first assignable to the second (`java::ASSIGNABLE`).
const ASSIGNABLE: &str = "java.assignable";
/// Packages whose classes come with the JDK, which are taken to be right, as other machines take them.
pub(super) const TRUSTED: [&str; 5] = ["java/", "javax/", "jdk/", "sun/", "com/sun/"];

impl Vm {
    /// The definition of a class: its module and its index in it; `None` for kernel and array classes.
    pub fn class_definition(&mut self, object: Addr) -> Option<(Arc<Module>, usize)> {
        let owner = self.ref_field(object, class::MODULE);
        if owner.is_null() {
            return None;
        }
        Some((self.maps.module(&self.memory, owner), self.get_u32(object, class::INDEX) as usize))
    }

    /// An attribute of a class that its front end gave it.
    pub fn class_attribute(&mut self, object: Addr, name: &str) -> Option<Vec<u8>> {
        let owner = self.ref_field(object, class::MODULE);
        if owner.is_null() {
            return None;
        }
        let decoded = self.maps.module(&self.memory, owner);
        let index = self.get_u32(object, class::INDEX) as usize;
        let found = decoded.classes[index].attributes.iter().find(|attribute| attribute.name == name)?;
        Some(found.bytes.clone())
    }

    /// Proves what verification left open: how to go on when the class cannot be linked.
    pub(crate) fn link_java_class(&mut self, object: Addr) -> Option<Flow> {
        if let Some(text) = self.class_attribute(object, VERIFY_ERROR) {
            let text = String::from_utf8_lossy(&text).into_owned();
            return Some(self.raise_java("java/lang/VerifyError", &text));
        }
        if self.is_trusted(object) {
            return None;
        }
        let name = self.text(object, class::NAME);
        let pairs = self.class_attribute(object, ASSIGNABLE)?;
        for line in String::from_utf8_lossy(&pairs).lines() {
            let Some((from, to)) = line.split_once(' ') else { continue };
            let to_class = match self.class_from(object, to) {
                Ok(found) => found,
                Err(unresolved) => return Some(self.or_unresolved(Err(unresolved))),
            };
            if Flags(self.get_u32(to_class, class::FLAGS)).has(Flags::INTERFACE) {
                continue;
            }
            let from_class = match self.class_from(object, from) {
                Ok(found) => found,
                Err(unresolved) => return Some(self.or_unresolved(Err(unresolved))),
            };
            if !self.is_subclass(from_class, to_class) {
                let text =
                    format!("Bad type: '{from}' is not assignable to '{to}' (in {})", name.replace('/', "."));
                return Some(self.raise_java("java/lang/VerifyError", &text));
            }
        }
        None
    }

    /// Initialises the interfaces above a class that have default methods (JVMS 5.5, step 7).
    pub(crate) fn initialise_interfaces(&mut self, object: Addr) -> Option<Flow> {
        let interfaces = self.ref_field(object, class::INTERFACES);
        for index in 0..self.array_len(interfaces) {
            let interface = Addr(self.array_get(interfaces, index).0);
            if self.get_u8(interface, class::INIT_STATE) == LINKED
                && self.has_default_methods(interface)
                && let Some(flow) = self.initialise(interface)
            {
                return Some(flow);
            }
        }
        None
    }

    fn has_default_methods(&self, interface: Addr) -> bool {
        let methods = self.ref_field(interface, class::METHODS);
        (0..self.array_len(methods)).any(|index| {
            let flags = self.method_flags(Addr(self.array_get(methods, index).0));
            !flags.has(Flags::STATIC) && !flags.has(Flags::ABSTRACT)
        })
    }

    /// Whether a class has yet to be initialised before the running thread uses it.
    pub fn wants_initialising(&self, object: Addr) -> bool {
        use crate::classes::{INITIALISED, INITIALISING};
        match self.get_u8(object, class::INIT_STATE) {
            INITIALISED => false,
            INITIALISING => self.ref_field(object, class::INIT_THREAD) != self.running.thread,
            _ => true,
        }
    }

    /// Throws an exception of the library.
    pub(crate) fn raise_java(&mut self, name: &str, text: &str) -> Flow {
        match self.java_exception(name, Some(text)) {
            Some(thrown) => self.raise(thrown),
            None => self.raise_kernel(ClassId::Linkage, text),
        }
    }

    /// What is thrown where Java code runs without Java's library.
    pub(crate) fn no_java_library(&mut self) -> Value {
        self.exception_value(
            ClassId::ClassNotFound,
            "there is no class java/lang/String: Java's library is missing",
        )
    }

    /// Whether a method is shown in traces under another name: the class's own initialiser is `<clinit>` to programs.
    pub fn java_method_name(&self, target: Addr) -> String {
        let name = self.text(target, method::NAME);
        if name == "$clinit" { "<clinit>".into() } else { name }
    }
}
