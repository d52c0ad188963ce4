//! The lives of a persistent memory over a store: [`crate::paging`] on a device that is recorded, and every image that a
//! power cut may leave of it.

use base::prng::Prng;

use crate::crash::{Lives, Point, Recording, Round};
use crate::paging::{Moment, Run, judge};

/// Steps of a first life, and of one after a crash.
const STEPS: u64 = 400;
const STEPS_LATER: u64 = 120;
/// Random subsets of each flush window.
const DRAWS: u64 = 6;
/// One of so many images is lived on in, and one of so many is looked at through memory too.
const SECOND_LIFE_IN: u64 = 60;
const MAPPED_IN: u64 = 20;

/// Pages that are written, discarded, dropped and brought in again between flips, commits and cuts.
pub(crate) struct Paging;

impl Lives for Paging {
    fn name(&self) -> &str {
        "paging"
    }

    fn enumerate(&self, round: &mut Round<'_>, rng: &mut Prng) {
        let seed = rng.next_u64();
        if let Some(life) = round.guarded("the first life", || Run::first(seed, STEPS)) {
            try_images(round, &life, rng, 0);
        }
    }
}

fn try_images(round: &mut Round<'_>, life: &Run, rng: &mut Prng, depth: u32) {
    round.report.lives += 1;
    round.report.evicted += life.seen.evicted;
    round.report.paged_in += life.seen.paged_in;
    let recording = Recording::new(life.base.clone(), &life.device);
    let plan = (DRAWS, SECOND_LIFE_IN, depth);
    let lasting =
        round.crashes(&recording, plan, rng, |round, point, rng| try_crash(round, life, point, rng));
    let live_on =
        |image, moment: Moment, rng: &mut Prng| life.after(rng.next_u64(), image, &moment, STEPS_LATER);
    let _ =
        round.second_lives(lasting, rng, live_on, |round, next, rng| try_images(round, next, rng, depth + 1));
}

/// The newest acknowledged moment, or one that was flipped after it; see also [`Run::cut_off`].
fn try_crash(round: &mut Round<'_>, life: &Run, point: &Point, rng: &mut Prng) -> Option<Moment> {
    let must = life.acknowledged.iter().rev().find(|moment| moment.op <= point.op)?;
    let (seed, mapped) = (rng.next_u64(), rng.chance(1, MAPPED_IN));
    if !round.is_new(&point.image, must.epoch) {
        return None;
    }
    let later = life.flips.iter().filter(|moment| moment.epoch > must.epoch && moment.op <= point.op);
    let cut_off = life.cut_off.iter().filter(|moment| moment.epoch > must.epoch);
    let allowed: Vec<&Moment> = std::iter::once(must).chain(later).chain(cut_off).collect();
    round.guarded(&point.what, || judge(&point.image, &allowed, seed, mapped))
}
