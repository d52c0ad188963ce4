//! What the methods of connectors share: operations in their frames, and failures.
//!
//! Phases of such a method are [`FRESH`], [`UNDERWAY`] (the boot is number 0, the operation number 1) and [`HELD`] (the
//! boot is number 0; what leaves waits for the epoch in number 1).
//!
//! *Invariant:* reference 1 is null while nothing is opened, sent or brought in: what is opened has its handle there until
//! the connector gets it; the others are described in `internal::outside`.

use super::grants::Purpose;
use crate::internal::{Call, Outcome, Wait};
use alloc::format;
use alloc::string::{String, ToString};
use base::Addr;
use bytecode::Flags;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_option, connector_state, frame, program};
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
pub enum Entry {
    /// At its beginning.
    Fresh,
    /// Its operation has ended.
    Ended(Ended),
    /// The world was restarted: whether the operation took effect is unknown.
    Lost,
}

impl Call<'_> {
    /// What a wait is for: the connector that is the receiver; a native method, whose first argument may be a number, waits
    /// for its own thread.
    fn awaited(&self) -> Addr {
        let method = Addr(self.vm.get_u64(self.frame, frame::METHOD));
        let is_native = !method.is_null() && self.vm.method_flags(method).has(Flags::NATIVE);
        if is_native { self.thread } else { self.this() }
    }

    /// Where the method stands; leaves it when its operation is still under way.
    ///
    /// # Errors
    /// What to leave the method with: it waits.
    pub fn entry(&mut self) -> Result<Entry, Outcome> {
        match self.phase() {
            UNDERWAY => {
                let (is_current, id) = (self.number(0) == self.vm.common.outside.boot, OpId(self.number(1)));
                let calls = &mut self.vm.common.outside.calls;
                match calls.get_mut(&self.thread.0).filter(|call| is_current && call.id == id) {
                    None => {
                        self.set_phase(FRESH);
                        // A handle that means nothing any more, or a part of what was brought.
                        self.set_reference(1, Value::NULL);
                        Ok(Entry::Lost)
                    }
                    Some(call) => match call.ended.take() {
                        Some(ended) => {
                            calls.remove(&self.thread.0);
                            self.set_phase(FRESH);
                            Ok(Entry::Ended(ended))
                        }
                        None => Err(Outcome::Block(Wait::Outside { object: self.awaited() })),
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
    ///
    /// # Errors
    /// What to leave the method with: it waits for the snapshot.
    pub fn hold(&mut self, object: Addr) -> Result<(), Outcome> {
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

    /// Holds what cannot be done twice until a snapshot says that it is about to be done: so the world never goes back to
    /// where it was not asked for, and after a restart the method knows that it may have been done ([`Entry::Lost`]).
    ///
    /// # Errors
    /// What to leave the method with: it waits for the snapshot.
    pub fn hold_once(&mut self) -> Result<(), Outcome> {
        if self.phase() == HELD { Ok(()) } else { Err(self.hold_now()) }
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
    ///
    /// # Errors
    /// What to leave the method with: it waits.
    pub fn operation(&mut self, operation: Operation) -> Result<Ended, Outcome> {
        self.opening(None, operation)
    }

    /// Starts an operation that opens something.
    fn opening(&mut self, opens: Option<Handle>, operation: Operation) -> Result<Ended, Outcome> {
        // The one place where anything outside is begun. Whoever is woken comes here again, in the phase that it is in.
        if self.vm.is_detached() {
            return Err(Outcome::Block(Wait::Outside { object: self.awaited() }));
        }
        let (id, ended) = self.vm.submit(self.thread, opens, operation);
        if let Some(ended) = ended {
            self.set_phase(FRESH);
            return Ok(ended);
        }
        self.set_underway(id);
        Err(Outcome::Block(Wait::Outside { object: self.awaited() }))
    }

    /// The method goes on after a safepoint as if its operation had ended with this only then.
    pub(crate) fn put_back(&mut self, ended: Ended) {
        let id = self.vm.common.outside.keep_ended(self.thread, ended);
        self.set_underway(id);
    }

    fn set_underway(&mut self, id: OpId) {
        let boot = self.vm.common.outside.boot;
        self.set_number(0, boot);
        self.set_number(1, id.0);
        self.set_phase(UNDERWAY);
    }

    /// Starts an operation that opens what `make` says under a new handle, and remembers the handle in reference 1.
    ///
    /// # Errors
    /// What to leave the method with: it waits.
    pub fn open(&mut self, make: impl FnOnce(Handle) -> Operation) -> Result<Ended, Outcome> {
        let handle = Handle(self.vm.common.outside.number());
        let kept = self.vm.box_i64(handle.0 as i64);
        self.set_reference(1, kept);
        self.opening(Some(handle), make(handle))
    }

    /// Gives a connector what [`Call::open`] opened.
    pub fn opened(&mut self, object: Addr) {
        let handle = self.vm.as_long(self.reference(1)).unwrap_or(0);
        self.set_reference(1, Value::NULL);
        self.vm.detach(object);
        self.vm.attach(object, Handle(handle as u64));
    }

    /// What a connector has open now.
    pub fn attached(&self, object: Addr) -> Option<Handle> {
        self.vm.attached(object)
    }

    /// Closes what a connector has open.
    pub fn close(&mut self, object: Addr) {
        self.vm.detach(object);
        self.vm.set_u32(object, connector::STATE, connector_state::CLOSED);
    }

    /// The state of a connector.
    pub fn connector_state(&self, object: Addr) -> u32 {
        self.vm.get_u32(object, connector::STATE)
    }

    /// A socket listens or is connected from now on: its addresses are known, and one that listens is bound again after a
    /// restart.
    pub fn now_open(&mut self, object: Addr, state: u32, local: &str, peer: &str) {
        self.opened(object);
        self.set_text(object, connector::ADDRESS, local);
        if peer.is_empty() {
            self.vm.set_ref(object, connector::PEER, Value::NULL);
        } else {
            self.set_text(object, connector::PEER, peer);
        }
        self.vm.set_u32(object, connector::STATE, state);
        if state == connector_state::LISTENING {
            self.vm.enter_bound(self.thread, object);
        }
    }

    /// Sets the address by which a connector is known.
    pub fn set_text(&mut self, object: Addr, field: u64, text: &str) {
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

    /// A number of bytes to be read: at least one, at most so many as one call reads.
    pub(crate) fn read_size(&mut self, wanted: i32, what: &str) -> Result<usize, Outcome> {
        match usize::try_from(wanted) {
            Ok(wanted) if wanted > 0 => Ok(wanted.min(READ_BYTES_MAX)),
            _ => Err(self.throw_string(&format!("{what} size is not positive: {wanted}"))),
        }
    }

    /// The address of a connector for messages.
    pub(crate) fn address_text(&self, object: Addr) -> String {
        let text = self.vm.text(object, connector::ADDRESS);
        if text.is_empty() { "what was never opened".to_string() } else { text }
    }
}
