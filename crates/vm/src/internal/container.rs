//! `.internal.container.array`: elements in an array of references that doubles.

use super::steps::{MOVED_UNITS, REF_UNITS};
use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, container, iterator};

pub(super) const METHODS: Methods = methods! {
    3 clone;
    5 |call: &mut Call<'_>| Ok(call.return_string(b"array"));
    8 iterate;
    9 subarray;
    10 |call: &mut Call<'_>| Ok(Outcome::value(element(call, "array get - index is out of bounds")?));
    11 set;
    12 |call: &mut Call<'_>| Ok(Outcome::int(used(call, call.this()) as i32));
    16 add;
    17 remove_last;
    18 insert;
    19 remove_at;
    20 clear;
};

/// Most elements (2 GiB of references).
const ELEMENTS_MAX: u64 = 1 << 28;
/// How far behind the last element `set` may grow an array at once.
const GAP_MAX: u64 = 1 << 24;
/// Elements to begin with.
const FIRST_ELEMENTS: u64 = 16;

fn used(call: &Call<'_>, object: Addr) -> u64 {
    call.vm.get_u64(object, container::USED)
}

fn page(call: &Call<'_>, object: Addr) -> Addr {
    call.vm.ref_field(object, container::PAGE)
}

/// Element `index` of a container, if there is one.
pub(super) fn get(call: &Call<'_>, object: Addr, index: u64) -> Option<Value> {
    (index < used(call, object)).then(|| call.vm.array_get(page(call, object), index))
}

/// The element at the index in parameter 0.
fn element(call: &mut Call<'_>, what: &str) -> Result<Value, Outcome> {
    let index = call.int(0);
    let found = if index < 0 { None } else { get(call, call.this(), index as u64) };
    found.ok_or_else(|| call.throw_string(what))
}

/// How many elements a page that has room for so many gets when it must have room for `wanted`.
fn room_wanted(call: &mut Call<'_>, room: u64, wanted: u64) -> Result<u64, Outcome> {
    if wanted > ELEMENTS_MAX {
        return Err(call.throw_string("array is too large"));
    }
    let room = wanted.max(2 * room).clamp(FIRST_ELEMENTS, ELEMENTS_MAX);
    call.fits(call.vm.object_array, room)?;
    Ok(room)
}

/// Makes room for `wanted` elements in one piece: of a container that nobody else knows yet.
fn reserve(call: &mut Call<'_>, object: Addr, wanted: u64) -> Result<(), Outcome> {
    let old = page(call, object);
    let room = if old.is_null() { 0 } else { call.vm.array_len(old) };
    if wanted <= room {
        return Ok(());
    }
    let room = room_wanted(call, room, wanted)?;
    let grown = call.vm.make_ref_array(room);
    if !old.is_null() {
        let count = used(call, object);
        call.vm.heap.copy_refs(grown, old.add(array::DATA), grown.add(array::DATA), count);
    }
    call.vm.set_ref(object, container::PAGE, Value::object(grown));
    Ok(())
}

/// Gives a new container exactly so much room, if it is much.
pub(super) fn reserve_new(call: &mut Call<'_>, object: Addr, count: u64) -> Result<(), Outcome> {
    reserve(call, object, count)
}

/// Counts a change of the container, and writes what it consists of now.
fn changed(call: &mut Call<'_>, object: Addr, page: Addr, count: u64) {
    let changes = call.vm.get_u64(object, container::CHANGES);
    call.vm.set_u64(object, container::CHANGES, changes + 1);
    if call.vm.ref_field(object, container::PAGE) != page {
        call.vm.set_ref(object, container::PAGE, Value::object(page));
    }
    call.vm.set_u64(object, container::USED, count);
}

/// Copies references between ref arrays; the ranges are inside.
fn copy_refs(call: &mut Call<'_>, from: Addr, from_at: u64, to: Addr, to_at: u64, count: u64) {
    let (from, to_slot) = (from.add(array::DATA + 8 * from_at), to.add(array::DATA + 8 * to_at));
    call.vm.heap.copy_refs(to, from, to_slot, count);
}

/// A page with the elements of the container, of which those from `index` on stand `gap` further on, and with room for
/// `wanted`: the old one, when there is room and little to move, else a new one that is not yet the container's. The
/// elements before `index` and the old ones behind are there when this returns, and nobody has changed any since.
fn page_with_gap(
    call: &mut Call<'_>,
    object: Addr,
    index: u64,
    gap: u64,
    wanted: u64,
) -> Result<Addr, Outcome> {
    let (old, count) = (page(call, object), used(call, object));
    let room = if old.is_null() { 0 } else { call.vm.array_len(old) };
    let moved = (count - index.min(count)) * u64::from(gap != 0);
    if wanted <= room && (call.frame_for(moved * MOVED_UNITS).is_ok() && !call.is_framed()) {
        if moved > 0 {
            copy_refs(call, old, index, old, index + gap, moved);
        }
        return Ok(old);
    }
    if wanted <= room && moved == 0 {
        return Ok(old);
    }
    let room = if wanted <= room { room } else { room_wanted(call, room, wanted)? };
    call.frame_for(count * REF_UNITS)?;
    if call.is_framed() {
        let changes = call.vm.get_u64(object, container::CHANGES);
        call.is_unchanged(changes);
    }
    let new = call.kept(0, |call| Ok(call.vm.make_ref_array(room)))?;
    call.in_steps(count, REF_UNITS, |call, at, pieces| {
        let before = index.saturating_sub(at).min(pieces);
        copy_refs(call, old, at, new, at, before);
        copy_refs(call, old, at + before, new, at + before + gap, pieces - before);
        Ok(())
    })?;
    Ok(new)
}

/// Adds an element at the end; returns its index.
pub(super) fn push(call: &mut Call<'_>, object: Addr, value: Value) -> Result<u64, Outcome> {
    let index = used(call, object);
    reserve(call, object, index + 1)?;
    let has_room = push_in_room(call, object, value);
    assert!(has_room, "room was made");
    Ok(index)
}

/// Adds an element to a container that nobody else knows yet; false when there is no room.
pub(super) fn push_in_room(call: &mut Call<'_>, object: Addr, value: Value) -> bool {
    let (index, page) = (used(call, object), page(call, object));
    if page.is_null() || index == call.vm.array_len(page) {
        return false;
    }
    call.vm.array_set(page, index, value);
    call.vm.set_u64(object, container::USED, index + 1);
    true
}

/// A page with more room, for a container that nobody else knows yet: it is to be filled.
pub(super) fn larger_page(call: &mut Call<'_>, object: Addr) -> Result<Addr, Outcome> {
    let room = used(call, object);
    let room = room_wanted(call, room, room + 1)?;
    Ok(call.vm.make_ref_array(room))
}

/// Copies elements from `at` on to a larger page, so many at most: how many. When none is left the page becomes the
/// container's.
pub(super) fn fill_page(call: &mut Call<'_>, object: Addr, larger: Addr, at: u64, most: u64) -> u64 {
    let copied = most.min(used(call, object) - at);
    if copied > 0 {
        let old = page(call, object);
        copy_refs(call, old, at, larger, at, copied);
    } else {
        call.vm.set_ref(object, container::PAGE, Value::object(larger));
    }
    copied
}

/// A new container with `len` elements of another one from `at` on, which are there. In a frame it is reference 0.
fn part_of(call: &mut Call<'_>, object: Addr, at: u64, len: u64) -> Result<Addr, Outcome> {
    call.frame_for(len * REF_UNITS)?;
    let new = call.kept(0, |call| {
        let new = call.vm.new_kernel(ClassId::Container);
        if len > 0 {
            reserve(call, new, len)?;
            call.vm.set_u64(new, container::USED, len);
        }
        Ok(new)
    })?;
    // There may be fewer than when this began.
    let len = len.min(used(call, new));
    let (from, to) = (page(call, object), page(call, new));
    call.in_steps(len, REF_UNITS, |call, done, pieces| {
        copy_refs(call, from, at + done, to, done, pieces);
        Ok(())
    })?;
    Ok(new)
}

/// A new iterator over a container.
pub(super) fn iterator_over(call: &mut Call<'_>, container: Addr) -> Outcome {
    let new = call.vm.new_kernel(ClassId::Iterator);
    call.vm.set_ref(new, iterator::OVER, Value::object(container));
    Outcome::object(new)
}

fn clone(call: &mut Call<'_>) -> Step {
    let (receiver, old) = (call.receiver(), call.this());
    let count = used(call, old);
    let elements = part_of(call, old, 0, count)?;
    let Some(copy) = call.vm.clone_object(receiver).and_then(Value::as_object) else {
        return Err(call.throw_string("clone is not possible"));
    };
    let own = call.vm.get_ref(elements, container::PAGE);
    call.vm.set_ref(copy, container::PAGE, own);
    let count = used(call, elements);
    call.vm.set_u64(copy, container::USED, count);
    Ok(Outcome::object(copy))
}

fn iterate(call: &mut Call<'_>) -> Step {
    let this = call.this();
    Ok(iterator_over(call, this))
}

fn subarray(call: &mut Call<'_>) -> Step {
    let (index, len, this) = (call.int(0), call.int(1), call.this());
    let count = used(call, this);
    if index < 0 || index as u64 > count {
        return Err(call.throw_string("array subarray - index is out of bounds"));
    }
    if len < 0 {
        return Err(call.throw_string("array subarray - length is negative"));
    }
    let len = (len as u64).min(count - index as u64);
    Ok(Outcome::object(part_of(call, this, index as u64, len)?))
}

fn set(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (value, index, this) = (call.value(0), call.int(1), call.this());
    if index < 0 {
        return Err(call.throw_string("array set - index is out of bounds"));
    }
    let (index, count) = (index as u64, used(call, this));
    if index > count + GAP_MAX {
        return Err(call.throw_string("array set - index is too far behind the last element"));
    }
    let page = page_with_gap(call, this, count, 0, index + 1)?;
    call.vm.array_set(page, index, value);
    changed(call, this, page, count.max(index + 1));
    Ok(Outcome::value(value))
}

fn add(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, value) = (call.this(), call.value(0));
    let index = used(call, this);
    let page = page_with_gap(call, this, index, 0, index + 1)?;
    call.vm.array_set(page, index, value);
    changed(call, this, page, index + 1);
    Ok(Outcome::int(index as i32))
}

/// Takes the element at `index` out; it is there.
fn take(call: &mut Call<'_>, index: u64) -> Step {
    let this = call.this();
    let (old, last) = (page(call, this), used(call, this) - 1);
    let value = call.vm.array_get(old, index);
    let moved = last - index;
    if call.frame_for(moved * MOVED_UNITS).is_ok() && !call.is_framed() {
        copy_refs(call, old, index + 1, old, index, moved);
        call.vm.array_set(old, last, Value::NULL);
        changed(call, this, old, last);
        return Ok(Outcome::value(value));
    }
    call.frame_for(moved * REF_UNITS)?;
    let changes = call.vm.get_u64(this, container::CHANGES);
    call.is_unchanged(changes);
    let room = call.vm.array_len(old);
    call.fits(call.vm.object_array, room)?;
    let new = call.kept(0, |call| Ok(call.vm.make_ref_array(room)))?;
    call.in_steps(last, REF_UNITS, |call, at, pieces| {
        let before = index.saturating_sub(at).min(pieces);
        copy_refs(call, old, at, new, at, before);
        copy_refs(call, old, at + before + 1, new, at + before, pieces - before);
        Ok(())
    })?;
    changed(call, this, new, last);
    Ok(Outcome::value(value))
}

fn remove_last(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    match used(call, call.this()) {
        0 => Err(call.throw_string("array removeLast - array is empty")),
        count => take(call, count - 1),
    }
}

fn insert(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (index, value, this) = (call.int(0), call.value(1), call.this());
    let count = used(call, this);
    if index < 0 || index as u64 > count {
        return Err(call.throw_string("array insert - index is out of bounds"));
    }
    let index = index as u64;
    let page = page_with_gap(call, this, index, 1, count + 1)?;
    call.vm.array_set(page, index, value);
    changed(call, this, page, count + 1);
    Ok(Outcome::VOID)
}

fn remove_at(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    element(call, "array removeAt - index is out of bounds")?;
    let index = call.int(0) as u64;
    take(call, index)
}

fn clear(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let this = call.this();
    changed(call, this, Addr::NULL, 0);
    Ok(Outcome::VOID)
}
