//! Every example of `docs/library.md` prints what stands behind its `println`, and every class of the library has one.

use std::path::{Path, PathBuf};
use world::inspect::ProgramState;
use xtask::chaos::{PAYMENTS, Script, chaotic, plain};

fn page() -> String {
    let root: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").into();
    std::fs::read_to_string(root.join("docs/library.md")).expect("docs/library.md")
}

/// The lines that the comments behind statements announce; ` | ` stands between lines that one statement prints.
fn announced(example: &str) -> Vec<&str> {
    example.lines().filter_map(|line| comment(line)).flat_map(|lines| lines.split(" | ")).collect()
}

/// What stands behind the statements of a line.
fn comment(line: &str) -> Option<&str> {
    line.split_once("; // ").or_else(|| line.split_once("; } // ")).map(|(_, comment)| comment)
}

#[test]
fn examples_print_what_they_say() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let page = page();
    let mut count = 0;
    for example in page.split("```ph\n").skip(1) {
        let example = example.split("```").next().expect("a split has a first part");
        let path = folder.path().join("example.ph");
        std::fs::write(&path, example).expect("the example can be written");
        let script = Script::compile(&path, &[]).unwrap_or_else(|error| panic!("{error}\n{example}"));
        let result = plain(&script).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(result.state, ProgramState::Ended { status: 0 }, "{}\n{example}", result.failure);
        let found: Vec<&str> = result.output.lines().collect();
        assert_eq!(found, announced(example), "\n{example}");
        let (again, _) = chaotic(&script, 1).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(again, result, "under chaos\n{example}");
        count += 1;
    }
    assert!(count >= 10, "only {count} examples");
}

#[test]
fn every_class_is_on_the_page() {
    let page = page();
    for class in lang::library::classes() {
        assert!(page.contains(&format!("`{class}`")), "docs/library.md does not name {class}");
    }
}

#[test]
fn examples_with_the_outside_compile() {
    let page = page();
    let mut count = 0;
    for example in page.split("```ph outside\n").skip(1) {
        let example = example.split("```").next().expect("a split has a first part");
        let output = lang::compile(&lang::Request::single("example.ph", example), &lang::NoSources);
        assert!(
            output.module.is_some() && output.diagnostics.is_empty(),
            "{:?}\n{example}",
            output.diagnostics
        );
        count += 1;
    }
    assert!(count >= 2, "only {count} examples");
}

#[test]
fn a_workflow_of_a_year_ends_at_once_in_virtual_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    let mut script = Script::compile(&root.join("examples/workflow.ph"), &[]).expect("it compiles");
    script.arguments = vec![PAYMENTS.to_string(), "1d".to_string()];
    let result = plain(&script).expect("it ends");
    assert_eq!(result.state, ProgramState::Ended { status: 0 }, "{}", result.failure);
    assert_eq!(result.payments, 1);
    assert!(result.output.ends_with("a year is over: the reminder is sent\n"), "{}", result.output);
}
