//! The run loop, the run queue and the world clock.
//!
//! Each worker runs one thread at a time, round robin, a slice of so many polls each: counting polls instead of time makes
//! a run of one worker depend on its inputs alone. All take their threads from one queue. It is in the world, as are the
//! timers (`timers.rs`) and the lists of those who wait (`waiting.rs`); a restart goes on with them as they are. Timers,
//! input and commits are seen to by the first worker, and by whoever passes by.
//!
//! *Invariant:* when [`Vm::run`] returns, no thread is mounted as running: the one that was stands at the head of the
//! queue.

use crate::Vm;
use crate::interpreter::{self, Exit};
use crate::waiting::{Ring, WAKES_AT_ONCE};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Addr;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;
use heap::{Collection, Survivors};
use layout::Value;
use layout::schema::{root, thread, thread_state};
use memory::MemoryError;
use platform::{ConsoleInput, Platform};

/// Polls that a thread may pass before the next one has its turn.
pub(crate) const SLICE_POLLS: u32 = 20_000;
/// So many threads that wait for input are looked at between two slices.
const READERS_AT_ONCE: u64 = 256;
/// In chaos, one safepoint in so many does something.
const CHAOS_ODDS: u64 = 8;
/// Stack bytes from which on chaos becomes rarer.
const CHAOS_STACK_BYTES: u64 = 16 << 10;

/// What the running thread is asked for at its next safepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Request {
    /// [`Vm::run`] is to return.
    Stop = 1,
    /// The machine itself has something to do: collect, tell of exhausted memory.
    Attention = 2,
    /// The worker is to rest: another stops the world.
    Halt = 4,
    /// Another worker waits for the kernel lock.
    Handover = 8,
    /// There are threads that another worker could run.
    Help = 16,
    /// The program of the running thread may have ended.
    Review = 32,
}

/// The word that the safepoints of a worker look at; any thread of the host may ask.
#[derive(Clone, Debug, Default)]
pub struct Requests(Arc<AtomicU32>);

impl Requests {
    /// Asks for something.
    pub fn ask(&self, request: Request) {
        self.0.fetch_or(request as u32, Relaxed);
    }
    /// Whether something is asked for.
    #[inline(always)]
    pub(crate) fn any(&self) -> bool {
        self.0.load(Relaxed) != 0
    }
    pub(crate) fn is_asked(&self, request: Request) -> bool {
        self.0.load(Relaxed) & request as u32 != 0
    }
    pub(crate) fn take(&self, request: Request) -> bool {
        self.is_asked(request) && self.0.fetch_and(!(request as u32), Relaxed) & request as u32 != 0
    }
}

/// How far a call of [`Vm::run`] goes at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Return [`RunState::Requested`] after so many slices.
    pub slices: Option<u64>,
}

/// Why [`Vm::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// [`Request::Stop`] or a limit; threads can run on.
    Requested,
    /// There is no thread that this worker could run now; whether others run says [`Vm::others_run`].
    Idle {
        /// World clock at which the first timer ends.
        wake_ns: Option<u64>,
        /// Whether a thread waits for input.
        input: bool,
        /// Whether a thread waits for a commit.
        commit: bool,
    },
    /// No thread is left.
    AllEnded,
}

/// Monotonic nanoseconds of the world, over all restarts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorldClock {
    /// World clock when this run began.
    base_ns: u64,
    /// Platform clock when this run began.
    started_ns: u64,
}

impl WorldClock {
    pub(crate) fn new(platform: &Platform) -> WorldClock {
        WorldClock { base_ns: 0, started_ns: platform.clock.monotonic_ns() }
    }
}

impl Vm {
    /// The world clock in nanoseconds: monotonic, goes on over restarts, by default with the down time.
    pub fn clock_ns(&self) -> u64 {
        let since = self.platform.clock.monotonic_ns().saturating_sub(self.common.clock.started_ns);
        self.common.clock.base_ns.saturating_add(since)
    }

    /// Takes the world clock up from the last flip, the down time by the wall clock included.
    pub(crate) fn restart_clock(&mut self) {
        let down = self.platform.clock.wall_ns().saturating_sub(self.root_u64(root::WALL_NS));
        self.common.clock = WorldClock::new(&self.platform);
        self.common.clock.base_ns = self.root_u64(root::CLOCK_NS).saturating_add(down);
    }

    /// Leaves the down time out of the world clock: it goes on from the last flip. To be called right after opening.
    pub fn exclude_down_time(&mut self) {
        self.common.clock.base_ns = self.root_u64(root::CLOCK_NS);
    }

    /// The word by which a host thread asks for a stop.
    pub fn requests(&self) -> Requests {
        self.requests.clone()
    }

    /// Makes each thread pass at most so many polls in a row.
    pub fn set_slice(&mut self, polls: u32) {
        self.common.slice_polls = polls.max(1);
    }

    /// At seeded safepoints, does one of: leave the interpreter, freeze and thaw the thread, collect, drop all caches.
    pub fn chaos(&mut self, seed: u64) {
        self.chaos = Some(base::prng::Prng::new(seed));
    }

    /// Makes what [`Vm::chaos`] does so many times rarer than at first, for programs that run for long.
    pub fn set_chaos_rarity(&mut self, rarity: u64) {
        self.chaos_rarity = rarity.max(1);
    }

    /// Whether a thread could run now: wakes those whose time or input has come. Changes nothing when there is none.
    pub fn is_ready(&mut self) -> bool {
        self.begin();
        self.wake_due();
        self.wake_input();
        self.look_outside();
        !self.root_ref(root::RUN_HEAD).is_null()
    }

    /// Runs threads until a stop is asked for, none can run, or a limit is reached.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    pub fn run(&mut self, limits: Limits) -> Result<RunState, MemoryError> {
        let mut slices = limits.slices;
        self.begin();
        loop {
            if self.common.stopping {
                self.rest();
                if self.number != 0 {
                    // There may have been a flip: whoever steps this worker has to say that it is at work.
                    return Ok(RunState::Requested);
                }
            }
            self.requests.take(Request::Handover);
            self.requests.take(Request::Review);
            if self.requests.take(Request::Attention) {
                self.attend()?;
            }
            if self.requests.take(Request::Stop) || slices == Some(0) {
                return Ok(RunState::Requested);
            }
            self.find_wanted();
            self.stretch_begins();
            self.wake_due();
            self.wake_committed();
            self.wake_input();
            if self.common.outside.is_due() || self.root_ref(root::RUN_HEAD).is_null() {
                self.look_outside();
            }
            let discards = self.discard_dead_stack();
            let Some(thread) = self.queue_pop() else {
                self.stretch_ends();
                if discards {
                    continue;
                }
                return Ok(self.idle());
            };
            let errand = self.run_errand(thread);
            if !self.may_run(thread) {
                self.stretch_ends();
                slices = slices.map(|left| left - u64::from(errand));
                continue;
            }
            // Whoever takes a thread and leaves others sees to it that somebody takes the next.
            self.requests.take(Request::Help);
            self.call_help();
            slices = slices.map(|left| left - 1);
            self.set_u32(thread, thread::STATE, thread_state::RUNNING);
            self.mount(thread);
            let owner = self.ref_field(thread, thread::PROGRAM);
            let began = self.platform.clock.monotonic_ns();
            self.begin_charge();
            self.stretch_ends();
            let exit = self.slice();
            self.charge(owner);
            self.keep_to_quota(owner)?;
            let took = self.platform.clock.monotonic_ns().saturating_sub(began);
            self.charge_time(owner, took);
            match exit? {
                Exit::Safepoint => {
                    self.common.outside.slice_over();
                    self.unmount();
                    self.set_u32(thread, thread::STATE, thread_state::RUNNABLE);
                    // Stopped by a request it keeps its turn.
                    if self.requests.any() { self.queue_push_front(thread) } else { self.queue_push(thread) }
                }
                Exit::Blocked => self.unmount(),
                Exit::Ended => {}
            }
            if self.is_doomed(owner) {
                // Ended by another worker while this one ran it.
                self.end_threads_of(owner);
            }
        }
    }

    /// Runs the mounted thread until its slice ends, or it blocks or ends.
    fn slice(&mut self) -> Result<Exit, MemoryError> {
        if self.common.fault.is_some_and(|number| number == self.program_number(self.running.thread)) {
            panic!("the machine was told to fail here");
        }
        self.helping = false;
        loop {
            let helping = self.helping;
            self.stretch_begins();
            let exit = interpreter::execute(self);
            self.stretch_ends();
            if exit != Exit::Safepoint || self.common.stopping {
                return Ok(exit);
            }
            self.requests.take(Request::Handover);
            if helping {
                self.helping = false;
                self.call_help();
            }
            self.helping |= self.requests.take(Request::Help);
            if self.chaos.is_some() {
                self.be_unkind()?;
            }
            if self.requests.take(Request::Attention) {
                self.attend()?;
                let owner = self.ref_field(self.running.thread, thread::PROGRAM);
                self.charge(owner);
                self.keep_to_quota(owner)?;
            }
            if self.running.polls == 0 || self.requests.any() {
                return Ok(Exit::Safepoint);
            }
        }
    }

    /// Does what [`Request::Attention`] asks for.
    fn attend(&mut self) -> Result<(), MemoryError> {
        if let Some(kind) = self.heap.collection_due() {
            self.collect(kind)?;
        }
        if core::mem::take(&mut self.exhausted) {
            let used = self.heap.usage();
            if used.cell_bytes + used.large_bytes > self.common.heap_limit / 2 {
                self.collect(Collection::Full)?;
            }
            if self.exceeds_limit() {
                self.collect_soft()?;
            }
            if self.exceeds_limit() {
                self.tell_exhausted();
            }
        }
        Ok(())
    }

    fn exceeds_limit(&self) -> bool {
        let used = self.heap.usage();
        used.cell_bytes + used.large_bytes > self.common.heap_limit
    }

    fn be_unkind(&mut self) -> Result<(), MemoryError> {
        let Some(prng) = &mut self.chaos else { return Ok(()) };
        // What follows costs as much as the stack is deep: the deeper, the rarer.
        let depth = 1 + self.running.frame.0 % base::limits::STACK_RESERVED_BYTES / CHAOS_STACK_BYTES;
        if !prng.chance(1, CHAOS_ODDS * self.chaos_rarity * depth * depth) {
            return Ok(());
        }
        match prng.below(8) {
            0 => self.running.polls = 0,
            1 | 2 => {
                let (thread, polls) = (self.running.thread, self.running.polls);
                self.unmount();
                self.freeze(thread);
                self.mount(thread);
                self.running.polls = polls;
            }
            3 | 4 => drop(self.collect(Collection::Minor(Survivors::Keep))?),
            5 => drop(self.collect(Collection::Minor(Survivors::Promote))?),
            6 => drop(self.collect(Collection::Full)?),
            _ => self.drop_caches(),
        }
        Ok(())
    }

    /// How many threads have begun to wait for a commit since this was asked last.
    pub fn take_commit_wanted(&mut self) -> u32 {
        core::mem::take(&mut self.common.commit_wanted)
    }

    /// Forgets everything that can be had from the world again.
    pub fn drop_caches(&mut self) {
        self.codes.clear();
        self.maps.clear();
    }

    fn idle(&self) -> RunState {
        if self.root_u64(root::THREAD_COUNT) == 0 {
            return RunState::AllEnded;
        }
        RunState::Idle {
            wake_ns: self.first_timer_ns(),
            input: !self.root_ref(root::WAIT_INPUT).is_null(),
            commit: !self.root_ref(root::WAIT_COMMIT).is_null(),
        }
    }

    /// Long before the flip, while the world may still run on: freezes what has blocked, gives back what deep calls have
    /// used of the other stacks, empties the nursery.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    pub fn prepare_flip(&mut self) -> Result<(), MemoryError> {
        self.freeze_blocked();
        self.trim_stacks();
        self.collect(Collection::Minor(Survivors::Promote)).map(drop)
    }

    /// Right before the flip: empties the nursery of what came since, writes the clocks.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    pub fn before_flip(&mut self) -> Result<(), MemoryError> {
        // Of what has ended since: the next run of this machine would not know of it.
        while self.discard_dead_stack() {}
        self.collect(Collection::Minor(Survivors::Promote))?;
        let (clock, wall) = (self.clock_ns(), self.platform.clock.wall_ns());
        self.set_root_u64(root::CLOCK_NS, clock);
        self.set_root_u64(root::WALL_NS, wall);
        let epoch = self.memory.epoch().0;
        self.set_root_u64(root::EPOCH, epoch);
        Ok(())
    }

    /// Right after the flip, before [`Vm::run`]. Threads announce their frames when they are mounted.
    pub fn after_flip(&mut self) {
        assert!(self.running.thread.is_null(), "no thread is mounted at a flip");
    }

    /// The epoch that will hold what happens now.
    pub fn epoch(&self) -> u64 {
        self.memory.epoch().0
    }
    /// The newest durable epoch.
    pub fn committed_epoch(&self) -> u64 {
        self.common.committed
    }
    /// Says that an epoch is durable; wakes who waited for it.
    pub fn committed(&mut self, epoch: u64) {
        self.common.committed = self.common.committed.max(epoch);
        self.wake_committed();
    }

    /// Wakes those whose epoch is durable; of many only some, the next when this is called again.
    fn wake_committed(&mut self) {
        // Who came first waits for the oldest epoch.
        for _ in 0..WAKES_AT_ONCE {
            match self.ring_first(Ring::Root(root::WAIT_COMMIT)) {
                Some(thread) if self.get_u64(thread, thread::AWAITED) <= self.common.committed => {
                    self.wake(thread);
                }
                _ => return,
            }
        }
    }

    /// A line of input for the running thread, if there is one.
    pub fn take_input(&mut self) -> ConsoleInput {
        let number = self.program_number(self.running.thread);
        let key = self.input_key(number);
        // The console may have changed since the line was polled.
        let there = self.common.input.remove(&key).or_else(|| self.common.input.remove(&number));
        there.unwrap_or_else(|| self.console_of(number).poll_line())
    }

    /// Under what the input of a program is kept: its number, or zero when it shares the console of all.
    fn input_key(&self, number: u64) -> u64 {
        if self.platform.console.of(number).is_some() { number } else { 0 }
    }

    /// Wakes those for whom there is input; changes nothing in the world when there is none.
    fn wake_input(&mut self) {
        let last = self.root_ref(root::WAIT_INPUT);
        if last.is_null() {
            return;
        }
        let (mut ready, mut served) = (Vec::new(), BTreeSet::new());
        let mut at = last;
        for looked in 1.. {
            at = self.ref_field(at, thread::NEXT);
            let number = self.program_number(at);
            let key = self.input_key(number);
            // One line, one reader; the end of the input is there for all.
            if !served.contains(&key) && self.has_input(key, number) {
                ready.push(at);
            }
            if self.common.input.get(&key) != Some(&ConsoleInput::End) {
                served.insert(key);
            }
            if at == last {
                break;
            }
            if looked == READERS_AT_ONCE {
                // The next time those behind it are first.
                self.set_root_ref(root::WAIT_INPUT, Value::object(at));
                break;
            }
        }
        for thread in ready {
            self.wake(thread);
        }
    }

    fn has_input(&mut self, key: u64, number: u64) -> bool {
        if !self.common.input.contains_key(&key) {
            match self.console_of(number).poll_line() {
                ConsoleInput::Pending => return false,
                input => drop(self.common.input.insert(key, input)),
            }
        }
        true
    }

    pub(crate) fn queue_push(&mut self, thread: Addr) {
        self.set_ref(thread, thread::NEXT, Value::NULL);
        let tail = self.root_ref(root::RUN_TAIL);
        if tail.is_null() {
            self.set_root_ref(root::RUN_HEAD, Value::object(thread));
        } else {
            self.set_ref(tail, thread::NEXT, Value::object(thread));
        }
        self.set_root_ref(root::RUN_TAIL, Value::object(thread));
        if self.machine.any_asleep() && !self.running.thread.is_null() {
            // Often the running thread is about to wait, and this worker itself takes the other then: not at once.
            self.requests.ask(Request::Help);
        }
    }

    fn queue_push_front(&mut self, thread: Addr) {
        let head = self.get_root_ref(root::RUN_HEAD);
        self.set_ref(thread, thread::NEXT, head);
        self.set_root_ref(root::RUN_HEAD, Value::object(thread));
        if head.is_null() {
            self.set_root_ref(root::RUN_TAIL, Value::object(thread));
        }
    }

    fn queue_pop(&mut self) -> Option<Addr> {
        let head = self.get_root_ref(root::RUN_HEAD).as_object()?;
        let next = self.get_ref(head, thread::NEXT);
        self.set_root_ref(root::RUN_HEAD, next);
        if next.is_null() {
            self.set_root_ref(root::RUN_TAIL, Value::NULL);
        }
        self.set_ref(head, thread::NEXT, Value::NULL);
        Some(head)
    }
}
