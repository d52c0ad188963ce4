//! Text to module. The syntax is in `docs/formats/bytecode.md`.
//!
//! A statement is a line; an error leaves its line out and goes on, so that one run shows all of them.

use crate::builder::{PoolBuilder, frame_size};
use crate::desc::Descriptor;
use crate::lexer::{AsmError, Token, TokenKind, lines};
use crate::limits::{CODE_BYTES_MAX, ERRORS_MAX};
use crate::module::{
    Attribute, ClassDef, Code, Const, FieldDef, Flags, HandleKind, Handler, Language, Line, LocalName,
    MethodDef, Module,
};
use crate::op::{AddrKind, Elem, Insn, OPERANDS_MAX, Op, Operand, Rmw, Shape};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The module that the text describes; `locals` and `stack` are computed where the text leaves them out.
///
/// # Errors
/// All that is wrong with the text, up to [`ERRORS_MAX`], in order of lines. The module is not verified.
pub fn assemble(text: &str) -> Result<Module, Vec<AsmError>> {
    let mut errors = Vec::new();
    let lines = lines(text, &mut errors);
    let mut asm = Assembler { module: Module::default(), pool: PoolBuilder::new(), errors };
    let mut at = 0;
    while at < lines.len() {
        let mut cursor = Cursor::new(&lines[at]);
        at += 1;
        let done = match cursor.word() {
            Ok("class") => asm.class(&mut cursor).map(|mut class| {
                asm.class_body(&lines, &mut at, &mut class);
                asm.module.classes.push(class);
            }),
            Ok(keyword) => asm.head(keyword, &mut cursor),
            Err(error) => Err(error),
        };
        asm.note(done.and_then(|()| cursor.end()));
    }
    asm.errors.sort_by_key(|error| (error.line, error.column));
    asm.errors.truncate(ERRORS_MAX);
    if !asm.errors.is_empty() {
        return Err(asm.errors);
    }
    asm.module.pool = asm.pool.finish();
    Ok(asm.module)
}

type Parsed<T> = Result<T, AsmError>;

/// The tokens of a line, one after the other.
struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        Cursor { tokens, at: 0 }
    }
    /// An error at the token that was read last, or at the one to come at the start.
    fn error(&self, what: impl Into<String>) -> AsmError {
        let token = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last());
        let (line, column) = token.map_or((1, 1), |token| (token.line, token.column));
        AsmError { line, column, what: what.into() }
    }
    fn next(&mut self, wanted: &str) -> Parsed<&'a Token> {
        let token = self.tokens.get(self.at);
        let token = token.ok_or_else(|| self.error(format!("the line ends where {wanted} is expected")))?;
        self.at += 1;
        Ok(token)
    }
    fn end(&mut self) -> Parsed<()> {
        if self.at < self.tokens.len() {
            self.at += 1;
            return Err(self.error("nothing more is expected on this line"));
        }
        Ok(())
    }
    fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }
    fn peek_word(&self) -> Option<&'a str> {
        match &self.tokens.get(self.at)?.kind {
            TokenKind::Word(word) => Some(word),
            _ => None,
        }
    }
    fn take(&mut self, keyword: &str) -> bool {
        let found = self.peek_word() == Some(keyword);
        self.at += usize::from(found);
        found
    }
    fn word(&mut self) -> Parsed<&'a str> {
        match &self.next("a word")?.kind {
            TokenKind::Word(word) => Ok(word),
            _ => Err(self.error("a word without quotes is expected")),
        }
    }
    /// A name: bare or quoted.
    fn name(&mut self) -> Parsed<String> {
        match &self.next("a name")?.kind {
            TokenKind::Word(word) if word == "{" || word == "}" => Err(self.error("a name is expected")),
            TokenKind::Word(text) | TokenKind::Str(text) => Ok(text.clone()),
            TokenKind::Bytes(_) => Err(self.error("a name is expected")),
        }
    }
    fn string(&mut self) -> Parsed<String> {
        match &self.next("a string in quotes")?.kind {
            TokenKind::Str(text) => Ok(text.clone()),
            _ => Err(self.error("a string in quotes is expected")),
        }
    }
    fn bytes(&mut self) -> Parsed<Vec<u8>> {
        match &self.next("bytes")?.kind {
            TokenKind::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(self.error("bytes are expected, as x\"00ff\"")),
        }
    }
    /// A whole number in `low..=high`; hexadecimal ones may be given as the bits of a negative one.
    fn number(&mut self, low: i128, high: i128) -> Parsed<i64> {
        let word = self.word()?;
        let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
        let hex = digits.strip_prefix("0x");
        let (digits, radix) = hex.map_or((digits, 10), |digits| (digits, 16));
        // `from_str_radix` would accept a second sign.
        let value = match digits.bytes().next() {
            Some(first) if first.is_ascii_hexdigit() => i128::from_str_radix(digits, radix).ok(),
            _ => None,
        };
        let value = value.ok_or_else(|| self.error(format!("`{word}` is no whole number")))?;
        let value = if negative { -value } else { value };
        let bits = hex.is_some() && low < 0 && value > high && value <= 2 * high + 1;
        let value = if bits { value - (2 * high + 2) } else { value };
        if value < low || value > high {
            return Err(self.error(format!("{word} is not between {low} and {high}")));
        }
        Ok(value as u64 as i64)
    }
    fn u32(&mut self) -> Parsed<u32> {
        self.number(0, i128::from(u32::MAX)).map(|value| value as u32)
    }
    fn u16(&mut self) -> Parsed<u16> {
        self.number(0, i128::from(u16::MAX)).map(|value| value as u16)
    }
    fn float(&mut self, exponent_bits: u32, parse: fn(&str) -> Option<u64>) -> Parsed<u64> {
        let word = self.word()?;
        let most = if exponent_bits == 8 { u64::from(u32::MAX) } else { u64::MAX };
        let parsed = match word.strip_prefix("nan:0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().filter(|bits| *bits <= most),
            None => parse(word),
        };
        parsed.ok_or_else(|| self.error(format!("`{word}` is no number; NaNs are written nan:0x...")))
    }
    fn f32(&mut self) -> Parsed<u64> {
        self.float(8, |word| word.parse::<f32>().ok().map(|value| u64::from(value.to_bits())))
    }
    fn f64(&mut self) -> Parsed<u64> {
        self.float(11, |word| word.parse::<f64>().ok().map(f64::to_bits))
    }
    /// An index `#n`, when one comes.
    fn index(&mut self) -> Parsed<Option<u32>> {
        let Some(digits) = self.peek_word().and_then(|word| word.strip_prefix('#')) else { return Ok(None) };
        self.at += 1;
        let index = digits.parse().map_err(|_| self.error("a constant is written #n"))?;
        Ok(Some(index))
    }
    fn need_index(&mut self) -> Parsed<u32> {
        let found = self.index()?;
        found.ok_or_else(|| {
            self.at += 1;
            self.error("a constant is expected here, as #n")
        })
    }
    fn choice<T>(&mut self, what: &str, find: fn(&str) -> Option<T>) -> Parsed<T> {
        let word = self.word()?;
        find(word).ok_or_else(|| self.error(format!("`{word}` is no {what}")))
    }
    fn flags(&mut self) -> Parsed<Flags> {
        let mut flags = Flags::NONE;
        if !self.take("flags") {
            return Ok(flags);
        }
        while let Some(word) = self.peek_word() {
            if let Some((flag, _)) = Flags::NAMES.iter().find(|(_, name)| *name == word) {
                flags |= *flag;
                self.at += 1;
            } else if word.starts_with("0x") {
                flags |= Flags(self.u32()?);
            } else {
                break;
            }
        }
        Ok(flags)
    }
}

struct Assembler {
    module: Module,
    pool: PoolBuilder,
    errors: Vec<AsmError>,
}

/// A place in code as it stands in the text.
enum Place {
    Label(String),
    Offset(i64),
}

/// A line, a handler or a name of a local, before labels are known.
struct Later<T> {
    item: T,
    places: Vec<(Place, AsmError)>,
}

#[derive(Default)]
struct Body {
    code: Code,
    locals: Option<u16>,
    stack: Option<u16>,
    raw: bool,
    insns: Vec<Later<Insn>>,
    keys: Vec<Vec<i64>>,
    labels: BTreeMap<String, u32>,
    handlers: Vec<Later<Handler>>,
    names: Vec<Later<LocalName>>,
    pc: u32,
}

impl Assembler {
    fn note(&mut self, result: Parsed<()>) {
        if let Err(error) = result
            && self.errors.len() < 4 * ERRORS_MAX
        {
            self.errors.push(error);
        }
    }

    fn head(&mut self, keyword: &str, cursor: &mut Cursor<'_>) -> Parsed<()> {
        match keyword {
            "module" => self.module.name = cursor.name()?,
            "language" => self.module.language = cursor.choice("source language", Language::from_name)?,
            "source" => self.module.source = Some(cursor.string()?),
            "source_hash" => self.module.source_hash = cursor.number(0, i128::from(u64::MAX))? as u64,
            "entry" => self.module.entry = Some(cursor.name()?),
            "const" => {
                let index = cursor.u32()?;
                let next = self.pool.constants().len() as u32;
                if index != next {
                    return Err(cursor.error(format!("constants are numbered in order: {next} comes next")));
                }
                if !cursor.take("=") {
                    return Err(cursor.error("`=` is expected after the number of a constant"));
                }
                let constant = self.constant(cursor)?;
                self.pool.push(constant);
            }
            _ => {
                return Err(cursor.error(format!(
                    "`{keyword}` starts nothing here; expected are module, language, source, source_hash, entry, \
                     const, class"
                )));
            }
        }
        Ok(())
    }

    fn constant(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Const> {
        let sort = cursor.word()?;
        Ok(match sort {
            "i32" => Const::I32(cursor.number(i128::from(i32::MIN), i128::from(i32::MAX))? as i32),
            "i64" => Const::I64(cursor.number(i128::from(i64::MIN), i128::from(i64::MAX))?),
            "f32" => Const::F32(cursor.f32()? as u32),
            "f64" => Const::F64(cursor.f64()?),
            "utf8" => Const::Utf8(cursor.string()?),
            "str" => Const::Str(cursor.string()?),
            "class" => Const::Class(cursor.name()?),
            "name" => Const::Name(cursor.name()?),
            "method_type" => Const::MethodType(cursor.name()?),
            "binary" => Const::Binary(cursor.bytes()?),
            "field" => Const::Field { class: cursor.name()?, name: cursor.name()?, desc: cursor.name()? },
            "method" => method_constant(cursor, false)?,
            "handle" => Const::Handle {
                kind: cursor.choice("kind of handle", HandleKind::from_name)?,
                target: cursor.need_index()?,
            },
            "call_site" | "dynamic" => {
                let (bootstrap, name, desc) = (cursor.need_index()?, cursor.name()?, cursor.name()?);
                let mut args = Vec::new();
                while !cursor.is_end() {
                    args.push(cursor.need_index()?);
                }
                if sort == "dynamic" {
                    Const::Dynamic { bootstrap, name, desc, args }
                } else {
                    Const::CallSite { bootstrap, name, desc, args }
                }
            }
            _ => return Err(cursor.error(format!("`{sort}` is no sort of constant"))),
        })
    }

    fn class(&mut self, cursor: &mut Cursor<'_>) -> Parsed<ClassDef> {
        let mut class = ClassDef { name: cursor.name()?, ..ClassDef::default() };
        if cursor.take("version") {
            class.version = cursor.u32()?;
        }
        if cursor.take("super") {
            class.super_name = Some(cursor.name()?);
        }
        if cursor.take("implements") {
            while !cursor.is_end() && !matches!(cursor.peek_word(), Some("flags" | "{")) {
                class.interfaces.push(cursor.name()?);
            }
        }
        class.flags = cursor.flags()?;
        if !cursor.take("{") {
            cursor.at += 1;
            return Err(
                cursor.error("`{` is expected, after name, version, super, implements, flags in this order")
            );
        }
        Ok(class)
    }

    fn class_body(&mut self, lines: &[Vec<Token>], at: &mut usize, class: &mut ClassDef) {
        while let Some(line) = lines.get(*at) {
            let mut cursor = Cursor::new(line);
            *at += 1;
            let done = match cursor.word() {
                Ok("}") => {
                    let end = cursor.end();
                    return self.note(end);
                }
                Ok("field") => self.field(&mut cursor).map(|field| class.fields.push(field)),
                Ok("attribute") => cursor.name().and_then(|name| {
                    class.attributes.push(Attribute { name, bytes: cursor.bytes()? });
                    Ok(())
                }),
                Ok("method") => self.method(lines, at, &mut cursor).map(|method| class.methods.push(method)),
                Ok(other) => Err(cursor.error(format!(
                    "`{other}` starts nothing here; expected are field, attribute, method, }}"
                ))),
                Err(error) => Err(error),
            };
            self.note(done.and_then(|()| cursor.end()));
        }
        let last = lines.last().map(Vec::as_slice).unwrap_or_default();
        self.note(Err(Cursor { tokens: last, at: last.len() }.error("the class has no `}`")));
    }

    fn field(&mut self, cursor: &mut Cursor<'_>) -> Parsed<FieldDef> {
        let (name, desc, flags) = (cursor.name()?, cursor.name()?, cursor.flags()?);
        let mut value = None;
        if cursor.take("value") {
            value = Some(match cursor.index()? {
                Some(index) => index,
                None => {
                    let constant = self.constant(cursor)?;
                    self.pool.intern(constant)
                }
            });
        }
        Ok(FieldDef { name, desc, flags, value })
    }

    fn method(&mut self, lines: &[Vec<Token>], at: &mut usize, cursor: &mut Cursor<'_>) -> Parsed<MethodDef> {
        let opens =
            matches!(cursor.tokens.last().map(|t| &t.kind), Some(TokenKind::Word(word)) if word == "{");
        let head = method_head(cursor);
        if !opens {
            return head;
        }
        // The body is read even when the head is wrong, so that its errors are shown too.
        let first = cursor.error("");
        let mut body = Body::default();
        let mut closed = false;
        while let Some(line) = lines.get(*at) {
            let mut inner = Cursor::new(line);
            *at += 1;
            if inner.take("}") {
                let end = inner.end();
                self.note(end);
                closed = true;
                break;
            }
            let done = self.statement(&mut inner, &mut body).and_then(|()| inner.end());
            self.note(done);
        }
        if !closed {
            self.note(Err(AsmError { what: "the method has no `}`".into(), ..first }));
        }
        let mut method = head?;
        method.code = Some(self.finish(body, &method));
        Ok(method)
    }

    fn statement(&mut self, cursor: &mut Cursor<'_>, body: &mut Body) -> Parsed<()> {
        let mut word = cursor.word()?;
        while let Some(label) = word.strip_suffix(':') {
            if body.labels.insert(label.into(), body.pc).is_some() {
                return Err(cursor.error(format!("the label `{label}` stands twice in the method")));
            }
            if cursor.is_end() {
                return Ok(());
            }
            word = cursor.word()?;
        }
        match word {
            "locals" => body.locals = Some(cursor.u16()?),
            "stack" => body.stack = Some(cursor.u16()?),
            "line" => {
                let line = cursor.u32()?;
                let pc = if cursor.is_end() { body.pc } else { offset(cursor)? as u32 };
                body.code.lines.push(Line { pc, line });
            }
            "bytes" => {
                if body.raw || !body.insns.is_empty() {
                    return Err(
                        cursor.error("`bytes` stands alone in a method, in place of its instructions")
                    );
                }
                body.code.bytes = cursor.bytes()?;
                body.raw = true;
            }
            "handler" => {
                let places = (0..3).map(|_| place(cursor)).collect::<Parsed<Vec<_>>>()?;
                let class = match (cursor.index()?, cursor.is_end()) {
                    (Some(index), _) => Some(index),
                    (None, true) => None,
                    (None, false) => Some(self.pool.intern(Const::Class(cursor.name()?))),
                };
                let item = Handler { start: 0, end: 0, target: 0, class };
                body.handlers.push(Later { item, places });
            }
            "name" => {
                let (local, name, desc) = (cursor.u16()?, cursor.name()?, cursor.name()?);
                let places = (0..2).map(|_| place(cursor)).collect::<Parsed<Vec<_>>>()?;
                body.names.push(Later { item: LocalName { start: 0, end: 0, local, name, desc }, places });
            }
            mnemonic => {
                let op = Op::from_mnemonic(mnemonic).ok_or_else(|| cursor.error(unknown(mnemonic)))?;
                if body.raw {
                    return Err(
                        cursor.error("`bytes` stands alone in a method, in place of its instructions")
                    );
                }
                self.instruction(op, cursor, body)?;
            }
        }
        Ok(())
    }

    fn instruction(&mut self, op: Op, cursor: &mut Cursor<'_>, body: &mut Body) -> Parsed<()> {
        let mut args = [0i64; OPERANDS_MAX];
        let mut places = Vec::new();
        let mut keys = Vec::new();
        for (slot, operand) in op.spec().operands.iter().enumerate() {
            args[slot] = match operand {
                Operand::I8 => cursor.number(-0x80, 0x7f)?,
                Operand::I16 => cursor.number(-0x8000, 0x7fff)?,
                Operand::I32 => cursor.number(i128::from(i32::MIN), i128::from(i32::MAX))?,
                Operand::I64 => cursor.number(i128::from(i64::MIN), i128::from(i64::MAX))?,
                Operand::U8 => cursor.number(0, 0xff)?,
                Operand::U16 | Operand::Local => cursor.number(0, 0xffff)?,
                Operand::U32 => cursor.number(0, i128::from(u32::MAX))?,
                Operand::F32 => cursor.f32()? as i64,
                Operand::F64 => cursor.f64()? as i64,
                Operand::Elem => cursor.choice("element kind", Elem::from_name)? as i64,
                Operand::AddrKind => cursor.choice("kind of address (a32, a64)", AddrKind::from_name)? as i64,
                Operand::Shape => cursor.choice("shape of an atomic access", Shape::from_name)? as i64,
                Operand::Rmw => cursor.choice("atomic operation", Rmw::from_name)? as i64,
                Operand::Target => {
                    places.push(place(cursor)?);
                    0
                }
                Operand::TableSwitch => {
                    places.push(place(cursor)?);
                    args[1] = cursor.number(i128::from(i32::MIN), i128::from(i32::MAX))?;
                    while !cursor.is_end() {
                        places.push(place(cursor)?);
                        keys.push(0);
                    }
                    0
                }
                Operand::LookupSwitch => {
                    places.push(place(cursor)?);
                    while !cursor.is_end() {
                        let key = cursor.number(i128::from(i32::MIN), i128::from(i32::MAX))?;
                        if keys.last().is_some_and(|last| *last >= key) {
                            return Err(cursor.error("the keys of `lookup_switch` must ascend"));
                        }
                        keys.push(key);
                        places.push(place(cursor)?);
                    }
                    0
                }
                pool => i64::from(self.pool_operand(op, *pool, cursor)?),
            };
        }
        args[2] = if keys.is_empty() { args[2] } else { keys.len() as i64 };
        let pc = body.pc;
        let prefix = usize::from(op as u16 > 0xff);
        let switch = if op == Op::TableSwitch { 4 } else { 8 } * keys.len();
        let operands: usize = op.spec().operands.iter().map(|operand| operand.size()).sum();
        let next = pc as usize + 1 + prefix + operands + switch;
        if next > CODE_BYTES_MAX {
            return Err(
                cursor.error(format!("the code is longer than {CODE_BYTES_MAX} bytes; split the method"))
            );
        }
        body.pc = next as u32;
        body.insns.push(Later { item: Insn { pc, next: next as u32, op, args }, places });
        body.keys.push(keys);
        Ok(())
    }

    fn pool_operand(&mut self, op: Op, operand: Operand, cursor: &mut Cursor<'_>) -> Parsed<u32> {
        if let Some(index) = cursor.index()? {
            return Ok(index);
        }
        let constant = match operand {
            Operand::Loadable => match cursor.tokens.get(cursor.at).map(|token| &token.kind) {
                Some(TokenKind::Str(_)) => Const::Str(cursor.string()?),
                _ => self.constant(cursor)?,
            },
            Operand::Class => Const::Class(cursor.name()?),
            Operand::Name => Const::Name(cursor.name()?),
            Operand::MethodType => Const::MethodType(cursor.name()?),
            Operand::Binary => Const::Binary(cursor.bytes()?),
            Operand::Field => {
                Const::Field { class: cursor.name()?, name: cursor.name()?, desc: cursor.name()? }
            }
            Operand::Method => method_constant(cursor, op == Op::CallInterface)?,
            _ => {
                cursor.at += 1;
                return Err(cursor.error("a call site is declared by `const` and named here as #n"));
            }
        };
        Ok(self.pool.intern(constant))
    }

    /// Resolves labels and encodes; unknown labels are reported where they are used.
    fn finish(&mut self, body: Body, method: &MethodDef) -> Code {
        let Body { mut code, locals, stack, raw, insns, keys, labels, handlers, names, .. } = body;
        let mut resolve = |places: &[(Place, AsmError)]| -> Vec<i64> {
            let mut find = |(place, error): &(Place, AsmError)| match place {
                Place::Offset(offset) => *offset,
                Place::Label(label) => labels.get(label).map_or_else(
                    || {
                        self.note(Err(error.clone()));
                        0
                    },
                    |pc| i64::from(*pc),
                ),
            };
            places.iter().map(&mut find).collect()
        };
        for (Later { item: mut insn, places }, keys) in insns.into_iter().zip(keys) {
            let targets = resolve(&places);
            if let Some(first) = targets.first() {
                insn.args[0] = *first;
            }
            let entries: Vec<_> = keys.into_iter().zip(targets.iter().skip(1).copied()).collect();
            insn.encode(&entries, &mut code.bytes);
        }
        for Later { item, places } in handlers {
            let [start, end, target] = resolve(&places)[..] else { continue };
            code.handlers.push(Handler {
                start: start as u32,
                end: end as u32,
                target: target as u32,
                ..item
            });
        }
        for Later { item, places } in names {
            let [start, end] = resolve(&places)[..] else { continue };
            code.local_names.push(LocalName { start: start as u32, end: end as u32, ..item });
        }
        let need = match Descriptor::parse(&method.desc) {
            Ok(desc) if !raw => {
                frame_size(&code.bytes, &code.handlers, self.pool.constants(), &desc, method.is_static())
            }
            _ => (0, 0),
        };
        code.max_locals = locals.unwrap_or(need.0.min(0xffff) as u16);
        code.max_stack = stack.unwrap_or(need.1.min(0xffff) as u16);
        code
    }
}

fn method_head(cursor: &mut Cursor<'_>) -> Parsed<MethodDef> {
    let mut method = MethodDef { name: cursor.name()?, desc: cursor.name()?, ..MethodDef::default() };
    method.flags = cursor.flags()?;
    if cursor.take("ordinal") {
        method.ordinal = Some(cursor.u16()?);
    }
    if cursor.take("params") {
        while !cursor.is_end() && cursor.peek_word() != Some("{") {
            method.param_names.push(cursor.name()?);
        }
    }
    cursor.take("{");
    Ok(method)
}

fn method_constant(cursor: &mut Cursor<'_>, of_interface: bool) -> Parsed<Const> {
    let interface = cursor.take("interface") || of_interface;
    Ok(Const::Method { class: cursor.name()?, name: cursor.name()?, desc: cursor.name()?, interface })
}

/// A label or `@offset`, with the error to show when there is no such label.
fn place(cursor: &mut Cursor<'_>) -> Parsed<(Place, AsmError)> {
    if cursor.peek_word().is_some_and(|word| word.starts_with('@')) {
        let offset = offset(cursor)?;
        return Ok((Place::Offset(offset), cursor.error("")));
    }
    let label = cursor.word()?;
    let error = cursor.error(format!("there is no label `{label}` in the method"));
    Ok((Place::Label(label.to_string()), error))
}

fn offset(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    let word = cursor.word()?;
    let offset = word.strip_prefix('@').and_then(|digits| digits.parse::<u32>().ok());
    offset.map(i64::from).ok_or_else(|| cursor.error("an offset in the code is written @n"))
}

fn unknown(mnemonic: &str) -> String {
    let near = Op::ALL.iter().map(|op| (distance(mnemonic, op.mnemonic()), op.mnemonic())).min();
    match near {
        Some((0..=2, near)) => format!("there is no instruction `{mnemonic}`; is `{near}` meant?"),
        _ => format!("there is no instruction `{mnemonic}`"),
    }
}

/// Levenshtein distance, for short words; longer ones are far from all.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 32 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = core::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}
