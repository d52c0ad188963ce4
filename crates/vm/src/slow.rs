//! Instructions off the fast path: resolving what they name (and rewriting their records), and all that touches more than
//! a few words. They work on the top frame in memory.

use crate::Vm;
use crate::calls::Flow;
use crate::decode::{Code, Record, quick};
use crate::interpreter::Exit;
use crate::link::{Loaded, Unresolved};
use crate::waiting::{ADDRESS_SHIFT, TIMED_OUT, WAKES_AT_ONCE, WOKEN};
use alloc::format;
use alloc::vec::Vec;
use base::Addr;
use bytecode::module::Language;
use bytecode::{Elem, Flags, Insn, Kind, Op};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{FIELD_REF, array, binary, class, field, frame, header, method, on_return};

/// Largest offset of a field that a record has room for.
const OFFSET_MAX: u32 = u16::MAX as u32;
/// Ordinals below this are answered for null by `.internal.void`.
const VOID_ORDINALS: u32 = crate::bootstrap::ORDINALS_FIXED;
/// Polls after which a sleeping worker is woken for a thread that nobody has taken yet.
const HELP_POLLS: u32 = 128;
/// Polls between two looks of the chaos mode, at most.
const CHAOS_POLLS: u64 = 12;

impl Vm {
    /// Polls until the interpreter has to come back.
    pub(crate) fn burst(&mut self) -> u32 {
        let polls = self.running.polls.max(1);
        let polls = if self.helping { polls.min(HELP_POLLS) } else { polls };
        if self.is_measured() {
            return 1;
        }
        match &mut self.chaos {
            Some(prng) => polls.min(1 + prng.below(CHAOS_POLLS) as u32),
            None => polls,
        }
    }
    /// Takes polls off the slice.
    pub(crate) fn spend(&mut self, polls: u32) {
        self.running.polls = self.running.polls.saturating_sub(polls);
    }
    /// Has the running thread come to the run loop at its next safepoint.
    pub(crate) fn ask_attention(&self) {
        self.requests.ask(crate::scheduler::Request::Attention);
    }

    /// The number in an object of exactly this kind's class.
    pub(crate) fn unbox_exact(&self, value: Value, kind: Kind) -> Option<u64> {
        match kind {
            Kind::I32 => value.as_int().map(|number| u64::from(number as u32)),
            Kind::I64 => self.as_long(value).map(|number| number as u64),
            Kind::F32 => self.as_float(value).map(|number| u64::from(number.to_bits())),
            Kind::F64 => self.as_double(value).map(f64::to_bits),
            Kind::Ref => Some(value.0),
        }
    }
    pub(crate) fn raise_unbox(&mut self, value: Value, kind: Kind) -> Flow {
        let class = self.text(self.class_of(value), class::NAME);
        let (id, text) = if value.is_null() {
            (ClassId::NullPointer, format!("null stands where an {kind} is wanted"))
        } else {
            (ClassId::ClassCast, format!("a {class} stands where an {kind} is wanted"))
        };
        self.raise_kernel(id, &text)
    }

    fn operand(&self, from_top: u64) -> u64 {
        let top = self.top();
        self.memory.load_u64(self.operand_end(&top).sub(8 * (from_top + 1)))
    }
    fn drop_operands(&mut self, count: u32) {
        let top = self.top();
        self.set_frame_u32(top.at, frame::DEPTH, top.depth - count);
    }

    /// The instruction at the top frame's `PC` is done: pushes its result, if `kind` is not zero, and goes on behind it.
    pub(crate) fn finish_instruction(&mut self, bits: u64, kind: u8) -> Flow {
        if kind != 0 {
            self.push_operand(bits);
        }
        self.advance();
        Flow::Go
    }
    fn finish_with(&mut self, pops: u32, result: Option<u64>) -> Flow {
        self.drop_operands(pops);
        self.finish_instruction(result.unwrap_or(0), u8::from(result.is_some()))
    }

    /// Runs the instruction of the record, or rewrites the record so that it is run at once.
    pub(crate) fn slow(&mut self, code: &Code, index: usize) -> Flow {
        let result = self.slow_step(code, index);
        self.or_unresolved(result)
    }

    fn slow_step(&mut self, code: &Code, index: usize) -> Result<Flow, Unresolved> {
        let pc = code.pcs[index];
        let insn = self.with_definition(code.method, |_, definition| {
            definition.code.as_ref().and_then(|body| Insn::decode(&body.bytes, pc).ok())
        });
        let insn = insn.flatten().unwrap_or_else(|| panic!("a record stands for no instruction"));
        let pool = code.pool.clone();
        let cell = &code.records[index];
        let old = cell.get();
        let rewrite = |record: Record| {
            cell.set(record);
            Ok(Flow::Resolved)
        };
        let entry = insn.pool_index().unwrap_or(0);
        match insn.op {
            Op::Const => match self.constant(code.module, &pool, entry)? {
                Loaded::Ready(bits) => {
                    use bytecode::Const::{Dynamic, Handle, MethodType};
                    // What the library makes may move.
                    let java = pool.language == Language::Java;
                    let moves = match pool.pool[entry as usize] {
                        Dynamic { .. } => true,
                        Handle { .. } | MethodType(_) => java,
                        _ => false,
                    };
                    if !moves {
                        return rewrite(Record { op: quick::PUSH, a: 0, b: 0, c: bits });
                    }
                    Ok(self.finish_instruction(bits, 1))
                }
                Loaded::Wait(flow) => Ok(flow),
            },
            Op::GetField | Op::PutField => self.slow_field(code, &insn, entry, index, old),
            Op::GetStatic | Op::PutStatic => {
                let target = self.resolve_field(code.module, &pool, entry, Flags::STATIC)?;
                let owner = self.ref_field(target, field::CLASS);
                if insn.op == Op::PutStatic && pool.language == Language::Java {
                    self.check_final(self.ref_field(code.method, method::CLASS), target)?;
                }
                let ready = self.get_u8(owner, class::INIT_STATE) == crate::classes::INITIALISED;
                if let Some(flow) = self.initialise(owner) {
                    return Ok(flow);
                }
                let still = !ready && self.get_u8(owner, class::INIT_STATE) != crate::classes::INITIALISED;
                if still || self.is_volatile(target) {
                    // The initialiser of the class itself: not for ever. A volatile field: always here.
                    if insn.op == Op::GetStatic {
                        let bits = self.load_field(Addr::NULL, target);
                        return Ok(self.finish_instruction(bits, 1));
                    }
                    let bits = self.operand(0);
                    self.store_field(Addr::NULL, target, bits);
                    return Ok(self.finish_with(1, None));
                }
                let storage = self.get_u8(target, field::KIND);
                let op = match (insn.op, storage) {
                    (Op::GetStatic, _) => quick::GET_STATIC,
                    (_, FIELD_REF) => quick::PUT_STATIC_REF,
                    _ => quick::PUT_STATIC,
                };
                rewrite(Record { op, a: u16::from(storage), b: 0, c: self.static_cell(target).1.0 })
            }
            Op::New => {
                let class = self.resolve_class(code.module, &pool, entry)?;
                self.check_instantiable(class)?;
                if let Some(flow) = self.initialise(class) {
                    return Ok(flow);
                }
                let initialising = self.get_u8(class, class::INIT_STATE) != crate::classes::INITIALISED;
                if initialising || self.is_kernel_class(class, ClassId::Thread) {
                    let made = self.new_object(class);
                    return Ok(self.finish_instruction(made.0, 1));
                }
                let bytes = self.get_u32(class, class::INSTANCE_SIZE);
                rewrite(Record { op: quick::NEW, a: 0, b: bytes, c: class.0 })
            }
            Op::InstanceOf => {
                let class = self.resolve_class(code.module, &pool, entry)?;
                rewrite(Record { op: quick::INSTANCE_OF, a: 0, b: 0, c: class.0 })
            }
            Op::CheckCast if old.op == quick::CHECK_CAST => {
                let class = self.class_of(Value(self.operand(0)));
                if pool.language == Language::Java {
                    let thrown = self.cast_error(class, Addr(old.c));
                    return Ok(self.raise(thrown));
                }
                let text = format!(
                    "a {} is no {}",
                    self.text(class, class::NAME),
                    self.text(Addr(old.c), class::NAME)
                );
                Ok(self.raise_kernel(ClassId::ClassCast, &text))
            }
            Op::CheckCast => {
                let class = self.resolve_class(code.module, &pool, entry)?;
                rewrite(Record { op: quick::CHECK_CAST, a: 0, b: 0, c: class.0 })
            }
            Op::NewRefArray => {
                let element = self.resolve_class(code.module, &pool, entry)?;
                let class = self.array_class(element);
                rewrite(Record { op: quick::NEW_REF_ARRAY, a: 0, b: 0, c: class.0 })
            }
            Op::MultiNewArray => self.multi_new_array(code, &insn, entry),
            Op::CallStatic | Op::CallSpecial | Op::CallVirtual | Op::CallInterface => {
                self.slow_call(code, &insn, entry, index, old)
            }
            Op::CallOrdinal | Op::CallName => Ok(self.slow_dynamic(code, &insn, old)?),
            Op::CallRef | Op::CallRefTop => {
                let bytecode::Const::MethodType(desc) = &pool.pool[entry as usize] else {
                    unreachable!("the verifier saw a method type at {entry}")
                };
                let count = bytecode::Descriptor::parse(desc).map_or(0, |desc| desc.params.len() as u64);
                let top = self.top();
                let at = self.operand_end(&top).sub(8 * (count + 1));
                let function = if insn.op == Op::CallRefTop {
                    Value(self.operand(0))
                } else {
                    Value(self.memory.load_u64(at))
                };
                if let Some(flow) = self.initialise_target(function) {
                    return Ok(flow);
                }
                if insn.op == Op::CallRefTop {
                    self.memory.copy_unannounced(at, at.add(8), 8 * count);
                    self.memory.store_unannounced_u64(at, function.0);
                }
                Ok(self.call_function_object(at, desc, count))
            }
            Op::CallSite => Ok(self.call_site(code.module, &pool, entry)),
            Op::Sys => Ok(self.sys(code, insn.args[0] as u16)?),
            Op::MonitorEnter | Op::MonitorExit => Ok(self.monitor_instruction(insn.op)?),
            Op::Throw => Ok(self.raise(Value(self.operand(0)))),
            Op::Trap => {
                Ok(self.raise_kernel(ClassId::Trap, "the program came to a place that it cannot come to"))
            }
            Op::MemInit => {
                let bytes = self.binary_constant(&pool, entry);
                let kind = insn.addr_kind().map_or(0, |kind| kind as u64);
                Ok(self.linear_in_steps(Op::MemInit, kind, bytes))
            }
            Op::MemGrow => {
                let (object, by) = (Value(self.operand(1)), self.operand(0));
                if self.common.stopping {
                    // Run again after the rest.
                    return Ok(Flow::Exit(Exit::Safepoint));
                }
                // The bytes may move, and what another worker stored meanwhile would be lost.
                let stopped = self.stop_world();
                let grown = self.linear_grow(object, by);
                self.resume_world(stopped);
                match grown {
                    Ok(old) => Ok(self.finish_with(2, Some(old as u64))),
                    Err((id, text)) => Ok(self.raise_kernel(id, text)),
                }
            }
            Op::AtomicWait32 | Op::AtomicWait64 | Op::AtomicNotify => Ok(self.atomic_wait(&insn)?),
            other => unreachable!("{} is never slow", other.mnemonic()),
        }
    }

    /// Refuses a class that has no instances of its own, or whose instances only the kernel makes.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn check_instantiable(&mut self, object: Addr) -> Result<(), Value> {
        if self.is_instantiable(object) {
            return Ok(());
        }
        if self.in_java() {
            let name = self.java_class_name(object);
            return Err(self.java_error("java/lang/InstantiationError", &name));
        }
        let text = format!("{} has no instances that `new` makes", self.text(object, class::NAME));
        Err(self.exception_value(ClassId::Linkage, &text))
    }

    fn is_volatile(&self, target: Addr) -> bool {
        self.get_u32(target, field::FLAGS) & Flags::VOLATILE.0 != 0
    }

    fn slow_field(
        &mut self,
        code: &Code,
        insn: &Insn,
        entry: u32,
        index: usize,
        old: Record,
    ) -> Result<Flow, Unresolved> {
        let target = self.resolve_field(code.module, &code.pool.clone(), entry, Flags::NONE)?;
        let owner = self.ref_field(target, field::CLASS);
        let put = insn.op == Op::PutField;
        if put && code.pool.language == Language::Java {
            self.check_final(self.ref_field(code.method, method::CLASS), target)?;
        }
        let object = Value(self.operand(u64::from(put)));
        if object.is_null() {
            let text = format!("the field {} of null", self.text(target, field::NAME));
            return Ok(self.raise_kernel(ClassId::NullPointer, &text));
        }
        let class = self.class_of(object);
        if object.is_immediate() || !self.is_subclass(class, owner) {
            let (class, owner) = (self.text(class, class::NAME), self.text(owner, class::NAME));
            let text =
                format!("a {class} is no {owner} and has not its field {}", self.text(target, field::NAME));
            return Ok(self.raise_kernel(ClassId::ClassCast, &text));
        }
        let offset = self.get_u32(target, field::OFFSET);
        if offset > OFFSET_MAX || self.is_volatile(target) {
            let object = Addr(object.0);
            if !put {
                let bits = self.load_field(object, target);
                return Ok(self.finish_with(1, Some(bits)));
            }
            if self.memory.load_u32(object.add(header::HASH)) & header::IMMUTABLE != 0 {
                return Ok(self.raise_kernel(ClassId::Immutable, "the object is immutable"));
            }
            let bits = self.operand(0);
            self.store_field(object, target, bits);
            return Ok(self.finish_with(2, None));
        }
        let op = match (Elem::from_value(self.get_u8(target, field::KIND)), put) {
            (None, false) => quick::GET_REF,
            (None, true) => quick::PUT_REF,
            (Some(Elem::Bool), false) => quick::GET_BOOL,
            (Some(Elem::I8), false) => quick::GET_I8,
            (Some(Elem::U16), false) => quick::GET_U16,
            (Some(Elem::I16), false) => quick::GET_I16,
            (Some(Elem::I32 | Elem::F32), false) => quick::GET_32,
            (Some(Elem::I64 | Elem::F64), false) => quick::GET_64,
            (Some(Elem::Bool), true) => quick::PUT_BOOL,
            (Some(Elem::I8), true) => quick::PUT_8,
            (Some(Elem::U16 | Elem::I16), true) => quick::PUT_16,
            (Some(Elem::I32 | Elem::F32), true) => quick::PUT_32,
            (Some(Elem::I64 | Elem::F64), true) => quick::PUT_64,
        };
        code.fields[old.b as usize].set(owner);
        code.records[index].set(Record { op, a: offset as u16, b: old.b, c: class.0 });
        Ok(Flow::Resolved)
    }

    /// Calls by pool entry: resolves, then either rewrites the record or calls in the general way.
    fn slow_call(
        &mut self,
        code: &Code,
        insn: &Insn,
        entry: u32,
        index: usize,
        old: Record,
    ) -> Result<Flow, Unresolved> {
        if code.pool.language == Language::Java {
            let pool = code.pool.clone();
            if let bytecode::Const::Method { class, name, .. } = &pool.pool[entry as usize]
                && class.starts_with("java/lang/invoke/")
                && let Some(how) = self.polymorphic(class, name)
            {
                return self.polymorphic_call(how, code.module, &pool, entry);
            }
        }
        let statically = insn.op == Op::CallStatic;
        let wanted = if statically { Flags::STATIC } else { Flags::NONE };
        let declared = self.resolve_method(code.module, &code.pool.clone(), entry, wanted)?;
        let owner = self.ref_field(declared, method::CLASS);
        if statically && let Some(flow) = self.initialise(owner) {
            return Ok(flow);
        }
        let count = u64::from(self.get_u16(declared, method::ARG_SLOTS));
        let top = self.top();
        let args = self.operand_end(&top).sub(8 * count);
        if matches!(insn.op, Op::CallStatic | Op::CallSpecial) {
            if !statically {
                let receiver = Value(self.memory.load_u64(args));
                if receiver.is_null() {
                    let text = format!("a call of {} on null", self.method_text(declared));
                    return Ok(self.raise_kernel(ClassId::NullPointer, &text));
                }
                if !self.is_instance(receiver, owner) {
                    return Err(self.not_of(receiver, owner).into());
                }
            }
            if statically {
                let done = self.get_u8(owner, class::INIT_STATE) == crate::classes::INITIALISED;
                if done && let Some(site) = self.site(declared, Addr::NULL, false) {
                    self.codes.learn(&code.sites[old.b as usize], site);
                    code.records[index].set(Record { op: quick::CALL_DIRECT, a: 0, b: old.b, c: 0 });
                    return Ok(Flow::Resolved);
                }
            } else {
                // One target for all receivers, but for those with a finalizer; what the record checks is that their class
                // was seen to fit.
                let class = self.class_of(Value(self.memory.load_u64(args)));
                let target = self.registering(declared, class)?;
                if let Some(site) = self.site(target, class, false) {
                    self.codes.learn(&code.sites[old.b as usize], site);
                    code.records[index].set(Record {
                        op: quick::CALL_BY_CLASS,
                        a: site.args,
                        b: old.b,
                        c: 0,
                    });
                    return Ok(Flow::Resolved);
                }
            }
            return Ok(self.invoke_operands(declared, args, on_return::PUSH));
        }
        let receiver = Value(self.memory.load_u64(args));
        let class = self.receiver_class(code, receiver, declared)?;
        let target = match self.select(class, declared) {
            Err(thrown)
                if code.pool.language == Language::Java
                    && self.is_kernel(thrown, ClassId::AbstractMethod) =>
            {
                return Err(self.without_body(class, declared, None).into());
            }
            target => target?,
        };
        if self.method_flags(target).has(Flags::ABSTRACT) && code.pool.language == Language::Java {
            return Err(self.without_body(class, declared, Some(target)).into());
        }
        if self.param_kinds(target)[..] != self.param_kinds(declared)[..] {
            let text = format!("{} is called as {}", self.method_text(target), self.method_text(declared));
            return Err(self.exception_value(ClassId::Linkage, &text).into());
        }
        if !receiver.is_null()
            && let Some(site) = self.site(target, class, false)
        {
            self.codes.learn(&code.sites[old.b as usize], site);
            if old.op != quick::CALL_BY_CLASS {
                let args = site.args;
                code.records[index].set(Record { op: quick::CALL_BY_CLASS, a: args, b: old.b, c: 0 });
            }
            return Ok(Flow::Resolved);
        }
        Ok(self.invoke_operands(target, args, on_return::PUSH))
    }

    fn not_of(&mut self, value: Value, owner: Addr) -> Value {
        let class = self.class_of(value);
        let text = format!("a {} is no {}", self.text(class, class::NAME), self.text(owner, class::NAME));
        self.exception_value(ClassId::ClassCast, &text)
    }

    /// The class in which a call on this receiver looks; null has one for some methods in the Phantom language.
    fn receiver_class(&mut self, code: &Code, receiver: Value, declared: Addr) -> Result<Addr, Value> {
        if !receiver.is_null() {
            return Ok(self.class_of(receiver));
        }
        if code.phantom && self.get_u32(declared, method::ORDINAL) < VOID_ORDINALS {
            let void = self.kernel_class(ClassId::Void);
            if self.is_subclass(void, self.ref_field(declared, method::CLASS)) {
                return Ok(void);
            }
            // Declared by a class for itself under one of the fixed numbers: the number counts.
            let ordinal = u64::from(self.get_u32(declared, method::ORDINAL));
            let answer = self.array_get(self.ref_field(void, class::VTABLE), ordinal).as_object();
            let same = answer.is_some_and(|answer| {
                self.ref_field(answer, method::DESCRIPTOR) == self.ref_field(declared, method::DESCRIPTOR)
            });
            if same {
                return Ok(void);
            }
        }
        let text = format!("a call of {} on null", self.method_text(declared));
        Err(self.exception_value(ClassId::NullPointer, &text))
    }

    /// Calls with the operands from `args` up.
    fn invoke_operands(&mut self, target: Addr, args: Addr, flags: u32) -> Flow {
        let top = self.top();
        let left = (args.0 - top.operands().0) / 8;
        self.set_frame_u32(top.at, frame::DEPTH, left as u32);
        self.invoke(target, args, flags)
    }

    /// Calls by ordinal or name: all objects.
    fn slow_dynamic(&mut self, code: &Code, insn: &Insn, old: Record) -> Result<Flow, Value> {
        let count = insn.args[1] as u64;
        let top = self.top();
        let args = self.operand_end(&top).sub(8 * (count + 1));
        let receiver = Value(self.memory.load_u64(args));
        let void = code.phantom
            && match insn.op {
                Op::CallOrdinal => (insn.args[0] as u32) < VOID_ORDINALS,
                _ => true,
            };
        if receiver.is_null() && !void {
            return Ok(self.raise_kernel(ClassId::NullPointer, "a call on null"));
        }
        let class = self.class_of(receiver);
        let found = if insn.op == Op::CallOrdinal {
            self.method_by_number(class, insn.args[0] as u32)
        } else {
            let bytecode::Const::Name(name) = &code.pool.pool[insn.args[0] as usize] else {
                unreachable!("the verifier saw a name")
            };
            self.method_by_name(class, name, count)
        };
        let target = match found {
            Ok(target) => target,
            Err(_) if receiver.is_null() => {
                return Ok(self.raise_kernel(ClassId::NullPointer, "a call on null"));
            }
            Err(thrown) => return Err(thrown),
        };
        if self.method_flags(target).has(Flags::STATIC) {
            return Err(self.exception_value(ClassId::NoSuchMethod, "the method is static"));
        }
        let java = self.is_java_method(target);
        if !receiver.is_null()
            && !java
            && let Some(site) = self.site(target, class, true)
        {
            self.codes.learn(&code.sites[old.b as usize], site);
            return Ok(Flow::Resolved);
        }
        if java {
            self.args_to_java(target, args, count)?;
        }
        self.adapt_args(target, args, count)?;
        let how = if self.get_u8(target, method::RESULT_KIND) == Kind::Ref as u8 && !java {
            on_return::PUSH
        } else {
            on_return::BOX
        };
        Ok(self.invoke_operands(target, args, how))
    }

    fn multi_new_array(&mut self, code: &Code, insn: &Insn, entry: u32) -> Result<Flow, Unresolved> {
        let class = self.resolve_class(code.module, &code.pool.clone(), entry)?;
        let dims = insn.args[1] as u32;
        let lens: Vec<i32> = (0..dims).rev().map(|i| self.operand(u64::from(i)) as u32 as i32).collect();
        if let Some(len) = lens.iter().find(|len| **len < 0) {
            let text = format!("an array of {len} elements");
            return Ok(self.raise_kernel(ClassId::NegativeSize, &text));
        }
        if dims == 1 {
            let made = self.try_new_array(class, lens[0] as u64)?;
            return Ok(self.finish_with(dims, Some(made.0)));
        }
        // The method makes many in steps.
        let ints = self.new_array(self.prim_arrays[Elem::I32 as usize], lens.len() as u64);
        for (index, len) in lens.iter().enumerate() {
            self.set_u32(ints, array::DATA + 4 * index as u64, *len as u32);
        }
        let target =
            self.method_by_ordinal(self.kernel_class(ClassId::Class), crate::internal::NEW_ARRAYS)?;
        let args = self.operand_end(&self.top()).sub(8 * u64::from(dims));
        self.memory.store_unannounced_u64(args, class.0);
        self.memory.store_unannounced_u64(args.add(8), ints.0);
        Ok(self.invoke_operands(target, args, on_return::PUSH))
    }

    fn monitor_instruction(&mut self, op: Op) -> Result<Flow, Value> {
        let value = Value(self.operand(0));
        let Some(object) = value.as_object() else {
            let (id, text) = if value.is_null() {
                (ClassId::NullPointer, "the lock of null")
            } else {
                (ClassId::IllegalMonitor, "a number has no lock")
            };
            return Ok(self.raise_kernel(id, text));
        };
        if op == Op::MonitorExit {
            if !self.monitor_exit(object) {
                return Ok(self.raise_kernel(ClassId::IllegalMonitor, "the thread does not hold the lock"));
            }
            return Ok(self.finish_with(1, None));
        }
        match self.monitor_enter(object) {
            Ok(()) => Ok(self.finish_with(1, None)),
            // The instruction is run again when the thread is woken.
            Err(wait) => {
                self.block(wait);
                Ok(Flow::Exit(Exit::Blocked))
            }
        }
    }

    /// `sys`: the kernel method with this number of the receiver's nearest kernel class, on the locals.
    fn sys(&mut self, code: &Code, number: u16) -> Result<Flow, Value> {
        let top = self.top();
        let locals = top.locals(&self.memory);
        if self.method_flags(code.method).has(Flags::STATIC) {
            return Ok(self.raise_kernel(ClassId::Linkage, "a static method has no receiver for `sys`"));
        }
        let receiver = Value(self.memory.load_u64(locals));
        let id = self.kernel_id(receiver);
        let target = self.method_by_ordinal(self.kernel_class(id), u32::from(number))?;
        let same = self.param_kinds(target)[..] == self.param_kinds(code.method)[..]
            && self.get_u8(target, method::RESULT_KIND) == self.get_u8(code.method, method::RESULT_KIND);
        if !same {
            let text = format!("{} stands for {}", self.method_text(code.method), self.method_text(target));
            return Ok(self.raise_kernel(ClassId::Linkage, &text));
        }
        let count = u64::from(self.get_u16(target, method::ARG_SLOTS));
        let at = self.operand_end(&top);
        let end = at.0 + 8 * count;
        if end > self.running.limit && !self.announce_ahead(end) {
            return Ok(self.stack_overflow());
        }
        self.memory.copy_unannounced(locals, at, 8 * count);
        Ok(self.invoke(target, at, on_return::PUSH))
    }

    /// Copies, fills or initialises bytes of linear memory piece by piece. What is left stands in the operands, so that the
    /// instruction is run again when the thread comes to a safepoint in between.
    pub(crate) fn linear_in_steps(&mut self, op: Op, kind: u64, bytes: &[u8]) -> Flow {
        let pops = crate::linear::operands(op);
        let at = self.operand_end(&self.top()).sub(8 * pops as u64);
        let mut args = [0; 5];
        for (index, arg) in args[..pops].iter_mut().enumerate() {
            *arg = self.memory.load_u64(at.add(8 * index as u64));
        }
        loop {
            let piece = match self.linear_piece(op, kind & 0xff, &mut args, bytes) {
                Ok(piece) => piece,
                Err((id, text)) => return self.raise_kernel(id, text),
            };
            if args[pops - 1] == 0 {
                self.worked(piece);
                return self.finish_with(pops as u32, None);
            }
            for (index, arg) in args[..pops].iter().enumerate() {
                self.memory.store_unannounced_u64(at.add(8 * index as u64), *arg);
            }
            if self.works(piece) {
                return Flow::Exit(Exit::Safepoint);
            }
        }
    }

    fn atomic_wait(&mut self, insn: &Insn) -> Result<Flow, Value> {
        let kind = insn.addr_kind().map_or(0, |kind| kind as u64);
        let offset = insn.offset().unwrap_or(0);
        let notify = insn.op == Op::AtomicNotify;
        let bytes = if insn.op == Op::AtomicWait64 { 8 } else { 4 };
        let pops = if notify { 3 } else { 4 };
        let (object, address) = (Value(self.operand(pops - 1)), self.operand(pops - 2));
        let place = match self.linear_place(object, kind, address, offset, bytes, true) {
            Ok(place) => place,
            Err((id, text)) => return Ok(self.raise_kernel(id, text)),
        };
        let object = Addr(object.0);
        let at = place.0 - self.ref_field(object, binary::BYTES).0 - array::DATA;
        if notify {
            let most = self.operand(0) as u32;
            if u64::from(most) <= WAKES_AT_ONCE {
                let woken = self.wake_at_address(object, at, most);
                return Ok(self.finish_with(3, Some(u64::from(woken))));
            }
            // The method wakes many in steps.
            let target =
                self.method_by_ordinal(self.kernel_class(ClassId::Binary), crate::internal::NOTIFY)?;
            let args = self.operand_end(&self.top()).sub(8 * 3);
            self.memory.store_unannounced_u64(args.add(8), at);
            return Ok(self.invoke_operands(target, args, on_return::PUSH));
        }
        let thread = self.running.thread;
        let awaited = self.get_u64(thread, layout::schema::thread::AWAITED);
        if awaited & WOKEN != 0 && awaited >> ADDRESS_SHIFT == at {
            self.set_u64(thread, layout::schema::thread::AWAITED, 0);
            return Ok(self.finish_with(4, Some(if awaited & TIMED_OUT != 0 { 2 } else { 0 })));
        }
        let expected = self.operand(1);
        let found =
            if bytes == 8 { self.memory.load_u64(place) } else { u64::from(self.memory.load_u32(place)) };
        if found != expected {
            return Ok(self.finish_with(4, Some(1)));
        }
        let timeout = self.operand(0) as i64;
        let until = (timeout >= 0).then(|| self.clock_ns().saturating_add(timeout as u64).max(1));
        self.block_at_address(object, at, until);
        Ok(Flow::Exit(Exit::Blocked))
    }
}
