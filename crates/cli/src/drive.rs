//! The threads of a running world: one makes snapshots, all others run programs, this one among them.

use crate::{Failure, say};
use host::{Awake, HostWaiter};
use platform::Waiter;
use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::CommitInfo;
use world::{Ask, Event, Phase, Ports, Shared, SnapshotError, Snapshotter, Vm, Worker, World};

/// Between the early collection and the flip the world runs on for a moment.
const PREPARE_LEAD: Duration = Duration::from_millis(1);
/// Scanning and copying may take one part in so many of the time; the interval is stretched to keep to it.
const CAPTURE_SHARE: u32 = 20;
/// More who want a commit are waited for while further ones come within this part of the time that a commit takes, which
/// counts as at least and at most so long, and for so long in all.
const GATHER_SHARE: u32 = 4;
const GATHER_STEP: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(1));
const GATHER_MAX: Duration = Duration::from_millis(8);
/// A worker makes a snapshot that its threads wait for by itself while one takes at most so long: it can do nothing else
/// meanwhile, and telling another thread of it would take a good part of that.
const ALONE_MAX: Duration = Duration::from_millis(1);
/// The same where the thread that waits is the only one of the world: nothing but commands has to wait then.
const ONLY_MAX: Duration = Duration::from_millis(50);
/// Where such snapshots take so short a time and there is hardly anything to do in between, the processors are kept awake for
/// as long again: to wake one takes a good part of the time of such a commit (docs/performance.md).
const AWAKE_MAX: Duration = Duration::from_micros(400);
const AWAKE_BETWEEN: Duration = Duration::from_micros(150);
/// How long a snapshot takes is the median of so many: one that the disk delayed says nothing of the next.
const TIMED: usize = 9;
/// A world in which nothing happened for so long gets a checkpoint.
const SETTLE: Duration = Duration::from_secs(2);

/// A snapshot that found no room on the disk is tried again after so long.
const RETRY: Duration = Duration::from_millis(500);

/// Who writes to the store: the snapshot thread, or a command that names a snapshot. A process has one world.
static STORE_TURN: Mutex<()> = Mutex::new(());

/// Waits until nobody else writes to the store.
pub(crate) fn store_turn() -> MutexGuard<'static, ()> {
    STORE_TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often snapshots are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Time between flips while something changes; `None` for no snapshots but the last.
    pub(crate) every: Option<Duration>,
    /// Slices after which the worker comes back to be measured.
    pub(crate) slices: Option<u64>,
    /// Threads of the host that run programs.
    pub(crate) workers: usize,
}

/// Runs the world until no thread is left. When this returns, all of it is durable.
///
/// When the machine itself fails, `failed` says what is to be said of it, and the process ends.
///
/// # Errors
/// Why the world had to stop; what was committed stays.
pub(crate) fn drive(
    mut world: World,
    snapshotter: Snapshotter,
    ports: &Ports,
    pace: Pace,
    watch: &(dyn Fn(Phase) + Sync),
    mut tick: impl FnMut(&mut World, &Event),
    failed: &(dyn Fn(&Vm, &str) -> String + Sync),
) -> Result<World, String> {
    let ended = AtomicBool::new(false);
    let maker = Mutex::new(Maker::new(snapshotter, pace.every));
    world.commits_alone(true);
    std::thread::scope(|scope| {
        let (ended, maker) = (&ended, &maker);
        let snapshots = std::thread::Builder::new()
            .name("snapshots".to_string())
            .spawn_scoped(scope, move || make_snapshots(maker, &*ports.snapshot_waiter, ended, watch))
            .map_err(|error| format!("the snapshot thread cannot be started: {error}"))?;
        let started = (1..pace.workers).try_for_each(|number| {
            let worker = world.worker(Arc::new(HostWaiter::new()));
            std::thread::Builder::new()
                .name(format!("worker {number}"))
                .spawn_scoped(scope, move || work(worker, failed))
                .map(drop)
                .map_err(|error| format!("a worker cannot be started: {error}"))
        });
        let run = || started.and_then(|()| run_threads(&mut world, maker, pace.slices, watch, &mut tick));
        let result = match std::panic::catch_unwind(AssertUnwindSafe(run)) {
            Ok(result) => result,
            Err(reason) => fail(&failed(&world.vm, &text_of(&*reason))),
        };
        world.stop_workers();
        ended.store(true, Ordering::Release);
        ports.snapshot_waiter.notify();
        snapshots.join().map_err(|_| "the snapshot thread failed".to_string())?;
        result
    })?;
    let Maker { mut snapshotter, mut full, .. } = maker.into_inner().unwrap_or_else(PoisonError::into_inner);
    patient_last_snapshot(&mut world, &mut snapshotter, watch, &mut full)?;
    Ok(world)
}

fn run_threads(
    world: &mut World,
    maker: &Mutex<Maker>,
    slices: Option<u64>,
    watch: &(dyn Fn(Phase) + Sync),
    tick: &mut impl FnMut(&mut World, &Event),
) -> Result<(), String> {
    loop {
        let event = world.run(slices, watch).map_err(|error| error.to_string())?;
        tick(world, &event);
        match event {
            Event::Idle { wait_ns } | Event::Waiting { wait_ns } => world.wait(wait_ns),
            Event::Awaiting { wait_ns } => {
                if !commit_alone(world, maker, watch) {
                    world.shared().hurry();
                    world.wait(wait_ns);
                }
            }
            Event::Congested => world.wait_alone(1_000_000),
            // A command may have started a program meanwhile.
            Event::Ended if world.vm.has_threads() => {}
            Event::Ended | Event::Stopped => return Ok(()),
            Event::Flipped(_) | Event::Paused | Event::Commanded | Event::ProgramEnded => {}
        }
    }
}

/// Ends the process at once: what stands in memory after the machine itself has failed must not become a snapshot, and
/// the other threads may wait for ever for what the failed one held.
fn fail(message: &str) -> ! {
    let failure = Failure::World(message.to_string());
    say(&failure);
    std::process::exit(i32::from(failure.status()))
}

/// What a panic said.
fn text_of(reason: &(dyn Any + Send)) -> String {
    let text = reason.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| reason.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The thread of a further worker.
fn work(mut worker: Worker, failed: &dyn Fn(&Vm, &str) -> String) {
    let run = || {
        while worker.run() != Event::Stopped {
            worker.wait();
        }
    };
    if let Err(reason) = std::panic::catch_unwind(AssertUnwindSafe(run)) {
        fail(&failed(&worker.vm, &text_of(&*reason)));
    }
}

/// Makes the snapshot that all threads wait for, on this thread, if that will be quick and nobody else makes one; whether
/// it was made.
fn commit_alone(world: &mut World, maker: &Mutex<Maker>, watch: &(dyn Fn(Phase) + Sync)) -> bool {
    let Ok(mut maker) = maker.try_lock() else { return false };
    let most = if world.vm.has_one_thread() { ONLY_MAX } else { ALONE_MAX };
    let quick = maker.commit_time().is_some_and(|took| took <= most);
    if !quick || maker.full.retry_at.is_some() || maker.snapshotter.has_work() {
        return false;
    }
    let Ok(store) = STORE_TURN.try_lock() else { return false };
    maker.stay_awake();
    let timer = Timer::new(watch);
    let result = world.commit_alone(&mut maker.snapshotter, &|phase| timer.phase(phase));
    drop(store);
    maker.alone_at = Some(Instant::now());
    // The snapshot thread is the one that tries again later.
    maker.made(&timer, result) && maker.full.retry_at.is_none()
}

/// Who makes snapshots: the snapshot thread, or the first worker ([`commit_alone`]).
struct Maker {
    snapshotter: Snapshotter,
    /// Time between flips; `None` for no snapshots but those that are wanted.
    every: Option<Duration>,
    /// When the next one is to be made unasked.
    due: Instant,
    /// From the flip to the end of the last ones.
    last_commits: VecDeque<Duration>,
    quiet_since: Option<Instant>,
    full: Full,
    /// There once a worker made snapshots by itself, one soon after another.
    awake: Option<Awake>,
    /// When the last of these ended.
    alone_at: Option<Instant>,
}

/// When the phases of a snapshot were passed.
struct Timer<'w> {
    watch: &'w (dyn Fn(Phase) + Sync),
    flipped: Cell<Instant>,
    captured: Cell<Instant>,
}

impl<'w> Timer<'w> {
    /// The flip was right now, or is to come.
    fn new(watch: &'w (dyn Fn(Phase) + Sync)) -> Timer<'w> {
        let now = Instant::now();
        Timer { watch, flipped: Cell::new(now), captured: Cell::new(now) }
    }

    fn phase(&self, phase: Phase) {
        match phase {
            Phase::AfterFlip => self.flipped.set(Instant::now()),
            Phase::Captured => self.captured.set(Instant::now()),
            _ => {}
        }
        (self.watch)(phase);
    }
}

impl Maker {
    fn new(snapshotter: Snapshotter, every: Option<Duration>) -> Maker {
        Maker {
            snapshotter,
            every,
            due: Instant::now(),
            last_commits: VecDeque::new(),
            quiet_since: None,
            full: Full::default(),
            awake: None,
            alone_at: None,
        }
    }

    /// A worker begins a snapshot by itself: if it made the last one right before, the processors stay awake for this one and
    /// the next.
    fn stay_awake(&mut self) {
        let soon = self.alone_at.is_some_and(|at| at.elapsed() <= AWAKE_BETWEEN);
        if soon && self.commit_time().is_some_and(|took| took <= AWAKE_MAX) {
            self.awake.get_or_insert_with(Awake::new).extend(AWAKE_MAX);
        }
    }

    /// Notes what came of a snapshot; false when the world has to stop.
    fn made(&mut self, timer: &Timer<'_>, result: Result<Option<CommitInfo>, SnapshotError>) -> bool {
        match result {
            Ok(_) => self.full.room(),
            Err(error) if self.full.is_met(&error) => {}
            Err(error) => {
                self.snapshotter.give_up(&error);
                return false;
            }
        }
        let flipped = timer.flipped.get();
        let capture = timer.captured.get().saturating_duration_since(flipped);
        self.quiet_since = Some(flipped);
        self.last_commits.push_back(flipped.elapsed());
        if self.last_commits.len() > TIMED {
            self.last_commits.pop_front();
        }
        self.due = flipped + self.every.unwrap_or_default().max(capture * CAPTURE_SHARE);
        true
    }

    /// How long a snapshot takes, from the flip to its end, if there was one.
    fn commit_time(&self) -> Option<Duration> {
        let mut times: Vec<Duration> = self.last_commits.iter().copied().collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    /// Does what the snapshot thread has to do now, and says how it goes on; `gathered` when it has just waited for more who
    /// want a snapshot.
    fn turn(
        &mut self,
        shared: &Shared,
        waiter: &dyn Waiter,
        ended: &AtomicBool,
        watch: &(dyn Fn(Phase) + Sync),
        gathered: bool,
    ) -> Turn {
        let now = Instant::now();
        if let Some(at) = self.full.retry_at.filter(|at| now < *at) {
            return Turn::Wait(Some(at - now));
        }
        let pressed = shared.wanted() > shared.flipped() || self.full.retry_at.is_some();
        if !pressed && self.every.is_none() {
            return Turn::Wait(None);
        }
        if !pressed && !shared.is_active() {
            return self.rest(now);
        }
        if !pressed && now < self.due {
            return Turn::Wait(Some(self.due - now));
        }
        if pressed && !gathered {
            return Turn::Gather(self.commit_time().unwrap_or_default());
        }
        if flip(shared, waiter, ended, pressed) {
            let timer = Timer::new(watch);
            let store = store_turn();
            let result = self.snapshotter.complete(&|phase| timer.phase(phase));
            drop(store);
            // Otherwise the world stops, with the reason.
            let _ = self.made(&timer, result);
        }
        Turn::Done
    }

    /// Nothing has happened since the last flip: after a while a checkpoint, then no more work at all.
    fn rest(&mut self, now: Instant) -> Turn {
        match self.quiet_since {
            None => Turn::Rest(None),
            Some(since) if now < since + SETTLE => Turn::Rest(Some(since + SETTLE - now)),
            Some(_) => {
                self.quiet_since = None;
                // It only shortens the next start; a failure shows when the next snapshot is written.
                let _store = store_turn();
                let _ = self.snapshotter.close();
                Turn::Done
            }
        }
    }
}

/// What the snapshot thread does next.
enum Turn {
    /// Waits, at most so long, for news.
    Wait(Option<Duration>),
    /// Waits, at most so long, until something runs, or for news.
    Rest(Option<Duration>),
    /// Waits for more who want the next snapshot.
    Gather(Duration),
    /// Goes on.
    Done,
}

/// The snapshot thread: until the programs have ended.
fn make_snapshots(
    maker: &Mutex<Maker>,
    waiter: &dyn Waiter,
    ended: &AtomicBool,
    watch: &(dyn Fn(Phase) + Sync),
) {
    let lock = || maker.lock().unwrap_or_else(PoisonError::into_inner);
    let shared = lock().snapshotter.shared().clone();
    let mut gathered = false;
    while !ended.load(Ordering::Acquire) && shared.failure().is_none() {
        // Nobody waits with the lock but for the worker to flip.
        let turn = lock().turn(&shared, waiter, ended, watch, gathered);
        gathered = false;
        match turn {
            Turn::Wait(most) => waiter.wait(most.map(nanoseconds)),
            Turn::Rest(most) => shared.rest(most.map(nanoseconds)),
            Turn::Gather(commit_time) => {
                gather(&shared, waiter, commit_time);
                gathered = true;
            }
            Turn::Done => {}
        }
    }
}

/// A disk without room for a snapshot: nothing is lost, programs go on until memory is full, and it is tried again.
#[derive(Default)]
struct Full {
    retry_at: Option<Instant>,
}

impl Full {
    /// Whether the error is of this kind; says so once.
    fn is_met(&mut self, error: &SnapshotError) -> bool {
        if !error.is_no_space() {
            return false;
        }
        if self.retry_at.is_none() {
            say(&format_args!(
                "{error}; nothing is lost: the programs run until memory is full, then wait, and go on when there is room"
            ));
        }
        self.retry_at = Some(Instant::now() + RETRY);
        true
    }

    /// A snapshot is durable.
    fn room(&mut self) {
        if self.retry_at.take().is_some() {
            say(&"there is room again, the snapshot is durable");
        }
    }
}

/// Has the worker collect, and a moment later flip; at once when somebody waits for it. False when the world ended
/// meanwhile.
fn flip(shared: &Shared, waiter: &dyn Waiter, ended: &AtomicBool, pressed: bool) -> bool {
    let before = shared.flipped();
    shared.ask(Ask::Prepare);
    if !pressed {
        std::thread::sleep(PREPARE_LEAD);
    }
    shared.ask(Ask::Flip);
    while shared.flipped() == before {
        if ended.load(Ordering::Acquire) {
            return false;
        }
        waiter.wait(None);
    }
    true
}

/// Waits until all who were answered by the last commit wait again, so that they share the next one too: as long as they
/// come one after another, and not at all for a single one.
fn gather(shared: &Shared, waiter: &dyn Waiter, commit_time: Duration) {
    let step = (commit_time / GATHER_SHARE).clamp(GATHER_STEP.0, GATHER_STEP.1);
    let end = Instant::now() + GATHER_MAX;
    let mut seen = 0;
    let mut until = end;
    loop {
        let now = Instant::now();
        let waiting = shared.waiting();
        if waiting > seen {
            seen = waiting;
            until = end.min(now + step);
        }
        if now >= until || shared.all_wait_again() || shared.failure().is_some() {
            return;
        }
        waiter.wait(Some(nanoseconds(until - now)));
    }
}

/// As [`last_snapshot`], but waits for room on the disk.
fn patient_last_snapshot(
    world: &mut World,
    snapshotter: &mut Snapshotter,
    watch: &dyn Fn(Phase),
    full: &mut Full,
) -> Result<(), String> {
    loop {
        match try_last_snapshot(world, snapshotter, watch) {
            Err(error) if full.is_met(&error) => std::thread::sleep(RETRY),
            result => {
                full.room();
                return result.map_err(|error| format!("the snapshot could not be made: {error}"));
            }
        }
    }
}

/// What the programs did last becomes durable, and the next start short.
///
/// # Errors
/// When it cannot be written; what was committed stays.
pub(crate) fn last_snapshot(
    world: &mut World,
    snapshotter: &mut Snapshotter,
    watch: &dyn Fn(Phase),
) -> Result<(), String> {
    try_last_snapshot(world, snapshotter, watch)
        .map_err(|error| format!("the snapshot could not be made: {error}"))
}

fn try_last_snapshot(
    world: &mut World,
    snapshotter: &mut Snapshotter,
    watch: &dyn Fn(Phase),
) -> Result<(), SnapshotError> {
    let _turn = store_turn();
    snapshotter.complete(watch)?;
    let shared = world.shared().clone();
    // A snapshot that found no room left its pages to the next one.
    if shared.is_active() || shared.flipped() > shared.committed() {
        world.flip(watch)?;
        snapshotter.complete(watch)?;
    }
    snapshotter.close()?;
    Ok(())
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
