//! The objects of a snapshot, read through a view and shown in words: classes with counts, fields, values, roots.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Elem, Flags};
use heap::view::HeapView;
use layout::schema::{
    FIELD_REF, Shape, array, atomic, binary, boxed, class, closure, connector, container, directory,
    exception, field, handle, header, iterator, method, module, monitor, mutex, once, program, random, root,
    sema, stringbuilder, thread, weakref,
};
use layout::value::Unpacked;
use layout::{Value, View, ViewError, area};

/// Characters of a string that are shown.
const SHOWN_CHARS_MAX: usize = 60;
/// Bytes of a string that are read to be shown.
const SHOWN_BYTES_MAX: usize = 4 * SHOWN_CHARS_MAX;

/// Fields as the schema declares them: name, offset, type.
type Table = &'static [(&'static str, u64, &'static str)];

/// Fields of the kernel's own objects, by the name of their class.
const KERNEL_FIELDS: &[(&str, Table)] = &[
    (class::CLASS_NAME, class::TABLE),
    (method::CLASS_NAME, method::TABLE),
    (field::CLASS_NAME, field::TABLE),
    (module::CLASS_NAME, module::TABLE),
    (thread::CLASS_NAME, thread::TABLE),
    (program::CLASS_NAME, program::TABLE),
    (container::CLASS_NAME, container::TABLE),
    (directory::CLASS_NAME, directory::TABLE),
    (stringbuilder::CLASS_NAME, stringbuilder::TABLE),
    (exception::CLASS_NAME, exception::TABLE),
    (closure::CLASS_NAME, closure::TABLE),
    (monitor::CLASS_NAME, monitor::TABLE),
    (mutex::CLASS_NAME, mutex::TABLE),
    (sema::CLASS_NAME, sema::TABLE),
    (weakref::CLASS_NAME, weakref::TABLE),
    (atomic::CLASS_NAME, atomic::TABLE),
    (binary::CLASS_NAME, binary::TABLE),
    (iterator::CLASS_NAME, iterator::TABLE),
    (connector::CLASS_NAME, connector::TABLE),
    (handle::CLASS_NAME, handle::TABLE),
    (random::CLASS_NAME, random::TABLE),
    (once::CLASS_NAME, once::TABLE),
];

/// How many objects of a class there are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// Objects.
    pub objects: u64,
    /// Bytes of their cells.
    pub bytes: u64,
}

/// Something that the world begins with: a table of the kernel, or a static field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// `root.PROGRAMS`, or `.a.b.field`.
    pub name: String,
    /// What it holds, in words.
    pub value: String,
}

/// How a field is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Reference,
    Number(Elem),
    /// Not signed, so many bytes.
    Unsigned(u8),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldInfo {
    pub(crate) name: String,
    pub(crate) offset: u64,
    pub(crate) storage: Storage,
}

/// A class, as far as its objects are shown.
#[derive(Clone, Debug)]
pub(crate) struct ClassInfo {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) element: Option<Elem>,
    pub(crate) element_log2: u8,
    pub(crate) fields: Vec<FieldInfo>,
    /// A string, whose bytes are text.
    pub(crate) is_string: bool,
}

/// The objects of a snapshot.
pub struct Objects<'v> {
    pub(crate) heap: HeapView<'v>,
    pub(crate) view: &'v dyn View,
    classes: BTreeMap<Addr, ClassInfo>,
}

impl<'v> Objects<'v> {
    /// The objects that a view shows.
    ///
    /// # Errors
    /// When there is no heap.
    pub fn new(view: &'v dyn View) -> Result<Objects<'v>, ViewError> {
        Ok(Objects { heap: HeapView::new(view)?, view, classes: BTreeMap::new() })
    }

    /// All classes that have objects, the one with most bytes first.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn census(&mut self) -> Result<Vec<ClassCount>, ViewError> {
        let mut counts: BTreeMap<Addr, (u64, u64)> = BTreeMap::new();
        self.heap.for_each_object(&mut |object| {
            let count = counts.entry(object.class).or_default();
            *count = (count.0 + 1, count.1 + object.cell_bytes);
            Ok(())
        })?;
        // Two classes of one name, of two loaders, are one line.
        let mut named: BTreeMap<String, ClassCount> = BTreeMap::new();
        for (class, (objects, bytes)) in counts {
            let name = self.class(class)?.name.clone();
            let one = named.entry(name.clone()).or_insert(ClassCount { name, ..ClassCount::default() });
            one.objects += objects;
            one.bytes += bytes;
        }
        let mut all: Vec<ClassCount> = named.into_values().collect();
        all.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        Ok(all)
    }

    /// What the world begins with: the kernel's tables, and the static fields of the classes of programs.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn roots(&mut self) -> Result<Vec<Root>, ViewError> {
        let mut roots = Vec::new();
        for (name, offset, kind) in root::TABLE {
            if *kind == "value" {
                let value = self.view.value(area::ROOT.add(*offset))?;
                roots.push(Root { name: format!("root.{name}"), value: self.describe(value)? });
            }
        }
        for (name, slot, storage) in self.statics()? {
            let value = self.show(slot, storage)?;
            roots.push(Root { name, value });
        }
        Ok(roots)
    }

    /// The static fields of the classes that programs brought: name, place, storage.
    pub(crate) fn statics(&mut self) -> Result<Vec<(String, Addr, Storage)>, ViewError> {
        let Some(set) = self.view.object(area::ROOT.add(root::CLASSES))? else { return Ok(Vec::new()) };
        let classes: Vec<Addr> = self.view.elements(set)?.into_iter().filter_map(Value::as_object).collect();
        let mut statics = Vec::new();
        for class_addr in classes {
            if self.view.object(class_addr.add(class::MODULE))?.is_none() {
                continue;
            }
            let class_name = self.view.string_at(class_addr.add(class::NAME))?;
            for one in self.declared(class_addr)? {
                if self.view.u32(one.add(field::FLAGS))? & Flags::STATIC.0 == 0 {
                    continue;
                }
                let (name, index, storage) = self.field_of(one)?;
                let cells =
                    if storage == Storage::Reference { class::STATIC_REFS } else { class::STATIC_PRIMS };
                let Some(cells) = self.view.object(class_addr.add(cells))? else { continue };
                statics.push((format!("{class_name}.{name}"), cells.add(array::DATA + 8 * index), storage));
            }
        }
        statics.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(statics)
    }

    /// The field objects that a class declares.
    fn declared(&self, class_addr: Addr) -> Result<Vec<Addr>, ViewError> {
        match self.view.object(class_addr.add(class::FIELDS))? {
            Some(fields) => {
                Ok(self.view.elements(fields)?.into_iter().filter_map(Value::as_object).collect())
            }
            None => Ok(Vec::new()),
        }
    }

    /// Name, offset or index, and storage of a field object.
    fn field_of(&self, one: Addr) -> Result<(String, u64, Storage), ViewError> {
        let mut kind = [0u8];
        self.view.read(one.add(field::KIND), &mut kind)?;
        let storage = match kind[0] {
            FIELD_REF => Storage::Reference,
            kind => Storage::Number(
                Elem::from_value(kind).ok_or(ViewError::Damaged { addr: one, expected: "field" })?,
            ),
        };
        let name = self.view.string_at(one.add(field::NAME))?;
        Ok((name, u64::from(self.view.u32(one.add(field::OFFSET))?), storage))
    }

    /// What is known of a class.
    pub(crate) fn class(&mut self, addr: Addr) -> Result<&ClassInfo, ViewError> {
        if !self.classes.contains_key(&addr) {
            let read = self.read_class(addr)?;
            self.classes.insert(addr, read);
        }
        self.classes.get(&addr).ok_or(ViewError::Damaged { addr, expected: "class" })
    }

    fn read_class(&mut self, addr: Addr) -> Result<ClassInfo, ViewError> {
        let shape = self.heap.shape(addr)?.clone();
        let name = self.view.string_at(addr.add(class::NAME))?;
        let mut kind = [0u8];
        self.view.read(addr.add(class::ELEMENT_KIND), &mut kind)?;
        let mut fields = Vec::new();
        let mut at = Some(addr);
        // A chain of super classes in a circle ends with the depth that the class counts.
        for _ in 0..=self.view.u32(addr.add(class::DEPTH))? {
            let Some(one) = at else { break };
            for declared in self.declared(one)? {
                if self.view.u32(declared.add(field::FLAGS))? & Flags::STATIC.0 == 0 {
                    let (name, offset, storage) = self.field_of(declared)?;
                    fields.push(FieldInfo { name, offset, storage });
                }
            }
            let own = self.view.string_at(one.add(class::NAME))?;
            fields.extend(kernel_fields(&own));
            at = self.view.object(one.add(class::SUPER))?;
        }
        if shape.shape == Shape::Instance && fields.is_empty() && shape.instance_bytes >= boxed::SIZE {
            fields.push(FieldInfo {
                name: "bits".to_string(),
                offset: boxed::BITS,
                storage: Storage::Unsigned(8),
            });
        }
        fields.sort_by_key(|one| one.offset);
        fields.dedup_by_key(|one| one.offset);
        let is_string = name == ".internal.string";
        let element =
            (shape.shape == Shape::PrimArray && !is_string).then(|| Elem::from_value(kind[0])).flatten();
        let element_log2 = shape.element_log2;
        Ok(ClassInfo { name, shape: shape.shape, element, element_log2, fields, is_string })
    }

    /// What a slot holds, in words.
    pub(crate) fn show(&mut self, slot: Addr, storage: Storage) -> Result<String, ViewError> {
        let width = match storage {
            Storage::Reference => return self.view.value(slot).and_then(|value| self.describe(value)),
            Storage::Unsigned(width) => usize::from(width),
            Storage::Number(elem) => elem_bytes(elem),
        };
        let mut raw = [0u8; 8];
        self.view.read(slot, &mut raw[..width])?;
        Ok(number(raw, storage))
    }

    /// A value, in words: a number, a string in quotes, else the class and the address.
    pub(crate) fn describe(&mut self, value: Value) -> Result<String, ViewError> {
        let addr = match value.unpack() {
            Unpacked::Null => return Ok("null".to_string()),
            Unpacked::Int(number) => return Ok(number.to_string()),
            Unpacked::Long(number) => return Ok(number.to_string()),
            Unpacked::Float(number) => return Ok(format!("{number:?}")),
            Unpacked::Reserved(bits) => return Ok(format!("{bits:#x}")),
            Unpacked::Object(addr) => addr,
        };
        let Some(room) = self.heap.room_at(addr)? else {
            return Err(ViewError::Damaged { addr, expected: "object" });
        };
        let class_addr = Addr(self.view.u64(addr.add(header::CLASS))?);
        let info = self.class(class_addr)?.clone();
        if info.is_string {
            return self.quoted(addr, room);
        }
        Ok(match info.shape {
            Shape::Instance => format!("{} {}", info.name, short(addr)),
            Shape::FrozenStack => {
                format!("stack of {} bytes {}", self.view.u64(addr.add(array::LENGTH))?, short(addr))
            }
            _ => format!("{}[{}] {}", info.name, self.view.u64(addr.add(array::LENGTH))?, short(addr)),
        })
    }

    /// The beginning of a string, in quotes.
    fn quoted(&self, addr: Addr, room: u64) -> Result<String, ViewError> {
        let length = self.view.u64(addr.add(array::LENGTH))?.min(room.saturating_sub(array::DATA)) as usize;
        let mut bytes = alloc::vec![0u8; length.min(SHOWN_BYTES_MAX)];
        self.view.read(addr.add(array::DATA), &mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        let more = if shown.len() < length { "…" } else { "" };
        Ok(format!("{shown:?}{more}"))
    }
}

/// An address as tools show it: the same object has the same one in all snapshots.
pub(crate) fn short(addr: Addr) -> String {
    format!("@{:x}", addr.0)
}

/// Fields that the schema declares for the objects of a kernel class.
fn kernel_fields(class_name: &str) -> Vec<FieldInfo> {
    let table =
        KERNEL_FIELDS.iter().find(|(name, _)| *name == class_name).map_or(&[][..], |(_, table)| table);
    table
        .iter()
        .map(|(name, offset, kind)| FieldInfo {
            name: name.to_ascii_lowercase(),
            offset: *offset,
            storage: match *kind {
                "value" => Storage::Reference,
                "i32" => Storage::Number(Elem::I32),
                "i64" => Storage::Number(Elem::I64),
                "f64" => Storage::Number(Elem::F64),
                "u8" => Storage::Unsigned(1),
                "u16" => Storage::Unsigned(2),
                "u32" => Storage::Unsigned(4),
                _ => Storage::Unsigned(8),
            },
        })
        .collect()
}

/// Bytes of an element or a field.
pub(crate) fn elem_bytes(elem: Elem) -> usize {
    match elem {
        Elem::Bool | Elem::I8 => 1,
        Elem::U16 | Elem::I16 => 2,
        Elem::I32 | Elem::F32 => 4,
        Elem::I64 | Elem::F64 => 8,
    }
}

/// A number of this storage, of which the first bytes are given.
pub(crate) fn number(raw: [u8; 8], storage: Storage) -> String {
    let bits = u64::from_le_bytes(raw);
    match storage {
        Storage::Number(Elem::Bool) => (bits & 0xff != 0).to_string(),
        Storage::Number(Elem::I8) => (bits as i8).to_string(),
        Storage::Number(Elem::U16) => (bits as u16).to_string(),
        Storage::Number(Elem::I16) => (bits as i16).to_string(),
        Storage::Number(Elem::I32) => (bits as i32).to_string(),
        Storage::Number(Elem::I64) => (bits as i64).to_string(),
        Storage::Number(Elem::F32) => format!("{:?}", f32::from_bits(bits as u32)),
        Storage::Number(Elem::F64) => format!("{:?}", f64::from_bits(bits)),
        Storage::Unsigned(1) => (bits as u8).to_string(),
        Storage::Unsigned(2) => (bits as u16).to_string(),
        Storage::Unsigned(4) => (bits as u32).to_string(),
        Storage::Unsigned(_) | Storage::Reference => bits.to_string(),
    }
}
