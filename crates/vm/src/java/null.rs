//! What was null where the machine threw a `NullPointerException`: the messages of JEP 358, made from the code of the
//! method when they are asked for, with the words of HotSpot (`bytecodeUtils.cpp`).
//!
//! The code is followed with the operands as the instructions that pushed them; where ways meet that pushed an operand by
//! different instructions, nothing is said of it.

use super::access::type_text;
use crate::Vm;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::effect::stack_counts;
use bytecode::{Code, Const, Descriptor, Flags, Insn, MethodDef, Module, Op, OpFlags, TypeDesc};
use layout::Value;

/// How deep what was null is described.
const DETAIL_MAX: u32 = 5;

/// The instruction that pushed an operand, by its offset, when it is the same on all ways.
type Source = Option<u32>;

/// What is known before an instruction.
#[derive(Clone, PartialEq, Eq)]
struct State {
    operands: Vec<Source>,
    /// Locals that may have been written.
    written: BTreeSet<u16>,
}

impl State {
    /// Takes in another way to the same instruction: whether that changed anything.
    fn merge(&mut self, other: &State) -> bool {
        let before = self.clone();
        for (own, its) in self.operands.iter_mut().zip(&other.operands) {
            if own != its {
                *own = None;
            }
        }
        self.written.extend(&other.written);
        *self != before
    }

    fn operand(&self, from_top: usize) -> Source {
        self.operands.len().checked_sub(from_top + 1).and_then(|index| self.operands[index])
    }

    /// Puts the topmost `count` operands again, below the `under` next ones too.
    fn copy(&mut self, count: usize, under: usize) {
        let end = self.operands.len();
        let Some(at) = end.checked_sub(count + under) else { return };
        let copied: Vec<Source> = self.operands[end - count..].to_vec();
        self.operands.splice(at..at, copied);
    }

    fn run(&mut self, insn: &Insn, pool: &[Const], desc: &Descriptor) -> Option<()> {
        match insn.op {
            Op::CheckCast => {}
            Op::Dup => self.copy(1, 0),
            Op::DupX1 => self.copy(1, 1),
            Op::DupX2 => self.copy(1, 2),
            Op::Dup2 => self.copy(2, 0),
            Op::Dup2X1 => self.copy(2, 1),
            Op::Dup2X2 => self.copy(2, 2),
            Op::Swap => {
                let len = self.operands.len();
                if len >= 2 {
                    self.operands.swap(len - 1, len - 2);
                }
            }
            op => {
                if matches!(op, Op::LocalSet | Op::LocalTee | Op::I32Inc) {
                    self.written.insert(insn.local());
                }
                if op != Op::LocalTee {
                    let (pops, pushes) = stack_counts(insn, pool, desc)?;
                    self.operands.truncate(self.operands.len().checked_sub(pops as usize)?);
                    self.operands.extend((0..pushes).map(|_| Some(insn.pc)));
                }
            }
        }
        Some(())
    }
}

/// A method's code, followed.
struct Followed<'m> {
    pool: &'m [Const],
    code: &'m Code,
    desc: Descriptor,
    statically: bool,
    states: BTreeMap<u32, State>,
}

impl<'m> Followed<'m> {
    fn new(module: &'m Module, method: &'m MethodDef) -> Option<Followed<'m>> {
        let mut followed = Followed {
            pool: &module.pool,
            code: method.code.as_ref()?,
            desc: Descriptor::parse(&method.desc).ok()?,
            statically: method.flags.has(Flags::STATIC),
            states: BTreeMap::new(),
        };
        let mut work = alloc::vec![0];
        followed.states.insert(0, State { operands: Vec::new(), written: BTreeSet::new() });
        while let Some(pc) = work.pop() {
            let insn = Insn::decode(&followed.code.bytes, pc).ok()?;
            let mut state = followed.states.get(&pc)?.clone();
            for handler in
                followed.code.handlers.iter().filter(|handler| (handler.start..handler.end).contains(&pc))
            {
                let caught = State { operands: alloc::vec![None], written: state.written.clone() };
                enter(&mut followed.states, &mut work, handler.target, &caught);
            }
            state.run(&insn, followed.pool, &followed.desc)?;
            let spec = insn.op.spec();
            if spec.flags.has(OpFlags::BRANCH) {
                enter(&mut followed.states, &mut work, insn.target(), &state);
            }
            for (_, target) in insn.entries(&followed.code.bytes) {
                enter(&mut followed.states, &mut work, target as u32, &state);
            }
            if !spec.flags.has(OpFlags::END) {
                enter(&mut followed.states, &mut work, insn.next, &state);
            }
        }
        Some(followed)
    }

    fn insn(&self, pc: u32) -> Option<Insn> {
        Insn::decode(&self.code.bytes, pc).ok()
    }

    fn constant(&self, insn: &Insn) -> Option<&'m Const> {
        self.pool.get(insn.pool_index()? as usize)
    }

    /// The message about the instruction at an offset that met null; none for what is no such instruction.
    fn message(&self, pc: u32) -> Option<String> {
        let insn = self.insn(pc)?;
        let (action, from_top) = match insn.op {
            Op::ArrayLen => ("Cannot read the array length".to_string(), 0),
            Op::Throw => ("Cannot throw exception".to_string(), 0),
            Op::MonitorEnter => ("Cannot enter synchronized block".to_string(), 0),
            Op::MonitorExit => ("Cannot exit synchronized block".to_string(), 0),
            Op::GetField | Op::PutField => {
                let Const::Field { name, .. } = self.constant(&insn)? else { return None };
                let put = insn.op == Op::PutField;
                (format!("Cannot {} field \"{name}\"", if put { "assign" } else { "read" }), usize::from(put))
            }
            Op::CallVirtual | Op::CallInterface | Op::CallSpecial => {
                let Const::Method { name, desc, .. } = self.constant(&insn)? else { return None };
                if name == "<init>" {
                    return None;
                }
                let params = Descriptor::parse(desc).ok()?.params.len();
                (format!("Cannot invoke \"{}\"", self.called(&insn)?), params)
            }
            op => match (read_array(op), written_array(op)) {
                (Some(kind), _) => (format!("Cannot load from {kind} array"), 1),
                (_, Some(kind)) => (format!("Cannot store to {kind} array"), 2),
                _ => return None,
            },
        };
        let source = self.states.get(&pc)?.operand(from_top);
        let Some((source, text)) =
            source.and_then(|source| Some((source, self.describe(source, DETAIL_MAX)?)))
        else {
            return Some(action);
        };
        let calls = matches!(
            self.insn(source)?.op,
            Op::CallVirtual | Op::CallInterface | Op::CallSpecial | Op::CallStatic
        );
        let why = if calls { "the return value of " } else { "" };
        Some(format!("{action} because {why}\"{text}\" is null"))
    }

    /// What the instruction at an offset pushed.
    fn describe(&self, pc: u32, detail: u32) -> Option<String> {
        if detail == 0 {
            return None;
        }
        let insn = self.insn(pc)?;
        let state = self.states.get(&pc)?;
        let operand = |from_top: usize, detail: u32| self.describe(state.operand(from_top)?, detail);
        match insn.op {
            Op::Null => Some("null".into()),
            Op::I32Const8 | Op::I32Const16 => Some(format!("{}", insn.args[0])),
            Op::LocalGet => Some(self.local(insn.local(), pc, state)),
            Op::GetStatic => {
                let Const::Field { class, name, .. } = self.constant(&insn)? else { return None };
                Some(format!("{}.{name}", short(class)))
            }
            Op::GetField => {
                let Const::Field { name, .. } = self.constant(&insn)? else { return None };
                Some(match operand(0, detail - 1) {
                    Some(of) => format!("{of}.{name}"),
                    None => name.clone(),
                })
            }
            Op::CallVirtual | Op::CallInterface | Op::CallSpecial | Op::CallStatic => self.called(&insn),
            op => {
                read_array(op)?;
                let array = operand(1, detail - 1).unwrap_or_else(|| "<array>".into());
                let index = operand(0, detail).unwrap_or_else(|| "...".into());
                Some(format!("{array}[{index}]"))
            }
        }
    }

    /// A method that is called, with its class and the types of its parameters.
    fn called(&self, insn: &Insn) -> Option<String> {
        let Const::Method { class, name, desc, .. } = self.constant(insn)? else { return None };
        let params = Descriptor::parse(desc).ok()?.params;
        let params: Vec<String> = params.iter().map(short_type).collect();
        Some(format!("{}.{name}({})", short(class), params.join(", ")))
    }

    /// Name of a local: that in the class file, or what it is.
    fn local(&self, local: u16, pc: u32, state: &State) -> String {
        let named = self.code.local_names.iter();
        let mut named = named.filter(|name| name.local == local && (name.start..name.end).contains(&pc));
        if let Some(name) = named.next() {
            return name.name.clone();
        }
        let first = u16::from(!self.statically);
        let as_given = !state.written.contains(&local);
        if local < first && as_given {
            return "this".into();
        }
        let parameter = usize::from(local.saturating_sub(first));
        if as_given && parameter < self.desc.params.len() {
            return format!("<parameter{}>", parameter + 1);
        }
        // Java counts two for wide ones.
        let before = self.desc.params.iter().take(parameter);
        let wide =
            before.filter(|param| matches!(param, TypeDesc::Prim(bytecode::Elem::I64 | bytecode::Elem::F64)));
        format!("<local{}>", usize::from(local) + wide.count())
    }
}

fn enter(states: &mut BTreeMap<u32, State>, work: &mut Vec<u32>, pc: u32, state: &State) {
    let changed = match states.get_mut(&pc) {
        Some(there) => there.merge(state),
        None => {
            states.insert(pc, state.clone());
            true
        }
    };
    if changed {
        work.push(pc);
    }
}

/// Name of a class in these messages.
fn short(class: &str) -> String {
    short_type(&TypeDesc::Class(class.into()))
}

fn short_type(desc: &TypeDesc) -> String {
    let text = type_text(desc);
    for known in ["Object", "String"] {
        let rest = text.strip_prefix("java.lang.").and_then(|rest| rest.strip_prefix(known));
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('[')) {
            return format!("{known}{rest}");
        }
    }
    text
}

fn read_array(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::ArrayGetBool | Op::ArrayGetI8 => "byte/boolean",
        Op::ArrayGetU16 => "char",
        Op::ArrayGetI16 => "short",
        Op::ArrayGetI32 => "int",
        Op::ArrayGetI64 => "long",
        Op::ArrayGetF32 => "float",
        Op::ArrayGetF64 => "double",
        Op::ArrayGetRef => "object",
        _ => return None,
    })
}

fn written_array(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::ArraySetBool | Op::ArraySetI8 => "byte/boolean",
        Op::ArraySetU16 => "char",
        Op::ArraySetI16 => "short",
        Op::ArraySetI32 => "int",
        Op::ArraySetI64 => "long",
        Op::ArraySetF32 => "float",
        Op::ArraySetF64 => "double",
        Op::ArraySetRef => "object",
        _ => return None,
    })
}

impl Vm {
    /// What is to be said of a `NullPointerException` that the machine threw: which use of which null; `None` when that
    /// is not known.
    pub fn null_message(&mut self, throwable: Value) -> Option<String> {
        let object = throwable.as_object()?;
        let place = self.offset_named(self.class_of(throwable), "backtrace");
        let trace = if place == 0 { None } else { self.get_ref(object, place).as_object() }?;
        if self.array_len(trace) < 2 {
            return None;
        }
        let (target, pc) = (Addr(self.array_get(trace, 0).0), self.array_get(trace, 1).as_int()?);
        let (module, class, index) = self.definition(target)?;
        Followed::new(&module, module.classes[class].methods.get(index)?)?.message(pc as u32)
    }
}
