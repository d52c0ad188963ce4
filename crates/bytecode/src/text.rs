//! Text of a module that is no Unicode: how units of UTF-16 that have no character stand in a Rust string.
//!
//! A unit is U+10FFFF and four hexadecimal digits; whoever converts from a language with such strings writes them so, and the
//! machine reads them back.

use alloc::vec::Vec;

/// Begins an escape: a character that Unicode assigns to nobody.
pub const ESCAPE: char = '\u{10ffff}';

/// The UTF-16 units of a Rust string with escapes; an escape without its digits stands for itself.
pub fn units(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == ESCAPE
            && let Some(digits) = rest.as_str().get(..4)
            && let Ok(unit) = u16::from_str_radix(digits, 16)
        {
            units.push(unit);
            rest = rest.as_str()[4..].chars();
            continue;
        }
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    units
}
