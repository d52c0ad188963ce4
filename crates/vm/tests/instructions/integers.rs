//! i32 and i64 arithmetic, by the rules of Java (`div`, wrapping), WebAssembly (`div_s`, unsigned, counts) and the CLR
//! (`_ovf`).

use crate::common::Expect::{I, L, Throws};
use crate::common::{Cases, Expect};

const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;
const LMIN: i64 = i64::MIN;
const LMAX: i64 = i64::MAX;
const ZERO: Expect = Throws("arithmetic");
const OVER: Expect = Throws("arithmetic");

#[rustfmt::skip]
pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("integers");
    i32_arithmetic(&mut all);
    i32_comparisons(&mut all);
    i64_arithmetic(&mut all);
    i64_comparisons(&mut all);
    overflow(&mut all);
    all
}

#[rustfmt::skip]
fn i32_arithmetic(all: &mut Cases) {
    all.i32_i32("i32.add", &[(2, 3, I(5)), (MAX, 1, I(MIN)), (MIN, -1, I(MAX)), (MIN, MIN, I(0)), (-1, 1, I(0))]);
    all.i32_i32("i32.sub", &[(2, 3, I(-1)), (MIN, 1, I(MAX)), (MAX, -1, I(MIN)), (0, MIN, I(MIN)), (7, 7, I(0))]);
    all.i32_i32("i32.mul", &[
        (6, 7, I(42)), (-6, 7, I(-42)), (MIN, -1, I(MIN)), (MIN, 2, I(0)), (MAX, MAX, I(1)), (0x1_0001, 0x1_0001, I(0x2_0001)),
        (46341, 46341, I(-2147479015)), (0, MIN, I(0)),
    ]);
    all.i32_i32("i32.div", &[
        (7, 2, I(3)), (-7, 2, I(-3)), (7, -2, I(-3)), (-7, -2, I(3)), (MIN, -1, I(MIN)), (MIN, 1, I(MIN)), (MIN, MIN, I(1)),
        (MAX, MIN, I(0)), (1, 0, ZERO), (0, 0, ZERO), (MIN, 0, ZERO), (0, 5, I(0)),
    ]);
    all.i32_i32("i32.rem", &[
        (7, 2, I(1)), (-7, 2, I(-1)), (7, -2, I(1)), (-7, -2, I(-1)), (MIN, -1, I(0)), (MIN, 2, I(0)), (MIN, MAX, I(-1)),
        (MAX, MIN, I(MAX)), (1, 0, ZERO), (MIN, 0, ZERO),
    ]);
    all.i32_i32("i32.div_s", &[
        (7, 2, I(3)), (-7, 2, I(-3)), (7, -2, I(-3)), (MIN, 1, I(MIN)), (MIN, -1, OVER), (1, 0, ZERO), (MIN, 0, ZERO),
        (MIN, 2, I(-0x4000_0000)), (MAX, -1, I(-MAX)),
    ]);
    all.i32_i32("i32.div_u", &[
        (7, 2, I(3)), (-1, 2, I(MAX)), (-1, -1, I(1)), (MIN, -1, I(0)), (MIN, 2, I(0x4000_0000)), (5, 0, ZERO), (-1, 10, I(429496729)),
    ]);
    all.i32_i32("i32.rem_u", &[
        (7, 2, I(1)), (-1, 2, I(1)), (-1, 10, I(5)), (MIN, -1, I(MIN)), (-1, MIN, I(MAX)), (5, 0, ZERO), (0, 0, ZERO),
    ]);
    all.i32_i32("i32.and", &[(0b1100, 0b1010, I(0b1000)), (-1, MIN, I(MIN)), (MAX, MIN, I(0))]);
    all.i32_i32("i32.or", &[(0b1100, 0b1010, I(0b1110)), (MAX, MIN, I(-1)), (0, 0, I(0))]);
    all.i32_i32("i32.xor", &[(0b1100, 0b1010, I(0b0110)), (-1, -1, I(0)), (MIN, -1, I(MAX))]);
    all.i32_i32("i32.shl", &[
        (1, 0, I(1)), (1, 31, I(MIN)), (1, 32, I(1)), (1, 33, I(2)), (1, -1, I(MIN)), (-1, 4, I(-16)), (3, 63, I(MIN)), (5, 64, I(5)),
    ]);
    all.i32_i32("i32.shr_s", &[
        (-8, 1, I(-4)), (-1, 31, I(-1)), (MIN, 31, I(-1)), (MAX, 31, I(0)), (-8, 32, I(-8)), (-8, 33, I(-4)), (MIN, -1, I(-1)), (7, 1, I(3)),
        (-7, 1, I(-4)),
    ]);
    all.i32_i32("i32.shr_u", &[
        (-8, 1, I(0x7fff_fffc)), (-1, 31, I(1)), (MIN, 31, I(1)), (-1, 32, I(-1)), (-1, 33, I(MAX)), (MIN, -1, I(1)), (-1, 0, I(-1)),
    ]);
    all.i32_i32("i32.rotl", &[
        (1, 1, I(2)), (MIN, 1, I(1)), (0x1234_5678, 8, I(0x3456_7812)), (0x1234_5678, 32, I(0x1234_5678)), (0x1234_5678, 40, I(0x3456_7812)),
        (1, -1, I(MIN)), (0x1234_5678, 0, I(0x1234_5678)),
    ]);
    all.i32_i32("i32.rotr", &[
        (1, 1, I(MIN)), (MIN, 31, I(1)), (0x1234_5678, 8, I(0x7812_3456)), (0x1234_5678, 32, I(0x1234_5678)), (0x1234_5678, 40, I(0x7812_3456)),
        (1, -1, I(2)),
    ]);
    all.i32("i32.clz", &[(0, I(32)), (1, I(31)), (-1, I(0)), (MIN, I(0)), (MAX, I(1)), (0x8000, I(16))]);
    all.i32("i32.ctz", &[(0, I(32)), (1, I(0)), (-1, I(0)), (MIN, I(31)), (0x8000, I(15)), (6, I(1))]);
    all.i32("i32.popcnt", &[(0, I(0)), (1, I(1)), (-1, I(32)), (MIN, I(1)), (MAX, I(31)), (0x5555_5555, I(16))]);
    all.i32("i32.neg", &[(0, I(0)), (5, I(-5)), (-5, I(5)), (MIN, I(MIN)), (MAX, I(-MAX))]);
    all.i32("i32.extend8_s", &[(0x7f, I(127)), (0x80, I(-128)), (0x1ff, I(-1)), (0x100, I(0)), (-129, I(127))]);
    all.i32("i32.extend16_s", &[(0x7fff, I(32767)), (0x8000, I(-32768)), (0x1_ffff, I(-1)), (0x1_0000, I(0))]);
    all.i32("i32.extend16_u", &[(0x7fff, I(32767)), (0x8000, I(32768)), (-1, I(65535)), (0x1_0000, I(0))]);
    all.i32("i32.eqz", &[(0, I(1)), (1, I(0)), (-1, I(0)), (MIN, I(0))]);
}

/// The pairs, and for each comparison its results in this order.
const PAIRS: [(i32, i32); 7] = [(1, 2), (2, 1), (3, 3), (-1, 1), (1, -1), (MIN, MAX), (MAX, MIN)];

pub(crate) const COMPARISONS: [(&str, [i32; 7]); 10] = [
    ("eq", [0, 0, 1, 0, 0, 0, 0]),
    ("ne", [1, 1, 0, 1, 1, 1, 1]),
    ("lt_s", [1, 0, 0, 1, 0, 1, 0]),
    ("lt_u", [1, 0, 0, 0, 1, 0, 1]),
    ("gt_s", [0, 1, 0, 0, 1, 0, 1]),
    ("gt_u", [0, 1, 0, 1, 0, 1, 0]),
    ("le_s", [1, 0, 1, 1, 0, 1, 0]),
    ("le_u", [1, 0, 1, 0, 1, 0, 1]),
    ("ge_s", [0, 1, 1, 0, 1, 0, 1]),
    ("ge_u", [0, 1, 1, 1, 0, 1, 0]),
];

/// The same order among i64, with pairs that differ only in their upper half.
pub(crate) const LONG_PAIRS: [(i64, i64); 7] =
    [(1, 1 << 32), (1 << 32, 1), (3 << 40, 3 << 40), (-1, 1), (1, -1), (LMIN, LMAX), (LMAX, LMIN)];

pub(crate) fn int_pairs() -> [(i32, i32); 7] {
    PAIRS
}

fn i32_comparisons(all: &mut Cases) {
    for (name, results) in COMPARISONS {
        let cases: Vec<_> = PAIRS.iter().zip(results).map(|((a, b), result)| (*a, *b, I(result))).collect();
        all.i32_i32(&format!("i32.{name}"), &cases);
    }
}

fn i64_comparisons(all: &mut Cases) {
    for (name, results) in COMPARISONS {
        let cases: Vec<_> =
            LONG_PAIRS.iter().zip(results).map(|((a, b), result)| (*a, *b, I(result))).collect();
        all.i64_i64(&format!("i64.{name}"), &cases);
    }
    all.i64("i64.eqz", &[(0, I(1)), (1, I(0)), (1 << 32, I(0)), (LMIN, I(0)), (-1, I(0))]);
    all.i64_i64(
        "i64.cmp",
        &[
            (1, 2, I(-1)),
            (2, 1, I(1)),
            (2, 2, I(0)),
            (LMIN, LMAX, I(-1)),
            (LMAX, LMIN, I(1)),
            (-1, 1, I(-1)),
            (1 << 32, 1, I(1)),
        ],
    );
}

#[rustfmt::skip]
fn i64_arithmetic(all: &mut Cases) {
    all.i64_i64("i64.add", &[(2, 3, L(5)), (LMAX, 1, L(LMIN)), (LMIN, -1, L(LMAX)), (LMIN, LMIN, L(0)), (0xffff_ffff, 1, L(1 << 32))]);
    all.i64_i64("i64.sub", &[(2, 3, L(-1)), (LMIN, 1, L(LMAX)), (LMAX, -1, L(LMIN)), (1 << 32, 1, L(0xffff_ffff)), (0, LMIN, L(LMIN))]);
    all.i64_i64("i64.mul", &[
        (6, 7, L(42)), (LMIN, -1, L(LMIN)), (LMIN, 2, L(0)), (LMAX, LMAX, L(1)), (1 << 32, 1 << 31, L(LMIN)), (1 << 32, 1 << 32, L(0)),
        (-3, 1 << 40, L(-3 << 40)),
    ]);
    all.i64_i64("i64.div", &[
        (7, 2, L(3)), (-7, 2, L(-3)), (7, -2, L(-3)), (-7, -2, L(3)), (LMIN, -1, L(LMIN)), (LMIN, 1, L(LMIN)), (LMIN, LMIN, L(1)),
        (1 << 40, 1 << 20, L(1 << 20)), (1, 0, ZERO), (LMIN, 0, ZERO),
    ]);
    all.i64_i64("i64.rem", &[
        (7, 2, L(1)), (-7, 2, L(-1)), (7, -2, L(1)), (-7, -2, L(-1)), (LMIN, -1, L(0)), (LMIN, LMAX, L(-1)), (1 << 40, 1000, L(776)), (1, 0, ZERO),
    ]);
    all.i64_i64("i64.div_s", &[(7, 2, L(3)), (-7, 2, L(-3)), (LMIN, 1, L(LMIN)), (LMIN, -1, OVER), (1, 0, ZERO), (LMAX, -1, L(-LMAX))]);
    all.i64_i64("i64.div_u", &[(7, 2, L(3)), (-1, 2, L(LMAX)), (-1, -1, L(1)), (LMIN, -1, L(0)), (5, 0, ZERO), (-1, 10, L(1844674407370955161))]);
    all.i64_i64("i64.rem_u", &[(7, 2, L(1)), (-1, 10, L(5)), (LMIN, -1, L(LMIN)), (-1, LMIN, L(LMAX)), (5, 0, ZERO)]);
    all.i64_i64("i64.and", &[(0b1100, 0b1010, L(0b1000)), (-1, LMIN, L(LMIN)), (-1 << 32, 0xf_ffff_ffff, L(0xf_0000_0000))]);
    all.i64_i64("i64.or", &[(0b1100, 0b1010, L(0b1110)), (LMAX, LMIN, L(-1)), (1 << 40, 1, L(1 << 40 | 1))]);
    all.i64_i64("i64.xor", &[(0b1100, 0b1010, L(0b0110)), (-1, -1, L(0)), (LMIN, -1, L(LMAX))]);
    all.i64_i32("i64.shl", &[
        (1, 0, L(1)), (1, 63, L(LMIN)), (1, 64, L(1)), (1, 65, L(2)), (1, -1, L(LMIN)), (-1, 32, L(-1 << 32)), (1, 127, L(LMIN)), (1, 32, L(1 << 32)),
    ]);
    all.i64_i32("i64.shr_s", &[
        (-8, 1, L(-4)), (LMIN, 63, L(-1)), (LMAX, 63, L(0)), (-8, 64, L(-8)), (LMIN, -1, L(-1)), (1 << 40, 32, L(256)), (-7, 1, L(-4)),
    ]);
    all.i64_i32("i64.shr_u", &[(-1, 1, L(LMAX)), (-1, 63, L(1)), (LMIN, 63, L(1)), (-1, 64, L(-1)), (LMIN, -1, L(1)), (-1, 32, L(0xffff_ffff))]);
    all.i64_i32("i64.rotl", &[
        (1, 1, L(2)), (LMIN, 1, L(1)), (0x0123_4567_89ab_cdef, 8, L(0x2345_6789_abcd_ef01)), (5, 64, L(5)), (5, 65, L(10)), (1, -1, L(LMIN)),
        (1, 32, L(1 << 32)),
    ]);
    all.i64_i32("i64.rotr", &[(1, 1, L(LMIN)), (LMIN, 63, L(1)), (0x0123_4567_89ab_cdef, 8, L(0xef01_2345_6789_abcd_u64 as i64)), (5, 64, L(5)), (1, -1, L(2))]);
    all.i64("i64.clz", &[(0, L(64)), (1, L(63)), (-1, L(0)), (LMAX, L(1)), (1 << 32, L(31)), (0xffff_ffff, L(32))]);
    all.i64("i64.ctz", &[(0, L(64)), (1, L(0)), (LMIN, L(63)), (1 << 32, L(32)), (-1, L(0))]);
    all.i64("i64.popcnt", &[(0, L(0)), (-1, L(64)), (LMIN, L(1)), (LMAX, L(63)), (0x1_0000_0001, L(2))]);
    all.i64("i64.neg", &[(0, L(0)), (5, L(-5)), (LMIN, L(LMIN)), (LMAX, L(-LMAX)), (1 << 32, L(-1 << 32))]);
    all.i64("i64.extend8_s", &[(0x7f, L(127)), (0x80, L(-128)), (0xfff0_0000_0000_0100_u64 as i64, L(0))]);
    all.i64("i64.extend16_s", &[(0x7fff, L(32767)), (0x8000, L(-32768)), (0x1_ffff, L(-1))]);
    all.i64("i64.extend32_s", &[(0x7fff_ffff, L(0x7fff_ffff)), (0x8000_0000, L(-0x8000_0000)), (0x1_0000_0000, L(0)), (0xffff_ffff, L(-1)), (LMIN, L(0))]);
}

#[rustfmt::skip]
fn overflow(all: &mut Cases) {
    all.i32_i32("i32.add_ovf_s", &[(2, 3, I(5)), (MAX, 0, I(MAX)), (MAX, 1, OVER), (MIN, -1, OVER), (MIN, MAX, I(-1))]);
    all.i32_i32("i32.add_ovf_u", &[(2, 3, I(5)), (MAX, 1, I(MIN)), (-1, 0, I(-1)), (-1, 1, OVER), (MIN, MIN, OVER)]);
    all.i32_i32("i32.sub_ovf_s", &[(2, 3, I(-1)), (MIN, 1, OVER), (0, MIN, OVER), (-1, MIN, I(MAX)), (MAX, -1, OVER)]);
    all.i32_i32("i32.sub_ovf_u", &[(3, 2, I(1)), (2, 3, OVER), (-1, MIN, I(MAX)), (0, 1, OVER), (0, 0, I(0))]);
    all.i32_i32("i32.mul_ovf_s", &[(6, -7, I(-42)), (46341, 46341, OVER), (46340, 46340, I(2147395600)), (MIN, -1, OVER), (MIN, 1, I(MIN)), (0x1_0000, 0x8000, OVER)]);
    all.i32_i32("i32.mul_ovf_u", &[(6, 7, I(42)), (0x1_0000, 0x8000, I(MIN)), (0x1_0000, 0x1_0000, OVER), (-1, 1, I(-1)), (-1, 2, OVER), (-1, 0, I(0))]);
    all.i64_i64("i64.add_ovf_s", &[(2, 3, L(5)), (LMAX, 1, OVER), (LMIN, -1, OVER), (LMIN, LMAX, L(-1))]);
    all.i64_i64("i64.add_ovf_u", &[(LMAX, 1, L(LMIN)), (-1, 1, OVER), (-1, 0, L(-1)), (0xffff_ffff, 1, L(1 << 32))]);
    all.i64_i64("i64.sub_ovf_s", &[(2, 3, L(-1)), (LMIN, 1, OVER), (0, LMIN, OVER), (-1, LMIN, L(LMAX))]);
    all.i64_i64("i64.sub_ovf_u", &[(3, 2, L(1)), (2, 3, OVER), (-1, LMIN, L(LMAX)), (1 << 32, 1, L(0xffff_ffff))]);
    all.i64_i64("i64.mul_ovf_s", &[(6, -7, L(-42)), (1 << 32, 1 << 31, OVER), (1 << 31, 1 << 31, L(1 << 62)), (LMIN, -1, OVER), (LMIN, 1, L(LMIN))]);
    all.i64_i64("i64.mul_ovf_u", &[(6, 7, L(42)), (1 << 32, 1 << 31, L(LMIN)), (1 << 32, 1 << 32, OVER), (-1, 1, L(-1)), (-1, -1, OVER)]);
}
