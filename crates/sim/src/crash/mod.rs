//! Crash enumeration: what a disk may hold after power was cut, and whether the right world is made of it.
//!
//! A *life* records every write and flush of a workload. For each flush window the enumeration makes images of what
//! may have reached the disk (prefixes, subsets, sectors torn and stale, growth lost), also images of disks that lied
//! about a flush and of damage later on. Each image is opened, checked, and compared page by page with the oracle;
//! images are counted once, by their hash. Some images are lived on in and crash again.
//!
//! Key types: [`Enumeration`] (a run over many rounds), [`Round`] (one life with all that is tried on it), [`Lives`]
//! (what is lived: [`Workload`] for the bare store, [`crate::paging`] for a memory over it; whoever knows programs adds whole
//! worlds), [`Recording`] (the images).
//!
//! One seed, one run: a round follows from seed, workload and its number alone, so rounds may be worked on by as many
//! threads as the caller has, and a failure names the round and the image that meet it again.

mod bare;
mod life;
mod memory;
mod points;
mod round;
mod steps;
mod verdict;

use base::prng::Prng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use life::Workload;
pub use points::{Point, Recording, Visit};
pub use round::Round;

/// What is lived and crashed.
pub trait Lives: Sync {
    /// Name for `--workload` and reports.
    fn name(&self) -> &str;
    /// Lives once, and tries the images that it leaves, until [`Round::is_done`].
    fn enumerate(&self, round: &mut Round<'_>, rng: &mut Prng);
}

/// The lives of the bare store, and of a memory over it.
pub fn bare_lives() -> Vec<&'static dyn Lives> {
    let of_store = Workload::ALL.iter().map(|workload| workload as &dyn Lives);
    of_store.chain([&memory::Paging as &dyn Lives]).collect()
}

/// A run over many rounds; see [`Enumeration::work`].
pub struct Enumeration<'a> {
    lives: Vec<&'a dyn Lives>,
    seed: u64,
    points_max: u64,
    one_in: u64,
    next_round: AtomicU64,
    points: AtomicU64,
    failed: AtomicBool,
    seen: Mutex<BTreeSet<u64>>,
    report: Mutex<Report>,
}

/// What a run tried and found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Distinct images tried, by their hash.
    pub points: u64,
    /// Distinct images of each workload.
    pub points_of: BTreeMap<String, u64>,
    /// Images made, those met before included.
    pub images: u64,
    /// Lives: workloads recorded, those after a crash included.
    pub lives: u64,
    /// Lives that went on from a crash image.
    pub second_lives: u64,
    /// Lives that went on from an older snapshot after damage.
    pub lives_after_loss: u64,
    /// Pages that the cleaner moved, over all lives.
    pub cleaned_pages: u64,
    /// Checkpoints that followed a commit, over all lives.
    pub checkpoints: u64,
    /// Pages dropped from memory, over all lives.
    pub evicted: u64,
    /// Stored pages that came in again, over all lives.
    pub paged_in: u64,
    /// Connections that were reset, over all lives.
    pub resets: u64,
    /// Images of disks that lied about a flush.
    pub lying: u64,
    /// Lying disks that were reported as an error or damage; the others gave exactly some epoch's state.
    pub lying_reported: u64,
    /// Images with damage after the fact.
    pub damaged: u64,
    /// Those that were reported; the others gave exactly the right state.
    pub damaged_reported: u64,
    /// Images of whole worlds whose heap was verified.
    pub heaps: u64,
    /// Images of whole worlds whose programs ran on to their end, with the right output.
    pub resumed: u64,
    /// The first failure.
    pub failure: Option<Failure>,
}

/// A wrong state was made of an image.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Seed and workload of the round.
    pub seed: u64,
    /// Workload of the round.
    pub workload: String,
    /// Which round of the workload, and which image of the round.
    pub at: At,
    /// Distinct images tried before, in the whole run.
    pub point: u64,
    /// How the image came about.
    pub image: String,
    /// What was wrong.
    pub what: String,
}

/// An image of a run: number of the round, number of the image in it. Written `round.image`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Number of the round.
    pub round: u64,
    /// Number of the image in the round.
    pub image: u64,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.round, self.image)
    }
}

impl std::str::FromStr for At {
    type Err = String;
    fn from_str(text: &str) -> Result<At, String> {
        let numbers = text.split_once('.').map(|(round, image)| (round.parse(), image.parse()));
        match numbers {
            Some((Ok(round), Ok(image))) => Ok(At { round, image }),
            _ => Err(format!("`{text}` is no image; a failure prints it as ROUND.IMAGE, such as 12.345")),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "image {} of {}: {}", self.at, self.workload, self.what)?;
        writeln!(f, "  image: {}", self.image)?;
        write!(
            f,
            "  again: cargo xtask crash --seed {} --workload {} --replay {}",
            self.seed, self.workload, self.at
        )
    }
}

impl Report {
    /// Adds what a round found.
    fn add(&mut self, other: Report) {
        self.images += other.images;
        self.lives += other.lives;
        self.second_lives += other.second_lives;
        self.lives_after_loss += other.lives_after_loss;
        self.cleaned_pages += other.cleaned_pages;
        self.checkpoints += other.checkpoints;
        self.evicted += other.evicted;
        self.paged_in += other.paged_in;
        self.resets += other.resets;
        self.lying += other.lying;
        self.lying_reported += other.lying_reported;
        self.damaged += other.damaged;
        self.damaged_reported += other.damaged_reported;
        self.heaps += other.heaps;
        self.resumed += other.resumed;
        for (name, points) in other.points_of {
            *self.points_of.entry(name).or_insert(0) += points;
        }
        if let Some(failure) = other.failure {
            self.failure.get_or_insert(failure);
        }
    }
}

impl<'a> Enumeration<'a> {
    /// A run over `lives` in turn, until `points` distinct images were tried or one failed.
    ///
    /// # Panics
    /// When there is no life.
    pub fn new(lives: Vec<&'a dyn Lives>, seed: u64, points: u64) -> Enumeration<'a> {
        assert!(!lives.is_empty(), "nothing is to be lived");
        Enumeration {
            lives,
            seed,
            points_max: points,
            one_in: 1,
            next_round: AtomicU64::new(0),
            points: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            seen: Mutex::default(),
            report: Mutex::default(),
        }
    }

    /// Tries one of so many images, so that few images see many lives.
    pub fn sparse(mut self, one_in: u64) -> Enumeration<'a> {
        self.one_in = one_in.max(1);
        self
    }

    /// Works on rounds until the run is over. Any number of threads may call it.
    pub fn work(&self) {
        while !self.is_over() {
            let turn = self.next_round.fetch_add(1, SeqCst);
            let count = self.lives.len() as u64;
            self.round(self.lives[(turn % count) as usize], turn / count, None);
        }
    }

    /// Meets one image of the first workload again, alone where the images before it are not needed for it.
    pub fn replay(&self, at: At) {
        self.round(self.lives[0], at.round, Some(at.image));
    }

    /// Distinct images tried so far.
    pub fn points(&self) -> u64 {
        self.points.load(SeqCst)
    }

    /// What was found so far.
    pub fn report(&self) -> Report {
        let report = lock(&self.report).clone();
        Report { points: self.points(), ..report }
    }

    fn round(&self, lives: &dyn Lives, number: u64, only: Option<u64>) {
        let name = lives.name().bytes().fold(0u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
        let mut rng = Prng::new(self.seed ^ name << 20 ^ number.wrapping_mul(0x1234_5678_9abc_def1));
        let mut round = Round::new(self, lives.name(), number, only);
        lives.enumerate(&mut round, &mut rng);
        let report = round.into_report();
        if report.failure.is_some() {
            self.failed.store(true, SeqCst);
        }
        lock(&self.report).add(report);
    }

    fn is_over(&self) -> bool {
        self.failed.load(SeqCst) || self.points() >= self.points_max
    }

    /// Counts an image; false when it was met before in any round.
    fn count(&self, hash: u64) -> bool {
        let is_new = lock(&self.seen).insert(hash);
        if is_new {
            self.points.fetch_add(1, SeqCst);
        }
        is_new
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs in this thread until so many distinct images were tried, of one workload of the bare store or of all in turn.
pub fn run(points: u64, seed: u64, workload: Option<Workload>) -> Report {
    let all = bare_lives();
    let name = workload.map(Workload::name);
    let lives = all.into_iter().filter(|lives| name.is_none_or(|name| name == lives.name())).collect();
    let enumeration = Enumeration::new(lives, seed, points);
    enumeration.work();
    enumeration.report()
}
