//! What threads wait for can be read from a world that nobody runs, over a restart too; a program that is killed leaves
//! every list.

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use vm::inspect::{self, MemoryView, ProgramState, ThreadInfo};
use vm::{Limits, RunState};

/// `Pair` locks one mutex and then, a little later, another; two of them in opposite order never end. The first thread
/// waits for one of them to end; the others wait for a signal, a permit and a notification.
const PROGRAM: &str = r#"
    module test
    class Shared super .internal.object flags public {
        field one L.internal.mutex; flags public static
        field two L.internal.mutex; flags public static
        field three L.internal.mutex; flags public static
        field cond L.internal.cond; flags public static
        field sema L.internal.sema; flags public static
    }
    class Pair super .internal.object flags public {
        field first L.internal.mutex; flags public
        field second L.internal.mutex; flags public
        method run ()V flags public ordinal 16 {
            local.get 0
            get_field Pair first L.internal.mutex;
            call_virtual .internal.mutex lock ()V
            new .internal.time
            i32.const8 1
            call_virtual .internal.time sleepMsec (I)V
            local.get 0
            get_field Pair second L.internal.mutex;
            call_virtual .internal.mutex lock ()V
            return
        }
    }
    class Signalled super .internal.object flags public {
        method run ()V flags public ordinal 16 {
            get_static Shared three L.internal.mutex;
            call_virtual .internal.mutex lock ()V
            get_static Shared cond L.internal.cond;
            get_static Shared three L.internal.mutex;
            call_virtual .internal.cond wait (L.internal.mutex;)V
            return
        }
    }
    class Permitted super .internal.object flags public {
        method run ()V flags public ordinal 16 {
            get_static Shared sema L.internal.sema;
            i32.const 100000
            call_virtual .internal.sema tacquire (I)I
            pop
            return
        }
    }
    class Notified super .internal.object flags public {
        method run ()V flags public ordinal 16 {
            new .internal.sync
            local.tee 1
            get_static Shared cond L.internal.cond;
            call_virtual .internal.sync lock (L.internal.object;)V
            local.get 1
            get_static Shared cond L.internal.cond;
            call_virtual .internal.sync wait (L.internal.object;)V
            return
        }
    }
    class Main super .internal.object flags public {
        method start (L.internal.object;)L.internal.thread; flags public static {
            new .internal.thread
            local.get 0
            call_virtual .internal.thread start (L.internal.object;)L.internal.thread;
            return
        }
        method pair (L.internal.mutex;L.internal.mutex;)L.internal.thread; flags public static {
            new Pair
            local.tee 2
            local.get 0
            put_field Pair first L.internal.mutex;
            local.get 2
            local.get 1
            put_field Pair second L.internal.mutex;
            local.get 2
            call_static Main start (L.internal.object;)L.internal.thread;
            return
        }
        method main ()I flags public static {
            new .internal.mutex
            put_static Shared one L.internal.mutex;
            new .internal.mutex
            put_static Shared two L.internal.mutex;
            new .internal.mutex
            put_static Shared three L.internal.mutex;
            new .internal.cond
            put_static Shared cond L.internal.cond;
            new .internal.sema
            put_static Shared sema L.internal.sema;
            new Signalled
            call_static Main start (L.internal.object;)L.internal.thread;
            pop
            new Permitted
            call_static Main start (L.internal.object;)L.internal.thread;
            pop
            new Notified
            call_static Main start (L.internal.object;)L.internal.thread;
            pop
            get_static Shared one L.internal.mutex;
            get_static Shared two L.internal.mutex;
            call_static Main pair (L.internal.mutex;L.internal.mutex;)L.internal.thread;
            get_static Shared two L.internal.mutex;
            get_static Shared one L.internal.mutex;
            call_static Main pair (L.internal.mutex;L.internal.mutex;)L.internal.thread;
            pop
            call_virtual .internal.thread join ()L.internal.object;
            pop
            i32.const8 0
            return
        }
    }"#;

fn threads(world: &mut World) -> Vec<ThreadInfo> {
    inspect::threads(&MemoryView(&world.vm().memory), 1).expect("threads")
}

/// Runs until the two pairs hold each other.
fn stuck() -> World {
    let mut world = World::new(PROGRAM);
    for _ in 0..2 {
        let state = world.vm().run(Limits::default()).expect("memory");
        assert!(matches!(state, RunState::Idle { .. }), "{state:?}");
        world.clock.advance(1_000_000);
    }
    world
}

fn check(world: &mut World) {
    let all = threads(world);
    let seen: Vec<_> = all.iter().map(|thread| (thread.id, thread.state, thread.held_by)).collect();
    assert_eq!(
        seen,
        [
            (2, "waiting for a thread", Some(6)),
            (3, "waiting for a signal", None),
            (4, "waiting for a permit", None),
            (5, "waiting for a notification", None),
            (6, "waiting for a mutex", Some(7)),
            (7, "waiting for a mutex", Some(6)),
        ]
    );
    assert_eq!(inspect::deadlocks(&all), [[6, 7]]);
}

#[test]
fn who_waits_for_whom_is_in_the_world() {
    let mut world = stuck();
    check(&mut world);
    world.restart();
    check(&mut world);
    world.vm().run(Limits::default()).expect("memory");
    check(&mut world);
}

#[test]
fn a_killed_program_leaves_every_list() {
    for restart in [false, true] {
        let mut world = stuck();
        if restart {
            world.restart();
        }
        let program = world.vm().programs().expect("programs")[0].addr;
        assert!(world.vm().kill_program(program));
        assert_eq!(world.vm().run(Limits::default()).expect("memory"), RunState::AllEnded);
        assert_eq!(world.vm().program(program).expect("a program").state, ProgramState::Killed);
        world.restart();
        assert_eq!(threads(&mut world), []);
        assert_eq!(world.vm().run(Limits::default()).expect("memory"), RunState::AllEnded);
    }
}
