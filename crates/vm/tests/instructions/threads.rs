//! Threads that get in each other's way: locks that are held, notifications that wake, initialisers that another runs.

use crate::common::Cases;
use crate::common::Expect::{self, I, L, Throws};

const SLEEP: &str = "new .internal.time\n i32.const8 2\n call_virtual .internal.time sleepMsec (I)V";

/// A case with a class `Worker$`, whose threads run `work` with their argument in local 1. `log` of it is a number to
/// which `note` adds a digit; `ended` counts the threads that came to the end of `work`.
fn case(all: &mut Cases, work: &str, body: &str, expect: Expect) {
    let start = |argument: &str| {
        format!(
            "new .internal.world  new Worker$  {argument}  call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I  pop"
        )
    };
    let (mut text, mut rest) = (String::new(), body);
    // `start(argument)`, `join(count)`, `sleep` and `note(digit)` are short for what they do.
    let mut joins = 0;
    while let Some((before, after)) = rest.split_once('@') {
        text += before;
        let end = after.find(')').map_or(0, |at| at + 1);
        let (word, behind) = after.split_at(end);
        let (name, argument) = word.trim_end_matches(')').split_once('(').unwrap_or((word, ""));
        text += &match name {
            "start" => start(argument),
            "sleep" => SLEEP.into(),
            "note" => format!("i32.const8 {argument}  call_static Worker$ note (I)V"),
            "join" => {
                joins += 1;
                format!(
                    "join{joins}:  {SLEEP}  get_static Worker$ ended I  i32.const8 {argument}  br_i32.ne join{joins}"
                )
            }
            other => panic!("nobody knows {other}"),
        };
        rest = behind;
    }
    text += rest;
    let work = work.replace("@sleep()", SLEEP);
    let text = format!(
        "class Worker$ super .internal.object flags public {{
            field log J flags public static
            field ended I flags public static
            field shared L.internal.object; flags public static
            method note (I)V flags public static {{
                get_static Worker$ log J
                i64.const8 10
                i64.mul
                local.get 0
                i64.extend_i32_s
                i64.add
                put_static Worker$ log J
                return
            }}
            method locked (I)V flags public synchronized {{
                {SLEEP}
                local.get 1
                call_static Worker$ note (I)V
                {SLEEP}
                local.get 1
                call_static Worker$ note (I)V
                return
            }}
            method lockedStatic (I)V flags public static synchronized {{
                {SLEEP}
                local.get 0
                call_static Worker$ note (I)V
                {SLEEP}
                local.get 0
                call_static Worker$ note (I)V
                return
            }}
            method lockedFail ()V flags public synchronized {{
                {SLEEP}
                call_static Thrower fail ()V
                return
            }}
            method work (L.internal.object;)V flags public ordinal 8 {{
                {work}
                get_static Worker$ ended I
                i32.const8 1
                i32.add
                put_static Worker$ ended I
                return
            }}
        }}
        class Slow$ super .internal.object flags public {{
            field value I flags public static
            method <clinit> ()V flags static {{
                {SLEEP}
                i32.const8 5
                put_static Slow$ value I
                {SLEEP}
                i32.const8 6
                put_static Slow$ value I
                return
            }}
        }}
        class SlowFail$ super .internal.object flags public {{
            field value I flags public static
            method <clinit> ()V flags static {{
                {SLEEP}
                call_static Thrower fail ()V
                return
            }}
        }}
---
{text}"
    );
    all.add(&[(&text, expect)]);
}

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("threads");
    monitors(&mut all);
    notifications(&mut all);
    initialisers(&mut all);
    all
}

#[rustfmt::skip]
fn monitors(all: &mut Cases) {
    // Whoever waits for the lock gets it in turn; the numbers come as objects.
    let note_locked = "get_static Worker$ shared L.internal.object;\n monitor_enter\n local.get 1\n unbox_i32\n call_static Worker$ note (I)V
        get_static Worker$ shared L.internal.object;\n monitor_exit";
    let number = |n: u32| format!("@start(i32.const8 {n}  box_i32)");
    let (one, two, three) = (number(1), number(2), number(3));
    let shared = "new Base  dup  put_static Worker$ shared L.internal.object;  local.tee 5  monitor_enter";
    let log = "get_static Worker$ log J";
    case(all, note_locked, &format!("{shared}  {one}  {two}  {three}  @sleep()  @note(9)  local.get 5  monitor_exit  @join(3)  {log}"), L(9123));
    // Entered twice it is left twice.
    case(all, note_locked, &format!("{shared}  local.get 5  monitor_enter  {one}  @sleep()  local.get 5  monitor_exit  @sleep()  @note(9)  local.get 5  monitor_exit  @join(1)  {log}"), L(91));
    // Free again for the next: many times one after the other.
    case(all, note_locked, &format!("{shared}  {one}  @sleep()  @note(9)  local.get 5  monitor_exit  @join(1)  local.get 5  monitor_enter  {two}  @sleep()  @note(8)  local.get 5  monitor_exit  @join(2)  {log}"), L(9182));
    // Who does not hold it cannot leave it.
    case(all, "get_static Worker$ shared L.internal.object;\n monitor_enter\n @sleep()\n @sleep()\n @sleep()\n get_static Worker$ shared L.internal.object;\n monitor_exit",
        "new Base  dup  put_static Worker$ shared L.internal.object;  local.set 5  @start(null)  @sleep()  local.get 5  monitor_exit", Throws("illegal_monitor"));
    // Between two sleeps under the lock nobody else comes in.
    let count = "i32.const8 0\n local.set 2\n again:\n get_static Worker$ shared L.internal.object;\n local.tee 4\n monitor_enter
        local.get 4\n get_field Base n I\n local.set 3\n @sleep()\n local.get 4\n local.get 3\n i32.const8 1\n i32.add\n put_field Base n I
        local.get 4\n monitor_exit\n i32.inc 2 1\n local.get 2\n i32.const8 20\n br_i32.lt_s again";
    case(all, count, "new Base  dup  put_static Worker$ shared L.internal.object;  local.set 5  @start(null)  @start(null)  @start(null)  @join(3)  local.get 5  get_field Base n I", I(60));
    // Synchronized methods, of an object and of the class.
    let receiver = "get_static Worker$ shared L.internal.object;\n check_cast Worker$";
    let worker = "new Worker$  put_static Worker$ shared L.internal.object;";
    case(all, &format!("{receiver}\n local.get 1\n unbox_i32\n call_virtual Worker$ locked (I)V"), &format!("{worker}  {one}  {two}  {three}  @join(3)  {log}"), L(112_233));
    case(all, "local.get 1\n unbox_i32\n call_static Worker$ lockedStatic (I)V", &format!("{one}  {two}  {three}  @join(3)  {log}"), L(112_233));
    // The two do not get in each other's way: one notes between the notes of the other.
    case(all, &format!("local.get 1\n unbox_i32\n i32.const8 1\n br_i32.eq first\n {receiver}\n i32.const8 2\n call_virtual Worker$ locked (I)V\n goto out\n first:\n i32.const8 1\n call_static Worker$ lockedStatic (I)V\n out:\n nop"),
        &format!("{worker}  {one}  {two}  @join(2)  {log}"), L(1212));
    // Who leaves by an exception leaves the lock.
    case(all, &format!("local.get 1\n br_null second\n start:\n {receiver}\n call_virtual Worker$ lockedFail ()V\n end:\n goto out\n second:\n {receiver}\n i32.const8 2\n call_virtual Worker$ locked (I)V\n goto out\n caught:\n pop\n i32.const8 1\n call_static Worker$ note (I)V\n out:\n nop\n handler start end caught"),
        &format!("{worker}  {one}  @start(null)  @join(2)  {log}"), L(122));
}

#[rustfmt::skip]
fn notifications(all: &mut Cases) {
    // A thread waits at an address of the binary that it gets; it notes what came of it: woken 0, not equal 1, timed out 2.
    let wait = |wait: &str, at: u32, timeout: i64| {
        let expected = if wait == "atomic.wait64" { "i64.const8 0" } else { "i32.const8 0" };
        format!("local.get 1\n i32.const8 {at}\n {expected}\n i64.const {timeout}\n {wait} a32 0\n i32.const8 5\n i32.add\n call_static Worker$ note (I)V")
    };
    let zeroed = "i64.const8 64  call_static Memory zeroed (J)L.internal.binary;  local.set 5";
    let notify = |at: u32, most: i32| format!("local.get 5  i32.const8 {at}  i32.const {most}  atomic.notify a32 0");
    let start = "@start(local.get 5)";
    let log = "get_static Worker$ log J  i64.add";
    let long = 3_600_000_000_000;
    for (op, timeout) in [("atomic.wait32", -1), ("atomic.wait64", -1), ("atomic.wait32", long)] {
        let wait = wait(op, 8, timeout);
        // Each notification says how many it woke: a hundred for each in the result.
        let hundreds = "i64.extend_i32_s  i64.const 100  i64.mul";
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  {}  {hundreds}  @join(1)  {log}", notify(8, 1)), L(105));
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  {}  {hundreds}  @join(1)  {log}", notify(8, -1)), L(105));
        // Nobody at another address, none when none is asked for; then it is woken after all.
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  {}  {hundreds}  {}  pop  @join(1)  {log}", notify(16, 1), notify(8, 1)), L(5));
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  {}  {hundreds}  {}  pop  @join(1)  {log}", notify(8, 0), notify(8, 1)), L(5));
        // Who was woken is not woken again, even if it has not run since.
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  {}  pop  {}  {hundreds}  @join(1)  {log}", notify(8, 1), notify(8, 1)), L(5));
        // Of three one, then the others.
        case(all, &wait, &format!("{zeroed}  {start}  {start}  {start}  @sleep()  {}  pop  @join(1)  {}  {hundreds}  @join(3)  {log}", notify(8, 1), notify(8, 5)), L(200 + 555));
        // The value has changed before.
        let not_equal = format!("{zeroed}  local.get 5  i32.const8 8  i64.const8 1  i64.store a32 0  {start}  @join(1)  i64.const8 0  {log}");
        case(all, &wait, &not_equal, L(6));
        // Notified, not because the value changed.
        case(all, &wait, &format!("{zeroed}  {start}  @sleep()  local.get 5  i32.const8 8  i64.const8 1  i64.store a32 0  {}  {hundreds}  @join(1)  {log}", notify(8, 1)), L(105));
    }
    // The time is over, with somebody else there who would notify.
    case(all, &wait("atomic.wait32", 8, 1_000_000), &format!("{zeroed}  {start}  @join(1)  {}  i64.extend_i32_s  {log}", notify(8, 1)), L(7));
    // It waits twice: the first wait leaves nothing behind.
    let twice = format!("{}\n {}", wait("atomic.wait32", 8, -1), wait("atomic.wait32", 8, -1));
    case(all, &twice, &format!("{zeroed}  {start}  @sleep()  {}  @sleep()  {}  i32.add  i64.extend_i32_s  i64.const 100  i64.mul  @join(1)  {log}", notify(8, 9), notify(8, 9)), L(255));
    // To and fro: each waits for the other to change the word.
    case(all, "i32.const8 0\n local.set 2\n again:\n local.get 1\n i32.const8 8\n i32.const8 0\n i64.const8 -1\n atomic.wait32 a32 0\n pop
            local.get 1\n i32.const8 8\n atomic.load i32 a32 0\n br_ifz again
            local.get 1\n i32.const8 8\n i32.const8 0\n atomic.store i32 a32 0\n local.get 1\n i32.const8 8\n i32.const8 1\n atomic.notify a32 0\n pop
            i32.inc 2 1\n local.get 2\n i32.const8 50\n br_i32.lt_s again",
        &format!("{zeroed}  {start}  i32.const8 0  local.set 6
            again:  local.get 5  i32.const8 8  i32.const8 1  i64.const8 -1  atomic.wait32 a32 0  pop  local.get 5  i32.const8 8  atomic.load i32 a32 0  br_if again
            local.get 5  i32.const8 8  i32.const8 1  atomic.store i32 a32 0  {}  pop  i32.inc 6 1  local.get 6  i32.const8 50  br_i32.lt_s again  @join(1)  local.get 6", notify(8, 1)), I(50));
}

#[rustfmt::skip]
fn initialisers(all: &mut Cases) {
    // Another thread runs it: who needs the class waits until it is done, and sees what it did.
    case(all, "get_static Slow$ value I\n call_static Worker$ note (I)V", "@start(null)  @start(null)  get_static Slow$ value I  @join(2)  i64.extend_i32_s  i64.const 100  i64.mul  get_static Worker$ log J  i64.add", L(666));
    case(all, "get_static Slow$ value I\n pop", "@start(null)  @sleep()  new Slow$  pop  get_static Slow$ value I  @join(1)", I(6));
    // It fails: for all.
    case(all, "start:\n get_static SlowFail$ value I\n pop\n end:\n goto out\n caught:\n pop\n out:\n nop\n handler start end caught",
        "@start(null)  @sleep()  @join(1)  get_static SlowFail$ value I  pop", Throws("linkage"));
    case(all, "start:\n get_static SlowFail$ value I\n pop\n end:\n goto out\n caught:\n pop\n i32.const8 1\n call_static Worker$ note (I)V\n out:\n nop\n handler start end caught",
        "@start(null)  @start(null)  @start(null)  @join(3)  get_static Worker$ log J", L(111));
}
