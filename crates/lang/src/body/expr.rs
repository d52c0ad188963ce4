//! Names, literals, fields, elements, assignments.

use super::convert::convert_number;
use super::{Body, Var};
use crate::ast::{self, BinaryOp, Ident};
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span, near};
use crate::hir::{Expr, ExprKind, FieldRef, Pending, Target};
use crate::types::{ARRAY, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// Something that can be assigned to; its parts are evaluated already.
pub(super) enum Place {
    Local(u16, Type),
    /// A variable that functions share with what is around them: its cell.
    Cell(Expr, Type),
    /// A copy of a variable that nobody assigns, in a function.
    Copy(Expr),
    /// Object, field, type of the value; the last is the type as the field declares it.
    Field(Expr, FieldRef, Type, Type),
    Static(FieldRef, Type),
    /// Array, index, type of the element.
    Element(Expr, Expr, Type),
    /// The name of methods.
    Methods(Rc<Pending>),
    Error,
}

impl Place {
    pub(super) fn ty(&self) -> Type {
        match self {
            Place::Local(_, ty)
            | Place::Cell(_, ty)
            | Place::Field(_, _, ty, _)
            | Place::Static(_, ty)
            | Place::Element(_, _, ty) => ty.clone(),
            Place::Copy(value) => value.ty.clone(),
            Place::Methods(_) => Type::Pending(None),
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
            ast::ExprKind::Path(name) => match self.path(name) {
                Some(place) => self.read(place, span),
                None => {
                    let message = format!("`{}` is a name of a class, not a value", name.text());
                    self.error("class-as-value", span, message)
                }
            },
            ast::ExprKind::Call { receiver, method, args } => self.call(receiver.as_deref(), method, args),
            ast::ExprKind::Apply { callee, args } => self.apply_expr(callee, args),
            ast::ExprKind::Lambda(lambda) => {
                let ty = Type::Pending(Some(lambda.params.len()));
                Expr::new(ExprKind::Pending(Rc::new(Pending::Lambda(lambda.clone()))), ty)
            }
            ast::ExprKind::Template(pieces) => self.template(pieces),
            ast::ExprKind::Safe { receiver, name, then } => self.safe(receiver, name, then),
            ast::ExprKind::Coalesce { left, right } => self.coalesce(left, right),
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
            ast::ExprKind::Path(name) if let Some(place) = self.path(name) => place,
            _ => {
                self.expr(expr);
                let error = Diagnostic::error("not-assignable", expr.span, "this cannot be assigned to");
                self.report(error.hint("variables, fields and elements of arrays can"));
                Place::Error
            }
        }
    }

    pub(super) fn name(&mut self, name: &Ident) -> Place {
        if let Some(seen) = self.seen(&name.text) {
            return match seen.slot {
                _ if seen.in_cell => Place::Cell(seen.held, seen.ty),
                Some(slot) => Place::Local(slot, seen.ty),
                None => Place::Copy(seen.held),
            };
        }
        if let Some((class, field)) = self.classes.field(self.class, &name.text) {
            self.check_access(field.access, class, name, "field");
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
            let this = self.this();
            let map = self.classes.substitution(&this.ty, class);
            return Place::Field(this, target, field.ty.with(&map), field.ty);
        }
        if !self.classes.methods_named(self.class, &name.text).is_empty() {
            let receiver = if self.is_static { None } else { Some(self.this()) };
            let pending = Pending::Method { receiver, class: self.class, name: name.clone() };
            return Place::Methods(Rc::new(pending));
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

    /// What `.a.b.c.field` names: the longest class in front, a static field of it, and fields of what that holds.
    pub(super) fn path(&mut self, name: &ast::Name) -> Option<Place> {
        let (class, count) = (1..name.parts.len()).rev().find_map(|count| {
            let front = ast::Name { absolute: true, parts: name.parts[..count].to_vec(), span: name.span };
            Some((self.classes.lookup(&front, self.file)?, count))
        })?;
        let mut place = self.static_field(class, &name.parts[count]);
        for field in &name.parts[count + 1..] {
            let object = self.read(place, field.span);
            place = self.field_of(object, field);
        }
        Some(place)
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
            ast::ExprKind::Path(path) => match self.path(path) {
                Some(place) => self.read(place, path.span),
                None => {
                    let message = format!("there is no class `{}`", path.text());
                    self.error("unknown-class", path.span, message)
                }
            },
            _ => {
                let object = self.expr(receiver);
                self.settled(object, receiver.span)
            }
        };
        self.field_of(object, name)
    }

    pub(super) fn field_of(&mut self, object: Expr, name: &Ident) -> Place {
        if object.ty.is_error() {
            return Place::Error;
        }
        let class = self.classes.class_of(&object.ty);
        if let Some(class) = class
            && let Some((owner, field)) = self.classes.field(class, &name.text)
        {
            self.check_access(field.access, owner, name, "field");
            let target = self.field_ref(owner, &field.name, &field.ty);
            return if field.is_static {
                Place::Static(target, field.ty)
            } else {
                let map = self.classes.substitution(&object.ty, owner);
                Place::Field(object, target, field.ty.with(&map), field.ty)
            };
        }
        if let Some(class) = class
            && !self.classes.methods_named(class, &name.text).is_empty()
        {
            let pending = Pending::Method { receiver: Some(object), class, name: name.clone() };
            return Place::Methods(Rc::new(pending));
        }
        self.unknown_field(class, &object.ty.clone(), name);
        Place::Error
    }

    pub(super) fn static_field(&mut self, class: ClassIx, name: &Ident) -> Place {
        if let Some((owner, field)) = self.classes.field(class, &name.text)
            && field.is_static
        {
            self.check_access(field.access, owner, name, "field");
            let target = self.field_ref(owner, &field.name, &field.ty);
            return Place::Static(target, field.ty);
        }
        if !self.classes.methods_named(class, &name.text).is_empty() {
            let pending = Pending::Method { receiver: None, class, name: name.clone() };
            return Place::Methods(Rc::new(pending));
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
        let close = near(&name.text, fields.iter().map(|name| &**name));
        if !close.is_empty() {
            error = error.hint(format!("did you mean `{}`?", close.join("`, `")));
        } else if *ty == Type::Object {
            error = error
                .hint("fields are reached only when the class is known: declare the type of the variable");
        }
        self.report(error);
    }

    fn element(&mut self, array: &ast::Expr, index: &ast::Expr) -> Place {
        let base = self.expr(array);
        let base = self.settled(base, array.span);
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
            Place::Cell(cell, ty) => Expr::new(ExprKind::GetCell(cell.boxed()), ty),
            Place::Copy(value) => value,
            Place::Field(object, field, ty, _) if let Some(desc) = self.java_field(&field) => {
                let value = Expr::new(ExprKind::GetField(object.boxed(), field), Self::raw_type(Some(&desc)));
                self.from_java(value, Some(&desc), &ty, self.line_of(span))
            }
            Place::Static(field, ty) if let Some(desc) = self.java_field(&field) => {
                let line = self.line_of(span);
                let value = Expr::new(ExprKind::GetStatic(field), Self::raw_type(Some(&desc)));
                let value = self.from_java(value, Some(&desc), &ty, line);
                self.booted(value, line)
            }
            Place::Field(object, field, ty, declared) => {
                let value = Expr::new(ExprKind::GetField(object.boxed(), field), declared.clone());
                self.as_declared(value, &declared, ty)
            }
            Place::Methods(pending) => Expr::new(ExprKind::Pending(pending), Type::Pending(None)),
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
            Place::Cell(cell, ty) => Expr::new(ExprKind::SetCell(cell.boxed(), value.boxed()), ty),
            Place::Field(object, field, ty, _) if let Some(desc) = self.java_field(&field) => {
                let line = self.line_of(span);
                let value = self.to_java(value, &desc, line);
                let kind = ExprKind::SetField(object.boxed(), field, value.boxed());
                let set = Expr::new(kind, Self::raw_type(Some(&desc)));
                self.from_java(set, Some(&desc), &ty, line)
            }
            Place::Static(field, ty) if let Some(desc) = self.java_field(&field) => {
                let line = self.line_of(span);
                let value = self.to_java(value, &desc, line);
                let kind = ExprKind::SetStatic(field, value.boxed());
                let set = Expr::new(kind, Self::raw_type(Some(&desc)));
                let set = self.from_java(set, Some(&desc), &ty, line);
                self.booted(set, line)
            }
            Place::Field(object, field, ty, declared) => {
                let value = self.represented(value, &declared);
                let set =
                    Expr::new(ExprKind::SetField(object.boxed(), field, value.boxed()), declared.clone());
                self.as_declared(set, &declared, ty)
            }
            // Reported by `assignable`.
            Place::Copy(_) | Place::Methods(_) => Expr::error(),
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
        let stays = |slot: u16| self.scene.temps.iter().any(|(_, temp)| *temp == slot);
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
            Place::Field(object, field, ty, declared) => {
                let object = self.aside(object, first);
                (
                    Place::Field(object.clone(), field.clone(), ty.clone(), declared.clone()),
                    Place::Field(object, field, ty, declared),
                )
            }
            Place::Cell(cell, ty) => (Place::Cell(cell.clone(), ty.clone()), Place::Cell(cell, ty)),
            Place::Element(array, index, ty) => {
                let (array, index) = (self.aside(array, first), self.aside(index, first));
                (Place::Element(array.clone(), index.clone(), ty.clone()), Place::Element(array, index, ty))
            }
            Place::Copy(_) | Place::Methods(_) | Place::Error => (Place::Error, Place::Error),
        }
    }

    // Strings with expressions, and null.

    fn template(&mut self, pieces: &[ast::Piece]) -> Expr {
        let string = self.classes.string();
        let mut parts = Vec::new();
        let mut failed = false;
        for piece in pieces {
            match piece {
                ast::Piece::Text(text) if text.is_empty() && pieces.len() > 3 => {}
                ast::Piece::Text(text) => {
                    parts.push(Expr::new(ExprKind::Str(text.clone()), string.clone()));
                }
                ast::Piece::Value(value, format) => {
                    let part = self.expr(value);
                    let ty = part.ty.clone();
                    let part = self.coerce_any(part, value.span);
                    failed |= part.ty.is_error();
                    parts.push(match format {
                        Some((text, span)) => {
                            self.check_format(text, &ty, *span);
                            Expr::new(ExprKind::Formatted(part.boxed(), text.clone()), string.clone())
                        }
                        None => part,
                    });
                }
            }
        }
        if failed { Expr::error() } else { Expr::new(ExprKind::Concat(parts), string) }
    }

    /// Reports a format that is none, or that does not fit what is formatted.
    fn check_format(&mut self, text: &str, ty: &Type, span: Span) {
        let hint = "it is `[<^>][+][0][width][.digits][letter]` with one of the letters d x X o b f e s";
        let Some(format) = base::format::Format::parse(text) else {
            let message = format!("`{text}` is no format");
            self.report(Diagnostic::error("bad-format", span, message).hint(hint));
            return;
        };
        let integer = ty.is_integer() || *ty == Type::Object || ty.is_error();
        let number = ty.is_numeric() || *ty == Type::Object || ty.is_error();
        let fits = match format.letter {
            b'd' | b'x' | b'X' | b'o' | b'b' => integer,
            b'f' | b'e' => number,
            _ => number || (format.digits.is_none() && !format.plus && !format.zeros),
        };
        if !fits {
            let shown = self.classes.show(ty);
            let message = format!("the format `{text}` does not apply to `{shown}`");
            self.report(Diagnostic::error("bad-format", span, message));
        }
    }

    /// `receiver?.member`: null when the receiver is.
    fn safe(&mut self, receiver: &ast::Expr, name: &Ident, then: &ast::Expr) -> Expr {
        let object = self.expr(receiver);
        let object = self.settled(object, receiver.span);
        if object.ty.is_error() {
            return Expr::error();
        }
        if !object.ty.is_ref() {
            let shown = self.classes.show(&object.ty);
            let error = Diagnostic::error(
                "never-null",
                receiver.span,
                format!("this is `{shown}`, which is never null"),
            );
            return self.report(error.hint("write `.`"));
        }
        let ty = object.ty.clone();
        let slot = self.temp(&ty);
        let start = self.emit.code.here();
        let var = Var { slot, ty: ty.clone(), span: name.span, start, in_cell: false, is_final: true };
        self.scene.scopes.push([(name.text.clone(), var)].into_iter().collect());
        let value = self.expr(then);
        let value = self.settled(value, then.span);
        self.scene.scopes.pop();
        let value = match &value.ty {
            Type::Error => return value,
            Type::Void => {
                let null = Expr::new(ExprKind::Null, Type::Object);
                Expr::new(ExprKind::Seq(vec![value], null.boxed()), Type::Object)
            }
            _ => self.coerce_any(value, then.span),
        };
        let result = value.ty.clone();
        let held = Expr::new(ExprKind::Local(slot), ty.clone());
        let test = Expr::new(ExprKind::IsNull(held.boxed(), true), Type::Int);
        let null = Expr::new(ExprKind::Null, result.clone());
        let choice = ExprKind::Ternary(test.boxed(), null.boxed(), value.boxed());
        let first = vec![Expr::new(ExprKind::SetLocal(slot, object.boxed()), ty)];
        Expr::new(ExprKind::Seq(first, Expr::new(choice, result.clone()).boxed()), result)
    }

    /// `left ?? right`: the right one when the left one is null.
    fn coalesce(&mut self, left: &ast::Expr, right: &ast::Expr) -> Expr {
        let (a, b) = (self.expr(left), self.expr(right));
        let a = self.settled(a, left.span);
        if a.ty.is_error() || b.ty.is_error() {
            return Expr::error();
        }
        if !a.ty.is_ref() {
            let shown = self.classes.show(&a.ty);
            let message = format!("this is `{shown}`, which is never null");
            return self.error("never-null", left.span, message);
        }
        let ty = match self.common(&a.ty, &b.ty) {
            Type::Void => Type::Object,
            ty => ty,
        };
        let b = self.coerce(b, &ty, right.span, "the right side of `??`");
        if b.ty.is_error() {
            return b;
        }
        let slot = self.temp(&a.ty);
        let held = Expr::new(ExprKind::Local(slot), a.ty.clone());
        let test = Expr::new(ExprKind::IsNull(held.clone().boxed(), true), Type::Int);
        let first = vec![Expr::new(ExprKind::SetLocal(slot, a.boxed()), held.ty.clone())];
        let choice = ExprKind::Ternary(test.boxed(), b.boxed(), held.boxed());
        Expr::new(ExprKind::Seq(first, Expr::new(choice, ty.clone()).boxed()), ty)
    }

    // Assignments.

    fn assign(&mut self, op: Option<BinaryOp>, target: &ast::Expr, value: &ast::Expr, span: Span) -> Expr {
        let place = self.place(target);
        let place = self.assignable(place, target);
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

    /// The place, unless what is there cannot be set.
    fn assignable(&mut self, place: Place, target: &ast::Expr) -> Place {
        let what = match &place {
            Place::Methods(_) => {
                let error =
                    Diagnostic::error("not-assignable", target.span, "a method cannot be assigned to");
                self.report(error.hint("variables, fields and elements of arrays can"));
                return Place::Error;
            }
            Place::Field(_, field, ..) | Place::Static(field, _) => {
                let Some(class) = self.classes.by_full_name(&field.class) else { return place };
                let found = self.classes.field(class, &field.name);
                let own = self.initialises && class == self.class && self.outer.is_empty();
                if own || !found.is_some_and(|(_, found)| found.is_final) {
                    return place;
                }
                "the field"
            }
            Place::Local(..) | Place::Cell(..) | Place::Copy(_) => {
                let ast::ExprKind::Name(name) = &target.kind else { return place };
                if !self.var(&name.text).is_some_and(|var| var.is_final) {
                    return place;
                }
                "the variable"
            }
            Place::Element(..) | Place::Error => return place,
        };
        let text = target_text(target);
        let error = Diagnostic::error("final-assignment", target.span, format!("{what} {text} is final"));
        let hint = if what == "the field" {
            "it is set where it is declared or in a constructor of its class"
        } else {
            "it is set where it is declared"
        };
        self.report(error.hint(hint));
        Place::Error
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
        let place = self.assignable(place, target);
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
