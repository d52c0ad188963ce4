//! Tokens to syntax tree, by recursive descent.
//!
//! Never gives up: after an error it goes on at the next statement, member or class, and reports one error for each
//! place that it could not read. Nesting is bounded by [`DEPTH_MAX`], so no input overflows the stack here or in the
//! passes behind.

mod expr;
mod stmt;

use crate::ast::*;
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::lexer::{Tok, Token, tokens};
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Deepest nesting of statements, and of the operators of one expression.
pub(crate) const DEPTH_MAX: usize = 200;

/// Names of built-in types; in brackets they always cast.
pub(crate) const BUILT_IN: &[&str] = &["int", "long", "float", "double", "string", "boolean"];

pub(crate) struct Parser<'a> {
    text: &'a str,
    /// Starts of what the lexer could not read.
    unread: Vec<u32>,
    toks: Vec<Token>,
    at: usize,
    sink: &'a mut Sink,
    /// An error was reported and no place to go on is found yet.
    lost: bool,
    /// The rest of the file is not read.
    stopped: bool,
    depth: usize,
    /// Height of the expression that was read last.
    height: usize,
}

/// Reads a file.
pub(crate) fn file(text: &str, file: u32, sink: &mut Sink) -> File {
    let before = sink.list.len();
    let toks = tokens(text, file, sink);
    let unread = sink.list[before..].iter().map(|diagnostic| diagnostic.span().start).collect();
    Parser { text, unread, toks, at: 0, sink, lost: false, stopped: false, depth: 0, height: 0 }.file()
}

/// The token as messages show it.
fn shown(tok: &Tok) -> String {
    match tok {
        Tok::Ident(text) => format!("`{text}`"),
        Tok::Word(text) | Tok::Op(text) => format!("`{text}`"),
        Tok::Int(_) | Tok::IntMin | Tok::Long(_) | Tok::LongMin | Tok::Float(_) | Tok::Double(_) => {
            "a number".into()
        }
        Tok::Str(_) => "a string".into(),
        Tok::End => "the end of the file".into(),
    }
}

impl Parser<'_> {
    fn tok(&self) -> &Tok {
        &self.toks[self.at].tok
    }
    fn ahead(&self, by: usize) -> &Tok {
        &self.toks[(self.at + by).min(self.toks.len() - 1)].tok
    }
    fn span(&self) -> Span {
        self.toks[self.at].span
    }
    /// Place of the token before.
    fn last_span(&self) -> Span {
        self.toks[self.at.saturating_sub(1)].span
    }
    fn at_end(&self) -> bool {
        *self.tok() == Tok::End
    }
    fn bump(&mut self) {
        self.at = (self.at + 1).min(self.toks.len() - 1);
    }
    fn is_op(&self, op: &str) -> bool {
        matches!(self.tok(), Tok::Op(text) if *text == op)
    }
    fn is_word(&self, word: &str) -> bool {
        matches!(self.tok(), Tok::Word(text) if *text == word)
    }
    fn eat_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        if found {
            self.bump();
        }
        found
    }
    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    /// Reports an error at a token, unless one is being recovered from.
    fn fail(&mut self, diagnostic: Diagnostic) {
        if !self.lost && !self.stopped && !self.follows_unread(diagnostic.span().start) {
            self.sink.push(diagnostic);
        }
        self.lost = true;
    }
    /// Whether something unreadable stands on this line or the one before, and was reported.
    fn follows_unread(&self, at: u32) -> bool {
        let near = |start: &u32| {
            let between = self.text.get(*start as usize..at as usize);
            *start <= at && between.is_some_and(|text| text.matches('\n').count() < 2)
        };
        let before = self.unread.partition_point(|start| *start <= at);
        before > 0 && near(&self.unread[before - 1])
    }
    /// Reports that something else was expected here.
    fn expected(&mut self, what: &str) {
        let message = format!("expected {what}, found {}", shown(self.tok()));
        self.fail(Diagnostic::error("syntax", self.span(), message));
    }
    fn expect_op(&mut self, op: &str) -> bool {
        if self.eat_op(op) {
            return true;
        }
        if op == ";" {
            // The place to look at is where the semicolon should stand.
            let last = self.last_span();
            let span = Span { start: last.end, ..last };
            let message = format!("expected `;`, found {}", shown(self.tok()));
            self.fail(Diagnostic::error("syntax", span, message).label("here"));
        } else {
            self.expected(&format!("`{op}`"));
        }
        false
    }

    /// Runs `read` one level deeper; beyond the limit reports it and skips the rest of the file.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        self.check_depth(self.depth);
        let result = read(self);
        self.depth -= 1;
        result
    }
    fn check_depth(&mut self, depth: usize) {
        if depth > DEPTH_MAX && !self.at_end() {
            let message = format!("the source is nested deeper than {DEPTH_MAX} levels here");
            self.fail(
                Diagnostic::error("too-deep", self.span(), message)
                    .hint("take parts out into methods or variables"),
            );
            self.at = self.toks.len() - 1;
            self.stopped = true;
        }
    }

    /// Skips to behind the bracket that closes the one here.
    fn skip_balanced(&mut self) {
        let mut depth = 0usize;
        while !self.at_end() {
            match self.tok() {
                Tok::Op("(" | "[" | "{") => depth += 1,
                Tok::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    fn ident(&mut self, what: &str) -> Ident {
        let span = self.span();
        if let Tok::Ident(text) = self.tok() {
            let text = text.clone();
            self.bump();
            return Ident { text, span };
        }
        if let Tok::Word(word) = self.tok() {
            let message = format!("expected {what}, found the reserved word `{word}`");
            self.fail(Diagnostic::error("syntax", span, message).hint("choose another name"));
        } else {
            self.expected(what);
        }
        Ident { text: "".into(), span }
    }
    /// A part of a dotted name behind a dot, where reserved words and strings count as names.
    fn part(&mut self) -> Option<Ident> {
        let text: Rc<str> = match self.tok() {
            Tok::Ident(text) | Tok::Str(text) => text.clone(),
            Tok::Word(word) => (*word).into(),
            _ => return None,
        };
        let span = self.span();
        self.bump();
        Some(Ident { text, span })
    }

    fn name(&mut self) -> Name {
        let start = self.span();
        let absolute = self.eat_op(".");
        let mut parts = Vec::new();
        if !absolute {
            parts.push(self.ident("a name"));
            if self.lost {
                return Name { absolute, parts, span: start };
            }
        } else if let Some(part) = self.part() {
            parts.push(part);
        } else {
            self.expected("a name");
        }
        while self.is_op(".") && matches!(self.ahead(1), Tok::Ident(_) | Tok::Word(_) | Tok::Str(_)) {
            self.bump();
            parts.extend(self.part());
        }
        Name { absolute, parts, span: start.to(self.last_span()) }
    }

    /// Attributes (`@const`, `attribute const * ->!`): read and ignored.
    fn attributes(&mut self) {
        while self.eat_op("@") || self.eat_word("attribute") {
            loop {
                self.eat_op("~");
                if self.part().is_none() {
                    self.expected("the name of an attribute");
                }
                while ["+", "*", "!", "->"].iter().any(|op| self.eat_op(op)) {}
                if !self.eat_op(",") {
                    break;
                }
            }
        }
    }

    fn file(mut self) -> File {
        let mut file = File::default();
        while !self.at_end() {
            let start = self.at;
            self.item(&mut file);
            if self.lost {
                self.next_item(start);
            }
        }
        file
    }

    fn item(&mut self, file: &mut File) {
        if self.eat_word("package") {
            file.package = Some(self.name());
            self.expect_op(";");
        } else if self.eat_word("import") {
            let name = self.name();
            if self.is_op(".") && matches!(self.ahead(1), Tok::Op("*")) {
                self.bump();
                self.bump();
                file.packages.push(name);
            } else {
                file.imports.push(name);
            }
            self.expect_op(";");
        } else if self.is_op("@") || self.is_word("attribute") {
            self.attributes();
            self.eat_op(";");
        } else if !self.eat_op(";") {
            self.modifiers();
            if self.is_word("class") || self.is_word("interface") {
                let class = self.class();
                file.classes.push(Rc::new(class));
                self.eat_op(";");
            } else {
                self.expected("`package`, `import`, `class` or `interface`");
            }
        }
    }

    /// Skips to something that a file has at its top level.
    fn next_item(&mut self, start: usize) {
        self.lost = false;
        if self.at == start {
            self.bump();
        }
        while !matches!(
            self.tok(),
            Tok::End | Tok::Word("package" | "import" | "class" | "interface" | "attribute")
        ) {
            if self.is_op("{") { self.skip_balanced() } else { self.bump() }
        }
    }

    /// Reads `public`, `static`; whether `static` was there.
    fn modifiers(&mut self) -> bool {
        let mut is_static = false;
        loop {
            if self.eat_word("static") {
                is_static = true;
            } else if !self.eat_word("public") {
                return is_static;
            }
        }
    }

    fn class(&mut self) -> Class {
        let interface = self.is_word("interface");
        self.bump();
        let name = self.name();
        self.attributes();
        let (mut extends, mut implements) = (None, Vec::new());
        loop {
            if self.eat_word("extends") {
                let parent = self.name();
                if interface {
                    implements.push(parent);
                } else if let Some(first) = extends.replace(parent) {
                    let message = "a class has one parent";
                    let error = Diagnostic::error("second-parent", self.last_span(), message);
                    let hint = "declare further ones as interfaces and name them behind `implements`";
                    self.sink.push(error.also(first.span, "the first is here").hint(hint));
                    extends = Some(first);
                }
            } else if self.eat_word("implements") {
                implements.push(self.name());
                while self.eat_op(",") {
                    implements.push(self.name());
                }
            } else {
                break;
            }
        }
        let mut class =
            Class { name, interface, extends, implements, fields: Vec::new(), methods: Vec::new() };
        if self.expect_op("{") {
            self.members(&mut class);
        }
        class
    }

    fn members(&mut self, class: &mut Class) {
        loop {
            if self.eat_op("}") {
                return;
            }
            if self.at_end() {
                let error = Diagnostic::error("syntax", self.span(), "the file ends inside a class");
                self.fail(error.also(class.name.span, "this class is not closed").hint("close it with `};`"));
                return;
            }
            let start = self.at;
            self.member(class);
            if self.lost && !self.next_member(start) {
                return;
            }
        }
    }

    /// Skips to the next member; whether there may be one.
    fn next_member(&mut self, start: usize) -> bool {
        self.lost = false;
        if self.at == start {
            self.bump();
        }
        loop {
            match self.tok() {
                Tok::End | Tok::Word("class" | "interface" | "package") => return false,
                Tok::Op(";") => {
                    self.bump();
                    return true;
                }
                Tok::Op("{") => {
                    self.skip_balanced();
                    return true;
                }
                Tok::Op("}") | Tok::Word("var") => return true,
                _ => self.bump(),
            }
        }
    }

    fn member(&mut self, class: &mut Class) {
        if self.eat_op(";") {
            return;
        }
        self.attributes();
        let is_static = self.modifiers();
        if self.eat_word("var") {
            let name = self.ident("the name of a field");
            let ty = self.eat_op(":").then(|| self.type_expr());
            return self.field(class, name, ty, is_static);
        }
        let own_name = class.name.parts.last().map(|part| part.text.clone());
        let constructor = matches!(self.tok(), Tok::Ident(text) if Some(text) == own_name.as_ref());
        if constructor && matches!(self.ahead(1), Tok::Op("(")) {
            let result = TypeExpr { kind: TypeKind::Void, span: self.span() };
            let name = self.ident("a constructor");
            return self.method(class, name, result, is_static);
        }
        let ty = self.type_expr();
        if self.lost {
            return;
        }
        if self.is_op("(") {
            let error = Diagnostic::error("no-result-type", ty.span, "a method needs the type of its result");
            self.fail(error.hint("write `void` in front when it has none"));
            return;
        }
        let name = self.ident("the name of a field or method");
        if self.lost {
            return;
        }
        if self.is_op("(") {
            self.method(class, name, ty, is_static)
        } else {
            self.field(class, name, Some(ty), is_static)
        }
    }

    fn field(&mut self, class: &mut Class, name: Ident, ty: Option<TypeExpr>, is_static: bool) {
        self.attributes();
        let init = self.eat_op("=").then(|| self.expr());
        if !self.lost {
            class.fields.push(Field { name, ty, is_static, init });
        }
        self.expect_op(";");
    }

    fn method(&mut self, class: &mut Class, name: Ident, result: TypeExpr, is_static: bool) {
        let params = self.params();
        let mut ordinal = None;
        if !self.lost && self.eat_op("[") {
            let span = self.span();
            match self.tok() {
                Tok::Int(value) => ordinal = Some((*value as u32, span)),
                _ => self.expected("the ordinal of the method, a number"),
            }
            self.bump();
            self.expect_op("]");
        }
        self.attributes();
        if self.lost {
            return;
        }
        let body = if self.is_op("{") { Some(self.block()) } else { None };
        if body.is_none() && !self.eat_op(";") {
            self.expected("the body of the method, in braces");
        }
        let end = self.last_span();
        class.methods.push(Rc::new(Method { name, result, params, ordinal, is_static, body, end }));
    }

    fn params(&mut self) -> Vec<Param> {
        let mut params = Vec::new();
        self.expect_op("(");
        if self.eat_op(")") {
            return params;
        }
        while !self.lost {
            self.attributes();
            let param = if self.eat_word("var") {
                let name = self.ident("the name of a parameter");
                let ty = self.eat_op(":").then(|| self.type_expr());
                Param { name, ty }
            } else {
                let ty = self.type_expr();
                Param { ty: Some(ty), name: self.ident("the name of the parameter") }
            };
            self.attributes();
            params.push(param);
            if !self.eat_op(",") {
                break;
            }
        }
        if !self.lost && !self.eat_op(")") {
            self.expected("`,` or `)`");
        }
        params
    }

    pub(crate) fn type_expr(&mut self) -> TypeExpr {
        let start = self.span();
        self.eat_word("static");
        let kind = if self.eat_word("void") {
            TypeKind::Void
        } else if self.eat_op("*") {
            self.unary();
            TypeKind::Dynamic
        } else {
            TypeKind::Named(self.name())
        };
        let mut ty = TypeExpr { kind, span: start.to(self.last_span()) };
        while !self.lost && self.is_op("[") {
            self.bump();
            if self.eat_op("*") {
                self.unary();
            } else if !self.is_op("]") {
                if let Tok::Int(_) = self.tok() {
                    let error = Diagnostic::error("array-length", self.span(), "an array type has no length");
                    self.fail(error.hint("write `[]`: arrays grow by themselves"));
                    return ty;
                }
                self.name();
            }
            self.expect_op("]");
            ty = TypeExpr { span: start.to(self.last_span()), kind: TypeKind::Array(Box::new(ty)) };
            self.check_depth(ty_depth(&ty));
        }
        self.attributes();
        ty
    }

    /// Index of the token behind the type that may stand at token `at`.
    fn scan_type(&self, mut at: usize) -> Option<usize> {
        let tok = |at: usize| &self.toks[at.min(self.toks.len() - 1)].tok;
        if *tok(at) == Tok::Op(".") {
            at += 1;
            if !matches!(tok(at), Tok::Ident(_) | Tok::Word(_) | Tok::Str(_)) {
                return None;
            }
        } else if !matches!(tok(at), Tok::Ident(_)) {
            return None;
        }
        at += 1;
        while *tok(at) == Tok::Op(".") && matches!(tok(at + 1), Tok::Ident(_) | Tok::Word(_) | Tok::Str(_)) {
            at += 2;
        }
        while *tok(at) == Tok::Op("[") && *tok(at + 1) == Tok::Op("]") {
            at += 2;
        }
        Some(at)
    }
}

fn ty_depth(ty: &TypeExpr) -> usize {
    let (mut depth, mut ty) = (0, ty);
    while let TypeKind::Array(inner) = &ty.kind {
        depth += 1;
        ty = inner;
    }
    depth
}
