//! Much that goes out or comes in, in one call: it is copied in steps, arrives as it was, and what a restart in the middle
//! leads to is what is documented.

#[path = "common/saved.rs"]
mod saved;

use platform::{Done, Handle, OpId, Operation, Reactor};
use saved::World;
use sim::SimReactor;
use vm::inspect::ProgramState;
use vm::{Limits, RunState};

/// Of 4 MiB.
const DOUBLED: u32 = 12;
/// Of 64 KiB, for chaos, where a step is small.
const DOUBLED_IN_CHAOS: u32 = 6;
/// Units of work of a step.
const STEP_UNITS: u64 = 32 << 10;
/// Most units between two polls: what a thread may have done before a short method, and what that may do.
const LONGEST_UNITS: u64 = 160 << 10;
/// Bytes of which a text is made; a prime, so that a piece at another place is another text.
const PATTERN_BYTES: u32 = 1021;

/// What the programs come to: all arrived; something threw; that was `connection_reset`; nothing arrived.
const ARRIVED: i32 = 1;
const THREW: i32 = 2;
const RESET: i32 = 3;
const NOTHING: i32 = 4;

const WEB: &str = "http://127.0.0.1/all";
const NAMES: usize = 20_000;

fn pattern() -> String {
    (0..PATTERN_BYTES).map(|at| char::from(b'a' + (at * at % 23) as u8)).collect()
}

fn text(doubled: u32) -> String {
    pattern().repeat(1 << doubled)
}

/// A program that has a text in local 0 and does something that leaves a number.
fn program(doubled: u32, body: &str) -> String {
    format!(
        "module test
    class Long super .internal.object flags public {{
        field text L.internal.string; flags public static
        method toString ()L.internal.string; flags public ordinal 5 {{
            get_static Long text L.internal.string;
            return
        }}
    }}
    class Main super .internal.object flags public {{
        method text ()L.internal.string; flags public static {{
            const \"{}\"
            local.set 0
            i32.const8 {doubled}
            local.set 1
        loop:
            local.get 1
            br_ifz out
            local.get 0
            local.get 0
            call_virtual .internal.string concat (L.internal.string;)L.internal.string;
            local.set 0
            i32.inc 1 -1
            goto loop
        out:
            local.get 0
            put_static Long text L.internal.string;
            local.get 0
            return
        }}
        method main ()I flags public static {{
            call_static Main text ()L.internal.string;
            local.set 0
        begin:
{body}
        end:
            return
        caught:
            instance_of .internal.exception.connection_reset
            i32.const8 2
            i32.add
            return
            handler begin end caught
        }}
    }}",
        pattern()
    )
}

const NONE: &str = "i32.const8 1";

const WRITE: &str = r#"
    new .internal.io
    local.set 1
    local.get 1
    const "/data/a"
    call_virtual .internal.io open (L.internal.string;)V
    local.get 1
    local.get 0
    call_virtual .internal.io write (L.internal.object;)V
    local.get 1
    call_virtual .internal.io position ()J
    local.get 0
    call_virtual .internal.string length ()I
    i64.extend_i32_s
    i64.eq
"#;

const READ: &str = r#"
    new .internal.io
    local.set 1
    local.get 1
    const "/data/full"
    call_virtual .internal.io openRead (L.internal.string;)V
    local.get 1
    i32.const 16777216
    call_virtual .internal.io read (I)L.internal.string;
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
    local.set 2
    local.get 1
    i32.const 16777216
    call_virtual .internal.io read (I)L.internal.string;
    br_null done
    i32.const8 0
    local.set 2
done:
    local.get 2
"#;

const READ_BINARY: &str = r#"
    new .internal.io
    local.set 1
    local.get 1
    const "/data/full"
    call_virtual .internal.io openRead (L.internal.string;)V
    local.get 1
    i32.const 16777216
    call_virtual .internal.io readBinary (I)L.internal.binary;
    i32.const8 0
    local.get 0
    call_virtual .internal.string length ()I
    call_virtual .internal.binary text (II)L.internal.string;
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
"#;

const LIST: &str = r#"
    new .internal.io
    const "/many"
    call_virtual .internal.io list (L.internal.string;)L.internal.container.array;
    local.set 1
    local.get 1
    call_virtual .internal.container.array size ()I
    i32.const 20000
    br_i32.ne differs
    local.get 1
    i32.const 12345
    call_virtual .internal.container.array get (I)L.internal.object;
    const "n12345"
    call_virtual .internal.object equals (L.internal.object;)I
    goto done
differs:
    i32.const8 0
done:
    nop
"#;

const SEND: &str = r#"
    new .internal.tcp
    local.set 1
    local.get 1
    const "127.0.0.1:80"
    call_virtual .internal.tcp connect (L.internal.string;)V
    local.get 1
    local.get 0
    call_virtual .internal.tcp send (L.internal.object;)V
    i32.const8 1
"#;

const SEND_DURABLE: &str = r#"
    new .internal.tcp
    local.set 1
    local.get 1
    const "127.0.0.1:80"
    call_virtual .internal.tcp connect (L.internal.string;)V
    local.get 1
    i32.const8 1
    call_virtual .internal.connector setDurable (I)V
    local.get 1
    local.get 0
    call_virtual .internal.tcp send (L.internal.object;)V
    i32.const8 1
"#;

const RECEIVE: &str = r#"
    new .internal.tcp
    local.set 1
    local.get 1
    const "127.0.0.1:80"
    call_virtual .internal.tcp connect (L.internal.string;)V
    local.get 1
    i32.const 16777216
    call_virtual .internal.tcp recvBinary (I)L.internal.binary;
    i32.const8 0
    local.get 0
    call_virtual .internal.string length ()I
    call_virtual .internal.binary text (II)L.internal.string;
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
"#;

const FETCH: &str = r#"
    new .internal.tcp
    const "http://127.0.0.1/all"
    null
    call_virtual .internal.tcp curl (L.internal.string;L.internal.string;)L.internal.string;
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
"#;

const PROCESS: &str = r#"
    new .internal.process
    local.set 1
    local.get 1
    const "cat"
    null
    call_virtual .internal.process start (L.internal.string;L.internal.container.array;)V
    local.get 1
    local.get 0
    call_virtual .internal.process write (L.internal.object;)V
    local.get 1
    call_virtual .internal.process read ()L.internal.string;
    local.set 2
    local.get 2
    br_null nothing
    local.get 2
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
    goto done
nothing:
    i32.const8 4
done:
    nop
"#;

const PRINT: &str = r#"
    new .internal.console
    local.get 0
    call_virtual .internal.console println (L.internal.object;)V
    i32.const8 1
"#;

const PRINT_OBJECT: &str = r#"
    new .internal.console
    new Long
    call_virtual .internal.console println (L.internal.object;)V
    i32.const8 1
"#;

const PRINT_DURABLE: &str = r#"
    new .internal.console
    local.set 1
    local.get 1
    i32.const8 1
    call_virtual .internal.console setDurable (I)V
    local.get 1
    local.get 0
    call_virtual .internal.console println (L.internal.object;)V
    i32.const8 1
"#;

const READ_LINE: &str = r#"
    new .internal.console
    call_virtual .internal.console readLine ()L.internal.string;
    local.get 0
    call_virtual .internal.string equals (L.internal.object;)I
"#;

/// The drawn bytes are those that are drawn in pieces of 8.
const RANDOM: &str = r#"
    new .internal.random
    local.set 1
    local.get 1
    i64.const8 7
    call_virtual .internal.random seed (J)V
    local.get 1
    i32.const 1000000
    call_virtual .internal.random bytes (I)L.internal.binary;
    local.set 2
    local.get 1
    i64.const8 7
    call_virtual .internal.random seed (J)V
    i32.const8 0
    local.set 3
loop:
    local.get 3
    i32.const 1000000
    br_i32.ge_s done
    local.get 2
    local.get 3
    call_virtual .internal.binary getLong (I)J
    local.get 1
    call_virtual .internal.random nextLong ()J
    i64.eq
    br_ifz differs
    i32.inc 3 8
    goto loop
differs:
    i32.const8 0
    goto out
done:
    i32.const8 1
out:
    nop
"#;

/// A world in which a program runs, and another machine, which gives the text to whoever connects.
struct Run {
    world: World,
    peer: SimReactor,
    text: String,
    /// Bytes that the other machine got.
    got: usize,
    slices: u64,
    longest_work: u64,
    chaos: Option<u64>,
}

const LISTENER: Handle = Handle(1);
const CONNECTION: Handle = Handle(2);

impl Run {
    fn new(doubled: u32, body: &str) -> Run {
        Run::of(doubled, &program(doubled, body))
    }

    fn of(doubled: u32, program: &str) -> Run {
        let mut world = World::new(program);
        let text = text(doubled);
        world.outside.put_folder("/data");
        world.outside.put_file("/data/full", text.as_bytes());
        world.outside.put_document(WEB, text.as_bytes());
        let program = world.vm().programs().expect("programs")[0].addr;
        let grants = ["net", "run", "read=/", "write=/"].map(String::from);
        world.vm().set_grants(program, &grants);
        let peer = SimReactor::new(world.outside.clone());
        let address = "127.0.0.1:80".into();
        assert!(matches!(peer.submit(OpId(1), Operation::Listen { handle: LISTENER, address }), Some(Ok(_))));
        let mut run = Run { world, peer, text, got: 0, slices: 0, longest_work: 0, chaos: None };
        run.begin();
        run
    }

    /// As many names as make a long list.
    fn with_many_names(self) -> Run {
        self.world.outside.put_folder("/many");
        for name in 0..NAMES {
            self.world.outside.put_file(&format!("/many/n{name:05}"), b"");
        }
        self
    }

    fn in_chaos(mut self, seed: u64) -> Run {
        self.chaos = Some(seed);
        self.begin();
        self
    }

    fn begin(&mut self) {
        self.world.vm().set_slice(1);
        if let Some(seed) = self.chaos {
            self.world.vm().chaos(seed);
        }
    }

    fn restart(&mut self) {
        self.world.restart();
        self.begin();
    }

    fn crash(&mut self) {
        self.world.crash();
        self.begin();
    }

    /// Another machine gives what is waited for, and takes what was sent.
    fn serve(&mut self) {
        let accept = Operation::Accept { listener: LISTENER, handle: CONNECTION };
        if self.peer.submit(OpId(2), accept).is_none() {
            self.peer.cancel(OpId(2));
            return;
        }
        let receive = Operation::Receive { handle: CONNECTION, most: usize::MAX };
        match self.peer.submit(OpId(3), receive) {
            Some(Ok(Done::Data(bytes))) => {
                self.got += bytes.len();
                assert_eq!(bytes, &self.text.as_bytes()[..bytes.len()]);
            }
            Some(_) => {}
            None => self.peer.cancel(OpId(3)),
        }
        let bytes = self.text.clone().into_bytes();
        let _ = self.peer.submit(OpId(4), Operation::Send { handle: CONNECTION, bytes });
    }

    /// Runs a slice; whether the program has ended.
    fn slice(&mut self) -> bool {
        self.slices += 1;
        let state = self.world.vm().run(Limits { slices: Some(1) }).expect("memory");
        self.longest_work = self.longest_work.max(self.world.vm().longest_work());
        match state {
            RunState::AllEnded => return true,
            RunState::Requested => {}
            RunState::Idle { commit: true, .. } => drop(self.world.save()),
            RunState::Idle { input: true, .. } => self.world.console.push_line(self.text.clone()),
            RunState::Idle { .. } => self.serve(),
        }
        false
    }

    fn slices(&mut self, most: u64) {
        for _ in 0..most {
            if self.slice() {
                return;
            }
        }
    }

    fn finish(&mut self) {
        while !self.slice() {
            assert!(self.slices < 2_000_000, "the program does not end");
        }
    }

    /// Runs to the end; what the program came to.
    fn end(&mut self) -> i32 {
        self.finish();
        match self.world.vm().programs().expect("programs")[0].state {
            ProgramState::Ended { status } => status,
            state => panic!("{state:?}"),
        }
    }

    fn output(&self) -> String {
        String::from_utf8(self.world.console.output()).expect("UTF-8")
    }
}

/// Slices that it takes to make the text.
fn slices_before() -> u64 {
    let mut run = Run::new(DOUBLED, NONE);
    assert_eq!(run.end(), ARRIVED);
    run.slices
}

/// Whether all of it comes to its end in steps, of which there must be so many times the pieces of the text.
fn check(before: u64, body: &str, times: u64) -> Run {
    let mut run = Run::new(DOUBLED, body).with_many_names();
    assert_eq!(run.end(), ARRIVED, "{body}");
    let pieces = times * (run.text.len() as u64 / STEP_UNITS - 1);
    let slices = run.slices - before;
    assert!(slices >= pieces, "{slices} slices for {pieces} pieces in {body}");
    assert!(run.longest_work <= LONGEST_UNITS, "{} units at once in {body}", run.longest_work);
    run
}

#[test]
fn files_are_copied_in_steps() {
    let before = slices_before();
    let run = check(before, WRITE, 1);
    assert!(run.world.outside.file("/data/a").as_deref() == Some(run.text.as_bytes()));
    // Compared as well.
    check(before, READ, 2);
    check(before, READ_BINARY, 3);
    // Of less than 100 bytes each, but there are many.
    check(before, LIST, 1);
}

#[test]
fn what_goes_over_connections_is_copied_in_steps() {
    let before = slices_before();
    let mut run = check(before, SEND, 1);
    run.serve();
    assert_eq!(run.got, run.text.len());
    check(before, RECEIVE, 3);
    check(before, FETCH, 2);
    check(before, PROCESS, 3);
}

#[test]
fn lines_are_copied_in_steps() {
    let before = slices_before();
    for body in [PRINT, PRINT_OBJECT, PRINT_DURABLE] {
        let run = check(before, body, 1);
        assert!(run.output() == format!("{}\n", run.text), "{body}");
    }
    check(before, READ_LINE, 2);
}

#[test]
fn random_bytes_are_drawn_in_steps() {
    let mut run = Run::new(0, RANDOM);
    assert_eq!(run.end(), ARRIVED);
    assert!(run.longest_work <= LONGEST_UNITS, "{} units at once", run.longest_work);
    let mut once = Run::new(0, RANDOM);
    once.slices(20);
    once.restart();
    assert_eq!(once.end(), ARRIVED);
}

#[test]
fn all_arrives_in_chaos() {
    for (seed, body) in [
        WRITE,
        READ,
        READ_BINARY,
        LIST,
        SEND,
        RECEIVE,
        FETCH,
        PROCESS,
        PRINT,
        PRINT_OBJECT,
        PRINT_DURABLE,
        READ_LINE,
    ]
    .into_iter()
    .enumerate()
    {
        let mut run = Run::new(DOUBLED_IN_CHAOS, body).with_many_names().in_chaos(seed as u64);
        assert_eq!(run.end(), ARRIVED, "{body}");
        let printed = [PRINT, PRINT_OBJECT, PRINT_DURABLE].contains(&body);
        assert!(run.output() == if printed { format!("{}\n", run.text) } else { String::new() }, "{body}");
    }
}

/// What a program comes to when the world is restarted in its middle, and what the other machine got; at several places.
fn restarted(before: u64, body: &str) -> Vec<(i32, usize)> {
    let mut whole = Run::new(DOUBLED, body).with_many_names();
    whole.end();
    let steps = whole.slices - before;
    let places = (1..12).map(|place| before + steps * place / 12);
    places
        .map(|place| {
            let mut run = Run::new(DOUBLED, body).with_many_names();
            run.slices(place);
            run.restart();
            let status = run.end();
            run.serve();
            (status, run.got)
        })
        .collect()
}

#[test]
fn what_does_no_harm_is_done_again_after_a_restart() {
    let before = slices_before();
    for body in [WRITE, READ, READ_BINARY, LIST, FETCH, READ_LINE] {
        let seen = restarted(before, body);
        assert!(seen.iter().all(|(status, _)| *status == ARRIVED), "{seen:?} of {body}");
    }
}

#[test]
fn a_file_is_whole_after_a_restart() {
    let before = slices_before();
    let mut run = Run::new(DOUBLED, WRITE);
    run.slices(before + 20);
    assert_eq!(run.world.outside.file("/data/a").as_deref(), Some(&b""[..]), "it was not gathered yet");
    run.restart();
    assert_eq!(run.end(), ARRIVED);
    assert!(run.world.outside.file("/data/a").as_deref() == Some(run.text.as_bytes()));
}

#[test]
fn a_connection_is_reset_by_a_restart() {
    let before = slices_before();
    let all = text(DOUBLED).len();
    let seen = restarted(before, SEND);
    assert!(seen.iter().all(|end| [(ARRIVED, all), (RESET, 0)].contains(end)), "{seen:?}");
    assert!(seen.iter().filter(|(status, _)| *status == RESET).count() > 5, "{seen:?}");

    // Held once, what became of it is not known; nothing was sent.
    let seen = restarted(before, SEND_DURABLE);
    assert!(seen.iter().all(|end| [(ARRIVED, all), (RESET, 0), (THREW, 0)].contains(end)), "{seen:?}");
    assert!(seen.iter().filter(|(status, _)| *status == THREW).count() > 5, "{seen:?}");

    let seen = restarted(before, RECEIVE);
    assert!(seen.iter().all(|(status, _)| [ARRIVED, RESET].contains(status)), "{seen:?}");
    assert!(seen.iter().any(|(status, _)| *status == RESET), "{seen:?}");
    assert!(seen.iter().any(|(status, _)| *status == ARRIVED), "{seen:?}");
}

#[test]
fn a_process_is_gone_after_a_restart() {
    let seen = restarted(slices_before(), PROCESS);
    // While it is sent the text, while it is read, and afterwards.
    for end in [RESET, NOTHING, ARRIVED] {
        assert!(seen.iter().any(|(status, _)| *status == end), "{end} in {seen:?}");
    }
    assert!(seen.iter().all(|(status, _)| [RESET, NOTHING, ARRIVED].contains(status)), "{seen:?}");
}

#[test]
fn a_long_line_is_written_on_after_a_restart() {
    let before = slices_before();
    for body in [PRINT, PRINT_OBJECT, PRINT_DURABLE] {
        for place in [5, 20, 40] {
            let mut run = Run::new(DOUBLED, body);
            run.slices(before + place);
            let written = run.output().len();
            assert!((1..run.text.len()).contains(&written), "{written} bytes of {body}");
            run.restart();
            run.slices(10);
            run.restart();
            assert_eq!(run.end(), ARRIVED);
            assert!(run.output() == format!("{}\n", run.text), "{body}");
        }
    }
}

#[test]
fn a_crash_repeats_what_was_written_since_the_snapshot() {
    let before = slices_before();
    for body in [PRINT, PRINT_OBJECT, PRINT_DURABLE] {
        let mut run = Run::new(DOUBLED, body);
        run.slices(before + 20);
        run.world.save();
        let saved = run.output().len();
        run.slices(10);
        let written = run.output();
        assert!(written.len() > saved && written.len() < run.text.len(), "{body}");
        run.crash();
        assert_eq!(run.end(), ARRIVED);
        let all = format!("{}\n", run.text);
        assert!(run.output() == format!("{written}{}", &all[saved..]), "{body}");
    }
}

#[test]
fn what_is_durable_is_written_when_its_cause_is() {
    let mut run = Run::new(DOUBLED, PRINT_DURABLE);
    loop {
        let state = run.world.vm().run(Limits { slices: Some(1) }).expect("memory");
        if matches!(state, RunState::Idle { commit: true, .. }) {
            break;
        }
    }
    assert_eq!(run.output(), "");
    run.restart();
    assert_eq!(run.end(), ARRIVED);
    assert!(run.output() == format!("{}\n", run.text));
}

/// The texts of many objects: a long one, one that is asked for it, a number, null, and many that are empty or short.
fn print_all() -> String {
    let other = program(
        DOUBLED,
        "
            i32.const8 1
        ",
    );
    let (beside, _) = other.split_once("class Main").expect("a class");
    let (_, text) = other.split_once("method text").expect("a method");
    let (text, _) = text.split_once("method main").expect("a method");
    format!(
        "{beside}
    class Main super .internal.object flags public {{
        method <init> ()V flags public constructor {{
            return
        }}
        method text{text}
        method run (L.internal.object;)V flags public ordinal 8 {{
            i32.const 3000
            new_ref_array .internal.object
            local.set 2
            i32.const8 5
            local.set 3
        loop:
            local.get 3
            i32.const 3000
            br_i32.ge_s out
            local.get 2
            local.get 3
            const \"\"
            array.set_ref
            i32.inc 3 1
            goto loop
        out:
            local.get 2
            i32.const8 0
            call_static Main text ()L.internal.string;
            array.set_ref
            local.get 2
            i32.const8 1
            new Long
            array.set_ref
            local.get 2
            i32.const8 2
            i32.const8 7
            box_i32
            array.set_ref
            local.get 2
            i32.const8 4
            const \"last\"
            array.set_ref
            local.get 1
            local.get 2
            call_virtual .internal.boot print ([L.internal.object;)V
            return
        }}
    }}"
    )
}

#[test]
fn the_texts_of_many_objects_are_written_in_steps() {
    let mut run = Run::of(DOUBLED, &print_all());
    run.finish();
    let all = format!("{0}{0}7(void)last", run.text);
    assert!(run.output() == all);
    assert!(run.longest_work <= LONGEST_UNITS, "{} units at once", run.longest_work);

    let whole = run.slices;
    for place in 1..12 {
        let mut run = Run::of(DOUBLED, &print_all());
        run.slices(whole * place / 12);
        run.restart();
        run.finish();
        assert!(run.output() == all, "restarted at {place}");
    }
    let mut run = Run::of(DOUBLED, &print_all()).in_chaos(1);
    run.finish();
    assert!(run.output() == all);
}
