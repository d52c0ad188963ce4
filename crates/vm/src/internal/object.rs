//! `.internal.object`: what every object can do.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use layout::Value;
use layout::schema::{class, header};

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

fn clone(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    if receiver.is_null() {
        return Err(call.throw_string("void clone called"));
    }
    match call.vm.clone_object(receiver) {
        Some(copy) => Ok(Outcome::value(copy)),
        None => Err(call.throw_string("clone is not possible")),
    }
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
