//! The sources of the original compile unchanged. They are not in the repository: the variable
//! `PHANTOM_ORIGINAL_SOURCES` names a checkout.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use common::{Folders, messages, read, verified};
use lang::{Request, SourceFile, SourceProvider};
use std::path::{Path, PathBuf};

/// Folders whose sources all compile.
const SETS: &[&str] =
    &["plib/roots/src", "plib/sys/src", "test/plc/src", "tools/plc/test/plc", "apps/tetris/tetris"];

/// A checkout may lack the pictures that sources import: any bytes do.
struct WithPictures(Folders);

impl SourceProvider for WithPictures {
    fn class(&self, name: &str) -> Option<SourceFile> {
        self.0.class(name)
    }
    fn resource(&self, from: &str, path: &str) -> Option<Vec<u8>> {
        Some(self.0.resource(from, path).unwrap_or_else(|| b"P6 1 1 255 \xff\xff\xff".to_vec()))
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ph") {
            found.push(path);
        }
    }
}

#[test]
fn the_originals_sources_compile_unchanged() {
    let Some(root) = std::env::var_os("PHANTOM_ORIGINAL_SOURCES") else {
        eprintln!("SKIPPED: PHANTOM_ORIGINAL_SOURCES does not name a checkout of the original");
        return;
    };
    let root = PathBuf::from(root);
    let mut folders = vec![root.join("plib/roots/src"), root.join("plib/roots/src/internal")];
    let systems = std::fs::read_dir(root.join("plib/sys/src")).expect("the checkout has plib/sys/src");
    folders.extend(systems.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    let (mut compiled, mut failed, mut warnings) = (0, Vec::new(), 0);
    for set in SETS {
        let mut found = Vec::new();
        sources(&root.join(set), &mut found);
        assert!(!found.is_empty(), "{set} has no sources");
        let count = found.len();
        for path in found {
            let mut search = vec![path.parent().map(Path::to_path_buf).unwrap_or_default()];
            search.extend(folders.iter().cloned());
            let provider = WithPictures(Folders(search));
            let source = read(&path).expect("a source can be read");
            let output = verified(lang::compile(&Request { sources: vec![source] }, &provider));
            warnings += output.diagnostics.len();
            if std::env::var_os("SHOW_WARNINGS").is_some() {
                eprintln!("{}", messages(&output));
            }
            if output.module.is_some() { compiled += 1 } else { failed.push(messages(&output)) }
        }
        eprintln!("{set}: {count} sources");
    }
    eprintln!("{compiled} sources compiled, {} failed, {warnings} messages", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
