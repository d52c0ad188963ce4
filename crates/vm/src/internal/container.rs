//! `.internal.container.array`: elements in an array of references that doubles.

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

/// Makes room for `wanted` elements.
fn reserve(call: &mut Call<'_>, object: Addr, wanted: u64) -> Result<(), Outcome> {
    let old = page(call, object);
    let room = if old.is_null() { 0 } else { call.vm.array_len(old) };
    if wanted <= room {
        return Ok(());
    }
    if wanted > ELEMENTS_MAX {
        return Err(call.throw_string("array is too large"));
    }
    let room = wanted.max(2 * room).clamp(FIRST_ELEMENTS, ELEMENTS_MAX);
    call.fits(call.vm.object_array, room)?;
    let grown = call.vm.make_ref_array(room);
    if !old.is_null() {
        let count = used(call, object);
        call.vm.heap.copy_refs(grown, old.add(array::DATA), grown.add(array::DATA), count);
    }
    call.vm.set_ref(object, container::PAGE, Value::object(grown));
    Ok(())
}

/// Adds an element at the end; returns its index.
pub(super) fn push(call: &mut Call<'_>, object: Addr, value: Value) -> Result<u64, Outcome> {
    let index = used(call, object);
    reserve(call, object, index + 1)?;
    let page = page(call, object);
    call.vm.array_set(page, index, value);
    call.vm.set_u64(object, container::USED, index + 1);
    Ok(index)
}

/// A new container with `len` elements of `from`, a ref array, from `at` on.
pub(super) fn from_refs(call: &mut Call<'_>, from: Addr, at: u64, len: u64) -> Result<Addr, Outcome> {
    let new = call.vm.new_kernel(ClassId::Container);
    if len > 0 {
        reserve(call, new, len)?;
        let to = page(call, new);
        call.vm.heap.copy_refs(to, from.add(array::DATA + 8 * at), to.add(array::DATA), len);
        call.vm.set_u64(new, container::USED, len);
    }
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
    let Some(copy) = call.vm.clone_object(receiver).and_then(Value::as_object) else {
        return Err(call.throw_string("clone is not possible"));
    };
    let count = used(call, old);
    let from = page(call, old);
    let elements = from_refs(call, from, 0, count)?;
    let own = call.vm.get_ref(elements, container::PAGE);
    call.vm.set_ref(copy, container::PAGE, own);
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
    let from = page(call, this);
    Ok(Outcome::object(from_refs(call, from, index as u64, len)?))
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
    reserve(call, this, index + 1)?;
    let page = page(call, this);
    call.vm.array_set(page, index, value);
    call.vm.set_u64(this, container::USED, count.max(index + 1));
    Ok(Outcome::value(value))
}

fn add(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, value) = (call.this(), call.value(0));
    Ok(Outcome::int(push(call, this, value)? as i32))
}

/// Takes the element at `index` out; it is there.
fn take(call: &mut Call<'_>, index: u64) -> Outcome {
    let this = call.this();
    let (page, last) = (page(call, this), used(call, this) - 1);
    let value = call.vm.array_get(page, index);
    let slot = page.add(array::DATA + 8 * index);
    call.vm.heap.copy_refs(page, slot.add(8), slot, last - index);
    call.vm.array_set(page, last, Value::NULL);
    call.vm.set_u64(this, container::USED, last);
    Outcome::value(value)
}

fn remove_last(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    match used(call, call.this()) {
        0 => Err(call.throw_string("array removeLast - array is empty")),
        count => Ok(take(call, count - 1)),
    }
}

fn insert(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (index, value, this) = (call.int(0), call.value(1), call.this());
    let count = used(call, this);
    if index < 0 || index as u64 > count {
        return Err(call.throw_string("array insert - index is out of bounds"));
    }
    reserve(call, this, count + 1)?;
    let page = page(call, this);
    let slot = page.add(array::DATA + 8 * index as u64);
    call.vm.heap.copy_refs(page, slot, slot.add(8), count - index as u64);
    call.vm.array_set(page, index as u64, value);
    call.vm.set_u64(this, container::USED, count + 1);
    Ok(Outcome::VOID)
}

fn remove_at(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    element(call, "array removeAt - index is out of bounds")?;
    let index = call.int(0) as u64;
    Ok(take(call, index))
}

fn clear(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let this = call.this();
    call.vm.set_u64(this, container::USED, 0);
    call.vm.set_ref(this, container::PAGE, Value::NULL);
    Ok(Outcome::VOID)
}
