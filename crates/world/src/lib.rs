//! The facade: a world is created, opened, run, snapshotted and looked into by what stands here.
//!
//! Key types: [`World`] (the worker's half: programs and threads), [`Worker`] (a further worker), [`Snapshotter`] (the half that makes snapshots
//! durable), [`Shared`] (what they tell each other), [`WorldFile`] (a world that nobody runs), [`inspect`].
//! Both halves are stepped by their caller: by two threads on a host, by one in the simulator.
//!
//! *Invariant:* nothing here starts a thread; nothing waits but what is called so.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;

mod control;
mod diff;
mod file;
mod library;
mod lineage;
mod objects;
mod paths;
mod shared;
mod snapshot;
pub mod transfer;
mod world;

pub use control::Program;
pub use diff::{Change, ClassDelta, Diff, Fate, ObjectDelta, diff};
pub use file::{FileView, WorldFile, changed_pages, changed_pages_between};
pub use heap::view::verify as verify_heap;
pub use library::prepare;
pub use lineage::Lineage;
pub use objects::{ClassCount, Objects, Root};
pub use shared::{Ask, Shared};
pub use snapshot::{Phase, SnapshotError, Snapshotter, Step};
pub use vm::polls::{NOTED_NS, Stretches};
pub use vm::{CheckedModule, ClassPlace, DefineError, JavaSources, LibraryName, STATUS_KILLED, Vm, inspect};
pub use world::{CreateWorldError, Event, OpenWorldError, Ports, RunError, Worker, World, WorldOptions};
