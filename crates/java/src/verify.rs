//! Verification of one method: types of locals and operands before every instruction (JVMS 4.10).
//!
//! From version 51 on the StackMapTable says what holds where paths meet, and each instruction is looked at once
//! (4.10.1); an older file is verified by following all paths (4.10.2).
//! Both use the same step from one instruction to the next. What the emitter needs is noted on the way: which
//! instructions are reached, and of the stack shuffles over how many operands they go.
//!
//! Not checked here: access to protected members of superclasses (4.10.1.8), which needs the classes.

use crate::code::{Body, Failure, Insn, NO_INSN, ends, fail, op};
use crate::parse::{ClassFile, Constant, Reader, Refusal};
use crate::types::{Names, OBJECT, THROWABLE, Type};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{Descriptor, TypeDesc};

/// Types that the frames of one method may hold together.
const TYPES_MAX: usize = 1 << 24;
/// Work that one method may take, in steps of about a type.
const STEPS_MAX: u64 = 1 << 27;
/// Superclass of the classes by which the library makes objects without their own constructors.
const SERIALIZATION: &str = "jdk/internal/reflect/SerializationConstructorAccessorImpl";
const TOO_COMPLEX: &str = "The method is too complex to verify";

/// Marks an instruction that control does not come to.
pub(crate) const UNREACHED: u8 = 0xff;

/// A field or method that code names.
pub(crate) struct Link {
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) desc: String,
    pub(crate) interface: bool,
    pub(crate) owner: Type,
    pub(crate) params: Vec<Type>,
    /// Of a field its type, of a method its result.
    pub(crate) result: Option<Type>,
}

/// What is known of a class while its methods are converted.
pub(crate) struct Context<'f, 'a> {
    pub(crate) class: &'f ClassFile<'a>,
    pub(crate) names: Names,
    links: BTreeMap<u16, Rc<Link>>,
    this: Type,
}

impl<'f, 'a> Context<'f, 'a> {
    pub(crate) fn new(class: &'f ClassFile<'a>) -> Self {
        let mut names = Names::new();
        let this = names.reference(&class.name);
        Context { class, names, links: BTreeMap::new(), this }
    }

    /// The field, method or call site of a pool entry.
    pub(crate) fn link(&mut self, index: u16) -> Result<Rc<Link>, Failure> {
        if let Some(there) = self.links.get(&index) {
            return Ok(there.clone());
        }
        let wrong = |error: Refusal| Failure { pc: None, what: error.to_string() };
        let (class, name, desc, interface) = match self.class.constant(index) {
            Constant::Dynamic(_, member) | Constant::InvokeDynamic(_, member) => {
                let (name, desc) = self.class.name_type(member).map_err(wrong)?;
                (self.class.name.clone(), name, desc, false)
            }
            _ => self.class.member_ref(index).map_err(wrong)?,
        };
        let mut params = Vec::new();
        let result = if desc.starts_with('(') {
            let Ok(parsed) = Descriptor::parse(&desc) else { return fail("Illegal method type") };
            params.extend(parsed.params.iter().map(|param| self.names.of(param)));
            parsed.result.as_ref().map(|result| self.names.of(result))
        } else {
            let Ok(parsed) = TypeDesc::parse(&desc) else { return fail("Illegal field type") };
            Some(self.names.of(&parsed))
        };
        let owner = self.names.reference(&class);
        let made = Rc::new(Link { class, name, desc, interface, owner, params, result });
        self.links.insert(index, made.clone());
        Ok(made)
    }

    fn class_type(&mut self, index: u16) -> Result<Type, Failure> {
        match self.class.class_name(index) {
            Ok(name) => Ok(self.names.reference(&name)),
            Err(_) => fail("Illegal type at constant pool entry: a class is wanted"),
        }
    }
}

/// The method that is verified.
pub(crate) struct Method<'m> {
    pub(crate) name: &'m str,
    pub(crate) desc: &'m Descriptor,
    pub(crate) is_static: bool,
}

/// Locals and operands before an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Frame {
    /// Without the unusable ones at the end.
    locals: Vec<Type>,
    stack: Vec<Type>,
    /// Places that the operands take.
    depth: u32,
    /// No constructor was called on the receiver yet (flagThisUninit).
    this_uninit: bool,
}

impl Frame {
    fn local(&self, index: usize) -> Type {
        self.locals.get(index).copied().unwrap_or(Type::Top)
    }
    fn set_local(&mut self, index: usize, value: Type) {
        let end = index + value.size() as usize;
        if self.locals.len() < end {
            self.locals.resize(end, Type::Top);
        }
        if index > 0 && self.locals[index - 1].is_wide() {
            self.locals[index - 1] = Type::Top;
        }
        if !value.is_wide() && self.locals[index].is_wide() && index + 1 < self.locals.len() {
            self.locals[index + 1] = Type::Top;
        }
        self.locals[index] = value;
        if value.is_wide() {
            if self.locals[index + 1].is_wide() && index + 2 < self.locals.len() {
                self.locals[index + 2] = Type::Top;
            }
            self.locals[index + 1] = Type::Top;
        }
    }
    fn replace(&mut self, old: Type, new: Type) {
        for slot in self.locals.iter_mut().chain(&mut self.stack) {
            if *slot == old {
                *slot = new;
            }
        }
    }
}

/// Verifies a method: for each instruction the form of its stack shuffle, or [`UNREACHED`].
pub(crate) fn verify(
    context: &mut Context<'_, '_>,
    method: &Method<'_>,
    body: &Body<'_>,
) -> Result<Vec<u8>, Failure> {
    let major = context.class.major;
    let mark = context.names.mark();
    let mut verifier = Verifier::new(context, method, body);
    // JVMS 4.10: a file of version 50 may fall back to inference. Whether it has to is known only when its class is linked,
    // and what is inferred holds more often.
    let checked = if major > 50 && !body.inlined { verifier.check() } else { verifier.infer() };
    let checked = checked.map(|()| verifier.forms);
    context.names.end_method();
    if checked.is_err() {
        context.names.reset(mark);
    }
    checked
}

struct Verifier<'v, 'f, 'a, 'b> {
    context: &'v mut Context<'f, 'a>,
    method: &'v Method<'v>,
    body: &'v Body<'b>,
    forms: Vec<u8>,
    result: Option<Type>,
    steps: u64,
}

impl<'v, 'f, 'a, 'b> Verifier<'v, 'f, 'a, 'b> {
    fn new(context: &'v mut Context<'f, 'a>, method: &'v Method<'v>, body: &'v Body<'b>) -> Self {
        let result = method.desc.result.as_ref().map(|result| context.names.of(result));
        let forms = vec![UNREACHED; body.insns.len()];
        Verifier { context, method, body, forms, result, steps: STEPS_MAX }
    }

    fn spend(&mut self, steps: usize) -> Result<(), Failure> {
        match self.steps.checked_sub(steps as u64 + 1) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => fail(TOO_COMPLEX),
        }
    }

    fn first_frame(&mut self) -> Result<Frame, Failure> {
        let mut frame = Frame::default();
        if !self.method.is_static {
            let constructor = self.method.name == "<init>" && self.context.this != Type::Ref(OBJECT);
            frame.this_uninit = constructor;
            frame.locals.push(if constructor { Type::UninitThis } else { self.context.this });
        }
        for param in &self.method.desc.params {
            let of = self.context.names.of(param);
            frame.locals.push(of);
            if of.is_wide() {
                frame.locals.push(Type::Top);
            }
        }
        if frame.locals.len() > usize::from(self.body.max_locals) {
            return fail("Arguments can't fit into locals");
        }
        Ok(frame)
    }

    fn at<T>(&self, index: usize, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| Failure {
            pc: failure.pc.or_else(|| self.body.insns.get(index).map(|insn| insn.pc)),
            what: failure.what,
        })
    }

    /// Instructions at which the set of handlers changes.
    fn borders(&self) -> BTreeSet<u32> {
        self.body.handlers.iter().flat_map(|handler| [handler.start, handler.end]).collect()
    }
    /// The type of what each handler catches, by its target; checks that it can be thrown.
    fn caught(&mut self) -> Result<Vec<Type>, Failure> {
        let mut caught = Vec::new();
        for handler in &self.body.handlers {
            caught.push(match &handler.class {
                None => Type::Ref(THROWABLE),
                Some(name) => {
                    let of = self.context.names.reference(name);
                    if !self.context.names.assign(of, Type::Ref(THROWABLE)) {
                        return fail("Catch type is not a subclass of Throwable in exception handler");
                    }
                    of
                }
            });
        }
        if !caught.is_empty() && self.body.max_stack == 0 {
            return fail("Operand stack overflow in an exception handler");
        }
        Ok(caught)
    }

    // ----- Type checking by StackMapTable (JVMS 4.10.1)

    fn check(&mut self) -> Result<(), Failure> {
        let first = self.first_frame()?;
        let maps = self.read_maps(&first)?;
        let caught = self.caught()?;
        let borders = self.borders();
        let mut handlers: Vec<usize> = Vec::new();
        let mut frame = Some(first);
        let mut locals_changed = true;
        for index in 0..self.body.insns.len() {
            let insn = self.body.insns[index];
            if let Some(map) = maps.get(&(index as u32)) {
                if let Some(current) = &frame {
                    let fits = self.fits(current, map);
                    self.at(index, fits)?;
                }
                frame = Some(map.clone());
                locals_changed = true;
            }
            let Some(current) = &mut frame else {
                return self.at(index, fail("Expecting a stackmap frame at branch target"));
            };
            self.spend(1)?;
            if borders.contains(&(index as u32)) {
                self.spend(self.body.handlers.len())?;
                let all = self.body.handlers.iter().enumerate();
                let inside =
                    all.filter(|(_, handler)| (handler.start..handler.end).contains(&(index as u32)));
                handlers = inside.map(|(number, _)| number).collect();
                locals_changed = true;
            }
            if locals_changed {
                let (stack, depth) = (core::mem::take(&mut current.stack), current.depth);
                current.depth = 1;
                for number in &handlers {
                    current.stack = vec![caught[*number]];
                    let target = self.body.handlers[*number].target;
                    let fits = self.fits_at(current, target, &maps);
                    self.at(index, fits)?;
                }
                (current.stack, current.depth) = (stack, depth);
                locals_changed = false;
            }
            let stepped = self.step(index, current);
            self.at(index, stepped)?;
            locals_changed |= matches!(insn.op, op::ISTORE..=op::ASTORE | op::INVOKESPECIAL | op::NEW);
            let mut targets = Vec::new();
            self.body.targets(&insn, |target| targets.push(target));
            if targets.len() > 1 {
                targets.sort_unstable();
                targets.dedup();
            }
            for target in targets {
                let fits = self.fits_at(current, target, &maps);
                self.at(index, fits)?;
            }
            if ends(insn.op) {
                frame = None;
            }
        }
        if frame.is_some() { fail("Control flow falls through code end") } else { Ok(()) }
    }

    fn fits_at(&mut self, frame: &Frame, target: u32, maps: &BTreeMap<u32, Frame>) -> Result<(), Failure> {
        match maps.get(&target) {
            Some(map) => self.fits(frame, map),
            None => fail(format!("Expecting a stackmap frame at branch target {target}")),
        }
    }

    /// Whether a frame may go on as the one of a map (JVMS 4.10.1.2 frameIsAssignable).
    fn fits(&mut self, frame: &Frame, map: &Frame) -> Result<(), Failure> {
        self.spend(map.locals.len() + map.stack.len())?;
        let names = &mut self.context.names;
        if frame.stack.len() != map.stack.len() {
            return fail("Stack sizes do not match the stackmap frame");
        }
        if frame.this_uninit && !map.this_uninit {
            return fail("Current frame's flags are not assignable to stack map frame's");
        }
        for (index, wanted) in map.locals.iter().enumerate() {
            let found = frame.local(index);
            if !names.assign(found, *wanted) {
                return fail(format!(
                    "Type {} (current frame, locals[{index}]) is not assignable to {} (stack map)",
                    names.text(found),
                    names.text(*wanted)
                ));
            }
        }
        for (index, (found, wanted)) in frame.stack.iter().zip(&map.stack).enumerate() {
            if !names.assign(*found, *wanted) {
                return fail(format!(
                    "Type {} (current frame, stack[{index}]) is not assignable to {} (stack map)",
                    names.text(*found),
                    names.text(*wanted)
                ));
            }
        }
        Ok(())
    }

    /// The frames of the StackMapTable (JVMS 4.7.4), by instruction.
    fn read_maps(&mut self, first: &Frame) -> Result<BTreeMap<u32, Frame>, Failure> {
        let mut maps = BTreeMap::new();
        let Some(bytes) = self.body.frames else { return Ok(maps) };
        let mut reader = Reader::new(bytes);
        let cut = |_: Refusal| Failure { pc: None, what: "StackMapTable error: bad length".into() };
        let count = reader.u16().map_err(cut)?;
        let mut frame = first.clone();
        let mut pc: i64 = -1;
        let mut room = TYPES_MAX;
        for _ in 0..count {
            let tag = reader.u8().map_err(cut)?;
            frame.stack.clear();
            let delta = match tag {
                0..=63 => u16::from(tag),
                64..=127 => {
                    let of = self.read_type(&mut reader)?;
                    frame.stack.push(of);
                    u16::from(tag) - 64
                }
                247 => {
                    let delta = reader.u16().map_err(cut)?;
                    let of = self.read_type(&mut reader)?;
                    frame.stack.push(of);
                    delta
                }
                248..=250 => {
                    for _ in 0..251 - tag {
                        // The place behind a long is not listed.
                        let last = frame.locals.pop();
                        if last == Some(Type::Top) && frame.locals.last().is_some_and(|below| below.is_wide())
                        {
                            frame.locals.pop();
                        } else if last.is_none() {
                            return fail("StackMapTable error: chopped more locals than there are");
                        }
                    }
                    reader.u16().map_err(cut)?
                }
                251 => reader.u16().map_err(cut)?,
                252..=254 => {
                    let delta = reader.u16().map_err(cut)?;
                    for _ in 0..tag - 251 {
                        let of = self.read_type(&mut reader)?;
                        push_local(&mut frame.locals, of);
                    }
                    delta
                }
                255 => {
                    let delta = reader.u16().map_err(cut)?;
                    frame.locals.clear();
                    for _ in 0..reader.u16().map_err(cut)? {
                        let of = self.read_type(&mut reader)?;
                        push_local(&mut frame.locals, of);
                    }
                    for _ in 0..reader.u16().map_err(cut)? {
                        let of = self.read_type(&mut reader)?;
                        frame.stack.push(of);
                    }
                    delta
                }
                _ => return fail("StackMapTable error: reserved frame type"),
            };
            pc += i64::from(delta) + 1;
            let index = usize::try_from(pc).ok().and_then(|pc| self.body.index_at.get(pc)).copied();
            let Some(index) = index.filter(|index| *index != NO_INSN) else {
                return fail("StackMapTable error: bad offset");
            };
            frame.depth = frame.stack.iter().map(|of| of.size()).sum();
            frame.this_uninit = frame.locals.contains(&Type::UninitThis);
            if frame.locals.len() > usize::from(self.body.max_locals)
                || frame.depth > u32::from(self.body.max_stack)
            {
                return fail("StackMapTable error: more locals or operands than the code has");
            }
            if frame.this_uninit && (self.method.name != "<init>" || frame.local(0) != Type::UninitThis) {
                return fail("StackMapTable error: uninitializedThis outside of a constructor");
            }
            room = match room.checked_sub(1 + frame.locals.len() + frame.stack.len()) {
                Some(room) => room,
                None => return fail(TOO_COMPLEX),
            };
            maps.insert(index, frame.clone());
        }
        if !reader.is_at_end() {
            return fail("StackMapTable error: wrong attribute size");
        }
        Ok(maps)
    }

    fn read_type(&mut self, reader: &mut Reader<'_>) -> Result<Type, Failure> {
        let cut = |_: Refusal| Failure { pc: None, what: "StackMapTable error: bad length".into() };
        Ok(match reader.u8().map_err(cut)? {
            0 => Type::Top,
            1 => Type::Int,
            2 => Type::Float,
            3 => Type::Double,
            4 => Type::Long,
            5 => Type::Null,
            6 => Type::UninitThis,
            7 => self.context.class_type(reader.u16().map_err(cut)?)?,
            8 => {
                let pc = usize::from(reader.u16().map_err(cut)?);
                match self.body.index_at.get(pc) {
                    Some(index) if *index != NO_INSN && self.body.insns[*index as usize].op == op::NEW => {
                        Type::Uninit(*index)
                    }
                    _ => return fail("StackMapTable error: bad offset of an uninitialized object"),
                }
            }
            _ => return fail("StackMapTable error: bad verification type"),
        })
    }

    // ----- Type inference (JVMS 4.10.2)

    fn infer(&mut self) -> Result<(), Failure> {
        let first = self.first_frame()?;
        let caught = self.caught()?;
        let mut leaders = BTreeSet::from([0u32]);
        for (index, insn) in self.body.insns.iter().enumerate() {
            self.body.targets(insn, |target| {
                leaders.insert(target);
            });
            if matches!(insn.op, op::RET) {
                leaders.insert(insn.a as u32);
            }
            let jumps =
                matches!(insn.op, op::TABLESWITCH | op::LOOKUPSWITCH) || crate::code::is_jump(insn.op);
            if jumps || ends(insn.op) {
                leaders.insert(index as u32 + 1);
            }
        }
        for handler in &self.body.handlers {
            leaders.extend([handler.start, handler.end, handler.target]);
        }
        let mut entries: BTreeMap<u32, Frame> = BTreeMap::new();
        let mut work = BTreeSet::new();
        self.flow(&mut entries, &mut work, 0, &first)?;
        while let Some(start) = work.pop_first() {
            let Some(mut frame) = entries.get(&start).cloned() else { continue };
            self.spend(frame.locals.len() + self.body.handlers.len())?;
            let covering: Vec<(usize, u32)> = self
                .body
                .handlers
                .iter()
                .enumerate()
                .filter(|(_, handler)| (handler.start..handler.end).contains(&start))
                .map(|(number, handler)| (number, handler.target))
                .collect();
            let mut index = start as usize;
            let mut locals_changed = true;
            loop {
                let insn = self.body.insns[index];
                self.spend(1)?;
                if locals_changed {
                    for (number, target) in &covering {
                        let mut thrown = frame.clone();
                        thrown.stack = vec![caught[*number]];
                        thrown.depth = 1;
                        let flowed = self.flow(&mut entries, &mut work, *target, &thrown);
                        self.at(index, flowed)?;
                    }
                }
                let stepped = self.step(index, &mut frame);
                self.at(index, stepped)?;
                locals_changed = matches!(insn.op, op::ISTORE..=op::ASTORE | op::INVOKESPECIAL | op::NEW);
                let mut targets = Vec::new();
                self.body.targets(&insn, |target| targets.push(target));
                if insn.op == op::RET {
                    targets.push(insn.a as u32);
                }
                if targets.len() > 1 {
                    targets.sort_unstable();
                    targets.dedup();
                }
                for target in targets {
                    let flowed = self.flow(&mut entries, &mut work, target, &frame);
                    self.at(index, flowed)?;
                }
                if ends(insn.op) {
                    break;
                }
                index += 1;
                if index == self.body.insns.len() {
                    return self.at(index - 1, fail("Falling off the end of the code"));
                }
                if leaders.contains(&(index as u32)) {
                    let flowed = self.flow(&mut entries, &mut work, index as u32, &frame);
                    self.at(index, flowed)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Merges a frame into the one at `target`, and has its block looked at again when that changed.
    fn flow(
        &mut self,
        entries: &mut BTreeMap<u32, Frame>,
        work: &mut BTreeSet<u32>,
        target: u32,
        frame: &Frame,
    ) -> Result<(), Failure> {
        if target as usize >= self.body.insns.len() {
            return fail("Illegal target of jump or branch");
        }
        self.spend(8 + frame.locals.len() + frame.stack.len())?;
        let Some(old) = entries.get_mut(&target) else {
            self.spend(16 * (frame.locals.len() + frame.stack.len()))?;
            entries.insert(target, frame.clone());
            work.insert(target);
            return Ok(());
        };
        if old.stack.len() != frame.stack.len() {
            return fail("Inconsistent stack height");
        }
        let names = &mut self.context.names;
        let mut changed = false;
        for (index, slot) in old.locals.iter_mut().enumerate() {
            let merged = names.merge(*slot, frame.local(index));
            changed |= merged != *slot;
            *slot = merged;
        }
        for (slot, other) in old.stack.iter_mut().zip(&frame.stack) {
            let merged = names.merge(*slot, *other);
            if merged == Type::Top && *slot != Type::Top {
                return fail(format!(
                    "Mismatched stack types: {} and {}",
                    names.text(*slot),
                    names.text(*other)
                ));
            }
            changed |= merged != *slot;
            *slot = merged;
        }
        if frame.this_uninit && !old.this_uninit {
            old.this_uninit = true;
            changed = true;
        }
        if changed {
            work.insert(target);
        }
        Ok(())
    }

    // ----- One instruction (JVMS 4.10.1.9)

    fn push(&self, frame: &mut Frame, of: Type) -> Result<(), Failure> {
        frame.depth += of.size();
        if frame.depth > u32::from(self.body.max_stack) {
            return fail("Operand stack overflow");
        }
        frame.stack.push(of);
        Ok(())
    }
    fn pop_any(&self, frame: &mut Frame) -> Result<Type, Failure> {
        match frame.stack.pop() {
            Some(of) => {
                frame.depth -= of.size();
                Ok(of)
            }
            None => fail("Operand stack underflow"),
        }
    }
    fn pop(&mut self, frame: &mut Frame, wanted: Type) -> Result<Type, Failure> {
        let found = self.pop_any(frame)?;
        let names = &mut self.context.names;
        if names.assign(found, wanted) {
            return Ok(found);
        }
        fail(format!(
            "Bad type on operand stack: {} is not assignable to {}",
            names.text(found),
            names.text(wanted)
        ))
    }
    fn pop_reference(&mut self, frame: &mut Frame) -> Result<Type, Failure> {
        let found = self.pop_any(frame)?;
        if found.is_reference() {
            return Ok(found);
        }
        fail(format!("Bad type on operand stack: {} is no reference", self.context.names.text(found)))
    }
    /// As `pop_reference`, uninitialised objects too.
    fn pop_any_reference(&mut self, frame: &mut Frame) -> Result<(), Failure> {
        match frame.stack.last() {
            Some(Type::UninitThis | Type::Uninit(_)) => self.pop_any(frame).map(|_| ()),
            _ => self.pop_reference(frame).map(|_| ()),
        }
    }
    fn pop_narrow(&self, frame: &mut Frame) -> Result<Type, Failure> {
        match self.pop_any(frame)? {
            Type::Top | Type::Long | Type::Double => fail("Bad type on operand stack: one place is wanted"),
            narrow => Ok(narrow),
        }
    }
    fn operate(&mut self, frame: &mut Frame, pops: &[Type], push: Option<Type>) -> Result<(), Failure> {
        for wanted in pops.iter().rev() {
            self.pop(frame, *wanted)?;
        }
        push.map_or(Ok(()), |of| self.push(frame, of))
    }
    /// Pops a pair of places: one wide operand or two narrow ones, the lower first.
    fn pop_pair(&self, frame: &mut Frame) -> Result<(Option<Type>, Type), Failure> {
        let top = self.pop_any(frame)?;
        match top {
            Type::Long | Type::Double => Ok((None, top)),
            Type::Top => fail("Bad type on operand stack"),
            _ => Ok((Some(self.pop_narrow(frame)?), top)),
        }
    }
    fn push_pair(&self, frame: &mut Frame, pair: (Option<Type>, Type)) -> Result<(), Failure> {
        if let Some(below) = pair.0 {
            self.push(frame, below)?;
        }
        self.push(frame, pair.1)
    }

    fn local_index(&self, insn: &Insn, size: u32) -> Result<usize, Failure> {
        let index = insn.a as u32;
        if index + size > u32::from(self.body.max_locals) {
            return fail("Local variable table overflow");
        }
        Ok(index as usize)
    }

    /// Applies an instruction to the frame and notes that it is reached.
    fn step(&mut self, index: usize, frame: &mut Frame) -> Result<(), Failure> {
        use Type::{Double, Float, Int, Long};
        let insn = self.body.insns[index];
        let mut form = 0;
        const NUMBERS: [Type; 4] = [Int, Long, Float, Double];
        match insn.op {
            op::NOP | op::GOTO => {}
            op::ACONST_NULL => self.push(frame, Type::Null)?,
            op::SIPUSH => self.push(frame, Int)?,
            op::LCONST_0 | op::LCONST_1 => self.push(frame, Long)?,
            op::FCONST_0..=op::FCONST_2 => self.push(frame, Float)?,
            op::DCONST_0 | op::DCONST_1 => self.push(frame, Double)?,
            op::LDC | op::LDC2_W => self.constant(frame, &insn)?,
            op::ILOAD..=op::DLOAD => {
                let of = NUMBERS[usize::from(insn.op - op::ILOAD)];
                let local = self.local_index(&insn, of.size())?;
                if frame.local(local) != of {
                    return fail(format!("Bad local variable type: locals[{local}]"));
                }
                self.push(frame, of)?;
            }
            op::ALOAD => {
                let local = self.local_index(&insn, 1)?;
                match frame.local(local) {
                    Int | Float | Long | Double | Type::Top | Type::Return(_) => {
                        return fail(format!("Bad local variable type: locals[{local}]"));
                    }
                    of => self.push(frame, of)?,
                }
            }
            op::ISTORE..=op::DSTORE => {
                let of = NUMBERS[usize::from(insn.op - op::ISTORE)];
                let local = self.local_index(&insn, of.size())?;
                self.pop(frame, of)?;
                frame.set_local(local, of);
            }
            op::ASTORE => {
                let local = self.local_index(&insn, 1)?;
                match self.pop_any(frame)? {
                    Int | Float | Long | Double | Type::Top => {
                        return fail("Bad type on operand stack: a reference is wanted");
                    }
                    of => frame.set_local(local, of),
                }
            }
            op::IALOAD..=op::SALOAD | op::IASTORE..=op::SASTORE => self.element(frame, insn.op)?,
            op::POP => {
                self.pop_narrow(frame)?;
            }
            op::POP2 => form = u8::from(self.pop_pair(frame)?.0.is_none()),
            op::DUP => {
                let top = self.pop_narrow(frame)?;
                self.push(frame, top)?;
                self.push(frame, top)?;
            }
            op::DUP_X1 => {
                let top = self.pop_narrow(frame)?;
                let below = self.pop_narrow(frame)?;
                for of in [top, below, top] {
                    self.push(frame, of)?;
                }
            }
            op::DUP_X2 => {
                let top = self.pop_narrow(frame)?;
                let pair = self.pop_pair(frame)?;
                form = u8::from(pair.0.is_none());
                self.push(frame, top)?;
                self.push_pair(frame, pair)?;
                self.push(frame, top)?;
            }
            op::DUP2 => {
                let pair = self.pop_pair(frame)?;
                form = u8::from(pair.0.is_none());
                self.push_pair(frame, pair)?;
                self.push_pair(frame, pair)?;
            }
            op::DUP2_X1 => {
                let pair = self.pop_pair(frame)?;
                form = u8::from(pair.0.is_none());
                let below = self.pop_narrow(frame)?;
                self.push_pair(frame, pair)?;
                self.push(frame, below)?;
                self.push_pair(frame, pair)?;
            }
            op::DUP2_X2 => {
                let pair = self.pop_pair(frame)?;
                let below = self.pop_pair(frame)?;
                form = u8::from(pair.0.is_none()) << 1 | u8::from(below.0.is_none());
                self.push_pair(frame, pair)?;
                self.push_pair(frame, below)?;
                self.push_pair(frame, pair)?;
            }
            op::SWAP => {
                let top = self.pop_narrow(frame)?;
                let below = self.pop_narrow(frame)?;
                self.push(frame, top)?;
                self.push(frame, below)?;
            }
            op::IADD..=op::DREM => {
                let of = NUMBERS[usize::from((insn.op - op::IADD) % 4)];
                self.operate(frame, &[of, of], Some(of))?;
            }
            op::INEG..=op::DNEG => {
                let of = NUMBERS[usize::from(insn.op - op::INEG)];
                self.operate(frame, &[of], Some(of))?;
            }
            op::ISHL..=op::LUSHR => {
                let of = NUMBERS[usize::from((insn.op - op::ISHL) % 2)];
                self.operate(frame, &[of, Int], Some(of))?;
            }
            op::IAND..=op::LXOR => {
                let of = NUMBERS[usize::from((insn.op - op::IAND) % 2)];
                self.operate(frame, &[of, of], Some(of))?;
            }
            op::IINC => {
                let local = self.local_index(&insn, 1)?;
                if frame.local(local) != Int {
                    return fail(format!("Bad local variable type: locals[{local}] is no integer"));
                }
            }
            op::I2L => self.operate(frame, &[Int], Some(Long))?,
            op::I2F => self.operate(frame, &[Int], Some(Float))?,
            op::I2D => self.operate(frame, &[Int], Some(Double))?,
            op::L2I => self.operate(frame, &[Long], Some(Int))?,
            op::L2F => self.operate(frame, &[Long], Some(Float))?,
            op::L2D => self.operate(frame, &[Long], Some(Double))?,
            op::F2I => self.operate(frame, &[Float], Some(Int))?,
            op::F2L => self.operate(frame, &[Float], Some(Long))?,
            op::F2D => self.operate(frame, &[Float], Some(Double))?,
            op::D2I => self.operate(frame, &[Double], Some(Int))?,
            op::D2L => self.operate(frame, &[Double], Some(Long))?,
            op::D2F => self.operate(frame, &[Double], Some(Float))?,
            op::I2B..=op::I2S => self.operate(frame, &[Int], Some(Int))?,
            op::LCMP => self.operate(frame, &[Long, Long], Some(Int))?,
            op::FCMPL | op::FCMPG => self.operate(frame, &[Float, Float], Some(Int))?,
            op::DCMPL | op::DCMPG => self.operate(frame, &[Double, Double], Some(Int))?,
            op::IFEQ..=op::IFLE | op::TABLESWITCH | op::LOOKUPSWITCH => self.operate(frame, &[Int], None)?,
            op::IF_ICMPEQ..=op::IF_ICMPLE => self.operate(frame, &[Int, Int], None)?,
            op::IF_ACMPEQ | op::IF_ACMPNE => {
                self.pop_any_reference(frame)?;
                self.pop_any_reference(frame)?;
            }
            op::IFNULL | op::IFNONNULL | op::MONITORENTER | op::MONITOREXIT => {
                self.pop_any_reference(frame)?;
            }
            op::JSR | op::RET if !self.body.inlined || self.context.class.major > 50 => {
                return fail("jsr and ret are not allowed in this class file version");
            }
            op::JSR => self.push(frame, Type::Return(insn.b as u32))?,
            op::RET => {
                let (local, chain) = (insn.b & 0xffff, insn.b >> 16);
                if frame.local(local as usize) != Type::Return(chain as u32) {
                    return fail("Bad local variable type: ret wants the address of its own subroutine");
                }
            }
            op::IRETURN..=op::RETURN => self.returns(frame, insn.op)?,
            op::GETSTATIC..=op::PUTFIELD => self.field(frame, &insn)?,
            op::INVOKEVIRTUAL..=op::INVOKEDYNAMIC => self.call(frame, &insn)?,
            op::NEW => {
                let of = self.context.class_type(insn.a as u16)?;
                if self.context.names.is_array(of) {
                    return fail("Illegal creation of array by new");
                }
                let made = Type::Uninit(index as u32);
                if frame.stack.contains(&made) {
                    return fail("Uninitialized value on the stack at its own new");
                }
                frame.replace(made, Type::Top);
                self.push(frame, made)?;
            }
            op::NEWARRAY => {
                let Some(letter) = b"ZCFDBSIJ".get((insn.a as usize).wrapping_sub(4)) else {
                    return fail("Illegal newarray instruction");
                };
                let of = self.context.names.reference(&format!("[{}", char::from(*letter)));
                self.operate(frame, &[Int], Some(of))?;
            }
            op::ANEWARRAY => {
                let element = self.context.class_type(insn.a as u16)?;
                let of = match element {
                    Type::Ref(number) => array_of(self.context.names.name(number)),
                    _ => return fail("Illegal anewarray instruction"),
                };
                if of.starts_with(&"[".repeat(256)) {
                    return fail("Array with too many dimensions");
                }
                let of = self.context.names.reference(&of);
                self.operate(frame, &[Int], Some(of))?;
            }
            op::MULTIANEWARRAY => {
                let of = self.context.class_type(insn.a as u16)?;
                let dims = match of {
                    Type::Ref(number) => {
                        self.context.names.name(number).bytes().take_while(|byte| *byte == b'[').count()
                    }
                    _ => 0,
                };
                if insn.b == 0 || dims < insn.b as usize {
                    return fail("Illegal dimension argument");
                }
                for _ in 0..insn.b {
                    self.pop(frame, Int)?;
                }
                self.push(frame, of)?;
            }
            op::ARRAYLENGTH => {
                let array = self.pop_reference(frame)?;
                if !self.context.names.is_array(array) {
                    return fail("Bad type on operand stack in arraylength");
                }
                self.push(frame, Int)?;
            }
            op::ATHROW => {
                self.pop(frame, Type::Ref(THROWABLE))?;
            }
            op::CHECKCAST | op::INSTANCEOF => {
                let of = self.context.class_type(insn.a as u16)?;
                self.pop_reference(frame)?;
                self.push(frame, if insn.op == op::CHECKCAST { of } else { Int })?;
            }
            other => return fail(format!("Bad instruction: {other:#x}")),
        }
        self.forms[index] = form;
        Ok(())
    }

    fn constant(&mut self, frame: &mut Frame, insn: &Insn) -> Result<(), Failure> {
        let major = self.context.class.major;
        let of = match self.context.class.constant(insn.a as u16) {
            Constant::Int(_) => Type::Int,
            Constant::Float(_) => Type::Float,
            Constant::Long(_) => Type::Long,
            Constant::Double(_) => Type::Double,
            Constant::String(_) => self.context.names.reference("java/lang/String"),
            Constant::Class(_) if major >= 49 => self.context.names.reference("java/lang/Class"),
            Constant::Handle(..) => self.context.names.reference("java/lang/invoke/MethodHandle"),
            Constant::MethodType(_) => self.context.names.reference("java/lang/invoke/MethodType"),
            Constant::Dynamic(..) => match self.context.link(insn.a as u16)?.result {
                Some(of) => of,
                None => return fail("Illegal type at constant pool entry"),
            },
            _ => return fail(format!("Illegal type at constant pool entry {}", insn.a)),
        };
        if of.is_wide() != (insn.op == op::LDC2_W) {
            return fail(format!("Illegal type at constant pool entry {}", insn.a));
        }
        self.push(frame, of)
    }

    fn element(&mut self, frame: &mut Frame, opcode: u8) -> Result<(), Failure> {
        const KINDS: [(&[&str], Type); 8] = [
            (&["[I"], Type::Int),
            (&["[J"], Type::Long),
            (&["[F"], Type::Float),
            (&["[D"], Type::Double),
            (&[], Type::Null),
            (&["[B", "[Z"], Type::Int),
            (&["[C"], Type::Int),
            (&["[S"], Type::Int),
        ];
        let store = opcode >= op::IASTORE;
        let (arrays, of) = KINDS[usize::from(if store { opcode - op::IASTORE } else { opcode - op::IALOAD })];
        let references = arrays.is_empty();
        if store {
            self.pop(frame, if references { Type::Ref(OBJECT) } else { of })?;
        }
        self.pop(frame, Type::Int)?;
        let array = self.pop_reference(frame)?;
        let component = if references {
            match self.context.names.component(array) {
                Some(component) => component,
                None => return fail("Bad type on operand stack: an array of references is wanted"),
            }
        } else if self.context.names.is_array_of(array, arrays) {
            of
        } else {
            return fail(format!("Bad type on operand stack: {} is wanted", arrays.join(" or ")));
        };
        if store { Ok(()) } else { self.push(frame, component) }
    }

    fn returns(&mut self, frame: &mut Frame, opcode: u8) -> Result<(), Failure> {
        let wanted = match opcode {
            op::IRETURN => Some(Type::Int),
            op::LRETURN => Some(Type::Long),
            op::FRETURN => Some(Type::Float),
            op::DRETURN => Some(Type::Double),
            op::ARETURN => self.result.filter(|of| of.is_reference()),
            _ => None,
        };
        if wanted != self.result || (opcode == op::RETURN) != self.result.is_none() {
            return fail("Wrong return type in function");
        }
        if let Some(of) = wanted {
            self.pop(frame, of)?;
        }
        if self.method.name == "<init>" && frame.this_uninit {
            return fail("Constructor must call super() or this() before return");
        }
        Ok(())
    }

    fn field(&mut self, frame: &mut Frame, insn: &Insn) -> Result<(), Failure> {
        if !matches!(self.context.class.constant(insn.a as u16), Constant::Field(..)) {
            return fail(format!("Illegal type at constant pool entry {}", insn.a));
        }
        let link = self.context.link(insn.a as u16)?;
        let Some(of) = link.result else { return fail("Illegal field type") };
        if matches!(insn.op, op::PUTSTATIC | op::PUTFIELD) {
            self.pop(frame, of)?;
        }
        if insn.op == op::PUTFIELD && frame.stack.last() == Some(&Type::UninitThis) {
            let declared =
                |field: &crate::parse::Member<'_>| field.name == link.name && field.desc == link.desc;
            let own = link.owner == self.context.this && self.context.class.fields.iter().any(declared);
            if !own {
                return fail("Bad type on operand stack in putfield: uninitializedThis");
            }
            self.pop_any(frame)?;
        } else if matches!(insn.op, op::GETFIELD | op::PUTFIELD) {
            self.pop(frame, link.owner)?;
        }
        if matches!(insn.op, op::GETSTATIC | op::GETFIELD) { self.push(frame, of) } else { Ok(()) }
    }

    fn call(&mut self, frame: &mut Frame, insn: &Insn) -> Result<(), Failure> {
        let constant = self.context.class.constant(insn.a as u16);
        let major = self.context.class.major;
        let fits = match (insn.op, constant) {
            (op::INVOKEINTERFACE, Constant::Interface(..)) => true,
            (op::INVOKEDYNAMIC, Constant::InvokeDynamic(..)) => true,
            (op::INVOKEVIRTUAL | op::INVOKESPECIAL | op::INVOKESTATIC, Constant::Method(..)) => true,
            (op::INVOKESPECIAL | op::INVOKESTATIC, Constant::Interface(..)) => major >= 52,
            _ => false,
        };
        if !fits {
            return fail(format!("Illegal type at constant pool entry {}", insn.a));
        }
        let link = self.context.link(insn.a as u16)?;
        let constructor = link.name == "<init>";
        if link.name.starts_with('<') && !(constructor && insn.op == op::INVOKESPECIAL) {
            return fail("Illegal call to internal method");
        }
        self.spend(link.params.len())?;
        for wanted in link.params.iter().rev() {
            self.pop(frame, *wanted)?;
        }
        match insn.op {
            op::INVOKESPECIAL if constructor => self.construct(frame, &link)?,
            op::INVOKESPECIAL => {
                let direct = self.context.class.interfaces.contains(&link.class);
                if link.interface && link.owner != self.context.this && !direct {
                    return fail(
                        "Bad invokespecial instruction: interface method reference is in an indirect superinterface",
                    );
                }
                let this = self.context.this;
                if !self.context.names.assign(this, link.owner) {
                    return fail(
                        "Bad invokespecial instruction: current class isn't assignable to reference class",
                    );
                }
                self.pop(frame, this)?;
            }
            op::INVOKEVIRTUAL | op::INVOKEINTERFACE => {
                self.pop(frame, link.owner)?;
            }
            _ => {}
        }
        if insn.op == op::INVOKEINTERFACE {
            let places: u32 = 1 + link.params.iter().map(|of| of.size()).sum::<u32>();
            if insn.b as u32 != places {
                return fail("Inconsistent args count operand in invokeinterface");
            }
        }
        link.result.map_or(Ok(()), |of| self.push(frame, of))
    }

    fn construct(&mut self, frame: &mut Frame, link: &Link) -> Result<(), Failure> {
        match self.pop_any(frame)? {
            Type::UninitThis => {
                let above = self.context.class.super_name.as_deref();
                if link.owner != self.context.this && above != Some(link.class.as_str()) {
                    return fail("Bad <init> method call: neither of this class nor of its superclass");
                }
                frame.replace(Type::UninitThis, self.context.this);
                frame.this_uninit = false;
                Ok(())
            }
            made @ Type::Uninit(at) => {
                let of = self.context.class_type(self.body.insns[at as usize].a as u16)?;
                // What the library makes to create objects for deserialisation calls the constructor of a superclass;
                // no machine verifies it. That the object is of that class is checked when it is called.
                let for_serialization = self.context.class.super_name.as_deref() == Some(SERIALIZATION);
                if of != link.owner && !for_serialization {
                    return fail("Call to wrong <init> method");
                }
                frame.replace(made, of);
                Ok(())
            }
            _ => fail("Bad operand type when invoking <init>"),
        }
    }
}

fn push_local(locals: &mut Vec<Type>, of: Type) {
    locals.push(of);
    if of.is_wide() {
        locals.push(Type::Top);
    }
}

/// Name of the array class with elements of a class.
pub(crate) fn array_of(name: &str) -> String {
    if name.starts_with('[') { format!("[{name}") } else { format!("[L{name};") }
}
