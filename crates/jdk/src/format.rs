//! The bytes of a copy of a library, as `docs/formats/library.md` has them. All integers are little-endian.

use base::checksum::{checksum, digest};
use std::fmt;
use std::str::FromStr;

pub(crate) const MAGIC: [u8; 8] = *b"PhJavLib";
/// Version of the format.
pub(crate) const VERSION: u32 = 1;
/// Bytes of the head.
pub(crate) const HEAD_BYTES: usize = 64;
/// Bytes of a block in the table of blocks.
pub(crate) const BLOCK_BYTES: usize = 32;
/// Bytes of an entry.
pub(crate) const ENTRY_BYTES: usize = 24;
/// Contents that a block has, unless a single one is larger.
pub(crate) const BLOCK_CONTENT: usize = 64 << 10;
/// Number of the module of files that are in none: those of the JDK itself.
pub(crate) const NO_MODULE: u16 = u16::MAX;

/// Identity of a library: the hash of its contents (XXH3 with 128 bits), whatever they are packed by. It finds damage and
/// tells releases apart; it does not authenticate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LibraryId(pub u128);

impl fmt::Display for LibraryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for LibraryId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<LibraryId, Self::Err> {
        u128::from_str_radix(text, 16).map(LibraryId)
    }
}

/// What stands at the beginning of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) blocks: u32,
    pub(crate) entries: u32,
    /// Where the index begins; it goes to the end of the file.
    pub(crate) index_at: u64,
    pub(crate) index_len: u64,
    /// Checksum of the index.
    pub(crate) index_sum: u64,
}

impl Head {
    pub(crate) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.blocks.to_le_bytes());
        bytes.extend_from_slice(&self.entries.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        for number in [self.index_at, self.index_len, self.index_sum, 0] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        let mut head = [0; HEAD_BYTES];
        head.copy_from_slice(&bytes);
        head
    }

    /// The head, or what is wrong with it.
    pub(crate) fn decode(bytes: &[u8; HEAD_BYTES]) -> Result<Head, &'static str> {
        if bytes[..8] != MAGIC {
            return Err("it is no copy of a library");
        }
        if u32_at(bytes, 8) != VERSION {
            return Err("it is of a version of the format that this build does not read");
        }
        if u64_at(bytes, HEAD_BYTES - 8) != checksum(&bytes[..HEAD_BYTES - 8]) {
            return Err("its head is not as it was written");
        }
        Ok(Head {
            blocks: u32_at(bytes, 12),
            entries: u32_at(bytes, 16),
            index_at: u64_at(bytes, 24),
            index_len: u64_at(bytes, 32),
            index_sum: u64_at(bytes, 40),
        })
    }
}

/// Where a block lies, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) at: u64,
    /// Bytes in the file; as many as it holds when they are not packed.
    pub(crate) stored: u32,
    /// Bytes that it holds.
    pub(crate) len: u32,
    /// Hash of these.
    pub(crate) hash: u128,
}

impl Block {
    pub(crate) fn encode(&self) -> [u8; BLOCK_BYTES] {
        let mut bytes = [0; BLOCK_BYTES];
        bytes[..8].copy_from_slice(&self.at.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.stored.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.len.to_le_bytes());
        bytes[16..].copy_from_slice(&self.hash.to_le_bytes());
        bytes
    }
    pub(crate) fn decode(bytes: &[u8]) -> Block {
        let mut hash = [0; 16];
        hash.copy_from_slice(&bytes[16..32]);
        Block {
            at: u64_at(bytes, 0),
            stored: u32_at(bytes, 8),
            len: u32_at(bytes, 12),
            hash: u128::from_le_bytes(hash),
        }
    }
}

/// Where the content of one name is. Entries are sorted, by key first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Checksum of its name in the module.
    pub(crate) key: u64,
    pub(crate) module: u16,
    /// Bytes of the name, which stands in front of the content.
    pub(crate) name_len: u16,
    pub(crate) block: u32,
    /// Where in the block the name begins.
    pub(crate) offset: u32,
    /// Bytes of the content.
    pub(crate) len: u32,
}

impl Entry {
    pub(crate) fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.module.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.name_len.to_le_bytes());
        for (at, number) in [(12, self.block), (16, self.offset), (20, self.len)] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
    pub(crate) fn decode(bytes: &[u8]) -> Entry {
        Entry {
            key: u64_at(bytes, 0),
            module: u32_at(bytes, 8) as u16,
            name_len: (u32_at(bytes, 8) >> 16) as u16,
            block: u32_at(bytes, 12),
            offset: u32_at(bytes, 16),
            len: u32_at(bytes, 20),
        }
    }
}

/// The key of a name.
pub(crate) fn key_of(name: &str) -> u64 {
    checksum(name.as_bytes())
}

/// The identity of a library with this index: of the lengths and hashes of its blocks, its entries and the file `release`.
pub(crate) fn id_of(blocks: &[Block], entries: &[u8], release: &str) -> LibraryId {
    let mut bytes = Vec::with_capacity(blocks.len() * 20 + entries.len() + release.len());
    for block in blocks {
        bytes.extend_from_slice(&block.len.to_le_bytes());
        bytes.extend_from_slice(&block.hash.to_le_bytes());
    }
    bytes.extend_from_slice(entries);
    bytes.extend_from_slice(release.as_bytes());
    LibraryId(digest(&bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
