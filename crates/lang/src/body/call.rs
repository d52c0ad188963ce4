//! Calls and the making of objects.

use super::Body;
use crate::ast::{self, Ident, Selector};
use crate::classes::{CONSTRUCTOR, ClassIx, Method};
use crate::diagnostic::{Diagnostic, Span, near};
use crate::hir::{Expr, ExprKind, MethodRef, Target};
use crate::types::{OBJECT, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// Arguments with their places.
type Args = Vec<(Expr, Span)>;

impl Body<'_, '_, '_> {
    pub(super) fn internal_method(&self, class: &str, name: &str, desc: &str) -> MethodRef {
        MethodRef { class: class.into(), name: name.into(), desc: desc.into() }
    }
    pub(super) fn object_method(&self, name: &str, desc: &str) -> MethodRef {
        self.internal_method(OBJECT, name, desc)
    }

    pub(super) fn call(
        &mut self,
        receiver: Option<&ast::Expr>,
        method: &Selector,
        args: &[ast::Expr],
        span: Span,
    ) -> Expr {
        let Some(receiver) = receiver else {
            let Selector::Named(name) = method else { return Expr::error() };
            let args = self.exprs(args);
            return self.own_call(name, args);
        };
        if let (ast::ExprKind::Name(word), Selector::Named(name)) = (&receiver.kind, method)
            && &*word.text == "super"
            && self.var("super").is_none()
        {
            let args = self.exprs(args);
            return self.super_method(name, args);
        }
        if let Some(class) = self.class_named(receiver) {
            let args = self.exprs(args);
            return match method {
                Selector::Named(name) => self.static_call(class, name, args),
                _ => self.error(
                    "class-as-value",
                    receiver.span,
                    "a class is no object that has methods by number",
                ),
            };
        }
        let object = match &receiver.kind {
            ast::ExprKind::Path(path) => {
                let error = Diagnostic::error(
                    "unknown-class",
                    path.span,
                    format!("there is no class `{}`", path.text()),
                );
                self.report(error.hint("import it, and name its folder with `-I`"))
            }
            _ => self.expr(receiver),
        };
        let args = self.exprs(args);
        if object.ty.is_error() {
            return Expr::error();
        }
        match method {
            Selector::Named(name) => self.method_call(object, receiver.span, name, args),
            Selector::Ordinal(ordinal, at) => self.ordinal_call(object, receiver.span, *ordinal, *at, args),
            Selector::Computed(name) => self.computed_call(object, receiver.span, name, args, span),
        }
    }

    /// A call without receiver: a method of this class, or `print` and `println`.
    fn own_call(&mut self, name: &Ident, args: Args) -> Expr {
        let candidates = self.classes.methods_named(self.class, &name.text);
        if candidates.is_empty() {
            if matches!(&*name.text, "print" | "println") {
                return self.print(name, args);
            }
            let class = self.class;
            return self.unknown_method(class, name, None);
        }
        let this = (!self.is_static).then(|| self.this());
        self.resolved_call(this, self.class, name, &candidates, args)
    }

    fn print(&mut self, name: &Ident, args: Args) -> Expr {
        if args.len() > 1 || (args.is_empty() && &*name.text == "print") {
            let message = format!("`{}` takes one value, {} are given", name.text, args.len());
            let error = Diagnostic::error("wrong-arguments", name.span, message);
            return self.report(error.hint("join several with `+`"));
        }
        let text = match args.into_iter().next() {
            Some((value, span)) => self.coerce_any(value, span),
            None => Expr::new(ExprKind::Str("".into()), self.classes.string()),
        };
        if text.ty.is_error() {
            return text;
        }
        let line = self.line_of(name.span);
        let class = ".internal.console";
        let constructor = self.internal_method(class, CONSTRUCTOR, "()V");
        let console = Expr::new(ExprKind::New(constructor, Vec::new(), line), Type::Object);
        let method = self.internal_method(class, &name.text, "(L.internal.object;)V");
        Expr::new(ExprKind::Call(Target::Virtual(method), vec![console, text], line), Type::Void)
    }

    fn super_method(&mut self, name: &Ident, args: Args) -> Expr {
        if self.is_static {
            return self.error("static-this", name.span, "a static method has no `super`");
        }
        let parent = self.classes.class(self.class).parent.unwrap_or(ClassIx(0));
        let candidates = self.classes.methods_named(parent, &name.text);
        if candidates.is_empty() {
            return self.unknown_method(parent, name, None);
        }
        let this = self.this();
        let mut call = self.resolved_call(Some(this), parent, name, &candidates, args);
        if let ExprKind::Call(target, ..) = &mut call.kind
            && let Target::Virtual(method) = target
        {
            *target = Target::Special(method.clone());
        }
        call
    }

    fn static_call(&mut self, class: ClassIx, name: &Ident, args: Args) -> Expr {
        let candidates = self.classes.methods_named(class, &name.text);
        if candidates.is_empty() {
            return self.unknown_method(class, name, None);
        }
        self.resolved_call(None, class, name, &candidates, args)
    }

    fn unknown_method(&mut self, class: ClassIx, name: &Ident, shown: Option<&Type>) -> Expr {
        let class_name = match shown {
            Some(ty) => self.classes.show(ty),
            None => self.classes.class(class).name.to_string(),
        };
        let message = format!("`{class_name}` has no method `{}`", name.text);
        let error = Diagnostic::error("unknown-method", name.span, message);
        let mut names = self.classes.member_names(class, false);
        if class == self.class {
            names.extend(["print".into(), "println".into()]);
        }
        let close = near(&name.text, names.iter().map(|name| &**name));
        if close.is_empty() {
            return self.report(error);
        }
        self.report(error.hint(format!("did you mean `{}`?", close.join("`, `"))))
    }

    fn method_call(&mut self, object: Expr, span: Span, name: &Ident, args: Args) -> Expr {
        let object = match object.ty {
            Type::Void | Type::Null => {
                let message = format!("`{}` is called on something that is no object", name.text);
                let what = if object.ty == Type::Void { "the call gives no value" } else { "this is `null`" };
                return self.report(Diagnostic::error("no-receiver", span, message).label(what));
            }
            _ => object,
        };
        let ty = object.ty.clone();
        let Some(class) = self.classes.class_of(&ty) else { return Expr::error() };
        let candidates = self.classes.methods_named(class, &name.text);
        let fits = candidates.iter().any(|method| method.params.len() == args.len());
        if ty == Type::Object && !fits {
            return self.named_call(object, name, args);
        }
        if candidates.is_empty() {
            return self.unknown_method(class, name, Some(&ty));
        }
        let object = self.coerce_any(object, span);
        let call = self.resolved_call(Some(object), class, name, &candidates, args);
        match &ty {
            // What an array holds has the type of its elements.
            Type::Array(element) if call.ty == Type::Object && self.gives_element(&name.text) => {
                self.object_as(call, element)
            }
            _ => call,
        }
    }

    fn gives_element(&self, name: &str) -> bool {
        matches!(name, "get" | "set" | "removeLast" | "removeAt")
    }

    /// A call by name: arguments boxed, any object back.
    fn named_call(&mut self, object: Expr, name: &Ident, args: Args) -> Expr {
        let line = self.line_of(name.span);
        match self.boxed_args(object, args, name.span) {
            Some(args) => {
                Expr::new(ExprKind::Call(Target::Named(name.text.clone()), args, line), Type::Object)
            }
            None => Expr::error(),
        }
    }

    /// The receiver and all arguments as references.
    fn boxed_args(&mut self, object: Expr, args: Args, span: Span) -> Option<Vec<Expr>> {
        if args.len() > 255 {
            self.error("wrong-arguments", span, "a call has at most 255 arguments");
            return None;
        }
        let mut all = vec![object];
        all.extend(args.into_iter().map(|(arg, span)| self.coerce_any(arg, span)));
        (!all.iter().any(|arg| arg.ty.is_error())).then_some(all)
    }

    fn ordinal_call(&mut self, object: Expr, span: Span, ordinal: u32, at: Span, args: Args) -> Expr {
        let Ok(number) = u16::try_from(ordinal) else {
            return self.error("bad-ordinal", at, "an ordinal has 16 bits: 0 to 65535");
        };
        // The result is known when the class is.
        let class = self.classes.class_of(&object.ty).unwrap_or(ClassIx(0));
        let by_number = |body: &mut Self| {
            let lineage = body.classes.lineage(class);
            lineage.into_iter().find_map(|class| {
                let methods = &body.classes.class(class).methods;
                methods.iter().find(|method| method.ordinal == Some(number)).cloned()
            })
        };
        let known = if object.ty == Type::Object { None } else { by_number(self) };
        let object = self.coerce_any(object, span);
        let line = self.line_of(at);
        let Some(args) = self.boxed_args(object, args, at) else { return Expr::error() };
        let call = Expr::new(ExprKind::Call(Target::Ordinal(number), args, line), Type::Object);
        match known {
            Some(method) if method.result != Type::Void => self.object_as(call, &method.result),
            _ => call,
        }
    }

    fn computed_call(&mut self, object: Expr, span: Span, name: &ast::Expr, args: Args, at: Span) -> Expr {
        let selector = self.expr(name);
        let object = self.coerce_any(object, span);
        match selector.kind {
            ExprKind::Str(text) => self.named_call(object, &Ident { text, span: name.span }, args),
            ExprKind::Int(ordinal) => self.ordinal_call(object, span, ordinal as u32, name.span, args),
            _ if selector.ty.is_error() => Expr::error(),
            _ => {
                let message = "a method whose name is computed at run time is not supported yet";
                self.report(
                    Diagnostic::error("unsupported", at, message).hint("write the name as a string literal"),
                )
            }
        }
    }

    /// Chooses among methods of one name and makes the call.
    fn resolved_call(
        &mut self,
        receiver: Option<Expr>,
        class: ClassIx,
        name: &Ident,
        candidates: &[Rc<Method>],
        args: Args,
    ) -> Expr {
        let Some(method) = self.choose(name, candidates, &args) else { return Expr::error() };
        if !method.is_static && receiver.is_none() {
            let message = format!("`{}` is not static: it needs an object", name.text);
            return self.error("static-this", name.span, message);
        }
        let line = self.line_of(name.span);
        if method.by_ordinal {
            let (Some(receiver), Some(ordinal)) = (receiver, method.ordinal) else { return Expr::error() };
            let Some(args) = self.checked_boxed(receiver, &method, args, name.span) else {
                return Expr::error();
            };
            let call = ExprKind::Call(Target::Ordinal(ordinal), args, line);
            return match &method.result {
                Type::Void => self.dropped(Expr::new(call, Type::Object)),
                result => self.object_as(Expr::new(call, Type::Object), result),
            };
        }
        let mut all: Vec<Expr> = receiver.into_iter().filter(|_| !method.is_static).collect();
        all.extend(self.fit_args(&method, args));
        if all.iter().any(|arg| arg.ty.is_error()) {
            return Expr { ty: Type::Error, ..Expr::error() };
        }
        let target = self.target(class, &method);
        Expr::new(ExprKind::Call(target, all, line), method.result.clone())
    }

    /// The value of a `void` method that was called by number.
    fn dropped(&mut self, call: Expr) -> Expr {
        let slot = self.temp(&Type::Object);
        Expr::new(ExprKind::SetLocal(slot, call.boxed()), Type::Void)
    }

    fn checked_boxed(
        &mut self,
        receiver: Expr,
        method: &Method,
        args: Args,
        span: Span,
    ) -> Option<Vec<Expr>> {
        if method.varargs {
            return self.boxed_args(receiver, args, span);
        }
        let spans: Vec<Span> = args.iter().map(|(_, span)| *span).collect();
        let fitted = self.fit_args(method, args);
        self.boxed_args(receiver, fitted.into_iter().zip(spans).collect(), span)
    }

    fn fit_args(&mut self, method: &Method, args: Args) -> Vec<Expr> {
        let params: Vec<(Type, String)> = method
            .params
            .iter()
            .enumerate()
            .map(|(index, ty)| {
                let ast = method.ast.as_ref().and_then(|ast| ast.params.get(index));
                let what = match ast {
                    Some(param) => format!("the parameter `{}` of `{}`", param.name.text, method.name),
                    None => format!("the parameter {} of `{}`", index + 1, method.name),
                };
                (ty.clone(), what)
            })
            .collect();
        let args = args.into_iter().zip(params);
        args.map(|((arg, span), (ty, what))| self.coerce(arg, &ty, span, &what)).collect()
    }

    fn target(&self, class: ClassIx, method: &Method) -> Target {
        let owner = self.classes.class(method.owner);
        let interface = owner.interface;
        // A method that only an interface declares is searched for there.
        let holder = if interface || method.is_static { owner } else { self.classes.class(class) };
        let found =
            MethodRef { class: holder.name.clone(), name: method.name.clone(), desc: method.desc.clone() };
        if method.is_static {
            Target::Static(found)
        } else if interface {
            Target::Interface(found)
        } else if self.classes.class(class).interface {
            Target::Virtual(MethodRef { class: owner.name.clone(), ..found })
        } else {
            Target::Virtual(found)
        }
    }

    /// The method that fits the arguments best; reports why none does.
    fn choose(&mut self, name: &Ident, candidates: &[Rc<Method>], args: &Args) -> Option<Rc<Method>> {
        let open = |method: &&Rc<Method>| method.varargs || method.params.len() == args.len();
        let right_count: Vec<&Rc<Method>> = candidates.iter().filter(open).collect();
        if right_count.is_empty() {
            self.wrong_count(name, candidates, args.len());
            return None;
        }
        if let [only] = right_count[..] {
            return Some(only.clone());
        }
        let mut best: Option<(u32, &Rc<Method>)> = None;
        for method in right_count {
            let costs = args.iter().zip(&method.params).map(|((arg, _), param)| self.cost(&arg.ty, param));
            let Some(cost) = costs.sum::<Option<u32>>() else { continue };
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, method));
            }
        }
        if best.is_none() {
            let given: Vec<String> = args.iter().map(|(arg, _)| self.classes.show(&arg.ty)).collect();
            let message = format!("no method `{}` takes ({})", name.text, given.join(", "));
            let known = candidates.iter().map(|method| self.signature(method)).collect::<Vec<_>>().join(", ");
            self.report(
                Diagnostic::error("wrong-arguments", name.span, message).hint(format!("there are {known}")),
            );
        }
        best.map(|(_, method)| method.clone())
    }

    fn signature(&self, method: &Method) -> String {
        let params: Vec<String> = method.params.iter().map(|param| self.classes.show(param)).collect();
        let name = if &*method.name == CONSTRUCTOR { "new" } else { &method.name };
        format!("`{name}({})`", params.join(", "))
    }

    fn wrong_count(&mut self, name: &Ident, candidates: &[Rc<Method>], given: usize) {
        let mut counts: Vec<usize> = candidates.iter().map(|method| method.params.len()).collect();
        counts.sort_unstable();
        counts.dedup();
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        let noun = if counts == ["1"] { "argument" } else { "arguments" };
        let verb = if given == 1 { "is" } else { "are" };
        let message = format!("`{}` takes {} {noun}, {given} {verb} given", name.text, counts.join(" or "));
        let known: Vec<String> = candidates.iter().map(|method| self.signature(method)).collect();
        let mut error = Diagnostic::error("wrong-arguments", name.span, message);
        if let [only] = candidates
            && let Some(ast) = &only.ast
        {
            error = error.also(ast.name.span, "declared here");
        } else {
            error = error.hint(format!("it is declared as {}", known.join(", ")));
        }
        self.report(error);
    }

    // Making objects.

    pub(super) fn new_object(&mut self, ty: &ast::TypeExpr, args: &[ast::Expr], span: Span) -> Expr {
        let made = self.classes.type_of(Some(ty), self.file);
        let args = self.exprs(args);
        match made {
            Type::Error => Expr::error(),
            Type::Class(class) => self.construct(class, args, ty.span),
            Type::Array(_) | Type::Object => {
                if !args.is_empty() {
                    let error =
                        Diagnostic::error("wrong-arguments", span, "the constructor takes no arguments");
                    return self.report(error.hint("an array begins empty and grows when elements are set"));
                }
                let class = self.classes.class_name(&made);
                let constructor = MethodRef { class, name: CONSTRUCTOR.into(), desc: "()V".into() };
                Expr::new(ExprKind::New(constructor, Vec::new(), self.line_of(ty.span)), made)
            }
            _ => {
                let shown = self.classes.show(&made);
                let error =
                    Diagnostic::error("no-constructor", ty.span, format!("`{shown}` is not made by `new`"));
                self.report(error.hint("write the number itself"))
            }
        }
    }

    /// `new class(args)`, the constructor chosen among those of the class.
    pub(super) fn construct(&mut self, class: ClassIx, args: Args, span: Span) -> Expr {
        let name = self.classes.class(class).name.clone();
        if self.classes.class(class).interface {
            let message = format!("`{name}` is an interface: it has no objects of its own");
            return self.error("no-constructor", span, message);
        }
        let constructors = self.classes.constructors(class);
        let simple = Ident { text: name.rsplit('.').next().unwrap_or(&name).into(), span };
        let (desc, args) = if constructors.is_empty() {
            if !args.is_empty() && !self.is_external(class) {
                let message =
                    format!("`{name}` has no constructor with parameters, {} are given", args.len());
                return self.error("wrong-arguments", span, message);
            }
            ("()V".to_string(), Vec::new())
        } else {
            let Some(chosen) = self.choose(&simple, &constructors, &args) else { return Expr::error() };
            (chosen.desc.clone(), self.fit_args(&chosen, args))
        };
        if args.iter().any(|arg| arg.ty.is_error()) {
            return Expr::error();
        }
        let constructor = MethodRef { class: name, name: CONSTRUCTOR.into(), desc };
        Expr::new(ExprKind::New(constructor, args, self.line_of(span)), self.classes.class_type(class))
    }

    /// `new *(class)()`: an instance of a class that is known at run time; no constructor runs.
    pub(super) fn new_dynamic(
        &mut self,
        class: &ast::Expr,
        ty: Option<&ast::TypeExpr>,
        args: &[ast::Expr],
    ) -> Expr {
        let wanted = Type::Class(self.classes.internal(".internal.class"));
        let object = self.expr(class);
        let object = self.coerce(object, &wanted, class.span, "what follows `new *`");
        let made = self.classes.type_of(ty, self.file);
        let given = self.exprs(args);
        if let [(_, first), ..] = given[..] {
            let error = Diagnostic::error("wrong-arguments", first, "`new *(…)` calls no constructor");
            return self.report(error.hint("call a method of the new object"));
        }
        if object.ty.is_error() || made.is_error() {
            return Expr::error();
        }
        let method = self.internal_method(".internal.class", "newInstance", "()L.internal.object;");
        let call = ExprKind::Call(Target::Virtual(method), vec![object], self.line_of(class.span));
        self.object_as(Expr::new(call, Type::Object), &made)
    }
}
