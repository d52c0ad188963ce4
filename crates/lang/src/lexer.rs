//! Source text to tokens: longest match, comments dropped, numbers and escapes read.
//!
//! Never gives up: what is no token is reported and skipped.

use crate::diagnostic::{Diagnostic, Sink, Span};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// A token without its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Ident(Rc<str>),
    /// A reserved word.
    Word(&'static str),
    Int(i32),
    /// `2147483648`, which only a minus makes an int.
    IntMin,
    Long(i64),
    LongMin,
    Float(f32),
    Double(f64),
    Str(Rc<str>),
    /// A string with expressions in it begins: strings and `${` … `}$` follow up to [`Tok::TextEnd`].
    TextStart,
    TextEnd,
    /// The format behind the colon in `${x:8.2}`.
    Format(Rc<str>),
    /// An operator or bracket.
    Op(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) span: Span,
}

/// Reserved words; after a dot they are names like others.
pub(crate) const WORDS: &[&str] = &[
    "package",
    "import",
    "class",
    "interface",
    "public",
    "static",
    "extends",
    "implements",
    "attribute",
    "if",
    "else",
    "while",
    "do",
    "for",
    "foreach",
    "in",
    "return",
    "switch",
    "case",
    "default",
    "break",
    "continue",
    "try",
    "catch",
    "finally",
    "throw",
    "var",
    "void",
    "null",
    "new",
    "this",
    "true",
    "false",
];

/// Words that are reserved only where they mean something: elsewhere they are names, as they were in the original.
pub(crate) const CONTEXTUAL: &[&str] =
    &["assert", "const", "enum", "final", "instanceof", "private", "protected", "super", "synchronized"];

/// Operators and brackets, longer ones before their beginnings.
const OPS: &[&str] = &[
    ">>>=", ":==", ":!=", "<<=", ">>=", ">>>", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=",
    "*=", "/=", "%=", "&=", "|=", "^=", ".=", "<<", ">>", "->", "=>", "??", "?.", "..", "+", "-", "*", "/",
    "%", "&", "|", "^", "~", "!", "<", ">", "=", "?", ":", ";", ",", ".", "(", ")", "[", "]", "{", "}", "@",
];

struct Lexer<'a> {
    text: &'a str,
    file: u32,
    at: usize,
    out: Vec<Token>,
    /// Depth of strings in expressions in strings.
    nesting: usize,
    sink: &'a mut Sink,
}

/// Deepest nesting of strings in the expressions of strings.
const NESTING_MAX: usize = 16;

/// The tokens of a file; the last is [`Tok::End`].
pub(crate) fn tokens(text: &str, file: u32, sink: &mut Sink) -> Vec<Token> {
    let mut lexer = Lexer { text, file, at: 0, out: Vec::new(), nesting: 0, sink };
    if text.starts_with('\u{feff}') {
        lexer.at = 3;
    }
    while lexer.skip_blank() {
        lexer.token();
    }
    let end = Span { file, start: text.len() as u32, end: text.len() as u32 };
    lexer.out.push(Token { tok: Tok::End, span: end });
    lexer.out
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }
    fn span(&self, start: usize) -> Span {
        Span { file: self.file, start: start as u32, end: self.at as u32 }
    }
    fn push(&mut self, start: usize, tok: Tok) {
        let span = self.span(start);
        self.out.push(Token { tok, span });
    }

    /// Skips blanks and comments; whether anything is left.
    fn skip_blank(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(inside) = rest.strip_prefix("/*") {
                let start = self.at;
                let length = inside.find("*/").map(|length| length + 4);
                self.at += length.unwrap_or(rest.len());
                if length.is_none() {
                    let span = Span { file: self.file, start: start as u32, end: start as u32 + 2 };
                    let message = "a comment begins here and never ends";
                    self.sink.push(Diagnostic::error("open-comment", span, message).hint("end it with `*/`"));
                }
            } else {
                return !rest.is_empty();
            }
        }
    }

    fn token(&mut self) {
        let start = self.at;
        match self.peek() {
            Some('"') => self.string(),
            Some('\'') => self.character(),
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' || c == '$' => self.word(),
            Some(c) => {
                if let Some(op) = OPS.iter().find(|op| self.rest().starts_with(**op)) {
                    // `a ?.5 : b` has a fraction behind its question mark.
                    let fraction = *op == "?." && self.rest()[2..].starts_with(|c: char| c.is_ascii_digit());
                    let op = if fraction { &"?" } else { op };
                    self.at += op.len();
                    self.push(start, Tok::Op(op));
                } else {
                    self.bump();
                    let span = self.span(start);
                    self.sink.error(
                        "bad-character",
                        span,
                        format!("`{}` means nothing here", c.escape_debug()),
                    );
                }
            }
            None => {}
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            self.bump();
        }
        let text = &self.text[start..self.at];
        let tok = WORDS
            .iter()
            .find(|word| **word == text)
            .map_or_else(|| Tok::Ident(text.into()), |w| Tok::Word(w));
        self.push(start, tok);
    }

    fn number(&mut self) {
        let start = self.at;
        // `obj.16(x)`: what follows a dot is an ordinal and never a fraction.
        let after_dot = matches!(self.out.last(), Some(Token { tok: Tok::Op("."), .. }));
        let hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        if hex {
            self.at += 2;
        }
        self.digits(hex);
        let mut fraction = false;
        if !hex && !after_dot {
            let mut ahead = self.rest().chars();
            if ahead.next() == Some('.') && ahead.next().is_some_and(|c| c.is_ascii_digit()) {
                fraction = true;
                self.bump();
                self.digits(false);
            }
            fraction |= self.exponent();
        }
        let digits: String = self.text[start..self.at].chars().filter(|c| *c != '_').collect();
        let suffix = self.peek().filter(|c| if hex { "lL" } else { "lLfFdD" }.contains(*c));
        if suffix.is_some() {
            self.bump();
        }
        let tok = match suffix {
            Some('f' | 'F') => digits.parse().ok().map(Tok::Float),
            Some('d' | 'D') => digits.parse().ok().map(Tok::Double),
            Some(_) if !fraction => integer(&digits, hex, true),
            None if fraction => digits.parse().ok().map(Tok::Double),
            None => integer(&digits, hex, false),
            Some(_) => None,
        };
        let span = self.span(start);
        if self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            let tail = self.at;
            while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                self.bump();
            }
            let span = self.span(tail);
            let error = Diagnostic::error("bad-number", span, "a number ends in letters that mean nothing");
            self.sink.push(error.hint("the suffixes are L (long), f (float) and d (double)"));
        } else if tok.is_none() {
            let error = Diagnostic::error("bad-number", span, format!("`{digits}` does not fit"));
            let hint = "an int has 32 bits, a long (`123L`) has 64";
            self.sink.push(error.hint(hint));
        }
        self.push(start, tok.unwrap_or(Tok::Int(0)));
    }

    fn digits(&mut self, hex: bool) {
        let wanted = |c: char| c == '_' || if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        while self.peek().is_some_and(wanted) {
            self.bump();
        }
    }

    fn exponent(&mut self) -> bool {
        let rest = self.rest();
        if !rest.starts_with(['e', 'E']) {
            return false;
        }
        let sign = usize::from(rest[1..].starts_with(['+', '-']));
        if !rest[1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        self.at += 1 + sign;
        self.digits(false);
        true
    }

    fn string(&mut self) {
        let start = self.at;
        self.bump();
        let mut text = String::new();
        let mut part = start;
        let mut template = false;
        loop {
            match self.peek() {
                Some('$') if self.rest().starts_with("${") && self.nesting < NESTING_MAX => {
                    if !template {
                        self.push(start, Tok::TextStart);
                    }
                    template = true;
                    self.push(part, Tok::Str(core::mem::take(&mut text).into()));
                    if !self.embedded() {
                        self.push(self.at, Tok::TextEnd);
                        return;
                    }
                    part = self.at;
                }
                Some('"') => {
                    self.bump();
                    break;
                }
                None | Some('\n') => {
                    let span = self.span(start);
                    let error = Diagnostic::error(
                        "open-string",
                        span,
                        "a string begins here and does not end on its line",
                    );
                    self.sink.push(error.hint("end it with `\"`; a line end inside is written `\\n`"));
                    break;
                }
                Some('\\') => text.extend(self.escape()),
                Some(c) => {
                    self.bump();
                    text.push(c);
                }
            }
        }
        if template {
            self.push(part, Tok::Str(text.into()));
            self.push(self.at, Tok::TextEnd);
        } else {
            self.push(start, Tok::Str(text.into()));
        }
    }

    /// Reads `${expression}` or `${expression:format}` in a string; whether it ends on its line.
    fn embedded(&mut self) -> bool {
        let start = self.at;
        self.at += 2;
        self.push(start, Tok::Op("${"));
        self.nesting += 1;
        let (mut depth, mut questions) = (0usize, 0usize);
        let closed = loop {
            let before = self.at;
            let more = self.skip_blank();
            if !more || self.text[before..self.at].contains('\n') {
                break false;
            }
            let rest = self.rest();
            if depth == 0 && rest.starts_with('}') {
                break true;
            }
            if depth == 0 && questions == 0 && rest.starts_with(':') && !rest.starts_with(":=") {
                let length = rest.find(['}', '"', '\n']).unwrap_or(rest.len());
                let (from, format) = (self.at, rest[1..length].into());
                self.at += length;
                self.push(from, Tok::Format(format));
                continue;
            }
            let first = self.out.len();
            self.token();
            for token in &self.out[first..] {
                match token.tok {
                    Tok::Op("(" | "[" | "{") => depth += 1,
                    Tok::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
                    Tok::Op("?") if depth == 0 => questions += 1,
                    Tok::Op(":") if depth == 0 => questions = questions.saturating_sub(1),
                    _ => {}
                }
            }
        };
        self.nesting -= 1;
        let at = self.at;
        if closed {
            self.bump();
        } else {
            let span = Span { file: self.file, start: start as u32, end: start as u32 + 2 };
            let message = "an expression in a string begins here and does not end on its line";
            let error = Diagnostic::error("open-expression", span, message);
            self.sink.push(error.hint("end it with `}`; a `${` that means itself is written `\\${`"));
        }
        self.push(at, Tok::Op("}$"));
        closed
    }

    fn character(&mut self) {
        let start = self.at;
        self.bump();
        let value = match self.peek() {
            Some('\\') => self.escape(),
            Some(c) if c != '\n' && c != '\'' => self.bump(),
            _ => None,
        };
        if self.peek() == Some('\'') && value.is_some() {
            self.bump();
        } else {
            let rest = self.rest();
            let line = rest.find('\n').unwrap_or(rest.len());
            self.at += rest[..line].find('\'').map_or(0, |quote| quote + 1);
            let span = self.span(start);
            let error =
                Diagnostic::error("bad-char-literal", span, "a character literal holds one character");
            self.sink.push(error.hint("write `'a'`; text of several characters is a string, in `\"`"));
        }
        self.push(start, Tok::Int(value.map_or(0, |c| c as i32)));
    }

    /// Reads `\x`; the character that it means.
    fn escape(&mut self) -> Option<char> {
        let start = self.at;
        self.bump();
        let c = self.peek().filter(|c| *c != '\n')?;
        self.bump();
        let plain = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{7}',
            'f' => '\u{c}',
            'e' => '\u{1b}',
            '0' => '\0',
            '"' | '\'' | '\\' | '/' | '$' => c,
            'u' => return self.unicode(start),
            'x' => {
                let digits: String =
                    self.rest().chars().take(2).take_while(char::is_ascii_hexdigit).collect();
                self.at += digits.len();
                return self.code_point(start, &digits);
            }
            _ => {
                let span = self.span(start);
                let error =
                    Diagnostic::error("bad-escape", span, format!("the escape `\\{c}` means nothing"));
                let hint = "escapes are \\n \\r \\t \\b \\f \\e \\0 \\\\ \\\" \\' \\$ \\x41 and \\u{1F600}";
                self.sink.push(error.hint(hint));
                return None;
            }
        };
        Some(plain)
    }

    fn unicode(&mut self, start: usize) -> Option<char> {
        let braced = self.rest().starts_with('{');
        if braced {
            self.bump();
        }
        let most = if braced { 8 } else { 4 };
        let digits: String = self.rest().chars().take(most).take_while(char::is_ascii_hexdigit).collect();
        self.at += digits.len();
        if braced && self.peek() == Some('}') {
            self.bump();
        }
        self.code_point(start, &digits)
    }

    fn code_point(&mut self, start: usize, digits: &str) -> Option<char> {
        let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        if c.is_none() {
            let span = self.span(start);
            let error = Diagnostic::error("bad-escape", span, "the escape is no Unicode character");
            self.sink.push(error.hint("write its number in hexadecimal: `\\u{1F600}`, `\\u0041`, `\\x41`"));
        }
        c
    }
}

fn integer(digits: &str, hex: bool, long: bool) -> Option<Tok> {
    let value = match digits.get(2..).filter(|_| hex) {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    match (hex, long) {
        // Hexadecimal numbers are bit patterns.
        (true, false) => u32::try_from(value).ok().map(|value| Tok::Int(value as i32)),
        (true, true) => Some(Tok::Long(value as i64)),
        (false, false) if value == 1 << 31 => Some(Tok::IntMin),
        (false, false) => i32::try_from(value).ok().map(Tok::Int),
        (false, true) if value == 1 << 63 => Some(Tok::LongMin),
        (false, true) => i64::try_from(value).ok().map(Tok::Long),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn check(text: &str, expected: &[Tok]) {
        let mut sink = Sink::default();
        let toks: Vec<Tok> = tokens(text, 0, &mut sink).into_iter().map(|token| token.tok).collect();
        assert_eq!(toks[..toks.len() - 1], *expected, "{text}");
        assert!(!sink.has_errors(), "{:?}", sink.list);
    }

    #[test]
    fn numbers() {
        check("0 12 0xFF 0xFFFFFFFF", &[Tok::Int(0), Tok::Int(12), Tok::Int(255), Tok::Int(-1)]);
        check("2147483648 5L 0xFFl", &[Tok::IntMin, Tok::Long(5), Tok::Long(255)]);
        check(
            "1.5 1.5f 2e3 3d 1_000",
            &[Tok::Double(1.5), Tok::Float(1.5), Tok::Double(2000.0), Tok::Double(3.0), Tok::Int(1000)],
        );
        check("'a' '\\n' '\\u{1F600}'", &[Tok::Int(97), Tok::Int(10), Tok::Int(0x1F600)]);
    }

    #[test]
    fn an_ordinal_is_no_fraction() {
        let id = |text: &str| Tok::Ident(text.into());
        check("o.16.x", &[id("o"), Tok::Op("."), Tok::Int(16), Tok::Op("."), id("x")]);
        check("1.x", &[Tok::Int(1), Tok::Op("."), id("x")]);
    }

    #[test]
    fn longest_operators_win() {
        let ops = "a:==b->!>>>=";
        let toks = tokens(ops, 0, &mut Sink::default());
        let texts: Vec<_> = toks.iter().map(|token| ops[token.span.range()].to_string()).collect();
        assert_eq!(texts, ["a", ":==", "b", "->", "!", ">>>=", ""]);
    }

    #[test]
    fn escapes() {
        check(r#""a\n\t\\\"\u{e9}\x41\b""#, &[Tok::Str("a\n\t\\\"é\u{41}\u{7}".into())]);
    }
}
