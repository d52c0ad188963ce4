//! Diagnostics as text for people: source lines, carets, hints.

use crate::{Diagnostic, Label, Severity, SourceFile};
use alloc::string::String;
use alloc::vec::Vec;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Renders a diagnostic over the sources that it speaks of ([`crate::Output::files`]); with colours for a terminal
/// when `styled`.
pub fn render(diagnostic: &Diagnostic, files: &[SourceFile], styled: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.code);
    let mut group = Group::with_title(title);
    let mut order: Vec<u32> = diagnostic.labels.iter().map(|label| label.span.file).collect();
    order.dedup();
    for file in order {
        let Some(source) = files.get(file as usize) else { continue };
        let labels = diagnostic.labels.iter().enumerate().filter(|(_, label)| label.span.file == file);
        let mut snippet = Snippet::source(&*source.text).path(&*source.label);
        for (index, label) in labels {
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range(label, &source.text));
            snippet = snippet.annotation(if label.text.is_empty() {
                annotation
            } else {
                annotation.label(&*label.text)
            });
        }
        group = group.element(snippet);
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(&**hint));
    }
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The bytes of a label, inside of the text and between characters.
fn range(label: &Label, text: &str) -> core::ops::Range<usize> {
    let boundary = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (boundary(label.span.start), boundary(label.span.end));
    start..end.max(start)
}
