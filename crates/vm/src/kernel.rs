//! The kernel lock, and how workers stop for one another.
//!
//! A *worker* is a [`Vm`]: on a host one for each core, each stepped by a thread of its own. Each runs one thread of the
//! world at a time. What they share is the world, and [`Common`], which is one box: whoever holds the kernel lock has it
//! in its [`Vm`]. So everything outside the interpreter's loop is written as for one thread, and owns the world between
//! two safepoints; the loop itself gives the box back ([`Vm::leave`]) before it runs bytecode, and takes it
//! ([`Vm::enter`]) for whatever is not done in a few instructions.
//!
//! *Alone it costs nothing.* As long as no other worker is awake, the box stays where it is: entering and leaving are a
//! test of a word each. A worker that wakes up counts itself in [`Machine::busy`] and asks who has the box for it.
//!
//! *Stopping the world* ([`Vm::stop_world`]): who wants to collect or flip sets a bit in the word that each worker polls;
//! each comes to its next safepoint, puts its thread back into the queue, hands over what it has noted, and rests. The one
//! that asked is alone then, with the box, until it lets the others go on.
//!
//! *Order of memory.* What a worker did in the world happens before what another does after it got the box. What bytecode
//! does without it is ordered by the program alone; see `docs/ARCHITECTURE.md`.
//!
//! *Invariants:* a worker counts as [`Machine::active`] whenever it may touch the world; the number changes only under
//! the lock, and only falls while the world is being stopped; a thread is mounted only by an active worker.

use crate::connectors::Outside;
use crate::decode::Codes;
use crate::frames::{IdleStacks, Maps, Running};
use crate::scheduler::{Request, Requests, WorldClock};
use crate::{CheckedModule, ClassSource, DefineError, Vm};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use layout::schema::root;
use platform::{ConsoleInput, Platform, Waiter};

/// How often a worker looks whether the lock is free before it gives its processor away.
const SPINS: u32 = 128;
/// How often it gives its processor away before it asks again for the box.
const YIELDS: u32 = 64;
/// How long a worker that rests sleeps at a time once it has waited for a while.
const REST_NS: u64 = 50_000;

/// What the workers share in Rust memory: queues of things to do, and caches. The truth is in the world.
pub(crate) struct Common {
    pub(crate) sources: Vec<Arc<dyn ClassSource>>,
    /// The world notes the library that its classes are from.
    pub(crate) library_noted: bool,
    /// Native methods by class, name and descriptor.
    pub(crate) natives: BTreeMap<(&'static str, &'static str, &'static str), &'static crate::Native>,
    /// What converts class files.
    pub(crate) converter: Option<Arc<dyn crate::ClassConverter>>,
    /// Classes that threads want to be found while nothing is mounted.
    pub(crate) wanted: Vec<String>,
    /// What came of that, until it is used: null when no source knows the class.
    pub(crate) found: BTreeMap<String, Option<Result<CheckedModule, DefineError>>>,
    /// Threads whose frames may hold references into the nursery, and from which address on.
    pub(crate) ran: BTreeMap<u64, u64>,
    pub(crate) clock: WorldClock,
    /// Newest durable epoch.
    pub(crate) committed: u64,
    /// The sum of polls that a thread may pass before the next one has its turn.
    pub(crate) slice_polls: u32,
    pub(crate) idle_stacks: IdleStacks,
    /// Threads whose stacks were deeper than they are by more than the slack when they stopped running.
    pub(crate) shrunk: BTreeSet<u64>,
    /// What stacks have used whose slots are free: base and bytes, to be discarded piece by piece.
    pub(crate) dead_stacks: BTreeMap<u64, u64>,
    /// Classes that newly defined modules name and that early sources may know.
    pub(crate) named: Vec<String>,
    /// How many modules are being defined, one because of the other.
    pub(crate) define_depth: u32,
    /// Classes being defined that nobody else may find yet.
    pub(crate) unfinished: Vec<(String, Addr)>,
    /// Input that was polled for a thread that has yet to fetch it, by the number of its program.
    pub(crate) input: BTreeMap<u64, ConsoleInput>,
    /// Reports of threads that died and that nobody has fetched.
    pub(crate) failures: Vec<String>,
    /// Programs that have ended and that nobody has fetched.
    pub(crate) ended: Vec<Addr>,
    /// How many bytes the heap may use.
    pub(crate) heap_limit: u64,
    /// The next full collection is to clear all soft references of Java.
    pub(crate) clears_soft: bool,
    /// How often in a row there was no room for an object that a thread asked for.
    pub(crate) refusals: BTreeMap<u64, u32>,
    /// What is open and under way outside.
    pub(crate) outside: Outside,
    /// Threads that have begun to wait for a commit and were not reported yet.
    pub(crate) commit_wanted: u32,
    /// The machine is to fail when a thread of this program (its number) is about to run, for tests of that.
    pub(crate) fault: Option<u64>,
    /// What the workers share of the heap, while nobody has the box.
    heap: Option<Box<heap::Shared>>,
    /// A worker waits for all others to rest, or goes on alone.
    pub(crate) stopping: bool,
    /// Counts full collections: caches by address are good for one.
    pub(crate) sweeps: u64,
}

impl Common {
    pub(crate) fn new(clock: WorldClock, heap_limit: u64) -> Common {
        Common {
            sources: Vec::new(),
            library_noted: false,
            natives: BTreeMap::new(),
            converter: None,
            wanted: Vec::new(),
            found: BTreeMap::new(),
            ran: BTreeMap::new(),
            clock,
            committed: 0,
            slice_polls: crate::scheduler::SLICE_POLLS,
            idle_stacks: IdleStacks::default(),
            shrunk: BTreeSet::new(),
            dead_stacks: BTreeMap::new(),
            named: Vec::new(),
            define_depth: 0,
            unfinished: Vec::new(),
            input: BTreeMap::new(),
            failures: Vec::new(),
            ended: Vec::new(),
            heap_limit,
            clears_soft: false,
            refusals: BTreeMap::new(),
            outside: Outside::default(),
            commit_wanted: 0,
            fault: None,
            heap: None,
            stopping: false,
            sweeps: 0,
        }
    }
}

/// The place of the shared part in a worker; empty as long as another worker has it.
pub(crate) struct Held(pub(crate) Option<Box<Common>>);

#[cold]
#[inline(never)]
fn elsewhere() -> ! {
    panic!("the kernel is used by a worker that does not hold its lock")
}

impl Deref for Held {
    type Target = Common;
    #[inline(always)]
    fn deref(&self) -> &Common {
        match &self.0 {
            Some(common) => common,
            None => elsewhere(),
        }
    }
}

impl DerefMut for Held {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Common {
        match &mut self.0 {
            Some(common) => common,
            None => elsewhere(),
        }
    }
}

/// What workers reach without the lock.
pub(crate) struct Machine {
    /// The box, while nobody has it.
    lock: spin::Mutex<Option<Box<Common>>>,
    /// Workers that are active or want to be. As long as it is one, that one keeps the box.
    busy: AtomicU32,
    /// Workers that may touch the world.
    active: AtomicU32,
    /// Workers that sleep until there is something to do.
    asleep: AtomicU32,
    seats: spin::Mutex<Vec<Seat>>,
}

/// How to reach a worker.
struct Seat {
    worker: u32,
    requests: Requests,
    waiter: Arc<dyn Waiter>,
    asleep: bool,
}

impl Machine {
    pub(crate) fn new(requests: &Requests, platform: &Platform) -> Arc<Machine> {
        let first =
            Seat { worker: 0, requests: requests.clone(), waiter: platform.waiter.clone(), asleep: false };
        Arc::new(Machine {
            lock: spin::Mutex::new(None),
            busy: AtomicU32::new(1),
            active: AtomicU32::new(1),
            asleep: AtomicU32::new(0),
            seats: spin::Mutex::new(alloc::vec![first]),
        })
    }

    /// Asks every worker but one for something.
    pub(crate) fn ask_others(&self, but: u32, request: Request) {
        for seat in self.seats.lock().iter().filter(|seat| seat.worker != but) {
            seat.requests.ask(request);
        }
    }

    /// Whether any worker sleeps that could help.
    #[inline(always)]
    pub(crate) fn any_asleep(&self) -> bool {
        self.asleep.load(Relaxed) != 0
    }

    /// Wakes a sleeping worker, the one with the highest number; the first has other things to do as well.
    fn wake_one(&self) {
        let mut seats = self.seats.lock();
        if let Some(seat) = seats.iter_mut().rev().find(|seat| seat.asleep) {
            seat.asleep = false;
            self.asleep.fetch_sub(1, Relaxed);
            seat.waiter.notify();
        }
    }
}

impl Vm {
    /// A further worker of this machine, which waits at `waiter` when it has nothing to do. It runs threads from its
    /// first [`Vm::run`] on.
    pub fn worker(&mut self, waiter: Arc<dyn Waiter>) -> Vm {
        let requests = Requests::default();
        let mut seats = self.machine.seats.lock();
        let number = seats.iter().map(|seat| seat.worker).max().map_or(0, |most| most + 1);
        let asleep = false;
        seats.push(Seat { worker: number, requests: requests.clone(), waiter: waiter.clone(), asleep });
        drop(seats);
        Vm {
            memory: self.memory.clone(),
            heap: self.heap.worker(),
            platform: Platform { waiter, ..self.platform.clone() },
            kernel: self.kernel.clone(),
            prim_arrays: self.prim_arrays,
            object_array: self.object_array,
            codes: Codes::default(),
            maps: Maps::default(),
            requests,
            running: Running::default(),
            chaos: None,
            chaos_rarity: 1,
            common: Held(None),
            machine: self.machine.clone(),
            number,
            is_active: false,
            has_stopped: false,
            sweeps: 0,
            helping: false,
            chores: 0,
            charged: 0,
            work: crate::internal::steps::Work::default(),
            stretches: None,
            exhausted: false,
        }
    }

    /// Takes the kernel lock, unless this worker has it.
    #[inline(always)]
    pub(crate) fn enter(&mut self) {
        if self.common.0.is_none() {
            self.acquire();
        }
    }

    /// Gives the kernel lock back, unless no other worker is there to take it.
    #[inline(always)]
    pub(crate) fn leave(&mut self) {
        if self.machine.busy.load(Relaxed) != 1 {
            self.release();
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire(&mut self) {
        let mut tries = 0;
        loop {
            let free = self.machine.lock.try_lock().and_then(|mut place| place.take());
            if let Some(mut common) = free {
                if let Some(shared) = common.heap.take() {
                    self.heap.attach(shared);
                }
                self.common = Held(Some(common));
                return;
            }
            tries += 1;
            if tries < SPINS {
                core::hint::spin_loop();
                continue;
            }
            if (tries - SPINS).is_multiple_of(YIELDS) {
                // Whoever has the box may be running bytecode with it.
                self.machine.ask_others(self.number, Request::Handover);
            }
            self.memory.relax();
        }
    }

    #[cold]
    #[inline(never)]
    fn release(&mut self) {
        if let Some(mut common) = self.common.0.take() {
            common.heap = self.heap.detach();
            // What was made in the kernel is whole before a reference to it is seen.
            core::sync::atomic::fence(Release);
            *self.machine.lock.lock() = Some(common);
        }
    }

    /// Has all other workers rest until [`Vm::resume_world`], which gets what this returns. The running thread, if there is
    /// one, is wholly in its frames.
    pub fn stop_world(&mut self) -> Stopped {
        self.enter();
        if self.has_stopped {
            return Stopped(false);
        }
        while self.common.stopping {
            assert!(self.running.thread.is_null(), "a worker that rests has no thread");
            self.rest();
        }
        self.has_stopped = true;
        self.common.stopping = true;
        let own = u32::from(self.is_active);
        if self.machine.active.load(Acquire) != own {
            self.machine.ask_others(self.number, Request::Halt);
            self.release();
            let mut tries = 0;
            // Nobody becomes active any more.
            while self.machine.active.load(Acquire) != own {
                tries += 1;
                if tries < SPINS { core::hint::spin_loop() } else { self.memory.relax() }
            }
            self.acquire();
        }
        Stopped(true)
    }

    /// Lets the other workers go on.
    pub fn resume_world(&mut self, stopped: Stopped) {
        if stopped.0 {
            self.has_stopped = false;
            self.common.stopping = false;
            for seat in self.machine.seats.lock().iter() {
                seat.requests.take(Request::Halt);
            }
        }
    }

    /// Rests until the world goes on. No thread is mounted.
    pub(crate) fn rest(&mut self) {
        self.be_inactive();
        self.release();
        self.be_active();
    }

    fn be_inactive(&mut self) {
        self.heap.hand_over();
        self.is_active = false;
        self.machine.active.fetch_sub(1, Release);
    }

    /// Takes the lock and counts as active, as soon as the world is not stopped.
    fn be_active(&mut self) {
        let mut tries = 0;
        loop {
            self.enter();
            if !self.common.stopping || self.has_stopped {
                break;
            }
            self.release();
            while self.requests.is_asked(Request::Halt) {
                tries += 1;
                match tries {
                    0..SPINS => core::hint::spin_loop(),
                    SPINS..1024 => self.memory.relax(),
                    _ => self.platform.waiter.wait(Some(REST_NS)),
                }
            }
            self.memory.relax();
        }
        self.is_active = true;
        self.machine.active.fetch_add(1, Release);
        self.requests.take(Request::Halt);
        if self.sweeps != self.common.sweeps {
            self.sweeps = self.common.sweeps;
            self.drop_caches();
        }
    }

    /// Becomes active, with the lock, if it is not.
    pub(crate) fn begin(&mut self) {
        if !self.is_active {
            self.machine.busy.fetch_add(1, SeqCst);
            self.be_active();
        }
        self.enter();
    }

    /// Waits at the platform's waiter, `timeout_ns` at most, while other workers run on; not at all when a thread could
    /// run. Nothing is mounted.
    pub fn wait(&mut self, timeout_ns: Option<u64>) {
        self.begin();
        if !self.root_ref(root::RUN_HEAD).is_null() && !self.common.stopping {
            return;
        }
        self.set_asleep(true);
        self.be_inactive();
        self.machine.busy.fetch_sub(1, SeqCst);
        self.release();
        self.platform.waiter.wait(timeout_ns);
        self.begin();
        self.set_asleep(false);
    }

    /// Does something that takes a while and touches no object; the other workers run on, and may stop the world
    /// meanwhile. Nothing is mounted.
    pub fn aside<R>(&mut self, work: impl FnOnce() -> R) -> R {
        self.begin();
        self.be_inactive();
        self.machine.busy.fetch_sub(1, SeqCst);
        self.release();
        let done = work();
        self.begin();
        done
    }

    fn set_asleep(&mut self, asleep: bool) {
        let mut seats = self.machine.seats.lock();
        let Some(seat) = seats.iter_mut().find(|seat| seat.worker == self.number) else { return };
        if seat.asleep != asleep {
            seat.asleep = asleep;
            let one = if asleep { 1 } else { u32::MAX };
            self.machine.asleep.fetch_add(one, Relaxed);
        }
    }

    /// Has a sleeping worker look at the queue, if there is one and there is a thread in it.
    pub(crate) fn call_help(&mut self) {
        if self.machine.any_asleep() && !self.root_ref(root::RUN_HEAD).is_null() {
            self.machine.wake_one();
        }
    }

    /// Wakes the first worker, which looks after timers and commits, if it sleeps.
    pub(crate) fn wake_first_worker(&mut self) {
        if self.number == 0 || !self.machine.any_asleep() {
            return;
        }
        if let Some(seat) = self.machine.seats.lock().iter().find(|seat| seat.worker == 0) {
            seat.waiter.notify();
        }
    }

    /// Has the first worker come back from [`Vm::run`]: there is news for whoever steps it.
    pub(crate) fn tell_first_worker(&mut self) {
        if self.number == 0 {
            return;
        }
        if let Some(seat) = self.machine.seats.lock().iter().find(|seat| seat.worker == 0) {
            seat.requests.ask(Request::Stop);
            seat.waiter.notify();
        }
    }

    /// Whether another worker may be running a thread.
    pub fn others_run(&self) -> bool {
        self.machine.active.load(Relaxed) > u32::from(self.is_active)
    }

    /// The worker leaves the machine, for good, with its thread if it still has one: then the world must not be
    /// committed any more. The first worker cannot.
    pub fn leave_machine(&mut self) {
        assert!(self.number != 0, "the first worker stays");
        self.running = Running::default();
        if self.is_active {
            self.enter();
            if self.has_stopped {
                self.resume_world(Stopped(true));
            }
            self.be_inactive();
            self.machine.busy.fetch_sub(1, SeqCst);
            self.release();
        }
        self.machine.seats.lock().retain(|seat| seat.worker != self.number);
    }

    /// Has all further workers come back from [`Vm::run`], and waits until they have retired.
    pub fn stop_workers(&mut self) {
        for seat in self.machine.seats.lock().iter().filter(|seat| seat.worker != self.number) {
            seat.requests.ask(Request::Stop);
            seat.waiter.notify();
        }
        if self.has_stopped {
            self.resume_world(Stopped(true));
        }
        self.be_inactive();
        self.release();
        while self.machine.seats.lock().len() > 1 {
            self.platform.waiter.wait(Some(REST_NS));
        }
        self.be_active();
    }
}

/// Whether a call of [`Vm::stop_world`] is the one that stopped it.
#[derive(Debug)]
#[must_use = "the world stands still until it is given to `resume_world`"]
pub struct Stopped(bool);
