//! Conversions: widening, boxing, casts that are checked at run time.

use super::Body;
use crate::classes::Relation;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind, Pending};
use crate::types::{FUNCTION, OBJECT, Type};
use alloc::format;

/// How well an argument fits a parameter; less is better.
pub(super) type Cost = u32;

impl Body<'_, '_, '_> {
    /// The value as a `to`; reports what cannot be. `what` is what takes the value, for messages.
    pub(super) fn coerce(&mut self, value: Expr, to: &Type, span: Span, what: &str) -> Expr {
        if let ExprKind::Pending(pending) = &value.kind {
            let pending = pending.clone();
            return self.coerce_function(&pending, to, span, what);
        }
        if value.ty == *to || value.ty.is_error() || to.is_error() {
            return value;
        }
        let from = value.ty.clone();
        match (&from, to) {
            (Type::Void, _) => self.no_value(span),
            (_, Type::Object) if from.is_numeric() => Expr::new(ExprKind::Box(value.boxed()), Type::Object),
            (Type::Object, _) if to.is_numeric() => Expr::new(ExprKind::Unbox(value.boxed()), to.clone()),
            (Type::Null, _) if to.is_ref() => Expr::new(value.kind, to.clone()),
            (Type::Function(_), Type::Class(_) | Type::Generic(..))
                if let Some((_, wanted)) = self.classes.functional(to) =>
            {
                let function = self.coerce(value, &Type::function(wanted.params, wanted.result), span, what);
                if function.ty.is_error() { function } else { self.java_function(function, to, span) }
            }
            _ if from.is_numeric() && to.is_numeric() => self.number(value, to, span, what),
            _ if from.is_ref() && to.is_ref() => self.reference(value, to, span, what),
            _ => self.mismatch(value, to, span, what),
        }
    }

    /// A function that waited for its type, at the place that tells it.
    fn coerce_function(&mut self, pending: &Pending, to: &Type, span: Span, what: &str) -> Expr {
        if let Type::Function(wanted) = to {
            let wanted = wanted.clone();
            let made = self.resolve(pending, Some(&wanted), span);
            return self.coerce(made, to, span, what);
        }
        if let Some((_, wanted)) = self.classes.functional(to) {
            let made = self.resolve(pending, Some(&wanted), span);
            return self.coerce(made, to, span, what);
        }
        let made = self.resolve(pending, None, span);
        self.coerce(made, to, span, what)
    }

    fn no_value(&mut self, span: Span) -> Expr {
        let error = Diagnostic::error("void-value", span, "the call gives no value");
        self.report(error.hint("the method is declared `void`"))
    }

    /// A value that cannot be a `to`. The original only warned of objects in the wrong place, and programs of its time
    /// have some: they compile to a conversion that throws. Literals and strings are refused.
    fn mismatch(&mut self, value: Expr, to: &Type, span: Span, what: &str) -> Expr {
        let from = &value.ty.clone();
        let (shown, wanted) = (self.classes.show(from), self.classes.show(to));
        let class = |ty: &Type| matches!(ty, Type::Class(_)) && !self.classes.is_string(ty);
        let plain = |ty: &Type| ty.is_numeric() || class(ty);
        if !value.is_constant() && (class(from) || class(to)) && plain(from) && plain(to) {
            let message = format!("{what} is `{wanted}`: taking `{shown}` fails at run time");
            let warning =
                Diagnostic::warning("type-mismatch", span, message).label(format!("this is `{shown}`"));
            self.report(warning);
            let object = if from.is_numeric() { ExprKind::Box(value.boxed()) } else { value.kind };
            return self.object_as(Expr::new(object, Type::Object), to);
        }
        let message = format!("{what} is `{wanted}` and cannot take `{shown}`");
        let error = Diagnostic::error("type-mismatch", span, message).label(format!("this is `{shown}`"));
        let hint = if self.classes.is_string(to) && from.is_numeric() {
            Some("`toString()` makes a string of it")
        } else if self.classes.is_string(from) && to.is_numeric() {
            Some("`toInt()`, `toLong()` and `toDouble()` read a number in a string")
        } else if *from == Type::Null {
            Some("only objects can be `null`")
        } else {
            None
        };
        match hint {
            Some(hint) => self.report(error.hint(hint)),
            None => self.report(error),
        }
    }

    fn number(&mut self, value: Expr, to: &Type, span: Span, what: &str) -> Expr {
        let from = value.ty.clone();
        let folded = convert_constant(&value.kind, to);
        let narrower = from.rank() > to.rank();
        let exact = match (&value.kind, &folded) {
            (ExprKind::Long(from), Some(ExprKind::Int(to))) => *from == i64::from(*to),
            (ExprKind::Double(from), Some(ExprKind::Float(to))) => !from.is_finite() || to.is_finite(),
            _ => !narrower,
        };
        if !exact {
            let (from, to) = (self.classes.show(&from), self.classes.show(to));
            let message = format!("{what} is `{to}`: the `{from}` may lose digits");
            let warning = Diagnostic::warning("narrowing", span, message);
            self.report(warning.hint(format!("write `({to})` in front when that is meant")));
        }
        convert_number(value, to)
    }

    fn reference(&mut self, value: Expr, to: &Type, span: Span, what: &str) -> Expr {
        let from = value.ty.clone();
        match self.classes.relation(&from, to) {
            Relation::Is => Expr::new(value.kind, to.clone()),
            Relation::MayBe => {
                if from != Type::Object {
                    let (from, to) = (self.classes.show(&from), self.classes.show(to));
                    let message =
                        format!("{what} is `{to}`: whether the `{from}` is one is found at run time");
                    let warning = Diagnostic::warning("downcast", span, message);
                    self.report(warning.hint(format!("write `({to})` in front when that is meant")));
                }
                self.check_cast(value, to)
            }
            Relation::Never => self.mismatch(value, to, span, what),
        }
    }

    fn check_cast(&mut self, value: Expr, to: &Type) -> Expr {
        let class = self.classes.class_name(to);
        if *class == *OBJECT {
            // A type parameter without a bound: what it stands for is checked where that is known.
            return Expr::new(value.kind, to.clone());
        }
        Expr::new(ExprKind::CheckCast(class, value.boxed()), to.clone())
    }

    /// An element of an array or what else comes out of a place that holds any object.
    pub(super) fn object_as(&mut self, value: Expr, to: &Type) -> Expr {
        match to {
            Type::Object | Type::Error => Expr::new(value.kind, to.clone()),
            _ if to.is_numeric() => Expr::new(ExprKind::Unbox(value.boxed()), to.clone()),
            _ => self.check_cast(value, to),
        }
    }

    /// `(to) value`.
    pub(super) fn cast(&mut self, value: Expr, to: &Type, span: Span) -> Expr {
        if value.ty.is_numeric() && to.is_numeric() {
            return convert_number(value, to);
        }
        if value.ty.is_ref() && to.is_ref() && self.classes.relation(&value.ty.clone(), to) == Relation::MayBe
        {
            return self.check_cast(value, to);
        }
        self.coerce(value, to, span, "the type of the cast")
    }

    /// How well a value of one type fits another; `None`: not at all.
    pub(super) fn cost(&mut self, from: &Type, to: &Type) -> Option<Cost> {
        if let Type::Pending(params) = from {
            return match to {
                Type::Function(to) => params.is_none_or(|params| params == to.params.len()).then_some(1),
                Type::Object => Some(9),
                Type::Class(class) if *class == self.classes.internal(FUNCTION) => Some(2),
                _ => {
                    let (_, to) = self.classes.functional(to)?;
                    params.is_none_or(|params| params == to.params.len()).then_some(1)
                }
            };
        }
        if from == to || from.is_error() || to.is_error() {
            return Some(0);
        }
        if let Type::Function(_) = from
            && let Some((_, to)) = self.classes.functional(to)
        {
            return self.cost(from, &Type::function(to.params, to.result)).map(|cost| cost + 1);
        }
        match (from.rank(), to.rank()) {
            (Some(from), Some(to)) if from < to => Some(u32::from(to - from)),
            (Some(from), Some(to)) => Some(20 + u32::from(from - to)),
            (Some(_), None) => (*to == Type::Object).then_some(6),
            (None, Some(_)) => (*from == Type::Object).then_some(8),
            (None, None) if from.is_ref() && to.is_ref() => match self.classes.relation(from, to) {
                Relation::Is => Some(if *to == Type::Object { 5 } else { 2 }),
                Relation::MayBe => Some(if *from == Type::Object { 8 } else { 16 }),
                Relation::Never => None,
            },
            _ => None,
        }
    }

    /// The value as a condition: an int that is not 0.
    pub(super) fn truth(&mut self, value: Expr, span: Span) -> Expr {
        let value = self.settled(value, span);
        match &value.ty {
            Type::Int | Type::Error => value,
            Type::Object => Expr::new(ExprKind::Unbox(value.boxed()), Type::Int),
            Type::Void => self.no_value(span),
            ty if ty.is_numeric() => {
                let zero = convert_number(Expr::int(0), ty);
                Expr::new(ExprKind::Compare(crate::ast::BinaryOp::Ne, value.boxed(), zero.boxed()), Type::Int)
            }
            ty => {
                let shown = self.classes.show(ty);
                let error = Diagnostic::error(
                    "not-condition",
                    span,
                    format!("a condition is a number, this is `{shown}`"),
                );
                self.report(error.hint("compare it: `:!= null`, `.equals(…)`, `.length() > 0`"))
            }
        }
    }
}

/// The number as one of another type, without words.
pub(super) fn convert_number(value: Expr, to: &Type) -> Expr {
    if value.ty == *to || value.ty.is_error() {
        return value;
    }
    match convert_constant(&value.kind, to) {
        Some(kind) => Expr::new(kind, to.clone()),
        None => Expr::new(ExprKind::Convert(value.boxed()), to.clone()),
    }
}

fn convert_constant(kind: &ExprKind, to: &Type) -> Option<ExprKind> {
    Some(match (kind, to) {
        (ExprKind::Int(value), Type::Long) => ExprKind::Long(i64::from(*value)),
        (ExprKind::Int(value), Type::Float) => ExprKind::Float(*value as f32),
        (ExprKind::Int(value), Type::Double) => ExprKind::Double(f64::from(*value)),
        (ExprKind::Long(value), Type::Int) => ExprKind::Int(*value as i32),
        (ExprKind::Long(value), Type::Float) => ExprKind::Float(*value as f32),
        (ExprKind::Long(value), Type::Double) => ExprKind::Double(*value as f64),
        (ExprKind::Float(value), Type::Double) => ExprKind::Double(f64::from(*value)),
        (ExprKind::Double(value), Type::Float) => ExprKind::Float(*value as f32),
        _ => return None,
    })
}
