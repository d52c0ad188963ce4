//! Instructions that have much to do: they do it in pieces, the thread comes to safepoints in between, and a restart at each
//! of those changes nothing.

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use std::fmt::Write as _;
use vm::inspect::ProgramState;
use vm::{Limits, RunState};

/// Most units of work between two looks: what stands in `docs/ARCHITECTURE.md` for a step, and what may come before it.
const LONGEST_UNITS: u64 = 128 << 10;

/// The program's result, how many slices it took, and the most units of work between two looks.
struct Seen {
    result: i32,
    slices: u32,
    longest: u64,
}

/// Runs `body`, which leaves an int; slices end at the first chance, with a restart after each if so wished.
fn run(body: &str, restarts: bool) -> Seen {
    let program = format!(
        "module test
        class Waiter super .internal.object flags public {{
            field woken I flags public static
            method work (L.internal.object;)V flags public ordinal 8 {{
                local.get 1
                i32.const8 0
                i32.const8 0
                i64.const8 -1
                atomic.wait32 a32 0
                pop
                get_static Waiter woken I
                i32.const8 1
                i32.add
                put_static Waiter woken I
                return
            }}
        }}
        class Main super .internal.object flags public {{
            method main ()I flags public static {{
                {body}
                return
            }}
        }}"
    );
    let mut world = World::new(&program);
    let mut longest = 0;
    for slices in 1.. {
        if restarts {
            world.restart();
        }
        world.vm().set_slice(1);
        let state = world.vm().run(Limits { slices: Some(1) }).expect("memory");
        longest = longest.max(world.vm().longest_work());
        if state == RunState::AllEnded {
            assert_eq!(world.vm().take_failures(), Vec::<String>::new());
            let ended = world.vm().programs().expect("programs")[0].state;
            let ProgramState::Ended { status: result } = ended else { panic!("{ended:?}") };
            return Seen { result, slices, longest };
        }
        assert!(slices < 100_000, "the program does not end");
    }
    unreachable!()
}

/// It comes to `expected` with and without restarts, in at least so many slices.
fn check(body: &str, expected: i32, slices: u32) {
    for restarts in [false, true] {
        let seen = run(body, restarts);
        assert_eq!(seen.result, expected, "restarts: {restarts}");
        assert!(seen.slices >= slices, "{} slices", seen.slices);
        assert!(seen.longest <= LONGEST_UNITS, "{} units at once", seen.longest);
    }
}

/// Bytes of the linear memory.
const SIZE: usize = 1 << 20;

/// What instructions on linear memory leave: a model of it, and code that compares samples of it. The result is the number
/// of the samples that are right.
fn linear(steps: &[(&str, [usize; 3])], constant: &[u8], kind: &str) -> (String, i32) {
    let n = if kind == "a32" { "i32.const" } else { "i64.const" };
    let mut model = vec![0u8; SIZE];
    let mut body = format!("new .internal.binary\n local.tee 0\n i64.const {SIZE}\n mem.grow\n pop\n");
    for (what, [to, from, count]) in steps {
        let (to, from, count) = (*to, *from, *count);
        match *what {
            "fill" => {
                model[to..to + count].fill(from as u8);
                let _ = writeln!(
                    body,
                    "local.get 0\n {n} {to}\n i32.const {from}\n {n} {count}\n mem.fill {kind}"
                );
            }
            "copy" => {
                model.copy_within(from..from + count, to);
                let _ = writeln!(
                    body,
                    "local.get 0\n {n} {to}\n local.get 0\n {n} {from}\n {n} {count}\n mem.copy {kind}"
                );
            }
            _ => {
                model[to..to + count].copy_from_slice(&constant[from..from + count]);
                let text: String = constant.iter().map(|byte| format!("{byte:02x}")).collect();
                let _ = writeln!(
                    body,
                    "local.get 0\n {n} {to}\n i32.const {from}\n i32.const {count}\n mem.init {kind} x\"{text}\""
                );
            }
        }
    }
    body.push_str("i32.const8 0\n");
    let samples: Vec<usize> = (0..SIZE).step_by(SIZE / 64 - 1).collect();
    for at in &samples {
        let _ = writeln!(
            body,
            "local.get 0\n {n} {at}\n i32.load8_u {kind} 0\n i32.const {}\n i32.eq\n i32.add",
            model[*at]
        );
    }
    (body, samples.len() as i32)
}

#[test]
fn much_linear_memory() {
    let constant: Vec<u8> = (0..300_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    let steps = [
        ("init", [1000, 50, 299_000]),
        ("copy", [250_000, 1000, 290_000]),
        // Overlapping, up and down.
        ("copy", [70_000, 1000, 500_000]),
        ("copy", [500, 70_000, 600_000]),
        ("fill", [900_001, 77, 140_000]),
        ("copy", [700_000, 850_000, 190_000]),
    ];
    for kind in ["a32", "a64"] {
        let (body, samples) = linear(&steps, &constant, kind);
        check(&body, samples, 20);
    }
}

#[test]
fn arrays_of_arrays() {
    // 300 of 200 of 3; one of them is set and read again, and all others are others.
    let body = "
        i32.const16 300
        i32.const16 200
        i32.const8 3
        multi_new_array [[[I 3
        local.tee 0
        i32.const16 299
        array.get_ref
        i32.const16 199
        array.get_ref
        i32.const8 2
        i32.const8 9
        array.set_i32
        local.get 0
        i32.const16 299
        array.get_ref
        i32.const16 199
        array.get_ref
        i32.const8 2
        array.get_i32
        local.get 0
        i32.const16 298
        array.get_ref
        i32.const16 199
        array.get_ref
        dup
        i32.const8 2
        array.get_i32
        swap
        array_len
        i32.add
        i32.add
        local.get 0
        array_len
        i32.add
        local.get 0
        i32.const8 0
        array.get_ref
        array_len
        i32.add";
    check(body, 9 + 3 + 300 + 200, 300);
}

#[test]
fn notifications_for_many() {
    // 1,000 wait; 700 are woken by number, the others by a number that is larger than there are.
    let body = "
        new .internal.binary
        local.tee 0
        i64.const8 64
        mem.grow
        pop
        i32.const8 0
        local.set 1
    start:
        new .internal.world
        new Waiter
        local.get 0
        call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
        pop
        i32.inc 1 1
        local.get 1
        i32.const16 1000
        br_i32.lt_s start
        new .internal.time
        i32.const8 0
        call_virtual .internal.time sleepMsec (I)V
        local.get 0
        i32.const8 0
        i32.const16 700
        atomic.notify a32 0
        local.get 0
        i32.const8 0
        i32.const16 5000
        atomic.notify a32 0
        i32.const16 1000
        i32.mul
        i32.add";
    check(body, 700 + 300 * 1000, 10);
}
