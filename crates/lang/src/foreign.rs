//! Classes of Java: what their class files declare, as the language has it.
//!
//! A [`crate::SourceProvider`] gives them by name. Generic signatures (JVMS 4.7.9.1) become types of the language: strings
//! are strings, `boolean`, `byte`, `short` and `char` are ints, arrays are growing arrays, and what could be one of these
//! (`Object`, `Integer`, `CharSequence`, ...) is any object. How a value changes where it goes to Java or comes from there
//! follows from the descriptor of the method, see `body::java`.

use crate::ast::Access;
use crate::classes::{ClassIx, Classes, Field, Method, Origin, ParamIx};
use crate::diagnostic::Span;
use crate::types::{FUNCTION_PARAMS_MAX, FunctionType, Type};
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytecode::{Descriptor, Elem, Flags, TypeDesc};

/// A class of Java as its class file declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JavaClass {
    /// Name with slashes.
    pub name: String,
    /// The class above; of `java/lang/Object` there is none.
    pub super_name: Option<String>,
    /// Interfaces that it names.
    pub interfaces: Vec<String>,
    /// Whether it is an interface.
    pub interface: bool,
    /// Generic signature, of classes that have one.
    pub signature: Option<String>,
    /// Public fields.
    pub fields: Vec<JavaMember>,
    /// Public methods and constructors that a compiler did not make up.
    pub methods: Vec<JavaMember>,
}

/// A field or method of such a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JavaMember {
    /// Name; of a constructor `<init>`.
    pub name: String,
    /// Descriptor.
    pub desc: String,
    /// Generic signature, of members that have one.
    pub signature: Option<String>,
    /// Of these count `STATIC`, `FINAL`, `ABSTRACT` and `VARARGS`.
    pub flags: Flags,
}

/// Methods that every object has, though an interface may declare them without a body.
const OF_OBJECTS: [(&str, &str); 3] =
    [("equals", "(Ljava/lang/Object;)Z"), ("hashCode", "()I"), ("toString", "()Ljava/lang/String;")];
/// Class above all others of Java.
pub(crate) const JAVA_OBJECT: &str = "java/lang/Object";
/// Class of Java's strings.
pub(crate) const JAVA_STRING: &str = "java/lang/String";

/// Classes and interfaces that strings or numbers are instances of: their values are any object here.
const OPEN: [&str; 13] = [
    JAVA_OBJECT,
    "java/lang/CharSequence",
    "java/lang/Number",
    "java/lang/Comparable",
    "java/io/Serializable",
    "java/lang/Integer",
    "java/lang/Long",
    "java/lang/Float",
    "java/lang/Double",
    "java/lang/Boolean",
    "java/lang/Character",
    "java/lang/Byte",
    "java/lang/Short",
];

/// The number in the boxes of a class, where boxes stand for type parameters.
fn boxed(name: &str) -> Option<Type> {
    Some(match name.strip_prefix("java/lang/")? {
        "Integer" | "Boolean" | "Character" | "Byte" | "Short" => Type::Int,
        "Long" => Type::Long,
        "Float" => Type::Float,
        "Double" => Type::Double,
        _ => return None,
    })
}

/// Deepest nesting of types in a signature that is followed.
const DEPTH_MAX: u32 = 20;

type Scope = Vec<(String, ParamIx)>;

impl Classes<'_> {
    /// A class of Java by its name with dots in front of each part; that of a class in a class, too.
    pub(crate) fn java_by_dots(&mut self, name: &str) -> Option<ClassIx> {
        if name.starts_with(".lib.") || name.starts_with(".internal.") {
            return None;
        }
        let mut path = name.strip_prefix('.')?.replace('.', "/");
        loop {
            if let Some(found) = self.java_class(&path) {
                return Some(found);
            }
            let at = path.rfind('/')?;
            path.replace_range(at..=at, "$");
        }
    }

    /// A class of Java by its name with slashes.
    pub(crate) fn java_class(&mut self, name: &str) -> Option<ClassIx> {
        if let Some(there) = self.known(name) {
            return Some(there);
        }
        let class = self.java_source(name)?;
        let ix = self.add_java(name, class.interface);
        let declared = class.signature.as_deref().map_or_else(Vec::new, declared_params);
        let params = declared.iter().map(|name| self.named_param(name)).collect();
        self.set_java(ix, params, class);
        Some(ix)
    }

    /// Whether a class is one of Java.
    pub(crate) fn is_java(&self, ix: ClassIx) -> bool {
        self.class(ix).origin == Origin::Java
    }

    /// Works out what a class of Java has.
    pub(crate) fn shape_java(&mut self, ix: ClassIx) {
        let Some(java) = self.java_of(ix) else { return };
        let names = java.signature.as_deref().map_or_else(Vec::new, declared_params);
        let scope: Scope = names.into_iter().zip(self.class(ix).params.iter().copied()).collect();
        let mut above = Vec::new();
        if let Some(signature) = &java.signature {
            let mut reader = Reader { text: signature.as_bytes(), at: 0 };
            reader.skip_params();
            while !reader.is_at_end() {
                above.push(self.signature_type(&mut reader, &scope, 0));
            }
        }
        let (mut interfaces, mut parent) = (Vec::new(), None);
        let names = java.super_name.iter().chain(&java.interfaces);
        for (index, name) in names.enumerate() {
            let Some(found) = self.java_class(name) else { continue };
            let args = match above.get(index) {
                Some(Type::Generic(of, args)) if *of == found => args.to_vec(),
                _ => self.class(found).params.iter().map(|_| Type::Object).collect(),
            };
            if index == 0 && java.super_name.is_some() {
                parent = Some((found, args));
            } else {
                interfaces.push((found, args));
            }
        }
        self.set_java_parents(ix, parent, interfaces);
        let fields: Vec<Field> = java.fields.iter().map(|field| self.java_field(field, &scope)).collect();
        let methods = java.methods.iter().filter_map(|method| self.java_method(ix, method, &scope)).collect();
        self.set_java_members(ix, fields, methods);
    }

    fn java_field(&mut self, field: &JavaMember, scope: &Scope) -> Field {
        let text = field.signature.as_ref().unwrap_or(&field.desc);
        let ty = self.signature_type(&mut Reader { text: text.as_bytes(), at: 0 }, scope, 0);
        Field {
            name: field.name.as_str().into(),
            ty,
            is_static: field.flags.has(Flags::STATIC),
            is_final: field.flags.has(Flags::FINAL),
            access: Access::Public,
            span: Span::default(),
            java: Some(field.desc.as_str().into()),
        }
    }

    fn java_method(&mut self, ix: ClassIx, method: &JavaMember, scope: &Scope) -> Option<Rc<Method>> {
        let desc = Descriptor::parse(&method.desc).ok()?;
        let mut scope = scope.clone();
        let own = method.signature.as_deref().map_or_else(Vec::new, declared_params);
        let type_params: Vec<ParamIx> = own.iter().map(|name| self.named_param(name)).collect();
        scope.extend(own.into_iter().zip(type_params.iter().copied()));
        let types = |text: &str, classes: &mut Self| {
            let mut reader = Reader { text: text.as_bytes(), at: 0 };
            reader.skip_params();
            let mut params = Vec::new();
            if reader.peek() == Some(b'(') {
                reader.at += 1;
                while !matches!(reader.peek(), Some(b')') | None) {
                    params.push(classes.signature_type(&mut reader, &scope, 0));
                }
                reader.at += 1;
            }
            (params, classes.signature_type(&mut reader, &scope, 0))
        };
        let (mut params, mut result) = types(method.signature.as_ref().unwrap_or(&method.desc), self);
        if params.len() != desc.params.len() {
            // What a compiler adds to a constructor is not in its signature.
            (params, result) = types(&method.desc, self);
        }
        let is_object = OF_OBJECTS.iter().any(|(name, desc)| *name == method.name && *desc == method.desc);
        let is_static = method.flags.has(Flags::STATIC);
        let plain = Method::plain(method.name.as_str().into(), params, result, method.desc.clone(), ix);
        Some(Rc::new(Method {
            type_params,
            is_static,
            has_body: is_object || !method.flags.has(Flags::ABSTRACT),
            spreads: method.flags.has(Flags::VARARGS),
            ..plain
        }))
    }

    /// The type that stands next in a signature.
    fn signature_type(&mut self, reader: &mut Reader<'_>, scope: &Scope, depth: u32) -> Type {
        if depth > DEPTH_MAX {
            reader.at = reader.text.len();
            return Type::Object;
        }
        match reader.next() {
            Some(b'V') => Type::Void,
            Some(b'J') => Type::Long,
            Some(b'F') => Type::Float,
            Some(b'D') => Type::Double,
            Some(b'Z' | b'B' | b'S' | b'C' | b'I') => Type::Int,
            Some(b'[') => Type::array_of(self.signature_type(reader, scope, depth + 1)),
            Some(b'T') => {
                let name = reader.until(b';');
                let known = scope.iter().rev().find(|(known, _)| *known == name);
                known.map_or(Type::Object, |(_, param)| Type::Param(*param))
            }
            Some(b'L') => self.signature_class(reader, scope, depth),
            _ => Type::Object,
        }
    }

    /// A class type behind its `L`.
    fn signature_class(&mut self, reader: &mut Reader<'_>, scope: &Scope, depth: u32) -> Type {
        let mut name = String::new();
        let mut args = Vec::new();
        loop {
            match reader.next() {
                Some(b'<') => {
                    args.clear();
                    while !matches!(reader.peek(), Some(b'>') | None) {
                        args.push(self.signature_arg(reader, scope, depth + 1));
                    }
                    reader.at += 1;
                }
                Some(b'.') => {
                    name.push('$');
                    args.clear();
                }
                Some(b';') | None => break,
                Some(byte) => name.push(char::from(byte)),
            }
        }
        self.java_type(&name, args)
    }

    /// What stands for a type parameter; what a wildcard is bounded by.
    fn signature_arg(&mut self, reader: &mut Reader<'_>, scope: &Scope, depth: u32) -> Type {
        match reader.peek() {
            Some(b'*') => {
                reader.at += 1;
                return Type::Object;
            }
            Some(b'+' | b'-') => reader.at += 1,
            _ => {}
        }
        let from = reader.at;
        let ty = self.signature_type(reader, scope, depth);
        let text = core::str::from_utf8(&reader.text[from..reader.at]).unwrap_or_default();
        let name = text.strip_prefix('L').and_then(|text| text.strip_suffix(';'));
        name.and_then(boxed).unwrap_or(ty)
    }

    /// The type of the values of a class of Java, with what stands for its type parameters.
    pub(crate) fn java_type(&mut self, name: &str, mut args: Vec<Type>) -> Type {
        if let Some(ty) = self.java_value_type(name) {
            return ty;
        }
        let Some(ix) = self.java_class(name) else { return Type::Object };
        let count = self.class(ix).params.len();
        if count == 0 {
            return Type::Class(ix);
        }
        args.resize(count, Type::Object);
        Type::Generic(ix, args.into())
    }

    /// The type of the values of a class that have another form in the language.
    pub(crate) fn java_value_type(&self, name: &str) -> Option<Type> {
        if name == JAVA_STRING {
            return Some(self.string());
        }
        OPEN.contains(&name).then_some(Type::Object)
    }

    /// The one method without a body of an interface of Java, and the functions that can stand for the interface.
    pub(crate) fn functional(&mut self, ty: &Type) -> Option<(Rc<Method>, FunctionType)> {
        let (Type::Class(ix) | Type::Generic(ix, _)) = ty else { return None };
        let ix = *ix;
        if !self.is_java(ix) || !self.class(ix).interface {
            return None;
        }
        let mut found: Option<Rc<Method>> = None;
        let lineage = self.lineage(ix);
        for of in lineage.into_iter().filter(|of| self.class(*of).interface).collect::<Vec<_>>() {
            for method in self.class(of).methods.clone() {
                if method.has_body || method.is_static {
                    continue;
                }
                match &found {
                    Some(known) if known.name != method.name || known.params.len() != method.params.len() => {
                        return None;
                    }
                    Some(_) => {}
                    None => found = Some(method),
                }
            }
        }
        let method = found.filter(|method| method.params.len() <= FUNCTION_PARAMS_MAX)?;
        let map = self.substitution(ty, method.owner);
        let params = method.params.iter().map(|param| param.with(&map)).collect();
        let result = method.result.with(&map);
        Some((method, FunctionType { params, result }))
    }

    /// Methods that take their last parameters one by one, as they are called with so many arguments.
    pub(crate) fn spread(&self, candidates: &[Rc<Method>], count: usize) -> Vec<Rc<Method>> {
        let fits = |method: &&Rc<Method>| method.spreads && count + 1 >= method.params.len();
        candidates
            .iter()
            .filter(fits)
            .map(|method| {
                let mut spread = (**method).clone();
                let fixed = method.params.len() - 1;
                let element = match method.params.last() {
                    Some(Type::Array(element)) => (**element).clone(),
                    _ => Type::Object,
                };
                spread.params.truncate(fixed);
                spread.params.resize(count, element);
                spread.abi = spread.params.clone();
                spread.spread_from = Some(fixed);
                Rc::new(spread)
            })
            .collect()
    }
}

/// Names of the type parameters that a signature begins with.
fn declared_params(signature: &str) -> Vec<String> {
    let mut reader = Reader { text: signature.as_bytes(), at: 0 };
    reader.skip_params()
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }
    fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }
    fn until(&mut self, end: u8) -> String {
        let from = self.at;
        while self.next().is_some_and(|byte| byte != end) {}
        let text = self.text.get(from..self.at).unwrap_or_default();
        String::from_utf8_lossy(text.strip_suffix(&[end]).unwrap_or(text)).into_owned()
    }
    /// Passes the declared type parameters, whose names it gives.
    fn skip_params(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if self.peek() != Some(b'<') {
            return names;
        }
        self.at += 1;
        while !matches!(self.peek(), Some(b'>') | None) {
            names.push(self.until(b':'));
            loop {
                // A bound may be missing; further ones are interfaces.
                if !matches!(self.peek(), Some(b':' | b'>') | None) {
                    self.skip_type();
                }
                if self.peek() != Some(b':') {
                    break;
                }
                self.at += 1;
            }
        }
        self.at += 1;
        names
    }
    fn skip_type(&mut self) {
        let mut depth = 0_u32;
        while let Some(byte) = self.next() {
            match byte {
                b'<' => depth += 1,
                b'>' => depth = depth.saturating_sub(1),
                b';' if depth == 0 => break,
                _ => {}
            }
        }
    }
}

/// How much worse an int fits a parameter than one that is declared `int`.
pub(crate) fn narrowing_cost(desc: &TypeDesc) -> u32 {
    match desc {
        TypeDesc::Prim(Elem::I8 | Elem::I16 | Elem::U16) => 2,
        TypeDesc::Prim(Elem::Bool) => 3,
        _ => 0,
    }
}

/// Name of a class as people write it.
pub(crate) fn dotted(name: &str) -> String {
    if name.contains('/') { name.replace(['/', '$'], ".") } else { name.to_string() }
}
