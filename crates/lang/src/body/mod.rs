//! Bodies of methods: checks them and writes their code, statement by statement.
//!
//! `expr`, `call` and `ops` turn syntax into checked expressions ([`crate::hir`]), `convert` has the conversions,
//! `stmt` and `flow` write statements. An expression with an error has the type [`Type::Error`], which fits everywhere,
//! so one mistake gives one message.

mod call;
mod convert;
mod expr;
mod flow;
mod ops;
mod stmt;

use crate::ast::{self, Ident};
use crate::classes::{CONSTRUCTOR, ClassIx, Classes, Method, Origin};
use crate::diagnostic::{Diagnostic, Span};
use crate::emit::Emitter;
use crate::hir::{Expr, ExprKind, FieldRef, MethodRef, Target};
use crate::types::Type;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{Code, Kind, Label, Op, PoolBuilder};

#[derive(Clone, Debug)]
struct Var {
    slot: u16,
    ty: Type,
    span: Span,
    start: Label,
}

pub(crate) struct Body<'c, 'a, 'p> {
    classes: &'c mut Classes<'a>,
    emit: Emitter<'p>,
    class: ClassIx,
    file: u32,
    result: Type,
    is_static: bool,
    params: Vec<Type>,
    scopes: Vec<BTreeMap<Rc<str>, Var>>,
    /// Slots of temporary values of the statement at hand.
    temps: Vec<(Kind, u16)>,
    /// Slots that may be used again, with the kind that they keep.
    free: Vec<(Kind, u16)>,
    next_slot: u32,
    flow: Vec<flow::Context>,
    /// Offsets of the lines of the file.
    lines: Rc<[u32]>,
}

/// Offsets at which lines begin.
pub(crate) fn line_starts(text: &str) -> Rc<[u32]> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
    core::iter::once(0).chain(ends).collect()
}

/// Compiles the body of a method.
pub(crate) fn method(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    class: ClassIx,
    method: &Method,
    lines: &Rc<[u32]>,
) -> Option<Code> {
    let ast = method.ast.clone()?;
    let block = ast.body.as_ref()?;
    let mut body = Body::new(classes, pool, class, method, lines);
    body.bind_params(&ast);
    let mut rest = block;
    let shorter;
    if *method.name == *CONSTRUCTOR {
        body.line(ast.name.span);
        if let Some(without_super) = body.super_call(block) {
            shorter = without_super;
            rest = &shorter;
        } else {
            body.parent_constructor(ast.name.span);
        }
        body.field_initialisers(false);
    }
    body.stmt(rest);
    body.line(ast.end);
    if body.emit.reachable && method.result != Type::Void {
        let message = format!(
            "`{}` can end without `return`: it then gives {}",
            ast.name.text,
            zero_text(&method.result)
        );
        body.classes
            .sink
            .push(Diagnostic::warning("no-return", ast.name.span, message).also(ast.end, "here"));
    }
    body.finish(&method.desc)
}

fn zero_text(ty: &Type) -> &'static str {
    if ty.is_numeric() { "0" } else { "null" }
}

/// Compiles the constructor of a class that declares none, or the initialiser of its static fields.
pub(crate) fn made_up(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    class: ClassIx,
    span: Span,
    is_static: bool,
    lines: &Rc<[u32]>,
) -> Option<Code> {
    let method = Method {
        name: CONSTRUCTOR.into(),
        params: Vec::new(),
        result: Type::Void,
        desc: "()V".into(),
        ordinal: None,
        owner: class,
        is_static,
        by_ordinal: false,
        varargs: false,
        ast: None,
    };
    let mut body = Body::new(classes, pool, class, &method, lines);
    body.line(span);
    if !is_static {
        body.parent_constructor(span);
    }
    body.field_initialisers(is_static);
    body.finish("()V")
}

impl<'c, 'a, 'p> Body<'c, 'a, 'p> {
    fn new(
        classes: &'c mut Classes<'a>,
        pool: &'p mut PoolBuilder,
        class: ClassIx,
        method: &Method,
        lines: &Rc<[u32]>,
    ) -> Self {
        let file = classes.class(class).file;
        Body {
            classes,
            emit: Emitter::new(pool),
            class,
            file,
            result: method.result.clone(),
            is_static: method.is_static,
            params: method.params.clone(),
            scopes: vec![BTreeMap::new()],
            temps: Vec::new(),
            free: Vec::new(),
            next_slot: method.params.len() as u32 + u32::from(!method.is_static),
            flow: Vec::new(),
            lines: lines.clone(),
        }
    }

    fn bind_params(&mut self, ast: &ast::Method) {
        let first = u16::from(!self.is_static);
        for (index, param) in ast.params.iter().enumerate() {
            let ty = self.params.get(index).cloned().unwrap_or(Type::Error);
            self.bind(&param.name, ty, first + index as u16);
        }
    }

    /// Ends the code: the result is 0 or null when control comes here.
    fn finish(mut self, desc: &str) -> Option<Code> {
        if self.emit.reachable || !self.emit.ended {
            let result = self.result.clone();
            self.emit.zero(&result);
            self.emit.op(Op::Return);
        }
        self.leave_scope();
        let is_static = self.is_static;
        match self.emit.code.finish(self.emit.pool.constants(), desc, is_static) {
            Ok(mut code) => {
                let length = code.bytes.len() as u32;
                code.lines.retain(|line| line.pc < length);
                Some(code)
            }
            Err(error) => {
                let class = self.classes.class(self.class).ast.clone();
                let span = class.map_or(Span::default(), |class| class.name.span);
                self.classes.sink.error("too-large", span, format!("a method is too large: {error}"));
                None
            }
        }
    }

    // Places.

    fn line_of(&self, span: Span) -> u32 {
        self.lines.partition_point(|start| *start <= span.start) as u32
    }
    fn line(&mut self, span: Span) {
        let line = self.line_of(span);
        self.emit.code.line(line);
    }
    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Expr {
        self.classes.sink.error(code, span, message);
        Expr::error()
    }
    fn report(&mut self, diagnostic: Diagnostic) -> Expr {
        self.classes.sink.push(diagnostic);
        Expr::error()
    }

    // Variables.

    fn enter_scope(&mut self) {
        self.scopes.push(BTreeMap::new());
    }
    fn leave_scope(&mut self) {
        let end = self.emit.code.here();
        for (name, var) in self.scopes.pop().unwrap_or_default() {
            let desc = self.classes.type_desc(&var.ty);
            self.emit.code.local_name((var.start, end), var.slot, &name, &desc);
            if let (Some(kind), false) = (var.ty.kind(), self.scopes.is_empty()) {
                self.free.push((kind, var.slot));
            }
        }
    }

    fn slot(&mut self, kind: Kind) -> u16 {
        if let Some(at) = self.free.iter().position(|(free, _)| *free == kind) {
            return self.free.swap_remove(at).1;
        }
        self.next_slot += 1;
        // `CodeBuilder::finish` refuses a frame of this size.
        u16::try_from(self.next_slot - 1).unwrap_or(u16::MAX)
    }
    /// A slot until the end of the statement.
    fn temp(&mut self, ty: &Type) -> u16 {
        let kind = ty.kind().unwrap_or(Kind::Ref);
        let slot = self.slot(kind);
        self.temps.push((kind, slot));
        slot
    }

    fn bind(&mut self, name: &Ident, ty: Type, slot: u16) {
        let start = self.emit.code.here();
        let var = Var { slot, ty, span: name.span, start };
        let first = self.scopes.last_mut().and_then(|scope| scope.insert(name.text.clone(), var));
        if let Some(first) = first {
            let message = format!("`{}` is declared twice", name.text);
            let error = Diagnostic::error("duplicate-variable", name.span, message);
            self.report(error.also(first.span, "the first declaration is here"));
        }
    }
    /// A new variable in the innermost scope.
    fn declare(&mut self, name: &Ident, ty: Type) -> u16 {
        let slot = self.slot(ty.kind().unwrap_or(Kind::Ref));
        self.bind(name, ty, slot);
        slot
    }
    fn var(&self, name: &str) -> Option<&Var> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// The names that a name here could mean.
    fn names_here(&mut self) -> Vec<Rc<str>> {
        let mut names: Vec<Rc<str>> = self.scopes.iter().flat_map(|scope| scope.keys().cloned()).collect();
        names.extend(self.classes.member_names(self.class, true));
        names
    }

    fn this(&self) -> Expr {
        Expr::new(ExprKind::This, Type::Class(self.class))
    }

    // Construction.

    /// The body of a constructor behind its `super(…)`, which is compiled here.
    fn super_call(&mut self, block: &ast::Stmt) -> Option<ast::Stmt> {
        let ast::StmtKind::Block(list) = &block.kind else { return None };
        let ast::StmtKind::Expr(first) = &list.first()?.kind else { return None };
        let ast::ExprKind::Call { receiver: None, method: ast::Selector::Named(name), args } = &first.kind
        else {
            return None;
        };
        if &*name.text != "super" {
            return None;
        }
        let args = self.exprs(args);
        let parent = self.classes.class(self.class).parent.unwrap_or(ClassIx(0));
        let call = self.construct(parent, args, name.span);
        if let ExprKind::New(constructor, mut args, line) = call.kind {
            args.insert(0, self.this());
            let call = Expr::new(ExprKind::Call(Target::Special(constructor), args, line), Type::Void);
            self.emit.effect(&call);
        }
        self.end_of_statement();
        let rest = list.get(1..).unwrap_or_default().to_vec();
        Some(ast::Stmt { kind: ast::StmtKind::Block(rest), span: block.span })
    }

    /// Calls the parent's constructor: the one without parameters, else the one with this one's.
    fn parent_constructor(&mut self, span: Span) {
        let Some(parent) = self.classes.class(self.class).parent else { return };
        let constructors = self.classes.constructors(parent);
        let fits = |params: &[Type]| constructors.iter().find(|constructor| constructor.params == params);
        let own = self.params.clone();
        let (desc, passed) = if constructors.is_empty() {
            ("()V".into(), Vec::new())
        } else if let Some(found) = fits(&[]).or_else(|| fits(&own)) {
            (found.desc.clone(), found.params.clone())
        } else {
            let name = self.classes.class(parent).name.clone();
            let message = format!("the parent `{name}` has no constructor that can be called automatically");
            let error = Diagnostic::error("parent-constructor", span, message);
            self.report(error.hint("call one as the first statement of the constructor: `super(…);`"));
            return;
        };
        let class = self.classes.class(parent).name.clone();
        let constructor = MethodRef { class, name: CONSTRUCTOR.into(), desc };
        let mut args = vec![self.this()];
        let params = passed.into_iter().enumerate();
        args.extend(params.map(|(index, ty)| Expr::new(ExprKind::Local(index as u16 + 1), ty)));
        let line = self.line_of(span);
        self.emit.effect(&Expr::new(ExprKind::Call(Target::Special(constructor), args, line), Type::Void));
    }

    /// Stores the values that stand at the declarations of fields.
    fn field_initialisers(&mut self, is_static: bool) {
        let Some(ast) = self.classes.class(self.class).ast.clone() else { return };
        // Parameters of the constructor are not seen there.
        let scopes = core::mem::replace(&mut self.scopes, vec![BTreeMap::new()]);
        for field in ast.fields.iter().filter(|field| field.is_static == is_static) {
            let (Some(init), Some((_, known))) =
                (&field.init, self.classes.field(self.class, &field.name.text))
            else {
                continue;
            };
            self.line(init.span);
            let value = self.expr(init);
            let value = self.coerce(value, &known.ty, init.span, "the field");
            let target = self.field_ref(self.class, &field.name.text, &known.ty);
            let kind = if is_static {
                ExprKind::SetStatic(target, value.boxed())
            } else {
                ExprKind::SetField(self.this().boxed(), target, value.boxed())
            };
            self.emit.effect(&Expr::new(kind, known.ty));
            self.end_of_statement();
        }
        self.scopes = scopes;
    }

    fn field_ref(&self, class: ClassIx, name: &Rc<str>, ty: &Type) -> FieldRef {
        let desc = self.classes.type_desc(ty);
        FieldRef { class: self.classes.class(class).name.clone(), name: name.clone(), desc }
    }

    /// Whether the class is found only at run time.
    fn is_external(&self, class: ClassIx) -> bool {
        self.classes.class(class).origin == Origin::External
    }
}
