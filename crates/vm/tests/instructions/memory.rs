//! Linear memory: loads and stores of every width, at every edge; the memory as a whole; atomics.
//!
//! `counted` is a binary of the bytes 0 to 63, `zeroed` one of so many zeros.

use crate::common::Cases;
use crate::common::Expect::{D, F, I, L, Throws};

/// What an access outside throws.
const OUTSIDE: crate::common::Expect = Throws("trap");
const UNALIGNED: crate::common::Expect = Throws("trap");
const COUNTED: &str = "call_static Memory counted ()L.internal.binary;";
const ZEROED: &str = "i64.const8 64  call_static Memory zeroed (J)L.internal.binary;  local.set 0";

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("memory");
    loads(&mut all);
    stores(&mut all);
    bounds(&mut all);
    whole(&mut all);
    immutable(&mut all);
    atomics(&mut all);
    waiting(&mut all);
    all
}

/// The addresses of both kinds.
const ADDRESSES: [(&str, &str); 2] = [("a32", "i32.const"), ("a64", "i64.const")];

#[rustfmt::skip]
fn loads(all: &mut Cases) {
    for (kind, address) in ADDRESSES {
        for (load, at, offset, expect) in [
            ("i32.load", 0, 0, I(0x0302_0100)), ("i32.load", 1, 0, I(0x0403_0201)), ("i32.load", 3, 4, I(0x0a09_0807)), ("i32.load", 60, 0, I(0x3f3e_3d3c)), ("i32.load", 0, 60, I(0x3f3e_3d3c)),
            ("i64.load", 0, 0, L(0x0706_0504_0302_0100)), ("i64.load", 3, 0, L(0x0a09_0807_0605_0403)), ("i64.load", 56, 0, L(0x3f3e_3d3c_3b3a_3938)),
            ("f32.load", 1, 0, F(f32::from_bits(0x0403_0201))), ("f64.load", 3, 0, D(f64::from_bits(0x0a09_0807_0605_0403))), ("f32.load", 60, 0, F(f32::from_bits(0x3f3e_3d3c))),
            ("i32.load8_s", 63, 0, I(63)), ("i32.load8_u", 5, 1, I(6)), ("i32.load16_s", 1, 0, I(0x0201)), ("i32.load16_u", 62, 0, I(0x3f3e)),
            ("i64.load8_s", 63, 0, L(63)), ("i64.load8_u", 5, 1, L(6)), ("i64.load16_s", 1, 0, L(0x0201)), ("i64.load16_u", 62, 0, L(0x3f3e)),
            ("i64.load32_s", 1, 0, L(0x0403_0201)), ("i64.load32_u", 60, 0, L(0x3f3e_3d3c)),
        ] {
            all.add(&[(&format!("{COUNTED}  {address} {at}  {load} {kind} {offset}"), expect)]);
        }
        // Sign and zero extension of ones.
        for (load, expect) in [
            ("i32.load8_s", I(-1)), ("i32.load8_u", I(255)), ("i32.load16_s", I(-1)), ("i32.load16_u", I(65535)), ("i64.load8_s", L(-1)), ("i64.load8_u", L(255)),
            ("i64.load16_s", L(-1)), ("i64.load16_u", L(65535)), ("i64.load32_s", L(-1)), ("i64.load32_u", L(0xffff_ffff)), ("i32.load", I(-1)), ("i64.load", L(-1)),
        ] {
            all.add(&[(&format!("{ZEROED}  local.get 0  {address} 7  i64.const8 -1  i64.store {kind} 0  local.get 0  {address} 7  {load} {kind} 0"), expect)]);
        }
    }
}

#[rustfmt::skip]
fn stores(all: &mut Cases) {
    for (kind, address) in ADDRESSES {
        // What stands at 8 to 15 after a store at 9, of ones before: the neighbours stay.
        for (value, store, expect) in [
            ("i32.const 0x11223344", "i32.store", 0xffff_ff11_2233_44ff_u64), ("i32.const 0x11223344", "i32.store8", 0xffff_ffff_ffff_44ff), ("i32.const 0x11223344", "i32.store16", 0xffff_ffff_ff33_44ff),
            ("i64.const 0x1122334455667788", "i64.store8", 0xffff_ffff_ffff_88ff), ("i64.const 0x1122334455667788", "i64.store16", 0xffff_ffff_ff77_88ff),
            ("i64.const 0x1122334455667788", "i64.store32", 0xffff_ff55_6677_88ff), ("i64.const 0x1122334455667788", "i64.store", 0x2233_4455_6677_88ff),
            ("f32.const nan:0x7fa00001", "f32.store", 0xffff_ff7f_a000_01ff), ("f64.const nan:0x7ff4000000000001", "f64.store", 0xf400_0000_0000_01ff),
        ] {
            all.add(&[(&format!("{ZEROED}  local.get 0  {address} 8  i64.const8 -1  i64.store {kind} 0  local.get 0  {address} 7  {value}  {store} {kind} 2  local.get 0  {address} 8  i64.load {kind} 0"), L(expect as i64))]);
        }
    }
    all.add(&[
        (&format!("{ZEROED}  local.get 0  i32.const8 3  f64.const 0.1  f64.store a32 0  local.get 0  i32.const8 3  f64.load a32 0"), D(0.1)),
        (&format!("{ZEROED}  local.get 0  i32.const8 3  f32.const -0.0  f32.store a32 0  local.get 0  i32.const8 3  f32.load a32 0"), F(-0.0)),
        // Over the edge of a page.
        ("i64.const 10000  call_static Memory zeroed (J)L.internal.binary;  local.set 0  i32.const8 0  local.set 1  i64.const8 0  local.set 2
          again:  local.get 0  local.get 1  local.get 1  i64.extend_i32_s  i64.store a32 4060  local.get 2  local.get 0  local.get 1  i64.load a32 4060  i64.add  local.set 2
          i32.inc 1 1  local.get 1  i32.const16 500  br_i32.lt_s again  local.get 2", L(124_750)),
    ]);
}

/// Every access with its width and a value to store.
#[rustfmt::skip]
const ACCESSES: [(&str, i64, &str); 23] = [
    ("i32.load", 4, ""), ("i64.load", 8, ""), ("f32.load", 4, ""), ("f64.load", 8, ""), ("i32.load8_s", 1, ""), ("i32.load8_u", 1, ""), ("i32.load16_s", 2, ""), ("i32.load16_u", 2, ""),
    ("i64.load8_s", 1, ""), ("i64.load8_u", 1, ""), ("i64.load16_s", 2, ""), ("i64.load16_u", 2, ""), ("i64.load32_s", 4, ""), ("i64.load32_u", 4, ""),
    ("i32.store", 4, "i32.const8 1"), ("i64.store", 8, "i64.const8 1"), ("f32.store", 4, "f32.const 1.0"), ("f64.store", 8, "f64.const 1.0"), ("i32.store8", 1, "i32.const8 1"),
    ("i32.store16", 2, "i32.const8 1"), ("i64.store8", 1, "i64.const8 1"), ("i64.store16", 2, "i64.const8 1"), ("i64.store32", 4, "i64.const8 1"),
];

#[rustfmt::skip]
fn bounds(all: &mut Cases) {
    for (access, width, value) in ACCESSES {
        let last = 64 - width;
        let drop = if value.is_empty() { "pop" } else { "" };
        let run = |kind: &str, address: &str, offset: u32, end: &str| format!("{COUNTED}  {address}  {value}  {access} {kind} {offset}  {end}");
        let fine = format!("{drop}  i32.const8 1");
        all.add(&[
            // The last place, and one behind; by address and by offset.
            (&run("a32", &format!("i32.const {last}"), 0, &fine), I(1)),
            (&run("a32", "i32.const8 0", last as u32, &fine), I(1)),
            (&run("a64", &format!("i64.const {last}"), 0, &fine), I(1)),
            (&run("a32", &format!("i32.const {}", last + 1), 0, ""), OUTSIDE),
            (&run("a32", "i32.const8 1", last as u32, ""), OUTSIDE),
            (&run("a64", &format!("i64.const {}", last + 1), 0, ""), OUTSIDE),
            (&run("a64", "i64.const8 1", last as u32, ""), OUTSIDE),
            // i32 addresses are unsigned; the sum never wraps.
            (&run("a32", "i32.const8 -1", 0, ""), OUTSIDE),
            (&run("a32", "i32.const8 -1", 1, ""), OUTSIDE),
            (&run("a32", "i32.const8 -8", 64, ""), OUTSIDE),
            (&run("a32", "i32.const8 8", u32::MAX - 7, ""), OUTSIDE),
            (&run("a32", "i32.const8 0", u32::MAX, ""), OUTSIDE),
            (&run("a64", "i64.const8 -1", 0, ""), OUTSIDE),
            (&run("a64", "i64.const8 -1", 1, ""), OUTSIDE),
            (&run("a64", "i64.const8 -8", 64, ""), OUTSIDE),
            (&run("a64", "i64.const -9223372036854775808", u32::MAX, ""), OUTSIDE),
            (&run("a64", "i64.const 9223372036854775807", u32::MAX, ""), OUTSIDE),
            (&run("a64", "i64.const 0x100000000", 0, ""), OUTSIDE),
            (&format!("null  i32.const8 0  {value}  {access} a32 0"), Throws("null_pointer")),
            (&format!("new Base  i32.const8 0  {value}  {access} a32 0"), Throws("class_cast")),
            (&format!("new .internal.binary  i32.const8 0  {value}  {access} a32 0"), OUTSIDE),
        ]);
    }
    // A store that fails changes nothing.
    all.add(&[
        (&format!("{ZEROED}  s:  local.get 0  i32.const8 60  i64.const8 -1  i64.store a32 0  e:  i64.const8 9  return  h:  pop  local.get 0  i32.const8 56  i64.load a32 0  return  handler s e h"), L(0)),
        ("const \"text\"  i32.const8 0  i32.load8_u a32 0", Throws("class_cast")),
        ("i32.const8 8  new_array i8  i32.const8 0  i32.load8_u a32 0", Throws("class_cast")),
        ("i32.const8 5  box_i32  i32.const8 0  i32.load8_u a32 0", Throws("class_cast")),
    ]);
}

#[rustfmt::skip]
fn whole(all: &mut Cases) {
    all.add(&[
        (&format!("{COUNTED}  mem.size"), L(64)),
        ("new .internal.binary  mem.size", L(0)),
        ("null  mem.size", Throws("null_pointer")),
        ("new Base  mem.size", Throws("class_cast")),
        (&format!("{COUNTED}  local.tee 0  i64.const8 36  mem.grow  local.get 0  mem.size  i64.const16 1000  i64.mul  i64.add").replace("i64.const16", "i64.const"), L(100_064)),
        (&format!("{COUNTED}  i64.const8 0  mem.grow"), L(64)),
        // What was there stays, what is new is zero.
        (&format!("{COUNTED}  local.tee 0  i64.const 100000  mem.grow  pop  local.get 0  i32.const8 60  i64.load a32 0"), L(0x3f3e_3d3c)),
        (&format!("{COUNTED}  local.tee 0  i64.const 100000  mem.grow  pop  local.get 0  i32.const 100056  i64.load a32 0"), L(0)),
        (&format!("{COUNTED}  local.tee 0  i64.const 100000  mem.grow  pop  local.get 0  i32.const 100057  i64.load a32 0"), OUTSIDE),
        (&format!("{COUNTED}  i64.const8 -1  mem.grow"), L(-1)),
        (&format!("{COUNTED}  i64.const -9223372036854775808  mem.grow"), L(-1)),
        (&format!("{COUNTED}  i64.const 9223372036854775807  mem.grow"), L(-1)),
        (&format!("{COUNTED}  local.tee 0  i64.const 9223372036854775807  mem.grow  pop  local.get 0  mem.size"), L(64)),
        ("null  i64.const8 1  mem.grow", Throws("null_pointer")),
        ("new Base  i64.const8 1  mem.grow", Throws("class_cast")),
        // Grown step by step.
        ("new .internal.binary  local.set 0  i32.const8 0  local.set 1
          again:  local.get 0  i64.const8 7  mem.grow  pop  local.get 0  local.get 1  i32.const8 7  i32.mul  local.get 1  i32.store8 a32 6  i32.inc 1 1  local.get 1  i32.const16 1000  br_i32.lt_s again
          local.get 0  i32.const16 6999  i32.load8_u a32 0", I(999 & 0xff)),
    ]);
    let at_0 = |kind: &str| if kind == "a32" { "i32.const" } else { "i64.const" };
    for (kind, _) in ADDRESSES {
        let n = at_0(kind);
        // to, address, from, address, count
        let copy = |to: i64, from: i64, count: i64| format!("{COUNTED}  local.tee 0  {n} {to}  local.get 0  {n} {from}  {n} {count}  mem.copy {kind}");
        for (to, from, count, at, expect) in [
            (0, 8, 8, 0, 0x0f0e_0d0c_0b0a_0908_u64), (1, 0, 8, 0, 0x0605_0403_0201_0000), (0, 1, 8, 0, 0x0807_0605_0403_0201), (56, 0, 8, 56, 0x0706_0504_0302_0100),
            (0, 0, 64, 0, 0x0706_0504_0302_0100), (0, 56, 8, 0, 0x3f3e_3d3c_3b3a_3938), (1, 0, 63, 56, 0x3e3d_3c3b_3a39_3837), (0, 1, 63, 56, 0x3f3f_3e3d_3c3b_3a39),
            (3, 40, 0, 0, 0x0706_0504_0302_0100),
            // No byte, at the end itself.
            (64, 64, 0, 56, 0x3f3e_3d3c_3b3a_3938),
        ] {
            all.add(&[(&format!("{}  local.get 0  {n} {at}  i64.load {kind} 0", copy(to, from, count)), L(expect as i64))]);
        }
        for (to, from, count) in [(57, 0, 8), (0, 57, 8), (65, 0, 0), (0, 65, 0), (0, 0, 65), (-1, 0, 1), (0, -1, 1), (0, 0, -1), (-1, -1, 2), (-1, 0, 2)] {
            all.add(&[(&copy(to, from, count), OUTSIDE)]);
        }
        all.add(&[
            (&format!("{ZEROED}  s:  local.get 0  {n} 60  {COUNTED}  {n} 1  {n} 8  mem.copy {kind}  e:  i64.const8 9  return  h:  pop  local.get 0  {n} 56  i64.load {kind} 0  return  handler s e h"), L(0)),
            (&format!("{ZEROED}  local.get 0  {n} 5  {COUNTED}  {n} 1  {n} 4  mem.copy {kind}  local.get 0  {n} 4  i64.load {kind} 0"), L(0x04_0302_0100)),
            (&format!("null  {n} 0  {COUNTED}  {n} 0  {n} 1  mem.copy {kind}"), Throws("null_pointer")),
            (&format!("{COUNTED}  {n} 0  null  {n} 0  {n} 1  mem.copy {kind}"), Throws("null_pointer")),
            (&format!("{COUNTED}  {n} 0  new Base  {n} 0  {n} 1  mem.copy {kind}"), Throws("class_cast")),
        ]);
        let fill = |at: i64, byte: i64, count: i64| format!("{COUNTED}  local.tee 0  {n} {at}  i32.const {byte}  {n} {count}  mem.fill {kind}");
        for (at, byte, count, look, expect) in [
            (2, 0xaa, 3, 0, 0x0706_05aa_aaaa_0100_u64), (0, -1, 8, 0, u64::MAX), (0, 0x1ff, 1, 0, 0x0706_0504_0302_01ff), (56, 0, 8, 56, 0), (64, 1, 0, 56, 0x3f3e_3d3c_3b3a_3938),
        ] {
            all.add(&[(&format!("{}  local.get 0  {n} {look}  i64.load {kind} 0", fill(at, byte, count)), L(expect as i64))]);
        }
        for (at, count) in [(57, 8), (65, 0), (0, 65), (-1, 1), (0, -1), (-1, 2), (64, 1)] {
            all.add(&[(&fill(at, 1, count), OUTSIDE)]);
        }
        all.add(&[(&format!("null  {n} 0  i32.const8 0  {n} 1  mem.fill {kind}"), Throws("null_pointer"))]);
        let init = |at: i64, from: i64, count: i64| format!("{COUNTED}  local.tee 0  {n} {at}  i32.const {from}  i32.const {count}  mem.init {kind} x\"a0a1a2a3\"");
        for (at, from, count, look, expect) in [
            (0, 0, 4, 0, 0x0706_0504_a3a2_a1a0_u64), (1, 1, 2, 0, 0x0706_0504_03a2_a100), (60, 0, 4, 56, 0xa3a2_a1a0_3b3a_3938), (0, 4, 0, 0, 0x0706_0504_0302_0100), (64, 0, 0, 56, 0x3f3e_3d3c_3b3a_3938),
        ] {
            all.add(&[(&format!("{}  local.get 0  {n} {look}  i64.load {kind} 0", init(at, from, count)), L(expect as i64))]);
        }
        for (at, from, count) in [(61, 0, 4), (0, 1, 4), (0, 5, 0), (65, 0, 0), (0, -1, 1), (0, 0, -1), (-1, 0, 1), (0, -1, 2)] {
            all.add(&[(&init(at, from, count), OUTSIDE)]);
        }
    }
}

/// What writes refuses an immutable binary; what reads does not.
#[rustfmt::skip]
fn immutable(all: &mut Cases) {
    let frozen = "const binary x\"0102030405060708\"  local.tee 0  call_virtual .internal.object setImmutable ()V  local.get 0";
    for write in [
        "i32.const8 0  i32.const8 1  i32.store a32 0", "i32.const8 0  i32.const8 1  i32.store8 a32 0", "i32.const8 0  i32.const8 1  i32.store16 a32 0", "i32.const8 0  i64.const8 1  i64.store a32 0",
        "i64.const8 0  i64.const8 1  i64.store32 a64 0", "i32.const8 0  f32.const 1.0  f32.store a32 0", "i32.const8 0  f64.const 1.0  f64.store a32 0",
        "i32.const8 0  i32.const8 1  i32.const8 1  mem.fill a32", "i32.const8 0  i32.const8 0  i32.const8 1  mem.init a32 x\"ff\"", "i32.const8 0  const binary x\"ff\"  i32.const8 0  i32.const8 1  mem.copy a32",
        "i64.const8 1  mem.grow", "i64.const8 0  mem.grow",
        "i32.const8 0  i32.const8 1  atomic.store i32 a32 0", "i32.const8 0  i32.const8 1  atomic.rmw add i32 a32 0", "i32.const8 0  i32.const8 0  i32.const8 1  atomic.cmpxchg i32 a32 0",
    ] {
        all.add(&[
            (&format!("{frozen}  {write}"), Throws("immutable")),
            // Nothing has changed.
            (&format!("const binary x\"0102030405060708\"  local.set 0  s:  {frozen}  {write}  e:  i64.const8 9  return  h:  pop  local.get 0  i32.const8 0  i64.load a32 0  local.get 0  mem.size  i64.mul  return  handler s e h"), L(0x0807_0605_0403_0201_i64.wrapping_mul(8))),
        ]);
    }
    all.add(&[
        (&format!("{frozen}  i32.const8 4  i32.load8_u a32 0"), I(5)),
        (&format!("{frozen}  i32.const8 0  atomic.load i32 a32 0"), I(0x0403_0201)),
        (&format!("{frozen}  i32.const8 0  i32.const8 1  atomic.notify a32 0"), I(0)),
        (&format!("{frozen}  i32.const8 0  i32.const8 1  i64.const8 0  atomic.wait32 a32 0"), I(1)),
        // Another's bytes come from it.
        (&format!("{frozen}  pop  {ZEROED}  local.get 0  i32.const8 0  const binary x\"0102030405060708\"  local.tee 1  call_virtual .internal.object setImmutable ()V  local.get 1  i32.const8 1  i32.const8 2  mem.copy a32  local.get 0  i32.const8 0  i32.load a32 0"), I(0x0302)),
        // Wrong in two ways: where it is wrong comes first.
        (&format!("{frozen}  i32.const8 8  i32.const8 1  i32.store8 a32 0"), OUTSIDE),
    ]);
}

/// Shape, width, kind of the value.
const SHAPES: [(&str, i64, &str); 7] = [
    ("i32", 4, "i32"),
    ("i32.8", 1, "i32"),
    ("i32.16", 2, "i32"),
    ("i64", 8, "i64"),
    ("i64.8", 1, "i64"),
    ("i64.16", 2, "i64"),
    ("i64.32", 4, "i64"),
];

#[rustfmt::skip]
fn atomics(all: &mut Cases) {
    for (kind, n) in ADDRESSES {
        for (shape, width, value) in SHAPES {
            let bits = 8 * width as u32;
            let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            let of = |word: u64| if value == "i32" { I(word as u32 as i32) } else { L(word as i64) };
            let constant = |word: u64| if value == "i32" { format!("i32.const {}", word as u32 as i32) } else { format!("i64.const {}", word as i64) };
            let old = 0x8f8e_8d8c_8b8a_8988_u64;
            let set = format!("{ZEROED}  local.get 0  {n} 8  i64.const {}  i64.store {kind} 0", old as i64);
            let look = format!("local.get 0  {n} 8  i64.load {kind} 0");
            all.add(&[
                (&format!("{set}  local.get 0  {n} 8  atomic.load {shape} {kind} 0"), of(old & mask)),
                (&format!("{set}  local.get 0  {n} 0  atomic.load {shape} {kind} 8"), of(old & mask)),
                (&format!("{set}  local.get 0  {n} 8  {}  atomic.store {shape} {kind} 0  {look}", constant(0x1122_3344_5566_7788)), L((old & !mask | 0x1122_3344_5566_7788 & mask) as i64)),
            ]);
            let operand = 0x9192_9394_9596_9798_u64;
            // A 32-bit constant of an i64 shape keeps its upper half, which must not reach memory.
            for (rmw, new) in [
                ("add", old.wrapping_add(operand)), ("sub", old.wrapping_sub(operand)), ("and", old & operand), ("or", old | operand), ("xor", old ^ operand), ("xchg", operand),
            ] {
                let run = format!("{set}  local.get 0  {n} 4  {}  atomic.rmw {rmw} {shape} {kind} 4", constant(operand));
                all.add(&[(&run, of(old & mask)), (&format!("{run}  pop  {look}"), L((old & !mask | new & mask) as i64))]);
            }
            // Of the expected value the low bits count (WebAssembly's threads, `cmpxchg` wraps both operands).
            let exchange = |expected: u64| format!("{set}  local.get 0  {n} 8  {}  {}  atomic.cmpxchg {shape} {kind} 0", constant(expected), constant(operand));
            all.add(&[
                (&exchange(old & mask), of(old & mask)),
                (&format!("{}  pop  {look}", exchange(old & mask)), L((old & !mask | operand & mask) as i64)),
                (&format!("{}  pop  {look}", exchange(old)), L((old & !mask | operand & mask) as i64)),
                (&exchange(1), of(old & mask)),
                (&format!("{}  pop  {look}", exchange(1)), L(old as i64)),
            ]);
            // Bounds and alignment.
            let all_ops = [
                format!("atomic.load {shape} {kind}"), format!("atomic.store {shape} {kind}"), format!("atomic.rmw add {shape} {kind}"), format!("atomic.cmpxchg {shape} {kind}"),
            ];
            for (op, values) in all_ops.iter().zip([0, 1, 1, 2]) {
                let values = vec![constant(0); values].join("  ");
                let run = |at: i64, offset: u32| format!("{COUNTED}  {n} {at}  {values}  {op} {offset}");
                all.add(&[
                    (&run(64, 0), OUTSIDE), (&run(0, 64), OUTSIDE), (&run(-8, 0), OUTSIDE), (&run(-8, 8), OUTSIDE),
                    (&format!("null  {n} 0  {values}  {op} 0"), Throws("null_pointer")),
                    (&format!("new Base  {n} 0  {values}  {op} 0"), Throws("class_cast")),
                ]);
                if width > 1 {
                    all.add(&[(&run(1, 0), UNALIGNED), (&run(width / 2, 0), UNALIGNED), (&run(0, (width / 2) as u32), UNALIGNED)]);
                }
                // Aligned only as a sum.
                let drop = if op.contains("store") { "" } else { "pop" };
                all.add(&[(&format!("{}  {drop}  i32.const8 1", run(1, 7)), I(1))]);
            }
        }
    }
    all.add(&[
        ("atomic.fence  i32.const8 1", I(1)),
        // 1000 increments.
        (&format!("{ZEROED}  i32.const16 1000  local.set 1  again:  local.get 0  i32.const8 16  i64.const8 1  atomic.rmw add i64 a32 0  pop  i32.inc 1 -1  local.get 1  br_if again  local.get 0  i32.const8 16  atomic.load i64 a32 0"), L(1000)),
    ]);
}

#[rustfmt::skip]
fn waiting(all: &mut Cases) {
    for (kind, n) in ADDRESSES {
        for (wait, value) in [("atomic.wait32", "i32.const"), ("atomic.wait64", "i64.const")] {
            let run = |at: i64, expected: i64, timeout: i64| format!("{ZEROED}  local.get 0  {n} {at}  {value} {expected}  i64.const {timeout}  {wait} {kind} 8");
            all.add(&[
                // Not equal, whatever the timeout.
                (&run(0, 1, 0), I(1)), (&run(0, 1, -1), I(1)), (&run(0, -1, 1000), I(1)),
                // Timed out at once, and after a while.
                (&run(0, 0, 0), I(2)), (&run(0, 0, 1), I(2)), (&run(8, 0, 1_000_000), I(2)),
                (&run(4, 0, 0), if wait == "atomic.wait32" { I(2) } else { UNALIGNED }),
                (&run(1, 0, 0), UNALIGNED), (&run(2, 1, 0), UNALIGNED),
                (&run(56, 0, 0), OUTSIDE), (&run(-8, 0, 0), OUTSIDE), (&run(-16, 0, 0), OUTSIDE),
                (&format!("null  {n} 0  {value} 0  i64.const8 0  {wait} {kind} 0"), Throws("null_pointer")),
                (&format!("new Base  {n} 0  {value} 0  i64.const8 0  {wait} {kind} 0"), Throws("class_cast")),
            ]);
        }
        let notify = |at: i64, most: i32| format!("{ZEROED}  local.get 0  {n} {at}  i32.const {most}  atomic.notify {kind} 8");
        all.add(&[
            (&notify(0, 1), I(0)), (&notify(0, 0), I(0)), (&notify(0, -1), I(0)), (&notify(4, 5), I(0)),
            (&notify(1, 1), UNALIGNED), (&notify(56, 1), OUTSIDE), (&notify(-8, 1), OUTSIDE),
            (&format!("null  {n} 0  i32.const8 1  atomic.notify {kind} 0"), Throws("null_pointer")),
        ]);
    }
}
