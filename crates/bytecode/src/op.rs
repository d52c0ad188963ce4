//! The instruction set, declared once.
//!
//! One table gives the [`Op`] enum, decoder and encoder here, and, through [`Spec`], the assembler, disassembler,
//! verifier, documentation and fuzz generator.
//! Sources of the meanings: the Java Virtual Machine Specification (chapter 6), the WebAssembly core
//! specification (section 4.3, numerics), ECMA-335 partition III.
//!
//! *Invariant:* the value of an instruction never changes; new ones take free values.

use alloc::vec::Vec;
use core::fmt;

/// Kind of a slot as the verifier knows it; one slot holds any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// 32-bit integer, also bool, i8, u16 and i16.
    I32 = 1,
    /// 64-bit integer.
    I64 = 2,
    /// IEEE 754 binary32.
    F32 = 3,
    /// IEEE 754 binary64.
    F64 = 4,
    /// Reference: null, an object or an immediate; untyped for the verifier.
    Ref = 5,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::I32, Kind::I64, Kind::F32, Kind::F64, Kind::Ref];

    /// The kind as messages and the assembler write it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::I32 => "i32",
            Kind::I64 => "i64",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
            Kind::Ref => "ref",
        }
    }

    pub(crate) fn from_value(value: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == value)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an instruction pops or pushes at one place of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An i32.
    I32,
    /// An i64.
    I64,
    /// An f32.
    F32,
    /// An f64.
    F64,
    /// A reference.
    Ref,
    /// An address: i32 or i64 by the [`AddrKind`] operand.
    Addr,
    /// An i32 or i64 by the [`Shape`] operand.
    Value,
}

/// What an instruction does to the operand stack; the top is rightmost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Always the same, up to address and value kinds that an operand chooses.
    Fixed {
        /// Popped, top last.
        pops: &'static [Item],
        /// Pushed, top last.
        pushes: &'static [Item],
    },
    /// Depends on operands, descriptors or what lies on the stack.
    Special,
}

/// Kind of an operand in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Signed, 1 byte.
    I8,
    /// Signed, 2 bytes.
    I16,
    /// Signed, 4 bytes.
    I32,
    /// Signed, 8 bytes.
    I64,
    /// Bits of an f32, 4 bytes.
    F32,
    /// Bits of an f64, 8 bytes.
    F64,
    /// Unsigned, 1 byte.
    U8,
    /// Unsigned, 2 bytes.
    U16,
    /// Unsigned, 4 bytes.
    U32,
    /// Index of a local, 2 bytes.
    Local,
    /// Displacement of a branch from the start of the instruction, signed, 4 bytes.
    Target,
    /// Pool index of a constant that can be pushed, 4 bytes.
    Loadable,
    /// Pool index of a class, 4 bytes.
    Class,
    /// Pool index of a field, 4 bytes.
    Field,
    /// Pool index of a method, 4 bytes.
    Method,
    /// Pool index of a name, 4 bytes.
    Name,
    /// Pool index of a method type, 4 bytes.
    MethodType,
    /// Pool index of a call site, 4 bytes.
    CallSite,
    /// Pool index of a binary constant, 4 bytes.
    Binary,
    /// [`Elem`], 1 byte.
    Elem,
    /// [`AddrKind`], 1 byte.
    AddrKind,
    /// [`Shape`], 1 byte.
    Shape,
    /// [`Rmw`], 1 byte.
    Rmw,
    /// Default displacement i32, lowest key i32, count u32, then count displacements i32.
    TableSwitch,
    /// Default displacement i32, count u32, then count pairs of key i32 (strictly ascending) and displacement i32.
    LookupSwitch,
}

impl Operand {
    /// Bytes of the operand; of a switch, the bytes before its entries.
    pub fn size(self) -> usize {
        use Operand::*;
        match self {
            I8 | U8 | Elem | AddrKind | Shape | Rmw => 1,
            I16 | U16 | Local => 2,
            I32 | F32 | U32 | Target | Loadable | Class | Field | Method | Name | MethodType | CallSite
            | Binary => 4,
            I64 | F64 | LookupSwitch => 8,
            TableSwitch => 12,
        }
    }

    /// Whether the operand is an index into the constant pool.
    pub fn is_pool(self) -> bool {
        use Operand::*;
        matches!(self, Loadable | Class | Field | Method | Name | MethodType | CallSite | Binary)
    }
}

macro_rules! byte_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value),* }
        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// The one with the encoded value, if there is one.
            pub fn from_value(value: u8) -> Option<Self> {
                match value { $($value => Some($name::$variant),)* _ => None }
            }
            /// As the assembler writes it.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
            /// The one that the assembler writes so.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use byte_enum;

byte_enum! {
    /// Element kind of a primitive array.
    Elem {
        /// 0 or 1, one byte.
        Bool = 0 "bool",
        /// Signed, 8 bits.
        I8 = 1 "i8",
        /// Unsigned, 16 bits (Java's char).
        U16 = 2 "u16",
        /// Signed, 16 bits.
        I16 = 3 "i16",
        /// 32 bits.
        I32 = 4 "i32",
        /// 64 bits.
        I64 = 5 "i64",
        /// IEEE 754 binary32.
        F32 = 6 "f32",
        /// IEEE 754 binary64.
        F64 = 7 "f64",
    }
}
byte_enum! {
    /// Kind of the address of a linear memory access.
    AddrKind {
        /// Unsigned 32 bits.
        A32 = 0 "a32",
        /// Unsigned 64 bits.
        A64 = 1 "a64",
    }
}
byte_enum! {
    /// Kind of the value and width of an atomic access.
    Shape {
        /// i32, 32 bits.
        I32 = 0 "i32",
        /// i32, 8 bits.
        I32U8 = 1 "i32.8",
        /// i32, 16 bits.
        I32U16 = 2 "i32.16",
        /// i64, 64 bits.
        I64 = 3 "i64",
        /// i64, 8 bits.
        I64U8 = 4 "i64.8",
        /// i64, 16 bits.
        I64U16 = 5 "i64.16",
        /// i64, 32 bits.
        I64U32 = 6 "i64.32",
    }
}
byte_enum! {
    /// What an atomic read-modify-write does.
    Rmw {
        /// old + value
        Add = 0 "add",
        /// old - value
        Sub = 1 "sub",
        /// old and value
        And = 2 "and",
        /// old or value
        Or = 3 "or",
        /// old exclusive-or value
        Xor = 4 "xor",
        /// value
        Xchg = 5 "xchg",
    }
}

impl Shape {
    /// Kind of the value on the stack.
    pub fn kind(self) -> Kind {
        if (self as u8) < 3 { Kind::I32 } else { Kind::I64 }
    }
    /// Bytes in memory.
    pub fn bytes(self) -> u32 {
        match self {
            Shape::I32U8 | Shape::I64U8 => 1,
            Shape::I32U16 | Shape::I64U16 => 2,
            Shape::I32 | Shape::I64U32 => 4,
            Shape::I64 => 8,
        }
    }
}

impl AddrKind {
    /// Kind of the address on the stack.
    pub fn kind(self) -> Kind {
        match self {
            AddrKind::A32 => Kind::I32,
            AddrKind::A64 => Kind::I64,
        }
    }
}

/// Properties of an instruction beside its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpFlags(u8);

impl OpFlags {
    /// Control never goes on to the next instruction.
    pub const END: OpFlags = OpFlags(1);
    /// May go to a target in its operands.
    pub const BRANCH: OpFlags = OpFlags(2);
    /// A safepoint: bytecode of others, a collection or a flip may happen here (backward branches are, too).
    pub const SAFE: OpFlags = OpFlags(4);
    /// May throw.
    pub const THROW: OpFlags = OpFlags(8);

    /// Whether all flags of `other` are set.
    pub fn has(self, other: OpFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// All that the table says of one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The instruction.
    pub op: Op,
    /// Encoded value: one byte, or [`PREFIX`] and one byte.
    pub value: u16,
    /// As the assembler writes it.
    pub mnemonic: &'static str,
    /// Operands in the code, in order.
    pub operands: &'static [Operand],
    /// Stack effect.
    pub effect: Effect,
    /// Properties.
    pub flags: OpFlags,
    /// One line of documentation.
    pub doc: &'static str,
    /// Title of its group in the table.
    pub group: &'static str,
}

/// First byte of the instructions whose value has two bytes.
pub const PREFIX: u8 = 0xfe;

macro_rules! effect {
    (special) => { Effect::Special };
    ($($pop:ident)* -> $($push:ident)*) => {
        Effect::Fixed { pops: &[$(Item::$pop),*], pushes: &[$(Item::$push),*] }
    };
}

macro_rules! instructions {
    ($(group $group:literal { $(
        $value:literal $name:ident $mnemonic:literal [$($operand:ident),*] ($($effect:tt)*) {$($flag:ident)*} $doc:literal;
    )* })*) => {
        /// One instruction; the discriminant is the encoded value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Op {
            $($(#[doc = $doc] $name = $value,)*)*
        }

        impl Op {
            /// Every instruction in order of value.
            pub const ALL: &'static [Op] = &[$($(Op::$name,)*)*];

            /// What the table says.
            pub fn spec(self) -> &'static Spec {
                match self {
                    $($(Op::$name => const { &Spec {
                        op: Op::$name,
                        value: $value,
                        mnemonic: $mnemonic,
                        operands: &[$(Operand::$operand),*],
                        effect: effect!($($effect)*),
                        flags: OpFlags(0 $(| OpFlags::$flag.0)*),
                        doc: $doc,
                        group: $group,
                    } },)*)*
                }
            }

            /// The instruction with the encoded value (prefixed ones above 0xfe00), if there is one.
            pub fn from_value(value: u16) -> Option<Op> {
                match value { $($($value => Some(Op::$name),)*)* _ => None }
            }

            /// The instruction with the mnemonic, if there is one.
            pub fn from_mnemonic(mnemonic: &str) -> Option<Op> {
                match mnemonic { $($($mnemonic => Some(Op::$name),)*)* _ => None }
            }
        }
    };
}

instructions! {
    group "Nothing, constants" {
        0x00 Nop "nop" [] (->) {} "Does nothing.";
        0x01 Poll "poll" [] (->) {SAFE THROW} "A safepoint written out; loop back-edges and calls are safepoints anyway.";
        0x02 Null "null" [] (-> Ref) {} "The null reference.";
        0x03 I32Const8 "i32.const8" [I8] (-> I32) {} "A small i32, sign-extended from 8 bits.";
        0x04 I32Const16 "i32.const16" [I16] (-> I32) {} "An i32, sign-extended from 16 bits.";
        0x05 I32Const "i32.const" [I32] (-> I32) {} "An i32.";
        0x06 I64Const8 "i64.const8" [I8] (-> I64) {} "A small i64, sign-extended from 8 bits.";
        0x07 I64Const "i64.const" [I64] (-> I64) {} "An i64.";
        0x08 F32Const "f32.const" [F32] (-> F32) {} "An f32, by its bits.";
        0x09 F64Const "f64.const" [F64] (-> F64) {} "An f64, by its bits.";
        0x0a Const "const" [Loadable] (special) {SAFE THROW} "A constant of the pool: string, class, handle, method type, binary, dynamic (resolved once) or number; its kind is the constant's.";
    }
    group "Locals and the operand stack; every form counts in slots and keeps kinds" {
        0x0b LocalGet "local.get" [Local] (special) {} "Pushes a local; its kind is inferred.";
        0x0c LocalSet "local.set" [Local] (special) {} "Pops into a local, which takes the kind of the value.";
        0x0d LocalTee "local.tee" [Local] (special) {} "Copies the top into a local.";
        0x0e I32Inc "i32.inc" [Local, I16] (special) {} "Adds a constant to an i32 local, wrapping.";
        0x0f Pop "pop" [] (special) {} "Drops the top.";
        0x10 Dup "dup" [] (special) {} "a -> a a.";
        0x11 DupX1 "dup_x1" [] (special) {} "a b -> b a b.";
        0x12 DupX2 "dup_x2" [] (special) {} "a b c -> c a b c.";
        0x13 Dup2 "dup2" [] (special) {} "a b -> a b a b.";
        0x14 Dup2X1 "dup2_x1" [] (special) {} "a b c -> b c a b c.";
        0x15 Dup2X2 "dup2_x2" [] (special) {} "a b c d -> c d a b c d.";
        0x16 Swap "swap" [] (special) {} "a b -> b a.";
        0x17 Select "select" [] (special) {} "a b c -> a when the i32 c is not 0, else b; a and b have one kind.";
    }
    group "i32 arithmetic: wraps around; shift and rotate counts are taken modulo 32" {
        0x18 I32Add "i32.add" [] (I32 I32 -> I32) {} "a + b.";
        0x19 I32Sub "i32.sub" [] (I32 I32 -> I32) {} "a - b.";
        0x1a I32Mul "i32.mul" [] (I32 I32 -> I32) {} "a * b.";
        0x1b I32Div "i32.div" [] (I32 I32 -> I32) {THROW} "a / b towards zero; throws on 0; MIN / -1 = MIN (Java).";
        0x1c I32Rem "i32.rem" [] (I32 I32 -> I32) {THROW} "The rest of `div`, with the sign of a; throws on 0; MIN rem -1 = 0 (Java and WebAssembly).";
        0x1d I32DivU "i32.div_u" [] (I32 I32 -> I32) {THROW} "a / b, unsigned; throws on 0.";
        0x1e I32RemU "i32.rem_u" [] (I32 I32 -> I32) {THROW} "The rest of `div_u`; throws on 0.";
        0x1f I32And "i32.and" [] (I32 I32 -> I32) {} "Bitwise and.";
        0x20 I32Or "i32.or" [] (I32 I32 -> I32) {} "Bitwise or.";
        0x21 I32Xor "i32.xor" [] (I32 I32 -> I32) {} "Bitwise exclusive or.";
        0x22 I32Shl "i32.shl" [] (I32 I32 -> I32) {} "a << b; the count is an i32.";
        0x23 I32ShrS "i32.shr_s" [] (I32 I32 -> I32) {} "a >> b with the sign; the count is an i32.";
        0x24 I32ShrU "i32.shr_u" [] (I32 I32 -> I32) {} "a >> b with zeros; the count is an i32.";
        0x25 I32Neg "i32.neg" [] (I32 -> I32) {} "-a; MIN stays MIN.";
        0x26 I32Extend8S "i32.extend8_s" [] (I32 -> I32) {} "The low 8 bits, sign-extended.";
        0x27 I32Extend16S "i32.extend16_s" [] (I32 -> I32) {} "The low 16 bits, sign-extended.";
        0x28 I32Extend16U "i32.extend16_u" [] (I32 -> I32) {} "The low 16 bits, zero-extended (Java's `i2c`).";
        0x29 I32Eqz "i32.eqz" [] (I32 -> I32) {} "1 when a is 0, else 0.";
        0x2a I32Eq "i32.eq" [] (I32 I32 -> I32) {} "1 when a = b, else 0.";
        0x2b I32Ne "i32.ne" [] (I32 I32 -> I32) {} "1 when a is not b, else 0.";
        0x2c I32LtS "i32.lt_s" [] (I32 I32 -> I32) {} "1 when a < b, signed, else 0.";
        0x2d I32LtU "i32.lt_u" [] (I32 I32 -> I32) {} "1 when a < b, unsigned, else 0.";
        0x2e I32GtS "i32.gt_s" [] (I32 I32 -> I32) {} "1 when a > b, signed, else 0.";
        0x2f I32GtU "i32.gt_u" [] (I32 I32 -> I32) {} "1 when a > b, unsigned, else 0.";
        0x30 I32LeS "i32.le_s" [] (I32 I32 -> I32) {} "1 when a <= b, signed, else 0.";
        0x31 I32LeU "i32.le_u" [] (I32 I32 -> I32) {} "1 when a <= b, unsigned, else 0.";
        0x32 I32GeS "i32.ge_s" [] (I32 I32 -> I32) {} "1 when a >= b, signed, else 0.";
        0x33 I32GeU "i32.ge_u" [] (I32 I32 -> I32) {} "1 when a >= b, unsigned, else 0.";
    }
    group "i64 arithmetic: wraps around; shift and rotate counts are taken modulo 64" {
        0x34 I64Add "i64.add" [] (I64 I64 -> I64) {} "a + b.";
        0x35 I64Sub "i64.sub" [] (I64 I64 -> I64) {} "a - b.";
        0x36 I64Mul "i64.mul" [] (I64 I64 -> I64) {} "a * b.";
        0x37 I64Div "i64.div" [] (I64 I64 -> I64) {THROW} "a / b towards zero; throws on 0; MIN / -1 = MIN (Java).";
        0x38 I64Rem "i64.rem" [] (I64 I64 -> I64) {THROW} "The rest of `div`, with the sign of a; throws on 0; MIN rem -1 = 0 (Java and WebAssembly).";
        0x39 I64DivU "i64.div_u" [] (I64 I64 -> I64) {THROW} "a / b, unsigned; throws on 0.";
        0x3a I64RemU "i64.rem_u" [] (I64 I64 -> I64) {THROW} "The rest of `div_u`; throws on 0.";
        0x3b I64And "i64.and" [] (I64 I64 -> I64) {} "Bitwise and.";
        0x3c I64Or "i64.or" [] (I64 I64 -> I64) {} "Bitwise or.";
        0x3d I64Xor "i64.xor" [] (I64 I64 -> I64) {} "Bitwise exclusive or.";
        0x3e I64Shl "i64.shl" [] (I64 I32 -> I64) {} "a << b; the count is an i32.";
        0x3f I64ShrS "i64.shr_s" [] (I64 I32 -> I64) {} "a >> b with the sign; the count is an i32.";
        0x40 I64ShrU "i64.shr_u" [] (I64 I32 -> I64) {} "a >> b with zeros; the count is an i32.";
        0x41 I64Neg "i64.neg" [] (I64 -> I64) {} "-a; MIN stays MIN.";
        0x42 I64Extend8S "i64.extend8_s" [] (I64 -> I64) {} "The low 8 bits, sign-extended.";
        0x43 I64Extend16S "i64.extend16_s" [] (I64 -> I64) {} "The low 16 bits, sign-extended.";
        0x44 I64Extend32S "i64.extend32_s" [] (I64 -> I64) {} "The low 32 bits, sign-extended.";
        0x45 I64Eqz "i64.eqz" [] (I64 -> I32) {} "1 when a is 0, else 0.";
        0x46 I64Eq "i64.eq" [] (I64 I64 -> I32) {} "1 when a = b, else 0.";
        0x47 I64Ne "i64.ne" [] (I64 I64 -> I32) {} "1 when a is not b, else 0.";
        0x48 I64LtS "i64.lt_s" [] (I64 I64 -> I32) {} "1 when a < b, signed, else 0.";
        0x49 I64LtU "i64.lt_u" [] (I64 I64 -> I32) {} "1 when a < b, unsigned, else 0.";
        0x4a I64GtS "i64.gt_s" [] (I64 I64 -> I32) {} "1 when a > b, signed, else 0.";
        0x4b I64GtU "i64.gt_u" [] (I64 I64 -> I32) {} "1 when a > b, unsigned, else 0.";
        0x4c I64LeS "i64.le_s" [] (I64 I64 -> I32) {} "1 when a <= b, signed, else 0.";
        0x4d I64LeU "i64.le_u" [] (I64 I64 -> I32) {} "1 when a <= b, unsigned, else 0.";
        0x4e I64GeS "i64.ge_s" [] (I64 I64 -> I32) {} "1 when a >= b, signed, else 0.";
        0x4f I64GeU "i64.ge_u" [] (I64 I64 -> I32) {} "1 when a >= b, unsigned, else 0.";
        0x50 I64Cmp "i64.cmp" [] (I64 I64 -> I32) {} "-1, 0 or 1: a compared with b, signed.";
    }
    group "f32 arithmetic: IEEE 754, round to nearest even, no traps" {
        0x51 F32Add "f32.add" [] (F32 F32 -> F32) {} "a + b.";
        0x52 F32Sub "f32.sub" [] (F32 F32 -> F32) {} "a - b.";
        0x53 F32Mul "f32.mul" [] (F32 F32 -> F32) {} "a * b.";
        0x54 F32Div "f32.div" [] (F32 F32 -> F32) {} "a / b.";
        0x55 F32Rem "f32.rem" [] (F32 F32 -> F32) {} "The rest of the division truncated towards zero (C's `fmod`, Java's `%`), not the IEEE remainder.";
        0x56 F32Neg "f32.neg" [] (F32 -> F32) {} "Flips the sign bit.";
        0x57 F32Eq "f32.eq" [] (F32 F32 -> I32) {} "1 when a = b, else 0.";
        0x58 F32Ne "f32.ne" [] (F32 F32 -> I32) {} "1 when a is not b or one is NaN, else 0.";
        0x59 F32Lt "f32.lt" [] (F32 F32 -> I32) {} "1 when a < b, else 0.";
        0x5a F32Gt "f32.gt" [] (F32 F32 -> I32) {} "1 when a > b, else 0.";
        0x5b F32Le "f32.le" [] (F32 F32 -> I32) {} "1 when a <= b, else 0.";
        0x5c F32Ge "f32.ge" [] (F32 F32 -> I32) {} "1 when a >= b, else 0.";
        0x5d F32Cmpl "f32.cmpl" [] (F32 F32 -> I32) {} "-1, 0 or 1; -1 when one is NaN.";
        0x5e F32Cmpg "f32.cmpg" [] (F32 F32 -> I32) {} "-1, 0 or 1; 1 when one is NaN.";
    }
    group "f64 arithmetic: IEEE 754, round to nearest even, no traps" {
        0x5f F64Add "f64.add" [] (F64 F64 -> F64) {} "a + b.";
        0x60 F64Sub "f64.sub" [] (F64 F64 -> F64) {} "a - b.";
        0x61 F64Mul "f64.mul" [] (F64 F64 -> F64) {} "a * b.";
        0x62 F64Div "f64.div" [] (F64 F64 -> F64) {} "a / b.";
        0x63 F64Rem "f64.rem" [] (F64 F64 -> F64) {} "The rest of the division truncated towards zero (C's `fmod`, Java's `%`), not the IEEE remainder.";
        0x64 F64Neg "f64.neg" [] (F64 -> F64) {} "Flips the sign bit.";
        0x65 F64Eq "f64.eq" [] (F64 F64 -> I32) {} "1 when a = b, else 0.";
        0x66 F64Ne "f64.ne" [] (F64 F64 -> I32) {} "1 when a is not b or one is NaN, else 0.";
        0x67 F64Lt "f64.lt" [] (F64 F64 -> I32) {} "1 when a < b, else 0.";
        0x68 F64Gt "f64.gt" [] (F64 F64 -> I32) {} "1 when a > b, else 0.";
        0x69 F64Le "f64.le" [] (F64 F64 -> I32) {} "1 when a <= b, else 0.";
        0x6a F64Ge "f64.ge" [] (F64 F64 -> I32) {} "1 when a >= b, else 0.";
        0x6b F64Cmpl "f64.cmpl" [] (F64 F64 -> I32) {} "-1, 0 or 1; -1 when one is NaN.";
        0x6c F64Cmpg "f64.cmpg" [] (F64 F64 -> I32) {} "-1, 0 or 1; 1 when one is NaN.";
    }
    group "Conversions in common use" {
        0x6d I32WrapI64 "i32.wrap_i64" [] (I64 -> I32) {} "The low 32 bits.";
        0x6e I64ExtendI32S "i64.extend_i32_s" [] (I32 -> I64) {} "Sign-extended.";
        0x6f I64ExtendI32U "i64.extend_i32_u" [] (I32 -> I64) {} "Zero-extended.";
        0x70 I32TruncSatF32S "i32.trunc_sat_f32_s" [] (F32 -> I32) {} "Towards zero; NaN gives 0, too large or small gives the nearest (Java's casts).";
        0x71 I32TruncSatF64S "i32.trunc_sat_f64_s" [] (F64 -> I32) {} "Towards zero; NaN gives 0, too large or small gives the nearest (Java's casts).";
        0x72 I64TruncSatF32S "i64.trunc_sat_f32_s" [] (F32 -> I64) {} "Towards zero; NaN gives 0, too large or small gives the nearest (Java's casts).";
        0x73 I64TruncSatF64S "i64.trunc_sat_f64_s" [] (F64 -> I64) {} "Towards zero; NaN gives 0, too large or small gives the nearest (Java's casts).";
        0x74 F32ConvertI32S "f32.convert_i32_s" [] (I32 -> F32) {} "Nearest, signed.";
        0x75 F32ConvertI32U "f32.convert_i32_u" [] (I32 -> F32) {} "Nearest, unsigned.";
        0x76 F32ConvertI64S "f32.convert_i64_s" [] (I64 -> F32) {} "Nearest, signed.";
        0x77 F32ConvertI64U "f32.convert_i64_u" [] (I64 -> F32) {} "Nearest, unsigned.";
        0x78 F64ConvertI32S "f64.convert_i32_s" [] (I32 -> F64) {} "Nearest, signed.";
        0x79 F64ConvertI32U "f64.convert_i32_u" [] (I32 -> F64) {} "Nearest, unsigned.";
        0x7a F64ConvertI64S "f64.convert_i64_s" [] (I64 -> F64) {} "Nearest, signed.";
        0x7b F64ConvertI64U "f64.convert_i64_u" [] (I64 -> F64) {} "Nearest, unsigned.";
        0x7c F32DemoteF64 "f32.demote_f64" [] (F64 -> F32) {} "Nearest f32.";
        0x7d F64PromoteF32 "f64.promote_f32" [] (F32 -> F64) {} "The same number.";
    }
    group "Branches; the target is relative to the start of the instruction" {
        0x7e Goto "goto" [Target] (->) {END BRANCH} "Goes to the target.";
        0x7f BrIf "br_if" [Target] (I32 ->) {BRANCH} "Goes when a is not 0.";
        0x80 BrIfz "br_ifz" [Target] (I32 ->) {BRANCH} "Goes when a is 0.";
        0x81 BrI32Eq "br_i32.eq" [Target] (I32 I32 ->) {BRANCH} "Goes when a = b.";
        0x82 BrI32Ne "br_i32.ne" [Target] (I32 I32 ->) {BRANCH} "Goes when a is not b.";
        0x83 BrI32LtS "br_i32.lt_s" [Target] (I32 I32 ->) {BRANCH} "Goes when a < b, signed.";
        0x84 BrI32LtU "br_i32.lt_u" [Target] (I32 I32 ->) {BRANCH} "Goes when a < b, unsigned.";
        0x85 BrI32GtS "br_i32.gt_s" [Target] (I32 I32 ->) {BRANCH} "Goes when a > b, signed.";
        0x86 BrI32GtU "br_i32.gt_u" [Target] (I32 I32 ->) {BRANCH} "Goes when a > b, unsigned.";
        0x87 BrI32LeS "br_i32.le_s" [Target] (I32 I32 ->) {BRANCH} "Goes when a <= b, signed.";
        0x88 BrI32LeU "br_i32.le_u" [Target] (I32 I32 ->) {BRANCH} "Goes when a <= b, unsigned.";
        0x89 BrI32GeS "br_i32.ge_s" [Target] (I32 I32 ->) {BRANCH} "Goes when a >= b, signed.";
        0x8a BrI32GeU "br_i32.ge_u" [Target] (I32 I32 ->) {BRANCH} "Goes when a >= b, unsigned.";
        0x8b BrI64Eq "br_i64.eq" [Target] (I64 I64 ->) {BRANCH} "Goes when a = b.";
        0x8c BrI64Ne "br_i64.ne" [Target] (I64 I64 ->) {BRANCH} "Goes when a is not b.";
        0x8d BrI64LtS "br_i64.lt_s" [Target] (I64 I64 ->) {BRANCH} "Goes when a < b, signed.";
        0x8e BrI64GtS "br_i64.gt_s" [Target] (I64 I64 ->) {BRANCH} "Goes when a > b, signed.";
        0x8f BrI64LeS "br_i64.le_s" [Target] (I64 I64 ->) {BRANCH} "Goes when a <= b, signed.";
        0x90 BrI64GeS "br_i64.ge_s" [Target] (I64 I64 ->) {BRANCH} "Goes when a >= b, signed.";
        0x91 BrNull "br_null" [Target] (Ref ->) {BRANCH} "Goes when a is null.";
        0x92 BrNonnull "br_nonnull" [Target] (Ref ->) {BRANCH} "Goes when a is not null.";
        0x93 BrRefEq "br_ref.eq" [Target] (Ref Ref ->) {BRANCH} "Goes when a and b are one object, or equal immediates.";
        0x94 BrRefNe "br_ref.ne" [Target] (Ref Ref ->) {BRANCH} "Goes when they are not.";
        0x95 TableSwitch "table_switch" [TableSwitch] (I32 ->) {END BRANCH} "Goes to the entry of a - low, or to the default.";
        0x96 LookupSwitch "lookup_switch" [LookupSwitch] (I32 ->) {END BRANCH} "Goes to the entry whose key is a, or to the default.";
    }
    group "Ends of a method" {
        0x97 Return "return" [] (special) {END} "Returns; pops the result when the descriptor has one.";
        0x98 Throw "throw" [] (Ref ->) {END SAFE THROW} "Throws the object; null throws a null pointer error.";
        0x99 Trap "trap" [] (->) {END THROW} "What cannot happen happened (WebAssembly's `unreachable`): throws a trap.";
        0x9a Sys "sys" [U16] (special) {SAFE THROW} "Body of an internal method: the kernel does the work on the arguments in the locals and pushes the result of the descriptor.";
    }
    group "Objects and fields" {
        0x9b New "new" [Class] (-> Ref) {SAFE THROW} "A new object with zeroed fields; the constructor is called apart.";
        0x9c GetField "get_field" [Field] (special) {THROW} "object -> value.";
        0x9d PutField "put_field" [Field] (special) {THROW} "object value ->.";
        0x9e GetStatic "get_static" [Field] (special) {SAFE THROW} "-> value; may initialise the class.";
        0x9f PutStatic "put_static" [Field] (special) {SAFE THROW} "value ->; may initialise the class.";
        0xa0 InstanceOf "instance_of" [Class] (Ref -> I32) {SAFE THROW} "1 when the object is an instance; 0 for null.";
        0xa1 CheckCast "check_cast" [Class] (Ref -> Ref) {SAFE THROW} "The same reference; throws when it is neither null nor an instance.";
        0xa2 ClassOf "class_of" [] (Ref -> Ref) {THROW} "The class of an object; throws on null.";
        0xa3 RefIsNull "ref.is_null" [] (Ref -> I32) {} "1 when a is null, else 0.";
        0xa4 RefEq "ref.eq" [] (Ref Ref -> I32) {} "1 when a and b are one object or equal immediates, else 0.";
        0xa5 MonitorEnter "monitor_enter" [] (Ref ->) {SAFE THROW} "Locks the object, waiting if another thread holds it.";
        0xa6 MonitorExit "monitor_exit" [] (Ref ->) {THROW} "Unlocks it; throws when this thread does not hold it.";
        0xa7 BoxI32 "box_i32" [] (I32 -> Ref) {THROW} "An `.internal.int`.";
        0xa8 BoxI64 "box_i64" [] (I64 -> Ref) {THROW} "An `.internal.long`.";
        0xa9 BoxF32 "box_f32" [] (F32 -> Ref) {THROW} "An `.internal.float`.";
        0xaa BoxF64 "box_f64" [] (F64 -> Ref) {THROW} "An `.internal.double`.";
        0xab UnboxI32 "unbox_i32" [] (Ref -> I32) {THROW} "The number in the object; throws on null and on other classes.";
        0xac UnboxI64 "unbox_i64" [] (Ref -> I64) {THROW} "The number in the object; throws on null and on other classes.";
        0xad UnboxF32 "unbox_f32" [] (Ref -> F32) {THROW} "The number in the object; throws on null and on other classes.";
        0xae UnboxF64 "unbox_f64" [] (Ref -> F64) {THROW} "The number in the object; throws on null and on other classes.";
    }
    group "Arrays; a null array, a bad index or another element kind throws" {
        0xaf NewArray "new_array" [Elem] (I32 -> Ref) {THROW} "A zeroed array of the element kind; throws when the length is negative.";
        0xb0 NewRefArray "new_ref_array" [Class] (I32 -> Ref) {SAFE THROW} "An array of nulls whose elements are of the class.";
        0xb1 MultiNewArray "multi_new_array" [Class, U8] (special) {SAFE THROW} "Lengths of the given number of outer dimensions -> array; the class is the array's own, as `[[I`.";
        0xb2 ArrayLen "array_len" [] (Ref -> I32) {THROW} "The length.";
        0xb3 ArrayGetBool "array.get_bool" [] (Ref I32 -> I32) {THROW} "array index -> element (0 or 1).";
        0xb4 ArrayGetI8 "array.get_i8" [] (Ref I32 -> I32) {THROW} "array index -> element (sign-extended; also of bool arrays).";
        0xb5 ArrayGetU16 "array.get_u16" [] (Ref I32 -> I32) {THROW} "array index -> element (zero-extended).";
        0xb6 ArrayGetI16 "array.get_i16" [] (Ref I32 -> I32) {THROW} "array index -> element (sign-extended).";
        0xb7 ArrayGetI32 "array.get_i32" [] (Ref I32 -> I32) {THROW} "array index -> element.";
        0xb8 ArrayGetI64 "array.get_i64" [] (Ref I32 -> I64) {THROW} "array index -> element.";
        0xb9 ArrayGetF32 "array.get_f32" [] (Ref I32 -> F32) {THROW} "array index -> element.";
        0xba ArrayGetF64 "array.get_f64" [] (Ref I32 -> F64) {THROW} "array index -> element.";
        0xbb ArrayGetRef "array.get_ref" [] (Ref I32 -> Ref) {THROW} "array index -> element.";
        0xbc ArraySetBool "array.set_bool" [] (Ref I32 I32 ->) {THROW} "array index value -> (the lowest bit).";
        0xbd ArraySetI8 "array.set_i8" [] (Ref I32 I32 ->) {THROW} "array index value -> (the low 8 bits; the lowest bit in bool arrays).";
        0xbe ArraySetU16 "array.set_u16" [] (Ref I32 I32 ->) {THROW} "array index value -> (the low 16 bits).";
        0xbf ArraySetI16 "array.set_i16" [] (Ref I32 I32 ->) {THROW} "array index value -> (the low 16 bits).";
        0xc0 ArraySetI32 "array.set_i32" [] (Ref I32 I32 ->) {THROW} "array index value ->.";
        0xc1 ArraySetI64 "array.set_i64" [] (Ref I32 I64 ->) {THROW} "array index value ->.";
        0xc2 ArraySetF32 "array.set_f32" [] (Ref I32 F32 ->) {THROW} "array index value ->.";
        0xc3 ArraySetF64 "array.set_f64" [] (Ref I32 F64 ->) {THROW} "array index value ->.";
        0xc4 ArraySetRef "array.set_ref" [] (Ref I32 Ref ->) {THROW} "array index value ->; throws when the element class does not admit it.";
    }
    group "Calls; operands: receiver first, then arguments; they become the callee's first locals" {
        0xc5 CallStatic "call_static" [Method] (special) {SAFE THROW} "A static method.";
        0xc6 CallSpecial "call_special" [Method] (special) {SAFE THROW} "Exactly the named method: constructor, private method, method of the superclass.";
        0xc7 CallVirtual "call_virtual" [Method] (special) {SAFE THROW} "The receiver's override of the method.";
        0xc8 CallInterface "call_interface" [Method] (special) {SAFE THROW} "The receiver's implementation of the interface method.";
        0xc9 CallOrdinal "call_ordinal" [U16, U8] (special) {SAFE THROW} "The method with the ordinal in the receiver's class: receiver and u8 arguments, all Ref, to Ref.";
        0xca CallName "call_name" [Name, U8] (special) {SAFE THROW} "The method with the name and number of arguments in the receiver's class, all Ref, to Ref.";
        0xcb CallRef "call_ref" [MethodType] (special) {SAFE THROW} "The function object below the arguments; throws when its type is another.";
        0xcc CallRefTop "call_ref_top" [MethodType] (special) {SAFE THROW} "The same with the function object above the arguments (WebAssembly, CLR).";
        0xcd CallSite "call_site" [CallSite] (special) {SAFE THROW} "A call site linked at its first call (invokedynamic).";
    }
    group "Linear memory in a binary object; operands: binary, address, then values. The address kind is an operand; i32 addresses are unsigned; address + offset never wraps; outside throws" {
        0xce I32Load "i32.load" [AddrKind, U32] (Ref Addr -> I32) {THROW} "Loads all bytes of the kind.";
        0xcf I64Load "i64.load" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads all bytes of the kind.";
        0xd0 F32Load "f32.load" [AddrKind, U32] (Ref Addr -> F32) {THROW} "Loads all bytes of the kind.";
        0xd1 F64Load "f64.load" [AddrKind, U32] (Ref Addr -> F64) {THROW} "Loads all bytes of the kind.";
        0xd2 I32Load8S "i32.load8_s" [AddrKind, U32] (Ref Addr -> I32) {THROW} "Loads 8 bits, sign-extended.";
        0xd3 I32Load8U "i32.load8_u" [AddrKind, U32] (Ref Addr -> I32) {THROW} "Loads 8 bits, zero-extended.";
        0xd4 I32Load16S "i32.load16_s" [AddrKind, U32] (Ref Addr -> I32) {THROW} "Loads 16 bits, sign-extended.";
        0xd5 I32Load16U "i32.load16_u" [AddrKind, U32] (Ref Addr -> I32) {THROW} "Loads 16 bits, zero-extended.";
        0xd6 I64Load8S "i64.load8_s" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 8 bits, sign-extended.";
        0xd7 I64Load8U "i64.load8_u" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 8 bits, zero-extended.";
        0xd8 I64Load16S "i64.load16_s" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 16 bits, sign-extended.";
        0xd9 I64Load16U "i64.load16_u" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 16 bits, zero-extended.";
        0xda I64Load32S "i64.load32_s" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 32 bits, sign-extended.";
        0xdb I64Load32U "i64.load32_u" [AddrKind, U32] (Ref Addr -> I64) {THROW} "Loads 32 bits, zero-extended.";
        0xdc I32Store "i32.store" [AddrKind, U32] (Ref Addr I32 ->) {THROW} "Stores all bytes of the value.";
        0xdd I64Store "i64.store" [AddrKind, U32] (Ref Addr I64 ->) {THROW} "Stores all bytes of the value.";
        0xde F32Store "f32.store" [AddrKind, U32] (Ref Addr F32 ->) {THROW} "Stores all bytes of the value.";
        0xdf F64Store "f64.store" [AddrKind, U32] (Ref Addr F64 ->) {THROW} "Stores all bytes of the value.";
        0xe0 I32Store8 "i32.store8" [AddrKind, U32] (Ref Addr I32 ->) {THROW} "Stores the low 8 bits.";
        0xe1 I32Store16 "i32.store16" [AddrKind, U32] (Ref Addr I32 ->) {THROW} "Stores the low 16 bits.";
        0xe2 I64Store8 "i64.store8" [AddrKind, U32] (Ref Addr I64 ->) {THROW} "Stores the low 8 bits.";
        0xe3 I64Store16 "i64.store16" [AddrKind, U32] (Ref Addr I64 ->) {THROW} "Stores the low 16 bits.";
        0xe4 I64Store32 "i64.store32" [AddrKind, U32] (Ref Addr I64 ->) {THROW} "Stores the low 32 bits.";
    }
    group "i32: rarer arithmetic" {
        0xfe00 I32DivS "i32.div_s" [] (I32 I32 -> I32) {THROW} "a / b towards zero; throws on 0 and on MIN / -1 (WebAssembly, CLR).";
        0xfe01 I32Rotl "i32.rotl" [] (I32 I32 -> I32) {} "Rotates left; the count is an i32.";
        0xfe02 I32Rotr "i32.rotr" [] (I32 I32 -> I32) {} "Rotates right; the count is an i32.";
        0xfe03 I32Clz "i32.clz" [] (I32 -> I32) {} "Leading zero bits.";
        0xfe04 I32Ctz "i32.ctz" [] (I32 -> I32) {} "Trailing zero bits.";
        0xfe05 I32Popcnt "i32.popcnt" [] (I32 -> I32) {} "One bits.";
        0xfe06 I32AddOvfS "i32.add_ovf_s" [] (I32 I32 -> I32) {THROW} "a + b; throws when the signed result does not fit.";
        0xfe07 I32AddOvfU "i32.add_ovf_u" [] (I32 I32 -> I32) {THROW} "a + b; throws when the unsigned result does not fit.";
        0xfe08 I32SubOvfS "i32.sub_ovf_s" [] (I32 I32 -> I32) {THROW} "a - b; throws when the signed result does not fit.";
        0xfe09 I32SubOvfU "i32.sub_ovf_u" [] (I32 I32 -> I32) {THROW} "a - b; throws when the unsigned result does not fit.";
        0xfe0a I32MulOvfS "i32.mul_ovf_s" [] (I32 I32 -> I32) {THROW} "a * b; throws when the signed result does not fit.";
        0xfe0b I32MulOvfU "i32.mul_ovf_u" [] (I32 I32 -> I32) {THROW} "a * b; throws when the unsigned result does not fit.";
    }
    group "i64: rarer arithmetic" {
        0xfe0c I64DivS "i64.div_s" [] (I64 I64 -> I64) {THROW} "a / b towards zero; throws on 0 and on MIN / -1 (WebAssembly, CLR).";
        0xfe0d I64Rotl "i64.rotl" [] (I64 I32 -> I64) {} "Rotates left; the count is an i32.";
        0xfe0e I64Rotr "i64.rotr" [] (I64 I32 -> I64) {} "Rotates right; the count is an i32.";
        0xfe0f I64Clz "i64.clz" [] (I64 -> I64) {} "Leading zero bits.";
        0xfe10 I64Ctz "i64.ctz" [] (I64 -> I64) {} "Trailing zero bits.";
        0xfe11 I64Popcnt "i64.popcnt" [] (I64 -> I64) {} "One bits.";
        0xfe12 I64AddOvfS "i64.add_ovf_s" [] (I64 I64 -> I64) {THROW} "a + b; throws when the signed result does not fit.";
        0xfe13 I64AddOvfU "i64.add_ovf_u" [] (I64 I64 -> I64) {THROW} "a + b; throws when the unsigned result does not fit.";
        0xfe14 I64SubOvfS "i64.sub_ovf_s" [] (I64 I64 -> I64) {THROW} "a - b; throws when the signed result does not fit.";
        0xfe15 I64SubOvfU "i64.sub_ovf_u" [] (I64 I64 -> I64) {THROW} "a - b; throws when the unsigned result does not fit.";
        0xfe16 I64MulOvfS "i64.mul_ovf_s" [] (I64 I64 -> I64) {THROW} "a * b; throws when the signed result does not fit.";
        0xfe17 I64MulOvfU "i64.mul_ovf_u" [] (I64 I64 -> I64) {THROW} "a * b; throws when the unsigned result does not fit.";
    }
    group "f32: rarer arithmetic" {
        0xfe18 F32Abs "f32.abs" [] (F32 -> F32) {} "Clears the sign bit.";
        0xfe19 F32Ceil "f32.ceil" [] (F32 -> F32) {} "Rounds up.";
        0xfe1a F32Floor "f32.floor" [] (F32 -> F32) {} "Rounds down.";
        0xfe1b F32Trunc "f32.trunc" [] (F32 -> F32) {} "Rounds towards zero.";
        0xfe1c F32Nearest "f32.nearest" [] (F32 -> F32) {} "Rounds to the nearest, ties to even.";
        0xfe1d F32Sqrt "f32.sqrt" [] (F32 -> F32) {} "Square root, correctly rounded.";
        0xfe1e F32Min "f32.min" [] (F32 F32 -> F32) {} "The smaller; NaN when one is NaN; -0 is less than 0.";
        0xfe1f F32Max "f32.max" [] (F32 F32 -> F32) {} "The larger; NaN when one is NaN; -0 is less than 0.";
        0xfe20 F32Copysign "f32.copysign" [] (F32 F32 -> F32) {} "a with the sign of b.";
    }
    group "f64: rarer arithmetic" {
        0xfe21 F64Abs "f64.abs" [] (F64 -> F64) {} "Clears the sign bit.";
        0xfe22 F64Ceil "f64.ceil" [] (F64 -> F64) {} "Rounds up.";
        0xfe23 F64Floor "f64.floor" [] (F64 -> F64) {} "Rounds down.";
        0xfe24 F64Trunc "f64.trunc" [] (F64 -> F64) {} "Rounds towards zero.";
        0xfe25 F64Nearest "f64.nearest" [] (F64 -> F64) {} "Rounds to the nearest, ties to even.";
        0xfe26 F64Sqrt "f64.sqrt" [] (F64 -> F64) {} "Square root, correctly rounded.";
        0xfe27 F64Min "f64.min" [] (F64 F64 -> F64) {} "The smaller; NaN when one is NaN; -0 is less than 0.";
        0xfe28 F64Max "f64.max" [] (F64 F64 -> F64) {} "The larger; NaN when one is NaN; -0 is less than 0.";
        0xfe29 F64Copysign "f64.copysign" [] (F64 F64 -> F64) {} "a with the sign of b.";
    }
    group "Rarer conversions" {
        0xfe2a I32TruncF32S "i32.trunc_f32_s" [] (F32 -> I32) {THROW} "Towards zero; throws on NaN and when the signed result does not fit.";
        0xfe2b I32TruncF32U "i32.trunc_f32_u" [] (F32 -> I32) {THROW} "Towards zero; throws on NaN and when the unsigned result does not fit.";
        0xfe2c I32TruncF64S "i32.trunc_f64_s" [] (F64 -> I32) {THROW} "Towards zero; throws on NaN and when the signed result does not fit.";
        0xfe2d I32TruncF64U "i32.trunc_f64_u" [] (F64 -> I32) {THROW} "Towards zero; throws on NaN and when the unsigned result does not fit.";
        0xfe2e I64TruncF32S "i64.trunc_f32_s" [] (F32 -> I64) {THROW} "Towards zero; throws on NaN and when the signed result does not fit.";
        0xfe2f I64TruncF32U "i64.trunc_f32_u" [] (F32 -> I64) {THROW} "Towards zero; throws on NaN and when the unsigned result does not fit.";
        0xfe30 I64TruncF64S "i64.trunc_f64_s" [] (F64 -> I64) {THROW} "Towards zero; throws on NaN and when the signed result does not fit.";
        0xfe31 I64TruncF64U "i64.trunc_f64_u" [] (F64 -> I64) {THROW} "Towards zero; throws on NaN and when the unsigned result does not fit.";
        0xfe32 I32TruncSatF32U "i32.trunc_sat_f32_u" [] (F32 -> I32) {} "Towards zero, unsigned; NaN gives 0, too large or small gives the nearest.";
        0xfe33 I32TruncSatF64U "i32.trunc_sat_f64_u" [] (F64 -> I32) {} "Towards zero, unsigned; NaN gives 0, too large or small gives the nearest.";
        0xfe34 I64TruncSatF32U "i64.trunc_sat_f32_u" [] (F32 -> I64) {} "Towards zero, unsigned; NaN gives 0, too large or small gives the nearest.";
        0xfe35 I64TruncSatF64U "i64.trunc_sat_f64_u" [] (F64 -> I64) {} "Towards zero, unsigned; NaN gives 0, too large or small gives the nearest.";
        0xfe36 I32ReinterpretF32 "i32.reinterpret_f32" [] (F32 -> I32) {} "The same bits; every NaN keeps its payload.";
        0xfe37 I64ReinterpretF64 "i64.reinterpret_f64" [] (F64 -> I64) {} "The same bits; every NaN keeps its payload.";
        0xfe38 F32ReinterpretI32 "f32.reinterpret_i32" [] (I32 -> F32) {} "The same bits.";
        0xfe39 F64ReinterpretI64 "f64.reinterpret_i64" [] (I64 -> F64) {} "The same bits.";
    }
    group "Rarer branches" {
        0xfe3a BrI64LtU "br_i64.lt_u" [Target] (I64 I64 ->) {BRANCH} "Goes when a < b, unsigned.";
        0xfe3b BrI64GtU "br_i64.gt_u" [Target] (I64 I64 ->) {BRANCH} "Goes when a > b, unsigned.";
        0xfe3c BrI64LeU "br_i64.le_u" [Target] (I64 I64 ->) {BRANCH} "Goes when a <= b, unsigned.";
        0xfe3d BrI64GeU "br_i64.ge_u" [Target] (I64 I64 ->) {BRANCH} "Goes when a >= b, unsigned.";
    }
    group "Linear memory as a whole" {
        0xfe3e MemSize "mem.size" [] (Ref -> I64) {THROW} "Size of the binary in bytes.";
        0xfe3f MemGrow "mem.grow" [] (Ref I64 -> I64) {THROW} "Grows it by a number of bytes: the old size, or -1 when it may not grow so far.";
        0xfe40 MemCopy "mem.copy" [AddrKind] (Ref Addr Ref Addr Addr ->) {THROW} "to, address, from, address, count: copies bytes, overlap allowed; throws before the first byte when one is outside.";
        0xfe41 MemFill "mem.fill" [AddrKind] (Ref Addr I32 Addr ->) {THROW} "binary, address, byte, count: fills.";
        0xfe42 MemInit "mem.init" [AddrKind, Binary] (Ref Addr I32 I32 ->) {THROW} "binary, address, offset in the constant, count: copies from a constant of the pool.";
    }
    group "Atomics, sequentially consistent; a misaligned address throws. The shape is an operand" {
        0xfe43 AtomicLoad "atomic.load" [Shape, AddrKind, U32] (Ref Addr -> Value) {THROW} "Loads, zero-extended.";
        0xfe44 AtomicStore "atomic.store" [Shape, AddrKind, U32] (Ref Addr Value ->) {THROW} "Stores the low bits.";
        0xfe45 AtomicRmw "atomic.rmw" [Rmw, Shape, AddrKind, U32] (Ref Addr Value -> Value) {THROW} "Combines and gives the old value, zero-extended.";
        0xfe46 AtomicCmpxchg "atomic.cmpxchg" [Shape, AddrKind, U32] (Ref Addr Value Value -> Value) {THROW} "binary, address, expected, new: gives the old value, zero-extended.";
        0xfe47 AtomicFence "atomic.fence" [] (->) {} "A full fence.";
        0xfe48 AtomicWait32 "atomic.wait32" [AddrKind, U32] (Ref Addr I32 I64 -> I32) {SAFE THROW} "binary, address, expected, timeout in ns (negative: none): 0 woken, 1 not equal, 2 timed out.";
        0xfe49 AtomicWait64 "atomic.wait64" [AddrKind, U32] (Ref Addr I64 I64 -> I32) {SAFE THROW} "The same with an i64.";
        0xfe4a AtomicNotify "atomic.notify" [AddrKind, U32] (Ref Addr I32 -> I32) {THROW} "binary, address, most: wakes waiters; how many.";
    }
}

impl Op {
    /// As the assembler writes it.
    pub fn mnemonic(self) -> &'static str {
        self.spec().mnemonic
    }
    /// Whether control never goes on to the next instruction.
    pub fn ends_block(self) -> bool {
        self.spec().flags.has(OpFlags::END)
    }
    /// Whether it has a target.
    pub fn is_branch(self) -> bool {
        self.spec().flags.has(OpFlags::BRANCH)
    }
    /// Whether it is a safepoint by itself.
    pub fn is_safepoint(self) -> bool {
        self.spec().flags.has(OpFlags::SAFE)
    }
    /// Whether it may throw.
    pub fn can_throw(self) -> bool {
        self.spec().flags.has(OpFlags::THROW)
    }
}

/// Most operands that an instruction has.
pub const OPERANDS_MAX: usize = 4;

/// A decoded instruction.
///
/// Operands are widened to 64 bits: signed ones sign-extended, others zero-extended, floats as their bits,
/// targets absolute (a target that is outside the code stays so and is the verifier's to reject).
/// A switch has its default target in `args[0]`, its lowest key (table) in `args[1]` and its number of entries in
/// `args[2]`; the entries come from [`Insn::entries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// Offset of its first byte in the code.
    pub pc: u32,
    /// Offset of the byte after it.
    pub next: u32,
    /// The instruction.
    pub op: Op,
    /// Its operands in the order of [`Spec::operands`].
    pub args: [i64; OPERANDS_MAX],
}

/// Why bytes are no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsnError {
    /// No instruction has the value.
    #[error("no instruction has the value {0:#04x}")]
    Unknown(u16),
    /// The code ends inside it.
    #[error("the code ends inside `{}`", .0.mnemonic())]
    Truncated(Op),
    /// The code ends after the prefix byte, or the offset is outside.
    #[error("the code ends where an instruction is expected")]
    Empty,
    /// An operand has a value that means nothing.
    #[error("`{}` has the operand {value}, which means nothing", .op.mnemonic())]
    BadOperand {
        /// The instruction.
        op: Op,
        /// Value of the operand.
        value: u8,
    },
    /// The keys of a lookup switch do not ascend.
    #[error("the keys of `lookup_switch` do not ascend at {0}")]
    KeyOrder(i32),
}

fn le<const N: usize>(code: &[u8], at: usize) -> Option<[u8; N]> {
    code.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Insn {
    /// Decodes the instruction at `pc`.
    ///
    /// # Errors
    /// When the bytes are no instruction.
    pub fn decode(code: &[u8], pc: u32) -> Result<Insn, InsnError> {
        let mut at = pc as usize;
        let first = *code.get(at).ok_or(InsnError::Empty)?;
        at += 1;
        let value = if first == PREFIX {
            let second = *code.get(at).ok_or(InsnError::Empty)?;
            at += 1;
            u16::from_be_bytes([PREFIX, second])
        } else {
            u16::from(first)
        };
        let op = Op::from_value(value).ok_or(InsnError::Unknown(value))?;
        let cut = InsnError::Truncated(op);
        let mut args = [0i64; OPERANDS_MAX];
        for (slot, operand) in op.spec().operands.iter().enumerate() {
            let byte = || le::<1>(code, at).map(|[b]| b).ok_or(cut);
            let word = || le::<4>(code, at).map(i32::from_le_bytes).ok_or(cut);
            args[slot] = match operand {
                Operand::I8 => i64::from(byte()? as i8),
                Operand::U8 => i64::from(byte()?),
                Operand::Elem => checked(op, byte()?, Elem::from_value(byte()?).is_some())?,
                Operand::AddrKind => checked(op, byte()?, AddrKind::from_value(byte()?).is_some())?,
                Operand::Shape => checked(op, byte()?, Shape::from_value(byte()?).is_some())?,
                Operand::Rmw => checked(op, byte()?, Rmw::from_value(byte()?).is_some())?,
                Operand::I16 => i64::from(le::<2>(code, at).map(i16::from_le_bytes).ok_or(cut)?),
                Operand::U16 | Operand::Local => {
                    i64::from(le::<2>(code, at).map(u16::from_le_bytes).ok_or(cut)?)
                }
                Operand::I32 => i64::from(word()?),
                Operand::I64 | Operand::F64 => le::<8>(code, at).map(i64::from_le_bytes).ok_or(cut)?,
                Operand::Target => i64::from(pc) + i64::from(word()?),
                Operand::TableSwitch => {
                    args[0] = i64::from(pc) + i64::from(word()?);
                    args[1] = i64::from(le::<4>(code, at + 4).map(i32::from_le_bytes).ok_or(cut)?);
                    let count = le::<4>(code, at + 8).map(u32::from_le_bytes).ok_or(cut)?;
                    args[2] = i64::from(count);
                    let bytes = (count as usize).checked_mul(4).ok_or(cut)?;
                    at = at.checked_add(bytes).filter(|end| *end <= code.len()).ok_or(cut)?;
                    args[0]
                }
                Operand::LookupSwitch => {
                    args[0] = i64::from(pc) + i64::from(word()?);
                    let count = le::<4>(code, at + 4).map(u32::from_le_bytes).ok_or(cut)?;
                    args[2] = i64::from(count);
                    let bytes = (count as usize).checked_mul(8).ok_or(cut)?;
                    let end = at.checked_add(bytes).filter(|end| *end <= code.len()).ok_or(cut)?;
                    let mut last = None;
                    for pair in 0..count as usize {
                        let key = le::<4>(code, at + 8 + 8 * pair).map(i32::from_le_bytes).ok_or(cut)?;
                        if last.is_some_and(|last| last >= key) {
                            return Err(InsnError::KeyOrder(key));
                        }
                        last = Some(key);
                    }
                    at = end;
                    args[0]
                }
                _ => i64::from(word()? as u32),
            };
            at += operand.size();
            if at > code.len() {
                return Err(cut);
            }
        }
        let next = u32::try_from(at).map_err(|_| cut)?;
        Ok(Insn { pc, next, op, args })
    }

    /// Index of the local, when the first operand is one.
    pub fn local(&self) -> u16 {
        self.args[0] as u16
    }
    /// Pool index of the first operand that is one.
    pub fn pool_index(&self) -> Option<u32> {
        let slot = self.op.spec().operands.iter().position(|operand| operand.is_pool())?;
        Some(self.args[slot] as u32)
    }
    /// Target of a branch, default target of a switch.
    pub fn target(&self) -> u32 {
        self.args[0] as u32
    }
    /// Kind of the address of a linear memory access.
    pub fn addr_kind(&self) -> Option<AddrKind> {
        self.args[self.operand_slot(Operand::AddrKind)?].try_into().ok().and_then(AddrKind::from_value)
    }
    /// Static offset of a linear memory access.
    pub fn offset(&self) -> Option<u32> {
        Some(self.args[self.operand_slot(Operand::U32)?] as u32)
    }
    /// Shape of an atomic access.
    pub fn shape(&self) -> Option<Shape> {
        self.args[self.operand_slot(Operand::Shape)?].try_into().ok().and_then(Shape::from_value)
    }
    fn operand_slot(&self, wanted: Operand) -> Option<usize> {
        self.op.spec().operands.iter().position(|operand| *operand == wanted)
    }

    /// The keys and absolute targets of a switch in `code`, the code that it was decoded from; nothing otherwise.
    pub fn entries<'a>(&self, code: &'a [u8]) -> impl Iterator<Item = (i64, i64)> + use<'a> {
        let (pc, low, count) = (i64::from(self.pc), self.args[1], self.args[2] as usize);
        let table = self.op == Op::TableSwitch;
        let (first, step, count) = match self.op {
            Op::TableSwitch => (self.next as usize - 4 * count, 4, count),
            Op::LookupSwitch => (self.next as usize - 8 * count, 8, count),
            _ => (0, 1, 0),
        };
        (0..count).filter_map(move |i| {
            let at = first + i * step;
            let word = le::<4>(code, at).map(i32::from_le_bytes)?;
            Some(if table {
                (low + i as i64, pc + i64::from(word))
            } else {
                (i64::from(word), pc + i64::from(le::<4>(code, at + 4).map(i32::from_le_bytes)?))
            })
        })
    }

    /// Appends the instruction to `out` at offset `pc`, its targets relative to there; a switch takes its entries
    /// (keys, absolute targets) from `entries`.
    pub fn encode(&self, entries: &[(i64, i64)], out: &mut Vec<u8>) {
        let [high, low] = (self.op as u16).to_be_bytes();
        if high == PREFIX {
            out.push(high);
        }
        out.push(low);
        let relative = |target: i64| ((target - i64::from(self.pc)) as i32).to_le_bytes();
        for (operand, arg) in self.op.spec().operands.iter().zip(self.args) {
            match operand {
                Operand::Target => out.extend(relative(arg)),
                Operand::TableSwitch => {
                    out.extend(relative(arg));
                    out.extend((self.args[1] as i32).to_le_bytes());
                    out.extend((entries.len() as u32).to_le_bytes());
                    entries.iter().for_each(|(_, target)| out.extend(relative(*target)));
                }
                Operand::LookupSwitch => {
                    out.extend(relative(arg));
                    out.extend((entries.len() as u32).to_le_bytes());
                    for (key, target) in entries {
                        out.extend((*key as i32).to_le_bytes());
                        out.extend(relative(*target));
                    }
                }
                _ => out.extend_from_slice(&arg.to_le_bytes()[..operand.size()]),
            }
        }
    }
}

fn checked(op: Op, byte: u8, known: bool) -> Result<i64, InsnError> {
    if known { Ok(i64::from(byte)) } else { Err(InsnError::BadOperand { op, value: byte }) }
}

/// The instructions of `code` in order; ends after the first error.
pub fn instructions(code: &[u8]) -> impl Iterator<Item = Result<Insn, (u32, InsnError)>> + '_ {
    let mut pc = Some(0u32);
    core::iter::from_fn(move || {
        let at = pc.filter(|at| (*at as usize) < code.len())?;
        let decoded = Insn::decode(code, at).map_err(|error| (at, error));
        pc = decoded.as_ref().ok().map(|insn| insn.next);
        Some(decoded)
    })
}
