//! The verifier: proves the kind of every slot at every instruction, so that no code that passes can confuse a
//! number with a reference, leave its frame or jump into the middle of an instruction.
//!
//! An abstract interpretation over kinds with a worklist of basic blocks (the inference verifier of JVMS §4.10.2,
//! with references untyped): where paths meet, a local whose kinds differ becomes unusable, and stacks must agree.
//! What an object is, is checked when it is used; so nothing here loads classes.
//!
//! [`MethodInfo`] keeps, for each reachable instruction, the kinds of locals and operands: the collector's map of a
//! frame. It is computed on demand and never stored in a world.
//!
//! *Invariant:* time and memory are bounded ([`crate::limits`]); a method above them is refused as too complex.

use crate::desc::{is_class_name, scan_field, scan_kinds};
use crate::effect::{loadable_kind, stack_counts};
use crate::limits::{
    CODE_BYTES_MAX, ERRORS_MAX, HANDLERS_MAX, NAME_BYTES_MAX, STATE_BYTES_MAX, STEPS_MAX, STEPS_PER_BYTE,
};
use crate::module::{ClassDef, Code, Const, FieldDef, Flags, HandleKind, MethodDef, Module};
use crate::op::{Effect, Insn, Item, Kind, Op, Operand};
use crate::{Descriptor, InsnError};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// Why a module, class or method is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Name of the class; empty when the module itself is wrong.
    pub class: String,
    /// Name and descriptor of the method, or name of the field; empty when the class itself is wrong.
    pub member: String,
    /// Offset in the code, when it is the code.
    pub pc: Option<u32>,
    /// Source line, when known.
    pub line: Option<u32>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.class.as_str(), self.member.as_str()) {
            ("", "") => f.write_str("module")?,
            ("", member) => f.write_str(member)?,
            (class, "") => write!(f, "class `{class}`")?,
            (class, member) => write!(f, "class `{class}`, `{member}`")?,
        }
        if let Some(pc) = self.pc {
            write!(f, ", at byte {pc}")?;
        }
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        write!(f, ": {}", self.what)
    }
}
impl core::error::Error for VerifyError {}

/// Checks a whole module: constants, classes, fields, methods and their code.
///
/// # Errors
/// All that is wrong, up to [`ERRORS_MAX`], each method with its first error.
pub fn verify_module(module: &Module) -> Result<(), Vec<VerifyError>> {
    let mut report = Report::default();
    for (index, constant) in module.pool.iter().enumerate() {
        if let Err(what) = check_const(&module.pool, index, constant) {
            report.add("", &format!("constant {index}"), what);
        }
    }
    let mut names = BTreeSet::new();
    for class in &module.classes {
        if !names.insert(class.name.as_str()) {
            report.add(&class.name, "", "the module has two classes of this name; rename one".into());
        }
        check_class(module, class, &mut report);
    }
    if let Some(entry) = &module.entry
        && !names.contains(entry.as_str())
    {
        report.add("", "", format!("the entry class `{entry}` is not in the module"));
    }
    if report.errors.is_empty() { Ok(()) } else { Err(report.errors) }
}

#[derive(Default)]
struct Report {
    errors: Vec<VerifyError>,
}

impl Report {
    fn add(&mut self, class: &str, member: &str, what: String) {
        let (class, member) = (class.into(), member.into());
        self.push(VerifyError { class, member, pc: None, line: None, what });
    }
    fn push(&mut self, error: VerifyError) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(format!("{what} has {} bytes; at most {NAME_BYTES_MAX} are possible", name.len()));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("{what} has control characters"));
    }
    Ok(())
}

fn check_class_name(name: &str) -> Result<(), String> {
    check_name("a class name", name)?;
    if !is_class_name(name) {
        return Err(format!("`{name}` is no class name: it has a `;`"));
    }
    if name.starts_with('[') {
        return Err(format!("`{name}` names an array class, which has no members of its own here"));
    }
    Ok(())
}

fn check_field_desc(desc: &str) -> Result<Kind, String> {
    check_name("a descriptor", desc)?;
    scan_field(desc).map_err(|error| error.to_string())
}

fn check_method_desc(desc: &str) -> Result<(), String> {
    check_name("a descriptor", desc)?;
    scan_kinds(desc, &mut Vec::new()).map(|_| ()).map_err(|error| error.to_string())
}

fn check_const(pool: &[Const], index: usize, constant: &Const) -> Result<(), String> {
    let earlier = |target: u32| {
        pool.get(..index)
            .and_then(|pool| pool.get(target as usize))
            .ok_or_else(|| format!("it refers to constant {target}; only earlier ones may be referred to"))
    };
    match constant {
        Const::I32(_) | Const::I64(_) | Const::F32(_) | Const::F64(_) => Ok(()),
        Const::Utf8(_) | Const::Str(_) | Const::Binary(_) => Ok(()),
        Const::Class(name) if name.starts_with('[') => check_field_desc(name).map(|_| ()),
        Const::Class(name) => check_class_name(name),
        Const::Field { class, name, desc } => {
            check_class_name(class)?;
            check_name("a field name", name)?;
            check_field_desc(desc).map(|_| ())
        }
        Const::Method { class, name, desc, .. } => {
            // Methods of array classes (Java's `clone`) are called on the array class.
            if class.starts_with('[') {
                check_field_desc(class).map(|_| ())?
            } else {
                check_class_name(class)?
            }
            check_name("a method name", name)?;
            check_method_desc(desc)
        }
        Const::Name(name) => check_name("a method name", name),
        Const::MethodType(desc) => check_method_desc(desc),
        Const::Handle { kind, target } => {
            let target = earlier(*target)?;
            let fits = match target {
                Const::Field { .. } => kind.is_field(),
                Const::Method { name, .. } => {
                    !kind.is_field() && (*kind == HandleKind::NewSpecial) == (name == "<init>")
                }
                _ => false,
            };
            if fits { Ok(()) } else { Err(format!("a `{}` handle of a {}", kind.name(), target.sort())) }
        }
        Const::CallSite { bootstrap, name, desc, args } | Const::Dynamic { bootstrap, name, desc, args } => {
            check_name("the name of a call site", name)?;
            match constant {
                Const::CallSite { .. } => check_method_desc(desc)?,
                _ => check_field_desc(desc).map(|_| ())?,
            }
            let bootstrap = earlier(*bootstrap)?;
            if !matches!(bootstrap, Const::Handle { kind, .. } if !kind.is_field()) {
                return Err(format!("its bootstrap is a {}, not a handle of a method", bootstrap.sort()));
            }
            for arg in args {
                let constant = earlier(*arg)?;
                if loadable_kind(constant).is_none() {
                    return Err(format!("a {} cannot be an argument of a bootstrap", constant.sort()));
                }
            }
            Ok(())
        }
    }
}

fn check_class(module: &Module, class: &ClassDef, report: &mut Report) {
    let own = [("class", check_class_name(&class.name)), ("flags", check_flags(class.flags))];
    own.into_iter().filter_map(|(_, result)| result.err()).for_each(|what| report.add(&class.name, "", what));
    for name in class.super_name.iter().chain(&class.interfaces) {
        if let Err(what) = check_class_name(name) {
            report.add(&class.name, "", what);
        }
        if *name == class.name {
            report.add(&class.name, "", "the class extends itself".into());
        }
    }
    let mut seen = BTreeSet::new();
    for field in &class.fields {
        if !seen.insert((&field.name, &field.desc)) {
            report.add(&class.name, &field.name, "the class has two fields of this name and type".into());
        }
        if let Err(what) = check_field(module, field) {
            report.add(&class.name, &field.name, what);
        }
    }
    let mut seen = BTreeSet::new();
    let mut ordinals = BTreeMap::new();
    for method in &class.methods {
        let member = member_name(method);
        if !seen.insert((&method.name, &method.desc)) {
            report.add(&class.name, &member, "the class has two methods of this name and type".into());
        }
        if let Some(ordinal) = method.ordinal
            && let Some(other) = ordinals.insert(ordinal, &method.name)
        {
            report.add(&class.name, &member, format!("ordinal {ordinal} belongs to `{other}` already"));
        }
        match check_method(class, method) {
            Err(what) => report.add(&class.name, &member, what),
            Ok(()) if method.code.is_some() => {
                if let Err(error) = verify_method(&module.pool, &class.name, method) {
                    report.push(error);
                }
            }
            Ok(()) => {}
        }
    }
}

fn member_name(method: &MethodDef) -> String {
    format!("{}{}", method.name, method.desc)
}

fn check_flags(flags: Flags) -> Result<(), String> {
    let unknown = flags.0 & !Flags::all().0;
    if unknown == 0 { Ok(()) } else { Err(format!("flags {unknown:#x} mean nothing")) }
}

fn check_field(module: &Module, field: &FieldDef) -> Result<(), String> {
    check_flags(field.flags)?;
    check_name("a field name", &field.name)?;
    let kind = check_field_desc(&field.desc)?;
    if let Some(index) = field.value {
        if !field.flags.has(Flags::STATIC) {
            return Err("only a static field has a first value in the module".into());
        }
        let constant = module.constant(index).ok_or_else(|| format!("there is no constant {index}"))?;
        if loadable_kind(constant) != Some(kind) {
            return Err(format!("a {} cannot be the value of a {kind} field", constant.sort()));
        }
    }
    Ok(())
}

fn check_method(class: &ClassDef, method: &MethodDef) -> Result<(), String> {
    check_flags(method.flags)?;
    check_name("a method name", &method.name)?;
    check_method_desc(&method.desc)?;
    let has = |flag| method.flags.has(flag);
    match (&method.code, has(Flags::ABSTRACT) || has(Flags::NATIVE)) {
        (Some(_), true) => return Err("an abstract or native method has no code".into()),
        (None, false) => return Err("the method has no code; is it meant to be abstract or native?".into()),
        _ => {}
    }
    if has(Flags::ABSTRACT) {
        if has(Flags::STATIC) || has(Flags::FINAL) || has(Flags::PRIVATE) {
            return Err("an abstract method cannot be static, final or private".into());
        }
        if !class.flags.has(Flags::ABSTRACT) && !class.flags.has(Flags::INTERFACE) {
            return Err("an abstract method in a class that is not abstract".into());
        }
    }
    let void = method.desc.ends_with(")V");
    match method.name.as_str() {
        "<init>" if has(Flags::STATIC) || !void => {
            Err("a constructor is not static and returns nothing".into())
        }
        "<clinit>" if !has(Flags::STATIC) || method.desc != "()V" => {
            Err("a class initialiser is static and has the type `()V`".into())
        }
        _ => Ok(()),
    }
}

/// Reference map of a frame: which slots hold references just before an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RefMap {
    /// One bit per local, 64 to a word.
    pub locals: Vec<u64>,
    /// Operands on the stack.
    pub stack_depth: u16,
    /// One bit per operand, the bottom first.
    pub stack: Vec<u64>,
}

impl RefMap {
    /// Whether the local holds a reference.
    pub fn local(&self, index: usize) -> bool {
        bit(&self.locals, index)
    }
    /// Whether the operand, counted from the bottom, is a reference.
    pub fn operand(&self, index: usize) -> bool {
        bit(&self.stack, index)
    }
}

fn bit(words: &[u64], index: usize) -> bool {
    words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

/// What the verifier proved about a method: kinds of locals and operands before each reachable instruction.
#[derive(Clone, Debug, Default)]
pub struct MethodInfo {
    max_locals: u16,
    words: usize,
    points: Vec<Point>,
    /// Distinct states of the locals, `3 * words` words each.
    locals: Vec<u64>,
    stack: Vec<Kind>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    pc: u32,
    locals: u32,
    stack: u32,
    depth: u16,
    pops: u16,
}

impl MethodInfo {
    fn point(&self, pc: u32) -> Option<&Point> {
        self.points.get(self.points.binary_search_by_key(&pc, |point| point.pc).ok()?)
    }
    /// Offsets of the reachable instructions, ascending.
    pub fn reachable(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.points.iter().map(|point| point.pc)
    }
    /// Whether control can come to the instruction at `pc`.
    pub fn is_reachable(&self, pc: u32) -> bool {
        self.point(pc).is_some()
    }
    /// Kinds of the operands before the instruction at `pc`, the bottom first; `None` where control cannot come.
    pub fn stack_kinds(&self, pc: u32) -> Option<&[Kind]> {
        let point = self.point(pc)?;
        self.stack.get(point.stack as usize..point.stack as usize + usize::from(point.depth))
    }
    /// Kind of a local before the instruction at `pc`; `None` when it is unusable there.
    pub fn local_kind(&self, pc: u32, local: u16) -> Option<Kind> {
        let point = self.point(pc)?;
        if local >= self.max_locals {
            return None;
        }
        Kind::from_value(get_kind(self.locals_of(point), self.words, local))
    }
    /// Operands that the instruction at `pc` pops: of a call, the receiver and the arguments.
    pub fn pops(&self, pc: u32) -> Option<u16> {
        self.point(pc).map(|point| point.pops)
    }
    /// Slots that hold references just before the instruction at `pc`; `None` where control cannot come.
    pub fn ref_map(&self, pc: u32) -> Option<RefMap> {
        let point = self.point(pc)?;
        let planes = self.locals_of(point);
        let mut map = RefMap { stack_depth: point.depth, ..RefMap::default() };
        map.locals = (0..self.words).map(|word| refs(planes, self.words, word)).collect();
        let kinds = self.stack_kinds(pc)?;
        map.stack = kinds
            .chunks(64)
            .map(|chunk| chunk.iter().rev().fold(0, |bits, kind| bits << 1 | u64::from(*kind == Kind::Ref)))
            .collect();
        Some(map)
    }
    fn locals_of(&self, point: &Point) -> &[u64] {
        let size = 3 * self.words;
        &self.locals[point.locals as usize * size..][..size]
    }
}

// Kinds of locals as three bit planes: kind `k` of local `i` is bit `i` of plane 0, 1 and 2. Merging two states is a
// few operations per 64 locals, and the references fall out as one.
const _: () = assert!(Kind::Ref as u8 == 0b101 && Kind::F64 as u8 == 0b100);

fn get_kind(planes: &[u64], words: usize, local: u16) -> u8 {
    let (word, shift) = (usize::from(local) / 64, local % 64);
    (0..3).fold(0, |kind, plane| kind | ((planes[plane * words + word] >> shift & 1) as u8) << plane)
}

fn set_kind(planes: &mut [u64], words: usize, local: u16, kind: u8) {
    let (word, shift) = (usize::from(local) / 64, local % 64);
    for plane in 0..3 {
        let place = &mut planes[plane * words + word];
        *place = *place & !(1 << shift) | u64::from(kind >> plane & 1) << shift;
    }
}

fn refs(planes: &[u64], words: usize, word: usize) -> u64 {
    planes[word] & planes[2 * words + word]
}

/// Makes unusable in `into` whatever differs in `from`; whether anything changed.
fn merge_locals(into: &mut [u64], from: &[u64], words: usize) -> bool {
    let mut changed = false;
    for word in 0..words {
        let differs =
            (0..3).fold(0, |bits, plane| bits | into[plane * words + word] ^ from[plane * words + word]);
        for plane in 0..3 {
            let place = &mut into[plane * words + word];
            changed |= *place & differs != 0;
            *place &= !differs;
        }
    }
    changed
}

/// Checks the code of a method and gives what is known of its frames.
///
/// # Errors
/// The first thing that is wrong; also when the method has no code.
pub fn verify_method(pool: &[Const], class: &str, method: &MethodDef) -> Result<MethodInfo, VerifyError> {
    let fail = |Fault { pc, what }| VerifyError {
        class: class.into(),
        member: member_name(method),
        pc,
        line: pc.and_then(|pc| method.code.as_ref()?.line_at(pc)),
        what,
    };
    let check = || {
        let code = method.code.as_ref().ok_or_else(|| fault("the method has no code"))?;
        check_method_desc(&method.desc).map_err(fault)?;
        let desc = Descriptor::parse(&method.desc).map_err(|error| fault(error.to_string()))?;
        let mut flow = Flow::new(pool, method, code, desc)?;
        flow.scan()?;
        flow.run()?;
        flow.record()
    };
    check().map_err(fail)
}

struct Fault {
    pc: Option<u32>,
    what: String,
}

fn fault(what: impl Into<String>) -> Fault {
    Fault { pc: None, what: what.into() }
}
fn fault_at(pc: u32, what: impl Into<String>) -> Fault {
    Fault { pc: Some(pc), what: what.into() }
}

/// Locals and operands at one place.
#[derive(Clone, Default)]
struct State {
    locals: Vec<u64>,
    stack: Vec<Kind>,
}

struct Flow<'a> {
    pool: &'a [Const],
    method: &'a MethodDef,
    code: &'a Code,
    desc: Descriptor,
    words: usize,
    /// For each byte of the code, whether an instruction starts there.
    starts: Vec<bool>,
    /// Starts of basic blocks, ascending.
    leaders: Vec<u32>,
    /// State at the start of each block that was reached.
    entry: Vec<Option<State>>,
    work: BTreeSet<u32>,
    steps: u64,
    bytes: usize,
    scratch: Vec<Kind>,
}

const TOO_COMPLEX: &str = "the method is too complex to verify; split it";

impl<'a> Flow<'a> {
    fn new(
        pool: &'a [Const],
        method: &'a MethodDef,
        code: &'a Code,
        desc: Descriptor,
    ) -> Result<Self, Fault> {
        if code.bytes.is_empty() {
            return Err(fault("the code is empty"));
        }
        if code.bytes.len() > CODE_BYTES_MAX {
            let length = code.bytes.len();
            return Err(fault(format!("the code has {length} bytes; at most {CODE_BYTES_MAX} are possible")));
        }
        let arguments = desc.params.len() + usize::from(!method.is_static());
        if arguments > usize::from(code.max_locals) {
            let most = code.max_locals;
            return Err(fault(format!("{arguments} arguments in {most} locals; raise max_locals")));
        }
        if code.handlers.len() > HANDLERS_MAX {
            return Err(fault(format!("more than {HANDLERS_MAX} exception handlers")));
        }
        Ok(Flow {
            pool,
            method,
            code,
            desc,
            words: usize::from(code.max_locals).div_ceil(64),
            starts: vec![false; code.bytes.len()],
            leaders: Vec::new(),
            entry: Vec::new(),
            work: BTreeSet::new(),
            steps: STEPS_MAX + STEPS_PER_BYTE * code.bytes.len() as u64,
            bytes: STATE_BYTES_MAX,
            scratch: Vec::new(),
        })
    }

    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or_else(|| fault(TOO_COMPLEX))?;
        Ok(())
    }
    fn allocate(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| fault(TOO_COMPLEX))?;
        Ok(())
    }

    /// Decodes everything once: operands, starts of instructions, starts of blocks, tables.
    fn scan(&mut self) -> Result<(), Fault> {
        let code = self.code;
        let length = code.bytes.len() as u32;
        let mut leaders = vec![0u32];
        let mut targets = Vec::new();
        let mut pc = 0;
        while pc < length {
            let insn =
                Insn::decode(&code.bytes, pc).map_err(|error: InsnError| fault_at(pc, error.to_string()))?;
            self.starts[pc as usize] = true;
            self.check_operands(&insn).map_err(|what| fault_at(pc, what))?;
            if insn.op.is_branch() {
                targets.push((pc, insn.args[0]));
                targets.extend(insn.entries(&code.bytes).map(|(_, target)| (pc, target)));
            }
            if insn.op.is_branch() || insn.op.ends_block() {
                leaders.push(insn.next);
            }
            pc = insn.next;
        }
        for (pc, target) in targets {
            let start = usize::try_from(target).ok().and_then(|target| self.starts.get(target));
            if start != Some(&true) {
                return Err(fault_at(pc, format!("the target {target} is not the start of an instruction")));
            }
            leaders.push(target as u32);
        }
        for handler in &code.handlers {
            let starts = |at: u32| self.starts.get(at as usize) == Some(&true);
            if !starts(handler.start) || !(starts(handler.end) || handler.end == length) {
                let (start, end) = (handler.start, handler.end);
                return Err(fault(format!(
                    "a handler covers {start}..{end}, which are not starts of instructions"
                )));
            }
            if handler.start >= handler.end {
                return Err(fault(format!("a handler covers nothing: {}..{}", handler.start, handler.end)));
            }
            if !starts(handler.target) {
                return Err(fault(format!(
                    "a handler is at {}, inside an instruction or outside",
                    handler.target
                )));
            }
            if let Some(index) = handler.class
                && !matches!(self.pool.get(index as usize), Some(Const::Class(_)))
            {
                return Err(fault(format!("a handler catches constant {index}, which is no class")));
            }
            if code.max_stack == 0 {
                return Err(fault("a handler needs one operand slot; raise max_stack"));
            }
            leaders.extend([handler.start, handler.end, handler.target]);
        }
        if code.lines.windows(2).any(|two| two[0].pc >= two[1].pc)
            || code.lines.iter().any(|l| l.pc >= length)
        {
            return Err(fault("the line table does not ascend or leaves the code"));
        }
        for name in &code.local_names {
            if name.start > name.end || name.end > length || name.local >= code.max_locals {
                return Err(fault(format!("the name `{}` is given to no local of the code", name.name)));
            }
        }
        leaders.retain(|leader| *leader < length);
        leaders.sort_unstable();
        leaders.dedup();
        self.entry = vec![None; leaders.len()];
        self.leaders = leaders;
        Ok(())
    }

    /// Checks what one instruction names: locals, constants, and what it may name in them.
    fn check_operands(&self, insn: &Insn) -> Result<(), String> {
        let mnemonic = insn.op.mnemonic();
        if insn.op.spec().operands.first() == Some(&Operand::Local) && insn.local() >= self.code.max_locals {
            return Err(format!("there is no local {}; raise max_locals", insn.local()));
        }
        if insn.op == Op::Sys && !self.method.flags.has(Flags::INTERNAL) {
            return Err("`sys` stands only in internal methods".into());
        }
        if insn.op == Op::MultiNewArray && insn.args[1] == 0 {
            return Err("`multi_new_array` needs at least one dimension".into());
        }
        let Some(index) = insn.pool_index() else { return Ok(()) };
        let constant = self.pool.get(index as usize).ok_or_else(|| {
            format!("`{mnemonic}` names constant {index}, and the pool has {}", self.pool.len())
        })?;
        let wanted = insn.op.spec().operands.iter().find(|operand| operand.is_pool());
        let fits = match (wanted, constant) {
            (Some(Operand::Loadable), constant) => loadable_kind(constant).is_some(),
            (Some(Operand::Class), Const::Class(name)) => match insn.op {
                Op::New => !name.starts_with('['),
                Op::MultiNewArray => {
                    name.bytes().take_while(|byte| *byte == b'[').count() as i64 >= insn.args[1]
                }
                _ => true,
            },
            (Some(Operand::Field), Const::Field { .. }) => true,
            (Some(Operand::Method), Const::Method { name, interface, .. }) => match insn.op {
                Op::CallInterface => *interface && !name.starts_with('<'),
                Op::CallVirtual => !*interface && !name.starts_with('<'),
                Op::CallSpecial => name == "<init>" || !name.starts_with('<'),
                _ => !name.starts_with('<'),
            },
            (Some(Operand::Name), Const::Name(_)) => true,
            (Some(Operand::MethodType), Const::MethodType(_)) => true,
            (Some(Operand::CallSite), Const::CallSite { .. }) => true,
            (Some(Operand::Binary), Const::Binary(_)) => true,
            _ => false,
        };
        if !fits {
            return Err(format!("`{mnemonic}` cannot use constant {index}, {}", describe(constant)));
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), Fault> {
        let mut state = State { locals: vec![0; 3 * self.words], stack: Vec::new() };
        for (local, kind) in self.desc.local_kinds(self.method.is_static()).into_iter().enumerate() {
            set_kind(&mut state.locals, self.words, local as u16, kind as u8);
        }
        self.flow_to(0, 0, &state.locals, &state.stack)?;
        while let Some(block) = self.work.pop_first() {
            self.run_block(block as usize)?;
        }
        Ok(())
    }

    fn block_end(&self, block: usize) -> u32 {
        self.leaders.get(block + 1).copied().unwrap_or(self.code.bytes.len() as u32)
    }

    fn run_block(&mut self, block: usize) -> Result<(), Fault> {
        let Some(mut state) = self.entry[block].clone() else { return Ok(()) };
        let (start, end) = (self.leaders[block], self.block_end(block));
        self.spend(self.code.handlers.len() + 4 * self.words + state.stack.len() + 1)?;
        let code = self.code;
        let handlers: Vec<u32> = code
            .handlers
            .iter()
            .filter(|handler| handler.start <= start && start < handler.end)
            .map(|handler| handler.target)
            .collect();
        for target in &handlers {
            self.flow_to(start, *target, &state.locals, &[Kind::Ref])?;
        }
        let mut written = None;
        let mut pc = start;
        loop {
            // A handler sees the locals before each instruction that it covers.
            if let Some(local) = written.take() {
                for target in &handlers {
                    self.flow_local(*target, local, &state)?;
                }
            }
            let insn = Insn::decode(&code.bytes, pc).map_err(|error| fault_at(pc, error.to_string()))?;
            let before = match insn.op {
                Op::LocalSet | Op::LocalTee => get_kind(&state.locals, self.words, insn.local()),
                _ => 0,
            };
            self.step(&insn, &mut state).map_err(|f| Fault { pc: f.pc.or(Some(pc)), what: f.what })?;
            if matches!(insn.op, Op::LocalSet | Op::LocalTee)
                && get_kind(&state.locals, self.words, insn.local()) != before
            {
                written = Some(insn.local());
            }
            if insn.op.is_branch() {
                self.flow_to(pc, insn.target(), &state.locals, &state.stack)?;
                let mut last = None;
                for (_, target) in insn.entries(&code.bytes) {
                    if last.replace(target) != Some(target) {
                        self.flow_to(pc, target as u32, &state.locals, &state.stack)?;
                    }
                }
            }
            if insn.op.ends_block() {
                return Ok(());
            }
            if insn.next >= end {
                if insn.next as usize == code.bytes.len() {
                    return Err(fault_at(pc, "control falls off the end of the code"));
                }
                return self.flow_to(pc, insn.next, &state.locals, &state.stack);
            }
            pc = insn.next;
        }
    }

    /// Merges a state into the one at `target`, and queues its block when that changed it.
    fn flow_to(&mut self, pc: u32, target: u32, locals: &[u64], stack: &[Kind]) -> Result<(), Fault> {
        self.spend(locals.len() + stack.len() + 1)?;
        let Ok(block) = self.leaders.binary_search(&target) else {
            return Err(fault_at(pc, format!("the target {target} is not the start of an instruction")));
        };
        match &mut self.entry[block] {
            Some(old) => {
                if old.stack != stack {
                    return Err(fault_at(
                        pc,
                        format!(
                            "the stack is {} on one way to {target} and {} on this one",
                            kinds_text(&old.stack),
                            kinds_text(stack)
                        ),
                    ));
                }
                if merge_locals(&mut old.locals, locals, self.words) {
                    self.work.insert(block as u32);
                }
            }
            None => {
                self.allocate(8 * locals.len() + stack.len() + size_of::<State>())?;
                self.entry[block] = Some(State { locals: locals.to_vec(), stack: stack.to_vec() });
                self.work.insert(block as u32);
            }
        }
        Ok(())
    }

    /// Merges one local into the state of a handler that was reached already.
    fn flow_local(&mut self, target: u32, local: u16, state: &State) -> Result<(), Fault> {
        self.spend(1)?;
        let Ok(block) = self.leaders.binary_search(&target) else { return Ok(()) };
        let kind = get_kind(&state.locals, self.words, local);
        if let Some(old) = &mut self.entry[block] {
            let known = get_kind(&old.locals, self.words, local);
            if known != 0 && known != kind {
                set_kind(&mut old.locals, self.words, local, 0);
                self.work.insert(block as u32);
            }
        }
        Ok(())
    }

    fn pop(&self, state: &mut State) -> Result<Kind, Fault> {
        state.stack.pop().ok_or_else(|| fault("an operand is popped from an empty stack"))
    }

    fn pop_kind(&self, state: &mut State, wanted: Kind) -> Result<(), Fault> {
        let found = self.pop(state)?;
        if found == wanted {
            Ok(())
        } else {
            Err(fault(format!("{wanted} is expected and {found} is on the stack")))
        }
    }

    fn push(&self, state: &mut State, kind: Kind) -> Result<(), Fault> {
        if state.stack.len() >= usize::from(self.code.max_stack) {
            return Err(fault(format!("more than max_stack = {} operands", self.code.max_stack)));
        }
        state.stack.push(kind);
        Ok(())
    }

    /// Pops the arguments of a call, after what lies above them and before what lies below.
    fn call(&mut self, state: &mut State, desc: &str, above: usize, below: usize) -> Result<(), Fault> {
        self.spend(1 + desc.len() / 8)?;
        let mut params = core::mem::take(&mut self.scratch);
        params.clear();
        let result = scan_kinds(desc, &mut params).map_err(|error| fault(error.to_string()));
        let popped = result.and_then(|result| {
            (0..above).try_for_each(|_| self.pop_kind(state, Kind::Ref))?;
            params.iter().rev().try_for_each(|kind| self.pop_kind(state, *kind))?;
            (0..below).try_for_each(|_| self.pop_kind(state, Kind::Ref))?;
            result.map_or(Ok(()), |kind| self.push(state, kind))
        });
        self.scratch = params;
        popped
    }

    /// Applies one instruction to the state.
    fn step(&mut self, insn: &Insn, state: &mut State) -> Result<(), Fault> {
        self.spend(1)?;
        if let Effect::Fixed { pops, pushes } = insn.op.spec().effect {
            for item in pops.iter().rev() {
                self.pop_kind(state, item_kind(*item, insn)?)?;
            }
            for item in pushes {
                self.push(state, item_kind(*item, insn)?)?;
            }
            return Ok(());
        }
        let constant = insn.pool_index().and_then(|index| self.pool.get(index as usize));
        let words = self.words;
        match (insn.op, constant) {
            (Op::Const, Some(constant)) => {
                let kind = loadable_kind(constant).ok_or_else(|| fault("the constant cannot be pushed"))?;
                self.push(state, kind)
            }
            (Op::LocalGet, _) => {
                let kind =
                    Kind::from_value(get_kind(&state.locals, words, insn.local())).ok_or_else(|| {
                        fault(format!("local {} has no value here, or values of several kinds", insn.local()))
                    })?;
                self.push(state, kind)
            }
            (Op::LocalSet, _) => {
                let kind = self.pop(state)?;
                set_kind(&mut state.locals, words, insn.local(), kind as u8);
                Ok(())
            }
            (Op::LocalTee, _) => {
                let kind = self.pop(state)?;
                state.stack.push(kind);
                set_kind(&mut state.locals, words, insn.local(), kind as u8);
                Ok(())
            }
            (Op::I32Inc, _) => match Kind::from_value(get_kind(&state.locals, words, insn.local())) {
                Some(Kind::I32) => Ok(()),
                _ => Err(fault(format!("local {} is no i32 here", insn.local()))),
            },
            (Op::Pop, _) => self.pop(state).map(|_| ()),
            (Op::Dup, _) => self.shuffle(state, 1, &[0, 0]),
            (Op::DupX1, _) => self.shuffle(state, 2, &[1, 0, 1]),
            (Op::DupX2, _) => self.shuffle(state, 3, &[2, 0, 1, 2]),
            (Op::Dup2, _) => self.shuffle(state, 2, &[0, 1, 0, 1]),
            (Op::Dup2X1, _) => self.shuffle(state, 3, &[1, 2, 0, 1, 2]),
            (Op::Dup2X2, _) => self.shuffle(state, 4, &[2, 3, 0, 1, 2, 3]),
            (Op::Swap, _) => self.shuffle(state, 2, &[1, 0]),
            (Op::Select, _) => {
                self.pop_kind(state, Kind::I32)?;
                let kind = self.pop(state)?;
                self.pop_kind(state, kind)?;
                self.push(state, kind)
            }
            (Op::Return, _) => match self.desc.result_kind() {
                Some(kind) => self.pop_kind(state, kind),
                None => Ok(()),
            },
            (Op::Sys, _) => self.desc.result_kind().map_or(Ok(()), |kind| self.push(state, kind)),
            (Op::MultiNewArray, _) => {
                (0..insn.args[1]).try_for_each(|_| self.pop_kind(state, Kind::I32))?;
                self.push(state, Kind::Ref)
            }
            (Op::CallOrdinal | Op::CallName, _) => {
                (0..=insn.args[1]).try_for_each(|_| self.pop_kind(state, Kind::Ref))?;
                self.push(state, Kind::Ref)
            }
            (op, Some(Const::Field { desc, .. })) => {
                self.spend(1 + desc.len() / 8)?;
                let kind = scan_field(desc).map_err(|error| fault(error.to_string()))?;
                if matches!(op, Op::PutField | Op::PutStatic) {
                    self.pop_kind(state, kind)?;
                }
                if matches!(op, Op::PutField | Op::GetField) {
                    self.pop_kind(state, Kind::Ref)?;
                }
                if matches!(op, Op::GetField | Op::GetStatic) {
                    self.push(state, kind)?;
                }
                Ok(())
            }
            (Op::CallStatic, Some(Const::Method { desc, .. })) => self.call(state, desc, 0, 0),
            (_, Some(Const::Method { desc, .. })) => self.call(state, desc, 0, 1),
            (Op::CallRefTop, Some(Const::MethodType(desc))) => self.call(state, desc, 1, 0),
            (Op::CallRef, Some(Const::MethodType(desc))) => self.call(state, desc, 0, 1),
            (Op::CallSite, Some(Const::CallSite { desc, .. })) => self.call(state, desc, 0, 0),
            (op, _) => Err(fault(format!("`{}` has operands that do not fit", op.mnemonic()))),
        }
    }

    /// Replaces the top `pops` operands by those with the numbers in `order`, the deepest being 0.
    fn shuffle(&self, state: &mut State, pops: usize, order: &[usize]) -> Result<(), Fault> {
        let mut top = [Kind::Ref; 4];
        for slot in top[..pops].iter_mut().rev() {
            *slot = self.pop(state)?;
        }
        order.iter().try_for_each(|index| self.push(state, top[*index]))
    }

    /// Goes over the reachable blocks once more and notes the state before each instruction.
    fn record(&mut self) -> Result<MethodInfo, Fault> {
        let mut info =
            MethodInfo { max_locals: self.code.max_locals, words: self.words, ..MethodInfo::default() };
        let mut versions = 0u32;
        for block in 0..self.leaders.len() {
            let Some(mut state) = self.entry[block].take() else { continue };
            let end = self.block_end(block);
            let mut pc = self.leaders[block];
            let mut fresh = true;
            while pc < end {
                let insn = Insn::decode(&self.code.bytes, pc).map_err(|e| fault_at(pc, e.to_string()))?;
                let last = info.locals.len().saturating_sub(state.locals.len());
                if versions == 0 || fresh && info.locals[last..] != state.locals[..] {
                    self.allocate(8 * state.locals.len())?;
                    self.spend(state.locals.len())?;
                    info.locals.extend_from_slice(&state.locals);
                    versions += 1;
                }
                self.allocate(size_of::<Point>() + state.stack.len())?;
                let pops = stack_counts(&insn, self.pool, &self.desc).map_or(0, |(pops, _)| pops);
                info.points.push(Point {
                    pc,
                    locals: versions - 1,
                    stack: info.stack.len() as u32,
                    depth: state.stack.len() as u16,
                    pops: pops as u16,
                });
                info.stack.extend_from_slice(&state.stack);
                self.step(&insn, &mut state).map_err(|f| Fault { pc: f.pc.or(Some(pc)), what: f.what })?;
                fresh = matches!(insn.op, Op::LocalSet | Op::LocalTee);
                pc = insn.next;
            }
        }
        Ok(info)
    }
}

fn item_kind(item: Item, insn: &Insn) -> Result<Kind, Fault> {
    match item {
        Item::I32 => Some(Kind::I32),
        Item::I64 => Some(Kind::I64),
        Item::F32 => Some(Kind::F32),
        Item::F64 => Some(Kind::F64),
        Item::Ref => Some(Kind::Ref),
        Item::Addr => insn.addr_kind().map(|kind| kind.kind()),
        Item::Value => insn.shape().map(|shape| shape.kind()),
    }
    .ok_or_else(|| fault("the instruction lacks the operand that chooses its kind"))
}

fn kinds_text(kinds: &[Kind]) -> String {
    let shown: Vec<&str> = kinds.iter().take(16).map(|kind| kind.name()).collect();
    let more = if kinds.len() > 16 { " ..." } else { "" };
    format!("({}{more})", shown.join(" "))
}

fn describe(constant: &Const) -> String {
    match constant {
        Const::Class(name) | Const::Name(name) => format!("the {} `{name}`", constant.sort()),
        Const::Method { class, name, desc, interface } => {
            let of = if *interface { "interface" } else { "class" };
            format!("the method `{name}{desc}` of {of} `{class}`")
        }
        _ => format!("a {}", constant.sort()),
    }
}
