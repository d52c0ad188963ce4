//! The class library of an installed JDK, and the store that keeps a copy of it for the worlds that run on it.
//!
//! Key types: [`Jdk`] (an installed one), [`Library`] (the copy of one library: classes, resources and files by name),
//! [`LibraryId`] (the hash of its contents, by which a world refers to it), [`Cache`] (the user's folder with all copies).
//! The format of a copy is documented byte by byte in `docs/formats/library.md`.
//!
//! *Invariants:* a world's library is never read from a JDK, only from a copy whose contents have the world's hash; every
//! byte that a copy gives was verified; a file of the cache is whole or not there.
#![warn(missing_docs, clippy::missing_errors_doc)]
#![allow(clippy::disallowed_methods, reason = "this crate finds what is installed, by the environment")]

mod cache;
mod format;
mod installed;
mod library;
mod pack;

pub use cache::{Cache, CacheError, Progress};
pub use format::LibraryId;
pub use installed::{Jdk, RELEASE};
pub use library::{Library, LibraryError};
pub use pack::PackError;
