//! Whether the right world was made of an image.

use base::Epoch;
use base::prng::Prng;
use heap::Moment as HeapMoment;
use sim::SimDevice;
use sim::crash::Point;
use std::sync::Arc;
use store::{OpenOptions, Store};
use world::inspect::{MemoryView, programs};
use world::{Event, Snapshotter, World};

use crate::chaos::Rig;
use crate::worlds::life::{Moment, Pages, WorldLife};
use crate::worlds::outside::Client;
use crate::worlds::rig::{Machine, store_options};
use crate::worlds::{Trait, WorldLives};

/// Kept snapshots of an image that are compared at most.
const HISTORY_COMPARED: usize = 3;
/// Steps in which a resumed program must end, or a resumed server answer.
const STEPS_MAX: u64 = 200_000;
/// Every so many of them all pages are dropped that may be, in a world that is larger than its memory.
const EVICTED_EVERY: u64 = 16;

/// How far an image is tried, beyond its pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    heap: bool,
    resume: bool,
}

impl Depth {
    pub(crate) fn draw(rng: &mut Prng) -> Depth {
        let resume = rng.chance(1, 100);
        Depth { heap: resume || rng.chance(1, 10), resume }
    }
}

/// What was tried of an image.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tried {
    pub(crate) heap: bool,
    pub(crate) resumed: bool,
}

/// After a power cut: the newest acknowledged moment or a later one, exactly; its heap is whole, its program goes on.
pub(crate) fn after_crash(
    lives: &WorldLives,
    life: &WorldLife,
    point: &Point,
    depth: Depth,
) -> Result<(Arc<Moment>, Tried), String> {
    let (store, moment) = open(lives, life, point)?;
    kept_holds(life, &store, &moment)?;
    let check = store.check(&mut |_, _| {}).map_err(|error| format!("check: {error}"))?;
    if let Some(damage) = check.damage.first() {
        return Err(format!("check finds damage after a mere crash: {damage}"));
    }
    drop(store);
    let mut tried = Tried::default();
    if depth.heap {
        let (machine, mut world, snapshotter) = resume(lives, life, point, &moment)?;
        world.vm.verify_heap(HeapMoment::Flip).map_err(|damages| format!("the heap: {}", damages[0]))?;
        tried.heap = true;
        if depth.resume {
            goes_on(lives, life, point, &machine, (world, snapshotter))?;
            tried.resumed = true;
        }
    }
    Ok((moment, tried))
}

/// The moment that an image recovers to, compared no further.
pub(crate) fn recovered(lives: &WorldLives, life: &WorldLife, point: &Point) -> Result<Arc<Moment>, String> {
    open(lives, life, point).map(|(_, moment)| moment)
}

/// After a lie: an error, reported damage, or exactly some moment. Returns whether it was reported.
pub(crate) fn after_lie(lives: &WorldLives, life: &WorldLife, point: &Point) -> Result<bool, String> {
    let how = OpenOptions { read_only: true, ..options(lives) };
    let device = Arc::new(SimDevice::from_image(point.image.clone()));
    let Ok((store, report)) = Store::open(device, how) else { return Ok(true) };
    let Ok(check) = store.check(&mut |_, _| {}) else { return Ok(true) };
    if !report.damage.is_empty() || !check.is_sound() {
        return Ok(true);
    }
    let epoch = report.epoch.0;
    let mut all: Vec<&Arc<Moment>> = life.moments.iter().filter(|moment| moment.epoch == epoch).collect();
    all.extend(life.known(epoch));
    // A lie may also bring back a commit of an earlier life that was cut off.
    all.extend(life.lost.iter().filter(|moment| moment.epoch == epoch));
    let mut differs = format!("epoch {epoch} was never begun");
    for moment in all {
        match equals(&store, epoch, &moment.pages) {
            Ok(()) => return Ok(false),
            Err(what) => differs = what,
        }
    }
    Err(format!("nothing is reported, and {differs}"))
}

fn options(lives: &WorldLives) -> OpenOptions {
    OpenOptions { options: store_options(lives), ..OpenOptions::default() }
}

fn open(lives: &WorldLives, life: &WorldLife, point: &Point) -> Result<(Store, Arc<Moment>), String> {
    let device = Arc::new(SimDevice::from_image(point.image.clone()));
    let (store, report) =
        Store::open(device, options(lives)).map_err(|error| format!("it does not open: {error}"))?;
    if let Some(damage) = report.damage.first() {
        return Err(format!("damage reported after a mere crash: {damage}"));
    }
    let must = life.acknowledged_at(point.op);
    let epoch = report.epoch.0;
    if epoch < must.epoch {
        return Err(format!("epoch {} was acknowledged, {epoch} was recovered", must.epoch));
    }
    let mut differs = format!("epoch {epoch} was never begun");
    for moment in life.allowed(point.op, epoch) {
        match equals(&store, epoch, &moment.pages) {
            Ok(()) => return Ok((store, moment)),
            Err(what) => differs = what,
        }
    }
    Err(differs)
}

/// Compares all pages at an epoch by their checksums; that they have these is for [`Store::check`] to say.
fn equals(store: &Store, epoch: u64, pages: &Pages) -> Result<(), String> {
    let reader =
        store.reader_at(Epoch(epoch)).map_err(|error| format!("epoch {epoch} cannot be read: {error}"))?;
    let stored = reader.checksums().map_err(|error| format!("epoch {epoch}: {error}"))?;
    let mut wanted = pages.iter();
    let mut found = stored.iter();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Ok(()),
            (Some((page, sum)), Some((at, found))) if *page == at.0 && sum == found => {}
            (Some((page, _)), Some((at, _))) if *page == at.0 => {
                return Err(format!("epoch {epoch}: page {page} has another content"));
            }
            (wanted, found) => {
                let (wanted, found) = (wanted.map(|w| *w.0), found.map(|f| f.0.0));
                return Err(format!("epoch {epoch}: page {wanted:?} is wanted, {found:?} is stored"));
            }
        }
    }
}

/// The kept snapshots, the newest ones, are what they were.
fn kept_holds(life: &WorldLife, store: &Store, moment: &Moment) -> Result<(), String> {
    let snapshots = store.snapshots().map_err(|error| format!("the kept snapshots: {error}"))?;
    let older = snapshots.iter().rev().map(|one| one.epoch.0).filter(|epoch| *epoch < moment.epoch);
    for epoch in older.take(HISTORY_COMPARED) {
        if let Some(known) = life.known(epoch) {
            equals(store, epoch, &known.pages).map_err(|what| format!("a kept snapshot: {what}"))?;
        }
    }
    Ok(())
}

/// The world of an image on a machine of its own, input and output where they stood.
fn resume(
    lives: &WorldLives,
    life: &WorldLife,
    point: &Point,
    moment: &Moment,
) -> Result<(Machine, World, Snapshotter), String> {
    let machine = Machine::new(lives, &life.script, point.image.clone(), moment.clock_ns, moment.epoch);
    let (world, snapshotter, _) = machine.open()?;
    machine.tape.begin_at(moment.mark);
    Ok((machine, world, snapshotter))
}

/// The program ends with what a quiet run prints, or the server knows all that it answered.
fn goes_on(
    lives: &WorldLives,
    life: &WorldLife,
    point: &Point,
    machine: &Machine,
    halves: (World, Snapshotter),
) -> Result<(), String> {
    let (mut world, mut snapshotter) = halves;
    let mut client = (lives.clients() > 0).then(|| Client::new(&machine.outside, true));
    for step in 0..STEPS_MAX {
        if lives.with == Trait::Eviction && step.is_multiple_of(EVICTED_EVERY) {
            world.memory().evict(u64::MAX).map_err(|error| error.to_string())?;
        }
        match world.run(Some(64), &|_| {}).map_err(|error| format!("going on: {error}"))? {
            Event::Ended => return ended_well(lives, machine, &world),
            Event::Idle { wait_ns: Some(ns) } => machine.clock.advance(ns.max(1)),
            _ => {}
        }
        if world.shared().wanted() > world.shared().committed() && !snapshotter.has_work() {
            world.flip(&|_| {}).map_err(|error| error.to_string())?;
            snapshotter.complete(&|_| {}).map_err(|error| error.to_string())?;
        }
        if let Some(client) = &mut client
            && client.step()
        {
            let must = life.answers_at(point.op).unwrap_or(0);
            let knows = client.answered;
            return if knows >= must {
                Ok(())
            } else {
                Err(format!("the sum {must} was answered, the recovered world has {knows}"))
            };
        }
    }
    Err("the resumed program neither ends nor answers".to_string())
}

fn ended_well(lives: &WorldLives, machine: &Machine, world: &World) -> Result<(), String> {
    let expected = lives.expected()?;
    let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
    let program = programs.first().ok_or("the program is gone")?;
    // What stood on the tape before the moment is not there any more; the rest must follow it.
    let found = Rig::transcript_of(&machine.tape, program, 0);
    if found.state == expected.state
        && expected.output.get(machine.tape.start()..) == Some(found.output.as_str())
    {
        Ok(())
    } else {
        Err(format!("resumed, it ends as {:?} with output {:?}", found.state, found.output))
    }
}
