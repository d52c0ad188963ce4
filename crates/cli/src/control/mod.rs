//! Commands for a world that runs: the socket, what goes over it, who serves it and who asks.
//!
//! Listings are served by the connection's own thread from the newest durable snapshot, so they stop nobody and work
//! also when the worker hangs. What changes the world is done by the worker between two slices ([`Desk::serve`]), and
//! answered when it is durable.

pub(crate) mod client;
pub(crate) mod console;
mod place;
pub(crate) mod protocol;
mod server;
pub(crate) mod verbs;
mod work;

pub(crate) use server::{Desk, Outcome};
pub(crate) use work::launch;
