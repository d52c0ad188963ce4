//! Java's strings as Rust's: modified UTF-8 (JVMS 4.4.7) and UTF-16, with an escape for what is no Unicode.
//!
//! A lone surrogate, a control character and U+10FFFF itself become U+10FFFF and four hexadecimal digits for each unit of
//! UTF-16. So every Java string has one Rust string, and Phantom's names stay free of control characters.

use alloc::string::String;
use alloc::vec::Vec;
pub use bytecode::text::{ESCAPE, units};

/// The UTF-16 units of modified UTF-8; `None` when the bytes are none.
pub fn decode(bytes: &[u8]) -> Option<Vec<u16>> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let tail =
        |at: usize| bytes.get(at).filter(|byte| **byte & 0xc0 == 0x80).map(|byte| u16::from(byte & 0x3f));
    while at < bytes.len() {
        let first = bytes[at];
        let (unit, length) = match first {
            0x01..=0x7f => (u16::from(first), 1),
            0xc0..=0xdf => (u16::from(first & 0x1f) << 6 | tail(at + 1)?, 2),
            0xe0..=0xef => (u16::from(first & 0x0f) << 12 | tail(at + 1)? << 6 | tail(at + 2)?, 3),
            _ => return None,
        };
        units.push(unit);
        at += length;
    }
    Some(units)
}

/// The Rust string of UTF-16 units.
pub fn escape(units: &[u16]) -> String {
    let mut text = String::with_capacity(units.len());
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(c) if c == ESCAPE || c.is_control() => {
                let mut pair = [0; 2];
                c.encode_utf16(&mut pair).iter().for_each(|unit| push_unit(&mut text, *unit));
            }
            Ok(c) => text.push(c),
            Err(lone) => push_unit(&mut text, lone.unpaired_surrogate()),
        }
    }
    text
}

fn push_unit(text: &mut String, unit: u16) {
    text.push(ESCAPE);
    for shift in [12, 8, 4, 0] {
        text.push(char::from(b"0123456789abcdef"[usize::from(unit >> shift & 15)]));
    }
}

/// The Rust string of modified UTF-8; `None` when the bytes are none.
pub fn from_modified(bytes: &[u8]) -> Option<String> {
    // ASCII without control characters is most of what there is.
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return core::str::from_utf8(bytes).ok().map(String::from);
    }
    decode(bytes).map(|units| escape(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_of_units_comes_back() {
        let check = |given: &[u16]| {
            let text = escape(given);
            assert!(!text.chars().any(char::is_control));
            assert_eq!(units(&text), given);
        };
        check(&[]);
        check(&[0x41, 0xe9, 0x4e2d]);
        check(&[0xd83d, 0xde00]);
        check(&[0xd83d]);
        check(&[0xde00, 0xd83d, 0x30]);
        check(&[0, 9, 10, 0x7f, 0x85]);
        check(&[0xdbff, 0xdfff]);
        for unit in 0..=u16::MAX {
            check(&[unit, 0x61]);
        }
    }

    #[test]
    fn modified_utf8_is_read_and_refused() {
        assert_eq!(decode(b"a\xc0\x80b"), Some(alloc::vec![0x61, 0, 0x62]));
        assert_eq!(decode(b"\xed\xa0\xbd\xed\xb8\x80"), Some(alloc::vec![0xd83d, 0xde00]));
        assert_eq!(from_modified(b"\xed\xa0\xbd\xed\xb8\x80").as_deref(), Some("\u{1f600}"));
        for bad in [&b"\0"[..], b"\xf0\x9f\x98\x80", b"\xc3", b"\xe4\xb8", b"\x80", b"\xc3\x28"] {
            assert_eq!(decode(bad), None);
        }
    }
}
