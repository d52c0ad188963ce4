//! Locks of objects: reentrant, first come first served.
//!
//! An object that is locked has the number of an `.internal.monitor` in its lock word; the monitor knows owner, count and
//! waiters, and is free again when the object is. So lock words cost nothing where nobody locks.

use crate::Vm;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{header, monitor, root, wait};

/// What came of an attempt to lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    /// The running thread holds it.
    Held,
    /// The running thread is blocked and will try again.
    Blocked,
}

impl Vm {
    fn monitor_of(&self, object: Addr) -> Option<Addr> {
        let number = self.memory.load_u32(object.add(header::LOCK));
        let index = u64::from(number).checked_sub(1)?;
        Some(Addr(self.array_get(self.root_ref(root::MONITORS), index).0))
    }

    /// Locks an object for the running thread, or blocks it.
    pub(crate) fn monitor_enter(&mut self, object: Addr) -> Lock {
        let me = self.running.thread;
        let Some(held) = self.monitor_of(object) else {
            let fresh = self.take_monitor();
            self.set_ref(fresh, monitor::OWNER, Value::object(me));
            self.set_ref(fresh, monitor::OBJECT, Value::object(object));
            self.set_u64(fresh, monitor::COUNT, 1);
            let number = self.get_u64(fresh, monitor::NUMBER) as u32;
            self.memory.store_u32(object.add(header::LOCK), number);
            return Lock::Held;
        };
        let owner = self.ref_field(held, monitor::OWNER);
        if owner == me {
            let count = self.get_u64(held, monitor::COUNT);
            self.set_u64(held, monitor::COUNT, count + 1);
            return Lock::Held;
        }
        if owner.is_null() {
            // Left with waiters; whoever comes first has it.
            self.set_ref(held, monitor::OWNER, Value::object(me));
            self.set_u64(held, monitor::COUNT, 1);
            return Lock::Held;
        }
        self.block_on(wait::MONITOR, Value::object(held));
        let last = self.ring_push(self.ref_field(held, monitor::WAITERS), me);
        self.set_ref(held, monitor::WAITERS, Value::object(last));
        Lock::Blocked
    }

    /// Unlocks an object; false when the running thread does not hold it.
    #[must_use]
    pub(crate) fn monitor_exit(&mut self, object: Addr) -> bool {
        let Some(held) = self.monitor_of(object) else { return false };
        if self.ref_field(held, monitor::OWNER) != self.running.thread {
            return false;
        }
        let count = self.get_u64(held, monitor::COUNT);
        self.set_u64(held, monitor::COUNT, count - 1);
        if count == 1 {
            self.monitor_release(held);
        }
        true
    }

    /// A monitor has no owner any more: whoever has waited for it longest may enter, or it is free.
    pub(crate) fn monitor_release(&mut self, held: Addr) {
        self.set_ref(held, monitor::OWNER, Value::NULL);
        if let Some((waiter, rest)) = self.ring_pop(self.ref_field(held, monitor::WAITERS)) {
            self.set_ref(held, monitor::WAITERS, Value::object(rest));
            self.wake(waiter);
        } else {
            // A thread that was woken to enter holds on to the object, not to the monitor: it takes a new one.
            let object = self.ref_field(held, monitor::OBJECT);
            self.memory.store_u32(object.add(header::LOCK), 0);
            self.set_ref(held, monitor::OBJECT, Value::NULL);
            self.free_monitor(held);
        }
    }

    /// The number of the monitor of a locked object.
    pub(crate) fn monitor_number(&self, object: Addr) -> u32 {
        self.memory.load_u32(object.add(header::LOCK))
    }

    /// Leaves the monitor with this number.
    pub(crate) fn monitor_leave(&mut self, number: u32) {
        let monitor = Addr(self.array_get(self.root_ref(root::MONITORS), u64::from(number) - 1).0);
        let object = self.ref_field(monitor, monitor::OBJECT);
        // The program may have left it itself, against the rules of its language; then there is nothing to do.
        let _held = !object.is_null() && self.monitor_exit(object);
    }

    fn take_monitor(&mut self) -> Addr {
        let free = self.root_ref(root::FREE_MONITOR);
        if !free.is_null() {
            let next = self.get_ref(free, monitor::NEXT);
            self.set_root_ref(root::FREE_MONITOR, next);
            self.set_ref(free, monitor::NEXT, Value::NULL);
            return free;
        }
        let fresh = self.new_old(self.kernel_class(ClassId::Monitor));
        let index = self.list_push(root::MONITORS, root::MONITOR_COUNT, Value::object(fresh));
        self.set_u64(fresh, monitor::NUMBER, index + 1);
        fresh
    }

    fn free_monitor(&mut self, free: Addr) {
        let next = self.get_root_ref(root::FREE_MONITOR);
        self.set_ref(free, monitor::NEXT, next);
        self.set_root_ref(root::FREE_MONITOR, Value::object(free));
    }
}
