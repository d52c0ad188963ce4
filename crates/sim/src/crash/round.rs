//! One round: a life and all that is tried on it.

use base::prng::Prng;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::crash::{At, Enumeration, Failure, Point, Recording, Report};
use crate::image::Image;

/// How many lives in a row may crash.
const CRASHES_MAX: u32 = 2;

/// A round under way.
pub struct Round<'e> {
    enumeration: &'e Enumeration<'e>,
    workload: String,
    number: u64,
    /// The only image that is to be judged, if one is replayed.
    only: Option<u64>,
    /// Images of this round, with the epoch that had to be found at least.
    seen: BTreeMap<u64, u64>,
    /// Images numbered so far.
    numbered: u64,
    /// Which images are tried, where not all are.
    dice: Prng,
    /// What this round tried.
    pub report: Report,
}

impl<'e> Round<'e> {
    pub(crate) fn new(
        enumeration: &'e Enumeration<'e>,
        workload: &str,
        number: u64,
        only: Option<u64>,
    ) -> Round<'e> {
        Round {
            enumeration,
            workload: workload.into(),
            number,
            only,
            seen: BTreeMap::new(),
            numbered: 0,
            dice: Prng::new(!number),
            report: Report::default(),
        }
    }

    pub(crate) fn into_report(self) -> Report {
        self.report
    }

    /// Whether the round is to end: enough was tried, or something failed. A life that goes on from an image may be what
    /// failed, so one that is replayed ends at the image after it.
    pub fn is_done(&self) -> bool {
        let replayed = self.only.is_some_and(|only| self.numbered > only + 1);
        self.report.failure.is_some() || replayed || self.enumeration.is_over()
    }

    /// Whether the image with the newest number is to be judged: not so while another one is replayed.
    pub fn is_judged(&self) -> bool {
        self.only.is_none_or(|only| self.numbered == only + 1)
    }

    /// The odds of `one_in` in a run that tries all images, where this one may try few: as many are drawn of each life.
    pub fn odds(&self, one_in: u64) -> u64 {
        (one_in / self.enumeration.one_in).max(2)
    }

    /// Whether the image is new in this round, or must satisfy more than when it was met before, and is to be tried; gives
    /// it a number then.
    pub fn is_new(&mut self, image: &Image, at_least: u64) -> bool {
        if self.dice.chance(1, self.enumeration.one_in) {
            return self.is_new_and_rare(image, at_least);
        }
        self.report.images += 1;
        false
    }

    /// As [`Round::is_new`], for images of which a life has few: all are tried.
    pub fn is_new_and_rare(&mut self, image: &Image, at_least: u64) -> bool {
        self.report.images += 1;
        let before = self.seen.insert(image.hash(), at_least);
        if before.is_some_and(|before| before >= at_least) {
            return false;
        }
        self.numbered += 1;
        if self.is_judged() && self.enumeration.count(image.hash()) {
            *self.report.points_of.entry(self.workload.clone()).or_insert(0) += 1;
        }
        true
    }

    /// Tries what a power cut may leave of a life; `depth` lives crashed before it. `judge` says what a new and good image
    /// holds. One of so many good ones is given back, with that, to be lived on in.
    pub fn crashes<M>(
        &mut self,
        recording: &Recording,
        (draws, second_life_in, depth): (u64, u64, u32),
        rng: &mut Prng,
        mut judge: impl FnMut(&mut Round<'e>, &Point, &mut Prng) -> Option<M>,
    ) -> Vec<(Image, M)> {
        let mut lasting = Vec::new();
        recording.crashes(rng, draws, &mut |point, rng| {
            if let Some(moment) = judge(self, &point, rng)
                && depth < CRASHES_MAX
                && rng.chance(1, self.odds(second_life_in))
            {
                lasting.push((point.image, moment));
            }
            !self.is_done()
        });
        lasting
    }

    /// Lives on in images that [`Round::crashes`] gave, and has each such life tried; false when the round ended before all
    /// were.
    #[must_use]
    pub fn second_lives<M, L>(
        &mut self,
        lasting: Vec<(Image, M)>,
        rng: &mut Prng,
        mut live_on: impl FnMut(Image, M, &mut Prng) -> Result<L, String>,
        mut try_images: impl FnMut(&mut Round<'e>, &L, &mut Prng),
    ) -> bool {
        for (image, moment) in lasting {
            if self.is_done() {
                return false;
            }
            self.report.second_lives += 1;
            if let Some(next) = self.guarded("a life after a crash", || live_on(image, moment, rng)) {
                try_images(self, &next, rng);
            }
        }
        true
    }

    /// Notes that the image with the newest number failed; the first failure of a round stays.
    pub fn fail(&mut self, image: &str, what: String) {
        let failure = Failure {
            seed: self.enumeration.seed,
            workload: self.workload.clone(),
            at: At { round: self.number, image: self.numbered.saturating_sub(1) },
            point: self.enumeration.points(),
            image: image.into(),
            what,
        };
        self.report.failure.get_or_insert(failure);
    }

    /// Runs what is tested; an error or a panic of its own fails the round.
    pub fn guarded<T>(&mut self, image: &str, work: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        match outcome {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(what)) => self.fail(image, what),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| String::from(*s)));
                self.fail(image, format!("it panicked: {}", text.unwrap_or_default()));
            }
        }
        None
    }
}
