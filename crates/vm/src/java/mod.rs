//! What the machine knows of Java beyond its bytecode: strings, mirrors, exceptions and initialisation as JVMS wants them.
//!
//! Everything is found by name in the classes of the library: `java.lang.String` with its `value` and `coder`,
//! `java.lang.Class` with the field that the converter adds, `java.lang.Throwable`. Where these fields are is a cache.
//! Class files are read elsewhere: a [`crate::ClassSource`] gives the classes that the library has, a
//! [`ClassConverter`] those whose bytes a program brings.

mod access;
pub mod boundary;
mod handles;
mod library;
mod linking;
pub(crate) mod loaders;
mod mirrors;
mod null;
mod references;
mod stack;
mod strings;
mod threads;
mod throwing;

pub(crate) use access::signature;
pub use library::{ClassPlace, JavaSources, LibraryName};
pub(crate) use linking::Prepared;
pub(crate) use references::SoftPolicy;
pub use stack::{Activity, Place};

use crate::{CheckedModule, DefineError, Vm};
use alloc::string::String;
use base::Addr;
use bytecode::Elem;
use bytecode::module::Language;
use layout::Value;
use layout::schema::{Shape, array, class, field, header, java_state, method, module, root};

/// Converts class files; a front end registers one with [`Vm::set_converter`].
pub trait ClassConverter: Send + Sync {
    /// The module of a class file.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn convert(&self, bytes: &[u8]) -> Result<CheckedModule, ConvertError>;
}

/// Why a class file is not converted: the class of `java.lang` that says so, and the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// It is no class file.
    #[error("{0}")]
    Format(String),
    /// Its version is not read.
    #[error("{0}")]
    Version(String),
    /// It is the description of a module.
    #[error("{0}")]
    NoClass(String),
    /// The class is above itself.
    #[error("{0}")]
    Circular(String),
    /// What the converter made is refused: a fault of the converter.
    #[error("{0}")]
    Define(DefineError),
}

impl ConvertError {
    /// Name of the class of what is thrown.
    pub fn class_name(&self) -> &'static str {
        match self {
            ConvertError::Format(_) => "java/lang/ClassFormatError",
            ConvertError::Version(_) => "java/lang/UnsupportedClassVersionError",
            ConvertError::NoClass(_) => "java/lang/NoClassDefFoundError",
            ConvertError::Circular(_) => "java/lang/ClassCircularityError",
            ConvertError::Define(_) => "java/lang/LinkageError",
        }
    }
}

impl Vm {
    /// Whether a class comes from a class file.
    pub(crate) fn is_java_class(&self, object: Addr) -> bool {
        let owner = self.ref_field(object, class::MODULE);
        !owner.is_null() && self.get_u32(owner, module::LANGUAGE) == Language::Java as u32
    }
    pub(crate) fn is_java_method(&self, target: Addr) -> bool {
        self.is_java_class(self.ref_field(target, method::CLASS))
    }
    /// Whether the running thread stands in Java code.
    pub(crate) fn in_java(&self) -> bool {
        !self.running.thread.is_null() && self.is_java_method(self.top().method)
    }

    /// Sets what converts class files.
    pub fn set_converter(&mut self, converter: alloc::sync::Arc<dyn ClassConverter>) {
        self.common.converter = Some(converter);
    }

    /// Converts a class file.
    ///
    /// # Errors
    /// What to throw.
    pub fn convert_class(&mut self, bytes: &[u8]) -> Result<CheckedModule, Value> {
        let Some(converter) = self.common.converter.clone() else {
            let text = "this machine converts no class files";
            return Err(self.exception_value(layout::internal::ClassId::Linkage, text));
        };
        converter.convert(bytes).map_err(|error| {
            let text = alloc::format!("{error}");
            let thrown = self.java_exception(error.class_name(), Some(&text));
            thrown.unwrap_or_else(|| self.exception_value(layout::internal::ClassId::Linkage, &text))
        })
    }

    /// An instance or static field by name, of the class or one above it, and its offset (see the schema of fields).
    pub fn field_named(&self, object: Addr, name: &str) -> Option<Addr> {
        let mut at = object;
        while !at.is_null() {
            let fields = self.ref_field(at, class::FIELDS);
            let found = (0..self.array_len(fields))
                .map(|index| Addr(self.array_get(fields, index).0))
                .find(|found| self.text(*found, field::NAME) == name);
            if found.is_some() {
                return found;
            }
            at = self.ref_field(at, class::SUPER);
        }
        None
    }
    /// Offset of an instance field by name, zero when there is none.
    pub fn offset_named(&self, object: Addr, name: &str) -> u64 {
        self.field_named(object, name).map_or(0, |found| u64::from(self.get_u32(found, field::OFFSET)))
    }

    /// A value that the Java machine keeps, by [`java_state`].
    pub fn java_state(&self, index: u64) -> Value {
        match self.root_ref(root::JAVA_STATE) {
            Addr::NULL => Value::NULL,
            state if index >= self.array_len(state) => Value::NULL,
            state => self.array_get(state, index),
        }
    }
    /// Sets one of them.
    pub fn set_java_state(&mut self, index: u64, value: Value) {
        let old = self.root_ref(root::JAVA_STATE);
        let known = if old.is_null() { 0 } else { self.array_len(old) };
        if index >= known {
            let made = self.make_ref_array_old(java_state::COUNT);
            for index in 0..known {
                let value = self.array_get(old, index);
                self.array_set(made, index, value);
            }
            self.set_root_ref(root::JAVA_STATE, Value::object(made));
        }
        let state = self.root_ref(root::JAVA_STATE);
        self.array_set(state, index, value);
    }

    /// Address of a reference in an object by its offset, when one stands there.
    pub fn reference_slot(&self, object: Addr, offset: u64) -> Option<Addr> {
        let of = self.class_of(Value::object(object));
        let there = match Shape::from_u8(self.get_u8(of, class::SHAPE))? {
            Shape::Instance => self.runs_of(of).any(|(start, count)| {
                (start..start + 8 * count).contains(&offset) && offset.is_multiple_of(8)
            }),
            Shape::RefArray => {
                let end = array::DATA + 8 * self.array_len(object);
                (array::DATA..end).contains(&offset) && offset.is_multiple_of(8)
            }
            _ => false,
        };
        // What the machine itself keeps in its own objects is no program's to touch.
        (there && self.get_u32(of, class::KERNEL_ID) <= 1).then(|| object.add(offset))
    }

    /// Address of bytes in an object by their offset, when numbers stand there.
    pub fn number_slot(&self, object: Addr, offset: u64, bytes: u64) -> Option<Addr> {
        let of = self.class_of(Value::object(object));
        let end = offset.checked_add(bytes)?;
        let there = match Shape::from_u8(self.get_u8(of, class::SHAPE))? {
            Shape::Instance => {
                offset >= header::SIZE
                    && end <= u64::from(self.get_u32(of, class::INSTANCE_SIZE))
                    && !self.runs_of(of).any(|(start, count)| offset < start + 8 * count && start < end)
            }
            Shape::PrimArray => {
                let log2 = u32::from(self.get_u8(of, class::ELEMENT_LOG2));
                offset >= array::DATA && end <= array::DATA + (self.array_len(object) << log2)
            }
            _ => false,
        };
        (there && self.get_u32(of, class::KERNEL_ID) <= 1).then(|| object.add(offset))
    }

    /// Runs of references in instances of a class: offset and count.
    fn runs_of(&self, of: Addr) -> impl Iterator<Item = (u64, u64)> + '_ {
        let map = self.ref_field(of, class::REF_MAP);
        let count = if map.is_null() { 0 } else { self.array_len(map) / 8 };
        (0..count).map(move |index| {
            let at = map.add(array::DATA + 8 * index);
            (u64::from(self.memory.load_u32(at)), u64::from(self.memory.load_u32(at.add(4))))
        })
    }

    /// A number that the world has not given before.
    pub fn next_number(&mut self) -> u64 {
        let number = self.root_u64(root::NEXT_ID);
        self.set_root_u64(root::NEXT_ID, number + 1);
        number
    }

    /// Whether a class has instances that programs make.
    pub fn has_instances(&self, object: Addr) -> bool {
        self.is_instantiable(object)
    }

    /// Slot of an element of a primitive array.
    ///
    /// # Panics
    /// When the index is outside.
    pub fn element_bits(&self, array: Addr, elem: Elem, index: u64) -> u64 {
        assert!(index < self.array_len(array), "element {index} is outside");
        let at = |log2: u32| array.add(array::DATA + (index << log2));
        match elem {
            Elem::Bool => u64::from(self.memory.load_u8(at(0))),
            Elem::I8 => u64::from(i32::from(self.memory.load_i8(at(0))) as u32),
            Elem::U16 => u64::from(self.memory.load_u16(at(1))),
            Elem::I16 => u64::from(i32::from(self.memory.load_i16(at(1))) as u32),
            Elem::I32 | Elem::F32 => u64::from(self.memory.load_u32(at(2))),
            Elem::I64 | Elem::F64 => self.memory.load_u64(at(3)),
        }
    }

    /// Writes an element of a primitive array.
    ///
    /// # Panics
    /// When the index is outside.
    pub fn set_element_bits(&mut self, array: Addr, elem: Elem, index: u64, bits: u64) {
        assert!(index < self.array_len(array), "element {index} is outside");
        let at = |log2: u32| array.add(array::DATA + (index << log2));
        match elem {
            Elem::Bool => self.memory.store_u8(at(0), bits as u8 & 1),
            Elem::I8 => self.memory.store_u8(at(0), bits as u8),
            Elem::U16 | Elem::I16 => self.memory.store_u16(at(1), bits as u16),
            Elem::I32 | Elem::F32 => self.memory.store_u32(at(2), bits as u32),
            Elem::I64 | Elem::F64 => self.memory.store_u64(at(3), bits),
        }
    }
}
