//! A machine that is thrown away and opened again at any safepoint goes on as if nothing had happened.

use base::{Epoch, PageBytes, PageIndex, PageRange};
use layout::area::NURSERY;
use memory::{Memory, MemoryConfig};
use platform::{PageSource, Platform};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimWaiter};
use std::sync::Arc;
use vm::inspect::ProgramState;
use vm::{Limits, RunState, Vm};

struct Empty;

impl PageSource for Empty {
    fn read_page(&self, _: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        bytes.fill(0);
        Ok(false)
    }
}

struct Bench {
    memory: Arc<Memory>,
    platform: Platform,
    clock: Arc<SimClock>,
    vm: Vm,
}

impl Bench {
    fn new() -> Bench {
        let clock = Arc::new(SimClock::new());
        let platform = Platform {
            clock: clock.clone(),
            entropy: Arc::new(SimEntropy::new(1)),
            console: Arc::new(SimConsole::new()),
            waiter: Arc::new(SimWaiter::new(clock.clone())),
            reactor: Arc::new(platform::NoOutside),
        };
        let mapper = SimMapper::new().expect("address space");
        let config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
        let memory = Memory::new(Arc::new(mapper), Arc::new(Empty), config, Epoch(0)).expect("a memory");
        let vm = Vm::format(memory.clone(), platform.clone());
        Bench { memory, platform, clock, vm }
    }

    /// What a flip does to the machine, then a new machine over what it left.
    fn restart(&mut self, chaos: Option<u64>) {
        self.vm.prepare_flip().expect("memory");
        self.vm.before_flip().expect("memory");
        self.vm.after_flip();
        self.vm = Vm::open(self.memory.clone(), self.platform.clone()).expect("a world");
        self.vm.set_slice(50);
        if let Some(seed) = chaos {
            self.vm.chaos(seed);
        }
    }

    /// Runs a program with a restart after every `slices` slices; its status.
    fn run(&mut self, text: &str, slices: u64, chaos: Option<u64>) -> ProgramState {
        let module = bytecode::assemble(text).unwrap_or_else(|errors| panic!("{errors:?}"));
        self.vm.define_module(&bytecode::encode(&module)).expect("a module");
        let program = self.vm.start_program("test", "Test", &[], 0).expect("a program");
        self.vm.set_slice(50);
        for _ in 0..1_000_000 {
            let state = self.vm.run(Limits { slices: Some(slices) }).expect("memory");
            match state {
                RunState::AllEnded => break,
                RunState::Idle { wake_ns, .. } => {
                    let wake = wake_ns
                        .unwrap_or_else(|| panic!("nothing will ever happen: {:#?}", self.vm.threads()));
                    self.clock.advance(wake.saturating_sub(self.vm.clock_ns()));
                }
                RunState::Requested => {}
            }
            self.restart(chaos);
        }
        let info = self.vm.program(program).expect("a program");
        assert_eq!(info.failure, None);
        info.state
    }
}

/// Four threads add to a counter under a lock, allocate, sleep and recurse; the first waits for them by sleeping.
const PROGRAM: &str = "
    module test
    entry Test
    class Worker super .internal.object flags public {
        field owner LTest; flags public
        method <init> ()V flags public constructor {
            return
        }
        method run (L.internal.object;)V flags public ordinal 8 {
            local.get 0
            local.get 1
            check_cast Test
            put_field Worker owner LTest;
            i32.const8 0
            local.set 2
        loop:
            local.get 2
            i32.const8 40
            br_i32.ge_s done
            local.get 0
            i32.const8 30
            call_virtual Worker deep (I)I
            pop
            local.get 0
            get_field Worker owner LTest;
            monitor_enter
            local.get 0
            get_field Worker owner LTest;
            call_virtual Test bump ()V
            local.get 0
            get_field Worker owner LTest;
            monitor_exit
            new .internal.time
            i32.const8 3
            call_virtual .internal.time sleepMsec (I)V
            i32.inc 2 1
            goto loop
        done:
            local.get 0
            get_field Worker owner LTest;
            dup
            get_field Test ended I
            i32.const8 1
            i32.add
            put_field Test ended I
            return
        }
        method deep (I)I flags public {
            local.get 1
            br_ifz bottom
            const \"x\"
            const \"y\"
            call_virtual .internal.string concat (L.internal.string;)L.internal.string;
            local.set 2
            local.get 0
            local.get 1
            i32.const8 1
            i32.sub
            call_virtual Worker deep (I)I
            local.get 2
            call_virtual .internal.string length ()I
            i32.add
            return
        bottom:
            i32.const8 0
            return
        }
    }
    class Test super .internal.object flags public {
        field count I flags public
        field ended I flags public
        method <init> ()V flags public constructor {
            return
        }
        method bump ()V flags public {
            local.get 0
            get_field Test count I
            local.set 1
            i32.const8 0
            local.set 2
        spin:
            local.get 2
            i32.const8 20
            br_i32.ge_s out
            i32.inc 2 1
            goto spin
        out:
            local.get 0
            local.get 1
            i32.const8 1
            i32.add
            put_field Test count I
            return
        }
        method main ()I flags public {
            i32.const8 0
            local.set 1
        start:
            local.get 1
            i32.const8 4
            br_i32.ge_s wait
            new .internal.world
            new Worker
            local.get 0
            call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
            pop
            i32.inc 1 1
            goto start
        wait:
            local.get 0
            get_field Test ended I
            i32.const8 4
            br_i32.eq done
            new .internal.time
            i32.const8 10
            call_virtual .internal.time sleepMsec (I)V
            goto wait
        done:
            local.get 0
            get_field Test count I
            return
        }
    }";

#[test]
fn threads_locks_and_sleeps_survive() {
    for (slices, chaos) in [(u64::MAX, None), (1, None), (3, None), (7, Some(1)), (2, Some(2))] {
        let mut bench = Bench::new();
        let state = bench.run(PROGRAM, slices, chaos);
        assert_eq!(state, ProgramState::Ended { status: 160 }, "{slices} {chaos:?}");
    }
}
