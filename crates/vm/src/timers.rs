//! Timers: when threads are woken that wait no longer than until a time.
//!
//! A heap with eight children to a node: `TIMERS` holds the threads, `TIMER_KEYS` beside it what orders them (wake time,
//! then number, so that equal times have an order). The keys stand together, so that finding the next of a hundred thousand
//! sleepers reads a few pages and none of the threads; each thread knows its index, so that it leaves from the middle.

use crate::Vm;
use crate::waiting::WAKES_AT_ONCE;
use base::Addr;
use layout::Value;
use layout::schema::{array, root, thread};

/// Children of a node.
const CHILDREN: u64 = 8;
/// Bytes of a key: wake time, number of the thread.
const KEY_BYTES: u64 = 16;
/// Timers that the first list has room for.
const TIMERS_FIRST: u64 = 16;

/// Wake time, number of the thread.
type Key = (u64, u64);

impl Vm {
    /// When the first timer ends, by the world clock in nanoseconds.
    pub(crate) fn first_timer_ns(&self) -> Option<u64> {
        (self.root_u64(root::TIMER_COUNT) > 0).then(|| self.timer_key(0).0)
    }

    /// Wakes those whose time is over, in the order of their times; of many only some, the next when this is called again.
    pub(crate) fn wake_due(&mut self) {
        if self.root_u64(root::TIMER_COUNT) == 0 {
            return;
        }
        let now = self.clock_ns();
        for _ in 0..WAKES_AT_ONCE {
            if self.first_timer_ns().is_none_or(|ns| ns > now) {
                return;
            }
            let thread = Addr(self.array_get(self.root_ref(root::TIMERS), 0).0);
            self.time_out(thread);
        }
    }

    /// The running thread is to be woken at a time at the latest.
    pub(crate) fn timer_add(&mut self, ns: u64) {
        let thread = self.running.thread;
        let count = self.root_u64(root::TIMER_COUNT);
        let timers = self.root_ref(root::TIMERS);
        if timers.is_null() || count == self.array_len(timers) {
            self.grow_timers(count);
        }
        self.set_u64(thread, thread::WAKE_NS, ns);
        self.set_root_u64(root::TIMER_COUNT, count + 1);
        let key = (ns, self.get_u64(thread, thread::ID));
        self.timer_up(count, thread, key);
        if self.get_u64(thread, thread::TIMER) == 1 {
            self.wake_first_worker();
        }
    }

    /// The timer of a thread, if it has one, is no more.
    pub(crate) fn timer_remove(&mut self, thread: Addr) {
        let Some(index) = self.get_u64(thread, thread::TIMER).checked_sub(1) else { return };
        self.set_u64(thread, thread::TIMER, 0);
        let last = self.root_u64(root::TIMER_COUNT) - 1;
        self.set_root_u64(root::TIMER_COUNT, last);
        let timers = self.root_ref(root::TIMERS);
        let moved = Addr(self.array_get(timers, last).0);
        self.array_set(timers, last, Value::NULL);
        if index == last {
            return;
        }
        let key = self.timer_key(last);
        if index > 0 && key < self.timer_key((index - 1) / CHILDREN) {
            self.timer_up(index, moved, key);
        } else {
            self.timer_down(index, moved, key);
        }
    }

    fn grow_timers(&mut self, count: u64) {
        let room = (2 * count).max(TIMERS_FIRST);
        let (timers, keys) = (self.root_ref(root::TIMERS), self.root_ref(root::TIMER_KEYS));
        let grown = self.make_ref_array_old(room);
        let mut bytes = if keys.is_null() { alloc::vec::Vec::new() } else { self.bytes(keys) };
        bytes.resize((room * KEY_BYTES) as usize, 0);
        for index in 0..count {
            let timer = self.array_get(timers, index);
            self.array_set(grown, index, timer);
        }
        let bytes = self.make_bytes_old(&bytes);
        self.set_root_ref(root::TIMERS, Value::object(grown));
        self.set_root_ref(root::TIMER_KEYS, Value::object(bytes));
    }

    fn timer_key(&self, index: u64) -> Key {
        let at = self.root_ref(root::TIMER_KEYS).add(array::DATA + KEY_BYTES * index);
        (self.memory.load_u64(at), self.memory.load_u64(at.add(8)))
    }

    fn timer_place(&mut self, index: u64, thread: Addr, key: Key) {
        let timers = self.root_ref(root::TIMERS);
        self.array_set(timers, index, Value::object(thread));
        let at = self.root_ref(root::TIMER_KEYS).add(array::DATA + KEY_BYTES * index);
        self.memory.store_u64(at, key.0);
        self.memory.store_u64(at.add(8), key.1);
        self.set_u64(thread, thread::TIMER, index + 1);
    }

    fn timer_move(&mut self, from: u64, to: u64) {
        let thread = Addr(self.array_get(self.root_ref(root::TIMERS), from).0);
        let key = self.timer_key(from);
        self.timer_place(to, thread, key);
    }

    /// Places a timer at a free index or above.
    fn timer_up(&mut self, mut index: u64, thread: Addr, key: Key) {
        while index > 0 && key < self.timer_key((index - 1) / CHILDREN) {
            self.timer_move((index - 1) / CHILDREN, index);
            index = (index - 1) / CHILDREN;
        }
        self.timer_place(index, thread, key);
    }

    /// Places a timer at a free index or below.
    fn timer_down(&mut self, mut index: u64, thread: Addr, key: Key) {
        let count = self.root_u64(root::TIMER_COUNT);
        loop {
            let first = CHILDREN * index + 1;
            let least = (first..(first + CHILDREN).min(count)).min_by_key(|child| self.timer_key(*child));
            match least {
                Some(child) if self.timer_key(child) < key => {
                    self.timer_move(child, index);
                    index = child;
                }
                _ => break,
            }
        }
        self.timer_place(index, thread, key);
    }
}
