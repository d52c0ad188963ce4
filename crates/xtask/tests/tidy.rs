//! House rules that a compiler does not check.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").to_path_buf()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folder is readable") {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Row of the crate table: whether it is no_std, whether it may use unsafe code.
struct Row {
    position: usize,
    no_std: bool,
    may_be_unsafe: bool,
}

fn crate_table() -> BTreeMap<String, Row> {
    let text =
        fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md is there");
    let table =
        text.split("\n## Crates").nth(1).expect("a section Crates").split("\n## ").next().expect("its text");
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .enumerate()
        .map(|(position, line)| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let row = Row { position, no_std: cells[2] == "yes", may_be_unsafe: cells[3] != "no" };
            (cells[1].trim_matches('`').to_string(), row)
        })
        .collect()
}

/// Names of workspace crates in one section of a manifest.
fn dependencies(manifest: &str, section: &str, crates: &BTreeMap<String, Row>) -> BTreeSet<String> {
    let Some(body) = manifest.split(&format!("\n[{section}]\n")).nth(1) else { return BTreeSet::new() };
    body.lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| crates.contains_key(*name))
        .map(String::from)
        .collect()
}

#[test]
fn crates_depend_only_on_those_above_them() {
    let table = crate_table();
    let mut folders: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates is readable")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let listed: Vec<String> = table.keys().cloned().collect();
    assert_eq!(folders, listed, "the table in docs/ARCHITECTURE.md lists every crate, and no other");
    for (name, row) in &table {
        let manifest =
            fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).expect("manifest");
        for dependency in dependencies(&manifest, "dependencies", &table) {
            assert!(
                table[&dependency].position < row.position,
                "{name} uses {dependency}, which is not above it"
            );
        }
        let head = ["src/lib.rs", "src/main.rs"]
            .iter()
            .find_map(|file| fs::read_to_string(root().join("crates").join(name).join(file)).ok())
            .expect("a crate has lib.rs or main.rs");
        assert_eq!(
            head.contains("#![no_std]") || head.contains("no_std)]"),
            row.no_std,
            "{name}: no_std differs from the table"
        );
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not take the workspace lints");
        let mut files = Vec::new();
        rust_files(&root().join("crates").join(name).join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("source is readable");
            let lifts = text.contains("expect(unsafe_code") || text.contains("allow(unsafe_code");
            assert!(row.may_be_unsafe || !lifts, "{} lifts the ban on unsafe code", file.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("source is readable");
        assert!(text.starts_with("//!"), "{} does not begin with //!", file.display());
    }
}
