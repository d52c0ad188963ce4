//! Objects, fields, classes and their initialisers, boxes, monitors.

use crate::common::Cases;
use crate::common::Expect::{D, F, I, L, Null, Of, Refused, Text, Throws, ThrowsA};
use layout::internal::ClassId;

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("objects");
    fields(&mut all);
    immutable(&mut all);
    statics(&mut all);
    creation(&mut all);
    kernel_creation(&mut all);
    tests(&mut all);
    initialisers(&mut all);
    boxes(&mut all);
    monitors(&mut all);
    all
}

/// Stores a constant in a field and loads it again.
fn through_field(kind: &str, value: &str, field: &str) -> String {
    format!(
        "new Fields  local.set 0  local.get 0  {value}  put_field Fields {field} {kind}  local.get 0  get_field Fields {field} {kind}"
    )
}
fn through_static(kind: &str, value: &str, field: &str) -> String {
    format!("{value}  put_static Fields {field} {kind}  get_static Fields {field} {kind}")
}

#[rustfmt::skip]
fn fields(all: &mut Cases) {
    // What is stored is cut to the width of the field, what is loaded is extended by its kind.
    for (kind, value, name, expect) in [
        ("Z", "i32.const8 1", "z", I(1)), ("Z", "i32.const8 0", "z", I(0)), ("Z", "i32.const8 3", "z", I(1)), ("Z", "i32.const8 2", "z", I(0)),
        ("B", "i32.const8 127", "b", I(127)), ("B", "i32.const16 128", "b", I(-128)), ("B", "i32.const16 511", "b", I(-1)), ("B", "i32.const16 256", "b", I(0)),
        ("C", "i32.const 65535", "c", I(65535)), ("C", "i32.const8 -1", "c", I(65535)), ("C", "i32.const 65536", "c", I(0)),
        ("S", "i32.const 32768", "s", I(-32768)), ("S", "i32.const8 -1", "s", I(-1)), ("S", "i32.const 65537", "s", I(1)),
        ("I", "i32.const -2147483648", "i", I(i32::MIN)), ("I", "i32.const8 -1", "i", I(-1)),
        ("J", "i64.const 0x123456789abcdef0", "j", L(0x1234_5678_9abc_def0)), ("J", "i64.const8 -1", "j", L(-1)),
        ("F", "f32.const 0.1", "f", F(0.1)), ("F", "f32.const nan:0x7fa00001", "f", F(f32::from_bits(0x7fa0_0001))),
        ("D", "f64.const 0.1", "d", D(0.1)), ("D", "f64.const nan:0x7ff4000000000001", "d", D(f64::from_bits(0x7ff4_0000_0000_0001))),
        ("L.internal.object;", "const \"x\"", "r", Text("x")), ("L.internal.object;", "null", "r", Null), ("L.internal.object;", "i32.const8 5  box_i32", "r", Of(".internal.int")),
    ] {
        all.add(&[(&through_field(kind, value, name), expect), (&through_static(kind, value, &format!("s{name}")), expect)]);
    }
    for (kind, value, name, expect) in [
        ("B", "i32.const16 200", "vb", I(-56)), ("I", "i32.const8 -5", "vi", I(-5)), ("J", "i64.const -5", "vj", L(-5)), ("D", "f64.const -0.0", "vd", D(-0.0)),
        ("L.internal.object;", "const \"x\"", "vr", Text("x")),
    ] {
        all.add(&[(&through_field(kind, value, name), expect)]);
    }
    all.add(&[
        // New objects are zero.
        ("new Fields  get_field Fields i I", I(0)),
        ("new Fields  get_field Fields j J", L(0)),
        ("new Fields  get_field Fields d D", D(0.0)),
        ("new Fields  get_field Fields r L.internal.object;", Null),
        // Neighbours are left alone.
        ("new Fields  local.set 0  local.get 0  i32.const8 -1  put_field Fields b B  local.get 0  i32.const8 0  put_field Fields b2 B  local.get 0  get_field Fields b B", I(-1)),
        ("new Fields  local.set 0  local.get 0  i32.const8 5  put_field Fields b2 B  local.get 0  i64.const8 -1  put_field Fields j J  local.get 0  i32.const8 -1  put_field Fields s S \
         local.get 0  i32.const8 -1  put_field Fields i I  local.get 0  get_field Fields b2 B".replace(" S ", " S  ").as_str(), I(5)),
        // Each object has its own.
        ("new Fields  local.set 0  new Fields  local.set 1  local.get 0  i32.const8 5  put_field Fields i I  local.get 1  get_field Fields i I", I(0)),
        // Inherited, and hidden by a field of the same name.
        ("new MoreFields  local.set 0  local.get 0  i32.const8 5  put_field MoreFields j J", Refused("is expected")),
        ("new MoreFields  local.set 0  local.get 0  i64.const8 5  put_field MoreFields j J  local.get 0  get_field Fields j J", L(5)),
        ("new MoreFields  local.set 0  local.get 0  i32.const8 5  put_field MoreFields i I  local.get 0  i32.const8 6  put_field Fields i I  local.get 0  get_field MoreFields i I", I(5)),
        ("new MoreFields  local.set 0  local.get 0  const \"m\"  put_field MoreFields more L.internal.object;  local.get 0  const \"r\"  put_field MoreFields r L.internal.object;  local.get 0  get_field MoreFields more L.internal.object;", Text("m")),
        // What goes wrong.
        ("null  get_field Fields i I", Throws("null_pointer")),
        ("null  i32.const8 1  put_field Fields i I", Throws("null_pointer")),
        ("null  get_field Fields r L.internal.object;", Throws("null_pointer")),
        ("null  const \"a\"  put_field Fields r L.internal.object;", Throws("null_pointer")),
        ("const \"text\"  get_field Fields i I", Throws("class_cast")),
        ("i32.const8 5  box_i32  get_field Fields i I", Throws("class_cast")),
        ("f32.const 0.5  box_f32  f64.const 0.5  put_field Fields d D", Throws("class_cast")),
        ("new Base  get_field Fields i I", Throws("class_cast")),
        ("new Fields  get_field MoreFields i I", Throws("class_cast")),
        ("new Fields  i32.const8 1  put_field MoreFields i I", Throws("class_cast")),
        ("i32.const8 3  new_array i32  get_field Fields i I", Throws("class_cast")),
        ("new Fields  get_field Fields missing I", Throws("no_such_field")),
        ("new Fields  get_field Fields i J", Throws("no_such_field")),
        ("new Fields  i32.const8 1  put_field Fields missing I", Throws("no_such_field")),
        ("null  get_field Fields missing I", Throws("no_such_field")),
        ("null  get_field Nowhere i I", Throws("class_not_found")),
        // A static field is no field of an object, and the other way round.
        ("new Fields  get_field Fields si I", Throws("linkage")),
        ("new Fields  i32.const8 1  put_field Fields si I", Throws("linkage")),
        ("get_static Fields i I", Throws("linkage")),
        ("i32.const8 1  put_static Fields i I", Throws("linkage")),
    ]);
}

/// What is immutable is read and not written.
#[rustfmt::skip]
fn immutable(all: &mut Cases) {
    let freeze = "call_virtual .internal.object setImmutable ()V";
    for (object, write, read) in [
        ("new Fields", "i32.const8 1  put_field Fields i I", "get_field Fields i I"),
        ("new Fields", "i32.const8 1  put_field Fields z Z", "get_field Fields z Z"),
        ("new Fields", "i64.const8 1  put_field Fields vj J", "get_field Fields i I"),
        ("new Fields", "null  put_field Fields r L.internal.object;", "get_field Fields i I"),
        ("i32.const8 2  new_array i32", "i32.const8 1  i32.const8 1  array.set_i32", "i32.const8 1  array.get_i32"),
        ("i32.const8 2  new_array bool", "i32.const8 1  i32.const8 1  array.set_bool", "i32.const8 1  array.get_bool"),
        ("i32.const8 2  new_array f64", "i32.const8 1  f64.const 1.0  array.set_f64", "array_len  i32.const8 2  i32.sub"),
        ("i32.const8 2  new_ref_array Base", "i32.const8 1  null  array.set_ref", "array_len  i32.const8 2  i32.sub"),
    ] {
        all.add(&[
            (&format!("{object}  local.tee 0  {freeze}  local.get 0  {write}"), Throws("immutable")),
            (&format!("{object}  local.tee 0  {freeze}  local.get 0  {read}"), I(0)),
        ]);
    }
}

#[rustfmt::skip]
fn statics(all: &mut Cases) {
    all.add(&[
        (&through_static("J", "i64.const -7", "svj"), L(-7)),
        ("get_static Fields five I", I(5)),
        ("get_static Fields long J", L(-6)),
        ("get_static Fields half F", F(0.5)),
        ("get_static Fields tenth D", D(0.1)),
        ("get_static Fields text L.internal.string;", Text("first")),
        // Inherited: the same cell.
        ("i32.const8 12  put_static Derived shared I  get_static Base shared I", I(12)),
        ("get_static Fields missing I", Throws("no_such_field")),
        ("get_static Fields si J", Throws("no_such_field")),
        ("i32.const8 1  put_static Fields missing I", Throws("no_such_field")),
        ("get_static Nowhere a I", Throws("class_not_found")),
        ("i32.const8 1  put_static Nowhere a I", Throws("class_not_found")),
        // Many, so that cells of numbers and references are told apart.
        ("class Many$ super .internal.object flags public {
            field a I flags public static
            field b L.internal.object; flags public static
            field c J flags public static
            field d L.internal.object; flags public static value str \"d\"
            field e B flags public static
        }
---
i32.const8 1  put_static Many$ a I  const \"b\"  put_static Many$ b L.internal.object;  i64.const8 3  put_static Many$ c J  i32.const16 133  put_static Many$ e B
get_static Many$ a I  i64.extend_i32_s  get_static Many$ c J  i64.add  get_static Many$ e B  i64.extend_i32_s  i64.add", L(4 - 123)),
    ]);
}

#[rustfmt::skip]
fn creation(all: &mut Cases) {
    all.add(&[
        ("new Base", Of("Base")),
        ("new Base  dup  call_special Base <init> ()V  get_field Base n I", I(7)),
        ("new Base  dup  i32.const8 3  call_special Base <init> (I)V  get_field Base n I", I(3)),
        ("new Derived  dup  call_special Derived <init> ()V  get_field Derived n I", I(8)),
        ("new Third  dup  call_special Third <init> ()V  get_field Base n I", I(8)),
        ("new Base  new Base  ref.eq", I(0)),
        ("new Base  dup  ref.eq", I(1)),
        ("null  null  ref.eq", I(1)),
        ("null  new Base  ref.eq", I(0)),
        ("i32.const8 5  box_i32  i32.const8 5  box_i32  ref.eq", I(1)),
        ("i32.const8 5  box_i32  i64.const8 5  box_i64  ref.eq", I(0)),
        ("i64.const 0x7fffffffffffffff  box_i64  i64.const 0x7fffffffffffffff  box_i64  ref.is_null", I(0)),
        ("null  ref.is_null", I(1)),
        ("new Base  ref.is_null", I(0)),
        ("i32.const8 0  box_i32  ref.is_null", I(0)),
        ("new .internal.object", Of(".internal.object")),
        ("new Nowhere", Throws("class_not_found")),
        ("new Sketch", Throws("linkage")),
        ("new Shape", Throws("linkage")),
        ("new .internal.binary  mem.size", L(0)),
        ("new .internal.exception.arithmetic  throw", Throws("arithmetic")),
        // More than a nursery holds, all garbage.
        ("i32.const8 0  local.set 0  again:  new Fields  pop  i32.inc 0 1  local.get 0  i32.const 200000  br_i32.lt_s again  local.get 0", I(200_000)),
        // A list of 1000, walked.
        ("null  local.set 0  i32.const16 1000  local.set 1
          again:  new Fields  local.set 2  local.get 2  local.get 0  put_field Fields r L.internal.object;  local.get 2  local.get 1  put_field Fields i I
          local.get 2  local.set 0  i32.inc 1 -1  local.get 1  br_if again
          i32.const8 0  local.set 1
          walk:  local.get 0  br_null done  local.get 1  local.get 0  get_field Fields i I  i32.add  local.set 1
          local.get 0  get_field Fields r L.internal.object;  local.set 0  goto walk
          done:  local.get 1", I(500_500)),
    ]);
}

/// Of each kernel class `new` says what its table says; a class that extends it is no way around it.
fn kernel_creation(all: &mut Cases) {
    for class in layout::internal::CLASSES {
        let name = class.name;
        let extended =
            format!("class Extends$ super {name} flags public {{\n}}\n---\nnew Extends$  pop  i32.const8 1");
        let (plain, extended_is) =
            if class.id.can_be_created() { (I(1), I(1)) } else { (Throws("linkage"), Throws("linkage")) };
        all.add(&[(&format!("new {name}  pop  i32.const8 1"), plain)]);
        if matches!(class.id, ClassId::String | ClassId::FrozenStack | ClassId::WeakArray) {
            all.add(&[(&extended, Refused("cannot be extended"))]);
        } else {
            all.add(&[(&extended, extended_is)]);
        }
    }
}

#[rustfmt::skip]
fn tests(all: &mut Cases) {
    for (object, class, expect) in [
        ("new Base", "Base", 1), ("new Derived", "Base", 1), ("new Third", "Base", 1), ("new Base", "Derived", 0), ("null", "Base", 0), ("new Base", ".internal.object", 1),
        ("new Square", "Shape", 1), ("new Cube", "Shape", 1), ("new NiceSquare", "Shape", 1), ("new NiceSquare", "NiceShape", 1), ("new Square", "NiceShape", 0), ("new Base", "Shape", 0),
        ("i32.const8 5  box_i32", ".internal.int", 1), ("i32.const8 5  box_i32", ".internal.object", 1), ("i32.const8 5  box_i32", ".internal.long", 0),
        ("i64.const8 5  box_i64", ".internal.long", 1), ("i64.const -9223372036854775808  box_i64", ".internal.long", 1), ("f32.const 0.5  box_f32", ".internal.float", 1),
        ("f64.const 0.5  box_f64", ".internal.double", 1), ("f64.const 0.5  box_f64", ".internal.float", 0), ("const \"a\"", ".internal.string", 1), ("const \"a\"", "Base", 0),
        ("const class Base", ".internal.class", 1), ("const class Base", "Base", 0),
        ("i32.const8 1  new_array i32", "[I", 1), ("i32.const8 1  new_array i32", "[J", 0), ("i32.const8 1  new_array i32", ".internal.object", 1),
        ("i32.const8 1  new_array i8", "[B", 1), ("i32.const8 1  new_array bool", "[Z", 1), ("i32.const8 1  new_array bool", "[B", 0), ("i32.const8 1  new_array u16", "[C", 1), ("i32.const8 1  new_array u16", "[S", 0),
        ("i32.const8 1  new_ref_array Derived", "[LDerived;", 1), ("i32.const8 1  new_ref_array Derived", "[LBase;", 1), ("i32.const8 1  new_ref_array Base", "[LDerived;", 0),
        ("i32.const8 1  new_ref_array Square", "[LShape;", 1), ("i32.const8 1  new_ref_array Derived", "[L.internal.object;", 1), ("i32.const8 1  new_ref_array [I", "[[I", 1),
        ("i32.const8 1  new_ref_array [I", "[L.internal.object;", 1), ("i32.const8 1  new_ref_array [I", "[[J", 0), ("i32.const8 1  new_array i32", "[L.internal.object;", 0),
        ("new .internal.exception.arithmetic", ".internal.exception", 1), ("new Oops", ".internal.exception", 1),
    ] {
        all.add(&[(&format!("{object}  instance_of {class}"), I(expect))]);
        if object == "null" {
            all.add(&[(&format!("{object}  check_cast {class}"), Null)]);
        } else if expect == 0 {
            all.add(&[(&format!("{object}  check_cast {class}"), Throws("class_cast"))]);
        } else {
            all.add(&[(&format!("{object}  dup  check_cast {class}  ref.eq"), I(1))]);
        }
    }
    all.add(&[
        ("new Base  instance_of Nowhere", Throws("class_not_found")),
        ("new Base  check_cast Nowhere", Throws("class_not_found")),
        ("new Base  class_of", Of(".internal.class")),
        ("new Derived  class_of  const class Derived  ref.eq", I(1)),
        ("i32.const8 5  box_i32  class_of  const class .internal.int  ref.eq", I(1)),
        ("i64.const8 5  box_i64  class_of  const class .internal.long  ref.eq", I(1)),
        ("f32.const 5.0  box_f32  class_of  const class .internal.float  ref.eq", I(1)),
        ("f64.const 5.0  box_f64  class_of  const class .internal.double  ref.eq", I(1)),
        ("const \"s\"  class_of  const class .internal.string  ref.eq", I(1)),
        ("null  class_of", Throws("null_pointer")),
    ]);
}

#[rustfmt::skip]
fn initialisers(all: &mut Cases) {
    all.add(&[
        ("get_static Init a I", I(42)),
        ("call_static Init get ()I  pop  get_static Init runs I", I(1)),
        // The superclass first, once.
        ("get_static InitChild own I  pop  get_static InitParent order I", I(12)),
        // A static field of the superclass does not initialise the class that it is named by (JVMS 5.5).
        ("class Up$ super .internal.object flags public {
            field n I flags public static value i32 3
        }
        class Down$ super Up$ flags public {
            method <clinit> ()V flags static {
                i32.const8 9
                put_static Up$ n I
                return
            }
        }
---
get_static Down$ n I", I(3)),
        // `new`, a static call and `put_static` initialise; so does a subclass.
        ("class New$ super .internal.object flags public {
            field n I flags public static
            method <clinit> ()V flags static {
                i32.const8 9
                put_static New$ n I
                return
            }
        }
        class Sub$ super New$ flags public {
        }
---
new Sub$  pop  get_static New$ n I", I(9)),
        ("class Put$ super .internal.object flags public {
            field n I flags public static
            method <clinit> ()V flags static {
                i32.const8 9
                put_static Put$ n I
                return
            }
        }
---
i32.const8 4  put_static Put$ n I  get_static Put$ n I", I(4)),
        // Neither `instance_of` nor an array initialises.
        ("class Lazy$ super .internal.object flags public {
            method <clinit> ()V flags static {
                call_static Thrower fail ()V
                return
            }
        }
---
null  instance_of Lazy$  i32.const8 3  new_ref_array Lazy$  array_len  i32.add", I(3)),
        // One that fails: its exception the first time, then no such class any more.
        ("get_static InitFails a I", ThrowsA("Oops")),
        ("s:  get_static InitFails a I  e:  return  h:  pop  get_static InitFails a I  return  handler s e h", Throws("linkage")),
    ]);
}

#[rustfmt::skip]
fn boxes(all: &mut Cases) {
    for n in [0, 1, -1, i32::MIN, i32::MAX] {
        all.add(&[(&format!("i32.const {n}  box_i32  unbox_i32"), I(n))]);
    }
    for n in [0, -1, 5, (1 << 60) - 1, 1 << 60, -(1 << 60), -(1 << 60) - 1, i64::MIN, i64::MAX] {
        all.add(&[(&format!("i64.const {n}  box_i64  unbox_i64"), L(n))]);
    }
    for bits in [0, 0x8000_0000, 0x3f80_0000, 0x7f80_0000, 0x7fa0_0001, 0xffc0_0000] {
        all.add(&[(&format!("f32.const nan:{bits:#x}  box_f32  unbox_f32"), F(f32::from_bits(bits)))]);
    }
    for bits in [0, 1 << 63, 0x3ff0_0000_0000_0000, 0x7ff0_0000_0000_0000, 0x7ff4_0000_0000_0001, u64::MAX] {
        all.add(&[(&format!("f64.const nan:{bits:#x}  box_f64  unbox_f64"), D(f64::from_bits(bits)))]);
    }
    // The number comes out of a box of its own class only: no box widens here.
    let values = [("i32.const8 5  box_i32", "i32"), ("i64.const8 5  box_i64", "i64"), ("f32.const 5.0  box_f32", "f32"), ("f64.const 5.0  box_f64", "f64"),
        ("i64.const 0x7fffffffffffffff  box_i64", "i64"), ("const \"5\"", ""), ("new Base", ""), ("i32.const8 1  new_array i32", "")];
    for (value, own) in values {
        for kind in ["i32", "i64", "f32", "f64"] {
            if kind != own {
                all.add(&[(&format!("{value}  unbox_{kind}"), Throws("class_cast"))]);
            }
        }
    }
    for kind in ["i32", "i64", "f32", "f64"] {
        all.add(&[(&format!("null  unbox_{kind}"), Throws("null_pointer"))]);
    }
}

#[rustfmt::skip]
fn monitors(all: &mut Cases) {
    all.add(&[
        ("new Base  local.set 0  local.get 0  monitor_enter  local.get 0  monitor_exit  i32.const8 1", I(1)),
        // Reentrant: as many exits as enters, no more.
        ("new Base  local.set 0  local.get 0  monitor_enter  local.get 0  monitor_enter  local.get 0  monitor_exit  local.get 0  monitor_exit  i32.const8 2", I(2)),
        ("new Base  local.set 0  local.get 0  monitor_enter  local.get 0  monitor_enter  local.get 0  monitor_exit  local.get 0  monitor_exit  local.get 0  monitor_exit", Throws("illegal_monitor")),
        ("new Base  monitor_exit", Throws("illegal_monitor")),
        ("new Base  local.set 0  local.get 0  monitor_enter  local.get 0  monitor_exit  local.get 0  monitor_exit", Throws("illegal_monitor")),
        ("new Base  monitor_enter  new Base  monitor_exit", Throws("illegal_monitor")),
        ("null  monitor_enter", Throws("null_pointer")),
        ("null  monitor_exit", Throws("null_pointer")),
        // Immediates have no identity to lock.
        ("i32.const8 5  box_i32  monitor_enter", Throws("illegal_monitor")),
        ("i32.const8 5  box_i32  monitor_exit", Throws("illegal_monitor")),
        ("f32.const 5.0  box_f32  monitor_enter", Throws("illegal_monitor")),
        // Two at a time, left in the order of entering.
        ("new Base  local.set 0  new Base  local.set 1  local.get 0  monitor_enter  local.get 1  monitor_enter  local.get 0  monitor_exit  local.get 1  monitor_exit  i32.const8 3", I(3)),
        ("const class Base  monitor_enter  const class Base  monitor_exit  i32.const8 4", I(4)),
        ("const \"s\"  monitor_enter  const \"s\"  monitor_exit  i32.const8 5", I(5)),
        // A locked object survives collections with its lock.
        ("new Base  local.set 0  local.get 0  monitor_enter  i32.const8 0  local.set 1  again:  new Fields  pop  i32.inc 1 1  local.get 1  i32.const 100000  br_i32.lt_s again
          local.get 0  monitor_exit  local.get 1", I(100_000)),
        // Synchronized methods hold the lock of the receiver or of the class, and leave it in every way out.
        ("new Locked  call_virtual Locked nested ()I", I(3)),
        ("call_static Locked statically ()I", I(4)),
        ("new Locked  local.set 0  s:  local.get 0  call_virtual Locked fail ()V  e:  return  h:  pop  local.get 0  monitor_exit  return  handler s e h", Throws("illegal_monitor")),
        ("new Locked  local.set 0  local.get 0  call_virtual Locked nested ()I  pop  local.get 0  monitor_exit", Throws("illegal_monitor")),
        ("null  call_virtual Locked nested ()I", Throws("null_pointer")),
    ]);
}
