//! All classes that a compilation knows: internal ones from the table, declared ones from sources.
//!
//! A name that is not known is asked of the source provider when it is first met, so the classes compiled are those
//! that are reached. The shape of a class (parents, fields, methods, ordinals) is worked out when it is first needed.

use crate::ast::{self, Name, TypeExpr, TypeKind};
use crate::diagnostic::{Diagnostic, Sink, Span, near};
use crate::library;
use crate::parse;
use crate::types::{ARRAY, OBJECT, STRING, Type};
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
    pub(crate) interface: bool,
    pub(crate) parent: Option<ClassIx>,
    pub(crate) interfaces: Vec<ClassIx>,
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
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) name: Rc<str>,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
    pub(crate) desc: String,
    pub(crate) ordinal: Option<u16>,
    pub(crate) owner: ClassIx,
    pub(crate) is_static: bool,
    /// Is called by ordinal with boxed arguments: external methods, and ones with any number of arguments.
    pub(crate) by_ordinal: bool,
    pub(crate) varargs: bool,
    pub(crate) ast: Option<Rc<ast::Method>>,
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
        self.list.push(Class {
            name,
            origin,
            interface: ast.as_ref().is_some_and(|class| class.interface),
            parent: None,
            interfaces: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
            ast,
            file,
            next_ordinal: 16,
            shape: Shape::Unknown,
        });
        ix
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
        let name = ast.name.text.clone();
        Method {
            name,
            params,
            result,
            desc,
            ordinal,
            owner,
            is_static: false,
            by_ordinal: ordinal.is_some(),
            varargs: false,
            ast: None,
        }
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
        let found = self.by_name.get(name).copied();
        if found.is_none() {
            self.missing.insert(name.to_string());
        }
        found
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
            TypeKind::Named(name) => self.named_type(name, file),
        }
    }

    fn named_type(&mut self, name: &Name, file: u32) -> Type {
        if let (false, [single]) = (name.absolute, &name.parts[..]) {
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
            Some(ix) => self.class_type(ix),
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
        match &*self.class(ix).name {
            OBJECT => Type::Object,
            ARRAY => Type::array_of(Type::Object),
            ".internal.int" => Type::Int,
            ".internal.long" => Type::Long,
            ".internal.float" => Type::Float,
            ".internal.double" => Type::Double,
            _ => Type::Class(ix),
        }
    }
    /// The class whose methods a value of the type has.
    pub(crate) fn class_of(&self, ty: &Type) -> Option<ClassIx> {
        Some(match ty {
            Type::Class(ix) => *ix,
            Type::Object => self.internal(OBJECT),
            Type::Array(_) => self.internal(ARRAY),
            Type::Int => self.internal(".internal.int"),
            Type::Long => self.internal(".internal.long"),
            Type::Float => self.internal(".internal.float"),
            Type::Double => self.internal(".internal.double"),
            Type::Void | Type::Null | Type::Error => return None,
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
            Type::Class(ix) => self.class(*ix).name.to_string(),
            Type::Array(element) => format!("{}[]", self.show(element)),
            Type::Error => "?".into(),
        }
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
            methods.push(Rc::new(Method {
                name: method.name.into(),
                params,
                result,
                desc: method.descriptor.into(),
                ordinal: Some(method.ordinal),
                owner: ix,
                is_static: false,
                by_ordinal: varargs,
                varargs,
                ast: None,
            }));
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
        self.shape_now(ix);
        self.shaping -= 1;
    }

    fn shape_now(&mut self, ix: ClassIx) {
        let class = &self.list[ix.0];
        let (file, name) = (class.file, class.name.clone());
        let Some(ast) = class.ast.clone() else { return };
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
        if let Some(name) = &ast.extends
            && let Some(found) = self.named_parent(name, file)
        {
            if self.shaping < ANCESTORS_MAX {
                self.shape(found);
            }
            parent = Some(found).filter(|found| self.may_extend(ix, *found, name));
        }
        let object = self.internal(OBJECT);
        self.list[ix.0].parent = Some(parent.unwrap_or(object)).filter(|_| *self.list[ix.0].name != *OBJECT);
        for name in &ast.implements {
            let Some(found) = self.lookup(name, file) else {
                self.not_found(&name.text(), name.span, false);
                continue;
            };
            if !self.class(found).interface {
                let message = format!("`{}` is no interface", name.text());
                self.sink.error("not-interface", name.span, message);
            } else if found != ix && self.list[found.0].shape != Shape::Busy && self.shaping < ANCESTORS_MAX {
                self.shape(found);
                self.list[ix.0].interfaces.push(found);
            }
        }
    }

    fn named_parent(&mut self, name: &Name, file: u32) -> Option<ClassIx> {
        let found = self.lookup(name, file);
        if found.is_none() {
            self.not_found(&name.text(), name.span, false);
        }
        found
    }

    fn may_extend(&mut self, ix: ClassIx, parent: ClassIx, name: &Name) -> bool {
        let class = self.class(parent);
        let text = class.name.clone();
        let why = if class.shape == Shape::Busy {
            "it is its own ancestor: a circle of parents".to_string()
        } else if class.interface {
            "it is an interface; use `implements`".to_string()
        } else if class.origin == Origin::Internal
            && !(*text == *OBJECT || text.starts_with(".internal.exception"))
        {
            "it is internal, its objects are made by the kernel".to_string()
        } else if class.shape == Shape::Unknown {
            format!("a chain of more than {ANCESTORS_MAX} parents")
        } else {
            return true;
        };
        let child = self.class(ix).name.clone();
        self.sink.push(
            Diagnostic::error("bad-parent", name.span, format!("`{child}` cannot extend `{text}`"))
                .label(why),
        );
        false
    }

    fn fields(&mut self, ix: ClassIx, ast: &ast::Class, file: u32) {
        for field in &ast.fields {
            let ty = self.type_of(field.ty.as_ref(), file);
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
            let (name, span) = (field.name.text.clone(), field.name.span);
            self.list[ix.0].fields.push(Field { name, ty, is_static: field.is_static, span });
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
            let inherited = parent.and_then(|parent| self.overridden(parent, &shaped));
            if shaped.is_static || interface || *shaped.name == *CONSTRUCTOR {
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
            self.list[ix.0].methods.push(Rc::new(shaped));
        }
        let most = self.list[ix.0].methods.iter().filter_map(|method| method.ordinal).max();
        self.list[ix.0].next_ordinal = next.max(most.map_or(0, |most| u32::from(most) + 1));
    }

    fn signature(&mut self, ix: ClassIx, ast: &Rc<ast::Method>, file: u32) -> Option<Method> {
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
        if has_body && interface {
            let error =
                Diagnostic::error("interface-body", ast.name.span, "a method of an interface has no body");
            self.sink.push(error.hint("write `;` in its place, or make this a class"));
        } else if !has_body && !interface {
            let error = Diagnostic::error("no-body", ast.name.span, "a method of a class needs a body");
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
        let (is_static, ast) = (ast.is_static && !constructor, Some(ast.clone()));
        Some(Method {
            name,
            params,
            result,
            desc,
            ordinal: None,
            owner: ix,
            is_static,
            by_ordinal: false,
            varargs: false,
            ast,
        })
    }

    /// The method of `parent` or above that a method with this name and these parameters replaces.
    fn overridden(&self, parent: ClassIx, method: &Method) -> Option<Rc<Method>> {
        let same = |other: &&Rc<Method>| {
            other.name == method.name
                && other.params == method.params
                && !other.is_static
                && !method.is_static
        };
        let mut at = Some(parent);
        while let Some(ix) = at {
            if let Some(found) = self.class(ix).methods.iter().find(same) {
                return Some(found.clone());
            }
            at = self.class(ix).parent;
        }
        None
    }

    fn check_override(&mut self, ast: &ast::Method, method: &mut Method, inherited: &Method) {
        if method.result.kind() != inherited.result.kind() && !method.result.is_error() {
            let wanted = self.show(&inherited.result);
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
        for class in self.lineage(ix) {
            for method in &self.class(class).methods {
                let hidden = found.iter().any(|other| other.params == method.params);
                if *method.name == *name && !hidden {
                    found.push(method.clone());
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
        let mut at = Some(ix);
        while let Some(class) = at {
            self.shape(class);
            if let Some(field) = self.class(class).fields.iter().find(|field| *field.name == *name) {
                return Some((class, field.clone()));
            }
            at = self.class(class).parent;
        }
        None
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
