//! A world that is saved and opened again.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use base::{Epoch, PageBytes, PageIndex, PageRange};
use bytecode::{assemble, encode};
use layout::area::NURSERY;
use memory::{Memory, MemoryConfig, Progress};
use platform::{PageSource, Platform};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimOutside, SimReactor, SimWaiter};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use vm::{Limits, RunState, Vm};

/// The pages of the last snapshot.
#[derive(Default, Clone)]
pub(crate) struct Stored(pub(crate) BTreeMap<PageIndex, Arc<PageBytes>>);

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        if let Some(stored) = self.0.get(&page) {
            bytes.copy_from_slice(&**stored);
        }
        Ok(self.0.contains_key(&page))
    }
}

/// A world and what is outside it.
pub(crate) struct World {
    /// None only while it is opened anew: two of them would take twice the address space.
    vm: Option<Vm>,
    pub(crate) stored: Stored,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) console: Arc<SimConsole>,
    pub(crate) outside: Arc<SimOutside>,
    /// The last snapshot.
    saved: Epoch,
}

impl World {
    fn memory(&self, last: Epoch) -> Arc<Memory> {
        let mapper = SimMapper::new().expect("address space for a simulated world");
        let mut config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
        config.stored_pages = self.stored.0.keys().copied().collect();
        Memory::new(Arc::new(mapper), Arc::new(self.stored.clone()), config, last).expect("the world opens")
    }

    fn platform(&self) -> Platform {
        Platform {
            clock: self.clock.clone(),
            entropy: Arc::new(SimEntropy::new(7)),
            console: self.console.clone(),
            waiter: Arc::new(SimWaiter::new(self.clock.clone())),
            reactor: Arc::new(SimReactor::new(self.outside.clone())),
        }
    }

    /// A new world in which a program begins, whose entry is `Main`.
    pub(crate) fn new(program: &str) -> World {
        let (clock, console) = (Arc::new(SimClock::new()), Arc::new(SimConsole::new()));
        let outside = Arc::new(SimOutside::new(7));
        let stored = Stored::default();
        let mut world = World { vm: None, stored, clock, console, outside, saved: Epoch(0) };
        world.console.set_open(true);
        let mut vm = Vm::format(world.memory(Epoch(0)), world.platform());
        let module = assemble(program).unwrap_or_else(|errors| panic!("{errors:?}"));
        vm.define_module(&encode(&module)).unwrap_or_else(|error| panic!("{error}"));
        vm.start_program("test", "Main", &[], 0).unwrap_or_else(|error| panic!("{error}"));
        world.vm = Some(vm);
        world
    }

    pub(crate) fn vm(&mut self) -> &mut Vm {
        self.vm.as_mut().expect("the world is open")
    }

    /// A snapshot.
    pub(crate) fn save(&mut self) -> Epoch {
        let vm = self.vm();
        vm.prepare_flip().expect("a collection");
        vm.before_flip().expect("a collection");
        let memory = vm.memory.clone();
        let epoch = memory.flip();
        vm.after_flip();
        let mut capture = memory.begin_capture();
        let mut keep = |page, bytes: &PageBytes| -> Result<(), Infallible> {
            self.stored.0.insert(page, Arc::new(*bytes));
            Ok(())
        };
        while !matches!(capture.step(64, &mut keep), Ok(Progress::Done)) {}
        capture.committed();
        self.vm().committed(epoch.0);
        self.saved = epoch;
        epoch
    }

    /// A snapshot, and the machine anew from it.
    pub(crate) fn restart(&mut self) {
        self.save();
        self.crash();
    }

    /// The machine anew from the last snapshot; what came after it is lost.
    pub(crate) fn crash(&mut self) {
        // The old machine goes first, and resets its connections.
        self.vm = None;
        let vm = Vm::open(self.memory(self.saved), self.platform()).expect("the world opens");
        self.vm = Some(vm);
    }

    /// Runs the program; what it wrote. `polls` is the length of a slice, after each of which comes a restart.
    pub(crate) fn run(mut self, polls: Option<u32>) -> String {
        for step in 0..100_000 {
            if let Some(polls) = polls {
                self.restart();
                self.vm().set_slice(polls);
            }
            match self.vm().run(Limits { slices: polls.map(|_| 1) }).unwrap_or_else(|error| panic!("{error}"))
            {
                RunState::AllEnded => {
                    assert_eq!(self.vm().take_failures(), Vec::<String>::new());
                    assert!(step > 5, "{step} restarts are too few");
                    return String::from_utf8(self.console.output()).expect("UTF-8");
                }
                RunState::Requested => {}
                RunState::Idle { commit: true, .. } => {
                    self.save();
                }
                RunState::Idle { input: true, .. } => self.console.push_line("typed"),
                RunState::Idle { wake_ns: Some(wake), .. } => {
                    let now = self.vm().clock_ns();
                    self.clock.advance(wake.saturating_sub(now));
                }
                RunState::Idle { .. } => panic!("the program waits for ever"),
            }
        }
        panic!("the program does not end");
    }
}
