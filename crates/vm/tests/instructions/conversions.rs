//! Conversions between the four kinds of numbers, at the edges of each.

use crate::common::Expect::{D, DNan, F, FNan, I, L, Throws};
use crate::common::{Cases, Expect};

const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;
const LMIN: i64 = i64::MIN;
const LMAX: i64 = i64::MAX;
const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;
const LNAN: f64 = f64::NAN;
const LINF: f64 = f64::INFINITY;
/// What a trapping conversion throws when its result does not fit.
const OUT: Expect = Throws("arithmetic");

const P31: f32 = 2147483648.0;
const P32: f32 = 4294967296.0;
const P63: f32 = 9223372036854775808.0;
const P64: f32 = 18446744073709551616.0;
const LP31: f64 = 2147483648.0;
const LP32: f64 = 4294967296.0;
const LP63: f64 = 9223372036854775808.0;
const LP64: f64 = 18446744073709551616.0;
/// The largest below a power of two.
const BELOW_P31: f32 = 2147483520.0;
const BELOW_P32: f32 = 4294967040.0;
const BELOW_P63: f32 = 9223371487098961920.0;
const BELOW_P64: f32 = 18446742974197923840.0;
const LBELOW_P63: f64 = 9223372036854774784.0;
const LBELOW_P64: f64 = 18446744073709549568.0;

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("conversions");
    integers(&mut all);
    saturating(&mut all);
    trapping(&mut all);
    to_floats(&mut all);
    bits(&mut all);
    all
}

fn integers(all: &mut Cases) {
    all.i64(
        "i32.wrap_i64",
        &[(5, I(5)), (-1, I(-1)), (1 << 32, I(0)), (0x1_8000_0000, I(MIN)), (LMIN, I(0)), (LMAX, I(-1))],
    );
    all.i32("i64.extend_i32_s", &[(5, L(5)), (-1, L(-1)), (MIN, L(-0x8000_0000)), (MAX, L(0x7fff_ffff))]);
    all.i32(
        "i64.extend_i32_u",
        &[(5, L(5)), (-1, L(0xffff_ffff)), (MIN, L(0x8000_0000)), (MAX, L(0x7fff_ffff))],
    );
}

#[rustfmt::skip]
fn saturating(all: &mut Cases) {
    all.f32("i32.trunc_sat_f32_s", &[
        (1.9, I(1)), (-1.9, I(-1)), (-0.0, I(0)), (NAN, I(0)), (-NAN, I(0)), (INF, I(MAX)), (-INF, I(MIN)), (P31, I(MAX)), (-P31, I(MIN)),
        (BELOW_P31, I(2147483520)), (-2147483904.0, I(MIN)), (1e30, I(MAX)),
    ]);
    all.f32("i32.trunc_sat_f32_u", &[
        (1.9, I(1)), (-0.9, I(0)), (-1.0, I(0)), (NAN, I(0)), (INF, I(-1)), (-INF, I(0)), (P31, I(MIN)), (P32, I(-1)), (BELOW_P32, I(-256)),
    ]);
    all.f64("i32.trunc_sat_f64_s", &[
        (1.9, I(1)), (-1.9, I(-1)), (LNAN, I(0)), (LINF, I(MAX)), (-LINF, I(MIN)), (2147483647.9, I(MAX)), (LP31, I(MAX)), (-2147483648.9, I(MIN)),
        (-2147483649.0, I(MIN)), (2147483646.5, I(MAX - 1)),
    ]);
    all.f64("i32.trunc_sat_f64_u", &[
        (1.9, I(1)), (-0.9, I(0)), (-1.0, I(0)), (LNAN, I(0)), (LINF, I(-1)), (4294967295.9, I(-1)), (LP32, I(-1)), (LP31, I(MIN)),
    ]);
    all.f32("i64.trunc_sat_f32_s", &[
        (1.9, L(1)), (-1.9, L(-1)), (NAN, L(0)), (INF, L(LMAX)), (-INF, L(LMIN)), (P63, L(LMAX)), (-P63, L(LMIN)), (BELOW_P63, L(9223371487098961920)),
        (P32, L(1 << 32)),
    ]);
    all.f32("i64.trunc_sat_f32_u", &[
        (1.9, L(1)), (-0.9, L(0)), (-1.0, L(0)), (NAN, L(0)), (INF, L(-1)), (P63, L(LMIN)), (P64, L(-1)), (BELOW_P64, L(-1 << 40)),
    ]);
    all.f64("i64.trunc_sat_f64_s", &[
        (1.9, L(1)), (-1.9, L(-1)), (LNAN, L(0)), (LINF, L(LMAX)), (-LINF, L(LMIN)), (LP63, L(LMAX)), (-LP63, L(LMIN)), (LBELOW_P63, L(9223372036854774784)),
        (-9223372036854777856.0, L(LMIN)), (LP31, L(0x8000_0000)),
    ]);
    all.f64("i64.trunc_sat_f64_u", &[
        (1.9, L(1)), (-0.9, L(0)), (-1.0, L(0)), (LNAN, L(0)), (LINF, L(-1)), (LP63, L(LMIN)), (LP64, L(-1)), (LBELOW_P64, L(-2048)),
    ]);
}

#[rustfmt::skip]
fn trapping(all: &mut Cases) {
    all.f32("i32.trunc_f32_s", &[
        (1.9, I(1)), (-1.9, I(-1)), (-0.0, I(0)), (BELOW_P31, I(2147483520)), (-P31, I(MIN)), (P31, OUT), (-2147483904.0, OUT), (NAN, OUT), (INF, OUT),
        (-INF, OUT),
    ]);
    all.f32("i32.trunc_f32_u", &[
        (1.9, I(1)), (-0.9, I(0)), (BELOW_P32, I(-256)), (P31, I(MIN)), (P32, OUT), (-1.0, OUT), (NAN, OUT), (INF, OUT), (-INF, OUT),
    ]);
    all.f64("i32.trunc_f64_s", &[
        (1.9, I(1)), (2147483647.9, I(MAX)), (-2147483648.9, I(MIN)), (LP31, OUT), (-2147483649.0, OUT), (LNAN, OUT), (LINF, OUT), (-LINF, OUT),
    ]);
    all.f64("i32.trunc_f64_u", &[
        (1.9, I(1)), (-0.9, I(0)), (4294967295.9, I(-1)), (LP32, OUT), (-1.0, OUT), (LNAN, OUT), (LINF, OUT), (-LINF, OUT),
    ]);
    all.f32("i64.trunc_f32_s", &[(1.9, L(1)), (BELOW_P63, L(9223371487098961920)), (-P63, L(LMIN)), (P63, OUT), (-9223373136366403584.0, OUT), (NAN, OUT), (INF, OUT)]);
    all.f32("i64.trunc_f32_u", &[(1.9, L(1)), (-0.9, L(0)), (BELOW_P64, L(-1 << 40)), (P63, L(LMIN)), (P64, OUT), (-1.0, OUT), (NAN, OUT), (-INF, OUT)]);
    all.f64("i64.trunc_f64_s", &[(1.9, L(1)), (LBELOW_P63, L(9223372036854774784)), (-LP63, L(LMIN)), (LP63, OUT), (-9223372036854777856.0, OUT), (LNAN, OUT), (LINF, OUT)]);
    all.f64("i64.trunc_f64_u", &[(1.9, L(1)), (-0.9, L(0)), (LBELOW_P64, L(-2048)), (LP63, L(LMIN)), (LP64, OUT), (-1.0, OUT), (LNAN, OUT), (-LINF, OUT)]);
}

#[rustfmt::skip]
fn to_floats(all: &mut Cases) {
    all.i32("f32.convert_i32_s", &[(0, F(0.0)), (-1, F(-1.0)), (MIN, F(-P31)), (MAX, F(P31)), (16777217, F(16777216.0)), (16777219, F(16777220.0))]);
    all.i32("f32.convert_i32_u", &[(0, F(0.0)), (-1, F(P32)), (MIN, F(P31)), (16777217, F(16777216.0)), (-128, F(P32)), (-129, F(BELOW_P32))]);
    // Through f64 the second would be rounded twice.
    all.i64("f32.convert_i64_s", &[
        (-1, F(-1.0)), (0x7fff_ff40_0000_0001, F(BELOW_P63 + 0.0)), (LMAX, F(P63)), (LMIN, F(-P63)), (0x0020_0000_2000_0001, F(f32::from_bits(0x5a00_0001))),
        (16777217, F(16777216.0)),
    ]);
    all.i64("f32.convert_i64_u", &[(-1, F(P64)), (LMIN, F(P63)), (0x7fff_ffbf_ffff_ffff, F(BELOW_P63)), (0x8000_0080_0000_0001_u64 as i64, F(f32::from_bits(0x5f00_0001)))]);
    all.i32("f64.convert_i32_s", &[(-1, D(-1.0)), (MIN, D(-LP31)), (MAX, D(2147483647.0))]);
    all.i32("f64.convert_i32_u", &[(-1, D(4294967295.0)), (MIN, D(LP31)), (5, D(5.0))]);
    all.i64("f64.convert_i64_s", &[(-1, D(-1.0)), (LMAX, D(LP63)), (LMIN, D(-LP63)), (9007199254740993, D(9007199254740992.0)), (9007199254740995, D(9007199254740996.0))]);
    all.i64("f64.convert_i64_u", &[(-1, D(LP64)), (LMIN, D(LP63)), (0x8000_0000_0000_0400_u64 as i64, D(LP63)), (0x8000_0000_0000_0401_u64 as i64, D(f64::from_bits(0x43e0_0000_0000_0001)))]);
    all.f64("f32.demote_f64", &[
        (1.5, F(1.5)), (-0.0, F(-0.0)), (1e40, F(INF)), (-1e40, F(-INF)), (0.1, F(0.1)), (1e-50, F(0.0)), (-1e-50, F(-0.0)), (LNAN, FNan), (LINF, F(INF)),
        (3.4028235677973366e38, F(INF)), (3.4028235677973362e38, F(f32::MAX)), (7.006492321624085e-46, F(0.0)), (7.006492321624087e-46, F(f32::from_bits(1))),
        (16777217.0, F(16777216.0)),
    ]);
    all.f32("f64.promote_f32", &[(1.5, D(1.5)), (-0.0, D(-0.0)), (0.1, D(0.10000000149011612)), (INF, D(LINF)), (f32::from_bits(1), D(1.401298464324817e-45)), (NAN, DNan)]);
}

fn bits(all: &mut Cases) {
    for word in
        [0, 1, 0x3f80_0000, 0x8000_0000, 0x7f80_0000, 0x7fc0_0000, 0x7fa1_2345, 0xffa1_2345, 0xffff_ffff]
    {
        all.f32("i32.reinterpret_f32", &[(f32::from_bits(word), I(word as i32))]);
        all.i32("f32.reinterpret_i32", &[(word as i32, F(f32::from_bits(word)))]);
    }
    for word in [
        0,
        1,
        0x3ff0_0000_0000_0000,
        1 << 63,
        0x7ff8_0000_0000_0000,
        0x7ff4_1234_5678_9abc,
        0xfff4_1234_5678_9abc,
        u64::MAX,
    ] {
        all.f64("i64.reinterpret_f64", &[(f64::from_bits(word), L(word as i64))]);
        all.i64("f64.reinterpret_i64", &[(word as i64, D(f64::from_bits(word)))]);
    }
}
