//! Bytecode as the interpreter runs it: one record of 16 bytes for each instruction, made when a method first runs.
//!
//! Constants are widened, targets are indexes, frequent sequences are one record. Records that name something are
//! rewritten in place once it is resolved (the bytecode in the world never is). All of it is a cache.
//!
//! *Invariant:* a sequence is only made one record when nothing but its first instruction can be jumped to, returned to
//! or throw, so every position that a frame can have has a record.

use crate::Vm;
use crate::internal::InternalFn;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::module::Language;
use bytecode::{Const, Flags, Insn, Kind, Module, Op, instructions};
use core::cell::Cell;
use layout::schema::method;

/// One record.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Record {
    /// An [`Op`] of one byte, or one of [`quick`].
    pub(crate) op: u16,
    pub(crate) a: u16,
    pub(crate) b: u32,
    pub(crate) c: u64,
}

const _: () = assert!(size_of::<Record>() == 16);

/// Records that no bytecode has.
pub(crate) mod quick {
    macro_rules! numbers {
        ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => { $($(#[$doc])* pub(crate) const $name: u16 = $value;)* };
    }
    numbers! {
        /// Pushes `c`.
        PUSH = 0x100;
        /// By the slow path: everything that is not resolved.
        SLOW = 0x101;
        /// The instruction with the value `a`, one or two numbers to one.
        RARE = 0x102;
        /// Linear memory: the instruction with the value `a`.
        MEMORY = 0x103;
        /// Pushes locals `a` and `b`.
        GET_GET = 0x104;
        /// Local `c` = local `a` + local `b`, i32.
        ADD_LLL = 0x105;
        /// Local `c` = local `a` + `b`, i32.
        ADD_LKL = 0x106;
        /// Adds `b` to the top, i32.
        ADD_K = 0x107;
        /// Moves local `a` to local `b`.
        MOVE = 0x108;
        /// Compare local `a` with local `c` (i32) and go to `b`; the low bit of `c >> 32` is set for a poll.
        BR_LL_EQ = 0x110;
        BR_LL_NE = 0x111;
        BR_LL_LT = 0x112;
        BR_LL_GT = 0x113;
        BR_LL_LE = 0x114;
        BR_LL_GE = 0x115;
        /// Compare local `a` with the number in the low half of `c`.
        BR_LK_EQ = 0x118;
        BR_LK_NE = 0x119;
        BR_LK_LT = 0x11a;
        BR_LK_GT = 0x11b;
        BR_LK_LE = 0x11c;
        BR_LK_GE = 0x11d;
        /// Reads a field at offset `a` of an instance of class `c`; `b` is its place in [`super::Code::fields`]. By
        /// storage kind.
        GET_BOOL = 0x120;
        GET_I8 = 0x121;
        GET_U16 = 0x122;
        GET_I16 = 0x123;
        GET_32 = 0x124;
        GET_64 = 0x125;
        GET_REF = 0x126;
        PUT_BOOL = 0x128;
        PUT_8 = 0x129;
        PUT_16 = 0x12a;
        PUT_32 = 0x12b;
        PUT_64 = 0x12c;
        PUT_REF = 0x12d;
        /// Reads the static cell at address `c`.
        GET_STATIC = 0x130;
        /// Writes the static cell at address `c`, of storage kind `a`.
        PUT_STATIC = 0x131;
        /// The same for a reference.
        PUT_STATIC_REF = 0x132;
        /// A new instance of class `c`, `b` bytes.
        NEW = 0x133;
        /// Whether the top is an instance of class `c`.
        INSTANCE_OF = 0x134;
        /// Whether it is, or null; throws otherwise.
        CHECK_CAST = 0x135;
        /// A new array of class `c`.
        NEW_REF_ARRAY = 0x136;
        /// A call by [`super::Code::sites`] `b`, whose receiver is below `a` slots.
        CALL_BY_CLASS = 0x138;
        /// A call of what the site says, whatever the receiver (which must not be null when `c` is 1).
        CALL_DIRECT = 0x139;
        BR_I64_LT_U = 0x140;
        BR_I64_GT_U = 0x141;
        BR_I64_LE_U = 0x142;
        BR_I64_GE_U = 0x143;
    }
}

/// What a call goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Class that the receiver had last; zero when nothing is known.
    pub(crate) class: u64,
    /// What runs for it: bytecode, or else a short kernel method.
    pub(crate) code: *const Code,
    pub(crate) kernel: Option<InternalFn>,
    /// Argument slots.
    pub(crate) args: u16,
    /// Kind of the result, zero for none.
    pub(crate) result: u8,
    /// The arguments are objects and the method wants numbers, or the result is to be boxed.
    pub(crate) adapt: bool,
    /// The method.
    pub(crate) target: Addr,
}

const NO_SITE: Site = Site {
    class: 0,
    code: core::ptr::null(),
    kernel: None,
    args: 0,
    result: 0,
    adapt: false,
    target: Addr::NULL,
};

/// A decoded switch.
pub(crate) struct Switch {
    /// Lowest key of a table switch.
    pub(crate) low: i32,
    /// Keys of a lookup switch, ascending; empty for a table switch.
    pub(crate) keys: Vec<i32>,
    pub(crate) targets: Vec<u32>,
    pub(crate) default: u32,
}

/// A decoded method.
pub(crate) struct Code {
    pub(crate) method: Addr,
    /// Its module object.
    pub(crate) module: Addr,
    pub(crate) pool: Arc<Module>,
    pub(crate) records: Box<[Cell<Record>]>,
    /// Offset in the bytecode of each record.
    pub(crate) pcs: Vec<u32>,
    /// Record at each offset, `u32::MAX` where none is.
    pub(crate) record_at: Vec<u32>,
    pub(crate) sites: Box<[Cell<Site>]>,
    /// Classes that declare the fields that records name.
    pub(crate) fields: Vec<Cell<Addr>>,
    pub(crate) switches: Vec<Switch>,
    pub(crate) max_locals: usize,
    pub(crate) max_stack: usize,
    pub(crate) returns: bool,
    pub(crate) phantom: bool,
}

impl Code {
    /// Where the records stand. A cell is as its content.
    pub(crate) fn first_record(&self) -> *const Record {
        self.records.as_ptr().cast()
    }
}

/// What calls go to that see receivers of several classes, by call site and class. Each pair has one place, which the last
/// that came there has.
#[derive(Default)]
pub(crate) struct Megamorphic {
    /// Empty until a site has seen a second class.
    places: Vec<(usize, Site)>,
}

/// Places in the table of megamorphic calls (64 KiB).
const MEGAMORPHIC_PLACES: usize = 1 << 10;

impl Megamorphic {
    #[inline(always)]
    fn place(site: *const Cell<Site>, class: u64) -> usize {
        // Sites are 8 bytes aligned, classes 16.
        let mixed = (site as usize >> 3) ^ (class >> 4) as usize ^ (class >> 14) as usize;
        mixed & (MEGAMORPHIC_PLACES - 1)
    }

    /// What a call at `site` on a receiver of `class` goes to, if it is known. Out of line: within the interpreter's loop
    /// it costs all other instructions registers.
    #[inline(never)]
    pub(crate) fn find(&self, site: &Cell<Site>, class: u64) -> Option<Site> {
        let (owner, found) = self.places.get(Self::place(site, class))?;
        (*owner == site.as_ptr() as usize && found.class == class).then_some(*found)
    }

    fn enter(&mut self, site: &Cell<Site>, seen: Site) {
        if self.places.is_empty() {
            self.places.resize(MEGAMORPHIC_PLACES, (0, NO_SITE));
        }
        self.places[Self::place(site, seen.class)] = (site.as_ptr() as usize, seen);
    }
}

/// Most records between two polls of code that does not branch backwards; one stands for up to five instructions.
const POLL_RECORDS: usize = 2_000;

/// All decoded methods.
#[derive(Default)]
pub(crate) struct Codes {
    by_method: BTreeMap<u64, Arc<Code>>,
    /// Of calls in them.
    pub(crate) megamorphic: Megamorphic,
    /// Kinds of parameters.
    pub(crate) params: BTreeMap<u64, Arc<[Kind]>>,
    /// What native methods are bound to, by method.
    pub(crate) natives: BTreeMap<u64, Option<&'static crate::Native>>,
}

impl Codes {
    pub(crate) fn clear(&mut self) {
        self.by_method.clear();
        self.params.clear();
        self.natives.clear();
        self.megamorphic.places.clear();
    }

    /// Makes `seen` what a call site goes to; what it went to before stays known as well.
    pub(crate) fn learn(&mut self, site: &Cell<Site>, seen: Site) {
        let before = site.replace(seen);
        if before.class != 0 {
            self.megamorphic.enter(site, before);
            self.megamorphic.enter(site, seen);
        }
    }
}

impl Vm {
    /// The decoded form of a method with a body.
    pub(crate) fn code(&mut self, target: Addr) -> Arc<Code> {
        if let Some(there) = self.codes.by_method.get(&target.0) {
            return there.clone();
        }
        let code = Arc::new(self.decode(target));
        self.codes.by_method.insert(target.0, code.clone());
        code
    }

    fn decode(&mut self, target: Addr) -> Code {
        let (module, _) = self.module_of(target);
        let Some((pool, class, index)) = self.definition(target) else {
            unreachable!("only methods of modules are decoded")
        };
        let definition = &pool.classes[class].methods[index];
        let Some(body) = &definition.code else { unreachable!("only methods with bodies are decoded") };
        let mut leaders = alloc::vec![false; body.bytes.len()];
        let mut mark = |at: i64| leaders[at as usize] = true;
        let decoded: Vec<Insn> = instructions(&body.bytes).map_while(Result::ok).collect();
        for insn in &decoded {
            if insn.op.is_branch() {
                mark(insn.args[0]);
                insn.entries(&body.bytes).for_each(|(_, target)| mark(target));
            }
        }
        body.handlers.iter().for_each(|handler| mark(i64::from(handler.target)));
        let mut making = Making {
            out: Vec::new(),
            pcs: Vec::new(),
            polls: Vec::new(),
            sites: 0,
            fields: 0,
            switches: Vec::new(),
        };
        let mut at = 0;
        while at < decoded.len() {
            making.poll_now_and_then(decoded[at].pc);
            let free = decoded[at + 1..].iter().take(4).take_while(|insn| !leaders[insn.pc as usize]).count();
            at += making.record(&decoded[at..], free + 1, &pool, &body.bytes);
        }
        let record_at = making.targets_to_records(body.bytes.len());
        Code {
            method: target,
            module,
            records: making.out.into_iter().map(Cell::new).collect(),
            pcs: making.pcs,
            record_at,
            sites: (0..making.sites).map(|_| Cell::new(NO_SITE)).collect(),
            fields: (0..making.fields).map(|_| Cell::new(Addr::NULL)).collect(),
            switches: making.switches,
            max_locals: usize::from(self.get_u16(target, method::MAX_LOCALS)),
            max_stack: usize::from(self.get_u16(target, method::MAX_STACK)),
            returns: self.get_u8(target, method::RESULT_KIND) != 0,
            phantom: pool.language == Language::Phantom,
            pool,
        }
    }

    /// What a call of `target` with object arguments (`dynamic`) or arguments of its own kinds goes to.
    pub(crate) fn site(&mut self, target: Addr, class: Addr, dynamic: bool) -> Option<Site> {
        let flags = self.method_flags(target);
        let result = self.get_u8(target, method::RESULT_KIND);
        let kernel = self.is_kernel_method(target);
        let mut site =
            Site { class: class.0, args: self.get_u16(target, method::ARG_SLOTS), result, target, ..NO_SITE };
        if dynamic {
            let kinds = self.param_kinds(target);
            site.adapt = result != Kind::Ref as u8
                || flags.has(Flags::VARARGS)
                || kinds.iter().any(|kind| *kind != Kind::Ref);
        }
        if kernel {
            if self.needs_frame(target) {
                return None;
            }
            site.kernel = Some(self.kernel_function(target)?);
            return Some(site);
        }
        let body =
            !flags.has(Flags::ABSTRACT) && !flags.has(Flags::NATIVE) && !flags.has(Flags::SYNCHRONIZED);
        if !body {
            return None;
        }
        site.code = Arc::as_ptr(&self.code(target));
        Some(site)
    }
}

/// A method being decoded; targets are offsets until the end.
struct Making {
    out: Vec<Record>,
    pcs: Vec<u32>,
    /// Records that only poll, between instructions.
    polls: Vec<u32>,
    sites: u32,
    fields: u32,
    switches: Vec<Switch>,
}

impl Making {
    /// Makes a record of the first instruction or, of those that are `free`, of as many as make one; how many.
    fn record(&mut self, rest: &[Insn], free: usize, pool: &Module, bytes: &[u8]) -> usize {
        let free = &rest[..free.min(rest.len())];
        if let Some((record, count)) = fused(free) {
            self.push(rest[0].pc, record);
            return count;
        }
        let insn = &rest[0];
        let [x, y, ..] = insn.args;
        let backward = u16::from(x <= i64::from(insn.pc));
        let record = |op: u16, a: i64, b: i64, c: u64| Record { op, a: a as u16, b: b as u32, c };
        let made = match insn.op {
            Op::Null => record(quick::PUSH, 0, 0, 0),
            Op::I32Const8 | Op::I32Const16 | Op::I32Const => record(quick::PUSH, 0, 0, u64::from(x as u32)),
            Op::I64Const8 | Op::I64Const | Op::F64Const => record(quick::PUSH, 0, 0, x as u64),
            Op::F32Const => record(quick::PUSH, 0, 0, u64::from(x as u32)),
            Op::Const => match &pool.pool[x as usize] {
                Const::I32(number) => record(quick::PUSH, 0, 0, u64::from(*number as u32)),
                Const::I64(number) => record(quick::PUSH, 0, 0, *number as u64),
                Const::F32(bits) => record(quick::PUSH, 0, 0, u64::from(*bits)),
                Const::F64(bits) => record(quick::PUSH, 0, 0, *bits),
                _ => record(quick::SLOW, 0, 0, 0),
            },
            Op::I32Inc => record(Op::I32Inc as u16, x, y, 0),
            Op::TableSwitch | Op::LookupSwitch => {
                let table = insn.op == Op::TableSwitch;
                let entries: Vec<_> = insn.entries(bytes).collect();
                self.switches.push(Switch {
                    low: y as i32,
                    keys: if table {
                        Vec::new()
                    } else {
                        entries.iter().map(|(key, _)| *key as i32).collect()
                    },
                    targets: entries.iter().map(|(_, target)| *target as u32).collect(),
                    default: x as u32,
                });
                record(insn.op as u16, 0, self.switches.len() as i64 - 1, 0)
            }
            Op::BrI64LtU => record(quick::BR_I64_LT_U, i64::from(backward), x, 0),
            Op::BrI64GtU => record(quick::BR_I64_GT_U, i64::from(backward), x, 0),
            Op::BrI64LeU => record(quick::BR_I64_LE_U, i64::from(backward), x, 0),
            Op::BrI64GeU => record(quick::BR_I64_GE_U, i64::from(backward), x, 0),
            op if op.is_branch() => Record { op: op as u16, a: backward, b: x as u32, c: 0 },
            Op::GetField | Op::PutField => {
                self.fields += 1;
                record(quick::SLOW, 0, i64::from(self.fields) - 1, 0)
            }
            Op::CallStatic | Op::CallSpecial | Op::CallVirtual | Op::CallInterface => {
                self.sites += 1;
                record(quick::SLOW, 0, i64::from(self.sites) - 1, 0)
            }
            Op::CallOrdinal | Op::CallName => {
                self.sites += 1;
                record(quick::CALL_BY_CLASS, y + 1, i64::from(self.sites) - 1, 1)
            }
            Op::New | Op::GetStatic | Op::PutStatic | Op::InstanceOf | Op::CheckCast => {
                record(quick::SLOW, 0, 0, 0)
            }
            Op::NewRefArray | Op::MultiNewArray | Op::CallRef | Op::CallRefTop | Op::CallSite | Op::Sys => {
                record(quick::SLOW, 0, 0, 0)
            }
            Op::MonitorEnter | Op::MonitorExit | Op::Throw | Op::Trap => record(quick::SLOW, 0, 0, 0),
            Op::MemInit | Op::AtomicWait32 | Op::AtomicWait64 | Op::AtomicNotify | Op::MemGrow => {
                record(quick::SLOW, 0, 0, 0)
            }
            op if is_linear(op) => {
                let kind = insn.addr_kind().map_or(0, |kind| kind as u64);
                let shape = insn.shape().map_or(0, |shape| shape as u64);
                let rmw = if op == Op::AtomicRmw { x as u64 } else { 0 };
                let offset = insn.offset().unwrap_or(0);
                record(quick::MEMORY, op as i64, i64::from(offset), kind | shape << 8 | rmw << 16)
            }
            op if op as u16 > 0xff => record(quick::RARE, op as i64, 0, 0),
            op => record(op as u16, x, y, 0),
        };
        self.push(insn.pc, made);
        1
    }

    /// Code without a backward branch polls now and then as well. The record at `pc` is the instruction's, not the poll's: a
    /// thread that leaves at the poll goes on behind it. Branches over it poll themselves.
    fn poll_now_and_then(&mut self, pc: u32) {
        let last = self.polls.last().map_or(0, |poll| *poll as usize);
        if self.out.len() - last >= POLL_RECORDS {
            self.polls.push(self.out.len() as u32);
            self.push(pc, Record { op: Op::Poll as u16, a: 0, b: 0, c: 0 });
        }
    }

    /// Whether a branch from a record to one further on leaves out a poll.
    fn skips_poll(&self, from: u32, to: u32) -> bool {
        let next = self.polls.partition_point(|poll| *poll <= from);
        self.polls.get(next).is_some_and(|poll| *poll < to)
    }

    fn push(&mut self, pc: u32, record: Record) {
        self.out.push(record);
        self.pcs.push(pc);
    }

    /// Replaces offsets by record numbers; the record at each offset.
    fn targets_to_records(&mut self, len: usize) -> Vec<u32> {
        let mut record_at = alloc::vec![u32::MAX; len];
        for (index, pc) in self.pcs.iter().enumerate() {
            record_at[*pc as usize] = index as u32;
        }
        for index in 0..self.out.len() {
            let mut record = self.out[index];
            let direct = Op::from_value(record.op).is_some_and(|op| op.is_branch())
                && record.op != Op::TableSwitch as u16
                && record.op != Op::LookupSwitch as u16;
            let fused = (quick::BR_LL_EQ..=quick::BR_LK_GE).contains(&record.op);
            let rare = (quick::BR_I64_LT_U..=quick::BR_I64_GE_U).contains(&record.op);
            if direct || fused || rare {
                record.b = record_at[record.b as usize];
                if self.skips_poll(index as u32, record.b) {
                    if fused { record.c |= 1 << 32 } else { record.a = 1 }
                }
                self.out[index] = record;
            }
        }
        for switch in &mut self.switches {
            switch.default = record_at[switch.default as usize];
            for target in &mut switch.targets {
                *target = record_at[*target as usize];
            }
        }
        record_at
    }
}

/// Whether an instruction works on linear memory.
fn is_linear(op: Op) -> bool {
    let value = op as u16;
    (Op::I32Load as u16..=Op::I64Store32 as u16).contains(&value)
        || (Op::MemSize as u16..=Op::AtomicNotify as u16).contains(&value)
}

fn constant(insn: &Insn) -> Option<i32> {
    matches!(insn.op, Op::I32Const8 | Op::I32Const16 | Op::I32Const).then_some(insn.args[0] as i32)
}

/// The branch that a comparison followed by `br_if` or `br_ifz` makes.
fn compare_branch(compare: Op, branch: Op) -> Option<Op> {
    let taken = match branch {
        Op::BrIf => true,
        Op::BrIfz => false,
        _ => return None,
    };
    Some(match (compare, taken) {
        (Op::I32Eq, true) | (Op::I32Ne, false) => Op::BrI32Eq,
        (Op::I32Ne, true) | (Op::I32Eq, false) => Op::BrI32Ne,
        (Op::I32LtS, true) | (Op::I32GeS, false) => Op::BrI32LtS,
        (Op::I32GeS, true) | (Op::I32LtS, false) => Op::BrI32GeS,
        (Op::I32GtS, true) | (Op::I32LeS, false) => Op::BrI32GtS,
        (Op::I32LeS, true) | (Op::I32GtS, false) => Op::BrI32LeS,
        (Op::I32Eqz, true) => Op::BrIfz,
        (Op::I32Eqz, false) => Op::BrIf,
        (Op::RefIsNull, true) => Op::BrNull,
        (Op::RefIsNull, false) => Op::BrNonnull,
        _ => return None,
    })
}

/// A branch at the start of `insns`, one or two instructions long: what, where to, how many.
fn branch_of(insns: &[Insn]) -> Option<(Op, i64, usize)> {
    let first = insns.first()?;
    if first.op.is_branch()
        && (first.op as u16) < 0xff
        && first.op.spec().operands == [bytecode::Operand::Target]
    {
        return Some((first.op, first.args[0], 1));
    }
    let second = insns.get(1)?;
    Some((compare_branch(first.op, second.op)?, second.args[0], 2))
}

/// The record that the first of these instructions make together.
fn fused(insns: &[Insn]) -> Option<(Record, usize)> {
    let first = &insns[0];
    if first.op == Op::LocalGet {
        let second = insns.get(1)?;
        let by = constant(second);
        if second.op == Op::LocalGet || by.is_some() {
            if let Some((op, target, count)) = branch_of(&insns[2..]) {
                let base = if by.is_some() { quick::BR_LK_EQ } else { quick::BR_LL_EQ };
                let which = match op {
                    Op::BrI32Eq => Some(0),
                    Op::BrI32Ne => Some(1),
                    Op::BrI32LtS => Some(2),
                    Op::BrI32GtS => Some(3),
                    Op::BrI32LeS => Some(4),
                    Op::BrI32GeS => Some(5),
                    _ => None,
                };
                // The poll of a backward branch counts from the branch itself.
                let at = i64::from(insns[2 + count - 1].pc);
                let poll = u64::from(target <= at) << 32;
                let operand = by.map_or(second.args[0] as u64, |by| u64::from(by as u32));
                if let Some(which) = which {
                    let record =
                        Record { op: base + which, a: first.local(), b: target as u32, c: operand | poll };
                    return Some((record, 2 + count));
                }
            }
            if insns.get(2).map(|insn| insn.op) == Some(Op::I32Add)
                && let Some(set) = insns.get(3).filter(|insn| insn.op == Op::LocalSet)
            {
                let (op, b) = match by {
                    Some(by) => (quick::ADD_LKL, by as u32),
                    None => (quick::ADD_LLL, u32::from(second.local())),
                };
                return Some((Record { op, a: first.local(), b, c: u64::from(set.local()) }, 4));
            }
        }
        if second.op == Op::LocalSet {
            return Some((
                Record { op: quick::MOVE, a: first.local(), b: u32::from(second.local()), c: 0 },
                2,
            ));
        }
        if second.op == Op::LocalGet {
            return Some((
                Record { op: quick::GET_GET, a: first.local(), b: u32::from(second.local()), c: 0 },
                2,
            ));
        }
        return None;
    }
    if let Some(by) = constant(first)
        && let Some(op @ (Op::I32Add | Op::I32Sub)) = insns.get(1).map(|insn| insn.op)
    {
        let by = if op == Op::I32Add { by } else { by.wrapping_neg() };
        return Some((Record { op: quick::ADD_K, a: 0, b: by as u32, c: 0 }, 2));
    }
    if !first.op.is_branch()
        && let Some((op, target, 2)) = branch_of(insns)
    {
        let at = i64::from(insns[1].pc);
        return Some((Record { op: op as u16, a: u16::from(target <= at), b: target as u32, c: 0 }, 2));
    }
    None
}
