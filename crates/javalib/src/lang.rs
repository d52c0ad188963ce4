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
        "arraycopy" "(Ljava/lang/Object;ILjava/lang/Object;II)V" Short array_copy;
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
        "sleep" "(J)V" Resumable |call| { let ms = call.long_at(0).max(0) as u64; call.sleep(ms.saturating_mul(NS_PER_MS)) };
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

/// A name as the files of libraries have it on Linux.
fn map_library_name(call: &mut Call<'_>) -> Outcome {
    done(text(call, 0).map(|name| string(call, &format!("lib{name}.so"))))
}

/// `System.arraycopy`: both arrays of one primitive kind, or both of references, whose elements are checked one by one
/// when their classes do not say enough; overlap is as if copied through a third array. Texts are HotSpot's.
fn array_copy(call: &mut Call<'_>) -> Outcome {
    let (from, to) = match object(call, 0).and_then(|from| Ok((from, object(call, 2)?))) {
        Ok(both) => both,
        Err(thrown) => return thrown,
    };
    let (from_at, to_at, count) = (call.int_at(1), call.int_at(3), call.int_at(4));
    let vm = &call.vm;
    let (a, b) = (vm.class_of(Value::object(from)), vm.class_of(Value::object(to)));
    let refs = |class: Addr| vm.get_u8(class, class::SHAPE) == Shape::RefArray as u8;
    if let Some(text) = misfit(vm, a, b) {
        return call.throw_java("java/lang/ArrayStoreException", Some(&text));
    }
    if let Some(text) = outside(vm, (from, from_at), (to, to_at), count) {
        return call.throw_java("java/lang/ArrayIndexOutOfBoundsException", Some(&text));
    }
    let (from_at, to_at, count) = (from_at as u64, to_at as u64, count as u64);
    if !refs(a) {
        let log2 = u32::from(call.vm.get_u8(a, class::ELEMENT_LOG2));
        let (source, target) =
            (from.add(array::DATA + (from_at << log2)), to.add(array::DATA + (to_at << log2)));
        call.vm.memory.copy(source, target, count << log2);
        call.vm.worked(count << log2);
        return Outcome::VOID;
    }
    call.vm.worked(8 * count);
    let element = call.vm.ref_field(b, class::ELEMENT);
    let known = a == b || call.vm.is_subclass(call.vm.ref_field(a, class::ELEMENT), element);
    if known {
        let (source, target) = (from.add(array::DATA + 8 * from_at), to.add(array::DATA + 8 * to_at));
        call.vm.heap.copy_refs(to, source, target, count);
        return Outcome::VOID;
    }
    for index in 0..count {
        let value = call.vm.array_get(from, from_at + index);
        if !value.is_null() && !call.vm.is_instance(value, element) {
            let own = call.vm.ref_field(a, class::ELEMENT);
            let (source, target) = (external(call.vm, own), external(call.vm, element));
            let text = if call.vm.is_subclass(element, own) {
                format!(
                    "element type mismatch: can not cast one of the elements of {source}[] to the type of the destination array, {target}"
                )
            } else {
                format!("type mismatch: can not copy {source}[] into {target}[]")
            };
            let text = format!("arraycopy: {text}");
            return call.throw_java("java/lang/ArrayStoreException", Some(&text));
        }
        call.vm.array_set(to, to_at + index, value);
    }
    Outcome::VOID
}

/// Why what is no array, or an array of another kind, cannot be copied from or to.
fn misfit(vm: &Vm, from: Addr, to: Addr) -> Option<String> {
    let refs = |class: Addr| vm.get_u8(class, class::SHAPE) == Shape::RefArray as u8;
    let kind = |class: Addr| if refs(class) { "object array[]".into() } else { external(vm, class) };
    if !vm.is_array_class(from) {
        return Some(format!("arraycopy: source type {} is not an array", external(vm, from)));
    }
    if !vm.is_array_class(to) {
        return Some(format!("arraycopy: destination type {} is not an array", external(vm, to)));
    }
    if from == to || refs(from) && refs(to) {
        return None;
    }
    Some(format!("arraycopy: type mismatch: can not copy {} into {}", kind(from), kind(to)))
}

/// Why a range of elements is not in one of the arrays.
fn outside(vm: &Vm, from: (Addr, i32), to: (Addr, i32), count: i32) -> Option<String> {
    let of = |array: Addr| {
        let class = vm.class_of(Value::object(array));
        let length = vm.array_len(array);
        if vm.get_u8(class, class::SHAPE) == Shape::RefArray as u8 {
            format!("object array[{length}]")
        } else {
            external(vm, class).replace("[]", &format!("[{length}]"))
        }
    };
    let sides = [("source", "last source", from), ("destination", "last destination", to)];
    let text = if let Some((name, _, (array, at))) = sides.iter().find(|(.., (_, at))| *at < 0) {
        format!("{name} index {at} out of bounds for {}", of(*array))
    } else if count < 0 {
        format!("length {count} is negative")
    } else {
        let last = |at: i32| i64::from(at) + i64::from(count);
        let (_, name, (array, at)) =
            sides.iter().find(|(.., (array, at))| last(*at) > vm.array_len(*array) as i64)?;
        format!("{name} index {} out of bounds for {}", last(*at), of(*array))
    };
    Some(format!("arraycopy: {text}"))
}

/// Name of a class as source text has it.
fn external(vm: &Vm, class: Addr) -> String {
    let name = vm.text(class, class::NAME);
    let dimensions = name.len() - name.trim_start_matches('[').len();
    let plain = match bytecode::TypeDesc::parse(&name[dimensions..]) {
        _ if dimensions == 0 => java_name(&name),
        Ok(bytecode::TypeDesc::Prim(elem)) => java::primitive(elem).into(),
        Ok(bytecode::TypeDesc::Class(name)) => java_name(&name),
        _ => name.clone(),
    };
    plain + &"[]".repeat(dimensions)
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
