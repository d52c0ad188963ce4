//! How much of a hot set stays in memory beside a scan.

use crate::fatal::Fatal;
use crate::sys::Placement;
use crate::uffd::UffdMapper;
use base::prng::Prng;
use base::{Addr, Epoch, PAGE_SIZE, PageBytes, PageIndex, PageRange};
use memory::{Memory, MemoryConfig, MemoryError};
use platform::{PageMapper, PageSource};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where the hot set and what is scanned begin.
const HOT_START: u64 = 2 << 40;
const SCAN_START: u64 = 3 << 40;
/// Pages of the scan to each touch of the hot set.
const SCANNED_PER_TOUCH: u64 = 4;
/// Touches of each hot page, on average, before the scan begins.
const WARM_UP: u64 = 6;

/// What [`scan`] found.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScanFigures {
    /// Share of the touches of the hot set that needed no read.
    pub hot_hits: f64,
    /// What the share would be if the page touched longest ago always went first.
    pub lru_hits: f64,
    /// Pages of the scan brought in for each touch of it that had to wait.
    pub pages_a_scan_fault: f64,
}

/// A world of which every page is stored, with its number in it; counts reads of the two sets.
#[derive(Default)]
struct Numbered {
    hot: AtomicU64,
    scanned: AtomicU64,
}

fn content(page: PageIndex) -> PageBytes {
    let mut bytes = [0; PAGE_SIZE];
    bytes[..4].copy_from_slice(&page.0.to_le_bytes());
    bytes
}

impl PageSource for Numbered {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        let count = if page < Addr::BASE.add(SCAN_START).page() { &self.hot } else { &self.scanned };
        count.fetch_add(1, Relaxed);
        *bytes = content(page);
        Ok(true)
    }
    fn holds(&self, page: PageIndex, bytes: &PageBytes) -> Result<bool, String> {
        Ok(*bytes == content(page))
    }
}

/// The pages touched last, as many as memory has.
#[derive(Default)]
struct Lru {
    last: BTreeMap<u64, u64>,
    by_time: BTreeMap<u64, u64>,
    time: u64,
}

impl Lru {
    /// Touches a page; whether it was there.
    fn touch(&mut self, page: u64, pages_max: usize) -> bool {
        self.time += 1;
        let before = self.last.insert(page, self.time);
        if let Some(before) = before {
            self.by_time.remove(&before);
        }
        self.by_time.insert(self.time, page);
        if self.by_time.len() > pages_max
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.last.remove(&oldest);
        }
        before.is_some()
    }
}

/// Touches a hot set of half of `memory_bytes` at random, beside a scan over four times as much.
///
/// # Errors
/// When this machine does not grant a world mapped with `userfaultfd`.
///
/// # Panics
/// When a page holds what it should not.
pub fn scan(memory_bytes: u64) -> Result<ScanFigures, MemoryError> {
    let source = Arc::new(Numbered::default());
    let mapper = Arc::new(UffdMapper::new(Placement::Anywhere, Fatal::exit())?);
    let config = MemoryConfig::new(PageRange { first: PageIndex(1 << 24), count: 0 });
    let memory = Memory::new(mapper.clone(), source.clone(), config, Epoch(0))?;
    memory.set_limit(memory_bytes);
    let pages = memory.resident_max() / PAGE_SIZE as u64;
    let (hot_pages, scan_pages) = (pages / 2, pages * 4);
    let mut lru = Lru::default();
    let touch = |start: u64, number: u64| {
        let page = Addr::BASE.add(start).page().0 + number as u32;
        assert_eq!(memory.load_u32(PageIndex(page).addr()), page, "a page holds what another one should");
    };
    let mut dice = Prng::new(1);
    for _ in 0..hot_pages * WARM_UP {
        let number = dice.below(hot_pages);
        touch(HOT_START, number);
        lru.touch(number, pages as usize);
    }
    let hot_before = source.hot.load(Relaxed);
    let before = mapper.traffic();
    let (faults_before, rescued_before) = (before.faults, before.rescued);
    let (mut touches, mut lru_hits) = (0, 0);
    for at in 0..scan_pages {
        touch(SCAN_START, at);
        lru.touch(hot_pages + at, pages as usize);
        if at % SCANNED_PER_TOUCH == 0 {
            let number = dice.below(hot_pages);
            touch(HOT_START, number);
            touches += 1;
            lru_hits += u64::from(lru.touch(number, pages as usize));
        }
    }
    let hot_reads = source.hot.load(Relaxed) - hot_before;
    let traffic = mapper.traffic();
    let scan_faults = traffic.faults - faults_before - hot_reads - (traffic.rescued - rescued_before);
    Ok(ScanFigures {
        hot_hits: 1.0 - hot_reads as f64 / f64::from(touches),
        lru_hits: lru_hits as f64 / f64::from(touches),
        pages_a_scan_fault: source.scanned.load(Relaxed) as f64 / scan_faults.max(1) as f64,
    })
}
