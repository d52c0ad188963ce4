//! Statements.

use super::Body;
use super::expr::Place;
use super::flow::{Context, Exit};
use crate::ast::{self, Foreach, Ident, StmtKind, TypeExpr};
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind, Target};
use crate::types::{ARRAY, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{Kind, Op};

/// A loop whose condition is a constant that is not 0.
fn always(cond: &ast::Expr) -> bool {
    matches!(cond.kind, ast::ExprKind::Int(value) if value != 0)
}

impl Body<'_, '_, '_> {
    /// Gives the slots of temporary values free.
    pub(super) fn end_of_statement(&mut self) {
        self.scene.free.append(&mut self.scene.temps);
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
            StmtKind::Foreach(foreach) => {
                self.enter_scope();
                match &foreach.to {
                    Some(to) => self.range(foreach, to),
                    None => self.foreach(foreach),
                }
                self.leave_scope();
            }
            StmtKind::Synchronized { lock, body } => self.synchronized(lock, body),
            StmtKind::Assert { cond, message } => self.assert(cond, message.as_ref()),
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
        let value = self.settled(value, expr.span);
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
        let itself = local.init.as_ref().is_some_and(|init| matches!(init.kind, ast::ExprKind::Lambda(_)))
            && declared.is_some()
            && self.captures.in_cell(&local.name.text);
        if let (true, Some((ty, _)), Some(init)) = (itself, &declared, &local.init) {
            // The function may call itself: its variable is there before it.
            let zero = self.zero(ty);
            self.declare_with(&local.name, ty.clone(), &zero);
            let value = self.expr(init);
            let value = self.coerce(value, ty, init.span, &format!("`{}`", local.name.text));
            let place = self.name(&local.name);
            if !value.ty.is_error() {
                let set = self.write(place, value, init.span);
                self.emit.effect(&set);
            }
            return self.finalise(local);
        }
        let value = local.init.as_ref().map(|init| {
            let value = self.expr(init);
            (if declared.is_some() { value } else { self.settled(value, init.span) }, init.span)
        });
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
        let value = if local.init.is_some() && !value.ty.is_error() { value } else { self.zero(&ty) };
        self.declare_with(&local.name, ty, &value);
        self.finalise(local);
    }

    fn finalise(&mut self, local: &ast::Local) {
        let var = self.scene.scopes.last_mut().and_then(|scope| scope.get_mut(&local.name.text));
        if let (Some(var), true) = (var, local.is_final) {
            var.is_final = true;
        }
    }

    /// `assert cond : message;`.
    fn assert(&mut self, cond: &ast::Expr, message: Option<&ast::Expr>) {
        let test = self.condition(cond);
        let done = self.emit.label();
        self.emit.jump(&test, done, true);
        let string = self.classes.string();
        let text = match message {
            Some(message) => {
                let text = self.expr(message);
                let text = self.coerce_any(text, message.span);
                Expr::new(ExprKind::Concat(vec![text]), string)
            }
            None => {
                let source = self.classes.files.get(self.file as usize).map_or("", |file| &file.text);
                let source = source.get(cond.span.range()).unwrap_or_default();
                Expr::new(ExprKind::Str(format!("`{source}` does not hold").into()), string)
            }
        };
        let class = ".internal.exception.assertion";
        let line = self.line_of(cond.span);
        let constructor = self.internal_method(class, crate::classes::CONSTRUCTOR, "()V");
        let made = Expr::new(ExprKind::New(constructor, vec![], line), Type::Object);
        let slot = self.temp(&Type::Object);
        self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, made.boxed()), Type::Object));
        let held = Expr::new(ExprKind::Local(slot), Type::Object);
        let set = self.internal_method(class, "setMessage", "(L.internal.string;)V");
        let call = ExprKind::Call(Target::Virtual(set), vec![held.clone(), text], line);
        self.emit.effect(&Expr::new(call, Type::Void));
        self.emit.value(&held);
        self.emit.op(Op::Throw);
        self.emit.bind(done);
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
        self.scene.flow.push(Context::Loop { on_break, on_continue });
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
        self.scene.flow.pop();
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
        self.scene.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(body);
        self.scene.flow.pop();
        self.emit.bind(on_continue);
        self.next_round();
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

    /// Gives each variable of a `for` that stands in a cell a new cell: functions keep the one of their round.
    fn next_round(&mut self) {
        let vars = self.scene.scopes.last().into_iter().flat_map(|scope| scope.values());
        let cells: Vec<(u16, Type)> =
            vars.filter(|var| var.in_cell).map(|var| (var.slot, var.ty.clone())).collect();
        for (slot, ty) in cells {
            let held = Expr::new(ExprKind::Local(slot), Type::Object);
            let value = Expr::new(ExprKind::GetCell(held.boxed()), ty);
            let fresh = Expr::new(ExprKind::NewCell(value.boxed()), Type::Object);
            self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, fresh.boxed()), Type::Object));
        }
    }

    fn return_stmt(&mut self, value: Option<&ast::Expr>, span: Span) {
        if let Some(value) = value {
            return self.return_expr(value);
        }
        let signature = &mut self.scene.signature;
        signature.infers = false;
        let (result, abi) = (signature.result.clone(), signature.abi_result.clone());
        if result != Type::Void {
            let shown = self.classes.show(&result);
            let error =
                Diagnostic::error("no-value", span, format!("the method returns a value of type `{shown}`"));
            self.report(error.hint("write the value behind `return`"));
        }
        self.emit.zero(&abi);
        self.exit(Exit::Return);
    }

    /// Returns the value of an expression.
    pub(super) fn return_expr(&mut self, value: &ast::Expr) {
        let given = self.expr(value);
        let signature = &self.scene.signature;
        if signature.result == Type::Void && !signature.infers && self.scene.function.is_none() {
            let error = Diagnostic::error("void-return", value.span, "a `void` method returns no value");
            self.report(error.hint("declare the type of the result in front of the method's name"));
            return;
        }
        self.return_value(given, value.span);
    }

    pub(super) fn return_value(&mut self, given: Expr, span: Span) {
        let infers = self.scene.signature.infers;
        let given = if infers { self.settled(given, span) } else { given };
        if infers {
            let result = match &given.ty {
                Type::Null => Type::Object,
                ty => ty.clone(),
            };
            (self.scene.signature.result, self.scene.signature.infers) = (result, false);
        }
        let (result, abi) = (self.scene.signature.result.clone(), self.scene.signature.abi_result.clone());
        if result == Type::Void {
            // A function whose value nobody wants.
            let given = self.settled(given, span);
            if !given.ty.is_error() {
                self.emit.effect(&given);
            }
            self.emit.zero(&abi);
        } else {
            let given = self.coerce(given, &result, span, "the result");
            if given.ty.is_error() {
                self.emit.zero(&abi);
            } else {
                let given = self.represented(given, &abi);
                self.emit.value(&given);
            }
        }
        self.exit(Exit::Return);
    }

    // foreach.

    /// `foreach (i in from..to)`: the numbers from the one up to but not including the other.
    fn range(&mut self, head: &Foreach, to: &ast::Expr) {
        let from = &head.over;
        let (first, end) = (self.expr(from), self.expr(to));
        let long = first.ty == Type::Long || end.ty == Type::Long;
        let ty = if long { Type::Long } else { Type::Int };
        let first = self.coerce(first, &ty, from.span, "the start of the range");
        let end = self.coerce(end, &ty, to.span, "the end of the range");
        if let Some(second) = &head.second {
            self.error("bad-range", second.span, "a range has one variable");
        }
        let kind = ty.kind().unwrap_or(Kind::I32);
        let (at, limit) = (self.slot(kind), self.slot(kind));
        for (slot, value) in [(at, first), (limit, end)] {
            let value = if value.ty.is_error() { self.zero(&ty) } else { value };
            self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, value.boxed()), ty.clone()));
        }
        self.end_of_statement();
        let get = |slot: u16| Expr::new(ExprKind::Local(slot), ty.clone());
        let step = if long {
            let one = Expr::new(ExprKind::Long(1), ty.clone());
            let next = ExprKind::Arith(ast::BinaryOp::Add, get(at).boxed(), one.boxed());
            ExprKind::SetLocal(at, Expr::new(next, ty.clone()).boxed())
        } else {
            ExprKind::Inc(at, 1)
        };
        let round = self.round(head.declares, head.ty.as_ref(), &head.name, &ty);
        let (top, on_continue, on_break) = (self.emit.label(), self.emit.label(), self.emit.label());
        let test = self.emit.label();
        self.emit.branch(Op::Goto, test);
        self.emit.bind_handler(top);
        self.set_round(&round, &head.name, get(at));
        self.scene.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(&head.body);
        self.scene.flow.pop();
        self.emit.bind(on_continue);
        self.emit.effect(&Expr::new(step, ty.clone()));
        self.emit.bind(test);
        self.line(from.span);
        let more = ExprKind::Compare(ast::BinaryOp::Lt, get(at).boxed(), get(limit).boxed());
        self.emit.jump(&Expr::new(more, Type::Int), top, true);
        self.emit.bind(on_break);
        self.scene.free.extend([(kind, at), (kind, limit)]);
    }

    fn foreach(&mut self, head: &Foreach) {
        let over = &head.over;
        let collection = self.expr(over);
        let collection = self.settled(collection, over.span);
        if collection.ty.is_error() {
            self.classes.type_of(head.ty.as_ref(), self.file);
            for name in core::iter::once(&head.name).chain(&head.second) {
                let zero = self.zero(&Type::Error);
                self.declare_with(name, Type::Error, &zero);
            }
            return self.stmt(&head.body);
        }
        let number = collection.ty.is_numeric();
        if number {
            let shown = self.classes.show(&collection.ty);
            let error = Diagnostic::error("not-iterable", over.span, format!("`{shown}` has no elements"));
            self.report(error.hint("`0..n` gives the numbers from 0 up to but not including n"));
        }
        let element = match &collection.ty {
            Type::Array(element) => (**element).clone(),
            _ => Type::Object,
        };
        let collection = self.coerce_any(collection, over.span);
        // What the second variable's values come from.
        let (walked, whole) = match &head.second {
            None => (collection, None),
            Some(_) => {
                let (ty, slot) = (collection.ty.clone(), self.slot(Kind::Ref));
                self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, collection.boxed()), ty.clone()));
                let whole = Expr::new(ExprKind::Local(slot), ty);
                (self.keys(whole.clone(), over.span), Some((whole, slot)))
            }
        };
        let by_index = whole.is_some() && matches!(walked.ty, Type::Array(_) | Type::Int);
        if by_index && walked.ty == Type::Int {
            return self.entries_of_array(head, whole, walked, &element);
        }
        let element = match &walked.ty {
            Type::Array(element) => (**element).clone(),
            _ => element,
        };
        let iterator = self.iterator(walked, over.span);
        let iterator_ty = iterator.ty.clone();
        let slot = self.slot(Kind::Ref);
        self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, iterator.boxed()), iterator_ty.clone()));
        self.end_of_statement();
        let next = self.step(slot, &iterator_ty, 9, "next", over.span);
        let next = if next.ty == Type::Object { self.object_as(next, &element) } else { next };
        let round = self.round(head.declares, head.ty.as_ref(), &head.name, &next.ty.clone());
        let values = whole.as_ref().zip(head.second.as_ref()).map(|((whole, slot), name)| {
            let key = self.temp(&next.ty.clone());
            let held = Expr::new(ExprKind::Local(key), next.ty.clone());
            let value = self.member_call(whole.clone(), "get", vec![(held.clone(), name.span)], over.span);
            (key, held, self.round(true, None, name, &value.ty.clone()), name, value, *slot)
        });
        // The slot of the key is used again in each round.
        self.scene.temps.retain(|(_, temp)| values.as_ref().is_none_or(|(key, ..)| key != temp));
        let (top, on_continue, on_break) = (self.emit.label(), self.emit.label(), self.emit.label());
        self.emit.branch(Op::Goto, on_continue);
        self.emit.bind_handler(top);
        match &values {
            None => self.set_round(&round, &head.name, next),
            Some((key, held, second, name, value, _)) => {
                let ty = next.ty.clone();
                self.emit.effect(&Expr::new(ExprKind::SetLocal(*key, next.boxed()), ty));
                self.set_round(&round, &head.name, held.clone());
                self.set_round(second, name, value.clone());
            }
        }
        self.end_of_statement();
        self.scene.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(&head.body);
        self.scene.flow.pop();
        self.emit.bind(on_continue);
        self.line(over.span);
        let more = self.step(slot, &iterator_ty, 8, "hasNext", over.span);
        let more = self.truth(more, over.span);
        self.emit.jump(&more, top, true);
        self.emit.bind(on_break);
        self.scene.free.push((Kind::Ref, slot));
        if let Some((key, held, .., whole)) = values {
            self.scene.free.push((held.ty.kind().unwrap_or(Kind::Ref), key));
            self.scene.free.push((Kind::Ref, whole));
        }
    }

    /// `foreach (index, element in array)`.
    fn entries_of_array(&mut self, head: &Foreach, whole: Option<(Expr, u16)>, size: Expr, element: &Type) {
        let over = &head.over;
        let (Some((whole, slot)), Some(second)) = (whole, &head.second) else { return };
        let at = self.slot(Kind::I32);
        self.emit.effect(&Expr::new(ExprKind::SetLocal(at, Expr::int(0).boxed()), Type::Int));
        let index = Expr::new(ExprKind::Local(at), Type::Int);
        let first = self.round(head.declares, head.ty.as_ref(), &head.name, &Type::Int);
        let other = self.round(true, None, second, element);
        let (top, test) = (self.emit.label(), self.emit.label());
        let (on_continue, on_break) = (self.emit.label(), self.emit.label());
        self.emit.branch(Op::Goto, test);
        self.emit.bind_handler(top);
        self.set_round(&first, &head.name, index.clone());
        let value = self.member_call(whole, "get", vec![(index.clone(), over.span)], over.span);
        self.set_round(&other, second, value);
        self.end_of_statement();
        self.scene.flow.push(Context::Loop { on_break, on_continue });
        self.stmt(&head.body);
        self.scene.flow.pop();
        self.emit.bind(on_continue);
        self.emit.effect(&Expr::new(ExprKind::Inc(at, 1), Type::Int));
        self.emit.bind(test);
        self.line(over.span);
        let more = ExprKind::Compare(ast::BinaryOp::Lt, index.boxed(), size.boxed());
        self.emit.jump(&Expr::new(more, Type::Int), top, true);
        self.emit.bind(on_break);
        self.scene.free.extend([(Kind::I32, at), (Kind::Ref, slot)]);
    }

    /// What a foreach with two variables walks: the keys, or of an array the number of its elements.
    fn keys(&mut self, whole: Expr, span: Span) -> Expr {
        if matches!(whole.ty, Type::Array(_)) {
            return self.member_call(whole, "size", vec![], span);
        }
        let class = self.classes.class_of(&whole.ty).unwrap_or(ClassIx(0));
        let plain = |method: &Rc<crate::classes::Method>| method.params.is_empty() && !method.is_static;
        if self.classes.is_java(class) && self.classes.methods_named(class, "keySet").iter().any(plain) {
            return self.member_call(whole, "keySet", vec![], span);
        }
        let has = self.classes.methods_named(class, "keys").iter().any(plain);
        if has || whole.ty == Type::Object { self.member_call(whole, "keys", vec![], span) } else { whole }
    }

    fn member_call(&mut self, object: Expr, name: &str, args: super::call::Args, span: Span) -> Expr {
        self.method_call(object, span, &Ident { text: name.into(), span }, args)
    }

    /// The variable of a loop over elements of a type: one that exists, or a new one of each round.
    fn round(&mut self, declares: bool, ty: Option<&TypeExpr>, name: &Ident, element: &Type) -> Round {
        if !declares && self.var(&name.text).is_some() {
            return Round::Known;
        }
        let ty = if ty.is_some() { self.classes.type_of(ty, self.file) } else { element.clone() };
        let ty = if matches!(ty, Type::Void | Type::Null) { Type::Object } else { ty };
        let in_cell = self.captures.in_cell(&name.text);
        let slot = self.slot(if in_cell { Kind::Ref } else { ty.kind().unwrap_or(Kind::Ref) });
        let zero = if in_cell { Type::Object } else { ty.clone() };
        self.emit.zero(&zero);
        self.emit.set(slot);
        self.bind_var(name, ty.clone(), slot, in_cell);
        Round::New { slot, ty, in_cell }
    }

    fn set_round(&mut self, round: &Round, name: &Ident, value: Expr) {
        let what = format!("`{}`", name.text);
        let place = match round {
            Round::Known => self.name(name),
            Round::New { slot, ty, .. } => Place::Local(*slot, ty.clone()),
        };
        let value = self.coerce(value, &place.ty(), name.span, &what);
        if value.ty.is_error() {
            return;
        }
        match round {
            Round::New { slot, in_cell: true, .. } => {
                let cell = Expr::new(ExprKind::NewCell(value.boxed()), Type::Object);
                self.emit.effect(&Expr::new(ExprKind::SetLocal(*slot, cell.boxed()), Type::Object));
            }
            _ => {
                let set = self.write(place, value, name.span);
                self.emit.effect(&set);
            }
        }
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
        if self.steps_by(class, "iterator", Type::is_ref) {
            return self.member_call(collection, "iterator", vec![], span);
        }
        if collection.ty == Type::Object {
            // Which of the two it has is found at run time.
            let closure = ".internal.closure";
            let constructor = self.internal_method(closure, crate::classes::CONSTRUCTOR, "()V");
            let made = Expr::new(ExprKind::New(constructor, vec![], line), Type::Object);
            let method = self.internal_method(closure, "iterate", "(L.internal.object;)L.internal.object;");
            let call = ExprKind::Call(Target::Virtual(method), vec![made, collection], line);
            return Expr::new(call, Type::Object);
        }
        Expr::new(ExprKind::Call(Target::Ordinal(8), vec![collection], line), Type::Object)
    }

    /// Whether a class has a method without parameters that gives something of this kind.
    fn steps_by(&mut self, class: ClassIx, name: &str, gives: impl Fn(&Type) -> bool) -> bool {
        let methods = self.classes.methods_named(class, name);
        let found = methods.iter().find(|method| method.params.is_empty());
        found.is_some_and(|method| gives(&method.result) && !method.by_ordinal && !method.is_static)
    }

    /// `hasNext` or `next` of an iterator: by name when its class has it, else by ordinal.
    fn step(&mut self, slot: u16, ty: &Type, ordinal: u16, name: &str, span: Span) -> Expr {
        let iterator = Expr::new(ExprKind::Local(slot), ty.clone());
        let class = self.classes.class_of(ty).unwrap_or(ClassIx(0));
        if *ty == Type::Object || self.steps_by(class, name, |result| *result != Type::Void) {
            return self.member_call(iterator, name, vec![], span);
        }
        let line = self.line_of(span);
        Expr::new(ExprKind::Call(Target::Ordinal(ordinal), vec![iterator], line), Type::Object)
    }
}

/// The variable of a loop.
enum Round {
    Known,
    New { slot: u16, ty: Type, in_cell: bool },
}
