//! `java.lang.Thread` and the machine's threads; waiting as Java's library asks for it.
//!
//! A thread of the machine that runs Java code has its `java.lang.Thread` in `JAVA`; that has the thread in the field
//! that the converter adds. Waits are those of the machine, so a restart changes nothing about them: `wait` and `sleep`
//! go on with what is left of their time, a parked thread stays parked.

use crate::Vm;
use crate::internal::{Call, Outcome, Wait};
use crate::waiting::{Ring, WAKES_AT_ONCE};
use alloc::string::String;
use base::limits::STACK_BYTES;
use base::{Addr, PAGE_SIZE};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, method, monitor, on_return, program, thread, thread_flags, thread_state, wait};

const NS_PER_MS: u64 = 1_000_000;
/// Least stack of a thread that asks for a small one, in bytes.
const STACK_BYTES_MIN: u64 = 128 << 10;

/// The class and method that a new thread of Java begins with, given its `java.lang.Thread`.
const THREAD_START: (&str, &str) = ("phantom/java/Boot", "run");

impl Vm {
    /// The `java.lang.Thread` of a thread of the machine, or null.
    pub fn java_thread(&self, object: Addr) -> Value {
        self.get_ref(object, thread::JAVA)
    }
    /// Binds a `java.lang.Thread` to a thread of the machine.
    pub fn bind_java_thread(&mut self, object: Addr, java: Value) {
        self.set_ref(object, thread::JAVA, java);
        if let Some(java) = java.as_object() {
            let place = self.offset_named(self.class_of(Value::object(java)), "$thread");
            self.set_ref(java, place, Value::object(object));
            // Not zero for a thread that runs: the library's `isAlive` looks at it.
            let alive = self.offset_named(self.class_of(Value::object(java)), "eetop");
            let number = self.get_u64(object, thread::ID);
            if alive != 0 {
                self.set_u64(java, alive, number.max(1));
            }
        }
    }
    /// The thread of the machine of a `java.lang.Thread`, null before it was started.
    pub fn thread_of_java(&self, java: Value) -> Addr {
        match java.as_object() {
            Some(object) => self.ref_field(object, self.offset_named(self.class_of(java), "$thread")),
            None => Addr::NULL,
        }
    }

    /// Starts the thread of a `java.lang.Thread`, which belongs to the program of the running one.
    ///
    /// # Errors
    /// What to throw: the library is not there.
    pub fn start_java_thread(&mut self, java: Value, daemon: bool) -> Result<(), Value> {
        let owner = self.class_by_name(THREAD_START.0)?;
        let methods = self.ref_field(owner, class::METHODS);
        let found = (0..self.array_len(methods))
            .map(|index| Addr(self.array_get(methods, index).0))
            .find(|target| self.text(*target, method::NAME) == THREAD_START.1);
        let Some(target) = found else {
            return Err(self.exception_value(ClassId::NoSuchMethod, "threads have nothing to begin with"));
        };
        let running = self.running.thread;
        let owner = self.get_ref(running, thread::PROGRAM);
        let made = self.new_thread_object(self.kernel_class(ClassId::Thread));
        if let Some(object) = java.as_object()
            && let wanted @ 1.. = self.get_u64(object, self.offset_named(self.class_of(java), "stackSize"))
        {
            let bytes = wanted.clamp(STACK_BYTES_MIN, STACK_BYTES);
            self.set_u32(made, thread::STACK_PAGES, (bytes / PAGE_SIZE as u64) as u32);
        }
        self.set_flag(made, thread_flags::DAEMON, daemon);
        self.bind_java_thread(made, java);
        self.begin_thread(made, owner, target, &[java.0], on_return::END);
        Ok(())
    }

    /// Sets the `interrupted` of the running thread's `java.lang.Thread`, which the library keeps beside the machine's.
    pub(crate) fn clear_java_interrupt(&mut self) {
        let java = self.java_thread(self.running.thread);
        if let Some(object) = java.as_object() {
            let place = self.offset_named(self.class_of(java), "interrupted");
            if place != 0 {
                self.set_u8(object, place, 0);
            }
        }
    }

    /// Gives a thread the permit of `LockSupport.park`, waking it if it is parked.
    pub fn unpark(&mut self, object: Addr) {
        self.set_flag(object, thread_flags::PERMIT, true);
        self.wake_parked(object);
    }

    /// Wakes a thread that is parked.
    pub(crate) fn wake_parked(&mut self, object: Addr) {
        if object.is_null() {
            return;
        }
        let parked = self.get_u32(object, thread::STATE) == thread_state::BLOCKED
            && self.get_u32(object, thread::WAIT) == wait::PARK;
        if parked {
            self.wake(object);
        }
    }

    /// Whether the running thread holds the lock of an object.
    pub fn holds_lock(&self, object: Addr) -> bool {
        self.monitor_held(object).is_some()
    }

    /// Interrupts what a thread waits for.
    pub fn interrupt_thread(&mut self, object: Addr) {
        self.interrupt(object);
    }
    /// Forgets that the running thread was interrupted.
    pub fn forget_interrupt(&mut self) {
        self.set_flag(self.running.thread, thread_flags::INTERRUPTED, false);
    }

    /// Arguments of the running program, as text.
    pub fn program_arguments(&self) -> alloc::vec::Vec<String> {
        let owner = self.get_ref(self.running.thread, thread::PROGRAM);
        let Some(owner) = owner.as_object() else { return alloc::vec::Vec::new() };
        let args = self.ref_field(owner, program::ARGS);
        (0..self.array_len(args))
            .map(|index| {
                let bytes = self.string_bytes_of(self.array_get(args, index)).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            })
            .collect()
    }
}

impl Call<'_> {
    /// Slot of argument `index`; of methods with a receiver that is number 0.
    pub fn raw(&self, index: u64) -> u64 {
        assert!(index < self.count, "a native method asked for argument {index} of {}", self.count);
        self.vm.memory.load_u64(self.slots.add(8 * index))
    }
    /// Argument `index`, a reference; of methods with a receiver that is number 0.
    pub fn reference_at(&self, index: u64) -> Value {
        Value(self.raw(index))
    }
    /// Argument `index`, an int.
    pub fn int_at(&self, index: u64) -> i32 {
        self.raw(index) as u32 as i32
    }
    /// Argument `index`, a long.
    pub fn long_at(&self, index: u64) -> i64 {
        self.raw(index) as i64
    }

    /// Throws an exception of Java's library; the machine's own when that is not there.
    pub fn throw_java(&mut self, class: &str, message: Option<&str>) -> Outcome {
        match self.vm.java_exception(class, message) {
            Some(thrown) => Outcome::Throw(thrown),
            None => self.throw_kernel(ClassId::Linkage, message.unwrap_or(class)),
        }
    }

    /// `Object.wait`: waits for a notification of an object, no longer than so many milliseconds unless they are 0.
    /// Phase 0: nothing done yet; 1: waits for a notification, the lock free; 2: waits for the lock. Number 1: how often
    /// it was held.
    pub fn wait_for_notification(&mut self, object: Addr, millis: i64) -> Outcome {
        if self.phase() == 0 {
            if millis < 0 {
                let text = "timeout value is negative";
                return self.throw_java("java/lang/IllegalArgumentException", Some(text));
            }
            let Some(held) = self.vm.monitor_held(object) else {
                return self.throw_java(
                    "java/lang/IllegalMonitorStateException",
                    Some("current thread is not owner"),
                );
            };
            if let Some(thrown) = self.vm.take_interrupt() {
                return Outcome::Throw(thrown);
            }
            let until = (millis > 0)
                .then(|| self.vm.clock_ns().saturating_add((millis as u64).saturating_mul(NS_PER_MS)).max(1));
            let count = self.vm.get_u64(held, monitor::COUNT);
            self.set_number(1, count);
            self.set_phase(1);
            self.vm.set_flag(self.thread, thread_flags::SIGNALLED, false);
            self.vm.monitor_pass_on(held, true);
            return Outcome::Block(Wait::At { kind: wait::NOTIFY, object: held, until });
        }
        self.set_phase(2);
        if let Err(wait) = self.vm.monitor_enter(object) {
            return Outcome::Block(wait);
        }
        let count = self.number(1);
        if let Some(held) = self.vm.monitor_held(object) {
            self.vm.set_u64(held, monitor::COUNT, count);
        }
        // A notification that came first is not lost to an interrupt (JLS 17.2.4).
        if self.vm.has_flag(self.thread, thread_flags::SIGNALLED) {
            return Outcome::VOID;
        }
        match self.vm.take_interrupt() {
            Some(thrown) => Outcome::Throw(thrown),
            None => Outcome::VOID,
        }
    }

    /// `Object.notify` and `notifyAll`: wakes one or all that wait for a notification of an object.
    pub fn notify(&mut self, object: Addr, all: bool) -> Outcome {
        let Some(held) = self.vm.monitor_held(object) else {
            return self
                .throw_java("java/lang/IllegalMonitorStateException", Some("current thread is not owner"));
        };
        let ring = Ring::Field(held, monitor::NOTIFY);
        let mut woken = 0;
        while self.vm.signal(ring) {
            woken += 1;
            if !all {
                break;
            }
            if woken == WAKES_AT_ONCE {
                self.vm.wake_all(ring);
                break;
            }
        }
        Outcome::VOID
    }

    /// `Thread.sleep`: phase 1: asleep until the clock reaches number 0.
    pub fn sleep(&mut self, ns: u64) -> Outcome {
        let now = self.vm.clock_ns();
        if self.phase() == 0 {
            if let Some(thrown) = self.vm.take_interrupt() {
                return Outcome::Throw(thrown);
            }
            self.set_number(0, now.saturating_add(ns));
            self.set_phase(1);
        }
        let until = self.number(0);
        if now >= until { Outcome::VOID } else { Outcome::Block(Wait::Until { ns: until }) }
    }

    /// `LockSupport.park`: until there is a permit, an interrupt, or the world clock shows a time. Phase 1: it was parked,
    /// and returns however it was woken.
    pub fn park(&mut self, until: Option<u64>) -> Outcome {
        let me = self.thread;
        let free = self.vm.has_flag(me, thread_flags::PERMIT)
            || self.vm.has_flag(me, thread_flags::INTERRUPTED)
            || until.is_some_and(|ns| self.vm.clock_ns() >= ns);
        if free || self.phase() == 1 {
            self.vm.set_flag(me, thread_flags::PERMIT, false);
            return Outcome::VOID;
        }
        self.set_phase(1);
        Outcome::Block(Wait::At { kind: wait::PARK, object: me, until })
    }

    /// Waits until no other thread of the program is left that is no daemon; for the program's first thread, which has
    /// nothing else to do any more: it is parked until then.
    pub fn await_others(&mut self) -> Outcome {
        let Some(owner) = self.vm.owner_of(self.thread) else { return Outcome::VOID };
        let daemons = u64::from(self.vm.get_u32(owner, program::DAEMONS));
        if self.vm.get_u64(owner, program::THREAD_COUNT).saturating_sub(daemons) <= 1 {
            return Outcome::VOID;
        }
        self.vm.forget_interrupt();
        Outcome::Block(Wait::At { kind: wait::PARK, object: self.thread, until: None })
    }

    /// Waits until it is the thread's turn again, once.
    pub fn yield_turn(&mut self) -> Outcome {
        if self.phase() == 1 {
            return Outcome::VOID;
        }
        self.set_phase(1);
        Outcome::Block(Wait::Turn)
    }

    /// `System.gc`: returns after a full collection. Number 0: how many there were; phase 1: it was asked for.
    pub fn collect(&mut self) -> Outcome {
        let done = self.vm.heap.usage().full_collections;
        if self.phase() == 0 {
            self.set_number(0, done);
            self.set_phase(1);
        }
        if done > self.number(0) {
            return Outcome::VOID;
        }
        // Asked for in each turn: a restart forgets it.
        self.vm.heap.want_full();
        self.vm.ask_attention();
        Outcome::Block(Wait::Turn)
    }

    /// Writes to the console of the program: standard output, or error. Waits for room, and where output is durable for
    /// the snapshot that holds its cause; a restart may write again what was written since the last snapshot.
    pub fn write_console(&mut self, error: bool, bytes: &[u8]) -> Outcome {
        if !self.vm.console().has_room() {
            return Outcome::Block(Wait::Output);
        }
        let owner = self.vm.owner_of(self.thread);
        let durable = owner.is_some_and(|owner| {
            self.vm.get_u32(owner, program::OUTPUT_DURABLE) != 0
                || self.vm.get_u32(owner, program::DURABLE) != 0
        });
        if durable {
            if self.phase() == 0 {
                let epoch = self.vm.epoch();
                self.set_number(0, epoch);
                self.set_phase(1);
            }
            let epoch = self.number(0);
            if self.vm.committed_epoch() < epoch {
                return Outcome::Block(Wait::Commit { epoch });
            }
        }
        if error {
            self.vm.console().write_error(bytes);
        } else {
            self.vm.console().write(bytes);
        }
        self.vm.worked(bytes.len() as u64);
        Outcome::VOID
    }
}
