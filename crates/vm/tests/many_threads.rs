//! A thousand threads that sleep, wait for a lock, a commit, a line of input or a notification: what one of them costs does
//! not grow with their number.
#![allow(clippy::disallowed_methods, reason = "bounds the time that the test takes")]

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use std::time::{Duration, Instant};
use vm::inspect::ProgramState;
use vm::{Limits, RunState};

const THREADS: i32 = 1000;
/// Far more than it takes, far less than work that grows with the square would.
const TIME_MAX: Duration = Duration::from_secs(30);

/// `THREADS` threads do `work` (the worker in local 0, the shared object, a binary, in local 1); `meanwhile` is run by the
/// first thread until all have ended.
fn program(work: &str, meanwhile: &str) -> String {
    format!(
        "module test
        class Worker super .internal.object flags public {{
            field ended I flags public static
            method work (L.internal.object;)V flags public ordinal 8 {{
                {work}
                get_static Worker ended I
                i32.const8 1
                i32.add
                put_static Worker ended I
                return
            }}
        }}
        class Main super .internal.object flags public {{
            method main ()I flags public static {{
                new .internal.binary
                local.tee 0
                i64.const8 64
                mem.grow
                pop
                i32.const8 0
                local.set 1
            start:
                new .internal.world
                new Worker
                local.get 0
                call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
                pop
                i32.inc 1 1
                local.get 1
                i32.const16 {THREADS}
                br_i32.lt_s start
            meanwhile:
                {meanwhile}
                new .internal.time
                i32.const8 1
                call_virtual .internal.time sleepMsec (I)V
                get_static Worker ended I
                i32.const16 {THREADS}
                br_i32.lt_s meanwhile
                get_static Worker ended I
                return
            }}
        }}"
    )
}

/// Runs the program to its end with a snapshot whenever all wait, and now and then in between.
fn run(work: &str, meanwhile: &str) {
    run_text(&program(work, meanwhile));
}

fn run_text(text: &str) {
    let start = Instant::now();
    let mut world = World::new(text);
    let main = world.vm().programs().expect("programs")[0].addr;
    for step in 0..1_000_000 {
        assert!(start.elapsed() < TIME_MAX, "after {step} steps: {:?}", world.vm().program(main));
        match world.vm().run(Limits { slices: Some(2000) }).expect("memory") {
            RunState::AllEnded => {
                assert_eq!(
                    world.vm().program(main).expect("a program").state,
                    ProgramState::Ended { status: THREADS }
                );
                println!("{:?}", start.elapsed());
                return;
            }
            RunState::Requested => {}
            RunState::Idle { wake_ns, input, commit } => {
                if commit || step % 100 == 0 {
                    world.save();
                }
                if input {
                    world.console.push_line("line");
                }
                if let Some(wake) = wake_ns {
                    let now = world.vm().clock_ns();
                    world.clock.advance(wake.saturating_sub(now));
                }
            }
        }
    }
    panic!("the program does not end");
}

/// Ten times over.
fn ten_times(work: &str) -> String {
    format!(
        "i32.const8 0\n local.set 2\n again:\n {work}\n i32.inc 2 1\n local.get 2\n i32.const8 10\n br_i32.lt_s again"
    )
}

#[test]
fn sleep() {
    run(&ten_times("new .internal.time\n i32.const8 5\n call_virtual .internal.time sleepMsec (I)V"), "");
}

#[test]
fn wait_for_a_lock() {
    let work = "local.get 1\n monitor_enter\n new .internal.time\n i32.const8 1\n call_virtual .internal.time sleepMsec (I)V
        local.get 1\n monitor_exit";
    run(&ten_times(work), "");
}

#[test]
fn wait_for_a_commit() {
    run(&ten_times("new .internal.world\n call_virtual .internal.world snapSync ()J\n pop"), "");
}

#[test]
fn wait_for_input() {
    run("new .internal.console\n call_virtual .internal.console readLine ()L.internal.string;\n pop", "");
}

#[test]
fn wait_for_a_notification() {
    let work = "local.get 1\n i32.const8 0\n i32.const8 0\n i64.const8 -1\n atomic.wait32 a32 0\n pop";
    run(work, "local.get 0\n i32.const8 0\n i32.const8 1\n atomic.notify a32 0\n br_if meanwhile");
}

#[test]
fn wait_for_a_class() {
    let text = "get_static Slow value I\n pop";
    let slow = "class Slow super .internal.object flags public {
            field value I flags public static
            method <clinit> ()V flags static {
                new .internal.time
                i32.const8 1
                call_virtual .internal.time sleepSec (I)V
                return
            }
        }
        class Main ";
    run_text(&program(text, "").replace("class Main ", slow));
}

/// A program that only starts threads is told when they are more than fit: it dies with all of them, and the machine stays.
#[test]
fn too_many_are_refused() {
    let work = "local.get 1\n i32.const8 0\n i32.const8 0\n i64.const8 -1\n atomic.wait32 a32 0\n pop";
    let text = program(work, "").replace(
        &format!("i32.const16 {THREADS}\n                br_i32.lt_s start"),
        "i32.const 1000000\n br_i32.lt_s start",
    );
    let mut world = World::new(&text);
    world.vm().set_memory_limit(16 << 20);
    // It ends bit by bit, over restarts.
    let (mut restarts, mut before) = (0, u64::MAX);
    assert_eq!(world.vm().run(Limits::default()).expect("memory"), RunState::Requested);
    let failures = world.vm().take_failures();
    loop {
        let left = world.vm().threads().expect("threads").len() as u64;
        assert!(left < before, "{left} of {before} threads are left");
        // Behind the last one come the locks.
        before = left.max(1);
        world.restart();
        restarts += 1;
        if world.vm().run(Limits { slices: Some(8) }).expect("memory") == RunState::AllEnded {
            break;
        }
    }
    assert!(restarts > 5, "{restarts} restarts are few");
    assert!(failures[0].contains("out_of_memory"), "{failures:?}");
    assert_eq!(world.vm().programs().expect("programs")[0].state, ProgramState::Died);
    world.save();
    assert_eq!(world.vm().threads().expect("threads"), []);
}
