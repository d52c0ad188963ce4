//! How fast the interpreter is, in units of work per second of processor time.
//!
//! `cargo run --release -p vm --example speed`; the programs are those that the original was measured with.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

use base::{Epoch, PageBytes, PageIndex, PageRange};
use layout::area::NURSERY;
use memory::{Memory, MemoryConfig};
use platform::{PageSource, Platform};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimWaiter};
use std::sync::Arc;
use std::time::Instant;
use vm::{Limits, RunState, Vm};

struct Empty;

impl PageSource for Empty {
    fn read_page(&self, _: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        bytes.fill(0);
        Ok(false)
    }
}

/// Name, units of work, and the body of a loop over local 1 (from 0) to local 2.
const PROGRAMS: &[(&str, u32, &str, &str)] = &[
    (
        "iterations of s=s+i; i=i+1 on locals",
        100_000_000,
        "",
        "local.get 3\n local.get 1\n i32.add\n local.set 3\n local.get 1\n i32.const8 1\n i32.add\n local.set 1",
    ),
    (
        "the same on fields",
        50_000_000,
        "",
        "local.get 0\n local.get 0\n get_field Speed s I\n local.get 0\n get_field Speed i I\n i32.add\n put_field Speed s I
         local.get 0\n local.get 0\n get_field Speed i I\n i32.const8 1\n i32.add\n put_field Speed i I
         i32.inc 1 1",
    ),
    (
        "calls of a method with one argument",
        30_000_000,
        "",
        "local.get 0\n local.get 1\n call_virtual Speed same (I)I\n local.set 3\n i32.inc 1 1",
    ),
    (
        "the same on objects of two classes in turn",
        30_000_000,
        "new Other\n local.set 4",
        "local.get 0\n local.get 4\n local.get 1\n i32.const8 1\n i32.and\n select\n local.get 1
         call_virtual Speed same (I)I\n local.set 3\n i32.inc 1 1",
    ),
    (
        "reads of a container, unboxed and added",
        20_000_000,
        "new .internal.container.array\n local.set 4\n local.get 4\n i32.const8 7\n box_i32
         call_virtual .internal.container.array add (L.internal.object;)I\n pop",
        "local.get 4\n i32.const8 0\n call_virtual .internal.container.array get (I)L.internal.object;\n unbox_i32
         local.get 3\n i32.add\n local.set 3\n i32.inc 1 1",
    ),
    (
        "concatenations of short strings",
        10_000_000,
        "",
        "const \"phantom \"\n const \"string\"\n call_virtual .internal.string concat (L.internal.string;)L.internal.string;
         pop\n i32.inc 1 1",
    ),
];

fn new_vm() -> Vm {
    let clock = Arc::new(SimClock::new());
    let platform = Platform {
        clock: clock.clone(),
        entropy: Arc::new(SimEntropy::new(1)),
        console: Arc::new(SimConsole::new()),
        waiter: Arc::new(SimWaiter::new(clock)),
        reactor: Arc::new(platform::NoOutside),
    };
    let mapper = SimMapper::new().expect("address space");
    let config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
    let memory = Memory::new(Arc::new(mapper), Arc::new(Empty), config, Epoch(0)).expect("a memory");
    Vm::format(memory, platform)
}

fn main() {
    for (name, count, before, body) in PROGRAMS {
        let text = format!(
            "module speed\n entry Speed\n class Speed super .internal.object flags public {{
                field s I flags public\n field i I flags public
                method <init> ()V flags public constructor {{\n return\n }}
                method same (I)I flags public {{\n local.get 1\n return\n }}
                method main ()I flags public {{\n i32.const8 0\n local.set 1\n i32.const {count}\n local.set 2\n i32.const8 0\n local.set 3
                    null\n local.set 4
                    {before}
                loop:
                    local.get 1\n local.get 2\n br_i32.ge_s done
                    {body}
                    goto loop
                done:
                    local.get 3\n return
                }}
            }}
            class Other super Speed flags public {{
                method same (I)I flags public {{\n local.get 1\n return\n }}
            }}"
        );
        let module = bytecode::assemble(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut vm = new_vm();
        vm.define_module(&bytecode::encode(&module)).expect("a module");
        let program = vm.start_program("speed", "Speed", &[], 0).expect("a program");
        let start = Instant::now();
        let state = vm.run(Limits::default()).expect("memory");
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(state, RunState::AllEnded, "{:?}", vm.take_failures());
        assert!(vm.program(program).is_ok_and(|info| info.failure.is_none()), "{:?}", vm.program(program));
        println!("{:8.1} M/s  {name}", f64::from(*count) / seconds / 1e6);
    }
}
