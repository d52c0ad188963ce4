//! Calls off the fast path: kernel methods, calls by ordinal and name, adapting arguments and results, returning.
//!
//! Everything here works on frames in memory; the interpreter writes its registers before and reads them again after.

use crate::Vm;
use crate::bootstrap::DIVIDED;
use crate::frames::Frame;
use crate::internal::{Call, InternalFn, Invoke, Outcome, Target, implementation};
use crate::interpreter::Exit;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Flags, Insn, Kind};
use layout::Value;
use layout::internal::{ClassId, Restart};
use layout::schema::{NO_ORDINAL, class, frame, method, on_return, thread};
use layout::value::Unpacked;

/// How to go on after a slow operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    /// With the top frame, as it stands in memory.
    Go,
    /// The record was only resolved: it is run before anything else. So even the shortest slice brings a thread on
    /// when what was resolved is forgotten after each.
    Resolved,
    /// Leave the interpreter.
    Exit(Exit),
}

/// Why a kernel method without a frame did not return.
pub(crate) enum Early {
    /// It throws this.
    Throws(Value),
    /// It has much to do, and is to be invoked in a frame.
    WantsFrame,
}

impl Vm {
    /// The function of a kernel method, or of a native one that somebody registered.
    pub(crate) fn kernel_function(&mut self, target: Addr) -> Option<InternalFn> {
        if self.method_flags(target).has(Flags::NATIVE) {
            return self.native_of(target).map(|native| native.function);
        }
        let class = self.ref_field(target, method::CLASS);
        if !self.ref_field(class, class::MODULE).is_null() {
            return None;
        }
        let id = self.kernel_id_of_class(class);
        implementation(id, self.get_u32(target, method::ORDINAL) as u16)
    }

    /// Flags of a method.
    pub fn method_flags(&self, target: Addr) -> Flags {
        Flags(self.get_u32(target, method::FLAGS))
    }

    /// Whether a method is the kernel's, declared by a kernel class, or native.
    pub(crate) fn is_kernel_method(&self, target: Addr) -> bool {
        let flags = self.method_flags(target);
        flags.has(Flags::NATIVE)
            || flags.has(Flags::INTERNAL)
                && self.ref_field(self.ref_field(target, method::CLASS), class::MODULE).is_null()
    }

    /// `class.method` for messages.
    pub(crate) fn method_text(&self, target: Addr) -> alloc::string::String {
        let class = self.ref_field(target, method::CLASS);
        let (class, name) = (self.text(class, class::NAME), self.text(target, method::NAME));
        format!("{class}.{name}{}", self.text(target, method::DESCRIPTOR))
    }

    /// Kinds of the parameters of a method, the receiver not counted.
    pub(crate) fn param_kinds(&mut self, target: Addr) -> Arc<[Kind]> {
        if let Some(there) = self.codes.params.get(&target.0) {
            return there.clone();
        }
        let text = self.text(target, method::DESCRIPTOR);
        let kinds: Vec<Kind> = bytecode::Descriptor::parse(&text)
            .map(|desc| desc.param_kinds().collect())
            .unwrap_or_else(|error| panic!("a loaded method has no descriptor: {error}"));
        let kinds: Arc<[Kind]> = kinds.into();
        self.codes.params.insert(target.0, kinds.clone());
        kinds
    }

    /// Calls `target`, whose arguments are the operands of the top frame from `args` on; `DEPTH` no longer counts them.
    pub(crate) fn invoke(&mut self, target: Addr, args: Addr, flags: u32) -> Flow {
        let method_flags = self.method_flags(target);
        if self.is_kernel_method(target) {
            return self.invoke_kernel(target, args, flags);
        }
        if method_flags.has(Flags::ABSTRACT) {
            let text = format!("{} has no body", self.method_text(target));
            return self.raise_kernel(ClassId::AbstractMethod, &text);
        }
        let lock = if method_flags.has(Flags::SYNCHRONIZED) { on_return::LOCK } else { 0 };
        if self.push_frame(target, args, flags | lock) { self.settle() } else { self.stack_overflow() }
    }

    pub(crate) fn stack_overflow(&mut self) -> Flow {
        self.raise_kernel(ClassId::StackOverflow, "the stack of the thread is full")
    }

    fn invoke_kernel(&mut self, target: Addr, args: Addr, flags: u32) -> Flow {
        if self.needs_frame(target) {
            let lock = if self.method_flags(target).has(Flags::SYNCHRONIZED) { on_return::LOCK } else { 0 };
            return self.enter_kernel(target, args, flags | lock);
        }
        let kind = self.get_u8(target, method::RESULT_KIND);
        match self.call_short(target, args) {
            Ok(bits) => self.deliver(bits, kind, flags, target, 0),
            Err(early) => self.left_early(early, target, args, flags),
        }
    }

    /// Whether each call of a kernel method has a frame.
    pub(crate) fn needs_frame(&mut self, target: Addr) -> bool {
        if self.method_flags(target).has(Flags::SYNCHRONIZED) {
            return true;
        }
        if self.method_flags(target).has(Flags::NATIVE) {
            let restart = self.native_of(target).map(|native| native.restart);
            return !matches!(restart, None | Some(Restart::Short | Restart::Divided));
        }
        !matches!(self.get_u8(target, method::RESTART), 0 | DIVIDED)
    }

    fn enter_kernel(&mut self, target: Addr, args: Addr, flags: u32) -> Flow {
        if self.push_frame(target, args, flags) { self.settle() } else { self.stack_overflow() }
    }

    /// Goes on after a kernel method without a frame, whose arguments are still there, has not returned.
    pub(crate) fn left_early(&mut self, early: Early, target: Addr, args: Addr, flags: u32) -> Flow {
        match early {
            Early::Throws(thrown) => self.raise(thrown),
            Early::WantsFrame => {
                let divided = self.method_flags(target).has(Flags::NATIVE)
                    || self.get_u8(target, method::RESTART) == DIVIDED;
                assert!(divided, "{} is short and has too much to do", self.method_text(target));
                self.enter_kernel(target, args, flags)
            }
        }
    }

    /// Runs a short kernel method on arguments in place.
    ///
    /// # Errors
    /// What it throws, or that it wants a frame.
    fn call_short(&mut self, target: Addr, args: Addr) -> Result<u64, Early> {
        let Some(function) = self.kernel_function(target) else {
            return Err(Early::Throws(self.not_implemented(target)));
        };
        let count = u64::from(self.get_u16(target, method::ARG_SLOTS));
        self.call_function(function, args, count)
    }

    pub(crate) fn call_function(
        &mut self,
        function: InternalFn,
        args: Addr,
        count: u64,
    ) -> Result<u64, Early> {
        let thread = self.running.thread;
        match function(&mut Call { vm: self, thread, slots: args, count, frame: Addr::NULL }) {
            Outcome::Return(bits) => Ok(bits),
            Outcome::Throw(thrown) => Err(Early::Throws(thrown)),
            Outcome::Frame => Err(Early::WantsFrame),
            Outcome::Block(_)
            | Outcome::Call(_)
            | Outcome::Again
            | Outcome::Initialise(_)
            | Outcome::Load(..)
            | Outcome::Exit(_) => Err(Early::Throws(Value::object(
                self.make_exception(ClassId::Linkage, "a short kernel method wanted to wait"),
            ))),
        }
    }

    /// Runs whatever stands on top of the stack and is not bytecode ready to go: kernel frames, frames that wait for a
    /// lock, pending exceptions.
    pub(crate) fn settle(&mut self) -> Flow {
        loop {
            let thrown = self.get_ref(self.running.thread, thread::THROWN);
            if !thrown.is_null()
                && let Flow::Exit(exit) = self.unwind(thrown)
            {
                return Flow::Exit(exit);
            }
            if let Some(thrown) = self.take_pending()
                && let Flow::Exit(exit) = self.raise(thrown)
            {
                return Flow::Exit(exit);
            }
            let top = self.top();
            let flags = self.frame_u32(top.at, frame::FLAGS);
            if flags & on_return::LOCK != 0 {
                let object = self.lock_of_frame(&top);
                if let Err(wait) = self.monitor_enter(object) {
                    self.block(wait);
                    return Flow::Exit(Exit::Blocked);
                }
                if !self.is_kernel_method(top.method) {
                    let number = self.monitor_number(object);
                    self.set_frame_u32(top.at, frame::PHASE, number);
                }
                self.set_frame_u32(top.at, frame::FLAGS, flags & !on_return::LOCK | on_return::UNLOCK);
            }
            if !self.is_kernel_method(top.method) {
                return Flow::Go;
            }
            if let Some(exit) = self.step_kernel(&top) {
                return Flow::Exit(exit);
            }
        }
    }

    /// What a synchronised method locks: its receiver or its class.
    fn lock_of_frame(&mut self, top: &Frame) -> Addr {
        if self.method_flags(top.method).has(Flags::STATIC) {
            self.lock_of_class(self.ref_field(top.method, method::CLASS))
        } else {
            Addr(self.memory.load_u64(top.locals(&self.memory)))
        }
    }

    /// Leaves the monitor that the top frame holds, if it does. That of a native method is found by what it locks: its
    /// `PHASE` is its own.
    pub(crate) fn unlock_frame(&mut self, top: &Frame) {
        if self.frame_u32(top.at, frame::FLAGS) & on_return::UNLOCK == 0 {
            return;
        }
        if self.is_kernel_method(top.method) {
            let object = self.lock_of_frame(top);
            // As for others, the program may have left it itself.
            let _held = self.monitor_exit(object);
        } else {
            let number = self.frame_u32(top.at, frame::PHASE);
            self.monitor_leave(number);
        }
    }

    /// Invokes the kernel method of the top frame once.
    fn step_kernel(&mut self, top: &Frame) -> Option<Exit> {
        let count = u64::from(self.get_u16(top.method, method::ARG_SLOTS));
        let slots = top.locals(&self.memory);
        let Some(function) = self.kernel_function(top.method) else {
            let thrown = self.not_implemented(top.method);
            return exit_of(self.raise(thrown));
        };
        let thread = self.running.thread;
        let outcome = function(&mut Call { vm: self, thread, slots, count, frame: top.at });
        let flow = match outcome {
            Outcome::Return(bits) => self.finish_frame(bits),
            Outcome::Throw(thrown) => {
                self.forget_call(thread);
                self.raise(thrown)
            }
            Outcome::Block(what) => match self.take_interrupt_of(what) {
                Some(thrown) => {
                    self.forget_call(thread);
                    self.raise(thrown)
                }
                None => {
                    self.block(what);
                    Flow::Exit(Exit::Blocked)
                }
            },
            Outcome::Call(invoke) => self.call_from_kernel(top, &invoke),
            Outcome::Again => Flow::Exit(Exit::Safepoint),
            // Initialised by now, or by this very thread: the method looks again.
            Outcome::Exit(status) => {
                self.exit_program(status);
                Flow::Exit(Exit::Ended)
            }
            Outcome::Initialise(class) => self.initialise(class).unwrap_or(Flow::Go),
            Outcome::Load(loader, name) => self.ask_java_loader(loader, &name),
            Outcome::Frame => unreachable!("a kernel method with a frame wants a frame"),
        };
        exit_of(flow)
    }

    fn call_from_kernel(&mut self, top: &Frame, invoke: &Invoke) -> Flow {
        // Arguments stand behind the room for the result.
        let args = top.operands().add(8);
        let end = args.0 + 8 * (1 + invoke.args.len() as u64);
        if end > self.running.limit && !self.announce_ahead(end) {
            return self.stack_overflow();
        }
        self.memory.store_unannounced_u64(top.operands(), 0);
        self.memory.store_unannounced_u64(args, invoke.receiver.0);
        for (index, value) in invoke.args.iter().enumerate() {
            self.memory.store_unannounced_u64(args.add(8 * (1 + index as u64)), value.0);
        }
        self.set_frame_u32(top.at, frame::DEPTH, 0);
        let class = self.class_of(invoke.receiver);
        let target = match invoke.method {
            Target::Ordinal(ordinal) => self.method_by_number(class, u32::from(ordinal)),
            Target::Method(target) => Ok(target),
        };
        match target {
            Ok(target) => match self.adapt_args(target, args, invoke.args.len() as u64) {
                // A static method has no receiver.
                Ok(()) if self.method_flags(target).has(Flags::STATIC) => {
                    self.invoke(target, args.add(8), on_return::KERNEL)
                }
                Ok(()) => self.invoke(target, args, on_return::KERNEL),
                Err(thrown) => self.raise(thrown),
            },
            Err(thrown) => self.raise(thrown),
        }
    }

    /// Ends the top frame with a result (the slot of its kind; whatever for `void`).
    pub(crate) fn finish_frame(&mut self, bits: u64) -> Flow {
        let top = self.top();
        let flags = self.frame_u32(top.at, frame::FLAGS);
        self.unlock_frame(&top);
        let kind = self.get_u8(top.method, method::RESULT_KIND);
        let how = flags & 0xff;
        if how == on_return::END || how == on_return::START {
            let result = if how == on_return::START {
                Value(self.memory.load_u64(top.locals(&self.memory)))
            } else {
                self.box_slot(bits, kind)
            };
            self.end_thread(Ok(result));
            return Flow::Exit(Exit::Ended);
        }
        let receiver = self.memory.load_u64(top.locals(&self.memory));
        let phase = self.frame_u32(top.at, frame::PHASE);
        self.pop_frame();
        if how == on_return::NEW {
            return self.deliver(receiver, Kind::Ref as u8, on_return::PUSH, top.method, 0);
        }
        self.deliver(bits, kind, flags, top.method, phase)
    }

    /// Hands the result of a call to the top frame, which made it. `phase` is what the called frame's `PHASE` was: of a
    /// bootstrap method, the pool entry that it was called for.
    fn deliver(&mut self, bits: u64, kind: u8, flags: u32, target: Addr, phase: u32) -> Flow {
        match flags & 0xff {
            on_return::PUSH => {
                if kind != 0 {
                    self.push_operand(bits);
                }
                self.advance();
            }
            on_return::BOX => {
                let mut value = self.box_slot(bits, kind);
                if kind == Kind::Ref as u8 && self.is_java_method(target) {
                    value = self.from_java(value);
                }
                self.push_operand(value.0);
                self.advance();
            }
            on_return::UNBOX => {
                let wanted = (flags >> 8) as u8;
                let value = self.box_slot(bits, kind);
                match Kind::ALL.into_iter().find(|kind| *kind as u8 == wanted) {
                    None => {}
                    Some(kind) => match self.unbox(value, kind) {
                        Ok(bits) => self.push_operand(bits),
                        Err(thrown) => return self.raise(thrown),
                    },
                }
                self.advance();
            }
            on_return::KERNEL => {
                let value = self.box_slot(bits, kind);
                let top = self.top();
                self.memory.store_unannounced_u64(top.operands(), value.0);
                self.set_frame_u32(top.at, frame::DEPTH, 1);
                return self.settle();
            }
            on_return::AGAIN => {
                if self.is_kernel_method(self.top().method) {
                    // A native method that wanted a class of a loader.
                    return self.settle();
                }
            }
            on_return::INITIALISED => {
                let class = self.ref_field(target, method::CLASS);
                self.initialised(class, crate::classes::INITIALISED);
                if self.is_kernel_method(self.top().method) {
                    // A native method that wanted the class.
                    return self.settle();
                }
            }
            on_return::LINK => {
                let value = self.box_slot(bits, kind);
                self.linked(phase, value);
            }
            other => unreachable!("a frame returns in the way {other}, which nobody wrote"),
        }
        Flow::Go
    }

    /// Moves the top frame to the instruction behind the one at its `PC`.
    pub(crate) fn advance(&mut self) {
        let top = self.top();
        let next = self.with_definition(top.method, |_, method| {
            let code = method.code.as_ref()?;
            Insn::decode(&code.bytes, top.pc).ok().map(|insn| insn.next)
        });
        let next = next.flatten().unwrap_or_else(|| panic!("a frame stands at {}, where no code is", top.pc));
        self.set_frame_u32(top.at, frame::PC, next);
    }

    /// A slot as an object; nothing (kind zero) as null.
    pub fn box_slot(&mut self, bits: u64, kind: u8) -> Value {
        match Kind::ALL.into_iter().find(|known| *known as u8 == kind) {
            None => Value::NULL,
            Some(Kind::I32) => Value::int(bits as u32 as i32),
            Some(Kind::I64) => self.box_i64(bits as i64),
            Some(Kind::F32) => Value::float(f32::from_bits(bits as u32)),
            Some(Kind::F64) => self.box_f64(f64::from_bits(bits)),
            Some(Kind::Ref) => Value(bits),
        }
    }

    /// The number in an object as a slot of a kind; an int also becomes a long, float or double, a float a double.
    ///
    /// # Errors
    /// What to throw.
    pub fn unbox(&mut self, value: Value, kind: Kind) -> Result<u64, Value> {
        let bits = match (kind, value.unpack()) {
            (Kind::Ref, _) => Some(value.0),
            (Kind::I32, Unpacked::Int(number)) => Some(u64::from(number as u32)),
            (Kind::I64, Unpacked::Int(number)) => Some(i64::from(number) as u64),
            (Kind::F32, Unpacked::Int(number)) => Some(u64::from((number as f32).to_bits())),
            (Kind::F64, Unpacked::Int(number)) => Some(f64::from(number).to_bits()),
            (Kind::F32, Unpacked::Float(number)) => Some(u64::from(number.to_bits())),
            (Kind::F64, Unpacked::Float(number)) => Some(f64::from(number).to_bits()),
            (Kind::I64, _) => self.as_long(value).map(|number| number as u64),
            (Kind::F64, _) => self.as_double(value).map(f64::to_bits),
            _ => None,
        };
        bits.ok_or_else(|| {
            let class = self.text(self.class_of(value), class::NAME);
            let (id, text) = if value.is_null() {
                (ClassId::NullPointer, format!("null stands where an {kind} is wanted"))
            } else {
                (ClassId::ClassCast, format!("a {class} stands where an {kind} is wanted"))
            };
            Value::object(self.make_exception(id, &text))
        })
    }

    /// Turns arguments that are all objects into what a method wants, in place.
    ///
    /// # Errors
    /// What to throw: their number or one of their classes is wrong.
    pub(crate) fn adapt_args(&mut self, target: Addr, args: Addr, count: u64) -> Result<(), Value> {
        let kinds = self.param_kinds(target);
        if self.method_flags(target).has(Flags::VARARGS | Flags::INTERNAL) {
            let fixed = kinds.len() as u64 - 1;
            if count >= fixed {
                let rest = self.make_ref_array(count - fixed);
                for index in 0..count - fixed {
                    let value = Value(self.memory.load_u64(args.add(8 * (1 + fixed + index))));
                    self.array_set(rest, index, value);
                }
                self.memory.store_unannounced_u64(args.add(8 * (1 + fixed)), rest.0);
                return self.unbox_args(args, &kinds[..fixed as usize]);
            }
        }
        if kinds.len() as u64 != count {
            let text =
                format!("{} wants {} arguments, {count} are given", self.method_text(target), kinds.len());
            return Err(Value::object(self.make_exception(ClassId::NoSuchMethod, &text)));
        }
        self.unbox_args(args, &kinds)
    }

    fn unbox_args(&mut self, args: Addr, kinds: &[Kind]) -> Result<(), Value> {
        // All are checked before the first is changed: a frame's map still says that they are objects.
        let mut slots = Vec::with_capacity(kinds.len());
        for (index, kind) in kinds.iter().enumerate() {
            let value = Value(self.memory.load_u64(args.add(8 * (1 + index as u64))));
            slots.push(self.unbox(value, *kind)?);
        }
        for (index, bits) in slots.into_iter().enumerate() {
            self.memory.store_unannounced_u64(args.add(8 * (1 + index as u64)), bits);
        }
        Ok(())
    }

    /// The method with an ordinal in a class.
    ///
    /// # Errors
    /// What to throw when there is none.
    pub(crate) fn method_by_ordinal(&mut self, class: Addr, ordinal: u32) -> Result<Addr, Value> {
        let vtable = self.ref_field(class, class::VTABLE);
        if u64::from(ordinal) < self.array_len(vtable)
            && let Some(target) = self.array_get(vtable, u64::from(ordinal)).as_object()
        {
            return Ok(target);
        }
        let text = format!("{} has no method {ordinal}", self.text(class, class::NAME));
        Err(Value::object(self.make_exception(ClassId::NoSuchMethod, &text)))
    }

    /// The method with a name and a number of arguments in a class, its superclasses or interfaces.
    ///
    /// # Errors
    /// What to throw when there is none.
    pub(crate) fn method_by_name(&mut self, class: Addr, name: &str, count: u64) -> Result<Addr, Value> {
        let wanted = self.intern(name.as_bytes());
        let mut varargs = None;
        let mut at = class;
        while !at.is_null() {
            match self.declared_by_name(at, wanted, count, &mut varargs) {
                // An override further down has been found already: subclasses come first.
                Some(target) => return Ok(target),
                None => at = self.ref_field(at, class::SUPER),
            }
        }
        let interfaces = self.ref_field(class, class::INTERFACES);
        let found: Vec<Addr> = (0..self.array_len(interfaces))
            .filter_map(|index| {
                self.declared_by_name(Addr(self.array_get(interfaces, index).0), wanted, count, &mut varargs)
            })
            .collect();
        if let Some(target) = self.most_specific(&found) {
            return Ok(target);
        }
        varargs.ok_or_else(|| {
            let text =
                format!("{} has no method {name} with {count} arguments", self.text(class, class::NAME));
            Value::object(self.make_exception(ClassId::NoSuchMethod, &text))
        })
    }

    /// The method that a call of `declared` on an instance of `class` runs.
    ///
    /// # Errors
    /// What to throw: the class has no such method.
    pub fn select(&mut self, class: Addr, declared: Addr) -> Result<Addr, Value> {
        let owner = self.ref_field(declared, method::CLASS);
        let ordinal = self.get_u32(declared, method::ORDINAL);
        if !self.is_subclass(class, owner) {
            let (class, owner) = (self.text(class, class::NAME), self.text(owner, class::NAME));
            let text = format!("a {class} is no {owner}");
            return Err(Value::object(self.make_exception(ClassId::ClassCast, &text)));
        }
        // Private methods are not overridden, and arrays override nothing.
        if self.method_flags(declared).has(Flags::PRIVATE) || self.is_array_class(class) {
            return Ok(declared);
        }
        if !Flags(self.get_u32(owner, class::FLAGS)).has(Flags::INTERFACE) {
            if ordinal == NO_ORDINAL {
                return Ok(declared);
            }
            if self.is_root(owner) && !self.extends(class, owner) {
                return Ok(self.foreign_method(declared));
            }
            return self.method_by_ordinal(class, ordinal);
        }
        let (name, desc) =
            (self.ref_field(declared, method::NAME), self.ref_field(declared, method::DESCRIPTOR));
        if let Some(text) = self.conflict(class, name, desc) {
            return Err(self.exception_value(ClassId::Linkage, &text));
        }
        match self.find_method(class, name, desc) {
            // An interface may declare what every object has.
            Some(target)
                if self.method_flags(target).has(Flags::ABSTRACT)
                    && self.is_java_method(target)
                    && !self.is_java_class(class) =>
            {
                Ok(self.foreign_method(target))
            }
            Some(target) if !self.method_flags(target).has(Flags::STATIC) => Ok(target),
            _ => {
                let text = format!("{} has no {}", self.text(class, class::NAME), self.method_text(declared));
                Err(Value::object(self.make_exception(ClassId::AbstractMethod, &text)))
            }
        }
    }

    /// Of a Java class that inherits more than one body for a method, none more specific than the others: what is said of
    /// that (JVMS 5.4.6).
    fn conflict(&self, class: Addr, name: Addr, desc: Addr) -> Option<alloc::string::String> {
        let found = self.find_method(class, name, desc)?;
        let owner = self.ref_field(found, method::CLASS);
        let inherited = Flags(self.get_u32(owner, class::FLAGS)).has(Flags::INTERFACE);
        if !inherited || self.method_flags(found).has(Flags::ABSTRACT) || !self.is_java_class(class) {
            return None;
        }
        let interfaces = self.ref_field(class, class::INTERFACES);
        let bodies: Vec<Addr> = (0..self.array_len(interfaces))
            .filter_map(|index| self.declared_method(Addr(self.array_get(interfaces, index).0), name, desc))
            .filter(|target| !self.method_flags(*target).has(Flags::STATIC))
            .collect();
        let owner_of = |target: &Addr| self.ref_field(*target, method::CLASS);
        let most: Vec<&Addr> = bodies
            .iter()
            .filter(|target| {
                !bodies
                    .iter()
                    .any(|other| other != *target && self.is_subclass(owner_of(other), owner_of(target)))
            })
            .filter(|target| !self.method_flags(**target).has(Flags::ABSTRACT))
            .collect();
        if most.len() < 2 {
            return None;
        }
        let name = self.text(found, method::NAME);
        let texts = most.iter().map(|target| format!(" {}.{name}", self.text(owner_of(target), class::NAME)));
        Some(format!("Conflicting default methods:{}", texts.collect::<alloc::string::String>()))
    }

    /// Whether a class is another one or has it among its superclasses.
    fn extends(&self, object: Addr, above: Addr) -> bool {
        let mut at = object;
        while !at.is_null() && at != above {
            at = self.ref_field(at, class::SUPER);
        }
        at == above
    }

    /// A method by interned name and descriptor: of the class, a superclass, then a body from an interface, then any
    /// declaration of an interface.
    pub fn find_method(&self, class: Addr, name: Addr, desc: Addr) -> Option<Addr> {
        let mut at = class;
        while !at.is_null() {
            if let Some(found) = self.declared_method(at, name, desc) {
                return Some(found);
            }
            at = self.ref_field(at, class::SUPER);
        }
        let interfaces = self.ref_field(class, class::INTERFACES);
        let found: Vec<Addr> = (0..self.array_len(interfaces))
            .filter_map(|index| self.declared_method(Addr(self.array_get(interfaces, index).0), name, desc))
            // What an interface has for itself is inherited by nobody.
            .filter(|target| {
                let flags = self.method_flags(*target);
                !flags.has(Flags::STATIC) && !flags.has(Flags::PRIVATE)
            })
            .collect();
        self.most_specific(&found)
    }

    /// Of methods of interfaces, the body among those that no other interface overrides, else any declaration. In other
    /// languages than Java a declaration overrides no body.
    fn most_specific(&self, found: &[Addr]) -> Option<Addr> {
        let owner = |target: Addr| self.ref_field(target, method::CLASS);
        let has_body = |target: Addr| !self.method_flags(target).has(Flags::ABSTRACT);
        let overrides = |other: Addr, target: Addr| {
            other != target
                && self.is_subclass(owner(other), owner(target))
                && (has_body(other) || self.is_java_method(other))
        };
        let most = |target: &Addr| !found.iter().any(|other| overrides(*other, *target));
        let body = found.iter().copied().find(|target| has_body(*target) && most(target));
        body.or_else(|| found.iter().copied().find(most))
    }

    /// A method that a class declares, by interned name and number of arguments; one that takes any number goes to
    /// `varargs`.
    fn declared_by_name(
        &self,
        class: Addr,
        name: Addr,
        count: u64,
        varargs: &mut Option<Addr>,
    ) -> Option<Addr> {
        let methods = self.ref_field(class, class::METHODS);
        for index in 0..self.array_len(methods) {
            let target = Addr(self.array_get(methods, index).0);
            let flags = self.method_flags(target);
            let hidden = flags.has(Flags::STATIC) || flags.has(Flags::PRIVATE);
            if self.ref_field(target, method::NAME) != name || hidden {
                continue;
            }
            if u64::from(self.get_u16(target, method::ARG_SLOTS)) == count + 1 {
                return Some(target);
            }
            if self.method_flags(target).has(Flags::VARARGS | Flags::INTERNAL) {
                *varargs = varargs.or(Some(target));
            }
        }
        None
    }

    pub(crate) fn declared_method(&self, class: Addr, name: Addr, desc: Addr) -> Option<Addr> {
        let methods = self.ref_field(class, class::METHODS);
        (0..self.array_len(methods)).map(|index| Addr(self.array_get(methods, index).0)).find(|target| {
            self.ref_field(*target, method::NAME) == name
                && self.ref_field(*target, method::DESCRIPTOR) == desc
        })
    }

    /// The method and argument slots of a thread's first call.
    pub(crate) fn prepare_first_call(
        &mut self,
        receiver: Value,
        ordinal: u32,
        args: &[Value],
    ) -> Result<(Addr, Vec<u64>), Value> {
        let class = self.class_of(receiver);
        let target = self.method_by_ordinal(class, ordinal)?;
        let kinds = self.param_kinds(target);
        if kinds.len() != args.len() {
            let text = format!("{} wants {} arguments", self.method_text(target), kinds.len());
            return Err(Value::object(self.make_exception(ClassId::NoSuchMethod, &text)));
        }
        let mut slots = alloc::vec![receiver.0];
        for (value, kind) in args.iter().zip(kinds.iter()) {
            slots.push(self.unbox(*value, *kind)?);
        }
        Ok((target, slots))
    }
}

fn exit_of(flow: Flow) -> Option<Exit> {
    match flow {
        Flow::Go | Flow::Resolved => None,
        Flow::Exit(exit) => Some(exit),
    }
}
