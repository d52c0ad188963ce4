//! The kernel's own methods, and the interface they are written against.
//!
//! One method is one `fn(&mut Call) -> Outcome`, listed in the `METHODS` of its class's file and bound by the table
//! [`TABLES`] to the declarations of `layout::internal`.
//!
//! * *Short* methods run on the operands of their caller, between two safepoints: they return or throw, nothing else.
//! * *Divided* methods are short while they have little to do; with more they return [`Outcome::Frame`], and are invoked
//!   in a frame, where they work in steps (`steps.rs`).
//! * All others have a frame of their own and are state machines: [`Call::phase`], two numbers ([`Call::number`]) and two
//!   references ([`Call::reference`]) live in it. They may block ([`Outcome::Block`]) or ask for a call
//!   ([`Outcome::Call`]); both return from the function, and it is invoked again, in the same phase unless it set another,
//!   when the wait is over (or the machine was restarted meanwhile) or the called method has returned. So a method that
//!   waits checks on entry whether what it waited for is there.
//!
//! Allocation never collects: addresses are good for one invocation, and must be kept in the frame beyond it.
//! *Invariant:* nothing but the frame outlives an invocation; no function here re-enters the interpreter.

use crate::Vm;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::frame;

mod atomic;
mod binary;
mod boot;
mod class;
mod closure;
mod connector;
mod console;
mod container;
mod directory;
mod exception;
mod file;
mod function;
mod iterator;
mod json;
mod number;
mod object;
mod once;
mod outside;
mod process;
mod random;
mod stat;
pub(crate) mod steps;
mod string;
mod stringbuilder;
mod support;
mod sync;
mod tcp;
#[cfg(test)]
mod tests;
mod thread;
mod time;
mod udp;
mod weakref;
mod world;

pub use crate::waiting::Wait;
pub(crate) use binary::NOTIFY;
pub(crate) use boot::FOR_CODE;
pub use class::NEW_ARRAYS;
pub(crate) use directory::fill as fill_directory;
pub use number::{double_text, float_text};

/// A kernel method.
pub type InternalFn = fn(&mut Call<'_>) -> Outcome;

/// The methods of one class: ordinal and function.
pub type Methods = &'static [(u16, InternalFn)];

/// Every class with methods; inherited ones stand at their class.
pub const TABLES: &[(ClassId, Methods)] = &[
    (ClassId::Object, object::METHODS),
    (ClassId::Class, class::METHODS),
    (ClassId::Int, number::METHODS),
    (ClassId::Long, number::METHODS),
    (ClassId::Float, number::METHODS),
    (ClassId::Double, number::METHODS),
    (ClassId::String, string::METHODS),
    (ClassId::StringBuilder, stringbuilder::METHODS),
    (ClassId::Container, container::METHODS),
    (ClassId::Iterator, iterator::METHODS),
    (ClassId::Binary, binary::METHODS),
    (ClassId::Directory, directory::METHODS),
    (ClassId::Closure, closure::METHODS),
    (ClassId::Time, time::METHODS),
    (ClassId::World, world::METHODS),
    (ClassId::Console, console::METHODS),
    (ClassId::Boot, boot::METHODS),
    (ClassId::Thread, thread::METHODS),
    (ClassId::Exception, exception::METHODS),
    (ClassId::Mutex, sync::MUTEX_METHODS),
    (ClassId::Cond, sync::COND_METHODS),
    (ClassId::Sema, sync::SEMA_METHODS),
    (ClassId::Sync, sync::METHODS),
    (ClassId::Atomic, atomic::METHODS),
    (ClassId::Weakref, weakref::METHODS),
    (ClassId::Function, function::METHODS),
    (ClassId::Connector, connector::METHODS),
    (ClassId::Tcp, tcp::METHODS),
    (ClassId::Udp, udp::METHODS),
    (ClassId::File, file::METHODS),
    (ClassId::Process, process::METHODS),
    (ClassId::Random, random::METHODS),
    (ClassId::Stat, stat::METHODS),
    (ClassId::Once, once::METHODS),
];

/// The function of a method declared by this very class.
pub fn implementation(class: ClassId, ordinal: u16) -> Option<InternalFn> {
    let (_, methods) = TABLES.iter().find(|(id, _)| *id == class)?;
    methods.iter().find(|(number, _)| *number == ordinal).map(|(_, function)| *function)
}

/// How an invocation of a kernel method ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The slot of the result, by the kind in the descriptor; see [`Outcome::int`] and its kin. Ignored for `V`.
    Return(u64),
    /// Throws an object.
    Throw(Value),
    /// The thread waits; the method is invoked again afterwards. Not for short methods.
    Block(Wait),
    /// Calls a method, then invokes this one again with the result in [`Call::result`]. Not for short methods.
    /// What the called method throws goes through this one's frame to its caller.
    Call(Invoke),
    /// Invokes this method again after the thread has looked for requests. Not for short methods.
    Again,
    /// Initialises a class, then invokes this method again; only for native methods with a frame. What the initialiser
    /// throws goes through this one's frame to its caller.
    Initialise(Addr),
    /// Asks a class loader of Java for a class (the name with slashes), then invokes this method again; only for native
    /// methods with a frame. The class is known to the loader then; what the loader throws goes through this one's frame
    /// to its caller.
    Load(Addr, String),
    /// Ends the program of the running thread with a status; only for methods with a frame.
    Exit(i32),
    /// Invokes this method anew, in a frame: it has much to do. Only for divided methods that have none.
    Frame,
}

impl Outcome {
    /// Returns nothing.
    pub const VOID: Outcome = Outcome::Return(0);
    /// Returns an `I`.
    pub fn int(value: i32) -> Outcome {
        Outcome::Return(value as u32 as u64)
    }
    /// Returns an `I` that is 1 or 0.
    pub fn truth(value: bool) -> Outcome {
        Outcome::Return(u64::from(value))
    }
    /// Returns a `J`.
    pub fn long(value: i64) -> Outcome {
        Outcome::Return(value as u64)
    }
    /// Returns an `F`.
    pub fn float(value: f32) -> Outcome {
        Outcome::Return(u64::from(value.to_bits()))
    }
    /// Returns a `D`.
    pub fn double(value: f64) -> Outcome {
        Outcome::Return(value.to_bits())
    }
    /// Returns a reference.
    pub fn value(value: Value) -> Outcome {
        Outcome::Return(value.0)
    }
    /// Returns a reference to an object.
    pub fn object(addr: Addr) -> Outcome {
        Outcome::Return(addr.0)
    }
}

/// A call that a kernel method asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoke {
    /// Receiver.
    pub receiver: Value,
    /// Which of its methods.
    pub method: Target,
    /// Arguments as objects; they are unboxed to what the method wants.
    pub args: Vec<Value>,
}

/// The method that a kernel method calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// That with the ordinal in the receiver's class.
    Ordinal(u16),
    /// A method object of the receiver's class or one above it.
    Method(Addr),
}

/// Slots of a framed kernel method's state: two numbers, then two references.
pub const STATE_SLOTS: u64 = 4;
pub(crate) const STATE_NUMBERS: u64 = 2;

/// One invocation of a kernel method.
pub struct Call<'vm> {
    /// The machine.
    pub vm: &'vm mut Vm,
    /// The running thread.
    pub thread: Addr,
    /// First argument slot: the receiver.
    pub(crate) slots: Addr,
    /// Argument slots, receiver included.
    pub(crate) count: u64,
    /// The frame, null for short methods.
    pub(crate) frame: Addr,
}

impl Call<'_> {
    fn slot(&self, index: u64) -> u64 {
        assert!(index < self.count, "a kernel method asked for argument {index} of {}", self.count);
        self.vm.memory.load_u64(self.slots.add(8 * index))
    }
    /// The receiver.
    pub fn receiver(&self) -> Value {
        Value(self.slot(0))
    }
    /// The receiver's address; zero when it is an immediate (then use [`Call::receiver`]).
    pub fn this(&self) -> Addr {
        self.receiver().as_object().unwrap_or(Addr::NULL)
    }
    /// Parameter `index` (from 0, without the receiver), a reference.
    pub fn value(&self, index: u64) -> Value {
        Value(self.slot(index + 1))
    }
    /// Puts a reference in the place of parameter `index`, of a method with a frame.
    pub fn set_value(&mut self, index: u64, value: Value) {
        self.framed();
        assert!(index + 1 < self.count);
        self.vm.memory.store_u64(self.slots.add(8 * (index + 1)), value.0);
    }
    /// Parameter `index`, an `I`.
    pub fn int(&self, index: u64) -> i32 {
        self.slot(index + 1) as u32 as i32
    }
    /// Parameter `index`, a `J`.
    pub fn long(&self, index: u64) -> i64 {
        self.slot(index + 1) as i64
    }
    /// Parameter `index`, an `F`.
    pub fn float(&self, index: u64) -> f32 {
        f32::from_bits(self.slot(index + 1) as u32)
    }
    /// Parameter `index`, a `D`.
    pub fn double(&self, index: u64) -> f64 {
        f64::from_bits(self.slot(index + 1))
    }
    /// Parameter `index` as the bytes of a string; a thrown outcome when it is none.
    ///
    /// # Errors
    /// The outcome to return: a string that names `what`.
    pub fn string(&mut self, index: u64, what: &str) -> Result<Vec<u8>, Outcome> {
        let value = self.value(index);
        match self.vm.string_bytes_of(value) {
            Some(bytes) => Ok(bytes),
            None => Err(self.throw_string(what)),
        }
    }

    /// Throws a string, as the kernel methods of the original do.
    pub fn throw_string(&mut self, text: &str) -> Outcome {
        Outcome::Throw(Value::object(self.vm.make_string(text.as_bytes())))
    }
    /// Throws an exception of a kernel class with a message.
    pub fn throw_kernel(&mut self, class: ClassId, message: &str) -> Outcome {
        Outcome::Throw(Value::object(self.vm.make_exception(class, message)))
    }
    /// Returns a new string.
    pub fn return_string(&mut self, text: &[u8]) -> Outcome {
        Outcome::object(self.vm.make_string(text))
    }

    /// Phase of this frame, 0 at first.
    pub fn phase(&self) -> u32 {
        self.framed();
        self.vm.memory.load_u32(self.frame.add(frame::PHASE))
    }
    /// Sets the phase of the next invocation.
    pub fn set_phase(&mut self, phase: u32) {
        self.framed();
        self.vm.memory.store_u32(self.frame.add(frame::PHASE), phase);
    }
    fn framed(&self) {
        assert!(!self.frame.is_null(), "a short kernel method has no state");
    }
    fn state(&self, index: u64) -> Addr {
        self.framed();
        self.slots.add(8 * (self.count + index))
    }
    /// Number `index` (0 or 1) of the state; zero at first.
    pub fn number(&self, index: u64) -> u64 {
        assert!(index < STATE_NUMBERS);
        self.vm.memory.load_u64(self.state(index))
    }
    /// Sets number `index` (0 or 1) of the state.
    pub fn set_number(&mut self, index: u64, number: u64) {
        assert!(index < STATE_NUMBERS);
        self.vm.memory.store_u64(self.state(index), number);
    }
    /// Reference `index` (0 or 1) of the state; null at first.
    pub fn reference(&self, index: u64) -> Value {
        assert!(index < STATE_SLOTS - STATE_NUMBERS);
        Value(self.vm.memory.load_u64(self.state(STATE_NUMBERS + index)))
    }
    /// Sets reference `index` (0 or 1) of the state.
    pub fn set_reference(&mut self, index: u64, value: Value) {
        assert!(index < STATE_SLOTS - STATE_NUMBERS);
        self.vm.memory.store_u64(self.state(STATE_NUMBERS + index), value.0);
    }
    /// The result of the call that the last invocation asked for, as an object; null for `void`.
    pub fn result(&self) -> Value {
        self.framed();
        Value(self.vm.memory.load_u64(self.frame.add(frame::SIZE)))
    }
}

/// Text of bytes that should be UTF-8, for messages.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
