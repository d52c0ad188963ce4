//! Several programs in a world: one is killed, dies, or is held, whatever its threads wait for; the other goes on.

#[path = "common/saved.rs"]
mod saved;

use saved::World;
use vm::inspect::{self, MemoryView, ProgramInfo, ProgramState, ThreadInfo};
use vm::{Limits, RunState, STATUS_KILLED};

/// `Main` holds a lock while its threads wait for all kinds of things; `Other` wants the lock, too.
const PROGRAM: &str = r#"
    module test
    class Shared super .internal.object flags public {
        field lock L.internal.object; flags public static
        field bytes L.internal.binary; flags public static
    }
    class Slow super .internal.object flags public {
        field value I flags public static
        method <clinit> ()V flags static {
            new .internal.time
            i32.const8 100
            call_virtual .internal.time sleepSec (I)V
            return
        }
    }
    class Locks super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            get_static Shared lock L.internal.object;
            monitor_enter
            return
        }
    }
    class Sleeps super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            new .internal.time
            i32.const8 100
            call_virtual .internal.time sleepSec (I)V
            return
        }
    }
    class Reads super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            new .internal.console
            call_virtual .internal.console readLine ()L.internal.string;
            pop
            return
        }
    }
    class Commits super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            new .internal.world
            call_virtual .internal.world snapSync ()J
            pop
            return
        }
    }
    class Initialises super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            get_static Slow value I
            pop
            return
        }
    }
    class Notified super .internal.object flags public {
        method work (L.internal.object;)V flags public ordinal 8 {
            get_static Shared bytes L.internal.binary;
            i32.const8 0
            i32.const8 0
            i64.const8 -1
            atomic.wait32 a32 0
            pop
            return
        }
    }
    class Main super .internal.object flags public {
        method start (L.internal.object;)V flags public static {
            new .internal.world
            local.get 0
            null
            call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
            pop
            return
        }
        method main ()I flags public static {
            new Shared
            put_static Shared lock L.internal.object;
            new .internal.binary
            local.tee 0
            i64.const8 64
            mem.grow
            pop
            local.get 0
            put_static Shared bytes L.internal.binary;
            get_static Shared lock L.internal.object;
            monitor_enter
            new Locks
            call_static Main start (L.internal.object;)V
            new Sleeps
            call_static Main start (L.internal.object;)V
            new Reads
            call_static Main start (L.internal.object;)V
            new Reads
            call_static Main start (L.internal.object;)V
            new Commits
            call_static Main start (L.internal.object;)V
            new Initialises
            call_static Main start (L.internal.object;)V
            new Initialises
            call_static Main start (L.internal.object;)V
            new Notified
            call_static Main start (L.internal.object;)V
            new .internal.time
            i32.const8 50
            call_virtual .internal.time sleepSec (I)V
            null
            throw
        }
    }
    class Other super .internal.object flags public {
        method main ()I flags public static {
            new .internal.time
            i32.const8 1
            call_virtual .internal.time sleepSec (I)V
            get_static Shared lock L.internal.object;
            monitor_enter
            i32.const8 9
            return
        }
    }
"#;

struct Two(World);

impl Two {
    /// Both programs, run until all wait.
    fn waiting() -> Two {
        let mut two = Two(World::new(PROGRAM));
        two.0.vm().start_program("other", "Other", &[], 0).expect("a program");
        two.settle(2);
        two
    }
    /// Runs until no thread can, also some seconds later.
    fn settle(&mut self, seconds: u64) {
        self.run();
        self.0.clock.advance(seconds * 1_000_000_000);
        self.run();
    }
    /// Runs until no thread can. The end of a program stops the machine for a moment when there are others.
    fn run(&mut self) -> RunState {
        loop {
            match self.0.vm().run(Limits::default()).expect("memory") {
                RunState::Requested => {}
                state => return state,
            }
        }
    }
    fn program(&mut self, name: &str) -> ProgramInfo {
        let programs = self.0.vm().programs().expect("programs");
        programs.into_iter().find(|program| program.name == name).expect("it is there")
    }
    fn threads(&mut self, name: &str) -> Vec<ThreadInfo> {
        let program = self.program(name);
        let threads =
            inspect::threads_of(&MemoryView(&self.0.vm().memory), program.addr, 1).expect("threads");
        assert_eq!(threads.len() as u64, program.threads);
        threads
    }
    fn states(&mut self, name: &str) -> Vec<&'static str> {
        self.threads(name).iter().map(|thread| thread.state).collect()
    }
}

/// What is done with a restart before it and without one.
fn both_ways(check: impl Fn(&mut Two)) {
    for restarts in [false, true] {
        let mut two = Two::waiting();
        if restarts {
            two.0.restart();
        }
        check(&mut two);
    }
}

#[test]
fn what_waits_for_what_is_seen() {
    both_ways(|two| {
        let main = two.threads("test");
        let states: Vec<&str> = main.iter().map(|thread| thread.state).collect();
        let commit = if two.0.stored.0.is_empty() { "waiting for a snapshot" } else { "" };
        for expected in [
            "sleeping",
            "waiting for a lock",
            "waiting for input",
            commit,
            "waiting for a class",
            "waiting for a notification",
        ] {
            assert!(expected.is_empty() || states.contains(&expected), "{expected}: {states:?}");
        }
        let other = two.threads("other");
        assert_eq!(
            (other.len(), other[0].state, other[0].held_by),
            (1, "waiting for a lock", Some(main[0].id))
        );
        assert!(two.program("test").allocated_bytes > 0);
    });
}

#[test]
fn a_killed_program_lets_go_of_everything() {
    both_ways(|two| {
        let main = two.program("test");
        assert!(two.0.vm().kill_program(main.addr));
        assert!(!two.0.vm().kill_program(main.addr), "it is killed already");
        assert_eq!(two.states("test"), Vec::<&str>::new());
        two.0.restart();
        assert_eq!(two.run(), RunState::AllEnded);
        assert_eq!(two.program("test").state, ProgramState::Killed);
        assert_eq!(STATUS_KILLED, 137);
        assert_eq!(two.program("other").state, ProgramState::Ended { status: 9 });
        // The name is free when the program is off the list, and what it was made of is collected.
        two.0.vm().remove_program(main.addr);
        two.0.vm().collect(heap::Collection::Full).expect("memory");
        assert_eq!(two.0.vm().programs().expect("programs").len(), 1);
        // Its class initialiser did not come to its end, and nobody else runs it.
        two.0.vm().start_program("test", "Main", &[], 0).expect("a program");
        two.settle(1);
        let failures = two.0.vm().take_failures();
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(failures.iter().all(|failure| failure.contains("Slow could not be initialised")));
        assert_eq!(two.program("test").state, ProgramState::Running);
    });
}

#[test]
fn an_exception_in_the_first_thread_ends_the_program_alone() {
    both_ways(|two| {
        two.settle(60);
        let main = two.program("test");
        assert_eq!((main.state, main.threads), (ProgramState::Died, 0));
        assert!(main.failure.expect("a report").contains("Main.main"));
        two.0.restart();
        two.run();
        assert_eq!(two.program("other").state, ProgramState::Ended { status: 9 });
    });
}

#[test]
fn a_held_program_waits_until_it_is_let_go() {
    both_ways(|two| {
        let (main, other) = (two.program("test").addr, two.program("other").addr);
        two.0.vm().quarantine_program(other);
        assert!(two.0.vm().kill_program(main));
        two.settle(1);
        assert_eq!(two.states("other"), ["held"]);
        two.0.restart();
        two.settle(1);
        assert!(two.program("other").quarantined);
        assert!(two.0.vm().release_program(other));
        assert!(!two.0.vm().release_program(other));
        two.0.restart();
        two.settle(1);
        assert_eq!(two.program("other").state, ProgramState::Ended { status: 9 });
        // A held program can be killed.
        two.0.vm().start_program("again", "Other", &[], 0).expect("a program");
        let again = two.program("again").addr;
        two.0.vm().quarantine_program(again);
        two.settle(1);
        assert!(two.0.vm().kill_program(again));
        assert_eq!(two.run(), RunState::AllEnded);
    });
}

#[test]
fn environment_and_grants_are_kept() {
    let text = r#"
        module test
        class Main super .internal.object flags public {
            method main ()I flags public static {
                new .internal.console
                new .internal.world
                call_virtual .internal.world getMyThread ()L.internal.thread;
                call_virtual .internal.thread getEnvironment ()L.internal.object;
                check_cast .internal.directory
                const "KEY"
                call_virtual .internal.directory get (L.internal.object;)L.internal.object;
                call_virtual .internal.console println (L.internal.object;)V
                i32.const8 0
                return
            }
        }"#;
    let mut world = World::new(text);
    let program = world.vm().programs().expect("programs")[0].addr;
    let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
    let variables = [pair("KEY", "early"), pair("OTHER", "x"), pair("KEY", "late")];
    world.vm().set_environment(program, &variables);
    world.vm().set_grants(program, &["net".to_string()]);
    world.restart();
    world.vm().run(Limits::default()).expect("memory");
    assert_eq!(String::from_utf8(world.console.output()).expect("UTF-8"), "late\n");
    assert_eq!(world.vm().program(program).expect("a program").grants, ["net"]);
}

/// `Main` keeps all that it allocates; `Other` has little and wants a little more when the first has had it all.
const GREEDY: &str = r#"
    module test
    class Main super .internal.object flags public {
        method main ()I flags public static {
            new .internal.container.array
            local.set 0
        more:
            local.get 0
            i32.const 100000
            new_array i8
            call_virtual .internal.container.array add (L.internal.object;)I
            pop
            goto more
        }
    }
    class Other super .internal.object flags public {
        method main ()I flags public static {
            i32.const8 0
            local.set 1
        again:
            i32.const16 1000
            new_array i8
            local.set 0
            new .internal.time
            i32.const8 1
            call_virtual .internal.time sleepSec (I)V
            i32.inc 1 1
            local.get 1
            i32.const8 3
            br_i32.lt_s again
            i32.const8 9
            return
        }
    }
"#;

#[test]
fn memory_that_one_program_exhausts_is_there_again_when_it_has_died() {
    let mut two = Two(World::new(GREEDY));
    two.0.vm().set_memory_limit(64 << 20);
    two.0.vm().start_program("other", "Other", &[], 0).expect("a program");
    for _ in 0..5 {
        two.settle(1);
    }
    let main = two.program("test");
    assert_eq!(main.state, ProgramState::Died);
    assert!(main.failure.expect("a report").contains("out_of_memory"));
    assert!(main.allocated_bytes > 32 << 20, "{} bytes", main.allocated_bytes);
    assert_eq!(two.program("other").state, ProgramState::Ended { status: 9 });
    two.0.vm().collect(heap::Collection::Full).expect("memory");
    assert!(two.0.vm().heap.usage().large_bytes < 1 << 20);
}
