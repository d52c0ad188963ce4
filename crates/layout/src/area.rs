//! The areas of the address space of a world.

use base::limits::STACK_RESERVED_BYTES;
use base::{Addr, PAGE_SIZE, WORLD_BASE, WORLD_SIZE};

const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// A part of the address space: `start..end`, addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First address.
    pub start: Addr,
    /// One past the last address.
    pub end: Addr,
}

impl Area {
    const fn new(from: u64, to: u64) -> Area {
        assert!(from < to && to <= WORLD_SIZE);
        Area { start: Addr(WORLD_BASE + from), end: Addr(WORLD_BASE + to) }
    }
    /// Whether the address lies in the area.
    pub const fn contains(self, addr: Addr) -> bool {
        addr.0 >= self.start.0 && addr.0 < self.end.0
    }
    /// Size in bytes.
    pub const fn len(self) -> u64 {
        self.end.0 - self.start.0
    }
    /// An area is never empty.
    pub const fn is_empty(self) -> bool {
        false
    }
}

/// The root page (see [`crate::schema::root`]); page 0 stays untouched so that small offsets from null fault.
pub const ROOT: Addr = Addr(WORLD_BASE + PAGE_SIZE as u64);
/// Metadata of the heap and the scheduler.
pub const METADATA: Area = Area::new(PAGE_SIZE as u64, 64 * GIB);
/// New objects; scratch: never stored, empty at every flip.
pub const NURSERY: Area = Area::new(64 * GIB, 128 * GIB);
/// Mounted stacks.
pub const STACKS: Area = Area::new(TIB, 2 * TIB);
/// Objects of the old space.
pub const OBJECTS: Area = Area::new(2 * TIB, 8 * TIB);
/// Large objects, each on pages of its own.
pub const LARGE: Area = Area::new(8 * TIB, 12 * TIB);
/// Linear memories (reserved).
pub const LINEAR: Area = Area::new(12 * TIB, 16 * TIB);

/// How many stacks can be mounted at once.
pub const STACKS_MAX: u64 = STACKS.len() / STACK_RESERVED_BYTES;
