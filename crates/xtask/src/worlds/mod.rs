//! Whole worlds under the crash enumeration: a program runs on the simulated platform in one thread, from one seed, while
//! every write and flush of its device is recorded; then every image that a power cut may leave is recovered.
//!
//! The oracle of an image is threefold. Its pages are those of the world's memory at some flip at or after the newest
//! acknowledged one, exactly, by a checksum of each page taken at the flip from the memory itself and not through the
//! capture. Its heap is whole. And of a part of the images the program runs on to its end and must print what a quiet
//! run prints, or, where it answers over a network, must know everything that it ever answered.
//!
//! Key types: [`WorldLives`] (a workload, see [`world_lives`]), [`rig::Machine`], [`life::WorldLife`]; [`ordeal`] (machines
//! that fail).

mod life;
pub mod ordeal;
mod outside;
mod rig;
mod verdict;

use base::prng::Prng;
use sim::crash::{Lives, Point, Round};
use std::sync::OnceLock;

use crate::chaos::{Script, Transcript, plain};
use life::{Moment, WorldLife};

/// What is unkind about a workload beside cuts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trait {
    /// Nothing.
    Plain,
    /// Snapshots are kept, thinned, named.
    History,
    /// An older snapshot becomes the newest state now and then; names as well.
    Restore,
    /// The device is full now and then.
    Full,
    /// The device is made longer from outside, between runs.
    Resize,
    /// A client asks over a network and relies on what it was answered.
    Outside,
    /// Several clients do, and their connections are reset at any message.
    Resets,
    /// The world is several times as large as what is left of it in memory.
    Eviction,
}

/// A workload of whole worlds.
pub struct WorldLives {
    name: &'static str,
    source: &'static str,
    pub(crate) with: Trait,
    /// Blocks of a segment.
    pub(crate) segment_blocks: u64,
    script: OnceLock<Result<Script, String>>,
    expected: OnceLock<Result<Transcript, String>>,
}

const fn lives(name: &'static str, source: &'static str, with: Trait, segment_blocks: u64) -> WorldLives {
    WorldLives { name, source, with, segment_blocks, script: OnceLock::new(), expected: OnceLock::new() }
}

static WORLDS: [WorldLives; 10] = [
    lives("world-allocation", include_str!("programs/allocation.ph"), Trait::Plain, 256),
    lives("world-threads", include_str!("programs/threads.ph"), Trait::Plain, 256),
    lives("world-cleaning", include_str!("programs/rewriting.ph"), Trait::Plain, 48),
    lives("world-thinning", include_str!("programs/allocation.ph"), Trait::History, 64),
    lives("world-restore", include_str!("programs/threads.ph"), Trait::Restore, 64),
    lives("world-full", include_str!("programs/rewriting.ph"), Trait::Full, 48),
    lives("world-resize", include_str!("programs/growing.ph"), Trait::Resize, 64),
    lives("world-durable", include_str!("programs/answering.ph"), Trait::Outside, 256),
    lives("world-resets", include_str!("programs/answering.ph"), Trait::Resets, 256),
    lives("world-eviction", include_str!("programs/larger.ph"), Trait::Eviction, 64),
];

/// Every workload of whole worlds.
pub fn world_lives() -> Vec<&'static dyn Lives> {
    WORLDS.iter().map(|lives| lives as &dyn Lives).collect()
}

/// One of so many images is lived on in.
const SECOND_LIFE_IN: u64 = 60;
/// Random subsets of each flush window.
const DRAWS: u64 = 40;

impl WorldLives {
    pub(crate) fn script(&self) -> Result<Script, String> {
        self.script.get_or_init(|| Script::from_text(self.name, self.source)).clone()
    }

    /// How many clients it answers over a network; then its program never ends.
    pub(crate) fn clients(&self) -> usize {
        match self.with {
            Trait::Outside => 1,
            Trait::Resets => 3,
            _ => 0,
        }
    }

    /// What a quiet run prints.
    pub(crate) fn expected(&self) -> Result<Transcript, String> {
        self.expected.get_or_init(|| self.script().and_then(|script| plain(&script))).clone()
    }

    fn try_images(&self, round: &mut Round<'_>, life: &WorldLife, rng: &mut Prng, depth: u32) {
        round.report.lives += 1;
        round.report.cleaned_pages += life.cleaned_pages;
        round.report.checkpoints += life.checkpoints;
        round.report.evicted += life.evicted;
        round.report.paged_in += life.paged_in;
        round.report.resets += life.resets;
        let plan = (DRAWS, SECOND_LIFE_IN, depth);
        let lasting = round
            .crashes(&life.recording, plan, rng, |round, point, rng| self.try_crash(round, life, point, rng));
        let all = round.second_lives(
            lasting,
            rng,
            |image, moment, rng| WorldLife::after(self, life, image, &moment, rng),
            |round, next, rng| self.try_images(round, next, rng, depth + 1),
        );
        if !all {
            return;
        }
        life.recording.lies(rng, &mut |point, _| {
            if round.is_new(&point.image, 0) && round.is_judged() {
                round.report.lying += 1;
                let reported = round.guarded(&point.what, || verdict::after_lie(self, life, &point));
                round.report.lying_reported += u64::from(reported == Some(true));
            }
            !round.is_done()
        });
    }

    /// Judges a crash image; what it recovered to. While another image is replayed, only what that one needs is done.
    fn try_crash(
        &self,
        round: &mut Round<'_>,
        life: &WorldLife,
        point: &Point,
        rng: &mut Prng,
    ) -> Option<std::sync::Arc<Moment>> {
        let least = life.acknowledged_at(point.op).epoch;
        let depth = verdict::Depth::draw(rng);
        if !round.is_new(&point.image, least) {
            return None;
        }
        if !round.is_judged() {
            return round.guarded(&point.what, || verdict::recovered(self, life, point));
        }
        let found = round.guarded(&point.what, || verdict::after_crash(self, life, point, depth));
        let (moment, tried) = found?;
        round.report.heaps += u64::from(tried.heap);
        round.report.resumed += u64::from(tried.resumed);
        Some(moment)
    }
}

impl Lives for WorldLives {
    fn name(&self) -> &str {
        self.name
    }

    fn enumerate(&self, round: &mut Round<'_>, rng: &mut Prng) {
        if let Some(life) = round.guarded("the first life", || WorldLife::first(self, rng)) {
            self.try_images(round, &life, rng, 0);
        }
    }
}

/// What a simulated life came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Hash of everything that was done to the device, in order, of what memory held at each flip, and of what was printed
    /// and answered by then.
    pub hash: u64,
    /// Writes, flushes and growths.
    pub operations: usize,
    /// Flips.
    pub flips: usize,
    /// Snapshots that became durable.
    pub commits: usize,
    /// Bytes printed.
    pub printed: usize,
    /// The greatest answer that a client had.
    pub answered: u64,
    /// Pages that the world holds at the end.
    pub pages: usize,
    /// Connections that were reset.
    pub resets: u64,
    /// Pages dropped from memory.
    pub evicted: u64,
    /// Stored pages that came in again.
    pub paged_in: u64,
}

/// Lives once from a seed: program, threads, collections, snapshots, clients, failures of the device and of the process,
/// all in this thread. The same seed gives the same trace.
///
/// # Errors
/// When there is no such workload, or what went wrong in it.
pub fn simulate(name: &str, seed: u64) -> Result<Trace, String> {
    let names: Vec<&str> = WORLDS.iter().map(|lives| lives.name).collect();
    let lives = WORLDS.iter().find(|lives| lives.name == name);
    let lives = lives.ok_or_else(|| format!("there is no world `{name}`; there are {}", names.join(", ")))?;
    let life = WorldLife::first(lives, &mut Prng::new(seed))?;
    Ok(life.trace())
}

/// The names that [`simulate`] knows.
pub fn world_names() -> Vec<&'static str> {
    WORLDS.iter().map(|lives| lives.name).collect()
}
