//! How a value is written: `[<^>][+][0][width][.digits][letter]`, as it stands behind the colon in `${x:8.2f}`.
//!
//! The compiler checks formats, the machine applies them; both read them here.

use alloc::string::String;

/// A format that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// `<`, `^` or `>`; 0 when nothing says: numbers stand right, all others left.
    pub align: u8,
    /// A sign also in front of positive numbers.
    pub plus: bool,
    /// Zeros between sign and digits up to the width.
    pub zeros: bool,
    /// At least so many characters.
    pub width: u16,
    /// Digits behind the point.
    pub digits: Option<u16>,
    /// `d` decimal, `x` `X` hexadecimal, `o` octal, `b` binary, `f` with digits behind the point, `e` with an exponent,
    /// `s` text; 0 when nothing says.
    pub letter: u8,
}

/// Largest width and number of digits.
pub const WIDTH_MAX: u16 = 1000;

impl Format {
    /// Reads a format; `None` when the text is none.
    pub fn parse(text: &str) -> Option<Format> {
        let mut format = Format { align: 0, plus: false, zeros: false, width: 0, digits: None, letter: 0 };
        let mut rest = text.as_bytes();
        let mut take = |accepted: &[u8]| -> Option<u8> {
            let (first, behind) = rest.split_first()?;
            if !accepted.contains(first) {
                return None;
            }
            rest = behind;
            Some(*first)
        };
        format.align = take(b"<^>").unwrap_or(0);
        format.plus = take(b"+").is_some();
        format.zeros = take(b"0").is_some();
        let number = |take: &mut dyn FnMut(&[u8]) -> Option<u8>| -> Option<u16> {
            let mut value = None;
            while let Some(digit) = take(b"0123456789") {
                value = Some(value.unwrap_or(0) * 10 + u16::from(digit - b'0'));
                if value > Some(WIDTH_MAX) {
                    return None;
                }
            }
            Some(value.unwrap_or(u16::MAX))
        };
        let width = number(&mut take)?;
        format.width = if width == u16::MAX { 0 } else { width };
        if take(b".").is_some() {
            format.digits = Some(number(&mut take)?).filter(|digits| *digits != u16::MAX);
            format.digits?;
        }
        format.letter = take(b"dxXobfes").unwrap_or(0);
        rest.is_empty().then_some(format)
    }

    /// The text of an integer. `long` tells of how many bits its pattern is, for the letters that show bits.
    pub fn integer(&self, value: i64, long: bool) -> String {
        let bits = if long { value as u64 } else { u64::from(value as u32) };
        let body = match self.letter {
            b'x' => alloc::format!("{bits:x}"),
            b'X' => alloc::format!("{bits:X}"),
            b'o' => alloc::format!("{bits:o}"),
            b'b' => alloc::format!("{bits:b}"),
            b'f' | b'e' => return self.float(value as f64),
            _ if self.digits.is_some() => return self.float(value as f64),
            _ => return self.signed(value < 0, &alloc::format!("{}", value.unsigned_abs())),
        };
        self.signed(false, &body)
    }

    /// The text of a number with a fraction. Not for formats that [`Format::plain`] tells of.
    pub fn float(&self, value: f64) -> String {
        let size = value.abs();
        let digits = usize::from(self.digits.unwrap_or(6));
        let body = if value.is_nan() {
            "NaN".into()
        } else if size.is_infinite() {
            "Infinity".into()
        } else if self.letter == b'e' {
            alloc::format!("{size:.digits$e}")
        } else {
            alloc::format!("{size:.digits$}")
        };
        let format = Format { zeros: self.zeros && value.is_finite(), ..*self };
        format.signed(value.is_sign_negative() && !value.is_nan(), &body)
    }

    /// Whether a number with a fraction keeps the text that it has anyway.
    pub fn plain(&self) -> bool {
        self.digits.is_none() && !matches!(self.letter, b'f' | b'e')
    }

    fn signed(&self, negative: bool, body: &str) -> String {
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else {
            ""
        };
        let length = sign.len() + body.len();
        let zeros = if self.zeros { usize::from(self.width).saturating_sub(length) } else { 0 };
        self.padded(&alloc::format!("{sign}{}{body}", "0".repeat(zeros)), b'>')
    }

    /// The text up to the width, `side` of it where the format does not say.
    pub fn padded(&self, text: &str, side: u8) -> String {
        let blank = usize::from(self.width).saturating_sub(text.chars().count());
        let left = match if self.align == 0 { side } else { self.align } {
            b'<' => 0,
            b'^' => blank / 2,
            _ => blank,
        };
        alloc::format!("{}{text}{}", " ".repeat(left), " ".repeat(blank - left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(format: &str, value: i64, expected: &str) {
        let format = Format::parse(format).unwrap_or_else(|| panic!("{format} is a format"));
        assert_eq!(format.integer(value, false), expected);
    }
    fn float(format: &str, value: f64, expected: &str) {
        let format = Format::parse(format).unwrap_or_else(|| panic!("{format} is a format"));
        assert_eq!(format.float(value), expected);
    }

    #[test]
    fn numbers() {
        integer("5", 42, "   42");
        integer("<5", 42, "42   ");
        integer("^6", 42, "  42  ");
        integer("05", -42, "-0042");
        integer("+", 42, "+42");
        integer("x", -1, "ffffffff");
        integer("08b", 5, "00000101");
        integer("", i64::MIN, "-9223372036854775808");
        float("8.2", 1234.567, " 1234.57");
        float("08.2f", -1.5, "-0001.50");
        float(".0", 2.5, "2");
        float(".3e", 12345.0, "1.234e4");
        float("06.1", f64::NAN, "   NaN");
        float(".1", f64::NEG_INFINITY, "-Infinity");
        assert_eq!(Format::parse("6").map(|format| format.padded("äb", b'<')), Some("äb    ".into()));
    }

    #[test]
    fn what_is_no_format() {
        for text in ["q", "5.", "1001", "99999999", "5x5", " 5", ".2.2", "+-"] {
            assert_eq!(Format::parse(text), None, "{text}");
        }
    }
}
