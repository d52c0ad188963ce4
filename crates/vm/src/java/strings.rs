//! `java.lang.String`: a byte array of Latin-1 or UTF-16 (little-endian), and which of them.
//!
//! The units of what a module holds as text are those of [`bytecode::text`]: U+10FFFF and four digits are one unit.
//! Interned strings stand in a hash set of the root page, found by the checksum of their bytes; they do not move.

use crate::Vm;
use crate::names::JAVA_STRINGS;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::text::units;
use layout::Value;
use layout::schema::array;

/// `coder` of Latin-1.
const LATIN1: u8 = 0;
/// `coder` of UTF-16.
const UTF16: u8 = 1;

/// Coder and bytes of units.
fn encode(units: &[u16]) -> (u8, Vec<u8>) {
    if units.iter().all(|unit| *unit < 0x100) {
        (LATIN1, units.iter().map(|unit| *unit as u8).collect())
    } else {
        (UTF16, units.iter().flat_map(|unit| unit.to_le_bytes()).collect())
    }
}

impl Vm {
    /// A new `java.lang.String`; null when the class is not there.
    pub fn java_string(&mut self, text: &str) -> Value {
        self.java_string_of(&units(text), false)
    }

    fn java_string_of(&mut self, units: &[u16], old: bool) -> Value {
        let Ok(class) = self.class_by_name("java/lang/String") else { return Value::NULL };
        let (value, coder) = (self.offset_named(class, "value"), self.offset_named(class, "coder"));
        let (kind, bytes) = encode(units);
        let (data, made) = if old {
            (self.make_bytes_old(&bytes), self.new_old(class))
        } else {
            let data = self.make_bytes(bytes.len() as u64);
            self.write_bytes(data, 0, &bytes);
            (data, self.new_object(class))
        };
        self.set_ref(made, value, Value::object(data));
        self.set_u8(made, coder, kind);
        Value::object(made)
    }

    /// The interned `java.lang.String` of a module's text; null when the class is not there.
    pub fn java_literal(&mut self, text: &str) -> Value {
        self.intern_units(&units(text))
    }

    /// The interned string that equals a `java.lang.String`.
    pub fn java_intern(&mut self, string: Value) -> Value {
        match self.java_units(string) {
            Some(units) => self.intern_units(&units),
            None => Value::NULL,
        }
    }

    fn intern_units(&mut self, units: &[u16]) -> Value {
        let key = encode(units).1;
        let utf16 = units.iter().any(|unit| *unit > 0xff);
        if let Some(there) = self.find_java_string(&key, utf16) {
            return Value::object(there);
        }
        let made = self.java_string_of(units, true);
        if let Some(made) = made.as_object() {
            self.set_add(JAVA_STRINGS, made);
        }
        made
    }

    /// Bytes that tell an interned string from others: the coder, then its content.
    pub(crate) fn java_string_key(&self, string: Addr) -> Vec<u8> {
        let class = self.class_of(Value::object(string));
        let data = self.ref_field(string, self.offset_named(class, "value"));
        let mut key = self.bytes(data);
        key.push(self.get_u8(string, self.offset_named(class, "coder")));
        key
    }

    fn find_java_string(&self, bytes: &[u8], utf16: bool) -> Option<Addr> {
        let mut key = bytes.to_vec();
        key.push(if utf16 { UTF16 } else { LATIN1 });
        self.set_find(JAVA_STRINGS, &key)
    }

    /// UTF-16 units of a `java.lang.String`; `None` when the value is none.
    pub fn java_units(&self, string: Value) -> Option<Vec<u16>> {
        let object = string.as_object()?;
        let class = self.class_of(string);
        if Some(class) != self.known_class("java/lang/String") {
            return None;
        }
        let data = self.ref_field(object, self.offset_named(class, "value"));
        if data.is_null() {
            return Some(Vec::new());
        }
        let mut bytes = alloc::vec![0; self.array_len(data) as usize];
        self.memory.read_bytes(data.add(array::DATA), &mut bytes);
        Some(if self.get_u8(object, self.offset_named(class, "coder")) == LATIN1 {
            bytes.iter().map(|byte| u16::from(*byte)).collect()
        } else {
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        })
    }

    /// Text of a `java.lang.String`, for messages and names; `None` when the value is none.
    pub fn java_text(&self, string: Value) -> Option<String> {
        self.java_units(string).map(|units| String::from_utf16_lossy(&units))
    }
}
