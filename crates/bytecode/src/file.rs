//! The module file: magic, checksum, version, sections. Byte tables in `docs/formats/bytecode.md`.
//!
//! Encoding is canonical: a module has one file, and whatever [`decode`] accepts, [`encode`] gives back byte for byte.
//! *Invariant:* decoding never panics, and allocates at most a fixed multiple of the input's length.

use crate::module::{
    Attribute, ClassDef, Code, Const, FieldDef, Flags, HandleKind, Handler, Language, Line, LocalName,
    MethodDef, Module,
};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::checksum::Checksum;
use base::codec::{Reader, Writer};
use base::limits::MODULE_BYTES_MAX;

/// First bytes of a module file.
pub const MAGIC: [u8; 8] = *b"PhModule";
/// Version of the format that this code writes, the only one it reads.
pub const VERSION: u32 = 1;
/// Bytes before the first section: magic, checksum, version, number of sections.
const HEADER_BYTES: usize = 24;

const SECTIONS: [(&str, u32); 3] = [("head", 1), ("pool", 2), ("classes", 3)];

/// Why bytes are no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The first bytes are others.
    #[error(
        "this is no Phantom module: it does not start with `PhModule`; compile or assemble the source first"
    )]
    NotModule,
    /// Another version of the format.
    #[error(
        "the module has format version {0} and this Phantom reads version {VERSION}; compile the source again"
    )]
    Version(u32),
    /// Larger than any module.
    #[error("the module has {0} bytes; at most {MODULE_BYTES_MAX} are possible; split it")]
    TooLarge(usize),
    /// The checksum is another.
    #[error("the module is damaged: its checksum does not fit its bytes; copy or compile it again")]
    Checksum,
    /// The checksum fits, the content does not.
    #[error(
        "the module is malformed at byte {offset}, in {place}: {what}; the compiler that wrote it is wrong"
    )]
    Malformed {
        /// Offset in the file.
        offset: usize,
        /// Section, class, method.
        place: String,
        /// What is wrong.
        what: String,
    },
}

/// The file of `module`.
///
/// # Panics
/// When a part is longer than 4 GiB.
pub fn encode(module: &Module) -> Vec<u8> {
    let mut out = Writer::new();
    out.raw(&MAGIC);
    out.u64(0);
    out.u32(VERSION);
    out.u32(SECTIONS.len() as u32);
    for (_, tag) in SECTIONS {
        let mut section = Writer::new();
        match tag {
            1 => encode_head(module, &mut section),
            2 => list(&mut section, &module.pool, encode_const),
            _ => list(&mut section, &module.classes, encode_class),
        }
        out.u32(tag);
        out.blob(&section.bytes);
    }
    let mut bytes = out.bytes;
    seal(&mut bytes);
    bytes
}

/// Writes the checksum that fits the other bytes, when there is room for one.
pub fn seal(bytes: &mut [u8]) {
    if let Some(sum) = sum(bytes) {
        bytes[8..16].copy_from_slice(&sum.to_le_bytes());
    }
}

fn sum(bytes: &[u8]) -> Option<u64> {
    let mut sum = Checksum::new();
    sum.update(bytes.get(..8)?);
    sum.update(bytes.get(16..)?);
    Some(sum.finish())
}

/// The module in `bytes`.
///
/// # Errors
/// When they are no module, damaged or malformed.
pub fn decode(bytes: &[u8]) -> Result<Module, FileError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(FileError::NotModule);
    }
    if bytes.len() > MODULE_BYTES_MAX {
        return Err(FileError::TooLarge(bytes.len()));
    }
    let mut d = Decoder { r: Reader::new(bytes), end: bytes.len(), place: Place::Header };
    d.r.take(8).map_err(|e| d.error(e.to_string()))?;
    let stored = d.r.u64().map_err(|e| d.error(e.to_string()))?;
    let version = d.u32()?;
    if sum(bytes) != Some(stored) {
        return Err(FileError::Checksum);
    }
    if version != VERSION {
        return Err(FileError::Version(version));
    }
    if d.u32()? != SECTIONS.len() as u32 {
        return Err(d.error(format!("a module has {} sections", SECTIONS.len())));
    }
    debug_assert!(d.r.offset() == HEADER_BYTES);
    let mut module = Module::default();
    for (name, tag) in SECTIONS {
        d.place = Place::Section(name);
        let found = d.u32()?;
        if found != tag {
            return Err(d.error(format!("section {found} where section {tag} is expected")));
        }
        let length = d.u32()? as usize;
        if length > d.r.remaining() {
            return Err(d.error(format!("a section of {length} bytes where {} are left", d.r.remaining())));
        }
        d.end = d.r.offset() + length;
        match tag {
            1 => d.head(&mut module)?,
            2 => module.pool = d.list(5, Decoder::constant)?,
            _ => module.classes = d.list(CLASS_BYTES_MIN, Decoder::class)?,
        }
        d.place = Place::Section(name);
        if d.r.offset() != d.end {
            return Err(d.error("the section is longer than its content".into()));
        }
        d.end = bytes.len();
    }
    if d.r.remaining() > 0 {
        return Err(d.error("there are bytes after the last section".into()));
    }
    Ok(module)
}

// Smallest encodings, so that a count is checked against what is left before anything is allocated.
const CLASS_BYTES_MIN: usize = 4 + 4 + 1 + 4 + 4 + 4 + 4 + 4;
const FIELD_BYTES_MIN: usize = 4 + 4 + 4 + 1;
const METHOD_BYTES_MIN: usize = 4 + 4 + 4 + 1 + 4 + 1;

fn list<T>(out: &mut Writer, items: &[T], each: fn(&T, &mut Writer)) {
    assert!(u32::try_from(items.len()).is_ok(), "a list of 4 Gi elements cannot be encoded");
    out.u32(items.len() as u32);
    items.iter().for_each(|item| each(item, out));
}

fn string<S: AsRef<str>>(text: &S, out: &mut Writer) {
    out.str(text.as_ref());
}

fn option<T>(value: &Option<T>, out: &mut Writer, each: impl Fn(&T, &mut Writer)) {
    out.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        each(value, out);
    }
}

fn index(value: &u32, out: &mut Writer) {
    out.u32(*value);
}

fn encode_head(module: &Module, out: &mut Writer) {
    out.str(&module.name);
    option(&module.source, out, string);
    out.u64(module.source_hash);
    out.u8(module.language as u8);
    option(&module.entry, out, string);
}

fn encode_const(constant: &Const, out: &mut Writer) {
    out.u8(tag(constant));
    match constant {
        Const::I32(value) => out.i32(*value),
        Const::I64(value) => out.i64(*value),
        Const::F32(bits) => out.u32(*bits),
        Const::F64(bits) => out.u64(*bits),
        Const::Utf8(text)
        | Const::Str(text)
        | Const::Class(text)
        | Const::Name(text)
        | Const::MethodType(text) => out.str(text),
        Const::Field { class, name, desc } => {
            out.str(class);
            out.str(name);
            out.str(desc);
        }
        Const::Method { class, name, desc, interface } => {
            out.u8(u8::from(*interface));
            out.str(class);
            out.str(name);
            out.str(desc);
        }
        Const::Handle { kind, target } => {
            out.u8(*kind as u8);
            out.u32(*target);
        }
        Const::CallSite { bootstrap, name, desc, args } | Const::Dynamic { bootstrap, name, desc, args } => {
            out.u32(*bootstrap);
            out.str(name);
            out.str(desc);
            list(out, args, index);
        }
        Const::Binary(bytes) => out.blob(bytes),
    }
}

fn tag(constant: &Const) -> u8 {
    match constant {
        Const::I32(_) => 1,
        Const::I64(_) => 2,
        Const::F32(_) => 3,
        Const::F64(_) => 4,
        Const::Utf8(_) => 5,
        Const::Str(_) => 6,
        Const::Class(_) => 7,
        Const::Field { .. } => 8,
        Const::Method { .. } => 9,
        Const::Name(_) => 10,
        Const::Handle { .. } => 11,
        Const::MethodType(_) => 12,
        Const::CallSite { .. } => 13,
        Const::Dynamic { .. } => 14,
        Const::Binary(_) => 15,
    }
}

fn encode_class(class: &ClassDef, out: &mut Writer) {
    out.str(&class.name);
    out.u32(class.version);
    option(&class.super_name, out, string);
    list(out, &class.interfaces, string);
    out.u32(class.flags.0);
    list(out, &class.fields, |field, out| {
        out.str(&field.name);
        out.str(&field.desc);
        out.u32(field.flags.0);
        option(&field.value, out, index);
    });
    list(out, &class.methods, |method, out| {
        out.str(&method.name);
        out.str(&method.desc);
        out.u32(method.flags.0);
        option(&method.ordinal, out, |ordinal, out| out.u16(*ordinal));
        list(out, &method.param_names, string);
        option(&method.code, out, encode_code);
    });
    list(out, &class.attributes, |attribute, out| {
        out.str(&attribute.name);
        out.blob(&attribute.bytes);
    });
}

fn encode_code(code: &Code, out: &mut Writer) {
    out.u16(code.max_locals);
    out.u16(code.max_stack);
    out.blob(&code.bytes);
    list(out, &code.handlers, |handler, out| {
        out.u32(handler.start);
        out.u32(handler.end);
        out.u32(handler.target);
        option(&handler.class, out, index);
    });
    list(out, &code.lines, |line, out| {
        out.u32(line.pc);
        out.u32(line.line);
    });
    list(out, &code.local_names, |name, out| {
        out.u32(name.start);
        out.u32(name.end);
        out.u16(name.local);
        out.str(&name.name);
        out.str(&name.desc);
    });
}

#[derive(Clone)]
enum Place {
    Header,
    Section(&'static str),
    Constant(u32),
    Class(String),
    Member(String, String),
}

struct Decoder<'a> {
    r: Reader<'a>,
    /// End of the section; nothing is read beyond it.
    end: usize,
    place: Place,
}

impl Decoder<'_> {
    fn error(&self, what: String) -> FileError {
        let short = |name: &str| -> String { name.chars().take(200).collect() };
        let place = match &self.place {
            Place::Header => "the header".into(),
            Place::Section(name) => format!("section `{name}`"),
            Place::Constant(index) => format!("constant {index}"),
            Place::Class(class) => format!("class `{}`", short(class)),
            Place::Member(class, member) => format!("class `{}`, member `{}`", short(class), short(member)),
        };
        FileError::Malformed { offset: self.r.offset(), place, what }
    }

    fn room(&self, bytes: usize) -> Result<(), FileError> {
        if bytes > self.end - self.r.offset() {
            return Err(self.error(format!("the section ends where {bytes} more bytes are needed")));
        }
        Ok(())
    }

    fn u8(&mut self) -> Result<u8, FileError> {
        self.room(1)?;
        self.r.u8().map_err(|e| self.error(e.to_string()))
    }
    fn u16(&mut self) -> Result<u16, FileError> {
        self.room(2)?;
        self.r.u16().map_err(|e| self.error(e.to_string()))
    }
    fn u32(&mut self) -> Result<u32, FileError> {
        self.room(4)?;
        self.r.u32().map_err(|e| self.error(e.to_string()))
    }
    fn u64(&mut self) -> Result<u64, FileError> {
        self.room(8)?;
        self.r.u64().map_err(|e| self.error(e.to_string()))
    }
    fn blob(&mut self) -> Result<Vec<u8>, FileError> {
        let length = self.u32()? as usize;
        self.room(length)?;
        self.r.take(length).map(Vec::from).map_err(|e| self.error(e.to_string()))
    }
    fn string(&mut self) -> Result<String, FileError> {
        let bytes = self.blob()?;
        String::from_utf8(bytes).map_err(|_| self.error("a string is not UTF-8".into()))
    }
    fn flag(&mut self) -> Result<bool, FileError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error(format!("{other} where only 0 and 1 mean something"))),
        }
    }
    fn option<T>(&mut self, each: fn(&mut Self) -> Result<T, FileError>) -> Result<Option<T>, FileError> {
        if self.flag()? { each(self).map(Some) } else { Ok(None) }
    }
    fn list<T>(
        &mut self,
        bytes_min: usize,
        mut each: impl FnMut(&mut Self) -> Result<T, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let count = self.u32()? as usize;
        if count > (self.end - self.r.offset()) / bytes_min {
            return Err(
                self.error(format!("a list of {count} elements where the section has no room for it"))
            );
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    fn head(&mut self, module: &mut Module) -> Result<(), FileError> {
        module.name = self.string()?;
        module.source = self.option(Self::string)?;
        module.source_hash = self.u64()?;
        let language = self.u8()?;
        module.language = Language::from_value(language)
            .ok_or_else(|| self.error(format!("{language} is no source language")))?;
        module.entry = self.option(Self::string)?;
        Ok(())
    }

    fn constant(&mut self) -> Result<Const, FileError> {
        self.place = match self.place {
            Place::Constant(index) => Place::Constant(index + 1),
            _ => Place::Constant(0),
        };
        Ok(match self.u8()? {
            1 => Const::I32(self.u32()? as i32),
            2 => Const::I64(self.u64()? as i64),
            3 => Const::F32(self.u32()?),
            4 => Const::F64(self.u64()?),
            5 => Const::Utf8(self.string()?),
            6 => Const::Str(self.string()?),
            7 => Const::Class(self.string()?),
            8 => Const::Field { class: self.string()?, name: self.string()?, desc: self.string()? },
            9 => {
                let interface = self.flag()?;
                Const::Method { class: self.string()?, name: self.string()?, desc: self.string()?, interface }
            }
            10 => Const::Name(self.string()?),
            11 => {
                let kind = self.u8()?;
                let kind = HandleKind::from_value(kind)
                    .ok_or_else(|| self.error(format!("{kind} is no kind of handle")))?;
                Const::Handle { kind, target: self.u32()? }
            }
            12 => Const::MethodType(self.string()?),
            tag @ (13 | 14) => {
                let (bootstrap, name, desc) = (self.u32()?, self.string()?, self.string()?);
                let args = self.list(4, Self::u32)?;
                if tag == 13 {
                    Const::CallSite { bootstrap, name, desc, args }
                } else {
                    Const::Dynamic { bootstrap, name, desc, args }
                }
            }
            15 => Const::Binary(self.blob()?),
            other => return Err(self.error(format!("{other} is no sort of constant"))),
        })
    }

    fn class(&mut self) -> Result<ClassDef, FileError> {
        let name = self.string()?;
        self.place = Place::Class(name.clone());
        let class = ClassDef {
            version: self.u32()?,
            super_name: self.option(Self::string)?,
            interfaces: self.list(4, Self::string)?,
            flags: Flags(self.u32()?),
            fields: self.list(FIELD_BYTES_MIN, |d| {
                Ok(FieldDef {
                    name: d.string()?,
                    desc: d.string()?,
                    flags: Flags(d.u32()?),
                    value: d.option(Self::u32)?,
                })
            })?,
            methods: self.list(METHOD_BYTES_MIN, |d| d.method(&name))?,
            attributes: self.list(8, |d| Ok(Attribute { name: d.string()?, bytes: d.blob()? }))?,
            name: String::new(),
        };
        Ok(ClassDef { name, ..class })
    }

    fn method(&mut self, class: &str) -> Result<MethodDef, FileError> {
        let name = self.string()?;
        let outer = core::mem::replace(&mut self.place, Place::Member(class.into(), name.clone()));
        let method = MethodDef {
            name,
            desc: self.string()?,
            flags: Flags(self.u32()?),
            ordinal: self.option(Self::u16)?,
            param_names: self.list(4, Self::string)?,
            code: self.option(Self::code)?,
        };
        self.place = outer;
        Ok(method)
    }

    fn code(&mut self) -> Result<Code, FileError> {
        Ok(Code {
            max_locals: self.u16()?,
            max_stack: self.u16()?,
            bytes: self.blob()?,
            handlers: self.list(13, |d| {
                Ok(Handler { start: d.u32()?, end: d.u32()?, target: d.u32()?, class: d.option(Self::u32)? })
            })?,
            lines: self.list(8, |d| Ok(Line { pc: d.u32()?, line: d.u32()? }))?,
            local_names: self.list(18, |d| {
                Ok(LocalName {
                    start: d.u32()?,
                    end: d.u32()?,
                    local: d.u16()?,
                    name: d.string()?,
                    desc: d.string()?,
                })
            })?,
        })
    }
}
