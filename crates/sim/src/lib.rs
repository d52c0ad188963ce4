//! See docs/ARCHITECTURE.md.

mod clock;
mod console;
pub mod crash;
mod device;
mod image;
mod mapper;
mod waiter;

pub use clock::{SimClock, SimEntropy};
pub use console::SimConsole;
pub use device::{Faults, Op, SimDevice};
pub use image::{Block, Image};
pub use mapper::SimMapper;
pub use waiter::SimWaiter;
