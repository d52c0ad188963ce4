//! The platform that a Linux process offers: files, mapped worlds, clocks, entropy, the console.
//!
//! Key types: [`FileDevice`], [`UffdMapper`] and [`SoftMapper`] ([`choose_mapper`] picks one), [`HostClock`],
//! [`HostEntropy`], [`HostConsole`], [`HostReactor`] (in which the idle worker waits); [`platform()`] hands over the last
//! four together. [`HostWaiter`] is for other threads.
//!
//! *Invariants:* only mappers know where a world is mapped, and they touch it only through the kernel; every failure of the
//! system below is a value, but for a page that cannot be read, which freezes the world ([`Fatal`]).
#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands at the edge, where time, threads and the environment are"
)]
#![warn(missing_docs, clippy::missing_errors_doc)]
#![expect(unsafe_code, reason = "system calls that std does not offer, and signal handlers")]

mod awake;
pub mod bench;
mod choose;
mod clock;
mod console;
mod device;
mod fatal;
mod limbo;
mod reactor;
mod resources;
mod soft;
mod sys;
mod trap;
mod trial;
mod uffd;
mod waiter;

pub use awake::Awake;
pub use choose::{Chosen, MAPPER_NAMES, choose_mapper};
pub use clock::{HostClock, HostEntropy};
pub use console::HostConsole;
pub use device::{FileDevice, OpenError};
pub use fatal::{EXIT_WORLD_FROZEN, Fatal};
pub use reactor::HostReactor;
pub use resources::memory_bytes;
pub use soft::SoftMapper;
pub use sys::Placement;
pub use uffd::UffdMapper;
pub use waiter::HostWaiter;

use platform::Platform;
use std::sync::Arc;

/// Clock, entropy, console and reactor of this process; the reactor is the waiter too.
///
/// # Errors
/// When the kernel gives no poll.
pub fn platform() -> std::io::Result<Platform> {
    let reactor = HostReactor::new()?;
    let waiter = Arc::new(reactor.clone());
    Ok(Platform {
        clock: Arc::new(HostClock::new()),
        entropy: Arc::new(HostEntropy),
        console: Arc::new(HostConsole::new(waiter.clone())),
        waiter,
        reactor: Arc::new(reactor),
    })
}
