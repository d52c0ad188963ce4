//! Ids, sizes, checksums, little-endian codecs and a seeded generator: what every other crate may use.
//!
//! Key types: [`Addr`], [`PageIndex`], [`Epoch`], [`WorldId`], [`codec::Writer`], [`codec::Reader`].
//! *Invariant:* nothing here knows of platforms, stores or objects.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

pub mod checksum;
pub mod codec;
pub mod format;
pub mod limits;
pub mod prng;
mod space;

pub use space::{Addr, Epoch, PAGE_SHIFT, PAGE_SIZE, PageIndex, PageRange, WORLD_BASE, WORLD_SIZE, WorldId};

/// The bytes of one page.
pub type PageBytes = [u8; PAGE_SIZE];

/// Whether every byte of a page is zero.
pub fn is_zero(page: &PageBytes) -> bool {
    // A comparison of memory, which the compiler does not make of a look at each byte.
    static ZERO: PageBytes = [0; PAGE_SIZE];
    *page == ZERO
}
