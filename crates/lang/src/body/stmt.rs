//! Statements.

use super::Body;
use super::flow::{Context, Exit};
use crate::ast::{self, Ident, StmtKind, TypeExpr};
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind, MethodRef, Target};
use crate::types::{ARRAY, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::vec;
use bytecode::{Kind, Op};

/// A loop whose condition is a constant that is not 0.
fn always(cond: &ast::Expr) -> bool {
    matches!(cond.kind, ast::ExprKind::Int(value) if value != 0)
}

impl Body<'_, '_, '_> {
    /// Gives the slots of temporary values free.
    pub(super) fn end_of_statement(&mut self) {
        self.free.append(&mut self.temps);
    }

    pub(super) fn stmt(&mut self, stmt: &ast::Stmt) {
        if !matches!(stmt.kind, StmtKind::Block(_) | StmtKind::Empty) {
            self.line(stmt.span);
        }
        match &stmt.kind {
            StmtKind::Empty => {}
            StmtKind::Block(list) => {
                self.enter_scope();
                list.iter().for_each(|stmt| self.stmt(stmt));
                self.leave_scope();
            }
            StmtKind::Local(locals) => locals.iter().for_each(|local| self.local(local)),
            StmtKind::Expr(expr) => self.effect(expr),
            StmtKind::If { cond, then, other } => self.if_stmt(cond, then, other.as_deref()),
            StmtKind::While { cond, body } => self.for_stmt(&[], Some(cond), &[], body),
            StmtKind::DoWhile { body, cond, after } => self.do_stmt(body, cond, after.as_deref()),
            StmtKind::For { init, cond, step, body } => self.for_stmt(init, cond.as_ref(), step, body),
            StmtKind::Foreach { declares, ty, name, over, body } => {
                self.enter_scope();
                self.foreach(*declares, ty.as_ref(), name, over, body);
                self.leave_scope();
            }
            StmtKind::Return(value) => self.return_stmt(value.as_ref(), stmt.span),
            StmtKind::Throw(value) => {
                let thrown = self.expr(value);
                let thrown = self.coerce_any(thrown, value.span);
                self.emit.value(&thrown);
                self.emit.op(Op::Throw);
            }
            StmtKind::Try { body, catches, finally } => self.try_stmt(body, catches, finally.as_deref()),
            StmtKind::Switch { value, items } => self.switch(value, items),
            StmtKind::Break => self.leave(true, stmt.span),
            StmtKind::Continue => self.leave(false, stmt.span),
        }
        self.end_of_statement();
    }

    /// An expression for its effects.
    fn effect(&mut self, expr: &ast::Expr) {
        let value = self.expr(expr);
        let useless = matches!(
            expr.kind,
            ast::ExprKind::Name(_)
                | ast::ExprKind::Binary { .. }
                | ast::ExprKind::Int(_)
                | ast::ExprKind::Str(_)
        );
        if useless && !value.ty.is_error() {
            let warning =
                Diagnostic::warning("no-effect", expr.span, "this computes a value that nobody uses");
            self.report(warning);
        }
        if !value.ty.is_error() {
            // `x++` for itself keeps no old value.
            match value.kind {
                ExprKind::Seq(first, last) if matches!(last.kind, ExprKind::Local(_)) => {
                    let incs = first.iter().any(|expr| matches!(expr.kind, ExprKind::Inc(..)));
                    let kept = |expr: &&Expr| !incs || matches!(expr.kind, ExprKind::Inc(..));
                    first.iter().filter(kept).for_each(|expr| self.emit.effect(expr));
                }
                _ => self.emit.effect(&value),
            }
        }
        self.end_of_statement();
    }

    fn local(&mut self, local: &ast::Local) {
        let declared = local.ty.as_ref().map(|ty| (self.classes.type_of(Some(ty), self.file), ty.span));
        let value = local.init.as_ref().map(|init| (self.expr(init), init.span));
        let ty = match (&declared, &value) {
            (Some((Type::Void, span)), _) => {
                self.error("void-value", *span, "a variable cannot have the type `void`");
                Type::Error
            }
            (Some((ty, _)), _) => ty.clone(),
            (None, Some((value, span))) => self.inferred(&value.ty.clone(), *span),
            (None, None) => Type::Object,
        };
        let value = match value {
            Some((value, span)) => self.coerce(value, &ty, span, &format!("`{}`", local.name.text)),
            None => Expr::error(),
        };
        let slot = self.slot(ty.kind().unwrap_or(Kind::Ref));
        if local.init.is_some() && !value.ty.is_error() {
            self.emit.value(&value);
        } else {
            self.emit.zero(&ty);
        }
        self.emit.set(slot);
        self.bind(&local.name, ty, slot);
    }

    /// The type of a variable that is declared without one.
    fn inferred(&mut self, ty: &Type, span: Span) -> Type {
        match ty {
            Type::Void => {
                self.error("void-value", span, "the call gives no value");
                Type::Error
            }
            Type::Null => Type::Object,
            ty => ty.clone(),
        }
    }

    fn condition(&mut self, cond: &ast::Expr) -> Expr {
        let value = self.expr(cond);
        let value = self.truth(value, cond.span);
        if value.ty.is_error() { Expr::int(0) } else { value }
    }

    fn if_stmt(&mut self, cond: &ast::Expr, then: &ast::Stmt, other: Option<&ast::Stmt>) {
        let (otherwise, done) = (self.emit.label(), self.emit.label());
        let test = self.condition(cond);
        self.emit.jump(&test, otherwise, false);
        self.end_of_statement();
        self.stmt(then);
        if let Some(other) = other {
            self.emit.branch(Op::Goto, done);
            self.emit.bind(otherwise);
            self.stmt(other);
        } else {
            self.emit.bind(otherwise);
        }
        self.emit.bind(done);
    }

    fn do_stmt(&mut self, body: &ast::Stmt, cond: &ast::Expr, after: Option<&ast::Stmt>) {
        let top = self.emit.code.here();
        let (on_continue, on_break) = (self.emit.label(), self.emit.label());
        self.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(body);
        self.emit.bind(on_continue);
        self.line(cond.span);
        let test = self.condition(cond);
        if let Some(after) = after {
            self.emit.jump(&test, on_break, false);
            self.end_of_statement();
            self.stmt(after);
            self.emit.branch(Op::Goto, top);
        } else {
            self.emit.jump(&test, top, true);
        }
        self.flow.pop();
        self.emit.bind(on_break);
    }

    /// Loops test at their bottom: one branch for each round.
    fn for_stmt(
        &mut self,
        init: &[ast::Stmt],
        cond: Option<&ast::Expr>,
        step: &[ast::Expr],
        body: &ast::Stmt,
    ) {
        self.enter_scope();
        init.iter().for_each(|stmt| self.stmt(stmt));
        let (top, test) = (self.emit.label(), self.emit.label());
        let (on_continue, on_break) = (self.emit.label(), self.emit.label());
        let cond = cond.filter(|cond| !always(cond));
        let entered = self.emit.reachable;
        if cond.is_some() {
            self.emit.branch(Op::Goto, test);
        }
        self.emit.bind(top);
        self.emit.reachable = entered;
        self.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(body);
        self.flow.pop();
        self.emit.bind(on_continue);
        for step in step {
            self.line(step.span);
            self.effect(step);
        }
        self.emit.bind(test);
        match cond {
            Some(cond) => {
                self.line(cond.span);
                let test = self.condition(cond);
                self.emit.jump(&test, top, true);
            }
            None => self.emit.branch(Op::Goto, top),
        }
        self.emit.bind(on_break);
        self.leave_scope();
    }

    fn return_stmt(&mut self, value: Option<&ast::Expr>, span: Span) {
        let result = self.result.clone();
        match value {
            None if result == Type::Void => {}
            None => {
                let shown = self.classes.show(&result);
                let error = Diagnostic::error(
                    "no-value",
                    span,
                    format!("the method returns a value of type `{shown}`"),
                );
                self.report(error.hint("write the value behind `return`"));
                self.emit.zero(&result);
            }
            Some(value) => {
                let given = self.expr(value);
                if result == Type::Void {
                    let error =
                        Diagnostic::error("void-return", value.span, "a `void` method returns no value");
                    self.report(error.hint("declare the type of the result in front of the method's name"));
                    return;
                }
                let given = self.coerce(given, &result, value.span, "the result");
                if given.ty.is_error() {
                    self.emit.zero(&result);
                } else {
                    self.emit.value(&given);
                }
            }
        }
        self.exit(Exit::Return);
    }

    // foreach.

    fn foreach(
        &mut self,
        declares: bool,
        ty: Option<&TypeExpr>,
        name: &Ident,
        over: &ast::Expr,
        body: &ast::Stmt,
    ) {
        let collection = self.expr(over);
        if collection.ty.is_error() {
            self.classes.type_of(ty, self.file);
            self.declare(name, Type::Error);
            return self.stmt(body);
        }
        let element = match &collection.ty {
            Type::Array(element) => (**element).clone(),
            _ => Type::Object,
        };
        let collection = self.coerce_any(collection, over.span);
        let iterator = self.iterator(collection, over.span);
        let iterator_ty = iterator.ty.clone();
        let slot = self.slot(Kind::Ref);
        self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, iterator.boxed()), iterator_ty.clone()));
        self.end_of_statement();

        let known = self.var(&name.text).filter(|_| !declares).map(|var| (var.slot, var.ty.clone()));
        let (target, target_ty) = known.unwrap_or_else(|| {
            let ty = if ty.is_some() { self.classes.type_of(ty, self.file) } else { element.clone() };
            let target = self.slot(ty.kind().unwrap_or(Kind::Ref));
            self.emit.zero(&ty);
            self.emit.set(target);
            self.bind(name, ty.clone(), target);
            (target, ty)
        });
        let (top, on_continue, on_break) = (self.emit.label(), self.emit.label(), self.emit.label());
        self.emit.branch(Op::Goto, on_continue);
        self.emit.bind_handler(top);
        let next = self.step(slot, &iterator_ty, 9, "next", over.span);
        let next = if next.ty == Type::Object { self.object_as(next, &element) } else { next };
        let next = self.coerce(next, &target_ty, name.span, &format!("`{}`", name.text));
        if !next.ty.is_error() {
            self.emit.value(&next);
            self.emit.set(target);
        }
        self.end_of_statement();
        self.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(body);
        self.flow.pop();
        self.emit.bind(on_continue);
        self.line(over.span);
        let more = self.step(slot, &iterator_ty, 8, "hasNext", over.span);
        let more = self.truth(more, over.span);
        self.emit.jump(&more, top, true);
        self.emit.bind(on_break);
        self.free.push((Kind::Ref, slot));
    }

    /// The iterator of a collection: its method `iterator`, else its method 8.
    fn iterator(&mut self, collection: Expr, span: Span) -> Expr {
        let line = self.line_of(span);
        if matches!(collection.ty, Type::Array(_)) {
            let method = self.internal_method(ARRAY, "iterator", "()L.internal.iterator;");
            let ty = Type::Class(self.classes.internal(".internal.iterator"));
            return Expr::new(ExprKind::Call(Target::Virtual(method), vec![collection], line), ty);
        }
        let class = self.classes.class_of(&collection.ty).unwrap_or(ClassIx(0));
        let found =
            self.classes.methods_named(class, "iterator").into_iter().find(|method| method.params.is_empty());
        match found {
            Some(method) if method.result.is_ref() && !method.by_ordinal && !method.is_static => {
                self.plain_call(class, &method, collection, line)
            }
            _ => Expr::new(ExprKind::Call(Target::Ordinal(8), vec![collection], line), Type::Object),
        }
    }

    /// `hasNext` or `next` of an iterator: by name when its class has it, else by ordinal.
    fn step(&mut self, slot: u16, ty: &Type, ordinal: u16, name: &str, span: Span) -> Expr {
        let line = self.line_of(span);
        let iterator = Expr::new(ExprKind::Local(slot), ty.clone());
        let class = self.classes.class_of(ty).unwrap_or(ClassIx(0));
        let found =
            self.classes.methods_named(class, name).into_iter().find(|method| method.params.is_empty());
        match found {
            Some(method) if method.result != Type::Void && !method.by_ordinal && !method.is_static => {
                self.plain_call(class, &method, iterator, line)
            }
            _ if *ty == Type::Object => {
                let name: Rc<str> = name.into();
                Expr::new(ExprKind::Call(Target::Named(name), vec![iterator], line), Type::Object)
            }
            _ => Expr::new(ExprKind::Call(Target::Ordinal(ordinal), vec![iterator], line), Type::Object),
        }
    }

    fn plain_call(
        &mut self,
        class: ClassIx,
        method: &crate::classes::Method,
        object: Expr,
        line: u32,
    ) -> Expr {
        let owner = self.classes.class(method.owner);
        let holder = if owner.interface { owner } else { self.classes.class(class) };
        let interface = owner.interface;
        let found =
            MethodRef { class: holder.name.clone(), name: method.name.clone(), desc: method.desc.clone() };
        let target = if interface { Target::Interface(found) } else { Target::Virtual(found) };
        Expr::new(ExprKind::Call(target, vec![object], line), method.result.clone())
    }
}
