//! Where Java and other languages meet: every object is an instance of both roots, and values change their form.
//!
//! An object of one language that the other one calls by a method of its own root (`java.lang.Object`, `.internal.object`)
//! gets the call in the class [`OF_PHANTOM`] or [`OF_JAVA`] of the library, whose methods do it in the object's own words.
//! Strings and boxed numbers change their form, for neither language knows those of the other; all other objects stay what
//! they are, with their identity and their lock.

use crate::Vm;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Elem, Flags, TypeDesc};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, container, method};
use layout::value::Unpacked;

/// The class with the methods of `java.lang.Object` for objects of other languages.
pub const OF_PHANTOM: &str = "phantom/java/OfPhantom";
/// The class with the methods of `.internal.object` for objects of Java.
pub const OF_JAVA: &str = "phantom/java/OfJava";
/// The exception of Java that holds what another language has thrown, in its field `thrown`.
pub const THROWN: &str = "phantom/java/Thrown";

/// Names of methods below this number are fixed for all classes of the Phantom language.
const ORDINALS_OF_ROOT: u32 = 16;

impl Vm {
    /// Whether a class is the root of a language: every object is an instance of it.
    pub(crate) fn is_root(&self, object: Addr) -> bool {
        let flags = Flags(self.get_u32(object, class::FLAGS));
        object == self.kernel_class(ClassId::Object)
            || flags.has(Flags::OF_ARRAYS) && !flags.has(Flags::INTERFACE)
    }

    /// What a call of a method of one root runs on an object that has the other root.
    pub(crate) fn foreign_method(&mut self, declared: Addr) -> Addr {
        let of_phantom = self.is_java_method(declared);
        let Ok(holder) = self.class_by_name(if of_phantom { OF_PHANTOM } else { OF_JAVA }) else {
            return declared;
        };
        let (name, desc) =
            (self.ref_field(declared, method::NAME), self.ref_field(declared, method::DESCRIPTOR));
        self.declared_method(holder, name, desc).unwrap_or(declared)
    }

    /// The method with an ordinal, as code of the Phantom language numbers them: of a Java object only those that every
    /// object has.
    ///
    /// # Errors
    /// What to throw when there is none.
    pub(crate) fn method_by_number(&mut self, object: Addr, ordinal: u32) -> Result<Addr, Value> {
        if !self.is_java_class(object) {
            return self.method_by_ordinal(object, ordinal);
        }
        if ordinal >= ORDINALS_OF_ROOT {
            let text = alloc::format!("{} has no method {ordinal}", self.text(object, class::NAME));
            return Err(self.exception_value(ClassId::NoSuchMethod, &text));
        }
        let declared = self.method_by_ordinal(self.kernel_class(ClassId::Object), ordinal)?;
        Ok(self.foreign_method(declared))
    }

    /// A value of another language as Java has it: strings and numbers become `java.lang.String`, `Integer`, `Long`,
    /// `Float` and `Double`.
    ///
    /// # Errors
    /// What to throw: the library is not there.
    pub fn to_java(&mut self, value: Value) -> Result<Value, Value> {
        Ok(match value.unpack() {
            Unpacked::Int(number) => self.java_box("java/lang/Integer", u64::from(number as u32))?,
            Unpacked::Long(number) => self.java_box("java/lang/Long", number as u64)?,
            Unpacked::Float(number) => self.java_box("java/lang/Float", u64::from(number.to_bits()))?,
            Unpacked::Object(object) => match self.kernel_id(value) {
                ClassId::String => {
                    let bytes = self.bytes(object);
                    self.java_string(&String::from_utf8_lossy(&bytes))
                }
                ClassId::Long => {
                    let number = self.as_long(value).unwrap_or(0);
                    self.java_box("java/lang/Long", number as u64)?
                }
                ClassId::Double => {
                    let number = self.as_double(value).unwrap_or(0.0);
                    self.java_box("java/lang/Double", number.to_bits())?
                }
                _ => value,
            },
            Unpacked::Null | Unpacked::Reserved(_) => value,
        })
    }

    /// A value of Java as other languages have it: strings and boxed numbers become theirs; `Boolean`, `Character`, `Byte`
    /// and `Short` become ints.
    pub fn from_java(&mut self, value: Value) -> Value {
        let Some(object) = value.as_object() else { return value };
        if let Some(text) = self.java_text(value) {
            return Value::object(self.make_string(text.as_bytes()));
        }
        let of = self.class_of(value);
        if !self.is_java_class(of) {
            return value;
        }
        let name = self.text(of, class::NAME);
        let kind = match name.strip_prefix("java/lang/") {
            Some("Integer" | "Boolean" | "Character" | "Byte" | "Short") => bytecode::Kind::I32,
            Some("Long") => bytecode::Kind::I64,
            Some("Float") => bytecode::Kind::F32,
            Some("Double") => bytecode::Kind::F64,
            _ => return value,
        };
        let Some(place) = self.field_named(of, "value") else { return value };
        let bits = self.load_field(object, place);
        self.box_slot(bits, kind as u8)
    }

    /// A boxed number; small ones are those of the library's cache, as `valueOf` gives them.
    fn java_box(&mut self, name: &str, bits: u64) -> Result<Value, Value> {
        if let Some(there) = self.cached_box(name, bits) {
            return Ok(there);
        }
        let of = self.class_by_name(name)?;
        let made = self.new_object(of);
        if let Some(place) = self.field_named(of, "value") {
            self.store_field(made, place, bits);
        }
        Ok(Value::object(made))
    }

    fn cached_box(&self, name: &str, bits: u64) -> Option<Value> {
        let short = name.rsplit('/').next()?;
        let cache = self.known_class(&alloc::format!("{name}${short}Cache"))?;
        let cache = Value(self.load_field(Addr::NULL, self.field_named(cache, "cache")?)).as_object()?;
        let number = if short == "Integer" { i64::from(bits as u32 as i32) } else { bits as i64 };
        // JLS 5.1.7: at least -128 to 127 are there.
        (-128..128).contains(&number).then(|| self.array_get(cache, (number + 128) as u64))
    }

    /// A new array of Java with the elements of a growing one, by its descriptor; arrays in it become arrays, too. Null
    /// gives null.
    ///
    /// # Errors
    /// What to throw: an element does not fit.
    pub fn to_java_array(&mut self, value: Value, desc: &str) -> Result<Value, Value> {
        let Some(array) = value.as_object() else { return Ok(Value::NULL) };
        if !self.is_kernel(value, ClassId::Container) {
            let text = alloc::format!("a {} is no array", self.text(self.class_of(value), class::NAME));
            return Err(self.exception_value(ClassId::ClassCast, &text));
        }
        let page = self.ref_field(array, container::PAGE);
        let count = self.get_u64(array, container::USED);
        let elements: Vec<Value> = (0..count).map(|index| self.array_get(page, index)).collect();
        let inner = &desc[1..];
        if let Ok(TypeDesc::Prim(elem)) = TypeDesc::parse(inner) {
            let made = self.try_new_array(self.primitive_array_class(elem), elements.len() as u64)?;
            for (index, element) in elements.into_iter().enumerate() {
                let bits = self.unbox(element, elem.kind())?;
                let bits = if elem == Elem::Bool { u64::from(bits != 0) } else { bits };
                self.set_element_bits(made, elem, index as u64, bits);
            }
            return Ok(Value::object(made));
        }
        let of = self.class_by_name(desc)?;
        let made = Value::object(self.try_new_array(of, elements.len() as u64)?);
        let wanted = self.ref_field(of, class::ELEMENT);
        for (index, element) in elements.into_iter().enumerate() {
            let element = if inner.starts_with('[') {
                self.to_java_array(element, inner)?
            } else {
                self.to_java(element)?
            };
            if !element.is_null() && !self.is_instance(element, wanted) {
                let (is, wants) =
                    (self.text(self.class_of(element), class::NAME), self.text(wanted, class::NAME));
                return Err(self.exception_value(ClassId::ClassCast, &alloc::format!("a {is} is no {wants}")));
            }
            self.array_set(Addr(made.0), index as u64, element);
        }
        Ok(made)
    }

    /// A new growing array with the elements of an array of Java; arrays in it become arrays, too. Null gives null.
    pub fn from_java_array(&mut self, value: Value) -> Value {
        let Some(array) = value.as_object() else { return Value::NULL };
        let elements = self.java_elements(array);
        let page = self.make_ref_array(elements.len() as u64);
        for (index, element) in elements.iter().enumerate() {
            self.array_set(page, index as u64, *element);
        }
        let made = self.new_kernel(ClassId::Container);
        self.set_ref(made, container::PAGE, Value::object(page));
        self.set_u64(made, container::USED, elements.len() as u64);
        Value::object(made)
    }

    fn java_elements(&mut self, array: Addr) -> Vec<Value> {
        let of = self.class_of(Value::object(array));
        let primitive = Elem::from_value(self.get_u8(of, class::ELEMENT_KIND));
        let is_primitive = self.ref_field(of, class::ELEMENT).is_null();
        let mut all = Vec::new();
        for index in 0..self.array_len(array) {
            let value = match primitive.filter(|_| is_primitive) {
                Some(elem) => {
                    let bits = self.element_bits(array, elem, index);
                    self.box_slot(bits, elem.kind() as u8)
                }
                None => {
                    let element = self.array_get(array, index);
                    if !element.is_null() && self.is_array_class(self.class_of(element)) {
                        self.from_java_array(element)
                    } else {
                        self.from_java(element)
                    }
                }
            };
            all.push(value);
        }
        all
    }

    /// Arguments of a call by name of a Java method, which are all objects, in the form that it takes them.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn args_to_java(&mut self, target: Addr, args: Addr, count: u64) -> Result<(), Value> {
        let desc = self.text(target, method::DESCRIPTOR);
        let Ok(desc) = bytecode::Descriptor::parse(&desc) else { return Ok(()) };
        for (index, param) in desc.params.iter().enumerate().take(count as usize) {
            let at = args.add(8 * (1 + index as u64));
            let value = Value(self.memory.load_u64(at));
            let value = match param {
                TypeDesc::Prim(_) => continue,
                TypeDesc::Class(_) => self.to_java(value)?,
                TypeDesc::Array { .. } => self.to_java_array(value, &alloc::format!("{param}"))?,
            };
            self.memory.store_unannounced_u64(at, value.0);
        }
        Ok(())
    }

    /// What another language has thrown, in an exception that Java code can catch; Java's own stay what they are.
    pub(crate) fn thrown_to_java(&mut self, thrown: Value) -> Value {
        if self.known_class("java/lang/Throwable").is_some_and(|root| self.is_instance(thrown, root)) {
            return thrown;
        }
        let text = self.describe(thrown);
        let Some(made) = self.java_exception(THROWN, Some(&text)) else { return thrown };
        if let Some(object) = made.as_object() {
            let place = self.offset_named(self.class_of(made), "thrown");
            self.set_ref(object, place, thrown);
        }
        made
    }

    /// What stands in such an exception.
    pub(crate) fn thrown_from_java(&self, thrown: Value) -> Option<Value> {
        let of = self.known_class(THROWN)?;
        let object = thrown.as_object().filter(|_| self.class_of(thrown) == of)?;
        Some(self.get_ref(object, self.offset_named(of, "thrown")))
    }
}
