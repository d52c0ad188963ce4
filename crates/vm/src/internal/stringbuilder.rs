//! `.internal.stringbuilder`: a string under construction, in a byte array that doubles.

use super::number::Number;
use super::support::{
    Bytes, Step, Text, bytes_changed, clone_bytes, hash_bytes, methods, room_for, set_used,
};
use super::{Call, Methods, Outcome, lossy, string};
use base::format::Format;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::stringbuilder;
use layout::value::Unpacked;

pub(super) const METHODS: Methods = methods! {
    3 clone_bytes;
    4 equals;
    5 to_string;
    8 |call: &mut Call<'_>| { let this = this(call); call.substring(this, "stringbuilder") };
    9 |call: &mut Call<'_>| { let this = this(call); call.byte_at(this, "stringbuilder.byteAt index is out of bounds") };
    10 concat;
    11 |call: &mut Call<'_>| Ok(Outcome::int(this(call).len as i32));
    12 strstr;
    15 hash_bytes;
    16 append;
    17 clear;
    18 append_string;
    19 |call: &mut Call<'_>| { let number = Number::Int(call.int(0)); append_number(call, number) };
    20 |call: &mut Call<'_>| { let number = Number::Long(call.long(0)); append_number(call, number) };
    21 |call: &mut Call<'_>| { let number = Number::Float(call.float(0)); append_number(call, number) };
    22 |call: &mut Call<'_>| { let number = Number::Double(call.double(0)); append_number(call, number) };
    23 format;
};

fn this(call: &mut Call<'_>) -> Bytes {
    Bytes::in_use(call.vm, call.this())
}

fn equals(call: &mut Call<'_>) -> Step {
    let (this, value) = (this(call), call.value(0));
    let other = match value.as_object() {
        Some(object) if call.vm.is_kernel(value, ClassId::StringBuilder) => {
            Some(Bytes::in_use(call.vm, object))
        }
        _ => Bytes::of_string(call.vm, value),
    };
    match other {
        Some(other) => Ok(Outcome::truth(call.same_in_steps(this, other)?)),
        None => Ok(Outcome::truth(false)),
    }
}

fn to_string(call: &mut Call<'_>) -> Step {
    let this = this(call);
    call.part(this, 0, this.len)
}

/// Adds a few bytes; making room for them may take steps.
fn add(call: &mut Call<'_>, bytes: &[u8]) -> Result<u64, Outcome> {
    call.changeable()?;
    let (object, used) = (call.this(), this(call).len);
    let len = used + bytes.len() as u64;
    set_used(call, object, len)?;
    if !bytes.is_empty() {
        let array = call.vm.ref_field(object, stringbuilder::BYTES);
        call.vm.write_bytes(array, used, bytes);
    }
    Ok(len)
}

/// Adds a string. Reference 0 and both numbers of a frame are used.
fn add_string(call: &mut Call<'_>, string: Bytes) -> Result<u64, Outcome> {
    call.changeable()?;
    let (object, used) = (call.this(), this(call).len);
    let len = used + string.len;
    call.frame_for(string.len)?;
    room_for(call, object, len)?;
    if call.is_framed() {
        let changes = call.vm.get_u64(object, stringbuilder::CHANGES);
        call.is_unchanged(changes);
    }
    if string.len > 0 {
        let array = call.vm.ref_field(object, stringbuilder::BYTES);
        call.copy_in_steps(string, 0, array, used, string.len)?;
    }
    call.vm.set_u64(object, stringbuilder::USED, len);
    bytes_changed(call, object);
    Ok(len)
}

fn concat(call: &mut Call<'_>) -> Step {
    let string = call.string_object(0, "stringbuilder.concat argument is not a string")?;
    Ok(Outcome::int(add_string(call, string)? as i32))
}

fn strstr(call: &mut Call<'_>) -> Step {
    let this = this(call);
    let other = call.string_object(0, "stringbuilder.strstr argument is not a string")?;
    Ok(string::position(call.find_in_steps(this, 0, other)?))
}

/// Stage 0: nothing done yet; 1: the argument's `toString` was called; 2: the argument, or what stands in its place now, is
/// a string.
fn append(call: &mut Call<'_>) -> Step {
    if call.stage() == 0 {
        call.changeable()?;
        let value = call.value(0);
        if call.vm.is_string(value) {
            call.set_stage(2);
        } else {
            match call.text_of(value) {
                Text::Ready(bytes) => {
                    add(call, &bytes)?;
                    return Ok(Outcome::value(call.receiver()));
                }
                Text::Ask(outcome) => {
                    call.set_stage(1);
                    return Ok(outcome);
                }
            }
        }
    }
    if call.stage() == 1 {
        let text = call.called_string()?;
        call.set_value(0, text);
        call.set_stage(2);
    }
    append_string(call)
}

fn append_string(call: &mut Call<'_>) -> Step {
    match call.value(0) {
        Value::NULL => add(call, b"(void)")?,
        _ => {
            let string = call.string_object(0, "stringbuilder.appendString argument is not a string")?;
            add_string(call, string)?
        }
    };
    Ok(Outcome::value(call.receiver()))
}

fn append_number(call: &mut Call<'_>, number: Number) -> Step {
    add(call, number.text().as_bytes())?;
    Ok(Outcome::value(call.receiver()))
}

/// Stage 0: nothing done yet; 1: the argument's `toString` was called.
fn format(call: &mut Call<'_>) -> Step {
    let text = call.string(1, "stringbuilder.format format is not a string")?;
    let text = lossy(&text);
    let Some(format) = Format::parse(&text) else {
        return Err(call.throw_string(&alloc::format!("stringbuilder.format - `{text}` is no format")));
    };
    if call.stage() == 0 {
        call.changeable()?;
        let value = call.value(0);
        let bytes = match (value.unpack(), call.vm.as_long(value), call.vm.as_double(value)) {
            (Unpacked::Int(number), ..) => format.integer(i64::from(number), false),
            (_, Some(number), _) => format.integer(number, true),
            (Unpacked::Float(number), ..) if !format.plain() => format.float(f64::from(number)),
            (_, _, Some(number)) if !format.plain() => format.float(number),
            _ => match call.text_of(value) {
                Text::Ready(bytes) => return add_padded(call, &format, &bytes),
                Text::Ask(outcome) => {
                    call.set_stage(1);
                    return Ok(outcome);
                }
            },
        };
        add(call, bytes.as_bytes())?;
        return Ok(Outcome::value(call.receiver()));
    }
    let bytes = call.called_text()?;
    add_padded(call, &format, &bytes)
}

fn add_padded(call: &mut Call<'_>, format: &Format, bytes: &[u8]) -> Step {
    let value = call.value(0);
    let fraction = matches!(value.unpack(), Unpacked::Float(_)) || call.vm.is_kernel(value, ClassId::Double);
    let text = lossy(bytes);
    let numeric = format.plus || format.zeros || !format.plain() || !matches!(format.letter, 0 | b's');
    let whole = matches!(format.letter, b'd' | b'x' | b'X' | b'o' | b'b');
    if fraction && whole {
        return Err(call.throw_string("stringbuilder.format - the format is for whole numbers"));
    }
    if !fraction && numeric {
        return Err(call.throw_string("stringbuilder.format - the format is for numbers"));
    }
    let text = format.padded(&text, if fraction { b'>' } else { b'<' });
    add(call, text.as_bytes())?;
    Ok(Outcome::value(call.receiver()))
}

fn clear(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let object = call.this();
    call.vm.set_u64(object, stringbuilder::USED, 0);
    call.vm.set_ref(object, stringbuilder::BYTES, Value::NULL);
    bytes_changed(call, object);
    Ok(Outcome::VOID)
}
