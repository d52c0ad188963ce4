//! `java.lang.invoke.MethodHandleNatives`: what a `MemberName` stands for.
//!
//! A resolved method is kept in its `ResolvedMethodName`, in the field that the converter adds; a field is looked up again
//! by class and name where its offset is asked for.

use crate::support::{self, get, natives, nothing, object, set, zero};
use alloc::format;
use alloc::string::String;
use base::Addr;
use bytecode::{Elem, Flags};
use layout::Value;
use layout::schema::{class, field, method};
use vm::internal::{Call, Outcome};
use vm::{Native, Vm};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/invoke/MethodHandleNatives" {
        "init" "(Ljava/lang/invoke/MemberName;Ljava/lang/Object;)V" Short init;
        "expand" "(Ljava/lang/invoke/MemberName;)V" Short expand;
        "resolve" "(Ljava/lang/invoke/MemberName;Ljava/lang/Class;IZ)Ljava/lang/invoke/MemberName;" Short resolve;
        "objectFieldOffset" "(Ljava/lang/invoke/MemberName;)J" Short |call| field_place(call, false);
        "staticFieldOffset" "(Ljava/lang/invoke/MemberName;)J" Short |call| field_place(call, false);
        "staticFieldBase" "(Ljava/lang/invoke/MemberName;)Ljava/lang/Object;" Short |call| field_place(call, true);
        "getNamedCon" "(I[Ljava/lang/Object;)I" Short zero;
        "setCallSiteTargetNormal" "(Ljava/lang/invoke/CallSite;Ljava/lang/invoke/MethodHandle;)V" Short set_target;
        "setCallSiteTargetVolatile" "(Ljava/lang/invoke/CallSite;Ljava/lang/invoke/MethodHandle;)V" Short set_target;
        "clearCallSiteContext" "(Ljava/lang/invoke/MethodHandleNatives$CallSiteContext;)V" Short nothing;
    }
};

/// Bits of `MemberName.flags` (`MethodHandleNatives.Constants`).
const IS_METHOD: u32 = 0x1_0000;
const IS_CONSTRUCTOR: u32 = 0x2_0000;
const IS_FIELD: u32 = 0x4_0000;
const TRUSTED_FINAL: u32 = 0x20_0000;
const KIND_SHIFT: u32 = 24;
const KIND_MASK: u32 = 15;
/// Modifiers that are kept with them.
const MODIFIERS: u32 = 0xffff;
/// Kinds of references (JVMS table 5.4.3.5-A).
const GET_FIELD: u32 = 1;
const GET_STATIC: u32 = 2;
const PUT_FIELD: u32 = 3;
const PUT_STATIC: u32 = 4;
const INVOKE_VIRTUAL: u32 = 5;
const INVOKE_STATIC: u32 = 6;
const INVOKE_SPECIAL: u32 = 7;
const NEW_INVOKE_SPECIAL: u32 = 8;
const INVOKE_INTERFACE: u32 = 9;

/// Java's modifiers of a method or field of the world.
pub(crate) fn modifiers(flags: Flags, is_method: bool) -> u32 {
    let mut bits = flags.0 & if is_method { 0x13f } else { 0xdf };
    let more = [(Flags::ABSTRACT, 0x400), (Flags::SYNTHETIC, 0x1000), (Flags::ENUM, 0x4000)];
    for (flag, bit) in more.into_iter().chain(if is_method {
        [(Flags::BRIDGE, 0x40), (Flags::VARARGS, 0x80)]
    } else {
        [(Flags::VOLATILE, 0x40), (Flags::TRANSIENT, 0x80)]
    }) {
        if flags.has(flag) {
            bits |= bit;
        }
    }
    bits & MODIFIERS
}

/// The descriptor of what stands for a type: a descriptor as text, a class, or a `MethodType`.
fn descriptor_of(vm: &Vm, of: Value) -> Option<String> {
    if let Some(text) = vm.java_text(of) {
        return Some(text);
    }
    let object = of.as_object()?;
    match vm.text(vm.class_of(of), class::NAME).as_str() {
        "java/lang/Class" => Some(class_descriptor(vm, of)),
        "java/lang/invoke/MethodType" => {
            let params = Value(get(vm, object, "ptypes")).as_object()?;
            let mut text = String::from("(");
            for index in 0..vm.array_len(params) {
                text.push_str(&class_descriptor(vm, vm.array_get(params, index)));
            }
            text.push(')');
            text.push_str(&class_descriptor(vm, Value(get(vm, object, "rtype"))));
            Some(text)
        }
        _ => None,
    }
}

fn class_descriptor(vm: &Vm, mirror: Value) -> String {
    match vm.primitive_of_mirror(mirror) {
        Some(None) => "V".into(),
        Some(Some(elem)) => letter(elem).into(),
        None => {
            let name = vm.text(vm.class_of_mirror(mirror), class::NAME);
            if name.starts_with('[') { name } else { format!("L{name};") }
        }
    }
}

fn letter(elem: Elem) -> char {
    bytecode::desc::letter(elem)
}

/// Makes a `MemberName` stand for a method.
fn set_method(vm: &mut Vm, member: Addr, target: Addr, flags: u32) -> Result<(), Value> {
    let holder = {
        let class = vm.class_by_name("java/lang/invoke/ResolvedMethodName")?;
        vm.new_object(class)
    };
    set(vm, holder, "$method", target.0);
    let owner = vm.ref_field(target, method::CLASS);
    let mirror = vm.mirror_of(owner);
    set(vm, member, "method", holder.0);
    set(vm, member, "clazz", mirror.0);
    set(vm, member, "flags", u64::from(flags));
    Ok(())
}

fn set_field(vm: &mut Vm, member: Addr, target: Addr, write: bool) {
    let flags = Flags(vm.get_u32(target, field::FLAGS));
    let statically = flags.has(Flags::STATIC);
    let kind = match (statically, write) {
        (false, false) => GET_FIELD,
        (true, false) => GET_STATIC,
        (false, true) => PUT_FIELD,
        (true, true) => PUT_STATIC,
    };
    let owner = vm.ref_field(target, field::CLASS);
    let record = Flags(vm.get_u32(owner, class::FLAGS)).has(Flags::RECORD);
    let trusted = flags.has(Flags::FINAL) && (statically || record);
    let bits =
        modifiers(flags, false) | IS_FIELD | kind << KIND_SHIFT | if trusted { TRUSTED_FINAL } else { 0 };
    let mirror = vm.mirror_of(owner);
    set(vm, member, "clazz", mirror.0);
    set(vm, member, "flags", u64::from(bits));
}

/// `init(MemberName, Object)`: what a reflected member stands for.
fn init(call: &mut Call<'_>) -> Outcome {
    let (Ok(member), Ok(of)) = (object(call, 0), object(call, 1)) else {
        return call.throw_java("java/lang/InternalError", None);
    };
    let kind = call.vm.text(call.vm.class_of(Value::object(of)), class::NAME);
    let owner = call.vm.class_of_mirror(Value(get(call.vm, of, "clazz")));
    let slot = get(call.vm, of, "slot");
    if kind == "java/lang/reflect/Field" {
        let fields = call.vm.ref_field(owner, class::FIELDS);
        let target = Addr(call.vm.array_get(fields, slot).0);
        set_field(call.vm, member, target, false);
        return Outcome::VOID;
    }
    let methods = call.vm.ref_field(owner, class::METHODS);
    let target = Addr(call.vm.array_get(methods, slot).0);
    match set_declared(call.vm, member, target) {
        Ok(()) => Outcome::VOID,
        Err(thrown) => Outcome::Throw(thrown),
    }
}

/// Makes a `MemberName` stand for a method as its class declares it.
///
/// # Errors
/// What to throw.
pub(crate) fn set_declared(vm: &mut Vm, member: Addr, target: Addr) -> Result<(), Value> {
    let flags = vm.method_flags(target);
    let owner = vm.ref_field(target, method::CLASS);
    let interface = Flags(vm.get_u32(owner, class::FLAGS)).has(Flags::INTERFACE);
    let (sort, kind) = match () {
        () if flags.has(Flags::CONSTRUCTOR) => (IS_CONSTRUCTOR, NEW_INVOKE_SPECIAL),
        () if flags.has(Flags::STATIC) => (IS_METHOD, INVOKE_STATIC),
        () if flags.has(Flags::PRIVATE) => (IS_METHOD, INVOKE_SPECIAL),
        () if interface => (IS_METHOD, INVOKE_INTERFACE),
        () => (IS_METHOD, INVOKE_VIRTUAL),
    };
    set_method(vm, member, target, modifiers(flags, true) | sort | kind << KIND_SHIFT)
}

/// `expand(MemberName)`: name and type of a resolved method that was never named.
fn expand(call: &mut Call<'_>) -> Outcome {
    let Some(target) = call.vm.method_of_member(call.reference_at(0)) else { return Outcome::VOID };
    let member = call.this();
    let (name, desc) = (call.vm.java_method_name(target), call.vm.text(target, method::DESCRIPTOR));
    for (field, text) in [("name", name), ("type", desc)] {
        if get(call.vm, member, field) == 0 {
            let text = call.vm.java_string(&text);
            set(call.vm, member, field, text.0);
        }
    }
    Outcome::VOID
}

/// `resolve(MemberName, Class, int, boolean)`: finds the member; null, or an error thrown, when there is none.
fn resolve(call: &mut Call<'_>) -> Outcome {
    let member = match object(call, 0) {
        Ok(member) => member,
        Err(thrown) => return thrown,
    };
    let flags = get(call.vm, member, "flags") as u32;
    let kind = flags >> KIND_SHIFT & KIND_MASK;
    let owner = call.vm.class_of_mirror(Value(get(call.vm, member, "clazz")));
    let name = call.vm.java_text(Value(get(call.vm, member, "name"))).unwrap_or_default();
    let desc = descriptor_of(call.vm, Value(get(call.vm, member, "type"))).unwrap_or_default();
    let speculative = call.int_at(3) != 0;
    if owner.is_null() {
        return call.throw_java("java/lang/InternalError", Some("nothing to resolve"));
    }
    let found = if (GET_FIELD..=PUT_STATIC).contains(&kind) {
        let found = find_field(call.vm, owner, &name, &desc);
        if let Some(target) = found {
            set_field(call.vm, member, target, matches!(kind, PUT_FIELD | PUT_STATIC));
        }
        found
    } else {
        let found = find_method(call.vm, owner, &name, &desc);
        if let Some(target) = found {
            let sort = if name == "<init>" { IS_CONSTRUCTOR } else { IS_METHOD };
            let declaring = call.vm.ref_field(target, method::CLASS);
            let in_interface = Flags(call.vm.get_u32(declaring, class::FLAGS)).has(Flags::INTERFACE);
            // A method of every object is called as one, also on an interface.
            let kind = if kind == INVOKE_INTERFACE && !in_interface { INVOKE_VIRTUAL } else { kind };
            let flags = call.vm.method_flags(target);
            let bits = modifiers(flags, true) | sort | kind << KIND_SHIFT;
            if let Err(thrown) = set_method(call.vm, member, target, bits) {
                return Outcome::Throw(thrown);
            }
        }
        found
    };
    match found {
        Some(_) => Outcome::object(member),
        None if speculative => Outcome::value(Value::NULL),
        None => {
            let class =
                if kind <= PUT_STATIC { "java/lang/NoSuchFieldError" } else { "java/lang/NoSuchMethodError" };
            let text = format!("{}.{name}{desc}", call.vm.text(owner, class::NAME).replace('/', "."));
            call.throw_java(class, Some(&text))
        }
    }
}

fn find_method(vm: &mut Vm, owner: Addr, name: &str, desc: &str) -> Option<Addr> {
    let class = vm.text(owner, class::NAME);
    if matches!(class.as_str(), "java/lang/invoke/MethodHandle" | "java/lang/invoke/VarHandle")
        && let Some(native) = vm.method_named(owner, name)
        && vm.method_flags(native).has(Flags::NATIVE)
    {
        // Its type is that of the call.
        return Some(native);
    }
    let (key, text) = (vm.intern(name.as_bytes()), vm.intern(desc.as_bytes()));
    let found = vm.find_method(owner, key, text);
    if found.is_some() || name == "<init>" {
        return found;
    }
    let root = vm.known_class("java/lang/Object")?;
    vm.find_method(root, key, text)
}

fn find_field(vm: &mut Vm, owner: Addr, name: &str, desc: &str) -> Option<Addr> {
    let (key, text) = (vm.intern(name.as_bytes()), vm.intern(desc.as_bytes()));
    vm.find_field(owner, key, text)
}

/// Offset of the field of a `MemberName`, or the object in which that of a static one counts.
fn field_place(call: &mut Call<'_>, base: bool) -> Outcome {
    let member = match object(call, 0) {
        Ok(member) => member,
        Err(thrown) => return thrown,
    };
    let owner = call.vm.class_of_mirror(Value(get(call.vm, member, "clazz")));
    let name = call.vm.java_text(Value(get(call.vm, member, "name"))).unwrap_or_default();
    let desc = descriptor_of(call.vm, Value(get(call.vm, member, "type"))).unwrap_or_default();
    let found = if owner.is_null() { None } else { find_field(call.vm, owner, &name, &desc) };
    let Some(target) = found else {
        return call.throw_java("java/lang/InternalError", Some("the field is not resolved"));
    };
    support::field_place(call.vm, target, base)
}

fn set_target(call: &mut Call<'_>) -> Outcome {
    let target = call.raw(1);
    match object(call, 0) {
        Ok(site) => {
            set(call.vm, site, "target", target);
            Outcome::VOID
        }
        Err(thrown) => thrown,
    }
}
