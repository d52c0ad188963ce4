//! The code of a method as instructions (JVMS 4.7.3, 4.9.1, chapter 6).
//!
//! Short, wide and quick forms are folded into the general one, so there are some 150 operations; targets are indexes of
//! instructions. *Invariant:* each target of a [`Body`] is the index of an instruction.

use crate::parse::{Attribute, ClassFile, Constant, Reader, Refusal, bad, find};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Operations by their numbers in JVMS 6.5, those that stay after folding.
pub(crate) mod op {
    macro_rules! ops { ($($name:ident = $value:literal)*) => { $(pub(crate) const $name: u8 = $value;)* }; }
    ops! {
        NOP = 0 ACONST_NULL = 1 ICONST_M1 = 2 ICONST_5 = 8 LCONST_0 = 9 LCONST_1 = 10 FCONST_0 = 11 FCONST_2 = 13
        DCONST_0 = 14 DCONST_1 = 15 BIPUSH = 16 SIPUSH = 17 LDC = 18 LDC_W = 19 LDC2_W = 20
        ILOAD = 21 DLOAD = 24 ALOAD = 25
        IALOAD = 46 LALOAD = 47 FALOAD = 48 DALOAD = 49 AALOAD = 50 BALOAD = 51 CALOAD = 52 SALOAD = 53
        ISTORE = 54 DSTORE = 57 ASTORE = 58
        IASTORE = 79 LASTORE = 80 FASTORE = 81 DASTORE = 82 AASTORE = 83 BASTORE = 84 CASTORE = 85 SASTORE = 86
        POP = 87 POP2 = 88 DUP = 89 DUP_X1 = 90 DUP_X2 = 91 DUP2 = 92 DUP2_X1 = 93 DUP2_X2 = 94 SWAP = 95
        IADD = 96 DREM = 115 INEG = 116 LNEG = 117 FNEG = 118 DNEG = 119
        ISHL = 120 LSHL = 121 ISHR = 122 LSHR = 123 IUSHR = 124 LUSHR = 125 IAND = 126 LXOR = 131 IINC = 132
        I2L = 133 I2F = 134 I2D = 135 L2I = 136 L2F = 137 L2D = 138 F2I = 139 F2L = 140 F2D = 141
        D2I = 142 D2L = 143 D2F = 144 I2B = 145 I2C = 146 I2S = 147
        LCMP = 148 FCMPL = 149 FCMPG = 150 DCMPL = 151 DCMPG = 152
        IFEQ = 153 IFNE = 154 IFLE = 158 IF_ICMPEQ = 159 IF_ICMPLE = 164 IF_ACMPEQ = 165 IF_ACMPNE = 166
        GOTO = 167 JSR = 168 RET = 169 TABLESWITCH = 170 LOOKUPSWITCH = 171
        IRETURN = 172 LRETURN = 173 FRETURN = 174 DRETURN = 175 ARETURN = 176 RETURN = 177
        GETSTATIC = 178 PUTSTATIC = 179 GETFIELD = 180 PUTFIELD = 181
        INVOKEVIRTUAL = 182 INVOKESPECIAL = 183 INVOKESTATIC = 184 INVOKEINTERFACE = 185 INVOKEDYNAMIC = 186
        NEW = 187 NEWARRAY = 188 ANEWARRAY = 189 ARRAYLENGTH = 190 ATHROW = 191 CHECKCAST = 192 INSTANCEOF = 193
        MONITORENTER = 194 MONITOREXIT = 195 WIDE = 196 MULTIANEWARRAY = 197 IFNULL = 198 IFNONNULL = 199
        GOTO_W = 200 JSR_W = 201
    }
}

/// One instruction, folded: of locals `a` is the index, of constants the pool index or the number, of branches the
/// target, of switches the index in [`Body::switches`]; `b` is the second operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insn {
    pub(crate) pc: u32,
    pub(crate) op: u8,
    pub(crate) a: i32,
    pub(crate) b: i32,
}

/// The targets of a switch.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) default: u32,
    /// Keys, ascending, and targets.
    pub(crate) entries: Vec<(i32, u32)>,
}

/// An exception handler: instructions `start..end`, target, class caught.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) target: u32,
    pub(crate) class: Option<String>,
}

/// The code of a method.
#[derive(Clone, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) max_stack: u16,
    pub(crate) max_locals: u16,
    pub(crate) insns: Vec<Insn>,
    pub(crate) switches: Vec<Switch>,
    pub(crate) handlers: Vec<Handler>,
    /// Line of the instructions from an offset on.
    pub(crate) lines: Vec<(u32, u32)>,
    /// Names of locals that hold references or ints.
    pub(crate) names: Vec<Name>,
    /// Content of the StackMapTable.
    pub(crate) frames: Option<&'a [u8]>,
    /// For each byte the index of the instruction that starts there.
    pub(crate) index_at: Vec<u32>,
    /// Whether instructions were copied: then offsets do not ascend.
    pub(crate) inlined: bool,
}

/// The name of a local from an instruction up to another.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) slot: u16,
    pub(crate) name: String,
}

/// Marks bytes at which no instruction starts.
pub(crate) const NO_INSN: u32 = u32::MAX;

/// Why code does not verify (JVMS 4.9, 4.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) pc: Option<u32>,
    pub(crate) what: String,
}

pub(crate) fn fail<T>(what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { pc: None, what: what.into() })
}
fn fail_at<T>(pc: usize, what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { pc: Some(pc as u32), what: what.into() })
}

/// The parts of a Code attribute, before the instructions are looked at.
pub(crate) struct Raw<'a> {
    max_stack: u16,
    max_locals: u16,
    code: &'a [u8],
    /// Start, end, target, class (0 for all).
    handlers: Vec<(u16, u16, u16, u16)>,
    lines: Vec<(u32, u32)>,
    /// Offsets where they begin and end.
    names: Vec<Name>,
    frames: Option<&'a [u8]>,
    /// Whether the padding of switches has to be zero: before version 51.
    old_padding: bool,
}

impl<'a> Raw<'a> {
    /// Reads a Code attribute.
    pub(crate) fn parse(class: &ClassFile<'a>, bytes: &'a [u8]) -> Result<Raw<'a>, Refusal> {
        let mut reader = Reader::new(bytes);
        let (max_stack, max_locals) = (reader.u16()?, reader.u16()?);
        let length = reader.u32()? as usize;
        if length == 0 || length > 65_535 {
            return bad(format!("Invalid method Code length {length} in class file {}", class.name));
        }
        let code = reader.take(length)?;
        let mut handlers = Vec::new();
        for _ in 0..reader.u16()? {
            let entry = (reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?);
            let (start, end, target, caught) = entry;
            if start >= end || usize::from(end) > length || usize::from(target) >= length {
                return bad(format!("Invalid exception table range in class file {}", class.name));
            }
            if caught != 0 && !matches!(class.constant(caught), Constant::Class(_)) {
                return bad(format!("Invalid catch_type index {caught} in class file {}", class.name));
            }
            handlers.push(entry);
        }
        let attributes: Vec<Attribute<'a>> = class.attributes_of(&mut reader)?;
        if !reader.is_at_end() {
            return bad(format!("Code attribute has wrong length in class file {}", class.name));
        }
        let mut lines = Vec::new();
        for attribute in attributes.iter().filter(|attribute| attribute.name == b"LineNumberTable") {
            let mut reader = Reader::new(attribute.bytes);
            for _ in 0..reader.u16()? {
                let (pc, line) = (u32::from(reader.u16()?), u32::from(reader.u16()?));
                if pc as usize >= length {
                    return bad(format!("Invalid pc in LineNumberTable in class file {}", class.name));
                }
                lines.push((pc, line));
            }
        }
        lines.sort_by_key(|(pc, _)| *pc);
        let mut names = Vec::new();
        for attribute in attributes.iter().filter(|attribute| attribute.name == b"LocalVariableTable") {
            let mut reader = Reader::new(attribute.bytes);
            for _ in 0..reader.u16()? {
                let (start, count) = (u32::from(reader.u16()?), u32::from(reader.u16()?));
                let (name, desc, slot) = (reader.u16()?, reader.u16()?, reader.u16()?);
                if start + count > length as u32 {
                    return bad(format!(
                        "Invalid length {count} in LocalVariableTable in class file {}",
                        class.name
                    ));
                }
                if class.utf8(desc)?.starts_with(['L', '[', 'I']) {
                    names.push(Name { start, end: start + count, slot, name: class.utf8(name)? });
                }
            }
        }
        let maps = attributes.iter().filter(|attribute| attribute.name == b"StackMapTable").count();
        if maps > 1 {
            return bad(format!("Multiple StackMapTable attributes in class file {}", class.name));
        }
        let frames = find(&attributes, b"StackMapTable");
        let old_padding = class.major < 51;
        Ok(Raw { max_stack, max_locals, code, handlers, lines, names, frames, old_padding })
    }

    /// Decodes the instructions.
    pub(crate) fn decode(&self, class: &ClassFile<'a>) -> Result<Body<'a>, Failure> {
        let length = self.code.len();
        let mut body = Body {
            max_stack: self.max_stack,
            max_locals: self.max_locals,
            insns: Vec::with_capacity(length / 2),
            switches: Vec::new(),
            handlers: Vec::new(),
            lines: self.lines.clone(),
            names: Vec::new(),
            frames: self.frames,
            index_at: vec![NO_INSN; length],
            inlined: false,
        };
        let mut at = 0;
        while at < length {
            body.index_at[at] = body.insns.len() as u32;
            at = self.instruction(at, &mut body)?;
        }
        let index = |pc: u32| match body.index_at.get(pc as usize) {
            Some(index) if *index != NO_INSN => Ok(*index),
            _ => fail_at(pc as usize, format!("Illegal target of jump or branch {pc}")),
        };
        for insn in &mut body.insns {
            if is_jump(insn.op) {
                insn.a = index(insn.a as u32)? as i32;
            }
        }
        for switch in &mut body.switches {
            switch.default = index(switch.default)?;
            for (_, target) in &mut switch.entries {
                *target = index(*target)?;
            }
        }
        // What is named from the middle of an instruction on is not looked at.
        for name in &self.names {
            let end = if name.end as usize == length { Ok(body.insns.len() as u32) } else { index(name.end) };
            if let (Ok(start), Ok(end)) = (index(name.start), end) {
                body.names.push(Name { start, end, ..name.clone() });
            }
        }
        for (start, end, target, caught) in &self.handlers {
            let starts = |pc: u16| match index(u32::from(pc)) {
                Ok(index) => Ok(index),
                Err(_) => fail("Illegal exception table range"),
            };
            let end = if usize::from(*end) == length { body.insns.len() as u32 } else { starts(*end)? };
            let class = match caught {
                0 => None,
                index => Some(
                    class
                        .class_name(*index)
                        .map_err(|error| Failure { pc: None, what: format!("{error}") })?,
                ),
            };
            body.handlers.push(Handler { start: starts(*start)?, end, target: starts(*target)?, class });
        }
        Ok(body)
    }

    /// Decodes one instruction and gives the offset of the next.
    fn instruction(&self, pc: usize, body: &mut Body<'a>) -> Result<usize, Failure> {
        let code = self.code;
        let byte = |at: usize| match code.get(at) {
            Some(byte) => Ok(*byte),
            None => fail_at(pc, "Falling off the end of the code"),
        };
        let short = |at: usize| Ok(i16::from_be_bytes([byte(at)?, byte(at + 1)?]));
        let index = |at: usize| Ok(i32::from(u16::from_be_bytes([byte(at)?, byte(at + 1)?])));
        let word =
            |at: usize| Ok(i32::from_be_bytes([byte(at)?, byte(at + 1)?, byte(at + 2)?, byte(at + 3)?]));
        let target = |offset: i32| match i32::try_from(pc).ok().and_then(|pc| pc.checked_add(offset)) {
            Some(target) if target >= 0 && (target as usize) < code.len() => Ok(target),
            _ => fail_at(pc, "Illegal target of jump or branch"),
        };
        let mut put = |op: u8, a: i32, b: i32| body.insns.push(Insn { pc: pc as u32, op, a, b });
        let first = code[pc];
        let next = match first {
            op::BIPUSH => {
                put(op::SIPUSH, i32::from(byte(pc + 1)? as i8), 0);
                pc + 2
            }
            op::SIPUSH => {
                put(op::SIPUSH, i32::from(short(pc + 1)?), 0);
                pc + 3
            }
            op::ICONST_M1..=op::ICONST_5 => {
                put(op::SIPUSH, i32::from(first) - 3, 0);
                pc + 1
            }
            op::LDC => {
                put(op::LDC, i32::from(byte(pc + 1)?), 0);
                pc + 2
            }
            op::LDC_W => {
                put(op::LDC, index(pc + 1)?, 0);
                pc + 3
            }
            op::ILOAD..=op::ALOAD | op::ISTORE..=op::ASTORE | op::RET => {
                put(first, i32::from(byte(pc + 1)?), 0);
                pc + 2
            }
            26..=45 => {
                put(op::ILOAD + (first - 26) / 4, i32::from((first - 26) % 4), 0);
                pc + 1
            }
            59..=78 => {
                put(op::ISTORE + (first - 59) / 4, i32::from((first - 59) % 4), 0);
                pc + 1
            }
            op::IINC => {
                put(op::IINC, i32::from(byte(pc + 1)?), i32::from(byte(pc + 2)? as i8));
                pc + 3
            }
            op::IFEQ..=op::JSR | op::IFNULL | op::IFNONNULL => {
                put(first, target(i32::from(short(pc + 1)?))?, 0);
                pc + 3
            }
            op::GOTO_W | op::JSR_W => {
                put(first - op::GOTO_W + op::GOTO, target(word(pc + 1)?)?, 0);
                pc + 5
            }
            op::TABLESWITCH | op::LOOKUPSWITCH => {
                let table = first == op::TABLESWITCH;
                let mut at = (pc + 4) & !3;
                let padded = (pc + 1..at).any(|pad| code.get(pad).is_some_and(|byte| *byte != 0));
                if padded && self.old_padding {
                    // Files before version 51 have zeros there.
                    return fail_at(pc, "Nonzero padding byte in lookupswitch or tableswitch");
                }
                let default = target(word(at)?)? as u32;
                let (low, count) = if table {
                    let (low, high) = (word(at + 4)?, word(at + 8)?);
                    at += 12;
                    (low, i64::from(high) - i64::from(low) + 1)
                } else {
                    at += 8;
                    (0, i64::from(word(at - 4)?))
                };
                if count < 0 || table && count == 0 || count > code.len() as i64 {
                    return fail_at(pc, "Illegal number of entries in a switch");
                }
                let mut entries: Vec<(i32, u32)> = Vec::with_capacity(count as usize);
                for number in 0..count as i32 {
                    let key = if table { low.wrapping_add(number) } else { word(at)? };
                    at += if table { 0 } else { 4 };
                    if entries.last().is_some_and(|(last, _)| *last >= key) {
                        return fail_at(pc, "Bad lookupswitch instruction");
                    }
                    entries.push((key, target(word(at)?)? as u32));
                    at += 4;
                }
                put(first, body.switches.len() as i32, 0);
                body.switches.push(Switch { default, entries });
                at
            }
            op::LDC2_W
            | op::GETSTATIC..=op::INVOKESTATIC
            | op::NEW
            | op::ANEWARRAY
            | op::CHECKCAST
            | op::INSTANCEOF => {
                put(first, index(pc + 1)?, 0);
                pc + 3
            }
            op::INVOKEINTERFACE | op::INVOKEDYNAMIC => {
                if byte(pc + 4)? != 0 || first == op::INVOKEDYNAMIC && byte(pc + 3)? != 0 {
                    return fail_at(
                        pc,
                        "Fourth operand byte of invokeinterface or invokedynamic must be zero",
                    );
                }
                put(first, index(pc + 1)?, i32::from(byte(pc + 3)?));
                pc + 5
            }
            op::NEWARRAY => {
                put(first, i32::from(byte(pc + 1)?), 0);
                pc + 2
            }
            op::MULTIANEWARRAY => {
                put(first, index(pc + 1)?, i32::from(byte(pc + 3)?));
                pc + 4
            }
            op::WIDE => match byte(pc + 1)? {
                wide @ (op::ILOAD..=op::ALOAD | op::ISTORE..=op::ASTORE | op::RET) => {
                    put(wide, index(pc + 2)?, 0);
                    pc + 4
                }
                op::IINC => {
                    put(op::IINC, index(pc + 2)?, i32::from(short(pc + 4)?));
                    pc + 6
                }
                _ => return fail_at(pc, "Bad wide instruction"),
            },
            op::NOP
            | op::ACONST_NULL
            | op::LCONST_0..=op::DCONST_1
            | op::IALOAD..=op::SALOAD
            | op::IASTORE..=op::LXOR
            | op::I2L..=op::DCMPG
            | op::IRETURN..=op::RETURN
            | op::ARRAYLENGTH
            | op::ATHROW
            | op::MONITORENTER
            | op::MONITOREXIT => {
                put(first, 0, 0);
                pc + 1
            }
            other => return fail_at(pc, format!("Bad instruction: {other:#x}")),
        };
        if next > code.len() { fail_at(pc, "Falling off the end of the code") } else { Ok(next) }
    }
}

/// Whether the operand `a` is a target.
pub(crate) fn is_jump(op: u8) -> bool {
    matches!(op, op::IFEQ..=op::JSR | op::IFNULL | op::IFNONNULL)
}

/// Whether control never goes on to the next instruction.
pub(crate) fn ends(op: u8) -> bool {
    matches!(op, op::GOTO | op::JSR | op::RET | op::TABLESWITCH..=op::RETURN | op::ATHROW)
}

impl Body<'_> {
    /// Calls `each` with the target of each branch of an instruction; `ret` has none here.
    pub(crate) fn targets(&self, insn: &Insn, mut each: impl FnMut(u32)) {
        if is_jump(insn.op) {
            each(insn.a as u32);
        } else if matches!(insn.op, op::TABLESWITCH | op::LOOKUPSWITCH) {
            let switch = &self.switches[insn.a as usize];
            each(switch.default);
            switch.entries.iter().for_each(|(_, target)| each(*target));
        }
    }
}
