//! Several workers on threads of the host: a program's output must not depend on how many there are.
//!
//! A program runs beside another that never ends ([`NOISE`]): threads that allocate, lock, start threads, race for the same
//! fields. Each worker leaves the interpreter, freezes, collects and drops its caches at seeded safepoints; a snapshot
//! thread flips all the time; now and then the power is cut and the world opened again. Which worker runs what is up to
//! the host, so a seed does not repeat a run; what it finds is a fault nevertheless.

use crate::chaos::{Mark, Rig, Script, Tape, Transcript, Unkindness};
use base::prng::Prng;
use host::{Fatal, HostClock, HostWaiter, Placement};
use platform::{Clock, Platform, Waiter};
use sim::{SimDevice, SimEntropy, SimMapper};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use world::inspect::{MemoryView, ProgramState, programs};
use world::{Ask, Event, Phase, Ports, Snapshotter, Step, Worker, World, WorldOptions};

/// What runs beside the program under test.
pub const NOISE: &str = include_str!("noise.phs");

/// How a run is made rough.
#[derive(Clone, Copy, Debug)]
pub struct Rough {
    /// Workers.
    pub workers: usize,
    /// Of everything that is drawn.
    pub seed: u64,
    /// Power cuts, at most.
    pub cuts_max: u64,
    /// A run that takes longer does not end.
    pub time_max: Duration,
}

/// Where the tape stood at the flip that is not yet committed, and at the newest committed one.
#[derive(Default)]
struct Marks {
    flipped: Mark,
    committed: Mark,
}

struct Life<'r> {
    rough: &'r Rough,
    tape: Arc<Tape>,
    device: Arc<SimDevice>,
    marks: Mutex<Marks>,
    dice: Prng,
    seen: Unkindness,
}

/// Runs a program to its end beside [`NOISE`], on several workers.
///
/// # Errors
/// When it cannot be started, does not end, or a world cannot be opened again.
pub fn rough(script: &Script, rough: &Rough) -> Result<(Transcript, Unkindness), String> {
    let noise = bytecode::assemble(NOISE).map_err(|errors| format!("{errors:?}"))?;
    let mut life = Life {
        rough,
        tape: Arc::new(Tape::new(&script.input)),
        device: Arc::new(SimDevice::new()),
        marks: Mutex::default(),
        dice: Prng::new(rough.seed),
        seen: Unkindness::default(),
    };
    let until = Instant::now() + rough.time_max;
    let ports = life.ports()?;
    let (mut world, mut snapshotter) =
        World::create(&ports, WorldOptions::default()).map_err(|error| error.to_string())?;
    world.define_module(&script.module).map_err(|error| error.to_string())?;
    let started = world.start_program(&script.name, &script.entry, &script.arguments, 0);
    started.map_err(|error| error.to_string())?;
    world.define_module(&bytecode::encode(&noise)).map_err(|error| error.to_string())?;
    world.start_program("noise", ".noise.Main", &[], 0).map_err(|error| error.to_string())?;
    // Until the program is in a snapshot a cut would forget that it was ever started.
    world.flip(&|_| {}).map_err(|error| error.to_string())?;
    snapshotter.complete(&|_| {}).map_err(|error| error.to_string())?;
    loop {
        let ended;
        (world, snapshotter, ended) = life.live(world, snapshotter, until)?;
        if ended {
            let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
            let program = programs.first().ok_or("the program is gone")?;
            return Ok((Rig::transcript_of(&life.tape, program, 0), life.seen));
        }
        drop((world, snapshotter));
        life.seen.cuts += 1;
        let marks = life.marks.get_mut().unwrap_or_else(PoisonError::into_inner);
        life.tape.back_to(marks.committed);
        marks.flipped = marks.committed;
        life.device = Arc::new(SimDevice::from_image(life.device.image()));
        let opened = World::open(&life.ports()?, WorldOptions::default());
        (world, snapshotter, _) = opened.map_err(|error| format!("after a cut: {error}"))?;
    }
}

impl Life<'_> {
    fn ports(&self) -> Result<Ports, String> {
        let platform = Platform {
            clock: Arc::new(HostClock::new()) as Arc<dyn Clock>,
            entropy: Arc::new(SimEntropy::new(1)),
            console: self.tape.clone(),
            waiter: Arc::new(HostWaiter::new()),
            reactor: Arc::new(platform::NoOutside),
        };
        let fatal = Fatal::call(|message| panic!("{message}"));
        let mapper = match self.rough.seed % 3 {
            0 => Arc::new(SimMapper::new().map_err(|error| error.to_string())?),
            // What the kernel grants, by hardware where it can.
            1 => {
                let chosen = host::choose_mapper(None, Placement::Anywhere, fatal, u64::MAX);
                chosen.map_err(|error| error.to_string())?.mapper
            }
            _ => {
                let chosen = host::choose_mapper(Some("software"), Placement::Anywhere, fatal, u64::MAX);
                chosen.map_err(|error| error.to_string())?.mapper
            }
        };
        Ok(Ports {
            device: self.device.clone(),
            mapper,
            platform,
            snapshot_waiter: Arc::new(HostWaiter::new()),
        })
    }

    /// Runs the world until the first program has ended (true) or the power is to be cut.
    fn live(
        &mut self,
        mut world: World,
        snapshotter: Snapshotter,
        until: Instant,
    ) -> Result<(World, Snapshotter, bool), String> {
        const SLICES: [u32; 4] = [7, 60, 500, 4000];
        world.vm.set_slice(SLICES[self.dice.below(SLICES.len() as u64) as usize]);
        world.vm.chaos(self.dice.next_u64());
        let commits = if self.seen.cuts < self.rough.cuts_max { 1 + self.dice.below(3) } else { u64::MAX };
        let pace_seed = self.dice.next_u64();
        let (marks, tape) = (&self.marks, &self.tape);
        let over = AtomicBool::new(false);
        let (snapshotter, made, ended) = std::thread::scope(|scope| {
            let over = &over;
            let snapshots =
                scope.spawn(move || make_snapshots(snapshotter, Prng::new(pace_seed), commits, marks, over));
            for _ in 1..self.rough.workers {
                let mut worker = world.worker(Arc::new(HostWaiter::new()));
                worker.vm.chaos(self.dice.next_u64());
                scope.spawn(move || work(worker));
            }
            let _guard = OrDie;
            let watch = |phase| {
                if phase == Phase::BeforeFlip {
                    lock(marks).flipped = tape.mark();
                }
            };
            let ended = run_first(&mut world, until, &watch);
            world.stop_workers();
            over.store(true, Ordering::Release);
            world.shared().ask(Ask::Stop);
            let joined = snapshots.join().map_err(|_| "the snapshot thread failed".to_string());
            let (snapshotter, made) = joined?;
            Ok::<_, String>((snapshotter, made, ended?))
        })?;
        self.seen.snapshots += made;
        Ok((world, snapshotter, ended))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Steps the first worker until the first program has ended (true), or a stop is asked for.
fn run_first(world: &mut World, until: Instant, watch: &dyn Fn(Phase)) -> Result<bool, String> {
    loop {
        let event = world.run(Some(20), watch).map_err(|error| error.to_string())?;
        let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
        if programs.first().is_some_and(|program| program.state != ProgramState::Running) {
            return Ok(true);
        }
        if Instant::now() > until {
            return Err(format!("it does not end; {} programs", programs.len()));
        }
        match event {
            Event::Idle { wait_ns } | Event::Waiting { wait_ns } | Event::Awaiting { wait_ns } => {
                world.wait(Some(wait_ns.unwrap_or(10_000_000).min(10_000_000)));
            }
            Event::Congested => world.wait_alone(1_000_000),
            Event::Stopped => return Ok(false),
            Event::Ended => return Ok(true),
            Event::Flipped(_) | Event::Paused | Event::Commanded | Event::ProgramEnded => {
                world.vm.take_ended();
            }
        }
    }
}

/// A worker that panics may hold the kernel lock, for which all others would wait: the process ends with it.
struct OrDie;

impl Drop for OrDie {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

/// The thread of a further worker.
fn work(mut worker: Worker) {
    let _guard = OrDie;
    while worker.run() != Event::Stopped {
        worker.wait();
    }
}

/// The snapshot thread: so many commits, one after the other, then a stop, in the middle of a commit or not.
fn make_snapshots(
    mut snapshotter: Snapshotter,
    mut dice: Prng,
    commits: u64,
    marks: &Mutex<Marks>,
    over: &AtomicBool,
) -> (Snapshotter, u64) {
    let shared = snapshotter.shared().clone();
    let waiter = HostWaiter::new();
    let mut made = 0;
    while !over.load(Ordering::Acquire) && made < commits {
        waiter.wait(Some(dice.below(3_000_000)));
        let before = shared.flipped();
        shared.ask(Ask::Prepare);
        shared.ask(Ask::Flip);
        while shared.flipped() == before && !over.load(Ordering::Acquire) {
            waiter.wait(Some(20_000));
        }
        if !snapshotter.has_work() {
            continue;
        }
        made += 1;
        let steps = if made == commits && dice.chance(1, 2) { dice.below(3) } else { u64::MAX };
        for _ in 0..steps {
            let step = snapshotter.step().unwrap_or_else(|error| panic!("{error}"));
            if let Step::Committed(_) = step {
                let mut marks = lock(marks);
                marks.committed = marks.flipped;
                break;
            }
        }
    }
    shared.ask(Ask::Stop);
    (snapshotter, made)
}
