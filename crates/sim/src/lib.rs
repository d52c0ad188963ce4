//! `platform` that is deterministic and unkind, and what is tried with it.
//!
//! Key types: [`SimDevice`] (records every write, fails when told to), [`crash::run`] (crash enumeration of `store`), [`paging::run`]
//! (persistent memory under eviction), [`mutants::Planted`] (every planted bug),
//! [`SimMapper`], [`paging_mapper`], [`RefusingMapper`], [`SimClock`], [`SimConsole`], [`SimReactor`] (network, files and processes that do not exist).
//! *Invariant:* one seed, one run: nothing here asks the system for time or entropy.

mod clock;
mod console;
pub mod crash;
mod device;
pub mod faults;
mod image;
mod mapper;
pub mod mutants;
pub mod paging;
mod reactor;
mod refusing;
mod waiter;

pub use clock::{SimClock, SimEntropy};
pub use console::SimConsole;
pub use device::{Calls, Faults, Op, SimDevice};
pub use image::{Block, Image};
pub use mapper::{SimMapper, paging_mapper};
pub use reactor::{SimOutside, SimReactor};
pub use refusing::{MapperCall, Refusals, RefusingMapper};
pub use waiter::SimWaiter;
