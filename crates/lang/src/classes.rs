//! All classes that a compilation knows: internal ones from the table, declared ones from sources.
//!
//! A name that is not known is asked of the source provider when it is first met, so the classes compiled are those
//! that are reached. The shape of a class (parents, fields, methods, ordinals) is worked out when it is first needed.

use crate::ast::{self, Access, Name, Sort, TypeExpr, TypeKind};
use crate::diagnostic::{Diagnostic, Sink, Span, near};
use crate::foreign::{JavaClass, dotted};
use crate::library;
use crate::parse;
use crate::types::{ARRAY, FUNCTION, FUNCTION_PARAMS_MAX, OBJECT, STRING, Substitution, Type};
use crate::{SourceFile, SourceProvider};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytecode::{Descriptor, TypeDesc};
use layout::internal::{self, InternalClass};

/// Index of a class in [`Classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClassIx(pub(crate) usize);

/// Index of a type parameter in [`Classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ParamIx(usize);

#[derive(Clone, Debug)]
struct ParamInfo {
    name: Rc<str>,
    /// What stands for it is one of these.
    bound: Type,
}

/// Whether values of one type are values of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    Is,
    MayBe,
    Never,
}

/// Where a class comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A source: compiled into the module.
    User,
    /// A source of the library: compiled into a module of its own, found at run time.
    Library,
    /// The table of internal classes.
    Internal,
    /// Declared in the package `.internal` and not in the table: found at run time.
    External,
    /// A class file of Java: found at run time.
    Java,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Unknown,
    Busy,
    Done,
}

#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: Rc<str>,
    pub(crate) origin: Origin,
    pub(crate) sort: Sort,
    pub(crate) interface: bool,
    pub(crate) params: Vec<ParamIx>,
    pub(crate) parent: Option<ClassIx>,
    /// What stands for the type parameters of the parent.
    parent_args: Vec<Type>,
    pub(crate) interfaces: Vec<ClassIx>,
    interface_args: Vec<Vec<Type>>,
    pub(crate) fields: Vec<Field>,
    pub(crate) methods: Vec<Rc<Method>>,
    pub(crate) ast: Option<Rc<ast::Class>>,
    pub(crate) file: u32,
    next_ordinal: u32,
    shape: Shape,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Rc<str>,
    pub(crate) ty: Type,
    pub(crate) is_static: bool,
    pub(crate) is_final: bool,
    pub(crate) access: Access,
    pub(crate) span: Span,
    /// Descriptor, of a field of Java.
    pub(crate) java: Option<Rc<str>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) name: Rc<str>,
    pub(crate) type_params: Vec<ParamIx>,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
    pub(crate) desc: String,
    /// The types in the descriptor: those of the method that it overrides, whose callers know only that one.
    pub(crate) abi: Vec<Type>,
    pub(crate) abi_result: Type,
    pub(crate) access: Access,
    pub(crate) ordinal: Option<u16>,
    pub(crate) owner: ClassIx,
    pub(crate) is_static: bool,
    /// Is called by ordinal with boxed arguments: external methods, and ones with any number of arguments.
    pub(crate) by_ordinal: bool,
    pub(crate) varargs: bool,
    /// Of a method of Java: whether there is code for it.
    pub(crate) has_body: bool,
    /// Of a method of Java: the elements of its last parameter, an array, may be given one by one.
    pub(crate) spreads: bool,
    /// The elements of the last parameter are given one by one, from this parameter on.
    pub(crate) spread_from: Option<usize>,
    pub(crate) ast: Option<Rc<ast::Method>>,
}

impl Method {
    /// A method without type parameters that is called as it is declared.
    pub(crate) fn plain(
        name: Rc<str>,
        params: Vec<Type>,
        result: Type,
        desc: String,
        owner: ClassIx,
    ) -> Self {
        let (abi, abi_result) = (params.clone(), result.clone());
        Method {
            name,
            type_params: Vec::new(),
            params,
            result,
            desc,
            abi,
            abi_result,
            access: Access::Public,
            ordinal: None,
            owner,
            is_static: false,
            by_ordinal: false,
            varargs: false,
            has_body: false,
            spreads: false,
            spread_from: None,
            ast: None,
        }
    }
}

/// A use of type parameters whose bounds are checked at the end, when all classes are known.
struct Use {
    params: Vec<ParamIx>,
    args: Vec<Type>,
    spans: Vec<Span>,
}

/// Longest chain of parents that is followed from a class not seen before.
const ANCESTORS_MAX: usize = 100;

/// Name of constructors in bytecode.
pub(crate) const CONSTRUCTOR: &str = "<init>";

pub(crate) struct Classes<'a> {
    provider: &'a dyn SourceProvider,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) syntax: Vec<Rc<ast::File>>,
    pub(crate) list: Vec<Class>,
    by_name: BTreeMap<Rc<str>, ClassIx>,
    missing: BTreeSet<String>,
    /// Files whose imports were followed.
    followed: usize,
    /// Classes whose shapes are being worked out: a child waits for its parent.
    shaping: usize,
    params: Vec<ParamInfo>,
    /// Type parameters that a name can mean at the place at hand; later ones hide earlier ones.
    pub(crate) scope: Vec<ParamIx>,
    uses: Vec<Use>,
    /// Classes that the compiler made for functions.
    pub(crate) made: Vec<bytecode::ClassDef>,
    /// How many of them each class has.
    pub(crate) functions: BTreeMap<Rc<str>, usize>,
    /// What the class files of Java declare.
    java: BTreeMap<ClassIx, Rc<JavaClass>>,
    pub(crate) sink: Sink,
}

impl<'a> Classes<'a> {
    pub(crate) fn new(provider: &'a dyn SourceProvider) -> Self {
        let mut classes = Classes {
            provider,
            files: Vec::new(),
            syntax: Vec::new(),
            list: Vec::new(),
            by_name: BTreeMap::new(),
            missing: BTreeSet::new(),
            followed: 0,
            shaping: 0,
            params: Vec::new(),
            scope: Vec::new(),
            uses: Vec::new(),
            made: Vec::new(),
            functions: BTreeMap::new(),
            java: BTreeMap::new(),
            sink: Sink::default(),
        };
        for class in internal::CLASSES {
            classes.add(class.name, Origin::Internal, None, u32::MAX);
        }
        for (index, class) in internal::CLASSES.iter().enumerate() {
            classes.shape_internal(ClassIx(index), class);
        }
        classes
    }

    fn add(&mut self, name: &str, origin: Origin, ast: Option<Rc<ast::Class>>, file: u32) -> ClassIx {
        let ix = ClassIx(self.list.len());
        let name: Rc<str> = name.into();
        self.by_name.insert(name.clone(), ix);
        let sort = ast.as_ref().map_or(Sort::Class, |class| class.sort);
        let declared = ast.iter().flat_map(|class| &class.params);
        let params = declared.map(|param| self.add_param(param)).collect();
        self.list.push(Class {
            name,
            origin,
            sort,
            interface: sort == Sort::Interface,
            params,
            parent: None,
            parent_args: Vec::new(),
            interfaces: Vec::new(),
            interface_args: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
            ast,
            file,
            next_ordinal: 16,
            shape: Shape::Unknown,
        });
        ix
    }

    fn add_param(&mut self, param: &ast::TypeParam) -> ParamIx {
        self.params.push(ParamInfo { name: param.name.text.clone(), bound: Type::Object });
        ParamIx(self.params.len() - 1)
    }
    /// Reads the bounds of type parameters, which are in scope already.
    fn bounds(&mut self, params: &[ParamIx], declared: &[ast::TypeParam], file: u32) {
        for (index, (param, ast)) in params.iter().zip(declared).enumerate() {
            if let Some(first) = declared[..index].iter().find(|other| other.name.text == ast.name.text) {
                let message = format!("the type parameter `{}` is declared twice", ast.name.text);
                let error = Diagnostic::error("duplicate-type-parameter", ast.name.span, message);
                self.sink.push(error.also(first.name.span, "the first declaration is here"));
            }
            let Some(bound) = &ast.bound else { continue };
            let ty = self.type_of(Some(bound), file);
            match ty {
                Type::Class(_) | Type::Generic(..) | Type::Object => self.params[param.0].bound = ty,
                Type::Error => {}
                _ => {
                    let message = format!("`{}` cannot be a bound", self.show(&ty));
                    let error = Diagnostic::error("bad-bound", bound.span, message);
                    self.sink.push(error.hint("the bound of a type parameter is a class or an interface"));
                }
            }
        }
    }
    /// What a type parameter is at least.
    pub(crate) fn bound(&self, param: ParamIx) -> &Type {
        &self.params[param.0].bound
    }

    pub(crate) fn class(&self, ix: ClassIx) -> &Class {
        &self.list[ix.0]
    }
    /// An internal class that is certainly in the table.
    pub(crate) fn internal(&self, name: &str) -> ClassIx {
        self.by_name.get(name).copied().unwrap_or(ClassIx(0))
    }
    pub(crate) fn string(&self) -> Type {
        Type::Class(self.internal(STRING))
    }
    pub(crate) fn is_string(&self, ty: &Type) -> bool {
        *ty == self.string()
    }

    // Sources.

    /// Reads a source and declares its classes.
    pub(crate) fn add_file(&mut self, source: SourceFile, origin: Origin) -> u32 {
        let index = self.files.len() as u32;
        let syntax = Rc::new(parse::file(&source.text, index, &mut self.sink));
        self.files.push(source);
        self.syntax.push(syntax.clone());
        for class in &syntax.classes {
            self.declare(&syntax, class, index, origin);
        }
        index
    }

    fn declare(&mut self, syntax: &ast::File, class: &Rc<ast::Class>, file: u32, origin: Origin) {
        if class.name.parts.iter().any(|part| part.text.is_empty()) {
            return;
        }
        let name = full_name(syntax, &class.name);
        if name.contains(';') || name.chars().any(char::is_control) {
            return self.sink.error(
                "bad-name",
                class.name.span,
                "a class name holds neither `;` nor control characters",
            );
        }
        let internal = name.starts_with(".internal.");
        let origin = if internal { Origin::External } else { origin };
        match self.by_name.get(name.as_str()).copied() {
            None => {
                self.add(&name, origin, Some(class.clone()), file);
            }
            Some(ix) if self.list[ix.0].origin == Origin::Internal => self.redeclare(ix, class, file),
            Some(_) if internal => {}
            Some(ix) => {
                let message = format!("the class `{name}` is declared twice");
                let mut error = Diagnostic::error("duplicate-class", class.name.span, message);
                if let Some(first) = &self.list[ix.0].ast {
                    error = error.also(first.name.span, "the first declaration is here");
                }
                self.sink.push(error);
            }
        }
    }

    /// A source declares an internal class: methods that the table does not name are called by their ordinals.
    fn redeclare(&mut self, ix: ClassIx, class: &Rc<ast::Class>, file: u32) {
        for method in &class.methods {
            let Some((ordinal, _)) = method.ordinal else { continue };
            let Ok(ordinal) = u16::try_from(ordinal) else { continue };
            if self.methods_named(ix, &method.name.text).is_empty() {
                let method = self.external_method(ix, method, Some(ordinal), file);
                self.list[ix.0].methods.push(Rc::new(method));
            }
        }
    }

    fn external_method(
        &mut self,
        owner: ClassIx,
        ast: &Rc<ast::Method>,
        ordinal: Option<u16>,
        file: u32,
    ) -> Method {
        let params: Vec<Type> =
            ast.params.iter().map(|param| self.type_of(param.ty.as_ref(), file)).collect();
        let result = self.type_of(Some(&ast.result), file);
        let desc = self.descriptor(&params, &result);
        let plain = Method::plain(ast.name.text.clone(), params, result, desc, owner);
        Method { ordinal, by_ordinal: ordinal.is_some(), ..plain }
    }

    /// Follows the imports of files that were not looked at yet, those that they bring in too.
    pub(crate) fn follow_imports(&mut self) {
        while let Some(syntax) = self.syntax.get(self.followed).cloned() {
            for import in &syntax.imports {
                let absolute = Name { absolute: true, ..import.clone() };
                if self.by_full_name(&absolute.text()).is_none() {
                    self.not_found(&absolute.text(), import.span, true);
                }
            }
            self.followed += 1;
        }
    }

    fn not_found(&mut self, name: &str, span: Span, import: bool) {
        let code = if import { "unknown-import" } else { "unknown-class" };
        let error = Diagnostic::error(code, span, format!("there is no class `{name}`"));
        let last = |name: &str| name.rsplit('.').next().unwrap_or("").to_string();
        let wanted = last(name);
        let mut known: Vec<String> = self.list.iter().map(|class| class.name.to_string()).collect();
        known.extend(library::classes().filter(|name| !self.by_name.contains_key(name.as_str())));
        let simple: Vec<String> = known.iter().map(|name| last(name)).collect();
        let close = near(&wanted, simple.iter().map(String::as_str));
        let close: Vec<&str> =
            known.iter().map(String::as_str).filter(|name| close.contains(&&*last(name))).collect();
        let file = name.trim_start_matches('.');
        let search = format!(
            "a file named `{file}.ph` is searched for in the source's folder and in those given by `-I`"
        );
        let hint = match close.first() {
            Some(first) => format!("did you mean `{first}`? Otherwise {search}"),
            None => search,
        };
        self.sink.push(error.hint(hint));
    }

    /// The class with the full name, loaded when a source for it is found.
    pub(crate) fn by_full_name(&mut self, name: &str) -> Option<ClassIx> {
        if let Some(ix) = self.by_name.get(name) {
            return Some(*ix);
        }
        if self.missing.contains(name) {
            return None;
        }
        let ours = library::source(name).map(|source| (source, Origin::Library));
        let found = ours.or_else(|| self.provider.class(name).map(|source| (source, Origin::User)));
        if let Some((source, origin)) = found {
            let again = self.files.iter().any(|file| file.label == source.label);
            if !again {
                self.add_file(source, origin);
            }
        }
        let declared = self.by_name.get(name).copied();
        let found = declared.or_else(|| self.java_by_dots(name));
        match found {
            Some(ix) if declared.is_none() => {
                self.by_name.insert(name.into(), ix);
            }
            Some(_) => {}
            None => {
                self.missing.insert(name.to_string());
            }
        }
        found
    }

    // Classes of Java, see `foreign`.

    /// A class that was met already.
    pub(crate) fn known(&self, name: &str) -> Option<ClassIx> {
        self.by_name.get(name).copied()
    }
    pub(crate) fn java_source(&self, name: &str) -> Option<JavaClass> {
        self.provider.java_class(name)
    }
    pub(crate) fn add_java(&mut self, name: &str, interface: bool) -> ClassIx {
        let ix = self.add(name, Origin::Java, None, u32::MAX);
        self.list[ix.0].interface = interface;
        ix
    }
    pub(crate) fn named_param(&mut self, name: &str) -> ParamIx {
        self.params.push(ParamInfo { name: name.into(), bound: Type::Object });
        ParamIx(self.params.len() - 1)
    }
    pub(crate) fn set_java(&mut self, ix: ClassIx, params: Vec<ParamIx>, class: JavaClass) {
        self.list[ix.0].params = params;
        self.java.insert(ix, Rc::new(class));
    }
    pub(crate) fn java_of(&self, ix: ClassIx) -> Option<Rc<JavaClass>> {
        self.java.get(&ix).cloned()
    }
    pub(crate) fn set_java_parents(
        &mut self,
        ix: ClassIx,
        parent: Option<(ClassIx, Vec<Type>)>,
        interfaces: Vec<(ClassIx, Vec<Type>)>,
    ) {
        let class = &mut self.list[ix.0];
        (class.parent, class.parent_args) = match parent {
            Some((parent, args)) => (Some(parent), args),
            None => (None, Vec::new()),
        };
        (class.interfaces, class.interface_args) = interfaces.into_iter().unzip();
    }
    pub(crate) fn set_java_members(&mut self, ix: ClassIx, fields: Vec<Field>, methods: Vec<Rc<Method>>) {
        let class = &mut self.list[ix.0];
        (class.fields, class.methods, class.shape) = (fields, methods, Shape::Done);
    }

    /// The class that a name in a file means.
    pub(crate) fn lookup(&mut self, name: &Name, file: u32) -> Option<ClassIx> {
        let text = name.text();
        if name.absolute {
            return self.by_full_name(&text);
        }
        let syntax = self.syntax.get(file as usize)?.clone();
        let local = full_name(&syntax, name);
        if let Some(ix) = self.by_name.get(local.as_str()) {
            return Some(*ix);
        }
        let behind = format!(".{text}");
        for import in &syntax.imports {
            let full = Name { absolute: true, ..import.clone() }.text();
            if full.ends_with(&behind) {
                return self.by_full_name(&full);
            }
            // A class that stands behind an imported one: `map.entry` with `import .lib.map`.
            if let Some((head, rest)) = text.split_once('.')
                && full.strip_suffix(head).is_some_and(|package| package.ends_with('.'))
                && let Some(ix) = self.by_full_name(&format!("{full}.{rest}"))
            {
                return Some(ix);
            }
        }
        for package in &syntax.packages {
            let full = format!("{}{behind}", Name { absolute: true, ..package.clone() }.text());
            if let Some(ix) = self.by_full_name(&full) {
                return Some(ix);
            }
        }
        self.by_full_name(&local)
    }

    /// The type that stands in a file; untyped is any object.
    pub(crate) fn type_of(&mut self, ty: Option<&TypeExpr>, file: u32) -> Type {
        let Some(ty) = ty else { return Type::Object };
        match &ty.kind {
            TypeKind::Void => Type::Void,
            TypeKind::Dynamic => Type::Object,
            TypeKind::Array(element) => match self.type_of(Some(element), file) {
                // An array of anything, in the words of the original.
                Type::Void => Type::array_of(Type::Object),
                element => Type::array_of(element),
            },
            TypeKind::Named(name, args) => self.named_type(name, args, file),
            TypeKind::Function(params, result) => {
                let params: Vec<Type> = params.iter().map(|param| self.value_type(param, file)).collect();
                if params.len() > FUNCTION_PARAMS_MAX {
                    let message = format!("a function has at most {FUNCTION_PARAMS_MAX} parameters");
                    self.sink.error("too-many-parameters", ty.span, message);
                    return Type::Error;
                }
                Type::function(params, self.type_of(Some(result), file))
            }
        }
    }

    /// A type that has values.
    fn value_type(&mut self, ty: &TypeExpr, file: u32) -> Type {
        match self.type_of(Some(ty), file) {
            Type::Void => {
                self.sink.error("void-value", ty.span, "there are no values of the type `void`");
                Type::Error
            }
            ty => ty,
        }
    }

    /// The types in angle brackets behind the name of a class; any objects where there are none.
    fn type_args(&mut self, ix: ClassIx, args: &[TypeExpr], span: Span, file: u32) -> Vec<Type> {
        let params = self.class(ix).params.clone();
        let types: Vec<Type> = args.iter().map(|arg| self.value_type(arg, file)).collect();
        if types.len() == params.len() {
            let spans = args.iter().map(|arg| arg.span).collect();
            if !params.is_empty() {
                self.uses.push(Use { params, args: types.clone(), spans });
            }
            return types;
        }
        if !args.is_empty() {
            let name = self.class(ix).name.clone();
            let (takes, given) = (params.len(), args.len());
            let verb = if given == 1 { "is" } else { "are" };
            let message = if takes == 0 {
                format!("`{name}` has no type parameters, {given} {verb} given")
            } else {
                let noun = if takes == 1 { "type" } else { "types" };
                format!("`{name}` takes {takes} {noun} in angle brackets, {given} {verb} given")
            };
            self.sink.error("wrong-type-arguments", span, message);
        }
        params.iter().map(|_| Type::Object).collect()
    }

    /// Checks what stands for type parameters against their bounds.
    pub(crate) fn check_bounds(&mut self) {
        for used in core::mem::take(&mut self.uses) {
            let map: Substitution = used.params.iter().copied().zip(used.args.iter().cloned()).collect();
            for ((param, arg), span) in used.params.iter().zip(&used.args).zip(&used.spans) {
                let bound = self.bound(*param).with(&map);
                let fits = matches!(arg, Type::Object | Type::Error)
                    || bound == Type::Object
                    || self.relation(arg, &bound) == Relation::Is;
                if !fits {
                    let (shown, wanted) = (self.show(arg), self.show(&bound));
                    let name = self.params[param.0].name.clone();
                    let message = format!("`{shown}` cannot stand for `{name}`, which extends `{wanted}`");
                    self.sink.error("bad-type-argument", *span, message);
                }
            }
        }
    }

    fn named_type(&mut self, name: &Name, args: &[TypeExpr], file: u32) -> Type {
        if let (false, [single]) = (name.absolute, &name.parts[..]) {
            let known = |param: &&ParamIx| self.params[param.0].name == single.text;
            if let Some(param) = self.scope.iter().rev().find(known).copied() {
                if !args.is_empty() {
                    let message = format!("the type parameter `{}` takes no types itself", single.text);
                    self.sink.error("wrong-type-arguments", name.span, message);
                }
                return Type::Param(param);
            }
            let short = match &*single.text {
                "" => Some(Type::Error),
                "int" | "boolean" => Some(Type::Int),
                "long" => Some(Type::Long),
                "float" => Some(Type::Float),
                "double" => Some(Type::Double),
                "string" => Some(self.string()),
                _ => None,
            };
            if let Some(ty) = short {
                return ty;
            }
        }
        match self.lookup(name, file) {
            Some(ix) => {
                let types = self.type_args(ix, args, name.span, file);
                if types.is_empty() { self.class_type(ix) } else { Type::Generic(ix, types.into()) }
            }
            None => {
                let text = match self.syntax.get(file as usize) {
                    Some(syntax) if !name.absolute => full_name(syntax, name),
                    _ => name.text(),
                };
                self.not_found(&text, name.span, false);
                Type::Error
            }
        }
    }

    /// The type whose values are instances of a class.
    pub(crate) fn class_type(&self, ix: ClassIx) -> Type {
        if self.class(ix).origin == Origin::Java
            && let Some(ty) = self.java_value_type(&self.class(ix).name)
        {
            return ty;
        }
        match &*self.class(ix).name {
            OBJECT => Type::Object,
            ARRAY => Type::array_of(Type::Object),
            ".internal.int" => Type::Int,
            ".internal.long" => Type::Long,
            ".internal.float" => Type::Float,
            ".internal.double" => Type::Double,
            _ if !self.class(ix).params.is_empty() => {
                Type::Generic(ix, self.class(ix).params.iter().map(|_| Type::Object).collect())
            }
            _ => Type::Class(ix),
        }
    }
    /// The type of `this` in a class: its own type parameters stand for themselves.
    pub(crate) fn this_type(&self, ix: ClassIx) -> Type {
        match self.class_type(ix) {
            Type::Generic(ix, _) => {
                Type::Generic(ix, self.class(ix).params.iter().map(|param| Type::Param(*param)).collect())
            }
            ty => ty,
        }
    }
    /// The class whose methods a value of the type has.
    pub(crate) fn class_of(&self, ty: &Type) -> Option<ClassIx> {
        Some(match ty {
            Type::Class(ix) | Type::Generic(ix, _) => *ix,
            Type::Param(param) => return self.class_of(self.bound(*param)),
            Type::Function(_) => self.internal(FUNCTION),
            Type::Object => self.internal(OBJECT),
            Type::Array(_) => self.internal(ARRAY),
            Type::Int => self.internal(".internal.int"),
            Type::Long => self.internal(".internal.long"),
            Type::Float => self.internal(".internal.float"),
            Type::Double => self.internal(".internal.double"),
            Type::Void | Type::Null | Type::Pending(_) | Type::Error => return None,
        })
    }
    /// Name of the class that a reference of the type is an instance of.
    pub(crate) fn class_name(&self, ty: &Type) -> Rc<str> {
        self.class(self.class_of(ty).unwrap_or(ClassIx(0))).name.clone()
    }

    /// The type as messages show it.
    pub(crate) fn show(&self, ty: &Type) -> String {
        match ty {
            Type::Void => "void".into(),
            Type::Int => "int".into(),
            Type::Long => "long".into(),
            Type::Float => "float".into(),
            Type::Double => "double".into(),
            Type::Null => "null".into(),
            Type::Object => OBJECT.into(),
            Type::Class(ix) if *ix == self.internal(STRING) => "string".into(),
            Type::Class(ix) => dotted(&self.class(*ix).name),
            Type::Generic(ix, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.show_in(arg)).collect();
                format!("{}<{}>", dotted(&self.class(*ix).name), args.join(", "))
            }
            Type::Param(param) => self.params[param.0].name.to_string(),
            Type::Function(function) => {
                let params: Vec<String> = function.params.iter().map(|param| self.show_in(param)).collect();
                format!("({}) => {}", params.join(", "), self.show_in(&function.result))
            }
            Type::Pending(_) => "a function".into(),
            Type::Array(element) if matches!(**element, Type::Function(_)) => {
                format!("({})[]", self.show(element))
            }
            Type::Array(element) => format!("{}[]", self.show(element)),
            Type::Error => "?".into(),
        }
    }

    /// The type as a part of another one: anything is short there.
    fn show_in(&self, ty: &Type) -> String {
        if *ty == Type::Object { "?".into() } else { self.show(ty) }
    }

    /// The field descriptor of a type.
    pub(crate) fn type_desc(&self, ty: &Type) -> String {
        match ty {
            Type::Void => "V".into(),
            Type::Int => "I".into(),
            Type::Long => "J".into(),
            Type::Float => "F".into(),
            Type::Double => "D".into(),
            _ => format!("L{};", self.class_name(ty)),
        }
    }
    pub(crate) fn descriptor(&self, params: &[Type], result: &Type) -> String {
        let params: String = params.iter().map(|param| self.type_desc(param)).collect();
        format!("({params}){}", self.type_desc(result))
    }

    // Shapes.

    fn shape_internal(&mut self, ix: ClassIx, class: &InternalClass) {
        let mut methods = Vec::new();
        for method in class.methods {
            let Ok(desc) = Descriptor::parse(method.descriptor) else { continue };
            let varargs = desc.params.iter().any(|param| matches!(param, TypeDesc::Array { .. }));
            let params = desc.params.iter().map(|param| self.described(param)).collect();
            let result = desc.result.as_ref().map_or(Type::Void, |result| self.described(result));
            let plain = Method::plain(method.name.into(), params, result, method.descriptor.into(), ix);
            let ordinal = Some(method.ordinal);
            methods.push(Rc::new(Method { ordinal, by_ordinal: varargs, varargs, ..plain }));
        }
        let parent = self.by_name.get(class.parent).copied();
        let class = &mut self.list[ix.0];
        (class.methods, class.parent, class.shape) = (methods, parent, Shape::Done);
    }

    fn described(&self, desc: &TypeDesc) -> Type {
        match desc {
            TypeDesc::Prim(elem) => match elem.kind() {
                bytecode::Kind::I64 => Type::Long,
                bytecode::Kind::F32 => Type::Float,
                bytecode::Kind::F64 => Type::Double,
                _ => Type::Int,
            },
            TypeDesc::Class(name) => {
                self.by_name.get(name.as_str()).map_or(Type::Object, |ix| self.class_type(*ix))
            }
            TypeDesc::Array { .. } => Type::Object,
        }
    }

    /// Works out parents, fields, methods and ordinals of a class, once.
    pub(crate) fn shape(&mut self, ix: ClassIx) {
        let class = &mut self.list[ix.0];
        if class.shape != Shape::Unknown {
            return;
        }
        class.shape = Shape::Busy;
        self.shaping += 1;
        let params = self.class(ix).params.clone();
        let outer = core::mem::replace(&mut self.scope, params);
        self.shape_now(ix);
        self.scope = outer;
        self.shaping -= 1;
    }

    fn shape_now(&mut self, ix: ClassIx) {
        let class = &self.list[ix.0];
        let (file, name) = (class.file, class.name.clone());
        if class.origin == Origin::Java {
            return self.shape_java(ix);
        }
        let Some(ast) = class.ast.clone() else { return };
        let params = self.class(ix).params.clone();
        self.bounds(&params, &ast.params, file);
        self.parents(ix, &ast, file);
        self.fields(ix, &ast, file);
        if self.list[ix.0].origin == Origin::External {
            for method in &ast.methods {
                let last = name.rsplit('.').next();
                if Some(&*method.name.text) == last {
                    continue;
                }
                let ordinal = method.ordinal.and_then(|(ordinal, _)| u16::try_from(ordinal).ok());
                let method = self.external_method(ix, method, ordinal, file);
                self.list[ix.0].methods.push(Rc::new(method));
            }
        } else {
            self.methods(ix, &ast, file);
        }
        self.list[ix.0].shape = Shape::Done;
    }

    fn parents(&mut self, ix: ClassIx, ast: &ast::Class, file: u32) {
        let mut parent = None;
        if let Some(ty) = &ast.extends
            && let Some((found, args)) = self.named_parent(ty, file)
        {
            if self.shaping < ANCESTORS_MAX {
                self.shape(found);
            }
            if ast.sort == Sort::Enum {
                self.sink.error(
                    "bad-parent",
                    ty.span,
                    "an enum extends nothing; it may implement interfaces",
                );
            } else if self.may_extend(ix, found, ty.span) {
                parent = Some(found);
                self.list[ix.0].parent_args = args;
            }
        }
        let object = self.internal(OBJECT);
        self.list[ix.0].parent = Some(parent.unwrap_or(object)).filter(|_| *self.list[ix.0].name != *OBJECT);
        for ty in &ast.implements {
            let Some((found, args)) = self.named_parent(ty, file) else { continue };
            if !self.class(found).interface {
                let message = format!("`{}` is no interface", self.class(found).name);
                self.sink.error("not-interface", ty.span, message);
            } else if found != ix && self.list[found.0].shape != Shape::Busy && self.shaping < ANCESTORS_MAX {
                self.shape(found);
                self.list[ix.0].interfaces.push(found);
                self.list[ix.0].interface_args.push(args);
            }
        }
    }

    /// A class behind `extends` or `implements`, with what stands for its type parameters.
    fn named_parent(&mut self, ty: &TypeExpr, file: u32) -> Option<(ClassIx, Vec<Type>)> {
        let TypeKind::Named(name, args) = &ty.kind else {
            self.sink.error("bad-parent", ty.span, "this is no class that could stand above another");
            return None;
        };
        let found = self.lookup(name, file);
        let Some(found) = found else {
            self.not_found(&name.text(), name.span, false);
            return None;
        };
        let args = self.type_args(found, args, name.span, file);
        Some((found, args))
    }

    fn may_extend(&mut self, ix: ClassIx, parent: ClassIx, span: Span) -> bool {
        let class = self.class(parent);
        let text = class.name.clone();
        let why = if class.shape == Shape::Busy {
            "it is its own ancestor: a circle of parents".to_string()
        } else if class.interface {
            "it is an interface; use `implements`".to_string()
        } else if class.origin == Origin::Java {
            "it is a class of Java; interfaces of Java can be implemented".to_string()
        } else if class.sort == Sort::Enum {
            "it is an enum, which has no other values than its own".to_string()
        } else if class.origin == Origin::Internal
            && !(*text == *OBJECT || *text == *FUNCTION || text.starts_with(".internal.exception"))
        {
            "it is internal, its objects are made by the kernel".to_string()
        } else if class.shape == Shape::Unknown {
            format!("a chain of more than {ANCESTORS_MAX} parents")
        } else {
            return true;
        };
        let child = self.class(ix).name.clone();
        self.sink.push(
            Diagnostic::error("bad-parent", span, format!("`{child}` cannot extend `{text}`")).label(why),
        );
        false
    }

    fn fields(&mut self, ix: ClassIx, ast: &ast::Class, file: u32) {
        for constant in &ast.constants {
            if let Some(first) = self.list[ix.0].fields.iter().find(|field| field.name == constant.name.text)
            {
                let (message, first) =
                    (format!("the value `{}` is there twice", constant.name.text), first.span);
                let error = Diagnostic::error("duplicate-field", constant.name.span, message);
                self.sink.push(error.also(first, "the first is here"));
                continue;
            }
            let (name, span, ty) = (constant.name.text.clone(), constant.name.span, self.class_type(ix));
            let access = Access::Public;
            let (is_static, is_final) = (true, true);
            let field = Field { name, ty, is_static, is_final, access, span, java: None };
            self.list[ix.0].fields.push(field);
        }
        let ast_params = self.class(ix).params.clone();
        for field in &ast.fields {
            let ty = match (&field.ty, &field.init) {
                (None, Some(init)) => self.literal_type(init),
                _ => self.type_of(field.ty.as_ref(), file),
            };
            if ty == Type::Void {
                self.sink.error("void-value", field.name.span, "a field cannot have the type `void`");
            }
            let taken =
                self.list[ix.0].fields.iter().find(|other| other.name == field.name.text).map(|f| f.span);
            if let Some(first) = taken {
                let message = format!("the field `{}` is declared twice", field.name.text);
                let error = Diagnostic::error("duplicate-field", field.name.span, message);
                self.sink.push(error.also(first, "the first declaration is here"));
                continue;
            }
            let ty = if ty == Type::Void { Type::Error } else { ty };
            let (name, span, modifiers) = (field.name.text.clone(), field.name.span, field.modifiers);
            if modifiers.is_static && ty.mentions(&ast_params) {
                let message = format!("the static field `{name}` has no type parameters: it is one for all");
                self.sink.error("static-type-parameter", span, message);
            }
            if self.class(ix).interface && !(modifiers.is_static && modifiers.is_final) {
                let message = "a field of an interface is a constant";
                let error = Diagnostic::error("interface-field", span, message);
                self.sink.push(error.hint("write `const` in front of it"));
            }
            let (is_static, is_final, access) = (modifiers.is_static, modifiers.is_final, modifiers.access);
            let field = Field { name, ty, is_static, is_final, access, span, java: None };
            self.list[ix.0].fields.push(field);
        }
    }

    /// Reports a method that the machine could not tell from another one of the class.
    fn same_erasure(&mut self, ix: ClassIx, ast: &ast::Method, method: &Method) -> bool {
        let same = |other: &&Rc<Method>| other.name == method.name && other.desc == method.desc;
        let Some(twin) = self.class(ix).methods.iter().find(same).cloned() else { return false };
        let message =
            format!("the machine cannot tell this method `{}` from another one of the class", ast.name.text);
        let mut error = Diagnostic::error("duplicate-method", ast.name.span, message);
        if let Some(first) = &twin.ast {
            error = error.also(first.name.span, "the other one");
        }
        let hint =
            "functions, arrays and what stands in angle brackets look the same to it: give it another name";
        self.sink.push(error.hint(hint));
        true
    }

    /// The type of a field that is declared without one: that of a literal, else any object.
    fn literal_type(&self, init: &ast::Expr) -> Type {
        match &init.kind {
            ast::ExprKind::Int(_) => Type::Int,
            ast::ExprKind::Long(_) => Type::Long,
            ast::ExprKind::Float(_) => Type::Float,
            ast::ExprKind::Double(_) => Type::Double,
            ast::ExprKind::Str(_) | ast::ExprKind::Template(_) => self.string(),
            ast::ExprKind::Unary { value, op: ast::UnaryOp::Neg | ast::UnaryOp::Plus } => {
                self.literal_type(value)
            }
            _ => Type::Object,
        }
    }

    fn methods(&mut self, ix: ClassIx, ast: &ast::Class, file: u32) {
        let interface = self.class(ix).interface;
        let parent = self.class(ix).parent;
        let mut next = parent.map_or(16, |parent| self.class(parent).next_ordinal).max(16);
        let fixed: BTreeSet<u32> =
            ast.methods.iter().filter_map(|m| m.ordinal.map(|(ordinal, _)| ordinal)).collect();
        for method in &ast.methods {
            let Some(mut shaped) = self.signature(ix, method, file) else { continue };
            let private = shaped.access == Access::Private;
            let inherited =
                parent.filter(|_| !private).and_then(|parent| self.overridden(ix, parent, &shaped));
            if shaped.is_static || interface || private || *shaped.name == *CONSTRUCTOR {
                shaped.ordinal = None;
            } else if let Some(inherited) = inherited {
                shaped.ordinal = inherited.ordinal;
                self.check_override(method, &mut shaped, &inherited);
            } else if let Some((ordinal, span)) = method.ordinal {
                shaped.ordinal = u16::try_from(ordinal).ok();
                self.check_ordinal(ix, ordinal, span, &mut shaped);
            } else {
                while fixed.contains(&next) {
                    next += 1;
                }
                shaped.ordinal = u16::try_from(next).ok();
                next += 1;
            }
            if !self.same_erasure(ix, method, &shaped) {
                self.list[ix.0].methods.push(Rc::new(shaped));
            }
        }
        let most = self.list[ix.0].methods.iter().filter_map(|method| method.ordinal).max();
        self.list[ix.0].next_ordinal = next.max(most.map_or(0, |most| u32::from(most) + 1));
    }

    fn signature(&mut self, ix: ClassIx, ast: &Rc<ast::Method>, file: u32) -> Option<Method> {
        let outer = self.scope.len();
        let type_params: Vec<ParamIx> = ast.type_params.iter().map(|param| self.add_param(param)).collect();
        self.scope.extend(&type_params);
        self.bounds(&type_params, &ast.type_params, file);
        let method = self.signature_in_scope(ix, ast, type_params, file);
        self.scope.truncate(outer);
        method
    }

    fn signature_in_scope(
        &mut self,
        ix: ClassIx,
        ast: &Rc<ast::Method>,
        type_params: Vec<ParamIx>,
        file: u32,
    ) -> Option<Method> {
        let mut params = Vec::new();
        for param in &ast.params {
            let ty = self.type_of(param.ty.as_ref(), file);
            if ty == Type::Void {
                self.sink.error("void-value", param.name.span, "a parameter cannot have the type `void`");
            }
            params.push(if ty == Type::Void { Type::Error } else { ty });
        }
        if params.len() > 31 {
            let message =
                format!("`{}` has {} parameters; at most 31 are possible", ast.name.text, params.len());
            self.sink.error("too-many-parameters", ast.name.span, message);
            return None;
        }
        let mut result = self.type_of(Some(&ast.result), file);
        let class = self.class(ix);
        let constructor = class.name.rsplit('.').next() == Some(&*ast.name.text) && !class.interface;
        let (has_body, interface) = (ast.body.is_some(), class.interface);
        if constructor && result != Type::Void {
            let error =
                Diagnostic::error("constructor-result", ast.result.span, "a constructor gives no result");
            self.sink.push(error.hint("a method named like its class is its constructor: write `void`"));
            result = Type::Void;
        }
        if !has_body && (!interface || ast.modifiers.is_static) {
            let whose = if interface { "a static method" } else { "a method of a class" };
            let error = Diagnostic::error("no-body", ast.name.span, format!("{whose} needs a body"));
            self.sink.push(error.hint("write `{ }`, or make this an interface"));
        }
        let name: Rc<str> = if constructor { CONSTRUCTOR.into() } else { ast.name.text.clone() };
        let twin =
            self.class(ix).methods.iter().find(|other| other.name == name && other.params == params).cloned();
        if let Some(twin) = twin {
            let message =
                format!("the method `{}` is declared twice with the same parameters", ast.name.text);
            let mut error = Diagnostic::error("duplicate-method", ast.name.span, message);
            if let Some(first) = &twin.ast {
                error = error.also(first.name.span, "the first declaration is here");
            }
            self.sink.push(error);
            return None;
        }
        let desc = self.descriptor(&params, &result);
        let (is_static, access) = (ast.modifiers.is_static && !constructor, ast.modifiers.access);
        let plain = Method::plain(name, params, result, desc, ix);
        Some(Method { type_params, is_static, access, ast: Some(ast.clone()), ..plain })
    }

    /// The method of `parent` or above that a method with this name and these parameters replaces.
    fn overridden(&mut self, child: ClassIx, parent: ClassIx, method: &Method) -> Option<Rc<Method>> {
        let this = self.this_type(child);
        let mut at = Some(parent);
        while let Some(ix) = at {
            let named = self.class(ix).methods.iter().filter(|other| {
                other.name == method.name
                    && other.params.len() == method.params.len()
                    && other.access != Access::Private
                    && !other.is_static
                    && !method.is_static
            });
            for other in named.cloned().collect::<Vec<_>>() {
                if self.seen_from(&this, &other, method).0 == method.params {
                    return Some(other);
                }
            }
            at = self.class(ix).parent;
        }
        None
    }

    /// Parameters and result of a method that an object of type `this` has, in the type parameters of `like`.
    pub(crate) fn seen_from(&mut self, this: &Type, method: &Method, like: &Method) -> (Vec<Type>, Type) {
        let mut map = self.substitution(this, method.owner);
        map.extend(method.type_params.iter().copied().zip(like.type_params.iter().copied().map(Type::Param)));
        (method.params.iter().map(|param| param.with(&map)).collect(), method.result.with(&map))
    }

    /// What stands for the type parameters of `owner`, a class that objects of type `ty` are instances of.
    pub(crate) fn substitution(&mut self, ty: &Type, owner: ClassIx) -> Substitution {
        let params = self.class(owner).params.clone();
        if params.is_empty() {
            return Substitution::new();
        }
        let args = self.args_in(ty, owner);
        params.into_iter().zip(args.into_iter().chain(core::iter::repeat(Type::Object))).collect()
    }

    /// The type arguments that a type has as one of `owner`; empty when it is none.
    fn args_in(&mut self, ty: &Type, owner: ClassIx) -> Vec<Type> {
        let mut ty = ty.clone();
        while let Type::Param(param) = ty {
            ty = self.bound(param).clone();
        }
        let (ix, args) = match ty {
            Type::Generic(ix, args) => (ix, args.to_vec()),
            Type::Class(ix) => (ix, Vec::new()),
            _ => return Vec::new(),
        };
        let mut seen = BTreeSet::new();
        let mut queue = alloc::vec![(ix, args)];
        while let Some((ix, args)) = queue.pop() {
            if ix == owner {
                return args;
            }
            if !seen.insert(ix) {
                continue;
            }
            self.shape(ix);
            let class = self.class(ix);
            let map: Substitution = class.params.iter().copied().zip(args).collect();
            let above = class.interfaces.iter().zip(&class.interface_args);
            let above = above.chain(class.parent.as_ref().map(|parent| (parent, &class.parent_args)));
            queue.extend(above.map(|(ix, args)| (*ix, args.iter().map(|arg| arg.with(&map)).collect())));
        }
        Vec::new()
    }

    /// Whether values of one type are values of another. An untyped part fits any: what comes out is checked.
    pub(crate) fn relation(&mut self, from: &Type, to: &Type) -> Relation {
        let sure = |fits: bool| if fits { Relation::Is } else { Relation::Never };
        match (from, to) {
            (Type::Null | Type::Error, _) | (_, Type::Object | Type::Error) => Relation::Is,
            (Type::Object, _) => Relation::MayBe,
            (Type::Param(from), Type::Param(to)) if from == to => Relation::Is,
            (Type::Param(param), _) => {
                let bound = self.bound(*param).clone();
                self.relation(&bound, to)
            }
            (_, Type::Param(param)) => {
                let bound = self.bound(*param).clone();
                if self.relation(from, &bound) == Relation::Never { Relation::Never } else { Relation::MayBe }
            }
            (Type::Array(from), Type::Array(to)) => {
                if **from == Type::Object || self.part_fits(from, to) {
                    return Relation::Is;
                }
                if from.is_ref() && to.is_ref() { self.relation(from, to) } else { Relation::Never }
            }
            (Type::Function(_), Type::Class(to)) => sure(*to == self.internal(FUNCTION)),
            (Type::Class(from), Type::Function(_)) if *from == self.internal(FUNCTION) => Relation::MayBe,
            (Type::Function(from), Type::Function(to)) => {
                let result = to.result == Type::Void || self.result_fits(&from.result, &to.result);
                let params = from.params.len() == to.params.len()
                    && from.params.iter().zip(&to.params).all(|(from, to)| {
                        self.part_fits(to, from)
                            || (to.is_ref() && from.is_ref() && self.relation(to, from) == Relation::Is)
                    });
                sure(result && params)
            }
            (Type::Class(a) | Type::Generic(a, _), Type::Class(b) | Type::Generic(b, _)) => {
                let (a, b) = (*a, *b);
                if self.is_subclass(a, b) {
                    let Type::Generic(_, wanted) = to else { return Relation::Is };
                    let given = self.args_in(from, b);
                    let wanted = wanted.clone();
                    return sure(given.iter().zip(wanted.iter()).all(|(a, b)| self.part_fits(a, b)));
                }
                let interface = self.class(a).interface || self.class(b).interface;
                if interface || self.is_subclass(b, a) { Relation::MayBe } else { Relation::Never }
            }
            _ => Relation::Never,
        }
    }

    /// Finds out what stands for the type parameters `open` where a value of type `actual` goes to a place of type
    /// `declared`.
    pub(crate) fn infer(&mut self, declared: &Type, actual: &Type, open: &[ParamIx], map: &mut Substitution) {
        if !declared.mentions(open) {
            return;
        }
        match (declared, actual) {
            (_, Type::Null | Type::Error | Type::Void | Type::Pending(_)) => {}
            (Type::Param(param), _) => {
                let Some(at) = map.iter().position(|(known, _)| known == param) else {
                    map.push((*param, actual.clone()));
                    return;
                };
                let known = map[at].1.clone();
                let wider = match (known.rank(), actual.rank()) {
                    (Some(known), Some(actual)) => known < actual,
                    _ => false,
                };
                if known == *actual || self.relation(actual, &known) == Relation::Is {
                } else if wider || self.relation(&known, actual) == Relation::Is {
                    map[at].1 = actual.clone();
                } else if known.rank().is_none() || actual.rank().is_none() {
                    map[at].1 = Type::Object;
                }
            }
            (Type::Generic(..), Type::Function(_)) => {
                if let Some((_, function)) = self.functional(declared) {
                    self.infer(&Type::Function(Rc::new(function)), actual, open, map);
                }
            }
            (Type::Generic(ix, declared), _) => {
                let actual = self.args_in(actual, *ix);
                for (declared, actual) in declared.iter().zip(&actual) {
                    self.infer(declared, actual, open, map);
                }
            }
            (Type::Array(declared), Type::Array(actual)) => self.infer(declared, actual, open, map),
            (Type::Function(declared), Type::Function(actual)) => {
                for (declared, actual) in declared.params.iter().zip(&actual.params) {
                    self.infer(declared, actual, open, map);
                }
                self.infer(&declared.result, &actual.result, open, map);
            }
            _ => {}
        }
    }

    fn result_fits(&mut self, from: &Type, to: &Type) -> bool {
        let numbers = from.rank().zip(to.rank()).is_some_and(|(from, to)| from <= to);
        numbers || self.part_fits(from, to) || (from.is_ref() && self.relation(from, to) == Relation::Is)
    }

    /// Whether a part of a type may stand where another one is wanted: the same, or untyped.
    fn part_fits(&mut self, from: &Type, to: &Type) -> bool {
        if from == to || *from == Type::Object || *to == Type::Object || from.is_error() || to.is_error() {
            return true;
        }
        match (from, to) {
            (Type::Generic(a, from), Type::Generic(b, to)) => {
                a == b && from.iter().zip(to.iter()).all(|(from, to)| self.part_fits(from, to))
            }
            (Type::Array(from), Type::Array(to)) => self.part_fits(from, to),
            (Type::Function(_), Type::Function(_)) => self.relation(from, to) == Relation::Is,
            _ => false,
        }
    }

    fn check_override(&mut self, ast: &ast::Method, method: &mut Method, inherited: &Method) {
        let this = self.this_type(method.owner);
        let (_, wanted) = self.seen_from(&this, inherited, method);
        if method.result.kind() != wanted.kind() && !method.result.is_error() {
            let wanted = self.show(&wanted);
            let message = format!("`{}` must give `{wanted}` as the inherited method does", method.name);
            let mut error = Diagnostic::error("override-result", ast.result.span, message);
            if let Some(first) = &inherited.ast {
                error = error.also(first.name.span, "the inherited method");
            }
            self.sink.push(error);
        }
        if let (Some((ordinal, span)), Some(kept)) = (ast.ordinal, inherited.ordinal)
            && ordinal != u32::from(kept)
        {
            let message =
                format!("`{}` keeps the ordinal {kept} of the method that it overrides", method.name);
            self.sink.push(Diagnostic::warning("override-ordinal", span, message));
        }
        // The caller was compiled against the inherited descriptor.
        method.desc = inherited.desc.clone();
        method.abi = inherited.abi.clone();
        method.abi_result = inherited.abi_result.clone();
    }

    /// A fixed ordinal is free, or taken by an inherited method that this one can stand for.
    fn check_ordinal(&mut self, ix: ClassIx, ordinal: u32, span: Span, method: &mut Method) {
        if ordinal > 0xffff {
            return self.sink.error("bad-ordinal", span, "an ordinal has 16 bits: 0 to 65535");
        }
        let mut at = Some(ix);
        while let Some(class) = at {
            let taken =
                self.class(class).methods.iter().find(|other| other.ordinal == Some(ordinal as u16)).cloned();
            if let Some(other) = taken {
                let kinds = |method: &Method| -> Vec<_> {
                    method.params.iter().chain([&method.result]).map(Type::kind).collect()
                };
                if class == ix || kinds(&other) != kinds(method) {
                    let message = format!("the ordinal {ordinal} belongs to the method `{}`", other.name);
                    let mut error = Diagnostic::error("duplicate-ordinal", span, message);
                    if let Some(first) = &other.ast {
                        error = error.also(first.name.span, "this method");
                    }
                    self.sink.push(error);
                }
                return;
            }
            at = self.class(class).parent;
        }
    }

    // Members.

    /// Methods with the name: own ones first, then inherited ones that are not overridden, then those of interfaces.
    pub(crate) fn methods_named(&mut self, ix: ClassIx, name: &str) -> Vec<Rc<Method>> {
        let mut found: Vec<Rc<Method>> = Vec::new();
        let mut params: Vec<Vec<Type>> = Vec::new();
        let this = self.this_type(ix);
        for class in self.lineage(ix) {
            let named = self.class(class).methods.iter().filter(|method| *method.name == *name);
            for method in named.cloned().collect::<Vec<_>>() {
                let seen = match found.iter().find(|other| other.params.len() == method.params.len()) {
                    Some(other) => self.seen_from(&this, &method, other).0,
                    None => self.seen_from(&this, &method, &method).0,
                };
                let private = method.access == Access::Private && class != ix;
                let hidden = params.contains(&seen) || (private && !found.is_empty());
                if !hidden {
                    params.push(seen);
                    found.push(method);
                }
            }
        }
        found
    }
    /// The class, its parents and their interfaces.
    pub(crate) fn lineage(&mut self, ix: ClassIx) -> Vec<ClassIx> {
        let mut all = Vec::new();
        let mut queue = alloc::vec![ix];
        let mut at = 0;
        while at < queue.len() {
            let class = queue[at];
            at += 1;
            self.shape(class);
            if all.contains(&class) {
                continue;
            }
            all.push(class);
            let class = self.class(class);
            let position = at;
            if let Some(parent) = class.parent {
                queue.insert(position, parent);
            }
            queue.extend(&class.interfaces);
        }
        all
    }
    pub(crate) fn constructors(&mut self, ix: ClassIx) -> Vec<Rc<Method>> {
        self.shape(ix);
        self.class(ix).methods.iter().filter(|method| *method.name == *CONSTRUCTOR).cloned().collect()
    }
    /// The field with the name and the class that declares it.
    pub(crate) fn field(&mut self, ix: ClassIx, name: &str) -> Option<(ClassIx, Field)> {
        self.lineage(ix).into_iter().find_map(|class| {
            let field = self.class(class).fields.iter().find(|field| *field.name == *name);
            field.map(|field| (class, field.clone()))
        })
    }
    /// Names of all methods and fields of a class, for hints.
    pub(crate) fn member_names(&mut self, ix: ClassIx, fields: bool) -> Vec<Rc<str>> {
        let lineage = self.lineage(ix);
        let classes = lineage.iter().map(|ix| self.class(*ix));
        let names: BTreeSet<Rc<str>> = if fields {
            classes.flat_map(|class| &class.fields).map(|field| field.name.clone()).collect()
        } else {
            let methods = classes.flat_map(|class| &class.methods);
            methods.map(|method| method.name.clone()).filter(|name| !name.starts_with('<')).collect()
        };
        names.into_iter().collect()
    }
    /// Whether every instance of `ix` is one of `of`.
    pub(crate) fn is_subclass(&mut self, ix: ClassIx, of: ClassIx) -> bool {
        self.lineage(ix).contains(&of)
    }
    /// A binary resource, as the file that imports it names it.
    pub(crate) fn resource(&self, file: u32, path: &str) -> Option<Vec<u8>> {
        self.provider.resource(&self.files.get(file as usize)?.label, path)
    }
}

/// The absolute name of something that a file declares.
fn full_name(syntax: &ast::File, name: &Name) -> String {
    if name.absolute {
        return name.text();
    }
    let package = syntax.package.as_ref().map(|package| Name { absolute: true, ..package.clone() }.text());
    format!("{}.{}", package.unwrap_or_default(), name.text())
}
