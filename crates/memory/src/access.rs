//! Typed access to the world: the hot path of the interpreter.
//!
//! A load is one test of the address, which covers range and alignment, and one move; an announced store tests the byte of
//! its page as well. All orders are relaxed unless the name says otherwise.

use crate::memory::Memory;
use crate::raw;
use base::{Addr, PageIndex, WORLD_BASE, WORLD_SIZE};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

const _: () = assert!(WORLD_BASE == WORLD_SIZE && WORLD_SIZE.is_power_of_two(), "the test in `Memory::at`");

#[cold]
#[inline(never)]
fn bad_address(addr: Addr, len: u64) -> ! {
    panic!("{len} bytes at {addr} lie outside the world or are not aligned")
}

impl Memory {
    /// The host address of a place in the world, for the interpreter's loop and machine code. What is done with it must
    /// keep the rules of this crate: writes announced, accesses atomic.
    ///
    /// # Panics
    /// When `addr` lies outside the world.
    #[inline(always)]
    pub fn host_address(&self, addr: Addr) -> usize {
        self.at(addr, 1) as usize
    }

    /// What to add (wrapping) to an address of the world to get the host address.
    #[inline(always)]
    pub fn host_delta(&self) -> usize {
        self.delta
    }

    /// The pointer to `size` aligned bytes at `addr`; `size` is a power of two.
    #[inline(always)]
    fn at(&self, addr: Addr, size: u64) -> *mut u8 {
        // Bits below the size, which must be clear, go to the top; what is left above the offset must be 1 then.
        let shift = size.trailing_zeros();
        if addr.0.rotate_right(shift) >> (WORLD_SIZE.trailing_zeros() - shift) != 1 {
            bad_address(addr, size);
        }
        (addr.0 as usize).wrapping_add(self.delta) as *mut u8
    }

    /// The pointer to any `len` bytes at `addr`.
    #[inline(always)]
    fn span(&self, addr: Addr, len: u64) -> *mut u8 {
        let offset = addr.0.wrapping_sub(WORLD_BASE);
        if offset > WORLD_SIZE || len > WORLD_SIZE - offset {
            bad_address(addr, len);
        }
        (addr.0 as usize).wrapping_add(self.delta) as *mut u8
    }

    /// Before a write of a width that does not cross a page, at an address already checked.
    #[inline(always)]
    fn announce_here(&self, addr: Addr) {
        if !self.announced.has(addr) {
            self.announce_first(addr);
        }
    }

    /// Says that `len` bytes at `addr` are about to change. Until the next flip (or discard) they may then be written by
    /// the `_unannounced` methods. Idempotent.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn announce(&self, addr: Addr, len: u64) {
        self.span(addr, len);
        if len == 0 {
            return;
        }
        let last = addr.add(len - 1).page();
        let mut page = addr.page();
        loop {
            if !self.announced.has(page.addr()) {
                self.announce_page(page);
            }
            if page == last {
                return;
            }
            page = PageIndex(page.0 + 1);
        }
    }

    /// Reads `bytes.len()` bytes at `addr`.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn read_bytes(&self, addr: Addr, bytes: &mut [u8]) {
        let from = self.span(addr, bytes.len() as u64);
        // SAFETY: the range is in the world, which is mapped as long as `self` holds the mapper.
        unsafe { raw::read(from, bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Writes `bytes` at `addr`, announced.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn write_bytes(&self, addr: Addr, bytes: &[u8]) {
        self.announce(addr, bytes.len() as u64);
        self.write_bytes_unannounced(addr, bytes);
    }

    /// Writes `bytes` at `addr`, to pages that are announced or scratch.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn write_bytes_unannounced(&self, addr: Addr, bytes: &[u8]) {
        let to = self.span(addr, bytes.len() as u64);
        // SAFETY: the range is in the world, which is mapped as long as `self` holds the mapper.
        unsafe { raw::write(bytes.as_ptr(), to, bytes.len()) }
    }

    /// Moves `len` bytes from `from` to `to`, announced; the ranges may overlap. With all three a multiple of 8, words of
    /// 8 bytes are moved whole.
    ///
    /// # Panics
    /// When a range lies outside the world.
    #[inline(always)]
    pub fn copy(&self, from: Addr, to: Addr, len: u64) {
        self.announce(to, len);
        self.copy_unannounced(from, to, len);
    }

    /// As [`Memory::copy`], to pages that are announced or scratch.
    ///
    /// # Panics
    /// When a range lies outside the world.
    #[inline(always)]
    pub fn copy_unannounced(&self, from: Addr, to: Addr, len: u64) {
        let (from, to) = (self.span(from, len), self.span(to, len));
        // SAFETY: both ranges are in the world, which is mapped as long as `self` holds the mapper.
        unsafe { raw::copy(from, to, len as usize) }
    }

    /// Sets `len` bytes at `addr` to `byte`, announced.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn fill(&self, addr: Addr, len: u64, byte: u8) {
        self.announce(addr, len);
        self.fill_unannounced(addr, len, byte);
    }

    /// As [`Memory::fill`], on pages that are announced or scratch.
    ///
    /// # Panics
    /// When the range lies outside the world.
    #[inline(always)]
    pub fn fill_unannounced(&self, addr: Addr, len: u64, byte: u8) {
        let to = self.span(addr, len);
        // SAFETY: the range is in the world, which is mapped as long as `self` holds the mapper.
        unsafe { raw::fill(to, byte, len as usize) }
    }
}

/// Loads and stores of one width.
macro_rules! width {
    ($unsigned:ident, $signed:ident, $atomic:ident, $size:literal, $load:ident, $load_signed:ident, $store:ident,
     $store_signed:ident, $store_unannounced:ident) => {
        impl Memory {
            #[doc = concat!("Reads a `", stringify!($unsigned), "`.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $load(&self, addr: Addr) -> $unsigned {
                // SAFETY: `at` checked range and alignment; the world is touched by atomics only.
                unsafe { $atomic::from_ptr(self.at(addr, $size).cast()) }.load(Relaxed)
            }
            #[doc = concat!("Reads a `", stringify!($signed), "`.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $load_signed(&self, addr: Addr) -> $signed {
                self.$load(addr) as $signed
            }
            #[doc = concat!("Writes a `", stringify!($unsigned), "`, announced.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $store(&self, addr: Addr, value: $unsigned) {
                let at = self.at(addr, $size);
                self.announce_here(addr);
                // SAFETY: `at` checked range and alignment; the world is touched by atomics only.
                unsafe { $atomic::from_ptr(at.cast()) }.store(value, Relaxed);
            }
            #[doc = concat!("Writes a `", stringify!($signed), "`, announced.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $store_signed(&self, addr: Addr, value: $signed) {
                self.$store(addr, value as $unsigned);
            }
            #[doc = concat!("Writes a `", stringify!($unsigned), "` to a page that is announced or scratch.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $store_unannounced(&self, addr: Addr, value: $unsigned) {
                // SAFETY: `at` checked range and alignment; the world is touched by atomics only.
                unsafe { $atomic::from_ptr(self.at(addr, $size).cast()) }.store(value, Relaxed);
            }
        }
    };
}

width!(u8, i8, AtomicU8, 1, load_u8, load_i8, store_u8, store_i8, store_unannounced_u8);
width!(u16, i16, AtomicU16, 2, load_u16, load_i16, store_u16, store_i16, store_unannounced_u16);
width!(u32, i32, AtomicU32, 4, load_u32, load_i32, store_u32, store_i32, store_unannounced_u32);
width!(u64, i64, AtomicU64, 8, load_u64, load_i64, store_u64, store_i64, store_unannounced_u64);

/// Ordered operations of one width, for volatile fields, monitors and linear memory.
macro_rules! ordered {
    ($type:ident, $atomic:ident, $size:literal, $load_seqcst:ident, $store_seqcst:ident, $compare_exchange:ident) => {
        impl Memory {
            #[inline(always)]
            fn $type(&self, addr: Addr) -> &$atomic {
                // SAFETY: `at` checked range and alignment; the world is touched by atomics only, and mapped as long as
                // `self` holds the mapper.
                unsafe { $atomic::from_ptr(self.at(addr, $size).cast()) }
            }
            #[doc = concat!("Reads a `", stringify!($type), "` in the single order of all such operations.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $load_seqcst(&self, addr: Addr) -> $type {
                self.$type(addr).load(SeqCst)
            }
            #[doc = concat!("Writes a `", stringify!($type), "` in the single order of all such operations, announced.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $store_seqcst(&self, addr: Addr, value: $type) {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.store(value, SeqCst);
            }
            /// Replaces `current` by `new`, announced, in the single order of all such operations.
            ///
            /// # Errors
            /// The value found, when it was another; nothing is changed then.
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $compare_exchange(&self, addr: Addr, current: $type, new: $type) -> Result<$type, $type> {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.compare_exchange(current, new, SeqCst, SeqCst)
            }
        }
    };
}

ordered!(u8, AtomicU8, 1, load_seqcst_u8, store_seqcst_u8, compare_exchange_u8);
ordered!(u16, AtomicU16, 2, load_seqcst_u16, store_seqcst_u16, compare_exchange_u16);
ordered!(u32, AtomicU32, 4, load_seqcst_u32, store_seqcst_u32, compare_exchange_u32);
ordered!(u64, AtomicU64, 8, load_seqcst_u64, store_seqcst_u64, compare_exchange_u64);

/// Compound operations of one width.
macro_rules! compound {
    ($type:ident, $load_acquire:ident, $store_release:ident, $swap:ident, $fetch_add:ident, $fetch_or:ident,
     $fetch_and:ident) => {
        impl Memory {
            #[doc = concat!("Reads a `", stringify!($type), "` with acquire order.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $load_acquire(&self, addr: Addr) -> $type {
                self.$type(addr).load(Acquire)
            }
            #[doc = concat!("Writes a `", stringify!($type), "` with release order, announced.")]
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $store_release(&self, addr: Addr, value: $type) {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.store(value, Release);
            }
            /// Puts `value` in and returns what was there, announced, in the single order of all such operations.
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $swap(&self, addr: Addr, value: $type) -> $type {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.swap(value, SeqCst)
            }
            /// Adds (wrapping) and returns what was there, announced, in the single order of all such operations.
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $fetch_add(&self, addr: Addr, value: $type) -> $type {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.fetch_add(value, SeqCst)
            }
            /// Sets bits and returns what was there, announced, in the single order of all such operations.
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $fetch_or(&self, addr: Addr, bits: $type) -> $type {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.fetch_or(bits, SeqCst)
            }
            /// Keeps bits and returns what was there, announced, in the single order of all such operations.
            ///
            /// # Panics
            /// When `addr` lies outside the world or is not aligned.
            #[inline(always)]
            pub fn $fetch_and(&self, addr: Addr, bits: $type) -> $type {
                let word = self.$type(addr);
                self.announce_here(addr);
                word.fetch_and(bits, SeqCst)
            }
        }
    };
}

compound!(u32, load_acquire_u32, store_release_u32, swap_u32, fetch_add_u32, fetch_or_u32, fetch_and_u32);
compound!(u64, load_acquire_u64, store_release_u64, swap_u64, fetch_add_u64, fetch_or_u64, fetch_and_u64);
