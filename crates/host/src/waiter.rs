//! [`HostWaiter`]: a condition variable that remembers one notify.

use platform::Waiter;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Where the idle worker waits.
#[derive(Debug, Default)]
pub struct HostWaiter {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl HostWaiter {
    /// A waiter that nobody has notified.
    pub fn new() -> HostWaiter {
        HostWaiter::default()
    }
}

impl Waiter for HostWaiter {
    fn wait(&self, timeout_ns: Option<u64>) {
        let notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notified = match timeout_ns {
            None => self
                .changed
                .wait_while(notified, |notified| !*notified)
                .unwrap_or_else(PoisonError::into_inner),
            Some(ns) => {
                self.changed
                    .wait_timeout_while(notified, Duration::from_nanos(ns), |notified| !*notified)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        *notified = false;
    }
    fn notify(&self) {
        *self.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}
