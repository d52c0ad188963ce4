//! The address space of a world: 16 TiB at one fixed address, in pages of 4 KiB, and the names of its snapshots.

use core::fmt;

/// Size of a page, in bytes: the unit of tracking, storing and paging.
pub const PAGE_SIZE: usize = 4096;
/// `log2(PAGE_SIZE)`.
pub const PAGE_SHIFT: u32 = 12;
/// Address at which every world begins, on every platform: a reference in the world is an address.
pub const WORLD_BASE: u64 = 0x1000_0000_0000;
/// Size of the address space reserved for a world, in bytes (16 TiB).
pub const WORLD_SIZE: u64 = 1 << 44;

const _: () = assert!(PAGE_SIZE == 1 << PAGE_SHIFT);
const _: () = assert!(WORLD_SIZE >> PAGE_SHIFT == 1 << 32, "a PageIndex is 32 bits");

/// An address in the world, in bytes, `WORLD_BASE..WORLD_BASE + WORLD_SIZE`, or zero for none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Addr(pub u64);

impl Addr {
    /// No address.
    pub const NULL: Addr = Addr(0);
    /// The first address of the world.
    pub const BASE: Addr = Addr(WORLD_BASE);
    /// One past the last address of the world.
    pub const END: Addr = Addr(WORLD_BASE + WORLD_SIZE);

    /// Whether this is no address.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
    /// Whether this lies in the world.
    pub const fn in_world(self) -> bool {
        self.0.wrapping_sub(WORLD_BASE) < WORLD_SIZE
    }
    /// Bytes from the start of the world.
    pub const fn offset(self) -> u64 {
        self.0.wrapping_sub(WORLD_BASE)
    }
    /// The page that holds this address.
    ///
    /// # Panics
    /// When the address lies outside the world.
    pub const fn page(self) -> PageIndex {
        assert!(self.in_world());
        PageIndex((self.offset() >> PAGE_SHIFT) as u32)
    }
    /// This address moved up by `bytes`.
    pub const fn add(self, bytes: u64) -> Addr {
        Addr(self.0 + bytes)
    }
    /// This address moved down by `bytes`.
    pub const fn sub(self, bytes: u64) -> Addr {
        Addr(self.0 - bytes)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{:x}", self.0)
    }
}
impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{:x}", self.0)
    }
}

/// Index of a page of the world: bytes from [`WORLD_BASE`] divided by [`PAGE_SIZE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct PageIndex(pub u32);

impl PageIndex {
    /// The first address of the page.
    pub const fn addr(self) -> Addr {
        Addr(WORLD_BASE + ((self.0 as u64) << PAGE_SHIFT))
    }
}

/// Pages `first..first + count`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PageRange {
    /// The first page.
    pub first: PageIndex,
    /// How many pages.
    pub count: u64,
}

impl PageRange {
    /// The pages that `len` bytes from `start` touch.
    pub const fn covering(start: Addr, len: u64) -> PageRange {
        if len == 0 {
            return PageRange { first: PageIndex((start.offset() >> PAGE_SHIFT) as u32), count: 0 };
        }
        let first = start.offset() >> PAGE_SHIFT;
        let last = (start.offset() + len - 1) >> PAGE_SHIFT;
        PageRange { first: PageIndex(first as u32), count: last - first + 1 }
    }
    /// Each page in order.
    pub fn iter(self) -> impl Iterator<Item = PageIndex> {
        (0..self.count).map(move |i| PageIndex((self.first.0 as u64 + i) as u32))
    }
    /// Whether the page is one of these.
    pub const fn contains(self, page: PageIndex) -> bool {
        page.0 >= self.first.0 && (page.0 as u64) < self.first.0 as u64 + self.count
    }
}

/// Number of a snapshot: the first commit of a world is epoch 1; 0 stands for the empty world before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    pub const fn next(self) -> Epoch {
        Epoch(self.0 + 1)
    }
}
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Identity of a world, drawn at random when it is created; every record in its file carries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WorldId(pub [u8; 16]);

impl fmt::Debug for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl fmt::Display for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}
