//! Connectors: objects of the world that stand for something outside it.
//!
//! The object (`layout::schema::connector`) is a description: an address, a path, a position. What it stands for has a
//! number in the platform's reactor, which an `.internal.handle` names together with the boot in which it means something;
//! after a restart no handle means anything, and each class says what happens then ([`call`] has what their methods share).
//! When nothing refers to a handle any more, what it named is closed.
//!
//! A thread has at most one operation under way. It waits in the list `WAIT_OUTSIDE` of the root page, all
//! of which a restart wakes: each method sees that its operation is lost, and does what its class says.
//!
//! Many bytes go out and come in piece by piece, with safepoints in between. Those that go out are gathered here, those
//! that have come in wait here: what a restart finds half copied has not left, or is lost as if it had never come.
//!
//! *Invariants:* [`Outside`] holds nothing that a program can observe. What it holds of a call is given up with the call,
//! also when that throws.

mod bound;
pub(crate) mod call;
pub(crate) mod counters;
pub(crate) mod grants;

use crate::Vm;
use crate::waiting::Ring;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, handle, root, thread, thread_state, wait};
use platform::{Ended, Handle, OpId, Operation, Reactor};

/// Threads that may have their turn, each for less than a slice, before the reactor is asked again.
const TURNS_MAX: u32 = 32;

/// What is open and under way outside: numbers of this boot.
#[derive(Default)]
pub(crate) struct Outside {
    /// Which boot this is.
    boot: u64,
    /// The last number given to an operation or a resource.
    last: u64,
    /// By thread, its operation.
    calls: BTreeMap<u64, Underway>,
    /// By thread, the bytes that it is about to send.
    gathered: BTreeMap<u64, Gathered>,
    /// By operation, the thread that waits for it.
    threads: BTreeMap<OpId, u64>,
    /// By address of the handle object.
    open: BTreeMap<u64, Handle>,
    /// Turns since the reactor was asked.
    turns: u32,
    /// Whether what was bound before was bound again.
    has_bound: bool,
    /// Kept for its room.
    ended: Vec<(OpId, Ended)>,
}

/// An operation of a thread.
struct Underway {
    id: OpId,
    /// What it opens, when it succeeds.
    opens: Option<Handle>,
    ended: Option<Ended>,
}

/// Bytes of which a thread has yet to copy the rest.
struct Gathered {
    /// By which the frame of the call knows them.
    number: u64,
    bytes: Vec<u8>,
}

impl Outside {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The bytes that a thread has gathered under a number, which are the caller's now.
    pub(crate) fn take_gathered(&mut self, thread: Addr, number: u64) -> Option<Vec<u8>> {
        let gathered = self.gathered.remove(&thread.0)?;
        (gathered.number == number).then_some(gathered.bytes)
    }

    /// Keeps bytes for the next step of a thread; their number.
    pub(crate) fn keep_gathered(&mut self, thread: Addr, bytes: Vec<u8>) -> u64 {
        let number = self.number();
        self.gathered.insert(thread.0, Gathered { number, bytes });
        number
    }

    /// Keeps the end of an operation of a thread for the next step of its method; the number of the operation.
    fn keep_ended(&mut self, thread: Addr, ended: Ended) -> OpId {
        let id = OpId(self.number());
        self.calls.insert(thread.0, Underway { id, opens: None, ended: Some(ended) });
        id
    }

    /// Counts a turn; whether the reactor is to be asked.
    pub(crate) fn is_due(&mut self) -> bool {
        self.turns += 1;
        self.turns >= TURNS_MAX && !self.threads.is_empty()
    }

    /// A thread has used its slice up: meanwhile much may have happened.
    pub(crate) fn slice_over(&mut self) {
        self.turns = TURNS_MAX;
    }

    /// Closes what no object refers to any more.
    pub(crate) fn close_dead(&mut self, reactor: &dyn Reactor, is_live: &dyn Fn(Addr) -> bool) {
        self.open.retain(|object, handle| {
            let live = is_live(Addr(*object));
            if !live {
                reactor.close(*handle);
            }
            live
        });
    }
}

impl Vm {
    /// A new boot begins: nothing is open, and threads that waited for something outside look around.
    pub(crate) fn start_outside(&mut self) {
        let boot = self.root_u64(root::BOOT_NUMBER) + 1;
        self.set_root_u64(root::BOOT_NUMBER, boot);
        self.common.outside.boot = boot;
        while self.wake_first(Ring::Root(root::WAIT_OUTSIDE)).is_some() {}
    }

    /// Has all threads that wait for something outside look around: something in the world may be what they wait for.
    pub fn wake_outside(&mut self) {
        while self.wake_first(Ring::Root(root::WAIT_OUTSIDE)).is_some() {}
    }

    /// Whether this world is a copy that has not been attached: nothing outside is begun.
    pub fn is_detached(&self) -> bool {
        self.root_u64(root::DETACHED) != 0
    }

    /// Lets a copy reach outside: what waits for that goes on. False when it could already.
    pub fn attach_outside(&mut self) -> bool {
        if !self.is_detached() {
            return false;
        }
        self.set_root_u64(root::DETACHED, 0);
        while self.wake_first(Ring::Root(root::WAIT_OUTSIDE)).is_some() {}
        true
    }

    /// Which start of the world this is, from 1 on.
    pub fn boot_number(&self) -> u64 {
        self.common.outside.boot
    }

    /// Wakes the threads whose operations have ended.
    pub(crate) fn look_outside(&mut self) {
        self.common.outside.turns = 0;
        if self.common.outside.threads.is_empty() {
            return;
        }
        let mut ended = core::mem::take(&mut self.common.outside.ended);
        self.platform.reactor.poll(&mut ended);
        for (id, result) in ended.drain(..) {
            let Some(thread) = self.common.outside.threads.remove(&id) else { continue };
            if let Some(call) = self.common.outside.calls.get_mut(&thread) {
                call.ended = Some(result);
            }
            let thread = Addr(thread);
            let waits = self.get_u32(thread, thread::STATE) == thread_state::BLOCKED
                && self.get_u32(thread, thread::WAIT) == wait::OUTSIDE;
            if waits {
                self.wake(thread);
            }
        }
        self.common.outside.ended = ended;
    }

    /// Starts an operation for a thread; its end if it has one already.
    fn submit(&mut self, thread: Addr, opens: Option<Handle>, operation: Operation) -> (OpId, Option<Ended>) {
        self.forget_call(thread);
        let id = OpId(self.common.outside.number());
        let ended = self.platform.reactor.submit(id, operation);
        if ended.is_none() {
            self.common.outside.calls.insert(thread.0, Underway { id, opens, ended: None });
            self.common.outside.threads.insert(id, thread.0);
        }
        (id, ended)
    }

    /// Gives up what a thread has under way: it has ended, or was thrown out of the call.
    pub fn forget_call(&mut self, thread: Addr) {
        self.common.outside.gathered.remove(&thread.0);
        let Some(call) = self.common.outside.calls.remove(&thread.0) else { return };
        if self.common.outside.threads.remove(&call.id).is_some() {
            self.platform.reactor.cancel(call.id);
        }
        if let Some(opened) = call.opens {
            self.platform.reactor.close(opened);
        }
    }

    /// Gives a connector what was opened for it.
    fn attach(&mut self, object: Addr, opened: Handle) {
        let name = self.new_old(self.kernel_class(ClassId::Handle));
        self.set_u64(name, handle::NUMBER, opened.0);
        self.set_u64(name, handle::BOOT, self.common.outside.boot);
        self.common.outside.open.insert(name.0, opened);
        self.set_ref(object, connector::HANDLE, Value::object(name));
    }

    /// Does something short for which nobody waits; its end, if it came at once. If it comes later, nobody knows its
    /// number.
    pub fn submit_unwatched(&mut self, operation: Operation) -> Option<Ended> {
        let id = OpId(self.common.outside.number());
        self.platform.reactor.submit(id, operation)
    }

    /// What a connector has open in this boot.
    pub(crate) fn attached(&self, object: Addr) -> Option<Handle> {
        let name = self.get_ref(object, connector::HANDLE).as_object()?;
        let current = self.get_u64(name, handle::BOOT) == self.common.outside.boot;
        current.then(|| Handle(self.get_u64(name, handle::NUMBER)))
    }

    /// Closes what a connector has open, if it has.
    fn detach(&mut self, object: Addr) {
        if let Some(open) = self.attached(object) {
            self.platform.reactor.close(open);
            let name = self.ref_field(object, connector::HANDLE);
            self.common.outside.open.remove(&name.0);
        }
        self.set_ref(object, connector::HANDLE, Value::NULL);
    }
}
