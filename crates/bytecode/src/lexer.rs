//! Assembler text to lines of tokens.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Bare: keyword, mnemonic, number, label, plain name; also `{` and `}`.
    Word(String),
    /// Quoted; never a keyword.
    Str(String),
    /// `x"00ff"`.
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What is wrong with assembler text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct AsmError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong and what to do.
    pub what: String,
}

/// Words that mean something where a name may stand too, so a name like them is quoted.
const KEYWORDS: &[&str] = &[
    "interface",
    "flags",
    "version",
    "super",
    "implements",
    "ordinal",
    "params",
    "value",
    "str",
    "class",
    "i32",
    "i64",
    "f32",
    "f64",
    "utf8",
    "field",
    "method",
    "name",
    "handle",
    "method_type",
    "call_site",
    "dynamic",
    "binary",
];

/// Whether a name needs no quotes.
pub(crate) fn is_bare(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with("//")
        && !name.starts_with('#')
        && !name.ends_with('\\')
        && name.chars().all(|c| !is_separator(c) && !matches!(c, '"' | '{' | '}') && !c.is_control())
        && !KEYWORDS.contains(&name)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == ','
}

/// A name in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The tokens of each line; lines that end in `\` are joined with the next one.
pub(crate) fn lines(text: &str, errors: &mut Vec<AsmError>) -> Vec<Vec<Token>> {
    let mut lines = Vec::new();
    let mut tokens = Vec::new();
    for (number, line) in (1u32..).zip(text.split('\n')) {
        let go_on = line_tokens(line.strip_suffix('\r').unwrap_or(line), number, &mut tokens, errors);
        if !go_on && !tokens.is_empty() {
            lines.push(core::mem::take(&mut tokens));
        }
    }
    if !tokens.is_empty() {
        lines.push(tokens);
    }
    lines
}

/// Whether the line goes on in the next one.
fn line_tokens(line: &str, number: u32, tokens: &mut Vec<Token>, errors: &mut Vec<AsmError>) -> bool {
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let column = start as u32 + 1;
        let mut add = |kind| tokens.push(Token { kind, line: number, column });
        match chars[at] {
            c if is_separator(c) => at += 1,
            '/' if chars.get(at + 1) == Some(&'/') => return false,
            '\\' if chars[at + 1..].iter().all(|c| c.is_whitespace()) => return true,
            c @ ('{' | '}') => {
                add(TokenKind::Word(c.to_string()));
                at += 1;
            }
            '"' => match string(&chars, &mut at) {
                Ok(text) => add(TokenKind::Str(text)),
                Err(what) => {
                    // A token in its place, so that only this error is shown.
                    add(TokenKind::Str(String::new()));
                    errors.push(AsmError { line: number, column: at as u32 + 1, what: what.into() });
                }
            },
            'x' if chars.get(at + 1) == Some(&'"') => {
                at += 1;
                match string(&chars, &mut at).and_then(|text| unhex(&text)) {
                    Ok(bytes) => add(TokenKind::Bytes(bytes)),
                    Err(what) => {
                        add(TokenKind::Bytes(Vec::new()));
                        errors.push(AsmError { line: number, column, what: what.into() });
                    }
                }
            }
            _ => {
                while at < chars.len() && !is_separator(chars[at]) && !matches!(chars[at], '"' | '{' | '}') {
                    at += 1;
                }
                add(TokenKind::Word(chars[start..at].iter().collect()));
            }
        }
    }
    false
}

fn unhex(text: &str) -> Result<Vec<u8>, &'static str> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => Err("bytes are written as pairs of hexadecimal digits: x\"00ff\""),
    }
}

/// Reads a quoted string that starts at `at`, which ends behind it, or at the end of the line after an error.
fn string(chars: &[char], at: &mut usize) -> Result<String, &'static str> {
    let mut text = String::new();
    let mut rest = chars[*at + 1..].iter().copied().enumerate();
    let begin = *at + 1;
    *at = chars.len();
    while let Some((i, c)) = rest.next() {
        match c {
            '"' => {
                *at = begin + i + 1;
                return Ok(text);
            }
            '\\' => match rest.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('0') => text.push('\0'),
                Some(c @ ('"' | '\\')) => text.push(c),
                Some('u') => {
                    let digits: String =
                        rest.by_ref().map(|(_, c)| c).skip(1).take_while(|c| *c != '}').collect();
                    let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    text.push(c.ok_or("`\\u{...}` holds the hexadecimal number of a character")?);
                }
                _ => return Err("only \\n \\r \\t \\0 \\\" \\\\ and \\u{...} may follow a backslash"),
            },
            c => text.push(c),
        }
    }
    Err("the string does not end on its line")
}
