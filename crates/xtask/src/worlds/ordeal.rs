//! Whole worlds on machines that fail: every call of the device, or of what maps memory, fails in turn while a program runs.
//!
//! A world lives undisturbed once from a seed, to its end, which counts the calls; then once for each call. Its caller does
//! what a host does: makes room where there is none, and else stops the world, says why, and opens it again. Each opening
//! must find what was acknowledged, or what was begun after it, with a heap that is whole, and the program must end with
//! what a quiet run prints.
//!
//! Key types: [`Failing`] (what fails), [`endure`] (every call of a kind).
//!
//! *Not here:* a page that cannot be read when it is touched. No program can be told of that, so the process ends (see
//! `host::Fatal`), which is `kill -9` to the world.

use base::prng::Prng;
use heap::Moment as HeapMoment;
use sim::faults::Kind;
use sim::{Faults, Image, MapperCall, Refusals};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use world::inspect::{MemoryView, programs};
use world::{Event, Snapshotter, Step, World};

use crate::chaos::{Mark, Rig, Script};
use crate::worlds::rig::{MS, Machine};
use crate::worlds::{Trait, WORLDS, WorldLives};

/// Decisions in which a world must have ended.
const DECISIONS_MAX: u64 = 20_000;
/// Polls in a slice.
const SLICE_POLLS: u32 = 400;
/// How often a world may refuse to open on a device that fails once.
const TRIES: u32 = 3;
/// Most pages that are dropped at a time.
const EVICTED_MAX: u64 = 40;
/// What every injected fault says of itself.
const INJECTED: &str = "injected fault";

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A call of the device.
    Device(Kind),
    /// A call of what maps memory: the host has none left.
    Mapper(MapperCall),
}

impl Failing {
    /// Everything that can fail.
    pub fn all() -> Vec<Failing> {
        let device = Kind::ALL.iter().copied().map(Failing::Device);
        device.chain(MapperCall::ALL.iter().copied().map(Failing::Mapper)).collect()
    }

    /// Its name: `world-` and the kind of the device's fault, or `memory-` and the mapper's call.
    pub fn name(self) -> String {
        match self {
            Failing::Device(kind) => format!("world-{}", kind.name()),
            Failing::Mapper(call) => format!("memory-{}", call.name()),
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Failing> {
        Failing::all().into_iter().find(|failing| failing.name() == name)
    }

    /// The world that makes such calls: pages are installed where all are read at once, the other calls of a mapper are
    /// made where pages come and go.
    fn world(self) -> &'static str {
        match self {
            Failing::Device(Kind::Grow) => "world-resize",
            Failing::Device(_) => "world-cleaning",
            Failing::Mapper(MapperCall::Install) => "world-threads",
            Failing::Mapper(_) => "world-eviction",
        }
    }

    fn refusals(self, n: u64) -> Refusals {
        match self {
            Failing::Mapper(call) => Refusals::at(call, n),
            Failing::Device(_) => Refusals::default(),
        }
    }

    fn faults(self, n: u64) -> Faults {
        match self {
            Failing::Device(kind) => kind.at(n),
            Failing::Mapper(_) => Faults::default(),
        }
    }
}

/// What the runs of a kind came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endured {
    /// Runs, one for each call.
    pub runs: u64,
    /// Runs in which an error was told; in the others the world went on without a word.
    pub reported: u64,
    /// How often a world was opened again, the openings that belong to every run included.
    pub reopened: u64,
}

/// Lives with a fault at each call of the kind in turn, or at one of `every` so many; `progress` hears of calls done and in
/// all.
///
/// # Errors
/// What was wrong, with the call that replays it.
pub fn endure(
    failing: Failing,
    seed: u64,
    every: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Endured, String> {
    let lives = WORLDS.iter().find(|lives| lives.name == failing.world());
    let lives = lives.ok_or_else(|| format!("there is no world `{}`", failing.world()))?;
    let (image, mark) = newborn(lives)?;
    let mut quiet = Ordeal::new(lives, &image, mark, seed, Refusals::default())?;
    quiet.run().map_err(|what| format!("without a fault: {what}"))?;
    let calls = match failing {
        Failing::Device(kind) => kind.count(quiet.machine.device.calls()),
        Failing::Mapper(call) => quiet.refusals.count(call),
    };
    let mut endured = Endured::default();
    for n in (0..calls).step_by(every.max(1)) {
        progress(n, calls);
        let place = |what: String| format!("{} at call {n}, seed {seed}: {what}", failing.name());
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let mut ordeal = Ordeal::new(lives, &image, mark, seed, failing.refusals(n))?;
            ordeal.machine.device.set_faults(failing.faults(n));
            ordeal.run().map(|()| (ordeal.reported, ordeal.reopened))
        }));
        let (reported, reopened) = lived.unwrap_or_else(|_| Err("it panicked".into())).map_err(place)?;
        endured.runs += 1;
        endured.reported += u64::from(reported);
        endured.reopened += reopened;
    }
    Ok(endured)
}

/// A device with the world in its first snapshot, and where input and output stand.
fn newborn(lives: &WorldLives) -> Result<(Image, Mark), String> {
    let script = lives.script()?;
    let machine = Machine::new(lives, &script, Image::default(), 0, 1);
    let (mut world, mut snapshotter) = machine.create(&script)?;
    world.flip(&|_| {}).map_err(|error| error.to_string())?;
    snapshotter.complete(&|_| {}).map_err(|error| error.to_string())?;
    Ok((machine.device.image(), machine.tape.mark()))
}

/// What stopped a step.
enum Trouble {
    /// The device is full.
    NoRoom,
    /// The world must stop; what was said.
    Stop(String),
}

fn stop(error: impl ToString) -> Trouble {
    Trouble::Stop(error.to_string())
}

/// A snapshot that was flipped: its epoch, and where input and output stood.
type Flipped = (u64, Mark);

/// A life under way, and what must hold.
struct Ordeal<'a> {
    lives: &'a WorldLives,
    machine: Machine,
    refusals: Arc<Refusals>,
    dice: Prng,
    /// The newest acknowledged snapshot, and what was flipped after it.
    acknowledged: Option<Flipped>,
    first: Mark,
    flipped: Vec<Flipped>,
    reported: bool,
    reopened: u64,
}

impl<'a> Ordeal<'a> {
    fn new(
        lives: &'a WorldLives,
        image: &Image,
        first: Mark,
        seed: u64,
        refusals: Refusals,
    ) -> Result<Ordeal<'a>, String> {
        let script: Script = lives.script()?;
        let refusals = Arc::new(refusals);
        let machine = Machine::new(lives, &script, image.clone(), 0, seed).refusing(refusals.clone());
        Ok(Ordeal {
            lives,
            machine,
            refusals,
            dice: Prng::new(seed),
            acknowledged: None,
            first,
            flipped: Vec::new(),
            reported: false,
            reopened: 0,
        })
    }

    fn run(&mut self) -> Result<(), String> {
        let (mut world, mut snapshotter) = self.open()?;
        for _ in 0..DECISIONS_MAX {
            match self.step_or_panic(&mut world, &mut snapshotter) {
                Ok(true) => return self.ended_well(&world),
                Ok(false) => {}
                // It left no final record, so it can never be recovered. Somebody makes room.
                Err(Trouble::NoRoom) => {
                    self.reported = true;
                    self.flipped.pop();
                    self.machine.device.set_faults(Faults::default());
                }
                Err(Trouble::Stop(what)) => {
                    self.hear(&what)?;
                    drop((world, snapshotter));
                    (world, snapshotter) = self.open()?;
                }
            }
            if self.dice.chance(1, 40) {
                // The process dies, or it ends in good order.
                if self.dice.chance(1, 2)
                    && !snapshotter.has_work()
                    && let Err(error) = snapshotter.close()
                {
                    self.reported = true;
                    self.machine.device.set_faults(Faults::default());
                    let _told = error;
                }
                drop((world, snapshotter));
                (world, snapshotter) = self.open()?;
            }
        }
        Err("it does not end".to_string())
    }

    /// A panic is an end of the process too, where it names its cause: memory that cannot be given back may not be committed.
    fn step_or_panic(&mut self, world: &mut World, snapshotter: &mut Snapshotter) -> Result<bool, Trouble> {
        match catch_unwind(AssertUnwindSafe(|| self.step(world, snapshotter))) {
            Ok(done) => done,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                Err(stop(format!("it panicked: {}", text.unwrap_or_default())))
            }
        }
    }

    /// An error was told: it must name its cause, and there is only one here.
    fn hear(&mut self, what: &str) -> Result<(), String> {
        if !what.contains(INJECTED) && !self.reported {
            return Err(format!("it stops without its cause: {what}"));
        }
        self.reported = true;
        Ok(())
    }

    /// One decision; true at the end of the program.
    fn step(&mut self, world: &mut World, snapshotter: &mut Snapshotter) -> Result<bool, Trouble> {
        self.machine.clock.advance(self.dice.below(5 * MS));
        match world.run(Some(1 + self.dice.below(4)), &|_| {}).map_err(stop)? {
            Event::Idle { wait_ns: Some(ns) } => self.machine.clock.advance(ns.clamp(1, 50 * MS)),
            Event::Ended => return Ok(true),
            _ => {}
        }
        if self.lives.with == Trait::Eviction && self.dice.chance(1, 3) {
            let pages = if self.dice.chance(1, 4) { u64::MAX } else { 1 + self.dice.below(EVICTED_MAX) };
            world.memory().evict(pages).map_err(stop)?;
        }
        match self.dice.below(16) {
            0 => world.vm.prepare_flip().map_err(stop)?,
            1..=4 if !snapshotter.has_work() => {
                let epoch = world.flip(&|_| {}).map_err(stop)?.0;
                self.flipped.push((epoch, self.machine.tape.mark()));
            }
            1..=4 => {
                while snapshotter.has_work() {
                    self.snapshot(snapshotter)?;
                }
            }
            5..=8 => self.snapshot(snapshotter)?,
            _ => {}
        }
        Ok(false)
    }

    fn snapshot(&mut self, snapshotter: &mut Snapshotter) -> Result<(), Trouble> {
        match snapshotter.step() {
            Ok(Step::Committed(info)) => {
                self.acknowledged = self.flipped.last().copied();
                self.flipped.clear();
                match info.checkpoint {
                    Ok(_) => {}
                    Err(error) => {
                        // The snapshot is durable all the same; whether the store goes on it says at the next one.
                        self.reported = true;
                        if matches!(error, store::CommitError::NoSpace(_)) {
                            self.machine.device.set_faults(Faults::default());
                        }
                    }
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) if error.is_no_space() => Err(Trouble::NoRoom),
            Err(error) => Err(stop(error)),
        }
    }

    /// Opens what is there; a refusal is told, and changes nothing.
    fn open(&mut self) -> Result<(World, Snapshotter), String> {
        for _ in 0..TRIES {
            self.reopened += 1;
            match self.machine.open() {
                Ok((mut world, snapshotter, report)) => {
                    if let Some(damage) = report.damage.first() {
                        return Err(format!("damage after a mere failure: {damage}"));
                    }
                    self.found(report.epoch.0)?;
                    let whole = world.vm.verify_heap(HeapMoment::Flip);
                    whole.map_err(|damages| format!("the heap: {}", damages[0]))?;
                    world.vm.set_slice(SLICE_POLLS);
                    return Ok((world, snapshotter));
                }
                Err(what) => {
                    self.hear(&what)?;
                    // A full device stays so until somebody makes room.
                    self.machine.device.set_faults(Faults::default());
                }
            }
        }
        Err("it never opens".to_string())
    }

    /// Input and output go back to what was found, which is durable from now on.
    fn found(&mut self, epoch: u64) -> Result<(), String> {
        let Some(newest) = self.acknowledged else {
            // The first opening.
            self.acknowledged = Some((epoch, self.first));
            return Ok(());
        };
        let begun = self.flipped.iter().rev().find(|flipped| flipped.0 == epoch).copied();
        let found = if epoch == newest.0 { Some(newest) } else { begun };
        let found = found.ok_or_else(|| format!("{} was acknowledged, {epoch} is there", newest.0))?;
        self.acknowledged = Some(found);
        self.flipped.clear();
        self.machine.tape.back_to(found.1);
        Ok(())
    }

    fn ended_well(&self, world: &World) -> Result<(), String> {
        let expected = self.lives.expected()?;
        let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
        let program = programs.first().ok_or("the program is gone")?;
        let found = Rig::transcript_of(&self.machine.tape, program, 0);
        if found == expected {
            Ok(())
        } else {
            Err(format!("it ends as {:?} with output {:?}", found.state, found.output))
        }
    }
}
