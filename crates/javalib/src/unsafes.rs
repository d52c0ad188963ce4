//! `jdk.internal.misc.Unsafe`: fields and elements by offset.
//!
//! Offsets are those of the object's layout in the world, so they stay good for ever. Every access is checked: it lies
//! inside the object and does not mix references with numbers; so a program that computes a wrong offset gets an
//! `InternalError` and does not break the world. Memory outside of objects is that of `offheap`.
//! A comparison with its exchange is one step also for workers that run bytecode meanwhile.

use crate::support::{CELL, CELL_KIND_SHIFT, natives, offset_of, text};
use base::Addr;
use bytecode::Elem;
use core::sync::atomic::{Ordering, fence};
use layout::schema::{Shape, array, class, field};
use vm::Native;
use vm::internal::{Call, Outcome};

const NS_PER_MS: u64 = 1_000_000;

pub(crate) const NATIVES: &[Native] = natives! {
    "jdk/internal/misc/Unsafe" {
        "getInt" "(Ljava/lang/Object;J)I" Short |call| load(call, Elem::I32);
        "getIntVolatile" "(Ljava/lang/Object;J)I" Short |call| load(call, Elem::I32);
        "getFloat" "(Ljava/lang/Object;J)F" Short |call| load(call, Elem::F32);
        "getFloatVolatile" "(Ljava/lang/Object;J)F" Short |call| load(call, Elem::F32);
        "getLong" "(Ljava/lang/Object;J)J" Short |call| load(call, Elem::I64);
        "getLongVolatile" "(Ljava/lang/Object;J)J" Short |call| load(call, Elem::I64);
        "getDouble" "(Ljava/lang/Object;J)D" Short |call| load(call, Elem::F64);
        "getDoubleVolatile" "(Ljava/lang/Object;J)D" Short |call| load(call, Elem::F64);
        "getBoolean" "(Ljava/lang/Object;J)Z" Short |call| load(call, Elem::Bool);
        "getBooleanVolatile" "(Ljava/lang/Object;J)Z" Short |call| load(call, Elem::Bool);
        "getByte" "(Ljava/lang/Object;J)B" Short |call| load(call, Elem::I8);
        "getByteVolatile" "(Ljava/lang/Object;J)B" Short |call| load(call, Elem::I8);
        "getShort" "(Ljava/lang/Object;J)S" Short |call| load(call, Elem::I16);
        "getShortVolatile" "(Ljava/lang/Object;J)S" Short |call| load(call, Elem::I16);
        "getChar" "(Ljava/lang/Object;J)C" Short |call| load(call, Elem::U16);
        "getCharVolatile" "(Ljava/lang/Object;J)C" Short |call| load(call, Elem::U16);
        "putInt" "(Ljava/lang/Object;JI)V" Short |call| store(call, Elem::I32);
        "putIntVolatile" "(Ljava/lang/Object;JI)V" Short |call| store(call, Elem::I32);
        "putFloat" "(Ljava/lang/Object;JF)V" Short |call| store(call, Elem::F32);
        "putFloatVolatile" "(Ljava/lang/Object;JF)V" Short |call| store(call, Elem::F32);
        "putLong" "(Ljava/lang/Object;JJ)V" Short |call| store(call, Elem::I64);
        "putLongVolatile" "(Ljava/lang/Object;JJ)V" Short |call| store(call, Elem::I64);
        "putDouble" "(Ljava/lang/Object;JD)V" Short |call| store(call, Elem::F64);
        "putDoubleVolatile" "(Ljava/lang/Object;JD)V" Short |call| store(call, Elem::F64);
        "putBoolean" "(Ljava/lang/Object;JZ)V" Short |call| store(call, Elem::Bool);
        "putBooleanVolatile" "(Ljava/lang/Object;JZ)V" Short |call| store(call, Elem::Bool);
        "putByte" "(Ljava/lang/Object;JB)V" Short |call| store(call, Elem::I8);
        "putByteVolatile" "(Ljava/lang/Object;JB)V" Short |call| store(call, Elem::I8);
        "putShort" "(Ljava/lang/Object;JS)V" Short |call| store(call, Elem::I16);
        "putShortVolatile" "(Ljava/lang/Object;JS)V" Short |call| store(call, Elem::I16);
        "putChar" "(Ljava/lang/Object;JC)V" Short |call| store(call, Elem::U16);
        "putCharVolatile" "(Ljava/lang/Object;JC)V" Short |call| store(call, Elem::U16);
        "getReference" "(Ljava/lang/Object;J)Ljava/lang/Object;" Short load_reference;
        "getReferenceVolatile" "(Ljava/lang/Object;J)Ljava/lang/Object;" Short load_reference;
        "putReference" "(Ljava/lang/Object;JLjava/lang/Object;)V" Short store_reference;
        "putReferenceVolatile" "(Ljava/lang/Object;JLjava/lang/Object;)V" Short store_reference;
        "compareAndSetInt" "(Ljava/lang/Object;JII)Z" Short |call| exchange(call, Elem::I32, true);
        "compareAndExchangeInt" "(Ljava/lang/Object;JII)I" Short |call| exchange(call, Elem::I32, false);
        "compareAndSetLong" "(Ljava/lang/Object;JJJ)Z" Short |call| exchange(call, Elem::I64, true);
        "compareAndExchangeLong" "(Ljava/lang/Object;JJJ)J" Short |call| exchange(call, Elem::I64, false);
        "compareAndExchangeByte" "(Ljava/lang/Object;JBB)B" Short |call| exchange(call, Elem::I8, false);
        "compareAndExchangeShort" "(Ljava/lang/Object;JSS)S" Short |call| exchange(call, Elem::I16, false);
        "compareAndSetReference" "(Ljava/lang/Object;JLjava/lang/Object;Ljava/lang/Object;)Z" Short |call| exchange_reference(call, true);
        "compareAndExchangeReference" "(Ljava/lang/Object;JLjava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;" Short |call| exchange_reference(call, false);
        "loadFence" "()V" Short full_fence;
        "storeFence" "()V" Short full_fence;
        "fullFence" "()V" Short full_fence;
        "objectFieldOffset1" "(Ljava/lang/Class;Ljava/lang/String;)J" Short field_offset_by_name;
        "arrayBaseOffset0" "(Ljava/lang/Class;)I" Short |_| Outcome::int(array::DATA as i32);
        "arrayIndexScale0" "(Ljava/lang/Class;)I" Short index_scale;
        "shouldBeInitialized0" "(Ljava/lang/Class;)Z" Short should_be_initialised;
        "ensureClassInitialized0" "(Ljava/lang/Class;)V" Resumable ensure_initialised;
        "allocateInstance" "(Ljava/lang/Class;)Ljava/lang/Object;" Resumable allocate_instance;
        "throwException" "(Ljava/lang/Throwable;)V" Short |call| Outcome::Throw(call.reference_at(1));
        "park" "(ZJ)V" Resumable park;
        "unpark" "(Ljava/lang/Object;)V" Short unpark;
        "setMemory0" "(Ljava/lang/Object;JJB)V" Short set_memory;
        "copyMemory0" "(Ljava/lang/Object;JLjava/lang/Object;JJ)V" Short copy_memory;
    }
};

/// Bytes of a value of a primitive type.
fn bytes_of(elem: Elem) -> u64 {
    match elem {
        Elem::Bool | Elem::I8 => 1,
        Elem::I16 | Elem::U16 => 2,
        Elem::I32 | Elem::F32 => 4,
        Elem::I64 | Elem::F64 => 8,
    }
}

/// Where the object and offset in arguments `at` and `at + 1` lead, when so many bytes of numbers (or a reference) stand
/// there.
fn place(call: &mut Call<'_>, at: u64, bytes: u64, reference: bool) -> Result<(Addr, Addr), Outcome> {
    let offset = call.long_at(at + 1) as u64;
    let found = call.reference_at(at).as_object().and_then(|object| {
        let place = if reference {
            call.vm.reference_slot(object, offset)
        } else {
            call.vm.number_slot(object, offset, bytes)
        };
        place.map(|place| (object, place))
    });
    let found = match found {
        None if call.reference_at(at).is_null() && !reference => {
            crate::offheap::place(call.vm, offset, bytes)
        }
        found => found,
    };
    found.ok_or_else(|| {
        let text = "Unsafe: there is no such place in the object, or no such memory outside of objects";
        call.throw_java("java/lang/InternalError", Some(text))
    })
}

/// Where a number stands. A static field's cell is a whole slot, of which so many bits up the number begins.
enum Number {
    At(Addr),
    Cell { at: Addr, kind: Elem, shift: u32 },
}

/// The place that arguments 1 and 2 lead to, for a number of so many bytes.
fn number_place(call: &mut Call<'_>, bytes: u64) -> Result<Number, Outcome> {
    let offset = call.long_at(2) as u64;
    let kind = Elem::from_value((offset >> CELL_KIND_SHIFT) as u8 & !(CELL >> CELL_KIND_SHIFT) as u8);
    if let (CELL, Some(kind), Some(cells)) = (offset & CELL, kind, call.reference_at(1).as_object()) {
        let (offset, from) = (offset & ((1 << CELL_KIND_SHIFT) - 1) & !7, offset & 7);
        let cell = call.vm.number_slot(cells, offset, 8).filter(|_| from + bytes <= 8);
        if let Some(at) = cell {
            return Ok(Number::Cell { at, kind, shift: 8 * from as u32 });
        }
    }
    place(call, 1, bytes, false).map(|(_, at)| Number::At(at))
}

/// The low bytes of a word.
fn low(bits: u64, bytes: u64) -> u64 {
    bits & (u64::MAX >> (64 - 8 * bytes))
}

/// A number of a type in the form of a slot.
fn slot(elem: Elem, bits: u64) -> u64 {
    match elem {
        Elem::Bool => u64::from(bits as u8 != 0),
        Elem::I8 => u64::from(i32::from(bits as i8) as u32),
        Elem::U16 => u64::from(bits as u16),
        Elem::I16 => u64::from(i32::from(bits as i16) as u32),
        Elem::I32 | Elem::F32 => u64::from(bits as u32),
        Elem::I64 | Elem::F64 => bits,
    }
}

/// A slot with other bytes in it, in the form of the field's type.
fn merged(old: u64, bits: u64, bytes: u64, kind: Elem, shift: u32) -> u64 {
    slot(kind, old & !(low(u64::MAX, bytes) << shift) | low(bits, bytes) << shift)
}

fn load(call: &mut Call<'_>, elem: Elem) -> Outcome {
    let bytes = bytes_of(elem);
    fence(Ordering::SeqCst);
    match number_place(call, bytes) {
        Ok(Number::At(at)) => Outcome::Return(slot(elem, call.vm.load_number(at, bytes))),
        Ok(Number::Cell { at, shift, .. }) => {
            Outcome::Return(slot(elem, call.vm.memory.load_u64(at) >> shift))
        }
        Err(thrown) => thrown,
    }
}

fn store(call: &mut Call<'_>, elem: Elem) -> Outcome {
    let (bytes, bits) = (bytes_of(elem), slot(elem, call.raw(3)));
    fence(Ordering::SeqCst);
    match number_place(call, bytes) {
        Ok(Number::At(at)) => call.vm.store_number(at, bytes, bits),
        Ok(Number::Cell { at, kind, shift }) => {
            let old = call.vm.memory.load_u64(at);
            call.vm.memory.store_u64(at, merged(old, bits, bytes, kind, shift));
        }
        Err(thrown) => return thrown,
    }
    fence(Ordering::SeqCst);
    Outcome::VOID
}

fn load_reference(call: &mut Call<'_>) -> Outcome {
    fence(Ordering::SeqCst);
    match place(call, 1, 8, true) {
        Ok((_, at)) => Outcome::Return(call.vm.memory.load_u64(at)),
        Err(thrown) => thrown,
    }
}

fn store_reference(call: &mut Call<'_>) -> Outcome {
    match place(call, 1, 8, true) {
        Ok((object, at)) => {
            let value = call.reference_at(3);
            fence(Ordering::SeqCst);
            call.vm.heap.write_ref(object, at, value);
            fence(Ordering::SeqCst);
            Outcome::VOID
        }
        Err(thrown) => thrown,
    }
}

/// Replaces a number by another if it is the expected one; what was found.
fn exchanged(call: &mut Call<'_>, at: Addr, bytes: u64, expected: u64, new: u64) -> u64 {
    let memory = &call.vm.memory;
    if !at.0.is_multiple_of(bytes) {
        let found = call.vm.load_number(at, bytes);
        if found == expected {
            call.vm.store_number(at, bytes, new);
        }
        return found;
    }
    // Other workers write such fields without the kernel's lock.
    let result = match bytes {
        1 => memory.compare_exchange_u8(at, expected as u8, new as u8).map_err(u64::from).err(),
        2 => memory.compare_exchange_u16(at, expected as u16, new as u16).map_err(u64::from).err(),
        4 => memory.compare_exchange_u32(at, expected as u32, new as u32).map_err(u64::from).err(),
        _ => memory.compare_exchange_u64(at, expected, new).err(),
    };
    result.unwrap_or(expected)
}

fn exchange(call: &mut Call<'_>, elem: Elem, set: bool) -> Outcome {
    let bytes = bytes_of(elem);
    let (expected, new) = (low(call.raw(3), bytes), low(call.raw(4), bytes));
    let found = match number_place(call, bytes) {
        Ok(Number::At(at)) => exchanged(call, at, bytes, expected, new),
        Ok(Number::Cell { at, kind, shift }) => loop {
            let old = call.vm.memory.load_u64(at);
            let found = low(old >> shift, bytes);
            let next = merged(old, new, bytes, kind, shift);
            if found != expected || call.vm.memory.compare_exchange_u64(at, old, next).is_ok() {
                break found;
            }
        },
        Err(thrown) => return thrown,
    };
    Outcome::Return(if set { u64::from(found == expected) } else { slot(elem, found) })
}

fn exchange_reference(call: &mut Call<'_>, set: bool) -> Outcome {
    match place(call, 1, 8, true) {
        Ok((object, at)) => {
            let (expected, wanted) = (call.reference_at(3), call.reference_at(4));
            let result = call.vm.heap.exchange_ref(object, at, expected, wanted);
            let found = result.err().unwrap_or(expected);
            Outcome::Return(if set { u64::from(result.is_ok()) } else { found.0 })
        }
        Err(thrown) => thrown,
    }
}

fn full_fence(_: &mut Call<'_>) -> Outcome {
    fence(Ordering::SeqCst);
    Outcome::VOID
}

fn field_offset_by_name(call: &mut Call<'_>) -> Outcome {
    let name = match text(call, 2) {
        Ok(name) => name,
        Err(thrown) => return thrown,
    };
    let of = call.vm.class_of_mirror(call.reference_at(1));
    let found = if of.is_null() { None } else { call.vm.field_named(of, &name) };
    match found.filter(|found| call.vm.ref_field(*found, field::CLASS) == of) {
        Some(found) => Outcome::long(offset_of(call.vm, found) as i64),
        None => call.throw_java("java/lang/InternalError", Some(&name)),
    }
}

fn index_scale(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.class_of_mirror(call.reference_at(1));
    if of.is_null() {
        return call.throw_java("java/lang/InvalidClassException", None);
    }
    if call.vm.get_u8(of, class::SHAPE) == Shape::RefArray as u8 {
        return Outcome::int(8);
    }
    Outcome::int(1 << call.vm.get_u8(of, class::ELEMENT_LOG2))
}

fn should_be_initialised(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.class_of_mirror(call.reference_at(1));
    Outcome::truth(!of.is_null() && call.vm.wants_initialising(of))
}

fn ensure_initialised(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.class_of_mirror(call.reference_at(1));
    if !of.is_null() && call.vm.wants_initialising(of) {
        return Outcome::Initialise(of);
    }
    Outcome::VOID
}

fn allocate_instance(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.class_of_mirror(call.reference_at(1));
    if of.is_null() || !call.vm.has_instances(of) {
        return call.throw_java("java/lang/InstantiationException", None);
    }
    if call.vm.wants_initialising(of) {
        return Outcome::Initialise(of);
    }
    Outcome::object(call.vm.new_object(of))
}

/// `park(isAbsolute, time)`: absolute milliseconds since 1970, or nanoseconds from now, 0 for ever. Number 0: the time by
/// the world clock at which it ends.
fn park(call: &mut Call<'_>) -> Outcome {
    let (absolute, time) = (call.int_at(1) != 0, call.long_at(2));
    if call.phase() == 0 && (absolute || time != 0) {
        let now = call.vm.clock_ns();
        let ns = if absolute {
            let wall = call.vm.platform.clock.wall_ns();
            (time.max(0) as u64).saturating_mul(NS_PER_MS).saturating_sub(wall)
        } else {
            time.max(0) as u64
        };
        call.set_number(0, now.saturating_add(ns).max(1));
    }
    let until = Some(call.number(0)).filter(|ns| *ns != 0);
    call.park(until)
}

fn unpark(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.thread_of_java(call.reference_at(1));
    if !of.is_null() {
        call.vm.unpark(of);
    }
    Outcome::VOID
}

fn set_memory(call: &mut Call<'_>) -> Outcome {
    let (count, byte) = (call.long_at(3) as u64, call.int_at(4) as u8);
    match place(call, 1, count, false) {
        Ok((_, at)) => {
            call.vm.memory.fill(at, count, byte);
            call.vm.worked(count);
            Outcome::VOID
        }
        Err(thrown) => thrown,
    }
}

fn copy_memory(call: &mut Call<'_>) -> Outcome {
    let count = call.long_at(5) as u64;
    let (from, to) = match (place(call, 1, count, false), place(call, 3, count, false)) {
        (Ok((_, from)), Ok((_, to))) => (from, to),
        (Err(thrown), _) | (_, Err(thrown)) => return thrown,
    };
    call.vm.memory.copy(from, to, count);
    call.vm.worked(count);
    Outcome::VOID
}
