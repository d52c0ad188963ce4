//! Verified Java code to Phantom instructions.
//!
//! A long or double takes one local and one operand here; arguments are the first locals. What stands on the operand
//! stack is the same otherwise, so most instructions have one counterpart. Comparisons of longs and floats are put
//! together with the branch behind them.
//!
//! *Invariant:* what [`crate::verify`] accepts passes the verifier of `bytecode`.

use crate::code::{Body, Failure, Insn, fail, is_jump, op};
use crate::indy;
use crate::parse::{ClassFile, Constant, Reader, Refusal, access, bad, is_wide};
use crate::verify::{Context, Link, Method, UNREACHED};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{
    ClassDef, Code, CodeBuilder, Const, Elem, HandleKind, Label, MethodDef, Op, PoolBuilder, TypeDesc,
};

/// Deepest nesting of computed constants in the arguments of others.
const DYNAMIC_DEPTH_MAX: u32 = 32;

/// A bootstrap method: its handle, and the pool indexes of its static arguments.
#[derive(Clone, Debug)]
pub(crate) struct Bootstrap {
    pub(crate) handle: u16,
    pub(crate) args: Vec<u16>,
}

/// What a class is converted into.
pub(crate) struct Emitter<'f, 'a> {
    pub(crate) context: Context<'f, 'a>,
    pub(crate) pool: PoolBuilder,
    pub(crate) bootstraps: Vec<Bootstrap>,
    /// Methods that were made for call sites.
    pub(crate) methods: Vec<MethodDef>,
    /// Classes that were made for call sites.
    pub(crate) classes: Vec<ClassDef>,
    /// Pool entry by the class file's, and whether it is the superclass's method.
    known: BTreeMap<(u16, bool), u32>,
}

impl<'f, 'a> Emitter<'f, 'a> {
    pub(crate) fn new(context: Context<'f, 'a>) -> Result<Self, Refusal> {
        let bootstraps = bootstraps(context.class)?;
        Ok(Emitter {
            context,
            pool: PoolBuilder::new(),
            bootstraps,
            methods: Vec::new(),
            classes: Vec::new(),
            known: BTreeMap::new(),
        })
    }

    /// The code of a verified method.
    pub(crate) fn code(
        &mut self,
        method: &Method<'_>,
        desc: &str,
        body: &Body<'_>,
        forms: &[u8],
    ) -> Result<Code, Failure> {
        let mut writer = Writer {
            locals: local_map(method, body),
            labels: vec![None; body.insns.len() + 1],
            joins: vec![false; body.insns.len() + 1],
            code: CodeBuilder::new(),
            narrow: narrowing(method),
            body,
            forms,
            emitter: self,
        };
        writer.name_locals(method.desc.params.len() as u16 + u16::from(!method.is_static));
        writer.write()?;
        let Writer { code, .. } = writer;
        code.finish(self.pool.constants(), desc, method.is_static)
            .map_err(|error| Failure { pc: None, what: error.to_string() })
    }

    pub(crate) fn class_const(&mut self, index: u16) -> Result<u32, Failure> {
        let name = self.context.class.class_name(index).map_err(refused)?;
        Ok(self.pool.class(&name))
    }

    /// Pool entry of a field or method; `above` for a method of the superclass.
    fn member_const(&mut self, index: u16, link: &Link, above: bool) -> u32 {
        if let Some(there) = self.known.get(&(index, above)) {
            return *there;
        }
        let class = match (&self.context.class.super_name, above) {
            (Some(name), true) => name.clone(),
            _ => link.class.clone(),
        };
        let (name, desc) = (link.name.clone(), link.desc.clone());
        let constant = if desc.starts_with('(') {
            Const::Method { class, name, desc, interface: link.interface }
        } else {
            Const::Field { class, name, desc }
        };
        let made = self.pool.intern(constant);
        self.known.insert((index, above), made);
        made
    }

    /// A constant that is pushed or handed to a bootstrap method.
    pub(crate) fn loadable(&mut self, index: u16, depth: u32) -> Result<u32, Failure> {
        let class = self.context.class;
        let constant = match class.constant(index) {
            Constant::Int(number) => Const::I32(number),
            Constant::Float(bits) => Const::F32(bits),
            Constant::Long(number) => Const::I64(number),
            Constant::Double(bits) => Const::F64(bits),
            Constant::String(text) => Const::Str(class.utf8(text).map_err(refused)?),
            Constant::Class(_) => return self.class_const(index),
            Constant::MethodType(desc) => Const::MethodType(class.utf8(desc).map_err(refused)?),
            Constant::Handle(..) => return self.handle(index),
            Constant::Dynamic(bootstrap, _) => {
                if depth >= DYNAMIC_DEPTH_MAX {
                    return fail("A computed constant depends on itself");
                }
                let link = self.context.link(index)?;
                let (bootstrap, args) = self.bootstrap(bootstrap, depth)?;
                Const::Dynamic { bootstrap, name: link.name.clone(), desc: link.desc.clone(), args }
            }
            _ => return fail(format!("Illegal type at constant pool entry {index}")),
        };
        Ok(self.pool.intern(constant))
    }

    fn handle(&mut self, index: u16) -> Result<u32, Failure> {
        let Constant::Handle(kind, member) = self.context.class.constant(index) else {
            return fail(format!("Constant {index} is no method handle"));
        };
        let Some(kind) = HandleKind::from_value(kind) else { return fail("Bad method handle kind") };
        let link = self.context.link(member)?;
        let target = self.member_const(member, &link, false);
        Ok(self.pool.intern(Const::Handle { kind, target }))
    }

    fn bootstrap(&mut self, number: u16, depth: u32) -> Result<(u32, Vec<u32>), Failure> {
        let Some(bootstrap) = self.bootstraps.get(usize::from(number)).cloned() else {
            return fail("There is no such bootstrap method");
        };
        if matches!(self.context.class.constant(bootstrap.handle), Constant::Handle(1..=4, _)) {
            return fail("A bootstrap method is a field");
        }
        let handle = self.handle(bootstrap.handle)?;
        let args: Result<Vec<u32>, Failure> =
            bootstrap.args.iter().map(|arg| self.loadable(*arg, depth + 1)).collect();
        Ok((handle, args?))
    }

    /// How an `invokedynamic` is called: a static method, or a call site that is linked when it runs.
    fn call_site(&mut self, index: u16) -> Result<(Op, u32), Failure> {
        let Constant::InvokeDynamic(number, _) = self.context.class.constant(index) else {
            return fail("Illegal type at constant pool entry");
        };
        let link = self.context.link(index)?;
        if let Some(direct) = indy::direct(self, number, &link)? {
            return Ok((Op::CallStatic, direct));
        }
        let (bootstrap, args) = self.bootstrap(number, 0)?;
        let site = Const::CallSite { bootstrap, name: link.name.clone(), desc: link.desc.clone(), args };
        Ok((Op::CallSite, self.pool.intern(site)))
    }
}

pub(crate) fn refused(refusal: Refusal) -> Failure {
    Failure { pc: None, what: refusal.to_string() }
}

/// The BootstrapMethods attribute (JVMS 4.7.23).
fn bootstraps(class: &ClassFile<'_>) -> Result<Vec<Bootstrap>, Refusal> {
    let mut all = Vec::new();
    if let Some(bytes) = class.attribute_named(b"BootstrapMethods") {
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.u16()? {
            let handle = reader.u16()?;
            if !matches!(class.constant(handle), Constant::Handle(..)) {
                return bad(format!("bootstrap_method_index {handle} has bad constant type"));
            }
            let args: Result<Vec<u16>, Refusal> = (0..reader.u16()?).map(|_| reader.u16()).collect();
            all.push(Bootstrap { handle, args: args? });
        }
    }
    let known = |constant: &Constant<'_>| match constant {
        Constant::Dynamic(number, _) | Constant::InvokeDynamic(number, _) => usize::from(*number) < all.len(),
        _ => true,
    };
    if class.pool.iter().all(known) { Ok(all) } else { bad("Short length on BootstrapMethods in class file") }
}

/// Code that throws a new object of a class.
pub(crate) fn throws(pool: &mut PoolBuilder, class: &str, desc: &str) -> Code {
    let mut code = CodeBuilder::new();
    let (class, make) = (pool.class(class), pool.method(class, "<init>", "()V"));
    code.pool(Op::New, class).op(Op::Dup).pool(Op::CallSpecial, make).op(Op::Throw);
    // The descriptor was parsed before, and nothing is bound.
    code.finish(pool.constants(), desc, false).unwrap_or_default()
}

/// Phantom's local for each of Java's: arguments first, then those that the code uses.
fn local_map(method: &Method<'_>, body: &Body<'_>) -> Vec<u16> {
    let mut map = vec![u16::MAX; usize::from(body.max_locals) + 1];
    let (mut slot, mut next) = (0, 0);
    let mut argument = |wide: bool| {
        if let Some(place) = map.get_mut(slot) {
            *place = next;
        }
        next += 1;
        slot += 1 + usize::from(wide);
    };
    if !method.is_static {
        argument(false);
    }
    for param in &method.desc.params {
        argument(is_wide(param));
    }
    for insn in &body.insns {
        if matches!(insn.op, op::ILOAD..=op::ALOAD | op::ISTORE..=op::ASTORE | op::IINC)
            && let Some(place) = map.get_mut(insn.a as usize)
            && *place == u16::MAX
        {
            *place = next;
            next += 1;
        }
    }
    map
}

/// What the result of a method of a small type is cut to (JVMS 6.5 ireturn).
fn narrowing(method: &Method<'_>) -> Option<Elem> {
    match method.desc.result {
        Some(TypeDesc::Prim(elem @ (Elem::Bool | Elem::I8 | Elem::U16 | Elem::I16))) => Some(elem),
        _ => None,
    }
}

struct Writer<'w, 'f, 'a, 'b> {
    emitter: &'w mut Emitter<'f, 'a>,
    body: &'w Body<'b>,
    forms: &'w [u8],
    /// Phantom's local for each of Java's.
    locals: Vec<u16>,
    /// Label of an instruction that is a target or the border of a handler.
    labels: Vec<Option<Label>>,
    /// Whether control may come to an instruction from elsewhere than the one before.
    joins: Vec<bool>,
    code: CodeBuilder,
    narrow: Option<Elem>,
}

impl Writer<'_, '_, '_, '_> {
    fn label(&mut self, index: u32) -> Label {
        let code = &mut self.code;
        *self.labels[index as usize].get_or_insert_with(|| code.label())
    }

    /// Names the locals as the class file does, or by Java's numbers, for messages about null. Arguments are known without.
    fn name_locals(&mut self, arguments: u16) {
        let body = self.body;
        if body.inlined {
            return;
        }
        for name in &body.names {
            let local = self.locals.get(usize::from(name.slot)).copied().unwrap_or(u16::MAX);
            if local != u16::MAX {
                let range = (self.label(name.start), self.label(name.end));
                self.code.local_name(range, local, &name.name, "");
            }
        }
        if !body.names.is_empty() {
            return;
        }
        for slot in 0..self.locals.len() {
            let local = self.locals[slot];
            if local != u16::MAX && local >= arguments {
                let range = (self.label(0), self.label(body.insns.len() as u32));
                self.code.local_name(range, local, &format!("<local{slot}>"), "");
            }
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        let body = self.body;
        for insn in &body.insns {
            let mut targets = Vec::new();
            body.targets(insn, |target| targets.push(target));
            if insn.op == op::RET {
                targets.push(insn.a as u32);
            }
            for target in targets {
                self.label(target);
                self.joins[target as usize] = true;
            }
        }
        for handler in &body.handlers {
            let class = handler.class.as_ref().map(|name| self.emitter.pool.class(name));
            let (start, end) = (self.label(handler.start), self.label(handler.end));
            let target = self.label(handler.target);
            self.joins[handler.target as usize] = true;
            self.code.handler(start, end, target, class);
        }
        let mut index = 0;
        while index < body.insns.len() {
            if let Some(label) = self.labels[index] {
                self.code.bind(label);
            }
            if self.forms[index] == UNREACHED {
                index += 1;
                continue;
            }
            let insn = body.insns[index];
            let line = body.lines.partition_point(|(pc, _)| *pc <= insn.pc);
            if let Some((_, line)) = line.checked_sub(1).and_then(|line| body.lines.get(line)) {
                self.code.line(*line);
            }
            let written = self.instruction(index, &insn);
            index += written.map_err(|failure| Failure { pc: failure.pc.or(Some(insn.pc)), ..failure })?;
        }
        if let Some(label) = self.labels[index] {
            self.code.bind(label);
        }
        Ok(())
    }

    /// Writes an instruction; how many were dealt with.
    fn instruction(&mut self, index: usize, insn: &Insn) -> Result<usize, Failure> {
        let form = self.forms[index];
        match insn.op {
            op::NOP => {}
            op::ACONST_NULL => self.op(Op::Null),
            op::SIPUSH => {
                self.code.i32_const(insn.a);
            }
            op::LCONST_0 | op::LCONST_1 => {
                self.code.i64_const(i64::from(insn.op - op::LCONST_0));
            }
            op::FCONST_0..=op::FCONST_2 => {
                self.code.f32_const(f32::from(insn.op - op::FCONST_0));
            }
            op::DCONST_0 | op::DCONST_1 => {
                self.code.f64_const(f64::from(insn.op - op::DCONST_0));
            }
            op::LDC | op::LDC2_W => self.constant(insn.a as u16)?,
            op::ILOAD..=op::ALOAD => self.local(Op::LocalGet, insn.a),
            op::ISTORE..=op::ASTORE => self.local(Op::LocalSet, insn.a),
            op::IINC => {
                let local = self.locals[insn.a as usize];
                self.code.inc(local, insn.b);
            }
            op::POP => self.op(Op::Pop),
            op::POP2 => {
                self.op(Op::Pop);
                if form == 0 {
                    self.op(Op::Pop);
                }
            }
            op::DUP => self.op(Op::Dup),
            op::DUP_X1 => self.op(Op::DupX1),
            op::DUP_X2 => self.op([Op::DupX2, Op::DupX1][usize::from(form)]),
            op::DUP2 => self.op([Op::Dup2, Op::Dup][usize::from(form)]),
            op::DUP2_X1 => self.op([Op::Dup2X1, Op::DupX1][usize::from(form)]),
            op::DUP2_X2 => self.op([Op::Dup2X2, Op::Dup2X1, Op::DupX2, Op::DupX1][usize::from(form)]),
            op::SWAP => self.op(Op::Swap),
            op::LCMP..=op::DCMPG => return Ok(self.compare(index, insn)),
            op::IFEQ..=op::IFLE => self.branch_zero(insn),
            op::IF_ICMPEQ..=op::IF_ACMPNE | op::GOTO | op::IFNULL | op::IFNONNULL => {
                let which = match insn.op {
                    op::GOTO => Op::Goto,
                    op::IFNULL => Op::BrNull,
                    op::IFNONNULL => Op::BrNonnull,
                    other => BRANCHES[usize::from(other - op::IF_ICMPEQ)],
                };
                self.branch(which, insn.a as u32);
            }
            op::JSR => {
                self.op(Op::Null);
                self.branch(Op::Goto, insn.a as u32);
            }
            op::RET => self.branch(Op::Goto, insn.a as u32),
            op::TABLESWITCH | op::LOOKUPSWITCH => self.switch(insn),
            op::IRETURN => {
                self.cut_result(index);
                self.op(Op::Return);
            }
            op::LRETURN..=op::RETURN => self.op(Op::Return),
            op::GETSTATIC..=op::INVOKEDYNAMIC => self.member(insn)?,
            op::NEW | op::ANEWARRAY | op::CHECKCAST | op::INSTANCEOF => {
                let which = match insn.op {
                    op::NEW => Op::New,
                    op::ANEWARRAY => Op::NewRefArray,
                    op::CHECKCAST => Op::CheckCast,
                    _ => Op::InstanceOf,
                };
                let class = self.emitter.class_const(insn.a as u16)?;
                self.code.pool(which, class);
            }
            op::NEWARRAY => {
                const KINDS: [Elem; 8] =
                    [Elem::Bool, Elem::U16, Elem::F32, Elem::F64, Elem::I8, Elem::I16, Elem::I32, Elem::I64];
                self.code.new_array(KINDS[(insn.a as usize - 4) % 8]);
            }
            op::MULTIANEWARRAY => {
                let class = self.emitter.class_const(insn.a as u16)?;
                self.code.insn(Op::MultiNewArray, &[i64::from(class), i64::from(insn.b)]);
            }
            op::ARRAYLENGTH => self.op(Op::ArrayLen),
            op::ATHROW => self.op(Op::Throw),
            op::MONITORENTER => self.op(Op::MonitorEnter),
            op::MONITOREXIT => self.op(Op::MonitorExit),
            other => match PLAIN.iter().find(|(java, _)| *java == other) {
                Some((_, which)) => self.op(*which),
                None => return fail(format!("Bad instruction: {other:#x}")),
            },
        }
        Ok(1)
    }

    fn op(&mut self, which: Op) {
        self.code.op(which);
    }
    fn local(&mut self, which: Op, slot: i32) {
        let local = self.locals[slot as usize];
        self.code.local(which, local);
    }
    fn branch(&mut self, which: Op, target: u32) {
        let label = self.label(target);
        self.code.branch(which, label);
    }

    fn constant(&mut self, index: u16) -> Result<(), Failure> {
        match self.emitter.context.class.constant(index) {
            Constant::Int(number) => {
                self.code.i32_const(number);
            }
            Constant::Long(number) => {
                self.code.i64_const(number);
            }
            Constant::Float(bits) => {
                self.code.f32_const(f32::from_bits(bits));
            }
            Constant::Double(bits) => {
                self.code.f64_const(f64::from_bits(bits));
            }
            _ => {
                let constant = self.emitter.loadable(index, 0)?;
                self.code.pool(Op::Const, constant);
            }
        }
        Ok(())
    }

    fn branch_zero(&mut self, insn: &Insn) {
        match insn.op {
            op::IFEQ => self.branch(Op::BrIfz, insn.a as u32),
            op::IFNE => self.branch(Op::BrIf, insn.a as u32),
            other => {
                self.code.i32_const(0);
                self.branch(BRANCHES[usize::from(other - op::IFEQ)], insn.a as u32);
            }
        }
    }

    /// A comparison, with the branch behind it when that has no other way to it.
    fn compare(&mut self, index: usize, insn: &Insn) -> usize {
        let next = index + 1;
        let branch = self.body.insns.get(next).filter(|branch| {
            matches!(branch.op, op::IFEQ..=op::IFLE)
                && self.labels[next].is_none()
                && self.forms[next] != UNREACHED
        });
        let Some(branch) = branch else {
            self.op(match insn.op {
                op::LCMP => Op::I64Cmp,
                op::FCMPL => Op::F32Cmpl,
                op::FCMPG => Op::F32Cmpg,
                op::DCMPL => Op::F64Cmpl,
                _ => Op::F64Cmpg,
            });
            return 1;
        };
        let condition = usize::from(branch.op - op::IFEQ);
        if insn.op == op::LCMP {
            const LONGS: [Op; 6] =
                [Op::BrI64Eq, Op::BrI64Ne, Op::BrI64LtS, Op::BrI64GeS, Op::BrI64GtS, Op::BrI64LeS];
            self.branch(LONGS[condition], branch.a as u32);
            return 2;
        }
        // NaN compares as less (`cmpl`) or as greater (`cmpg`): the test that is false for NaN, and whether to go
        // when it holds.
        use Op::{F32Eq, F32Ge, F32Gt, F32Le, F32Lt, F32Ne, F64Eq, F64Ge, F64Gt, F64Le, F64Lt, F64Ne};
        const LESS: [(Op, Op, Op); 6] = [
            (F32Eq, F64Eq, Op::BrIf),
            (F32Ne, F64Ne, Op::BrIf),
            (F32Ge, F64Ge, Op::BrIfz),
            (F32Ge, F64Ge, Op::BrIf),
            (F32Gt, F64Gt, Op::BrIf),
            (F32Gt, F64Gt, Op::BrIfz),
        ];
        const GREATER: [(Op, Op, Op); 6] = [
            (F32Eq, F64Eq, Op::BrIf),
            (F32Ne, F64Ne, Op::BrIf),
            (F32Lt, F64Lt, Op::BrIf),
            (F32Lt, F64Lt, Op::BrIfz),
            (F32Le, F64Le, Op::BrIfz),
            (F32Le, F64Le, Op::BrIf),
        ];
        let less = matches!(insn.op, op::FCMPL | op::DCMPL);
        let (single, double, go) = if less { LESS[condition] } else { GREATER[condition] };
        self.op(if matches!(insn.op, op::FCMPL | op::FCMPG) { single } else { double });
        self.branch(go, branch.a as u32);
        2
    }

    fn switch(&mut self, insn: &Insn) {
        let body = self.body;
        let switch = &body.switches[insn.a as usize];
        let default = self.label(switch.default);
        let pairs: Vec<(i32, Label)> =
            switch.entries.iter().map(|(key, target)| (*key, self.label(*target))).collect();
        match pairs.first() {
            Some((low, _)) if insn.op == op::TABLESWITCH => {
                let targets: Vec<Label> = pairs.iter().map(|(_, label)| *label).collect();
                self.code.table_switch(*low, &targets, default);
            }
            _ => {
                self.code.lookup_switch(&pairs, default);
            }
        }
    }

    fn member(&mut self, insn: &Insn) -> Result<(), Failure> {
        let index = insn.a as u16;
        if insn.op == op::INVOKEDYNAMIC {
            let (which, entry) = self.emitter.call_site(index)?;
            self.code.pool(which, entry);
            return Ok(());
        }
        let link: Rc<Link> = self.emitter.context.link(index)?;
        let class = self.emitter.context.class;
        // JVMS 6.5 invokespecial: a method of a superclass is looked for from the direct one on.
        let above = insn.op == op::INVOKESPECIAL
            && link.name != "<init>"
            && !link.interface
            && link.class != class.name
            && class.access & access::SUPER != 0
            && class.access & access::INTERFACE == 0;
        let entry = self.emitter.member_const(index, &link, above);
        let which = match insn.op {
            op::GETSTATIC => Op::GetStatic,
            op::PUTSTATIC => Op::PutStatic,
            op::GETFIELD => Op::GetField,
            op::PUTFIELD => Op::PutField,
            op::INVOKEVIRTUAL => Op::CallVirtual,
            op::INVOKESPECIAL => Op::CallSpecial,
            op::INVOKESTATIC => Op::CallStatic,
            _ => Op::CallInterface,
        };
        self.code.pool(which, entry);
        Ok(())
    }

    /// Cuts the result to its type, unless it is seen to fit.
    fn cut_result(&mut self, index: usize) {
        let Some(elem) = self.narrow else { return };
        let falls_in = index > 0 && !crate::code::ends(self.body.insns[index - 1].op);
        let before = !falls_in || self.fits(index - 1, elem);
        let joined = !self.joins[index] || self.jumps_fit(index as u32, elem);
        if before && joined {
            return;
        }
        match elem {
            Elem::Bool => {
                self.code.i32_const(1).op(Op::I32And);
            }
            Elem::I8 => self.op(Op::I32Extend8S),
            Elem::U16 => self.op(Op::I32Extend16U),
            _ => self.op(Op::I32Extend16S),
        }
    }

    /// Whether each way to an instruction but from the one before is a `goto` behind a value that fits.
    fn jumps_fit(&self, index: u32, elem: Elem) -> bool {
        let insns = &self.body.insns;
        insns.iter().enumerate().filter(|(_, insn)| is_jump(insn.op) && insn.a as u32 == index).all(
            |(from, insn)| insn.op == op::GOTO && !self.joins[from] && from > 0 && self.fits(from - 1, elem),
        ) && !self.body.switches.iter().any(|switch| {
            switch.default == index || switch.entries.iter().any(|(_, target)| *target == index)
        }) && !self.body.inlined
    }

    /// Whether the instruction pushes a value of a small type.
    fn fits(&self, index: usize, elem: Elem) -> bool {
        let insn = &self.body.insns[index];
        let (low, high) = match elem {
            Elem::Bool => (0, 1),
            Elem::I8 => (-0x80, 0x7f),
            Elem::U16 => (0, 0xffff),
            _ => (-0x8000, 0x7fff),
        };
        match insn.op {
            op::SIPUSH => (low..=high).contains(&insn.a),
            op::INSTANCEOF => true,
            op::I2B => matches!(elem, Elem::I8 | Elem::I16),
            op::I2C | op::CALOAD => elem == Elem::U16,
            op::I2S | op::SALOAD => elem == Elem::I16,
            op::BALOAD => matches!(elem, Elem::I8 | Elem::I16),
            op::GETSTATIC | op::GETFIELD | op::INVOKEVIRTUAL..=op::INVOKEINTERFACE => {
                let Ok((_, _, desc, _)) = self.emitter.context.class.member_ref(insn.a as u16) else {
                    return false;
                };
                let result = desc.rsplit(')').next().unwrap_or("");
                result == bytecode::desc::letter(elem).to_string()
            }
            _ => false,
        }
    }
}

/// Comparisons of ints in the order of `if_icmpeq`, then of references; of ints with zero in the order of `ifeq`.
const BRANCHES: [Op; 8] = [
    Op::BrI32Eq,
    Op::BrI32Ne,
    Op::BrI32LtS,
    Op::BrI32GeS,
    Op::BrI32GtS,
    Op::BrI32LeS,
    Op::BrRefEq,
    Op::BrRefNe,
];

/// Instructions with one counterpart and no operands.
const PLAIN: &[(u8, Op)] = &[
    (op::IALOAD, Op::ArrayGetI32),
    (op::LALOAD, Op::ArrayGetI64),
    (op::FALOAD, Op::ArrayGetF32),
    (op::DALOAD, Op::ArrayGetF64),
    (op::AALOAD, Op::ArrayGetRef),
    (op::BALOAD, Op::ArrayGetI8),
    (op::CALOAD, Op::ArrayGetU16),
    (op::SALOAD, Op::ArrayGetI16),
    (op::IASTORE, Op::ArraySetI32),
    (op::LASTORE, Op::ArraySetI64),
    (op::FASTORE, Op::ArraySetF32),
    (op::DASTORE, Op::ArraySetF64),
    (op::AASTORE, Op::ArraySetRef),
    (op::BASTORE, Op::ArraySetI8),
    (op::CASTORE, Op::ArraySetU16),
    (op::SASTORE, Op::ArraySetI16),
    (op::IADD, Op::I32Add),
    (op::IADD + 1, Op::I64Add),
    (op::IADD + 2, Op::F32Add),
    (op::IADD + 3, Op::F64Add),
    (op::IADD + 4, Op::I32Sub),
    (op::IADD + 5, Op::I64Sub),
    (op::IADD + 6, Op::F32Sub),
    (op::IADD + 7, Op::F64Sub),
    (op::IADD + 8, Op::I32Mul),
    (op::IADD + 9, Op::I64Mul),
    (op::IADD + 10, Op::F32Mul),
    (op::IADD + 11, Op::F64Mul),
    (op::IADD + 12, Op::I32Div),
    (op::IADD + 13, Op::I64Div),
    (op::IADD + 14, Op::F32Div),
    (op::IADD + 15, Op::F64Div),
    (op::IADD + 16, Op::I32Rem),
    (op::IADD + 17, Op::I64Rem),
    (op::IADD + 18, Op::F32Rem),
    (op::DREM, Op::F64Rem),
    (op::INEG, Op::I32Neg),
    (op::LNEG, Op::I64Neg),
    (op::FNEG, Op::F32Neg),
    (op::DNEG, Op::F64Neg),
    (op::ISHL, Op::I32Shl),
    (op::LSHL, Op::I64Shl),
    (op::ISHR, Op::I32ShrS),
    (op::LSHR, Op::I64ShrS),
    (op::IUSHR, Op::I32ShrU),
    (op::LUSHR, Op::I64ShrU),
    (op::IAND, Op::I32And),
    (op::IAND + 1, Op::I64And),
    (op::IAND + 2, Op::I32Or),
    (op::IAND + 3, Op::I64Or),
    (op::IAND + 4, Op::I32Xor),
    (op::LXOR, Op::I64Xor),
    (op::I2L, Op::I64ExtendI32S),
    (op::I2F, Op::F32ConvertI32S),
    (op::I2D, Op::F64ConvertI32S),
    (op::L2I, Op::I32WrapI64),
    (op::L2F, Op::F32ConvertI64S),
    (op::L2D, Op::F64ConvertI64S),
    (op::F2I, Op::I32TruncSatF32S),
    (op::F2L, Op::I64TruncSatF32S),
    (op::F2D, Op::F64PromoteF32),
    (op::D2I, Op::I32TruncSatF64S),
    (op::D2L, Op::I64TruncSatF64S),
    (op::D2F, Op::F32DemoteF64),
    (op::I2B, Op::I32Extend8S),
    (op::I2C, Op::I32Extend16U),
    (op::I2S, Op::I32Extend16S),
];

/// Text of a descriptor's result, empty for none.
pub(crate) fn result_of(desc: &str) -> String {
    desc.rsplit(')').next().filter(|result| *result != "V").unwrap_or("").into()
}
