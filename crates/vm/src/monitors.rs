//! Locks of objects: reentrant, first come first served, with notifications.
//!
//! An object that is locked has the number of an `.internal.monitor` in its lock word; the monitor knows owner, count, who
//! waits for the lock and who for a notification, and is free again when nobody does. So lock words cost nothing where
//! nobody locks.
//!
//! Who leaves a lock hands it to the thread that waits longest. Its count is zero until that thread has taken it up.

use crate::Vm;
use crate::waiting::{Ring, Wait};
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{header, monitor, root, thread, wait};

impl Vm {
    fn monitor_of(&self, object: Addr) -> Option<Addr> {
        let number = self.memory.load_u32(object.add(header::LOCK));
        let index = u64::from(number).checked_sub(1)?;
        Some(Addr(self.array_get(self.root_ref(root::MONITORS), index).0))
    }

    /// The monitor of an object if the running thread holds its lock.
    pub(crate) fn monitor_held(&self, object: Addr) -> Option<Addr> {
        let held = self.monitor_of(object)?;
        (self.ref_field(held, monitor::OWNER) == self.running.thread).then_some(held)
    }

    /// Locks an object for the running thread.
    ///
    /// # Errors
    /// What it has to wait for, to try again then: another thread holds it.
    pub(crate) fn monitor_enter(&mut self, object: Addr) -> Result<(), Wait> {
        let me = self.running.thread;
        let Some(held) = self.monitor_of(object) else {
            let fresh = self.take_monitor();
            self.set_ref(fresh, monitor::OWNER, Value::object(me));
            self.set_ref(fresh, monitor::OBJECT, Value::object(object));
            self.set_u64(fresh, monitor::COUNT, 1);
            let number = self.get_u64(fresh, monitor::NUMBER) as u32;
            self.memory.store_u32(object.add(header::LOCK), number);
            return Ok(());
        };
        let owner = self.ref_field(held, monitor::OWNER);
        if owner == me {
            let count = self.get_u64(held, monitor::COUNT);
            if count == 0 {
                self.set_ref(me, thread::GRANTED, Value::NULL);
            }
            self.set_u64(held, monitor::COUNT, count + 1);
            return Ok(());
        }
        if owner.is_null() {
            // It is only kept for those who wait for a notification.
            self.set_ref(held, monitor::OWNER, Value::object(me));
            self.set_u64(held, monitor::COUNT, 1);
            return Ok(());
        }
        Err(Wait::at(wait::MONITOR, held))
    }

    /// Unlocks an object; false when the running thread does not hold it.
    #[must_use]
    pub(crate) fn monitor_exit(&mut self, object: Addr) -> bool {
        let Some(held) = self.monitor_held(object) else { return false };
        let count = self.get_u64(held, monitor::COUNT);
        if count > 1 {
            self.set_u64(held, monitor::COUNT, count - 1);
        } else {
            self.monitor_pass_on(held, false);
        }
        true
    }

    /// The owner leaves the lock, however often it has entered: who waits longest has it then. When nobody waits for
    /// anything, and the owner is not about to, the monitor is free.
    pub(crate) fn monitor_pass_on(&mut self, held: Addr, owner_waits: bool) {
        let next = self.ring_first(Ring::Field(held, monitor::WAITERS));
        self.set_ref(held, monitor::OWNER, next.map_or(Value::NULL, Value::object));
        self.set_u64(held, monitor::COUNT, 0);
        if let Some(next) = next {
            self.grant(next, held);
        } else if !owner_waits && self.ref_field(held, monitor::NOTIFY).is_null() {
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
