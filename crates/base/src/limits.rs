//! All limits in one place, with the relations between them asserted.

use crate::space::{PAGE_SIZE, WORLD_SIZE};

/// Default time between snapshots while something changes, in milliseconds.
pub const SNAPSHOT_INTERVAL_MS: u64 = 100;
/// Pages that a capture may hold in memory before it must hand them to the store (64 MiB).
pub const STAGING_PAGES_MAX: usize = 16 * 1024;
/// The same where memory is scarce (1 MiB).
pub const STAGING_PAGES_MIN: u64 = 256;
/// The smallest limit on what a world may take of the machine's memory, in bytes.
pub const MEMORY_BYTES_MIN: u64 = 16 << 20;
/// Size of the nursery that asks for a minor collection, in bytes.
pub const NURSERY_BYTES: u64 = 8 << 20;
/// Stack quota of a thread, in bytes.
pub const STACK_BYTES: u64 = 8 << 20;
/// Address space set aside for each mounted stack, in bytes; the quota is a part of it.
pub const STACK_RESERVED_BYTES: u64 = 64 << 20;
/// What the objects of a world may take on the disk unless the user says otherwise, in bytes.
pub const HEAP_BYTES: u64 = 1 << 40;
/// Largest single object, in bytes.
pub const OBJECT_BYTES_MAX: u64 = 1 << 40;
/// Largest module file, in bytes.
pub const MODULE_BYTES_MAX: usize = 256 << 20;

const _: () = assert!(STACK_BYTES <= STACK_RESERVED_BYTES);
const _: () = assert!(4 * STAGING_PAGES_MIN * PAGE_SIZE as u64 <= MEMORY_BYTES_MIN);
const _: () = assert!(OBJECT_BYTES_MAX < WORLD_SIZE);
const _: () = assert!(NURSERY_BYTES.is_multiple_of(PAGE_SIZE as u64));
