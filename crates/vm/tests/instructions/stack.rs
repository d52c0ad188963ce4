//! Constants, locals, shuffles of the operand stack, `nop`, `poll`.

use crate::common::Cases;
use crate::common::Expect::{D, DNan, F, FNan, I, L, Null, Of, Refused, Text, Throws};

#[rustfmt::skip]
pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("stack");
    all.add(&[
        ("nop  i32.const8 1  nop", I(1)),
        ("poll  i32.const8 2  poll  poll", I(2)),
        ("null", Null),
        ("i32.const8 -128", I(-128)),
        ("i32.const8 127", I(127)),
        ("i32.const16 -32768", I(-32768)),
        ("i32.const16 32767", I(32767)),
        ("i32.const -2147483648", I(i32::MIN)),
        ("i32.const 0xffffffff", I(-1)),
        ("i64.const8 -128", L(-128)),
        ("i64.const -9223372036854775808", L(i64::MIN)),
        ("i64.const 0x7fffffffffffffff", L(i64::MAX)),
        ("f32.const 1.5", F(1.5)),
        ("f32.const -0.0", F(-0.0)),
        ("f32.const nan:0x7fa00001", F(f32::from_bits(0x7fa0_0001))),
        ("f32.const nan:0x7fc00000", FNan),
        ("f32.const -inf", F(f32::NEG_INFINITY)),
        ("f64.const 1.5", D(1.5)),
        ("f64.const -0.0", D(-0.0)),
        ("f64.const nan:0xfff0000000000001", D(f64::from_bits(0xfff0_0000_0000_0001))),
        ("f64.const nan:0x7ff8000000000000", DNan),
        ("f64.const 5e-324", D(5e-324)),
    ]);
    // Constants of the pool.
    all.add(&[
        ("const i32 -5", I(-5)),
        ("const i64 1099511627776", L(1 << 40)),
        ("const f32 0.1", F(0.1)),
        ("const f64 0.1", D(0.1)),
        ("const f64 nan:0x7ff4000000000001", D(f64::from_bits(0x7ff4_0000_0000_0001))),
        ("const str \"\"", Text("")),
        ("const str \"grüße\\n\"", Text("grüße\n")),
        ("const \"short\"", Text("short")),
        ("const \"one\"  const \"one\"  ref.eq", I(1)),
        ("const \"one\"  const \"two\"  ref.eq", I(0)),
        ("const class Base", Of(".internal.class")),
        ("const class Base  const class Base  ref.eq", I(1)),
        ("const class Base  new Base  class_of  ref.eq", I(1)),
        ("const class [I  i32.const8 1  new_array i32  class_of  ref.eq", I(1)),
        ("const class [LBase;  i32.const8 1  new_ref_array Base  class_of  ref.eq", I(1)),
        ("const class Nowhere", Throws("class_not_found")),
        ("const binary x\"01020304\"  mem.size", L(4)),
        ("const binary x\"01020304\"  i32.const8 0  i32.load a32 0", I(0x0403_0201)),
        ("const binary x\"\"  mem.size", L(0)),
        ("const method_type (I)V  br_null no  i32.const8 1  return  no:  i32.const8 0", I(1)),
        ("const 0 = method Kinds add (II)I  const handle call_static #0  br_null no  i32.const8 1  return  no:  i32.const8 0", I(1)),
        // Twice the same handle is one object: it is resolved once.
        ("const 0 = method Kinds add (II)I  const 1 = handle call_static #0  const #1  const #1  ref.eq", I(1)),
    ]);
    all.add(&[
        ("i32.const8 5  local.set 0  local.get 0  local.get 0  i32.add", I(10)),
        ("i64.const -5  local.set 3  local.get 3", L(-5)),
        ("f32.const 1.5  local.tee 1  local.get 1  f32.add", F(3.0)),
        ("f64.const 1.5  local.tee 1  pop  local.get 1", D(1.5)),
        ("null  local.set 0  local.get 0", Null),
        ("const \"text\"  local.tee 2  pop  local.get 2", Text("text")),
        // A local takes another kind.
        ("i32.const8 5  local.set 0  f64.const 2.5  local.set 0  local.get 0", D(2.5)),
        ("null  local.set 0  i64.const -1  local.set 0  local.get 0", L(-1)),
        ("i32.const8 5  local.set 0  i32.inc 0 3  local.get 0", I(8)),
        ("i32.const8 5  local.set 0  i32.inc 0 -32768  local.get 0", I(-32763)),
        ("i32.const8 5  local.set 0  i32.inc 0 32767  local.get 0", I(32772)),
        ("i32.const 2147483647  local.set 0  i32.inc 0 1  local.get 0", I(i32::MIN)),
        ("i32.const -2147483648  local.set 0  i32.inc 0 -1  local.get 0", I(i32::MAX)),
        ("i32.const8 1  local.set 700  local.get 700", I(1)),
        ("locals 65535  i32.const8 9  local.set 65534  local.get 65534", I(9)),
        // Pairs and triples that an interpreter may run as one, with labels in their middle.
        ("i32.const 2147483647  local.set 0  i32.const8 1  local.set 1  local.get 0  local.get 1  i32.add  local.set 2  local.get 2", I(i32::MIN)),
        ("i32.const 2147483647  local.set 0  local.get 0  i32.const8 1  i32.add  local.set 0  local.get 0", I(i32::MIN)),
        ("i32.const -2147483648  local.set 0  local.get 0  i32.const16 -1000  i32.add  local.set 3  local.get 3", I(2_147_482_648)),
        ("i32.const8 5  local.set 0  local.get 0  i32.const8 7  i32.sub  local.set 0  local.get 0", I(-2)),
        ("i32.const8 5  i32.const 2147483647  i32.add", I(-2_147_483_644)),
        ("i64.const -5  local.set 0  local.get 0  local.set 1  null  local.set 0  local.get 1", L(-5)),
        ("i32.const8 0  local.set 1  i32.const8 3  local.set 0  again:  local.get 0  on:  i32.const8 -1  i32.add  local.tee 0  i32.inc 1 1  local.get 1  i32.const8 4  br_i32.lt_s on  pop  local.get 0", I(-1)),
        ("i32.const8 1  local.set 0  i32.const8 2  local.set 1  i32.const8 5  goto on  off:  local.get 0  on:  local.get 1  i32.add  local.set 2  local.get 2", I(7)),
        // Unset locals cannot be read: the verifier says so.
        ("local.get 0  pop", Refused("local 0 has no value")),
        ("i64.const8 1  local.set 0  i32.inc 0 1", Refused("is no i32")),
    ]);
    // Each shuffle, its result written as decimal digits from the bottom up.
    for (digits, setup, shuffle) in [
        (11, "i32.const8 1", "dup"),
        (212, "i32.const8 1  i32.const8 2", "dup_x1"),
        (3123, "i32.const8 1  i32.const8 2  i32.const8 3", "dup_x2"),
        (1212, "i32.const8 1  i32.const8 2", "dup2"),
        (23123, "i32.const8 1  i32.const8 2  i32.const8 3", "dup2_x1"),
        (341234, "i32.const8 1  i32.const8 2  i32.const8 3  i32.const8 4", "dup2_x2"),
        (21, "i32.const8 1  i32.const8 2", "swap"),
        (1, "i32.const8 1  i32.const8 2", "pop"),
    ] {
        let fold = |digits: i32| {
            // From the top: value of the lowest digit first.
            let mut text = String::from("i32.const8 0  local.set 0  i32.const8 1  local.set 1");
            for _ in 0..digits.to_string().len() {
                text.push_str("  local.get 1  i32.mul  local.get 0  i32.add  local.set 0  local.get 1  i32.const8 10  i32.mul  local.set 1");
            }
            text.push_str("  local.get 0");
            text
        };
        all.add(&[(&format!("{setup}  {shuffle}  {}", fold(digits)), I(digits))]);
    }
    // Shuffles carry every kind, each slot whole.
    all.add(&[
        ("i64.const 0x123456789abcdef0  dup  i64.sub", L(0)),
        ("i64.const 0x123456789abcdef0  i32.const8 1  swap  dup_x1  swap  pop  i64.add", L(0x2468_acf1_3579_bde0)),
        ("i32.const8 1  i64.const 0x123456789abcdef0  dup_x1  pop  pop", L(0x1234_5678_9abc_def0)),
        ("f64.const 0.1  i32.const8 1  dup2  pop  swap  pop  swap  pop", D(0.1)),
        ("const \"a\"  i32.const8 1  f64.const 2.5  dup_x2  pop  pop  pop", D(2.5)),
        ("const \"a\"  i64.const8 1  swap", Text("a")),
        ("i32.const8 1  const \"a\"  f32.const 2.5  i64.const8 3  dup2_x2  pop  pop  pop  pop  pop", F(2.5)),
        ("i32.const8 4  i32.const8 5  i32.const8 1  select", I(4)),
        ("i32.const8 4  i32.const8 5  i32.const8 0  select", I(5)),
        ("i32.const8 4  i32.const8 5  i32.const8 -1  select", I(4)),
        ("i32.const8 4  i32.const8 5  i32.const 0x100  select", I(4)),
        ("i64.const8 4  i64.const8 5  i32.const8 0  select", L(5)),
        ("f32.const 4.0  f32.const 5.0  i32.const8 1  select", F(4.0)),
        ("f64.const 4.0  f64.const nan:0x7ff4000000000001  i32.const8 0  select", D(f64::from_bits(0x7ff4_0000_0000_0001))),
        ("const \"a\"  null  i32.const8 0  select", Null),
        ("const \"a\"  null  i32.const8 1  select", Text("a")),
        ("i32.const8 4  i64.const8 5  i32.const8 0  select", Refused("is expected")),
        ("pop", Refused("empty stack")),
    ]);
    all
}
