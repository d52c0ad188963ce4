//! `.internal.mutex`, `.internal.cond`, `.internal.sema`, and `.internal.sync`, the locks of objects.
//!
//! Who has to wait stands in a list of the object (`waiting.rs`) and is invoked again when it was handed what it waits for,
//! its time is over, or it was interrupted. All of that is in the world: across a restart nothing has happened.

use super::steps::SHORT_UNITS;
use super::support::{Step, methods};
use super::time::deadline_of;
use super::{Call, Methods, Outcome, Wait};
use crate::mutexes::Tried;
use crate::waiting::{Ring, WAKES_AT_ONCE};
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{cond, monitor, mutex, sema, thread_flags, wait};

pub(super) const MUTEX_METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"mutex"));
    8 lock;
    9 unlock;
    10 |call: &mut Call<'_>| { let this = call.this(); Ok(Outcome::truth(mutex_try(call, this)?)) };
    16 try_lock_msec;
    17 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), mutex::OWNER)));
    18 |call: &mut Call<'_>| { let this = call.this(); Ok(Outcome::truth(call.vm.mutex_recover(this, call.thread))) };
};

pub(super) const COND_METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"cond"));
    8 |call: &mut Call<'_>| cond_wait(call, Limit::None);
    9 |call: &mut Call<'_>| cond_wait(call, Limit::Milliseconds(1));
    10 |call: &mut Call<'_>| { let this = call.this(); signal_all(call, Ring::Field(this, cond::WAITERS)) };
    11 |call: &mut Call<'_>| { signal(call); Ok(Outcome::VOID) };
};

pub(super) const SEMA_METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"semaphore"));
    8 |call: &mut Call<'_>| acquire(call, Limit::None);
    9 |call: &mut Call<'_>| acquire(call, Limit::Milliseconds(0));
    10 |call: &mut Call<'_>| { let this = call.this(); call.vm.set_u64(this, sema::COUNT, 0); Ok(Outcome::VOID) };
    11 |call: &mut Call<'_>| release(call, 1);
    16 |call: &mut Call<'_>| Ok(Outcome::truth(take_permit(call)));
    17 |call: &mut Call<'_>| Ok(Outcome::int(call.vm.get_u64(call.this(), sema::COUNT) as i32));
    18 |call: &mut Call<'_>| { let count = call.int(0); release(call, count) };
};

pub(super) const METHODS: Methods = methods! {
    16 monitor_lock;
    17 monitor_unlock;
    18 monitor_try_lock;
    19 |call: &mut Call<'_>| monitor_wait(call, Limit::None);
    20 |call: &mut Call<'_>| monitor_wait(call, Limit::Milliseconds(1));
    21 |call: &mut Call<'_>| { let held = held(call)?; call.vm.signal(Ring::Field(held, monitor::NOTIFY)); Ok(Outcome::VOID) };
    22 |call: &mut Call<'_>| { let held = held(call)?; signal_all(call, Ring::Field(held, monitor::NOTIFY)) };
    23 |call: &mut Call<'_>| { let object = lockable(call)?; Ok(Outcome::truth(call.vm.monitor_held(object).is_some())) };
};

/// Most permits of a semaphore.
const PERMITS_MAX: u64 = i32::MAX as u64;

/// Units for a thread that is woken.
pub(super) const WAKE_UNITS: u64 = SHORT_UNITS / WAKES_AT_ONCE;

/// Signals to all who wait now. Many take steps: reference 0 of a frame is the last of them; if that has left the list
/// meanwhile, those who came later are woken as well.
fn signal_all(call: &mut Call<'_>, ring: Ring) -> Step {
    if call.is_framed() && call.reference(0).is_null() {
        let last = call.vm.ring_last(ring);
        call.set_reference(0, Value(last.0));
    }
    let mut left = WAKES_AT_ONCE;
    while let Some(first) = call.vm.ring_first(ring) {
        if !call.is_framed() {
            if left == 0 {
                return Err(Outcome::Frame);
            }
            left -= 1;
            call.vm.signal(ring);
            continue;
        }
        call.vm.signal(ring);
        if call.reference(0) == Value::object(first) {
            break;
        }
        call.did(WAKE_UNITS)?;
    }
    Ok(Outcome::VOID)
}

/// How long a method waits.
#[derive(Clone, Copy)]
enum Limit {
    /// For ever.
    None,
    /// So many milliseconds as the parameter with this index says; the method returns whether it got what it waited for.
    Milliseconds(u64),
}

impl Limit {
    /// When the time is over; kept in number 0.
    fn until(self, call: &mut Call<'_>) -> Option<u64> {
        match self {
            Limit::None => None,
            Limit::Milliseconds(index) => Some(deadline_of(call, index)),
        }
    }
}

/// Whether the running thread holds the mutex now; throws when that is abandoned.
fn mutex_try(call: &mut Call<'_>, mutex: Addr) -> Result<bool, Outcome> {
    match call.vm.mutex_try(mutex, call.thread) {
        Tried::Held => Ok(true),
        Tried::Busy => Ok(false),
        Tried::Abandoned => Err(abandoned(call)),
    }
}

fn abandoned(call: &mut Call<'_>) -> Outcome {
    call.throw_kernel(ClassId::Abandoned, "the thread that held the mutex has ended without unlocking it")
}

fn lock(call: &mut Call<'_>) -> Step {
    let this = call.this();
    if mutex_try(call, this)? {
        return Ok(Outcome::VOID);
    }
    Ok(Outcome::Block(Wait::at(wait::MUTEX, this)))
}

fn try_lock_msec(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let until = deadline_of(call, 0);
    if mutex_try(call, this)? {
        return Ok(Outcome::truth(true));
    }
    if call.vm.clock_ns() >= until {
        return Ok(Outcome::truth(false));
    }
    Ok(Outcome::Block(Wait::At { kind: wait::MUTEX, object: this, until: Some(until) }))
}

fn unlock(call: &mut Call<'_>) -> Step {
    let this = call.this();
    if call.vm.ref_field(this, mutex::OWNER) != call.thread {
        return Err(call.throw_string("mutex unlock - not owner"));
    }
    let count = call.vm.get_u64(this, mutex::COUNT);
    if count > 1 {
        call.vm.set_u64(this, mutex::COUNT, count - 1);
    } else {
        call.vm.mutex_pass_on(this);
    }
    Ok(Outcome::VOID)
}

fn signal(call: &mut Call<'_>) -> bool {
    let this = call.this();
    call.vm.signal(Ring::Field(this, cond::WAITERS))
}

/// What the running thread does before it waits for a signal: an interrupt ends the wait before it begins, and nothing has
/// been unlocked then.
fn before_signal(call: &mut Call<'_>) -> Result<(), Outcome> {
    if let Some(thrown) = call.vm.take_interrupt() {
        return Err(Outcome::Throw(thrown));
    }
    let thread = call.thread;
    call.vm.set_flag(thread, thread_flags::SIGNALLED, false);
    Ok(())
}

/// What it does when it has its lock again: returns whether the signal came, or throws because an interrupt came first.
fn after_signal(call: &mut Call<'_>) -> Step {
    let signalled = call.vm.has_flag(call.thread, thread_flags::SIGNALLED);
    if !signalled && let Some(thrown) = call.vm.take_interrupt() {
        return Err(Outcome::Throw(thrown));
    }
    Ok(Outcome::truth(signalled))
}

/// Phase 0: nothing done yet; 1: waits for a signal, the mutex unlocked; 2: waits for the mutex. Number 0: when the time is
/// over; number 1: how often the mutex was locked.
fn cond_wait(call: &mut Call<'_>, limit: Limit) -> Step {
    let this = call.this();
    let held = call.object(0, ClassId::Mutex, "cond wait - the argument is no mutex")?;
    if call.phase() == 0 {
        if call.vm.ref_field(held, mutex::OWNER) != call.thread {
            return Err(call.throw_string("cond wait - not owner"));
        }
        before_signal(call)?;
        let until = limit.until(call);
        let count = call.vm.get_u64(held, mutex::COUNT);
        call.set_number(1, count);
        call.set_phase(1);
        call.vm.mutex_pass_on(held);
        return Ok(Outcome::Block(Wait::At { kind: wait::COND, object: this, until }));
    }
    call.set_phase(2);
    if !mutex_try(call, held)? {
        return Ok(Outcome::Block(Wait::at(wait::MUTEX, held)));
    }
    let count = call.number(1);
    call.vm.set_u64(held, mutex::COUNT, count);
    after_signal(call)
}

/// Whether the running thread has a permit now.
fn take_permit(call: &mut Call<'_>) -> bool {
    let this = call.this();
    if call.vm.take_grant(call.thread, this) {
        return true;
    }
    let count = call.vm.get_u64(this, sema::COUNT);
    if count > 0 {
        call.vm.set_u64(this, sema::COUNT, count - 1);
    }
    count > 0
}

fn acquire(call: &mut Call<'_>, limit: Limit) -> Step {
    let this = call.this();
    let until = limit.until(call);
    if take_permit(call) {
        return Ok(Outcome::truth(true));
    }
    if until.is_some_and(|ns| call.vm.clock_ns() >= ns) {
        return Ok(Outcome::truth(false));
    }
    Ok(Outcome::Block(Wait::At { kind: wait::SEMA, object: this, until }))
}

/// Gives permits. Of many number 0 counts those that were given to threads that wait; stage 1: it has begun.
fn release(call: &mut Call<'_>, count: i32) -> Step {
    let this = call.this();
    let there = call.vm.get_u64(this, sema::COUNT);
    let Ok(more) = u64::try_from(count) else {
        return Err(call.throw_string("semaphore release - the number is negative"));
    };
    if there + more > PERMITS_MAX && call.stage() == 0 {
        return Err(call.throw_string("semaphore release - there are too many permits"));
    }
    let awaited = |call: &Call<'_>| call.vm.ring_first(Ring::Field(this, sema::WAITERS)).is_some();
    if call.is_framed() {
        call.set_stage(1);
    } else if more > WAKES_AT_ONCE && awaited(call) {
        return Err(Outcome::Frame);
    }
    // Those who wait get one each; what is left is there for whoever comes.
    let mut given = if call.is_framed() { call.number(0) } else { 0 };
    while given < more && awaited(call) {
        call.vm.sema_release(this);
        given += 1;
        if call.is_framed() {
            call.set_number(0, given);
            call.did(WAKE_UNITS)?;
        }
    }
    let there = call.vm.get_u64(this, sema::COUNT);
    call.vm.set_u64(this, sema::COUNT, (there + (more - given)).min(PERMITS_MAX));
    Ok(Outcome::VOID)
}

/// Parameter 0, an object that has a lock.
fn lockable(call: &mut Call<'_>) -> Result<Addr, Outcome> {
    let value = call.value(0);
    match value.as_object() {
        Some(object) => Ok(object),
        None if value.is_null() => Err(call.throw_kernel(ClassId::NullPointer, "the lock of null")),
        None => Err(call.throw_kernel(ClassId::IllegalMonitor, "a number has no lock")),
    }
}

/// The monitor of parameter 0, whose lock the running thread holds.
fn held(call: &mut Call<'_>) -> Result<Addr, Outcome> {
    let object = lockable(call)?;
    match call.vm.monitor_held(object) {
        Some(held) => Ok(held),
        None => Err(call.throw_kernel(ClassId::IllegalMonitor, "the thread does not hold the lock")),
    }
}

fn monitor_lock(call: &mut Call<'_>) -> Step {
    let object = lockable(call)?;
    match call.vm.monitor_enter(object) {
        Ok(()) => Ok(Outcome::VOID),
        Err(wait) => Ok(Outcome::Block(wait)),
    }
}

fn monitor_try_lock(call: &mut Call<'_>) -> Step {
    let object = lockable(call)?;
    Ok(Outcome::truth(call.vm.monitor_enter(object).is_ok()))
}

fn monitor_unlock(call: &mut Call<'_>) -> Step {
    held(call)?;
    let object = lockable(call)?;
    let unlocked = call.vm.monitor_exit(object);
    assert!(unlocked, "the thread holds the lock");
    Ok(Outcome::VOID)
}

/// Phases and numbers as in [`cond_wait`].
fn monitor_wait(call: &mut Call<'_>, limit: Limit) -> Step {
    let object = lockable(call)?;
    if call.phase() == 0 {
        let held = held(call)?;
        before_signal(call)?;
        let until = limit.until(call);
        let count = call.vm.get_u64(held, monitor::COUNT);
        call.set_number(1, count);
        call.set_phase(1);
        call.vm.monitor_pass_on(held, true);
        return Ok(Outcome::Block(Wait::At { kind: wait::NOTIFY, object: held, until }));
    }
    call.set_phase(2);
    if let Err(wait) = call.vm.monitor_enter(object) {
        return Ok(Outcome::Block(wait));
    }
    let count = call.number(1);
    let Some(held) = call.vm.monitor_held(object) else { return Ok(Outcome::Return(Value::NULL.0)) };
    call.vm.set_u64(held, monitor::COUNT, count);
    after_signal(call)
}
