//! What stays of a stack after deep calls have returned: next to nothing, in memory and in snapshots.

#[path = "common/saved.rs"]
mod saved;

use layout::area::STACKS;
use saved::World;
use vm::{Limits, RunState};

/// Pages of a stack that may stay beyond those in use: the slack and what is announced ahead.
const SLACK_PAGES_MAX: usize = 22;
/// Pages that the deep calls take at least.
const DEEP_PAGES_MIN: usize = 90;

/// Deep calls, some time near the bottom of the stack, a sleep, deep calls again, the end.
const PROGRAM: &str = "
    module test
    class Main super .internal.object flags public {
        method deep (I)I flags public static {
            local.get 0
            br_ifz bottom
            local.get 0
            i32.const8 1
            i32.sub
            call_static Main deep (I)I
            i32.const8 1
            i32.add
            return
        bottom:
            i32.const 20000
            call_static Main spin (I)V
            i32.const8 0
            return
        }
        method spin (I)V flags public static {
        again:
            i32.inc 0 -1
            local.get 0
            br_if again
            return
        }
        method main ()I flags public static {
            i32.const 10000
            call_static Main deep (I)I
            pop
            i32.const 20000
            call_static Main spin (I)V
            new .internal.time
            i32.const8 1
            call_virtual .internal.time sleepSec (I)V
            i32.const 10000
            call_static Main deep (I)I
            return
        }
    }";

/// Pages of stacks in the last snapshot that hold anything.
fn stored_stack_pages(world: &World) -> usize {
    let stored = world.stored.0.iter().filter(|(page, _)| STACKS.contains(page.addr()));
    stored.filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0)).count()
}

/// Runs the program with a snapshot after each slice, and a restart after some.
fn run(restart_every: usize) {
    let mut world = World::new(PROGRAM);
    let (mut deepest, mut shallow, mut slept) = (0, 0, false);
    for step in 1..10_000 {
        world.vm().set_slice(1000);
        let state = world.vm().run(Limits { slices: Some(1) }).expect("memory");
        let threads = world.vm().threads().expect("threads");
        let deep = threads.iter().any(|thread| thread.stack.iter().any(|line| line.contains("deep")));
        if step % restart_every == 0 {
            world.restart();
        } else {
            world.save();
        }
        let pages = stored_stack_pages(&world);
        match state {
            RunState::AllEnded => {
                assert_eq!(pages, 0, "the thread has ended");
                assert!(deepest >= DEEP_PAGES_MIN, "the calls were not deep: {deepest} pages");
                assert!(shallow > 5 && slept);
                return;
            }
            RunState::Idle { wake_ns, .. } => {
                assert_eq!(pages, 0, "the thread is frozen");
                slept = true;
                let wake = wake_ns.expect("a timer");
                let now = world.vm().clock_ns();
                world.clock.advance(wake.saturating_sub(now));
            }
            RunState::Requested if deep => deepest = deepest.max(pages),
            RunState::Requested => {
                shallow += usize::from(deepest > 0);
                assert!(pages <= SLACK_PAGES_MAX, "{pages} pages stay of a stack that is not deep any more");
            }
        }
    }
    panic!("the program does not end");
}

#[test]
fn what_deep_calls_used_is_given_back() {
    run(usize::MAX);
}

#[test]
fn and_over_restarts() {
    run(1);
    run(7);
}
