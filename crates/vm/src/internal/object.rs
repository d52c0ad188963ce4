//! `.internal.object`: what every object can do.

use super::{Call, Methods, Outcome};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, header};

pub(super) const METHODS: Methods = &[
    (0, nothing),
    (1, nothing),
    (2, get_class),
    (3, clone),
    (4, equals),
    (5, to_string),
    (6, to_xml),
    (7, from_xml),
    (14, set_immutable),
    (15, hash_code),
];

fn nothing(_: &mut Call<'_>) -> Outcome {
    Outcome::VOID
}

fn get_class(call: &mut Call<'_>) -> Outcome {
    let receiver = call.receiver();
    Outcome::object(call.vm.class_of(receiver))
}

fn clone(call: &mut Call<'_>) -> Outcome {
    let receiver = call.receiver();
    if receiver.is_null() {
        return call.throw_string("void clone called");
    }
    match call.vm.clone_object(receiver) {
        Some(copy) => Outcome::value(copy),
        None => call.throw_string("clone is not possible"),
    }
}

/// Identity; null equals null, which is how the original's void object behaves.
fn equals(call: &mut Call<'_>) -> Outcome {
    Outcome::truth(call.receiver() == call.value(0))
}

fn to_string(call: &mut Call<'_>) -> Outcome {
    let receiver = call.receiver();
    if receiver.is_null() {
        return call.return_string(b"(void)");
    }
    let class_object = call.vm.class_of(receiver);
    let name = call.vm.get_ref(class_object, class::NAME);
    // The kernel's own classes say `void`, `array`, ... like the original; others their name.
    let name = call.vm.string_bytes_of(name).unwrap_or_default();
    call.return_string(&name)
}

fn to_xml(call: &mut Call<'_>) -> Outcome {
    call.return_string(b"<void>")
}

fn from_xml(call: &mut Call<'_>) -> Outcome {
    call.throw_string("fromXML is not possible")
}

fn set_immutable(call: &mut Call<'_>) -> Outcome {
    if let Some(object) = call.receiver().as_object() {
        let word = call.vm.memory.load_u32(object.add(header::HASH)) | header::IMMUTABLE;
        call.vm.memory.store_u32(object.add(header::HASH), word);
    }
    Outcome::VOID
}

fn hash_code(call: &mut Call<'_>) -> Outcome {
    match call.receiver() {
        Value::NULL => Outcome::int(0),
        receiver => {
            let hash = call.vm.identity_hash(receiver);
            Outcome::int(hash as i32)
        }
    }
}

const _: () = assert!(ClassId::Object as u32 == 0);
