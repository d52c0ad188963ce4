//! See docs/ARCHITECTURE.md.

mod clock;
mod console;
mod mapper;
mod waiter;

pub use clock::{SimClock, SimEntropy};
pub use console::SimConsole;
pub use mapper::SimMapper;
pub use waiter::SimWaiter;
