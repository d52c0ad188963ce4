//! One life of a whole world: what its program does under a seed, recorded, and what memory held at each flip.

use base::checksum::checksum;
use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageIndex};
use memory::Memory;
use sim::crash::Recording;
use sim::{Faults, Image, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{OpenOptions, Store};
use world::inspect::{MemoryView, programs};
use world::{Event, SnapshotError, Snapshotter, Step, World};

use crate::chaos::{Mark, Rig, Script};
use crate::worlds::outside::Client;
use crate::worlds::rig::{MS, Machine, store_options};
use crate::worlds::{Trace, Trait, WorldLives};

/// Decisions in a first life, and in one after a crash.
const DECISIONS: u64 = 110;
const DECISIONS_LATER: u64 = 24;
/// Polls in a slice: some of these, drawn for each life.
const SLICE_POLLS: [u32; 4] = [40, 150, 400, 900];
/// What a world larger than its memory keeps there between slices, and most pages that are dropped beyond that.
const RESIDENT_PAGES_MAX: u64 = 24;
const EVICTED_MAX: u64 = 40;
/// Of so many evictions one is watched: the whole of memory is looked at before and after.
const WATCHED_ONE_IN: u64 = 25;
/// Pages around one that is known in which others may be.
const AROUND_PAGES: u32 = 1024;
/// Pages of a leaf are compared with this.
const ZERO: [u8; PAGE_SIZE] = [0; PAGE_SIZE];

/// The checksums of all pages that hold anything but zeros.
pub(crate) type Pages = BTreeMap<u32, u64>;

/// What the world was at a flip.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) epoch: u64,
    /// Recorded operations before it.
    pub(crate) op: usize,
    /// Where input and output stood.
    pub(crate) mark: Mark,
    pub(crate) clock_ns: u64,
    pub(crate) pages: Pages,
}

/// A life, as recorded.
pub(crate) struct WorldLife {
    pub(crate) recording: Recording,
    pub(crate) script: Script,
    /// Every flip, in order; of one epoch there may be several, where a commit was lost with its process.
    pub(crate) moments: Vec<Arc<Moment>>,
    /// Operations before each acknowledgement, and what was acknowledged.
    pub(crate) acknowledged: Vec<(usize, Arc<Moment>)>,
    /// What earlier lives acknowledged.
    pub(crate) earlier: Vec<Arc<Moment>>,
    /// What earlier lives flipped after the moment with which this one begins, and never acknowledged. Such a commit may be
    /// found after all, where power was cut between its record and its pages and this life writes the same into the same
    /// places; nothing that was acknowledged is newer then.
    pub(crate) lost: Vec<Arc<Moment>>,
    /// The greatest answer that the client had after so many operations.
    pub(crate) answers: Vec<(usize, u64)>,
    pub(crate) cleaned_pages: u64,
    pub(crate) checkpoints: u64,
    /// Pages that were dropped from memory, and came in again.
    pub(crate) evicted: u64,
    pub(crate) paged_in: u64,
    /// Connections that were reset.
    pub(crate) resets: u64,
}

impl WorldLife {
    /// A new world and its first life.
    ///
    /// # Errors
    /// What went wrong while nothing crashed.
    pub(crate) fn first(lives: &WorldLives, rng: &mut Prng) -> Result<WorldLife, String> {
        let script = lives.script()?;
        let machine = Machine::new(lives, &script, Image::default(), 0, 1);
        let (world, snapshotter) = machine.create(&script)?;
        // What is made once, the kernel's classes and the program's, is durable before anything is recorded.
        let mut start = Living::new(lives, machine, script.clone(), rng);
        let mut halves = (world, snapshotter);
        start.flip(&mut halves.0)?;
        start.commit(&mut halves.1)?;
        drop(halves);
        let moment = start.newest().clone();
        let base = start.machine.device.image();
        let first = Arc::new(Moment {
            epoch: moment.epoch,
            op: 0,
            mark: moment.mark,
            clock_ns: moment.clock_ns,
            pages: moment.pages.clone(),
        });
        Living::record(lives, script, base, first, Vec::new(), rng, DECISIONS)
    }

    /// The life that goes on from a crash image which recovered to `moment`.
    ///
    /// # Errors
    /// What went wrong while nothing crashed.
    pub(crate) fn after(
        lives: &WorldLives,
        before: &WorldLife,
        image: Image,
        moment: &Arc<Moment>,
        rng: &mut Prng,
    ) -> Result<WorldLife, String> {
        let first = Arc::new(Moment {
            epoch: moment.epoch,
            op: 0,
            mark: moment.mark,
            clock_ns: moment.clock_ns,
            pages: moment.pages.clone(),
        });
        let all = before.earlier.iter().chain(before.acknowledged.iter().map(|(_, moment)| moment));
        let earlier = all.filter(|earlier| earlier.epoch < moment.epoch).cloned().collect();
        let answers: Vec<(usize, u64)> =
            before.answers_at(moment.op).map(|answer| (0, answer)).into_iter().collect();
        let lost = before.lost.iter().chain(&before.moments).filter(|lost| lost.epoch > moment.epoch);
        let lost = lost.map(|lost| Arc::new(Moment { op: 0, pages: lost.pages.clone(), ..**lost })).collect();
        let life = Living::record(lives, before.script.clone(), image, first, answers, rng, DECISIONS_LATER)?;
        Ok(WorldLife { earlier, lost, ..life })
    }

    /// All that was done, as one hash and some counts.
    pub(crate) fn trace(&self) -> Trace {
        let mut words: Vec<u64> = Vec::new();
        for op in self.recording.ops() {
            match op {
                Op::Write { first, blocks } => {
                    words.push(*first as u64);
                    words.extend(blocks.iter().map(|block| checksum(block.bytes())));
                }
                Op::Flush => words.push(u64::MAX),
                Op::Grow { len } => words.push(!(*len as u64)),
                Op::Shrink { len } => words.push(!(*len as u64) >> 1),
            }
        }
        for moment in &self.moments {
            words.extend([moment.epoch, moment.op as u64, moment.clock_ns, moment.mark.written() as u64]);
            words.extend(moment.pages.iter().flat_map(|(page, sum)| [u64::from(*page), *sum]));
        }
        words.extend(self.answers.iter().flat_map(|(op, answer)| [*op as u64, *answer]));
        words.extend([self.resets, self.evicted, self.paged_in]);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Trace {
            hash: checksum(&bytes),
            operations: self.recording.ops().len(),
            flips: self.moments.len() - 1,
            commits: self.acknowledged.len() - 1,
            printed: self.moments.iter().map(|moment| moment.mark.written()).max().unwrap_or(0),
            answered: self.answers.last().map_or(0, |(_, answer)| *answer),
            pages: self.moments.last().map_or(0, |moment| moment.pages.len()),
            resets: self.resets,
            evicted: self.evicted,
            paged_in: self.paged_in,
        }
    }

    /// The newest moment that was acknowledged before operation `op`.
    pub(crate) fn acknowledged_at(&self, op: usize) -> &Arc<Moment> {
        let before = self.acknowledged.iter().rev().find(|(at, _)| *at <= op);
        &before.unwrap_or(&self.acknowledged[0]).1
    }

    /// The greatest answer that had left the world before operation `op`.
    pub(crate) fn answers_at(&self, op: usize) -> Option<u64> {
        self.answers.iter().rev().find(|(at, _)| *at <= op).map(|(_, answer)| *answer)
    }

    /// The moments that a world with this epoch may be after a crash before operation `op`.
    pub(crate) fn allowed(&self, op: usize, epoch: u64) -> Vec<Arc<Moment>> {
        let must = self.acknowledged_at(op);
        if epoch == must.epoch {
            return vec![must.clone()];
        }
        let begun = self.moments.iter().filter(|moment| moment.op <= op).chain(&self.lost);
        begun.filter(|moment| moment.epoch == epoch).cloned().collect()
    }

    /// The acknowledged moment of an epoch.
    pub(crate) fn known(&self, epoch: u64) -> Option<&Arc<Moment>> {
        let acknowledged = self.acknowledged.iter().map(|(_, moment)| moment).rev();
        acknowledged.chain(self.earlier.iter().rev()).find(|moment| moment.epoch == epoch)
    }
}

/// A life under way.
struct Living<'a> {
    lives: &'a WorldLives,
    machine: Machine,
    script: Script,
    clients: Vec<Client>,
    rng: Prng,
    slice_polls: u32,
    /// What memory was last known to hold.
    at: Option<Arc<Moment>>,
    moments: Vec<Arc<Moment>>,
    acknowledged: Vec<(usize, Arc<Moment>)>,
    answers: Vec<(usize, u64)>,
    cleaned_pages: u64,
    checkpoints: u64,
    evicted: u64,
    paged_in: u64,
    met_full_device: bool,
}

impl<'a> Living<'a> {
    fn new(lives: &'a WorldLives, machine: Machine, script: Script, rng: &mut Prng) -> Living<'a> {
        let mut rng = Prng::new(rng.next_u64());
        Living {
            lives,
            slice_polls: SLICE_POLLS[rng.below(SLICE_POLLS.len() as u64) as usize],
            rng,
            clients: Vec::new(),
            machine,
            script,
            at: None,
            moments: Vec::new(),
            acknowledged: Vec::new(),
            answers: Vec::new(),
            cleaned_pages: 0,
            checkpoints: 0,
            evicted: 0,
            paged_in: 0,
            met_full_device: false,
        }
    }

    fn record(
        lives: &WorldLives,
        script: Script,
        base: Image,
        first: Arc<Moment>,
        answers: Vec<(usize, u64)>,
        rng: &mut Prng,
        decisions: u64,
    ) -> Result<WorldLife, String> {
        let seed = if matches!(lives.with, Trait::Eviction | Trait::Resets) { rng.next_u64() } else { 1 };
        let machine = Machine::new(lives, &script, base.clone(), first.clock_ns, seed);
        let mut living = Living::new(lives, machine, script, rng);
        living.machine.tape.begin_at(first.mark);
        living.moments.push(first.clone());
        living.acknowledged.push((0, first));
        living.answers = answers;
        living.live(decisions)?;
        Ok(WorldLife {
            recording: Recording::new(base, &living.machine.device),
            script: living.script,
            moments: living.moments,
            acknowledged: living.acknowledged,
            earlier: Vec::new(),
            lost: Vec::new(),
            answers: living.answers,
            cleaned_pages: living.cleaned_pages,
            checkpoints: living.checkpoints,
            evicted: living.evicted,
            paged_in: living.paged_in,
            resets: living.machine.outside.reset_count(),
        })
    }

    fn newest(&self) -> &Arc<Moment> {
        &self.moments[self.moments.len() - 1]
    }

    fn op(&self) -> usize {
        self.machine.device.op_count()
    }

    /// Opens what the device holds, which its process had not finished; input and output go back to that moment.
    fn open(&mut self) -> Result<(World, Snapshotter), String> {
        // A client of the machine before is reset when that is gone, and comes again.
        if self.clients.is_empty() {
            let clients = (0..self.lives.clients()).map(|_| Client::new(&self.machine.outside, false));
            self.clients = clients.collect();
        }
        let (mut world, snapshotter, report) = self.machine.open()?;
        let newest = self.acknowledged[self.acknowledged.len() - 1].1.clone();
        let epoch = report.epoch.0;
        let found = if epoch == newest.epoch {
            newest
        } else {
            let begun = self.moments.iter().rev().find(|moment| moment.epoch == epoch).cloned();
            let begun = begun.filter(|_| epoch > newest.epoch);
            let begun =
                begun.ok_or_else(|| format!("reopened at {epoch}, acknowledged is {}", newest.epoch))?;
            // Opening makes durable what it found.
            self.acknowledged.push((self.op(), begun.clone()));
            begun
        };
        self.machine.tape.back_to(found.mark);
        self.at = Some(found);
        world.vm.set_slice(self.slice_polls);
        world.vm.chaos(self.rng.next_u64());
        Ok((world, snapshotter))
    }

    fn live(&mut self, decisions: u64) -> Result<(), String> {
        let (mut world, mut snapshotter) = self.open()?;
        for _ in 0..decisions {
            self.machine.clock.advance(self.rng.below(5 * MS));
            let slices = 1 + self.rng.below(4);
            match world.run(Some(slices), &|_| {}).map_err(|error| error.to_string())? {
                Event::Idle { wait_ns: Some(ns) } => self.machine.clock.advance(ns.clamp(1, 50 * MS)),
                Event::Ended => break,
                _ => {}
            }
            self.ask();
            self.evict(&world)?;
            let wanted = world.shared().wanted() > world.shared().committed();
            match self.rng.below(24) {
                0 => world.vm.prepare_flip().map_err(|error| error.to_string())?,
                roll @ 1..=12 if roll <= 7 || wanted => {
                    if !snapshotter.has_work() {
                        self.flip(&mut world)?;
                    } else {
                        self.commit(&mut snapshotter)?;
                    }
                }
                13..=16 => self.step(&mut snapshotter)?,
                17 => {
                    // The process dies, the disk lives: everything that was written is there, durable or not.
                    self.count_traffic(&world);
                    drop((world, snapshotter));
                    (world, snapshotter) = self.open()?;
                }
                roll if roll == 18 || self.lives.with == Trait::Restore && roll == 23 => {
                    if !snapshotter.has_work() {
                        self.flip(&mut world)?;
                    }
                    self.commit(&mut snapshotter)?;
                    snapshotter.close().map_err(|error| format!("close: {error}"))?;
                    if self.lives.with == Trait::Resize {
                        self.lengthen()?;
                    }
                    self.count_traffic(&world);
                    drop((world, snapshotter));
                    if self.lives.with == Trait::Restore {
                        self.restore_one()?;
                    }
                    (world, snapshotter) = self.open()?;
                }
                19 | 20 if self.lives.with == Trait::Full => self.fill_up(&mut world, &mut snapshotter)?,
                19 | 20 if matches!(self.lives.with, Trait::History | Trait::Restore) => {
                    self.name_one(&snapshotter)?
                }
                _ => {}
            }
        }
        self.count_traffic(&world);
        self.is_right_so_far(&world)
    }

    /// The clients take what they are answered, and ask again.
    fn ask(&mut self) {
        let op = self.op();
        for client in &mut self.clients {
            for _ in 0..3 {
                client.step();
            }
            if self.answers.last().is_none_or(|(_, answer)| *answer < client.answered) {
                self.answers.push((op, client.answered));
            }
        }
    }

    /// Drops pages, where the world is larger than its memory: as many as are too many, at times more, at times all.
    /// What memory holds must be the same before and after.
    fn evict(&mut self, world: &World) -> Result<(), String> {
        if self.lives.with != Trait::Eviction {
            return Ok(());
        }
        let memory = world.memory();
        let drawn = match self.rng.below(8) {
            0 => u64::MAX,
            1..=3 => 1 + self.rng.below(EVICTED_MAX),
            _ => 1,
        };
        let none = Pages::new();
        let before = self.at.as_ref().map_or(&none, |moment| &moment.pages);
        let watched = self.rng.chance(1, WATCHED_ONE_IN).then(|| pages(memory, before));
        memory.evict(drawn).map_err(|error| error.to_string())?;
        // Only now: a count before may miss what came in last, whose thread goes on before it is counted.
        let resident = memory.mapper().resident_bytes() / PAGE_SIZE as u64;
        memory.evict(resident.saturating_sub(RESIDENT_PAGES_MAX)).map_err(|error| error.to_string())?;
        match watched {
            Some(was) if pages(memory, &was) != was => {
                Err("pages that were dropped come in with another content".to_string())
            }
            _ => Ok(()),
        }
    }

    fn count_traffic(&mut self, world: &World) {
        let traffic = world.memory().mapper().traffic();
        self.evicted += traffic.evicted;
        self.paged_in += traffic.paged_in;
    }

    /// What was printed by now is how a quiet run begins. What the pages hold is taken from memory itself, so that they
    /// are wrong there shows here alone.
    fn is_right_so_far(&self, world: &World) -> Result<(), String> {
        // A restored world may stand further than what is left on the tape.
        if self.lives.clients() > 0 || self.lives.with == Trait::Restore {
            return Ok(());
        }
        let expected = self.lives.expected()?;
        let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
        let program = programs.first().ok_or("the program is gone")?;
        let found = Rig::transcript_of(&self.machine.tape, program, 0);
        let rest = expected.output.get(self.machine.tape.start()..).unwrap_or_default();
        if rest.starts_with(&found.output) && found.failure == expected.failure {
            Ok(())
        } else {
            Err(format!("it printed {:?} by now, and failed of {:?}", found.output, found.failure))
        }
    }

    fn flip(&mut self, world: &mut World) -> Result<(), String> {
        let epoch = world.flip(&|_| {}).map_err(|error| error.to_string())?.0;
        let before = self.at.as_ref().map(|moment| moment.pages.clone()).unwrap_or_default();
        let moment = Moment {
            epoch,
            op: self.op(),
            mark: self.machine.tape.mark(),
            clock_ns: platform::Clock::monotonic_ns(&*self.machine.clock),
            pages: pages(world.memory(), &before),
        };
        let moment = Arc::new(moment);
        self.at = Some(moment.clone());
        self.moments.push(moment);
        self.is_right_so_far(world)
    }

    fn step(&mut self, snapshotter: &mut Snapshotter) -> Result<(), String> {
        match snapshotter.step() {
            Ok(Step::Committed(info)) => {
                self.cleaned_pages += info.cleaned_pages;
                self.checkpoints += u64::from(info.checkpoint == Ok(true));
                let moment = self.newest().clone();
                assert_eq!(info.epoch.0, moment.epoch, "the newest flip is committed");
                self.acknowledged.push((self.op(), moment));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) if self.met_full_device && error.is_no_space() => self.given_up(&error),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A commit that found no room left no final record, so it can never be recovered.
    fn given_up(&mut self, _: &SnapshotError) -> Result<(), String> {
        self.moments.pop();
        Ok(())
    }

    fn commit(&mut self, snapshotter: &mut Snapshotter) -> Result<(), String> {
        while snapshotter.has_work() {
            self.step(snapshotter)?;
        }
        Ok(())
    }

    /// Lets a snapshot meet a full device somewhere.
    fn fill_up(&mut self, world: &mut World, snapshotter: &mut Snapshotter) -> Result<(), String> {
        self.met_full_device = true;
        if !snapshotter.has_work() {
            self.flip(world)?;
        }
        let faults = Faults { no_space_at: Some(self.rng.below(8)), ..Faults::default() };
        self.machine.device.set_faults(faults);
        let done = self.commit(snapshotter);
        self.machine.device.set_faults(Faults::default());
        done
    }

    /// Somebody makes the device longer while the world is closed.
    fn lengthen(&mut self) -> Result<(), String> {
        let device = &*self.machine.device;
        let more = (1 + self.rng.below(3 * self.lives.segment_blocks)) * PAGE_SIZE as u64;
        platform::BlockDevice::grow(device, platform::BlockDevice::len(device) + more)
            .map_err(|error| error.to_string())
    }

    /// Gives a name to a snapshot or takes it away.
    fn name_one(&mut self, snapshotter: &Snapshotter) -> Result<(), String> {
        if snapshotter.has_work() {
            return Ok(());
        }
        let store = snapshotter.store();
        let snapshots = store.snapshots().map_err(|error| format!("snapshots: {error}"))?;
        let one = &snapshots[self.rng.below(snapshots.len() as u64) as usize];
        let name = ["", "first", "second"][self.rng.below(3) as usize];
        store.tag(one.epoch, name).map_err(|error| format!("tag: {error}"))
    }

    /// Somebody makes an older snapshot the newest state while the world is closed: its programs go on from there.
    fn restore_one(&mut self) -> Result<(), String> {
        let device = self.machine.device.clone();
        let (store, _) =
            Store::open(device, options(self.lives)).map_err(|error| format!("before a restore: {error}"))?;
        let snapshots = store.snapshots().map_err(|error| format!("snapshots: {error}"))?;
        let known: Vec<Arc<Moment>> =
            snapshots.iter().filter_map(|one| self.acknowledged_epoch(one.epoch.0)).collect();
        let Some(chosen) = known.get(self.rng.below(known.len().max(1) as u64) as usize) else {
            return Ok(());
        };
        let epoch = store.last_epoch().0 + 1;
        let moment = Arc::new(Moment { epoch, op: self.op(), pages: chosen.pages.clone(), ..**chosen });
        self.moments.push(moment.clone());
        let wall_ns = platform::Clock::wall_ns(&*self.machine.clock);
        store.restore(Epoch(chosen.epoch), wall_ns, &[]).map_err(|error| format!("restore: {error}"))?;
        self.acknowledged.push((self.op(), moment));
        store.close().map_err(|error| format!("close: {error}"))
    }

    fn acknowledged_epoch(&self, epoch: u64) -> Option<Arc<Moment>> {
        self.acknowledged.iter().rev().map(|(_, moment)| moment).find(|moment| moment.epoch == epoch).cloned()
    }
}

fn options(lives: &WorldLives) -> OpenOptions {
    OpenOptions { options: store_options(lives), ..OpenOptions::default() }
}

/// What the memory of a world holds, read from itself: around what was touched since it was opened, and around where
/// `before` has pages.
fn pages(memory: &Memory, before: &Pages) -> Pages {
    let touched = memory.touched();
    let touched = touched.iter().map(|range| range.first.0).chain(before.keys().copied());
    let around: BTreeSet<u32> = touched.map(|page| page / AROUND_PAGES).collect();
    let mut pages = Pages::new();
    let mut bytes = [0u8; PAGE_SIZE];
    for number in around.into_iter().flat_map(|part| part * AROUND_PAGES..(part + 1) * AROUND_PAGES) {
        let page = PageIndex(number);
        if memory.scratch().contains(page) {
            continue;
        }
        memory.read_bytes(page.addr(), &mut bytes);
        if bytes != ZERO {
            pages.insert(number, checksum(&bytes));
        }
    }
    pages
}
