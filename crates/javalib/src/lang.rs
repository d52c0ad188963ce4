//! `java.lang`: objects, strings, numbers, the system, threads, throwables.

use crate::boundary::current_thread;
use crate::strict_math;
use crate::support::{done, get, java_name, natives, nothing, object, set, string, text, zero};
use alloc::format;
use alloc::string::String;
use base::Addr;
use layout::Value;
use layout::schema::{Shape, array, class};
use vm::internal::{Call, Outcome};
use vm::{Native, Vm};

const NS_PER_MS: u64 = 1_000_000;

pub(crate) const NATIVES: &[Native] = natives! {
    "*" {
        "registerNatives" "()V" Short nothing;
        "initIDs" "()V" Short nothing;
    }
    "java/lang/Object" {
        "getClass" "()Ljava/lang/Class;" Short get_class;
        "hashCode" "()I" Short |call| { let this = call.reference_at(0); Outcome::int(call.vm.identity_hash(this) as i32) };
        "clone" "()Ljava/lang/Object;" Short clone;
        "notify" "()V" Short |call| { let this = call.this(); call.notify(this, false) };
        "notifyAll" "()V" Short |call| { let this = call.this(); call.notify(this, true) };
        "wait" "(J)V" Resumable |call| { let (this, ms) = (call.this(), call.long_at(1)); call.wait_for_notification(this, ms) };
    }
    "java/lang/String" {
        "intern" "()Ljava/lang/String;" Short |call| { let this = call.reference_at(0); Outcome::value(call.vm.java_intern(this)) };
    }
    "java/lang/StringUTF16" {
        "isBigEndian" "()Z" Short zero;
    }
    "java/lang/Float" {
        "floatToRawIntBits" "(F)I" Short same;
        "intBitsToFloat" "(I)F" Short same;
    }
    "java/lang/Double" {
        "doubleToRawLongBits" "(D)J" Short same;
        "longBitsToDouble" "(J)D" Short same;
    }
    "java/lang/StrictMath" {
        "sin" "(D)D" Short |call| math(call, strict_math::sin);
        "cos" "(D)D" Short |call| math(call, strict_math::cos);
        "tan" "(D)D" Short |call| math(call, libm::tan);
        "asin" "(D)D" Short |call| math(call, libm::asin);
        "acos" "(D)D" Short |call| math(call, libm::acos);
        "atan" "(D)D" Short |call| math(call, libm::atan);
        "log" "(D)D" Short |call| math(call, strict_math::log);
        "log10" "(D)D" Short |call| math(call, strict_math::log10);
        "sqrt" "(D)D" Short |call| math(call, libm::sqrt);
        "sinh" "(D)D" Short |call| math(call, strict_math::sinh);
        "cosh" "(D)D" Short |call| math(call, strict_math::cosh);
        "tanh" "(D)D" Short |call| math(call, strict_math::tanh);
        "expm1" "(D)D" Short |call| math(call, libm::expm1);
        "log1p" "(D)D" Short |call| math(call, strict_math::log1p);
        "atan2" "(DD)D" Short |call| Outcome::double(strict_math::atan2(f64::from_bits(call.raw(0)), f64::from_bits(call.raw(1))));
        "IEEEremainder" "(DD)D" Short |call| Outcome::double(libm::remainder(f64::from_bits(call.raw(0)), f64::from_bits(call.raw(1))));
    }
    "java/lang/System" {
        "arraycopy" "(Ljava/lang/Object;ILjava/lang/Object;II)V" Divided array_copy;
        "identityHashCode" "(Ljava/lang/Object;)I" Short identity_hash;
        "nanoTime" "()J" Short |call| Outcome::long(call.vm.clock_ns() as i64);
        "currentTimeMillis" "()J" Short |call| Outcome::long((call.vm.platform.clock.wall_ns() / NS_PER_MS) as i64);
        "setIn0" "(Ljava/io/InputStream;)V" Short |call| set_static(call, "in");
        "setOut0" "(Ljava/io/PrintStream;)V" Short |call| set_static(call, "out");
        "setErr0" "(Ljava/io/PrintStream;)V" Short |call| set_static(call, "err");
        "mapLibraryName" "(Ljava/lang/String;)Ljava/lang/String;" Short map_library_name;
    }
    "java/lang/Runtime" {
        "availableProcessors" "()I" Short |_| Outcome::int(1);
        "maxMemory" "()J" Short |call| Outcome::long(call.vm.program_memory().0 as i64);
        "totalMemory" "()J" Short |call| Outcome::long(call.vm.program_memory().0 as i64);
        "freeMemory" "()J" Short |call| { let (limit, used) = call.vm.program_memory(); Outcome::long(limit.saturating_sub(used) as i64) };
        "gc" "()V" Idempotent |call| call.collect();
    }
    "java/lang/Thread" {
        "currentThread" "()Ljava/lang/Thread;" Short current_thread;
        "start0" "()V" Short start;
        "setPriority0" "(I)V" Short nothing;
        "setNativeName" "(Ljava/lang/String;)V" Short nothing;
        "yield" "()V" Idempotent |call| call.yield_turn();
        "sleep" "(J)V" Resumable sleep;
        "interrupt0" "()V" Short |call| { let of = call.vm.thread_of_java(call.reference_at(0)); if !of.is_null() { call.vm.interrupt_thread(of); } Outcome::VOID };
        "clearInterruptEvent" "()V" Short |call| { call.vm.forget_interrupt(); Outcome::VOID };
        "holdsLock" "(Ljava/lang/Object;)Z" Short |call| done(object(call, 0).map(|of| Outcome::truth(call.vm.holds_lock(of))));
    }
    "java/lang/Throwable" {
        "fillInStackTrace" "(I)Ljava/lang/Throwable;" Short |call| { let this = call.reference_at(0); call.vm.fill_backtrace(this); Outcome::value(this) };
    }
    "java/lang/NullPointerException" {
        "getExtendedNPEMessage" "()Ljava/lang/String;" Short null_message;
    }
    "java/lang/Shutdown" {
        "beforeHalt" "()V" Short nothing;
        "halt0" "(I)V" Idempotent |call| Outcome::Exit(call.int_at(0));
    }
};

fn get_class(call: &mut Call<'_>) -> Outcome {
    let class = call.vm.class_of(call.reference_at(0));
    Outcome::value(call.vm.mirror_of(class))
}

/// `Object.clone` (JLS 10.7, Object.clone): arrays and what implements Cloneable.
fn clone(call: &mut Call<'_>) -> Outcome {
    let this = call.reference_at(0);
    let class = call.vm.class_of(this);
    let cloneable = call.vm.known_class("java/lang/Cloneable");
    if !cloneable.is_some_and(|cloneable| call.vm.is_subclass(class, cloneable)) {
        let name = java_name(&call.vm.text(class, class::NAME));
        return call.throw_java("java/lang/CloneNotSupportedException", Some(&name));
    }
    match call.vm.clone_object(this) {
        Some(made) => Outcome::value(made),
        None => call.throw_java("java/lang/CloneNotSupportedException", None),
    }
}

/// The file of a native library, as on Linux.
fn map_library_name(call: &mut Call<'_>) -> Outcome {
    match text(call, 0) {
        Ok(name) => string(call, &format!("lib{name}.so")),
        Err(thrown) => thrown,
    }
}

fn same(call: &mut Call<'_>) -> Outcome {
    Outcome::Return(call.raw(0))
}

fn math(call: &mut Call<'_>, function: fn(f64) -> f64) -> Outcome {
    Outcome::double(function(f64::from_bits(call.raw(0))))
}

fn identity_hash(call: &mut Call<'_>) -> Outcome {
    let of = call.reference_at(0);
    if of.is_null() { Outcome::int(0) } else { Outcome::int(call.vm.identity_hash(of) as i32) }
}

fn set_static(call: &mut Call<'_>, name: &str) -> Outcome {
    let bits = call.raw(0);
    if let Some(system) = call.vm.known_class("java/lang/System")
        && let Some(target) = call.vm.field_named(system, name)
    {
        call.vm.store_field(Addr::NULL, target, bits);
    }
    Outcome::VOID
}

/// `System.arraycopy`: both arrays of one primitive kind, or both of references, whose elements are checked one by one
/// when their classes do not say enough; overlap is as if copied through a third array. Done in steps when it is much.
fn array_copy(call: &mut Call<'_>) -> Outcome {
    array_copied(call).unwrap_or_else(|outcome| outcome)
}

fn array_copied(call: &mut Call<'_>) -> Result<Outcome, Outcome> {
    let (from, to) = (object(call, 0)?, object(call, 2)?);
    let (a, b) = (call.vm.class_of(Value::object(from)), call.vm.class_of(Value::object(to)));
    let refs = |vm: &Vm, class: Addr| vm.get_u8(class, class::SHAPE) == Shape::RefArray as u8;
    let (of_refs, fits) = (refs(call.vm, a), a == b || refs(call.vm, a) && refs(call.vm, b));
    if !fits || !call.vm.is_array_class(a) {
        let text = copy_mismatch(call.vm, a, b);
        return Err(call.throw_java("java/lang/ArrayStoreException", Some(&text)));
    }
    let (from_at, to_at, count) = (call.int_at(1), call.int_at(3), call.int_at(4));
    if let Some(text) = copy_outside(call.vm, (from, from_at), (to, to_at), count) {
        return Err(call.throw_java("java/lang/ArrayIndexOutOfBoundsException", Some(&text)));
    }
    let (from_at, to_at, count) = (from_at as u64, to_at as u64, count as u64);
    let log2 = if of_refs { 3 } else { u32::from(call.vm.get_u8(a, class::ELEMENT_LOG2)) };
    let element = call.vm.ref_field(b, class::ELEMENT);
    let known = a == b || call.vm.is_subclass(call.vm.ref_field(a, class::ELEMENT), element);
    // In one array the later elements first when they move up.
    let backwards = from == to && to_at > from_at;
    call.frame_for(count << log2)?;
    call.in_steps(count, 1 << log2, |call, done, pieces| {
        let first = if backwards { count - done - pieces } else { done };
        let (from_at, to_at) = (from_at + first, to_at + first);
        let place = |array: Addr, at: u64| array.add(array::DATA + (at << log2));
        if !of_refs {
            call.vm.memory.copy(place(from, from_at), place(to, to_at), pieces << log2);
        } else if known {
            call.vm.heap.copy_refs(to, place(from, from_at), place(to, to_at), pieces);
        } else {
            for index in 0..pieces {
                let value = call.vm.array_get(from, from_at + index);
                if !value.is_null() && !call.vm.is_instance(value, element) {
                    let text = element_mismatch(call.vm, call.vm.ref_field(a, class::ELEMENT), element);
                    return Err(call.throw_java("java/lang/ArrayStoreException", Some(&text)));
                }
                call.vm.array_set(to, to_at + index, value);
            }
        }
        Ok(())
    })?;
    Ok(Outcome::VOID)
}

/// The kind of an array in messages about copies.
fn copy_kind(vm: &Vm, of: Addr) -> String {
    match bytecode::Elem::from_value(vm.get_u8(of, class::ELEMENT_KIND)) {
        Some(elem) if vm.ref_field(of, class::ELEMENT).is_null() => bytecode::desc::primitive(elem).into(),
        _ => "object array".into(),
    }
}

fn copy_mismatch(vm: &Vm, a: Addr, b: Addr) -> String {
    for (of, which) in [(a, "source"), (b, "destination")] {
        if !vm.is_array_class(of) {
            return format!("arraycopy: {which} type {} is not an array", vm.java_class_name(of));
        }
    }
    format!("arraycopy: type mismatch: can not copy {}[] into {}[]", copy_kind(vm, a), copy_kind(vm, b))
}

/// What is said of a copy that leaves one of the arrays.
fn copy_outside(vm: &Vm, from: (Addr, i32), to: (Addr, i32), count: i32) -> Option<String> {
    let array = |array: Addr| {
        format!("{}[{}]", copy_kind(vm, vm.class_of(Value::object(array))), vm.array_len(array))
    };
    for ((of, at), which) in [(from, "source"), (to, "destination")] {
        if at < 0 {
            return Some(format!("arraycopy: {which} index {at} out of bounds for {}", array(of)));
        }
    }
    if count < 0 {
        return Some(format!("arraycopy: length {count} is negative"));
    }
    for ((of, at), which) in [(from, "source"), (to, "destination")] {
        let end = at as u64 + count as u64;
        if end > vm.array_len(of) {
            return Some(format!("arraycopy: last {which} index {end} out of bounds for {}", array(of)));
        }
    }
    None
}

fn element_mismatch(vm: &Vm, from: Addr, to: Addr) -> String {
    let (a, b) = (vm.java_class_name(from), vm.java_class_name(to));
    if vm.is_subclass(to, from) {
        format!(
            "arraycopy: element type mismatch: can not cast one of the elements of {a}[] to the type of the destination \
             array, {b}"
        )
    } else {
        format!("arraycopy: type mismatch: can not copy {a}[] into {b}[]")
    }
}

/// `Thread.sleep` for so many milliseconds.
fn sleep(call: &mut Call<'_>) -> Outcome {
    match u64::try_from(call.long_at(0)) {
        Ok(ms) => call.sleep(ms.saturating_mul(NS_PER_MS)),
        Err(_) => call.throw_java("java/lang/IllegalArgumentException", Some("timeout value is negative")),
    }
}

fn start(call: &mut Call<'_>) -> Outcome {
    const RUNNABLE: u64 = 5;
    let this = call.this();
    let daemon = get(call.vm, this, "daemon") != 0;
    match call.vm.start_java_thread(Value::object(this), daemon) {
        Ok(()) => {
            set(call.vm, this, "threadStatus", RUNNABLE);
            Outcome::VOID
        }
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// What was null (JEP 358); null when that is not known.
fn null_message(call: &mut Call<'_>) -> Outcome {
    let this = call.reference_at(0);
    match call.vm.null_message(this) {
        Some(text) => string(call, &text),
        None => Outcome::value(Value::NULL),
    }
}
