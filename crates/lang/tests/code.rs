//! The code that comes out: a few methods, disassembled. `UPDATE_EXPECT=1` writes the expectations anew.

mod common;

use bytecode::disassemble_method;
use common::{compile, messages};
use expect_test::{Expect, expect};

/// The code of the method `run` of the class `demo`, without line table and names.
fn check(source: &str, expected: Expect) {
    let output = compile("demo.ph", &format!("package .demo;\n{source}"));
    let module = output.module.as_ref().unwrap_or_else(|| panic!("{}", messages(&output)));
    let class = module.class(".demo.demo").expect("there is a class `demo`");
    let method = class.methods.iter().find(|method| method.name == "run").expect("there is a method `run`");
    let text = disassemble_method(&module.pool, method);
    let shown =
        |line: &&str| !line.trim_start().starts_with("line ") && !line.trim_start().starts_with("name ");
    let lines: Vec<&str> = text.lines().filter(shown).collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().map(indent).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| &line[least..]).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_loop_tests_at_its_bottom() {
    check(
        "class demo { int run(var n : int) { var sum = 0; for (var i = 0; i < n; i++) sum += i; return sum; } };",
        expect![[r#"
              method run (I)I flags public ordinal 16 params n {
                locals 4
                stack 2
              L0:
                i32.const8 0
                local.set 2
              L5:
                i32.const8 0
                local.set 3
              L10:
                goto L30
              L15:
                local.get 2
                local.get 3
                i32.add
                local.set 2
                i32.inc 3 1
              L30:
                local.get 3
                local.get 1
                br_i32.lt_s L15
              L41:
                local.get 2
                return
              L45:
              }
        "#]],
    );
}

#[test]
fn conditions_jump() {
    check(
        "class demo { int run(var a : int, var o) { if (a > 1 && !(a == 5 || o :== null)) return 1; return 0; } };",
        expect![[r#"
              method run (IL.internal.object;)I flags public ordinal 16 params a, o {
                locals 3
                stack 2
              L0:
                local.get 1
                i32.const8 1
                br_i32.le_s L31
                local.get 1
                i32.const8 5
                br_i32.eq L31
                local.get 2
                br_null L31
                i32.const8 1
                return
              L31:
                i32.const8 0
                return
              L34:
              }
        "#]],
    );
}

#[test]
fn equality_of_objects_minds_null() {
    check(
        "class demo { int run(var a : string, var b) { return a == b; } };",
        expect![[r#"
              method run (L.internal.string;L.internal.object;)I flags public ordinal 16 params a, b {
                locals 5
                stack 2
              L0:
                local.get 1
                local.set 3
                local.get 2
                local.set 4
                local.get 3
                br_nonnull L29
                local.get 4
                ref.is_null
                goto L40
              L29:
                local.get 3
                local.get 4
                call_virtual .internal.object equals (L.internal.object;)I
              L40:
                return
              L41:
              }
        "#]],
    );
}

#[test]
fn elements_are_boxed() {
    check(
        "class demo { void run(var a : int[], var i : int) { a[i] += 2; } };",
        expect![[r#"
              method run (L.internal.container.array;I)V flags public ordinal 16 params a, i {
                locals 5
                stack 3
              L0:
                local.get 1
                local.set 3
                local.get 2
                local.set 4
                local.get 3
                local.get 3
                local.get 4
                call_virtual .internal.container.array get (I)L.internal.object;
                unbox_i32
                i32.const8 2
                i32.add
                box_i32
                local.get 4
                call_virtual .internal.container.array set (L.internal.object;I)L.internal.object;
                pop
                return
              L41:
              }
        "#]],
    );
}

#[test]
fn untyped_receivers_are_called_by_name() {
    check(
        "class demo { int run(var o) { o.16(1); return o.size(2, \"x\"); } };",
        expect![[r#"
              method run (L.internal.object;)I flags public ordinal 16 params o {
                locals 2
                stack 3
              L0:
                local.get 1
                i32.const8 1
                box_i32
                call_ordinal 16 1
                pop
                local.get 1
                i32.const8 2
                box_i32
                const "x"
                call_name size 2
                unbox_i32
                return
              L30:
              }
        "#]],
    );
}

#[test]
fn finally_stands_once() {
    check(
        "class demo { int run(var n : int) { while (1) { try { if (n) return n; break; } finally { println(n); } } \
         return 0; } };",
        expect![[r#"
              method run (I)I flags public ordinal 16 params n {
                locals 5
                stack 2
              L0:
                i32.const8 0
                local.set 2
                null
                local.set 3
                i32.const8 0
                local.set 4
              L14:
                local.get 1
                br_ifz L38
                local.get 1
                local.set 4
                i32.const8 2
                local.set 2
                goto L56
              L38:
                i32.const8 3
                local.set 2
                goto L56
              L48:
                local.set 3
                i32.const8 1
                local.set 2
              L56:
                new .internal.console
                dup
                call_special .internal.console <init> ()V
                local.get 1
                box_i32
                call_virtual .internal.console println (L.internal.object;)V
                local.get 2
                table_switch L104 1 L104 L108 L112
              L104:
                local.get 3
                throw
              L108:
                local.get 4
                return
              L112:
                goto L117
              L117:
                i32.const8 0
                return
              L120:
                handler L14 L48 L48
              }
        "#]],
    );
}

#[test]
fn a_switch_is_one_instruction() {
    check(
        "class demo { int run(var n : int) { switch (n) { case 1: n = 5; case 2: return n; default: return 0; } } };",
        expect![[r#"
              method run (I)I flags public ordinal 16 params n {
                locals 2
                stack 1
              L0:
                local.get 1
                table_switch L33 1 L24 L29
              L24:
                i32.const8 5
                local.set 1
              L29:
                local.get 1
                return
              L33:
                i32.const8 0
                return
              L36:
              }
        "#]],
    );
}

#[test]
fn interfaces_are_called_as_such() {
    check(
        "interface shape { int size(); }; class demo { int run(var s : shape) { return s.size(); } };",
        expect![[r#"
              method run (L.demo.shape;)I flags public ordinal 16 params s {
                locals 2
                stack 1
              L0:
                local.get 1
                call_interface .demo.shape size ()I
                return
              L9:
              }
        "#]],
    );
}

#[test]
fn module_and_class_tell_where_they_come_from() {
    let text = "package .demo;\nclass demo { void main() { } string toString() { return \"\"; } void b() { } void a() [16] { } };";
    let output = compile("folder/demo.ph", text);
    let module = output.module.expect("it compiles");
    assert_eq!((&*module.name, module.source.as_deref()), ("demo", Some("folder/demo.ph")));
    assert_eq!(module.source_hash, base::checksum::checksum(text.as_bytes()));
    assert_eq!((module.language, module.entry.as_deref()), (bytecode::Language::Phantom, Some(".demo.demo")));
    let class = &module.classes[0];
    assert_eq!((class.version, class.super_name.as_deref()), (1, Some(".internal.object")));
    // In order of declaration from 16, around the fixed one; an override keeps the parent's.
    let ordinals: Vec<_> = class.methods.iter().map(|method| (&*method.name, method.ordinal)).collect();
    let expected =
        [("main", Some(17)), ("toString", Some(5)), ("b", Some(18)), ("a", Some(16)), ("<init>", None)];
    assert_eq!(ordinals, expected);
    assert!(
        class.methods.iter().all(|method| method.code.as_ref().is_some_and(|code| !code.lines.is_empty()))
    );
}

/// Sources in memory.
struct Sources(&'static [(&'static str, &'static str)]);

impl lang::SourceProvider for Sources {
    fn class(&self, name: &str) -> Option<lang::SourceFile> {
        let (_, text) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(lang::SourceFile { label: format!("{}.ph", &name[1..]), text: text.to_string() })
    }
    fn resource(&self, _from: &str, path: &str) -> Option<Vec<u8>> {
        (path == "text.txt").then(|| b"hello".to_vec())
    }
}

#[test]
fn imports_come_into_the_module() {
    let sources = Sources(&[
        (".lib.a", "package .lib; import .lib.b; class a extends b { void a() { } };"),
        (".lib.b", "package .lib; class b { .lib.c other; };"),
        (".lib.c", "package .lib; class c { };"),
    ]);
    let main = "package .demo; import .lib.a; class demo { void main() { var x = new a(); println(import \"text.txt\"); } };";
    let output = common::verified(lang::compile(&lang::Request::single("demo.ph", main), &sources));
    let module = output.module.expect("it compiles");
    let names: Vec<&str> = module.classes.iter().map(|class| &*class.name).collect();
    assert_eq!(names, [".demo.demo", ".lib.a", ".lib.b", ".lib.c"]);
    assert!(module.pool.contains(&bytecode::Const::Str("hello".into())));
    assert_eq!(output.files.len(), 4);
}

#[test]
fn internal_classes_that_are_not_in_the_table_are_called_by_ordinal() {
    let sources = Sources(&[(
        ".internal.window",
        "package .internal; class window { int getX() [18] {} void move(var x : int) [27] {} };",
    )]);
    let main = "package .demo; import .internal.window; class demo { void main() { \
                var w = new .internal.window(); w.move(5); int x = w.getX(); println(x); } };";
    let output = common::verified(lang::compile(&lang::Request::single("demo.ph", main), &sources));
    let module = output.module.expect("it compiles");
    assert_eq!(module.classes.len(), 1);
    let text = bytecode::disassemble(&module);
    assert!(text.contains("call_ordinal 27 1") && text.contains("call_ordinal 18 0"), "{text}");
}

#[test]
fn a_call_of_super_in_a_generic_class_is_one_of_exactly_that_method() {
    check(
        "class base<T> { T go(T x) { return x; } T one() { return null; } };
class demo extends base<int> { int go(int x) { return x; } int run() { return super.go(1) + super.one(); } };",
        expect![[r#"
            method run ()I flags public ordinal 18 {
              locals 1
              stack 2
              local.get 0
              i32.const8 1
              box_i32
              call_special .demo.base go (L.internal.object;)L.internal.object;
              unbox_i32
              local.get 0
              call_special .demo.base one ()L.internal.object;
              unbox_i32
              i32.add
              return
            }
        "#]],
    );
}
