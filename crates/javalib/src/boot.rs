//! How a Java program begins: code of the world like any other, so a restart in the middle of it goes on with it.
//!
//! `phantom/java/Boot.start` does what a Java machine does before `main` (the groups and the object of the first thread,
//! then the three phases of `java.lang.System`); its `run` is what other threads begin with. A module of its own for each
//! program has the library booted (`Boundary.up`) and then calls `main`.
//!
//! A world that is kept as a template begins with `Boot.main`, which boots the library and waits until the copy has a
//! program; what belongs to that one and not to the library is then set by `begin`.

use crate::support::{get, java_name, natives, object, set, string, text};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use base::checksum::checksum;
use bytecode::{
    BuildError, ClassDef, Code, CodeBuilder, FieldDef, Flags, Language, MethodDef, Module, Op, PoolBuilder,
};
use layout::Value;
use layout::internal::JAVA_BOUNDARY;
use layout::schema::{class, method, program, wait};
use vm::internal::{Call, Invoke, Outcome, Target, Wait};
use vm::{Native, Vm};

/// Name of the class that begins programs.
pub const BOOT_CLASS: &str = "phantom/java/Boot";

const THREAD: &str = "java/lang/Thread";
const GROUP: &str = "java/lang/ThreadGroup";
const SYSTEM: &str = "java/lang/System";
/// `Thread.threadStatus` of one that runs (JVMTI: alive, runnable), and of one that has ended.
pub(crate) const RUNNABLE: i32 = 5;
const TERMINATED: i32 = 2;
/// `Thread.NORM_PRIORITY`.
pub(crate) const PRIORITY: i32 = 5;

pub(crate) const NATIVES: &[Native] = natives! {
    "phantom/java/Boot" {
        "bind" "(Ljava/lang/Thread;)V" Short bind;
        "arguments" "()[Ljava/lang/String;" Short arguments;
        "loaderOf" "(Ljava/lang/Class;)Ljava/lang/ClassLoader;" Short loader_of;
        "lockOf" "(Ljava/lang/ClassLoader;Ljava/lang/String;)Ljava/lang/Object;" Short lock_of;
        "loaded" "(Ljava/lang/ClassLoader;Ljava/lang/String;Ljava/lang/Class;)V" Short loaded;
        "notLoaded" "(Ljava/lang/String;Ljava/lang/Throwable;)Ljava/lang/Throwable;" Short not_loaded;
        "awaitOthers" "()V" Resumable |call| call.await_others();
        "handlerFailed" "(Ljava/lang/Thread;Ljava/lang/Throwable;)V" Resumable handler_failed;
        "await" "()V" Resumable await_program;
        "program" "()I" Resumable program;
        "directory" "()Ljava/lang/String;" Short |call| { let path = call.vm.working_directory(call.thread); string(call, &path) };
        "settle" "(Ljava/lang/String;)V" Short settle;
        "search" "(Ljava/lang/Object;)V" Short search;
    }
};

fn bind(call: &mut Call<'_>) -> Outcome {
    let (me, java) = (call.thread, call.reference_at(0));
    call.vm.bind_java_thread(me, java);
    if let Ok(object) = object(call, 0) {
        set(call.vm, object, "priority", PRIORITY as u64);
        set(call.vm, object, "threadStatus", RUNNABLE as u64);
    }
    Outcome::VOID
}

fn arguments(call: &mut Call<'_>) -> Outcome {
    let args: Vec<String> = call.vm.program_arguments();
    let args: Vec<Value> = args.iter().map(|arg| call.vm.java_string(arg)).collect();
    match crate::support::array_of(call.vm, "java/lang/String", &args) {
        Ok(array) => Outcome::value(array),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// The loader by which the types in a class's descriptors are found.
fn loader_of(call: &mut Call<'_>) -> Outcome {
    match object(call, 0) {
        Ok(mirror) => Outcome::value(Value(get(call.vm, mirror, "classLoader"))),
        Err(thrown) => thrown,
    }
}

/// What is locked while a loader is asked: the loader, unless it can load in parallel; then anything else.
fn lock_of(call: &mut Call<'_>) -> Outcome {
    let parallel = object(call, 0).is_ok_and(|loader| get(call.vm, loader, "parallelLockMap") != 0);
    Outcome::value(call.reference_at(u64::from(parallel)))
}

/// Notes the class that a loader gave, which must have the name that it was asked for.
fn loaded(call: &mut Call<'_>) -> Outcome {
    let (loader, name) = match object(call, 0).and_then(|loader| Ok((loader, text(call, 1)?))) {
        Ok(asked) => asked,
        Err(thrown) => return thrown,
    };
    let name = name.replace('.', "/");
    let found = call.vm.class_of_mirror(call.reference_at(2));
    if found.is_null() || call.vm.text(found, class::NAME) != name {
        return call.throw_java("java/lang/NoClassDefFoundError", Some(&name));
    }
    call.vm.note_class_of(loader, &name, found);
    Outcome::VOID
}

/// What is thrown when a loader threw while it was asked: that a class is not found becomes the cause of an error.
fn not_loaded(call: &mut Call<'_>) -> Outcome {
    let thrown = call.reference_at(1);
    let missing = call.vm.known_class("java/lang/ClassNotFoundException");
    if !missing.is_some_and(|missing| call.vm.is_instance(thrown, missing)) {
        return Outcome::value(thrown);
    }
    let name = match text(call, 0) {
        Ok(name) => name.replace('.', "/"),
        Err(thrown) => return thrown,
    };
    let made = call.vm.java_exception("java/lang/NoClassDefFoundError", Some(&name)).unwrap_or(thrown);
    if let Some(made) = made.as_object() {
        set(call.vm, made, "cause", thrown.0);
    }
    Outcome::value(made)
}

/// Says in a line what the handler of a thread threw, as HotSpot does.
fn handler_failed(call: &mut Call<'_>) -> Outcome {
    let thrown = call.vm.text(call.vm.class_of(call.reference_at(1)), class::NAME);
    let name = object(call, 0).map(|thread| get(call.vm, thread, "name"));
    let name = call.vm.java_text(Value(name.unwrap_or(0))).unwrap_or_default();
    let text = format!(
        "\nException: {} thrown from the UncaughtExceptionHandler in thread \"{name}\"\n",
        java_name(&thrown)
    );
    call.write_console(true, text.as_bytes())
}

/// The class by which the program of the running thread begins.
fn program_class(call: &Call<'_>) -> Option<Addr> {
    call.vm.owner_of(call.thread).map(|owner| call.vm.ref_field(owner, program::CLASS))
}

/// Waits until the program that only boots the library has become another one; wakings before are none.
fn await_program(call: &mut Call<'_>) -> Outcome {
    match program_class(call) {
        Some(class) if call.vm.text(class, class::NAME) == BOOT_CLASS => {
            Outcome::Block(Wait::At { kind: wait::PARK, object: call.thread, until: None })
        }
        _ => Outcome::VOID,
    }
}

/// Calls the entry of the running program's class; phase 1: it has returned.
fn program(call: &mut Call<'_>) -> Outcome {
    if call.phase() == 1 {
        return Outcome::int(call.result().as_int().unwrap_or(0));
    }
    let methods = program_class(call).map(|class| call.vm.ref_field(class, class::METHODS));
    let entry = methods.and_then(|methods| {
        let mut all = (0..call.vm.array_len(methods)).map(|index| Addr(call.vm.array_get(methods, index).0));
        all.find(|target| call.vm.text(*target, method::NAME) == "main")
    });
    let Some(entry) = entry else {
        return call.throw_java("java/lang/NoSuchMethodError", Some("main"));
    };
    call.set_phase(1);
    Outcome::Call(Invoke { receiver: Value::NULL, method: Target::Method(entry), args: Vec::new() })
}

/// The object that a static field of the library refers to, if it has one already.
fn held(vm: &Vm, owner: &str, name: &str) -> Option<Addr> {
    vm.java_static(owner, name).and_then(|bits| Value(bits).as_object())
}

/// Where the application's loader searches.
fn search(call: &mut Call<'_>) -> Outcome {
    let path = call.raw(0);
    if let Some(loader) = held(call.vm, "jdk/internal/loader/ClassLoaders", "APP_LOADER") {
        set(call.vm, loader, "ucp", path);
    }
    Outcome::VOID
}

/// Gives what the library keeps since its boot the values of the program that begins: the working directory, and seeds of
/// its generators, which every copy of the world has.
fn settle(call: &mut Call<'_>) -> Outcome {
    let directory = call.raw(0);
    let vm = &mut *call.vm;
    vm.set_java_static("jdk/internal/util/StaticProperty", "USER_DIR", directory);
    if let Some(system) = held(vm, "java/io/File", "fs") {
        set(vm, system, "userDir", directory);
    }
    let mut seed = [0; 8];
    vm.platform.entropy.fill(&mut seed);
    if let Some(seeder) = held(vm, "java/util/concurrent/ThreadLocalRandom", "seeder") {
        set(vm, seeder, "value", u64::from_le_bytes(seed));
    }
    // Drawn anew where it is zero.
    if let Some(thread) = vm.java_thread(call.thread).as_object() {
        set(vm, thread, "threadLocalRandomProbe", 0);
    }
    Outcome::VOID
}

pub(crate) fn method(name: &str, desc: &str, flags: Flags, code: Result<Code, BuildError>) -> MethodDef {
    MethodDef {
        name: name.into(),
        desc: desc.into(),
        flags: flags | Flags::HIDDEN,
        code: if flags.has(Flags::NATIVE) { None } else { Some(code.unwrap_or_default()) },
        ..MethodDef::default()
    }
}

fn module(name: &str, pool: PoolBuilder, methods: Vec<MethodDef>) -> Module {
    let class = ClassDef {
        name: name.into(),
        super_name: Some("java/lang/Object".into()),
        flags: Flags::PUBLIC | Flags::FINAL | Flags::SYNTHETIC,
        fields: Vec::<FieldDef>::new(),
        methods,
        ..ClassDef::default()
    };
    Module {
        name: name.into(),
        language: Language::Java,
        pool: pool.finish(),
        classes: alloc::vec![class],
        entry: Some(name.into()),
        ..Module::default()
    }
}

/// The class by which programs and threads begin.
pub fn boot_module() -> Module {
    let mut pool = PoolBuilder::new();
    let start = start_code(&mut pool);
    let (begin, ready) = (begin_code(&mut pool), ready_code(&mut pool));
    let shut_down = shut_down_code(&mut pool);
    let (run, end) = (run_code(&mut pool), end_code(&mut pool));
    let ask = ask_code(&mut pool);
    let (register, uncaught) = (register_code(&mut pool), uncaught_code(&mut pool));
    let native = Flags::STATIC | Flags::NATIVE;
    let [link_method, link_site, constant, method_handle, field_handle, method_type] = linking(&mut pool);
    let methods = alloc::vec![
        method("linkMethod", LINK_METHOD, Flags::STATIC, link_method),
        method("linkCallSite", LINK_SITE, Flags::STATIC, link_site),
        method("linkConstant", LINK_SITE, Flags::STATIC, constant),
        method("methodHandle", HANDLE, Flags::STATIC, method_handle),
        method("fieldHandle", HANDLE, Flags::STATIC, field_handle),
        method("methodType", TYPE, Flags::STATIC, method_type),
        method("start", START, Flags::STATIC, start),
        method("begin", BEGIN, Flags::STATIC, begin),
        method("main", "()I", Flags::STATIC | Flags::PUBLIC, ready),
        method("run", ENDED.1, Flags::STATIC, run),
        method(ENDED.0, ENDED.1, Flags::STATIC, end),
        method(OTHERS, "()V", native, Ok(Code::default())),
        method(SHUT_DOWN, "()V", Flags::STATIC, shut_down),
        method("register", "(Ljava/lang/Object;)V", Flags::STATIC, register),
        method("uncaught", UNCAUGHT, Flags::STATIC, uncaught),
        method("handlerFailed", UNCAUGHT, native, Ok(Code::default())),
        method("bind", "(Ljava/lang/Thread;)V", native, Ok(Code::default())),
        method("arguments", "()[Ljava/lang/String;", native, Ok(Code::default())),
        method("loadClass", LOAD_CLASS, Flags::STATIC, ask),
        method("loaderOf", LOADER_OF, native, Ok(Code::default())),
        method("lockOf", LOCK_OF, native, Ok(Code::default())),
        method("loaded", LOADED, native, Ok(Code::default())),
        method("notLoaded", NOT_LOADED, native, Ok(Code::default())),
        method("await", "()V", native, Ok(Code::default())),
        method("program", "()I", native, Ok(Code::default())),
        method("directory", "()Ljava/lang/String;", native, Ok(Code::default())),
        method("settle", SETTLE, native, Ok(Code::default())),
        method("search", SEARCH, native, Ok(Code::default())),
    ];
    let mut made = module(BOOT_CLASS, pool, methods);
    for class in &mut made.classes {
        class.fields.push(FieldDef {
            name: PROPERTIES.0.into(),
            desc: PROPERTIES.1.into(),
            flags: Flags::STATIC,
            ..FieldDef::default()
        });
    }
    made
}

const LINK_METHOD: &str =
    "(Ljava/lang/Class;Ljava/lang/Class;Ljava/lang/String;Ljava/lang/String;)Ljava/lang/Object;";
const LINK_SITE: &str = "(Ljava/lang/Class;Ljava/lang/Object;Ljava/lang/String;Ljava/lang/String;Ljava/lang/Object;)\
                         Ljava/lang/Object;";
const HANDLE: &str =
    "(Ljava/lang/Class;ILjava/lang/Class;Ljava/lang/String;Ljava/lang/String;)Ljava/lang/Object;";
const TYPE: &str = "(Ljava/lang/Class;Ljava/lang/String;)Ljava/lang/Object;";
const LOAD_CLASS: &str = "(Ljava/lang/ClassLoader;Ljava/lang/String;)V";
const LOADER_OF: &str = "(Ljava/lang/Class;)Ljava/lang/ClassLoader;";
const LOCK_OF: &str = "(Ljava/lang/ClassLoader;Ljava/lang/String;)Ljava/lang/Object;";
const LOADED: &str = "(Ljava/lang/ClassLoader;Ljava/lang/String;Ljava/lang/Class;)V";
const NOT_LOADED: &str = "(Ljava/lang/String;Ljava/lang/Throwable;)Ljava/lang/Throwable;";
/// `REF_invokeVirtual` (JVMS table 5.4.3.5-A).
const INVOKE_VIRTUAL: i32 = 5;

/// What hands call sites and constants to the library, which links them: of a call (method of a handle, call site), a
/// computed constant, handles of methods and fields, a method type. Descriptors become types here.
fn linking(pool: &mut PoolBuilder) -> [Result<Code, BuildError>; 6] {
    const NATIVES: &str = "java/lang/invoke/MethodHandleNatives";
    let parse = pool.method(
        "java/lang/invoke/MethodType",
        "fromDescriptor",
        "(Ljava/lang/String;Ljava/lang/ClassLoader;)Ljava/lang/invoke/MethodType;",
    );
    let result = pool.method("java/lang/invoke/MethodType", "returnType", "()Ljava/lang/Class;");
    let object = pool.class("java/lang/Object");
    let link_method = pool.method(
        NATIVES,
        "linkMethod",
        "(Ljava/lang/Class;ILjava/lang/Class;Ljava/lang/String;Ljava/lang/Object;[Ljava/lang/Object;)\
         Ljava/lang/invoke/MemberName;",
    );
    let link_site = pool.method(
        NATIVES,
        "linkCallSite",
        "(Ljava/lang/Object;ILjava/lang/Object;Ljava/lang/Object;Ljava/lang/Object;Ljava/lang/Object;\
         [Ljava/lang/Object;)Ljava/lang/invoke/MemberName;",
    );
    let constant = pool.method(
        NATIVES,
        "linkDynamicConstant",
        "(Ljava/lang/Object;ILjava/lang/Object;Ljava/lang/Object;Ljava/lang/Object;Ljava/lang/Object;)\
         Ljava/lang/Object;",
    );
    let handle = pool.method(
        NATIVES,
        "linkMethodHandleConstant",
        "(Ljava/lang/Class;ILjava/lang/Class;Ljava/lang/String;Ljava/lang/Object;)\
         Ljava/lang/invoke/MethodHandle;",
    );
    let loader_of = pool.method(BOOT_CLASS, "loaderOf", LOADER_OF);
    // The class in whose code the type stands is the first argument of each.
    let type_of = |code: &mut CodeBuilder, local: u16| {
        code.local(Op::LocalGet, local).local(Op::LocalGet, 0).pool(Op::CallStatic, loader_of);
        code.pool(Op::CallStatic, parse);
    };
    // The member and the appendix, which stands in an array in the local, as an array of two.
    let pair = |code: &mut CodeBuilder, appendix: u16, member: u16| {
        code.local(Op::LocalSet, member).i32_const(2).pool(Op::NewRefArray, object);
        code.op(Op::Dup).i32_const(0).local(Op::LocalGet, member).op(Op::ArraySetRef);
        code.op(Op::Dup).i32_const(1).local(Op::LocalGet, appendix).i32_const(0).op(Op::ArrayGetRef);
        code.op(Op::ArraySetRef).op(Op::Return);
    };
    let mut method = CodeBuilder::new();
    method.i32_const(1).pool(Op::NewRefArray, object).local(Op::LocalSet, 4);
    method.local(Op::LocalGet, 0).i32_const(INVOKE_VIRTUAL).local(Op::LocalGet, 1).local(Op::LocalGet, 2);
    type_of(&mut method, 3);
    method.local(Op::LocalGet, 4).pool(Op::CallStatic, link_method);
    pair(&mut method, 4, 5);
    let mut site = CodeBuilder::new();
    site.i32_const(1).pool(Op::NewRefArray, object).local(Op::LocalSet, 5);
    site.local(Op::LocalGet, 0).i32_const(0).local(Op::LocalGet, 1).local(Op::LocalGet, 2);
    type_of(&mut site, 3);
    site.local(Op::LocalGet, 4).local(Op::LocalGet, 5).pool(Op::CallStatic, link_site);
    pair(&mut site, 5, 6);
    let mut computed = CodeBuilder::new();
    computed.local(Op::LocalGet, 0).i32_const(0).local(Op::LocalGet, 1).local(Op::LocalGet, 2);
    type_of(&mut computed, 3);
    computed.pool(Op::CallVirtual, result).local(Op::LocalGet, 4);
    computed.pool(Op::CallStatic, constant).op(Op::Return);
    let handle_code = |is_field: bool| {
        let mut code = CodeBuilder::new();
        for local in 0..4 {
            code.local(Op::LocalGet, local);
        }
        type_of(&mut code, 4);
        if is_field {
            code.pool(Op::CallVirtual, result);
        }
        code.pool(Op::CallStatic, handle).op(Op::Return);
        code
    };
    let mut only_type = CodeBuilder::new();
    type_of(&mut only_type, 1);
    only_type.op(Op::Return);
    let finish = |code: CodeBuilder, desc: &str| code.finish(pool.constants(), desc, true);
    [
        finish(method, LINK_METHOD),
        finish(site, LINK_SITE),
        finish(computed, LINK_SITE),
        finish(handle_code(false), HANDLE),
        finish(handle_code(true), HANDLE),
        finish(only_type, TYPE),
    ]
}

/// Asks a loader for a class, under the lock that HotSpot takes, and has the answer noted.
fn ask_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    let load = pool.method("java/lang/ClassLoader", "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;");
    let lock = pool.method(BOOT_CLASS, "lockOf", LOCK_OF);
    let loaded = pool.method(BOOT_CLASS, "loaded", LOADED);
    let not_loaded = pool.method(BOOT_CLASS, "notLoaded", NOT_LOADED);
    let (begin, end, caught) = (code.label(), code.label(), code.label());
    code.local(Op::LocalGet, 0).local(Op::LocalGet, 1).pool(Op::CallStatic, lock);
    code.local(Op::LocalTee, 2).op(Op::MonitorEnter);
    code.bind(begin).local(Op::LocalGet, 0).local(Op::LocalGet, 1).pool(Op::CallVirtual, load);
    code.local(Op::LocalSet, 3).bind(end).local(Op::LocalGet, 2).op(Op::MonitorExit);
    code.local(Op::LocalGet, 0).local(Op::LocalGet, 1).local(Op::LocalGet, 3).pool(Op::CallStatic, loaded);
    code.op(Op::Return);
    code.bind(caught).local(Op::LocalSet, 3).local(Op::LocalGet, 2).op(Op::MonitorExit);
    code.local(Op::LocalGet, 1).local(Op::LocalGet, 3).pool(Op::CallStatic, not_loaded).op(Op::Throw);
    code.handler(begin, end, caught, None);
    code.finish(pool.constants(), LOAD_CLASS, true)
}

/// The end of a thread.
const ENDED: (&str, &str) = ("end", "(Ljava/lang/Thread;)V");
/// Waits for the other threads; does that and then what is to be done at the end of the program.
const OTHERS: &str = "awaitOthers";
const SHUT_DOWN: &str = "shutDown";

/// System properties (names and values in turn, or null) that the program which boots the library was given.
pub(crate) const PROPERTIES: (&str, &str) = ("properties", "[Ljava/lang/String;");
/// Its parameters are such properties, and the class path, where the library looks for resources.
pub(crate) const START: &str = "([Ljava/lang/String;Ljava/lang/String;)V";

/// What HotSpot's `Threads::create_vm` does in Java.
fn start_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    let (group, thread, main) = (pool.class(GROUP), pool.class(THREAD), pool.str("main"));
    let system_group = pool.method(GROUP, "<init>", "()V");
    let main_group = pool.method(GROUP, "<init>", "(Ljava/lang/ThreadGroup;Ljava/lang/String;)V");
    let make = pool.method(THREAD, "<init>", "(Ljava/lang/ThreadGroup;Ljava/lang/String;)V");
    let bind = pool.method(BOOT_CLASS, "bind", "(Ljava/lang/Thread;)V");
    code.pool(Op::New, group).op(Op::Dup).pool(Op::CallSpecial, system_group).local(Op::LocalSet, 2);
    code.pool(Op::New, group).op(Op::Dup).local(Op::LocalGet, 2).pool(Op::Const, main);
    code.pool(Op::CallSpecial, main_group).local(Op::LocalSet, 3);
    code.pool(Op::New, thread).local(Op::LocalTee, 4).pool(Op::CallStatic, bind);
    code.local(Op::LocalGet, 4).local(Op::LocalGet, 3).pool(Op::Const, main).pool(Op::CallSpecial, make);
    // Classes whose initialisers others rely on; making an object initialises its class.
    for class in ["java/lang/Module", "java/lang/reflect/Method", "java/lang/ref/Finalizer"] {
        let class = pool.class(class);
        code.pool(Op::New, class).op(Op::Pop);
    }
    let phase = pool.method(SYSTEM, "initPhase1", "()V");
    code.pool(Op::CallStatic, phase);
    // The second phase makes the modules and class loaders by them.
    let set = pool.method(SYSTEM, "setProperty", "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;");
    let (next, end) = (code.label(), code.label());
    code.local(Op::LocalGet, 0).branch(Op::BrNull, end).i32_const(0).local(Op::LocalSet, 5).bind(next);
    code.local(Op::LocalGet, 5).local(Op::LocalGet, 0).op(Op::ArrayLen).branch(Op::BrI32GeS, end);
    for offset in [0, 1] {
        code.local(Op::LocalGet, 0)
            .local(Op::LocalGet, 5)
            .i32_const(offset)
            .op(Op::I32Add)
            .op(Op::ArrayGetRef);
    }
    code.pool(Op::CallStatic, set).op(Op::Pop);
    code.local(Op::LocalGet, 5).i32_const(2).op(Op::I32Add).local(Op::LocalSet, 5);
    let class_path = pool.str("java.class.path");
    code.branch(Op::Goto, next).bind(end).pool(Op::Const, class_path).local(Op::LocalGet, 1);
    code.pool(Op::CallStatic, set).op(Op::Pop);
    let phase = pool.method(SYSTEM, "initPhase2", "(ZZ)I");
    code.i32_const(1).i32_const(1).pool(Op::CallStatic, phase).op(Op::Pop);
    let phase = pool.method(SYSTEM, "initPhase3", "()V");
    code.pool(Op::CallStatic, phase).op(Op::Return);
    code.finish(pool.constants(), START, true)
}

/// The class path is its parameter.
const BEGIN: &str = "(Ljava/lang/String;)V";
const SETTLE: &str = "(Ljava/lang/String;)V";
const SEARCH: &str = "(Ljava/lang/Object;)V";

/// What belongs to a program and not to the library that may have been booted before, elsewhere: class path and directory.
fn begin_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    const URL_PATH: &str = "jdk/internal/loader/URLClassPath";
    let mut code = CodeBuilder::new();
    let set = pool.method(SYSTEM, "setProperty", "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;");
    let directory = pool.method(BOOT_CLASS, "directory", "()Ljava/lang/String;");
    code.pool(Op::CallStatic, directory).local(Op::LocalSet, 1);
    for (key, local) in [("java.class.path", 0), ("user.dir", 1)] {
        let key = pool.str(key);
        code.pool(Op::Const, key).local(Op::LocalGet, local).pool(Op::CallStatic, set).op(Op::Pop);
    }
    let settle = pool.method(BOOT_CLASS, "settle", SETTLE);
    // First the directory: relative places of the class path lead from there.
    code.local(Op::LocalGet, 1).pool(Op::CallStatic, settle);
    let path = pool.class(URL_PATH);
    let make = pool.method(URL_PATH, "<init>", "(Ljava/lang/String;Z)V");
    let search = pool.method(BOOT_CLASS, "search", SEARCH);
    code.pool(Op::New, path).local(Op::LocalTee, 2).local(Op::LocalGet, 0).i32_const(0);
    code.pool(Op::CallSpecial, make).local(Op::LocalGet, 2).pool(Op::CallStatic, search).op(Op::Return);
    code.finish(pool.constants(), BEGIN, true)
}

/// The entry of a world in which a program is to begin later: boots the library, waits, and is that program.
fn ready_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    for (class, name, desc) in [
        (JAVA_BOUNDARY, "up", "()V"),
        (BOOT_CLASS, "await", "()V"),
        (JAVA_BOUNDARY, "classPath", "()Ljava/lang/String;"),
        (BOOT_CLASS, "begin", BEGIN),
        (BOOT_CLASS, "program", "()I"),
    ] {
        let step = pool.method(class, name, desc);
        code.pool(Op::CallStatic, step);
    }
    code.op(Op::Return);
    code.finish(pool.constants(), "()I", true)
}

/// A thread's life: `run`, the handler of what that throws, the end.
fn run_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    let run = pool.method(THREAD, "run", "()V");
    let finish = pool.method(BOOT_CLASS, ENDED.0, ENDED.1);
    let uncaught = pool.method(BOOT_CLASS, "uncaught", UNCAUGHT);
    let (begin, end, caught, leave) = (code.label(), code.label(), code.label(), code.label());
    code.bind(begin).local(Op::LocalGet, 0).pool(Op::CallVirtual, run).bind(end).branch(Op::Goto, leave);
    code.bind(caught).local(Op::LocalSet, 1).local(Op::LocalGet, 0).local(Op::LocalGet, 1);
    code.pool(Op::CallStatic, uncaught);
    code.bind(leave).local(Op::LocalGet, 0).pool(Op::CallStatic, finish).op(Op::Return);
    code.handler(begin, end, caught, None);
    code.finish(pool.constants(), ENDED.1, true)
}

/// The end of a thread: `exit`, whatever that throws, and what `join` waits for.
fn end_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    let status = pool.field(THREAD, "threadStatus", "I");
    let exit = pool.method(THREAD, "exit", "()V");
    let notify = pool.method("java/lang/Object", "notifyAll", "()V");
    let (begin, end, caught, leave) = (code.label(), code.label(), code.label(), code.label());
    code.bind(begin).local(Op::LocalGet, 0).pool(Op::CallSpecial, exit).branch(Op::Goto, leave).bind(end);
    code.bind(caught).op(Op::Pop);
    code.bind(leave).local(Op::LocalGet, 0).op(Op::MonitorEnter);
    code.local(Op::LocalGet, 0).i32_const(TERMINATED).pool(Op::PutField, status);
    // What `isAlive` looks at: zero for a thread that does not run.
    let alive = pool.field(THREAD, "eetop", "J");
    code.local(Op::LocalGet, 0).i64_const(0).pool(Op::PutField, alive);
    code.local(Op::LocalGet, 0).pool(Op::CallVirtual, notify);
    code.local(Op::LocalGet, 0).op(Op::MonitorExit).op(Op::Return);
    code.handler(begin, end, caught, None);
    code.finish(pool.constants(), ENDED.1, true)
}

/// The end of a program whose `main` has returned: when only daemons are left, its shutdown hooks run (HotSpot's
/// `DestroyJavaVM`).
fn shut_down_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let mut code = CodeBuilder::new();
    let (others, hooks) =
        (pool.method(BOOT_CLASS, OTHERS, "()V"), pool.method("java/lang/Shutdown", "shutdown", "()V"));
    let (begin, end, caught) = (code.label(), code.label(), code.label());
    code.pool(Op::CallStatic, others);
    code.bind(begin).pool(Op::CallStatic, hooks).op(Op::Return).bind(end);
    code.bind(caught).op(Op::Pop).op(Op::Return);
    code.handler(begin, end, caught, None);
    code.finish(pool.constants(), "()V", true)
}

const UNCAUGHT: &str = "(Ljava/lang/Thread;Ljava/lang/Throwable;)V";

/// What becomes of what a thread threw and nobody caught: the library's handler gets it; of what that throws one line is
/// said.
fn uncaught_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let handler = pool.method(THREAD, "dispatchUncaughtException", "(Ljava/lang/Throwable;)V");
    let failed = pool.method(BOOT_CLASS, "handlerFailed", UNCAUGHT);
    let mut code = CodeBuilder::new();
    let (begin, end, caught) = (code.label(), code.label(), code.label());
    code.bind(begin).local(Op::LocalGet, 0).local(Op::LocalGet, 1).pool(Op::CallSpecial, handler).bind(end);
    code.op(Op::Return);
    code.bind(caught).local(Op::LocalSet, 1).local(Op::LocalGet, 0).local(Op::LocalGet, 1);
    code.pool(Op::CallStatic, failed).op(Op::Return);
    code.handler(begin, end, caught, None);
    code.finish(pool.constants(), UNCAUGHT, true)
}

/// Registers an object that has a finalizer, instead of the constructor of `java.lang.Object`.
fn register_code(pool: &mut PoolBuilder) -> Result<Code, BuildError> {
    let register = pool.method("java/lang/ref/Finalizer", "register", "(Ljava/lang/Object;)V");
    let mut code = CodeBuilder::new();
    code.local(Op::LocalGet, 0).pool(Op::CallStatic, register).op(Op::Return);
    code.finish(pool.constants(), "(Ljava/lang/Object;)V", true)
}

/// The module of a program whose `main(String[])` a class has (name with slashes): its entry boots the library, unless it is
/// booted in this world already, runs it,
/// and has the status 1 when it throws.
///
/// The system properties are set before the library makes its modules and class loaders, when this program boots it.
pub fn start_module(main_class: &str, properties: &[(String, String)]) -> Module {
    // Another start of the same class is another module.
    let all: String = properties.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let name = format!(
        "phantom/java/Start${}-{:08x}",
        main_class.replace('/', "."),
        checksum(all.as_bytes()) as u32
    );
    let mut pool = PoolBuilder::new();
    let mut code = CodeBuilder::new();
    let string = pool.class("java/lang/String");
    let given = pool.field(BOOT_CLASS, PROPERTIES.0, PROPERTIES.1);
    let up = pool.method(JAVA_BOUNDARY, "up", "()V");
    let arguments = pool.method(BOOT_CLASS, "arguments", "()[Ljava/lang/String;");
    let main = pool.method(main_class, "main", "([Ljava/lang/String;)V");
    let current = pool.method(THREAD, "currentThread", "()Ljava/lang/Thread;");
    let uncaught = pool.method(BOOT_CLASS, "uncaught", UNCAUGHT);
    let finish = pool.method(BOOT_CLASS, ENDED.0, ENDED.1);
    let (begin, end, caught, leave) = (code.label(), code.label(), code.label(), code.label());
    if !properties.is_empty() {
        code.i32_const(2 * properties.len() as i32).pool(Op::NewRefArray, string);
        let texts = properties.iter().flat_map(|(name, value)| [name, value]);
        for (index, text) in texts.enumerate() {
            let text = pool.str(text);
            code.op(Op::Dup).i32_const(index as i32).pool(Op::Const, text).op(Op::ArraySetRef);
        }
        code.pool(Op::PutStatic, given);
    }
    code.pool(Op::CallStatic, up);
    code.bind(begin).pool(Op::CallStatic, arguments).pool(Op::CallStatic, main).bind(end);
    code.i32_const(0).local(Op::LocalSet, 0).branch(Op::Goto, leave);
    code.bind(caught).local(Op::LocalSet, 1).i32_const(1).local(Op::LocalSet, 0);
    code.pool(Op::CallStatic, current).local(Op::LocalGet, 1).pool(Op::CallStatic, uncaught);
    code.bind(leave).pool(Op::CallStatic, current).pool(Op::CallStatic, finish);
    let shut_down = pool.method(BOOT_CLASS, SHUT_DOWN, "()V");
    code.pool(Op::CallStatic, shut_down).local(Op::LocalGet, 0).op(Op::Return);
    code.handler(begin, end, caught, None);
    let code = code.finish(pool.constants(), "()I", true);
    let methods = alloc::vec![method("main", "()I", Flags::STATIC | Flags::PUBLIC, code)];
    module(&name, pool, methods)
}
