//! Calls of every kind, adapting of arguments and results, `sys`.

use crate::common::Cases;
use crate::common::Expect::{D, I, L, Null, Of, Refused, Text, Throws, ThrowsA};

pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("calls");
    plain(&mut all);
    interfaces(&mut all);
    untyped(&mut all);
    functions(&mut all);
    call_sites(&mut all);
    missing(&mut all);
    in_turn(&mut all);
    all
}

#[rustfmt::skip]
fn plain(all: &mut Cases) {
    all.add(&[
        ("i32.const8 2  i32.const8 3  call_static Kinds add (II)I", I(5)),
        ("i32.const8 1  i64.const8 2  f32.const 0.25  f64.const 0.5  call_static Kinds sum (IJFD)D", D(3.75)),
        // Operands below the arguments stay.
        ("i32.const8 100  i32.const8 2  i32.const8 3  call_static Kinds add (II)I  i32.sub", I(95)),
        ("new Kinds  call_virtual Kinds nothing ()V  i32.const8 1", I(1)),
        ("new Base  call_virtual Base who ()I", I(1)),
        ("new Derived  call_virtual Base who ()I", I(2)),
        ("new Third  call_virtual Base who ()I", I(2)),
        ("new Derived  call_virtual Derived who ()I", I(2)),
        ("new Third  call_virtual Third who ()I", I(2)),
        ("new Derived  call_virtual Base askWho ()I", I(2)),
        ("new Base  call_virtual Base askWho ()I", I(1)),
        ("new Derived  call_virtual Derived superWho ()I", I(1)),
        ("new Third  call_virtual Derived superWho ()I", I(1)),
        ("new Derived  call_special Base who ()I", I(1)),
        // A private method is not overridden.
        ("new Derived  call_virtual Base askSecret ()I", I(10)),
        ("new Derived  call_virtual Base fixed ()I", I(5)),
        ("new Base  dup  call_special Base <init> ()V  i32.const8 6  call_virtual Base scale (I)I", I(42)),
        ("new Base  i32.const8 1  i64.const8 2  f32.const 0.25  f64.const 0.5  null  call_virtual Kinds mixed (IJFDL.internal.object;)D", Throws("class_cast")),
        ("new Kinds  i32.const8 1  i64.const8 2  f32.const 0.25  f64.const 0.5  null  call_virtual Kinds mixed (IJFDL.internal.object;)D", D(3.75)),
        ("new Kinds  const \"s\"  call_virtual Kinds same (L.internal.object;)L.internal.object;", Text("s")),
        ("null  call_virtual Base who ()I", Throws("null_pointer")),
        ("null  call_special Base who ()I", Throws("null_pointer")),
        ("new Square  call_virtual Base who ()I", Throws("class_cast")),
        ("const \"s\"  call_virtual Base who ()I", Throws("class_cast")),
        ("i32.const8 5  box_i32  call_virtual Base who ()I", Throws("class_cast")),
        // The receiver of a special call is checked as well.
        ("new Square  call_special Base who ()I", Throws("class_cast")),
        ("const \"s\"  call_special Base secret ()I", Throws("class_cast")),
        ("new Square  call_special Base <init> ()V", Throws("class_cast")),
        // Kernel methods.
        ("new Base  call_virtual .internal.object toString ()L.internal.string;", Text("Base")),
        ("new Base  dup  call_virtual .internal.object equals (L.internal.object;)I", I(1)),
        ("new Base  call_virtual .internal.object equals (L.internal.object;)I", Refused("empty stack")),
        ("new Base  local.tee 0  local.get 0  call_virtual .internal.object equals (L.internal.object;)I", I(1)),
        ("new Base  new Base  call_virtual .internal.object equals (L.internal.object;)I", I(0)),
        ("new Base  call_virtual .internal.object getClass ()L.internal.class;  const class Base  ref.eq", I(1)),
        ("new Base  call_special .internal.object toString ()L.internal.string;", Text("Base")),
        // Recursion with locals of its own in each frame: 20!.
        ("class Fact$ super .internal.object flags public {
            method of (J)J flags public static {
                local.get 0
                i64.const8 2
                br_i64.lt_s one
                local.get 0
                local.get 0
                i64.const8 1
                i64.sub
                call_static Fact$ of (J)J
                i64.mul
                return
            one:
                i64.const8 1
                return
            }
        }
---
i64.const8 20  call_static Fact$ of (J)J", L(2_432_902_008_176_640_000)),
        // A callee's locals beyond its arguments start anew.
        ("class Clean$ super .internal.object flags public {
            method dirty ()V flags public static {
                i64.const8 -1
                local.set 5
                return
            }
            method deep (I)I flags public static {
                local.get 0
                br_ifz end
                call_static Clean$ dirty ()V
                local.get 0
                i32.const8 1
                i32.sub
                call_static Clean$ deep (I)I
                i32.const8 1
                i32.add
                return
            end:
                i32.const8 0
                return
            }
        }
---
i32.const16 500  call_static Clean$ deep (I)I", I(500)),
        // Many arguments.
        ("class Many$ super .internal.object flags public {
            method last (IIIIIIIIIIIIIIIIIIIIJ)J flags public static {
                local.get 20
                local.get 19
                i64.extend_i32_s
                i64.add
                return
            }
        }
---
i32.const8 0  dup  dup2  dup2  dup2  dup2  dup2  dup2  dup2  dup2  dup  i32.const8 7  i64.const8 100  call_static Many$ last (IIIIIIIIIIIIIIIIIIIIJ)J", L(107)),
        ("sys 1", Refused("`sys` stands only in internal methods")),
        ("class Sys super .internal.object flags public {
            method toString ()L.internal.string; flags public internal {
                sys 5
                return
            }
        }
---
new Sys  call_virtual Sys toString ()L.internal.string;", Text("Sys")),
    ]);
}

#[rustfmt::skip]
fn interfaces(all: &mut Cases) {
    for (class, method, expect) in [
        ("Square", "area", 9), ("Square", "twice", 18), ("Cube", "area", 54), ("Cube", "twice", 1000), ("NiceSquare", "area", 9),
        // The more specific interface's body.
        ("NiceSquare", "twice", 99),
    ] {
        all.add(&[(&format!("new {class}  call_interface Shape {method} ()I"), I(expect))]);
    }
    all.add(&[
        ("new NiceSquare  call_interface NiceShape twice ()I", I(99)),
        ("new NiceSquare  call_interface NiceShape area ()I", I(9)),
        ("new Square  call_virtual Square twice ()I", I(18)),
        ("call_static interface Shape corners ()I", I(4)),
        ("new Square  call_special interface Shape twice ()I", I(18)),
        ("new Cube  call_special interface Shape twice ()I", I(108)),
        ("null  call_interface Shape area ()I", Throws("null_pointer")),
        ("new Base  call_interface Shape area ()I", Throws("class_cast")),
        // To have such a method is not enough.
        ("class Duck$ super .internal.object flags public {
            method area ()I flags public {
                i32.const8 3
                return
            }
        }
---
new Duck$  call_interface Shape area ()I", Throws("class_cast")),
        ("new Blob  call_interface Shape area ()I", Throws("abstract_method")),
        ("new Blob  call_interface Shape twice ()I", Throws("abstract_method")),
        ("const \"s\"  call_interface Shape area ()I", Throws("class_cast")),
        ("new Square  call_interface Shape missing ()I", Throws("no_such_method")),
        // Methods of every object through an interface.
        ("new Square  call_interface Shape toString ()L.internal.string;", Text("Square")),
        ("new BadSketch  call_virtual Sketch draw ()I", Throws("abstract_method")),
        ("new BadSketch  call_special Sketch draw ()I", Throws("abstract_method")),
    ]);
}

#[rustfmt::skip]
fn untyped(all: &mut Cases) {
    for (method, ordinal, argument, expect) in [
        ("int", 16, "i32.const8 5  box_i32", "unbox_i32  i64.extend_i32_s"),
        ("long", 17, "i64.const8 5  box_i64", "unbox_i64"),
        ("float", 18, "f32.const 5.5  box_f32", "unbox_f32  i64.trunc_f32_s"),
        ("double", 19, "f64.const 5.5  box_f64", "unbox_f64  i64.trunc_f64_s"),
        // An int becomes what the method wants, a float a double.
        ("long", 17, "i32.const8 5  box_i32", "unbox_i64"),
        ("float", 18, "i32.const8 6  box_i32", "unbox_f32  i64.trunc_f32_s"),
        ("double", 19, "i32.const8 6  box_i32", "unbox_f64  i64.trunc_f64_s"),
        ("double", 19, "f32.const 5.5  box_f32", "unbox_f64  i64.trunc_f64_s"),
    ] {
        all.add(&[
            (&format!("new Kinds  {argument}  call_name {method} 1  {expect}"), L(6)),
            (&format!("new Kinds  {argument}  call_ordinal {ordinal} 1  {expect}"), L(6)),
        ]);
    }
    for (method, ordinal, argument, error) in [
        ("int", 16, "i64.const8 5  box_i64", "class_cast"), ("int", 16, "f32.const 5.0  box_f32", "class_cast"), ("int", 16, "const \"5\"", "class_cast"), ("int", 16, "null", "null_pointer"),
        ("long", 17, "f64.const 5.0  box_f64", "class_cast"), ("float", 18, "f64.const 5.0  box_f64", "class_cast"), ("float", 18, "i64.const8 5  box_i64", "class_cast"), ("double", 19, "null", "null_pointer"),
    ] {
        all.add(&[
            (&format!("new Kinds  {argument}  call_name {method} 1"), Throws(error)),
            (&format!("new Kinds  {argument}  call_ordinal {ordinal} 1"), Throws(error)),
        ]);
    }
    all.add(&[
        ("new Kinds  const \"s\"  call_name same 1", Text("s")),
        ("new Kinds  null  call_name same 1", Null),
        ("new Kinds  null  call_ordinal 20 1", Null),
        ("new Kinds  call_name nothing 0", Null),
        ("new Kinds  call_ordinal 21 0", Null),
        ("new Kinds  i32.const8 1  box_i32  i64.const8 2  box_i64  f32.const 0.25  box_f32  f64.const 0.5  box_f64  null  call_name mixed 5  unbox_f64", D(3.75)),
        ("new Kinds  i32.const8 1  box_i32  i64.const8 2  box_i64  f32.const 0.25  box_f32  f64.const 0.5  box_f64  null  call_ordinal 22 5  unbox_f64", D(3.75)),
        // By the number of arguments.
        ("new Kinds  i32.const8 0  box_i32  call_name one 1  unbox_i32", I(1)),
        ("new Kinds  i32.const8 0  box_i32  dup  call_name one 2  unbox_i32", I(2)),
        ("new Kinds  call_name one 0", Throws("no_such_method")),
        // Overrides are found by name and by ordinal.
        ("new Base  call_name who 0  unbox_i32", I(1)),
        ("new Derived  call_name who 0  unbox_i32", I(2)),
        ("new Third  call_name who 0  unbox_i32", I(2)),
        ("new Derived  call_name askWho 0  unbox_i32", I(2)),
        ("new Derived  call_ordinal 20 0  unbox_i32", I(2)),
        ("new Base  call_ordinal 20 0  unbox_i32", I(1)),
        ("new Square  call_name twice 0  unbox_i32", I(18)),
        ("new NiceSquare  call_name twice 0  unbox_i32", I(99)),
        // Methods of every object, also of immediates.
        ("new Base  call_name toString 0", Text("Base")),
        ("new Base  call_ordinal 5 0", Text("Base")),
        ("new Base  call_name getClass 0", Of(".internal.class")),
        ("new Base  local.tee 0  local.get 0  call_name equals 1  unbox_i32", I(1)),
        ("i32.const8 5  box_i32  call_name getClass 0  const class .internal.int  ref.eq", I(1)),
        ("i32.const8 5  box_i32  call_ordinal 2 0  const class .internal.int  ref.eq", I(1)),
        ("i32.const8 1  new_array i32  call_name getClass 0  const class [I  ref.eq", I(1)),
        // The same instruction with receivers of several classes, back and forth.
        ("i32.const8 6  local.set 0  i32.const8 0  local.set 1
          again:  local.get 0  i32.const8 2  i32.rem  br_if odd  new Base  goto call  odd:  new Derived
          call:  call_name who 0  unbox_i32  local.get 1  i32.add  local.set 1  i32.inc 0 -1  local.get 0  br_if again  local.get 1", I(9)),
        ("i32.const8 6  local.set 0  i32.const8 0  local.set 1
          again:  local.get 0  i32.const8 2  i32.rem  br_if odd  new Square  goto call  odd:  new Cube
          call:  call_interface Shape area ()I  local.get 1  i32.add  local.set 1  i32.inc 0 -1  local.get 0  br_if again  local.get 1", I(189)),
        ("new Base  call_name missing 0", Throws("no_such_method")),
        ("new Base  call_name who 3", Refused("empty stack")),
        ("new Base  null  call_name who 1", Throws("no_such_method")),
        ("new Base  call_ordinal 1000 0", Throws("no_such_method")),
        ("new Base  null  call_ordinal 20 1", Throws("no_such_method")),
        ("new Kinds  call_name add 0", Throws("no_such_method")),
        // What a method throws comes through.
        ("new Kinds  call_name fail 0", ThrowsA("Oops")),
        // Null is of `.internal.void`, which has the methods of every object; others it has not.
        ("null  call_name who 0", Throws("null_pointer")),
        ("null  call_ordinal 20 0", Throws("null_pointer")),
    ]);
}

#[rustfmt::skip]
fn functions(all: &mut Cases) {
    let handle = |kind: &str, target: &str, code: &str| format!("const 0 = {target}  const 1 = handle {kind} #0  {code}");
    for (kind, target, arguments, desc, expect) in [
        ("call_static", "method Kinds add (II)I", "i32.const8 2  i32.const8 3", "(II)I", I(5)),
        ("call_static", "method Kinds sum (IJFD)D", "i32.const8 1  i64.const8 2  f32.const 0.25  f64.const 0.5", "(IJFD)D", D(3.75)),
        ("call_static", "method interface Shape corners ()I", "", "()I", I(4)),
        ("call_virtual", "method Base who ()I", "new Derived", "(L.internal.object;)I", I(2)),
        ("call_virtual", "method Base who ()I", "new Base", "(LBase;)I", I(1)),
        ("call_special", "method Base who ()I", "new Derived", "(L.internal.object;)I", I(1)),
        ("call_interface", "method interface Shape area ()I", "new Cube", "(L.internal.object;)I", I(54)),
        ("call_interface", "method interface Shape twice ()I", "new Square", "(L.internal.object;)I", I(18)),
        ("new_special", "method Base <init> (I)V", "i32.const8 9", "(I)L.internal.object;", Of("Base")),
        ("get_static", "field Fields five I", "", "()I", I(5)),
        ("get_static", "field Fields tenth D", "", "()D", D(0.1)),
        ("get_static", "field Fields text L.internal.string;", "", "()L.internal.object;", Text("first")),
        ("get_field", "field Base n I", "new Base  dup  call_special Base <init> ()V", "(L.internal.object;)I", I(7)),
        ("get_field", "field Fields r L.internal.object;", "new Fields", "(L.internal.object;)L.internal.object;", Null),
        // Kinds must agree; classes are checked where they are used.
        ("call_static", "method Kinds add (II)I", "i32.const8 2  i64.const8 3", "(IJ)I", Throws("class_cast")),
        ("call_static", "method Kinds add (II)I", "i32.const8 2", "(I)I", Throws("class_cast")),
        ("call_static", "method Kinds add (II)I", "i32.const8 2  i32.const8 3", "(II)V", Throws("class_cast")),
        ("call_static", "method Kinds add (II)I", "i32.const8 2  i32.const8 3", "(II)J", Throws("class_cast")),
        ("get_static", "field Fields five I", "", "()J", Throws("class_cast")),
        ("get_field", "field Base n I", "new Square", "(L.internal.object;)I", Throws("class_cast")),
        ("get_field", "field Base n I", "null", "(L.internal.object;)I", Throws("null_pointer")),
        ("call_virtual", "method Base who ()I", "null", "(L.internal.object;)I", Throws("null_pointer")),
        ("call_virtual", "method Base who ()I", "new Square", "(L.internal.object;)I", Throws("class_cast")),
        ("call_special", "method Base who ()I", "new Square", "(L.internal.object;)I", Throws("class_cast")),
        ("call_special", "method Base who ()I", "null", "(L.internal.object;)I", Throws("null_pointer")),
        ("call_interface", "method interface Shape area ()I", "new Base", "(L.internal.object;)I", Throws("class_cast")),
        ("call_interface", "method interface Shape area ()I", "new Blob", "(L.internal.object;)I", Throws("abstract_method")),
        ("call_static", "method Kinds missing (II)I", "", "()V", Throws("no_such_method")),
        ("get_static", "field Kinds missing I", "", "()I", Throws("no_such_field")),
        ("call_static", "method Thrower fail ()V", "", "()V", ThrowsA("Oops")),
    ] {
        let above = if arguments.is_empty() { "const #1".into() } else { format!("{arguments}  const #1") };
        let below = if arguments.is_empty() { "const #1".into() } else { format!("const #1  {arguments}") };
        all.add(&[
            (&handle(kind, target, &format!("{below}  call_ref {desc}")), expect),
            (&handle(kind, target, &format!("{above}  call_ref_top {desc}")), expect),
        ]);
    }
    all.add(&[
        ("const 0 = field Fields si I  const 1 = handle put_static #0  const #1  i32.const8 33  call_ref (I)V  get_static Fields si I", I(33)),
        ("const 0 = field Fields sb B  const 1 = handle put_static #0  i32.const16 200  const #1  call_ref_top (I)V  get_static Fields sb B", I(-56)),
        ("const 0 = field Fields j J  const 1 = handle put_field #0  new Fields  local.set 0  const #1  local.get 0  i64.const8 -4  call_ref (L.internal.object;J)V  local.get 0  get_field Fields j J", L(-4)),
        ("const 0 = field Fields j J  const 1 = handle put_field #0  new Fields  local.tee 0  call_virtual .internal.object setImmutable ()V  const #1  local.get 0  i64.const8 -4  call_ref (L.internal.object;J)V", Throws("immutable")),
        // A handle makes no object that `new` does not make, and none of another class than it names.
        ("const 0 = method Sketch <init> (I)V  const 1 = handle new_special #0  const #1  i32.const8 1  call_ref (I)L.internal.object;  pop", Throws("linkage")),
        ("const 0 = method Fields <init> ()V  const 1 = handle new_special #0  const #1  call_ref ()L.internal.object;  pop", Throws("no_such_method")),
        ("const 0 = method .internal.thread <init> ()V  const 1 = handle new_special #0  const #1  call_ref ()L.internal.object;  pop", Throws("no_such_method")),
        ("const 0 = method .internal.object <init> ()V  const 1 = handle new_special #0  const #1  call_ref ()L.internal.object;", Of(".internal.object")),
        ("const 0 = method Base <init> ()V  const 1 = handle new_special #0  const #1  call_ref ()L.internal.object;  get_field Base n I", I(7)),
        // Operands below stay.
        ("const 0 = method Kinds add (II)I  const 1 = handle call_static #0  i32.const8 100  const #1  i32.const8 2  i32.const8 3  call_ref (II)I  i32.sub", I(95)),
        ("const 0 = method Kinds add (II)I  const 1 = handle call_static #0  i32.const8 100  i32.const8 2  i32.const8 3  const #1  call_ref_top (II)I  i32.sub", I(95)),
        ("null  i32.const8 1  call_ref (I)I", Throws("null_pointer")),
        ("i32.const8 1  null  call_ref_top (I)I", Throws("null_pointer")),
        ("new Base  i32.const8 1  call_ref (I)I", Throws("class_cast")),
        ("i32.const8 1  const \"s\"  call_ref_top (I)I", Throws("class_cast")),
        ("i32.const8 5  box_i32  call_ref ()V", Throws("class_cast")),
        // A handle of a static method initialises its class when it is called (JVMS 5.5).
        ("class Late$ super .internal.object flags public {
            method <clinit> ()V flags static {
                i32.const8 9
                put_static Base shared I
                return
            }
            method get ()I flags public static {
                i32.const8 1
                return
            }
        }
---
const 0 = method Late$ get ()I  const 1 = handle call_static #0  i32.const8 0  put_static Base shared I  const #1  call_ref ()I  pop  get_static Base shared I", I(9)),
        ("class Late$ super .internal.object flags public {
            field n I flags public static
            method <clinit> ()V flags static {
                i32.const8 9
                put_static Late$ n I
                return
            }
        }
---
const 0 = field Late$ n I  const 1 = handle get_static #0  const #1  call_ref ()I", I(9)),
    ]);
    // Bound to null: `.internal.void` answers.
    all.add(&[("new .internal.closure  local.tee 0  i32.const8 5  call_virtual .internal.closure setOrdinal (I)V  local.get 0  call_ref ()L.internal.object;", Text("(void)"))]);
    // Bound to a receiver, by ordinal: numbers go through objects where the kinds differ.
    let bound = |code: &str| format!(
        "new .internal.closure  local.tee 0  new Kinds  call_virtual .internal.closure setObject (L.internal.object;)V  \
         local.get 0  i32.const8 17  call_virtual .internal.closure setOrdinal (I)V  {code}");
    all.add(&[
        (&bound("local.get 0  i64.const8 5  call_ref (J)J"), L(6)),
        (&bound("i64.const8 5  local.get 0  call_ref_top (J)J"), L(6)),
        (&bound("local.get 0  i32.const8 5  call_ref (I)J"), L(6)),
        (&bound("local.get 0  i64.const8 5  box_i64  call_ref (L.internal.object;)L.internal.object;  unbox_i64"), L(6)),
        (&bound("local.get 0  f64.const 5.0  call_ref (D)J"), Throws("class_cast")),
        (&bound("local.get 0  i64.const8 5  call_ref (J)F"), Throws("class_cast")),
        (&bound("local.get 0  call_ref ()J"), Throws("no_such_method")),
        (&bound("local.get 0  i64.const8 5  call_ref (J)V  i32.const8 1"), I(1)),
    ]);
}

/// A class with a bootstrap that counts its calls and links to `Kinds.add`, and one that computes a constant.
const LINKER: &str = "const 0 = method Kinds add (II)I
const 1 = handle call_static #0
const 2 = method Linker$ link (L.internal.class;L.internal.string;L.internal.string;L.internal.object;I)L.internal.object;
const 3 = handle call_static #2
const 4 = i32 4
const 5 = call_site #3 sum (II)I #1 #4
const 6 = call_site #3 sum (II)I #1 #4
const 7 = method Linker$ value (L.internal.class;L.internal.string;L.internal.string;)J
const 8 = handle call_static #7
const 9 = dynamic #8 big J
const 10 = call_site #3 sum (IJ)I #1 #4
const 11 = method Linker$ fail (L.internal.class;L.internal.string;L.internal.string;)L.internal.object;
const 12 = handle call_static #11
const 13 = call_site #12 never ()V
const 14 = method Linker$ name (L.internal.class;L.internal.string;L.internal.string;)L.internal.object;
const 15 = handle call_static #14
const 16 = dynamic #15 theName L.internal.string;
const 17 = dynamic #15 \"\\u{fc}\" I
const 18 = method Linker$ nothing (L.internal.class;L.internal.string;L.internal.string;)L.internal.object;
const 19 = handle call_static #18
const 20 = call_site #19 nothing ()V
const 21 = dynamic #19 nothing L.internal.object;
const 22 = dynamic #8 big D
const 23 = method Linker$ first (L.internal.class;L.internal.string;L.internal.string;L.internal.object;)L.internal.object;
const 24 = handle call_static #23
const 25 = dynamic #24 inner L.internal.object; #16
const 26 = dynamic #24 outer L.internal.object; #25
";
const LINKER_CLASS: &str = "class Linker$ super .internal.object flags public {
    field calls I flags public static
    method link (L.internal.class;L.internal.string;L.internal.string;L.internal.object;I)L.internal.object; flags public static {
        get_static Linker$ calls I
        local.get 4
        i32.add
        put_static Linker$ calls I
        local.get 3
        return
    }
    method value (L.internal.class;L.internal.string;L.internal.string;)J flags public static {
        get_static Linker$ calls I
        i32.const8 1
        i32.add
        put_static Linker$ calls I
        i64.const 0x7fffffffffffffff
        return
    }
    method name (L.internal.class;L.internal.string;L.internal.string;)L.internal.object; flags public static {
        local.get 1
        return
    }
    method first (L.internal.class;L.internal.string;L.internal.string;L.internal.object;)L.internal.object; flags public static {
        local.get 3
        return
    }
    method nothing (L.internal.class;L.internal.string;L.internal.string;)L.internal.object; flags public static {
        null
        return
    }
    method fail (L.internal.class;L.internal.string;L.internal.string;)L.internal.object; flags public static {
        get_static Linker$ calls I
        i32.const8 1
        i32.add
        put_static Linker$ calls I
        call_static Thrower fail ()V
        null
        return
    }
}
---
";

#[rustfmt::skip]
fn call_sites(all: &mut Cases) {
    for (code, expect) in [
        ("i32.const8 2  i32.const8 3  call_site #5", I(5)),
        ("i32.const8 100  i32.const8 2  i32.const8 3  call_site #5  i32.sub", I(95)),
        // The bootstrap runs once for a site, and for each site.
        ("i32.const8 3  local.set 0  again:  i32.const8 2  i32.const8 3  call_site #5  pop  i32.inc 0 -1  local.get 0  br_if again  get_static Linker$ calls I", I(4)),
        ("i32.const8 2  i32.const8 3  call_site #5  i32.const8 3  call_site #6  pop  get_static Linker$ calls I", I(8)),
        ("i32.const8 2  i64.const8 3  call_site #10", Throws("class_cast")),
        // A bootstrap that throws leaves the site unlinked: it runs again.
        ("call_site #13", ThrowsA("Oops")),
        ("i32.const8 3  local.set 0  s:  call_site #13  e:  i32.const8 -1  return  h:  pop  i32.inc 0 -1  local.get 0  br_if s  get_static Linker$ calls I  return  handler s e h", I(3)),
        ("call_site #20", Throws("null_pointer")),
        // Computed constants.
        ("const #9", L(i64::MAX)),
        ("const #9  const #9  i64.sub", L(0)),
        ("const #9  pop  const #9  pop  get_static Linker$ calls I", I(1)),
        ("const #16", Text("theName")),
        ("const #17", Throws("class_cast")),
        ("const #22", Throws("class_cast")),
        ("const #21", Null),
        // Computed from one that is computed itself.
        ("const #26", Text("theName")),
    ] {
        all.add(&[(&format!("{LINKER_CLASS}{LINKER}{code}"), expect)]);
    }
}

#[rustfmt::skip]
fn missing(all: &mut Cases) {
    all.add(&[
        ("call_static Kinds missing ()V", Throws("no_such_method")),
        ("i32.const8 1  call_static Kinds add (I)I", Throws("no_such_method")),
        ("new Kinds  call_virtual Kinds missing ()V", Throws("no_such_method")),
        ("new Kinds  call_special Kinds missing ()V", Throws("no_such_method")),
        ("new Kinds  call_special Kinds <init> (JJ)V", Refused("is expected")),
        ("new Kinds  i64.const8 1  dup  call_special Kinds <init> (JJ)V", Throws("no_such_method")),
        ("call_static Nowhere run ()V", Throws("class_not_found")),
        ("null  call_virtual Nowhere run ()V", Throws("class_not_found")),
        ("null  call_interface Nowhere run ()V", Throws("class_not_found")),
        // Static or not must agree.
        ("call_static Base who ()I", Throws("linkage")),
        ("new Kinds  i32.const8 1  i32.const8 2  call_virtual Kinds add (II)I", Throws("linkage")),
        ("new Square  call_interface Shape corners ()I", Throws("linkage")),
        ("class Native$ super .internal.object flags public {
            method run ()V flags public static native
        }
---
call_static Native$ run ()V", Throws("linkage")),
    ]);
}

/// Call sites that see several classes in turn, 30 objects in all.
#[rustfmt::skip]
fn in_turn(all: &mut Cases) {
    let sum = |objects: &[&str], call: &str| {
        let fill: String = objects.iter().enumerate().map(|(at, object)| format!("local.get 0  i32.const8 {at}  {object}  array.set_ref  ")).collect();
        let count = objects.len();
        format!("i32.const8 {count}  new_ref_array .internal.object  local.set 0  {fill}i32.const8 0  local.set 1  i32.const8 0  local.set 2
            again:  local.get 0  local.get 1  i32.const8 {count}  i32.rem  array.get_ref  {call}  local.get 2  i32.add  local.set 2
            i32.inc 1 1  local.get 1  i32.const8 30  br_i32.lt_s again  local.get 2")
    };
    let (by_table, by_number, by_name) = ("call_virtual Base who ()I", "call_ordinal 20 0  unbox_i32", "call_name who 0  unbox_i32");
    for call in [by_table, by_number, by_name, "check_cast Base  call_special Base who ()I"] {
        let special = call.contains("special");
        for (objects, expect) in [
            (&["new Base", "new Derived"] as &[&str], 45), (&["new Base", "new Derived", "new Third"], 50), (&["new Third", "new Third", "new Base"], 50),
        ] {
            all.add(&[(&sum(objects, call), I(if special { 30 } else { expect }))]);
        }
        // Null and what has no such method are no receivers, however often the site was called.
        all.add(&[
            (&sum(&["new Base", "new Derived", "null"], call), Throws("null_pointer")),
            (&sum(&["new Base", "new Derived", "new Base", "new Oops"], call), Throws(if call == by_table || special { "class_cast" } else { "no_such_method" })),
        ]);
    }
    all.add(&[
        (&sum(&["new Square", "new Cube", "new NiceSquare"], "call_interface Shape area ()I"), I(720)),
        (&sum(&["new Square", "new Cube", "new NiceSquare"], "call_interface Shape twice ()I"), I(10 * (18 + 1000 + 99))),
        // Kernel methods and bytecode, numbers and objects.
        (&sum(&["const \"five5\"", "new Fields", "i32.const8 7  box_i32", "i64.const8 8  box_i64", "new Base"], "local.tee 3  local.get 3  call_virtual .internal.object equals (L.internal.object;)I"), I(30)),
        (&sum(&["i32.const8 7  box_i32", "i64.const8 8  box_i64", "f32.const 9.5  box_f32"], "call_name toInt 0  unbox_i32"), I(240)),
    ]);
}
