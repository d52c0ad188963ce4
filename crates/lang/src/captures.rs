//! Which names the functions inside of a method use, and which ones are assigned.
//!
//! A variable that a lambda uses and somebody assigns lives in a cell that both hold; all others are copied. The names
//! alone decide: of two variables of one name both get cells, which costs a little and means the same.

use crate::ast::*;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;

/// Names of the variables of a method that live in cells.
#[derive(Default)]
pub(crate) struct Captures {
    used: BTreeSet<Rc<str>>,
    assigned: BTreeSet<Rc<str>>,
    /// Inside how many lambdas the walk is.
    depth: usize,
    /// Parameters of the lambda at hand.
    own: alloc::vec::Vec<Rc<str>>,
}

impl Captures {
    /// Looks through a body.
    pub(crate) fn of(body: &Stmt) -> Captures {
        let mut captures = Captures::default();
        captures.stmt(body);
        captures
    }
    /// Looks through an expression.
    pub(crate) fn of_expr(expr: &Expr) -> Captures {
        let mut captures = Captures::default();
        captures.expr(expr);
        captures
    }
    /// Whether a variable of this name lives in a cell.
    pub(crate) fn in_cell(&self, name: &str) -> bool {
        self.used.contains(name) && self.assigned.contains(name)
    }

    fn name(&mut self, name: &Ident) {
        if self.depth > 0 && !self.own.contains(&name.text) {
            self.used.insert(name.text.clone());
        }
    }
    fn assign(&mut self, target: &Expr) {
        if let ExprKind::Name(name) = &target.kind {
            self.assigned.insert(name.text.clone());
        }
        self.expr(target);
    }

    fn stmts(&mut self, list: &[Stmt]) {
        list.iter().for_each(|stmt| self.stmt(stmt));
    }
    fn exprs<'e>(&mut self, list: impl IntoIterator<Item = &'e Expr>) {
        list.into_iter().for_each(|expr| self.expr(expr));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Empty | StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Block(list) => self.stmts(list),
            StmtKind::Local(locals) => {
                for local in locals {
                    if let Some(init) = &local.init {
                        // A function that calls itself sees its own variable.
                        if matches!(init.kind, ExprKind::Lambda(_)) && local.ty.is_some() {
                            self.assigned.insert(local.name.text.clone());
                        }
                        self.expr(init);
                    }
                }
            }
            StmtKind::Expr(expr) | StmtKind::Throw(expr) => self.expr(expr),
            StmtKind::If { cond, then, other } => {
                self.expr(cond);
                self.stmt(then);
                other.iter().for_each(|other| self.stmt(other));
            }
            StmtKind::While { cond, body } => {
                self.expr(cond);
                self.stmt(body);
            }
            StmtKind::DoWhile { body, cond, after } => {
                self.stmt(body);
                self.expr(cond);
                after.iter().for_each(|after| self.stmt(after));
            }
            StmtKind::For { init, cond, step, body } => {
                self.stmts(init);
                self.exprs(cond.iter().chain(step));
                self.stmt(body);
            }
            StmtKind::Foreach(foreach) => {
                if !foreach.declares {
                    self.assigned.insert(foreach.name.text.clone());
                }
                self.exprs(foreach.to.iter().chain([&foreach.over]));
                self.stmt(&foreach.body);
            }
            StmtKind::Synchronized { lock, body } => {
                self.expr(lock);
                self.stmt(body);
            }
            StmtKind::Assert { cond, message } => self.exprs(message.iter().chain([cond])),
            StmtKind::Return(value) => self.exprs(value),
            StmtKind::Try { body, catches, finally } => {
                self.stmt(body);
                catches.iter().for_each(|catch| self.stmt(&catch.body));
                finally.iter().for_each(|finally| self.stmt(finally));
            }
            StmtKind::Switch { value, items } => {
                self.expr(value);
                for item in items {
                    match item {
                        SwitchItem::Case(case) => self.expr(case),
                        SwitchItem::Stmt(stmt) => self.stmt(stmt),
                        SwitchItem::Default(_) => {}
                    }
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::Call { receiver, method, args } => {
                match (receiver, method) {
                    (None, Selector::Named(name)) => self.name(name),
                    (_, Selector::Computed(name)) => self.expr(name),
                    _ => {}
                }
                receiver.iter().for_each(|receiver| self.expr(receiver));
                self.exprs(args);
            }
            ExprKind::Apply { callee, args } => {
                self.expr(callee);
                self.exprs(args);
            }
            ExprKind::Field { receiver: value, .. }
            | ExprKind::Cast { value, .. }
            | ExprKind::InstanceOf { value, .. }
            | ExprKind::Unary { value, .. } => self.expr(value),
            ExprKind::Index { array: a, index: b }
            | ExprKind::Binary { left: a, right: b, .. }
            | ExprKind::Coalesce { left: a, right: b }
            | ExprKind::Safe { receiver: a, then: b, .. } => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::New { args, .. } => self.exprs(args),
            ExprKind::NewDynamic { class, args, .. } => {
                self.expr(class);
                self.exprs(args);
            }
            ExprKind::Assign { target, value, .. } => {
                self.assign(target);
                self.expr(value);
            }
            ExprKind::IncDec { target, .. } => self.assign(target),
            ExprKind::Ternary { cond, yes, no } => {
                self.expr(cond);
                self.expr(yes);
                self.expr(no);
            }
            ExprKind::Template(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value, _) = piece {
                        self.expr(value);
                    }
                }
            }
            ExprKind::Lambda(lambda) => {
                self.depth += 1;
                let own = lambda.params.iter().map(|param| param.name.text.clone()).collect();
                let outer = core::mem::replace(&mut self.own, own);
                match &lambda.body {
                    LambdaBody::Expr(value) => self.expr(value),
                    LambdaBody::Block(block) => self.stmt(block),
                }
                self.own = outer;
                self.depth -= 1;
            }
            ExprKind::Int(_)
            | ExprKind::Long(_)
            | ExprKind::Float(_)
            | ExprKind::Double(_)
            | ExprKind::Str(_)
            | ExprKind::Null
            | ExprKind::This
            | ExprKind::Path(_)
            | ExprKind::Import(_)
            | ExprKind::Error => {}
        }
    }
}
