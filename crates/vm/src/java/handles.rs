//! Method handles: calls whose type is that of the call site, call sites that a bootstrap method links, and constants that
//! are handles (JVMS 2.9.3, 5.4.3.5, 5.4.3.6, 6.5 invokedynamic; the classes of `java.lang.invoke`).
//!
//! The library does the linking, in Java: `phantom/java/Boot` hands it what the constant pool says, and what it answers (a
//! `MemberName` and an appendix) stands in the module's resolved constants. A call then goes to the method of the
//! `MemberName`, which has the same arguments and the appendix behind them. Five methods of `MethodHandle` are the
//! machine's own: `invokeBasic` goes to the method of the handle's form, the `linkTo` methods to that of their last argument.
//!
//! Kinds of arguments and results are compared at every such call, for nothing else proves them.

use crate::Vm;
use crate::calls::Flow;
use crate::frames::Frame;
use crate::link::{Loaded, Unresolved};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Const, Flags, Kind, Module};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, frame, method, on_return};

const HANDLE: &str = "java/lang/invoke/MethodHandle";
const VAR_HANDLE: &str = "java/lang/invoke/VarHandle";
const BOOT: &str = "phantom/java/Boot";
/// Element of a resolved cell that has the error, where resolving failed.
const FAILURE: u64 = 1;

/// How a call of `java.lang.invoke` goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Polymorphic {
    /// `MethodHandle.invokeBasic`.
    Basic,
    /// `MethodHandle.linkToStatic` or `linkToSpecial`.
    LinkDirect,
    /// `MethodHandle.linkToVirtual` or `linkToInterface`.
    LinkVirtual,
    /// `invoke`, `invokeExact`, and the methods of `VarHandle`: as the library links it.
    Linked,
}

impl Vm {
    /// Whether a method is one whose type is that of the call (JVMS 2.9.3).
    pub(crate) fn polymorphic(&mut self, owner: &str, name: &str) -> Option<Polymorphic> {
        match (owner, name) {
            (HANDLE, "invokeBasic") => Some(Polymorphic::Basic),
            (HANDLE, "linkToStatic" | "linkToSpecial") => Some(Polymorphic::LinkDirect),
            (HANDLE, "linkToVirtual" | "linkToInterface") => Some(Polymorphic::LinkVirtual),
            (HANDLE, "invoke" | "invokeExact") => Some(Polymorphic::Linked),
            (VAR_HANDLE, _) => {
                let owner = self.class_by_name(VAR_HANDLE).ok()?;
                let native = self.method_named(owner, name)?;
                self.method_flags(native).has(Flags::NATIVE).then_some(Polymorphic::Linked)
            }
            _ => None,
        }
    }

    /// The first method that a class declares under a name.
    pub fn method_named(&self, owner: Addr, name: &str) -> Option<Addr> {
        let methods = self.ref_field(owner, class::METHODS);
        (0..self.array_len(methods))
            .map(|index| Addr(self.array_get(methods, index).0))
            .find(|target| self.text(*target, method::NAME) == name)
    }

    /// The method that a `MemberName` was resolved to.
    pub fn method_of_member(&self, member: Value) -> Option<Addr> {
        let object = member.as_object()?;
        let holder = self.get_ref(object, self.offset_named(self.class_of(member), "method"));
        let holder_object = holder.as_object()?;
        let place = self.offset_named(self.class_of(holder), "$method");
        self.get_ref(holder_object, place).as_object()
    }

    fn kinds_in(&self, desc: &str) -> (Vec<Kind>, u8) {
        match bytecode::Descriptor::parse(desc) {
            Ok(desc) => (desc.param_kinds().collect(), desc.result_kind().map_or(0, |kind| kind as u8)),
            Err(error) => unreachable!("the verifier read this descriptor: {error}"),
        }
    }

    /// Calls a method of `java.lang.invoke` whose type is that of the pool entry.
    pub(crate) fn polymorphic_call(
        &mut self,
        how: Polymorphic,
        module: Addr,
        pool: &Module,
        entry: u32,
    ) -> Result<Flow, Unresolved> {
        let Const::Method { class: owner, name, desc, .. } = &pool.pool[entry as usize] else {
            unreachable!("the verifier saw a method at {entry}")
        };
        let (mut params, result) = self.kinds_in(desc);
        if matches!(how, Polymorphic::Basic | Polymorphic::Linked) {
            params.insert(0, Kind::Ref);
        }
        let count = params.len() as u64;
        let top = self.top();
        let args = self.operand_end(&top).sub(8 * count);
        let receiver = Value(self.memory.load_u64(args));
        match how {
            Polymorphic::Basic => {
                let target = self.entry_of(receiver)?;
                Ok(self.call_target(target, args, &params, result))
            }
            Polymorphic::LinkDirect | Polymorphic::LinkVirtual => {
                let member = Value(self.memory.load_u64(args.add(8 * (count - 1))));
                params.pop();
                let Some(mut target) = self.method_of_member(member) else {
                    return Err(self
                        .exception_value(ClassId::NullPointer, "a member that is not resolved")
                        .into());
                };
                if !self.method_flags(target).has(Flags::STATIC) && receiver.is_null() {
                    return Err(self.exception_value(ClassId::NullPointer, "a call on null").into());
                }
                if how == Polymorphic::LinkVirtual {
                    let class = self.class_of(receiver);
                    target = self.select(class, target)?;
                }
                Ok(self.call_target(target, args, &params, result))
            }
            Polymorphic::Linked => {
                if let Some(pair) = self.linked_cell(module, entry, true)? {
                    return Ok(self.call_linked(pair, args, params, result));
                }
                let caller = self.ref_field(self.top().method, method::CLASS);
                let defining = self.class_from(caller, owner)?;
                let slots = [
                    self.mirror_of(caller).0,
                    self.mirror_of(defining).0,
                    self.java_literal(name).0,
                    self.java_literal(desc).0,
                ];
                self.upcall("linkMethod", &slots, entry)
            }
        }
    }

    /// The method at which a handle is entered: that of its form.
    fn entry_of(&mut self, handle: Value) -> Result<Addr, Value> {
        let form = handle
            .as_object()
            .map(|object| self.get_ref(object, self.offset_named(self.class_of(handle), "form")));
        let member = form.and_then(|form| {
            let object = form.as_object()?;
            Some(self.get_ref(object, self.offset_named(self.class_of(form), "vmentry")))
        });
        match member.and_then(|member| self.method_of_member(member)) {
            Some(target) => Ok(target),
            None => Err(self.exception_value(ClassId::NullPointer, "a call of a handle that is null")),
        }
    }

    /// Calls a method on the operands from `args` on, whose kinds (the receiver's first) and result are as given.
    fn call_target(&mut self, target: Addr, args: Addr, params: &[Kind], result: u8) -> Flow {
        let receiver = usize::from(!self.method_flags(target).has(Flags::STATIC));
        let kinds = self.param_kinds(target);
        let fits = params.len() == kinds.len() + receiver
            && params[..receiver].iter().all(|kind| *kind == Kind::Ref)
            && params[receiver..] == kinds[..];
        // Whoever wants no result may call what gives one.
        let given = self.get_u8(target, method::RESULT_KIND);
        if !fits || (result != 0 && given != result) {
            let text = format!("a method handle calls {} with other kinds", self.method_text(target));
            return self.raise_java("java/lang/InternalError", &text);
        }
        if receiver == 0
            && let Some(flow) = self.initialise(self.ref_field(target, method::CLASS))
        {
            return flow;
        }
        if receiver == 1 {
            let object = Value(self.memory.load_u64(args));
            let owner = self.ref_field(target, method::CLASS);
            if !self.is_instance(object, owner) {
                let id = if object.is_null() { ClassId::NullPointer } else { ClassId::ClassCast };
                return self.raise_kernel(id, "a method handle is called on another object");
            }
        }
        let top = self.top();
        let left = (args.0 - top.operands().0) / 8;
        self.set_frame_u32(top.at, frame::DEPTH, left as u32);
        let dropped = result == 0 && given != 0;
        self.invoke(target, args, if dropped { on_return::UNBOX } else { on_return::PUSH })
    }

    /// Calls what the library linked a site to: in `cell` an array of a `MemberName` and the appendix.
    fn call_linked(&mut self, cell: Addr, args: Addr, mut params: Vec<Kind>, result: u8) -> Flow {
        let pair = Addr(self.array_get(cell, 0).0);
        let (member, appendix) = (self.array_get(pair, 0), self.array_get(pair, 1));
        let Some(target) = self.method_of_member(member) else {
            return self.raise_kernel(ClassId::Linkage, "a call site was linked to nothing");
        };
        if !appendix.is_null() {
            let at = args.add(8 * params.len() as u64);
            if at.0 + 8 > self.running.limit && !self.announce_ahead(at.0 + 8) {
                return self.stack_overflow();
            }
            self.memory.store_unannounced_u64(at, appendix.0);
            params.push(Kind::Ref);
        }
        self.call_target(target, args, &params, result)
    }

    /// `invokedynamic` that was not turned into direct code.
    pub(crate) fn java_call_site(
        &mut self,
        module: Addr,
        pool: &Module,
        entry: u32,
    ) -> Result<Flow, Unresolved> {
        let Const::CallSite { bootstrap, name, desc, args } = &pool.pool[entry as usize] else {
            unreachable!("the verifier saw a call site at {entry}")
        };
        if let Some(cell) = self.linked_cell(module, entry, false)? {
            let (params, result) = self.kinds_in(desc);
            let at = self.operand_end(&self.top()).sub(8 * params.len() as u64);
            return Ok(self.call_linked(cell, at, params, result));
        }
        self.bootstrap_upcall("linkCallSite", module, pool, entry, (*bootstrap, name, desc, args))
    }

    /// A constant of Java that the library makes: a handle, a type, a computed one.
    pub(crate) fn java_constant(
        &mut self,
        module: Addr,
        pool: &Module,
        entry: u32,
    ) -> Result<Loaded, Unresolved> {
        let constant = &pool.pool[entry as usize];
        if let Some(cell) = self.linked_cell(module, entry, true)? {
            let value = self.array_get(cell, 0);
            let kind = match constant {
                Const::Dynamic { desc, .. } => {
                    bytecode::TypeDesc::parse(desc).map_or(Kind::Ref, |desc| desc.kind())
                }
                _ => Kind::Ref,
            };
            let bits = if kind == Kind::Ref { value.0 } else { self.java_number(value) };
            return Ok(Loaded::Ready(bits));
        }
        let flow = match constant {
            Const::MethodType(desc) => {
                let caller = self.ref_field(self.top().method, method::CLASS);
                let slots = [self.mirror_of(caller).0, self.java_literal(desc).0];
                self.upcall("methodType", &slots, entry)?
            }
            Const::Handle { kind, target } => {
                let caller = self.ref_field(self.top().method, method::CLASS);
                let (owner, name, desc, upcall) = match &pool.pool[*target as usize] {
                    Const::Field { class, name, desc } => (class, name, format!("(){desc}"), "fieldHandle"),
                    Const::Method { class, name, desc, .. } => (class, name, desc.clone(), "methodHandle"),
                    other => unreachable!("the verifier lets no handle lead to a {}", other.sort()),
                };
                let owner = self.class_from(caller, owner)?;
                let slots = [
                    self.mirror_of(caller).0,
                    *kind as u64,
                    self.mirror_of(owner).0,
                    self.java_literal(name).0,
                    self.java_literal(&desc).0,
                ];
                self.upcall(upcall, &slots, entry)?
            }
            Const::Dynamic { bootstrap, name, desc, args } => {
                let desc = format!("(){desc}");
                self.bootstrap_upcall("linkConstant", module, pool, entry, (*bootstrap, name, &desc, args))?
            }
            other => unreachable!("the library makes no {}", other.sort()),
        };
        Ok(Loaded::Wait(flow))
    }

    fn bootstrap_upcall(
        &mut self,
        upcall: &str,
        module: Addr,
        pool: &Module,
        entry: u32,
        site: (u32, &String, &String, &Vec<u32>),
    ) -> Result<Flow, Unresolved> {
        let (bootstrap, name, desc, args) = site;
        let handle = match self.java_constant(module, pool, bootstrap)? {
            Loaded::Ready(bits) => bits,
            Loaded::Wait(flow) => return Ok(flow),
        };
        let mut values = Vec::new();
        for arg in args {
            match self.static_argument(module, pool, *arg)? {
                Loaded::Ready(bits) => values.push(Value(bits)),
                Loaded::Wait(flow) => return Ok(flow),
            }
        }
        let info = match values[..] {
            [] => Value::NULL,
            [only] if !only.is_null() && !self.is_array_class(self.class_of(only)) => only,
            _ => {
                let class = self.class_by_name("java/lang/Object")?;
                let class = self.array_class(class);
                let array = self.new_array(class, values.len() as u64);
                for (index, value) in values.iter().enumerate() {
                    self.array_set(array, index as u64, *value);
                }
                Value::object(array)
            }
        };
        let caller = self.ref_field(self.top().method, method::CLASS);
        let slots =
            [self.mirror_of(caller).0, handle, self.java_literal(name).0, self.java_literal(desc).0, info.0];
        self.upcall(upcall, &slots, entry)
    }

    /// A static argument of a bootstrap method, as an object.
    fn static_argument(&mut self, module: Addr, pool: &Module, entry: u32) -> Result<Loaded, Unresolved> {
        let (wrapper, bits) = match &pool.pool[entry as usize] {
            Const::I32(number) => ("java/lang/Integer", u64::from(*number as u32)),
            Const::I64(number) => ("java/lang/Long", *number as u64),
            Const::F32(bits) => ("java/lang/Float", u64::from(*bits)),
            Const::F64(bits) => ("java/lang/Double", *bits),
            Const::Dynamic { desc, .. } if !desc.starts_with(['L', '[']) => {
                // The library's own boxed form stands in the cell.
                let there = self.linked_cell(module, entry, true)?;
                return match there {
                    Some(cell) => Ok(Loaded::Ready(self.array_get(cell, 0).0)),
                    None => self.java_constant(module, pool, entry),
                };
            }
            _ => return self.constant(module, pool, entry),
        };
        let class = self.class_by_name(wrapper)?;
        let made = self.new_object(class);
        if let Some(place) = self.field_named(class, "value") {
            self.store_field(made, place, bits);
        }
        Ok(Loaded::Ready(made.0))
    }

    /// What the library resolved a pool entry to; where that failed it fails the same way again (JVMS 5.4.3), with its cause
    /// when that is wanted.
    ///
    /// # Errors
    /// What to throw.
    fn linked_cell(&mut self, module: Addr, entry: u32, with_cause: bool) -> Result<Option<Addr>, Value> {
        let Some(cell) = self.resolved(module, entry).as_object() else { return Ok(None) };
        if self.array_len(cell) <= FAILURE {
            return Ok(Some(cell));
        }
        let error = self.array_get(cell, FAILURE);
        let Some(object) = error.as_object() else { return Ok(Some(cell)) };
        let of = self.class_of(error);
        let message = self.java_text(self.get_ref(object, self.offset_named(of, "detailMessage")));
        let name = self.text(of, class::NAME);
        let Some(again) = self.java_exception(&name, message.as_deref()) else { return Err(error) };
        if let Some(made) = again.as_object() {
            let place = self.offset_named(of, "cause");
            let cause = if with_cause { self.get_ref(object, place) } else { Value::NULL };
            // An error that is its own cause has none yet.
            let cause = if cause == error { again } else { cause };
            self.set_ref(made, place, cause);
        }
        Err(again)
    }

    /// Notes that the library could not resolve a pool entry of the method below the top frame, when it threw a
    /// `LinkageError` (JVMS 5.4.3).
    pub(crate) fn note_unlinked(&mut self, entry: u32, thrown: Value) {
        let Some(error) = self.known_class("java/lang/LinkageError") else { return };
        let caller = Addr(self.top().caller);
        if caller.is_null() || !self.is_instance(thrown, error) {
            return;
        }
        let below = Frame::read(&self.memory, caller).method;
        let (module, _) = self.module_of(below);
        if self.resolved(module, entry).is_null() {
            let cell = self.make_ref_array(FAILURE + 1);
            self.array_set(cell, FAILURE, thrown);
            self.set_resolved(module, entry, Value::object(cell));
        }
    }

    /// The number in one of Java's boxed values.
    fn java_number(&self, value: Value) -> u64 {
        match (value.as_object(), self.field_named(self.class_of(value), "value")) {
            (Some(object), Some(place)) => self.load_field(object, place),
            _ => 0,
        }
    }

    /// Calls a static method of `phantom/java/Boot`, whose result a pool entry is resolved to; then the instruction at the
    /// top frame's `PC` is run again.
    fn upcall(&mut self, name: &str, slots: &[u64], entry: u32) -> Result<Flow, Unresolved> {
        let owner = self.class_by_name(BOOT)?;
        if let Some(flow) = self.initialise(owner) {
            return Ok(flow);
        }
        let Some(target) = self.method_named(owner, name) else {
            return Err(self.exception_value(ClassId::NoSuchMethod, name).into());
        };
        let at = self.operand_end(&self.top());
        let end = at.0 + 8 * slots.len() as u64;
        if end > self.running.limit && !self.announce_ahead(end) {
            return Ok(self.stack_overflow());
        }
        for (position, bits) in slots.iter().enumerate() {
            self.memory.store_unannounced_u64(at.add(8 * position as u64), *bits);
        }
        let before = self.running.frame;
        let flow = self.invoke(target, at, on_return::LINK);
        if self.running.frame != before && flow == Flow::Go {
            let made = self.running.frame;
            self.set_frame_u32(made, frame::PHASE, entry);
        }
        Ok(flow)
    }
}
