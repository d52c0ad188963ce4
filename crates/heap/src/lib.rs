//! Allocation and collection of the objects of a world.
//!
//! Key types: [`Heap`], [`Roots`] (what a collection asks of the owner of the frames), [`Damage`] (what
//! [`Heap::verify`] finds). Neighbours: `memory` below, whose barrier every write takes; `vm` above, which owns the roots.
//!
//! # How it works
//! - *Nursery* (`nursery`): new objects stand one behind the other in scratch memory that no snapshot holds.
//!   A minor collection copies what is reached, leaving forwarding addresses: what survives for the first time to a
//!   survivor space in the same scratch memory, the rest to the old space. A program that replaces its objects all the
//!   time has many in use at any moment, and each one promoted would dirty a page that the next snapshot stores for
//!   nothing. Before a flip everything is promoted ([`Survivors`]), so that the nursery is empty.
//!   Ungar, *Generation scavenging*, 1984; the worklist is explicit and last in, first out, so that a child mostly lies
//!   near its parent.
//! - *Remembered set*: slots of old objects that hold references into the nursery, noted by [`Heap::write_ref`] once for
//!   each slot, because a slot whose old value was such a reference is already noted. A minor collection that keeps
//!   objects in the nursery notes the slots that still lead there.
//! - *Old space* (`cells`): regions of 256 KiB, each of cells of one size, with a bit map of the cells in use; objects
//!   beyond 32 KiB on pages of their own (`large`). Nothing there moves. A full collection marks into bit maps in Rust
//!   memory (`mark`), in an order that suits a heap larger than memory (`grey`), and sweeps: that touches no object, only
//!   the bit maps in the world; pages that only free cells lie on are discarded.
//! - *References of Java* (`references`): a full collection does not go through the referents of soft, weak, final and
//!   phantom references, and clears or hands over those that nothing else reaches, in the order of `java.lang.ref`.
//! - *Format* (`format`): what of this is in the world. It is the truth, and up to date between any two calls: a flip
//!   needs nothing of this crate but an empty nursery, and [`Heap::open`] reads one page.
//!
//! # Costs
//! An allocation is one comparison, an addition and a store. [`Heap::write_ref`] adds two comparisons to a store.
//! A minor collection costs what survives (each object is copied twice at most), a full one what lives plus a bit for each cell.
//! Figures: `cargo run --release -p heap --example timing`.
//!
//! # Invariants
//! - Allocation never collects; a collection happens only where the owner calls for it.
//! - No reference in the world leads to anything but a live object, as long as references are written by
//!   [`Heap::write_ref`] and its kin; every old slot that leads into the nursery is remembered.
//! - Nothing here knows of frames, threads or bytecode; nothing in Rust memory is the truth for anything persistent.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;

mod cells;
mod collect;
mod format;
mod grey;
mod heap;
mod large;
mod mark;
mod nursery;
mod references;
mod shape;
mod shared;
mod slots;
mod verify;
pub mod view;

pub use collect::{CollectStats, Roots};
pub use grey::MarkBounds;
pub use heap::{Collection, Heap, HeapError, HeapUse, Object, OutOfMemory, Survivors, is_young};
pub use shared::Shared;
pub use verify::{Damage, HeapReport, Moment};
