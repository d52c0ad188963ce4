//! Names, literals, fields, elements, assignments.

use super::Body;
use super::convert::convert_number;
use crate::ast::{self, BinaryOp, Ident};
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span, near};
use crate::hir::{Expr, ExprKind, FieldRef, Target};
use crate::types::{ARRAY, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// Something that can be assigned to; its parts are evaluated already.
pub(super) enum Place {
    Local(u16, Type),
    Field(Expr, FieldRef, Type),
    Static(FieldRef, Type),
    /// Array, index, type of the element.
    Element(Expr, Expr, Type),
    Error,
}

impl Place {
    fn ty(&self) -> Type {
        match self {
            Place::Local(_, ty)
            | Place::Field(_, _, ty)
            | Place::Static(_, ty)
            | Place::Element(_, _, ty) => ty.clone(),
            Place::Error => Type::Error,
        }
    }
}

impl Body<'_, '_, '_> {
    pub(super) fn exprs(&mut self, list: &[ast::Expr]) -> Vec<(Expr, Span)> {
        list.iter().map(|expr| (self.expr(expr), expr.span)).collect()
    }

    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Int(value) => Expr::int(*value),
            ast::ExprKind::Long(value) => Expr::new(ExprKind::Long(*value), Type::Long),
            ast::ExprKind::Float(value) => Expr::new(ExprKind::Float(*value), Type::Float),
            ast::ExprKind::Double(value) => Expr::new(ExprKind::Double(*value), Type::Double),
            ast::ExprKind::Str(text) => Expr::new(ExprKind::Str(text.clone()), self.classes.string()),
            ast::ExprKind::Null => Expr::new(ExprKind::Null, Type::Null),
            ast::ExprKind::This if self.is_static => {
                self.error("static-this", span, "a static method has no `this`")
            }
            ast::ExprKind::This => self.this(),
            ast::ExprKind::Name(_) | ast::ExprKind::Field { .. } | ast::ExprKind::Index { .. } => {
                let place = self.place(expr);
                self.read(place, span)
            }
            ast::ExprKind::Path(name) => {
                let message = format!("`{}` is a name of a class, not a value", name.text());
                self.error("class-as-value", span, message)
            }
            ast::ExprKind::Call { receiver, method, args } => {
                self.call(receiver.as_deref(), method, args, span)
            }
            ast::ExprKind::New { ty, args } => self.new_object(ty, args, span),
            ast::ExprKind::NewDynamic { class, ty, args } => self.new_dynamic(class, ty.as_ref(), args),
            ast::ExprKind::Import(path) => self.import(path, span),
            ast::ExprKind::Cast { ty, value } => {
                let to = self.classes.type_of(Some(ty), self.file);
                let inner = self.expr(value);
                if to == Type::Void {
                    return self.error("void-value", ty.span, "nothing can be cast to `void`");
                }
                self.cast(inner, &to, value.span)
            }
            ast::ExprKind::InstanceOf { value, ty } => self.instance_of(value, ty),
            ast::ExprKind::Unary { op, value } => self.unary(*op, value, span),
            ast::ExprKind::Binary { op, left, right } => self.binary(*op, left, right, span),
            ast::ExprKind::Assign { op, target, value } => self.assign(*op, target, value, span),
            ast::ExprKind::IncDec { target, up, prefix } => self.inc_dec(target, *up, *prefix, span),
            ast::ExprKind::Ternary { cond, yes, no } => self.ternary(cond, yes, no, span),
            ast::ExprKind::Error => Expr::error(),
        }
    }

    fn import(&mut self, path: &Rc<str>, span: Span) -> Expr {
        let string = self.classes.string();
        let Some(bytes) = self.classes.resource(self.file, path) else {
            let error = Diagnostic::error("unknown-file", span, format!("the file `{path}` is not found"));
            let hint = "it is searched for beside the source and in the folders given by `-I`";
            return self.report(error.hint(hint));
        };
        match core::str::from_utf8(&bytes) {
            Ok(text) => Expr::new(ExprKind::Str(text.into()), string),
            // The methods of strings do not apply to it, but whoever wants bytes gets them.
            Err(_) => Expr::new(ExprKind::Binary(bytes.into()), string),
        }
    }

    fn instance_of(&mut self, value: &ast::Expr, ty: &ast::TypeExpr) -> Expr {
        let of = self.classes.type_of(Some(ty), self.file);
        let inner = self.expr(value);
        let inner = self.coerce_any(inner, value.span);
        if of.is_error() || inner.ty.is_error() {
            return Expr::error();
        }
        let class = self.classes.class_name(&of);
        Expr::new(ExprKind::InstanceOf(class, inner.boxed()), Type::Int)
    }

    /// The value as a reference.
    pub(super) fn coerce_any(&mut self, value: Expr, span: Span) -> Expr {
        if value.ty.is_ref() { value } else { self.coerce(value, &Type::Object, span, "the value") }
    }

    // Places.

    pub(super) fn place(&mut self, expr: &ast::Expr) -> Place {
        match &expr.kind {
            ast::ExprKind::Name(name) => self.name(name),
            ast::ExprKind::Field { receiver, name } => self.member(receiver, name),
            ast::ExprKind::Index { array, index } => self.element(array, index),
            ast::ExprKind::Error => Place::Error,
            _ => {
                self.expr(expr);
                let error = Diagnostic::error("not-assignable", expr.span, "this cannot be assigned to");
                self.report(error.hint("variables, fields and elements of arrays can"));
                Place::Error
            }
        }
    }

    fn name(&mut self, name: &Ident) -> Place {
        if let Some(var) = self.var(&name.text) {
            return Place::Local(var.slot, var.ty.clone());
        }
        if let Some((class, field)) = self.classes.field(self.class, &name.text) {
            let target = self.field_ref(class, &field.name, &field.ty);
            if field.is_static {
                return Place::Static(target, field.ty);
            }
            if self.is_static {
                let message =
                    format!("a static method has no object whose field `{}` it could use", name.text);
                self.error("static-this", name.span, message);
                return Place::Error;
            }
            return Place::Field(self.this(), target, field.ty);
        }
        let here = self.names_here();
        let mut error =
            Diagnostic::error("unknown-name", name.span, format!("there is no `{}` here", name.text));
        let close = near(&name.text, here.iter().map(|name| &**name));
        if !close.is_empty() {
            error = error.hint(format!("did you mean `{}`?", close.join("`, `")));
        }
        self.report(error);
        Place::Error
    }

    /// The class that an expression in front of a dot names, when it names no value.
    pub(super) fn class_named(&mut self, expr: &ast::Expr) -> Option<ClassIx> {
        let name = match &expr.kind {
            ast::ExprKind::Name(name) => {
                if self.var(&name.text).is_some() || self.classes.field(self.class, &name.text).is_some() {
                    return None;
                }
                ast::Name { absolute: false, parts: vec![name.clone()], span: name.span }
            }
            ast::ExprKind::Path(name) => name.clone(),
            _ => return None,
        };
        self.classes.lookup(&name, self.file)
    }

    fn member(&mut self, receiver: &ast::Expr, name: &Ident) -> Place {
        if let Some(class) = self.class_named(receiver) {
            return self.static_field(class, name);
        }
        let object = match &receiver.kind {
            ast::ExprKind::Path(path) => {
                let message = format!("there is no class `{}`", path.text());
                self.error("unknown-class", path.span, message)
            }
            _ => self.expr(receiver),
        };
        if object.ty.is_error() {
            return Place::Error;
        }
        let class = self.classes.class_of(&object.ty);
        if let Some(class) = class
            && let Some((owner, field)) = self.classes.field(class, &name.text)
        {
            let target = self.field_ref(owner, &field.name, &field.ty);
            return if field.is_static {
                Place::Static(target, field.ty)
            } else {
                Place::Field(object, target, field.ty)
            };
        }
        self.unknown_field(class, &object.ty.clone(), name);
        Place::Error
    }

    fn static_field(&mut self, class: ClassIx, name: &Ident) -> Place {
        if let Some((owner, field)) = self.classes.field(class, &name.text)
            && field.is_static
        {
            let target = self.field_ref(owner, &field.name, &field.ty);
            return Place::Static(target, field.ty);
        }
        let message = format!("`{}` has no static field `{}`", self.classes.class(class).name, name.text);
        self.error("unknown-field", name.span, message);
        Place::Error
    }

    fn unknown_field(&mut self, class: Option<ClassIx>, ty: &Type, name: &Ident) {
        let shown = self.classes.show(ty);
        let message = format!("`{shown}` has no field `{}`", name.text);
        let mut error = Diagnostic::error("unknown-field", name.span, message);
        let Some(class) = class else {
            self.report(error);
            return;
        };
        let fields = self.classes.member_names(class, true);
        let methods = self.classes.member_names(class, false);
        let close = near(&name.text, fields.iter().map(|name| &**name));
        if methods.contains(&name.text) {
            error = error.hint(format!("there is a method of that name: write `{}()`", name.text));
        } else if !close.is_empty() {
            error = error.hint(format!("did you mean `{}`?", close.join("`, `")));
        } else if *ty == Type::Object {
            error = error
                .hint("fields are reached only when the class is known: declare the type of the variable");
        }
        self.report(error);
    }

    fn element(&mut self, array: &ast::Expr, index: &ast::Expr) -> Place {
        let base = self.expr(array);
        let at = self.expr(index);
        let at = self.coerce(at, &Type::Int, index.span, "the index");
        match base.ty.clone() {
            Type::Error => Place::Error,
            Type::Array(element) => Place::Element(base, at, (*element).clone()),
            Type::Object => {
                let base =
                    Expr::new(ExprKind::CheckCast(ARRAY.into(), base.boxed()), Type::array_of(Type::Object));
                Place::Element(base, at, Type::Object)
            }
            ty => {
                let shown = self.classes.show(&ty);
                let error = Diagnostic::error("not-array", array.span, format!("`{shown}` has no elements"));
                let string = self.classes.is_string(&ty);
                self.report(if string { error.hint("`charAt(i)` gives a byte of a string") } else { error });
                Place::Error
            }
        }
    }

    pub(super) fn read(&mut self, place: Place, span: Span) -> Expr {
        match place {
            Place::Local(slot, ty) => Expr::new(ExprKind::Local(slot), ty),
            Place::Field(object, field, ty) => Expr::new(ExprKind::GetField(object.boxed(), field), ty),
            Place::Static(field, ty) => Expr::new(ExprKind::GetStatic(field), ty),
            Place::Element(array, index, ty) => {
                let method = self.internal_method(ARRAY, "get", "(I)L.internal.object;");
                let call = ExprKind::Call(Target::Virtual(method), vec![array, index], self.line_of(span));
                self.object_as(Expr::new(call, Type::Object), &ty)
            }
            Place::Error => Expr::error(),
        }
    }

    /// Stores a value of the place's type.
    pub(super) fn write(&mut self, place: Place, value: Expr, span: Span) -> Expr {
        match place {
            Place::Local(slot, ty) => Expr::new(ExprKind::SetLocal(slot, value.boxed()), ty),
            Place::Field(object, field, ty) => {
                Expr::new(ExprKind::SetField(object.boxed(), field, value.boxed()), ty)
            }
            Place::Static(field, ty) => Expr::new(ExprKind::SetStatic(field, value.boxed()), ty),
            Place::Element(array, index, ty) => self.set_element(array, index, value, &ty, span),
            Place::Error => Expr::error(),
        }
    }

    fn set_element(&mut self, array: Expr, index: Expr, value: Expr, ty: &Type, span: Span) -> Expr {
        // The method takes the value first: what is written first is put aside.
        let mut first = Vec::new();
        let (array, index) = if index.is_constant() || value.is_constant() {
            (array, index)
        } else {
            (self.aside(array, &mut first), self.aside(index, &mut first))
        };
        let value = self.coerce_any(value, span);
        let method = self.internal_method(ARRAY, "set", "(L.internal.object;I)L.internal.object;");
        let call = ExprKind::Call(Target::Virtual(method), vec![array, value, index], self.line_of(span));
        let call = self.object_as(Expr::new(call, Type::Object), ty);
        if first.is_empty() { call } else { Expr::new(ExprKind::Seq(first, call.boxed()), ty.clone()) }
    }

    /// Puts a value into a temporary variable, unless it may as well be evaluated again.
    fn aside(&mut self, value: Expr, first: &mut Vec<Expr>) -> Expr {
        let stays = |slot: u16| self.temps.iter().any(|(_, temp)| *temp == slot);
        if value.is_constant() || matches!(value.kind, ExprKind::Local(slot) if stays(slot)) {
            return value;
        }
        let ty = value.ty.clone();
        let slot = self.temp(&ty);
        first.push(Expr::new(ExprKind::SetLocal(slot, value.boxed()), ty.clone()));
        Expr::new(ExprKind::Local(slot), ty)
    }

    /// Two uses of a place whose parts are evaluated once.
    fn twice(&mut self, place: Place, first: &mut Vec<Expr>) -> (Place, Place) {
        match place {
            Place::Local(slot, ty) => (Place::Local(slot, ty.clone()), Place::Local(slot, ty)),
            Place::Static(field, ty) => (Place::Static(field.clone(), ty.clone()), Place::Static(field, ty)),
            Place::Field(object, field, ty) => {
                let object = self.aside(object, first);
                (Place::Field(object.clone(), field.clone(), ty.clone()), Place::Field(object, field, ty))
            }
            Place::Element(array, index, ty) => {
                let (array, index) = (self.aside(array, first), self.aside(index, first));
                (Place::Element(array.clone(), index.clone(), ty.clone()), Place::Element(array, index, ty))
            }
            Place::Error => (Place::Error, Place::Error),
        }
    }

    // Assignments.

    fn assign(&mut self, op: Option<BinaryOp>, target: &ast::Expr, value: &ast::Expr, span: Span) -> Expr {
        let place = self.place(target);
        let ty = place.ty();
        let right = self.expr(value);
        let Some(op) = op else {
            let right = self.coerce(right, &ty, value.span, &target_text(target));
            if right.ty.is_error() || ty.is_error() {
                return Expr::error();
            }
            return self.write(place, right, span);
        };
        if let (Place::Local(slot, Type::Int), ExprKind::Int(by)) = (&place, &right.kind) {
            let by = if op == BinaryOp::Sub { by.wrapping_neg() } else { *by };
            if matches!(op, BinaryOp::Add | BinaryOp::Sub) {
                return Expr::new(ExprKind::Inc(*slot, by), Type::Int);
            }
        }
        let mut first = Vec::new();
        let (source, destination) = self.twice(place, &mut first);
        let old = self.read(source, target.span);
        let new = self.combine(op, (old, target.span), (right, value.span), span);
        let new = if new.ty.is_numeric() && ty.is_numeric() {
            convert_number(new, &ty)
        } else {
            self.coerce(new, &ty, span, &target_text(target))
        };
        self.sequence(first, destination, new, span)
    }

    fn sequence(&mut self, first: Vec<Expr>, place: Place, value: Expr, span: Span) -> Expr {
        if value.ty.is_error() || place.ty().is_error() {
            return Expr::error();
        }
        let ty = place.ty();
        let write = self.write(place, value, span);
        if first.is_empty() { write } else { Expr::new(ExprKind::Seq(first, write.boxed()), ty) }
    }

    fn inc_dec(&mut self, target: &ast::Expr, up: bool, prefix: bool, span: Span) -> Expr {
        let place = self.place(target);
        let by = if up { 1 } else { -1 };
        if let Place::Local(slot, Type::Int) = place {
            let inc = Expr::new(ExprKind::Inc(slot, by), Type::Int);
            if prefix {
                return inc;
            }
            let old = self.temp(&Type::Int);
            let keep = ExprKind::SetLocal(old, Expr::new(ExprKind::Local(slot), Type::Int).boxed());
            let first = vec![Expr::new(keep, Type::Int), inc];
            return Expr::new(
                ExprKind::Seq(first, Expr::new(ExprKind::Local(old), Type::Int).boxed()),
                Type::Int,
            );
        }
        let ty = place.ty();
        let mut first = Vec::new();
        let (source, destination) = self.twice(place, &mut first);
        let old = self.read(source, target.span);
        let number = if ty == Type::Object { self.object_as(old, &Type::Int) } else { old };
        let number_ty = number.ty.clone();
        if !number_ty.is_numeric() {
            if !number_ty.is_error() {
                let shown = self.classes.show(&number_ty);
                let sign = if up { "++" } else { "--" };
                self.error("bad-operand", span, format!("`{sign}` does not apply to `{shown}`"));
            }
            return Expr::error();
        }
        let old = self.aside(number, &mut first);
        let one = convert_number(Expr::int(by), &number_ty);
        let new = ExprKind::Arith(BinaryOp::Add, old.clone().boxed(), one.boxed());
        let new = Expr::new(new, number_ty.clone());
        let new = self.coerce(new, &ty, span, "the variable");
        if prefix {
            return self.sequence(first, destination, new, span);
        }
        first.push(self.write(destination, new, span));
        Expr::new(ExprKind::Seq(first, old.boxed()), number_ty)
    }
}

/// What is assigned to, for messages.
fn target_text(target: &ast::Expr) -> alloc::string::String {
    match &target.kind {
        ast::ExprKind::Name(name) | ast::ExprKind::Field { name, .. } => format!("`{}`", name.text),
        _ => "the element".to_string(),
    }
}
