//! The library in the language: every file is embedded, compiles without messages, verifies, and is small alone.

mod common;

use common::{messages, verified};
use lang::{NoSources, Request, library};
use std::collections::BTreeSet;

fn folder() -> String {
    format!("{}/../../library", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_file_is_forgotten() {
    let files = std::fs::read_dir(folder()).expect("the library").flatten();
    let there: BTreeSet<String> = files
        .filter_map(|entry| {
            entry.file_name().to_string_lossy().strip_suffix(".ph").map(|f| format!(".lib.{f}"))
        })
        .collect();
    let embedded: BTreeSet<String> = library::classes().collect();
    assert_eq!(there, embedded, "`FILES` in src/library.rs lists every file of library/");
    assert_eq!(library::classes().collect::<Vec<_>>(), embedded.into_iter().collect::<Vec<_>>(), "in order");
}

#[test]
fn every_file_compiles_by_itself() {
    for class in library::classes() {
        let source = library::source(&class).expect("it is embedded");
        let first = source.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("// ") && first.ends_with('.'), "{class} does not say what it is for");
        let output = verified(lang::compile(&Request::single(source.label, source.text), &NoSources));
        assert!(output.diagnostics.is_empty(), "{class}: {}", messages(&output));
        let module = output.module.expect("it compiled");
        assert!(module.class(&class).is_some(), "the file of {class} declares it");
        for other in &module.classes {
            let inside =
                other.name.strip_prefix(&class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            assert!(inside, "{} cannot be found: it is not named behind {class}", other.name);
        }
        let again = library::module(&class).expect("it compiles again");
        assert_eq!(bytecode::encode(&module), bytecode::encode(&again), "{class} is always the same module");
    }
}

#[test]
fn a_program_holds_its_own_classes_only() {
    let text =
        "package .t;\nimport .lib.list;\nclass small { void main() { println(new list().add(1)); } };\n";
    let module = common::compile("small.ph", text).module.expect("it compiles");
    let names: Vec<&str> = module.classes.iter().map(|class| &*class.name).collect();
    assert_eq!(names, [".t.small"]);
}

#[test]
fn a_class_of_the_library_that_is_not_there_is_reported() {
    let text = "package .t;\nimport .lib.lists;\nclass small { void main() { } };\n";
    let output = common::compile("small.ph", text);
    assert!(messages(&output).contains("did you mean `.lib.list`?"), "{}", messages(&output));
}
