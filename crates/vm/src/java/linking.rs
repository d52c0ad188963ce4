//! Linking and initialising classes as JVMS 5.4 and 5.5 want it.

use crate::Vm;
use crate::calls::Flow;
use crate::classes::{FAILED, INITIALISED, INITIALISING, PREPARING};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Flags, Module};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, frame, method, on_return};

/// Attribute of a class: linking throws (`java::VERIFY_ERROR`).
const VERIFY_ERROR: &str = "java.verify_error";
/// Attribute of a class: pairs of classes, the first assignable to the second (`java::ASSIGNABLE`).
const ASSIGNABLE: &str = "java.assignable";
/// Packages whose classes come with the JDK, which are taken to be right, as other machines take them.
pub(super) const TRUSTED: [&str; 5] = ["java/", "javax/", "jdk/", "sun/", "com/sun/"];

/// How far the classes above a class are initialised.
pub(crate) enum Prepared {
    /// All are, or are being initialised by the running thread.
    Ready,
    /// How to go on first; the instruction is run again then.
    Wait(Flow),
    /// The running thread is at it, in an initialiser above that uses the class as it is.
    InProgress,
}

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

    /// Initialises the classes above a class (JVMS 5.5, step 7): its superclass, then interfaces with methods of their
    /// own, those above first. While their initialisers run the class is `PREPARING`, and the frame whose instruction wants
    /// it has the flag `PREPARES`: a request of the same thread from another frame comes from such an initialiser.
    pub(crate) fn prepare_java_class(&mut self, object: Addr) -> Prepared {
        let frame = self.running.frame;
        let flags = self.frame_u32(frame, frame::FLAGS);
        let again = flags & on_return::PREPARES != 0;
        if !again && self.is_preparing(object) {
            return Prepared::InProgress;
        }
        for above in self.initialised_before(object) {
            if self.get_u8(above, class::INIT_STATE) == FAILED {
                return Prepared::Wait(self.fail_below(object, above));
            }
            let Some(flow) = self.initialise(above) else { continue };
            let top = self.top();
            let pushed = top.caller == frame.0
                && self.frame_u32(top.at, frame::FLAGS) & 0xff == on_return::INITIALISED;
            if flow == Flow::Go && pushed {
                self.set_u8(object, class::INIT_STATE, PREPARING);
                let thread = self.running.thread;
                self.set_ref(object, class::INIT_THREAD, Value::object(thread));
                self.set_frame_u32(frame, frame::FLAGS, flags | on_return::PREPARES);
            }
            return Prepared::Wait(flow);
        }
        if again {
            self.set_frame_u32(frame, frame::FLAGS, flags & !on_return::PREPARES);
        }
        Prepared::Ready
    }

    /// Whether the running thread is in the initialiser of a class above, on behalf of this one.
    fn is_preparing(&self, object: Addr) -> bool {
        let mine = |of: Addr| self.ref_field(of, class::INIT_THREAD) == self.running.thread;
        self.get_u8(object, class::INIT_STATE) == PREPARING
            && mine(object)
            && self.initialised_before(object).into_iter().any(|above| {
                self.get_u8(above, class::INIT_STATE) == INITIALISING && mine(above)
                    || self.is_preparing(above)
            })
    }

    /// What is initialised before a class and is not yet, in this order.
    fn initialised_before(&self, object: Addr) -> Vec<Addr> {
        let mut before = Vec::new();
        if Flags(self.get_u32(object, class::FLAGS)).has(Flags::INTERFACE) {
            return before;
        }
        let parent = self.ref_field(object, class::SUPER);
        if !parent.is_null() {
            before.push(parent);
        }
        self.interfaces_before(object, &mut Vec::new(), &mut before);
        before.retain(|above| self.get_u8(*above, class::INIT_STATE) != INITIALISED);
        before
    }

    fn interfaces_before(&self, object: Addr, seen: &mut Vec<Addr>, before: &mut Vec<Addr>) {
        let interfaces = self.ref_field(object, class::INTERFACES);
        for index in 0..self.array_len(interfaces) {
            let interface = Addr(self.array_get(interfaces, index).0);
            if !seen.contains(&interface) {
                seen.push(interface);
                self.interfaces_before(interface, seen, before);
                if self.has_default_methods(interface) {
                    before.push(interface);
                }
            }
        }
    }

    /// A class cannot be initialised because one above it could not. When that failed on its behalf, this is a later use.
    fn fail_below(&mut self, object: Addr, above: Addr) -> Flow {
        let later = self.get_u8(object, class::INIT_STATE) == PREPARING;
        let thrown = self.failed_class_error(above);
        self.initialised(object, FAILED);
        if later {
            self.inherit_failure(object, above);
            return self.raise_failed_class(object);
        }
        self.note_failure(object, thrown);
        self.raise(thrown)
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
        match self.get_u8(object, class::INIT_STATE) {
            INITIALISED => false,
            INITIALISING => self.ref_field(object, class::INIT_THREAD) != self.running.thread,
            PREPARING => {
                let again = self.frame_u32(self.running.frame, frame::FLAGS) & on_return::PREPARES != 0;
                again || !self.is_preparing(object)
            }
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
