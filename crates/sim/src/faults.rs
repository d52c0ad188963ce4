//! Devices that fail: an error at each operation of a long sequence in turn, and bit rot anywhere.
//!
//! A sequence of everything that a store does (opening, commits of all sizes, cleaning, checkpoints, names, a new policy of
//! history, reading, checking, closing) runs once undisturbed to count its device calls, then once for each kind of fault
//! and each call. What fails must say so; the caller does what a host does (tries again when there is room, else opens the
//! world anew) and goes on to the end. Nothing acknowledged may be missing at any time.
//!
//! Key types: [`Kind`] (what fails), [`sweep`] (every call of a kind), [`rot`] (every block of a world at rest).

use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use store::{
    CommitError, HistoryLevel, HistoryPolicy, OpenError, OpenOptions, Store, StoreOptions, TagError,
    WorldParams,
};

use crate::device::{Calls, Faults, SimDevice};
use crate::image::{Block, Image};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A read.
    Read,
    /// A write, and nothing of it is done.
    Write,
    /// A write, and half of it is done.
    ShortWrite,
    /// A flush; what was written stays in the device's cache.
    Flush,
    /// A flush, and what was written since the one before is lost.
    FlushThatLoses,
    /// A growth, with an error of the medium.
    Grow,
    /// The device is full from this write or growth on, until somebody makes room.
    NoSpace,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::Read,
        Kind::Write,
        Kind::ShortWrite,
        Kind::Flush,
        Kind::FlushThatLoses,
        Kind::Grow,
        Kind::NoSpace,
    ];
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::ShortWrite => "short-write",
            Kind::Flush => "flush",
            Kind::FlushThatLoses => "flush-that-loses",
            Kind::Grow => "grow",
            Kind::NoSpace => "no-space",
        }
    }
    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
    /// Faults that strike at call `n` of the kind.
    pub fn at(self, n: u64) -> Faults {
        let (none, n) = (Faults::default(), Some(n));
        match self {
            Kind::Read => Faults { read_fails_at: n, ..none },
            Kind::Write => Faults { write_fails_at: n, ..none },
            Kind::ShortWrite => Faults { write_is_short_at: n, ..none },
            Kind::Flush => Faults { flush_fails_at: n, ..none },
            Kind::FlushThatLoses => Faults { flush_loses_at: n, ..none },
            Kind::Grow => Faults { grow_fails_at: n, ..none },
            Kind::NoSpace => Faults { no_space_at: n, ..none },
        }
    }
    /// Calls of this kind among `calls`.
    pub fn count(self, calls: Calls) -> u64 {
        match self {
            Kind::Read => calls.reads,
            Kind::Write | Kind::ShortWrite => calls.writes,
            Kind::Flush | Kind::FlushThatLoses => calls.flushes,
            Kind::Grow => calls.grows,
            Kind::NoSpace => calls.writes + calls.grows,
        }
    }
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Runs, one for each call.
    pub runs: u64,
    /// Runs in which something reported the fault; in the others it was survived without a word to the caller.
    pub reported: u64,
    /// How often a world had to be opened anew.
    pub reopened: u64,
}

/// Runs the sequence of `seed` with a fault at each call of the kind in turn, or at one of `every` so many; `progress` hears of
/// calls done and in all.
///
/// # Errors
/// What was wrong, with the call that replays it.
pub fn sweep(
    kind: Kind,
    seed: u64,
    every: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Swept, String> {
    let mut quiet = Sequence::new(seed)?;
    quiet.run().map_err(|what| format!("without a fault: {what}"))?;
    let calls = kind.count(quiet.device.calls());
    let mut swept = Swept::default();
    for n in (0..calls).step_by(every.max(1)) {
        progress(n, calls);
        let outcome = catch_unwind(AssertUnwindSafe(|| one(kind, seed, n)));
        let (reported, reopened) = match outcome {
            Ok(done) => done.map_err(|what| format!("{} at call {n}, seed {seed}: {what}", kind.name()))?,
            Err(_) => return Err(format!("{} at call {n}, seed {seed}: the store panicked", kind.name())),
        };
        swept.runs += 1;
        swept.reported += u64::from(reported);
        swept.reopened += reopened;
    }
    Ok(swept)
}

/// One run; whether something reported the fault, and how often the world was opened anew.
fn one(kind: Kind, seed: u64, n: u64) -> Result<(bool, u64), String> {
    let mut sequence = Sequence::new(seed)?;
    sequence.device.set_faults(kind.at(n));
    sequence.run()?;
    Ok((sequence.reported, sequence.reopened))
}

/// All pages of an epoch that hold anything but zeros.
type Content = BTreeMap<u32, Arc<PageBytes>>;

/// The sequence under way, and what must hold.
struct Sequence {
    device: SimDevice,
    rng: Prng,
    epoch: u64,
    /// What each acknowledged epoch holds.
    acknowledged: BTreeMap<u64, Arc<Content>>,
    /// What was begun after the newest of them.
    begun: Option<(u64, Arc<Content>)>,
    wall_ns: u64,
    reported: bool,
    reopened: u64,
}

/// Steps of a sequence, and how often one is tried again before that is a failure.
const STEPS: u64 = 40;
const TRIES: u32 = 4;
/// Pages of the world.
const PAGES: u64 = 24;

fn options() -> OpenOptions {
    let mut history = HistoryPolicy::NONE;
    history.whole_ns = 4;
    history.levels[0] = HistoryLevel { age_ns: 30, every_ns: 3 };
    history.budget_bytes = 1 << 20;
    OpenOptions {
        options: StoreOptions {
            checkpoint_distance_ns: 0,
            segment_bytes: 12 * PAGE_SIZE as u64,
            initial_segments: 3,
            checkpoint_record_bytes: 4 * PAGE_SIZE as u64,
            cached_nodes_max: 8,
            cached_bases_max: 4,
            gathered_pages: 4,
            history,
        },
        ..OpenOptions::default()
    }
}

impl Sequence {
    fn new(seed: u64) -> Result<Sequence, String> {
        let device = SimDevice::new();
        let params = WorldParams {
            world_id: WorldId([7; 16]),
            schema_hash: 1,
            created_ns: 1,
            options: options().options,
        };
        Store::create(Arc::new(device.clone()), params).map_err(|error| format!("create: {error}"))?;
        Ok(Sequence {
            device: SimDevice::from_image(device.image()),
            rng: Prng::new(seed),
            epoch: 0,
            acknowledged: BTreeMap::from([(0, Arc::default())]),
            begun: None,
            wall_ns: 10,
            reported: false,
            reopened: 0,
        })
    }

    fn newest(&self) -> (u64, Arc<Content>) {
        self.acknowledged
            .last_key_value()
            .map(|(epoch, content)| (*epoch, content.clone()))
            .unwrap_or_default()
    }

    fn run(&mut self) -> Result<(), String> {
        let mut store = self.open()?;
        for step in 0..STEPS {
            let mut tries = 0;
            // What a step does follows from the seed, whatever failed before.
            let rng = Prng::new(self.rng.next_u64());
            while let Err(error) = self.step(&store, step, &mut rng.clone())? {
                tries += 1;
                if tries > TRIES {
                    return Err(format!("step {step} never succeeds: {error}"));
                }
                self.reported = true;
                match error {
                    CommitError::NoSpace(_) => self.device.set_faults(Faults::default()),
                    _ => {
                        // The store says that it commits no more, or that something could not be read: anew.
                        drop(store);
                        store = self.open()?;
                    }
                }
            }
            if step % 8 == 7 {
                self.look(&store)?;
            }
            if step % 13 == 12 {
                match store.close() {
                    Ok(()) => {}
                    Err(_) => self.heal(),
                }
                store = self.open()?;
            }
        }
        self.look(&store)
    }

    /// Somebody saw an error and has seen to the device.
    fn heal(&mut self) {
        self.reported = true;
        self.device.set_faults(Faults::default());
    }

    /// Opens the world at what was acknowledged or begun. A device that cannot be read may be tried again.
    fn open(&mut self) -> Result<Store, String> {
        for _ in 0..TRIES {
            self.reopened += 1;
            match Store::open(Arc::new(self.device.clone()), options()) {
                Ok((store, report)) => {
                    if let Some(damage) = report.damage.first() {
                        return Err(format!("damage after a mere failure: {damage}"));
                    }
                    self.found(report.epoch.0)?;
                    return Ok(store);
                }
                Err(OpenError::Device(_)) => self.reported = true,
                Err(error) => return Err(format!("it does not open: {error}")),
            }
        }
        Err("it never opens".into())
    }

    /// Opening makes durable what it found.
    fn found(&mut self, epoch: u64) -> Result<(), String> {
        let newest = self.newest().0;
        match self.begun.take() {
            Some((begun, content)) if begun == epoch => drop(self.acknowledged.insert(epoch, content)),
            _ if epoch == newest => {}
            _ => return Err(format!("{newest} was acknowledged, {epoch} is there")),
        }
        self.epoch = epoch;
        Ok(())
    }

    /// One step; the inner result is what the store said, the outer one what it did wrong.
    fn step(&mut self, store: &Store, step: u64, rng: &mut Prng) -> Result<Result<(), CommitError>, String> {
        match step % 10 {
            6 => {
                let snapshots = match store.snapshots() {
                    Ok(snapshots) => snapshots,
                    Err(error) => return Ok(Err(error.into())),
                };
                let one = &snapshots[rng.below(snapshots.len() as u64) as usize];
                match store.tag(one.epoch, ["", "a", "b"][rng.below(3) as usize]) {
                    Ok(()) => Ok(Ok(())),
                    Err(TagError::Commit(error)) => Ok(Err(error)),
                    Err(error) => Err(format!("tag: {error}")),
                }
            }
            9 => Ok(store.checkpoint().map(drop)),
            _ => self.commit(store, rng),
        }
    }

    fn commit(&mut self, store: &Store, rng: &mut Prng) -> Result<Result<(), CommitError>, String> {
        let (newest, content) = self.newest();
        let mut content = (*content).clone();
        let epoch = self.epoch.max(newest) + 1;
        self.wall_ns += 1;
        let mut writer = match store.begin_commit(Epoch(epoch), self.wall_ns) {
            Ok(writer) => writer,
            Err(error) => return Ok(Err(error)),
        };
        for _ in 0..[1, 3, 9, 16][rng.below(4) as usize] {
            let page = rng.below(PAGES) as u32 * 1_000;
            let word = rng.next_u64().to_le_bytes();
            let mut bytes = [0u8; PAGE_SIZE];
            bytes.chunks_mut(512).for_each(|sector| sector[..8].copy_from_slice(&word));
            if let Err(error) = writer.put(PageIndex(page), &bytes) {
                return Ok(Err(error));
            }
            content.insert(page, Arc::new(bytes));
        }
        let content = Arc::new(content);
        self.begun = Some((epoch, content.clone()));
        match writer.finish() {
            Ok(info) => {
                self.acknowledged.insert(epoch, content);
                self.begun = None;
                self.epoch = epoch;
                self.reported |= info.checkpoint.is_err();
                match info.checkpoint {
                    // A checkpoint that found no room or could not read is tried again; after any other the store says so.
                    Err(CommitError::NoSpace(_)) => self.device.set_faults(Faults::default()),
                    Err(CommitError::Read(_)) | Ok(_) => {}
                    Err(_) => match store.begin_commit(Epoch(epoch + 1), self.wall_ns) {
                        Err(error) => return Ok(Err(error)),
                        Ok(_) => {
                            return Err("a checkpoint failed and the store goes on as if nothing were".into());
                        }
                    },
                }
                Ok(Ok(()))
            }
            Err(error) => {
                if matches!(error, CommitError::NoSpace(_)) {
                    // It left no final record, so it can never be recovered.
                    self.begun = None;
                }
                Ok(Err(error))
            }
        }
    }

    /// Everything acknowledged that is said to be kept can be read, unless the device fails just now.
    fn look(&mut self, store: &Store) -> Result<(), String> {
        for _ in 0..TRIES {
            match self.look_once(store) {
                Ok(()) => return Ok(()),
                Err(Some(what)) => return Err(what),
                Err(None) => self.reported = true,
            }
        }
        Err("it can never be read".into())
    }

    /// `None` where the device said that it failed.
    fn look_once(&self, store: &Store) -> Result<(), Option<String>> {
        let device_failed = |error: store::ReadError| match error {
            store::ReadError::Device(_) => None,
            other => Some(other.to_string()),
        };
        let (newest, _) = self.newest();
        if store.last_epoch().0 != newest {
            return Err(Some(format!("{newest} was acknowledged, the store says {}", store.last_epoch())));
        }
        for snapshot in store.snapshots().map_err(device_failed)? {
            let epoch = snapshot.epoch.0;
            let content = self.acknowledged.get(&epoch);
            let content =
                content.ok_or_else(|| Some(format!("{epoch} is kept and was never acknowledged")))?;
            let reader = store.reader_at(Epoch(epoch)).map_err(device_failed)?;
            let mut bytes = [0; PAGE_SIZE];
            for (&page, wanted) in content.iter() {
                reader.read_page(PageIndex(page), &mut bytes).map_err(device_failed)?;
                if bytes != **wanted {
                    return Err(Some(format!("epoch {epoch}: page {page} has another content")));
                }
            }
        }
        let check = store.check(&mut |_, _| {}).map_err(device_failed)?;
        check.damage.first().map_or(Ok(()), |damage| Err(Some(format!("check: {damage}"))))
    }
}

/// What bit rot came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotten {
    /// Images, one for each piece of damage.
    pub images: u64,
    /// Those that an opening refused, with a reason.
    pub refused: u64,
    /// Those that `check` or a read reported.
    pub reported: u64,
    /// Those where nothing that is used is damaged, or another copy stands in: everything is as it was.
    pub harmless: u64,
}

/// Damages every block of a world that was closed in good order, sector by sector, in several ways. Whatever is said
/// to be there must be what it was; what is not, must be reported. `progress` hears of blocks done and in all.
///
/// # Errors
/// What was used although it was damaged.
pub fn rot(seed: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<Rotten, String> {
    let mut life = Sequence::new(seed)?;
    life.run()?;
    let mut rng = Prng::new(seed);
    let (store, _) =
        Store::open(Arc::new(life.device.clone()), options()).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    let whole = life.device.image();
    let mut rotten = Rotten::default();
    for block in 0..whole.len() {
        progress(block as u64, whole.len() as u64);
        for sector in 0..8 {
            for way in 0..3 {
                let Some(image) = rot_sector(&whole, block, sector, way, &mut rng) else { continue };
                rotten.images += 1;
                let place = |what: String| {
                    format!("sector {sector} of block {block}, way {way}, seed {seed}: {what}")
                };
                let judged = catch_unwind(AssertUnwindSafe(|| judge_rot(&life, &image)));
                match judged.unwrap_or_else(|_| Err("the store panicked".into())).map_err(place)? {
                    Found::Refused => rotten.refused += 1,
                    Found::Reported => rotten.reported += 1,
                    Found::Harmless => rotten.harmless += 1,
                }
            }
        }
    }
    Ok(rotten)
}

enum Found {
    Refused,
    Reported,
    Harmless,
}

/// A bit flipped, the sector zeroed, or that of another block in its place; `None` when that changes nothing.
fn rot_sector(whole: &Image, block: usize, sector: usize, way: u32, rng: &mut Prng) -> Option<Image> {
    let mut image = whole.clone();
    match way {
        0 => image.flip(block, sector * 4096 + rng.below(4096) as usize),
        1 => image.set(block, whole.block(block).torn(&Block::new([0; PAGE_SIZE]), 1 << sector)),
        _ => {
            let other = whole.block(rng.below(whole.len() as u64) as usize);
            image.set(block, whole.block(block).torn(&other, 1 << sector));
        }
    }
    (image.hash() != whole.hash()).then_some(image)
}

fn judge_rot(life: &Sequence, image: &Image) -> Result<Found, String> {
    let how = OpenOptions { read_only: true, ..options() };
    let Ok((store, report)) = Store::open(Arc::new(SimDevice::from_image(image.clone())), how) else {
        return Ok(Found::Refused);
    };
    let mut reported = !report.damage.is_empty();
    let (newest, _) = life.newest();
    if report.epoch.0 != newest && !reported {
        return Err(format!("{newest} was acknowledged, {} opens without a word", report.epoch));
    }
    match store.check(&mut |_, _| {}) {
        Ok(check) => reported |= !check.is_sound(),
        Err(_) => reported = true,
    }
    let Ok(snapshots) = store.snapshots() else { return Ok(Found::Reported) };
    for snapshot in &snapshots {
        let Some(content) = life.acknowledged.get(&snapshot.epoch.0) else {
            return Err(format!("{} is kept and was never acknowledged", snapshot.epoch));
        };
        match store.reader_at(snapshot.epoch).and_then(|reader| Ok((reader.pages()?, reader))) {
            Ok((pages, reader)) => {
                if !pages.iter().map(|page| page.0).eq(content.keys().copied()) {
                    return Err(format!("epoch {} has other pages, and nothing says so", snapshot.epoch));
                }
                let mut bytes = [0; PAGE_SIZE];
                for (&page, wanted) in content.iter() {
                    match reader.read_page(PageIndex(page), &mut bytes) {
                        Ok(_) if bytes != **wanted => {
                            return Err(format!(
                                "epoch {}: page {page} is wrong, and nothing says so",
                                snapshot.epoch
                            ));
                        }
                        Ok(_) => {}
                        Err(_) => reported = true,
                    }
                }
            }
            Err(_) => reported = true,
        }
    }
    Ok(if reported { Found::Reported } else { Found::Harmless })
}
