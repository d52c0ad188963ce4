//! [`UffdMapper`]: a world mapped with `userfaultfd`, in which a touch of a missing page raises SIGBUS.
//!
//! The handler of that signal serves the page from the [`PageSource`], with some of its neighbours, in the very thread that
//! touched it: no other thread has to be woken for it, nor has this one, and as many pages are read at once as threads
//! miss one. A pager of its own, which the kernel wakes, cost as much again as a fast disk's read: to wake a thread on a
//! processor that has gone to sleep takes some 10 µs, and each miss took two of that.
//!
//! Which pages are written is the write barrier's to note: the kernel could write-protect them again after each snapshot
//! and say which were written since (`UFFD_FEATURE_WP_ASYNC`, `PAGEMAP_SCAN`), but that costs 1.2 µs for each, and a search
//! on top.
//!
//! What goes out of memory is in [`evict`].
//!
//! *Invariants:*
//! - Only [`Shared::bring_in`] and [`PageMapper::install`] put pages in, under the lock of [`Paged`]. That lock is not held
//!   over a read of the source; a page that is being read is in [`Paged::coming`], and whoever needs it waits.
//! - A page that [`PageMapper::discard`] took away comes back as zero, whatever the source says, also if it was being read
//!   meanwhile.
//! - The handler is not async-signal-safe and need not be: it runs only where a thread touches the world, which is in
//!   `memory`, never in the middle of what the handler calls. Whoever touches the world holds no lock that the
//!   [`PageSource`] takes.
//! - A system call that is given a missing page of the world fails (`UFFD_USER_MODE_ONLY`), but nothing hands pointers into
//!   the world to the kernel.

mod evict;

use crate::fatal::Fatal;
use crate::limbo::Limbo;
use crate::sys::{self, Copied, Mapping, Placement, Uffd};
use crate::trap::{self, Trap};
use crate::trial::{CameIn, Trial};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use evict::{BATCH_PAGES, Victims};
use memory::PageSet;
use platform::{Evicted, MapperError, PageMapper, PageSource, PageTraffic, Paging};
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Stored pages brought in together, when they are missing and there is plenty of memory: an aligned cluster.
const STORED_CLUSTER: u64 = 16;
/// Most stored pages brought in together for a sequence of touches when memory is scarce.
const SEQUENCE_CLUSTER: u64 = 32;
/// Pages read ahead from which on touches count as a sequence.
const SEQUENCE_MIN: u64 = 4;
/// Sequences of touches that are told apart.
const STREAMS: usize = 8;
/// Fresh pages brought in together where the page before is there (something grows), and elsewhere.
const FRESH_CLUSTER: u64 = 64;
const FRESH_ALONE: u64 = 8;
static ZEROS: [PageBytes; FRESH_CLUSTER as usize] = [[0; PAGE_SIZE]; FRESH_CLUSTER as usize];
/// What one thread reads stored pages into.
const BUFFER_PAGES: usize =
    (if SEQUENCE_CLUSTER > STORED_CLUSTER { SEQUENCE_CLUSTER } else { STORED_CLUSTER }) as usize;

/// The worlds that the handler knows.
static TRAP: Trap<Shared> = Trap::new();

/// A world mapped with `userfaultfd`.
pub struct UffdMapper {
    shared: Arc<Shared>,
    announced: Mapping,
    slot: usize,
}

struct Shared {
    mapping: Mapping,
    uffd: Uffd,
    pagemap: File,
    fatal: Fatal,
    started: OnceLock<Started>,
    paged: Mutex<Paged>,
    /// Told when pages have come that somebody waits for.
    came: Condvar,
    /// Buffers of threads that read none just now.
    buffers: Mutex<Vec<Box<[PageBytes]>>>,
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

/// Which pages the kernel has. Held while pages come in and while they go, not while they are read.
#[derive(Default)]
struct Paged {
    present: PageSet,
    /// Missing pages that read as zero, not from the source.
    zero: PageSet,
    /// Missing pages that some thread is about to put in.
    coming: BTreeSet<u32>,
    /// Threads that wait for one of those.
    waiting: usize,
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

/// Which stored pages are to come in with one that was touched.
struct Cluster {
    /// Numbers of pages.
    pages: Range<u64>,
    /// What they count as.
    how: CameIn,
}

impl UffdMapper {
    /// Reserves the address space of a world.
    ///
    /// # Errors
    /// When the kernel lacks what is needed (Linux 5.11, `CONFIG_USERFAULTFD`), a policy forbids it, or the address space is
    /// taken.
    pub fn new(placement: Placement, fatal: Fatal) -> Result<UffdMapper, MapperError> {
        probe()?;
        // On the stack of the thread, as one for signals may be too small for a read.
        TRAP.install(libc::SIGBUS, on_bus, 0);
        let mapping = Mapping::world(placement, libc::PROT_READ | libc::PROT_WRITE, None)?;
        let uffd = Uffd::open()?;
        let limbo = uffd.can_move().then(|| Limbo::new(&uffd)).transpose()?;
        let shared = Arc::new(Shared {
            mapping,
            uffd,
            pagemap: sys::open_pagemap()?,
            fatal,
            started: OnceLock::new(),
            paged: Mutex::new(Paged { limbo, ..Paged::default() }),
            came: Condvar::new(),
            buffers: Mutex::default(),
            away: Mutex::default(),
            resident: AtomicU64::new(0),
            resident_max: AtomicU64::new(u64::MAX),
            faults: AtomicU64::new(0),
            paged_in: AtomicU64::new(0),
            rescued: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            put_back: AtomicU64::new(0),
        });
        let announced = Mapping::announced()?;
        let slot = TRAP.add(shared.mapping.start(), &raw const *shared)?;
        Ok(UffdMapper { shared, announced, slot })
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
        // Nobody touches the world any more, so no handler is using it.
        TRAP.remove(self.slot);
    }
}

/// Brings in the page that was touched; anything else goes on to the previous action.
extern "C" fn on_bus(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid `siginfo_t`; one with this code describes a fault.
    let missing = unsafe { ((*info).si_code == libc::BUS_ADRERR).then(|| (*info).si_addr().addr()) };
    match missing.and_then(|address| TRAP.find(address)) {
        Some((world, page)) => trap::keeping_errno(|| world.serve(page)),
        None => TRAP.hand_on(signal, info, context),
    }
}

impl Shared {
    /// Returns when a page that was touched is there.
    fn serve(&self, page: PageIndex) {
        let serve = || {
            self.bring_in(page)
                .map_err(|reason| format!("page {} of the world cannot be read: {reason}", page.0))?;
            self.keep_bound().map_err(|error| format!("memory of the world cannot be given back: {error}"))
        };
        let served = catch_unwind(AssertUnwindSafe(serve)).unwrap_or_else(|_| Err("page-in panicked".into()));
        if let Err(message) = served {
            self.fatal.raise(&message);
            loop {
                std::thread::park();
            }
        }
    }

    /// Brings a page in, with the neighbours that are missing too.
    fn bring_in(&self, page: PageIndex) -> Result<(), String> {
        let started = self.started.get().ok_or("not started")?;
        let mut paged = lock(&self.paged);
        loop {
            if paged.present.contains(page) {
                return Ok(());
            }
            if paged.coming.insert(page.0) {
                break;
            }
            paged.waiting += 1;
            paged = self.came.wait(paged).unwrap_or_else(PoisonError::into_inner);
            paged.waiting -= 1;
        }
        self.faults.fetch_add(1, Relaxed);
        let cluster = self.cluster(&paged, u64::from(page.0));
        drop(paged);
        let mut buffer =
            lock(&self.buffers).pop().unwrap_or_else(|| vec![[0; PAGE_SIZE]; BUFFER_PAGES].into());
        let brought = self.bring_in_cluster(started, page, &cluster, &mut buffer);
        lock(&self.buffers).push(buffer);
        brought
    }

    /// Brings in a page that nobody else does.
    fn bring_in_cluster(
        &self,
        started: &Started,
        touched: PageIndex,
        cluster: &Cluster,
        buffer: &mut [PageBytes],
    ) -> Result<(), String> {
        let page = u64::from(touched.0);
        loop {
            let slot = |page: u64| (page - cluster.pages.start) as usize;
            let stored = self.fetch(started, page, &mut buffer[slot(page)])?;
            let around = if stored { cluster.pages.clone() } else { self.fresh_around(page) };
            let reserved = self.reserve(started, page, around);
            // A neighbour that cannot be read is left for the one who needs it.
            let mut is_like = |neighbour: u64| {
                let at = if stored { slot(neighbour) } else { 0 };
                self.fetch(started, neighbour, &mut buffer[at]) == Ok(stored)
            };
            let (mut start, mut end) = (page, page + 1);
            while start > reserved.start && is_like(start - 1) {
                start -= 1;
            }
            while end < reserved.end && is_like(end) {
                end += 1;
            }

            let mut paged = lock(&self.paged);
            // What was discarded while it was read is zero now.
            let dead = |page: &u64| stored && paged.zero.contains(PageIndex(*page as u32));
            let again = dead(&page);
            start = (start..page).rev().find(dead).map_or(start, |dead| dead + 1);
            end = (page + 1..end).find(dead).unwrap_or(end);
            for neighbour in reserved {
                paged.coming.remove(&(neighbour as u32));
            }
            if again {
                paged.coming.insert(touched.0);
                continue;
            }
            let run = PageRange { first: PageIndex(start as u32), count: end - start };
            let copied = if stored {
                self.note_stream(&mut paged, page, end);
                self.copy_in(&mut paged, run.first, &buffer[slot(start)..slot(end)], touched, cluster.how)
            } else {
                self.copy_in(&mut paged, run.first, &ZEROS[..run.count as usize], touched, CameIn::Alone)
            };
            if paged.waiting > 0 {
                self.came.notify_all();
            }
            return copied.map_err(|error| error.to_string());
        }
    }

    /// Fills `bytes` with a page that is coming; whether it is one that was stored.
    fn fetch(&self, started: &Started, page: u64, bytes: &mut PageBytes) -> Result<bool, String> {
        let page = PageIndex(page as u32);
        {
            let paged = lock(&self.paged);
            if let Some(limbo) = &paged.limbo
                && let Some(slot) = limbo.slot_of(page)
            {
                bytes.copy_from_slice(limbo.bytes(slot));
                self.rescued.fetch_add(1, Relaxed);
                return Ok(true);
            }
            if paged.zero.contains(page) {
                return Ok(false);
            }
        }
        let found = started.source.read_page(page, bytes);
        self.paged_in.fetch_add(u64::from(found == Ok(true)), Relaxed);
        found
    }

    /// Says that the neighbours of a page that is coming come too, as far as they stand beside it, are missing, and nobody
    /// else brings them in; all these.
    fn reserve(&self, started: &Started, page: u64, around: Range<u64>) -> Range<u64> {
        let mut reserved = page..page + 1;
        if around == reserved {
            return reserved;
        }
        let mut paged = lock(&self.paged);
        let mut is_free = |number: u64| {
            let page = PageIndex(number as u32);
            !paged.present.contains(page) && !started.scratch.contains(page) && paged.coming.insert(page.0)
        };
        while reserved.start > around.start && is_free(reserved.start - 1) {
            reserved.start -= 1;
        }
        while reserved.end < around.end && is_free(reserved.end) {
            reserved.end += 1;
        }
        reserved
    }

    /// The pages that may come in with a page that was never stored.
    fn fresh_around(&self, page: u64) -> Range<u64> {
        let grows = page > 0 && lock(&self.paged).present.contains(PageIndex((page - 1) as u32));
        let last = page + if grows { FRESH_CLUSTER } else { FRESH_ALONE };
        page..last.min(WORLD_SIZE / PAGE_SIZE as u64)
    }

    /// The pages to bring in with a stored page: an aligned cluster while there is plenty of memory; else more and more ahead
    /// of touches in sequence, and none for a touch at random.
    fn cluster(&self, paged: &Paged, page: u64) -> Cluster {
        if self.resident.load(Relaxed) < self.resident_max.load(Relaxed) / 2 {
            let first = page - page % STORED_CLUSTER;
            return Cluster { pages: first..first + STORED_CLUSTER, how: CameIn::Alone };
        }
        let goes_on = paged.streams.iter().find(|stream| stream.pages > 0 && stream.next == page);
        let ahead = goes_on.map_or(1, |stream| (stream.pages * 2).min(SEQUENCE_CLUSTER));
        let how = if ahead >= SEQUENCE_MIN { CameIn::InSequence } else { CameIn::Alone };
        Cluster { pages: page..(page + ahead).min(WORLD_SIZE / PAGE_SIZE as u64), how }
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
                Copied::UpToPresent(some) => done += some + PAGE_SIZE,
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

    fn count_resident(&self, paged: &Paged) {
        let pages = paged.present.len() + paged.limbo.as_ref().map_or(0, Limbo::len);
        self.resident.store(pages * PAGE_SIZE as u64, Relaxed);
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
