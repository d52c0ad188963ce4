//! `java.lang.reflect`: members as objects, calls and fields by them, what annotations are read from.
//!
//! The slot of a member is its index in the class's own list in the world.

use crate::classes::{class_of, with_file};
use crate::support::{self, array_of, done, get, natives, object, set};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Descriptor, Elem, Flags, TypeDesc};
use java::{Constant, Member, wrapper};
use layout::Value;
use layout::schema::{array, class, field, method};
use vm::internal::{Call, Invoke, NEW_ARRAYS, Outcome, Target};
use vm::{Native, Vm, WRAPPING_PHASE};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/Class" {
        "getDeclaredFields0" "(Z)[Ljava/lang/reflect/Field;" Idempotent declared_fields;
        "getDeclaredMethods0" "(Z)[Ljava/lang/reflect/Method;" Idempotent |call| declared_methods(call, false);
        "getDeclaredConstructors0" "(Z)[Ljava/lang/reflect/Constructor;" Idempotent |call| declared_methods(call, true);
        "getDeclaredClasses0" "()[Ljava/lang/Class;" Idempotent declared_classes;
        "getRecordComponents0" "()[Ljava/lang/reflect/RecordComponent;" Idempotent record_components;
        "getPermittedSubclasses0" "()[Ljava/lang/Class;" Idempotent |call| listed_classes(call, b"PermittedSubclasses");
        "getNestMembers0" "()[Ljava/lang/Class;" Idempotent nest_members;
        "getRawAnnotations" "()[B" Short |call| { let of = class_of(call); raw_attribute(call, of, b"RuntimeVisibleAnnotations") };
        "getRawTypeAnnotations" "()[B" Short |call| { let of = class_of(call); raw_attribute(call, of, TYPE_ANNOTATIONS) };
        "getConstantPool" "()Ljdk/internal/reflect/ConstantPool;" Short constant_pool;
    }
    "jdk/internal/reflect/ConstantPool" {
        "getUTF8At0" "(Ljava/lang/Object;I)Ljava/lang/String;" Short |call| pool_entry(call);
        "getIntAt0" "(Ljava/lang/Object;I)I" Short |call| pool_entry(call);
        "getLongAt0" "(Ljava/lang/Object;I)J" Short |call| pool_entry(call);
        "getFloatAt0" "(Ljava/lang/Object;I)F" Short |call| pool_entry(call);
        "getDoubleAt0" "(Ljava/lang/Object;I)D" Short |call| pool_entry(call);
    }
    "jdk/internal/reflect/NativeMethodAccessorImpl" {
        "invoke0" "(Ljava/lang/reflect/Method;Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;" Resumable invoke;
    }
    "jdk/internal/reflect/NativeConstructorAccessorImpl" {
        "newInstance0" "(Ljava/lang/reflect/Constructor;[Ljava/lang/Object;)Ljava/lang/Object;" Resumable new_instance;
    }
    "java/lang/reflect/Executable" {
        "getParameters0" "()[Ljava/lang/reflect/Parameter;" Short parameters;
        "getTypeAnnotationBytes0" "()[B" Short |call| member_annotations(call, class::METHODS);
    }
    "java/lang/reflect/Field" {
        "getTypeAnnotationBytes0" "()[B" Short |call| member_annotations(call, class::FIELDS);
    }
    "java/io/ObjectStreamClass" {
        "initNative" "()V" Short |_| Outcome::VOID;
        "hasStaticInitializer" "(Ljava/lang/Class;)Z" Short has_initialiser;
    }
    "java/lang/reflect/Array" {
        "get" "(Ljava/lang/Object;I)Ljava/lang/Object;" Short array_get;
        "set" "(Ljava/lang/Object;ILjava/lang/Object;)V" Short array_set;
        "getBoolean" "(Ljava/lang/Object;I)Z" Short |call| get_number(call, Elem::Bool);
        "getByte" "(Ljava/lang/Object;I)B" Short |call| get_number(call, Elem::I8);
        "getChar" "(Ljava/lang/Object;I)C" Short |call| get_number(call, Elem::U16);
        "getShort" "(Ljava/lang/Object;I)S" Short |call| get_number(call, Elem::I16);
        "getInt" "(Ljava/lang/Object;I)I" Short |call| get_number(call, Elem::I32);
        "getLong" "(Ljava/lang/Object;I)J" Short |call| get_number(call, Elem::I64);
        "getFloat" "(Ljava/lang/Object;I)F" Short |call| get_number(call, Elem::F32);
        "getDouble" "(Ljava/lang/Object;I)D" Short |call| get_number(call, Elem::F64);
        "setBoolean" "(Ljava/lang/Object;IZ)V" Short |call| set_number(call, Elem::Bool);
        "setByte" "(Ljava/lang/Object;IB)V" Short |call| set_number(call, Elem::I8);
        "setChar" "(Ljava/lang/Object;IC)V" Short |call| set_number(call, Elem::U16);
        "setShort" "(Ljava/lang/Object;IS)V" Short |call| set_number(call, Elem::I16);
        "setInt" "(Ljava/lang/Object;II)V" Short |call| set_number(call, Elem::I32);
        "setLong" "(Ljava/lang/Object;IJ)V" Short |call| set_number(call, Elem::I64);
        "setFloat" "(Ljava/lang/Object;IF)V" Short |call| set_number(call, Elem::F32);
        "setDouble" "(Ljava/lang/Object;ID)V" Short |call| set_number(call, Elem::F64);
        "multiNewArray" "(Ljava/lang/Class;[I)Ljava/lang/Object;" Resumable new_arrays;
    }
    "jdk/internal/misc/Unsafe" {
        "objectFieldOffset0" "(Ljava/lang/reflect/Field;)J" Short |call| field_place(call, false);
        "staticFieldOffset0" "(Ljava/lang/reflect/Field;)J" Short |call| field_place(call, false);
        "staticFieldBase0" "(Ljava/lang/reflect/Field;)Ljava/lang/Object;" Short |call| field_place(call, true);
    }
};

const TYPE_ANNOTATIONS: &[u8] = b"RuntimeVisibleTypeAnnotations";

/// The mirror of a type as a class names it.
fn mirror(call: &mut Call<'_>, of: Addr, desc: &TypeDesc) -> Result<Value, Outcome> {
    let found = match desc {
        TypeDesc::Prim(elem) => return Ok(call.vm.primitive_mirror(Some(*elem))),
        TypeDesc::Class(name) => call.class_from(of, name)?,
        array => call.class_from(of, &format!("{array}"))?,
    };
    Ok(call.vm.mirror_of(found))
}

fn mirrors(call: &mut Call<'_>, of: Addr, descs: &[TypeDesc]) -> Result<Value, Outcome> {
    let all: Result<Vec<Value>, Outcome> = descs.iter().map(|desc| mirror(call, of, desc)).collect();
    array_of(call.vm, "java/lang/Class", &all?).map_err(Outcome::Throw)
}

fn bytes(vm: &mut Vm, content: Option<&[u8]>) -> Value {
    let Some(content) = content else { return Value::NULL };
    let made = vm.make_bytes(content.len() as u64);
    vm.write_bytes(made, 0, content);
    Value::object(made)
}

/// What the class file says of a member.
#[derive(Default)]
struct About {
    name: String,
    desc: String,
    access: u16,
    signature: Option<String>,
    exceptions: Vec<String>,
    annotations: Option<Vec<u8>>,
    parameter_annotations: Option<Vec<u8>>,
    default: Option<Vec<u8>>,
    type_annotations: Option<Vec<u8>>,
}

/// The members of a class that was made for a lambda, which has no class file: serialisation looks for `writeReplace`.
/// What makes its objects is static, and is no method that a program would find elsewhere.
fn made_members(vm: &Vm, of: Addr, list: u64) -> Vec<About> {
    let members = vm.ref_field(of, list);
    if members.is_null() || vm.is_array_class(of) {
        return Vec::new();
    }
    let is_method = list == class::METHODS;
    let all = (0..vm.array_len(members)).map(|index| Addr(vm.array_get(members, index).0));
    all.filter_map(|member| {
        let flags = if is_method { vm.method_flags(member) } else { Flags(vm.get_u32(member, field::FLAGS)) };
        (!flags.has(Flags::STATIC)).then(|| About {
            name: vm.text(member, method::NAME),
            desc: vm.text(member, method::DESCRIPTOR),
            access: crate::handles::modifiers(flags, is_method) as u16,
            ..About::default()
        })
    })
    .collect()
}

fn about(file: &java::ClassFile<'_>, member: &Member<'_>) -> About {
    let attribute = |name: &[u8]| {
        member.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.bytes)
    };
    let number = |bytes: &[u8], at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let signature = attribute(b"Signature").and_then(|bytes| file.utf8(number(bytes, 0)?).ok());
    let exceptions = attribute(b"Exceptions").map_or_else(Vec::new, |bytes| {
        let count = usize::from(number(bytes, 0).unwrap_or(0));
        (0..count).filter_map(|index| file.class_name(number(bytes, 2 + 2 * index)?).ok()).collect()
    });
    About {
        name: member.name.clone(),
        desc: member.desc.clone(),
        access: member.access,
        signature,
        exceptions,
        annotations: attribute(b"RuntimeVisibleAnnotations").map(<[u8]>::to_vec),
        parameter_annotations: attribute(b"RuntimeVisibleParameterAnnotations").map(<[u8]>::to_vec),
        default: attribute(b"AnnotationDefault").map(<[u8]>::to_vec),
        // Those of members are read when they are asked for.
        type_annotations: None,
    }
}

/// Index of a method or field of a class by name and descriptor.
fn slot_of(vm: &Vm, of: Addr, list: u64, about: &About) -> Option<u64> {
    let members = vm.ref_field(of, list);
    // Names and descriptors stand at the same places in methods and fields.
    const { assert!(method::NAME == field::NAME && method::DESCRIPTOR == field::DESCRIPTOR) };
    (0..vm.array_len(members)).find(|index| {
        let member = Addr(vm.array_get(members, *index).0);
        vm.text(member, method::NAME) == about.name && vm.text(member, method::DESCRIPTOR) == about.desc
    })
}

fn declared_fields(call: &mut Call<'_>) -> Outcome {
    let (of, public_only) = (class_of(call), call.int_at(1) != 0);
    let found = if of.is_null() {
        Vec::new()
    } else {
        with_file(call.vm, of, |file| {
            file.fields.iter().map(|member| about(file, member)).collect::<Vec<_>>()
        })
        .unwrap_or_else(|| made_members(call.vm, of, class::FIELDS))
    };
    let made: Result<Vec<Value>, Outcome> = found
        .iter()
        .filter(|about| !public_only || about.access & 1 != 0)
        .map(|about| make_field(call, of, about))
        .collect();
    finish(call, "java/lang/reflect/Field", made)
}

fn finish(call: &mut Call<'_>, class: &str, made: Result<Vec<Value>, Outcome>) -> Outcome {
    match made.and_then(|made| array_of(call.vm, class, &made).map_err(Outcome::Throw)) {
        Ok(array) => Outcome::value(array),
        Err(outcome) => outcome,
    }
}

/// A new object of a class of the library.
fn new_of(vm: &mut Vm, class: &str) -> Result<Addr, Outcome> {
    let class = vm.class_by_name(class).map_err(Outcome::Throw)?;
    Ok(vm.new_object(class))
}

fn make_field(call: &mut Call<'_>, of: Addr, about: &About) -> Result<Value, Outcome> {
    let made = new_of(call.vm, "java/lang/reflect/Field")?;
    let desc = TypeDesc::parse(&about.desc).map_err(|_| Outcome::Throw(Value::NULL))?;
    let of_type = mirror(call, of, &desc)?;
    let vm = &mut *call.vm;
    let signature = about.signature.as_deref().map_or(Value::NULL, |text| vm.java_string(text));
    let annotations = bytes(vm, about.annotations.as_deref());
    let (name, clazz) = (vm.java_literal(&about.name), vm.mirror_of(of));
    let slot = slot_of(vm, of, class::FIELDS, about).unwrap_or(0);
    let hidden = Flags(vm.get_u32(of, class::FLAGS));
    const STATIC_FINAL: u16 = 0x18;
    let trusted = about.access & STATIC_FINAL == STATIC_FINAL || hidden.has(Flags::RECORD);
    for (field, bits) in [
        ("clazz", clazz.0),
        ("slot", slot),
        ("name", name.0),
        ("type", of_type.0),
        ("modifiers", u64::from(about.access)),
        ("trustedFinal", u64::from(trusted)),
        ("signature", signature.0),
        ("annotations", annotations.0),
    ] {
        set(vm, made, field, bits);
    }
    Ok(Value::object(made))
}

fn declared_methods(call: &mut Call<'_>, constructors: bool) -> Outcome {
    let (of, public_only) = (class_of(call), call.int_at(1) != 0);
    let found = if of.is_null() {
        Vec::new()
    } else {
        with_file(call.vm, of, |file| {
            file.methods.iter().map(|member| about(file, member)).collect::<Vec<_>>()
        })
        .unwrap_or_else(|| made_members(call.vm, of, class::METHODS))
    };
    let made: Result<Vec<Value>, Outcome> = found
        .iter()
        .filter(|about| !public_only || about.access & 1 != 0)
        .filter(|about| about.name != "<clinit>" && (about.name == "<init>") == constructors)
        .map(|about| make_method(call, of, about))
        .collect();
    let class = if constructors { "java/lang/reflect/Constructor" } else { "java/lang/reflect/Method" };
    finish(call, class, made)
}

fn make_method(call: &mut Call<'_>, of: Addr, about: &About) -> Result<Value, Outcome> {
    let constructor = about.name == "<init>";
    let class = if constructor { "java/lang/reflect/Constructor" } else { "java/lang/reflect/Method" };
    let made = new_of(call.vm, class)?;
    let desc = Descriptor::parse(&about.desc).map_err(|_| Outcome::Throw(Value::NULL))?;
    let params = mirrors(call, of, &desc.params)?;
    let result = match &desc.result {
        Some(result) => mirror(call, of, result)?,
        None => call.vm.primitive_mirror(None),
    };
    let thrown: Vec<TypeDesc> = about.exceptions.iter().map(|name| TypeDesc::Class(name.clone())).collect();
    let exceptions = mirrors(call, of, &thrown)?;
    let vm = &mut *call.vm;
    let signature = about.signature.as_deref().map_or(Value::NULL, |text| vm.java_string(text));
    let annotations = bytes(vm, about.annotations.as_deref());
    let parameter_annotations = bytes(vm, about.parameter_annotations.as_deref());
    let default = bytes(vm, about.default.as_deref());
    let (name, clazz) = (vm.java_literal(&about.name), vm.mirror_of(of));
    let slot = slot_of(vm, of, class::METHODS, about).unwrap_or(0);
    for (field, bits) in [
        ("clazz", clazz.0),
        ("slot", slot),
        ("parameterTypes", params.0),
        ("exceptionTypes", exceptions.0),
        ("modifiers", u64::from(about.access)),
        ("signature", signature.0),
        ("annotations", annotations.0),
        ("parameterAnnotations", parameter_annotations.0),
    ] {
        set(vm, made, field, bits);
    }
    if !constructor {
        for (field, bits) in [("name", name.0), ("returnType", result.0), ("annotationDefault", default.0)] {
            set(vm, made, field, bits);
        }
    }
    Ok(Value::object(made))
}

/// Mirrors of classes as the class of the receiver names them.
fn classes_named(call: &mut Call<'_>, names: Vec<String>) -> Outcome {
    let descs: Vec<TypeDesc> = names.into_iter().map(TypeDesc::Class).collect();
    let of = class_of(call);
    match mirrors(call, of, &descs) {
        Ok(array) => Outcome::value(array),
        Err(outcome) => outcome,
    }
}

/// The classes of an attribute that is a list of them; null when the class has none.
fn listed(vm: &mut Vm, of: Addr, attribute: &[u8]) -> Option<Vec<String>> {
    let found = with_file(vm, of, |file| {
        let bytes = file.attribute_named(attribute)?;
        let numbers = bytes.chunks_exact(2).skip(1).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        Some(numbers.filter_map(|index| file.class_name(index).ok()).collect())
    });
    found.flatten()
}

fn listed_classes(call: &mut Call<'_>, attribute: &[u8]) -> Outcome {
    let of = class_of(call);
    match if of.is_null() { None } else { listed(call.vm, of, attribute) } {
        Some(names) => classes_named(call, names),
        None => Outcome::value(Value::NULL),
    }
}

fn nest_members(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let mut names = alloc::vec![call.vm.text(of, class::NAME)];
    names.extend(listed(call.vm, of, b"NestMembers").unwrap_or_default());
    classes_named(call, names)
}

/// Member classes: entries of InnerClasses whose outer class is this one (JVMS 4.7.6).
fn declared_classes(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let found = if of.is_null() {
        None
    } else {
        with_file(call.vm, of, |file| {
            let bytes = file.attribute_named(b"InnerClasses")?;
            let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
            let count = usize::from(number(0)?);
            let member = |index: usize| {
                let at = 2 + 8 * index;
                let outer = file.class_name(number(at + 2)?).ok()?;
                if outer == file.name { file.class_name(number(at)?).ok() } else { None }
            };
            Some((0..count).filter_map(member).collect::<Vec<String>>())
        })
        .flatten()
    };
    classes_named(call, found.unwrap_or_default())
}

/// The Record attribute (JVMS 4.7.30).
fn record_components(call: &mut Call<'_>) -> Outcome {
    let of = class_of(call);
    let found = with_file(call.vm, of, |file| {
        let bytes = file.attribute_named(b"Record")?;
        let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let mut at = 2;
        let mut all = Vec::new();
        for _ in 0..number(0)? {
            let (name, desc) = (file.utf8(number(at)?).ok()?, file.utf8(number(at + 2)?).ok()?);
            let count = number(at + 4)?;
            at += 6;
            let mut signature = None;
            let (mut annotations, mut type_annotations) = (None, None);
            for _ in 0..count {
                let kind = file.utf8(number(at)?).ok()?;
                let length = u32::from_be_bytes(*bytes.get(at + 2..)?.first_chunk::<4>()?) as usize;
                let content = bytes.get(at + 6..at.checked_add(6)?.checked_add(length)?)?;
                match kind.as_str() {
                    "Signature" => signature = file.utf8(number(at + 6)?).ok(),
                    "RuntimeVisibleAnnotations" => annotations = Some(content.to_vec()),
                    "RuntimeVisibleTypeAnnotations" => type_annotations = Some(content.to_vec()),
                    _ => {}
                }
                at += 6 + length;
            }
            all.push(About { name, desc, signature, annotations, type_annotations, ..About::default() });
        }
        Some(all)
    });
    let Some(found) = found.flatten() else { return Outcome::value(Value::NULL) };
    let made: Result<Vec<Value>, Outcome> =
        found.iter().map(|about| make_component(call, of, about)).collect();
    finish(call, "java/lang/reflect/RecordComponent", made)
}

fn make_component(call: &mut Call<'_>, of: Addr, about: &About) -> Result<Value, Outcome> {
    let made = new_of(call.vm, "java/lang/reflect/RecordComponent")?;
    let desc = TypeDesc::parse(&about.desc).map_err(|_| Outcome::Throw(Value::NULL))?;
    let of_type = mirror(call, of, &desc)?;
    let getter = with_file(call.vm, of, |file| {
        let desc = format!("(){}", about.desc);
        let found = file.methods.iter().find(|member| member.name == about.name && member.desc == desc);
        found.map(|member| self::about(file, member))
    });
    let getter = match getter.flatten() {
        Some(getter) => make_method(call, of, &getter)?,
        None => Value::NULL,
    };
    let vm = &mut *call.vm;
    let signature = about.signature.as_deref().map_or(Value::NULL, |text| vm.java_string(text));
    let annotations = bytes(vm, about.annotations.as_deref());
    let type_annotations = bytes(vm, about.type_annotations.as_deref());
    let (name, clazz) = (vm.java_literal(&about.name), vm.mirror_of(of));
    for (field, bits) in [
        ("clazz", clazz.0),
        ("name", name.0),
        ("type", of_type.0),
        ("accessor", getter.0),
        ("typeAnnotations", type_annotations.0),
        ("signature", signature.0),
        ("annotations", annotations.0),
    ] {
        set(vm, made, field, bits);
    }
    Ok(Value::object(made))
}

/// An attribute of the member that the receiver stands for, of one of its class's lists.
fn member_attribute(call: &mut Call<'_>, list: u64, attribute: &[u8]) -> Option<Vec<u8>> {
    let this = call.this();
    let of = call.vm.class_of_mirror(Value(get(call.vm, this, "clazz")));
    let slot = get(call.vm, this, "slot");
    let member = call.vm.array_get(call.vm.ref_field(of, list), slot).as_object()?;
    // Names and descriptors stand at the same places in methods and fields.
    let (name, desc) = (call.vm.text(member, method::NAME), call.vm.text(member, method::DESCRIPTOR));
    with_file(call.vm, of, |file| {
        let members = if list == class::FIELDS { &file.fields } else { &file.methods };
        let found = members.iter().find(|member| member.name == name && member.desc == desc)?;
        let found = found.attributes.iter().find(|known| known.name == attribute)?;
        Some(found.bytes.to_vec())
    })
    .flatten()
}

fn member_annotations(call: &mut Call<'_>, list: u64) -> Outcome {
    let content = member_attribute(call, list, TYPE_ANNOTATIONS);
    Outcome::value(bytes(call.vm, content.as_deref()))
}

/// The MethodParameters attribute (JVMS 4.7.24) as an array of `Parameter`; null without one.
fn parameters(call: &mut Call<'_>) -> Outcome {
    const ENTRY: usize = 4;
    let Some(content) = member_attribute(call, class::METHODS, b"MethodParameters") else {
        return Outcome::value(Value::NULL);
    };
    let this = call.this();
    let of = call.vm.class_of_mirror(Value(get(call.vm, this, "clazz")));
    let count = content.first().map_or(0, |count| usize::from(*count));
    let entries = content[content.len().min(1)..].chunks_exact(ENTRY).take(count);
    let mut made = Vec::new();
    for (index, entry) in entries.enumerate() {
        let (name, access) =
            (u16::from_be_bytes([entry[0], entry[1]]), u16::from_be_bytes([entry[2], entry[3]]));
        let name = with_file(call.vm, of, |file| file.utf8(name).ok()).flatten();
        let name = name.map_or(Value::NULL, |name| call.vm.java_literal(&name));
        let parameter = match new_of(call.vm, "java/lang/reflect/Parameter") {
            Ok(parameter) => parameter,
            Err(outcome) => return outcome,
        };
        for (field, bits) in [
            ("name", name.0),
            ("modifiers", u64::from(access)),
            ("executable", this.0),
            ("index", index as u64),
        ] {
            set(call.vm, parameter, field, bits);
        }
        made.push(Value::object(parameter));
    }
    finish(call, "java/lang/reflect/Parameter", Ok(made))
}

fn raw_attribute(call: &mut Call<'_>, of: Addr, name: &[u8]) -> Outcome {
    let content = if of.is_null() {
        None
    } else {
        with_file(call.vm, of, |file| file.attribute_named(name).map(<[u8]>::to_vec)).flatten()
    };
    Outcome::value(bytes(call.vm, content.as_deref()))
}

/// A `ConstantPool` whose `constantPoolOop` is the mirror of the class.
fn constant_pool(call: &mut Call<'_>) -> Outcome {
    let made = match call.vm.class_by_name("jdk/internal/reflect/ConstantPool") {
        Ok(class) => call.vm.new_object(class),
        Err(thrown) => return Outcome::Throw(thrown),
    };
    let this = call.raw(0);
    set(call.vm, made, "constantPoolOop", this);
    Outcome::object(made)
}

fn pool_entry(call: &mut Call<'_>) -> Outcome {
    enum Entry {
        Number(u64),
        Text(String),
    }
    let of = call.vm.class_of_mirror(call.reference_at(1));
    let index = call.int_at(2) as u16;
    let found = if of.is_null() {
        None
    } else {
        with_file(call.vm, of, |file| match file.constant(index) {
            Constant::Int(number) => Some(Entry::Number(u64::from(number as u32))),
            Constant::Float(bits) => Some(Entry::Number(u64::from(bits))),
            Constant::Long(number) => Some(Entry::Number(number as u64)),
            Constant::Double(bits) => Some(Entry::Number(bits)),
            Constant::Utf8(_) => file.utf8(index).ok().map(Entry::Text),
            _ => None,
        })
        .flatten()
    };
    match found {
        Some(Entry::Number(bits)) => Outcome::Return(bits),
        Some(Entry::Text(text)) => Outcome::value(call.vm.java_string(&text)),
        None => {
            call.throw_java("java/lang/IllegalArgumentException", Some("Wrong type at constant pool index"))
        }
    }
}

/// Java's boxed form of a slot of a primitive type.
fn boxed(vm: &mut Vm, elem: Elem, bits: u64) -> Result<Value, Value> {
    let class = vm.class_by_name(wrapper(elem))?;
    let made = vm.new_object(class);
    set(vm, made, "value", bits);
    Ok(Value::object(made))
}

/// The slot in a boxed value, widened to a primitive type (JLS 5.1.2); `None` when it does not fit.
fn unboxed(vm: &Vm, value: Value, to: Elem) -> Option<u64> {
    let object = value.as_object()?;
    let name = vm.text(vm.class_of(value), class::NAME);
    let from = Elem::ALL.iter().copied().find(|elem| wrapper(*elem) == name)?;
    widened(get(vm, object, "value"), from, to)
}

/// A number of a primitive type as one of another (JLS 5.1.2); `None` when it does not fit.
fn widened(bits: u64, from: Elem, to: Elem) -> Option<u64> {
    let number = i64::from(bits as u32 as i32);
    Some(match (from, to) {
        _ if from == to => bits,
        (Elem::Bool, _) | (_, Elem::Bool) | (_, Elem::U16) => return None,
        (Elem::I8, Elem::I16) | (Elem::I8 | Elem::I16 | Elem::U16, Elem::I32) => bits,
        (Elem::I8 | Elem::I16 | Elem::U16 | Elem::I32, Elem::I64) => number as u64,
        (Elem::I8 | Elem::I16 | Elem::U16 | Elem::I32, Elem::F32) => u64::from((number as f32).to_bits()),
        (Elem::I8 | Elem::I16 | Elem::U16 | Elem::I32, Elem::F64) => (number as f64).to_bits(),
        (Elem::I64, Elem::F32) => u64::from((bits as i64 as f32).to_bits()),
        (Elem::I64, Elem::F64) => (bits as i64 as f64).to_bits(),
        (Elem::F32, Elem::F64) => f64::from(f32::from_bits(bits as u32)).to_bits(),
        _ => return None,
    })
}

/// The machine's own boxed form of a slot, as calls of methods by the machine take arguments.
fn as_value(vm: &mut Vm, elem: Elem, bits: u64) -> Value {
    vm.box_slot(bits, elem.kind() as u8)
}

/// Arguments for a method of a class, from Java's array of objects; what to throw when they do not fit.
fn arguments(
    call: &mut Call<'_>,
    owner: Addr,
    params: &[TypeDesc],
    array: Value,
) -> Result<Vec<Value>, Outcome> {
    let count = array.as_object().map_or(0, |array| call.vm.array_len(array));
    if count != params.len() as u64 {
        return Err(call.throw_java("java/lang/IllegalArgumentException", Some("wrong number of arguments")));
    }
    let mut values = Vec::new();
    for (index, param) in params.iter().enumerate() {
        let value = array.as_object().map_or(Value::NULL, |array| call.vm.array_get(array, index as u64));
        let fits = match param {
            TypeDesc::Prim(elem) => unboxed(call.vm, value, *elem).map(|bits| as_value(call.vm, *elem, bits)),
            other => {
                let name = match other {
                    TypeDesc::Class(name) => name.clone(),
                    array => format!("{array}"),
                };
                let class = call.class_from(owner, &name)?;
                (value.is_null() || call.vm.is_instance(value, class)).then_some(value)
            }
        };
        match fits {
            Some(value) => values.push(value),
            None => return Err(mismatch(call)),
        }
    }
    Ok(values)
}

/// The class and method that a `Method` or `Constructor` stands for.
fn member(call: &mut Call<'_>, index: u64) -> Result<(Addr, Addr), Outcome> {
    let of = object(call, index)?;
    let owner = call.vm.class_of_mirror(Value(get(call.vm, of, "clazz")));
    let slot = get(call.vm, of, "slot");
    let methods = call.vm.ref_field(owner, class::METHODS);
    Ok((owner, Addr(call.vm.array_get(methods, slot).0)))
}

/// `Method.invoke`: phase 0: nothing done; with [`WRAPPING_PHASE`]: the method was called.
fn invoke(call: &mut Call<'_>) -> Outcome {
    let found = match member(call, 0) {
        Ok(found) => found,
        Err(thrown) => return thrown,
    };
    let (owner, target) = found;
    let desc = Descriptor::parse(&call.vm.text(target, method::DESCRIPTOR)).ok();
    let Some(desc) = desc else { return Outcome::value(Value::NULL) };
    if call.phase() & WRAPPING_PHASE != 0 {
        return result(call, &desc);
    }
    let statically = call.vm.method_flags(target).has(Flags::STATIC);
    if call.vm.wants_initialising(owner) {
        return Outcome::Initialise(owner);
    }
    let receiver = call.reference_at(1);
    let mut target = target;
    if !statically {
        if receiver.is_null() {
            return call.throw_java("java/lang/NullPointerException", None);
        }
        if !call.vm.is_instance(receiver, owner) {
            let text = "object is not an instance of declaring class";
            return call.throw_java("java/lang/IllegalArgumentException", Some(text));
        }
        let class = call.vm.class_of(receiver);
        target = match call.vm.select(class, target) {
            Ok(target) => target,
            Err(thrown) => return Outcome::Throw(thrown),
        };
    }
    let array = call.reference_at(2);
    match arguments(call, owner, &desc.params, array) {
        Ok(args) => {
            call.set_phase(WRAPPING_PHASE);
            Outcome::Call(Invoke { receiver, method: Target::Method(target), args })
        }
        Err(thrown) => thrown,
    }
}

/// What a called method gave, as Java's object.
fn result(call: &mut Call<'_>, desc: &Descriptor) -> Outcome {
    let value = call.result();
    match &desc.result {
        Some(TypeDesc::Prim(elem)) => {
            let bits = call.vm.unbox(value, elem.kind());
            match bits.and_then(|bits| boxed(call.vm, *elem, bits)) {
                Ok(made) => Outcome::value(made),
                Err(thrown) => Outcome::Throw(thrown),
            }
        }
        Some(_) => Outcome::value(value),
        None => Outcome::value(Value::NULL),
    }
}

/// `Constructor.newInstance`; reference 0 is the new object.
fn new_instance(call: &mut Call<'_>) -> Outcome {
    if call.phase() & WRAPPING_PHASE != 0 {
        return Outcome::value(call.reference(0));
    }
    let (owner, target) = match member(call, 0) {
        Ok(found) => found,
        Err(thrown) => return thrown,
    };
    if !call.vm.has_instances(owner) {
        return call.throw_java("java/lang/InstantiationException", None);
    }
    if call.vm.wants_initialising(owner) {
        return Outcome::Initialise(owner);
    }
    let Ok(desc) = Descriptor::parse(&call.vm.text(target, method::DESCRIPTOR)) else {
        return Outcome::value(Value::NULL);
    };
    let array = call.reference_at(1);
    match arguments(call, owner, &desc.params, array) {
        Ok(args) => {
            let receiver = Value::object(call.vm.new_object(owner));
            call.set_reference(0, receiver);
            call.set_phase(WRAPPING_PHASE);
            Outcome::Call(Invoke { receiver, method: Target::Method(target), args })
        }
        Err(thrown) => thrown,
    }
}

/// Whether the class file of a class has an initialiser.
fn has_initialiser(call: &mut Call<'_>) -> Outcome {
    let of = call.vm.class_of_mirror(call.reference_at(0));
    let found = with_file(call.vm, of, |file| file.methods.iter().any(|member| member.name == "<clinit>"));
    Outcome::truth(found == Some(true))
}

/// The field that a `Field` stands for: its offset, or of a static one the object that its offset counts in.
fn field_place(call: &mut Call<'_>, base: bool) -> Outcome {
    let found = object(call, 1).map(|of| {
        let owner = call.vm.class_of_mirror(Value(get(call.vm, of, "clazz")));
        let slot = get(call.vm, of, "slot");
        let fields = call.vm.ref_field(owner, class::FIELDS);
        let target = Addr(call.vm.array_get(fields, slot).0);
        support::field_place(call.vm, target, base)
    });
    done(found)
}

/// `Array.getInt` and its kin: the element of an array of numbers, widened.
fn get_number(call: &mut Call<'_>, to: Elem) -> Outcome {
    let got = number_element(call).and_then(|(array, elem, index)| {
        let bits = call.vm.element_bits(array, elem, index);
        widened(bits, elem, to).map(Outcome::Return).ok_or_else(|| mismatch(call))
    });
    done(got)
}

/// `Array.setInt` and its kin.
fn set_number(call: &mut Call<'_>, from: Elem) -> Outcome {
    let bits = call.raw(2);
    let put = number_element(call).and_then(|(array, elem, index)| match widened(bits, from, elem) {
        Some(bits) => {
            call.vm.set_element_bits(array, elem, index, bits);
            Ok(Outcome::VOID)
        }
        None => Err(mismatch(call)),
    });
    done(put)
}

fn mismatch(call: &mut Call<'_>) -> Outcome {
    call.throw_java("java/lang/IllegalArgumentException", Some("argument type mismatch"))
}

/// As [`element`], of an array of numbers.
fn number_element(call: &mut Call<'_>) -> Result<(Addr, Elem, u64), Outcome> {
    let array = object(call, 0)?;
    let of = call.vm.class_of(Value::object(array));
    if call.vm.is_array_class(of) && !call.vm.ref_field(of, class::ELEMENT).is_null() {
        let text = "Argument is not an array of primitive type";
        return Err(call.throw_java("java/lang/IllegalArgumentException", Some(text)));
    }
    match element(call)? {
        (array, Some(elem), index) => Ok((array, elem, index)),
        (_, None, _) => Err(mismatch(call)),
    }
}

/// `Array.newInstance` with several lengths, which the kernel's own method makes in steps. Phase 1: it was called.
fn new_arrays(call: &mut Call<'_>) -> Outcome {
    const DIMENSIONS_MAX: u64 = 255;
    if call.phase() == 1 {
        return Outcome::value(call.result());
    }
    let (mirror, lengths) = match object(call, 0).and_then(|mirror| Ok((mirror, object(call, 1)?))) {
        Ok((mirror, lengths)) => (Value::object(mirror), lengths),
        Err(thrown) => return thrown,
    };
    let count = call.vm.array_len(lengths);
    let (mut of, made) = match call.vm.primitive_of_mirror(mirror) {
        Some(Some(elem)) => (call.vm.primitive_array_class(elem), 1),
        Some(None) => return call.throw_java("java/lang/IllegalArgumentException", None),
        None => (call.vm.class_of_mirror(mirror), 0),
    };
    let name = call.vm.text(of, class::NAME);
    let dimensions = (name.len() - name.trim_start_matches('[').len()) as u64 - made;
    if count == 0 || count + dimensions > DIMENSIONS_MAX {
        return call.throw_java("java/lang/IllegalArgumentException", None);
    }
    let negative = (0..count)
        .map(|index| call.vm.element_bits(lengths, Elem::I32, index) as u32 as i32)
        .find(|length| *length < 0);
    if let Some(length) = negative {
        return call.throw_java("java/lang/NegativeArraySizeException", Some(&format!("{length}")));
    }
    for _ in made..count {
        of = call.vm.array_class(of);
    }
    // Of its own, for the program may change the lengths meanwhile.
    let ints = call.vm.primitive_array_class(Elem::I32);
    let copy = call.vm.new_array(ints, count);
    call.vm.memory.copy(lengths.add(array::DATA), copy.add(array::DATA), 4 * count);
    call.set_phase(1);
    let method = Target::Ordinal(NEW_ARRAYS as u16);
    Outcome::Call(Invoke { receiver: Value::object(of), method, args: alloc::vec![Value::object(copy)] })
}

/// The array in argument 0 and the address of the element in argument 1.
fn element(call: &mut Call<'_>) -> Result<(Addr, Option<Elem>, u64), Outcome> {
    let array = object(call, 0)?;
    let of = call.vm.class_of(Value::object(array));
    if !call.vm.is_array_class(of) {
        return Err(call.throw_java("java/lang/IllegalArgumentException", Some("Argument is not an array")));
    }
    let index = call.int_at(1);
    if index < 0 || index as u64 >= call.vm.array_len(array) {
        return Err(call.throw_java("java/lang/ArrayIndexOutOfBoundsException", None));
    }
    let elem = if call.vm.ref_field(of, class::ELEMENT).is_null() {
        Elem::from_value(call.vm.get_u8(of, class::ELEMENT_KIND))
    } else {
        None
    };
    Ok((array, elem, index as u64))
}

fn array_get(call: &mut Call<'_>) -> Outcome {
    let got = element(call).and_then(|(array, elem, index)| match elem {
        None => Ok(Outcome::value(call.vm.array_get(array, index))),
        Some(elem) => {
            let bits = call.vm.element_bits(array, elem, index);
            boxed(call.vm, elem, bits).map(Outcome::value).map_err(Outcome::Throw)
        }
    });
    done(got)
}

fn array_set(call: &mut Call<'_>) -> Outcome {
    let put = element(call).and_then(|(array, elem, index)| {
        let value = call.reference_at(2);
        let fits = match elem {
            None => {
                let element = call.vm.ref_field(call.vm.class_of(Value::object(array)), class::ELEMENT);
                let fits = value.is_null() || call.vm.is_instance(value, element);
                if fits {
                    call.vm.array_set(array, index, value);
                }
                fits
            }
            Some(elem) => match unboxed(call.vm, value, elem) {
                Some(bits) => {
                    call.vm.set_element_bits(array, elem, index, bits);
                    true
                }
                None => false,
            },
        };
        if fits {
            return Ok(Outcome::VOID);
        }
        Err(call.throw_java("java/lang/IllegalArgumentException", Some("array element type mismatch")))
    });
    done(put)
}
