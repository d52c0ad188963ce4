//! Crash enumeration: what a disk may hold after power was cut, and whether the store makes the right world of it.
//!
//! A [`Life`] records every write and flush of a workload. For each flush window the enumeration makes images of what
//! may have reached the disk (prefixes, subsets, sectors torn and stale, growth lost), also images of disks that lied
//! about a flush and of damage later on. Each image is opened, checked, and compared page by page with the oracle;
//! images are counted once, by their hash. Some images are lived on in and crash again.
//!
//! One seed, one run: options and seed replay every point; a failure names both.

mod life;
mod points;
mod steps;
mod verdict;

use base::prng::Prng;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::image::Image;
pub use life::Workload;
use life::{Acknowledged, Life};
use points::Point;

/// What to try.
pub struct Options<'a> {
    /// Stop after this many distinct images.
    pub points: u64,
    /// Everything follows from it.
    pub seed: u64,
    /// One workload, or all in turn.
    pub workload: Option<Workload>,
    /// Hears how many distinct images were tried, now and then.
    pub progress: &'a mut dyn FnMut(u64),
}

/// What a run tried and found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Distinct images tried, by their hash.
    pub points: u64,
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
    /// Images of disks that lied about a flush.
    pub lying: u64,
    /// Lying disks that were reported as an error or damage; the others gave exactly some epoch's state.
    pub lying_reported: u64,
    /// Images with damage after the fact.
    pub damaged: u64,
    /// Those that were reported; the others gave exactly the right state.
    pub damaged_reported: u64,
    /// The first failure.
    pub failure: Option<Failure>,
}

/// The store was wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Seed that replays it, with the same workload.
    pub seed: u64,
    /// Workload of the run, if one was chosen.
    pub workload: Option<Workload>,
    /// Number of the distinct image; running to this many points meets it again.
    pub point: u64,
    /// Which image it was.
    pub image: String,
    /// What was wrong.
    pub what: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "point {}: {}", self.point, self.what)?;
        writeln!(f, "  image: {}", self.image)?;
        let workload = self.workload.map(|w| format!(" --workload {}", w.name())).unwrap_or_default();
        let points = self.point + 1;
        write!(f, "  again: cargo xtask crash --seed {} --points {points}{workload}", self.seed)
    }
}

/// Lives of one workload before the next; a life has this many steps.
const STEPS: u64 = 24;

/// A run under way.
struct Run<'a> {
    points_max: u64,
    seed: u64,
    workload: Option<Workload>,
    progress: &'a mut dyn FnMut(u64),
    /// Images tried, with the epoch that had to be found at least.
    seen: BTreeMap<u64, u64>,
    report: Report,
}

/// Runs until enough distinct images were tried or one failed.
pub fn run(options: Options<'_>) -> Report {
    let Options { points, seed, workload, progress } = options;
    let mut run = Run {
        points_max: points,
        seed,
        workload,
        progress,
        seen: BTreeMap::new(),
        report: Report::default(),
    };
    let mut round = 0;
    while !run.is_done() {
        let mut rng = Prng::new(seed.wrapping_add(round * 0x1234_5678_9abc_def1));
        let workload = workload.unwrap_or(Workload::ALL[round as usize % Workload::ALL.len()]);
        let life = run.guarded("the first life", || Life::first(workload, &mut rng, STEPS));
        if let Some(life) = life {
            run.enumerate(&life, &mut rng, 0);
        }
        round += 1;
    }
    run.report
}

impl Run<'_> {
    fn is_done(&self) -> bool {
        self.report.failure.is_some() || self.report.points >= self.points_max
    }

    fn fail(&mut self, image: &str, what: String) {
        let failure = Failure {
            seed: self.seed,
            workload: self.workload,
            point: self.report.points,
            image: image.into(),
            what,
        };
        self.report.failure.get_or_insert(failure);
    }

    /// Runs the store; an error or a panic of its own fails the run.
    fn guarded<T>(&mut self, image: &str, work: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        match outcome {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(what)) => self.fail(image, what),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| String::from(*s)));
                self.fail(image, format!("the store panicked: {}", text.unwrap_or_default()));
            }
        }
        None
    }

    /// Tries the crash images of a life; `depth` lives crashed before it.
    fn enumerate(&mut self, life: &Life, rng: &mut Prng, depth: u32) {
        self.report.lives += 1;
        self.report.lives_after_loss += u64::from(life.after_damage);
        self.report.cleaned_pages += life.cleaned_pages;
        self.report.checkpoints += life.checkpoints;
        let ops = life.device.ops();
        let mut lasting = Vec::new();
        points::crashes(life, &ops, rng, depth, &mut |point, rng| {
            if let Some((image, last)) = self.try_crash(life, &point)
                && depth < 2
                && rng.chance(1, life.workload.second_life_in())
            {
                lasting.push((image, last));
            }
            !self.is_done()
        });
        for (image, last) in lasting {
            if self.is_done() {
                return;
            }
            self.report.second_lives += 1;
            let steps = 3 + rng.below(6);
            let next = self.guarded("a life after a crash", || life.after(image, last, rng, steps));
            if let Some(next) = next {
                self.enumerate(&next, rng, depth + 1);
            }
        }
        points::lies(life, &ops, rng, &mut |point, _| {
            self.try_lie(life, &point);
            !self.is_done()
        });
        self.try_damage(life, rng, depth);
    }

    /// Whether the image is new, or must satisfy more than when it was met before.
    fn is_new(&mut self, image: &Image, at_least: u64) -> bool {
        self.report.images += 1;
        let before = self.seen.insert(image.hash(), at_least);
        if before.is_none() {
            self.report.points += 1;
            if self.report.points.is_multiple_of(64) {
                (self.progress)(self.report.points);
            }
        }
        before.is_none_or(|before| before < at_least)
    }

    fn try_crash(&mut self, life: &Life, point: &Point) -> Option<(Image, Acknowledged)> {
        let acknowledged = verdict::acknowledged_at(life, point.op);
        if !self.is_new(&point.image, acknowledged.epoch) {
            return None;
        }
        let found = self.guarded(&point.what, || verdict::after_crash(life, point));
        found.map(|last| (point.image.clone(), last))
    }

    fn try_lie(&mut self, life: &Life, point: &Point) {
        if !self.is_new(&point.image, 0) {
            return;
        }
        self.report.lying += 1;
        let reported = self.guarded(&point.what, || verdict::after_lie(life, point));
        self.report.lying_reported += u64::from(reported == Some(true));
    }

    /// Damages the disk after an orderly end, and goes on from the older snapshot where one is lost.
    fn try_damage(&mut self, life: &Life, rng: &mut Prng, depth: u32) {
        let mut lost = Vec::new();
        points::damages(life, rng, &mut |point, _| {
            if self.is_new(&point.image, 0) {
                self.report.damaged += 1;
                let verdict = self.guarded(&point.what, || verdict::after_damage(life, &point));
                self.report.damaged_reported += u64::from(verdict.as_ref().is_some_and(|v| v.reported));
                lost.extend(verdict.and_then(|v| v.older).map(|last| (point.image, last)));
            }
            !self.is_done()
        });
        lost.truncate(if depth < 2 { 2 } else { 0 });
        for (image, last) in lost {
            if self.is_done() {
                return;
            }
            let next = self.guarded("a life after a loss", || life.after_loss(image, last, rng));
            if let Some(next) = next {
                self.enumerate(&next, rng, depth + 1);
            }
        }
    }
}
