//! Sockets with an address of this machine, which a restart binds again before any thread runs.
//!
//! The root page has a weak array of them (`BOUND`), in pairs: the connector and the program that opened it. An entry is
//! free when one of both is gone, the connector is closed, or the program has ended.

use crate::Vm;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_state, hold, program, program_state, root};
use platform::{Done, Handle, Operation};

/// Entries of the first array.
const FIRST_ENTRIES: u64 = 8;

impl Vm {
    /// Enters a connector that a thread has bound to an address.
    pub fn enter_bound(&mut self, thread: Addr, object: Addr) {
        let Some(owner) = self.owner_of(thread) else { return };
        let mut list = self.root_ref(root::BOUND);
        let entries = if list.is_null() { 0 } else { self.array_len(list) / 2 };
        let mut at = None;
        for entry in 0..entries {
            match self.bound_entry(list, entry) {
                Some((known, _)) if known == object => return,
                None => at = at.or(Some(entry)),
                Some(_) => {}
            }
        }
        let at = at.unwrap_or_else(|| {
            let larger =
                self.new_array_old(self.kernel_class(ClassId::WeakArray), 2 * FIRST_ENTRIES.max(2 * entries));
            for index in 0..2 * entries {
                let value = self.array_get(list, index);
                self.array_set(larger, index, value);
            }
            self.set_root_ref(root::BOUND, Value::object(larger));
            list = larger;
            entries
        });
        self.array_set(list, 2 * at, Value::object(object));
        self.array_set(list, 2 * at + 1, Value::object(owner));
    }

    /// The connector and the program of an entry that counts.
    fn bound_entry(&self, list: Addr, entry: u64) -> Option<(Addr, Addr)> {
        let object = self.array_get(list, 2 * entry).as_object()?;
        let owner = self.array_get(list, 2 * entry + 1).as_object()?;
        let is_open = self.get_u32(object, connector::STATE) != connector_state::CLOSED;
        (is_open && self.get_u32(owner, program::STATE) == program_state::RUNNING).then_some((object, owner))
    }

    /// Binds again what was bound in the boot before, once in each boot. What cannot be bound, or is not granted any
    /// more, is left to the next call of the program that needs it, which says why.
    pub fn bind_again(&mut self) {
        self.begin();
        // Bound when it is attached.
        if self.is_detached() {
            return;
        }
        if core::mem::replace(&mut self.common.outside.has_bound, true) {
            return;
        }
        let list = self.root_ref(root::BOUND);
        let entries = if list.is_null() { 0 } else { self.array_len(list) / 2 };
        for entry in 0..entries {
            if let Some((object, owner)) = self.bound_entry(list, entry)
                && self.get_u32(owner, program::HELD) == hold::NONE
                && self.attached(object).is_none()
            {
                self.bind_one(object, owner);
            }
        }
    }

    fn bind_one(&mut self, object: Addr, owner: Addr) {
        let address = self.text(object, connector::ADDRESS);
        if self.program_may_net(Some(owner), &address).is_err() {
            return;
        }
        let handle = Handle(self.common.outside.number());
        let listens = self.get_u32(object, connector::STATE) == connector_state::LISTENING;
        let operation = match listens {
            true => Operation::Listen { handle, address },
            false => Operation::Bind { handle, address },
        };
        // An address in numbers is bound at once; one that is not is left to the program.
        match self.submit_unwatched(operation) {
            Some(Ok(Done::Opened { .. })) => self.attach(object, handle),
            Some(_) => {}
            None => self.platform.reactor.close(handle),
        }
    }
}
