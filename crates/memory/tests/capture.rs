//! Captures of a simulated world against a model: what the store gets is the world as it stood at the flip.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use base::limits::STAGING_PAGES_MAX;
use base::prng::Prng;
use base::{Addr, Epoch, PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use memory::{Capture, Memory, MemoryConfig, PageSet, Progress};
use platform::PageSource;
use sim::SimMapper;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

/// What a store would hold.
#[derive(Default, Clone)]
struct Stored(BTreeMap<u32, Box<PageBytes>>);

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        match self.0.get(&page.0) {
            Some(stored) => bytes.copy_from_slice(&**stored),
            None => bytes.fill(0),
        }
        Ok(self.0.contains_key(&page.0))
    }
}

impl Stored {
    fn put(&mut self, page: PageIndex, bytes: &PageBytes) {
        self.0.insert(page.0, Box::new(*bytes));
    }
    fn read(&self, addr: Addr) -> u64 {
        let Some(page) = self.0.get(&addr.page().0) else { return 0 };
        let at = addr.offset() as usize % PAGE_SIZE;
        u64::from_le_bytes(page[at..at + 8].try_into().unwrap())
    }
}

const SCRATCH: PageRange = PageRange { first: PageIndex(1 << 24), count: 1 << 10 };

fn open(stored: &Stored, last: Epoch) -> Arc<Memory> {
    let mapper = Arc::new(SimMapper::new().unwrap());
    let mut config = MemoryConfig::new(SCRATCH);
    config.stored_pages = stored.0.keys().map(|page| PageIndex(*page)).collect();
    Memory::new(mapper, Arc::new(stored.clone()), config, last).unwrap()
}

fn keep(stored: &mut Stored) -> impl FnMut(PageIndex, &PageBytes) -> Result<(), Infallible> {
    |page, bytes| {
        stored.put(page, bytes);
        Ok(())
    }
}

fn finish(mut capture: Capture, stored: &mut Stored) {
    while capture.step(7, &mut keep(stored)).unwrap() != Progress::Done {}
    capture.committed();
}

/// Addresses in three areas far apart, a few of them at the very ends of the world.
fn any_addr(prng: &mut Prng) -> Addr {
    let area = [4096, 2 << 40, WORLD_SIZE - (1 << 20)][prng.below(3) as usize];
    Addr::BASE.add(area + prng.below((1 << 20) / 8 - 512) * 8)
}

#[test]
fn snapshots_equal_the_model_while_writes_go_on() {
    for seed in 0..20 {
        let mut prng = Prng::new(seed);
        let (mut stored, mut model) = (Stored::default(), BTreeMap::new());
        let mut memory = open(&stored, Epoch(0));
        for round in 0..30 {
            let write = |prng: &mut Prng, model: &mut BTreeMap<Addr, u64>| {
                let (addr, value) = (any_addr(prng), prng.next_u64());
                memory.store_u64(addr, value);
                model.insert(addr, value);
            };
            for _ in 0..prng.below(200) {
                write(&mut prng, &mut model);
            }
            if prng.chance(1, 3) {
                let pages = PageRange { first: any_addr(&mut prng).page(), count: 1 + prng.below(20) };
                let pages =
                    PageRange { count: pages.count.min((1 << 32) - u64::from(pages.first.0)), ..pages };
                memory.discard(pages).unwrap();
                model.retain(|addr, _| !pages.contains(addr.page()));
            }
            let ended = memory.flip();
            let frozen = model.clone();
            for _ in 0..prng.below(20) {
                write(&mut prng, &mut model);
            }
            let mut capture = memory.begin_capture();
            assert_eq!(capture.epoch(), ended);
            let mut sink = Stored(stored.0.clone());
            let fails = prng.chance(1, 4);
            loop {
                for _ in 0..prng.below(20) {
                    write(&mut prng, &mut model);
                }
                if prng.chance(1, 8) {
                    let pages = PageRange { first: any_addr(&mut prng).page(), count: 2 };
                    memory.discard(pages).unwrap();
                    model.retain(|addr, _| !pages.contains(addr.page()));
                }
                if fails && prng.chance(1, 4) {
                    capture.abandon();
                    break;
                }
                if capture.step(1 + prng.below(9) as usize, &mut keep(&mut sink)).unwrap() == Progress::Done {
                    assert!(capture.restart_drain());
                    finish(capture, &mut sink);
                    stored = sink;
                    for (addr, value) in &frozen {
                        assert_eq!(stored.read(*addr), *value, "seed {seed} round {round} {addr}");
                    }
                    let written = |bytes: &PageBytes| bytes.chunks(8).filter(|word| **word != [0; 8]).count();
                    let words: usize = stored.0.values().map(|bytes| written(bytes)).sum();
                    assert_eq!(words, frozen.len(), "seed {seed} round {round}");
                    break;
                }
            }
            if prng.chance(1, 5) {
                // Power is cut and comes back: what was committed last is there. A flip with all captured proves it.
                memory.flip();
                finish(memory.begin_capture(), &mut stored);
                let last = Epoch(memory.epoch().0 - 1);
                memory = open(&stored, last);
                for (addr, value) in &model {
                    assert_eq!(memory.load_u64(*addr), *value);
                }
            }
        }
    }
}

#[test]
fn scratch_is_never_stored() {
    let mut stored = Stored::default();
    let memory = open(&stored, Epoch(4));
    memory.store_u64(SCRATCH.first.addr(), 5);
    memory.store_u64(Addr::BASE.add(4096), 6);
    assert_eq!(memory.flip(), Epoch(5));
    finish(memory.begin_capture(), &mut stored);
    assert_eq!(stored.0.keys().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn the_next_epoch_takes_an_abandoned_one_along() {
    let mut stored = Stored::default();
    let memory = open(&stored, Epoch(0));
    memory.store_u64(Addr::BASE.add(4096), 6);
    assert_eq!(memory.flip(), Epoch(1));
    let mut capture = memory.begin_capture();
    assert_eq!(capture.step(9, &mut |_, _| Err("disk full")), Err("disk full"));
    assert_eq!(capture.step(9, &mut |_, _| Err("disk full")), Err("disk full"));
    capture.abandon();
    assert_eq!(memory.flip(), Epoch(2));
    finish(memory.begin_capture(), &mut stored);
    assert_eq!(stored.read(Addr::BASE.add(4096)), 6);
    assert_eq!(memory.epoch(), Epoch(3));
}

#[test]
fn copies_of_any_alignment_and_overlap() {
    let memory = open(&Stored::default(), Epoch(0));
    let base = Addr::BASE.add(3 << 12);
    let mut prng = Prng::new(7);
    let mut model = vec![0u8; 3000];
    for _ in 0..2000 {
        let (from, to) = (prng.below(1500) as usize, prng.below(1500) as usize);
        let len_max = if prng.chance(1, 2) { 40 } else { 1500 };
        let len = prng.below(len_max) as usize;
        match prng.below(3) {
            0 => {
                model.copy_within(from..from + len, to);
                memory.copy(base.add(from as u64), base.add(to as u64), len as u64);
            }
            1 => {
                let value = prng.next_u64() as u8;
                model[to..to + len].fill(value);
                memory.fill(base.add(to as u64), len as u64, value);
            }
            _ => {
                let mut bytes = vec![0; len];
                prng.fill(&mut bytes);
                model[to..to + len].copy_from_slice(&bytes);
                memory.write_bytes(base.add(to as u64), &bytes);
            }
        }
        let mut seen = vec![0; len];
        memory.read_bytes(base.add(from as u64), &mut seen);
        assert_eq!(seen, model[from..from + len]);
    }
}

#[test]
fn addresses_outside_the_world_panic() {
    let memory = open(&Stored::default(), Epoch(0));
    let bad = |f: &dyn Fn()| assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err());
    bad(&|| _ = memory.load_u64(Addr::NULL));
    bad(&|| _ = memory.load_u64(Addr::BASE.add(4)));
    bad(&|| _ = memory.load_u8(Addr::END));
    bad(&|| _ = memory.load_u32(Addr(u64::MAX - 3)));
    bad(&|| memory.write_bytes(Addr(Addr::END.0 - 3), &[0; 4]));
    bad(&|| memory.copy(Addr::BASE, Addr(u64::MAX), 1));
    assert_eq!(memory.load_u8(Addr(Addr::END.0 - 1)), 0);
}

#[test]
fn more_pages_than_staging_holds() {
    let pages = STAGING_PAGES_MAX as u64 + 100;
    let mut stored = Stored::default();
    let memory = open(&stored, Epoch(0));
    let page = |number: u64| Addr::BASE.add((5000 + number) * PAGE_SIZE as u64);
    let write = |value: u64| (0..pages).for_each(|number| memory.store_u64(page(number), value));
    write(1);
    memory.flip();
    let mut capture = memory.begin_capture();
    while capture.step(1000, &mut keep(&mut stored)).unwrap() != Progress::Done {}
    assert!(!capture.restart_drain(), "some pages are gone from staging");
    capture.abandon();
    assert_eq!(memory.stats().spilled_pages, STAGING_PAGES_MAX as u64);

    stored = Stored::default();
    memory.flip();
    let mut capture = memory.begin_capture();
    while capture.pages() < STAGING_PAGES_MAX {
        capture.step(64, &mut keep(&mut stored)).unwrap();
    }
    write(2);
    finish(capture, &mut stored);
    assert!((0..pages).all(|number| stored.read(page(number)) == 1));
    memory.flip();
    finish(memory.begin_capture(), &mut stored);
    assert!((0..pages).all(|number| stored.read(page(number)) == 2));
}

#[test]
fn page_sets_equal_a_model() {
    let mut prng = Prng::new(3);
    let (mut set, mut model) = (PageSet::new(), BTreeSet::new());
    for _ in 0..20_000 {
        let page = PageIndex((u32::MAX - 20_000) + prng.below(20_000) as u32);
        match prng.below(20) {
            0 => {
                let range = PageRange { first: page, count: prng.below(u64::from(u32::MAX - page.0)) };
                set.remove_range(range);
                model.retain(|page| !range.contains(*page));
            }
            1..8 => assert_eq!(set.remove(page), model.remove(&page)),
            _ => assert_eq!(set.insert(page), model.insert(page)),
        }
        assert_eq!((set.len(), set.is_empty()), (model.len() as u64, model.is_empty()));
        assert_eq!(set.contains(page), model.contains(&page));
    }
}
