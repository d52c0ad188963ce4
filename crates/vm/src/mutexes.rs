//! Mutexes: who holds them, who gets them next, and what becomes of one whose owner ends.
//!
//! A mutex for which others wait stands in a list of its owner (`MUTEXES` of the thread, `SIBLING` and `ELDER` of the mutex),
//! so that those are woken when the owner ends with it. One that nobody waits for is in no list, and costs nothing: that its
//! owner has ended is seen by whoever wants it next.
//!
//! *Invariant:* a mutex with an owner and with threads in `WAITERS` is in the owner's list.

use crate::Vm;
use crate::threads::has_ended;
use crate::waiting::{Ring, WAKES_AT_ONCE};
use base::Addr;
use layout::Value;
use layout::schema::{mutex, thread};

/// So many mutexes of a thread that has ended are seen to at once.
const MUTEXES_AT_ONCE: u64 = 256;

/// What came of the wish to hold a mutex.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tried {
    /// The thread holds it.
    Held,
    /// Another one does.
    Busy,
    /// Its owner has ended with it.
    Abandoned,
}

impl Vm {
    /// Has the thread hold the mutex, once more than before, if that is possible now.
    pub(crate) fn mutex_try(&mut self, mutex: Addr, thread: Addr) -> Tried {
        if self.take_grant(thread, mutex) {
            return Tried::Held;
        }
        let owner = self.ref_field(mutex, mutex::OWNER);
        if owner == thread {
            let count = self.get_u64(mutex, mutex::COUNT);
            self.set_u64(mutex, mutex::COUNT, count + 1);
            return Tried::Held;
        }
        if self.mutex_is_abandoned(mutex) {
            return Tried::Abandoned;
        }
        if owner.is_null() {
            self.mutex_hold(mutex, thread);
            return Tried::Held;
        }
        Tried::Busy
    }

    fn mutex_hold(&mut self, mutex: Addr, thread: Addr) {
        self.set_ref(mutex, mutex::OWNER, Value::object(thread));
        self.set_u64(mutex, mutex::COUNT, 1);
    }

    /// Whether the owner of the mutex has ended with it.
    pub(crate) fn mutex_is_abandoned(&mut self, mutex: Addr) -> bool {
        let owner = self.ref_field(mutex, mutex::OWNER);
        if !owner.is_null() && has_ended(self.get_u32(owner, thread::STATE)) {
            self.mutex_abandon(mutex);
        }
        self.get_u64(mutex, mutex::ABANDONED) != 0
    }

    fn mutex_abandon(&mut self, mutex: Addr) {
        self.set_ref(mutex, mutex::OWNER, Value::NULL);
        self.set_u64(mutex, mutex::COUNT, 0);
        self.set_u64(mutex, mutex::ABANDONED, 1);
    }

    /// Has the thread hold an abandoned mutex, which is one no more; false when it is none.
    pub(crate) fn mutex_recover(&mut self, mutex: Addr, thread: Addr) -> bool {
        let abandoned = self.mutex_is_abandoned(mutex);
        if abandoned {
            self.set_u64(mutex, mutex::ABANDONED, 0);
            self.mutex_hold(mutex, thread);
            // Of many who waited some may not have been woken yet.
            if self.ring_first(Ring::Field(mutex, mutex::WAITERS)).is_some() {
                self.mutex_is_awaited(mutex);
            }
        }
        abandoned
    }

    /// The owner leaves the mutex, however often it has locked it: who waits longest has it then.
    pub(crate) fn mutex_pass_on(&mut self, mutex: Addr) {
        self.mutex_unlist(mutex);
        let next = self.ring_first(Ring::Field(mutex, mutex::WAITERS));
        self.set_ref(mutex, mutex::OWNER, next.map_or(Value::NULL, Value::object));
        self.set_u64(mutex, mutex::COUNT, u64::from(next.is_some()));
        if let Some(next) = next {
            self.grant(next, mutex);
            if self.ring_first(Ring::Field(mutex, mutex::WAITERS)).is_some() {
                self.mutex_is_awaited(mutex);
            }
        }
    }

    /// Enters a mutex for which somebody waits into the list of its owner.
    pub(crate) fn mutex_is_awaited(&mut self, mutex: Addr) {
        let owner = self.ref_field(mutex, mutex::OWNER);
        if owner.is_null() || self.is_listed(owner, mutex) {
            return;
        }
        let first = self.get_ref(owner, thread::MUTEXES);
        self.set_ref(mutex, mutex::SIBLING, first);
        if let Some(first) = first.as_object() {
            self.set_ref(first, mutex::ELDER, Value::object(mutex));
        }
        self.set_ref(owner, thread::MUTEXES, Value::object(mutex));
    }

    fn is_listed(&self, owner: Addr, mutex: Addr) -> bool {
        !self.ref_field(mutex, mutex::ELDER).is_null() || self.ref_field(owner, thread::MUTEXES) == mutex
    }

    /// Takes a mutex out of the list of its owner, if it is there.
    fn mutex_unlist(&mut self, mutex: Addr) {
        let owner = self.ref_field(mutex, mutex::OWNER);
        if owner.is_null() || !self.is_listed(owner, mutex) {
            return;
        }
        let (elder, sibling) = (self.get_ref(mutex, mutex::ELDER), self.get_ref(mutex, mutex::SIBLING));
        match elder.as_object() {
            Some(elder) => self.set_ref(elder, mutex::SIBLING, sibling),
            None => self.set_ref(owner, thread::MUTEXES, sibling),
        }
        if let Some(sibling) = sibling.as_object() {
            self.set_ref(sibling, mutex::ELDER, elder);
        }
        self.set_ref(mutex, mutex::ELDER, Value::NULL);
        self.set_ref(mutex, mutex::SIBLING, Value::NULL);
    }

    /// A thread has ended: the mutexes that it holds and others wait for are abandoned, and those others learn it. Of many
    /// mutexes only some; whether that was all.
    pub(crate) fn abandon_mutexes(&mut self, thread: Addr) -> bool {
        let before = self.chores;
        for _ in 0..MUTEXES_AT_ONCE {
            if self.chores - before >= WAKES_AT_ONCE {
                break;
            }
            let Some(mutex) = self.get_ref(thread, thread::MUTEXES).as_object() else { return true };
            self.mutex_unlist(mutex);
            self.mutex_abandon(mutex);
            self.wake_all(Ring::Field(mutex, mutex::WAITERS));
        }
        self.get_ref(thread, thread::MUTEXES).is_null()
    }
}
