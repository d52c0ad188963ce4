//! Native methods: internal methods for the libraries of other languages, registered by name.
//!
//! A method with the flag `native` is bound by class, name and descriptor when it is first called; what it is bound to
//! is a cache and no part of the world, so a world runs on whatever build it is opened with. Its frame has the state of
//! an internal method always, so that a later build may make a short one a state machine.

use crate::Vm;
use crate::internal::InternalFn;
use alloc::format;
use base::Addr;
use bytecode::Flags;
use layout::Value;
use layout::internal::{ClassId, Restart};
use layout::schema::{class, method};

/// Bit of the phase of a native method that calls on behalf of reflection: what is thrown there comes out as an
/// `InvocationTargetException`.
pub const WRAPPING_PHASE: u32 = 1 << 30;

/// A native method.
#[derive(Clone, Copy, Debug)]
pub struct Native {
    /// Name of the class; `*` for every class.
    pub class: &'static str,
    /// Name of the method.
    pub name: &'static str,
    /// Descriptor; empty for every one.
    pub desc: &'static str,
    /// What a restart does to it.
    pub restart: Restart,
    /// What it does.
    pub function: InternalFn,
}

impl Vm {
    /// A file of a library by its path under the library's own folder, as the sources of classes have it.
    pub fn library_file(&mut self, path: &str) -> Option<alloc::vec::Vec<u8>> {
        self.common.sources.iter().find_map(|source| source.file(path))
    }

    /// Registers native methods; of two with the same names the later one counts.
    pub fn add_natives(&mut self, natives: &'static [Native]) {
        for native in natives {
            self.common.natives.insert((native.class, native.name, native.desc), native);
        }
        self.codes.natives.clear();
    }

    /// What a native method is bound to, if somebody registered it.
    pub(crate) fn native_of(&mut self, target: Addr) -> Option<&'static Native> {
        if let Some(there) = self.codes.natives.get(&target.0) {
            return *there;
        }
        let owner = self.ref_field(target, method::CLASS);
        let (class, name) = (self.text(owner, class::NAME), self.text(target, method::NAME));
        let desc = self.text(target, method::DESCRIPTOR);
        let known = &self.common.natives;
        let named = |class: &str, desc: &str| known.get(&(class, name.as_str(), desc)).copied();
        let found = named(&class, &desc).or_else(|| named(&class, "")).or_else(|| named("*", &desc));
        self.codes.natives.insert(target.0, found);
        found
    }

    /// What a call of a kernel or native method throws that this build does not have.
    pub(crate) fn not_implemented(&mut self, target: Addr) -> Value {
        let text = self.method_text(target);
        if self.is_java_method(target)
            && let Some(thrown) = self.java_exception("java/lang/UnsatisfiedLinkError", Some(&text))
        {
            return thrown;
        }
        let (id, text) = if self.method_flags(target).has(Flags::NATIVE) {
            (ClassId::Linkage, format!("{text} is native and not bound"))
        } else {
            (ClassId::NoSuchMethod, format!("{text} is not implemented"))
        };
        Value::object(self.make_exception(id, &text))
    }
}
