//! What the workers of a machine share besides the world itself.
//!
//! [`Common`] is one box. Whoever holds the kernel lock has it in its [`Vm`](crate::Vm), so all code that uses it is
//! written as for one thread.

use crate::ClassSource;
use crate::connectors::Outside;
use crate::frames::IdleStacks;
use crate::scheduler::WorldClock;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use core::ops::{Deref, DerefMut};
use platform::ConsoleInput;

/// What the workers share in Rust memory: queues of things to do, and caches. The truth is in the world.
pub(crate) struct Common {
    pub(crate) sources: Vec<Box<dyn ClassSource>>,
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
    /// An allocation went beyond the limit: the running thread is to be told.
    pub(crate) exhausted: bool,
    /// How many bytes the heap may use.
    pub(crate) heap_limit: u64,
    /// What is open and under way outside.
    pub(crate) outside: Outside,
    /// A thread has begun to wait for a commit.
    pub(crate) commit_wanted: bool,
    /// The machine is to fail when a thread of this program (its number) is about to run, for tests of that.
    pub(crate) fault: Option<u64>,
}

impl Common {
    pub(crate) fn new(clock: WorldClock, heap_limit: u64) -> Common {
        Common {
            sources: Vec::new(),
            ran: BTreeMap::new(),
            clock,
            committed: 0,
            slice_polls: crate::scheduler::SLICE_POLLS,
            idle_stacks: IdleStacks::default(),
            shrunk: BTreeSet::new(),
            named: Vec::new(),
            define_depth: 0,
            unfinished: Vec::new(),
            input: BTreeMap::new(),
            failures: Vec::new(),
            ended: Vec::new(),
            exhausted: false,
            heap_limit,
            outside: Outside::default(),
            commit_wanted: false,
            fault: None,
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
