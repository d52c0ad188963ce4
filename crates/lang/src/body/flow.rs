//! Leaving loops, switches and methods, through `finally` where one stands in the way.
//!
//! A `finally` is compiled once. Whoever leaves through it sets its state to a number and goes to it; behind it a
//! switch over the state goes on to where each number leads.

use super::Body;
use crate::ast;
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind};
use crate::types::{OBJECT, Type};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytecode::{Kind, Label, Op};

/// Something that statements inside may leave.
pub(super) enum Context {
    Loop { on_break: Label, on_continue: Label },
    Switch { on_break: Label },
    Finally(Finally),
}

pub(super) struct Finally {
    entry: Label,
    /// Which exit is under way: 0 none, 1 an exception, then `exits` in order.
    state: u16,
    thrown: u16,
    /// Where the result of the method waits.
    result: Option<u16>,
    exits: Vec<Exit>,
}

/// A way out; the numbers are indexes of contexts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Break(usize),
    Continue(usize),
    Return,
}

const THROWN: i32 = 1;
const FIRST_EXIT: i32 = 2;

impl Body<'_, '_, '_> {
    /// Leaves by the exit; the result of the method, if it has one, lies on the stack for `Return`.
    pub(super) fn exit(&mut self, exit: Exit) {
        let floor = match exit {
            Exit::Break(target) | Exit::Continue(target) => target + 1,
            Exit::Return => 0,
        };
        for context in self.scene.flow.iter_mut().skip(floor).rev() {
            let Context::Finally(finally) = context else { continue };
            let known = finally.exits.iter().position(|other| *other == exit);
            let index = known.unwrap_or_else(|| {
                finally.exits.push(exit);
                finally.exits.len() - 1
            });
            let (state, entry, result) = (finally.state, finally.entry, finally.result);
            if let (Exit::Return, Some(result)) = (exit, result) {
                self.emit.set(result);
            }
            self.emit.int(FIRST_EXIT + index as i32);
            self.emit.set(state);
            return self.emit.branch(Op::Goto, entry);
        }
        match (exit, self.scene.flow.get(floor.wrapping_sub(1))) {
            (Exit::Break(_), Some(Context::Loop { on_break, .. } | Context::Switch { on_break })) => {
                self.emit.branch(Op::Goto, *on_break);
            }
            (Exit::Continue(_), Some(Context::Loop { on_continue, .. })) => {
                self.emit.branch(Op::Goto, *on_continue);
            }
            _ => self.emit.op(Op::Return),
        }
    }

    /// `break` or `continue`.
    pub(super) fn leave(&mut self, is_break: bool, span: Span) {
        let fits = |context: &Context| match context {
            Context::Loop { .. } => true,
            Context::Switch { .. } => is_break,
            Context::Finally(_) => false,
        };
        match self.scene.flow.iter().rposition(fits) {
            Some(target) if is_break => self.exit(Exit::Break(target)),
            Some(target) => self.exit(Exit::Continue(target)),
            None => {
                let message = if is_break {
                    "`break` outside of a loop or switch"
                } else {
                    "`continue` outside of a loop"
                };
                self.error("bad-jump", span, message);
            }
        }
    }

    pub(super) fn try_stmt(&mut self, body: &ast::Stmt, catches: &[ast::Catch], last: Option<&ast::Stmt>) {
        if last.is_some() {
            self.enter_finally();
        }
        let start = self.emit.code.here();
        self.stmt(body);
        let end = self.emit.label();
        let behind = self.emit.label();
        self.emit.branch(Op::Goto, behind);
        self.emit.bind(end);
        for catch in catches {
            self.catch(catch, (start, end));
            self.emit.branch(Op::Goto, behind);
        }
        self.emit.bind(behind);
        if let Some(last) = last {
            self.leave_finally(start, |body| body.stmt(last));
        }
    }

    /// `synchronized (lock) body`: the lock is given back however the body is left.
    pub(super) fn synchronized(&mut self, lock: &ast::Expr, body: &ast::Stmt) {
        let object = self.expr(lock);
        let number = object.ty.is_numeric();
        let object = self.coerce_any(object, lock.span);
        if number {
            self.error("not-lock", lock.span, "a number has no lock: only objects have");
        }
        let slot = self.slot(Kind::Ref);
        self.emit.value(&object);
        self.emit.set(slot);
        self.end_of_statement();
        self.enter_finally();
        self.emit.get(slot);
        self.emit.op(Op::MonitorEnter);
        let start = self.emit.code.here();
        self.stmt(body);
        self.leave_finally(start, |body| {
            body.emit.get(slot);
            body.emit.op(Op::MonitorExit);
        });
        self.scene.free.push((Kind::Ref, slot));
    }

    fn catch(&mut self, catch: &ast::Catch, covered: (Label, Label)) {
        let ty = self.classes.type_of(catch.ty.as_ref(), self.file);
        let ty = if ty == Type::Void {
            self.error("void-value", catch.name.span, "nothing of type `void` is thrown");
            Type::Error
        } else {
            ty
        };
        let name = self.classes.class_name(&ty);
        let class = (*name != *OBJECT).then(|| self.emit.pool.class(&name));
        let target = self.emit.label();
        self.emit.code.handler(covered.0, covered.1, target, class);
        self.emit.bind_handler(target);
        self.enter_scope();
        self.line(catch.name.span);
        match ty.kind() {
            Some(Kind::I32) => self.emit.op(Op::UnboxI32),
            Some(Kind::I64) => self.emit.op(Op::UnboxI64),
            Some(Kind::F32) => self.emit.op(Op::UnboxF32),
            Some(Kind::F64) => self.emit.op(Op::UnboxF64),
            _ => {}
        }
        let slot = self.slot(ty.kind().unwrap_or(Kind::Ref));
        self.emit.set(slot);
        if self.captures.in_cell(&catch.name.text) {
            let held = Expr::new(ExprKind::Local(slot), ty.clone());
            self.declare_with(&catch.name, ty, &held);
        } else {
            self.bind(&catch.name, ty, slot);
        }
        self.stmt(&catch.body);
        self.leave_scope();
    }

    fn enter_finally(&mut self) {
        let (state, thrown) = (self.slot(Kind::I32), self.slot(Kind::Ref));
        let result_ty = self.scene.signature.abi_result.clone();
        let result = result_ty.kind().map(|kind| self.slot(kind));
        self.emit.int(0);
        self.emit.set(state);
        self.emit.op(Op::Null);
        self.emit.set(thrown);
        if let Some(slot) = result {
            self.emit.zero(&result_ty);
            self.emit.set(slot);
        }
        let entry = self.emit.label();
        self.scene.flow.push(Context::Finally(Finally { entry, state, thrown, result, exits: Vec::new() }));
    }

    fn leave_finally(&mut self, start: Label, last: impl FnOnce(&mut Self)) {
        let Some(Context::Finally(finally)) = self.scene.flow.pop() else { return };
        let falls_through = self.emit.reachable;
        self.emit.branch(Op::Goto, finally.entry);
        let (end, any) = (self.emit.label(), self.emit.label());
        self.emit.bind(end);
        self.emit.code.handler(start, end, any, None);
        self.emit.bind_handler(any);
        self.emit.set(finally.thrown);
        self.emit.int(THROWN);
        self.emit.set(finally.state);
        self.emit.bind(finally.entry);
        last(self);

        let (rethrow, done) = (self.emit.label(), self.emit.label());
        let labels: Vec<Label> = finally.exits.iter().map(|_| self.emit.label()).collect();
        let mut pairs: Vec<(i32, Label)> = (FIRST_EXIT..).zip(labels.iter().copied()).collect();
        pairs.push((THROWN, rethrow));
        self.emit.get(finally.state);
        self.emit.switch(&pairs, if falls_through { done } else { rethrow });
        self.emit.bind(rethrow);
        self.emit.get(finally.thrown);
        self.emit.op(Op::Throw);
        for (exit, label) in finally.exits.iter().zip(labels) {
            self.emit.bind(label);
            if let (Exit::Return, Some(slot)) = (exit, finally.result) {
                self.emit.get(slot);
            }
            self.exit(*exit);
        }
        self.emit.bind(done);
        self.scene.free.push((Kind::I32, finally.state));
        self.scene.free.push((Kind::Ref, finally.thrown));
        self.scene.free.extend(self.scene.signature.abi_result.kind().zip(finally.result));
    }

    /// A switch: by one instruction when all cases are int constants, else by a chain of comparisons.
    pub(super) fn switch(&mut self, value: &ast::Expr, items: &[ast::SwitchItem]) {
        let (labels, on_break) = self.dispatch(value, items);
        let mut labels = labels.into_iter();
        self.scene.flow.push(Context::Switch { on_break });
        self.enter_scope();
        for item in items {
            match item {
                ast::SwitchItem::Stmt(stmt) => self.stmt(stmt),
                _ => {
                    // A variable of one case is not set up when control jumps to the next.
                    self.leave_scope();
                    self.enter_scope();
                    if let Some(label) = labels.next() {
                        self.emit.bind(label);
                    }
                }
            }
        }
        self.leave_scope();
        self.scene.flow.pop();
        self.emit.bind(on_break);
    }

    /// Goes to the label of the case that fits; gives the labels of cases and default in order, and the one behind.
    fn dispatch(&mut self, value: &ast::Expr, items: &[ast::SwitchItem]) -> (Vec<Label>, Label) {
        let on_break = self.emit.label();
        let selector = self.expr(value);
        let selector = self.settled(selector, value.span);
        let selector = if selector.ty == Type::Void {
            self.coerce(selector, &Type::Object, value.span, "")
        } else {
            selector
        };
        let of_enum = self.enum_of(&selector.ty);
        let by_name = of_enum.is_some_and(|class| self.all_named(class, items));
        if let (Some(class), true) = (of_enum, !selector.ty.is_error()) {
            self.check_missing(class, items, value.span);
        }
        let selector = match of_enum {
            Some(class) if by_name => {
                let field = self.field_ref(class, &"$ordinal".into(), &Type::Int);
                Expr::new(ExprKind::GetField(selector.boxed(), field), Type::Int)
            }
            _ => selector,
        };
        let mut labels = Vec::new();
        let mut default = None;
        let mut cases = Vec::new();
        for item in items {
            let label = match item {
                ast::SwitchItem::Stmt(_) => continue,
                _ => self.emit.label(),
            };
            labels.push(label);
            match item {
                ast::SwitchItem::Case(case) => {
                    let named = of_enum.and_then(|class| self.named_constant(class, case));
                    let value = match (of_enum, named) {
                        (Some(_), Some(ordinal)) if by_name => Expr::int(ordinal as i32),
                        (Some(class), Some(_)) => self.constant_value(class, case),
                        _ => {
                            let value = self.expr(case);
                            self.settled(value, case.span)
                        }
                    };
                    cases.push((value, case.span, label));
                }
                ast::SwitchItem::Default(span) if default.is_some() => {
                    self.error("duplicate-case", *span, "a second `default`");
                }
                _ => default = Some(label),
            }
        }
        let otherwise = default.unwrap_or(on_break);
        let constant = |(case, ..): &(Expr, Span, Label)| matches!(case.kind, ExprKind::Int(_));
        if selector.ty == Type::Int && cases.iter().all(constant) {
            self.constant_cases(&selector, &cases, otherwise);
        } else {
            self.compared_cases(selector, value.span, cases, otherwise);
        }
        self.end_of_statement();
        (labels, on_break)
    }

    // Enums.

    fn enum_of(&self, ty: &Type) -> Option<ClassIx> {
        let Type::Class(class) = ty else { return None };
        (self.classes.class(*class).sort == ast::Sort::Enum).then_some(*class)
    }

    /// The ordinal of the value of an enum that a case names: `RED` or `color.RED`.
    fn named_constant(&mut self, class: ClassIx, case: &ast::Expr) -> Option<usize> {
        let name = match &case.kind {
            ast::ExprKind::Name(name) => name,
            ast::ExprKind::Field { receiver, name } if self.class_named(receiver) == Some(class) => name,
            _ => return None,
        };
        let ast = self.classes.class(class).ast.as_ref()?;
        ast.constants.iter().position(|constant| constant.name.text == name.text)
    }

    fn all_named(&mut self, class: ClassIx, items: &[ast::SwitchItem]) -> bool {
        items.iter().all(|item| match item {
            ast::SwitchItem::Case(case) => self.named_constant(class, case).is_some(),
            _ => true,
        })
    }

    fn constant_value(&mut self, class: ClassIx, case: &ast::Expr) -> Expr {
        let (ast::ExprKind::Name(name) | ast::ExprKind::Field { name, .. }) = &case.kind else {
            return Expr::error();
        };
        let ty = self.classes.class_type(class);
        Expr::new(ExprKind::GetStatic(self.field_ref(class, &name.text, &ty)), ty)
    }

    /// Warns of values that no case names, when there is no `default`.
    fn check_missing(&mut self, class: ClassIx, items: &[ast::SwitchItem], span: Span) {
        let mut seen = alloc::collections::BTreeSet::new();
        for item in items {
            match item {
                ast::SwitchItem::Default(_) => return,
                ast::SwitchItem::Case(case) => seen.extend(self.named_constant(class, case)),
                ast::SwitchItem::Stmt(_) => {}
            }
        }
        let Some(ast) = self.classes.class(class).ast.clone() else { return };
        let missing = ast.constants.iter().enumerate().filter(|(ordinal, _)| !seen.contains(ordinal));
        let missing: Vec<String> = missing.map(|(_, constant)| format!("`{}`", constant.name.text)).collect();
        if missing.is_empty() {
            return;
        }
        let name = self.classes.class(class).name.clone();
        let message = format!("the switch over `{name}` has no case for {}", missing.join(", "));
        let warning = Diagnostic::warning("missing-case", span, message);
        self.report(warning.hint("add the cases, or a `default`"));
    }

    fn constant_cases(&mut self, selector: &Expr, cases: &[(Expr, Span, Label)], otherwise: Label) {
        let mut pairs: Vec<(i32, Label)> = Vec::new();
        let mut seen = alloc::collections::BTreeSet::new();
        for (case, span, label) in cases {
            let ExprKind::Int(key) = case.kind else { continue };
            if seen.insert(key) {
                pairs.push((key, *label));
            } else {
                self.error(
                    "duplicate-case",
                    *span,
                    format!("the case {key} stands here for the second time"),
                );
            }
        }
        self.emit.value(selector);
        self.emit.switch(&pairs, otherwise);
    }

    fn compared_cases(
        &mut self,
        selector: Expr,
        at: Span,
        cases: Vec<(Expr, Span, Label)>,
        otherwise: Label,
    ) {
        if selector.ty.is_error() {
            return;
        }
        let ty = selector.ty.clone();
        let slot = self.slot(ty.kind().unwrap_or(Kind::Ref));
        self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, selector.boxed()), ty.clone()));
        for (case, span, label) in cases {
            if case.ty.is_error() {
                continue;
            }
            let local = Expr::new(ExprKind::Local(slot), ty.clone());
            // The case stands left: a literal there needs no test for null.
            let equal = self.combine(ast::BinaryOp::Eq, (case, span), (local, at), span);
            if !equal.ty.is_error() {
                self.emit.jump(&equal, label, true);
            }
        }
        self.emit.branch(Op::Goto, otherwise);
        self.scene.free.push((ty.kind().unwrap_or(Kind::Ref), slot));
    }
}
