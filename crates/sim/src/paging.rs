//! Paging under torture: a persistent memory over a store, whose pages are written, discarded, taken out of memory and
//! brought in again while captures go on, are given up, or are cut off with the machine.
//!
//! Everything runs in one thread from one seed ([`run`]); a life of some steps on a recorded device ([`Run::first`]) is what
//! the crash enumeration makes images of. The oracle is a map of the words that were written: what is read,
//! what each commit holds, and what stands there after a cut must equal it.
//! Words take few values, so that a page often becomes again what it was: that is where an evictor goes wrong.

use crate::device::SimDevice;
use crate::image::Image;
use crate::mapper::paging_mapper;
use base::prng::Prng;
use base::{Addr, Epoch, PAGE_SIZE, PageIndex, PageRange, WorldId};
use memory::{Capture, Memory, MemoryConfig, Progress};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{CommitWriter, HistoryPolicy, OpenOptions, Store, StoreOptions, WorldParams};

/// Pages of each area that are touched.
const AREA_PAGES: u64 = 40;
/// Where they begin: some in one word of the page table with others, some far away.
const AREAS: [u64; 3] = [1 << 12, (2 << 40) + 17 * PAGE_SIZE as u64, 8 << 40];
const SCRATCH: PageRange = PageRange { first: PageIndex(1 << 24), count: 1 << 10 };
/// Words of a page that are written.
const WORDS: u64 = 2;
/// Values that a word takes.
const VALUES: u64 = 3;

/// What happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Contents compared with the oracle: of each commit, and after each cut.
    pub images: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Captures given up.
    pub abandoned: u64,
    /// Pages dropped from memory.
    pub evicted: u64,
    /// Pages that came in again.
    pub paged_in: u64,
}

/// The words that are not zero.
pub(crate) type Words = BTreeMap<Addr, u64>;

/// What the words were at a flip, or when a life began.
#[derive(Clone)]
pub(crate) struct Moment {
    /// Recorded operations before it was flipped, or, where it is acknowledged, before it was that.
    pub(crate) op: usize,
    pub(crate) epoch: u64,
    pub(crate) words: Arc<Words>,
}

/// A memory over a store, and what both must hold.
pub(crate) struct Run {
    dice: Prng,
    seed: u64,
    /// What the device held when its recording began.
    pub(crate) base: Image,
    pub(crate) device: Arc<SimDevice>,
    store: Arc<Store>,
    memory: Arc<Memory>,
    now: Words,
    /// Every flip, and every commit.
    pub(crate) flips: Vec<Moment>,
    pub(crate) acknowledged: Vec<Moment>,
    /// What earlier lives flipped and never acknowledged. Such a commit may be found after all, where power was cut between
    /// its record and its pages, and pages with the same content are written in their places later: to the store it is
    /// whole then. It is a state that was, and nothing acknowledged is older.
    pub(crate) cut_off: Vec<Moment>,
    under_way: Option<(Capture, CommitWriter)>,
    pub(crate) seen: Seen,
}

/// Runs until so many contents have been compared.
///
/// # Errors
/// The first difference, or what failed.
pub fn run(seed: u64, images: u64) -> Result<Seen, String> {
    let mut run = Run::on(seed, new_world()?, Words::new())?;
    while run.seen.images < images {
        run.step().map_err(|what| format!("seed {seed}, image {}: {what}", run.seen.images))?;
    }
    run.count_traffic();
    Ok(run.seen)
}

fn options() -> OpenOptions {
    OpenOptions {
        options: StoreOptions {
            segment_bytes: 64 * PAGE_SIZE as u64,
            initial_segments: 4,
            history: HistoryPolicy::NONE,
            ..StoreOptions::default()
        },
        ..OpenOptions::default()
    }
}

/// A device with an empty world.
fn new_world() -> Result<Image, String> {
    let device = Arc::new(SimDevice::new());
    let options = options().options;
    let params = WorldParams { world_id: WorldId([7; 16]), schema_hash: 1, created_ns: 1, options };
    drop(Store::create(device.clone(), params).map_err(|error| error.to_string())?);
    Ok(device.image())
}

/// Whether an image is the world of one of `moments`, in memory as in the store; which one.
///
/// # Errors
/// What it is instead.
pub(crate) fn judge(image: &Image, moments: &[&Moment], seed: u64, mapped: bool) -> Result<Moment, String> {
    let device = Arc::new(SimDevice::from_image(image.clone()));
    let (store, report) =
        Store::open(device, options()).map_err(|error| format!("it does not open: {error}"))?;
    if let Some(damage) = report.damage.first() {
        return Err(format!("damage reported after a mere crash: {damage}"));
    }
    let store = Arc::new(store);
    let mut differs =
        format!("epoch {} was never flipped, or is older than what was acknowledged", report.epoch);
    for moment in moments.iter().filter(|moment| Epoch(moment.epoch) == report.epoch) {
        match equals(&store, &moment.words) {
            Ok(()) if mapped => {
                let memory = map(seed, &store)?;
                holds(&memory, &moment.words).map_err(|what| format!("in memory: {what}"))?;
                return Ok((*moment).clone());
            }
            Ok(()) => return Ok((*moment).clone()),
            Err(what) => differs = format!("epoch {}: {what}", report.epoch),
        }
    }
    Err(differs)
}

/// Compares what the store holds.
fn equals(store: &Store, words: &Words) -> Result<(), String> {
    let mut bytes = [0; PAGE_SIZE];
    each_word(|at| {
        let stored = store.read_page(at.page(), &mut bytes).map_err(|error| error.to_string())?;
        let place = at.offset() as usize % PAGE_SIZE;
        let word = bytes[place..place + 8].try_into().map_or(0, u64::from_le_bytes);
        let found = if stored { word } else { 0 };
        expect(at, found, words.get(&at).copied().unwrap_or(0))
    })
}

/// Compares what memory holds.
fn holds(memory: &Memory, words: &Words) -> Result<(), String> {
    each_word(|at| expect(at, memory.load_u64(at), words.get(&at).copied().unwrap_or(0)))
}

fn map(seed: u64, store: &Arc<Store>) -> Result<Arc<Memory>, String> {
    let mapper = paging_mapper(seed).map_err(|error| error.to_string())?;
    Memory::new(mapper, store.clone(), MemoryConfig::new(SCRATCH), store.last_epoch())
        .map_err(|error| error.to_string())
}

fn page_of(number: u64) -> PageIndex {
    Addr::BASE.add(AREAS[(number / AREA_PAGES) as usize] + number % AREA_PAGES * PAGE_SIZE as u64).page()
}

fn word_of(page: PageIndex, word: u64) -> Addr {
    page.addr().add(word * 8)
}

impl Run {
    /// The life of a new world, for some steps.
    ///
    /// # Errors
    /// The first difference, or what failed.
    pub(crate) fn first(seed: u64, steps: u64) -> Result<Run, String> {
        Run::on(seed, new_world()?, Words::new())?.live(steps)
    }

    /// The life that goes on from a crash image of this one, which recovered to `moment`.
    ///
    /// # Errors
    /// As [`Run::first`].
    pub(crate) fn after(&self, seed: u64, image: Image, moment: &Moment, steps: u64) -> Result<Run, String> {
        let mut run = Run::on(seed, image, (*moment.words).clone())?;
        let flips = self.cut_off.iter().chain(&self.flips).filter(|flip| flip.epoch > moment.epoch);
        run.cut_off = flips.cloned().collect();
        run.live(steps)
    }

    fn live(mut self, steps: u64) -> Result<Run, String> {
        for _ in 0..steps {
            self.step()?;
        }
        self.count_traffic();
        Ok(self)
    }

    fn on(seed: u64, base: Image, words: Words) -> Result<Run, String> {
        let device = Arc::new(SimDevice::from_image(base.clone()));
        let (store, report) = Store::open(device.clone(), options()).map_err(|error| error.to_string())?;
        let store = Arc::new(store);
        let first = Moment { op: 0, epoch: report.epoch.0, words: Arc::new(words.clone()) };
        Ok(Run {
            dice: Prng::new(seed),
            seed,
            base,
            device,
            memory: map(seed, &store)?,
            store,
            now: words,
            flips: vec![first.clone()],
            acknowledged: vec![first],
            cut_off: Vec::new(),
            under_way: None,
            seen: Seen::default(),
        })
    }

    fn newest(&self) -> Arc<Words> {
        self.acknowledged[self.acknowledged.len() - 1].words.clone()
    }

    fn any_page(&mut self) -> PageIndex {
        page_of(self.dice.below(AREAS.len() as u64 * AREA_PAGES))
    }

    fn step(&mut self) -> Result<(), String> {
        match self.dice.below(100) {
            0..=39 => self.write(),
            40..=54 => self.read()?,
            55..=57 => self.discard()?,
            58..=72 => self.evict()?,
            73..=76 if !self.memory.capture_pending() => {
                let epoch = self.memory.flip().0;
                let (op, words) = (self.device.op_count(), Arc::new(self.now.clone()));
                self.flips.push(Moment { op, epoch, words });
            }
            77..=97 if self.memory.capture_pending() => self.capture()?,
            98 if self.under_way.is_some() && self.dice.chance(1, 3) => {
                if let Some((capture, _)) = self.under_way.take() {
                    capture.abandon();
                    // It left no final record, so it can never be recovered.
                    self.flips.pop();
                    self.seen.abandoned += 1;
                }
            }
            99 if self.dice.chance(1, 4) => self.cut()?,
            _ => {}
        }
        Ok(())
    }

    fn write(&mut self) {
        let page = self.any_page();
        let (at, value) = (word_of(page, self.dice.below(WORDS)), self.dice.below(VALUES));
        self.memory.store_u64(at, value);
        if value == 0 {
            self.now.remove(&at);
        } else {
            self.now.insert(at, value);
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let page = self.any_page();
        let at = word_of(page, self.dice.below(WORDS));
        expect(at, self.memory.load_u64(at), self.now.get(&at).copied().unwrap_or(0))
    }

    fn discard(&mut self) -> Result<(), String> {
        let first = self.any_page();
        let pages = PageRange { first, count: 1 + self.dice.below(4) };
        self.memory.discard(pages).map_err(|error| error.to_string())?;
        self.now.retain(|at, _| !pages.contains(at.page()));
        Ok(())
    }

    fn evict(&mut self) -> Result<(), String> {
        let pages = if self.dice.chance(1, 8) { u64::MAX } else { 1 + self.dice.below(20) };
        self.memory.evict(pages).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Goes on with the capture by a few pages.
    fn capture(&mut self) -> Result<(), String> {
        let Some((mut capture, mut writer)) = self.under_way.take() else {
            let capture = self.memory.begin_capture();
            let writer = self.store.begin_commit(capture.epoch(), 1).map_err(|error| error.to_string())?;
            self.under_way = Some((capture, writer));
            return Ok(());
        };
        let pages = 1 + self.dice.below(9) as usize;
        let progress = capture
            .step(pages, &mut |page, bytes| writer.put(page, bytes))
            .map_err(|error| error.to_string())?;
        if progress != Progress::Done {
            self.under_way = Some((capture, writer));
            return Ok(());
        }
        writer.finish().map_err(|error| error.to_string())?;
        capture.committed();
        let flipped = self.flips[self.flips.len() - 1].clone();
        self.acknowledged.push(Moment { op: self.device.op_count(), ..flipped });
        self.seen.images += 1;
        equals(&self.store, &self.newest()).map_err(|what| format!("the commit differs: {what}"))
    }

    /// What is not written is gone.
    fn cut(&mut self) -> Result<(), String> {
        self.count_traffic();
        self.seen.cuts += 1;
        self.seen.images += 1;
        self.under_way = None;
        let newest = self.acknowledged[self.acknowledged.len() - 1].epoch;
        self.flips.retain(|flip| flip.epoch <= newest);
        let opened = Store::open(self.device.clone(), options()).map_err(|error| error.to_string())?;
        self.store = Arc::new(opened.0);
        self.memory = map(self.seed.wrapping_add(self.seen.cuts), &self.store)?;
        self.now = (*self.newest()).clone();
        holds(&self.memory, &self.now).map_err(|what| format!("after a cut: {what}"))
    }

    fn count_traffic(&mut self) {
        let traffic = self.memory.mapper().traffic();
        self.seen.evicted += traffic.evicted;
        self.seen.paged_in += traffic.paged_in;
    }
}

fn each_word(mut look: impl FnMut(Addr) -> Result<(), String>) -> Result<(), String> {
    for number in 0..AREAS.len() as u64 * AREA_PAGES {
        for word in 0..WORDS {
            look(word_of(page_of(number), word))?;
        }
    }
    Ok(())
}

fn expect(at: Addr, found: u64, wanted: u64) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("the word at {at} is {found} instead of {wanted}")) }
}
