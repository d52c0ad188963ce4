//! A sparse set of pages, for mappers: which pages are in memory, which read as zero.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use base::{PageIndex, PageRange};

const CHUNK_PAGES: u64 = 4096;

/// A set of pages, in chunks of 512 bytes for 16 MiB of world.
#[derive(Default, Debug)]
pub struct PageSet {
    chunks: BTreeMap<u32, Box<[u64; 64]>>,
    len: u64,
}

impl PageSet {
    /// The empty set.
    pub fn new() -> PageSet {
        PageSet::default()
    }

    /// Number of pages in the set.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the set holds no page.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the set holds `page`.
    pub fn contains(&self, page: PageIndex) -> bool {
        let (chunk, word, bit) = place(page);
        self.chunks.get(&chunk).is_some_and(|words| words[word] >> bit & 1 != 0)
    }

    /// Adds `page`; whether it was new.
    pub fn insert(&mut self, page: PageIndex) -> bool {
        let (chunk, word, bit) = place(page);
        let words = self.chunks.entry(chunk).or_insert_with(|| Box::new([0; 64]));
        let new = words[word] >> bit & 1 == 0;
        words[word] |= 1 << bit;
        self.len += u64::from(new);
        new
    }

    /// Takes `page` out; whether it was there.
    pub fn remove(&mut self, page: PageIndex) -> bool {
        let (chunk, word, bit) = place(page);
        let Some(words) = self.chunks.get_mut(&chunk) else { return false };
        let there = words[word] >> bit & 1 != 0;
        words[word] &= !(1 << bit);
        self.len -= u64::from(there);
        there
    }

    /// Takes every page of `range` out.
    pub fn remove_range(&mut self, range: PageRange) {
        let end = u64::from(range.first.0) + range.count;
        let mut page = u64::from(range.first.0);
        while page < end {
            let chunk = (page / CHUNK_PAGES) as u32;
            let chunk_end = (u64::from(chunk) + 1) * CHUNK_PAGES;
            if let Some(words) = self.chunks.get_mut(&chunk) {
                if page == chunk_end - CHUNK_PAGES && chunk_end <= end {
                    self.len -= words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
                    self.chunks.remove(&chunk);
                } else {
                    for page in page..chunk_end.min(end) {
                        self.remove(PageIndex(page as u32));
                    }
                }
            }
            page = chunk_end;
        }
    }
}

fn place(page: PageIndex) -> (u32, usize, u32) {
    let page = u64::from(page.0);
    ((page / CHUNK_PAGES) as u32, (page % CHUNK_PAGES / 64) as usize, (page % 64) as u32)
}
