//! Leaving loops, switches and methods, through `finally` where one stands in the way.
//!
//! A `finally` is compiled once. Whoever leaves through it sets its state to a number and goes to it; behind it a
//! switch over the state goes on to where each number leads.

use super::Body;
use crate::ast;
use crate::diagnostic::Span;
use crate::hir::{Expr, ExprKind};
use crate::types::{OBJECT, Type};
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
        for context in self.flow.iter_mut().skip(floor).rev() {
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
        match (exit, self.flow.get(floor.wrapping_sub(1))) {
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
        match self.flow.iter().rposition(fits) {
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
            self.leave_finally(start, last);
        }
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
        let slot = self.declare(&catch.name, ty);
        self.emit.set(slot);
        self.stmt(&catch.body);
        self.leave_scope();
    }

    fn enter_finally(&mut self) {
        let (state, thrown) = (self.slot(Kind::I32), self.slot(Kind::Ref));
        let result_ty = self.result.clone();
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
        self.flow.push(Context::Finally(Finally { entry, state, thrown, result, exits: Vec::new() }));
    }

    fn leave_finally(&mut self, start: Label, body: &ast::Stmt) {
        let Some(Context::Finally(finally)) = self.flow.pop() else { return };
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
        self.stmt(body);

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
        self.free.push((Kind::I32, finally.state));
        self.free.push((Kind::Ref, finally.thrown));
        self.free.extend(self.result.kind().zip(finally.result));
    }

    /// A switch: by one instruction when all cases are int constants, else by a chain of comparisons.
    pub(super) fn switch(&mut self, value: &ast::Expr, items: &[ast::SwitchItem]) {
        let (labels, on_break) = self.dispatch(value, items);
        let mut labels = labels.into_iter();
        self.flow.push(Context::Switch { on_break });
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
        self.flow.pop();
        self.emit.bind(on_break);
    }

    /// Goes to the label of the case that fits; gives the labels of cases and default in order, and the one behind.
    fn dispatch(&mut self, value: &ast::Expr, items: &[ast::SwitchItem]) -> (Vec<Label>, Label) {
        let on_break = self.emit.label();
        let selector = self.expr(value);
        let selector = if selector.ty == Type::Void {
            self.coerce(selector, &Type::Object, value.span, "")
        } else {
            selector
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
                ast::SwitchItem::Case(case) => cases.push((self.expr(case), case.span, label)),
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
                    alloc::format!("the case {key} stands here for the second time"),
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
        self.free.push((ty.kind().unwrap_or(Kind::Ref), slot));
    }
}
