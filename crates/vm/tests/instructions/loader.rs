//! The class loader that a program registers is asked for the classes that nobody else knows.

use crate::common::Cases;
use crate::common::Expect::{self, I, Null, Of, Throws, ThrowsA};

/// Gives `Base` under every name and counts how often it was asked.
const GIVES_BASE: &str = "
    get_static Loader$ asked I
    i32.const8 1
    i32.add
    put_static Loader$ asked I
    const class Base
    return";

/// A case whose class loader's method 8 has this body.
fn case(all: &mut Cases, flags: &str, load: &str, body: &str, expect: Expect) {
    let text = format!(
        "class Loader$ super .internal.object flags public {{
            field asked I flags public static
            method load (L.internal.object;)L.internal.object; flags {flags} ordinal 8 {{
                {load}
            }}
        }}
---
new .internal.boot  new Loader$  call_virtual .internal.boot setClassLoader (L.internal.object;)V  {body}"
    );
    all.add(&[(&text, expect)]);
}

#[rustfmt::skip]
pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("loader");
    // Every instruction that names a class.
    for (body, expect) in [
        ("new Gone$  check_cast Base  call_virtual Base who ()I", I(1)),
        ("new Base  instance_of Gone$", I(1)),
        ("const \"text\"  instance_of Gone$", I(0)),
        ("new Base  check_cast Gone$", Of("Base")),
        ("new Oops  check_cast Gone$", Throws("class_cast")),
        ("i32.const8 3  new_ref_array Gone$", Of("[LBase;")),
        ("i32.const8 1  i32.const8 1  multi_new_array [[LGone$; 2", Of("[[LBase;")),
        ("const class Gone$  const class Base  ref.eq", I(1)),
        ("const class [[LGone$;  const class [[LBase;  ref.eq", I(1)),
        ("i32.const8 5  put_static Gone$ shared I  get_static Base shared I", I(5)),
        ("i32.const8 6  put_static Base shared I  get_static Gone$ shared I", I(6)),
        ("new Base  dup  call_special Gone$ <init> ()V  get_field Gone$ n I", I(7)),
        ("new Base  local.tee 0  i32.const8 4  put_field Gone$ n I  local.get 0  get_field Base n I", I(4)),
        ("new Base  call_virtual Gone$ fixed ()I", I(5)),
        ("const 0 = method Gone$ <init> (I)V  const 1 = handle new_special #0  const #1  i32.const8 3  call_ref (I)L.internal.object;  pop", Throws("no_such_method")),
        ("const 0 = method Gone$ fixed ()I  const 1 = handle call_virtual #0  const #1  new Base  call_ref (L.internal.object;)I", I(5)),
        // The operands are as they were.
        ("i32.const8 40  const \"x\"  new Gone$  instance_of Gone$  swap  pop  i32.add", I(41)),
        // What it gave does not have to fit.
        ("new Gone$  get_field Gone$ missing I", Throws("no_such_field")),
        // It is asked once, whoever wants to know and how.
        ("new Gone$  pop  const class Gone$  pop  i32.const8 1  new_ref_array Gone$  pop  new .internal.boot  const \"Gone$\"  call_virtual .internal.boot loadClass (L.internal.string;)L.internal.class;  pop  get_static Loader$ asked I", I(1)),
        ("new .internal.boot  const \"Gone$\"  call_virtual .internal.boot loadClass (L.internal.string;)L.internal.class;  pop  new Gone$  pop  get_static Loader$ asked I", I(1)),
        ("new Gone$  pop  new AlsoGone$  pop  get_static Loader$ asked I", I(2)),
        // Not for what is known.
        ("new Derived  pop  get_static Loader$ asked I", I(0)),
        // No class is loaded to find out that a handler does not fit.
        ("s:  new Oops  throw  e:  g:  pop  i32.const8 9  return  h:  pop  get_static Loader$ asked I  return  handler s e g Gone$  handler s e h", I(0)),
    ] {
        case(&mut all, "public", GIVES_BASE, body, expect);
    }
    case(&mut all, "public synchronized", GIVES_BASE, "new Gone$", Of("Base"));
    // It gets the name, of an array that of the innermost elements.
    let echo = "local.get 1\n put_static Fields sr L.internal.object;\n const class Base\n return";
    for (body, wanted) in [("new Gone$  pop", "Gone$"), ("i32.const8 1  new_ref_array [LGone$;  pop", "Gone$")] {
        case(&mut all, "public", echo, &format!("{body}  get_static Fields sr L.internal.object;  const \"{wanted}\"  call_virtual .internal.object equals (L.internal.object;)I"), I(1));
    }
    // What it gives is no class; it throws; it waits; it needs a class itself; it cannot be called.
    case(&mut all, "public", "null\n return", "new Gone$", Throws("class_not_found"));
    case(&mut all, "public", "new Base\n return", "new Gone$", Throws("class_not_found"));
    case(&mut all, "public", "const \"Base\"\n return", "new Gone$", Throws("class_not_found"));
    case(&mut all, "public", "new Oops\n throw", "new Gone$", ThrowsA("Oops"));
    case(&mut all, "public", "new .internal.time\n i32.const8 5\n call_virtual .internal.time sleepMsec (I)V\n const class Base\n return", "new Gone$", Of("Base"));
    case(&mut all, "public", "const class Deeper$\n return", "new Gone$", Throws("stack_overflow"));
    case(&mut all, "public", "const class Shape\n return", "new Gone$", Throws("linkage"));
    case(&mut all, "public", "const class .internal.program\n return", "new Gone$", Throws("linkage"));
    all.add(&[
        ("new .internal.boot  new Base  call_virtual .internal.boot setClassLoader (L.internal.object;)V  new Gone$", Throws("no_such_method")),
        ("new .internal.boot  i32.const8 5  box_i32  call_virtual .internal.boot setClassLoader (L.internal.object;)V  new Gone$", Throws("no_such_method")),
        ("new .internal.boot  null  call_virtual .internal.boot setClassLoader (L.internal.object;)V  new Gone$", Throws("class_not_found")),
        ("null", Null),
    ]);
    all
}
