//! The content of a simulated disk: blocks shared between images, with a hash that follows each change.
//!
//! *Invariant:* equal content and length mean equal hashes, whatever way led there.

use base::PAGE_SIZE;
use base::checksum::checksum;
use std::sync::{Arc, OnceLock};

/// Bytes that a disk writes in one piece.
const SECTOR: usize = 512;

/// A block of 4 KiB that is never changed in place.
#[derive(Clone, Debug)]
pub struct Block {
    bytes: Arc<[u8; PAGE_SIZE]>,
    hash: u64,
}

impl Block {
    /// A block with these bytes.
    pub fn new(bytes: [u8; PAGE_SIZE]) -> Block {
        Block { hash: checksum(&bytes), bytes: Arc::new(bytes) }
    }
    /// Its bytes.
    pub fn bytes(&self) -> &[u8; PAGE_SIZE] {
        &self.bytes
    }
    /// The block with the sectors of `newer` that `mask` has a bit for.
    pub fn torn(&self, newer: &Block, mask: u8) -> Block {
        match mask {
            0 => self.clone(),
            0xff => newer.clone(),
            _ => {
                let mut bytes = *self.bytes;
                for sector in (0..PAGE_SIZE / SECTOR).filter(|s| mask & (1 << s) != 0) {
                    let range = sector * SECTOR..(sector + 1) * SECTOR;
                    bytes[range.clone()].copy_from_slice(&newer.bytes[range]);
                }
                Block::new(bytes)
            }
        }
    }
}

/// All that a disk holds at one instant.
#[derive(Clone, Debug, Default)]
pub struct Image {
    blocks: Vec<Block>,
    hash: u64,
}

fn zero_block() -> Block {
    static ZERO: OnceLock<Block> = OnceLock::new();
    ZERO.get_or_init(|| Block::new([0; PAGE_SIZE])).clone()
}

/// What a block adds to the hash of the image.
fn share(index: usize, hash: u64) -> u64 {
    let mut z = hash ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Image {
    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }
    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
    /// Hash of content and length.
    pub fn hash(&self) -> u64 {
        self.hash ^ share(self.blocks.len(), !0)
    }
    /// Block `index`, zeros behind the end.
    pub fn block(&self, index: usize) -> Block {
        self.blocks.get(index).cloned().unwrap_or_else(zero_block)
    }
    /// Replaces block `index`; nothing happens behind the end.
    pub fn set(&mut self, index: usize, block: Block) {
        if let Some(old) = self.blocks.get_mut(index) {
            self.hash ^= share(index, old.hash) ^ share(index, block.hash);
            *old = block;
        }
    }
    /// Makes the image at least `len` blocks long, with zeros.
    pub fn grow(&mut self, len: usize) {
        while self.blocks.len() < len {
            self.hash ^= share(self.blocks.len(), zero_block().hash);
            self.blocks.push(zero_block());
        }
    }
    /// Cuts the image to `len` blocks.
    pub fn shrink(&mut self, len: usize) {
        while self.blocks.len() > len {
            if let Some(block) = self.blocks.pop() {
                self.hash ^= share(self.blocks.len(), block.hash);
            }
        }
    }
    /// Flips one bit.
    pub fn flip(&mut self, index: usize, bit: usize) {
        let mut bytes = *self.block(index).bytes();
        bytes[bit / 8 % PAGE_SIZE] ^= 1 << (bit % 8);
        self.set(index, Block::new(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_content_and_length_alone() {
        let (mut a, mut b) = (Image::default(), Image::default());
        a.grow(3);
        b.grow(3);
        a.set(1, Block::new([7; PAGE_SIZE]));
        a.set(2, Block::new([8; PAGE_SIZE]));
        b.set(2, Block::new([8; PAGE_SIZE]));
        assert_ne!(a.hash(), b.hash());
        b.set(1, Block::new([9; PAGE_SIZE]));
        b.set(1, Block::new([7; PAGE_SIZE]));
        assert_eq!(a.hash(), b.hash());
        b.grow(4);
        assert_ne!(a.hash(), b.hash());
        b.shrink(3);
        assert_eq!(a.hash(), b.hash());
    }

    #[test]
    fn a_torn_block_mixes_sectors() {
        let torn = Block::new([1; PAGE_SIZE]).torn(&Block::new([2; PAGE_SIZE]), 0b10);
        assert_eq!((torn.bytes()[0], torn.bytes()[SECTOR], torn.bytes()[2 * SECTOR]), (1, 2, 1));
    }
}
