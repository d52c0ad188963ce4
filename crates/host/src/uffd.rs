//! [`UffdMapper`]: a world mapped with `userfaultfd`: the kernel asks for missing pages.
//!
//! A thread of its own, the pager, serves missing pages from the [`PageSource`], in clusters. Which pages are written is the
//! write barrier's to note: the kernel could write-protect them again after each snapshot and say which were written since
//! (`UFFD_FEATURE_WP_ASYNC`, `PAGEMAP_SCAN`), but that costs 1.2 µs for each, and a search on top.
//!
//! The pager also evicts, where [`PageMapper::set_resident_max`] bounds what is in memory: a clock hand goes over the pages
//! in the order of their addresses and takes away those that the source says are settled. The accessed bits of the
//! processor are not to be had without privileges, so a second chance is given otherwise: what is taken away and may be
//! dropped stays for a while in a ring of pages, *limbo*, and comes back from there without a read when it is touched.
//! Pages that came in once go before the hand takes any that has come back so (see [`Trial`]), so that a scan does not
//! drive out what is used all the time.
//!
//! *Invariants:* only the pager and [`PageMapper::install`] put pages in, under the lock of [`Paged`]; a page that
//! [`PageMapper::discard`] took away comes back as zero, whatever the source says. A system call that is given a missing
//! page of the world fails (`UFFD_USER_MODE_ONLY`), but nothing hands pointers into the world to the kernel.

use crate::fatal::Fatal;
use crate::limbo::Limbo;
use crate::sys::{self, Copied, Event, Mapping, Placement, Uffd};
use crate::trial::{CameIn, Trial};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use memory::PageSet;
use platform::{Evicted, MapperError, PageMapper, PageSource, PageTraffic, Paging};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Stored pages brought in together, when they are missing and there is plenty of memory: an aligned cluster.
const STORED_CLUSTER: u64 = 16;
/// Most stored pages brought in together for a sequence of touches when memory is scarce.
const SEQUENCE_CLUSTER: u64 = 32;
/// Pages read ahead from which on touches count as a sequence.
const SEQUENCE_MIN: u64 = 4;
/// Sequences of touches that are told apart.
const STREAMS: usize = 8;
/// How long the pager looks for the next fault before it sleeps: a program that misses memory misses it again, and to wake
/// a thread takes a good part of a read.
const LOOKING: Duration = Duration::from_micros(50);
/// Pages taken away together.
const BATCH_PAGES: u64 = 64;
/// Batches between two looks for faults.
const BATCHES_MAX: u64 = 4;
/// Batches of pages on trial that are looked at for one batch of victims.
const TRIAL_BATCHES: u64 = 2;
/// Pages that come in before the pager looks for victims again after it found none.
const FRUITLESS_PAGES: u64 = 256;
/// Fresh pages brought in together where the page before is there (something grows), and elsewhere.
const FRESH_CLUSTER: u64 = 64;
const FRESH_ALONE: u64 = 8;
static ZEROS: [PageBytes; FRESH_CLUSTER as usize] = [[0; PAGE_SIZE]; FRESH_CLUSTER as usize];

/// A world mapped with `userfaultfd`.
pub struct UffdMapper {
    shared: Arc<Shared>,
    announced: Mapping,
    pager: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    mapping: Mapping,
    uffd: Uffd,
    pagemap: File,
    stop: Event,
    fatal: Fatal,
    started: OnceLock<Started>,
    paged: Mutex<Paged>,
    /// Held while pages are taken away, before `paged`.
    away: Mutex<Victims>,
    /// Bytes in memory, limbo included, and their bound.
    resident: AtomicU64,
    resident_max: AtomicU64,
    faults: AtomicU64,
    paged_in: AtomicU64,
    rescued: AtomicU64,
    evicted: AtomicU64,
    put_back: AtomicU64,
}

struct Started {
    source: Arc<dyn PageSource>,
    scratch: PageRange,
}

/// Which pages the kernel has. Held while pages come in and while they go.
#[derive(Default)]
struct Paged {
    present: PageSet,
    /// Missing pages that read as zero, not from the source.
    zero: PageSet,
    /// Missing pages that may be dropped and are not yet; none where the kernel cannot move pages.
    limbo: Option<Limbo>,
    trial: Trial,
    streams: [Stream; STREAMS],
    /// The stream that is forgotten next.
    oldest: usize,
}

/// A sequence of touches of missing pages.
#[derive(Clone, Copy, Default)]
struct Stream {
    /// The page whose touch goes on with it.
    next: u64,
    /// Pages brought in last.
    pages: u64,
}

/// Where the clock hand stands.
struct Victims {
    /// The number of a page.
    hand: u64,
    /// Pages that had come in when a whole turn found no victim.
    fruitless_at: Option<u64>,
}

impl UffdMapper {
    /// Reserves the address space of a world.
    ///
    /// # Errors
    /// When the kernel lacks what is needed (Linux 5.11, `CONFIG_USERFAULTFD`), a policy forbids it, or the address space is
    /// taken.
    pub fn new(placement: Placement, fatal: Fatal) -> Result<UffdMapper, MapperError> {
        probe()?;
        let mapping = Mapping::world(placement, libc::PROT_READ | libc::PROT_WRITE, None)?;
        let uffd = Uffd::open()?;
        let limbo = uffd.can_move().then(|| Limbo::new(&uffd)).transpose()?;
        let shared = Shared {
            mapping,
            uffd,
            pagemap: sys::open_pagemap()?,
            stop: Event::new()?,
            fatal,
            started: OnceLock::new(),
            paged: Mutex::new(Paged { limbo, ..Paged::default() }),
            away: Mutex::new(Victims { hand: 0, fruitless_at: None }),
            resident: AtomicU64::new(0),
            resident_max: AtomicU64::new(u64::MAX),
            faults: AtomicU64::new(0),
            paged_in: AtomicU64::new(0),
            rescued: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            put_back: AtomicU64::new(0),
        };
        Ok(UffdMapper { shared: Arc::new(shared), announced: Mapping::announced()?, pager: Mutex::new(None) })
    }
}

impl PageMapper for UffdMapper {
    fn host_base(&self) -> usize {
        self.shared.mapping.start()
    }
    fn announced(&self) -> usize {
        self.announced.start()
    }
    fn paging(&self) -> Paging {
        Paging::OnDemand
    }
    fn name(&self) -> &'static str {
        "userfaultfd"
    }

    fn start(&self, source: Arc<dyn PageSource>, scratch: PageRange) -> Result<(), MapperError> {
        let shared = &self.shared;
        let whole = PageRange { first: PageIndex(0), count: WORLD_SIZE / PAGE_SIZE as u64 };
        shared.mapping.advise(whole, libc::MADV_DONTFORK, "keeping the world out of child processes")?;
        for (start, end) in sys::around(scratch) {
            let first = PageIndex((start / PAGE_SIZE as u64) as u32);
            let part = PageRange { first, count: (end - start) / PAGE_SIZE as u64 };
            shared.mapping.advise(part, libc::MADV_NOHUGEPAGE, "keeping pages small")?;
            shared.uffd.register(shared.mapping.start() + start as usize, (end - start) as usize)?;
        }
        assert!(shared.started.set(Started { source, scratch }).is_ok(), "a mapper is started once");
        let pager = shared.clone();
        let thread = std::thread::Builder::new()
            .name("pager".into())
            .spawn(move || pager.serve())
            .map_err(|error| MapperError { what: "starting the pager".into(), reason: error.to_string() })?;
        *lock(&self.pager) = Some(thread);
        Ok(())
    }

    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        let mut paged = lock(&self.shared.paged);
        self.shared.copy_in(&mut paged, page, std::slice::from_ref(bytes), page, CameIn::Alone)
    }

    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        let started = self.shared.started.get().expect("discarded before the start");
        let mut paged = lock(&self.shared.paged);
        if !started.scratch.contains(pages.first) {
            paged.present.remove_range(pages);
            for page in pages.iter() {
                paged.zero.insert(page);
            }
            if let Some(limbo) = &mut paged.limbo {
                limbo.forget(pages);
            }
            paged.trial.forget(pages);
            self.shared.count_resident(&paged);
        }
        self.shared.mapping.advise(pages, libc::MADV_DONTNEED, "giving pages back")
    }

    /// Pages that came in and were neither discarded nor dropped; scratch is not counted.
    fn resident_bytes(&self) -> u64 {
        self.shared.resident.load(Relaxed)
    }

    fn evict(&self, pages_max: u64) -> Result<Evicted, MapperError> {
        let mut victims = lock(&self.shared.away);
        let mut all = Evicted::default();
        while all.dropped < pages_max {
            let some = self.shared.evict(&mut victims, (pages_max - all.dropped).min(BATCH_PAGES))?;
            all.dropped += some.dropped;
            all.put_back += some.put_back;
            if some.dropped == 0 {
                break;
            }
        }
        Ok(all)
    }

    fn set_resident_max(&self, bytes: u64) {
        self.shared.resident_max.store(bytes, Relaxed);
        let mut paged = lock(&self.shared.paged);
        paged.trial.bound(bytes);
        if let Some(limbo) = &mut paged.limbo {
            limbo.keep(bytes / PAGE_SIZE as u64);
        }
    }

    fn can_evict(&self) -> bool {
        self.shared.uffd.can_move()
    }

    fn traffic(&self) -> PageTraffic {
        let shared = &self.shared;
        PageTraffic {
            faults: shared.faults.load(Relaxed),
            paged_in: shared.paged_in.load(Relaxed),
            rescued: shared.rescued.load(Relaxed),
            evicted: shared.evicted.load(Relaxed),
            put_back: shared.put_back.load(Relaxed),
        }
    }
}

impl Drop for UffdMapper {
    fn drop(&mut self) {
        self.shared.stop.tell();
        if let Some(thread) = lock(&self.pager).take() {
            // A pager that panicked has said so through `Fatal`.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The pager's thread.
    fn serve(&self) {
        let mut faults = Vec::new();
        let mut buffer = vec![[0; PAGE_SIZE]; SEQUENCE_CLUSTER.max(STORED_CLUSTER) as usize];
        let mut looking_until = Instant::now();
        loop {
            self.uffd.faults(&mut faults);
            if faults.is_empty() {
                if Instant::now() < looking_until {
                    std::hint::spin_loop();
                    continue;
                }
                let (_, stop) = sys::wait_readable(self.uffd.raw(), self.stop.raw());
                if stop {
                    return;
                }
                continue;
            }
            for address in faults.drain(..) {
                let page = PageIndex(((address - self.mapping.start()) / PAGE_SIZE) as u32);
                let served = catch_unwind(AssertUnwindSafe(|| self.bring_in(page, &mut buffer)))
                    .unwrap_or_else(|_| Err("the pager panicked".into()));
                if let Err(reason) = served {
                    self.fatal.raise(&format!("page {} of the world cannot be read: {reason}", page.0));
                    return;
                }
            }
            if let Err(error) = self.keep_bound() {
                self.fatal.raise(&format!("memory of the world cannot be given back: {error}"));
                return;
            }
            looking_until = Instant::now() + LOOKING;
        }
    }

    /// Evicts where more is in memory than should be.
    fn keep_bound(&self) -> Result<(), MapperError> {
        let max = self.resident_max.load(Relaxed);
        // A little earlier, so that the next faults find room.
        let high = max - max / 32;
        for _ in 0..BATCHES_MAX {
            if self.resident.load(Relaxed) <= high {
                return Ok(());
            }
            let mut victims = match self.away.try_lock() {
                Ok(victims) => victims,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Someone else evicts.
                Err(TryLockError::WouldBlock) => return Ok(()),
            };
            let came_in = self.paged_in.load(Relaxed);
            if victims.fruitless_at.is_some_and(|at| came_in < at + FRUITLESS_PAGES) {
                break;
            }
            victims.fruitless_at = None;
            if self.evict(&mut victims, BATCH_PAGES)?.dropped == 0 {
                victims.fruitless_at = Some(came_in);
                break;
            }
        }
        if self.resident.load(Relaxed) > max {
            self.started.get().expect("served before the start").source.pressed();
        }
        Ok(())
    }

    /// Takes some pages away and drops those that may be dropped; at most a batch.
    fn evict(&self, victims: &mut Victims, pages_max: u64) -> Result<Evicted, MapperError> {
        let mut done = Evicted::default();
        let (over, unbounded) = {
            let trial = &lock(&self.paged).trial;
            (trial.is_over(), trial.is_unbounded())
        };
        if over {
            self.evict_on_trial(pages_max, &mut done)?;
        } else if !unbounded {
            done = self.evict_at_hand(victims, pages_max, false)?;
        }
        if done.dropped == 0 { self.evict_at_hand(victims, pages_max, true) } else { Ok(done) }
    }

    /// Takes pages from the queue of those on trial, while there are too many.
    fn evict_on_trial(&self, pages_max: u64, done: &mut Evicted) -> Result<(), MapperError> {
        let started = self.started.get().expect("evicted before the start");
        for _ in 0..TRIAL_BATCHES {
            let candidates = {
                let mut paged = lock(&self.paged);
                if done.dropped >= pages_max || !paged.trial.is_over() {
                    return Ok(());
                }
                paged.trial.next(pages_max as usize)
            };
            for run in candidates.chunk_by(|one, next| one.0 + 1 == next.0) {
                let pages = PageRange { first: run[0], count: run.len() as u64 };
                self.take(pages, &*started.source, true, done)?;
            }
            // What was written, or is not durable for another reason, has to wait.
            let mut paged = lock(&self.paged);
            for page in candidates {
                if paged.present.contains(page) {
                    paged.trial.queue_up(page);
                }
            }
        }
        Ok(())
    }

    /// Takes pages at the clock hand: those that are proven, or `all`.
    fn evict_at_hand(
        &self,
        victims: &mut Victims,
        pages_max: u64,
        all: bool,
    ) -> Result<Evicted, MapperError> {
        let started = self.started.get().expect("evicted before the start");
        let mut done = Evicted::default();
        let hand = victims.hand;
        // From the hand to the end, then from the start to the hand.
        for (mut at, end) in [(hand, WORLD_SIZE / PAGE_SIZE as u64), (0, hand)] {
            while done.dropped < pages_max {
                let most = (pages_max - done.dropped).min(BATCH_PAGES);
                let run = lock(&self.paged).present.run_from(at, most);
                let Some(run) = run.filter(|run| u64::from(run.first.0) < end) else { break };
                self.take(run, &*started.source, all, &mut done)?;
                at = u64::from(run.first.0) + run.count;
                victims.hand = at;
            }
        }
        Ok(done)
    }

    /// Takes those of these pages away that seem to be durable, and drops those that are; those on trial only if `all`.
    fn take(
        &self,
        pages: PageRange,
        source: &dyn PageSource,
        all: bool,
        done: &mut Evicted,
    ) -> Result<(), MapperError> {
        let mut paged = lock(&self.paged);
        let Paged { present, limbo: Some(limbo), trial, .. } = &mut *paged else { return Ok(()) };
        let before = *done;
        let settled = |page: &PageIndex| {
            present.contains(*page) && (all || !trial.contains(*page)) && source.is_settled(*page)
        };
        let settled: Vec<PageIndex> = pages.iter().filter(settled).collect();
        // As long runs as there are, each in one call.
        for run in settled.chunk_by(|one, next| one.0 + 1 == next.0) {
            let (first, count) = (run[0], run.len() as u64);
            let slots = limbo.make_room(count)?;
            let (slot, count) = (slots.start, slots.len() as u64);
            let bytes = count as usize * PAGE_SIZE;
            let moved =
                self.uffd.move_pages(&self.pagemap, self.mapping.page(first), limbo.place(slot), bytes)?;
            for step in 0..moved / PAGE_SIZE {
                let (page, slot) = (PageIndex(first.0 + step as u32), slot + step);
                // What cannot be told stays.
                if source.holds(page, limbo.bytes(slot)) == Ok(true) {
                    limbo.insert(page, slot);
                    present.remove(page);
                    trial.went(page);
                    done.dropped += 1;
                } else {
                    let (from, to) = (limbo.place(slot), self.mapping.page(page));
                    if self.uffd.move_pages(&self.pagemap, from, to, PAGE_SIZE)? == 0 {
                        return Err(MapperError {
                            what: format!("putting page {} back", page.0),
                            reason: "the kernel holds it".into(),
                        });
                    }
                    done.put_back += 1;
                }
            }
            limbo.settle()?;
        }
        limbo.take_dropped().into_iter().for_each(|page| trial.dropped(page));
        self.evicted.fetch_add(done.dropped - before.dropped, Relaxed);
        self.put_back.fetch_add(done.put_back - before.put_back, Relaxed);
        self.count_resident(&paged);
        Ok(())
    }

    fn count_resident(&self, paged: &Paged) {
        let pages = paged.present.len() + paged.limbo.as_ref().map_or(0, Limbo::len);
        self.resident.store(pages * PAGE_SIZE as u64, Relaxed);
    }

    /// Serves one fault, with the neighbours that are missing too.
    fn bring_in(&self, page: PageIndex, buffer: &mut [PageBytes]) -> Result<(), String> {
        let started = self.started.get().ok_or("not started")?;
        let mut paged = lock(&self.paged);
        if paged.present.contains(page) {
            self.uffd.wake(self.mapping.page(page));
            return Ok(());
        }
        self.faults.fetch_add(1, Relaxed);
        let (first, ahead, how) = self.cluster(&mut paged, u64::from(page.0));
        let page = u64::from(page.0);
        let slot = (page - first) as usize;
        let missing = |paged: &Paged, page: u64| {
            let page = PageIndex(page as u32);
            !paged.present.contains(page) && !started.scratch.contains(page)
        };
        let stored = |paged: &Paged, page: u64, bytes: &mut PageBytes| {
            let page = PageIndex(page as u32);
            if let Some(limbo) = &paged.limbo
                && let Some(slot) = limbo.slot_of(page)
            {
                bytes.copy_from_slice(limbo.bytes(slot));
                self.rescued.fetch_add(1, Relaxed);
                return Ok(true);
            }
            let found =
                if paged.zero.contains(page) { Ok(false) } else { started.source.read_page(page, bytes) };
            self.paged_in.fetch_add(u64::from(found == Ok(true)), Relaxed);
            found
        };
        let copied = if stored(&paged, page, &mut buffer[slot])? {
            // A neighbour that cannot be read is left for the one who needs it.
            let mut take = |paged: &Paged, neighbour: u64| {
                let bytes = &mut buffer[(neighbour - first) as usize];
                missing(paged, neighbour) && stored(paged, neighbour, bytes).unwrap_or(false)
            };
            let mut start = page;
            while start > first && take(&paged, start - 1) {
                start -= 1;
            }
            let mut end = page + 1;
            while end < first + ahead && take(&paged, end) {
                end += 1;
            }
            self.note_stream(&mut paged, page, end);
            let run = &buffer[(start - first) as usize..(end - first) as usize];
            self.copy_in(&mut paged, PageIndex(start as u32), run, PageIndex(page as u32), how)
        } else {
            let grows = page > 0 && paged.present.contains(PageIndex((page - 1) as u32));
            let last = page + if grows { FRESH_CLUSTER } else { FRESH_ALONE };
            let last = last.min(WORLD_SIZE / PAGE_SIZE as u64);
            let mut end = page + 1;
            while end < last && missing(&paged, end) && stored(&paged, end, &mut buffer[0]) == Ok(false) {
                end += 1;
            }
            let page = PageIndex(page as u32);
            self.copy_in(&mut paged, page, &ZEROS[..(end - u64::from(page.0)) as usize], page, CameIn::Alone)
        };
        copied.map_err(|error| error.to_string())
    }

    /// The first of the pages to bring in with `page`, and how many at most: an aligned cluster while there is plenty of
    /// memory; else more and more ahead of touches in sequence, and one page for a touch at random. Last, what they count as.
    fn cluster(&self, paged: &mut Paged, page: u64) -> (u64, u64, CameIn) {
        if self.resident.load(Relaxed) < self.resident_max.load(Relaxed) / 2 {
            return (page - page % STORED_CLUSTER, STORED_CLUSTER, CameIn::Alone);
        }
        let goes_on = paged.streams.iter().find(|stream| stream.pages > 0 && stream.next == page);
        let ahead = goes_on.map_or(1, |stream| (stream.pages * 2).min(SEQUENCE_CLUSTER));
        (page, ahead, if ahead >= SEQUENCE_MIN { CameIn::InSequence } else { CameIn::Alone })
    }

    /// Remembers that the pages from `page` to `end` came in for a touch of `page`.
    fn note_stream(&self, paged: &mut Paged, page: u64, end: u64) {
        let known = paged.streams.iter().position(|stream| stream.pages > 0 && stream.next == page);
        let place = known.unwrap_or(paged.oldest);
        if known.is_none() {
            paged.oldest = (paged.oldest + 1) % STREAMS;
        }
        paged.streams[place] = Stream { next: end, pages: end - page };
    }

    /// Puts pages in that are not there, because one of them was touched; `how` holds for those that are not in limbo.
    fn copy_in(
        &self,
        paged: &mut Paged,
        first: PageIndex,
        pages: &[PageBytes],
        touched: PageIndex,
        how: CameIn,
    ) -> Result<(), MapperError> {
        let end = u64::from(first.0) + pages.len() as u64;
        let (at, bytes) = (self.mapping.page(first), pages.as_flattened());
        let mut done = 0;
        while done < bytes.len() {
            match self.uffd.copy_in(at + done, &bytes[done..])? {
                Copied::All => break,
                // Someone waits for it all the same.
                Copied::UpToPresent(some) => {
                    done += some;
                    self.uffd.wake(at + done);
                    done += PAGE_SIZE;
                }
            }
        }
        for page in u64::from(first.0)..end {
            let page = PageIndex(page as u32);
            paged.present.insert(page);
            paged.zero.remove(page);
            let in_limbo = paged.limbo.as_ref().is_some_and(|limbo| limbo.slot_of(page).is_some());
            paged.trial.came_in(page, if page == touched && in_limbo { CameIn::FromLimbo } else { how });
        }
        if let Some(limbo) = &mut paged.limbo {
            limbo.forget(PageRange { first, count: pages.len() as u64 });
        }
        self.count_resident(paged);
        Ok(())
    }
}

/// Tries on a few pages of its own whether the kernel does what is needed: registers, and copies a page in.
pub(crate) fn probe() -> Result<(), MapperError> {
    let mapping = Mapping::anonymous(2 * PAGE_SIZE)?;
    let uffd = Uffd::open()?;
    uffd.register(mapping.start(), 2 * PAGE_SIZE)?;
    if uffd.copy_in(mapping.start(), &[7; PAGE_SIZE])? != Copied::All
        || mapping.page_bytes(0) != &[7; PAGE_SIZE]
    {
        let reason = "a page that was copied in is not there".into();
        return Err(MapperError { what: "trying userfaultfd".into(), reason });
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
