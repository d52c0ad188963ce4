//! What the methods of connectors share: operations in their frames, failures, bytes.
//!
//! Phases of such a method are [`FRESH`], [`UNDERWAY`] (the boot is number 0, the operation number 1) and [`HELD`] (the
//! boot is number 0; what leaves waits for the epoch in number 1).

use super::grants::Purpose;
use crate::internal::{Call, Outcome, Wait};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, binary, connector, connector_option, connector_state, program};
use platform::{Ended, Fault, Handle, OpId, Operation, OutsideError, Place};

/// Nothing is done yet.
pub(crate) const FRESH: u32 = 0;
/// An operation is under way, or was when the world was cut off.
pub(crate) const UNDERWAY: u32 = 1;
/// What leaves is held.
pub(crate) const HELD: u32 = 2;

/// Most bytes that one call reads (16 MiB).
pub(crate) const READ_BYTES_MAX: usize = 16 << 20;

/// Where a method stands when it is invoked.
pub(crate) enum Entry {
    /// At its beginning.
    Fresh,
    /// Its operation has ended.
    Ended(Ended),
    /// The world was restarted: whether the operation took effect is unknown.
    Lost,
}

impl Call<'_> {
    /// Where the method stands; leaves it when its operation is still under way.
    pub(crate) fn entry(&mut self) -> Result<Entry, Outcome> {
        match self.phase() {
            UNDERWAY => {
                if self.number(0) != self.vm.common.outside.boot {
                    self.set_phase(FRESH);
                    return Ok(Entry::Lost);
                }
                let id = OpId(self.number(1));
                let calls = &mut self.vm.common.outside.calls;
                match calls.get_mut(&self.thread.0).filter(|call| call.id == id) {
                    None => {
                        self.set_phase(FRESH);
                        Ok(Entry::Lost)
                    }
                    Some(call) => match call.ended.take() {
                        Some(ended) => {
                            calls.remove(&self.thread.0);
                            self.set_phase(FRESH);
                            Ok(Entry::Ended(ended))
                        }
                        None => Err(Outcome::Block(Wait::Outside { object: self.this() })),
                    },
                }
            }
            HELD => {
                if self.vm.committed_epoch() < self.number(1) {
                    return Err(Outcome::Block(Wait::Commit { epoch: self.number(1) }));
                }
                let lost = self.number(0) != self.vm.common.outside.boot;
                // Held once, it goes out.
                if lost {
                    self.set_phase(FRESH)
                }
                Ok(if lost { Entry::Lost } else { Entry::Fresh })
            }
            _ => Ok(Entry::Fresh),
        }
    }

    /// Holds what the method is about to send until a snapshot says that it is sent, if the connector wants that.
    pub(crate) fn hold(&mut self, object: Addr) -> Result<(), Outcome> {
        let own = self.vm.get_u32(object, connector::OPTIONS) & connector_option::DURABLE != 0;
        let all = || {
            let owner = self.vm.owner_of(self.thread);
            owner.is_some_and(|owner| self.vm.get_u32(owner, program::DURABLE) != 0)
        };
        let wanted = own || all();
        if !wanted || self.phase() == HELD {
            return Ok(());
        }
        Err(self.hold_now())
    }

    /// Waits for a snapshot that holds this very wait.
    pub(crate) fn hold_now(&mut self) -> Outcome {
        let (boot, epoch) = (self.vm.common.outside.boot, self.vm.epoch());
        self.set_number(0, boot);
        self.set_number(1, epoch);
        self.set_phase(HELD);
        Outcome::Block(Wait::Commit { epoch })
    }

    /// Starts an operation; leaves the method when it does not end at once.
    pub(crate) fn operation(&mut self, operation: Operation) -> Result<Ended, Outcome> {
        self.opening(None, operation)
    }

    /// Starts an operation that opens something.
    fn opening(&mut self, opens: Option<Handle>, operation: Operation) -> Result<Ended, Outcome> {
        // The one place where anything outside is begun. Whoever is woken comes here again, in the phase that it is in.
        if self.vm.is_detached() {
            return Err(Outcome::Block(Wait::Outside { object: self.this() }));
        }
        let (id, ended) = self.vm.submit(self.thread, opens, operation);
        if let Some(ended) = ended {
            self.set_phase(FRESH);
            return Ok(ended);
        }
        let boot = self.vm.common.outside.boot;
        self.set_number(0, boot);
        self.set_number(1, id.0);
        self.set_phase(UNDERWAY);
        Err(Outcome::Block(Wait::Outside { object: self.this() }))
    }

    /// Starts an operation that opens what `make` says under a new handle, and remembers the handle in reference 1.
    pub(crate) fn open(&mut self, make: impl FnOnce(Handle) -> Operation) -> Result<Ended, Outcome> {
        let handle = Handle(self.vm.common.outside.number());
        let kept = self.vm.box_i64(handle.0 as i64);
        self.set_reference(1, kept);
        self.opening(Some(handle), make(handle))
    }

    /// Gives a connector what [`Call::open`] opened.
    pub(crate) fn opened(&mut self, object: Addr) {
        let handle = self.vm.as_long(self.reference(1)).unwrap_or(0);
        self.vm.detach(object);
        self.vm.attach(object, Handle(handle as u64));
    }

    /// What a connector has open now.
    pub(crate) fn attached(&self, object: Addr) -> Option<Handle> {
        self.vm.attached(object)
    }

    /// Closes what a connector has open.
    pub(crate) fn close(&mut self, object: Addr) {
        self.vm.detach(object);
        self.vm.set_u32(object, connector::STATE, connector_state::CLOSED);
    }

    /// The state of a connector.
    pub(crate) fn connector_state(&self, object: Addr) -> u32 {
        self.vm.get_u32(object, connector::STATE)
    }

    /// Sets the address by which a connector is known.
    pub(crate) fn set_text(&mut self, object: Addr, field: u64, text: &str) {
        let text = self.vm.make_string(text.as_bytes());
        self.vm.set_ref(object, field, Value::object(text));
    }

    /// What a failure outside throws: `cannot WHAT: REASON; WHAT TO DO`.
    pub(crate) fn failed(&mut self, what: &str, error: &OutsideError) -> Outcome {
        let class = match error.fault {
            Fault::Reset | Fault::Closed => ClassId::ConnectionReset,
            Fault::NotFound => ClassId::NotFound,
            Fault::LeadsOut => ClassId::NotGranted,
            _ => ClassId::Io,
        };
        let advice = match error.fault {
            Fault::LeadsOut => {
                "; it leads out of the folder that was granted: grant the one that it leads to"
            }
            Fault::AddressInUse => "; stop the program that uses the address, or take another port",
            Fault::AddressNotHere => "; the address is not one of this machine",
            Fault::Refused => "; nobody listens there",
            Fault::UnknownName => "; check the name, and whether the machine is connected",
            Fault::NoSpace => "; free some space and do it again, nothing is lost",
            Fault::TooManyOpen => "; close what is not needed any more",
            Fault::NotAllowed => "; the user of the machine may not do that",
            Fault::TooLarge => "; it is larger than what is taken at a time",
            Fault::Reset | Fault::Closed => "; connect again",
            _ => "",
        };
        self.throw_kernel(class, &format!("cannot {what}: {}{advice}", error.reason))
    }

    /// What a reactor that answers another question throws.
    pub(crate) fn nonsense(&mut self, what: &str) -> Outcome {
        self.throw_kernel(ClassId::Io, &format!("cannot {what}: the system below gave no answer to that"))
    }

    /// What throws when it is unknown whether something took effect.
    pub(crate) fn unknown(&mut self, what: &str) -> Outcome {
        let text = format!(
            "the world was restarted while it was about to {what}: whether that took effect is unknown"
        );
        self.throw_kernel(ClassId::UnknownOutcome, &text)
    }

    /// Leaves the method when the program may not use an address.
    pub(crate) fn granted_net(&mut self, address: &str) -> Result<(), Outcome> {
        let answer = self.vm.may_net(self.thread, address);
        answer.map_err(|why| self.throw_kernel(ClassId::NotGranted, &why))
    }

    /// Leaves the method when the program may not start a program.
    pub(crate) fn granted_run(&mut self, program: &str) -> Result<(), Outcome> {
        let answer = self.vm.may_start(self.thread, program);
        answer.map_err(|why| self.throw_kernel(ClassId::NotGranted, &why))
    }

    /// The place of a path that the program may use; leaves the method when there is none.
    pub(crate) fn granted_place(&mut self, path: &str, purpose: Purpose) -> Result<Place, Outcome> {
        let path = self.vm.absolute(self.thread, path);
        let answer = self.vm.may_use(self.thread, &path, purpose);
        answer.map_err(|why| self.throw_kernel(ClassId::NotGranted, &why))
    }

    /// Parameter `index`, a text for the system below: a string without zeros.
    pub(crate) fn plain_text(&mut self, index: u64, what: &str) -> Result<String, Outcome> {
        let bytes = self.string(index, what)?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(text),
            _ => Err(self.throw_string(what)),
        }
    }

    /// Parameter `index`, bytes: a string or a binary.
    pub(crate) fn payload(&mut self, index: u64, what: &str) -> Result<Vec<u8>, Outcome> {
        let value = self.value(index);
        if let Some(bytes) = self.vm.string_bytes_of(value) {
            return Ok(bytes);
        }
        match value.as_object() {
            Some(object) if self.vm.is_kernel(value, ClassId::Binary) => {
                let len = self.vm.get_u64(object, binary::USED) as usize;
                let mut bytes = alloc::vec![0; len];
                if len > 0 {
                    let from = self.vm.ref_field(object, binary::BYTES);
                    self.vm.read_bytes(from, 0, &mut bytes);
                }
                Ok(bytes)
            }
            _ => Err(self.throw_string(what)),
        }
    }

    /// A number of bytes to be read: at least one, at most so many as one call reads.
    pub(crate) fn read_size(&mut self, wanted: i32, what: &str) -> Result<usize, Outcome> {
        match usize::try_from(wanted) {
            Ok(wanted) if wanted > 0 => Ok(wanted.min(READ_BYTES_MAX)),
            _ => Err(self.throw_string(&format!("{what} size is not positive: {wanted}"))),
        }
    }

    /// Returns bytes as a string, or null when there are none.
    pub(crate) fn return_text(&mut self, bytes: &[u8]) -> Outcome {
        if bytes.is_empty() { Outcome::value(Value::NULL) } else { self.return_string(bytes) }
    }

    /// Returns bytes as a binary.
    pub(crate) fn return_binary(&mut self, bytes: &[u8]) -> Result<Outcome, Outcome> {
        self.fits(self.vm.prim_arrays[bytecode::Elem::I8 as usize], bytes.len() as u64)?;
        let room = self.vm.make_bytes(bytes.len() as u64);
        if !bytes.is_empty() {
            self.vm.write_bytes(room, 0, bytes);
        }
        let made = self.vm.new_kernel(ClassId::Binary);
        self.vm.set_ref(made, binary::BYTES, Value::object(room));
        self.vm.set_u64(made, binary::USED, bytes.len() as u64);
        const { assert!(array::DATA == 24) };
        Ok(Outcome::object(made))
    }

    /// The address of a connector for messages.
    pub(crate) fn address_text(&self, object: Addr) -> String {
        let text = self.vm.text(object, connector::ADDRESS);
        if text.is_empty() { "what was never opened".to_string() } else { text }
    }
}
