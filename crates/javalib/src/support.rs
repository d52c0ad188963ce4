//! Shared by the native methods.

use alloc::string::String;
use base::Addr;
use bytecode::{Elem, Flags};
use layout::Value;
use layout::schema::field;
use vm::Vm;
use vm::internal::{Call, Outcome};

/// Declares the native methods of classes: `"class" { "name" "descriptor" restart function; }`.
macro_rules! natives {
    ($($class:literal { $($name:literal $desc:literal $restart:ident $function:expr;)* })*) => {
        &[$($(vm::Native {
            class: $class,
            name: $name,
            desc: $desc,
            restart: layout::internal::Restart::$restart,
            function: $function,
        },)*)*]
    };
}
pub(crate) use natives;

/// Does nothing.
pub(crate) fn nothing(_: &mut Call<'_>) -> Outcome {
    Outcome::VOID
}
/// Gives 0, false or null.
pub(crate) fn zero(_: &mut Call<'_>) -> Outcome {
    Outcome::Return(0)
}

/// Reads an instance field by name; zero when the class has none.
pub(crate) fn get(vm: &Vm, object: Addr, name: &str) -> u64 {
    match vm.field_named(vm.class_of(Value::object(object)), name) {
        Some(found) => vm.load_field(object, found),
        None => 0,
    }
}
/// Writes an instance field by name.
pub(crate) fn set(vm: &mut Vm, object: Addr, name: &str, bits: u64) {
    if let Some(found) = vm.field_named(vm.class_of(Value::object(object)), name) {
        vm.store_field(object, found, bits);
    }
}

/// The object of argument `index`, or what to throw when it is null.
pub(crate) fn object(call: &mut Call<'_>, index: u64) -> Result<Addr, Outcome> {
    match call.reference_at(index).as_object() {
        Some(object) => Ok(object),
        None => Err(call.throw_java("java/lang/NullPointerException", None)),
    }
}

/// The text of argument `index`, a `java.lang.String`, or what to throw when it is null.
pub(crate) fn text(call: &mut Call<'_>, index: u64) -> Result<String, Outcome> {
    match call.vm.java_text(call.reference_at(index)) {
        Some(text) => Ok(text),
        None => Err(call.throw_java("java/lang/NullPointerException", None)),
    }
}

/// A new `java.lang.String`.
pub(crate) fn string(call: &mut Call<'_>, text: &str) -> Outcome {
    Outcome::value(call.vm.java_string(text))
}

/// Name of a class as `Class.getName` gives it.
pub(crate) fn java_name(name: &str) -> String {
    name.replace('/', ".")
}

/// An array of references of a class by name.
pub(crate) fn array_of(vm: &mut Vm, class: &str, elements: &[Value]) -> Result<Value, Value> {
    let class = vm.class_by_name(class)?;
    let class = vm.array_class(class);
    let made = vm.new_array(class, elements.len() as u64);
    for (index, element) in elements.iter().enumerate() {
        vm.array_set(made, index as u64, *element);
    }
    Ok(Value::object(made))
}

/// Offset of a field in an object.
pub(crate) fn offset_of(vm: &Vm, target: Addr) -> u64 {
    u64::from(vm.get_u32(target, field::OFFSET))
}

/// Bit of the offset of a static field that holds a number: its cell is a whole slot, in which the number stands widened.
/// The kind of the field stands in the bits from [`CELL_KIND_SHIFT`] on.
pub(crate) const CELL: u64 = 1 << 62;
pub(crate) const CELL_KIND_SHIFT: u32 = 56;

/// Where a field stands, as `Unsafe` takes it: its offset, or the object that the offset of a static one counts in.
pub(crate) fn field_place(vm: &Vm, target: Addr, base: bool) -> Outcome {
    if !Flags(vm.get_u32(target, field::FLAGS)).has(Flags::STATIC) {
        return Outcome::long(offset_of(vm, target) as i64);
    }
    let (cells, cell) = vm.static_cell(target);
    if base {
        return Outcome::object(cells);
    }
    let kind = vm.get_u8(target, field::KIND);
    let mark = match Elem::from_value(kind) {
        Some(_) => CELL | u64::from(kind) << CELL_KIND_SHIFT,
        None => 0,
    };
    Outcome::long((mark | (cell.0 - cells.0)) as i64)
}

/// Joins two ways a native method may end.
pub(crate) fn done(result: Result<Outcome, Outcome>) -> Outcome {
    match result {
        Ok(outcome) | Err(outcome) => outcome,
    }
}
