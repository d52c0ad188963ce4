//! [`UffdMapper`]: a world mapped with `userfaultfd`: the kernel asks for missing pages and notes every written one.
//!
//! A thread of its own, the pager, serves missing pages from the [`PageSource`], in clusters; each comes in write-protected
//! and so counts as clean. The first write to a page costs about 1.2 µs in the kernel (asynchronous write protection), and
//! the scan of written pages (`PAGEMAP_SCAN`) protects them again in one atomic step.
//!
//! *Invariants:* only the pager and [`PageMapper::install`] put pages in, under the lock of [`Paged`]; a page that
//! [`PageMapper::discard`] took away comes back as zero, whatever the source says. A system call that is given a missing
//! page of the world fails (`UFFD_USER_MODE_ONLY`), but nothing hands pointers into the world to the kernel.

use crate::fatal::Fatal;
use crate::sys::{self, Copied, Event, Mapping, Placement, Region, Uffd};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use memory::PageSet;
use platform::{MapperError, PageMapper, PageSource, Paging, Tracking};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// Stored pages brought in together, when they are missing: an aligned cluster.
const STORED_CLUSTER: u64 = 16;
/// Fresh pages brought in together where the page before is there (something grows), and elsewhere.
const FRESH_CLUSTER: u64 = 64;
const FRESH_ALONE: u64 = 8;
/// Pages of a region of the hint where pages have come in (1 GiB).
const HINT_PAGES: u64 = 1 << 18;
const HINTS: usize = ((WORLD_SIZE / PAGE_SIZE as u64) / HINT_PAGES) as usize;
/// Runs of written pages that the kernel gives at a time.
const SCAN_REGIONS: usize = 4096;

static ZEROS: [PageBytes; FRESH_CLUSTER as usize] = [[0; PAGE_SIZE]; FRESH_CLUSTER as usize];

/// A world mapped with `userfaultfd`.
pub struct UffdMapper {
    shared: Arc<Shared>,
    pagemap: File,
    regions: Mutex<Vec<Region>>,
    pager: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    mapping: Mapping,
    uffd: Uffd,
    stop: Event,
    fatal: Fatal,
    started: OnceLock<Started>,
    paged: Mutex<Paged>,
    /// One bit for each GiB in which a page came in: where the scan has to look.
    hints: Vec<AtomicU64>,
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
}

impl UffdMapper {
    /// Reserves the address space of a world.
    ///
    /// # Errors
    /// When the kernel lacks what is needed (Linux 6.7, `CONFIG_USERFAULTFD`), a policy forbids it, or the address space is
    /// taken.
    pub fn new(placement: Placement, fatal: Fatal) -> Result<UffdMapper, MapperError> {
        probe()?;
        let mapping = Mapping::world(placement, libc::PROT_READ | libc::PROT_WRITE, None)?;
        let shared = Shared {
            mapping,
            uffd: Uffd::open()?,
            stop: Event::new()?,
            fatal,
            started: OnceLock::new(),
            paged: Mutex::default(),
            hints: (0..HINTS / 64).map(|_| AtomicU64::new(0)).collect(),
        };
        Ok(UffdMapper {
            shared: Arc::new(shared),
            pagemap: sys::open_pagemap()?,
            regions: Mutex::new(vec![Region::default(); SCAN_REGIONS]),
            pager: Mutex::new(None),
        })
    }
}

impl PageMapper for UffdMapper {
    fn host_base(&self) -> usize {
        self.shared.mapping.start()
    }
    fn tracking(&self) -> Tracking {
        Tracking::Hardware
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
            let tracked = PageRange { first, count: (end - start) / PAGE_SIZE as u64 };
            shared.mapping.advise(tracked, libc::MADV_NOHUGEPAGE, "keeping pages small")?;
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

    fn scan_written(&self, found: &mut dyn FnMut(PageRange)) -> Result<(), MapperError> {
        let base = self.shared.mapping.start();
        let started = self.shared.started.get().expect("scanned before the start");
        let mut regions = lock(&self.regions);
        let mut emit = |region: Region| {
            let first = PageIndex(((region.start - base as u64) / PAGE_SIZE as u64) as u32);
            found(PageRange { first, count: (region.end - region.start) / PAGE_SIZE as u64 });
        };
        for (start, end) in self.shared.touched() {
            for (part_start, part_end) in sys::around(started.scratch) {
                let (start, end) = (start.max(part_start), end.min(part_end));
                if start < end {
                    let (start, end) = (base + start as usize, base + end as usize);
                    sys::scan_written(&self.pagemap, start, end, &mut regions, &mut emit)?;
                }
            }
        }
        Ok(())
    }

    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        let mut paged = lock(&self.shared.paged);
        self.shared.copy_in(&mut paged, page, std::slice::from_ref(bytes))
    }

    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        let started = self.shared.started.get().expect("discarded before the start");
        let mut paged = lock(&self.shared.paged);
        if !started.scratch.contains(pages.first) {
            paged.present.remove_range(pages);
            for page in pages.iter() {
                paged.zero.insert(page);
            }
        }
        self.shared.mapping.advise(pages, libc::MADV_DONTNEED, "giving pages back")
    }

    /// Pages that came in and were not discarded; scratch is not counted.
    fn resident_bytes(&self) -> u64 {
        lock(&self.shared.paged).present.len() * PAGE_SIZE as u64
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
        let mut buffer = vec![[0; PAGE_SIZE]; STORED_CLUSTER as usize];
        loop {
            let (fault, stop) = sys::wait_readable(self.uffd.raw(), self.stop.raw());
            if stop {
                return;
            }
            if !fault {
                continue;
            }
            self.uffd.faults(&mut faults);
            for address in faults.drain(..) {
                let page = PageIndex(((address - self.mapping.start()) / PAGE_SIZE) as u32);
                let served = catch_unwind(AssertUnwindSafe(|| self.bring_in(page, &mut buffer)))
                    .unwrap_or_else(|_| Err("the pager panicked".into()));
                if let Err(reason) = served {
                    self.fatal.raise(&format!("page {} of the world cannot be read: {reason}", page.0));
                    return;
                }
            }
        }
    }

    /// Serves one fault, with the neighbours that are missing too.
    fn bring_in(&self, page: PageIndex, buffer: &mut [PageBytes]) -> Result<(), String> {
        let started = self.started.get().ok_or("not started")?;
        let mut paged = lock(&self.paged);
        if paged.present.contains(page) {
            self.uffd.wake(self.mapping.page(page));
            return Ok(());
        }
        let page = u64::from(page.0);
        let cluster = page - page % STORED_CLUSTER;
        let slot = (page - cluster) as usize;
        let missing = |paged: &Paged, page: u64| {
            let page = PageIndex(page as u32);
            !paged.present.contains(page) && !started.scratch.contains(page)
        };
        let stored = |paged: &Paged, page: u64, bytes: &mut PageBytes| {
            let page = PageIndex(page as u32);
            if paged.zero.contains(page) { Ok(false) } else { started.source.read_page(page, bytes) }
        };
        let copied = if stored(&paged, page, &mut buffer[slot])? {
            // A neighbour that cannot be read is left for the one who needs it.
            let mut take = |paged: &Paged, neighbour: u64| {
                let bytes = &mut buffer[(neighbour - cluster) as usize];
                missing(paged, neighbour) && stored(paged, neighbour, bytes).unwrap_or(false)
            };
            let mut first = page;
            while first > cluster && take(&paged, first - 1) {
                first -= 1;
            }
            let mut end = page + 1;
            while end < cluster + STORED_CLUSTER && take(&paged, end) {
                end += 1;
            }
            let run = &buffer[(first - cluster) as usize..(end - cluster) as usize];
            self.copy_in(&mut paged, PageIndex(first as u32), run)
        } else {
            let grows = page > 0 && paged.present.contains(PageIndex((page - 1) as u32));
            let last = page + if grows { FRESH_CLUSTER } else { FRESH_ALONE };
            let last = last.min(WORLD_SIZE / PAGE_SIZE as u64);
            let mut end = page + 1;
            while end < last && missing(&paged, end) && stored(&paged, end, &mut buffer[0]) == Ok(false) {
                end += 1;
            }
            self.copy_in(&mut paged, PageIndex(page as u32), &ZEROS[..(end - page) as usize])
        };
        copied.map_err(|error| error.to_string())
    }

    /// Puts pages in that are not there, write-protected.
    fn copy_in(&self, paged: &mut Paged, first: PageIndex, pages: &[PageBytes]) -> Result<(), MapperError> {
        let end = u64::from(first.0) + pages.len() as u64;
        for region in u64::from(first.0) / HINT_PAGES..=(end - 1) / HINT_PAGES {
            self.hints[region as usize / 64].fetch_or(1 << (region % 64), SeqCst);
        }
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
            paged.present.insert(PageIndex(page as u32));
            paged.zero.remove(PageIndex(page as u32));
        }
        Ok(())
    }

    /// The byte ranges, from the start of the world, in which pages have come in.
    fn touched(&self) -> Vec<(u64, u64)> {
        const BYTES: u64 = HINT_PAGES * PAGE_SIZE as u64;
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (word, bits) in self.hints.iter().enumerate() {
            let mut bits = bits.load(SeqCst);
            while bits != 0 {
                let start = (word as u64 * 64 + u64::from(bits.trailing_zeros())) * BYTES;
                bits &= bits - 1;
                match ranges.last_mut() {
                    Some(last) if last.1 == start => last.1 += BYTES,
                    _ => ranges.push((start, start + BYTES)),
                }
            }
        }
        ranges
    }
}

/// Tries on a few pages of its own whether the kernel does all that is needed: registers, copies a page in clean, notes a
/// write to it once.
pub(crate) fn probe() -> Result<(), MapperError> {
    let strange = |reason: &str| MapperError { what: "trying userfaultfd".into(), reason: reason.into() };
    let mapping = Mapping::anonymous(2 * PAGE_SIZE)?;
    let uffd = Uffd::open()?;
    uffd.register(mapping.start(), 2 * PAGE_SIZE)?;
    let pagemap = sys::open_pagemap()?;
    let mut regions = [Region::default(); 4];
    let mut written = || -> Result<u64, MapperError> {
        let mut bytes = 0;
        let (start, end) = (mapping.start(), mapping.start() + 2 * PAGE_SIZE);
        sys::scan_written(&pagemap, start, end, &mut regions, &mut |region| {
            bytes += region.end - region.start
        })?;
        Ok(bytes)
    };
    if uffd.copy_in(mapping.start(), &[7; PAGE_SIZE])? != Copied::All || written()? != 0 {
        return Err(strange("a page that came in counts as written"));
    }
    let byte: *mut u8 = std::ptr::with_exposed_provenance_mut(mapping.start());
    // SAFETY: the first byte of the page just copied in, in a mapping that nobody else knows.
    unsafe { byte.write_volatile(8) };
    if written()? != PAGE_SIZE as u64 || written()? != 0 {
        return Err(strange("a write is not noted exactly once"));
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
