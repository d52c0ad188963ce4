//! Classes that programs bring as bytes: `ClassLoader.defineClass`, proxies, hidden classes.
//!
//! The bytes are converted like any other class file. All classes share one directory so far: two loaders cannot define
//! two classes of one name (a `LinkageError`), and what a class names is found there, whichever loader it has.
//! A hidden class gets a name of its own, which nothing else can name.

use crate::support::{java_name, natives, object, set, text};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Const, Flags, Module};
use java::{ClassFile, Refusal};
use layout::Value;
use layout::schema::array;
use vm::internal::{Call, Outcome};
use vm::{CheckedModule, ConvertError, DefineError, Native};

/// Flag of `defineClass0`: the class is hidden (`MethodHandleNatives.Constants.HIDDEN_CLASS`).
const HIDDEN_CLASS: i32 = 2;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/ClassLoader" {
        "defineClass1" "(Ljava/lang/ClassLoader;Ljava/lang/String;[BIILjava/security/ProtectionDomain;Ljava/lang/String;)Ljava/lang/Class;" Short define_class;
        "defineClass0" "(Ljava/lang/ClassLoader;Ljava/lang/Class;Ljava/lang/String;[BIILjava/security/ProtectionDomain;ZILjava/lang/Object;)Ljava/lang/Class;" Resumable define_hidden;
    }
    "jdk/internal/misc/Unsafe" {
        "defineClass0" "(Ljava/lang/String;[BIILjava/lang/ClassLoader;Ljava/security/ProtectionDomain;)Ljava/lang/Class;" Short define_by_unsafe;
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

/// Defines the classes of a module for a loader: the first one.
fn define(call: &mut Call<'_>, module: &Module, loader: Value) -> Result<Addr, Outcome> {
    let name = module.classes[0].name.clone();
    if call.vm.known_class(&name).is_some() {
        let text = format!("duplicate class definition for {}", java_name(&name));
        return Err(call.throw_java("java/lang/LinkageError", Some(&text)));
    }
    let defined =
        CheckedModule::new(&bytecode::encode(module)).and_then(|checked| call.vm.define_checked(&checked));
    if let Err(error) = defined {
        let class = match error {
            DefineError::Linkage { .. } => "java/lang/NoClassDefFoundError",
            _ => ConvertError::Define(error.clone()).class_name(),
        };
        return Err(call.throw_java(class, Some(&error.to_string())));
    }
    let Some(made) = call.vm.known_class(&name) else {
        return Err(call.throw_java("java/lang/LinkageError", Some(&name)));
    };
    let mirror = call.vm.mirror_of(made);
    if let (Some(mirror), Some(loader)) = (mirror.as_object(), loader.as_object()) {
        set(call.vm, mirror, "classLoader", loader.0);
        let known = call.vm.java_module_of(made);
        if known == call.vm.java_state(layout::schema::java_state::UNNAMED_MODULE) {
            let unnamed = crate::support::get(call.vm, loader, "unnamedModule");
            set(call.vm, mirror, "module", unnamed);
        }
    }
    Ok(made)
}

/// Converts a class file, whose class has the name if one is given.
fn convert(call: &mut Call<'_>, bytes: &[u8], name: Option<&str>) -> Result<Module, Outcome> {
    let converted = match java::convert(bytes) {
        Ok(converted) => converted,
        Err(refusal) => return Err(refused(call, &refusal, name)),
    };
    let found = &converted.module.name;
    if name.is_some_and(|name| name != found) {
        let text = format!("{} (wrong name: {found})", name.unwrap_or_default());
        return Err(call.throw_java("java/lang/NoClassDefFoundError", Some(&text)));
    }
    Ok(converted.module)
}

fn define_from(call: &mut Call<'_>, loader: Value, name_at: u64, bytes_from: u64) -> Outcome {
    let name = text(call, name_at).ok().map(|name| name.replace('.', "/"));
    let bytes = match bytes_at(call, bytes_from) {
        Ok(bytes) => bytes,
        Err(thrown) => return thrown,
    };
    let made = convert(call, &bytes, name.as_deref()).and_then(|module| define(call, &module, loader));
    match made {
        Ok(made) => Outcome::value(call.vm.mirror_of(made)),
        Err(thrown) => thrown,
    }
}

fn define_class(call: &mut Call<'_>) -> Outcome {
    let loader = call.reference_at(0);
    define_from(call, loader, 1, 2)
}

fn define_by_unsafe(call: &mut Call<'_>) -> Outcome {
    let loader = call.reference_at(5);
    define_from(call, loader, 1, 2)
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

/// `Lookup.defineHiddenClass`, and what the library makes for method handles. Phase 1: defined, its mirror in reference 0.
fn define_hidden(call: &mut Call<'_>) -> Outcome {
    if call.phase() == 0 {
        let made = bytes_at(call, 3).and_then(|bytes| {
            if let Err(refusal) = ClassFile::parse(&bytes) {
                return Err(refused(call, &refusal, None));
            }
            let mut module = convert(call, &bytes, None)?;
            if call.int_at(8) & HIDDEN_CLASS != 0 {
                let number = call.vm.next_number();
                let name = format!("{}+0x{number:016x}", module.name);
                rename(&mut module, &name);
                module.classes[0].flags |= Flags::HIDDEN;
            }
            let loader = call.reference_at(0);
            define(call, &module, loader)
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
        call.set_reference(0, mirror);
        call.set_phase(1);
    }
    let mirror = call.reference(0);
    let made = call.vm.class_of_mirror(mirror);
    if call.int_at(7) != 0 && call.vm.wants_initialising(made) {
        return Outcome::Initialise(made);
    }
    Outcome::value(mirror)
}
