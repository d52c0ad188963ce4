//! A block device in memory that records every write, flush and growth, and fails when told to.

use base::PAGE_SIZE;
use platform::{BlockDevice, DeviceError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::image::{Block, Image};

/// One thing that was done to a device.
#[derive(Clone, Debug)]
pub enum Op {
    /// Blocks were written from `first` on.
    Write {
        /// Index of the first block.
        first: usize,
        /// The new blocks.
        blocks: Vec<Block>,
    },
    /// All before is durable.
    Flush,
    /// The device was made this many blocks long.
    Grow {
        /// New length in blocks.
        len: usize,
    },
    /// The device was cut to this many blocks.
    Shrink {
        /// New length in blocks.
        len: usize,
    },
}

/// What is to fail; counts are of calls from now on, `Some(0)` is the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// From this write or growth on there is no room.
    pub no_space_at: Option<u64>,
    /// This write fails, and nothing of it is done.
    pub write_fails_at: Option<u64>,
    /// Of this write the first half of the blocks is done, then it fails.
    pub write_is_short_at: Option<u64>,
    /// This flush fails; what was written stays in the device's cache.
    pub flush_fails_at: Option<u64>,
    /// This flush fails, and what was written since the one before is lost.
    pub flush_loses_at: Option<u64>,
    /// This growth fails, other than for lack of room.
    pub grow_fails_at: Option<u64>,
    /// This read fails.
    pub read_fails_at: Option<u64>,
    /// The device does not become longer than this many blocks.
    pub len_max: Option<usize>,
}

/// How often a device was called, failures included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Flushes.
    pub flushes: u64,
    /// Calls that ask for a length, longer than it was or not.
    pub grows: u64,
}

/// The device. Handles share it.
#[derive(Clone, Default)]
pub struct SimDevice {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: Image,
    ops: Vec<Op>,
    faults: Faults,
    calls: Calls,
    /// What is durable, where a flush is to lose what is not.
    durable: Option<Image>,
}

impl SimDevice {
    /// An empty device.
    pub fn new() -> SimDevice {
        SimDevice::default()
    }
    /// A device that holds `image`, all of it durable, with nothing recorded.
    pub fn from_image(image: Image) -> SimDevice {
        let device = SimDevice::new();
        device.lock().now = image;
        device
    }
    /// What reads give now.
    pub fn image(&self) -> Image {
        self.lock().now.clone()
    }
    /// Number of things recorded so far.
    pub fn op_count(&self) -> usize {
        self.lock().ops.len()
    }
    /// Everything recorded so far.
    pub fn ops(&self) -> Vec<Op> {
        self.lock().ops.clone()
    }
    /// Sets what is to fail.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.lock();
        state.durable = faults.flush_loses_at.is_some().then(|| state.now.clone());
        state.faults = faults;
    }
    /// How often it was called so far.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of the code under test says nothing about the device.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts `counter` down; true when it strikes.
fn strikes(counter: &mut Option<u64>) -> bool {
    match counter {
        Some(0) => {
            *counter = None;
            true
        }
        Some(n) => {
            *n -= 1;
            false
        }
        None => false,
    }
}

fn injected(what: &str) -> DeviceError {
    DeviceError::Io { what: what.into(), reason: "injected fault".into() }
}

impl State {
    fn has_room(&mut self, what: &str) -> Result<(), DeviceError> {
        if strikes(&mut self.faults.no_space_at) {
            // It stays full until the faults are set anew.
            self.faults.no_space_at = Some(0);
            return Err(DeviceError::NoSpace { what: what.into() });
        }
        Ok(())
    }
    fn range(&self, offset: u64, count: usize) -> Result<usize, DeviceError> {
        assert!(
            offset.is_multiple_of(PAGE_SIZE as u64) && count.is_multiple_of(PAGE_SIZE),
            "whole blocks only"
        );
        let len = (self.now.len() * PAGE_SIZE) as u64;
        if offset + count as u64 > len {
            return Err(DeviceError::OutOfRange { offset, count: count as u64, len });
        }
        Ok(offset as usize / PAGE_SIZE)
    }
}

impl BlockDevice for SimDevice {
    fn len(&self) -> u64 {
        (self.lock().now.len() * PAGE_SIZE) as u64
    }
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let mut state = self.lock();
        state.calls.reads += 1;
        if strikes(&mut state.faults.read_fails_at) {
            return Err(injected("read"));
        }
        let first = state.range(offset, bytes.len())?;
        for (i, block) in bytes.chunks_mut(PAGE_SIZE).enumerate() {
            block.copy_from_slice(state.now.block(first + i).bytes());
        }
        Ok(())
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        let mut state = self.lock();
        state.calls.writes += 1;
        state.has_room("write")?;
        if strikes(&mut state.faults.write_fails_at) {
            return Err(injected("write"));
        }
        let is_short = strikes(&mut state.faults.write_is_short_at);
        let whole = bytes;
        let bytes = if is_short { &bytes[..bytes.len() / PAGE_SIZE / 2 * PAGE_SIZE] } else { bytes };
        let first = state.range(offset, whole.len())?;
        let mut blocks = Vec::new();
        for raw in bytes.chunks(PAGE_SIZE) {
            let mut block = [0; PAGE_SIZE];
            block.copy_from_slice(raw);
            blocks.push(Block::new(block));
        }
        for (i, block) in blocks.iter().enumerate() {
            state.now.set(first + i, block.clone());
        }
        state.ops.push(Op::Write { first, blocks });
        if is_short { Err(injected("write")) } else { Ok(()) }
    }
    fn flush(&self) -> Result<(), DeviceError> {
        let mut state = self.lock();
        state.calls.flushes += 1;
        if strikes(&mut state.faults.flush_fails_at) {
            return Err(injected("flush"));
        }
        if strikes(&mut state.faults.flush_loses_at) {
            if let Some(durable) = state.durable.take() {
                state.now = durable;
            }
            return Err(injected("flush"));
        }
        if state.durable.is_some() {
            state.durable = Some(state.now.clone());
        }
        state.ops.push(Op::Flush);
        Ok(())
    }
    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        let mut state = self.lock();
        state.calls.grows += 1;
        state.has_room("grow")?;
        if strikes(&mut state.faults.grow_fails_at) {
            return Err(injected("grow"));
        }
        let blocks = len.div_ceil(PAGE_SIZE as u64) as usize;
        if state.faults.len_max.is_some_and(|max| blocks > max) {
            return Err(DeviceError::NoSpace { what: "grow".into() });
        }
        if blocks > state.now.len() {
            state.now.grow(blocks);
            state.ops.push(Op::Grow { len: blocks });
        }
        Ok(())
    }
    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        let mut state = self.lock();
        let blocks = len.div_ceil(PAGE_SIZE as u64) as usize;
        if blocks < state.now.len() {
            state.now.shrink(blocks);
            state.ops.push(Op::Shrink { len: blocks });
        }
        Ok(())
    }
}
