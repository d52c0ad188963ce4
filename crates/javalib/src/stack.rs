//! Stacks: `StackWalker`, traces of threads, what a thread is doing, the elements of traces.
//!
//! A walk goes on between calls of the library by how many frames there are beneath where it is: these stay, for they
//! called the walker, while frames above them come and go.

use crate::handles::set_declared;
use crate::support::{array_of, done, get, java_name, natives, object, set};
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::{class, method};
use vm::internal::{Call, Invoke, Outcome, Target};
use vm::{Activity, Native, Place, Vm};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/StackStreamFactory" {
        "checkStackWalkModes" "()Z" Short |_| Outcome::truth(true);
    }
    "java/lang/StackStreamFactory$AbstractStackWalker" {
        "callStackWalk" "(JIII[Ljava/lang/Object;)Ljava/lang/Object;" Resumable walk;
        "fetchStackFrames" "(JJII[Ljava/lang/Object;)I" Short fetch;
    }
    "java/lang/StackTraceElement" {
        "initStackTraceElements" "([Ljava/lang/StackTraceElement;Ljava/lang/Throwable;)V" Short fill_elements;
        "initStackTraceElement" "(Ljava/lang/StackTraceElement;Ljava/lang/StackFrameInfo;)V" Short element_of_frame;
    }
    "java/lang/Thread" {
        "getThreads" "()[Ljava/lang/Thread;" Short threads;
        "dumpThreads" "([Ljava/lang/Thread;)[[Ljava/lang/StackTraceElement;" Resumable dump;
        "getState" "()Ljava/lang/Thread$State;" Resumable state;
    }
};

/// Modes of a walk (`StackStreamFactory`).
const CLASSES_ONLY: i64 = 0x2;
const CALLER_CLASS: i64 = 0x4;
const HIDDEN_FRAMES: i64 = 0x20;

const WALKER: &str = "java/lang/StackWalker";
const ABSTRACT_WALKER: &str = "java/lang/StackStreamFactory$AbstractStackWalker";
const ELEMENT: &str = "java/lang/StackTraceElement";

/// Frames read at once.
const PIECE: u64 = 256;

/// `callStackWalk(mode, skipped, batch, start, frames)`: fills the first batch and has the library's `doStackWalk` use it.
/// Phase 1: that has returned.
fn walk(call: &mut Call<'_>) -> Outcome {
    if call.phase() == 1 {
        return Outcome::value(call.result());
    }
    let (this, mode) = (call.receiver(), call.long_at(1));
    let (skipped, batch, start) = (call.int_at(2), call.int_at(3), call.int_at(4));
    let frames = match object(call, 5) {
        Ok(frames) => frames,
        Err(thrown) => return thrown,
    };
    // Its own frame and those of the library's walker.
    let mut position = 1;
    'own: loop {
        let places = call.vm.running_places(position, PIECE);
        for place in &places {
            if !is_walker(call.vm, place.owner) {
                break 'own;
            }
            position += 1;
        }
        if places.is_empty() {
            break;
        }
    }
    position += skipped.max(0) as u64;
    let (end, position) = match fill(call, mode, position, batch, start, frames) {
        Ok(filled) => filled,
        Err(outcome) => return outcome,
    };
    if end <= start {
        return call.throw_java("java/lang/InternalError", Some("stack walk: decode failed"));
    }
    let walker = call.vm.known_class(ABSTRACT_WALKER);
    let Some(target) = walker.and_then(|walker| call.vm.method_named(walker, "doStackWalk")) else {
        return call.throw_java("java/lang/InternalError", Some("stack walk: the library is another"));
    };
    let beneath = call.vm.depth() - position.min(call.vm.depth());
    let anchor = call.vm.box_slot(beneath + 1, bytecode::Kind::I64 as u8);
    call.set_phase(1);
    let args = [anchor].into_iter().chain([skipped, batch, start, end].map(Value::int)).collect();
    Outcome::Call(Invoke { receiver: this, method: Target::Method(target), args })
}

fn is_walker(vm: &Vm, owner: Addr) -> bool {
    let name = |of: Addr| vm.text(of, class::NAME);
    let above = vm.ref_field(owner, class::SUPER);
    [WALKER, ABSTRACT_WALKER].contains(&name(owner).as_str())
        || !above.is_null() && name(above) == ABSTRACT_WALKER
}

/// `fetchStackFrames(mode, anchor, batch, start, frames)`: the next batch; where it ends.
fn fetch(call: &mut Call<'_>) -> Outcome {
    let (this, mode) = (call.this(), call.long_at(1));
    let (anchor, batch, start) = (call.long_at(2) as u64, call.int_at(3), call.int_at(4));
    let frames = match object(call, 5) {
        Ok(frames) => frames,
        Err(thrown) => return thrown,
    };
    let depth = call.vm.depth();
    let Some(position) = anchor.checked_sub(1).and_then(|beneath| depth.checked_sub(beneath)) else {
        return call.throw_java("java/lang/InternalError", Some("doStackWalk: corrupted buffers"));
    };
    match fill(call, mode, position, batch, start, frames) {
        Ok((end, position)) => {
            set(call.vm, this, "anchor", depth - position.min(depth) + 1);
            Outcome::int(end)
        }
        Err(outcome) => outcome,
    }
}

/// Fills elements of `frames` from `start` on with at most `batch` frames from a position on; where that ends, and the
/// position behind the last frame looked at.
fn fill(
    call: &mut Call<'_>,
    mode: i64,
    mut position: u64,
    batch: i32,
    start: i32,
    frames: Addr,
) -> Result<(i32, u64), Outcome> {
    let room = call.vm.array_len(frames).min(i32::MAX as u64) as i32;
    let last = start.saturating_add(batch).min(room);
    let mut at = start;
    while at < last {
        let places = call.vm.running_places(position, PIECE);
        if places.is_empty() {
            break;
        }
        for place in places {
            if at == last {
                break;
            }
            position += 1;
            let hides = mode & HIDDEN_FRAMES == 0 || mode & CALLER_CLASS != 0;
            // What begins programs and threads is no part of Java's stack in any mode.
            let is_boot = call.vm.text(place.owner, class::NAME).starts_with("phantom/java/");
            if is_boot || hides && !call.vm.is_traced(place.method) {
                continue;
            }
            if mode & CLASSES_ONLY != 0 {
                let mirror = call.vm.mirror_of(place.owner);
                call.vm.array_set(frames, at as u64, mirror);
            } else if let Some(frame) = call.vm.array_get(frames, at as u64).as_object() {
                if let Some(member) = Value(get(call.vm, frame, "memberName")).as_object() {
                    set_declared(call.vm, member, place.method).map_err(Outcome::Throw)?;
                }
                set(call.vm, frame, "bci", u64::from(place.pc));
            }
            at += 1;
        }
    }
    Ok((at, position))
}

/// `StackTraceElement.initStackTraceElement(element, frame)`.
fn element_of_frame(call: &mut Call<'_>) -> Outcome {
    let filled = (|| {
        let (element, frame) = (object(call, 0)?, object(call, 1)?);
        let member = Value(get(call.vm, frame, "memberName"));
        let pc = get(call.vm, frame, "bci") as u32;
        if let Some(target) = call.vm.method_of_member(member) {
            fill_element(call.vm, element, target, pc);
        }
        Ok(Outcome::VOID)
    })();
    done(filled)
}

/// Fills stack trace elements from the backtrace that is kept in a throwable: methods and offsets in turn.
fn fill_elements(call: &mut Call<'_>) -> Outcome {
    let filled = (|| {
        let (elements, throwable) = (object(call, 0)?, object(call, 1)?);
        let Some(trace) = Value(get(call.vm, throwable, "backtrace")).as_object() else {
            return Ok(Outcome::VOID);
        };
        let count = call.vm.array_len(elements).min(call.vm.array_len(trace) / 2);
        for index in 0..count {
            let target = Addr(call.vm.array_get(trace, 2 * index).0);
            let pc = call.vm.array_get(trace, 2 * index + 1).as_int().unwrap_or(0);
            let Some(element) = call.vm.array_get(elements, index).as_object() else { continue };
            fill_element(call.vm, element, target, pc as u32);
        }
        Ok(Outcome::VOID)
    })();
    done(filled)
}

fn fill_element(vm: &mut Vm, element: Addr, target: Addr, pc: u32) {
    const NATIVE_LINE: i32 = -2;
    let owner = vm.ref_field(target, method::CLASS);
    let (source, line) = vm.java_position(target, pc);
    let native = vm.method_flags(target).has(bytecode::Flags::NATIVE);
    let line = if native { NATIVE_LINE } else { line.map_or(-1, |line| line as i32) };
    let (class, name) = (java_name(&vm.text(owner, class::NAME)), vm.java_method_name(target));
    let mirror = vm.mirror_of(owner);
    set(vm, element, "declaringClassObject", mirror.0);
    let part =
        |vm: &Vm, of: Value, name: &str| Value(of.as_object().map_or(0, |object| get(vm, object, name)));
    let (loader, module) = (part(vm, mirror, "classLoader"), part(vm, mirror, "module"));
    let version = part(vm, part(vm, module, "descriptor"), "version");
    for (field, value) in [
        ("classLoaderName", part(vm, loader, "name")),
        ("moduleName", part(vm, module, "name")),
        ("moduleVersion", part(vm, version, "version")),
    ] {
        set(vm, element, field, value.0);
    }
    for (field, text) in [("declaringClass", Some(class)), ("methodName", Some(name)), ("fileName", source)] {
        let text: Option<String> = text;
        let value = text.map_or(Value::NULL, |text| vm.java_string(&text));
        set(vm, element, field, value.0);
    }
    set(vm, element, "lineNumber", u64::from(line as u32));
}

fn threads(call: &mut Call<'_>) -> Outcome {
    let all = call.vm.java_threads();
    match array_of(call.vm, "java/lang/Thread", &all) {
        Ok(array) => Outcome::value(array),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// `dumpThreads(threads)`: the trace of each, null for one that does not run.
fn dump(call: &mut Call<'_>) -> Outcome {
    let asked = match object(call, 0) {
        Ok(asked) => asked,
        Err(thrown) => return thrown,
    };
    let threads: Vec<Addr> = (0..call.vm.array_len(asked))
        .map(|index| call.vm.thread_of_java(call.vm.array_get(asked, index)))
        .collect();
    let Some(places) = call.vm.places_of_threads(&threads) else { return Outcome::Again };
    let made = (|| {
        let traces: Result<Vec<Value>, Value> = places.iter().map(|places| trace(call.vm, places)).collect();
        array_of(call.vm, "[Ljava/lang/StackTraceElement;", &traces?)
    })();
    match made {
        Ok(array) => Outcome::value(array),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

fn trace(vm: &mut Vm, places: &[Place]) -> Result<Value, Value> {
    if places.is_empty() {
        return Ok(Value::NULL);
    }
    let of = vm.class_by_name(ELEMENT)?;
    let mut elements = Vec::new();
    for place in places.iter().filter(|place| vm.is_traced(place.method)).copied().collect::<Vec<_>>() {
        let element = vm.new_object(of);
        fill_element(vm, element, place.method, place.pc);
        elements.push(Value::object(element));
    }
    array_of(vm, ELEMENT, &elements)
}

/// `Thread.getState`.
fn state(call: &mut Call<'_>) -> Outcome {
    const STATE: &str = "java/lang/Thread$State";
    /// `Thread.threadStatus` of one that has ended.
    const TERMINATED: u64 = 2;
    let of = match call.vm.class_by_name(STATE) {
        Ok(of) => of,
        Err(thrown) => return Outcome::Throw(thrown),
    };
    if call.vm.wants_initialising(of) {
        return Outcome::Initialise(of);
    }
    let this = call.this();
    let thread = call.vm.thread_of_java(Value::object(this));
    let name = match () {
        () if get(call.vm, this, "threadStatus") == TERMINATED => "TERMINATED",
        () if thread.is_null() => "NEW",
        () => match call.vm.activity_of(thread) {
            Activity::Runnable => "RUNNABLE",
            Activity::Blocked => "BLOCKED",
            Activity::Waiting => "WAITING",
            Activity::TimedWaiting => "TIMED_WAITING",
            Activity::Terminated => "TERMINATED",
        },
    };
    match call.vm.field_named(of, name) {
        Some(place) => Outcome::Return(call.vm.load_field(Addr::NULL, place)),
        None => call.throw_java("java/lang/InternalError", Some(STATE)),
    }
}
