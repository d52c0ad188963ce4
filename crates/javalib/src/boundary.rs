//! What other languages call to reach Java, and what Java calls to reach them.
//!
//! `phantom/java/Boundary` has the conversions; that it is initialised means that the library is booted, so whoever calls
//! one of its methods first boots it, in frames like any other initialiser: a restart in the middle goes on, other threads
//! wait. `OfPhantom` and `OfJava` have the methods of one root for the objects of the other, `Thrown` is what Java code
//! catches when another language has thrown. A thread that Java did not start gets its `java.lang.Thread` when it first
//! asks for it.

use crate::boot::{self, BOOT_CLASS};
use crate::support::{natives, set};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{
    BuildError, ClassDef, Code, CodeBuilder, FieldDef, Flags, Language, MethodDef, Module, Op, PoolBuilder,
};
use layout::Value;
use layout::internal::JAVA_BOUNDARY;
use layout::schema::thread;
use vm::Native;
use vm::boundary::{OF_JAVA, OF_PHANTOM, THROWN};
use vm::internal::{Call, Outcome};

/// The path under which a source of classes gives its class path as a file.
pub const CLASS_PATH_FILE: &str = "java.class.path";

/// Whether the module of [`boundary_module`] has a class.
pub(crate) fn has(class: &str) -> bool {
    [JAVA_BOUNDARY, OF_PHANTOM, OF_JAVA, THROWN].contains(&class)
}

const OBJECT: &str = "java/lang/Object";
const ROOT: &str = ".internal.object";
const TO_JAVA: &str = "(L.internal.object;)Ljava/lang/Object;";
const TO_PHANTOM: &str = "(Ljava/lang/Object;)L.internal.object;";
const STRING: &str = "(L.internal.string;)Ljava/lang/String;";
const TEXT: &str = "(Ljava/lang/String;)L.internal.string;";
/// Static field: the group of the thread that booted the library, `main`.
const GROUP: (&str, &str) = ("group", "Ljava/lang/ThreadGroup;");
const THREAD: &str = "java/lang/Thread";

pub(crate) const NATIVES: &[Native] = natives! {
    "phantom/java/Boundary" {
        "toJava" "(L.internal.object;)Ljava/lang/Object;" Short |call| { let value = call.reference_at(0); converted(call.vm.to_java(value)) };
        "toPhantom" "(Ljava/lang/Object;)L.internal.object;" Short |call| { let value = call.reference_at(0); Outcome::value(call.vm.from_java(value)) };
        "string" "(L.internal.string;)Ljava/lang/String;" Short |call| { let value = call.reference_at(0); converted(call.vm.to_java(value)) };
        "text" "(Ljava/lang/String;)L.internal.string;" Short |call| { let value = call.reference_at(0); Outcome::value(call.vm.from_java(value)) };
        "array" "(L.internal.object;L.internal.string;)Ljava/lang/Object;" Short array;
        "elements" "(Ljava/lang/Object;)L.internal.container.array;" Short |call| { let value = call.reference_at(0); Outcome::value(call.vm.from_java_array(value)) };
        "classPath" "()Ljava/lang/String;" Short class_path;
    }
};

fn converted(result: Result<Value, Value>) -> Outcome {
    match result {
        Ok(value) => Outcome::value(value),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

fn array(call: &mut Call<'_>) -> Outcome {
    let desc = call.vm.string_bytes_of(call.reference_at(1)).unwrap_or_default();
    let value = call.reference_at(0);
    converted(call.vm.to_java_array(value, &String::from_utf8_lossy(&desc)))
}

fn class_path(call: &mut Call<'_>) -> Outcome {
    let path = call.vm.library_file(CLASS_PATH_FILE).unwrap_or_default();
    Outcome::value(call.vm.java_string(&String::from_utf8_lossy(&path)))
}

/// `Thread.currentThread`: a thread that another language has started becomes one of Java's main group.
pub(crate) fn current_thread(call: &mut Call<'_>) -> Outcome {
    let there = call.vm.java_thread(call.thread);
    if !there.is_null() {
        return Outcome::value(there);
    }
    let stored = |call: &Call<'_>, class: &str, field: &str| {
        let place = call.vm.known_class(class).and_then(|of| call.vm.field_named(of, field))?;
        Value(call.vm.load_field(Addr::NULL, place)).as_object()
    };
    let class = call.vm.known_class(THREAD);
    // Before the library is booted there is nothing to be made.
    let (Some(class), Some(group)) = (class, stored(call, JAVA_BOUNDARY, GROUP.0)) else {
        return Outcome::value(there);
    };
    let loader = stored(call, "java/lang/ClassLoader", "scl").map_or(0, |loader| loader.0);
    let made = call.vm.new_object(class);
    call.vm.bind_java_thread(call.thread, Value::object(made));
    let (priority, status) = (boot::PRIORITY as u64, boot::RUNNABLE as u64);
    let fields = [
        ("group", group.0),
        ("contextClassLoader", loader),
        ("priority", priority),
        ("threadStatus", status),
    ];
    for (field, bits) in fields {
        set(call.vm, made, field, bits);
    }
    let number = call.vm.get_u64(call.thread, thread::ID);
    set(call.vm, made, "tid", number);
    let name = call.vm.java_string(&format!("Phantom-{number}"));
    set(call.vm, made, "name", name.0);
    if let Ok(of) = call.vm.class_by_name(OBJECT) {
        let lock = call.vm.new_object(of);
        set(call.vm, made, "blockerLock", lock.0);
    }
    Outcome::value(Value::object(made))
}

/// The classes of this module.
pub(crate) fn boundary_module() -> Module {
    let mut pool = PoolBuilder::new();
    let boundary = boundary_class(&mut pool);
    let of_phantom = of_phantom(&mut pool);
    let of_java = of_java(&mut pool);
    let thrown = thrown(&mut pool);
    Module {
        name: JAVA_BOUNDARY.into(),
        language: Language::Java,
        pool: pool.finish(),
        classes: vec![boundary, of_phantom, of_java, thrown],
        ..Module::default()
    }
}

fn class(name: &str, above: &str, methods: Vec<MethodDef>) -> ClassDef {
    ClassDef {
        name: name.into(),
        super_name: Some(above.into()),
        flags: Flags::PUBLIC | Flags::FINAL | Flags::SYNTHETIC,
        methods,
        ..ClassDef::default()
    }
}

fn method(name: &str, desc: &str, code: Result<Code, BuildError>) -> MethodDef {
    boot::method(name, desc, Flags::PUBLIC, code)
}

fn boundary_class(pool: &mut PoolBuilder) -> ClassDef {
    let native = Flags::STATIC | Flags::NATIVE;
    let mut methods: Vec<MethodDef> = NATIVES
        .iter()
        .map(|known| boot::method(known.name, known.desc, native, Ok(Code::default())))
        .collect();
    let path = pool.method(JAVA_BOUNDARY, "classPath", "()Ljava/lang/String;");
    let start = pool.method(BOOT_CLASS, "start", boot::START);
    let current = pool.method(THREAD, "currentThread", "()Ljava/lang/Thread;");
    let group_of = pool.method(THREAD, "getThreadGroup", "()Ljava/lang/ThreadGroup;");
    let group = pool.field(JAVA_BOUNDARY, GROUP.0, GROUP.1);
    let mut code = CodeBuilder::new();
    let given = pool.field(BOOT_CLASS, boot::PROPERTIES.0, boot::PROPERTIES.1);
    code.pool(Op::GetStatic, given).pool(Op::CallStatic, path).pool(Op::CallStatic, start);
    code.pool(Op::CallStatic, current).pool(Op::CallVirtual, group_of);
    code.pool(Op::PutStatic, group).op(Op::Return);
    let code = code.finish(pool.constants(), "()V", true);
    methods.push(boot::method("<clinit>", "()V", Flags::STATIC, code));
    // Called before objects of Java are made and its static members used: nothing but the initialisation.
    let mut code = CodeBuilder::new();
    code.op(Op::Return);
    let code = code.finish(pool.constants(), "()V", true);
    methods.push(boot::method("up", "()V", Flags::STATIC, code));
    let field = FieldDef {
        name: GROUP.0.into(),
        desc: GROUP.1.into(),
        flags: Flags::PRIVATE | Flags::STATIC,
        value: None,
    };
    ClassDef { fields: vec![field], ..class(JAVA_BOUNDARY, OBJECT, methods) }
}

/// The methods of `java.lang.Object` for objects of other languages.
fn of_phantom(pool: &mut PoolBuilder) -> ClassDef {
    let (to_phantom, string) =
        (pool.method(JAVA_BOUNDARY, "toPhantom", TO_PHANTOM), pool.method(JAVA_BOUNDARY, "string", STRING));
    let hash = pool.method(ROOT, "hashCode", "()I");
    let equals = pool.method(ROOT, "equals", "(L.internal.object;)I");
    let show = pool.method(ROOT, "toString", "()L.internal.string;");
    let mut hash_code = CodeBuilder::new();
    hash_code.local(Op::LocalGet, 0).pool(Op::CallVirtual, hash).op(Op::Return);
    let mut equal = CodeBuilder::new();
    equal.local(Op::LocalGet, 0).local(Op::LocalGet, 1).pool(Op::CallStatic, to_phantom);
    equal.pool(Op::CallVirtual, equals).i32_const(0).op(Op::I32Ne).op(Op::Return);
    let mut shown = CodeBuilder::new();
    shown.local(Op::LocalGet, 0).pool(Op::CallVirtual, show).pool(Op::CallStatic, string).op(Op::Return);
    let finish = |code: CodeBuilder, desc: &str| code.finish(pool.constants(), desc, false);
    let methods = vec![
        method("hashCode", "()I", finish(hash_code, "()I")),
        method("equals", "(Ljava/lang/Object;)Z", finish(equal, "(Ljava/lang/Object;)Z")),
        method("toString", "()Ljava/lang/String;", finish(shown, "()Ljava/lang/String;")),
    ];
    class(OF_PHANTOM, OBJECT, methods)
}

/// The methods of `.internal.object` for objects of Java.
fn of_java(pool: &mut PoolBuilder) -> ClassDef {
    let (to_java, text) =
        (pool.method(JAVA_BOUNDARY, "toJava", TO_JAVA), pool.method(JAVA_BOUNDARY, "text", TEXT));
    let hash = pool.method(OBJECT, "hashCode", "()I");
    let equals = pool.method(OBJECT, "equals", "(Ljava/lang/Object;)Z");
    let show = pool.method(OBJECT, "toString", "()Ljava/lang/String;");
    let mut hash_code = CodeBuilder::new();
    hash_code.local(Op::LocalGet, 0).pool(Op::CallVirtual, hash).op(Op::Return);
    let mut equal = CodeBuilder::new();
    equal.local(Op::LocalGet, 0).local(Op::LocalGet, 1).pool(Op::CallStatic, to_java);
    equal.pool(Op::CallVirtual, equals).op(Op::Return);
    let mut shown = CodeBuilder::new();
    shown.local(Op::LocalGet, 0).pool(Op::CallVirtual, show).pool(Op::CallStatic, text).op(Op::Return);
    let finish = |code: CodeBuilder, desc: &str| code.finish(pool.constants(), desc, false);
    let methods = vec![
        method("hashCode", "()I", finish(hash_code, "()I")),
        method("equals", "(L.internal.object;)I", finish(equal, "(L.internal.object;)I")),
        method("toString", "()L.internal.string;", finish(shown, "()L.internal.string;")),
    ];
    class(OF_JAVA, OBJECT, methods)
}

/// The exception around what another language has thrown; the machine makes it.
fn thrown(pool: &mut PoolBuilder) -> ClassDef {
    let field = pool.field(THROWN, "thrown", "L.internal.object;");
    let desc = "()Ljava/lang/Object;";
    let mut code = CodeBuilder::new();
    code.local(Op::LocalGet, 0).pool(Op::GetField, field).op(Op::Return);
    let code = code.finish(pool.constants(), desc, false);
    let field = FieldDef {
        name: "thrown".into(),
        desc: "L.internal.object;".into(),
        flags: Flags::PRIVATE,
        value: None,
    };
    let methods = vec![method("thrown", desc, code)];
    ClassDef { fields: vec![field], ..class(THROWN, "java/lang/RuntimeException", methods) }
}
