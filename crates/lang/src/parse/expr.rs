//! Expressions: Java's precedence and associativity, with `:==` and `:!=` beside `==`.

use super::{BUILT_IN, Parser};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, Span};
use crate::lexer::Tok;
use alloc::boxed::Box;
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
        let cond = self.binary(0);
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
        let operand = match self.ahead(behind + 1 - self.at) {
            Tok::Ident(text) => &**text != "instanceof",
            Tok::Word("new" | "this" | "null" | "import" | "true" | "false") => true,
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
        let mut value = self.primary();
        while !self.lost {
            let height = self.height;
            match self.tok() {
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

    fn args(&mut self, height: &mut usize) -> Vec<Expr> {
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
