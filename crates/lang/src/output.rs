//! The whole compilation: reads, follows imports, compiles class after class, makes the module.

use crate::ast::{self, Access};
use crate::body;
use crate::classes::{CONSTRUCTOR, Class, ClassIx, Classes, Method, Origin};
use crate::diagnostic::{Diagnostic, Span};
use crate::types::{OBJECT, Type};
use crate::{Output, Request, SourceFile, SourceProvider};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::checksum::checksum;
use bytecode::{Attribute, ClassDef, FieldDef, Flags, Language, MethodDef, Module, PoolBuilder};

/// Largest source, in bytes: offsets have 32 bits.
const SOURCE_BYTES_MAX: usize = 1 << 28;

pub(crate) fn compile(request: &Request, provider: &dyn SourceProvider) -> Output {
    let mut classes = Classes::new(provider);
    for source in &request.sources {
        if source.text.len() > SOURCE_BYTES_MAX {
            classes.sink.error(
                "too-large",
                Span::default(),
                format!("`{}` is larger than 256 MiB", source.label),
            );
            continue;
        }
        classes.add_file(source.clone(), Origin::User);
    }
    classes.follow_imports();
    let mut pool = PoolBuilder::new();
    let mut defs = Vec::new();
    let mut lines: BTreeMap<u32, Rc<[u32]>> = BTreeMap::new();
    // Bodies may reach further classes, which then stand at the end of the list.
    let mut next = 0;
    while next < classes.list.len() {
        let ix = ClassIx(next);
        next += 1;
        classes.follow_imports();
        classes.shape(ix);
        if classes.class(ix).origin == Origin::User {
            let file = classes.class(ix).file;
            let text = &classes.files[file as usize].text;
            let lines = lines.entry(file).or_insert_with(|| body::line_starts(text)).clone();
            defs.push(class_def(&mut classes, &mut pool, ix, &lines));
            defs.append(&mut classes.made);
        }
    }
    classes.check_bounds();
    finish(classes, pool, defs, request.sources.first())
}

fn finish(classes: Classes<'_>, pool: PoolBuilder, defs: Vec<ClassDef>, main: Option<&SourceFile>) -> Output {
    let failed = classes.sink.has_errors();
    let mut diagnostics = classes.sink.list;
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span(), core::cmp::Reverse(diagnostic.severity)));
    let module = (!failed).then(|| {
        let label = main.map_or("", |source| source.label.as_str());
        Module {
            name: stem(label).to_string(),
            source: main.map(|source| source.label.clone()),
            source_hash: main.map_or(0, |source| checksum(source.text.as_bytes())),
            language: Language::Phantom,
            entry: entry(&defs, stem(label)),
            pool: pool.finish(),
            classes: defs,
        }
    });
    Output { module, diagnostics, files: classes.files }
}

/// The name of a file without folders and `.ph`.
fn stem(label: &str) -> &str {
    let name = label.rsplit(['/', '\\']).next().unwrap_or(label);
    name.strip_suffix(".ph").unwrap_or(name)
}

/// The class named like the file, when it can be run; else the only one that has `main`.
fn entry(defs: &[ClassDef], stem: &str) -> Option<String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or("").to_string();
    let has_main = |class: &&ClassDef| class.methods.iter().any(|method| method.name == "main");
    let runs =
        |class: &&ClassDef| has_main(class) || class.methods.iter().any(|method| method.ordinal == Some(8));
    let full = defs.iter().find(|class| class.name.strip_prefix('.') == Some(stem));
    let named = full.or_else(|| defs.iter().find(|class| last(&class.name) == last(stem)));
    let mut mains = defs.iter().filter(has_main);
    let only = mains.next().filter(|_| mains.next().is_none());
    named.filter(runs).or(only).map(|class| class.name.clone())
}

fn class_def(classes: &mut Classes<'_>, pool: &mut PoolBuilder, ix: ClassIx, lines: &Rc<[u32]>) -> ClassDef {
    let class = classes.class(ix).clone();
    check_interfaces(classes, ix, &class);
    let name = |ix: &ClassIx| classes.class(*ix).name.to_string();
    let mut def = ClassDef {
        name: class.name.to_string(),
        version: 1,
        super_name: Some(class.parent.as_ref().map_or_else(|| OBJECT.to_string(), name)),
        interfaces: class.interfaces.iter().map(name).collect(),
        flags: if class.interface {
            Flags::PUBLIC | Flags::INTERFACE | Flags::ABSTRACT
        } else {
            Flags::PUBLIC
        },
        ..ClassDef::default()
    };
    if let Some(file) = classes.files.get(class.file as usize) {
        def.attributes.push(Attribute { name: "source".into(), bytes: file.label.clone().into_bytes() });
    }
    for field in &class.fields {
        let mut flags = access_flag(field.access);
        if field.is_static {
            flags |= Flags::STATIC;
        }
        let desc = classes.type_desc(&field.ty);
        def.fields.push(FieldDef { name: field.name.to_string(), desc, flags, value: None });
    }
    for method in &class.methods {
        def.methods.push(method_def(classes, pool, ix, method, lines));
    }
    made_up(classes, pool, ix, &class, lines, &mut def);
    bridges(classes, pool, ix, &class, lines, &mut def);
    def
}

fn access_flag(access: Access) -> Flags {
    match access {
        Access::Public => Flags::PUBLIC,
        Access::Protected => Flags::PROTECTED,
        Access::Private => Flags::PRIVATE,
    }
}

fn method_def(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    ix: ClassIx,
    method: &Method,
    lines: &Rc<[u32]>,
) -> MethodDef {
    let mut flags = access_flag(method.access);
    if method.ast.as_ref().is_some_and(|ast| ast.modifiers.synchronized) {
        flags |= Flags::SYNCHRONIZED;
    }
    if method.is_static {
        flags |= Flags::STATIC;
    }
    if *method.name == *CONSTRUCTOR {
        flags |= Flags::CONSTRUCTOR;
    }
    let code = body::method(classes, pool, ix, method, lines);
    if code.is_none() {
        flags |= Flags::ABSTRACT;
    }
    let params = method.ast.iter().flat_map(|ast| &ast.params);
    MethodDef {
        name: method.name.to_string(),
        desc: method.desc.clone(),
        flags,
        ordinal: method.ordinal,
        code,
        param_names: params.map(|param| param.name.text.to_string()).collect(),
    }
}

/// The constructor when none is declared, and the initialiser of static fields.
fn made_up(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    ix: ClassIx,
    class: &Class,
    lines: &Rc<[u32]>,
    def: &mut ClassDef,
) {
    let span = class.ast.as_ref().map_or(Span::default(), |ast| ast.name.span);
    let mut add = |classes: &mut Classes<'_>, name: &str, is_static: bool, flags: Flags| {
        let code = body::made_up(classes, pool, ix, span, is_static, lines);
        let (name, desc) = (name.to_string(), "()V".to_string());
        def.methods.push(MethodDef { name, desc, flags, code, ..MethodDef::default() });
    };
    if !class.interface && !class.methods.iter().any(|method| *method.name == *CONSTRUCTOR) {
        add(classes, CONSTRUCTOR, false, Flags::PUBLIC | Flags::SYNTHETIC | Flags::CONSTRUCTOR);
    }
    let fields = class.ast.iter().flat_map(|ast| &ast.fields);
    let runs =
        class.ast.as_ref().is_some_and(|ast| !ast.constants.is_empty() || !ast.initialisers.is_empty());
    if runs || fields.into_iter().any(|field| field.modifiers.is_static && field.init.is_some()) {
        add(classes, "<clinit>", true, Flags::STATIC | Flags::SYNTHETIC);
    }
}

/// The methods that the interfaces of a class declare without a body, each with the one of the class that stands for it.
fn implemented(classes: &mut Classes<'_>, ix: ClassIx) -> Vec<(Rc<Method>, Option<Rc<Method>>)> {
    let this = classes.this_type(ix);
    let lineage = classes.lineage(ix);
    let mut all = Vec::new();
    for interface in lineage.into_iter().filter(|ix| classes.class(*ix).interface).collect::<Vec<_>>() {
        for wanted in classes.class(interface).methods.clone() {
            if wanted.is_static || wanted.access == Access::Private {
                continue;
            }
            let candidates = classes.methods_named(ix, &wanted.name);
            let found = candidates.into_iter().find(|method| {
                if classes.class(method.owner).interface || method.params.len() != wanted.params.len() {
                    return false;
                }
                let (params, result) = classes.seen_from(&this, &wanted, method);
                let (own, own_result) = classes.seen_from(&this, method, method);
                params == own && result.kind() == own_result.kind()
            });
            all.push((wanted, found));
        }
    }
    all
}

/// Adds methods with the descriptors by which interfaces know methods of the class that have others.
fn bridges(
    classes: &mut Classes<'_>,
    pool: &mut PoolBuilder,
    ix: ClassIx,
    class: &Class,
    lines: &Rc<[u32]>,
    def: &mut ClassDef,
) {
    if class.interface {
        return;
    }
    for (wanted, found) in implemented(classes, ix) {
        let Some(found) = found else { continue };
        let there =
            def.methods.iter().any(|method| method.name == *wanted.name && method.desc == wanted.desc);
        if there || wanted.desc == found.desc || found.is_static {
            continue;
        }
        let code = body::bridge(classes, pool, ix, &wanted, &found, lines);
        // Private: it has no ordinal, and an override of the method that it calls is an override of it.
        let flags = Flags::PRIVATE | Flags::SYNTHETIC | Flags::BRIDGE;
        let (name, desc) = (wanted.name.to_string(), wanted.desc.clone());
        def.methods.push(MethodDef { name, desc, flags, code, ..MethodDef::default() });
    }
}

/// Warns of methods of interfaces that a class does not have.
fn check_interfaces(classes: &mut Classes<'_>, ix: ClassIx, class: &Class) {
    if class.interface {
        return;
    }
    for (wanted, found) in implemented(classes, ix) {
        let has_body = wanted.has_body || wanted.ast.as_ref().is_some_and(|ast| ast.body.is_some());
        if found.is_some() || has_body {
            continue;
        }
        let span = class.ast.as_ref().map_or(Span::default(), |ast: &Rc<ast::Class>| ast.name.span);
        let interface = classes.class(wanted.owner).name.clone();
        let message =
            format!("`{}` implements `{interface}` but has no method `{}`", class.name, wanted.name);
        let mut warning = Diagnostic::warning("not-implemented", span, message);
        if let Some(ast) = &wanted.ast {
            warning = warning.also(ast.name.span, "declared here");
        }
        let this = classes.this_type(ix);
        let (params, _) = classes.seen_from(&this, &wanted, &wanted);
        let params: Vec<String> = params.iter().map(|param: &Type| classes.show(param)).collect();
        let hint = format!("a call of `{}({})` on it throws", wanted.name, params.join(", "));
        classes.sink.push(warning.hint(hint));
    }
}
