//! Expressions: Java's precedence and associativity, with `:==` and `:!=` beside `==`.

use super::{BUILT_IN, Parser};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, Span};
use crate::lexer::Tok;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// Binary operators, loosest level first.
const LEVELS: &[&[(&str, BinaryOp)]] = &[
    &[("||", BinaryOp::LogicOr)],
    &[("&&", BinaryOp::LogicAnd)],
    &[("|", BinaryOp::Or)],
    &[("^", BinaryOp::Xor)],
    &[("&", BinaryOp::And)],
    &[("==", BinaryOp::Eq), ("!=", BinaryOp::Ne), (":==", BinaryOp::Same), (":!=", BinaryOp::NotSame)],
    &[("<", BinaryOp::Lt), (">", BinaryOp::Gt), ("<=", BinaryOp::Le), (">=", BinaryOp::Ge)],
    &[("<<", BinaryOp::Shl), (">>", BinaryOp::Shr), (">>>", BinaryOp::UShr)],
    &[("+", BinaryOp::Add), ("-", BinaryOp::Sub)],
    &[("*", BinaryOp::Mul), ("/", BinaryOp::Div), ("%", BinaryOp::Rem)],
];
/// The level of comparisons, where `instanceof` stands, too.
const COMPARISON: usize = 6;

const ASSIGN: &[(&str, Option<BinaryOp>)] = &[
    ("=", None),
    ("+=", Some(BinaryOp::Add)),
    (".=", Some(BinaryOp::Add)),
    ("-=", Some(BinaryOp::Sub)),
    ("*=", Some(BinaryOp::Mul)),
    ("/=", Some(BinaryOp::Div)),
    ("%=", Some(BinaryOp::Rem)),
    ("&=", Some(BinaryOp::And)),
    ("|=", Some(BinaryOp::Or)),
    ("^=", Some(BinaryOp::Xor)),
    ("<<=", Some(BinaryOp::Shl)),
    (">>=", Some(BinaryOp::Shr)),
    (">>>=", Some(BinaryOp::UShr)),
];

/// Whether round brackets behind an expression call it.
fn may_be_function(kind: &ExprKind) -> bool {
    use ExprKind::{Apply, Call, Cast, Coalesce, Index, Lambda, Name, Ternary};
    matches!(
        kind,
        Apply { .. }
            | Call { .. }
            | Cast { .. }
            | Coalesce { .. }
            | Index { .. }
            | Lambda(_)
            | Name(_)
            | Ternary { .. }
    )
}

impl Parser<'_> {
    /// An expression over ones of at most this height.
    fn node(&mut self, kind: ExprKind, start: Span, height: usize) -> Expr {
        self.height = height + 1;
        self.check_depth(self.height);
        Expr { kind, span: start.to(self.last_span()) }
    }
    fn leaf(&mut self, kind: ExprKind) -> Expr {
        let span = self.span();
        self.bump();
        self.height = 1;
        Expr { kind, span }
    }

    pub(super) fn expr(&mut self) -> Expr {
        self.deeper(Self::assignment)
    }

    fn assignment(&mut self) -> Expr {
        let start = self.span();
        let target = self.ternary();
        let Some((_, op)) = ASSIGN.iter().find(|(text, _)| self.is_op(text)) else { return target };
        self.bump();
        let height = self.height;
        let value = Box::new(self.expr());
        let height = height.max(self.height);
        self.node(ExprKind::Assign { op: *op, target: Box::new(target), value }, start, height)
    }

    fn ternary(&mut self) -> Expr {
        let start = self.span();
        let mut cond = self.binary(0);
        while !self.lost && self.eat_op("??") {
            let height = self.height;
            let right = Box::new(self.binary(0));
            let height = height.max(self.height);
            cond = self.node(ExprKind::Coalesce { left: Box::new(cond), right }, start, height);
        }
        if !self.eat_op("?") {
            return cond;
        }
        let mut height = self.height;
        let yes = Box::new(self.expr());
        height = height.max(self.height);
        self.expect_op(":");
        let no = Box::new(self.deeper(Self::ternary));
        height = height.max(self.height);
        self.node(ExprKind::Ternary { cond: Box::new(cond), yes, no }, start, height)
    }

    /// Operators of this level and tighter ones, by precedence climbing.
    fn binary(&mut self, loosest: usize) -> Expr {
        let start = self.span();
        let mut left = self.unary();
        while !self.lost {
            let height = self.height;
            if loosest <= COMPARISON && matches!(self.tok(), Tok::Ident(text) if &**text == "instanceof") {
                self.bump();
                let ty = self.type_expr();
                left = self.node(ExprKind::InstanceOf { value: Box::new(left), ty }, start, height);
                continue;
            }
            let Some((level, op)) = self.binary_op(loosest) else { break };
            self.bump();
            let right = self.binary(level + 1);
            let height = height.max(self.height);
            let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) };
            left = self.node(kind, start, height);
        }
        left
    }

    fn binary_op(&self, loosest: usize) -> Option<(usize, BinaryOp)> {
        let Tok::Op(text) = self.tok() else { return None };
        LEVELS
            .iter()
            .enumerate()
            .skip(loosest)
            .find_map(|(level, ops)| ops.iter().find(|(op, _)| op == text).map(|(_, op)| (level, *op)))
    }

    pub(super) fn unary(&mut self) -> Expr {
        let start = self.span();
        let op = match self.tok() {
            Tok::Op("-") => UnaryOp::Neg,
            Tok::Op("+") => UnaryOp::Plus,
            Tok::Op("!") => UnaryOp::Not,
            Tok::Op("~") => UnaryOp::BitNot,
            Tok::Op(word @ ("++" | "--")) => {
                let up = *word == "++";
                self.bump();
                let target = Box::new(self.deeper(Self::unary));
                return self.node(ExprKind::IncDec { target, up, prefix: true }, start, self.height);
            }
            Tok::Op("(") if self.at_cast() => return self.cast(),
            _ => return self.postfix(),
        };
        self.bump();
        if op == UnaryOp::Neg {
            let least = match self.tok() {
                Tok::IntMin => Some(ExprKind::Int(i32::MIN)),
                Tok::LongMin => Some(ExprKind::Long(i64::MIN)),
                _ => None,
            };
            if let Some(kind) = least {
                return self.leaf(kind);
            }
        }
        let value = Box::new(self.deeper(Self::unary));
        self.node(ExprKind::Unary { op, value }, start, self.height)
    }

    /// Whether the bracket here opens a cast: a type in brackets, and something behind that it can apply to.
    fn at_cast(&self) -> bool {
        let Some(behind) = self.scan_type(self.at + 1) else { return false };
        if self.toks[behind.min(self.toks.len() - 1)].tok != Tok::Op(")") {
            return false;
        }
        if *self.ahead(1) == Tok::Op("(") && *self.ahead(behind + 1 - self.at) == Tok::Op("(") {
            // `((x) => x)(5)` calls a function.
            return false;
        }
        let operand = match self.ahead(behind + 1 - self.at) {
            Tok::Ident(text) => &**text != "instanceof",
            Tok::Word("new" | "this" | "null" | "import" | "true" | "false") | Tok::TextStart => true,
            Tok::Op("(" | "!" | "~") => true,
            Tok::Op(_) | Tok::Word(_) | Tok::End => false,
            _ => true,
        };
        let sign = matches!(self.ahead(behind + 1 - self.at), Tok::Op("-" | "+" | "++" | "--" | "."));
        let built_in = matches!(self.ahead(1), Tok::Ident(text) if BUILT_IN.contains(&&**text));
        let array = matches!(self.toks[behind - 1].tok, Tok::Op("]"));
        operand || (sign && (built_in || array || *self.ahead(1) == Tok::Op(".")))
    }

    fn cast(&mut self) -> Expr {
        let start = self.span();
        self.bump();
        let ty = self.type_expr();
        self.expect_op(")");
        let value = Box::new(self.deeper(Self::unary));
        self.node(ExprKind::Cast { ty, value }, start, self.height)
    }

    fn postfix(&mut self) -> Expr {
        let start = self.span();
        let value = self.primary();
        self.postfix_of(value, start)
    }

    /// What stands behind a value.
    fn postfix_of(&mut self, mut value: Expr, start: Span) -> Expr {
        while !self.lost {
            let height = self.height;
            match self.tok() {
                Tok::Op("(") if may_be_function(&value.kind) => {
                    let mut height = height;
                    let args = self.args(&mut height);
                    value = self.node(ExprKind::Apply { callee: Box::new(value), args }, start, height);
                }
                Tok::Op("?.") => {
                    // No source can contain this name.
                    let name = Ident { text: format!("?{}", self.at).into(), span: self.span() };
                    self.bump();
                    let held = Expr { kind: ExprKind::Name(name.clone()), span: value.span };
                    let then = Box::new(self.deeper(|parser| {
                        let first = parser.selector(held, start, 1);
                        parser.postfix_of(first, start)
                    }));
                    let height = height.max(self.height);
                    let kind = ExprKind::Safe { receiver: Box::new(value), name, then };
                    return self.node(kind, start, height);
                }
                Tok::Op(".") => {
                    self.bump();
                    value = self.selector(value, start, height);
                }
                Tok::Op("[") => {
                    self.bump();
                    let index = Box::new(self.expr());
                    let height = height.max(self.height);
                    self.expect_op("]");
                    value = self.node(ExprKind::Index { array: Box::new(value), index }, start, height);
                }
                Tok::Op(op @ ("++" | "--")) => {
                    let kind = ExprKind::IncDec { target: Box::new(value), up: *op == "++", prefix: false };
                    self.bump();
                    value = self.node(kind, start, height);
                }
                Tok::Op("~") => {
                    self.bump();
                    value = self.node(
                        ExprKind::Unary { op: UnaryOp::BitNot, value: Box::new(value) },
                        start,
                        height,
                    );
                }
                _ => break,
            }
        }
        value
    }

    /// What follows a dot.
    fn selector(&mut self, receiver: Expr, start: Span, height: usize) -> Expr {
        let span = self.span();
        let mut height = height;
        let method = match self.tok() {
            Tok::Int(ordinal) => {
                let selector = Selector::Ordinal(*ordinal as u32, span);
                self.bump();
                selector
            }
            Tok::Op("(" | "*") => {
                self.eat_op("*");
                self.expect_op("(");
                let name = Box::new(self.expr());
                height = height.max(self.height);
                self.expect_op(")");
                Selector::Computed(name)
            }
            _ => match self.part() {
                Some(name) if self.is_op("(") => Selector::Named(name),
                Some(name) => {
                    return self.node(ExprKind::Field { receiver: Box::new(receiver), name }, start, height);
                }
                None => {
                    self.expected("the name of a method, or its ordinal");
                    return self.node(ExprKind::Error, start, 0);
                }
            },
        };
        let args = self.args(&mut height);
        self.node(ExprKind::Call { receiver: Some(Box::new(receiver)), method, args }, start, height)
    }

    pub(super) fn args(&mut self, height: &mut usize) -> Vec<Expr> {
        let mut args = Vec::new();
        if !self.expect_op("(") || self.eat_op(")") {
            return args;
        }
        loop {
            args.push(self.expr());
            *height = (*height).max(self.height);
            if self.lost || !self.eat_op(",") {
                break;
            }
        }
        if !self.lost && !self.eat_op(")") {
            self.expected("`,` or `)`");
        }
        args
    }

    fn primary(&mut self) -> Expr {
        let start = self.span();
        match self.tok().clone() {
            Tok::Int(value) => self.leaf(ExprKind::Int(value)),
            Tok::Long(value) => self.leaf(ExprKind::Long(value)),
            Tok::Float(value) => self.leaf(ExprKind::Float(value)),
            Tok::Double(value) => self.leaf(ExprKind::Double(value)),
            Tok::Str(text) => self.leaf(ExprKind::Str(text)),
            Tok::Word("null") => self.leaf(ExprKind::Null),
            Tok::Word("this") => self.leaf(ExprKind::This),
            Tok::Word("true") => self.leaf(ExprKind::Int(1)),
            Tok::Word("false") => self.leaf(ExprKind::Int(0)),
            Tok::IntMin | Tok::LongMin => {
                let error = Diagnostic::error("bad-number", start, "the number does not fit");
                self.sink.push(error.hint("an int ends at 2147483647; write `2147483648L` for a long"));
                self.leaf(ExprKind::Error)
            }
            Tok::Word("import") => self.import(),
            Tok::Word("new") => self.new_object(),
            Tok::Op("(") if self.behind_bracket(self.at) == Some(&Tok::Op("=>")) => self.lambda(),
            Tok::TextStart => self.template(),
            Tok::Op("(") => {
                self.bump();
                let mut inner = self.expr();
                self.expect_op(")");
                inner.span = start.to(self.last_span());
                inner
            }
            Tok::Op(".") => {
                let name = self.name();
                self.path(name, start)
            }
            Tok::Ident(_) if *self.ahead(1) == Tok::Op("=>") => self.lambda(),
            Tok::Ident(text) => self.word(text, start),
            _ => {
                self.expected("an expression");
                self.height = 1;
                Expr { kind: ExprKind::Error, span: start }
            }
        }
    }

    fn word(&mut self, text: alloc::rc::Rc<str>, span: Span) -> Expr {
        self.bump();
        let name = Ident { text, span };
        if !self.is_op("(") {
            self.height = 1;
            return Expr { kind: ExprKind::Name(name), span };
        }
        let mut height = 0;
        let args = self.args(&mut height);
        self.node(ExprKind::Call { receiver: None, method: Selector::Named(name), args }, span, height)
    }

    /// `x => body`, `(x, int y) => body`; the body is an expression or a block.
    fn lambda(&mut self) -> Expr {
        let start = self.span();
        let mut params = Vec::new();
        if self.eat_op("(") {
            while !self.lost && !self.is_op(")") {
                params.push(self.lambda_param());
                if !self.eat_op(",") {
                    break;
                }
            }
            if !self.lost {
                self.expect_op(")");
            }
        } else {
            params.push(Param { name: self.ident("the name of a parameter"), ty: None });
        }
        if self.lost || !self.expect_op("=>") {
            return self.node(ExprKind::Error, start, 0);
        }
        let head = start.to(self.last_span());
        let body = if self.is_op("{") {
            self.height = 1;
            LambdaBody::Block(self.deeper(Self::block))
        } else {
            LambdaBody::Expr(self.expr())
        };
        let height = self.height;
        let lambda = Lambda { params, body, span: head };
        self.node(ExprKind::Lambda(alloc::rc::Rc::new(lambda)), start, height)
    }

    fn lambda_param(&mut self) -> Param {
        if self.eat_word("var") {
            let name = self.ident("the name of a parameter");
            let ty = (!self.lost && self.eat_op(":")).then(|| self.type_expr());
            return Param { name, ty };
        }
        let bare = matches!((self.tok(), self.ahead(1)), (Tok::Ident(_), Tok::Op("," | ")")));
        let ty = (!bare).then(|| self.type_expr());
        Param { ty, name: self.ident("the name of a parameter") }
    }

    /// A string with expressions in it.
    fn template(&mut self) -> Expr {
        let start = self.span();
        self.bump();
        let mut pieces = Vec::new();
        let mut height = 0;
        loop {
            match self.tok().clone() {
                Tok::Str(text) => {
                    self.bump();
                    pieces.push(Piece::Text(text));
                }
                Tok::Op("${") => {
                    self.bump();
                    let value = self.expr();
                    height = height.max(self.height);
                    let span = self.span();
                    let format = match self.tok().clone() {
                        Tok::Format(format) => {
                            self.bump();
                            Some((format, span))
                        }
                        _ => None,
                    };
                    pieces.push(Piece::Value(value, format));
                    if !self.lost && !self.eat_op("}$") {
                        self.expected("`}`");
                    }
                    if self.lost {
                        break;
                    }
                }
                Tok::TextEnd => {
                    self.bump();
                    break;
                }
                _ => {
                    self.expected("the end of the string");
                    break;
                }
            }
        }
        self.node(ExprKind::Template(pieces), start, height)
    }

    /// `.a.b.c`, or a static call `.a.b.c.method(x)`.
    fn path(&mut self, mut name: Name, start: Span) -> Expr {
        if !self.is_op("(") || name.parts.len() < 2 {
            return self.node(ExprKind::Path(name), start, 0);
        }
        let Some(method) = name.parts.pop() else { return self.node(ExprKind::Error, start, 0) };
        name.span.end = name.parts.last().map_or(name.span.end, |part| part.span.end);
        let receiver = Some(Box::new(Expr { span: name.span, kind: ExprKind::Path(name) }));
        let mut height = 1;
        let args = self.args(&mut height);
        self.node(ExprKind::Call { receiver, method: Selector::Named(method), args }, start, height)
    }

    fn import(&mut self) -> Expr {
        let start = self.span();
        self.bump();
        let Tok::Str(path) = self.tok().clone() else {
            self.expected("the path of a file, in quotes");
            return self.node(ExprKind::Error, start, 0);
        };
        self.bump();
        self.node(ExprKind::Import(path), start, 0)
    }

    fn new_object(&mut self) -> Expr {
        let start = self.span();
        self.bump();
        let mut height = 0;
        if self.eat_op("*") {
            self.expect_op("(");
            let class = Box::new(self.expr());
            height = self.height;
            self.expect_op(")");
            let ty = (!self.lost && self.eat_op(":")).then(|| self.type_expr());
            let args = if self.lost { Vec::new() } else { self.args(&mut height) };
            return self.node(ExprKind::NewDynamic { class, ty, args }, start, height);
        }
        let ty = self.type_expr();
        let args = if self.lost { Vec::new() } else { self.args(&mut height) };
        self.node(ExprKind::New { ty, args }, start, height)
    }
}
