//! `java.lang.StrictMath` where the results of `libm` are not those of fdlibm 5.3, which the class promises to the bit.
//!
//! The functions do what fdlibm's documentation and Java's specification say, in the order of operations in which their
//! roundings count. Those that are not here are the same in `libm`.

use libm::{atan, exp, expm1, fabs};

/// The upper half of a double.
fn high(x: f64) -> i32 {
    (x.to_bits() >> 32) as i32
}
/// A double with another upper half.
fn with_high(x: f64, high: i32) -> f64 {
    f64::from_bits(u64::from(high as u32) << 32 | x.to_bits() & 0xffff_ffff)
}

const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
/// Coefficients of `log((1 + s) / (1 - s))`.
const LG: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];
const THIRD: f64 = 1.0 / 3.0;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// What a logarithm is where there is none, and a normal number with its exponent's part otherwise.
fn normal(x: f64) -> Result<(f64, i32), f64> {
    let bits = high(x);
    if bits < 0x0010_0000 {
        if x == 0.0 {
            return Err(f64::NEG_INFINITY);
        }
        if bits < 0 {
            return Err(f64::NAN);
        }
        return Ok((x * TWO_54, -54));
    }
    if bits >= 0x7ff0_0000 { Err(x + x) } else { Ok((x, 0)) }
}

pub(crate) fn log(x: f64) -> f64 {
    let (x, mut k) = match normal(x) {
        Ok(found) => found,
        Err(result) => return result,
    };
    let bits = high(x);
    k += (bits >> 20) - 1023;
    let bits = bits & 0x000f_ffff;
    let i = (bits + 0x95f64) & 0x10_0000;
    k += i >> 20;
    let f = with_high(x, bits | (i ^ 0x3ff0_0000)) - 1.0;
    let dk = f64::from(k);
    if 0x000f_ffff & (2 + bits) < 3 {
        if f == 0.0 {
            return if k == 0 { 0.0 } else { dk * LN2_HIGH + dk * LN2_LOW };
        }
        let r = f * f * (0.5 - THIRD * f);
        return if k == 0 { f - r } else { dk * LN2_HIGH - ((r - dk * LN2_LOW) - f) };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let t1 = w * (LG[1] + w * (LG[3] + w * LG[5]));
    let t2 = z * (LG[0] + w * (LG[2] + w * (LG[4] + w * LG[6])));
    let r = t2 + t1;
    if (bits - 0x6147a) | (0x6b851 - bits) > 0 {
        let half = 0.5 * f * f;
        if k == 0 {
            return f - (half - s * (half + r));
        }
        return dk * LN2_HIGH - ((half - (s * (half + r) + dk * LN2_LOW)) - f);
    }
    if k == 0 { f - s * (f - r) } else { dk * LN2_HIGH - ((s * (f - r) - dk * LN2_LOW) - f) }
}

pub(crate) fn log10(x: f64) -> f64 {
    const IVLN10: f64 = f64::from_bits(0x3fdb_cb7b_1526_e50e);
    const LOG10_2_HIGH: f64 = f64::from_bits(0x3fd3_4413_509f_6000);
    const LOG10_2_LOW: f64 = f64::from_bits(0x3d59_fef3_11f1_2b36);
    let (x, mut k) = match normal(x) {
        Ok(found) => found,
        Err(result) => return result,
    };
    let bits = high(x);
    k += (bits >> 20) - 1023;
    let i = i32::from(k < 0);
    let y = f64::from(k + i);
    let x = with_high(x, bits & 0x000f_ffff | (0x3ff - i) << 20);
    let z = y * LOG10_2_LOW + IVLN10 * log(x);
    z + y * LOG10_2_HIGH
}

pub(crate) fn log1p(x: f64) -> f64 {
    let bits = high(x);
    let magnitude = bits & 0x7fff_ffff;
    let (mut k, mut f, mut c, mut upper) = (1, 0.0, 0.0, 1);
    if bits < 0x3fda_827a {
        if magnitude >= 0x3ff0_0000 {
            return if x == -1.0 { f64::NEG_INFINITY } else { f64::NAN };
        }
        if magnitude < 0x3e20_0000 {
            return if magnitude < 0x3c90_0000 { x } else { x - x * x * 0.5 };
        }
        if bits > 0 || bits <= 0xbfd2_bec3_u32 as i32 {
            (k, f) = (0, x);
        }
    }
    if bits >= 0x7ff0_0000 {
        return x + x;
    }
    if k != 0 {
        let u;
        if bits < 0x4340_0000 {
            u = 1.0 + x;
            k = (high(u) >> 20) - 1023;
            c = if k > 0 { 1.0 - (u - x) } else { x - (u - 1.0) };
            c /= u;
        } else {
            u = x;
            k = (high(u) >> 20) - 1023;
        }
        upper = high(u) & 0x000f_ffff;
        let reduced = if upper < 0x6a09e {
            with_high(u, upper | 0x3ff0_0000)
        } else {
            k += 1;
            let reduced = with_high(u, upper | 0x3fe0_0000);
            upper = (0x0010_0000 - upper) >> 2;
            reduced
        };
        f = reduced - 1.0;
    }
    let dk = f64::from(k);
    let half = 0.5 * f * f;
    if upper == 0 {
        if f == 0.0 {
            return if k == 0 { 0.0 } else { dk * LN2_HIGH + (c + dk * LN2_LOW) };
        }
        let r = half * (1.0 - 2.0 * THIRD * f);
        return if k == 0 { f - r } else { dk * LN2_HIGH - ((r - (dk * LN2_LOW + c)) - f) };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (LG[0] + z * (LG[1] + z * (LG[2] + z * (LG[3] + z * (LG[4] + z * (LG[5] + z * LG[6]))))));
    if k == 0 {
        f - (half - s * (half + r))
    } else {
        dk * LN2_HIGH - ((half - (s * (half + r) + (dk * LN2_LOW + c))) - f)
    }
}

/// The magnitude from which `exp` overflows, and that from which half of it does.
const EXP_MAX: u64 = 0x4086_2e42_0000_0000;
const HALF_EXP_MAX: u64 = 0x4086_33ce_8fb9_f87d;

pub(crate) fn sinh(x: f64) -> f64 {
    let a = fabs(x);
    let bits = a.to_bits();
    let upper = high(a);
    if upper >= 0x7ff0_0000 {
        return x + x;
    }
    let half = if x.is_sign_negative() { -0.5 } else { 0.5 };
    if upper < 0x4036_0000 {
        if upper < 0x3e30_0000 {
            return x;
        }
        let t = expm1(a);
        return if upper < 0x3ff0_0000 {
            half * (2.0 * t - t * t / (t + 1.0))
        } else {
            half * (t + t / (t + 1.0))
        };
    }
    if bits < EXP_MAX {
        return half * exp(a);
    }
    if bits <= HALF_EXP_MAX {
        let w = exp(0.5 * a);
        return half * w * w;
    }
    x * 1.0e307
}

pub(crate) fn cosh(x: f64) -> f64 {
    let a = fabs(x);
    let bits = a.to_bits();
    let upper = high(a);
    if upper >= 0x7ff0_0000 {
        return x * x;
    }
    if upper < 0x3fd6_2e43 {
        let t = expm1(a);
        let w = 1.0 + t;
        return if upper < 0x3c80_0000 { w } else { 1.0 + t * t / (w + w) };
    }
    if upper < 0x4036_0000 {
        let t = exp(a);
        return 0.5 * t + 0.5 / t;
    }
    if bits < EXP_MAX {
        return 0.5 * exp(a);
    }
    if bits <= HALF_EXP_MAX {
        let w = exp(0.5 * a);
        return 0.5 * w * w;
    }
    f64::INFINITY
}

pub(crate) fn tanh(x: f64) -> f64 {
    let upper = high(x) & 0x7fff_ffff;
    if upper >= 0x7ff0_0000 {
        return if x.is_sign_negative() { 1.0 / x - 1.0 } else { 1.0 / x + 1.0 };
    }
    let z = if upper >= 0x4036_0000 {
        1.0
    } else if upper < 0x3c80_0000 {
        return x * (1.0 + x);
    } else if upper >= 0x3ff0_0000 {
        1.0 - 2.0 / (expm1(2.0 * fabs(x)) + 2.0)
    } else {
        let t = expm1(-2.0 * fabs(x));
        -t / (t + 2.0)
    };
    if x.is_sign_negative() { -z } else { z }
}

pub(crate) fn atan2(y: f64, x: f64) -> f64 {
    use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    const PI_LOW: f64 = f64::from_bits(0x3ca1_a626_3314_5c07);
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    if x == 1.0 {
        return atan(y);
    }
    let sign = |z: f64| if y.is_sign_negative() { -z } else { z };
    let left = x.is_sign_negative();
    if y == 0.0 {
        return if left { sign(PI) } else { y };
    }
    if x == 0.0 {
        return sign(FRAC_PI_2);
    }
    if x.is_infinite() {
        let z = match (y.is_infinite(), left) {
            (true, false) => FRAC_PI_4,
            (true, true) => 3.0 * FRAC_PI_4,
            (false, false) => 0.0,
            (false, true) => PI,
        };
        return sign(z);
    }
    if y.is_infinite() {
        return sign(FRAC_PI_2);
    }
    let k = ((high(y) & 0x7fff_ffff) - (high(x) & 0x7fff_ffff)) >> 20;
    let z = if k > 60 {
        FRAC_PI_2 + 0.5 * PI_LOW
    } else if left && k < -60 {
        0.0
    } else {
        atan(fabs(y / x))
    };
    match (left, y.is_sign_negative()) {
        (false, false) => z,
        (false, true) => -z,
        (true, false) => PI - (z - PI_LOW),
        (true, true) => (z - PI_LOW) - PI,
    }
}

pub(crate) fn sin(x: f64) -> f64 {
    match reduced(x) {
        None => f64::NAN,
        Some((0, y, rest)) => kernel_sin(y, rest),
        Some((1, y, rest)) => kernel_cos(y, rest),
        Some((2, y, rest)) => -kernel_sin(y, rest),
        Some((_, y, rest)) => -kernel_cos(y, rest),
    }
}

pub(crate) fn cos(x: f64) -> f64 {
    match reduced(x) {
        None => f64::NAN,
        Some((0, y, rest)) => kernel_cos(y, rest),
        Some((1, y, rest)) => -kernel_sin(y, rest),
        Some((2, y, rest)) => -kernel_cos(y, rest),
        Some((_, y, rest)) => kernel_sin(y, rest),
    }
}

/// The greatest upper half of an angle that is not reduced (pi / 4).
const SMALL: i32 = 0x3fe9_21fb;

/// Sine of at most pi / 4; `rest` is what the angle has not of `x`, 0 for one that was not reduced.
fn kernel_sin(x: f64, rest: f64) -> f64 {
    const S: [f64; 6] = [
        f64::from_bits(0xbfc5_5555_5555_5549),
        f64::from_bits(0x3f81_1111_1110_f8a6),
        f64::from_bits(0xbf2a_01a0_19c1_61d5),
        f64::from_bits(0x3ec7_1de3_57b1_fe7d),
        f64::from_bits(0xbe5a_e5e6_8a2b_9ceb),
        f64::from_bits(0x3de5_d93a_5acf_d57c),
    ];
    if high(x) & 0x7fff_ffff < 0x3e40_0000 {
        return x;
    }
    let z = x * x;
    let v = z * x;
    let r = S[1] + z * (S[2] + z * (S[3] + z * (S[4] + z * S[5])));
    // Adding a rest of 0 gives other roundings.
    if rest == 0.0 { x + v * (S[0] + z * r) } else { x - ((z * (0.5 * rest - v * r) - rest) - v * S[0]) }
}

/// Cosine of at most pi / 4.
fn kernel_cos(x: f64, rest: f64) -> f64 {
    const C: [f64; 6] = [
        f64::from_bits(0x3fa5_5555_5555_554c),
        f64::from_bits(0xbf56_c16c_16c1_5177),
        f64::from_bits(0x3efa_01a0_19cb_1590),
        f64::from_bits(0xbe92_7e4f_809c_52ad),
        f64::from_bits(0x3e21_ee9e_bdb4_b1c4),
        f64::from_bits(0xbda8_fae9_be88_38d4),
    ];
    let upper = high(x) & 0x7fff_ffff;
    if upper < 0x3e40_0000 {
        return 1.0;
    }
    let z = x * x;
    let r = z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * C[5])))));
    if upper < 0x3fd3_3333 {
        return 1.0 - (0.5 * z - (z * r - x * rest));
    }
    let q = if upper > 0x3fe9_0000 { 0.28125 } else { with_high(0.0, upper - 0x0020_0000) };
    let half = 0.5 * z - q;
    (1.0 - q) - (half - (z * r - x * rest))
}

/// An angle less a multiple of pi / 2: which one modulo 4, what is left, and what that has not of it; `None` when it is not
/// finite.
fn reduced(x: f64) -> Option<(u32, f64, f64)> {
    const INV_PIO2: f64 = f64::from_bits(0x3fe4_5f30_6dc9_c883);
    const PIO2: [f64; 3] = [
        f64::from_bits(0x3ff9_21fb_5440_0000),
        f64::from_bits(0x3dd0_b461_1a60_0000),
        f64::from_bits(0x3ba3_198a_2e00_0000),
    ];
    const PIO2_TAIL: [f64; 3] = [
        f64::from_bits(0x3dd0_b461_1a62_6331),
        f64::from_bits(0x3ba3_198a_2e03_7073),
        f64::from_bits(0x397b_839a_2520_49c1),
    ];
    let a = fabs(x);
    let upper = high(a);
    if upper <= SMALL {
        return Some((0, x, 0.0));
    }
    if upper >= 0x7ff0_0000 {
        return None;
    }
    let (n, y, rest) = if upper < 0x4002_d97c {
        // Less than 3 pi / 4; near pi / 2 with more bits.
        let (z, tail) = if upper == 0x3ff9_21fb {
            (a - PIO2[0] - PIO2[1], PIO2_TAIL[1])
        } else {
            (a - PIO2[0], PIO2_TAIL[0])
        };
        let y = z - tail;
        (1, y, (z - y) - tail)
    } else if upper <= 0x4139_21fb {
        let n = (a * INV_PIO2 + 0.5) as i32;
        let fn_ = f64::from(n);
        let (mut r, mut w) = (a - fn_ * PIO2[0], fn_ * PIO2_TAIL[0]);
        let mut y = r - w;
        if n >= 32 || upper == high(fn_ * core::f64::consts::FRAC_PI_2) {
            let lost = |y: f64| (upper >> 20) - (high(y) >> 20 & 0x7ff);
            for (part, bits) in [(1, 16), (2, 49)] {
                if lost(y) <= bits {
                    break;
                }
                let t = r;
                w = fn_ * PIO2[part];
                r = t - w;
                w = fn_ * PIO2_TAIL[part] - ((t - r) - w);
                y = r - w;
            }
        }
        (n as u32, y, (r - y) - w)
    } else {
        reduced_large(a)
    };
    Some(if x.is_sign_negative() { (n.wrapping_neg() & 3, -y, -rest) } else { (n & 3, y, rest) })
}

/// As [`reduced`], of more than 2^19 pi / 2 (`__kernel_rem_pio2`, for results of 53 bits): the product of pieces of 24 bits
/// of the angle with those of 2 / pi that count, and more of these while nothing is left of it.
fn reduced_large(x: f64) -> (u32, f64, f64) {
    /// Pieces of the product at first, less one.
    const FIRST: usize = 4;
    /// Most pieces of a product.
    const PIECES: usize = 20;
    const TWO_24: f64 = 16_777_216.0;
    const PIO2: [f64; 5] = [
        f64::from_bits(0x3ff9_21fb_4000_0000),
        f64::from_bits(0x3e74_442d_0000_0000),
        f64::from_bits(0x3cf8_4698_8000_0000),
        f64::from_bits(0x3b78_cc51_6000_0000),
        f64::from_bits(0x39f0_1b83_8000_0000),
    ];
    // The angle as three pieces, the first of exponent `exponent`.
    let exponent = (x.to_bits() >> 52) as i32 - 1046;
    // Subtracted from the exponent's bits; it may be negative.
    let mut z = f64::from_bits(x.to_bits().wrapping_sub((i64::from(exponent) << 52) as u64));
    let mut angle = [0.0; 3];
    for piece in &mut angle[..2] {
        *piece = f64::from(z as i32);
        z = (z - *piece) * TWO_24;
    }
    angle[2] = z;
    let last = angle.iter().rposition(|piece| *piece != 0.0).unwrap_or(0);
    let skipped = ((exponent - 3) / 24).max(0);
    let mut scale = exponent - 24 * (skipped + 1);
    let factor = |at: usize| two_by_pi(skipped - last as i32 + at as i32);
    let product =
        |at: usize| (0..=last).fold(0.0, |sum, piece| sum + angle[piece] * factor(last + at - piece));
    let mut q = [0.0; PIECES];
    for (at, piece) in q.iter_mut().enumerate().take(FIRST + 1) {
        *piece = product(at);
    }
    let (mut count, mut whole) = (FIRST, [0_i32; PIECES]);
    let (mut n, mut above);
    loop {
        z = q[count];
        for (at, from) in (0..count).rev().enumerate() {
            let upper = f64::from((z / TWO_24) as i32);
            whole[at] = (z - TWO_24 * upper) as i32;
            z = q[from] + upper;
        }
        z = libm::ldexp(z, scale);
        z -= 8.0 * libm::floor(z * 0.125);
        n = z as i32;
        z -= f64::from(n);
        // Whether the fraction is a half or more: it is taken from one then.
        above = 0;
        if scale > 0 {
            let more = whole[count - 1] >> (24 - scale);
            n += more;
            whole[count - 1] -= more << (24 - scale);
            above = whole[count - 1] >> (23 - scale);
        } else if scale == 0 {
            above = whole[count - 1] >> 23;
        } else if z >= 0.5 {
            above = 2;
        }
        if above > 0 {
            n += 1;
            let mut borrowed = false;
            for piece in &mut whole[..count] {
                if borrowed {
                    *piece = 0xff_ffff - *piece;
                } else if *piece != 0 {
                    borrowed = true;
                    *piece = 0x100_0000 - *piece;
                }
            }
            match scale {
                1 => whole[count - 1] &= 0x7f_ffff,
                2 => whole[count - 1] &= 0x3f_ffff,
                _ => {}
            }
            if above == 2 {
                z = 1.0 - z;
                if borrowed {
                    z -= libm::ldexp(1.0, scale);
                }
            }
        }
        if z != 0.0 || whole[FIRST..count].iter().any(|piece| *piece != 0) {
            break;
        }
        let zeros = whole[..FIRST].iter().rev().take_while(|piece| **piece == 0).count();
        let more = (count + zeros + 1).min(PIECES - 2);
        for (at, piece) in q.iter_mut().enumerate().take(more + 1).skip(count + 1) {
            *piece = product(at);
        }
        count = more;
    }
    if z == 0.0 {
        count -= 1;
        scale -= 24;
        while whole[count] == 0 {
            count -= 1;
            scale -= 24;
        }
    } else {
        z = libm::ldexp(z, -scale);
        if z >= TWO_24 {
            let upper = f64::from((z / TWO_24) as i32);
            whole[count] = (z - TWO_24 * upper) as i32;
            count += 1;
            scale += 24;
            whole[count] = upper as i32;
        } else {
            whole[count] = z as i32;
        }
    }
    let mut unit = libm::ldexp(1.0, scale);
    for at in (0..=count).rev() {
        q[at] = unit * f64::from(whole[at]);
        unit /= TWO_24;
    }
    let mut parts = [0.0; PIECES];
    for at in (0..=count).rev() {
        let of = FIRST.min(count - at);
        parts[count - at] = (0..=of).fold(0.0, |sum, piece| sum + PIO2[piece] * q[at + piece]);
    }
    let y = (0..=count).rev().fold(0.0, |sum, at| sum + parts[at]);
    let rest = (1..=count).fold(parts[0] - y, |sum, at| sum + parts[at]);
    if above == 0 { (n as u32 & 3, y, rest) } else { (n as u32 & 3, -y, -rest) }
}

/// Bits of 2 / pi behind the point, 24 of them, by their place; 0 in front of it.
fn two_by_pi(place: i32) -> f64 {
    const TWO_BY_PI: [u64; 20] = [
        0xa2f9_836e_4e44_1529,
        0xfc27_57d1_f534_ddc0,
        0xdb62_9599_3c43_9041,
        0xfe51_63ab_debb_c561,
        0xb724_6e3a_424d_d2e0,
        0x0649_2eea_09d1_921c,
        0xfe1d_eb1c_b129_a73e,
        0xe882_35f5_2ebb_4484,
        0xe99c_7026_b45f_7e41,
        0x3991_d639_8353_39f4,
        0x9c84_5f8b_bdf9_283b,
        0x1ff8_97ff_de05_980f,
        0xef2f_118b_5a0a_6d1f,
        0x6d36_7ecf_27cb_09b7,
        0x4f46_3f66_9e5f_ea2d,
        0x7527_bac7_ebe5_f17b,
        0x3d07_39f7_8a52_92ea,
        0x6bfb_5fb1_1f8d_5d08,
        0x5603_3046_fc7b_6bab,
        0xf0cf_bc20_9af4_361d,
    ];
    let Ok(place) = usize::try_from(place) else { return 0.0 };
    let (at, shift) = (24 * place / 64, 24 * place % 64);
    let word = |at: usize| u128::from(TWO_BY_PI.get(at).copied().unwrap_or(0));
    let both = word(at) << 64 | word(at + 1);
    ((both << shift >> 104) as u32).into()
}
