//! Text to module and back, every instruction, and what the assembler says about wrong text.

use bytecode::{
    Code, Const, Flags, Handler, Insn, Line, MethodDef, Module, Op, assemble, decode, disassemble, encode,
    fuzz, instructions, verify_module,
};

#[test]
fn every_instruction_comes_back() {
    let module = fuzz::every_instruction();
    let text = disassemble(&module);
    assert_eq!(assemble(&text).as_ref(), Ok(&module), "{text}");
    assert_eq!(decode(&encode(&module)).as_ref(), Ok(&module));
    // Each instruction stands in the method that is named after it.
    for op in Op::ALL {
        let code = module.classes[0].methods.iter().find(|method| method.name == op.mnemonic());
        let code = code.and_then(|method| method.code.as_ref()).expect("a method with code");
        let found = instructions(&code.bytes).any(|insn| insn.is_ok_and(|insn| insn.op == *op));
        assert!(found, "{}", op.mnemonic());
        assert_eq!((Op::from_value(*op as u16), Op::from_mnemonic(op.mnemonic())), (Some(*op), Some(*op)));
    }
    assert_eq!(verify_module(&module), Ok(()));
}

const PROGRAM: &str = r##"// A program that counts.
module "counter"
language phantom
source "dir/counter.ph"
source_hash 0x00000000000000ff
entry Counter
const 0 = str "hello \"you\"\n\u{7}"
const 1 = f32 nan:0x7fc00001
const 2 = f64 -0.0
const 3 = class Counter
const 4 = class Counter

class Counter version 3 super .internal.object implements A, "b c", "flags" flags public final 0x80000000 {
  attribute Note x"00ff"
  field total J flags private volatile
  field first Ljava/lang/String; flags static value #0
  method main ([Ljava/lang/String;)I flags public static ordinal 8 params args {
    line 3
    i32.const8 10
    local.set 1
  top:
    line 4
    local.get 1
    i32.const8 0
    br_i32.le_s done
    i32.inc 1 -1
    goto top
  done: catch:
    const "hello \"you\"\n\u{7}"
    pop
    new #4
    pop
    new Counter
    pop
    f64.const 1e300
    pop
    i32.const 0xffffffff
    return
    handler top done catch Counter
    handler top done catch
    name 1 i I top done
  }
  method nothing ()V flags abstract
}
"##;

#[test]
fn a_program_comes_back() {
    let module = assemble(PROGRAM).expect("it is right");
    let text = disassemble(&module);
    assert_eq!(assemble(&text).as_ref(), Ok(&module), "{text}");
    assert_eq!(disassemble(&assemble(&text).expect("it is right")), text);
    let method = &module.classes[0].methods[0];
    let code = method.code.as_ref().expect("it has code");
    assert_eq!((code.max_locals, code.max_stack, code.handlers.len(), code.line_at(7)), (2, 2, 2, Some(4)));
    assert_eq!(module.pool.len(), 5, "constants are shared");
    assert_eq!(module.pool[0], Const::Str("hello \"you\"\n\u{7}".into()));
    assert_eq!(module.classes[0].interfaces, ["A", "b c", "flags"]);
}

#[test]
fn wrong_code_comes_back() {
    let check = |code: Code| {
        let method = MethodDef {
            name: "m".into(),
            desc: "()V".into(),
            flags: Flags(u32::MAX),
            code: Some(code),
            ..MethodDef::default()
        };
        let class = bytecode::ClassDef { name: String::new(), methods: vec![method], ..Default::default() };
        let module = Module { classes: vec![class], ..Module::default() };
        let text = disassemble(&module);
        assert_eq!(assemble(&text).as_ref(), Ok(&module), "{text}");
    };
    check(Code::default());
    check(Code { bytes: vec![0xff], ..Code::default() });
    check(Code { bytes: vec![Op::Goto as u8, 1, 0, 0, 0], ..Code::default() });
    check(Code { bytes: vec![Op::Goto as u8, 0, 0, 0, 0x80], ..Code::default() });
    check(Code {
        bytes: vec![0],
        lines: vec![Line { pc: 5, line: 1 }, Line { pc: 5, line: 2 }],
        ..Code::default()
    });
    check(Code {
        bytes: vec![0],
        handlers: vec![Handler { start: 9, end: 1, target: 7, class: Some(u32::MAX) }],
        ..Code::default()
    });
    check(Code { bytes: vec![0], lines: vec![Line { pc: 0, line: 7 }], max_stack: 9, ..Code::default() });
}

/// Checks the errors of a text: line, column and a part of what is said.
fn check_errors(text: &str, expected: &[(u32, u32, &str)]) {
    let errors = assemble(text).expect_err(text);
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(
        places,
        expected.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(),
        "{errors:?}"
    );
    for (error, (_, _, what)) in errors.iter().zip(expected) {
        assert!(error.what.contains(what), "got `{}`, expected `{what}`", error.what);
    }
}

#[test]
fn errors_say_where() {
    check_errors("modul x", &[(1, 1, "`modul` starts nothing here")]);
    check_errors("module", &[(1, 1, "the line ends where a name is expected")]);
    check_errors("module a b", &[(1, 10, "nothing more")]);
    check_errors("language cobol", &[(1, 10, "`cobol` is no source language")]);
    check_errors("source \"b", &[(1, 10, "does not end")]);
    check_errors("const 1 = i32 5", &[(1, 7, "0 comes next")]);
    check_errors("const 0 = i32 5000000000", &[(1, 15, "not between")]);
    check_errors("const 0 = binary x\"0\"", &[(1, 18, "pairs of hexadecimal")]);
    check_errors("class A", &[(1, 7, "`{` is expected")]);
    check_errors("class A {", &[(1, 9, "the class has no `}`")]);
    check_errors(
        "class A {\nmethod m ()V {",
        &[(2, 14, "the method has no `}`"), (2, 14, "the class has no `}`")],
    );
}

#[test]
fn all_errors_are_listed() {
    let text = "class A {\n  method m ()V {\n    i32.ad\n    goto nowhere\n    local.get 70000\n    atomic.load i32 a33 0\n    i32.const8 200\n    retur\n    lookup_switch L 5 L 4 L\n    bytes x\"00\"\n    call_site 5\n    frobnicate\n  L:\n  L:\n  }\n}";
    check_errors(
        text,
        &[
            (3, 5, "there is no instruction `i32.ad`; is `i32.add` meant?"),
            (4, 10, "there is no label `nowhere`"),
            (5, 15, "70000 is not between 0 and 65535"),
            (6, 21, "`a33` is no kind of address"),
            (7, 16, "200 is not between -128 and 127"),
            (8, 5, "is `return` meant?"),
            (9, 25, "must ascend"),
            (10, 5, "`bytes` stands alone"),
            (11, 15, "declared by `const`"),
            (12, 5, "there is no instruction `frobnicate`"),
            (14, 3, "the label `L` stands twice"),
        ],
    );
}

#[test]
fn operands_are_decoded() {
    let check = |text: &str, bytes: &[u8], args: [i64; 4]| {
        let module = assemble(&format!("class A {{\nmethod m ()V {{\n{text}\n}}\n}}")).expect(text);
        let code = module.classes[0].methods[0].code.as_ref().expect("it has code");
        assert_eq!(code.bytes, bytes, "{text}");
        assert_eq!(Insn::decode(bytes, 0).map(|insn| insn.args), Ok(args), "{text}");
    };
    check("i32.const8 -1", &[0x03, 0xff], [-1, 0, 0, 0]);
    check("i32.const16 -2", &[0x04, 0xfe, 0xff], [-2, 0, 0, 0]);
    check("i32.const 0x80000000", &[0x05, 0, 0, 0, 0x80], [i64::from(i32::MIN), 0, 0, 0]);
    check("i64.const -1", &[0x07, 255, 255, 255, 255, 255, 255, 255, 255], [-1, 0, 0, 0]);
    check("f32.const 1", &[0x08, 0, 0, 0x80, 0x3f], [0x3f80_0000, 0, 0, 0]);
    check("f32.const nan:0xffc00001", &[0x08, 1, 0, 0xc0, 0xff], [0xffc0_0001, 0, 0, 0]);
    check("local.get 258", &[0x0b, 2, 1], [258, 0, 0, 0]);
    check("i32.inc 1 -2", &[0x0e, 1, 0, 0xfe, 0xff], [1, -2, 0, 0]);
    let rmw = Op::AtomicRmw as u16 as u8;
    check("atomic.rmw xor i64.16 a64 7", &[0xfe, rmw, 4, 5, 1, 7, 0, 0, 0], [4, 5, 1, 7]);
    let goto = Op::Goto as u8;
    check("goto L\nL: nop", &[goto, 5, 0, 0, 0, 0], [5, 0, 0, 0]);
    let table = Op::TableSwitch as u8;
    check(
        "L: table_switch L -3 L",
        &[table, 0, 0, 0, 0, 253, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, -3, 1, 0],
    );
    let lookup = Op::LookupSwitch as u8;
    check("L: lookup_switch L 9 L", &[lookup, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0]);
}

#[test]
fn damaged_files_say_what() {
    let good = encode(&assemble(PROGRAM).expect("it is right"));
    let check = |change: fn(&mut Vec<u8>), sealed: bool, expected: &str| {
        let mut bytes = good.clone();
        change(&mut bytes);
        if sealed {
            bytecode::file::seal(&mut bytes);
        }
        let error = decode(&bytes).expect_err(expected).to_string();
        assert!(error.contains(expected), "got `{error}`, expected `{expected}`");
    };
    check(|bytes| bytes.clear(), false, "no Phantom module");
    check(|bytes| bytes.truncate(8), false, "malformed at byte 8, in the header");
    check(|bytes| bytes[60] ^= 1, false, "the module is damaged");
    check(|bytes| bytes[16] = 9, true, "format version 9");
    check(|bytes| bytes.truncate(100), true, "a section of");
    check(|bytes| bytes.push(0), true, "bytes after the last section");
    check(|bytes| bytes[28] = 255, true, "the section is longer than its content");
    check(|bytes| bytes[32] = 255, true, "the section ends where");
}
