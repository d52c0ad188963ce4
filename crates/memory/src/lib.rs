//! The persistent virtual memory of a world: typed access, the write barrier, dirty tracking, flip and capture.
//!
//! Key types: [`Memory`] (shared as `Arc`), [`Capture`] (the way of one epoch to the store), [`PageSet`].
//! Neighbours: a `platform::PageMapper` below gives the address space; `heap`, `vm` and `world` stand above.
//!
//! # The write barrier
//! Every write is *announced*: [`Memory::store_u64`] and its kin test the byte that the page has in a table, and write.
//! At the first write to a page in an epoch that byte is zero, and the protocol of [`protocol`] comes first: a page that the
//! closing snapshot still needs is saved before it changes, and the page is entered into the dirty set of the open epoch.
//! So the dirty set is known at a flip, without a search and without the help of the kernel: a first write costs
//! 0.07 to 0.29 µs, where a page that the kernel write-protects costs 0.8 to 1.2, and its search for written pages comes on
//! top (`cargo xtask bench flip`).
//!
//! # Frames
//! Stack pages are written all the time and take a cheaper rule.
//! The `vm` calls [`Memory::announce`] on the pages of the top frame after each flip, and on those of an older frame when
//! it returns into it; until the next flip it then writes them with the `_unannounced` methods.
//! Announcing is idempotent, and the second time it is the test of that byte.
//! [`Memory::discard`] takes the announcement of its pages back.
//!
//! # Eviction
//! A page leaves memory by one rule, which [`protocol::may_drop`] states: it is taken away atomically *before* it is looked
//! at (on Linux by `UFFDIO_MOVE`; "found clean, then dropped" loses a store that slips between), no snapshot that is still
//! to become durable may hold it otherwise, and its content must be what is durable; then it is dropped, else put back,
//! as it was.
//! The mapper does the taking, [`PageSource::holds`](platform::PageSource::holds) as this crate wraps it the judging.
//! [`Memory::set_limit`] bounds what the world takes of the machine's memory.
//!
//! # Memory model
//! World memory is touched only by atomic operations of the access's width, relaxed unless the name says otherwise; copies
//! of bytes go by aligned words. So a race between threads of a program is a race of that program, never of Rust's.
//! A word of 8 bytes is never torn. The byte of a page is read with acquire order: free on x86, `ldapr` on Arm.
//!
//! *Invariants:* nothing here knows of objects; no reference into the world leaves this crate; a page is copied to staging
//! only between its claim and the mark that it is captured, and no announced write to it happens between the two.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
#![expect(unsafe_code, reason = "world memory is reached through raw pointers, and only here")]
extern crate alloc;

mod access;
mod announced;
mod capture;
mod evict;
mod memory;
pub mod mutants;
pub mod protocol;
mod raw;
mod set;
mod table;

pub use capture::{Capture, Progress};
pub use evict::Charge;
pub use memory::{Memory, MemoryConfig, MemoryError, Stats};
pub use set::PageSet;
