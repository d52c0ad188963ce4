//! Calls of Java, and what Java calls: values change their form by the descriptor of the method.
//!
//! Strings are copied into the form of the other language, numbers are boxed as the other one boxes them, arrays are
//! copied; every other object is the same one on both sides. The static methods of the class `JAVA_BOUNDARY` do it when the
//! program runs; being called they also see to it that Java's library is booted, which `up` does alone.

use super::call::Args;
use super::function::call_method;
use super::{Body, ExprKind};
use crate::ast::BinaryOp;
use crate::classes::{CONSTRUCTOR, ClassIx, Method, Origin};
use crate::diagnostic::Span;
use crate::foreign::narrowing_cost;
use crate::hir::{Expr, FieldRef, MethodRef, Target};
use crate::types::{ARRAY, FUNCTION, OBJECT, Type};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytecode::{Attribute, ClassDef, Descriptor, Elem, FieldDef, Flags, MethodDef, Op, TypeDesc};
use layout::internal::JAVA_BOUNDARY;

/// Field of the object that stands for a function where an interface of Java is wanted.
const FUNCTION_FIELD: &str = "function";

impl Body<'_, '_, '_> {
    /// A call of a method of the boundary.
    fn boundary(&self, name: &str, desc: &str, args: Vec<Expr>, ty: Type, line: u32) -> Expr {
        let method = MethodRef { class: JAVA_BOUNDARY.into(), name: name.into(), desc: desc.into() };
        Expr::new(ExprKind::Call(Target::Static(method), args, line), ty)
    }

    /// The value, behind what sees to it that Java's library is booted.
    pub(super) fn booted(&self, value: Expr, line: u32) -> Expr {
        let up = self.boundary("up", "()V", Vec::new(), Type::Void, line);
        let ty = value.ty.clone();
        Expr::new(ExprKind::Seq(vec![up], value.boxed()), ty)
    }

    /// A value in the form that Java has it where a descriptor stands.
    pub(super) fn to_java(&mut self, value: Expr, desc: &TypeDesc, line: u32) -> Expr {
        let int = |kind: ExprKind| Expr::new(kind, Type::Int);
        let boxes = value.ty.is_numeric() && !matches!(desc, TypeDesc::Prim(_));
        let value = if boxes { Expr::new(ExprKind::Box(value.boxed()), Type::Object) } else { value };
        match desc {
            TypeDesc::Prim(elem) if *elem == Elem::Bool => {
                int(ExprKind::Compare(BinaryOp::Ne, value.boxed(), Expr::int(0).boxed()))
            }
            TypeDesc::Prim(Elem::U16) => {
                int(ExprKind::Arith(BinaryOp::And, value.boxed(), Expr::int(0xffff).boxed()))
            }
            TypeDesc::Prim(elem @ (Elem::I8 | Elem::I16)) => {
                let bits = Expr::int(if *elem == Elem::I8 { 24 } else { 16 });
                let up = int(ExprKind::Arith(BinaryOp::Shl, value.boxed(), bits.clone().boxed()));
                int(ExprKind::Arith(BinaryOp::Shr, up.boxed(), bits.boxed()))
            }
            TypeDesc::Prim(_) => value,
            _ if matches!(value.kind, ExprKind::Null) => Expr::new(ExprKind::Null, Type::Object),
            TypeDesc::Class(name) if self.classes.is_string(&value.ty) => {
                let desc = "(L.internal.string;)Ljava/lang/String;";
                let made = self.boundary("string", desc, vec![value], Type::Object, line);
                self.as_java_class(
                    made,
                    name,
                    &["java/lang/Object", "java/lang/String", "java/lang/CharSequence"],
                )
            }
            TypeDesc::Class(_) if self.keeps_form(&value.ty) => value,
            TypeDesc::Class(name) => {
                let desc = "(L.internal.object;)Ljava/lang/Object;";
                let made = self.boundary("toJava", desc, vec![value], Type::Object, line);
                self.as_java_class(made, name, &["java/lang/Object"])
            }
            TypeDesc::Array { .. } => {
                let text = format!("{desc}");
                let shape = Expr::new(ExprKind::Str(text.as_str().into()), self.classes.string());
                let by = "(L.internal.object;L.internal.string;)Ljava/lang/Object;";
                let made = self.boundary("array", by, vec![value, shape], Type::Object, line);
                Expr::new(ExprKind::CheckCast(text.into(), made.boxed()), Type::Object)
            }
        }
    }

    /// The value, checked to be of a class unless that is one of those that it certainly is.
    fn as_java_class(&self, value: Expr, name: &str, sure: &[&str]) -> Expr {
        if sure.contains(&name) {
            return value;
        }
        Expr::new(ExprKind::CheckCast(name.into(), value.boxed()), Type::Object)
    }

    /// Whether the values of a type are the same objects on both sides.
    fn keeps_form(&self, ty: &Type) -> bool {
        match ty {
            Type::Class(ix) | Type::Generic(ix, _) => {
                matches!(self.classes.class(*ix).origin, Origin::Java | Origin::User | Origin::Library)
            }
            Type::Array(_) | Type::Function(_) => true,
            _ => false,
        }
    }

    /// What Java has given where a descriptor stands, as a value of a type.
    pub(super) fn from_java(&mut self, value: Expr, desc: Option<&TypeDesc>, ty: &Type, line: u32) -> Expr {
        match desc {
            None => Expr::new(value.kind, Type::Void),
            Some(TypeDesc::Prim(_)) => Expr::new(value.kind, ty.clone()),
            Some(TypeDesc::Class(name)) if name == "java/lang/String" => {
                let desc = "(Ljava/lang/String;)L.internal.string;";
                let text = self.boundary("text", desc, vec![value], self.classes.string(), line);
                if *ty == Type::Object { Expr::new(text.kind, Type::Object) } else { text }
            }
            Some(TypeDesc::Array { .. }) => {
                let desc = "(Ljava/lang/Object;)L.internal.container.array;";
                self.boundary("elements", desc, vec![value], ty.clone(), line)
            }
            Some(TypeDesc::Class(name)) => {
                if let Type::Class(ix) | Type::Generic(ix, _) = ty
                    && self.classes.is_java(*ix)
                {
                    if *self.classes.class(*ix).name == **name {
                        return Expr::new(value.kind, ty.clone());
                    }
                    let of = self.classes.java_class(name);
                    let sure = of.is_some_and(|of| self.classes.is_subclass(of, *ix));
                    let kind = value.kind;
                    let value = Expr::new(kind, Type::Object);
                    return if sure { Expr::new(value.kind, ty.clone()) } else { self.object_as(value, ty) };
                }
                let desc = "(Ljava/lang/Object;)L.internal.object;";
                let any = self.boundary("toPhantom", desc, vec![value], Type::Object, line);
                self.object_as(any, ty)
            }
        }
    }

    /// The type of what a descriptor's result leaves on the stack.
    pub(super) fn raw_type(desc: Option<&TypeDesc>) -> Type {
        match desc {
            None => Type::Void,
            Some(TypeDesc::Prim(Elem::I64)) => Type::Long,
            Some(TypeDesc::Prim(Elem::F32)) => Type::Float,
            Some(TypeDesc::Prim(Elem::F64)) => Type::Double,
            Some(TypeDesc::Prim(_)) => Type::Int,
            Some(_) => Type::Object,
        }
    }

    /// The methods that fit as they are declared, else those whose last parameters are given one by one.
    pub(super) fn spread(&mut self, this: &Type, candidates: &[Rc<Method>], args: &Args) -> Vec<Rc<Method>> {
        if !candidates.iter().any(|method| method.spreads) {
            return candidates.to_vec();
        }
        let plain: Vec<Rc<Method>> = candidates
            .iter()
            .filter(|method| {
                method.params.len() == args.len() && self.total_cost(this, method, args).is_some()
            })
            .cloned()
            .collect();
        if !plain.is_empty() {
            return plain;
        }
        let spread = self.classes.spread(candidates, args.len());
        if spread.is_empty() { candidates.to_vec() } else { spread }
    }

    /// How much worse ints fit the parameters of a method of Java than its others.
    pub(super) fn narrowing(&self, method: &Method, args: &Args) -> u32 {
        if !self.classes.is_java(method.owner) {
            return 0;
        }
        let Ok(desc) = Descriptor::parse(&method.desc) else { return 0 };
        let ints = args.iter().zip(&desc.params).filter(|((arg, _), _)| arg.ty == Type::Int);
        ints.map(|(_, param)| narrowing_cost(param)).sum()
    }

    /// The arguments, which have the types of the parameters, in the form that Java has them.
    pub(super) fn java_args(&mut self, method: &Method, args: Vec<Expr>, line: u32) -> Vec<Expr> {
        let Ok(desc) = Descriptor::parse(&method.desc) else { return args };
        let mut args = args;
        if let Some(from) = method.spread_from {
            let elements = args.split_off(from.min(args.len()));
            args.push(self.array_of(elements, line));
        }
        args.into_iter().zip(&desc.params).map(|(arg, param)| self.to_java(arg, param, line)).collect()
    }

    /// A new array with these elements.
    fn array_of(&mut self, elements: Vec<Expr>, line: u32) -> Expr {
        let ty = Type::array_of(Type::Object);
        let constructor = self.internal_method(ARRAY, CONSTRUCTOR, "()V");
        let made = Expr::new(ExprKind::New(constructor, Vec::new(), line), ty.clone());
        let slot = self.temp(&ty);
        let mut first = vec![Expr::new(ExprKind::SetLocal(slot, made.boxed()), ty.clone())];
        for element in elements {
            let element = if element.ty.is_numeric() {
                Expr::new(ExprKind::Box(element.boxed()), Type::Object)
            } else {
                element
            };
            let array = Expr::new(ExprKind::Local(slot), ty.clone());
            let add = self.internal_method(ARRAY, "add", "(L.internal.object;)I");
            first
                .push(Expr::new(ExprKind::Call(Target::Virtual(add), vec![array, element], line), Type::Int));
        }
        Expr::new(ExprKind::Seq(first, Expr::new(ExprKind::Local(slot), ty.clone()).boxed()), ty)
    }

    /// A call of a method of Java.
    pub(super) fn java_call(
        &mut self,
        receiver: Option<Expr>,
        class: ClassIx,
        method: &Rc<Method>,
        args: Args,
        line: u32,
    ) -> Expr {
        let mut map = match &receiver {
            Some(receiver) if !method.is_static => {
                self.classes.substitution(&receiver.ty.clone(), method.owner)
            }
            _ => Vec::new(),
        };
        let open = method.type_params.clone();
        let fitted = self.fit_args(method, &open, &mut map, args);
        if fitted.iter().any(|arg| arg.ty.is_error()) {
            return Expr::error();
        }
        let mut all: Vec<Expr> = receiver.into_iter().filter(|_| !method.is_static).collect();
        all.extend(self.java_args(method, fitted, line));
        let result = Descriptor::parse(&method.desc).ok().and_then(|desc| desc.result);
        let target = self.target(class, method);
        let call = Expr::new(ExprKind::Call(target, all, line), Self::raw_type(result.as_ref()));
        let value = self.from_java(call, result.as_ref(), &method.result.with(&map), line);
        if method.is_static { self.booted(value, line) } else { value }
    }

    /// The descriptor of a field of Java.
    pub(super) fn java_field(&mut self, field: &FieldRef) -> Option<TypeDesc> {
        let class = self.classes.known(&field.class).filter(|class| self.classes.is_java(*class))?;
        let (_, found) = self.classes.field(class, &field.name)?;
        TypeDesc::parse(found.java.as_deref()?).ok()
    }

    /// A function where an interface of Java is wanted: an object of a class of its own that implements it.
    pub(super) fn java_function(&mut self, function: Expr, to: &Type, span: Span) -> Expr {
        let Some((method, wanted)) = self.classes.functional(to) else { return function };
        let Ok(desc) = Descriptor::parse(&method.desc) else { return function };
        let line = self.line_of(span);
        let interface = self.classes.class_name(to);
        let class = self.function_class();
        let field =
            FieldRef { class: class.clone(), name: FUNCTION_FIELD.into(), desc: format!("L{OBJECT};") };
        let suspended = self.emit.begin();
        self.emit.code.line(line);
        let this = Expr::new(ExprKind::This, Type::Object);
        let mut all = vec![Expr::new(ExprKind::GetField(this.boxed(), field.clone()), Type::Object)];
        for (index, (param, ty)) in desc.params.iter().zip(&wanted.params).enumerate() {
            let raw = Expr::new(ExprKind::Local(index as u16 + 1), Self::raw_type(Some(param)));
            let value = self.from_java(raw, Some(param), ty, line);
            all.push(self.coerce_any(value, span));
        }
        let (name, by) = call_method(desc.params.len());
        let target = Target::Virtual(self.internal_method(FUNCTION, &name, &by));
        let call = Expr::new(ExprKind::Call(target, all, line), Type::Object);
        match &desc.result {
            None => self.emit.effect(&call),
            Some(result) => {
                let value = self.object_as(call, &wanted.result);
                let value = self.to_java(value, result, line);
                self.emit.value(&value);
            }
        }
        self.emit.op(Op::Return);
        let code = self.emit.resume(suspended);
        let flags = Flags::PUBLIC | Flags::SYNTHETIC;
        let code = self.finished(code, &method.desc, false);
        let method = MethodDef {
            name: method.name.to_string(),
            desc: method.desc.clone(),
            flags,
            code,
            ..MethodDef::default()
        };
        let mut def = ClassDef {
            name: class.to_string(),
            version: 1,
            super_name: Some(OBJECT.to_string()),
            interfaces: vec![interface.to_string()],
            flags,
            fields: vec![FieldDef {
                name: FUNCTION_FIELD.into(),
                desc: field.desc.clone(),
                flags,
                value: None,
            }],
            methods: vec![method],
            ..ClassDef::default()
        };
        if let Some(file) = self.classes.files.get(self.file as usize) {
            def.attributes.push(Attribute { name: "source".into(), bytes: file.label.clone().into_bytes() });
        }
        self.classes.made.push(def);
        Expr::new(ExprKind::MakeFunction(class, vec![(field, function)]), to.clone())
    }

    /// The code of a method by which an interface of Java knows a method of a class.
    pub(super) fn java_bridge(&mut self, wanted: &Method, found: &Method, line: u32) {
        let Ok(desc) = Descriptor::parse(&wanted.desc) else { return };
        let mut args = vec![self.this()];
        for (index, param) in desc.params.iter().enumerate() {
            let raw = Expr::new(ExprKind::Local(index as u16 + 1), Self::raw_type(Some(param)));
            let value = self.from_java(raw, Some(param), &found.params[index].clone(), line);
            args.push(self.represented(value, &found.abi[index]));
        }
        let target = self.target(self.class, found);
        let call = Expr::new(ExprKind::Call(target, args, line), found.abi_result.clone());
        match &desc.result {
            None => self.emit.effect(&call),
            Some(result) => {
                let value = self.as_declared(call, &found.result, found.result.clone());
                let value = self.to_java(value, result, line);
                self.emit.value(&value);
                self.emit.op(Op::Return);
            }
        }
    }

    /// The descriptor of a field, of its class's own language.
    pub(super) fn field_desc(&mut self, class: ClassIx, name: &str, ty: &Type) -> String {
        let java = self.classes.is_java(class);
        let found = if java { self.classes.field(class, name) } else { None };
        match found.and_then(|(_, field)| field.java) {
            Some(desc) => desc.to_string(),
            None => self.classes.type_desc(ty),
        }
    }
}
