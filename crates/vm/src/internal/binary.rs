//! `.internal.binary`: bytes that a program reads and writes. Numbers are little-endian and need not be aligned.

use super::support::{Bytes, Step, bytes_changed, clone_bytes, hash_bytes, methods, set_used};
use super::sync::WAKE_UNITS;
use super::{Call, Methods, Outcome};
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::binary;

pub(super) const METHODS: Methods = methods! {
    3 clone_bytes;
    4 equals;
    8 |call: &mut Call<'_>| { let this = this(call); call.byte_at(this, OUT_OF_BOUNDS) };
    9 set_byte;
    10 set_range;
    11 |call: &mut Call<'_>| Ok(Outcome::int(this(call).len as i32));
    15 hash_bytes;
    16 |call: &mut Call<'_>| Ok(Outcome::int(i32::from_le_bytes(load(call)?)));
    17 |call: &mut Call<'_>| { let number = call.int(1); store(call, &number.to_le_bytes()) };
    18 |call: &mut Call<'_>| Ok(Outcome::long(i64::from_le_bytes(load(call)?)));
    19 |call: &mut Call<'_>| { let number = call.long(1); store(call, &number.to_le_bytes()) };
    20 text;
    21 resize;
    22 set_text;
    23 notify;
};

/// So many threads that wait at an address are woken in a step.
const WAKES_A_STEP: u64 = 64;
/// Ordinal of `notify`.
pub(crate) const NOTIFY: u32 = 23;
const OUT_OF_BOUNDS: &str = "binary index out of bounds";

fn this(call: &mut Call<'_>) -> Bytes {
    Bytes::in_use(call.vm, call.this())
}

/// Where `len` bytes from `index` begin, if all of them are inside.
fn checked(call: &mut Call<'_>, bytes: Bytes, index: i32, len: u64) -> Result<u64, Outcome> {
    let inside = index >= 0 && (index as u64).checked_add(len).is_some_and(|end| end <= bytes.len);
    if inside { Ok(index as u64) } else { Err(call.throw_string(OUT_OF_BOUNDS)) }
}

/// The bytes of a number at the index in parameter 0.
fn load<const N: usize>(call: &mut Call<'_>) -> Result<[u8; N], Outcome> {
    let (bytes, index) = (this(call), call.int(0));
    let from = checked(call, bytes, index, N as u64)?;
    let mut number = [0; N];
    call.vm.read_bytes(bytes.array, from, &mut number);
    Ok(number)
}

/// Writes at the index in parameter 0.
fn store(call: &mut Call<'_>, written: &[u8]) -> Step {
    call.changeable()?;
    let (bytes, index) = (this(call), call.int(0));
    let to = checked(call, bytes, index, written.len() as u64)?;
    if !written.is_empty() {
        call.vm.write_bytes(bytes.array, to, written);
        let object = call.this();
        bytes_changed(call, object);
    }
    Ok(Outcome::VOID)
}

fn equals(call: &mut Call<'_>) -> Step {
    let (this, value) = (this(call), call.value(0));
    let other = value.as_object().filter(|_| call.vm.is_kernel(value, ClassId::Binary));
    match other {
        Some(other) => {
            let other = Bytes::in_use(call.vm, other);
            Ok(Outcome::truth(call.same_in_steps(this, other)?))
        }
        None => Ok(Outcome::truth(false)),
    }
}

fn set_byte(call: &mut Call<'_>) -> Step {
    let byte = call.int(1) as u8;
    store(call, &[byte])
}

fn set_range(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let source = call.object(0, ClassId::Binary, "binary.setRange source is not a binary")?;
    let (from, to) = (Bytes::in_use(call.vm, source), this(call));
    let (to_at, from_at, len) = (call.int(1), call.int(2), call.int(3));
    if len < 0 {
        return Err(call.throw_string(OUT_OF_BOUNDS));
    }
    let len = len as u64;
    let (to_at, from_at) = (checked(call, to, to_at, len)?, checked(call, from, from_at, len)?);
    call.frame_for(len)?;
    call.copy_in_steps(from, from_at, to.array, to_at, len)?;
    let object = call.this();
    bytes_changed(call, object);
    Ok(Outcome::VOID)
}

fn text(call: &mut Call<'_>) -> Step {
    let (bytes, index, len) = (this(call), call.int(0), call.int(1));
    if len < 0 {
        return Err(call.throw_string(OUT_OF_BOUNDS));
    }
    let from = checked(call, bytes, index, len as u64)?;
    call.part(bytes, from, len as u64)
}

fn resize(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (object, len) = (call.this(), call.int(0));
    set_size(call, object, len)?;
    Ok(Outcome::VOID)
}

/// Sets the number of bytes; new ones are zero.
pub(super) fn set_size(call: &mut Call<'_>, object: Addr, len: i32) -> Result<(), Outcome> {
    if len < 0 {
        return Err(call.throw_string("binary size is negative"));
    }
    let (old, len) = (Bytes::in_use(call.vm, object), len as u64);
    if len < old.len {
        // What is cut off must read as zero when the binary grows again.
        call.frame_for(len)?;
        if call.is_framed() {
            let changes = call.vm.get_u64(object, binary::CHANGES);
            call.is_unchanged(changes);
        }
        let array = call.kept(0, |call| Ok(call.vm.make_bytes(len)))?;
        call.copy_in_steps(old, 0, array, 0, len)?;
        call.vm.set_ref(object, binary::BYTES, Value::object(array));
        call.vm.set_u64(object, binary::USED, len);
        bytes_changed(call, object);
        return Ok(());
    }
    set_used(call, object, len)
}

fn set_text(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let string = call.string_object(1, "binary.setText argument is not a string")?;
    let (bytes, index) = (this(call), call.int(0));
    let to = checked(call, bytes, index, string.len)?;
    call.frame_for(string.len)?;
    call.copy_in_steps(string, 0, bytes.array, to, string.len)?;
    let object = call.this();
    bytes_changed(call, object);
    Ok(Outcome::VOID)
}

/// Many are woken in steps: number 0 is how many were, number 1 how many will be at most, which those who come to wait
/// meanwhile do not add to.
fn notify(call: &mut Call<'_>) -> Step {
    let (object, at, most) = (call.this(), call.long(0) as u64, u64::from(call.int(1) as u32));
    let most = most.min(call.vm.address_waiters());
    if !call.is_framed() {
        call.frame_for(most * WAKE_UNITS)?;
        return Ok(Outcome::int(call.vm.wake_at_address(object, at, most as u32) as i32));
    }
    if call.stage() == 0 {
        call.set_number(1, most);
        call.set_stage(1);
    }
    loop {
        let (woken, most) = (call.number(0), call.number(1));
        let step = (most - woken).min(WAKES_A_STEP);
        let now = u64::from(call.vm.wake_at_address(object, at, step as u32));
        call.set_number(0, woken + now);
        if now < step || woken + now == most {
            return Ok(Outcome::int((woken + now) as i32));
        }
        call.did(step * WAKE_UNITS)?;
    }
}
