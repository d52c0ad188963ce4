//! Every example of `docs/language.md` compiles without messages.

mod common;

use common::{compile, messages};

#[test]
fn examples_of_the_guide_compile() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language.md");
    let guide = std::fs::read_to_string(path).expect("the guide");
    let mut count = 0;
    for example in guide.split("```ph\n").skip(1) {
        let source = example.split("```").next().expect("a split has a first part");
        let output = compile("example.ph", source);
        assert!(output.diagnostics.is_empty(), "{}", messages(&output));
        assert!(output.module.is_some_and(|module| module.entry.is_some()), "nothing to run in\n{source}");
        count += 1;
    }
    assert!(count >= 7, "only {count} examples");
}

#[test]
fn programs_of_the_repository_compile() {
    for folder in ["examples", "benches"] {
        let folder = format!("{}/../../{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(&folder).expect("a folder of programs").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "ph") {
                let source = common::read(&path).expect("a program can be read");
                let output = compile(&source.label, &source.text);
                assert!(output.diagnostics.is_empty(), "{}", messages(&output));
            }
        }
    }
}
