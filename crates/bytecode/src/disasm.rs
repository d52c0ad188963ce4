//! Module to text, exactly: [`crate::assemble`] gives the same module back, whatever it holds.
//!
//! Constants are listed first; an instruction shows the constant itself where that is unambiguous, else its index.
//! Code that does not decode, or whose tables point into instructions, is written as bytes.

use crate::lexer::{is_bare, quoted};
use crate::module::{ClassDef, Code, Const, Flags, Handler, MethodDef, Module};
use crate::op::{AddrKind, Elem, Insn, Op, Operand, Rmw, Shape, instructions};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The module as assembler text.
pub fn disassemble(module: &Module) -> String {
    let mut out = format!("module {}\n", word(&module.name));
    line(&mut out, format_args!("language {}", module.language.name()));
    if let Some(source) = &module.source {
        line(&mut out, format_args!("source {}", quoted(source)));
    }
    if module.source_hash != 0 {
        line(&mut out, format_args!("source_hash {:#018x}", module.source_hash));
    }
    if let Some(entry) = &module.entry {
        line(&mut out, format_args!("entry {}", word(entry)));
    }
    for (index, constant) in module.pool.iter().enumerate() {
        line(&mut out, format_args!("const {index} = {}", constant_text(constant)));
    }
    let first = first_indexes(&module.pool);
    for class in &module.classes {
        out.push('\n');
        class_text(&mut out, &Names { pool: &module.pool, first: &first }, class);
    }
    out
}

/// One method as assembler text, for messages and debuggers.
pub fn disassemble_method(pool: &[Const], method: &MethodDef) -> String {
    let mut out = String::new();
    method_text(&mut out, &Names { pool, first: &first_indexes(pool) }, method);
    out
}

/// One instruction of `code` as assembler text, targets as `@offset`.
pub fn disassemble_insn(pool: &[Const], code: &[u8], insn: &Insn) -> String {
    insn_text(&Names { pool, first: &first_indexes(pool) }, code, insn, &|target| format!("@{target}"))
}

fn line(out: &mut String, text: core::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

struct Names<'a> {
    pool: &'a [Const],
    first: &'a BTreeMap<&'a Const, u32>,
}

fn first_indexes(pool: &[Const]) -> BTreeMap<&Const, u32> {
    let mut first = BTreeMap::new();
    for (index, constant) in pool.iter().enumerate() {
        first.entry(constant).or_insert(index as u32);
    }
    first
}

/// A name bare where that is unambiguous, else quoted.
fn word(name: &str) -> String {
    if is_bare(name) { name.into() } else { quoted(name) }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("x\"");
    bytes.iter().for_each(|byte| {
        let _ = write!(text, "{byte:02x}");
    });
    text.push('"');
    text
}

fn f32_text(bits: u32) -> String {
    let value = f32::from_bits(bits);
    if value.is_nan() { format!("nan:{bits:#x}") } else { format!("{value:?}") }
}

fn f64_text(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() { format!("nan:{bits:#x}") } else { format!("{value:?}") }
}

fn constant_text(constant: &Const) -> String {
    let sort = constant.sort();
    match constant {
        Const::I32(value) => format!("{sort} {value}"),
        Const::I64(value) => format!("{sort} {value}"),
        Const::F32(bits) => format!("{sort} {}", f32_text(*bits)),
        Const::F64(bits) => format!("{sort} {}", f64_text(*bits)),
        Const::Utf8(text) | Const::Str(text) => format!("{sort} {}", quoted(text)),
        Const::Class(text) | Const::Name(text) | Const::MethodType(text) => format!("{sort} {}", word(text)),
        Const::Field { .. } | Const::Method { .. } => format!("{sort} {}", member_text(constant)),
        Const::Handle { kind, target } => format!("{sort} {} #{target}", kind.name()),
        Const::CallSite { bootstrap, name, desc, args } | Const::Dynamic { bootstrap, name, desc, args } => {
            let args: String = args.iter().map(|arg| format!(" #{arg}")).collect();
            format!("{sort} #{bootstrap} {} {}{args}", word(name), word(desc))
        }
        Const::Binary(bytes) => format!("{sort} {}", hex(bytes)),
    }
}

fn member_text(constant: &Const) -> String {
    match constant {
        Const::Field { class, name, desc } => format!("{} {} {}", word(class), word(name), word(desc)),
        Const::Method { class, name, desc, interface } => {
            let prefix = if *interface { "interface " } else { "" };
            format!("{prefix}{} {} {}", word(class), word(name), word(desc))
        }
        _ => String::new(),
    }
}

fn flags_text(flags: Flags) -> String {
    let mut text = String::new();
    if flags != Flags::NONE {
        text.push_str(" flags");
    }
    for (_, name) in Flags::NAMES.iter().filter(|(flag, _)| flags.has(*flag)) {
        let _ = write!(text, " {name}");
    }
    let unknown = flags.0 & !Flags::all().0;
    if unknown != 0 {
        let _ = write!(text, " {unknown:#x}");
    }
    text
}

fn class_text(out: &mut String, names: &Names<'_>, class: &ClassDef) {
    let mut head = format!("class {} version {}", word(&class.name), class.version);
    if let Some(name) = &class.super_name {
        let _ = write!(head, " super {}", word(name));
    }
    if !class.interfaces.is_empty() {
        let list: Vec<String> = class.interfaces.iter().map(|name| word(name)).collect();
        let _ = write!(head, " implements {}", list.join(", "));
    }
    line(out, format_args!("{head}{} {{", flags_text(class.flags)));
    for attribute in &class.attributes {
        line(out, format_args!("  attribute {} {}", word(&attribute.name), hex(&attribute.bytes)));
    }
    for field in &class.fields {
        let value = field.value.map(|index| format!(" value #{index}")).unwrap_or_default();
        let flags = flags_text(field.flags);
        line(out, format_args!("  field {} {}{flags}{value}", word(&field.name), word(&field.desc)));
    }
    for method in &class.methods {
        method_text(out, names, method);
    }
    out.push_str("}\n");
}

fn method_text(out: &mut String, names: &Names<'_>, method: &MethodDef) {
    let mut head = format!("  method {} {}", word(&method.name), word(&method.desc));
    head.push_str(&flags_text(method.flags));
    if let Some(ordinal) = method.ordinal {
        let _ = write!(head, " ordinal {ordinal}");
    }
    if !method.param_names.is_empty() {
        let list: Vec<String> = method.param_names.iter().map(|name| word(name)).collect();
        let _ = write!(head, " params {}", list.join(", "));
    }
    let Some(code) = &method.code else {
        return line(out, format_args!("{head}"));
    };
    line(out, format_args!("{head} {{"));
    line(out, format_args!("    locals {}", code.max_locals));
    line(out, format_args!("    stack {}", code.max_stack));
    if !structured_code(out, names, code) {
        raw_code(out, names, code);
    }
    out.push_str("  }\n");
}

/// Writes instructions and tables with labels; writes nothing and says so when a table points into an instruction.
fn structured_code(out: &mut String, names: &Names<'_>, code: &Code) -> bool {
    let Ok(insns) = instructions(&code.bytes).collect::<Result<Vec<Insn>, _>>() else { return false };
    let length = code.bytes.len() as u32;
    let mut starts: BTreeSet<u32> = insns.iter().map(|insn| insn.pc).collect();
    let ascending = code.lines.windows(2).all(|two| two[0].pc < two[1].pc);
    if !ascending || !code.lines.iter().all(|line| starts.contains(&line.pc)) {
        return false;
    }
    let mut labels = Vec::new();
    for insn in insns.iter().filter(|insn| insn.op.is_branch()) {
        let targets =
            core::iter::once(insn.args[0]).chain(insn.entries(&code.bytes).map(|(_, target)| target));
        for target in targets {
            match u32::try_from(target).ok().filter(|target| starts.contains(target)) {
                Some(target) => labels.push(target),
                None => return false,
            }
        }
    }
    starts.insert(length);
    let in_handlers = code.handlers.iter().flat_map(|handler| [handler.start, handler.end, handler.target]);
    let in_names = code.local_names.iter().flat_map(|name| [name.start, name.end]);
    labels.extend(in_handlers.chain(in_names));
    if !labels.iter().all(|label| starts.contains(label)) {
        return false;
    }
    let labels: BTreeSet<u32> = labels.into_iter().collect();
    let mut lines = code.lines.iter().peekable();
    for insn in &insns {
        if labels.contains(&insn.pc) {
            line(out, format_args!("  L{}:", insn.pc));
        }
        if let Some(entry) = lines.next_if(|line| line.pc == insn.pc) {
            line(out, format_args!("    line {}", entry.line));
        }
        line(
            out,
            format_args!("    {}", insn_text(names, &code.bytes, insn, &|target| format!("L{target}"))),
        );
    }
    if labels.contains(&length) {
        line(out, format_args!("  L{length}:"));
    }
    tables(out, names, code, &|pc| format!("L{pc}"));
    true
}

fn raw_code(out: &mut String, names: &Names<'_>, code: &Code) {
    line(out, format_args!("    bytes {}", hex(&code.bytes)));
    for entry in &code.lines {
        line(out, format_args!("    line {} @{}", entry.line, entry.pc));
    }
    tables(out, names, code, &|pc| format!("@{pc}"));
}

fn tables(out: &mut String, names: &Names<'_>, code: &Code, label: &dyn Fn(u32) -> String) {
    for Handler { start, end, target, class } in &code.handlers {
        let class = class.map(|index| format!(" {}", class_operand(names, index))).unwrap_or_default();
        line(out, format_args!("    handler {} {} {}{class}", label(*start), label(*end), label(*target)));
    }
    for name in &code.local_names {
        let range = format!("{} {}", label(name.start), label(name.end));
        line(out, format_args!("    name {} {} {} {range}", name.local, word(&name.name), word(&name.desc)));
    }
}

fn class_operand(names: &Names<'_>, index: u32) -> String {
    match names.pool.get(index as usize) {
        Some(constant @ Const::Class(name)) if names.first.get(constant) == Some(&index) => word(name),
        _ => format!("#{index}"),
    }
}

fn insn_text(names: &Names<'_>, code: &[u8], insn: &Insn, label: &dyn Fn(i64) -> String) -> String {
    let mut text = String::from(insn.op.mnemonic());
    for (operand, arg) in insn.op.spec().operands.iter().zip(insn.args) {
        let byte = arg as u8;
        let shown = match operand {
            Operand::F32 => f32_text(arg as u32),
            Operand::F64 => f64_text(arg as u64),
            Operand::Target => label(arg),
            Operand::Elem => Elem::from_value(byte).map_or("?", Elem::name).into(),
            Operand::AddrKind => AddrKind::from_value(byte).map_or("?", AddrKind::name).into(),
            Operand::Shape => Shape::from_value(byte).map_or("?", Shape::name).into(),
            Operand::Rmw => Rmw::from_value(byte).map_or("?", Rmw::name).into(),
            Operand::TableSwitch | Operand::LookupSwitch => switch_text(code, insn, label),
            operand if operand.is_pool() => pool_text(names, insn.op, arg as u32),
            _ => arg.to_string(),
        };
        text.push(' ');
        text.push_str(&shown);
    }
    text
}

fn switch_text(code: &[u8], insn: &Insn, label: &dyn Fn(i64) -> String) -> String {
    let table = insn.op == Op::TableSwitch;
    let mut text = label(insn.args[0]);
    if table {
        let _ = write!(text, " {}", insn.args[1]);
    }
    for (i, (key, target)) in insn.entries(code).enumerate() {
        if i % 8 == 0 && i > 0 {
            text.push_str(" \\\n       ");
        }
        let target = label(target);
        let _ = if table { write!(text, " {target}") } else { write!(text, " {key} {target},") };
    }
    text
}

fn pool_text(names: &Names<'_>, op: Op, index: u32) -> String {
    let by_index = format!("#{index}");
    let Some(constant) = names.pool.get(index as usize) else { return by_index };
    if names.first.get(constant) != Some(&index) {
        return by_index;
    }
    let wanted = op.spec().operands.iter().find(|operand| operand.is_pool());
    match (wanted, constant) {
        // Long bytes stand once, in the list of constants.
        (_, Const::Binary(bytes)) if bytes.len() > 32 => by_index,
        (Some(Operand::Loadable), Const::Str(text)) => quoted(text),
        (Some(Operand::Loadable), Const::CallSite { .. } | Const::Dynamic { .. } | Const::Handle { .. }) => {
            by_index
        }
        (Some(Operand::Loadable), constant) => constant_text(constant),
        (Some(Operand::Class), Const::Class(name)) | (Some(Operand::Name), Const::Name(name)) => word(name),
        (Some(Operand::MethodType), Const::MethodType(desc)) => word(desc),
        (Some(Operand::Field), Const::Field { .. }) => member_text(constant),
        (Some(Operand::Method), Const::Method { class, name, desc, interface })
            if op == Op::CallInterface =>
        {
            // The instruction says that it is an interface.
            if *interface { format!("{} {} {}", word(class), word(name), word(desc)) } else { by_index }
        }
        (Some(Operand::Method), Const::Method { .. }) => member_text(constant),
        (Some(Operand::Binary), Const::Binary(bytes)) => hex(bytes),
        _ => by_index,
    }
}
