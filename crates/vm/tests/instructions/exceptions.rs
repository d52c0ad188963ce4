//! Throwing, handlers, unwinding, stack overflow, traps, what an uncaught exception leaves behind.

use crate::common::Cases;
use crate::common::Expect::{Endless, I, L, Null, Of, Refused, Text, Throws, ThrowsA, ThrowsText};

#[rustfmt::skip]
pub(crate) fn cases() -> Cases {
    let mut all = Cases::new("exceptions");
    all.add(&[
        ("new Oops  throw", ThrowsA("Oops")),
        ("new Base  throw", ThrowsA("Base")),
        ("const \"text\"  throw", ThrowsText("text")),
        ("i32.const8 5  box_i32  throw", ThrowsA(".internal.int")),
        ("null  throw", Throws("null_pointer")),
        ("trap", Throws("trap")),
        ("call_static Thrower fail ()V", ThrowsA("Oops")),
        ("i32.const8 100  call_static Thrower deep (I)V", ThrowsA("Oops")),
        ("nop  trap  i32.const8 1", Throws("trap")),
    ]);
    // The handler of `s..e` is `h`; what it gives says which one was taken.
    all.add(&[
        ("s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  handler s e h", I(1)),
        ("s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  handler s e h Oops", I(1)),
        ("s:  new BigOops  throw  e:  h:  pop  i32.const8 1  return  handler s e h Oops", I(1)),
        ("s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  handler s e h BigOops", ThrowsA("Oops")),
        ("s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  handler s e h .internal.exception", I(1)),
        ("s:  const \"t\"  throw  e:  h:  return  handler s e h .internal.string", Text("t")),
        ("s:  const \"t\"  throw  e:  h:  return  handler s e h .internal.exception", ThrowsText("t")),
        ("s:  const \"t\"  throw  e:  h:  return  handler s e h .internal.object", Text("t")),
        // The class of a handler is not loaded to find out that it does not fit.
        ("s:  new Oops  throw  e:  h:  return  handler s e h Nowhere", ThrowsA("Oops")),
        // The first that fits, in the order of the table.
        ("s:  new BigOops  throw  e:  a:  pop  i32.const8 1  return  b:  pop  i32.const8 2  return  handler s e a Oops  handler s e b BigOops", I(1)),
        ("s:  new BigOops  throw  e:  a:  pop  i32.const8 1  return  b:  pop  i32.const8 2  return  handler s e b BigOops  handler s e a Oops", I(2)),
        ("s:  new Oops  throw  e:  a:  pop  i32.const8 1  return  b:  pop  i32.const8 2  return  handler s e b BigOops  handler s e a", I(1)),
        // The start of a range is in it, the end is not.
        ("s:  new Oops  e:  throw  h:  pop  i32.const8 1  return  handler s e h", ThrowsA("Oops")),
        ("new Oops  s:  throw  e:  h:  pop  i32.const8 1  return  handler s e h", I(1)),
        ("i32.const8 1  i32.const8 0  s:  i32.div  e:  return  h:  pop  i32.const8 7  return  handler s e h", I(7)),
        ("i32.const8 1  i32.const8 0  s:  nop  e:  i32.div  return  h:  pop  i32.const8 7  return  handler s e h", Throws("arithmetic")),
        // A call is where its exception comes from.
        ("s:  call_static Thrower fail ()V  e:  nop  i32.const8 0  return  h:  pop  i32.const8 7  return  handler s e h", I(7)),
        ("s:  nop  e:  call_static Thrower fail ()V  i32.const8 0  return  h:  pop  i32.const8 7  return  handler s e h", ThrowsA("Oops")),
        ("call_static Thrower fail ()V  s:  nop  e:  i32.const8 0  return  h:  pop  i32.const8 7  return  handler s e h", ThrowsA("Oops")),
        // Operands are gone, locals stay as they were.
        ("i32.const8 5  local.set 0  const \"below\"  i64.const8 1  s:  i32.const8 6  local.set 0  call_static Thrower fail ()V  e:  pop  pop  i32.const8 0  return  h:  pop  local.get 0  return  handler s e h", I(6)),
        // A caught object is the one thrown.
        ("new Oops  local.set 0  s:  local.get 0  throw  e:  h:  local.get 0  ref.eq  return  handler s e h", I(1)),
        ("s:  i32.const8 33  call_static Thrower failWith (I)V  e:  i32.const8 0  return  h:  check_cast Oops  get_field Oops code I  return  handler s e h", I(33)),
        ("s:  i32.const16 200  call_static Thrower deep (I)V  e:  null  return  h:  return  handler s e h", Of("Oops")),
        // Thrown again, and another one in its place, out of the handler.
        ("s:  new Oops  throw  e:  h:  throw  handler s e h", ThrowsA("Oops")),
        ("s:  new Oops  throw  e:  h:  pop  new BigOops  throw  handler s e h", ThrowsA("BigOops")),
        // A handler does not guard itself unless its range says so.
        ("i32.const8 3  local.set 0  s:  new Oops  throw  h:  pop  i32.inc 0 -1  local.get 0  br_ifz out  new BigOops  throw  e:  out:  i32.const8 9  return  handler s e h", I(9)),
        // Nested: inner first; what the inner throws goes to the outer.
        ("o:  s:  new Oops  throw  e:  h:  throw  f:  g:  pop  i32.const8 2  return  handler s e h  handler o f g", I(2)),
        ("o:  s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  f:  g:  pop  i32.const8 2  return  handler s e h  handler o f g", I(1)),
        ("o:  s:  new Oops  throw  e:  h:  pop  i32.const8 1  return  f:  g:  pop  i32.const8 2  return  handler s e h BigOops  handler o f g", I(2)),
        // Finally: done on both ways.
        ("i32.const8 0  local.set 0  s:  call_static Thrower fail ()V  e:  i32.inc 0 1  goto out  h:  local.set 1  i32.inc 0 10  out:  local.get 0  return  handler s e h", I(10)),
        ("i32.const8 0  local.set 0  s:  nop  e:  i32.inc 0 1  goto out  h:  local.set 1  i32.inc 0 10  out:  local.get 0  return  handler s e h", I(1)),
        // Every frame on the way sees it: the innermost first.
        ("i64.const8 0  put_static Thrower log J  s:  i32.const8 4  call_static Thrower note (I)V  e:  goto out  h:  pop  out:  get_static Thrower log J  return  handler s e h", L(1234)),
        // In a loop: thrown and caught often.
        ("i32.const8 0  local.set 0  again:  s:  call_static Thrower fail ()V  e:  i32.const8 -1  return  h:  pop  i32.inc 0 1  local.get 0  i32.const16 1000  br_i32.lt_s again  local.get 0  return  handler s e h", I(1000)),
        // A backward branch in a handler.
        ("i32.const8 5  local.set 0  s:  local.get 0  br_ifz out  new Oops  throw  e:  h:  pop  i32.inc 0 -1  goto s  out:  local.get 0  return  handler s e h", I(0)),
        // Exceptions of the machine are objects like others.
        ("s:  i32.const8 1  i32.const8 0  i32.div  return  e:  h:  call_virtual .internal.object getClass ()L.internal.class;  const class .internal.exception.arithmetic  ref.eq  return  handler s e h .internal.exception.arithmetic", I(1)),
        ("s:  null  array_len  return  e:  h:  pop  i32.const8 4  return  handler s e h .internal.exception.null_pointer", I(4)),
        ("s:  trap  e:  h:  pop  i32.const8 5  return  handler s e h .internal.exception.trap", I(5)),
        ("s:  null  throw  e:  h:  pop  i32.const8 6  return  handler s e h .internal.exception.null_pointer", I(6)),
        ("s:  i32.const8 1  i32.const8 0  i32.div  return  e:  h:  instance_of .internal.exception  return  handler s e h", I(1)),
        // Loops without end can be stopped.
        ("again:  goto again", Endless),
        ("again:  null  throw  h:  pop  goto again  handler again h h", Endless),
        // A handler must stand on instructions.
        ("s:  new Oops  throw  h:  pop  i32.const8 1  return  handler s s h", Refused("covers nothing")),
    ]);
    all.add(&[
        // Without end: the stack is full, and empty again when it was caught.
        ("i32.const8 0  call_static Thrower forever (I)I", Throws("stack_overflow")),
        ("s:  i32.const8 0  call_static Thrower forever (I)I  return  e:  h:  pop  i32.const8 3  return  handler s e h .internal.exception.stack_overflow", I(3)),
        ("i32.const8 3  local.set 0  again:  s:  i32.const8 0  call_static Thrower forever (I)I  return  e:  h:  pop  i32.inc 0 -1  local.get 0  br_if again  i32.const8 7  return  handler s e h", I(7)),
        ("s:  i32.const8 0  call_static Thrower forever (I)I  pop  null  return  e:  h:  return  handler s e h", Of(".internal.exception.stack_overflow")),
        // Deep, within the quota.
        ("s:  i32.const 30000  call_static Thrower deep (I)V  e:  null  return  h:  return  handler s e h", Of("Oops")),
        // A frame that is larger than the quota allows beside others.
        ("class Wide$ super .internal.object flags public {
            method go (I)V flags public static {
                locals 65535
                local.get 0
                br_ifz end
                local.get 0
                i32.const8 1
                i32.sub
                call_static Wide$ go (I)V
            end:
                return
            }
        }
---
i32.const8 10  call_static Wide$ go (I)V  null", Null),
        ("class Wide$ super .internal.object flags public {
            method go (I)V flags public static {
                locals 65535
                local.get 0
                i32.const8 1
                i32.sub
                call_static Wide$ go (I)V
                return
            }
        }
---
i32.const8 10  call_static Wide$ go (I)V", Throws("stack_overflow")),
        // An array without end.
        ("i32.const 2147483647  new_array i64", Throws("out_of_memory")),
        ("i32.const 2147483647  dup  multi_new_array [[J 2", Throws("out_of_memory")),
        ("s:  i32.const 2147483647  new_array i64  array_len  return  e:  h:  pop  i32.const8 8  return  handler s e h .internal.exception.out_of_memory", I(8)),
    ]);
    all.add(&[
        // Loops whose only way back is a handler that stands before its range.
        ("null  s:  throw  e:  return  handler s e s", Endless),
        ("null  s:  pop  null  unbox_i32  e:  return  handler s e s", Endless),
        ("null  s:  pop  null  array_len  pop  e:  return  handler s e s", Endless),
        ("null  s:  pop  i32.const8 1  i32.const8 0  i32.div  pop  e:  return  handler s e s", Endless),
        ("null  s:  pop  call_static Thrower fail ()V  e:  return  handler s e s", Endless),
        // The stack is full in a class initialiser, and in a method that holds a lock many times.
        ("class Deep$ super .internal.object flags public {
            field n I flags public static
            method <clinit> ()V flags static {
                i32.const8 0
                call_static Thrower forever (I)I
                pop
                return
            }
        }
---
get_static Deep$ n I", Throws("stack_overflow")),
        ("class Sync$ super .internal.object flags public {
            method go ()V flags public synchronized {
                local.get 0
                call_virtual Sync$ go ()V
                return
            }
        }
---
new Sync$  local.set 0  s:  local.get 0  call_virtual Sync$ go ()V  e:  return  h:  pop  local.get 0  monitor_exit  return  handler s e h", Throws("illegal_monitor")),
    ]);
    all
}
