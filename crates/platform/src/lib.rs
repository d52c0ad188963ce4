//! What a world stands on, as traits: a Linux process, a bare machine and the simulator implement them.
//!
//! *Invariant:* nothing here performs I/O, and no trait hands out a pointer into the world.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod reactor;

pub use reactor::{
    Access, Done, Ended, Fault, FileFacts, Handle, Known, NoOutside, OpId, Operation, OutsideError, Place,
    READABLE, Reactor, SocketOption, Standard, Stream, WRITABLE,
};

use alloc::string::String;
use alloc::sync::Arc;
use base::{PageBytes, PageIndex, PageRange};

/// Why a device call failed. Nothing is known of the bytes that it was to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The device has no room left.
    #[error("no space left on the device ({what})")]
    NoSpace {
        /// What was being done.
        what: String,
    },
    /// The range lies outside the device.
    #[error("bytes {offset}..{end} lie outside the device of {len} bytes", end = offset + count)]
    OutOfRange {
        /// First byte.
        offset: u64,
        /// Number of bytes.
        count: u64,
        /// Size of the device in bytes.
        len: u64,
    },
    /// The device cannot be written.
    #[error("the device is read-only ({what})")]
    ReadOnly {
        /// What was being done.
        what: String,
    },
    /// Any other failure, in the words of the system below.
    #[error("{what}: {reason}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        reason: String,
    },
}

/// A file, a raw disk or a simulated disk that holds a world.
///
/// Writes may reach the medium in any order and in pieces of 512 bytes until [`BlockDevice::flush`] returns.
pub trait BlockDevice: Send + Sync {
    /// Size in bytes.
    fn len(&self) -> u64;
    /// Whether the device holds no byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Fills `bytes` from `offset`.
    ///
    /// # Errors
    /// When the range is outside the device or the medium fails; `bytes` is then unspecified.
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError>;
    /// Says that this range will be read soon, so that a device that can may fetch it meanwhile.
    fn will_read(&self, _offset: u64, _len: u64) {}
    /// Writes `bytes` at `offset`; durable only after the next [`BlockDevice::flush`].
    ///
    /// # Errors
    /// When the range is outside the device, it is read-only, full, or the medium fails.
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError>;
    /// Returns when all that was written before is durable.
    ///
    /// # Errors
    /// When the medium fails; what was written since the last good flush is then in doubt and the store stops.
    fn flush(&self) -> Result<(), DeviceError>;
    /// Makes the device at least `len` bytes long; the new bytes read as zero. The new length is durable after a flush.
    ///
    /// # Errors
    /// When there is no room; the length is then unchanged. A raw disk cannot grow.
    fn grow(&self, len: u64) -> Result<(), DeviceError>;
    /// Cuts the device to `len` bytes if it is longer. The new length is durable after a flush. What cannot be cut, such as a
    /// raw disk, stays as it is.
    ///
    /// # Errors
    /// When the medium fails; the length is then unchanged.
    fn shrink(&self, len: u64) -> Result<(), DeviceError>;
}

/// Bytes of [`PageMapper::announced`]: two for each page of the world.
pub const ANNOUNCED_BYTES: u64 = 2 * (base::WORLD_SIZE >> base::PAGE_SHIFT);

/// How missing pages come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paging {
    /// A touch of a missing page is served from the [`PageSource`].
    OnDemand,
    /// The pages of the world must all be installed before it runs.
    Eager,
}

/// A mapper operation failed, in the words of the system below.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct MapperError {
    /// What was being done.
    pub what: String,
    /// What the system said.
    pub reason: String,
}

/// Where missing pages come from.
///
/// It may be asked by any thread that touches the world, in the middle of that touch: whoever touches the world holds no
/// lock that is taken here.
pub trait PageSource: Send + Sync {
    /// Fills `bytes` with the newest content of `page`; `Ok(false)` when the page was never stored (then zeros are right).
    ///
    /// # Errors
    /// When the page cannot be read or its checksum does not hold: the world must then stop without committing.
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String>;

    /// Whether a page with this content may be dropped: what [`PageSource::read_page`] gives from then on is the same, and
    /// nothing else is still to come from it. Asked by the evictor after the page was taken away, so nobody can write to it.
    ///
    /// # Errors
    /// When it cannot be told; the page is to be kept then.
    fn holds(&self, _page: PageIndex, _bytes: &PageBytes) -> Result<bool, String> {
        Ok(false)
    }

    /// A guess, before the page is taken away, at what [`PageSource::holds`] will say: taking it in vain costs.
    fn is_settled(&self, _page: PageIndex) -> bool {
        true
    }

    /// The mapper exceeds its bound and finds nothing to drop: what is in memory is not durable yet.
    fn pressed(&self) {}
}

/// What an evictor did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Evicted {
    /// Pages dropped.
    pub dropped: u64,
    /// Pages taken away and put back.
    pub put_back: u64,
}

/// Traffic of pages between memory and the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PageTraffic {
    /// Touches of missing pages that were served.
    pub faults: u64,
    /// Pages that came in from the source.
    pub paged_in: u64,
    /// Pages taken away, found dropped before long, and touched again meanwhile: they came back without a read.
    pub rescued: u64,
    /// Pages dropped.
    pub evicted: u64,
    /// Pages taken away and put back because they were not durable.
    pub put_back: u64,
}

/// The address space of one world.
///
/// Byte `n` of the world stands at host address `host_base() + n`, for all `WORLD_SIZE` bytes, as long as the mapper lives.
pub trait PageMapper: Send + Sync {
    /// Host address of the first byte of the world.
    fn host_base(&self) -> usize;
    /// Host address of [`ANNOUNCED_BYTES`] bytes that are zero at first, that nobody else touches, and that are there as long
    /// as the mapper lives: where the write barrier notes which pages were written. They take memory only where they are
    /// written to, one page of them for 16 MiB of world.
    fn announced(&self) -> usize;
    /// How missing pages come in.
    fn paging(&self) -> Paging;
    /// A short name for messages: `userfaultfd`, `software`, `simulated`.
    fn name(&self) -> &'static str;
    /// Sets where missing pages come from and excludes `scratch` from paging (it is plain zeroed memory that no snapshot
    /// holds). Called once, before any touch.
    ///
    /// # Errors
    /// When the system below refuses.
    fn start(&self, source: Arc<dyn PageSource>, scratch: PageRange) -> Result<(), MapperError>;
    /// Puts `bytes` into a page that was not touched yet.
    ///
    /// # Errors
    /// When the system below fails.
    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError>;
    /// Gives the memory of these pages back; afterwards they read as zero (not from the source).
    /// Whoever calls it has already entered them into the dirty set as zero pages.
    ///
    /// # Errors
    /// When the system below fails.
    fn discard(&self, pages: PageRange) -> Result<(), MapperError>;
    /// Bytes of the world that are in memory now.
    fn resident_bytes(&self) -> u64;
    /// Drops up to `pages_max` pages for which [`PageSource::holds`], those not touched for a while first: each is taken
    /// away, so that whoever touches it waits, then looked at, then dropped or put back. A mapper that cannot evict drops
    /// nothing.
    ///
    /// # Errors
    /// When the system below fails; the world must then stop without committing.
    fn evict(&self, _pages_max: u64) -> Result<Evicted, MapperError> {
        Ok(Evicted::default())
    }
    /// Bounds the bytes of the world in memory: from now on whoever brings pages in evicts others, as far as that is
    /// possible, and says [`PageSource::pressed`] where it is not.
    fn set_resident_max(&self, _bytes: u64) {}
    /// Whether this mapper can evict.
    fn can_evict(&self) -> bool {
        false
    }
    /// What went in and out.
    fn traffic(&self) -> PageTraffic {
        PageTraffic::default()
    }
}

/// The two clocks.
pub trait Clock: Send + Sync {
    /// Nanoseconds since some fixed point of this boot; never goes back.
    fn monotonic_ns(&self) -> u64;
    /// Nanoseconds since 1970-01-01 UTC; may jump.
    fn wall_ns(&self) -> u64;
}

/// A source of unpredictable bits.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a poll for input gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleInput {
    /// One line without its line feed.
    Line(String),
    /// Nothing yet; the platform's [`Waiter`] is notified when there is.
    Pending,
    /// The input has ended.
    End,
}

/// Standard input, output and error.
pub trait Console: Send + Sync {
    /// Writes to standard output; complete when it returns.
    fn write(&self, text: &[u8]);
    /// Writes to standard error; complete when it returns.
    fn write_error(&self, text: &[u8]);
    /// Takes a line of input if there is one; asking starts the reading.
    fn poll_line(&self) -> ConsoleInput;
    /// Whether there is room for more output. Without it a thread waits before it writes; what is written without it is
    /// taken none the less.
    fn has_room(&self) -> bool {
        true
    }
    /// The console of the program with this number, if it has one of its own.
    fn of(&self, program: u64) -> Option<Arc<dyn Console>> {
        let _all_share_this_one = program;
        None
    }
}

/// Where an idle worker waits.
pub trait Waiter: Send + Sync {
    /// Returns after `notify`, or after `timeout_ns` when given; a notify that came before the wait counts.
    fn wait(&self, timeout_ns: Option<u64>);
    /// Wakes the waiter.
    fn notify(&self);
}

/// Everything outside the world that a running world needs, handed over at start.
#[derive(Clone)]
pub struct Platform {
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Entropy.
    pub entropy: Arc<dyn Entropy>,
    /// Console.
    pub console: Arc<dyn Console>,
    /// Where the worker waits when no thread can run.
    pub waiter: Arc<dyn Waiter>,
    /// Network, files and processes; what ends there notifies the waiter.
    pub reactor: Arc<dyn Reactor>,
}
