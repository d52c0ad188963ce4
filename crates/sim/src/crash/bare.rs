//! The lives of the bare store: what is tried on each.

use base::prng::Prng;

use crate::crash::life::{Acknowledged, Life, Workload};
use crate::crash::points::Point;
use crate::crash::round::Round;
use crate::crash::{Lives, verdict};

/// Steps of a first life.
const STEPS: u64 = 24;

impl Lives for Workload {
    fn name(&self) -> &str {
        Workload::name(*self)
    }

    fn enumerate(&self, round: &mut Round<'_>, rng: &mut Prng) {
        let life = round.guarded("the first life", || Life::first(*self, rng, STEPS));
        if let Some(life) = life {
            enumerate(round, &life, rng, 0);
        }
    }
}

/// Tries the crash images of a life; `depth` lives crashed before it.
fn enumerate(round: &mut Round<'_>, life: &Life, rng: &mut Prng, depth: u32) {
    round.report.lives += 1;
    round.report.lives_after_loss += u64::from(life.after_damage);
    round.report.cleaned_pages += life.cleaned_pages;
    round.report.checkpoints += life.checkpoints;
    let recording = life.recording();
    let plan = (if depth == 0 { 4 } else { 3 }, life.workload.second_life_in(), depth);
    let lasting = round.crashes(&recording, plan, rng, |round, point, _| try_crash(round, life, point));
    let live_on = |image, last, rng: &mut Prng| {
        let steps = 3 + rng.below(6);
        life.after(image, last, rng, steps)
    };
    if !round.second_lives(lasting, rng, live_on, |round, next, rng| enumerate(round, next, rng, depth + 1)) {
        return;
    }
    recording.lies(rng, &mut |point, _| {
        try_lie(round, life, &point);
        !round.is_done()
    });
    try_damage(round, life, rng, depth);
}

fn try_crash(round: &mut Round<'_>, life: &Life, point: &Point) -> Option<Acknowledged> {
    let acknowledged = verdict::acknowledged_at(life, point.op);
    if !round.is_new(&point.image, acknowledged.epoch) {
        return None;
    }
    round.guarded(&point.what, || verdict::after_crash(life, point))
}

fn try_lie(round: &mut Round<'_>, life: &Life, point: &Point) {
    if !round.is_new(&point.image, 0) {
        return;
    }
    round.report.lying += 1;
    let reported = round.guarded(&point.what, || verdict::after_lie(life, point));
    round.report.lying_reported += u64::from(reported == Some(true));
}

/// Damages the disk after an orderly end, and goes on from the older snapshot where one is lost.
fn try_damage(round: &mut Round<'_>, life: &Life, rng: &mut Prng, depth: u32) {
    let mut lost = Vec::new();
    life.recording().damages(rng, &mut |point, _| {
        if round.is_new_and_rare(&point.image, 0) {
            round.report.damaged += 1;
            let verdict = round.guarded(&point.what, || verdict::after_damage(life, &point));
            round.report.damaged_reported += u64::from(verdict.as_ref().is_some_and(|v| v.reported));
            lost.extend(verdict.and_then(|v| v.older).map(|last| (point.image, last)));
        }
        !round.is_done()
    });
    lost.truncate(if depth < 2 { 2 } else { 0 });
    for (image, last) in lost {
        if round.is_done() {
            return;
        }
        let next = round.guarded("a life after a loss", || life.after_loss(image, last, rng));
        if let Some(next) = next {
            enumerate(round, &next, rng, depth + 1);
        }
    }
}
