//! Calls and the making of objects.

use super::Body;
use crate::ast::{self, Access, Ident, Selector, Sort};
use crate::classes::{CONSTRUCTOR, ClassIx, Method, ParamIx};
use crate::diagnostic::{Diagnostic, Span, near};
use crate::hir::{Expr, ExprKind, MethodRef, Pending, Target};
use crate::types::{FunctionType, OBJECT, Substitution, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// Arguments with their places.
pub(super) type Args = Vec<(Expr, Span)>;

/// The class of objects that bind an object to one of its methods, and two of its ordinals.
const CLOSURE: &str = ".internal.closure";
const CALL: u16 = 8;
const CALL_NAME: u16 = 13;

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
            ast::ExprKind::Path(path) if let Some(place) = self.path(path) => self.read(place, path.span),
            ast::ExprKind::Path(path) => {
                let error = Diagnostic::error(
                    "unknown-class",
                    path.span,
                    format!("there is no class `{}`", path.text()),
                );
                self.report(error.hint("import it, and name its folder with `-I`"))
            }
            _ => {
                let object = self.expr(receiver);
                self.settled(object, receiver.span)
            }
        };
        let args = self.exprs(args);
        if object.ty.is_error() {
            return Expr::error();
        }
        match method {
            Selector::Named(name) => self.method_call(object, receiver.span, name, args),
            Selector::Ordinal(ordinal, at) => self.ordinal_call(object, receiver.span, *ordinal, *at, args),
            Selector::Computed(name) => self.computed_call(object, receiver.span, name, args),
        }
    }

    /// A call without receiver: a method of this class, or `print` and `println`.
    fn own_call(&mut self, name: &Ident, args: Args) -> Expr {
        let callable = |ty: &Type| matches!(ty, Type::Function(_) | Type::Object);
        if self.var(&name.text).is_some_and(|var| callable(&var.ty)) {
            let function = self.name_value(name);
            return self.apply(function, args, name.span);
        }
        let candidates = self.classes.methods_named(self.class, &name.text);
        if candidates.is_empty() {
            if self.classes.field(self.class, &name.text).is_some_and(|(_, field)| callable(&field.ty)) {
                let function = self.name_value(name);
                return self.apply(function, args, name.span);
            }
            if matches!(&*name.text, "print" | "println") {
                return self.print(name, args);
            }
            if self.var(&name.text).is_some() {
                let value = self.name_value(name);
                return self.apply(value, args, name.span);
            }
            let class = self.class;
            return self.unknown_method(class, name, None);
        }
        let this = (!self.is_static).then(|| self.this());
        self.resolved_call(this, self.class, name, &candidates, args)
    }

    /// A name as a value.
    fn name_value(&mut self, name: &Ident) -> Expr {
        self.expr(&ast::Expr { kind: ast::ExprKind::Name(name.clone()), span: name.span })
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
        exactly(&mut call);
        call
    }

    fn static_call(&mut self, class: ClassIx, name: &Ident, args: Args) -> Expr {
        let candidates = self.classes.methods_named(class, &name.text);
        if candidates.is_empty() {
            if self.classes.field(class, &name.text).is_some_and(|(_, field)| field.is_static) {
                let place = self.static_field(class, name);
                let function = self.read(place, name.span);
                return self.apply(function, args, name.span);
            }
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

    pub(super) fn method_call(&mut self, object: Expr, span: Span, name: &Ident, args: Args) -> Expr {
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
            if self.classes.field(class, &name.text).is_some() {
                let place = self.field_of(object, name);
                let function = self.read(place, name.span);
                return self.apply(function, args, name.span);
            }
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

    /// `obj.*(name)(args)`: a string chooses a method by its name, an int by its ordinal, at run time.
    fn computed_call(&mut self, object: Expr, span: Span, name: &ast::Expr, args: Args) -> Expr {
        let selector = self.expr(name);
        let object = self.coerce_any(object, span);
        match selector.kind {
            ExprKind::Str(text) => return self.named_call(object, &Ident { text, span: name.span }, args),
            ExprKind::Int(ordinal) => {
                return self.ordinal_call(object, span, ordinal as u32, name.span, args);
            }
            _ => {}
        }
        // A closure of the kernel binds the object, and finds the method when it is called.
        let line = self.line_of(name.span);
        let string = self.classes.string();
        let by_ordinal = selector.ty.is_numeric();
        let wanted = if by_ordinal { Type::Int } else { string };
        let selector = self.coerce(selector, &wanted, name.span, "the name of the method");
        let Some(args) = self.boxed_args(object, args, name.span) else { return Expr::error() };
        let mut args = args.into_iter();
        let (Some(object), false) = (args.next(), selector.ty.is_error()) else { return Expr::error() };
        let constructor = self.internal_method(CLOSURE, CONSTRUCTOR, "()V");
        let closure = Expr::new(ExprKind::New(constructor, Vec::new(), line), Type::Object);
        let slot = self.temp(&Type::Object);
        let held = || Expr::new(ExprKind::Local(slot), Type::Object);
        let set = |method: MethodRef, value: Expr| {
            Expr::new(ExprKind::Call(Target::Virtual(method), vec![held(), value], line), Type::Void)
        };
        let set_object = self.internal_method(CLOSURE, "setObject", "(L.internal.object;)V");
        let mut first =
            vec![Expr::new(ExprKind::SetLocal(slot, closure.boxed()), Type::Object), set(set_object, object)];
        let mut all = vec![held()];
        let method = if by_ordinal {
            first.push(set(self.internal_method(CLOSURE, "setOrdinal", "(I)V"), selector));
            CALL
        } else {
            all.push(selector);
            CALL_NAME
        };
        all.extend(args);
        let call = Expr::new(ExprKind::Call(Target::Ordinal(method), all, line), Type::Object);
        Expr::new(ExprKind::Seq(first, call.boxed()), Type::Object)
    }

    /// Chooses among methods of one name and makes the call.
    pub(super) fn resolved_call(
        &mut self,
        receiver: Option<Expr>,
        class: ClassIx,
        name: &Ident,
        candidates: &[Rc<Method>],
        args: Args,
    ) -> Expr {
        let this = match &receiver {
            Some(receiver) => receiver.ty.clone(),
            None => self.classes.this_type(class),
        };
        let spread = self.spread(&this, candidates, &args);
        let Some(method) = self.choose(name, &this, &spread, &args) else { return Expr::error() };
        if !method.is_static && receiver.is_none() {
            let message = format!("`{}` is not static: it needs an object", name.text);
            return self.error("static-this", name.span, message);
        }
        self.check_access(method.access, method.owner, name, "method");
        let line = self.line_of(name.span);
        if self.classes.is_java(method.owner) {
            return self.java_call(receiver, class, &method, args, line);
        }
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
        let mut map =
            if method.is_static { Vec::new() } else { self.classes.substitution(&this, method.owner) };
        let open = method.type_params.clone();
        all.extend(self.fit_args(&method, &open, &mut map, args));
        if all.iter().any(|arg| arg.ty.is_error()) {
            return Expr::error();
        }
        let target = self.target(class, &method);
        let result = method.result.with(&map);
        let call = Expr::new(ExprKind::Call(target, all, line), method.abi_result.clone());
        self.as_declared(call, &method.result, result)
    }

    /// A value that comes out of a generic place, as the type that it has here: unboxed, or its class checked.
    pub(super) fn as_declared(&mut self, value: Expr, declared: &Type, known: Type) -> Expr {
        let stored = value.ty.clone();
        if known == Type::Void || (stored == *declared && stored == known) {
            return Expr::new(value.kind, known);
        }
        if stored.is_numeric() || !stored.is_ref() {
            return Expr::new(value.kind, known);
        }
        let sure = match (self.classes.class_of(&stored), self.classes.class_of(&known)) {
            (Some(stored), Some(known)) => self.classes.is_subclass(stored, known),
            _ => true,
        };
        if sure && !known.is_numeric() {
            return Expr::new(value.kind, known);
        }
        self.object_as(Expr::new(value.kind, Type::Object), &known)
    }

    /// Reports the use of a member by a class that may not use it.
    pub(super) fn check_access(&mut self, access: Access, owner: ClassIx, name: &Ident, what: &str) {
        let package = |class: &str| class.rsplit_once('.').map_or("", |(package, _)| package).to_string();
        let (here, there) = (&self.classes.class(self.class).name, &self.classes.class(owner).name);
        let neighbours = package(here) == package(there);
        let (fits, word, whose) = match access {
            Access::Public => return,
            Access::Private => (self.class == owner, "private", "that class alone"),
            Access::Protected => {
                let below = self.classes.is_subclass(self.class, owner);
                (below || neighbours, "protected", "classes that extend it and those of its package")
            }
        };
        if !fits {
            let owner = self.classes.class(owner).name.clone();
            let message = format!("the {what} `{}` of `{owner}` is {word}", name.text);
            let error = Diagnostic::error("no-access", name.span, message);
            self.report(error.label(format!("{whose} may use it")));
        }
    }

    /// The value of a `void` method that was called by number.
    pub(super) fn dropped(&mut self, call: Expr) -> Expr {
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
        let fitted = self.fit_args(method, &[], &mut Vec::new(), args);
        self.boxed_args(receiver, fitted.into_iter().zip(spans).collect(), span)
    }

    /// The arguments as the method takes them. What stands for the type parameters `open` is inferred from them and
    /// added to `map`; functions come last, for their types follow from the others'.
    pub(super) fn fit_args(
        &mut self,
        method: &Method,
        open: &[ParamIx],
        map: &mut Substitution,
        args: Args,
    ) -> Vec<Expr> {
        let mut args: Vec<(Expr, Span)> = args;
        if !open.is_empty() {
            for late in [false, true] {
                for (index, param) in method.params.iter().enumerate() {
                    let Some((arg, span)) = args.get(index).cloned() else { continue };
                    if matches!(arg.ty, Type::Pending(_)) != late {
                        continue;
                    }
                    let arg = if late { self.inferring(arg, param, open, map, span) } else { arg };
                    self.classes.infer(param, &arg.ty, open, map);
                    args[index].0 = arg;
                }
            }
            for param in open {
                if !map.iter().any(|(known, _)| known == param) {
                    map.push((*param, self.classes.bound(*param).clone()));
                }
            }
        }
        let mut fitted = Vec::new();
        for (index, ((arg, span), param)) in args.into_iter().zip(&method.params).enumerate() {
            let ast = method.ast.as_ref().and_then(|ast| ast.params.get(index));
            let name = method.ast.as_ref().map_or(&method.name, |ast| &ast.name.text);
            let what = match ast {
                Some(param) => format!("the parameter `{}` of `{name}`", param.name.text),
                None => format!("the parameter {} of `{}`", index + 1, method.name),
            };
            let value = self.coerce(arg, &param.with(map), span, &what);
            let abi = method.abi.get(index).unwrap_or(param);
            fitted.push(if value.ty.is_error() { value } else { self.represented(value, abi) });
        }
        fitted
    }

    /// A function as an argument whose parameter's type has open type parameters: its result tells what they are.
    fn inferring(
        &mut self,
        arg: Expr,
        param: &Type,
        open: &[ParamIx],
        map: &Substitution,
        span: Span,
    ) -> Expr {
        let ExprKind::Pending(pending) = &arg.kind else { return arg };
        let wanted = match param {
            Type::Function(wanted) => wanted.clone(),
            _ => match self.classes.functional(param) {
                Some((_, wanted)) => Rc::new(wanted),
                None => return arg,
            },
        };
        let pending = pending.clone();
        let known = |param: &ParamIx| map.iter().any(|(known, _)| known == param);
        let unknown: Vec<ParamIx> = open.iter().filter(|param| !known(param)).copied().collect();
        let mut anything: Substitution = map.clone();
        anything.extend(unknown.iter().map(|param| (*param, Type::Object)));
        let params: Vec<Type> = wanted.params.iter().map(|param| param.with(&anything)).collect();
        if let (Pending::Lambda(lambda), true) = (&*pending, wanted.result.mentions(&unknown)) {
            return self.inferred_lambda(lambda, params, span);
        }
        let wanted = FunctionType { params, result: wanted.result.with(&anything) };
        self.resolve(&pending, Some(&wanted), span)
    }

    pub(super) fn target(&self, class: ClassIx, method: &Method) -> Target {
        let owner = self.classes.class(method.owner);
        let interface = owner.interface;
        // A method that only an interface declares is searched for there.
        let holder = if interface || method.is_static { owner } else { self.classes.class(class) };
        let found =
            MethodRef { class: holder.name.clone(), name: method.name.clone(), desc: method.desc.clone() };
        if method.is_static {
            Target::Static(found)
        } else if method.access == Access::Private {
            Target::Special(MethodRef { class: owner.name.clone(), ..found })
        } else if interface {
            Target::Interface(found)
        } else if self.classes.class(class).interface {
            Target::Virtual(MethodRef { class: owner.name.clone(), ..found })
        } else {
            Target::Virtual(found)
        }
    }

    /// The method that fits the arguments best; reports why none does.
    fn choose(
        &mut self,
        name: &Ident,
        this: &Type,
        candidates: &[Rc<Method>],
        args: &Args,
    ) -> Option<Rc<Method>> {
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
            let Some(cost) = self.total_cost(this, method, args) else { continue };
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

    /// How well the arguments fit a method; `None`: not at all.
    pub(super) fn total_cost(&mut self, this: &Type, method: &Method, args: &Args) -> Option<u32> {
        // An open type parameter takes anything.
        let mut map = self.classes.substitution(this, method.owner);
        map.extend(method.type_params.iter().map(|param| (*param, Type::Object)));
        let params: Vec<Type> = method.params.iter().map(|param| param.with(&map)).collect();
        let costs = args.iter().zip(&params).map(|((arg, _), param)| self.cost(&arg.ty, param));
        Some(costs.sum::<Option<u32>>()? + self.narrowing(method, args))
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
        let explicit = matches!(&ty.kind, ast::TypeKind::Named(_, given) if !given.is_empty());
        match made {
            Type::Error => Expr::error(),
            Type::Class(class) if self.classes.class(class).sort == Sort::Enum => {
                let name = self.classes.class(class).name.clone();
                let message = format!("`{name}` is an enum: it has no other values than its own");
                self.error("no-constructor", ty.span, message)
            }
            Type::Class(class) => self.construct(class, None, args, ty.span),
            Type::Generic(class, given) => {
                self.construct(class, explicit.then(|| given.to_vec()), args, ty.span)
            }
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
                let hint = match made {
                    Type::Param(_) => "what it stands for is not known here: take a function that makes one",
                    Type::Function(_) => "write the function itself: `x => x + 1`",
                    _ => "write the number itself",
                };
                self.report(error.hint(hint))
            }
        }
    }

    /// `new class(args)`, the constructor chosen among those of the class; `given` stands for its type parameters, which
    /// are inferred otherwise.
    pub(super) fn construct(
        &mut self,
        class: ClassIx,
        given: Option<Vec<Type>>,
        args: Args,
        span: Span,
    ) -> Expr {
        let name = self.classes.class(class).name.clone();
        if self.classes.class(class).interface {
            let message = format!("`{name}` is an interface: it has no objects of its own");
            return self.error("no-constructor", span, message);
        }
        let constructors = self.classes.constructors(class);
        let simple = Ident { text: name.rsplit('.').next().unwrap_or(&name).into(), span };
        let params = self.classes.class(class).params.clone();
        let inferred = given.is_none();
        let mut map: Substitution = match given {
            Some(given) => params.iter().copied().zip(given).collect(),
            None => Vec::new(),
        };
        let (desc, args) = if constructors.is_empty() {
            if !args.is_empty() && !self.is_external(class) {
                let message =
                    format!("`{name}` has no constructor with parameters, {} are given", args.len());
                return self.error("wrong-arguments", span, message);
            }
            ("()V".to_string(), Vec::new())
        } else {
            let this = match inferred {
                true => self.classes.class_type(class),
                false => Type::Generic(class, map.iter().map(|(_, ty)| ty.clone()).collect()),
            };
            let constructors = self.spread(&this, &constructors, &args);
            let Some(chosen) = self.choose(&simple, &this, &constructors, &args) else {
                return Expr::error();
            };
            self.check_access(chosen.access, class, &simple, "constructor");
            let open = if inferred { params.clone() } else { Vec::new() };
            let fitted = self.fit_args(&chosen, &open, &mut map, args);
            let failed = fitted.iter().any(|arg| arg.ty.is_error());
            let java = self.classes.is_java(class) && !failed;
            let line = self.line_of(span);
            let fitted = if java { self.java_args(&chosen, fitted, line) } else { fitted };
            (chosen.desc.clone(), fitted)
        };
        if args.iter().any(|arg| arg.ty.is_error()) {
            return Expr::error();
        }
        let constructor = MethodRef { class: name, name: CONSTRUCTOR.into(), desc };
        let ty = if params.is_empty() {
            self.classes.class_type(class)
        } else {
            let of = |param: &ParamIx| map.iter().find(|(known, _)| known == param).map(|(_, ty)| ty.clone());
            Type::Generic(class, params.iter().map(|param| of(param).unwrap_or(Type::Object)).collect())
        };
        let line = self.line_of(span);
        let made = Expr::new(ExprKind::New(constructor, args, line), ty);
        if self.classes.is_java(class) { self.booted(made, line) } else { made }
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

/// Makes a call that of exactly the method that it names; its result may be cast or unboxed.
fn exactly(call: &mut Expr) {
    match &mut call.kind {
        ExprKind::CheckCast(_, value) | ExprKind::Unbox(value) => exactly(value),
        ExprKind::Call(target, ..) => {
            if let Target::Virtual(method) = target {
                *target = Target::Special(method.clone());
            }
        }
        _ => {}
    }
}
