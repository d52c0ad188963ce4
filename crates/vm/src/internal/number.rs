//! `.internal.int`, `.internal.long`, `.internal.float`, `.internal.double`: one table for the four.
//!
//! Floating-point numbers are written as Java does since its version 19: the shortest digits that read back the same,
//! with at least one behind the point; with an exponent below 0.001 and from ten millions on.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::Vm;
use alloc::format;
use alloc::string::{String, ToString};
use layout::Value;
use layout::value::Unpacked;

pub(super) const METHODS: Methods = methods! {
    3 itself;
    4 equals;
    5 to_string;
    6 to_xml;
    15 hash_code;
    16 |call: &mut Call<'_>| Ok(Outcome::int(receiver(call)?.to_int()));
    17 |call: &mut Call<'_>| Ok(Outcome::long(receiver(call)?.to_long()));
    18 |call: &mut Call<'_>| Ok(Outcome::float(receiver(call)?.to_float()));
    19 |call: &mut Call<'_>| Ok(Outcome::double(receiver(call)?.to_double()));
};

/// A number as an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
}

/// The number in a value, if it is one.
pub(super) fn number_of(vm: &Vm, value: Value) -> Option<Number> {
    match value.unpack() {
        Unpacked::Null => None,
        Unpacked::Int(number) => Some(Number::Int(number)),
        Unpacked::Float(number) => Some(Number::Float(number)),
        _ => vm.as_long(value).map(Number::Long).or_else(|| vm.as_double(value).map(Number::Double)),
    }
}

impl Number {
    /// As programs see it.
    pub(super) fn text(self) -> String {
        match self {
            Number::Int(number) => number.to_string(),
            Number::Long(number) => number.to_string(),
            Number::Float(number) => float_text(number),
            Number::Double(number) => double_text(number),
        }
    }
    fn tag(self) -> &'static str {
        match self {
            Number::Int(_) => "int",
            Number::Long(_) => "long",
            Number::Float(_) => "float",
            Number::Double(_) => "double",
        }
    }
    /// Class and value as bits, which decide whether two numbers are the same.
    fn bits(self) -> (&'static str, u64) {
        let bits = match self {
            Number::Int(number) => number as u64,
            Number::Long(number) => number as u64,
            Number::Float(number) => u64::from(number.to_bits()),
            Number::Double(number) => number.to_bits(),
        };
        (self.tag(), bits)
    }
    fn to_int(self) -> i32 {
        match self {
            Number::Int(number) => number,
            Number::Long(number) => number as i32,
            Number::Float(number) => number as i32,
            Number::Double(number) => number as i32,
        }
    }
    fn to_long(self) -> i64 {
        match self {
            Number::Int(number) => i64::from(number),
            Number::Long(number) => number,
            Number::Float(number) => number as i64,
            Number::Double(number) => number as i64,
        }
    }
    fn to_float(self) -> f32 {
        match self {
            Number::Int(number) => number as f32,
            Number::Long(number) => number as f32,
            Number::Float(number) => number,
            Number::Double(number) => number as f32,
        }
    }
    fn to_double(self) -> f64 {
        match self {
            Number::Int(number) => f64::from(number),
            Number::Long(number) => number as f64,
            Number::Float(number) => f64::from(number),
            Number::Double(number) => number,
        }
    }
}

/// Whether both values are numbers of the same class and value.
pub(super) fn same_number(vm: &Vm, a: Value, b: Value) -> bool {
    match (number_of(vm, a), number_of(vm, b)) {
        (Some(a), Some(b)) => a.bits() == b.bits(),
        _ => false,
    }
}

fn receiver(call: &mut Call<'_>) -> Result<Number, Outcome> {
    let value = call.receiver();
    number_of(call.vm, value).ok_or_else(|| call.throw_string("the object is no number"))
}

fn itself(call: &mut Call<'_>) -> Step {
    Ok(Outcome::value(call.receiver()))
}

fn equals(call: &mut Call<'_>) -> Step {
    Ok(Outcome::truth(same_number(call.vm, call.receiver(), call.value(0))))
}

fn to_string(call: &mut Call<'_>) -> Step {
    let text = receiver(call)?.text();
    Ok(call.return_string(text.as_bytes()))
}

fn to_xml(call: &mut Call<'_>) -> Step {
    let number = receiver(call)?;
    let text = format!("<{0}>{1}</{0}>", number.tag(), number.text());
    Ok(call.return_string(text.as_bytes()))
}

fn hash_code(call: &mut Call<'_>) -> Step {
    let (_, bits) = receiver(call)?.bits();
    let hash = match receiver(call)? {
        Number::Int(_) | Number::Float(_) => bits as i32,
        Number::Long(_) | Number::Double(_) => (bits ^ (bits >> 32)) as i32,
    };
    Ok(Outcome::int(hash))
}

/// A double as Java writes it.
pub fn double_text(number: f64) -> String {
    java_text(number, &format!("{number}"), || format!("{number:e}"))
}

/// A float as Java writes it.
pub fn float_text(number: f32) -> String {
    java_text(f64::from(number), &format!("{number}"), || format!("{number:e}"))
}

fn java_text(number: f64, plain: &str, scientific: impl Fn() -> String) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return if plain.contains('.') { plain.into() } else { format!("{plain}.0") };
    }
    let text = scientific();
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_look_like_java() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.0009, "9.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1e10, "1.0E10"),
            (1.25e-7, "1.25E-7"),
            (f64::MAX, "1.7976931348623157E308"),
            (5e-324, "5.0E-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(number), text);
        }
        for (number, text) in [(0.1f32, "0.1"), (1e10, "1.0E10"), (16_777_216.0, "1.6777216E7"), (3.5, "3.5")]
        {
            assert_eq!(float_text(number), text);
        }
    }
}
