//! The three mappers under the same programs: money moves between accounts while snapshots are taken, and every snapshot,
//! and every world mapped again from one, has the sum that it must have.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(unsafe_code, reason = "a foreign fault has to be made")]

use base::prng::Prng;
use base::{Addr, Epoch, PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use host::{Fatal, Placement, SoftMapper, UffdMapper, choose_mapper};
use memory::{Memory, MemoryConfig, Progress};
use platform::{PageMapper, PageSource};
use sim::SimMapper;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::thread;
use std::time::Duration;

type MakeMapper = fn(Fatal) -> Arc<dyn PageMapper>;

fn userfaultfd(fatal: Fatal) -> Arc<dyn PageMapper> {
    Arc::new(UffdMapper::new(Placement::Anywhere, fatal).expect("the tests need userfaultfd (Linux 6.7)"))
}
fn software(fatal: Fatal) -> Arc<dyn PageMapper> {
    Arc::new(SoftMapper::new(Placement::Anywhere, fatal, 512).unwrap())
}
fn simulated(_fatal: Fatal) -> Arc<dyn PageMapper> {
    Arc::new(SimMapper::new().unwrap())
}

/// Fails the test run at once: a thread of it hangs.
fn no_fatal() -> Fatal {
    Fatal::call(|message| {
        eprintln!("{message}");
        std::process::abort();
    })
}

/// A store in a map.
#[derive(Default)]
struct Stored {
    pages: Mutex<BTreeMap<u32, Box<PageBytes>>>,
    /// The number of a page that cannot be read, if it is not 0.
    unreadable: AtomicU32,
    /// The number of a page whose reads last until this is 0 again, and how many have begun.
    slow: AtomicU32,
    slow_reads: AtomicU32,
}

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        if page.0 != 0 && self.unreadable.load(SeqCst) == page.0 {
            return Err("the checksum does not hold".into());
        }
        let pages = self.pages.lock().unwrap();
        if page.0 != 0 && self.slow.load(SeqCst) == page.0 {
            // As a disk that is asked before and answers late.
            let before = pages.get(&page.0).map(|stored| **stored);
            drop(pages);
            self.slow_reads.fetch_add(1, SeqCst);
            while self.slow.load(SeqCst) == page.0 {
                thread::yield_now();
            }
            *bytes = before.unwrap_or([0; PAGE_SIZE]);
            return Ok(before.is_some());
        }
        match pages.get(&page.0) {
            Some(stored) => bytes.copy_from_slice(&**stored),
            None => bytes.fill(0),
        }
        Ok(pages.contains_key(&page.0))
    }
    fn holds(&self, page: PageIndex, bytes: &PageBytes) -> Result<bool, String> {
        let pages = self.pages.lock().unwrap();
        Ok(pages.get(&page.0).map_or(&[0; PAGE_SIZE], |stored| &**stored) == bytes)
    }
}

impl Stored {
    fn put(&self, pages: Vec<(PageIndex, Box<PageBytes>)>) {
        self.pages.lock().unwrap().extend(pages.into_iter().map(|(page, bytes)| (page.0, bytes)));
    }
    fn read(&self, addr: Addr) -> u64 {
        let pages = self.pages.lock().unwrap();
        let Some(page) = pages.get(&addr.page().0) else { return 0 };
        let at = addr.offset() as usize % PAGE_SIZE;
        u64::from_le_bytes(page[at..at + 8].try_into().unwrap())
    }
}

const SCRATCH: PageRange = PageRange { first: PageIndex(1 << 24), count: 1 << 12 };
const CLERKS: u64 = 2;
const AREA_PAGES: u64 = 200;
const AREAS: [u64; 3] = [4096, 2 << 40, WORLD_SIZE - AREA_PAGES * PAGE_SIZE as u64];
/// Where each clerk has a page for its frame, one for its records, and a drawer.
const OFFICES: u64 = 3 << 40;
const DRAWER_PAGES: u64 = 40;

fn open(mapper: Arc<dyn PageMapper>, stored: &Arc<Stored>, last: Epoch) -> Arc<Memory> {
    let mut config = MemoryConfig::new(SCRATCH);
    config.stored_pages = stored.pages.lock().unwrap().keys().map(|page| PageIndex(*page)).collect();
    config.relax = thread::yield_now;
    Memory::new(mapper, stored.clone(), config, last).unwrap()
}

fn accounts() -> impl Iterator<Item = Addr> {
    AREAS.into_iter().flat_map(|area| {
        (0..AREA_PAGES * PAGE_SIZE as u64 / 8).map(move |slot| Addr::BASE.add(area + slot * 8))
    })
}

/// An account of this clerk: clerks share pages, not accounts.
fn account(prng: &mut Prng, clerk: u64) -> Addr {
    let area = AREAS[prng.below(3) as usize];
    let pages = if prng.chance(1, 8) { AREA_PAGES } else { 20 };
    let pair = prng.below(pages * PAGE_SIZE as u64 / 8 / CLERKS);
    Addr::BASE.add(area + (pair * CLERKS + clerk) * 8)
}

struct Office {
    frame: Addr,
    records: Addr,
    drawer: PageRange,
}

impl Office {
    fn of(clerk: u64) -> Office {
        let start = Addr::BASE.add(OFFICES + clerk * (16 << 20));
        let drawer = PageRange { first: start.add(8 << 20).page(), count: DRAWER_PAGES };
        Office { frame: start, records: start.add(4096), drawer }
    }
    /// What the records say of the drawer holds, and of the frame.
    fn check(&self, read: &dyn Fn(Addr) -> u64) {
        assert_eq!(read(self.frame), read(self.records), "the frame is behind the records");
        let in_drawer = read(self.records.add(8));
        for page in self.drawer.iter() {
            assert_eq!(read(page.addr().add(16)), in_drawer, "the drawer of the snapshot is of another time");
        }
    }
}

/// Works until told to stop; one batch between two safepoints.
fn clerk(memory: &Memory, clerk: u64, seed: u64, safepoint: &RwLock<()>, stop: &AtomicBool) {
    let mut prng = Prng::new(seed ^ clerk);
    let office = Office::of(clerk);
    let mut announced = Epoch(0);
    let mut day = memory.load_u64(office.records);
    while !stop.load(SeqCst) {
        let _running = safepoint.read().unwrap();
        if memory.epoch() != announced {
            memory.announce(office.frame, 64);
            announced = memory.epoch();
        }
        for _ in 0..prng.below(200) {
            let (from, to, sum) = (account(&mut prng, clerk), account(&mut prng, clerk), prng.below(100));
            memory.store_u64(from, memory.load_u64(from).wrapping_sub(sum));
            memory.store_u64(to, memory.load_u64(to).wrapping_add(sum));
            memory.store_unannounced_u64(SCRATCH.first.addr().add(prng.below(1 << 20) * 8), sum);
        }
        day += 1;
        memory.store_unannounced_u64(office.frame, day);
        memory.store_u64(office.records, day);
        if prng.chance(1, 16) {
            memory.discard(office.drawer).unwrap();
            memory.store_u64(office.records.add(8), 0);
        } else if prng.chance(1, 8) {
            for page in office.drawer.iter() {
                memory.write_bytes(page.addr().add(9), &[0; 7]);
                memory.store_u64(page.addr().add(16), day);
            }
            memory.store_u64(office.records.add(8), day);
        }
    }
}

fn audit(read: &dyn Fn(Addr) -> u64) {
    let sum = accounts().fold(0u64, |sum, addr| sum.wrapping_add(read(addr)));
    assert_eq!(sum, 0, "money was made or lost");
    (0..CLERKS).for_each(|clerk| Office::of(clerk).check(read));
}

/// Lets the clerks go home, also when an assertion fails.
struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Takes snapshots while clerks work; some are given up.
fn work(memory: &Arc<Memory>, stored: &Arc<Stored>, seed: u64, rounds: u32) {
    let (safepoint, stop) = (RwLock::new(()), AtomicBool::new(false));
    let mut prng = Prng::new(seed);
    thread::scope(|scope| {
        let _stopped = StopAtEnd(&stop);
        for number in 0..CLERKS {
            let (safepoint, stop) = (&safepoint, &stop);
            scope.spawn(move || clerk(memory, number, seed, safepoint, stop));
        }
        let evictor = &stop;
        scope.spawn(move || {
            let mut prng = Prng::new(!seed);
            while !evictor.load(SeqCst) {
                memory.evict(1 + prng.below(200)).unwrap();
                thread::sleep(Duration::from_micros(prng.below(300)));
            }
        });
        for _ in 0..rounds {
            thread::sleep(Duration::from_micros(prng.below(4000)));
            let stopped = safepoint.write().unwrap();
            let ended = memory.flip();
            drop(stopped);
            let mut capture = memory.begin_capture();
            assert_eq!(capture.epoch(), ended);
            let mut pages = Vec::new();
            let mut take = |page: PageIndex, bytes: &PageBytes| {
                pages.push((page, Box::new(*bytes)));
                Ok::<_, Infallible>(())
            };
            if prng.chance(1, 5) {
                capture.step(prng.below(400) as usize, &mut take).unwrap();
                capture.abandon();
                continue;
            }
            while capture.step(64, &mut take).unwrap() != Progress::Done {}
            stored.put(pages);
            capture.committed();
            audit(&|addr| stored.read(addr));
        }
    });
    memory.flip();
    commit(memory, stored);
    audit(&|addr| stored.read(addr));
    audit(&|addr| memory.load_u64(addr));
}

fn check(make: MakeMapper) {
    let stored = Arc::new(Stored::default());
    let mut last = Epoch(0);
    for seed in 0..3 {
        let memory = open(make(no_fatal()), &stored, last);
        // Many threads need the same missing pages at once.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| audit(&|addr| memory.load_u64(addr)));
            }
        });
        work(&memory, &stored, seed, 25);
        last = Epoch(memory.epoch().0 - 1);
        let scratch = |page: &u32| SCRATCH.contains(PageIndex(*page));
        assert!(!stored.pages.lock().unwrap().keys().any(scratch), "scratch was stored");
        let stats = memory.stats();
        assert!(stats.captured_pages > 0 && stats.flips >= 26, "{stats:?}");
        assert!(memory.mapper().resident_bytes() < 1 << 30);
        if memory.mapper().can_evict() {
            assert!(memory.mapper().traffic().evicted > 1000, "{:?}", memory.mapper().traffic());
        }
    }
}

#[test]
fn snapshots_by_userfaultfd() {
    check(userfaultfd);
}

#[test]
fn snapshots_by_software() {
    check(software);
}

#[test]
fn snapshots_by_simulation() {
    check(simulated);
}

#[test]
fn discarded_pages_read_as_zero_not_from_the_source() {
    for make in [userfaultfd as MakeMapper, software, simulated] {
        let stored = Arc::new(Stored::default());
        stored.put((0..2000).map(|page| (PageIndex(page), Box::new([7; PAGE_SIZE]))).collect());
        let memory = open(make(no_fatal()), &stored, Epoch(3));
        let first = |page: u32| memory.load_u8(PageIndex(page).addr());
        assert_eq!((first(100), first(600), first(1500)), (7, 7, 7));
        memory.discard(PageRange { first: PageIndex(90), count: 1210 }).unwrap();
        assert_eq!([89, 90, 100, 512, 600, 1299, 1300].map(first), [7, 0, 0, 0, 0, 0, 7]);
        memory.flip();
        let mut capture = memory.begin_capture();
        let mut zeros = 0;
        let mut take = |_: PageIndex, bytes: &PageBytes| {
            zeros += u64::from(bytes.iter().all(|byte| *byte == 0));
            Ok::<_, Infallible>(())
        };
        while capture.step(100, &mut take).unwrap() != Progress::Done {}
        capture.committed();
        assert_eq!(zeros, 1210);
    }
}

/// Takes a snapshot to its end.
fn commit(memory: &Arc<Memory>, stored: &Stored) {
    let mut capture = memory.begin_capture();
    let mut pages = Vec::new();
    let mut take = |page: PageIndex, bytes: &PageBytes| {
        pages.push((page, Box::new(*bytes)));
        Ok::<_, Infallible>(())
    };
    while capture.step(usize::MAX, &mut take).unwrap() != Progress::Done {}
    stored.put(pages);
    capture.committed();
}

#[test]
fn between_the_flip_and_the_capture() {
    for make in [userfaultfd as MakeMapper, software, simulated] {
        let stored = Arc::new(Stored::default());
        let memory = open(make(no_fatal()), &stored, Epoch(0));
        let [written, dead, fresh] = [4096, 2 << 40, 3 << 40].map(|offset| Addr::BASE.add(offset));
        let in_store = || [written, dead, fresh].map(|addr| stored.read(addr));
        memory.store_u64(written, 1);
        memory.store_u64(dead, 1);
        memory.flip();
        commit(&memory, &stored);
        assert_eq!(in_store(), [1, 1, 0]);

        memory.store_u64(written, 2);
        memory.store_u64(dead, 2);
        memory.flip();
        memory.store_u64(written, 3);
        memory.discard(PageRange::covering(dead, 1)).unwrap();
        memory.store_u64(fresh, 4);
        commit(&memory, &stored);
        assert_eq!(in_store(), [2, 2, 0]);

        memory.flip();
        commit(&memory, &stored);
        assert_eq!(in_store(), [3, 0, 4], "what was written after the flip is of the next snapshot");

        // Nothing was written since: nothing is stored.
        let before = memory.stats().captured_pages;
        memory.flip();
        commit(&memory, &stored);
        assert_eq!(memory.stats().captured_pages, before);
    }
}

#[test]
fn what_is_durable_leaves_memory_and_comes_back() {
    for make in [userfaultfd as MakeMapper, software] {
        let stored = Arc::new(Stored::default());
        let memory = open(make(no_fatal()), &stored, Epoch(0));
        let page = |number: u64| Addr::BASE.add((600 + number) * PAGE_SIZE as u64);
        let pages = 2000;
        (0..pages).for_each(|number| memory.store_u64(page(number), number + 1));
        // Nothing that was written is durable; fresh pages around it are as the store has them.
        memory.evict(u64::MAX).unwrap();
        (0..pages).for_each(|number| assert_eq!(memory.load_u64(page(number)), number + 1));
        memory.flip();
        commit(&memory, &stored);
        memory.store_u64(page(7), 77);
        let resident = memory.mapper().resident_bytes();
        let evicted = memory.evict(u64::MAX).unwrap();
        assert!(evicted.dropped >= pages - 512, "{evicted:?}");
        assert!(memory.mapper().resident_bytes() <= resident - (pages - 512) * PAGE_SIZE as u64);
        for number in 0..pages {
            let value = if number == 7 { 77 } else { number + 1 };
            assert_eq!(memory.load_u64(page(number)), value);
        }
        // Reading dirties nothing, and what was dirty still is.
        memory.flip();
        commit(&memory, &stored);
        assert_eq!((stored.read(page(7)), memory.stats().captured_pages), (77, pages + 1));
    }
}

/// While a thread that touched `page` waits for page 77, does `work`; what the thread then finds. All pages hold 7 before.
fn during_a_read(page: u32, work: impl FnOnce(&Arc<Memory>, &Stored)) -> u8 {
    let stored = Arc::new(Stored::default());
    stored.put((0..2000).map(|page| (PageIndex(page), Box::new([7; PAGE_SIZE]))).collect());
    let memory = open(userfaultfd(no_fatal()), &stored, Epoch(3));
    stored.slow.store(77, SeqCst);
    thread::scope(|scope| {
        let found = scope.spawn(|| memory.load_u8(PageIndex(page).addr()));
        while stored.slow_reads.load(SeqCst) == 0 {
            thread::yield_now();
        }
        work(&memory, &stored);
        stored.slow.store(0, SeqCst);
        found.join().unwrap()
    })
}

#[test]
fn nothing_waits_for_a_read_but_who_needs_the_page() {
    let found = during_a_read(77, |memory, _| {
        assert_eq!(memory.load_u8(PageIndex(1000).addr()), 7);
        assert!(memory.evict(u64::MAX).unwrap().dropped > 0);
        memory.store_u8(PageIndex(1500).addr(), 8);
        memory.discard(PageRange { first: PageIndex(1500), count: 1 }).unwrap();
        assert_eq!(memory.load_u8(PageIndex(1500).addr()), 0);
    });
    assert_eq!(found, 7);
}

#[test]
fn a_page_that_is_being_read_is_not_read_again() {
    let found = during_a_read(77, |memory, stored| {
        thread::scope(|scope| {
            let others: Vec<_> =
                (0..4).map(|_| scope.spawn(|| memory.load_u8(PageIndex(77).addr()))).collect();
            thread::sleep(Duration::from_millis(50));
            stored.slow.store(0, SeqCst);
            others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 7));
        });
        assert_eq!(stored.slow_reads.load(SeqCst), 1);
    });
    assert_eq!(found, 7);
}

#[test]
fn a_page_discarded_while_it_is_read_is_zero() {
    let one = |page: u32| PageRange { first: PageIndex(page), count: 1 };
    assert_eq!(during_a_read(77, |memory, _| memory.discard(one(77)).unwrap()), 0);
    // Neighbours come in with page 79, one before the slow one, one is that, and one after it.
    for dead in 76..79 {
        let mut kept = None;
        let found = during_a_read(79, |memory, _| {
            memory.discard(one(dead)).unwrap();
            kept = Some(memory.clone());
        });
        let memory = kept.unwrap();
        let around = [75, 76, 77, 78, 79, 80].map(|page| memory.load_u8(PageIndex(page).addr()));
        let wanted = [75, 76, 77, 78, 79, 80].map(|page| if page == dead { 0 } else { 7 });
        assert_eq!((found, around), (7, wanted));
    }
}

#[test]
fn many_threads_miss_pages_in_little_memory() {
    const PAGES: u64 = 16 << 10;
    let stored = Arc::new(Stored::default());
    let number = |page: u64| Box::new([(page % 251) as u8; PAGE_SIZE]);
    stored.put((0..PAGES).map(|page| (PageIndex(page as u32), number(page))).collect());
    let memory = open(userfaultfd(no_fatal()), &stored, Epoch(3));
    memory.set_limit(16 << 20);
    let threads = 4;
    let resident_max = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (memory, resident_max) = (&memory, &resident_max);
            scope.spawn(move || {
                let mut prng = Prng::new(thread);
                for _ in 0..20_000 {
                    // Each touches all pages, and discards and writes some of its own, in which it finds zero or itself.
                    let page = prng.below(PAGES);
                    let (own, addr) = (page % 512 == thread, PageIndex(page as u32).addr());
                    let found = memory.load_u8(addr.add(prng.below(4096)));
                    match page % 512 < threads {
                        false => assert_eq!(u64::from(found), page % 251),
                        true if own && prng.chance(1, 2) => {
                            memory.discard(PageRange::covering(addr, 1)).unwrap();
                            assert_eq!(memory.load_u8(addr), 0);
                        }
                        true if own => (0..PAGE_SIZE as u64 / 8).for_each(|word| {
                            memory.store_u64(addr.add(word * 8), (page % 251) * 0x0101_0101_0101_0101);
                        }),
                        true => assert!(found == 0 || u64::from(found) == page % 251),
                    }
                    resident_max.fetch_max(memory.mapper().resident_bytes(), SeqCst);
                }
            });
        }
    });
    let (traffic, bound) = (memory.mapper().traffic(), memory.resident_max());
    assert!(traffic.evicted > 20_000, "{traffic:?}");
    // What each thread brings in at once comes on top.
    let slack = threads * 64 * PAGE_SIZE as u64;
    let resident_max = resident_max.load(SeqCst);
    assert!(resident_max <= bound + slack, "{resident_max} bytes in memory, {bound} allowed");
}

#[test]
fn a_scan_leaves_a_hot_set_in_memory() {
    let found = host::bench::scan(16 << 20).unwrap();
    // Kept by the time of the last touch, half of it would be lost.
    assert!(found.hot_hits > 0.9 && found.lru_hits < 0.6, "{found:?}");
    assert!(found.pages_a_scan_fault > 4.0, "{found:?}");
}

#[test]
fn a_page_that_cannot_be_read_again_is_fatal() {
    for make in [userfaultfd as MakeMapper, software] {
        let stored = Arc::new(Stored::default());
        let (tell, told) = mpsc::channel();
        let fatal = Fatal::call(move |message| tell.send(message.to_string()).unwrap());
        let memory = open(make(fatal), &stored, Epoch(0));
        memory.store_u64(PageIndex(77).addr(), 5);
        memory.flip();
        commit(&memory, &stored);
        assert!(memory.evict(u64::MAX).unwrap().dropped > 0);
        stored.unreadable.store(77, SeqCst);
        // This thread never comes back.
        thread::spawn(move || memory.load_u8(PageIndex(77).addr()));
        let message = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(message.contains("cannot be read: the checksum does not hold"), "{message}");
    }
}

#[test]
fn a_page_that_cannot_be_read_is_fatal() {
    for make in [userfaultfd as MakeMapper, software] {
        let stored = Arc::new(Stored { unreadable: AtomicU32::new(77), ..Stored::default() });
        let (tell, told) = mpsc::channel();
        let memory = open(
            make(Fatal::call(move |message| tell.send(message.to_string()).unwrap())),
            &stored,
            Epoch(1),
        );
        // This thread never comes back.
        thread::spawn(move || memory.load_u8(PageIndex(77).addr()));
        let message = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(message.contains("cannot be read: the checksum does not hold"), "{message}");
    }
}

#[test]
fn a_foreign_fault_ends_the_process() {
    const CHILD: &str = "PHANTOM_TEST_FOREIGN_FAULT";
    let mapped: [(&str, MakeMapper, i32); 2] =
        [("software", software, libc::SIGSEGV), ("userfaultfd", userfaultfd, libc::SIGBUS)];
    for (name, make, signal) in mapped {
        if std::env::var(CHILD).as_deref() == Ok(name) {
            let memory = open(make(no_fatal()), &Arc::new(Stored::default()), Epoch(0));
            memory.store_u64(Addr::BASE, 1);
            let file = tempfile::tempfile().unwrap();
            // SAFETY: a new mapping of an empty file, or no mapping at all; the fault is the point.
            unsafe {
                let at: *mut u8 = match signal {
                    libc::SIGBUS => {
                        let (rights, fd) = (libc::PROT_READ | libc::PROT_WRITE, file.as_raw_fd());
                        libc::mmap(std::ptr::null_mut(), PAGE_SIZE, rights, libc::MAP_SHARED, fd, 0).cast()
                    }
                    _ => std::ptr::without_provenance_mut(PAGE_SIZE),
                };
                at.write_volatile(1);
            }
        }
    }
    for (name, _, signal) in mapped {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_foreign_fault_ends_the_process"])
            .env(CHILD, name)
            .output()
            .unwrap();
        assert_eq!(child.status.signal(), Some(signal), "{child:?}");
    }
}

#[test]
fn mappers_are_chosen_by_name() {
    const CHILD: &str = "PHANTOM_TEST_MAPPERS_BY_NAME";
    // In a process of its own: the worlds of the tests beside it may lie where this one wants its own.
    if std::env::var_os(CHILD).is_none() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mappers_are_chosen_by_name"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        return;
    }
    for name in host::MAPPER_NAMES {
        let chosen = choose_mapper(Some(name), Placement::Anywhere, no_fatal(), u64::MAX).unwrap();
        assert_eq!((chosen.mapper.name(), chosen.warning), (name, None));
    }
    let error = choose_mapper(Some("magic"), Placement::Anywhere, no_fatal(), u64::MAX).err().unwrap();
    assert_eq!(error.to_string(), "choosing the mapper \"magic\": there are userfaultfd, software");
    let fixed = choose_mapper(None, Placement::Fixed, no_fatal(), u64::MAX).unwrap();
    assert_eq!(fixed.mapper.host_base() as u64, base::WORLD_BASE);
    assert!(choose_mapper(None, Placement::Fixed, no_fatal(), u64::MAX).is_err(), "two worlds at one place");
}
