//! [`RefusingMapper`]: a host that has no memory left, or whose kernel refuses, at a chosen call.

use base::{PageBytes, PageIndex, PageRange};
use platform::{Evicted, MapperError, PageMapper, PageSource, PageTraffic, Paging};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

/// A call of a mapper that may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapperCall {
    /// The mapping of a world.
    Start,
    /// A page for what the world holds.
    Install,
    /// Giving pages back.
    Discard,
    /// Dropping pages.
    Evict,
}

impl MapperCall {
    /// Every call.
    pub const ALL: &'static [MapperCall] =
        &[MapperCall::Start, MapperCall::Install, MapperCall::Discard, MapperCall::Evict];
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            MapperCall::Start => "start",
            MapperCall::Install => "install",
            MapperCall::Discard => "discard",
            MapperCall::Evict => "evict",
        }
    }
}

/// What is refused, and how often each call was made: of all mappers that share it.
#[derive(Debug, Default)]
pub struct Refusals {
    calls: [AtomicU64; MapperCall::ALL.len()],
    refused: Mutex<Option<(MapperCall, u64)>>,
}

impl Refusals {
    /// Call `n` of this kind is refused, counted from the first; nothing of it is done.
    pub fn at(call: MapperCall, n: u64) -> Refusals {
        Refusals { refused: Mutex::new(Some((call, n))), ..Refusals::default() }
    }

    /// How often that was called.
    pub fn count(&self, call: MapperCall) -> u64 {
        self.calls[call as usize].load(SeqCst)
    }

    fn pass(&self, call: MapperCall) -> Result<(), MapperError> {
        let n = self.calls[call as usize].fetch_add(1, SeqCst);
        if *self.refused.lock().unwrap_or_else(PoisonError::into_inner) == Some((call, n)) {
            let reason = "Cannot allocate memory (injected fault)".to_string();
            return Err(MapperError { what: format!("{} of pages", call.name()), reason });
        }
        Ok(())
    }
}

/// A mapper whose calls may be refused before they reach the one below.
pub struct RefusingMapper {
    below: Arc<dyn PageMapper>,
    refusals: Arc<Refusals>,
}

impl RefusingMapper {
    /// Stands before `below`.
    pub fn new(below: Arc<dyn PageMapper>, refusals: Arc<Refusals>) -> RefusingMapper {
        RefusingMapper { below, refusals }
    }
}

impl PageMapper for RefusingMapper {
    fn host_base(&self) -> usize {
        self.below.host_base()
    }
    fn announced(&self) -> usize {
        self.below.announced()
    }
    fn paging(&self) -> Paging {
        self.below.paging()
    }
    fn name(&self) -> &'static str {
        self.below.name()
    }
    fn start(&self, source: Arc<dyn PageSource>, scratch: PageRange) -> Result<(), MapperError> {
        self.refusals.pass(MapperCall::Start)?;
        self.below.start(source, scratch)
    }
    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        self.refusals.pass(MapperCall::Install)?;
        self.below.install(page, bytes)
    }
    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        self.refusals.pass(MapperCall::Discard)?;
        self.below.discard(pages)
    }
    fn resident_bytes(&self) -> u64 {
        self.below.resident_bytes()
    }
    fn evict(&self, pages_max: u64) -> Result<Evicted, MapperError> {
        self.refusals.pass(MapperCall::Evict)?;
        self.below.evict(pages_max)
    }
    fn set_resident_max(&self, bytes: u64) {
        self.below.set_resident_max(bytes);
    }
    fn can_evict(&self) -> bool {
        self.below.can_evict()
    }
    fn traffic(&self) -> PageTraffic {
        self.below.traffic()
    }
}
