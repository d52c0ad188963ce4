//! `.internal.string`: bytes that never change.
//!
//! Everything counts bytes. A part of a text may begin in the middle of a character: it is a string all the same, and
//! reads as U+FFFD where text is wanted.

use super::support::{BYTES_MAX, Bytes, Step, methods};
use super::{Call, Methods, Outcome, container, json};
use alloc::vec::Vec;
use core::cmp::Ordering;
use layout::Value;
use layout::internal::ClassId;
use memchr::memmem;

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
        Ok(Outcome::int(integer(&text(call)?).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32))
    };
    17 |call: &mut Call<'_>| Ok(Outcome::long(integer(&text(call)?)));
    18 |call: &mut Call<'_>| Ok(Outcome::float(decimal(&text(call)?).parse().unwrap_or(0.0)));
    19 |call: &mut Call<'_>| Ok(Outcome::double(decimal(&text(call)?).parse().unwrap_or(0.0)));
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

/// The receiver.
fn this(call: &mut Call<'_>) -> Result<Bytes, Outcome> {
    let receiver = call.receiver();
    Bytes::of_string(call.vm, receiver).ok_or_else(|| call.throw_string("the object is no string"))
}

/// The receiver's bytes.
pub(super) fn text(call: &mut Call<'_>) -> Result<Vec<u8>, Outcome> {
    Ok(this(call)?.read(call.vm))
}

fn itself(call: &mut Call<'_>) -> Step {
    Ok(Outcome::value(call.receiver()))
}

/// The original throws for an argument that is no string; here such an object is just another one.
fn equals(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = Bytes::of_string(call.vm, call.value(0));
    Ok(Outcome::truth(other.is_some_and(|other| this.same(call.vm, other))))
}

fn to_xml(call: &mut Call<'_>) -> Step {
    let mut xml = b"<string>".to_vec();
    for byte in text(call)? {
        match byte {
            b'&' => xml.extend_from_slice(b"&amp;"),
            b'<' => xml.extend_from_slice(b"&lt;"),
            b'>' => xml.extend_from_slice(b"&gt;"),
            b'"' => xml.extend_from_slice(b"&quot;"),
            b'\'' => xml.extend_from_slice(b"&apos;"),
            other => xml.push(other),
        }
    }
    xml.extend_from_slice(b"</string>");
    new_string(call, &xml)
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
    if this.len + other.len > BYTES_MAX {
        return Err(call.throw_string("string.concat result is too long"));
    }
    let joined = call.string_room(this.len + other.len)?;
    call.vm.copy_bytes(this.array, 0, joined, 0, this.len);
    call.vm.copy_bytes(other.array, 0, joined, this.len, other.len);
    Ok(Outcome::object(joined))
}

fn length(call: &mut Call<'_>) -> Step {
    Ok(Outcome::int(this(call)?.len as i32))
}

/// A position as `strstr` returns it.
pub(super) fn position(found: Option<usize>) -> Outcome {
    Outcome::int(found.map_or(-1, |at| at as i32))
}

fn strstr(call: &mut Call<'_>) -> Step {
    let this = text(call)?;
    let other = call.string(0, "string.strstr argument is not a string")?;
    Ok(position(memmem::find(&this, &other)))
}

fn hash_code(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    Ok(Outcome::int(call.vm.identity_hash(receiver) as i32))
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
    let this = text(call)?;
    let other = call.string(0, "string.indexOf argument is not a string")?;
    let from = call.int(1).max(0) as usize;
    let found = this.get(from..).and_then(|rest| memmem::find(rest, &other));
    Ok(position(found.map(|at| at + from)))
}

fn starts_with(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string(0, "string.startsWith argument is not a string")?;
    let len = other.len() as u64;
    Ok(Outcome::truth(len <= this.len && this.read_part(call.vm, 0, len) == other))
}

fn ends_with(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let other = call.string(0, "string.endsWith argument is not a string")?;
    let len = other.len() as u64;
    Ok(Outcome::truth(len <= this.len && this.read_part(call.vm, this.len - len, len) == other))
}

fn contains(call: &mut Call<'_>) -> Step {
    let this = text(call)?;
    let other = call.string(0, "string.contains argument is not a string")?;
    Ok(Outcome::truth(memmem::find(&this, &other).is_some()))
}

fn mapped(call: &mut Call<'_>, map: impl Fn(&u8) -> u8) -> Step {
    let bytes: Vec<u8> = text(call)?.iter().map(map).collect();
    new_string(call, &bytes)
}

fn trim(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let bytes = this.read(call.vm);
    let from = bytes.len() - bytes.trim_ascii_start().len();
    let len = bytes.trim_ascii().len();
    if len as u64 == this.len {
        return itself(call);
    }
    call.part(this, from as u64, len as u64)
}

fn split(call: &mut Call<'_>) -> Step {
    let this = this(call)?;
    let separator = call.string(0, "string.split argument is not a string")?;
    if separator.is_empty() {
        return Err(call.throw_string("string.split separator is empty"));
    }
    let parts = call.vm.new_kernel(ClassId::Container);
    let mut from = 0;
    for at in memmem::find_iter(&this.read(call.vm), &separator) {
        add_part(call, parts, this, from, at as u64)?;
        from = (at + separator.len()) as u64;
    }
    add_part(call, parts, this, from, this.len)?;
    Ok(Outcome::object(parts))
}

fn add_part(call: &mut Call<'_>, parts: base::Addr, all: Bytes, from: u64, to: u64) -> Result<(), Outcome> {
    let part = call.string_room(to - from)?;
    call.vm.copy_bytes(all.array, from, part, 0, to - from);
    container::push(call, parts, Value::object(part))?;
    Ok(())
}

fn replace(call: &mut Call<'_>) -> Step {
    let this = text(call)?;
    let old = call.string(0, "string.replace argument is not a string")?;
    let new = call.string(1, "string.replace argument is not a string")?;
    if old.is_empty() {
        return Err(call.throw_string("string.replace text is empty"));
    }
    let found: Vec<usize> = memmem::find_iter(&this, &old).collect();
    let len = (this.len() + found.len() * new.len()) as u64 - (found.len() * old.len()) as u64;
    let string = call.string_room(len)?;
    let (mut from, mut to) = (0, 0u64);
    for at in found.into_iter().chain([this.len()]) {
        call.vm.write_bytes(string, to, &this[from..at]);
        to += (at - from) as u64;
        if at < this.len() {
            call.vm.write_bytes(string, to, &new);
            to += new.len() as u64;
        }
        from = at + old.len();
    }
    Ok(Outcome::object(string))
}

fn compare_to(call: &mut Call<'_>) -> Step {
    let this = text(call)?;
    let other = call.string(0, "string.compareTo argument is not a string")?;
    Ok(Outcome::int(match this.cmp(&other) {
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
