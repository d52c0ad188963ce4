//! Writes code: instructions, labels, handlers, lines; computes `max_locals` and `max_stack`.
//!
//! ```
//! use bytecode::{CodeBuilder, Op};
//! let mut code = CodeBuilder::new();
//! let done = code.label();
//! code.local(Op::LocalGet, 0);
//! code.branch(Op::BrIf, done);
//! code.i32_const(1).local(Op::LocalSet, 0);
//! code.bind(done);
//! code.op(Op::Return);
//! let code = code.finish(&[], "(I)V", true).expect("a label is bound");
//! assert_eq!((code.max_locals, code.max_stack), (1, 1));
//! ```

use crate::desc::Descriptor;
use crate::effect::stack_counts;
use crate::module::{Code, Const, Handler, Line, LocalName, Module};
use crate::op::{AddrKind, Elem, Insn, OPERANDS_MAX, Op, Operand, Rmw, Shape, instructions};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A place in the code that a branch may go to; made by [`CodeBuilder::label`], set by [`CodeBuilder::bind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(u32);

/// Why [`CodeBuilder::finish`] gives no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A label is used and never bound.
    #[error("label {0} is used and never bound")]
    Unbound(u32),
    /// The code or a branch is longer than 2 GiB.
    #[error("the code has {0} bytes; at most 2 GiB are possible")]
    TooLong(usize),
    /// The method descriptor is none.
    #[error(transparent)]
    Descriptor(#[from] crate::desc::DescError),
    /// More locals or operands than a frame has.
    #[error("the method needs {0} slots; at most 65535 are possible")]
    TooManySlots(u32),
}

/// Writes the code of one method.
#[derive(Clone, Debug, Default)]
pub struct CodeBuilder {
    bytes: Vec<u8>,
    bound: Vec<Option<u32>>,
    /// Place of a displacement, start of its instruction, label.
    fixups: Vec<(usize, u32, Label)>,
    handlers: Vec<(Label, Label, Label, Option<u32>)>,
    lines: Vec<Line>,
    names: Vec<(Label, Label, u16, String, String)>,
    locals: u32,
}

impl CodeBuilder {
    /// No code yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Offset of the next instruction.
    pub fn pc(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// A new label, not bound yet.
    pub fn label(&mut self) -> Label {
        self.bound.push(None);
        Label(self.bound.len() as u32 - 1)
    }
    /// Binds the label to the next instruction.
    ///
    /// # Panics
    /// When the label is bound already.
    pub fn bind(&mut self, label: Label) -> &mut Self {
        let place = &mut self.bound[label.0 as usize];
        assert!(place.is_none(), "a label is bound once");
        *place = Some(self.bytes.len() as u32);
        self
    }
    /// A new label bound to the next instruction.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// Appends an instruction with its operands in order; no branches and switches.
    ///
    /// # Panics
    /// When the number of operands is wrong or one is a target.
    pub fn insn(&mut self, op: Op, operands: &[i64]) -> &mut Self {
        let spec = op.spec();
        assert!(spec.operands.len() == operands.len(), "`{}` has other operands", spec.mnemonic);
        assert!(!op.is_branch(), "`{}` has a target: use `branch` or a switch", spec.mnemonic);
        let mut args = [0; OPERANDS_MAX];
        args[..operands.len()].copy_from_slice(operands);
        if spec.operands.first() == Some(&Operand::Local) {
            self.locals = self.locals.max(args[0] as u32 + 1);
        }
        let pc = self.pc();
        Insn { pc, next: pc, op, args }.encode(&[], &mut self.bytes);
        self
    }
    /// Appends an instruction without operands.
    ///
    /// # Panics
    /// When the instruction has operands.
    pub fn op(&mut self, op: Op) -> &mut Self {
        self.insn(op, &[])
    }
    /// Appends `local.get`, `local.set` or `local.tee`.
    ///
    /// # Panics
    /// When the instruction has other operands.
    pub fn local(&mut self, op: Op, local: u16) -> &mut Self {
        self.insn(op, &[i64::from(local)])
    }
    /// Adds `by` to an i32 local, in the shortest way.
    pub fn inc(&mut self, local: u16, by: i32) -> &mut Self {
        if let Ok(by) = i16::try_from(by) {
            return self.insn(Op::I32Inc, &[i64::from(local), i64::from(by)]);
        }
        self.local(Op::LocalGet, local).i32_const(by).op(Op::I32Add).local(Op::LocalSet, local)
    }
    /// Appends an instruction whose only operand is a pool index.
    ///
    /// # Panics
    /// When the instruction has other operands.
    pub fn pool(&mut self, op: Op, index: u32) -> &mut Self {
        self.insn(op, &[i64::from(index)])
    }
    /// Appends `call_name` or `call_ordinal` with `arguments` arguments, the receiver not counted.
    ///
    /// # Panics
    /// When the instruction has other operands.
    pub fn dynamic_call(&mut self, op: Op, target: u32, arguments: u8) -> &mut Self {
        self.insn(op, &[i64::from(target), i64::from(arguments)])
    }
    /// Pushes an i32 in the shortest way.
    pub fn i32_const(&mut self, value: i32) -> &mut Self {
        let op = match value {
            -0x80..=0x7f => Op::I32Const8,
            -0x8000..=0x7fff => Op::I32Const16,
            _ => Op::I32Const,
        };
        self.insn(op, &[i64::from(value)])
    }
    /// Pushes an i64 in the shortest way.
    pub fn i64_const(&mut self, value: i64) -> &mut Self {
        let short = i8::try_from(value).is_ok();
        self.insn(if short { Op::I64Const8 } else { Op::I64Const }, &[value])
    }
    /// Pushes an f32.
    pub fn f32_const(&mut self, value: f32) -> &mut Self {
        self.insn(Op::F32Const, &[i64::from(value.to_bits())])
    }
    /// Pushes an f64.
    pub fn f64_const(&mut self, value: f64) -> &mut Self {
        self.insn(Op::F64Const, &[value.to_bits() as i64])
    }
    /// A new primitive array.
    pub fn new_array(&mut self, elem: Elem) -> &mut Self {
        self.insn(Op::NewArray, &[elem as i64])
    }
    /// Appends a load or store of linear memory.
    ///
    /// # Panics
    /// When the instruction has other operands.
    pub fn memory(&mut self, op: Op, address: AddrKind, offset: u32) -> &mut Self {
        self.insn(op, &[address as i64, i64::from(offset)])
    }
    /// Appends `atomic.load`, `atomic.store` or `atomic.cmpxchg`.
    ///
    /// # Panics
    /// When the instruction has other operands.
    pub fn atomic(&mut self, op: Op, shape: Shape, address: AddrKind, offset: u32) -> &mut Self {
        self.insn(op, &[shape as i64, address as i64, i64::from(offset)])
    }
    /// Appends `atomic.rmw`.
    pub fn atomic_rmw(&mut self, rmw: Rmw, shape: Shape, address: AddrKind, offset: u32) -> &mut Self {
        self.insn(Op::AtomicRmw, &[rmw as i64, shape as i64, address as i64, i64::from(offset)])
    }

    /// Appends a branch.
    ///
    /// # Panics
    /// When the instruction is no branch with one target.
    pub fn branch(&mut self, op: Op, label: Label) -> &mut Self {
        assert!(op.spec().operands == [Operand::Target], "`{}` is no branch", op.mnemonic());
        let pc = self.pc();
        Insn { pc, next: pc, op, args: [i64::from(pc); OPERANDS_MAX] }.encode(&[], &mut self.bytes);
        self.fixups.push((self.bytes.len() - 4, pc, label));
        self
    }
    /// Appends `table_switch`: `targets[i]` is taken for `low + i`.
    pub fn table_switch(&mut self, low: i32, targets: &[Label], default: Label) -> &mut Self {
        let entries: Vec<_> = targets.iter().map(|label| (0, *label)).collect();
        self.switch(Op::TableSwitch, low, &entries, default)
    }
    /// Appends `lookup_switch`; the pairs may stand in any order.
    ///
    /// # Panics
    /// When a key stands twice.
    pub fn lookup_switch(&mut self, pairs: &[(i32, Label)], default: Label) -> &mut Self {
        let mut sorted = pairs.to_vec();
        sorted.sort_by_key(|(key, _)| *key);
        assert!(sorted.windows(2).all(|two| two[0].0 != two[1].0), "a key of a switch stands twice");
        self.switch(Op::LookupSwitch, 0, &sorted, default)
    }
    fn switch(&mut self, op: Op, low: i32, targets: &[(i32, Label)], default: Label) -> &mut Self {
        let pc = self.pc();
        let base = i64::from(pc);
        let entries: Vec<_> = targets.iter().map(|(key, _)| (i64::from(*key), base)).collect();
        Insn { pc, next: pc, op, args: [base, i64::from(low), entries.len() as i64, 0] }
            .encode(&entries, &mut self.bytes);
        // Value byte, then the default; entries end the instruction.
        self.fixups.push((pc as usize + 1, pc, default));
        let step = if op == Op::TableSwitch { 4 } else { 8 };
        let end = self.bytes.len();
        for (i, (_, label)) in targets.iter().rev().enumerate() {
            self.fixups.push((end - i * step - 4, pc, *label));
        }
        self
    }

    /// Covers `start..end` by a handler; earlier ones are tried first. `class` is a pool index, `None` catches all.
    pub fn handler(&mut self, start: Label, end: Label, target: Label, class: Option<u32>) -> &mut Self {
        self.handlers.push((start, end, target, class));
        self
    }
    /// The next instruction comes from the source line.
    pub fn line(&mut self, line: u32) -> &mut Self {
        let pc = self.pc();
        match self.lines.last_mut() {
            Some(last) if last.line == line => {}
            Some(last) if last.pc == pc => last.line = line,
            _ => self.lines.push(Line { pc, line }),
        }
        self
    }
    /// Names a local over a range, for debuggers.
    pub fn local_name(&mut self, range: (Label, Label), local: u16, name: &str, desc: &str) -> &mut Self {
        self.names.push((range.0, range.1, local, name.into(), desc.into()));
        self
    }

    /// The code, with every branch resolved and the sizes of the frame computed.
    ///
    /// # Errors
    /// When a label is not bound, or the code needs more than a frame has.
    pub fn finish(mut self, pool: &[Const], desc: &str, is_static: bool) -> Result<Code, BuildError> {
        let desc = Descriptor::parse(desc)?;
        if i32::try_from(self.bytes.len()).is_err() {
            return Err(BuildError::TooLong(self.bytes.len()));
        }
        let bound = |label: Label| self.bound[label.0 as usize].ok_or(BuildError::Unbound(label.0));
        for (place, pc, label) in &self.fixups {
            let displacement = bound(*label)? as i32 - *pc as i32;
            self.bytes[*place..*place + 4].copy_from_slice(&displacement.to_le_bytes());
        }
        let mut code = Code::default();
        for (start, end, target, class) in &self.handlers {
            let (start, end, target) = (bound(*start)?, bound(*end)?, bound(*target)?);
            if start < end {
                code.handlers.push(Handler { start, end, target, class: *class });
            }
        }
        for (start, end, local, name, desc) in &self.names {
            let (start, end) = (bound(*start)?, bound(*end)?);
            code.local_names.push(LocalName {
                start,
                end,
                local: *local,
                name: name.clone(),
                desc: desc.clone(),
            });
        }
        code.lines = self.lines;
        code.bytes = self.bytes;
        let (locals, stack) = frame_size(&code.bytes, &code.handlers, pool, &desc, is_static);
        code.max_locals =
            u16::try_from(locals.max(self.locals)).map_err(|_| BuildError::TooManySlots(locals))?;
        code.max_stack = u16::try_from(stack).map_err(|_| BuildError::TooManySlots(stack))?;
        Ok(code)
    }
}

/// Slots for locals and operands that the code needs.
///
/// Follows control flow once, counting depths; where the code is wrong (bad bytes, depths that disagree) the figures
/// are only a guess and the verifier says what is wrong.
pub fn frame_size(
    bytes: &[u8],
    handlers: &[Handler],
    pool: &[Const],
    desc: &Descriptor,
    is_static: bool,
) -> (u32, u32) {
    let mut locals = desc.params.len() as u32 + u32::from(!is_static);
    for insn in instructions(bytes).map_while(Result::ok) {
        if insn.op.spec().operands.first() == Some(&Operand::Local) {
            locals = locals.max(u32::from(insn.local()) + 1);
        }
    }
    let mut seen = vec![false; bytes.len()];
    let mut work = vec![(0u32, 0u32)];
    work.extend(handlers.iter().map(|handler| (handler.target, 1)));
    let mut most = u32::from(!handlers.is_empty());
    while let Some((mut pc, mut depth)) = work.pop() {
        while let Some(unseen @ false) = seen.get_mut(pc as usize) {
            *unseen = true;
            let Ok(insn) = Insn::decode(bytes, pc) else { break };
            let (pops, pushes) = stack_counts(&insn, pool, desc).unwrap_or_default();
            depth = depth.saturating_sub(pops).saturating_add(pushes);
            most = most.max(depth);
            if insn.op.is_branch() {
                work.push((insn.target(), depth));
                work.extend(insn.entries(bytes).map(|(_, target)| (target as u32, depth)));
            }
            if insn.op.ends_block() {
                break;
            }
            pc = insn.next;
        }
    }
    (locals, most)
}

/// A constant pool that finds equal constants fast.
#[derive(Clone, Debug, Default)]
pub struct PoolBuilder {
    pool: Vec<Const>,
    index: BTreeMap<Const, u32>,
}

impl PoolBuilder {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }
    /// Index of the constant, added when there is no equal one; call sites are always added.
    pub fn intern(&mut self, constant: Const) -> u32 {
        let next = self.pool.len() as u32;
        if !matches!(constant, Const::CallSite { .. }) {
            if let Some(index) = self.index.get(&constant) {
                return *index;
            }
            self.index.insert(constant.clone(), next);
        }
        self.pool.push(constant);
        next
    }
    /// Adds the constant, equal or not, and gives its index.
    pub fn push(&mut self, constant: Const) -> u32 {
        let next = self.pool.len() as u32;
        self.index.entry(constant.clone()).or_insert(next);
        self.pool.push(constant);
        next
    }
    /// Index of a string constant.
    pub fn str(&mut self, text: &str) -> u32 {
        self.intern(Const::Str(text.into()))
    }
    /// Index of a class.
    pub fn class(&mut self, name: &str) -> u32 {
        self.intern(Const::Class(name.into()))
    }
    /// Index of a name for `call_name`.
    pub fn name(&mut self, name: &str) -> u32 {
        self.intern(Const::Name(name.into()))
    }
    /// Index of a field.
    pub fn field(&mut self, class: &str, name: &str, desc: &str) -> u32 {
        self.intern(Const::Field { class: class.into(), name: name.into(), desc: desc.into() })
    }
    /// Index of a method of a class.
    pub fn method(&mut self, class: &str, name: &str, desc: &str) -> u32 {
        let (class, name, desc) = (class.into(), name.into(), desc.into());
        self.intern(Const::Method { class, name, desc, interface: false })
    }
    /// Index of a method of an interface.
    pub fn interface_method(&mut self, class: &str, name: &str, desc: &str) -> u32 {
        let (class, name, desc) = (class.into(), name.into(), desc.into());
        self.intern(Const::Method { class, name, desc, interface: true })
    }
    /// The constants so far.
    pub fn constants(&self) -> &[Const] {
        &self.pool
    }
    /// The pool, for [`Module::pool`].
    pub fn finish(self) -> Vec<Const> {
        self.pool
    }
}

impl From<&Module> for PoolBuilder {
    fn from(module: &Module) -> Self {
        let mut builder = PoolBuilder { pool: module.pool.clone(), index: BTreeMap::new() };
        for (index, constant) in module.pool.iter().enumerate() {
            builder.index.entry(constant.clone()).or_insert(index as u32);
        }
        builder
    }
}
