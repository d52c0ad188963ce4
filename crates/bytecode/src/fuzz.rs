//! Hostile and random modules, from a seed: [`mutate`] damages a module so that its checksum still fits,
//! [`generate`] makes a module that verifies and whose program ends.

mod mutate;

pub use mutate::mutate;

use crate::builder::{CodeBuilder, PoolBuilder};
use crate::module::{ClassDef, Const, FieldDef, Flags, HandleKind, Language, MethodDef, Module};
use crate::op::{AddrKind, Effect, Elem, Item, Kind, Op, OpFlags, Operand, Shape};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base::prng::Prng;

fn choose<T: Copy>(items: &[T], prng: &mut Prng) -> T {
    items[prng.below(items.len() as u64) as usize]
}

/// Numbers at which things break.
fn odd_number(prng: &mut Prng) -> u64 {
    let edge = 1u64 << prng.below(64);
    match prng.below(6) {
        0 => prng.below(16),
        1 => edge,
        2 => edge - 1,
        3 => edge.wrapping_neg(),
        4 => u64::MAX,
        _ => prng.next_u64(),
    }
}

/// A random module that verifies: class `Fuzz` with static methods, `main ()J` its entry, at most `methods` others.
///
/// The program ends: loops count down, and a method calls only later ones. It may end by an exception.
/// It uses no class but its own, `Fuzz`, of which it makes objects without calling a constructor.
pub fn generate(seed: u64, methods: usize) -> Module {
    let mut prng = Prng::new(seed);
    let mut signatures = vec![(String::from("main"), Vec::new(), Kind::I64)];
    for number in 0..methods {
        let params: Vec<Kind> = (0..prng.below(5)).map(|_| choose(&Kind::ALL, &mut prng)).collect();
        signatures.push((format!("m{number}"), params, choose(&Kind::ALL, &mut prng)));
    }
    let mut pool = PoolBuilder::new();
    let mut fields = Vec::new();
    for kind in Kind::ALL {
        for flags in [Flags::PUBLIC, Flags::PUBLIC | Flags::STATIC] {
            let name = format!("{}_{}", if flags.has(Flags::STATIC) { "s" } else { "f" }, kind.name());
            fields.push(FieldDef { name, desc: letter(kind).into(), flags, value: None });
        }
    }
    let mut defs = Vec::new();
    for at in 0..signatures.len() {
        let (name, params, result) = signatures[at].clone();
        let mut body = Body {
            code: CodeBuilder::new(),
            pool: &mut pool,
            prng: &mut prng,
            callees: &signatures[at + 1..],
            locals: params.iter().copied().map(Some).collect(),
            size: 60,
            calls: 3,
            loops: 0,
        };
        body.method(result);
        let code = body.code;
        let desc = descriptor(&params, result);
        let code = code.finish(pool.constants(), &desc, true).ok();
        let flags = Flags::PUBLIC | Flags::STATIC;
        defs.push(MethodDef { name, desc, flags, code, ..MethodDef::default() });
    }
    let class = ClassDef {
        name: FUZZ.into(),
        version: 1,
        super_name: Some(".internal.object".into()),
        flags: Flags::PUBLIC,
        fields,
        methods: defs,
        ..ClassDef::default()
    };
    Module {
        name: format!("fuzz{seed}"),
        language: Language::Asm,
        pool: pool.finish(),
        classes: vec![class],
        entry: Some(FUZZ.into()),
        ..Module::default()
    }
}

const FUZZ: &str = "Fuzz";

fn letter(kind: Kind) -> &'static str {
    match kind {
        Kind::I32 => "I",
        Kind::I64 => "J",
        Kind::F32 => "F",
        Kind::F64 => "D",
        Kind::Ref => "L.internal.object;",
    }
}

fn descriptor(params: &[Kind], result: Kind) -> String {
    let params: String = params.iter().map(|kind| letter(*kind)).collect();
    format!("({params}){}", letter(result))
}

/// Not generated: what needs other classes, waits, or allocates without bound.
const LEFT_OUT: &[Op] = &[
    Op::Sys,
    Op::NewArray,
    Op::NewRefArray,
    Op::MonitorEnter,
    Op::MonitorExit,
    Op::MemGrow,
    Op::MemCopy,
    Op::MemFill,
    Op::MemInit,
    Op::AtomicWait32,
    Op::AtomicWait64,
    Op::AtomicNotify,
    Op::InstanceOf,
    Op::CheckCast,
    Op::New,
];

struct Body<'a> {
    code: CodeBuilder,
    pool: &'a mut PoolBuilder,
    prng: &'a mut Prng,
    callees: &'a [(String, Vec<Kind>, Kind)],
    /// Kinds of the locals; `None` where statements must not touch one or it may have no value.
    locals: Vec<Option<Kind>>,
    /// Statements that may still be written.
    size: u32,
    /// Calls that may still be written; none in loops, so that a program ends soon.
    calls: u32,
    loops: u32,
}

impl Body<'_> {
    fn method(&mut self, result: Kind) {
        for kind in Kind::ALL {
            self.constant(kind);
            self.new_local(kind);
        }
        self.statements(0);
        self.value(result, 3);
        self.code.op(Op::Return);
    }

    fn new_local(&mut self, kind: Kind) -> u16 {
        let local = self.locals.len() as u16;
        self.locals.push(Some(kind));
        self.code.local(Op::LocalSet, local);
        local
    }

    fn some_local(&mut self, kind: Kind) -> u16 {
        let fitting: Vec<u16> = (0u16..)
            .zip(&self.locals)
            .filter(|(_, other)| **other == Some(kind))
            .map(|(local, _)| local)
            .collect();
        choose(&fitting, self.prng)
    }

    /// Statements that may be skipped: what they define is not seen behind them.
    fn scope(&mut self, depth: u32) {
        let outer = self.locals.len();
        self.statements(depth);
        self.locals[outer..].fill(None);
    }

    fn statements(&mut self, depth: u32) {
        for _ in 0..=self.prng.below(6) {
            if self.size == 0 {
                return;
            }
            self.size -= 1;
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: u32) {
        let kind = choose(&Kind::ALL, self.prng);
        match self.prng.below(if depth < 3 { 12 } else { 6 }) {
            0 => {
                self.value(kind, 3);
                let local = self.some_local(kind);
                if self.prng.chance(1, 2) {
                    self.code.local(Op::LocalTee, local).op(Op::Pop);
                } else {
                    self.code.local(Op::LocalSet, local);
                }
            }
            1 => {
                self.value(kind, 3);
                self.new_local(kind);
            }
            2 => {
                self.value(kind, 3);
                let field = self.pool.field(FUZZ, &format!("s_{}", kind.name()), letter(kind));
                self.code.pool(Op::PutStatic, field);
            }
            3 => self.shuffle(),
            4 => self.array(kind),
            5 => {
                let local = self.some_local(Kind::I32);
                let by = odd_number(self.prng) as i16;
                self.code.inc(local, i32::from(by));
            }
            6 | 7 => self.condition(depth),
            8 | 9 => self.count_down(depth),
            10 => self.switch(depth),
            _ => self.try_catch(depth),
        }
    }

    fn count_down(&mut self, depth: u32) {
        let times = 1 + self.prng.below(6) as i32;
        self.code.i32_const(times);
        let counter = self.new_local(Kind::I32);
        self.locals[usize::from(counter)] = None;
        self.loops += 1;
        let top = self.code.here();
        self.scope(depth + 1);
        self.loops -= 1;
        self.code.inc(counter, -1).local(Op::LocalGet, counter).branch(Op::BrIf, top);
        self.locals[usize::from(counter)] = Some(Kind::I32);
    }

    fn condition(&mut self, depth: u32) {
        let branches: Vec<Op> = Op::ALL
            .iter()
            .copied()
            .filter(|op| op.spec().operands == [Operand::Target] && *op != Op::Goto)
            .collect();
        let branch = choose(&branches, self.prng);
        if let Effect::Fixed { pops, .. } = branch.spec().effect {
            for item in pops {
                self.value(item_kind(*item), 2);
            }
        }
        let (other, end) = (self.code.label(), self.code.label());
        self.code.branch(branch, other);
        self.scope(depth + 1);
        self.code.branch(Op::Goto, end).bind(other);
        self.scope(depth + 1);
        self.code.bind(end);
    }

    fn switch(&mut self, depth: u32) {
        self.value(Kind::I32, 2);
        let cases: Vec<_> = (0..self.prng.below(5)).map(|_| self.code.label()).collect();
        let (default, end) = (self.code.label(), self.code.label());
        if self.prng.chance(1, 2) {
            let low = odd_number(self.prng) as i32;
            self.code.table_switch(low, &cases, default);
        } else {
            let mut key = odd_number(self.prng) as i32 / 2;
            let pairs: Vec<_> = cases
                .iter()
                .map(|label| {
                    key += 1 + self.prng.below(9) as i32;
                    (key, *label)
                })
                .collect();
            self.code.lookup_switch(&pairs, default);
        }
        for label in cases {
            self.code.bind(label);
            self.scope(depth + 1);
            self.code.branch(Op::Goto, end);
        }
        self.code.bind(default).bind(end);
    }

    fn try_catch(&mut self, depth: u32) {
        let (target, end) = (self.code.label(), self.code.label());
        let start = self.code.here();
        self.code.op(Op::Nop);
        self.scope(depth + 1);
        let last = self.code.here();
        self.code.branch(Op::Goto, end).bind(target);
        let local = self.some_local(Kind::Ref);
        self.code.local(Op::LocalSet, local).bind(end).handler(start, last, target, None);
    }

    /// Pushes values, moves them about, and drops them again, the top into a local.
    fn shuffle(&mut self) {
        let shuffles = [
            (Op::Dup, 1, 2),
            (Op::DupX1, 2, 3),
            (Op::DupX2, 3, 4),
            (Op::Dup2, 2, 4),
            (Op::Dup2X1, 3, 5),
            (Op::Dup2X2, 4, 6),
            (Op::Swap, 2, 2),
        ];
        let (op, pops, pushes) = choose(&shuffles, self.prng);
        let kind = choose(&Kind::ALL, self.prng);
        (0..pops).for_each(|_| self.value(kind, 1));
        self.code.op(op);
        (1..pushes).for_each(|_| {
            self.code.op(Op::Pop);
        });
        let local = self.some_local(kind);
        self.code.local(Op::LocalSet, local);
    }

    /// A small array: written, read, its length taken.
    fn array(&mut self, kind: Kind) {
        let (get, set, elem) = match kind {
            Kind::I32 => choose(
                &[
                    (Op::ArrayGetBool, Op::ArraySetBool, Elem::Bool),
                    (Op::ArrayGetI8, Op::ArraySetI8, Elem::I8),
                    (Op::ArrayGetU16, Op::ArraySetU16, Elem::U16),
                    (Op::ArrayGetI16, Op::ArraySetI16, Elem::I16),
                    (Op::ArrayGetI32, Op::ArraySetI32, Elem::I32),
                ],
                self.prng,
            ),
            Kind::I64 => (Op::ArrayGetI64, Op::ArraySetI64, Elem::I64),
            Kind::F32 => (Op::ArrayGetF32, Op::ArraySetF32, Elem::F32),
            Kind::F64 => (Op::ArrayGetF64, Op::ArraySetF64, Elem::F64),
            Kind::Ref => (Op::ArrayGetRef, Op::ArraySetRef, Elem::I32),
        };
        let length = 1 + self.prng.below(40) as i32;
        // One index in eight is outside.
        let index = self.prng.below(length as u64 * 8 / 7 + 1) as i32;
        self.code.i32_const(length);
        if kind == Kind::Ref {
            let class = self.pool.class(".internal.object");
            self.code.pool(Op::NewRefArray, class);
        } else {
            self.code.new_array(elem);
        }
        let array = self.new_local(Kind::Ref);
        self.code.local(Op::LocalGet, array).i32_const(index);
        self.value(kind, 2);
        self.code.op(set).local(Op::LocalGet, array).i32_const(index).op(get);
        let local = self.some_local(kind);
        self.code.local(Op::LocalSet, local);
    }

    fn constant(&mut self, kind: Kind) {
        let number = odd_number(self.prng);
        match kind {
            Kind::I32 => self.code.i32_const(number as i32),
            Kind::I64 => self.code.i64_const(number as i64),
            Kind::F32 => self.code.insn(Op::F32Const, &[number as u32 as i64]),
            Kind::F64 => self.code.insn(Op::F64Const, &[number as i64]),
            Kind::Ref => match self.prng.below(4) {
                0 => self.code.op(Op::Null),
                1 => {
                    let text = self.pool.str(choose(&["", "phantom", "日本語"], self.prng));
                    self.code.pool(Op::Const, text)
                }
                2 => self.code.i32_const(number as i32).op(Op::BoxI32),
                _ => {
                    let class = self.pool.class(FUZZ);
                    self.code.pool(Op::New, class)
                }
            },
        };
    }

    /// Pushes a value of the kind.
    fn value(&mut self, kind: Kind, depth: u32) {
        let choice = self.prng.below(16);
        match choice {
            _ if depth == 0 && choice < 8 => self.constant(kind),
            0 | 1 => self.constant(kind),
            2..=4 => self.local_value(kind),
            _ if depth == 0 => self.local_value(kind),
            5 => {
                let field = self.pool.field(FUZZ, &format!("s_{}", kind.name()), letter(kind));
                self.code.pool(Op::GetStatic, field);
            }
            6 => {
                let class = self.pool.class(FUZZ);
                let field = self.pool.field(FUZZ, &format!("f_{}", kind.name()), letter(kind));
                self.code.pool(Op::New, class).op(Op::Dup);
                self.value(kind, depth - 1);
                self.code.pool(Op::PutField, field).pool(Op::GetField, field);
            }
            7 if self.calls > 0 && self.loops == 0 && !self.callees.is_empty() => {
                let callees: Vec<usize> =
                    (0..self.callees.len()).filter(|callee| self.callees[*callee].2 == kind).collect();
                if callees.is_empty() {
                    return self.local_value(kind);
                }
                self.calls -= 1;
                let (name, params, result) = self.callees[choose(&callees, self.prng)].clone();
                params.iter().for_each(|param| self.value(*param, depth - 1));
                let method = self.pool.method(FUZZ, &name, &descriptor(&params, result));
                self.code.pool(Op::CallStatic, method);
            }
            8 => {
                self.value(kind, depth - 1);
                self.value(kind, depth - 1);
                self.value(Kind::I32, depth - 1);
                self.code.op(Op::Select);
            }
            _ => self.computed(kind, depth),
        }
    }

    fn local_value(&mut self, kind: Kind) {
        let local = self.some_local(kind);
        self.code.local(Op::LocalGet, local);
    }

    /// An instruction of the table that pushes the kind, with operands that fit.
    fn computed(&mut self, kind: Kind, depth: u32) {
        // What throws is rarer, or no method would come to its end.
        let throwing = self.prng.chance(1, 8);
        let fits = |op: &Op| {
            let spec = op.spec();
            let flags = spec.flags;
            let Effect::Fixed { pushes: [item], .. } = spec.effect else { return false };
            let wanted = *item == Item::Value && matches!(kind, Kind::I32 | Kind::I64);
            (wanted || *item != Item::Value && item_kind(*item) == kind)
                && !flags.has(OpFlags::BRANCH)
                && !flags.has(OpFlags::END)
                && flags.has(OpFlags::THROW) == throwing
                && !LEFT_OUT.contains(op)
        };
        let ops: Vec<Op> = Op::ALL.iter().copied().filter(fits).collect();
        if ops.is_empty() {
            return self.constant(kind);
        }
        let op = choose(&ops, self.prng);
        let shape = if kind == Kind::I32 { Shape::I32U16 } else { Shape::I64U32 };
        let mut args = Vec::new();
        for operand in op.spec().operands {
            args.push(match operand {
                Operand::Shape => shape as i64,
                Operand::AddrKind => self.prng.below(2) as i64,
                Operand::U32 => self.prng.below(16) as i64,
                Operand::Rmw => self.prng.below(6) as i64,
                _ => odd_number(self.prng) as i64,
            });
        }
        let wide = args.get(op.spec().operands.iter().position(|o| *o == Operand::AddrKind).unwrap_or(4))
            == Some(&(AddrKind::A64 as i64));
        if let Effect::Fixed { pops, .. } = op.spec().effect {
            for item in pops {
                match item {
                    Item::Addr if wide => self.code.i64_const(8),
                    Item::Addr => self.code.i32_const(8),
                    Item::Value => {
                        self.value(shape.kind(), depth - 1);
                        continue;
                    }
                    item => {
                        self.value(item_kind(*item), depth - 1);
                        continue;
                    }
                };
            }
        }
        self.code.insn(op, &args);
    }
}

fn item_kind(item: Item) -> Kind {
    match item {
        Item::I32 | Item::Addr | Item::Value => Kind::I32,
        Item::I64 => Kind::I64,
        Item::F32 => Kind::F32,
        Item::F64 => Kind::F64,
        Item::Ref => Kind::Ref,
    }
}

/// A module with a constant of every sort and one instruction of every kind: food for [`mutate`].
///
/// Each instruction stands in a method of its own, after pushes of what it pops.
pub fn every_instruction() -> Module {
    let mut pool = PoolBuilder::new();
    let handle_of = pool.method(FUZZ, "boot", "()L.internal.object;");
    let handle = pool.intern(Const::Handle { kind: HandleKind::CallStatic, target: handle_of });
    let text = pool.str("text");
    let site =
        Const::CallSite { bootstrap: handle, name: "site".into(), desc: "(I)J".into(), args: vec![text] };
    let dynamic =
        Const::Dynamic { bootstrap: handle, name: "c".into(), desc: "D".into(), args: vec![text, handle] };
    let [site, dynamic] = [site, dynamic].map(|constant| pool.intern(constant));
    let class = pool.class("[[I");
    let field = pool.field(FUZZ, "field", "J");
    let method = pool.method(FUZZ, "m", "(IJ)D");
    let interface = pool.interface_method("Shape", "area", "(IJ)D");
    let name = pool.name("area");
    let method_type = pool.intern(Const::MethodType("(I)F".into()));
    let binary = pool.intern(Const::Binary(vec![1, 2, 3]));
    for constant in [
        Const::I32(-1),
        Const::I64(i64::MIN),
        Const::F32(f32::NAN.to_bits()),
        Const::F64(1.5f64.to_bits()),
        Const::Utf8("utf8".into()),
    ] {
        pool.intern(constant);
    }
    let plain = pool.class(FUZZ);
    let mut methods = Vec::new();
    for op in Op::ALL.iter().copied() {
        let mut code = CodeBuilder::new();
        code.line(1 + op as u32);
        let pops: Vec<Kind> = match (op, op.spec().effect) {
            (_, Effect::Fixed { pops, .. }) => pops.iter().map(|item| item_kind(*item)).collect(),
            (Op::GetField | Op::CallSpecial | Op::CallVirtual | Op::CallInterface, _) => vec![Kind::Ref],
            (Op::PutField, _) => vec![Kind::Ref, Kind::I64],
            (Op::PutStatic, _) => vec![Kind::I64],
            (Op::CallRef, _) => vec![Kind::Ref, Kind::I32],
            (Op::CallRefTop, _) => vec![Kind::I32, Kind::Ref],
            (Op::CallOrdinal | Op::CallName, _) => vec![Kind::Ref; 3],
            (Op::CallSite | Op::MultiNewArray, _) => vec![Kind::I32; 2],
            (Op::Const | Op::LocalGet | Op::I32Inc | Op::GetStatic | Op::Sys | Op::Return, _) => vec![],
            (Op::CallStatic, _) => vec![],
            _ => vec![Kind::I32; 4],
        };
        let mut pushed = pops;
        if matches!(op, Op::CallStatic | Op::CallSpecial | Op::CallVirtual | Op::CallInterface) {
            pushed.extend([Kind::I32, Kind::I64]);
        }
        for kind in pushed {
            match kind {
                Kind::I32 => code.i32_const(3),
                Kind::I64 => code.i64_const(3),
                Kind::F32 => code.f32_const(3.0),
                Kind::F64 => code.f64_const(3.0),
                Kind::Ref => code.op(Op::Null),
            };
        }
        let end = code.label();
        match op {
            Op::TableSwitch => {
                code.table_switch(-1, &[end, end], end);
            }
            Op::LookupSwitch => {
                code.lookup_switch(&[(7, end), (-7, end)], end);
            }
            op if op.is_branch() => {
                code.branch(op, end);
            }
            op => {
                let arg = |operand: &Operand| match operand {
                    Operand::Loadable => i64::from(dynamic),
                    Operand::Class if op == Op::New => i64::from(plain),
                    Operand::Class => i64::from(class),
                    Operand::Field => i64::from(field),
                    Operand::Method if op == Op::CallInterface => i64::from(interface),
                    Operand::Method => i64::from(method),
                    Operand::Name => i64::from(name),
                    Operand::MethodType => i64::from(method_type),
                    Operand::CallSite => i64::from(site),
                    Operand::Binary => i64::from(binary),
                    Operand::Local | Operand::AddrKind | Operand::Shape => 0,
                    _ => 2,
                };
                let args: Vec<i64> = op.spec().operands.iter().map(arg).collect();
                code.insn(op, &args);
            }
        }
        code.bind(end);
        code.op(Op::Return);
        let desc = "(I)V";
        let code = code.finish(pool.constants(), desc, true).ok();
        let flags = Flags::STATIC | if op == Op::Sys { Flags::INTERNAL } else { Flags::NONE };
        methods.push(MethodDef {
            name: op.mnemonic().into(),
            desc: desc.into(),
            flags,
            code,
            ..MethodDef::default()
        });
    }
    let class = ClassDef { name: FUZZ.into(), methods, ..ClassDef::default() };
    Module { name: "every".into(), pool: pool.finish(), classes: vec![class], ..Module::default() }
}
