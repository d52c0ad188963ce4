//! The grammar for editors knows every word of the language.

use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words between `\\b(` and `)\\b` in a pattern.
fn words(grammar: &str) -> Vec<&str> {
    let lists = grammar.split(r"\\b(").skip(1).filter_map(|rest| rest.split_once(')')).map(|(list, _)| list);
    lists.flat_map(|list| list.split('|')).collect()
}

#[test]
fn every_word_has_a_colour() {
    let grammar = file("phantom.tmLanguage.json");
    let known = words(&grammar);
    let missing: Vec<&str> = lang::keywords().filter(|word| !known.contains(word)).collect();
    assert!(missing.is_empty(), "editors/phantom.tmLanguage.json lacks {missing:?}");
}

#[test]
fn the_package_names_files_that_are_there() {
    let package = file("vscode/package.json");
    for name in ["./language-configuration.json", "./phantom.tmLanguage.json"] {
        assert!(package.contains(name), "{name}");
    }
    assert!(file("vscode/language-configuration.json").contains("lineComment"));
}
