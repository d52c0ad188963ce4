//! Branches, taken and not; switches.

use super::integers::{COMPARISONS, LONG_PAIRS, int_pairs};
use crate::common::Cases;
use crate::common::Expect::{I, L};
use crate::common::{i32_const, i64_const};

/// A body that gives 1 when the branch is taken and 0 when it is not.
fn taken(operands: &str, branch: &str) -> String {
    format!("{operands}  {branch} yes  i32.const8 0  return  yes:  i32.const8 1  return")
}

#[rustfmt::skip]
pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("branches");
    for (name, results) in COMPARISONS {
        for ((a, b), result) in int_pairs().into_iter().zip(results) {
            all.add(&[(&taken(&format!("{}  {}", i32_const(a), i32_const(b)), &format!("br_i32.{name}")), I(result))]);
        }
        // From locals, and from a local and a constant: an interpreter may run these as one.
        for ((a, b), result) in int_pairs().into_iter().zip(results) {
            let first = format!("{}  local.set 0", i32_const(a));
            all.add(&[
                (&taken(&format!("{first}  {}  local.set 1  local.get 0  local.get 1", i32_const(b)), &format!("br_i32.{name}")), I(result)),
                (&taken(&format!("{first}  local.get 0  {}", i32_const(b)), &format!("br_i32.{name}")), I(result)),
                // Into their middle, with the operand of another way.
                (&format!("{first}  {}  goto on  off:  local.get 0  on:  {}  br_i32.{name} yes  i32.const8 0  return  yes:  i32.const8 1  return", i32_const(a), i32_const(b)), I(result)),
            ]);
        }
        for ((a, b), result) in LONG_PAIRS.into_iter().zip(results) {
            all.add(&[(&taken(&format!("{}  {}", i64_const(a), i64_const(b)), &format!("br_i64.{name}")), I(result))]);
        }
    }
    for (operands, branch, result) in [
        ("i32.const8 0", "br_if", 0), ("i32.const8 1", "br_if", 1), ("i32.const8 -1", "br_if", 1), ("i32.const 0x80000000", "br_if", 1),
        ("i32.const8 0", "br_ifz", 1), ("i32.const8 1", "br_ifz", 0), ("i32.const 0x100", "br_ifz", 0),
        ("null", "br_null", 1), ("const \"a\"", "br_null", 0), ("i32.const8 0  box_i32", "br_null", 0),
        ("null", "br_nonnull", 0), ("const \"a\"", "br_nonnull", 1), ("f32.const 0.0  box_f32", "br_nonnull", 1),
        ("null  null", "br_ref.eq", 1), ("null  const \"a\"", "br_ref.eq", 0), ("const \"a\"  const \"a\"", "br_ref.eq", 1),
        ("new Base  new Base", "br_ref.eq", 0), ("new Base  dup", "br_ref.eq", 1),
        ("i32.const8 5  box_i32  i32.const8 5  box_i32", "br_ref.eq", 1), ("i32.const8 5  box_i32  i64.const8 5  box_i64", "br_ref.eq", 0),
        ("null  null", "br_ref.ne", 0), ("null  const \"a\"", "br_ref.ne", 1), ("new Base  dup", "br_ref.ne", 0), ("new Base  new Base", "br_ref.ne", 1),
        ("i32.const8 5  box_i32  i32.const8 6  box_i32", "br_ref.ne", 1), ("i64.const8 5  box_i64  i64.const8 5  box_i64", "br_ref.ne", 0),
    ] {
        all.add(&[(&taken(operands, branch), I(result))]);
    }
    all.add(&[
        ("goto on  i32.const8 1  return  on:  i32.const8 2", I(2)),
        ("goto far  near:  i32.const8 3  return  far:  goto near", I(3)),
        // Loops: a back edge in each direction of the condition.
        ("i32.const8 0  local.set 0  i32.const8 10  local.set 1  again:  local.get 0  local.get 1  i32.add  local.set 0  i32.inc 1 -1  local.get 1  br_if again  local.get 0", I(55)),
        ("i64.const8 1  local.set 0  again:  local.get 0  i64.const8 2  i64.mul  local.tee 0  i64.const 1000000  br_i64.lt_s again  local.get 0", L(1 << 20)),
        // More often than a slice is long.
        ("i32.const8 0  local.set 0  again:  i32.inc 0 1  local.get 0  i32.const 100000  br_i32.lt_s again  local.get 0", I(100_000)),
        // Operands stay on the stack over a branch.
        ("i32.const8 5  i32.const8 1  br_if on  nop  on:  i32.const8 2  i32.add", I(7)),
        // A loop with an operand below.
        ("i32.const8 5  local.set 0  const \"below\"  again:  i32.inc 0 -1  local.get 0  br_if again  pop  local.get 0", I(0)),
    ]);
    let table = |key: &str| {
        format!(
            "{key}  table_switch other -1 a b c b  a:  i32.const8 10  return  b:  i32.const8 20  return  c:  i32.const8 30  return  \
             other:  i32.const8 99  return"
        )
    };
    for (key, result) in [(-1, 10), (0, 20), (1, 30), (2, 20), (3, 99), (-2, 99), (i32::MIN, 99), (i32::MAX, 99)] {
        all.add(&[(&table(&format!("i32.const {key}")), I(result))]);
    }
    let edges = |low: i32, key: i32| {
        format!("i32.const {key}  table_switch other {low} a b  a:  i32.const8 10  return  b:  i32.const8 20  return  other:  i32.const8 99  return")
    };
    let high = i32::MAX - 1;
    for (low, key, result) in [
        (i32::MIN, i32::MIN, 10), (i32::MIN, i32::MIN + 1, 20), (i32::MIN, i32::MAX, 99), (i32::MIN, 0, 99),
        (high, high, 10), (high, i32::MAX, 20), (high, i32::MIN, 99), (high, 0, 99), (high, high - 1, 99),
    ] {
        all.add(&[(&edges(low, key), I(result))]);
    }
    all.add(&[
        ("i32.const8 5  table_switch other 5  other:  i32.const8 99", I(99)),
        ("i32.const8 5  lookup_switch other  other:  i32.const8 99", I(99)),
        // Backwards.
        ("i32.const8 3  local.set 0  goto on  again:  i32.inc 0 -1  on:  local.get 0  table_switch again 0 out  out:  local.get 0", I(0)),
        ("i32.const8 3  local.set 0  goto on  again:  i32.inc 0 -1  on:  local.get 0  lookup_switch again -2 out  out:  local.get 0", I(-2)),
        // Operands stay on the stack over a switch.
        ("i32.const8 7  i32.const8 1  table_switch other 0 other on  on:  i32.const8 1  i32.add  other:  nop", I(8)),
    ]);
    let lookup = |key: i32| {
        format!(
            "i32.const {key}  lookup_switch other -2147483648 a, -7 b, 0 c, 100000 a, 2147483647 d  a:  i32.const8 10  return  \
             b:  i32.const8 20  return  c:  i32.const8 30  return  d:  i32.const8 40  return  other:  i32.const8 99  return"
        )
    };
    for (key, result) in [
        (i32::MIN, 10), (-7, 20), (0, 30), (100_000, 10), (i32::MAX, 40), (1, 99), (-1, 99), (-8, 99), (i32::MIN + 1, 99), (i32::MAX - 1, 99),
    ] {
        all.add(&[(&lookup(key), I(result))]);
    }
    all
}
