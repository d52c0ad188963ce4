//! The class file format (JVMS 4.1 to 4.7), with the format checks of JVMS 4.8.
//!
//! A [`ClassFile`] borrows the bytes that it was read from; attributes are kept as bytes and read by those who need them.

use crate::text;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytecode::{Descriptor, TypeDesc};

/// Highest major version that is read: Java SE 17.
pub const MAJOR_MAX: u16 = 61;

/// Access flags as class files have them (JVMS tables 4.1-B, 4.5-A, 4.6-A).
pub(crate) mod access {
    pub(crate) const PUBLIC: u16 = 0x0001;
    pub(crate) const PRIVATE: u16 = 0x0002;
    pub(crate) const PROTECTED: u16 = 0x0004;
    pub(crate) const STATIC: u16 = 0x0008;
    pub(crate) const FINAL: u16 = 0x0010;
    /// Of methods `synchronized`, of classes the meaning of `invokespecial`.
    pub(crate) const SUPER: u16 = 0x0020;
    /// Of fields `volatile`, of methods a bridge.
    pub(crate) const VOLATILE: u16 = 0x0040;
    /// Of fields `transient`, of methods `varargs`.
    pub(crate) const TRANSIENT: u16 = 0x0080;
    pub(crate) const NATIVE: u16 = 0x0100;
    pub(crate) const INTERFACE: u16 = 0x0200;
    pub(crate) const ABSTRACT: u16 = 0x0400;
    pub(crate) const STRICT: u16 = 0x0800;
    pub(crate) const SYNTHETIC: u16 = 0x1000;
    pub(crate) const ANNOTATION: u16 = 0x2000;
    pub(crate) const ENUM: u16 = 0x4000;
    pub(crate) const MODULE: u16 = 0x8000;
}

/// Why bytes are no class that can be defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a class file as JVMS 4.8 wants it: `ClassFormatError`.
    #[error("{0}")]
    Format(String),
    /// A version that is not read: `UnsupportedClassVersionError`. The name of the class goes before, as it was asked for.
    #[error("{}", version_text(*.major, *.minor))]
    Version {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// The class is above itself: `ClassCircularityError`.
    #[error("{0}")]
    Circular(String),
    /// A module descriptor, which is no class: `NoClassDefFoundError`.
    #[error("{0} is no class: it is the description of a module")]
    NoClass(String),
}

/// What HotSpot says of a version.
fn version_text(major: u16, minor: u16) -> String {
    let version = format!("(class file version {major}.{minor})");
    match (major, minor) {
        (MAJOR_MAX, _) => format!("{version} uses preview features, which are not supported"),
        (..MAJOR_MAX, _) => format!("{version} was compiled with an invalid major or minor version"),
        _ => format!(
            "has been compiled by a more recent version of the Java Runtime {version}, this version of the Java Runtime \
             only recognizes class file versions up to {MAJOR_MAX}.0"
        ),
    }
}

pub(crate) fn bad<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Format(what.into()))
}

/// An entry of the constant pool (JVMS 4.4); numbers are indexes into the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant<'a> {
    /// Nothing: index 0, and the place behind a long or double.
    None,
    /// Modified UTF-8.
    Utf8(&'a [u8]),
    /// An int.
    Int(i32),
    /// A float, by its bits.
    Float(u32),
    /// A long.
    Long(i64),
    /// A double, by its bits.
    Double(u64),
    /// A class: its name.
    Class(u16),
    /// A string: its text.
    String(u16),
    /// A field: class, name and type.
    Field(u16, u16),
    /// A method of a class: class, name and type.
    Method(u16, u16),
    /// A method of an interface: class, name and type.
    Interface(u16, u16),
    /// Name and descriptor.
    NameType(u16, u16),
    /// A method handle: kind and member.
    Handle(u8, u16),
    /// A method type: descriptor.
    MethodType(u16),
    /// A computed constant: index of the bootstrap, name and type.
    Dynamic(u16, u16),
    /// A call site: index of the bootstrap, name and type.
    InvokeDynamic(u16, u16),
    /// A module: its name.
    Module(u16),
    /// A package: its name.
    Package(u16),
}

/// An attribute, not interpreted.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// Its name, in modified UTF-8.
    pub name: &'a [u8],
    /// Its content.
    pub bytes: &'a [u8],
}

/// A field or method.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Access flags as in the file.
    pub access: u16,
    /// Name, escaped.
    pub name: String,
    /// Descriptor, escaped.
    pub desc: String,
    /// Attributes.
    pub attributes: Vec<Attribute<'a>>,
}

/// A class file.
#[derive(Clone, Debug)]
pub struct ClassFile<'a> {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Constant pool by index.
    pub pool: Vec<Constant<'a>>,
    /// Access flags as in the file.
    pub access: u16,
    /// Name, escaped, with slashes.
    pub name: String,
    /// Name of the superclass.
    pub super_name: Option<String>,
    /// Names of the direct superinterfaces.
    pub interfaces: Vec<String>,
    /// Fields.
    pub fields: Vec<Member<'a>>,
    /// Methods.
    pub methods: Vec<Member<'a>>,
    /// Attributes.
    pub attributes: Vec<Attribute<'a>>,
    /// `Code` attributes: where the number of attributes stands, and the attribute's first byte and end.
    cuts: Vec<(usize, usize, usize)>,
    bytes: &'a [u8],
}

/// How the message begins about what does not begin as a class file does.
pub const BAD_MAGIC: &str = "Incompatible magic value";

/// Reads big-endian numbers.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else { return bad("Truncated class file") };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
    pub(crate) fn u8(&mut self) -> Result<u8, Refusal> {
        self.array().map(|[byte]| byte)
    }
    pub(crate) fn u16(&mut self) -> Result<u16, Refusal> {
        self.array().map(u16::from_be_bytes)
    }
    pub(crate) fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_be_bytes)
    }
    pub(crate) fn i32(&mut self) -> Result<i32, Refusal> {
        self.array().map(i32::from_be_bytes)
    }
    fn u64(&mut self) -> Result<u64, Refusal> {
        self.array().map(u64::from_be_bytes)
    }
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }
}

impl<'a> ClassFile<'a> {
    /// Reads a class file.
    ///
    /// # Errors
    /// When it is none, or of a version that is not read.
    pub fn parse(bytes: &'a [u8]) -> Result<ClassFile<'a>, Refusal> {
        let class = ClassFile::parse_any(bytes)?;
        class.check()?;
        Ok(class)
    }

    /// Reads what [`ClassFile::without_code`] gave: as [`ClassFile::parse`], without the checks of flags, of names of
    /// members and of what is there twice.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse_any(bytes: &'a [u8]) -> Result<ClassFile<'a>, Refusal> {
        let mut reader = Reader::new(bytes);
        let magic = reader.u32()?;
        if magic != 0xcafe_babe {
            return bad(format!("{BAD_MAGIC} {magic}"));
        }
        let (minor, major) = (reader.u16()?, reader.u16()?);
        // JVMS 4.1: from 56 on the minor version is 0, or 65535 for previews, which are off.
        if !(45..=MAJOR_MAX).contains(&major) || major >= 56 && minor != 0 {
            return Err(Refusal::Version { major, minor });
        }
        let pool = parse_pool(&mut reader, major)?;
        let mut class = ClassFile {
            major,
            minor,
            pool,
            access: reader.u16()?,
            name: String::new(),
            super_name: None,
            interfaces: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
            attributes: Vec::new(),
            cuts: Vec::new(),
            bytes,
        };
        class.check_pool()?;
        class.name = class.plain_class(reader.u16()?)?;
        if class.access & access::MODULE != 0 {
            return Err(Refusal::NoClass(class.name));
        }
        let above = reader.u16()?;
        class.super_name = if above == 0 { None } else { Some(class.plain_class(above)?) };
        for _ in 0..reader.u16()? {
            let name = class.plain_class(reader.u16()?)?;
            if class.interfaces.contains(&name) {
                return bad(format!("Duplicate interface name \"{name}\" in class file {}", class.name));
            }
            class.interfaces.push(name);
        }
        for _ in 0..reader.u16()? {
            let member = class.member(&mut reader)?;
            class.fields.push(member);
        }
        for _ in 0..reader.u16()? {
            let member = class.member(&mut reader)?;
            class.methods.push(member);
        }
        class.attributes = class.attributes_of(&mut reader)?;
        if !reader.is_at_end() {
            return bad(format!("Extra bytes at the end of class file {}", class.name));
        }
        Ok(class)
    }

    /// The class file without the code of its methods, so that what is left is read as before.
    pub fn without_code(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        for (count_at, start, end) in &self.cuts {
            out.extend_from_slice(&self.bytes[at..*count_at]);
            let count = u16::from_be_bytes([self.bytes[*count_at], self.bytes[count_at + 1]]);
            out.extend_from_slice(&(count - 1).to_be_bytes());
            out.extend_from_slice(&self.bytes[count_at + 2..*start]);
            at = *end;
        }
        out.extend_from_slice(&self.bytes[at..]);
        out
    }

    fn member(&mut self, reader: &mut Reader<'a>) -> Result<Member<'a>, Refusal> {
        let access = reader.u16()?;
        let (name, desc) = (self.utf8(reader.u16()?)?, self.utf8(reader.u16()?)?);
        let count_at = reader.at;
        let mut attributes = Vec::new();
        let mut cut = None;
        for _ in 0..reader.u16()? {
            let start = reader.at;
            let attribute = self.attribute(reader)?;
            if attribute.name == b"Code" && cut.replace((count_at, start, reader.at)).is_some() {
                return bad(format!("Multiple Code attributes in class file {}", self.name));
            }
            attributes.push(attribute);
        }
        self.cuts.extend(cut);
        Ok(Member { access, name, desc, attributes })
    }

    fn attribute(&self, reader: &mut Reader<'a>) -> Result<Attribute<'a>, Refusal> {
        let Some(Constant::Utf8(name)) = self.pool.get(usize::from(reader.u16()?)) else {
            return bad("Invalid attribute name index");
        };
        let length = reader.u32()? as usize;
        Ok(Attribute { name, bytes: reader.take(length)? })
    }

    /// Reads a table of attributes with its count.
    pub(crate) fn attributes_of(&self, reader: &mut Reader<'a>) -> Result<Vec<Attribute<'a>>, Refusal> {
        (0..reader.u16()?).map(|_| self.attribute(reader)).collect()
    }

    /// The constant with the index.
    pub fn constant(&self, index: u16) -> Constant<'a> {
        self.pool.get(usize::from(index)).copied().unwrap_or(Constant::None)
    }
    /// Text of the constant, escaped.
    ///
    /// # Errors
    /// When the index is of another constant.
    pub fn utf8(&self, index: u16) -> Result<String, Refusal> {
        match self.constant(index) {
            Constant::Utf8(bytes) => match text::from_modified(bytes) {
                Some(text) => Ok(text),
                None => bad(format!("Illegal UTF8 string in constant pool in class file {}", self.name)),
            },
            _ => bad(format!("Invalid constant pool index {index} in class file {}", self.name)),
        }
    }
    /// Name of a class constant: with slashes, or a descriptor for arrays.
    ///
    /// # Errors
    /// When the index is of another constant.
    pub fn class_name(&self, index: u16) -> Result<String, Refusal> {
        match self.constant(index) {
            Constant::Class(name) => self.utf8(name),
            _ => bad(format!("Invalid constant pool index {index} in class file {}", self.name)),
        }
    }
    fn plain_class(&self, index: u16) -> Result<String, Refusal> {
        let name = self.class_name(index)?;
        if name.starts_with('[') { bad(format!("Bad class name {name}")) } else { Ok(name) }
    }
    /// Name and descriptor of a name-and-type constant.
    ///
    /// # Errors
    /// When the index is of another constant.
    pub fn name_type(&self, index: u16) -> Result<(String, String), Refusal> {
        match self.constant(index) {
            Constant::NameType(name, desc) => Ok((self.utf8(name)?, self.utf8(desc)?)),
            _ => bad(format!("Invalid constant pool index {index} in class file {}", self.name)),
        }
    }
    /// Class, name, descriptor and whether the class is an interface, of a field or method constant.
    ///
    /// # Errors
    /// When the index is of another constant.
    pub fn member_ref(&self, index: u16) -> Result<(String, String, String, bool), Refusal> {
        match self.constant(index) {
            Constant::Field(class, member)
            | Constant::Method(class, member)
            | Constant::Interface(class, member) => {
                let (name, desc) = self.name_type(member)?;
                let interface = matches!(self.constant(index), Constant::Interface(..));
                Ok((self.class_name(class)?, name, desc, interface))
            }
            _ => bad(format!("Invalid constant pool index {index} in class file {}", self.name)),
        }
    }
    /// The attribute of the class with the name.
    pub fn attribute_named(&self, name: &[u8]) -> Option<&'a [u8]> {
        find(&self.attributes, name)
    }

    /// Every constant leads to constants of the right kind (JVMS 4.4), and names and descriptors are some.
    fn check_pool(&self) -> Result<(), Refusal> {
        let lacks = |needed: u16, index: usize| match self.major >= needed {
            true => Ok(()),
            false => bad(format!("Constant {index} needs class file version {needed}")),
        };
        for index in 0..self.pool.len() {
            match self.pool[index] {
                Constant::Class(name) => check_class_name(&self.utf8(name)?)?,
                Constant::String(text) => self.utf8(text).map(|_| ())?,
                Constant::Field(class, member) => {
                    self.class_name(class)?;
                    let (name, desc) = self.name_type(member)?;
                    check_field_name(&name)?;
                    check_field_desc(&desc)?;
                }
                Constant::Method(class, member) | Constant::Interface(class, member) => {
                    self.class_name(class)?;
                    let (name, desc) = self.name_type(member)?;
                    check_method_name(&name)?;
                    let result_is_void = check_method_desc(&desc)?;
                    if name == "<init>" && !result_is_void {
                        return bad(format!("Method \"<init>\" has the type {desc}"));
                    }
                }
                Constant::NameType(name, desc) => {
                    self.utf8(name)?;
                    self.utf8(desc)?;
                }
                Constant::Handle(kind, member) => {
                    lacks(51, index)?;
                    self.check_handle(kind, member)?;
                }
                Constant::MethodType(desc) => {
                    lacks(51, index)?;
                    check_method_desc(&self.utf8(desc)?)?;
                }
                Constant::Dynamic(_, member) => {
                    lacks(55, index)?;
                    let (name, desc) = self.name_type(member)?;
                    check_field_name(&name)?;
                    check_field_desc(&desc)?;
                }
                Constant::InvokeDynamic(_, member) => {
                    lacks(51, index)?;
                    let (name, desc) = self.name_type(member)?;
                    check_method_name(&name)?;
                    check_method_desc(&desc)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// JVMS 4.4.8.
    fn check_handle(&self, kind: u8, member: u16) -> Result<(), Refusal> {
        let target = self.constant(member);
        let fits = match kind {
            1..=4 => matches!(target, Constant::Field(..)),
            5 | 8 => matches!(target, Constant::Method(..)),
            6 | 7 => {
                matches!(target, Constant::Method(..))
                    || self.major >= 52 && matches!(target, Constant::Interface(..))
            }
            9 => matches!(target, Constant::Interface(..)),
            _ => false,
        };
        if !fits {
            return bad(format!("Bad method handle of kind {kind} in class file {}", self.name));
        }
        let (_, name, _, _) = self.member_ref(member)?;
        let constructor = name == "<init>";
        if name == "<clinit>" || constructor != (kind == 8) {
            return bad(format!("Bad method handle of {name} in class file {}", self.name));
        }
        Ok(())
    }

    /// Flags, names and duplicates (JVMS 4.1, 4.5, 4.6).
    fn check(&self) -> Result<(), Refusal> {
        use access::{ABSTRACT, ENUM, FINAL, INTERFACE, PRIVATE, PROTECTED, PUBLIC, STATIC, VOLATILE};
        let has = |flags: u16, flag: u16| flags & flag != 0;
        let interface = has(self.access, INTERFACE);
        let name = &self.name;
        let wrong = if interface {
            !has(self.access, ABSTRACT) && self.major >= 50
                || has(self.access, FINAL)
                || self.major >= 50 && has(self.access, ENUM)
        } else {
            has(self.access, ABSTRACT) && has(self.access, FINAL)
        };
        if wrong {
            return bad(format!("Illegal class modifiers in class {name}: {:#x}", self.access));
        }
        match &self.super_name {
            None if name == "java/lang/Object" => {}
            None => return bad(format!("Invalid superclass index in class file {name}")),
            Some(_) if name == "java/lang/Object" => return bad("java/lang/Object has a superclass"),
            Some(above) if interface && above != "java/lang/Object" => {
                return bad(format!(
                    "Interfaces must have java.lang.Object as superclass in class file {name}"
                ));
            }
            Some(_) => {}
        }
        if self.super_name.as_ref() == Some(name) || self.interfaces.contains(name) {
            return Err(Refusal::Circular(name.clone()));
        }
        let mut seen = BTreeSet::new();
        for field in &self.fields {
            check_field_name(&field.name)?;
            check_field_desc(&field.desc)?;
            if !seen.insert((&field.name, &field.desc)) {
                return bad(format!("Duplicate field name \"{}\" in class file {name}", field.name));
            }
            let visible =
                [PUBLIC, PRIVATE, PROTECTED].iter().filter(|flag| has(field.access, **flag)).count();
            let wrong = if interface {
                let wanted = PUBLIC | STATIC | FINAL;
                field.access & wanted != wanted || has(field.access, PRIVATE | PROTECTED | VOLATILE)
            } else {
                visible > 1 || has(field.access, FINAL) && has(field.access, VOLATILE)
            };
            if wrong {
                return bad(format!("Illegal field modifiers in class {name}: {:#x}", field.access));
            }
        }
        let mut seen = BTreeSet::new();
        for method in &self.methods {
            self.check_method(method)?;
            if !seen.insert((&method.name, &method.desc)) {
                return bad(format!("Duplicate method name \"{}\" in class file {name}", method.name));
            }
        }
        Ok(())
    }

    fn check_method(&self, method: &Member<'_>) -> Result<(), Refusal> {
        use access::{ABSTRACT, FINAL, INTERFACE, NATIVE, PRIVATE, PROTECTED, PUBLIC, STATIC, STRICT, SUPER};
        let has = |flag: u16| method.access & flag != 0;
        let (name, of) = (&method.name, &self.name);
        check_method_name(name)?;
        let is_void = check_method_desc(&method.desc)?;
        let code = find(&method.attributes, b"Code").is_some();
        if name == "<clinit>" {
            // JVMS 2.9.2: other methods of this name are of no consequence; before version 51 it need not be static.
            return if code {
                Ok(())
            } else {
                bad(format!("Absent Code attribute in method <clinit> of {of}"))
            };
        }
        let visible = [PUBLIC, PRIVATE, PROTECTED].iter().filter(|flag| has(**flag)).count();
        let interface = self.access & INTERFACE != 0;
        let strict = if (46..=60).contains(&self.major) { STRICT } else { 0 };
        let not_with_abstract = PRIVATE | STATIC | FINAL | SUPER | NATIVE | strict;
        let wrong = match () {
            () if interface && self.major < 52 => {
                !(has(PUBLIC) && has(ABSTRACT)) || has(PRIVATE | PROTECTED | STATIC | FINAL | SUPER | NATIVE)
            }
            () if interface => {
                has(PUBLIC) == has(PRIVATE)
                    || has(PROTECTED | FINAL | SUPER | NATIVE)
                    || has(ABSTRACT) && has(not_with_abstract)
            }
            () => visible > 1 || has(ABSTRACT) && has(not_with_abstract),
        };
        let constructor = name == "<init>";
        let wrong = wrong
            || constructor && (has(STATIC | FINAL | SUPER | NATIVE | ABSTRACT) || interface || !is_void);
        if wrong {
            return bad(format!("Method {name} in class {of} has illegal modifiers: {:#x}", method.access));
        }
        if code == has(ABSTRACT | NATIVE) {
            let what = if code { "Code attribute in native or abstract" } else { "Absent Code attribute in" };
            return bad(format!("{what} method {name}{} in class file {of}", method.desc));
        }
        Ok(())
    }
}

/// The attribute with the name.
pub(crate) fn find<'a>(attributes: &[Attribute<'a>], name: &[u8]) -> Option<&'a [u8]> {
    attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.bytes)
}

fn parse_pool<'a>(reader: &mut Reader<'a>, major: u16) -> Result<Vec<Constant<'a>>, Refusal> {
    let count = usize::from(reader.u16()?);
    if count == 0 {
        return bad("Illegal constant pool size 0");
    }
    let mut pool = alloc::vec![Constant::None];
    while pool.len() < count {
        let tag = reader.u8()?;
        let constant = match tag {
            1 => {
                let length = usize::from(reader.u16()?);
                Constant::Utf8(reader.take(length)?)
            }
            3 => Constant::Int(reader.i32()?),
            4 => Constant::Float(reader.u32()?),
            5 => Constant::Long(reader.u64()? as i64),
            6 => Constant::Double(reader.u64()?),
            7 => Constant::Class(reader.u16()?),
            8 => Constant::String(reader.u16()?),
            9 => Constant::Field(reader.u16()?, reader.u16()?),
            10 => Constant::Method(reader.u16()?, reader.u16()?),
            11 => Constant::Interface(reader.u16()?, reader.u16()?),
            12 => Constant::NameType(reader.u16()?, reader.u16()?),
            15 => Constant::Handle(reader.u8()?, reader.u16()?),
            16 => Constant::MethodType(reader.u16()?),
            17 => Constant::Dynamic(reader.u16()?, reader.u16()?),
            18 => Constant::InvokeDynamic(reader.u16()?, reader.u16()?),
            19 if major >= 53 => Constant::Module(reader.u16()?),
            20 if major >= 53 => Constant::Package(reader.u16()?),
            _ => return bad(format!("Unknown constant tag {tag}")),
        };
        pool.push(constant);
        if matches!(constant, Constant::Long(_) | Constant::Double(_)) {
            pool.push(Constant::None);
        }
    }
    if pool.len() > count {
        return bad("A long or double constant is the last one and needs two places");
    }
    Ok(pool)
}

/// An unqualified name (JVMS 4.2.2).
fn is_unqualified(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| matches!(c, '.' | ';' | '[' | '/'))
}

fn check_class_name(name: &str) -> Result<(), Refusal> {
    let fits = if name.starts_with('[') {
        TypeDesc::parse(name).is_ok_and(|desc| desc_names_fit(&desc))
    } else {
        name.split('/').all(is_unqualified)
    };
    if fits { Ok(()) } else { bad(format!("Illegal class name \"{name}\"")) }
}

fn check_field_name(name: &str) -> Result<(), Refusal> {
    if is_unqualified(name) { Ok(()) } else { bad(format!("Illegal field name \"{name}\"")) }
}

fn check_method_name(name: &str) -> Result<(), Refusal> {
    let special = name == "<init>" || name == "<clinit>";
    let fits = special || is_unqualified(name) && !name.contains(['<', '>']);
    if fits { Ok(()) } else { bad(format!("Illegal method name \"{name}\"")) }
}

fn desc_names_fit(desc: &TypeDesc) -> bool {
    use bytecode::ElemDesc;
    match desc {
        TypeDesc::Class(name) | TypeDesc::Array { elem: ElemDesc::Class(name), .. } => {
            name.split('/').all(is_unqualified)
        }
        _ => true,
    }
}

fn check_field_desc(desc: &str) -> Result<(), Refusal> {
    match TypeDesc::parse(desc) {
        Ok(parsed) if desc_names_fit(&parsed) => Ok(()),
        _ => bad(format!("Illegal field type \"{desc}\"")),
    }
}

/// Checks a method descriptor; whether the result is void.
fn check_method_desc(desc: &str) -> Result<bool, Refusal> {
    let parsed = Descriptor::parse(desc).ok().filter(|parsed| {
        parsed.params.iter().chain(&parsed.result).all(desc_names_fit) && {
            // JVMS 4.3.3: longs and doubles count twice, the receiver once.
            parsed.params.iter().map(|param| 1 + u32::from(is_wide(param))).sum::<u32>() <= 255
        }
    });
    match parsed {
        Some(parsed) => Ok(parsed.result.is_none()),
        None => bad(format!("Illegal method type \"{desc}\"")),
    }
}

/// Whether a type takes two locals in Java.
pub(crate) fn is_wide(desc: &TypeDesc) -> bool {
    use bytecode::Elem;
    matches!(desc, TypeDesc::Prim(Elem::I64 | Elem::F64))
}
