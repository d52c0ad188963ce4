//! Every program in `tests/programs` compiles without messages that it does not announce, and verifies.
//!
//! Lines `// expect: text` at the head of a program are what it prints; other tests run them.

mod common;

use common::{compile, messages};

#[test]
fn programs_compile() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of programs").flatten() {
        let path = entry.path();
        let source = common::read(&path).expect("a program can be read");
        let stem = path.file_stem().expect("a program has a name").to_string_lossy().into_owned();
        let output = compile(&format!("{stem}.ph"), &source.text);
        let announced = source.text.lines().filter(|line| line.starts_with("// warns:")).count();
        if output.diagnostics.len() != announced {
            failures.push(messages(&output));
        }
        if let Some(module) = &output.module {
            let class = format!(".programs.{stem}");
            assert_eq!(module.entry.as_deref(), Some(&*class), "the class named like the file is run");
        }
        assert!(source.text.contains("// expect:"), "{stem} expects nothing");
        count += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count >= 40, "only {count} programs");
}
