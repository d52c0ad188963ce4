//! [`Trap`]: a signal handler for touches of pages that a mapped world does not have.
//!
//! Such a signal is raised by the very access, in the thread that made it, and goes to the handler of the mapper whose
//! world the address lies in; one about any other address goes to whoever handled that signal before.
//!
//! *Invariant:* what a trap knows of a world is looked at only for addresses inside of it, and whoever touches a world does
//! not outlive its mapper.

use base::{PAGE_SIZE, PageIndex, WORLD_SIZE};
use platform::MapperError;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicPtr, AtomicUsize};

/// Worlds that one trap serves at once; far fewer fit into the address space of a process.
const WORLDS_MAX: usize = 64;

/// A signal handler as `SA_SIGINFO` asks for it.
pub(crate) type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// A handler's worlds, each with what the handler needs of it.
pub(crate) struct Trap<D> {
    slots: [Slot<D>; WORLDS_MAX],
    installed: Once,
    /// The action that stood before ours, written before ours is installed.
    previous: UnsafeCell<MaybeUninit<libc::sigaction>>,
}

struct Slot<D> {
    /// Where the world is mapped, or 0.
    base: AtomicUsize,
    door: AtomicPtr<D>,
}

// SAFETY: `previous` is written inside the `Once`, before the handler that reads it is installed; all else is atomic, and
// `D` is shared.
unsafe impl<D: Sync> Sync for Trap<D> {}

impl<D> Trap<D> {
    pub(crate) const fn new() -> Trap<D> {
        Trap {
            slots: [const { Slot { base: AtomicUsize::new(0), door: AtomicPtr::new(ptr::null_mut()) } };
                WORLDS_MAX],
            installed: Once::new(),
            previous: UnsafeCell::new(MaybeUninit::zeroed()),
        }
    }

    /// Has `handler` called for `signal` from now on; the first call counts.
    pub(crate) fn install(&self, signal: i32, handler: Handler, flags: i32) {
        self.installed.call_once(|| {
            // SAFETY: `sigaction` is plain data for which zero is a value; the handler has the signature that SA_SIGINFO
            // asks for. The old action is fetched before ours can run.
            unsafe {
                libc::sigaction(signal, ptr::null(), self.previous.get().cast());
                let mut ours: libc::sigaction = MaybeUninit::zeroed().assume_init();
                ours.sa_sigaction = handler as *const () as usize;
                ours.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | flags;
                libc::sigemptyset(&raw mut ours.sa_mask);
                libc::sigaction(signal, &raw const ours, ptr::null_mut());
            }
        });
    }

    /// Adds the world that is mapped at `base`; where it stands. `door` is there until [`Trap::remove`].
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn add(&self, base: usize, door: *const D) -> Result<usize, MapperError> {
        let free =
            |s: &Slot<D>| s.door.compare_exchange(ptr::null_mut(), door.cast_mut(), SeqCst, SeqCst).is_ok();
        let slot = self.slots.iter().position(free).ok_or_else(|| MapperError {
            what: "mapping a world".into(),
            reason: format!("{WORLDS_MAX} worlds are mapped already"),
        })?;
        self.slots[slot].base.store(base, SeqCst);
        Ok(slot)
    }

    /// Takes a world out that nobody touches any more.
    pub(crate) fn remove(&self, slot: usize) {
        self.slots[slot].base.store(0, SeqCst);
        self.slots[slot].door.store(ptr::null_mut(), SeqCst);
    }

    /// The world and its page in which an address lies. Async-signal-safe.
    pub(crate) fn find(&self, address: usize) -> Option<(&D, PageIndex)> {
        self.slots.iter().find_map(|slot| {
            let base = slot.base.load(SeqCst);
            let offset = address.wrapping_sub(base);
            if base == 0 || offset >= WORLD_SIZE as usize {
                return None;
            }
            // SAFETY: someone touches this world, so its mapper is there, and what it gave stays until it removes it.
            let door = unsafe { slot.door.load(SeqCst).as_ref() }?;
            Some((door, PageIndex((offset / PAGE_SIZE) as u32)))
        })
    }

    /// Hands a signal on that is not about any of these worlds.
    pub(crate) fn hand_on(&self, signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        // SAFETY: written before the handler was installed that calls this.
        let previous = unsafe { (*self.previous.get()).assume_init_ref() };
        match previous.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // The instruction faults again, and the default action ends the process.
                // SAFETY: SIG_DFL is an action.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                // SAFETY: SA_SIGINFO says that it is such a function.
                let handler: Handler = unsafe { std::mem::transmute(handler) };
                handler(signal, info, context);
            }
            handler => {
                // SAFETY: without SA_SIGINFO it is such a function.
                let handler: extern "C" fn(i32) = unsafe { std::mem::transmute(handler) };
                handler(signal);
            }
        }
    }
}

/// Runs `work` and leaves `errno` as it was, as a handler must.
pub(crate) fn keeping_errno(work: impl FnOnce()) {
    // SAFETY: this thread's `errno`.
    let errno = unsafe { *libc::__errno_location() };
    work();
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}
