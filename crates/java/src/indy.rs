//! Direct code for the call sites of `LambdaMetafactory`, `StringConcatFactory` and `ObjectMethods`.
//!
//! What the bootstrap method would make when the site is linked is made here: for a lambda a class with a factory, for
//! the others a static method of the class itself. Whatever is not exactly as a compiler writes it is left to the
//! general way.

use crate::code::{Failure, fail};
use crate::emit::{Emitter, refused, result_of};
use crate::parse::{Constant, access};
use crate::text::units;
use crate::verify::Link;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytecode::desc::primitive;
use bytecode::{
    ClassDef, CodeBuilder, Const, Descriptor, Elem, FieldDef, Flags, HandleKind, Kind, MethodDef, Op,
    TypeDesc,
};

const OBJECT: &str = "java/lang/Object";
const BUILDER: &str = "java/lang/StringBuilder";
/// Flags of the fourth argument of `LambdaMetafactory.altMetafactory`.
const SERIALIZABLE: i32 = 1;
const MARKERS: i32 = 2;
const BRIDGES: i32 = 4;

/// Pool entry of a static method that does what the call site does, if it is one of the standard ones.
pub(crate) fn direct(
    emitter: &mut Emitter<'_, '_>,
    number: u16,
    link: &Link,
) -> Result<Option<u32>, Failure> {
    let Some(bootstrap) = emitter.bootstraps.get(usize::from(number)).cloned() else {
        return fail("There is no such bootstrap method");
    };
    let class = emitter.context.class;
    let Constant::Handle(6, member) = class.constant(bootstrap.handle) else { return Ok(None) };
    let (of, name, _, _) = class.member_ref(member).map_err(refused)?;
    let args = &bootstrap.args;
    match (of.as_str(), name.as_str()) {
        ("java/lang/invoke/LambdaMetafactory", "metafactory" | "altMetafactory") => {
            lambda(emitter, link, args)
        }
        ("java/lang/invoke/StringConcatFactory", "makeConcat" | "makeConcatWithConstants") => {
            concat(emitter, link, &name, args)
        }
        ("java/lang/runtime/ObjectMethods", "bootstrap") => record_method(emitter, link, args),
        _ => Ok(None),
    }
}

/// Adds a static method to the class and gives its pool entry.
fn add_method(
    emitter: &mut Emitter<'_, '_>,
    kind: &str,
    desc: &str,
    code: CodeBuilder,
) -> Result<Option<u32>, Failure> {
    let name = format!("$phantom${kind}${}", emitter.methods.len());
    let Ok(code) = code.finish(emitter.pool.constants(), desc, true) else { return Ok(None) };
    let flags = Flags::PRIVATE | Flags::STATIC | Flags::SYNTHETIC | Flags::HIDDEN;
    emitter.methods.push(MethodDef {
        name: name.clone(),
        desc: desc.into(),
        flags,
        code: Some(code),
        ..MethodDef::default()
    });
    Ok(Some(emitter.pool.intern(Const::Method {
        class: emitter.context.class.name.clone(),
        name,
        desc: desc.into(),
        interface: emitter.context.class.access & access::INTERFACE != 0,
    })))
}

// ----- Strings put together (JLS 15.18.1, StringConcatFactory)

enum Piece {
    Text(String),
    Argument,
    /// Pool entry of a constant and the descriptor to append it by.
    Constant(u32, &'static str),
}

fn concat(
    emitter: &mut Emitter<'_, '_>,
    link: &Link,
    name: &str,
    args: &[u16],
) -> Result<Option<u32>, Failure> {
    let Ok(desc) = Descriptor::parse(&link.desc) else { return Ok(None) };
    if result_of(&link.desc) != "Ljava/lang/String;" {
        return Ok(None);
    }
    let pieces = if name == "makeConcat" {
        desc.params.iter().map(|_| Piece::Argument).collect()
    } else {
        match recipe(emitter, args)? {
            Some(pieces) => pieces,
            None => return Ok(None),
        }
    };
    if pieces.iter().filter(|piece| matches!(piece, Piece::Argument)).count() != desc.params.len() {
        return Ok(None);
    }
    let mut code = CodeBuilder::new();
    let (class, make) = (emitter.pool.class(BUILDER), emitter.pool.method(BUILDER, "<init>", "()V"));
    code.pool(Op::New, class).op(Op::Dup).pool(Op::CallSpecial, make);
    let mut local = 0;
    for piece in pieces {
        let by = match piece {
            Piece::Text(text) => {
                let constant = emitter.pool.str(&text);
                code.pool(Op::Const, constant);
                "Ljava/lang/String;"
            }
            Piece::Constant(constant, by) => {
                code.pool(Op::Const, constant);
                by
            }
            Piece::Argument => {
                code.local(Op::LocalGet, local);
                local += 1;
                appended_as(&desc.params[usize::from(local) - 1])
            }
        };
        append(emitter, &mut code, by);
    }
    let finish = emitter.pool.method(BUILDER, "toString", "()Ljava/lang/String;");
    code.pool(Op::CallVirtual, finish).op(Op::Return);
    add_method(emitter, "concat", &link.desc, code)
}

fn append(emitter: &mut Emitter<'_, '_>, code: &mut CodeBuilder, by: &str) {
    let desc = format!("({by})Ljava/lang/StringBuilder;");
    let append = emitter.pool.method(BUILDER, "append", &desc);
    code.pool(Op::CallVirtual, append);
}

/// The parameter of `StringBuilder.append` for a value.
fn appended_as(desc: &TypeDesc) -> &'static str {
    match desc {
        TypeDesc::Prim(Elem::Bool) => "Z",
        TypeDesc::Prim(Elem::U16) => "C",
        TypeDesc::Prim(Elem::I8 | Elem::I16 | Elem::I32) => "I",
        TypeDesc::Prim(Elem::I64) => "J",
        TypeDesc::Prim(Elem::F32) => "F",
        TypeDesc::Prim(Elem::F64) => "D",
        TypeDesc::Class(name) if name == "java/lang/String" => "Ljava/lang/String;",
        _ => "Ljava/lang/Object;",
    }
}

/// The recipe: text, with U+0001 for an argument and U+0002 for the next constant.
fn recipe(emitter: &mut Emitter<'_, '_>, args: &[u16]) -> Result<Option<Vec<Piece>>, Failure> {
    let Some((first, rest)) = args.split_first() else { return Ok(None) };
    let Constant::String(index) = emitter.context.class.constant(*first) else { return Ok(None) };
    let recipe = units(&emitter.context.class.utf8(index).map_err(refused)?);
    let mut rest = rest.iter();
    let mut pieces = Vec::new();
    let mut text: Vec<u16> = Vec::new();
    for unit in recipe {
        if unit > 2 || unit == 0 {
            text.push(unit);
            continue;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(crate::text::escape(&text)));
            text.clear();
        }
        if unit == 1 {
            pieces.push(Piece::Argument);
            continue;
        }
        let Some(index) = rest.next() else { return Ok(None) };
        let by = match emitter.context.class.constant(*index) {
            Constant::Int(_) => "I",
            Constant::Long(_) => "J",
            Constant::Float(_) => "F",
            Constant::Double(_) => "D",
            Constant::Dynamic(..) => return Ok(None),
            _ => "Ljava/lang/Object;",
        };
        pieces.push(Piece::Constant(emitter.loadable(*index, 0)?, by));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(crate::text::escape(&text)));
    }
    Ok(if rest.next().is_none() { Some(pieces) } else { None })
}

// ----- Methods of records (ObjectMethods.bootstrap)

fn record_method(emitter: &mut Emitter<'_, '_>, link: &Link, args: &[u16]) -> Result<Option<u32>, Failure> {
    let class = emitter.context.class;
    let [record, names, getters @ ..] = args else { return Ok(None) };
    let (Constant::Class(_), Constant::String(names)) = (class.constant(*record), class.constant(*names))
    else {
        return Ok(None);
    };
    let record = class.class_name(*record).map_err(refused)?;
    let names = class.utf8(names).map_err(refused)?;
    let names: Vec<&str> = if names.is_empty() { Vec::new() } else { names.split(';').collect() };
    if names.len() != getters.len() {
        return Ok(None);
    }
    let mut fields = Vec::new();
    for getter in getters {
        let Constant::Handle(1, field) = class.constant(*getter) else { return Ok(None) };
        let (of, name, desc, _) = class.member_ref(field).map_err(refused)?;
        let Ok(parsed) = TypeDesc::parse(&desc) else { return Ok(None) };
        fields.push((emitter.pool.field(&of, &name, &desc), parsed));
    }
    let code = match (link.name.as_str(), link.desc == format!("(L{record};)I")) {
        ("hashCode", true) => record_hash(emitter, &fields),
        ("equals", _) if link.desc == format!("(L{record};Ljava/lang/Object;)Z") => {
            record_equals(emitter, &record, &fields)
        }
        ("toString", _) if link.desc == format!("(L{record};)Ljava/lang/String;") => {
            record_text(emitter, &record, &names, &fields)
        }
        _ => return Ok(None),
    };
    add_method(emitter, &link.name, &link.desc, code)
}

fn record_hash(emitter: &mut Emitter<'_, '_>, fields: &[(u32, TypeDesc)]) -> CodeBuilder {
    let mut code = CodeBuilder::new();
    code.i32_const(0);
    for (field, desc) in fields {
        code.i32_const(31).op(Op::I32Mul).local(Op::LocalGet, 0).pool(Op::GetField, *field);
        let hash = match desc {
            TypeDesc::Prim(elem) => emitter.pool.method(
                wrapper(*elem),
                "hashCode",
                &format!("({})I", bytecode::desc::letter(*elem)),
            ),
            _ => emitter.pool.method("java/util/Objects", "hashCode", "(Ljava/lang/Object;)I"),
        };
        code.pool(Op::CallStatic, hash).op(Op::I32Add);
    }
    code.op(Op::Return);
    code
}

fn record_equals(emitter: &mut Emitter<'_, '_>, record: &str, fields: &[(u32, TypeDesc)]) -> CodeBuilder {
    let mut code = CodeBuilder::new();
    let (no, yes) = (code.label(), code.label());
    let class = emitter.pool.class(record);
    code.local(Op::LocalGet, 0).local(Op::LocalGet, 1).branch(Op::BrRefEq, yes);
    code.local(Op::LocalGet, 1).pool(Op::InstanceOf, class).branch(Op::BrIfz, no);
    for (field, desc) in fields {
        for local in [0, 1] {
            code.local(Op::LocalGet, local).pool(Op::GetField, *field);
        }
        match desc {
            TypeDesc::Prim(Elem::I64) => {
                code.branch(Op::BrI64Ne, no);
            }
            TypeDesc::Prim(elem @ (Elem::F32 | Elem::F64)) => {
                let letter = bytecode::desc::letter(*elem);
                let compare = emitter.pool.method(wrapper(*elem), "compare", &format!("({letter}{letter})I"));
                code.pool(Op::CallStatic, compare).branch(Op::BrIf, no);
            }
            TypeDesc::Prim(_) => {
                code.branch(Op::BrI32Ne, no);
            }
            _ => {
                let desc = "(Ljava/lang/Object;Ljava/lang/Object;)Z";
                let equals = emitter.pool.method("java/util/Objects", "equals", desc);
                code.pool(Op::CallStatic, equals).branch(Op::BrIfz, no);
            }
        }
    }
    code.bind(yes).i32_const(1).op(Op::Return);
    code.bind(no).i32_const(0).op(Op::Return);
    code
}

fn record_text(
    emitter: &mut Emitter<'_, '_>,
    record: &str,
    names: &[&str],
    fields: &[(u32, TypeDesc)],
) -> CodeBuilder {
    let mut code = CodeBuilder::new();
    let (class, make) = (emitter.pool.class(BUILDER), emitter.pool.method(BUILDER, "<init>", "()V"));
    code.pool(Op::New, class).op(Op::Dup).pool(Op::CallSpecial, make);
    let text = |emitter: &mut Emitter<'_, '_>, code: &mut CodeBuilder, text: &str| {
        let constant = emitter.pool.str(text);
        code.pool(Op::Const, constant);
        append(emitter, code, "Ljava/lang/String;");
    };
    let own = emitter.pool.class(record);
    let simple = emitter.pool.method("java/lang/Class", "getSimpleName", "()Ljava/lang/String;");
    code.pool(Op::Const, own).pool(Op::CallVirtual, simple);
    append(emitter, &mut code, "Ljava/lang/String;");
    for (number, (name, (field, desc))) in names.iter().zip(fields).enumerate() {
        text(emitter, &mut code, &format!("{}{name}=", if number == 0 { "[" } else { ", " }));
        code.local(Op::LocalGet, 0).pool(Op::GetField, *field);
        append(emitter, &mut code, appended_as(desc));
    }
    text(emitter, &mut code, if names.is_empty() { "[]" } else { "]" });
    let finish = emitter.pool.method(BUILDER, "toString", "()Ljava/lang/String;");
    code.pool(Op::CallVirtual, finish).op(Op::Return);
    code
}

// ----- Lambdas (LambdaMetafactory)

/// What the lambda calls.
struct Target {
    kind: HandleKind,
    /// Pool entry of the method.
    method: u32,
    class: String,
    /// Parameters with the receiver.
    params: Vec<TypeDesc>,
    /// What it gives; of a constructor the object.
    result: Option<TypeDesc>,
}

struct Lambda {
    name: String,
    captured: Vec<TypeDesc>,
    target: Target,
    /// The types that the lambda was written for.
    types: Descriptor,
}

fn lambda(emitter: &mut Emitter<'_, '_>, link: &Link, args: &[u16]) -> Result<Option<u32>, Failure> {
    let class = emitter.context.class;
    let Ok(site) = Descriptor::parse(&link.desc) else { return Ok(None) };
    let Some(TypeDesc::Class(interface)) = site.result.clone() else { return Ok(None) };
    let [erased, handle, types, more @ ..] = args else { return Ok(None) };
    let method_type = |index: u16| match class.constant(index) {
        Constant::MethodType(desc) => class.utf8(desc).map(Some).map_err(refused),
        _ => Ok(None),
    };
    let (Some(erased), Some(types_text)) = (method_type(*erased)?, method_type(*types)?) else {
        return Ok(None);
    };
    let Ok(types) = Descriptor::parse(&types_text) else { return Ok(None) };
    let Some(target) = target_of(emitter, *handle)? else { return Ok(None) };
    if target.params.len() != site.params.len() + types.params.len() {
        return Ok(None);
    }
    // The fourth argument and those behind it: flags, then markers and bridges with their numbers.
    let mut interfaces = vec![interface.clone()];
    let mut descs = vec![erased.clone()];
    let mut flags = 0;
    let mut rest = more.iter().copied();
    let number = |rest: &mut dyn Iterator<Item = u16>| match rest.next().map(|index| class.constant(index)) {
        Some(Constant::Int(number)) => Some(number),
        _ => None,
    };
    if !more.is_empty() {
        let Some(bits) = number(&mut rest) else { return Ok(None) };
        flags = bits;
    }
    if flags & MARKERS != 0 {
        for _ in 0..number(&mut rest).unwrap_or(0) {
            let Some(index) = rest.next() else { return Ok(None) };
            let marker = class.class_name(index).map_err(refused)?;
            if !interfaces.contains(&marker) {
                interfaces.push(marker);
            }
        }
    }
    if flags & BRIDGES != 0 {
        for _ in 0..number(&mut rest).unwrap_or(0) {
            let Some(index) = rest.next() else { return Ok(None) };
            let Some(bridge) = method_type(index)? else { return Ok(None) };
            if !descs.contains(&bridge) {
                descs.push(bridge);
            }
        }
    }
    if flags & !(SERIALIZABLE | MARKERS | BRIDGES) != 0 || rest.next().is_some() {
        return Ok(None);
    }
    let name = format!("{}$$Lambda${}", class.name, emitter.classes.len() + 1);
    let captured = site.params.clone();
    let made = Lambda { name: name.clone(), captured, target, types };
    let mut methods = Vec::new();
    for desc in &descs {
        match lambda_method(emitter, &made, &link.name, desc) {
            Some(method) => methods.push(method),
            None => return Ok(None),
        }
    }
    if flags & SERIALIZABLE != 0 {
        if !interfaces.iter().any(|name| name == "java/io/Serializable") {
            interfaces.push("java/io/Serializable".into());
        }
        let Some(method) = replacement(emitter, &made, link, &interface, &erased, &types_text) else {
            return Ok(None);
        };
        methods.push(method);
    }
    let Some(mut fields) = factory(emitter, &made, &link.desc, &mut methods) else { return Ok(None) };
    let private = Flags::PRIVATE | Flags::FINAL;
    for (index, desc) in made.captured.iter().enumerate() {
        fields.push(FieldDef {
            name: captured_name(index),
            desc: desc.to_string(),
            flags: private,
            value: None,
        });
    }
    emitter.classes.push(ClassDef {
        name: name.clone(),
        version: 0,
        super_name: Some(OBJECT.into()),
        interfaces,
        flags: Flags::FINAL | Flags::SYNTHETIC | Flags::HIDDEN,
        fields,
        methods,
        attributes: Vec::new(),
    });
    Ok(Some(emitter.pool.method(&name, "make", &link.desc)))
}

fn captured_name(index: usize) -> String {
    format!("arg${}", index + 1)
}

fn target_of(emitter: &mut Emitter<'_, '_>, handle: u16) -> Result<Option<Target>, Failure> {
    let Constant::Handle(kind, member) = emitter.context.class.constant(handle) else { return Ok(None) };
    let Some(kind) = HandleKind::from_value(kind).filter(|kind| !kind.is_field()) else { return Ok(None) };
    let (class, name, desc, interface) = emitter.context.class.member_ref(member).map_err(refused)?;
    let Ok(parsed) = Descriptor::parse(&desc) else { return Ok(None) };
    if class.starts_with('[') {
        return Ok(None);
    }
    let mut params = Vec::new();
    if !matches!(kind, HandleKind::CallStatic | HandleKind::NewSpecial) {
        params.push(TypeDesc::Class(class.clone()));
    }
    params.extend(parsed.params);
    let result =
        if kind == HandleKind::NewSpecial { Some(TypeDesc::Class(class.clone())) } else { parsed.result };
    let method = emitter.pool.intern(Const::Method { class: class.clone(), name, desc, interface });
    Ok(Some(Target { kind, method, class, params, result }))
}

/// The method of the lambda's class with one of the descriptors that the interface may be called by.
fn lambda_method(
    emitter: &mut Emitter<'_, '_>,
    lambda: &Lambda,
    name: &str,
    desc: &str,
) -> Option<MethodDef> {
    let erased = Descriptor::parse(desc).ok()?;
    let target = &lambda.target;
    if erased.params.len() != lambda.types.params.len() {
        return None;
    }
    let mut code = CodeBuilder::new();
    if target.kind == HandleKind::NewSpecial {
        let class = emitter.pool.class(&target.class);
        code.pool(Op::New, class).op(Op::Dup);
    }
    for (index, desc) in lambda.captured.iter().enumerate() {
        let field = emitter.pool.field(&lambda.name, &captured_name(index), &desc.to_string());
        code.local(Op::LocalGet, 0).pool(Op::GetField, field);
        adapt(emitter, &mut code, desc, &target.params[index])?;
    }
    for (index, given) in erased.params.iter().enumerate() {
        code.local(Op::LocalGet, index as u16 + 1);
        let written = &lambda.types.params[index];
        let wanted = &target.params[lambda.captured.len() + index];
        adapt(emitter, &mut code, given, written)?;
        adapt(emitter, &mut code, written, wanted)?;
    }
    let (call, method) = match target.kind {
        HandleKind::CallStatic => (Op::CallStatic, target.method),
        HandleKind::CallInterface => (Op::CallInterface, target.method),
        HandleKind::CallVirtual => (Op::CallVirtual, target.method),
        _ => (Op::CallSpecial, target.method),
    };
    code.pool(call, method);
    match (&target.result, &erased.result) {
        (Some(_), None) => {
            code.op(Op::Pop);
        }
        (None, Some(_)) => return None,
        (None, None) => {}
        (Some(given), Some(wanted)) => {
            let written = lambda.types.result.as_ref()?;
            adapt(emitter, &mut code, given, written)?;
            adapt(emitter, &mut code, written, wanted)?;
        }
    }
    code.op(Op::Return);
    let code = code.finish(emitter.pool.constants(), desc, false).ok()?;
    Some(MethodDef {
        name: name.into(),
        desc: desc.into(),
        flags: Flags::PUBLIC | Flags::SYNTHETIC | Flags::HIDDEN,
        code: Some(code),
        ..MethodDef::default()
    })
}

/// `make`, and when nothing is captured the field with the one object and the initialiser that makes it.
fn factory(
    emitter: &mut Emitter<'_, '_>,
    lambda: &Lambda,
    desc: &str,
    methods: &mut Vec<MethodDef>,
) -> Option<Vec<FieldDef>> {
    let class = emitter.pool.class(&lambda.name);
    let flags = Flags::STATIC | Flags::SYNTHETIC | Flags::HIDDEN;
    let mut fields = Vec::new();
    let mut code = CodeBuilder::new();
    if lambda.captured.is_empty() {
        let of = format!("L{};", lambda.name);
        let only = emitter.pool.field(&lambda.name, "only", &of);
        fields.push(FieldDef { name: "only".into(), desc: of, flags: Flags::STATIC, value: None });
        code.pool(Op::GetStatic, only);
        let mut first = CodeBuilder::new();
        first.pool(Op::New, class).pool(Op::PutStatic, only).op(Op::Return);
        let first = first.finish(emitter.pool.constants(), "()V", true).ok()?;
        let (name, desc) = (String::from("<clinit>"), String::from("()V"));
        methods.push(MethodDef { name, desc, flags, code: Some(first), ..MethodDef::default() });
    } else {
        code.pool(Op::New, class);
        for (index, desc) in lambda.captured.iter().enumerate() {
            let field = emitter.pool.field(&lambda.name, &captured_name(index), &desc.to_string());
            code.op(Op::Dup).local(Op::LocalGet, index as u16).pool(Op::PutField, field);
        }
    }
    code.op(Op::Return);
    let code = code.finish(emitter.pool.constants(), desc, true).ok()?;
    methods.push(MethodDef {
        name: "make".into(),
        desc: desc.into(),
        flags,
        code: Some(code),
        ..MethodDef::default()
    });
    Some(fields)
}

/// `writeReplace` of a lambda that can be serialised.
fn replacement(
    emitter: &mut Emitter<'_, '_>,
    lambda: &Lambda,
    link: &Link,
    interface: &str,
    erased: &str,
    types: &str,
) -> Option<MethodDef> {
    const FORM: &str = "java/lang/invoke/SerializedLambda";
    const MAKE: &str = "(Ljava/lang/Class;Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;ILjava/lang/String;\
                        Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;[Ljava/lang/Object;)V";
    let (form, make) = (emitter.pool.class(FORM), emitter.pool.method(FORM, "<init>", MAKE));
    let host = emitter.context.class.name.clone();
    let host = emitter.pool.class(&host);
    let Some(Const::Method { class, name, desc, .. }) =
        emitter.pool.constants().get(lambda.target.method as usize).cloned()
    else {
        return None;
    };
    let mut code = CodeBuilder::new();
    code.pool(Op::New, form).op(Op::Dup).pool(Op::Const, host);
    for text in [interface, &link.name, erased] {
        let constant = emitter.pool.str(text);
        code.pool(Op::Const, constant);
    }
    code.i32_const(lambda.target.kind as i32);
    for text in [class.as_str(), &name, &desc, types] {
        let constant = emitter.pool.str(text);
        code.pool(Op::Const, constant);
    }
    let object = emitter.pool.class(OBJECT);
    code.i32_const(lambda.captured.len() as i32).pool(Op::NewRefArray, object);
    for (index, desc) in lambda.captured.iter().enumerate() {
        let field = emitter.pool.field(&lambda.name, &captured_name(index), &desc.to_string());
        code.op(Op::Dup).i32_const(index as i32).local(Op::LocalGet, 0).pool(Op::GetField, field);
        adapt(emitter, &mut code, desc, &TypeDesc::Class(OBJECT.into()))?;
        code.op(Op::ArraySetRef);
    }
    code.pool(Op::CallSpecial, make).op(Op::Return);
    let desc = "()Ljava/lang/Object;";
    let code = code.finish(emitter.pool.constants(), desc, false).ok()?;
    Some(MethodDef {
        name: "writeReplace".into(),
        desc: desc.into(),
        flags: Flags::PRIVATE | Flags::FINAL,
        code: Some(code),
        ..MethodDef::default()
    })
}

/// Name of the class of boxed values of a primitive type.
pub fn wrapper(elem: Elem) -> &'static str {
    match elem {
        Elem::Bool => "java/lang/Boolean",
        Elem::I8 => "java/lang/Byte",
        Elem::U16 => "java/lang/Character",
        Elem::I16 => "java/lang/Short",
        Elem::I32 => "java/lang/Integer",
        Elem::I64 => "java/lang/Long",
        Elem::F32 => "java/lang/Float",
        Elem::F64 => "java/lang/Double",
    }
}

fn unwrapped(class: &str) -> Option<Elem> {
    Elem::ALL.iter().copied().find(|elem| wrapper(*elem) == class)
}

/// Converts the top operand from one type to another, as method handles do (MethodHandle.asType); `None` when that is
/// never possible.
fn adapt(
    emitter: &mut Emitter<'_, '_>,
    code: &mut CodeBuilder,
    from: &TypeDesc,
    to: &TypeDesc,
) -> Option<()> {
    match (from, to) {
        _ if from == to => {}
        (TypeDesc::Prim(from), TypeDesc::Prim(to)) => widen(code, *from, *to)?,
        (TypeDesc::Prim(elem), _) => {
            let class = wrapper(*elem);
            let desc = format!("({})L{class};", bytecode::desc::letter(*elem));
            let boxing = emitter.pool.method(class, "valueOf", &desc);
            code.pool(Op::CallStatic, boxing);
        }
        (from, TypeDesc::Prim(to)) => {
            // From the class of boxed values where it is known, else from that of the wanted type.
            let known = match from {
                TypeDesc::Class(name) => unwrapped(name),
                _ => None,
            };
            let elem = known.unwrap_or(*to);
            let class = wrapper(elem);
            if known.is_none() {
                let cast = emitter.pool.class(class);
                code.pool(Op::CheckCast, cast);
            }
            let desc = format!("(){}", bytecode::desc::letter(elem));
            let value = emitter.pool.method(class, &format!("{}Value", primitive(elem)), &desc);
            code.pool(Op::CallVirtual, value);
            widen(code, elem, *to)?;
        }
        (_, TypeDesc::Class(name)) if name == OBJECT => {}
        (_, to) => {
            let name = match to {
                TypeDesc::Class(name) => name.clone(),
                array => array.to_string(),
            };
            let cast = emitter.pool.class(&name);
            code.pool(Op::CheckCast, cast);
        }
    }
    Some(())
}

/// Widening of a primitive value (JLS 5.1.2).
fn widen(code: &mut CodeBuilder, from: Elem, to: Elem) -> Option<()> {
    let small = matches!(from, Elem::I8 | Elem::I16 | Elem::U16);
    match (from.kind(), to.kind()) {
        _ if from == to => {}
        (Kind::I32, Kind::I32) if to == Elem::I32 && small || from == Elem::I8 && to == Elem::I16 => {}
        _ if from == Elem::Bool || to == Elem::Bool => return None,
        (Kind::I32, Kind::I64) => {
            code.op(Op::I64ExtendI32S);
        }
        (Kind::I32, Kind::F32) => {
            code.op(Op::F32ConvertI32S);
        }
        (Kind::I32, Kind::F64) => {
            code.op(Op::F64ConvertI32S);
        }
        (Kind::I64, Kind::F32) => {
            code.op(Op::F32ConvertI64S);
        }
        (Kind::I64, Kind::F64) => {
            code.op(Op::F64ConvertI64S);
        }
        (Kind::F32, Kind::F64) => {
            code.op(Op::F64PromoteF32);
        }
        _ => return None,
    }
    Some(())
}
