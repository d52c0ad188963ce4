//! What the tests share: sources in folders, the compiler and the verifier in one step.
#![allow(dead_code, reason = "each test file uses a part of it")]

use lang::{NoSources, Output, Request, SourceFile, SourceProvider};
use std::path::{Path, PathBuf};

/// Sources as files in folders, as `-I` gives them.
pub(crate) struct Folders(pub(crate) Vec<PathBuf>);

pub(crate) fn read(path: &Path) -> Option<SourceFile> {
    let bytes = std::fs::read(path).ok()?;
    Some(SourceFile { label: path.display().to_string(), text: String::from_utf8_lossy(&bytes).into_owned() })
}

impl SourceProvider for Folders {
    fn class(&self, name: &str) -> Option<SourceFile> {
        let file = format!("{}.ph", name.trim_start_matches('.'));
        self.0.iter().find_map(|folder| read(&folder.join(&file)))
    }
    fn resource(&self, from: &str, path: &str) -> Option<Vec<u8>> {
        let beside = Path::new(from).parent().map(Path::to_path_buf);
        beside.iter().chain(&self.0).find_map(|folder| std::fs::read(folder.join(path)).ok())
    }
}

/// The messages of an output, rendered.
pub(crate) fn messages(output: &Output) -> String {
    let texts: Vec<String> =
        output.diagnostics.iter().map(|diagnostic| lang::render(diagnostic, &output.files, false)).collect();
    texts.join("\n\n")
}

/// Compiles one source; what comes out must pass the verifier.
pub(crate) fn compile(label: &str, text: &str) -> Output {
    verified(lang::compile(&Request::single(label, text), &NoSources))
}

/// Checks that there is a module exactly when there are no errors, and that it verifies.
pub(crate) fn verified(output: Output) -> Output {
    assert_eq!(output.module.is_none(), output.has_errors(), "{}", messages(&output));
    if let Some(module) = &output.module
        && let Err(errors) = bytecode::verify_module(module)
    {
        panic!("{errors:#?}\n{}", bytecode::disassemble(module));
    }
    output
}
