//! Memory outside of objects, as `Unsafe.allocateMemory` gives it: byte arrays of the world, by numbers that mean the same
//! for ever.
//!
//! An address is the number of the array in a table of the world, and an offset: no address of the host is ever seen, so
//! direct buffers go over a restart like any object. Each access is checked.

use crate::support::{natives, set};
use alloc::vec::Vec;
use base::Addr;
use bytecode::Elem;
use layout::Value;
use layout::schema::{array, java_state};
use vm::internal::{Call, Outcome};
use vm::{Native, Vm};

/// Bits of an offset.
const OFFSET_BITS: u32 = 32;
/// Most bytes of one piece (1 GiB).
const BYTES_MAX: i64 = 1 << 30;
/// Entries of the first table.
const FIRST_ENTRIES: u64 = 64;
/// What programs take for the size of a page.
const PAGE_BYTES: u64 = 4096;

pub(crate) const NATIVES: &[Native] = natives! {
    "jdk/internal/misc/Unsafe" {
        "registerNatives" "()V" Resumable set_constants;
        "allocateMemory0" "(J)J" Short allocate_memory;
        "reallocateMemory0" "(JJ)J" Short reallocate_memory;
        "freeMemory0" "(J)V" Short free_memory;
        "copySwapMemory0" "(Ljava/lang/Object;JLjava/lang/Object;JJJ)V" Short copy_swapped;
    }
    "jdk/internal/perf/Perf" {
        "createLong" "(Ljava/lang/String;IIJ)Ljava/nio/ByteBuffer;" Resumable counter;
    }
};

/// The constants that the machine gives to `UnsafeConstants` when that is initialised.
fn set_constants(call: &mut Call<'_>) -> Outcome {
    let of = match call.vm.class_by_name("jdk/internal/misc/UnsafeConstants") {
        Ok(of) => of,
        Err(thrown) => return Outcome::Throw(thrown),
    };
    if call.vm.wants_initialising(of) {
        return Outcome::Initialise(of);
    }
    for (name, value) in [("ADDRESS_SIZE0", 8), ("PAGE_SIZE", PAGE_BYTES), ("UNALIGNED_ACCESS", 1)] {
        if let Some(place) = call.vm.field_named(of, name) {
            call.vm.store_field(Addr::NULL, place, value);
        }
    }
    Outcome::VOID
}

/// The array that an address leads to, and the offset in it.
fn piece(vm: &Vm, address: u64) -> Option<(Addr, u64)> {
    let table = vm.java_state(java_state::MEMORY).as_object()?;
    let index = (address >> OFFSET_BITS).checked_sub(1).filter(|index| *index < vm.array_len(table))?;
    let bytes = vm.array_get(table, index).as_object()?;
    Some((bytes, address & ((1 << OFFSET_BITS) - 1)))
}

/// The object and place of so many bytes at an address.
pub(crate) fn place(vm: &Vm, address: u64, bytes: u64) -> Option<(Addr, Addr)> {
    let (object, offset) = piece(vm, address)?;
    let inside = offset.checked_add(bytes).is_some_and(|end| end <= vm.array_len(object));
    inside.then(|| (object, object.add(array::DATA + offset)))
}

/// Bytes at an address.
pub(crate) fn read(vm: &Vm, address: u64, count: u64) -> Option<Vec<u8>> {
    let (_, at) = place(vm, address, count)?;
    let mut bytes = alloc::vec![0; count as usize];
    vm.memory.read_bytes(at, &mut bytes);
    Some(bytes)
}

/// Writes bytes at an address; whether they are inside.
pub(crate) fn write(vm: &Vm, address: u64, bytes: &[u8]) -> bool {
    let found = place(vm, address, bytes.len() as u64);
    if let Some((_, at)) = found {
        vm.memory.write_bytes(at, bytes);
    }
    found.is_some()
}

/// The bytes from an address up to a zero.
pub(crate) fn zero_ended(vm: &Vm, address: u64) -> Option<Vec<u8>> {
    let (object, offset) = piece(vm, address)?;
    let most = vm.array_len(object).checked_sub(offset)?;
    let mut bytes = read(vm, address, most)?;
    let end = bytes.iter().position(|byte| *byte == 0)?;
    bytes.truncate(end);
    Some(bytes)
}

/// A new piece of memory, zeroed; its address.
///
/// # Errors
/// What to throw when there is no room.
pub(crate) fn allocate(vm: &mut Vm, count: i64) -> Result<u64, Value> {
    let bytes = if count > BYTES_MAX { u64::MAX } else { count.max(1) as u64 };
    let class = vm.primitive_array_class(Elem::I8);
    let made = vm.try_new_array(class, bytes)?;
    let old = vm.java_state(java_state::MEMORY).as_object();
    let entries = old.map_or(0, |old| vm.array_len(old));
    let free = old.and_then(|old| (0..entries).find(|index| vm.array_get(old, *index).is_null()));
    let (table, index) = match (old, free) {
        (Some(old), Some(index)) => (old, index),
        _ => {
            let larger = vm.make_ref_array((2 * entries).max(FIRST_ENTRIES));
            for index in 0..entries {
                let there = old.map_or(Value::NULL, |old| vm.array_get(old, index));
                vm.array_set(larger, index, there);
            }
            vm.set_java_state(java_state::MEMORY, Value::object(larger));
            (larger, entries)
        }
    };
    vm.array_set(table, index, Value::object(made));
    Ok((index + 1) << OFFSET_BITS)
}

/// Gives a piece of memory back.
pub(crate) fn free(vm: &mut Vm, address: u64) {
    let Some(table) = vm.java_state(java_state::MEMORY).as_object() else { return };
    if let Some(index) = (address >> OFFSET_BITS).checked_sub(1)
        && index < vm.array_len(table)
    {
        vm.array_set(table, index, Value::NULL);
    }
}

/// Zero says that there is no room: the library throws.
fn allocate_memory(call: &mut Call<'_>) -> Outcome {
    let count = call.long_at(1);
    Outcome::long(allocate(call.vm, count).map_or(0, |address| address as i64))
}

fn reallocate_memory(call: &mut Call<'_>) -> Outcome {
    let (old, count) = (call.long_at(1) as u64, call.long_at(2));
    let Ok(made) = allocate(call.vm, count) else { return Outcome::long(0) };
    if let Some((from, 0)) = piece(call.vm, old)
        && let Some((to, _)) = piece(call.vm, made)
    {
        let common = call.vm.array_len(from).min(call.vm.array_len(to));
        call.vm.copy_bytes(from, 0, to, 0, common);
        free(call.vm, old);
    }
    Outcome::long(made as i64)
}

fn free_memory(call: &mut Call<'_>) -> Outcome {
    let address = call.long_at(1) as u64;
    free(call.vm, address);
    Outcome::VOID
}

/// Copies elements of so many bytes, the bytes of each turned around.
fn copy_swapped(call: &mut Call<'_>) -> Outcome {
    let (count, element) = (call.long_at(5) as u64, call.long_at(6).max(1) as usize);
    let found = (side(call, 1, count), side(call, 3, count));
    let (Some(from), Some(to)) = found else {
        return call.throw_java("java/lang/InternalError", Some("Unsafe: there is no such place to copy"));
    };
    let mut bytes = alloc::vec![0; count as usize];
    call.vm.memory.read_bytes(from, &mut bytes);
    bytes.chunks_mut(element).for_each(|chunk| chunk.reverse());
    call.vm.memory.write_bytes(to, &bytes);
    Outcome::VOID
}

fn side(call: &Call<'_>, at: u64, count: u64) -> Option<Addr> {
    let offset = call.long_at(at + 1) as u64;
    match call.reference_at(at).as_object() {
        Some(object) => call.vm.number_slot(object, offset, count),
        None => place(call.vm, offset, count).map(|(_, at)| at),
    }
}

/// The path that stands at the address in argument `index`, or what to throw.
pub(crate) fn path(call: &mut Call<'_>, index: u64) -> Result<alloc::string::String, Outcome> {
    let address = call.long_at(index) as u64;
    match zero_ended(call.vm, address) {
        Some(bytes) => Ok(alloc::string::String::from_utf8_lossy(&bytes).into_owned()),
        None => Err(call.throw_java("java/lang/InternalError", Some("there is no path at the address"))),
    }
}

/// A counter of the library's own performance data, in a buffer that nobody else sees.
fn counter(call: &mut Call<'_>) -> Outcome {
    const BYTES: u64 = 8;
    let of = match call.vm.class_by_name("java/nio/HeapByteBuffer") {
        Ok(of) => of,
        Err(thrown) => return Outcome::Throw(thrown),
    };
    if call.vm.wants_initialising(of) {
        return Outcome::Initialise(of);
    }
    let (made, bytes) = (call.vm.new_object(of), call.vm.make_bytes(BYTES));
    for (field, value) in [
        ("hb", bytes.0),
        ("mark", u64::from(u32::MAX)),
        ("limit", BYTES),
        ("capacity", BYTES),
        ("address", array::DATA),
        ("bigEndian", 1),
    ] {
        set(call.vm, made, field, value);
    }
    Outcome::object(made)
}
