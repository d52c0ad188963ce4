//! Bodies of methods: checks them and writes their code, statement by statement.
//!
//! `expr`, `call` and `ops` turn syntax into checked expressions ([`crate::hir`]), `convert` has the conversions,
//! `stmt` and `flow` write statements. An expression with an error has the type [`Type::Error`], which fits everywhere,
//! so one mistake gives one message.

mod call;
mod convert;
mod expr;
mod flow;
mod function;
mod java;
mod ops;
mod stmt;

use crate::ast::{self, Ident};
use crate::captures::Captures;
use crate::classes::{CONSTRUCTOR, ClassIx, Classes, Method, Origin};
use crate::diagnostic::{Diagnostic, Span};
use crate::emit::{Emitter, Suspended};
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
    /// The slot holds a cell with the value.
    in_cell: bool,
    is_final: bool,
}

/// How a method is called, against how it is declared.
#[derive(Clone, Debug)]
struct Signature {
    params: Vec<Type>,
    /// Types of the parameters in the descriptor.
    abi: Vec<Type>,
    result: Type,
    /// Type of the result in the descriptor.
    abi_result: Type,
    /// The result's type is that of the first value that is returned.
    infers: bool,
}

/// What is at hand while one method's code is written; that of a function inside of it takes its place meanwhile.
struct Scene {
    signature: Signature,
    scopes: Vec<BTreeMap<Rc<str>, Var>>,
    /// Slots of temporary values of the statement at hand.
    temps: Vec<(Kind, u16)>,
    /// Slots that may be used again, with the kind that they keep.
    free: Vec<(Kind, u16)>,
    next_slot: u32,
    flow: Vec<flow::Context>,
    /// The class of the function object that is written, and what it holds.
    function: Option<function::Made>,
}

impl Scene {
    fn new(signature: Signature, is_static: bool) -> Scene {
        Scene {
            next_slot: signature.params.len() as u32 + u32::from(!is_static),
            signature,
            scopes: vec![BTreeMap::new()],
            temps: Vec::new(),
            free: Vec::new(),
            flow: Vec::new(),
            function: None,
        }
    }
}

pub(crate) struct Body<'c, 'a, 'p> {
    classes: &'c mut Classes<'a>,
    emit: Emitter<'p>,
    class: ClassIx,
    file: u32,
    /// Whether there is no `this`.
    is_static: bool,
    /// Whether final fields may be set: in constructors and initialisers.
    initialises: bool,
    captures: Captures,
    scene: Scene,
    /// The scenes around, outermost first, with their unfinished code.
    outer: Vec<(Scene, Suspended)>,
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
    body.captures = Captures::of(block);
    body.initialises = *method.name == *CONSTRUCTOR;
    body.bind_params(&ast.params);
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

/// A method with another descriptor that calls this one: interfaces that are generic know it by that.
pub(crate) fn bridge(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    class: ClassIx,
    wanted: &Method,
    found: &Method,
    lines: &Rc<[u32]>,
) -> Option<Code> {
    let span = classes.class(class).ast.as_ref().map_or(Span::default(), |ast| ast.name.span);
    let mut body = Body::new(classes, pool, class, wanted, lines);
    body.scene.signature.params = wanted.abi.clone();
    let line = body.line_of(span);
    body.emit.code.line(line);
    if body.classes.is_java(wanted.owner) {
        body.java_bridge(wanted, found, line);
        return body.finish(&wanted.desc);
    }
    let params = wanted.abi.iter().enumerate();
    let mut args = vec![body.this()];
    for (index, abi) in params {
        let value = Expr::new(ExprKind::Local(index as u16 + 1), abi.clone());
        args.push(body.represented(value, &found.abi[index]));
    }
    let target = body.target(class, found);
    let call = Expr::new(ExprKind::Call(target, args, line), found.abi_result.clone());
    if wanted.abi_result == Type::Void {
        body.emit.effect(&call);
    } else {
        let value = body.represented(call, &wanted.abi_result);
        body.emit.value(&value);
        body.emit.op(Op::Return);
    }
    body.finish(&wanted.desc)
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
    let plain = Method::plain(CONSTRUCTOR.into(), Vec::new(), Type::Void, "()V".into(), class);
    let method = Method { is_static, ..plain };
    let mut body = Body::new(classes, pool, class, &method, lines);
    body.initialises = true;
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
        classes.scope.clone_from(&classes.class(class).params.clone());
        classes.scope.extend(&method.type_params);
        let signature = Signature {
            params: method.params.clone(),
            abi: method.abi.clone(),
            result: method.result.clone(),
            abi_result: method.abi_result.clone(),
            infers: false,
        };
        Body {
            classes,
            emit: Emitter::new(pool),
            class,
            file,
            is_static: method.is_static,
            initialises: false,
            captures: Captures::default(),
            scene: Scene::new(signature, method.is_static),
            outer: Vec::new(),
            lines: lines.clone(),
        }
    }

    fn bind_params(&mut self, params: &[ast::Param]) {
        let first = u16::from(!self.is_static || self.scene.function.is_some());
        for (index, param) in params.iter().enumerate() {
            let signature = &self.scene.signature;
            let ty = signature.params.get(index).cloned().unwrap_or(Type::Error);
            let abi = signature.abi.get(index).cloned().unwrap_or(Type::Error);
            let slot = first + index as u16;
            let in_cell = self.captures.in_cell(&param.name.text);
            if !in_cell && (abi.kind() == ty.kind()) {
                self.bind(&param.name, ty, slot);
                continue;
            }
            let raw = Expr::new(ExprKind::Local(slot), abi);
            let value = self.represented(raw, &ty);
            self.declare_with(&param.name, ty, &value);
        }
    }

    /// The value as the other type stands in a slot: boxed or unboxed where one is a number and the other an object.
    fn represented(&mut self, value: Expr, to: &Type) -> Expr {
        match (value.ty.is_numeric(), to.is_numeric()) {
            (true, false) => Expr::new(ExprKind::Box(value.boxed()), to.clone()),
            (false, true) => Expr::new(ExprKind::Unbox(value.boxed()), to.clone()),
            _ => Expr::new(value.kind, to.clone()),
        }
    }

    /// Ends the code: the result is 0 or null when control comes here.
    fn finish(mut self, desc: &str) -> Option<Code> {
        self.end_code();
        let code = core::mem::take(&mut self.emit.code);
        let is_static = self.is_static;
        self.finished(code, desc, is_static)
    }

    fn end_code(&mut self) {
        if self.emit.reachable || !self.emit.ended {
            let result = self.scene.signature.abi_result.clone();
            self.emit.zero(&result);
            self.emit.op(Op::Return);
        }
        self.leave_scope();
    }

    fn finished(&mut self, code: bytecode::CodeBuilder, desc: &str, is_static: bool) -> Option<Code> {
        match code.finish(self.emit.pool.constants(), desc, is_static) {
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
        self.scene.scopes.push(BTreeMap::new());
    }
    fn leave_scope(&mut self) {
        let end = self.emit.code.here();
        for (name, var) in self.scene.scopes.pop().unwrap_or_default() {
            let held = if var.in_cell { Type::Object } else { var.ty.clone() };
            let desc = self.classes.type_desc(&held);
            self.emit.code.local_name((var.start, end), var.slot, &name, &desc);
            if let (Some(kind), false) = (held.kind(), self.scene.scopes.is_empty()) {
                self.scene.free.push((kind, var.slot));
            }
        }
    }

    fn slot(&mut self, kind: Kind) -> u16 {
        if let Some(at) = self.scene.free.iter().position(|(free, _)| *free == kind) {
            return self.scene.free.swap_remove(at).1;
        }
        self.scene.next_slot += 1;
        // `CodeBuilder::finish` refuses a frame of this size.
        u16::try_from(self.scene.next_slot - 1).unwrap_or(u16::MAX)
    }
    /// A slot until the end of the statement.
    fn temp(&mut self, ty: &Type) -> u16 {
        let kind = ty.kind().unwrap_or(Kind::Ref);
        let slot = self.slot(kind);
        self.scene.temps.push((kind, slot));
        slot
    }

    fn bind(&mut self, name: &Ident, ty: Type, slot: u16) {
        self.bind_var(name, ty, slot, false);
    }
    fn bind_var(&mut self, name: &Ident, ty: Type, slot: u16, in_cell: bool) {
        let start = self.emit.code.here();
        let var = Var { slot, ty, span: name.span, start, in_cell, is_final: false };
        let first = self.scene.scopes.last_mut().and_then(|scope| scope.insert(name.text.clone(), var));
        if let Some(first) = first {
            let message = format!("`{}` is declared twice", name.text);
            let error = Diagnostic::error("duplicate-variable", name.span, message);
            self.report(error.also(first.span, "the first declaration is here"));
        }
    }
    /// A new variable in the innermost scope with a value, in a cell when functions share it.
    fn declare_with(&mut self, name: &Ident, ty: Type, value: &Expr) {
        let in_cell = self.captures.in_cell(&name.text);
        let slot = self.slot(if in_cell { Kind::Ref } else { ty.kind().unwrap_or(Kind::Ref) });
        if in_cell {
            let cell = Expr::new(ExprKind::NewCell(value.clone().boxed()), Type::Object);
            self.emit.value(&cell);
        } else {
            self.emit.value(value);
        }
        self.emit.set(slot);
        self.bind_var(name, ty, slot, in_cell);
    }
    /// The zero of a type as an expression.
    fn zero(&self, ty: &Type) -> Expr {
        let kind = match ty {
            Type::Int => ExprKind::Int(0),
            Type::Long => ExprKind::Long(0),
            Type::Float => ExprKind::Float(0.0),
            Type::Double => ExprKind::Double(0.0),
            _ => ExprKind::Null,
        };
        Expr::new(kind, ty.clone())
    }
    fn var(&self, name: &str) -> Option<&Var> {
        let scenes = self.outer.iter().map(|(scene, _)| scene).chain([&self.scene]);
        scenes.rev().find_map(|scene| scene.scopes.iter().rev().find_map(|scope| scope.get(name)))
    }

    /// The names that a name here could mean.
    fn names_here(&mut self) -> Vec<Rc<str>> {
        let scenes = self.outer.iter().map(|(scene, _)| scene).chain([&self.scene]);
        let scopes = scenes.flat_map(|scene| &scene.scopes);
        let mut names: Vec<Rc<str>> = scopes.flat_map(|scope| scope.keys().cloned()).collect();
        names.extend(self.classes.member_names(self.class, true));
        names
    }

    fn this(&mut self) -> Expr {
        let ty = self.classes.this_type(self.class);
        if self.outer.is_empty() { Expr::new(ExprKind::This, ty) } else { self.captured_this(ty) }
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
        let this = self.classes.this_type(self.class);
        let map = self.classes.substitution(&this, parent);
        let given = map.into_iter().map(|(_, ty)| ty).collect();
        let call = self.construct(parent, Some(given), args, name.span);
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
        let own = self.scene.signature.params.clone();
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

    /// Stores the values that stand at the declarations of fields; of static ones the values of an enum come first, and
    /// blocks stand between.
    fn field_initialisers(&mut self, is_static: bool) {
        let Some(ast) = self.classes.class(self.class).ast.clone() else { return };
        // Parameters of the constructor are not seen there.
        let scopes = core::mem::replace(&mut self.scene.scopes, vec![BTreeMap::new()]);
        let captures = core::mem::take(&mut self.captures);
        if is_static {
            ast.constants.iter().enumerate().for_each(|(ordinal, constant)| self.constant(ordinal, constant));
        }
        for position in 0..=ast.fields.len() {
            if is_static {
                for (_, block) in ast.initialisers.iter().filter(|(at, _)| *at == position) {
                    self.captures = Captures::of(block);
                    self.stmt(block);
                }
            }
            let field = ast.fields.get(position).filter(|field| field.modifiers.is_static == is_static);
            let Some(field) = field else { continue };
            if let (Some(init), Some((_, known))) =
                (&field.init, self.classes.field(self.class, &field.name.text))
            {
                self.captures = Captures::of_expr(init);
                self.line(init.span);
                let value = self.expr(init);
                let value = self.coerce(value, &known.ty, init.span, "the field");
                self.set_own_field(&field.name.text, &known.ty, is_static, value);
                self.end_of_statement();
            }
        }
        self.scene.scopes = scopes;
        self.captures = captures;
    }

    fn set_own_field(&mut self, name: &Rc<str>, ty: &Type, is_static: bool, value: Expr) {
        let target = self.field_ref(self.class, name, ty);
        let kind = if is_static {
            ExprKind::SetStatic(target, value.boxed())
        } else {
            ExprKind::SetField(self.this().boxed(), target, value.boxed())
        };
        self.emit.effect(&Expr::new(kind, ty.clone()));
    }

    /// Makes a value of an enum.
    fn constant(&mut self, ordinal: usize, constant: &ast::Constant) {
        self.captures = Captures::default();
        self.line(constant.name.span);
        let args = self.exprs(&constant.args);
        let made = self.construct(self.class, None, args, constant.name.span);
        if made.ty.is_error() {
            return;
        }
        let (ty, slot) = (made.ty.clone(), self.temp(&made.ty));
        self.emit.effect(&Expr::new(ExprKind::SetLocal(slot, made.boxed()), ty.clone()));
        let object = Expr::new(ExprKind::Local(slot), ty.clone());
        let name = Expr::new(ExprKind::Str(constant.name.text.clone()), self.classes.string());
        for (field, value) in [("$name", name), ("$ordinal", Expr::int(ordinal as i32))] {
            let target = self.field_ref(self.class, &field.into(), &value.ty);
            let kind = ExprKind::SetField(object.clone().boxed(), target, value.boxed());
            self.emit.effect(&Expr::new(kind, Type::Void));
        }
        self.set_own_field(&constant.name.text, &ty, true, object);
        self.end_of_statement();
    }

    fn field_ref(&mut self, class: ClassIx, name: &Rc<str>, ty: &Type) -> FieldRef {
        let desc = self.field_desc(class, name, ty);
        FieldRef { class: self.classes.class(class).name.clone(), name: name.clone(), desc }
    }

    /// Whether the class is found only at run time.
    fn is_external(&self, class: ClassIx) -> bool {
        self.classes.class(class).origin == Origin::External
    }
}
