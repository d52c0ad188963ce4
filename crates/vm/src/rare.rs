//! Instructions that are rare: one or two numbers to one, without frame or memory. Safe code, called by the interpreter.

use bytecode::Op;
use layout::internal::ClassId;

/// Why an instruction throws: class and message.
pub(crate) type Fault = (ClassId, &'static str);

const OVERFLOW: Fault = (ClassId::Arithmetic, "integer overflow");
const ZERO: Fault = (ClassId::Arithmetic, "division by zero");
const RANGE: Fault = (ClassId::Arithmetic, "the number does not fit in an integer");

fn i32_of(bits: u64) -> i32 {
    bits as u32 as i32
}
fn f32_of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}
fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}
fn from_i32(value: i32) -> u64 {
    u64::from(value as u32)
}
fn from_f32(value: f32) -> u64 {
    u64::from(value.to_bits())
}

/// WebAssembly's `min`: NaN wins, -0 is less than 0.
macro_rules! min_max {
    ($min:ident, $max:ident, $ty:ident) => {
        fn $min(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                a + b
            } else if a == b {
                $ty::from_bits(a.to_bits() | b.to_bits())
            } else if a < b {
                a
            } else {
                b
            }
        }
        fn $max(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                a + b
            } else if a == b {
                $ty::from_bits(a.to_bits() & b.to_bits())
            } else if a > b {
                a
            } else {
                b
            }
        }
    };
}
min_max!(min_f32, max_f32, f32);
min_max!(min_f64, max_f64, f64);

/// How many of the two operands an instruction takes.
pub(crate) fn operands(op: Op) -> usize {
    match op.spec().effect {
        bytecode::Effect::Fixed { pops, .. } => pops.len(),
        bytecode::Effect::Special => unreachable!("{} is not one of these", op.mnemonic()),
    }
}

/// Truncates towards zero when the result lies strictly between the bounds.
fn truncated(value: f64, above: f64, below: f64) -> Result<f64, Fault> {
    let whole = libm::trunc(value);
    // NaN fails both comparisons.
    if whole > above && whole < below { Ok(whole) } else { Err(RANGE) }
}

const TWO_31: f64 = 2_147_483_648.0;
const TWO_32: f64 = 4_294_967_296.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

/// The result of an instruction; `b` is the top, or the only operand stands in `a`.
///
/// # Errors
/// What to throw.
pub(crate) fn compute(op: Op, a: u64, b: u64) -> Result<u64, Fault> {
    let (x, y) = (i32_of(a), i32_of(b));
    let (lx, ly) = (a as i64, b as i64);
    let count = b as u32;
    let (fx, fy) = (f32_of(a), f32_of(b));
    let (dx, dy) = (f64_of(a), f64_of(b));
    let signed = |value: Option<i32>| value.map(from_i32).ok_or(OVERFLOW);
    let unsigned = |value: Option<u32>| value.map(u64::from).ok_or(OVERFLOW);
    let signed_long = |value: Option<i64>| value.map(|value| value as u64).ok_or(OVERFLOW);
    let unsigned_long = |value: Option<u64>| value.ok_or(OVERFLOW);
    Ok(match op {
        Op::I32DivS if y == 0 => return Err(ZERO),
        Op::I32DivS => return signed(x.checked_div(y)),
        Op::I32Rotl => u64::from((x as u32).rotate_left(count & 31)),
        Op::I32Rotr => u64::from((x as u32).rotate_right(count & 31)),
        Op::I32Clz => u64::from(x.leading_zeros()),
        Op::I32Ctz => u64::from(x.trailing_zeros()),
        Op::I32Popcnt => u64::from(x.count_ones()),
        Op::I32AddOvfS => return signed(x.checked_add(y)),
        Op::I32AddOvfU => return unsigned((x as u32).checked_add(y as u32)),
        Op::I32SubOvfS => return signed(x.checked_sub(y)),
        Op::I32SubOvfU => return unsigned((x as u32).checked_sub(y as u32)),
        Op::I32MulOvfS => return signed(x.checked_mul(y)),
        Op::I32MulOvfU => return unsigned((x as u32).checked_mul(y as u32)),
        Op::I64DivS if ly == 0 => return Err(ZERO),
        Op::I64DivS => return signed_long(lx.checked_div(ly)),
        Op::I64Rotl => a.rotate_left(count & 63),
        Op::I64Rotr => a.rotate_right(count & 63),
        Op::I64Clz => u64::from(a.leading_zeros()),
        Op::I64Ctz => u64::from(a.trailing_zeros()),
        Op::I64Popcnt => u64::from(a.count_ones()),
        Op::I64AddOvfS => return signed_long(lx.checked_add(ly)),
        Op::I64AddOvfU => return unsigned_long(a.checked_add(b)),
        Op::I64SubOvfS => return signed_long(lx.checked_sub(ly)),
        Op::I64SubOvfU => return unsigned_long(a.checked_sub(b)),
        Op::I64MulOvfS => return signed_long(lx.checked_mul(ly)),
        Op::I64MulOvfU => return unsigned_long(a.checked_mul(b)),
        Op::F32Abs => a & 0x7fff_ffff,
        Op::F32Ceil => from_f32(libm::ceilf(fx)),
        Op::F32Floor => from_f32(libm::floorf(fx)),
        Op::F32Trunc => from_f32(libm::truncf(fx)),
        Op::F32Nearest => from_f32(libm::rintf(fx)),
        Op::F32Sqrt => from_f32(libm::sqrtf(fx)),
        Op::F32Min => from_f32(min_f32(fx, fy)),
        Op::F32Max => from_f32(max_f32(fx, fy)),
        Op::F32Copysign => a & 0x7fff_ffff | b & 0x8000_0000,
        Op::F64Abs => a & !(1 << 63),
        Op::F64Ceil => libm::ceil(dx).to_bits(),
        Op::F64Floor => libm::floor(dx).to_bits(),
        Op::F64Trunc => libm::trunc(dx).to_bits(),
        Op::F64Nearest => libm::rint(dx).to_bits(),
        Op::F64Sqrt => libm::sqrt(dx).to_bits(),
        Op::F64Min => min_f64(dx, dy).to_bits(),
        Op::F64Max => max_f64(dx, dy).to_bits(),
        Op::F64Copysign => a & !(1 << 63) | b & 1 << 63,
        Op::I32TruncF32S => from_i32(truncated(f64::from(fx), -TWO_31 - 1.0, TWO_31)? as i32),
        Op::I32TruncF32U => u64::from(truncated(f64::from(fx), -1.0, TWO_32)? as u32),
        Op::I32TruncF64S => from_i32(truncated(dx, -TWO_31 - 1.0, TWO_31)? as i32),
        Op::I32TruncF64U => u64::from(truncated(dx, -1.0, TWO_32)? as u32),
        // The next double below -2^63 is -2^63 - 2048.
        Op::I64TruncF32S => truncated(f64::from(fx), -TWO_63 - 2048.0, TWO_63)? as i64 as u64,
        Op::I64TruncF32U => truncated(f64::from(fx), -1.0, TWO_64)? as u64,
        Op::I64TruncF64S => truncated(dx, -TWO_63 - 2048.0, TWO_63)? as i64 as u64,
        Op::I64TruncF64U => truncated(dx, -1.0, TWO_64)? as u64,
        Op::I32TruncSatF32U => u64::from(fx as u32),
        Op::I32TruncSatF64U => u64::from(dx as u32),
        Op::I64TruncSatF32U => fx as u64,
        Op::I64TruncSatF64U => dx as u64,
        Op::I32ReinterpretF32 | Op::F32ReinterpretI32 | Op::I64ReinterpretF64 | Op::F64ReinterpretI64 => a,
        other => unreachable!("{} has a record of its own", other.mnemonic()),
    })
}
