//! `.internal.thread`: starting, waiting for the end, pausing, interrupting.
//!
//! *Invariant:* a thread is in the nursery never: lists and timers hold its address.

use super::support::{Step, methods};
use super::time::deadline_of;
use super::{Call, Methods, Outcome, Wait, directory};
use crate::threads::has_ended;
use alloc::format;
use base::PAGE_SIZE;
use base::limits::STACK_BYTES;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{exception, root, thread, thread_flags, thread_state, wait};

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"thread"));
    10 pause;
    11 unpause;
    12 environment;
    13 |_: &mut Call<'_>| Ok(Outcome::value(Value::NULL));
    14 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_root_ref(root::OS_INTERFACE)));
    16 |call: &mut Call<'_>| Ok(Outcome::long(call.vm.get_u64(call.this(), thread::ID) as i64));
    17 is_alive;
    18 |call: &mut Call<'_>| start(call, None);
    19 |call: &mut Call<'_>| { let argument = call.value(1); start(call, Some(argument)) };
    20 join;
    21 join_msec;
    22 |call: &mut Call<'_>| { let this = call.this(); call.vm.interrupt(this); Ok(Outcome::VOID) };
    23 |call: &mut Call<'_>| Ok(has(call, thread_flags::INTERRUPTED));
    24 yield_turn;
    25 name;
    26 set_name;
    27 |call: &mut Call<'_>| { let text = state_text(call); Ok(call.return_string(text.as_bytes())) };
    28 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), thread::RESULT)));
    29 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), thread::DIED_OF)));
    30 set_daemon;
    31 |call: &mut Call<'_>| Ok(has(call, thread_flags::DAEMON));
    32 set_stack_size;
    33 |call: &mut Call<'_>| Ok(Outcome::int((call.vm.get_u32(call.this(), thread::STACK_PAGES) * PAGE_KIB) as i32));
};

const PAGE_KIB: u32 = (PAGE_SIZE / 1024) as u32;
/// Fewest KiB of stack: room for the first frames of a thread, and for what a kernel method calls.
const STACK_KIB_MIN: i32 = 16;

fn has(call: &Call<'_>, flag: u32) -> Outcome {
    Outcome::truth(call.vm.has_flag(call.this(), flag))
}

/// Starts a new thread with the method `ordinal` of an object: what `.internal.world.startThread` and
/// `.internal.boot.startThread` do.
pub(super) fn start_method(
    call: &mut Call<'_>,
    receiver: Value,
    ordinal: u16,
    argument: Value,
) -> Result<(), Outcome> {
    let environment = inherited_environment(call)?;
    let object = call.vm.new_thread_object(call.vm.kernel_class(ClassId::Thread));
    call.vm.set_ref(object, thread::ENVIRONMENT, environment);
    call.vm.begin_call(object, receiver, u32::from(ordinal), &[argument]).map_err(Outcome::Throw)
}

fn start(call: &mut Call<'_>, argument: Option<Value>) -> Step {
    let (this, activity) = (call.this(), call.value(0));
    if call.vm.get_u32(this, thread::STATE) != thread_state::NEW {
        return Err(call.throw_string("thread.start: it was started before"));
    }
    if activity.is_null() {
        return Err(call.throw_string("thread.start: there is nothing to run"));
    }
    if call.vm.get_ref(this, thread::ENVIRONMENT).is_null() {
        let environment = inherited_environment(call)?;
        call.vm.set_ref(this, thread::ENVIRONMENT, environment);
    }
    call.vm.begin_activity(this, activity, argument).map_err(Outcome::Throw)?;
    Ok(Outcome::object(this))
}

/// What a new thread has in its environment: what the running one has, and it changes it for itself.
fn inherited_environment(call: &mut Call<'_>) -> Result<Value, Outcome> {
    if call.thread.is_null() {
        return Ok(Value::NULL);
    }
    let there = call.vm.get_ref(call.thread, thread::ENVIRONMENT);
    if there.is_null() { Ok(there) } else { directory::copy_of(call, there).map(Value::object) }
}

fn environment(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let there = call.vm.get_ref(this, thread::ENVIRONMENT);
    if !there.is_null() {
        return Ok(Outcome::value(there));
    }
    let made = Value::object(call.vm.new_kernel(ClassId::Directory));
    call.vm.set_ref(this, thread::ENVIRONMENT, made);
    Ok(Outcome::value(made))
}

fn state_text(call: &Call<'_>) -> &'static str {
    let this = call.this();
    let (state, wait) = (call.vm.get_u32(this, thread::STATE), call.vm.get_u32(this, thread::WAIT));
    crate::inspect::thread_words(state, wait).unwrap_or("damaged")
}

fn is_alive(call: &mut Call<'_>) -> Step {
    let state = call.vm.get_u32(call.this(), thread::STATE);
    Ok(Outcome::truth(state != thread_state::NEW && !has_ended(state)))
}

/// Whether the thread has ended; leaves the method when to wait for that makes no sense.
fn joined(call: &mut Call<'_>) -> Result<bool, Outcome> {
    let this = call.this();
    let state = call.vm.get_u32(this, thread::STATE);
    if state == thread_state::NEW {
        return Err(call.throw_string("thread.join: it was not started"));
    }
    if this == call.thread {
        return Err(call.throw_string("thread.join: a thread cannot wait for its own end"));
    }
    Ok(has_ended(state))
}

fn join(call: &mut Call<'_>) -> Step {
    let this = call.this();
    if !joined(call)? {
        return Ok(Outcome::Block(Wait::at(wait::JOIN, this)));
    }
    let state = call.vm.get_u32(this, thread::STATE);
    if state == thread_state::ENDED {
        return Ok(Outcome::value(call.vm.get_ref(this, thread::RESULT)));
    }
    let cause = call.vm.get_ref(this, thread::DIED_OF);
    let id = call.vm.get_u64(this, thread::ID);
    let text = if state == thread_state::DIED {
        format!("thread {id} died: {}", call.vm.describe(cause))
    } else {
        format!("thread {id} was stopped")
    };
    let thrown = call.vm.make_exception(ClassId::ThreadDied, &text);
    call.vm.set_ref(thrown, exception::CAUSE, cause);
    Err(Outcome::Throw(Value::object(thrown)))
}

/// Number 0: when the time is over.
fn join_msec(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let until = deadline_of(call, 0);
    if joined(call)? {
        return Ok(Outcome::truth(true));
    }
    if call.vm.clock_ns() >= until {
        return Ok(Outcome::truth(false));
    }
    Ok(Outcome::Block(Wait::At { kind: wait::JOIN, object: this, until: Some(until) }))
}

/// Phase 1: the running thread has paused itself and was unpaused.
fn pause(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let state = call.vm.get_u32(this, thread::STATE);
    if call.phase() == 1 || has_ended(state) {
        return Ok(Outcome::VOID);
    }
    call.vm.set_flag(this, thread_flags::PAUSED, true);
    if this != call.thread {
        if state == thread_state::RUNNING {
            call.vm.ask_review();
        }
        return Ok(Outcome::VOID);
    }
    call.set_phase(1);
    Ok(Outcome::Block(Wait::Turn))
}

fn unpause(call: &mut Call<'_>) -> Step {
    let this = call.this();
    call.vm.set_flag(this, thread_flags::PAUSED, false);
    let blocked = call.vm.get_u32(this, thread::STATE) == thread_state::BLOCKED;
    if blocked && call.vm.get_u32(this, thread::WAIT) == wait::PAUSE {
        call.vm.wake(this);
    }
    Ok(Outcome::VOID)
}

/// Phase 1: the others have had their turn.
fn yield_turn(call: &mut Call<'_>) -> Step {
    if call.phase() == 1 {
        return Ok(Outcome::VOID);
    }
    call.set_phase(1);
    Ok(Outcome::Block(Wait::Turn))
}

fn name(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let there = call.vm.get_ref(this, thread::NAME);
    if !there.is_null() {
        return Ok(Outcome::value(there));
    }
    let text = format!("thread {}", call.vm.get_u64(this, thread::ID));
    Ok(call.return_string(text.as_bytes()))
}

fn set_name(call: &mut Call<'_>) -> Step {
    let (this, name) = (call.this(), call.value(0));
    if !name.is_null() && !call.vm.is_string(name) {
        return Err(call.throw_string("thread.setName: the name is not a string"));
    }
    call.vm.set_ref(this, thread::NAME, name);
    Ok(Outcome::VOID)
}

fn set_daemon(call: &mut Call<'_>) -> Step {
    let (this, daemon) = (call.this(), call.int(0) != 0);
    if call.vm.get_u32(this, thread::STATE) != thread_state::NEW {
        return Err(call.throw_string("thread.setDaemon: it was started before"));
    }
    call.vm.set_flag(this, thread_flags::DAEMON, daemon);
    Ok(Outcome::VOID)
}

fn set_stack_size(call: &mut Call<'_>) -> Step {
    let (this, kib) = (call.this(), call.int(0));
    let most = (STACK_BYTES / 1024) as i32;
    if call.vm.get_u32(this, thread::STATE) != thread_state::NEW {
        return Err(call.throw_string("thread.setStackSize: it was started before"));
    }
    if !(STACK_KIB_MIN..=most).contains(&kib) {
        return Err(
            call.throw_string(&format!("thread.setStackSize: {STACK_KIB_MIN} to {most} KiB are possible"))
        );
    }
    call.vm.set_u32(this, thread::STACK_PAGES, kib as u32 / PAGE_KIB);
    Ok(Outcome::VOID)
}
