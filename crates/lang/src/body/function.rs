//! Functions as objects: lambdas, methods passed as values, and their calls.
//!
//! A function is an object of a class that the compiler makes: it extends `.internal.function`, has a field for each
//! thing that the function uses from around it, and its code is the method `call0` to `call8` by the number of
//! parameters, which takes objects and gives an object. Variables that somebody assigns stand in cells that the function
//! and its surroundings share; all others are copied.

use super::call::Args;
use super::{Body, Scene, Signature, Var};
use crate::ast::{self, Ident};
use crate::classes::ClassIx;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Expr, ExprKind, FieldRef, Pending, Target};
use crate::types::{FUNCTION, FUNCTION_PARAMS_MAX, FunctionType, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{Attribute, ClassDef, Code, FieldDef, Flags, MethodDef};

/// The class of a function that is being written.
pub(super) struct Made {
    class: Rc<str>,
    captures: Vec<Capture>,
}

/// Something from around a function that its object holds.
struct Capture {
    /// Depth of the scene that it comes from, and its slot there; [`THIS`] for the object.
    key: (usize, u16),
    field: FieldRef,
    /// It, where the function is made.
    value: Expr,
}

/// Stands for `this` where slots of variables stand.
const THIS: u16 = u16::MAX;

/// A variable as code at hand reaches it.
pub(super) struct Seen {
    /// Slot, when it is one of the code at hand.
    pub(super) slot: Option<u16>,
    /// What the slot or field holds: the value or its cell.
    pub(super) held: Expr,
    pub(super) ty: Type,
    pub(super) in_cell: bool,
}

/// The method that a function with so many parameters has, and its descriptor.
pub(super) fn call_method(params: usize) -> (Rc<str>, alloc::string::String) {
    let desc = format!("({})L.internal.object;", "L.internal.object;".repeat(params));
    (format!("call{params}").into(), desc)
}

impl Body<'_, '_, '_> {
    /// A variable, fetched into the functions between it and the code at hand.
    pub(super) fn seen(&mut self, name: &str) -> Option<Seen> {
        let find = |scene: &Scene| -> Option<Var> {
            scene.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
        };
        if let Some(var) = find(&self.scene) {
            let held = if var.in_cell { Type::Object } else { var.ty.clone() };
            let held = Expr::new(ExprKind::Local(var.slot), held);
            return Some(Seen { slot: Some(var.slot), held, ty: var.ty, in_cell: var.in_cell });
        }
        let found = self.outer.iter().enumerate().rev();
        let (depth, var) = found.into_iter().find_map(|(at, (scene, _))| find(scene).map(|var| (at, var)))?;
        let held = if var.in_cell { Type::Object } else { var.ty.clone() };
        let first = Expr::new(ExprKind::Local(var.slot), held);
        let held = self.fetched((depth, var.slot), name, first);
        Some(Seen { slot: None, held, ty: var.ty, in_cell: var.in_cell })
    }

    /// The object whose method the functions at hand stand in.
    pub(super) fn captured_this(&mut self, ty: Type) -> Expr {
        self.fetched((0, THIS), "this", Expr::new(ExprKind::This, ty))
    }

    /// Something of an outer scene, by a field of each function between it and the code at hand.
    fn fetched(&mut self, key: (usize, u16), name: &str, first: Expr) -> Expr {
        let ty = first.ty.clone();
        let desc = self.classes.type_desc(&ty);
        let mut value = first;
        let inner = self.outer.iter_mut().map(|(scene, _)| scene).chain([&mut self.scene]).skip(key.0 + 1);
        for scene in inner {
            let Some(made) = &mut scene.function else { continue };
            let known = made.captures.iter().find(|capture| capture.key == key);
            let field = known.map(|capture| capture.field.clone()).unwrap_or_else(|| {
                let taken = made.captures.iter().any(|capture| *capture.field.name == *name);
                let count = made.captures.len();
                let name = if taken { format!("{name}#{count}").into() } else { name.into() };
                let field = FieldRef { class: made.class.clone(), name, desc: desc.clone() };
                made.captures.push(Capture { key, field: field.clone(), value: value.clone() });
                field
            });
            let object = Expr::new(ExprKind::This, Type::Object);
            value = Expr::new(ExprKind::GetField(object.boxed(), field), ty.clone());
        }
        value
    }

    /// A function that waited for its type; `wanted` is that of the place it goes to, when that says something.
    pub(super) fn resolve(&mut self, pending: &Pending, wanted: Option<&FunctionType>, span: Span) -> Expr {
        match pending {
            Pending::Lambda(lambda) => self.lambda(lambda, wanted, span),
            Pending::Method { receiver, class, name } => match wanted {
                Some(wanted) => self.method_value(receiver.clone(), *class, name, wanted),
                None => self.uncalled(*class, receiver.as_ref().map(|receiver| &receiver.ty), name),
            },
        }
    }

    /// The expression as it is where nothing says what a function should be.
    pub(super) fn settled(&mut self, value: Expr, span: Span) -> Expr {
        match &value.kind {
            ExprKind::Pending(pending) => {
                let pending = pending.clone();
                self.resolve(&pending, None, span)
            }
            _ => value,
        }
    }

    /// A method's name where a value is wanted.
    fn uncalled(&mut self, class: ClassIx, receiver: Option<&Type>, name: &Ident) -> Expr {
        let message = match receiver {
            Some(ty) => format!("`{}` has no field `{}`", self.classes.show(ty), name.text),
            None => format!("`{}` has no static field `{}`", self.classes.class(class).name, name.text),
        };
        let error = Diagnostic::error("unknown-field", name.span, message);
        let hint = format!(
            "there is a method of that name: write `{0}()` to call it; where a function is wanted `{0}` passes it",
            name.text
        );
        self.report(error.hint(hint))
    }

    fn lambda(&mut self, lambda: &Rc<ast::Lambda>, wanted: Option<&FunctionType>, span: Span) -> Expr {
        let count = lambda.params.len();
        if count > FUNCTION_PARAMS_MAX {
            let message = format!("a function has at most {FUNCTION_PARAMS_MAX} parameters");
            return self.error("too-many-parameters", lambda.span, message);
        }
        if let Some(wanted) = wanted
            && wanted.params.len() != count
        {
            let noun = if wanted.params.len() == 1 { "parameter" } else { "parameters" };
            let message = format!(
                "a function with {} {noun} is wanted here, this one has {count}",
                wanted.params.len()
            );
            return self.error("wrong-function", lambda.span, message);
        }
        let known: Option<Vec<Type>> = wanted.map(|wanted| wanted.params.clone());
        self.lambda_with(lambda, known.unwrap_or_default(), wanted.map(|wanted| wanted.result.clone()), span)
    }

    /// A lambda whose result tells its type.
    pub(super) fn inferred_lambda(
        &mut self,
        lambda: &Rc<ast::Lambda>,
        params: Vec<Type>,
        span: Span,
    ) -> Expr {
        self.lambda_with(lambda, params, None, span)
    }

    fn lambda_with(
        &mut self,
        lambda: &Rc<ast::Lambda>,
        known: Vec<Type>,
        result: Option<Type>,
        span: Span,
    ) -> Expr {
        let mut params = Vec::new();
        for (index, param) in lambda.params.iter().enumerate() {
            let known = known.get(index).cloned();
            let ty = match (&param.ty, known) {
                (Some(ty), _) => self.classes.type_of(Some(ty), self.file),
                (None, Some(known)) => known,
                (None, None) => Type::Object,
            };
            if ty == Type::Void {
                self.error("void-value", param.name.span, "a parameter cannot have the type `void`");
            }
            params.push(if ty == Type::Void { Type::Error } else { ty });
        }
        self.function_object(params, result, span, |body| {
            body.bind_params(&lambda.params);
            match &lambda.body {
                ast::LambdaBody::Expr(value) => {
                    body.line(value.span);
                    body.return_expr(value);
                }
                ast::LambdaBody::Block(block) => {
                    body.stmt(block);
                    let signature = &body.scene.signature;
                    if body.emit.reachable && signature.result != Type::Void && !signature.infers {
                        let warning = Diagnostic::warning(
                            "no-return",
                            lambda.span,
                            "the function can end without `return`: it then gives null",
                        );
                        body.report(warning);
                    }
                }
            }
        })
    }

    /// A method as a function: calls it on the receiver of now.
    fn method_value(
        &mut self,
        receiver: Option<Expr>,
        class: ClassIx,
        name: &Ident,
        wanted: &FunctionType,
    ) -> Expr {
        let candidates = self.classes.methods_named(class, &name.text);
        let (params, result) = (wanted.params.clone(), Some(wanted.result.clone()));
        let receiver = receiver.map(|receiver| self.coerce_any(receiver, name.span));
        if receiver.as_ref().is_some_and(|receiver| receiver.ty.is_error()) {
            return Expr::error();
        }
        let mut first = Vec::new();
        let receiver = receiver.map(|receiver| {
            let ty = receiver.ty.clone();
            let slot = self.temp(&ty);
            first.push(Expr::new(ExprKind::SetLocal(slot, receiver.boxed()), ty.clone()));
            (slot, ty)
        });
        let depth = self.outer.len();
        let made = self.function_object(params, result, name.span, |body| {
            let object = receiver.map(|(slot, ty)| {
                body.fetched((depth, slot), "receiver", Expr::new(ExprKind::Local(slot), ty))
            });
            let params = body.scene.signature.params.clone();
            let args: Args = params
                .into_iter()
                .enumerate()
                .map(|(index, ty)| {
                    let raw = Expr::new(ExprKind::Local(index as u16 + 1), Type::Object);
                    (body.object_as(raw, &ty), name.span)
                })
                .collect();
            let call = body.resolved_call(object, class, name, &candidates, args);
            body.line(name.span);
            body.return_value(call, name.span);
        });
        if first.is_empty() || made.ty.is_error() {
            return made;
        }
        let ty = made.ty.clone();
        Expr::new(ExprKind::Seq(first, made.boxed()), ty)
    }

    /// Writes the class of a function; `result` is what it gives, when that is known before.
    fn function_object(
        &mut self,
        params: Vec<Type>,
        result: Option<Type>,
        span: Span,
        write: impl FnOnce(&mut Self),
    ) -> Expr {
        let class = self.function_class();
        let abi = params.iter().map(|_| Type::Object).collect();
        let infers = result.is_none();
        let signature = Signature {
            params: params.clone(),
            abi,
            result: result.unwrap_or(Type::Void),
            abi_result: Type::Object,
            infers,
        };
        let mut scene = Scene::new(signature, false);
        scene.function = Some(Made { class: class.clone(), captures: Vec::new() });
        let around = core::mem::replace(&mut self.scene, scene);
        let suspended = self.emit.begin();
        self.outer.push((around, suspended));
        self.line(span);
        write(self);
        self.end_of_statement();
        self.end_code();
        let Some((around, suspended)) = self.outer.pop() else { return Expr::error() };
        let scene = core::mem::replace(&mut self.scene, around);
        let code = self.emit.resume(suspended);
        let (name, desc) = call_method(params.len());
        let captures = scene.function.map(|made| made.captures).unwrap_or_default();
        let result = scene.signature.result;
        if let Some(code) = self.finished(code, &desc, false) {
            self.declare_function(&class, &name, desc, code, &captures);
        }
        let fields = captures.into_iter().map(|capture| (capture.field, capture.value)).collect();
        Expr::new(ExprKind::MakeFunction(class, fields), Type::function(params, result))
    }

    /// A name for the class of a function in the class at hand.
    pub(super) fn function_class(&mut self) -> Rc<str> {
        let class = self.classes.class(self.class).name.clone();
        let count = self.classes.functions.entry(class.clone()).or_default();
        *count += 1;
        format!("{class}#{count}").into()
    }

    fn declare_function(
        &mut self,
        class: &Rc<str>,
        method: &str,
        desc: alloc::string::String,
        code: Code,
        captures: &[Capture],
    ) {
        let field = |capture: &Capture| FieldDef {
            name: capture.field.name.to_string(),
            desc: capture.field.desc.clone(),
            flags: Flags::PUBLIC | Flags::SYNTHETIC,
            value: None,
        };
        let method = MethodDef {
            name: method.to_string(),
            desc,
            flags: Flags::PUBLIC | Flags::SYNTHETIC,
            code: Some(code),
            ..MethodDef::default()
        };
        let mut def = ClassDef {
            name: class.to_string(),
            version: 1,
            super_name: Some(FUNCTION.to_string()),
            flags: Flags::PUBLIC | Flags::SYNTHETIC,
            fields: captures.iter().map(field).collect(),
            methods: vec![method],
            ..ClassDef::default()
        };
        if let Some(file) = self.classes.files.get(self.file as usize) {
            def.attributes.push(Attribute { name: "source".into(), bytes: file.label.clone().into_bytes() });
        }
        self.classes.made.push(def);
    }

    // Calls.

    pub(super) fn apply_expr(&mut self, callee: &ast::Expr, args: &[ast::Expr]) -> Expr {
        let function = self.expr(callee);
        let function = self.settled(function, callee.span);
        let args = self.exprs(args);
        self.apply(function, args, callee.span)
    }

    /// Calls a value.
    pub(super) fn apply(&mut self, function: Expr, args: Args, span: Span) -> Expr {
        let untyped = Type::Class(self.classes.internal(FUNCTION));
        let (function, ty) = match function.ty.clone() {
            Type::Error => return Expr::error(),
            Type::Function(ty) => (function, Some(ty)),
            Type::Object => (self.coerce(function, &untyped, span, "what is called"), None),
            ty if ty == untyped => (function, None),
            ty => {
                let message = format!("a value of type `{}` cannot be called", self.classes.show(&ty));
                return self.error("not-function", span, message);
            }
        };
        let count = args.len();
        if let Some(ty) = &ty
            && ty.params.len() != count
        {
            let noun = if ty.params.len() == 1 { "argument" } else { "arguments" };
            let verb = if count == 1 { "is" } else { "are" };
            let message = format!("the function takes {} {noun}, {count} {verb} given", ty.params.len());
            return self.error("wrong-arguments", span, message);
        }
        if count > FUNCTION_PARAMS_MAX {
            let message = format!("a function takes at most {FUNCTION_PARAMS_MAX} arguments");
            return self.error("wrong-arguments", span, message);
        }
        let mut all = vec![function];
        for (index, (arg, at)) in args.into_iter().enumerate() {
            let arg = match &ty {
                Some(ty) => self.coerce(arg, &ty.params[index], at, &format!("the argument {}", index + 1)),
                None => arg,
            };
            all.push(self.coerce_any(arg, at));
        }
        if all.iter().any(|arg| arg.ty.is_error()) {
            return Expr::error();
        }
        let (name, desc) = call_method(count);
        let target = Target::Virtual(self.internal_method(FUNCTION, &name, &desc));
        let call = Expr::new(ExprKind::Call(target, all, self.line_of(span)), Type::Object);
        match ty.map(|ty| ty.result.clone()) {
            None => call,
            Some(Type::Void) => self.dropped(call),
            Some(result) => self.object_as(call, &result),
        }
    }
}
