//! f32 and f64 arithmetic: IEEE 754; what of it Java and WebAssembly define, and what both leave open (the payload of a
//! computed NaN) is left open here too.

use crate::common::Expect::{D, DNan, F, FNan, I};
use crate::common::{Cases, Expect};

const INF: f32 = f32::INFINITY;
const LINF: f64 = f64::INFINITY;
const NAN: f32 = f32::NAN;
const LNAN: f64 = f64::NAN;
/// A signalling NaN with a payload, and its negative.
const ODD_NAN: u32 = 0x7fa1_2345;
const ODD_NAN64: u64 = 0x7ff4_1234_5678_9abc;

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("floats");
    f32_arithmetic(&mut all);
    f64_arithmetic(&mut all);
    comparisons(&mut all);
    signs(&mut all);
    all
}

/// Cases that hold in both widths, as f64 that fit in f32: operation, operands, result.
#[rustfmt::skip]
const BINARY: &[(&str, f64, f64, f64)] = &[
    ("add", 1.5, 2.25, 3.75), ("add", 0.0, -0.0, 0.0), ("add", -0.0, -0.0, -0.0), ("add", LINF, -LINF, LNAN), ("add", LINF, 1.0, LINF),
    ("add", LNAN, 1.0, LNAN), ("add", 1.0, LNAN, LNAN), ("add", 1.0, -1.0, 0.0),
    ("sub", 1.5, 2.25, -0.75), ("sub", 0.0, 0.0, 0.0), ("sub", -0.0, 0.0, -0.0), ("sub", LINF, LINF, LNAN), ("sub", 0.0, -0.0, 0.0),
    ("sub", LNAN, LNAN, LNAN),
    ("mul", 1.5, -2.0, -3.0), ("mul", 0.0, -1.0, -0.0), ("mul", LINF, 0.0, LNAN), ("mul", -LINF, 2.0, -LINF), ("mul", -0.0, -0.0, 0.0),
    ("mul", LNAN, 0.0, LNAN),
    ("div", 3.0, 2.0, 1.5), ("div", 1.0, 0.0, LINF), ("div", -1.0, 0.0, -LINF), ("div", 1.0, -0.0, -LINF), ("div", 0.0, 0.0, LNAN),
    ("div", LINF, LINF, LNAN), ("div", 1.0, LINF, 0.0), ("div", -1.0, LINF, -0.0), ("div", LINF, -2.0, -LINF),
    ("rem", 7.0, 2.0, 1.0), ("rem", -7.0, 2.0, -1.0), ("rem", 7.0, -2.0, 1.0), ("rem", 5.5, 2.0, 1.5), ("rem", -4.0, 2.0, -0.0),
    ("rem", 4.0, -2.0, 0.0), ("rem", 3.0, LINF, 3.0), ("rem", -3.0, LINF, -3.0), ("rem", LINF, 3.0, LNAN), ("rem", 3.0, 0.0, LNAN),
    ("rem", -0.0, 3.0, -0.0), ("rem", 5.0, 3.0, 2.0), ("rem", 8.0, 3.0, 2.0), ("rem", LNAN, 3.0, LNAN), ("rem", 3.0, LNAN, LNAN),
    ("rem", 16777216.0, 3.0, 1.0),
    ("min", 1.0, 2.0, 1.0), ("min", 2.0, 1.0, 1.0), ("min", 0.0, -0.0, -0.0), ("min", -0.0, 0.0, -0.0), ("min", LNAN, 1.0, LNAN),
    ("min", 1.0, LNAN, LNAN), ("min", -LINF, LNAN, LNAN), ("min", -LINF, 1.0, -LINF), ("min", LINF, LINF, LINF),
    ("max", 1.0, 2.0, 2.0), ("max", 2.0, 1.0, 2.0), ("max", 0.0, -0.0, 0.0), ("max", -0.0, 0.0, 0.0), ("max", LNAN, 1.0, LNAN),
    ("max", 1.0, LNAN, LNAN), ("max", LINF, LNAN, LNAN), ("max", -LINF, 1.0, 1.0), ("max", -0.0, -0.0, -0.0),
    ("copysign", 1.5, -2.0, -1.5), ("copysign", -1.5, 2.0, 1.5), ("copysign", 0.0, -0.0, -0.0), ("copysign", LINF, -1.0, -LINF),
    ("copysign", -1.0, -0.0, -1.0),
];

#[rustfmt::skip]
const UNARY: &[(&str, f64, f64)] = &[
    ("neg", 1.5, -1.5), ("neg", 0.0, -0.0), ("neg", -0.0, 0.0), ("neg", LINF, -LINF),
    ("abs", -1.5, 1.5), ("abs", -0.0, 0.0), ("abs", -LINF, LINF), ("abs", 2.0, 2.0),
    ("ceil", 1.25, 2.0), ("ceil", -1.25, -1.0), ("ceil", -0.5, -0.0), ("ceil", 0.0, 0.0), ("ceil", -0.0, -0.0), ("ceil", LINF, LINF),
    ("ceil", LNAN, LNAN), ("ceil", 8388609.0, 8388609.0),
    ("floor", 1.75, 1.0), ("floor", -1.25, -2.0), ("floor", 0.5, 0.0), ("floor", -0.0, -0.0), ("floor", -LINF, -LINF), ("floor", LNAN, LNAN),
    ("trunc", 1.75, 1.0), ("trunc", -1.75, -1.0), ("trunc", -0.5, -0.0), ("trunc", 0.5, 0.0), ("trunc", LINF, LINF), ("trunc", LNAN, LNAN),
    ("nearest", 0.5, 0.0), ("nearest", 1.5, 2.0), ("nearest", 2.5, 2.0), ("nearest", 3.5, 4.0), ("nearest", -0.5, -0.0), ("nearest", -1.5, -2.0),
    ("nearest", -2.5, -2.0), ("nearest", 0.75, 1.0), ("nearest", -0.25, -0.0), ("nearest", 4194304.5, 4194304.0), ("nearest", 8388609.0, 8388609.0),
    ("nearest", LINF, LINF), ("nearest", LNAN, LNAN),
    ("sqrt", 4.0, 2.0), ("sqrt", 0.0, 0.0), ("sqrt", -0.0, -0.0), ("sqrt", -1.0, LNAN), ("sqrt", LINF, LINF), ("sqrt", -LINF, LNAN),
    ("sqrt", LNAN, LNAN),
];

fn f32_expect(value: f64) -> Expect {
    if value.is_nan() { FNan } else { F(value as f32) }
}
fn f64_expect(value: f64) -> Expect {
    if value.is_nan() { DNan } else { D(value) }
}

fn f32_arithmetic(all: &mut Cases) {
    for (op, a, b, result) in BINARY {
        all.f32_f32(&format!("f32.{op}"), &[(*a as f32, *b as f32, f32_expect(*result))]);
    }
    for (op, a, result) in UNARY {
        all.f32(&format!("f32.{op}"), &[(*a as f32, f32_expect(*result))]);
    }
    all.f32_f32(
        "f32.add",
        &[
            (16777216.0, 1.0, F(16777216.0)),
            (16777216.0, 3.0, F(16777220.0)),
            (f32::MAX, f32::MAX, F(INF)),
            (0.1, 0.2, F(0.3)),
        ],
    );
    all.f32_f32("f32.sub", &[(f32::MIN_POSITIVE, f32::MIN_POSITIVE / 2.0, F(f32::MIN_POSITIVE / 2.0))]);
    all.f32_f32(
        "f32.mul",
        &[(f32::MAX, 2.0, F(INF)), (f32::MIN_POSITIVE, 0.5, F(f32::from_bits(0x0040_0000)))],
    );
    all.f32_f32(
        "f32.mul",
        &[(f32::from_bits(1), 0.5, F(0.0)), (f32::from_bits(3), 0.5, F(f32::from_bits(2)))],
    );
    all.f32_f32("f32.div", &[(1.0, 3.0, F(f32::from_bits(0x3eaa_aaab))), (f32::from_bits(1), 2.0, F(0.0))]);
    all.f32_f32(
        "f32.rem",
        &[
            (0.1, f32::from_bits(1), F(0.0)),
            (f32::MAX, 3.0, F(0.0)),
            (1e38, 3.0, F(2.0)),
            (1.0, 0.1, F(f32::from_bits(0x3dcc_cccb))),
        ],
    );
    all.f32(
        "f32.sqrt",
        &[(2.0, F(f32::from_bits(0x3fb5_04f3))), (f32::from_bits(1), F(f32::from_bits(0x1a35_04f3)))],
    );
    all.f32("f32.nearest", &[(0.49999997, F(0.0)), (8388607.5, F(8388608.0)), (-8388606.5, F(-8388606.0))]);
}

fn f64_arithmetic(all: &mut Cases) {
    for (op, a, b, result) in BINARY {
        all.f64_f64(&format!("f64.{op}"), &[(*a, *b, f64_expect(*result))]);
    }
    for (op, a, result) in UNARY {
        all.f64(&format!("f64.{op}"), &[(*a, f64_expect(*result))]);
    }
    all.f64_f64(
        "f64.add",
        &[
            (0.1, 0.2, D(0.30000000000000004)),
            (9007199254740992.0, 1.0, D(9007199254740992.0)),
            (f64::MAX, f64::MAX, D(LINF)),
        ],
    );
    all.f64_f64(
        "f64.sub",
        &[(f64::MIN_POSITIVE, f64::MIN_POSITIVE / 2.0, D(f64::from_bits(0x0008_0000_0000_0000)))],
    );
    all.f64_f64(
        "f64.mul",
        &[
            (f64::MAX, 2.0, D(LINF)),
            (f64::from_bits(1), 0.5, D(0.0)),
            (f64::from_bits(3), 0.5, D(f64::from_bits(2))),
        ],
    );
    all.f64_f64("f64.div", &[(1.0, 3.0, D(f64::from_bits(0x3fd5_5555_5555_5555)))]);
    // The quotient does not fit in any number: the rest is still exact.
    all.f64_f64(
        "f64.rem",
        &[(1e308, 3.0, D(2.0)), (5e-324, 1e308, D(5e-324)), (1.0, 0.1, D(0.09999999999999995))],
    );
    all.f64(
        "f64.sqrt",
        &[(2.0, D(f64::from_bits(0x3ff6_a09e_667f_3bcd))), (f64::from_bits(1), D(2.2227587494850775e-162))],
    );
    all.f64(
        "f64.nearest",
        &[
            (0.49999999999999994, D(0.0)),
            (4503599627370497.5, D(4503599627370498.0)),
            (4503599627370496.5, D(4503599627370496.0)),
            (-0.5000000000000001, D(-1.0)),
        ],
    );
    all.f64("f64.ceil", &[(0.1, D(1.0)), (4503599627370495.5, D(4503599627370496.0))]);
    all.f64("f64.floor", &[(-0.1, D(-1.0)), (-4503599627370495.5, D(-4503599627370496.0))]);
}

/// Pairs, and for each comparison its results in this order.
const PAIRS: [(f64, f64); 9] = [
    (1.0, 2.0),
    (2.0, 1.0),
    (2.0, 2.0),
    (0.0, -0.0),
    (-LINF, LINF),
    (LNAN, 1.0),
    (1.0, LNAN),
    (LNAN, LNAN),
    (LINF, LINF),
];
const COMPARISONS: [(&str, [i32; 9]); 8] = [
    ("eq", [0, 0, 1, 1, 0, 0, 0, 0, 1]),
    ("ne", [1, 1, 0, 0, 1, 1, 1, 1, 0]),
    ("lt", [1, 0, 0, 0, 1, 0, 0, 0, 0]),
    ("gt", [0, 1, 0, 0, 0, 0, 0, 0, 0]),
    ("le", [1, 0, 1, 1, 1, 0, 0, 0, 1]),
    ("ge", [0, 1, 1, 1, 0, 0, 0, 0, 1]),
    ("cmpl", [-1, 1, 0, 0, -1, -1, -1, -1, 0]),
    ("cmpg", [-1, 1, 0, 0, -1, 1, 1, 1, 0]),
];

fn comparisons(all: &mut Cases) {
    for (op, results) in COMPARISONS {
        for ((a, b), result) in PAIRS.into_iter().zip(results) {
            all.f32_f32(&format!("f32.{op}"), &[(a as f32, b as f32, I(result))]);
            all.f64_f64(&format!("f64.{op}"), &[(a, b, I(result))]);
        }
    }
}

/// Sign operations touch the sign bit alone, of every NaN too (WebAssembly; Java's `fneg` by IEEE 754-2019).
fn signs(all: &mut Cases) {
    let nan = f32::from_bits(ODD_NAN);
    let minus = f32::from_bits(ODD_NAN | 1 << 31);
    all.f32("f32.neg", &[(nan, F(minus)), (minus, F(nan)), (NAN, F(-NAN))]);
    all.f32("f32.abs", &[(nan, F(nan)), (minus, F(nan))]);
    all.f32_f32(
        "f32.copysign",
        &[(nan, -1.0, F(minus)), (minus, 0.0, F(nan)), (1.0, minus, F(-1.0)), (-1.0, nan, F(1.0))],
    );
    let nan = f64::from_bits(ODD_NAN64);
    let minus = f64::from_bits(ODD_NAN64 | 1 << 63);
    all.f64("f64.neg", &[(nan, D(minus)), (minus, D(nan)), (LNAN, D(-LNAN))]);
    all.f64("f64.abs", &[(nan, D(nan)), (minus, D(nan))]);
    all.f64_f64(
        "f64.copysign",
        &[(nan, -1.0, D(minus)), (minus, 0.0, D(nan)), (1.0, minus, D(-1.0)), (-1.0, nan, D(1.0))],
    );
}
