//! Arrays of every kind: creation, bounds, truncation, extension, stores that the element class does not admit.

use crate::common::Cases;
use crate::common::Expect::{D, F, I, L, Null, Of, Text, Throws};

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("arrays");
    elements(&mut all);
    bounds(&mut all);
    references(&mut all);
    dimensions(&mut all);
    all
}

/// Element kind of creation, of access, a value to store.
#[rustfmt::skip]
const KINDS: [(&str, &str, &str); 9] = [
    ("bool", "bool", "i32.const8 1"), ("i8", "i8", "i32.const8 1"), ("u16", "u16", "i32.const8 1"), ("i16", "i16", "i32.const8 1"), ("i32", "i32", "i32.const8 1"),
    ("i64", "i64", "i64.const8 1"), ("f32", "f32", "f32.const 1.0"), ("f64", "f64", "f64.const 1.0"), ("", "ref", "null"),
];

fn make(kind: &str, length: i32) -> String {
    let create = if kind.is_empty() { "new_ref_array Base".into() } else { format!("new_array {kind}") };
    format!("i32.const {length}  {create}")
}

#[rustfmt::skip]
fn elements(all: &mut Cases) {
    for (kind, value, expect) in [
        ("bool", "i32.const8 1", I(1)), ("bool", "i32.const8 3", I(1)), ("bool", "i32.const8 2", I(0)), ("bool", "i32.const8 -1", I(1)),
        ("i8", "i32.const8 127", I(127)), ("i8", "i32.const16 128", I(-128)), ("i8", "i32.const16 511", I(-1)), ("i8", "i32.const16 256", I(0)),
        ("u16", "i32.const 65535", I(65535)), ("u16", "i32.const8 -1", I(65535)), ("u16", "i32.const 65537", I(1)),
        ("i16", "i32.const 32767", I(32767)), ("i16", "i32.const 32768", I(-32768)), ("i16", "i32.const 65535", I(-1)), ("i16", "i32.const 65536", I(0)),
        ("i32", "i32.const -2147483648", I(i32::MIN)), ("i32", "i32.const8 -1", I(-1)),
        ("i64", "i64.const 0x123456789abcdef0", L(0x1234_5678_9abc_def0)), ("i64", "i64.const8 -1", L(-1)),
        ("f32", "f32.const 0.1", F(0.1)), ("f32", "f32.const nan:0x7fa00001", F(f32::from_bits(0x7fa0_0001))), ("f32", "f32.const -0.0", F(-0.0)),
        ("f64", "f64.const 0.1", D(0.1)), ("f64", "f64.const nan:0x7ff4000000000001", D(f64::from_bits(0x7ff4_0000_0000_0001))),
    ] {
        // In the middle of ones: neighbours are not touched (the next case) and the element comes back.
        all.add(&[(&format!("{}  local.tee 0  i32.const8 3  {value}  array.set_{kind}  local.get 0  i32.const8 3  array.get_{kind}", make(kind, 5)), expect)]);
    }
    for (kind, access, value) in KINDS {
        let zero = match access { "i64" => L(0), "f32" => F(0.0), "f64" => D(0.0), "ref" => Null, _ => I(0) };
        for index in [2, 4] {
            all.add(&[(&format!("{}  local.tee 0  i32.const8 3  {value}  array.set_{access}  local.get 0  i32.const8 {index}  array.get_{access}", make(kind, 5)), zero)]);
        }
        for length in [0, 1, 1000] {
            all.add(&[(&format!("{}  array_len", make(kind, length)), I(length))]);
        }
        // A large one has pages of its own.
        all.add(&[(&format!("{}  local.tee 0  i32.const 299999  {value}  array.set_{access}  local.get 0  i32.const 299998  array.get_{access}  pop  local.get 0  array_len", make(kind, 300_000)), I(300_000))]);
    }
    all.add(&[
        // i8 access also of bool arrays: the lowest bit is kept.
        ("i32.const8 2  new_array bool  local.tee 0  i32.const8 1  i32.const8 3  array.set_i8  local.get 0  i32.const8 1  array.get_i8", I(1)),
        ("i32.const8 2  new_array bool  local.tee 0  i32.const8 1  i32.const8 2  array.set_i8  local.get 0  i32.const8 1  array.get_bool", I(0)),
        ("i32.const8 2  new_array bool  local.tee 0  i32.const8 1  i32.const8 -1  array.set_i8  local.get 0  i32.const8 1  array.get_i8", I(1)),
        // 100 squares and their sum.
        ("i32.const8 100  new_array i32  local.set 0  i32.const8 0  local.set 1
          fill:  local.get 0  local.get 1  local.get 1  dup  i32.mul  array.set_i32  i32.inc 1 1  local.get 1  i32.const8 100  br_i32.lt_s fill
          i32.const8 0  local.set 2
          sum:  i32.inc 1 -1  local.get 2  local.get 0  local.get 1  array.get_i32  i32.add  local.set 2  local.get 1  br_if sum  local.get 2", I(328_350)),
    ]);
    // Another element kind throws.
    for (kind, access, other, value) in [
        ("i32", "f32", "class_cast", "f32.const 1.0"), ("f32", "i32", "class_cast", "i32.const8 1"), ("i64", "f64", "class_cast", "f64.const 1.0"), ("u16", "i16", "class_cast", "i32.const8 1"),
        ("i16", "u16", "class_cast", "i32.const8 1"), ("i8", "bool", "class_cast", "i32.const8 1"), ("i32", "i8", "class_cast", "i32.const8 1"), ("i32", "i64", "class_cast", "i64.const8 1"),
        ("i64", "ref", "class_cast", "null"), ("", "i64", "class_cast", "i64.const8 1"), ("", "i32", "class_cast", "i32.const8 1"), ("bool", "i32", "class_cast", "i32.const8 1"),
    ] {
        all.add(&[
            (&format!("{}  i32.const8 0  array.get_{access}", make(kind, 3)), Throws(other)),
            (&format!("{}  i32.const8 0  {value}  array.set_{access}", make(kind, 3)), Throws(other)),
        ]);
    }
    for object in ["new Base", "const \"text\"", "i32.const8 5  box_i32", "const class Base"] {
        all.add(&[
            (&format!("{object}  array_len"), Throws("class_cast")),
            (&format!("{object}  i32.const8 0  array.get_i8"), Throws("class_cast")),
            (&format!("{object}  i32.const8 0  array.get_ref"), Throws("class_cast")),
            (&format!("{object}  i32.const8 0  i32.const8 0  array.set_i8"), Throws("class_cast")),
            (&format!("{object}  i32.const8 0  null  array.set_ref"), Throws("class_cast")),
        ]);
    }
}

fn bounds(all: &mut Cases) {
    for (kind, access, value) in KINDS {
        for index in [3, 4, -1, i32::MIN, i32::MAX] {
            all.add(&[
                (
                    &format!("{}  i32.const {index}  array.get_{access}", make(kind, 3)),
                    Throws("index_out_of_bounds"),
                ),
                (
                    &format!("{}  i32.const {index}  {value}  array.set_{access}", make(kind, 3)),
                    Throws("index_out_of_bounds"),
                ),
            ]);
        }
        all.add(&[
            (&format!("{}  i32.const8 0  array.get_{access}", make(kind, 0)), Throws("index_out_of_bounds")),
            (&format!("null  i32.const8 0  array.get_{access}"), Throws("null_pointer")),
            (&format!("null  i32.const8 -1  {value}  array.set_{access}"), Throws("null_pointer")),
            (&make(kind, -1), Throws("negative_size")),
            (&make(kind, i32::MIN), Throws("negative_size")),
        ]);
    }
    all.add(&[("null  array_len", Throws("null_pointer"))]);
}

#[rustfmt::skip]
fn references(all: &mut Cases) {
    let store = |class: &str, value: &str| format!("i32.const8 2  new_ref_array {class}  local.tee 0  i32.const8 1  {value}  array.set_ref  local.get 0  i32.const8 1  array.get_ref");
    for (class, value, expect) in [
        ("Base", "new Base", Of("Base")), ("Base", "new Derived", Of("Derived")), ("Base", "null", Null), ("Derived", "new Third", Of("Third")), ("Shape", "new Square", Of("Square")),
        (".internal.object", "const \"s\"", Text("s")), (".internal.object", "i32.const8 5  box_i32", Of(".internal.int")), (".internal.int", "i32.const8 5  box_i32", Of(".internal.int")),
        (".internal.long", "i64.const8 5  box_i64", Of(".internal.long")), (".internal.object", "i32.const8 1  new_array i32", Of("[I")), ("[I", "i32.const8 1  new_array i32", Of("[I")),
        ("[LBase;", "i32.const8 1  new_ref_array Derived", Of("[LDerived;")), (".internal.string", "const \"s\"", Text("s")),
        ("Derived", "new Base", Throws("array_store")), ("Base", "const \"s\"", Throws("array_store")), ("Base", "i32.const8 5  box_i32", Throws("array_store")),
        (".internal.int", "i64.const8 5  box_i64", Throws("array_store")), (".internal.string", "new Base", Throws("array_store")), ("Shape", "new Base", Throws("array_store")),
        ("[I", "i32.const8 1  new_array i64", Throws("array_store")), ("[I", "new Base", Throws("array_store")), ("[LDerived;", "i32.const8 1  new_ref_array Base", Throws("array_store")),
    ] {
        all.add(&[(&store(class, value), expect)]);
    }
    all.add(&[
        // The array's own class decides, not the one that it is seen as; the bounds come first (JVMS aastore).
        ("i32.const8 1  new_ref_array Derived  check_cast [LBase;  i32.const8 0  new Base  array.set_ref", Throws("array_store")),
        ("i32.const8 1  new_ref_array Derived  i32.const8 1  new Base  array.set_ref", Throws("index_out_of_bounds")),
        ("i32.const8 1  new_ref_array Nowhere", Throws("class_not_found")),
        ("i32.const8 -1  new_ref_array Base", Throws("negative_size")),
        // References survive collections, in small arrays and large ones.
        ("i32.const16 20000  new_ref_array .internal.object  local.set 0  i32.const8 0  local.set 1
          fill:  local.get 0  local.get 1  i32.const8 1  new_array i32  dup  i32.const8 0  local.get 1  array.set_i32  array.set_ref  i32.inc 1 1  local.get 1  i32.const16 20000  br_i32.lt_s fill
          i32.const8 0  local.set 2
          again:  new Fields  pop  i32.inc 2 1  local.get 2  i32.const 100000  br_i32.lt_s again
          i64.const8 0  local.set 3
          sum:  i32.inc 1 -1  local.get 3  local.get 0  local.get 1  array.get_ref  i32.const8 0  array.get_i32  i64.extend_i32_s  i64.add  local.set 3  local.get 1  br_if sum  local.get 3", L(199_990_000)),
    ]);
}

#[rustfmt::skip]
fn dimensions(all: &mut Cases) {
    all.add(&[
        ("i32.const8 3  i32.const8 4  multi_new_array [[I 2", Of("[[I")),
        ("i32.const8 3  i32.const8 4  multi_new_array [[I 2  array_len", I(3)),
        ("i32.const8 3  i32.const8 4  multi_new_array [[I 2  i32.const8 2  array.get_ref", Of("[I")),
        ("i32.const8 3  i32.const8 4  multi_new_array [[I 2  i32.const8 2  array.get_ref  array_len", I(4)),
        ("i32.const8 3  i32.const8 4  multi_new_array [[I 2  dup  i32.const8 1  array.get_ref  swap  i32.const8 2  array.get_ref  ref.eq", I(0)),
        ("i32.const8 2  i32.const8 3  i32.const8 4  multi_new_array [[[D 3  i32.const8 1  array.get_ref  i32.const8 2  array.get_ref  array_len", I(4)),
        ("i32.const8 2  i32.const8 3  multi_new_array [[[D 2  i32.const8 1  array.get_ref  i32.const8 2  array.get_ref", Null),
        ("i32.const8 2  i32.const8 3  multi_new_array [[[D 2  i32.const8 1  array.get_ref", Of("[[D")),
        ("i32.const8 2  multi_new_array [I 1  array_len", I(2)),
        ("i32.const8 2  multi_new_array [LBase; 1", Of("[LBase;")),
        ("i32.const8 2  i32.const8 2  multi_new_array [[LBase; 2  i32.const8 0  array.get_ref", Of("[LBase;")),
        ("i32.const8 2  i32.const8 2  multi_new_array [[LBase; 2  i32.const8 0  array.get_ref  i32.const8 0  const \"s\"  array.set_ref", Throws("array_store")),
        ("i32.const8 2  i32.const8 2  multi_new_array [[I 2  i32.const8 0  i32.const8 2  new_array i64  array.set_ref", Throws("array_store")),
        ("i32.const8 0  i32.const8 4  multi_new_array [[I 2  array_len", I(0)),
        ("i32.const8 4  i32.const8 0  multi_new_array [[I 2  i32.const8 3  array.get_ref  array_len", I(0)),
        // Every length is checked, also below one of zero.
        ("i32.const8 -1  i32.const8 4  multi_new_array [[I 2", Throws("negative_size")),
        ("i32.const8 4  i32.const8 -1  multi_new_array [[I 2", Throws("negative_size")),
        ("i32.const8 0  i32.const8 -1  multi_new_array [[I 2", Throws("negative_size")),
        ("i32.const8 2  i32.const8 2  multi_new_array [[LNowhere; 2", Throws("class_not_found")),
        ("i32.const8 2  i32.const8 2  multi_new_array [[B 2  i32.const8 1  array.get_ref  local.tee 0  i32.const8 1  i32.const8 -1  array.set_i8  local.get 0  i32.const8 1  array.get_i8", I(-1)),
    ]);
}
