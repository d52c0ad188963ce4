//! `.internal.string`: bytes that never change.
//!
//! Everything counts bytes. A part of a text may begin in the middle of a character: it is a string all the same, and
//! reads as U+FFFD where text is wanted.

use super::steps::{SHORT_UNITS, STEP_UNITS, difference, matches};
use super::support::{BYTES_MAX, Bytes, Step, methods};
use super::{Call, Methods, Outcome, container, json};
use alloc::vec::Vec;
use core::cmp::Ordering;
use layout::Value;
use layout::internal::ClassId;

pub(super) const METHODS: Methods = methods! {
    3 itself;
    4 equals;
    5 itself;
    6 to_xml;
    8 substring;
    9 char_at;
    10 concat;
    11 length;
    12 strstr;
    15 hash_code;
    16 |call: &mut Call<'_>| {
        Ok(Outcome::int(integer(&number_text(call)?).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32))
    };
    17 |call: &mut Call<'_>| Ok(Outcome::long(integer(&number_text(call)?)));
    18 |call: &mut Call<'_>| Ok(Outcome::float(decimal(&number_text(call)?).parse().unwrap_or(0.0)));
    19 |call: &mut Call<'_>| Ok(Outcome::double(decimal(&number_text(call)?).parse().unwrap_or(0.0)));
    20 json::parse;
    21 index_of;
    22 starts_with;
    23 ends_with;
    24 |call: &mut Call<'_>| mapped(call, |byte| byte.to_ascii_uppercase());
    25 |call: &mut Call<'_>| mapped(call, |byte| byte.to_ascii_lowercase());
    26 trim;
    27 split;
    28 replace;
    29 compare_to;
    30 contains;
};

/// So many bytes of a text are looked at for a number, behind white space: more digits are cut.
const NUMBER_BYTES_MAX: u64 = 64 << 10;

/// The receiver.
pub(super) fn this(call: &mut Call<'_>) -> Result<Bytes, Outcome> {
    let receiver = call.receiver();
    Bytes::of_string(call.vm, receiver).ok_or_else(|| call.throw_string("the object is no string"))
}

fn itself(call: &mut Call<'_>) -> Step {
    Ok(Outcome::value(call.receiver()))
}

/// The original throws for an argument that is no string; here such an object is just another one.
fn equals(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    match Bytes::of_string(call.vm, call.value(0)) {
        Some(other) => Ok(Outcome::truth(call.same_in_steps(this, other)?)),
        None => Ok(Outcome::truth(false)),
    }
}

/// How a byte is written in XML.
fn escaped(byte: &u8) -> &[u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\'' => b"&apos;",
        _ => core::slice::from_ref(byte),
    }
}

/// Stage 0: how long it becomes; 1: it is written. Number 0 is how far this one is read, number 1 the bytes made of it.
fn to_xml(call: &mut Call<'_>) -> Step {
    const BEGIN: &[u8] = b"<string>";
    const END: &[u8] = b"</string>";
    let this = this(call)?;
    call.frame_for(2 * this.len)?;
    if !call.is_framed() {
        let text = this.read(call.vm);
        let middle = text.iter().flat_map(escaped).copied();
        let xml: Vec<u8> = BEGIN.iter().copied().chain(middle).chain(END.iter().copied()).collect();
        return new_string(call, &xml);
    }
    if call.stage() == 0 {
        if call.number(1) == 0 {
            call.set_number(1, (BEGIN.len() + END.len()) as u64);
        }
        while let Some(part) = next_part(call, this) {
            let len: usize = part.iter().map(|byte| escaped(byte).len()).sum();
            call.set_number(1, call.number(1) + len as u64);
            call.did(part.len() as u64)?;
        }
        let room = call.number(1);
        let xml = call.string_room(room)?;
        call.vm.write_bytes(xml, 0, BEGIN);
        call.vm.write_bytes(xml, room - END.len() as u64, END);
        call.set_reference(0, Value::object(xml));
        call.set_number(0, 0);
        call.set_number(1, BEGIN.len() as u64);
        call.set_stage(1);
    }
    let xml = call.reference(0).as_object().unwrap_or_default();
    while let Some(part) = next_part(call, this) {
        let bytes: Vec<u8> = part.iter().flat_map(escaped).copied().collect();
        call.vm.write_bytes(xml, call.number(1), &bytes);
        call.set_number(1, call.number(1) + bytes.len() as u64);
        call.did(2 * bytes.len() as u64)?;
    }
    Ok(Outcome::object(xml))
}

/// What a step reads of a string, number 0 of the frame says from where on; counts it as read.
fn next_part(call: &mut Call<'_>, all: Bytes) -> Option<Vec<u8>> {
    let at = call.number(0);
    let len = call.vm.step_units().min(all.len - at);
    if len == 0 {
        return None;
    }
    let part = all.read_part(call.vm, at, len);
    call.set_number(0, at + len);
    Some(part)
}

fn new_string(call: &mut Call<'_>, bytes: &[u8]) -> Step {
    let string = call.string_room(bytes.len() as u64)?;
    call.vm.write_bytes(string, 0, bytes);
    Ok(Outcome::object(string))
}

fn substring(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    call.substring(this, "string")
}

fn char_at(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    call.byte_at(this, "string.charAt index is out of bounds")
}

fn concat(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.concat argument is not a string")?;
    let len = this.len + other.len;
    if len > BYTES_MAX {
        return Err(call.throw_string("string.concat result is too long"));
    }
    call.frame_for(len)?;
    let joined = call.kept(0, |call| call.string_room(len))?;
    if !call.is_framed() {
        call.vm.copy_bytes(this.array, 0, joined, 0, this.len);
        call.vm.copy_bytes(other.array, 0, joined, this.len, other.len);
        return Ok(Outcome::object(joined));
    }
    call.in_steps(len, 1, |call, at, count| {
        let first = this.len.saturating_sub(at).min(count);
        call.vm.copy_bytes(this.array, at.min(this.len - first), joined, at, first);
        let from = (at + first).saturating_sub(this.len);
        call.vm.copy_bytes(other.array, from, joined, at + first, count - first);
        Ok(())
    })?;
    Ok(Outcome::object(joined))
}

fn length(call: &mut Call<'_>) -> Step {
    Ok(Outcome::int(this(call)?.len as i32))
}

/// A position as `strstr` returns it.
pub(super) fn position(found: Option<u64>) -> Outcome {
    Outcome::int(found.map_or(-1, |at| at as i32))
}

fn strstr(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.strstr argument is not a string")?;
    Ok(position(call.find_in_steps(this, 0, other)?))
}

fn hash_code(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    Ok(Outcome::int(call.vm.identity_hash(receiver) as i32))
}

/// What a number is read from: the text behind white space, and no more of it than a number may be long. Number 0 of a frame
/// is how much white space there was so far.
fn number_text(call: &mut Call<'_>) -> Result<Vec<u8>, Outcome> {
    let this = this(call)?;
    let mut at = if call.is_framed() { call.number(0) } else { 0 };
    loop {
        let part = this.read_part(call.vm, at, NUMBER_BYTES_MAX.min(this.len - at));
        let spaces = part.len() - part.trim_ascii_start().len();
        if part.is_empty() || spaces == 0 {
            return Ok(part);
        }
        at += spaces as u64;
        if call.is_framed() {
            call.set_number(0, at);
            call.did(spaces as u64)?;
        } else if spaces == part.len() {
            call.frame_for(this.len)?;
        }
    }
}

/// The integer at the start, behind white space; the nearest when it does not fit.
fn integer(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0i64, |number, byte| number.saturating_mul(10).saturating_add(sign * i64::from(byte - b'0')))
}

/// The longest start, behind white space, that is a decimal number.
fn decimal(text: &[u8]) -> &str {
    let text = text.trim_ascii_start();
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    for word in ["Infinity", "NaN"] {
        if text[sign..].starts_with(word.as_bytes()) {
            return core::str::from_utf8(&text[..sign + word.len()]).unwrap_or_default();
        }
    }
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut any = whole > 0;
    if text.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if any || part > 0 {
            end += 1 + part;
            any = true;
        }
    }
    if any && matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    if any { core::str::from_utf8(&text[..end]).unwrap_or_default() } else { "" }
}

fn index_of(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.indexOf argument is not a string")?;
    let from = call.int(1).max(0) as u64;
    Ok(position(call.find_in_steps(this, from, other)?))
}

fn starts_with(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.startsWith argument is not a string")?;
    Ok(Outcome::truth(other.len <= this.len && call.first_difference(this, other)?.is_none()))
}

fn ends_with(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.endsWith argument is not a string")?;
    if other.len > this.len {
        return Ok(Outcome::truth(false));
    }
    let from = this.len - other.len;
    let mut same = true;
    call.in_steps(other.len, 1, |call, at, count| {
        same &= difference(call.vm, this, from + at, other, at, count).is_none();
        if same { Ok(()) } else { Err(Outcome::truth(false)) }
    })?;
    Ok(Outcome::truth(true))
}

fn contains(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.contains argument is not a string")?;
    Ok(Outcome::truth(call.find_in_steps(this, 0, other)?.is_some()))
}

fn mapped(call: &mut Call<'_>, map: impl Fn(&u8) -> u8) -> Step {
    let this = this(call)?;
    call.frame_for(this.len)?;
    let string = call.kept(0, |call| call.string_room(this.len))?;
    call.in_steps(this.len, 1, |call, at, count| {
        let bytes: Vec<u8> = this.read_part(call.vm, at, count).iter().map(&map).collect();
        call.vm.write_bytes(string, at, &bytes);
        Ok(())
    })?;
    Ok(Outcome::object(string))
}

/// Stage 0: where the text begins, number 0; 1: where it ends, number 1; 2: it is copied.
fn trim(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    call.frame_for(2 * this.len)?;
    if !call.is_framed() {
        let bytes = this.read(call.vm);
        let from = bytes.len() - bytes.trim_ascii_start().len();
        let len = bytes.trim_ascii().len() as u64;
        return if len == this.len { itself(call) } else { call.part(this, from as u64, len) };
    }
    let step = call.vm.step_units();
    while call.stage() == 0 {
        let at = call.number(0);
        let part = this.read_part(call.vm, at, step.min(this.len - at));
        let spaces = part.len() - part.trim_ascii_start().len();
        call.set_number(0, at + spaces as u64);
        if spaces < part.len() || part.is_empty() {
            call.set_number(1, this.len);
            call.set_stage(1);
        }
        call.did(step)?;
    }
    let from = call.number(0);
    while call.stage() == 1 {
        let end = call.number(1);
        let len = step.min(end - from);
        let part = this.read_part(call.vm, end - len, len);
        let spaces = part.len() - part.trim_ascii_end().len();
        call.set_number(1, end - spaces as u64);
        if spaces < part.len() || part.is_empty() {
            call.set_stage(2);
        }
        call.did(step)?;
    }
    let len = call.number(1) - from;
    if len == this.len {
        return itself(call);
    }
    let trimmed = call.kept(0, |call| call.string_room(len))?;
    copy_by_stages(call, 2, this, from, trimmed, 0, len)?;
    Ok(Outcome::object(trimmed))
}

/// Copies bytes while both numbers mean something else: the stage counts the steps, from `first` on, which it is in the end.
fn copy_by_stages(
    call: &mut Call<'_>,
    first: u32,
    from: Bytes,
    from_at: u64,
    to: base::Addr,
    to_at: u64,
    len: u64,
) -> Result<(), Outcome> {
    // Not of this run of the machine: a restart may come in between, and with it another size of steps.
    const PIECE: u64 = STEP_UNITS;
    loop {
        let at = u64::from(call.stage() - first) * PIECE;
        if at >= len {
            call.set_stage(first);
            return Ok(());
        }
        let count = PIECE.min(len - at);
        call.vm.copy_bytes(from.array, from_at + at, to, to_at + at, count);
        let stage = call.stage();
        call.set_stage(stage + 1);
        call.did(count)?;
    }
}

fn split(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let separator = call.string_object(0, "string.split argument is not a string")?;
    if separator.len == 0 {
        return Err(call.throw_string("string.split separator is empty"));
    }
    call.frame_for(this.len)?;
    if call.is_framed() {
        return split_in_steps(call, this, separator);
    }
    let found = matches(call.vm, this, 0, this.len, separator, FOUND_AT_ONCE);
    call.frame_for(found.len() as u64 * PART_UNITS)?;
    let parts = call.vm.new_kernel(ClassId::Container);
    let mut from = 0;
    for at in found {
        add_part(call, parts, this, from, at)?;
        from = at + separator.len;
    }
    add_part(call, parts, this, from, this.len)?;
    Ok(Outcome::object(parts))
}

/// Units for a part of a text that is split, which is an object.
const PART_UNITS: u64 = 512;
/// Parts that are made in a step.
const PARTS_AT_ONCE: usize = (STEP_UNITS / PART_UNITS) as usize;
/// Places that are found in a step, or without one.
const FOUND_AT_ONCE: usize = 2048;
const _: () =
    assert!(FOUND_AT_ONCE as u64 * PART_UNITS > SHORT_UNITS, "a text of more parts is not split at once");

/// Looks one step further, from number 0, for the places of `part` in a text, and adds them to number 1: how many there
/// are in all, when the end is reached.
fn count_step(call: &mut Call<'_>, text: Bytes, part: Bytes) -> Option<u64> {
    let (at, step) = (call.number(0), call.vm.step_units());
    let found = matches(call.vm, text, at, step, part, FOUND_AT_ONCE);
    let least = if found.len() < FOUND_AT_ONCE { at + step } else { 0 };
    let next = found.last().map_or(least, |last| (last + part.len).max(least));
    let count = call.number(1) + found.len() as u64;
    call.set_number(1, count);
    call.set_number(0, next);
    (next + part.len > text.len).then_some(count)
}

/// Stage 0: the parts are counted. 1: they are made; number 0 is where to look for the next separator, number 1 where the
/// part before it begins, reference 0 the container. From 2 on: a long part, reference 1, is copied, up to number 0.
fn split_in_steps(call: &mut Call<'_>, this: Bytes, separator: Bytes) -> Step {
    let step = call.vm.step_units();
    while call.stage() == 0 {
        if let Some(found) = count_step(call, this, separator) {
            let parts = call.vm.new_kernel(ClassId::Container);
            container::reserve_new(call, parts, found + 1)?;
            call.begin_anew();
            call.set_reference(0, Value::object(parts));
            call.set_stage(1);
        }
        call.did(step)?;
    }
    let parts = call.reference(0).as_object().unwrap_or_default();
    loop {
        if call.stage() >= 2 {
            let (end, from) = (call.number(0), call.number(1));
            let part = call.reference(1).as_object().unwrap_or_default();
            copy_by_stages(call, 2, this, from, part, 0, end - from)?;
            container::push(call, parts, Value::object(part))?;
            part_done(call, end + separator.len);
        }
        let at = call.number(0);
        if call.number(1) > this.len {
            return Ok(Outcome::object(parts));
        }
        if at + separator.len > this.len {
            put_part(call, parts, this, this.len, separator.len)?;
            continue;
        }
        let mut made = 0;
        let found = matches(call.vm, this, at, step, separator, PARTS_AT_ONCE);
        let mut all = found.len() < PARTS_AT_ONCE;
        for end in found {
            let units = end - call.number(1) + PART_UNITS;
            let put = put_part(call, parts, this, end, separator.len)?;
            made += if put { units } else { PART_UNITS };
            if !put || made > STEP_UNITS {
                all = false;
                break;
            }
        }
        if all {
            let next = call.number(0).max(at + step);
            call.set_number(0, next);
        }
        call.did(step + made)?;
    }
}

/// Makes the part that ends at `end`, of which the separator is so long; false when it is long, and to be copied in steps.
fn put_part(
    call: &mut Call<'_>,
    parts: base::Addr,
    all: Bytes,
    end: u64,
    separator: u64,
) -> Result<bool, Outcome> {
    let from = call.number(1);
    if end - from > STEP_UNITS {
        let part = call.string_room(end - from)?;
        call.set_reference(1, Value::object(part));
        call.set_number(0, end);
        call.set_stage(2);
        return Ok(false);
    }
    add_part(call, parts, all, from, end)?;
    part_done(call, end + separator);
    Ok(true)
}

/// The next part begins here.
fn part_done(call: &mut Call<'_>, from: u64) {
    call.set_reference(1, Value::NULL);
    call.set_number(0, from);
    call.set_number(1, from);
    call.set_stage(1);
}

fn add_part(call: &mut Call<'_>, parts: base::Addr, all: Bytes, from: u64, to: u64) -> Result<(), Outcome> {
    let part = call.string_room(to - from)?;
    call.vm.copy_bytes(all.array, from, part, 0, to - from);
    container::push(call, parts, Value::object(part))?;
    Ok(())
}

/// Stage 0: what is to be replaced is counted, number 1. 1: the string, reference 0, is made; number 0 is how far this one
/// is copied, number 1 how long the new one is. From 2 on: a long text is put there.
fn replace(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let old = call.string_object(0, "string.replace argument is not a string")?;
    let new = call.string_object(1, "string.replace argument is not a string")?;
    if old.len == 0 {
        return Err(call.throw_string("string.replace text is empty"));
    }
    call.frame_for(2 * this.len + new.len)?;
    if !call.is_framed() {
        return replace_at_once(call, this, old, new);
    }
    let step = call.vm.step_units();
    while call.stage() == 0 {
        if let Some(found) = count_step(call, this, old) {
            let string = call.string_room(this.len + found * new.len - found * old.len)?;
            call.begin_anew();
            call.set_reference(0, Value::object(string));
            call.set_stage(1);
        }
        call.did(step)?;
    }
    let string = call.reference(0).as_object().unwrap_or_default();
    loop {
        let (from, to) = (call.number(0), call.number(1));
        if call.stage() >= 2 {
            copy_by_stages(call, 2, new, 0, string, to, new.len)?;
            call.set_number(0, from + old.len);
            call.set_number(1, to + new.len);
            call.set_stage(1);
            continue;
        }
        if from == this.len {
            return Ok(Outcome::object(string));
        }
        let found = matches(call.vm, this, from, step, old, FOUND_AT_ONCE);
        let (mut from, mut to) = (from, to);
        for at in &found {
            call.vm.copy_bytes(this.array, from, string, to, at - from);
            (from, to) = (*at, to + at - from);
            if new.len > STEP_UNITS {
                call.set_stage(2);
                break;
            }
            call.vm.copy_bytes(new.array, 0, string, to, new.len);
            (from, to) = (from + old.len, to + new.len);
            if to - call.number(1) > 2 * STEP_UNITS {
                break;
            }
        }
        if found.is_empty() {
            let count = step.min(this.len - from);
            call.vm.copy_bytes(this.array, from, string, to, count);
            (from, to) = (from + count, to + count);
        }
        let made = to - call.number(1);
        call.set_number(0, from);
        call.set_number(1, to);
        call.did(step + made)?;
    }
}

fn replace_at_once(call: &mut Call<'_>, this: Bytes, old: Bytes, new: Bytes) -> Step {
    let found = matches(call.vm, this, 0, this.len, old, FOUND_AT_ONCE);
    if found.len() == FOUND_AT_ONCE {
        return Err(Outcome::Frame);
    }
    let count = found.len() as u64;
    let len = this.len + count * new.len - count * old.len;
    // A long text in many places.
    call.frame_for(len)?;
    let string = call.string_room(len)?;
    let (mut from, mut to) = (0, 0u64);
    for at in found.into_iter().chain([this.len]) {
        call.vm.copy_bytes(this.array, from, string, to, at - from);
        to += at - from;
        if at < this.len {
            call.vm.copy_bytes(new.array, 0, string, to, new.len);
            to += new.len;
        }
        from = at + old.len;
    }
    Ok(Outcome::object(string))
}

fn compare_to(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string_object(0, "string.compareTo argument is not a string")?;
    let order = match call.first_difference(this, other)? {
        Some((ours, theirs)) => ours.cmp(&theirs),
        None => this.len.cmp(&other.len),
    };
    Ok(Outcome::int(match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_start_are_read() {
        for (text, number) in [
            ("42z", 42),
            ("-17", -17),
            ("+8", 8),
            (" \t12 13", 12),
            ("", 0),
            ("-", 0),
            ("z", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()), number, "{text}");
        }
        for (text, number) in [
            ("3.5", "3.5"),
            ("-1e3x", "-1e3"),
            ("1e", "1"),
            ("1e+", "1"),
            ("1E-2.5", "1E-2"),
            (".5", ".5"),
            ("5.", "5."),
            (".", ""),
            ("-", ""),
            ("", ""),
            ("e5", ""),
            (" -Infinityx", "-Infinity"),
            ("NaN", "NaN"),
        ] {
            assert_eq!(decimal(text.as_bytes()), number, "{text}");
            assert!(number.is_empty() || number.parse::<f64>().is_ok(), "{number}");
        }
    }
}
