//! What is done to programs from outside: ended, held and let go, granted something, removed from the list.
//!
//! Everything here happens at a safepoint: this worker has no thread mounted. Others may have.
//!
//! *Invariant:* a thread whose program is not running does not run: when the run queue leads to it, it is ended
//! ([`Vm::may_run`]). Of many threads only some are ended at once; as long as there are others, a thread of the program
//! that has ended stands in the run queue for their sake, with an errand.

use crate::Vm;
use crate::scheduler::Request;
use crate::threads::has_ended;
use crate::waiting::{Ring, WAKES_AT_ONCE};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use heap::Collection;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{
    class, directory, frame, hold, method, monitor, on_return, program, program_state, root, thread,
    thread_flags, thread_state, wait,
};
use memory::MemoryError;
use platform::Console;

/// Exit status of a program that was killed: that of a process that `kill -9` ended.
pub const STATUS_KILLED: i32 = 137;

/// So many threads are ended at once.
const ENDED_AT_ONCE: u64 = 128;
/// So many monitors are looked through at once for those whose owner has ended.
const MONITORS_AT_ONCE: u64 = 4096;

/// So many frames are looked through in the time that it takes to wake a thread.
const FRAMES_A_CHORE: u64 = 64;

/// What a grant begins with that says how many bytes a program may hold.
const MEMORY_GRANT: &str = "memory=";
/// A program that holds all but such a part of what it may, after a collection, holds too much.
const QUOTA_MARGIN: u64 = 16;

impl Vm {
    /// Sets the variables that a program finds in the environment of its first thread. To be called before it runs;
    /// of a name that comes twice the last value counts.
    pub fn set_environment(&mut self, object: Addr, variables: &[(String, String)]) {
        if variables.is_empty() {
            return;
        }
        let made = self.new_kernel(ClassId::Directory);
        let pairs: Vec<(Value, Value)> = variables
            .iter()
            .enumerate()
            .filter(|(index, (name, _))| !variables[index + 1..].iter().any(|(later, _)| later == name))
            .map(|(_, (name, value))| {
                let name = self.make_string(name.as_bytes());
                let value = self.make_string(value.as_bytes());
                (Value::object(name), Value::object(value))
            })
            .collect();
        crate::internal::fill_directory(self, made, &pairs);
        self.set_ref(object, program::ENVIRONMENT, Value::object(made));
        let first = self.ref_field(object, program::THREAD);
        self.set_ref(first, thread::ENVIRONMENT, Value::object(made));
        const { assert!(directory::REFS == 2) };
    }

    /// Sets what a program may reach outside the world, instead of what it was granted before: `net`, `net=HOST`,
    /// `net=HOST:PORT`, `read=DIR`, `write=DIR`, `run`, `run=PROGRAM`, and `in=DIR`, from where its relative paths lead; and
    /// `memory=BYTES`, what it may hold in the world.
    pub fn set_grants(&mut self, object: Addr, grants: &[String]) {
        let memory = grants.iter().find_map(|grant| grant.strip_prefix(MEMORY_GRANT)?.parse().ok());
        self.set_u64(object, program::MEMORY_MAX, memory.unwrap_or(0));
        let strings = self.make_strings(grants);
        self.set_ref(object, program::GRANTS, Value::object(strings));
    }

    /// Sets whether all that leaves a program waits for the snapshot that holds its cause.
    pub fn set_durable(&mut self, object: Addr, durable: bool) {
        self.set_u32(object, program::DURABLE, u32::from(durable));
    }

    /// Ends a program for ever; false when it has ended before.
    pub fn kill_program(&mut self, object: Addr) -> bool {
        if self.get_u32(object, program::STATE) != program_state::RUNNING {
            return false;
        }
        self.set_u32(object, program::STATE, program_state::KILLED);
        self.set_u32(object, program::STATUS, STATUS_KILLED as u32);
        self.set_u32(object, program::HELD, hold::NONE);
        self.end_threads_of(object);
        self.program_ended(object);
        true
    }

    /// Takes a program that has ended off the list of programs; its name is free then.
    ///
    /// # Panics
    /// When it has not ended.
    pub fn remove_program(&mut self, object: Addr) {
        assert!(self.get_u32(object, program::STATE) != program_state::RUNNING, "the program runs");
        let (list, count) = (self.root_ref(root::PROGRAMS), self.root_u64(root::PROGRAM_COUNT));
        let Some(at) = (0..count).find(|index| self.array_get(list, *index).0 == object.0) else { return };
        for index in at..count - 1 {
            let next = self.array_get(list, index + 1);
            self.array_set(list, index, next);
        }
        self.array_set(list, count - 1, Value::NULL);
        self.set_root_u64(root::PROGRAM_COUNT, count - 1);
    }

    /// Keeps the threads of a program from running until [`Vm::release_program`].
    pub fn quarantine_program(&mut self, object: Addr) {
        self.set_u32(object, program::HELD, hold::QUARANTINED);
    }

    /// Lets a held program run; false when it was not held.
    pub fn release_program(&mut self, object: Addr) -> bool {
        if self.get_u32(object, program::HELD) == hold::NONE {
            return false;
        }
        self.set_u32(object, program::HELD, hold::NONE);
        self.wake_all(Ring::Field(object, program::HELD_THREADS));
        true
    }

    /// The running thread and its program (numbers): for the report of a machine that failed.
    pub fn running_thread(&self) -> Option<(u64, Option<u64>)> {
        let running = self.running.thread;
        if running.is_null() {
            return None;
        }
        let owner = self.ref_field(running, thread::PROGRAM);
        let owner = (!owner.is_null()).then(|| self.get_u64(owner, program::ID));
        Some((self.get_u64(running, thread::ID), owner))
    }

    /// Makes the machine fail when a thread of the program with this number is about to run. For tests of what stands
    /// around the machine.
    pub fn fail_at_program(&mut self, number: u64) {
        self.common.fault = Some(number);
    }

    /// The console of the running thread.
    pub(crate) fn console(&self) -> Arc<dyn Console> {
        self.console_of(self.program_number(self.running.thread))
    }
    pub(crate) fn console_of(&self, number: u64) -> Arc<dyn Console> {
        self.platform.console.of(number).unwrap_or_else(|| self.platform.console.clone())
    }
    /// The number of a thread's program, zero for none.
    pub(crate) fn program_number(&self, thread: Addr) -> u64 {
        let owner = if thread.is_null() { Addr::NULL } else { self.ref_field(thread, thread::PROGRAM) };
        if owner.is_null() { 0 } else { self.get_u64(owner, program::ID) }
    }

    /// Enters a new thread into its program.
    pub(crate) fn join_program(&mut self, object: Addr) {
        let owner = self.ref_field(object, thread::PROGRAM);
        if owner.is_null() {
            return;
        }
        let sibling = self.ref_field(owner, program::THREADS);
        self.set_ref(object, thread::SIBLING, Value::object(sibling));
        if !sibling.is_null() {
            self.set_ref(sibling, thread::ELDER, Value::object(object));
        }
        self.set_ref(owner, program::THREADS, Value::object(object));
        self.count_thread(object, owner, 1);
    }

    /// Changes the numbers of a program's threads by one, up or (`u64::MAX`) down.
    fn count_thread(&mut self, object: Addr, owner: Addr, change: u64) {
        let count = self.get_u64(owner, program::THREAD_COUNT);
        self.set_u64(owner, program::THREAD_COUNT, count.wrapping_add(change));
        if self.has_flag(object, thread_flags::DAEMON) {
            let daemons = self.get_u32(owner, program::DAEMONS);
            self.set_u32(owner, program::DAEMONS, daemons.wrapping_add(change as u32));
        }
    }

    /// Takes a thread that has ended out of its program.
    pub(crate) fn leave_program(&mut self, object: Addr) {
        let owner = self.ref_field(object, thread::PROGRAM);
        if owner.is_null() {
            return;
        }
        let (elder, sibling) =
            (self.ref_field(object, thread::ELDER), self.ref_field(object, thread::SIBLING));
        if elder.is_null() {
            self.set_ref(owner, program::THREADS, Value::object(sibling));
        } else {
            self.set_ref(elder, thread::SIBLING, Value::object(sibling));
        }
        if !sibling.is_null() {
            self.set_ref(sibling, thread::ELDER, Value::object(elder));
        }
        self.set_ref(object, thread::ELDER, Value::NULL);
        self.set_ref(object, thread::SIBLING, Value::NULL);
        self.count_thread(object, owner, u64::MAX);
    }

    /// Ends all threads of a program that is not running any more; of many some now, the others bit by bit: until then they
    /// do not run. Those that other workers run end at their next safepoint.
    pub(crate) fn end_threads_of(&mut self, object: Addr) {
        self.end_some_threads(object, None);
    }

    /// As [`Vm::end_threads_of`]; goes on when `carrier`, a thread of the program that has ended, comes out of the run queue.
    pub(crate) fn end_some_threads(&mut self, object: Addr, mut carrier: Option<(Addr, bool)>) {
        let (mut ended, before) = (0, self.chores);
        let mut elsewhere = false;
        let mut at = self.ref_field(object, program::THREADS);
        while !at.is_null() && ended < ENDED_AT_ONCE && self.chores - before < WAKES_AT_ONCE {
            let (here, state) = (at, self.get_u32(at, thread::STATE));
            at = self.ref_field(at, thread::SIBLING);
            if state == thread_state::RUNNING {
                elsewhere = true;
                continue;
            }
            let queued = state == thread_state::RUNNABLE;
            let errand = self.end_stopped(here, queued);
            carrier = carrier.or(Some((here, queued || errand)));
            ended += 1;
        }
        if elsewhere {
            self.ask_review();
        }
        let number = self.get_u64(object, program::ID);
        self.common.input.remove(&number);
        // Behind the last of them come the locks that they held; how far those are seen to is in the carrier.
        let carried = carrier.map_or(0, |(carrier, _)| self.get_u64(carrier, thread::AWAITED));
        let from = if ended > 0 { 0 } else { carried };
        let next = if at.is_null() { self.release_some_monitors(from) } else { Some(0) };
        if let (Some(next), Some((carrier, queued))) = (next, carrier) {
            self.set_u64(carrier, thread::AWAITED, next);
            self.leave_errand(carrier, queued);
        }
    }

    /// Ends a thread of a program that is not running any more, which may stand in the run queue; whether it has to come out
    /// of that once more.
    fn end_stopped(&mut self, object: Addr, queued: bool) -> bool {
        self.stop_waiting(object);
        self.set_u32(object, thread::STATE, thread_state::STOPPED);
        self.give_up_initialisers(object);
        let all = self.retire(object);
        if !all {
            self.leave_errand(object, queued);
        }
        !all
    }

    /// Leaves some of the monitors whose owner has ended: those from a number on; with which to go on, if there are more.
    fn release_some_monitors(&mut self, from: u64) -> Option<u64> {
        let (list, count) = (self.root_ref(root::MONITORS), self.root_u64(root::MONITOR_COUNT));
        let from = from.min(count);
        let to = count.min(from + MONITORS_AT_ONCE);
        for index in from..to {
            let held = Addr(self.array_get(list, index).0);
            let owner = self.ref_field(held, monitor::OWNER);
            if !owner.is_null() && has_ended(self.get_u32(owner, thread::STATE)) {
                self.monitor_pass_on(held, false);
            }
        }
        (to < count).then_some(to)
    }

    /// The classes that a thread was initialising will not be.
    fn give_up_initialisers(&mut self, object: Addr) {
        let (mut classes, mut frames) = (Vec::new(), 0);
        self.each_frame(object, |vm, at| {
            frames += 1;
            if vm.memory.load_u32(at.add(frame::FLAGS)) & 0xff == on_return::INITIALISED {
                classes.push(vm.ref_field(Addr(vm.memory.load_u64(at.add(frame::METHOD))), method::CLASS));
            }
        });
        self.chores += frames / FRAMES_A_CHORE;
        for class in classes {
            self.initialised(class, crate::classes::FAILED);
            const { assert!(class::INIT_THREAD > 0) };
        }
    }

    /// Whether a thread that comes out of the run queue may run: not if its program was ended meanwhile, then it ends too; nor
    /// if it is held or paused, then it waits to be let go.
    pub(crate) fn may_run(&mut self, object: Addr) -> bool {
        if self.get_u32(object, thread::STATE) != thread_state::RUNNABLE {
            return false;
        }
        let owner = self.get_ref(object, thread::PROGRAM);
        if owner.as_object().is_some_and(|owner| self.is_doomed(owner)) {
            self.end_stopped(object, false);
            return false;
        }
        if owner.as_object().is_some_and(|owner| self.get_u32(owner, program::HELD) != hold::NONE) {
            self.lay_aside(object, wait::HELD, owner);
            return false;
        }
        if self.has_flag(object, thread_flags::PAUSED) {
            self.lay_aside(object, wait::PAUSE, Value::NULL);
            return false;
        }
        true
    }

    /// Has the other workers look soon whether the threads that they run may go on.
    pub(crate) fn ask_review(&self) {
        self.machine.ask_others(self.number, Request::Review);
    }

    /// Whether a program has come to an end that its threads do not outlive.
    pub(crate) fn is_doomed(&self, owner: Addr) -> bool {
        !owner.is_null() && self.get_u32(owner, program::STATE) != program_state::RUNNING
    }

    /// From here on a program is charged for what is allocated.
    pub(crate) fn begin_charge(&mut self) {
        self.charged = self.heap.allocated();
    }

    /// Charges a program, if there is one, for what was allocated since the last call.
    pub(crate) fn charge(&mut self, owner: Addr) {
        let (before, now) = (self.charged, self.heap.allocated());
        self.charged = now;
        if !owner.is_null() && now > before {
            let so_far = self.get_u64(owner, program::ALLOCATED);
            self.set_u64(owner, program::ALLOCATED, so_far.saturating_add(now - before));
        }
    }

    /// A full collection found that a program holds so much.
    pub(crate) fn set_held(&mut self, owner: Addr, bytes: u64) {
        let allocated = self.get_u64(owner, program::ALLOCATED);
        self.set_u64(owner, program::HELD_BYTES, bytes);
        self.set_u64(owner, program::ALLOCATED_THEN, allocated);
    }

    /// What a program holds at most: what the last full collection found, and all that it has allocated since.
    pub(crate) fn may_hold(&self, owner: Addr) -> u64 {
        let since = self.get_u64(owner, program::ALLOCATED) - self.get_u64(owner, program::ALLOCATED_THEN);
        self.get_u64(owner, program::HELD_BYTES).saturating_add(since)
    }

    /// Whether an object of so many bytes alone is within what the running program may hold.
    pub(crate) fn quota_admits(&self, bytes: u64) -> bool {
        let thread = self.running.thread;
        let owner = if thread.is_null() { Addr::NULL } else { self.ref_field(thread, thread::PROGRAM) };
        let most = if owner.is_null() { 0 } else { self.get_u64(owner, program::MEMORY_MAX) };
        most == 0 || bytes <= most
    }

    /// Whether the running program may hold more than it may, with all that it has allocated by now.
    pub(crate) fn quota_reached(&self) -> bool {
        let owner = self.ref_field(self.running.thread, thread::PROGRAM);
        let most = if owner.is_null() { 0 } else { self.get_u64(owner, program::MEMORY_MAX) };
        let uncharged = self.heap.allocated().saturating_sub(self.charged);
        most > 0 && self.may_hold(owner).saturating_add(uncharged) > most
    }

    /// Has the running thread throw `out_of_memory` when its program holds more than it may, also after a full collection.
    /// Its frames are up to date.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    pub(crate) fn keep_to_quota(&mut self, owner: Addr) -> Result<(), MemoryError> {
        let most = if owner.is_null() { 0 } else { self.get_u64(owner, program::MEMORY_MAX) };
        let thread = self.running.thread;
        if most == 0 || thread.is_null() || self.may_hold(owner) <= most {
            return Ok(());
        }
        // Another worker stops the world, so nobody collects here before the thread is unmounted: it is asked again after
        // its next slice.
        if self.common.stopping {
            return Ok(());
        }
        self.collect(Collection::Full)?;
        // Close below it would collect again and again.
        let most_kept = most - most / QUOTA_MARGIN;
        if self.may_hold(owner) > most_kept {
            self.collect_soft()?;
        }
        if self.may_hold(owner) > most_kept {
            let text = format!("the program holds more than the {most} bytes that it may (--max-memory)");
            let error = self.make_exception(ClassId::OutOfMemory, &text);
            self.set_ref(thread, thread::PENDING, Value::object(error));
        }
        Ok(())
    }

    /// The heap is exhausted: a thread of the program that holds most throws `out_of_memory`, the running one if it is of
    /// that program, else its first, wherever it waits.
    pub(crate) fn tell_exhausted(&mut self) {
        let running = self.running.thread;
        let owner = if running.is_null() { Addr::NULL } else { self.ref_field(running, thread::PROGRAM) };
        let largest = self.largest_program().unwrap_or(owner);
        let thread = if largest == owner { running } else { self.thread_to_tell(largest) };
        if thread.is_null() {
            return;
        }
        let error = self.make_exception(ClassId::OutOfMemory, "the memory limit is reached");
        self.set_ref(thread, thread::PENDING, Value::object(error));
        if thread != running {
            self.wake(thread);
        }
    }

    /// The first thread of a program, or its newest when that has ended.
    fn thread_to_tell(&self, owner: Addr) -> Addr {
        let first = self.ref_field(owner, program::THREAD);
        if has_ended(self.get_u32(first, thread::STATE)) {
            self.ref_field(owner, program::THREADS)
        } else {
            first
        }
    }

    /// The program that holds most, by the last full collection.
    pub(crate) fn largest_program(&self) -> Option<Addr> {
        let list = self.root_ref(root::PROGRAMS);
        let programs = (0..self.root_u64(root::PROGRAM_COUNT)).map(|at| Addr(self.array_get(list, at).0));
        let alive = programs.filter(|owner| self.get_u32(*owner, program::STATE) == program_state::RUNNING);
        alive.max_by_key(|owner| self.get_u64(*owner, program::HELD_BYTES))
    }

    /// Charges a program for the time that one of its threads has run.
    pub(crate) fn charge_time(&mut self, owner: Addr, ns: u64) {
        if !owner.is_null() && ns > 0 {
            let so_far = self.get_u64(owner, program::CPU_NS);
            self.set_u64(owner, program::CPU_NS, so_far.saturating_add(ns));
        }
    }
}
