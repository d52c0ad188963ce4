//! Hash sets in the world, found by text: the classes of the system loader, the interned strings, what a program's class
//! loader gave for a name, the directories of Java's class loaders.
//!
//! Open addressing in a ref array whose length is a power of two; the hash is the checksum of the text. Nothing is ever
//! removed. At most half of the cells are in use.

use crate::Vm;
use alloc::vec::Vec;
use base::Addr;
use base::checksum::checksum;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, class, root};

const FIRST_CELLS: u64 = 256;

/// One of the sets.
#[derive(Clone, Copy)]
pub(crate) struct Set {
    cells: u64,
    count: u64,
    text: Text,
}

/// What an entry is found by.
#[derive(Clone, Copy)]
enum Text {
    /// Its own bytes.
    Own,
    /// The bytes in a field of it.
    Field(u64),
    /// Those of a `java.lang.String`.
    Java,
}

/// Classes by name.
pub(crate) const CLASSES: Set =
    Set { cells: root::CLASSES, count: root::CLASS_COUNT, text: Text::Field(class::NAME) };
/// Pairs of a name and the class that a program's class loader gave for it.
const LOADED: Set = Set { cells: root::LOADED, count: root::LOADED_COUNT, text: Text::Field(array::DATA) };
/// Interned strings.
pub(crate) const INTERNED: Set = Set { cells: root::INTERNED, count: root::INTERNED_COUNT, text: Text::Own };
/// Interned strings of Java.
pub(crate) const JAVA_STRINGS: Set =
    Set { cells: root::JAVA_STRINGS, count: root::JAVA_STRING_COUNT, text: Text::Java };

impl Vm {
    fn text_of(&self, how: Text, entry: Addr) -> Vec<u8> {
        match how {
            Text::Own => self.bytes(entry),
            Text::Field(field) => self.bytes(self.ref_field(entry, field)),
            Text::Java => self.java_string_key(entry),
        }
    }

    /// The entry with this text.
    pub(crate) fn set_find(&self, set: Set, text: &[u8]) -> Option<Addr> {
        self.find_in(self.root_ref(set.cells), set.text, text)
    }

    /// The entry with this text in the cells of a set, which may be null.
    fn find_in(&self, cells: Addr, how: Text, text: &[u8]) -> Option<Addr> {
        if cells.is_null() {
            return None;
        }
        let mask = self.array_len(cells) - 1;
        let mut at = checksum(text) & mask;
        loop {
            let entry = self.array_get(cells, at).as_object()?;
            let may_be = match how {
                Text::Own => self.array_len(entry) == text.len() as u64,
                Text::Field(field) => self.array_len(self.ref_field(entry, field)) == text.len() as u64,
                Text::Java => true,
            };
            if may_be && self.text_of(how, entry) == text {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds an entry whose text is not there yet; it must be an object that does not move.
    pub(crate) fn set_add(&mut self, set: Set, entry: Addr) {
        let (cells, count) = (self.root_ref(set.cells), self.root_u64(set.count));
        let grown = self.with_room(cells, count, set.text);
        if grown != cells {
            self.set_root_ref(set.cells, Value::object(grown));
        }
        self.place_in(grown, set.text, entry);
        self.set_root_u64(set.count, count + 1);
    }

    /// The cells of a set of so many entries, which may be null, with room for one more.
    fn with_room(&mut self, cells: Addr, count: u64, how: Text) -> Addr {
        let len = if cells.is_null() { 0 } else { self.array_len(cells) };
        if 2 * (count + 1) <= len {
            return cells;
        }
        let grown = self.make_ref_array_old(if len == 0 { FIRST_CELLS } else { 2 * len });
        for index in 0..len {
            if let Some(old) = self.array_get(cells, index).as_object() {
                self.place_in(grown, how, old);
            }
        }
        grown
    }

    fn place_in(&mut self, cells: Addr, how: Text, entry: Addr) {
        let mask = self.array_len(cells) - 1;
        let mut at = checksum(&self.text_of(how, entry)) & mask;
        while !self.array_get(cells, at).is_null() {
            at = (at + 1) & mask;
        }
        self.array_set(cells, at, Value::object(entry));
    }

    /// The class with this name in a directory: a ref array of the cells of a set of pairs, and their number.
    pub(crate) fn directory_find(&self, directory: Addr, name: &str) -> Option<Addr> {
        let cells = self.array_get(directory, 0).as_object()?;
        let pair = self.find_in(cells, LOADED.text, name.as_bytes())?;
        self.array_get(pair, 1).as_object()
    }

    /// Enters a class under a name that is not in the directory yet.
    pub(crate) fn directory_add(&mut self, directory: Addr, name: &str, class: Addr) {
        let cells = self.array_get(directory, 0).as_object().unwrap_or(Addr::NULL);
        let count = self.array_get(directory, 1).as_int().unwrap_or(0);
        let grown = self.with_room(cells, count as u64, LOADED.text);
        self.array_set(directory, 0, Value::object(grown));
        self.array_set(directory, 1, Value::int(count + 1));
        let pair = self.named_pair(name, class);
        self.place_in(grown, LOADED.text, pair);
    }

    fn named_pair(&mut self, name: &str, class: Addr) -> Addr {
        let name = self.intern(name.as_bytes());
        let pair = self.make_ref_array_old(2);
        self.array_set(pair, 0, Value::object(name));
        self.array_set(pair, 1, Value::object(class));
        pair
    }

    /// The one string object with this text; it never moves.
    pub fn intern(&mut self, text: &[u8]) -> Addr {
        if let Some(there) = self.set_find(INTERNED, text) {
            return there;
        }
        let string = self.new_array_old(self.kernel_class(ClassId::String), text.len() as u64);
        self.memory.write_bytes(string.add(array::DATA), text);
        self.set_add(INTERNED, string);
        string
    }

    /// The class that a class loader gave for a name.
    pub(crate) fn loaded_class(&self, name: &str) -> Option<Addr> {
        let pair = self.set_find(LOADED, name.as_bytes())?;
        self.array_get(pair, 1).as_object()
    }

    /// Remembers what a class loader gave for a name; of two the first stays.
    pub(crate) fn remember_loaded(&mut self, name: &str, class: Addr) {
        if self.known_class(name).is_some() || self.loaded_class(name).is_some() {
            return;
        }
        let pair = self.named_pair(name, class);
        self.set_add(LOADED, pair);
    }
}
