//! [`SoftMapper`]: a world for kernels and containers without `userfaultfd`.
//!
//! The world is a shared mapping of a `memfd`, without access at first. The first touch of a region raises SIGSEGV;
//! the handler asks the loader thread and sleeps until the region's stored pages are in the `memfd` and the region is
//! accessible. So content is complete before any thread can see it, however many fault at once, and neighbouring regions
//! join into one mapping (per-page `mprotect` would run out of mappings at 32,739).
//!
//! Eviction goes by regions as well: one that is mostly durable becomes inaccessible, which takes it away atomically; what
//! of it may be dropped is punched out of the `memfd`, and the rest waits there for the next touch of the region. A region
//! is as small as the kernel's 65,530 mappings of a process allow for the memory that the world may take
//! ([`SoftMapper::region_pages_for`]): a program that touches its world at random pays a whole region for each miss.
//!
//! *Invariant:* the handler calls nothing that is not async-signal-safe and leaves `errno` alone.

use crate::fatal::Fatal;
use crate::sys::{self, Mapping, Placement};
use crate::trap::{self, Trap};
use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use memory::PageSet;
use platform::{Evicted, MapperError, PageMapper, PageSource, PageTraffic, Paging};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// Pages of the largest region (2 MiB).
const REGION_PAGES_MAX: u64 = 512;
/// Regions that may be in memory at once, each of which may cost two of the kernel's 65,530 mappings.
const REGIONS_READY_MAX: u64 = 16 << 10;
/// A region is taken away when at most one page in so many seems not to be durable.
const DIRTY_ONE_IN: u64 = 4;
/// What stands in the pipe for "stop".
const STOP: u64 = u64::MAX;

const MISSING: u8 = 0;
const ASKED: u8 = 1;
const READY: u8 = 2;

/// A world paged in on demand by SIGSEGV.
pub struct SoftMapper {
    shared: Arc<Shared>,
    announced: Mapping,
    slot: usize,
    loader: Mutex<Option<JoinHandle<()>>>,
}

/// What the signal handler sees of a world: all of it usable in a handler.
struct Door {
    region_pages: u64,
    /// A byte for each region, sparse.
    states: Mapping,
    /// Counts regions that became ready: a futex.
    readied: AtomicU32,
    requests: RawFd,
}

struct Shared {
    door: Door,
    mapping: Mapping,
    memory: File,
    requests: PipeWriter,
    incoming: Mutex<Option<PipeReader>>,
    fatal: Fatal,
    started: OnceLock<Started>,
    /// Held while a region is made ready and while pages are discarded or dropped.
    loading: Mutex<Regions>,
    resident_max: AtomicU64,
    faults: AtomicU64,
    paged_in: AtomicU64,
    evicted: AtomicU64,
}

/// What the loader and the evictor know of regions.
#[derive(Default)]
struct Regions {
    /// Those that are accessible.
    ready: BTreeSet<usize>,
    /// Pages in the `memfd` of regions that are not: they are newer than the source.
    kept: PageSet,
    /// Where the evictor goes on.
    hand: usize,
}

struct Started {
    source: Arc<dyn PageSource>,
    scratch: PageRange,
}

impl SoftMapper {
    /// The smallest regions for a world that may take so many bytes of memory, in pages.
    pub fn region_pages_for(memory_bytes: u64) -> u64 {
        let pages = memory_bytes / PAGE_SIZE as u64 / REGIONS_READY_MAX;
        pages.max(1).checked_next_power_of_two().map_or(REGION_PAGES_MAX, |pages| pages.min(REGION_PAGES_MAX))
    }

    /// Reserves the address space of a world, which comes in and goes by `region_pages`.
    ///
    /// # Errors
    /// When the address space is taken, the file size limit of the process is in the way, or too many such worlds are
    /// mapped.
    ///
    /// # Panics
    /// When `region_pages` is not a power of two up to 512.
    pub fn new(placement: Placement, fatal: Fatal, region_pages: u64) -> Result<SoftMapper, MapperError> {
        assert!(region_pages.is_power_of_two() && region_pages <= REGION_PAGES_MAX, "{region_pages} pages");
        TRAP.install(libc::SIGSEGV, on_segv, libc::SA_ONSTACK);
        let memory = memory_file()?;
        let mapping = Mapping::world(placement, libc::PROT_NONE, Some(memory.as_raw_fd()))?;
        let (incoming, requests) = std::io::pipe()
            .map_err(|error| MapperError { what: "a pipe for page-in".into(), reason: error.to_string() })?;
        let announced = Mapping::announced()?;
        let door = Door {
            region_pages,
            states: Mapping::anonymous((WORLD_SIZE / PAGE_SIZE as u64 / region_pages) as usize)?,
            readied: AtomicU32::new(0),
            requests: requests.as_raw_fd(),
        };
        let shared = Arc::new(Shared {
            door,
            mapping,
            memory,
            requests,
            incoming: Mutex::new(Some(incoming)),
            fatal,
            started: OnceLock::new(),
            loading: Mutex::default(),
            resident_max: AtomicU64::new(u64::MAX),
            faults: AtomicU64::new(0),
            paged_in: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
        });
        let slot = TRAP.add(shared.mapping.start(), &raw const shared.door)?;
        Ok(SoftMapper { shared, announced, slot, loader: Mutex::new(None) })
    }
}

impl PageMapper for SoftMapper {
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
        "software"
    }

    fn start(&self, source: Arc<dyn PageSource>, scratch: PageRange) -> Result<(), MapperError> {
        let shared = &self.shared;
        let whole = PageRange { first: PageIndex(0), count: WORLD_SIZE / PAGE_SIZE as u64 };
        shared.mapping.advise(whole, libc::MADV_DONTFORK, "keeping the world out of child processes")?;
        if scratch.count > 0 {
            shared.mapping.make_anonymous(scratch)?;
        }
        assert!(shared.started.set(Started { source, scratch }).is_ok(), "a mapper is started once");
        let incoming = lock(&shared.incoming).take().expect("started once");
        let loader = shared.clone();
        let thread = std::thread::Builder::new()
            .name("loader".into())
            .spawn(move || loader.serve(incoming))
            .map_err(|error| MapperError { what: "starting the loader".into(), reason: error.to_string() })?;
        *lock(&self.loader) = Some(thread);
        Ok(())
    }

    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        let shared = &self.shared;
        let mut loading = lock(&shared.loading);
        shared
            .load(shared.door.region_of(page), &mut loading)
            .map_err(|reason| MapperError { what: "installing".into(), reason })?;
        shared.put(page, bytes).map_err(|reason| MapperError { what: "installing".into(), reason })
    }

    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        let shared = &self.shared;
        if pages.count == 0 {
            return Ok(());
        }
        let started = shared.started.get().expect("discarded before the start");
        if started.scratch.contains(pages.first) {
            return shared.mapping.advise(pages, libc::MADV_DONTNEED, "giving pages back");
        }
        let mut loading = lock(&shared.loading);
        let end = u64::from(pages.first.0) + pages.count;
        let door = &shared.door;
        for region in door.region_of(pages.first)..=door.region_of(PageIndex((end - 1) as u32)) {
            // A region must not be loaded over the hole later; one that is dead whole need not be read for it.
            let first = region as u64 * door.region_pages;
            let result = if first >= u64::from(pages.first.0) && first + door.region_pages <= end {
                loading.kept.remove_range(door.pages_of(region));
                shared.make_ready(region, &mut loading)
            } else {
                shared.load(region, &mut loading)
            };
            result.map_err(|reason| MapperError { what: "giving pages back".into(), reason })?;
        }
        shared.punch(pages)
    }

    /// Bytes that the `memfd` takes; scratch is not counted.
    fn resident_bytes(&self) -> u64 {
        self.shared.resident_bytes()
    }

    fn evict(&self, pages_max: u64) -> Result<Evicted, MapperError> {
        self.shared.evict(pages_max)
    }

    fn set_resident_max(&self, bytes: u64) {
        self.shared.resident_max.store(bytes, Relaxed);
    }

    fn can_evict(&self) -> bool {
        true
    }

    fn traffic(&self) -> PageTraffic {
        let shared = &self.shared;
        PageTraffic {
            faults: shared.faults.load(Relaxed),
            paged_in: shared.paged_in.load(Relaxed),
            evicted: shared.evicted.load(Relaxed),
            ..PageTraffic::default()
        }
    }
}

impl Drop for SoftMapper {
    fn drop(&mut self) {
        // Nobody touches the world any more, so no handler is using the door.
        TRAP.remove(self.slot);
        ask(self.shared.requests.as_raw_fd(), STOP);
        if let Some(thread) = lock(&self.loader).take() {
            // A loader that panicked has said so through `Fatal`.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The loader's thread.
    fn serve(&self, mut incoming: PipeReader) {
        loop {
            let mut request = [0; 8];
            if incoming.read_exact(&mut request).is_err() {
                return;
            }
            let region = u64::from_le_bytes(request);
            if region == STOP {
                return;
            }
            let load = || {
                self.faults.fetch_add(1, Relaxed);
                self.load(region as usize, &mut lock(&self.loading))?;
                self.keep_bound().map_err(|error| error.to_string())
            };
            let loaded =
                catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| Err("the loader panicked".into()));
            if let Err(reason) = loaded {
                let pages = self.door.region_pages;
                self.fatal
                    .raise(&format!("{pages} pages from page {} cannot be read: {reason}", region * pages));
                return;
            }
        }
    }

    fn resident_bytes(&self) -> u64 {
        self.memory.metadata().map_or(0, |metadata| metadata.blocks() * 512)
    }

    /// Evicts where more is in memory than should be.
    fn keep_bound(&self) -> Result<(), MapperError> {
        let (max, resident) = (self.resident_max.load(Relaxed), self.resident_bytes());
        // A little earlier, so that the next region finds room.
        let high = max - max / 16;
        if resident > high {
            self.evict((resident - high) / PAGE_SIZE as u64)?;
        }
        if self.resident_bytes() > max {
            self.started.get().expect("served before the start").source.pressed();
        }
        Ok(())
    }

    /// Drops pages of regions in turn.
    fn evict(&self, pages_max: u64) -> Result<Evicted, MapperError> {
        let started = self.started.get().expect("evicted before the start");
        let mut done = Evicted::default();
        let mut regions = lock(&self.loading);
        let hand = regions.hand;
        let turn: Vec<usize> =
            regions.ready.range(hand..).chain(regions.ready.range(..hand)).copied().collect();
        for region in turn {
            if done.dropped >= pages_max {
                break;
            }
            regions.hand = region + 1;
            let pages = self.door.pages_of(region);
            let unsettled = pages.iter().filter(|page| !started.source.is_settled(*page)).count();
            if unsettled as u64 * DIRTY_ONE_IN > pages.count {
                continue;
            }
            // From here on a touch asks for the region anew, and waits for the lock that is held here.
            self.door.state(region).store(MISSING, SeqCst);
            self.mapping.forbid(pages)?;
            regions.ready.remove(&region);
            self.drop_pages(region, &mut regions, &*started.source, &mut done)?;
        }
        self.evicted.fetch_add(done.dropped, Relaxed);
        Ok(done)
    }

    /// Drops what may be dropped of a region that was taken away.
    fn drop_pages(
        &self,
        region: usize,
        regions: &mut Regions,
        source: &dyn PageSource,
        done: &mut Evicted,
    ) -> Result<(), MapperError> {
        let mut bytes = Box::new([0; PAGE_SIZE]);
        let mut dead = PageRange { first: self.door.pages_of(region).first, count: 0 };
        for page in self.door.pages_of(region).iter() {
            let offset = u64::from(page.0) * PAGE_SIZE as u64;
            let read = self.memory.read_exact_at(bytes.as_mut_slice(), offset);
            // What cannot be told stays.
            if read.is_ok() && source.holds(page, &bytes) == Ok(true) {
                done.dropped += 1;
                dead.count += 1;
                continue;
            }
            regions.kept.insert(page);
            done.put_back += 1;
            self.punch(dead)?;
            dead = PageRange { first: PageIndex(page.0.wrapping_add(1)), count: 0 };
        }
        self.punch(dead)
    }

    /// Gives the memory of pages back; they read as zero.
    fn punch(&self, pages: PageRange) -> Result<(), MapperError> {
        if pages.count == 0 {
            return Ok(());
        }
        let offset = u64::from(pages.first.0) * PAGE_SIZE as u64;
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        let len = pages.count * PAGE_SIZE as u64;
        // SAFETY: changes only the content of a file that backs the world, where no Rust object lives.
        match unsafe { libc::fallocate(self.memory.as_raw_fd(), mode, offset as i64, len as i64) } {
            0 => Ok(()),
            _ => Err(sys::failed("giving pages back")),
        }
    }

    /// Brings a region in, unless it is there.
    fn load(&self, region: usize, regions: &mut Regions) -> Result<(), String> {
        if self.door.state(region).load(Acquire) == READY {
            return Ok(());
        }
        let started = self.started.get().ok_or("not started")?;
        let mut bytes = Box::new([0; PAGE_SIZE]);
        for page in self.door.pages_of(region).iter() {
            let newer = started.scratch.contains(page) || regions.kept.contains(page);
            if !newer && started.source.read_page(page, &mut bytes)? {
                self.paged_in.fetch_add(1, Relaxed);
                self.put(page, &bytes)?;
            }
        }
        regions.kept.remove_range(self.door.pages_of(region));
        self.make_ready(region, regions)
    }

    fn put(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), String> {
        let offset = u64::from(page.0) * PAGE_SIZE as u64;
        self.memory.write_all_at(bytes, offset).map_err(|error| error.to_string())
    }

    /// Makes a region accessible, and wakes who waits for it.
    fn make_ready(&self, region: usize, regions: &mut Regions) -> Result<(), String> {
        if self.door.state(region).load(Acquire) == READY {
            return Ok(());
        }
        self.mapping.allow(self.door.pages_of(region)).map_err(|error| error.to_string())?;
        regions.ready.insert(region);
        self.door.state(region).store(READY, Release);
        self.door.readied.fetch_add(1, Release);
        let everyone = i32::MAX;
        // SAFETY: wakes those who wait on a live futex word.
        unsafe { libc::syscall(libc::SYS_futex, self.door.readied.as_ptr(), FUTEX_WAKE_PRIVATE, everyone) };
        Ok(())
    }
}

const FUTEX_WAIT_PRIVATE: i32 = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
const FUTEX_WAKE_PRIVATE: i32 = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;

/// A file in memory that is as large as a world, and empty.
fn memory_file() -> Result<File, MapperError> {
    // SAFETY: a name and flags.
    let fd = unsafe { libc::memfd_create(c"phantom-world".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(sys::failed("memfd_create"));
    }
    // SAFETY: just opened, owned by nobody else.
    let file = unsafe { File::from_raw_fd(fd) };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a live struct of the right type.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    // Past the limit the kernel would not fail the call but kill the process.
    if limit.rlim_cur < WORLD_SIZE {
        let reason = format!("the file size limit of the process is {} bytes (ulimit -f)", limit.rlim_cur);
        return Err(MapperError { what: "making room for a world".into(), reason });
    }
    file.set_len(WORLD_SIZE)
        .map_err(|error| MapperError { what: "making room for a world".into(), reason: error.to_string() })?;
    Ok(file)
}

/// The worlds that the handler knows.
static TRAP: Trap<Door> = Trap::new();

/// Waits for the region that was touched; anything else goes on to the previous action.
extern "C" fn on_segv(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid `siginfo_t` that describes a fault.
    let address = unsafe { (*info).si_addr().addr() };
    match TRAP.find(address) {
        Some((door, page)) => trap::keeping_errno(|| door.wait_for(door.region_of(page))),
        None => TRAP.hand_on(signal, info, context),
    }
}

impl Door {
    fn region_of(&self, page: PageIndex) -> usize {
        (u64::from(page.0) / self.region_pages) as usize
    }

    fn pages_of(&self, region: usize) -> PageRange {
        let first = PageIndex((region as u64 * self.region_pages) as u32);
        PageRange { first, count: self.region_pages }
    }

    fn state(&self, region: usize) -> &AtomicU8 {
        assert!((region as u64) < WORLD_SIZE / PAGE_SIZE as u64 / self.region_pages);
        // SAFETY: a byte of a mapping that lives as long as the door, and that is used only here.
        unsafe { AtomicU8::from_ptr(ptr::with_exposed_provenance_mut(self.states.start() + region)) }
    }

    /// Returns when the region is accessible. Async-signal-safe.
    fn wait_for(&self, region: usize) {
        let state = self.state(region);
        loop {
            let readied = self.readied.load(Acquire);
            // Also when it was ready and is gone again before this thread woke up.
            if state.compare_exchange(MISSING, ASKED, SeqCst, SeqCst).is_ok() {
                ask(self.requests, region as u64);
            }
            if state.load(Acquire) == READY {
                return;
            }
            let for_ever: *const libc::timespec = ptr::null();
            // SAFETY: waits on a live futex word; a wrong or early wake-up is met by the loop.
            unsafe {
                libc::syscall(libc::SYS_futex, self.readied.as_ptr(), FUTEX_WAIT_PRIVATE, readied, for_ever)
            };
        }
    }
}

/// Writes a request into the loader's pipe: eight bytes are written whole. Async-signal-safe.
fn ask(pipe: RawFd, request: u64) {
    let bytes = request.to_le_bytes();
    // SAFETY: eight bytes of a live array. It fails only when the loader is gone, after it raised `Fatal`.
    while unsafe { libc::write(pipe, bytes.as_ptr().cast(), bytes.len()) } < 0 {
        if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
