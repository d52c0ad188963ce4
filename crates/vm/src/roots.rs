//! What a collection asks of the machine: the slots of the root page and of the frames of all threads.

use crate::Vm;
use crate::connectors::Outside;
use crate::decode::Codes;
use crate::frames::{Frame, Maps};
use crate::java::SoftPolicy;
use crate::objects::root_field;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use base::Addr;
use bytecode::module::Language;
use core::mem;
use heap::{CollectStats, Collection, Damage as HeapDamage, HeapReport, Moment, Roots, is_young};
use layout::Value;
use layout::area::ROOT;
use layout::schema::{array, class, frame, java_state, module, program, program_state, root, thread};
use memory::{Memory, MemoryError};
use platform::Reactor;

struct VmRoots<'a> {
    memory: &'a Memory,
    maps: &'a mut Maps,
    codes: &'a mut Codes,
    ran: &'a mut BTreeMap<u64, u64>,
    outside: &'a mut Outside,
    reactor: &'a dyn Reactor,
    swept: bool,
    programs: Vec<Owner>,
    /// What they were found to hold.
    held: Vec<(Addr, u64)>,
    /// Of a full collection, when there are soft references.
    soft: Option<SoftPolicy>,
    /// References of Java that it cleared.
    cleared: Vec<Addr>,
}

/// A program with what belongs to it from the start.
struct Owner {
    program: Addr,
    /// Its threads that have not ended, whose stacks are its own.
    threads: Vec<Addr>,
    /// While it runs the classes of the module that it was started from, with their static fields, if no program before it
    /// has them; of the first program in Java that runs all of Java's, and the memory outside of objects.
    classes: Vec<Addr>,
}

impl VmRoots<'_> {
    fn visit_root_page(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        for index in 0..root::REFS {
            visit_slot(self.memory, root_field(8 * index), visit);
        }
    }
    /// Visits the frames from `top` down to the last one whose locals start at or above `low`; where the locals of the
    /// lowest one start that holds references into the nursery now.
    fn visit_stack(&mut self, top: u64, low: u64, visit: &mut dyn FnMut(Value) -> Value) -> Option<u64> {
        let mut lowest = None;
        let mut at = top;
        while at != 0 {
            let frame = Frame::read(self.memory, Addr(at));
            let locals = frame.locals(self.memory).0;
            if locals < low {
                break;
            }
            self.maps.visit_frame(self.memory, &frame, &mut |slot| {
                if is_young(visit_slot(self.memory, slot, visit)) {
                    lowest = Some(locals);
                }
            });
            // The method of a frame lives as long as the frame.
            visit(Value::object(frame.method));
            at = frame.caller;
        }
        lowest
    }
}

/// Visits a slot; what it holds now.
fn visit_slot(memory: &Memory, slot: Addr, visit: &mut dyn FnMut(Value) -> Value) -> Value {
    let old = Value(memory.load_u64(slot));
    if old.is_null() {
        return old;
    }
    let new = visit(old);
    if new != old {
        memory.store_u64(slot, new.0);
    }
    new
}

impl Roots for VmRoots<'_> {
    fn visit_young(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        self.visit_root_page(visit);
        for (thread, low) in mem::take(self.ran) {
            let top = self.memory.load_u64(Addr(thread + thread::FRAME));
            if let Some(low) = self.visit_stack(top, low, visit) {
                self.ran.insert(thread, low);
            }
        }
    }

    fn visit_all(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        self.visit_root_page(visit);
        let threads = self.memory.load_u64(root_field(root::THREADS));
        let count = self.memory.load_u64(root_field(root::THREAD_COUNT));
        for index in 0..count {
            let thread = self.memory.load_u64(Addr(threads + array::DATA + 8 * index));
            // Those of programs come in their turn, if anybody asked for owners.
            let owned =
                !self.programs.is_empty() && self.memory.load_u64(Addr(thread + thread::PROGRAM)) != 0;
            if !owned && self.memory.load_u64(Addr(thread + thread::STACK)) != 0 {
                let top = self.memory.load_u64(Addr(thread + thread::FRAME));
                self.visit_stack(top, 0, visit);
            }
        }
    }

    fn owners(&mut self) -> Vec<Vec<Addr>> {
        self.programs = owners(self.memory);
        let all = |owner: &Owner| {
            let threads = owner.threads.iter().copied();
            core::iter::once(owner.program).chain(threads).chain(owner.classes.iter().copied()).collect()
        };
        self.programs.iter().map(all).collect()
    }

    fn visit_owner(&mut self, number: usize, visit: &mut dyn FnMut(Value) -> Value) {
        for thread in mem::take(&mut self.programs[number].threads) {
            if self.memory.load_u64(thread.add(thread::STACK)) != 0 {
                let top = self.memory.load_u64(thread.add(thread::FRAME));
                self.visit_stack(top, 0, visit);
            }
        }
    }

    fn charged(&mut self, number: usize, bytes: u64) {
        self.held.push((self.programs[number].program, bytes));
    }

    fn visit_frozen(&mut self, object: Addr, visit: &mut dyn FnMut(Value) -> Value) {
        let data = object.0 + array::DATA;
        let len = self.memory.load_u64(object.add(array::LENGTH));
        let mut at = self.memory.load_u64(Addr(data));
        while at != 0 {
            assert!(at + frame::SIZE <= len, "a frozen stack has a frame outside");
            let frame = Frame::read(self.memory, Addr(data + at));
            self.maps.visit_frame(self.memory, &frame, &mut |slot| {
                visit_slot(self.memory, slot, visit);
            });
            visit(Value::object(frame.method));
            at = frame.caller;
        }
    }

    fn keeps_soft(&mut self, reference: Addr) -> bool {
        self.soft.as_ref().is_none_or(|policy| policy.keeps(self.memory, reference))
    }

    fn enqueue(&mut self, references: Vec<Addr>) {
        self.cleared = references;
    }

    fn swept(&mut self, is_live: &dyn Fn(Addr) -> bool) {
        self.outside.close_dead(self.reactor, is_live);
        self.codes.clear();
        self.maps.clear();
        self.swept = true;
    }
}

/// All programs, each with what belongs to it.
fn owners(memory: &Memory) -> Vec<Owner> {
    let field = |object: Addr, offset: u64| Addr(memory.load_u64(object.add(offset)));
    let list = field(ROOT, root::PROGRAMS);
    let mut modules = BTreeSet::new();
    let mut java = Some(java_objects(memory));
    let mut found = Vec::new();
    for index in 0..memory.load_u64(root_field(root::PROGRAM_COUNT)) {
        let program = field(list, array::DATA + 8 * index);
        let mut owner = Owner { program, threads: Vec::new(), classes: Vec::new() };
        let mut thread = field(program, program::THREADS);
        while !thread.is_null() {
            owner.threads.push(thread);
            thread = field(thread, thread::SIBLING);
        }
        let module = field(program, program::MODULE);
        let classes = if module.is_null() { Addr::NULL } else { field(module, module::CLASSES) };
        let runs = memory.load_u32(program.add(program::STATE)) == program_state::RUNNING;
        if runs && !classes.is_null() && modules.insert(module) {
            let count = memory.load_u64(classes.add(array::LENGTH));
            let all = (0..count).map(|at| field(classes, array::DATA + 8 * at));
            owner.classes.extend(all.filter(|class| !class.is_null()));
            if is_java(memory, module) {
                let own = owner.classes.clone();
                owner
                    .classes
                    .extend(java.take().into_iter().flatten().filter(|object| !own.contains(object)));
            }
        }
        found.push(owner);
    }
    found
}

fn is_java(memory: &Memory, module: Addr) -> bool {
    memory.load_u32(module.add(module::LANGUAGE)) == Language::Java as u32
}

/// The classes of Java, and the table of its memory outside of objects.
fn java_objects(memory: &Memory) -> Vec<Addr> {
    let field = |object: Addr, offset: u64| Addr(memory.load_u64(object.add(offset)));
    let state = field(ROOT, root::JAVA_STATE);
    if state.is_null() {
        return Vec::new();
    }
    let classes = field(ROOT, root::CLASSES);
    let count = memory.load_u64(classes.add(array::LENGTH));
    let all = (0..count).map(|at| field(classes, array::DATA + 8 * at)).filter(|class| !class.is_null());
    let of_java = |class: &Addr| {
        let module = field(*class, class::MODULE);
        !module.is_null() && is_java(memory, module)
    };
    let outside = field(state, array::DATA + 8 * java_state::MEMORY);
    all.filter(of_java).chain((!outside.is_null()).then_some(outside)).collect()
}

impl Vm {
    /// Collects, while all other workers rest. The running thread, if there is one, is wholly in its frames.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    pub fn collect(&mut self, kind: Collection) -> Result<CollectStats, MemoryError> {
        let stopped = self.stop_world();
        let stats = self.collect_alone(kind);
        self.resume_world(stopped);
        stats
    }

    /// As a full collection that has not freed enough: soft references of Java are cleared too. Does nothing when there are
    /// none.
    ///
    /// # Errors
    /// As [`Vm::collect`].
    pub(crate) fn collect_soft(&mut self) -> Result<(), MemoryError> {
        if self.soft_policy().is_none() {
            return Ok(());
        }
        self.common.clears_soft = true;
        self.collect(Collection::Full).map(drop)
    }

    /// Checks every object, reference, class and table of the heap, from the root page and all frames; see [`heap::Heap::verify`].
    ///
    /// # Errors
    /// What was found, the first hundred.
    pub fn verify_heap(&mut self, moment: Moment) -> Result<HeapReport, Vec<HeapDamage>> {
        let stopped = self.stop_world();
        let common = &mut *self.common;
        let mut roots = VmRoots {
            memory: &self.memory,
            maps: &mut self.maps,
            codes: &mut self.codes,
            ran: &mut common.ran,
            outside: &mut common.outside,
            reactor: &*self.platform.reactor,
            swept: false,
            programs: Vec::new(),
            held: Vec::new(),
            soft: None,
            cleared: Vec::new(),
        };
        let found = self.heap.verify(&mut roots, moment);
        self.resume_world(stopped);
        found
    }

    fn collect_alone(&mut self, kind: Collection) -> Result<CollectStats, MemoryError> {
        let running = self.running;
        if !running.thread.is_null() {
            self.note_ran(running.low);
            self.set_u64(running.thread, thread::FRAME, running.frame.0);
            self.charge(self.ref_field(running.thread, thread::PROGRAM));
        }
        let soft = if kind == Collection::Full { self.soft_policy() } else { None };
        let common = &mut *self.common;
        let mut roots = VmRoots {
            memory: &self.memory,
            maps: &mut self.maps,
            codes: &mut self.codes,
            ran: &mut common.ran,
            outside: &mut common.outside,
            reactor: &*self.platform.reactor,
            swept: false,
            programs: Vec::new(),
            held: Vec::new(),
            soft,
            cleared: Vec::new(),
        };
        let stats = match kind {
            Collection::Minor(survivors) => self.heap.collect_minor(&mut roots, survivors),
            Collection::Full => self.heap.collect_full(&mut roots),
        }?;
        let (held, cleared) = (mem::take(&mut roots.held), mem::take(&mut roots.cleared));
        if roots.swept {
            self.common.sweeps += 1;
            self.sweeps = self.common.sweeps;
            self.common.clears_soft = false;
            self.references_collected(&cleared);
        }
        for (owner, bytes) in held {
            self.set_held(owner, bytes);
        }
        self.begin_charge();
        if !running.thread.is_null() {
            // Frames below the top one are as they were; when they are entered again, they are noted again.
            self.announce_top();
        }
        Ok(stats)
    }
}
