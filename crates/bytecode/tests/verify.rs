//! What the verifier refuses, and what it knows of frames.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

use bytecode::{
    ClassDef, Code, CodeBuilder, Flags, Handler, Kind, MethodDef, Module, Op, assemble, verify_method,
    verify_module,
};
use std::time::Instant;

/// A method `m` of the given type with the given body, static.
fn method(desc: &str, body: &str) -> Module {
    let text = format!("class C super P {{\n method m {desc} flags static {{\n{body}\n}}\n}}");
    match assemble(&text) {
        Ok(module) => module,
        Err(errors) => panic!("{errors:?}\n{text}"),
    }
}

/// Checks that the module verifies (`""`) or that its first error contains `expected`.
fn check_module(module: &Module, expected: &str, shown: &str) {
    match verify_module(module) {
        Ok(()) => assert!(expected.is_empty(), "accepted, though `{expected}` was expected:\n{shown}"),
        Err(errors) => {
            let text = errors[0].to_string();
            assert!(
                !expected.is_empty() && text.contains(expected),
                "got `{text}`, expected `{expected}`:\n{shown}"
            );
        }
    }
}

fn check(desc: &str, body: &str, expected: &str) {
    check_module(&method(desc, body), expected, body);
}

#[test]
fn straight_code() {
    check("()V", "return", "");
    check("()I", "i32.const8 1\nreturn", "");
    check("()I", "return", "empty stack");
    check("()I", "i64.const8 1\nreturn", "i32 is expected and i64");
    check("()V", "nop", "falls off the end");
    check("()V", "i32.const8 1\npop\ngoto E\nE:\nnop", "falls off the end");
    check("()V", "pop\nreturn", "empty stack");
    check("()V", "i32.const8 1\ni64.const8 1\ni32.add\npop\nreturn", "i32 is expected and i64");
    check("(IJFDLA;[B)V", "local.get 5\nlocal.get 4\nref.eq\nlocal.get 0\ni32.add\npop\nreturn", "");
    check("(IJ)V", "local.get 1\nlocal.get 0\ni64.shl\npop\nreturn", "");
    check("()V", "return\n pop", "");
    check("()V", "sys 1\nreturn", "`sys` stands only in internal methods");
    check("()V", "stack 1\ni32.const8 1\ni32.const8 1\ni32.add\npop\nreturn", "more than max_stack = 1");
    check("(I)V", "locals 0\nreturn", "raise max_locals");
    check("()V", "locals 1\nlocal.get 1\nreturn", "there is no local 1");
    check("()V", "locals 1\nlocal.get 0\nreturn", "local 0 has no value");
}

#[test]
fn shuffles_keep_kinds() {
    let push = "i32.const8 1\ni64.const8 1\nf32.const 1\nf64.const 1\n";
    check("()F", &format!("{push}swap\nreturn"), "");
    check("()D", &format!("{push}dup_x1\npop\nswap\nreturn"), "");
    check("()I", &format!("{push}dup2_x2\npop\npop\npop\npop\npop\nreturn"), "i32 is expected and f32");
    check("()I", &format!("{push}dup2_x2\npop\npop\npop\nreturn"), "");
    check("()J", &format!("{push}dup_x2\npop\npop\npop\nreturn"), "i64 is expected and f64");
    check("()J", &format!("{push}dup2_x1\npop\npop\nreturn"), "");
    check("()F", &format!("{push}dup2\npop\nreturn"), "");
    check("()V", "dup\nreturn", "empty stack");
    check("(IJJ)J", "local.get 1\nlocal.get 2\nlocal.get 0\nselect\nreturn", "");
    check("(IJF)J", "local.get 1\nlocal.get 2\nlocal.get 0\nselect\nreturn", "f32 is expected and i64");
}

#[test]
fn joins() {
    check("(I)V", "local.get 0\nbr_if E\nnull\nlocal.set 1\nE:\nreturn", "");
    check("(I)V", "local.get 0\nbr_if E\nnull\nlocal.set 1\nE:\nlocal.get 1\npop\nreturn", "no value here");
    check("(I)V", "null\nlocal.set 1\nT:\nlocal.get 0\nbr_if T\nlocal.get 1\npop\nreturn", "");
    check(
        "(I)V",
        "null\nlocal.set 1\nT:\nlocal.get 1\npop\ni32.const8 0\nlocal.set 1\nlocal.get 0\nbr_if T\nreturn",
        "no value here, or values of several kinds",
    );
    check("(I)I", "i32.const8 1\nlocal.get 0\nbr_if E\npop\ni64.const8 1\ni32.wrap_i64\nE:\nreturn", "");
    check(
        "(I)V",
        "local.get 0\nbr_if E\nnull\nE:\nreturn",
        "the stack is () on one way to 9 and (ref) on this one",
    );
    check("(I)V", "T:\nnull\nlocal.get 0\nbr_if T\nreturn", "the stack is");
    check("(I)V", "local.get 0\ntable_switch D 5 A B D\nA:\nnull\nthrow\nB:\nnull\nthrow\nD:\nreturn", "");
    check("(I)V", "local.get 0\nlookup_switch D -5 A, 7 D\nA:\nnull\nthrow\nD:\nreturn", "");
}

#[test]
fn a_loop_changes_what_is_known_far_behind_its_head() {
    let body = |last: &str| {
        format!(
            "null\nlocal.set 1\nT:\nlocal.get 0\nbr_if U\nU:\nlocal.get 0\nbr_if V\nV:\nlocal.get 1\npop\n\
             {last}\nlocal.set 1\nlocal.get 0\nbr_if T\nreturn"
        )
    };
    check("(I)V", &body("null"), "");
    check("(I)V", &body("i32.const8 0"), "values of several kinds");
    let differ = "local.get 0\nbr_if E\nnull\ngoto F\nE:\ni32.const8 1\nF:\npop\nreturn";
    check("(I)V", differ, "the stack is (ref) on one way to 16 and (i32) on this one");
    let module = method("()V", "null\nlocal.tee 0\npop\nreturn");
    let info = verify_method(&module.pool, "C", &module.classes[0].methods[0]).expect("it verifies");
    assert_eq!((info.local_kind(1, 0), info.local_kind(4, 0)), (None, Some(Kind::Ref)));
}

#[test]
fn handlers() {
    let body = |tail: &str| format!("S:\nnull\nthrow\nE:\nH:\n{tail}\nreturn\nhandler S E H");
    check("()V", &body("throw\nnop"), "");
    check("()I", &body("unbox_i32"), "");
    check("()I", &body(""), "i32 is expected and ref");
    // A local that changes inside the range has no one kind in the handler.
    let range = |first: &str, read: &str| {
        format!(
            "{first}\nlocal.set 0\nS:\nnop\nnull\nlocal.set 0\nnop\nE:\nreturn\nH:\npop\n{read}\nreturn\nhandler S E H java/lang/Error"
        )
    };
    check("()V", &range("null", "local.get 0\npop"), "");
    check("()V", &range("i32.const8 1", "local.get 0\npop"), "values of several kinds");
    check("()V", &range("i32.const8 1", "nop"), "");
    // The last instruction of the range cannot be seen behind by the handler.
    check(
        "()V",
        "null\nlocal.set 0\nS:\nnop\ni32.const8 1\nlocal.set 0\nE:\nreturn\nH:\npop\nlocal.get 0\nthrow\nhandler S E H",
        "",
    );
    check("()V", "S:\nreturn\nhandler S S S", "covers nothing");
}

#[test]
fn targets_are_instructions() {
    check("()V", "goto @1", "target 1 is not the start");
    check("()V", "goto @5", "target 5 is not the start");
    check("()V", "bytes x\"05\"", "the code ends inside `i32.const`");
    check("()V", "bytes x\"ff\"", "no instruction has the value 0xff");
    check("()V", "bytes x\"feff\"", "no instruction has the value 0xfeff");
    check("()V", "bytes x\"fe\"", "the code ends where");
    check("()V", "bytes x\"\"", "the code is empty");
    let mut module = method("(I)V", "i32.const 0\npop\nreturn");
    let code = module.classes[0].methods[0].code.as_mut().expect("it has code");
    code.handlers.push(Handler { start: 1, end: 5, target: 0, class: None });
    check_module(&module, "a handler covers 1..5", "handler");
}

#[test]
fn constants_and_members() {
    check("()V", "const \"text\"\nthrow", "");
    check("()V", "const f64 2.5\npop\nreturn", "");
    check("()V", "const #7\npop\nreturn", "names constant 7, and the pool has 0");
    check("()V", "new [I\npop\nreturn", "`new` cannot use constant 0, the class `[I`");
    check("()V", "i32.const8 1\ni32.const8 1\nmulti_new_array [[I 2\npop\nreturn", "");
    check(
        "()V",
        "i32.const8 1\ni32.const8 1\nmulti_new_array [I 2\npop\nreturn",
        "`multi_new_array` cannot use",
    );
    check("()J", "get_static C f J\nreturn", "");
    check("()J", "get_static C f Q\nreturn", "no type starts so");
    check("(LC;)V", "local.get 0\ni64.const8 1\nput_field C f J\nreturn", "");
    check("(LC;)V", "i64.const8 1\nlocal.get 0\nput_field C f J\nreturn", "i64 is expected and ref");
    check("(LC;)D", "local.get 0\ni32.const8 1\ncall_virtual C v (I)D\nreturn", "");
    check("(LC;)D", "local.get 0\ni32.const8 1\ncall_virtual interface C v (I)D\nreturn", "of interface `C`");
    check("(LC;)D", "local.get 0\ni32.const8 1\ncall_interface C v (I)D\nreturn", "");
    check("(LC;)V", "local.get 0\ncall_special C <init> ()V\nreturn", "");
    check("(LC;)V", "local.get 0\ncall_virtual C <init> ()V\nreturn", "`call_virtual` cannot use");
    check("()V", "call_static C <clinit> ()V\nreturn", "`call_static` cannot use");
    check("(LC;)LC;", "local.get 0\ndup\ndup\ncall_name area 2\nreturn", "");
    check("(LC;)LC;", "local.get 0\ncall_ordinal 5 1\nreturn", "empty stack");
    check("(LC;I)F", "local.get 0\nlocal.get 1\ncall_ref (I)F\nreturn", "");
    check("(LC;I)F", "local.get 1\nlocal.get 0\ncall_ref_top (I)F\nreturn", "");
    check("(LC;I)F", "local.get 1\nlocal.get 0\ncall_ref (I)F\nreturn", "i32 is expected and ref");
    check("(LC;)J", "local.get 0\ni64.const8 8\ni64.load a64 16\nreturn", "");
    check("(LC;)J", "local.get 0\ni64.const8 8\ni64.load a32 16\nreturn", "i32 is expected and i64");
    check("(LC;J)J", "local.get 0\ni32.const8 8\nlocal.get 1\natomic.rmw add i64.8 a32 0\nreturn", "");
    check(
        "(LC;J)J",
        "local.get 0\ni32.const8 8\nlocal.get 1\natomic.rmw add i32.8 a32 0\nreturn",
        "i32 is expected",
    );
}

/// Checks a whole module text.
fn check_text(text: &str, expected: &str) {
    match assemble(text) {
        Ok(module) => check_module(&module, expected, text),
        Err(errors) => panic!("{errors:?}\n{text}"),
    }
}

#[test]
fn classes_and_constants() {
    check_text("class A {\n}", "");
    check_text("class A {\n}\nclass A {\n}", "two classes of this name");
    check_text("entry B\nclass A {\n}", "the entry class `B` is not in the module");
    check_text("class A super A {\n}", "extends itself");
    check_text("class \"a;b\" {\n}", "has a `;`");
    check_text("class A {\nfield x I\nfield x I\n}", "two fields");
    check_text("class A {\nfield x V\n}", "no type starts so");
    check_text("class A {\nfield x I flags static value i32 5\n}", "");
    check_text("class A {\nfield x I value i32 5\n}", "only a static field");
    check_text(
        "class A {\nfield x J flags static value i32 5\n}",
        "a i32 cannot be the value of a i64 field",
    );
    check_text("class A {\nmethod m ()V\n}", "has no code");
    check_text("class A {\nmethod m ()V flags abstract\n}", "in a class that is not abstract");
    check_text("class A flags abstract {\nmethod m ()V flags abstract\n}", "");
    check_text("class A {\nmethod m ()V flags native\nmethod m ()V flags native\n}", "two methods");
    check_text(
        "class A {\nmethod m ()V flags native ordinal 3\nmethod n ()V flags native ordinal 3\n}",
        "ordinal 3 belongs to `m`",
    );
    check_text("class A {\nmethod <init> ()I flags native\n}", "a constructor");
    check_text("class A {\nmethod <clinit> ()V flags native\n}", "a class initialiser");
    check_text("class A flags 0x80000000 {\n}", "flags 0x80000000 mean nothing");
    check_text("const 0 = handle call_static #0", "only earlier ones");
    check_text("const 0 = method A m ()V\nconst 1 = handle get_field #0", "a `get_field` handle of a method");
    check_text(
        "const 0 = method A m ()V\nconst 1 = handle call_static #0\nconst 2 = call_site #1 x ()V #1",
        "",
    );
    check_text("const 0 = method A m ()V\nconst 1 = call_site #0 x ()V", "its bootstrap is a method");
    check_text("const 0 = class [[", "ends where a type is expected");
}

#[test]
fn errors_say_where() {
    let module = method("()V", "line 7\nnop\nline 8\npop\nreturn");
    let errors = verify_module(&module).expect_err("the stack is empty");
    assert_eq!(
        errors[0].to_string(),
        "class `C`, `m()V`, at byte 1 (line 8): an operand is popped from an empty stack"
    );
}

#[test]
fn maps_of_frames() {
    let module = method(
        "(ILA;)V",
        "local.get 1\nlocal.get 0\ncall_static C f (LA;I)LA;\nlocal.set 2\ngoto E\nnop\nE:\nreturn",
    );
    let method = &module.classes[0].methods[0];
    let info = verify_method(&module.pool, "C", method).expect("it verifies");
    let pcs: Vec<u32> = info.reachable().collect();
    assert_eq!(pcs, [0, 3, 6, 11, 14, 20], "the nop is not reachable");
    let call = info.ref_map(6).expect("reachable");
    assert_eq!((call.locals, call.stack_depth, call.stack), (vec![0b10], 2, vec![0b01]));
    assert_eq!(
        (info.pops(6), info.local_kind(6, 2), info.local_kind(14, 2)),
        (Some(2), None, Some(Kind::Ref))
    );
    assert_eq!(info.ref_map(20).map(|map| map.locals), Some(vec![0b110]));
    assert_eq!(info.stack_kinds(6), Some(&[Kind::Ref, Kind::I32][..]));
    assert_eq!((info.ref_map(19), info.ref_map(1), info.pops(99)), (None, None, None));
}

/// A static method `()V` around code of its own making.
fn wrap(code: Code) -> MethodDef {
    MethodDef {
        name: "m".into(),
        desc: "()V".into(),
        flags: Flags::STATIC,
        code: Some(code),
        ..MethodDef::default()
    }
}

#[test]
fn large_methods_verify_fast() {
    // 64 KiB with a branch every few instructions, 300 locals of changing kinds, and loops over all of it.
    let mut code = CodeBuilder::new();
    for local in 0..300 {
        code.i32_const(0).local(Op::LocalSet, local);
    }
    let top = code.here();
    while code.pc() < 64 << 10 {
        let skip = code.label();
        let local = (code.pc() % 300) as u16;
        code.i32_const(1).branch(Op::BrIf, skip);
        code.i64_const(1).local(Op::LocalSet, local).bind(skip);
    }
    code.i32_const(0).branch(Op::BrIf, top).op(Op::Return);
    let method = wrap(code.finish(&[], "()V", true).expect("labels are bound"));
    let start = Instant::now();
    let info = verify_method(&[], "C", &method).expect("it verifies");
    let ms = start.elapsed().as_millis();
    println!("64 KiB, {} instructions: {ms} ms", info.reachable().len());
    assert!(ms < 2000, "{ms} ms for 64 KiB");
}

#[test]
fn hostile_methods_end_soon() {
    // Every branch goes everywhere, each local loses its kind in its own pass, handlers cover all.
    let check = |locals: u16, blocks: u32, handlers: usize| {
        let mut code = CodeBuilder::new();
        let start = code.here();
        for local in 0..locals.min(8000) {
            code.op(Op::Null).local(Op::LocalSet, local);
        }
        let labels: Vec<_> = (0..blocks).map(|_| code.label()).collect();
        for (i, label) in labels.iter().enumerate() {
            code.bind(*label).i32_const(1).local(Op::LocalSet, (blocks as usize - i) as u16 % locals);
            code.i32_const(1).branch(Op::BrIf, labels[(i * 7919) % labels.len()]);
        }
        code.i32_const(1).table_switch(0, &labels, start);
        code.op(Op::Return);
        let mut code = code.finish(&[], "()V", true).expect("labels are bound");
        code.max_locals = code.max_locals.max(locals);
        let target = code.bytes.len() as u32 - 1;
        code.handlers = vec![Handler { start: 0, end: target, target, class: None }; handlers];
        code.max_stack = 10;
        let begin = Instant::now();
        let result = verify_method(&[], "C", &wrap(code));
        let ms = begin.elapsed().as_millis();
        println!(
            "{locals} locals, {blocks} blocks, {handlers} handlers: {ms} ms, {}",
            result.map_or_else(|e| e.to_string(), |_| "ok".into())
        );
        assert!(ms < 30_000, "{ms} ms: the bound on steps does not hold");
    };
    check(100, 5000, 0);
    check(5000, 5000, 0);
    check(65535, 5000, 0);
    check(65535, 20000, 0);
    check(300, 5000, 60000);
    check(60000, 5000, 60000);
}

#[test]
fn structure_is_hashed() {
    let class = assemble("class A super B implements I {\nfield x I\nmethod m ()V flags native\n}")
        .expect("it is right")
        .classes
        .remove(0);
    let same = ClassDef { version: 7, ..class.clone() };
    assert_eq!(class.structural_hash(), same.structural_hash());
    let check = |change: fn(&mut ClassDef)| {
        let mut other = class.clone();
        change(&mut other);
        assert_ne!(class.structural_hash(), other.structural_hash(), "{other:?}");
    };
    check(|class| class.super_name = None);
    check(|class| class.fields[0].desc = "J".into());
    check(|class| class.fields[0].flags = Flags::VOLATILE);
    check(|class| class.fields.clear());
    check(|class| class.methods[0].name = "n".into());
    check(|class| class.methods[0].ordinal = Some(0));
    check(|class| class.interfaces.clear());
    let field = class.fields[0].clone();
    let moved = ClassDef { fields: vec![field.clone(), field], ..class.clone() };
    assert_ne!(class.structural_hash(), moved.structural_hash());
}
