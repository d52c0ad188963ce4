//! Threads: their making and their end.

use crate::Vm;
use alloc::string::String;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{program, root, thread, thread_state};

/// Threads that programs may have, all together: each can be given a stack at the same time.
const THREADS_MAX: u64 = layout::area::STACKS_MAX - STACKS_SPARE;
/// Stacks for the first threads of programs.
const STACKS_SPARE: u64 = 1024;

impl Vm {
    /// A new thread of a program, runnable, that begins with `method` on `args` (slots). `flags` say what happens to the
    /// result of the method.
    pub(crate) fn new_thread(&mut self, program: Value, method: Addr, args: &[u64], flags: u32) -> Addr {
        let object = self.new_old(self.kernel_class(ClassId::Thread));
        self.set_ref(object, thread::PROGRAM, program);
        let id = self.root_u64(root::NEXT_ID);
        self.set_root_u64(root::NEXT_ID, id + 1);
        self.set_u64(object, thread::ID, id);
        self.first_frame(object, method, args, flags);
        let index = self.list_push(root::THREADS, root::THREAD_COUNT, Value::object(object));
        self.set_u64(object, thread::INDEX, index);
        self.join_program(object);
        self.set_u32(object, thread::STATE, thread_state::RUNNABLE);
        self.queue_push(object);
        object
    }

    /// Starts a thread that calls the method with `ordinal` of an object with objects as arguments; what
    /// `.internal.world.startThread` and `.internal.boot.startThread` do. The thread belongs to the caller's program.
    ///
    /// # Errors
    /// What to throw: there is no such method, or it wants other arguments.
    pub fn start_thread(&mut self, receiver: Value, ordinal: u16, args: &[Value]) -> Result<Addr, Value> {
        let running = self.running.thread;
        let program = if running.is_null() { Value::NULL } else { self.get_ref(running, thread::PROGRAM) };
        let environment =
            if running.is_null() { Value::NULL } else { self.get_ref(running, thread::ENVIRONMENT) };
        if self.root_u64(root::THREAD_COUNT) >= THREADS_MAX {
            let text = alloc::format!("there are {THREADS_MAX} threads already");
            return Err(Value::object(self.make_exception(ClassId::OutOfMemory, &text)));
        }
        let (method, slots) = self.prepare_first_call(receiver, ordinal, args)?;
        let object = self.new_thread(program, method, &slots, layout::schema::on_return::END);
        self.set_ref(object, thread::ENVIRONMENT, environment);
        Ok(object)
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
        self.retire(object);
        if let Some(owner) = owner.as_object() {
            self.thread_ended(owner, first.is_some(), &result.map_err(drop));
        }
    }

    /// Takes a thread that has come to its end out of the lists of those that live, and gives its stack back.
    pub(crate) fn retire(&mut self, object: Addr) {
        self.release_stack(object);
        self.timer_remove(object);
        self.common.parked.remove(&object.0);
        self.leave_program(object);
        let index = self.get_u64(object, thread::INDEX);
        let last = self.root_u64(root::THREAD_COUNT) - 1;
        let threads = self.root_ref(root::THREADS);
        let moved = self.array_get(threads, last);
        self.array_set(threads, index, moved);
        self.set_u64(Addr(moved.0), thread::INDEX, index);
        self.array_set(threads, last, Value::NULL);
        self.set_root_u64(root::THREAD_COUNT, last);
    }
}
