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
mod connectors;
mod control;
mod decode;
mod exceptions;
mod frames;
pub mod inspect;
pub mod internal;
mod interpreter;
mod java;
mod kernel;
mod linear;
mod link;
mod monitors;
mod mutexes;
mod names;
mod natives;
mod objects;
pub mod polls;
mod program;
mod rare;
mod roots;
mod scheduler;
mod slow;
mod threads;
mod timers;
mod waiting;

pub use bootstrap::OpenError;
pub use classes::{CheckedModule, DefineError};
pub use connectors::call::Entry;
pub use connectors::grants::Purpose;
pub use control::STATUS_KILLED;
pub use java::loaders::defining;
pub use java::{
    Activity, ClassConverter, ClassPlace, ConvertError, JavaSources, LibraryName, Place, boundary,
};
pub use kernel::Stopped;
pub use natives::{Native, WRAPPING_PHASE};
pub use program::StartError;
pub use scheduler::{Limits, Request, Requests, RunState};

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use base::prng::Prng;
use heap::Heap;
use memory::Memory;
use platform::Platform;

/// Where classes come from that the world does not have yet; front ends and libraries register one each.
pub trait ClassSource: Send + Sync {
    /// A module that defines the class, if this source knows it. May take its time: it is asked while nobody waits, wherever
    /// that is possible.
    ///
    /// # Errors
    /// When what it knows is not sound.
    fn find(&self, class: &str) -> Option<Result<CheckedModule, DefineError>>;
    /// A file that its library reads besides classes, by its path under the library's own folder.
    fn file(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }
    /// The class library that its classes are from, if that has a name: known once a class of it was found.
    fn library(&self) -> Option<LibraryName> {
        None
    }
    /// Whether the classes that it knows are loaded with the module that names them, and not at their first use: what a
    /// program was compiled against is then what it runs with, whatever a later source would give.
    fn is_early(&self) -> bool {
        false
    }
}

/// A world at work, or one worker of it; see [`Vm::worker`].
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
    pub(crate) requests: Requests,
    pub(crate) running: frames::Running,
    pub(crate) chaos: Option<Prng>,
    /// By how much chaos is rarer than at first.
    pub(crate) chaos_rarity: u64,
    /// What the workers share; here while this worker holds the kernel lock.
    pub(crate) common: kernel::Held,
    /// Bytes that this worker had allocated when the running thread was last charged for them.
    pub(crate) charged: u64,
    pub(crate) machine: Arc<kernel::Machine>,
    /// This worker.
    pub(crate) number: u32,
    /// Whether it may touch the world.
    pub(crate) is_active: bool,
    /// Whether it has the others rest.
    pub(crate) has_stopped: bool,
    /// Full collections that its caches have seen.
    pub(crate) sweeps: u64,
    /// Threads were made runnable that another worker could run: whether one sleeps is seen to soon.
    pub(crate) helping: bool,
    /// Work done for threads that are woken or ended, in units of a wake.
    pub(crate) chores: u64,
    /// What the running thread has done since it last looked for requests.
    pub(crate) work: internal::steps::Work,
    /// How long it runs between two polls, when that is measured.
    pub(crate) stretches: Option<polls::Stretches>,
    /// An allocation went beyond the limit: the running thread is to be told.
    pub(crate) exhausted: bool,
}

/// A machine may be moved to the thread that steps it.
const _: fn() = || {
    fn movable<T: Send>() {}
    movable::<Vm>();
};
