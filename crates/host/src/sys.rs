//! System calls around mapped worlds: reservations of address space, and `userfaultfd(2)` (kernel documentation,
//! `admin-guide/mm/userfaultfd.rst` and `pagemap.rst`), which `libc` does not declare.

use base::{PAGE_SIZE, PageIndex, PageRange, WORLD_BASE, WORLD_SIZE};
use platform::MapperError;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::ptr;

/// `UFFDIO_API` and the like: `_IOWR(0xAA, ...)` of `linux/userfaultfd.h`.
const UFFDIO_API: libc::c_ulong = 0xc018_aa3f;
const UFFDIO_REGISTER: libc::c_ulong = 0xc020_aa00;
const UFFDIO_COPY: libc::c_ulong = 0xc028_aa03;
const UFFDIO_MOVE: libc::c_ulong = 0xc028_aa05;
const UFFD_API: u64 = 0xaa;
const UFFD_USER_MODE_ONLY: i32 = 1;
const FEATURE_SIGBUS: u64 = 1 << 7;
const FEATURE_MOVE: u64 = 1 << 16;
const REGISTER_MODE_MISSING: u64 = 1;
/// Of copies and moves: nobody waits for the page in the kernel.
const MODE_DONTWAKE: u64 = 1;

/// The last failure of the system, while doing `what`.
pub(crate) fn failed(what: impl Into<String>) -> MapperError {
    MapperError { what: what.into(), reason: io::Error::last_os_error().to_string() }
}

/// Where a world is mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Placement {
    /// At `WORLD_BASE`: one world in a process.
    #[default]
    Fixed,
    /// Wherever there is room: tests, and several worlds in a process (at most seven fit).
    Anywhere,
}

/// Address space that is given back when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: usize,
    len: usize,
}

impl Mapping {
    /// Reserves the address space of a world with this protection, anonymous or over `file` (shared).
    pub(crate) fn world(
        placement: Placement,
        protection: i32,
        file: Option<RawFd>,
    ) -> Result<Mapping, MapperError> {
        let (at, fixed) = match placement {
            Placement::Fixed => (WORLD_BASE as usize, libc::MAP_FIXED_NOREPLACE),
            Placement::Anywhere => (0, 0),
        };
        let kind = if file.is_some() { libc::MAP_SHARED } else { libc::MAP_PRIVATE | libc::MAP_ANONYMOUS };
        Mapping::map(at, WORLD_SIZE as usize, protection, kind | fixed, file.unwrap_or(-1))
    }

    /// Maps what the write barrier notes pages in, see [`platform::PageMapper::announced`].
    pub(crate) fn announced() -> Result<Mapping, MapperError> {
        let mapping = Mapping::anonymous(platform::ANNOUNCED_BYTES as usize)?;
        mapping.keep_small_and_private()?;
        Ok(mapping)
    }

    /// Maps `len` bytes of zeros somewhere.
    pub(crate) fn anonymous(len: usize) -> Result<Mapping, MapperError> {
        Mapping::map(0, len, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
    }

    fn map(at: usize, len: usize, protection: i32, flags: i32, file: RawFd) -> Result<Mapping, MapperError> {
        // SAFETY: a new mapping; with an address it is MAP_FIXED_NOREPLACE, so nothing that exists is touched.
        let start = unsafe {
            libc::mmap(ptr::without_provenance_mut(at), len, protection, flags | libc::MAP_NORESERVE, file, 0)
        };
        if start == libc::MAP_FAILED {
            return Err(failed(format!("reserving {} GiB of address space", len >> 30)));
        }
        let mapping = Mapping { start: start.expose_provenance(), len };
        if at != 0 && mapping.start != at {
            return Err(MapperError {
                what: format!("reserving address space at {at:#x}"),
                reason: "the kernel does not grant that address".into(),
            });
        }
        Ok(mapping)
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The host address of a page of the world that this maps.
    pub(crate) fn page(&self, page: PageIndex) -> usize {
        self.start + page.0 as usize * PAGE_SIZE
    }

    /// `madvise` on pages of the world that this maps; advice that does not change content, or `MADV_DONTNEED` on pages
    /// that the caller owns.
    pub(crate) fn advise(&self, pages: PageRange, advice: i32, what: &str) -> Result<(), MapperError> {
        self.check(pages);
        let start = ptr::with_exposed_provenance_mut(self.page(pages.first));
        // SAFETY: inside this mapping (checked). No Rust object lives in it, so no content that Rust relies on can change.
        match unsafe { libc::madvise(start, pages.count as usize * PAGE_SIZE, advice) } {
            0 => Ok(()),
            _ => Err(failed(what)),
        }
    }

    /// Makes pages readable and writable.
    pub(crate) fn allow(&self, pages: PageRange) -> Result<(), MapperError> {
        self.protect(pages, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Makes every touch of pages a fault, from the moment of its return on and for all threads.
    pub(crate) fn forbid(&self, pages: PageRange) -> Result<(), MapperError> {
        self.protect(pages, libc::PROT_NONE)
    }

    fn protect(&self, pages: PageRange, protection: i32) -> Result<(), MapperError> {
        self.check(pages);
        let start = ptr::with_exposed_provenance_mut(self.page(pages.first));
        // SAFETY: inside this mapping (checked), in which no Rust object lives.
        match unsafe { libc::mprotect(start, pages.count as usize * PAGE_SIZE, protection) } {
            0 => Ok(()),
            _ => Err(failed("changing access to pages")),
        }
    }

    /// Replaces pages by plain anonymous memory, all zero.
    pub(crate) fn make_anonymous(&self, pages: PageRange) -> Result<(), MapperError> {
        self.check(pages);
        let start = ptr::with_exposed_provenance_mut(self.page(pages.first));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: replaces a part of this mapping (checked), in which no Rust object lives.
        let got = unsafe { libc::mmap(start, pages.count as usize * PAGE_SIZE, protection, flags, -1, 0) };
        if got == libc::MAP_FAILED { Err(failed("mapping scratch memory")) } else { Ok(()) }
    }

    /// Says that the pages of this mapping are never joined to large ones, and not for child processes.
    pub(crate) fn keep_small_and_private(&self) -> Result<(), MapperError> {
        let pages = PageRange { first: PageIndex(0), count: (self.len / PAGE_SIZE) as u64 };
        self.advise(pages, libc::MADV_NOHUGEPAGE, "keeping pages small")?;
        self.advise(pages, libc::MADV_DONTFORK, "keeping pages out of child processes")
    }

    /// The bytes of a page of a mapping whose memory nobody but the holder of this value touches.
    pub(crate) fn page_bytes(&self, page: usize) -> &base::PageBytes {
        assert!((page + 1) * PAGE_SIZE <= self.len);
        let start: *const base::PageBytes = ptr::with_exposed_provenance(self.start + page * PAGE_SIZE);
        // SAFETY: inside this mapping (checked), which lives as long as the borrow; only its holder touches its memory, and
        // does so through this value.
        unsafe { &*start }
    }

    fn check(&self, pages: PageRange) {
        assert!((u64::from(pages.first.0) + pages.count) * PAGE_SIZE as u64 <= self.len as u64);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` and not unmapped since; whoever used it held this value.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(self.start), self.len) };
    }
}

/// The parts of the world outside `scratch`, as byte ranges from its start, without empty ones.
pub(crate) fn around(scratch: PageRange) -> impl Iterator<Item = (u64, u64)> {
    let start = u64::from(scratch.first.0) * PAGE_SIZE as u64;
    let end = start + scratch.count * PAGE_SIZE as u64;
    let parts = if scratch.count == 0 { [(0, WORLD_SIZE), (0, 0)] } else { [(0, start), (end, WORLD_SIZE)] };
    parts.into_iter().filter(|(start, end)| start < end)
}

/// What came of copying pages in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Copied {
    /// All bytes are in.
    All,
    /// So many bytes are in; the page after them was there already.
    UpToPresent(usize),
}

/// A `userfaultfd`.
#[derive(Debug)]
pub(crate) struct Uffd {
    fd: OwnedFd,
    can_move: bool,
}

impl Uffd {
    /// Opens one by which a touch of a missing page raises SIGBUS in the thread that made it; that can move pages, where
    /// the kernel knows how (Linux 6.8).
    pub(crate) fn open() -> Result<Uffd, MapperError> {
        // What a kernel does not know makes the call fail, and it can be made once for each descriptor.
        Uffd::with(FEATURE_SIGBUS | FEATURE_MOVE).or_else(|_| Uffd::with(FEATURE_SIGBUS))
    }

    fn with(features: u64) -> Result<Uffd, MapperError> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK | UFFD_USER_MODE_ONLY;
        // SAFETY: takes flags, gives a descriptor.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, flags) };
        if fd < 0 {
            return Err(failed("userfaultfd"));
        }
        // SAFETY: just opened, owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        let uffd = Uffd { fd, can_move: features & FEATURE_MOVE != 0 };
        let mut api = [UFFD_API, features, 0];
        // SAFETY: `struct uffdio_api` is three u64.
        if unsafe { libc::ioctl(uffd.fd.as_raw_fd(), UFFDIO_API, api.as_mut_ptr()) } != 0 {
            return Err(failed("talking to userfaultfd"));
        }
        Ok(uffd)
    }

    /// Whether [`Uffd::move_pages`] works.
    pub(crate) fn can_move(&self) -> bool {
        self.can_move
    }

    /// Moves `len` bytes of whole pages from `from` to `to`, without copying, and gives how many it moved: in one atomic
    /// step each is gone there and here instead. The target, registered, has no page there.
    /// It stops at a page that the kernel uses or that is not there.
    pub(crate) fn move_pages(
        &self,
        pagemap: &File,
        from: usize,
        to: usize,
        len: usize,
    ) -> Result<usize, MapperError> {
        let mut done = 0;
        while done < len {
            let mut range = [(to + done) as u64, (from + done) as u64, (len - done) as u64, MODE_DONTWAKE, 0];
            // SAFETY: `struct uffdio_move` is five u64. Both ranges are mappings of pages in which no Rust object lives;
            // nothing that is at the target is overwritten.
            if unsafe { libc::ioctl(self.raw(), UFFDIO_MOVE, range.as_mut_ptr()) } == 0 {
                return Ok(len);
            }
            let error = io::Error::last_os_error();
            match range[4] as i64 {
                some if some > 0 => done += some as usize,
                _ => match error.raw_os_error() {
                    Some(libc::EAGAIN) => {}
                    // Linux 6.18 tries again by itself when another thread faults meanwhile, and may then find what it
                    // has moved already.
                    Some(libc::EEXIST | libc::ENOENT)
                        if in_memory(pagemap, to + done)? && !in_memory(pagemap, from + done)? =>
                    {
                        done += PAGE_SIZE;
                    }
                    Some(libc::EBUSY | libc::ENOENT) => return Ok(done),
                    _ => {
                        return Err(MapperError { what: "moving a page".into(), reason: error.to_string() });
                    }
                },
            }
        }
        Ok(len)
    }

    pub(crate) fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Has touches of missing pages of a range told from now on.
    pub(crate) fn register(&self, start: usize, len: usize) -> Result<(), MapperError> {
        let mut range = [start as u64, len as u64, REGISTER_MODE_MISSING, 0];
        // SAFETY: `struct uffdio_register` is four u64.
        match unsafe { libc::ioctl(self.raw(), UFFDIO_REGISTER, range.as_mut_ptr()) } {
            0 => Ok(()),
            _ => Err(failed("registering the world with userfaultfd")),
        }
    }

    /// Puts `bytes` (whole pages) at `to`.
    pub(crate) fn copy_in(&self, to: usize, bytes: &[u8]) -> Result<Copied, MapperError> {
        let mut done = 0;
        while done < bytes.len() {
            let left = &bytes[done..];
            let mut copy = [(to + done) as u64, left.as_ptr() as u64, left.len() as u64, MODE_DONTWAKE, 0];
            // SAFETY: `struct uffdio_copy` is five u64. The source is live memory; the target must be a missing page of
            // a registered range, or the call fails: nothing that is there is overwritten.
            if unsafe { libc::ioctl(self.raw(), UFFDIO_COPY, copy.as_mut_ptr()) } == 0 {
                return Ok(Copied::All);
            }
            let error = io::Error::last_os_error();
            match copy[4] as i64 {
                some if some > 0 => done += some as usize,
                _ if error.raw_os_error() == Some(libc::EEXIST) => return Ok(Copied::UpToPresent(done)),
                _ if error.raw_os_error() == Some(libc::EAGAIN) => {}
                _ => return Err(MapperError { what: "copying a page in".into(), reason: error.to_string() }),
            }
        }
        Ok(Copied::All)
    }
}

/// This process's page map.
pub(crate) fn open_pagemap() -> Result<File, MapperError> {
    File::open("/proc/self/pagemap")
        .map_err(|error| MapperError { what: "/proc/self/pagemap".into(), reason: error.to_string() })
}

/// Whether a page is there, in memory or swapped out (`pagemap.rst`).
fn in_memory(pagemap: &File, at: usize) -> Result<bool, MapperError> {
    let mut entry = [0; 8];
    pagemap
        .read_exact_at(&mut entry, (at / PAGE_SIZE * 8) as u64)
        .map_err(|error| MapperError { what: "/proc/self/pagemap".into(), reason: error.to_string() })?;
    Ok(u64::from_le_bytes(entry) >> 62 != 0)
}
