//! Threads that wait: for what, in which list, and how they are woken.
//!
//! Who waits for an object stands in a list that the object holds; who waits for input or a commit, in one of the root
//! page; who waits at an address of a binary, in a hash table by binary and address. The lists are rings through
//! `NEXT` and `PREVIOUS`, so that both ends are at hand and a thread whose time is over, or that is interrupted, leaves
//! from the middle: nothing here walks the threads of a world. A list is its last thread, or null; who waits longest is
//! first.
//!
//! A lock or a permit is handed to the thread that waits longest (`GRANTED` until it has taken it up), so nobody who comes
//! later is faster.
//!
//! Nobody wakes more than [`WAKES_AT_ONCE`] threads at once. Where all have to be woken, the last of those carries an errand
//! through the run queue: when its turn comes the next ones are woken. So it is with what is left when a thread or a program
//! ends. All of that is in the world.
//!
//! *Invariant:* `NEXT` of a blocked thread is null exactly when it stands in no list; of a runnable one it is the next in
//! the run queue.

use crate::Vm;
use crate::scheduler::Request;
use crate::threads::has_ended;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, class, cond, header, hold, monitor, mutex, program, root, sema, thread};
use layout::schema::{thread_flags, thread_state, wait};

/// Cells of the table of those who wait at addresses, at first.
const ADDRESS_CELLS_FIRST: u64 = 16;
/// Waiting threads for each cell of that table before it grows.
const ADDRESS_WAITERS_MAX: u64 = 2;
/// Cells that it has at most: making more of them would take too long at once.
const ADDRESS_CELLS_MAX: u64 = 4096;
/// After so many nanoseconds a thread that found no room for its output looks again.
const OUTPUT_RETRY_NS: u64 = 5_000_000;
/// Bits of `AWAITED` of a thread that waited at an address, whose offset stands above them: it was woken.
pub(crate) const WOKEN: u64 = 1;
/// As [`WOKEN`]: its time is over.
pub(crate) const TIMED_OUT: u64 = 2;
/// How far the offset is shifted.
pub(crate) const ADDRESS_SHIFT: u32 = 2;

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the world clock shows `ns`.
    Until {
        /// World clock, nanoseconds.
        ns: u64,
    },
    /// For a line of input, or its end.
    Input,
    /// For room in the console's output.
    Output,
    /// For the commit of an epoch.
    Commit {
        /// The epoch.
        epoch: u64,
    },
    /// In the list that an object has of those who wait for it in a certain way.
    At {
        /// One of `layout::schema::wait` with a list: a lock, a condition, a permit, an end.
        kind: u32,
        /// The object.
        object: Addr,
        /// World clock in nanoseconds at which it is woken if it still waits.
        until: Option<u64>,
    },
    /// For the end of the operation that was submitted for an object.
    Outside {
        /// What stands for it.
        object: Addr,
    },
    /// For its next turn: it stays runnable.
    Turn,
}

impl Wait {
    /// In the list of an object, without a limit of time.
    pub const fn at(kind: u32, object: Addr) -> Wait {
        Wait::At { kind, object, until: None }
    }
    /// Whether an interrupt ends it. A wait for a lock goes on: who is interrupted there could not keep what the lock
    /// protects in order.
    pub const fn is_interruptible(self) -> bool {
        match self {
            Wait::Turn => false,
            Wait::At { kind, .. } => is_interruptible(kind),
            Wait::Until { .. } | Wait::Input | Wait::Output | Wait::Commit { .. } | Wait::Outside { .. } => {
                true
            }
        }
    }
}

const fn is_interruptible(kind: u32) -> bool {
    !matches!(kind, wait::MONITOR | wait::MUTEX | wait::CLASS | wait::ATOMIC | wait::PAUSE | wait::HELD)
}

/// Where a list of waiting threads hangs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ring {
    /// At a field of the root page.
    Root(u64),
    /// At a field of an object.
    Field(Addr, u64),
}

/// So many threads are woken between two looks for requests.
pub(crate) const WAKES_AT_ONCE: u64 = 128;

impl Vm {
    /// Blocks the running thread; it is then to be unmounted.
    pub(crate) fn block(&mut self, what: Wait) {
        match what {
            Wait::Turn => {
                let thread = self.running.thread;
                self.set_u32(thread, thread::STATE, thread_state::RUNNABLE);
                self.queue_push(thread);
            }
            Wait::Until { ns } => {
                self.block_on(wait::TIME, Value::NULL);
                self.timer_add(ns);
            }
            Wait::Output => {
                self.block_on(wait::OUTPUT, Value::NULL);
                self.timer_add(self.clock_ns().saturating_add(OUTPUT_RETRY_NS));
            }
            Wait::Input => self.block_on(wait::INPUT, Value::NULL),
            Wait::Commit { epoch } => {
                self.set_u64(self.running.thread, thread::AWAITED, epoch);
                self.block_on(wait::COMMIT, Value::NULL);
                // Whoever steps the machine asks for that commit now, also when others run on.
                self.common.commit_wanted += 1;
                self.requests.ask(Request::Stop);
            }
            Wait::Outside { object } => self.block_on(wait::OUTSIDE, Value::object(object)),
            Wait::At { kind, object, until } => {
                self.block_on(kind, Value::object(object));
                if kind == wait::MUTEX {
                    self.mutex_is_awaited(object);
                }
                if let Some(ns) = until {
                    self.timer_add(ns);
                }
            }
        }
    }

    fn block_on(&mut self, kind: u32, object: Value) {
        self.lay_aside(self.running.thread, kind, object);
    }

    /// Has a thread that is in no list wait.
    pub(crate) fn lay_aside(&mut self, thread: Addr, kind: u32, object: Value) {
        self.set_u32(thread, thread::STATE, thread_state::BLOCKED);
        self.set_u32(thread, thread::WAIT, kind);
        self.set_ref(thread, thread::WAITS_FOR, object);
        if let Some(ring) = self.ring_of(thread) {
            self.ring_push(ring, thread);
        }
    }

    /// Blocks the running thread at an address of a binary: at `at` bytes from its first.
    pub(crate) fn block_at_address(&mut self, binary: Addr, at: u64, until: Option<u64>) {
        let waiting = self.root_u64(root::ADDRESS_WAITER_COUNT);
        let table = self.root_ref(root::ADDRESS_WAITERS);
        let cells = if table.is_null() { 0 } else { self.array_len(table) };
        if waiting >= ADDRESS_WAITERS_MAX * cells && cells < ADDRESS_CELLS_MAX {
            self.grow_address_table();
        }
        // Drawn now if it is not there yet: the cell is found by it.
        let _hash = self.heap.identity_hash(binary);
        self.set_u64(self.running.thread, thread::AWAITED, at << ADDRESS_SHIFT);
        self.set_root_u64(root::ADDRESS_WAITER_COUNT, waiting + 1);
        self.block(Wait::At { kind: wait::ATOMIC, object: binary, until });
    }

    /// Wakes those who wait at an address, who waits longest first, at most so many; how many.
    pub(crate) fn wake_at_address(&mut self, binary: Addr, at: u64, most: u32) -> u32 {
        if self.root_u64(root::ADDRESS_WAITER_COUNT) == 0 || most == 0 {
            return 0;
        }
        let ring = self.address_ring(binary, at);
        let (mut woken, mut thread) = (0, self.ring_first(ring));
        let last = self.ring_last(ring);
        while let Some(here) = thread {
            let next = self.ref_field(here, thread::NEXT);
            thread = (here != last).then_some(next);
            let same = self.ref_field(here, thread::WAITS_FOR) == binary
                && self.get_u64(here, thread::AWAITED) >> ADDRESS_SHIFT == at;
            if same {
                self.wake(here);
                woken += 1;
                if woken == most {
                    break;
                }
            }
        }
        woken
    }

    /// How many threads wait at addresses.
    pub(crate) fn address_waiters(&self) -> u64 {
        self.root_u64(root::ADDRESS_WAITER_COUNT)
    }

    fn address_ring(&self, binary: Addr, at: u64) -> Ring {
        let table = self.root_ref(root::ADDRESS_WAITERS);
        let hash = self.memory.load_u32(binary.add(header::HASH)) & !header::IMMUTABLE;
        let mixed = (u64::from(hash) << 32 ^ at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Ring::Field(table, array::DATA + 8 * (mixed & (self.array_len(table) - 1)))
    }

    fn grow_address_table(&mut self) {
        let old = self.root_ref(root::ADDRESS_WAITERS);
        let cells = if old.is_null() { 0 } else { self.array_len(old) };
        let table = self.make_ref_array_old((2 * cells).max(ADDRESS_CELLS_FIRST));
        self.set_root_ref(root::ADDRESS_WAITERS, Value::object(table));
        for cell in 0..cells {
            let from = Ring::Field(old, array::DATA + 8 * cell);
            while let Some(thread) = self.ring_first(from) {
                self.ring_remove(from, thread);
                if let Some(ring) = self.ring_of(thread) {
                    self.ring_push(ring, thread);
                }
            }
        }
    }

    /// The list that a blocked thread stands in, if what it waits for has one.
    fn ring_of(&self, thread: Addr) -> Option<Ring> {
        let object = self.ref_field(thread, thread::WAITS_FOR);
        Some(match self.get_u32(thread, thread::WAIT) {
            wait::INPUT => Ring::Root(root::WAIT_INPUT),
            wait::COMMIT => Ring::Root(root::WAIT_COMMIT),
            wait::OUTSIDE => Ring::Root(root::WAIT_OUTSIDE),
            wait::MONITOR => Ring::Field(object, monitor::WAITERS),
            wait::NOTIFY => Ring::Field(object, monitor::NOTIFY),
            wait::CLASS => Ring::Field(object, class::INIT_WAITERS),
            wait::MUTEX => Ring::Field(object, mutex::WAITERS),
            wait::COND => Ring::Field(object, cond::WAITERS),
            wait::SEMA => Ring::Field(object, sema::WAITERS),
            wait::JOIN => Ring::Field(object, thread::JOINERS),
            wait::HELD => Ring::Field(object, program::HELD_THREADS),
            wait::ATOMIC => self.address_ring(object, self.get_u64(thread, thread::AWAITED) >> ADDRESS_SHIFT),
            _ => return None,
        })
    }

    pub(crate) fn ring_last(&self, ring: Ring) -> Addr {
        match ring {
            Ring::Root(field) => self.root_ref(field),
            Ring::Field(object, field) => self.ref_field(object, field),
        }
    }
    fn set_ring_last(&mut self, ring: Ring, last: Addr) {
        match ring {
            Ring::Root(field) => self.set_root_ref(field, Value(last.0)),
            Ring::Field(object, field) => self.set_ref(object, field, Value(last.0)),
        }
    }
    /// Who waits longest.
    pub(crate) fn ring_first(&self, ring: Ring) -> Option<Addr> {
        let last = self.ring_last(ring);
        (!last.is_null()).then(|| self.ref_field(last, thread::NEXT))
    }
    fn ring_push(&mut self, ring: Ring, thread: Addr) {
        let last = self.ring_last(ring);
        let (first, before) =
            if last.is_null() { (thread, thread) } else { (self.ref_field(last, thread::NEXT), last) };
        self.set_ref(thread, thread::NEXT, Value::object(first));
        self.set_ref(thread, thread::PREVIOUS, Value::object(before));
        if !last.is_null() {
            self.set_ref(last, thread::NEXT, Value::object(thread));
            self.set_ref(first, thread::PREVIOUS, Value::object(thread));
        }
        self.set_ring_last(ring, thread);
    }
    fn ring_remove(&mut self, ring: Ring, thread: Addr) {
        let next = self.ref_field(thread, thread::NEXT);
        if next == thread {
            self.set_ring_last(ring, Addr::NULL);
        } else {
            let before = self.ref_field(thread, thread::PREVIOUS);
            self.set_ref(before, thread::NEXT, Value::object(next));
            self.set_ref(next, thread::PREVIOUS, Value::object(before));
            if self.ring_last(ring) == thread {
                self.set_ring_last(ring, before);
            }
        }
        self.set_ref(thread, thread::NEXT, Value::NULL);
        self.set_ref(thread, thread::PREVIOUS, Value::NULL);
    }

    /// Makes a blocked thread runnable, whatever it waited for; it stands in no list of waiting threads any more.
    pub(crate) fn wake(&mut self, thread: Addr) {
        if self.stop_waiting(thread) {
            self.chores += 1;
            self.set_u32(thread, thread::STATE, thread_state::RUNNABLE);
            self.queue_push(thread);
        }
    }

    /// Takes a blocked thread out of the list of those that wait for the same, and off the timers; false when it does not
    /// wait. Its state is to be set.
    pub(crate) fn stop_waiting(&mut self, thread: Addr) -> bool {
        if self.get_u32(thread, thread::STATE) != thread_state::BLOCKED {
            return false;
        }
        if !self.ref_field(thread, thread::NEXT).is_null()
            && let Some(ring) = self.ring_of(thread)
        {
            self.ring_remove(ring, thread);
        }
        if self.get_u32(thread, thread::WAIT) == wait::ATOMIC {
            self.mark_awaited(thread, WOKEN);
            let waiting = self.root_u64(root::ADDRESS_WAITER_COUNT);
            self.set_root_u64(root::ADDRESS_WAITER_COUNT, waiting - 1);
        }
        self.timer_remove(thread);
        self.set_u32(thread, thread::WAIT, wait::NONE);
        self.set_ref(thread, thread::WAITS_FOR, Value::NULL);
        true
    }

    /// Wakes who waits longest, if anybody does: which thread.
    pub(crate) fn wake_first(&mut self, ring: Ring) -> Option<Addr> {
        let first = self.ring_first(ring)?;
        self.wake(first);
        Some(first)
    }

    /// Wakes all who wait in a list that nobody enters any more. Of many the last one that is woken now carries the errand
    /// of waking the others.
    pub(crate) fn wake_all(&mut self, ring: Ring) {
        for _ in 1..WAKES_AT_ONCE {
            if self.wake_first(ring).is_none() {
                return;
            }
        }
        let Some(last) = self.ring_first(ring) else { return };
        let (kind, object) = (self.get_u32(last, thread::WAIT), self.get_ref(last, thread::WAITS_FOR));
        self.wake(last);
        if self.ring_first(ring).is_some() {
            self.set_u32(last, thread::WAIT, kind);
            self.set_ref(last, thread::WAITS_FOR, object);
            self.set_flag(last, thread_flags::ERRAND, true);
        }
    }

    /// Does what a thread carries that has come out of the run queue, if it carries something: whether it did. Whether it runs
    /// itself is seen afterwards.
    pub(crate) fn run_errand(&mut self, thread: Addr) -> bool {
        if !self.has_flag(thread, thread_flags::ERRAND) {
            return false;
        }
        self.set_flag(thread, thread_flags::ERRAND, false);
        let (kind, object) = (self.get_u32(thread, thread::WAIT), self.get_ref(thread, thread::WAITS_FOR));
        if kind != wait::NONE
            && let Some(awaited) = object.as_object()
        {
            let ring = self.ring_of(thread).filter(|_| self.is_over(kind, awaited));
            self.set_u32(thread, thread::WAIT, wait::NONE);
            self.set_ref(thread, thread::WAITS_FOR, Value::NULL);
            if let Some(ring) = ring {
                self.wake_all(ring);
            }
        }
        if has_ended(self.get_u32(thread, thread::STATE)) {
            self.go_on_ending(thread);
        }
        true
    }

    /// Whether there is nothing to wait for any more, in a list that is woken as a whole.
    fn is_over(&mut self, kind: u32, object: Addr) -> bool {
        match kind {
            wait::JOIN => has_ended(self.get_u32(object, thread::STATE)),
            wait::CLASS => self.get_u8(object, class::INIT_STATE) != crate::classes::INITIALISING,
            wait::HELD => self.get_u32(object, program::HELD) == hold::NONE,
            // Whoever has recovered it meanwhile hands it to those who are left.
            wait::MUTEX => self.mutex_is_abandoned(object),
            _ => false,
        }
    }

    fn mark_awaited(&mut self, thread: Addr, bits: u64) {
        let awaited = self.get_u64(thread, thread::AWAITED);
        self.set_u64(thread, thread::AWAITED, awaited | bits);
    }

    /// Wakes a thread whose time is over.
    pub(crate) fn time_out(&mut self, thread: Addr) {
        if self.get_u32(thread, thread::WAIT) == wait::ATOMIC {
            self.mark_awaited(thread, TIMED_OUT);
        }
        self.wake(thread);
    }

    pub(crate) fn has_flag(&self, thread: Addr, flag: u32) -> bool {
        self.get_u32(thread, thread::FLAGS) & flag != 0
    }
    pub(crate) fn set_flag(&mut self, thread: Addr, flag: u32, on: bool) {
        let flags = self.get_u32(thread, thread::FLAGS);
        let wanted = if on { flags | flag } else { flags & !flag };
        if wanted != flags {
            self.set_u32(thread, thread::FLAGS, wanted);
        }
    }

    /// Has a thread throw `interrupted` where it waits, or will wait next.
    pub(crate) fn interrupt(&mut self, thread: Addr) {
        self.set_flag(thread, thread_flags::INTERRUPTED, true);
        let waits = self.get_u32(thread, thread::STATE) == thread_state::BLOCKED;
        if waits && is_interruptible(self.get_u32(thread, thread::WAIT)) {
            self.wake(thread);
        }
    }

    /// What the running thread throws if it was interrupted; it is told once.
    pub(crate) fn take_interrupt(&mut self) -> Option<Value> {
        let thread = self.running.thread;
        if thread.is_null() || !self.has_flag(thread, thread_flags::INTERRUPTED) {
            return None;
        }
        self.set_flag(thread, thread_flags::INTERRUPTED, false);
        Some(Value::object(self.make_exception(ClassId::Interrupted, "the thread was interrupted")))
    }

    /// As [`Vm::take_interrupt`], of a thread that is about to wait; `None` when an interrupt does not end that. Java's
    /// threads are not interrupted at input and output.
    pub(crate) fn take_interrupt_of(&mut self, what: Wait) -> Option<Value> {
        let outside = !matches!(what, Wait::Turn | Wait::Until { .. } | Wait::At { .. });
        if what.is_interruptible() && !(outside && self.in_java()) { self.take_interrupt() } else { None }
    }

    /// Wakes a thread that waits for `object` and hands it over; it takes it up when it runs.
    pub(crate) fn grant(&mut self, thread: Addr, object: Addr) {
        self.wake(thread);
        self.set_ref(thread, thread::GRANTED, Value::object(object));
    }

    /// Whether `object` was handed to the thread while it waited; it has taken it up then.
    pub(crate) fn take_grant(&mut self, thread: Addr, object: Addr) -> bool {
        let granted = self.ref_field(thread, thread::GRANTED) == object;
        if granted {
            self.set_ref(thread, thread::GRANTED, Value::NULL);
        }
        granted
    }

    /// Passes on what was handed to a thread that will not take it up: it throws, or ends.
    pub(crate) fn give_back_grant(&mut self, thread: Addr) {
        let granted = self.get_ref(thread, thread::GRANTED);
        let Some(object) = granted.as_object() else { return };
        self.set_ref(thread, thread::GRANTED, Value::NULL);
        match self.kernel_id(granted) {
            ClassId::Monitor if self.ref_field(object, monitor::OWNER) == thread => {
                self.monitor_pass_on(object, false);
            }
            ClassId::Mutex => self.mutex_pass_on(object),
            ClassId::Sema => self.sema_release(object),
            // Taken from the thread already, which has ended.
            _ => {}
        }
    }

    // The condition and the semaphore: what they do at once; the mutex is in `mutexes.rs`. The waiting is in `internal::sync`.

    /// Gives a permit, to who waits longest if anybody does.
    pub(crate) fn sema_release(&mut self, sema: Addr) {
        match self.ring_first(Ring::Field(sema, sema::WAITERS)) {
            Some(next) => self.grant(next, sema),
            None => {
                let count = self.get_u64(sema, sema::COUNT);
                self.set_u64(sema, sema::COUNT, count + 1);
            }
        }
    }

    /// Wakes who waits longest for a signal or notification; whether anybody did.
    pub(crate) fn signal(&mut self, ring: Ring) -> bool {
        let woken = self.wake_first(ring);
        if let Some(thread) = woken {
            self.set_flag(thread, thread_flags::SIGNALLED, true);
        }
        woken.is_some()
    }
}
