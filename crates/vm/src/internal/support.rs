//! What the kernel classes share: early returns, texts of objects, runs of bytes, checks of arguments.
//!
//! A method here returns `Step`, so that `?` leaves it with what it throws; [`methods!`] makes kernel methods of such
//! functions.
//!
//! *Invariant:* whatever a program passes (null, an object of another class, any number) leads to a thrown object, never
//! to a panic: arguments are looked at before they are used, because their types are not checked at calls.

use super::steps::difference;
use super::{Call, Invoke, Outcome, Target, number};
use crate::Vm;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{Shape, array, binary, class, header, stringbuilder};

/// How a kernel method ends: `Err` is an outcome too, of a method that was left early.
pub(super) type Step = Result<Outcome, Outcome>;

/// Both ends of a method as one.
pub(super) fn settle(step: Step) -> Outcome {
    step.unwrap_or_else(|outcome| outcome)
}

/// A table of methods from functions that return [`Step`].
macro_rules! methods {
    ($( $ordinal:literal $function:expr; )*) => {
        &[ $( ($ordinal, |call| $crate::internal::support::settle($function(call))), )* ]
    };
}
pub(super) use methods;

/// Most bytes in a string, stringbuilder or binary (1 GiB).
pub(super) const BYTES_MAX: u64 = 1 << 30;
/// Ordinal of `toString`.
pub(super) const TO_STRING: u16 = 5;
/// Ordinal of the method that a thread or a class loader begins with.
pub(super) const ACTIVITY: u16 = 8;

/// The text of an object, or how to get it.
pub(super) enum Text {
    /// The text.
    Ready(Vec<u8>),
    /// What to return: a call of the object's `toString`, after which [`Call::called_text`] has it.
    Ask(Outcome),
}

impl Call<'_> {
    /// The text of `value`; only user classes and the less common kernel classes have to be asked.
    pub(super) fn text_of(&self, value: Value) -> Text {
        if value.is_null() {
            return Text::Ready(b"(void)".to_vec());
        }
        if let Some(bytes) = self.vm.string_bytes_of(value) {
            return Text::Ready(bytes);
        }
        match number::number_of(self.vm, value) {
            Some(number) => Text::Ready(number.text().into_bytes()),
            None => {
                let method = Target::Ordinal(TO_STRING);
                Text::Ask(Outcome::Call(Invoke { receiver: value, method, args: Vec::new() }))
            }
        }
    }

    /// The text that the called `toString` returned.
    pub(super) fn called_text(&mut self) -> Result<Vec<u8>, Outcome> {
        let result = self.result();
        if result.is_null() {
            return Ok(b"(void)".to_vec());
        }
        self.vm.string_bytes_of(result).ok_or_else(|| self.throw_string("toString returned no string"))
    }

    /// The string that the called `toString` returned.
    pub(super) fn called_string(&mut self) -> Result<Value, Outcome> {
        let result = self.result();
        if result.is_null() {
            return Ok(Value::object(self.vm.make_string(b"(void)")));
        }
        if self.vm.is_string(result) {
            Ok(result)
        } else {
            Err(self.throw_string("toString returned no string"))
        }
    }

    /// Leaves the method when its receiver is immutable.
    pub(super) fn changeable(&mut self) -> Result<(), Outcome> {
        let this = self.this();
        if !this.is_null() && self.vm.get_u32(this, header::HASH) & header::IMMUTABLE != 0 {
            return Err(self.throw_kernel(ClassId::Immutable, "the object is immutable"));
        }
        Ok(())
    }

    /// Parameter `index`, an object of a kernel class or one that extends it.
    pub(super) fn object(&mut self, index: u64, id: ClassId, what: &str) -> Result<Addr, Outcome> {
        let value = self.value(index);
        match value.as_object() {
            Some(object) if self.vm.is_kernel(value, id) => Ok(object),
            _ => Err(self.throw_string(what)),
        }
    }

    /// Parameter `index`, a string.
    pub(super) fn string_object(&mut self, index: u64, what: &str) -> Result<Bytes, Outcome> {
        let value = self.value(index);
        Bytes::of_string(self.vm, value).ok_or_else(|| self.throw_string(what))
    }

    /// Parameter `index`, an array of references.
    pub(super) fn ref_array(&mut self, index: u64, what: &str) -> Result<Addr, Outcome> {
        let value = self.value(index);
        let shape = self.vm.get_u8(self.vm.class_of(value), class::SHAPE);
        match value.as_object() {
            Some(object) if shape == Shape::RefArray as u8 => Ok(object),
            _ => Err(self.throw_string(what)),
        }
    }

    /// Leaves the method when an array of so many elements does not fit in the world.
    pub(crate) fn fits(&mut self, class: Addr, len: u64) -> Result<(), Outcome> {
        if self.vm.array_fits(class, len) {
            return Ok(());
        }
        Err(self.throw_kernel(ClassId::OutOfMemory, &format!("{len} elements do not fit")))
    }

    /// A new string of zeros, to be filled at once.
    pub(super) fn string_room(&mut self, len: u64) -> Result<Addr, Outcome> {
        if len > BYTES_MAX {
            return Err(self.throw_string("the string is too long"));
        }
        self.fits(self.vm.kernel_class(ClassId::String), len)?;
        Ok(self.vm.make_string_room(len))
    }

    /// A new string of `len` bytes from `from` on; the range is in `bytes`.
    pub(super) fn part(&mut self, bytes: Bytes, from: u64, len: u64) -> Step {
        self.frame_for(len)?;
        let string = self.kept(0, |call| call.string_room(len))?;
        // What is copied may have become shorter since the room was made.
        let len = len.min(self.vm.array_len(string));
        self.copy_in_steps(bytes, from, string, 0, len)?;
        Ok(Outcome::object(string))
    }

    /// `substring(index, len)` of the original: the index must be that of a byte, the length is cut.
    pub(super) fn substring(&mut self, bytes: Bytes, class: &str) -> Step {
        let (index, len) = (self.int(0), self.int(1));
        let empty = index == 0 && bytes.len == 0;
        if index < 0 || (index as u64 >= bytes.len && !empty) {
            return Err(self.throw_string(&format!("{class}.substring index is out of bounds")));
        }
        if len < 0 {
            return Err(self.throw_string(&format!("{class}.substring length is out of bounds")));
        }
        self.part(bytes, index as u64, (len as u64).min(bytes.len - index as u64))
    }

    /// The byte at the index in parameter 0.
    pub(super) fn byte_at(&mut self, bytes: Bytes, what: &str) -> Step {
        let index = self.int(0);
        if index < 0 || index as u64 >= bytes.len {
            return Err(self.throw_string(what));
        }
        let byte = self.vm.get_u8(bytes.array, array::DATA + index as u64);
        Ok(Outcome::int(i32::from(byte)))
    }
}

/// A run of bytes in the world: a string's, or those in use of a stringbuilder or binary.
#[derive(Clone, Copy)]
pub(super) struct Bytes {
    /// Byte array or string; null only when there are no bytes.
    pub(super) array: Addr,
    /// Number of bytes.
    pub(super) len: u64,
}

const _: () = assert!(stringbuilder::BYTES == binary::BYTES && stringbuilder::USED == binary::USED);
const _: () = assert!(stringbuilder::CHANGES == binary::CHANGES);

impl Bytes {
    /// Those of a string.
    pub(super) fn of_string(vm: &Vm, value: Value) -> Option<Bytes> {
        if !vm.is_string(value) {
            return None;
        }
        value.as_object().map(|array| Bytes { array, len: vm.array_len(array) })
    }
    /// Those in use of a stringbuilder or binary.
    pub(super) fn in_use(vm: &Vm, object: Addr) -> Bytes {
        Bytes { array: vm.ref_field(object, binary::BYTES), len: vm.get_u64(object, binary::USED) }
    }
    /// All of them.
    pub(super) fn read(self, vm: &Vm) -> Vec<u8> {
        self.read_part(vm, 0, self.len)
    }
    /// `len` of them; the range must be inside.
    pub(super) fn read_part(self, vm: &Vm, from: u64, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; len as usize];
        if len > 0 {
            vm.read_bytes(self.array, from, &mut bytes);
        }
        bytes
    }
    /// Whether both hold the same.
    pub(super) fn same(self, vm: &Vm, other: Bytes) -> bool {
        self.len == other.len && difference(vm, self, 0, other, 0, self.len).is_none()
    }
}

/// Counts a change of a stringbuilder or binary.
pub(super) fn bytes_changed(call: &mut Call<'_>, object: Addr) {
    let changes = call.vm.get_u64(object, binary::CHANGES);
    call.vm.set_u64(object, binary::CHANGES, changes + 1);
}

/// Makes room for `used` bytes in a stringbuilder or binary. In a frame number 0 is how much was copied, reference 0 the
/// new array; both are zero and null afterwards.
pub(super) fn room_for(call: &mut Call<'_>, object: Addr, used: u64) -> Result<(), Outcome> {
    let old = Bytes::in_use(call.vm, object);
    let room = if old.array.is_null() { 0 } else { call.vm.array_len(old.array) };
    if used <= room {
        return Ok(());
    }
    if used > BYTES_MAX {
        return Err(call.throw_string("there are too many bytes"));
    }
    call.frame_for(old.len)?;
    let changes = call.vm.get_u64(object, binary::CHANGES);
    let wanted = used.max(2 * room).clamp(16, BYTES_MAX);
    call.fits(call.vm.prim_arrays[bytecode::Elem::I8 as usize], wanted)?;
    if call.is_framed() {
        call.is_unchanged(changes);
    }
    let grown = call.kept(0, |call| Ok(call.vm.make_bytes(wanted)))?;
    call.copy_in_steps(old, 0, grown, 0, old.len)?;
    call.vm.set_ref(object, binary::BYTES, Value::object(grown));
    bytes_changed(call, object);
    if call.is_framed() {
        call.set_number(0, 0);
        call.set_number(1, 0);
        call.set_reference(0, Value::NULL);
    }
    Ok(())
}

/// Makes room for `used` bytes in a stringbuilder or binary and counts them as used.
pub(super) fn set_used(call: &mut Call<'_>, object: Addr, used: u64) -> Result<(), Outcome> {
    room_for(call, object, used)?;
    call.vm.set_u64(object, binary::USED, used);
    bytes_changed(call, object);
    Ok(())
}

/// A copy of a stringbuilder or binary that shares no bytes with it.
pub(super) fn clone_bytes(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    let bytes = Bytes::in_use(call.vm, call.this());
    call.fits(call.vm.prim_arrays[bytecode::Elem::I8 as usize], bytes.len)?;
    call.frame_for(bytes.len)?;
    let own = call.kept(0, |call| Ok(call.vm.make_bytes(bytes.len)))?;
    let len = bytes.len.min(call.vm.array_len(own));
    call.copy_in_steps(bytes, 0, own, 0, len)?;
    let Some(copy) = call.vm.clone_object(receiver).and_then(Value::as_object) else {
        return Err(call.throw_string("clone is not possible"));
    };
    call.vm.set_ref(copy, binary::BYTES, Value::object(own));
    call.vm.set_u64(copy, binary::USED, len);
    Ok(Outcome::object(copy))
}

/// Hash of bytes that may change.
pub(super) fn hash_bytes(call: &mut Call<'_>) -> Step {
    let bytes = Bytes::in_use(call.vm, call.this());
    let hash = call.vm.hash_of_bytes(bytes.array, bytes.len);
    Ok(Outcome::int(hash as i32))
}
