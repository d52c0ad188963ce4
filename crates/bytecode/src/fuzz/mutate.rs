//! Damage to modules, from a seed: to the bytes of the file, or to what it holds.
//!
//! Damage to bytes mostly ends in the decoder. Damage to the structure knows what it damages (an instruction becomes
//! another of the same effect, a handler covers whole instructions, a constant is replaced by one of its sort), so
//! that what it gives comes far into the verifier, and often through it.

use super::{FUZZ, choose, odd_number};
use crate::file::{decode, encode, seal};
use crate::limits::NAME_BYTES_MAX;
use crate::module::{Attribute, ClassDef, Code, Const, Flags, HandleKind, Handler, Line, LocalName, Module};
use crate::op::{Effect, Insn, Op, Operand, instructions};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::prng::Prng;

/// The module file damaged in a way that depends on `seed`, the checksum sealed again.
///
/// A third of the mutants are damaged as bytes, the others as structures (code, tables, constants, flags), which
/// reach the verifier.
pub fn mutate(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut prng = Prng::new(seed);
    if prng.chance(2, 3)
        && let Ok(mut module) = decode(bytes)
    {
        for _ in 0..=prng.below(3) {
            mutate_module(&mut module, &mut prng);
        }
        return encode(&module);
    }
    let mut bytes = bytes.to_vec();
    for _ in 0..=prng.below(4) {
        mutate_bytes(&mut bytes, &mut prng);
    }
    seal(&mut bytes);
    bytes
}

fn pick<'a, T>(items: &'a mut [T], prng: &mut Prng) -> Option<&'a mut T> {
    if items.is_empty() { None } else { Some(&mut items[prng.below(items.len() as u64) as usize]) }
}

/// Doubles, removes or moves an element.
fn mutate_list<T: Clone>(items: &mut Vec<T>, prng: &mut Prng) {
    if items.is_empty() {
        return;
    }
    let at = prng.below(items.len() as u64) as usize;
    match prng.below(3) {
        0 => items.push(items[at].clone()),
        1 => drop(items.remove(at)),
        _ => items.swap(at, 0),
    }
}

fn mutate_bytes(bytes: &mut Vec<u8>, prng: &mut Prng) {
    let length = bytes.len() as u64;
    if length == 0 {
        return;
    }
    let at = prng.below(length) as usize;
    match prng.below(13) {
        0 | 1 => bytes[at] ^= 1 << prng.below(8),
        2 | 3 => bytes[at] = prng.next_u64() as u8,
        4 | 5 => {
            let number = odd_number(prng).to_le_bytes();
            let width = choose(&[1, 2, 4, 8], prng).min(bytes.len() - at);
            bytes[at..at + width].copy_from_slice(&number[..width]);
        }
        6 | 7 => bytes.truncate(at),
        8 | 9 => bytes.insert(at, prng.next_u64() as u8),
        10 | 11 => {
            let from = prng.below(length) as usize;
            let count = (prng.below(16) as usize).min(bytes.len() - at.max(from));
            bytes.copy_within(from..from + count, at);
        }
        _ => bytes.push(prng.next_u64() as u8),
    }
}

fn mutate_module(module: &mut Module, prng: &mut Prng) {
    let Module { pool, classes, .. } = module;
    match prng.below(16) {
        0 | 1 => mutate_pool(pool, prng),
        2 => match prng.below(3) {
            0 => mutate_list(pool, prng),
            1 => mutate_list(classes, prng),
            _ => module.entry = Some(odd_name(prng)),
        },
        3 | 4 => {
            if let Some(class) = pick(classes, prng) {
                mutate_class(class, pool.len() as u64, prng);
            }
        }
        _ => {
            let Some(class) = pick(classes, prng) else { return };
            let Some(code) = pick(&mut class.methods, prng).and_then(|method| method.code.as_mut()) else {
                return;
            };
            match prng.below(8) {
                0 => mutate_limits(code, prng),
                1 => mutate_tables(code, pool, prng),
                2 => mutate_bytes(&mut code.bytes, prng),
                _ => mutate_insn(&mut code.bytes, pool, prng),
            }
        }
    }
}

/// A name that is none, or means something.
fn odd_name(prng: &mut Prng) -> String {
    let name = choose(
        &["", "a;b", "[I", "[[LFuzz;", "[L", "a\nb", "<init>", "<clinit>", FUZZ, ".internal.object", "é"],
        prng,
    );
    if prng.chance(1, 64) { "n".repeat(NAME_BYTES_MAX + prng.below(2) as usize) } else { name.into() }
}

fn odd_field_desc(prng: &mut Prng) -> String {
    let descs =
        ["I", "J", "F", "D", "Z", "L.internal.object;", "[[I", "[LFuzz;", "V", "[", "L;", "LFuzz", "II", ""];
    choose(&descs, prng).into()
}

fn odd_method_desc(prng: &mut Prng) -> String {
    let params = if prng.chance(1, 16) { 253 + prng.below(3) } else { prng.below(4) };
    match prng.below(8) {
        0 | 1 => choose(&["", "()", "(I", "([)V", "()VV", "()II", "I"], prng).into(),
        2 => format!("({}){}", odd_field_desc(prng).repeat(params as usize), odd_field_desc(prng)),
        _ => {
            let kinds = ["I", "J", "F", "D", "Z", "LFuzz;", "[I", "[[LFuzz;"];
            let result = choose(&["V", "I", "J", "F", "D", "LFuzz;"], prng);
            format!("({}){result}", choose(&kinds, prng).repeat(params as usize))
        }
    }
}

/// Index of a constant of the sort of the one at `index`, or of any, or of none.
fn other_constant(pool: &[Const], index: u32, prng: &mut Prng) -> u32 {
    let sort = pool.get(index as usize).map(Const::sort);
    let same: Vec<u32> =
        (0u32..).zip(pool).filter(|(_, other)| Some(other.sort()) == sort).map(|(other, _)| other).collect();
    if same.is_empty() || prng.chance(1, 3) {
        prng.below(pool.len() as u64 + 1) as u32
    } else {
        choose(&same, prng)
    }
}

fn mutate_pool(pool: &mut [Const], prng: &mut Prng) {
    if pool.is_empty() {
        return;
    }
    let at = prng.below(pool.len() as u64) as usize;
    let below = prng.below(at as u64 + 2) as u32;
    match prng.below(8) {
        // What names it finds another sort.
        0 => pool[at] = pool[prng.below(pool.len() as u64) as usize].clone(),
        1 => pool[at] = Const::Handle { kind: choose(HandleKind::ALL, prng), target: below },
        2 => pool[at] = number(prng),
        _ => mutate_const(&mut pool[at], below, prng),
    }
}

/// Damages a constant; `below` is the index of a constant that mostly stands before it.
fn mutate_const(constant: &mut Const, below: u32, prng: &mut Prng) {
    match constant {
        Const::Class(name) | Const::Name(name) => *name = odd_name(prng),
        Const::MethodType(desc) => *desc = odd_method_desc(prng),
        Const::Str(text) | Const::Utf8(text) => text.push(choose(&['\n', 'é', '\0', '"'], prng)),
        Const::Field { class, name, desc } => match prng.below(3) {
            0 => *class = odd_name(prng),
            1 => *name = odd_name(prng),
            _ => *desc = odd_field_desc(prng),
        },
        Const::Method { class, name, desc, interface } => match prng.below(4) {
            0 => *class = odd_name(prng),
            1 => *name = odd_name(prng),
            2 => *interface = !*interface,
            _ => *desc = odd_method_desc(prng),
        },
        Const::Handle { kind, target } => {
            if prng.chance(1, 2) {
                *kind = choose(HandleKind::ALL, prng);
            }
            *target = if prng.chance(1, 8) { odd_number(prng) as u32 } else { below };
        }
        Const::CallSite { bootstrap, name, args, .. } | Const::Dynamic { bootstrap, name, args, .. }
            if prng.chance(1, 2) =>
        {
            match prng.below(3) {
                0 => *bootstrap = below,
                1 => *name = odd_name(prng),
                _ => args.push(below),
            }
        }
        Const::CallSite { desc, .. } => *desc = odd_method_desc(prng),
        Const::Dynamic { desc, .. } => *desc = odd_field_desc(prng),
        other => *other = number(prng),
    }
}

fn number(prng: &mut Prng) -> Const {
    let bits = odd_number(prng);
    match prng.below(4) {
        0 => Const::I32(bits as i32),
        1 => Const::I64(bits as i64),
        2 => Const::F32(bits as u32),
        _ => Const::F64(bits),
    }
}

fn mutate_class(class: &mut ClassDef, constants: u64, prng: &mut Prng) {
    match prng.below(16) {
        0 => class.flags.0 ^= 1 << prng.below(32),
        1 => class.flags.0 |= Flags::ABSTRACT.0,
        2 => class.super_name = Some(odd_name(prng)),
        3 => class.interfaces.push(odd_name(prng)),
        4 => class.name = odd_name(prng),
        5 => class.attributes.push(Attribute { name: odd_name(prng), bytes: [0; 3].into() }),
        6 => mutate_list(&mut class.fields, prng),
        7 => mutate_list(&mut class.methods, prng),
        8..=10 => {
            let Some(field) = pick(&mut class.fields, prng) else { return };
            match prng.below(4) {
                0 => field.value = Some(prng.below(constants + 2) as u32),
                1 => field.desc = odd_field_desc(prng),
                2 => field.name = odd_name(prng),
                _ => field.flags.0 ^= 1 << prng.below(32),
            }
        }
        _ => mutate_method(class, prng),
    }
}

fn mutate_method(class: &mut ClassDef, prng: &mut Prng) {
    let Some(method) = pick(&mut class.methods, prng) else { return };
    match prng.below(8) {
        0 => method.flags.0 ^= 1 << prng.below(32),
        1 => method.desc = odd_method_desc(prng),
        2 => method.name = odd_name(prng),
        3 => {
            let ordinal = Some(prng.below(3) as u16);
            method.ordinal = ordinal;
            if prng.chance(1, 2)
                && let Some(other) = pick(&mut class.methods, prng)
            {
                other.ordinal = ordinal;
            }
        }
        4 => method.param_names.push(odd_name(prng)),
        5 => method.code = None,
        6 => {
            // A constructor or class initialiser that is one.
            let (name, flags) = choose(&[("<init>", Flags::NONE), ("<clinit>", Flags::STATIC)], prng);
            (method.name, method.desc, method.flags) = (name.into(), "()V".into(), flags);
        }
        _ => {
            method.code = None;
            method.flags = choose(&[Flags::ABSTRACT, Flags::NATIVE, Flags::ABSTRACT | Flags::FINAL], prng);
            if prng.chance(1, 2) {
                class.flags |= Flags::ABSTRACT;
            }
        }
    }
}

fn mutate_limits(code: &mut Code, prng: &mut Prng) {
    let limit = if prng.chance(1, 2) { &mut code.max_stack } else { &mut code.max_locals };
    *limit = match prng.below(3) {
        0 => odd_number(prng) as u16,
        1 => limit.saturating_sub(1),
        _ => limit.saturating_add(1),
    };
}

/// Damages handlers, lines or names of locals; what is added lies mostly at starts of instructions.
fn mutate_tables(code: &mut Code, pool: &[Const], prng: &mut Prng) {
    let length = code.bytes.len() as u32;
    let mut starts: Vec<u32> = instructions(&code.bytes).map_while(Result::ok).map(|insn| insn.pc).collect();
    starts.push(length);
    let at = |prng: &mut Prng| {
        if prng.chance(1, 16) { prng.below(u64::from(length) + 2) as u32 } else { choose(&starts, prng) }
    };
    match prng.below(8) {
        0 => mutate_list(&mut code.handlers, prng),
        1 => mutate_list(&mut code.lines, prng),
        2 => {
            let line = Line { pc: at(prng), line: odd_number(prng) as u32 };
            let after = code.lines.partition_point(|other| other.pc < line.pc);
            code.lines.insert(after, line);
        }
        3 => {
            let (one, other) = (at(prng), at(prng));
            let (start, end) =
                if prng.chance(1, 8) { (one, other) } else { (one.min(other), one.max(other)) };
            let local = prng.below(u64::from(code.max_locals) + 1) as u16;
            let (name, desc) = (odd_name(prng), odd_field_desc(prng));
            code.local_names.push(LocalName { start, end, local, name, desc });
        }
        _ => {
            let (one, other, target) = (at(prng), at(prng), at(prng));
            let (start, end) =
                if prng.chance(1, 8) { (one, other) } else { (one.min(other), one.max(other)) };
            let first = pool.iter().position(|constant| matches!(constant, Const::Class(_)));
            let class = prng.chance(1, 2).then(|| other_constant(pool, first.unwrap_or(0) as u32, prng));
            code.handlers.push(Handler { start, end, target, class });
        }
    }
}

/// Changes one instruction into another with operands of the same width, changes its operands, drops it, or swaps it
/// with the next.
fn mutate_insn(bytes: &mut [u8], pool: &[Const], prng: &mut Prng) {
    let insns: Vec<Insn> = instructions(bytes).map_while(Result::ok).collect();
    if insns.is_empty() {
        return;
    }
    let insn = choose(&insns, prng);
    let [start, end] = [insn.pc as usize, insn.next as usize];
    let operands = insn.op.spec().operands;
    match prng.below(8) {
        0 => bytes[start..end].fill(Op::Nop as u8),
        1 => {
            let next = insns.iter().find(|next| next.pc == insn.next).map_or(end, |next| next.next as usize);
            bytes[start..next].rotate_left(end - start);
        }
        2..=4 => replace_op(bytes, &insn, prng),
        _ if operands.is_empty() => replace_op(bytes, &insn, prng),
        _ if operands[0].is_pool() && (operands.len() == 1 || prng.chance(1, 2)) => {
            let index = other_constant(pool, insn.args[0] as u32, prng).to_le_bytes();
            bytes[start + 1..start + 5].copy_from_slice(&index);
        }
        _ if operands[0] == Operand::Target => {
            let target = i64::from(choose(&insns, prng).pc) - i64::from(insn.pc);
            bytes[end - 4..end].copy_from_slice(&(target as i32).to_le_bytes());
        }
        _ => {
            // The last byte most often: an operand of one byte, or the high one of a number.
            if prng.chance(1, 2) {
                bytes[end - 1] = prng.below(8) as u8;
            } else {
                bytes[end - 1 - prng.below((end - start - 1) as u64) as usize] = odd_number(prng) as u8;
            }
        }
    }
}

/// Another instruction with operands of the same width; in half of the cases with the same operands and effect.
fn replace_op(bytes: &mut [u8], insn: &Insn, prng: &mut Prng) {
    let size = |op: Op| op.spec().operands.iter().map(|operand| operand.size()).sum::<usize>();
    let prefixed = |op: Op| op as u16 > 0xff;
    let spec = insn.op.spec();
    let alike = spec.effect != Effect::Special && prng.chance(1, 2);
    let fits = |op: &Op| {
        size(*op) == size(insn.op)
            && prefixed(*op) == prefixed(insn.op)
            && (!alike || op.spec().operands == spec.operands && op.spec().effect == spec.effect)
    };
    let others: Vec<Op> = Op::ALL.iter().copied().filter(fits).collect();
    let op = choose(&others, prng);
    bytes[insn.pc as usize + usize::from(prefixed(op))] = op as u8;
}
