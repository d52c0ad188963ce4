//! `.internal.directory`: a hash map that keeps the order of insertion.
//!
//! Pairs stand one behind the other in a ref array; an index of u32, open addressing with linear steps, leads from a hash
//! to the number of a pair plus one. A removed pair leaves a null key and, in the index, a mark; both go when the pairs
//! are laid out anew, which happens when the array of pairs is full. The index has twice as many cells as there is room
//! for pairs, so at most half of them are in use.
//!
//! Strings and numbers are keys by class and value (an int is never the same key as a long), other objects by identity.

use super::number::same_number;
use super::steps::{PAIR_UNITS, difference};
use super::support::{BYTES_MAX, Bytes, Step, methods};
use super::{Call, Methods, Outcome, container};
use crate::Vm;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, directory};

pub(super) const METHODS: Methods = methods! {
    3 clone;
    5 |call: &mut Call<'_>| Ok(call.return_string(b"(directory)"));
    8 put;
    9 get;
    10 remove;
    11 |call: &mut Call<'_>| Ok(Outcome::int(call.vm.get_u64(call.this(), directory::COUNT) as i32));
    12 iterate;
    13 |call: &mut Call<'_>| Ok(Outcome::object(parts_of(call, 0)?));
    16 set_method;
    17 |call: &mut Call<'_>| Ok(Outcome::truth(find_argument(call)?.is_some()));
    18 |call: &mut Call<'_>| Ok(Outcome::object(parts_of(call, 1)?));
    19 clear;
    20 iterate;
};

/// What `put` returns when the key is there (EEXIST).
const EXISTS: i32 = 17;
/// What `remove` returns when the key is not there (ENOENT).
const MISSING: i32 = 2;
/// Most pairs, removed ones included.
const PAIRS_MAX: u64 = 1 << 28;
const FIRST_PAIRS: u64 = 8;
/// Units for a pair whose key or value is collected.
const PART_UNITS: u64 = 24;
/// Cell of the index that belonged to a removed pair.
const REMOVED: u32 = u32::MAX;

/// Keys that are longer are compared in steps.
const LONG_KEY_BYTES: u64 = 16 << 10;
/// Bits of the number of bytes of a key that were compared.
const COMPARED_BITS: u32 = 31;
const COMPARED_MASK: u64 = (1 << COMPARED_BITS) - 1;
const _: () = assert!(BYTES_MAX <= COMPARED_MASK);

/// Where a key stands.
#[derive(Clone, Copy)]
struct Found {
    pair: u64,
    cell: Addr,
}

fn same_key(vm: &Vm, a: Value, b: Value) -> bool {
    if a == b {
        return true;
    }
    match (Bytes::of_string(vm, a), Bytes::of_string(vm, b)) {
        (Some(a), Some(b)) => a.same(vm, b),
        (None, None) => same_number(vm, a, b),
        _ => false,
    }
}

fn cell(index: Addr, at: u64) -> Addr {
    index.add(array::DATA + 4 * at)
}

/// The place of a key in one piece, however long it is.
fn find(vm: &mut Vm, object: Addr, key: Value) -> Option<Found> {
    let mut probe = Probe::of(vm, object, key, 0)?;
    while let Some((found, there)) = probe.next(vm) {
        if there == key || same_key(vm, there, key) {
            return Some(found);
        }
    }
    None
}

/// A walk over the pairs that a key may be that of.
struct Probe {
    entries: Addr,
    index: Addr,
    hash: u32,
    /// How many cells were looked at.
    steps: u64,
}

impl Probe {
    /// `None` when there can be no such pair. It begins behind so many cells.
    fn of(vm: &mut Vm, object: Addr, key: Value, steps: u64) -> Option<Probe> {
        let index = vm.get_ref(object, directory::INDEX).as_object()?;
        if key.is_null() {
            return None;
        }
        let entries = vm.ref_field(object, directory::ENTRIES);
        Some(Probe { entries, index, hash: vm.identity_hash(key), steps })
    }

    /// The next pair whose key has the same hash, with that key. The hash of a key is in its header; comparing it first
    /// spares most comparisons of texts.
    fn next(&mut self, vm: &mut Vm) -> Option<(Found, Value)> {
        let mask = vm.array_len(self.index) / 4 - 1;
        loop {
            let place = cell(self.index, (u64::from(self.hash) + self.steps) & mask);
            let number = vm.memory.load_u32(place);
            if number == 0 {
                return None;
            }
            self.steps += 1;
            if number == REMOVED {
                continue;
            }
            let pair = u64::from(number) - 1;
            let there = vm.array_get(self.entries, 2 * pair);
            if vm.identity_hash(there) == self.hash {
                return Some((Found { pair, cell: place }, there));
            }
        }
    }
}

/// Both as long texts of one length, if that is what they are: to be compared in steps.
fn long_texts(vm: &Vm, a: Value, b: Value) -> Option<(Bytes, Bytes)> {
    let (a, b) = (Bytes::of_string(vm, a)?, Bytes::of_string(vm, b)?);
    (a.len == b.len && a.len > LONG_KEY_BYTES).then_some((a, b))
}

/// The place of a key, in steps where long texts are compared. In a frame number 1 says of which state of the directory the
/// others are; number 0 how many cells were passed and, in its lower [`COMPARED_BITS`], how much of the key at the next was
/// compared. Stage 1: the key is not there, and the numbers are free for what comes.
fn find_in_steps(call: &mut Call<'_>, object: Addr, key: Value) -> Result<Option<Found>, Outcome> {
    let changes = call.vm.get_u64(object, directory::CHANGES);
    if call.is_framed() && (!call.is_unchanged(changes) || call.stage() == 0) {
        call.set_stage(0);
        let found = find_framed(call, object, key)?;
        call.set_number(0, 0);
        if found.is_none() {
            call.set_stage(1);
        }
        return Ok(found);
    }
    if call.is_framed() {
        return Ok(None);
    }
    let Some(mut probe) = Probe::of(call.vm, object, key, 0) else { return Ok(None) };
    while let Some((found, there)) = probe.next(call.vm) {
        if there != key
            && let Some((a, _)) = long_texts(call.vm, there, key)
        {
            call.frame_for(a.len)?;
        }
        if there == key || same_key(call.vm, there, key) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn find_framed(call: &mut Call<'_>, object: Addr, key: Value) -> Result<Option<Found>, Outcome> {
    let (passed, mut compared) = (call.number(0) >> COMPARED_BITS, call.number(0) & COMPARED_MASK);
    let Some(mut probe) = Probe::of(call.vm, object, key, passed) else { return Ok(None) };
    loop {
        let passed = probe.steps;
        let Some((found, there)) = probe.next(call.vm) else { return Ok(None) };
        if there == key {
            return Ok(Some(found));
        }
        let Some((a, b)) = long_texts(call.vm, there, key) else {
            if same_key(call.vm, there, key) {
                return Ok(Some(found));
            }
            continue;
        };
        while compared < a.len {
            let count = call.vm.step_units().min(a.len - compared);
            if difference(call.vm, a, compared, b, compared, count).is_some() {
                break;
            }
            compared += count;
            call.set_number(0, passed << COMPARED_BITS | compared);
            call.did(count)?;
        }
        if compared == a.len {
            return Ok(Some(found));
        }
        compared = 0;
        call.set_number(0, probe.steps << COMPARED_BITS);
    }
}

/// Enters a pair, whose key is not there, into arrays that have room.
fn append(vm: &mut Vm, entries: Addr, index: Addr, pair: u64, key: Value, value: Value) {
    let mask = vm.array_len(index) / 4 - 1;
    let mut at = u64::from(vm.identity_hash(key)) & mask;
    while !matches!(vm.memory.load_u32(cell(index, at)), 0 | REMOVED) {
        at = (at + 1) & mask;
    }
    vm.memory.store_u32(cell(index, at), pair as u32 + 1);
    vm.array_set(entries, 2 * pair, key);
    vm.array_set(entries, 2 * pair + 1, value);
}

/// New arrays with room for the pairs of a directory and some more. With many removed pairs, their room is enough.
fn new_arrays(call: &mut Call<'_>, count: u64) -> Result<(Addr, Addr), Outcome> {
    let room = (count + count / 2 + 1).next_power_of_two().max(FIRST_PAIRS);
    if room > PAIRS_MAX {
        return Err(call.throw_string("directory is too large"));
    }
    call.fits(call.vm.object_array, 2 * room)?;
    Ok((call.vm.make_ref_array(2 * room), call.vm.make_bytes(2 * room * 4)))
}

/// Takes over a pair that was not removed: number `at` of the old becomes number `pair` of the new. The number after it.
fn take_over(vm: &mut Vm, old: Addr, at: u64, (entries, index): (Addr, Addr), pair: u64) -> u64 {
    let key = vm.array_get(old, 2 * at);
    if key.is_null() {
        return pair;
    }
    let value = vm.array_get(old, 2 * at + 1);
    append(vm, entries, index, pair, key, value);
    pair + 1
}

/// What `object` consists of from now on: arrays with `count` pairs, all in use.
fn replace(vm: &mut Vm, object: Addr, (entries, index): (Addr, Addr), count: u64) {
    vm.set_ref(object, directory::ENTRIES, Value::object(entries));
    vm.set_ref(object, directory::INDEX, Value::object(index));
    vm.set_u64(object, directory::USED, count);
    vm.set_u64(object, directory::COUNT, count);
    changed(vm, object);
}

fn changed(vm: &mut Vm, object: Addr) {
    let changes = vm.get_u64(object, directory::CHANGES);
    vm.set_u64(object, directory::CHANGES, changes + 1);
}

/// The pairs of a directory laid out anew, in one piece: both arrays, and how many pairs there are.
fn laid_out(call: &mut Call<'_>, from: Addr) -> Result<(Addr, Addr, u64), Outcome> {
    let (count, used) = (call.vm.get_u64(from, directory::COUNT), call.vm.get_u64(from, directory::USED));
    let old = call.vm.ref_field(from, directory::ENTRIES);
    let new = new_arrays(call, count)?;
    let mut pair = 0;
    for at in 0..used {
        pair = take_over(call.vm, old, at, new, pair);
    }
    Ok((new.0, new.1, pair))
}

/// As [`laid_out`], in steps if there are many. Both numbers and references of the frame are used, and zero and null
/// afterwards; number 0 is the next pair of the old and, in the upper half, of the new.
fn lay_out(call: &mut Call<'_>, from: Addr) -> Result<(Addr, Addr, u64), Outcome> {
    let (count, used) = (call.vm.get_u64(from, directory::COUNT), call.vm.get_u64(from, directory::USED));
    let old = call.vm.ref_field(from, directory::ENTRIES);
    call.frame_for(used * PAIR_UNITS)?;
    if !call.is_framed() {
        return laid_out(call, from);
    }
    let changes = call.vm.get_u64(from, directory::CHANGES);
    if !call.is_unchanged(changes) || call.reference(0).is_null() {
        let new = new_arrays(call, count)?;
        call.set_reference(0, Value::object(new.0));
        call.set_reference(1, Value::object(new.1));
    }
    let [entries, index] = [0, 1].map(|number| call.reference(number).as_object().unwrap_or_default());
    loop {
        let (at, pair) = (call.number(0) & u64::from(u32::MAX), call.number(0) >> 32);
        if at == used {
            call.begin_anew();
            return Ok((entries, index, pair));
        }
        let pair = take_over(call.vm, old, at, (entries, index), pair);
        call.set_number(0, pair << 32 | (at + 1));
        call.did(PAIR_UNITS)?;
    }
}

/// Whether another pair has room.
fn has_room(vm: &Vm, object: Addr) -> bool {
    let entries = vm.ref_field(object, directory::ENTRIES);
    !entries.is_null() && vm.get_u64(object, directory::USED) < vm.array_len(entries) / 2
}

/// Enters a pair whose key is not there; room is made in steps, if it takes many.
fn enter(call: &mut Call<'_>, object: Addr, key: Value, value: Value) -> Result<(), Outcome> {
    if key.is_null() {
        return Err(call.throw_string("directory key is null"));
    }
    if !has_room(call.vm, object) {
        let (entries, index, count) = lay_out(call, object)?;
        replace(call.vm, object, (entries, index), count);
    }
    enter_in_room(call.vm, object, key, value);
    Ok(())
}

/// Enters a pair whose key is not there, and which has room.
fn enter_in_room(vm: &mut Vm, object: Addr, key: Value, value: Value) {
    let (used, count) = (vm.get_u64(object, directory::USED), vm.get_u64(object, directory::COUNT));
    let entries = vm.ref_field(object, directory::ENTRIES);
    let index = vm.ref_field(object, directory::INDEX);
    append(vm, entries, index, used, key, value);
    vm.set_u64(object, directory::USED, used + 1);
    vm.set_u64(object, directory::COUNT, count + 1);
    changed(vm, object);
}

/// Fills a new directory with pairs whose keys differ; what the kernel itself makes.
pub(crate) fn fill(vm: &mut Vm, object: Addr, pairs: &[(Value, Value)]) {
    let room = (pairs.len() as u64).next_power_of_two().max(FIRST_PAIRS);
    let (entries, index) = (vm.make_ref_array(2 * room), vm.make_bytes(2 * room * 4));
    for (pair, (key, value)) in pairs.iter().enumerate() {
        append(vm, entries, index, pair as u64, *key, *value);
    }
    vm.set_ref(object, directory::ENTRIES, Value::object(entries));
    vm.set_ref(object, directory::INDEX, Value::object(index));
    vm.set_u64(object, directory::USED, pairs.len() as u64);
    vm.set_u64(object, directory::COUNT, pairs.len() as u64);
}

/// Sets the value of a key, which is not null, of a directory that nobody else knows yet; false when there is no room.
pub(super) fn set_in_room(vm: &mut Vm, object: Addr, key: Value, value: Value) -> bool {
    if let Some(found) = find(vm, object, key) {
        replace_value(vm, object, found, value);
        return true;
    }
    let has_room = has_room(vm, object);
    if has_room {
        enter_in_room(vm, object, key, value);
    }
    has_room
}

/// Arrays with more room, for a directory that nobody else knows yet: they are to be filled.
pub(super) fn larger_arrays(call: &mut Call<'_>, object: Addr) -> Result<(Addr, Addr), Outcome> {
    let count = call.vm.get_u64(object, directory::COUNT);
    new_arrays(call, count)
}

/// Copies pairs from number `at` on to larger arrays, so many at most: how many. None was ever removed. When none is left
/// the arrays become the directory's.
pub(super) fn fill_arrays(vm: &mut Vm, object: Addr, larger: (Addr, Addr), at: u64, most: u64) -> u64 {
    let used = vm.get_u64(object, directory::USED);
    let old = vm.ref_field(object, directory::ENTRIES);
    let copied = most.min(used - at);
    for pair in at..at + copied {
        take_over(vm, old, pair, larger, pair);
    }
    if copied == 0 {
        replace(vm, object, larger, used);
    }
    copied
}

/// Sets the value of a pair; returns the one it had.
fn replace_value(vm: &mut Vm, object: Addr, found: Found, value: Value) -> Value {
    let entries = vm.ref_field(object, directory::ENTRIES);
    let old = vm.array_get(entries, 2 * found.pair + 1);
    vm.array_set(entries, 2 * found.pair + 1, value);
    changed(vm, object);
    old
}

fn find_argument(call: &mut Call<'_>) -> Result<Option<Found>, Outcome> {
    let (this, key) = (call.this(), call.value(0));
    find_in_steps(call, this, key)
}

fn put(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    if find_argument(call)?.is_some() {
        return Ok(Outcome::int(EXISTS));
    }
    let (this, key, value) = (call.this(), call.value(0), call.value(1));
    enter(call, this, key, value)?;
    Ok(Outcome::int(0))
}

fn get(call: &mut Call<'_>) -> Step {
    let Some(found) = find_argument(call)? else { return Ok(Outcome::value(Value::NULL)) };
    let entries = call.vm.ref_field(call.this(), directory::ENTRIES);
    Ok(Outcome::value(call.vm.array_get(entries, 2 * found.pair + 1)))
}

fn remove(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let Some(found) = find_argument(call)? else { return Ok(Outcome::int(MISSING)) };
    let this = call.this();
    let count = call.vm.get_u64(this, directory::COUNT) - 1;
    if count == 0 {
        return clear(call).map(|_| Outcome::int(0));
    }
    call.vm.memory.store_u32(found.cell, REMOVED);
    let entries = call.vm.ref_field(this, directory::ENTRIES);
    call.vm.array_set(entries, 2 * found.pair, Value::NULL);
    call.vm.array_set(entries, 2 * found.pair + 1, Value::NULL);
    call.vm.set_u64(this, directory::COUNT, count);
    changed(call.vm, this);
    Ok(Outcome::int(0))
}

/// A new container of all keys (`part` 0) or values (1). Number 0 of a frame is the next pair.
fn parts_of(call: &mut Call<'_>, part: u64) -> Result<Addr, Outcome> {
    let this = call.this();
    let (count, used) = (call.vm.get_u64(this, directory::COUNT), call.vm.get_u64(this, directory::USED));
    call.frame_for(used * PART_UNITS)?;
    if call.is_framed() {
        let changes = call.vm.get_u64(this, directory::CHANGES);
        call.is_unchanged(changes);
    }
    let all = call.kept(0, |call| {
        let all = call.vm.new_kernel(ClassId::Container);
        container::reserve_new(call, all, count)?;
        Ok(all)
    })?;
    let entries = call.vm.ref_field(this, directory::ENTRIES);
    call.in_steps(used, PART_UNITS, |call, at, pieces| {
        for pair in at..at + pieces {
            if !call.vm.array_get(entries, 2 * pair).is_null() {
                let element = call.vm.array_get(entries, 2 * pair + part);
                container::push(call, all, element)?;
            }
        }
        Ok(())
    })?;
    Ok(all)
}

fn iterate(call: &mut Call<'_>) -> Step {
    let keys = parts_of(call, 0)?;
    Ok(container::iterator_over(call, keys))
}

fn set_method(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, key, value) = (call.this(), call.value(0), call.value(1));
    match find_in_steps(call, this, key)? {
        Some(found) => Ok(Outcome::value(replace_value(call.vm, this, found, value))),
        None => enter(call, this, key, value).map(|()| Outcome::value(Value::NULL)),
    }
}

fn clone(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    copy_of(call, receiver).map(Outcome::object)
}

/// Another directory with the same pairs. Numbers and references of a frame as in [`lay_out`].
pub(super) fn copy_of(call: &mut Call<'_>, directory: Value) -> Result<Addr, Outcome> {
    let (entries, index, count) = lay_out(call, directory.as_object().unwrap_or_default())?;
    let Some(copy) = call.vm.clone_object(directory).and_then(Value::as_object) else {
        return Err(call.throw_string("clone is not possible"));
    };
    replace(call.vm, copy, (entries, index), count);
    Ok(copy)
}

fn clear(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let this = call.this();
    call.vm.set_ref(this, directory::ENTRIES, Value::NULL);
    call.vm.set_ref(this, directory::INDEX, Value::NULL);
    call.vm.set_u64(this, directory::USED, 0);
    call.vm.set_u64(this, directory::COUNT, 0);
    changed(call.vm, this);
    Ok(Outcome::VOID)
}
