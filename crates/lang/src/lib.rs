//! The Phantom language (`.ph`): sources in, a module and diagnostics out.
//!
//! [`compile`] reads the sources of a [`Request`], asks a [`SourceProvider`] for the classes and files that they
//! import, and gives one [`bytecode::Module`] with all classes that were reached. The language is described in
//! `docs/language.md`.
//!
//! The library written in the language is embedded: [`library`] has its sources, and compiles each into a module of
//! its own, so that a world holds its classes once whoever uses them.
//!
//! The passes: `lexer` and `parse` (text to `ast`), `classes` (names, shapes, ordinals), `body` (checks bodies and
//! turns expressions into `hir`), `emit` (instructions).
//!
//! *Invariant:* a pure function of the request and what the provider answers: no I/O, no clock, no panic on any input,
//! stack and time bounded by the length of the sources.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod ast;
mod body;
mod captures;
mod classes;
mod diagnostic;
mod emit;
mod foreign;
mod hir;
mod lexer;
pub mod library;
mod output;
mod parse;
#[cfg(feature = "render")]
mod render;
mod types;

pub use diagnostic::{Diagnostic, ERRORS_MAX, Label, Severity, Span};
pub use foreign::{JavaClass, JavaMember};
#[cfg(feature = "render")]
pub use render::render;

use alloc::string::String;
use alloc::vec::Vec;
use bytecode::Module;

/// A source text with the name that messages and line tables show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path or name.
    pub label: String,
    /// Content.
    pub text: String,
}

/// Gives the sources that imports name.
pub trait SourceProvider {
    /// The source of a class by its full name with the leading dot (`.a.b.c`), usually of a file `a.b.c.ph`.
    fn class(&self, name: &str) -> Option<SourceFile>;
    /// The bytes of a file that `import "path"` names in the source with the label `from`.
    fn resource(&self, from: &str, path: &str) -> Option<Vec<u8>>;
    /// A class of Java by its name with slashes (`java/util/List`), where there are any.
    fn java_class(&self, _name: &str) -> Option<JavaClass> {
        None
    }
}

/// A provider that has nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl SourceProvider for NoSources {
    fn class(&self, _name: &str) -> Option<SourceFile> {
        None
    }
    fn resource(&self, _from: &str, _path: &str) -> Option<Vec<u8>> {
        None
    }
}

/// What to compile.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The sources; the first one names the module and its entry.
    pub sources: Vec<SourceFile>,
}

impl Request {
    /// A request for one source.
    pub fn single(label: impl Into<String>, text: impl Into<String>) -> Request {
        Request { sources: alloc::vec![SourceFile { label: label.into(), text: text.into() }] }
    }
}

/// What a compilation gives.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The module, unless there are errors.
    pub module: Option<Module>,
    /// Errors and warnings in the order of the sources.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that were read; [`Span::file`] is an index here.
    pub files: Vec<SourceFile>,
}

impl Output {
    /// Whether there are errors.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// The words that mean something in the language: those that are never names, then those that are names where they mean
/// nothing.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    lexer::WORDS.iter().chain(lexer::CONTEXTUAL).copied()
}

/// Compiles sources and all that they import into one module.
pub fn compile(request: &Request, sources: &dyn SourceProvider) -> Output {
    output::compile(request, sources)
}
