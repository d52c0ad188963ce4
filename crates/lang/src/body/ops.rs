//! Operators.

use super::Body;
use super::convert::convert_number;
use crate::ast::{self, BinaryOp, UnaryOp};
use crate::classes::Relation;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind, Target};
use crate::types::Type;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;

impl Body<'_, '_, '_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(operand);
        let value = self.settled(value, operand.span);
        if op == UnaryOp::Not {
            let value = self.truth(value, operand.span);
            return match value.kind {
                ExprKind::Int(value) => Expr::int(i32::from(value == 0)),
                _ => Expr::new(ExprKind::Not(value.boxed()), Type::Int),
            };
        }
        let value = if value.ty == Type::Object { self.object_as(value, &Type::Int) } else { value };
        match (op, &value.ty) {
            (_, Type::Error) => value,
            (UnaryOp::Plus, ty) if ty.is_numeric() => value,
            (UnaryOp::Neg, ty) if ty.is_numeric() => negated(value),
            (UnaryOp::BitNot, ty) if ty.is_integer() => {
                let ty = ty.clone();
                let ones = convert_number(Expr::int(-1), &ty);
                Expr::new(ExprKind::Arith(BinaryOp::Xor, value.boxed(), ones.boxed()), ty)
            }
            (_, ty) => {
                let shown = self.classes.show(ty);
                let sign = match op {
                    UnaryOp::Plus => "+",
                    UnaryOp::BitNot => "~",
                    _ => "-",
                };
                self.error("bad-operand", span, format!("`{sign}` does not apply to `{shown}`"))
            }
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let (a, b) = (self.expr(left), self.expr(right));
        match op {
            BinaryOp::LogicAnd | BinaryOp::LogicOr => {
                let (a, b) = (self.truth(a, left.span), self.truth(b, right.span));
                let make = if op == BinaryOp::LogicAnd { ExprKind::And } else { ExprKind::Or };
                Expr::new(make(a.boxed(), b.boxed()), Type::Int)
            }
            _ => self.combine(op, (a, left.span), (b, right.span), span),
        }
    }

    /// An operator on two checked operands.
    pub(super) fn combine(&mut self, op: BinaryOp, a: (Expr, Span), b: (Expr, Span), span: Span) -> Expr {
        let ((a, a_span), (b, b_span)) = (a, b);
        let (a, b) = (self.settled(a, a_span), self.settled(b, b_span));
        if a.ty.is_error() || b.ty.is_error() {
            return Expr::error();
        }
        if a.ty == Type::Void || b.ty == Type::Void {
            let span = if a.ty == Type::Void { a_span } else { b_span };
            return self.coerce(Expr::new(ExprKind::Null, Type::Void), &Type::Object, span, "the operand");
        }
        match op {
            BinaryOp::Add if self.classes.is_string(&a.ty) || self.classes.is_string(&b.ty) => {
                self.join((a, a_span), (b, b_span))
            }
            BinaryOp::Eq | BinaryOp::Ne => self.equality(op, (a, a_span), (b, b_span), span),
            BinaryOp::Same | BinaryOp::NotSame => self.identity(op, a, b),
            BinaryOp::Shl | BinaryOp::Shr | BinaryOp::UShr => self.shift(op, a, b, span),
            _ => self.arithmetic(op, a, b, span),
        }
    }

    fn bad_operands(&mut self, op: BinaryOp, a: &Type, b: &Type, span: Span) -> Expr {
        let (left, right) = (self.classes.show(a), self.classes.show(b));
        let message = format!("`{}` does not apply to `{left}` and `{right}`", op.text());
        let error = Diagnostic::error("bad-operand", span, message);
        let string = self.classes.is_string(a) || self.classes.is_string(b);
        let order = matches!(op, BinaryOp::Lt | BinaryOp::Gt | BinaryOp::Le | BinaryOp::Ge);
        if string && order {
            return self.report(error.hint("strings are ordered by `a.compareTo(b) < 0`"));
        }
        if string {
            return self.report(error.hint("`toInt()` reads a number in a string"));
        }
        self.report(error)
    }

    /// The common type of two numbers; dynamic operands count as what the other one is, two of them as ints.
    fn promoted(&self, a: &Type, b: &Type) -> Option<Type> {
        match (a, b) {
            (Type::Object, Type::Object) => Some(Type::Int),
            (Type::Object, other) | (other, Type::Object) => other.is_numeric().then(|| other.clone()),
            _ => Some(if a.rank()? >= b.rank()? { a.clone() } else { b.clone() }),
        }
    }
    fn as_number(&mut self, value: Expr, ty: &Type) -> Expr {
        if value.ty == Type::Object { self.object_as(value, ty) } else { convert_number(value, ty) }
    }

    fn arithmetic(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Expr {
        let bitwise = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        let ty = self.promoted(&a.ty, &b.ty).filter(|ty| !bitwise || ty.is_integer());
        let Some(ty) = ty else { return self.bad_operands(op, &a.ty, &b.ty, span) };
        if matches!(op, BinaryOp::Div | BinaryOp::Rem)
            && matches!(b.kind, ExprKind::Int(0))
            && ty.is_integer()
        {
            let warning = Diagnostic::warning("division-by-zero", span, "this divides by zero and throws");
            self.report(warning);
        }
        let (a, b) = (self.as_number(a, &ty), self.as_number(b, &ty));
        let compares = matches!(op, BinaryOp::Lt | BinaryOp::Gt | BinaryOp::Le | BinaryOp::Ge);
        if compares {
            return Expr::new(ExprKind::Compare(op, a.boxed(), b.boxed()), Type::Int);
        }
        Expr::new(ExprKind::Arith(op, a.boxed(), b.boxed()), ty)
    }

    fn shift(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Expr {
        let integer = |ty: &Type| ty.is_integer() || *ty == Type::Object;
        if !integer(&a.ty) || !integer(&b.ty) {
            return self.bad_operands(op, &a.ty, &b.ty, span);
        }
        let ty = if a.ty == Type::Object { Type::Int } else { a.ty.clone() };
        let (a, count) = (self.as_number(a, &ty), self.as_number(b, &Type::Int));
        Expr::new(ExprKind::Arith(op, a.boxed(), count.boxed()), ty)
    }

    /// String `+`.
    fn join(&mut self, a: (Expr, Span), b: (Expr, Span)) -> Expr {
        let string = self.classes.string();
        if let (ExprKind::Str(left), ExprKind::Str(right)) = (&a.0.kind, &b.0.kind) {
            let text: Rc<str> = (String::from(&**left) + right).into();
            return Expr::new(ExprKind::Str(text), string);
        }
        let mut parts = vec![];
        match a.0 {
            Expr { kind: ExprKind::Concat(left), .. } => parts.extend(left),
            left => parts.push(self.coerce_any(left, a.1)),
        }
        parts.push(self.coerce_any(b.0, b.1));
        if parts.iter().any(|part| part.ty.is_error()) {
            return Expr::error();
        }
        Expr::new(ExprKind::Concat(parts), string)
    }

    /// `==` and `!=`: numbers by value, objects by `equals`, null only to itself.
    fn equality(&mut self, op: BinaryOp, a: (Expr, Span), b: (Expr, Span), span: Span) -> Expr {
        let ((a, a_span), (b, b_span)) = (a, b);
        let equal = op == BinaryOp::Eq;
        let negated =
            |value: Expr| if equal { value } else { Expr::new(ExprKind::Not(value.boxed()), Type::Int) };
        match (&a.ty, &b.ty) {
            (x, y) if x.is_numeric() && y.is_numeric() => {
                let Some(ty) = self.promoted(x, y) else { return Expr::error() };
                let (a, b) = (convert_number(a, &ty), convert_number(b, &ty));
                Expr::new(ExprKind::Compare(op, a.boxed(), b.boxed()), Type::Int)
            }
            (Type::Null, y) if y.is_ref() => Expr::new(ExprKind::IsNull(b.boxed(), equal), Type::Int),
            (x, Type::Null) if x.is_ref() => Expr::new(ExprKind::IsNull(a.boxed(), equal), Type::Int),
            _ => {
                self.comparable(&a.ty.clone(), &b.ty.clone(), span);
                let (a, b) = (self.coerce_object(a, a_span), self.coerce_object(b, b_span));
                negated(self.equals(a, b, span))
            }
        }
    }

    /// Warns when a number is compared with what can never be one.
    fn comparable(&mut self, a: &Type, b: &Type, span: Span) {
        let never = |x: &Type, y: &Type| x.is_numeric() && y.is_ref() && *y != Type::Object;
        if never(a, b) || never(b, a) {
            let (a, b) = (self.classes.show(a), self.classes.show(b));
            let message = format!("`{a}` and `{b}` are never equal");
            self.report(Diagnostic::warning("never-equal", span, message));
        }
    }

    fn coerce_object(&mut self, value: Expr, span: Span) -> Expr {
        if value.ty.is_ref() { value } else { self.coerce(value, &Type::Object, span, "the operand") }
    }

    fn equals(&mut self, a: Expr, b: Expr, span: Span) -> Expr {
        let line = self.line_of(span);
        let method = self.object_method("equals", "(L.internal.object;)I");
        let call = |a: Expr, b: Expr| {
            Expr::new(ExprKind::Call(Target::Virtual(method), vec![a, b], line), Type::Int)
        };
        if a.is_nonnull() {
            return call(a, b);
        }
        let (left, right) = (self.temp(&Type::Object), self.temp(&Type::Object));
        let get = |slot: u16| Expr::new(ExprKind::Local(slot), Type::Object);
        let null = |slot: u16| Expr::new(ExprKind::IsNull(get(slot).boxed(), true), Type::Int);
        let both =
            ExprKind::Ternary(null(left).boxed(), null(right).boxed(), call(get(left), get(right)).boxed());
        let sets = vec![
            Expr::new(ExprKind::SetLocal(left, a.boxed()), Type::Object),
            Expr::new(ExprKind::SetLocal(right, b.boxed()), Type::Object),
        ];
        Expr::new(ExprKind::Seq(sets, Expr::new(both, Type::Int).boxed()), Type::Int)
    }

    /// `:==` and `:!=`: one object, or equal numbers.
    fn identity(&mut self, op: BinaryOp, a: Expr, b: Expr) -> Expr {
        let same = op == BinaryOp::Same;
        let kind = match (&a.ty, &b.ty) {
            (x, y) if x.is_numeric() && y.is_numeric() => {
                let Some(ty) = self.promoted(x, y) else { return Expr::error() };
                let op = if same { BinaryOp::Eq } else { BinaryOp::Ne };
                ExprKind::Compare(op, convert_number(a, &ty).boxed(), convert_number(b, &ty).boxed())
            }
            (Type::Null, y) if y.is_ref() => ExprKind::IsNull(b.boxed(), same),
            (x, Type::Null) if x.is_ref() => ExprKind::IsNull(a.boxed(), same),
            _ => {
                let (a, b) = (self.coerce_object(a, Span::default()), self.coerce_object(b, Span::default()));
                ExprKind::Same(a.boxed(), b.boxed(), same)
            }
        };
        Expr::new(kind, Type::Int)
    }

    pub(super) fn ternary(&mut self, cond: &ast::Expr, yes: &ast::Expr, no: &ast::Expr, span: Span) -> Expr {
        let test = self.expr(cond);
        let test = self.truth(test, cond.span);
        let (a, b) = (self.expr(yes), self.expr(no));
        let a = if matches!(b.ty, Type::Function(_)) { a } else { self.settled(a, yes.span) };
        let b = if matches!(a.ty, Type::Function(_)) { b } else { self.settled(b, no.span) };
        let ty = self.common(&a.ty, &b.ty);
        if ty == Type::Void || a.ty == Type::Void || b.ty == Type::Void {
            return self.error("void-value", span, "both branches of `?:` must give a value");
        }
        let a = self.coerce(a, &ty, yes.span, "the result of `?:`");
        let b = self.coerce(b, &ty, no.span, "the result of `?:`");
        if a.ty.is_error() || b.ty.is_error() || test.ty.is_error() {
            return Expr::error();
        }
        Expr::new(ExprKind::Ternary(test.boxed(), a.boxed(), b.boxed()), ty)
    }

    /// The type of a value that is one or the other.
    pub(super) fn common(&mut self, a: &Type, b: &Type) -> Type {
        if a == b || b.is_error() {
            return a.clone();
        }
        match (a, b) {
            (Type::Error, _) => b.clone(),
            (Type::Null, _) if b.is_ref() => b.clone(),
            (_, Type::Null) if a.is_ref() => a.clone(),
            (Type::Pending(_), Type::Function(_)) => b.clone(),
            (Type::Function(_), Type::Pending(_)) => a.clone(),
            _ if a.is_ref() && b.is_ref() && self.classes.relation(a, b) == Relation::Is => b.clone(),
            _ if a.is_ref() && b.is_ref() && self.classes.relation(b, a) == Relation::Is => a.clone(),
            _ if a.is_numeric() && b.is_numeric() => self.promoted(a, b).unwrap_or(Type::Error),
            (Type::Class(x), Type::Class(y)) => {
                let above = self.classes.lineage(*y);
                let shared = self.classes.lineage(*x).into_iter().find(|class| above.contains(class));
                shared.map_or(Type::Object, |class| self.classes.class_type(class))
            }
            _ => Type::Object,
        }
    }
}

fn negated(value: Expr) -> Expr {
    let kind = match value.kind {
        ExprKind::Int(value) => ExprKind::Int(value.wrapping_neg()),
        ExprKind::Long(value) => ExprKind::Long(value.wrapping_neg()),
        ExprKind::Float(value) => ExprKind::Float(-value),
        ExprKind::Double(value) => ExprKind::Double(-value),
        _ => {
            let ty = value.ty.clone();
            return Expr::new(ExprKind::Neg(value.boxed()), ty);
        }
    };
    Expr::new(kind, value.ty)
}
