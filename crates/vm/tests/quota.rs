//! What a program may hold: one that holds more dies with a report, the others live; what each holds is known after a full
//! collection.

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use vm::inspect::ProgramState;
use vm::{Limits, RunState};

/// What the hog may hold.
const QUOTA: u64 = 4 << 20;

/// `Main` keeps a list that grows by some 4 KiB a turn, of as many turns as it has arguments or for ever; `Other` makes as
/// much garbage, keeps nothing, and ends with 7.
const PROGRAM: &str = "
    module test
    class Node super .internal.object flags public {
        field next LNode; flags public
        field data [I flags public
    }
    class Main super .internal.object flags public {
        field list LNode; flags public static
        method main ()I flags public static {
        again:
            new Node
            local.set 0
            local.get 0
            get_static Main list LNode;
            put_field Node next LNode;
            local.get 0
            i32.const 1000
            new_array i32
            put_field Node data [I
            local.get 0
            put_static Main list LNode;
            goto again
        }
    }
    class Keeper super .internal.object flags public {
        method main ()I flags public static {
            i32.const 1000000
            new_array i32
            local.set 0
            new .internal.time
            i32.const8 100
            call_virtual .internal.time sleepSec (I)V
            local.get 0
            array_len
            return
        }
    }
    class Other super .internal.object flags public {
        method main ()I flags public static {
            i32.const 20000
            local.set 0
        again:
            i32.const 1000
            new_array i32
            pop
            i32.inc 0 -1
            local.get 0
            br_if again
            i32.const8 7
            return
        }
    }";

fn states(world: &mut World) -> Vec<ProgramState> {
    world.vm().programs().expect("programs").into_iter().map(|program| program.state).collect()
}

/// Runs both to their ends, with a restart after every so many slices.
fn run(restart_every: usize) {
    let mut world = World::new(PROGRAM);
    let hog = world.vm().programs().expect("programs")[0].addr;
    world.vm().set_grants(hog, &[format!("memory={QUOTA}")]);
    world.vm().start_program("other", "Other", &[], 0).unwrap_or_else(|error| panic!("{error}"));
    for step in 1.. {
        world.vm().set_slice(500);
        if world.vm().run(Limits { slices: Some(1) }).expect("memory") == RunState::AllEnded {
            break;
        }
        if step % restart_every == 0 {
            world.restart();
        }
        assert!(step < 1_000_000, "they do not end");
    }
    assert_eq!(states(&mut world), [ProgramState::Died, ProgramState::Ended { status: 7 }]);
    let failures = world.vm().take_failures();
    assert!(
        restart_every != usize::MAX || failures.iter().any(|text| text.contains("--max-memory")),
        "{failures:?}"
    );
}

#[test]
fn who_holds_more_than_it_may_dies_alone() {
    run(usize::MAX);
}

#[test]
fn and_over_restarts() {
    run(5);
}

#[test]
fn what_a_program_holds_is_known_after_a_full_collection() {
    let mut world = World::new(PROGRAM);
    let hog = world.vm().programs().expect("programs")[0].addr;
    world.vm().kill_program(hog);
    world.vm().start_program("keeper", "Keeper", &[], 0).unwrap_or_else(|error| panic!("{error}"));
    world.vm().start_program("other", "Other", &[], 0).unwrap_or_else(|error| panic!("{error}"));
    // Until the one has returned and the other sleeps.
    while !matches!(world.vm().run(Limits { slices: Some(5) }).expect("memory"), RunState::Idle { .. }) {}
    for _ in 0..2 {
        world.vm().collect(heap::Collection::Full).expect("memory");
        let held: Vec<u64> =
            world.vm().programs().expect("programs").iter().map(|program| program.held_bytes).collect();
        assert!(held[0] < 64 << 10 && held[2] < 64 << 10, "{held:?}");
        assert!((4_000_000..4_200_000).contains(&held[1]), "{held:?}");
        world.restart();
    }
}
