//! Every instruction of the table, run in the interpreter from assembler text, one table of cases for each group.
//!
//! A case is a text and what it must come to; see `common`. To add one, add a line to a table.

#[path = "../common/mod.rs"]
mod common;

#[path = "tables.rs"]
mod tables;

use bytecode::Op;
use common::{Outcome, TestWorld};
use std::collections::BTreeSet;
use tables::TABLES;

macro_rules! run {
    ($($name:ident)*) => {
        mod run {
            $(#[test] fn $name() { crate::tables::$name::cases().check(); })*
        }
        mod run_in_chaos {
            $(#[test] fn $name() { crate::tables::$name::cases().check_in_chaos(1); })*
        }
        /// The tables that are run.
        const RUN: &[&str] = &[$(stringify!($name)),*];
    };
}
run! { stack integers floats conversions branches objects arrays calls exceptions memory loader threads }

#[test]
fn every_table_is_run() {
    assert_eq!(TABLES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), RUN);
}

#[test]
fn cases_assemble_and_verify() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, cases) in TABLES {
        for (number, case) in cases().cases.iter().enumerate() {
            count += 1;
            if let Err(error) = case.verify(number) {
                failures.push(format!("{name} {number}: {}\n  {error}", case.text));
            }
        }
    }
    println!("{count} cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// No instruction can be added to the table without a case here.
#[test]
fn every_instruction_has_a_case() {
    let mut tested = BTreeSet::new();
    for (_, cases) in TABLES {
        for case in cases().cases {
            // What is refused is not run.
            if !matches!(case.expect, common::Expect::Refused(_)) {
                tested.extend(case.ops());
            }
        }
    }
    let untested: Vec<&str> =
        Op::ALL.iter().filter(|op| !tested.contains(op)).map(|op| op.mnemonic()).collect();
    assert!(untested.is_empty(), "without a case: {}", untested.join(" "));
}

/// A thread dies of an exception that nothing catches: the report names it and where it was thrown.
#[test]
fn uncaught_exceptions_are_reported() {
    for (body, wanted) in [
        ("call_static Thrower fail ()V", ["Oops", "Thrower.fail", "Main.main"]),
        ("i32.const8 1\ni32.const8 0\ni32.div\npop", [".internal.exception.arithmetic", "zero", "Main.main"]),
        ("const \"a string\"\nthrow", ["a string", "Main.main", ""]),
        ("i32.const8 20\ncall_static Thrower deep (I)V", ["Oops", "Thrower.deep", "Thrower.fail"]),
    ] {
        let text = format!(
            "module main
            entry Main
            class Main super .internal.object flags public {{
                method main ()V flags public static {{
                    {body}
                    return
                }}
            }}"
        );
        let module = bytecode::assemble(&text).expect("the text assembles");
        let (outcome, _) = TestWorld::run(TestWorld::new(), &module, common::world::SLICES_MAX);
        let Outcome::Died(report) = outcome else { panic!("{body}: {outcome:?}") };
        for part in wanted {
            assert!(report.contains(part), "{body}: {part:?} is not in the report:\n{report}");
        }
    }
}
