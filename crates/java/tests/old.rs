//! Class files before version 50: types by inference, and subroutines.

mod common;

use bytecode::Op;
use java::{Converted, Refusal, VERIFY_ERROR, convert};

/// A class file of version 49 with one static method `m` of a descriptor; constants from index 20 on are the test's.
fn class_with(desc: &str, max_stack: u16, max_locals: u16, code: &[u8], handlers: &[[u16; 4]]) -> Vec<u8> {
    let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 49];
    let utf8 = |bytes: &mut Vec<u8>, text: &str| {
        bytes.push(1);
        bytes.extend((text.len() as u16).to_be_bytes());
        bytes.extend(text.as_bytes());
    };
    bytes.extend(8u16.to_be_bytes());
    utf8(&mut bytes, "T"); // 1
    bytes.extend([7, 0, 1]); // 2: class T
    utf8(&mut bytes, "java/lang/Object"); // 3
    bytes.extend([7, 0, 3]); // 4: class Object
    utf8(&mut bytes, "m"); // 5
    utf8(&mut bytes, desc); // 6
    utf8(&mut bytes, "Code"); // 7
    bytes.extend([0, 0x21, 0, 2, 0, 4, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0, 9, 0, 5, 0, 6, 0, 1, 0, 7]);
    let length = 12 + code.len() + 8 * handlers.len();
    bytes.extend((length as u32).to_be_bytes());
    bytes.extend(max_stack.to_be_bytes());
    bytes.extend(max_locals.to_be_bytes());
    bytes.extend((code.len() as u32).to_be_bytes());
    bytes.extend(code);
    bytes.extend((handlers.len() as u16).to_be_bytes());
    handlers.iter().flatten().for_each(|number| bytes.extend(number.to_be_bytes()));
    bytes.extend([0, 0, 0, 0]);
    bytes
}

fn check(desc: &str, sizes: (u16, u16), code: &[u8], handlers: &[[u16; 4]]) -> Converted {
    let bytes = class_with(desc, sizes.0, sizes.1, code, handlers);
    let made = convert(&bytes).expect("it is a class file");
    if let Err(errors) = bytecode::verify_module(&made.module) {
        panic!("{}", errors[0]);
    }
    made
}

fn accepts(desc: &str, sizes: (u16, u16), code: &[u8], handlers: &[[u16; 4]]) -> Vec<Op> {
    let made = check(desc, sizes, code, handlers);
    assert_eq!(made.diagnostics, []);
    let code = made.module.classes[0].methods[0].code.as_ref().expect("there is code");
    bytecode::op::instructions(&code.bytes).map(|insn| insn.expect("it decodes").op).collect()
}

fn refuses(desc: &str, sizes: (u16, u16), code: &[u8], what: &str) {
    let made = check(desc, sizes, code, &[]);
    assert_eq!(made.diagnostics.len(), 1, "{code:?}");
    assert!(made.diagnostics[0].what.contains(what), "{:?}", made.diagnostics);
    assert!(made.module.classes[0].attributes.iter().any(|attribute| attribute.name == VERIFY_ERROR));
}

#[test]
fn a_subroutine_called_twice_is_copied() {
    // jsr 8; jsr 8; iload_0; ireturn; 8: astore_1; iinc 0 1; ret 1
    let code = [168, 0, 8, 168, 0, 5, 26, 172, 76, 132, 0, 1, 169, 1];
    let ops = accepts("(I)I", (1, 2), &code, &[]);
    let count = |op: Op| ops.iter().filter(|other| **other == op).count();
    assert_eq!((count(Op::I32Inc), count(Op::Goto), count(Op::Return)), (2, 4, 1));
}

#[test]
fn subroutines_nest_and_may_be_left_by_a_jump() {
    // 0: jsr 5; 3: iload_0; ireturn; 5: astore_1; jsr 12; ret 1; nop; 12: astore_2; iinc 0 2; ret 2
    let code = [168, 0, 5, 26, 172, 76, 168, 0, 6, 169, 1, 0, 77, 132, 0, 2, 169, 2];
    accepts("(I)I", (1, 3), &code, &[]);
    // A loop whose finally goes on with the loop: 0: jsr 5; 3: iconst_0; ireturn;
    // 5: astore_1; iload_0; ifeq 12; goto 0; 12: ret 1
    let code = [168, 0, 5, 3, 172, 76, 26, 153, 0, 6, 167, 255, 246, 169, 1];
    let code = {
        let mut code = code.to_vec();
        // Targets by hand: ifeq at 7 goes to 13, goto at 10 goes to 0.
        code[8..10].copy_from_slice(&6u16.to_be_bytes());
        code[11..13].copy_from_slice(&(-10i16).to_be_bytes());
        code
    };
    accepts("(I)I", (1, 2), &code, &[]);
}

#[test]
fn handlers_cover_every_copy() {
    // 0: jsr 5; jsr 5 ... with a handler over the subroutine that returns -1.
    // 0: jsr 8; 3: jsr 8; 6: iload_0; ireturn; 8: astore_1; 9: iload_0; iload_0; idiv; istore_0; 13: ret 1;
    // 15: pop; iconst_m1; ireturn
    let code = [168, 0, 8, 168, 0, 5, 26, 172, 76, 26, 26, 108, 59, 169, 1, 87, 2, 172];
    let made = check("(I)I", (2, 2), &code, &[[9, 13, 15, 0]]);
    assert_eq!(made.diagnostics, []);
    let code = made.module.classes[0].methods[0].code.as_ref().expect("there is code");
    assert_eq!(code.handlers.len(), 2);
}

#[test]
fn what_does_not_verify_is_said() {
    refuses("(I)I", (1, 2), &[169, 1], "ret instruction outside of a subroutine");
    // ret of another local than the return address: jsr 4; return; 4: astore_1; ret 0
    refuses("(I)V", (1, 2), &[168, 0, 4, 177, 76, 169, 0], "ret wants the address");
    refuses("(I)I", (1, 1), &[26], "Falling off the end");
    refuses("(I)I", (1, 1), &[42, 172], "Bad local variable type");
    refuses("(I)I", (0, 1), &[26, 172], "Operand stack overflow");
    refuses("(I)I", (1, 1), &[172], "Operand stack underflow");
    refuses("(J)I", (2, 2), &[30, 172], "not assignable to integer");
    refuses("(I)V", (1, 1), &[167, 0, 2], "Illegal target");
    refuses("(I)V", (1, 1), &[26, 153, 0, 3, 26, 177, 167, 255, 253], "Illegal target");
    // Two ways with stacks of different heights.
    refuses("(I)V", (2, 1), &[26, 153, 0, 4, 26, 177], "Inconsistent stack height");
    // An object as a number, a number as an object, an array of another kind.
    refuses("([I)I", (2, 1), &[42, 3, 50, 172], "an array of references is wanted");
    refuses("([J)I", (2, 1), &[42, 3, 46, 172], "[I is wanted");
    refuses("(I)Ljava/lang/Object;", (1, 1), &[26, 176], "not assignable");
    // A long in two places, of which one was overwritten: lload_0 after istore_1.
    refuses("(J)J", (2, 2), &[3, 60, 30, 173], "Bad local variable type");
}

#[test]
fn classes_that_meet_are_kept_apart() {
    // iload_0; ifeq 8; aconst_null; goto 9; 8: aload_1; 9: areturn — null and a class meet.
    let code = [26, 153, 0, 7, 1, 167, 0, 4, 43, 176];
    accepts("(ILjava/lang/String;)Ljava/lang/String;", (1, 2), &code, &[]);
    // Two classes meet and are returned as a third: both have to be assignable.
    let code = [26, 153, 0, 7, 43, 167, 0, 4, 44, 176];
    let made = check("(ILA;LB;)LC;", (1, 3), &code, &[]);
    assert_eq!(made.diagnostics, []);
    let pairs = made.module.classes[0].attributes.iter().find(|found| found.name == java::ASSIGNABLE);
    assert_eq!(pairs.map(|found| found.bytes.as_slice()), Some(&b"A C\nB C"[..]));
}

#[test]
fn inference_accepts_what_the_compiler_of_the_jdk_wrote() {
    let Some(jdk) = common::jdk() else {
        return common::skipped("inference_accepts_what_the_compiler_of_the_jdk_wrote");
    };
    let (mut converted, mut newer) = (0, 0);
    let mut wrong = Vec::new();
    common::each_class(&jdk, |name, bytes| {
        if !name.starts_with("/java.base/") {
            return;
        }
        let mut bytes = bytes.to_vec();
        bytes[6..8].copy_from_slice(&49u16.to_be_bytes());
        match convert(&bytes) {
            Err(Refusal::Format(_) | Refusal::NoClass(_)) => newer += 1,
            Err(other) => wrong.push(format!("{name}: {other}")),
            Ok(made) => {
                converted += 1;
                // Calls of methods of interfaces that the old version did not have.
                let new_call = |what: &str| what.starts_with("Illegal type at constant pool entry");
                wrong.extend(
                    made.diagnostics
                        .iter()
                        .filter(|found| !new_call(&found.what))
                        .map(|found| format!("{name}: {found:?}")),
                );
                if let Err(errors) = bytecode::verify_module(&made.module) {
                    wrong.push(format!("{name}: {}", errors[0]));
                }
            }
        }
    });
    eprintln!("{converted} classes by inference; {newer} use what version 49 has not");
    assert!(converted > 3_000);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
