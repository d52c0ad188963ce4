//! What interpreter, compiler, collector, front ends and tools agree on: areas, values, object headers, the schema of
//! the kernel's own objects, the frame format and the table of internal classes.
//!
//! *Invariant:* nothing here runs; these are offsets, names and encodings. [`SCHEMA_HASH`] changes whenever any of them
//! does, and stands in the superblock of every world.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

pub mod area;
pub mod internal;
pub mod schema;
pub mod value;
pub mod view;

pub use schema::SCHEMA_HASH;
pub use value::Value;
pub use view::{View, ViewError};

/// FNV-1a over text, usable in constants; only for the schema hash.
pub const fn fnv1a(text: &str, mut hash: u64) -> u64 {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        hash ^= bytes[i] as u64;
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}
