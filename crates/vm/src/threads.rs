//! Threads: their making and their end.
//!
//! A program ends when its first thread and all others that are no daemons have ended; its daemons are ended then. When its
//! first thread dies, it ends with all the others.

use crate::Vm;
use crate::waiting::Ring;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::limits::STACK_BYTES;
use base::{Addr, PAGE_SIZE};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{on_return, program, root, thread, thread_flags, thread_state};

/// Threads that a world may have: far more than fit, so that lists of them stay readable.
const THREADS_MAX: u64 = layout::view::LENGTH_MAX;
/// Ordinal of the method that a thread begins with when there is no `run` (of a closure: that calls it).
const ACTIVITY: u32 = 8;
/// Ordinal of the method of a function that calls it without arguments; the one with an argument is behind it.
const CALL_0: u32 = 16;

impl Vm {
    /// A new thread that has yet to begin; it has what it inherits from the running thread.
    pub(crate) fn new_thread_object(&mut self, class: Addr) -> Addr {
        let bytes = u64::from(self.get_u32(class, layout::schema::class::INSTANCE_SIZE));
        let object = self.allocate_old(class, bytes);
        let id = self.root_u64(root::NEXT_ID);
        self.set_root_u64(root::NEXT_ID, id + 1);
        self.set_u64(object, thread::ID, id);
        let running = self.running.thread;
        let (pages, daemon) = if running.is_null() {
            ((STACK_BYTES / PAGE_SIZE as u64) as u32, false)
        } else {
            (self.get_u32(running, thread::STACK_PAGES), self.has_flag(running, thread_flags::DAEMON))
        };
        self.set_u32(object, thread::STACK_PAGES, pages);
        self.set_flag(object, thread_flags::DAEMON, daemon);
        object
    }

    /// Has a new thread begin with `method` on `args` (slots), as a thread of a program. `flags` say what happens to the
    /// result of the method.
    pub(crate) fn begin_thread(
        &mut self,
        object: Addr,
        program: Value,
        method: Addr,
        args: &[u64],
        flags: u32,
    ) {
        self.set_ref(object, thread::PROGRAM, program);
        self.first_frame(object, method, args, flags);
        let index = self.list_push(root::THREADS, root::THREAD_COUNT, Value::object(object));
        self.set_u64(object, thread::INDEX, index);
        self.join_program(object);
        self.set_u32(object, thread::STATE, thread_state::RUNNABLE);
        self.queue_push(object);
    }

    /// Has a new thread call the method with `ordinal` of an object, with objects as arguments. It belongs to the program
    /// of the running thread.
    ///
    /// # Errors
    /// What to throw: there is no such method, it wants other arguments, or there are too many threads.
    pub(crate) fn begin_call(
        &mut self,
        object: Addr,
        receiver: Value,
        ordinal: u32,
        args: &[Value],
    ) -> Result<(), Value> {
        if self.root_u64(root::THREAD_COUNT) >= THREADS_MAX {
            let text = format!("there are {THREADS_MAX} threads already");
            return Err(Value::object(self.make_exception(ClassId::OutOfMemory, &text)));
        }
        let running = self.running.thread;
        let program = if running.is_null() { Value::NULL } else { self.get_ref(running, thread::PROGRAM) };
        let (method, slots) = self.prepare_first_call(receiver, ordinal, args)?;
        self.begin_thread(object, program, method, &slots, on_return::END);
        Ok(())
    }

    /// Has a new thread run an object: call a function or closure, else its `run`, else its method 8; with the argument if it
    /// takes one.
    ///
    /// # Errors
    /// What to throw: it has no such method, or there are too many threads.
    pub(crate) fn begin_activity(
        &mut self,
        object: Addr,
        receiver: Value,
        argument: Option<Value>,
    ) -> Result<(), Value> {
        let given: Vec<Value> = argument.into_iter().collect();
        if self.is_kernel(receiver, ClassId::Closure) {
            let args = self.make_ref_array(given.len() as u64);
            for (index, value) in given.iter().enumerate() {
                self.array_set(args, index as u64, *value);
            }
            return self.begin_call(object, receiver, ACTIVITY, &[Value::object(args)]);
        }
        if self.is_kernel(receiver, ClassId::Function) {
            return self.begin_call(object, receiver, CALL_0 + given.len() as u32, &given);
        }
        let class = self.class_of(receiver);
        let one = [argument.unwrap_or(Value::NULL)];
        let none = argument.is_none();
        let named = none.then(|| self.method_by_name(class, "run", 0).ok()).flatten();
        let args = if named.is_some() { &[][..] } else { &one[..] };
        let target = match named {
            Some(target) => target,
            None => match self.method_by_name(class, "run", 1) {
                Ok(target) => target,
                Err(_) => {
                    let target = self.method_by_ordinal(class, ACTIVITY)?;
                    let takes = self.param_kinds(target).len();
                    let args = if takes == 0 && none { &[][..] } else { &one[..] };
                    return self.begin_call(object, receiver, ACTIVITY, args);
                }
            },
        };
        let ordinal = self.get_u32(target, layout::schema::method::ORDINAL);
        self.begin_call(object, receiver, ordinal, args)
    }

    /// The running thread has ended: with a result, or with an exception and the report of it.
    pub(crate) fn end_thread(&mut self, result: Result<Value, (Value, String)>) {
        let object = self.running.thread;
        let owner = self.get_ref(object, thread::PROGRAM);
        let first = owner.as_object().filter(|owner| self.ref_field(*owner, program::THREAD) == object);
        self.unmount();
        match &result {
            Ok(value) => {
                self.set_ref(object, thread::RESULT, *value);
                self.set_u32(object, thread::STATE, thread_state::ENDED);
            }
            Err((thrown, report)) => {
                self.set_ref(object, thread::DIED_OF, *thrown);
                self.set_u32(object, thread::STATE, thread_state::DIED);
                let text = self.make_string(report.as_bytes());
                if let Some(owner) = owner.as_object() {
                    self.set_ref(owner, program::FAILURE, Value::object(text));
                }
                self.common.failures.push(report.clone());
            }
        }
        if !self.retire(object) {
            self.leave_errand(object, false);
        }
        if let Some(owner) = owner.as_object() {
            self.thread_ended(owner, first.is_some(), &result.map_err(drop));
        }
    }

    /// Takes a thread that has come to its end out of the lists of those that live, gives its stack back, and tells those
    /// who wait for its end; false when it had so many mutexes that some are still to be abandoned.
    #[must_use]
    pub(crate) fn retire(&mut self, object: Addr) -> bool {
        self.give_back_grant(object);
        let all = self.abandon_mutexes(object);
        self.release_stack(object);
        self.timer_remove(object);
        self.forget_call(object);
        self.leave_program(object);
        self.wake_all(Ring::Field(object, thread::JOINERS));
        let index = self.get_u64(object, thread::INDEX);
        let last = self.root_u64(root::THREAD_COUNT) - 1;
        let threads = self.root_ref(root::THREADS);
        let moved = self.array_get(threads, last);
        self.array_set(threads, index, moved);
        self.set_u64(Addr(moved.0), thread::INDEX, index);
        self.array_set(threads, last, Value::NULL);
        self.set_root_u64(root::THREAD_COUNT, last);
        if last == 0 {
            self.wake_first_worker();
        }
        all
    }

    /// Has a thread that has ended come out of the run queue once more, for what is left to do; it may stand there already.
    pub(crate) fn leave_errand(&mut self, object: Addr, queued: bool) {
        self.set_flag(object, thread_flags::ERRAND, true);
        if !queued {
            self.queue_push(object);
        }
    }

    /// Does a part of what is left of the end of a thread, and of that of its program.
    pub(crate) fn go_on_ending(&mut self, object: Addr) {
        if !self.abandon_mutexes(object) {
            self.leave_errand(object, false);
            return;
        }
        let owner = self.ref_field(object, thread::PROGRAM);
        if self.is_doomed(owner) {
            self.end_some_threads(owner, Some((object, false)));
        }
    }
}

/// Whether a state is one of a thread that runs no more.
pub(crate) const fn has_ended(state: u32) -> bool {
    matches!(state, thread_state::ENDED | thread_state::DIED | thread_state::STOPPED)
}
