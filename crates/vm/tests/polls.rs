//! How far a thread may go between two looks for requests, by counts: code without a backward branch, deep returns.

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use std::fmt::Write as _;
use vm::{Limits, RunState};

/// Most instructions between two polls.
const BAR: usize = 10_000;

/// How many slices of one poll each a program takes.
fn polls(program: &str) -> usize {
    let mut world = World::new(program);
    world.vm().set_slice(1);
    for slices in 1.. {
        if world.vm().run(Limits { slices: Some(1) }).expect("memory") == RunState::AllEnded {
            return slices;
        }
    }
    unreachable!()
}

fn main_of(body: &str) -> String {
    format!(
        "module test
    class Main super .internal.object flags public {{
        method main ()I flags public static {{
{body}            i32.const8 0
            return
        }}
    }}"
    )
}

#[test]
fn straight_code_polls() {
    let nops = 60_000;
    let program = main_of(&"            nop\n".repeat(nops));
    let seen = polls(&program);
    assert!(seen >= nops / BAR, "{nops} instructions with {seen} polls");
}

#[test]
fn code_that_jumps_forwards_polls() {
    // Each block runs fifty instructions and jumps over as many as it takes to leave out the polls of the layout now and then.
    for skipped in [1, 7, 40] {
        let blocks = 60_000 / (55 + skipped);
        let mut body = String::new();
        for block in 0..blocks {
            let _ = write!(
                body,
                "{}            goto over{block}\n{}        over{block}:\n",
                "            nop\n".repeat(50),
                "            nop\n".repeat(skipped)
            );
        }
        let seen = polls(&main_of(&body));
        assert!(seen >= blocks * 51 / BAR, "{} instructions with {seen} polls", blocks * 51);
    }
}

#[test]
fn a_stack_that_returns_polls() {
    let depth = 20_000;
    let program = format!(
        "module test
    class Main super .internal.object flags public {{
        method deep (I)I flags public static {{
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
            i32.const8 0
            return
        }}
        method main ()I flags public static {{
            i32.const {depth}
            call_static Main deep (I)I
            return
        }}
    }}"
    );
    // One at each entry, and again on the way back.
    let seen = polls(&program);
    assert!(seen >= 2 * depth, "{seen} polls");
}

#[test]
fn an_exception_through_a_deep_stack_polls() {
    let depth = 20_000;
    let program = format!(
        "module test
    class Main super .internal.object flags public {{
        method deep (I)I flags public static {{
            local.get 0
            br_ifz bottom
            local.get 0
            i32.const8 1
            i32.sub
            call_static Main deep (I)I
            return
        bottom:
            const \"the bottom\"
            throw
        }}
        method main ()I flags public static {{
            i32.const {depth}
        begin:
            call_static Main deep (I)I
        end:
            return
        caught:
            pop
            i32.const8 77
            return
            handler begin end caught
        }}
    }}"
    );
    let mut world = World::new(&program);
    world.vm().set_slice(1);
    let (mut slices, mut saved) = (0, 0);
    let state = loop {
        let state = world.vm().run(Limits { slices: Some(1) }).expect("memory");
        slices += 1;
        // Also where it is saved and opened again in the middle of leaving frames.
        if slices > depth && saved < 60 {
            world.restart();
            world.vm().set_slice(1);
            saved += 1;
        }
        if state != RunState::Requested {
            break state;
        }
    };
    assert_eq!(state, RunState::AllEnded);
    let programs = world.vm().programs().expect("programs");
    assert_eq!(format!("{:?}", programs[0].state), "Ended { status: 77 }");
    assert!(slices > depth + depth / 300, "{slices} slices");
    let bar = 2 << 20;
    assert!(world.vm().longest_work() < bar);
}
