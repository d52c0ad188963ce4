//! The library that is written in the language itself: its sources, and the modules made of them.
//!
//! The sources stand in the folder `library` of the repository, class `.lib.list` in `list.ph`, and are part of the
//! binary. A class that belongs to another one is named behind it (`.lib.map.entry`) and stands in the file of that one.
//!
//! *Invariant:* each file compiles to the same module whoever asks, so that all programs of a world share its classes.

use crate::{NoSources, Request, SourceFile};
use alloc::format;
use alloc::string::{String, ToString};
use bytecode::Module;

/// Package of the library.
const PACKAGE: &str = ".lib.";

macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../library/", $name, ".ph")))),*]
    };
}

/// Every file of the library and its text, in the order of their names.
const FILES: &[(&str, &str)] = embedded! {
    "base64"
    "bool"
    "channel"
    "csv"
    "date"
    "datetime"
    "deque"
    "duration"
    "error"
    "executor"
    "future"
    "hex"
    "http"
    "json"
    "latch"
    "list"
    "log"
    "map"
    "number"
    "order"
    "priority_queue"
    "regex"
    "ring"
    "rwlock"
    "schedule"
    "set"
    "sorted_map"
    "sorted_set"
    "sorting"
    "test"
    "text"
    "timer"
    "url"
    "workflow"
};

/// The source that declares a class, by its full name.
pub fn source(class: &str) -> Option<SourceFile> {
    let mut name = class.strip_prefix(PACKAGE)?;
    loop {
        if let Some((file, text)) = FILES.iter().find(|(file, _)| *file == name) {
            return Some(SourceFile { label: label(file), text: (*text).to_string() });
        }
        name = &name[..name.rfind('.')?];
    }
}

/// What messages and stack traces call a file.
fn label(file: &str) -> String {
    format!("library/{file}.ph")
}

/// Full names of the classes that files are named after.
pub fn classes() -> impl Iterator<Item = String> {
    FILES.iter().map(|(file, _)| format!("{PACKAGE}{file}"))
}

/// The module of the file that declares a class.
pub fn module(class: &str) -> Option<Module> {
    let source = source(class)?;
    crate::compile(&Request::single(source.label, source.text), &NoSources).module
}
