//! What goes out of the world and comes into it: texts at once, bytes in steps.
//!
//! Bytes that leave are gathered in a buffer outside the world before the operation begins; how long it is says how far
//! that is. A restart in the middle finds no buffer, and as nothing has left they are gathered anew.
//!
//! Bytes that have come are copied from their end; what is left of them is what the operation ended with when the method
//! goes on. A restart in the middle finds that the operation is lost, and the method does what it does then. So what else a
//! method changes because they have come, such as the position in a file, it changes when all of them are there.
//!
//! *Invariant:* reference 1 of the frame is the number of the buffer, and then how much is sent; or the array that bytes are
//! brought into. Names are brought like bytes.

use super::support::Bytes;
use super::{Call, Outcome};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{binary, container};
use platform::Done;

/// Most bytes of a path, an address or the like.
const PLAIN_BYTES_MAX: u64 = 64 << 10;
/// Units for a name that is brought, besides its bytes.
const NAME_UNITS: u64 = 256;

/// What bytes become in the world.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Binary,
}

impl Call<'_> {
    /// Parameter `index`, a string that is taken at once.
    pub(super) fn short_text(&mut self, index: u64, what: &str) -> Result<Vec<u8>, Outcome> {
        let text = self.string_object(index, what)?;
        if text.len > PLAIN_BYTES_MAX {
            let text = format!("{what} of at most {PLAIN_BYTES_MAX} bytes");
            return Err(self.throw_string(&text));
        }
        Ok(text.read(self.vm))
    }

    /// Parameter `index`, a text for the system below: a string without zeros.
    pub(super) fn plain_text(&mut self, index: u64, what: &str) -> Result<String, Outcome> {
        let bytes = self.short_text(index, what)?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(text),
            _ => Err(self.throw_string(what)),
        }
    }

    /// Parameter `index`, bytes to be sent: a string's or a binary's. Nothing is copied yet.
    pub(super) fn payload(&mut self, index: u64, what: &str) -> Result<Bytes, Outcome> {
        let value = self.value(index);
        if let Some(bytes) = Bytes::of_string(self.vm, value) {
            return Ok(bytes);
        }
        match value.as_object() {
            Some(object) if self.vm.is_kernel(value, ClassId::Binary) => Ok(Bytes::in_use(self.vm, object)),
            _ => Err(self.throw_string(what)),
        }
    }

    /// A copy of the bytes, for the operation that is to begin in this very invocation.
    ///
    /// Others may change a binary meanwhile: each byte is as it is when its piece is copied, and there are as many as there
    /// are at the last step.
    pub(super) fn gathered(&mut self, payload: Bytes) -> Result<Vec<u8>, Outcome> {
        let number = self.vm.as_long(self.reference(1)).unwrap_or(0) as u64;
        let begun = self.vm.common.outside.take_gathered(self.thread, number);
        let mut bytes = begun.unwrap_or_else(|| Vec::with_capacity(payload.len as usize));
        bytes.truncate(payload.len as usize);
        loop {
            let at = bytes.len();
            let count = self.vm.step_units().min(payload.len - at as u64);
            bytes.resize(at + count as usize, 0);
            if count > 0 {
                self.vm.read_bytes(payload.array, at as u64, &mut bytes[at..]);
            }
            let rests = self.did(count);
            if bytes.len() as u64 == payload.len {
                self.note_number(payload.len);
                return Ok(bytes);
            }
            if let Err(again) = rests {
                let number = self.vm.common.outside.keep_gathered(self.thread, bytes);
                self.note_number(number);
                return Err(again);
            }
        }
    }

    fn note_number(&mut self, number: u64) {
        let boxed = self.vm.box_i64(number as i64);
        self.set_reference(1, boxed);
    }

    /// How many bytes were gathered for the operation that has ended.
    pub(super) fn sent(&self) -> u64 {
        self.vm.as_long(self.reference(1)).unwrap_or(0) as u64
    }

    /// Brings bytes into the world: the object, and how many they are.
    pub(super) fn brought(&mut self, mut bytes: Vec<u8>, form: Form) -> Result<(Addr, u64), Outcome> {
        let array = self.kept(1, |call| call.room_of(form, bytes.len() as u64))?;
        let most = self.vm.step_units() as usize;
        while !bytes.is_empty() {
            let from = bytes.len().saturating_sub(most);
            let count = (bytes.len() - from) as u64;
            self.vm.write_bytes(array, from as u64, &bytes[from..]);
            bytes.truncate(from);
            // Memory that was used is given back in pieces too.
            bytes.shrink_to_fit();
            if let Err(again) = self.did(count)
                && !bytes.is_empty()
            {
                self.put_back(Ok(Done::Data(bytes)));
                return Err(again);
            }
        }
        self.set_reference(1, Value::NULL);
        let len = self.vm.array_len(array);
        let object = match form {
            Form::Text => array,
            Form::Binary => self.binary_of(array),
        };
        Ok((object, len))
    }

    fn room_of(&mut self, form: Form, len: u64) -> Result<Addr, Outcome> {
        match form {
            Form::Text => self.string_room(len),
            Form::Binary => self.bytes_room(len),
        }
    }

    /// A new array of bytes, to be filled.
    pub(super) fn bytes_room(&mut self, len: u64) -> Result<Addr, Outcome> {
        self.fits(self.vm.prim_arrays[bytecode::Elem::I8 as usize], len)?;
        Ok(self.vm.make_bytes(len))
    }

    /// A new binary of all bytes of an array, which is its own from now on.
    pub(super) fn binary_of(&mut self, array: Addr) -> Addr {
        let made = self.vm.new_kernel(ClassId::Binary);
        let len = self.vm.array_len(array);
        self.vm.set_ref(made, binary::BYTES, Value::object(array));
        self.vm.set_u64(made, binary::USED, len);
        made
    }

    /// Brings names into the world: an array of strings.
    pub(super) fn brought_names(&mut self, mut names: Vec<String>) -> Result<Addr, Outcome> {
        let page = self.kept(1, |call| {
            let count = names.len() as u64;
            call.fits(call.vm.object_array, count)?;
            Ok(call.vm.make_ref_array(count))
        })?;
        while let Some(name) = names.pop() {
            let text = self.vm.make_string(name.as_bytes());
            self.vm.array_set(page, names.len() as u64, Value::object(text));
            if let Err(again) = self.did(NAME_UNITS + name.len() as u64)
                && !names.is_empty()
            {
                self.put_back(Ok(Done::Names(names)));
                return Err(again);
            }
        }
        self.set_reference(1, Value::NULL);
        let made = self.vm.new_kernel(ClassId::Container);
        self.vm.set_ref(made, container::PAGE, Value::object(page));
        self.vm.set_u64(made, container::USED, self.vm.array_len(page));
        Ok(made)
    }
}
