//! One class file to one module.

use crate::code::{Failure, Raw};
use crate::emit::{Emitter, throws};
use crate::parse::{ClassFile, Constant, Member, Refusal, access, bad, find};
use crate::subroutine;
use crate::verify::{self, Context, Method};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::checksum::checksum;
use bytecode::{
    Attribute, ClassDef, Code, CodeBuilder, Const, Descriptor, FieldDef, Flags, Language, MethodDef, Module,
    Op,
};

/// Attribute of the class: the class file without the code of its methods.
pub const CLASS_FILE: &str = "java.class";
/// Attribute of the class: lines of two names; the first class has to be assignable to the second when the class is
/// linked, or that throws `VerifyError`.
pub const ASSIGNABLE: &str = "java.assignable";
/// Attribute of the class: linking throws `VerifyError` with this text.
pub const VERIFY_ERROR: &str = "java.verify_error";
/// Attribute of the class: the name of its nest's host, when that is another class (JVMS 4.7.28).
pub const NEST_HOST: &str = "java.nest_host";
/// Name of the field that leads from a class loader to what the machine knows of it.
pub const LOADER_FIELD: &str = "$loader";

/// Name of the field that leads from a class to its protection domain.
pub const DOMAIN_FIELD: &str = "$domain";

/// Fields that classes of the library get for the machine: class, name, descriptor. Programs cannot see them: reflection
/// reads the class file.
pub const INJECTED: &[(&str, &str, &str)] = &[
    ("java/lang/Class", "$class", "L.internal.object;"),
    ("java/lang/Class", DOMAIN_FIELD, "L.internal.object;"),
    ("java/lang/ClassLoader", LOADER_FIELD, "L.internal.object;"),
    ("java/lang/Thread", "$thread", "L.internal.object;"),
    ("java/lang/invoke/ResolvedMethodName", "$method", "L.internal.object;"),
];

/// Methods of the library that the machine does instead of their code: class, name, descriptor. They lead to the image of
/// the JDK, which the machine reads otherwise, or ask for what only the machine knows.
pub const REPLACED: &[(&str, &str, &str)] = &[
    ("java/lang/Thread", "getState", "()Ljava/lang/Thread$State;"),
    (
        "jdk/internal/loader/BuiltinClassLoader",
        "findClassInModuleOrNull",
        "(Ljdk/internal/loader/BuiltinClassLoader$LoadedModule;Ljava/lang/String;)Ljava/lang/Class;",
    ),
    (
        "jdk/internal/module/SystemModuleFinders$SystemModuleReader",
        "containsImageLocation",
        "(Ljava/lang/String;)Z",
    ),
    (
        "jdk/internal/module/SystemModuleFinders$SystemModuleReader",
        "open",
        "(Ljava/lang/String;)Ljava/util/Optional;",
    ),
    // The library changes such numbers as a part of the word around them, which may reach behind the end of an array.
    ("jdk/internal/misc/Unsafe", "compareAndExchangeByte", "(Ljava/lang/Object;JBB)B"),
    ("jdk/internal/misc/Unsafe", "compareAndExchangeShort", "(Ljava/lang/Object;JSS)S"),
];

/// Classes and interfaces that arrays are instances of (JLS 10.8).
const OF_ARRAYS: [&str; 3] = ["java/lang/Object", "java/lang/Cloneable", "java/io/Serializable"];

/// A converted class file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The class, first, and the classes made for its lambdas.
    pub module: Module,
    /// What is wrong with its methods, each method with its first error; the class can be defined and not linked then.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a method does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name and descriptor of the method.
    pub method: String,
    /// Offset in its code, in bytes, when it is known.
    pub pc: Option<u32>,
    /// What is wrong.
    pub what: String,
}

/// Converts a class file.
///
/// The module's first class is that of the file, under its name with slashes. Its code passes the verifier of
/// `bytecode`. When a method does not verify (JVMS 4.10), all its code is a trap and the class has the attribute
/// [`VERIFY_ERROR`].
///
/// # Errors
/// When the bytes are no class file, or of a version that is not read; nothing is converted then.
pub fn convert(bytes: &[u8]) -> Result<Converted, Refusal> {
    let class = ClassFile::parse(bytes)?;
    let mut emitter = Emitter::new(Context::new(&class))?;
    let mut diagnostics = Vec::new();
    let mut methods = Vec::new();
    for method in &class.methods {
        if method.name == "<clinit>" && !is_initialiser(&class, method) {
            continue;
        }
        let mut flags = method_flags(method);
        match method.name.as_str() {
            // JVMS 4.6: an initialiser has no other flags that mean something.
            "<clinit>" => flags = Flags::STATIC,
            "<init>" => flags |= Flags::CONSTRUCTOR,
            _ => {}
        }
        let replaced = REPLACED
            .iter()
            .any(|(of, name, desc)| *of == class.name && *name == method.name && *desc == method.desc);
        if replaced {
            flags |= Flags::NATIVE;
        }
        if is_hidden(&class, method) {
            flags |= Flags::HIDDEN;
        }
        let code = match find(&method.attributes, b"Code").filter(|_| !replaced) {
            Some(bytes) => {
                let raw = Raw::parse(&class, bytes)?;
                match convert_method(&mut emitter, &class, method, &raw) {
                    Ok(code) => Some(code),
                    Err(Failure { pc, what }) => {
                        let name = format!("{}{}", method.name, method.desc);
                        diagnostics.push(Diagnostic { method: name, pc, what });
                        Some(trap(&method.desc))
                    }
                }
            }
            None if flags.has(Flags::ABSTRACT) && class.access & access::ABSTRACT == 0 => {
                // An abstract method in a class that is not: calling it throws, making objects does not.
                flags = Flags(flags.0 & !Flags::ABSTRACT.0);
                Some(throws(&mut emitter.pool, "java/lang/AbstractMethodError", &method.desc))
            }
            None => None,
        };
        methods.push(MethodDef {
            name: method.name.clone(),
            desc: method.desc.clone(),
            flags,
            ordinal: None,
            code,
            param_names: Vec::new(),
        });
    }
    let fields = fields(&class, &mut emitter, &mut methods)?;
    methods.append(&mut emitter.methods);
    let mut attributes = alloc::vec![attribute(CLASS_FILE, class.without_code())];
    let pairs = emitter.context.names.noted();
    if !pairs.is_empty() {
        let lines: Vec<String> = pairs.iter().map(|(from, to)| format!("{from} {to}")).collect();
        attributes.push(attribute(ASSIGNABLE, lines.join("\n").into_bytes()));
    }
    if let Some([a, b]) = find(&class.attributes, b"NestHost") {
        let host = class.class_name(u16::from_be_bytes([*a, *b]))?;
        attributes.push(attribute(NEST_HOST, host.into_bytes()));
    }
    if let Some(first) = diagnostics.first() {
        let at = first.pc.map_or(String::new(), |pc| format!(" @{pc}"));
        let name = class.name.replace('/', ".");
        let text = format!("{} (in {name}.{}{at})", first.what, first.method);
        attributes.push(attribute(VERIFY_ERROR, text.into_bytes()));
        // What does not verify is not run, so it needs no classes of its own.
        for method in &mut methods {
            if method.code.is_some() {
                method.code = Some(trap(&method.desc));
            }
        }
    }
    let mut flags = class_flags(class.access);
    if find(&class.attributes, b"Record").is_some() {
        flags |= Flags::RECORD;
    }
    if OF_ARRAYS.contains(&class.name.as_str()) {
        flags |= Flags::OF_ARRAYS;
    }
    let made = ClassDef {
        name: class.name.clone(),
        version: 0,
        super_name: class.super_name.clone(),
        interfaces: class.interfaces.clone(),
        flags,
        fields,
        methods,
        attributes,
    };
    let mut classes = alloc::vec![made];
    classes.append(&mut emitter.classes);
    let source = class.attribute_named(b"SourceFile").and_then(|bytes| {
        let index = u16::from_be_bytes(bytes.try_into().ok()?);
        class.utf8(index).ok()
    });
    let module = Module {
        name: class.name.clone(),
        source,
        source_hash: checksum(bytes),
        language: Language::Java,
        pool: emitter.pool.finish(),
        classes,
        entry: None,
    };
    Ok(Converted { module, diagnostics })
}

fn attribute(name: &str, bytes: Vec<u8>) -> Attribute {
    Attribute { name: name.into(), bytes }
}

/// JVMS 2.9.2: from version 51 on only a static one without parameters initialises the class.
fn is_initialiser(class: &ClassFile<'_>, method: &Member<'_>) -> bool {
    method.desc == "()V" && (class.major < 51 || method.access & access::STATIC != 0)
}

/// Whether the library says that a method is left out of stack traces. It says so before any annotation with elements.
fn is_hidden(class: &ClassFile<'_>, method: &Member<'_>) -> bool {
    const MARK: &str = "Ljdk/internal/vm/annotation/Hidden;";
    if !class.name.starts_with("java/") {
        return false;
    }
    let Some(bytes) = find(&method.attributes, b"RuntimeVisibleAnnotations") else { return false };
    let number = |at: usize| bytes.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    for annotation in 0..usize::from(number(0).unwrap_or(0)) {
        let at = 2 + 4 * annotation;
        let name = number(at).and_then(|index| class.utf8(index).ok());
        if name.is_some_and(|name| name == MARK) {
            return true;
        }
        if number(at + 2) != Some(0) {
            return false;
        }
    }
    false
}

fn convert_method(
    emitter: &mut Emitter<'_, '_>,
    class: &ClassFile<'_>,
    method: &Member<'_>,
    raw: &Raw<'_>,
) -> Result<Code, Failure> {
    let body = subroutine::inline(raw.decode(class)?)?;
    let desc =
        Descriptor::parse(&method.desc).map_err(|error| Failure { pc: None, what: error.to_string() })?;
    let is_static = method.access & access::STATIC != 0 || method.name == "<clinit>";
    let about = Method { name: &method.name, desc: &desc, is_static };
    let forms = verify::verify(&mut emitter.context, &about, &body)?;
    emitter.code(&about, &method.desc, &body, &forms)
}

/// Code that is never run.
fn trap(desc: &str) -> Code {
    let mut code = CodeBuilder::new();
    code.op(Op::Trap);
    // A descriptor that was parsed before and one instruction: nothing to refuse.
    code.finish(&[], desc, false).unwrap_or_default()
}

/// The fields; constant values that are strings are stored by the initialiser, which is made when there is none.
fn fields(
    class: &ClassFile<'_>,
    emitter: &mut Emitter<'_, '_>,
    methods: &mut Vec<MethodDef>,
) -> Result<Vec<FieldDef>, Refusal> {
    let mut fields = Vec::new();
    let mut strings = Vec::new();
    for field in &class.fields {
        let flags = member_flags(field.access);
        let mut value = None;
        if flags.has(Flags::STATIC)
            && let Some(bytes) = find(&field.attributes, b"ConstantValue")
        {
            let Ok(index) = bytes.try_into().map(u16::from_be_bytes) else {
                return bad(format!("Invalid ConstantValue attribute length in class file {}", class.name));
            };
            let constant = match (class.constant(index), field.desc.as_str()) {
                (Constant::Int(number), "I" | "S" | "C" | "B" | "Z") => Const::I32(number),
                (Constant::Long(number), "J") => Const::I64(number),
                (Constant::Float(bits), "F") => Const::F32(bits),
                (Constant::Double(bits), "D") => Const::F64(bits),
                (Constant::String(text), "Ljava/lang/String;") => {
                    let text = class.utf8(text)?;
                    strings.push((field.name.clone(), field.desc.clone(), text));
                    fields.push(FieldDef {
                        name: field.name.clone(),
                        desc: field.desc.clone(),
                        flags,
                        value: None,
                    });
                    continue;
                }
                _ => {
                    return bad(format!("Inconsistent constant value type in class file {}", class.name));
                }
            };
            value = Some(emitter.pool.intern(constant));
        }
        fields.push(FieldDef { name: field.name.clone(), desc: field.desc.clone(), flags, value });
    }
    for (of, name, desc) in INJECTED {
        if *of == class.name {
            let flags = Flags::PRIVATE | Flags::SYNTHETIC;
            fields.push(FieldDef { name: (*name).into(), desc: (*desc).into(), flags, value: None });
        }
    }
    if !strings.is_empty() {
        let mut code = CodeBuilder::new();
        for (name, desc, text) in &strings {
            let (value, place) = (emitter.pool.str(text), emitter.pool.field(&class.name, name, desc));
            code.pool(Op::Const, value).pool(Op::PutStatic, place);
        }
        let there = methods.iter().position(|method| method.name == "<clinit>");
        let own = there.map(|at| methods.remove(at));
        // The strings first: a method of their own keeps the offsets of the class's own initialiser.
        if own.is_some() {
            let call = emitter.pool.intern(Const::Method {
                class: class.name.clone(),
                name: OWN_INITIALISER.into(),
                desc: "()V".into(),
                interface: class.access & access::INTERFACE != 0,
            });
            code.pool(Op::CallStatic, call);
        }
        code.op(Op::Return);
        let code = match code.finish(emitter.pool.constants(), "()V", true) {
            Ok(code) => code,
            Err(error) => return bad(format!("the class has too many constants: {error}")),
        };
        let (name, desc) = (String::from("<clinit>"), String::from("()V"));
        methods.push(MethodDef {
            name,
            desc,
            flags: Flags::STATIC | if own.is_some() { Flags::HIDDEN } else { Flags::NONE },
            code: Some(code),
            ..MethodDef::default()
        });
        if let Some(mut own) = own {
            own.name = OWN_INITIALISER.into();
            own.flags |= Flags::PRIVATE;
            methods.push(own);
        }
    }
    Ok(fields)
}

/// Name of the class's own initialiser, when constant strings are stored before it.
const OWN_INITIALISER: &str = "$clinit";

/// Flags of a method (JVMS 4.6).
pub fn method_flags(method: &Member<'_>) -> Flags {
    let mut flags = Flags(member_flags(method.access).0 & !(Flags::VOLATILE | Flags::TRANSIENT).0);
    for (bit, flag) in [(access::VOLATILE, Flags::BRIDGE), (access::TRANSIENT, Flags::VARARGS)] {
        if method.access & bit != 0 {
            flags |= flag;
        }
    }
    flags
}

/// Flags of a field or method; what the bits of `volatile` and `transient` mean depends on which.
fn member_flags(access: u16) -> Flags {
    let mut flags = Flags(u32::from(access & 0x01ff));
    for (bit, flag) in [
        (access::ABSTRACT, Flags::ABSTRACT),
        (access::STRICT, Flags::STRICT),
        (access::SYNTHETIC, Flags::SYNTHETIC),
        (access::ENUM, Flags::ENUM),
    ] {
        if access & bit != 0 {
            flags |= flag;
        }
    }
    flags
}

fn class_flags(access: u16) -> Flags {
    let mut flags = Flags(u32::from(access & (access::PUBLIC | access::FINAL)));
    for (bit, flag) in [
        (access::SUPER, Flags::SUPER),
        (access::INTERFACE, Flags::INTERFACE),
        (access::ABSTRACT, Flags::ABSTRACT),
        (access::SYNTHETIC, Flags::SYNTHETIC),
        (access::ANNOTATION, Flags::ANNOTATION),
        (access::ENUM, Flags::ENUM),
    ] {
        if access & bit != 0 {
            flags |= flag;
        }
    }
    flags
}

const _: () = assert!(Flags::STATIC.0 == access::STATIC as u32 && Flags::FINAL.0 == access::FINAL as u32);
const _: () =
    assert!(Flags::SYNCHRONIZED.0 == access::SUPER as u32 && Flags::NATIVE.0 == access::NATIVE as u32);
const _: () =
    assert!(Flags::VOLATILE.0 == access::VOLATILE as u32 && Flags::TRANSIENT.0 == access::TRANSIENT as u32);
