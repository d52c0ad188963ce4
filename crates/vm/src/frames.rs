//! Frames on mounted stacks: walking, pushing, popping, maps of references; freezing and thawing.
//!
//! A frame is `MAX_LOCALS` slots of locals, the header (`layout::schema::frame`), then operands. The arguments of a call
//! are the caller's topmost operands, which become the callee's first locals where they stand. `DEPTH` of a caller does
//! not count them.
//!
//! `PC` of the top frame is the instruction to run next, with `DEPTH` operands before it; of every other frame the
//! instruction that is being run, with what is left of its operands.
//!
//! Whoever writes a frame writes each slot that the map of references names, with null when the value is gone.
//!
//! A stack is written below [`Running::used_end`] only; what a thread was ever given there stands in `STACK_USED` when it
//! does not run. So freezing a thread, its end, and a flip after it left deep calls give back what the deep calls used.
//!
//! *Invariant:* frame memory is written unannounced, and only at and above [`Running::low`], which pages are announced
//! since the last flip (see [`Vm::reenter`] and [`Vm::mount`]).

use crate::Vm;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::limits::{STACK_BYTES, STACK_RESERVED_BYTES};
use base::{Addr, PAGE_SIZE, PageRange};
use bytecode::verify::{MethodInfo, RefMap};
use bytecode::{Flags, MethodDef, Module};
use layout::Value;
use layout::area::{ROOT, STACKS, STACKS_MAX};
use layout::internal::ClassId;
use layout::schema::{array, class, frame, method, module, root, thread, thread_state, wait};
use memory::Memory;

/// Room at the start of a stack, so that no frame has the offset zero in it.
const STACK_HEAD_BYTES: u64 = 16;
/// How much is announced beyond the top of a stack.
const AHEAD_BYTES: u64 = 16 << 10;
/// How much of a stack may stay beyond what is in use when a flip comes.
const SLACK_BYTES: u64 = 64 << 10;
/// Deeper stacks stay mounted.
const FROZEN_BYTES_MAX: u64 = 128 << 10;
/// So much of a stack that nobody uses any more is discarded at once.
const DISCARDED_BYTES: u64 = 256 << 10;
/// Stacks that stay mounted while their threads do not run; one more freezes the one that has not run for longest.
const IDLE_STACKS_MAX: usize = 1024;
/// In chaos.
const IDLE_STACKS_MAX_CHAOS: usize = 2;

/// The thread that runs now. Everything here is in the world or follows from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Running {
    /// The thread, or null.
    pub(crate) thread: Addr,
    /// Its top frame.
    pub(crate) frame: Addr,
    /// Frames must end below this: the quota, or what is announced if that is less.
    pub(crate) limit: u64,
    /// Frames whose locals start below this must be announced before they run.
    pub(crate) low: u64,
    /// One past what the quota allows.
    pub(crate) quota_end: u64,
    /// One past the highest byte that was ever announced for frames on this stack.
    pub(crate) used_end: u64,
    /// Polls left in this slice.
    pub(crate) polls: u32,
}

/// A frame as it is found on a stack (or in a copy of one, `shift` bytes away from where its addresses point).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Address of its header.
    pub(crate) at: Addr,
    pub(crate) method: Addr,
    pub(crate) caller: u64,
    pub(crate) pc: u32,
    pub(crate) depth: u32,
}

impl Frame {
    pub(crate) fn read(memory: &Memory, at: Addr) -> Frame {
        Frame {
            at,
            method: Addr(memory.load_u64(at.add(frame::METHOD))),
            caller: memory.load_u64(at.add(frame::CALLER)),
            pc: memory.load_u32(at.add(frame::PC)),
            depth: memory.load_u32(at.add(frame::DEPTH)),
        }
    }
    /// Where its locals start.
    pub(crate) fn locals(&self, memory: &Memory) -> Addr {
        self.at.sub(8 * u64::from(memory.load_u16(self.method.add(method::MAX_LOCALS))))
    }
    /// Where its operands start.
    pub(crate) fn operands(&self) -> Addr {
        self.at.add(frame::SIZE)
    }
}

/// Threads that do not run and have a mounted stack, by when they last ran. What a restart forgets is entered again when
/// the thread has run.
#[derive(Default)]
pub(crate) struct IdleStacks {
    /// Thread → when it stopped running.
    since: BTreeMap<u64, u64>,
    /// When a thread stopped running, and the thread; out of date where `since` says otherwise.
    order: VecDeque<(u64, u64)>,
    clock: u64,
}

impl IdleStacks {
    fn enter(&mut self, thread: Addr) {
        self.clock += 1;
        self.since.insert(thread.0, self.clock);
        self.order.push_back((self.clock, thread.0));
        if self.order.len() > 2 * self.since.len() + IDLE_STACKS_MAX {
            let since = &self.since;
            self.order.retain(|(when, thread)| since.get(thread) == Some(when));
        }
    }
    fn leave(&mut self, thread: Addr) {
        self.since.remove(&thread.0);
    }
    /// The one that has not run for longest, if there are more than so many.
    fn oldest_beyond(&mut self, most: usize) -> Option<Addr> {
        while self.since.len() > most {
            let (when, thread) = self.order.pop_front()?;
            if self.since.get(&thread) == Some(&when) {
                return Some(Addr(thread));
            }
        }
        None
    }
}

/// Decoded modules and the maps of frames, caches of what stands in the world.
#[derive(Default)]
pub(crate) struct Maps {
    modules: BTreeMap<u64, Arc<Module>>,
    infos: BTreeMap<u64, Option<Arc<MethodInfo>>>,
    at: BTreeMap<(u64, u32), Arc<RefMap>>,
}

impl Maps {
    pub(crate) fn clear(&mut self) {
        *self = Maps::default();
    }

    pub(crate) fn add_module(&mut self, object: Addr, decoded: Arc<Module>) {
        self.modules.insert(object.0, decoded);
    }

    /// The decoded form of a module of the world.
    pub(crate) fn module(&mut self, memory: &Memory, object: Addr) -> Arc<Module> {
        if let Some(there) = self.modules.get(&object.0) {
            return there.clone();
        }
        let bytes = Addr(memory.load_u64(object.add(module::BYTES)));
        let mut copy = alloc::vec![0; memory.load_u64(bytes.add(array::LENGTH)) as usize];
        memory.read_bytes(bytes.add(array::DATA), &mut copy);
        let decoded = bytecode::file::decode(&copy)
            .unwrap_or_else(|error| panic!("the module at {object} was loaded and is damaged now: {error}"));
        let decoded = Arc::new(decoded);
        self.modules.insert(object.0, decoded.clone());
        decoded
    }

    /// What the verifier says of a method; `None` for kernel methods.
    pub(crate) fn info(&mut self, memory: &Memory, object: Addr) -> Option<Arc<MethodInfo>> {
        if let Some(there) = self.infos.get(&object.0) {
            return there.clone();
        }
        let native = memory.load_u32(object.add(method::FLAGS)) & Flags::NATIVE.0 != 0;
        let definition = if native { None } else { self.definition(memory, object) };
        let info = definition.map(|(module, class, index)| {
            let class = &module.classes[class];
            let info = bytecode::verify::verify_method(&module.pool, &class.name, &class.methods[index]);
            Arc::new(info.unwrap_or_else(|error| panic!("a loaded method does not verify any more: {error}")))
        });
        self.infos.insert(object.0, info.clone());
        info
    }

    /// Where a method is defined: module, class index, method index; `None` for kernel methods.
    pub(crate) fn definition(
        &mut self,
        memory: &Memory,
        object: Addr,
    ) -> Option<(Arc<Module>, usize, usize)> {
        let class = Addr(memory.load_u64(object.add(method::CLASS)));
        let module = Addr(memory.load_u64(class.add(class::MODULE)));
        if module.is_null() {
            return None;
        }
        let decoded = self.module(memory, module);
        let index = (memory.load_u32(class.add(class::INDEX)), memory.load_u32(object.add(method::INDEX)));
        Some((decoded, index.0 as usize, index.1 as usize))
    }

    /// Calls `slot` with the address of each slot of a frame that holds a reference. `at` is where the frame stands.
    pub(crate) fn visit_frame(&mut self, memory: &Memory, frame: &Frame, slot: &mut dyn FnMut(Addr)) {
        let locals = frame.locals(memory);
        let count = u64::from(memory.load_u16(frame.method.add(method::MAX_LOCALS)));
        let map = match self.at.get(&(frame.method.0, frame.pc)) {
            Some(map) => map.clone(),
            None => {
                let Some(map) = self.map(memory, frame) else { return };
                self.at.insert((frame.method.0, frame.pc), map.clone());
                map
            }
        };
        for (word, bits) in map.locals.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let index = 64 * word as u64 + u64::from(bits.trailing_zeros());
                assert!(index < count, "the map of a frame is longer than the frame");
                slot(locals.add(8 * index));
                bits &= bits - 1;
            }
        }
        for index in 0..frame.depth {
            if map.operand(index as usize) {
                slot(frame.operands().add(8 * u64::from(index)));
            }
        }
    }

    fn map(&mut self, memory: &Memory, frame: &Frame) -> Option<Arc<RefMap>> {
        if let Some(info) = self.info(memory, frame.method) {
            let map = info.ref_map(frame.pc);
            return Some(Arc::new(
                map.unwrap_or_else(|| panic!("a frame stands at {}, where no code is", frame.pc)),
            ));
        }
        // A kernel method: arguments by the descriptor, one operand; of a state machine two numbers and two references.
        let text = Addr(memory.load_u64(frame.method.add(method::DESCRIPTOR)));
        let mut bytes = alloc::vec![0; memory.load_u64(text.add(array::LENGTH)) as usize];
        memory.read_bytes(text.add(array::DATA), &mut bytes);
        let text = core::str::from_utf8(&bytes).ok()?;
        let desc = bytecode::Descriptor::parse(text).ok()?;
        let flags = Flags(memory.load_u32(frame.method.add(method::FLAGS)));
        let mut kinds = desc.local_kinds(flags.has(Flags::STATIC));
        // A short one has a frame only when a thread begins with it, and no state then either; a native method always
        // has room for one.
        if flags.has(Flags::NATIVE) || memory.load_u8(frame.method.add(method::RESTART)) != 0 {
            kinds.extend([
                bytecode::Kind::I64,
                bytecode::Kind::I64,
                bytecode::Kind::Ref,
                bytecode::Kind::Ref,
            ]);
        }
        let mut map = RefMap {
            locals: alloc::vec![0; kinds.len().div_ceil(64)],
            stack_depth: 1,
            stack: alloc::vec![1],
        };
        for (index, kind) in kinds.iter().enumerate() {
            if *kind == bytecode::Kind::Ref {
                map.locals[index / 64] |= 1 << (index % 64);
            }
        }
        Some(Arc::new(map))
    }
}

impl Vm {
    /// The definition of a method in its module; `None` for kernel methods.
    pub(crate) fn definition(&mut self, object: Addr) -> Option<(Arc<Module>, usize, usize)> {
        self.maps.definition(&self.memory, object)
    }
    pub(crate) fn with_definition<R>(
        &mut self,
        object: Addr,
        f: impl FnOnce(&Module, &MethodDef) -> R,
    ) -> Option<R> {
        let (module, class, index) = self.definition(object)?;
        Some(f(&module, &module.classes[class].methods[index]))
    }

    pub(crate) fn top(&self) -> Frame {
        Frame::read(&self.memory, self.running.frame)
    }
    pub(crate) fn frame_u32(&self, at: Addr, field: u64) -> u32 {
        self.memory.load_u32(at.add(field))
    }
    /// Writes a field of the top frame (which is announced).
    pub(crate) fn set_frame_u32(&mut self, at: Addr, field: u64, value: u32) {
        self.memory.store_unannounced_u32(at.add(field), value);
    }
    /// Where the next operand of a frame goes.
    pub(crate) fn operand_end(&self, frame: &Frame) -> Addr {
        frame.operands().add(8 * u64::from(frame.depth))
    }
    /// Pushes an operand on the top frame.
    pub(crate) fn push_operand(&mut self, bits: u64) {
        let top = self.top();
        self.memory.store_unannounced_u64(self.operand_end(&top), bits);
        self.set_frame_u32(top.at, frame::DEPTH, top.depth + 1);
    }

    /// Puts a frame for `method` on the running thread's stack; its arguments stand at `locals`, and the top frame's
    /// `DEPTH` no longer counts them. False when there is no room: nothing is changed then.
    #[must_use]
    pub(crate) fn push_frame(&mut self, method: Addr, locals: Addr, flags: u32) -> bool {
        let max_locals = u64::from(self.get_u16(method, method::MAX_LOCALS));
        let max_stack = u64::from(self.get_u16(method, method::MAX_STACK));
        let header = locals.add(8 * max_locals);
        let end = header.0 + frame::SIZE + 8 * max_stack;
        if end > self.running.limit && !self.announce_ahead(end) {
            return false;
        }
        let args = u64::from(self.get_u16(method, method::ARG_SLOTS));
        for index in args..max_locals {
            self.memory.store_unannounced_u64(locals.add(8 * index), 0);
        }
        let caller = self.running.frame;
        self.memory.store_unannounced_u64(header.add(frame::METHOD), method.0);
        self.memory.store_unannounced_u64(header.add(frame::CALLER), caller.0);
        self.memory.store_unannounced_u64(header.add(frame::PC), 0);
        self.memory.store_unannounced_u32(header.add(frame::FLAGS), flags);
        self.memory.store_unannounced_u32(header.add(frame::PHASE), 0);
        self.running.frame = header;
        true
    }

    /// Makes room for a frame that ends at `end`; false when the quota does not allow it.
    #[must_use]
    pub(crate) fn announce_ahead(&mut self, end: u64) -> bool {
        if end > self.running.quota_end {
            return false;
        }
        let from = self.running.limit;
        let to = (end + AHEAD_BYTES).next_multiple_of(PAGE_SIZE as u64).min(self.running.quota_end);
        self.memory.announce(Addr(from), to - from);
        self.running.limit = to;
        self.running.used_end = self.running.used_end.max(to);
        true
    }

    /// Takes the top frame off; its caller is announced and is the top frame now. The caller must be there.
    pub(crate) fn pop_frame(&mut self) {
        let caller = Addr(self.top().caller);
        assert!(!caller.is_null(), "the first frame of a thread ends with the thread");
        self.running.frame = caller;
        self.reenter();
    }

    /// Announces the top frame if it was not written since the last flip or since the thread was mounted.
    pub(crate) fn reenter(&mut self) {
        let locals = self.top().locals(&self.memory).0;
        if locals < self.running.low {
            self.memory.announce(Addr(locals), self.running.low - locals);
            self.running.low = locals;
        }
    }

    /// Makes a thread the running one: thaws its stack if need be and announces its top frame.
    pub(crate) fn mount(&mut self, thread: Addr) {
        if self.get_u64(thread, thread::STACK) == 0 {
            self.thaw(thread);
        }
        self.common.idle_stacks.leave(thread);
        let base = self.get_u64(thread, thread::STACK);
        let frame = Addr(self.get_u64(thread, thread::FRAME));
        let quota =
            (u64::from(self.get_u32(thread, thread::STACK_PAGES)) * PAGE_SIZE as u64).min(STACK_BYTES);
        let used_end = base + u64::from(self.get_u32(thread, thread::STACK_USED)) * PAGE_SIZE as u64;
        let (quota_end, polls) = (base + quota, self.common.slice_polls);
        self.running = Running { thread, frame, quota_end, used_end, polls, ..Running::default() };
        self.announce_top();
    }

    /// Announces the pages of the top frame and some beyond; after a flip and after a switch.
    pub(crate) fn announce_top(&mut self) {
        let top = self.top();
        let locals = top.locals(&self.memory).0;
        let max_stack = u64::from(self.get_u16(top.method, method::MAX_STACK));
        let end = top.operands().0 + 8 * max_stack;
        // Set so that the page is announced from its start: what is below belongs to older frames and is only announced
        // more than it needs.
        self.running.limit = locals & !(PAGE_SIZE as u64 - 1);
        let there = self.announce_ahead(end);
        assert!(there, "a frame stands above the quota of its stack");
        self.running.low = locals;
        self.note_ran(locals);
    }

    /// Frames of the running thread from `low` on may hold references into the nursery.
    pub(crate) fn note_ran(&mut self, low: u64) {
        let entry = self.common.ran.entry(self.running.thread.0).or_insert(low);
        *entry = (*entry).min(low);
    }

    /// Writes where the running thread stands into its object; it is no longer running.
    pub(crate) fn unmount(&mut self) {
        if self.running.thread.is_null() {
            return;
        }
        self.note_ran(self.running.low);
        let Running { thread, frame, used_end, .. } = self.running;
        self.set_u64(thread, thread::FRAME, frame.0);
        self.running = Running::default();
        self.common.idle_stacks.enter(thread);
        let base = self.get_u64(thread, thread::STACK);
        self.set_stack_used(thread, used_end - base);
        if used_end - base > self.stack_kept(thread) {
            self.common.shrunk.insert(thread.0);
        }
    }

    /// An unused stack slot: its first address, and how many bytes from there on may hold anything. Slots freed since the
    /// last flip are not used again before the capture that saw them has ended, which `memory` sees to: their pages are
    /// announced like all others.
    fn take_slot(&mut self) -> (u64, u64) {
        if self.root_u64(root::FREE_SLOTS) == 0 && self.root_u64(root::STACK_SLOTS) == STACKS_MAX {
            self.freeze_all();
        }
        let free = self.root_u64(root::FREE_SLOTS);
        let number = if free > 0 {
            let slots = self.root_ref(root::SLOTS);
            self.set_root_u64(root::FREE_SLOTS, free - 1);
            self.memory.load_u32(slots.add(array::DATA + 4 * (free - 1))).into()
        } else {
            let number = self.root_u64(root::STACK_SLOTS);
            self.set_root_u64(root::STACK_SLOTS, number + 1);
            number
        };
        assert!(number < STACKS_MAX, "more stacks are in use than threads run");
        let base = STACKS.start.0 + number * STACK_RESERVED_BYTES;
        (base, self.common.dead_stacks.remove(&base).unwrap_or(0))
    }

    fn free_slot(&mut self, base: u64) {
        let number = ((base - STACKS.start.0) / STACK_RESERVED_BYTES) as u32;
        let free = self.root_u64(root::FREE_SLOTS);
        let mut slots = self.root_ref(root::SLOTS);
        let room = if slots.is_null() { 0 } else { self.array_len(slots) / 4 };
        if free == room {
            let old = if slots.is_null() { Vec::new() } else { self.bytes(slots) };
            let mut grown = old;
            grown.resize((8 * room.max(16)) as usize, 0);
            slots = self.make_bytes_old(&grown);
            self.set_root_ref(root::SLOTS, Value::object(slots));
        }
        self.memory.store_u32(slots.add(array::DATA + 4 * free), number);
        self.set_root_u64(root::FREE_SLOTS, free + 1);
    }

    /// Gives a new thread a frozen stack with one frame, whose arguments are `args`: it takes no more until it runs.
    pub(crate) fn first_frame(&mut self, thread: Addr, method: Addr, args: &[u64], flags: u32) {
        let max_locals = u64::from(self.get_u16(method, method::MAX_LOCALS));
        let at = STACK_HEAD_BYTES + 8 * max_locals;
        let frozen = self.new_array(self.kernel_class(ClassId::FrozenStack), at + frame::SIZE);
        let data = frozen.add(array::DATA);
        self.memory.store_u64(data, at);
        for (index, bits) in args.iter().enumerate() {
            self.memory.store_u64(data.add(STACK_HEAD_BYTES + 8 * index as u64), *bits);
        }
        self.memory.store_u64(data.add(at + frame::METHOD), method.0);
        self.memory.store_u64(data.add(at + frame::FLAGS), u64::from(flags));
        self.set_ref(thread, thread::FROZEN, Value::object(frozen));
        self.heap.remember(frozen);
        self.set_u64(thread, thread::FRAME, at);
    }

    /// Freezes the threads that are blocked, but for those that wait for the coming commit: they would be thawed at once, and
    /// their frozen stacks be garbage.
    pub(crate) fn freeze_blocked(&mut self) {
        let idle: Vec<Addr> = self.common.idle_stacks.since.keys().map(|thread| Addr(*thread)).collect();
        for thread in idle {
            let blocked = self.get_u32(thread, thread::STATE) == thread_state::BLOCKED;
            if blocked && self.get_u32(thread, thread::WAIT) != wait::COMMIT {
                self.freeze_small(thread);
            }
        }
    }

    /// Freezes every thread that does not run. There are as many mounted stacks as there can be, which only many restarts
    /// lead to, each of which forgets which stacks are idle.
    fn freeze_all(&mut self) {
        let threads = self.root_ref(root::THREADS);
        for index in 0..self.root_u64(root::THREAD_COUNT) {
            let thread = Addr(self.array_get(threads, index).0);
            let runs = self.get_u32(thread, thread::STATE) == thread_state::RUNNING;
            if thread != self.running.thread && !runs {
                self.freeze(thread);
            }
        }
    }

    /// One past the last byte in use of a thread's mounted stack.
    fn stack_end(&self, frame: &Frame) -> u64 {
        let max_stack = u64::from(self.get_u16(frame.method, method::MAX_STACK));
        frame.operands().0 + 8 * max_stack.max(u64::from(frame.depth))
    }

    /// Notes that the first so many bytes of a thread's stack may hold anything.
    fn set_stack_used(&mut self, thread: Addr, bytes: u64) {
        let pages = bytes.div_ceil(PAGE_SIZE as u64) as u32;
        if self.get_u32(thread, thread::STACK_USED) != pages {
            self.set_u32(thread, thread::STACK_USED, pages);
        }
    }

    /// How many bytes of the mounted stack of a thread that does not run are worth keeping.
    fn stack_kept(&self, thread: Addr) -> u64 {
        let top = Frame::read(&self.memory, Addr(self.get_u64(thread, thread::FRAME)));
        let end = self.stack_end(&top) + SLACK_BYTES;
        end.next_multiple_of(PAGE_SIZE as u64) - self.get_u64(thread, thread::STACK)
    }

    /// Gives back what ended threads have used of their stacks, and deep calls of the stacks of threads that have left them
    /// since the last time and do not run. Those that another worker runs are entered again when they stop.
    pub(crate) fn trim_stacks(&mut self) {
        while self.discard_dead_stack() {}
        for thread in core::mem::take(&mut self.common.shrunk) {
            let thread = Addr(thread);
            let base = self.get_u64(thread, thread::STACK);
            let used = u64::from(self.get_u32(thread, thread::STACK_USED)) * PAGE_SIZE as u64;
            if base == 0 || self.get_u32(thread, thread::STATE) == thread_state::RUNNING {
                continue;
            }
            let kept = self.stack_kept(thread);
            if used > kept {
                self.discard_stack(base + kept, used - kept);
                self.set_stack_used(thread, kept);
            }
        }
    }

    /// Freezes a thread that does not run, unless its stack is so deep that nobody is to wait for that: it stays mounted, and
    /// costs nothing either while it does not change.
    fn freeze_small(&mut self, thread: Addr) {
        let base = self.get_u64(thread, thread::STACK);
        if base != 0 && self.get_u64(thread, thread::FRAME) - base > FROZEN_BYTES_MAX {
            self.common.idle_stacks.leave(thread);
        } else {
            self.freeze(thread);
        }
    }

    /// Copies the stack of a thread that does not run into a compact object and frees its slot.
    pub(crate) fn freeze(&mut self, thread: Addr) {
        assert!(thread != self.running.thread, "a running thread cannot be frozen");
        let base = self.get_u64(thread, thread::STACK);
        if base == 0 {
            return;
        }
        let top = Frame::read(&self.memory, Addr(self.get_u64(thread, thread::FRAME)));
        let len = top.operands().0 + 8 * u64::from(top.depth) - base;
        let class = self.kernel_class(ClassId::FrozenStack);
        let bytes = self.array_bytes(class, len);
        let frozen = self.allocate_uncharged(class, bytes);
        self.memory.store_u64(frozen.add(array::LENGTH), len);
        let data = frozen.add(array::DATA);
        self.memory.copy(Addr(base), data, len);
        // The first word of a stack is unused; here it says where the top frame is.
        self.memory.store_u64(data, top.at.0 - base);
        // Addresses inside become offsets.
        let mut at = top.at.0;
        while at != 0 {
            let caller = self.memory.load_u64(Addr(at + frame::CALLER));
            let relative = if caller == 0 { 0 } else { caller - base };
            self.memory.store_u64(data.add(at - base + frame::CALLER), relative);
            at = caller;
        }
        self.set_ref(thread, thread::FROZEN, Value::object(frozen));
        self.heap.remember(frozen);
        self.set_u64(thread, thread::FRAME, top.at.0 - base);
        self.set_u64(thread, thread::STACK, 0);
        self.common.ran.remove(&thread.0);
        self.common.idle_stacks.leave(thread);
        self.give_back_stack(thread, base);
    }

    /// Frees the slot of a thread's stack, which starts at `base`, and discards what the thread has used of it: if that is
    /// much, piece by piece later.
    fn give_back_stack(&mut self, thread: Addr, base: u64) {
        let used = u64::from(self.get_u32(thread, thread::STACK_USED)) * PAGE_SIZE as u64;
        if used > DISCARDED_BYTES {
            self.common.dead_stacks.insert(base, used);
        } else {
            self.discard_stack(base, used);
        }
        self.set_stack_used(thread, 0);
        self.common.shrunk.remove(&thread.0);
        self.free_slot(base);
    }

    /// Discards a piece of what stacks have used that are no more; false when there is nothing.
    pub(crate) fn discard_dead_stack(&mut self) -> bool {
        let Some((base, used)) = self.common.dead_stacks.pop_last() else { return false };
        let left = used.saturating_sub(DISCARDED_BYTES);
        self.discard_stack(base + left, used - left);
        if left > 0 {
            self.common.dead_stacks.insert(base, left);
        }
        true
    }

    /// Gives a frozen thread a stack again.
    fn thaw(&mut self, thread: Addr) {
        let most = if self.chaos.is_some() { IDLE_STACKS_MAX_CHAOS } else { IDLE_STACKS_MAX };
        while let Some(idle) = self.common.idle_stacks.oldest_beyond(most) {
            self.freeze_small(idle);
        }
        let frozen = self.ref_field(thread, thread::FROZEN);
        assert!(!frozen.is_null(), "a thread has neither a mounted nor a frozen stack");
        let (base, used) = self.take_slot();
        let len = self.array_len(frozen);
        self.memory.copy(frozen.add(array::DATA), Addr(base), len);
        let mut at = base + self.get_u64(thread, thread::FRAME);
        self.set_u64(thread, thread::FRAME, at);
        loop {
            let relative = self.memory.load_u64(Addr(at + frame::CALLER));
            if relative == 0 {
                break;
            }
            self.memory.store_u64(Addr(at + frame::CALLER), base + relative);
            at = base + relative;
        }
        self.set_u64(thread, thread::STACK, base);
        self.set_stack_used(thread, len.max(used));
        self.set_ref(thread, thread::FROZEN, Value::NULL);
        self.common.ran.insert(thread.0, base);
    }

    /// Frees the stack of a thread that has ended.
    pub(crate) fn release_stack(&mut self, thread: Addr) {
        let base = self.get_u64(thread, thread::STACK);
        if base != 0 {
            self.give_back_stack(thread, base);
        }
        self.set_u64(thread, thread::STACK, 0);
        self.set_u64(thread, thread::FRAME, 0);
        self.set_ref(thread, thread::FROZEN, Value::NULL);
        self.common.ran.remove(&thread.0);
        self.common.idle_stacks.leave(thread);
    }

    /// The content of whole pages of a stack is dead.
    fn discard_stack(&mut self, from: u64, len: u64) {
        let pages = PageRange::covering(Addr(from), len);
        if let Err(error) = self.memory.discard(pages) {
            panic!("memory of a stack cannot be given back: {error}");
        }
    }

    /// Shows each frame of a thread, the top one first. Works on mounted and frozen stacks.
    pub(crate) fn each_frame(&self, thread: Addr, mut show: impl FnMut(&Vm, Addr)) {
        let (mut at, shift) = self.top_frame_of(thread);
        while at != 0 {
            let frame = Addr(at + shift);
            show(self, frame);
            at = self.memory.load_u64(frame.add(frame::CALLER));
        }
    }

    /// Where the top frame of a thread stands, and what is to be added to that and to the callers in its frames.
    fn top_frame_of(&self, thread: Addr) -> (u64, u64) {
        if thread == self.running.thread {
            return (self.running.frame.0, 0);
        }
        let frozen = self.ref_field(thread, thread::FROZEN);
        let shift = if frozen.is_null() { 0 } else { frozen.0 + array::DATA };
        (self.get_u64(thread, thread::FRAME), shift)
    }

    /// The frames of a thread, the top one first: what a stack trace needs. Works on mounted and frozen stacks.
    pub(crate) fn frames_of(&self, thread: Addr, limit: usize) -> Vec<Frame> {
        let (mut at, shift) = self.top_frame_of(thread);
        let mut frames = Vec::new();
        while at != 0 && frames.len() < limit {
            let frame = Frame::read(&self.memory, Addr(at + shift));
            at = frame.caller;
            frames.push(frame);
        }
        frames
    }
}

const _: () = assert!(STACK_HEAD_BYTES > 0 && frame::SIZE == 32 && ROOT.0 < STACKS.start.0);
