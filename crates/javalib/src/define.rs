//! Classes that programs bring as bytes: `ClassLoader.defineClass`, proxies, hidden classes.
//!
//! The bytes are converted like any other class file. A loader of a program has a directory of its own; those of the
//! library share that of the system. A loader is asked for the classes above the new one before that is made: the module
//! waits in the frame meanwhile ([`vm::defining`]). A hidden class is in no directory, and has a name that nothing else
//! can have.

use crate::support::{get, java_name, natives, object, set, text};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Attribute, Const, Flags, Module};
use java::{BAD_MAGIC, DOMAIN_FIELD, NEST_HOST, Refusal};
use layout::Value;
use layout::schema::{array, class};
use vm::internal::{Call, Outcome};
use vm::{CheckedModule, Native, defining};

/// Flags of `defineClass0` (`MethodHandleNatives.Constants`): the class is hidden, and of the nest of the class that looks up.
const HIDDEN_CLASS: i32 = 2;
const NESTMATE_CLASS: i32 = 1;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/ClassLoader" {
        "defineClass1" "(Ljava/lang/ClassLoader;Ljava/lang/String;[BIILjava/security/ProtectionDomain;Ljava/lang/String;)Ljava/lang/Class;" Resumable define_class;
        "defineClass0" "(Ljava/lang/ClassLoader;Ljava/lang/Class;Ljava/lang/String;[BIILjava/security/ProtectionDomain;ZILjava/lang/Object;)Ljava/lang/Class;" Resumable define_hidden;
    }
    "jdk/internal/misc/Unsafe" {
        "defineClass0" "(Ljava/lang/String;[BIILjava/lang/ClassLoader;Ljava/security/ProtectionDomain;)Ljava/lang/Class;" Resumable define_by_unsafe;
    }
};

/// Bytes of a byte array from an offset.
fn bytes_at(call: &mut Call<'_>, index: u64) -> Result<Vec<u8>, Outcome> {
    let bytes = object(call, index)?;
    let (from, count) = (call.int_at(index + 1), call.int_at(index + 2));
    let length = call.vm.array_len(bytes) as i64;
    if from < 0 || count < 0 || i64::from(from) + i64::from(count) > length {
        return Err(call.throw_java("java/lang/ArrayIndexOutOfBoundsException", None));
    }
    let mut copy = alloc::vec![0; count as usize];
    call.vm.memory.read_bytes(bytes.add(array::DATA + from as u64), &mut copy);
    Ok(copy)
}

fn refused(call: &mut Call<'_>, refusal: &Refusal, name: Option<&str>) -> Outcome {
    let text = match (refusal, name) {
        (Refusal::Version { .. }, Some(name)) => format!("{name} {refusal}"),
        _ => refusal.to_string(),
    };
    let class = match refusal {
        Refusal::Format(_) => "java/lang/ClassFormatError",
        Refusal::Version { .. } => "java/lang/UnsupportedClassVersionError",
        Refusal::NoClass(_) => "java/lang/NoClassDefFoundError",
        Refusal::Circular(_) => "java/lang/ClassCircularityError",
    };
    call.throw_java(class, Some(&text))
}

/// Defines a class in the directory of the system.
fn define_shared(call: &mut Call<'_>, checked: &CheckedModule) -> Result<Addr, Outcome> {
    let name = checked.decoded().classes[0].name.clone();
    if let Some(there) = call.vm.known_class(&name) {
        return Err(duplicate(call, there));
    }
    if let Err(error) = call.vm.define_checked(checked) {
        return Err(Outcome::Throw(call.vm.define_error(&error)));
    }
    match call.vm.known_class(&name) {
        Some(made) => Ok(made),
        None => Err(call.throw_java("java/lang/LinkageError", Some(&name))),
    }
}

/// A loader has a class of this name already (`SystemDictionary::check_constraints`).
fn duplicate(call: &mut Call<'_>, there: Addr) -> Outcome {
    let mirror = call.vm.mirror_of(there);
    let loader = mirror.as_object().map_or(Value::NULL, |mirror| Value(get(call.vm, mirror, "classLoader")));
    let kind = match Flags(call.vm.get_u32(there, class::FLAGS)) {
        flags if flags.has(Flags::INTERFACE) => "interface",
        flags if flags.has(Flags::ABSTRACT) => "abstract class",
        _ => "class",
    };
    let parent = loader.as_object().map_or(Value::NULL, |loader| Value(get(call.vm, loader, "parent")));
    let (name, parent) = (java_name(&call.vm.text(there, class::NAME)), call.vm.loader_text(parent));
    let (loader, place) = (call.vm.loader_text(loader), call.vm.place_of(there));
    let text = format!(
        "loader {loader} attempted duplicate {kind} definition for {name}. ({name} is in {place}, parent loader {parent})"
    );
    call.throw_java("java/lang/LinkageError", Some(&text))
}

/// Encodes and checks what was converted.
fn checked(call: &mut Call<'_>, module: &Module) -> Result<CheckedModule, Outcome> {
    CheckedModule::new(&bytecode::encode(module))
        .map_err(|error| Outcome::Throw(call.vm.define_error(&error)))
}

/// Defines a class for a loader: phase 0: nothing done; 1: those above it are loaded, and what is to be defined stands in
/// reference 0. `convert` gives the module.
fn define(
    call: &mut Call<'_>,
    loader: Value,
    convert: impl FnOnce(&mut Call<'_>) -> Result<Module, Outcome>,
) -> Result<Addr, Outcome> {
    if call.phase() == 0 {
        let module = convert(call)?;
        let module = checked(call, &module)?;
        let first = &module.decoded().classes[0];
        if !first.flags.has(Flags::HIDDEN) && call.vm.program_loader(loader).is_none() {
            return define_shared(call, &module);
        }
        let task = call.vm.make_ref_array(defining::COUNT);
        call.vm.array_set(task, defining::LOADER, loader);
        let name = call.vm.intern(first.name.as_bytes());
        call.vm.array_set(task, defining::NAME, Value::object(name));
        let bytes = call.vm.make_bytes(module.bytes().len() as u64);
        call.vm.write_bytes(bytes, 0, module.bytes());
        call.vm.array_set(task, defining::MODULE, Value::object(bytes));
        call.set_reference(0, Value::object(task));
        call.set_phase(1);
        return define_for(call, loader, &module);
    }
    let bytes =
        call.reference(0).as_object().and_then(|task| call.vm.array_get(task, defining::MODULE).as_object());
    let bytes = bytes.map_or_else(Vec::new, |bytes| call.vm.bytes(bytes));
    match CheckedModule::new(&bytes) {
        Ok(module) => define_for(call, loader, &module),
        Err(error) => Err(Outcome::Throw(call.vm.define_error(&error))),
    }
}

/// Defines a class apart from those of the system.
fn define_for(call: &mut Call<'_>, loader: Value, module: &CheckedModule) -> Result<Addr, Outcome> {
    let decoded = module.decoded();
    let first = &decoded.classes[0];
    let own = call.vm.program_loader(loader).filter(|_| !first.flags.has(Flags::HIDDEN));
    if let Some(there) = own.and_then(|own| call.vm.class_known_to(own, &first.name)) {
        return Err(duplicate(call, there));
    }
    let made = call.define_apart(module, loader)?;
    if let Some(own) = own {
        call.vm.note_class_of(own, &first.name, made);
    }
    Ok(made)
}

/// Converts a class file, whose class has the name if one is given.
fn convert(call: &mut Call<'_>, bytes: &[u8], name: Option<&str>) -> Result<Module, Outcome> {
    let converted = match java::convert(bytes) {
        Ok(converted) => converted,
        Err(Refusal::Format(text)) if text.starts_with(BAD_MAGIC) => {
            // The name that it should have is all that is known of it.
            let text = format!("{text} in class file {}", name.unwrap_or("<Unknown>"));
            return Err(refused(call, &Refusal::Format(text), name));
        }
        Err(refusal) => return Err(refused(call, &refusal, name)),
    };
    let found = &converted.module.name;
    if name.is_some_and(|name| name != found) {
        let text = format!("{} (wrong name: {found})", name.unwrap_or_default());
        return Err(call.throw_java("java/lang/NoClassDefFoundError", Some(&text)));
    }
    Ok(converted.module)
}

fn define_from(call: &mut Call<'_>, loader: Value, name_at: u64, bytes_from: u64, domain_at: u64) -> Outcome {
    let made = define(call, loader, |call| {
        let name = text(call, name_at).ok().map(|name| name.replace('.', "/"));
        let bytes = bytes_at(call, bytes_from)?;
        convert(call, &bytes, name.as_deref())
    });
    match made {
        Ok(made) => {
            let mirror = call.vm.mirror_of(made);
            set_domain(call, mirror, domain_at);
            Outcome::value(mirror)
        }
        Err(thrown) => thrown,
    }
}

fn set_domain(call: &mut Call<'_>, mirror: Value, domain_at: u64) {
    let domain = call.raw(domain_at);
    if let Some(mirror) = mirror.as_object() {
        set(call.vm, mirror, DOMAIN_FIELD, domain);
    }
}

fn define_class(call: &mut Call<'_>) -> Outcome {
    let loader = call.reference_at(0);
    define_from(call, loader, 1, 2, 5)
}

fn define_by_unsafe(call: &mut Call<'_>) -> Outcome {
    let loader = call.reference_at(5);
    define_from(call, loader, 1, 2, 6)
}

/// Gives a class another name, wherever its module names it.
fn rename(module: &mut Module, new: &str) {
    let old = core::mem::replace(&mut module.name, new.into());
    let swap = |name: &mut String| {
        if *name == old {
            *name = new.into();
        } else if let Some(rest) = name.strip_prefix(&format!("{old}$$Lambda$")) {
            *name = format!("{new}$$Lambda${rest}");
        }
    };
    for class in &mut module.classes {
        swap(&mut class.name);
    }
    for constant in &mut module.pool {
        match constant {
            Const::Class(class) | Const::Field { class, .. } | Const::Method { class, .. } => swap(class),
            _ => {}
        }
    }
}

/// `Lookup.defineHiddenClass` and `Lookup.defineClass`. Phases 0 and 1: as [`define`]; 2: defined, its mirror in reference 0.
fn define_hidden(call: &mut Call<'_>) -> Outcome {
    if call.phase() < 2 {
        let loader = call.reference_at(0);
        let made = define(call, loader, |call| {
            let bytes = bytes_at(call, 3)?;
            let mut module = convert(call, &bytes, None)?;
            if call.int_at(8) & HIDDEN_CLASS != 0 {
                let number = call.vm.next_number();
                let name = format!("{}+0x{number:016x}", module.name);
                rename(&mut module, &name);
                module.classes[0].flags |= Flags::HIDDEN;
                // It is of no nest but that of the class that looks up, where that was asked for.
                module.classes[0].attributes.retain(|attribute| attribute.name != NEST_HOST);
                let mate = call.vm.class_of_mirror(call.reference_at(1));
                if call.int_at(8) & NESTMATE_CLASS != 0 && !mate.is_null() {
                    let host = crate::classes::host_of(call.vm, mate);
                    let attribute = Attribute { name: NEST_HOST.into(), bytes: host.into_bytes() };
                    module.classes[0].attributes.push(attribute);
                }
            }
            Ok(module)
        });
        let made = match made {
            Ok(made) => made,
            Err(thrown) => return thrown,
        };
        let mirror = call.vm.mirror_of(made);
        if let Some(object) = mirror.as_object() {
            let data = call.raw(9);
            set(call.vm, object, "classData", data);
        }
        set_domain(call, mirror, 6);
        call.set_reference(0, mirror);
        call.set_phase(2);
    }
    let mirror = call.reference(0);
    let made = call.vm.class_of_mirror(mirror);
    if call.int_at(7) != 0 && call.vm.wants_initialising(made) {
        return Outcome::Initialise(made);
    }
    Outcome::value(mirror)
}
