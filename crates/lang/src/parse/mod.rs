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

/// Classes in classes, at most.
const NESTED_MAX: usize = 16;

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
    /// For each opening round bracket the token that closes it; 0 when nothing does.
    closes: Vec<u32>,
    /// Name of the class whose members are being read.
    outer: Vec<Ident>,
    /// Classes that stand in others, under the name `outer.inner`.
    nested: Vec<Class>,
}

/// Reads a file.
pub(crate) fn file(text: &str, file: u32, sink: &mut Sink) -> File {
    let before = sink.list.len();
    let toks = tokens(text, file, sink);
    let unread = sink.list[before..].iter().map(|diagnostic| diagnostic.span().start).collect();
    Parser::new(text, unread, toks, sink).file()
}

/// For each opening round bracket the index of its closing one.
fn closing(toks: &[Token]) -> Vec<u32> {
    let mut closes = alloc::vec![0; toks.len()];
    let mut open = Vec::new();
    for (index, token) in toks.iter().enumerate() {
        match token.tok {
            Tok::Op("(" | "[" | "{") => open.push(index),
            Tok::Op(")" | "]" | "}") => {
                let Some(start) = open.pop() else { continue };
                if toks[start].tok == Tok::Op("(") && token.tok == Tok::Op(")") {
                    closes[start] = index as u32;
                }
            }
            _ => {}
        }
    }
    closes
}

/// The token as messages show it.
fn shown(tok: &Tok) -> String {
    match tok {
        Tok::Ident(text) => format!("`{text}`"),
        Tok::Op("}$") => "`}`".into(),
        Tok::Word(text) | Tok::Op(text) => format!("`{text}`"),
        Tok::Int(_) | Tok::IntMin | Tok::Long(_) | Tok::LongMin | Tok::Float(_) | Tok::Double(_) => {
            "a number".into()
        }
        Tok::Str(_) | Tok::TextStart | Tok::TextEnd => "a string".into(),
        Tok::Format(_) => "a format".into(),
        Tok::End => "the end of the file".into(),
    }
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, unread: Vec<u32>, toks: Vec<Token>, sink: &'a mut Sink) -> Self {
        let closes = closing(&toks);
        Parser {
            text,
            unread,
            toks,
            at: 0,
            sink,
            lost: false,
            stopped: false,
            depth: 0,
            height: 0,
            closes,
            outer: Vec::new(),
            nested: Vec::new(),
        }
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
    /// Whether a name with this text stands here: a word that is reserved only in some places.
    fn is_ident(&self, word: &str) -> bool {
        matches!(self.tok(), Tok::Ident(text) if **text == *word)
    }
    /// The token behind the round bracket that closes the one at a token.
    fn behind_bracket(&self, open: usize) -> Option<&Tok> {
        let close = self.closes.get(open).copied().filter(|close| *close > 0)? as usize;
        self.toks.get(close + 1).map(|token| &token.tok)
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
            if self.is_class() {
                let class = self.class();
                file.classes.push(Rc::new(class));
                self.take_nested(file);
                self.eat_op(";");
            } else {
                self.expected("`package`, `import`, `class` or `interface`");
            }
        }
    }

    fn is_class(&self) -> bool {
        let is_enum = self.is_ident("enum") && matches!(self.ahead(1), Tok::Ident(_));
        is_enum || self.is_word("class") || self.is_word("interface")
    }

    /// Classes that stand in others are classes of the file named `outer.inner`, which it knows by `inner` as if it
    /// imported them.
    fn take_nested(&mut self, file: &mut File) {
        for class in core::mem::take(&mut self.nested) {
            let mut parts = file.package.as_ref().map_or_else(Vec::new, |package| package.parts.clone());
            parts.extend(class.name.parts.iter().cloned());
            let own = |name: &Name| name.parts.last().map(|part| part.text.clone());
            if let Some(other) = file.classes.iter().find(|other| own(&other.name) == own(&class.name)) {
                let message = "classes of one file that stand in others have different names";
                let error = Diagnostic::error("duplicate-class", class.name.span, message);
                self.sink.push(error.also(other.name.span, "the other is here").hint("rename one of them"));
            }
            file.imports.insert(0, Name { absolute: false, parts, span: class.name.span });
            file.classes.push(Rc::new(class));
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

    /// Reads `public`, `private`, `protected`, `static`, `final`, `const`, `synchronized`.
    fn modifiers(&mut self) -> Modifiers {
        let mut modifiers = Modifiers::default();
        loop {
            match self.tok() {
                Tok::Word("static") => modifiers.is_static = true,
                Tok::Word("public") => modifiers.access = Access::Public,
                Tok::Ident(word) if self.modifies() => match &**word {
                    "private" => modifiers.access = Access::Private,
                    "protected" => modifiers.access = Access::Protected,
                    "final" => modifiers.is_final = true,
                    "const" => (modifiers.is_static, modifiers.is_final) = (true, true),
                    "synchronized" => modifiers.synchronized = true,
                    _ => return modifiers,
                },
                _ => return modifiers,
            }
            self.bump();
        }
    }

    /// Whether the name here could stand in front of a member: something else than a name follows that it could end.
    fn modifies(&self) -> bool {
        match self.ahead(1) {
            Tok::Op("(") => matches!(self.behind_bracket(self.at + 1), Some(Tok::Op("=>" | "["))),
            Tok::Op("=" | ";" | "," | ")") => false,
            _ => true,
        }
    }

    /// `<T, U extends bound>`, when it is there.
    fn type_params(&mut self) -> Vec<TypeParam> {
        let mut params = Vec::new();
        if !self.eat_op("<") {
            return params;
        }
        while !self.lost {
            let name = self.ident("the name of a type parameter");
            let bound = (!self.lost && self.eat_word("extends")).then(|| self.type_expr());
            params.push(TypeParam { name, bound });
            if !self.eat_op(",") {
                break;
            }
        }
        self.close_angle();
        params
    }
    /// Reads `>`, which may be the beginning of a longer token.
    fn close_angle(&mut self) {
        let rest = match self.tok() {
            Tok::Op(">>") => ">",
            Tok::Op(">>>") => ">>",
            Tok::Op(">=") => "=",
            Tok::Op(">>=") => ">=",
            Tok::Op(">>>=") => ">>=",
            _ => {
                if !self.lost {
                    self.expect_op(">");
                }
                return;
            }
        };
        let token = &mut self.toks[self.at];
        token.tok = Tok::Op(rest);
        token.span.start += 1;
    }

    fn class(&mut self) -> Class {
        let sort = match self.tok() {
            Tok::Word("interface") => Sort::Interface,
            Tok::Word(_) => Sort::Class,
            _ => Sort::Enum,
        };
        self.bump();
        let mut name = self.name();
        name.parts.splice(0..0, self.outer.iter().cloned());
        let outer = core::mem::replace(&mut self.outer, name.parts.clone());
        let params = if self.lost { Vec::new() } else { self.type_params() };
        self.attributes();
        let (mut extends, mut implements) = (None::<TypeExpr>, Vec::new());
        while !self.lost {
            if self.eat_word("extends") {
                let parent = self.type_expr();
                if sort == Sort::Interface {
                    implements.push(parent);
                    while self.eat_op(",") {
                        implements.push(self.type_expr());
                    }
                } else if let Some(first) = extends.take() {
                    let message = "a class has one parent";
                    let error = Diagnostic::error("second-parent", self.last_span(), message);
                    let hint = "declare further ones as interfaces and name them behind `implements`";
                    self.sink.push(error.also(first.span, "the first is here").hint(hint));
                    extends = Some(first);
                } else {
                    extends = Some(parent);
                }
            } else if self.eat_word("implements") {
                implements.push(self.type_expr());
                while self.eat_op(",") {
                    implements.push(self.type_expr());
                }
            } else {
                break;
            }
        }
        let mut class = Class {
            name,
            sort,
            params,
            extends,
            implements,
            constants: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
            initialisers: Vec::new(),
        };
        if self.expect_op("{") {
            if sort == Sort::Enum {
                self.constants(&mut class);
            }
            self.members(&mut class);
            if sort == Sort::Enum {
                self.enum_members(&mut class);
            }
        }
        self.outer = outer;
        class
    }

    /// `RED, GREEN(1);` at the head of an enum.
    fn constants(&mut self, class: &mut Class) {
        while matches!(self.tok(), Tok::Ident(_)) && !self.lost {
            let name = self.ident("the name of a value");
            let mut height = 0;
            let args = if self.is_op("(") { self.args(&mut height) } else { Vec::new() };
            class.constants.push(Constant { name, args });
            if !self.eat_op(",") {
                break;
            }
        }
        if !self.lost && !self.is_op("}") && !self.eat_op(";") {
            let message = format!("expected `,`, `;` or `}}` behind a value, found {}", shown(self.tok()));
            self.fail(Diagnostic::error("syntax", self.span(), message));
        }
    }

    /// What every enum has, as source text whose places are the name of the enum.
    fn enum_members(&mut self, class: &mut Class) {
        let Some(name) = class.name.parts.last().cloned() else { return };
        let mut text = String::from(
            "private final string $name; private final int $ordinal; string name() { return $name; } \
             int ordinal() { return $ordinal; } string toString() { return $name; } ",
        );
        let own = &name.text;
        text += &format!("static {own}[] values() {{ var $all = new {own}[]();");
        for constant in &class.constants {
            text += &format!("$all.add({});", constant.name.text);
        }
        text += &format!("return $all; }} static {own} valueOf(string $text) {{");
        for constant in &class.constants {
            text += &format!("if ($text == \"{0}\") return {0};", constant.name.text);
        }
        text += &format!("throw \"the enum {own} has no value \" + $text; }}");
        let mut sink = Sink::default();
        let mut toks = tokens(&text, name.span.file, &mut sink);
        toks.iter_mut().for_each(|token| token.span = name.span);
        let mut made = Class { fields: Vec::new(), methods: Vec::new(), ..class.clone() };
        let mut parser = Parser::new("", Vec::new(), toks, &mut sink);
        while !parser.at_end() && !parser.lost {
            parser.member(&mut made);
        }
        let declared = |method: &Rc<Method>| {
            class
                .methods
                .iter()
                .any(|own| own.name.text == method.name.text && own.params.len() == method.params.len())
        };
        made.methods.retain(|method| !declared(method));
        class.fields.append(&mut made.fields);
        class.methods.append(&mut made.methods);
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
        let modifiers = self.modifiers();
        if self.is_class() {
            if self.outer.len() > NESTED_MAX {
                let message = format!("classes are nested deeper than {NESTED_MAX} levels here");
                return self.fail(Diagnostic::error("too-deep", self.span(), message));
            }
            let inner = self.class();
            self.nested.push(inner);
            return;
        }
        if modifiers == (Modifiers { is_static: true, ..Modifiers::default() }) && self.is_op("{") {
            let block = self.block();
            class.initialisers.push((class.fields.len(), block));
            return;
        }
        if self.eat_word("var") {
            let name = self.ident("the name of a field");
            let ty = self.eat_op(":").then(|| self.type_expr());
            return self.field(class, name, ty, modifiers);
        }
        if modifiers.is_final && matches!((self.tok(), self.ahead(1)), (Tok::Ident(_), Tok::Op("="))) {
            let name = self.ident("the name of a field");
            return self.field(class, name, None, modifiers);
        }
        let own_name = class.name.parts.last().map(|part| part.text.clone());
        let constructor = matches!(self.tok(), Tok::Ident(text) if Some(text) == own_name.as_ref());
        if constructor && matches!(self.ahead(1), Tok::Op("(")) {
            let result = TypeExpr { kind: TypeKind::Void, span: self.span() };
            let name = self.ident("a constructor");
            return self.method(class, name, result, modifiers);
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
        if self.is_op("(") || self.is_op("<") {
            self.method(class, name, ty, modifiers)
        } else {
            self.field(class, name, Some(ty), modifiers)
        }
    }

    fn field(&mut self, class: &mut Class, name: Ident, ty: Option<TypeExpr>, modifiers: Modifiers) {
        self.attributes();
        let init = self.eat_op("=").then(|| self.expr());
        if !self.lost {
            class.fields.push(Field { name, ty, modifiers, init });
        }
        self.expect_op(";");
    }

    fn method(&mut self, class: &mut Class, name: Ident, result: TypeExpr, modifiers: Modifiers) {
        let type_params = self.type_params();
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
        let method = Method { name, result, type_params, params, ordinal, modifiers, body, end };
        class.methods.push(Rc::new(method));
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
        } else if self.is_op("(") {
            self.deeper(Self::function_type)
        } else {
            let name = self.name();
            TypeKind::Named(name, self.type_args())
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

    /// `(int, string) => int`, or a type in brackets.
    fn function_type(&mut self) -> TypeKind {
        self.bump();
        let mut params = Vec::new();
        if !self.eat_op(")") {
            while !self.lost {
                params.push(self.type_expr());
                if !self.eat_op(",") {
                    break;
                }
            }
            if !self.lost {
                self.expect_op(")");
            }
        }
        if params.len() == 1 && !self.is_op("=>") {
            return params.remove(0).kind;
        }
        if !self.lost {
            self.expect_op("=>");
        }
        let result = if self.lost {
            TypeExpr { kind: TypeKind::Void, span: self.last_span() }
        } else {
            self.type_expr()
        };
        TypeKind::Function(params, Box::new(result))
    }

    /// The types in angle brackets behind a name, when they are some.
    fn type_args(&mut self) -> Vec<TypeExpr> {
        let mut args = Vec::new();
        if !self.is_op("<") || self.scan_args(self.at, TYPE_DEPTH_MAX).is_none() {
            return args;
        }
        self.bump();
        while !self.lost {
            let arg = self.deeper(Self::type_expr);
            args.push(arg);
            if !self.eat_op(",") {
                break;
            }
        }
        self.close_angle();
        args
    }

    /// Index of the token behind the type that may stand at token `at`.
    fn scan_type(&self, at: usize) -> Option<usize> {
        self.scan_type_in(at, TYPE_DEPTH_MAX).filter(|(_, open)| *open == 0).map(|(at, _)| at)
    }

    /// The same for one inside of others, with the number of `>` at its end that close something outside.
    fn scan_type_in(&self, at: usize, depth: usize) -> Option<(usize, usize)> {
        let tok = |at: usize| &self.toks[at.min(self.toks.len() - 1)].tok;
        let depth = depth.checked_sub(1)?;
        let (mut at, mut closed) = (at, 0);
        match tok(at) {
            Tok::Op("(") => {
                at += 1;
                let mut count = 0;
                while *tok(at) != Tok::Op(")") {
                    let (behind, open) = self.scan_type_in(at, depth)?;
                    if open > 0 {
                        return None;
                    }
                    count += 1;
                    at = behind + usize::from(*tok(behind) == Tok::Op(","));
                    if at == behind && *tok(at) != Tok::Op(")") {
                        return None;
                    }
                }
                at += 1;
                if *tok(at) == Tok::Op("=>") {
                    return self.scan_type_in(at + 1, depth);
                }
                if count != 1 {
                    return None;
                }
            }
            Tok::Word("void") => at += 1,
            Tok::Op(".") if !matches!(tok(at + 1), Tok::Ident(_) | Tok::Word(_) | Tok::Str(_)) => {
                return None;
            }
            Tok::Ident(_) | Tok::Op(".") => {
                at += 1 + usize::from(*tok(at) == Tok::Op("."));
                while *tok(at) == Tok::Op(".")
                    && matches!(tok(at + 1), Tok::Ident(_) | Tok::Word(_) | Tok::Str(_))
                {
                    at += 2;
                }
                if *tok(at) == Tok::Op("<")
                    && let Some((behind, open)) = self.scan_args(at, depth)
                {
                    (at, closed) = (behind, open);
                }
            }
            _ => return None,
        }
        while closed == 0 && *tok(at) == Tok::Op("[") && *tok(at + 1) == Tok::Op("]") {
            at += 2;
        }
        Some((at, closed))
    }

    /// Behind `<type, type>` at a token, with the number of further `>` in its last token.
    fn scan_args(&self, mut at: usize, depth: usize) -> Option<(usize, usize)> {
        loop {
            let (behind, open) = self.scan_type_in(at + 1, depth)?;
            at = behind;
            if open > 0 {
                return Some((at, open - 1));
            }
            match &self.toks[at.min(self.toks.len() - 1)].tok {
                Tok::Op(",") => {}
                Tok::Op(">") => return Some((at + 1, 0)),
                Tok::Op(">>") => return Some((at + 1, 1)),
                Tok::Op(">>>") => return Some((at + 1, 2)),
                _ => return None,
            }
        }
    }
}

/// Deepest nesting of types that is looked for ahead.
const TYPE_DEPTH_MAX: usize = 24;

fn ty_depth(ty: &TypeExpr) -> usize {
    let (mut depth, mut ty) = (0, ty);
    while let TypeKind::Array(inner) = &ty.kind {
        depth += 1;
        ty = inner;
    }
    depth
}
