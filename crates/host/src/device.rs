//! [`FileDevice`]: a world in a regular file or on a raw disk.
//!
//! *Invariants:* whoever writes holds an exclusive lock on the very open file that it writes to, until it is dropped; a
//! range that [`BlockDevice::grow`] added has its blocks on the medium before anyone writes there, so that a flush later
//! writes data only (unless [`FileDevice::growing_lazily`]).

use platform::{BlockDevice, DeviceError};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

/// Bytes written at a time when a file grows.
const GROW_STEP: usize = 1 << 20;

/// Writes of up to so many bytes go past the kernel's cache, while no more than [`DIRECT_UNFLUSHED_MAX`] wait for the flush:
/// the flush of a small commit then has nothing left to write, which takes a third off. Larger ones would wait where they
/// could go on.
const DIRECT_MAX: usize = 64 << 10;
const DIRECT_UNFLUSHED_MAX: u64 = 256 << 10;

/// Bytes aligned as writes past the kernel's cache want them (`open(2)`, `O_DIRECT`).
#[repr(align(4096))]
struct Aligned<const N: usize>([u8; N]);
/// What a file grows by.
static ZEROS: Aligned<GROW_STEP> = Aligned([0; GROW_STEP]);

/// Bytes after which what was written since is on its way to the medium, before anyone asks for a flush: the flush then
/// waits for the rest only.
const BEHIND_BYTES: u64 = 8 << 20;

/// Why a world could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process writes to it.
    InUse {
        /// The file or disk.
        path: PathBuf,
        /// That process, where the kernel tells.
        process: Option<u32>,
    },
    /// The system refused.
    System {
        /// The file or disk.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::InUse { path, process: Some(process) } => {
                write!(f, "{}: the world is in use by process {process}", path.display())
            }
            OpenError::InUse { path, process: None } => {
                write!(f, "{}: the world is in use by another process", path.display())
            }
            OpenError::System { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::InUse { .. } => None,
            OpenError::System { error, .. } => Some(error),
        }
    }
}

/// A file or a raw disk that holds a world.
pub struct FileDevice {
    file: File,
    path: PathBuf,
    len: AtomicU64,
    writable: bool,
    raw_disk: bool,
    growing: Mutex<()>,
    /// Bytes written since the last flush.
    unflushed: AtomicU64,
    /// Whether what it grows by is written before it is used.
    prewrites: bool,
    /// The same file, opened so that writes pass the kernel's cache, where that is possible: the next flush would have to wait
    /// until they are on the medium.
    uncached: Option<File>,
    /// What such a write takes its bytes from.
    aligned: Mutex<Box<Aligned<DIRECT_MAX>>>,
}

impl std::fmt::Debug for FileDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileDevice").field("path", &self.path).field("len", &self.len).finish_non_exhaustive()
    }
}

impl FileDevice {
    /// Creates an empty file that must not exist, locked for this process.
    ///
    /// # Errors
    /// When it exists or cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<FileDevice, OpenError> {
        FileDevice::with(path.as_ref(), OpenOptions::new().read(true).write(true).create_new(true), true)
    }

    /// Opens a file or raw disk to write to it, locked for this process.
    ///
    /// # Errors
    /// When another process writes to it ([`OpenError::InUse`]), or it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<FileDevice, OpenError> {
        FileDevice::with(path.as_ref(), OpenOptions::new().read(true).write(true), true)
    }

    /// Opens a file or raw disk only to read, whether or not someone writes to it: for tools, which meet what is half
    /// written with their checksums.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<FileDevice, OpenError> {
        FileDevice::with(path.as_ref(), OpenOptions::new().read(true), false)
    }

    /// The same, growing without writing: for a world that is made at one go and flushed once, where writing everything
    /// twice would halve the speed.
    #[must_use]
    pub fn growing_lazily(self) -> FileDevice {
        FileDevice { prewrites: false, ..self }
    }

    /// The same, called by another path in what it says of failures: that which a file will have once it is whole.
    #[must_use]
    pub fn called(self, path: impl Into<PathBuf>) -> FileDevice {
        FileDevice { path: path.into(), ..self }
    }

    /// The path that was opened, or what it is called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn with(path: &Path, options: &OpenOptions, writable: bool) -> Result<FileDevice, OpenError> {
        let system = |error| OpenError::System { path: path.into(), error };
        let mut file = options.open(path).map_err(system)?;
        if writable {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::InUse { path: path.into(), process: lock_holder(&file) });
                }
                Err(TryLockError::Error(error)) => return Err(system(error)),
            }
        }
        let kind = file.metadata().map_err(system)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(system(io::Error::new(ErrorKind::InvalidInput, "neither a file nor a disk")));
        }
        let len = file.seek(SeekFrom::End(0)).map_err(system)?;
        let raw_disk = kind.is_block_device();
        let uncached = (writable && !raw_disk).then(|| {
            let mut uncached = OpenOptions::new();
            uncached.write(true).custom_flags(libc::O_DIRECT);
            // The very file, wherever its name leads by now.
            uncached.open(format!("/proc/self/fd/{}", file.as_raw_fd()))
        });
        Ok(FileDevice {
            file,
            path: path.to_path_buf(),
            len: AtomicU64::new(len),
            writable,
            raw_disk,
            growing: Mutex::new(()),
            unflushed: AtomicU64::new(0),
            prewrites: true,
            uncached: uncached.and_then(Result::ok),
            aligned: Mutex::new(Box::new(Aligned([0; DIRECT_MAX]))),
        })
    }

    /// So many bytes more were written.
    fn wrote(&self, bytes: u64) {
        let before = self.unflushed.fetch_add(bytes, SeqCst);
        if before / BEHIND_BYTES != (before + bytes) / BEHIND_BYTES {
            // SAFETY: a descriptor and numbers; nothing waits for what is begun here, and its failure shows at the flush.
            let _ =
                unsafe { libc::sync_file_range(self.file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
        }
    }

    /// Writes past the kernel's cache, if that is possible and wanted; says whether it did. Where it fails the other way is
    /// tried, and an error shows there.
    fn write_uncached(&self, offset: u64, bytes: &[u8]) -> bool {
        let small = bytes.len() <= DIRECT_MAX && self.unflushed.load(SeqCst) < DIRECT_UNFLUSHED_MAX;
        let Some(file) = self.uncached.as_ref().filter(|_| small && self.prewrites) else { return false };
        let mut aligned = self.aligned.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = &mut aligned.0[..bytes.len()];
        copy.copy_from_slice(bytes);
        file.write_all_at(copy, offset).is_ok()
    }

    fn check(&self, offset: u64, count: usize) -> Result<(), DeviceError> {
        let (count, len) = (count as u64, self.len());
        if offset > len || count > len - offset {
            return Err(DeviceError::OutOfRange { offset, count, len });
        }
        Ok(())
    }

    fn writable(&self, what: &str) -> Result<(), DeviceError> {
        if self.writable { Ok(()) } else { Err(DeviceError::ReadOnly { what: self.doing(what) }) }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} {}", self.path.display())
    }

    fn failed(&self, what: &str, error: &io::Error) -> DeviceError {
        let what = self.doing(what);
        match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => DeviceError::NoSpace { what },
            Some(libc::EROFS | libc::EACCES | libc::EPERM) => DeviceError::ReadOnly { what },
            _ => DeviceError::Io { what, reason: error.to_string() },
        }
    }

    /// Reserves blocks for `old..new`, and writes zeros over them unless that is not wanted.
    fn extend(&self, old: u64, new: u64) -> io::Result<()> {
        // SAFETY: a descriptor and two numbers.
        if unsafe { libc::fallocate(self.file.as_raw_fd(), 0, old as i64, (new - old) as i64) } != 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
                return Err(error);
            }
        }
        if !self.prewrites {
            return self.file.set_len(new);
        }
        let mut at = old;
        while at < new {
            let zeros = &ZEROS.0[..(new - at).min(GROW_STEP as u64) as usize];
            let passed = self.uncached.as_ref().is_some_and(|file| file.write_all_at(zeros, at).is_ok());
            if !passed {
                // Also where the file system, or the length, allows no such write; an error shows here.
                self.file.write_all_at(zeros, at)?;
            }
            at += zeros.len() as u64;
        }
        Ok(())
    }
}

impl BlockDevice for FileDevice {
    fn len(&self) -> u64 {
        self.len.load(SeqCst)
    }

    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        if !self.writable && offset + bytes.len() as u64 > self.len() {
            // Someone else may have let the file grow.
            let len = self.file.metadata().map_or(0, |metadata| metadata.len());
            self.len.fetch_max(len, SeqCst);
        }
        self.check(offset, bytes.len())?;
        self.file.read_exact_at(bytes, offset).map_err(|error| self.failed("reading", &error))
    }

    fn will_read(&self, offset: u64, len: u64) {
        let range = (offset as libc::off_t, len as libc::off_t);
        // SAFETY: only the kernel's cache of the file is concerned. What it says does not matter: this is a hint.
        let _ = unsafe {
            libc::posix_fadvise(self.file.as_raw_fd(), range.0, range.1, libc::POSIX_FADV_WILLNEED)
        };
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        self.writable("writing")?;
        self.check(offset, bytes.len())?;
        if !self.write_uncached(offset, bytes) {
            self.file.write_all_at(bytes, offset).map_err(|error| self.failed("writing", &error))?;
        }
        self.wrote(bytes.len() as u64);
        Ok(())
    }

    fn flush(&self) -> Result<(), DeviceError> {
        self.writable("flushing")?;
        self.unflushed.store(0, SeqCst);
        self.file.sync_data().map_err(|error| self.failed("flushing", &error))
    }

    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        self.writable("growing")?;
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.len();
        if len <= old {
            return Ok(());
        }
        if self.raw_disk {
            return Err(DeviceError::NoSpace { what: self.doing("growing the disk") });
        }
        if let Err(error) = self.extend(old, len) {
            // As it was before; when even that fails, the tail is zeros that nobody refers to.
            let _ = self.file.set_len(old);
            return Err(self.failed("growing", &error));
        }
        self.len.store(len, SeqCst);
        Ok(())
    }

    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        self.writable("cutting")?;
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.raw_disk || len >= self.len() {
            return Ok(());
        }
        self.file.set_len(len).map_err(|error| self.failed("cutting", &error))?;
        self.len.store(len, SeqCst);
        Ok(())
    }
}

/// The process that holds the lock on this file, from `/proc/locks` (`proc_locks(5)`).
fn lock_holder(file: &File) -> Option<u32> {
    let metadata = file.metadata().ok()?;
    let (device, inode) = (metadata.dev(), metadata.ino());
    let id = format!("{:02x}:{:02x}:{inode}", libc::major(device), libc::minor(device));
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let line = locks.lines().find(|line| line.split_whitespace().any(|field| field == id))?;
    line.split_whitespace().nth(4)?.parse().ok()
}
