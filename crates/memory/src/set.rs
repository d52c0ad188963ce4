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

    /// The first run of pages of the set from page number `from` on, at most `pages_max` of them and none from another
    /// chunk.
    pub fn run_from(&self, from: u64, pages_max: u64) -> Option<PageRange> {
        let first_chunk = u32::try_from(from / CHUNK_PAGES).ok()?;
        for (chunk, words) in self.chunks.range(first_chunk..) {
            let start = u64::from(*chunk) * CHUNK_PAGES;
            let has = |page: u64| words[((page - start) / 64) as usize] >> (page % 64) & 1 != 0;
            let mut page = from.max(start);
            while page < start + CHUNK_PAGES && !has(page) {
                // Past a word without any at once.
                let rest = words[((page - start) / 64) as usize] >> (page % 64);
                page += if rest == 0 { 64 - page % 64 } else { u64::from(rest.trailing_zeros()) };
            }
            if page < start + CHUNK_PAGES {
                let end = (start + CHUNK_PAGES).min(page + pages_max);
                let count = (page..end).take_while(|page| has(*page)).count() as u64;
                return Some(PageRange { first: PageIndex(page as u32), count });
            }
        }
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn runs_are_found_from_any_page_on() {
        let mut set = PageSet::new();
        let pages = [0, 1, 2, 70, 4095, 4096, 4097, 1 << 31, u32::MAX];
        pages.iter().for_each(|page| assert!(set.insert(PageIndex(*page))));
        let run = |from: u64, max: u64| set.run_from(from, max).map(|run| (run.first.0, run.count));
        assert_eq!([run(0, 9), run(0, 2), run(1, 9), run(3, 9)], [(0, 3), (0, 2), (1, 2), (70, 1)].map(Some));
        // A run ends with its chunk.
        assert_eq!([run(71, 9), run(4096, 9), run(4098, 9)], [(4095, 1), (4096, 2), (1 << 31, 1)].map(Some));
        assert_eq!([run((1 << 31) + 1, 9), run(1 << 32, 9)], [Some((u32::MAX, 1)), None]);
        let mut all: Vec<u32> = Vec::new();
        let mut from = 0;
        while let Some(run) = set.run_from(from, 1) {
            all.push(run.first.0);
            from = u64::from(run.first.0) + 1;
        }
        assert_eq!(all, pages);
    }
}
