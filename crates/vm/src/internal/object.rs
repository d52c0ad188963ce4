//! `.internal.object`: what every object can do.

use super::steps::REF_UNITS;
use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use base::Addr;
use layout::Value;
use layout::schema::{Shape, array, class, header};

pub(super) const METHODS: Methods = methods! {
    0 |_: &mut Call<'_>| Ok(Outcome::VOID);
    1 |_: &mut Call<'_>| Ok(Outcome::VOID);
    2 |call: &mut Call<'_>| Ok(Outcome::object(call.vm.class_of(call.receiver())));
    3 clone;
    4 |call: &mut Call<'_>| Ok(Outcome::truth(call.receiver() == call.value(0)));
    5 to_string;
    6 |call: &mut Call<'_>| Ok(call.return_string(b"<void>"));
    7 |call: &mut Call<'_>| Err(call.throw_string("fromXML is not possible"));
    14 set_immutable;
    15 hash_code;
};

/// Elements of arrays are copied by words; an array ends at a word.
const WORD_BYTES: u64 = 8;
const _: () = assert!(header::ALIGN.is_multiple_of(WORD_BYTES) && array::DATA.is_multiple_of(WORD_BYTES));

/// Reference 0 of a frame is the copy of a large array.
fn clone(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    let Some(object) = receiver.as_object() else {
        let void = receiver.is_null();
        return if void { Err(call.throw_string("void clone called")) } else { Ok(Outcome::value(receiver)) };
    };
    let class = call.vm.class_of(receiver);
    let shape = Shape::from_u8(call.vm.get_u8(class, class::SHAPE));
    if let Some(shape @ (Shape::RefArray | Shape::PrimArray)) = shape {
        return clone_array(call, class, shape, object);
    }
    match call.vm.clone_object(receiver) {
        Some(copy) => Ok(Outcome::value(copy)),
        None => Err(call.throw_string("clone is not possible")),
    }
}

fn clone_array(call: &mut Call<'_>, class: Addr, shape: Shape, from: Addr) -> Step {
    let len = call.vm.array_len(from);
    let bytes = call.vm.array_bytes(class, len) - array::DATA;
    call.fits(class, len)?;
    call.frame_for(bytes)?;
    let to = call.kept(0, |call| Ok(call.vm.new_array(class, len)))?;
    if shape == Shape::RefArray {
        call.in_steps(len, REF_UNITS, |call, at, count| {
            let (from, slot) = (from.add(array::DATA + 8 * at), to.add(array::DATA + 8 * at));
            call.vm.heap.copy_refs(to, from, slot, count);
            Ok(())
        })?;
    } else {
        call.in_steps(bytes / WORD_BYTES, WORD_BYTES, |call, at, count| {
            let at = array::DATA + WORD_BYTES * at;
            call.vm.memory.copy(from.add(at), to.add(at), WORD_BYTES * count);
            Ok(())
        })?;
    }
    Ok(Outcome::object(to))
}

/// The original says `(void)` for all objects without a method of their own; the name of the class says more.
fn to_string(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    if receiver.is_null() {
        return Ok(call.return_string(b"(void)"));
    }
    let class_object = call.vm.class_of(receiver);
    Ok(Outcome::value(call.vm.get_ref(class_object, class::NAME)))
}

fn set_immutable(call: &mut Call<'_>) -> Step {
    if let Some(object) = call.receiver().as_object() {
        let word = call.vm.get_u32(object, header::HASH) | header::IMMUTABLE;
        call.vm.set_u32(object, header::HASH, word);
    }
    Ok(Outcome::VOID)
}

fn hash_code(call: &mut Call<'_>) -> Step {
    match call.receiver() {
        Value::NULL => Ok(Outcome::int(0)),
        receiver => Ok(Outcome::int(call.vm.identity_hash(receiver) as i32)),
    }
}
