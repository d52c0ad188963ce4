//! `java.lang.Class`, class loaders, modules and what reflection asks of the machine.
//!
//! What programs declared is read from the class file that the class keeps (`java::CLASS_FILE`); classes without one (those
//! made for lambdas) have no declared members to show.

use crate::support::{array_of, done, get, natives, nothing, object, set, string, text, zero};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Elem, Flags, TypeDesc};
use java::{CLASS_FILE, ClassFile};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, java_state};
use vm::internal::{Call, Invoke, Outcome, Target};
use vm::{Native, Vm};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/Class" {
        "forName0" "(Ljava/lang/String;ZLjava/lang/ClassLoader;Ljava/lang/Class;)Ljava/lang/Class;" Resumable for_name;
        "isInstance" "(Ljava/lang/Object;)Z" Short is_instance;
        "isAssignableFrom" "(Ljava/lang/Class;)Z" Short is_assignable;
        "isInterface" "()Z" Short |call| { let flags = flags_of(call); Outcome::truth(flags.has(Flags::INTERFACE)) };
        "isArray" "()Z" Short |call| { let of = class_of(call); Outcome::truth(!of.is_null() && call.vm.is_array_class(of)) };
        "isPrimitive" "()Z" Short |call| { let this = call.reference_at(0); Outcome::truth(call.vm.primitive_of_mirror(this).is_some()) };
        "isHidden" "()Z" Short |call| { let flags = flags_of(call); Outcome::truth(flags.has(Flags::HIDDEN)) };
        "isRecord0" "()Z" Short |call| { let flags = flags_of(call); Outcome::truth(flags.has(Flags::RECORD)) };
        "initClassName" "()Ljava/lang/String;" Short init_name;
        "getSuperclass" "()Ljava/lang/Class;" Short superclass;
        "getInterfaces0" "()[Ljava/lang/Class;" Idempotent interfaces;
        "getModifiers" "()I" Short modifiers;
        "getPrimitiveClass" "(Ljava/lang/String;)Ljava/lang/Class;" Short primitive_class;
        "getSigners" "()[Ljava/lang/Object;" Short zero;
        "getProtectionDomain0" "()Ljava/security/ProtectionDomain;" Short |call| { let this = call.this(); Outcome::Return(get(call.vm, this, java::DOMAIN_FIELD)) };
        "getSimpleBinaryName0" "()Ljava/lang/String;" Short simple_binary_name;
        "getDeclaringClass0" "()Ljava/lang/Class;" Idempotent declaring_class;
        "getEnclosingMethod0" "()[Ljava/lang/Object;" Idempotent enclosing_method;
        "getGenericSignature0" "()Ljava/lang/String;" Short generic_signature;
        "getNestHost0" "()Ljava/lang/Class;" Idempotent nest_host;
    }
    "java/lang/ClassLoader" {
        "findBootstrapClass" "(Ljava/lang/String;)Ljava/lang/Class;" Short find_bootstrap;
        "findLoadedClass0" "(Ljava/lang/String;)Ljava/lang/Class;" Short find_loaded;
    }
    "jdk/internal/loader/BuiltinClassLoader" {
        "findClassInModuleOrNull" "(Ljdk/internal/loader/BuiltinClassLoader$LoadedModule;Ljava/lang/String;)Ljava/lang/Class;" Short |call| find_class(call, 2);
    }
    "java/lang/Module" {
        "defineModule0" "(Ljava/lang/Module;ZLjava/lang/String;Ljava/lang/String;[Ljava/lang/Object;)V" Short define_module;
        "addReads0" "(Ljava/lang/Module;Ljava/lang/Module;)V" Short nothing;
        "addExports0" "(Ljava/lang/Module;Ljava/lang/String;Ljava/lang/Module;)V" Short nothing;
        "addExportsToAll0" "(Ljava/lang/Module;Ljava/lang/String;)V" Short nothing;
        "addExportsToAllUnnamed0" "(Ljava/lang/Module;Ljava/lang/String;)V" Short nothing;
    }
    "jdk/internal/loader/BootLoader" {
        "setBootLoaderUnnamedModule0" "(Ljava/lang/Module;)V" Short unnamed_module;
        "getSystemPackageNames" "()[Ljava/lang/String;" Short |call| strings(call, &[]);
        "getSystemPackageLocation" "(Ljava/lang/String;)Ljava/lang/String;" Short zero;
    }
    "jdk/internal/reflect/Reflection" {
        "getCallerClass" "()Ljava/lang/Class;" Short caller_class;
        "getClassAccessFlags" "(Ljava/lang/Class;)I" Short |call| Outcome::int(access_flags(call.vm, call.vm.class_of_mirror(call.reference_at(0))));
        "areNestMates" "(Ljava/lang/Class;Ljava/lang/Class;)Z" Short nest_mates;
    }
    "java/lang/reflect/Array" {
        "getLength" "(Ljava/lang/Object;)I" Short array_length;
        "newArray" "(Ljava/lang/Class;I)Ljava/lang/Object;" Short new_array;
    }
};

/// The class of the receiver, a mirror; null for primitive types.
pub(crate) fn class_of(call: &Call<'_>) -> Addr {
    call.vm.class_of_mirror(call.reference_at(0))
}

fn flags_of(call: &Call<'_>) -> Flags {
    match class_of(call) {
        Addr::NULL => Flags::NONE,
        of => Flags(call.vm.get_u32(of, class::FLAGS)),
    }
}

fn strings(call: &mut Call<'_>, texts: &[&str]) -> Outcome {
    let texts: Vec<Value> = texts.iter().map(|text| call.vm.java_string(text)).collect();
    match array_of(call.vm, "java/lang/String", &texts) {
        Ok(made) => Outcome::value(made),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// Java's name of a primitive type or `void`.
fn primitive_name(of: Option<Elem>) -> &'static str {
    of.map_or("void", java::primitive)
}

/// A class by name as `Class.forName` takes it, initialised if that is wanted. Phase 1: found, in reference 0; 2: the
/// loader was asked for it.
fn for_name(call: &mut Call<'_>) -> Outcome {
    if call.phase() != 1 {
        let found = match named(call) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        call.set_reference(0, Value::object(found));
        call.set_phase(1);
    }
    let Some(found) = call.reference(0).as_object() else { return Outcome::value(Value::NULL) };
    if call.int_at(1) != 0 && call.vm.wants_initialising(found) {
        return Outcome::Initialise(found);
    }
    Outcome::value(call.vm.mirror_of(found))
}

/// The class that a loader finds under a name with dots (JVMS 5.3, `Class.forName0`).
fn named(call: &mut Call<'_>) -> Result<Addr, Outcome> {
    let name = text(call, 0)?;
    let slashed = name.replace('.', "/");
    let missing = |call: &mut Call<'_>| call.throw_java("java/lang/ClassNotFoundException", Some(&name));
    let loader = call.reference_at(2);
    let Some(own) = call.vm.program_loader(loader) else {
        if name.contains('/') || !call.vm.library_loader_finds(loader, &slashed) {
            return Err(missing(call));
        }
        return call.vm.class_by_name(&slashed).map_err(|_| missing(call));
    };
    // Of an array the class of its elements is looked for.
    let dimensions = slashed.len() - slashed.trim_start_matches('[').len();
    let mut plain = slashed.as_str();
    if dimensions > 0 {
        match TypeDesc::parse(&slashed[dimensions..]) {
            Ok(TypeDesc::Class(_)) => plain = &slashed[dimensions + 1..slashed.len() - 1],
            _ => return call.vm.class_by_name(&slashed).map_err(|_| missing(call)),
        }
    }
    if name.contains('/') {
        return Err(missing(call));
    }
    let mut found = call.vm.class_known_to(own, plain);
    if found.is_none() && call.phase() == 2 {
        let given = call.vm.class_of_mirror(call.result());
        if given.is_null() || call.vm.text(given, class::NAME) != plain {
            return Err(missing(call));
        }
        call.vm.note_class_of(own, plain, given);
        found = Some(given);
    }
    let Some(mut found) = found else {
        let dotted = call.vm.java_string(&plain.replace('/', "."));
        let method = load_method(call, own)?;
        call.set_phase(2);
        return Err(Outcome::Call(Invoke { receiver: loader, method, args: alloc::vec![dotted] }));
    };
    for _ in 0..dimensions {
        found = call.vm.array_class(found);
    }
    Ok(found)
}

/// The `loadClass(String)` of a class loader.
fn load_method(call: &mut Call<'_>, loader: Addr) -> Result<Target, Outcome> {
    let base = call.vm.class_by_name("java/lang/ClassLoader").map_err(Outcome::Throw)?;
    let (name, desc) =
        (call.vm.intern(b"loadClass"), call.vm.intern(b"(Ljava/lang/String;)Ljava/lang/Class;"));
    let Some(declared) = call.vm.find_method(base, name, desc) else {
        return Err(call.throw_java("java/lang/NoSuchMethodError", Some("loadClass")));
    };
    let of = call.vm.class_of(Value::object(loader));
    call.vm.select(of, declared).map(Target::Method).map_err(Outcome::Throw)
}

fn is_instance(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let value = call.reference_at(1);
    Outcome::truth(!of.is_null() && call.vm.is_instance(value, of))
}

fn is_assignable(call: &mut Call<'_>) -> Outcome {
    if let Err(thrown) = object(call, 1) {
        return thrown;
    }
    let (this, other) = (call.reference_at(0), call.reference_at(1));
    let (to, from) = (call.vm.class_of_mirror(this), call.vm.class_of_mirror(other));
    Outcome::truth(this == other || !to.is_null() && !from.is_null() && call.vm.is_subclass(from, to))
}

fn init_name(call: &mut Call<'_>) -> Outcome {
    let this = call.this();
    let name = match call.vm.primitive_of_mirror(Value::object(this)) {
        Some(of) => String::from(primitive_name(of)),
        None => {
            let of = class_of(call);
            call.vm.java_class_name(of)
        }
    };
    let name = call.vm.java_literal(&name);
    set(call.vm, this, "name", name.0);
    Outcome::value(name)
}

fn superclass(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    if of.is_null() || flags_of(call).has(Flags::INTERFACE) {
        return Outcome::value(Value::NULL);
    }
    let root = call.vm.known_class("java/lang/Object");
    let above = if call.vm.is_array_class(of) { root } else { call.vm.get_ref(of, class::SUPER).as_object() };
    match above {
        // Above java.lang.Object is only Phantom's own root.
        Some(above) if Some(of) != root => Outcome::value(call.vm.mirror_of(above)),
        _ => Outcome::value(Value::NULL),
    }
}

/// Names of the direct superinterfaces, from the definition.
fn direct_interfaces(vm: &mut Vm, of: Addr) -> Vec<String> {
    if vm.is_array_class(of) {
        return alloc::vec!["java/lang/Cloneable".into(), "java/io/Serializable".into()];
    }
    vm.direct_interfaces(of)
}

fn interfaces(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let names = if of.is_null() { Vec::new() } else { direct_interfaces(call.vm, of) };
    let mut mirrors = Vec::new();
    for name in names {
        match call.class_from(of, &name) {
            Ok(found) => mirrors.push(call.vm.mirror_of(found)),
            Err(outcome) => return outcome,
        }
    }
    match array_of(call.vm, "java/lang/Class", &mirrors) {
        Ok(made) => Outcome::value(made),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// Access flags of a class as its file has them, without `super`.
fn access_flags(vm: &mut Vm, of: Addr) -> i32 {
    const SUPER: u16 = 0x20;
    if of.is_null() {
        return 0x411;
    }
    match vm.class_attribute(of, CLASS_FILE) {
        Some(bytes) => ClassFile::parse_any(&bytes).map_or(1, |file| i32::from(file.access & !SUPER)),
        // Made for a lambda.
        None => {
            let flags = Flags(vm.get_u32(of, class::FLAGS));
            let synthetic = if flags.has(Flags::SYNTHETIC) { 0x1000 } else { 0 };
            (flags.0 & 0x11) as i32 | synthetic
        }
    }
}

fn modifiers(call: &mut Call<'_>) -> Outcome {
    const ABSTRACT_FINAL: i32 = 0x410;
    const VISIBLE: i32 = 7;
    let of = class_of(call);
    if of.is_null() {
        return Outcome::int(1 | ABSTRACT_FINAL);
    }
    if call.vm.is_array_class(of) {
        let element = call.vm.innermost_class(of);
        let inner = if call.vm.is_array_class(element) { 1 } else { declared_flags(call.vm, element) };
        return Outcome::int(inner & VISIBLE | ABSTRACT_FINAL);
    }
    Outcome::int(declared_flags(call.vm, of))
}

/// The flags of a class, which of a member class stand in its InnerClasses attribute (JVMS 4.7.6).
fn declared_flags(vm: &mut Vm, of: Addr) -> i32 {
    let inner = with_file(vm, of, |file| {
        let own = inner_entry(file)?;
        Some(i32::from(own.access))
    });
    inner.flatten().unwrap_or_else(|| access_flags(vm, of))
}

fn primitive_class(call: &mut Call<'_>) -> Outcome {
    let name = match text(call, 0) {
        Ok(name) => name,
        Err(thrown) => return thrown,
    };
    let all = Elem::ALL.iter().copied().map(Some).chain([None]);
    match all.into_iter().find(|of| primitive_name(*of) == name) {
        Some(of) => Outcome::value(call.vm.primitive_mirror(of)),
        None => call.throw_java("java/lang/ClassNotFoundException", Some(&name)),
    }
}

/// Reads the class file that a class keeps.
pub(crate) fn with_file<R>(vm: &mut Vm, of: Addr, read: impl FnOnce(&ClassFile<'_>) -> R) -> Option<R> {
    let bytes = vm.class_attribute(of, CLASS_FILE)?;
    ClassFile::parse_any(&bytes).ok().map(|file| read(&file))
}

/// The class's own entry in its InnerClasses attribute.
struct Inner {
    outer: Option<String>,
    name: Option<String>,
    access: u16,
}

fn inner_entry(file: &ClassFile<'_>) -> Option<Inner> {
    let bytes = file.attribute_named(b"InnerClasses")?;
    let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    (0..usize::from(number(0)?)).find_map(|index| {
        let at = 2 + 8 * index;
        if file.class_name(number(at)?).ok()? != file.name {
            return None;
        }
        Some(Inner {
            outer: file.class_name(number(at + 2)?).ok(),
            name: file.utf8(number(at + 4)?).ok(),
            access: number(at + 6)?,
        })
    })
}

fn simple_binary_name(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let name =
        if of.is_null() { None } else { with_file(call.vm, of, |file| inner_entry(file)?.name).flatten() };
    match name {
        Some(name) => string(call, &name),
        None => Outcome::value(Value::NULL),
    }
}

/// The mirror of a class as the class of the receiver names it.
fn mirror_named(call: &mut Call<'_>, name: Option<String>) -> Outcome {
    let Some(name) = name else { return Outcome::value(Value::NULL) };
    let of = class_of(call);
    match call.class_from(of, &name) {
        Ok(found) => Outcome::value(call.vm.mirror_of(found)),
        Err(outcome) => outcome,
    }
}

fn declaring_class(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let name =
        if of.is_null() { None } else { with_file(call.vm, of, |file| inner_entry(file)?.outer).flatten() };
    mirror_named(call, name)
}

/// The EnclosingMethod attribute (JVMS 4.7.7): class, name and descriptor of the method; null without one.
fn enclosing_method(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let found = if of.is_null() {
        None
    } else {
        with_file(call.vm, of, |file| {
            let bytes = file.attribute_named(b"EnclosingMethod")?;
            let [a, b, c, d] = *bytes.first_chunk::<4>()?;
            let outer = file.class_name(u16::from_be_bytes([a, b])).ok()?;
            Some((outer, file.name_type(u16::from_be_bytes([c, d])).ok()))
        })
        .flatten()
    };
    let Some((outer, member)) = found else { return Outcome::value(Value::NULL) };
    let outer = match call.class_from(of, &outer) {
        Ok(outer) => call.vm.mirror_of(outer),
        Err(outcome) => return outcome,
    };
    let (name, desc) = match member {
        Some((name, desc)) => (call.vm.java_literal(&name), call.vm.java_literal(&desc)),
        None => (Value::NULL, Value::NULL),
    };
    match array_of(call.vm, "java/lang/Object", &[outer, name, desc]) {
        Ok(made) => Outcome::value(made),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

fn generic_signature(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let found = if of.is_null() {
        None
    } else {
        with_file(call.vm, of, |file| {
            let [a, b] = *file.attribute_named(b"Signature")?.first_chunk::<2>()?;
            file.utf8(u16::from_be_bytes([a, b])).ok()
        })
        .flatten()
    };
    match found {
        Some(signature) => string(call, &signature),
        None => Outcome::value(Value::NULL),
    }
}

/// Name of the class that hosts the nest of a class (JVMS 4.7.28): itself when it names none.
pub(crate) fn host_of(vm: &mut Vm, of: Addr) -> String {
    vm.nest_host_name(of).unwrap_or_else(|| vm.text(of, class::NAME))
}

fn nest_host(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    if of.is_null() || call.vm.is_array_class(of) {
        return Outcome::value(call.reference_at(0));
    }
    let host = host_of(call.vm, of);
    mirror_named(call, Some(host))
}

fn nest_mates(call: &mut Call<'_>) -> Outcome {
    let (a, b) =
        (call.vm.class_of_mirror(call.reference_at(0)), call.vm.class_of_mirror(call.reference_at(1)));
    if a == b || a.is_null() || b.is_null() {
        return Outcome::truth(a == b);
    }
    Outcome::truth(call.vm.are_nest_mates(a, b))
}

/// What a loader has; of the library's loaders each finds what the machine finds in its packages.
fn find_loaded(call: &mut Call<'_>) -> Outcome {
    let loader = call.reference_at(0);
    let Some(own) = call.vm.program_loader(loader) else { return find_shared(call, loader, 1) };
    let name = match text(call, 1) {
        Ok(name) => name.replace('.', "/"),
        Err(thrown) => return thrown,
    };
    let found = call.vm.class_known_to(own, &name);
    Outcome::value(found.map_or(Value::NULL, |found| call.vm.mirror_of(found)))
}

fn find_bootstrap(call: &mut Call<'_>) -> Outcome {
    find_shared(call, Value::NULL, 0)
}

/// The class of the name in an argument, when one of the library's loaders finds it itself.
fn find_shared(call: &mut Call<'_>, loader: Value, index: u64) -> Outcome {
    let name = match text(call, index) {
        Ok(name) => name.replace('.', "/"),
        Err(thrown) => return thrown,
    };
    if call.vm.library_loader_finds(loader, &name) {
        find_class(call, index)
    } else {
        Outcome::value(Value::NULL)
    }
}

fn find_class(call: &mut Call<'_>, index: u64) -> Outcome {
    let name = match text(call, index) {
        Ok(name) => name,
        Err(thrown) => return thrown,
    };
    match call.vm.class_by_name(&name.replace('.', "/")) {
        Ok(found) => Outcome::value(call.vm.mirror_of(found)),
        Err(thrown) if call.vm.is_kernel(thrown, ClassId::ClassNotFound) => Outcome::value(Value::NULL),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// Notes which packages a module has; classes that have a mirror already get their module now.
fn define_module(call: &mut Call<'_>) -> Outcome {
    let (Ok(module), Ok(packages)) = (object(call, 0), object(call, 4)) else {
        return call.throw_java("java/lang/NullPointerException", None);
    };
    let count = call.vm.array_len(packages);
    let old = call.vm.java_state(java_state::PACKAGES).as_object();
    let old_len = old.map_or(0, |old| call.vm.array_len(old));
    let table = call.vm.make_ref_array(old_len + 2 * count);
    for index in 0..old_len {
        let value = old.map_or(Value::NULL, |old| call.vm.array_get(old, index));
        call.vm.array_set(table, index, value);
    }
    for index in 0..count {
        let name = call.vm.java_text(call.vm.array_get(packages, index)).unwrap_or_default();
        let name = call.vm.intern(name.replace('.', "/").as_bytes());
        call.vm.array_set(table, old_len + 2 * index, Value::object(name));
        call.vm.array_set(table, old_len + 2 * index + 1, Value::object(module));
    }
    call.vm.set_java_state(java_state::PACKAGES, Value::object(table));
    if call.vm.java_state(java_state::BASE_MODULE).is_null() {
        // The first one is java.base.
        call.vm.set_java_state(java_state::BASE_MODULE, Value::object(module));
    }
    call.vm.place_mirrors();
    Outcome::VOID
}

fn unnamed_module(call: &mut Call<'_>) -> Outcome {
    let module = call.reference_at(0);
    call.vm.set_java_state(java_state::UNNAMED_MODULE, module);
    call.vm.place_mirrors();
    Outcome::VOID
}

/// Frames that are looked at together.
const PIECE: u64 = 32;

/// The class whose method called the one that asks; frames of reflection are left out.
fn caller_class(call: &mut Call<'_>) -> Outcome {
    let mut position = 1;
    loop {
        let places = call.vm.running_places(position, PIECE);
        let found = places.iter().find(|place| {
            let name = call.vm.text(place.owner, class::NAME);
            call.vm.is_shown(place.method)
                && !name.starts_with("jdk/internal/reflect/")
                && name != "java/lang/reflect/Method"
        });
        match found {
            Some(place) => return Outcome::value(call.vm.mirror_of(place.owner)),
            None if places.is_empty() => return Outcome::value(Value::NULL),
            None => position += PIECE,
        }
    }
}

/// The loader of the innermost method whose class is neither of the boot nor of the platform loader, nor generated for
/// reflection; null when there is none.
pub(crate) fn latest_loader(call: &mut Call<'_>) -> Outcome {
    const LEFT_OUT: [&str; 2] = [
        "jdk/internal/loader/ClassLoaders$PlatformClassLoader",
        "jdk/internal/reflect/DelegatingClassLoader",
    ];
    let mut position = 0;
    loop {
        let places = call.vm.running_places(position, PIECE);
        for place in &places {
            let mirror = call.vm.mirror_of(place.owner);
            let loader =
                mirror.as_object().map_or(Value::NULL, |mirror| Value(get(call.vm, mirror, "classLoader")));
            if loader.is_null() {
                continue;
            }
            let name = call.vm.text(call.vm.class_of(loader), class::NAME);
            if !LEFT_OUT.contains(&name.as_str()) {
                return Outcome::value(loader);
            }
        }
        if places.is_empty() {
            return Outcome::value(Value::NULL);
        }
        position += PIECE;
    }
}

fn array_length(call: &mut Call<'_>) -> Outcome {
    let checked = object(call, 0).and_then(|array| {
        if call.vm.is_array_class(call.vm.class_of(Value::object(array))) {
            return Ok(Outcome::int(call.vm.array_len(array) as i32));
        }
        Err(call.throw_java("java/lang/IllegalArgumentException", Some("Argument is not an array")))
    });
    done(checked)
}

fn new_array(call: &mut Call<'_>) -> Outcome {
    if let Err(thrown) = object(call, 0) {
        return thrown;
    }
    let (mirror, length) = (call.reference_at(0), call.int_at(1));
    if length < 0 {
        return call.throw_java("java/lang/NegativeArraySizeException", Some(&format!("{length}")));
    }
    let of = match call.vm.primitive_of_mirror(mirror) {
        Some(Some(elem)) => call.vm.primitive_array_class(elem),
        Some(None) => return call.throw_java("java/lang/IllegalArgumentException", None),
        None => {
            let element = call.vm.class_of_mirror(mirror);
            call.vm.array_class(element)
        }
    };
    match call.vm.try_new_array(of, length as u64) {
        Ok(made) => Outcome::object(made),
        Err(thrown) => Outcome::Throw(thrown),
    }
}
