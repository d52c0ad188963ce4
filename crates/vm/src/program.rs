//! Programs: starting them, and their end.

use crate::Request;
use crate::Vm;
use crate::inspect::{self, MemoryView, ProgramInfo, ThreadInfo};
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::Flags;
use layout::Value;
use layout::ViewError;
use layout::internal::ClassId;
use layout::schema::{class, method, on_return, program, program_state, root, thread};

/// Exit status of a program whose first thread died.
const STATUS_DIED: i32 = 1;
/// Ordinal of the entry of programs in the style of the original: `run(boot)`.
const RUN_ORDINAL: u64 = 8;

/// Why a program could not be started. No thread was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The class is not there or cannot be loaded.
    #[error("the class {class} cannot be used: {reason}")]
    Class {
        /// The class.
        class: String,
        /// What was thrown.
        reason: String,
    },
    /// The class has nothing to begin with.
    #[error("{class} has neither `main()` nor `main(string[])`, nor a method 8 that takes one object")]
    NoEntry {
        /// The class.
        class: String,
    },
    /// The entry is a method of instances, and the class cannot be instantiated without arguments.
    #[error("{class} has no constructor without arguments; make its `main` static or add one")]
    NoConstructor {
        /// The class.
        class: String,
    },
}

enum Entry {
    Static(Addr),
    Instance(Addr),
    Run(Addr),
}

impl Vm {
    /// Starts a program: a thread that begins with `main()` or `main(string[])` of the class, static or of a new
    /// instance, or else with its method 8, which gets the boot object.
    ///
    /// # Errors
    /// When there is nothing to begin with.
    pub fn start_program(
        &mut self,
        name: &str,
        class_name: &str,
        args: &[String],
        source_hash: u64,
    ) -> Result<Addr, StartError> {
        let class = self.start_class(class_name)?;
        let no_entry = || StartError::NoEntry { class: class_name.into() };
        let entry = self.find_entry(class).ok_or_else(no_entry)?;
        let constructor = match entry {
            Entry::Static(_) => None,
            Entry::Instance(_) | Entry::Run(_) => {
                let found = self.find_by_text(class, "<init>", "()V");
                let found = found.filter(|_| self.is_instantiable(class));
                Some(found.ok_or(StartError::NoConstructor { class: class_name.into() })?)
            }
        };
        let object = self.new_old(self.kernel_class(ClassId::Program));
        let strings = self.describe_program(object, name, class, args, source_hash);
        let id = self.root_u64(root::NEXT_ID);
        self.set_root_u64(root::NEXT_ID, id + 1);
        self.set_u64(object, program::ID, id);
        self.set_u32(object, program::STATE, program_state::RUNNING);
        self.list_push(root::PROGRAMS, root::PROGRAM_COUNT, Value::object(object));

        let mut slots = Vec::new();
        let (target, flags) = match entry {
            Entry::Static(target) | Entry::Instance(target) => (target, on_return::END),
            Entry::Run(target) => (target, on_return::START),
        };
        if constructor.is_some() {
            slots.push(self.new_object(class).0);
        }
        match entry {
            Entry::Run(_) => slots.push(self.get_root_ref(root::BOOT).0),
            _ => {
                if !self.param_kinds(target).is_empty() {
                    slots.push(self.main_argument(target, strings).0);
                }
            }
        }
        let first = self.new_thread_object(self.kernel_class(ClassId::Thread));
        self.set_ref(object, program::THREAD, Value::object(first));
        self.begin_thread(first, Value::object(object), target, &slots, flags);
        self.prepare_thread(first, class, constructor.map(|target| (target, slots[0])));
        Ok(object)
    }

    /// Sets what a program is; its arguments as an array.
    fn describe_program(
        &mut self,
        object: Addr,
        name: &str,
        class: Addr,
        args: &[String],
        source_hash: u64,
    ) -> Addr {
        let strings = self.make_strings(args);
        self.set_ref(object, program::ARGS, Value::object(strings));
        let text = self.make_string(name.as_bytes());
        self.set_ref(object, program::NAME, Value::object(text));
        self.set_ref(object, program::CLASS, Value::object(class));
        let module = self.get_ref(class, class::MODULE);
        self.set_ref(object, program::MODULE, module);
        self.set_u64(object, program::SOURCE_HASH, source_hash);
        let started = self.platform.clock.wall_ns();
        self.set_u64(object, program::STARTED_NS, started);
        strings
    }

    /// Makes a program that stands ready, its first thread parked, the one that is to run: that thread goes on, and finds the
    /// class in the program. The world is a copy of one in which programs begin, so its generator begins anew.
    ///
    /// # Errors
    /// When the class cannot be used.
    pub fn become_program(
        &mut self,
        object: Addr,
        name: &str,
        class_name: &str,
        args: &[String],
        source_hash: u64,
    ) -> Result<(), StartError> {
        let class = self.start_class(class_name)?;
        self.describe_program(object, name, class, args, source_hash);
        self.seed_generator();
        let first = self.ref_field(object, program::THREAD);
        self.unpark(first);
        Ok(())
    }

    fn start_class(&mut self, name: &str) -> Result<Addr, StartError> {
        self.class_by_name(name)
            .map_err(|thrown| StartError::Class { class: name.into(), reason: self.describe(thrown) })
    }

    /// Puts on top of a new thread's first frame what runs before it: the constructor, then class initialisers, those of
    /// superclasses on top.
    fn prepare_thread(&mut self, first: Addr, class: Addr, constructor: Option<(Addr, u64)>) {
        self.mount(first);
        if let Some((target, receiver)) = constructor
            && !self.is_kernel_method(target)
        {
            let at = self.operand_end(&self.top());
            self.memory.store_unannounced_u64(at, receiver);
            let room = self.push_frame(target, at, on_return::AGAIN);
            assert!(room, "a new stack has room for two frames");
        }
        let mut at = class;
        while !at.is_null() && self.get_u8(at, class::INIT_STATE) == crate::classes::LINKED {
            if let Some(initialiser) = self.find_declared(at, "<clinit>", "()V") {
                let end = self.operand_end(&self.top());
                if self.push_frame(initialiser, end, on_return::INITIALISED) {
                    self.set_u8(at, class::INIT_STATE, crate::classes::INITIALISING);
                    self.set_ref(at, class::INIT_THREAD, Value::object(first));
                }
            }
            at = self.ref_field(at, class::SUPER);
        }
        self.unmount();
    }

    fn find_entry(&mut self, class: Addr) -> Option<Entry> {
        let mut at = class;
        while !at.is_null() {
            let methods = self.ref_field(at, class::METHODS);
            for index in 0..self.array_len(methods) {
                let target = Addr(self.array_get(methods, index).0);
                let flags = self.method_flags(target);
                let bodiless =
                    flags.has(Flags::ABSTRACT) || flags.has(Flags::NATIVE) || flags.has(Flags::SYNCHRONIZED);
                if self.text(target, method::NAME) != "main" || bodiless {
                    continue;
                }
                let desc = self.text(target, method::DESCRIPTOR);
                let params = desc.split(')').next().unwrap_or("");
                let known =
                    ["(", "([L.internal.string;", "(L.internal.container.array;", "([Ljava/lang/String;"];
                if known.contains(&params) {
                    let statically = flags.has(Flags::STATIC);
                    return Some(if statically { Entry::Static(target) } else { Entry::Instance(target) });
                }
            }
            at = self.ref_field(at, class::SUPER);
        }
        let vtable = self.ref_field(class, class::VTABLE);
        let run = (self.array_len(vtable) > RUN_ORDINAL)
            .then(|| self.array_get(vtable, RUN_ORDINAL))?
            .as_object()?;
        let kinds = self.param_kinds(run);
        (kinds[..] == [bytecode::Kind::Ref] && !self.is_kernel_method(run)).then_some(Entry::Run(run))
    }

    fn find_by_text(&mut self, class: Addr, name: &str, desc: &str) -> Option<Addr> {
        let (name, desc) = (self.intern(name.as_bytes()), self.intern(desc.as_bytes()));
        self.find_method(class, name, desc)
    }
    fn find_declared(&mut self, class: Addr, name: &str, desc: &str) -> Option<Addr> {
        let found = self.find_by_text(class, name, desc)?;
        (self.ref_field(found, method::CLASS) == class).then_some(found)
    }

    pub(crate) fn make_strings(&mut self, args: &[String]) -> Addr {
        let class = self.array_class(self.kernel_class(ClassId::String));
        let strings = self.new_array(class, args.len() as u64);
        for (index, arg) in args.iter().enumerate() {
            let text = self.make_string(arg.as_bytes());
            self.array_set(strings, index as u64, Value::object(text));
        }
        strings
    }

    /// The arguments as `main` wants them: an array, or a container.
    fn main_argument(&mut self, target: Addr, strings: Addr) -> Value {
        if !self.text(target, method::DESCRIPTOR).starts_with("(L.internal.container.array;") {
            return Value::object(strings);
        }
        use layout::schema::container;
        let made = self.new_kernel(ClassId::Container);
        let len = self.array_len(strings);
        let page = self.make_ref_array(len);
        for index in 0..len {
            let text = self.array_get(strings, index);
            self.array_set(page, index, text);
        }
        self.set_ref(made, container::PAGE, Value::object(page));
        self.set_u64(made, container::USED, len);
        Value::object(made)
    }

    /// A thread of a program has ended: with it the program and its daemons, if it was the last that is none, or all of
    /// them, if the first one died.
    pub(crate) fn thread_ended(&mut self, owner: Addr, first: bool, result: &Result<Value, ()>) {
        if first {
            let status = result.map_or(STATUS_DIED, |value| value.as_int().unwrap_or(0));
            self.set_u32(owner, program::STATUS, status as u32);
            if result.is_err() {
                self.set_u32(owner, program::STATE, program_state::DIED);
                self.end_threads_of(owner);
                self.program_ended(owner);
                return;
            }
        }
        let daemons = u64::from(self.get_u32(owner, program::DAEMONS));
        let lasting = self.get_u64(owner, program::THREAD_COUNT).saturating_sub(daemons);
        let over = lasting == 0;
        if lasting == 1 {
            self.wake_parked(self.ref_field(owner, program::THREAD));
        }
        if over && self.get_u32(owner, program::STATE) == program_state::RUNNING {
            self.set_u32(owner, program::STATE, program_state::ENDED);
            self.end_threads_of(owner);
            self.program_ended(owner);
        }
    }

    /// The running thread ends its program, with all threads.
    pub(crate) fn exit_program(&mut self, status: i32) {
        let owner = self.get_ref(self.running.thread, thread::PROGRAM).as_object();
        if let Some(owner) = owner {
            self.set_u32(owner, program::STATUS, status as u32);
            self.set_u32(owner, program::STATE, program_state::ENDED);
        }
        self.end_thread(Ok(Value::int(status)));
        if let Some(owner) = owner {
            // The first thread, if this is it, has left its own status there.
            self.set_u32(owner, program::STATUS, status as u32);
            self.end_threads_of(owner);
            self.program_ended(owner);
        }
    }

    /// A program has ended: whoever waits for that is to be told, also when others run on.
    pub(crate) fn program_ended(&mut self, owner: Addr) {
        self.common.ended.push(owner);
        self.tell_first_worker();
        if self.root_u64(root::THREAD_COUNT) > 0 {
            self.requests.ask(Request::Stop);
        }
    }

    /// Whether programs have ended since [`Vm::take_ended`].
    pub fn has_ended(&self) -> bool {
        !self.common.ended.is_empty()
    }

    /// The programs that have ended since the last call.
    pub fn take_ended(&mut self) -> Vec<Addr> {
        core::mem::take(&mut self.common.ended)
    }

    /// Reports of threads that died since the last call.
    pub fn take_failures(&mut self) -> Vec<String> {
        core::mem::take(&mut self.common.failures)
    }

    /// All programs, in the order of their start.
    ///
    /// # Errors
    /// When the world is damaged.
    pub fn programs(&self) -> Result<Vec<ProgramInfo>, ViewError> {
        inspect::programs(&MemoryView(&self.memory))
    }

    /// One program.
    ///
    /// # Errors
    /// When the world is damaged.
    pub fn program(&self, object: Addr) -> Result<ProgramInfo, ViewError> {
        inspect::program(&MemoryView(&self.memory), object)
    }

    /// All threads that have not ended, by number, with the whole stack of each. With several workers, only
    /// between [`Vm::stop_world`] and [`Vm::resume_world`].
    ///
    /// # Errors
    /// When the world is damaged.
    pub fn threads(&self) -> Result<Vec<ThreadInfo>, ViewError> {
        inspect::threads(&MemoryView(&self.memory), inspect::FRAMES_MAX)
    }

    /// Whether any thread has not ended.
    pub fn has_threads(&self) -> bool {
        self.root_u64(root::THREAD_COUNT) > 0
    }

    /// Whether one thread has not ended, and no more.
    pub fn has_one_thread(&self) -> bool {
        self.root_u64(root::THREAD_COUNT) == 1
    }

    /// The value of a finished program's first thread, as [`Vm::describe`] shows it; for tests and tools.
    pub fn result_of(&self, object: Addr) -> Value {
        self.get_ref(self.ref_field(object, program::THREAD), thread::RESULT)
    }
}
