//! What a module holds, as plain data: constants, classes, methods, code.
//!
//! The byte format is in [`crate::file`], the text format in [`crate::assemble`].
//! *Invariant:* a constant refers only to constants with smaller indexes, so no chain of them is endless.

use crate::op::byte_enum;
use alloc::string::String;
use alloc::vec::Vec;
use base::checksum::Checksum;
use core::fmt;

/// A unit of loading: classes and the constants that their code shares.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Module {
    /// Name of the module.
    pub name: String,
    /// Path or name of the source, as the compiler was given it.
    pub source: Option<String>,
    /// Checksum of the source; 0 when unknown.
    pub source_hash: u64,
    /// What it was compiled from.
    pub language: Language,
    /// Constants; code refers to them by index.
    pub pool: Vec<Const>,
    /// Classes.
    pub classes: Vec<ClassDef>,
    /// Class that is run when the module is run as a program.
    pub entry: Option<String>,
}

byte_enum! {
    /// What a module was compiled from.
    #[derive(Default)]
    Language {
        /// Assembler text.
        #[default]
        Asm = 0 "asm",
        /// The Phantom language.
        Phantom = 1 "phantom",
        /// Java class files.
        Java = 2 "java",
        /// WebAssembly.
        Wasm = 3 "wasm",
        /// CLR assemblies.
        Clr = 4 "clr",
    }
}

byte_enum! {
    /// What a method handle does (JVMS §5.4.3.5, same values).
    HandleKind {
        /// Reads an instance field.
        GetField = 1 "get_field",
        /// Reads a static field.
        GetStatic = 2 "get_static",
        /// Writes an instance field.
        PutField = 3 "put_field",
        /// Writes a static field.
        PutStatic = 4 "put_static",
        /// `call_virtual`.
        CallVirtual = 5 "call_virtual",
        /// `call_static`.
        CallStatic = 6 "call_static",
        /// `call_special`.
        CallSpecial = 7 "call_special",
        /// `new`, then `call_special` of the constructor.
        NewSpecial = 8 "new_special",
        /// `call_interface`.
        CallInterface = 9 "call_interface",
    }
}

impl HandleKind {
    /// Whether the target is a field.
    pub fn is_field(self) -> bool {
        (self as u8) <= 4
    }
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Const {
    /// A number.
    I32(i32),
    /// A number.
    I64(i64),
    /// A number, by its bits.
    F32(u32),
    /// A number, by its bits.
    F64(u64),
    /// Text that no instruction pushes (attributes).
    Utf8(String),
    /// A string object, interned.
    Str(String),
    /// A class by name, or an array class by descriptor (`[I`, `[Lname;`).
    Class(String),
    /// A field.
    Field {
        /// Name of the class in which the search begins.
        class: String,
        /// Name.
        name: String,
        /// Field descriptor.
        desc: String,
    },
    /// A method.
    Method {
        /// Name of the class in which the search begins.
        class: String,
        /// Name.
        name: String,
        /// Method descriptor.
        desc: String,
        /// Whether the class is an interface.
        interface: bool,
    },
    /// Name of a method on an untyped receiver.
    Name(String),
    /// A method handle.
    Handle {
        /// What it does.
        kind: HandleKind,
        /// Pool index of the field or method.
        target: u32,
    },
    /// A method type, by descriptor.
    MethodType(String),
    /// A call site, linked at its first call; every `call_site` instruction has one of its own.
    CallSite {
        /// Pool index of the handle of the bootstrap method.
        bootstrap: u32,
        /// Name handed to it.
        name: String,
        /// Method descriptor of the call.
        desc: String,
        /// Pool indexes of its static arguments.
        args: Vec<u32>,
    },
    /// A constant computed at its first use (JVMS §4.4.10, CONSTANT_Dynamic).
    Dynamic {
        /// Pool index of the handle of the bootstrap method.
        bootstrap: u32,
        /// Name handed to it.
        name: String,
        /// Field descriptor of the constant.
        desc: String,
        /// Pool indexes of its static arguments.
        args: Vec<u32>,
    },
    /// Bytes: a binary object, or the source of `mem.init`.
    Binary(Vec<u8>),
}

impl Const {
    /// The sort of constant, as messages and the assembler write it.
    pub fn sort(&self) -> &'static str {
        match self {
            Const::I32(_) => "i32",
            Const::I64(_) => "i64",
            Const::F32(_) => "f32",
            Const::F64(_) => "f64",
            Const::Utf8(_) => "utf8",
            Const::Str(_) => "str",
            Const::Class(_) => "class",
            Const::Field { .. } => "field",
            Const::Method { .. } => "method",
            Const::Name(_) => "name",
            Const::Handle { .. } => "handle",
            Const::MethodType(_) => "method_type",
            Const::CallSite { .. } => "call_site",
            Const::Dynamic { .. } => "dynamic",
            Const::Binary(_) => "binary",
        }
    }
}

macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident = $bit:literal $text:literal;)*) => {
        /// Flags of classes, fields and methods; what does not apply is refused by the verifier.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct Flags(pub u32);
        impl Flags {
            /// No flag.
            pub const NONE: Flags = Flags(0);
            $($(#[$meta])* pub const $name: Flags = Flags(1 << $bit);)*
            /// All flags with the names that the assembler writes.
            pub const NAMES: &'static [(Flags, &'static str)] = &[$((Flags::$name, $text)),*];
        }
    };
}

flags! {
    /// Visible to all.
    PUBLIC = 0 "public";
    /// Visible to the class.
    PRIVATE = 1 "private";
    /// Visible to subclasses.
    PROTECTED = 2 "protected";
    /// Of the class, not of its instances.
    STATIC = 3 "static";
    /// Not overridden, not extended, not written after construction.
    FINAL = 4 "final";
    /// Locks the receiver or the class.
    SYNCHRONIZED = 5 "synchronized";
    /// Accesses are sequentially consistent.
    VOLATILE = 6 "volatile";
    /// Not serialised.
    TRANSIENT = 7 "transient";
    /// The body is the host language's native code, bound by name.
    NATIVE = 8 "native";
    /// An interface.
    INTERFACE = 9 "interface";
    /// No body, no instances.
    ABSTRACT = 10 "abstract";
    /// Made by a compiler.
    SYNTHETIC = 11 "synthetic";
    /// An annotation type.
    ANNOTATION = 12 "annotation";
    /// An enumeration or its constant.
    ENUM = 13 "enum";
    /// Implemented by the kernel.
    INTERNAL = 14 "internal";
    /// The last parameter is an array of the rest.
    VARARGS = 15 "varargs";
    /// A constructor.
    CONSTRUCTOR = 16 "constructor";
    /// A bridge method (Java).
    BRIDGE = 17 "bridge";
    /// Strict floating point (Java; without effect).
    STRICT = 18 "strict";
    /// Exactly `call_special` semantics of the superclass (Java's ACC_SUPER; without effect).
    SUPER = 19 "super_calls";
    /// A record.
    RECORD = 20 "record";
    /// Left out of stack traces.
    HIDDEN = 21 "hidden";
    /// A class or interface that arrays are instances of (Java's `Object`, `Cloneable` and `Serializable`).
    OF_ARRAYS = 22 "of_arrays";
    /// A class that is not in the directory of the system: it is hidden, or a class loader of a program has it. Set by
    /// the machine; what a module says is not looked at.
    APART = 23 "apart";
}

impl Flags {
    /// All flags that mean something.
    pub fn all() -> Flags {
        Flags::NAMES.iter().fold(Flags::NONE, |all, (flag, _)| all | *flag)
    }
    /// Whether all flags of `other` are set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}
impl core::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}
impl core::ops::BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Flags::NAMES.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| name);
        f.debug_set().entries(names).finish()
    }
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClassDef {
    /// Name, any UTF-8 without `;`.
    pub name: String,
    /// Version of the class, counted by whoever evolves it.
    pub version: u32,
    /// Name of the superclass; `None` for a root.
    pub super_name: Option<String>,
    /// Names of the interfaces.
    pub interfaces: Vec<String>,
    /// Flags.
    pub flags: Flags,
    /// Fields in order of declaration.
    pub fields: Vec<FieldDef>,
    /// Methods in order of declaration; constructors are named `<init>`, class initialisers `<clinit>`.
    pub methods: Vec<MethodDef>,
    /// What front ends add, by name.
    pub attributes: Vec<Attribute>,
}

/// Bytes that a front end adds to a class.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Attribute {
    /// Name.
    pub name: String,
    /// Content; its format is the front end's.
    pub bytes: Vec<u8>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FieldDef {
    /// Name.
    pub name: String,
    /// Field descriptor.
    pub desc: String,
    /// Flags.
    pub flags: Flags,
    /// Pool index of the first value of a static field.
    pub value: Option<u32>,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MethodDef {
    /// Name.
    pub name: String,
    /// Method descriptor.
    pub desc: String,
    /// Flags.
    pub flags: Flags,
    /// Number for `call_ordinal`.
    pub ordinal: Option<u16>,
    /// Body; `None` for abstract and native methods.
    pub code: Option<Code>,
    /// Names of the parameters, receiver not counted, for people.
    pub param_names: Vec<String>,
}

/// The body of a method.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Code {
    /// Slots for locals, arguments among them.
    pub max_locals: u16,
    /// Slots for operands.
    pub max_stack: u16,
    /// Instructions.
    pub bytes: Vec<u8>,
    /// Exception handlers; the first that fits is taken.
    pub handlers: Vec<Handler>,
    /// Source lines: each entry holds from its offset to the next one's; ascending.
    pub lines: Vec<Line>,
    /// Names of locals, for debuggers.
    pub local_names: Vec<LocalName>,
}

/// An exception handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// First offset that it covers.
    pub start: u32,
    /// First offset behind.
    pub end: u32,
    /// Where control goes, with the thrown object alone on the stack.
    pub target: u32,
    /// Pool index of the class; `None` catches all.
    pub class: Option<u32>,
}

/// Source line of the code from an offset on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Offset in the code.
    pub pc: u32,
    /// Line, from 1.
    pub line: u32,
}

/// Name of a local over a range of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalName {
    /// First offset.
    pub start: u32,
    /// First offset behind.
    pub end: u32,
    /// The local.
    pub local: u16,
    /// Its name.
    pub name: String,
    /// Field descriptor or a type as the front end writes it.
    pub desc: String,
}

impl Module {
    /// Index of the constant, which is added when the pool has no equal one.
    ///
    /// A search of the pool; front ends with large pools use [`crate::PoolBuilder`].
    /// Call sites are always added: each is one site.
    pub fn intern(&mut self, constant: Const) -> u32 {
        let equal = match constant {
            Const::CallSite { .. } => None,
            _ => self.pool.iter().position(|other| *other == constant),
        };
        equal.unwrap_or_else(|| {
            self.pool.push(constant);
            self.pool.len() - 1
        }) as u32
    }

    /// The constant with the index.
    pub fn constant(&self, index: u32) -> Option<&Const> {
        self.pool.get(index as usize)
    }
    /// The class with the name.
    pub fn class(&self, name: &str) -> Option<&ClassDef> {
        self.classes.iter().find(|class| class.name == name)
    }
}

impl ClassDef {
    /// The method with the name and descriptor.
    pub fn method(&self, name: &str, desc: &str) -> Option<&MethodDef> {
        self.methods.iter().find(|method| method.name == name && method.desc == desc)
    }

    /// Structural hash: superclass, interfaces, fields (name, descriptor, flags) and methods (name, descriptor,
    /// flags, ordinal), in order; neither code nor version.
    ///
    /// Two classes with one hash have the same layout and the same methods to call.
    pub fn structural_hash(&self) -> u64 {
        let mut hash = Checksum::new();
        let mut text = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        text(&self.name);
        text(self.super_name.as_deref().unwrap_or(""));
        for interface in &self.interfaces {
            text(interface);
        }
        for field in &self.fields {
            text(&field.name);
            text(&field.desc);
        }
        for method in &self.methods {
            text(&method.name);
            text(&method.desc);
        }
        let counts = [self.interfaces.len(), self.fields.len(), self.methods.len()];
        counts.iter().for_each(|count| hash.update(&(*count as u64).to_le_bytes()));
        hash.update(&[u8::from(self.super_name.is_some())]);
        hash.update(&self.flags.0.to_le_bytes());
        self.fields.iter().for_each(|field| hash.update(&field.flags.0.to_le_bytes()));
        for method in &self.methods {
            hash.update(&method.flags.0.to_le_bytes());
            hash.update(&method.ordinal.map_or(u32::MAX, u32::from).to_le_bytes());
        }
        hash.finish()
    }
}

impl MethodDef {
    /// Whether the method has no receiver.
    pub fn is_static(&self) -> bool {
        self.flags.has(Flags::STATIC)
    }
}

impl Code {
    /// Source line of the instruction at `pc`, if known.
    pub fn line_at(&self, pc: u32) -> Option<u32> {
        let after = self.lines.partition_point(|line| line.pc <= pc);
        self.lines.get(after.checked_sub(1)?).map(|line| line.line)
    }
}
