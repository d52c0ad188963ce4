//! The virtual machine: classes, frames, the interpreter, threads, exceptions, kernel methods.
//!
//! Key types: [`Vm`], stepped by [`Vm::run`]; [`RunState`] says why it came back; [`ClassSource`] is what front ends
//! register. Neighbours: `heap` and `memory` below, `world` above, which decides when to flip and calls
//! [`Vm::prepare_flip`], [`Vm::before_flip`] and [`Vm::after_flip`].
//!
//! What a program can observe lives in the world. What stands in Rust memory are caches: decoded code, decoded modules,
//! addresses of kernel classes; [`Vm::drop_caches`] may be called at any time between two runs.
//!
//! *Invariants:* a thread that does not run is wholly in its frames; no function re-enters the interpreter; a verified
//! module cannot make Rust code panic, only throw.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;

mod bootstrap;
mod calls;
mod classes;
mod decode;
mod exceptions;
mod frames;
pub mod internal;
mod interpreter;
mod linear;
mod link;
mod monitors;
mod names;
mod objects;
mod program;
mod rare;
mod roots;
mod scheduler;
mod slow;
mod threads;

pub use bootstrap::OpenError;
pub use classes::DefineError;
pub use program::{ProgramInfo, ProgramState, StartError, ThreadInfo};
pub use scheduler::{Limits, Request, Requests, RunState};

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use base::prng::Prng;
use heap::Heap;
use memory::Memory;
use platform::{ConsoleInput, Platform};

/// Where classes come from that the world does not have yet; front ends and libraries register one each.
pub trait ClassSource: Send {
    /// The bytes of a module that defines the class, if this source knows it.
    fn find(&self, class: &str) -> Option<Vec<u8>>;
}

/// A world at work.
pub struct Vm {
    /// The persistent memory.
    pub memory: Arc<Memory>,
    /// The heap in it.
    pub heap: Heap,
    /// What is outside.
    pub platform: Platform,
    /// Kernel classes by number.
    pub(crate) kernel: Vec<Addr>,
    /// Classes of primitive arrays by element kind.
    pub(crate) prim_arrays: [Addr; 8],
    /// Class of arrays of `.internal.object`.
    pub(crate) object_array: Addr,
    pub(crate) codes: decode::Codes,
    pub(crate) maps: frames::Maps,
    pub(crate) sources: Vec<Box<dyn ClassSource>>,
    pub(crate) requests: Requests,
    pub(crate) running: frames::Running,
    /// Threads whose frames may hold references into the nursery, and from which address on.
    pub(crate) ran: BTreeMap<u64, u64>,
    pub(crate) clock: scheduler::WorldClock,
    /// Newest durable epoch.
    pub(crate) committed: u64,
    /// The sum of polls that a thread may pass before the next one has its turn.
    pub(crate) slice_polls: u32,
    pub(crate) chaos: Option<Prng>,
    /// Threads that blocked since the last flip; what a restart forgets stays mounted.
    pub(crate) parked: BTreeSet<u64>,
    /// Threads whose stacks were deeper than they are by more than the slack when they stopped running.
    pub(crate) shrunk: BTreeSet<u64>,
    /// How many modules are being defined, one because of the other.
    pub(crate) define_depth: u32,
    /// Classes being defined that nobody else may find yet.
    pub(crate) unfinished: Vec<(String, Addr)>,
    /// Input that was polled for a thread that has yet to fetch it.
    pub(crate) input: Option<ConsoleInput>,
    /// Reports of threads that died and that nobody has fetched.
    pub(crate) failures: Vec<String>,
    /// An allocation went beyond the limit: the running thread is to be told.
    pub(crate) exhausted: bool,
    /// How many bytes the heap may use.
    pub(crate) heap_limit: u64,
}

/// A machine may be moved to the thread that steps it.
const _: fn() = || {
    fn movable<T: Send>() {}
    movable::<Vm>();
};
