//! Kernel methods that wait or call bytecode, in a program: what it writes must be the same when the world is saved and
//! opened again in a new memory after every slice.

use base::{Epoch, PageBytes, PageIndex, PageRange};
use bytecode::{assemble, encode};
use layout::area::NURSERY;
use memory::{Memory, MemoryConfig, Progress};
use platform::{PageSource, Platform};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimWaiter};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use vm::{Limits, RunState, Vm};

/// `Point` and `Loader` sleep, so that a restart finds the kernel method that called them waiting.
const PROGRAM: &str = r#"
module test
class Point super .internal.object flags public {
    method toString ()L.internal.string; flags public ordinal 5 {
        new .internal.time
        i32.const8 5
        call_virtual .internal.time sleepMsec (I)V
        const "point"
        return
    }
}
class Loader super .internal.object flags public {
    method load (L.internal.object;)L.internal.object; flags public ordinal 8 {
        new .internal.time
        i32.const8 5
        call_virtual .internal.time sleepMsec (I)V
        new .internal.console
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V
        const class Point
        return
    }
}
class Worker super .internal.object flags public {
    method work (L.internal.object;)V flags public ordinal 8 {
        new .internal.console
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V
        new .internal.time
        i32.const8 3
        call_virtual .internal.time sleepSec (I)V
        new .internal.console
        const "worked"
        call_virtual .internal.console println (L.internal.object;)V
        return
    }
}
class Main super .internal.object flags public {
    method <init> ()V flags public constructor {
        return
    }
    method run (L.internal.object;)V flags public ordinal 8 {
        new .internal.console
        local.set 2
        local.get 2
        new Point
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V

        i32.const8 3
        new_ref_array .internal.object
        local.set 3
        local.get 3
        i32.const8 0
        new Point
        array.set_ref
        local.get 3
        i32.const8 1
        const " and "
        array.set_ref
        local.get 3
        i32.const8 2
        new Point
        array.set_ref
        local.get 1
        local.get 3
        call_virtual .internal.boot print ([L.internal.object;)V

        local.get 2
        new .internal.stringbuilder
        new Point
        call_virtual .internal.stringbuilder append (L.internal.object;)L.internal.stringbuilder;
        i32.const8 5
        box_i32
        call_virtual .internal.stringbuilder append (L.internal.object;)L.internal.stringbuilder;
        call_virtual .internal.object toString ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 2
        local.get 2
        call_virtual .internal.console readLine ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 1
        new Loader
        call_virtual .internal.boot setClassLoader (L.internal.object;)V
        local.get 2
        local.get 1
        const "unknown"
        call_virtual .internal.boot loadClass (L.internal.string;)L.internal.class;
        call_virtual .internal.class getName ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 2
        new Elsewhere
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        const class Elsewhere
        call_virtual .internal.class getName ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        new .internal.closure
        local.set 4
        local.get 4
        new Point
        call_virtual .internal.closure setObject (L.internal.object;)V
        local.get 4
        i32.const8 5
        call_virtual .internal.closure setOrdinal (I)V
        local.get 2
        local.get 4
        null
        call_virtual .internal.closure call ([L.internal.object;)L.internal.object;
        call_virtual .internal.console println (L.internal.object;)V

        new .internal.world
        new Worker
        const "argument"
        call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
        pop
        local.get 1
        i32.const8 50
        call_virtual .internal.boot sleep (I)V
        local.get 1
        new Worker
        call_virtual .internal.boot startThread (L.internal.object;)V
        new .internal.world
        call_virtual .internal.world snapSync ()J
        pop
        local.get 2
        const "durable"
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        new .internal.world
        call_virtual .internal.world getMyThread ()L.internal.thread;
        call_virtual .internal.console println (L.internal.object;)V
        return
    }
}
"#;

#[derive(Default, Clone)]
struct Stored(BTreeMap<PageIndex, Arc<PageBytes>>);

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        if let Some(stored) = self.0.get(&page) {
            bytes.copy_from_slice(&**stored);
        }
        Ok(self.0.contains_key(&page))
    }
}

/// A world and what is outside it.
struct World {
    /// None only while it is opened anew: two of them would take twice the address space.
    vm: Option<Vm>,
    stored: Stored,
    clock: Arc<SimClock>,
    console: Arc<SimConsole>,
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
        }
    }

    fn new() -> World {
        let (clock, console) = (Arc::new(SimClock::new()), Arc::new(SimConsole::new()));
        let mut world = World { vm: None, stored: Stored::default(), clock, console };
        world.console.set_open(true);
        let mut vm = Vm::format(world.memory(Epoch(0)), world.platform());
        let module = assemble(PROGRAM).unwrap_or_else(|errors| panic!("{errors:?}"));
        vm.define_module(&encode(&module)).unwrap_or_else(|error| panic!("{error}"));
        vm.start_program("test", "Main", &[], 0).unwrap_or_else(|error| panic!("{error}"));
        world.vm = Some(vm);
        world
    }

    fn vm(&mut self) -> &mut Vm {
        self.vm.as_mut().expect("the world is open")
    }

    fn save(&mut self) -> Epoch {
        let vm = self.vm();
        vm.prepare_flip().expect("a collection");
        vm.before_flip().expect("a collection");
        let memory = vm.memory.clone();
        let epoch = memory.flip();
        vm.after_flip();
        let mut capture = memory.begin_capture().expect("a capture");
        let mut keep = |page, bytes: &PageBytes| -> Result<(), Infallible> {
            self.stored.0.insert(page, Arc::new(*bytes));
            Ok(())
        };
        while !matches!(capture.step(64, &mut keep), Ok(Progress::Done)) {}
        capture.committed();
        self.vm().committed(epoch.0);
        epoch
    }

    fn restart(&mut self) {
        let epoch = self.save();
        self.vm = None;
        let vm = Vm::open(self.memory(epoch), self.platform()).expect("the world opens");
        self.vm = Some(vm);
    }

    /// Runs the program; what it wrote. `polls` is the length of a slice, after each of which comes a restart.
    fn run(mut self, polls: Option<u32>) -> String {
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

#[test]
fn a_restart_at_any_point_makes_no_difference() {
    let plain = World::new().run(None);
    assert_eq!(
        plain,
        "point\nbootstrap\npoint and pointpoint5\ntyped\nunknown\nPoint\nElsewhere\npoint\nPoint\npoint\nargument\nbootstrap\ndurable\nthread\nworked\nworked\n"
    );
    for polls in [1, 2, 5] {
        assert_eq!(World::new().run(Some(polls)), plain, "slices of {polls} polls");
    }
}

#[test]
fn chaos_makes_no_difference() {
    let plain = World::new().run(None);
    for seed in 1..20 {
        let mut world = World::new();
        world.vm().set_slice(20);
        world.vm().chaos(seed);
        assert_eq!(world.run(None), plain, "seed {seed}");
    }
}
