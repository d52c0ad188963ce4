//! Copies of bytes between the world and Rust memory, by atomic words on the side of the world.
//!
//! Whole aligned words of 8 bytes are moved as such, so that a word written by another thread is seen whole.

use base::{PAGE_SIZE, PageBytes};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU8, AtomicU64};

const WORD: usize = 8;
/// Bytes that a copy inside the world carries at a time when the two sides are not aligned alike.
const CARRY: usize = 256;

/// The word at `at`.
///
/// # Safety
/// `at` is aligned to 8 and lies in the mapped world.
#[inline(always)]
unsafe fn word<'a>(at: *mut u8) -> &'a AtomicU64 {
    // SAFETY: aligned and mapped by the caller; the world is never touched but by atomics.
    unsafe { AtomicU64::from_ptr(at.cast()) }
}

/// The byte at `at`.
///
/// # Safety
/// `at` lies in the mapped world.
#[inline(always)]
unsafe fn byte<'a>(at: *mut u8) -> &'a AtomicU8 {
    // SAFETY: mapped by the caller; the world is never touched but by atomics.
    unsafe { AtomicU8::from_ptr(at) }
}

/// Splits `len` bytes from `at` into single bytes before the first whole word, words, and single bytes after.
#[inline(always)]
fn parts(at: *mut u8, len: usize) -> (usize, usize) {
    let head = at.addr().wrapping_neg() & (WORD - 1);
    if head >= len { (len, 0) } else { (head, (len - head) / WORD) }
}

/// Reads `len` bytes of the world into `to`.
///
/// # Safety
/// `from..from + len` lies in the mapped world; `to..to + len` is Rust memory that the caller may write.
#[inline]
pub(crate) unsafe fn read(from: *mut u8, to: *mut u8, len: usize) {
    let (head, words) = parts(from, len);
    let tail = head + words * WORD;
    // SAFETY: every offset is below `len`; words start at `head`, where `from` is aligned; `to` is private and written
    // without asking for alignment.
    unsafe {
        for i in 0..head {
            to.add(i).write(byte(from.add(i)).load(Relaxed));
        }
        for i in 0..words {
            let value = word(from.add(head + i * WORD)).load(Relaxed);
            to.add(head + i * WORD).cast::<u64>().write_unaligned(value);
        }
        for i in tail..len {
            to.add(i).write(byte(from.add(i)).load(Relaxed));
        }
    }
}

/// Writes `len` bytes from `from` into the world.
///
/// # Safety
/// `to..to + len` lies in the mapped world; `from..from + len` is Rust memory that nobody writes meanwhile.
#[inline]
pub(crate) unsafe fn write(from: *const u8, to: *mut u8, len: usize) {
    let (head, words) = parts(to, len);
    let tail = head + words * WORD;
    // SAFETY: as in `read`, with the sides exchanged.
    unsafe {
        for i in 0..head {
            byte(to.add(i)).store(from.add(i).read(), Relaxed);
        }
        for i in 0..words {
            let value = from.add(head + i * WORD).cast::<u64>().read_unaligned();
            word(to.add(head + i * WORD)).store(value, Relaxed);
        }
        for i in tail..len {
            byte(to.add(i)).store(from.add(i).read(), Relaxed);
        }
    }
}

/// Sets `len` bytes of the world to `value`.
///
/// # Safety
/// `to..to + len` lies in the mapped world.
#[inline]
pub(crate) unsafe fn fill(to: *mut u8, value: u8, len: usize) {
    let (head, words) = parts(to, len);
    let tail = head + words * WORD;
    let wide = u64::from(value) * 0x0101_0101_0101_0101;
    // SAFETY: every offset is below `len`; words start at `head`, where `to` is aligned.
    unsafe {
        for i in 0..head {
            byte(to.add(i)).store(value, Relaxed);
        }
        for i in 0..words {
            word(to.add(head + i * WORD)).store(wide, Relaxed);
        }
        for i in tail..len {
            byte(to.add(i)).store(value, Relaxed);
        }
    }
}

/// Moves `len` bytes inside the world; the ranges may overlap.
///
/// # Safety
/// Both ranges lie in the mapped world.
#[inline]
pub(crate) unsafe fn copy(from: *mut u8, to: *mut u8, len: usize) {
    let forward = to.addr().wrapping_sub(from.addr()) >= len;
    if (from.addr() | to.addr() | len) & (WORD - 1) == 0 {
        // SAFETY: both sides and the length are whole words inside the ranges of the caller.
        unsafe {
            if forward {
                for i in 0..len / WORD {
                    word(to.add(i * WORD)).store(word(from.add(i * WORD)).load(Relaxed), Relaxed);
                }
            } else {
                for i in (0..len / WORD).rev() {
                    word(to.add(i * WORD)).store(word(from.add(i * WORD)).load(Relaxed), Relaxed);
                }
            }
        }
        return;
    }
    let mut carried = [0u8; CARRY];
    let mut done = 0;
    while done < len {
        let now = (len - done).min(CARRY);
        let at = if forward { done } else { len - done - now };
        // SAFETY: `at + now <= len`, and `now` fits the buffer. Each piece is read whole before any of it is written, and
        // pieces go in the order in which a write never reaches a byte still to be read.
        unsafe {
            read(from.add(at), carried.as_mut_ptr(), now);
            write(carried.as_ptr(), to.add(at), now);
        }
        done += now;
    }
}

/// Copies a page out of the world; whether every byte of it is zero.
///
/// # Safety
/// `from` is the start of a page of the mapped world.
#[inline]
pub(crate) unsafe fn copy_page(from: *mut u8, to: &mut MaybeUninit<PageBytes>) -> bool {
    let to: *mut u64 = to.as_mut_ptr().cast();
    let mut any = 0;
    for i in 0..PAGE_SIZE / WORD {
        // SAFETY: a page is aligned and holds so many words; `to` is a page of Rust memory.
        unsafe {
            let value = word(from.add(i * WORD)).load(Relaxed);
            any |= value;
            ptr::write_unaligned(to.add(i), value);
        }
    }
    any == 0
}
